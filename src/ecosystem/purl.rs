//! Package URLs (ECMA-427): names for packages across ecosystems.

use std::fmt::Write as _;

use super::row;
use crate::model::Ecosystem;

/// The package URL of `name`, with `version` unless that is empty. An ecosystem without a row has type `generic`.
#[must_use]
pub fn purl(ecosystem: &Ecosystem, name: &str, version: &str) -> String {
    let kind = row(ecosystem).map_or("generic", |row| row.purl_type);
    let mut purl = format!("pkg:{kind}/");
    let separator = if *ecosystem == Ecosystem::MAVEN { ':' } else { '/' };
    let name = if *ecosystem == Ecosystem::PYPI {
        super::normalise(ecosystem, name)
    } else {
        name.into()
    };
    for (number, part) in name.split(separator).filter(|part| !part.is_empty()).enumerate() {
        if number > 0 {
            purl.push('/');
        }
        encode(&mut purl, part);
    }
    if !version.is_empty() {
        purl.push('@');
        encode(&mut purl, version);
    }
    purl
}

/// Percent-encodes what the specification does not leave as it is (section 5.4).
fn encode(purl: &mut String, text: &str) {
    for byte in text.bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'.' | b'-' | b'_' | b'~' | b':' => {
                purl.push(byte as char)
            }
            _ => {
                let _ = write!(purl, "%{byte:02X}");
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_every_shape() {
        assert_eq!(
            purl(&Ecosystem::NPM, "@angular/core", "1.2.3"),
            "pkg:npm/%40angular/core@1.2.3"
        );
        assert_eq!(
            purl(&Ecosystem::MAVEN, "org.a:b", "1+2"),
            "pkg:maven/org.a/b@1%2B2"
        );
        assert_eq!(
            purl(&Ecosystem::GO, "github.com/A/b", "v1.0.0"),
            "pkg:golang/github.com/A/b@v1.0.0"
        );
        assert_eq!(purl(&Ecosystem::PYPI, "Django_Foo", ""), "pkg:pypi/django-foo");
        assert_eq!(purl(&Ecosystem::named("Hex"), "a b", "1"), "pkg:generic/a%20b@1");
    }
}
