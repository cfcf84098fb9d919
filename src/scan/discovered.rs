//! A tree with the lockfiles that were found in it, and what is asked of it.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::known::{Known, Texts};
use super::reader::Reader;
use crate::git::commit_tree::{CommitTree, Lack};
use crate::git::{Head, Repository};
use crate::lockfile::manifest;
use crate::model::Location;
use crate::model::coverage::{Gap, Skipped};
use crate::model::{Ecosystem, Tree, TreePath};
use crate::policy::Globs;
use crate::sys::file;
use crate::text::Position;

/// A tree with the lockfiles that were found in it.
pub struct DiscoveredTree {
    /// The PATH as given.
    pub root: String,
    /// Where the root lies in its repository.
    pub prefix: TreePath,
    /// Where `HEAD` points; nothing outside git.
    pub head: Head,
    /// The tree to read from.
    pub tree: Box<dyn Tree + Send>,
    /// The repository that it lies in; `None` outside git.
    pub repository: Option<Arc<Repository>>,
    /// What git knows of it.
    pub(super) standing: Standing,
    /// The one file that was asked for; `None` where all of a folder was.
    pub(super) only: Option<TreePath>,
    /// The lockfiles, by path.
    pub files: BTreeMap<TreePath, Reader>,
    /// Those of them that may be symbolic links, where that is known; `None` where each has to be asked.
    pub(super) links: Option<Vec<TreePath>>,
    /// Manifests that no lockfile locks, with the instruction that makes one.
    pub unlocked: Vec<(TreePath, &'static manifest::ManifestKind)>,
    /// Folders that could not be listed, each a blind spot.
    pub unlisted: Vec<Gap>,
    /// What is known not to be checked, and costs no verdict.
    pub partial: Vec<Gap>,
    /// What was left out on purpose.
    pub skipped: Vec<Skipped>,
    /// What the policy leaves out.
    pub(super) excluded: Globs,
}

/// How a tree stands to its repository's commits.
pub(super) enum Standing {
    /// It lies on disk.
    Disk {
        /// The commit to compare with; `None` outside git and before the first commit.
        committed: Option<CommitTree>,
        /// A tracked lockfile was deleted from the work tree; it is read from git's objects all the same.
        deleted: bool,
        /// Other repositories in it, of whose files the commit knows nothing.
        submodules: Vec<TreePath>,
    },
    /// It is that of a commit.
    Commit(CommitTree),
    /// It is that of a commit, and some files have another text.
    Edited(CommitTree, Texts),
}

impl DiscoveredTree {
    /// The ecosystems of the lockfiles that can be read, as far as their names tell; may name one twice.
    pub fn ecosystems(&self) -> impl Iterator<Item = Ecosystem> {
        self.files.values().filter_map(|reader| match reader {
            Reader::Format(_) => reader.ecosystem(),
            Reader::Unsupported(_) => None,
        })
    }

    /// It is all of a repository, and no folder or file of one.
    #[must_use]
    pub fn is_whole(&self) -> bool {
        self.repository.is_some() && self.only.is_none() && self.prefix == TreePath::root()
    }

    /// Leaves out what `globs` say, which are on paths from the top of the repository; a folder stands for all that lies
    /// in it. What was asked for by its path stays.
    pub fn exclude(&mut self, globs: &Globs) {
        // A glob that leaves out the root, or whatever lies in it, stands back: the root was asked for.
        let anything = self.prefix.join("*");
        let root_is_out = anything.is_some_and(|path| excluding(globs, &path).is_some());
        if globs.is_empty() || self.only.is_some() || (root_is_out && self.prefix != TreePath::root()) {
            return;
        }
        let glob = |path: &TreePath| {
            let path = self.prefix.join(path.as_bytes())?;
            excluding(globs, &path)
        };
        let mut left_out: Vec<Skipped> = Vec::new();
        self.excluded = globs.clone();
        self.files.retain(|path, _| match glob(path) {
            None => true,
            Some(glob) => {
                left_out.push(Skipped {
                    path: path.clone(),
                    reason: format!("excluded by the policy ({glob})"),
                });
                false
            }
        });
        self.unlocked.retain(|(path, _)| glob(path).is_none());
        self.unlisted.retain(|gap| gap.file().and_then(&glob).is_none());
        self.partial.retain(|gap| gap.file().and_then(&glob).is_none());
        self.skipped.extend(left_out);
    }

    /// Leaves out the files that `reports` go to, where they are in `folder`, which is the root.
    pub fn leave_out_reports(&mut self, folder: &Path, reports: &[PathBuf]) {
        if self.only.is_some() || self.commit().is_some() {
            return;
        }
        let Ok(folder) = file::resolve(folder) else { return };
        for report in reports {
            let inside = file::resolve(report).ok();
            let inside = inside
                .as_deref()
                .and_then(|report| report.strip_prefix(&folder).ok());
            let path = inside.and_then(|inside| TreePath::new(inside.as_os_str().as_encoded_bytes()));
            if let Some(path) = path
                && self.files.remove(&path).is_some()
            {
                let reason = "a report of this run goes there".to_owned();
                self.skipped.push(Skipped { path, reason });
            }
        }
    }

    /// The policy leaves out the file at `path`, or a folder that it lies in.
    pub(super) fn is_excluded(&self, path: &TreePath) -> bool {
        let path = self.prefix.join(path.as_bytes());
        path.is_some_and(|path| excluding(&self.excluded, &path).is_some())
    }

    /// The same with the texts of `files`, which stand in what `over` makes of its tree.
    #[must_use]
    pub fn edited<'e>(
        self,
        files: impl Iterator<Item = (&'e TreePath, &'e str)>,
        over: impl FnOnce(Box<dyn Tree + Send>) -> Box<dyn Tree + Send>,
    ) -> Self {
        let (commit, mut texts) = match self.standing {
            Standing::Commit(commit) => (commit, Texts::new()),
            Standing::Edited(commit, texts) => (commit, texts),
            standing @ Standing::Disk { .. } => {
                return Self {
                    tree: over(self.tree),
                    standing,
                    ..self
                };
            }
        };
        texts.extend(files.map(|(path, text)| (path.clone(), blake3::hash(text.as_bytes()))));
        Self {
            tree: over(self.tree),
            standing: Standing::Edited(commit, texts),
            ..self
        }
    }

    /// The tree is what lies on disk, or that of the commit that is checked out.
    pub(super) fn is_checked_out(&self) -> bool {
        match (&self.standing, &self.repository) {
            (Standing::Disk { .. } | Standing::Edited(..), _) => true,
            (Standing::Commit(_), None) => false,
            (Standing::Commit(_), Some(repository)) => {
                let head = repository.head().ok();
                head.is_some_and(|head| head.commit.is_some() && head.commit == self.head.commit)
            }
        }
    }

    /// The bytes of the file at `path` differ from the commit's.
    #[must_use]
    pub fn differs(&self, path: &TreePath, bytes: &[u8]) -> bool {
        match &self.standing {
            Standing::Disk { submodules, .. } if submodules.iter().any(|folder| path.is_in(folder)) => false,
            Standing::Disk {
                committed: Some(tree),
                ..
            } => {
                let path = self.prefix.join(path.as_bytes());
                let committed = path.as_ref().and_then(|path| tree.id(path));
                committed != tree.blob_id(bytes) && !path.is_some_and(|path| tree.stands_for(&path, bytes))
            }
            Standing::Disk { committed: None, .. } | Standing::Commit(_) | Standing::Edited(..) => false,
        }
    }

    /// The lockfiles that are symbolic links, with the file that each leads to, from the top of the repository.
    pub(super) fn leading(&self) -> BTreeMap<TreePath, TreePath> {
        let all = || self.files.keys().filter(|_| self.links.is_none());
        let known = self
            .links
            .iter()
            .flatten()
            .filter(|path| self.files.contains_key(*path));
        let leading = |path: &TreePath| Some((path.clone(), self.tree.leads_to(path)?));
        all().chain(known).filter_map(leading).collect()
    }

    /// What the clone turned out to lack of the tree, by path; only that of a commit lacks something.
    pub(super) fn lacking(&self) -> BTreeMap<TreePath, Lack> {
        match &self.standing {
            Standing::Disk { .. } | Standing::Edited(..) => BTreeMap::new(),
            Standing::Commit(tree) => tree.lacking(),
        }
    }

    /// A lockfile that the commit holds is gone from the disk.
    pub(super) fn lost(&self) -> bool {
        match &self.standing {
            Standing::Disk { deleted, .. } => *deleted,
            Standing::Commit(_) | Standing::Edited(..) => false,
        }
    }

    /// The tree as that of a commit, if it is one.
    pub(super) fn commit(&self) -> Option<&CommitTree> {
        match &self.standing {
            Standing::Disk { .. } | Standing::Edited(..) => None,
            Standing::Commit(tree) => Some(tree),
        }
    }

    /// What its files are known by, if they are those of a commit or would be.
    pub(super) fn known(&self) -> Option<Known<'_>> {
        let (commit, texts) = match &self.standing {
            Standing::Disk { .. } => return None,
            Standing::Commit(commit) => (commit, None),
            Standing::Edited(commit, texts) => (commit, Some(texts)),
        };
        Some(Known { commit, texts })
    }
}

/// The glob that leaves out `path`, or a folder that it lies in.
fn excluding<'g>(globs: &'g Globs, path: &TreePath) -> Option<&'g str> {
    let mut path = path.clone();
    while path != TreePath::root() {
        if let Some(number) = globs.matching(&path.display()).first() {
            return globs.patterns().get(*number).map(String::as_str);
        }
        path = path.parent();
    }
    None
}

/// `path` of the repository, relative to its folder `prefix`; `None` if it is elsewhere.
pub(super) fn relative(prefix: &TreePath, path: &TreePath) -> Option<TreePath> {
    if *prefix == TreePath::root() {
        return Some(path.clone());
    }
    let rest = path
        .as_bytes()
        .strip_prefix(prefix.as_bytes())?
        .strip_prefix(b"/")?;
    TreePath::new(rest)
}

/// A submodule whose files are not there to be read.
pub(super) fn submodule(path: TreePath, reason: &str) -> Gap {
    Gap {
        location: Some(Location { file: path, position: Position::START }),
        reason: reason.to_owned(),
        hint: "Check it out (`git submodule update --init --recursive`, `submodules: recursive` of actions/checkout) and \
               scan the work tree."
            .into(),
    }
}

/// A symbolic link to something that is not in the tree.
pub(super) fn link_out(path: TreePath) -> Gap {
    Gap {
        location: Some(Location {
            file: path,
            position: Position::START,
        }),
        reason: "a link to a folder outside of what is scanned: what it locks was not checked".into(),
        hint: "Scan that folder as well, or leave the link out with the policy's `exclude`.".into(),
    }
}

/// Manifests that no lockfile locks and whose text asks for packages, each once, by path.
pub(super) fn unlocked(
    mut manifests: Vec<(TreePath, &'static manifest::ManifestKind)>,
    files: &BTreeMap<TreePath, Reader>,
    tree: &dyn Tree,
) -> Vec<(TreePath, &'static manifest::ManifestKind)> {
    manifests.sort_by(|left, right| left.0.cmp(&right.0));
    manifests.dedup_by(|left, right| left.0 == right.0);
    let mut names = manifest::Names::default();
    manifests.retain(|(path, row)| {
        let holds = |lock: &TreePath| files.contains_key(lock);
        !row.is_locked(path, &holds, &mut names, &|path| tree.read(path).ok())
            && tree
                .read(path)
                .is_ok_and(|text| memchr::memmem::find(&text, row.needle.as_bytes()).is_some())
    });
    manifests
}
