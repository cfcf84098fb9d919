//! The HTTP client against a server that misbehaves.
#![expect(
    clippy::disallowed_methods,
    reason = "the test starts itself with another environment"
)]

use std::future::Future;
use std::pin::Pin;
use std::process::Command;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use jiff::Timestamp;
use lockkeeper::sys::web::{
    Address, HttpError, Proxies, Reply, Request, RetryPolicy, Settings, Timer, Validator, Web, WebError,
};

use crate::support::server::{Server, Trouble};

/// Time that passes at once and is remembered.
#[derive(Clone, Default)]
pub(crate) struct Waits(Arc<Mutex<Vec<Duration>>>);

impl Waits {
    pub(crate) fn seconds(&self) -> Vec<f64> {
        self.0.lock().unwrap().iter().map(Duration::as_secs_f64).collect()
    }
}

impl Timer for Waits {
    fn now(&self) -> Timestamp {
        "2026-11-22T10:00:00Z".parse().unwrap()
    }

    fn wait(&self, pause: Duration) -> Pin<Box<dyn Future<Output = ()> + Send + '_>> {
        self.0.lock().unwrap().push(pause);
        Box::pin(std::future::ready(()))
    }

    fn fraction(&self) -> f64 {
        0.0
    }
}

pub(crate) fn settings() -> Settings {
    Settings {
        connect: Duration::from_secs(5),
        idle: Duration::from_millis(300),
        slowest: 64,
        whole: Duration::from_secs(60),
        retry: RetryPolicy {
            attempts: 3,
            first: Duration::from_secs(2),
            longest: Duration::from_secs(60),
            total: Duration::from_secs(100),
        },
        proxies: Proxies::Ignored,
    }
}

fn get(web: &Web, request: &Request, sink: &mut Vec<u8>) -> Result<Reply, WebError> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    runtime.block_on(web.get(request, sink))
}

struct Run {
    result: Result<Reply, WebError>,
    bytes: Vec<u8>,
    waits: Vec<f64>,
}

fn fetch(server: &Server, path: &str) -> Run {
    run(
        &Request::whole(Address::parse(&server.address(path)).unwrap(), 1 << 20),
        Vec::new(),
    )
}

fn run(request: &Request, mut bytes: Vec<u8>) -> Run {
    let waits = Waits::default();
    let web = Web::with_timer(settings(), Box::new(waits.clone()));
    let result = get(&web, request, &mut bytes);
    Run {
        result,
        bytes,
        waits: waits.seconds(),
    }
}

fn some_bytes(length: usize) -> Vec<u8> {
    (0..length).map(|n| (n * 7 % 251) as u8).collect()
}

#[test]
fn a_file_comes_whole_and_unchanged_not_again() {
    let server = Server::start();
    server.put("/f", some_bytes(100_000));
    let first = fetch(&server, "/f");
    let Reply::Received {
        held,
        total,
        validator,
    } = first.result.unwrap()
    else {
        panic!("it is new");
    };
    assert_eq!(
        (held, total, first.bytes),
        (100_000, Some(100_000), some_bytes(100_000))
    );
    let agent = &server.hits()[0].headers["user-agent"];
    assert_eq!(agent, &format!("lockkeeper/{}", env!("CARGO_PKG_VERSION")));

    let mut request = Request::whole(Address::parse(&server.address("/f")).unwrap(), 1 << 20);
    request.unless = validator;
    assert_eq!(run(&request, Vec::new()).result.unwrap(), Reply::NotModified);
    server.put("/f", "other");
    assert_eq!(run(&request, Vec::new()).bytes, b"other");
}

#[test]
fn a_cut_connection_goes_on_where_it_ended() {
    let server = Server::start();
    server.put("/f", some_bytes(100_000));
    server.trouble("/f", 1, Trouble::Cut(60_000));
    let run = fetch(&server, "/f");
    run.result.unwrap();
    assert_eq!(run.bytes, some_bytes(100_000));
    assert_eq!(run.waits, [1.0]);
    let hits = server.hits();
    assert_eq!(
        hits.iter().map(|hit| hit.sent).collect::<Vec<_>>(),
        [60_000, 40_000]
    );
    assert_eq!(hits[1].headers["range"], "bytes=60000-");
}

#[test]
fn a_file_that_changes_meanwhile_starts_over() {
    let server = Server::start();
    server.put("/f", some_bytes(100_000));
    let old = match fetch(&server, "/f").result.unwrap() {
        Reply::Received { validator, .. } => validator,
        Reply::NotModified => None,
    };
    server.put("/f", vec![7; 50_000]);
    let mut request = Request::whole(Address::parse(&server.address("/f")).unwrap(), 1 << 20);
    request.from = 30_000;
    request.validator = old;
    let resumed = run(&request, some_bytes(30_000));
    resumed.result.unwrap();
    assert_eq!(resumed.bytes, vec![7; 50_000]);

    // A slice is asked for without condition, and what came of another state is thrown away.
    request.until = Some(40_000);
    let sliced = run(&request, some_bytes(30_000));
    sliced.result.unwrap();
    assert_eq!(sliced.bytes, vec![7; 40_000]);
}

#[test]
fn without_a_strong_tag_nothing_is_joined() {
    let server = Server::start();
    for tag in [None, Some("W/\"weak\"")] {
        server.put_tagged("/f", some_bytes(9_000), tag);
        server.trouble("/f", 1, Trouble::Cut(4_000));
        let run = fetch(&server, "/f");
        run.result.unwrap();
        assert_eq!(run.bytes, some_bytes(9_000));
        assert_eq!(server.hits()[1].sent, 9_000);
    }
}

#[test]
fn a_complete_file_is_not_fetched_again() {
    let server = Server::start();
    server.put_tagged("/f", some_bytes(9_000), Some("\"one\""));
    let mut request = Request::whole(Address::parse(&server.address("/f")).unwrap(), 1 << 20);
    request.from = 9_000;
    request.validator = Some(Validator::Tag("\"one\"".into()));
    let run = run(&request, some_bytes(9_000));
    assert!(matches!(run.result, Ok(Reply::Received { held: 9_000, .. })));
    assert_eq!(run.bytes, some_bytes(9_000));
    assert_eq!(server.hits()[0].sent, 0);
}

#[test]
fn retry_after_is_honoured() {
    let server = Server::start();
    server.put("/f", "it");
    for (code, after, waited) in [
        (429, Some("7"), [7.0]),
        (503, Some("Sun, 22 Nov 2026 10:00:09 GMT"), [9.0]),
        (403, Some("5"), [5.0]),
        (503, None, [1.0]),
    ] {
        server.trouble("/f", 1, Trouble::Status(code, after));
        let run = fetch(&server, "/f");
        run.result.unwrap();
        assert_eq!(
            (run.bytes, run.waits),
            (b"it".to_vec(), waited.to_vec()),
            "{code}"
        );
    }
}

#[test]
fn a_pause_beyond_all_patience_is_not_waited_for() {
    let server = Server::start();
    server.put("/f", "it");
    server.trouble("/f", 1, Trouble::Status(429, Some("3600")));
    let run = fetch(&server, "/f");
    let error = run.result.unwrap_err();
    assert!(
        error.to_string().contains("429 and asks to wait 3600 s"),
        "{error}"
    );
    assert!(run.waits.is_empty());
}

#[test]
fn back_off_doubles_and_ends() {
    let server = Server::start();
    server.trouble("/f", 9, Trouble::Status(502, None));
    let run = fetch(&server, "/f");
    let error = run.result.unwrap_err();
    assert!(
        error
            .to_string()
            .ends_with("the server answered 502 (tried 3 times)"),
        "{error}"
    );
    assert_eq!(run.waits, [1.0, 2.0]);
}

#[test]
fn what_is_missing_or_forbidden_is_asked_for_once() {
    let server = Server::start();
    for code in [401, 403, 404] {
        server.trouble("/f", 1, Trouble::Status(code, None));
        let run = fetch(&server, "/f");
        assert_eq!(run.result.unwrap_err().is_missing(), code == 404);
        assert_eq!((run.waits.len(), server.hits().len()), (0, 1));
    }
}

#[test]
fn hanging_and_dripping_end() {
    let server = Server::start();
    server.put("/f", some_bytes(1_000));
    server.trouble("/f", 3, Trouble::Hang(Duration::from_secs(2)));
    let run = fetch(&server, "/f");
    assert!(matches!(run.result.unwrap_err().error, HttpError::Idle(_)));
    assert_eq!(server.hits().len(), 3);

    server.trouble("/f", 3, Trouble::Drip(Duration::from_millis(50)));
    let run = fetch(&server, "/f");
    assert!(matches!(run.result.unwrap_err().error, HttpError::Slow { .. }));
}

#[test]
fn redirects_are_followed_so_far() {
    let server = Server::start();
    server.put("/f", some_bytes(10));
    server.trouble("/a", 1, Trouble::Redirect("/f".into()));
    assert_eq!(fetch(&server, "/a").bytes, some_bytes(10));
    server.trouble("/b", 100, Trouble::Redirect("/b".into()));
    assert!(matches!(
        fetch(&server, "/b").result.unwrap_err().error,
        HttpError::Redirects(5)
    ));
    server.trouble("/c", 1, Trouble::Redirect("file:///etc/passwd".into()));
    assert!(matches!(
        fetch(&server, "/c").result.unwrap_err().error,
        HttpError::Redirect(_)
    ));
}

#[test]
fn too_much_is_refused() {
    let server = Server::start();
    server.put("/f", some_bytes(5_000));
    let mut request = Request::whole(Address::parse(&server.address("/f")).unwrap(), 4_999);
    let refused = run(&request, Vec::new());
    assert!(matches!(
        refused.result.unwrap_err().error,
        HttpError::TooLarge { limit: 4_999 }
    ));
    assert!(refused.bytes.is_empty());
    server.trouble("/f", 1, Trouble::Chunked);
    let refused = run(&request, Vec::new());
    assert!(matches!(
        refused.result.unwrap_err().error,
        HttpError::TooLarge { .. }
    ));
    assert!(refused.bytes.len() < 5_000);
    request.limit = 5_000;
    server.trouble("/f", 1, Trouble::Chunked);
    assert_eq!(run(&request, Vec::new()).bytes, some_bytes(5_000));
}

#[test]
fn slices_survive_servers_without_ranges_and_with_wrong_ones() {
    let server = Server::start();
    server.put("/f", some_bytes(5_000));
    let mut request = Request::whole(Address::parse(&server.address("/f")).unwrap(), 1 << 20);
    request.until = Some(2_000);
    assert_eq!(run(&request, Vec::new()).bytes, some_bytes(2_000));
    server.trouble("/f", 1, Trouble::NoRanges);
    assert_eq!(run(&request, Vec::new()).bytes, some_bytes(5_000));
    server.trouble("/f", 3, Trouble::WrongRange);
    assert!(matches!(
        run(&request, Vec::new()).result.unwrap_err().error,
        HttpError::Changed
    ));
}

#[test]
fn a_password_goes_to_its_server_only_and_into_no_message() {
    let server = Server::start();
    let other = Server::start();
    other.put("/f", "it");
    server.trouble("/f", 1, Trouble::Redirect(other.address("/f")));
    let with_login = server
        .address("/f?key=canary")
        .replace("http://", "http://me:canary@");
    let request = Request::whole(Address::parse(&with_login).unwrap(), 1 << 20);
    server.trouble("/f?key=canary", 1, Trouble::Redirect(other.address("/f")));
    assert_eq!(run(&request, Vec::new()).bytes, b"it");
    assert!(server.hits()[0].headers.contains_key("authorization"));
    let hits = other.hits();
    assert!(!hits[0].headers.contains_key("authorization") && !hits[0].headers.contains_key("referer"));
    let error = run(&request, Vec::new()).result.unwrap_err();
    assert!(!format!("{error} {error:?}").contains("canary"), "{error:?}");
    drop(server);
    let error = run(&request, Vec::new()).result.unwrap_err();
    assert!(matches!(error.error, HttpError::Connect(_)), "{error:?}");
    assert!(!format!("{error} {error:?}").contains("canary"), "{error:?}");
}

/// The environment belongs to the process, so each of these runs in one of its own.
fn in_a_process(test: &str, variables: &[(&str, &str)]) {
    let output = Command::new(std::env::current_exe().unwrap())
        .args([
            "--exact",
            &format!("sys::web::{test}"),
            "--ignored",
            "--nocapture",
        ])
        .env_remove("NO_PROXY")
        .env_remove("no_proxy")
        .envs(variables.iter().copied())
        .output()
        .unwrap();
    let text = String::from_utf8_lossy(&output.stdout);
    assert!(
        output.status.success() && text.contains("1 passed"),
        "{text}{}",
        String::from_utf8_lossy(&output.stderr)
    );
}

#[test]
fn without_certificates_only_unencrypted_addresses_work() {
    in_a_process(
        "child_without_certificates",
        &[
            ("SSL_CERT_FILE", "/nonexistent"),
            ("SSL_CERT_DIR", "/nonexistent"),
        ],
    );
}

#[test]
#[ignore = "the other half of without_certificates_only_unencrypted_addresses_work"]
fn child_without_certificates() {
    let server = Server::start();
    server.put("/f", "it");
    assert_eq!(fetch(&server, "/f").bytes, b"it");
    let encrypted = server.address("/f").replace("http://", "https://");
    let request = Request::whole(Address::parse(&encrypted).unwrap(), 1 << 20);
    let error = run(&request, Vec::new()).result.unwrap_err();
    assert!(matches!(error.error, HttpError::Certificates(_)), "{error:?}");
    assert!(error.hint().contains("SSL_CERT_FILE"));
}

#[test]
fn a_request_ends_whatever_it_brings() {
    let server = Server::start();
    server.put("/f", some_bytes(4_000));
    // Fast enough for every span, and too slow for the whole.
    server.trouble("/f", 9, Trouble::Drip(Duration::from_millis(2)));
    let waiting = Waits::default();
    let settings = Settings {
        whole: Duration::from_millis(700),
        slowest: 1,
        ..settings()
    };
    let web = Web::with_timer(settings, Box::new(waiting));
    let request = Request::whole(Address::parse(&server.address("/f")).unwrap(), 1 << 20);
    let error = get(&web, &request, &mut Vec::new()).unwrap_err();
    assert!(matches!(error.error, HttpError::Overdue(_)), "{error}");
    assert_eq!(error.attempts, 1);
}

#[test]
fn what_no_later_run_can_use_is_removed() {
    let server = Server::start();
    server.put("/endless", some_bytes(50_000));
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("part");
    let address = Address::parse(&server.address("/endless")).unwrap();
    let runtime = lockkeeper::sys::web::runtime().unwrap();
    let web = Web::new(settings());
    let mut heard = |_, _| ();
    let error = runtime
        .block_on(lockkeeper::sys::web::download(
            &web, &address, &path, 10_000, None, &mut heard,
        ))
        .unwrap_err();
    assert!(
        matches!(error.error, HttpError::TooLarge { limit: 10_000 }),
        "{error}"
    );
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0);
}

#[test]
fn what_is_on_this_machine_goes_through_no_proxy() {
    let server = Server::start();
    server.put("/near", "from next door");
    in_a_process(
        "child_beside_a_proxy",
        &[
            ("HTTP_PROXY", "http://127.0.0.1:9/"),
            ("http_proxy", "http://127.0.0.1:9/"),
            ("LOCKKEEPER_TEST_ADDRESS", &server.address("/near")),
        ],
    );
    assert_eq!(server.hits().len(), 1);
}

#[test]
#[ignore = "the other half of what_is_on_this_machine_goes_through_no_proxy"]
fn child_beside_a_proxy() {
    let web = Web::new(Settings {
        proxies: Proxies::Environment,
        ..settings()
    });
    let mut bytes = Vec::new();
    let address = std::env::var("LOCKKEEPER_TEST_ADDRESS").unwrap();
    let request = Request::whole(Address::parse(&address).unwrap(), 1 << 20);
    get(&web, &request, &mut bytes).unwrap();
    assert_eq!(bytes, b"from next door");
}

#[test]
fn the_environment_names_the_proxy() {
    let server = Server::start();
    server.put("http://mirror.example/f", "through the proxy");
    in_a_process(
        "child_behind_a_proxy",
        &[
            ("HTTP_PROXY", &server.address("")),
            ("http_proxy", &server.address("")),
        ],
    );
    assert_eq!(server.hits().len(), 1);
}

#[test]
#[ignore = "the other half of the_environment_names_the_proxy"]
fn child_behind_a_proxy() {
    let web = Web::new(Settings {
        proxies: Proxies::Environment,
        ..settings()
    });
    let mut bytes = Vec::new();
    let request = Request::whole(Address::parse("http://mirror.example/f").unwrap(), 1 << 20);
    get(&web, &request, &mut bytes).unwrap();
    assert_eq!(bytes, b"through the proxy");
}
