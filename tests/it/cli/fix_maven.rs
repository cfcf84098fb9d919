//! `plan` and `fix` of poms as a user runs them, with a repository on this machine.

use crate::support::program::{Ran, Sandbox, record};
use crate::support::server::{Server, Trouble};

const NOW: &str = "2026-02-01T00:00:00Z";

/// A build with a module. The property of the top is the version of `kiln`, of which 1.1 is fixed and brings another `clay`.
struct Project {
    sandbox: Sandbox,
    server: Server,
    index: String,
}

const FOLDER: &str = "/maven2/org/kiln/example";

fn dependency(artifact: &str, version: &str) -> String {
    let version = match version {
        "" => String::new(),
        version => format!("<version>{version}</version>"),
    };
    format!(
        "<dependency><groupId>org.kiln.example</groupId><artifactId>{artifact}</artifactId>{version}</dependency>"
    )
}

fn top(server: &Server, version: &str) -> String {
    format!(
        "<project>\r\n  <modelVersion>4.0.0</modelVersion>\r\n  <groupId>org.shop.example</groupId><artifactId>shop</artifactId><version>1</version>\r\n\
         <packaging>pom</packaging>\r\n  <modules><module>core</module></modules>\r\n\
         <repositories><repository><id>central</id><url>{}</url></repository></repositories>\r\n\
         <properties>\r\n    <kiln.version>{version}</kiln.version> <!-- see #7 -->\r\n  </properties>\r\n\
         <dependencyManagement><dependencies>{}</dependencies></dependencyManagement>\r\n</project>\r\n",
        server.address("/maven2"),
        dependency("kiln", "${kiln.version}")
    )
}

impl Project {
    fn new() -> Self {
        let (sandbox, server) = (Sandbox::new(), Server::start());
        let put = |artifact: &str, releases: &[(&str, &str)]| {
            let versions: String = releases
                .iter()
                .map(|(version, needs)| {
                    let pom = format!(
                        "<project><groupId>org.kiln.example</groupId><artifactId>{artifact}</artifactId><version>{version}</version>\
                         <dependencies>{needs}</dependencies></project>"
                    );
                    server.put(&format!("{FOLDER}/{artifact}/{version}/{artifact}-{version}.pom"), pom);
                    format!("<version>{version}</version>")
                })
                .collect();
            server.put(
                &format!("{FOLDER}/{artifact}/maven-metadata.xml"),
                format!("<metadata><groupId>org.kiln.example</groupId><artifactId>{artifact}</artifactId><versioning><versions>{versions}</versions></versioning></metadata>"),
            );
        };
        let (old, new) = (dependency("clay", "1.0"), dependency("clay", "2.0"));
        put("kiln", &[("1.0", &old), ("1.1", &new), ("1.2", &new)]);
        put("clay", &[("1.0", ""), ("2.0", "")]);
        sandbox.write("pom.xml", top(&server, "1.0"));
        sandbox.write(
            "core/pom.xml",
            format!(
                "<project><modelVersion>4.0.0</modelVersion><parent><groupId>org.shop.example</groupId><artifactId>shop</artifactId><version>1</version></parent>\
                 <artifactId>core</artifactId><dependencies>{}</dependencies></project>\n",
                dependency("kiln", "")
            ),
        );
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

    fn text(&self, name: &str) -> String {
        std::fs::read_to_string(self.sandbox.work().join(name)).expect("a file")
    }
}

#[test]
fn a_fix_of_a_property_passes_a_scan_and_leaves_the_module() {
    let project = Project::new();
    let core = project.text("core/pom.xml");
    assert_eq!(project.run(&["scan", "-q"]).code, 1);
    let plan = project.run(&["plan"]);
    assert_eq!(plan.code, 0, "{}{}", plan.out, plan.err);
    for line in [
        "org.kiln.example:kiln 1.0 → 1.1",
        "also org.kiln.example:clay 1.0 → 2.0",
    ] {
        assert!(plan.out.contains(line), "{}", plan.out);
    }
    let fix = project.run(&["fix", "--format", "json"]);
    assert_eq!(fix.code, 0, "{}{}", fix.out, fix.err);
    let target = &fix.json()["targets"][0];
    assert_eq!(target["moves"][0]["to"], "1.1");
    assert_eq!(target["collateral"][0]["name"], "org.kiln.example:clay");
    assert_eq!(project.text("pom.xml"), top(&project.server, "1.1"));
    assert_eq!(project.text("core/pom.xml"), core);
    assert_eq!(project.run(&["scan", "-q"]).code, 0);
    // Nothing is left to do, and a second run does nothing.
    assert_eq!(project.run(&["fix", "--allow-dirty"]).code, 0);
    assert_eq!(project.text("pom.xml"), top(&project.server, "1.1"));
}

#[test]
fn a_repository_that_fails_is_named_and_nothing_is_written() {
    let project = Project::new();
    let before = project.text("pom.xml");
    let pom = format!("{FOLDER}/kiln/1.1/kiln-1.1.pom");
    for version in ["1.1", "1.2"] {
        let path = format!("{FOLDER}/kiln/{version}/kiln-{version}.pom");
        project.server.trouble(&path, 99, Trouble::Status(401, None));
    }
    let fix = project.run(&["fix"]);
    assert_eq!(fix.code, 1, "{}{}", fix.out, fix.err);
    // Lines are broken where they are long.
    let told: String = fix.out.split_whitespace().collect();
    for words in ["The pom of org.kiln.example:kiln 1.1 could not be learnt", &pom] {
        let words: String = words.split_whitespace().collect();
        assert!(told.contains(&words), "{told}");
    }
    assert_eq!(project.text("pom.xml"), before);
}

#[test]
fn settings_that_the_build_names_itself_lead_to_its_mirror() {
    let project = Project::new();
    let own = project.server.address("/maven2");
    let elsewhere = project
        .text("pom.xml")
        .replace(&own, "https://elsewhere.registry.example/maven2");
    project.sandbox.write("pom.xml", &elsewhere);
    project
        .sandbox
        .write(".mvn/maven.config", "-s\n.mvn/settings.xml\n");
    let mirror = format!("<mirror><id>m</id><mirrorOf>*</mirrorOf><url>{own}</url></mirror>");
    project.sandbox.write(
        ".mvn/settings.xml",
        format!("<settings><mirrors>{mirror}</mirrors></settings>"),
    );
    let plan = project.run(&["plan"]);
    assert_eq!(plan.code, 0, "{}{}", plan.out, plan.err);
    assert!(
        plan.out.contains("org.kiln.example:kiln 1.0 → 1.1"),
        "{}",
        plan.out
    );
}
