//! Poms that the scan does not find by their name, through the program: on disk, in commits, staged.

use crate::support::program::{Sandbox, record};

const NOW: &str = "2026-02-01T00:00:00Z";

fn pom(artifact: &str, inside: &str) -> String {
    format!(
        "<project><modelVersion>4.0.0</modelVersion><groupId>kiln</groupId><artifactId>{artifact}</artifactId>\
         <version>1</version><packaging>pom</packaging>\n{inside}</project>\n"
    )
}

fn clear(version: &str) -> String {
    format!(
        "<dependencies><dependency><groupId>glaze</groupId><artifactId>clear</artifactId>\n<version>{version}</version>\
         </dependency></dependencies>"
    )
}

fn modules(names: &[&str]) -> String {
    let names: String = names
        .iter()
        .map(|name| format!("<module>{name}</module>"))
        .collect();
    format!("<modules>{names}</modules>")
}

/// A repository with these files, none of them committed, and an index that knows of `glaze:clear`.
fn prepared(files: &[(&str, String)]) -> (Sandbox, String) {
    let sandbox = Sandbox::new();
    let records = [record("GHSA-glaze", "Maven", "glaze:clear", "0", Some("2.0"))];
    let index = sandbox.index("index.lkdb", &records, NOW);
    for (path, text) in files {
        sandbox.write(path, text);
    }
    sandbox.git(&["init", "-q"]);
    (sandbox, index)
}

/// The exit code and where the findings are.
fn scanned(sandbox: &Sandbox, index: &str, arguments: &[&str]) -> (i32, Vec<String>) {
    let common = ["--db", index, "--now", NOW, "--format", "json"];
    let ran = sandbox.run(&[&["scan"], &common[..], arguments].concat());
    let report = ran.json();
    let findings = report["targets"][0]["findings"].as_array().expect("findings");
    let places = findings.iter().map(|finding| {
        let file = finding["file"].as_str().expect("a file");
        format!("{file}:{}", finding["line"])
    });
    (ran.code, places.collect())
}

fn place(file: &str) -> (i32, Vec<String>) {
    (1, vec![file.to_owned()])
}

#[test]
fn a_module_in_an_ignored_folder_is_read_with_the_pom_that_names_it() {
    for ignored in ["made/\n", "/made/pom.xml\n", "m*\n"] {
        let (sandbox, index) = prepared(&[
            ("pom.xml", pom("all", &modules(&["made"]))),
            ("made/pom.xml", pom("made", &clear("1.0"))),
            (".gitignore", ignored.to_owned()),
        ]);
        assert_eq!(
            scanned(&sandbox, &index, &["."]),
            place("made/pom.xml:3"),
            "{ignored}"
        );
    }
}

#[test]
fn a_module_of_an_ignored_module_is_read_too() {
    let (sandbox, index) = prepared(&[
        ("pom.xml", pom("all", &modules(&["out/one"]))),
        (
            "out/one/pom.xml",
            pom("one", &modules(&["../two/build.xml", "../three"])),
        ),
        ("out/two/build.xml", pom("two", "")),
        ("out/three/pom.xml", pom("three", &clear("1.0"))),
        (".gitignore", "out\n".to_owned()),
    ]);
    assert_eq!(scanned(&sandbox, &index, &["."]), place("out/three/pom.xml:3"));
}

#[test]
fn what_a_person_leaves_out_stays_out() {
    let files = |more: (&'static str, &str)| {
        [
            ("pom.xml", pom("all", &modules(&["made"]))),
            ("made/pom.xml", pom("made", &clear("1.0"))),
            (more.0, more.1.to_owned()),
        ]
    };
    let policy = "schema: lockkeeper.policy/1\nexclude: [\"made/**\"]\n";
    let (sandbox, index) = prepared(&files(("lockkeeper.yml", policy)));
    assert_eq!(scanned(&sandbox, &index, &["."]), (0, vec![]));
    // Excluded and ignored: nobody asked for it all the same.
    sandbox.write(".gitignore", "made\n");
    assert_eq!(scanned(&sandbox, &index, &["."]), (0, vec![]));
    let (sandbox, index) = prepared(&files(("notes", "x")));
    assert_eq!(scanned(&sandbox, &index, &["pom.xml"]), (0, vec![]));
}

/// Scans the files on disk, staged, and in a commit: each tells the same.
fn everywhere(files: &[(&str, String)]) -> (i32, Vec<String>) {
    let (sandbox, index) = prepared(files);
    let on_disk = scanned(&sandbox, &index, &["."]);
    sandbox.write("first", "1");
    sandbox.git(&["add", "first"]);
    sandbox.git(&["commit", "-qm", "first"]);
    sandbox.git(&["add", "-A"]);
    let (code, places) = scanned(&sandbox, &index, &["--staged"]);
    assert_eq!((code, places), on_disk, "staged and on disk");
    sandbox.git(&["commit", "-qm", "second"]);
    sandbox.git(&["tag", "v1"]);
    assert_eq!(
        scanned(&sandbox, &index, &["--refs", "tags/v1"]),
        on_disk,
        "in a commit and on disk"
    );
    on_disk
}

#[test]
fn a_configuration_that_builds_another_pom_where_there_is_no_other() {
    for config in [
        "-f\nbuild.xml\n",
        "-fbuild.xml\n",
        "--file=build.xml\n",
        "--file\nbuild.xml\n",
    ] {
        let found = everywhere(&[
            (".mvn/maven.config", config.to_owned()),
            ("build.xml", pom("all", &clear("1.0"))),
        ]);
        assert_eq!(found, place("build.xml:3"), "{config}");
    }
    // In a folder of its own, with a property and a module that no name gives away.
    let found = everywhere(&[
        (
            "kiln/.mvn/maven.config",
            "-Dclear=1.5\n-f\nbuild/all.xml\n".to_owned(),
        ),
        ("kiln/build/all.xml", pom("all", &modules(&["one.xml"]))),
        ("kiln/build/one.xml", pom("one", &clear("${clear}"))),
    ]);
    assert_eq!(found, place("kiln/.mvn/maven.config:1"));
}

#[test]
fn a_configuration_that_leads_nowhere_or_to_what_is_read_anyway() {
    // Nothing is built where the file is not there.
    let found = everywhere(&[(".mvn/maven.config", "-f\nbuild.xml\n".to_owned())]);
    assert_eq!(found, (3, vec![]));
    let found = everywhere(&[(".mvn/maven.config", "-f\n../build.xml\n".to_owned())]);
    assert_eq!(found, (3, vec![]));
    // The pom of a folder is found by its name, under the same properties.
    let found = everywhere(&[
        (".mvn/maven.config", "-Dclear=1.5\n-f\nsub\n".to_owned()),
        ("sub/pom.xml", pom("sub", &clear("${clear}"))),
    ]);
    assert_eq!(found, place(".mvn/maven.config:1"));
    // No option of this kind: the configuration is no lockfile.
    let found = everywhere(&[
        (".mvn/maven.config", "-Dclear=1.5\n".to_owned()),
        ("sub/pom.xml", pom("sub", &clear("2.0"))),
    ]);
    assert_eq!(found, (0, vec![]));
}

#[test]
fn a_pom_of_an_ignored_folder_that_the_configuration_builds() {
    let (sandbox, index) = prepared(&[
        (".mvn/maven.config", "-f\nmade\n".to_owned()),
        ("made/pom.xml", pom("made", &clear("1.0"))),
        (".gitignore", "made\n".to_owned()),
    ]);
    assert_eq!(scanned(&sandbox, &index, &["."]), place("made/pom.xml:3"));
}
