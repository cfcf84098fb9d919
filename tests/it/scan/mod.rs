//! From a tree to an outcome: gaps, changes, grid.

pub(crate) mod change;
pub(crate) mod change_base;
pub(crate) mod clean_verdicts;
pub(crate) mod confusion;
pub(crate) mod distributions;
pub(crate) mod edited;
pub(crate) mod github_actions;
pub(crate) mod grid;
pub(crate) mod grid_undecided;
pub(crate) mod grid_verdicts;
pub(crate) mod inventory;
pub(crate) mod knowledge;
pub(crate) mod links;
pub(crate) mod local_versions;
pub(crate) mod many_places;
pub(crate) mod metrics;
pub(crate) mod not_checked;
pub(crate) mod places;
pub(crate) mod real_data;
pub(crate) mod release_lines;
pub(crate) mod shared_registry;
pub(crate) mod shown_ids;
pub(crate) mod tree;
pub(crate) mod tree_on_disk;
pub(crate) mod unfinished;
