//! How entries, records and bookkeeping are written; `view` and `stored` read them.

use std::borrow::Cow;
use std::collections::{BTreeMap, HashMap};

use super::compile::{Compiler, Exploit, Kept, Source, TooLarge};
use super::layout::{BLOCK, ECOSYSTEMS, EXPLOIT_ROW, NAME, address, put_text, put_time, put_u32, put_varint};
use super::record::{Cve, Interval, Rating, Record, Statement, Undecided, Until};
use crate::model::{Class, Ecosystem, Level};

/// The source listed versions.
pub(super) const LISTED: u8 = 1;
/// A range is undecided, since no order is known.
pub(super) const NO_SCHEME: u8 = 1 << 1;
/// A range is undecided; the reason follows.
pub(super) const UNDECIDED: u8 = 1 << 2;
/// A rating follows.
pub(super) const RATED: u8 = 1 << 3;
/// Fixed versions that end no interval follow.
pub(super) const FURTHER: u8 = 1 << 4;
/// Versions follow.
pub(super) const VERSIONS: u8 = 1 << 5;
/// The only interval holds every version, and is not written.
pub(super) const EVERYTHING: u8 = 1 << 6;

/// Blocks that are filled one thing after another.
#[derive(Debug, Default)]
pub(super) struct Filler {
    pub(super) blocks: Vec<Vec<u8>>,
}

impl Filler {
    /// Adds `bytes` and tells where they begin.
    pub(super) fn add(&mut self, bytes: &[u8]) -> Result<u32, TooLarge> {
        if self.blocks.last().is_none_or(|block| block.len() >= BLOCK) {
            self.blocks
                .push(Vec::with_capacity(BLOCK.saturating_add(bytes.len())));
        }
        let number = self.blocks.len().saturating_sub(1);
        let block = self.blocks.last_mut().ok_or(TooLarge)?;
        let place = address(number, block.len()).ok_or(TooLarge)?;
        block.extend_from_slice(bytes);
        Ok(place)
    }
}

/// Texts that stand once for all who say the same.
#[derive(Debug, Default)]
pub(super) struct Strings<'t> {
    counts: HashMap<&'t str, u32>,
    places: HashMap<&'t str, u32>,
    pub(super) filler: Filler,
}

/// A text is shared if it is said so many times.
const SHARED: u32 = 3;

impl<'t> Strings<'t> {
    /// Counts what is said, before anything is written.
    pub(super) fn count(&mut self, text: &'t str) {
        let count = self.counts.entry(text).or_default();
        *count = count.saturating_add(1);
    }

    fn is_shared(&self, text: &str) -> bool {
        self.counts.get(text).is_some_and(|count| *count >= SHARED)
    }

    /// Writes `text` as a reference if it is shared, else as it is.
    fn put(&mut self, bytes: &mut Vec<u8>, text: &'t str) -> Result<(), TooLarge> {
        if !self.is_shared(text) {
            put_varint(bytes, 0);
            put_text(bytes, text);
            return Ok(());
        }
        let place = match self.places.get(text) {
            Some(place) => *place,
            None => {
                let mut written = Vec::with_capacity(text.len().saturating_add(2));
                put_text(&mut written, text);
                let place = self.filler.add(&written)?;
                self.places.insert(text, place);
                place
            }
        };
        put_varint(bytes, u64::from(place).saturating_add(1));
        Ok(())
    }
}

/// The summary with [`NAME`] in place of the last mention of the record's only package; many records say the
/// same of different packages.
#[must_use]
pub(super) fn pattern<'r>(record: &'r Record) -> Cow<'r, str> {
    let summary = &record.summary;
    let mut names = record.affected.iter();
    let Some(only) = names.next() else {
        return Cow::Borrowed(summary);
    };
    let alone = names.all(|other| other.name == only.name && other.ecosystem == only.ecosystem);
    if !alone || summary.contains(NAME) {
        return Cow::Borrowed(summary);
    }
    match summary.rsplit_once(only.name.as_str()) {
        Some((before, after)) => Cow::Owned(format!("{before}{NAME}{after}")),
        None => Cow::Borrowed(summary),
    }
}

/// What a package's entry begins with.
pub(super) fn put_package(bytes: &mut Vec<u8>, ecosystem: &Ecosystem, name: &str) {
    let known = ECOSYSTEMS.iter().position(|known| *known == ecosystem.as_str());
    match known.and_then(|place| u8::try_from(place.saturating_add(1)).ok()) {
        Some(code) => bytes.push(code),
        None => {
            bytes.push(0);
            put_text(bytes, ecosystem.as_str());
        }
    }
    put_text(bytes, name);
}

/// What a record says of a package's versions.
pub(super) fn put_statement(bytes: &mut Vec<u8>, statement: &Statement, rating: Option<&Rating>) {
    let everything = statement.intervals.as_slice()
        == [Interval {
            from: None,
            until: Until::Never,
        }];
    let flag = |set: bool, flag: u8| if set { flag } else { 0 };
    bytes.push(
        flag(statement.listed, LISTED)
            | match statement.undecided {
                None => 0,
                Some(Undecided::NoScheme) => NO_SCHEME,
                Some(Undecided::Event(_)) => UNDECIDED,
            }
            | flag(rating.is_some(), RATED)
            | flag(!statement.further_fixed.is_empty(), FURTHER)
            | flag(!statement.versions.is_empty(), VERSIONS)
            | flag(everything, EVERYTHING),
    );
    if let Some(Undecided::Event(reason)) = &statement.undecided {
        put_text(bytes, reason);
    }
    if let Some(rating) = rating {
        put_rating(bytes, rating);
    }
    if !everything {
        put_varint(bytes, statement.intervals.len() as u64);
        for interval in &statement.intervals {
            put_interval(bytes, interval);
        }
    }
    for list in [&statement.further_fixed, &statement.versions] {
        if !list.is_empty() {
            put_varint(bytes, list.len() as u64);
            for version in list {
                put_text(bytes, version);
            }
        }
    }
}

fn put_interval(bytes: &mut Vec<u8>, interval: &Interval) {
    let (kind, end) = match &interval.until {
        Until::Never => (0, None),
        Until::Fixed(version) => (1, Some(version)),
        Until::LastAffected(version) => (2, Some(version)),
        Until::Limit(version) => (3, Some(version)),
    };
    bytes.push(kind << 1 | u8::from(interval.from.is_some()));
    for version in interval.from.iter().chain(end) {
        put_text(bytes, version);
    }
}

fn put_rating(bytes: &mut Vec<u8>, rating: &Rating) {
    match rating {
        Rating::Vector { kind, tenths, vector } => {
            bytes.extend([*kind as u8 + 1, *tenths]);
            put_text(bytes, vector);
        }
        Rating::Word(level) => bytes.extend([4, level_code(*level)]),
    }
}

/// A record whose summary has this [`pattern`], with the addresses of its packages' entries.
pub(super) fn put_record<'t>(
    bytes: &mut Vec<u8>,
    kept: &'t Kept,
    pattern: &'t str,
    entries: &[u32],
    strings: &mut Strings<'t>,
) -> Result<(), TooLarge> {
    let record = &kept.record;
    put_text(bytes, &record.id);
    bytes.push(class_code(record.class));
    put_varint(bytes, u64::from(kept.source.0));
    put_time(bytes, record.published);
    put_time(bytes, record.modified);
    put_varint(bytes, record.aliases.len() as u64);
    for alias in &record.aliases {
        put_text(bytes, alias);
    }
    match &record.rating {
        None => bytes.push(0),
        Some(Rating::Vector { kind, tenths, vector }) => {
            bytes.extend([*kind as u8 + 1, *tenths]);
            strings.put(bytes, vector)?;
        }
        Some(word @ Rating::Word(_)) => put_rating(bytes, word),
    }
    // What is not shared is written out, since a pattern that stands alone saves nothing.
    let summary = if strings.is_shared(pattern) {
        pattern
    } else {
        record.summary.as_str()
    };
    strings.put(bytes, summary)?;
    match kept.text {
        None => put_varint(bytes, 0),
        Some(place) => {
            put_varint(bytes, u64::from(place.block).saturating_add(1));
            put_varint(bytes, u64::from(place.offset));
        }
    }
    put_varint(bytes, entries.len() as u64);
    for entry in entries {
        put_u32(bytes, *entry);
    }
    Ok(())
}

/// The table of exploited flaws, in blocks of whole rows.
#[must_use]
pub(super) fn exploit_blocks(exploits: &BTreeMap<Cve, Exploit>) -> Vec<Vec<u8>> {
    let mut blocks: Vec<Vec<u8>> = Vec::new();
    let told = exploits
        .iter()
        .filter(|(_, exploit)| exploit.known || exploit.probability.is_some());
    for (cve, exploit) in told {
        if blocks
            .last()
            .is_none_or(|block| block.len().saturating_add(EXPLOIT_ROW) > BLOCK)
        {
            blocks.push(Vec::with_capacity(BLOCK));
        }
        if let Some(block) = blocks.last_mut() {
            block.extend_from_slice(&cve.year.to_le_bytes());
            put_u32(block, cve.number);
            block.push(u8::from(exploit.known) | u8::from(exploit.probability.is_some()) << 1);
            put_u32(block, exploit.probability.unwrap_or_default());
        }
    }
    blocks
}

/// Sources, ids taken back by those who gave them, ecosystems with their packages, and notes.
#[must_use]
pub(super) fn bookkeeping(compiler: &Compiler, ecosystems: &BTreeMap<&str, u64>) -> Vec<u8> {
    let mut bytes = Vec::new();
    put_varint(&mut bytes, compiler.sources.len() as u64);
    for source in &compiler.sources {
        put_source(&mut bytes, source);
    }
    let withdrawn = compiler.withdrawn_by_origin();
    put_varint(&mut bytes, withdrawn.len() as u64);
    for (id, source) in withdrawn {
        put_text(&mut bytes, id);
        put_varint(&mut bytes, u64::from(source));
    }
    put_varint(&mut bytes, ecosystems.len() as u64);
    for (name, packages) in ecosystems {
        put_text(&mut bytes, name);
        put_varint(&mut bytes, *packages);
    }
    put_varint(&mut bytes, compiler.notes.len() as u64);
    for (key, value) in &compiler.notes {
        put_text(&mut bytes, key);
        put_text(&mut bytes, value);
    }
    bytes
}

fn put_source(bytes: &mut Vec<u8>, source: &Source) {
    put_text(bytes, &source.name);
    bytes.push(source.authority as u8);
    put_time(bytes, source.newest);
    let counts = &source.counts;
    for count in [
        counts.records,
        counts.withdrawn,
        counts.rejected,
        counts.skipped,
        counts.superseded,
        counts.git_ranges,
        counts.unorderable_events,
        counts.bad_severities,
    ] {
        put_varint(bytes, count);
    }
}

/// A class as a byte.
#[must_use]
pub(super) fn class_code(class: Class) -> u8 {
    match class {
        Class::Notice => 0,
        Class::Yanked => 1,
        Class::Unmaintained => 2,
        Class::Unsound => 3,
        Class::Vulnerability => 4,
        Class::Malicious => 5,
        // No source says this of a package: a policy does.
        Class::Confusion => 6,
    }
}

/// A level as a byte.
#[must_use]
pub(super) fn level_code(level: Level) -> u8 {
    match level {
        Level::None => 0,
        Level::Low => 1,
        Level::Medium => 2,
        Level::High => 3,
        Level::Critical => 4,
    }
}
