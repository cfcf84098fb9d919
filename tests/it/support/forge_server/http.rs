//! Requests as they come over a connection, and answers as they go, whole or broken.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::io::{self, BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::time::Duration;

use serde_json::{Value, json};

/// A connection, plain or under TLS.
pub(crate) enum Stream {
    Plain(TcpStream),
    Tls(Box<rustls::StreamOwned<rustls::ServerConnection, TcpStream>>),
}

/// One request as it came.
#[derive(Debug, Clone)]
pub(crate) struct Request {
    pub(crate) method: String,
    /// The path as it was sent, still encoded, without the query.
    pub(crate) path: String,
    /// The query, decoded.
    pub(crate) query: Vec<(String, String)>,
    /// Names in lower case.
    pub(crate) headers: BTreeMap<String, String>,
    pub(crate) body: Vec<u8>,
}

impl Request {
    /// The body as JSON, or null.
    pub(crate) fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_default()
    }

    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).map(String::as_str)
    }

    /// Reads one request; nothing where the client only connected.
    pub(crate) fn read(stream: &mut BufReader<Stream>) -> io::Result<Option<Self>> {
        let mut line = String::new();
        stream.read_line(&mut line)?;
        if line.trim().is_empty() {
            return Ok(None);
        }
        let mut words = line.split_whitespace();
        let method = words.next().unwrap_or_default().to_owned();
        let target = words.next().unwrap_or_default().to_owned();
        let mut headers = BTreeMap::new();
        loop {
            line.clear();
            stream.read_line(&mut line)?;
            match line.trim_end().split_once(':') {
                Some((name, value)) => headers.insert(name.to_lowercase(), value.trim().to_owned()),
                None => break,
            };
        }
        if headers.get("expect").is_some_and(|value| value == "100-continue") {
            stream.get_mut().write_all(b"HTTP/1.1 100 Continue\r\n\r\n")?;
        }
        let mut body = Vec::new();
        if headers
            .get("transfer-encoding")
            .is_some_and(|value| value == "chunked")
        {
            read_chunks(stream, &mut body)?;
        } else if let Some(length) = headers.get("content-length") {
            body = vec![0; length.parse().map_err(io::Error::other)?];
            stream.read_exact(&mut body)?;
        }
        let (path, query) = target.split_once('?').unwrap_or((&target, ""));
        Ok(Some(Self {
            method,
            path: path.to_owned(),
            query: pairs(query),
            headers,
            body,
        }))
    }
}

/// What the server says.
#[derive(Debug, Clone)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) headers: Vec<(String, String)>,
    /// Null for no body.
    pub(crate) body: Value,
}

impl Answer {
    pub(crate) fn new(status: u16, body: Value) -> Self {
        Self {
            status,
            headers: Vec::new(),
            body,
        }
    }

    pub(crate) fn with(mut self, name: &str, value: impl ToString) -> Self {
        self.headers.push((name.to_owned(), value.to_string()));
        self
    }
}

/// What goes wrong with an answer.
#[derive(Debug, Clone)]
pub(crate) enum Trouble {
    /// Something else is said, and nothing is done.
    Answer {
        status: u16,
        headers: Vec<(&'static str, String)>,
        body: String,
    },
    /// Nothing is done and nothing is said, for so long.
    Hang(Duration),
    /// The request is carried out, but the answer ends after so many bytes of its body.
    Cut(usize),
    /// The request is carried out, but the connection ends without a word.
    Lost,
    /// The request is carried out; instead of the answer there is a page for people, with status 200.
    Page,
    /// The request is carried out; so many spaces come before the answer.
    Huge(usize),
}

impl Trouble {
    /// A status and a body as GitHub writes it.
    pub(crate) fn status(status: u16, message: &str) -> Self {
        Self::Answer {
            status,
            headers: Vec::new(),
            body: json!({"message": message, "documentation_url": "https://docs.github.com/rest", "status": status.to_string()})
                .to_string(),
        }
    }

    /// What a proxy before the forge says when the forge is down.
    pub(crate) fn unavailable(status: u16) -> Self {
        Self::Answer {
            status,
            headers: vec![("Content-Type", "text/html".to_owned())],
            body: "<html><body><h1>Unicorn!</h1></body></html>".to_owned(),
        }
    }

    /// Too many requests in too short a time.
    pub(crate) fn secondary_limit(status: u16, retry_after: Option<&str>) -> Self {
        Self::Answer {
            status,
            headers: retry_after
                .map(|seconds| ("Retry-After", seconds.to_owned()))
                .into_iter()
                .collect(),
            body: json!({
                "documentation_url": "https://docs.github.com/free-pro-team@latest/rest/overview/rate-limits-for-the-rest-api#about-secondary-rate-limits",
                "message": "You have exceeded a secondary rate limit. Please wait a few minutes before you try again. \
                            If you reach out to GitHub Support for help, please include the request ID 0000:1111:2222.",
            })
            .to_string(),
        }
    }

    /// All requests of the hour are used up; `reset` is in seconds since 1970.
    pub(crate) fn primary_limit(status: u16, reset: i64) -> Self {
        Self::Answer {
            status,
            headers: vec![
                ("x-ratelimit-limit", "5000".to_owned()),
                ("x-ratelimit-remaining", "0".to_owned()),
                ("x-ratelimit-used", "5000".to_owned()),
                ("x-ratelimit-reset", reset.to_string()),
                ("x-ratelimit-resource", "core".to_owned()),
            ],
            body: json!({
                "message": "API rate limit exceeded for installation ID 1234567.",
                "documentation_url": "https://docs.github.com/rest/overview/rate-limits-for-the-rest-api",
                "status": status.to_string(),
            })
            .to_string(),
        }
    }

    pub(crate) fn redirect(status: u16, location: &str) -> Self {
        Self::Answer {
            status,
            headers: vec![("Location", location.to_owned())],
            body: json!({"message": "Moved Permanently", "url": location}).to_string(),
        }
    }
}

/// Sends the answer, or what becomes of it.
pub(crate) fn send(stream: &mut Stream, answer: &Answer, trouble: Option<&Trouble>) -> io::Result<()> {
    let mut body = match &answer.body {
        Value::Null => Vec::new(),
        body => body.to_string().into_bytes(),
    };
    let mut status = answer.status;
    let mut headers = answer.headers.clone();
    let mut sent = usize::MAX;
    match trouble {
        None => {}
        Some(Trouble::Answer {
            status: other,
            headers: others,
            body: words,
        }) => {
            status = *other;
            headers = others
                .iter()
                .map(|(name, value)| ((*name).to_owned(), value.clone()))
                .collect();
            body = words.clone().into_bytes();
        }
        Some(Trouble::Hang(time)) => {
            std::thread::sleep(*time);
            return Ok(());
        }
        Some(Trouble::Lost) => return Ok(()),
        Some(Trouble::Cut(after)) => sent = *after,
        Some(Trouble::Page) => {
            status = 200;
            headers = vec![("Content-Type".to_owned(), "text/html; charset=utf-8".to_owned())];
            body = b"<!DOCTYPE html><title>Sign in to the network</title>".to_vec();
        }
        Some(Trouble::Huge(size)) => {
            let mut longer = vec![b' '; *size];
            longer.append(&mut body);
            body = longer;
        }
    }
    let mut head = format!("HTTP/1.1 {status} It\r\n");
    if !headers
        .iter()
        .any(|(name, _)| name.eq_ignore_ascii_case("content-type"))
        && !body.is_empty()
    {
        head.push_str("Content-Type: application/json; charset=utf-8\r\n");
    }
    for (name, value) in &headers {
        write!(head, "{name}: {value}\r\n").unwrap();
    }
    if status != 204 {
        write!(head, "Content-Length: {}\r\n", body.len()).unwrap();
    }
    head.push_str("Connection: close\r\n\r\n");
    stream.write_all(head.as_bytes())?;
    stream.write_all(&body[..sent.min(body.len())])?;
    stream.finish()
}

impl Stream {
    /// Says that no more comes, as TLS wants it said.
    fn finish(&mut self) -> io::Result<()> {
        if let Self::Tls(stream) = self {
            stream.conn.send_close_notify();
        }
        self.flush()
    }
}

impl Read for Stream {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        match self {
            Self::Plain(stream) => stream.read(buffer),
            Self::Tls(stream) => stream.read(buffer),
        }
    }
}

impl Write for Stream {
    fn write(&mut self, buffer: &[u8]) -> io::Result<usize> {
        match self {
            Self::Plain(stream) => stream.write(buffer),
            Self::Tls(stream) => stream.write(buffer),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        match self {
            Self::Plain(stream) => stream.flush(),
            Self::Tls(stream) => stream.flush(),
        }
    }
}

fn read_chunks(stream: &mut BufReader<Stream>, body: &mut Vec<u8>) -> io::Result<()> {
    loop {
        let mut line = String::new();
        stream.read_line(&mut line)?;
        let size = usize::from_str_radix(line.trim(), 16).map_err(io::Error::other)?;
        let start = body.len();
        body.resize(start + size, 0);
        stream.read_exact(&mut body[start..])?;
        line.clear();
        stream.read_line(&mut line)?;
        if size == 0 {
            return Ok(());
        }
    }
}

/// The decoded pairs of a query.
pub(crate) fn pairs(query: &str) -> Vec<(String, String)> {
    query
        .split('&')
        .filter(|pair| !pair.is_empty())
        .map(|pair| {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            (
                decoded(&name.replace('+', " ")),
                decoded(&value.replace('+', " ")),
            )
        })
        .collect()
}

/// Text without percent signs.
pub(crate) fn decoded(text: &str) -> String {
    let mut bytes = Vec::new();
    let mut rest = text.as_bytes();
    while let [first, tail @ ..] = rest {
        let code = tail
            .get(..2)
            .and_then(|digits| std::str::from_utf8(digits).ok())
            .and_then(|digits| u8::from_str_radix(digits, 16).ok());
        match (first, code) {
            (b'%', Some(code)) => {
                bytes.push(code);
                rest = &tail[2..];
            }
            (other, _) => {
                bytes.push(*other);
                rest = tail;
            }
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}
