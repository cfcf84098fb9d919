//! What ships beside the program: README, image, setup, workflows.

pub(crate) mod dependencies;
pub(crate) mod image;
pub(crate) mod pre_commit;
pub(crate) mod readme;
pub(crate) mod release;
pub(crate) mod setup;
