//! Trees of commits with other texts in some files: what is the same for several is read once, and nothing else.

use std::sync::atomic::{AtomicUsize, Ordering};

use lockkeeper::git::refs::Prefer;
use lockkeeper::model::TreePath;
use lockkeeper::model::lines::Choice;
use lockkeeper::plan::Edited;
use lockkeeper::remediate::Overlay;
use lockkeeper::scan::FILE_LIMIT;
use lockkeeper::scan::columns::columns;
use lockkeeper::scan::discover::{Root, discover};
use lockkeeper::scan::read::read_many;

use crate::support::program::Sandbox;

/// Packages of each release line with `edits`, by the names of the lines, and how many lockfiles were read for that.
fn packages(sandbox: &Sandbox, edits: &[(&str, &str)]) -> (Vec<String>, usize) {
    let found = discover(&Root::Path(sandbox.work().to_owned()), FILE_LIMIT).expect("a tree");
    let now = "2026-02-01T00:00:00Z".parse().expect("a time");
    let choice = Choice::Globs("release/*".into());
    let trees = columns(&found, &choice, Prefer::Local, now).expect("lines").trees;
    let edits: Vec<Edited> = edits
        .iter()
        .map(|(path, text)| Edited {
            path: TreePath::new(path.as_bytes()).expect("a path"),
            before: String::new(),
            after: (*text).to_owned(),
        })
        .collect();
    let trees: Vec<_> = trees
        .into_iter()
        .map(|tree| {
            let files = edits.iter().map(|edit| (&edit.path, edit.after.as_str()));
            tree.edited(files, |below| Box::new(Overlay::new(below, &edits)))
        })
        .collect();
    let count = AtomicUsize::new(0);
    let trees: Vec<_> = trees.iter().collect();
    let read = read_many(&trees, |opened| {
        count.fetch_add(1, Ordering::Relaxed);
        let mut names: Vec<String> = opened
            .parsed
            .graph
            .packages()
            .map(|(_, package)| format!("{}@{}", package.name, package.version))
            .collect();
        names.sort();
        names.join(" ")
    });
    let texts = read.iter().map(|files| {
        let texts = files.iter().map(|file| file.result.clone());
        texts.collect::<Vec<String>>().join(" | ")
    });
    (texts.collect(), count.into_inner())
}

fn lines(texts: &[&str]) -> Sandbox {
    let sandbox = Sandbox::new();
    sandbox.git(&["init", "-q", "-b", "main"]);
    sandbox.write("README", "x");
    sandbox.write("requirements.txt", "-r pins/base.txt\nfoo==1.0\n");
    for (number, text) in texts.iter().enumerate() {
        let name = format!("release/{number}");
        sandbox.git(&["checkout", "-q", "-B", &name]);
        sandbox.write("README", format!("{name}\n"));
        sandbox.write("pins/base.txt", *text);
        sandbox.git(&["add", "-A"]);
        sandbox.git(&["commit", "-qm", "Pin"]);
    }
    sandbox
}

#[test]
fn the_same_text_is_read_once_where_its_includes_are_the_same() {
    let sandbox = lines(&["bar==1.0\n", "bar==2.0\n", "bar==1.0\n", "bar==1.0\n"]);
    let edit = ("requirements.txt", "-r pins/base.txt\nfoo==1.1\n");
    let (read, count) = packages(&sandbox, &[edit]);
    let (one, two) = ("bar@1.0 foo@1.1", "bar@2.0 foo@1.1");
    // The newest line comes first.
    assert_eq!(read, [one, one, two, one]);
    assert_eq!(count, 2);
}

#[test]
fn a_text_in_an_include_counts_everywhere() {
    let sandbox = lines(&["bar==1.0\n", "bar==2.0\n"]);
    let (read, count) = packages(&sandbox, &[("pins/base.txt", "bar==3.0\n")]);
    assert_eq!(read, ["bar@3.0 foo@1.0", "bar@3.0 foo@1.0"]);
    assert_eq!(count, 1);
}

#[test]
fn a_text_in_a_parent_counts_in_its_modules() {
    let sandbox = Sandbox::new();
    sandbox.git(&["init", "-q", "-b", "main"]);
    let parent = |version: &str| {
        format!(
            "<project><modelVersion>4.0.0</modelVersion><groupId>org.example</groupId><artifactId>all</artifactId>\
             <version>1</version><packaging>pom</packaging><modules><module>app</module></modules>\
             <properties><left>{version}</left></properties></project>"
        )
    };
    let module = |scope: &str| {
        format!(
            "<project><modelVersion>4.0.0</modelVersion><parent><groupId>org.example</groupId><artifactId>all</artifactId>\
             <version>1</version></parent><artifactId>app</artifactId><dependencies><dependency><groupId>org.example</groupId>\
             <artifactId>left</artifactId><version>${{left}}</version>{scope}</dependency></dependencies></project>"
        )
    };
    for (name, scope) in [
        ("release/0", ""),
        ("release/1", "<scope>test</scope>"),
        ("release/2", ""),
    ] {
        sandbox.git(&["checkout", "-q", "-B", name]);
        sandbox.write("README", format!("{name}\n"));
        sandbox.write("pom.xml", parent("1.0"));
        sandbox.write("app/pom.xml", module(scope));
        sandbox.git(&["add", "-A"]);
        sandbox.git(&["commit", "-qm", "Depend"]);
    }
    let (before, _) = packages(&sandbox, &[]);
    assert!(
        before.iter().all(|line| line.contains("org.example:left@1.0")),
        "{before:?}"
    );
    let edited = parent("2.0");
    let (read, _) = packages(&sandbox, &[("pom.xml", &edited)]);
    assert!(
        read.iter().all(|line| line.contains("org.example:left@2.0")),
        "{read:?}"
    );
    assert!(!read.iter().any(|line| line.contains("left@1.0")), "{read:?}");
}
