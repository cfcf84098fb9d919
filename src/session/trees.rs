//! From paths to trees, each with its policy and what it is compared with.

use std::path::PathBuf;

use super::{Input, PolicyRequest, RemoteOf};
use crate::config::policy::{self, Effective};
use crate::git::Repository;
use crate::git::refs::Prefer;
use crate::model::coverage::Gap;
use crate::model::lines::{Choice, Rules};
use crate::model::{Failure, Location, Tree, TreePath};
use crate::plan::Edited;
use crate::policy::Policy;
use crate::remediate::Overlay;
use crate::scan::columns::{namesakes, outside_of_git};
use crate::scan::discover::{self, DiscoveredTree, Root};
use crate::scan::since::{Since, since};
use crate::scan::{Base, FILE_LIMIT, ScanTree, commit};
use crate::sys::file::FileKind;
use crate::sys::{environment, file};
use crate::text::Position;

/// Trees that are judged.
pub struct Trees {
    entries: Vec<Entry>,
    /// What a person should know of the policies.
    pub remarks: Vec<Gap>,
}

struct Entry {
    found: DiscoveredTree,
    since: Option<Since>,
    policy: Policy,
}

impl Trees {
    /// The trees that `input` names, compared with `base` if there is one.
    ///
    /// # Errors
    /// A [`Failure`] of usage for a path or policy, of incompleteness for a base that cannot be found.
    pub fn find(
        input: &Input,
        tree: Taken,
        base: Option<&str>,
        policy: &PolicyRequest,
        remote: Option<&RemoteOf>,
    ) -> Result<Self, Failure> {
        let mut trees = Self {
            entries: Vec::new(),
            remarks: Vec::new(),
        };
        for found in find(input)? {
            if let Some(remote) = remote {
                remote.reach(&found);
            }
            let with_submodules = tree == Taken::Work;
            let landing = remote.and_then(|remote| remote.landing.get());
            let since = base
                .map(|base| {
                    let landing = landing.filter(|landing| landing.commit.to_string() == *base);
                    since(&found, base, landing, with_submodules)
                })
                .transpose()?;
            if let (Some(base), Some(repository)) = (base, &found.repository) {
                trees.remarks.extend(namesakes(repository, base));
            }
            let tip = since.as_ref().map(|since| since.tip);
            if let Some(base) = base.filter(|_| tip.is_some() && tip == found.head.commit) {
                trees.remarks.push(itself(base));
            }
            let Effective { policy, remarks } = policy::effective(&found, policy, tip)?;
            let found = match tree {
                Taken::Work => found,
                Taken::Staged => commit::staged(&found, FILE_LIMIT).map_err(Failure::from)?,
            };
            trees.remarks.extend(remarks);
            trees.add(found, since, policy);
        }
        trees.remarks.dedup();
        Ok(trees)
    }

    /// Trees that were found already, all judged by one policy.
    #[must_use]
    pub fn of(found: Vec<DiscoveredTree>, policy: &Policy) -> Self {
        let mut trees = Self {
            entries: Vec::new(),
            remarks: Vec::new(),
        };
        for found in found {
            trees.add(found, None, policy.clone());
        }
        trees
    }

    fn add(&mut self, mut found: DiscoveredTree, mut since: Option<Since>, policy: Policy) {
        found.exclude(&policy.exclude);
        for (base, _) in since.iter_mut().flat_map(|since| &mut since.sides) {
            base.exclude(&policy.exclude);
        }
        self.entries.push(Entry { found, since, policy });
    }

    /// The same with the edits that `edits` has for each tree, by its number.
    #[must_use]
    pub fn edited<'e>(mut self, edits: impl Fn(usize) -> Vec<&'e Edited>) -> Self {
        self.entries = self
            .entries
            .into_iter()
            .enumerate()
            .map(|(number, mut entry)| {
                let edits = edits(number);
                if !edits.is_empty() {
                    let files: Vec<_> = edits
                        .iter()
                        .map(|edit| (&edit.path, edit.after.as_str()))
                        .collect();
                    let over = |below| -> Box<dyn Tree + Send> { Box::new(Overlay::new(below, edits)) };
                    entry.found = entry.found.edited(files.into_iter(), over);
                }
                entry
            })
            .collect();
        self
    }

    /// The same with what `over` makes of every tree, those that the trees are compared with too; it gets how messages call the
    /// tree's root.
    #[must_use]
    pub fn everywhere(mut self, over: impl Fn(&str, Box<dyn Tree + Send>) -> Box<dyn Tree + Send>) -> Self {
        let covered = |mut found: DiscoveredTree| {
            found.tree = over(&found.root, found.tree);
            found
        };
        self.entries = self
            .entries
            .into_iter()
            .map(|mut entry| {
                entry.found = covered(entry.found);
                if let Some(since) = &mut entry.since {
                    let sides = std::mem::take(&mut since.sides).into_iter();
                    since.sides = sides.map(|(base, rest)| (covered(base), rest)).collect();
                }
                entry
            })
            .collect();
        self
    }

    /// The trees, in the order of the command line.
    pub fn found(&self) -> impl Iterator<Item = &DiscoveredTree> {
        self.entries.iter().map(|entry| &entry.found)
    }

    /// The policy of the first tree: what the whole run asks of its index.
    #[must_use]
    pub fn policy(&self) -> Policy {
        self.entries
            .first()
            .map(|entry| entry.policy.clone())
            .unwrap_or_default()
    }

    /// What is judged.
    #[must_use]
    pub fn scan_trees(&self) -> Vec<ScanTree<'_>> {
        self.entries.iter().map(Entry::scan_tree).collect()
    }
}

/// What to know where a commit is compared with itself: that looks like a change that brings nothing in.
fn itself(base: &str) -> Gap {
    Gap {
        location: Some(Location {
            file: TreePath::new(".git").unwrap_or_default(),
            position: Position::START,
        }),
        reason: format!(
            "the base {base:?} is the commit that is checked out, so only what is not committed can be introduced"
        ),
        hint: "Name the commit that the change began from (`HEAD~1`, `origin/main`), or leave `--base` out."
            .into(),
    }
}

impl Entry {
    fn scan_tree(&self) -> ScanTree<'_> {
        ScanTree {
            found: &self.found,
            policy: &self.policy,
            base: self.since.as_ref().map(|since| Base {
                sides: since
                    .sides
                    .iter()
                    .map(|(found, committed)| (found, *committed))
                    .collect(),
                ref_name: since.ref_name.as_deref(),
            }),
        }
    }
}

/// Which state of a work tree is taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Taken {
    /// As it lies on disk.
    Work,
    /// As it is staged.
    Staged,
}

/// Finds the lockfiles of `input`.
///
/// # Errors
/// A [`Failure`] of usage for a PATH that is not there or an unknown format.
pub fn find(input: &Input) -> Result<Vec<DiscoveredTree>, Failure> {
    let roots = roots(input)?;
    let found = roots.iter().map(|root| {
        let mut found = discover::discover(root, FILE_LIMIT)?;
        if let Root::Path(folder) = root {
            found.leave_out_reports(folder, &input.reports);
        }
        Ok(found)
    });
    found.collect()
}

fn roots(input: &Input) -> Result<Vec<Root>, Failure> {
    if let Some(name) = &input.stdin {
        let bytes = file::read_standard_input(FILE_LIMIT)
            .map_err(|error| Failure::usage(error.to_string(), "Pipe a lockfile into the program."))?;
        let bytes = bytes.ok_or_else(|| {
            Failure::incomplete(
                format!("standard input is larger than the limit of {FILE_LIMIT} bytes"),
                "Scan the file by its path, or split it.",
            )
        })?;
        return Ok(vec![Root::Text(name.clone(), bytes)]);
    }
    if let Some((format, path)) = &input.as_format {
        return Ok(vec![Root::As(path.clone(), format.clone())]);
    }
    Ok(match input.paths.as_slice() {
        [] => vec![Root::Path(".".into())],
        paths => paths.iter().cloned().map(Root::Path).collect(),
    })
}

/// The tree of the first path, without its policy.
///
/// # Errors
/// A [`Failure`] of usage for a path that is not there.
pub fn one(input: &Input) -> Result<DiscoveredTree, Failure> {
    find(input)?
        .into_iter()
        .next()
        .ok_or_else(|| Failure::usage("there is no path", "Give a folder."))
}

/// As [`one`], for release lines: outside of git no lockfile is looked for.
///
/// # Errors
/// As [`one`], and a [`Failure`] of usage outside of git.
pub fn one_in_git(input: &Input) -> Result<DiscoveredTree, Failure> {
    let here = PathBuf::from(".");
    let path = input.paths.first().unwrap_or(&here);
    let folder = match file::kind(path) {
        Ok(FileKind::Folder) => Some(path.as_path()),
        Ok(FileKind::File(_)) => path.parent(),
        Ok(FileKind::Other | FileKind::Missing) | Err(_) => None,
    };
    let folder = folder.map(|folder| match folder.as_os_str().is_empty() {
        true => here.as_path(),
        false => folder,
    });
    // What cannot be opened is explained where it is read.
    if let Some(Ok(None)) = folder.map(Repository::discover) {
        return Err(outside_of_git(&path.display().to_string()));
    }
    one(input)
}

/// How lines are chosen: by `--refs`, else by the policy.
#[must_use]
pub fn choice(refs: Option<&str>, policy: &Policy) -> Choice {
    let Some(globs) = refs else {
        return Choice::Rules(rules(policy));
    };
    Choice::Globs(globs.to_owned())
}

fn rules(policy: &Policy) -> Rules {
    let usual = Rules::default();
    let lines = &policy.lines;
    let include = lines.include.as_ref().map(|globs| globs.patterns().to_vec());
    Rules {
        include: include.unwrap_or(usual.include),
        exclude: lines.exclude.patterns().to_vec(),
        newest: lines.newest as usize,
        active_within: lines.active_within.unsigned_abs(),
        end_of_support: lines
            .end_of_support
            .entries()
            .map(|(glob, day)| (glob.to_owned(), day))
            .collect(),
    }
}

/// Which branch counts where the clone and `origin` differ: a workflow's clone may hold an old one.
#[must_use]
pub fn prefer() -> Prefer {
    match environment::variable("CI").as_deref() {
        None | Some("false" | "0") => Prefer::Local,
        Some(_) => Prefer::Remote,
    }
}
