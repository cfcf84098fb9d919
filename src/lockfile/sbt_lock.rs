//! `build.sbt.lock` of sbt-dependency-lock, and whatever else is set as `dependencyLockFile` with a name that ends in `.sbt.lock`.
//!
//! Source of the rules: sbt-dependency-lock's own reader and writer (`DependencyLockIO`, `DependencyLockFile`) and its pages on file formats 1
//! and 2, of which 2 is a proposal of the same shape.
//!
//! - A dependency is `org`, `name`, with Scala's version in it (`cats-core_2.13`) as in Maven, and `version`.
//! - `configurations` are those of sbt that have it: what only those of tests have (`test`, `it`) is dev, what only `provided` or plugins of the compiler
//!   have is build, what only `optional` has is optional, all else runtime.
//! - There are no edges, and the file does not say what the project asks for: every package counts as direct.

use super::{File, Format, Parsed, Upgrade, UpgradeCommand};
use crate::model::{Ecosystem, FileSpan, Package, Scope, Scopes, Spans, Tree};
use crate::text::json;
use crate::text::tree::{Kind, Value};

/// The lockfile of sbt-dependency-lock.
#[derive(Debug, Clone, Copy)]
pub struct SbtLock;

const DAMAGED: &str = "Restore the file from its last good commit, or run `sbt dependencyLockWrite`.";

/// The newest version of the format that is known here.
const NEWEST: u64 = 2;

impl Format for SbtLock {
    fn name(&self) -> &'static str {
        "sbt.lock"
    }

    fn ecosystem(&self) -> Ecosystem {
        Ecosystem::MAVEN
    }

    fn file_names(&self) -> &'static [&'static str] {
        &["*.sbt.lock"]
    }

    fn upgrade_command(&self, _: &Upgrade<'_>) -> UpgradeCommand {
        UpgradeCommand::ByHand(
            "Ask for that version in build.sbt (`libraryDependencies`, or `dependencyOverrides` for what others need), then run `sbt dependencyLockWrite`."
                .into(),
        )
    }

    fn read(&self, file: &File<'_>, _: &dyn Tree) -> Parsed {
        let mut document = json::read(file.text);
        let mut parsed = Parsed::default();
        parsed.damaged(std::mem::take(&mut document.problems), DAMAGED);
        let root = document.root();
        let dependencies = root.get("dependencies").filter(|list| list.kind() == Kind::Array);
        match (root.get("lockVersion"), dependencies) {
            (Some(version), Some(_)) if version.as_u64().is_some_and(|it| (1..=NEWEST).contains(&it)) => {}
            (Some(version), Some(_)) if version.kind() == Kind::Number => parsed.remark(
                version.span(),
                format!(
                    "version {} is newer than {NEWEST} and is read as that",
                    version.raw()
                ),
                "Update lockkeeper.",
            ),
            (_, Some(_)) => parsed.blind(root.span(), "the file has no `lockVersion`", DAMAGED),
            (_, None) => parsed.blind(root.span(), "the file has no list of `dependencies`", DAMAGED),
        }
        for entry in dependencies.into_iter().flat_map(Value::items) {
            add(entry, &mut parsed);
        }
        parsed
    }
}

fn add(entry: Value<'_>, parsed: &mut Parsed) {
    let text = |key: &str| entry.str(key).filter(|text| !text.is_empty());
    let (Some(org), Some(name)) = (text("org"), text("name")) else {
        parsed.blind(entry.span(), "a dependency has no `org` and `name`", DAMAGED);
        return;
    };
    let name = format!("{org}:{name}");
    let Some((version, at)) = text("version").zip(entry.get("version")) else {
        parsed.partial(entry.span(), format!("{name} has no exact version"), DAMAGED);
        return;
    };
    let mut package = Package::new(Ecosystem::MAVEN, name, version, FileSpan::here(at.text_span()));
    package.direct = true;
    let configurations = entry.get("configurations").into_iter().flat_map(Value::items);
    package.scopes = scopes(configurations.filter_map(Value::as_str));
    let artifacts = entry.get("artifacts").into_iter().flat_map(Value::items);
    package.spans = Spans {
        entry: Some(entry.span()),
        checksums: artifacts
            .filter_map(|artifact| artifact.get("hash"))
            .map(Value::text_span)
            .collect(),
        ..Spans::default()
    };
    parsed.graph.add_package(package);
}

/// What the configurations of a package make of it. Those of the product extend each other: `runtime` and `test` have all that `compile` has.
fn scopes(configurations: impl Iterator<Item = impl AsRef<str>>) -> Scopes {
    let mut scopes = Scopes::default();
    for configuration in configurations {
        scopes.add(match configuration.as_ref() {
            "test" | "test-internal" | "it" => Scope::Dev,
            "provided" | "plugin" | "scala-tool" | "scala-doc-tool" | "compile-internal" => Scope::Build,
            "optional" => Scope::Optional,
            _ => Scope::Runtime,
        });
    }
    match scopes.holds(Scope::Runtime) {
        true => Scopes::only(Scope::Runtime),
        // Tests see what is provided and optional.
        false => [Scope::Optional, Scope::Build, Scope::Dev]
            .into_iter()
            .find(|scope| scopes.holds(*scope))
            .map_or(scopes, Scopes::only),
    }
}
