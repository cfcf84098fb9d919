//! From the assessments of several release lines to the grid: one row an advisory and package, one cell a release line.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use super::discovered::DiscoveredTree;
use super::reader::Reader;
use crate::ecosystem::{self, purl};
use crate::model::Location;
use crate::model::finding::State;
use crate::model::grid::{Cell, CellState, GridRow, Occurrence};
use crate::model::worst;
use crate::model::{
    Assessed, Assessment, Ecosystem, Finding, IndexKey, IndexState, Outcome, Target, TreePath, coverage::Gap,
};
use crate::text::Position;

/// The rows of the grid whose columns are the targets of `outcome`, which were found in `trees` and keep their assessments;
/// and for each advisory that names several packages all of its rows as one.
#[must_use]
pub fn rows(outcome: &Outcome, trees: &[&DiscoveredTree]) -> (Vec<GridRow>, Vec<GridRow>) {
    let mut findings: Vec<&Finding> = outcome.findings().map(|(_, finding)| finding).collect();
    findings.sort_by(|left, right| worst::first(left, right));
    let mut subjects: Vec<Subject<'_>> = Vec::new();
    let mut numbers = Numbers::default();
    for finding in findings {
        let number = *numbers.ids.entry(&finding.advisory.id).or_insert(subjects.len());
        numbers.groups.extend(finding.group.map(|group| (group, number)));
        if number == subjects.len() {
            subjects.push(Subject {
                worst: finding,
                packages: BTreeMap::new(),
            });
        }
        if let Some(subject) = subjects.get_mut(number) {
            let name = ecosystem::normalise(&finding.ecosystem, &finding.name).into_owned();
            let package = (finding.ecosystem.clone(), name);
            subject.packages.entry(package).or_insert(finding);
        }
    }
    let columns: Vec<Column<'_>> = outcome
        .targets
        .iter()
        .zip(trees)
        .map(|(target, found)| Column::new(target, found, &numbers))
        .collect();
    let mut rows: Vec<(&Finding, GridRow)> = Vec::with_capacity(subjects.len());
    let mut joined: Vec<GridRow> = Vec::new();
    let none = Part::default();
    for (number, subject) in subjects.iter().enumerate() {
        let parts = columns
            .iter()
            .map(|column| column.parts.get(&number).unwrap_or(&none));
        let parts: Vec<&Part<'_>> = parts.collect();
        let packages: Vec<&Package> = subject.packages.keys().collect();
        if let [_] = packages.as_slice() {
            rows.push((subject.worst, row(subject.worst, &packages, &columns, &parts)));
            continue;
        }
        joined.push(row(subject.worst, &packages, &columns, &parts));
        let by_package: Vec<HashMap<Package, Part<'_>>> =
            parts.iter().map(|part| part.by_package()).collect();
        for (package, worst) in &subject.packages {
            let parts = by_package.iter().map(|parts| parts.get(package).unwrap_or(&none));
            let parts: Vec<&Part<'_>> = parts.collect();
            rows.push((worst, row(worst, &[package], &columns, &parts)));
        }
    }
    // Of equally severe ones, what affects the most release lines comes first.
    rows.sort_by(|(worst, row), (other_worst, other)| {
        worst::weighed(worst, other_worst)
            .then_with(|| affected(other).cmp(&affected(row)))
            .then_with(|| row.advisory.id.cmp(&other.advisory.id))
            .then_with(|| row.packages.cmp(&other.packages))
    });
    let mut rows: Vec<GridRow> = rows.into_iter().map(|(_, row)| row).collect();
    relate(&mut rows, &mut joined);
    (rows, joined)
}

/// The row of `packages`, of which each column has one of `parts`.
fn row(worst: &Finding, packages: &[&Package], columns: &[Column<'_>], parts: &[&Part<'_>]) -> GridRow {
    GridRow {
        advisory: worst.advisory.clone(),
        record: worst.record.clone(),
        related: Vec::new(),
        packages: packages
            .iter()
            .map(|(ecosystem, name)| purl::of(ecosystem, name, ""))
            .collect(),
        cells: columns
            .iter()
            .zip(parts)
            .map(|(column, part)| column.cell(part, packages))
            .collect(),
    }
}

fn affected(row: &GridRow) -> usize {
    let affected = row.cells.iter().filter(|cell| cell.state == CellState::Affected);
    affected.count()
}

/// The number of each row, by the advisory's id and by its groups: one for each package that it affects somewhere.
#[derive(Default)]
struct Numbers<'o> {
    ids: HashMap<&'o str, usize>,
    groups: HashMap<IndexKey, usize>,
}

/// Ecosystem and name in the spelling of the advisories.
type Package = (Ecosystem, String);

/// What the rows of one id are about.
struct Subject<'o> {
    worst: &'o Finding,
    /// Each package with its worst finding.
    packages: BTreeMap<Package, &'o Finding>,
}

/// What one release line has of one row.
#[derive(Default)]
struct Part<'o> {
    findings: Vec<&'o Finding>,
    assessed: Vec<(&'o Assessed, &'o Assessment)>,
}

/// One release line.
struct Column<'o> {
    /// By the number of the row.
    parts: HashMap<usize, Part<'o>>,
    /// What was not checked, each with the ecosystem that it may hide; `None` hides any.
    blind: Vec<(Option<Ecosystem>, String)>,
    ecosystems: BTreeSet<Ecosystem>,
    /// It has a bill of materials, which may hold packages of any ecosystem.
    is_of_any: bool,
}

impl<'o> Column<'o> {
    fn new(target: &'o Target, found: &'o DiscoveredTree, numbers: &Numbers<'o>) -> Self {
        let mut parts: HashMap<usize, Part<'_>> = HashMap::new();
        for finding in &target.findings {
            if let Some(number) = numbers.ids.get(finding.advisory.id.as_str()) {
                parts.entry(*number).or_default().findings.push(finding);
            }
        }
        let mut undecided: HashSet<(&TreePath, Position, &str)> = HashSet::new();
        for package in &target.assessed {
            for (group, assessment) in package.groups.iter() {
                if let Assessment::Undecided(reason) = assessment {
                    undecided.insert((&package.file, package.position, reason));
                }
                if let Some(number) = numbers.groups.get(group) {
                    let part = parts.entry(*number).or_default();
                    part.assessed.push((package, assessment));
                }
            }
        }
        // A version that cannot be ordered hides what its advisory says of its package, and nothing else.
        let is_general = |gap: &&Gap| {
            let key = gap.location.as_ref();
            let key = key.map(|location| (&location.file, location.position, gap.reason.as_str()));
            key.is_none_or(|key| !undecided.contains(&key))
        };
        let mut blind: Vec<(Option<Ecosystem>, String)> = target
            .coverage
            .blind
            .iter()
            .filter(is_general)
            .map(|gap| {
                let ecosystem = gap
                    .file()
                    .and_then(|file| found.files.get(file))
                    .and_then(Reader::ecosystem);
                let place = match &gap.location {
                    None => gap.reason.clone(),
                    Some(Location { file, position }) => {
                        format!("{file}:{} could not be checked: {}", position.line, gap.reason)
                    }
                };
                (ecosystem, place)
            })
            .collect();
        match target.coverage.index {
            IndexState::Fresh | IndexState::Stale | IndexState::Sample => {}
            state @ (IndexState::TooOld
            | IndexState::Missing
            | IndexState::Damaged
            | IndexState::Newer
            | IndexState::Other) => {
                blind.push((
                    None,
                    format!(
                        "the advisory database cannot be used: it is {}",
                        state.as_str().replace('_', " ")
                    ),
                ));
            }
        }
        if target.coverage.is_unchecked() {
            let unchecked = target.coverage.unchecked;
            blind.push((
                None,
                format!("none of its {unchecked} dependencies could be checked"),
            ));
        }
        Self {
            parts,
            blind,
            ecosystems: found.ecosystems().collect(),
            is_of_any: found.files.values().any(|reader| reader.ecosystem().is_none()),
        }
    }

    /// The cell of this release line in the row of `packages` (docs/semantics.md, "Cells"), in the order of precedence.
    fn cell(&self, part: &Part<'_>, packages: &[&Package]) -> Cell {
        let findings = part.findings.as_slice();
        let worst = |wanted: fn(&State) -> bool| {
            let fitting = findings.iter().filter(|finding| wanted(&finding.state));
            fitting.min_by(|left, right| worst::first(left, right)).copied()
        };
        let undecided = part.undecided();
        let blind = self.blind_for(packages).or(undecided.as_deref());
        let (occurrences, fixed) = part.occurrences();
        let first = |wanted: bool| {
            let of = occurrences
                .iter()
                .zip(&fixed)
                .find(|(_, fixed)| **fixed == wanted);
            of.map(|(occurrence, _)| occurrence.version.clone())
        };
        let (state, reason, version, of) = if let Some(finding) = worst(|state| *state == State::Affected) {
            let affected = findings.iter().filter(|finding| finding.state == State::Affected);
            let further = affected.count().saturating_sub(1);
            let mut reason = finding.reason.to_string();
            if further > 0 {
                reason.push_str(&format!(
                    ", and at {further} further place{}",
                    if further == 1 { "" } else { "s" }
                ));
            }
            if let Some(blind) = blind {
                reason.push_str(&format!("; besides, {blind}"));
            }
            let version = Some(finding.version.to_string());
            (CellState::Affected, reason, version, Some(finding))
        } else if let Some(blind) = blind {
            let version = occurrences.first().map(|occurrence| occurrence.version.clone());
            (CellState::Unknown, blind.to_owned(), version, None)
        } else if let Some((finding, excepted)) =
            worst(|state| matches!(state, State::Excepted(_))).and_then(|finding| match &finding.state {
                State::Excepted(excepted) => Some((finding, excepted)),
                State::Affected | State::NotAffected => None,
            })
        {
            let reason = format!("accepted until {}: {}", excepted.expires, excepted.reason);
            let version = Some(finding.version.to_string());
            (CellState::Excepted, reason, version, Some(finding))
        } else if let Some(finding) = worst(|state| *state == State::NotAffected) {
            let version = Some(finding.version.to_string());
            let reason = finding.reason.to_string();
            (CellState::NotAffected, reason, version, None)
        } else if let Some(version) = first(false) {
            let reason = format!("{version} is outside of what is affected");
            (CellState::NotAffected, reason, Some(version), None)
        } else if let Some(version) = first(true) {
            let reason = format!("{version} is at or above a fixed version");
            (CellState::Fixed, reason, Some(version), None)
        } else {
            (CellState::Absent, self.absent(packages), None, None)
        };
        let affected = findings.iter().filter(|finding| finding.is_affected());
        Cell {
            state,
            decision: affected.map(|finding| finding.decision).max(),
            reason,
            version,
            fixed: of.map_or_else(Vec::new, |finding| finding.fixed.to_vec()),
            upgrade: of.and_then(|finding| finding.upgrade.clone()),
            request: None,
            occurrences,
        }
    }

    fn blind_for(&self, packages: &[&Package]) -> Option<&str> {
        let hides = |hidden: &Option<Ecosystem>| {
            let mut ecosystems = packages.iter().map(|(ecosystem, _)| ecosystem);
            hidden
                .as_ref()
                .is_none_or(|hidden| ecosystems.any(|ecosystem| ecosystem == hidden))
        };
        let found = self.blind.iter().find(|(hidden, _)| hides(hidden));
        found.map(|(_, reason)| reason.as_str())
    }

    fn absent(&self, packages: &[&Package]) -> String {
        let names: Vec<&str> = packages.iter().map(|(_, name)| name.as_str()).collect();
        let locked = packages
            .iter()
            .any(|(ecosystem, _)| self.ecosystems.contains(ecosystem));
        match (locked || self.is_of_any, names.as_slice()) {
            (false, _) => "no lockfile of its ecosystem".into(),
            (true, [name]) => format!("no lockfile holds {name}"),
            (true, names) => format!("no lockfile holds any of {}", names.join(", ")),
        }
    }
}

impl<'o> Part<'o> {
    /// What there is of each package.
    fn by_package(&self) -> HashMap<Package, Part<'o>> {
        let key = |ecosystem: &Ecosystem, name: &str| {
            let name = ecosystem::normalise(ecosystem, name).into_owned();
            (ecosystem.clone(), name)
        };
        let mut parts: HashMap<Package, Part<'o>> = HashMap::new();
        for finding in self.findings.iter().copied() {
            let part = parts.entry(key(&finding.ecosystem, &finding.name)).or_default();
            part.findings.push(finding);
        }
        for (package, assessment) in self.assessed.iter().copied() {
            let part = parts.entry(key(&package.ecosystem, &package.name)).or_default();
            part.assessed.push((package, assessment));
        }
        parts
    }

    /// Why it is not known whether a version is affected.
    fn undecided(&self) -> Option<String> {
        self.assessed
            .iter()
            .find_map(|(package, assessment)| match assessment {
                Assessment::Undecided(reason) => Some(format!(
                    "{}:{} could not be checked: {reason}",
                    package.file, package.position.line
                )),
                Assessment::Affected(_) | Assessment::Fixed | Assessment::NotAffected => None,
            })
    }

    /// Every locked version of the row's packages, and of each whether it is at or above a fixed version.
    fn occurrences(&self) -> (Vec<Occurrence>, Vec<bool>) {
        let occurrence = |(package, assessment): &(&Assessed, &Assessment)| {
            let (fixed, upgrade) = match assessment {
                Assessment::Affected(matched) => (matched.fixed.to_vec(), matched.upgrade.clone()),
                Assessment::Fixed | Assessment::NotAffected | Assessment::Undecided(_) => (Vec::new(), None),
            };
            let occurrence = Occurrence {
                file: package.file.clone(),
                line: package.position.line,
                package: purl::of(&package.ecosystem, &package.name, ""),
                version: package.version.to_string(),
                fixed,
                upgrade,
            };
            (occurrence, matches!(assessment, Assessment::Fixed))
        };
        let mut all: Vec<(Occurrence, bool)> = self.assessed.iter().map(occurrence).collect();
        all.sort();
        all.dedup();
        all.into_iter().unzip()
    }
}

/// Names in each row the other ids that share a CVE with its own.
fn relate(rows: &mut [GridRow], joined: &mut [GridRow]) {
    let mut by_cve: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    let cves = |row: &GridRow| -> Vec<String> {
        let ids = std::iter::once(&row.advisory.id).chain(&row.advisory.aliases);
        ids.filter(|id| id.starts_with("CVE-")).cloned().collect()
    };
    for row in rows.iter() {
        for cve in cves(row) {
            by_cve.entry(cve).or_default().insert(row.advisory.id.clone());
        }
    }
    for row in rows.iter_mut().chain(joined) {
        let ids: BTreeSet<&String> = cves(row)
            .iter()
            .filter_map(|cve| by_cve.get(cve))
            .flatten()
            .collect();
        let others = ids.into_iter().filter(|id| **id != row.advisory.id);
        row.related = others.cloned().collect();
    }
}
