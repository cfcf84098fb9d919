//! What a `pdm.lock` is for, its targets: which files of a release it lists, and where it is meant.
//!
//! A target has versions of Python and perhaps a platform and an interpreter. Files are those that may be installed on one of
//! the targets, by the tags of wheels (PEP 425, PEP 600, PEP 656) as PDM compares them; source distributions always are. Before PDM 2.17
//! there are no targets, and all files are listed for a Python that the project runs on, with those of other interpreters than CPython.

use super::pdm_entries::{Style, Target};
use crate::plan::python::Sample;
use crate::schema::simple_index::File;
use crate::version::range::RangeSyntax as _;
use crate::version::range::pep440::Pep440;

/// Versions of Python that stand for all.
const MINORS: std::ops::RangeInclusive<u32> = 0..=40;
const PATCHES: [u32; 12] = [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 20, 30];

impl Style {
    /// The file is listed.
    #[must_use]
    pub fn lists(&self, file: &File) -> bool {
        self.targets.is_empty() || self.targets.iter().any(|target| target.lists(file))
    }

    /// What is needed where `marker` holds is listed with a package that is meant where `own` does.
    #[must_use]
    pub fn lists_need(&self, marker: &str, own: &str, sample: &Sample) -> bool {
        let is_old = self.targets.iter().any(|target| target.is_of_project);
        !is_old || sample.meets(&[marker, own])
    }

    /// The versions of Python of a release, as the index says them of its files, and else its metadata.
    #[must_use]
    pub fn pythons(&self, files: &[File], metadata: Option<&str>) -> Option<String> {
        let listed = || files.iter().filter(|file| self.lists(file));
        let of_wheel = listed().filter(|file| file.is_wheel());
        let of_index = of_wheel
            .chain(listed())
            .find_map(|file| file.requires_python.clone());
        let pythons = of_index.or_else(|| metadata.map(str::to_owned));
        pythons.filter(|pythons| !pythons.is_empty())
    }

    /// The versions of Python that everything has to run on, as specifiers, and a marker that says where the lockfile is for.
    #[must_use]
    pub fn environments(&self) -> (String, String) {
        // A bound that is the next major version counts as none for PDM: its own is set here, so that none is asked for.
        match self.targets.as_slice() {
            [] => ("<4".to_owned(), String::new()),
            [one] => {
                let python = match one.python.as_str() {
                    "" | "*" => "<4".to_owned(),
                    python => format!("{python},<4"),
                };
                (python, one.marker(false))
            }
            many => {
                let markers = many.iter().map(|target| match target.marker(true) {
                    marker if marker.is_empty() => String::new(),
                    marker => format!("({marker})"),
                });
                let markers: Vec<String> = markers.collect();
                let marker = match markers.iter().any(String::is_empty) {
                    true => String::new(),
                    false => markers.join(" or "),
                };
                ("<4".to_owned(), marker)
            }
        }
    }
}

impl Target {
    /// The file may be installed there.
    fn lists(&self, file: &File) -> bool {
        let is_for_python = match &file.requires_python {
            Some(range) if !self.is_of_project => self.takes_some(range),
            Some(_) | None => true,
        };
        is_for_python && (!file.is_wheel() || self.runs(&file.filename))
    }

    fn runs(&self, wheel: &str) -> bool {
        let stem = wheel.strip_suffix(".whl").unwrap_or(wheel);
        let mut tags = stem.rsplit('-');
        let mut tag = || tags.next().unwrap_or_default();
        let (platforms, abis, pythons) = (tag(), tag(), tag());
        let is_for_python = pythons
            .split('.')
            .any(|python| abis.split('.').any(|abi| self.runs_python(python, abi)));
        let platform = Platform::read(&self.platform);
        is_for_python
            && match (self.platform.is_empty(), platform) {
                (true, _) => true,
                (false, None) => platforms == "any",
                (false, Some(platform)) => platforms.split('.').any(|tag| platform.takes(tag)),
            }
    }

    fn runs_python(&self, python: &str, abi: &str) -> bool {
        let (Some(kind), Some(major)) = (python.get(..2), python.get(2..3)) else {
            return false;
        };
        let minor = python.get(3..).unwrap_or_default();
        if self.is_of_project && !matches!(kind, "cp" | "py") {
            return true;
        }
        let own = match self.implementation.as_str() {
            "cpython" => "cp",
            "pypy" => "pp",
            _ => "pt",
        };
        if !self.implementation.is_empty() && kind != own && kind != "py" {
            return false;
        }
        let abi = abi.split('_').next().unwrap_or_default().to_ascii_lowercase();
        let abi = abi.replace("pypy", "pp").replace("pyston", "pt");
        if abi == "abi3" {
            let minor = if minor.is_empty() { "0" } else { minor };
            let is_its = self.is_of_project || (kind == "cp" && !self.is_free_threaded);
            return is_its && self.takes_some(&format!(">={major}.{minor}"));
        }
        if abi != "none" && !self.is_of_project {
            let is_its = abi.starts_with(&python.to_ascii_lowercase());
            let is_free = abi.ends_with('t') == self.is_free_threaded;
            if !is_its || (!self.implementation.is_empty() && !is_free) {
                return false;
            }
        }
        match minor.is_empty() {
            true => self.takes_some(&format!("=={major}.*")),
            false => self.takes_some(&format!("=={major}.{minor}.*")),
        }
    }

    /// Some version of Python is in `range` and in that of the target. A range that cannot be read is passed over.
    fn takes_some(&self, range: &str) -> bool {
        let own = match self.python.as_str() {
            "*" => "",
            python => python,
        };
        let is_in = |range: &str, version: &str| Pep440.contains(range, version).unwrap_or(true);
        let versions = |major: u32| {
            MINORS.flat_map(move |minor| PATCHES.map(move |patch| format!("{major}.{minor}.{patch}")))
        };
        let mut all = versions(3).chain(versions(2));
        all.any(|version| is_in(own, &version) && is_in(range, &version))
    }

    /// Where it is, as a marker; empty for everywhere.
    fn marker(&self, has_python: bool) -> String {
        let mut parts = Vec::new();
        let specifiers = self.python.split(',').map(str::trim);
        for specifier in specifiers.filter(|specifier| has_python && !matches!(*specifier, "" | "*")) {
            if let Some(at) = specifier.find(|letter: char| letter.is_ascii_digit())
                && let Some((sign, version)) = specifier.split_at_checked(at)
            {
                parts.push(format!(
                    "python_full_version {} '{}'",
                    sign.trim(),
                    version.trim()
                ));
            }
        }
        if let Some(platform) = Platform::read(&self.platform) {
            parts.push(format!("sys_platform == '{}'", platform.system()));
            parts.push(format!("platform_machine == '{}'", platform.machine()));
        }
        if matches!(self.implementation.as_str(), "cpython" | "pypy") {
            parts.push(format!("implementation_name == '{}'", self.implementation));
        }
        parts.join(" and ")
    }
}

/// A platform as PDM calls it.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Platform<'t> {
    system: &'t str,
    major: u32,
    minor: u32,
    machine: &'t str,
}

impl<'t> Platform<'t> {
    fn read(text: &'t str) -> Option<Self> {
        let of = |system, major, minor, machine| Platform {
            system,
            major,
            minor,
            machine,
        };
        match text {
            "linux" => return Some(of("manylinux", 2, 40, "x86_64")),
            "windows" => return Some(of("windows", 0, 0, "x86_64")),
            "macos" | "macos_arm64" => return Some(of("macos", 14, 0, "aarch64")),
            "macos_x86_64" => return Some(of("macos", 14, 0, "x86_64")),
            "alpine" => return Some(of("musllinux", 1, 2, "x86_64")),
            _ => {}
        }
        let machine = |text: &'t str| match text {
            "i386" | "i686" => "x86",
            "amd64" => "x86_64",
            "arm64" => "aarch64",
            other => other,
        };
        if let Some(rest) = text.strip_prefix("windows_") {
            return Some(of("windows", 0, 0, machine(rest)));
        }
        let mut parts = text.splitn(4, '_');
        let system = parts
            .next()
            .filter(|system| matches!(*system, "manylinux" | "musllinux" | "macos"))?;
        let mut number = || parts.next()?.parse::<u32>().ok();
        let (major, minor) = (number()?, number()?);
        Some(of(system, major, minor, machine(parts.next()?)))
    }

    /// `sys_platform`
    fn system(&self) -> &'static str {
        match self.system {
            "windows" => "win32",
            "macos" => "darwin",
            _ => "linux",
        }
    }

    /// `platform_machine`
    fn machine(&self) -> &'t str {
        match (self.system, self.machine) {
            ("windows" | "macos", "aarch64") => "arm64",
            ("windows", "x86_64") => "AMD64",
            (_, machine) => machine,
        }
    }

    /// It installs what has this tag.
    fn takes(&self, tag: &str) -> bool {
        if tag == "any" {
            return true;
        }
        let machine = self.machine;
        match self.system {
            "windows" => {
                tag == match machine {
                    "x86" => "win32",
                    "x86_64" => "win_amd64",
                    _ => "win_arm64",
                }
            }
            "manylinux" => {
                let lowest = if matches!(machine, "x86" | "x86_64") {
                    5
                } else {
                    17
                };
                let Some(kind) = tag.strip_suffix(machine).and_then(|rest| rest.strip_suffix('_')) else {
                    return false;
                };
                let minor = match kind {
                    "linux" => return true,
                    "manylinux1" => Some(5),
                    "manylinux2010" => Some(12),
                    "manylinux2014" => Some(17),
                    _ => kind
                        .strip_prefix(&format!("manylinux_{}_", self.major))
                        .and_then(|minor| minor.parse().ok()),
                };
                minor.is_some_and(|minor: u32| (lowest..=self.minor).contains(&minor))
            }
            "musllinux" => {
                let kind = tag.strip_suffix(machine).and_then(|rest| rest.strip_suffix('_'));
                let minor = kind.and_then(|kind| kind.strip_prefix(&format!("musllinux_{}_", self.major)));
                let minor = minor.and_then(|minor| minor.parse::<u32>().ok());
                kind == Some("linux") || minor.is_some_and(|minor| (1..=self.minor).contains(&minor))
            }
            _ => self.takes_of_macos(tag),
        }
    }

    fn takes_of_macos(&self, tag: &str) -> bool {
        let mut parts = tag.splitn(4, '_');
        let is_macos = parts.next() == Some("macosx");
        let mut number = || parts.next().and_then(|part| part.parse::<u32>().ok());
        let (Some(major), Some(minor)) = (number(), number()) else {
            return false;
        };
        let format = parts.next().unwrap_or_default();
        let is_its = match self.machine {
            "x86_64" => matches!(
                format,
                "x86_64" | "intel" | "fat64" | "fat32" | "universal2" | "universal"
            ),
            "aarch64" => matches!(format, "arm64" | "universal2"),
            other => format == other,
        };
        let is_early = (4..=16).contains(&minor) && (self.machine == "x86_64" || format == "universal2");
        is_macos
            && is_its
            && match (self.major, major) {
                (10, 10) => (4..=self.minor).contains(&minor),
                (10, _) => false,
                (_, 10) => is_early,
                (own, major) => (11..=own).contains(&major) && minor == 0,
            }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn target(python: &str, platform: &str) -> Target {
        Target {
            python: python.to_owned(),
            platform: platform.to_owned(),
            ..Target::default()
        }
    }

    /// What dep-logic 0.7.2 says of the same.
    #[test]
    fn wheels_are_for_targets() {
        for (wheel, python, platform, runs) in [
            ("a-1-py3-none-any.whl", ">=3.9", "", true),
            ("a-1-py2-none-any.whl", ">=3.9", "", false),
            ("a-1-py2.py3-none-any.whl", ">=3.9", "", true),
            ("a-1-cp38-cp38-win32.whl", ">=3.9", "", false),
            ("a-1-cp39-cp39-win32.whl", ">=3.9", "", true),
            ("a-1-cp36-abi3-win32.whl", ">=3.9", "", true),
            ("a-1-pp39-pypy39_pp73-win32.whl", ">=3.9", "", true),
            ("a-1-pp38-pypy38_pp73-win32.whl", ">=3.9", "", false),
            ("a-1-py37-none-any.whl", ">=3.9", "", false),
            ("a-1-cp313-cp313t-win32.whl", ">=3.9", "", true),
            (
                "a-1-cp312-cp312-manylinux_2_17_x86_64.manylinux2014_x86_64.whl",
                ">=3.9",
                "manylinux_2_17_x86_64",
                true,
            ),
            (
                "a-1-cp312-cp312-manylinux_2_28_x86_64.whl",
                ">=3.9",
                "manylinux_2_17_x86_64",
                false,
            ),
            (
                "a-1-cp312-cp312-manylinux1_x86_64.whl",
                ">=3.9",
                "manylinux_2_17_x86_64",
                true,
            ),
            (
                "a-1-cp312-cp312-musllinux_1_1_x86_64.whl",
                ">=3.9",
                "manylinux_2_17_x86_64",
                false,
            ),
            ("a-1-cp312-cp312-win_amd64.whl", ">=3.9", "windows_amd64", true),
            (
                "a-1-cp312-cp312-macosx_11_0_arm64.whl",
                ">=3.9",
                "macos_14_0_arm64",
                true,
            ),
            (
                "a-1-cp312-cp312-macosx_10_9_universal2.whl",
                ">=3.9",
                "macos_14_0_arm64",
                true,
            ),
            (
                "a-1-cp312-cp312-macosx_10_9_x86_64.whl",
                ">=3.9",
                "macos_14_0_arm64",
                false,
            ),
            ("a-1-py3-none-any.whl", ">=3.9", "macos_14_0_arm64", true),
        ] {
            assert_eq!(target(python, platform).runs(wheel), runs, "{wheel} {platform}");
        }
        // What PDM 2.15.4 says.
        let old = Target {
            is_of_project: true,
            ..target(">=3.9", "")
        };
        for (wheel, runs) in [
            ("a-1-cp38-cp38-win32.whl", false),
            ("a-1-cp36-abi3-win32.whl", true),
            ("a-1-pp38-pypy38_pp73-win32.whl", true),
            ("a-1-py2-none-any.whl", false),
        ] {
            assert_eq!(old.runs(wheel), runs, "{wheel}");
        }
    }

    #[test]
    fn targets_are_environments() {
        let style = |targets| Style {
            has_groups: true,
            has_addresses: false,
            targets,
            groups: None,
        };
        let shown = |targets| style(targets).environments();
        assert_eq!(
            shown(vec![target(">=3.9", "")]),
            (">=3.9,<4".to_owned(), String::new())
        );
        assert_eq!(
            shown(vec![target("==3.8.*", "linux"), target(">=3.11", "")]),
            (
                "<4".to_owned(),
                "(python_full_version == '3.8.*' and sys_platform == 'linux' and platform_machine == 'x86_64') or \
                 (python_full_version >= '3.11')"
                    .to_owned()
            )
        );
    }
}
