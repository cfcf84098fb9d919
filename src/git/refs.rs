//! The refs that could be release lines: branches and tags, with the commit of each.
//!
//! A branch of `origin` stands for a branch of the same name, because a workflow's checkout has no other. Damage of one
//! ref is reported and hides no other one.

use std::collections::{BTreeMap, HashMap};
use std::fmt;
use std::sync::Arc;

use gix::bstr::ByteSlice as _;
use gix::objs::Kind;
use gix::refs::FullName;
use gix::refs::file::find::{NotFound, ReferenceDecode};
use jiff::Timestamp;
use percent_encoding::percent_encode_byte;

use super::commit::{parse, timestamp};
use super::discovery;
use super::entry::ObjectId;
use super::error::{GitError, RemoteError, broken, first_line};
use super::odb::Odb;
use super::remote::{Remote, RemoteRefs};
use super::repository::Repository;
use crate::model::lines;

const HEADS: &[u8] = b"refs/heads/";
const ORIGIN: &[u8] = b"refs/remotes/origin/";
const TAGS: &[u8] = b"refs/tags/";

/// Which one counts where a branch and that of `origin` differ.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Prefer {
    /// The branch of the clone: a person looks at their own work.
    Local,
    /// The branch of `origin`: a workflow's clone may have an old branch of the same name.
    Remote,
}

/// What a repository has.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Refs {
    /// Branches and tags, by name.
    pub candidates: Vec<Candidate>,
    /// The full name of the default branch, if there is one among the candidates.
    pub default: Option<String>,
    /// What a person should know of them.
    pub remarks: Vec<Remark>,
}

/// A ref that could be a release line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Candidate {
    /// The full name: `refs/heads/1.4`, also of a branch of `origin`, or `refs/tags/v1`.
    pub name: String,
    /// Its commit; that of the tag, not the tag's own.
    pub commit: ObjectId,
    /// When the commit was made.
    pub committed: Timestamp,
}

/// What a remark says cannot be looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Hidden<'r> {
    /// Nothing.
    Nothing,
    /// The ref of this full name.
    Ref(&'r str),
    /// Refs whose names are not known.
    Unknown,
}

/// What is odd about a ref.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Remark {
    /// A branch and that of `origin` are at different commits.
    Differs {
        /// The full name of the branch.
        name: String,
        /// Where the branch is.
        local: ObjectId,
        /// Where the one of `origin` is.
        remote: ObjectId,
        /// Which of them counts.
        taken: Prefer,
    },
    /// A ref cannot be read.
    Broken {
        /// The full name, as far as it is known.
        name: String,
        /// Why.
        reason: String,
    },
    /// A ref points to something that the clone lacks.
    Missing {
        /// The full name.
        name: String,
        /// What is not there.
        object: ObjectId,
    },
    /// Nothing names the default branch: it is guessed by its name.
    Guessed {
        /// The full name of the branch that is taken for it.
        name: String,
    },
    /// The default branch is known, and the clone lacks it.
    NoDefault {
        /// Its full name.
        name: String,
        /// Who says that it is the default one.
        source: &'static str,
    },
    /// The clone has only some of the refs, and there is no remote.
    Shallow,
    /// The clone has only some of the refs, and the remote does not give the others.
    Remote {
        /// Why the remote does not give them.
        reason: RemoteError,
    },
}

impl Remark {
    /// What it says cannot be looked at.
    #[must_use]
    pub fn hides(&self) -> Hidden<'_> {
        match self {
            Self::Differs { .. } | Self::Guessed { .. } | Self::Shallow => Hidden::Nothing,
            Self::NoDefault { name, .. } => Hidden::Ref(name),
            Self::Broken { name, .. } | Self::Missing { name, .. } if name.starts_with("refs/") => {
                Hidden::Ref(name)
            }
            Self::Broken { .. } | Self::Missing { .. } | Self::Remote { .. } => Hidden::Unknown,
        }
    }

    /// The full name of the ref that it is about, as far as it is known.
    #[must_use]
    pub fn name(&self) -> &str {
        match self {
            Self::Differs { name, .. }
            | Self::Broken { name, .. }
            | Self::Missing { name, .. }
            | Self::Guessed { name }
            | Self::NoDefault { name, .. } => name,
            Self::Shallow | Self::Remote { .. } => "refs that this clone lacks",
        }
    }
}

impl fmt::Display for Remark {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Differs {
                name,
                local,
                remote,
                taken,
            } => {
                let (here, origin) = (short(*local), short(*remote));
                let taken = match taken {
                    Prefer::Local => "the branch of this clone counts",
                    Prefer::Remote => "the branch of origin counts",
                };
                write!(
                    formatter,
                    "{name} is at {here} here and at {origin} at origin; {taken}"
                )
            }
            Self::Broken { name, reason } => write!(formatter, "{name} cannot be read: {reason}"),
            Self::Missing { name, object } => {
                write!(formatter, "{name} points to {object}, which is not in this clone")
            }
            Self::Guessed { name } => write!(
                formatter,
                "that {name} is the default branch is a guess from its name: this clone has no refs/remotes/origin/HEAD, and \
                 nothing else names the default branch"
            ),
            Self::NoDefault { name, source } => {
                write!(
                    formatter,
                    "{name} is the default branch ({source}), and this clone lacks it"
                )
            }
            Self::Shallow => formatter
                .write_str("this clone is shallow: branches and tags that were not fetched are not seen"),
            Self::Remote { reason } => {
                write!(
                    formatter,
                    "this clone is shallow, and the forge does not give its other refs: {reason}"
                )
            }
        }
    }
}

impl Refs {
    /// The candidates, as the choice of lines takes them.
    #[must_use]
    pub fn lines(&self) -> Vec<lines::Candidate> {
        let line = |candidate: &Candidate| lines::Candidate {
            ref_name: candidate.name.clone(),
            commit: candidate.commit.to_string(),
            committed: candidate.committed,
        };
        self.candidates.iter().map(line).collect()
    }
}

/// What a ref points to.
#[derive(Clone, Copy)]
struct Target {
    commit: gix::ObjectId,
    seconds: i64,
}

impl Repository {
    /// Branches of the clone and of `origin`, and tags of commits; of a shallow clone also those of its remote
    /// ([`Repository::set_remote`]).
    ///
    /// # Errors
    /// [`GitError`] if no ref can be listed at all.
    pub fn refs(&self, prefer: Prefer) -> Result<Refs, GitError> {
        // A clone that only lacks objects has all its refs.
        let remote = self.remote().filter(|_| self.is_shallow().unwrap_or(false));
        self.refs_of(remote, prefer)
    }

    /// As [`Repository::refs`], without those of the remote.
    ///
    /// # Errors
    /// [`GitError`] if no ref can be listed at all.
    pub fn local_refs(&self, prefer: Prefer) -> Result<Refs, GitError> {
        self.refs_of(None, prefer)
    }

    fn refs_of(&self, remote: Option<&Arc<dyn Remote>>, prefer: Prefer) -> Result<Refs, GitError> {
        let repository = self.local_odb();
        discovery::are_refs_files(repository.common_dir())?;
        let mut remarks = Vec::new();
        let mut found: BTreeMap<Vec<u8>, Target> = BTreeMap::new();
        // Many refs point to the same commit.
        let mut known: HashMap<gix::ObjectId, Option<Target>> = HashMap::new();
        for reference in listed(&repository, &mut remarks)? {
            let name = reference.name.as_bstr().to_vec();
            let target = match reference.target {
                gix::refs::Target::Object(id) => Ok(id),
                gix::refs::Target::Symbolic(_) => followed(&repository, &name),
            };
            let commit = target.and_then(|id| match known.get(&id) {
                Some(known) => Ok(*known),
                None => {
                    let read = commit(&repository, &name, id)?;
                    known.insert(id, read);
                    Ok(read)
                }
            });
            match commit {
                Ok(Some(target)) => {
                    found.insert(name, target);
                }
                Ok(None) => {}
                Err(remark) => remarks.push(remark),
            }
        }
        let mut of_forge = None;
        if let Some(remote) = remote {
            match remote.refs() {
                Ok(refs) => of_forge = take(refs, repository.object_hash(), &mut found, prefer),
                Err(reason) => remarks.push(Remark::Remote { reason }),
            }
        } else if self.is_shallow().unwrap_or(false) {
            remarks.push(Remark::Shallow);
        }
        let default = self.default(&repository, &found, of_forge, &mut remarks);
        let mut candidates: BTreeMap<String, Target> = BTreeMap::new();
        for (name, target) in &found {
            if !name.starts_with(ORIGIN) {
                candidates.insert(text(name), *target);
            }
        }
        for (name, remote) in &found {
            let Some(short) = name.strip_prefix(ORIGIN).filter(|short| *short != b"HEAD") else {
                continue;
            };
            let name = text(&[HEADS, short].concat());
            let local = candidates.get(&name).copied();
            if let Some(local) = local.filter(|local| local.commit != remote.commit) {
                remarks.push(Remark::Differs {
                    name: name.clone(),
                    local: ObjectId(local.commit),
                    remote: ObjectId(remote.commit),
                    taken: prefer,
                });
            }
            match (local, prefer) {
                (Some(_), Prefer::Local) => {}
                (Some(_), Prefer::Remote) | (None, Prefer::Local | Prefer::Remote) => {
                    candidates.insert(name, *remote);
                }
            }
        }
        Ok(Refs {
            candidates: candidates
                .into_iter()
                .map(|(name, target)| Candidate {
                    name,
                    commit: ObjectId(target.commit),
                    committed: timestamp(target.seconds),
                })
                .collect(),
            default,
            remarks,
        })
    }
}

/// Adds the refs of the remote to those that were found: branches as those of `origin`, and tags where the clone has none or
/// where `prefer` says so. Returns the full name of the default branch.
fn take(
    refs: RemoteRefs,
    hash: gix::hash::Kind,
    found: &mut BTreeMap<Vec<u8>, Target>,
    prefer: Prefer,
) -> Option<String> {
    let default = refs.default.map(|short| format!("refs/heads/{short}"));
    let mut has_default = false;
    for (name, commit, committed) in refs.refs {
        // An id of another kind of hash names nothing here.
        let Some(commit) = gix::ObjectId::from_hex(commit.as_bytes())
            .ok()
            .filter(|commit| commit.kind() == hash)
        else {
            continue;
        };
        has_default |= default.as_ref() == Some(&name);
        let target = Target {
            commit,
            seconds: committed.as_second(),
        };
        match name.as_bytes().strip_prefix(HEADS) {
            Some(short) => {
                found.insert([ORIGIN, short].concat(), target);
            }
            None if !name.as_bytes().starts_with(TAGS) => {}
            None => match prefer {
                Prefer::Local => {
                    found.entry(name.into_bytes()).or_insert(target);
                }
                Prefer::Remote => {
                    found.insert(name.into_bytes(), target);
                }
            },
        }
    }
    default.filter(|_| has_default)
}

/// Every branch and tag, loose or packed, as it is written.
fn listed(repository: &Odb, remarks: &mut Vec<Remark>) -> Result<Vec<gix::refs::Reference>, GitError> {
    if let Some(table) = &repository.table {
        let mut references = Vec::new();
        for (name, target) in table.all().filter(|(name, _)| is_wanted(name)) {
            match FullName::try_from(name.as_bstr()) {
                Ok(name) => references.push(gix::refs::Reference {
                    name,
                    target: target.clone(),
                    peeled: None,
                }),
                Err(_) => remarks.push(Remark::Broken {
                    name: text(name),
                    reason: "this is no name of a ref".into(),
                }),
            }
        }
        return Ok(references);
    }
    // Those with one prefix could be looked up, but damage can lead a search astray.
    let platform = repository.references().map_err(broken)?;
    let mut references = Vec::new();
    for reference in platform.all().map_err(broken)? {
        match reference {
            Ok(reference) if is_wanted(reference.name().as_bstr()) => references.push(reference.detach()),
            Ok(_) => {}
            Err(error) => remarks.extend(unreadable(&error)),
        }
    }
    Ok(references)
}

fn is_wanted(name: &[u8]) -> bool {
    [HEADS, ORIGIN, TAGS]
        .iter()
        .any(|prefix| name.starts_with(prefix))
}

/// What is wrong with a ref, if it may be one that is wanted.
fn unreadable(error: &gix::Error) -> Option<Remark> {
    let path = error
        .downcast_any_ref::<ReferenceDecode>()
        .map(|decode| decode.relative_path.to_string_lossy().replace('\\', "/"));
    match path {
        Some(name) => is_wanted(name.as_bytes()).then(|| Remark::Broken {
            name,
            reason: "it holds no object id and no name".into(),
        }),
        None => Some(Remark::Broken {
            name: "a ref".into(),
            reason: first_line(error),
        }),
    }
}

/// The object that a symbolic ref leads to.
fn followed(repository: &Odb, name: &[u8]) -> Result<gix::ObjectId, Remark> {
    if let Some(table) = &repository.table {
        return table.follow(name).ok_or_else(|| Remark::Broken {
            name: text(name),
            reason: "it leads to no object".into(),
        });
    }
    let broken = |error: gix::Error| Remark::Broken {
        name: text(name),
        reason: match error.downcast_any_ref::<NotFound>() {
            Some(missing) => format!("it points to {}, which is not there", text(&missing.name)),
            None => first_line(&error),
        },
    };
    let mut reference = repository.find_reference(name.as_bstr()).map_err(broken)?;
    Ok(reference.follow_to_object().map_err(broken)?.detach())
}

/// The commit that the ref `name` leads to through `id`; `None` if it leads to something else.
fn commit(repository: &Odb, name: &[u8], id: gix::ObjectId) -> Result<Option<Target>, Remark> {
    let mut buffer = Vec::new();
    let read = repository.peel(id, &mut buffer).and_then(|id| {
        let object = repository.load(id, &mut buffer)?;
        match object.kind {
            Kind::Commit => Ok(Some(Target {
                commit: id,
                seconds: parse(id, object.data)?.seconds,
            })),
            Kind::Tree | Kind::Blob | Kind::Tag => Ok(None),
        }
    });
    read.map_err(|error| match error {
        GitError::Missing { object } => Remark::Missing {
            name: text(name),
            object,
        },
        error @ (GitError::Broken(_)
        | GitError::Unsupported(_)
        | GitError::Shallow { .. }
        | GitError::Remote { .. }
        | GitError::NoSuchRevision { .. }
        | GitError::NotACommit { .. }) => Remark::Broken {
            name: text(name),
            reason: error.to_string(),
        },
    })
}

impl Repository {
    /// What the event names, else what `origin` calls its head, else what the forge answers, else the head of a bare
    /// repository; else a guess, which is reported: `main`, `master`, or the branch that is checked out, which may be any
    /// topic.
    fn default(
        &self,
        repository: &Odb,
        found: &BTreeMap<Vec<u8>, Target>,
        of_forge: Option<String>,
        remarks: &mut Vec<Remark>,
    ) -> Option<String> {
        let points = |name: &str, prefix: &[u8]| -> Option<Vec<u8>> {
            match repository.find_ref(name)? {
                gix::refs::Target::Symbolic(name) => Some(name.as_bstr().strip_prefix(prefix)?.to_vec()),
                gix::refs::Target::Object(_) => None,
            }
        };
        let is_held = |short: &[u8]| {
            [HEADS, ORIGIN]
                .iter()
                .any(|prefix| found.contains_key(&[*prefix, short].concat()))
        };
        let full = |short: &[u8]| text(&[HEADS, short].concat());
        if let Some(named) = self.default_of_event() {
            let name = full(named.as_bytes());
            if !is_held(named.as_bytes()) {
                remarks.push(Remark::NoDefault {
                    name: name.clone(),
                    source: "the event names it",
                });
            }
            return Some(name);
        }
        let origin = points("refs/remotes/origin/HEAD", ORIGIN);
        if let Some(short) = origin.filter(|short| is_held(short)) {
            return Some(full(&short));
        }
        if of_forge.is_some() {
            return of_forge;
        }
        let head = points("HEAD", HEADS).filter(|short| is_held(short));
        if let Some(short) = head.as_ref().filter(|_| repository.is_bare()) {
            return Some(full(short));
        }
        let usual = [b"main".to_vec(), b"master".to_vec()];
        let guess = usual.into_iter().find(|short| is_held(short)).or(head.clone())?;
        let others = found.keys().filter(|name| {
            let short = name.strip_prefix(HEADS).or_else(|| name.strip_prefix(ORIGIN));
            short.is_some_and(|short| short != guess && short != b"HEAD")
        });
        // Where there is one branch, or no other copy than this one and its own branch is taken, nothing is guessed.
        let is_alone = others.count() == 0;
        let is_own = head.as_ref() == Some(&guess) && repository.remote_names().is_empty();
        if !(is_alone || is_own) {
            remarks.push(Remark::Guessed { name: full(&guess) });
        }
        Some(full(&guess))
    }

    /// The names of refs that a short name could stand for, in git's order: the first one counts (gitrevisions(7)).
    #[must_use]
    pub fn namesakes(&self, short: &str) -> Vec<String> {
        let repository = self.local_odb();
        let named = |prefix: &str| {
            let name = format!("{prefix}{short}");
            repository.find_ref(&name).is_some().then_some(name)
        };
        // A branch of `origin` stands for the branch of its name.
        let branch = named("refs/heads/").or_else(|| named("refs/remotes/origin/"));
        [named("refs/"), named("refs/tags/"), branch]
            .into_iter()
            .flatten()
            .collect()
    }
}

/// Git allows `name` as the full name of a ref (`git check-ref-format`), and it is one line of at most 1,024 bytes.
#[must_use]
pub fn is_ref_name(name: &str) -> bool {
    name.starts_with("refs/")
        && name.len() <= MAX_NAME
        && !name.contains(char::is_control)
        && FullName::try_from(name).is_ok()
}

/// A longer name of a ref is refused, in bytes.
const MAX_NAME: usize = 1024;

/// A name as reports write it: bytes that are not UTF-8 percent-encoded.
fn text(name: &[u8]) -> String {
    let mut text = String::with_capacity(name.len());
    for chunk in name.utf8_chunks() {
        text.push_str(chunk.valid());
        for byte in chunk.invalid() {
            text.push_str(percent_encode_byte(*byte));
        }
    }
    text
}

fn short(id: ObjectId) -> String {
    id.to_string().chars().take(10).collect()
}
