//! Addresses of pages about what a report shows.

use crate::model::Finding;

/// The page of the OSV database about the advisory `id`; `None` for an id that is none of an advisory database's, or not fit
/// for an address. Only letters, digits, `-`, `.`, `:` and `_` are in it behind the host.
#[must_use]
pub fn advisory(id: &str) -> Option<String> {
    let (database, number) = id.split_once('-')?;
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-.:_".contains(&byte);
    let fits = id.len() <= 100
        && !database.is_empty()
        && !number.is_empty()
        && database.bytes().all(|byte| byte.is_ascii_alphabetic())
        && number.bytes().all(is_plain);
    fits.then(|| format!("https://osv.dev/vulnerability/{id}"))
}

/// The page about the id that people read first of a finding; `None` for what this program states by itself.
#[must_use]
pub fn finding(finding: &Finding) -> Option<String> {
    finding.group?;
    advisory(finding.id())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_id_of_an_advisory_becomes_an_address() {
        for (id, page) in [
            (
                "GHSA-29mw-wpgm-hmr9",
                Some("https://osv.dev/vulnerability/GHSA-29mw-wpgm-hmr9"),
            ),
            (
                "RHSA-2024:1234",
                Some("https://osv.dev/vulnerability/RHSA-2024:1234"),
            ),
            ("MAL-2025-1", Some("https://osv.dev/vulnerability/MAL-2025-1")),
            ("", None),
            ("-1", None),
            ("CVE-", None),
            ("CVE-1/../x", None),
            ("CVE-1)](x", None),
            ("CVE-1\u{7}", None),
        ] {
            assert_eq!(advisory(id).as_deref(), page, "{id}");
        }
    }
}
