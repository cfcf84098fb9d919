//! Sends calls through our own HTTP client.

use std::pin::Pin;
use std::sync::Arc;

use reqwest::header::{ACCEPT, AUTHORIZATION, CONTENT_TYPE, HeaderValue};

use crate::forge::ApiError;
use crate::forge::client::{Call, Transport};
use crate::sys::web::{Address, HttpRequest, HttpResponse, Web};

/// Sends calls as they are.
pub(super) struct GiteaTransport {
    web: Arc<Web>,
    api: Address,
    token: Option<HeaderValue>,
}

impl GiteaTransport {
    pub(super) fn new(web: Arc<Web>, api: Address, token: Option<HeaderValue>) -> Self {
        Self { web, api, token }
    }
}

impl Transport for GiteaTransport {
    fn send<'w>(
        &'w self,
        call: &'w Call,
    ) -> Pin<Box<dyn Future<Output = Result<HttpResponse, ApiError>> + Send + 'w>> {
        Box::pin(async move {
            let mut headers = vec![(ACCEPT, HeaderValue::from_static("application/json"))];
            headers.extend(self.token.clone().map(|token| (AUTHORIZATION, token)));
            let body = match &call.body {
                None => None,
                Some(body) => {
                    headers.push((CONTENT_TYPE, HeaderValue::from_static("application/json")));
                    Some(body.to_string().into_bytes())
                }
            };
            let base = self.api.to_string();
            let address = Address::parse(&format!("{}{}", base.trim_end_matches('/'), call.route))
                .map_err(|error| ApiError::Unusable(error.to_string()))?;
            let request = HttpRequest {
                method: call.method.clone(),
                address,
                headers,
                body,
                limit: call.limit,
            };
            self.web.request(request).await.map_err(ApiError::Http)
        })
    }
}
