//! Versions that parents and BOMs of a repository manage: `packages`, `scan`, `plan` and `fix` with `--resolve`.

use serde_json::Value;

use crate::support::program::{Ran, Sandbox, record};
use crate::support::server::{Server, Trouble};

const NOW: &str = "2026-02-01T00:00:00Z";

fn dependency(artifact: &str, more: &str) -> String {
    format!(
        "<dependency><groupId>org.kiln.example</groupId><artifactId>{artifact}</artifactId>{more}</dependency>"
    )
}

fn version(version: &str) -> String {
    format!("<version>{version}</version>")
}

/// A module whose parent is in a repository. That imports a BOM, whose versions are those of its properties.
struct Project {
    sandbox: Sandbox,
    server: Server,
    index: String,
}

fn top(server: &Server, parent: &str) -> String {
    format!(
        "<project>\n  <modelVersion>4.0.0</modelVersion>\n  <parent>\n    <groupId>org.kiln.example</groupId>\n    <artifactId>parent</artifactId>\n    <version>{parent}</version>\n    <relativePath/>\n  </parent>\n\
         <groupId>org.shop.example</groupId><artifactId>shop</artifactId><version>1</version>\n\
         <repositories><repository><id>central</id><url>{}</url></repository></repositories>\n\
         <dependencies>\n{}\n{}\n{}\n</dependencies>\n</project>\n",
        server.address("/maven2"),
        dependency("kiln", ""),
        dependency("clay", ""),
        dependency("glaze", "")
    )
}

impl Project {
    fn new() -> Self {
        let (sandbox, server) = (Sandbox::new(), Server::start());
        let pom = |artifact: &str, version: &str, inside: &str| {
            server.put(
                &format!("/maven2/org/kiln/example/{artifact}/{version}/{artifact}-{version}.pom"),
                format!(
                    "<project><groupId>org.kiln.example</groupId><artifactId>{artifact}</artifactId><version>{version}</version>\
                     <packaging>pom</packaging>{inside}</project>"
                ),
            );
        };
        let managed = |entries: &str| {
            format!("<dependencyManagement><dependencies>{entries}</dependencies></dependencyManagement>")
        };
        let releases = [
            ("1.0", "1.0", "1.0"),
            ("1.1", "1.0", "2.0"),
            ("1.2", "1.1", "2.0"),
            ("1.3", "1.2", "2.1"),
        ];
        for (parent, kiln, clay) in releases {
            let import = format!(
                "{}<type>pom</type><scope>import</scope>",
                version("${project.version}")
            );
            pom("bom", parent, &managed(&dependency("clay", &version(clay))));
            pom(
                "parent",
                parent,
                &format!(
                    "<properties><kiln.version>{kiln}</kiln.version></properties>{}",
                    managed(&format!(
                        "{}{}",
                        dependency("kiln", &version("${kiln.version}")),
                        dependency("bom", &import.replace("${project.version}", parent))
                    ))
                ),
            );
        }
        let versions = releases.map(|(parent, ..)| version(parent)).concat();
        server.put(
            "/maven2/org/kiln/example/parent/maven-metadata.xml",
            format!("<metadata><groupId>org.kiln.example</groupId><artifactId>parent</artifactId><versioning><versions>{versions}</versions></versioning></metadata>"),
        );
        sandbox.write("pom.xml", top(&server, "1.0"));
        sandbox.git(&["init", "-q"]);
        sandbox.git(&["add", "."]);
        sandbox.git(&["commit", "-q", "-m", "first"]);
        let records = [record(
            "GHSA-bad",
            "Maven",
            "org.kiln.example:kiln",
            "0",
            Some("1.1"),
        )];
        let index = sandbox.index("x.lkdb", &records, NOW);
        Self {
            sandbox,
            server,
            index,
        }
    }

    fn run(&self, words: &[&str]) -> Ran {
        let further = ["--db", &self.index, "--now", NOW];
        let line: Vec<&str> = words.iter().copied().chain(further).collect();
        self.sandbox.run(&line)
    }

    fn packages(&self, words: &[&str]) -> (Ran, Vec<Value>) {
        let line: Vec<&str> = ["packages", "--format", "json"]
            .iter()
            .copied()
            .chain(words.iter().copied())
            .collect();
        let ran = self.sandbox.run(&line);
        let listed = ran.json()["files"][0]["packages"].as_array().cloned();
        (ran, listed.unwrap_or_default())
    }
}

#[test]
fn what_a_repository_manages_has_its_version_and_its_place() {
    let project = Project::new();
    let (without, packages) = project.packages(&[]);
    assert!(packages.is_empty(), "{}", without.out);
    assert_eq!(project.server.hits().len(), 0);
    assert_eq!(project.run(&["scan", "-q"]).code, 3);

    let (ran, packages) = project.packages(&["--resolve"]);
    let shown: Vec<String> = packages
        .iter()
        .map(|package| {
            format!(
                "{} {} line {} from {}",
                package["name"].as_str().unwrap(),
                package["version"].as_str().unwrap(),
                package["line"],
                package["version_from"].as_str().unwrap()
            )
        })
        .collect();
    assert_eq!(
        shown,
        [
            "org.kiln.example:kiln 1.0 line 12 from org.kiln.example:parent 1.0",
            "org.kiln.example:clay 1.0 line 13 from org.kiln.example:bom 1.0",
        ]
    );
    // What nothing manages stays a gap.
    let problems = ran.json()["files"][0]["problems"].to_string();
    assert!(
        problems.contains("org.kiln.example:glaze has no version"),
        "{problems}"
    );
    let scan = project.run(&["scan", "--resolve", "--format", "json"]);
    assert_eq!(scan.code, 1, "{}{}", scan.out, scan.err);
    let upgrade = &scan.json()["upgrades"][0];
    assert!(
        upgrade["by_hand"]
            .as_str()
            .unwrap()
            .starts_with("org.kiln.example:parent 1.0 manages the version"),
        "{upgrade}"
    );
    // The answers are kept.
    assert_eq!(project.run(&["scan", "--resolve", "--offline", "-q"]).code, 1);
}

#[test]
fn what_a_repository_does_not_give_is_named_and_stays_a_gap() {
    let project = Project::new();
    let path = "/maven2/org/kiln/example/bom/1.0/bom-1.0.pom";
    project.server.trouble(path, 9, Trouble::Status(401, None));
    let (ran, packages) = project.packages(&["--resolve"]);
    assert_eq!(packages.len(), 1);
    assert!(
        ran.err
            .contains("the pom of org.kiln.example:bom 1.0 is not read: ")
            && ran.err.contains("401"),
        "{}",
        ran.err
    );
    let problems = ran.json()["files"][0]["problems"].to_string();
    assert!(
        problems.contains("org.kiln.example:clay is managed outside the tree (BOM org.kiln.example:bom 1.0)"),
        "{problems}"
    );
}

#[test]
fn the_lowest_parent_that_helps_is_taken_and_what_it_moves_is_listed() {
    let project = Project::new();
    // Without it nothing is known of the versions.
    assert_eq!(project.run(&["fix"]).code, 3);
    let plan = project.run(&["plan", "--resolve"]);
    assert_eq!(plan.code, 0, "{}{}", plan.out, plan.err);
    for line in [
        "org.kiln.example:kiln 1.0 → 1.1",
        "also org.kiln.example:clay 1.0 → 2.0",
        "also org.kiln.example:parent 1.0 → 1.2",
    ] {
        assert!(plan.out.contains(line), "{}", plan.out);
    }
    let fix = project.run(&["fix", "--resolve", "--format", "json"]);
    assert_eq!(fix.code, 0, "{}{}", fix.out, fix.err);
    assert_eq!(fix.json()["targets"][0]["moves"][0]["strategy"], "parent");
    let text = std::fs::read_to_string(project.sandbox.work().join("pom.xml")).unwrap();
    assert_eq!(text, top(&project.server, "1.2"));
    assert_eq!(project.run(&["scan", "--resolve", "-q"]).code, 0);
}
