//! Go's module proxies (GOPROXY protocol, Go Modules Reference): a list of the versions with a tag, and a `.info`, a `.mod` and a
//! `.zip` of each version. What the checksum database says of a version is the answer of its `/lookup`.

use std::collections::BTreeSet;
use std::io::{Cursor, Read as _};

use zip::ZipArchive;

use super::go_config::{GoConfig, SETTING, Sources};
use super::{Answer, ConfigFile, Configuration, Detail, Parts, Registry};
use crate::lockfile::go_mod::archive::GoArchive;
use crate::lockfile::go_mod::file::{GoModFile, is_version};
use crate::lockfile::go_mod::sum;
use crate::model::{Ecosystem, Part, Release};
use crate::sys::web::Address;

/// Proxies of Go modules.
#[derive(Debug, Clone, Copy)]
pub struct Go;

/// The files of a module have at most so many bytes together (`zip.MaxZipFile` of `golang.org/x/mod`).
const MAX_UNPACKED: u64 = 500 << 20;

/// A module has at most so many files.
const MAX_FILES: usize = 200_000;

/// A `go.mod` has at most so many bytes (`zip.MaxGoMod`).
const MAX_GO_MOD: usize = 16 << 20;

impl Registry for Go {
    fn name(&self) -> &'static str {
        "go"
    }

    fn ecosystem(&self) -> Ecosystem {
        Ecosystem::GO
    }

    fn setting(&self) -> &'static str {
        SETTING
    }

    fn address(&self, base: &Address, package: &str) -> Address {
        let path = escaped(package);
        base.below(path.split('/').chain(["@v", "list"]))
    }

    fn accept(&self, _detail: Detail) -> &'static str {
        "*/*"
    }

    fn read(&self, _package: &str, bytes: &[u8]) -> Result<Answer, String> {
        let text = std::str::from_utf8(bytes).map_err(|_| "no list of versions".to_owned())?;
        let lines = text.lines().map(str::trim).filter(|line| !line.is_empty());
        // Some proxies write the time behind a version.
        let words = lines.filter_map(|line| line.split_ascii_whitespace().next());
        let versions: BTreeSet<&str> = words.collect();
        if let Some(other) = versions.iter().find(|version| !version.starts_with('v')) {
            let short: String = other.chars().take(100).collect();
            return Err(format!("no list of versions: {short:?} is none"));
        }
        let releases = versions.into_iter().filter(|version| is_version(version));
        Ok(Answer {
            releases: releases
                .map(|version| Release {
                    version: version.into(),
                    ..Release::default()
                })
                .collect(),
            ..Answer::default()
        })
    }

    fn parts(&self) -> Parts {
        Parts::Named
    }

    fn part_address(
        &self,
        base: &Address,
        package: &str,
        part: &Part,
        _release: Option<&Release>,
    ) -> Result<Address, String> {
        let path = escaped(package);
        let is_plain = |text: &str| {
            let mut parts = text.split('/');
            parts.all(|part| !matches!(part, "" | "." | "..")) && text.is_ascii()
        };
        let file = match part {
            Part::Versions => return Ok(self.address(base, package)),
            Part::Metadata(version) => format!("{}.mod", escaped(version)),
            Part::Archive(version) => format!("{}.zip", escaped(version)),
            Part::Time(version) => format!("{}.info", escaped(version)),
            Part::Proof(version) => {
                let asked = format!("lookup/{path}@{}", escaped(version));
                return match is_plain(package) && is_version(version) {
                    true => Ok(base.below(asked.split('/'))),
                    false => Err(format!("{package} {version} is no version of a Go module")),
                };
            }
        };
        if !is_plain(package) || file.contains('/') || file.starts_with('.') {
            return Err(format!("{package} {file} is no version of a Go module"));
        }
        Ok(base.below(path.split('/').chain(["@v", file.as_str()])))
    }

    fn read_part(
        &self,
        package: &str,
        part: &Part,
        _release: Option<&Release>,
        bytes: &[u8],
    ) -> Result<Release, String> {
        let (version, document) = match part {
            Part::Versions => return Err("the list of versions is no part".to_owned()),
            Part::Metadata(version) => (version, module_file(bytes)?),
            Part::Archive(version) => (version, archive(package, version, bytes)?.to_text()),
            Part::Time(version) => {
                let info: Info = serde_json::from_slice(bytes)
                    .map_err(|error| format!("not what a proxy says of a version: {error}"))?;
                return match info.version == **version {
                    true => Ok(Release {
                        version: version.clone(),
                        published: info.time.and_then(|time| time.parse().ok()),
                        ..Release::default()
                    }),
                    false => Err(format!("it answers for {:?}", info.version)),
                };
            }
            Part::Proof(version) => {
                let text = std::str::from_utf8(bytes).map_err(|_| "no record of a checksum database")?;
                let is_of = |line: &str| line.starts_with(&format!("{package} {version} h1:"));
                match text.lines().any(is_of) {
                    true => (version, text.to_owned()),
                    false => return Err(format!("no record of {package} {version}")),
                }
            }
        };
        Ok(Release {
            version: version.clone(),
            document: document.into(),
            ..Release::default()
        })
    }

    fn configuration(&self, _project: &[ConfigFile]) -> Box<dyn Configuration> {
        // Go reads no setting from a repository.
        Box::new(GoConfig::of(&Sources::of_machine()))
    }
}

/// The answer to `.info`.
#[derive(serde::Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Info {
    version: String,
    time: Option<String>,
}

/// Capital letters as `!` and the small one (`module.EscapePath`).
fn escaped(path: &str) -> String {
    let mut escaped = String::with_capacity(path.len());
    for letter in path.chars() {
        if letter.is_ascii_uppercase() {
            escaped.push('!');
        }
        escaped.push(letter.to_ascii_lowercase());
    }
    escaped
}

fn module_file(bytes: &[u8]) -> Result<String, String> {
    let text = match bytes.len() <= MAX_GO_MOD {
        true => std::str::from_utf8(bytes).map_err(|_| "no go.mod: it is not UTF-8".to_owned())?,
        false => return Err(format!("no go.mod: more than {MAX_GO_MOD} bytes")),
    };
    GoModFile::read_foreign(text).map_err(|reason| format!("no go.mod: {reason}"))?;
    Ok(text.to_owned())
}

/// Reads every file of the archive, for its hash and for what it imports.
fn archive(package: &str, version: &str, bytes: &[u8]) -> Result<GoArchive, String> {
    let unusable = |error: zip::result::ZipError| format!("no archive of a module: {error}");
    let mut zip = ZipArchive::new(Cursor::new(bytes)).map_err(unusable)?;
    if zip.len() > MAX_FILES {
        return Err(format!("no archive of a module: more than {MAX_FILES} files"));
    }
    let folder = format!("{package}@{version}/");
    let mut archive = GoArchive::default();
    let mut files: Vec<(String, [u8; 32])> = Vec::with_capacity(zip.len());
    let mut names = BTreeSet::new();
    let mut left = MAX_UNPACKED;
    let mut content = Vec::new();
    for number in 0..zip.len() {
        let file = zip.by_index(number).map_err(unusable)?;
        let name = file.name().map_err(unusable)?.into_owned();
        let inside = name
            .strip_prefix(&folder)
            .filter(|inside| !inside.is_empty() && !name.contains('\n'))
            .map(str::to_owned);
        let Some(inside) = inside else {
            return Err(format!("no archive of {package} {version}: it holds {name:?}"));
        };
        content.clear();
        let read = file
            .take(left.saturating_add(1))
            .read_to_end(&mut content)
            .map_err(|error| format!("no archive of a module: {error}"))?;
        left = left
            .checked_sub(read as u64)
            .ok_or_else(|| format!("more than {MAX_UNPACKED} bytes unpacked"))?;
        if !names.insert(name.clone()) {
            return Err(format!("no archive of a module: it holds {name:?} twice"));
        }
        if !name.ends_with('/') {
            archive.add(&inside, &content);
        }
        files.push((name, sum::digest(&content)));
    }
    archive.hash = sum::hash(files);
    Ok(archive)
}
