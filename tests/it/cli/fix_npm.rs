//! `plan` and `fix` on projects of npm: which upgrades hold together, and what each form of its lockfile becomes.

use std::cell::RefCell;
use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use crate::plan::npm_world::{World, lock};
use crate::support::program::{Ran, Sandbox, record};
use crate::support::server::Server;

const NOW: &str = "2026-02-01T00:00:00Z";

/// A project whose packages are those of a small registry on this machine.
pub(super) struct Project {
    pub(super) sandbox: Sandbox,
    server: Server,
    index: String,
    /// What the registry says of each package.
    documents: RefCell<BTreeMap<String, Value>>,
}

impl Project {
    /// `world` has the registry's releases, `needs` what the project asks for, and `folders` what it locks.
    pub(super) fn new(world: &str, needs: &str, folders: &str, records: &[Value]) -> Self {
        let sandbox = Sandbox::new();
        let server = Server::start();
        let registry = server.address("");
        let world = World::of(world);
        let mut documents = BTreeMap::new();
        for (name, releases) in &world.releases {
            let versions: Map<String, Value> = releases
                .iter()
                .map(|release| {
                    let document = release.document.replace("https://registry.example", &registry);
                    let document = serde_json::from_str(&document).expect("JSON");
                    (release.version.to_string(), document)
                })
                .collect();
            let document = json!({"name": name, "versions": versions});
            server.put(&format!("/{name}"), document.to_string());
            documents.insert(name.clone(), document);
        }
        let text = lock(&world, needs, folders).replace("https://registry.example", &registry);
        let document: Value = serde_json::from_str(&text).expect("JSON");
        let manifest = serde_json::to_string_pretty(&document["packages"][""]).expect("JSON");
        sandbox.write("package.json", manifest + "\n");
        sandbox.write("package-lock.json", text);
        sandbox.git(&["init", "-q"]);
        sandbox.git(&["add", "."]);
        sandbox.git(&["commit", "-q", "-m", "first"]);
        let index = sandbox.index("x.lkdb", records, NOW);
        Self {
            sandbox,
            server,
            index,
            documents: RefCell::new(documents),
        }
    }

    /// Changes what the registry says of a version.
    fn change(&self, name: &str, version: &str, change: impl Fn(&mut Value)) {
        let mut documents = self.documents.borrow_mut();
        let document = documents.get_mut(name).expect("a package");
        change(&mut document["versions"][version]);
        self.server.put(&format!("/{name}"), document.to_string());
    }

    pub(super) fn run(&self, words: &[&str]) -> Ran {
        let line = words.iter().copied().chain(["--db", &self.index, "--now", NOW]);
        self.sandbox.run(&line.collect::<Vec<_>>())
    }

    /// What `plan` says: `NAME FROM → TO`, `stays NAME: REASON`.
    pub(super) fn plan(&self, code: i32) -> Vec<String> {
        let ran = self.run(&["plan", "--format", "json"]);
        assert_eq!(ran.code, code, "{}{}", ran.out, ran.err);
        let document = ran.json();
        let target = &document["targets"][0];
        let text = |value: &Value| value.as_str().unwrap_or("-").to_owned();
        let list = |name: &str| target[name].as_array().cloned().unwrap_or_default();
        let moves = list("moves");
        let moves = moves.iter().map(|one| {
            format!(
                "{} {} → {}",
                text(&one["name"]),
                text(&one["from"]),
                text(&one["to"])
            )
        });
        let stays = list("unfixable");
        let stays = stays.iter().map(|one| {
            format!(
                "stays {}: {}",
                text(&one["package"]["name"]),
                text(&one["reason"])
            )
        });
        moves.chain(stays).collect()
    }
}

#[test]
fn an_upgrade_that_the_check_refuses_keeps_no_other_back() {
    let names = ["a", "b", "c", "d", "e", "f", "g"];
    let world: Vec<String> = names
        .iter()
        .map(|name| format!("{name} 1.0.0\n{name} 1.0.1"))
        .collect();
    let needs: Vec<String> = names.iter().map(|name| format!("{name} ^1.0.0")).collect();
    let folders: Vec<String> = names.iter().map(|name| format!("{name}@1.0.0")).collect();
    let records: Vec<Value> = names
        .iter()
        .map(|name| record(&format!("GHSA-{name}"), "npm", name, "0", Some("1.0.1")))
        .collect();
    let project = Project::new(
        &world.join("\n"),
        &needs.join(", "),
        &folders.join(", "),
        &records,
    );
    for name in ["b", "f"] {
        project.change(name, "1.0.1", |release| {
            release["dist"]["integrity"] = Value::Null
        });
    }
    let plan = project.plan(6);
    assert_eq!(plan.len(), 7, "{plan:#?}");
    let moved: Vec<&str> = plan[..5].iter().map(|line| &line[..1]).collect();
    assert_eq!(moved, ["a", "c", "d", "e", "g"]);
    for (line, name) in plan[5..].iter().zip(["b", "f"]) {
        assert!(
            line.contains(&format!("no integrity hash of {name} 1.0.1")),
            "{line}"
        );
    }
    assert_eq!(project.run(&["fix", "-q"]).code, 6);
    let scan = project.run(&["scan", "--format", "json"]).json();
    let left = scan["targets"][0]["findings"].as_array().expect("findings");
    let left: Vec<&str> = left.iter().filter_map(|one| one["id"].as_str()).collect();
    assert_eq!(left, ["GHSA-b", "GHSA-f"]);
}

#[test]
fn an_upgrade_that_brings_findings_is_left_out_and_the_others_are_made() {
    let world = "
        cookie 4.0.0
        cookie 4.1.0: acme-jar ^1.0.0
        cookie 4.2.0: acme-jar ^1.1.0
        acme-jar 1.0.0
        acme-jar 1.1.0
        other 1.0.0
        other 1.0.1
    ";
    let records = [
        record("GHSA-cookie", "npm", "cookie", "0", Some("4.1.0")),
        record("GHSA-other", "npm", "other", "0", Some("1.0.1")),
    ];
    let project = Project::new(
        world,
        "cookie ^4.0.0, other ^1.0.0",
        "cookie@4.0.0, other@1.0.0",
        &records,
    );
    assert_eq!(project.plan(0), ["cookie 4.0.0 → 4.1.0", "other 1.0.0 → 1.0.1"]);
    project.sandbox.write(
        "lockkeeper.yml",
        "supply-chain: {internal: [\"acme-*\"], registries: {npm: \"https://npm.acme.example/\"}}\n",
    );
    let plan = project.plan(6);
    assert_eq!(plan.len(), 2, "{plan:#?}");
    assert_eq!(plan[0], "other 1.0.0 → 1.0.1");
    assert!(plan[1].contains("dependency-confusion in acme-jar"), "{plan:#?}");
}

#[test]
fn a_version_that_would_bring_an_advisory_is_passed_over() {
    let world = "
        a 1.0.0
        a 1.1.0
        a 1.2.0
        b 1.0.0
        b 1.1.0
    ";
    let between =
        |name: &str, fixed: Option<&str>| record(&format!("GHSA-new-{name}"), "npm", name, "1.1.0", fixed);
    let records = [
        record("GHSA-a", "npm", "a", "0", Some("1.1.0")),
        between("a", Some("1.2.0")),
        record("GHSA-b", "npm", "b", "0", Some("1.1.0")),
        between("b", None),
    ];
    let project = Project::new(world, "a ^1.0.0, b ^1.0.0", "a@1.0.0, b@1.0.0", &records);
    let plan = project.plan(6);
    assert_eq!(plan.len(), 2, "{plan:#?}");
    assert_eq!(plan[0], "a 1.0.0 → 1.2.0");
    assert!(plan[1].starts_with("stays b: "), "{plan:#?}");
    assert!(plan[1].contains("GHSA-new-b in b 1.1.0"), "{plan:#?}");
}

/// What `plan` prints, on one line.
fn printed(project: &Project, words: &[&str]) -> String {
    let ran = project.run(words);
    ran.out.split_whitespace().collect::<Vec<_>>().join(" ")
}

#[test]
fn what_stays_in_the_new_version_of_a_package_is_listed_with_its_reason() {
    let world = "
        jar 1.0.0
        jar 1.1.0
    ";
    let records = [
        record("GHSA-fixed", "npm", "jar", "0", Some("1.1.0")),
        record("GHSA-open", "npm", "jar", "0", None),
    ];
    let project = Project::new(world, "jar ^1.0.0", "jar@1.0.0", &records);
    let ran = project.run(&["plan", "--format", "json"]);
    assert_eq!(ran.code, 6, "{}{}", ran.out, ran.err);
    let target = &ran.json()["targets"][0];
    assert_eq!(target["moves"].as_array().map(Vec::len), Some(1), "{}", ran.out);
    assert_eq!(target["moves"][0]["fixes"], json!(["GHSA-fixed"]));
    let unfixable = target["unfixable"].as_array().expect("a list");
    assert_eq!(unfixable.len(), 1, "{}", ran.out);
    assert_eq!(unfixable[0]["id"], "GHSA-open");
    assert_eq!(unfixable[0]["package"]["version"], "1.1.0");
    assert_eq!(unfixable[0]["blocked_by"][0]["dependent"], "package.json");
    let reason = unfixable[0]["reason"].as_str().expect("a reason");
    assert!(
        reason.starts_with("No version fixes it yet. package.json asks for it"),
        "{reason}"
    );
    assert!(
        reason.contains("The plan moves it from 1.0.0 to 1.1.0"),
        "{reason}"
    );
    for format in ["terminal", "markdown"] {
        let printed = printed(&project, &["plan", "--format", format]);
        assert!(
            printed.contains("GHSA-open") && printed.contains("moves it from 1.0.0 to 1.1.0"),
            "{printed}"
        );
    }
}

#[test]
fn a_package_that_no_version_fixes_leaves_where_what_needs_it_can_do_without() {
    let world = "
        app 1.0.0: mid ^1.0.0
        app 1.1.0: mid ^1.1.0
        mid 1.0.0: old ^1.0.0
        mid 1.1.0: new ^1.0.0
        old 1.0.0
        new 1.0.0
    ";
    let mut notice = record("GHSA-old", "npm", "old", "0", None);
    let folders = "app@1.0.0, mid@1.0.0, old@1.0.0";
    let project = Project::new(world, "app ^1.0.0", folders, &[notice.clone()]);
    let ran = project.run(&["plan", "--format", "json"]);
    assert_eq!(ran.code, 0, "{}{}", ran.out, ran.err);
    let target = &ran.json()["targets"][0];
    assert_eq!(target["moves"][0]["name"], "old");
    assert_eq!(target["moves"][0]["to"], Value::Null);
    assert_eq!(target["moves"][0]["fixes"], json!(["GHSA-old"]));
    assert_eq!(target["moves"][0]["strategy"], "parent");
    let beside: Vec<String> = target["collateral"]
        .as_array()
        .expect("a list")
        .iter()
        .map(|one| one["name"].to_string())
        .collect();
    assert_eq!(beside, ["\"mid\"", "\"new\""]);
    assert_eq!(target["unfixable"], json!([]));
    assert_eq!(project.run(&["fix", "-q"]).code, 0);
    assert_eq!(project.run(&["scan", "-q"]).code, 0);

    // What only warns is left alone, unless it is named.
    notice["affected"][0]["database_specific"] = json!({"informational": "unmaintained"});
    let project = Project::new(world, "app ^1.0.0", folders, &[notice]);
    assert_eq!(project.plan(0), ["stays old: No version fixes it yet."]);
    let named = project.run(&["plan", "--only", "old", "--format", "json"]).json();
    assert_eq!(named["targets"][0]["moves"][0]["name"], "old");
}

#[test]
fn a_package_that_cannot_leave_stays_with_what_needs_it_and_gets_the_version_that_is_there() {
    let world = "
        app 1.0.0: mid ^1.0.0
        mid 1.0.0: old ^1.0.0
        mid 1.0.1: old ^1.0.0
        old 1.0.0
        old 1.0.1
    ";
    let records = [
        record("GHSA-fixed", "npm", "old", "0", Some("1.0.1")),
        record("GHSA-open", "npm", "old", "0", None),
    ];
    let folders = "app@1.0.0, mid@1.0.0, old@1.0.0";
    let project = Project::new(world, "app ^1.0.0", folders, &records);
    let plan = project.plan(6);
    assert_eq!(plan.len(), 2, "{plan:#?}");
    assert_eq!(plan[0], "old 1.0.0 → 1.0.1");
    let reason =
        "stays old: No version fixes it yet. It ends with versions of what needs it that do without it.";
    assert!(plan[1].starts_with(reason), "{plan:#?}");
    let target = &project.run(&["plan", "--format", "json"]).json()["targets"][0];
    assert_eq!(target["unfixable"][0]["blocked_by"][0]["dependent"], "mid 1.0.0");
}

/// `package.json`, read.
fn manifest(project: &Project) -> Value {
    let text = std::fs::read_to_string(project.sandbox.work().join("package.json")).expect("a file");
    serde_json::from_str(&text).expect("JSON")
}

#[test]
fn an_override_is_the_last_means_and_only_where_the_policy_allows_it() {
    let world = "
        app 1.0.0: jar ~1.0.0
        jar 1.0.0
        jar 1.1.0
        jar 2.0.0
    ";
    let records = [record("GHSA-jar", "npm", "jar", "0", Some("1.1.0"))];
    let project = Project::new(world, "app ^1.0.0", "app@1.0.0, jar@1.0.0", &records);
    let plan = project.plan(1);
    assert!(
        plan[0].contains("With `override` in `fix.allow` of the policy"),
        "{plan:#?}"
    );
    project
        .sandbox
        .write("lockkeeper.yml", "fix: {allow: [manifest, override]}\n");
    let ran = project.run(&["plan", "--format", "json"]);
    let document = ran.json();
    let target = &document["targets"][0];
    assert_eq!(target["moves"][0]["strategy"], "override", "{}", ran.out);
    assert_eq!(target["moves"][0]["to"], "1.1.0");
    assert_eq!(target["overrides"][0]["name"], "jar");
    assert_eq!(target["overrides"][0]["under"], Value::Null);
    assert!(
        project
            .run(&["plan"])
            .out
            .contains("package.json overrides jar with ^1.1.0")
    );
    assert_eq!(project.run(&["plan", "--keep-manifests"]).code, 1);
    assert_eq!(project.run(&["fix", "-q"]).code, 0);
    assert_eq!(manifest(&project)["overrides"], json!({"jar": "^1.1.0"}));
    assert_eq!(project.run(&["scan", "-q"]).code, 0);
}

#[test]
fn an_override_of_one_of_several_copies_is_for_those_that_need_it_alone() {
    let world = "
        app 1.0.0: jar ~1.0.0
        tool 1.0.0: jar ^2.0.0
        jar 1.0.0
        jar 1.1.0
        jar 2.0.0
    ";
    let records = [record("GHSA-jar", "npm", "jar", "0", Some("1.1.0"))];
    let folders = "app@1.0.0, tool@1.0.0, jar@2.0.0, app/jar@1.0.0";
    let project = Project::new(world, "app ^1.0.0, tool ^1.0.0", folders, &records);
    project
        .sandbox
        .write("lockkeeper.yml", "fix: {allow: [override]}\n");
    assert_eq!(project.plan(0), ["jar 1.0.0 → 1.1.0"]);
    assert_eq!(project.run(&["fix", "-q"]).code, 0);
    assert_eq!(manifest(&project)["overrides"], json!({"app": {"jar": "^1.1.0"}}));
    // The other copy, and what asks for it, is as it was.
    let text = std::fs::read_to_string(project.sandbox.work().join("package-lock.json")).expect("a file");
    let lock: Value = serde_json::from_str(&text).expect("JSON");
    assert_eq!(lock["packages"]["node_modules/jar"]["version"], "2.0.0");
    assert_eq!(
        lock["packages"]["node_modules/app/node_modules/jar"]["version"],
        "1.1.0"
    );

    // Where a package below `app` finds the other copy, an override for `app` would reach that.
    let world = format!("{world}\napp 1.0.1: jar ~1.0.0, tool ^1.0.0");
    let folders = "app@1.0.1, tool@1.0.0, jar@2.0.0, app/jar@1.0.0";
    let project = Project::new(&world, "app ^1.0.0, tool ^1.0.0", folders, &records);
    project
        .sandbox
        .write("lockkeeper.yml", "fix: {allow: [override]}\n");
    let plan = project.plan(1);
    assert!(
        plan[0].contains("An override for app would change jar 2.0.0, too"),
        "{plan:#?}"
    );
}

/// A program called `npm` in a folder of its own, which keeps what it was called with and ends with `code`.
#[cfg(unix)]
fn npm(project: &Project, folder: &str, code: i32) -> String {
    use std::os::unix::fs::PermissionsExt as _;
    let folder = project.sandbox.path(folder);
    std::fs::create_dir_all(&folder).expect("a folder");
    let seen = project.sandbox.path("seen");
    std::fs::create_dir_all(&seen).expect("a folder");
    let seen = seen.to_str().expect("a path");
    let script = format!(
        "#!/bin/sh\n[ \"$1\" = --version ] && echo 10.2.0 && exit 0\necho \"$@\" > {seen}/arguments\nenv > {seen}/environment\npwd > {seen}/folder\n\
         cp package-lock.json {seen}/lock\ncp .npmrc {seen}/npmrc\n\
         printf 'npm error \\033[31m::error::code EUSAGE\\nnpm error Missing: jar\\n' >&2\nexit {code}\n"
    );
    let program = folder.join("npm");
    std::fs::write(&program, script).expect("a file");
    std::fs::set_permissions(&program, std::fs::Permissions::from_mode(0o755)).expect("rights");
    format!("{}:/usr/bin:/bin", folder.to_str().expect("a path"))
}

#[cfg(unix)]
#[test]
fn npm_is_asked_where_a_person_asks_for_it_and_what_it_refuses_is_not_written() {
    let records = [record("GHSA-jar", "npm", "jar", "0", Some("1.0.1"))];
    let project = Project::new("jar 1.0.0\njar 1.0.1", "jar ^1.0.0", "jar@1.0.0", &records);
    let registry = project.server.address("/");
    project.sandbox.write(
        ".npmrc",
        format!(
            "registry={registry}\nnode-options=--require ./evil.js\n//registry.example/:_authToken=secret\n"
        ),
    );
    let work = project.sandbox.work();
    let lock = || std::fs::read_to_string(work.join("package-lock.json")).expect("a file");
    let before = lock();
    let seen = |name: &str| std::fs::read_to_string(project.sandbox.path("seen").join(name)).ok();
    let run = |words: &[&str], path: &str| {
        let line = words
            .iter()
            .copied()
            .chain(["--db", &project.index, "--now", NOW]);
        let environment = [
            ("PATH", path),
            ("NPM_TOKEN", "secret"),
            ("GITHUB_TOKEN", "secret"),
        ];
        project.sandbox.run_with(&line.collect::<Vec<_>>(), &environment)
    };
    let asked = ["fix", "--verify", "native", "--format", "json"];

    let refusing = npm(&project, "refusing", 1);
    assert_eq!(run(&["plan"], &refusing).code, 0);
    assert!(seen("arguments").is_none(), "nothing is started without the flag");
    let ran = run(&asked, &refusing);
    assert_eq!(ran.code, 1, "{}{}", ran.out, ran.err);
    let reason = ran.json()["targets"][0]["unfixable"][0]["reason"].to_string();
    assert!(
        reason.contains("npm ci --dry-run") && reason.contains("npm error Missing: jar"),
        "{reason}"
    );
    assert_eq!(lock(), before);

    let in_tree = npm(&project, "work/bin", 0);
    let absent = in_tree.split(':').next().expect("a folder").to_owned();
    for path in [absent.as_str(), "bin", "."] {
        let ran = run(&asked, path);
        assert_eq!(ran.code, 1, "{path}: {}{}", ran.out, ran.err);
        let reason = ran.json()["targets"][0]["unfixable"][0]["reason"].to_string();
        assert!(
            reason.contains("needs npm, which is not in a folder of PATH"),
            "{reason}"
        );
    }
    assert_eq!(lock(), before);

    let accepting = npm(&project, "accepting", 0);
    let ran = run(&asked, &accepting);
    assert_eq!(ran.code, 0, "{}{}", ran.out, ran.err);
    let by = ran.json()["targets"][0]["verified"][0]["by"].to_string();
    assert!(by.contains("npm ci --dry-run --ignore-scripts"), "{by}");
    assert!(seen("arguments").expect("a call").contains("--ignore-scripts"));
    let environment = seen("environment").expect("a call");
    assert!(
        !environment.contains("secret") && !environment.contains("TOKEN"),
        "{environment}"
    );
    let folder = seen("folder").expect("a call");
    assert!(!folder.starts_with(work.to_str().expect("a path")), "{folder}");
    assert_eq!(seen("lock").expect("a copy"), lock());
    assert!(lock().contains("jar-1.0.1.tgz"));
    assert_eq!(seen("npmrc").expect("a copy"), format!("registry={registry}\n"));
    assert!(!std::path::Path::new(folder.trim()).exists(), "the copy is gone");
}

#[cfg(unix)]
#[test]
fn the_npm_that_is_asked_is_the_one_that_the_project_pins() {
    let records = [record("GHSA-jar", "npm", "jar", "0", Some("1.0.1"))];
    for (pinned, reason) in [
        (
            "npm@9.8.1",
            Some("needs npm 9.8.1, which `packageManager` in package.json pins: that in PATH is 10.2.0."),
        ),
        ("npm@10.2.0+sha256.ab", None),
    ] {
        let project = Project::new("jar 1.0.0\njar 1.0.1", "jar ^1.0.0", "jar@1.0.0", &records);
        let mut said = manifest(&project);
        said["packageManager"] = json!(pinned);
        project.sandbox.write("package.json", said.to_string());
        let registry = project.server.address("/");
        project.sandbox.write(".npmrc", format!("registry={registry}\n"));
        let accepting = npm(&project, "accepting", 0);
        let line = [
            "fix",
            "--verify",
            "native",
            "--format",
            "json",
            "--db",
            &project.index,
            "--now",
            NOW,
        ];
        let ran = project.sandbox.run_with(&line, &[("PATH", accepting.as_str())]);
        let target = &ran.json()["targets"][0];
        match reason {
            Some(reason) => {
                assert_eq!(ran.code, 1, "{}{}", ran.out, ran.err);
                let said = target["unfixable"][0]["reason"].as_str().expect("a reason");
                assert!(said.contains(reason), "{said}");
            }
            None => {
                assert_eq!(ran.code, 0, "{}{}", ran.out, ran.err);
                let by = target["verified"][0]["by"].as_str().expect("who judged");
                assert!(by.starts_with("npm 10.2.0: npm ci --dry-run"), "{by}");
            }
        }
    }
}
