//! Upgrades in a Go module: a higher version of one line, and whatever that makes necessary.
//!
//! Requirements of Go are lowest versions, so that a higher one is inside of all of them. Which version of each module is built is
//! the highest that the module graph asks for (`graph.rs`); which modules have to be listed is a question of imports
//! (`packages.rs`); `go.sum` gets the hashes of what is built with and of every `go.mod` that decides (`sums.rs`).

mod graph;
mod modules;
mod packages;
mod settle;
mod sums;

use std::collections::{BTreeMap, BTreeSet};

use std::rc::Rc;

use self::graph::is_later;
use self::modules::{Asks, Modules, Place, Versions};
use self::settle::Settled;
use super::failure::Failure;
use super::{
    Blocked, Bounds, Collateral, EntryChange, EntryEdit, Move, OwnEdit, Plan, Releases, Step, Strategy, Wish,
};
use crate::lockfile::go_mod::archive::GoArchive;
use crate::lockfile::go_mod::file::{GoModFile, is_version};
use crate::lockfile::go_mod::sum::SumLine;
use crate::version::Scheme as _;
use crate::version::go::Go;

pub use self::modules::Memory;

/// So many versions are tried before a module is given up.
const MAX_CANDIDATES: usize = 3;

/// The module of the standard library, at the version of Go.
const STANDARD_LIBRARY: &str = "stdlib";

/// What is done with a line of `go.mod` or `go.sum`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum GoEdit {
    /// The module is required at this version.
    Require {
        /// The version.
        version: String,
        /// Its `go.mod`; `None` where a folder replaces it.
        file: Option<Box<str>>,
    },
    /// The `go` line asks for this version of Go.
    Version(String),
    /// The hash of a version's files.
    Sum(String),
}

/// A module, as its files say.
#[derive(Debug, Default)]
pub struct GoProject {
    /// Its `go.mod`.
    pub file: GoModFile,
    /// The lines of its `go.sum`.
    pub sums: Vec<SumLine>,
    /// The `go.mod` files of folders that replace modules, by the folder as `go.mod` has it.
    pub folders: BTreeMap<String, Rc<GoModFile>>,
    /// The packages in these folders.
    pub folder_archives: BTreeMap<String, Rc<GoArchive>>,
    /// What the module's own packages and tests import, and what it builds as tools; `None` where its sources are not known.
    pub imports: Option<BTreeSet<String>>,
}

impl GoProject {
    /// The modules that the file lists, each at its version.
    #[must_use]
    fn listed(&self) -> Versions {
        let mut listed = Versions::new();
        for line in &self.file.requires {
            let version = &line.version.text;
            let is_higher = listed
                .get(&line.path)
                .is_none_or(|known: &String| is_later(version, known));
            if is_higher && line.path != self.file.module {
                listed.insert(line.path.clone(), version.clone());
            }
        }
        listed
    }
}

struct Planner<'p> {
    modules: Modules<'p>,
    bounds: &'p Bounds<'p>,
}

/// Versions that would help, lowest first.
struct Candidates {
    versions: Vec<String>,
    /// The lowest of those that are too far away.
    far: Option<String>,
}

/// Plans that the versions in `wishes` leave the module.
#[must_use]
pub fn plan(
    project: &GoProject,
    wishes: &[Wish],
    releases: &dyn Releases,
    bounds: &Bounds<'_>,
    memory: &Memory,
) -> Step {
    let planner = Planner {
        modules: Modules {
            project,
            releases,
            memory,
        },
        bounds,
    };
    let mut wishes = wishes.to_vec();
    wishes.sort();
    let mut plan = Plan::default();
    let mut asked = BTreeSet::new();
    let mut raises = Versions::new();
    let mut settled: Option<Settled> = None;
    for wish in &wishes {
        match planner.fulfil(wish, &raises, settled.as_ref()) {
            Ok(None) => {}
            Ok(Some((next, done))) => {
                raises = next;
                settled = Some(done);
            }
            Err(Failure::Ask(queries)) => asked.extend(queries),
            Err(Failure::Blocked { by, reason }) => plan.blocked.push(Blocked {
                name: wish.name.clone(),
                version: wish.version.clone(),
                fixes: wish.fixes.clone(),
                by,
                reason,
            }),
        }
    }
    if !asked.is_empty() {
        return Step::Ask(asked);
    }
    let Some(settled) = settled else {
        return Step::Done(plan);
    };
    match planner.write(&wishes, &settled, &mut plan) {
        Ok(()) => Step::Done(plan),
        Err(Failure::Ask(queries)) => Step::Ask(queries),
        Err(Failure::Blocked { by, reason }) => {
            let blocked = wishes.iter().map(|wish| Blocked {
                name: wish.name.clone(),
                version: wish.version.clone(),
                fixes: wish.fixes.clone(),
                by: by.clone(),
                reason: reason.clone(),
            });
            Step::Done(Plan {
                blocked: blocked.collect(),
                ..Plan::default()
            })
        }
    }
}

impl Planner<'_> {
    /// Raises a module so far that the wish is fulfilled; nothing where it is by what was raised before.
    fn fulfil(
        &self,
        wish: &Wish,
        raises: &Versions,
        settled: Option<&Settled>,
    ) -> Result<Option<(Versions, Settled)>, Failure> {
        let listed = self.listed();
        if wish.name == STANDARD_LIBRARY {
            return Err(Failure::because(
                "It comes with Go: build with a later Go, and raise the `go` or `toolchain` line.",
            ));
        }
        let file = &self.modules.project.file;
        let Some(locked) = listed.get(&wish.name) else {
            let is_replacing = file.replaces.iter().any(|line| line.new == wish.name);
            return Err(Failure::because(match is_replacing {
                true => "A `replace` line decides about it: change the version there.",
                false => "go.mod does not list it.",
            }));
        };
        if file.replacement(&wish.name, locked).is_some() {
            return Err(Failure::because(
                "A `replace` line decides about it: change the version there.",
            ));
        }
        if *locked != wish.version {
            return Err(Failure::because(format!(
                "go.mod lists it at {locked}, and another file asks for {}.",
                wish.version
            )));
        }
        let is_fulfilled = |settled: &Settled| match settled.listed.get(&wish.name) {
            None => settled.dropped.contains(&wish.name),
            Some(version) => version != locked && self.helps(wish, version),
        };
        if settled.is_some_and(is_fulfilled) {
            return Ok(None);
        }
        let now = settled
            .and_then(|settled| settled.listed.get(&wish.name))
            .unwrap_or(locked);
        let Candidates { versions, far } = self.candidates(&wish.name, now, Some(wish))?;
        let mut failure = None;
        for version in versions.into_iter().take(MAX_CANDIDATES) {
            let mut raises = raises.clone();
            raises.insert(wish.name.clone(), version.clone());
            match self.settle(&raises) {
                Ok(done) if is_fulfilled(&done) => return Ok(Some((raises, done))),
                Ok(_) => {
                    failure.get_or_insert(Failure::because(format!(
                        "Other modules ask for a version of {} that is later than {version}, and which does not help.",
                        wish.name
                    )));
                }
                Err(Failure::Ask(queries)) => return Err(Failure::Ask(queries)),
                Err(blocked @ Failure::Blocked { .. }) => {
                    failure.get_or_insert(blocked);
                }
            }
        }
        Err(failure.unwrap_or_else(|| {
            Failure::because(match far {
                Some(version) => format!(
                    "{} {version} would help, and is further away than `--level {}` goes.",
                    wish.name,
                    self.bounds.level.as_str()
                ),
                None => format!("No later version of {} helps and may be taken.", wish.name),
            })
        }))
    }

    /// The version ends what is wished.
    fn helps(&self, wish: &Wish, version: &str) -> bool {
        !(self.bounds.is_affected)(&wish.name, version) || is_meant(wish, version)
    }

    /// Versions of `path` that are later than `version` and may be taken.
    fn candidates(&self, path: &str, version: &str, wish: Option<&Wish>) -> Result<Candidates, Failure> {
        let mut known: Vec<String> = self
            .modules
            .versions(path)?
            .iter()
            .map(ToString::to_string)
            .collect();
        // A commit without a tag is in no list.
        let meant = wish.and_then(|wish| wish.to.as_deref()).map(written);
        known.extend(meant);
        known.retain(|candidate| is_version(candidate));
        known.sort_by(|left, right| Go.compare(left, right).unwrap_or(std::cmp::Ordering::Equal));
        known.dedup();
        let withdrawn = self.withdrawn(path, version, &known)?;
        let file = &self.modules.project.file;
        let is_excluded = |candidate: &str| {
            let mut excluded = file.excludes.iter();
            excluded.any(|(module, version)| module == path && version == candidate)
        };
        let is_incompatible = |version: &str| version.ends_with("+incompatible");
        let may_be_taken = |candidate: &&String| {
            is_later(candidate, version)
                && (is_incompatible(version) || !is_incompatible(candidate))
                && (!Go.is_prerelease(candidate) || Go.is_prerelease(version))
                && !is_excluded(candidate)
                && !withdrawn
                    .iter()
                    .any(|(low, high)| !is_later(low, candidate) && !is_later(candidate, high))
                && match wish {
                    Some(wish) => self.helps(wish, candidate),
                    None => !(self.bounds.is_affected)(path, candidate),
                }
        };
        // A commit without a tag comes after all releases that help.
        let (released, unreleased): (Vec<&String>, Vec<&String>) = known
            .iter()
            .filter(may_be_taken)
            .partition(|candidate| !Go.is_prerelease(candidate));
        let is_direct = file
            .requires
            .iter()
            .any(|line| line.path == path && !line.indirect);
        let (near, far): (Vec<&String>, Vec<&String>) = released
            .into_iter()
            .chain(unreleased)
            .partition(|candidate| !is_direct || Go.distance(version, candidate) <= self.bounds.level);
        Ok(Candidates {
            versions: near.into_iter().cloned().collect(),
            far: far.first().map(|version| (*version).clone()),
        })
    }

    /// The versions that the authors withdrew, as the last release says.
    fn withdrawn(
        &self,
        path: &str,
        version: &str,
        known: &[String],
    ) -> Result<Vec<(String, String)>, Failure> {
        let is_incompatible = |version: &str| version.ends_with("+incompatible");
        let of_kind = |candidate: &&String| is_incompatible(version) || !is_incompatible(candidate);
        let mut releases = known.iter().rev().filter(of_kind);
        let last = releases
            .clone()
            .find(|candidate| !Go.is_prerelease(candidate))
            .or_else(|| releases.next());
        let Some(last) = last else {
            return Ok(Vec::new());
        };
        match self.modules.file(path, last)? {
            Ok(file) => Ok(file.retracts.clone()),
            Err(reason) => Err(Failure::because(format!(
                "The go.mod of {path} {last}, which may withdraw versions, could not be learnt: {reason}."
            ))),
        }
    }

    /// Puts what changes into `plan`.
    fn write(&self, wishes: &[Wish], settled: &Settled, plan: &mut Plan) -> Result<(), Failure> {
        let original = self.listed();
        let mut asks = Asks::default();
        let sums = asks.known(self.sums(settled))?;
        let paths: BTreeSet<&String> = original.keys().chain(settled.listed.keys()).collect();
        for path in paths {
            let (from, to) = (original.get(path), settled.listed.get(path));
            if from == to {
                continue;
            }
            let edit = match to {
                None => EntryEdit::Drop,
                Some(version) => EntryEdit::Own(OwnEdit::Go(GoEdit::Require {
                    version: version.clone(),
                    file: match self.modules.place(path, version) {
                        Place::Proxy(at) => Some(self.modules.text(&at)?.into()),
                        Place::Folder(_) => None,
                    },
                })),
            };
            plan.entries.push(EntryChange {
                place: "go.mod".to_owned(),
                name: path.clone(),
                edit,
            });
            let wish = wishes
                .iter()
                .find(|wish| wish.name == *path && Some(&wish.version) == from);
            // One that could not be fulfilled is blocked, however its module moved.
            let wish = wish.filter(|wish| to.is_none_or(|version| self.helps(wish, version)));
            match wish {
                Some(wish) => plan.moves.push(Move {
                    name: path.clone(),
                    from: wish.version.clone(),
                    to: to.cloned(),
                    strategy: Strategy::InRange,
                    fixes: wish.fixes.clone(),
                    published: match to.and_then(|version| self.of_proxy(path, version)) {
                        Some(at) => asks.known(self.modules.published(&at))?.flatten(),
                        None => None,
                    },
                }),
                None => plan.collateral.push(Collateral {
                    name: path.clone(),
                    from: from.cloned(),
                    to: to.cloned(),
                }),
            }
        }
        plan.blocked.retain(|blocked| {
            let mut moves = plan.moves.iter();
            !moves.any(|one| one.name == blocked.name && one.from == blocked.version)
        });
        self.write_go(settled, plan);
        asks.settle()?;
        for (name, hash) in sums.unwrap_or_default() {
            plan.entries.push(EntryChange {
                place: "go.sum".to_owned(),
                name,
                edit: match hash {
                    Some(hash) => EntryEdit::Own(OwnEdit::Go(GoEdit::Sum(hash))),
                    None => EntryEdit::Drop,
                },
            });
        }
        plan.collateral.sort();
        Ok(())
    }

    /// The `go` line, and the `toolchain` line that it makes needless.
    fn write_go(&self, settled: &Settled, plan: &mut Plan) {
        let file = &self.modules.project.file;
        let Some(go) = &settled.go else { return };
        let mut change = |name: &str, from: String, edit: EntryEdit, to: Option<String>| {
            plan.entries.push(EntryChange {
                place: "go.mod".to_owned(),
                name: name.to_owned(),
                edit,
            });
            plan.collateral.push(Collateral {
                name: name.to_owned(),
                from: Some(from),
                to,
            });
        };
        if let Some(line) = &file.go {
            change(
                "go",
                line.text.clone(),
                EntryEdit::Own(OwnEdit::Go(GoEdit::Version(go.clone()))),
                Some(go.clone()),
            );
        }
        if let Some(line) = &file.toolchain
            && line.text != "default"
            && graph::order_of_go(&line.text, go) != std::cmp::Ordering::Greater
        {
            change("toolchain", line.text.clone(), EntryEdit::Drop, None);
        }
    }
}

/// As a `go.mod` writes it: advisories leave the `v` out.
fn written(version: &str) -> String {
    match version.starts_with('v') {
        true => version.to_owned(),
        false => format!("v{version}"),
    }
}

/// The version is the one that ends most of the wish's findings.
fn is_meant(wish: &Wish, version: &str) -> bool {
    wish.to.as_deref().is_some_and(|to| written(to) == version)
}
