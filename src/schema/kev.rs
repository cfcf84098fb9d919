//! CISA's catalogue of known exploited vulnerabilities, as its JSON feed is.

use serde::Deserialize;

use super::osv::{List, Loose};

/// The catalogue.
#[derive(Debug, Deserialize)]
pub struct Catalogue<'a> {
    /// When it was released, RFC 3339.
    #[serde(borrow, rename = "dateReleased", default)]
    pub released: Loose<'a>,
    /// Its entries.
    #[serde(borrow)]
    pub vulnerabilities: List<Entry<'a>>,
}

/// One vulnerability.
#[derive(Debug, Deserialize)]
pub struct Entry<'a> {
    /// `CVE-…`.
    #[serde(borrow, rename = "cveID", default)]
    pub cve: Loose<'a>,
}

/// Reads the catalogue.
///
/// # Errors
/// What `serde_json` says of a text that is no catalogue.
pub fn read(json: &str) -> Result<Catalogue<'_>, serde_json::Error> {
    serde_json::from_str(json)
}
