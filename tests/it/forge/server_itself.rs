//! The test server of forges itself: it answers every operation that is described, refuses what is not, and what it
//! writes is what git reads.

use std::io::{Read as _, Write as _};
use std::net::TcpStream;

use base64::Engine as _;
use serde_json::{Value, json};

use crate::support::forge_server::http::Trouble;
use crate::support::forge_server::proxy::Proxy;
use crate::support::forge_server::{Access, ForgeServer, SECRET, Scanning, Style, tls};
use crate::support::program::Sandbox;

const STYLES: [Style; 3] = [Style::GitHub, Style::Enterprise, Style::Gitea];

#[test]
fn every_described_operation_is_answered_as_described() {
    let repository = repository();
    for style in [Style::GitHub, Style::Enterprise] {
        let server = ForgeServer::start(style, &repository.work());
        if style == Style::GitHub {
            let id = "GHSA-2222-3333-4444";
            server.state().advisories.insert(id.to_owned(), String::new());
            let path = format!("/repos/acme/shop/security-advisories/{id}");
            assert_eq!(ask(&server, "GET", &path, &Value::Null).status, 200);
        }
        let answered = walk_github(&server);
        assert_eq!(server.faults(), Vec::<String>::new(), "{style:?}");
        let name = match style {
            Style::GitHub => "github",
            Style::Enterprise | Style::Gitea => "github-enterprise",
        };
        assert_eq!(answered, described(name), "{style:?}");
    }
    let server = ForgeServer::start(Style::Gitea, &repository.work());
    let answered = walk_gitea(&server);
    assert_eq!(server.faults(), Vec::<String>::new());
    assert_eq!(answered, described("gitea"));
}

#[test]
fn what_is_not_described_is_a_fault() {
    let repository = repository();
    let issue = json!({"title": "t"});
    let cases: &[(&str, &str, Value, &str)] = &[
        (
            "GET",
            "/repos/acme/shop/nothing",
            Value::Null,
            "no such operation",
        ),
        (
            "DELETE",
            "/repos/acme/shop/issues",
            Value::Null,
            "no such operation",
        ),
        (
            "GET",
            "/repos/acme/shop/issues?stat=open",
            Value::Null,
            "\"stat\" is unknown",
        ),
        (
            "GET",
            "/repos/acme/shop/issues?state=opened",
            Value::Null,
            "\"opened\" is not one of",
        ),
        (
            "GET",
            "/repos/acme/shop/issues?page=first",
            Value::Null,
            "not of type \"integer\"",
        ),
        (
            "GET",
            "/repos/acme/shop/issues/one",
            Value::Null,
            "not of type \"integer\"",
        ),
        (
            "GET",
            "/repos/acme/shop/issues",
            issue.clone(),
            "a body where none is taken",
        ),
        (
            "POST",
            "/repos/acme/shop/issues",
            Value::Null,
            "the body is missing",
        ),
        (
            "POST",
            "/repos/acme/shop/issues",
            json!({"body": "b"}),
            "\"title\" is a required property",
        ),
        (
            "POST",
            "/repos/acme/shop/issues",
            json!({"title": "t", "bodi": "b"}),
            "the key \"bodi\" is unknown",
        ),
        (
            "POST",
            "/repos/acme/shop/issues",
            json!({"title": "t", "labels": [[]]}),
            "at \"/labels/0\"",
        ),
        (
            "POST",
            "/repos/acme/shop/code-scanning/sarifs",
            json!({"commit_sha": "0".repeat(40), "ref": "main", "sarif": ""}),
            "does not match",
        ),
        (
            "POST",
            "/repos/acme/shop/git/trees",
            json!({"tree": [{"path": "a", "mode": "644", "type": "blob", "sha": null}]}),
            "\"644\" is not one of",
        ),
        (
            "POST",
            "/repos/acme/shop/git/trees",
            json!({"tree": [{"path": "a", "mode": "100644", "type": "blob", "oid": null}]}),
            "body.tree[]: the key \"oid\" is unknown",
        ),
    ];
    let server = ForgeServer::start(Style::GitHub, &repository.work());
    for (method, path, body, wanted) in cases {
        let answer = ask(&server, method, path, body);
        assert!(answer.status >= 400, "{method} {path}");
        let faults = server.faults().join("\n");
        assert!(faults.contains(wanted), "{method} {path} {body}: {faults}");
    }
    // A key of another forge is unknown here.
    let gitea = ForgeServer::start(Style::Gitea, &repository.work());
    ask(&gitea, "GET", "/repos/acme/shop/issues?per_page=5", &Value::Null);
    assert!(gitea.faults().join("\n").contains("\"per_page\" is unknown"));
    ask(&gitea, "POST", "/repos/acme/shop/labels", &json!({"name": "x"}));
    assert!(
        gitea
            .faults()
            .join("\n")
            .contains("\"color\" is a required property")
    );
}

#[test]
fn headers_that_no_forge_takes_are_faults() {
    let repository = repository();
    let server = ForgeServer::start(Style::GitHub, &repository.work());
    let good = [
        ("Authorization", "Bearer secret-of-the-test"),
        ("User-Agent", "test"),
        ("Accept", "application/vnd.github+json"),
    ];
    for (name, value, wanted) in [
        ("Authorization", "", "there is no Authorization"),
        ("Authorization", "Basic abc", "neither a bearer's nor a token"),
        ("User-Agent", "", "there is no User-Agent"),
        ("Accept", "text/html", "does not ask for JSON"),
        (
            "X-GitHub-Api-Version",
            "2020-01-01",
            "there is no version 2020-01-01",
        ),
    ] {
        let mut headers: Vec<(&str, &str)> = good.iter().copied().filter(|(key, _)| *key != name).collect();
        if !value.is_empty() {
            headers.push((name, value));
        }
        send(&server, "GET", "/repos/acme/shop", &headers, &Value::Null);
        let faults = server.faults().join("\n");
        assert!(faults.contains(wanted), "{name}: {faults}");
    }
    let mut headers = good.to_vec();
    headers[0].1 = "Bearer another";
    let answer = send(&server, "GET", "/repos/acme/shop", &headers, &Value::Null);
    assert_eq!(
        (answer.status, &answer.body["message"]),
        (401, &json!("Bad credentials"))
    );
    server.done();
}

#[test]
fn graphql_that_does_not_fit_the_schema_is_a_fault() {
    let repository = repository();
    let server = ForgeServer::start(Style::GitHub, &repository.work());
    for (query, variables, wanted) in [
        ("{ viewer { logon } }", json!({}), "User has no field logon"),
        ("{ viewer }", json!({}), "nothing is selected of User"),
        (
            "{ viewer { login { x } } }",
            json!({}),
            "is plain and has no fields",
        ),
        ("{ viewer(of: 1) { login } }", json!({}), "takes no argument of"),
        (
            "query { repository(owner: \"acme\") { id } }",
            json!({}),
            "(name) is missing",
        ),
        (
            "query($n: String!) { node(id: $n) { id } }",
            json!({"n": "x"}),
            "is String!, where ID! is taken",
        ),
        (
            "query($n: ID) { node(id: $n) { id } }",
            json!({"n": "x"}),
            "is ID, where ID! is taken",
        ),
        (
            "query($n: ID!) { node(id: $n) { id } }",
            json!({}),
            "$n is missing",
        ),
        (
            "query($n: ID!) { node(id: $n) { id } }",
            json!({"n": "x", "m": 1}),
            "given and not declared",
        ),
        (
            "query($n: ID!) { viewer { login } }",
            json!({"n": "x"}),
            "declared and not used",
        ),
        (
            "{ node(id: \"x\") { ... on PageInfo { endCursor } } }",
            json!({}),
            "no Node is ever a PageInfo",
        ),
        ("{ viewer { login ", json!({}), "does not parse"),
        (
            "mutation($i: MinimizeCommentInput!) { minimizeComment(input: $i) { clientMutationId } }",
            json!({"i": {"subjectId": "IC_1", "classifier": "BORING"}}),
            "\"BORING\" is no ReportedContentClassifiers",
        ),
        (
            "mutation($i: CreateCommitOnBranchInput!) { createCommitOnBranch(input: $i) { commit { oid } } }",
            json!({"i": {"branch": {}, "message": {"headline": "x"}, "expectedHeadOid": "abc"}}),
            "\"abc\" is no GitObjectID",
        ),
        (
            "mutation($i: CreateCommitOnBranchInput!) { createCommitOnBranch(input: $i) { commit { oid } } }",
            json!({"i": {"branch": {}, "message": {"subject": "x"}, "expectedHeadOid": "0".repeat(40)}}),
            "CommitMessage has no field \"subject\"",
        ),
    ] {
        graphql(&server, query, &variables);
        let faults = server.faults().join("\n");
        assert!(faults.contains(wanted), "{query}: {faults}");
    }
    server.done();
}

#[test]
#[should_panic(expected = "do not fit the description of GitHub")]
fn a_server_with_a_fault_panics_when_it_ends() {
    let repository = repository();
    let server = ForgeServer::start(Style::GitHub, &repository.work());
    ask(&server, "GET", "/nothing", &Value::Null);
    server.done();
}

#[test]
fn commits_over_either_way_are_what_git_reads() {
    let repository = repository();
    let server = ForgeServer::start(Style::GitHub, &repository.work());
    let tip = repository.git(&["rev-parse", "main"]);
    let answer = graphql(
        &server,
        "mutation($input: CreateCommitOnBranchInput!) { createCommitOnBranch(input: $input) { commit { oid } } }",
        &json!({"input": {
            "branch": {"repositoryNameWithOwner": "acme/shop", "branchName": "main"},
            "message": {"headline": "Change", "body": "Why."},
            "expectedHeadOid": tip,
            "fileChanges": {
                "additions": [{"path": "new/file", "contents": base64("new\n")}],
                "deletions": [{"path": "gone"}],
            },
        }}),
    );
    let oid = answer.body["data"]["createCommitOnBranch"]["commit"]["oid"].clone();
    let git = |arguments: &[&str]| server.state().repository.git(arguments);
    assert_eq!(git(&["rev-parse", "main"]), oid.as_str().unwrap());
    assert_eq!(git(&["rev-parse", "main^"]), tip);
    assert_eq!(git(&["show", "main:new/file"]), "new");
    assert_eq!(
        git(&["ls-tree", "-r", "--name-only", "main"]),
        "Cargo.lock\nnew/file"
    );
    assert_eq!(
        git(&["log", "-1", "--format=%B", "main"]).trim(),
        "Change\n\nWhy."
    );
    assert_eq!(git(&["fsck", "--strict"]), "");
    // The same again is refused: the branch has moved.
    let again = graphql(
        &server,
        "mutation($input: CreateCommitOnBranchInput!) { createCommitOnBranch(input: $input) { commit { oid } } }",
        &json!({"input": {
            "branch": {"repositoryNameWithOwner": "acme/shop", "branchName": "main"},
            "message": {"headline": "Change"},
            "expectedHeadOid": tip,
        }}),
    );
    assert_eq!(again.body["errors"][0]["type"], "STALE_DATA");
    assert_eq!(again.body["data"]["createCommitOnBranch"], Value::Null);
    server.done();
}

#[test]
fn refusals_are_worded_as_github_words_them() {
    let repository = repository();
    let server = ForgeServer::start(Style::GitHub, &repository.work());
    server.token(|token| {
        token.issues = Access::Read;
        token.security = Access::None;
    });
    let number = server.state().open_issue("alice", "t", "b");
    let answer = ask(
        &server,
        "POST",
        &format!("/repos/acme/shop/issues/{number}/comments"),
        &json!({"body": "x"}),
    );
    assert_eq!(answer.status, 403);
    assert_eq!(answer.body["message"], "Resource not accessible by integration");
    assert_eq!(
        answer.header("x-accepted-github-permissions"),
        Some("issues=write; pull_requests=write")
    );
    let page = answer.body["documentation_url"].as_str().unwrap();
    assert!(page.contains("#create-an-issue-comment"), "{page}");
    // A pull request's comments need only the right to pull requests.
    let pull = server.state().open_pull("alice", "t", "work", "main");
    let path = format!("/repos/acme/shop/issues/{pull}/comments");
    assert_eq!(ask(&server, "POST", &path, &json!({"body": "x"})).status, 201);
    let sarif = sarif_upload(&repository);
    let answer = ask(&server, "POST", "/repos/acme/shop/code-scanning/sarifs", &sarif);
    assert_eq!(
        answer.header("x-accepted-github-permissions"),
        Some("security_events=write")
    );
    server.token(|token| token.security = Access::Write);
    server.state().scanning = Scanning::NotLicensed;
    let answer = ask(&server, "POST", "/repos/acme/shop/code-scanning/sarifs", &sarif);
    assert_eq!(
        answer.body["message"],
        "Advanced Security must be enabled for this repository to use code scanning."
    );
    server.done();
}

#[test]
fn uploads_are_unpacked_and_take_their_time() {
    let repository = repository();
    let server = ForgeServer::start(Style::GitHub, &repository.work());
    server.state().pending = 2;
    let answer = ask(
        &server,
        "POST",
        "/repos/acme/shop/code-scanning/sarifs",
        &sarif_upload(&repository),
    );
    assert_eq!(answer.status, 202);
    let path = format!(
        "/repos/acme/shop/code-scanning/sarifs/{}",
        answer.body["id"].as_str().unwrap()
    );
    let states: Vec<Value> = (0..3)
        .map(|_| ask(&server, "GET", &path, &Value::Null).body["processing_status"].clone())
        .collect();
    assert_eq!(states, ["pending", "pending", "complete"]);
    assert_eq!(server.state().uploads[0].sarif, b"{\"version\": \"2.1.0\"}");
    server.state().complaints = vec!["rejected".to_owned()];
    let answer = ask(&server, "GET", &path, &Value::Null);
    assert_eq!(
        answer.body,
        json!({"processing_status": "failed", "analyses_url": null, "errors": ["rejected"]})
    );
    server.done();
}

#[test]
fn lists_have_pages_and_links() {
    let repository = repository();
    for style in STYLES {
        let server = ForgeServer::start(style, &repository.work());
        for number in 0..5 {
            server.state().label(&format!("label {number}"), "ffffff", "");
        }
        let size = match style {
            Style::GitHub | Style::Enterprise => "per_page",
            Style::Gitea => "limit",
        };
        let mut names = Vec::new();
        let mut next = Some(format!("{}/repos/acme/shop/labels?{size}=2", server.api()));
        while let Some(address) = next {
            let path = address.strip_prefix(&server.api()).expect("the same server");
            let answer = ask(&server, "GET", path, &Value::Null);
            names.extend(
                answer
                    .body
                    .as_array()
                    .unwrap()
                    .iter()
                    .map(|one| one["name"].clone()),
            );
            next = answer
                .header("link")
                .and_then(|links| links.split(", ").find(|link| link.ends_with("rel=\"next\"")))
                .map(|link| link.trim_start_matches('<').split('>').next().unwrap().to_owned());
        }
        assert_eq!(names, ["label 0", "label 1", "label 2", "label 3", "label 4"]);
        assert_eq!(server.seen().len(), 3, "{style:?}");
        server.done();
    }
}

#[test]
fn a_repository_with_a_new_name_is_found_by_its_number() {
    let repository = repository();
    let server = ForgeServer::start(Style::GitHub, &repository.work());
    server.state().former_name = Some("old/name".to_owned());
    let answer = ask(&server, "GET", "/repos/old/name/labels", &Value::Null);
    assert_eq!(answer.status, 301);
    let location = answer.header("location").unwrap().to_owned();
    let path = location.strip_prefix(&server.api()).unwrap();
    assert_eq!(ask(&server, "GET", path, &Value::Null).body, json!([]));
    server.done();
}

#[test]
fn troubles_come_as_often_as_told_and_only_where_told() {
    let repository = repository();
    let server = ForgeServer::start(Style::GitHub, &repository.work());
    server.trouble("POST", "/labels", 1, Trouble::secondary_limit(403, Some("60")));
    server.trouble("GET", "/labels", 1, Trouble::Cut(1));
    server.trouble("POST", "/graphql#viewer", 1, Trouble::unavailable(502));
    let label = json!({"name": "x", "color": "000000"});
    let answer = ask(&server, "POST", "/repos/acme/shop/labels", &label);
    assert_eq!((answer.status, answer.header("retry-after")), (403, Some("60")));
    assert!(server.state().labels.is_empty(), "nothing is done");
    assert_eq!(
        ask(&server, "POST", "/repos/acme/shop/labels", &label).status,
        201
    );
    assert_eq!(
        ask(&server, "GET", "/repos/acme/shop/labels", &Value::Null).raw,
        b"["
    );
    assert_eq!(graphql(&server, "{ viewer { login } }", &json!({})).status, 502);
    assert_eq!(
        graphql(&server, "{ viewer { login } }", &json!({})).body,
        json!({"data": {"viewer": {"login": "github-actions[bot]"}}})
    );
    server.state().remaining = 0;
    let answer = ask(&server, "GET", "/repos/acme/shop", &Value::Null);
    assert_eq!(
        (answer.status, answer.header("x-ratelimit-remaining")),
        (403, Some("0"))
    );
    let seen: Vec<(String, u16)> = server
        .seen()
        .into_iter()
        .map(|one| (one.operation, one.status))
        .collect();
    assert_eq!(seen[0], ("POST /repos/{owner}/{repo}/labels".to_owned(), 403));
    assert_eq!(seen[3], ("POST /graphql#viewer".to_owned(), 502));
    server.done();
}

#[test]
fn it_speaks_tls_and_stands_behind_a_proxy() {
    let repository = repository();
    let Some(authority) = tls::Authority::new() else {
        return;
    };
    let server = ForgeServer::start_tls(Style::GitHub, &repository.work(), &authority);
    let proxy = Proxy::start(server.socket(), Some("Basic abc"));
    let certificate = std::fs::read(authority.certificate()).unwrap();
    let mut roots = rustls::RootCertStore::empty();
    roots
        .add(rustls::pki_types::pem::PemObject::from_pem_slice(&certificate).unwrap())
        .unwrap();
    let provider = rustls::crypto::ring::default_provider();
    let config = rustls::ClientConfig::builder_with_provider(provider.into())
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(roots)
        .with_no_client_auth();
    let mut stream = TcpStream::connect(proxy.address().trim_start_matches("http://")).unwrap();
    stream
        .write_all(b"CONNECT forge.example:443 HTTP/1.1\r\nProxy-Authorization: Basic abc\r\n\r\n")
        .unwrap();
    let mut head = [0; 39];
    stream.read_exact(&mut head).unwrap();
    assert_eq!(&head, b"HTTP/1.1 200 Connection established\r\n\r\n");
    let name = rustls::pki_types::ServerName::try_from("forge.example").unwrap();
    let connection = rustls::ClientConnection::new(config.into(), name).unwrap();
    let mut stream = rustls::StreamOwned::new(connection, stream);
    write!(
        stream,
        "GET /meta HTTP/1.1\r\nHost: forge.example\r\nUser-Agent: t\r\nAccept: application/json\r\n\
         Authorization: token {SECRET}\r\n\r\n"
    )
    .unwrap();
    let mut raw = Vec::new();
    stream.read_to_end(&mut raw).unwrap();
    assert_eq!(Reply::read(&raw).status, 200);
    assert_eq!(proxy.seen(), ["CONNECT forge.example:443 HTTP/1.1"]);
    // Without credentials nobody is led anywhere.
    let mut stream = TcpStream::connect(proxy.address().trim_start_matches("http://")).unwrap();
    stream
        .write_all(b"CONNECT forge.example:443 HTTP/1.1\r\n\r\n")
        .unwrap();
    let mut raw = Vec::new();
    stream.read_to_end(&mut raw).unwrap();
    assert_eq!(Reply::read(&raw).status, 407);
    server.done();
}

/// What an answer said.
struct Reply {
    status: u16,
    headers: Vec<(String, String)>,
    raw: Vec<u8>,
    body: Value,
}

impl Reply {
    fn read(raw: &[u8]) -> Self {
        let end = raw
            .windows(4)
            .position(|four| four == b"\r\n\r\n")
            .unwrap_or_else(|| panic!("no head in {:?}", String::from_utf8_lossy(raw)));
        let head = String::from_utf8_lossy(&raw[..end]).into_owned();
        let mut lines = head.lines();
        let status = lines.next().unwrap().split(' ').nth(1).unwrap().parse().unwrap();
        let headers = lines.filter_map(|line| line.split_once(": "));
        let raw = raw[end + 4..].to_vec();
        Self {
            status,
            headers: headers
                .map(|(name, value)| (name.to_lowercase(), value.to_owned()))
                .collect(),
            body: serde_json::from_slice(&raw).unwrap_or_default(),
            raw,
        }
    }

    fn header(&self, name: &str) -> Option<&str> {
        let found = self.headers.iter().find(|(key, _)| key == name);
        found.map(|(_, value)| value.as_str())
    }
}

fn ask(server: &ForgeServer, method: &str, path: &str, body: &Value) -> Reply {
    let authorization = format!("token {SECRET}");
    let headers = [
        ("Authorization", authorization.as_str()),
        ("User-Agent", "test"),
        ("Accept", "application/json"),
    ];
    send(server, method, path, &headers, body)
}

fn graphql(server: &ForgeServer, query: &str, variables: &Value) -> Reply {
    let path = server.graphql();
    let path = path.strip_prefix(&format!("http://{}", server.socket())).unwrap();
    let body = json!({"query": query, "variables": variables}).to_string();
    exchange(
        server,
        &format!(
            "POST {path} HTTP/1.1\r\nHost: x\r\nAuthorization: bearer {SECRET}\r\nUser-Agent: test\r\nAccept: application/json\r\n\
             Content-Type: application/json\r\nContent-Length: {}\r\n\r\n{body}",
            body.len()
        ),
    )
}

fn send(server: &ForgeServer, method: &str, path: &str, headers: &[(&str, &str)], body: &Value) -> Reply {
    let base = server.api();
    let base = base.strip_prefix(&format!("http://{}", server.socket())).unwrap();
    let mut text = format!("{method} {base}{path} HTTP/1.1\r\nHost: x\r\n");
    for (name, value) in headers {
        text.push_str(&format!("{name}: {value}\r\n"));
    }
    match body {
        Value::Null => text.push_str("\r\n"),
        body => {
            let body = body.to_string();
            text.push_str(&format!(
                "Content-Type: application/json\r\nContent-Length: {}\r\n\r\n{body}",
                body.len()
            ));
        }
    }
    exchange(server, &text)
}

fn exchange(server: &ForgeServer, text: &str) -> Reply {
    let mut stream = TcpStream::connect(server.socket()).expect("a connection");
    stream.write_all(text.as_bytes()).expect("a request");
    let mut raw = Vec::new();
    stream.read_to_end(&mut raw).expect("an answer");
    Reply::read(&raw)
}

fn base64(text: &str) -> String {
    base64::engine::general_purpose::STANDARD.encode(text)
}

fn sarif_upload(repository: &Sandbox) -> Value {
    let mut packed = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
    packed.write_all(b"{\"version\": \"2.1.0\"}").unwrap();
    let sarif = base64::engine::general_purpose::STANDARD.encode(packed.finish().unwrap());
    json!({"commit_sha": repository.git(&["rev-parse", "main"]), "ref": "refs/heads/main", "sarif": sarif})
}

/// Two branches, a light tag and an annotated one.
fn repository() -> Sandbox {
    let sandbox = Sandbox::new();
    sandbox.git(&["init", "--quiet"]);
    sandbox.write("Cargo.lock", "version = 4\n");
    sandbox.write("gone", "gone\n");
    sandbox.git(&["add", "."]);
    sandbox.git(&["commit", "--quiet", "-m", "First"]);
    sandbox.git(&["tag", "light"]);
    sandbox.git(&["tag", "-a", "v1", "-m", "Version 1"]);
    sandbox.git(&["checkout", "--quiet", "-b", "work"]);
    sandbox.write("src/lib.rs", "\n");
    sandbox.git(&["add", "."]);
    sandbox.git(&["commit", "--quiet", "-m", "Second"]);
    sandbox
}

/// Every operation of a description, as `METHOD path`.
fn described(name: &str) -> Vec<String> {
    let path = format!("{}/tests/forge/{name}.json", env!("CARGO_MANIFEST_DIR"));
    let whole: Value = serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap();
    let mut all: Vec<String> = whole["paths"]
        .as_object()
        .unwrap()
        .iter()
        .flat_map(|(path, operations)| {
            let methods = operations.as_object().unwrap().keys();
            methods.map(move |method| format!("{} {path}", method.to_uppercase()))
        })
        .collect();
    all.sort();
    all
}

/// Asks for each of these in turn; every answer has to be good. Gives the operations that were answered.
fn walk(server: &ForgeServer, calls: &[(&str, String, Value)]) -> Vec<String> {
    for (method, path, body) in calls {
        let answer = ask(server, method, path, body);
        assert!(
            (200..300).contains(&answer.status),
            "{method} {path}: {} {}\n{:?}",
            answer.status,
            answer.body,
            server.faults()
        );
    }
    let mut answered: Vec<String> = server.seen().into_iter().map(|one| one.operation).collect();
    answered.sort();
    answered.dedup();
    answered
}

fn walk_github(server: &ForgeServer) -> Vec<String> {
    let sandbox = repository();
    let (tip, pull, issue, comment, tag, blob) = {
        let mut state = server.state();
        let issue = state.open_issue("alice", "An issue", "Words");
        let pull = state.open_pull("carol", "A pull request", "work", "main");
        let comment = state.comment(issue, "github-actions[bot]", "A comment");
        let git = |revision| state.repository.git(&["rev-parse", revision]);
        (git("main"), pull, issue, comment, git("v1"), git("main:gone"))
    };
    let id = server.state().upload(&sarif_upload(&sandbox)).unwrap();
    let none = || Value::Null;
    let repo = |path: &str| format!("/repos/acme/shop{path}");
    walk(
        server,
        &[
            ("GET", "/rate_limit".to_owned(), none()),
            ("GET", "/meta".to_owned(), none()),
            ("GET", repo(""), none()),
            ("GET", repo("/branches"), none()),
            ("GET", repo("/branches/main"), none()),
            ("POST", repo("/code-scanning/sarifs"), sarif_upload(&sandbox)),
            ("GET", repo(&format!("/code-scanning/sarifs/{id}")), none()),
            (
                "POST",
                repo("/issues"),
                json!({"title": "Another", "body": "b", "labels": ["new"]}),
            ),
            (
                "GET",
                repo("/issues?state=all&labels=new&per_page=100&sort=created"),
                none(),
            ),
            ("GET", repo(&format!("/issues/{issue}")), none()),
            (
                "PATCH",
                repo(&format!("/issues/{issue}")),
                json!({"state": "closed", "state_reason": "completed"}),
            ),
            (
                "GET",
                repo(&format!("/issues/{issue}/comments?per_page=100")),
                none(),
            ),
            (
                "POST",
                repo(&format!("/issues/{pull}/comments")),
                json!({"body": "Hello"}),
            ),
            (
                "POST",
                repo(&format!("/issues/{pull}/labels")),
                json!({"labels": ["security"]}),
            ),
            (
                "PUT",
                repo(&format!("/issues/{pull}/labels")),
                json!({"labels": ["security", "new"]}),
            ),
            ("GET", repo(&format!("/issues/{pull}/labels")), none()),
            ("GET", repo(&format!("/issues/comments/{comment}")), none()),
            (
                "PATCH",
                repo(&format!("/issues/comments/{comment}")),
                json!({"body": "Edited"}),
            ),
            ("DELETE", repo(&format!("/issues/comments/{comment}")), none()),
            (
                "POST",
                repo("/labels"),
                json!({"name": "a b", "color": "00ff00", "description": "d"}),
            ),
            ("GET", repo("/labels"), none()),
            ("GET", repo("/milestones?state=open"), none()),
            ("GET", repo("/labels/a%20b"), none()),
            ("GET", repo("/git/matching-refs/heads/"), none()),
            ("GET", repo("/git/ref/heads/main"), none()),
            ("GET", repo(&format!("/git/tags/{tag}")), none()),
            ("GET", repo(&format!("/git/commits/{tip}")), none()),
            ("GET", repo(&format!("/git/trees/{tip}?recursive=1")), none()),
            ("GET", repo(&format!("/git/blobs/{blob}")), none()),
            (
                "POST",
                repo("/git/blobs"),
                json!({"content": base64("x"), "encoding": "base64"}),
            ),
            (
                "POST",
                repo("/git/trees"),
                json!({"base_tree": tip, "tree": [
                    {"path": "gone", "mode": "100644", "type": "blob", "sha": null},
                    {"path": "here", "mode": "100644", "type": "blob", "content": "x"},
                ]}),
            ),
            (
                "POST",
                repo("/git/commits"),
                json!({"message": "m", "tree": server.state().repository.git(&["rev-parse", "main^{tree}"]), "parents": [tip]}),
            ),
            (
                "POST",
                repo("/git/refs"),
                json!({"ref": "refs/heads/new/one", "sha": tip}),
            ),
            (
                "PATCH",
                repo("/git/refs/heads/new/one"),
                json!({"sha": tip, "force": false}),
            ),
            ("DELETE", repo("/git/refs/heads/new/one"), none()),
            ("GET", repo("/pulls?state=open&head=acme:work&base=main"), none()),
            (
                "POST",
                repo("/git/refs"),
                json!({"ref": "refs/heads/second", "sha": server.state().repository.git(&["rev-parse", "work"])}),
            ),
            (
                "POST",
                repo("/pulls"),
                json!({"title": "t", "head": "second", "base": "main", "body": "b"}),
            ),
            ("GET", repo(&format!("/pulls/{pull}")), none()),
            ("GET", repo(&format!("/pulls/{pull}/commits")), none()),
            ("GET", repo("/collaborators/bob/permission"), none()),
            (
                "PATCH",
                repo(&format!("/pulls/{pull}")),
                json!({"title": "u", "state": "closed"}),
            ),
            (
                "POST",
                repo(&format!("/pulls/{pull}/requested_reviewers")),
                json!({"reviewers": ["bob"], "team_reviewers": ["security"]}),
            ),
            ("GET", repo(&format!("/pulls/{pull}/requested_reviewers")), none()),
        ],
    )
}

fn walk_gitea(server: &ForgeServer) -> Vec<String> {
    let (tip, pull, issue, comment, tag, blob, label) = {
        let mut state = server.state();
        let issue = state.open_issue("alice", "An issue", "Words");
        let pull = state.open_pull("carol", "A pull request", "work", "main");
        let comment = state.comment(issue, "robot", "A comment");
        let label = state.label("known", "ff0000", "").id;
        let git = |revision| state.repository.git(&["rev-parse", revision]);
        (
            git("main"),
            pull,
            issue,
            comment,
            git("v1"),
            git("main:gone"),
            label,
        )
    };
    let none = || Value::Null;
    let repo = |path: &str| format!("/repos/acme/shop{path}");
    walk(
        server,
        &[
            ("GET", "/version".to_owned(), none()),
            ("GET", "/user".to_owned(), none()),
            ("GET", repo(""), none()),
            ("GET", repo("/branches?limit=50&page=1"), none()),
            ("GET", repo("/branches/main"), none()),
            (
                "POST",
                repo("/branches"),
                json!({"new_branch_name": "a/b", "old_ref_name": "work"}),
            ),
            (
                "PUT",
                repo("/branches/a%2Fb"),
                json!({"new_commit_id": tip, "force": true}),
            ),
            ("GET", repo("/milestones?state=open"), none()),
            ("GET", repo("/tags"), none()),
            ("GET", repo("/git/refs"), none()),
            ("GET", repo("/git/refs/heads"), none()),
            ("GET", repo(&format!("/git/tags/{tag}")), none()),
            ("GET", repo("/git/commits/main"), none()),
            (
                "GET",
                repo("/git/trees/main?recursive=true&page=1&per_page=1"),
                none(),
            ),
            ("GET", repo(&format!("/git/blobs/{blob}")), none()),
            (
                "POST",
                repo("/contents"),
                json!({"branch": "main", "new_branch": "fix", "message": "m", "files": [
                    {"operation": "create", "path": "new", "content": base64("x")},
                    {"operation": "update", "path": "gone", "content": base64("y"), "sha": blob},
                ]}),
            ),
            (
                "POST",
                repo("/issues"),
                json!({"title": "Another", "body": "b", "labels": [label]}),
            ),
            (
                "GET",
                repo("/issues?state=all&type=issues&labels=known&limit=50"),
                none(),
            ),
            ("GET", repo(&format!("/issues/{issue}")), none()),
            (
                "PATCH",
                repo(&format!("/issues/{issue}")),
                json!({"state": "closed"}),
            ),
            ("GET", repo(&format!("/issues/{issue}/comments")), none()),
            (
                "POST",
                repo(&format!("/issues/{pull}/comments")),
                json!({"body": "Hello"}),
            ),
            (
                "POST",
                repo(&format!("/issues/{pull}/labels")),
                json!({"labels": [label]}),
            ),
            (
                "PUT",
                repo(&format!("/issues/{pull}/labels")),
                json!({"labels": ["known"]}),
            ),
            ("GET", repo(&format!("/issues/{pull}/labels")), none()),
            ("GET", repo(&format!("/issues/comments/{comment}")), none()),
            (
                "PATCH",
                repo(&format!("/issues/comments/{comment}")),
                json!({"body": "Edited"}),
            ),
            ("DELETE", repo(&format!("/issues/comments/{comment}")), none()),
            (
                "POST",
                repo("/labels"),
                json!({"name": "a b", "color": "#00ff00", "description": "d"}),
            ),
            ("GET", repo("/labels"), none()),
            ("GET", repo("/pulls?state=open"), none()),
            (
                "POST",
                repo("/pulls"),
                json!({"title": "t", "head": "fix", "base": "main", "body": "b"}),
            ),
            ("GET", repo(&format!("/pulls/{pull}")), none()),
            ("GET", repo(&format!("/pulls/{pull}/commits")), none()),
            ("GET", repo("/collaborators/bob/permission"), none()),
            (
                "PATCH",
                repo(&format!("/pulls/{pull}")),
                json!({"title": "u", "state": "closed"}),
            ),
            (
                "POST",
                repo(&format!("/pulls/{pull}/requested_reviewers")),
                json!({"reviewers": ["bob"]}),
            ),
            ("DELETE", repo("/branches/a%2Fb"), none()),
        ],
    )
}
