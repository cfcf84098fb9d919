//! Versions that a parent or BOM of a repository manages: a later one of that is taken, the lowest that ends as many findings as any.
//!
//! What another version of it makes of the build is read with the poms of the repository: every dependency, plugin and extension of
//! every module. What else moves by it is reported, and a version that brings a known advisory to any of them is not taken.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};

use super::super::{
    Bounds, Collateral, EntryChange, EntryEdit, Known, Move, OwnEdit, Plan, Releases, Strategy, Wish,
};
use super::version::later;
use super::{PomEdit, PomProject};
use crate::lockfile::pom::declared::{self, Reference};
use crate::lockfile::pom::snapshot::{Repository, Snapshot};
use crate::model::{Query, Release, TreePath};

/// Poms lead to others at most so many times before one of them is known.
const MAX_ROUNDS: usize = 40;

/// So many parents and BOMs are tried.
const MAX_REFERENCES: usize = 6;

const NOWHERE: &str = "No text of the pom is that version alone: change it by hand.";

/// By the artifact and the version: the text of the pom, if it is to be had.
type Poms = BTreeMap<(String, String), Option<Box<str>>>;

/// What every module asks for: its pom and the artifact, with each version of it.
type Build = BTreeMap<(TreePath, String), BTreeSet<String>>;

/// Plans for `wishes` whose versions no text of the tree is.
///
/// # Errors
/// What has to be asked first.
pub(super) fn plan(
    project: &PomProject,
    wishes: &[&Wish],
    releases: &dyn Releases,
    bounds: &Bounds<'_>,
    plan: &mut Plan,
) -> Result<(), BTreeSet<Query>> {
    if wishes.is_empty() {
        return Ok(());
    }
    let planner = Planner {
        project,
        releases,
        bounds,
        poms: RefCell::default(),
    };
    let (before, references) = planner.read(None)?;
    let mut left: Vec<&Wish> = Vec::new();
    for wish in wishes.iter().copied() {
        let is_there = |((_, name), versions): (&(TreePath, String), &BTreeSet<String>)| {
            *name == wish.name && versions.contains(&wish.version)
        };
        // What is not there any more was seen to by the plan of another pom of the build.
        if before.iter().any(is_there) {
            left.push(wish);
        }
    }
    let mut reason = None;
    for reference in references.iter().take(MAX_REFERENCES) {
        if left.is_empty() {
            break;
        }
        match planner.raise(reference, &before, &left)? {
            Ok((version, after)) => {
                planner.write((reference, version), (&before, &after), &left, plan);
                left.retain(|wish| !planner.is_ended(wish, &after));
                // Another one on top would have to be planned with this one.
                if !left.is_empty() {
                    reason = Some(format!("{} {version} does not end it.", reference.name));
                }
                break;
            }
            Err(why) => {
                reason.get_or_insert(why);
            }
        }
    }
    let reason = reason.unwrap_or_else(|| NOWHERE.to_owned());
    for wish in left {
        plan.block(wish, Vec::new(), reason.clone());
    }
    Ok(())
}

struct Planner<'p> {
    project: &'p PomProject,
    releases: &'p dyn Releases,
    bounds: &'p Bounds<'p>,
    /// Poms of repositories that are known: the artifact, the version, and the text if it is to be had.
    poms: RefCell<Poms>,
}

impl Planner<'_> {
    /// Reads the build, with another version for a reference.
    fn read(
        &self,
        changed: Option<(&Reference, &str)>,
    ) -> Result<(Build, BTreeSet<Reference>), BTreeSet<Query>> {
        let mut snapshot = Snapshot::new(Repository::Asked);
        for (path, text) in &self.project.files {
            snapshot.put(path.clone(), text.as_deref());
        }
        if let Some((reference, version)) = changed
            && let Some(Some(text)) = self.project.files.get(&reference.file)
        {
            let (start, end) = (reference.at.0 as usize, reference.at.1 as usize);
            let before = text.get(..start).unwrap_or_default();
            let after = text.get(end..).unwrap_or_default();
            snapshot.put(reference.file.clone(), Some(&format!("{before}{version}{after}")));
        }
        for ((name, version), text) in &*self.poms.borrow() {
            snapshot.publish(name, version, text.as_deref());
        }
        let mut asked = BTreeSet::new();
        let (mut build, mut references) = (Build::new(), BTreeSet::new());
        for module in &self.project.modules {
            let mut resolved = declared::read(&module.file, &snapshot);
            for _ in 0..MAX_ROUNDS {
                let wanted = snapshot.take_wanted();
                for path in wanted.files {
                    snapshot.put(path, None);
                }
                let mut is_new = false;
                for (name, version) in wanted.poms {
                    let text = match self.releases.metadata(&name, &version) {
                        Known::Answer(release) => Some(release.document.clone()),
                        Known::Failed(_) => None,
                        Known::NotAsked => {
                            asked.insert(Query::metadata(name, version));
                            continue;
                        }
                    };
                    snapshot.publish(&name, &version, text.as_deref());
                    self.poms.borrow_mut().insert((name, version), text);
                    is_new = true;
                }
                if !is_new {
                    break;
                }
                resolved = declared::read(&module.file, &snapshot);
            }
            references.extend(resolved.references);
            for one in resolved.declarations {
                let versions = build.entry((module.file.clone(), one.name)).or_default();
                versions.insert(one.version);
            }
        }
        match asked.is_empty() {
            true => Ok((build, references)),
            false => Err(asked),
        }
    }

    /// The lowest version of `reference` that ends as many wishes as any, with what it makes of the build; or why there is none.
    fn raise(
        &self,
        reference: &Reference,
        before: &Build,
        wishes: &[&Wish],
    ) -> Result<Result<(&str, Build), String>, BTreeSet<Query>> {
        let name = reference.name.as_str();
        let known = match self.releases.versions(name) {
            Known::Answer(known) => known,
            Known::NotAsked => return Err(BTreeSet::from([Query::versions(name)])),
            Known::Failed(why) => {
                return Ok(Err(format!(
                    "{name} {} manages the version, and which others there are could not be learnt: {why}",
                    reference.version
                )));
            }
        };
        let found = later(known, &reference.version, self.bounds.level);
        let may_be_taken = |release: &&&Release| self.bounds.is_old_enough(release);
        let candidates: Vec<&Release> = found.near.iter().filter(may_be_taken).copied().collect();
        let Some(last) = candidates.last() else {
            return Ok(Err(match (found.near.first(), found.far) {
                (Some(release), _) => self.bounds.too_new(name, release),
                (None, Some(version)) => format!(
                    "{name} {} manages the version, and {version} is further away than `--level {}` goes.",
                    reference.version,
                    self.bounds.level.as_str()
                ),
                (None, None) => format!(
                    "{name} {} manages the version, and the repository has no later one.",
                    reference.version
                ),
            }));
        };
        let most = self.ended(reference, &last.version, before, wishes)?;
        if most == 0 {
            return Ok(Err(format!(
                "{name} {} manages the version, and {} does not end it.",
                reference.version, last.version
            )));
        }
        // What one version ends, those after it end too, as far as that goes.
        let (mut low, mut high) = (0, candidates.len() - 1);
        while low < high {
            let middle = low + (high - low) / 2;
            let Some(release) = candidates.get(middle) else {
                break;
            };
            match self.ended(reference, &release.version, before, wishes)? >= most {
                true => high = middle,
                false => low = middle + 1,
            }
        }
        let Some(release) = candidates.get(high) else {
            return Ok(Err(NOWHERE.to_owned()));
        };
        let (after, _) = self.read(Some((reference, &release.version)))?;
        Ok(Ok((&release.version, after)))
    }

    /// How many wishes another version of `reference` ends; none where it is worse for something else.
    fn ended(
        &self,
        reference: &Reference,
        version: &str,
        before: &Build,
        wishes: &[&Wish],
    ) -> Result<usize, BTreeSet<Query>> {
        let (after, _) = self.read(Some((reference, version)))?;
        let is_affected = |name: &str, versions: Option<&BTreeSet<String>>| {
            let mut versions = versions.into_iter().flatten();
            versions.any(|version| (self.bounds.is_affected)(name, version))
        };
        // What loses its version, or has an advisory that it had not.
        let is_worse = before.iter().any(|(key, versions)| {
            let now = after.get(key);
            now.is_none() || (is_affected(&key.1, now) && !is_affected(&key.1, Some(versions)))
        });
        Ok(match is_worse {
            true => 0,
            false => wishes.iter().filter(|wish| self.is_ended(wish, &after)).count(),
        })
    }

    fn is_ended(&self, wish: &Wish, after: &Build) -> bool {
        let of_name = after.iter().filter(|((_, name), _)| *name == wish.name);
        let mut versions = of_name.flat_map(|(_, versions)| versions);
        versions.all(|version| {
            *version != wish.version
                && (!(self.bounds.is_affected)(&wish.name, version)
                    || wish.to.as_deref() == Some(version.as_str()))
        })
    }

    fn write(
        &self,
        (reference, version): (&Reference, &str),
        (before, after): (&Build, &Build),
        wishes: &[&Wish],
        plan: &mut Plan,
    ) {
        let mut changes: BTreeSet<(&str, &str, &str)> = BTreeSet::new();
        for (key, old) in before {
            let new = after.get(key).into_iter().flatten();
            for to in new.filter(|version| !old.contains(*version)) {
                changes.extend(
                    old.iter()
                        .map(|from| (key.1.as_str(), from.as_str(), to.as_str())),
                );
            }
        }
        for (name, from, to) in changes {
            let wish = wishes
                .iter()
                .find(|wish| wish.name == name && wish.version == from);
            match wish.filter(|wish| self.is_ended(wish, after)) {
                Some(wish) => plan.moves.push(Move {
                    name: name.to_owned(),
                    from: from.to_owned(),
                    to: Some(to.to_owned()),
                    strategy: Strategy::Parent,
                    fixes: wish.fixes.clone(),
                    published: None,
                }),
                None => plan.collateral.push(Collateral {
                    name: name.to_owned(),
                    from: Some(from.to_owned()),
                    to: Some(to.to_owned()),
                }),
            }
        }
        plan.collateral.push(Collateral {
            name: reference.name.clone(),
            from: Some(reference.version.clone()),
            to: Some(version.to_owned()),
        });
        plan.entries.push(EntryChange {
            place: reference.file.to_string(),
            name: reference.name.clone(),
            edit: EntryEdit::Own(OwnEdit::Pom(Box::new(PomEdit {
                file: reference.file.clone(),
                at: reference.at.0 as usize..reference.at.1 as usize,
                from: reference.version.clone(),
                to: version.to_owned(),
                // A property may be the version of others too.
                uses: self
                    .project
                    .modules
                    .iter()
                    .flat_map(|module| {
                        let own = module.declarations.iter().chain(&module.managed);
                        own.map(move |one| (module, one))
                    })
                    .filter(|(_, one)| one.file == reference.file && one.at.start == reference.at.0)
                    .map(|(module, one)| (module.file.clone(), one.name.clone()))
                    .collect(),
                reference: Some(reference.name.clone()),
            }))),
        });
    }
}
