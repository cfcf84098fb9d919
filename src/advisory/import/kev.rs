//! CISA's catalogue: which vulnerabilities are known to be exploited.

use std::str::Utf8Error;

use jiff::Timestamp;

use crate::advisory::record::Cve;
use crate::schema;

/// What the catalogue says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Exploited {
    /// The vulnerabilities, in the order of the catalogue.
    pub vulnerabilities: Vec<Cve>,
    /// Entries whose name is none of CVE's.
    pub rejected: u64,
    /// When the catalogue was released.
    pub released: Option<Timestamp>,
}

/// Why bytes are no catalogue.
#[derive(Debug, thiserror::Error)]
pub enum KevError {
    /// They are no text.
    #[error("not UTF-8 at byte {}", .0.valid_up_to())]
    Utf8(#[from] Utf8Error),
    /// The text is no catalogue.
    #[error(transparent)]
    Json(#[from] serde_json::Error),
}

/// Reads the catalogue.
///
/// # Errors
/// [`KevError`].
pub fn read(json: &[u8]) -> Result<Exploited, KevError> {
    let text = std::str::from_utf8(json)?;
    let catalogue = schema::kev::read(text.trim_start_matches('\u{feff}'))?;
    let mut exploited = Exploited {
        vulnerabilities: Vec::with_capacity(catalogue.vulnerabilities.0.len()),
        rejected: 0,
        released: catalogue.released.text().parse().ok(),
    };
    for entry in &catalogue.vulnerabilities.0 {
        match Cve::parse(entry.cve.text()) {
            Some(cve) => exploited.vulnerabilities.push(cve),
            None => exploited.rejected = exploited.rejected.saturating_add(1),
        }
    }
    Ok(exploited)
}
