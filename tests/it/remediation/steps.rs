//! What to do about findings: how far an upgrade goes, who brings the package, which command does it, what is counted.

use std::sync::Arc;

use lockkeeper::ecosystem::purl;
use lockkeeper::model::finding::{Match, Occurrence};
use lockkeeper::model::{
    Asker, Class, Decision, DependencyPaths, Ecosystem, Finding, Outcome, Ranges, Scope, Scopes, Step,
    Target, TreePath, UpgradeBy,
};
use lockkeeper::remediation::{Kind, Summary, remediations};
use lockkeeper::text::Position;

use crate::support::outcomes;
use crate::support::program::{Sandbox, record};
use serde_json::Value;

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
        package: Arc::new(Occurrence::new(
            ecosystem.clone(),
            name.into(),
            version.into(),
            purl::of(&ecosystem, name, version),
            TreePath::new(file).expect("a path"),
            Position { line: 3, column: 1 },
        )),
        fixed: Arc::from([]),
        ends: false,
        upgrade: upgrade.map(Into::into),
        reason: "in the range".into(),
    };
    let mut finding = Finding::new(Arc::new(matched));
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
            "pipenv upgrade --lock-only h11",
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
            "mvn versions:use-dep-version -Dincludes=org.acme:core -DdepVersion=2.1 -DforceVersion=true \
             -DgenerateBackupPoms=false",
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

/// What to do instead of a command, and no command.
fn by_hand(finding: Finding) -> Option<String> {
    let outcome = outcome(".", vec![finding]);
    let steps = remediations(&outcome, Finding::blocks);
    assert_eq!(steps[0].command(), None);
    steps[0].by_hand().map(Into::into)
}

#[test]
fn an_upgrade_that_the_tool_would_refuse_or_pass_over_has_no_command() {
    let by = |mut finding: Finding, by: UpgradeBy| {
        finding.upgrade_by = Some(Box::new(by));
        finding
    };
    for (from, to) in [
        ("0.4.8", "1.0.9"),
        ("0.5.1", "0.6.4"),
        ("0.0.3", "0.0.4"),
        ("1.2.3", "2.0.0"),
    ] {
        let finding = finding(Ecosystem::CRATES_IO, "h2", from, Some(to), "Cargo.lock", "A-1");
        assert!(
            by_hand(finding).is_some_and(|text| text.contains("Cargo.toml")),
            "{from} {to}"
        );
    }
    let left = || {
        finding(
            Ecosystem::NPM,
            "left",
            "0.0.8",
            Some("1.2.6"),
            "package-lock.json",
            "A-1",
        )
    };
    for range in ["0.0.8", "~0.0.8", "^0.0.8", "0.x"] {
        let text = by_hand(by(left(), UpgradeBy::Within(Ranges::of(range))));
        assert!(text.is_some_and(|text| text.contains("overrides")), "{range}");
    }
    let net = finding(
        Ecosystem::GO,
        "golang.org/x/net",
        "v0.1.0",
        Some("v0.56.0"),
        "go.mod",
        "A-1",
    );
    assert!(by_hand(by(net, UpgradeBy::Hand)).is_some_and(|text| text.contains("replace")));
    let core = || {
        finding(
            Ecosystem::MAVEN,
            "org.acme:core",
            "2.0",
            Some("2.1"),
            "pom.xml",
            "A-1",
        )
    };
    assert!(by_hand(by(core(), UpgradeBy::Hand)).is_some());
    assert_eq!(
        commands(".", vec![by(core(), UpgradeBy::Property("core.version".into()))]),
        [Some(
            "mvn versions:set-property -Dproperty=core.version -DnewVersion=2.1 -DgenerateBackupPoms=false"
                .to_owned()
        )]
    );
    assert_eq!(
        commands(".", vec![by(core(), UpgradeBy::Property("a b".into()))]),
        [None]
    );
    let workspaces = |folders: &[&str]| {
        UpgradeBy::Askers(
            folders
                .iter()
                .map(|folder| Asker::Manifest((*folder).into()))
                .collect(),
        )
    };
    for (folders, command) in [
        (
            &["packages/x", "packages/y"][..],
            "npm install left@1.2.6 -w packages/x -w packages/y",
        ),
        (
            &["", "packages/x"][..],
            "npm install left@1.2.6 -w packages/x --include-workspace-root",
        ),
    ] {
        assert_eq!(
            commands(".", vec![by(left(), workspaces(folders))]),
            [Some(command.to_owned())]
        );
    }
    assert_eq!(commands(".", vec![by(left(), workspaces(&["a;b"]))]), [None]);
    let alias = |folder: &str, name: &str| {
        let (folder, name) = (folder.into(), name.into());
        UpgradeBy::Askers(vec![Asker::Alias { folder, name }])
    };
    for (folder, name) in [("a;b", "four"), ("", "four four"), ("", "$(id)")] {
        assert_eq!(commands(".", vec![by(left(), alias(folder, name))]), [None]);
    }
}

/// The commands for the lockfile of `files`, read as one of `path`.
fn commands_of(path: &str, files: &[(&str, &str)], records: &[Value]) -> Vec<Value> {
    let sandbox = Sandbox::new();
    let index = sandbox.index("index.lkdb", records, "2026-02-01T00:00:00Z");
    for (name, text) in files {
        sandbox.write(name, *text);
    }
    let ran = sandbox.run(&[
        "scan",
        path,
        "--db",
        &index,
        "--format",
        "json",
        "--now",
        "2026-02-01T00:00:00Z",
    ]);
    let document: Value = serde_json::from_str(&ran.out).expect("a document");
    let upgrades = document["upgrades"].as_array().expect("upgrades");
    upgrades
        .iter()
        .map(|upgrade| upgrade["command"].clone())
        .collect()
}

#[test]
fn what_a_reader_knows_of_an_upgrade_is_in_its_command() {
    let npm = [record("A-1", "npm", "left", "0", Some("1.0.1"))];
    let lock = |ws: &str, range: &str| {
        format!(
            r#"{{"lockfileVersion": 3, "packages": {{
                "": {{"name": "r", "workspaces": ["packages/*"], "dependencies": {{"right": "1.0.0"}}}},
                "node_modules/right": {{"version": "1.0.0", "dependencies": {{"left": "{range}"}}}},
                "node_modules/left": {{"version": "1.0.0"}},
                "node_modules/x": {{"resolved": "packages/x", "link": true}},
                "packages/x": {{"version": "1.0.0", "dependencies": {{{ws}}}}}}}}}"#
        )
    };
    for (ws, range, command) in [
        (
            r#""left": "1.0.0""#,
            "^1.0.0",
            Value::from("npm install left@1.0.1 -w packages/x"),
        ),
        ("", "^1.0.0", Value::from("npm update left")),
        ("", "1.0.0", Value::Null),
    ] {
        let text = lock(ws, range);
        assert_eq!(
            commands_of(".", &[("package-lock.json", &text)], &npm),
            [command],
            "{ws} {range}"
        );
    }
    let go = [record("A-1", "Go", "example.com/new", "0", Some("1.0.1"))];
    let module = "module a\n\ngo 1.22\n\nrequire example.com/old v1.0.0\n\nreplace example.com/old => example.com/new v1.0.0\n";
    assert_eq!(
        commands_of(".", &[("go.mod", module)], &go),
        [Value::from(
            "go mod edit -replace=example.com/old=example.com/new@v1.0.1 && go mod tidy"
        )]
    );
    let maven = [record("A-1", "Maven", "org.acme:core", "0", Some("1.0.1"))];
    let pom = "<project><modelVersion>4.0.0</modelVersion><groupId>a</groupId><artifactId>b</artifactId><version>1</version>\
        <properties><core>1.0.0</core></properties><dependencies><dependency><groupId>org.acme</groupId>\
        <artifactId>core</artifactId><version>${core}</version></dependency></dependencies></project>";
    assert_eq!(
        commands_of(".", &[("pom.xml", pom)], &maven),
        ["mvn versions:set-property -Dproperty=core -DnewVersion=1.0.1 -DgenerateBackupPoms=false"]
    );
}

#[test]
fn a_command_runs_in_the_folder_of_each_lockfile_and_holds_nothing_that_a_shell_obeys() {
    let at = |file: &str| finding(Ecosystem::CRATES_IO, "h2", "0.4.2", Some("0.4.16"), file, "A-1");
    assert_eq!(
        commands("web", vec![at("Cargo.lock"), at("api/Cargo.lock")]),
        [Some(
            "(cd web && cargo update -p h2@0.4.2 --precise 0.4.16)\n\
             (cd web/api && cargo update -p h2@0.4.2 --precise 0.4.16)"
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
fn the_command_for_one_file_names_no_other_folder() {
    let at = |file: &str| finding(Ecosystem::GO, "stdlib", "1.26.0", Some("1.26.6"), file, "A-1");
    let outcome = outcome(".", vec![at("go.mod"), at("cmd/webhook/go.mod")]);
    let steps = remediations(&outcome, Finding::blocks);
    let command = |file: &str| steps[0].command_for(&TreePath::new(file).expect("a path"));
    assert_eq!(
        command("cmd/webhook/go.mod").as_deref(),
        Some("(cd cmd/webhook && go get go@1.26.6)")
    );
    assert_eq!(command("go.mod").as_deref(), Some("go get go@1.26.6"));
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
