//! `shard.lock`, versions 1.0 and 2.0, as Shards writes it (Crystal).
//!
//! Source of the rules: Shards' own reader and writer of the file (`src/lock.cr`) and its specification of `shard.yml`.
//!
//! - Each shard comes from a repository: `git`, `github`, `gitlab`, `bitbucket`, `codeberg`, `hg`, `fossil`. `path` is a folder, and a module of one's own. OSV
//!   has no ecosystem for shards.
//! - A version may hold its commit (`1.2.3+git.commit.0123…`); version 1.0 has a `commit` instead of a version where none is released.
//! - The file holds no edges. Direct is what `shard.yml` beside it asks for, and what stands under its `development_dependencies` is dev; without that
//!   file nothing is said of either, and every shard counts as direct.

use foldhash::HashMap;

use super::grammar::rfc3986::without_secrets;
use super::grammar::yaml_document;
use super::{File, Format, Parsed, Upgrade, UpgradeCommand};
use crate::model::{Ecosystem, FileSpan, Package, Scope, Scopes, Source, Spans, Tree, TreePath};
use crate::text::tree::{Kind, Value};
use crate::text::{Span, decode, yaml};

/// The lockfile of Shards.
#[derive(Debug, Clone, Copy)]
pub struct ShardLock;

const CRYSTAL: Ecosystem = Ecosystem::constant("Crystal");

const DAMAGED: &str = "Restore the file from its last good commit, or delete it and run `shards lock`.";

/// The keys of repositories, and the address in front of what they say.
const REPOSITORIES: [(&str, &str); 7] = [
    ("git", ""),
    ("github", "https://github.com/"),
    ("gitlab", "https://gitlab.com/"),
    ("bitbucket", "https://bitbucket.org/"),
    ("codeberg", "https://codeberg.org/"),
    ("hg", ""),
    ("fossil", ""),
];

impl Format for ShardLock {
    fn name(&self) -> &'static str {
        "shard.lock"
    }

    fn ecosystem(&self) -> Ecosystem {
        CRYSTAL
    }

    fn file_names(&self) -> &'static [&'static str] {
        &["shard.lock"]
    }

    fn companions(&self) -> &'static [&'static str] {
        &["shard.yml"]
    }

    /// `shards update NAME` takes what `shard.yml` allows, and says nothing where that is no other version.
    fn upgrade_command(&self, upgrade: &Upgrade<'_>) -> UpgradeCommand {
        UpgradeCommand::ByHand(
            format!(
                "Let shard.yml allow that version, and run `shards update {}`.",
                upgrade.name
            )
            .into(),
        )
    }

    fn read(&self, file: &File<'_>, tree: &dyn Tree) -> Parsed {
        let mut document = yaml::read_stream(file.text);
        let mut parsed = Parsed::default();
        parsed.damaged(std::mem::take(&mut document.problems), DAMAGED);
        parsed.ends_with_line_break(file, DAMAGED);
        let root = yaml_document::only(&document, &mut parsed, DAMAGED);
        let get = |key: &str| root.and_then(|root| root.get(key));
        let version = get("version");
        match version.and_then(Value::as_text).as_deref() {
            Some("1.0" | "2.0") => {}
            Some(_) | None => parsed.blind(
                version.map_or(Span::at(0), Value::span),
                "no lockfile of Shards that is known here: versions 1.0 and 2.0 are",
                DAMAGED,
            ),
        }
        let Some(shards) = get("shards").filter(|shards| matches!(shards.kind(), Kind::Object | Kind::Null))
        else {
            let end = Span::at(file.text.len());
            parsed.blind(
                end,
                "no whole lockfile of Shards: it has no mapping `shards`",
                DAMAGED,
            );
            return parsed;
        };
        let asked = asked(&file.path.parent(), tree);
        for (name, entry) in shards.entries() {
            add(&name, entry, asked.as_ref(), &mut parsed);
        }
        parsed
    }
}

fn add(name: &str, entry: Value<'_>, asked: Option<&HashMap<String, Scope>>, parsed: &mut Parsed) {
    let (mut source, mut address, mut version, mut commit) = (None, None, None, None);
    let is_source = |key: &str| key == "path" || REPOSITORIES.iter().any(|(known, _)| *known == key);
    let sources = entry.entries().filter(|(key, _)| is_source(key)).count();
    if sources > 1 {
        parsed.blind(
            entry.span(),
            format!("{name} comes from {sources} places"),
            DAMAGED,
        );
    }
    for (key, value) in entry.entries() {
        match key.as_ref() {
            "version" => version = Some(value),
            "commit" => commit = Some(value),
            "path" => source = value.as_text().map(|path| Source::Path(path.into_owned())),
            key => {
                let Some((_, front)) = REPOSITORIES.iter().find(|(known, _)| *known == key) else {
                    continue;
                };
                let text = value.as_text().unwrap_or_default();
                source = Some(Source::Git(format!("{front}{}", without_secrets(&text))));
                address = Some(value.text_span());
            }
        }
    }
    let stated = |value: Option<Value<'_>>| {
        let value = value?;
        let text = value.as_text().filter(|text| !text.is_empty())?.into_owned();
        Some((text, value.text_span()))
    };
    if let Some(Source::Path(_)) = source {
        let version = stated(version).map(|(text, _)| text).unwrap_or_default();
        parsed.graph.add_own(name, version);
        return;
    }
    let (Some(mut source), Some((version, place))) = (source, stated(version).or_else(|| stated(commit)))
    else {
        let span = entry.key_span().join(entry.span());
        parsed.blind(span, "a shard without an address or a version", DAMAGED);
        return;
    };
    let revision = stated(commit).map(|(text, _)| text);
    let revision = revision.or_else(|| Some(version.split_once(".commit.")?.1.to_owned()));
    if let (Source::Git(shown), Some(revision)) = (&mut source, &revision) {
        shown.push('#');
        shown.push_str(revision);
    }
    let mut package = Package::new(CRYSTAL, name, version, FileSpan::here(place));
    package.source = source;
    package.direct = asked.is_none_or(|asked| asked.contains_key(name));
    package.scopes = asked
        .and_then(|asked| asked.get(name))
        .map_or_else(Scopes::default, |scope| Scopes::only(*scope));
    package.spans = Spans {
        entry: Some(entry.key_span().join(entry.span())),
        source: address,
        ..Spans::default()
    };
    parsed.graph.add_package(package);
}

/// What `shard.yml` asks for, and for what; `None` without one that can be read.
fn asked(folder: &TreePath, tree: &dyn Tree) -> Option<HashMap<String, Scope>> {
    let bytes = tree.read(&folder.join("shard.yml")?).ok()?;
    let decoded = decode::decode(&bytes);
    let document = yaml::read_stream(&decoded.text);
    let root = document.root().items().next()?;
    let mut asked = HashMap::default();
    for (key, scope) in [
        ("development_dependencies", Scope::Dev),
        ("dependencies", Scope::Runtime),
    ] {
        let names = root.get(key).into_iter().flat_map(Value::entries);
        asked.extend(names.map(|(name, _)| (name.into_owned(), scope)));
    }
    document.problems.is_empty().then_some(asked)
}
