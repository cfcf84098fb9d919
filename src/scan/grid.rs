//! From the scans of several lines to the grid: one row an advisory, one cell a line.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use super::discover::{Found, Reader};
use super::judge::Known;
use crate::advisory::{Candidate, Damage, Index};
use crate::ecosystem::{self, purl};
use crate::matching;
use crate::model::Location;
use crate::model::coverage::Gap;
use crate::model::finding::State;
use crate::model::grid::{Cell, CellState, Occurrence, Row};
use crate::model::worst;
use crate::model::{Ecosystem, Finding, IndexState, Outcome, Target, TreePath};
use crate::text::Position;

/// The rows of the grid whose columns are the targets of `outcome`. `known` and `trees` are those of the targets.
///
/// # Errors
/// [`Damage`] of the index.
pub fn rows(
    outcome: &Outcome,
    known: &[Vec<Known>],
    trees: &[&Found],
    index: Option<&Index>,
) -> Result<Vec<Row>, Damage> {
    let mut findings: Vec<&Finding> = outcome.findings().map(|(_, finding)| finding).collect();
    findings.sort_by(|left, right| worst::first(left, right));
    let mut subjects: Vec<Subject<'_>> = Vec::new();
    let mut numbers: HashMap<&str, usize> = HashMap::new();
    for finding in findings {
        let number = *numbers.entry(&finding.advisory.id).or_insert(subjects.len());
        if number == subjects.len() {
            subjects.push(Subject {
                worst: finding,
                packages: BTreeMap::new(),
            });
        }
        if let Some(subject) = subjects.get_mut(number) {
            let name = ecosystem::normalise(&finding.ecosystem, &finding.name).into_owned();
            subject.packages.insert((finding.ecosystem.clone(), name), None);
        }
    }
    let columns: Vec<Column<'_>> = outcome
        .targets
        .iter()
        .zip(known)
        .zip(trees)
        .map(|((target, known), found)| Column::new(target, known, found))
        .collect();
    let mut rows: Vec<(&Finding, Row)> = Vec::with_capacity(subjects.len());
    for mut subject in subjects {
        for (package, group) in &mut subject.packages {
            *group = group_of(index, package, &subject.worst.advisory.id)?;
        }
        let cells = columns.iter().map(|column| column.cell(&subject));
        let row = Row {
            advisory: subject.worst.advisory.clone(),
            related: Vec::new(),
            packages: subject
                .packages
                .keys()
                .map(|(ecosystem, name)| purl::of(ecosystem, name, ""))
                .collect(),
            cells: cells.collect(),
        };
        rows.push((subject.worst, row));
    }
    // Of equally bad ones, what the most lines hold comes first.
    rows.sort_by(|(worst, row), (other_worst, other)| {
        worst::weighed(worst, other_worst)
            .then_with(|| affected(other).cmp(&affected(row)))
            .then_with(|| row.advisory.id.cmp(&other.advisory.id))
    });
    let mut rows: Vec<Row> = rows.into_iter().map(|(_, row)| row).collect();
    relate(&mut rows);
    Ok(rows)
}

fn affected(row: &Row) -> usize {
    let affected = row.cells.iter().filter(|cell| cell.state == CellState::Affected);
    affected.count()
}

/// A package: its ecosystem and its name in the spelling of the index.
type Package = (Ecosystem, String);

/// What a row is about.
struct Subject<'f> {
    worst: &'f Finding,
    /// Its packages, each with the group of the index that speaks of it.
    packages: BTreeMap<Package, Option<Candidate<'f>>>,
}

fn group_of<'i>(
    index: Option<&'i Index>,
    (ecosystem, name): &Package,
    id: &str,
) -> Result<Option<Candidate<'i>>, Damage> {
    let Some(index) = index else { return Ok(None) };
    for group in index.candidates(ecosystem, name)?.groups() {
        if group.advisory()?.id == id {
            return Ok(Some(group));
        }
    }
    Ok(None)
}

/// One line.
struct Column<'o> {
    findings: HashMap<&'o str, Vec<&'o Finding>>,
    known: HashMap<(&'o Ecosystem, &'o str), Vec<&'o Known>>,
    /// What could not be judged, each with the ecosystem that it may hide; `None` hides any.
    blind: Vec<(Option<Ecosystem>, String)>,
    ecosystems: BTreeSet<Ecosystem>,
}

impl<'o> Column<'o> {
    fn new(target: &'o Target, held: &'o [Known], found: &'o Found) -> Self {
        let mut findings: HashMap<&str, Vec<&Finding>> = HashMap::new();
        for finding in &target.findings {
            findings.entry(&finding.advisory.id).or_default().push(finding);
        }
        let mut known: HashMap<(&Ecosystem, &str), Vec<&Known>> = HashMap::new();
        for package in held {
            let key = (&package.ecosystem, package.name.as_str());
            known.entry(key).or_default().push(package);
        }
        // A version that cannot be ordered hides what its advisory says of its package, and nothing else.
        let undecided: HashSet<(&TreePath, Position, &str)> = held
            .iter()
            .filter_map(|package| {
                let (_, reason) = package.undecided.as_deref()?;
                Some((&package.file, package.position, reason.as_str()))
            })
            .collect();
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
                    .map(Reader::ecosystem);
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
                        "the index cannot be used: it is {}",
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
            findings,
            known,
            blind,
            ecosystems: found.ecosystems().collect(),
        }
    }

    /// The cell of this release line in a row (docs/semantics.md, "Cells"), in the order of precedence.
    fn cell(&self, subject: &Subject<'_>) -> Cell {
        let id = subject.worst.advisory.id.as_str();
        let findings = self.findings.get(id).map(Vec::as_slice).unwrap_or_default();
        let worst = |wanted: fn(&State) -> bool| {
            let fitting = findings.iter().filter(|finding| wanted(&finding.state));
            fitting.min_by(|left, right| worst::first(left, right)).copied()
        };
        let undecided = self.undecided(subject);
        let blind = self.blind_for(subject).or(undecided.as_deref());
        let (occurrences, mended) = self.occurrences(subject, findings);
        let first = |wanted: bool| {
            let of = occurrences
                .iter()
                .zip(&mended)
                .find(|(_, mended)| **mended == wanted);
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
            (CellState::Absent, self.absent(subject), None, None)
        };
        Cell {
            state,
            reason,
            version,
            fixed: of.map_or_else(Vec::new, |finding| finding.fixed.to_vec()),
            upgrade: of.and_then(|finding| finding.upgrade.clone()),
            occurrences,
        }
    }

    /// Why nobody knows whether a version of the row's packages is affected.
    fn undecided(&self, subject: &Subject<'_>) -> Option<String> {
        let id = subject.worst.advisory.id.as_str();
        let mut held = subject
            .packages
            .keys()
            .filter_map(|(ecosystem, name)| self.known.get(&(ecosystem, name.as_str())))
            .flatten();
        held.find_map(|package| {
            let reason = package.undecided.as_ref().filter(|undecided| undecided.0 == id)?;
            Some(format!(
                "{}:{} could not be checked: {}",
                package.file, package.position.line, reason.1
            ))
        })
    }

    fn blind_for(&self, subject: &Subject<'_>) -> Option<&str> {
        let hides = |hidden: &Option<Ecosystem>| {
            let mut ecosystems = subject.packages.keys().map(|(ecosystem, _)| ecosystem);
            hidden
                .as_ref()
                .is_none_or(|hidden| ecosystems.any(|ecosystem| ecosystem == hidden))
        };
        let found = self.blind.iter().find(|(hidden, _)| hides(hidden));
        found.map(|(_, reason)| reason.as_str())
    }

    /// Everything held of the row's packages, and of each whether it is at or above a fixed version.
    fn occurrences(&self, subject: &Subject<'_>, findings: &[&Finding]) -> (Vec<Occurrence>, Vec<bool>) {
        let mut held: Vec<(Occurrence, bool)> = Vec::new();
        for ((ecosystem, name), group) in &subject.packages {
            let scheme = ecosystem::scheme(ecosystem);
            let known = self.known.get(&(ecosystem, name.as_str()));
            for package in known.into_iter().flatten() {
                let finding = findings.iter().find(|finding| {
                    finding.version == package.version
                        && finding.file == package.file
                        && finding.ecosystem == *ecosystem
                        && ecosystem::normalise(ecosystem, &finding.name) == *name
                });
                let mended = group
                    .as_ref()
                    .is_some_and(|group| matching::is_mended(&package.version, scheme, group));
                let occurrence = Occurrence {
                    file: package.file.clone(),
                    line: package.position.line,
                    package: purl::of(ecosystem, name, ""),
                    version: package.version.clone(),
                    fixed: finding.map_or_else(Vec::new, |finding| finding.fixed.to_vec()),
                    upgrade: finding.and_then(|finding| finding.upgrade.clone()),
                };
                held.push((occurrence, mended));
            }
        }
        held.sort();
        held.dedup();
        held.into_iter().unzip()
    }

    fn absent(&self, subject: &Subject<'_>) -> String {
        let names: Vec<&str> = subject.packages.keys().map(|(_, name)| name.as_str()).collect();
        let locked = subject
            .packages
            .keys()
            .any(|(ecosystem, _)| self.ecosystems.contains(ecosystem));
        match (locked, names.as_slice()) {
            (false, _) => "no lockfile of its ecosystem".into(),
            (true, [name]) => format!("no lockfile holds {name}"),
            (true, names) => format!("no lockfile holds any of {}", names.join(", ")),
        }
    }
}

/// Names in each row the others that share a CVE with it.
fn relate(rows: &mut [Row]) {
    let mut by_cve: BTreeMap<String, Vec<usize>> = BTreeMap::new();
    for (number, row) in rows.iter().enumerate() {
        let ids = std::iter::once(&row.advisory.id).chain(&row.advisory.aliases);
        for cve in ids.filter(|id| id.starts_with("CVE-")) {
            by_cve.entry(cve.clone()).or_default().push(number);
        }
    }
    let mut related: Vec<BTreeSet<usize>> = vec![BTreeSet::new(); rows.len()];
    for numbers in by_cve.values().filter(|numbers| numbers.len() > 1) {
        for number in numbers {
            if let Some(others) = related.get_mut(*number) {
                others.extend(numbers.iter().filter(|other| *other != number));
            }
        }
    }
    let ids: Vec<String> = rows.iter().map(|row| row.advisory.id.clone()).collect();
    for (row, others) in rows.iter_mut().zip(related) {
        row.related = others
            .into_iter()
            .filter_map(|other| ids.get(other).cloned())
            .collect();
        row.related.sort();
    }
}
