//! An HTTP address that never shows the secrets in it.

use std::fmt;

use reqwest::Url;

/// An `http` or `https` address. It prints without user name, password, query and fragment, because signed
/// addresses carry their secret in the query.
#[derive(Clone, PartialEq, Eq)]
pub struct Address(Url);

/// Why a text is no address that can be fetched.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BadAddress {
    /// No address at all.
    #[error("not an address: {0}")]
    Syntax(String),
    /// Another scheme than `http` or `https`.
    #[error("an address of the scheme `{0}`, which is neither https nor http")]
    Scheme(String),
    /// A redirect that would go on without encryption.
    #[error("sent on from https to the unencrypted address {0}")]
    Downgrade(Address),
}

impl Address {
    /// The host, without the port.
    #[must_use]
    pub fn host(&self) -> Option<&str> {
        self.0.host_str()
    }

    /// Reads an address; a relative one is an error.
    ///
    /// # Errors
    /// [`BadAddress`], which repeats nothing of the text.
    pub fn parse(text: &str) -> Result<Self, BadAddress> {
        let url = Url::parse(text).map_err(|error| BadAddress::Syntax(error.to_string()))?;
        Self::checked(url)
    }

    /// The address below this one: each segment is one path segment, whatever it holds.
    ///
    /// ```
    /// use lockkeeper::sys::web::Address;
    /// let base = Address::parse("https://mirror.example/osv/").unwrap();
    /// let below = base.below(["GitHub Actions", "all.zip"]);
    /// assert_eq!(below.to_string(), "https://mirror.example/osv/GitHub%20Actions/all.zip");
    /// ```
    #[must_use]
    pub fn below<'s>(&self, segments: impl IntoIterator<Item = &'s str>) -> Self {
        let mut url = self.0.clone();
        if let Ok(mut path) = url.path_segments_mut() {
            path.pop_if_empty().extend(segments);
        }
        Self(url)
    }

    /// The address beside this one: its last segment is another. `name` is one segment, whatever it holds.
    #[must_use]
    pub fn beside(&self, name: &str) -> Self {
        let mut url = self.0.clone();
        if let Ok(mut path) = url.path_segments_mut() {
            path.pop().push(name);
        }
        Self(url)
    }

    /// The same with these fields behind `?`.
    #[must_use]
    pub fn asking(&self, fields: &[(&str, &str)]) -> Self {
        let mut url = self.0.clone();
        url.query_pairs_mut().clear().extend_pairs(fields);
        Self(url)
    }

    /// Whether the way there is encrypted.
    #[must_use]
    pub fn is_encrypted(&self) -> bool {
        self.0.scheme() == "https"
    }

    /// Whether it is this very machine.
    #[must_use]
    pub fn is_loopback(&self) -> bool {
        let host = self.0.host_str().unwrap_or_default();
        let bare = host.trim_start_matches('[').trim_end_matches(']');
        bare == "localhost" || bare.parse().is_ok_and(|ip: std::net::IpAddr| ip.is_loopback())
    }

    /// The last segment of the path, percent-encoded as it stands; empty for a folder.
    #[must_use]
    pub fn file_name(&self) -> &str {
        self.0.path().rsplit('/').next().unwrap_or_default()
    }

    /// A name for files that belong to this address: 32 hexadecimal digits, the same for the same address.
    #[must_use]
    pub fn fingerprint(&self) -> String {
        blake3::hash(self.0.as_str().as_bytes()).to_hex()[..32].to_owned()
    }

    pub(super) fn url(&self) -> &Url {
        &self.0
    }

    /// Where a redirect to `target` leads.
    ///
    /// # Errors
    /// [`BadAddress`]; so is one that leaves encryption behind.
    pub fn join(&self, target: &str) -> Result<Self, BadAddress> {
        let url = self
            .0
            .join(target)
            .map_err(|error| BadAddress::Syntax(error.to_string()))?;
        let target = Self::checked(url)?;
        if self.is_encrypted() && !target.is_encrypted() {
            return Err(BadAddress::Downgrade(target));
        }
        Ok(target)
    }

    fn checked(url: Url) -> Result<Self, BadAddress> {
        match url.scheme() {
            "http" | "https" => Ok(Self(url)),
            other => Err(BadAddress::Scheme(other.to_owned())),
        }
    }
}

impl fmt::Display for Address {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut shown = self.0.clone();
        // These fail for addresses without a host only, which `checked` lets through for no scheme.
        let _ = shown.set_username("");
        let _ = shown.set_password(None);
        shown.set_query(None);
        shown.set_fragment(None);
        formatter.write_str(shown.as_str())
    }
}

impl fmt::Debug for Address {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "Address({self})")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn secrets_are_not_shown() {
        let address = Address::parse("https://user:canary@mirror.example/osv?token=canary#canary").unwrap();
        assert_eq!(address.to_string(), "https://mirror.example/osv");
        assert!(!format!("{address:?}").contains("canary"));
        assert!(
            !Address::parse("https://user:canary@:no/")
                .unwrap_err()
                .to_string()
                .contains("canary")
        );
    }

    #[test]
    fn segments_stay_segments() {
        let base = Address::parse("http://127.0.0.1:1/a").unwrap();
        assert_eq!(
            base.below(["b/c", "..", "d?e"]).to_string(),
            "http://127.0.0.1:1/a/b%2Fc/d%3Fe"
        );
        assert_eq!(
            Address::parse("http://127.0.0.1:1/a/b.json")
                .unwrap()
                .beside("../c")
                .to_string(),
            "http://127.0.0.1:1/a/..%2Fc"
        );
        assert!(base.is_loopback());
        assert!(Address::parse("http://[::1]/").unwrap().is_loopback());
        assert!(!Address::parse("http://mirror.example/").unwrap().is_loopback());
    }

    #[test]
    fn redirects_keep_encryption_and_drop_the_password() {
        let from = Address::parse("https://user:canary@a.example/x").unwrap();
        assert!(matches!(
            from.join("http://b.example/"),
            Err(BadAddress::Downgrade(_))
        ));
        assert!(matches!(
            from.join("ftp://b.example/"),
            Err(BadAddress::Scheme(_))
        ));
        assert_eq!(from.join("https://b.example/").unwrap().url().password(), None);
        assert!(Address::parse("file:///etc/passwd").is_err());
    }
}
