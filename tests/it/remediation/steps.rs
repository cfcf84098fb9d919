//! What to do about findings: how far an upgrade goes, who brings the package, which command does it, what is counted.

use std::sync::Arc;

use lockkeeper::ecosystem::purl;
use lockkeeper::model::finding::Match;
use lockkeeper::model::{
    Class, Decision, DependencyPaths, Ecosystem, Finding, Outcome, Scope, Scopes, Step, Target, TreePath,
};
use lockkeeper::remediation::{Kind, Summary, remediations};
use lockkeeper::text::Position;

use crate::support::outcomes;

/// A finding of `advisory` on `name` at `version` in `file`, with `upgrade` as the version to upgrade to.
fn finding(
    ecosystem: Ecosystem,
    name: &str,
    version: &str,
    upgrade: Option<&str>,
    file: &str,
    advisory: &str,
) -> Finding {
    let mut advisory_of = outcomes::blocked().targets[0].findings[0]
        .advisory
        .as_ref()
        .clone();
    advisory_of.id = advisory.to_owned();
    advisory_of.aliases.clear();
    let matched = Match {
        advisory: Arc::new(advisory_of),
        group: None,
        record: None,
        purl: purl::of(&ecosystem, name, version),
        ecosystem,
        name: name.into(),
        version: version.into(),
        fixed: Arc::from([]),
        upgrade: upgrade.map(Into::into),
        reason: "in the range".into(),
    };
    let mut finding = Finding::new(
        Arc::new(matched),
        TreePath::new(file).expect("a path"),
        Position { line: 3, column: 1 },
    );
    finding.decision = Decision::Fail;
    finding
}

fn outcome(root: &str, findings: Vec<Finding>) -> Outcome {
    let blocked = outcomes::blocked();
    let target = Target {
        root: root.into(),
        findings,
        ..blocked.targets[0].clone()
    };
    Outcome {
        targets: vec![target],
        ..blocked
    }
}

fn commands(root: &str, findings: Vec<Finding>) -> Vec<Option<String>> {
    let outcome = outcome(root, findings);
    let steps = remediations(&outcome, Finding::blocks);
    steps.iter().map(|step| step.command()).collect()
}

#[test]
fn each_format_gives_the_command_of_its_own_tool() {
    let direct = |mut finding: Finding| {
        finding.direct = true;
        finding
    };
    for (finding, command) in [
        (
            finding(
                Ecosystem::CRATES_IO,
                "h2",
                "0.4.2",
                Some("0.4.16"),
                "Cargo.lock",
                "A-1",
            ),
            "cargo update -p h2@0.4.2 --precise 0.4.16",
        ),
        (
            finding(
                Ecosystem::GO,
                "golang.org/x/net",
                "v0.1.0",
                Some("v0.56.0"),
                "go.mod",
                "A-1",
            ),
            "go get golang.org/x/net@v0.56.0",
        ),
        (
            finding(Ecosystem::GO, "stdlib", "1.26.0", Some("1.26.6"), "go.mod", "A-1"),
            "go get go@1.26.6",
        ),
        (
            finding(
                Ecosystem::GO,
                "stdlib",
                "go1.26.0",
                Some("go1.26.6"),
                "go.mod",
                "A-1",
            ),
            "go get toolchain@go1.26.6",
        ),
        (
            direct(finding(
                Ecosystem::NPM,
                "@acme/left",
                "1.0.0",
                Some("1.0.1"),
                "package-lock.json",
                "A-1",
            )),
            "npm install @acme/left@1.0.1",
        ),
        (
            finding(
                Ecosystem::NPM,
                "left",
                "1.0.0",
                Some("1.0.1"),
                "package-lock.json",
                "A-1",
            ),
            "npm update left",
        ),
        (
            finding(Ecosystem::PYPI, "h11", "0.14.0", Some("0.16.0"), "uv.lock", "A-1"),
            "uv lock --upgrade-package h11==0.16.0",
        ),
        (
            finding(
                Ecosystem::PYPI,
                "h11",
                "0.14.0",
                Some("0.16.0"),
                "poetry.lock",
                "A-1",
            ),
            "poetry update --lock h11",
        ),
        (
            finding(
                Ecosystem::PYPI,
                "h11",
                "0.14.0",
                Some("0.16.0"),
                "Pipfile.lock",
                "A-1",
            ),
            "pipenv upgrade h11",
        ),
        (
            finding(
                Ecosystem::MAVEN,
                "org.acme:core",
                "2.0",
                Some("2.1"),
                "pom.xml",
                "A-1",
            ),
            "mvn versions:use-dep-version -Dincludes=org.acme:core -DdepVersion=2.1 -DforceVersion=true",
        ),
    ] {
        assert_eq!(commands(".", vec![finding]), [Some(command.to_owned())]);
    }
    let requirements = finding(
        Ecosystem::PYPI,
        "h11",
        "0.14.0",
        Some("0.16.0"),
        "requirements.txt",
        "A-1",
    );
    assert_eq!(commands(".", vec![requirements]), [None]);
}

#[test]
fn a_command_runs_in_the_folder_of_each_lockfile_and_holds_nothing_that_a_shell_obeys() {
    let at = |file: &str| finding(Ecosystem::CRATES_IO, "h2", "0.4.2", Some("0.4.16"), file, "A-1");
    assert_eq!(
        commands("web", vec![at("Cargo.lock"), at("api/Cargo.lock")]),
        [Some(
            "cd web && cargo update -p h2@0.4.2 --precise 0.4.16\n\
             cd web/api && cargo update -p h2@0.4.2 --precise 0.4.16"
                .to_owned()
        )]
    );
    let named =
        |name: &str, to: &str| finding(Ecosystem::CRATES_IO, name, "1.0.0", Some(to), "Cargo.lock", "A-1");
    for hostile in [
        at("a b/Cargo.lock"),
        at("$(id)/Cargo.lock"),
        at("-x/Cargo.lock"),
        named("h2;id", "1.0.1"),
        named("--config", "1.0.1"),
        named("h2", "1.0.1\nid"),
        named("h2", "$(id)"),
        named("h2", ""),
    ] {
        assert_eq!(commands(".", vec![hostile]), [None]);
    }
}

#[test]
fn a_package_that_another_brings_says_which() {
    let step = |name| Step {
        name,
        version: "1.0.0",
    };
    let mut brought = finding(
        Ecosystem::NPM,
        "left",
        "1.0.0",
        Some("2.0.0"),
        "package-lock.json",
        "A-1",
    );
    brought.paths = DependencyPaths::of(&[
        vec![step("app"), step("redoc"), step("mobx"), step("left")],
        vec![step("app"), step("redoc"), step("left")],
        vec![step("app"), step("marked"), step("left")],
    ]);
    brought.scopes = Scopes::only(Scope::Dev);
    let mut direct = finding(
        Ecosystem::NPM,
        "right",
        "1.0.0",
        Some("1.1.0"),
        "package-lock.json",
        "A-2",
    );
    direct.paths = DependencyPaths::of(&[vec![step("app"), step("right")]]);
    direct.direct = true;
    let outcome = outcome(".", vec![brought, direct]);
    let steps = remediations(&outcome, Finding::blocks);
    assert_eq!(steps[0].through(), ["redoc", "marked"]);
    assert_eq!(steps[0].level().map(|level| level.as_str()), Some("major"));
    assert!(steps[0].scopes().holds(Scope::Dev));
    assert!(steps[1].through().is_empty() && steps[1].is_direct());
    assert_eq!(steps[1].level().map(|level| level.as_str()), Some("minor"));
}

#[test]
fn every_advisory_and_package_counts_once() {
    let outcome = outcome(
        ".",
        vec![
            finding(
                Ecosystem::NPM,
                "left",
                "1.0.0",
                Some("1.0.1"),
                "a/package-lock.json",
                "A-1",
            ),
            finding(
                Ecosystem::NPM,
                "left",
                "1.0.0",
                Some("1.0.1"),
                "b/package-lock.json",
                "A-1",
            ),
            finding(
                Ecosystem::NPM,
                "left",
                "2.0.0",
                None,
                "b/package-lock.json",
                "A-1",
            ),
            finding(
                Ecosystem::NPM,
                "left",
                "2.0.0",
                Some("2.0.1"),
                "b/package-lock.json",
                "A-2",
            ),
        ],
    );
    let steps = remediations(&outcome, Finding::blocks);
    let summary = Summary::of(&steps);
    let ids: Vec<&str> = summary
        .advisories
        .iter()
        .map(|finding| finding.advisory.id.as_str())
        .collect();
    assert_eq!(ids, ["A-1", "A-2"]);
    assert_eq!((summary.packages, summary.upgrades, summary.removals), (2, 2, 0));
    // The first is not fixed in 2.0.0.
    assert_eq!(summary.fixed, 1);
    assert_eq!(steps.iter().filter(|step| step.kind == Kind::NoFix).count(), 1);
    assert!(
        summary
            .advisories
            .iter()
            .all(|finding| finding.advisory.class == Class::Vulnerability)
    );
}
