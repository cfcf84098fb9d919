//! A project of an index of Python packages, as the Simple Repository API answers in JSON (PEP 691, 700, 714).

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::Value;

/// What an index says of a project.
#[derive(Debug, Deserialize)]
pub struct Project {
    /// What it is called, normalised.
    pub name: String,
    /// Its files, each with the fields of [`File`].
    pub files: Vec<Value>,
}

/// The files that a list of them in `json` holds; none for anything else.
#[must_use]
pub fn files_of(json: &str) -> Vec<File> {
    serde_json::from_str(json).unwrap_or_default()
}

/// A file of a release.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct File {
    /// `requests-2.32.3-py3-none-any.whl`
    pub filename: String,
    /// Where it is; may be relative to the answer's own address.
    pub url: String,
    /// Hashes in hexadecimal digits, by the names of their algorithms: `sha256`.
    #[serde(default)]
    pub hashes: BTreeMap<String, String>,
    /// The versions of Python that it is for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub requires_python: Option<String>,
    /// In bytes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub size: Option<u64>,
    /// When it was uploaded, RFC 3339.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub upload_time: Option<String>,
    /// Whether, and why, nobody is to take it any more.
    #[serde(default)]
    pub yanked: Yanked,
    /// Whether its metadata lies beside it, at its address and `.metadata`.
    #[serde(default)]
    pub core_metadata: CoreMetadata,
}

/// `true`, `false`, or why.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, Serialize)]
#[serde(untagged)]
pub enum Yanked {
    /// Whether.
    Whether(bool),
    /// It is, and why.
    Because(String),
}

impl Default for Yanked {
    fn default() -> Self {
        Self::Whether(false)
    }
}

impl Yanked {
    /// Why it was withdrawn, empty where no reason is given; `None` if it was not.
    #[must_use]
    pub fn reason(&self) -> Option<&str> {
        match self {
            Self::Whether(false) => None,
            Self::Whether(true) => Some(""),
            Self::Because(reason) => Some(reason),
        }
    }
}

/// What is said of the metadata beside a file.
#[derive(Debug, Clone, PartialEq, Eq, Default, Deserialize, Serialize)]
#[serde(untagged)]
pub enum CoreMetadata {
    /// It is there, with these hashes.
    Hashes(BTreeMap<String, String>),
    /// Whether it is there.
    Whether(bool),
    /// Nothing is said.
    #[default]
    Unsaid,
}

impl File {
    /// A file as an index lists it. Fields of another form than the specification's count as absent; `None` for one without a
    /// name or an address.
    #[must_use]
    pub fn of(value: &Value) -> Option<Self> {
        let text = |key: &str| value.get(key).and_then(Value::as_str).map(str::to_owned);
        let hashes = |value: Option<&Value>| {
            let entries = value.and_then(Value::as_object).into_iter().flatten();
            let entries = entries.filter_map(|(name, hash)| Some((name.clone(), hash.as_str()?.to_owned())));
            entries.collect::<BTreeMap<String, String>>()
        };
        // The later names of PEP 714 count first.
        let keys = ["core-metadata", "dist-info-metadata", "data-dist-info-metadata"];
        let metadata = keys.into_iter().find_map(|key| value.get(key));
        Some(Self {
            filename: text("filename")?,
            url: text("url")?,
            hashes: hashes(value.get("hashes")),
            requires_python: text("requires-python"),
            size: value.get("size").and_then(Value::as_u64),
            upload_time: text("upload-time"),
            yanked: match value.get("yanked") {
                Some(Value::String(reason)) => Yanked::Because(reason.clone()),
                Some(Value::Bool(whether)) => Yanked::Whether(*whether),
                _ => Yanked::default(),
            },
            core_metadata: match metadata {
                Some(Value::Bool(whether)) => CoreMetadata::Whether(*whether),
                Some(Value::Object(_)) => CoreMetadata::Hashes(hashes(metadata)),
                _ => CoreMetadata::Unsaid,
            },
        })
    }

    /// Its name is that of a wheel.
    #[must_use]
    pub fn is_wheel(&self) -> bool {
        self.filename.ends_with(".whl")
    }
}
