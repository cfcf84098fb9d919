//! CISA's catalogue: which flaws are known to be exploited.

use jiff::Timestamp;

use crate::advisory::record::Cve;
use crate::wire;

/// What the catalogue says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Exploited {
    /// The flaws, in the order of the catalogue.
    pub flaws: Vec<Cve>,
    /// Entries whose name is none of CVE's.
    pub rejected: u64,
    /// When the catalogue was released.
    pub released: Option<Timestamp>,
}

/// Reads the catalogue.
///
/// # Errors
/// Why it is none, as a fragment.
pub fn read(json: &[u8]) -> Result<Exploited, String> {
    let text =
        std::str::from_utf8(json).map_err(|error| format!("not UTF-8 at byte {}", error.valid_up_to()))?;
    let catalogue =
        wire::kev::read(text.trim_start_matches('\u{feff}')).map_err(|error| error.to_string())?;
    let mut exploited = Exploited {
        flaws: Vec::with_capacity(catalogue.vulnerabilities.0.len()),
        rejected: 0,
        released: catalogue.released.text().parse().ok(),
    };
    for entry in &catalogue.vulnerabilities.0 {
        match Cve::parse(entry.cve.text()) {
            Some(cve) => exploited.flaws.push(cve),
            None => exploited.rejected = exploited.rejected.saturating_add(1),
        }
    }
    Ok(exploited)
}
