//! `backport --advisory`: an advisory of the repository itself. What the tags say of its versions is held against `git tag
//! --contains`, the record against the schema of OSV.

use serde_json::{Value, json};

use crate::support::program::{Ran, Sandbox, git_with};

const NOW: &str = "2026-03-01T00:00:00Z";

/// Release lines of a package: the fix is on `main`, picked onto `release/1.4`, and `release/1.3` and `release/2.0` lack it;
/// `release/1.0` has no such code.
struct Project {
    sandbox: Sandbox,
    /// What brought the problem in, and what fixed it on `main` and on `release/1.4`.
    introduced: String,
    fix: String,
    picked: String,
}

impl Project {
    fn new() -> Self {
        let sandbox = Sandbox::new();
        sandbox.git(&["init", "-q"]);
        sandbox.git(&[
            "remote",
            "add",
            "origin",
            "https://someone:secret@forge.example/acme/shop",
        ]);
        let mut day = 0;
        let mut commit = |name: &str, text: &str| {
            day += 1;
            let time = format!("2026-01-{day:02}T00:00:00Z");
            let dates = [
                ("GIT_COMMITTER_DATE", time.as_str()),
                ("GIT_AUTHOR_DATE", time.as_str()),
            ];
            sandbox.write(name, text);
            sandbox.git(&["add", "-A"]);
            git_with(
                &sandbox.work(),
                &["commit", "-qm", text.lines().last().unwrap_or(name)],
                &dates,
            );
            sandbox.git(&["rev-parse", "HEAD"]).trim().to_owned()
        };
        let git = |arguments: &[&str]| sandbox.git(arguments);
        let lock = json!({"name": "shop", "version": "0.0.0-development", "lockfileVersion": 3, "packages": {
            "": {"name": "shop", "version": "0.0.0-development", "dependencies": {"left": "1.0.0"}},
            "node_modules/left": {"version": "1.0.0"}}});
        sandbox.write("package-lock.json", lock.to_string());
        commit("parser", "a\nb\nc\nd\n");
        git(&["tag", "v1.0.0"]);
        git(&["branch", "release/1.0"]);
        let introduced = commit("parser", "a\nb\nc\nd\nbad\n");
        git(&["tag", "v1.3.0"]);
        git(&["branch", "release/1.3"]);
        commit("other", "1\n");
        git(&["tag", "v1.4.0"]);
        git(&["branch", "release/1.4"]);
        commit("other", "2\n");
        git(&["tag", "v2.0.0"]);
        git(&["branch", "release/2.0"]);
        let fix = commit("parser", "a\nb\nc\nd\ngood\n");
        git(&["tag", "v2.1.0"]);
        git(&["checkout", "-q", "release/1.4"]);
        git(&["cherry-pick", "-x", &fix]);
        let picked = git(&["rev-parse", "HEAD"]).trim().to_owned();
        git(&["tag", "v1.4.1"]);
        git(&["checkout", "-q", "release/1.3"]);
        commit("other", "0\n");
        git(&["tag", "v1.3.1"]);
        git(&["tag", "nightly"]);
        git(&["checkout", "-q", "main"]);
        Self {
            sandbox,
            introduced,
            fix,
            picked,
        }
    }

    fn record(&self) -> Value {
        json!({
            "schema_version": "1.7.0", "id": "GHSA-2222-3333-4444", "modified": "2026-02-01T00:00:00Z",
            "published": "2026-02-01T00:00:00Z", "summary": "the parser takes anything", "credits": [{"name": "Ann"}],
            "references": [{"type": "FIX", "url": format!("https://forge.example/acme/shop/commit/{}", self.fix)}],
            "affected": [{"package": {"ecosystem": "npm", "name": "shop"}, "ranges": [{
                "type": "GIT", "repo": "https://forge.example/acme/shop", "events": [{"introduced": self.introduced}]}]}],
        })
    }

    fn run(&self, record: &Value, more: &[&str]) -> Ran {
        let file = self.sandbox.path("advisory.json");
        std::fs::write(&file, record.to_string()).expect("a file");
        let file = file.to_str().expect("a path").to_owned();
        let words = [
            "backport",
            "--advisory",
            &file,
            "--refs",
            "main,release/*",
            "--now",
            NOW,
        ];
        self.sandbox.run(&[&words[..], more].concat())
    }
}

fn fits_the_schema(record: &Value) {
    let schema = include_str!("../../schemas/osv-1.7.5.json");
    let schema: Value = serde_json::from_str(schema).expect("JSON");
    let options = jsonschema::draft202012::options().should_validate_formats(true);
    let validator = options.build(&schema).expect("a schema");
    let errors: Vec<String> = validator
        .iter_errors(record)
        .map(|error| format!("{}: {error}", error.instance_path()))
        .collect();
    assert!(errors.is_empty(), "{errors:#?} in {record:#}");
}

/// A version is affected by the rules of OSV: the last event at or before it.
fn is_affected(record: &Value, version: &str) -> bool {
    let key = |version: &str| -> Vec<u32> {
        let numbers = version.split('.').map(|number| number.parse().expect("a number"));
        numbers.collect()
    };
    let ranges = record["affected"][0]["ranges"].as_array().expect("ranges");
    let range = ranges
        .iter()
        .find(|range| range["type"] == "SEMVER")
        .expect("a range");
    let mut is_affected = false;
    for event in range["events"].as_array().expect("events") {
        if let Some(introduced) = event["introduced"].as_str() {
            is_affected |= introduced == "0" || key(version) >= key(introduced);
        } else if let Some(fixed) = event["fixed"].as_str() {
            is_affected &= key(version) < key(fixed);
        }
    }
    is_affected
}

#[test]
fn the_record_says_what_the_tags_say() {
    let project = Project::new();
    let ran = project.run(&project.record(), &["--format", "osv"]);
    assert_eq!(ran.code, 0, "{}{}", ran.out, ran.err);
    let record = ran.json();
    fits_the_schema(&record);
    assert_eq!(
        record["affected"][0]["ranges"][0],
        json!({"type": "SEMVER", "events": [
            {"introduced": "1.3.0"}, {"fixed": "1.4.1"}, {"introduced": "2.0.0"}, {"fixed": "2.1.0"},
        ]})
    );
    assert_eq!(
        record["affected"][0]["versions"],
        json!(["1.3.0", "1.3.1", "1.4.0", "2.0.0"])
    );
    assert_eq!(
        record["affected"][0]["ranges"][1],
        json!({"type": "GIT", "repo": "https://forge.example/acme/shop", "events": [
            {"introduced": project.introduced}, {"fixed": project.fix}, {"fixed": project.picked},
        ]})
    );
    // What else the record says stays.
    assert_eq!(record["credits"][0]["name"], "Ann");
    assert_eq!(record["modified"], NOW);
    // As git knows it: what contains the one and neither of the others.
    let tags = |commit: &str| project.sandbox.git(&["tag", "--contains", commit]);
    let fixed = format!("{}\n{}", tags(&project.fix), tags(&project.picked));
    for tag in project
        .sandbox
        .git(&["tag"])
        .lines()
        .filter(|tag| tag.starts_with('v'))
    {
        let by_git = tags(&project.introduced).lines().any(|other| other == tag)
            && !fixed.lines().any(|other| other == tag);
        assert_eq!(is_affected(&record, &tag[1..]), by_git, "{tag}");
    }
}

#[test]
fn lines_without_the_fix_take_it() {
    let project = Project::new();
    let ran = project.run(&project.record(), &[]);
    assert_eq!(ran.code, 0, "{}{}", ran.out, ran.err);
    let short = |id: &str| id[..12].to_owned();
    for words in [
        "shop: affected by its tags: >= 1.3.0 < 1.4.1, >= 2.0.0 < 2.1.0".to_owned(),
        format!("main: has the fix, {}", short(&project.fix)),
        format!("release/1.4: has the fix, {}", short(&project.picked)),
        "release/1.0: not affected".to_owned(),
        "planned   release/1.3 · takes 1 commit".to_owned(),
        "planned   release/2.0 · takes 1 commit".to_owned(),
    ] {
        assert!(ran.out.contains(&words), "{words}\n{}", ran.out);
    }
    assert!(!ran.out.contains("release/1.0 · takes"), "{}", ran.out);
    // Names that would be read as several, or as a pattern of another, are names.
    for name in ["release/2,0", "release/{1.4,2.0}"] {
        project.sandbox.git(&["branch", name, "release/2.0"]);
    }
    let ran = project.run(&project.record(), &[]);
    assert_eq!(ran.code, 0, "{}{}", ran.out, ran.err);
    for name in ["release/2,0", "release/{1.4,2.0}", "release/2.0", "release/1.3"] {
        let takes = format!("planned   {name} · takes 1 commit");
        assert!(ran.out.contains(&takes), "{takes}\n{}", ran.out);
    }
}

#[test]
fn a_revert_counts_and_so_does_a_range_without_a_beginning() {
    let project = Project::new();
    let git = |arguments: &[&str]| project.sandbox.git(arguments);
    git(&["checkout", "-q", "release/1.4"]);
    git(&["revert", "--no-edit", &project.picked]);
    git(&["tag", "v1.4.2"]);
    git(&["checkout", "-q", "main"]);
    let mut record = project.record();
    record["affected"] = json!([{"package": {"ecosystem": "npm", "name": "shop"}}]);
    let ran = project.run(&record, &["--format", "osv"]);
    let record = ran.json();
    fits_the_schema(&record);
    for (version, is_bad) in [
        ("1.0.0", true),
        ("1.4.1", false),
        ("1.4.2", true),
        ("2.0.0", true),
        ("2.1.0", false),
    ] {
        assert_eq!(is_affected(&record, version), is_bad, "{version} in {record:#}");
    }
    assert_eq!(
        record["affected"][0]["ranges"][1]["events"][0],
        json!({"introduced": "0"})
    );
}

/// Fixed, reverted, and fixed again on one branch: what a tag has is what came last before it, whichever commits the record names.
#[test]
fn a_fix_that_was_undone_and_came_back_counts_from_then_on() {
    let project = Project::new();
    let git = |arguments: &[&str]| project.sandbox.git(arguments).trim().to_owned();
    git(&["revert", "--no-edit", &project.fix]);
    git(&["tag", "v2.2.0"]);
    git(&["branch", "release/2.2"]);
    git(&["revert", "--no-edit", "HEAD"]);
    let again = git(&["rev-parse", "HEAD"]);
    git(&["tag", "v2.3.0"]);
    for named in [
        vec![project.fix.clone()],
        vec![again.clone()],
        vec![project.fix.clone(), again.clone()],
    ] {
        let mut record = project.record();
        let events: Vec<Value> = std::iter::once(json!({"introduced": project.introduced}))
            .chain(named.iter().map(|commit| json!({"fixed": commit})))
            .collect();
        record["affected"] = json!([{
            "package": {"ecosystem": "npm", "name": "shop"},
            "ranges": [{"type": "GIT", "repo": "https://forge.example/acme/shop", "events": events}],
        }]);
        let ran = project.run(&record, &["--format", "osv"]);
        let said = ran.json();
        fits_the_schema(&said);
        for (version, is_bad) in [
            ("1.3.0", true),
            ("1.4.1", false),
            ("2.0.0", true),
            ("2.1.0", false),
            ("2.2.0", true),
            ("2.3.0", false),
        ] {
            assert_eq!(
                is_affected(&said, version),
                is_bad,
                "{version} with {named:?} in {said:#}"
            );
        }
        let ran = project.run(&record, &[]);
        assert_eq!(ran.code, 0, "{}{}", ran.out, ran.err);
        assert!(ran.out.contains("main: has the fix"), "{}", ran.out);
        assert!(ran.out.contains("planned   release/2.2 · takes "), "{}", ran.out);
    }
}

#[test]
fn a_record_of_the_database_and_one_of_github_will_do() {
    let project = Project::new();
    let mut record = project.record();
    record["affected"][0]["ranges"] = json!([{"type": "SEMVER", "events": [{"introduced": "0"}]}]);
    let index = project.sandbox.index("index.lkdb", &[record], NOW);
    let words = [
        "backport",
        "--advisory",
        "GHSA-2222-3333-4444",
        "--format",
        "osv",
        "--db",
        &index,
        "--now",
        NOW,
    ];
    let ran = project.sandbox.run(&words);
    assert_eq!(ran.code, 0, "{}", ran.err);
    let record = ran.json();
    fits_the_schema(&record);
    assert_eq!(record["summary"], "the parser takes anything");
    assert!(is_affected(&record, "1.0.0") && !is_affected(&record, "2.1.0"));

    let github = json!({
        "ghsa_id": "GHSA-2222-3333-4444", "summary": "s", "description": "d", "published_at": "2026-02-01T00:00:00Z",
        "references": [format!("https://forge.example/acme/shop/commit/{}", &project.fix[..10])],
        "vulnerabilities": [{"package": {"ecosystem": "npm", "name": "shop"}}],
    });
    let record = project.run(&github, &["--format", "osv"]).json();
    fits_the_schema(&record);
    assert_eq!(
        record["affected"][0]["versions"],
        json!(["1.0.0", "1.3.0", "1.3.1", "1.4.0", "2.0.0"])
    );
}

#[test]
fn the_grid_shows_which_lines_have_the_fix() {
    let project = Project::new();
    let mut record = project.record();
    record["affected"][0]["ranges"] = json!([{"type": "SEMVER", "events": [{"introduced": "1.3.0"}, {"fixed": "1.4.1"},
        {"introduced": "2.0.0"}, {"fixed": "2.1.0"}]}]);
    // Names the same package, and a commit of another repository.
    let mut other = record.clone();
    other["id"] = "GHSA-3333-4444-5555".into();
    other["references"][0]["url"] = "https://forge.example/other/shop/commit/0123456789abcdef".into();
    let left = json!({"id": "GHSA-4444-5555-6666", "modified": "2026-02-01T00:00:00Z", "affected": [
        {"package": {"ecosystem": "npm", "name": "left"}, "ranges": [
            {"type": "SEMVER", "events": [{"introduced": "0"}]}]}]});
    let index = project
        .sandbox
        .index("index.lkdb", &[record.clone(), other, left], NOW);
    let words = [
        "status",
        "--refs",
        "main,release/*",
        "--format",
        "json",
        "--db",
        &index,
        "--now",
        NOW,
    ];
    let ran = project.sandbox.run(&words);
    assert_eq!(ran.code, 0, "{}{}", ran.out, ran.err);
    let grid = ran.json();
    let rows = grid["rows"].as_array().expect("rows");
    let ids: Vec<&str> = rows.iter().filter_map(|row| row["id"].as_str()).collect();
    assert_eq!(ids, ["GHSA-2222-3333-4444", "GHSA-4444-5555-6666"]);
    assert_eq!(rows[0]["packages"], json!(["pkg:npm/shop"]));
    let short = |id: &str| id[..12].to_owned();
    let lacks = format!(
        "it lacks the fix, {}; `lockkeeper backport --advisory GHSA-2222-3333-4444` carries it",
        short(&project.fix)
    );
    for (line, state, reason) in [
        (
            "main",
            "fixed",
            format!("it contains the commit {}, which fixes it", short(&project.fix)),
        ),
        (
            "release/1.4",
            "fixed",
            format!(
                "it contains the commit {}, which fixes it",
                short(&project.picked)
            ),
        ),
        ("release/1.3", "affected", lacks.clone()),
        ("release/2.0", "affected", lacks),
        (
            "release/1.0",
            "not_affected",
            "its last version, 1.0.0, is outside of what is affected".to_owned(),
        ),
    ] {
        let cell = &rows[0]["cells"][format!("refs/heads/{line}")];
        assert_eq!(
            (cell["state"].as_str(), cell["reason"].as_str()),
            (Some(state), Some(&*reason)),
            "{line}"
        );
    }
    for format in ["terminal", "markdown", "html"] {
        let words = [
            "status",
            "--refs",
            "main,release/*",
            "--format",
            format,
            "--db",
            &index,
            "--now",
            NOW,
        ];
        let ran = project.sandbox.run(&words);
        assert!(
            ran.code == 0 && ran.out.contains("GHSA-2222-3333-4444"),
            "{format}\n{}{}",
            ran.out,
            ran.err
        );
    }

    // Since when each has it, and the tag that has it: before publication on `main`, with the pick on `release/1.4`.
    let words = [
        "status",
        "--metrics",
        "--refs",
        "main,release/*",
        "--format",
        "json",
        "--db",
        &index,
        "--now",
        "2027-01-01T00:00:00Z",
    ];
    let ran = project.sandbox.run(&words);
    let metrics = ran.json()["metrics"]["rows"].clone();
    let rows = metrics.as_array().expect("rows").iter();
    let own: Vec<(&str, &str, &str)> = rows
        .filter(|row| row["id"] == "GHSA-2222-3333-4444")
        .map(|row| {
            (
                row["ref"].as_str().unwrap_or_default(),
                row["merged"]["state"].as_str().unwrap_or_default(),
                row["released"]["by"].as_str().unwrap_or_default(),
            )
        })
        .collect();
    assert_eq!(
        own,
        [
            ("refs/heads/main", "early", ""),
            ("refs/heads/release/2.0", "open", ""),
            ("refs/heads/release/1.4", "done", "v1.4.1"),
            ("refs/heads/release/1.3", "open", ""),
        ],
        "{metrics:#}"
    );
    let mut rows = metrics.as_array().expect("rows").iter();
    let picked = rows.find(|row| row["merged"]["by"] == project.picked.as_str());
    assert_eq!(picked.expect("a row")["ref"], "refs/heads/release/1.4");

    // The same in a clone that has the lines of its remote alone; where the history is cut, nothing fails.
    let from = format!("file://{}", project.sandbox.work().display());
    for (folder, depth) in [("whole", &[][..]), ("cut", &["--depth=1", "--no-single-branch"])] {
        let clone = project.sandbox.path(folder);
        let clone = clone.to_str().expect("a path");
        let more = [&["clone", "-q"][..], depth, &[&from, clone]].concat();
        project.sandbox.git(&more);
        let words: Vec<&str> = words.iter().copied().chain([clone]).collect();
        let ran = project.sandbox.run(&words);
        // Without its history a line is not clean.
        let is_whole = depth.is_empty();
        let refused = ran.json()["coverage"]["blind"].as_array().map_or(0, Vec::len);
        assert_eq!(refused > 0, !is_whole, "{folder} {}", ran.out);
        let said = ran
            .out
            .contains("whether a line has the fix of GHSA-2222-3333-4444 is not known");
        assert_eq!(said, !is_whole, "{folder} {}", ran.out);
        let metrics = &ran.json()["metrics"]["rows"];
        let rows = metrics.as_array().expect("rows").iter();
        let rows = rows.filter(|row| row["id"] == "GHSA-2222-3333-4444");
        let merged = rows.map(|row| {
            let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
            (text(&row["ref"]), text(&row["merged"]["state"]))
        });
        let merged: Vec<(String, String)> = merged.collect();
        match depth.is_empty() {
            true => {
                let known = own
                    .iter()
                    .map(|(name, state, _)| ((*name).to_owned(), (*state).to_owned()));
                assert_eq!(merged, known.collect::<Vec<_>>(), "{metrics:#}");
            }
            // The fix is at the tip of `main`.
            false => {
                let of_main = ("refs/heads/main".to_owned(), "early".to_owned());
                assert_eq!(merged.first(), Some(&of_main), "{metrics:#}");
            }
        }
    }

    // What was released as fixed is, though by another commit; and what was undone is not.
    let git = |arguments: &[&str]| project.sandbox.git(arguments);
    git(&["checkout", "-q", "release/1.3"]);
    project.sandbox.write("parser", "a\nb\nc\nd\nbetter\n");
    git(&["commit", "-qam", "repair"]);
    git(&["tag", "v1.3.2"]);
    git(&["checkout", "-q", "release/1.4"]);
    git(&["revert", "--no-edit", &project.picked]);
    git(&["checkout", "-q", "main"]);
    record["affected"][0]["ranges"] =
        json!([{"type": "SEMVER", "events": [{"introduced": "1.3.0"}, {"fixed": "1.3.2"}]}]);
    let index = project.sandbox.index("index.lkdb", &[record], NOW);
    let words = [
        "status",
        "--refs",
        "release/1.3,release/1.4",
        "--format",
        "json",
        "--db",
        &index,
        "--now",
        NOW,
    ];
    let grid = project.sandbox.run(&words).json();
    let cells = &grid["rows"][0]["cells"];
    assert_eq!(cells["refs/heads/release/1.3"]["state"], "fixed", "{cells:#}");
    assert_eq!(cells["refs/heads/release/1.4"]["state"], "affected", "{cells:#}");
}

#[test]
fn what_cannot_be_worked_out_is_said() {
    let project = Project::new();
    let mut record = project.record();
    record["references"] = json!([{"type": "FIX", "url": "https://forge.example/acme/shop/pull/7"}]);
    let ran = project.run(&record, &[]);
    assert_eq!(ran.code, 2, "{}", ran.out);
    assert!(
        ran.err.contains("names no commit of this repository"),
        "{}",
        ran.err
    );
    let ran = project.sandbox.run(&["backport", "--advisory", "nowhere.json"]);
    assert_eq!(ran.code, 2, "{}", ran.err);
    let ran = project.run(&json!({"x": 1}), &[]);
    assert!(ran.code == 2 && ran.err.contains("is no record"), "{}", ran.err);
    let ran = project.run(&project.record(), &["--output", "x.txt"]);
    assert_eq!(ran.code, 2, "{}", ran.err);
    // A clone that was cut does not say what it cannot see.
    let origin = format!("file://{}", project.sandbox.work().display());
    let to = project.sandbox.path("shallow");
    let to = to.to_str().expect("a path");
    project
        .sandbox
        .git(&["clone", "-q", "--depth=1", "--no-single-branch", &origin, to]);
    let file = project.sandbox.path("advisory.json");
    std::fs::write(&file, project.record().to_string()).expect("a file");
    let file = file.to_str().expect("a path");
    let ran = project.sandbox.run(&[
        "backport",
        to,
        "--advisory",
        file,
        "--refs",
        "main,release/*",
        "--format",
        "osv",
    ]);
    // The fix is the tip of `main` and there; of the others nothing is known.
    assert_eq!(ran.code, 3, "{}", ran.err);
    assert!(ran.err.contains("is not known"), "{}", ran.err);
    assert_eq!(ran.json()["affected"][0].get("versions"), None);
    // Where it lacks the commit itself there is no row, and that is said.
    project.sandbox.write("other", "3\n");
    project.sandbox.git(&["commit", "-qam", "later"]);
    let to = project.sandbox.path("shallower");
    let to = to.to_str().expect("a path");
    project.sandbox.git(&["clone", "-q", "--depth=1", &origin, to]);
    let mut record = project.record();
    let fix = format!("https://forge.example/acme/shop/commit/{}", project.fix);
    record["references"] = json!([{"type": "FIX", "url": fix}]);
    record["affected"][0]["ranges"] = json!([{"type": "SEMVER", "events": [{"introduced": "0"}]}]);
    let index = project.sandbox.index("own.lkdb", &[record], NOW);
    let status = ["status", to, "--refs", "main", "--db", &index, "--now", NOW];
    let ran = project.sandbox.run(&status);
    let words = ran.out.split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(
        words.contains(
            "1 advisory about packages of this repository names commits that this shallow clone lacks"
        ),
        "{}{}",
        ran.out,
        ran.err
    );
}
