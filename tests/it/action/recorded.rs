//! The recorded run of docs/backport-run.md: an advisory appears, and of five release lines three get a pull request, one a draft, and
//! one cannot take the fix. `LOCKKEEPER_BLESS=1` writes the page anew.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::Path;

use regex::Regex;
use serde_json::json;

use crate::action::step::step;
use crate::support::forge_server::{ForgeServer, SECRET, Style};
use crate::support::program::git;
use crate::support::release_lines::{NOW, ReleaseLines};

/// Four branches and a tag.
const REFS: &str = "main,release/*,tags/v1.0";

/// `main` and the lines, of which `release/1.1` has other code where the fix goes.
fn project() -> ReleaseLines {
    let lines = ReleaseLines::new();
    let sandbox = &lines.sandbox;
    sandbox.write("src/parse.js", "read()\ncheck()\nwrite()\n");
    sandbox.git(&["add", "-A"]);
    sandbox.git(&["commit", "-qm", "Parse"]);
    sandbox.git(&["tag", "v1.0"]);
    for line in ["release/1.1", "release/1.2", "release/1.3", "release/1.4"] {
        sandbox.git(&["checkout", "-q", "-b", line, "main"]);
        sandbox.write("LINE", format!("{line}\n"));
        if line == "release/1.1" {
            sandbox.write("src/parse.js", "read()\ncheckOld()\nwrite()\n");
        }
        lines.commit(&[("cookie", "1.0.0")]);
        sandbox.git(&["checkout", "-q", "main"]);
    }
    lines
}

/// The forge of `lines`, and the number of a pull request of Ann's there that upgrades `cookie`, adapts the code, and was merged into
/// `main`.
fn merged(lines: &ReleaseLines) -> (ForgeServer, u64) {
    let sandbox = &lines.sandbox;
    sandbox.git(&["checkout", "-q", "-b", "topic", "main"]);
    sandbox.write("src/parse.js", "read()\ncheckAll()\nwrite()\n");
    lines.lock(&[("cookie", "1.0.1"), ("lid", "1.0.0")]);
    sandbox.git(&["add", "-A"]);
    let author = "--author=Ann <ann@example.org>";
    sandbox.git(&["commit", "-q", author, "-m", "Check every cookie"]);
    let own = sandbox.git(&["rev-list", "--reverse", "main..topic"]);
    sandbox.git(&["checkout", "-q", "main"]);
    sandbox.git(&["merge", "-q", "--squash", "topic"]);
    sandbox.git(&["commit", "-q", author, "-m", "Check every cookie (#1)"]);
    let merge = sandbox.git(&["rev-parse", "main"]);
    let forge = ForgeServer::start(Style::GitHub, &sandbox.work());
    let mut state = forge.state();
    let number = state.open_pull("ann", "Check every cookie", "topic", "main");
    let issue = state.issue_mut(number).expect("an issue");
    issue.open = false;
    let pull = issue.pull.as_mut().expect("a pull request");
    pull.merged = true;
    pull.merge = Some(merge);
    pull.commits = own.lines().map(str::to_owned).collect();
    drop(state);
    (forge, number)
}

/// The same text on every machine: addresses, and ids of commits in the order in which they come.
struct Stable {
    commit: Regex,
    places: Vec<(String, &'static str)>,
    ids: BTreeMap<String, usize>,
}

impl Stable {
    fn text(&mut self, text: &str) -> String {
        let mut text = text.to_owned();
        for (place, name) in &self.places {
            text = text.replace(place, name);
        }
        let ids = &mut self.ids;
        let named = self.commit.replace_all(&text, |found: &regex::Captures<'_>| {
            let key = found[0][..7].to_owned();
            let next = ids.len() + 1;
            let number = *ids.entry(key).or_insert(next);
            let full = format!("{:x}", number * 0x9e37_79b9).repeat(5);
            full[..found[0].len()].to_owned()
        });
        let lines: Vec<&str> = named.lines().map(str::trim_end).collect();
        lines.join("\n").trim_matches('\n').to_owned()
    }
}

fn page() -> String {
    let lines = project();
    let folder = lines.sandbox.work();
    let folder = folder.to_str().expect("a path").to_owned();
    let mut stable = Stable {
        commit: Regex::new(r"\b[0-9a-f]{7,40}\b").expect("a pattern"),
        places: vec![
            (format!(" --db {}", lines.index), ""),
            (folder.clone(), "shop"),
            ("a flaw in cookie".to_owned(), "cookie takes any name"),
        ],
        ids: BTreeMap::new(),
    };
    let status = |stable: &mut Stable| {
        let words = ["status", "--refs", REFS, "--db", &lines.index, "--now", NOW];
        let ran = lines.sandbox.run(&words);
        assert_eq!(ran.code, 0, "{}{}", ran.out, ran.err);
        // What to do next, and the version of the program, follow.
        stable.text(ran.out.split("\nNext: ").next().unwrap_or_default())
    };
    let before = status(&mut stable);

    let (forge, number) = merged(&lines);
    stable.places.push((forge.api(), "https://forge.example"));
    let sha = git(&lines.sandbox.work(), &["rev-parse", "main"]);
    let event = json!({"pull_request": {"number": number, "merged": true}});
    lines.sandbox.write("../event.json", event.to_string());
    let payload = lines.sandbox.path("event.json");
    let payload = payload.to_str().expect("a path");
    let (api, graphql, args) = (forge.api(), forge.graphql(), format!("--now {NOW}"));
    let number_text = number.to_string();
    let run = |mode: &str, inputs: &[(&str, &str)]| {
        let mut variables = vec![
            ("GITHUB_EVENT_NAME", "workflow_dispatch"),
            ("GITHUB_EVENT_PATH", payload),
            ("GITHUB_REF", "refs/heads/main"),
            ("GITHUB_SHA", sha.as_str()),
            ("GITHUB_API_URL", api.as_str()),
            ("GITHUB_GRAPHQL_URL", graphql.as_str()),
            ("GITHUB_REPOSITORY", "acme/shop"),
            ("INPUT_MODE", mode),
            ("INPUT_DATABASE", lines.index.as_str()),
            ("INPUT_PATH", folder.as_str()),
            ("INPUT_TOKEN", SECRET),
            ("INPUT_ARGS", args.as_str()),
            ("INPUT_REFS", REFS),
            ("CI", "true"),
        ];
        variables.extend(inputs);
        let ran = step(&lines.sandbox, &variables);
        let summary = std::fs::read_to_string(lines.sandbox.path("summary.md")).expect("a summary");
        (ran, summary)
    };
    let (ran, _) = run("backport", &[("INPUT_PULL-REQUEST", &number_text)]);
    assert_eq!(ran.code, 6, "{}{}", ran.out, ran.err);
    let (table, requests) = {
        let state = forge.state();
        let table = state.comments.iter().find(|comment| comment.issue == number);
        let mut requests = Vec::new();
        for issue in state.issues.iter().filter(|issue| issue.open) {
            if let Some(pull) = &issue.pull {
                requests.push((
                    pull.base.clone(),
                    pull.draft,
                    issue.title.clone(),
                    issue.body.clone(),
                ));
            }
        }
        (table.expect("a table").body.clone(), requests)
    };
    let drafts: Vec<_> = requests.iter().filter(|(_, is_draft, ..)| *is_draft).collect();
    assert_eq!((requests.len(), drafts.len()), (4, 1), "{requests:#?}");
    let (ran, after) = run("status", &[]);
    assert_eq!(ran.code, 0, "{}{}", ran.out, ran.err);
    forge.done();

    let mut page = String::from(
        "# A recorded run\n\n\
         A project of four release branches and a tag that is still supported. `tests/it/action/recorded.rs` runs it over HTTP and git, and fails where this page says\n\
         anything else. Addresses and ids of commits are put in.\n",
    );
    let mut part = |title: &str, text: &str| write!(page, "\n## {title}\n\n{text}\n").expect("a text");
    part(
        "An advisory appears",
        &format!(
            "`GHSA-cookie` affects every line:\n\n```console\n$ lockkeeper status --refs '{REFS}'\n{before}\n```"
        ),
    );
    part(
        "The fix is merged",
        "Ann's pull request #1 upgrades `cookie` on `main` and adapts the code that uses it. The step runs in `mode: backport` with `pull-request: 1`, and comments there:",
    );
    let body = stable.text(&table);
    write!(page, "\n{}\n", quoted(&body)).expect("a text");
    for (base, is_draft, title, body) in &requests {
        if base == "release/1.4" || *is_draft {
            let what = if *is_draft { "The draft" } else { "A pull request" };
            let body = stable.text(body);
            write!(
                page,
                "\n## {what} into `{base}`\n\n**{}**\n\n{}\n",
                stable.text(title),
                quoted(&body)
            )
            .expect("a text");
        }
    }
    // Times of commits and digests of the database follow.
    let after = after
        .split("<details><summary>Release lines")
        .next()
        .unwrap_or_default();
    let after = stable.text(after);
    write!(page, "\n## The grid of the next run\n\n{}\n", quoted(&after)).expect("a text");
    page
}

/// As a quotation of Markdown, without comments of HTML.
fn quoted(text: &str) -> String {
    let comment = Regex::new(r"(?s)<!--.*?-->\n?").expect("a pattern");
    let text = comment.replace_all(text, "");
    let lines = text.trim().lines().map(|line| match line {
        "" => ">".to_owned(),
        line => format!("> {line}"),
    });
    lines.collect::<Vec<_>>().join("\n")
}

#[test]
fn the_page_shows_what_happens() {
    let page = page();
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/backport-run.md");
    if std::env::var_os("LOCKKEEPER_BLESS").is_some() {
        std::fs::write(&path, &page).expect("a page");
    }
    let kept = std::fs::read_to_string(&path).expect("a page");
    assert!(
        kept == page,
        "docs/backport-run.md differs: write it with LOCKKEEPER_BLESS=1\n{page}"
    );
}
