//! Sends calls through our own HTTP client.

use std::pin::Pin;
use std::sync::Arc;

use reqwest::header::{ACCEPT, AUTHORIZATION, CONTENT_TYPE, HeaderValue};

use crate::forge::Trouble;
use crate::forge::exchange::{Call, Wire};
use crate::sys::web::{Address, Answered, Ask, Web};

/// Sends calls as they are.
pub(super) struct Plain {
    web: Arc<Web>,
    api: Address,
    token: Option<HeaderValue>,
}

impl Plain {
    pub(super) fn new(web: Arc<Web>, api: Address, token: Option<HeaderValue>) -> Self {
        Self { web, api, token }
    }
}

impl Wire for Plain {
    fn send<'w>(
        &'w self,
        call: &'w Call,
    ) -> Pin<Box<dyn Future<Output = Result<Answered, Trouble>> + Send + 'w>> {
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
                .map_err(|error| Trouble::Unusable(error.to_string()))?;
            let ask = Ask {
                method: call.method.clone(),
                address,
                headers,
                body,
                limit: call.limit,
            };
            self.web.exchange(ask).await.map_err(Trouble::Web)
        })
    }
}
