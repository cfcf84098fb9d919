//! Further requests of the kinds that other tools carried wrongly: rebased ones (a part taken for the whole), those that are all
//! merges (nothing left), and authors and trailers that got lost.

use lockkeeper::carry::State;
use lockkeeper::carry::message::trailers;
use lockkeeper::carry::selection::{Selection, Unclear};

use super::Project;
use crate::support::git_repository::git_on;

fn ids(commits: &[lockkeeper::git::ObjectId]) -> Vec<String> {
    commits.iter().map(ToString::to_string).collect()
}

fn files(carried: &lockkeeper::carry::Carried) -> Vec<String> {
    let files = carried.commits.iter().flat_map(|commit| &commit.files);
    files
        .map(|file| String::from_utf8_lossy(&file.path).into_owned())
        .collect()
}

/// The branch had moved on where the request changes the same file: every hunk lands at another line.
#[test]
fn a_request_that_was_rebased_over_other_lines_is_whole() {
    let project = Project::new();
    let text = |head: &str, tail: &str| format!("{head}1\n2\n3\n4\n5\n6\n7\n8\n9\n10\n11\n12\n{tail}");
    project.commit(&[("a", &text("", ""))], "Begin\n");
    project.git(&["branch", "release/1.0"]);
    project.git(&["checkout", "-qb", "topic"]);
    for (number, tail) in ["x\n", "x\ny\n", "x\ny\nz\n", "x\ny\nz\n!\n"]
        .into_iter()
        .enumerate()
    {
        project.commit(&[("a", &text("", tail))], &format!("Step {number}\n"));
    }
    project.git(&["checkout", "-q", "main"]);
    project.commit(&[("a", &text("new\nhead\n", ""))], "Meanwhile\n");
    project.git(&["cherry-pick", "main..topic"]);
    let own = ["topic~3", "topic~2", "topic~1", "topic"];
    let selected = project.select("main", &own);
    assert_eq!(selected.selection, Selection::Range(4));
    let commits = ids(&selected.commits);
    let commits: Vec<&str> = commits.iter().map(String::as_str).collect();
    let carried = project.carry(&commits, "release/1.0", None);
    assert!(matches!(carried.state, State::Clean), "{carried:?}");
    assert_eq!(carried.commits.len(), 4);
    // What was on the branch before is not the request's.
    project.git(&["checkout", "-q", "release/1.0"]);
    project.git(&[&["cherry-pick", "-x"], commits.as_slice()].concat());
    let tree = project.git(&["rev-parse", "HEAD^{tree}"]);
    assert_eq!(carried.commits.last().expect("commits").tree.to_string(), tree);
}

/// Somebody changed one of three commits while merging: nothing is carried as if it were the whole.
#[test]
fn a_request_that_was_changed_on_the_way_is_not_known() {
    let project = Project::new();
    project.commit(&[("a", "a\n")], "Begin\n");
    project.git(&["checkout", "-qb", "topic"]);
    for name in ["f1", "f2", "f3"] {
        project.commit(&[(name, "new\n")], name);
    }
    project.git(&["checkout", "-q", "main"]);
    project.git(&["cherry-pick", "topic~2"]);
    project.commit(&[("f2", "new, and better\n")], "f2\n");
    project.git(&["cherry-pick", "topic"]);
    let selected = project.select("main", &["topic~2", "topic~1", "topic"]);
    let part = Unclear::Part { found: 2, of: 3 };
    assert_eq!(selected.selection, Selection::Unclear(part));
    assert!(selected.commits.is_empty());
}

/// The topic took the branch in twice on its way: what came from there is not the request's.
#[test]
fn what_a_request_merged_from_its_own_branch_is_not_carried() {
    let project = Project::new();
    project.commit(&[("a", "a\n")], "Begin\n");
    project.git(&["branch", "release/1.0"]);
    project.git(&["checkout", "-qb", "side"]);
    project.commit(&[("wanted", "new\n")], "Wanted\n");
    project.git(&["checkout", "-qb", "topic", "main"]);
    for number in ["1", "2"] {
        project.git(&["checkout", "-q", "main"]);
        project.commit(&[(&format!("unwanted-{number}"), "x\n")], "Only on main\n");
        project.git(&["checkout", "-q", "topic"]);
        project.git(&["merge", "-q", "--no-ff", "-m", "Merge main", "main"]);
    }
    project.git(&["merge", "-q", "--no-ff", "-m", "Merge side", "side"]);
    let own = project.git(&["rev-list", "--first-parent", "--reverse", "main..topic"]);
    let own: Vec<&str> = own.lines().collect();
    project.git(&["checkout", "-q", "main"]);
    project.git(&["merge", "-q", "--no-ff", "-m", "Merge pull request #9", "topic"]);
    let selected = project.select("main", &own);
    assert_eq!(selected.selection, Selection::Merge);
    let commits = ids(&selected.commits);
    let carried = project.carry(&[&commits[0]], "release/1.0", None);
    assert_eq!(files(&carried), ["wanted"]);
}

/// The same request, squashed: one commit with all of it.
#[test]
fn a_request_that_is_all_merges_and_was_squashed_is_one_commit() {
    let project = Project::new();
    project.commit(&[("a", "a\n")], "Begin\n");
    project.git(&["branch", "release/1.0"]);
    for branch in ["x", "y"] {
        project.git(&["checkout", "-qb", branch, "main"]);
        project.commit(&[(branch, "new\n")], branch);
    }
    project.git(&["checkout", "-qb", "topic", "main"]);
    project.git(&["merge", "-q", "--no-ff", "-m", "Merge x", "x"]);
    project.git(&["merge", "-q", "--no-ff", "-m", "Merge y", "y"]);
    project.git(&["checkout", "-q", "main"]);
    project.git(&["merge", "-q", "--squash", "topic"]);
    project.git(&["commit", "-qm", "All of it (#9)"]);
    let selected = project.select("main", &["topic~1", "topic"]);
    assert_eq!(selected.selection, Selection::Squash);
    let commits = ids(&selected.commits);
    let carried = project.carry(&[&commits[0]], "release/1.0", None);
    assert!(matches!(carried.state, State::Clean));
    assert_eq!(carried.commits[0].files.len(), 2);
    assert!(carried.commits[0].message.starts_with(b"All of it (#9)\n"));
}

/// Two people, an address in the text that looks like a trailer, and a line of somebody else's cherry-pick.
#[test]
fn co_authors_stay_where_git_finds_them() {
    let project = Project::new();
    project.commit(&[("a", "a\n")], "Begin\n");
    project.git(&["branch", "release/1.0"]);
    let first = "Read the header\n\nSee https://example.org/a: b, and\nNote: not a trailer, since text follows.\nMore text.\n\n\
                 Co-authored-by: Bo <bo@example.org>\nCo-authored-by: Cy <cy@example.org>\n";
    let second = "Read the header again\n\nBody.\n\nCo-authored-by: Bo <bo@example.org>\n\
                  (cherry picked from commit 0123456789012345678901234567890123456789)\n";
    for (number, (message, people)) in [(first, 2), (second, 1)].into_iter().enumerate() {
        project.git(&["checkout", "-q", "main"]);
        let commit = project.commit(&[(&format!("f{number}"), "x\n")], message);
        for signer in [None, Some("bot <bot@example.org>")] {
            let carried = project.carry(&[&commit], "release/1.0", signer);
            let made = &carried.commits[0];
            assert!(made.author.starts_with(b"Ann <ann@example.org> "), "{made:?}");
            let text = String::from_utf8_lossy(&made.message).into_owned();
            let parsed = git_on(
                &project.path(),
                &["interpret-trailers", "--parse", "--no-divider"],
                text.as_bytes(),
            );
            assert_eq!(parsed.matches("Co-authored-by: ").count(), people, "{text}");
            let signed = parsed.matches("Signed-off-by: bot <bot@example.org>").count();
            assert_eq!(signed, usize::from(signer.is_some()), "{text}");
            let line = format!("(cherry picked from commit {commit})");
            assert!(trailers(text.as_bytes()).contains(&line.as_bytes()), "{text}");
        }
    }
}

/// The topic takes the branch in, and the branch is moved on to it: no merge says where the request ends.
#[test]
fn a_request_that_the_branch_was_moved_on_to_is_its_own_commits() {
    let project = Project::new();
    project.commit(&[("a", "a\n")], "Begin\n");
    project.git(&["branch", "release/1.0"]);
    project.git(&["checkout", "-qb", "topic"]);
    project.commit(&[("f1", "new\n")], "First\n");
    project.git(&["checkout", "-q", "main"]);
    project.commit(&[("unwanted", "x\n")], "Only on main\n");
    project.git(&["checkout", "-q", "topic"]);
    project.git(&["merge", "-q", "--no-ff", "-m", "Merge main", "main"]);
    // The merge is the last of its commits, and then one in the middle.
    for last in ["topic", "f2"] {
        if last == "f2" {
            project.commit(&[("f2", "new\n")], "Second\n");
        }
        let own = project.git(&["rev-list", "--reverse", "main..topic"]);
        let own: Vec<&str> = own.lines().collect();
        let selected = project.select("topic", &own);
        assert_eq!(selected.selection, Selection::Range(own.len() - 1));
        let commits = ids(&selected.commits);
        let commits: Vec<&str> = commits.iter().map(String::as_str).collect();
        let carried = project.carry(&commits, "release/1.0", None);
        let wanted: &[&str] = if last == "f2" { &["f1", "f2"] } else { &["f1"] };
        assert_eq!(files(&carried), wanted);
    }
}

/// The same where the merge is not what git makes of its parents: without it something of the request would be missing.
#[test]
fn a_merge_that_changes_files_itself_is_not_left_out() {
    let project = Project::new();
    project.commit(&[("a", "a\n")], "Begin\n");
    project.git(&["checkout", "-qb", "topic"]);
    project.commit(&[("f1", "new\n")], "First\n");
    project.git(&["checkout", "-q", "main"]);
    project.commit(&[("unwanted", "x\n")], "Only on main\n");
    project.git(&["checkout", "-q", "topic"]);
    project.git(&["merge", "-q", "--no-ff", "--no-commit", "main"]);
    project.commit(&[("f1", "new, and better\n")], "Merge main\n");
    let own = project.git(&["rev-list", "--reverse", "main..topic"]);
    let own: Vec<&str> = own.lines().collect();
    let selected = project.select("topic", &own);
    assert_eq!(selected.selection, Selection::Unclear(Unclear::Merges { of: 2 }));
    // Pushed as the branch without any request's merge, with the branch as its second parent.
    let selected = project.select("topic", &["topic~1"]);
    assert_eq!(selected.selection, Selection::Unclear(Unclear::Backwards));
}

/// Two branches, merged on the topic, and the branch moved on to it.
#[test]
fn a_request_of_merges_that_the_branch_was_moved_on_to_is_what_they_brought() {
    let project = Project::new();
    project.commit(&[("a", "a\n")], "Begin\n");
    project.git(&["branch", "release/1.0"]);
    for branch in ["x", "y"] {
        project.git(&["checkout", "-qb", branch, "main"]);
        project.commit(&[(branch, "new\n")], branch);
    }
    project.git(&["checkout", "-qb", "topic", "main"]);
    project.git(&["merge", "-q", "--no-ff", "-m", "Merge x", "x"]);
    let one = project.git(&["rev-list", "--reverse", "--topo-order", "main..topic"]);
    let one: Vec<&str> = one.lines().collect();
    assert_eq!(project.select("topic", &one).selection, Selection::Merge);
    project.git(&["merge", "-q", "--no-ff", "-m", "Merge y", "y"]);
    let own = project.git(&["rev-list", "--reverse", "--topo-order", "main..topic"]);
    let own: Vec<&str> = own.lines().collect();
    let selected = project.select("topic", &own);
    assert_eq!(selected.selection, Selection::Range(2));
    let commits = ids(&selected.commits);
    let commits: Vec<&str> = commits.iter().map(String::as_str).collect();
    assert_eq!(files(&project.carry(&commits, "release/1.0", None)), ["x", "y"]);
}

/// The branch changed a line beside each hunk: no patch has the surroundings that it had, but each commit made again there is the same.
#[test]
fn a_rebased_request_with_other_surroundings_is_whole() {
    let project = Project::new();
    let text = |number: usize, first: &str, last: &str| format!("{number}\n{first}\n\n\n{last}\n");
    let of = |first: &str, last: &str| -> Vec<(String, String)> {
        let files = (1..=3).map(|number| (format!("f{number}"), text(number, first, last)));
        files.collect()
    };
    let commit = |files: &[(String, String)], message: &str| {
        let files: Vec<(&str, &str)> = files
            .iter()
            .map(|(name, text)| (name.as_str(), text.as_str()))
            .collect();
        project.commit(&files, message)
    };
    commit(&of("before", "end"), "Begin\n");
    project.git(&["branch", "release/1.0"]);
    project.git(&["checkout", "-qb", "topic"]);
    for file in of("before", "fixed") {
        commit(std::slice::from_ref(&file), &format!("Fix {}\n", file.0));
    }
    let own = ["topic~2", "topic~1", "topic"];
    project.git(&["checkout", "-q", "main"]);
    commit(&of("after", "end"), "Meanwhile\n");
    let meanwhile = project.git(&["rev-parse", "HEAD"]);
    project.git(&["cherry-pick", "main..topic"]);
    let selected = project.select("main", &own);
    assert_eq!(selected.selection, Selection::Range(3));
    let commits = ids(&selected.commits);
    assert_eq!(commits[2], project.git(&["rev-parse", "HEAD"]));
    // Squashed there, it is one commit, which has all of them too.
    project.git(&["checkout", "-q", "--detach", &meanwhile]);
    project.git(&["merge", "-q", "--squash", "topic"]);
    project.git(&["commit", "-qm", "All (#9)"]);
    assert_eq!(project.select("HEAD", &own).selection, Selection::Squash);
    // One commit less, and one that somebody made better: the last is not the whole.
    project.git(&["checkout", "-q", "--detach", &meanwhile]);
    project.git(&["cherry-pick", "topic~2", "topic"]);
    let selected = project.select("HEAD", &own);
    assert_eq!(selected.selection, Selection::Unclear(Unclear::Other { of: 3 }));
    project.git(&["checkout", "-q", "--detach", &meanwhile]);
    project.git(&["cherry-pick", "topic~2", "topic~1"]);
    commit(&of("after", "fixed")[2..], "Fix f3, and more\n");
    project.commit(&[("more", "new\n")], "More\n");
    let selected = project.select("HEAD", &own);
    assert_eq!(selected.selection, Selection::Unclear(Unclear::Other { of: 3 }));
}

/// What a person picked with a conflict changes something else than the commit, and says what it is.
#[test]
fn a_pick_that_a_person_resolved_is_there_until_it_is_reverted() {
    let project = Project::new();
    project.commit(&[("a", "1\n2\n3\n")], "Begin\n");
    project.git(&["branch", "release/1.0"]);
    let fix = project.commit(&[("a", "1\ntwo\n3\n")], "Fix\n");
    project.git(&["checkout", "-q", "release/1.0"]);
    project.commit(&[("a", "1\n2 of ours\n3\n")], "Go another way\n");
    let state = || project.carry(&[&fix], "release/1.0", None);
    assert!(matches!(state().state, State::Conflict(_)));
    let resolved = project.commit(
        &[("a", "1\ntwo of ours\n3\n")],
        &format!("Fix\n\n(cherry picked from commit {fix})\n"),
    );
    let carried = state();
    assert!(matches!(carried.state, State::Fixed), "{carried:?}");
    let said: Vec<_> = carried.said.iter().copied().collect();
    assert_eq!(ids(&said), [resolved]);
    assert!(carried.commands.is_empty());
    project.git(&["revert", "--no-edit", "HEAD"]);
    let carried = state();
    assert!(matches!(carried.state, State::Conflict(_)), "{carried:?}");
    assert_eq!(carried.undone.len(), 1);
    // It came back.
    project.git(&["revert", "--no-edit", "HEAD"]);
    project.git(&["checkout", "-q", "main"]);
    // A short id, or one in a sentence, is no such line.
    project.git(&["branch", "release/0.9", &format!("{fix}~1")]);
    project.git(&["checkout", "-q", "release/0.9"]);
    let short = &fix[..12];
    project.commit(
        &[("b", "b\n")],
        &format!("Other\n\nNot (cherry picked from commit {fix})\n(cherry picked from commit {short})\n"),
    );
    let carried = project.carry(&[&fix], "release/0.9", None);
    assert!(matches!(carried.state, State::Clean), "{carried:?}");
}

/// A revert counts where it came last, and what changed the same lines later undid nothing.
#[test]
fn what_came_back_after_a_revert_is_there() {
    let fixed = "1\ntwo\n3\n";
    for is_ancestor in [false, true] {
        let project = Project::new();
        project.commit(&[("a", "1\n2\n3\n")], "Begin\n");
        project.git(&["branch", "release/1.0"]);
        let fix = project.commit(&[("a", fixed)], "Fix\n");
        project.git(&["checkout", "-q", "release/1.0"]);
        match is_ancestor {
            true => project.git(&["reset", "-q", "--hard", "main"]),
            false => project.git(&["cherry-pick", "-x", &fix]),
        };
        project.git(&["revert", "--no-edit", "HEAD"]);
        let carried = project.carry(&[&fix], "release/1.0", None);
        assert_eq!(carried.undone.len(), 1, "{carried:?}");
        assert!(matches!(carried.state, State::Clean), "{carried:?}");
        project.git(&["cherry-pick", "-x", &fix]);
        project.commit(&[("a", "1\ntwo, better\n3\n")], "Better\n");
        let carried = project.carry(&[&fix], "release/1.0", None);
        assert!(matches!(carried.state, State::Fixed), "{is_ancestor} {carried:?}");
        assert!(carried.undone.is_empty(), "{carried:?}");
    }
    // White space alone is its own reverse.
    let project = Project::new();
    project.commit(&[("a", "1\n2\n3\n")], "Begin\n");
    project.git(&["branch", "release/1.0"]);
    let indent = project.commit(&[("a", "1\n    2\n3\n")], "Indent\n");
    project.git(&["checkout", "-q", "release/1.0"]);
    project.git(&["cherry-pick", "-x", &indent]);
    project.commit(&[("a", "1\n    2 and more\n3\n")], "More\n");
    let carried = project.carry(&[&indent], "release/1.0", None);
    assert!(matches!(carried.state, State::Fixed), "{carried:?}");
}

/// The forge says that the first of two requests was merged by the merge of the second, which builds on it.
#[test]
fn a_request_that_came_with_another_one_is_its_own_commits() {
    let project = Project::new();
    project.commit(&[("a", "a\n")], "Begin\n");
    project.git(&["checkout", "-qb", "lower"]);
    let first = project.commit(&[("f1", "1\n")], "First\n");
    let second = project.commit(&[("f2", "2\n")], "Second\n");
    project.git(&["checkout", "-qb", "upper"]);
    project.commit(&[("other", "x\n")], "Of another request\n");
    project.git(&["checkout", "-q", "main"]);
    project.commit(&[("m", "m\n")], "Meanwhile\n");
    project.git(&["merge", "-q", "--no-ff", "-m", "Merge upper", "upper"]);
    let selected = project.select("main", &["lower~1", "lower"]);
    assert_eq!(selected.selection, Selection::Range(2));
    assert_eq!(ids(&selected.commits), [first, second]);
    let whole = project.select("main", &["upper~2", "upper~1", "upper"]);
    assert_eq!(whole.selection, Selection::Merge);
    // A merge that does not have the request's last commit is no merge of it.
    project.git(&["checkout", "-qb", "elsewhere", "main~1"]);
    project.commit(&[("e", "e\n")], "Elsewhere\n");
    let other = project.select("main", &["elsewhere"]);
    assert_eq!(other.selection, Selection::Unclear(Unclear::Other { of: 1 }));
}

/// The one commit of a request is compared with what landed, as several are.
#[test]
fn a_request_of_one_commit_is_what_it_changes() {
    let project = Project::new();
    project.commit(&[("a", "a\n")], "Begin\n");
    project.git(&["checkout", "-qb", "topic"]);
    project.commit(&[("f", "1\n")], "Topic\n");
    project.git(&["checkout", "-q", "main"]);
    project.git(&["cherry-pick", "topic"]);
    assert_eq!(project.select("main", &["topic"]).commits.len(), 1);
    project.commit(&[("x", "unrelated\n")], "Another\n");
    let selected = project.select("main", &["topic"]);
    assert_eq!(selected.selection, Selection::Unclear(Unclear::Other { of: 1 }));
}
