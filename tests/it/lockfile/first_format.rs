//! The worked example of CONTRIBUTING.md: a reader that is as small as one can be, and works.

// The example begins here.
use lockkeeper::lockfile::{File, Format, Parsed};
use lockkeeper::model::{Ecosystem, FileSpan, Package, Source, Tree};
use lockkeeper::text::toml;
use lockkeeper::text::tree::Value;

/// The lockfile of PEP 751.
pub struct Pylock;

const DAMAGED: &str = "Restore the file from its last good commit, or lock again.";

impl Format for Pylock {
    fn name(&self) -> &'static str {
        "pylock.toml"
    }

    fn ecosystem(&self) -> Ecosystem {
        Ecosystem::PYPI
    }

    fn file_names(&self) -> &'static [&'static str] {
        &["pylock.toml"]
    }

    fn read(&self, file: &File<'_>, _: &dyn Tree) -> Parsed {
        let mut document = toml::read(file.text);
        let mut parsed = Parsed::default();
        // The reader goes on after damage; what it could not read was not checked.
        parsed.damaged(std::mem::take(&mut document.problems), DAMAGED);
        let root = document.root();
        if root.get("lock-version").is_none() {
            parsed.blind(root.span(), "there is no `lock-version`", DAMAGED);
        }
        for entry in root.get("packages").into_iter().flat_map(Value::items) {
            let Some(name) = entry.str("name") else {
                parsed.blind(entry.span(), "a package has no name", DAMAGED);
                continue;
            };
            let version = entry
                .get("version")
                .and_then(|version| Some((version.as_str()?, version)));
            let Some((version, at)) = version else {
                let hint = "Take the package from an index, whose versions are exact.";
                parsed.partial(entry.span(), format!("{name} has no exact version"), hint);
                continue;
            };
            // The location is that of the version's text, without its quotes.
            let mut package = Package::new(Ecosystem::PYPI, name, version, FileSpan::here(at.text_span()));
            package.source = source(entry);
            parsed.graph.add_package(package);
        }
        parsed
    }
}

/// Only packages from a registry are matched against its advisories.
fn source(entry: Value<'_>) -> Source {
    let address = |key: &str| {
        let table = entry.get(key)?;
        let address = table.str("url").or_else(|| table.str("path"));
        Some(address.unwrap_or_default().into_owned())
    };
    None.or_else(|| address("vcs").map(Source::Git))
        .or_else(|| address("directory").map(Source::Path))
        .or_else(|| address("archive").map(Source::Url))
        .unwrap_or_else(|| Source::Registry(entry.str("index").map(|index| index.into_owned())))
}
// The example ends here.

use lockkeeper::model::{Cost, TreePath};

use crate::architecture::read;
use crate::support::memory_tree::MemoryTree;

const LOCK: &str = r#"lock-version = "1.0"
created-by = "a tool"

[[packages]]
name = "attrs"
version = "25.1.0"
index = "https://registry.example/simple"

[[packages]]
name = "mine"
version = "1.0.0"
directory = { path = "libraries/mine" }

[[packages]]
name = "moving"
vcs = { url = "https://files.example/moving.git" }
"#;

fn parsed(text: &str) -> Parsed {
    let path = TreePath::new("pylock.toml").expect("a path");
    assert!(Pylock.claims(&path));
    Pylock.read(&File { path: &path, text }, &MemoryTree::default())
}

#[test]
fn the_example_reads_what_is_locked() {
    let read = parsed(LOCK);
    let packages = read.graph.packages().map(|(_, package)| {
        let version = package.place().span.of(LOCK);
        (&*package.name, version, package.source.is_matched())
    });
    let packages: Vec<_> = packages.collect();
    assert_eq!(packages, [("attrs", "25.1.0", true), ("mine", "1.0.0", false)]);
    let problems: Vec<_> = read
        .problems
        .iter()
        .map(|problem| (problem.cost, problem.message.as_str()))
        .collect();
    assert_eq!(problems, [(Cost::Partial, "moving has no exact version")]);
}

#[test]
fn the_example_survives_every_cut() {
    for (end, _) in LOCK.char_indices() {
        let read = parsed(&LOCK[..end]);
        // Without the first line it is nobody's lockfile.
        assert!(end >= 20 || !read.problems.is_empty(), "{end}");
    }
}

#[test]
fn the_example_is_the_one_that_contributing_shows() {
    let source = read("tests/it/lockfile/first_format.rs");
    let example = source
        .split("// The example begins here.\n")
        .nth(1)
        .and_then(|rest| rest.split("// The example ends here.").next())
        .expect("an example")
        .replace("lockkeeper::", "crate::");
    let shown = read("CONTRIBUTING.md");
    assert!(
        shown.contains(&format!("```rust\n{example}```")),
        "CONTRIBUTING.md shows another example than:\n{example}"
    );
}
