//! A proxy on the loopback address that takes every request to one server, whatever name it asks for.

use std::io::{BufRead, BufReader, Read as _, Write as _};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};

/// The proxy; it ends when this is dropped.
pub(crate) struct Proxy {
    address: SocketAddr,
    shared: Arc<Shared>,
}

struct Shared {
    target: SocketAddr,
    /// What `Proxy-Authorization` has to say.
    credentials: Option<String>,
    seen: Mutex<Vec<String>>,
    stop: AtomicBool,
}

impl Proxy {
    /// Leads to `target`; whoever does not say `credentials` is turned away.
    pub(crate) fn start(target: SocketAddr, credentials: Option<&str>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a loopback port");
        let address = listener.local_addr().expect("an address");
        let shared = Arc::new(Shared {
            target,
            credentials: credentials.map(str::to_owned),
            seen: Mutex::default(),
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
                std::thread::spawn(move || drop(stream.and_then(|stream| shared.lead(stream))));
            }
        });
        Self { address, shared }
    }

    /// For `HTTP_PROXY` and `HTTPS_PROXY`.
    pub(crate) fn address(&self) -> String {
        format!("http://{}", self.address)
    }

    /// The first lines of all requests since the last call.
    pub(crate) fn seen(&self) -> Vec<String> {
        std::mem::take(&mut *self.shared.seen.lock().unwrap())
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.shared.stop.store(true, Ordering::SeqCst);
        drop(TcpStream::connect(self.address));
    }
}

impl Shared {
    fn lead(&self, stream: TcpStream) -> std::io::Result<()> {
        let mut answers = stream.try_clone()?;
        let mut reader = BufReader::new(stream);
        let mut first = String::new();
        reader.read_line(&mut first)?;
        if first.trim().is_empty() {
            return Ok(());
        }
        self.seen.lock().unwrap().push(first.trim().to_owned());
        let mut head = String::new();
        let mut credentials = None;
        loop {
            let mut line = String::new();
            reader.read_line(&mut line)?;
            if line.trim().is_empty() {
                break;
            }
            match line.split_once(':') {
                Some((name, value)) if name.eq_ignore_ascii_case("proxy-authorization") => {
                    credentials = Some(value.trim().to_owned());
                }
                _ => head.push_str(&line),
            }
        }
        if self.credentials.is_some() && self.credentials != credentials {
            return answers.write_all(
                b"HTTP/1.1 407 Proxy Authentication Required\r\nProxy-Authenticate: Basic realm=\"test\"\r\n\
                  Content-Length: 0\r\nConnection: close\r\n\r\n",
            );
        }
        let mut server = TcpStream::connect(self.target)?;
        let mut words = first.split_whitespace();
        match (words.next(), words.next()) {
            (Some("CONNECT"), _) => answers.write_all(b"HTTP/1.1 200 Connection established\r\n\r\n")?,
            (Some(method), Some(target)) => {
                let path = target.splitn(4, '/').nth(3).unwrap_or_default();
                write!(server, "{method} /{path} HTTP/1.1\r\n{head}\r\n")?;
            }
            _ => return Ok(()),
        }
        let mut back = server.try_clone()?;
        let there = std::thread::spawn(move || {
            let mut buffer = [0; 16_384];
            while let Ok(length @ 1..) = reader.read(&mut buffer) {
                if server.write_all(&buffer[..length]).is_err() {
                    break;
                }
            }
            drop(server.shutdown(Shutdown::Write));
        });
        std::io::copy(&mut back, &mut answers)?;
        drop(answers.shutdown(Shutdown::Both));
        drop(there.join());
        Ok(())
    }
}
