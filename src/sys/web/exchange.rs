//! One request and its answer, whatever its status: what an API is asked with. Nothing is tried again here, because only
//! the caller knows whether a request may be sent twice.

use std::error::Error;
use std::time::Duration;

use reqwest::header::{HeaderMap, HeaderName, HeaderValue};
use reqwest::{Client, Method};

use super::{Address, Fault, Web};

/// An answer of an API is whole within this time.
const LONGEST: Duration = Duration::from_secs(120);

/// What is sent.
#[derive(Debug)]
pub struct Ask {
    /// How.
    pub method: Method,
    /// Where.
    pub address: Address,
    /// Beside those that every request has. Mark what is secret as sensitive.
    pub headers: Vec<(HeaderName, HeaderValue)>,
    /// The body.
    pub body: Option<Vec<u8>>,
    /// A longer answer is refused.
    pub limit: u64,
}

/// What came back.
#[derive(Debug, Clone, Default)]
pub struct Answered {
    /// The HTTP status.
    pub status: u16,
    /// The head.
    pub headers: HeaderMap,
    /// The body.
    pub body: Vec<u8>,
}

impl Answered {
    /// The text of a header; `None` if it is not there or not readable.
    #[must_use]
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name)?.to_str().ok()
    }
}

impl Web {
    /// Sends `ask` and gives what came back. A redirect is an answer like any other.
    ///
    /// # Errors
    /// A [`Fault`] where no answer came, or one that is longer than allowed.
    pub async fn exchange(&self, ask: Ask) -> Result<Answered, Fault> {
        let whole = self.settings.whole.min(LONGEST);
        match tokio::time::timeout(whole, self.exchange_patiently(ask)).await {
            Ok(answer) => answer,
            Err(_) => Err(Fault::Overdue(whole)),
        }
    }

    async fn exchange_patiently(&self, ask: Ask) -> Result<Answered, Fault> {
        let mut builder = self
            .client(&ask.address)?
            .request(ask.method, ask.address.url().clone());
        for (name, value) in ask.headers {
            builder = builder.header(name, value);
        }
        if let Some(body) = ask.body {
            builder = builder.body(body);
        }
        let mut response = builder
            .send()
            .await
            .map_err(|error| Fault::of(error, &self.settings))?;
        let mut answered = Answered {
            status: response.status().as_u16(),
            headers: std::mem::take(response.headers_mut()),
            body: Vec::new(),
        };
        loop {
            let chunk = response
                .chunk()
                .await
                .map_err(|error| Fault::of(error, &self.settings))?;
            let Some(chunk) = chunk else {
                return Ok(answered);
            };
            if (answered.body.len() + chunk.len()) as u64 > ask.limit {
                return Err(Fault::TooLarge { limit: ask.limit });
            }
            answered.body.extend_from_slice(&chunk);
        }
    }

    /// The client that requests to `address` go through, for an adapter that brings a library of its own: it has the
    /// timeouts, proxies and certificates of this one.
    ///
    /// # Errors
    /// A [`Fault`] where no client can be built.
    pub fn client_for(&self, address: &Address) -> Result<Client, Fault> {
        self.client(address)
    }

    /// What an error of such a library means.
    #[must_use]
    pub fn fault(&self, error: &(dyn Error + 'static)) -> Fault {
        Fault::within(error, &self.settings)
    }
}
