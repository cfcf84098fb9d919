//! The name of a package ecosystem, as OSV spells it.

use std::borrow::Cow;
use std::fmt;

/// An ecosystem by OSV's name (`crates.io`, `npm`, `PyPI`, …). Names that the program has no row for are
/// kept as they are.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Ecosystem(Cow<'static, str>);

impl Ecosystem {
    /// Rust crates.
    pub const CRATES_IO: Self = Self::constant("crates.io");
    /// JavaScript packages.
    pub const NPM: Self = Self::constant("npm");
    /// Python packages.
    pub const PYPI: Self = Self::constant("PyPI");
    /// Go modules.
    pub const GO: Self = Self::constant("Go");
    /// Java artifacts.
    pub const MAVEN: Self = Self::constant("Maven");
    /// .NET packages.
    pub const NUGET: Self = Self::constant("NuGet");
    /// Ruby gems.
    pub const RUBYGEMS: Self = Self::constant("RubyGems");
    /// Swift packages, by the addresses of their repositories.
    pub const SWIFT_URL: Self = Self::constant("SwiftURL");
    /// Dart and Flutter packages.
    pub const PUB: Self = Self::constant("Pub");
    /// PHP packages.
    pub const PACKAGIST: Self = Self::constant("Packagist");
    /// Elixir, Erlang and Gleam packages.
    pub const HEX: Self = Self::constant("Hex");
    /// Haskell packages.
    pub const HACKAGE: Self = Self::constant("Hackage");
    /// R packages for biology, which have releases of their own.
    pub const BIOCONDUCTOR: Self = Self::constant("Bioconductor");
    /// R packages.
    pub const CRAN: Self = Self::constant("CRAN");
    /// Julia packages.
    pub const JULIA: Self = Self::constant("Julia");
    /// C and C++ packages of Conan.
    pub const CONAN_CENTER: Self = Self::constant("ConanCenter");
    /// OCaml packages.
    pub const OPAM: Self = Self::constant("opam");

    /// No ecosystem: what a bill of materials is of, each of whose packages names its own.
    pub const ANY: Self = Self::constant("");
    /// Actions and reusable workflows.
    pub const GITHUB_ACTIONS: Self = Self::constant("GitHub Actions");

    /// The ecosystem called `name`.
    #[must_use]
    pub fn named(name: &str) -> Self {
        Self(Cow::Owned(name.to_owned()))
    }

    /// The ecosystem called `name`, in a constant.
    #[must_use]
    pub const fn constant(name: &'static str) -> Self {
        Self(Cow::Borrowed(name))
    }

    /// OSV's name.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The name without its suffix: `Debian` for `Debian:12`.
    #[must_use]
    pub fn family(&self) -> &str {
        Self::family_of(&self.0)
    }

    /// An ecosystem's name without its suffix.
    #[must_use]
    pub fn family_of(name: &str) -> &str {
        name.split_once(':').map_or(name, |(family, _)| family)
    }
}

impl fmt::Display for Ecosystem {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}
