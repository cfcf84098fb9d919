//! Indexes of Python packages (simple repository API, PEP 503) and the archives on their hosts.
//!
//! A file that names an archive by its address says nothing of a registry. But an archive on a host that the same file
//! names as an index, or on one of PyPI's own, is what an installer would have got from that index: the registry's package, of
//! the name and version that stand in its file name.

use std::collections::HashMap;

use super::distribution::{self, Distribution};
use super::rfc3986::{host, without_secrets};
use crate::model::Source;

/// Where PyPI's archives lie and lay, as hosts.
pub const PYPI_HOSTS: [&str; 4] = ["files.pythonhosted.org", "pypi.org", "pypi.python.org", "pypi.io"];

/// PyPI's index.
pub const PYPI: &str = "https://pypi.org/simple";

/// The indexes that a file names, by host.
#[derive(Debug, Default)]
pub struct Indexes {
    by_host: HashMap<String, String>,
}

impl Indexes {
    /// Adds the index at `address`; of several on one host the first one counts.
    pub fn add(&mut self, address: &str) {
        self.add_files(address, address);
    }

    /// Adds the host of `file`, which the index at `address` is known to serve.
    pub fn add_files(&mut self, address: &str, file: &str) {
        if let Some(host) = host(file) {
            let index = || without_secrets(address).into_owned();
            self.by_host.entry(host).or_insert_with(index);
        }
    }

    /// The index whose host `address` lies on.
    #[must_use]
    pub fn of(&self, address: &str) -> Option<&str> {
        let host = host(address)?;
        match self.by_host.get(&host) {
            Some(index) => Some(index),
            None => PYPI_HOSTS.contains(&host.as_str()).then_some(PYPI),
        }
    }

    /// What the archive at `address` is in the registry; its own address is recorded, since a host may hold several
    /// indexes. `None` if it lies elsewhere, or if its file name leaves open what
    /// it is: then it stays an archive at an address. `named` is what the file calls it.
    #[must_use]
    pub fn archive(&self, address: &str, named: Option<&str>) -> Option<(Source, Distribution)> {
        self.of(address)?;
        let distribution = distribution::of_address(address, named)?;
        distribution.is_certain.then(|| {
            (
                Source::Registry(Some(without_secrets(address).into_owned())),
                distribution,
            )
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_host_decides() {
        let mut indexes = Indexes::default();
        indexes.add("https://u:p@Index.Example:443/team/simple/");
        indexes.add_files(
            "https://index.example/team/simple/",
            "http://files.example:8080/a/b",
        );
        let registry = Some("https://u:****@Index.Example:443/team/simple/");
        for (address, found) in [
            ("https://index.example/packages/a-1.0.tar.gz", registry),
            ("HTTPS://INDEX.EXAMPLE./packages/a-1.0.tar.gz", registry),
            ("https://token@index.example/a-1.0.tar.gz", registry),
            ("https://index.example:8443/a-1.0.tar.gz", None),
            ("https://index.example.evil.example/a-1.0.tar.gz", None),
            ("https://evil.example/index.example/a-1.0.tar.gz", None),
            ("https://evil.example?@index.example/a-1.0.tar.gz", None),
            (
                "http://files.example:8080/a-1.0.tar.gz",
                Some("https://index.example/team/simple/"),
            ),
            ("http://files.example/a-1.0.tar.gz", None),
        ] {
            assert_eq!(indexes.of(address), found, "{address}");
        }
        for host in PYPI_HOSTS {
            let address = format!("https://{host}/packages/ab/Kiln-1.0-py3-none-any.whl");
            let (source, found) = indexes.archive(&address, None).expect(host);
            assert_eq!(source, Source::Registry(Some(address)));
            assert_eq!(
                (found.name.text.as_str(), found.version.text.as_str()),
                ("Kiln", "1.0")
            );
            assert_eq!(
                indexes.archive(&format!("https://{host}/kiln/main.zip"), None),
                None
            );
        }
    }
}
