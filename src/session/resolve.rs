//! What the trees of a scan lack and repositories have: parents and BOMs of Maven.

use std::path::PathBuf;
use std::sync::Arc;

use super::Session;
use super::registries::Asker;
use super::trees::Trees;
use crate::model::{Failure, Tree};
use crate::policy::Policy;
use crate::remediate::Published;
use crate::sys::web::{Settings, Web};

/// Asks repositories for what trees lack.
pub(super) struct Resolver(Arc<Asker>);

impl Session<'_> {
    /// What asks as this session may; `policy` names repositories that nothing else names.
    ///
    /// # Errors
    /// A [`Failure`] where the system cannot start what talks to the network.
    pub(super) fn resolver(&self, policy: Policy) -> Result<Resolver, Failure> {
        Ok(Resolver(Arc::new(self.asker(policy)?)))
    }
}

impl Resolver {
    /// The same without a session.
    ///
    /// # Errors
    /// As for [`Session::resolver`].
    pub(super) fn new(policy: Policy, cache: Option<PathBuf>, is_offline: bool) -> Result<Self, Failure> {
        let asker = Asker::new(Web::new(Settings::default()), policy, cache, is_offline)?;
        Ok(Self(Arc::new(asker)))
    }

    /// `trees` with what repositories have.
    pub(super) fn over(&self, trees: Trees) -> Trees {
        trees.everywhere(|root, below| self.tree(root, below))
    }

    /// The tree `below` with what repositories have.
    pub(super) fn tree(&self, root: &str, below: Box<dyn Tree + Send>) -> Box<dyn Tree + Send> {
        let asker = Arc::clone(&self.0);
        let missing = Arc::new(move |note: &str| asker.note(note));
        let registries: Arc<Asker> = Arc::clone(&self.0);
        Box::new(Published::new(below, root, registries, missing))
    }

    /// What a person should know since the last time.
    pub(super) fn notes(&self) -> Vec<String> {
        self.0.take_notes()
    }
}
