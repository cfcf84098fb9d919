//! `.github/workflows/actions.lock`, GitHub's lockfile of what workflows use, as `gh actions-lock` writes it.
//!
//! Source of the rules: the schemas v0.0.1 and v0.0.2 of `github/actions-lockfile`, and its parser.
//!
//! - `dependencies` has an entry for each `owner/repository@reference`, with the commit that runs, and in `uses` what a composite action uses
//!   itself. The version is `ref` (in v0.0.1 `tag`, else `branch`): of a commit behind `@`, the tag that the tool found for it.
//! - `workflows` says what each workflow uses: itself, as the tool writes it, or with all that follows, as the schema says. The latter holds
//!   everything that its own entries use; what another of its entries uses is then not direct.
//! - GitHub refuses a file where key, `ref` and `commit` say different things, and a pin without an entry.
//! - Nothing marks the end of the file. The tool has an entry for every pin, and every field but `uses` in each.

use std::borrow::Cow;
use std::collections::{HashMap, HashSet};

use super::github_workflows::is_commit;
use super::grammar::yaml_document;
use super::{File, Format, Parsed, Upgrade, UpgradeCommand};
use crate::model::{Ecosystem, FileSpan, NodeId, Package, Scope, Scopes, Spans, Tree, TreePath};
use crate::text::Span;
use crate::text::tree::{Kind, Value};
use crate::text::yaml;

/// The lockfile of GitHub's workflows.
#[derive(Debug, Clone, Copy)]
pub struct ActionsLock;

/// The newest form that is known.
const NEWEST: &str = "v0.0.2";
/// Versions whose shape is known.
const KNOWN: [&str; 2] = ["v0.0.1", NEWEST];

const DAMAGED: &str = "Restore the file from its last good commit, or run `gh actions-lock`.";

/// More steps than any real file takes to separate direct uses from others; what is left then counts as direct.
const STEPS: usize = 1 << 20;

impl Format for ActionsLock {
    fn name(&self) -> &'static str {
        "actions.lock"
    }

    fn ecosystem(&self) -> Ecosystem {
        Ecosystem::GITHUB_ACTIONS
    }

    fn file_names(&self) -> &'static [&'static str] {
        &["workflows/actions.lock"]
    }

    fn claims(&self, path: &TreePath) -> bool {
        let is_one = self
            .file_names()
            .iter()
            .any(|name| super::file_names::fits(name, path));
        is_one && super::is_named(&path.parent().parent(), ".github")
    }

    fn upgrade_command(&self, upgrade: &Upgrade<'_>) -> UpgradeCommand {
        let Upgrade { name, to, .. } = upgrade;
        let how = match upgrade.direct {
            true => format!("Let the workflows use {name} in {to}, then run `gh actions-lock`."),
            false => format!(
                "Let the workflows use an action in a release that uses {name} in {to}, then run `gh actions-lock`."
            ),
        };
        UpgradeCommand::ByHand(how.into())
    }

    fn read(&self, file: &File<'_>, _: &dyn Tree) -> Parsed {
        let mut document = yaml::read_stream(file.text);
        let mut parsed = Parsed::default();
        parsed.damaged(std::mem::take(&mut document.problems), DAMAGED);
        parsed.ends_with_line_break(file, DAMAGED);
        let Some(root) = yaml_document::only(&document, &mut parsed, DAMAGED) else {
            parsed.blind(Span::at(0), "the file is empty", DAMAGED);
            return parsed;
        };
        let dependencies = root.get("dependencies").filter(|table| table.is_object());
        let version = root.get("version");
        match version.and_then(Value::as_text) {
            Some(version) if KNOWN.contains(&&*version) => {}
            Some(version) if dependencies.is_some() => parsed.remark(
                root.get("version").map_or(root.span(), Value::text_span),
                format!("version {version} is not known and is read as {NEWEST}"),
                "Update lockkeeper.",
            ),
            Some(_) | None => parsed.blind(root.span(), "the file has no `version`", DAMAGED),
        }
        let Some(dependencies) = dependencies else {
            parsed.blind(root.span(), "the file has no mapping `dependencies`", DAMAGED);
            return parsed;
        };
        Reader {
            text: file.text,
            parsed,
            nodes: HashMap::new(),
            uses: HashMap::new(),
        }
        .read(root, dependencies)
    }
}

struct Reader<'d> {
    text: &'d str,
    parsed: Parsed,
    /// By pin, its package.
    nodes: HashMap<String, NodeId>,
    /// What each uses itself.
    uses: HashMap<NodeId, Vec<NodeId>>,
}

impl<'d> Reader<'d> {
    fn read(mut self, root: Value<'d>, dependencies: Value<'d>) -> Parsed {
        for (pin, entry) in dependencies.entries() {
            let Some(package) = self.package(&pin, entry) else {
                continue;
            };
            let node = self.parsed.graph.add_package(package);
            let pin = canonical(&pin);
            if self.nodes.insert(pin.into_owned(), node).is_some() {
                let twice = "another key is the same but for upper case";
                self.parsed.blind(entry.key_span(), twice, DAMAGED);
            }
        }
        for (pin, entry) in dependencies.entries() {
            let Some(node) = self.nodes.get(&*canonical(&pin)).copied() else {
                continue;
            };
            let uses = self.pins(entry.get("uses"));
            for (used, span) in &uses {
                self.parsed.graph.add_edge(node, *used, *span);
            }
            let uses = uses.into_iter().map(|(used, _)| used);
            self.uses.insert(node, uses.collect());
        }
        let mut steps = STEPS;
        match root.get("workflows") {
            Some(workflows) if workflows.is_object() => {
                for (path, pins) in workflows.entries() {
                    self.workflow(&path, pins, &mut steps);
                }
            }
            None => {}
            Some(other) if other.kind() == Kind::Null => {}
            Some(other) => self
                .parsed
                .blind(other.span(), "`workflows` is no mapping", DAMAGED),
        }
        self.parsed.graph.mark_direct();
        self.parsed
    }

    /// The package of an entry.
    fn package(&mut self, pin: &str, entry: Value<'_>) -> Option<Package> {
        let (key, whole) = (entry.key_span(), entry.key_span().join(entry.span()));
        let Some((name, reference)) = parts(pin) else {
            let what = "this is no `owner/repository@reference`";
            self.parsed.blind(key, what, DAMAGED);
            return None;
        };
        let stated = |field: &str| {
            let value = entry.get(field)?;
            let text = value.as_text().filter(|text| !text.is_empty())?;
            Some((text, value.text_span()))
        };
        let commit = stated("commit");
        let is_whole = ["owner_id", "repo_id"].iter().all(|id| stated(id).is_some());
        if commit.is_none() || !is_whole {
            let what = format!("{name} has no commit, owner or repository: the entry is cut");
            self.parsed.blind(whole, what, DAMAGED);
        }
        // Nothing else says which commit runs.
        let hash = commit.as_ref().and_then(|(text, span)| {
            let (_, hash) = text.split_once('-').filter(|(_, hash)| is_commit(hash))?;
            let start = text.len().saturating_sub(hash.len());
            let is_plain = span.len() == text.len();
            Some((
                hash,
                if is_plain {
                    span.inside(start..text.len())
                } else {
                    *span
                },
            ))
        });
        if commit.is_some() && hash.is_none() {
            let what = format!("the commit of {name} is none");
            self.parsed.blind(whole, what, DAMAGED);
        }
        let stated = stated("ref")
            .or_else(|| stated("tag"))
            .or_else(|| stated("branch"));
        let is_other = match is_commit(reference) {
            true => hash.is_some_and(|(hash, _)| !hash.eq_ignore_ascii_case(reference)),
            false => stated.as_ref().is_some_and(|(said, _)| said != reference),
        };
        if is_other {
            let what = format!("the entry of {pin} is about something else, and GitHub refuses it");
            self.parsed.blind(whole, what, DAMAGED);
        }
        let (version, place) = stated.unwrap_or_else(|| {
            let start = pin.find('@').map_or(0, |at| at.saturating_add(1));
            let is_plain = key.of(self.text) == pin;
            let place = key.inside(start..start.saturating_add(reference.len()));
            (Cow::Borrowed(reference), if is_plain { place } else { key })
        });
        let mut package = Package::new(Ecosystem::GITHUB_ACTIONS, name, version, FileSpan::here(place));
        package.scopes = Scopes::only(Scope::Build);
        package.spans = Spans {
            entry: Some(whole),
            checksums: hash.into_iter().map(|(_, span)| span).collect(),
            ..Spans::default()
        };
        Some(package)
    }

    /// The packages of a list of pins, each once, with its place.
    fn pins(&mut self, list: Option<Value<'_>>) -> Vec<(NodeId, Span)> {
        let Some(list) = list else {
            return Vec::new();
        };
        if list.kind() != Kind::Array {
            self.parsed.blind(list.span(), "this is no list of pins", DAMAGED);
        }
        let mut seen = HashSet::new();
        let mut pins = Vec::new();
        for item in list.items() {
            let pin = item.as_text().unwrap_or_default();
            match self.nodes.get(&*canonical(&pin)) {
                Some(node) if seen.insert(*node) => pins.push((*node, item.text_span())),
                Some(_) => {}
                None => {
                    let what = format!("{pin} has no entry in `dependencies`");
                    self.parsed.blind(item.text_span(), what, DAMAGED);
                }
            }
        }
        pins
    }

    fn workflow(&mut self, path: &str, list: Value<'_>, steps: &mut usize) {
        let pins = self.pins(Some(list).filter(|list| list.kind() != Kind::Null));
        let all: HashSet<NodeId> = pins.iter().map(|(node, _)| *node).collect();
        let mut used = HashSet::new();
        let mut is_closed = true;
        for (node, _) in &pins {
            for one in self.uses.get(node).into_iter().flatten() {
                *steps = steps.saturating_sub(1);
                is_closed &= all.contains(one) && *steps > 0;
                if !is_closed {
                    break;
                }
                if one != node {
                    used.insert(*one);
                }
            }
        }
        let root = self.parsed.graph.add_root(path, "");
        // Of a circle, none comes first.
        let is_transitive = is_closed && used.len() < all.len();
        for (node, span) in pins {
            if !(is_transitive && used.contains(&node)) {
                self.parsed.graph.add_edge(root, node, span);
            }
        }
    }
}

/// The pin with owner and repository as GitHub compares them.
fn canonical(pin: &str) -> Cow<'_, str> {
    match pin.split_once('@') {
        Some((name, reference)) if name.bytes().any(|byte| byte.is_ascii_uppercase()) => {
            Cow::Owned(format!("{}@{reference}", name.to_ascii_lowercase()))
        }
        Some(_) | None => Cow::Borrowed(pin),
    }
}

/// `owner/repository` and the reference of a pin; the hash that v0.0.1 has behind it, and a folder in the repository, say nothing else.
fn parts(pin: &str) -> Option<(String, &str)> {
    let (path, rest) = pin.split_once('@')?;
    let reference = rest.split_once(':').map_or(rest, |(reference, _)| reference);
    let mut parts = path.split('/');
    let (owner, repository) = (parts.next()?, parts.next()?);
    let is_whole = [owner, repository, reference].iter().all(|part| !part.is_empty());
    is_whole.then(|| (format!("{owner}/{repository}"), reference))
}
