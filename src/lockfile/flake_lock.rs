//! `flake.lock` of Nix.
//!
//! Source of the rules: Nix's reference manual (`nix flake`, "Lock files") and its own reader (`LockFile` of libflake), which takes versions 5 to 7.
//!
//! - `nodes` are the inputs, of which `root` names that of the flake itself. What a node has under `locked` is where it comes from: the package is that
//!   (`github:NixOS/nixpkgs`), its version the commit (`rev`), else the hash of its contents (`narHash`).
//! - An entry of `inputs` is the key of a node, or the path of an input of the root that it follows.
//! - No advisories are published for flakes: what packages of Nixpkgs they build is written nowhere.

use foldhash::HashMap;

use super::grammar::rfc3986::without_secrets;
use super::{File, Format, Parsed, Upgrade, UpgradeCommand};
use crate::model::{Ecosystem, FileSpan, NodeId, Package, Source, Spans, Tree};
use crate::text::json;
use crate::text::tree::Value;

/// The lockfile of Nix.
#[derive(Debug, Clone, Copy)]
pub struct FlakeLock;

/// Flakes.
const ECOSYSTEM: Ecosystem = Ecosystem::constant("Nix");

const DAMAGED: &str = "Restore the file from its last good commit, or run `nix flake lock`.";

/// The newest version of the format that is known here.
const NEWEST: u64 = 7;

/// A path that leads over more steps leads nowhere.
const MAX_STEPS: usize = 64;

impl Format for FlakeLock {
    fn name(&self) -> &'static str {
        "flake.lock"
    }

    fn ecosystem(&self) -> Ecosystem {
        ECOSYSTEM
    }

    fn file_names(&self) -> &'static [&'static str] {
        &["flake.lock"]
    }

    fn upgrade_command(&self, _: &Upgrade<'_>) -> UpgradeCommand {
        UpgradeCommand::ByHand("Run `nix flake update` with the name of the input.".into())
    }

    fn read(&self, file: &File<'_>, _: &dyn Tree) -> Parsed {
        let mut document = json::read(file.text);
        let mut parsed = Parsed::default();
        parsed.damaged(std::mem::take(&mut document.problems), DAMAGED);
        let root = document.root();
        let nodes = root.get("nodes").filter(|nodes| nodes.is_object());
        match root.get("version") {
            Some(version) if version.as_u64().is_some_and(|it| (5..=NEWEST).contains(&it)) => {}
            Some(version) if version.as_u64().is_some_and(|it| it > NEWEST) && nodes.is_some() => parsed
                .remark(
                    version.span(),
                    format!(
                        "version {} is newer than {NEWEST} and is read as that",
                        version.raw()
                    ),
                    "Update lockkeeper.",
                ),
            Some(_) | None => parsed.blind(
                root.span(),
                "no lockfile of Nix: it has no `version` that is known",
                DAMAGED,
            ),
        }
        match (nodes, root.str("root")) {
            (Some(nodes), Some(top)) => Reader::of(nodes).read(&top, &mut parsed),
            (None, _) => parsed.blind(root.span(), "no lockfile of Nix: it has no `nodes`", DAMAGED),
            (Some(_), None) => parsed.blind(
                root.span(),
                "the file does not say which node is the `root`",
                DAMAGED,
            ),
        }
        parsed
    }
}

struct Reader<'d> {
    nodes: Vec<(String, Value<'d>)>,
    /// The inputs of a node: a key, or a path.
    inputs: HashMap<String, HashMap<String, Value<'d>>>,
}

impl<'d> Reader<'d> {
    fn of(nodes: Value<'d>) -> Self {
        let nodes: Vec<(String, Value<'d>)> = nodes
            .entries()
            .map(|(key, node)| (key.into_owned(), node))
            .collect();
        let inputs = nodes.iter().map(|(key, node)| {
            let inputs = node.get("inputs").into_iter().flat_map(Value::entries);
            (
                key.clone(),
                inputs.map(|(name, to)| (name.into_owned(), to)).collect(),
            )
        });
        Self {
            inputs: inputs.collect(),
            nodes,
        }
    }

    fn read(&self, top: &str, parsed: &mut Parsed) {
        let mut ids: HashMap<&str, NodeId> = HashMap::default();
        for (key, node) in &self.nodes {
            let id = match key == top {
                true => Some(parsed.graph.add_root("", "")),
                false => package(key, *node, parsed).map(|package| parsed.graph.add_package(package)),
            };
            ids.extend(id.map(|id| (key.as_str(), id)));
        }
        if !self.inputs.contains_key(top) {
            parsed.blind(
                crate::text::Span::at(0),
                format!("the node {top} is missing"),
                DAMAGED,
            );
        }
        for (key, node) in &self.nodes {
            for (_, to) in node.get("inputs").into_iter().flat_map(Value::entries) {
                let found = self.leads_to(top, to).and_then(|to| ids.get(to.as_str()));
                let missing = to.as_str().filter(|to| !self.inputs.contains_key(&**to));
                if let Some(missing) = missing {
                    parsed.partial(
                        to.text_span(),
                        format!("{missing} is needed, and the file does not lock it"),
                        DAMAGED,
                    );
                }
                if let (Some(from), Some(to_id)) = (ids.get(key.as_str()), found) {
                    parsed.graph.add_edge(*from, *to_id, to.text_span());
                }
            }
        }
        parsed.graph.mark_direct();
    }

    /// The key of the node that `input` stands for. A path counts from `top`, and may lead over others.
    fn leads_to(&self, top: &str, input: Value<'d>) -> Option<String> {
        let mut at = top.to_owned();
        // What is still to be gone over, the next one last: names of inputs of the node that it is at.
        let mut names: Vec<String> = Vec::new();
        let mut next = input;
        for _ in 0..MAX_STEPS {
            match next.as_str() {
                Some(key) => at = key.into_owned(),
                None => {
                    top.clone_into(&mut at);
                    let path: Option<Vec<String>> = next
                        .items()
                        .take(MAX_STEPS)
                        .map(|name| Some(name.as_str()?.into_owned()))
                        .collect();
                    names.extend(path?.into_iter().rev());
                }
            }
            let Some(name) = names.pop() else { return Some(at) };
            next = *self.inputs.get(&at)?.get(&name)?;
        }
        None
    }
}

/// What a node locks.
fn package(key: &str, node: Value<'_>, parsed: &mut Parsed) -> Option<Package> {
    let Some(locked) = node.get("locked").filter(|locked| locked.is_object()) else {
        parsed.partial(node.span(), format!("{key} is not locked"), DAMAGED);
        return None;
    };
    let (mut kind, mut owner, mut repository, mut url, mut path) = (None, None, None, None, None);
    let (mut commit, mut hash, mut host) = (None, None, None);
    for (name, value) in locked.entries() {
        let known = match &*name {
            "type" => &mut kind,
            "owner" => &mut owner,
            "repo" => &mut repository,
            "url" => &mut url,
            "path" => &mut path,
            "rev" => &mut commit,
            "narHash" => &mut hash,
            "host" => &mut host,
            _ => continue,
        };
        *known = value
            .as_str()
            .filter(|text| !text.is_empty())
            .map(|text| (text, value));
    }
    let shown = |address: &str| without_secrets(address).into_owned();
    let kind = kind.map(|(kind, _)| kind);
    let version = commit.as_ref().or(hash.as_ref());
    let at = version.map_or("", |(version, _)| version);
    let found = match (kind.as_deref(), &owner, &repository, &url, &path) {
        (Some(kind @ ("github" | "gitlab" | "sourcehut")), Some((owner, _)), Some((repository, _)), _, _) => {
            let host = host
                .as_ref()
                .map(|(host, _)| format!("{host}/"))
                .unwrap_or_default();
            let name = format!("{kind}:{host}{owner}/{repository}");
            Some((name.clone(), Source::Git(format!("{name}#{at}"))))
        }
        (Some("git" | "hg"), _, _, Some((url, _)), _) => {
            let url = shown(url);
            Some((url.clone(), Source::Git(format!("{url}#{at}"))))
        }
        (Some("tarball" | "file"), _, _, Some((url, _)), _) => Some((shown(url), Source::Url(shown(url)))),
        (Some("path"), _, _, _, Some((path, _))) => Some((path.to_string(), Source::Path(path.to_string()))),
        _ => None,
    };
    let (name, source) = found.unwrap_or_else(|| {
        let message = format!("where {key} comes from is not known here");
        parsed.partial(
            locked.span(),
            message,
            "Update lockkeeper, or restore the file from its last good commit.",
        );
        (key.to_owned(), Source::Url(String::new()))
    });
    let Some((text, value)) = version else {
        parsed.partial(locked.span(), format!("{name} has no exact version"), DAMAGED);
        return None;
    };
    let mut package = Package::new(ECOSYSTEM, name, &**text, FileSpan::here(value.text_span()));
    package.source = source;
    package.spans = Spans {
        entry: Some(node.key_span().join(node.span())),
        source: url.as_ref().map(|(_, url)| url.text_span()),
        checksums: hash
            .as_ref()
            .filter(|_| commit.is_some())
            .map(|(_, hash)| hash.text_span())
            .into_iter()
            .collect(),
        edges: node.get("inputs").map(Value::span),
    };
    Some(package)
}
