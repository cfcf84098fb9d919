//! How far upgrades go, and how pull requests with them look.

use super::nearest::{meant, nearest};
use super::reader::{Field, Fields, Reader};
use crate::text::tree::Kind;
use crate::version::Distance;

/// How findings are fixed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FixSettings {
    /// How far a direct dependency may go.
    pub level: Distance,
    /// Which upgrades go into one pull request.
    pub group: Grouping,
    /// What upgrades may do beside changing lockfiles.
    pub allow: Vec<Means>,
    /// So many pull requests may be open at once.
    pub max_open: u32,
    /// Labels of pull requests.
    pub labels: Vec<String>,
    /// Who is asked to review them: names of users, or of teams as `@owner/team`.
    pub reviewers: Vec<String>,
    /// Who they are assigned to.
    pub assignees: Vec<String>,
    /// The title of their milestone.
    pub milestone: Option<String>,
    /// Commits end with `Signed-off-by`.
    pub sign_off: bool,
    /// What the names of branches begin with.
    pub branch_prefix: String,
    /// A label that asks to carry a pull request to a release line, in which `{ref}` is the line.
    pub backport_label: String,
    /// The title, in which `{title}` is the usual one and `{ref}` the target branch.
    pub title: Option<String>,
    /// The body, in which `{body}` is the usual one and `{ref}` the target branch.
    pub body: Option<String>,
}

impl Default for FixSettings {
    fn default() -> Self {
        Self {
            level: Distance::Minor,
            group: Grouping::All,
            allow: vec![Means::Manifest],
            max_open: 5,
            labels: Vec::new(),
            reviewers: Vec::new(),
            assignees: Vec::new(),
            milestone: None,
            sign_off: false,
            branch_prefix: "lockkeeper/".to_owned(),
            backport_label: "backport {ref}".to_owned(),
            title: None,
            body: None,
        }
    }
}

impl FixSettings {
    /// The release line that a label asks for; `None` where it asks for none.
    #[must_use]
    pub fn line_of_label<'l>(&self, label: &'l str) -> Option<&'l str> {
        let (before, after) = self.backport_label.split_once("{ref}")?;
        let line = label.strip_prefix(before)?.strip_suffix(after)?;
        (!line.is_empty()).then_some(line)
    }

    /// The policy allows it.
    #[must_use]
    pub fn allows(&self, means: Means) -> bool {
        self.allow.contains(&means)
    }

    /// How far a direct dependency may go, with what is allowed beside the level.
    #[must_use]
    pub fn reach(&self) -> Distance {
        match self.allows(Means::Major) {
            true => Distance::Major,
            false => self.level,
        }
    }
}

/// Which upgrades go into one pull request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Grouping {
    /// All of a branch.
    All,
    /// Those of one package.
    Package,
}

impl Grouping {
    /// Every choice.
    pub const ALL: [Self; 2] = [Self::All, Self::Package];

    /// `all`, `package`.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::All => "all",
            Self::Package => "package",
        }
    }
}

/// What upgrades may do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Means {
    /// Change ranges in manifests.
    Manifest,
    /// Make a manifest override what other packages ask for.
    Override,
    /// Change the first number of a direct dependency's version, whatever the level is.
    Major,
}

impl Means {
    /// Every choice.
    pub const ALL: [Self; 3] = [Self::Manifest, Self::Override, Self::Major];

    /// `manifest`, `override`, `major`.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Manifest => "manifest",
            Self::Override => "override",
            Self::Major => "major",
        }
    }
}

/// Longer texts are cut by forges, in characters.
const MAX_NAME: usize = 100;
const MAX_TITLE: usize = 200;
const MAX_BODY: usize = 20_000;
/// Forges take no longer lists.
const MAX_NAMES: usize = 100;

/// Reads the section.
pub(super) fn read<'d>(fields: &Fields<'d>, reader: &mut Reader<'d>) -> FixSettings {
    let usual = FixSettings::default();
    let set = |key| fields.get(key).filter(|field| field.value.kind() != Kind::Null);
    let level = [Distance::Patch, Distance::Minor, Distance::Major].map(|each| (each.as_str(), each));
    let group = Grouping::ALL.map(|each| (each.as_str(), each));
    let means = Means::ALL.map(|each| (each.as_str(), each));
    let allow = fields.get("allow").map(|field| {
        let items = reader.items(&field);
        items
            .iter()
            .filter_map(|item| reader.word(item, &means))
            .collect()
    });
    let mut texts = |key| {
        let list = fields.get(key).map(|field| names(&field, reader));
        list.unwrap_or_default()
    };
    let (labels, reviewers, assignees) = (texts("labels"), texts("reviewers"), texts("assignees"));
    FixSettings {
        level: fields
            .get("level")
            .and_then(|field| reader.word(&field, &level))
            .unwrap_or(usual.level),
        group: fields
            .get("group")
            .and_then(|field| reader.word(&field, &group))
            .unwrap_or(usual.group),
        allow: allow.unwrap_or(usual.allow),
        max_open: fields
            .get("max-open")
            .and_then(|field| reader.count(&field))
            .unwrap_or(usual.max_open),
        labels,
        reviewers,
        assignees,
        milestone: set("milestone").and_then(|field| name(&field, reader)),
        sign_off: fields
            .get("sign-off")
            .and_then(|field| reader.truth(&field))
            .unwrap_or(usual.sign_off),
        branch_prefix: fields
            .get("branch-prefix")
            .and_then(|field| branch_prefix(&field, reader))
            .unwrap_or(usual.branch_prefix),
        backport_label: fields
            .get("backport-label")
            .and_then(|field| backport_label(&field, reader))
            .unwrap_or(usual.backport_label),
        title: set("title").and_then(|field| template(&field, &["title", "ref"], MAX_TITLE, reader)),
        body: set("body").and_then(|field| template(&field, &["body", "ref"], MAX_BODY, reader)),
    }
}

fn names<'d>(field: &Field<'d>, reader: &mut Reader<'d>) -> Vec<String> {
    let items = reader.items(field);
    if items.len() > MAX_NAMES {
        let message = format!("more than {MAX_NAMES} are too many");
        reader.mistake(field.value.span(), &field.path, message, "List fewer.");
    }
    items.iter().filter_map(|item| name(item, reader)).collect()
}

/// A text of one line that a forge takes as a name.
fn name<'d>(field: &Field<'d>, reader: &mut Reader<'d>) -> Option<String> {
    let text = reader.text(field)?;
    if text.chars().count() > MAX_NAME || text.contains(char::is_control) {
        let message = format!("a name is one line of at most {MAX_NAME} characters");
        reader.mistake(field.value.span(), &field.path, message, "Write a shorter name.");
        return None;
    }
    Some(text)
}

/// The first part of a branch's name, by the rules of `git check-ref-format`.
fn branch_prefix<'d>(field: &Field<'d>, reader: &mut Reader<'d>) -> Option<String> {
    let text = reader.text(field)?;
    let is_odd = |character: char| {
        character.is_control() || character.is_whitespace() || "~^:?*[\\".contains(character)
    };
    let is_part = |part: &str| !part.is_empty() && !part.starts_with('.') && !part.ends_with(".lock");
    let parts = text.strip_suffix('/').unwrap_or(&text);
    let fits = text.len() <= MAX_NAME
        && !text.contains(is_odd)
        && !text.contains("..")
        && !text.contains("@{")
        && !text.starts_with('-')
        && !text.starts_with("refs/")
        && parts.split('/').all(is_part);
    if !fits {
        reader.mistake(
            field.value.span(),
            &field.path,
            "no name of a branch can begin so",
            "Write words and `/`, such as `lockkeeper/`.",
        );
    }
    fits.then_some(text)
}

/// A label that names a release line.
fn backport_label<'d>(field: &Field<'d>, reader: &mut Reader<'d>) -> Option<String> {
    let text = name(field, reader)?;
    let is_one = text.matches("{ref}").count() == 1 && text != "{ref}";
    if !is_one {
        reader.mistake(
            field.value.span(),
            &field.path,
            "a label names its release line with `{ref}`, once, beside other words",
            "Write such as `backport {ref}`.",
        );
    }
    is_one.then_some(text)
}

/// A text in which only words of `known` stand in braces.
fn template<'d>(
    field: &Field<'d>,
    known: &[&'static str],
    longest: usize,
    reader: &mut Reader<'d>,
) -> Option<String> {
    let text = reader.text(field)?;
    let allowed = || {
        known
            .iter()
            .map(|word| format!("{{{word}}}"))
            .collect::<Vec<_>>()
            .join(", ")
    };
    if text.chars().count() > longest {
        let message = format!("more than {longest} characters are too many");
        reader.mistake(field.value.span(), &field.path, message, "Write a shorter text.");
        return None;
    }
    let mut rest = text.as_str();
    while let Some((_, after)) = rest.split_once('{') {
        let (word, tail) = after.split_once('}').unwrap_or((after, ""));
        let is_word = !word.is_empty() && word.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'-');
        if is_word && !known.contains(&word) {
            let near = meant(nearest(word, known.iter().copied()));
            reader.mistake(
                field.value.span(),
                &field.path,
                format!("{{{word}}} stands for nothing here{near}"),
                format!("What stands for something: {}.", allowed()),
            );
            return None;
        }
        rest = tail;
    }
    Some(text)
}
