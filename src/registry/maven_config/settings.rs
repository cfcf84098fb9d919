//! What files of Maven set: `settings.xml` (Settings Reference) and the repositories of a pom.

use std::collections::BTreeMap;

use secrecy::SecretString;

use super::super::ConfigFile;
use super::machine::Sources;
use crate::text::xml::{self, Element};

/// Who wrote a setting.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Writer {
    /// The one who runs this.
    User,
    /// Everybody who may change the repository.
    Project,
}

/// A repository.
#[derive(Debug, Clone)]
pub(super) struct Repository {
    pub(super) id: String,
    /// As written, with what its file may use put in.
    pub(super) address: String,
    /// The file that names it.
    pub(super) place: String,
    pub(super) writer: Writer,
}

/// What takes the place of repositories.
#[derive(Debug, Clone)]
pub(super) struct Mirror {
    pub(super) repository: Repository,
    /// Of which: `mirrorOf`.
    pub(super) of: String,
    /// Nothing may be asked.
    pub(super) is_blocked: bool,
}

/// What a server is shown.
#[derive(Clone)]
pub(super) enum Login {
    /// A name and a password.
    Basic { user: String, password: SecretString },
    /// `Authorization` as it is.
    Header(SecretString),
}

/// What one file sets.
#[derive(Default)]
pub(super) struct Settings {
    pub(super) mirrors: Vec<Mirror>,
    /// By id.
    pub(super) servers: BTreeMap<String, Login>,
    /// Those of profiles that count.
    pub(super) repositories: Vec<Repository>,
    pub(super) notes: Vec<String>,
}

impl Settings {
    /// Reads a `settings.xml`. Values get variables of the environment only in a file of the user.
    pub(super) fn read(file: &ConfigFile, writer: Writer, sources: &Sources) -> Self {
        let mut settings = Self::default();
        let document = xml::read(&file.text);
        let Some(root) = document.root().child("settings") else {
            let note = format!("{}: the outermost element is not `settings`", file.place);
            settings.notes.push(note);
            return settings;
        };
        if let Some(problem) = document.problems.first() {
            let note = format!("{}: damaged: {}", file.place, problem.message);
            settings.notes.push(note);
        }
        let reader = Reader {
            file,
            writer,
            sources,
        };
        for list in root.children() {
            match list.name() {
                "mirrors" => settings
                    .mirrors
                    .extend(list.children().filter_map(|one| reader.mirror(one))),
                "servers" => reader.servers(list, &mut settings),
                "proxies" if list.children().any(is_active) => {
                    let note = format!(
                        "{}: proxies of Maven are not used: name them in HTTPS_PROXY",
                        file.place
                    );
                    settings.notes.push(note);
                }
                _ => {}
            }
        }
        reader.profiles(root, &mut settings);
        settings
    }
}

/// Reads one file.
struct Reader<'r> {
    file: &'r ConfigFile,
    writer: Writer,
    sources: &'r Sources,
}

impl Reader<'_> {
    fn mirror(&self, element: Element<'_>) -> Option<Mirror> {
        Some(Mirror {
            repository: self.repository(element)?,
            of: self.text(element, "mirrorOf").unwrap_or_default(),
            is_blocked: self.text(element, "blocked").as_deref() == Some("true"),
        })
    }

    fn repository(&self, element: Element<'_>) -> Option<Repository> {
        Some(Repository {
            id: self.text(element, "id").unwrap_or_else(|| "default".to_owned()),
            address: self.text(element, "url")?,
            place: self.file.place.clone(),
            writer: self.writer,
        })
    }

    fn servers(&self, list: Element<'_>, settings: &mut Settings) {
        for server in list.children().filter(|element| element.name() == "server") {
            let Some(id) = self.text(server, "id") else {
                continue;
            };
            let mut note = |what: &str| {
                settings
                    .notes
                    .push(format!("{}: the login of `{id}` {what}", self.file.place));
            };
            if self.writer == Writer::Project {
                note("stands in a file of the repository, and is not used");
                continue;
            }
            let login = match (self.text(server, "username"), self.text(server, "password")) {
                (_, Some(password)) if password.contains("${") => {
                    note("takes a variable that is not set");
                    continue;
                }
                (_, Some(password)) if password.starts_with('{') && password.ends_with('}') => {
                    note("is encrypted, which is not read: take it from a variable, `${env.NAME}`");
                    continue;
                }
                (Some(user), Some(password)) => Login::Basic {
                    user,
                    password: SecretString::from(password),
                },
                (Some(_), None) | (None, _) => match self.header(server) {
                    Some(Ok(header)) => Login::Header(header),
                    Some(Err(name)) => {
                        note(&format!(
                            "is a header {name:?}, and `Authorization` alone is sent"
                        ));
                        continue;
                    }
                    None => continue,
                },
            };
            settings.servers.entry(id).or_insert(login);
        }
    }

    /// `configuration/httpHeaders`: the `Authorization`, or the name of another header.
    fn header(&self, server: Element<'_>) -> Option<Result<SecretString, String>> {
        let headers = server.child("configuration")?.child("httpHeaders")?;
        let mut others = None;
        for property in headers.children() {
            let name = self.text(property, "name")?;
            match (
                name.eq_ignore_ascii_case("authorization"),
                self.text(property, "value"),
            ) {
                (true, Some(value)) => return Some(Ok(SecretString::from(value))),
                (true, None) | (false, _) => others = Some(name),
            }
        }
        others.map(Err)
    }

    /// The repositories of profiles that are active: those that `activeProfiles` names, else those that are active by default.
    fn profiles(&self, root: Element<'_>, settings: &mut Settings) {
        let lists = |name: &'static str| {
            let lists = root.children().filter(move |list| list.name() == name);
            lists.flat_map(Element::children)
        };
        let named: Vec<String> = lists("activeProfiles")
            .map(|one| one.text().into_owned())
            .collect();
        let profiles: Vec<(String, Element<'_>)> = lists("profiles")
            .filter(|element| element.name() == "profile")
            .map(|profile| (self.text(profile, "id").unwrap_or_default(), profile))
            .collect();
        let is_by_default = |profile: Element<'_>| {
            let activation = profile.child("activation");
            let flag = activation.and_then(|activation| activation.child("activeByDefault"));
            flag.is_some_and(|flag| flag.text() == "true")
        };
        let is_named = |id: &String| named.contains(id);
        let some_is_named = profiles.iter().any(|(id, _)| is_named(id));
        for (id, profile) in &profiles {
            let counts = is_named(id) || (!some_is_named && is_by_default(*profile));
            let has_activation = profile.child("activation").is_some_and(|activation| {
                activation
                    .children()
                    .any(|element| element.name() != "activeByDefault")
            });
            let repositories = self.repositories(*profile);
            match counts {
                true => settings.repositories.extend(repositories),
                false if has_activation && !repositories.is_empty() => {
                    let note = format!(
                        "{}: whether the profile `{id}` is active is not decided here, and its repositories are not asked: name it in `activeProfiles`",
                        self.file.place
                    );
                    settings.notes.push(note);
                }
                false => {}
            }
        }
    }

    /// The repositories of `element` that have releases.
    fn repositories(&self, element: Element<'_>) -> Vec<Repository> {
        let lists = element.children().filter(|list| list.name() == "repositories");
        let all = lists.flat_map(Element::children);
        let has_releases = |repository: &Element<'_>| {
            let enabled = repository
                .child("releases")
                .and_then(|policy| policy.child("enabled"));
            enabled.is_none_or(|enabled| enabled.text() != "false")
        };
        all.filter(has_releases)
            .filter_map(|element| self.repository(element))
            .collect()
    }

    fn text(&self, element: Element<'_>, name: &str) -> Option<String> {
        let text = element.child(name)?.text();
        (!text.is_empty()).then(|| self.expanded(&text))
    }

    /// `text` with what it takes from the environment of the user; what a file of the repository asks for stays as it is.
    fn expanded(&self, text: &str) -> String {
        expanded(text, |name| match self.writer {
            Writer::Project => None,
            Writer::User => match name.strip_prefix("env.") {
                Some(variable) => self.sources.variable(variable).map(str::to_owned),
                None if name == "user.home" => Some(self.sources.home()?.display().to_string()),
                None => None,
            },
        })
    }
}

/// The repositories that `poms` name, the first of which is the nearest, with properties of these poms put in.
pub(super) fn of_poms<'f>(
    poms: impl Iterator<Item = &'f ConfigFile> + Clone,
    writer: Writer,
    sources: &Sources,
) -> Vec<Repository> {
    let mut properties: BTreeMap<String, String> = BTreeMap::new();
    let mut found = Vec::new();
    for file in poms {
        let document = xml::read(&file.text);
        let Some(project) = document.root().child("project") else {
            continue;
        };
        let reader = Reader {
            file,
            writer,
            sources,
        };
        found.extend(reader.repositories(project));
        let lists = project.children().filter(|list| list.name() == "properties");
        for property in lists.flat_map(Element::children) {
            let name = property.name().to_owned();
            properties
                .entry(name)
                .or_insert_with(|| property.text().into_owned());
        }
    }
    for repository in &mut found {
        // A value may take another one.
        for _ in 0..MAX_STEPS {
            repository.address = expanded(&repository.address, |name| properties.get(name).cloned());
        }
    }
    found
}

/// Properties lead to others at most so many times.
const MAX_STEPS: usize = 4;

/// A longer value is left as it is, in bytes.
const MAX_LENGTH: usize = 4_096;

/// `text` with the value of each `${name}` that has one.
fn expanded(text: &str, value: impl Fn(&str) -> Option<String>) -> String {
    let mut result = String::new();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once("${") {
        result.push_str(before);
        let Some((name, behind)) = after.split_once('}') else {
            result.push_str("${");
            rest = after;
            break;
        };
        match value(name) {
            Some(value) if result.len().saturating_add(value.len()) <= MAX_LENGTH => result.push_str(&value),
            Some(_) | None => {
                result.push_str("${");
                result.push_str(name);
                result.push('}');
            }
        }
        rest = behind;
    }
    result.push_str(rest);
    result
}

/// `active` of a proxy, which it is by itself.
fn is_active(element: Element<'_>) -> bool {
    element.child("active").is_none_or(|flag| flag.text() == "true")
}
