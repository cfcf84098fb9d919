//! The worked example of CONTRIBUTING.md: a reader that is as small as one can be, and works.

// The example begins here.
use lockkeeper::lockfile::{File, Format, Parsed};
use lockkeeper::model::{Ecosystem, FileSpan, Package, Source, Tree};
use lockkeeper::text::toml;
use lockkeeper::text::tree::Value;

/// The lockfile of dep, which Go modules followed.
pub struct Gopkg;

const DAMAGED: &str = "Restore the file from its last good commit, or run `dep ensure`.";

impl Format for Gopkg {
    fn name(&self) -> &'static str {
        "Gopkg.lock"
    }

    fn ecosystem(&self) -> Ecosystem {
        Ecosystem::GO
    }

    fn file_names(&self) -> &'static [&'static str] {
        &["Gopkg.lock"]
    }

    fn read(&self, file: &File<'_>, _: &dyn Tree) -> Parsed {
        let mut document = toml::read(file.text);
        let mut parsed = Parsed::default();
        // The reader goes on after damage; what it could not read was not checked.
        parsed.damaged(std::mem::take(&mut document.problems), DAMAGED);
        let root = document.root();
        // dep writes this table behind all others: a file without it is not whole.
        if root.get("solve-meta").is_none() {
            parsed.blind(root.span(), "there is no `[solve-meta]`", DAMAGED);
        }
        for entry in root.get("projects").into_iter().flat_map(Value::items) {
            let Some(name) = entry.str("name") else {
                parsed.blind(entry.span(), "a project has no name", DAMAGED);
                continue;
            };
            let version = entry
                .get("version")
                .and_then(|version| Some((version.as_str()?, version)));
            let Some((version, at)) = version else {
                let hint = "Ask for a tagged version: a commit has no place in their order.";
                parsed.partial(entry.span(), format!("{name} has no exact version"), hint);
                continue;
            };
            // The location is that of the version's text, without its quotes.
            let mut package = Package::new(Ecosystem::GO, name, version, FileSpan::here(at.text_span()));
            // Only packages from a registry are matched against its advisories; this one is a fork.
            if let Some(address) = entry.str("source") {
                package.source = Source::Git(address.into_owned());
            }
            parsed.graph.add_package(package);
        }
        parsed
    }
}
// The example ends here.

use lockkeeper::model::{Cost, TreePath};

use crate::architecture::read;
use crate::support::memory_tree::MemoryTree;

const LOCK: &str = r#"[[projects]]
  digest = "1:0000"
  name = "code.example/team/kiln"
  packages = ["."]
  revision = "0123456789abcdef0123456789abcdef01234567"
  version = "v1.4.0"

[[projects]]
  name = "code.example/team/fork"
  source = "https://code.example/ours/fork"
  version = "v2.0.0"

[[projects]]
  branch = "main"
  name = "code.example/team/moving"
  revision = "89abcdef0123456789abcdef0123456789abcdef"

[solve-meta]
  solver-version = 1
"#;

fn parsed(text: &str) -> Parsed {
    let path = TreePath::new("Gopkg.lock").expect("a path");
    assert!(Gopkg.claims(&path));
    Gopkg.read(&File { path: &path, text }, &MemoryTree::default())
}

#[test]
fn the_example_reads_what_is_locked() {
    let read = parsed(LOCK);
    let packages = read.graph.packages().map(|(_, package)| {
        let version = package.place().span.of(LOCK);
        (&*package.name, version, package.source.is_matched())
    });
    let packages: Vec<_> = packages.collect();
    let expected = [
        ("code.example/team/kiln", "v1.4.0", true),
        ("code.example/team/fork", "v2.0.0", false),
    ];
    assert_eq!(packages, expected);
    let problems: Vec<_> = read
        .problems
        .iter()
        .map(|problem| (problem.cost, problem.message.as_str()))
        .collect();
    let message = "code.example/team/moving has no exact version";
    assert_eq!(problems, [(Cost::Partial, message)]);
}

#[test]
fn the_example_tells_every_cut() {
    let end = LOCK.find("[solve-meta]").expect("a table") + "[solve-meta]".len();
    for (cut, _) in LOCK.char_indices().take_while(|(cut, _)| *cut < end) {
        let problems = parsed(&LOCK[..cut]).problems;
        assert!(
            problems.iter().any(|problem| problem.cost == Cost::Blind),
            "{cut}"
        );
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
