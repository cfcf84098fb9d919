//! Responses of GitHub's REST API, as far as it is read.

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use jiff::Timestamp;
use serde::Deserialize;

use crate::forge::ApiError;
use crate::forge::resource::{self, Processing};
use crate::forge::response::Object;

#[derive(Deserialize)]
pub(super) struct Reference {
    pub object: Object,
}

#[derive(Deserialize)]
pub(super) struct Commit {
    sha: String,
    tree: Object,
    parents: Vec<Object>,
    committer: Signature,
    #[serde(default)]
    message: String,
}

#[derive(Deserialize)]
struct Signature {
    date: Timestamp,
}

impl Commit {
    pub fn into_resource(self) -> resource::Commit {
        resource::Commit {
            id: self.sha,
            tree: self.tree.sha,
            parents: self.parents.into_iter().map(|parent| parent.sha).collect(),
            committed: self.committer.date,
            message: self.message,
        }
    }
}

#[derive(Deserialize)]
pub(super) struct Blob {
    content: String,
    encoding: String,
}

impl Blob {
    /// Its bytes.
    pub fn bytes(self) -> Result<Vec<u8>, ApiError> {
        match self.encoding.as_str() {
            "base64" => {
                let dense: Vec<u8> = self
                    .content
                    .bytes()
                    .filter(|byte| !byte.is_ascii_whitespace())
                    .collect();
                BASE64_STANDARD
                    .decode(dense)
                    .map_err(|_| ApiError::Unreadable("a file's content is no base64".into()))
            }
            "utf-8" => Ok(self.content.into_bytes()),
            _ => Err(ApiError::Unreadable(
                "a file's content is in an unknown encoding".into(),
            )),
        }
    }
}

#[derive(Deserialize)]
pub(super) struct Receipt {
    pub id: String,
}

#[derive(Deserialize)]
pub(super) struct Upload {
    processing_status: Option<String>,
    errors: Option<Vec<String>>,
}

impl Upload {
    pub fn into_resource(self) -> Processing {
        match self.processing_status.as_deref() {
            Some("complete") => Processing::Complete,
            Some("failed") => Processing::Failed(self.errors.unwrap_or_default()),
            Some(_) | None => Processing::Pending,
        }
    }
}
