//! Where the policy comes from: a file that was named, else that of the repository; of the base's tip, if there is one.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use jiff::Timestamp;
use jiff::tz::TimeZone;

use crate::git::ObjectId;
use crate::model::Failure;
use crate::model::Location;
use crate::model::coverage::Gap;
use crate::model::verdict::ExitCode;
use crate::model::{Tree, TreePath, Unread};
use crate::policy::{self, Exception, FailOn, FailOnError, Policy};
use crate::scan::discover::DiscoveredTree;
use crate::scan::near;
use crate::scan::work_tree::WorkTree;
use crate::sys::file;
use crate::text::Position;

/// Where a policy may be at the top of a repository; only one of them may be there.
pub const PLACES: [&str; 2] = ["lockkeeper.yml", ".github/lockkeeper.yml"];

/// A larger policy is not read: 256 KiB.
const LIMIT: u64 = 256 << 10;

/// The rules of a run, and what a person should know of where they come from.
#[derive(Debug, Clone, Default)]
pub struct Effective {
    /// The rules.
    pub policy: Policy,
    /// Remarks, each at its place.
    pub remarks: Vec<Gap>,
}

/// Which policy decides.
#[derive(Debug, Clone, Default)]
pub struct PolicyRequest {
    /// Its file; else that of the repository.
    pub file: Option<PathBuf>,
    /// What fails, instead of the built-in rules.
    pub fail_on: Option<FailOn>,
    /// What is accepted for this run.
    pub ignore: Vec<Exception>,
}

impl PolicyRequest {
    /// The policy of `file`, with the words of `fail_on`.
    ///
    /// # Errors
    /// A [`Failure`] of usage for an unknown word.
    pub fn new(file: Option<PathBuf>, fail_on: Option<&str>) -> Result<Self, Failure> {
        let fail_on = fail_on
            .map(str::parse)
            .transpose()
            .map_err(|error: FailOnError| {
                Failure::usage(
                    "--fail-on",
                    "Give a comma-separated list of malicious, vulnerability, unsound, unmaintained, yanked, notice, \
                     low, medium, high, critical, known-exploited, fixable; or none.",
                )
                .caused_by(&error)
            })?;
        Ok(Self {
            file,
            fail_on,
            ignore: Vec::new(),
        })
    }

    /// The same, which accepts the advisories of `ids` in this run.
    #[must_use]
    pub fn ignoring(self, ids: &[String], now: Timestamp) -> Self {
        let today = now.to_zoned(TimeZone::UTC).date();
        let exception = |id: &String| Exception::of_run(id.trim().to_owned(), today);
        Self {
            ignore: ids.iter().map(exception).collect(),
            ..self
        }
    }
}

/// The rules for the tree `found`. With a base's `tip` its policy counts, and what the change makes of it is only reported.
///
/// # Errors
/// A [`Failure`] of usage with every mistake of the file, for two policies, and for one that was named and is not there.
pub fn effective(
    found: &DiscoveredTree,
    request: &PolicyRequest,
    tip: Option<ObjectId>,
) -> Result<Effective, Failure> {
    let mut effective = match (request.file.as_deref(), tip) {
        (Some(file), None) => Effective {
            policy: named(file)?,
            remarks: Vec::new(),
        },
        (Some(file), Some(tip)) => match inside(found, file) {
            None => Effective {
                policy: named(file)?,
                remarks: Vec::new(),
            },
            Some(path) => {
                let base = at(found, tip, std::slice::from_ref(&path))?;
                let here = named(file).map(Some);
                match (&base, here) {
                    // Neither side has it: a mistake in the command, and no change.
                    (None, Err(failure)) => return Err(failure),
                    (_, here) => compared(base, here),
                }
            }
        },
        (None, None) => Effective {
            policy: here(found)?.unwrap_or_default(),
            remarks: Vec::new(),
        },
        (None, Some(tip)) => compared(at(found, tip, &places())?, here(found)),
    };
    if let Some(list) = &request.fail_on {
        effective.policy = effective.policy.with_fail_on(list.clone());
    }
    if !request.ignore.is_empty() {
        effective.policy = effective.policy.accepting(&request.ignore);
    }
    Ok(effective)
}

/// The policy of the base, and what the change makes of it.
fn compared(base: Option<Policy>, here: Result<Option<Policy>, Failure>) -> Effective {
    let mut remarks = Vec::new();
    match (&base, here) {
        (_, Err(failure)) => {
            let reason = format!("the change breaks the policy: {failure}");
            remarks.push(Gap {
                location: failure.location,
                reason,
                hint: failure.hint,
            });
        }
        (_, Ok(None)) => {}
        (base, Ok(Some(here))) => {
            let file = here.file.as_deref().and_then(TreePath::new).unwrap_or_default();
            if base.is_none() {
                remarks.push(Gap {
                    location: Some(Location {
                        file: file.clone(),
                        position: Position::START,
                    }),
                    reason: "the change brings a policy: it counts once it is on the base".into(),
                    hint: "Merge the policy in a change of its own, before what needs it.".into(),
                });
            }
            let known = base
                .as_ref()
                .map(|base| base.exceptions.list())
                .unwrap_or_default();
            for exception in here.exceptions.list() {
                if known.iter().any(|known| known.covers_the_same(exception)) {
                    continue;
                }
                remarks.push(Gap {
                    location: Some(Location { file: file.clone(), position: exception.place }),
                    reason: format!(
                        "the change adds an exception for {}, which does not help it: it counts once it is on the base",
                        exception.id
                    ),
                    hint: "Have the exception reviewed and merged first, then run this again.".into(),
                });
            }
        }
    }
    Effective {
        policy: base.unwrap_or_default(),
        remarks,
    }
}

fn places() -> Vec<TreePath> {
    PLACES.iter().filter_map(TreePath::new).collect()
}

/// The policy of the tree itself; `None` if it has none.
fn here(found: &DiscoveredTree) -> Result<Option<Policy>, Failure> {
    let Some(top) = top(found) else { return Ok(None) };
    one_of(top.as_ref(), &places())
}

/// The tree that policies are looked for in: from the top of the repository, else from the root.
fn top(found: &DiscoveredTree) -> Option<Box<dyn Tree>> {
    match &found.repository {
        None => {
            let root = file::resolve(Path::new(&found.root)).ok()?;
            Some(Box::new(WorkTree::new(root.clone(), root, LIMIT)))
        }
        Some(repository) => match repository.work_folder().and_then(|top| file::resolve(&top).ok()) {
            Some(top) => Some(Box::new(WorkTree::new(top.clone(), top, LIMIT))),
            None => {
                let commit = found.head.commit?;
                Some(Box::new(repository.commit_tree(commit, LIMIT).ok()?))
            }
        },
    }
}

/// The policy that a commit holds at one of `places`.
fn at(found: &DiscoveredTree, commit: ObjectId, places: &[TreePath]) -> Result<Option<Policy>, Failure> {
    let Some(repository) = &found.repository else {
        return Ok(None);
    };
    let tree = repository.commit_tree(commit, LIMIT).map_err(Failure::from)?;
    one_of(&tree, places).map_err(|mut failure| {
        if failure.code == ExitCode::Incomplete {
            failure.hint = "Fetch what a filter left out (`git fetch --refetch --no-filter`), or use a full clone (without \
                            `--filter`; in a workflow, `fetch-depth: 0`)."
                .into();
        }
        failure
    })
}

fn one_of(tree: &dyn Tree, places: &[TreePath]) -> Result<Option<Policy>, Failure> {
    let mut policies: Vec<(&TreePath, Arc<[u8]>)> = Vec::new();
    for path in places {
        match tree.read(path) {
            Ok(bytes) => policies.push((path, bytes)),
            Err(Unread::Absent) => {}
            Err(Unread::TooLarge { .. }) => return Err(too_large().at(path.clone(), Position::START)),
            // Nobody knows what it says.
            Err(error @ Unread::Unreadable(_)) => {
                let hint = "Put the policy itself there, and make it readable.";
                let failure = Failure::incomplete("the policy cannot be read", hint).caused_by(&error);
                return Err(failure.at(path.clone(), Position::START));
            }
            Err(error @ Unread::LinkLeadsOut) => {
                let hint = "Put the policy itself there.";
                let failure = Failure::usage("the policy cannot be read", hint).caused_by(&error);
                return Err(failure.at(path.clone(), Position::START));
            }
        }
    }
    match policies.as_slice() {
        [] => Ok(None),
        [(path, bytes)] => read(path, &path.display(), bytes).map(Some),
        [(first, _), (second, _), ..] => Err(Failure::usage(
            format!("there are two policies: {first} and {second}"),
            "Keep one of them.",
        )),
    }
}

/// The policy in the file that the command line names.
///
/// # Errors
/// A [`Failure`] of usage for a file that cannot be read, and with every mistake in it.
pub fn named(path: &Path) -> Result<Policy, Failure> {
    let hint = "Give a policy that can be read with `--policy FILE`.";
    let bytes = file::read(path, LIMIT).map_err(|error| {
        let is_missing = error.source.kind() == std::io::ErrorKind::NotFound;
        let meant = if is_missing {
            near::path(path)
        } else {
            String::new()
        };
        Failure::usage(format!("{error}{meant}"), hint)
    })?;
    let told = path.to_string_lossy().replace('\\', "/");
    let told = TreePath::outside(&told).unwrap_or_default();
    match bytes {
        Some(bytes) => read(&told, &path.to_string_lossy(), &bytes),
        None => Err(too_large().at(told, Position::START)),
    }
}

fn too_large() -> Failure {
    Failure::usage(
        format!("the policy is larger than {} KiB", LIMIT >> 10),
        "Make it shorter: a policy is written by hand.",
    )
}

/// `path` from the top of the repository that `found` is in; `None` if it is elsewhere.
fn inside(found: &DiscoveredTree, path: &Path) -> Option<TreePath> {
    let top = found.repository.as_ref()?.work_folder()?;
    let top = file::resolve(&top).ok()?;
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
    let folder = file::resolve(folder.unwrap_or(Path::new("."))).ok()?;
    file::tree_path(&top, &folder.join(path.file_name()?))
}

fn read(path: &TreePath, name: &str, bytes: &[u8]) -> Result<Policy, Failure> {
    policy::read(name, bytes).map_err(|mistakes| {
        let mut failures = mistakes.into_iter().map(|mistake| {
            let message = match mistake.key.as_str() {
                "" => mistake.message,
                key => format!("{key}: {}", mistake.message),
            };
            Failure::usage(message, mistake.hint).at(path.clone(), mistake.position)
        });
        let first = failures.next();
        let others = failures.collect();
        first.map_or_else(
            || Failure::usage("the policy cannot be read", "Make it readable."),
            |first| first.with_others(others),
        )
    })
}
