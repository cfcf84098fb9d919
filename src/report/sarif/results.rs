//! Results: one an advisory, package and file; one for all `go.mod` of a repository in which the same holds.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use jiff::civil::Date;
use serde_json::json;
use serde_sarif::sarif::{
    ArtifactLocation, Location, PhysicalLocation, Region, Result, ResultLevel, Suppression,
};
use sha2::{Digest as _, Sha256};

use super::{bag, message};
use crate::model::finding::{Change, Excepted, State};
use crate::model::worst;
use crate::model::{Decision, Ecosystem, Finding, Outcome};
use crate::report::phrases::{self, counted, remedy, short};
use crate::report::places;
use crate::text::{Position, escape};

/// Locations of a result that GitHub shows.
const MAX_RELATED: usize = 100;
/// Further versions that a message names.
const MAX_VERSIONS: usize = 5;
/// Characters of a message.
const MAX_MESSAGE: usize = 1_000;

/// The findings that are one result: all versions of one package in one file with one advisory.
#[derive(Debug)]
pub(super) struct Group<'o> {
    /// From the top of the repository.
    file: Vec<u8>,
    /// Symbolic links that lead to it and were scanned, from the top of the repository.
    links: BTreeSet<Vec<u8>>,
    /// What was not accepted first, then by place; never empty.
    findings: Vec<&'o Finding>,
    /// The same findings in further files, in order.
    elsewhere: Vec<(Vec<u8>, Vec<&'o Finding>)>,
}

impl<'o> Group<'o> {
    /// The first finding in the file.
    pub(super) fn first(&self) -> Option<&'o Finding> {
        self.findings.first().copied()
    }

    /// The worst one: it decides the level, and the place of the group among others.
    fn worst(&self) -> Option<&'o Finding> {
        self.findings
            .iter()
            .copied()
            .min_by(|left, right| worst::first(left, right))
    }

    pub(super) fn findings(&self) -> &[&'o Finding] {
        &self.findings
    }

    pub(super) fn file(&self) -> &[u8] {
        &self.file
    }

    /// Why it is no alert: an exception, or it is about another package of the same name.
    fn suppression(&self) -> Option<Suppression> {
        let first = self.first()?;
        match &first.state {
            State::Affected => None,
            State::Excepted(excepted) => Some(suppression(excepted)),
            State::NotAffected => Some(
                Suppression::builder()
                    .kind(json!("external"))
                    .status(json!("accepted"))
                    .justification(escape::terminal(&short(&first.reason, MAX_MESSAGE)))
                    .build(),
            ),
        }
    }

    /// How it came about since the base: of several changes, the first counts.
    fn change(&self) -> Option<Change> {
        self.findings.iter().filter_map(|finding| finding.change).min()
    }

    /// What the gate makes of it: of several versions, the worst that was not accepted counts.
    pub(super) fn decision(&self) -> Decision {
        self.worst().map_or(Decision::Note, |finding| finding.decision)
    }

    /// The advisory's id.
    pub(super) fn id(&self) -> &'o str {
        self.first()
            .map(|finding| finding.advisory.id.as_str())
            .unwrap_or_default()
    }
}

/// All groups, worst first.
pub(super) fn groups(outcome: &Outcome) -> Vec<Group<'_>> {
    type Key<'o> = (Vec<u8>, &'o str, &'o str, &'o str);
    let mut groups: BTreeMap<Key<'_>, Vec<&Finding>> = BTreeMap::new();
    for (target, finding) in outcome.findings() {
        let file = places::bytes_in_repository(target, &finding.file);
        let key = (
            file,
            finding.advisory.id.as_str(),
            finding.ecosystem.as_str(),
            finding.name.as_str(),
        );
        groups.entry(key).or_default().push(finding);
    }
    let leading = leading(outcome);
    let mut groups: Vec<Group<'_>> = groups
        .into_iter()
        .map(|((file, ..), mut findings)| {
            // Two PATHs may have the same file, and a link leads to one: what is worst of it counts.
            let same = |finding: &&Finding| (finding.place(), finding.version.clone());
            findings.sort_by(|left, right| {
                same(left)
                    .cmp(&same(right))
                    .then_with(|| worst::first(left, right))
            });
            findings.dedup_by_key(|finding| same(finding));
            findings.sort_by_key(|finding| (!finding.is_affected(), finding.place()));
            Group {
                links: leading.get(&file).cloned().unwrap_or_default(),
                file,
                findings,
                elsewhere: Vec::new(),
            }
        })
        .collect();
    join_modules(&mut groups);
    // Stable: equally bad ones stay in the order of their files.
    groups.sort_by(|left, right| match (left.worst(), right.worst()) {
        (Some(left), Some(right)) => worst::first(left, right),
        (left, right) => left.is_none().cmp(&right.is_none()),
    });
    groups
}

/// The symbolic links among the lockfiles that were scanned, by the files that they lead to.
fn leading(outcome: &Outcome) -> BTreeMap<Vec<u8>, BTreeSet<Vec<u8>>> {
    let mut leading: BTreeMap<Vec<u8>, BTreeSet<Vec<u8>>> = BTreeMap::new();
    for target in &outcome.targets {
        for (link, end) in &target.links {
            let links = leading.entry(end.as_bytes().to_vec()).or_default();
            links.insert(places::as_named(target, link));
        }
    }
    leading
}

/// Makes one group of those that differ in nothing but the `go.mod` that they are about: a repository of many modules has
/// one toolchain, and mostly one version of a module. The one nearest to the top comes first.
fn join_modules(groups: &mut Vec<Group<'_>>) {
    /// What is the same of two findings that are told as one.
    fn told(finding: &Finding) -> (&str, Decision, &str, &State, Option<Date>, Option<Change>) {
        (
            &finding.version,
            finding.decision,
            &finding.rule,
            &finding.state,
            finding.fails_from,
            finding.change,
        )
    }
    let name = |group: &Group<'_>| group.first().map(|first| first.name.clone());
    let depth = |group: &Group<'_>| group.file.iter().filter(|byte| **byte == b'/').count();
    let is_module = |group: &Group<'_>| {
        let is_go = group
            .first()
            .is_some_and(|first| first.ecosystem == Ecosystem::GO);
        is_go && group.file.rsplit(|byte| *byte == b'/').next() == Some(b"go.mod")
    };
    let (mut modules, others): (Vec<_>, Vec<_>) = groups.drain(..).partition(is_module);
    modules.sort_by_key(depth);
    let mut joined: Vec<Group<'_>> = Vec::with_capacity(modules.len());
    let mut known: HashMap<_, Vec<usize>> = HashMap::new();
    for module in modules {
        let same = |other: &Group<'_>| {
            let pairs = other.findings.iter().map(|finding| told(finding));
            pairs.eq(module.findings.iter().map(|finding| told(finding)))
        };
        let indices = known.entry((module.id(), name(&module))).or_default();
        let first = indices
            .iter()
            .copied()
            .find(|index| joined.get(*index).is_some_and(same));
        match first.and_then(|index| joined.get_mut(index)) {
            Some(first) => first.elsewhere.push((module.file, module.findings)),
            None => {
                indices.push(joined.len());
                joined.push(module);
            }
        }
    }
    groups.extend(others.into_iter().chain(joined));
}

/// Whether the results of a run list suppressions: all of them do or none (section 3.27.23).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Suppressions {
    Present,
    Absent,
}

impl Suppressions {
    pub(super) fn of(groups: &[Group<'_>]) -> Self {
        match groups.iter().any(|group| group.suppression().is_some()) {
            true => Self::Present,
            false => Self::Absent,
        }
    }
}

/// The result of a group under its rule's index.
pub(super) fn result(group: &Group<'_>, rule_index: usize, suppressions: Suppressions) -> Result {
    let elsewhere = group.elsewhere.iter().map(|(file, findings)| (file, findings));
    let mut places = std::iter::once((&group.file, &group.findings))
        .chain(elsewhere)
        .flat_map(|(file, findings)| findings.iter().map(move |finding| (file, *finding)))
        .flat_map(|(file, finding)| finding.places().map(move |place| (file, place, finding)));
    let first = places.next();
    let related: Vec<Location> = places
        .take(MAX_RELATED)
        .enumerate()
        .map(|(number, (file, place, finding))| {
            let mut location = location(file, place);
            location.id = Some(number as i64 + 1);
            let text = format!("{} {}", short(&finding.name, 200), short(&finding.version, 100));
            location.message = Some(message(&text));
            location
        })
        .collect();
    let mut result = Result::builder()
        .rule_id(group.id())
        .rule_index(rule_index as i64)
        .message(message(&short(&text(group), MAX_MESSAGE)))
        .partial_fingerprints(BTreeMap::from([(
            "primaryLocationLineHash".to_owned(),
            fingerprint(group),
        )]))
        .build();
    result.level = Some(level(group.decision()));
    if let (Some((_, place, finding)), Some(worst)) = (first, group.worst()) {
        result.locations = Some(vec![location(&group.file, place)]);
        let mut properties = BTreeMap::from([
            ("purl".to_owned(), json!(short(finding.purl.as_str(), 500))),
            ("decision".to_owned(), json!(worst.decision.as_str())),
            ("rule".to_owned(), json!(short(&worst.rule, 200))),
            ("state".to_owned(), json!(finding.state.as_str())),
        ]);
        if let Some(day) = worst.fails_from {
            properties.insert("failsFrom".to_owned(), json!(day.to_string()));
        }
        if let Some(change) = group.change() {
            properties.insert("change".to_owned(), json!(change.as_str()));
        }
        result.properties = Some(bag(properties));
    }
    result.baseline_state = group.change().and_then(baseline_state).map(|state| json!(state));
    result.suppressions = match suppressions {
        Suppressions::Absent => None,
        Suppressions::Present => Some(group.suppression().into_iter().collect()),
    };
    if !related.is_empty() {
        result.related_locations = Some(related);
    }
    result
}

/// The words of section 3.27.24. What was published since is no other result than before; what
/// could not be compared has none.
fn baseline_state(change: Change) -> Option<&'static str> {
    Some(match change {
        Change::Introduced => "new",
        Change::Escalated | Change::Moved => "updated",
        Change::PublishedSince | Change::PreExisting => "unchanged",
        Change::Unknown => return None,
    })
}

/// The policy's exception: outside of the code, and decided.
fn suppression(excepted: &Excepted) -> Suppression {
    let mut properties = BTreeMap::from([("expires".to_owned(), json!(excepted.expires.to_string()))]);
    if let Some(owner) = &excepted.owner {
        properties.insert("owner".to_owned(), json!(short(owner, 200)));
    }
    Suppression::builder()
        .kind(json!("external"))
        .status(json!("accepted"))
        .justification(escape::terminal(&short(excepted.reason.trim(), MAX_MESSAGE)))
        .properties(bag(properties))
        .build()
}

/// The level of what the gate decides so.
pub(super) fn level(decision: Decision) -> ResultLevel {
    match decision {
        Decision::Fail => ResultLevel::Error,
        Decision::Warn => ResultLevel::Warning,
        Decision::Note => ResultLevel::Note,
    }
}

/// A location in a file of the repository.
pub(super) fn location(file: &[u8], place: Position) -> Location {
    let region = Region::builder()
        .start_line(i64::from(place.line))
        .start_column(i64::from(place.column))
        .build();
    let artifact = ArtifactLocation::builder().uri(places::uri(file)).build();
    let physical = PhysicalLocation::builder()
        .artifact_location(artifact)
        .region(region)
        .build();
    Location::builder().physical_location(physical).build()
}

/// The first sentence must do alone where there is little room.
fn text(group: &Group<'_>) -> String {
    let Some(first) = group.first() else {
        return String::new();
    };
    let advisory = &first.advisory;
    let mut others: Vec<&str> = group
        .findings
        .iter()
        .map(|finding| finding.version.as_str())
        .filter(|version| *version != first.version)
        .collect();
    others.sort_unstable();
    others.dedup();
    let also = match others.as_slice() {
        [] => String::new(),
        others => {
            let named: Vec<_> = others
                .iter()
                .take(MAX_VERSIONS)
                .map(|version| short(version, 50))
                .collect();
            let more = match others.len().saturating_sub(MAX_VERSIONS) {
                0 => String::new(),
                more => format!(" and {more} more"),
            };
            format!(" (also {}{more})", named.join(", "))
        }
    };
    let mut text = format!(
        "{} {}{also}: {} {}.",
        short(&first.name, 150),
        short(&first.version, 50),
        phrases::severity(advisory),
        short(first.id(), 100),
    );
    let summary = advisory.summary.trim();
    if !summary.is_empty() {
        text.push_str(&format!(" {}.", short(summary, 250).trim_end_matches('.')));
    }
    text.push(' ');
    text.push_str(&remedy(first));
    if let Some(excepted) = first.exception() {
        text.push_str(&format!(
            " Accepted {}.",
            short(&phrases::exception(excepted), 300).trim_end_matches('.')
        ));
    }
    if let Some(grace) = phrases::grace(first) {
        text.push_str(&format!(" The gate only warns now; it {grace}."));
    }
    if let Some(path) = first.paths.first().filter(|path| path.len() > 1) {
        text.push_str(&format!(" Path: {}.", short(&phrases::path(path), 250)));
    }
    let places: usize = group
        .findings
        .iter()
        .map(|finding| finding.places().count())
        .sum();
    if places > 1 {
        text.push_str(&format!(
            " It is locked at {} of this file.",
            counted(places, "location", "locations")
        ));
    }
    if !group.elsewhere.is_empty() {
        let files = counted(group.elsewhere.len(), "further go.mod", "further go.mod files");
        text.push_str(&format!(" The same holds for {files} of the repository."));
    }
    if let Some(link) = group.links.first() {
        let more = match group.links.len() {
            1 => String::new(),
            links => format!(" and {}", counted(links - 1, "further link", "further links")),
        };
        text.push_str(&format!(
            " The symbolic link {}{more} leads to it.",
            short(&String::from_utf8_lossy(link), 200)
        ));
    }
    text
}

/// The same for the same advisory, package and (first) file, whatever its version and line. Each part is led by
/// its length, so that no two lists of parts look alike.
fn fingerprint(group: &Group<'_>) -> String {
    let mut hash = Sha256::new();
    if let Some(first) = group.first() {
        let parts: [&[u8]; 4] = [
            first.advisory.id.as_bytes(),
            first.ecosystem.as_str().as_bytes(),
            first.name.as_bytes(),
            &group.file,
        ];
        for part in parts {
            hash.update((part.len() as u64).to_le_bytes());
            hash.update(part);
        }
    }
    hex::encode(hash.finalize())
}
