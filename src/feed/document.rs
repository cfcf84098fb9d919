//! Sources that are one document each: CISA's list of known exploited vulnerabilities and FIRST's EPSS scores.

use crate::sys::web::{Address, Reply, Request, Validator, Web, WebError};

/// One document on the web.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Document {
    /// How messages and progress call it.
    pub name: &'static str,
    /// The public address.
    pub address: &'static str,
    /// More bytes than this are refused.
    pub limit: u64,
}

/// CISA's list, as JSON (<https://www.cisa.gov/known-exploited-vulnerabilities-catalog>).
pub const KNOWN_EXPLOITED: Document = Document {
    name: "KEV",
    address: "https://www.cisa.gov/sites/default/files/feeds/known_exploited_vulnerabilities.json",
    limit: 64 << 20,
};

/// The scores of the day, as gzipped CSV (<https://www.first.org/epss/data_stats>).
pub const EXPLOIT_PREDICTION: Document = Document {
    name: "EPSS",
    address: "https://epss.empiricalsecurity.com/epss_scores-current.csv.gz",
    limit: 64 << 20,
};

/// A document as it was fetched.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fetched {
    /// Its bytes.
    pub bytes: Vec<u8>,
    /// What to ask with the next time.
    pub validator: Option<Validator>,
}

impl Document {
    /// Fetches it from `address`; `None` if it is still as `unless` knows it.
    ///
    /// # Errors
    /// Those of [`Web::get`].
    pub async fn fetch(
        &self,
        web: &Web,
        address: &Address,
        unless: Option<Validator>,
    ) -> Result<Option<Fetched>, WebError> {
        let mut request = Request::whole(address.clone(), self.limit);
        request.unless = unless;
        let mut bytes = Vec::new();
        match web.get(&request, &mut bytes).await? {
            Reply::Received { validator, .. } => Ok(Some(Fetched { bytes, validator })),
            Reply::NotModified => Ok(None),
        }
    }
}
