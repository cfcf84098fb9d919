//! Packages of distributions: what a package URL says of the release that they are of, and of the source package that they were built from.
//!
//! OSV names releases (`Debian:12`), as the qualifier `distro` does in words of `/etc/os-release` (`debian-12`, `alpine-3.19.1`). Advisories of most
//! distributions are about source packages, which the qualifier `upstream` names where the built package is called otherwise.

use std::borrow::Cow;

use super::ROWS;
use crate::model::{Ecosystem, PackageUrl};

/// A package of a release of a distribution, as advisories name it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OfRelease {
    /// The release.
    pub ecosystem: Ecosystem,
    /// The name under which advisories speak of it.
    pub name: String,
    /// The version that they speak of, if it is not the package URL's own.
    pub version: Option<String>,
    /// Advisories are about its source package, and the package URL names none: whether that is called the same is not said.
    pub has_no_source: bool,
}

/// Why it is not known which advisories speak of a package.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Unknown {
    /// No advisories of a known ecosystem speak of the distribution with this namespace.
    Distribution(String),
    /// The release of this distribution is not said.
    Release(&'static str),
    /// Advisories of this distribution are about products, each with a name that no package URL says.
    Product(&'static str),
}

/// The types of package URLs of distributions.
const TYPES: [&str; 3] = ["apk", "deb", "rpm"];

/// `kind` is the type of package URLs of distributions.
#[must_use]
pub fn is_type(kind: &str) -> bool {
    TYPES.contains(&kind)
}

/// The package that a package URL of a distribution's type names.
///
/// # Errors
/// [`Unknown`] says what is missing.
pub fn package(purl: &PackageUrl) -> Result<OfRelease, Unknown> {
    let family = family(purl).ok_or_else(|| Unknown::Distribution(purl.namespace().into_owned()))?;
    let distro = purl.qualifier("distro").unwrap_or_default();
    let ecosystem = match release(family, &distro) {
        Release::Alone => Ecosystem::constant(family),
        Release::Named(suffix) => Ecosystem::named(&format!("{family}:{suffix}")),
        Release::Unsaid => return Err(Unknown::Release(family)),
        Release::Product => return Err(Unknown::Product(family)),
    };
    let upstream = purl
        .qualifier("upstream")
        .or_else(|| purl.qualifier(other_key(purl.kind())));
    let is_by_source = is_by_source(family);
    let (source, version) = match &upstream {
        Some(upstream) if is_by_source => source(purl.kind(), upstream),
        Some(_) | None => (None, None),
    };
    Ok(OfRelease {
        ecosystem,
        name: source.map_or_else(|| purl.name().into_owned(), str::to_owned),
        version: version.map(str::to_owned).or_else(|| with_epoch(purl)),
        has_no_source: is_by_source && upstream.is_none(),
    })
}

/// The distribution of a package URL, by its type and its namespace; `None` for one that is not known.
#[must_use]
pub fn family(purl: &PackageUrl) -> Option<&'static str> {
    let (kind, namespace) = (purl.kind(), purl.namespace().to_ascii_lowercase());
    let row = ROWS.iter().find(|row| {
        let rules = row.rules.as_ref().filter(|rules| rules.purl_type == kind);
        let own = rules.map_or("", |rules| rules.purl_namespace);
        !own.is_empty() && own == spelled(&namespace)
    })?;
    Some(row.ecosystem.as_str())
}

/// The namespace that the standard's examples and OSV have, where tools that look at images write the name in `/etc/os-release` or one
/// of their own.
fn spelled(namespace: &str) -> &str {
    match namespace {
        "alma" => "almalinux",
        "azurelinux" | "mariner" | "cbl-mariner" => "azure-linux",
        "rhel" => "redhat",
        "rocky" | "rockylinux" => "rocky-linux",
        "sles" | "sled" => "suse",
        "vmware" => "photon",
        other => other,
    }
}

/// What OSV writes behind the colon.
enum Release<'d> {
    /// Nothing: the distribution has no releases.
    Alone,
    Named(Cow<'d, str>),
    /// It has releases, and it is not said which.
    Unsaid,
    /// The name of a product, of which a release has several.
    Product,
}

/// The release of `family` that `distro` says: `debian-12`, `bookworm`, `3.19.1`.
fn release<'d>(family: &str, distro: &'d str) -> Release<'d> {
    let version = distro.rsplit_once('-').map_or(distro, |(_, version)| version);
    let (major, rest) = number(version);
    let minor = rest.strip_prefix('.').map_or("", |rest| number(rest).0);
    let both = || match (major, minor) {
        ("", _) | (_, "") => None,
        (major, minor) => Some(format!("{major}.{minor}")),
    };
    let major = (!major.is_empty()).then_some(major);
    let named = match family {
        "Chainguard" | "Echo" | "MinimOS" | "Wolfi" => return Release::Alone,
        "Red Hat" | "SUSE" | "openEuler" => return Release::Product,
        "Debian" => major.or_else(|| codename(DEBIAN, version)).map(Cow::Borrowed),
        "Ubuntu" => {
            let number = both().or_else(|| codename(UBUNTU, version).map(str::to_owned));
            number.map(|number| Cow::Owned(ubuntu(number)))
        }
        "Alpine" if version == "edge" => Some("edge".into()),
        "Alpine" => both().map(|number| format!("v{number}").into()),
        "Photon OS" => both().map(Cow::Owned),
        "openSUSE" if distro.contains("tumbleweed") => Some("Tumbleweed".into()),
        "openSUSE" if distro.contains("leap") => both().map(|number| format!("Leap {number}").into()),
        "openSUSE" => None,
        "Alpaquita" | "BellSoft Hardened Containers" if version == "stream" => Some("stream".into()),
        _of_numbers => major.map(Cow::Borrowed),
    };
    named.map_or(Release::Unsaid, Release::Named)
}

/// The digits that `text` begins with, and the rest.
fn number(text: &str) -> (&str, &str) {
    let end = text.bytes().position(|byte| !byte.is_ascii_digit());
    text.split_at_checked(end.unwrap_or(text.len()))
        .unwrap_or((text, ""))
}

/// Releases with long-term support have that in their name: those of April in even years.
fn ubuntu(number: String) -> String {
    let year = number
        .strip_suffix(".04")
        .and_then(|year| year.parse::<u16>().ok());
    match year.is_some_and(|year| year % 2 == 0) {
        true => number + ":LTS",
        false => number,
    }
}

const DEBIAN: &[(&str, &str)] = &[
    ("jessie", "8"),
    ("stretch", "9"),
    ("buster", "10"),
    ("bullseye", "11"),
    ("bookworm", "12"),
    ("trixie", "13"),
];

const UBUNTU: &[(&str, &str)] = &[
    ("trusty", "14.04"),
    ("xenial", "16.04"),
    ("bionic", "18.04"),
    ("focal", "20.04"),
    ("jammy", "22.04"),
    ("noble", "24.04"),
    ("oracular", "24.10"),
    ("plucky", "25.04"),
    ("questing", "25.10"),
];

fn codename(names: &[(&str, &'static str)], name: &str) -> Option<&'static str> {
    names
        .iter()
        .find(|(codename, _)| codename.eq_ignore_ascii_case(name))
        .map(|(_, number)| *number)
}

/// Advisories of `family` are about source packages. Those of the others are about what is installed.
fn is_by_source(family: &str) -> bool {
    !matches!(family, "AlmaLinux" | "Photon OS" | "Red Hat" | "Rocky Linux")
}

/// What osv-scalibr calls `upstream`.
fn other_key(kind: &str) -> &'static str {
    match kind {
        "apk" => "origin",
        "deb" => "source",
        _rpm => "sourcerpm",
    }
}

/// The source package that `upstream` names, and its version where that is said: `gcc-12@12.2.0-14`, `openssl-3.0.7-1.src.rpm`.
fn source<'u>(kind: &str, upstream: &'u str) -> (Option<&'u str>, Option<&'u str>) {
    let (name, version) = match kind {
        "rpm" => {
            let file = upstream.strip_suffix(".rpm");
            let file =
                file.and_then(|file| file.strip_suffix(".src").or_else(|| file.strip_suffix(".nosrc")));
            let parts = file.and_then(|file| file.rsplit_once('-')?.0.rsplit_once('-'));
            (parts.map_or(upstream, |(name, _)| name), None)
        }
        _ => match upstream.split_once('@') {
            Some((name, version)) => (name, Some(version)),
            None => (upstream, None),
        },
    };
    let said = |text: &&str| !text.is_empty();
    (Some(name).filter(said), version.filter(said))
}

/// The version with its epoch, which package URLs of RPM have beside it.
fn with_epoch(purl: &PackageUrl) -> Option<String> {
    let epoch = purl.qualifier("epoch").filter(|epoch| **epoch != *"0")?;
    let version = purl.version().filter(|version| !version.contains(':'))?;
    Some(format!("{epoch}:{version}"))
}

#[cfg(test)]
mod tests {
    use super::super::purl::parse;
    use super::*;

    fn read(text: &str) -> Result<OfRelease, Unknown> {
        package(&parse(text).expect("a package URL"))
    }

    #[test]
    fn releases_are_named_as_advisories_name_them() {
        for (purl, ecosystem) in [
            ("pkg:deb/debian/a@1?distro=debian-12", "Debian:12"),
            ("pkg:deb/debian/a@1?distro=debian-12.5", "Debian:12"),
            ("pkg:deb/debian/a@1?distro=bookworm", "Debian:12"),
            ("pkg:deb/debian/a@1?distro=debian-trixie", "Debian:13"),
            ("pkg:deb/ubuntu/a@1?distro=ubuntu-22.04", "Ubuntu:22.04:LTS"),
            ("pkg:deb/ubuntu/a@1?distro=jammy", "Ubuntu:22.04:LTS"),
            ("pkg:deb/ubuntu/a@1?distro=ubuntu-23.04", "Ubuntu:23.04"),
            ("pkg:deb/ubuntu/a@1?distro=ubuntu-24.10", "Ubuntu:24.10"),
            ("pkg:deb/echo/a@1", "Echo"),
            ("pkg:apk/alpine/a@1?distro=alpine-3.19.1", "Alpine:v3.19"),
            ("pkg:apk/alpine/a@1?distro=3.19.1", "Alpine:v3.19"),
            ("pkg:apk/alpine/a@1?distro=alpine-edge", "Alpine:edge"),
            ("pkg:apk/wolfi/a@1?distro=wolfi-20230201", "Wolfi"),
            ("pkg:apk/chainguard/a@1", "Chainguard"),
            ("pkg:rpm/rocky/a@1?distro=rocky-9.3", "Rocky Linux:9"),
            ("pkg:rpm/Rocky-Linux/a@1?distro=rocky-9", "Rocky Linux:9"),
            ("pkg:rpm/almalinux/a@1?distro=almalinux-8.10", "AlmaLinux:8"),
            ("pkg:rpm/alma/a@1?distro=alma-9.3", "AlmaLinux:9"),
            ("pkg:rpm/mageia/a@1?distro=mageia-9", "Mageia:9"),
            (
                "pkg:rpm/opensuse/a@1?distro=opensuse-leap-15.6",
                "openSUSE:Leap 15.6",
            ),
            (
                "pkg:rpm/opensuse/a@1?distro=opensuse.leap-15.6",
                "openSUSE:Leap 15.6",
            ),
            (
                "pkg:rpm/opensuse/a@1?distro=opensuse-tumbleweed-20240101",
                "openSUSE:Tumbleweed",
            ),
            ("pkg:rpm/photon/a@1?distro=photon-5.0", "Photon OS:5.0"),
            ("pkg:rpm/azurelinux/a@1?distro=azurelinux-3.0", "Azure Linux:3"),
            ("pkg:rpm/mariner/a@1?distro=mariner-2.0", "Azure Linux:2"),
        ] {
            let found = read(purl).map(|package| package.ecosystem.as_str().to_owned());
            assert_eq!(found.as_deref(), Ok(ecosystem), "{purl}");
        }
    }

    #[test]
    fn what_is_not_said_is_not_guessed() {
        for (purl, unknown) in [
            ("pkg:deb/debian/a@1", Unknown::Release("Debian")),
            ("pkg:deb/debian/a@1?distro=sid", Unknown::Release("Debian")),
            ("pkg:deb/ubuntu/a@1?distro=ubuntu", Unknown::Release("Ubuntu")),
            ("pkg:deb/ubuntu/a@1?distro=ubuntu-22", Unknown::Release("Ubuntu")),
            ("pkg:apk/alpine/a@1?distro=alpine-3", Unknown::Release("Alpine")),
            ("pkg:rpm/opensuse/a@1?distro=15.6", Unknown::Release("openSUSE")),
            ("pkg:rpm/redhat/a@1?distro=rhel-9.2", Unknown::Product("Red Hat")),
            ("pkg:rpm/suse/a@1?distro=sles-15.5", Unknown::Product("SUSE")),
            (
                "pkg:rpm/fedora/a@1?distro=fedora-40",
                Unknown::Distribution("fedora".into()),
            ),
            ("pkg:deb/a@1", Unknown::Distribution(String::new())),
            // A namespace says a distribution of its own type alone.
            (
                "pkg:rpm/debian/a@1?distro=debian-12",
                Unknown::Distribution("debian".into()),
            ),
        ] {
            assert_eq!(read(purl), Err(unknown), "{purl}");
        }
    }

    #[test]
    fn advisories_are_about_source_packages() {
        for (purl, name, version, has_no_source) in [
            (
                "pkg:deb/debian/libssl3@3.0.11-1?distro=debian-12&upstream=openssl",
                "openssl",
                None,
                false,
            ),
            (
                "pkg:deb/debian/libgcc-s1@12.2.0-14?distro=debian-12&upstream=gcc-12%4012.2.0-13",
                "gcc-12",
                Some("12.2.0-13"),
                false,
            ),
            ("pkg:deb/debian/bash@5.2-2?distro=debian-12", "bash", None, true),
            (
                "pkg:apk/alpine/libcrypto3@3.1.4-r5?distro=alpine-3.19&upstream=openssl",
                "openssl",
                None,
                false,
            ),
            (
                "pkg:apk/wolfi/libssl3@3.1.4-r5?origin=openssl",
                "openssl",
                None,
                false,
            ),
            (
                "pkg:rpm/opensuse/libopenssl3@3.0.8-1?distro=opensuse-leap-15.6&upstream=openssl-3-3.0.8-1.src.rpm",
                "openssl-3",
                None,
                false,
            ),
            (
                "pkg:rpm/rocky/openssl-libs@3.0.7-24.el9?distro=rocky-9.3&epoch=1&upstream=openssl-3.0.7-24.el9.src.rpm",
                "openssl-libs",
                Some("1:3.0.7-24.el9"),
                false,
            ),
            (
                "pkg:rpm/rocky/bash@5-1?distro=rocky-9.3&epoch=0",
                "bash",
                None,
                false,
            ),
            (
                "pkg:deb/debian/a@1%3A1.0-1?distro=debian-12&upstream=a&epoch=1",
                "a",
                None,
                false,
            ),
        ] {
            let found = read(purl).expect("a package");
            assert_eq!(found.name, name, "{purl}");
            assert_eq!(found.version.as_deref(), version, "{purl}");
            assert_eq!(found.has_no_source, has_no_source, "{purl}");
        }
    }
}
