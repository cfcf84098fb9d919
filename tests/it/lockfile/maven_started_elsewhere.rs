//! Arguments of Maven hang on the folder that it is started in: `-f` counts from there, and `.mvn` may lie above PATH.

use serde_json::Value;

use crate::support::program::{Sandbox, record};

const NOW: &str = "2026-02-01T00:00:00Z";

fn prepared() -> (Sandbox, String) {
    let sandbox = Sandbox::new();
    let records = [record("GHSA-log", "Maven", "org.example:log", "0", Some("2.0"))];
    let index = sandbox.index("index.lkdb", &records, NOW);
    (sandbox, index)
}

fn pom(version: &str) -> String {
    format!(
        "<project><modelVersion>4.0.0</modelVersion><groupId>com.example</groupId><artifactId>app</artifactId>\
         <version>1</version><properties><log>2.0</log></properties><dependencies><dependency>\
         <groupId>org.example</groupId><artifactId>log</artifactId><version>{version}</version></dependency></dependencies></project>"
    )
}

/// The code and the partial gaps.
fn scanned(sandbox: &Sandbox, index: &str, path: &str) -> (i32, Vec<String>) {
    let ran = sandbox.run(&["scan", path, "--db", index, "--now", NOW, "--format", "json"]);
    let report = ran.json();
    let gaps = report["coverage"]["partial"].as_array().expect("gaps");
    let text = |value: &Value| value.as_str().expect("text").to_owned();
    let gaps = gaps
        .iter()
        .map(|gap| format!("{}: {}", text(&gap["file"]), text(&gap["reason"])));
    (ran.code, gaps.collect())
}

/// Maven 3.8.7, 3.9.12 and 4.0.0-rc-6 build `sub/b.xml` when they are started in `sub`, with or without a `sub/pom.xml`.
#[test]
fn a_file_counts_from_where_maven_is_started() {
    let (sandbox, index) = prepared();
    sandbox.write("pom.xml", pom("2.0"));
    sandbox.write("b.xml", pom("2.0"));
    sandbox.write("sub/b.xml", pom("1.0"));
    assert_eq!(scanned(&sandbox, &index, "."), (0, vec![]));
    for option in [
        "-f\nb.xml",
        "-fb.xml",
        "--file=b.xml",
        "--file\nb.xml",
        "-f=b.xml",
    ] {
        sandbox.write(".mvn/maven.config", format!("{option}\n"));
        let (code, gaps) = scanned(&sandbox, &index, ".");
        assert_eq!((code, gaps.len()), (0, 1), "{option} {gaps:?}");
        assert!(
            gaps[0].starts_with(".mvn/maven.config: ")
                && gaps[0].contains("a b.xml in a folder without a pom.xml"),
            "{gaps:?}"
        );
    }
    // A pom shows that Maven may be started in its folder.
    sandbox.write("sub/pom.xml", pom("2.0"));
    assert_eq!(scanned(&sandbox, &index, ".").0, 1);
}

#[test]
fn arguments_above_path_are_a_gap() {
    let (sandbox, index) = prepared();
    sandbox.git(&["init", "-q", "-b", "main"]);
    sandbox.write("sub/pom.xml", pom("${log}"));
    sandbox.write(".mvn/maven.config", "-Dlog=1.0\n");
    sandbox.git(&["add", "-A"]);
    sandbox.git(&["commit", "-qm", "one"]);
    assert_eq!(scanned(&sandbox, &index, "."), (1, vec![]));
    let (_, gaps) = scanned(&sandbox, &index, "sub");
    assert_eq!(
        gaps,
        [
            "pom.xml: .mvn/maven.config is above what is scanned: the arguments that Maven takes from there are not known"
        ]
    );
    // The nearest `.mvn` alone counts.
    sandbox.write("sub/.mvn/maven.config", "-Dlog=2.0\n");
    assert_eq!(scanned(&sandbox, &index, "sub"), (0, vec![]));
    std::fs::remove_file(sandbox.work().join("sub/.mvn/maven.config")).expect("removed");
    std::fs::remove_file(sandbox.work().join(".mvn/maven.config")).expect("removed");
    sandbox.write(".mvn/jvm.config", "-Dlog=1.0\n");
    assert_eq!(scanned(&sandbox, &index, "sub").1.len(), 1);
}
