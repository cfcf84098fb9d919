//! One request and its answer, whatever its status: what an API is asked with. Nothing is tried again here, because only
//! the caller knows whether a request may be sent twice.

use std::error::Error;
use std::time::Duration;

use reqwest::header::{HeaderMap, HeaderName, HeaderValue};
use reqwest::{Client, Method};

use super::{Address, HttpError, Web};

/// An answer of an API is whole within this time.
const MAX_TIME: Duration = Duration::from_secs(120);

/// A request to an API.
#[derive(Debug)]
pub struct HttpRequest {
    /// The method.
    pub method: Method,
    /// The address.
    pub address: Address,
    /// Beside those that every request has. Mark what is secret as sensitive.
    pub headers: Vec<(HeaderName, HeaderValue)>,
    /// The body.
    pub body: Option<Vec<u8>>,
    /// A longer answer is refused.
    pub limit: u64,
}

/// The response of an API.
#[derive(Debug, Clone, Default)]
pub struct HttpResponse {
    /// The HTTP status.
    pub status: u16,
    /// The head.
    pub headers: HeaderMap,
    /// The body.
    pub body: Vec<u8>,
}

impl HttpResponse {
    /// The text of a header; `None` if it is not there or not readable.
    #[must_use]
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name)?.to_str().ok()
    }
}

impl Web {
    /// Sends `request` and returns the response. A redirect is an answer like any other.
    ///
    /// # Errors
    /// [`HttpError`] if no response came, or one over the limit.
    pub async fn request(&self, request: HttpRequest) -> Result<HttpResponse, HttpError> {
        let whole = self.settings.whole.min(MAX_TIME);
        match tokio::time::timeout(whole, self.send_request(request)).await {
            Ok(answer) => answer,
            Err(_) => Err(HttpError::Overdue(whole)),
        }
    }

    async fn send_request(&self, request: HttpRequest) -> Result<HttpResponse, HttpError> {
        let mut builder = self
            .client(&request.address)?
            .request(request.method, request.address.url().clone());
        for (name, value) in request.headers {
            builder = builder.header(name, value);
        }
        if let Some(body) = request.body {
            builder = builder.body(body);
        }
        let mut incoming = builder
            .send()
            .await
            .map_err(|error| self.unsent(&request.address, error))?;
        let mut response = HttpResponse {
            status: incoming.status().as_u16(),
            headers: std::mem::take(incoming.headers_mut()),
            body: Vec::new(),
        };
        loop {
            let chunk = incoming
                .chunk()
                .await
                .map_err(|error| HttpError::of(error, &self.settings))?;
            let Some(chunk) = chunk else {
                return Ok(response);
            };
            if (response.body.len() + chunk.len()) as u64 > request.limit {
                return Err(HttpError::TooLarge { limit: request.limit });
            }
            response.body.extend_from_slice(&chunk);
        }
    }

    /// The client that requests to `address` go through, for an adapter that brings a library of its own: it has the
    /// timeouts, proxies and certificates of this one.
    ///
    /// # Errors
    /// A [`HttpError`] where no client can be built.
    pub fn client_for(&self, address: &Address) -> Result<Client, HttpError> {
        self.client(address)
    }

    /// What an error of such a library means.
    #[must_use]
    pub fn http_error(&self, error: &(dyn Error + 'static)) -> HttpError {
        HttpError::within(error, &self.settings)
    }
}
