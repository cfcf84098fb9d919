//! Commits with their authors as a branch, and what is known of a pull request that was merged, over each forge.

use lockkeeper::forge::{ApiError, Author, EntryKind, NewCommit, NewEntry, PathChange, Series};

use super::contract::{STYLES, Stand};
use crate::support::forge_server::Style;

fn put(path: &str, kind: EntryKind, bytes: &[u8]) -> PathChange {
    PathChange {
        path: path.to_owned(),
        to: Some(NewEntry {
            kind,
            bytes: bytes.to_vec(),
        }),
    }
}

/// Two commits on the tip of `release/1.x`: by Ann with a time zone, and by the account of the token. Git in the sandbox says which
/// trees they have.
fn two(stand: &Stand, branch: &str, from: Option<&str>) -> Series {
    let parent = stand.git(&["rev-parse", "release/1.x"]);
    let sandbox = &stand.sandbox;
    sandbox.git(&["checkout", "-q", "--detach", &parent]);
    let mut trees = Vec::new();
    sandbox.write("Cargo.lock", "version = 4\n# moved\n");
    sandbox.write("new/file", [0_u8, 255]);
    sandbox.git(&["add", "Cargo.lock", "new"]);
    sandbox.git(&["rm", "-q", "--cached", "a b/ü.txt"]);
    trees.push(sandbox.git(&["write-tree"]));
    sandbox.write("a b/run", "#!/bin/sh\nexit 1\n");
    sandbox.git(&["add", "a b/run"]);
    sandbox.git(&["update-index", "--chmod=+x", "a b/run"]);
    trees.push(sandbox.git(&["write-tree"]));
    sandbox.git(&["reset", "-q", "--hard"]);
    let ann = Author {
        name: "Ann".to_owned(),
        email: "ann@example.org".to_owned(),
        date: "2026-01-05T06:07:08+02:00".to_owned(),
    };
    Series {
        branch: branch.to_owned(),
        from: from.map(str::to_owned),
        tree: stand.git(&["rev-parse", &format!("{parent}^{{tree}}")]),
        parent,
        beside: "beside".to_owned(),
        commits: vec![
            NewCommit {
                message: "First\n\nWhy.\n\nCo-authored-by: Bo <bo@example.org>\n".to_owned(),
                author: Some(ann),
                changes: vec![
                    put("Cargo.lock", EntryKind::File, b"version = 4\n# moved\n"),
                    put("new/file", EntryKind::File, &[0, 255]),
                    PathChange {
                        path: "a b/ü.txt".to_owned(),
                        to: None,
                    },
                ],
                tree: trees[0].clone(),
            },
            NewCommit {
                message: "Second".to_owned(),
                author: None,
                changes: vec![put("a b/run", EntryKind::Program, b"#!/bin/sh\nexit 1\n")],
                tree: trees[1].clone(),
            },
        ],
    }
}

#[test]
fn a_branch_is_a_series_of_commits_or_stays_as_it_is() {
    for style in STYLES {
        let stand = Stand::new(style);
        let series = two(&stand, "carried", None);
        let made = stand.get(|forge| forge.put_series(&series));
        assert_eq!(stand.git(&["rev-parse", "carried"]), made, "{style:?}");
        let log = stand.git(&["log", "--format=%T %an %ae %aI", "release/1.x..carried"]);
        let log: Vec<&str> = log.lines().rev().collect();
        let [first, second] = log.as_slice() else {
            panic!("{style:?} {log:?}")
        };
        assert_eq!(
            *first,
            format!(
                "{} Ann ann@example.org 2026-01-05T06:07:08+02:00",
                series.commits[0].tree
            )
        );
        assert!(
            second.starts_with(&series.commits[1].tree) && !second.contains("Ann"),
            "{second}"
        );
        let message = stand.git(&["log", "-1", "--format=%B", "carried~1"]);
        assert_eq!(message.trim(), series.commits[0].message.trim());
        assert_ne!(
            stand.git(&["log", "-1", "--format=%cn", "carried~1"]),
            "Ann",
            "{style:?}"
        );
        // Elsewhere than it must be, it stays.
        for from in [None, Some("1".repeat(40))] {
            let mut wrong = Series {
                from,
                ..series.clone()
            };
            // The same commits within one second would be the ones that the branch has.
            wrong.commits[0].message = "Another".to_owned();
            let error = stand
                .ask(|forge| forge.put_series(&wrong))
                .expect_err("a conflict");
            assert!(
                matches!(error.error, ApiError::Conflict { .. }),
                "{style:?} {error}"
            );
            assert_eq!(stand.git(&["rev-parse", "carried"]), made, "{style:?}");
        }
        // From where it is, it gets another series.
        let mut shorter = Series {
            from: Some(made.clone()),
            ..series.clone()
        };
        shorter.commits.truncate(1);
        let again = stand.get(|forge| forge.put_series(&shorter));
        assert_eq!(stand.git(&["rev-parse", "carried"]), again);
        assert_eq!(
            stand.git(&["rev-list", "--count", "release/1.x..carried"]),
            "1",
            "{style:?}"
        );
        // A tree that is not what it should be is on no branch.
        let mut other = Series {
            branch: "other".to_owned(),
            ..series
        };
        other.commits[0].tree = "2".repeat(40);
        let error = stand
            .ask(|forge| forge.put_series(&other))
            .expect_err("another tree");
        assert!(
            matches!(error.error, ApiError::Unreadable(_)),
            "{style:?} {error}"
        );
        assert!(
            stand.server.state().repository.branch("other").is_none(),
            "{style:?}"
        );
        assert!(
            stand.server.state().repository.branch("beside").is_none(),
            "{style:?}"
        );
        stand.server.done();
    }
}

#[test]
fn an_empty_commit_and_a_link_are_made_where_the_forge_can() {
    for style in STYLES {
        let stand = Stand::new(style);
        let mut series = two(&stand, "carried", None);
        series.commits = vec![NewCommit {
            message: "Nothing could be carried".to_owned(),
            author: None,
            changes: Vec::new(),
            tree: series.tree.clone(),
        }];
        let made = stand.get(|forge| forge.put_series(&series));
        assert_eq!(stand.git(&["rev-parse", "carried"]), made);
        assert_eq!(stand.git(&["diff", "--name-only", "release/1.x", "carried"]), "");
        let mut linked = two(&stand, "linked", None);
        linked.commits.truncate(1);
        linked.commits[0].changes = vec![put("link", EntryKind::Link, b"new/file")];
        match style {
            Style::Gitea => {
                let error = stand
                    .ask(|forge| forge.put_series(&linked))
                    .expect_err("no links");
                assert!(error.to_string().contains("link needs that"), "{error}");
            }
            Style::GitHub | Style::Enterprise => {
                let error = stand
                    .ask(|forge| forge.put_series(&linked))
                    .expect_err("the tree");
                assert!(
                    error.to_string().contains("nothing was put on a branch"),
                    "{error}"
                );
            }
        }
        assert!(stand.server.state().repository.branch("linked").is_none());
    }
}

#[test]
fn a_merged_pull_request_has_its_commits_and_labels() {
    for style in STYLES {
        let stand = Stand::new(style);
        let merge = stand.git(&["rev-parse", "main"]);
        let own = vec![merge.clone(), stand.git(&["rev-parse", "main~1"])];
        let number = {
            let mut state = stand.server.state();
            let number = state.open_pull("ann", "Mend", "main", "release/1.x");
            state.label("backport release/1.x", "ffffff", "");
            let issue = state.issue_mut(number).expect("an issue");
            issue.labels.insert("backport release/1.x".to_owned());
            let pull = issue.pull.as_mut().expect("a pull request");
            pull.merge = Some(merge.clone());
            pull.commits.clone_from(&own);
            number
        };
        let open = stand.get(|forge| forge.pull(number));
        assert_eq!((open.merge, open.pull.merged), (None, false), "{style:?}");
        assert_eq!(open.labels, ["backport release/1.x"]);
        assert_eq!(open.author.as_deref(), Some("ann"));
        {
            let mut state = stand.server.state();
            let issue = state.issue_mut(number).expect("an issue");
            issue.open = false;
            issue.pull.as_mut().expect("a pull request").merged = true;
        }
        assert_eq!(stand.get(|forge| forge.pull(number)).merge, Some(merge));
        assert_eq!(stand.get(|forge| forge.pull_commits(number)), own);
        assert!(stand.get(|forge| forge.may_write("alice")), "{style:?}");
        assert!(!stand.get(|forge| forge.may_write("mallory")), "{style:?}");
        // GitHub Enterprise Server has no such page.
        if style != Style::Enterprise {
            let id = "GHSA-2222-3333-4444".to_owned();
            stand.server.state().advisories.insert(id, String::new());
            let known = stand.get(|forge| forge.advisory("GHSA-2222-3333-4444"));
            assert_eq!(known.is_some(), style == Style::GitHub, "{style:?}");
            assert_eq!(stand.get(|forge| forge.advisory("GHSA-9999-3333-4444")), None);
        }
        assert!(
            stand
                .ask(|forge| forge.pull(99))
                .is_err_and(|error| error.is_missing())
        );
        stand.server.done();
    }
}
