//! Since which commit, until which one, and in which tags a line held something.

use std::collections::BTreeSet;
use std::sync::atomic::{AtomicUsize, Ordering};

use lockkeeper::git::line_history::{LineHistories, LineHistory};
use lockkeeper::git::listing::{Content, Listing};
use lockkeeper::git::{GitError, ObjectId, Repository, Tracked};

use crate::support::git_repository::{Dice, Written, commit, open, random_history};
use crate::support::program::git;

fn is_lock(name: &[u8]) -> bool {
    name == b"lock"
}

/// The words of every lockfile, each as a key.
fn words(repository: &Repository, files: &[Tracked]) -> BTreeSet<String> {
    files
        .iter()
        .flat_map(|file| {
            let bytes = repository.blob(file.id, 1 << 20).expect("a blob");
            let text = String::from_utf8(bytes.to_vec()).expect("text");
            text.split_whitespace().map(str::to_owned).collect::<Vec<_>>()
        })
        .collect()
}

/// `key introduced removed tags`, with the numbers of commits.
fn told(written: &Written, past: &LineHistory<String>) -> Vec<String> {
    past.presences
        .iter()
        .map(|presence| {
            let since = written.number(presence.introduced_by);
            let mark = if presence.is_cut { "<=" } else { "" };
            let until = presence
                .removed_by
                .map_or("-".to_owned(), |id| written.number(id).to_string());
            format!(
                "{} {mark}{since} {until} [{}]",
                presence.key,
                presence.tags.join(" ")
            )
        })
        .collect()
}

/// A line with two pull requests, one of which is merged while the other is open.
fn project() -> Written {
    let written = Written::new(&[
        commit(0, &[], &[("lock", "a@1")]),
        // A branch that brings in evil@1, and gets merged by 4.
        commit(1, &[0], &[("lock", "a@1 evil@1")]),
        commit(2, &[1], &[("lock", "a@1 evil@1"), ("x", "1")]),
        commit(3, &[0], &[("lock", "a@1"), ("y", "1")]),
        commit(4, &[3, 2], &[("lock", "a@1 evil@1"), ("y", "1")]),
        // A branch that takes it out, with a commit on the line beside it.
        commit(5, &[4], &[("lock", "a@1")]),
        commit(6, &[4], &[("lock", "a@1 evil@1"), ("y", "2")]),
        commit(7, &[6, 5], &[("lock", "a@1"), ("y", "2")]),
        // It comes back, in another file, and goes again with an update.
        commit(8, &[7], &[("lock", "a@1"), ("sub/lock", "evil@1")]),
        commit(9, &[8], &[("lock", "a@2"), ("y", "2")]),
        // A branch that had it for a while; the line never did.
        commit(10, &[9], &[("lock", "a@2 worse@1")]),
        commit(11, &[10], &[("lock", "a@2")]),
        commit(12, &[9, 11], &[("lock", "a@2"), ("y", "3")]),
        // Another line.
        commit(13, &[4], &[("lock", "a@1 evil@1 other@1")]),
    ]);
    written.point("refs/heads/main", 12);
    written.point("refs/heads/1.x", 13);
    written
}

#[test]
fn history_names_the_commits_that_brought_it_in_and_took_it_out() {
    let written = project();
    let repository = written.open();
    let tag = |name: &str, number: usize| (name.to_owned(), written.id(&repository, number));
    let tags = [
        tag("v0.9", 0),
        tag("v1.0", 4),
        tag("v1.0-again", 4),
        tag("v1.0-rc1", 2),
        tag("v1.1", 6),
        tag("v1.2", 7),
        tag("v1.3", 8),
        tag("v2-preview", 10),
        tag("v1-other", 13),
    ];
    let asked = AtomicUsize::new(0);
    let listing = Listing::new(&repository, &is_lock);
    let holds = |content: Content, _: ObjectId| {
        let files = listing.files_of(content);
        asked.fetch_add(1, Ordering::Relaxed);
        words(&repository, &files)
    };
    let mut past = LineHistories::new(&repository, &listing, &holds).expect("a past");
    let main = past.of(written.id(&repository, 12), &tags).expect("main");
    assert_eq!(main.cut_at, []);
    assert_eq!(
        told(&written, &main),
        [
            "a@1 0 9 [v0.9 v1.0-rc1 v1.0 v1.0-again v1.1 v1.2 v1.3]",
            "a@2 9 - [v2-preview]",
            "evil@1 1 5 [v1.0-rc1 v1.0 v1.0-again v1.1]",
            "evil@1 8 9 [v1.3]",
            "worse@1 10 11 [v2-preview]",
        ]
    );
    // a@1, with evil@1, with evil@1 in another file, a@2, with worse@1: five sets of files for thirteen commits.
    assert_eq!(asked.load(Ordering::Relaxed), 5);
    let trees = listing.reads();
    let other = past.of(written.id(&repository, 13), &tags).expect("1.x");
    assert_eq!(
        told(&written, &other),
        [
            "a@1 0 - [v0.9 v1.0-rc1 v1.0 v1.0-again v1-other]",
            "evil@1 1 - [v1.0-rc1 v1.0 v1.0-again v1-other]",
            "other@1 13 - [v1-other]",
        ]
    );
    // A second line costs what it does not share: one commit and one set of files.
    assert_eq!((asked.load(Ordering::Relaxed), listing.reads()), (6, trees + 1));
    assert_eq!(past.judged(), 6);
}

#[test]
fn a_shallow_history_says_where_it_is_cut() {
    let written = project();
    git(&written.path(), &["symbolic-ref", "HEAD", "refs/heads/main"]);
    let clone = written.clone_to("shallow", &["--bare", "--depth=4"]);
    let repository = open(&clone);
    let listing = Listing::new(&repository, &is_lock);
    let holds = |content: Content, _: ObjectId| words(&repository, &listing.files_of(content));
    let mut past = LineHistories::new(&repository, &listing, &holds).expect("a past");
    let main = past
        .of(repository.resolve("main").expect("main"), &[])
        .expect("what is there");
    let ends: Vec<usize> = main.cut_at.iter().map(|id| written.number(*id)).collect();
    assert_eq!(ends, [7]);
    assert_eq!(
        told(&written, &main),
        ["a@1 <=7 9 []", "a@2 9 - []", "evil@1 8 9 []", "worse@1 10 11 []"]
    );
}

#[test]
fn a_history_without_trees_is_no_clean_history() {
    let written = project();
    git(&written.path(), &["config", "uploadpack.allowFilter", "true"]);
    git(&written.path(), &["symbolic-ref", "HEAD", "refs/heads/main"]);
    let clone = written.clone_to("no-trees", &["--bare", "--filter=tree:0"]);
    let repository = open(&clone);
    let holds = |_: Content, _: ObjectId| BTreeSet::<String>::new();
    let listing = Listing::new(&repository, &is_lock);
    let mut past = LineHistories::new(&repository, &listing, &holds).expect("a past");
    let told = past.of(repository.resolve("main").expect("main"), &[]);
    let root = git(&written.path(), &["rev-parse", "main^{tree}"]);
    assert!(
        matches!(&told, Err(GitError::Missing { object }) if object.to_string() == root),
        "{told:?}"
    );
}

#[test]
fn long_histories_are_linear() {
    // 2,000 commits with branches; lockfiles change in one of five.
    let mut dice = Dice::new(3);
    let mut history = random_history(&mut dice, 2000);
    let mut locks: Vec<String> = Vec::new();
    for commit in &mut history {
        let inherited = commit.parents.first().map(|parent| locks[*parent].clone());
        let lock = match inherited {
            Some(lock) if dice.below(5) != 0 => lock,
            Some(_) | None => format!("a@{} b@{}", dice.below(6), dice.below(6)),
        };
        commit.files.insert("lock".to_owned(), lock.clone());
        locks.push(lock);
    }
    let written = Written::new(&history);
    let repository = written.open();
    let asked = AtomicUsize::new(0);
    let listing = Listing::new(&repository, &is_lock);
    let holds = |content: Content, _: ObjectId| {
        let files = listing.files_of(content);
        asked.fetch_add(1, Ordering::Relaxed);
        words(&repository, &files)
    };
    let mut past = LineHistories::new(&repository, &listing, &holds).expect("a past");
    let tip: ObjectId = written.id(&repository, 1999);
    let line = past.of(tip, &[]).expect("a line");
    // Each pair of versions is judged once.
    assert_eq!(
        asked.load(Ordering::Relaxed),
        locks.iter().collect::<BTreeSet<_>>().len()
    );
    // What the tip holds is open, and only that; each presence begins with a commit that holds it.
    let open: BTreeSet<String> = line
        .presences
        .iter()
        .filter(|presence| presence.removed_by.is_none())
        .map(|presence| presence.key.clone())
        .collect();
    assert_eq!(open, locks[1999].split(' ').map(str::to_owned).collect());
    for presence in &line.presences {
        assert!(locks[written.number(presence.introduced_by)].contains(&presence.key));
        if let Some(end) = presence.removed_by {
            assert!(!locks[written.number(end)].contains(&presence.key));
        }
    }
    assert!(line.presences.len() > 50, "{}", line.presences.len());
}
