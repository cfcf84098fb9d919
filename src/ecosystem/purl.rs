//! Package URLs (ECMA-427) of the ecosystems: the only place where one is made.
//!
//! The ecosystem's name rule decides how a name is spelled, so that every spelling of a package gives the same package URL.

use std::borrow::Cow;

use percent_encoding::percent_decode_str;

use super::distribution::{self, Unknown};
use super::{EcosystemRow, ROWS, Rules, WITHOUT_ADVISORIES, rules};
use crate::model::package_url::{PackageUrl, Parts};
use crate::model::{Ecosystem, Source};

/// The package URL of `name`, with `version` unless that is empty. An ecosystem without rules has the type `generic`.
#[must_use]
pub fn of(ecosystem: &Ecosystem, name: &str, version: &str) -> PackageUrl {
    let rules = rules(ecosystem);
    let name = rules.map_or(name.into(), |rules| (rules.normalise)(name));
    let separator = separator(ecosystem);
    let name = name.trim_matches(separator);
    let own = rules.map_or("", |rules| rules.purl_namespace);
    let (namespace, name) = name.rsplit_once(separator).unwrap_or((own, name));
    let unspoken = WITHOUT_ADVISORIES
        .iter()
        .find(|(name, _)| *name == ecosystem.as_str());
    let kind = rules.map(|rules| rules.purl_type);
    PackageUrl::of_parts(&Parts {
        kind: kind.or(unspoken.map(|(_, kind)| *kind)).unwrap_or(GENERIC),
        namespace: &namespace.replace(separator, "/"),
        name,
        version,
        ..Parts::default()
    })
}

/// The package URL of what a lockfile locks from `source`: where it is not from the ecosystem's registry, a qualifier says so.
/// `None` where the standard has none for it, and a package URL would name another package, the registry's of that name.
#[must_use]
pub fn of_source(ecosystem: &Ecosystem, name: &str, version: &str, source: &Source) -> Option<PackageUrl> {
    let (key, value) = match source {
        Source::Registry(_) => return Some(of(ecosystem, name, version)),
        // Only registries of Cargo differ by their addresses alone.
        Source::OtherRegistry(address) if *ecosystem == Ecosystem::CRATES_IO => {
            let address = address.strip_prefix("registry+").unwrap_or(address);
            ("repository_url", Cow::Borrowed(address))
        }
        Source::Git(place) => ("vcs_url", version_control(place)),
        Source::Url(address) => ("download_url", Cow::Borrowed(&**address)),
        Source::OtherRegistry(_) | Source::Path(_) => return None,
    };
    // A qualifier without a value is as if it were not there.
    (!value.is_empty()).then(|| qualified(&of(ecosystem, name, version), key, &value))
}

/// `purl` with a qualifier.
fn qualified(purl: &PackageUrl, key: &str, value: &str) -> PackageUrl {
    PackageUrl::of_parts(&Parts {
        kind: purl.kind(),
        namespace: &purl.namespace(),
        name: &purl.name(),
        version: purl.version().as_deref().unwrap_or_default(),
        qualifiers: &[(key.to_owned(), value.to_owned())],
        subpath: "",
    })
}

/// `address#commit`, as SPDX writes it (2.3, section 7.7.1): `git+https://host/path@commit`.
#[must_use]
pub fn version_control(place: &str) -> Cow<'_, str> {
    if place.is_empty() || place.starts_with("git+") {
        return Cow::Borrowed(place);
    }
    let (address, commit) = place.split_once('#').unwrap_or((place, ""));
    // `?branch=main` asks for the commit that is locked.
    let address = match commit.is_empty() {
        true => address,
        false => address.split('?').next().unwrap_or(address),
    };
    let scp = || {
        let (host, path) = address.split_once(':')?;
        (host.contains('@') && !host.contains('/')).then(|| format!("git+ssh://{host}/{path}"))
    };
    let mut text = match address.split_once("://") {
        Some(("git", _)) => address.to_owned(),
        Some(_) => format!("git+{address}"),
        None => scp().unwrap_or_else(|| address.to_owned()),
    };
    if !commit.is_empty() {
        text.push('@');
        text.push_str(commit);
    }
    Cow::Owned(text)
}

/// The ecosystem of the package that `purl` names and its name there, as advisories spell it; `None` where no ecosystem has its type.
#[must_use]
pub fn package(purl: &PackageUrl) -> Option<(Ecosystem, String)> {
    if distribution::is_type(purl.kind()) {
        return of_distribution(purl);
    }
    let (row, _) = row_of_type(purl.kind())?;
    let (namespace, name) = (purl.namespace(), purl.name());
    let name = match namespace.is_empty() {
        true => name.into_owned(),
        false => format!("{namespace}{}{name}", separator(&row.ecosystem)),
    };
    Some((row.ecosystem.clone(), name))
}

/// A package of a distribution. Where its release is not said, the distribution stands for all of them.
fn of_distribution(purl: &PackageUrl) -> Option<(Ecosystem, String)> {
    match distribution::package(purl) {
        Ok(package) => Some((package.ecosystem, package.name)),
        Err(Unknown::Release(family) | Unknown::Product(family)) => {
            Some((Ecosystem::constant(family), purl.name().into_owned()))
        }
        Err(Unknown::Distribution(_)) => None,
    }
}

/// The types of the known ecosystems.
pub fn types() -> impl Iterator<Item = &'static str> {
    ROWS.iter()
        .filter_map(|row| row.rules.as_ref())
        .filter(|rules| rules.purl_namespace.is_empty())
        .map(|rules| rules.purl_type)
}

/// Reads a package URL in any of its spellings.
///
/// # Errors
/// [`BadPurl`] for what is none.
pub fn parse(text: &str) -> Result<PackageUrl, BadPurl> {
    let (scheme, rest) = text.split_once(':').ok_or(BadPurl::Scheme)?;
    if !scheme.eq_ignore_ascii_case("pkg") {
        return Err(BadPurl::Scheme);
    }
    let (rest, subpath) = rest.split_once('#').unwrap_or((rest, ""));
    let (rest, qualifiers) = rest.split_once('?').unwrap_or((rest, ""));
    let (kind, path) = rest.trim_matches('/').split_once('/').ok_or(BadPurl::Name)?;
    let is_kind = kind.starts_with(|first: char| first.is_ascii_alphabetic())
        && kind
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'+' | b'-'));
    if !is_kind {
        return Err(BadPurl::Type);
    }
    let kind = kind.to_ascii_lowercase();
    let of_action = kind == OF_ACTIONS;
    let kind = if of_action { GITHUB.to_owned() } else { kind };
    // A version follows the last `@` inside of the last part; one that begins a part is an npm scope's.
    let last = path.rfind('/').map_or(0, |slash| slash.saturating_add(1));
    let at = match kind == GITHUB {
        // No name there has one, and `refs/tags/v1` may follow it.
        true => path.find('@'),
        false => path.rfind('@').filter(|at| *at > last),
    };
    let (path, version) = match at {
        Some(at) => (
            path.get(..at).unwrap_or_default(),
            path.get(at.saturating_add(1)..)
                .filter(|version| !version.is_empty()),
        ),
        None => (path, Some("")),
    };
    let version = version.ok_or(BadPurl::Version)?;
    let version = match of_action {
        // GitHub writes `v4` as `4.*.*`.
        true => without_escapes(version)?,
        false => decoded(version)?,
    };
    // An encoded slash separates as a plain one does.
    let path = decoded(path)?;
    let mut parts: Vec<&str> = path.split('/').filter(|part| !part.is_empty()).collect();
    // Behind owner and repository, a folder in it.
    let folder = parts.split_off(if of_action {
        parts.len().min(2)
    } else {
        parts.len()
    });
    let path = parts.join("/");
    let row = row_of_type(&kind);
    let path = row.map_or_else(
        || path.clone(),
        |(_, rules)| (rules.normalise)(&path).into_owned(),
    );
    // One part may be the name as advisories spell it, as Maven's `group:artifact`.
    let whole = || path.rsplit_once(row.map_or('/', |(row, _)| separator(&row.ecosystem)));
    let (namespace, name) = path.rsplit_once('/').or_else(whole).unwrap_or(("", &path));
    if name.is_empty() {
        return Err(BadPurl::Name);
    }
    let subpath = decoded(subpath.trim_matches('/'))?;
    let subpath = [&folder[..], &[&*subpath]].concat().join("/");
    Ok(PackageUrl::of_parts(&Parts {
        kind: &kind,
        namespace,
        name,
        version: &version,
        qualifiers: &read_qualifiers(qualifiers)?,
        subpath: &subpath,
    }))
}

/// The type of what is at GitHub.
const GITHUB: &str = "github";

/// The type that GitHub's own bills of materials give to actions. It is no type of the specification, and means the same as `github`.
const OF_ACTIONS: &str = "githubactions";

/// The type of packages of an ecosystem without rules.
const GENERIC: &str = "generic";

/// Why a text is no package URL.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum BadPurl {
    /// It does not begin with `pkg:`.
    #[error("a package URL begins with `pkg:`")]
    Scheme,
    /// What follows is no type.
    #[error("`pkg:` is followed by a type such as `npm`")]
    Type,
    /// There is no name.
    #[error("the package URL has no name")]
    Name,
    /// An `@` with nothing behind it.
    #[error("the version after `@` is missing")]
    Version,
    /// A character that has to be percent-encoded, or encoded bytes that are no UTF-8.
    #[error(
        "white space, `*` and control characters must be percent-encoded, and what is encoded must be UTF-8"
    )]
    Encoding,
    /// A qualifier without a key.
    #[error("a qualifier is no `key=value`")]
    Qualifier,
}

fn row_of_type(kind: &str) -> Option<(&'static EcosystemRow, &'static Rules)> {
    ROWS.iter()
        .filter_map(|row| Some((row, row.rules.as_ref()?)))
        .find(|(_, rules)| rules.purl_type == kind && rules.purl_namespace.is_empty())
}

/// What stands between namespace and name in the name that advisories use.
fn separator(ecosystem: &Ecosystem) -> char {
    if *ecosystem == Ecosystem::MAVEN { ':' } else { '/' }
}

fn decoded(text: &str) -> Result<Cow<'_, str>, BadPurl> {
    match text.contains('*') {
        true => Err(BadPurl::Encoding),
        false => without_escapes(text),
    }
}

fn without_escapes(text: &str) -> Result<Cow<'_, str>, BadPurl> {
    let odd = |character: char| character.is_whitespace() || character.is_control();
    let text = match text.contains(odd) {
        true => None,
        false => percent_decode_str(text).decode_utf8().ok(),
    };
    text.filter(|text| !text.contains(char::is_control))
        .ok_or(BadPurl::Encoding)
}

fn read_qualifiers(text: &str) -> Result<Vec<(String, String)>, BadPurl> {
    let mut qualifiers = Vec::new();
    for pair in text.split('&').filter(|pair| !pair.is_empty()) {
        let (key, value) = pair.split_once('=').ok_or(BadPurl::Qualifier)?;
        let is_key = key.starts_with(|first: char| first.is_ascii_alphabetic())
            && key
                .bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-' | b'_'));
        if !is_key {
            return Err(BadPurl::Qualifier);
        }
        // Without a value it is as if it were not there.
        if !value.is_empty() {
            qualifiers.push((key.to_ascii_lowercase(), decoded(value)?.into_owned()));
        }
    }
    Ok(qualifiers)
}

#[cfg(test)]
mod tests {
    use super::super::normalise;
    use super::*;

    #[test]
    fn names_of_every_shape() {
        for (ecosystem, name, version, purl) in [
            (
                Ecosystem::NPM,
                "@angular/core",
                "1.2.3",
                "pkg:npm/%40angular/core@1.2.3",
            ),
            (Ecosystem::MAVEN, "org.a:b", "1+2", "pkg:maven/org.a/b@1%2B2"),
            (
                Ecosystem::GITHUB_ACTIONS,
                "Actions/Setup-Node",
                "v4.2.0",
                "pkg:github/actions/setup-node@v4.2.0",
            ),
            (
                Ecosystem::GO,
                "github.com/A/b",
                "v1.0.0",
                "pkg:golang/github.com/A/b@v1.0.0",
            ),
            (Ecosystem::PYPI, "Django_Foo", "", "pkg:pypi/django-foo"),
            (
                Ecosystem::NUGET,
                "Newtonsoft.Json",
                "13.0.3",
                "pkg:nuget/newtonsoft.json@13.0.3",
            ),
            (Ecosystem::named("Acme"), "a b", "1", "pkg:generic/a%20b@1"),
            (
                Ecosystem::named("conda"),
                "openssl",
                "3.0.13",
                "pkg:conda/openssl@3.0.13",
            ),
            (Ecosystem::HEX, "Phoenix", "1.7.14", "pkg:hex/phoenix@1.7.14"),
            (
                Ecosystem::HACKAGE,
                "HTTP",
                "4000.4.1",
                "pkg:hackage/HTTP@4000.4.1",
            ),
            (Ecosystem::CRAN, "Rcpp", "1.0-1", "pkg:cran/Rcpp@1.0-1"),
            (
                Ecosystem::JULIA,
                "Bzip2_jll",
                "1.0.7+0",
                "pkg:julia/Bzip2_jll@1.0.7%2B0",
            ),
            (
                Ecosystem::CONAN_CENTER,
                "openssl",
                "3.0.3",
                "pkg:conan/openssl@3.0.3",
            ),
            (Ecosystem::OPAM, "conf-gmp", "4", "pkg:opam/conf-gmp@4"),
            (Ecosystem::RUBYGEMS, "RedCloth", "4.3.3", "pkg:gem/RedCloth@4.3.3"),
            (
                Ecosystem::PACKAGIST,
                "Acme/Log",
                "dev-main",
                "pkg:composer/acme/log@dev-main",
            ),
            (
                Ecosystem::SWIFT_URL,
                "github.com/apple/swift-nio",
                "2.0.0",
                "pkg:swift/github.com/apple/swift-nio@2.0.0",
            ),
        ] {
            let made = of(&ecosystem, name, version);
            assert_eq!(made.as_str(), purl);
            assert_eq!(parse(purl).as_ref(), Ok(&made), "{purl}");
            if rules(&ecosystem).is_some_and(|rules| rules.purl_namespace.is_empty()) {
                let spelled = normalise(&ecosystem, name).into_owned();
                assert_eq!(package(&made), Some((ecosystem, spelled)));
            }
        }
    }

    #[test]
    fn every_spelling_is_the_same_package_url() {
        for (canonical, spellings) in [
            (
                "pkg:npm/%40acme/left",
                &[
                    "pkg:npm/@acme/left",
                    "pkg:npm/%40acme%2Fleft",
                    "pkg:npm/%40acme%2fleft",
                    "pkg://npm/@acme/left",
                    "PKG:NPM/@acme//left/",
                    "pkg:npm/@acme/l%65ft",
                    "pkg:npm/@acme/left?x=",
                ][..],
            ),
            (
                "pkg:npm/%40acme/left@1.0.0",
                &["pkg:npm/@acme/left@1.0.0", "pkg:npm/@acme/left@1%2E0.0"],
            ),
            (
                "pkg:pypi/foo-bar@1.0.0",
                &[
                    "pkg:pypi/Foo_Bar@1.0.0",
                    "pkg:PyPI/foo.bar@1.0.0",
                    "pkg:pypi/FOO--bar@1.0.0",
                ],
            ),
            (
                "pkg:maven/org.a/b@1%2B2",
                &[
                    "pkg:maven/org.a/b@1+2",
                    "pkg:maven/org.a:b@1+2",
                    "pkg:maven/org.a%3Ab@1+2",
                ],
            ),
            (
                "pkg:golang/github.com/A/b@v1.0.0",
                &[
                    "pkg:golang/github.com%2FA%2Fb@v1.0.0",
                    "pkg:golang//github.com/A/b@v1.0.0",
                ],
            ),
            (
                "pkg:composer/acme/log@1.0.0",
                &["pkg:composer/Acme/Log@1.0.0", "pkg:composer/acme%2Flog@1.0.0"],
            ),
            (
                "pkg:github/tj-actions/changed-files@v45.0.7",
                &[
                    "pkg:githubactions/tj-actions/changed-files@v45.0.7",
                    "pkg:GitHubActions/TJ-Actions/Changed-Files@v45.0.7",
                ],
            ),
            (
                "pkg:github/a/b@4.%2A.%2A",
                &["pkg:githubactions/a/b@4.*.*", "pkg:githubactions/a/b@4.%2A.%2A"],
            ),
            (
                "pkg:github/github/codeql-action@v3#analyze/x",
                &[
                    "pkg:githubactions/github/codeql-action/analyze@v3#x",
                    "pkg:githubactions/github/codeql-action/analyze/x@v3",
                    "pkg:githubactions/github/codeql-action@v3#analyze/x",
                ],
            ),
            (
                "pkg:github/a/b@refs%2Ftags%2Fv1",
                &[
                    "pkg:github/a/b@refs/tags/v1",
                    "pkg:githubactions/a/b@refs/tags/v1",
                ],
            ),
            (
                "pkg:cargo/a?arch=b&type=c#d/e",
                &["pkg:cargo/a?TYPE=c&arch=b#/d//e/"],
            ),
        ] {
            for spelling in spellings.iter().chain([&canonical]) {
                let parsed = parse(spelling).unwrap_or_else(|bad| panic!("{spelling}: {bad}"));
                assert_eq!(parsed.as_str(), canonical, "{spelling}");
            }
        }
    }

    #[test]
    fn what_is_no_package_url() {
        for (text, bad) in [
            ("", BadPurl::Scheme),
            ("example", BadPurl::Scheme),
            ("npm:a/b", BadPurl::Scheme),
            ("pkg:", BadPurl::Name),
            ("pkg:npm", BadPurl::Name),
            ("pkg:npm/", BadPurl::Name),
            ("pkg:/a", BadPurl::Name),
            ("pkg:1/a", BadPurl::Type),
            ("pkg:n m/a", BadPurl::Type),
            ("pkg:npm/a@", BadPurl::Version),
            ("pkg:npm/a b", BadPurl::Encoding),
            ("pkg:npm/a%ff", BadPurl::Encoding),
            ("pkg:npm/a%00", BadPurl::Encoding),
            ("pkg:npm/*", BadPurl::Encoding),
            ("pkg:npm/a@4.*.*", BadPurl::Encoding),
            ("pkg:github/a/b@4.*.*", BadPurl::Encoding),
            ("pkg:githubactions/*/b@4", BadPurl::Encoding),
            ("pkg:githubactions/a/b@", BadPurl::Version),
            ("pkg:npm/a?b", BadPurl::Qualifier),
            ("pkg:npm/a?=b", BadPurl::Qualifier),
        ] {
            assert_eq!(parse(text), Err(bad), "{text}");
        }
    }
}
