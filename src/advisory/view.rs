//! What the index says of a package, in place: nothing is copied before it matches.

use super::index::{Damage, Index};
use super::layout::{Cursor, ECOSYSTEMS};
use super::pack::{EVERYTHING, FURTHER, LISTED, NO_SCHEME, RATED, UNDECIDED, VERSIONS};
use super::record::{Cve, Rating};
use super::recorded::{RecordView, rating};
use super::severity;
use crate::model::{Advisory, Class};

/// Everything that is known of one package.
#[derive(Debug, Clone, Copy)]
pub struct Candidates<'i> {
    index: &'i Index,
    ecosystem: &'i str,
    name: &'i str,
    count: usize,
    groups: &'i [u8],
}

/// One group of records, of one package.
#[derive(Debug, Clone, Copy)]
pub struct Candidate<'i> {
    index: &'i Index,
    ecosystem: &'i str,
    name: &'i str,
    members: &'i [u8],
}

/// Identifies a package, or a candidate, of one open index.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct CandidateKey(usize, usize);

/// One record of a group.
#[derive(Debug, Clone, Copy)]
pub struct Member<'i> {
    index: &'i Index,
    record: u32,
    claims: &'i [u8],
}

/// What one `affected` entry of a record says.
#[derive(Debug, Clone)]
pub struct Claim<'i> {
    /// Why a range could not be evaluated, if one could not.
    pub undecided: Option<Unknown<'i>>,
    /// The source listed versions, even if [`Claim::versions`] gives none: those were inside the intervals.
    pub listed: bool,
    /// The severity of this package alone.
    pub rating: Option<Rating>,
    everything: bool,
    intervals: List<'i>,
    further_fixed: List<'i>,
    versions: List<'i>,
}

/// Why a range could not be evaluated.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unknown<'i> {
    /// No order is known for versions of the ecosystem.
    NoScheme,
    /// The index was built from an event that cannot be ordered, told in words.
    Event(&'i str),
}

/// A stretch of versions, both ends as the scheme reads them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Stretch<'i> {
    /// The first version; `None` is before every version.
    pub from: Option<&'i str>,
    /// The end.
    pub until: End<'i>,
}

/// Where a stretch ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum End<'i> {
    /// It does not end.
    Never,
    /// Before this version, which is fixed.
    Fixed(&'i str),
    /// With this version.
    LastAffected(&'i str),
    /// Before this version, of which the range says nothing.
    Limit(&'i str),
}

#[derive(Debug, Clone, Copy, Default)]
pub(super) struct List<'i> {
    count: usize,
    bytes: &'i [u8],
}

impl<'i> Candidates<'i> {
    pub(super) fn none(index: &'i Index) -> Self {
        Self {
            index,
            ecosystem: "",
            name: "",
            count: 0,
            groups: &[],
        }
    }

    /// Reads an entry. It is walked to its end, so that what iterates later cannot end early.
    pub(super) fn read(index: &'i Index, entry: &'i [u8]) -> Result<Self, Damage> {
        let read = || {
            let mut cursor = Cursor::new(entry);
            let ecosystem = match cursor.u8()?.checked_sub(1) {
                None => cursor.text()?,
                Some(code) => ECOSYSTEMS.get(usize::from(code))?,
            };
            let candidates = Self {
                index,
                ecosystem,
                name: cursor.text()?,
                count: cursor.count()?,
                groups: cursor.rest(),
            };
            candidates.is_whole().then_some(candidates)
        };
        read().ok_or_else(|| Damage::of("an entry is not readable"))
    }

    pub(super) fn is_of(&self, ecosystem: &str, name: &str) -> bool {
        self.ecosystem == ecosystem && self.name == name
    }

    /// OSV's name of the ecosystem; empty if nothing is known.
    #[must_use]
    pub fn ecosystem(&self) -> &'i str {
        self.ecosystem
    }

    /// The normalised name; empty if nothing is known.
    #[must_use]
    pub fn name(&self) -> &'i str {
        self.name
    }

    /// The same for the same package, as long as the index is open.
    #[must_use]
    pub fn key(&self) -> CandidateKey {
        CandidateKey(self.groups.as_ptr().addr(), self.groups.len())
    }

    /// How many groups there are.
    #[must_use]
    pub fn count(&self) -> usize {
        self.count
    }

    /// The groups, by id.
    pub fn groups(&self) -> impl Iterator<Item = Candidate<'i>> + use<'i> {
        let package = *self;
        let mut cursor = Cursor::new(self.groups);
        (0..self.count).map_while(move |_| {
            Some(Candidate {
                index: package.index,
                ecosystem: package.ecosystem,
                name: package.name,
                members: take_members(&mut cursor)?,
            })
        })
    }

    fn is_whole(&self) -> bool {
        let mut cursor = Cursor::new(self.groups);
        (0..self.count).all(|_| walk_group(&mut cursor).is_some())
    }
}

/// Walks over the next group, down to the last text of its claims.
fn walk_group(cursor: &mut Cursor<'_>) -> Option<()> {
    for _ in 0..cursor.count()? {
        let mut member = Cursor::new(cursor.bytes()?);
        member.u32()?;
        for _ in 0..member.count()? {
            Claim::read(&mut member)?;
        }
    }
    Some(())
}

/// The members of the next group, their number in front.
fn take_members<'i>(cursor: &mut Cursor<'i>) -> Option<&'i [u8]> {
    let whole = cursor.rest();
    for _ in 0..cursor.count()? {
        cursor.bytes()?;
    }
    whole.get(..whole.len().checked_sub(cursor.rest().len())?)
}

impl<'i> Candidate<'i> {
    /// OSV's name of the ecosystem.
    #[must_use]
    pub fn ecosystem(&self) -> &'i str {
        self.ecosystem
    }

    /// The normalised name.
    #[must_use]
    pub fn name(&self) -> &'i str {
        self.name
    }

    /// The same for the same group of the same package, as long as the index is open.
    #[must_use]
    pub fn key(&self) -> CandidateKey {
        CandidateKey(self.members.as_ptr().addr(), self.members.len())
    }

    /// The group's records; the one that names it comes first.
    pub fn members(&self) -> impl Iterator<Item = Member<'i>> + use<'i> {
        let index = self.index;
        let mut cursor = Cursor::new(self.members);
        let count = cursor.count().unwrap_or(0);
        (0..count).map_while(move |_| {
            let mut member = Cursor::new(cursor.bytes()?);
            Some(Member {
                index,
                record: member.u32()?,
                claims: member.rest(),
            })
        })
    }

    /// The group as findings speak of it.
    ///
    /// # Errors
    /// [`Damage`] of a block that had to be read.
    pub fn advisory(&self) -> Result<Advisory, Damage> {
        let mut records = Vec::new();
        let mut rating: Option<Rating> = None;
        for member in self.members() {
            let record = self.index.record(member.record)?;
            rating = severity::higher(rating, record.rating()?);
            for claim in member.claims() {
                rating = severity::higher(rating, claim.rating);
            }
            records.push(record);
        }
        let first = records
            .first()
            .ok_or_else(|| Damage::of("a group has no record"))?;
        let id = first.id().to_owned();
        let ids = records
            .iter()
            .flat_map(|record| std::iter::once(record.id()).chain(record.aliases()));
        let mut aliases: Vec<String> = ids.filter(|other| *other != id).map(str::to_owned).collect();
        aliases.sort_unstable();
        aliases.dedup();
        let mut summary = String::new();
        for record in &records {
            if summary.is_empty() {
                summary = record.summary(self.name)?;
            }
        }
        let text = records.iter().find_map(RecordView::text_key);
        let (known_exploited, epss) = exploited(self.index, &id, &aliases)?;
        Ok(Advisory {
            id,
            aliases,
            summary,
            class: records
                .iter()
                .map(RecordView::class)
                .max()
                .unwrap_or(Class::Vulnerability),
            severity: severity::severity(rating.as_ref()),
            published: records.iter().filter_map(RecordView::published).min(),
            known_exploited,
            epss,
            text,
        })
    }
}

/// Known to be exploited, and the highest probability, of all names of CVE in a group.
fn exploited(index: &Index, id: &str, aliases: &[String]) -> Result<(bool, Option<f64>), Damage> {
    let mut known = false;
    let mut highest = None;
    for cve in std::iter::once(id)
        .chain(aliases.iter().map(String::as_str))
        .filter_map(Cve::parse)
    {
        if let Some(exploit) = index.exploit(cve)? {
            known |= exploit.known;
            highest = highest.max(exploit.probability);
        }
    }
    let units = f64::from(super::import::epss::UNITS);
    Ok((known, highest.map(|probability| f64::from(probability) / units)))
}

impl<'i> Member<'i> {
    /// The record's id.
    ///
    /// # Errors
    /// [`Damage`] of the block that holds it.
    pub fn id(&self) -> Result<&'i str, Damage> {
        Ok(self.index.record(self.record)?.id())
    }

    /// The record.
    ///
    /// # Errors
    /// [`Damage`] of the block that holds it.
    pub fn record(&self) -> Result<RecordView<'i>, Damage> {
        self.index.record(self.record)
    }

    pub(super) fn address(&self) -> u32 {
        self.record
    }

    /// Both are the same record of one index.
    #[must_use]
    pub fn is(&self, other: &Self) -> bool {
        self.record == other.record
    }

    /// What the record says of the package.
    pub fn claims(&self) -> impl Iterator<Item = Claim<'i>> + use<'i> {
        let mut cursor = Cursor::new(self.claims);
        let count = cursor.count().unwrap_or(0);
        (0..count).map_while(move |_| Claim::read(&mut cursor))
    }
}

impl<'i> Claim<'i> {
    fn read(cursor: &mut Cursor<'i>) -> Option<Self> {
        let flags = cursor.u8()?;
        let undecided = match (flags & NO_SCHEME, flags & UNDECIDED) {
            (0, 0) => None,
            (0, _) => Some(Unknown::Event(cursor.text()?)),
            _ => Some(Unknown::NoScheme),
        };
        let rating = if flags & RATED == 0 {
            None
        } else {
            rating(cursor, |cursor| cursor.text())?
        };
        let everything = flags & EVERYTHING != 0;
        let intervals = if everything {
            List::default()
        } else {
            list(cursor, |cursor| stretch(cursor).map(drop))?
        };
        let text = |cursor: &mut Cursor<'i>| cursor.text().map(drop);
        let further_fixed = if flags & FURTHER == 0 {
            List::default()
        } else {
            list(cursor, text)?
        };
        let versions = if flags & VERSIONS == 0 {
            List::default()
        } else {
            list(cursor, text)?
        };
        Some(Self {
            undecided,
            listed: flags & LISTED != 0,
            rating,
            everything,
            intervals,
            further_fixed,
            versions,
        })
    }

    /// Affected stretches.
    pub fn intervals(&self) -> impl Iterator<Item = Stretch<'i>> + use<'i> {
        let everything = self.everything.then_some(Stretch {
            from: None,
            until: End::Never,
        });
        let mut cursor = Cursor::new(self.intervals.bytes);
        let told = (0..self.intervals.count).map_while(move |_| stretch(&mut cursor));
        everything.into_iter().chain(told)
    }

    /// Single affected versions, sorted as texts.
    pub fn versions(&self) -> impl Iterator<Item = &'i str> + use<'i> {
        self.versions.texts()
    }

    /// Every version that the source calls fixed.
    pub fn fixed(&self) -> impl Iterator<Item = &'i str> + use<'i> {
        let ends = self.intervals().filter_map(|stretch| match stretch.until {
            End::Fixed(version) => Some(version),
            End::Never | End::LastAffected(_) | End::Limit(_) => None,
        });
        ends.chain(self.further_fixed.texts())
    }

    /// Fixed versions that end no interval.
    pub(super) fn further_fixed(&self) -> impl Iterator<Item = &'i str> + use<'i> {
        self.further_fixed.texts()
    }

    /// There is a range, whether it could be evaluated or not.
    #[must_use]
    pub fn has_ranges(&self) -> bool {
        self.everything || self.intervals.count > 0 || self.undecided.is_some()
    }
}

impl<'i> List<'i> {
    pub(super) fn texts(self) -> impl Iterator<Item = &'i str> + use<'i> {
        let mut cursor = Cursor::new(self.bytes);
        (0..self.count).map_while(move |_| cursor.text())
    }
}

/// A counted list; `item` walks over one of its items.
pub(super) fn list<'i>(
    cursor: &mut Cursor<'i>,
    item: impl Fn(&mut Cursor<'i>) -> Option<()>,
) -> Option<List<'i>> {
    let count = cursor.count()?;
    let whole = cursor.rest();
    for _ in 0..count {
        item(cursor)?;
    }
    let bytes = whole.get(..whole.len().checked_sub(cursor.rest().len())?)?;
    Some(List { count, bytes })
}

fn stretch<'i>(cursor: &mut Cursor<'i>) -> Option<Stretch<'i>> {
    let kind = cursor.u8()?;
    let from = if kind & 1 == 0 { None } else { Some(cursor.text()?) };
    let until = match kind >> 1 {
        0 => End::Never,
        1 => End::Fixed(cursor.text()?),
        2 => End::LastAffected(cursor.text()?),
        3 => End::Limit(cursor.text()?),
        _ => return None,
    };
    Some(Stretch { from, until })
}
