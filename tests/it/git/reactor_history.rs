//! What a line of a Maven reactor ever held: the same as a scan of each of its commits finds.

use std::collections::{BTreeMap, BTreeSet};

use crate::support::program::{Sandbox, record};

const NOW: &str = "2026-02-01T00:00:00Z";

/// A pom of `artifact` with `inside`, whose parent is the one at the top.
pub(crate) fn child(artifact: &str, inside: &str) -> String {
    format!(
        "<project><modelVersion>4.0.0</modelVersion><parent><groupId>loom</groupId><artifactId>top</artifactId>\
         <version>1</version></parent><artifactId>{artifact}</artifactId>\n{inside}</project>\n"
    )
}

/// The pom at the top with these modules, `inside`, and properties.
pub(crate) fn top(modules: &[&str], properties: &str, inside: &str) -> String {
    let modules: String = modules
        .iter()
        .map(|module| format!("<module>{module}</module>"))
        .collect();
    format!(
        "<project><modelVersion>4.0.0</modelVersion><groupId>loom</groupId><artifactId>top</artifactId><version>1</version>\
         <packaging>pom</packaging>\n<modules>{modules}</modules>\n<properties>{properties}</properties>\n{inside}</project>\n"
    )
}

fn dependency(artifact: &str, version: &str) -> String {
    let version = match version {
        "" => String::new(),
        version => format!("<version>{version}</version>"),
    };
    format!("<dependency><groupId>yarn</groupId><artifactId>{artifact}</artifactId>{version}</dependency>\n")
}

pub(crate) fn dependencies(list: &[(&str, &str)]) -> String {
    let list: String = list
        .iter()
        .map(|(artifact, version)| dependency(artifact, version))
        .collect();
    format!("<dependencies>{list}</dependencies>")
}

pub(crate) fn managed(list: &[(&str, &str)]) -> String {
    format!(
        "<dependencyManagement>{}</dependencyManagement>",
        dependencies(list)
    )
}

/// A file that is written, or taken away.
pub(crate) type Change = (&'static str, Option<String>);

/// Commits each of `steps` on `main` with a tag of its own, and asserts that the history of the line and separate scans of
/// the tags know the same; gives what each commit held, as `artifact@version`.
pub(crate) fn held(steps: &[Vec<Change>]) -> Vec<String> {
    let sandbox = Sandbox::new();
    let names = ["wool", "silk", "hemp"];
    let records: Vec<_> = names
        .iter()
        .map(|name| {
            record(
                &format!("GHSA-{name}"),
                "Maven",
                &format!("yarn:{name}"),
                "0",
                Some("9"),
            )
        })
        .collect();
    let index = sandbox.index("index.lkdb", &records, NOW);
    sandbox.git(&["init", "-q"]);
    for (number, step) in steps.iter().enumerate() {
        for (path, text) in step {
            match text {
                Some(text) => {
                    sandbox.write(path, text);
                }
                None => std::fs::remove_file(sandbox.work().join(path)).expect("a file"),
            }
        }
        sandbox.git(&["add", "-A"]);
        sandbox.git(&["commit", "-qm", "step"]);
        sandbox.git(&["tag", &format!("c{number:02}")]);
    }
    let common = ["--db", &index, "--now", NOW, "--format", "json"];
    let ran = sandbox.run(&[&["status", "--history", "--refs", "main"], &common[..]].concat());
    let report = ran.json();
    let mut of_history: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for holding in report["history"].as_array().expect("a history") {
        let package = holding["package"].as_str().expect("a purl");
        let package = package.trim_start_matches("pkg:maven/yarn/");
        for tag in holding["tags"].as_array().expect("tags") {
            let tag = tag.as_str().expect("a tag").to_owned();
            of_history.entry(tag).or_default().insert(package.to_owned());
        }
    }
    let scan = |refs: &str| {
        let report = sandbox
            .run(&[&["scan", "--refs", refs], &common[..]].concat())
            .json();
        let targets = report["targets"].as_array().expect("targets").clone();
        let of = |target: &serde_json::Value| -> (String, BTreeSet<String>) {
            let name = target["ref"]
                .as_str()
                .expect("a ref")
                .trim_start_matches("refs/tags/");
            let findings = target["findings"].as_array().expect("findings").iter();
            let packages = findings.map(|finding| {
                let purl = finding["package"]["purl"].as_str().expect("a purl");
                purl.trim_start_matches("pkg:maven/yarn/").to_owned()
            });
            (name.to_owned(), packages.collect())
        };
        targets.iter().map(of).collect::<BTreeMap<_, _>>()
    };
    let together = scan("tags/c*");
    assert_eq!(together.len(), steps.len());
    together
        .iter()
        .map(|(tag, packages)| {
            let alone = scan(&format!("tags/{tag}"));
            assert_eq!(alone.get(tag), Some(packages), "{tag} alone and with the others");
            let told = of_history.get(tag).cloned().unwrap_or_default();
            assert_eq!(told, *packages, "{tag} in the history and scanned");
            packages.iter().cloned().collect::<Vec<_>>().join(" ")
        })
        .collect()
}

#[test]
fn a_parent_that_changes_alone_changes_its_modules() {
    let version = |version: &str| format!("<wool>{version}</wool>");
    let steps = [
        vec![
            (
                "pom.xml",
                Some(top(&["a", "b"], &version("1"), &managed(&[("silk", "1")]))),
            ),
            (
                "a/pom.xml",
                Some(child("a", &dependencies(&[("wool", "${wool}"), ("silk", "")]))),
            ),
            ("b/pom.xml", Some(child("b", &dependencies(&[("hemp", "3")])))),
        ],
        // A property, a managed version, a property that is looked up through another one.
        vec![(
            "pom.xml",
            Some(top(&["a", "b"], &version("2"), &managed(&[("silk", "1")]))),
        )],
        vec![(
            "pom.xml",
            Some(top(&["a", "b"], &version("2"), &managed(&[("silk", "4")]))),
        )],
        vec![(
            "pom.xml",
            Some(top(
                &["a", "b"],
                "<x>5</x><wool>${x}</wool>",
                &managed(&[("silk", "4")]),
            )),
        )],
        vec![(
            "pom.xml",
            Some(top(
                &["a", "b"],
                "<x>9</x><wool>${x}</wool>",
                &managed(&[("silk", "4")]),
            )),
        )],
        // What every module gets, and a profile that alone has another version.
        vec![(
            "pom.xml",
            Some(top(&["a", "b"], &version("9"), &dependencies(&[("silk", "6")]))),
        )],
        vec![(
            "pom.xml",
            Some(top(
                &["a", "b"],
                &version("9"),
                "<profiles><profile><id>p</id><properties><wool>8</wool></properties></profile></profiles>",
            )),
        )],
        // The order of two entries that say the same.
        vec![(
            "pom.xml",
            Some(top(
                &["a", "b"],
                &version("9"),
                &managed(&[("silk", "1"), ("silk", "2")]),
            )),
        )],
        vec![(
            "pom.xml",
            Some(top(
                &["a", "b"],
                &version("9"),
                &managed(&[("silk", "2"), ("silk", "1")]),
            )),
        )],
    ];
    assert_eq!(
        held(&steps),
        [
            "hemp@3 silk@1 wool@1",
            "hemp@3 silk@1 wool@2",
            "hemp@3 silk@4 wool@2",
            "hemp@3 silk@4 wool@5",
            "hemp@3 silk@4",
            "hemp@3 silk@6",
            "hemp@3 wool@8",
            "hemp@3 silk@1",
            "hemp@3 silk@2",
        ]
    );
}

#[test]
fn modules_that_come_go_and_get_another_name() {
    let steps = [
        vec![
            ("pom.xml", Some(top(&["a", "b"], "", ""))),
            ("a/pom.xml", Some(child("a", &dependencies(&[("wool", "1")])))),
            (
                "b/pom.xml",
                Some(child(
                    "b",
                    "<dependencies><dependency><groupId>loom</groupId><artifactId>a</artifactId><version>1</version></dependency>\
                     </dependencies>",
                )),
            ),
        ],
        // Removed from the tree, and still named.
        vec![("a/pom.xml", None)],
        // Under another name; the same file, which is a module again.
        vec![
            ("pom.xml", Some(top(&["c", "b"], "", ""))),
            ("c/pom.xml", Some(child("a", &dependencies(&[("wool", "1")])))),
        ],
        // Its coordinates alone: what `b` asks for is another artifact now.
        vec![("c/pom.xml", Some(child("silk", &dependencies(&[("wool", "2")]))))],
        // A pom that only the list of modules leads to, and the same list without it.
        vec![
            ("pom.xml", Some(top(&["c", "b", "d/build.xml"], "", ""))),
            ("d/build.xml", Some(child("d", &dependencies(&[("hemp", "1")])))),
        ],
        vec![("d/build.xml", Some(child("d", &dependencies(&[("hemp", "2")]))))],
        vec![("pom.xml", Some(top(&["c", "b"], "", "")))],
    ];
    assert_eq!(
        held(&steps),
        [
            "wool@1",
            "",
            "wool@1",
            "wool@2",
            "hemp@1 wool@2",
            "hemp@2 wool@2",
            "wool@2"
        ]
    );
}

#[test]
fn further_files_that_change_alone() {
    let config = ".mvn/maven.config";
    let steps = [
        vec![
            ("pom.xml", Some(top(&["a"], "", ""))),
            (
                "a/pom.xml",
                Some(child("a", &dependencies(&[("wool", "${wool}")]))),
            ),
        ],
        vec![(config, Some("-Dwool=1\n".to_owned()))],
        vec![(config, Some("-Dwool=2\n".to_owned()))],
        // A nearer `.mvn`, which only its mark shows.
        vec![("a/.mvn/extensions.xml", Some("<extensions/>\n".to_owned()))],
        vec![("a/.mvn/jvm.config", Some("-Dwool=3\n".to_owned()))],
        vec![(config, None)],
        vec![
            ("a/.mvn/jvm.config", None),
            ("a/.mvn/extensions.xml", None),
            (config, Some("-f\nbuild.xml\n".to_owned())),
            (
                "build.xml",
                Some(top(&["a"], "<wool>4</wool>", &dependencies(&[("silk", "1")]))),
            ),
        ],
        // A file that is wanted by nothing but an option.
        vec![(
            "build.xml",
            Some(top(&["a"], "<wool>4</wool>", &dependencies(&[("silk", "2")]))),
        )],
    ];
    let held = held(&steps);
    assert_eq!(
        held.iter().map(String::as_str).collect::<Vec<_>>(),
        [
            "",
            "wool@1",
            "wool@2",
            "wool@2",
            "wool@2 wool@3",
            "wool@3",
            "silk@1",
            "silk@2"
        ]
    );
}

#[test]
fn a_parent_of_another_name_and_a_bom_beside() {
    let bom = |version: &str| {
        format!(
            "<project><modelVersion>4.0.0</modelVersion><groupId>loom</groupId><artifactId>bom</artifactId><version>1</version>\
             <packaging>pom</packaging>\n<properties><silk>{version}</silk></properties>{}</project>\n",
            managed(&[("silk", "${silk}")])
        )
    };
    let own = |wool: &str| {
        format!(
            "<project><modelVersion>4.0.0</modelVersion><groupId>loom</groupId><artifactId>base</artifactId><version>1</version>\
             <packaging>pom</packaging>\n<properties><wool>{wool}</wool></properties></project>\n"
        )
    };
    let module = format!(
        "<project><modelVersion>4.0.0</modelVersion><parent><groupId>loom</groupId><artifactId>base</artifactId>\
         <version>1</version><relativePath>../base.xml</relativePath></parent><artifactId>a</artifactId>\n\
         <dependencyManagement><dependencies><dependency><groupId>loom</groupId><artifactId>bom</artifactId>\
         <version>1</version><type>pom</type><scope>import</scope></dependency></dependencies></dependencyManagement>{}\
         </project>\n",
        dependencies(&[("wool", "${wool}"), ("silk", "")])
    );
    let steps = [
        vec![
            ("pom.xml", Some(top(&["bom", "a"], "", ""))),
            ("bom/pom.xml", Some(bom("1"))),
            ("base.xml", Some(own("1"))),
            ("a/pom.xml", Some(module)),
        ],
        vec![("bom/pom.xml", Some(bom("2")))],
        vec![("base.xml", Some(own("2")))],
        vec![("base.xml", None)],
    ];
    assert_eq!(
        held(&steps),
        ["silk@1 wool@1", "silk@2 wool@1", "silk@2 wool@2", "silk@2"]
    );
}
