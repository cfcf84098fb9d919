//! Tags of the repositories of a forge, as git's own server lists them (gitprotocol-http: the first answer of `git-upload-pack`, version 0):
//! what workflows and composite actions are pinned to. A tag is a version, and what is known of it is its commit.
//!
//! A server that lists refs in the later version of the protocol alone is not understood. Nothing says when a tag was set.

use std::collections::BTreeMap;

use super::error::RegistryError;
use super::{Answer, ConfigFile, Configuration, Detail, Endpoint, Registry};
use crate::model::{Ecosystem, Release};
use crate::sys::web::Address;
use crate::version::github_actions::is_version;

/// Repositories at a forge.
#[derive(Debug, Clone, Copy)]
pub struct GitRefs;

/// What a person sets where nothing names the forge.
const SETTING: &str =
    "Run it in a clone whose `origin` is at the forge, or name the forge in the policy's `registries`.";

/// The media type of the answer.
const REFS: &str = "application/x-git-upload-pack-advertisement";

const TAGS: &str = "refs/tags/";

/// What stands behind the name of a tag where the line has the commit that it leads to.
const PEELED: &str = "^{}";

impl Registry for GitRefs {
    fn name(&self) -> &'static str {
        "git_refs"
    }

    fn ecosystem(&self) -> Ecosystem {
        Ecosystem::GITHUB_ACTIONS
    }

    fn setting(&self) -> &'static str {
        SETTING
    }

    fn address(&self, base: &Address, package: &str) -> Address {
        let path = format!("{package}.git/info/refs");
        base.below(path.split('/'))
            .asking(&[("service", "git-upload-pack")])
    }

    fn accept(&self, _detail: Detail) -> &'static str {
        REFS
    }

    fn read(&self, _package: &str, bytes: &[u8]) -> Result<Answer, String> {
        let mut commits: BTreeMap<&str, &str> = BTreeMap::new();
        for (id, name) in refs(bytes)? {
            let Some(tag) = name.strip_prefix(TAGS) else {
                continue;
            };
            let (tag, is_peeled) = match tag.strip_suffix(PEELED) {
                Some(tag) => (tag, true),
                None => (tag, false),
            };
            if is_version(tag) && (is_peeled || !commits.contains_key(tag)) {
                commits.insert(tag, id);
            }
        }
        let releases = commits.into_iter().map(|(tag, id)| Release {
            version: tag.into(),
            document: id.into(),
            ..Release::default()
        });
        Ok(Answer {
            releases: releases.collect(),
            ..Answer::default()
        })
    }

    fn configuration(&self, project: &[ConfigFile]) -> Box<dyn Configuration> {
        Box::new(Forge {
            addresses: project
                .iter()
                .filter_map(|file| forge(file.text.trim()))
                .collect(),
        })
    }
}

/// The forge at which a clone's `origin` is: `https://forge.example` of `git@forge.example:owner/name.git`.
fn forge(origin: &str) -> Option<Address> {
    let (scheme, rest) = match origin.split_once("://") {
        Some((scheme @ ("http" | "https"), rest)) => (scheme, rest),
        // A port for ssh is not that of its pages.
        Some(("ssh" | "git+ssh" | "git", rest)) => {
            let server = rest.split('/').next()?;
            ("https", server.rsplit_once(':').map_or(server, |(host, _)| host))
        }
        Some(_) => return None,
        None => (
            "https",
            origin.split_once(':').filter(|(host, _)| !host.contains('/'))?.0,
        ),
    };
    let server = rest.split('/').next()?;
    let host = server.rsplit_once('@').map_or(server, |(_, host)| host);
    let is_local = host.len() < 2;
    Address::parse(&format!("{scheme}://{host}/"))
        .ok()
        .filter(|_| !is_local)
}

/// Where the actions of a project are.
struct Forge {
    addresses: Vec<Address>,
}

impl Configuration for Forge {
    fn notes(&self) -> &[String] {
        &[]
    }

    fn endpoints(
        &self,
        _package: &str,
        _locked: Option<&str>,
        named: &[&str],
    ) -> Result<Vec<Endpoint>, RegistryError> {
        let named = named.iter().filter_map(|named| Address::parse(named).ok());
        let mut bases: Vec<Address> = named.collect();
        if bases.is_empty() {
            bases.clone_from(&self.addresses);
        }
        match bases.is_empty() {
            true => Err(RegistryError::Nowhere { setting: SETTING }),
            false => Ok(bases
                .into_iter()
                .map(|base| Endpoint {
                    base,
                    credential: None,
                })
                .collect()),
        }
    }
}

/// The refs of an answer: ids and full names.
fn refs(bytes: &[u8]) -> Result<Vec<(&str, &str)>, String> {
    const EARLY: &str = "no list of refs: it ends early";
    let mut rest = bytes;
    let mut refs = Vec::new();
    loop {
        let (length, after) = rest.split_at_checked(4).ok_or(EARLY)?;
        let length = std::str::from_utf8(length).ok();
        let length = length.and_then(|length| usize::from_str_radix(length, 16).ok());
        let length = length.ok_or("no list of refs")?;
        if length == 0 && !refs.is_empty() {
            return Ok(refs);
        }
        if length == 0 {
            // So ends what is said of the service.
            rest = after;
            continue;
        }
        let line = length
            .checked_sub(4)
            .and_then(|length| after.split_at_checked(length));
        let (line, after) = line.ok_or(EARLY)?;
        rest = after;
        let Ok(line) = std::str::from_utf8(line) else {
            continue;
        };
        let line = line.trim_end_matches('\n');
        if line.starts_with("# service=") {
            continue;
        }
        if line.starts_with("version ") {
            return Err("a list of refs in a later version of the protocol".to_owned());
        }
        // Behind the first name stands what the server can do.
        let line = line.split('\0').next().unwrap_or_default();
        let (id, name) = line.split_once(' ').ok_or("no list of refs")?;
        if !matches!(id.len(), 40 | 64) || !id.bytes().all(|byte| byte.is_ascii_hexdigit()) {
            return Err("no list of refs: an id is none".to_owned());
        }
        refs.push((id, name));
    }
}
