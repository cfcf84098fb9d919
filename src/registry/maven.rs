//! Maven repositories ("Maven Repository Layout", default): `maven-metadata.xml` lists the versions of an artifact, and the pom of a
//! version says what it needs.
//!
//! A repository does not say when a version was published, and withdraws none. The pom is given as it is
//! ([`Release::document`]): what it needs hangs on its parents, and those are poms of their own.

use std::borrow::Cow;
use std::collections::BTreeSet;

use super::maven_config::{MavenConfig, SETTING, Sources};
use super::{Answer, ConfigFile, Configuration, Detail, Parts, Registry};
use crate::model::{Ecosystem, Part, Release};
use crate::schema::maven_metadata;
use crate::sys::web::Address;
use crate::text::{decode, xml};

/// Repositories of Maven.
#[derive(Debug, Clone, Copy)]
pub struct Maven;

/// Longer documents are none, in bytes: the reader of XML holds all elements at once.
const MAX_DOCUMENT: usize = 4 << 20;

impl Registry for Maven {
    fn name(&self) -> &'static str {
        "maven"
    }

    fn ecosystem(&self) -> Ecosystem {
        Ecosystem::MAVEN
    }

    fn setting(&self) -> &'static str {
        SETTING
    }

    fn address(&self, base: &Address, package: &str) -> Address {
        let (group, artifact) = package.split_once(':').unwrap_or((package, ""));
        base.below(group.split('.').chain([artifact, "maven-metadata.xml"]))
    }

    fn accept(&self, _: Detail) -> &'static str {
        "application/xml, text/xml; q=0.9, */*; q=0.5"
    }

    fn read(&self, package: &str, bytes: &[u8]) -> Result<Answer, String> {
        let metadata = maven_metadata::read(&text_of(bytes)?)?;
        is_of(package, &metadata.group, &metadata.artifact)?;
        let versions: BTreeSet<&str> = metadata
            .versions
            .iter()
            .map(String::as_str)
            .filter(|version| is_plain(version) && !version.ends_with("-SNAPSHOT"))
            .collect();
        let releases = versions.into_iter().map(|version| Release {
            version: version.into(),
            ..Release::default()
        });
        Ok(Answer {
            releases: releases.collect(),
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
        _: Option<&Release>,
    ) -> Result<Address, String> {
        let version = match part {
            Part::Versions => return Ok(self.address(base, package)),
            Part::Metadata(version) => version,
            Part::Archive(_) | Part::Time(_) | Part::Proof(_) => {
                return Err("a repository of Maven has no such part".to_owned());
            }
        };
        let (group, artifact) = package.split_once(':').unwrap_or_default();
        let is_named = group.split('.').all(is_plain) && is_plain(artifact) && is_plain(version);
        if !is_named {
            return Err(format!("{package} {version} is no version of an artifact"));
        }
        let file = format!("{artifact}-{version}.pom");
        Ok(base.below(group.split('.').chain([artifact, version, file.as_str()])))
    }

    fn read_part(
        &self,
        package: &str,
        part: &Part,
        _: Option<&Release>,
        bytes: &[u8],
    ) -> Result<Release, String> {
        let Part::Metadata(version) = part else {
            return Err("a repository of Maven has no such part".to_owned());
        };
        let text = text_of(bytes)?;
        is_pom_of(package, version, &text)?;
        Ok(Release {
            version: version.clone(),
            document: text.into_owned().into(),
            ..Release::default()
        })
    }

    fn configuration(&self, project: &[ConfigFile]) -> Box<dyn Configuration> {
        Box::new(MavenConfig::of(&Sources::of_machine(project)))
    }
}

fn text_of(bytes: &[u8]) -> Result<Cow<'_, str>, String> {
    if bytes.len() > MAX_DOCUMENT {
        return Err(format!("more than {MAX_DOCUMENT} bytes"));
    }
    if let Ok(text) = std::str::from_utf8(bytes) {
        return Ok(text.into());
    }
    let decoded = decode::decode(bytes);
    match decoded.problem {
        None => Ok(decoded.text),
        Some(problem) => Err(problem.message),
    }
}

/// A part of a path that Maven lets a name or a version be.
fn is_plain(text: &str) -> bool {
    let is_allowed =
        |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-' | b'_' | b'+' | b'~');
    !text.is_empty() && !matches!(text, "." | "..") && text.bytes().all(is_allowed)
}

/// `group` and `artifact` are those of the package, as far as they are written out.
fn is_of(package: &str, group: &str, artifact: &str) -> Result<(), String> {
    let (own_group, own_artifact) = package.split_once(':').unwrap_or_default();
    let is_same = |own: &str, said: &str| said.is_empty() || said.contains("${") || said == own;
    match is_same(own_group, group) && is_same(own_artifact, artifact) {
        true => Ok(()),
        false => Err(format!(
            "it answers for {}",
            quoted(&format!("{group}:{artifact}"))
        )),
    }
}

/// `text` is the pom of that version.
fn is_pom_of(package: &str, version: &str, text: &str) -> Result<(), String> {
    let document = xml::read(text);
    let Some(project) = document.root().child("project") else {
        return Err("no pom: the outermost element is not `project`".to_owned());
    };
    let own = |name: &str| project.child(name).map(|element| element.text().into_owned());
    let parent = |name: &str| Some(project.child("parent")?.child(name)?.text().into_owned());
    let inherited = |name: &str| own(name).or_else(|| parent(name)).unwrap_or_default();
    is_of(
        package,
        &inherited("groupId"),
        &own("artifactId").unwrap_or_default(),
    )?;
    let said = inherited("version");
    match said.is_empty() || said.contains("${") || said == version {
        true => Ok(()),
        false => Err(format!("it is the pom of version {}", quoted(&said))),
    }
}

fn quoted(text: &str) -> String {
    let short: String = text.chars().take(100).collect();
    format!("{short:?}")
}
