//! The step in mode fix: pull requests at a forge, over real HTTP and git. The server holds every request against the forge's
//! published description.

use serde_json::{Map, Value, json};

use crate::action::step::{outputs, step};
use crate::architecture::root;
use crate::support::forge_server::state::Token;
use crate::support::forge_server::{Access, ForgeServer, SECRET, Style, Trouble};
use crate::support::program::{Ran, Sandbox, record};
use crate::support::server::Server;

const NOW: &str = "2026-02-01T00:00:00Z";
const CANARY: &str = "canary-of-the-registry-77c1";

/// A repository with a project of npm in `app`, its forge, its registry, and an index that knows flaws of `cookie` and `jar`.
struct Shop {
    sandbox: Sandbox,
    forge: ForgeServer,
    registry: Server,
    index: String,
}

fn lockfile(registry: &str, packages: &[(&str, &str)]) -> String {
    let mut entries = Map::new();
    let needs: Map<String, Value> = packages
        .iter()
        .map(|(name, _)| ((*name).to_owned(), json!("^1.0.0")))
        .collect();
    entries.insert(
        String::new(),
        json!({"name": "shop", "version": "1.0.0", "dependencies": needs}),
    );
    for (name, version) in packages {
        entries.insert(
            format!("node_modules/{name}"),
            json!({
                "version": version,
                "resolved": format!("{registry}/{name}/-/{name}-{version}.tgz"),
                "integrity": format!("sha512-{name}-{version}"),
            }),
        );
    }
    let lockfile = json!({
        "name": "shop", "version": "1.0.0", "lockfileVersion": 3, "requires": true, "packages": entries,
    });
    format!("{}\n", serde_json::to_string_pretty(&lockfile).expect("JSON"))
}

impl Shop {
    fn new(style: Style) -> Self {
        let (sandbox, registry) = (Sandbox::new(), Server::start());
        let address = registry.address("");
        for (name, versions) in [
            ("cookie", &["1.0.0", "1.0.1", "1.0.2"][..]),
            ("jar", &["1.0.0", "1.1.0"]),
        ] {
            let release = |version: &&str| {
                let archive = format!("{address}/{name}/-/{name}-{version}.tgz");
                let dist = json!({"integrity": format!("sha512-{name}-{version}"), "tarball": archive});
                (
                    (*version).to_owned(),
                    json!({"name": name, "version": version, "dist": dist}),
                )
            };
            let versions: Map<String, Value> = versions.iter().map(release).collect();
            registry.put(
                &format!("/{name}"),
                json!({"name": name, "versions": versions}).to_string(),
            );
        }
        sandbox.git(&["init", "-q", "-b", "main"]);
        sandbox.write(
            "app/package-lock.json",
            lockfile(&address, &[("cookie", "1.0.0"), ("jar", "1.0.0")]),
        );
        sandbox.write(
            "app/package.json",
            "{\"dependencies\": {\"cookie\": \"^1.0.0\", \"jar\": \"^1.0.0\"}}\n",
        );
        sandbox.write(".github/workflows/ci.yml", "on: push\n");
        sandbox.git(&["add", "-A"]);
        sandbox.git(&["commit", "-qm", "Begin"]);
        let records = [
            record("GHSA-cookie", "npm", "cookie", "0", Some("1.0.1")),
            record("GHSA-jar", "npm", "jar", "0", Some("1.1.0")),
        ];
        let index = sandbox.index("index.lkdb", &records, NOW);
        let forge = ForgeServer::start(style, &sandbox.work());
        Self {
            sandbox,
            forge,
            registry,
            index,
        }
    }

    /// What the checkout has goes to the forge.
    fn push(&self) {
        let work = self.sandbox.work();
        let work = work.to_str().expect("a path");
        let state = self.forge.state();
        state
            .repository
            .git(&["fetch", "-q", work, "+refs/heads/main:refs/heads/main"]);
    }

    fn run(&self, inputs: &[(&str, &str)]) -> Ran {
        self.run_for(("schedule", "refs/heads/main"), inputs)
    }

    fn run_for(&self, (event, ref_name): (&str, &str), inputs: &[(&str, &str)]) -> Ran {
        let payload = root()
            .join("tests/fixtures/events")
            .join(event)
            .with_extension("json");
        let payload = payload.to_str().expect("a path").to_owned();
        let work = self.sandbox.work().to_str().expect("a path").to_owned();
        let sha = self.sandbox.git(&["rev-parse", "HEAD"]);
        let (api, graphql) = (self.forge.api(), self.forge.graphql());
        let mut variables = vec![
            ("GITHUB_EVENT_NAME", event),
            ("GITHUB_EVENT_PATH", payload.as_str()),
            ("GITHUB_REF", ref_name),
            ("GITHUB_SHA", sha.as_str()),
            ("GITHUB_API_URL", api.as_str()),
            ("GITHUB_GRAPHQL_URL", graphql.as_str()),
            ("GITHUB_REPOSITORY", "acme/shop"),
            ("INPUT_MODE", "fix"),
            ("INPUT_DATABASE", self.index.as_str()),
            ("INPUT_PATH", work.as_str()),
            ("INPUT_TOKEN", SECRET),
            ("CI", "true"),
        ];
        variables.extend(inputs);
        step(&self.sandbox, &variables)
    }

    fn git(&self, arguments: &[&str]) -> String {
        self.forge.state().repository.git(arguments)
    }

    fn summary(&self) -> String {
        std::fs::read_to_string(self.sandbox.path("summary.md")).expect("a summary")
    }

    /// Every pull request: its number, whether it is open, its branch and its title.
    fn pulls(&self) -> Vec<(u64, bool, String, String)> {
        let state = self.forge.state();
        let pulls = state.issues.iter().filter_map(|issue| {
            let pull = issue.pull.as_ref()?;
            Some((issue.number, issue.open, pull.head.clone(), issue.title.clone()))
        });
        pulls.collect()
    }

    /// Writes that were asked for since the last call.
    fn writes(&self) -> Vec<String> {
        let seen = self.forge.seen().into_iter();
        seen.filter(|seen| !seen.operation.starts_with("GET"))
            .filter(|seen| !seen.operation.contains("#viewer") && !seen.operation.contains("#repository"))
            .map(|seen| seen.operation)
            .collect()
    }

    fn policy(&self, text: &str) {
        self.sandbox.write("lockkeeper.yml", text);
        self.sandbox.git(&["add", "-A"]);
        self.sandbox.git(&["commit", "-qm", "Decide"]);
        self.push();
    }

    fn branches(&self) -> Vec<String> {
        let all = self.git(&["for-each-ref", "--format=%(refname:short)", "refs/heads"]);
        all.lines().map(str::to_owned).collect()
    }
}

const STYLES: [Style; 3] = [Style::GitHub, Style::Enterprise, Style::Gitea];

#[test]
fn three_runs_make_one_pull_request() {
    for style in STYLES {
        let shop = Shop::new(style);
        shop.forge.state().collaborators.insert("octocat".to_owned());
        shop.forge.state().milestones.insert(3, "1.4.1".to_owned());
        shop.policy(
            "fix: {labels: [security], reviewers: [octocat], assignees: [bob], milestone: \"1.4.1\", sign-off: true, title: \"[{ref}] {title}\"}\n",
        );
        let ran = shop.run(&[]);
        assert_eq!(ran.code, 0, "{style:?} {}{}", ran.out, ran.err);
        assert_eq!(outputs(&shop.sandbox)["pull-requests"], "1", "{}", ran.out);
        let pulls = shop.pulls();
        assert_eq!(pulls.len(), 1);
        let (_, is_open, branch, title) = &pulls[0];
        assert!(*is_open);
        assert_eq!(branch, "lockkeeper/fix-main");
        assert_eq!(title, "[main] 2 upgrades that fix 2 advisories");
        {
            let state = shop.forge.state();
            let issue = state.issue(1).expect("a pull request");
            assert!(issue.labels.contains("security"));
            assert!(issue.assignees.contains("bob") && issue.milestone == Some(3));
            assert!(issue.pull.as_ref().expect("one").reviewers.contains("octocat"));
            assert!(issue.body.starts_with("<!-- lockkeeper:fix:"), "{}", issue.body);
            let says = |text: &str| assert!(issue.body.contains(text), "{text}\n{}", issue.body);
            says("Fixes 2 of 2 vulnerabilities (2 high) that block `main`.");
            says("| `1.0.0` | `1.0.1` | [`GHSA-cookie`]");
        }
        // One commit on the tip of the base, which changes the lockfile and nothing else.
        let of_branch = |words: &[&str]| shop.git(words);
        assert_eq!(
            of_branch(&["rev-parse", "lockkeeper/fix-main~1"]),
            of_branch(&["rev-parse", "main"])
        );
        assert_eq!(
            of_branch(&["diff", "--name-only", "main", "lockkeeper/fix-main"]),
            "app/package-lock.json"
        );
        let expected = lockfile(
            &shop.registry.address(""),
            &[("cookie", "1.0.1"), ("jar", "1.1.0")],
        );
        let held = of_branch(&["show", "lockkeeper/fix-main:app/package-lock.json"]);
        let as_json = |text: &str| serde_json::from_str::<Value>(text).expect("JSON");
        assert_eq!(as_json(&held), as_json(&expected));
        let message = of_branch(&["log", "-1", "--format=%B", "lockkeeper/fix-main"]);
        let trailers = of_branch(&["log", "-1", "--format=%(trailers:only)", "lockkeeper/fix-main"]);
        assert!(
            message.contains("cookie 1.0.0 -> 1.0.1: GHSA-cookie"),
            "{message}"
        );
        assert!(
            trailers.contains("Signed-off-by: ") && trailers.contains("Lockkeeper-Plan: "),
            "{trailers}"
        );
        assert!(!shop.writes().is_empty());
        let tip = of_branch(&["rev-parse", "lockkeeper/fix-main"]);
        for _ in 0..2 {
            let ran = shop.run(&[]);
            assert_eq!(ran.code, 0, "{}{}", ran.out, ran.err);
            assert_eq!(shop.writes(), Vec::<String>::new(), "{style:?}");
            assert_eq!(outputs(&shop.sandbox)["pull-requests"], "1");
            assert!(shop.summary().contains("is up to date"), "{}", shop.summary());
        }
        assert_eq!(of_branch(&["rev-parse", "lockkeeper/fix-main"]), tip);
        assert_eq!(shop.pulls().len(), 1);
        shop.forge.done();
    }
}

#[test]
fn a_base_that_moved_takes_the_branch_along() {
    for style in STYLES {
        let shop = Shop::new(style);
        shop.run(&[]);
        let before = shop.git(&["rev-parse", "lockkeeper/fix-main"]);
        shop.sandbox.write("README.md", "# Shop\n");
        shop.sandbox.git(&["add", "-A"]);
        shop.sandbox.git(&["commit", "-qm", "Go on"]);
        shop.push();
        let ran = shop.run(&[]);
        assert_eq!(ran.code, 0, "{style:?} {}{}", ran.out, ran.err);
        let after = shop.git(&["rev-parse", "lockkeeper/fix-main"]);
        assert_ne!(before, after);
        assert_eq!(
            shop.git(&["rev-parse", "lockkeeper/fix-main~1"]),
            shop.git(&["rev-parse", "main"])
        );
        assert_eq!(shop.pulls().len(), 1);
        assert_eq!(shop.branches(), ["lockkeeper/fix-main", "main"]);
        // A checkout that is not what the branch holds is planned anew by the next run.
        shop.sandbox.write(
            "app/package-lock.json",
            lockfile(&shop.registry.address(""), &[("jar", "1.0.0")]),
        );
        shop.sandbox.git(&["commit", "-qam", "Drop cookie"]);
        shop.writes();
        let ran = shop.run(&[]);
        assert!(
            ran.out
                .contains("the branch has moved on, or the checkout differs"),
            "{}",
            ran.out
        );
        assert_eq!(shop.writes(), Vec::<String>::new());
        shop.forge.done();
    }
}

#[test]
fn what_a_person_committed_to_is_left_alone() {
    let shop = Shop::new(Style::GitHub);
    shop.run(&[]);
    {
        let state = shop.forge.state();
        let tip = state.repository.git(&["rev-parse", "lockkeeper/fix-main"]);
        let tree = state.repository.git(&["rev-parse", "main^{tree}"]);
        let who = ("alice", "alice@forge.example");
        let made = state
            .repository
            .write_commit(&tree, &[tip], "Not so", who)
            .expect("a commit");
        state.repository.set("refs/heads/lockkeeper/fix-main", &made);
    }
    let tip = shop.git(&["rev-parse", "lockkeeper/fix-main"]);
    shop.writes();
    shop.sandbox.write("README.md", "# Shop\n");
    shop.sandbox.git(&["add", "-A"]);
    shop.sandbox.git(&["commit", "-qm", "Go on"]);
    shop.push();
    let ran = shop.run(&[]);
    assert_eq!(ran.code, 0, "{}{}", ran.out, ran.err);
    assert!(
        ran.out.contains("it has a commit of another author"),
        "{}",
        ran.out
    );
    assert_eq!(outputs(&shop.sandbox)["pull-requests"], "1");
    assert_eq!(shop.writes(), Vec::<String>::new());
    // Nor is it closed when nothing of it is needed.
    shop.sandbox.write(
        "app/package-lock.json",
        lockfile(&shop.registry.address(""), &[("jar", "1.1.0")]),
    );
    shop.sandbox.git(&["commit", "-qam", "Drop cookie"]);
    shop.push();
    let ran = shop.run(&[]);
    assert!(ran.out.contains("#1 is left open"), "{}", ran.out);
    assert_eq!(shop.writes(), Vec::<String>::new());
    assert_eq!(shop.git(&["rev-parse", "lockkeeper/fix-main"]), tip);
    shop.forge.done();
}

#[test]
fn what_comes_from_a_fork_is_none_of_ours_whatever_it_says() {
    for style in STYLES {
        let shop = Shop::new(style);
        shop.policy("fix: {max-open: 1}\n");
        let bodies = [
            "<!-- lockkeeper:fix:0 dressed GHSA-cookie GHSA-jar -->\nOurs",
            "<!-- lockkeeper:fix:0 -->\n",
        ];
        // A branch of ours for another base, and who opens one from a fork gives theirs the same name.
        let main = shop.git(&["rev-parse", "main"]);
        shop.git(&["branch", "lockkeeper/fix-other", &main]);
        for (branch, body, is_open) in [
            ("lockkeeper/fix-main", bodies[0], true),
            ("lockkeeper/fix-main", bodies[0], false),
            ("lockkeeper/fix-other", bodies[1], true),
        ] {
            let mut state = shop.forge.state();
            let number = state.open_pull("mallory", "Upgrade", branch, "main");
            let issue = state.issue_mut(number).expect("a pull request");
            issue.body = body.to_owned();
            issue.open = is_open;
            issue.pull.as_mut().expect("one").is_from_fork = true;
        }
        let ran = shop.run(&[]);
        assert_eq!(ran.code, 0, "{style:?} {}{}", ran.out, ran.err);
        assert_eq!(outputs(&shop.sandbox)["pull-requests"], "4", "{}", ran.out);
        assert_eq!(
            shop.branches(),
            ["lockkeeper/fix-main", "lockkeeper/fix-other", "main"]
        );
        let state = shop.forge.state();
        assert!(state.comments.is_empty());
        for issue in state.issues.iter().filter(|issue| issue.author == "mallory") {
            assert!(
                issue.title == "Upgrade" && bodies.contains(&issue.body.as_str()),
                "{issue:?}"
            );
            assert_eq!(issue.open, issue.number != 2);
        }
    }
}

#[test]
fn the_branches_of_two_bases_do_not_meet() {
    let shop = Shop::new(Style::GitHub);
    shop.run(&[]);
    // `main-next` has a branch of its own, whatever is made beside that of `main`.
    shop.sandbox.git(&["checkout", "-q", "-b", "main-next"]);
    let work = shop.sandbox.work();
    let fetch = |branch: &str| {
        let spec = format!("+refs/heads/{branch}:refs/heads/{branch}");
        shop.git(&["fetch", "-q", work.to_str().expect("a path"), &spec]);
    };
    fetch("main-next");
    let ran = shop.run_for(("schedule", "refs/heads/main-next"), &[]);
    assert_eq!(outputs(&shop.sandbox)["pull-requests"], "2", "{}", ran.out);
    let other = shop.git(&["rev-parse", "lockkeeper/fix-main-next"]);
    shop.sandbox.git(&["checkout", "-q", "main"]);
    shop.sandbox.write("README.md", "# Shop\n");
    shop.sandbox.git(&["add", "-A"]);
    shop.sandbox.git(&["commit", "-qm", "Go on"]);
    fetch("main");
    let ran = shop.run(&[]);
    assert_eq!(ran.code, 0, "{}{}", ran.out, ran.err);
    assert_eq!(shop.git(&["rev-parse", "lockkeeper/fix-main-next"]), other);
    assert!(shop.pulls().iter().all(|pull| pull.1), "{:?}", shop.pulls());
    // Our own branches are no release lines.
    shop.writes();
    let ran = shop.run_for(("push", "refs/heads/lockkeeper/fix-main"), &[]);
    assert!(
        ran.out.contains("is a branch that lockkeeper made"),
        "{}",
        ran.out
    );
    assert_eq!(shop.writes(), Vec::<String>::new());
}

#[test]
fn what_a_person_closed_stays_closed_until_there_is_more_to_fix() {
    for style in STYLES {
        let shop = Shop::new(style);
        let only = [("INPUT_ARGS", "--only cookie --now 2026-02-01")];
        shop.run(&only);
        shop.forge.state().issue_mut(1).expect("a pull request").open = false;
        shop.writes();
        let ran = shop.run(&only);
        // The findings are as visible as before.
        assert_eq!(outputs(&shop.sandbox)["verdict"], "blocked");
        assert!(
            ran.out.contains("#1 was closed by a person"),
            "{style:?} {}",
            ran.out
        );
        assert_eq!(shop.writes(), Vec::<String>::new());
        assert_eq!(outputs(&shop.sandbox)["pull-requests"], "");
        // Another advisory is another matter.
        let ran = shop.run(&[]);
        assert_eq!(ran.code, 0, "{}{}", ran.out, ran.err);
        let open: Vec<u64> = shop
            .pulls()
            .iter()
            .filter(|pull| pull.1)
            .map(|pull| pull.0)
            .collect();
        assert_eq!(open, [2]);
        shop.forge.done();
    }
}

#[test]
fn what_is_fixed_is_closed_and_opened_again_when_it_is_back() {
    for style in STYLES {
        let shop = Shop::new(style);
        shop.run(&[]);
        let address = shop.registry.address("");
        shop.sandbox.write(
            "app/package-lock.json",
            lockfile(&address, &[("cookie", "1.0.2"), ("jar", "1.1.0")]),
        );
        shop.sandbox.git(&["commit", "-qam", "Upgrade"]);
        shop.push();
        let fixed = shop.git(&["rev-parse", "main"]);
        let ran = shop.run(&[]);
        assert_eq!(ran.code, 0, "{style:?} {}{}", ran.out, ran.err);
        assert!(!shop.pulls()[0].1, "{}", ran.out);
        assert_eq!(shop.branches(), ["main"]);
        let said = shop
            .forge
            .state()
            .comments
            .last()
            .expect("a comment")
            .body
            .clone();
        assert!(said.contains(&fixed), "{said}");
        shop.writes();
        shop.run(&[]);
        assert_eq!(shop.writes(), Vec::<String>::new());
        shop.sandbox.write(
            "app/package-lock.json",
            lockfile(&address, &[("cookie", "1.0.0"), ("jar", "1.1.0")]),
        );
        shop.sandbox.git(&["commit", "-qam", "Downgrade"]);
        shop.push();
        shop.run(&[]);
        let open: Vec<(u64, String)> = shop
            .pulls()
            .into_iter()
            .filter(|pull| pull.1)
            .map(|pull| (pull.0, pull.3))
            .collect();
        assert_eq!(
            open,
            [(
                2,
                "Upgrade cookie from 1.0.0 to 1.0.1, which fixes GHSA-cookie".to_owned()
            )]
        );
        shop.forge.done();
    }
}

#[test]
fn what_cannot_be_planned_or_checked_closes_nothing() {
    for style in [Style::GitHub, Style::Gitea] {
        let shop = Shop::new(style);
        shop.run(&[]);
        shop.writes();
        // A registry that is gone leaves the findings.
        shop.registry.remove("/cookie");
        shop.registry.remove("/jar");
        let cache = shop
            .sandbox
            .path("other-cache")
            .to_str()
            .expect("a path")
            .to_owned();
        let ran = shop.run(&[("LOCKKEEPER_CACHE", &cache)]);
        assert_eq!(ran.code, 1, "{style:?} {}{}", ran.out, ran.err);
        assert!(ran.out.contains("#1 is left as it is"), "{}", ran.out);
        assert_eq!(shop.writes(), Vec::<String>::new());
        assert_eq!(outputs(&shop.sandbox)["pull-requests"], "1");
        // A lockfile that cannot be read has no findings.
        shop.sandbox.write("app/package-lock.json", "{");
        shop.sandbox.git(&["commit", "-qam", "Break"]);
        shop.push();
        let ran = shop.run(&[]);
        assert_eq!(ran.code, 3, "{style:?} {}{}", ran.out, ran.err);
        assert!(ran.out.contains("#1 is left as it is"), "{}", ran.out);
        assert_eq!(shop.writes(), Vec::<String>::new());
        assert!(shop.pulls()[0].1);
        shop.forge.done();
    }
}

#[test]
fn the_plan_in_the_report_file_names_its_pull_request_and_what_stays() {
    let shop = Shop::new(Style::GitHub);
    let records = [
        record("GHSA-cookie", "npm", "cookie", "0", Some("1.0.1")),
        record("GHSA-open", "npm", "cookie", "0", None),
    ];
    shop.sandbox.index("index.lkdb", &records, NOW);
    shop.push();
    let file = shop.sandbox.path("plan.json");
    let path = file.to_str().expect("a path").to_owned();
    let inputs = [("INPUT_REPORT-FILE", path.as_str())];
    let report = || -> Value {
        let text = std::fs::read_to_string(&file).expect("a report");
        serde_json::from_str(&text).expect("JSON")
    };
    // The second run finds it up to date.
    for _ in 0..2 {
        let ran = shop.run(&inputs);
        assert_eq!(ran.code, 6, "{}{}", ran.out, ran.err);
        let target = report()["targets"][0].clone();
        let expected = json!({
            "number": 1,
            "branch": "lockkeeper/fix-main",
            "title": "Upgrade cookie from 1.0.0 to 1.0.1, which fixes GHSA-cookie",
        });
        assert_eq!(target["pull_request"], expected);
        assert_eq!(target["unfixable"][0]["package"]["version"], "1.0.1");
    }
    {
        let state = shop.forge.state();
        let body = &state.issue(1).expect("a pull request").body;
        assert!(body.contains("### Not fixed by it"), "{body}");
        assert!(body.contains("| `cookie` `1.0.1`<br>[`GHSA-open`]"), "{body}");
        assert!(
            body.contains("The plan moves it from 1\\.0\\.0 to 1\\.0\\.1")
                || body.contains("The plan moves it from 1.0.0 to 1.0.1"),
            "{body}"
        );
    }
    // One for each package: none carries all.
    shop.policy("fix: {group: package}\n");
    shop.run(&inputs);
    assert_eq!(report()["targets"][0]["pull_request"], Value::Null);
}

#[test]
fn one_for_each_package_and_no_more_than_the_policy_allows() {
    let shop = Shop::new(Style::GitHub);
    shop.policy("fix: {group: package, max-open: 1}\n");
    let ran = shop.run(&[]);
    assert!(ran.out.contains("`fix.max-open`"), "{}", ran.out);
    assert_eq!(shop.pulls().len(), 1);
    shop.policy("fix: {group: package}\n");
    let ran = shop.run(&[]);
    assert_eq!(ran.code, 0, "{}{}", ran.out, ran.err);
    let pulls = shop.pulls();
    assert_eq!(pulls.len(), 2, "{pulls:?}");
    assert_ne!(pulls[0].2, pulls[1].2);
    let changed = |branch: &str| shop.git(&["diff", "--numstat", "main", branch]);
    for (_, _, branch, _) in &pulls {
        assert_eq!(changed(branch), "3\t3\tapp/package-lock.json");
    }
    // All in one again: what was for one package is closed.
    shop.policy("fix: {group: all}\n");
    shop.run(&[]);
    let open: Vec<String> = shop
        .pulls()
        .into_iter()
        .filter(|pull| pull.1)
        .map(|pull| pull.2)
        .collect();
    assert_eq!(open, ["lockkeeper/fix-main"]);
    shop.forge.done();
}

#[test]
fn a_forge_that_dies_at_any_write_is_finished_by_the_next_run() {
    dies_at_any_write(Style::GitHub);
}

#[test]
fn a_gitea_that_dies_at_any_write_is_finished_by_the_next_run() {
    dies_at_any_write(Style::Gitea);
}

fn dies_at_any_write(style: Style) {
    {
        // How many writes one run makes.
        let whole = Shop::new(style);
        whole.policy("fix: {labels: [security]}\n");
        whole.run(&[]);
        let writes = whole.writes();
        assert!((5..=8).contains(&writes.len()), "{writes:?}");
        for number in 0..writes.len() {
            let shop = Shop::new(style);
            shop.policy("fix: {labels: [security]}\n");
            shop.forge.only_write(number);
            let ran = shop.run(&[]);
            assert!(
                [0, 5, 6].contains(&ran.code),
                "{style:?} {number}: {} {}",
                ran.code,
                ran.out
            );
            shop.forge.calm();
            let ran = shop.run(&[]);
            assert_eq!(ran.code, 0, "{style:?} {number}: {}{}", ran.out, ran.err);
            let pulls = shop.pulls();
            assert_eq!(pulls.len(), 1, "{style:?} {number}: {pulls:?}");
            assert_eq!(shop.branches(), ["lockkeeper/fix-main", "main"]);
            assert!(
                shop.forge.state().issues[0].labels.contains("security"),
                "{style:?} {number}"
            );
            assert_eq!(
                shop.git(&["rev-parse", "lockkeeper/fix-main~1"]),
                shop.git(&["rev-parse", "main"])
            );
            shop.writes();
            shop.run(&[]);
            assert_eq!(shop.writes(), Vec::<String>::new(), "{style:?} {number}");
        }
    }
}

#[test]
fn a_refused_write_is_an_error_that_names_the_permission() {
    let shop = Shop::new(Style::GitHub);
    shop.forge.token(|token| {
        *token = Token {
            contents: Access::Read,
            ..Token::workflow()
        }
    });
    let ran = shop.run(&[]);
    assert_eq!(ran.code, 5, "{}{}", ran.out, ran.err);
    let error = ran
        .out
        .lines()
        .find(|line| line.starts_with("::error"))
        .expect("an error");
    assert!(error.contains("contents: write"), "{error}");
    assert_eq!(shop.pulls().len(), 0);
    assert_eq!(outputs(&shop.sandbox)["exit-code"], "5");
    // What a person has to allow in the settings.
    let shop = Shop::new(Style::GitHub);
    shop.forge.state().workflows_open_pulls = false;
    let ran = shop.run(&[]);
    assert_eq!(ran.code, 5, "{}{}", ran.out, ran.err);
    assert!(
        ran.out
            .contains("Allow GitHub Actions to create and approve pull requests"),
        "{}",
        ran.out
    );
    shop.forge.state().workflows_open_pulls = true;
    assert_eq!(shop.run(&[]).code, 0);
    assert_eq!(shop.pulls().len(), 1);
    // A label or a reviewer that is refused is reported, and the pull request is there.
    let shop = Shop::new(Style::GitHub);
    shop.policy("fix: {reviewers: [nobody-knows-me], milestone: never}\n");
    let ran = shop.run(&[]);
    assert_eq!(ran.code, 0, "{}{}", ran.out, ran.err);
    assert!(
        ran.out
            .contains("Reviews may only be requested from collaborators"),
        "{}",
        ran.out
    );
    assert!(
        ran.out.contains("no open milestone has the title never"),
        "{}",
        ran.out
    );
    assert_eq!(shop.pulls().len(), 1);
}

#[test]
fn a_dry_run_and_other_events_write_nothing() {
    let shop = Shop::new(Style::GitHub);
    let ran = shop.run(&[("INPUT_ARGS", "--dry-run --now 2026-02-01")]);
    assert_eq!(ran.code, 0, "{}{}", ran.out, ran.err);
    assert!(ran.out.contains("cookie 1.0.0 → 1.0.1"), "{}", ran.out);
    assert!(shop.forge.seen().is_empty());
    for (event, ref_name) in [
        ("pull_request", "refs/pull/7/merge"),
        ("push_tag", "refs/tags/v1"),
        ("schedule", "refs/tags/v1"),
    ] {
        let ran = shop.run_for((event.trim_end_matches("_tag"), ref_name), &[]);
        assert_eq!(ran.code, 2, "{event}: {}{}", ran.out, ran.err);
        assert!(ran.out.contains("this job runs for none"), "{}", ran.out);
        assert!(shop.forge.seen().is_empty());
    }
    let ran = shop.run(&[("INPUT_TOKEN", "")]);
    assert_eq!(ran.code, 5, "{}{}", ran.out, ran.err);
    assert!(
        ran.out.contains("There is no token to open pull requests with"),
        "{}",
        ran.out
    );
    for (name, value) in [
        ("INPUT_COMMENT", "true"),
        ("INPUT_EXIT-ZERO", "true"),
        ("INPUT_ARGS", "--allow-dirty"),
    ] {
        assert_eq!(shop.run(&[(name, value)]).code, 2, "{name}");
    }
}

#[test]
fn the_token_of_a_registry_goes_to_that_registry_alone() {
    let shop = Shop::new(Style::GitHub);
    let registry = shop.registry.address("/");
    let prefix = registry.trim_start_matches("http:").to_owned();
    let home = shop.sandbox.path("home");
    std::fs::create_dir_all(&home).expect("a folder");
    std::fs::write(home.join(".npmrc"), format!("{prefix}:_authToken={CANARY}\n")).expect("a file");
    let home = home.to_str().expect("a path").to_owned();
    let ran = shop.run(&[("HOME", &home)]);
    assert_eq!(ran.code, 0, "{}{}", ran.out, ran.err);
    let asked = shop.registry.hits();
    assert!(!asked.is_empty());
    for hit in asked {
        assert_eq!(
            hit.headers.get("authorization"),
            Some(&format!("Bearer {CANARY}"))
        );
    }
    let seen = format!("{:?}", shop.forge.seen());
    assert!(!seen.contains(CANARY));
    let all = [
        ran.out,
        ran.err,
        shop.summary(),
        format!("{:?}", outputs(&shop.sandbox)),
    ];
    assert!(all.iter().all(|text| !text.contains(CANARY)));
    let state = shop.forge.state();
    assert!(state.issues.iter().all(|issue| !issue.body.contains(CANARY)));
}

#[test]
fn hostile_names_are_no_mentions_and_no_markup() {
    let shop = Shop::new(Style::GitHub);
    let records = [record("GHSA-cookie", "npm", "cookie", "0", Some("1.0.1"))];
    shop.sandbox.index("index.lkdb", &records, NOW);
    shop.forge
        .trouble("POST", "/labels", 1, Trouble::status(500, "::error::@everyone"));
    shop.policy("fix: {labels: [\"@everyone\"]}\n");
    let ran = shop.run(&[]);
    assert!(!ran.out.contains("\n::error::@everyone"), "{}", ran.out);
    assert!(!shop.summary().contains(" @everyone"), "{}", shop.summary());
}
