//! The types that every layer above shares.
//!
//! Nothing here touches the world, and nothing here is serialized: each output version owns its structs.

pub mod advisory;
pub mod assessment;
pub mod bill;
pub mod carried;
pub mod coverage;
pub mod dependency_path;
pub mod disjoint_sets;
pub mod ecosystem;
pub mod explanation;
pub mod failure;
pub mod finding;
pub mod gate;
pub mod graph;
pub mod grid;
pub mod inventory;
pub mod lines;
pub mod metrics;
pub mod outcome;
pub mod package;
pub mod package_url;
pub mod path;
pub mod reach;
pub mod release;
pub mod shared_str;
pub mod tree;
pub mod verdict;
pub mod worst;

pub use advisory::{Advisory, Class, IndexKey, Level, Severity};
pub use assessment::{Assessed, Assessment};
pub use bill::Bill;
pub use coverage::{Cost, Coverage, Gap, IndexState};
pub use dependency_path::{DependencyPath, DependencyPaths, Step};
pub use ecosystem::Ecosystem;
pub use failure::{Failure, Location};
pub use finding::Finding;
pub use gate::Gate;
pub use graph::{Graph, NodeId};
pub use grid::Grid;
pub use outcome::{Outcome, ScannedFile, Target};
pub use package::{Asker, Checksums, FileSpan, Package, Ranges, Scope, Scopes, Source, Spans, UpgradeBy};
pub use package_url::PackageUrl;
pub use path::TreePath;
pub use release::{Part, Query, Release, Requirement, RequirementKind};
pub use shared_str::SharedStr;
pub use tree::{Contents, Derivation, Derived, Tree, Unread};
pub use verdict::{Decision, Verdict};
