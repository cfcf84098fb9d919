//! `plan` and `fix` as a user runs them, with a registry on this machine.

use serde_json::{Value, json};

use crate::support::program::{Ran, Sandbox, record};
use crate::support::server::Server;

pub(super) const NOW: &str = "2026-02-01T00:00:00Z";

/// A project that locks `cookie` 4.0.0, which needs `case` ^0.1.2; 4.1.3 is fixed and needs ^0.2.0 and `url`.
pub(super) struct Project {
    pub(super) sandbox: Sandbox,
    pub(super) server: Server,
    pub(super) index: String,
}

/// The entry of a lockfile, in npm's own order, for a package of the registry at `registry`.
fn entry(registry: &str, name: &str, version: &str, needs: &[(&str, &str)]) -> String {
    let needs: Vec<String> = needs
        .iter()
        .map(|(name, range)| format!("        \"{name}\": \"{range}\""))
        .collect();
    let needs = match needs.is_empty() {
        true => String::new(),
        false => format!(",\n      \"dependencies\": {{\n{}\n      }}", needs.join(",\n")),
    };
    format!(
        "    \"node_modules/{name}\": {{\n      \"version\": \"{version}\",\n      \"resolved\": \"{registry}/{name}/-/{name}-{version}.tgz\",\n      \"integrity\": \"sha512-{name}-{version}\"{needs}\n    }}"
    )
}

fn lock(registry: &str, range: &str, entries: &[String]) -> String {
    format!(
        "{{\n  \"name\": \"shop\",\n  \"version\": \"1.0.0\",\n  \"lockfileVersion\": 3,\n  \"requires\": true,\n  \"packages\": {{\n    \"\": {{\n      \"name\": \"shop\",\n      \"version\": \"1.0.0\",\n      \"dependencies\": {{\n        \"cookie\": \"{range}\"\n      }}\n    }},\n{}\n  }}\n}}\n",
        entries.join(",\n")
    )
    .replace("REGISTRY", registry)
}

pub(super) fn manifest(range: &str) -> String {
    format!(
        "{{\n\t\"name\": \"shop\",\n\t\"version\": \"1.0.0\",\n\t\"dependencies\": {{ \"cookie\": \"{range}\" }}\n}}\n"
    )
}

impl Project {
    pub(super) fn new(range: &str) -> Self {
        let sandbox = Sandbox::new();
        let server = Server::start();
        let registry = server.address("");
        let release = |name: &str, version: &str, needs: Value| {
            json!({
                "name": name, "version": version, "dependencies": needs,
                "dist": {
                    "integrity": format!("sha512-{name}-{version}"),
                    "tarball": format!("{registry}/{name}/-/{name}-{version}.tgz"),
                },
            })
        };
        let put = |name: &str, releases: &[(&str, Value)]| {
            let versions: serde_json::Map<String, Value> = releases
                .iter()
                .map(|(version, needs)| ((*version).to_owned(), release(name, version, needs.clone())))
                .collect();
            // All but the oldest of each are three days old.
            let oldest = releases[0].0;
            let time: serde_json::Map<String, Value> = releases
                .iter()
                .map(|(version, _)| {
                    (
                        (*version).to_owned(),
                        json!(if *version == oldest {
                            "2025-06-01T00:00:00Z"
                        } else {
                            "2026-01-29T00:00:00Z"
                        }),
                    )
                })
                .collect();
            server.put(
                &format!("/{name}"),
                json!({"name": name, "versions": versions, "time": time}).to_string(),
            );
        };
        put(
            "cookie",
            &[
                ("4.0.0", json!({"case": "^0.1.2"})),
                ("4.1.3", json!({"case": "^0.2.0", "url": "^1.5.3"})),
                ("4.1.4", json!({"case": "^0.2.0", "url": "^1.5.3"})),
            ],
        );
        put("case", &[("0.1.2", json!({})), ("0.2.0", json!({}))]);
        put("url", &[("1.5.3", json!({})), ("1.5.9", json!({}))]);
        let entries = [
            entry(&registry, "case", "0.1.2", &[]),
            entry(&registry, "cookie", "4.0.0", &[("case", "^0.1.2")]),
        ];
        sandbox.write("package-lock.json", lock(&registry, range, &entries));
        sandbox.write("package.json", manifest(range));
        sandbox.git(&["init", "-q"]);
        sandbox.git(&["add", "."]);
        sandbox.git(&["commit", "-q", "-m", "first"]);
        let index = sandbox.index(
            "x.lkdb",
            &[record("GHSA-bad", "npm", "cookie", "0", Some("4.1.3"))],
            NOW,
        );
        Self {
            sandbox,
            server,
            index,
        }
    }

    pub(super) fn run(&self, words: &[&str]) -> Ran {
        let line: Vec<&str> = words
            .iter()
            .copied()
            .chain(["--db", &self.index, "--now", NOW])
            .collect();
        self.sandbox.run(&line)
    }

    fn policy(&self, text: &str) {
        self.sandbox.write("lockkeeper.yml", text);
    }

    pub(super) fn text(&self, name: &str) -> String {
        std::fs::read_to_string(self.sandbox.work().join(name)).expect("a file")
    }

    pub(super) fn fixed(&self, range: &str) -> String {
        let registry = self.server.address("");
        let entries = [
            entry(&registry, "case", "0.2.0", &[]),
            entry(
                &registry,
                "cookie",
                "4.1.3",
                &[("case", "^0.2.0"), ("url", "^1.5.3")],
            ),
            entry(&registry, "url", "1.5.9", &[]),
        ];
        lock(&registry, range, &entries)
    }
}

#[test]
fn a_fix_changes_the_entries_that_have_to_and_a_scan_of_it_passes() {
    let project = Project::new("^4.0.0");
    assert_eq!(project.run(&["scan", "-q"]).code, 1);
    let before = project.text("package-lock.json");
    let plan = project.run(&["plan", "--diff"]);
    assert_eq!(plan.code, 0, "{}{}", plan.out, plan.err);
    assert!(plan.out.contains("cookie 4.0.0 → 4.1.3"), "{}", plan.out);
    assert!(
        plan.out.contains("+      \"version\": \"4.1.3\","),
        "{}",
        plan.out
    );
    for written in [&["plan"][..], &["fix", "--dry-run"]] {
        assert_eq!(project.run(written).code, 0);
        assert_eq!(project.text("package-lock.json"), before, "{written:?}");
    }
    let fix = project.run(&["fix"]);
    assert_eq!(fix.code, 0, "{}{}", fix.out, fix.err);
    assert_eq!(project.text("package-lock.json"), project.fixed("^4.0.0"));
    assert_eq!(project.text("package.json"), manifest("^4.0.0"));
    assert_eq!(project.run(&["scan", "-q"]).code, 0);
    // There is nothing left to fix, and nobody is asked.
    project.server.hits();
    assert_eq!(project.run(&["fix", "--allow-dirty"]).code, 0);
    assert_eq!(project.text("package-lock.json"), project.fixed("^4.0.0"));
    assert!(project.server.hits().is_empty());
}

#[test]
fn what_comes_in_is_as_old_as_the_policy_asks() {
    let project = Project::new("^4.0.0");
    project.policy("supply-chain: {min-release-age: 7d}\n");
    let plan = project.run(&["plan"]);
    // The fix itself may be new; what it brings along may not.
    let reason = "case 0.2.0 is younger than `min-release-age` of the policy allows";
    assert_eq!(plan.code, 1, "{}", plan.out);
    assert!(plan.out.contains(reason), "{}", plan.out);
    project.policy("supply-chain: {min-release-age: 2d}\n");
    assert_eq!(project.run(&["plan"]).code, 0);
    let versions = json!({
        "0.1.2": {"name": "case", "version": "0.1.2", "dist": {"tarball": "https://registry.example/case/-/case-0.1.2.tgz"}},
        "0.2.0": {"name": "case", "version": "0.2.0", "dist": {"tarball": "https://registry.example/case/-/case-0.2.0.tgz"}},
    });
    project
        .server
        .put("/case", json!({"name": "case", "versions": versions}).to_string());
    let plan = project.run(&["plan"]);
    let reason = "The registry does not say when the versions of case were published";
    assert_eq!(plan.code, 1, "{}", plan.out);
    assert!(plan.out.contains(reason), "{}", plan.out);
}

#[test]
fn the_policy_says_how_far_a_fix_goes() {
    let project = Project::new("4.0.0");
    let code = |words: &[&str]| project.run(words).code;
    assert_eq!(code(&["plan"]), 0);
    project.policy("fix: {allow: []}\n");
    assert_eq!(code(&["plan"]), 1);
    project.policy("fix: {level: patch}\n");
    assert_eq!(code(&["plan"]), 1);
    // The command line has the last word.
    assert_eq!(code(&["plan", "--level", "minor"]), 0);
    project.policy("fix: {level: patch, allow: [manifest, major]}\n");
    assert_eq!(code(&["plan"]), 0);
    assert_eq!(code(&["plan", "--keep-manifests"]), 1);
}

#[test]
fn a_diff_is_what_git_applies() {
    let project = Project::new("4.0.0");
    let plan = project.run(&["plan", "--diff", "-q"]);
    let diff = plan
        .out
        .find("--- a/")
        .map(|at| plan.out[at..].to_owned())
        .expect("a diff");
    project.sandbox.write("../the.diff", diff);
    project.sandbox.git(&["apply", "../the.diff"]);
    assert_eq!(project.text("package-lock.json"), project.fixed("4.1.3"));
    assert_eq!(project.text("package.json"), manifest("4.1.3"));
}

#[test]
fn a_manifest_is_changed_unless_it_is_to_stay() {
    let project = Project::new("4.0.0");
    let kept = project.run(&["fix", "--keep-manifests", "--format", "json"]);
    assert_eq!(kept.code, 1, "{}", kept.out);
    let unfixable = &kept.json()["targets"][0]["unfixable"][0];
    assert_eq!(unfixable["id"], "GHSA-bad");
    assert_eq!(unfixable["blocked_by"][0]["dependent"], "package.json");
    assert_eq!(unfixable["blocked_by"][0]["range"], "4.0.0");
    let fix = project.run(&["fix", "--format", "json"]);
    assert_eq!(fix.code, 0, "{}{}", fix.out, fix.err);
    let target = &fix.json()["targets"][0];
    assert_eq!(target["moves"][0]["strategy"], "manifest");
    assert_eq!(target["ranges"][0]["to"], "4.1.3");
    assert_eq!(project.text("package.json"), manifest("4.1.3"));
    assert_eq!(project.text("package-lock.json"), project.fixed("4.1.3"));
}

#[test]
fn changes_that_are_not_committed_are_not_written_over() {
    let project = Project::new("4.0.0");
    // The lockfile is as committed, and the manifest, which has to change too, is not.
    let dirty = manifest("4.0.0").replace("shop", "shop2");
    project.sandbox.write("package.json", &dirty);
    let before = project.text("package-lock.json");
    let fix = project.run(&["fix"]);
    assert_eq!(fix.code, 2, "{}", fix.err);
    assert!(
        fix.err
            .contains("package.json has changes that are not committed"),
        "{}",
        fix.err
    );
    assert_eq!(project.text("package-lock.json"), before);
    assert_eq!(project.text("package.json"), dirty);
    assert_eq!(project.run(&["fix", "--allow-dirty"]).code, 0);
    assert_eq!(project.text("package.json"), dirty.replace("4.0.0", "4.1.3"));
}

#[test]
fn the_cache_is_enough_offline_and_nothing_is_guessed_without_it() {
    let project = Project::new("^4.0.0");
    let cold = project.run(&["plan", "--offline"]);
    assert_eq!(cold.code, 1, "{}", cold.out);
    let told = cold.out.split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(
        told.contains("cookie 4.0.0 stays") && told.contains("--offline forbids"),
        "{told}"
    );
    assert_eq!(project.run(&["plan"]).code, 0);
    let asked: Vec<String> = project.server.hits().into_iter().map(|hit| hit.path).collect();
    assert_eq!(asked.len(), 3, "{asked:?}");
    assert_eq!(project.run(&["plan", "--offline"]).code, 0);
    assert!(project.server.hits().is_empty());
}

#[test]
fn a_dead_registry_blocks_what_needs_it_and_says_so() {
    let project = Project::new("^4.0.0");
    project.server.remove("/url");
    let plan = project.run(&["plan"]);
    assert_eq!(plan.code, 1, "{}", plan.out);
    let told = plan.out.split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(
        told.contains("What versions url has could not be learnt"),
        "{told}"
    );
    let before = project.text("package-lock.json");
    assert_eq!(project.run(&["fix"]).code, 1);
    assert_eq!(project.text("package-lock.json"), before);
}

#[test]
fn only_what_is_named_is_fixed() {
    let project = Project::new("^4.0.0");
    for (only, code) in [
        ("GHSA-bad", 0),
        ("cookie", 0),
        ("pkg:npm/cookie", 0),
        ("other", 1),
    ] {
        let plan = project.run(&["plan", "--only", only]);
        assert_eq!(plan.code, code, "{only}: {}{}", plan.out, plan.err);
        let is_named = !plan.err.contains(&format!("`{only}` names no finding"));
        assert_eq!(is_named, only != "other", "{}", plan.err);
    }
}

#[test]
fn nothing_to_scan_and_no_database_are_no_pass() {
    let sandbox = Sandbox::new();
    assert_eq!(sandbox.run(&["plan", "--offline"]).code, 4);
    sandbox.write(
        "package-lock.json",
        lock("", "^4.0.0", &[entry("", "cookie", "4.0.0", &[])]),
    );
    let plan = sandbox.run(&["plan", "--offline"]);
    assert_eq!(plan.code, 3, "{}", plan.out);
    assert!(plan.err.contains("there is no advisory database"), "{}", plan.err);
}

#[test]
fn overrides_decide_and_the_projects_engines_bound_what_is_taken() {
    let project = Project::new("^4.0.0");
    let with = |field: &str| manifest("^4.0.0").replace("\"version\"", &format!("{field},\n\t\"version\""));
    project.sandbox.write(
        "package.json",
        with("\"overrides\": {\"app\": {\"cookie@4\": \"4.0.0\"}}"),
    );
    let plan = project.run(&["plan"]);
    let told = plan.out.split_whitespace().collect::<Vec<_>>().join(" ");
    assert_eq!(plan.code, 1, "{told}");
    assert!(
        told.contains("`overrides` in package.json decide about cookie"),
        "{told}"
    );

    // 4.1.3 does not run on the oldest Node that the project runs on, 4.1.4 does.
    let releases = [("4.0.0", "*"), ("4.1.3", ">=18"), ("4.1.4", ">=14")].map(|(version, node)| {
        let dist =
            json!({"integrity": format!("sha512-{version}"), "tarball": project.server.address("/c.tgz")});
        let release = json!({"name": "cookie", "version": version, "engines": {"node": node}, "dist": dist});
        (version.to_owned(), release)
    });
    let versions: serde_json::Map<String, Value> = releases.into_iter().collect();
    let document = json!({"name": "cookie", "versions": versions}).to_string();
    project.server.put("/cookie", document);
    for (engines, to) in [(">=14.2 <15 || >=16", "4.1.4"), ("^18.1", "4.1.3")] {
        project.sandbox.write(
            "package.json",
            with(&format!("\"engines\": {{\"node\": \"{engines}\"}}")),
        );
        let plan = project.run(&["plan", "--format", "json"]);
        assert_eq!(
            plan.json()["targets"][0]["moves"][0]["to"],
            to,
            "{engines}: {}",
            plan.out
        );
    }
    project
        .sandbox
        .write("package.json", with("\"engines\": {\"node\": \">=12\"}"));
    let plan = project.run(&["plan", "--format", "json"]).json();
    assert_eq!(
        plan["targets"][0]["unfixable"][0]["reason"],
        "cookie 4.1.3 would help, and needs node >=18, more than the project asks for."
    );
}

#[cfg(unix)]
#[test]
fn a_lockfile_that_is_a_link_to_another_name_stays_with_a_reason() {
    let project = Project::new("^4.0.0");
    let work = project.sandbox.work();
    std::fs::rename(work.join("package-lock.json"), work.join("kept.json")).expect("a file");
    std::os::unix::fs::symlink("kept.json", work.join("package-lock.json")).expect("a link");
    let plan = project.run(&["fix", "--allow-dirty", "--format", "json"]);
    assert_eq!(plan.code, 1, "{}", plan.err);
    let reason = plan.json()["targets"][0]["unfixable"][0]["reason"].clone();
    let reason = reason.as_str().expect("a reason");
    assert!(
        reason.starts_with("It is a symbolic link to kept.json, "),
        "{reason}"
    );
    assert!(work.join("package-lock.json").is_symlink());
}
