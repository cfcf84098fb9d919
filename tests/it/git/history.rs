//! Revisions, bases and parents, held against git itself; shallow and partial clones; listings.

use std::collections::BTreeSet;
use std::path::Path;

use lockkeeper::git::listing::{Content, Listing};
use lockkeeper::git::{GitError, ObjectId, Repository, TrackedKind};
use lockkeeper::model::{Tree as _, TreePath, Unread};
use rayon::iter::{IntoParallelIterator as _, ParallelIterator as _};

use crate::support::git_repository::{Commit, Dice, Written, commit, git_on, git_says, open, random_history};
use crate::support::program::git;

const LIMIT: u64 = 1 << 20;

fn is_lock(name: &[u8]) -> bool {
    name == b"Cargo.lock"
}

/// `main` with a merge: 0 ← 1 ← 3 ← 4, where 3 merges 2, which forked from 0.
fn forked() -> Written {
    let written = Written::new(&[
        commit(0, &[], &[("Cargo.lock", "0")]),
        commit(1, &[0], &[("Cargo.lock", "1")]),
        commit(2, &[0], &[("Cargo.lock", "2")]),
        commit(3, &[1, 2], &[("Cargo.lock", "3")]),
        commit(4, &[3], &[("Cargo.lock", "4"), ("deep/er/Cargo.lock", "5")]),
    ]);
    written.point("refs/heads/main", 4);
    written.point("refs/heads/topic/one", 2);
    git(&written.path(), &["tag", "v1", &written.ids[3]]);
    git(&written.path(), &["tag", "-m", "two", "v2", &written.ids[4]]);
    git(&written.path(), &["tag", "-m", "of a tag", "v2-signed", "v2"]);
    git(&written.path(), &["tag", "file", "main:Cargo.lock"]);
    written
}

#[test]
fn revisions_are_those_of_git() {
    let written = forked();
    let clone = written.clone_to("clone", &[]);
    git(&clone, &["checkout", "-q", "-b", "mine", "origin/topic/one"]);
    git(&clone, &["checkout", "-q", "main"]);
    let repository = open(&clone);
    let [_, one, two, three, four] = &written.ids[..] else {
        panic!("five commits")
    };
    let mut revisions = vec![
        "main",
        "HEAD",
        "@",
        "origin",
        "origin/main",
        "origin/HEAD",
        "heads/main",
        "refs/heads/main",
        "refs/remotes/origin/topic/one",
        "origin/topic/one",
        "mine",
        "v1",
        "v2",
        "v2-signed",
        "tags/v2",
        "refs/tags/v2",
        "v1^",
        "v1^1",
        "v1^2",
        "v1^0",
        "v1^{}",
        "v2^{commit}",
        "v2-signed^{}~1",
        "HEAD~",
        "HEAD~1",
        "HEAD~2",
        "HEAD~0",
        "HEAD^^",
        "HEAD^^2",
        "@~^2",
        "HEAD~^2^",
        "main@{upstream}",
        "@{u}",
        "mine@{u}",
        "@{-1}",
        "main@{0}",
        "@{0}",
    ];
    let (short, capital) = (&three[..9], three.to_uppercase());
    let described = format!("v1-1-g{}", &four[..8]);
    let of_short = format!("{}~1^2", &four[..7]);
    revisions.extend([one.as_str(), two, short, &capital, &described, &of_short]);
    for revision in revisions {
        let expected = git(
            &clone,
            &["rev-parse", "--verify", &format!("{revision}^{{commit}}")],
        );
        let found = repository.resolve(revision).map(|id| id.to_string());
        assert_eq!(found.as_deref(), Ok(expected.as_str()), "{revision}");
    }
    // A checkout of a workflow has the branches of origin only.
    assert_eq!(
        repository.resolve("topic/one").expect("a branch").to_string(),
        *two
    );
    assert_eq!(
        repository
            .resolve("refs/heads/topic/one~1")
            .expect("a branch")
            .to_string(),
        written.ids[0]
    );
    assert!(!git_says(&clone, &["rev-parse", "--verify", "topic/one"]).0);
}

#[test]
fn a_revision_that_is_not_there_is_named() {
    let written = forked();
    let repository = written.open();
    let no_such = |revision: &str, word: &str| match repository.resolve(revision) {
        Err(error @ GitError::NoSuchRevision { .. }) => {
            let text = error.to_string();
            assert!(
                text.contains(word) && text.contains(&format!("{revision:?}")),
                "{text}"
            );
            assert!(error.hint().contains("fetch-depth"), "{}", error.hint());
        }
        other => panic!("{revision}: {other:?}"),
    };
    let long = "a".repeat(5000);
    for (revision, word) in [
        ("gone", "\"gone\" is no branch, no tag and no commit"),
        ("gone~2", "\"gone\""),
        ("", "names nothing"),
        (
            "1234567890123456789012345678901234567890",
            "no object of this clone",
        ),
        ("12345", "no commit of this clone"),
        ("main~9", "the history ends at"),
        ("main~99999999999999999999999", "the history ends at"),
        ("main^3", "no parent of number 3"),
        ("v1^7", "no parent of number 7"),
        ("main^{commit", "`}` is missing"),
        ("main~1x", "cannot be understood"),
        ("a b", "no branch"),
        ("-x", "no branch"),
        ("main\u{1b}[31m", "no revision"),
        (&long, "no revision"),
        ("main@{7}", ""),
        ("@{upstream}", ""),
    ] {
        no_such(revision, word);
    }
    for (revision, word) in [
        ("v1..main", "range"),
        ("../../etc/passwd", "range"),
        ("^main", "range"),
        (":/one", "searches"),
        ("main:Cargo.lock", "paths"),
        ("main^{/text}", "only"),
        ("main^{tree}", "only"),
        ("main@{yesterday}", "only"),
        ("file", "blob"),
    ] {
        match repository.resolve(revision) {
            Err(error @ GitError::NotACommit { .. }) => {
                assert!(error.to_string().contains(word), "{revision}: {error}");
            }
            other => panic!("{revision}: {other:?}"),
        }
    }
}

#[test]
fn an_ambiguous_beginning_is_named() {
    // Of 700 ids, some begin with the same four digits.
    let commits: Vec<Commit> = (0..700).map(|number| commit(number, &[], &[])).collect();
    let written = Written::new(&commits);
    let repository = written.open();
    let mut sorted = written.ids.clone();
    sorted.sort();
    let mut seen = (false, false);
    for pair in sorted.windows(2) {
        let hex = &pair[0][..4];
        match repository.resolve(hex) {
            Ok(id) => {
                assert_eq!(id.to_string(), pair[0]);
                seen.0 = true;
            }
            Err(error) => {
                assert!(sorted.iter().filter(|id| id.starts_with(hex)).count() > 1);
                let text = error.to_string();
                assert!(
                    text.contains("both begin so") && text.contains(&pair[0][..4]),
                    "{text}"
                );
                seen.1 = true;
            }
        }
    }
    assert_eq!(seen, (true, true), "700 ids hold both");
}

#[test]
fn merge_bases_are_those_that_git_prints() {
    for seed in 1..=4 {
        let mut dice = Dice::new(seed);
        let history = random_history(&mut dice, 200);
        let written = Written::new(&history);
        let repository = written.open();
        let mut several = 0;
        let mut none = 0;
        for _ in 0..120 {
            let (one, other) = (dice.below(200), dice.below(200));
            let (found, printed) = git_says(
                &written.path(),
                &["merge-base", "--all", &written.ids[one], &written.ids[other]],
            );
            let expected = found.then(|| printed.lines().next().expect("a base").to_owned());
            several += usize::from(printed.lines().count() > 1);
            none += usize::from(!found);
            let base = repository.merge_base(written.id(&repository, one), written.id(&repository, other));
            assert_eq!(
                base.map(|base| base.map(|id| id.to_string())),
                Ok(expected),
                "seed {seed}: {one} and {other}"
            );
            let (is_ancestor, _) = git_says(
                &written.path(),
                &[
                    "merge-base",
                    "--is-ancestor",
                    &written.ids[one],
                    &written.ids[other],
                ],
            );
            let ours = repository.is_ancestor(written.id(&repository, one), written.id(&repository, other));
            assert_eq!(ours, Ok(is_ancestor), "seed {seed}: {one} and {other}");
        }
        assert!(
            several > 3 && none > 0,
            "seed {seed}: {several} with several, {none} with none"
        );
    }
}

#[test]
fn merge_bases_survive_clocks_that_go_wrong() {
    for seed in 11..=13 {
        let mut dice = Dice::new(seed);
        let mut history = random_history(&mut dice, 120);
        for commit in &mut history {
            commit.time = 1_600_000_000 + i64::try_from(dice.below(4000)).expect("small");
        }
        let written = Written::new(&history);
        let repository = written.open();
        for _ in 0..80 {
            let (one, other) = (dice.below(120), dice.below(120));
            let (found, printed) = git_says(
                &written.path(),
                &["merge-base", &written.ids[one], &written.ids[other]],
            );
            let base = repository.merge_base(written.id(&repository, one), written.id(&repository, other));
            assert_eq!(
                base.map(|base| base.map(|id| id.to_string())),
                Ok(found.then_some(printed)),
                "seed {seed}: {one} and {other}"
            );
        }
    }
}

#[test]
fn what_is_beyond_others_survives_clocks_that_go_wrong() {
    for seed in 21..=24 {
        let mut dice = Dice::new(seed);
        let mut history = random_history(&mut dice, 120);
        // In the first histories all have the same second.
        for commit in &mut history {
            let later = if seed < 23 { 0 } else { dice.below(4000) };
            commit.time = 1_600_000_000 + i64::try_from(later).expect("small");
        }
        let written = Written::new(&history);
        let repository = written.open();
        let ancestors = |tip: usize| {
            let (mut all, mut open) = (BTreeSet::new(), vec![tip]);
            while let Some(number) = open.pop() {
                if all.insert(number) {
                    open.extend(&history[number].parents);
                }
            }
            all
        };
        for _ in 0..80 {
            let (tip, known) = (dice.below(120), dice.below(120));
            let beyond = repository.beyond(
                &[written.id(&repository, known)],
                written.id(&repository, tip),
                1000,
            );
            let mut found: Vec<String> = beyond
                .expect("a walk")
                .commits
                .iter()
                .map(ToString::to_string)
                .collect();
            let (of_tip, of_known) = (ancestors(tip), ancestors(known));
            let expected = of_tip
                .difference(&of_known)
                .map(|number| written.ids[*number].clone());
            let mut expected: Vec<String> = expected.collect();
            found.sort();
            expected.sort();
            assert_eq!(found, expected, "seed {seed}: {tip} without {known}");
        }
    }
}

#[test]
fn a_shallow_clone_answers_right_or_not_at_all() {
    let (mut right, mut refused) = (0, 0);
    for seed in 26..=29 {
        let mut dice = Dice::new(seed);
        let history = random_history(&mut dice, 60);
        let written = Written::new(&history);
        let whole = written.open();
        for (number, depth) in [1, 2, 4, 8, 40].into_iter().enumerate() {
            let (one, other) = (59 - dice.below(12), 59 - dice.below(12));
            written.point("refs/heads/one", one);
            written.point("refs/heads/other", other);
            git(&written.path(), &["symbolic-ref", "HEAD", "refs/heads/one"]);
            let name = format!("shallow-{number}");
            let depth_flag = format!("--depth={depth}");
            let clone = written.clone_to(&name, &["--bare", "--no-single-branch", &depth_flag]);
            let shallow = open(&clone);
            let ends = std::fs::read_to_string(clone.join("shallow")).unwrap_or_default();
            assert_eq!(shallow.is_shallow(), Ok(!ends.is_empty()));
            let held: Vec<usize> = git(&clone, &["rev-list", "--all"])
                .lines()
                .map(|id| written.ids.iter().position(|known| known == id).expect("ours"))
                .collect();
            for _ in 0..150 {
                let pair = [held[dice.below(held.len())], held[dice.below(held.len())]];
                let told = |repository: &Repository| {
                    let [one, other] = pair.map(|number| written.id(repository, number));
                    (
                        repository.merge_base(one, other),
                        repository.is_ancestor(one, other),
                    )
                };
                let (base, is_ancestor) = told(&shallow);
                let (true_base, true_ancestor) = told(&whole);
                match base {
                    Err(GitError::Shallow { at }) => {
                        assert!(ends.contains(&at.to_string()));
                        refused += 1;
                    }
                    base => {
                        assert_eq!(base, true_base, "seed {seed}, depth {depth}: {pair:?}");
                        right += 1;
                    }
                }
                match is_ancestor {
                    Err(GitError::Shallow { .. }) => {}
                    told => assert_eq!(told, true_ancestor, "seed {seed}, depth {depth}: {pair:?}"),
                }
            }
        }
    }
    assert!(right > 1000 && refused > 100, "{right} right, {refused} refused");
}

#[test]
fn the_merge_of_a_pull_request_tells_its_base() {
    let written = forked();
    let merge = &written.ids[3];
    git(&written.path(), &["update-ref", "refs/pull/7/merge", merge]);
    // As a workflow's checkout does it: an empty repository, one fetch, a detached head.
    let checkout = |name: &str, depth: &str| {
        let folder = written.beside(name);
        std::fs::create_dir(&folder).expect("a folder");
        git(&folder, &["init", "-q"]);
        let address = format!("file://{}", written.path().display());
        let depth = format!("--depth={depth}");
        let refspec = "+refs/pull/7/merge:refs/remotes/pull/7/merge";
        git(&folder, &["fetch", "-q", "--no-tags", &depth, &address, refspec]);
        git(
            &folder,
            &["checkout", "-q", "--detach", "refs/remotes/pull/7/merge"],
        );
        open(&folder)
    };
    let deep = checkout("deep", "2");
    let head = deep.resolve("HEAD").expect("a head");
    let parents = deep.parents(head).expect("parents");
    assert!(!parents.is_cut);
    assert_eq!(
        parents.ids.iter().map(ToString::to_string).collect::<Vec<_>>(),
        [&*written.ids[1], &written.ids[2]]
    );
    assert_eq!(deep.resolve("HEAD^"), Ok(parents.ids[0]));
    // The forge's merge of a fork and its base: the base is the first parent, not what the three-way merge started at.
    assert_eq!(deep.merge_base(parents.ids[0], head), Ok(Some(parents.ids[0])));

    let flat = checkout("flat", "1");
    let head = flat.resolve("HEAD").expect("a head");
    assert_eq!(flat.is_shallow(), Ok(true));
    let parents = flat.parents(head).expect("the commit names them");
    assert_eq!((parents.ids.len(), parents.is_cut), (2, true));
    let error = flat.resolve("HEAD^").expect_err("it is not there");
    assert_eq!(error, GitError::Shallow { at: head });
    assert!(
        error.to_string().contains("fetch-depth") && error.hint().contains("fetch-depth"),
        "{error}"
    );
    assert_eq!(flat.resolve("HEAD~1"), Err(GitError::Shallow { at: head }));
    assert!(matches!(
        flat.resolve(&written.ids[1]),
        Err(GitError::NoSuchRevision { .. })
    ));
    assert!(matches!(
        flat.resolve("main"),
        Err(GitError::NoSuchRevision { .. })
    ));
    // The base fetched by itself is found, though the clone still ends at the merge.
    let folder = written.beside("flat");
    let address = format!("file://{}", written.path().display());
    git(&folder, &["fetch", "-q", "--depth=1", &address, &written.ids[1]]);
    let flat = open(&folder);
    let parent = flat.resolve("HEAD^").expect("it is there now");
    assert_eq!(parent.to_string(), written.ids[1]);
    let base = flat.resolve(&written.ids[1]).expect("it is there now");
    assert!(matches!(
        flat.merge_base(base, head),
        Err(GitError::Shallow { .. })
    ));
    let repository = written.open();
    let root = written.id(&repository, 0);
    assert!(matches!(
        repository.resolve(&format!("{root}^")),
        Err(GitError::NoSuchRevision { .. })
    ));
    assert_eq!(
        repository.commit_time(root).expect("a time").as_second(),
        1_700_000_000
    );
}

#[test]
fn a_partial_clone_names_what_it_lacks() {
    let written = forked();
    git(&written.path(), &["config", "uploadpack.allowFilter", "true"]);
    git(&written.path(), &["symbolic-ref", "HEAD", "refs/heads/main"]);
    let path = TreePath::new("deep/er/Cargo.lock").expect("a path");

    let no_blobs = written.clone_to("no-blobs", &["--no-checkout", "--filter=blob:none"]);
    let repository = open(&no_blobs);
    let head = repository.resolve("HEAD").expect("a head");
    let files = repository.files(head, is_lock).expect("trees are there");
    assert_eq!(files.len(), 2);
    let blob = git(&written.path(), &["rev-parse", "main:deep/er/Cargo.lock"]);
    let unread = |error: Unread| match error {
        Unread::Unreadable(reason) => assert!(reason.contains(&blob), "{reason}"),
        other => panic!("{other:?}"),
    };
    let file = files.iter().find(|file| file.path == path).expect("the file");
    unread(repository.blob(file.id, LIMIT).expect_err("it is not there"));
    let tree = repository.commit_tree(head, LIMIT).expect("a tree");
    unread(tree.read(&path).expect_err("it is not there"));
    assert!(tree.holds(&path));

    let no_trees = written.clone_to("no-trees", &["--no-checkout", "--filter=tree:0"]);
    let repository = open(&no_trees);
    let head = repository.resolve("HEAD").expect("a head");
    let root = git(&written.path(), &["rev-parse", "main^{tree}"]);
    let error = repository.files(head, is_lock).expect_err("no tree is there");
    assert!(
        matches!(&error, GitError::Missing { object } if object.to_string() == root),
        "{error}"
    );
    assert!(
        error.to_string().contains(&root) && error.hint().contains("--filter"),
        "{error}"
    );
    // History is there.
    let base = repository.merge_base(head, repository.resolve("v1^2").expect("a commit"));
    assert_eq!(base.expect("a base").expect("a base").to_string(), written.ids[2]);

    // A folder that is missing is not a folder that does not exist.
    let depth_one = written.clone_to("depth-one", &["--no-checkout", "--filter=tree:1"]);
    let repository = open(&depth_one);
    let tree = repository.commit_tree(head, LIMIT).expect("the root is there");
    let deep = git(&written.path(), &["rev-parse", "main:deep"]);
    match tree.read(&path) {
        Err(Unread::Unreadable(reason)) => assert!(reason.contains(&deep), "{reason}"),
        other => panic!("{other:?}"),
    }
    assert!(matches!(
        repository.files(head, is_lock),
        Err(GitError::Missing { .. })
    ));
}

/// What git lists of a commit, as `path blob`.
fn listed(folder: &Path, commit: &str) -> Vec<String> {
    let mut files: Vec<String> = git(
        folder,
        &["ls-tree", "-r", "--format=%(path) %(objectname)", commit],
    )
    .lines()
    .filter(|line| {
        line.split_once(' ')
            .is_some_and(|(path, _)| path.ends_with("Cargo.lock"))
    })
    .map(str::to_owned)
    .collect();
    files.sort();
    files
}

#[test]
fn each_tree_is_read_once_for_all_commits() {
    // 300 commits on 40 folders: each commit touches one lockfile, or something that nobody asks for.
    let mut dice = Dice::new(5);
    let mut files: Vec<(String, String)> = (0..40)
        .flat_map(|folder| {
            ["Cargo.lock", "deep/er/Cargo.lock", "src/main.rs"]
                .map(|name| (format!("part{}/m{folder}/{name}", folder % 5), "0".to_owned()))
        })
        .collect();
    let mut commits = Vec::new();
    for number in 0..300_usize {
        let file = dice.below(files.len());
        files[file].1 = number.to_string();
        let named: Vec<(&str, &str)> = files.iter().map(|(path, text)| (&**path, &**text)).collect();
        let parent = number.checked_sub(1);
        commits.push(commit(number, parent.as_slice(), &named));
    }
    let written = Written::new(&commits);
    let repository = written.open();
    let ids: Vec<ObjectId> = (0..300).map(|number| written.id(&repository, number)).collect();
    let every: BTreeSet<String> = written
        .ids
        .iter()
        .flat_map(|id| {
            let trees = git(
                &written.path(),
                &["ls-tree", "-r", "-d", "-t", "--format=%(objectname)", id],
            );
            let root = git(&written.path(), &["rev-parse", &format!("{id}^{{tree}}")]);
            trees.lines().map(str::to_owned).chain([root]).collect::<Vec<_>>()
        })
        .collect();

    let listing = Listing::new(&repository, &is_lock);
    for (number, id) in ids.iter().enumerate() {
        let files = listing.files(*id).expect("files");
        let mut shown: Vec<String> = files
            .iter()
            .map(|file| format!("{} {}", file.path, file.id))
            .collect();
        shown.sort();
        assert_eq!(shown, listed(&written.path(), &written.ids[number]));
        assert_eq!(files, repository.files(*id, is_lock).expect("files"));
    }
    let distinct = u64::try_from(every.len()).expect("a number");
    assert_eq!(listing.reads(), distinct);
    // Commits that touch no lockfile have the same content as their parent.
    let contents: Vec<Content> = ids
        .iter()
        .map(|id| listing.content(*id).expect("known"))
        .collect();
    let by_files: BTreeSet<Vec<String>> = written.ids.iter().map(|id| listed(&written.path(), id)).collect();
    assert_eq!(contents.iter().collect::<BTreeSet<_>>().len(), by_files.len());
    assert!(by_files.len() < 250, "{}", by_files.len());
    assert_eq!(listing.reads(), distinct);

    // And so with threads.
    let shared = Listing::new(&repository, &is_lock);
    let by_thread: Vec<_> = ids.clone().into_par_iter().map(|id| shared.files(id)).collect();
    for (id, files) in ids.iter().zip(by_thread) {
        assert_eq!(files, listing.files(*id));
    }
    assert_eq!(shared.reads(), distinct);
}

#[test]
fn links_submodules_and_odd_names_are_listed_as_they_are() {
    let written = Written::new(&[commit(0, &[], &[("Cargo.lock", "0")])]);
    let blob = git(
        &written.path(),
        &["rev-parse", &format!("{}:Cargo.lock", written.ids[0])],
    );
    let commit_id = &written.ids[0];
    let inner = git_on(
        &written.path(),
        &["mktree"],
        format!("100644 blob {blob}\tCargo.lock\n").as_bytes(),
    );
    let entries = format!(
        "120000 blob {blob}\tCargo.lock\n160000 commit {commit_id}\tvendored\n040000 tree {inner}\t.git\n\
         040000 tree {inner}\tbin\n"
    );
    let tree = git_on(&written.path(), &["mktree", "--missing"], entries.as_bytes());
    let odd = git_on(&written.path(), &["commit-tree", &tree, "-m", "odd"], b"");
    let repository = written.open();
    let files = repository
        .files(repository.resolve(&odd).expect("a commit"), is_lock)
        .expect("files");
    let shown: Vec<(String, TrackedKind)> = files
        .into_iter()
        .map(|file| (file.path.to_string(), file.kind))
        .collect();
    assert_eq!(
        shown,
        [
            ("%2Egit".to_owned(), TrackedKind::Refused),
            ("Cargo.lock".to_owned(), TrackedKind::Link),
            ("bin/Cargo.lock".to_owned(), TrackedKind::File),
            ("vendored".to_owned(), TrackedKind::Submodule),
        ]
    );
}

#[test]
fn trees_that_are_traps_end() {
    let written = Written::new(&[commit(0, &[], &[("Cargo.lock", "0"), ("other", "1")])]);
    let path = written.path();
    let resolve = |tree: &str, repository: &Repository| {
        let made = git_on(&path, &["commit-tree", tree, "-m", "trap"], b"");
        repository.resolve(&made).expect("a commit")
    };
    let blob = |name: &str| git(&path, &["rev-parse", &format!("{}:{name}", written.ids[0])]);
    // Ten folders that are the same folder, twelve levels deep: 10^12 paths.
    let bomb = |name: &str| {
        let mut tree = git_on(
            &path,
            &["mktree"],
            format!("100644 blob {}\t{name}\n", blob(name)).as_bytes(),
        );
        for _ in 0..12 {
            let entries: String = (0..10)
                .map(|entry| format!("040000 tree {tree}\t{entry}\n"))
                .collect();
            tree = git_on(&path, &["mktree"], entries.as_bytes());
        }
        tree
    };
    let repository = written.open();
    let listing = Listing::new(&repository, &is_lock);
    let harmless = resolve(&bomb("other"), &repository);
    assert_eq!(listing.files(harmless), Ok(Vec::new()));
    assert_eq!(listing.content(harmless), Ok(Content::EMPTY));
    assert_eq!(listing.reads(), 13);
    let error = listing
        .files(resolve(&bomb("Cargo.lock"), &repository))
        .expect_err("too many");
    assert!(error.to_string().contains("more than 1048576"), "{error}");
    // Nested deeper than git itself would go.
    let mut stream = format!(
        "commit refs/heads/deep\ncommitter T <t@example.org> 1 +0000\ndata 1\n.\nM 100644 {} {}Cargo.lock\n\n",
        blob("Cargo.lock"),
        "d/".repeat(1900)
    );
    stream.push_str("done\n");
    git_on(&path, &["fast-import", "--quiet", "--done"], stream.as_bytes());
    let deep = repository.resolve("deep").expect("a commit");
    assert_eq!(listing.files(deep).expect("deep, but not too deep").len(), 1);
    let mut tree = git(&path, &["rev-parse", "deep^{tree}"]);
    for _ in 0..200 {
        tree = git_on(&path, &["mktree"], format!("040000 tree {tree}\td\n").as_bytes());
    }
    let error = listing.files(resolve(&tree, &repository)).expect_err("too deep");
    assert!(error.to_string().contains("deeper than 2048"), "{error}");
    // What went wrong once goes on to work for others.
    assert_eq!(listing.files(deep).expect("as before").len(), 1);
}

#[test]
fn a_commit_stands_for_itself_whatever_replaces_it() {
    let written = forked();
    git(&written.path(), &["replace", &written.ids[4], &written.ids[0]]);
    let repository = written.open();
    let head = repository.resolve("main").expect("a commit");
    assert_eq!(head.to_string(), written.ids[4]);
    assert_eq!(repository.files(head, is_lock).expect("files").len(), 2);
    let parent = repository.resolve("main^").expect("a parent");
    assert_eq!(written.number(parent), 3);
}
