//! The grid: advisory × (repository @ ref). Every cell has a state and a reason.

use std::collections::BTreeSet;
use std::sync::Arc;

use jiff::Timestamp;

use super::metrics::Metrics;
use super::{Advisory, Decision, Outcome, PackageUrl, SharedStr, TreePath};

/// The grid of one repository. Its columns are the targets of `outcome`, in their order.
#[derive(Debug, Clone)]
pub struct Grid {
    /// The scan of every live line; a target's `ref_name` names its column.
    pub outcome: Outcome,
    /// One for each advisory and package that a finding of any column has, worst first.
    pub rows: Vec<GridRow>,
    /// For each id that names several packages, and so has several rows: all of them as one row.
    pub joined: Vec<GridRow>,
    /// Every ref that could be a release line, in or out.
    pub lines: Vec<ReleaseLine>,
    /// What is odd about the choice of lines, each a sentence.
    pub warnings: Vec<String>,
    /// Who held what, since when and until when; `None` where nobody asked.
    pub history: Option<Vec<HistoryEntry>>,
    /// How long advisories took on each line; `None` where nobody asked.
    pub metrics: Option<Metrics>,
}

impl Grid {
    /// Puts the open pull requests of `requests` to what they fix.
    pub fn propose(&mut self, requests: &[OpenRequest]) {
        let names: Vec<Option<&str>> = self
            .outcome
            .targets
            .iter()
            .map(|target| target.ref_name.as_deref())
            .collect();
        for row in self.rows.iter_mut().chain(&mut self.joined) {
            let id = &row.advisory.id;
            for (cell, name) in row.cells.iter_mut().zip(&names) {
                if cell.state != CellState::Affected {
                    continue;
                }
                let fixing = requests.iter().find(|request| request.fixes(id, *name));
                let (state, request) = match fixing {
                    Some(request) if request.is_draft => (RequestState::Draft, request),
                    Some(request) => (RequestState::Proposed, request),
                    None => match requests.iter().find(|request| request.leaves(id, *name)) {
                        Some(request) => (RequestState::Blocked, request),
                        None => continue,
                    },
                };
                let what = match state {
                    RequestState::Proposed => "fixes it",
                    RequestState::Draft => "is a draft that would fix it",
                    RequestState::Blocked => "fixes other advisories, and says what keeps this one",
                };
                cell.reason.push_str(&format!("; #{} {what}", request.number));
                cell.request = Some(CellRequest {
                    state,
                    number: request.number,
                    page: request.page.clone(),
                });
            }
        }
    }

    /// A grid without a release line: it has nothing but how the run ended.
    #[must_use]
    pub fn without_lines(outcome: Outcome) -> Self {
        Self {
            outcome,
            rows: Vec::new(),
            joined: Vec::new(),
            lines: Vec::new(),
            warnings: Vec::new(),
            history: None,
            metrics: None,
        }
    }
}

/// A ref that could be a release line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReleaseLine {
    /// The full name: `refs/heads/1.4`, `refs/tags/v1`.
    pub ref_name: String,
    /// The full commit id.
    pub commit: String,
    /// When the commit was made.
    pub committed: Timestamp,
    /// In or out.
    pub standing: Standing,
    /// Why it is in or out, as a lowercase fragment.
    pub reason: String,
    /// When it was last scanned in whole before now, as far as this machine knows.
    pub last_scanned: Option<Timestamp>,
}

/// Whether a line is scanned.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Standing {
    /// It is.
    Live,
    /// It is a release line, and it is not scanned any more or not yet.
    LeftOut,
    /// It is none.
    Out,
}

/// One advisory and its package over all columns.
#[derive(Debug, Clone)]
pub struct GridRow {
    /// The worst of the groups with this id and these packages.
    pub advisory: Arc<Advisory>,
    /// The id of the record that affects its worst occurrence; `None` where it is the advisory's own.
    pub record: Option<SharedStr>,
    /// Ids of other rows that share a CVE with this one.
    pub related: Vec<String>,
    /// Package URLs without version, sorted: several only where rows are joined.
    pub packages: Vec<PackageUrl>,
    /// One for each target of the grid's outcome, in that order.
    pub cells: Vec<Cell>,
}

impl GridRow {
    /// The id that people read, as [`super::Finding::id`] gives it for the worst occurrence.
    #[must_use]
    pub fn id(&self) -> &str {
        self.record.as_deref().unwrap_or(&self.advisory.id)
    }

    /// Every other id of the advisory, its own first.
    pub fn other_ids(&self) -> impl Iterator<Item = &str> {
        let own = std::iter::once(&self.advisory.id);
        let all = own.chain(&self.advisory.aliases).map(String::as_str);
        all.filter(|id| *id != self.id())
    }
}

/// What one line holds of one advisory.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cell {
    /// How it stands.
    pub state: CellState,
    /// The worst decision about what is affected; `None` in every other state.
    pub decision: Option<Decision>,
    /// Why, as a lowercase fragment; never empty.
    pub reason: String,
    /// The version of the worst occurrence; `None` where nothing is held.
    pub version: Option<String>,
    /// Versions that mend the worst occurrence, lowest first.
    pub fixed: Vec<String>,
    /// The version to upgrade the worst occurrence to; `None` where it needs none or there is none.
    pub upgrade: Option<SharedStr>,
    /// The open pull request about what affects the line; `None` where there is none, and where no forge was asked.
    pub request: Option<CellRequest>,
    /// Everything that the line holds of the row's packages.
    pub occurrences: Vec<Occurrence>,
}

/// What an open pull request means for a cell.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CellRequest {
    /// What it does.
    pub state: RequestState,
    /// Its number at the forge.
    pub number: u64,
    /// Its page.
    pub page: String,
}

/// What a pull request does about an advisory.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum RequestState {
    /// It fixes it.
    Proposed,
    /// It would fix it, and a person has to finish it first.
    Draft,
    /// It fixes others, and says why this one stays.
    Blocked,
}

impl RequestState {
    /// As written in JSON: `proposed`.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Proposed => "proposed",
            Self::Draft => "draft",
            Self::Blocked => "blocked",
        }
    }
}

/// A pull request of lockkeeper that is open.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OpenRequest {
    /// Its number.
    pub number: u64,
    /// Its page.
    pub page: String,
    /// The full name of the branch that it goes to.
    pub ref_name: String,
    /// A person has to finish it first.
    pub is_draft: bool,
    /// The ids of the advisories that it fixes.
    pub advisories: BTreeSet<String>,
    /// The ids of those that it could not fix.
    pub blocked: BTreeSet<String>,
}

impl OpenRequest {
    /// It fixes the advisory `id` on the release line `ref_name`.
    #[must_use]
    pub fn fixes(&self, id: &str, ref_name: Option<&str>) -> bool {
        ref_name == Some(self.ref_name.as_str()) && self.advisories.contains(id)
    }

    /// It says why the advisory `id` stays on the release line `ref_name`.
    #[must_use]
    pub fn leaves(&self, id: &str, ref_name: Option<&str>) -> bool {
        ref_name == Some(self.ref_name.as_str()) && self.blocked.contains(id)
    }
}

impl Cell {
    /// That of the pull request where one is open about what affects the line, else the state.
    #[must_use]
    pub fn state_name(&self) -> &'static str {
        match (self.state, &self.request) {
            (CellState::Affected, Some(request)) => request.state.as_str(),
            (state, _) => state.as_str(),
        }
    }
}

/// A package of the row at one place of a line.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Occurrence {
    /// Relative to the target's root.
    pub file: TreePath,
    /// 1-based line of the version's text.
    pub line: u32,
    /// The package URL without version.
    pub package: PackageUrl,
    /// The version as written.
    pub version: String,
    /// Versions that mend it, lowest first; empty where it needs none or there is none.
    pub fixed: Vec<String>,
    /// The version to upgrade it to; `None` where it needs none or there is none.
    pub upgrade: Option<SharedStr>,
}

/// How a line stands towards an advisory. The order is that of precedence: of several that fit, the first counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum CellState {
    /// A held version is affected.
    Affected,
    /// A file of the ecosystem could not be judged.
    Unknown,
    /// Affected, and accepted until a day.
    Excepted,
    /// Every held version is at or above a fixed one.
    Fixed,
    /// A held version lies below or between the affected ranges.
    NotAffected,
    /// The line holds no package of the row.
    Absent,
}

impl CellState {
    /// Every state, in the order of precedence.
    pub const ALL: [Self; 6] = [
        Self::Affected,
        Self::Unknown,
        Self::Excepted,
        Self::Fixed,
        Self::NotAffected,
        Self::Absent,
    ];

    /// `affected`, `unknown`, `excepted`, `fixed`, `not_affected`, `absent`.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Affected => "affected",
            Self::Unknown => "unknown",
            Self::Excepted => "excepted",
            Self::Fixed => "fixed",
            Self::NotAffected => "not_affected",
            Self::Absent => "absent",
        }
    }
}

/// A package that a line holds or once held, and an advisory that speaks of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HistoryEntry {
    /// The advisory's id and aliases.
    pub ids: Vec<String>,
    /// The package URL with the version.
    pub package: PackageUrl,
    /// The line.
    pub ref_name: String,
    /// The full id of the commit that brought it in.
    pub introduced_by: String,
    /// The full id of the commit that took it out; `None` while it is held.
    pub removed_by: Option<String>,
    /// Short names of the tags whose tree holds it, oldest first.
    pub tags: Vec<String>,
}
