//! Which refs a repository has, whatever kind of repository it is.

use std::path::Path;

use lockkeeper::git::refs::{Prefer, Refs, Remark};
use lockkeeper::git::{GitError, Repository};
use lockkeeper::model::Tree as _;

use crate::support::git_repository::{Written, commit, git_on, open};
use crate::support::program::git;

fn three() -> Written {
    let written = Written::new(&[
        commit(0, &[], &[("Cargo.lock", "0")]),
        commit(1, &[0], &[("Cargo.lock", "1")]),
        commit(2, &[1], &[("Cargo.lock", "2")]),
    ]);
    written.point("refs/heads/main", 2);
    written.point("refs/heads/release/1.4", 1);
    git(&written.path(), &["symbolic-ref", "HEAD", "refs/heads/main"]);
    written
}

/// `name number`, with the numbers of commits.
fn named(written: &Written, refs: &Refs) -> Vec<String> {
    let candidates = refs.candidates.iter();
    candidates
        .map(|candidate| format!("{} {}", candidate.name, written.number(candidate.commit)))
        .collect()
}

fn refs(repository: &Repository) -> Refs {
    repository.refs(Prefer::Local).expect("refs")
}

#[test]
fn branches_and_tags_are_candidates_with_their_commits() {
    let written = three();
    let path = written.path();
    git(&path, &["tag", "v1.4.0", &written.ids[1]]);
    git(&path, &["tag", "-m", "signed", "v2", &written.ids[2]]);
    git(&path, &["tag", "-m", "of a tag", "v2-again", "v2"]);
    git(&path, &["tag", "a-file", "main:Cargo.lock"]);
    git(&path, &["tag", "-m", "a tree", "a-tree", "main^{tree}"]);
    git(&path, &["update-ref", "refs/pull/1/merge", &written.ids[0]]);
    git(&path, &["update-ref", "refs/notes/x", &written.ids[0]]);
    git(
        &path,
        &["symbolic-ref", "refs/heads/latest", "refs/heads/release/1.4"],
    );
    let expected = [
        "refs/heads/latest 1",
        "refs/heads/main 2",
        "refs/heads/release/1.4 1",
        "refs/tags/v1.4.0 1",
        "refs/tags/v2 2",
        "refs/tags/v2-again 2",
    ];
    let loose = refs(&written.open());
    assert_eq!(named(&written, &loose), expected);
    assert_eq!(loose.default.as_deref(), Some("refs/heads/main"));
    assert_eq!(loose.remarks, []);
    let main = &loose.candidates[1];
    assert_eq!(main.committed.as_second(), 1_700_000_120);
    assert_eq!(loose.lines()[1].commit, written.ids[2]);
    // Packed, packed and moved on, packed and deleted.
    git(&path, &["pack-refs", "--all"]);
    assert_eq!(refs(&written.open()), loose);
    written.point("refs/heads/release/1.4", 0);
    git(&path, &["tag", "-d", "v2-again"]);
    assert_eq!(
        named(&written, &refs(&written.open())),
        [
            "refs/heads/latest 0",
            "refs/heads/main 2",
            "refs/heads/release/1.4 0",
            "refs/tags/v1.4.0 1",
            "refs/tags/v2 2",
        ]
    );
}

#[test]
fn a_branch_of_origin_stands_for_one_of_the_clone() {
    let written = three();
    let clone = written.clone_to("clone", &[]);
    git(&clone, &["branch", "-q", "release/1.4", &written.ids[0]]);
    git(&clone, &["branch", "-q", "mine", &written.ids[0]]);
    git(
        &clone,
        &["update-ref", "refs/remotes/fork/theirs", &written.ids[0]],
    );
    let repository = open(&clone);
    let local = repository.refs(Prefer::Local).expect("refs");
    assert_eq!(
        named(&written, &local),
        [
            "refs/heads/main 2",
            "refs/heads/mine 0",
            "refs/heads/release/1.4 0"
        ]
    );
    let remote = repository.refs(Prefer::Remote).expect("refs");
    assert_eq!(
        named(&written, &remote),
        [
            "refs/heads/main 2",
            "refs/heads/mine 0",
            "refs/heads/release/1.4 1"
        ]
    );
    let difference = |taken: Prefer| Remark::Differs {
        name: "refs/heads/release/1.4".into(),
        local: written.id(&repository, 0),
        remote: written.id(&repository, 1),
        taken,
    };
    assert_eq!(local.remarks, [difference(Prefer::Local)]);
    assert_eq!(remote.remarks, [difference(Prefer::Remote)]);
    let said = local.remarks[0].to_string();
    assert!(
        said.starts_with("refs/heads/release/1.4 is at ")
            && said.ends_with("; the branch of this clone counts"),
        "{said}"
    );
    // As a workflow's checkout leaves it: a detached head and no branch.
    git(&clone, &["checkout", "-q", "--detach"]);
    for branch in ["main", "mine", "release/1.4"] {
        git(&clone, &["branch", "-q", "-D", branch]);
    }
    let bare = refs(&open(&clone));
    assert_eq!(
        named(&written, &bare),
        ["refs/heads/main 2", "refs/heads/release/1.4 1"]
    );
    assert_eq!(bare.remarks, []);
}

#[test]
fn the_default_branch_is_found() {
    let written = three();
    let clone = written.clone_to("clone", &[]);
    let default = || refs(&open(&clone)).default.unwrap_or_default();
    git(&clone, &["checkout", "-q", "release/1.4"]);
    assert_eq!(default(), "refs/heads/main");
    git(&clone, &["remote", "set-head", "origin", "release/1.4"]);
    git(&clone, &["checkout", "-q", "main"]);
    assert_eq!(default(), "refs/heads/release/1.4");
    // Without a word of origin, the usual names, whatever is checked out; what is checked out if there is none of them.
    git(&clone, &["remote", "set-head", "origin", "--delete"]);
    git(&clone, &["checkout", "-q", "release/1.4"]);
    assert_eq!(default(), "refs/heads/main");
    git(&clone, &["checkout", "-q", "--detach"]);
    assert_eq!(default(), "refs/heads/main");
    git(&clone, &["branch", "-q", "-D", "main"]);
    assert_eq!(default(), "refs/heads/main");
    git(&clone, &["update-ref", "-d", "refs/remotes/origin/main"]);
    assert_eq!(default(), "");
    git(&clone, &["branch", "-q", "master"]);
    assert_eq!(default(), "refs/heads/master");
    // A head of origin that leads nowhere is none.
    git(
        &clone,
        &[
            "symbolic-ref",
            "refs/remotes/origin/HEAD",
            "refs/remotes/origin/gone",
        ],
    );
    assert_eq!(default(), "refs/heads/master");
}

#[test]
fn damage_of_one_ref_is_told_and_hides_no_other() {
    let written = three();
    let path = written.path();
    let gone = "1234567890123456789012345678901234567890";
    let write = |name: &str, text: &str| std::fs::write(path.join(name), text).expect("a ref");
    write("refs/heads/empty", "");
    write("refs/heads/garbage", "no object id\n");
    write("refs/heads/gone", &format!("{gone}\n"));
    write("refs/heads/nowhere", "ref: refs/heads/none\n");
    write("refs/heads/circle", "ref: refs/heads/circle\n");
    write("refs/heads/main.lock", "");
    let found = refs(&written.open());
    assert_eq!(
        named(&written, &found),
        ["refs/heads/main 2", "refs/heads/release/1.4 1"]
    );
    let mut said: Vec<String> = found.remarks.iter().map(ToString::to_string).collect();
    said.sort();
    assert_eq!(said.len(), 5, "{said:?}");
    for (said, start) in said.iter().zip([
        "refs/heads/circle cannot be read: ",
        "refs/heads/empty cannot be read: it holds no object id and no name",
        "refs/heads/garbage cannot be read: it holds no object id and no name",
        &format!("refs/heads/gone points to {gone}, which is not in this clone"),
        "refs/heads/nowhere cannot be read: it points to refs/heads/none, which is not there",
    ]) {
        assert!(said.starts_with(start), "{said}");
    }
    // A line of the packed refs that cannot be read.
    for name in ["empty", "garbage", "gone", "nowhere", "circle", "main.lock"] {
        std::fs::remove_file(path.join("refs/heads").join(name)).expect("a ref");
    }
    git(&path, &["pack-refs", "--all"]);
    let packed = std::fs::read_to_string(path.join("packed-refs")).expect("packed refs");
    let packed = packed.replace(
        &format!("{} refs/heads/main\n", written.ids[2]),
        "zz refs/heads/main\n",
    );
    std::fs::write(path.join("packed-refs"), packed).expect("packed refs");
    let found = refs(&written.open());
    assert_eq!(named(&written, &found), ["refs/heads/release/1.4 1"]);
    assert_eq!(found.remarks.len(), 1, "{:?}", found.remarks);
}

#[test]
fn refs_whose_commits_a_clone_lacks_are_told() {
    let written = three();
    let clone = written.clone_to("shallow", &["--depth=1"]);
    assert_eq!(named(&written, &refs(&open(&clone))), ["refs/heads/main 2"]);
    // A ref that an older fetch left, to a commit that is not there.
    std::fs::write(clone.join(".git/refs/heads/old"), &written.ids[0]).expect("a ref");
    let found = refs(&open(&clone));
    assert_eq!(named(&written, &found), ["refs/heads/main 2"]);
    assert!(
        matches!(&found.remarks[..], [Remark::Missing { name, object }, Remark::Shallow]
            if name == "refs/heads/old" && object.to_string() == written.ids[0]),
        "{:?}",
        found.remarks
    );
}

#[test]
fn bare_ones_mirrors_and_worktrees_are_read_alike() {
    let written = three();
    git(
        &written.path(),
        &["update-ref", "refs/pull/1/head", &written.ids[0]],
    );
    let both = ["refs/heads/main 2", "refs/heads/release/1.4 1"];
    for (name, flags) in [("bare", &["--bare"][..]), ("mirror", &["--mirror"])] {
        let repository = open(&written.clone_to(name, flags));
        let found = refs(&repository);
        assert_eq!(
            (named(&written, &found), &found.remarks[..]),
            (both.map(str::to_owned).to_vec(), &[][..])
        );
        assert_eq!(found.default.as_deref(), Some("refs/heads/main"), "{name}");
        assert_eq!(repository.work_folder(), None);
        assert!(repository.resolve("release/1.4").is_ok());
    }
    // A further work tree has a head of its own and everything else from the first.
    let clone = written.clone_to("clone", &[]);
    let other = written.beside("other");
    let other_flag = other.to_str().expect("a path");
    git(&clone, &["worktree", "add", "-q", other_flag, "release/1.4"]);
    let repository = open(&other);
    assert_eq!(
        repository.head().expect("a head").ref_name.as_deref(),
        Some("refs/heads/release/1.4")
    );
    let found = refs(&repository);
    assert_eq!(named(&written, &found), both);
    assert_eq!(found.default.as_deref(), Some("refs/heads/main"));
    let head = repository.resolve("HEAD").expect("a head");
    assert_eq!(written.number(head), 1);
    assert_eq!(written.number(repository.resolve("HEAD~1").expect("a commit")), 0);
    // Objects that lie elsewhere.
    let shared = written.beside("shared");
    let source = written.path();
    git(
        &written.beside(""),
        &[
            "clone",
            "-q",
            "--shared",
            source.to_str().expect("a path"),
            shared.to_str().expect("a path"),
        ],
    );
    assert_eq!(named(&written, &refs(&open(&shared))), both);
}

#[test]
fn an_empty_repository_has_no_candidates() {
    let folder = tempfile::tempdir().expect("a folder");
    git(folder.path(), &["init", "-q"]);
    let repository = open(folder.path());
    assert_eq!(refs(&repository), Refs::default());
    assert!(matches!(
        repository.resolve("HEAD"),
        Err(GitError::NoSuchRevision { .. })
    ));
    assert!(matches!(
        repository.resolve("main"),
        Err(GitError::NoSuchRevision { .. })
    ));
    assert_eq!(repository.is_shallow(), Ok(false));
}

#[test]
fn repositories_that_name_objects_by_sha256_are_read() {
    let folder = tempfile::tempdir().expect("a folder");
    let at = folder.path();
    git(at, &["init", "-q", "--object-format=sha256"]);
    for (number, branch) in [(0, "main"), (1, "release/1.4"), (2, "topic")] {
        if number > 0 {
            git(at, &["checkout", "-q", "-b", branch, "main"]);
        }
        std::fs::create_dir_all(at.join(format!("p{number}"))).expect("a folder");
        std::fs::write(at.join(format!("p{number}/Cargo.lock")), branch).expect("a file");
        git(at, &["add", "."]);
        git(at, &["commit", "-qm", branch]);
    }
    git(at, &["gc", "-q"]);
    let repository = open(at);
    let found = refs(&repository);
    let names: Vec<&str> = found.candidates.iter().map(|one| one.name.as_str()).collect();
    assert_eq!(
        names,
        ["refs/heads/main", "refs/heads/release/1.4", "refs/heads/topic"]
    );
    let [main, release, topic] = ["main", "release/1.4", "topic"].map(|name| {
        let id = repository.resolve(name).expect("a branch");
        assert_eq!(id.to_string(), git(at, &["rev-parse", name]));
        id
    });
    assert_eq!(main.to_string().len(), 64);
    assert_eq!(repository.resolve(&main.to_string()), Ok(main));
    assert_eq!(repository.merge_base(release, topic), Ok(Some(main)));
    let files = repository
        .files(release, |name| name == b"Cargo.lock")
        .expect("files");
    assert_eq!(files.len(), 2);
    let tree = repository.commit_tree(release, 100).expect("a tree");
    assert_eq!(*tree.read(&files[1].path).expect("bytes"), *b"release/1.4");
    assert_eq!(tree.blob_id(b"release/1.4"), Some(files[1].id));
}

#[test]
fn refs_of_another_kind_are_refused_by_that_name() {
    // As git 2.45 and later lay it out.
    let folder = tempfile::tempdir().expect("a folder");
    git(folder.path(), &["init", "-q"]);
    for setting in [
        ["core.repositoryformatversion", "1"],
        ["extensions.refStorage", "reftable"],
    ] {
        git(folder.path(), &["config", setting[0], setting[1]]);
    }
    let inside = |name: &str| folder.path().join(".git").join(name);
    std::fs::write(inside("HEAD"), "ref: refs/heads/.invalid\n").expect("a head");
    std::fs::remove_dir(inside("refs/heads")).expect("a folder");
    std::fs::write(inside("refs/heads"), "this repository uses the reftable format\n").expect("a file");
    let refused = match Repository::discover(folder.path()) {
        Ok(repository) => repository.expect("a repository").refs(Prefer::Local).err(),
        Err(error) => Some(error),
    };
    let refused = refused.expect("its refs cannot be read");
    assert!(
        matches!(&refused, GitError::Broken(what) if what.contains("reftable") && what.contains("tables.list")),
        "{refused}"
    );
    // git itself no longer opens the repository.
    git(
        folder.path(),
        &["config", "-f", ".git/config", "extensions.refStorage", "sqlite"],
    );
    let refused = Repository::discover(folder.path())
        .err()
        .expect("nobody reads these");
    assert!(
        matches!(&refused, GitError::Unsupported(what) if what.contains("sqlite")),
        "{refused}"
    );
}

#[cfg(unix)]
#[test]
fn a_foreign_owner_is_no_reason_to_refuse() {
    fn give(path: &Path, owner: u32) -> bool {
        let inside = match std::fs::read_dir(path) {
            Ok(entries) => entries
                .map(|entry| entry.expect("an entry").path())
                .all(|path| give(&path, owner)),
            Err(_) => true,
        };
        inside && std::os::unix::fs::lchown(path, Some(owner), Some(owner)).is_ok()
    }
    let written = three();
    let clone = written.clone_to("clone", &[]);
    if !give(&clone, 12_345) {
        println!("skipped: only root can give files away");
        return;
    }
    let (refused, _) = crate::support::git_repository::git_says(&clone, &["rev-parse", "HEAD"]);
    assert!(!refused, "git itself refuses");
    let found = refs(&open(&clone));
    assert_eq!(
        named(&written, &found),
        ["refs/heads/main 2", "refs/heads/release/1.4 1"]
    );
}

#[test]
fn names_that_are_not_utf8_are_told_apart() {
    let written = three();
    let id = &written.ids[1];
    let mut line = b"create refs/heads/odd-".to_vec();
    line.extend(b"\xff\xfe ");
    line.extend(format!("{id}\ncreate refs/heads/\u{202e}odd {id}\n").into_bytes());
    git_on(&written.path(), &["update-ref", "--stdin"], &line);
    let names: Vec<String> = refs(&written.open())
        .candidates
        .into_iter()
        .map(|candidate| candidate.name)
        .collect();
    assert_eq!(
        names,
        [
            "refs/heads/main",
            "refs/heads/odd-%FF%FE",
            "refs/heads/release/1.4",
            "refs/heads/\u{202e}odd"
        ]
    );
}
