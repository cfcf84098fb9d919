//! What `cargo auditable` writes into programs: the crates that they were built from.
//!
//! Source of the rules: cargo-auditable's `PARSING.md` and its crate `auditable-serde` (`VersionInfo`, formats 0, 1 and 8).
//!
//! - A section `.dep-v0` of ELF, PE, Mach-O and WebAssembly holds JSON, compressed with zlib. Places count in that JSON, which
//!   `rust-audit-info PROGRAM` prints.
//! - Programs have names of all kinds, so that none is looked for: a program is read that is named with `--as cargo-auditable`, and a file called
//!   `*.cargo-auditable`, which may be a copy of the program, its section alone, or the JSON.
//! - `packages` are listed with the numbers of what they need. `root` and what is `local` are own modules; `crates.io` is
//!   the registry, anything else is not. `kind: build` is for builds, all else runtime.
//! - A later format is to be read as the one before it.

mod program;

use super::{File, Format, Parsed, Upgrade, UpgradeCommand};
use crate::model::{Ecosystem, FileSpan, NodeId, Package, Scope, Scopes, Source, Spans, Tree};
use crate::text::tree::{Kind, Value};
use crate::text::{Span, json};

/// What a program of Rust was built from.
#[derive(Debug, Clone, Copy)]
pub struct CargoAuditable;

const DAMAGED: &str = "Build the program again with `cargo auditable build`.";

impl Format for CargoAuditable {
    fn name(&self) -> &'static str {
        "cargo-auditable"
    }

    fn ecosystem(&self) -> Ecosystem {
        Ecosystem::CRATES_IO
    }

    fn file_names(&self) -> &'static [&'static str] {
        &["*.cargo-auditable"]
    }

    fn unpack(&self, bytes: &[u8]) -> Option<Result<String, String>> {
        let is_json = bytes.trim_ascii_start().starts_with(b"{");
        let is_encoded = bytes.starts_with(&[0xEF, 0xBB, 0xBF]) || bytes.starts_with(&[0xFF, 0xFE]);
        (!is_json && !is_encoded).then(|| program::unpack(bytes))
    }

    fn upgrade_command(&self, _: &Upgrade<'_>) -> UpgradeCommand {
        UpgradeCommand::ByHand(
            "Upgrade it in the Cargo.lock of the program, and build the program again.".into(),
        )
    }

    fn read(&self, file: &File<'_>, _: &dyn Tree) -> Parsed {
        let mut document = json::read(file.text);
        let mut parsed = Parsed::default();
        parsed.damaged(std::mem::take(&mut document.problems), DAMAGED);
        let root = document.root();
        let Some(packages) = root.get("packages").filter(|list| list.kind() == Kind::Array) else {
            parsed.blind(root.span(), "there is no list of `packages`", DAMAGED);
            return parsed;
        };
        if root.entries().filter(|(key, _)| key == "packages").count() > 1 {
            parsed.blind(packages.key_span(), "`packages` is written twice", DAMAGED);
        }
        let mut nodes: Vec<Option<NodeId>> = Vec::new();
        let mut needs: Vec<(NodeId, Value<'_>)> = Vec::new();
        for entry in packages.items() {
            let read = Entry::read(entry);
            let node = read.add(entry, &mut parsed);
            nodes.push(node);
            needs.extend(node.zip(read.needs));
        }
        for (from, list) in needs {
            for number in list.items() {
                let to = number.as_u64().and_then(|number| usize::try_from(number).ok());
                match to.and_then(|to| nodes.get(to)) {
                    Some(Some(to)) => parsed.graph.add_edge(from, *to, number.span()),
                    // That is a problem already.
                    Some(None) => {}
                    None => parsed.blind(number.span(), "there is no package of this number", DAMAGED),
                }
            }
        }
        if parsed.graph.roots().is_empty() && packages.count() > 0 {
            parsed.partial(packages.span(), "no package is the `root`", DAMAGED);
        }
        parsed.graph.mark_direct();
        parsed
    }
}

/// A package as it is written.
#[derive(Default)]
struct Entry<'d> {
    name: Option<Value<'d>>,
    version: Option<Value<'d>>,
    source: Option<Value<'d>>,
    needs: Option<Value<'d>>,
    is_build: bool,
    is_root: bool,
}

impl<'d> Entry<'d> {
    fn read(entry: Value<'d>) -> Self {
        let mut read = Self::default();
        for (key, value) in entry.entries() {
            match &*key {
                "name" => read.name = Some(value),
                "version" => read.version = Some(value),
                "source" => read.source = Some(value),
                "dependencies" => read.needs = Some(value),
                "kind" => read.is_build = value.as_str().is_some_and(|kind| kind == "build"),
                "root" => read.is_root = value.as_bool() == Some(true),
                _ => {}
            }
        }
        read
    }

    fn add(&self, entry: Value<'d>, parsed: &mut Parsed) -> Option<NodeId> {
        let text = |value: Option<Value<'d>>| {
            value
                .and_then(|value| Some((value.as_str()?, value)))
                .filter(|(text, _)| !text.is_empty())
        };
        let (Some((name, _)), Some((version, at)), Some((source, source_at))) =
            (text(self.name), text(self.version), text(self.source))
        else {
            parsed.blind(entry.span(), "a package has no name, version and source", DAMAGED);
            return None;
        };
        if self.is_root {
            return Some(parsed.graph.add_root(name, version));
        }
        let source = match &*source {
            "local" => return Some(parsed.graph.add_own(name, version)),
            "crates.io" => Source::Registry(None),
            "git" => Source::Git(String::new()),
            other => Source::OtherRegistry(other.to_owned()),
        };
        let mut package = Package::new(
            Ecosystem::CRATES_IO,
            name,
            version,
            FileSpan::here(at.text_span()),
        );
        package.source = source;
        package.scopes = Scopes::only(match self.is_build {
            true => Scope::Build,
            false => Scope::Runtime,
        });
        package.spans = Spans {
            entry: Some(entry.span()),
            source: Some(source_at.text_span()),
            checksums: std::iter::empty::<Span>().collect(),
            edges: self.needs.map(Value::span),
        };
        Some(parsed.graph.add_package(package))
    }
}
