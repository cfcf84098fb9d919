//! The text of a pull request is as long as a forge takes, whatever the plan has.

use lockkeeper::model::Ecosystem;
use lockkeeper::plan::{Blocked, Constraint, Edited, LockfilePlan, Move, Plan, Progress, Proposal, Strategy};
use lockkeeper::report::plan::pull_request::pull_request;

use crate::support::outcomes::{self, tree_path};

/// A plan with one upgrade, and `packages` that stay because of `members` each.
fn proposal(packages: usize, members: usize) -> Proposal {
    let constraint = |number: usize| Constraint {
        dependent: format!("packages/member-{number}/package.json"),
        name: "left".to_owned(),
        range: "^1.0.0".to_owned(),
    };
    let blocked = |number: usize| Blocked {
        name: format!("left-{number}"),
        version: "1.0.0".to_owned(),
        fixes: vec![format!("GHSA-left-{number}")],
        by: (0..members).map(constraint).collect(),
        reason: "No version is in all of these ranges.".to_owned(),
    };
    let file = tree_path("package-lock.json");
    let plan = Plan {
        moves: vec![Move {
            name: "right".to_owned(),
            from: "1.0.0".to_owned(),
            to: Some("1.0.1".to_owned()),
            strategy: Strategy::InRange,
            fixes: vec!["GHSA-right".to_owned()],
            published: None,
        }],
        blocked: (0..packages).map(blocked).collect(),
        ..Plan::default()
    };
    Proposal {
        before: outcomes::blocked(),
        after: outcomes::blocked(),
        lockfiles: vec![LockfilePlan {
            target: 0,
            file: file.clone(),
            ecosystem: Ecosystem::NPM,
            plan,
            edited: vec![Edited {
                path: file,
                before: "a".to_owned(),
                after: "b".to_owned(),
            }],
            verified: None,
        }],
        progress: Progress::Planned,
        pull_request: None,
    }
}

/// What a forge takes, beside the first line and a template.
const ROOM: usize = 60_000;

#[test]
fn reasons_are_cut_and_the_text_is_never_empty() {
    let whole = pull_request(&proposal(2, 3), "main", None, ROOM).body;
    assert!(whole.contains("member-2") && whole.contains("left-1"), "{whole}");
    for (packages, members) in [(8, 400), (8, 100_000), (5_000, 1), (400, 400)] {
        let text = pull_request(&proposal(packages, members), "main", None, ROOM).body;
        assert!(text.len() <= 60_000, "{packages} × {members}: {}", text.len());
        for part in [
            "### Not fixed by it",
            " more",
            "### How it was checked",
            "### If you do not want it",
        ] {
            assert!(text.contains(part), "{packages} × {members}: {part} in {text}");
        }
    }
    for room in [38_000, 20_000, 8_000] {
        let text = pull_request(&proposal(400, 400), "main", None, room).body;
        assert!(
            text.len() < room && text.contains("`right`"),
            "{room}: {}",
            text.len()
        );
    }
    // What is fixed comes before what is not.
    let text = pull_request(&proposal(8, 400), "main", None, ROOM).body;
    assert!(text.contains("`right`") && text.contains("`1.0.1`"), "{text}");
    assert!(text.contains("`left-7`"), "{text}");
}
