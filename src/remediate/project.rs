//! What a format brings so that its lockfiles can be planned: one file each.

use crate::model::{Contents, TreePath};
use crate::plan::{Bounds, Releases, Step, Wish};
use crate::registry::ConfigFile;

/// A format whose lockfiles can be planned. Its edits are those of [`crate::relock::relock`].
pub trait Fixer: Sync {
    /// The name of the format in [`crate::lockfile::FORMATS`].
    fn format(&self) -> &'static str;

    /// What is there to plan with.
    ///
    /// # Errors
    /// Why nothing can be planned, as a sentence.
    fn open(&self, files: &ProjectFiles<'_>) -> Result<Box<dyn Project>, String>;

    /// It plans, too, that a package leaves because everything that needs it does without it ([`Wish::without`]).
    fn takes_out(&self) -> bool {
        false
    }

    /// Why nothing overrides what other packages ask for, as a sentence; `None` where something can, or nothing has to.
    fn no_override(&self) -> Option<&'static str> {
        None
    }
}

/// A lockfile and what lies around it.
#[derive(Clone, Copy)]
pub struct ProjectFiles<'f> {
    /// The lockfile, relative to the tree's root.
    pub path: &'f TreePath,
    /// What is in it.
    pub text: &'f str,
    /// How messages call the tree's root.
    pub root: &'f str,
    /// Where the repository that they lie in was cloned from.
    pub origin: Option<&'f str>,
    /// Gives the text of a file of the tree; `None` where there is none that can be edited.
    pub read: &'f dyn Fn(&TreePath) -> Option<String>,
    /// Gives what is in a folder of the tree; `None` where that is not known.
    pub list: &'f dyn Fn(&TreePath) -> Option<Contents>,
}

impl ProjectFiles<'_> {
    /// The text of the file called `name` in the lockfile's folder.
    #[must_use]
    pub fn beside(&self, name: &str) -> Option<String> {
        (self.read)(&self.path.parent().join(name)?)
    }

    /// The file called `name` in the lockfile's folder, as a part of the client's configuration.
    #[must_use]
    pub fn configuration(&self, name: &str) -> Option<ConfigFile> {
        let path = self.path.parent().join(name)?;
        Some(ConfigFile {
            text: (self.read)(&path)?,
            place: format!("{}/{path}", self.root),
        })
    }
}

/// A lockfile that was read to be planned.
pub trait Project {
    /// The files of the repository that configure the ecosystem's client, the first of which wins.
    fn configuration(&self) -> &[ConfigFile];

    /// The address that the lockfile has for a package, as the configuration of its registry takes it.
    fn locked_address(&self, package: &str) -> Option<String>;

    /// The address that the lockfile would have for a package which is new to it, by those of others like it.
    fn likely_address(&self, package: &str) -> Option<String>;

    /// The lowest version of each toolchain that the project has to run on: `node` and a version.
    fn toolchain(&self) -> &[(String, String)];

    /// Plans that the versions in `wishes` leave the lockfile. Is asked again with more answers, and remembers what it likes.
    fn plan(&self, wishes: &[Wish], releases: &dyn Releases, bounds: &Bounds<'_>) -> Step;

    /// The project, ready for other wishes and bounds: without what it remembers of those before. `None` where it has to be opened
    /// again.
    fn renewed(self: Box<Self>) -> Option<Box<dyn Project>> {
        None
    }
}
