//! Which versions of an artifact may follow another one.

use std::cmp::Ordering;

use super::super::{Bounds, Wish};
use crate::model::Release;
use crate::version::maven::Maven;
use crate::version::{Distance, Scheme as _};

/// Versions that help, the lowest first.
pub(super) struct Candidates<'r> {
    pub(super) near: Vec<&'r Release>,
    /// The lowest that is further away than a plan may go.
    pub(super) far: Option<&'r str>,
}

/// The versions in `releases` that are later than the wished one, help it, and are of its kind.
pub(super) fn candidates<'r>(releases: &'r [Release], wish: &Wish, bounds: &Bounds<'_>) -> Candidates<'r> {
    let meant = wish.to.as_deref();
    chosen(releases, &wish.version, meant, bounds.level, &|version| {
        !(bounds.is_affected)(&wish.name, version) || meant == Some(version)
    })
}

/// The versions in `releases` that are later than `from`, and of its kind.
pub(super) fn later<'r>(releases: &'r [Release], from: &str, level: Distance) -> Candidates<'r> {
    chosen(releases, from, None, level, &|_| true)
}

fn chosen<'r>(
    releases: &'r [Release],
    from: &str,
    meant: Option<&str>,
    level: Distance,
    helps: &dyn Fn(&str) -> bool,
) -> Candidates<'r> {
    let may_be_taken = |release: &&Release| {
        let version = &*release.version;
        Maven.compare(from, version) == Ok(Ordering::Less)
            && (!Maven.is_prerelease(version) || Maven.is_prerelease(from))
            && release.retired.is_none()
            && helps(version)
    };
    let mut later: Vec<&Release> = releases.iter().filter(may_be_taken).collect();
    let kind = kind(from);
    let is_alike = |release: &&Release| self::kind(&release.version) == kind;
    match later.iter().any(is_alike) {
        true => later.retain(is_alike),
        // The one that the advisory names is meant, however it is called.
        false => later.retain(|release| meant == Some(&*release.version)),
    }
    later.sort_by(|left, right| {
        let order = Maven.compare(&left.version, &right.version);
        order.unwrap_or(Ordering::Equal)
    });
    let (near, far): (Vec<&Release>, Vec<&Release>) = later
        .into_iter()
        .partition(|release| Maven.distance(from, &release.version) <= level);
    Candidates {
        near,
        far: far.first().map(|release| &*release.version),
    }
}

/// The words of a version that make it another kind of artifact: `jre` of `33.0-jre`, which `33.0-android` does not replace. The day of
/// a release in place of a number is another kind too.
fn kind(version: &str) -> Vec<String> {
    let parts = version.split(['.', '-', '_', '+']);
    let mut words: Vec<String> = parts
        .clone()
        .filter(|part| part.starts_with(|first: char| first.is_ascii_alphabetic()))
        .map(str::to_lowercase)
        .filter_map(|part| {
            let word = part.trim_end_matches(|last: char| last.is_ascii_digit());
            match word {
                // Of a release, or before one, which is asked for apart.
                "final" | "ga" | "release" | "v" | "alpha" | "a" | "beta" | "b" | "milestone" | "m"
                | "rc" | "cr" | "snapshot" | "pre" | "preview" | "ea" | "dev" | "sp" => None,
                "jre" | "jdk" | "java" => Some(part),
                _ => Some(word.to_owned()),
            }
        })
        .collect();
    let first = parts.clone().next().unwrap_or_default();
    if first.len() >= 6 && first.bytes().all(|byte| byte.is_ascii_digit()) {
        words.push("day".to_owned());
    }
    words
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plan::Manifests;

    fn found(
        from: &str,
        to: Option<&str>,
        all: &[&str],
        affected: &[&str],
        level: Distance,
    ) -> (Vec<String>, Option<String>) {
        let releases: Vec<Release> = all
            .iter()
            .map(|version| Release {
                version: (*version).into(),
                ..Release::default()
            })
            .collect();
        let wish = Wish {
            name: "g:a".to_owned(),
            version: from.to_owned(),
            to: to.map(str::to_owned),
            fixes: Vec::new(),
            without: Vec::new(),
        };
        let is_affected = |_: &str, version: &str| affected.contains(&version);
        let bounds = Bounds {
            is_affected: &is_affected,
            published_before: None,
            toolchain: &[],
            level,
            manifests: Manifests::Keep,
            all_or_nothing: false,
        };
        let found = candidates(&releases, &wish, &bounds);
        let near = found.near.iter().map(|release| release.version.to_string());
        (near.collect(), found.far.map(str::to_owned))
    }

    #[test]
    fn the_lowest_of_its_kind_comes_first() {
        let all = [
            "20030203.000550",
            "2.10",
            "2.9",
            "2.9.1",
            "3.0",
            "2.9.2-rc1",
            "2.8",
        ];
        let (near, far) = found("2.8", None, &all, &["2.8", "2.9"], Distance::Minor);
        assert_eq!(near, ["2.9.1", "2.10"]);
        assert_eq!(far.as_deref(), Some("3.0"));
        let all = ["31.1-android", "31.1-jre", "32.0.0-android", "32.0.0-jre"];
        let (near, _) = found("31.1-jre", Some("32.0.0-android"), &all, &[], Distance::Major);
        assert_eq!(near, ["32.0.0-jre"]);
        let all = ["12.8.1.jre11", "12.8.2.jre8", "12.8.2.jre11"];
        let (near, _) = found("12.8.1.jre8", None, &all, &[], Distance::Major);
        assert_eq!(near, ["12.8.2.jre8"]);
        // The spelling of a release makes no other kind.
        let (near, _) = found("5.4.3.Final", None, &["5.4.4.Final", "5.5"], &[], Distance::Major);
        assert_eq!(near, ["5.4.4.Final", "5.5"]);
        let (near, _) = found(
            "2.5.6",
            Some("2.5.6.SEC03"),
            &["2.5.6.SEC03", "2.5.6.SEC04"],
            &[],
            Distance::Major,
        );
        assert_eq!(near, ["2.5.6.SEC03"]);
    }
}
