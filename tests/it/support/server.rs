//! A small HTTP server on the loopback address that serves what it is given, breaks when it is told to, and
//! remembers who asked for what.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::io::{BufRead, BufReader, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

/// The server; it ends when this is dropped.
pub(crate) struct Server {
    address: SocketAddr,
    shared: Arc<Shared>,
}

#[derive(Default)]
struct Shared {
    files: Mutex<BTreeMap<String, File>>,
    trouble: Mutex<Vec<(String, usize, Trouble)>>,
    hits: Mutex<Vec<Hit>>,
    stop: AtomicBool,
}

#[derive(Clone)]
struct File {
    bytes: Arc<Vec<u8>>,
    tag: Option<String>,
}

/// What goes wrong with the next answer.
#[derive(Clone)]
pub(crate) enum Trouble {
    /// Another status, with `Retry-After` if there is text.
    Status(u16, Option<&'static str>),
    /// The connection ends after so many bytes of the body.
    Cut(usize),
    /// No answer at all, for a while.
    Hang(Duration),
    /// A byte, then a pause, again and again.
    Drip(Duration),
    /// Somewhere else.
    Redirect(String),
    /// The whole file, whatever range was asked for.
    NoRanges,
    /// The body of a partial answer is not where it was asked for.
    WrongRange,
    /// No length, pieces instead.
    Chunked,
}

/// One request as it was answered.
#[derive(Debug, Clone)]
pub(crate) struct Hit {
    pub(crate) path: String,
    pub(crate) headers: BTreeMap<String, String>,
    pub(crate) status: u16,
    pub(crate) sent: usize,
}

impl Server {
    pub(crate) fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a loopback port");
        let address = listener.local_addr().expect("an address");
        let shared = Arc::new(Shared::default());
        let threads = Arc::clone(&shared);
        std::thread::spawn(move || {
            for stream in listener.incoming() {
                if threads.stop.load(Ordering::SeqCst) {
                    return;
                }
                let shared = Arc::clone(&threads);
                // A client that goes away early is no fault of the test.
                std::thread::spawn(move || drop(stream.and_then(|stream| shared.answer(stream))));
            }
        });
        Self { address, shared }
    }

    /// `http://127.0.0.1:port`, then `path`.
    pub(crate) fn address(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }

    /// Serves `bytes` at `path` (as it is requested, percent-encoded) under an entity tag of their own.
    pub(crate) fn put(&self, path: &str, bytes: impl Into<Vec<u8>>) {
        let bytes = bytes.into();
        let tag = blake3::hash(&bytes).to_hex()[..16].to_owned();
        self.put_tagged(path, bytes, Some(&format!("\"{tag}\"")));
    }

    pub(crate) fn put_tagged(&self, path: &str, bytes: impl Into<Vec<u8>>, tag: Option<&str>) {
        let file = File {
            bytes: Arc::new(bytes.into()),
            tag: tag.map(str::to_owned),
        };
        self.shared.files.lock().unwrap().insert(path.to_owned(), file);
    }

    pub(crate) fn remove(&self, path: &str) {
        self.shared.files.lock().unwrap().remove(path);
    }

    /// The next `times` answers for paths that end in `path` go wrong.
    pub(crate) fn trouble(&self, path: &str, times: usize, trouble: Trouble) {
        self.shared
            .trouble
            .lock()
            .unwrap()
            .push((path.to_owned(), times, trouble));
    }

    /// Nothing goes wrong any more.
    pub(crate) fn calm(&self) {
        self.shared.trouble.lock().unwrap().clear();
    }

    /// What was asked since the last call.
    pub(crate) fn hits(&self) -> Vec<Hit> {
        std::mem::take(&mut *self.shared.hits.lock().unwrap())
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.shared.stop.store(true, Ordering::SeqCst);
        drop(TcpStream::connect(self.address));
    }
}

impl Shared {
    fn answer(&self, stream: TcpStream) -> std::io::Result<()> {
        let mut reader = BufReader::new(stream.try_clone()?);
        let mut line = String::new();
        reader.read_line(&mut line)?;
        let path = line.split(' ').nth(1).unwrap_or_default().to_owned();
        let mut headers = BTreeMap::new();
        loop {
            line.clear();
            reader.read_line(&mut line)?;
            match line.trim_end().split_once(": ") {
                Some((name, value)) => headers.insert(name.to_lowercase(), value.to_owned()),
                None => break,
            };
        }
        self.reply(stream, path, headers)
    }

    fn reply(
        &self,
        mut stream: TcpStream,
        path: String,
        headers: BTreeMap<String, String>,
    ) -> std::io::Result<()> {
        let trouble = self.next_trouble(&path);
        let file = self.files.lock().unwrap().get(&path).cloned();
        let mut head = String::new();
        let mut body: Vec<u8> = Vec::new();
        let status;
        match (&trouble, file) {
            (Some(Trouble::Status(code, after)), _) => {
                status = *code;
                if let Some(after) = after {
                    write!(head, "Retry-After: {after}\r\n").unwrap();
                }
            }
            (Some(Trouble::Redirect(target)), _) => {
                status = 302;
                write!(head, "Location: {target}\r\n").unwrap();
            }
            (Some(Trouble::Hang(time)), _) => {
                self.remember(&path, headers, 0, 0);
                std::thread::sleep(*time);
                return Ok(());
            }
            (_, None) => status = 404,
            (_, Some(file)) => {
                let ranges = !matches!(trouble, Some(Trouble::NoRanges));
                (status, body) = file.slice(&headers, ranges, &mut head);
                if matches!(trouble, Some(Trouble::WrongRange)) {
                    head = head.replace("Content-Range: bytes ", "Content-Range: bytes 1");
                }
            }
        }
        let chunked = matches!(trouble, Some(Trouble::Chunked));
        let framing = match chunked {
            true => "Transfer-Encoding: chunked".to_owned(),
            false => format!("Content-Length: {}", body.len()),
        };
        let sent = match trouble {
            Some(Trouble::Cut(after)) => after.min(body.len()),
            _ => body.len(),
        };
        self.remember(&path, headers, status, sent);
        write!(
            stream,
            "HTTP/1.1 {status} It\r\n{head}{framing}\r\nConnection: close\r\n\r\n"
        )?;
        match trouble {
            Some(Trouble::Drip(pause)) => {
                for byte in body {
                    stream.write_all(&[byte])?;
                    stream.flush()?;
                    std::thread::sleep(pause);
                }
            }
            _ if chunked => {
                for piece in body.chunks(1000) {
                    write!(stream, "{:x}\r\n", piece.len())?;
                    stream.write_all(piece)?;
                    stream.write_all(b"\r\n")?;
                }
                stream.write_all(b"0\r\n\r\n")?;
            }
            _ => stream.write_all(&body[..sent])?,
        }
        stream.flush()
    }

    fn next_trouble(&self, path: &str) -> Option<Trouble> {
        let mut all = self.trouble.lock().unwrap();
        let found = all
            .iter_mut()
            .find(|(suffix, times, _)| *times > 0 && path.ends_with(suffix.as_str()))?;
        found.1 -= 1;
        Some(found.2.clone())
    }

    fn remember(&self, path: &str, headers: BTreeMap<String, String>, status: u16, sent: usize) {
        self.hits.lock().unwrap().push(Hit {
            path: path.to_owned(),
            headers,
            status,
            sent,
        });
    }
}

impl File {
    /// The status and the body; what else stands in the head goes to `head`.
    fn slice(&self, headers: &BTreeMap<String, String>, ranges: bool, head: &mut String) -> (u16, Vec<u8>) {
        if let Some(tag) = &self.tag {
            write!(head, "ETag: {tag}\r\n").unwrap();
            if headers.get("if-none-match") == Some(tag) {
                return (304, Vec::new());
            }
        }
        let joins = headers
            .get("if-range")
            .is_none_or(|tag| Some(tag) == self.tag.as_ref());
        let total = self.bytes.len();
        match headers.get("range").filter(|_| ranges && joins) {
            None => (200, self.bytes.to_vec()),
            Some(range) => {
                let (first, last) = range.strip_prefix("bytes=").unwrap().split_once('-').unwrap();
                let first: usize = first.parse().unwrap();
                let last = last.parse().unwrap_or(usize::MAX).min(total.saturating_sub(1));
                if first >= total {
                    write!(head, "Content-Range: bytes */{total}\r\n").unwrap();
                    return (416, Vec::new());
                }
                write!(head, "Content-Range: bytes {first}-{last}/{total}\r\n").unwrap();
                (206, self.bytes[first..=last].to_vec())
            }
        }
    }
}
