//! A forge on the loopback address: it has a state, it holds every request and every own answer against the forge's
//! published description (`tests/forge`), and it breaks when it is told to.
//!
//! Whatever does not fit a description is a fault, and a test that ends with a fault fails. Descriptions are not read
//! more kindly than they are written: an unknown query parameter or key of a body is a fault, though forges pass over
//! such things, since it is a wish that nobody hears.

mod description;
mod gitea;
mod github;
mod github_git;
mod graphql;
mod graphql_answers;
pub(crate) mod http;
pub(crate) mod proxy;
mod repository;
pub(crate) mod state;
pub(crate) mod tls;

use std::io::BufReader;
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, LazyLock, Mutex, MutexGuard};

use serde_json::{Value, json};

use self::description::{Description, Matched};
use self::github::Call;
use self::graphql::Schema;
pub(crate) use self::http::{Answer, Request, Trouble};
use self::http::{Stream, send};
use self::repository::Repository;
pub(crate) use self::state::{Access, Scanning, State, Token};

/// The token that a new server knows.
pub(crate) const SECRET: &str = "secret-of-the-test";

/// The number of the repository, under which it is found when its name has changed.
const NUMBER: &str = "/repositories/4711";

static GITHUB: LazyLock<Description> = LazyLock::new(|| Description::read("github"));
static ENTERPRISE: LazyLock<Description> = LazyLock::new(|| Description::read("github-enterprise"));
static GITEA: LazyLock<Description> = LazyLock::new(|| Description::read("gitea"));
static SCHEMA: LazyLock<Schema> = LazyLock::new(Schema::read);

/// Which forge is played.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Style {
    /// `api.github.com`: the API at the top.
    GitHub,
    /// A server of one's own: REST below `/api/v3`, GraphQL at `/api/graphql`.
    Enterprise,
    /// Gitea and Forgejo: below `/api/v1`.
    Gitea,
}

/// One request as it was answered.
#[derive(Debug, Clone)]
pub(crate) struct Seen {
    pub(crate) request: Request,
    /// `POST /repos/{owner}/{repo}/issues`, or `POST /graphql#minimizeComment`.
    pub(crate) operation: String,
    pub(crate) status: u16,
}

/// The server; it ends when this is dropped, and complains if there were faults.
pub(crate) struct ForgeServer {
    address: SocketAddr,
    shared: Arc<Shared>,
}

struct Shared {
    style: Style,
    /// Scheme, host and port.
    origin: String,
    tls: Option<Arc<rustls::ServerConfig>>,
    state: Mutex<State>,
    troubles: Mutex<Vec<(String, String, usize, Trouble)>>,
    /// So many writes are left until the token has run out; `None` for no end.
    writes: Mutex<Option<usize>>,
    seen: Mutex<Vec<Seen>>,
    faults: Mutex<Vec<String>>,
    stop: AtomicBool,
}

impl ForgeServer {
    /// Serves a copy of the git repository at `source` as `acme/shop`.
    pub(crate) fn start(style: Style, source: &Path) -> Self {
        Self::run(style, Repository::mirror(source), None)
    }

    /// The same over TLS, with a certificate of this authority.
    pub(crate) fn start_tls(style: Style, source: &Path, authority: &tls::Authority) -> Self {
        Self::run(style, Repository::mirror(source), Some(authority.server()))
    }

    fn run(style: Style, repository: Repository, tls: Option<Arc<rustls::ServerConfig>>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a loopback port");
        let address = listener.local_addr().expect("an address");
        let scheme = if tls.is_some() { "https" } else { "http" };
        let mut state = State::new(repository);
        state.tokens.insert(SECRET.to_owned(), Token::workflow());
        let shared = Arc::new(Shared {
            style,
            origin: format!("{scheme}://{address}"),
            tls,
            state: Mutex::new(state),
            troubles: Mutex::default(),
            writes: Mutex::default(),
            seen: Mutex::default(),
            faults: Mutex::default(),
            stop: AtomicBool::new(false),
        });
        let threads = Arc::clone(&shared);
        std::thread::spawn(move || {
            for stream in listener.incoming() {
                if threads.stop.load(Ordering::SeqCst) {
                    return;
                }
                let shared = Arc::clone(&threads);
                // A client that goes away early is no fault of the test.
                std::thread::spawn(move || drop(stream.and_then(|stream| shared.serve(stream))));
            }
        });
        Self { address, shared }
    }

    pub(crate) fn socket(&self) -> SocketAddr {
        self.address
    }

    /// Where REST begins, as `GITHUB_API_URL` says it.
    pub(crate) fn api(&self) -> String {
        format!("{}{}", self.shared.origin, self.shared.style.base())
    }

    /// Where GraphQL is, as `GITHUB_GRAPHQL_URL` says it.
    pub(crate) fn graphql(&self) -> String {
        format!(
            "{}{}",
            self.shared.origin,
            self.shared.style.graphql().unwrap_or_default()
        )
    }

    /// Arranges the state or looks at it.
    pub(crate) fn state(&self) -> MutexGuard<'_, State> {
        self.shared.state.lock().unwrap()
    }

    /// Changes what the token `SECRET` may do.
    pub(crate) fn token(&self, change: impl FnOnce(&mut Token)) {
        change(self.state().tokens.get_mut(SECRET).expect("a token"));
    }

    /// The next `times` requests of this method whose path ends in `path` go wrong. A path may name a field of GraphQL:
    /// `/graphql#minimizeComment`.
    pub(crate) fn trouble(&self, method: &str, path: &str, times: usize, trouble: Trouble) {
        let entry = (method.to_owned(), path.to_owned(), times, trouble);
        self.shared.troubles.lock().unwrap().push(entry);
    }

    /// Every request goes wrong from now on, writes as well as reads.
    pub(crate) fn only_trouble(&self, trouble: &Trouble) {
        for method in ["GET", "POST", "PATCH", "PUT", "DELETE"] {
            self.trouble(method, "", usize::MAX, trouble.clone());
        }
    }

    /// After so many more writes the token has run out, for reads as well.
    pub(crate) fn only_write(&self, times: usize) {
        *self.shared.writes.lock().unwrap() = Some(times);
    }

    /// Nothing goes wrong any more.
    pub(crate) fn calm(&self) {
        *self.shared.writes.lock().unwrap() = None;
        self.shared.troubles.lock().unwrap().clear();
    }

    /// What was asked since the last call.
    pub(crate) fn seen(&self) -> Vec<Seen> {
        std::mem::take(&mut *self.shared.seen.lock().unwrap())
    }

    /// What did not fit the description since the last call.
    pub(crate) fn faults(&self) -> Vec<String> {
        std::mem::take(&mut *self.shared.faults.lock().unwrap())
    }

    /// Ends here; panics if there were faults.
    pub(crate) fn done(self) {
        drop(self);
    }
}

impl Drop for ForgeServer {
    fn drop(&mut self) {
        self.shared.stop.store(true, Ordering::SeqCst);
        drop(TcpStream::connect(self.address));
        let faults = self.faults();
        if !faults.is_empty() && !std::thread::panicking() {
            panic!(
                "requests or answers do not fit the description of {:?}:\n{}",
                self.shared.style,
                faults.join("\n")
            );
        }
    }
}

impl Style {
    fn base(self) -> &'static str {
        match self {
            Self::GitHub => "",
            Self::Enterprise => "/api/v3",
            Self::Gitea => "/api/v1",
        }
    }

    fn graphql(self) -> Option<&'static str> {
        match self {
            Self::GitHub => Some("/graphql"),
            Self::Enterprise => Some("/api/graphql"),
            Self::Gitea => None,
        }
    }

    fn description(self) -> &'static Description {
        match self {
            Self::GitHub => &GITHUB,
            Self::Enterprise => &ENTERPRISE,
            Self::Gitea => &GITEA,
        }
    }

    /// Versions of the API that may be asked for.
    fn versions(self) -> &'static [&'static str] {
        match self {
            Self::GitHub => &["2022-11-28", "2026-03-10"],
            Self::Enterprise => &["2022-11-28"],
            Self::Gitea => &[],
        }
    }
}

impl Shared {
    fn serve(&self, stream: TcpStream) -> std::io::Result<()> {
        let stream = match &self.tls {
            None => Stream::Plain(stream),
            Some(config) => {
                let connection =
                    rustls::ServerConnection::new(Arc::clone(config)).map_err(std::io::Error::other)?;
                Stream::Tls(Box::new(rustls::StreamOwned::new(connection, stream)))
            }
        };
        let mut reader = BufReader::new(stream);
        let Some(request) = Request::read(&mut reader)? else {
            return Ok(());
        };
        let (operation, answer, trouble) = self.answer(&request);
        let status = match &trouble {
            Some(Trouble::Answer { status, .. }) => *status,
            Some(Trouble::Hang(_) | Trouble::Lost) => 0,
            Some(Trouble::Cut(_) | Trouble::Page | Trouble::Huge(_)) | None => answer.status,
        };
        self.seen.lock().unwrap().push(Seen {
            request,
            operation,
            status,
        });
        send(reader.get_mut(), &answer, trouble.as_ref())
    }

    /// The name of the operation, the answer, and what becomes of it.
    fn answer(&self, request: &Request) -> (String, Answer, Option<Trouble>) {
        let style = self.style;
        self.check_headers(request);
        if Some(request.path.as_str()) == style.graphql() {
            return self.answer_graphql(request);
        }
        let Some(path) = request.path.strip_prefix(style.base()) else {
            return self.unknown(
                request,
                &format!("{} is not below {}", request.path, style.base()),
            );
        };
        let mut state = self.state.lock().unwrap();
        let path = match path.strip_prefix(NUMBER) {
            Some(rest) => format!("/repos/{}{rest}", state.full_name()),
            None => path.to_owned(),
        };
        let matched = match style.description().matched(&request.method, &path) {
            Ok(matched) => matched,
            Err(words) => {
                drop(state);
                return self.unknown(request, &words);
            }
        };
        let operation = format!("{} {}", request.method, matched.route);
        let faults = style.description().faults(&matched, request);
        for fault in &faults {
            self.fault(request, fault);
        }
        let trouble = self.next_trouble(&request.method, &[&request.path]);
        if let Some(Trouble::Answer { .. } | Trouble::Hang(_)) = trouble {
            return (operation, Answer::new(500, Value::Null), trouble);
        }
        if !faults.is_empty() {
            let message = format!("the test server takes this for wrong: {}", faults.join("; "));
            return (
                operation,
                Answer::new(422, json!({"message": message, "documentation_url": ""})),
                trouble,
            );
        }
        let mut call = Call {
            body: request.json(),
            matched: &matched,
            request,
            token: None,
            base: format!("{}{}", self.origin, style.base()),
            page: style.description().page(&matched),
        };
        let answer = match self.refused(&mut state, &mut call) {
            Some(refused) => Some(refused),
            None if style == Style::Gitea => gitea::answer(&mut state, &call),
            None => github::answer(&mut state, &call),
        };
        let Some(mut answer) = answer else {
            let words = format!("this server does not play {operation}");
            drop(state);
            return self.unknown(request, &words);
        };
        if style != Style::Gitea {
            style.description().fill(&matched, &mut answer);
            self.limits(&state, &mut answer);
            if style == Style::Enterprise {
                answer = answer.with("X-GitHub-Enterprise-Version", "3.17.0");
            }
        }
        self.check_answer(request, &matched, &answer);
        (operation, answer, trouble)
    }

    fn answer_graphql(&self, request: &Request) -> (String, Answer, Option<Trouble>) {
        let body = request.json();
        let name = "/graphql".to_owned();
        let operation = match SCHEMA.operation(&body) {
            _ if request.method != "POST" => Err(vec!["GraphQL is asked with POST".to_owned()]),
            operation => operation,
        };
        let fields: Vec<String> = match &operation {
            Ok(operation) => operation
                .selections
                .iter()
                .filter_map(|selection| match selection {
                    graphql::Selection::Field(chosen) => Some(chosen.name.clone()),
                    graphql::Selection::On(..) => None,
                })
                .collect(),
            Err(faults) => {
                for fault in faults {
                    self.fault(request, fault);
                }
                Vec::new()
            }
        };
        let full = format!("POST {name}#{}", fields.join("+"));
        let keys: Vec<String> = fields.iter().map(|field| format!("{name}#{field}")).collect();
        let mut keys: Vec<&str> = keys.iter().map(String::as_str).collect();
        keys.push(&request.path);
        let trouble = self.next_trouble(&request.method, &keys);
        if let Some(Trouble::Answer { .. } | Trouble::Hang(_)) = trouble {
            return (full, Answer::new(500, Value::Null), trouble);
        }
        let operation = match operation {
            Ok(operation) => operation,
            Err(faults) => {
                let errors: Vec<Value> = faults.iter().map(|fault| json!({"message": fault})).collect();
                return (full, Answer::new(200, json!({"errors": errors})), trouble);
            }
        };
        let mut state = self.state.lock().unwrap();
        let matched = Matched {
            method: "post".to_owned(),
            route: "/graphql".to_owned(),
            parameters: std::collections::BTreeMap::new(),
        };
        let mut call = Call {
            body,
            matched: &matched,
            request,
            token: None,
            base: format!("{}{}", self.origin, self.style.base()),
            page: None,
        };
        if let Some(refused) = self.refused(&mut state, &mut call) {
            return (full, refused, trouble);
        }
        let (mut answer, faults) = graphql_answers::answer(&mut state, &call, &SCHEMA, &operation);
        for fault in faults {
            self.fault(request, &fault);
        }
        self.limits(&state, &mut answer);
        (full, answer, trouble)
    }

    /// Who asks, whether there is such a repository, and whether requests are left.
    fn refused(&self, state: &mut State, call: &mut Call) -> Option<Answer> {
        let style = self.style;
        if style != Style::Gitea && call.matched.route != "/rate_limit" {
            if state.remaining == 0 {
                let mut answer = call.error(403, "API rate limit exceeded for installation ID 1234567.");
                self.limits(state, &mut answer);
                return Some(answer);
            }
            state.remaining -= 1;
        }
        if let Some(header) = call.request.header("authorization") {
            let secret = header.split_once(' ').map(|(_, secret)| secret.trim());
            call.token = secret.and_then(|secret| state.tokens.get(secret)).cloned();
            if call.token.is_none() {
                return Some(match style {
                    Style::Gitea => gitea::error(call, 401, "invalid username, password or token"),
                    Style::GitHub | Style::Enterprise => call.error(401, "Bad credentials"),
                });
            }
        }
        let parameters = &call.matched.parameters;
        let (owner, name) = (parameters.get("owner")?, parameters.get("repo")?);
        let wanted = format!("{owner}/{name}");
        if state.former_name.as_ref() == Some(&wanted) {
            let rest = call.request.path.split_once(&wanted).map_or("", |(_, rest)| rest);
            let location = match style {
                Style::Gitea => format!("{}/repos/{}{rest}", call.base, state.full_name()),
                Style::GitHub | Style::Enterprise => format!("{}{NUMBER}{rest}", call.base),
            };
            let (status, message) = match call.matched.method.as_str() {
                "get" => (301, "Moved Permanently"),
                _ => (307, "Temporary Redirect"),
            };
            let mut answer = call.error(status, message).with("Location", &location);
            answer.body["url"] = json!(location);
            return Some(answer);
        }
        (wanted != state.full_name()).then(|| match style {
            Style::Gitea => gitea::error(call, 404, "not found"),
            Style::GitHub | Style::Enterprise => call.error(404, "Not Found"),
        })
    }

    fn check_headers(&self, request: &Request) {
        let fault = |words: &str| self.fault(request, words);
        match request
            .header("authorization")
            .and_then(|value| value.split_once(' '))
        {
            Some(("Bearer" | "bearer" | "token", _)) => {}
            Some(_) => fault("Authorization is neither a bearer's nor a token"),
            None if self.state.lock().unwrap().anonymous => {}
            None => fault("there is no Authorization"),
        }
        if request.header("user-agent").is_none_or(str::is_empty) {
            fault("there is no User-Agent");
        }
        let accept = request.header("accept").unwrap_or_default();
        if !accept.contains("json") {
            fault(&format!("Accept is {accept:?}, which does not ask for JSON"));
        }
        if let Some(version) = request.header("x-github-api-version")
            && !self.style.versions().contains(&version)
        {
            fault(&format!("there is no version {version} of this API"));
        }
    }

    fn check_answer(&self, request: &Request, matched: &Matched, answer: &Answer) {
        // Moves are the same everywhere and described in places only.
        if matches!(answer.status, 301 | 307) {
            return;
        }
        let mut judged = answer.clone();
        if self.style == Style::Gitea {
            // The description says nothing of what Go writes for nothing.
            drop_nothing(&mut judged.body);
        }
        for fault in self.style.description().answer_faults(matched, &judged) {
            self.fault(request, &format!("own answer {}: {fault}", answer.status));
        }
    }

    fn limits(&self, state: &State, answer: &mut Answer) {
        for (name, value) in [
            ("x-ratelimit-limit", "5000".to_owned()),
            ("x-ratelimit-remaining", state.remaining.to_string()),
            ("x-ratelimit-used", (5000 - state.remaining).to_string()),
            ("x-ratelimit-reset", state.reset.to_string()),
            ("x-ratelimit-resource", "core".to_owned()),
        ] {
            answer.headers.push((name.to_owned(), value));
        }
    }

    fn unknown(&self, request: &Request, words: &str) -> (String, Answer, Option<Trouble>) {
        self.fault(request, words);
        let body = json!({"message": "Not Found", "documentation_url": "https://docs.github.com/rest", "status": "404"});
        (
            format!("{} {}", request.method, request.path),
            Answer::new(404, body),
            None,
        )
    }

    fn fault(&self, request: &Request, words: &str) {
        let words = format!("{} {}: {words}", request.method, request.path);
        self.faults.lock().unwrap().push(words);
    }

    fn next_trouble(&self, method: &str, paths: &[&str]) -> Option<Trouble> {
        if let Some(left) = &mut *self.writes.lock().unwrap() {
            let is_query = |path: &&str| path.ends_with("#viewer") || path.ends_with("#repository");
            let is_write = method != "GET" && !paths.iter().any(is_query);
            match *left {
                0 => return Some(Trouble::status(401, "Bad credentials")),
                _ if is_write => *left -= 1,
                _ => {}
            }
        }
        let mut all = self.troubles.lock().unwrap();
        let found = all.iter_mut().find(|(wanted, suffix, times, _)| {
            *times > 0 && wanted == method && paths.iter().any(|path| path.ends_with(suffix.as_str()))
        })?;
        found.2 -= 1;
        Some(found.3.clone())
    }
}

fn drop_nothing(value: &mut Value) {
    match value {
        Value::Object(fields) => {
            fields.retain(|_, value| !value.is_null() && *value != "");
            fields.values_mut().for_each(drop_nothing);
        }
        Value::Array(items) => items.iter_mut().for_each(drop_nothing),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}
