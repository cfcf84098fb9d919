//! `*.opam.locked`, as `opam lock` writes them (OCaml).
//!
//! Source of the rules: opam's manual (file format, `opam lock`) and what its releases write.
//!
//! - The file is an opam file whose `depends` has each package, direct or not, with `{= "version"}`. Those `with-test`, `with-doc` and `with-dev-setup` are dev,
//!   those for `build` alone are build, all others runtime.
//! - `pin-depends` names the address of a package that is not from the repository.
//! - Direct is what the opam file beside it asks for, which has the same name without `.locked`; without it, every package.
//! - A file without a `depends` locks nothing, which is a gap. One that ends inside of a list is blind.

use foldhash::{HashMap, HashSet};

use super::grammar::opam::{self, Item};
use super::grammar::rfc3986::without_secrets;
use super::{File, Format, Parsed, Upgrade, UpgradeCommand};
use crate::model::{Ecosystem, FileSpan, Package, Scope, Scopes, Source, Spans, Tree};
use crate::text::{Span, decode};

/// The lockfile of opam.
#[derive(Debug, Clone, Copy)]
pub struct OpamLocked;

const DAMAGED: &str = "Restore the file from its last good commit, or run `opam lock`.";

impl Format for OpamLocked {
    fn name(&self) -> &'static str {
        "opam.locked"
    }

    fn ecosystem(&self) -> Ecosystem {
        Ecosystem::OPAM
    }

    fn file_names(&self) -> &'static [&'static str] {
        &["opam.locked", "*.opam.locked"]
    }

    fn companions(&self) -> &'static [&'static str] {
        &["*.opam", "opam"]
    }

    /// `opam lock` writes what is installed.
    fn upgrade_command(&self, upgrade: &Upgrade<'_>) -> UpgradeCommand {
        UpgradeCommand::ByHand(
            format!(
                "Run `opam install {}.{}` in the switch of the project, and then `opam lock`.",
                upgrade.name, upgrade.to
            )
            .into(),
        )
    }

    fn read(&self, file: &File<'_>, tree: &dyn Tree) -> Parsed {
        let mut parsed = Parsed::default();
        let document = opam::read(file.text);
        parsed.damaged(document.problems, DAMAGED);
        if !document.has_version {
            parsed.blind(Span::at(0), "no file of opam: it has no `opam-version`", DAMAGED);
        }
        if !document.has_depends {
            let end = Span::at(file.text.len());
            parsed.partial(
                end,
                "the file has no `depends`: it locks nothing",
                "Run `opam lock`, and delete the file if the package needs no other.",
            );
        }
        let pins: HashMap<String, Source> = document.pins.iter().filter_map(|pin| pinned(pin)).collect();
        let asked = asked(file, tree);
        for item in &document.depends {
            if let Some(mut package) = package(item, &pins, &mut parsed) {
                package.direct = asked.as_ref().is_none_or(|asked| asked.contains(&*package.name));
                parsed.graph.add_package(package);
            }
        }
        parsed
    }
}

/// `["name.version" "address"]`
fn pinned(pin: &[(String, Span)]) -> Option<(String, Source)> {
    let [(name, _), (address, _), ..] = pin else {
        return None;
    };
    let (name, _) = name.split_once('.').unwrap_or((name, ""));
    let shown = without_secrets(address).into_owned();
    let source = match address {
        address if address.starts_with("git") || address.ends_with(".git") => Source::Git(shown),
        address if ["hg+", "darcs+"].iter().any(|kind| address.starts_with(kind)) => Source::Git(shown),
        address if address.starts_with("file:") || !address.contains("://") => Source::Path(shown),
        _ => Source::Url(shown),
    };
    Some((name.to_owned(), source))
}

fn package(item: &Item, pins: &HashMap<String, Source>, parsed: &mut Parsed) -> Option<Package> {
    let Some((version, place)) = item.exact() else {
        parsed.partial(
            item.span,
            format!("{} has no exact version", item.name),
            "Run `opam lock`, which writes one for each package.",
        );
        return None;
    };
    let mut package = Package::new(
        Ecosystem::OPAM,
        item.name.as_str(),
        version,
        FileSpan::here(place),
    );
    if let Some(source) = pins.get(&item.name) {
        package.source = source.clone();
    }
    let is_dev = ["with-test", "with-doc", "with-dev-setup", "dev"]
        .iter()
        .any(|word| item.has(word));
    package.scopes = Scopes::only(match (is_dev, item.has("build")) {
        (true, _) => Scope::Dev,
        (false, true) => Scope::Build,
        (false, false) => Scope::Runtime,
    });
    package.spans = Spans {
        entry: Some(item.span),
        ..Spans::default()
    };
    Some(package)
}

/// The names that the opam file beside the lockfile asks for; `None` without one that can be read.
fn asked(file: &File<'_>, tree: &dyn Tree) -> Option<HashSet<String>> {
    let name = file.path.file_name().strip_suffix(b".locked")?;
    let bytes = tree.read(&file.path.parent().join(name)?).ok()?;
    let decoded = decode::decode(&bytes);
    let document = opam::read(&decoded.text);
    let items = document.depends.into_iter().map(|item| item.name);
    document.problems.is_empty().then(|| items.collect())
}
