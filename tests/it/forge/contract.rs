//! What every forge has to do, over each of them: github.com, an Enterprise Server, Gitea. The server behind them holds
//! every request against the forge's published description.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use lockkeeper::forge::{
    self, ApiError, Change, CodeScanning, EntryKind, Forge, ForgeError, ForgeFuture, IssueState, Label,
    Processing, PullDraft, Readiness, RepositoryName, Runs, SarifUpload, Site, TokenKind, Visibility,
};
use lockkeeper::sys::web::{self, Address, Proxies, Settings, Web};
use secrecy::SecretString;

use crate::support::forge_server::state::{Kind, Token};
use crate::support::forge_server::{ForgeServer, SECRET, Style};
use crate::support::program::Sandbox;
use crate::sys::web::{self as patient, Waits};

pub(crate) const STYLES: [Style; 3] = [Style::GitHub, Style::Enterprise, Style::Gitea];

/// Longer than any answer takes.
const IDLE: Duration = Duration::from_secs(60);

/// A forge behind its server, with time that passes at once.
pub(crate) struct Stand {
    pub(crate) style: Style,
    pub(crate) sandbox: Sandbox,
    pub(crate) server: ForgeServer,
    pub(crate) waits: Waits,
    forge: Box<dyn Forge>,
    runtime: tokio::runtime::Runtime,
}

impl Stand {
    /// `acme/shop` with what [`history`] made.
    pub(crate) fn new(style: Style) -> Self {
        Self::over(style, history())
    }

    pub(crate) fn over(style: Style, sandbox: Sandbox) -> Self {
        let server = ForgeServer::start(style, &sandbox.work());
        let (forge, waits) = connect(&server, Some(SECRET), IDLE);
        Self {
            style,
            sandbox,
            server,
            waits,
            forge,
            runtime: web::runtime().expect("a runtime"),
        }
    }

    /// The same server, asked with another token.
    pub(crate) fn as_token(&mut self, token: Option<&str>) {
        (self.forge, self.waits) = connect(&self.server, token, IDLE);
    }

    /// The same server, asked by somebody in a hurry.
    pub(crate) fn hurry(&mut self, idle: Duration) {
        (self.forge, self.waits) = connect(&self.server, Some(SECRET), idle);
    }

    pub(crate) fn ask<'f, T>(
        &'f self,
        what: impl FnOnce(&'f dyn Forge) -> ForgeFuture<'f, T>,
    ) -> Result<T, ForgeError> {
        self.runtime.block_on(what(self.forge.as_ref()))
    }

    /// What is asked for, which must be given.
    pub(crate) fn get<'f, T>(&'f self, what: impl FnOnce(&'f dyn Forge) -> ForgeFuture<'f, T>) -> T {
        self.ask(what).unwrap_or_else(|error| {
            panic!("{:?}: {error}\n{}", self.style, self.server.faults().join("\n"));
        })
    }

    /// Git, asked at the server.
    pub(crate) fn git(&self, arguments: &[&str]) -> String {
        self.server.state().repository.git(arguments)
    }

    fn is_gitea(&self) -> bool {
        self.style == Style::Gitea
    }

    /// The account of the workflow's token.
    fn login(&self) -> String {
        self.server.state().tokens[SECRET].login.clone()
    }
}

/// A forge at the server, as the holder of `token`, that gives up a silent connection after `idle`.
fn connect(server: &ForgeServer, token: Option<&str>, idle: Duration) -> (Box<dyn Forge>, Waits) {
    let waits = Waits::default();
    let settings = Settings {
        proxies: Proxies::Ignored,
        idle,
        ..patient::settings()
    };
    let api = Address::parse(&server.api()).expect("an address");
    let site = Site {
        web: Arc::new(Web::with_timer(settings, Box::new(waits.clone()))),
        graphql: None,
        repository: RepositoryName::parse("acme/shop").expect("a name"),
        token: token.map(SecretString::from),
        api: api.clone(),
    };
    let forge = (forge::kind_at(&api).connect)(site).expect("a forge");
    (forge, waits)
}

/// Two branches, tags of all sorts, files of all sorts.
fn history() -> Sandbox {
    let sandbox = Sandbox::new();
    sandbox.git(&["init", "--quiet"]);
    sandbox.write("Cargo.lock", "version = 4\n");
    sandbox.write("a b/ü.txt", "words\n");
    sandbox.write("a b/run", "#!/bin/sh\n");
    sandbox.write("deep/er/still/file", [0_u8, 159, 146, 150]);
    sandbox.git(&["add", "."]);
    sandbox.git(&["update-index", "--chmod=+x", "a b/run"]);
    let target = sandbox.write("target", "Cargo.lock");
    let blob = sandbox.git(&["hash-object", "-w", target.to_str().expect("a path")]);
    sandbox.git(&[
        "update-index",
        "--add",
        "--cacheinfo",
        &format!("120000,{blob},link"),
    ]);
    let other = "1".repeat(40);
    sandbox.git(&[
        "update-index",
        "--add",
        "--cacheinfo",
        &format!("160000,{other},module"),
    ]);
    sandbox.git(&["commit", "--quiet", "-m", "First"]);
    sandbox.git(&["tag", "light"]);
    sandbox.git(&["tag", "-a", "v1", "-m", "Version 1"]);
    sandbox.git(&["branch", "release/1.x"]);
    sandbox.git(&["commit", "--quiet", "--allow-empty", "-m", "Second"]);
    sandbox
}

#[test]
fn every_registered_forge_is_played() {
    let played: BTreeSet<&str> = STYLES
        .iter()
        .map(|style| Stand::new(*style).forge.kind().name)
        .collect();
    let registered: BTreeSet<&str> = forge::FORGES.iter().map(|kind| kind.name).collect();
    assert_eq!(played, registered);
}

#[test]
fn access_tells_who_asks_and_what_the_repository_is() {
    for style in STYLES {
        let stand = Stand::new(style);
        let access = stand.get(Forge::access);
        assert_eq!(access.login.as_deref(), Some("github-actions[bot]"));
        assert_eq!(access.default_branch, "main");
        assert_eq!((access.private, access.may_write), (Some(false), Some(true)));
        let server = match style {
            Style::GitHub => None,
            Style::Enterprise => Some("3.17.0"),
            Style::Gitea => Some("1.27.3"),
        };
        assert_eq!(access.server.as_deref(), server);
        stand.server.token(|token| *token = Token::reading());
        stand.server.state().private = true;
        stand.server.state().default_branch = "release/1.x".into();
        let access = stand.get(Forge::access);
        assert_eq!(access.default_branch, "release/1.x");
        assert_eq!((access.private, access.may_write), (Some(true), Some(false)));
        stand.server.done();
    }
}

#[test]
fn access_tells_tokens_apart() {
    let mut stand = Stand::new(Style::GitHub);
    let of = |login: &str, kind| Token {
        kind,
        ..Token::person(login)
    };
    for (secret, token, wanted, runs) in [
        (
            "ghs_1",
            Token::workflow(),
            TokenKind::Workflow,
            Runs::AfterApproval,
        ),
        ("ghs_2", of("acme-bot[bot]", Kind::App), TokenKind::App, Runs::Yes),
        (
            "github_pat_3",
            of("alice", Kind::FineGrained),
            TokenKind::FineGrained,
            Runs::Yes,
        ),
        (
            "ghp_4",
            of("alice", Kind::Classic("repo")),
            TokenKind::Classic,
            Runs::Yes,
        ),
        (
            "odd",
            of("alice", Kind::FineGrained),
            TokenKind::Other,
            Runs::Unknown,
        ),
    ] {
        stand.server.state().tokens.insert(secret.into(), token.clone());
        stand.as_token(Some(secret));
        let access = stand.get(Forge::access);
        assert_eq!((access.token, access.runs()), (wanted, runs), "{secret}");
        assert_eq!(access.login, Some(token.login));
    }
    let mut gitea = Stand::new(Style::Gitea);
    for (login, wanted) in [
        ("gitea-actions", TokenKind::Workflow),
        ("forgejo-actions", TokenKind::Workflow),
        ("alice", TokenKind::Classic),
    ] {
        gitea
            .server
            .state()
            .tokens
            .insert(login.into(), of(login, Kind::Workflow));
        gitea.as_token(Some(login));
        assert_eq!(gitea.get(Forge::access).token, wanted, "{login}");
    }
    gitea.server.done();
    // Whoever has none may still read what is public.
    for style in STYLES {
        let mut stand = Stand::new(style);
        stand.server.state().anonymous = true;
        stand.as_token(None);
        let access = stand.get(Forge::access);
        assert_eq!((access.token, access.login), (TokenKind::Nothing, None));
        let head = stand.git(&["rev-parse", "main"]);
        assert_eq!(stand.get(|forge| forge.commit(&head)).id, head);
        stand.server.done();
    }
    stand.server.done();
}

#[test]
fn refs_are_those_of_git_whatever_their_number() {
    for style in STYLES {
        let sandbox = history();
        for number in 0..102 {
            sandbox.git(&["branch", &format!("line/{number}"), "HEAD~1"]);
        }
        if style != Style::Gitea {
            // A tag of a tag, and one of something that is no commit. Gitea does not look behind either.
            sandbox.git(&["tag", "-a", "-m", "again", "again", "v1"]);
            sandbox.git(&["tag", "file", "HEAD:Cargo.lock"]);
        }
        let stand = Stand::over(style, sandbox);
        let times = stand.git(&["log", "--all", "--format=%H %ct"]);
        let times: BTreeMap<&str, &str> = times.lines().filter_map(|line| line.split_once(' ')).collect();
        let mut told: Vec<(String, String)> = Vec::new();
        for found in stand.get(Forge::refs) {
            let time = found.committed.expect("a time").as_second().to_string();
            let wanted = times[found.commit.as_str()];
            assert_eq!(time, wanted, "{style:?}: {}", found.name);
            told.push((found.name, found.commit));
        }
        told.sort();
        let names = stand.git(&["for-each-ref", "--format=%(refname)"]);
        let names: Vec<&str> = names.lines().filter(|name| *name != "refs/tags/file").collect();
        let commits: Vec<String> = names.iter().map(|name| format!("{name}^{{commit}}")).collect();
        let mut arguments = vec!["rev-parse"];
        arguments.extend(commits.iter().map(String::as_str));
        let commits = stand.git(&arguments);
        let mut wanted: Vec<(String, String)> = names
            .iter()
            .zip(commits.lines())
            .map(|(name, commit)| ((*name).to_owned(), commit.to_owned()))
            .collect();
        wanted.sort();
        assert_eq!(wanted.len(), if stand.is_gitea() { 106 } else { 107 });
        assert_eq!(told, wanted, "{style:?}");
        stand.server.done();
    }
}

#[test]
fn a_repository_without_commits_has_no_refs() {
    for style in STYLES {
        let sandbox = Sandbox::new();
        sandbox.git(&["init", "--quiet"]);
        let stand = Stand::over(style, sandbox);
        assert!(stand.get(Forge::refs).is_empty(), "{style:?}");
        stand.server.done();
    }
}

#[test]
fn commits_trees_and_files_are_those_of_git() {
    for style in STYLES {
        let stand = Stand::new(style);
        let head = stand.git(&["rev-parse", "main"]);
        let commit = stand.get(|forge| forge.commit(&head));
        assert_eq!(commit.id, head);
        assert_eq!(commit.tree, stand.git(&["rev-parse", "main^{tree}"]));
        assert_eq!(commit.parents, [stand.git(&["rev-parse", "main~1"])]);
        let seconds = stand.git(&["log", "-1", "--format=%ct", "main"]);
        assert_eq!(
            commit.committed,
            Timestamp::from_second(seconds.parse().unwrap()).unwrap()
        );
        assert_tree(&stand, &commit.tree);
        for path in ["deep/er/still/file", "a b/ü.txt"] {
            let blob = stand.git(&["rev-parse", &format!("main:{path}")]);
            let bytes = stand.get(|forge| forge.blob(&blob, 1000));
            assert_eq!(
                bytes,
                std::fs::read(stand.sandbox.work().join(path)).unwrap(),
                "{path}"
            );
        }
        stand.server.done();
    }
}

#[test]
fn a_tree_that_comes_in_pieces_is_put_together() {
    for style in STYLES {
        let stand = Stand::new(style);
        // All levels together have ten entries, the widest alone has five.
        stand.server.state().tree_limit = 5;
        assert_tree(&stand, &stand.git(&["rev-parse", "main^{tree}"]));
        assert!(stand.server.seen().len() > 1, "{style:?}");
        stand.server.done();
    }
}

/// The entries of a tree are git's.
fn assert_tree(stand: &Stand, id: &str) {
    let mut told: Vec<_> = stand
        .get(|forge| forge.tree(id))
        .into_iter()
        .map(|entry| {
            let mode = match entry.kind {
                EntryKind::File => "100644",
                EntryKind::Program => "100755",
                EntryKind::Link => "120000",
                EntryKind::Submodule => "160000",
            };
            format!("{mode} {} {}", entry.id, entry.path)
        })
        .collect();
    told.sort();
    let listed = stand.git(&[
        "-c",
        "core.quotePath=false",
        "ls-tree",
        "-r",
        "--format=%(objectmode) %(objectname) %(path)",
        id,
    ]);
    let mut wanted: Vec<&str> = listed.lines().collect();
    wanted.sort_unstable();
    assert_eq!(wanted.len(), 6);
    assert_eq!(told, wanted, "{:?}", stand.style);
}

#[test]
fn a_tree_of_nothing_is_empty() {
    for style in STYLES {
        let sandbox = Sandbox::new();
        sandbox.git(&["init", "--quiet"]);
        sandbox.git(&["commit", "--quiet", "--allow-empty", "-m", "Nothing"]);
        let stand = Stand::over(style, sandbox);
        let tree = stand.git(&["rev-parse", "main^{tree}"]);
        assert_eq!(stand.get(|forge| forge.tree(&tree)), []);
        stand.server.done();
    }
}

#[test]
fn sarif_is_handed_in_as_it_is_and_asked_after() {
    for style in STYLES {
        let stand = Stand::new(style);
        let upload = SarifUpload {
            sarif: b"{\"version\":\"2.1.0\",\"runs\":[]}".to_vec(),
            ref_name: "refs/pull/7/merge".into(),
            commit: stand.git(&["rev-parse", "main"]),
        };
        let answer = stand.ask(|forge| forge.upload_sarif(&upload));
        if stand.forge.kind().code_scanning == CodeScanning::Unknown {
            let error = answer.expect_err("no code scanning");
            assert_eq!(
                error.to_string(),
                "uploading SARIF: Gitea or Forgejo has nothing of the sort"
            );
            assert!(stand.server.seen().is_empty());
            continue;
        }
        let id = answer.expect("a receipt");
        {
            let mut state = stand.server.state();
            let kept = &state.uploads[0];
            assert_eq!(kept.sarif, upload.sarif);
            assert_eq!(
                (kept.commit.as_str(), kept.reference.as_str()),
                (upload.commit.as_str(), "refs/pull/7/merge")
            );
            assert_eq!(kept.request["tool_name"], "lockkeeper");
            state.pending = 2;
        }
        let states: Vec<Processing> = (0..3).map(|_| stand.get(|forge| forge.processing(&id))).collect();
        assert_eq!(
            states,
            [Processing::Pending, Processing::Pending, Processing::Complete]
        );
        stand.server.state().complaints = vec!["locationFromSarifResult: expected a location".into()];
        assert_eq!(
            stand.get(|forge| forge.processing(&id)),
            Processing::Failed(vec!["locationFromSarifResult: expected a location".into()])
        );
        stand.server.done();
    }
}

#[test]
fn a_comment_is_found_among_our_own_edited_minimized_and_shown() {
    for style in STYLES {
        let stand = Stand::new(style);
        let login = stand.login();
        let marker = "<!-- marker -->";
        let number = stand
            .server
            .state()
            .open_pull("alice", "Change", "release/1.x", "main");
        {
            let mut state = stand.server.state();
            // A stranger's comment with our marker is not ours, and neither is an own one without it.
            state.comment(number, "mallory", marker);
            state.comment(number, &login, "something else");
            for filler in 0..150 {
                state.comment(number, "alice", &format!("comment {filler}"));
            }
        }
        assert_eq!(stand.get(|forge| forge.find_comment(number, marker)), None);
        let added = stand.get(|forge| forge.add_comment(number, "<!-- marker -->\nwords"));
        stand
            .server
            .state()
            .comment(number, &login, "<!-- marker --> a later one");
        let found = stand
            .get(|forge| forge.find_comment(number, marker))
            .expect("the comment");
        assert_eq!(
            (found.id, found.body.as_str()),
            (added.id, "<!-- marker -->\nwords")
        );
        stand.get(|forge| forge.edit_comment(&found, "<!-- marker -->\nother words"));
        let kept = |stand: &Stand| {
            let state = stand.server.state();
            state
                .comments
                .iter()
                .find(|comment| comment.id == found.id)
                .cloned()
                .expect("the comment")
        };
        assert_eq!(kept(&stand).body, "<!-- marker -->\nother words");
        stand.get(|forge| forge.set_visibility(&found, Visibility::Minimized));
        let minimized = (!stand.is_gitea()).then(|| "resolved".to_owned());
        assert_eq!(kept(&stand).minimized, minimized);
        stand.get(|forge| forge.set_visibility(&found, Visibility::Shown));
        assert_eq!(kept(&stand).minimized, None);
        assert_eq!(stand.server.state().comments.len(), 154);
        stand.server.done();
    }
}

#[test]
fn issues_and_labels_are_made_once_and_found_again() {
    for style in STYLES {
        let stand = Stand::new(style);
        let login = stand.login();
        let marker = "<!-- tracking -->";
        let label = Label {
            name: "to mend".into(),
            colour: "b60205",
            description: "What is open",
        };
        for _ in 0..2 {
            stand.get(|forge| forge.make_label(&label));
        }
        assert_eq!(stand.server.state().labels.len(), 1, "{style:?}");
        assert_eq!(stand.server.state().labels[0].color, "b60205");
        assert!(stand.get(|forge| forge.find_issues(marker, "to mend")).is_empty());
        stand.server.state().open_issue("mallory", "Mine", marker);
        let labels = ["to mend".to_owned()];
        let issue = stand.get(|forge| forge.add_issue("Title", "<!-- tracking -->\nwords", &labels));
        assert_eq!((issue.title.as_str(), issue.state), ("Title", IssueState::Open));
        assert!(issue.page.starts_with("https://forge.example/acme/shop/issues/"));
        let numbers = |stand: &Stand| -> Vec<u64> {
            let found = stand.get(|forge| forge.find_issues(marker, "to mend"));
            found.iter().map(|issue| issue.number).collect()
        };
        assert_eq!(numbers(&stand), [issue.number]);
        assert_eq!(
            stand.server.state().issue(issue.number).unwrap().labels,
            BTreeSet::from(["to mend".to_owned()])
        );
        // Somebody takes the label off.
        stand
            .server
            .state()
            .issue_mut(issue.number)
            .unwrap()
            .labels
            .clear();
        assert_eq!(numbers(&stand), [issue.number]);
        stand.get(|forge| forge.add_labels(issue.number, &labels));
        let closed = stand
            .get(|forge| forge.edit_issue(issue.number, "Done", "<!-- tracking -->\n", IssueState::Closed));
        assert_eq!(
            (closed.title.as_str(), closed.state),
            ("Done", IssueState::Closed)
        );
        // Open ones come first, then the newest.
        let (older, newer) = {
            let mut state = stand.server.state();
            let numbers = [(); 2].map(|()| state.open_issue(&login, "More", marker));
            for number in numbers {
                state.issue_mut(number).unwrap().labels.insert("to mend".into());
            }
            (numbers[0], numbers[1])
        };
        assert_eq!(numbers(&stand), [newer, older, issue.number]);
        stand.server.done();
    }
}

#[test]
fn a_branch_is_made_once_and_removed_once() {
    for style in STYLES {
        let stand = Stand::new(style);
        let (head, older) = (
            stand.git(&["rev-parse", "main"]),
            stand.git(&["rev-parse", "main~1"]),
        );
        for _ in 0..2 {
            stand.get(|forge| forge.make_branch("fix/a&b+c%", &head));
        }
        assert_eq!(stand.git(&["rev-parse", "refs/heads/fix/a&b+c%"]), head);
        let error = stand
            .ask(|forge| forge.make_branch("fix/a&b+c%", &older))
            .expect_err("a conflict");
        assert!(
            matches!(error.error, ApiError::Conflict { .. }),
            "{style:?}: {error}"
        );
        assert_eq!(stand.git(&["rev-parse", "refs/heads/fix/a&b+c%"]), head);
        assert_eq!(stand.get(|forge| forge.branch("fix/a&b+c%")), Some(head.clone()));
        // It is moved from where it is, also to where it was before, and from nowhere else.
        for _ in 0..2 {
            stand.get(|forge| forge.move_branch("fix/a&b+c%", &head, &older));
        }
        let error = stand
            .ask(|forge| forge.move_branch("fix/a&b+c%", &head, &head))
            .expect_err("a conflict");
        assert!(
            matches!(error.error, ApiError::Conflict { .. }),
            "{style:?}: {error}"
        );
        assert_eq!(stand.git(&["rev-parse", "refs/heads/fix/a&b+c%"]), older);
        for _ in 0..2 {
            stand.get(|forge| forge.remove_branch("fix/a&b+c%"));
        }
        assert_eq!(stand.get(|forge| forge.branch("fix/a&b+c%")), None);
        assert_eq!(stand.server.state().repository.branch("fix/a&b+c%"), None);
        stand.server.done();
    }
}

#[test]
fn a_commit_is_what_git_reads_and_only_on_the_tip_that_was_seen() {
    for style in STYLES {
        let stand = Stand::new(style);
        let tip = stand.git(&["rev-parse", "release/1.x"]);
        let change = Change {
            branch: "release/1.x".into(),
            parent: tip.clone(),
            headline: "Move one package".into(),
            body: "Because of an advisory.".into(),
            files: vec![
                ("Cargo.lock".into(), b"version = 4\n# moved\n".to_vec()),
                ("a b/run".into(), b"#!/bin/sh\nexit 1\n".to_vec()),
                ("new/file".into(), vec![0, 255]),
            ],
            removed: vec!["a b/ü.txt".into()],
        };
        let made = stand.get(|forge| forge.commit_files(&change));
        assert_eq!(stand.git(&["rev-parse", "release/1.x"]), made);
        assert_eq!(stand.git(&["rev-parse", "release/1.x~1"]), tip);
        assert_eq!(
            stand.git(&["log", "-1", "--format=%B", "release/1.x"]).trim(),
            "Move one package\n\nBecause of an advisory."
        );
        assert_eq!(
            stand.git(&[
                "-c",
                "core.quotePath=false",
                "diff",
                "--name-status",
                "--no-renames",
                &tip,
                &made
            ]),
            "M\tCargo.lock\nM\ta b/run\nD\ta b/ü.txt\nA\tnew/file"
        );
        assert_eq!(
            stand.git(&["fsck", "--strict", "--connectivity-only", "--no-dangling"]),
            ""
        );
        let error = stand
            .ask(|forge| forge.commit_files(&change))
            .expect_err("the branch moved on");
        assert!(
            matches!(error.error, ApiError::Conflict { .. }),
            "{style:?}: {error}"
        );
        assert_eq!(error.hint(), "Run the step again.");
        assert_eq!(stand.git(&["rev-parse", "release/1.x"]), made);
        stand.server.done();
    }
}

#[test]
fn a_pull_request_is_opened_found_edited_and_reviewed() {
    for style in STYLES {
        let stand = Stand::new(style);
        let head = stand.git(&["rev-parse", "main"]);
        stand.get(|forge| forge.make_branch("fix/1", &head));
        // Another one into another branch, and one that is closed.
        let closed = stand
            .server
            .state()
            .open_pull("alice", "Old", "fix/1", "release/1.x");
        stand.server.state().issue_mut(closed).unwrap().open = false;
        stand
            .server
            .state()
            .open_pull("alice", "Other", "main", "release/1.x");
        let numbers = |stand: &Stand, branch: &str| -> Vec<(u64, IssueState)> {
            let pulls = stand.get(|forge| forge.find_pulls(branch, "release/1.x"));
            pulls.iter().map(|pull| (pull.number, pull.state)).collect()
        };
        assert_eq!(numbers(&stand, "fix/1"), [(closed, IssueState::Closed)]);
        let draft = PullDraft {
            branch: "fix/1".into(),
            base: "release/1.x".into(),
            title: "Mend".into(),
            body: "Words".into(),
            readiness: Readiness::Draft,
        };
        let pull = stand.get(|forge| forge.open_pull(&draft));
        assert_eq!(
            (pull.head.as_str(), pull.state),
            (head.as_str(), IssueState::Open)
        );
        assert!(
            pull.page.starts_with("https://forge.example/acme/shop/pull"),
            "{}",
            pull.page
        );
        let kept = stand.server.state().issue(pull.number).cloned().unwrap();
        match style {
            Style::Gitea => assert_eq!(kept.title, "WIP: Mend"),
            Style::GitHub | Style::Enterprise => {
                assert!(kept.pull.as_ref().unwrap().draft && kept.title == "Mend")
            }
        }
        assert_eq!(kept.body, "Words");
        assert_eq!(
            numbers(&stand, "fix/1"),
            [(pull.number, IssueState::Open), (closed, IssueState::Closed)]
        );
        let open = stand.get(|forge| forge.open_pulls());
        let open: Vec<(&str, &str)> = open.iter().map(|pull| (&*pull.branch, &*pull.base)).collect();
        assert_eq!(open, [("fix/1", "release/1.x"), ("main", "release/1.x")]);
        stand.server.state().milestones.insert(3, "1.4.1".to_owned());
        let bob = ["bob".to_owned()];
        stand.get(|forge| forge.assign(pull.number, &bob, Some("1.4.1")));
        let kept = stand.server.state().issue(pull.number).cloned().unwrap();
        assert_eq!(
            (kept.assignees, kept.milestone),
            (BTreeSet::from(["bob".to_owned()]), Some(3))
        );
        let error = stand
            .ask(|forge| forge.assign(pull.number, &[], Some("2.0")))
            .expect_err("no milestone");
        assert!(
            error.to_string().contains("no open milestone has the title 2.0"),
            "{error}"
        );
        let people = ["bob".to_owned()];
        stand.get(|forge| forge.ask_review(pull.number, &people, &[]));
        let reviewers = stand
            .server
            .state()
            .issue(pull.number)
            .unwrap()
            .pull
            .clone()
            .unwrap()
            .reviewers;
        assert_eq!(reviewers, BTreeSet::from(["bob".to_owned()]));
        let edited =
            stand.get(|forge| forge.edit_pull(pull.number, "Mended", "More words", IssueState::Closed));
        assert_eq!(
            (edited.title.as_str(), edited.body.as_str(), edited.state),
            ("Mended", "More words", IssueState::Closed)
        );
        assert_eq!(
            numbers(&stand, "fix/1"),
            [(pull.number, IssueState::Closed), (closed, IssueState::Closed)]
        );
        stand
            .server
            .state()
            .issue_mut(closed)
            .unwrap()
            .pull
            .as_mut()
            .unwrap()
            .merged = true;
        let merged = stand.get(|forge| forge.find_pulls("fix/1", "release/1.x"));
        assert_eq!(
            merged.iter().map(|pull| pull.merged).collect::<Vec<_>>(),
            [false, true]
        );
        stand.server.done();
    }
}

#[test]
fn writes_keep_a_second_apart_and_reads_do_not() {
    for style in STYLES {
        let stand = Stand::new(style);
        let number = stand.server.state().open_issue("alice", "Title", "");
        for _ in 0..3 {
            stand.get(Forge::access);
        }
        assert!(stand.waits.seconds().is_empty(), "{style:?}");
        for _ in 0..3 {
            stand.get(|forge| forge.add_comment(number, "words"));
        }
        let waits = stand.waits.seconds();
        assert!((1..=2).contains(&waits.len()), "{style:?}: {waits:?}");
        assert!(
            waits.iter().all(|seconds| *seconds > 0.0 && *seconds <= 1.0),
            "{waits:?}"
        );
        stand.server.done();
    }
}
