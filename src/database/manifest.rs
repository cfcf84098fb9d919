//! The manifest of a publication: which files there are, what each holds, and how it is known again.
//!
//! Every file is named by the SHA-256 of its bytes, so that what a manifest names is never another file of the same
//! name, and the manifest is written after all files: a reader of it finds one state of the publication, never half
//! of two. Its signature is named by the SHA-256 of the manifest for the same reason.

use std::collections::BTreeSet;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

/// The name of every manifest. An address or a folder is known for a publication by it.
pub const NAME: &str = "lockkeeper-index.json";

/// A manifest has some kilobytes; a larger one is refused.
pub const LIMIT: u64 = 256 << 10;

/// The largest index that a publication may hold.
pub const INDEX_LIMIT: u64 = 2 << 30;

/// The ending of an index's name.
pub const INDEX_ENDING: &str = ".lkdb";

/// The ending of a signature's name.
pub const SIGNATURE_ENDING: &str = ".minisig";

const SCHEMA: &str = "lockkeeper.index/1";

/// Every version of the schema begins so.
const SCHEMA_PREFIX: &str = "lockkeeper.index/";

/// More files than this are refused; OSV has some 40 ecosystems.
const MAX_FILES: usize = 1000;

/// A manifest.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Manifest {
    /// When its indexes were built, all of them; whole seconds.
    pub built: Timestamp,
    /// Its indexes: one of everything first, then one an ecosystem.
    pub files: Vec<File>,
}

/// An index of a publication.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct File {
    /// The ecosystems that it holds whole: OSV's names, without suffixes, sorted.
    pub ecosystems: Vec<String>,
    /// Its size.
    pub bytes: u64,
    /// The SHA-256 of its bytes: 64 hexadecimal digits.
    pub sha256: String,
    /// What the index calls itself: `sha256:` of its header page.
    pub digest: String,
}

impl File {
    /// Its name, which follows from its bytes.
    #[must_use]
    pub fn name(&self) -> String {
        format!("{}{INDEX_ENDING}", self.sha256)
    }
}

/// Why bytes are no manifest.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BadManifest {
    /// Something else.
    #[error("this is no manifest of an advisory database: {0}")]
    Foreign(String),
    /// For a later program.
    #[error("the manifest is made for a newer lockkeeper")]
    Newer,
    /// It says what cannot be.
    #[error("the manifest is not sound: {0}")]
    Unsound(String),
}

#[derive(Serialize, Deserialize)]
struct Document {
    schema: String,
    built: Timestamp,
    files: Vec<FileRow>,
}

#[derive(Serialize, Deserialize)]
struct FileRow {
    name: String,
    ecosystems: Vec<String>,
    bytes: u64,
    sha256: String,
    digest: String,
}

#[derive(Deserialize)]
struct Head {
    schema: String,
}

impl Manifest {
    /// Reads a manifest. Fields that it does not know are passed over.
    ///
    /// # Errors
    /// [`BadManifest`]. Texts of the manifest are escaped.
    pub fn parse(bytes: &[u8]) -> Result<Self, BadManifest> {
        let foreign = |error: serde_json::Error| BadManifest::Foreign(error.to_string());
        let Head { schema } = serde_json::from_slice(bytes).map_err(foreign)?;
        match schema.strip_prefix(SCHEMA_PREFIX) {
            None => return Err(BadManifest::Foreign(format!("its schema is {}", shown(&schema)))),
            Some(_) if schema == SCHEMA => {}
            Some(_) => return Err(BadManifest::Newer),
        }
        let document: Document = serde_json::from_slice(bytes).map_err(foreign)?;
        if document.files.is_empty() || document.files.len() > MAX_FILES {
            return Err(BadManifest::Unsound(format!(
                "it names {} files",
                document.files.len()
            )));
        }
        let files = document.files.into_iter().map(sound).collect::<Result<_, _>>();
        Ok(Self {
            built: document.built,
            files: files?,
        })
    }

    /// Its bytes: the same manifest, the same bytes.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        let row = |file: &File| FileRow {
            name: file.name(),
            ecosystems: file.ecosystems.clone(),
            bytes: file.bytes,
            sha256: file.sha256.clone(),
            digest: file.digest.clone(),
        };
        let document = Document {
            schema: SCHEMA.to_owned(),
            built: self.built,
            files: self.files.iter().map(row).collect(),
        };
        // Texts, numbers and lists of them can always be written.
        let mut bytes = serde_json::to_vec_pretty(&document).unwrap_or_default();
        bytes.push(b'\n');
        bytes
    }

    /// Every ecosystem that some file holds.
    #[must_use]
    pub fn ecosystems(&self) -> BTreeSet<&str> {
        let names = self.files.iter().flat_map(|file| &file.ecosystems);
        names.map(String::as_str).collect()
    }

    /// The files that hold all of `wanted` in the fewest bytes: one, or one for each.
    ///
    /// # Errors
    /// Where no file holds all, the first ecosystem that has no file of its own.
    pub fn choose<'m>(&'m self, wanted: &BTreeSet<&str>) -> Result<Vec<&'m File>, String> {
        let one = self
            .files
            .iter()
            .filter(|file| {
                wanted
                    .iter()
                    .all(|name| file.ecosystems.iter().any(|held| held == name))
            })
            .min_by_key(|file| file.bytes);
        let each: Result<Vec<&File>, String> = wanted
            .iter()
            .map(|name| {
                let holding = self.files.iter().filter(|file| file.ecosystems == [*name]);
                holding
                    .min_by_key(|file| file.bytes)
                    .ok_or_else(|| (*name).to_owned())
            })
            .collect();
        let bytes = |files: &[&File]| {
            files
                .iter()
                .fold(0_u64, |sum, file| sum.saturating_add(file.bytes))
        };
        match (one, each) {
            (Some(one), Ok(each)) if bytes(&each) < one.bytes => Ok(each),
            (Some(one), _) => Ok(vec![one]),
            (None, each) => each,
        }
    }
}

/// The name of the signature of a manifest with these bytes.
#[must_use]
pub fn signature_name(manifest: &[u8]) -> String {
    format!("{}{SIGNATURE_ENDING}", sha256(manifest))
}

/// The SHA-256 of `bytes` as a manifest writes it.
#[must_use]
pub fn sha256(bytes: &[u8]) -> String {
    hex::encode(Sha256::digest(bytes))
}

/// Whether `text` is what [`sha256`] writes.
#[must_use]
pub fn is_sha256(text: &str) -> bool {
    text.len() == 64 && text.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'))
}

/// A row that says what can be; a name that does not follow from the bytes is refused, wherever it leads.
fn sound(row: FileRow) -> Result<File, BadManifest> {
    let unsound = |reason: String| Err(BadManifest::Unsound(reason));
    let FileRow {
        name,
        mut ecosystems,
        bytes,
        sha256,
        digest,
    } = row;
    if !is_sha256(&sha256) || !digest.strip_prefix("sha256:").is_some_and(is_sha256) {
        return unsound(format!("the file {} has no SHA-256", shown(&name)));
    }
    let named = File {
        ecosystems: Vec::new(),
        bytes,
        sha256,
        digest,
    };
    if named.name() != name {
        return unsound(format!("the file {} is not named by its SHA-256", shown(&name)));
    }
    if bytes == 0 || bytes > INDEX_LIMIT {
        return unsound(format!("the file {name} is said to have {bytes} bytes"));
    }
    ecosystems.sort();
    ecosystems.dedup();
    let odd = ecosystems.iter().find(|name| !is_name(name));
    match (ecosystems.is_empty(), odd) {
        (true, _) => unsound(format!("the file {name} holds no ecosystem")),
        (false, Some(odd)) => unsound(format!("{} is no name of an ecosystem", shown(odd))),
        (false, None) => Ok(File { ecosystems, ..named }),
    }
}

/// OSV's names are short and of plain characters.
fn is_name(text: &str) -> bool {
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, ' ' | '.' | '-' | '_' | '+');
    (1..=64).contains(&text.len()) && text.chars().all(plain) && text.trim() == text
}

/// A text of the manifest, escaped and cut.
fn shown(text: &str) -> String {
    let start: String = text.chars().take(80).collect();
    format!("{start:?}")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file(ecosystems: &[&str], bytes: u64) -> File {
        let sha256 = sha256(format!("{ecosystems:?} {bytes}").as_bytes());
        File {
            ecosystems: ecosystems.iter().map(|name| (*name).to_owned()).collect(),
            bytes,
            digest: format!("sha256:{sha256}"),
            sha256,
        }
    }

    fn manifest(files: &[File]) -> Manifest {
        Manifest {
            built: "2026-11-27T03:00:00Z".parse().unwrap(),
            files: files.to_vec(),
        }
    }

    #[test]
    fn manifests_are_read_back_and_the_same_gives_the_same_bytes() {
        let manifest = manifest(&[file(&["GitHub Actions", "npm"], 9), file(&["npm"], 7)]);
        let bytes = manifest.to_bytes();
        assert_eq!(Manifest::parse(&bytes), Ok(manifest.clone()));
        assert_eq!(manifest.to_bytes(), bytes);
        assert!(
            bytes.starts_with(
                b"{\n  \"schema\": \"lockkeeper.index/1\",\n  \"built\": \"2026-11-27T03:00:00Z\""
            )
        );
        let mut value: serde_json::Value = serde_json::from_slice(&bytes).unwrap();
        value["more"] = "passed over".into();
        assert_eq!(Manifest::parse(value.to_string().as_bytes()), Ok(manifest));
    }

    #[test]
    fn what_cannot_be_is_refused_by_name() {
        let good: serde_json::Value =
            serde_json::from_slice(&manifest(&[file(&["npm"], 7)]).to_bytes()).unwrap();
        let refused = |change: &dyn Fn(&mut serde_json::Value)| {
            let mut value = good.clone();
            change(&mut value);
            Manifest::parse(value.to_string().as_bytes())
                .unwrap_err()
                .to_string()
        };
        let row =
            |field: &str, to: serde_json::Value| refused(&|value| value["files"][0][field] = to.clone());
        for name in [
            "../../etc/passwd",
            "/etc/passwd",
            "a\\..\\b.lkdb",
            "https://other.example/x.lkdb",
            "",
            "\u{1b}[2J",
        ] {
            let told = row("name", name.into());
            assert!(
                told.contains("is not named by its SHA-256") && !told.contains('\u{1b}'),
                "{told}"
            );
        }
        for sha256 in ["", "00", &"A".repeat(64), &"g".repeat(64), "../x"] {
            assert!(
                row("sha256", sha256.into()).contains("has no SHA-256"),
                "{sha256}"
            );
            assert!(row("digest", format!("sha256:{sha256}").into()).contains("has no SHA-256"));
        }
        for bytes in [0, INDEX_LIMIT + 1, u64::MAX] {
            assert!(row("bytes", bytes.into()).contains("is said to have"), "{bytes}");
        }
        assert!(row("bytes", (-1).into()).contains("no manifest"));
        assert!(row("ecosystems", serde_json::json!([])).contains("holds no ecosystem"));
        for name in ["../npm", "npm/x", "n\u{202e}pm", "", " npm", &"x".repeat(65)] {
            assert!(
                row("ecosystems", serde_json::json!([name])).contains("no name of an ecosystem"),
                "{name}"
            );
        }
        assert!(refused(&|value| value["files"] = serde_json::json!([])).contains("0 files"));
        assert!(refused(&|value| value["schema"] = "lockkeeper.index/2".into()).contains("newer"));
        assert!(refused(&|value| value["schema"] = "lockkeeper.scan/1".into()).contains("no manifest"));
        assert!(refused(&|value| value["built"] = "yesterday".into()).contains("no manifest"));
        assert!(matches!(Manifest::parse(b"<html>"), Err(BadManifest::Foreign(_))));
    }

    #[test]
    fn the_fewest_bytes_that_hold_all() {
        let (whole, npm, go) = (
            file(&["Go", "PyPI", "npm"], 100),
            file(&["npm"], 50),
            file(&["Go"], 45),
        );
        let manifest = manifest(&[whole.clone(), npm.clone(), go.clone()]);
        let choose = |wanted: &[&str]| manifest.choose(&wanted.iter().copied().collect());
        assert_eq!(choose(&["npm"]), Ok(vec![&npm]));
        assert_eq!(choose(&["npm", "Go"]), Ok(vec![&go, &npm]));
        assert_eq!(choose(&["npm", "Go", "PyPI"]), Ok(vec![&whole]));
        assert_eq!(choose(&["PyPI"]), Ok(vec![&whole]), "there is no smaller one");
        assert_eq!(choose(&["Maven", "npm"]), Err("Maven".to_owned()));
    }
}
