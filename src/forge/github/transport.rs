//! Sends calls through `octocrab`, over our own HTTP client: with its proxies, certificates and timeouts.
//!
//! The token goes into each request by hand, marked as sensitive, so that no log of a header shows it. GraphQL has a client
//! of its own, because on Enterprise Server it is beside the REST API and not below it (`/api/graphql`, `/api/v3`).

use std::pin::Pin;
use std::sync::{Arc, OnceLock};

use http::request;
use http_body_util::BodyExt as _;
use octocrab::Octocrab;
use reqwest::header::{ACCEPT, AUTHORIZATION, HeaderValue};
use secrecy::{ExposeSecret, SecretString};

use super::graphql;
use crate::forge::client::{Call, Side, Transport, bearer};
use crate::forge::{ApiError, ForgeError, TokenKind};
use crate::sys::web::{Address, HttpError, HttpResponse, Web};

/// The JSON of the REST API.
const JSON: &str = "application/vnd.github+json";

/// Both sides of the API.
pub struct GitHubTransport {
    web: Arc<Web>,
    api: Address,
    graphql: Address,
    token: Option<HeaderValue>,
    rest_client: OnceLock<Octocrab>,
    graph_client: OnceLock<Octocrab>,
}

impl GitHubTransport {
    /// # Errors
    /// [`ApiError::Unusable`] for a token that no header can carry.
    pub fn new(
        web: Arc<Web>,
        api: Address,
        graphql: Option<Address>,
        token: Option<SecretString>,
    ) -> Result<Self, ForgeError> {
        let token = token.map(|token| bearer("Bearer", &token)).transpose()?;
        Ok(Self {
            web,
            graphql: graphql_base(&api, graphql),
            api,
            token,
            rest_client: OnceLock::new(),
            graph_client: OnceLock::new(),
        })
    }

    fn client(&self, side: Side) -> Result<&Octocrab, ApiError> {
        let (cell, base) = match side {
            Side::Rest => (&self.rest_client, &self.api),
            Side::Graph => (&self.graph_client, &self.graphql),
        };
        if let Some(client) = cell.get() {
            return Ok(client);
        }
        let http = self.web.client_for(base)?;
        let client = Octocrab::builder()
            .base_uri(base.to_string())
            .and_then(|builder| builder.build_with_reqwest(http))
            .map_err(|_| ApiError::Unusable(format!("{base} is no address of an API")))?;
        Ok(cell.get_or_init(|| client))
    }

    async fn once(&self, call: &Call) -> Result<HttpResponse, ApiError> {
        let client = self.client(call.side)?;
        let route = match call.side {
            Side::Rest => call.route.as_str(),
            Side::Graph => "/graphql",
        };
        let mut builder = request::Builder::new()
            .method(call.method.clone())
            .uri(route)
            .header(ACCEPT, JSON);
        if let Some(token) = &self.token {
            builder = builder.header(AUTHORIZATION, token.clone());
        }
        let request = client
            .build_request(builder, call.body.as_ref())
            .map_err(|error| ApiError::Unreadable(error.to_string()))?;
        let response = client.send(request).await.map_err(|error| self.error(&error))?;
        let (head, mut body) = response.into_parts();
        let mut response = HttpResponse {
            status: head.status.as_u16(),
            headers: head.headers,
            body: Vec::new(),
        };
        while let Some(frame) = body.frame().await {
            let frame = frame.map_err(|error| self.error(&error))?;
            let Some(bytes) = frame.data_ref() else { continue };
            if (response.body.len() + bytes.len()) as u64 > call.limit {
                return Err(ApiError::Http(HttpError::TooLarge { limit: call.limit }));
            }
            response.body.extend_from_slice(bytes);
        }
        match call.side {
            Side::Rest => Ok(response),
            Side::Graph => graphql::checked(response),
        }
    }

    fn error(&self, error: &octocrab::Error) -> ApiError {
        self.web.http_error(error).into()
    }
}

impl Transport for GitHubTransport {
    fn send<'w>(
        &'w self,
        call: &'w Call,
    ) -> Pin<Box<dyn Future<Output = Result<HttpResponse, ApiError>> + Send + 'w>> {
        Box::pin(self.once(call))
    }
}

/// The base of `/graphql`.
fn graphql_base(api: &Address, graphql: Option<Address>) -> Address {
    let given = graphql.map(|address| address.to_string());
    let api_text = api.to_string();
    let base = match &given {
        Some(given) => given.trim_end_matches('/').strip_suffix("/graphql"),
        None => api_text.trim_end_matches('/').strip_suffix("/v3"),
    };
    base.and_then(|base| Address::parse(base).ok())
        .unwrap_or_else(|| api.clone())
}

/// The kind of a token by its prefix (GitHub, "Token formats"). That of a workflow looks like that of any other app.
pub(super) fn token_kind(token: Option<&SecretString>) -> TokenKind {
    let Some(token) = token.map(ExposeSecret::expose_secret) else {
        return TokenKind::Nothing;
    };
    let is_old = token.len() == 40 && token.bytes().all(|byte| byte.is_ascii_hexdigit());
    match token.split_once('_') {
        Some(("ghs", _)) => TokenKind::App,
        Some(("github", rest)) if rest.starts_with("pat_") => TokenKind::FineGrained,
        Some(("ghp", _)) => TokenKind::Classic,
        Some(("ghu" | "gho", _)) => TokenKind::User,
        Some(_) | None if is_old => TokenKind::Classic,
        Some(_) | None => TokenKind::Other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn graphql_lies_where_the_server_has_it() {
        let base = |api: &str, given: Option<&str>| {
            let given = given.map(|given| Address::parse(given).expect("an address"));
            graphql_base(&Address::parse(api).expect("an address"), given).to_string()
        };
        assert_eq!(base("https://api.github.com", None), "https://api.github.com/");
        assert_eq!(
            base("https://ghes.example/api/v3", None),
            "https://ghes.example/api"
        );
        let given = Some("https://ghes.example/api/graphql");
        assert_eq!(
            base("https://ghes.example/api/v3/", given),
            "https://ghes.example/api"
        );
    }

    #[test]
    fn tokens_tell_their_kind_and_nothing_else() {
        let kind = |text: &str| token_kind(Some(&SecretString::from(text)));
        assert_eq!(token_kind(None), TokenKind::Nothing);
        assert_eq!(kind("ghs_x"), TokenKind::App);
        assert_eq!(kind("github_pat_x"), TokenKind::FineGrained);
        assert_eq!(kind("ghp_x"), TokenKind::Classic);
        assert_eq!(kind("ghu_x"), TokenKind::User);
        assert_eq!(kind(&"0a".repeat(20)), TokenKind::Classic);
        assert_eq!(kind("x"), TokenKind::Other);
    }
}
