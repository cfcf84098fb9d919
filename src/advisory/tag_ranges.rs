//! Affected ranges of versions, from tags of which it is known whether they are affected.

use std::cmp::Ordering;

use crate::model::Ecosystem;
use crate::version::Scheme;

/// A version that was released.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tagged {
    /// As the ecosystem writes it.
    pub version: String,
    /// It has the problem.
    pub is_affected: bool,
}

/// An event of a range, as OSV has them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Event {
    /// The first affected version; `0` where no older one was released.
    Introduced(String),
    /// The first version behind it that is not affected.
    Fixed(String),
}

/// The version of `ecosystem` that the tag `name` releases for the package `package`: `1.2.3` of `v1.2.3`, `release-1.2.3`,
/// `package-1.2.3`, `package@1.2.3`, `package/v1.2.3`. `None` for any other tag.
#[must_use]
pub fn version_of(name: &str, ecosystem: &Ecosystem, package: &str, scheme: &dyn Scheme) -> Option<String> {
    let last = package.rsplit(['/', ':']).next().unwrap_or(package);
    let behind = |prefix: &str| {
        let rest = name.strip_prefix(prefix)?;
        rest.strip_prefix(['-', '@', '/', '_'])
    };
    // A module of Go in a folder has tags with that folder.
    let folder = package
        .splitn(4, '/')
        .nth(3)
        .filter(|_| *ecosystem == Ecosystem::GO);
    let rest = [
        Some(package),
        Some(last),
        folder,
        Some("release"),
        Some("version"),
        Some("rel"),
    ]
    .into_iter()
    .flatten()
    .filter(|prefix| !prefix.is_empty())
    .find_map(behind)
    .unwrap_or(name);
    let version = rest.strip_prefix(['v', 'V']).unwrap_or(rest);
    let is_version = version.starts_with(|character: char| character.is_ascii_digit())
        && version.contains('.')
        && scheme.compare(version, version).is_ok();
    is_version.then(|| version.to_owned())
}

/// The events over all versions, in the order of the ecosystem; and the affected versions in that order. A version that is tagged
/// twice is affected if one of them is.
#[must_use]
pub fn events(tagged: &[Tagged], scheme: &dyn Scheme) -> (Vec<Event>, Vec<String>) {
    let order = |left: &Tagged, right: &Tagged| {
        let versions = scheme.compare(&left.version, &right.version);
        versions
            .unwrap_or(Ordering::Equal)
            .then_with(|| left.version.cmp(&right.version))
    };
    let mut sorted: Vec<Tagged> = tagged.to_vec();
    sorted.sort_by(order);
    let mut distinct: Vec<Tagged> = Vec::new();
    for tagged in sorted {
        match distinct.last_mut() {
            Some(last) if scheme.compare(&last.version, &tagged.version) == Ok(Ordering::Equal) => {
                last.is_affected |= tagged.is_affected;
            }
            Some(_) | None => distinct.push(tagged),
        }
    }
    let mut events = Vec::new();
    let mut is_affected = false;
    for (number, tagged) in distinct.iter().enumerate() {
        if tagged.is_affected == is_affected {
            continue;
        }
        is_affected = tagged.is_affected;
        events.push(match (is_affected, number) {
            (true, 0) => Event::Introduced("0".to_owned()),
            (true, _) => Event::Introduced(tagged.version.clone()),
            (false, _) => Event::Fixed(tagged.version.clone()),
        });
    }
    let affected = distinct.into_iter().filter(|tagged| tagged.is_affected);
    (events, affected.map(|tagged| tagged.version).collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ecosystem;

    #[test]
    fn tags_name_versions_in_many_ways() {
        let scheme = ecosystem::scheme(&Ecosystem::NPM).expect("a scheme");
        for (tag, version) in [
            ("1.2.3", Some("1.2.3")),
            ("v1.2.3-rc.1", Some("1.2.3-rc.1")),
            ("release-1.2.3", Some("1.2.3")),
            ("shop@1.2.3", Some("1.2.3")),
            ("@acme/shop@1.2.3", Some("1.2.3")),
            ("shop-v1.2.3", Some("1.2.3")),
            ("other-1.2.3", None),
            ("nightly", None),
            ("v1", None),
            ("2024-01-01", None),
        ] {
            assert_eq!(
                version_of(tag, &Ecosystem::NPM, "@acme/shop", scheme).as_deref(),
                version,
                "{tag}"
            );
        }
        let go = ecosystem::scheme(&Ecosystem::GO).expect("a scheme");
        let module = "forge.example/acme/shop/api";
        assert_eq!(
            version_of("api/v1.2.3", &Ecosystem::GO, module, go).as_deref(),
            Some("1.2.3")
        );
    }

    #[test]
    fn each_release_line_has_events_of_its_own() {
        let scheme = ecosystem::scheme(&Ecosystem::NPM).expect("a scheme");
        let of = |versions: &[(&str, bool)]| {
            let tagged: Vec<Tagged> = versions
                .iter()
                .map(|(version, is_affected)| Tagged {
                    version: (*version).to_owned(),
                    is_affected: *is_affected,
                })
                .collect();
            let (events, affected) = events(&tagged, scheme);
            let events = events.iter().map(|event| match event {
                Event::Introduced(version) => format!(">={version}"),
                Event::Fixed(version) => format!("<{version}"),
            });
            (events.collect::<Vec<_>>().join(" "), affected.join(" "))
        };
        let lines = [
            ("2.0.0", true),
            ("1.10.0", true),
            ("1.9.1", false),
            ("1.9.0", true),
            ("1.10.1", false),
            ("2.0.1", true),
        ];
        assert_eq!(
            of(&lines),
            (
                ">=0 <1.9.1 >=1.10.0 <1.10.1 >=2.0.0".into(),
                "1.9.0 1.10.0 2.0.0 2.0.1".into()
            )
        );
        assert_eq!(
            of(&[("1.0.0", false), ("1.1.0", true)]),
            (">=1.1.0".into(), "1.1.0".into())
        );
        assert_eq!(
            of(&[("1.0.0", false), ("1.0.0", true)]),
            (">=0".into(), "1.0.0".into())
        );
        assert_eq!(of(&[]), (String::new(), String::new()));
    }
}
