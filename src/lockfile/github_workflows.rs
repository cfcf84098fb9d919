//! Workflows of GitHub (`.github/workflows/*.yml`), of Forgejo and of Gitea (`.forgejo/workflows`, `.gitea/workflows`), and composite
//! actions (`action.yml`): the actions and reusable workflows that their `uses:` name.
//!
//! - `owner/repository/folder@reference` is the package `owner/repository`. What is the repository's own (`./…`, and `$/…` for the
//!   commit that runs) and images (`docker://…`) are no packages.
//! - A tag is the version as written; by its full name, `refs/tags/v4.1.1`, it is the same tag. A commit is the version that the comment behind it names (`# v4.1.1`, `# tag=v4.1.1`); without
//!   one, it is a version that has no order. Branches (`main`, `refs/heads/v4`), and tags that move (`v4`), are kept as written: [`crate::version::github_actions`]
//!   says which advisories can be decided for them.
//! - `uses:` counts where GitHub reads it: of jobs and their steps, and of the steps of a composite action. A file without the word is not
//!   looked at further: other tools have files of these names.
//! - A file that ends in a version, without a line end, may be cut there, and says so.
//! - Forgejo and Gitea take `https://host/owner/repository@reference`, too. What is not at GitHub has that repository as its source. One without
//!   a host is at GitHub by Gitea's default, and at a host with copies of GitHub's actions by Forgejo's: its name counts as GitHub's.
//! - Everything is for builds, and direct: which actions a composite action uses itself, its own repository says.

use std::collections::HashSet;

use super::grammar::rfc3986::without_secrets;
use super::{File, Format, Parsed, Writer};
use crate::model::{Ecosystem, FileSpan, Package, Scope, Scopes, Source, Spans, Tree, TreePath};
use crate::text::Span;
use crate::text::tree::{Kind, Value};
use crate::text::yaml::{self, Bounds};
use crate::version::github_actions::is_version;

/// Workflows and composite actions.
#[derive(Debug, Clone, Copy)]
pub struct GithubWorkflows;

/// More than any workflow that GitHub runs.
const BOUNDS: Bounds = Bounds {
    bytes: 4 << 20,
    depth: 64,
    aliases: 1000,
};

const DAMAGED: &str = "Repair the file: GitHub does not run it.";

/// Folders of forges that run workflows.
const FORGES: [&str; 3] = [".github", ".forgejo", ".gitea"];

/// In front of a tag, in its full name.
const FULL_NAME: &str = "refs/tags/";

impl Format for GithubWorkflows {
    fn name(&self) -> &'static str {
        ".github/workflows"
    }

    fn ecosystem(&self) -> Ecosystem {
        Ecosystem::GITHUB_ACTIONS
    }

    fn file_names(&self) -> &'static [&'static str] {
        &["workflows/*.yml", "workflows/*.yaml", "action.yml", "action.yaml"]
    }

    fn claims(&self, path: &TreePath) -> bool {
        let is_one = |names: &[&str]| names.iter().any(|name| super::file_names::fits(name, path));
        let is_of_a_forge = || {
            let folder = path.parent().parent();
            FORGES.iter().any(|name| super::is_named(&folder, name))
        };
        is_one(&["action.yml", "action.yaml"])
            || is_one(&["workflows/*.yml", "workflows/*.yaml"]) && is_of_a_forge()
    }

    fn upgrade_command(&self, upgrade: &super::Upgrade<'_>) -> super::UpgradeCommand {
        let super::Upgrade { name, to, .. } = upgrade;
        super::UpgradeCommand::ByHand(
            format!("Change its line to `uses: {name}@` and the commit of {to}, with `# {to}` behind it.")
                .into(),
        )
    }

    fn writer(&self) -> Writer {
        Writer::Person
    }

    fn read(&self, file: &File<'_>, _: &dyn Tree) -> Parsed {
        let mut parsed = Parsed::default();
        if !file.text.contains("uses") {
            return parsed;
        }
        let mut document = yaml::read(file.text, BOUNDS);
        parsed.damaged(std::mem::take(&mut document.problems), DAMAGED);
        for uses in users(document.root()) {
            add(uses, file.text, &mut parsed);
        }
        parsed
    }
}

/// What a workflow or composite action uses.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Use {
    /// `owner/repository`.
    pub name: String,
    /// Where the reference behind `@` stands: a tag, a branch or a commit. Of a tag by its full name, the tag alone.
    pub reference: Span,
    /// The reference is the whole name of a commit.
    pub is_commit: bool,
    /// Where the comment behind a commit names its version.
    pub comment: Option<Span>,
}

impl Use {
    /// Where the version stands.
    #[must_use]
    pub fn version(&self) -> Span {
        self.comment.unwrap_or(self.reference)
    }
}

/// Everything that the file `text` uses of other repositories, in the order in which GitHub reads it, but for what stands there with escapes;
/// `None` where the file is damaged.
#[must_use]
pub fn uses(text: &str) -> Option<Vec<Use>> {
    let document = yaml::read(text, BOUNDS);
    if !document.problems.is_empty() {
        return None;
    }
    let mut all = Vec::new();
    for value in users(document.root()) {
        match of(value, text) {
            Said::Use(found) => {
                let said = value.as_str().unwrap_or_default();
                if of_tag(Reference::of(&said).version) == found.reference.of(text) {
                    all.push(found);
                }
            }
            Said::Elsewhere(..) | Said::Other => {}
            Said::Text | Said::NoVersion(_) | Said::NoRepository(_) => return None,
        }
    }
    Some(all)
}

/// Every `uses:` that GitHub reads, each place once.
fn users(root: Value<'_>) -> Vec<Value<'_>> {
    let jobs = root.get("jobs").into_iter().flat_map(Value::entries);
    let jobs = jobs.flat_map(|(_, job)| std::iter::once(job).chain(steps(job)));
    let runs = root.get("runs").into_iter().flat_map(steps);
    // Aliases of YAML repeat what stands in one place.
    let mut seen = HashSet::new();
    let users = jobs.chain(runs).filter_map(|user| user.get("uses"));
    users.filter(|uses| seen.insert(uses.span())).collect()
}

fn steps(parent: Value<'_>) -> impl Iterator<Item = Value<'_>> {
    parent.get("steps").into_iter().flat_map(Value::items)
}

/// What a `uses:` says.
enum Said {
    Use(Use),
    /// Something of another host than GitHub, at this address.
    Elsewhere(Use, String),
    /// Something of the repository itself, or an image.
    Other,
    /// It is no text.
    Text,
    /// The reference has no version.
    NoVersion(String),
    /// The reference names no repository.
    NoRepository(String),
}

/// The parts of `https://host/path@version`, of which the host may be missing.
struct Reference<'r> {
    /// Scheme and host.
    host: Option<&'r str>,
    path: &'r str,
    /// Empty where there is none.
    version: &'r str,
}

impl<'r> Reference<'r> {
    fn of(reference: &'r str) -> Self {
        let scheme = ["https://", "http://"].iter().find_map(|scheme| {
            let rest = reference.strip_prefix(scheme)?;
            Some(scheme.len().saturating_add(rest.find('/').unwrap_or(rest.len())))
        });
        let split = scheme.and_then(|end| reference.split_at_checked(end));
        let (host, rest) = match split {
            Some((host, rest)) => (Some(host), rest.trim_start_matches('/')),
            None => (None, reference),
        };
        let (path, version) = rest.split_once('@').unwrap_or((rest, ""));
        Self { host, path, version }
    }

    /// The host, where that is not GitHub's: `git.example` of `https://user@git.example`.
    fn other_host(&self) -> Option<&'r str> {
        let (_, host) = self.host?.split_once("://")?;
        let host = host.rsplit_once('@').map_or(host, |(_, host)| host);
        let is_github = ["github.com", "www.github.com"]
            .iter()
            .any(|name| host.eq_ignore_ascii_case(name));
        (!is_github).then_some(host)
    }
}

fn of(uses: Value<'_>, text: &str) -> Said {
    let Some(reference) = uses.as_str() else {
        return Said::Text;
    };
    let is_other = [".", "$/", "docker://"]
        .iter()
        .any(|front| reference.starts_with(front));
    if is_other || reference.is_empty() {
        return Said::Other;
    }
    let parts = Reference::of(&reference);
    let (commit, version) = (is_commit(parts.version), of_tag(parts.version));
    if version.is_empty() {
        return Said::NoVersion(without_secrets(&reference).into_owned());
    }
    let mut names = parts.path.split('/');
    let (Some(owner), Some(repository)) = (filled(names.next()), filled(names.next())) else {
        return Said::NoRepository(without_secrets(&reference).into_owned());
    };
    let commented = commit.then(|| comment(text, uses)).flatten();
    let mut found = Use {
        name: format!("{owner}/{repository}"),
        reference: uses.span_of(reference.len().saturating_sub(version.len())..reference.len()),
        is_commit: commit,
        comment: commented.and_then(|span| version_in(text, span)),
    };
    match (parts.host, parts.other_host()) {
        (Some(at), Some(host)) => {
            let address = format!("{at}/{owner}/{repository}#{}", parts.version);
            found.name = format!("{host}/{}", found.name);
            Said::Elsewhere(found, without_secrets(&address).into_owned())
        }
        (Some(_) | None, _) => Said::Use(found),
    }
}

/// Adds what `uses:` of a job or step names.
fn add(uses: Value<'_>, text: &str, parsed: &mut Parsed) {
    let (found, address) = match of(uses, text) {
        Said::Use(found) => (found, None),
        Said::Elsewhere(found, address) => (found, Some(address)),
        Said::Other => return,
        Said::Text => {
            parsed.blind(uses.span(), "`uses` is no text", DAMAGED);
            return;
        }
        Said::NoVersion(reference) => {
            let hint = "Name a version behind `@`: GitHub refuses a reference without one.";
            let what = format!("{reference} has no exact version");
            parsed.partial(uses.text_span(), what, hint);
            return;
        }
        Said::NoRepository(reference) => {
            let hint = "Name owner and repository: GitHub refuses the reference.";
            parsed.partial(uses.text_span(), format!("{reference} names no repository"), hint);
            return;
        }
    };
    let (own, place) = (found.reference, found.version());
    let reference = uses.as_str().unwrap_or_default();
    // An escape may have moved what stands behind `@`.
    let version = match found.comment {
        Some(span) => span.of(text),
        None => of_tag(Reference::of(&reference).version),
    };
    // Nothing ends a plain text but the end of its line.
    if place.end as usize == text.len() {
        let hint = "End the file with a line end.";
        parsed.partial(
            place,
            "the file ends inside of this version, which may be cut",
            hint,
        );
    }
    let mut package = Package::new(
        Ecosystem::GITHUB_ACTIONS,
        found.name,
        version,
        FileSpan::here(place),
    );
    package.scopes = Scopes::only(Scope::Build);
    package.direct = true;
    if let Some(address) = address {
        package.source = Source::Git(address);
    }
    package.spans = Spans {
        entry: Some(uses.text_span()),
        // The commit, which goes with the version in the comment.
        checksums: (place != own).then_some(own).into_iter().collect(),
        ..Spans::default()
    };
    parsed.graph.add_package(package);
}

/// The tag of a reference that is the full name of one; what else it is as it stands.
fn of_tag(reference: &str) -> &str {
    reference.strip_prefix(FULL_NAME).unwrap_or(reference)
}

fn filled(part: Option<&str>) -> Option<&str> {
    part.filter(|part| !part.is_empty())
}

/// `text` is a whole commit's name, of SHA-1 or SHA-256.
#[must_use]
pub fn is_commit(text: &str) -> bool {
    matches!(text.len(), 40 | 64) && text.bytes().all(|byte| byte.is_ascii_hexdigit())
}

/// The comment behind a value, on its line, without its `#`.
fn comment(text: &str, value: Value<'_>) -> Option<Span> {
    if value.kind() == Kind::YamlString {
        return None;
    }
    let end = value.text_span().end as usize;
    let rest = text.get(end..)?;
    let line = rest.lines().next()?;
    // A quote may be closed, and a flow mapping.
    let before = line.find('#')?;
    let is_behind = line
        .get(..before)?
        .chars()
        .all(|character| matches!(character, ' ' | '\t' | '"' | '\'' | '}' | ']' | ','));
    let start = end.saturating_add(before).saturating_add(1);
    is_behind.then(|| Span::new(start, end.saturating_add(line.len())))
}

/// The version that a comment begins with: `v4.1.1`, `tag=v4.1.1`, `actions/checkout@v4.1.1`; behind a first word that ends with
/// a colon, the next one. What else a comment says is no statement about the commit.
fn version_in(text: &str, comment: Span) -> Option<Span> {
    let said = comment.of(text);
    let mut rest = said.trim_start();
    let mut word = rest.split(is_space).next()?;
    if word.ends_with(':') {
        rest = rest.get(word.len()..)?.trim_start();
        word = rest.split(is_space).next()?;
    }
    let mut front = word
        .rfind(['@', '=', ':'])
        .map_or(0, |sign| sign.saturating_add(1));
    if word.get(front..)?.starts_with(FULL_NAME) {
        front = front.saturating_add(FULL_NAME.len());
    }
    let version = word.get(front..)?.trim_end_matches([',', ';', ')', '.']);
    // A number alone may be anything.
    let is_one = is_version(version) && (version.starts_with(['v', 'V']) || version.contains('.'));
    let start = said.len().checked_sub(rest.len())?.saturating_add(front);
    is_one.then(|| comment.inside(start..start.saturating_add(version.len())))
}

fn is_space(character: char) -> bool {
    matches!(character, ' ' | '\t' | '\r')
}
