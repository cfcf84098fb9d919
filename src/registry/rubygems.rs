//! Registries of gems: the compact index (`info/NAME`), which says of each variant of each version what it needs, what hash it has, for
//! which Ruby it is and, in newer indexes, when it was published. Where it does not say that, the registry's interface of versions
//! is asked (`api/v2/rubygems/NAME/versions/VERSION.json`).
//!
//! A version is one release, whatever variants it has: what is built for platforms moves together. A version that was withdrawn is not in
//! the index.

use std::collections::BTreeMap;

use serde::Deserialize;

use super::bundler_config::{BundlerConfig, SETTING, Sources};
use super::{Answer, ConfigFile, Configuration, Detail, Parts, Registry};
use crate::model::release::{Release, Requirement, RequirementKind};
use crate::model::{Ecosystem, Part};
use crate::schema::compact_index::{Variant, variant};
use crate::sys::web::Address;
use crate::version::Scheme as _;
use crate::version::rubygems::Rubygems as Order;

/// Registries of gems.
#[derive(Debug, Clone, Copy)]
pub struct Rubygems;

impl Registry for Rubygems {
    fn name(&self) -> &'static str {
        "rubygems"
    }

    fn ecosystem(&self) -> Ecosystem {
        Ecosystem::RUBYGEMS
    }

    fn setting(&self) -> &'static str {
        SETTING
    }

    fn address(&self, base: &Address, package: &str) -> Address {
        base.below(["info", package])
    }

    fn accept(&self, _: Detail) -> &'static str {
        "text/plain, */*; q=0.5"
    }

    fn read(&self, package: &str, bytes: &[u8]) -> Result<Answer, String> {
        let text = std::str::from_utf8(bytes).map_err(|_| "not UTF-8, as an index is".to_owned())?;
        let body = match text.split_once("---\n") {
            Some((head, body)) if head.is_empty() || head.ends_with('\n') => body,
            Some(_) | None => text,
        };
        let mut answer = Answer::default();
        let mut unread = None;
        let mut versions: BTreeMap<String, Vec<(Variant, &str)>> = BTreeMap::new();
        for line in body.lines().filter(|line| !line.trim().is_empty()) {
            match variant(line).and_then(ordered) {
                Ok(variant) => {
                    let of_version = versions.entry(variant.version.clone()).or_default();
                    // Of what is listed twice the last counts, as it does for Bundler.
                    of_version.retain(|(other, _)| other.platform != variant.platform);
                    of_version.push((variant, line));
                }
                Err(reason) => {
                    let note = format!("a version of {package} was left out: {reason}");
                    answer.notes.push(note);
                    unread.get_or_insert(reason);
                }
            }
        }
        match (versions.is_empty(), unread) {
            (true, Some(reason)) => return Err(format!("no compact index: {reason}")),
            (true, None) => return Err("it is empty".to_owned()),
            (false, _) => {}
        }
        answer.releases = versions
            .into_iter()
            .map(|(version, variants)| release(&version, &variants))
            .collect();
        Ok(answer)
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
        match part {
            Part::Time(version) => {
                let file = format!("{version}.json");
                Ok(base.below(["api", "v2", "rubygems", package, "versions", &file]))
            }
            Part::Versions | Part::Metadata(_) | Part::Archive(_) | Part::Proof(_) => {
                Err("the registry says everything with the versions".to_owned())
            }
        }
    }

    fn read_part(
        &self,
        package: &str,
        part: &Part,
        _release: Option<&Release>,
        bytes: &[u8],
    ) -> Result<Release, String> {
        let Part::Time(version) = part else {
            return Err("the registry says everything with the versions".to_owned());
        };
        let said: Said = serde_json::from_slice(bytes)
            .map_err(|error| format!("not what a registry says of a version: {error}"))?;
        if said.name != package || said.version != **version {
            return Err(format!("it answers for {:?} {:?}", said.name, said.version));
        }
        Ok(Release {
            version: version.clone(),
            published: said.published.and_then(|time| time.parse().ok()),
            ..Release::default()
        })
    }

    fn configuration(&self, project: &[ConfigFile]) -> Box<dyn Configuration> {
        Box::new(BundlerConfig::of(&Sources::of_machine(project)))
    }
}

/// What the interface says of a version.
#[derive(Deserialize)]
struct Said {
    name: String,
    version: String,
    #[serde(default, rename = "version_created_at")]
    published: Option<String>,
}

/// The variant, if its version can be ordered.
fn ordered(variant: Variant) -> Result<Variant, String> {
    match Order.compare(&variant.version, &variant.version) {
        Ok(_) => Ok(variant),
        Err(error) => Err(error.to_string()),
    }
}

fn release(version: &str, variants: &[(Variant, &str)]) -> Release {
    let mut needs: BTreeMap<(&str, &str), Requirement> = BTreeMap::new();
    for need in variants.iter().flat_map(|(variant, _)| &variant.needs) {
        needs.insert(
            (&need.name, &need.range),
            Requirement {
                name: need.name.as_str().into(),
                package: None,
                range: need.range.as_str().into(),
                kind: RequirementKind::Runtime,
            },
        );
    }
    let times: Option<Vec<jiff::Timestamp>> = variants
        .iter()
        .map(|(variant, _)| variant.created_at.as_deref()?.parse().ok())
        .collect();
    let lines: Vec<&str> = variants.iter().map(|(_, line)| *line).collect();
    let ruby = variants.iter().find_map(|(variant, _)| variant.ruby.as_deref());
    Release {
        version: version.into(),
        // What came last may be what is installed.
        published: times.and_then(|times| times.into_iter().max()),
        retired: None,
        dependencies: needs.into_values().collect(),
        toolchain: ruby
            .map(|range| ("ruby".into(), range.into()))
            .into_iter()
            .collect(),
        document: lines.join("\n").into(),
    }
}
