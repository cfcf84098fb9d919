//! Indexes of Python packages (simple repository API, PEP 503) and the archives on their hosts.
//!
//! A file that names an archive by its address says nothing of a registry. But an archive on a host that the same file
//! names as an index is what an installer would have got from that index: the registry's package, of the name and version
//! that stand in its file name. So is one in a registry's store of archives, whatever its host, as an archive of npm is
//! one by its path: PyPI keeps archives in folders below `packages/`, by digest (`packages/ab/cd/REST/FILE`) and, for older
//! addresses, by kind and name (`packages/source/d/django/FILE`), and mirrors keep those paths.

use std::collections::HashSet;

use super::distribution::{self, Distribution};
use super::rfc3986::{host, without_secrets};
use crate::model::{Ecosystem, FileSpan, Package, Source};
use crate::text::Span;
use crate::text::tree::Value;

/// The folder of an index in which its archives lie.
const STORE: &str = "packages";

/// The hosts of the indexes that a file names.
#[derive(Debug, Default)]
pub struct Indexes {
    hosts: HashSet<String>,
}

impl Indexes {
    /// Adds the host of `address`, an index or a file that one is known to serve.
    pub fn add(&mut self, address: &str) {
        self.hosts.extend(host(address));
    }

    /// An index serves the archive at `address`: it is on the host of one, or in a store of archives.
    #[must_use]
    pub fn serve(&self, address: &str) -> bool {
        host(address).is_some_and(|host| self.hosts.contains(&host) || is_in_store(address))
    }

    /// What the archive at `address` is in the registry; its own address is recorded, since a host may hold several
    /// indexes. `None` if it is elsewhere, or if its file name leaves open what
    /// it is: then it stays an archive at an address. `named` is what the file calls it.
    #[must_use]
    pub fn archive(&self, address: &str, named: Option<&str>) -> Option<(Source, Distribution)> {
        let distribution = distribution::of_address(address, named)?;
        (distribution.is_certain && self.serve(address)).then(|| {
            (
                Source::Registry(Some(without_secrets(address).into_owned())),
                distribution,
            )
        })
    }

    /// The package of the registry whose archive is at `url`, in an entry of `name` and `version`, which is at `place`: what the
    /// archive is called counts where that differs.
    #[must_use]
    pub fn package(&self, url: Value<'_>, name: &str, version: &str, place: Span) -> Option<Package> {
        let (source, found) = self.archive(&url.as_str()?, Some(name))?;
        let mut package = match found.is_called(name) && found.is_of_version(version) {
            true => Package::new(Ecosystem::PYPI, name, version, FileSpan::here(place)),
            false => {
                let place = FileSpan::here(url.span_of(found.version.range));
                Package::new(Ecosystem::PYPI, found.name.text, found.version.text, place)
            }
        };
        package.source = source;
        Some(package)
    }
}

/// The http(s) `address` is that of a file in folders below one called [`STORE`].
fn is_in_store(address: &str) -> bool {
    let path = address.split(['?', '#']).next().unwrap_or_default();
    let Some((_, path)) = path.split_once("://").and_then(|(_, rest)| rest.split_once('/')) else {
        return false;
    };
    let mut folders = path.split('/');
    let _file = folders.next_back();
    let is_plain = |folder: &str| !matches!(folder, "" | "." | "..") && !folder.contains(['%', '\\']);
    let (has_store, below) = folders.fold((false, 0), |(has_store, below), folder| match has_store {
        _ if !is_plain(folder) => (false, 0),
        true => (true, below + 1),
        false => (folder == STORE, 0),
    });
    has_store && below > 0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_host_decides() {
        let mut indexes = Indexes::default();
        indexes.add("https://u:p@Index.Example:443/team/simple/");
        indexes.add("http://files.example:8080/a/b");
        for (address, is_served) in [
            ("https://index.example/whl/a-1.0.tar.gz", true),
            ("HTTPS://INDEX.EXAMPLE./whl/a-1.0.tar.gz", true),
            ("https://token@index.example/a-1.0.tar.gz", true),
            ("https://index.example:8443/a-1.0.tar.gz", false),
            ("https://index.example.evil.example/a-1.0.tar.gz", false),
            ("https://evil.example/index.example/a-1.0.tar.gz", false),
            ("https://evil.example?@index.example/a-1.0.tar.gz", false),
            ("http://files.example:8080/a-1.0.tar.gz", true),
            ("http://files.example/a-1.0.tar.gz", false),
        ] {
            assert_eq!(indexes.serve(address), is_served, "{address}");
        }
    }

    #[test]
    fn a_store_of_archives_has_a_form() {
        let digest = "0".repeat(60);
        let indexes = Indexes::default();
        for path in [
            format!("packages/ab/cd/{digest}/Kiln-1.0-py3-none-any.whl"),
            format!("mirror/pypi/packages/ab/cd/{digest}/Kiln-1.0.tar.gz#sha256=00"),
            "packages/source/k/Kiln/Kiln-1.0.tar.gz".into(),
            "repository/python/packages/kiln/1.0/kiln-1.0.zip?x=/".into(),
        ] {
            let address = format!("https://t0ken@registry.example/{path}");
            let (source, found) = indexes.archive(&address, None).expect(&address);
            let shown = format!("https://****@registry.example/{path}");
            assert_eq!(source, Source::Registry(Some(shown)));
            assert_eq!(
                (
                    found.name.text.to_lowercase().as_str(),
                    found.version.text.as_str()
                ),
                ("kiln", "1.0")
            );
        }
        for address in [
            "https://registry.example/packages/kiln-1.0.tar.gz",
            "https://packages/ab/kiln-1.0.tar.gz",
            "https://registry.example/packages/../kiln-1.0.tar.gz",
            "https://registry.example/packages/%2e%2e/kiln-1.0.tar.gz",
            "https://registry.example/packages//kiln-1.0.tar.gz",
            "https://registry.example/x?/packages/ab/kiln-1.0.tar.gz",
            "https://registry.example/x#/packages/ab/kiln-1.0.tar.gz",
            "https://registry.example/packages/kiln/main.zip",
            "ftp://registry.example/packages/ab/kiln-1.0.tar.gz",
            "packages/ab/kiln-1.0.tar.gz",
        ] {
            assert_eq!(indexes.archive(address, None), None, "{address}");
        }
    }
}
