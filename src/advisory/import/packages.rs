//! The packages that a document names which could not be read: what is not known of them is no "none known".

use std::collections::BTreeSet;

use crate::ecosystem;
use crate::model::Ecosystem;
use crate::text::json;

/// `affected[].package` of an OSV document, as far as it can be read: in the order of their names, names normalised.
#[must_use]
pub fn of_osv(json: &[u8]) -> Vec<(Ecosystem, String)> {
    let text = String::from_utf8_lossy(json);
    let document = json::read(&text);
    let Some(affected) = document.root().get("affected") else {
        return Vec::new();
    };
    let mut packages = BTreeSet::new();
    for entry in affected.items() {
        let Some(package) = entry.get("package") else {
            continue;
        };
        if let (Some(ecosystem), Some(name)) = (package.str("ecosystem"), package.str("name")) {
            packages.extend(package_of(&ecosystem, &name));
        }
    }
    packages.into_iter().collect()
}

/// The package of one of RustSec's files, `…/crates/<package>/RUSTSEC-….md`.
#[must_use]
pub fn of_rustsec(file: &str) -> Vec<(Ecosystem, String)> {
    let mut parts = file.rsplit(['/', '\\']).skip(1);
    let (package, collection) = (parts.next(), parts.next());
    match (package, collection) {
        (Some(package), Some("crates")) => package_of(Ecosystem::CRATES_IO.as_str(), package)
            .into_iter()
            .collect(),
        (Some(_) | None, Some(_) | None) => Vec::new(),
    }
}

fn package_of(ecosystem: &str, name: &str) -> Option<(Ecosystem, String)> {
    let (ecosystem, name) = (ecosystem.trim(), name.trim());
    if ecosystem.is_empty() || name.is_empty() {
        return None;
    }
    let ecosystem = Ecosystem::named(ecosystem);
    let name = ecosystem::normalise(&ecosystem, name).into_owned();
    Some((ecosystem, name))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(json: &str) -> Vec<String> {
        let packages = of_osv(json.as_bytes()).into_iter();
        packages
            .map(|(ecosystem, name)| format!("{ecosystem} {name}"))
            .collect()
    }

    #[test]
    fn what_can_be_told_is_told() {
        let package = r#"{"package": {"ecosystem": "PyPI", "name": "Bad_Thing"}}"#;
        assert_eq!(
            told(&format!(r#"{{"id": 7, "affected": [{package}, {package}]}}"#)),
            ["PyPI bad-thing"]
        );
        // Cut short, and with a stray byte.
        assert_eq!(
            told(&format!(r#"{{"affected": [{package}, {{"pack"#)),
            ["PyPI bad-thing"]
        );
        let mut bytes = format!(r#"{{"details": "?", "affected": [{package}]}}"#).into_bytes();
        bytes[13] = 0xff;
        assert_eq!(of_osv(&bytes).len(), 1);
        for nothing in [
            "",
            "[]",
            "{}",
            r#"{"affected": 7}"#,
            r#"{"affected": [7, {"package": {"name": "a"}}]}"#,
        ] {
            assert_eq!(told(nothing), Vec::<String>::new(), "{nothing}");
        }
        let names = |file: &str| {
            of_rustsec(file)
                .into_iter()
                .map(|(_, name)| name)
                .collect::<Vec<_>>()
        };
        assert_eq!(names("db-main/crates/bad/RUSTSEC-2026-0001.md"), ["bad"]);
        assert_eq!(names("crates/bad/RUSTSEC-2026-0001.md"), ["bad"]);
        assert!(names("rust/cargo/RUSTSEC-2026-0001.md").is_empty());
    }
}
