//! What holds of every kind of registry: what is asked, kept, tried again, and never shown.

use std::io::{Read as _, Write as _};
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use lockkeeper::model::Query;
use lockkeeper::registry::{
    Answer, Client, Credential, Detail, Endpoint, PackageError, Question, REGISTRIES, Reach, Registry,
    RegistryError,
};
use lockkeeper::sys::web::{Address, HttpError, Web};
use secrecy::SecretString;

use crate::support::server::{Server, Trouble};
use crate::sys::web::{Waits, settings};

const CANARY: &str = "canary-5f2c";

/// A cache folder and how it is asked with.
struct Machine {
    cache: tempfile::TempDir,
    waits: Waits,
}

impl Machine {
    fn new() -> Self {
        Self {
            cache: tempfile::tempdir().unwrap(),
            waits: Waits::default(),
        }
    }

    fn client(&self, reach: Reach) -> Client {
        let web = Arc::new(Web::with_timer(settings(), Box::new(self.waits.clone())));
        Client::new(web, Some(self.cache.path().to_owned()), reach)
    }

    fn ask(&self, server: &Server, packages: &[&str]) -> Vec<Result<Arc<Answer>, PackageError>> {
        let questions = packages
            .iter()
            .map(|package| question(&server.address("/r/"), package));
        ask(self.client(Reach::Network), questions.collect())
    }

    fn ask_one(&self, server: &Server, package: &str) -> Result<Arc<Answer>, PackageError> {
        self.ask(server, &[package]).pop().unwrap()
    }

    fn kept(&self) -> Vec<PathBuf> {
        let folder = self.cache.path().join("registry");
        let entries = std::fs::read_dir(folder).into_iter().flatten();
        entries.map(|entry| entry.unwrap().path()).collect()
    }
}

fn npm() -> &'static dyn Registry {
    let mut registries = REGISTRIES.iter().copied();
    registries.find(|registry| registry.name() == "npm").unwrap()
}

fn ask(client: Client, questions: Vec<Question>) -> Vec<Result<Arc<Answer>, PackageError>> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    runtime.block_on(Arc::new(client).ask(npm(), questions))
}

fn question(base: &str, package: &str) -> Question {
    Question {
        query: Query::versions(package),
        endpoints: vec![Endpoint {
            base: Address::parse(base).unwrap(),
            credential: None,
        }],
        detail: Detail::Installing,
    }
}

fn with_token(base: &str, package: &str, prefix: &str) -> Question {
    let token = SecretString::from(CANARY.to_owned());
    let mut question = question(base, package);
    question.endpoints[0].credential = Some(Credential::bearer(prefix, &token).unwrap());
    question
}

fn prefix(server: &Server, path: &str) -> String {
    server.address(path).trim_start_matches("http:").to_owned()
}

fn document(package: &str, versions: &[&str]) -> String {
    let versions = versions.iter().map(|version| {
        let tarball = format!("https://registry.example/{package}/-/it-{version}.tgz");
        let manifest = serde_json::json!({"name": package, "version": version, "dist": {"tarball": tarball}});
        ((*version).to_owned(), manifest)
    });
    let versions: serde_json::Map<_, _> = versions.collect();
    serde_json::json!({"name": package, "versions": versions}).to_string()
}

fn versions(answer: &Result<Arc<Answer>, PackageError>) -> Vec<&str> {
    let releases = answer.as_ref().unwrap().releases.iter();
    releases.map(|release| release.version.as_str()).collect()
}

#[test]
fn registries_are_exactly_the_files() {
    let names: Vec<_> = REGISTRIES.iter().map(|registry| registry.name()).collect();
    assert!(names.is_sorted());
    let parts = [
        "mod",
        "bundler_config",
        "cache",
        "cargo_config",
        "client",
        "config_file",
        "credential",
        "error",
        "go_config",
        "login",
        "maven_config",
        "npm_config",
        "packagist_config",
        "pip_config",
    ];
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/registry");
    let files = std::fs::read_dir(folder).unwrap();
    let files = files.map(|file| {
        file.unwrap()
            .path()
            .file_stem()
            .unwrap()
            .to_str()
            .unwrap()
            .to_owned()
    });
    let mut files: Vec<_> = files.filter(|file| !parts.contains(&file.as_str())).collect();
    files.sort();
    assert_eq!(names, files);
}

#[test]
fn the_first_endpoint_that_has_a_package_answers() {
    let (server, machine) = (Server::start(), Machine::new());
    server.put("/second/a", document("a", &["2.0.0"]));
    server.put("/third/a", document("a", &["3.0.0"]));
    let at = |path: &str| question(&server.address(path), "a").endpoints.remove(0);
    let asked = |paths: &[&str]| {
        let mut question = question(&server.address("/r/"), "a");
        question.endpoints = paths.iter().map(|path| at(path)).collect();
        ask(machine.client(Reach::Network), vec![question]).pop().unwrap()
    };
    assert_eq!(versions(&asked(&["/first/", "/second/", "/third/"])), ["2.0.0"]);
    let missing = asked(&["/first/", "/other/"]).unwrap_err();
    assert!(missing.to_string().contains("/first/a"), "{missing}");
    // One that fails is not passed over: another one may have another package by that name.
    server.trouble("/second/a", 1, Trouble::Status(403, None));
    let refused = asked(&["/second/", "/third/"]).unwrap_err();
    assert!(refused.to_string().contains("403"), "{refused}");
}

#[test]
fn one_client_asks_for_a_list_once() {
    let (server, machine) = (Server::start(), Machine::new());
    server.put("/r/a", document("a", &["1.0.0"]));
    let base = server.address("/r/");
    let twice = vec![question(&base, "a"), question(&base, "a")];
    let answers = ask(machine.client(Reach::Network), twice);
    assert_eq!(answers.len(), 2);
    for answer in &answers {
        assert_eq!(versions(answer), ["1.0.0"]);
    }
    assert_eq!(server.hits().len(), 1);
}

#[test]
fn what_is_still_right_is_not_sent_twice() {
    let (server, machine) = (Server::start(), Machine::new());
    server.put("/r/@s%2Fa", document("@s/a", &["1.0.0"]));
    assert_eq!(versions(&machine.ask_one(&server, "@s/a")), ["1.0.0"]);
    assert_eq!(versions(&machine.ask_one(&server, "@s/a")), ["1.0.0"]);
    server.put("/r/@s%2Fa", document("@s/a", &["1.0.0", "1.0.1"]));
    assert_eq!(versions(&machine.ask_one(&server, "@s/a")), ["1.0.0", "1.0.1"]);
    let statuses: Vec<_> = server.hits().iter().map(|hit| hit.status).collect();
    assert_eq!(statuses, [200, 304, 200]);
    assert_eq!(machine.kept().len(), 1);
}

#[test]
fn answers_without_a_validator_are_kept_for_offline_alone() {
    let (server, machine) = (Server::start(), Machine::new());
    server.put_tagged("/r/a", document("a", &["1.0.0"]), None);
    machine.ask_one(&server, "a").unwrap();
    machine.ask_one(&server, "a").unwrap();
    assert!(server.hits().iter().all(|hit| hit.status == 200));
    let question = question(&server.address("/r/"), "a");
    assert_eq!(
        versions(&ask(machine.client(Reach::Cache), vec![question])[0]),
        ["1.0.0"]
    );
}

#[test]
fn more_detail_is_another_answer() {
    let (server, machine) = (Server::start(), Machine::new());
    server.put("/r/a", document("a", &["1.0.0"]));
    let mut full = question(&server.address("/r/"), "a");
    full.detail = Detail::Times;
    let short = question(&server.address("/r/"), "a");
    for answer in ask(machine.client(Reach::Network), vec![short, full]) {
        answer.unwrap();
    }
    let mut accepted: Vec<_> = server
        .hits()
        .iter()
        .map(|hit| hit.headers["accept"].clone())
        .collect();
    accepted.sort();
    assert_eq!(
        accepted,
        [
            "application/json",
            "application/vnd.npm.install-v1+json; q=1.0, application/json; q=0.8"
        ]
    );
    assert_eq!(machine.kept().len(), 2);
}

#[test]
fn offline_asks_the_cache_alone() {
    let (server, machine) = (Server::start(), Machine::new());
    server.put("/r/a", document("a", &["1.0.0"]));
    machine.ask_one(&server, "a").unwrap();
    server.hits();
    let base = server.address("/r/");
    let questions = vec![question(&base, "a"), question(&base, "b")];
    let answers = ask(machine.client(Reach::Cache), questions);
    assert_eq!(versions(&answers[0]), ["1.0.0"]);
    let error = answers[1].as_ref().unwrap_err();
    assert_eq!(
        error.to_string(),
        format!("b: {base}b: not in the cache, and --offline forbids to ask")
    );
    assert_eq!(
        error.hint(),
        "Leave --offline out once, so that the answer is cached."
    );
    assert!(server.hits().is_empty());
}

#[test]
fn a_missing_package_fails_alone() {
    let (server, machine) = (Server::start(), Machine::new());
    server.put("/r/a", document("a", &["1.0.0"]));
    let answers = machine.ask(&server, &["b", "a"]);
    assert_eq!(
        answers[0].as_ref().unwrap_err().to_string(),
        format!("b: the registry does not have it: {}", server.address("/r/b"))
    );
    assert_eq!(versions(&answers[1]), ["1.0.0"]);
    assert!(machine.waits.seconds().is_empty());
}

#[test]
fn a_refusal_says_whether_a_credential_was_sent() {
    let (server, machine) = (Server::start(), Machine::new());
    for code in [401, 403] {
        server.trouble("/r/a", 2, Trouble::Status(code, None));
        let base = server.address("/r/");
        let bare = ask(machine.client(Reach::Network), vec![question(&base, "a")]);
        let bare = bare[0].as_ref().unwrap_err();
        let known = vec![with_token(&base, "a", &prefix(&server, "/r/"))];
        let known = ask(machine.client(Reach::Network), known);
        let known = known[0].as_ref().unwrap_err();
        assert_eq!(
            bare.to_string(),
            format!("a: {base}a: the registry answered {code}, without a credential")
        );
        assert_eq!(
            known.to_string(),
            format!("a: {base}a: the registry answered {code}, with the credential of the configuration")
        );
        assert_ne!(bare.hint(), known.hint());
    }
    assert!(machine.waits.seconds().is_empty());
}

#[test]
fn limits_and_faults_are_waited_for() {
    let (server, machine) = (Server::start(), Machine::new());
    server.put("/r/a", document("a", &["1.0.0"]));
    server.trouble("/r/a", 1, Trouble::Status(429, Some("7")));
    server.trouble("/r/a", 1, Trouble::Status(502, None));
    assert_eq!(versions(&machine.ask_one(&server, "a")), ["1.0.0"]);
    assert_eq!(machine.waits.seconds(), [7.0, 2.0]);
    server.trouble("/r/b", 9, Trouble::Status(503, None));
    let error = machine.ask_one(&server, "b").unwrap_err();
    assert_eq!(
        error.to_string(),
        format!(
            "b: {}: the server answered 503 (tried 3 times)",
            server.address("/r/b")
        )
    );
}

#[test]
fn cut_answers_come_again_and_are_never_kept() {
    let (server, machine) = (Server::start(), Machine::new());
    server.put("/r/a", document("a", &["1.0.0"]));
    server.trouble("/r/a", 1, Trouble::Cut(20));
    assert_eq!(versions(&machine.ask_one(&server, "a")), ["1.0.0"]);
    server.put("/r/b", document("b", &["1.0.0"]));
    server.trouble("/r/b", 9, Trouble::Cut(20));
    let error = machine.ask_one(&server, "b").unwrap_err();
    assert!(matches!(&error.error, RegistryError::Web(web) if matches!(web.error, HttpError::Cut(_))));
    assert_eq!(machine.kept().len(), 1);
}

#[test]
fn too_much_is_refused_packed_or_not() {
    let (server, machine) = (Server::start(), Machine::new());
    server.put("/r/a", document("a", &["1.0.0"; 1]));
    server.put("/r/b", vec![b' '; 5000]);
    server.trouble("/r/b", 1, Trouble::Chunked);
    let base = server.address("/r/");
    let client = machine.client(Reach::Network).with_limit(1000);
    let answers = ask(client, vec![question(&base, "b"), question(&base, "a")]);
    let error = answers[0].as_ref().unwrap_err();
    assert_eq!(error.to_string(), format!("b: {base}b: more than 1000 bytes"));
    assert_eq!(versions(&answers[1]), ["1.0.0"]);
    // A bomb.
    let address = serve(|_| packed(&[b' '; 100_000]));
    let client = machine.client(Reach::Network).with_limit(1000);
    let answers = ask(client, vec![question(&address, "a")]);
    let error = answers[0].as_ref().unwrap_err();
    assert_eq!(error.to_string(), format!("a: {address}a: more than 1000 bytes"));
}

#[test]
fn packed_answers_are_unpacked() {
    let machine = Machine::new();
    let address = serve(|head| {
        assert!(head.contains("accept-encoding: gzip"), "{head}");
        packed(document("a", &["1.0.0"]).as_bytes())
    });
    let answers = ask(machine.client(Reach::Network), vec![question(&address, "a")]);
    assert_eq!(versions(&answers[0]), ["1.0.0"]);
    let answers = ask(machine.client(Reach::Cache), vec![question(&address, "a")]);
    assert_eq!(versions(&answers[0]), ["1.0.0"]);
}

#[test]
fn a_token_goes_to_its_own_address_alone() {
    let (own, other, machine) = (Server::start(), Server::start(), Machine::new());
    other.put("/r/a", document("a", &["1.0.0"]));
    own.put("/r/real/a", document("a", &["1.0.0"]));
    // To another host, back to the own one, and out of the own path: without a token. Below it: with.
    other.put("/r/b", document("b", &["1.0.0"]));
    own.put("/open/a", document("a", &["1.0.0"]));
    for (target, tokens) in [
        (other.address("/r/a"), vec![(true, "/r/a"), (false, "/r/a")]),
        ("/open/a".to_owned(), vec![(true, "/r/a"), (false, "/open/a")]),
        ("/r/real/a".to_owned(), vec![(true, "/r/a"), (true, "/r/real/a")]),
    ] {
        own.trouble("/r/a", 1, Trouble::Redirect(target.clone()));
        let question = with_token(&own.address("/r/"), "a", &prefix(&own, "/r/"));
        // Other servers' troubles are their own.
        let answers = ask(machine.client(Reach::Network), vec![question]);
        assert_eq!(versions(&answers[0]), ["1.0.0"], "{target}");
        let hits: Vec<_> = own.hits().into_iter().chain(other.hits()).collect();
        let sent: Vec<_> = hits
            .iter()
            .map(|hit| (hit.headers.contains_key("authorization"), hit.path.as_str()))
            .collect();
        assert_eq!(sent, tokens, "{target}");
    }
    // It comes back to where the token belongs, but has been elsewhere.
    own.trouble("/r/b", 1, Trouble::Redirect(other.address("/away")));
    other.trouble("/away", 1, Trouble::Redirect(own.address("/r/real/a")));
    let question = with_token(&own.address("/r/"), "b", &prefix(&own, "/r/"));
    ask(machine.client(Reach::Network), vec![question]);
    let hits = own.hits();
    assert_eq!(hits.last().unwrap().path, "/r/real/a");
    assert!(!hits.last().unwrap().headers.contains_key("authorization"));
    // A lockfile may name any base.
    let question = with_token(&other.address("/r/"), "a", &prefix(&own, "/r/"));
    ask(machine.client(Reach::Network), vec![question]);
    assert!(
        other
            .hits()
            .iter()
            .all(|hit| !hit.headers.contains_key("authorization"))
    );
    // A circle ends.
    own.trouble("/r/c", 99, Trouble::Redirect("/r/c".to_owned()));
    let error = machine.ask_one(&own, "c").unwrap_err();
    assert!(
        error.to_string().ends_with("sent on more than 5 times"),
        "{error}"
    );
}

#[test]
fn a_registry_that_hangs_or_is_not_there_is_asked_for_one_package() {
    let (server, machine) = (Server::start(), Machine::new());
    server.trouble("/r/a", 99, Trouble::Hang(Duration::from_millis(900)));
    server.put("/r/b", document("b", &["1.0.0"]));
    let closed = TcpListener::bind("127.0.0.1:0").unwrap();
    let gone = format!("http://{}/", closed.local_addr().unwrap());
    drop(closed);
    let client = Arc::new(machine.client(Reach::Network));
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    let base = server.address("/r/");
    let first = vec![question(&base, "a"), question(&gone, "c")];
    let first = runtime.block_on(client.ask(npm(), first));
    assert!(first.iter().all(Result::is_err));
    server.hits();
    let second = vec![question(&base, "b"), question(&gone, "d")];
    let second = runtime.block_on(client.ask(npm(), second));
    let texts: Vec<_> = second
        .iter()
        .map(|answer| answer.as_ref().unwrap_err().to_string())
        .collect();
    assert_eq!(
        texts[0],
        format!("b: not asked again: {base}a: no answer for 0.3 s (tried 3 times)")
    );
    assert!(
        texts[1].starts_with(&format!("d: not asked again: {gone}c: cannot connect: ")),
        "{texts:?}"
    );
    assert!(server.hits().is_empty());
    // One that lives is asked all the same, and one late answer of it does not fail the others.
    let alive = Server::start();
    alive.put("/r/e", document("e", &["1.0.0"]));
    let base = alive.address("/r/");
    let third = runtime.block_on(client.ask(npm(), vec![question(&base, "e")]));
    assert_eq!(versions(&third[0]), ["1.0.0"]);
    alive.trouble("/r/late", 99, Trouble::Hang(Duration::from_millis(900)));
    let late = vec![question(&base, "late"), question(&base, "e")];
    let late = runtime.block_on(client.ask(npm(), late));
    assert!(matches!(
        &late[0],
        Err(PackageError {
            error: RegistryError::Web(_),
            ..
        })
    ));
    assert_eq!(versions(&late[1]), ["1.0.0"]);
    let again = runtime.block_on(client.ask(npm(), vec![question(&base, "e")]));
    assert_eq!(versions(&again[0]), ["1.0.0"]);
}

#[test]
fn a_damaged_cache_is_none() {
    let (server, machine) = (Server::start(), Machine::new());
    server.put("/r/a", document("a", &["1.0.0"]));
    machine.ask_one(&server, "a").unwrap();
    let [path] = machine.kept().try_into().unwrap();
    let whole = std::fs::read(&path).unwrap();
    server.hits();
    let mut damaged: Vec<Vec<u8>> = (0..whole.len())
        .step_by(7)
        .map(|end| whole[..end].to_vec())
        .collect();
    damaged.extend((0..whole.len()).step_by(5).map(|at| {
        let mut bytes = whole.clone();
        bytes[at] ^= 1;
        bytes
    }));
    for bytes in damaged {
        std::fs::write(&path, &bytes).unwrap();
        let offline = ask(
            machine.client(Reach::Cache),
            vec![question(&server.address("/r/"), "a")],
        );
        assert!(matches!(
            &offline[0],
            Err(PackageError {
                error: RegistryError::NotCached(_),
                ..
            })
        ));
        assert_eq!(versions(&machine.ask_one(&server, "a")), ["1.0.0"]);
    }
    assert!(server.hits().iter().all(|hit| hit.status == 200));
    // It is another address's file.
    server.put("/r/b", document("b", &["1.0.0"]));
    machine.ask_one(&server, "b").unwrap();
    let other = machine.kept().into_iter().find(|kept| *kept != path).unwrap();
    std::fs::copy(&other, &path).unwrap();
    let offline = ask(
        machine.client(Reach::Cache),
        vec![question(&server.address("/r/"), "a")],
    );
    assert!(matches!(
        &offline[0],
        Err(PackageError {
            error: RegistryError::NotCached(_),
            ..
        })
    ));
    // A folder stands where the file would.
    std::fs::remove_file(&path).unwrap();
    std::fs::create_dir(&path).unwrap();
    assert_eq!(versions(&machine.ask_one(&server, "a")), ["1.0.0"]);
}

#[cfg(unix)]
#[test]
fn the_cache_is_its_owners_alone() {
    use std::os::unix::fs::PermissionsExt as _;
    let (server, machine) = (Server::start(), Machine::new());
    server.put("/r/a", document("a", &["1.0.0"]));
    machine.ask_one(&server, "a").unwrap();
    let folder = machine.cache.path().join("registry");
    let mode = std::fs::metadata(folder).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o700);
}

#[test]
fn at_most_eight_are_asked_at_once() {
    let (now, most) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
    let (count, peak) = (Arc::clone(&now), Arc::clone(&most));
    let address = serve(move |head| {
        peak.fetch_max(count.fetch_add(1, Ordering::SeqCst) + 1, Ordering::SeqCst);
        std::thread::sleep(Duration::from_millis(60));
        count.fetch_sub(1, Ordering::SeqCst);
        let package = head.split(' ').nth(1).unwrap().trim_start_matches('/').to_owned();
        let body = document(&package, &["1.0.0"]);
        format!("Content-Length: {}\r\n\r\n{body}", body.len()).into_bytes()
    });
    let questions = (0..40).map(|number| question(&address, &format!("p{number}")));
    let answers = ask(Machine::new().client(Reach::Network), questions.collect());
    assert_eq!(answers.len(), 40);
    for answer in &answers {
        assert_eq!(versions(answer), ["1.0.0"]);
    }
    assert_eq!(most.load(Ordering::SeqCst), 8);
}

#[test]
fn no_token_is_ever_shown() {
    let (server, machine) = (Server::start(), Machine::new());
    server.put("/r/good", document("good", &["1.0.0"]));
    server.put("/r/bad", "no JSON");
    server.trouble("/r/refused", 1, Trouble::Status(401, None));
    server.trouble("/r/late", 1, Trouble::Status(500, None));
    server.trouble(
        "/r/away",
        1,
        Trouble::Redirect(format!("http://user:{CANARY}@127.0.0.1:1/?t={CANARY}")),
    );
    let base = server
        .address("/r/")
        .replace("http://", &format!("http://user:{CANARY}@"));
    let log = Log::default();
    let subscriber = tracing_subscriber::fmt()
        .with_max_level(tracing::Level::TRACE)
        .with_writer(log.clone())
        .finish();
    let names = ["good", "bad", "refused", "late", "away", "missing"];
    let questions: Vec<_> = names
        .iter()
        .map(|name| with_token(&base, name, &prefix(&server, "/r/")))
        .collect();
    let mut shown = format!("{questions:?}");
    let answers = tracing::subscriber::with_default(subscriber, || {
        // A test beside this one that met an event at this very moment may have noted that nothing listens.
        tracing::callsite::rebuild_interest_cache();
        ask(machine.client(Reach::Network), questions)
    });
    for answer in &answers {
        shown.push_str(&format!("{answer:?}"));
        if let Err(error) = answer {
            shown.push_str(&format!("{error}{}{error:#?}", error.hint()));
        }
    }
    for path in machine.kept() {
        shown.push_str(&format!(
            "{}{}",
            path.display(),
            std::fs::read_to_string(&path).unwrap()
        ));
    }
    let logged = String::from_utf8(log.0.lock().unwrap().clone()).unwrap();
    assert!(logged.contains("trying again"), "{logged}");
    shown.push_str(&logged);
    assert!(
        server
            .hits()
            .iter()
            .any(|hit| hit.headers["authorization"].contains(CANARY))
    );
    let at = shown.find(CANARY);
    assert_eq!(at, None, "{}", &shown[at.unwrap_or(0).saturating_sub(200)..]);
}

/// What is logged.
#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl std::io::Write for Log {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

impl<'a> tracing_subscriber::fmt::MakeWriter<'a> for Log {
    type Writer = Self;

    fn make_writer(&'a self) -> Self {
        self.clone()
    }
}

/// The head and body of a packed answer.
fn packed(bytes: &[u8]) -> Vec<u8> {
    let mut packer = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    packer.write_all(bytes).unwrap();
    let body = packer.finish().unwrap();
    let mut answer = format!("Content-Encoding: gzip\r\nContent-Length: {}\r\n\r\n", body.len()).into_bytes();
    answer.extend(body);
    answer
}

/// A server that answers every request with what `answer` makes of its head; its address.
fn serve(answer: impl Fn(&str) -> Vec<u8> + Send + Sync + 'static) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = format!("http://{}/", listener.local_addr().unwrap());
    let answer = Arc::new(answer);
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let (mut stream, answer) = (stream.unwrap(), Arc::clone(&answer));
            std::thread::spawn(move || {
                let (mut head, mut byte) = (Vec::new(), [0]);
                while !head.ends_with(b"\r\n\r\n") && stream.read(&mut byte).unwrap_or(0) == 1 {
                    head.push(byte[0]);
                }
                let body = answer(&String::from_utf8_lossy(&head).to_lowercase());
                let _gone = stream
                    .write_all(b"HTTP/1.1 200 OK\r\nConnection: close\r\n")
                    .and_then(|()| stream.write_all(&body));
            });
        }
    });
    address
}
