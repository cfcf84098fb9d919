//! The environments that a lockfile may be installed in, as a sample: every kind of system, machine and interpreter with the
//! releases of Python that matter. A marker is then the set of those in which it holds, and what two markers have in common is a matter of bits.

use std::cell::RefCell;
use std::collections::HashMap;

use crate::lockfile::grammar::marker::{Environment, Marker};
use crate::version::Scheme as _;
use crate::version::pep440::Pep440;
use crate::version::range::RangeSyntax as _;
use crate::version::range::pep440::Pep440 as Range;

/// The minor releases of Python 3 in the sample, each with its first and a late patch release.
const MINORS: std::ops::RangeInclusive<u32> = 6..=16;
const PATCHES: [u32; 2] = [0, 30];

/// So many further releases of Python that markers name are in the sample.
const MAX_NAMED: usize = 40;

/// `os_name`, `sys_platform`, `platform_system`.
const SYSTEMS: [(&str, &str, &str); 6] = [
    ("posix", "linux", "Linux"),
    ("posix", "darwin", "Darwin"),
    ("nt", "win32", "Windows"),
    ("posix", "cygwin", "CYGWIN"),
    ("posix", "emscripten", "Emscripten"),
    ("posix", "other", "Other"),
];

const MACHINES: [&str; 6] = ["x86_64", "aarch64", "arm64", "AMD64", "i686", "other"];

/// `platform_python_implementation` and `implementation_name`.
const IMPLEMENTATIONS: [(&str, &str); 2] = [("CPython", "cpython"), ("PyPy", "pypy")];

/// The sample.
pub(super) struct Environments {
    all: Vec<Environment>,
    /// The releases of Python, lowest first.
    pythons: Vec<String>,
    /// The number of environments of one release of Python, which lie side by side.
    of_python: usize,
    known: RefCell<HashMap<(String, String), Set>>,
}

/// Some of the environments.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) struct Set(Vec<u64>);

impl Environments {
    /// A sample with the releases of Python that `markers` name.
    pub(super) fn of<'m>(markers: impl Iterator<Item = &'m str>) -> Self {
        let mut pythons: Vec<String> = MINORS
            .flat_map(|minor| PATCHES.map(|patch| format!("3.{minor}.{patch}")))
            .collect();
        for marker in markers {
            let Ok(marker) = Marker::read(marker) else {
                continue;
            };
            for named in marker.pythons() {
                let is_patch = named.starts_with("3.")
                    && named.split('.').count() == 3
                    && named.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.');
                if is_patch && pythons.len() < MAX_NAMED && !pythons.iter().any(|known| known == named) {
                    pythons.push(named.to_owned());
                }
            }
        }
        pythons.sort_by(|left, right| Pep440.compare(left, right).unwrap_or(std::cmp::Ordering::Equal));
        let mut all = Vec::new();
        for python in &pythons {
            for (os_name, sys_platform, platform_system) in SYSTEMS {
                for platform_machine in MACHINES {
                    for (platform_python_implementation, implementation_name) in IMPLEMENTATIONS {
                        all.push(Environment {
                            python_full_version: python.clone(),
                            os_name,
                            sys_platform,
                            platform_system,
                            platform_machine,
                            platform_python_implementation,
                            implementation_name,
                        });
                    }
                }
            }
        }
        Self {
            of_python: SYSTEMS.len() * MACHINES.len() * IMPLEMENTATIONS.len(),
            all,
            pythons,
            known: RefCell::default(),
        }
    }

    /// All of them.
    pub(super) fn all(&self) -> Set {
        self.picked(|_| true)
    }

    /// None of them.
    pub(super) fn none(&self) -> Set {
        Set(vec![0; self.all.len().div_ceil(64)])
    }

    /// Those in which `marker` may hold where one of `extras`, or none, is asked for. A marker that cannot be read may hold
    /// everywhere.
    pub(super) fn of_marker<'e>(&self, marker: &str, extras: impl IntoIterator<Item = &'e str>) -> Set {
        let mut set = self.of_extra(marker, "");
        if !marker.contains("extra") {
            return set;
        }
        for extra in extras {
            set = set.or(&self.of_extra(marker, extra));
        }
        set
    }

    fn of_extra(&self, marker: &str, extra: &str) -> Set {
        let key = (marker.to_owned(), extra.to_owned());
        if let Some(known) = self.known.borrow().get(&key) {
            return known.clone();
        }
        let set = match Marker::read(marker) {
            Ok(marker) => self.picked(|environment| marker.holds(environment, extra)),
            Err(_) => self.all(),
        };
        self.known.borrow_mut().insert(key, set.clone());
        set
    }

    /// Those with a Python in `range`; all of them for a range that cannot be read.
    pub(super) fn of_pythons(&self, range: &str) -> Set {
        self.of_pythons_that(|python| Range.contains(range, python).unwrap_or(true))
    }

    /// Those with a Python that is picked.
    pub(super) fn of_pythons_that(&self, is_picked: impl Fn(&str) -> bool) -> Set {
        let is_in: Vec<bool> = self.pythons.iter().map(|python| is_picked(python)).collect();
        let mut number = 0;
        self.picked(|_| {
            let picked = is_in.get(number / self.of_python).copied().unwrap_or(true);
            number += 1;
            picked
        })
    }

    /// The patch releases of the lowest minor release of Python in `set`.
    pub(super) fn lowest_pythons(&self, set: &Set) -> Vec<&str> {
        let mut found = self.pythons_of(set).into_iter().peekable();
        let minor = |python: &str| python.rsplit_once('.').map(|(minor, _)| minor.to_owned());
        let lowest = found.peek().and_then(|python| minor(python));
        found.take_while(|python| minor(python) == lowest).collect()
    }

    /// The releases of Python in `set`, lowest first.
    pub(super) fn pythons_of(&self, set: &Set) -> Vec<&str> {
        let has = |number: usize| {
            let first = number * self.of_python;
            (first..first + self.of_python).any(|at| set.has(at))
        };
        let pythons = self.pythons.iter().enumerate();
        pythons
            .filter(|(number, _)| has(*number))
            .map(|(_, python)| python.as_str())
            .collect()
    }

    fn picked(&self, mut is_picked: impl FnMut(&Environment) -> bool) -> Set {
        let mut set = self.none();
        for (number, environment) in self.all.iter().enumerate() {
            if is_picked(environment)
                && let Some(bits) = set.0.get_mut(number / 64)
            {
                *bits |= 1 << (number % 64);
            }
        }
        set
    }
}

impl Set {
    fn has(&self, number: usize) -> bool {
        self.0
            .get(number / 64)
            .is_some_and(|bits| bits >> (number % 64) & 1 == 1)
    }

    pub(super) fn is_empty(&self) -> bool {
        self.0.iter().all(|bits| *bits == 0)
    }

    /// In both.
    pub(super) fn and(&self, other: &Self) -> Self {
        Self(
            self.0
                .iter()
                .zip(&other.0)
                .map(|(left, right)| left & right)
                .collect(),
        )
    }

    /// In either.
    pub(super) fn or(&self, other: &Self) -> Self {
        Self(
            self.0
                .iter()
                .zip(&other.0)
                .map(|(left, right)| left | right)
                .collect(),
        )
    }

    /// In this one alone.
    pub(super) fn without(&self, other: &Self) -> Self {
        Self(
            self.0
                .iter()
                .zip(&other.0)
                .map(|(left, right)| left & !right)
                .collect(),
        )
    }

    /// Some environment is in both.
    pub(super) fn meets(&self, other: &Self) -> bool {
        self.0.iter().zip(&other.0).any(|(left, right)| left & right != 0)
    }

    /// Every environment of `other` is in this one.
    pub(super) fn covers(&self, other: &Self) -> bool {
        other.without(self).is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn markers_are_sets() {
        let environments = Environments::of(["python_full_version < '3.11.4'"].into_iter());
        let of = |marker: &str| environments.of_marker(marker, []);
        assert!(of("sys_platform == 'win32'").meets(&of("python_version < '3.9'")));
        assert!(!of("sys_platform == 'win32'").meets(&of("os_name == 'posix'")));
        assert!(of("python_version >= '3.8'").covers(&of("python_full_version >= '3.8.1'")));
        assert!(!of("python_full_version < '3.11.4'").meets(&of("python_full_version >= '3.11.4'")));
        assert!(!of("python_full_version < '3.11.4'").covers(&of("python_version < '3.12'")));
        assert!(of("").covers(&of("nonsense ==")));
        assert!(of("extra == 'a'").is_empty());
        assert!(!environments.of_marker("extra == 'a'", ["a"]).is_empty());
        let python = environments.of_pythons(">=3.9, !=3.9.0, <3.11");
        assert_eq!(environments.lowest_pythons(&python), ["3.9.30"]);
        assert_eq!(environments.pythons_of(&python), ["3.9.30", "3.10.0", "3.10.30"]);
    }
}
