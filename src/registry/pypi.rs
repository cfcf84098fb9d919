//! Indexes of Python packages: the Simple Repository API as JSON (PEP 691, with the times of PEP 700), and what a release needs
//! from the metadata beside its wheel (PEP 658), else from inside the smallest wheel.
//!
//! What an index lists are files, of which many are of one release. Files that no installer takes (eggs, `.exe`, `.rpm`), and those
//! whose name leaves open of which version they are, are passed over. A release of which every file is yanked counts as withdrawn.
//! A release without a wheel is asked for its source distribution, which says what it needs only if that does not hang on the
//! build (core metadata 2.2, `Dynamic`).

use std::collections::BTreeMap;
use std::io::{Cursor, Read as _};

use flate2::read::GzDecoder;
use sha2::{Digest as _, Sha256};

use super::pip_config::{PipConfig, SETTING, Sources};
use super::{Answer, ConfigFile, Configuration, Detail, Parts, Registry};
use crate::ecosystem::normalise;
use crate::lockfile::grammar::{distribution, pep508};
use crate::model::release::{Release, Requirement, RequirementKind};
use crate::model::{Ecosystem, Part};
use crate::schema::core_metadata;
use crate::schema::simple_index::{CoreMetadata, File, Project, files_of};
use crate::sys::web::Address;
use crate::version::pep440;

/// PyPI and the indexes that answer like it.
#[derive(Debug, Clone, Copy)]
pub struct PyPi;

/// Longer metadata, unpacked, is none, in bytes.
const MAX_METADATA: u64 = 8 << 20;

/// Larger archives are not fetched for their metadata, in bytes.
const MAX_ARCHIVE: u64 = 48 << 20;

/// So many entries of an archive are looked at.
const MAX_ENTRIES: usize = 20_000;

impl Registry for PyPi {
    fn name(&self) -> &'static str {
        "pypi"
    }

    fn ecosystem(&self) -> Ecosystem {
        Ecosystem::PYPI
    }

    fn setting(&self) -> &'static str {
        SETTING
    }

    fn address(&self, base: &Address, package: &str) -> Address {
        // The slash at the end saves a redirect.
        base.below([&*normalise(&Ecosystem::PYPI, package), ""])
    }

    fn accept(&self, _: Detail) -> &'static str {
        "application/vnd.pypi.simple.v1+json, application/json; q=0.5"
    }

    fn read(&self, package: &str, bytes: &[u8]) -> Result<Answer, String> {
        if bytes.trim_ascii_start().starts_with(b"<") {
            return Err("it answers in HTML alone, and JSON (PEP 691) is read".to_owned());
        }
        let project: Project = serde_json::from_slice(bytes)
            .map_err(|error| format!("not what an index says of a project: {error}"))?;
        let name = normalise(&Ecosystem::PYPI, package);
        if normalise(&Ecosystem::PYPI, &project.name) != name {
            return Err(format!("it answers for {}", quoted(&project.name)));
        }
        let mut files: BTreeMap<String, Vec<File>> = BTreeMap::new();
        for file in project.files.iter().filter_map(File::of) {
            let Some(found) = distribution::of_path(&file.filename, Some(&name)) else {
                continue;
            };
            let is_known = found.is_certain && found.is_called(&name);
            if let Some(version) = pep440::normalised(&found.version.text).filter(|_| is_known) {
                files.entry(version).or_default().push(file);
            }
        }
        Ok(Answer {
            releases: files
                .into_iter()
                .map(|(version, files)| release(&version, &files))
                .collect(),
            ..Answer::default()
        })
    }

    fn parts(&self) -> Parts {
        Parts::Listed
    }

    fn part_address(
        &self,
        base: &Address,
        package: &str,
        part: &Part,
        release: Option<&Release>,
    ) -> Result<Address, String> {
        let page = self.address(base, package);
        let (file, ending) = match part {
            Part::Versions => return Ok(page),
            Part::Metadata(version) => (with_metadata(release, package, version)?, ".metadata"),
            Part::Archive(version) => (archive(release, package, version)?, ""),
            Part::Time(_) | Part::Proof(_) => return Err("an index has no such part".to_owned()),
        };
        // A fragment holds a hash, and is no part of what is asked for.
        let address = file.url.split('#').next().unwrap_or_default();
        let address = page.join(&format!("{address}{ending}"));
        address.map_err(|error| format!("the address of {} is {error}", quoted(&file.filename)))
    }

    fn read_part(
        &self,
        package: &str,
        part: &Part,
        release: Option<&Release>,
        bytes: &[u8],
    ) -> Result<Release, String> {
        let (version, text) = match part {
            Part::Versions => return Err("the versions are no part of one".to_owned()),
            Part::Time(_) | Part::Proof(_) => return Err("an index has no such part".to_owned()),
            Part::Metadata(version) => {
                let file = with_metadata(release, package, version)?;
                if let CoreMetadata::Hashes(hashes) = &file.core_metadata {
                    has_hash(bytes, hashes.get("sha256"))?;
                }
                (version, text_of(bytes)?)
            }
            Part::Archive(version) => {
                let file = archive(release, package, version)?;
                has_hash(bytes, file.hashes.get("sha256"))?;
                let text = match file.is_wheel() {
                    true => metadata_of_wheel(bytes)?,
                    false => metadata_of_source(bytes)?,
                };
                (version, text)
            }
        };
        let release = release.cloned().unwrap_or_default();
        with_needs(package, version, &text, release)
    }

    fn configuration(&self, project: &[ConfigFile]) -> Box<dyn Configuration> {
        Box::new(PipConfig::of(&Sources::of_machine(project)))
    }
}

fn release(version: &str, files: &[File]) -> Release {
    let is_yanked = files.iter().all(|file| file.yanked.reason().is_some());
    let reason = files.iter().find_map(|file| file.yanked.reason());
    let times = files
        .iter()
        .filter_map(|file| file.upload_time.as_deref()?.parse().ok());
    let wheels = files.iter().filter(|file| file.is_wheel());
    let python = wheels
        .chain(files)
        .find_map(|file| file.requires_python.as_deref());
    Release {
        version: version.into(),
        published: times.min(),
        retired: reason.filter(|_| is_yanked).map(Into::into),
        toolchain: python
            .map(|range| ("python".into(), range.into()))
            .into_iter()
            .collect(),
        document: serde_json::to_string(files).unwrap_or_default().into(),
        ..Release::default()
    }
}

/// The wheel whose metadata is asked for: one that the index says has it beside it, else one of which it says nothing.
fn with_metadata(release: Option<&Release>, package: &str, version: &str) -> Result<File, String> {
    let wheels: Vec<File> = release
        .map(|release| files_of(&release.document))
        .unwrap_or_default();
    let mut wheels: Vec<File> = wheels.into_iter().filter(File::is_wheel).collect();
    let is_there = |file: &File| match file.core_metadata {
        CoreMetadata::Hashes(_) | CoreMetadata::Whether(true) => true,
        CoreMetadata::Whether(false) | CoreMetadata::Unsaid => false,
    };
    let may_be = |file: &File| file.core_metadata == CoreMetadata::Unsaid;
    let at = wheels
        .iter()
        .position(is_there)
        .or_else(|| wheels.iter().position(may_be));
    match at {
        Some(at) => Ok(wheels.swap_remove(at)),
        None => Err(format!(
            "the index has no metadata beside a wheel of {package} {version}"
        )),
    }
}

/// The smallest wheel, else the source distribution.
fn archive(release: Option<&Release>, package: &str, version: &str) -> Result<File, String> {
    let all: Vec<File> = release
        .map(|release| files_of(&release.document))
        .unwrap_or_default();
    let size = |file: &File| file.size.unwrap_or(u64::MAX);
    let wheels = all.iter().filter(|file| file.is_wheel());
    let sources = all.iter().filter(|file| file.filename.ends_with(".tar.gz"));
    let file = wheels
        .min_by_key(|file| size(file))
        .or_else(|| sources.min_by_key(|file| size(file)));
    let file = file.ok_or_else(|| format!("the index has no archive of {package} {version} that is read"))?;
    match file.size {
        Some(size) if size > MAX_ARCHIVE => Err(format!(
            "the smallest archive of {package} {version} has {} MiB, and at most {} are fetched to learn what it needs",
            size >> 20,
            MAX_ARCHIVE >> 20
        )),
        Some(_) | None => Ok(file.clone()),
    }
}

fn has_hash(bytes: &[u8], expected: Option<&String>) -> Result<(), String> {
    match expected {
        Some(expected) if !expected.eq_ignore_ascii_case(&hex::encode(Sha256::digest(bytes))) => {
            Err("its hash is not the one that the index names".to_owned())
        }
        Some(_) | None => Ok(()),
    }
}

fn text_of(bytes: &[u8]) -> Result<String, String> {
    // Descriptions of years ago are in any encoding; the headers are ASCII, or what was meant cannot be known.
    Ok(String::from_utf8_lossy(bytes).into_owned())
}

/// `NAME-VERSION.dist-info/METADATA`
fn metadata_of_wheel(bytes: &[u8]) -> Result<String, String> {
    let damaged = |error: zip::result::ZipError| format!("the wheel is damaged: {error}");
    let mut archive = zip::ZipArchive::new(Cursor::new(bytes)).map_err(damaged)?;
    let is_metadata = |number: &usize| {
        let name = archive.name_for_index(*number).and_then(Result::ok);
        name.is_some_and(|name| {
            let folder = name.strip_suffix(".dist-info/METADATA");
            folder.is_some_and(|folder| !folder.contains('/'))
        })
    };
    let number = (0..archive.len().min(MAX_ENTRIES)).find(is_metadata);
    let number = number.ok_or("the wheel has no METADATA")?;
    let file = archive.by_index(number).map_err(damaged)?;
    let mut text = Vec::new();
    file.take(MAX_METADATA.saturating_add(1))
        .read_to_end(&mut text)
        .map_err(|error| format!("the wheel is damaged: {error}"))?;
    match text.len() as u64 > MAX_METADATA {
        true => Err("the METADATA of the wheel is too long".to_owned()),
        false => text_of(&text),
    }
}

/// `NAME-VERSION/PKG-INFO`, if a build cannot say otherwise.
fn metadata_of_source(bytes: &[u8]) -> Result<String, String> {
    let damaged = |error: std::io::Error| format!("the source distribution is damaged: {error}");
    // What a small archive may unpack to is bounded; PKG-INFO stands near its start.
    let unpacked = GzDecoder::new(bytes).take(8 * MAX_ARCHIVE);
    let mut archive = tar::Archive::new(unpacked);
    for entry in archive.entries().map_err(damaged)?.take(MAX_ENTRIES) {
        let entry = entry.map_err(damaged)?;
        let path = entry.path_bytes().into_owned();
        let folder = path.strip_suffix(b"/PKG-INFO");
        if folder.is_none_or(|folder| folder.contains(&b'/')) {
            continue;
        }
        let mut text = Vec::new();
        entry.take(MAX_METADATA).read_to_end(&mut text).map_err(damaged)?;
        let text = text_of(&text)?;
        let metadata = core_metadata::read(&text);
        let numbers: Vec<u32> = metadata
            .metadata_version
            .split('.')
            .map_while(|part| part.parse().ok())
            .collect();
        let is_dynamic = metadata.dynamic.iter().any(|field| {
            field.eq_ignore_ascii_case("Requires-Dist") || field.eq_ignore_ascii_case("Provides-Extra")
        });
        return match numbers >= vec![2, 2] && !is_dynamic {
            true => Ok(text),
            false => Err(BUILT.to_owned()),
        };
    }
    Err(BUILT.to_owned())
}

const BUILT: &str = "it has no wheel, and what it needs is known only after its code was run";

/// The release with what its metadata says.
fn with_needs(package: &str, version: &str, text: &str, release: Release) -> Result<Release, String> {
    let metadata = core_metadata::read(text);
    if normalise(&Ecosystem::PYPI, metadata.name) != normalise(&Ecosystem::PYPI, package) {
        return Err(format!("its metadata is that of {}", quoted(metadata.name)));
    }
    if pep440::normalised(metadata.version) != pep440::normalised(version) {
        return Err(format!(
            "its metadata is that of version {}",
            quoted(metadata.version)
        ));
    }
    let mut dependencies = Vec::new();
    for need in &metadata.requires_dist {
        let read =
            pep508::read(need).map_err(|_| format!("it needs {}, which is no requirement", quoted(need)))?;
        let is_extra = read
            .marker
            .is_some_and(|marker| marker.of(need).contains("extra"));
        dependencies.push(Requirement {
            name: read.name.of(need).into(),
            package: None,
            range: read.range(need).into(),
            kind: match is_extra {
                true => RequirementKind::Optional,
                false => RequirementKind::Runtime,
            },
        });
    }
    let python = metadata
        .requires_python
        .map(|range| ("python".into(), (*range).into()));
    Ok(Release {
        version: version.into(),
        dependencies,
        toolchain: python.into_iter().collect(),
        document: core_metadata::head(text).into(),
        ..release
    })
}

fn quoted(text: &str) -> String {
    let short: String = text.chars().take(100).collect();
    format!("{short:?}")
}
