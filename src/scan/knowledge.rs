//! What an index knows of, and so what it may judge: "none known" is an answer only of an index that was asked.
//!
//! An index that holds nothing of an ecosystem says nothing of its packages, one without CISA's list nothing of
//! exploitation, and one whose newest record is old nothing of what was published since.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;

use jiff::Timestamp;

use super::judge::LockfileMatches;
use super::read::Opened;
use crate::advisory::{Bookkeeping, Source, Unread};
use crate::ecosystem;
use crate::model::Location;
use crate::model::coverage::Gap;
use crate::model::outcome::DatabaseSource;
use crate::model::{Cost, Coverage, Ecosystem, Package, TreePath};
use crate::policy::Policy;
use crate::text::Position;

/// Formats whose files lie in repositories of all languages and install tools of development, whose ecosystems nobody fetches for
/// their sake.
const EVERYWHERE: [&str; 1] = [".pre-commit-config.yaml"];

/// What an index knows of. That of an index that cannot be used is empty, and asks for nothing.
#[derive(Debug, Clone, Default)]
pub struct Knowledge {
    /// The ecosystems that it has packages of, with their suffixes and without; `None` without an index.
    ecosystems: Option<BTreeSet<String>>,
    /// Its sources of advisories.
    sources: Vec<DatabaseSource>,
    known_exploited: bool,
    scores: bool,
    /// Packages that a record names which could not be read, each with the first such record.
    unread: Arc<HashMap<(Ecosystem, String), String>>,
    /// The sources of which records could not be read.
    lost: Vec<Lost>,
    /// An ecosystem whose newest record is older is told of.
    refused: Option<Refused>,
    /// What went wrong when it was to be brought up to date: why, and the way out.
    pub troubles: Vec<(String, String)>,
    /// Why it is not believed, and the way out.
    pub doubts: Vec<(String, String)>,
    /// What a command has to say to mean this index: ` --db FILE`, or nothing.
    pub flag: String,
}

#[derive(Debug, Clone)]
struct Refused {
    before: Timestamp,
    /// As a person writes it.
    age: String,
}

/// A source of which records could not be read.
#[derive(Debug, Clone)]
struct Lost {
    source: String,
    records: u64,
    /// Those among them that tell no package.
    untold: u64,
}

impl Knowledge {
    /// What an index tells of itself, and of what could not be read when it was made.
    #[must_use]
    pub fn of(told: &Bookkeeping, unread: &[Unread]) -> Self {
        let holds = |list: &str| {
            told.sources
                .iter()
                .any(|source| source.name.rsplit('/').next() == Some(list) && source.counts.records > 0)
        };
        let mut names = HashMap::new();
        let mut told_packages: HashMap<u32, u64> = HashMap::new();
        for record in unread {
            if !record.packages.is_empty() {
                *told_packages.entry(record.source).or_default() += 1;
            }
            for package in &record.packages {
                names
                    .entry(package.clone())
                    .or_insert_with(|| record.name.clone());
            }
        }
        let lost = (0u32..)
            .zip(&told.sources)
            .filter(|(_, source)| source.counts.rejected > 0);
        let lost = lost
            .filter(|(_, known)| source(known).has_advisories())
            .map(|(number, source)| Lost {
                source: source.name.clone(),
                records: source.counts.rejected,
                untold: source
                    .counts
                    .rejected
                    .saturating_sub(told_packages.get(&number).copied().unwrap_or_default()),
            });
        let lost = lost.collect();
        let sources = told.sources.iter().map(source);
        Self {
            ecosystems: Some(
                told.ecosystems
                    .keys()
                    .flat_map(|name| [name.as_str(), Ecosystem::family_of(name)])
                    .map(str::to_owned)
                    .collect(),
            ),
            sources: sources.filter(DatabaseSource::has_advisories).collect(),
            known_exploited: holds("kev"),
            scores: holds("epss"),
            unread: Arc::new(names),
            lost,
            refused: None,
            troubles: Vec::new(),
            doubts: Vec::new(),
            flag: String::new(),
        }
    }

    /// Tells of ecosystems whose newest record is of before `before`, which is more than `age` ago.
    #[must_use]
    pub fn old_before(mut self, before: Timestamp, age: String) -> Self {
        self.refused = Some(Refused { before, age });
        self
    }

    /// The ecosystems among `wanted` that it has nothing of.
    pub fn lacks<'w>(&self, wanted: &'w [Ecosystem]) -> impl Iterator<Item = &'w Ecosystem> {
        wanted.iter().filter(|ecosystem| !self.has(ecosystem))
    }

    /// It has nothing of an ecosystem of a lockfile of `format`, where that is no blind spot: files of the format or the ecosystem lie
    /// everywhere, or no database has anything of it.
    pub(super) fn is_silent_of(&self, format: &str, ecosystem: &Ecosystem) -> bool {
        let is_expected = EVERYWHERE.contains(&format)
            || ecosystem::lies_everywhere(ecosystem)
            || ecosystem::has_no_advisories(ecosystem);
        is_expected && !self.has(ecosystem)
    }

    /// Of a release of a distribution it has something only if records name that release: one that is not looked after has none.
    fn has(&self, ecosystem: &Ecosystem) -> bool {
        self.ecosystems
            .as_ref()
            .is_none_or(|known| known.contains(ecosystem.as_str()))
    }

    /// Takes note of which ecosystems a lockfile has packages of, and makes it blind where nothing is known of one.
    /// A lockfile without a package asks for nothing.
    pub(super) fn look(&self, opened: &Opened<'_>, judged: &mut LockfileMatches) {
        if self.ecosystems.is_none() {
            return;
        }
        let packages = opened.parsed.graph.packages();
        let counts = |package: &Package| {
            let ecosystem = &package.ecosystem;
            package.source.is_matched() || ecosystem::has_no_advisories(ecosystem) && !self.has(ecosystem)
        };
        for (_, package) in packages.filter(|(_, package)| counts(package)) {
            if !judged.ecosystems.contains(&package.ecosystem) {
                judged.ecosystems.insert(package.ecosystem.clone());
            }
            if self.unread.is_empty() {
                continue;
            }
            let name = ecosystem::normalise(&package.ecosystem, &package.name).into_owned();
            if let Some(record) = self.unread.get(&(package.ecosystem.clone(), name)) {
                let (file, position) = opened.position(package.place());
                judged.undecided.push(Gap {
                    location: Some(Location { file, position }),
                    reason: format!(
                        "{} {}: the record {record} names it, and could not be read when the database was built",
                        package.name, package.version
                    ),
                    hint: self.unread_hint(),
                });
            }
        }
        for ecosystem in judged.ecosystems.iter().filter(|ecosystem| !self.has(ecosystem)) {
            let gaps = match self.is_silent_of(opened.format, ecosystem) {
                true => &mut judged.silent,
                false => &mut judged.undecided,
            };
            let (reason, hint) = match ecosystem::has_no_advisories(ecosystem) {
                true => (
                    format!("no database has advisories for packages of {ecosystem}: none of them was checked"),
                    "OSV has no ecosystem for them: look up by hand what is known of those that the product ships."
                        .to_owned(),
                ),
                false => (
                    format!("the advisory database has nothing for {ecosystem}: none of its packages was checked"),
                    format!(
                        "Fetch it with `lockkeeper db update{} --ecosystem {}`, or build it with an export of {ecosystem}.",
                        self.flag,
                        // An export has a whole distribution.
                        quoted(ecosystem.family())
                    ),
                ),
            };
            gaps.push(Gap {
                location: Some(Location {
                    file: opened.path.clone(),
                    position: Position::START,
                }),
                reason,
                hint,
            });
        }
    }

    /// The way out where a record could not be read.
    fn unread_hint(&self) -> String {
        format!(
            "Fetch or build the advisory database again: the record may be corrected by now, or lockkeeper be too old for it; \
             `lockkeeper db status{}` counts such records.",
            self.flag
        )
    }

    /// Why nothing that the index says of a tree is believed; it lies at `place`.
    pub(super) fn doubted(&self, place: &str) -> impl Iterator<Item = (Cost, Gap)> {
        let location = at(place);
        self.doubts.iter().map(move |(reason, hint)| {
            let gap = Gap {
                location: location.clone(),
                reason: reason.clone(),
                hint: hint.clone(),
            };
            (Cost::Blind, gap)
        })
    }

    /// Adds to the `coverage` of a run what the index lacks of all that was asked of it, and gives what a person should
    /// know besides. `held` are the ecosystems that the run has packages of, `place` is where the index lies.
    pub(super) fn tell<'p>(
        &self,
        held: &BTreeSet<Ecosystem>,
        policies: impl Iterator<Item = &'p Policy>,
        place: &str,
        coverage: &mut Coverage,
    ) -> Vec<Gap> {
        let gap = |reason: String, hint: String| Gap {
            location: at(place),
            reason,
            hint,
        };
        let mut lacking = BTreeSet::new();
        if self.ecosystems.is_some() && !held.is_empty() {
            for policy in policies {
                lacking.extend(policy.asks_for_exploited().filter(|_| !self.known_exploited).map(|who| {
                    (format!("{who} asks which vulnerabilities are known to be exploited, and the advisory database has no list of them"), KEV)
                }));
                lacking.extend(policy.asks_for_scores().filter(|_| !self.scores).map(|who| {
                    (
                        format!(
                            "{who} asks how probable exploitation is, and the advisory database has no EPSS scores"
                        ),
                        EPSS,
                    )
                }));
            }
        }
        for (reason, hint) in lacking {
            coverage.add(Cost::Blind, gap(reason, hint.to_owned()));
        }
        let mut lost = Vec::new();
        for source in self.lost.iter().filter(|source| source.concerns(held)) {
            let Lost {
                source,
                records,
                untold,
            } = source;
            let what = if *records == 1 { "record" } else { "records" };
            let counted =
                format!("{records} {what} of {source} could not be read when the database was built");
            match untold {
                0 => lost.push((
                    format!("{counted}; packages that they name are not checked"),
                    self.unread_hint(),
                )),
                _ => coverage.add(
                    Cost::Partial,
                    gap(
                        format!("{counted}, and for {untold} it is unknown which packages they name"),
                        self.unread_hint(),
                    ),
                ),
            }
        }
        let troubles = self.troubles.iter().cloned().chain(lost);
        troubles
            .chain(self.old(held))
            .map(|(reason, hint)| gap(reason, hint))
            .collect()
    }

    /// What there is to say of ecosystems of which the newest record is old.
    fn old(&self, held: &BTreeSet<Ecosystem>) -> Vec<(String, String)> {
        let Some(Refused { before, age }) = &self.refused else {
            return Vec::new();
        };
        let mut days: BTreeMap<String, Vec<&str>> = BTreeMap::new();
        for ecosystem in held {
            let newest = self.newest(ecosystem).filter(|newest| newest < before);
            if let Some(newest) = newest.filter(|_| self.has(ecosystem)) {
                let names = days.entry(newest.strftime("%Y-%m-%d").to_string()).or_default();
                names.push(ecosystem.as_str());
            }
        }
        let mut text = String::new();
        for (number, (day, names)) in days.iter().enumerate() {
            text.push_str(&match number {
                0 => format!(
                    "the newest record of {} in the advisory database is of {day}",
                    listed(names)
                ),
                _ => format!(", that of {} of {day}", listed(names)),
            });
        }
        if text.is_empty() {
            return Vec::new();
        }
        vec![(
            format!("{text}, more than {age} ago: what was published since is missing"),
            format!(
                "Build the advisory database from a newer export, or fetch it from another address; `lockkeeper db status{}` shows each source's newest record.",
                self.flag
            ),
        )]
    }

    /// When the newest record that may speak of an ecosystem was modified.
    fn newest(&self, ecosystem: &Ecosystem) -> Option<Timestamp> {
        let name = ecosystem.family();
        // An export of an ecosystem that no reader is for speaks of that one alone; a folder of one's own may speak of anything.
        let of_export = |source: &DatabaseSource| {
            let other = source.name.strip_prefix("osv/")?;
            let is_known = self.has(&Ecosystem::named(other));
            is_known.then(|| Ecosystem::family_of(other).to_owned())
        };
        let speaks = |source: &&DatabaseSource| match speaks_of(&source.name) {
            Some(other) => other == name,
            None => of_export(source).is_none_or(|other| other == name),
        };
        let sources = self.sources.iter().filter(speaks);
        sources.filter_map(|source| source.newest).max()
    }
}

/// `Go`, `Go and npm`, `Go, PyPI and npm`.
fn listed(names: &[&str]) -> String {
    match names {
        [] => String::new(),
        [only] => (*only).to_owned(),
        [before @ .., last] => format!("{} and {last}", before.join(", ")),
    }
}

impl Lost {
    fn concerns(&self, held: &BTreeSet<Ecosystem>) -> bool {
        match speaks_of(&self.source) {
            Some(name) => held.iter().any(|ecosystem| ecosystem.family() == name),
            None => !held.is_empty(),
        }
    }
}

/// A source as reports tell it.
#[must_use]
pub fn source(source: &Source) -> DatabaseSource {
    DatabaseSource {
        name: source.name.clone(),
        records: source.counts.records,
        newest: source.newest,
    }
}

/// The ecosystem that a source speaks of by its name; `None` if that does not tell.
fn speaks_of(source: &str) -> Option<&str> {
    if source == "rustsec" {
        return Some("crates.io");
    }
    let name = source.strip_prefix("osv/")?;
    ecosystem::rules(&Ecosystem::named(name)).map(|_| name)
}

const KEV: &str = "Build the advisory database with CISA's catalogue beside the advisories, or fetch it with `lockkeeper db update` from the usual addresses, which bring it.";
const EPSS: &str = "Build the advisory database with FIRST's table of scores beside the advisories, or fetch it with `lockkeeper db update` from the usual addresses, which bring it.";

/// The place of the index, as gaps tell files.
pub(super) fn at(place: &str) -> Option<Location> {
    let file = TreePath::outside(place)?;
    let position = Position::START;
    (file != TreePath::root()).then_some(Location { file, position })
}

/// A name as a shell wants it.
fn quoted(name: &str) -> String {
    match name.contains(' ') {
        true => format!("'{name}'"),
        false => name.to_owned(),
    }
}
