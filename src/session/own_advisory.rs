//! Use case: an advisory of the repository itself. Which release lines and tags contain its fix, and which versions are affected
//! by that.

use super::fix_commits::{FixCommits, resolved};
use super::{Input, PolicyRequest, Session, database, trees};
use crate::advisory::own::{OwnAdvisory, OwnCommits, OwnLine, OwnPackage, OwnRecord, OwnStanding};
use crate::advisory::tag_ranges::{Tagged, events, version_of};
use crate::config::policy;
use crate::database::query;
use crate::ecosystem;
use crate::git::ObjectId;
use crate::git::refs::Candidate;
use crate::model::Failure;
use crate::model::lines::short_name;
use crate::model::verdict::ExitCode;
use crate::scan::columns::lines;
use crate::scan::discover::DiscoveredTree;
use crate::sys::file;

/// Which advisory, and which release lines.
#[derive(Debug, Clone, Default)]
pub struct OwnAdvisoryRequest {
    /// The repository.
    pub input: Input,
    /// Comma-separated globs on short names; else the policy chooses.
    pub refs: Option<String>,
    /// Its `lines` count.
    pub policy: PolicyRequest,
    /// A file with the record, or an id of the database.
    pub advisory: String,
    /// What a forge has for it, which counts first.
    pub document: Option<Vec<u8>>,
}

impl OwnAdvisoryRequest {
    /// A forge can know the advisory: it is an id as GitHub gives them, and no file.
    #[must_use]
    pub fn is_of_forge(advisory: &str) -> bool {
        let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-';
        advisory.starts_with("GHSA-") && advisory.len() <= 40 && advisory.bytes().all(is_plain)
    }
}

/// A larger record is none.
const MAX_RECORD: u64 = 16 * 1024 * 1024;

impl Session<'_> {
    /// What the advisory means for the release lines and tags of its repository.
    ///
    /// # Errors
    /// A [`Failure`] of usage outside of git, for a record that is not there or names no commit of this repository; of
    /// incompleteness without a database.
    pub fn own_advisory(&self, request: &OwnAdvisoryRequest) -> Result<OwnAdvisory, Failure> {
        self.observer.working("reading tags and release lines");
        let own = self.own(request);
        self.observer.finished();
        own
    }

    fn own(&self, request: &OwnAdvisoryRequest) -> Result<OwnAdvisory, Failure> {
        let found = trees::one_in_git(&request.input)?;
        self.reach(&found);
        let rules = policy::effective(&found, &request.policy, None)?.policy;
        let choice = trees::choice(request.refs.as_deref(), &rules);
        let (chosen, refs) = lines(&found, &choice, trees::prefer(), self.now)?;
        let Some(repository) = &found.repository else {
            return Err(Failure::usage(
                "this is no git repository",
                "Give a folder of one.",
            ));
        };
        let record = match &request.document {
            Some(document) => OwnRecord::read(document).map_err(|reason| {
                Failure::new(
                    ExitCode::Remote,
                    format!(
                        "what the forge has for {} is no advisory: {reason}",
                        request.advisory
                    ),
                    "Try again, or give a file with the record.",
                )
            })?,
            None => self.record(&request.advisory, &found)?,
        };
        let mut notes = Vec::new();
        let fixes = resolved(repository, &record.fixed, &mut notes);
        if fixes.is_empty() {
            return Err(Failure::usage(
                format!("{} names no commit of this repository that fixes it", record.id),
                "Name one in a range of type GIT (`fixed`) or in a reference of type FIX, fetch the branch that has it, or \
                 give it with --commit.",
            ));
        }
        let introduced = resolved(repository, &record.introduced, &mut notes);
        let is_beginning_unknown = introduced.len() < record.introduced.len();
        let mut commits = FixCommits::new(repository, fixes, introduced, is_beginning_unknown);
        let of = |prefix: &str| -> Vec<&Candidate> {
            let all = refs.candidates.iter();
            all.filter(|candidate| candidate.name.starts_with(prefix))
                .collect()
        };
        let (heads, tags) = (of("refs/heads/"), of("refs/tags/"));
        commits.look_for_copies(&heads, &tags, &mut notes)?;

        let live: Vec<(String, ObjectId)> = chosen
            .live()
            .filter_map(|line| Some((line.ref_name.clone(), ObjectId::parse(&line.commit)?)))
            .collect();
        let tips: Vec<ObjectId> = live.iter().map(|(_, tip)| *tip).collect();
        let all: Vec<ObjectId> = tips
            .iter()
            .copied()
            .chain(tags.iter().map(|tag| tag.commit))
            .collect();
        let mut standings = commits.standings(&all)?;
        let is_complete = !standings.contains(&OwnStanding::Unknown);
        let of_tags = standings.split_off(tips.len().min(standings.len()));
        let own_lines = live
            .into_iter()
            .zip(standings)
            .map(|((name, _), standing)| OwnLine {
                name: short_name(&name).to_owned(),
                standing,
            });
        let own_lines: Vec<OwnLine> = own_lines.collect();
        let packages = packages(&record, &tags, &of_tags, &mut notes);
        let default = refs.default.as_deref();
        let default = heads.iter().find(|head| Some(head.name.as_str()) == default);
        let carried = match default {
            Some(default) => commits.on(default.commit)?,
            None => Vec::new(),
        };
        let carried = match carried.is_empty() {
            true => commits.fixes.clone(),
            false => carried,
        };
        let texts = |ids: &[ObjectId]| ids.iter().map(ToString::to_string).collect::<Vec<_>>();
        let copies: Vec<ObjectId> = commits.copies.iter().copied().collect();
        Ok(OwnAdvisory {
            id: record.id.clone(),
            lines: own_lines,
            packages,
            commits: OwnCommits {
                repository: address(&repository.identity()).or_else(|| record.repository.clone()),
                introduced: record.introduced_commits(&texts(&commits.introduced)),
                fixed: texts(&[commits.fixes.clone(), copies].concat()),
                carried: texts(&carried),
            },
            document: record.document,
            notes,
            is_complete,
        })
    }

    /// The record in the file `advisory`, else that of this id in the database.
    fn record(&self, advisory: &str, found: &DiscoveredTree) -> Result<OwnRecord, Failure> {
        let path = std::path::Path::new(advisory);
        let is_file = matches!(file::kind(path), Ok(file::FileKind::File(_)));
        if is_file || advisory.ends_with(".json") {
            let hint = "Give a file with an OSV record, or the id of an advisory in the database.";
            let bytes =
                file::read(path, MAX_RECORD).map_err(|error| Failure::usage(error.to_string(), hint))?;
            let bytes = bytes
                .ok_or_else(|| Failure::usage(format!("{advisory} is too large to be a record"), hint))?;
            return OwnRecord::read(&bytes)
                .map_err(|reason| Failure::usage(format!("{advisory} is no record: {reason}"), hint));
        }
        let opened = database::open(self, &[found], &crate::policy::Policy::default())?;
        let index = opened.require()?;
        let damaged = |error: crate::advisory::Damage| {
            Failure::incomplete(error.to_string(), "Build the advisory database again.")
        };
        let shown = query::show(index, advisory).map_err(damaged)?;
        let mut records = shown.iter().map(|shown| OwnRecord::of_record(&shown.record));
        let Some(mut own) = records.next() else {
            return Err(Failure::usage(
                format!("there is no advisory {advisory} in the database, and no file of that name"),
                "Give a file with an OSV record, or the id of an advisory in the database (`lockkeeper db search PACKAGE`).",
            ));
        };
        for other in records {
            own.fixed.extend(other.fixed);
            own.packages.extend(other.packages);
        }
        Ok(own)
    }
}

/// The address of a repository as a record names it, without anybody's credentials; `None` for a folder.
fn address(identity: &str) -> Option<String> {
    let (scheme, rest) = identity.split_once("://")?;
    if scheme == "file" {
        return None;
    }
    let (host, path) = rest.split_once('/')?;
    let host = host.rsplit('@').next().unwrap_or(host);
    Some(format!("{scheme}://{host}/{path}"))
}

/// The affected versions of each package of the record, by the tags.
fn packages(
    record: &OwnRecord,
    tags: &[&Candidate],
    standings: &[OwnStanding],
    notes: &mut Vec<String>,
) -> Vec<OwnPackage> {
    let mut packages = Vec::new();
    for (ecosystem, name) in &record.packages {
        let Some(scheme) = ecosystem::scheme(ecosystem) else {
            notes.push(format!(
                "{name}: the versions of {ecosystem} cannot be ordered here."
            ));
            continue;
        };
        let mut tagged = Vec::new();
        let mut unknown = Vec::new();
        for (tag, standing) in tags.iter().zip(standings) {
            let short = tag.name.trim_start_matches("refs/tags/");
            let Some(version) = version_of(short, ecosystem, name, scheme) else {
                continue;
            };
            let is_affected = match standing {
                OwnStanding::Affected => true,
                OwnStanding::Fixed { .. } | OwnStanding::NotAffected => false,
                OwnStanding::Unknown => {
                    unknown.push(short);
                    continue;
                }
            };
            tagged.push(Tagged { version, is_affected });
        }
        if let Some(first) = unknown.first() {
            notes.push(format!(
                "{name}: whether {} of the tags have the fix is not known, as {first}: this clone lacks a part of their history.",
                unknown.len()
            ));
        }
        if tagged.is_empty() {
            notes.push(format!("{name}: no tag of this clone names a version of it."));
        }
        let (events, affected) = events(&tagged, scheme);
        packages.push(OwnPackage {
            ecosystem: ecosystem.clone(),
            name: name.clone(),
            events,
            affected,
        });
    }
    if record.packages.is_empty() {
        notes.push(format!(
            "{} names no package: no versions are worked out.",
            record.id
        ));
    }
    packages
}
