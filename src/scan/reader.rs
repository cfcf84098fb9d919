//! Who reads a file of a tree, by its path.

use crate::lockfile::{self, Claim, Format, manifest, unsupported};
use crate::model::{Ecosystem, TreePath};

/// Who reads a lockfile.
#[derive(Clone, Copy)]
pub enum Reader {
    /// A format of ours.
    Format(&'static dyn Format),
    /// Nobody yet.
    Unsupported(&'static unsupported::UnsupportedFormat),
}

impl Reader {
    /// The ecosystem of what it reads, or would; `None` where each package names its own.
    #[must_use]
    pub fn ecosystem(&self) -> Option<Ecosystem> {
        let ecosystem = match self {
            Self::Format(format) => format.ecosystem(),
            Self::Unsupported(row) => row.ecosystem(),
        };
        Some(ecosystem).filter(|ecosystem| *ecosystem != Ecosystem::ANY)
    }
}

/// A file of this name may be a lockfile, a manifest or what a reader asks for beside one; formats look at the whole path
/// later.
#[must_use]
pub fn is_wanted(name: &[u8]) -> bool {
    lockfile::may_claim(name)
        || lockfile::is_companion(name)
        || TreePath::new(name).is_some_and(|path| manifest::row(&path).is_some())
}

/// Who reads the file at `path` of a root that is the folder `inside` of its repository, or a folder of that name: what
/// lies in a folder called `requirements` is claimed with it, whichever of the two the root is.
pub(super) fn reader_in(inside: &TreePath, path: &TreePath) -> Option<Reader> {
    let inside = || Some(inside).filter(|inside| **inside != TreePath::root());
    reader(path).or_else(|| reader(&inside()?.join(path.as_bytes())?))
}

pub(super) fn reader(path: &TreePath) -> Option<Reader> {
    match lockfile::claim(path) {
        Claim::Read(format) => Some(Reader::Format(format)),
        Claim::Unsupported(row) => Some(Reader::Unsupported(row)),
        Claim::Nothing => None,
    }
}
