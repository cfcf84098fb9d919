//! What goes wrong at a forge, over each of them: what a person is told, what is tried again, and what is never done twice.

use std::time::Duration;

use lockkeeper::forge::{
    Change, Forge, ForgeError, IssueState, Label, PullDraft, Readiness, SarifUpload, Visibility,
};

use crate::action::step::step;
use crate::forge::contract::{STYLES, Stand};
use crate::support::forge_server::http::Trouble;
use crate::support::forge_server::proxy::Proxy;
use crate::support::forge_server::{ForgeServer, SECRET, Scanning, Style, Token, tls};
use crate::support::program::{Ran, Sandbox, cargo_lock, record};

const NOW: &str = "2026-02-01T00:00:00Z";

/// Half an hour after the time that `Waits` tells.
const RESET: i64 = 1_795_343_400;

/// Everything that changes something at a forge, once each, with the permission that it takes.
fn writes(stand: &Stand) -> Vec<(&'static str, Result<(), ForgeError>)> {
    let head = stand.git(&["rev-parse", "main"]);
    let (issue, pull, comment) = {
        let mut state = stand.server.state();
        let issue = state.open_issue("alice", "Title", "");
        let pull = state.open_pull("alice", "Title", "main", "release/1.x");
        (issue, pull, state.comment(pull, "alice", "words"))
    };
    let comment = lockkeeper::forge::Comment {
        id: comment,
        node: format!("IC_{comment}"),
        body: "words".into(),
    };
    let label = Label {
        name: "mend".into(),
        colour: "b60205",
        description: "",
    };
    let change = Change {
        branch: "main".into(),
        parent: head.clone(),
        headline: "Change".into(),
        body: String::new(),
        files: vec![("Cargo.lock".into(), b"version = 4\n\n".to_vec())],
        removed: Vec::new(),
    };
    let draft = PullDraft {
        branch: "main".into(),
        base: "new".into(),
        title: "Mend".into(),
        body: String::new(),
        readiness: Readiness::Ready,
    };
    let labels = ["mend".to_owned()];
    let people = ["bob".to_owned()];
    let mut all = vec![
        (
            "pull-requests: write",
            stand.ask(|forge| forge.add_comment(pull, "words")).map(drop),
        ),
        (
            "pull-requests: write",
            stand.ask(|forge| forge.edit_comment(&comment, "more")),
        ),
        (
            "issues: write",
            stand
                .ask(|forge| forge.add_issue("Title", "words", &[]))
                .map(drop),
        ),
        (
            "issues: write",
            stand
                .ask(|forge| forge.edit_issue(issue, "Title", "words", IssueState::Closed))
                .map(drop),
        ),
        ("issues: write", stand.ask(|forge| forge.make_label(&label))),
        (
            "issues: write",
            stand.ask(|forge| forge.add_labels(pull, &labels)),
        ),
        (
            "contents: write",
            stand.ask(|forge| forge.make_branch("new", &head)),
        ),
        (
            "contents: write",
            stand.ask(|forge| forge.remove_branch("release/1.x")),
        ),
        (
            "contents: write",
            stand.ask(|forge| forge.commit_files(&change)).map(drop),
        ),
        (
            "pull-requests: write",
            stand.ask(|forge| forge.open_pull(&draft)).map(drop),
        ),
        (
            "pull-requests: write",
            stand
                .ask(|forge| forge.edit_pull(pull, "Title", "words", IssueState::Closed))
                .map(drop),
        ),
        (
            "pull-requests: write",
            stand.ask(|forge| forge.ask_review(pull, &people, &[])),
        ),
    ];
    if stand.style != Style::Gitea {
        let upload = SarifUpload {
            sarif: b"{}".to_vec(),
            ref_name: "refs/heads/main".into(),
            commit: head.clone(),
        };
        all.extend([
            (
                "pull-requests: write",
                stand.ask(|forge| forge.set_visibility(&comment, Visibility::Minimized)),
            ),
            (
                "security-events: write",
                stand.ask(|forge| forge.upload_sarif(&upload)).map(drop),
            ),
        ]);
    }
    all
}

/// What a person reads of an error; the token is nowhere in it.
fn told(error: &ForgeError) -> String {
    let told = format!("{error}\n{}", error.hint());
    assert!(!format!("{told}{error:?}").contains(SECRET), "{error:?}");
    told
}

#[test]
fn every_write_that_the_token_may_not_do_names_its_permission() {
    for style in STYLES {
        let stand = Stand::new(style);
        stand.server.token(|token| *token = Token::reading());
        stand
            .server
            .token(|token| token.security = crate::support::forge_server::Access::None);
        let said = match style {
            Style::GitHub | Style::Enterprise => "Resource not accessible by integration",
            Style::Gitea => "token does not have at least one of required scope(s)",
        };
        let before = stand.git(&["for-each-ref"]);
        for (permission, answer) in writes(&stand) {
            let error = answer.expect_err(permission);
            let told = told(&error);
            assert!(told.contains("the forge refuses (403): "), "{style:?}: {told}");
            assert!(told.contains(said), "{style:?}: {told}");
            let hint = format!("Give the job `permissions: {permission}`");
            assert!(told.contains(&hint), "{style:?}: {told}");
            assert!(error.is_refusal());
        }
        assert_eq!(stand.git(&["for-each-ref"]), before);
        let mut asked: Vec<String> = stand
            .server
            .seen()
            .into_iter()
            .filter(|seen| seen.status == 403)
            .map(|seen| seen.operation)
            .collect();
        let count = asked.len();
        asked.dedup();
        assert_eq!(asked.len(), count, "a refusal is not asked for twice: {asked:?}");
        stand.server.done();
    }
}

#[test]
fn every_write_reaches_a_forge_that_lets_it() {
    for style in STYLES {
        let stand = Stand::new(style);
        for (permission, answer) in writes(&stand) {
            answer.unwrap_or_else(|error| panic!("{style:?} {permission}: {error}"));
        }
        stand.server.done();
    }
}

#[test]
fn a_repository_that_the_token_may_not_know_of_is_not_there() {
    for style in STYLES {
        let stand = Stand::new(style);
        stand.server.state().name = "other".into();
        let error = stand.ask(Forge::access).expect_err("no such repository");
        assert!(error.is_missing());
        let said = match style {
            Style::GitHub | Style::Enterprise => "Not Found",
            Style::Gitea => "not found",
        };
        assert_eq!(
            told(&error),
            format!(
                "looking at the repository: the forge knows nothing of it, or the token may not ask (404): {said}\n\
                 Give the job `permissions: contents: read`."
            )
        );
        let error = stand.ask(Forge::refs).expect_err("no such repository");
        assert!(error.is_missing(), "{style:?}: {error}");
        stand.server.done();
    }
}

#[test]
fn a_token_that_is_no_longer_good_is_named() {
    for style in STYLES {
        let mut stand = Stand::new(style);
        stand.as_token(Some("expired"));
        let error = stand.ask(Forge::access).expect_err("no such token");
        assert_eq!(
            told(&error),
            "looking at the repository: the forge does not accept the token (401)\n\
             Check the input `token`: it may have expired, or belong to another forge."
        );
        assert_eq!(stand.server.seen().len(), 1);
        stand.server.done();
    }
}

#[test]
fn a_repository_that_takes_no_sarif_names_the_setting() {
    for style in [Style::GitHub, Style::Enterprise] {
        let stand = Stand::new(style);
        let upload = SarifUpload {
            sarif: b"{}".to_vec(),
            ref_name: "refs/heads/main".into(),
            commit: stand.git(&["rev-parse", "main"]),
        };
        for (scanning, said) in [
            (
                Scanning::NotLicensed,
                "Advanced Security must be enabled for this repository to use code scanning.",
            ),
            (
                Scanning::Disabled,
                "Code scanning is not enabled for this repository.",
            ),
        ] {
            stand.server.state().scanning = scanning;
            let error = stand
                .ask(|forge| forge.upload_sarif(&upload))
                .expect_err("no scanning");
            let told = told(&error);
            assert!(
                told.starts_with(&format!("uploading SARIF: the forge refuses (403): {said}")),
                "{told}"
            );
            assert!(told.contains("Switch code scanning on"), "{told}");
            assert!(told.contains("`upload-sarif: false`"), "{told}");
        }
        stand.server.done();
    }
}

#[test]
fn what_the_forge_does_not_take_is_told_in_its_words() {
    let stand = Stand::new(Style::GitHub);
    let issue = stand.server.state().open_issue("alice", "Title", "");
    let long = "x".repeat(65_537);
    let error = stand
        .ask(|forge| forge.add_comment(issue, &long))
        .expect_err("too long");
    assert_eq!(
        told(&error).lines().next(),
        Some(
            "commenting: the forge does not take it (422): Validation Failed; Body is too long (maximum is 65536 characters)"
        )
    );
    stand.server.state().workflows_open_pulls = false;
    let draft = PullDraft {
        branch: "main".into(),
        base: "release/1.x".into(),
        title: "Mend".into(),
        body: String::new(),
        readiness: Readiness::Ready,
    };
    let error = stand
        .ask(|forge| forge.open_pull(&draft))
        .expect_err("not allowed");
    assert!(
        told(&error).contains("Settings → Actions → General"),
        "{}",
        told(&error)
    );
    stand.server.done();
    for style in STYLES {
        let stand = Stand::new(style);
        stand.server.trouble(
            "GET",
            "/acme/shop",
            1,
            Trouble::status(409, "Git Repository is empty."),
        );
        let error = stand.ask(Forge::access).expect_err("a conflict");
        assert_eq!(
            told(&error),
            "looking at the repository: it has changed meanwhile (409): Git Repository is empty.\nRun the step again."
        );
        stand.server.done();
    }
}

#[test]
fn a_throttle_is_waited_out_as_long_as_it_says() {
    for style in STYLES {
        for (trouble, seconds) in [
            (Trouble::secondary_limit(403, Some("7")), 7.0),
            (Trouble::secondary_limit(429, Some("8")), 8.0),
            (Trouble::secondary_limit(403, None), 60.0),
            (Trouble::secondary_limit(429, None), 60.0),
            (Trouble::primary_limit(403, RESET - 1_770), 30.0),
            (Trouble::primary_limit(429, RESET - 1_770), 30.0),
        ] {
            let stand = Stand::new(style);
            let issue = stand.server.state().open_issue("alice", "Title", "");
            stand.server.trouble("GET", "/acme/shop", 1, trouble.clone());
            stand.get(Forge::access);
            assert_eq!(stand.waits.seconds(), [seconds], "{style:?} {trouble:?}");
            // Nothing was done, so that a write may be sent again too.
            stand.server.trouble("POST", "/comments", 1, trouble.clone());
            stand.get(|forge| forge.add_comment(issue, "words"));
            assert_eq!(stand.waits.seconds(), [seconds, seconds], "{style:?} {trouble:?}");
            assert_eq!(stand.server.state().comments.len(), 1);
            stand.server.done();
        }
    }
}

#[test]
fn a_throttle_that_lasts_too_long_is_told() {
    for style in STYLES {
        let stand = Stand::new(style);
        stand
            .server
            .trouble("GET", "/acme/shop", 9, Trouble::primary_limit(403, RESET));
        let error = stand.ask(Forge::access).expect_err("too long");
        assert_eq!(
            told(&error),
            "looking at the repository: the forge asks for fewer requests (403), for 1800 s\n\
             Run the step again later, or run fewer jobs with the same token at once."
        );
        assert!(!error.is_missing() && !error.is_refusal());
        assert_eq!(stand.server.seen().len(), 1);
        assert!(stand.waits.seconds().is_empty());
        stand.server.done();
    }
}

#[test]
fn reads_are_tried_again_when_the_forge_fails_and_writes_are_not_done_twice() {
    for style in STYLES {
        for code in [500, 502, 503, 504] {
            let stand = Stand::new(style);
            let issue = stand.server.state().open_issue("alice", "Title", "");
            stand
                .server
                .trouble("GET", "/acme/shop", 2, Trouble::unavailable(code));
            stand.get(Forge::access);
            assert_eq!(stand.waits.seconds(), [1.0, 2.0], "{style:?}");
            stand.server.seen();
            stand
                .server
                .trouble("GET", "/acme/shop", 9, Trouble::unavailable(code));
            let error = stand.ask(Forge::access).expect_err("down");
            assert_eq!(
                told(&error),
                format!(
                    "looking at the repository: the forge failed ({code})\n\
                     Look at the forge's status page, and run the step again later."
                )
            );
            assert_eq!(stand.server.seen().len(), 3, "{style:?}");
            stand
                .server
                .trouble("POST", "/comments", 1, Trouble::unavailable(code));
            let error = stand
                .ask(|forge| forge.add_comment(issue, "words"))
                .expect_err("down");
            assert!(told(&error).starts_with(&format!("commenting: the forge failed ({code})")));
            assert_eq!(stand.server.seen().len(), 1, "{style:?}");
            stand
                .server
                .trouble("PATCH", "/issues/1", 1, Trouble::unavailable(code));
            stand.get(|forge| forge.edit_issue(issue, "Other", "", IssueState::Open));
            assert_eq!(stand.server.state().issue(issue).unwrap().title, "Other");
            stand.server.done();
        }
    }
}

#[test]
fn a_server_that_hangs_is_left() {
    for style in STYLES {
        let mut stand = Stand::new(style);
        let issue = stand.server.state().open_issue("alice", "Title", "");
        stand.hurry(Duration::from_millis(200));
        stand.server.only_trouble(&Trouble::Hang(Duration::from_secs(30)));
        let error = stand.ask(Forge::access).expect_err("nothing comes");
        assert_eq!(
            told(&error),
            "looking at the repository: no answer for 0.2 s\nLook at the forge's status page, and run the step again later."
        );
        assert_eq!(stand.server.seen().len(), 3, "{style:?}");
        let error = stand
            .ask(|forge| forge.add_comment(issue, "words"))
            .expect_err("nothing comes");
        assert!(
            told(&error).starts_with("commenting: no answer for 0.2 s"),
            "{}",
            told(&error)
        );
        assert_eq!(stand.server.seen().len(), 1, "{style:?}: it may have been done");
        stand.server.done();
    }
}

#[test]
fn a_write_whose_answer_is_lost_is_not_done_again_but_found() {
    for style in STYLES {
        let stand = Stand::new(style);
        let issue = stand.server.state().open_issue("alice", "Title", "");
        for trouble in [Trouble::Lost, Trouble::Cut(5)] {
            stand.server.state().comments.clear();
            stand.server.trouble("POST", "/comments", 1, trouble.clone());
            let error = stand
                .ask(|forge| forge.add_comment(issue, "<!-- m -->"))
                .expect_err("no answer");
            assert!(
                told(&error).starts_with("commenting: the connection broke off: "),
                "{}",
                told(&error)
            );
            assert_eq!(stand.server.state().comments.len(), 1, "{style:?} {trouble:?}");
            let found = stand.get(|forge| forge.find_comment(issue, "<!-- m -->"));
            assert!(found.is_some(), "{style:?}");
        }
        stand.server.done();
    }
}

#[test]
fn answers_that_are_none_are_told_apart() {
    for style in STYLES {
        let stand = Stand::new(style);
        // Half an answer is asked for again.
        stand.server.trouble("GET", "/acme/shop", 1, Trouble::Cut(10));
        stand.get(Forge::access);
        assert_eq!(stand.waits.seconds(), [1.0], "{style:?}");
        // A page of a network that wants a login first.
        stand.server.trouble("GET", "/acme/shop", 1, Trouble::Page);
        let error = stand.ask(Forge::access).expect_err("a page");
        assert!(
            told(&error).starts_with("looking at the repository: the forge's answer cannot be read: "),
            "{}",
            told(&error)
        );
        let blob = stand.git(&["rev-parse", "main:Cargo.lock"]);
        stand.server.trouble("GET", &blob, 1, Trouble::Huge(1 << 17));
        let error = stand.ask(|forge| forge.blob(&blob, 100)).expect_err("too much");
        assert_eq!(
            told(&error),
            "reading a file: more than 65676 bytes\n\
             Leave out what is so large, or read it from a clone (`fetch-depth: 0`)."
        );
        // The token goes nowhere else, not even where the forge itself points.
        stand.server.seen();
        stand.server.trouble(
            "GET",
            "/acme/shop",
            1,
            Trouble::redirect(301, "https://elsewhere.example/"),
        );
        let error = stand.ask(Forge::access).expect_err("moved");
        assert!(
            told(&error).starts_with(
                "looking at the repository: the forge does not take it (301): it lives somewhere else now"
            ),
            "{}",
            told(&error)
        );
        assert_eq!(stand.server.seen().len(), 1);
        stand.server.done();
    }
}

/// A step that publishes to a server, with its variables.
struct Job {
    sandbox: Sandbox,
    index: String,
    commit: String,
}

impl Job {
    /// A commit with a package that is affected.
    fn new() -> Self {
        let sandbox = Sandbox::new();
        let records = [record("GHSA-bad", "crates.io", "bad", "0", Some("1.0.1"))];
        let index = sandbox.index("index.lkdb", &records, NOW);
        sandbox.write("Cargo.lock", cargo_lock(&[("bad", "1.0.0")]));
        sandbox.git(&["init", "--quiet"]);
        sandbox.git(&["add", "."]);
        sandbox.git(&["commit", "--quiet", "-m", "First"]);
        let commit = sandbox.git(&["rev-parse", "HEAD"]);
        Self {
            sandbox,
            index,
            commit,
        }
    }

    fn run(&self, api: &str, more: &[(&str, &str)]) -> Ran {
        let mut variables = vec![
            ("INPUT_DATABASE", self.index.as_str()),
            ("INPUT_TOKEN", SECRET),
            ("INPUT_TRACKING-ISSUE", "true"),
            ("GITHUB_API_URL", api),
            ("GITHUB_REPOSITORY", "acme/shop"),
            ("GITHUB_REF", "refs/heads/main"),
            ("GITHUB_SHA", &self.commit),
        ];
        variables.extend(more);
        let ran = step(&self.sandbox, &variables);
        // Whatever becomes of publishing, the verdict is the same.
        assert_eq!(ran.code, 1, "{}{}", ran.out, ran.err);
        // The runner is told what to hide, and nobody else is told it.
        let told = ran.out.lines().filter(|line| !line.starts_with("::add-mask::"));
        assert!(told.chain(ran.err.lines()).all(|line| !line.contains(SECRET)));
        ran
    }
}

fn notices(ran: &Ran) -> String {
    let notices: Vec<&str> = ran
        .out
        .lines()
        .filter(|line| line.starts_with("::notice"))
        .collect();
    notices.join("\n")
}

/// Both the report and the issue have arrived.
fn assert_arrived(server: &ForgeServer, job: &Job) {
    let state = server.state();
    assert_eq!(state.uploads.len(), 1);
    assert_eq!(
        (state.uploads[0].reference.as_str(), &state.uploads[0].commit),
        ("refs/heads/main", &job.commit)
    );
    assert_eq!(state.issues.len(), 1);
    assert!(state.issues[0].body.contains("GHSA-bad"));
}

#[test]
fn a_private_authority_is_trusted_through_ssl_cert_file_alone() {
    let Some(authority) = tls::Authority::new() else {
        return;
    };
    let job = Job::new();
    let server = ForgeServer::start_tls(Style::Enterprise, &job.sandbox.work(), &authority);
    let ran = job.run(&server.api(), &[]);
    let notice = notices(&ran);
    // A machine without any authority trusts nobody at all.
    assert!(
        notice.contains("no trustworthy connection") || notice.contains("no certificates to check"),
        "{}{}",
        ran.out,
        ran.err
    );
    assert!(notice.contains("SSL_CERT_FILE"), "{notice}");
    assert!(server.seen().is_empty(), "nothing is sent to whom nobody trusts");
    let certificate = authority.certificate();
    let certificate = certificate.to_str().expect("a path");
    let ran = job.run(&server.api(), &[("SSL_CERT_FILE", certificate)]);
    assert!(
        !ran.out.contains("not everything was published"),
        "{}\n{:?}",
        ran.out,
        server.faults()
    );
    assert_arrived(&server, &job);
    server.done();
}

#[test]
fn a_proxy_is_used_and_named_when_it_refuses() {
    let Some(authority) = tls::Authority::new() else {
        return;
    };
    let job = Job::new();
    let server = ForgeServer::start_tls(Style::Enterprise, &job.sandbox.work(), &authority);
    let certificate = authority.certificate();
    let certificate = ("SSL_CERT_FILE", certificate.to_str().expect("a path"));
    // Only the proxy knows where this is.
    let api = "https://forge.example/api/v3";
    let proxy = Proxy::start(server.socket(), Some("Basic bWU6cGFzcw=="));
    let refused = job.run(api, &[certificate, ("HTTPS_PROXY", &proxy.address())]);
    let notice = notices(&refused);
    assert!(
        notice.contains("cannot connect"),
        "{}{}",
        refused.out,
        refused.err
    );
    assert!(notice.contains("HTTPS_PROXY"), "{notice}");
    assert!(server.seen().is_empty());
    proxy.seen();
    let address = proxy.address().replace("http://", "http://me:pass@");
    let ran = job.run(api, &[certificate, ("HTTPS_PROXY", &address)]);
    assert!(
        !ran.out.contains("not everything was published"),
        "{}\n{:?}",
        ran.out,
        server.faults()
    );
    assert!(!format!("{}{}", ran.out, ran.err).contains("me:pass"));
    assert_arrived(&server, &job);
    let seen = proxy.seen();
    assert!(!seen.is_empty());
    assert!(
        seen.iter()
            .all(|line| line == "CONNECT forge.example:443 HTTP/1.1"),
        "{seen:?}"
    );
    server.done();
}
