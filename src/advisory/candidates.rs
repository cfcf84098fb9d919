//! What the index says of a package, in place: nothing is copied before it matches.

use super::exploits;
use super::file::{Damage, IndexFile};
use super::format::entry::{Entry, claims, members};
use super::format::header::Section;
use super::format::statement::Claim;
use super::record::{Cve, Exploit, Rating};
use super::record_view::{RecordBytes, RecordView};
use super::severity;
use crate::model::{Advisory, Class, IndexKey};

/// Everything that is known of one package.
#[derive(Debug, Clone, Copy)]
pub struct Candidates<'i> {
    file: &'i IndexFile,
    entry: Entry<'i>,
}

/// One group of records, of one package.
#[derive(Debug, Clone, Copy)]
pub struct Candidate<'i> {
    file: &'i IndexFile,
    ecosystem: &'i str,
    name: &'i str,
    members: &'i [u8],
}

/// One record of a group.
#[derive(Debug, Clone, Copy)]
pub struct Member<'i> {
    file: &'i IndexFile,
    record: u32,
    claims: &'i [u8],
}

impl<'i> Candidates<'i> {
    pub(super) fn none(file: &'i IndexFile) -> Self {
        Self {
            file,
            entry: Entry::default(),
        }
    }

    pub(super) fn read(file: &'i IndexFile, entry: &'i [u8]) -> Result<Self, Damage> {
        let entry = Entry::read(entry).ok_or_else(|| Damage::of("an entry is not readable"))?;
        Ok(Self { file, entry })
    }

    /// The entry at `address`.
    pub(super) fn at(file: &'i IndexFile, address: u32) -> Result<Self, Damage> {
        Self::read(file, file.item(Section::Entries, address)?)
    }

    /// The entries that begin in a block.
    pub(super) fn in_block(file: &'i IndexFile, block: u32) -> Vec<Result<Self, Damage>> {
        match file.items(Section::Entries, block) {
            Ok(items) => items
                .map(|item| item.and_then(|(_, bytes)| Self::read(file, bytes)))
                .collect(),
            Err(damage) => vec![Err(damage)],
        }
    }

    /// OSV's name of the ecosystem; empty if nothing is known.
    #[must_use]
    pub fn ecosystem(&self) -> &'i str {
        self.entry.ecosystem
    }

    /// The normalised name; empty if nothing is known.
    #[must_use]
    pub fn name(&self) -> &'i str {
        self.entry.name
    }

    /// The same for the same package, as long as the index is open.
    #[must_use]
    pub fn key(&self) -> IndexKey {
        key(self.entry.groups)
    }

    /// How many groups there are.
    #[must_use]
    pub fn count(&self) -> usize {
        self.entry.count
    }

    /// The groups, by id.
    pub fn groups(&self) -> impl Iterator<Item = Candidate<'i>> + use<'i> {
        let Self { file, entry } = *self;
        entry.groups().map(move |members| Candidate {
            file,
            ecosystem: entry.ecosystem,
            name: entry.name,
            members,
        })
    }
}

/// The key of what the open index keeps in `bytes`.
fn key(bytes: &[u8]) -> IndexKey {
    IndexKey::new(bytes.as_ptr().addr(), bytes.len())
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
    pub fn key(&self) -> IndexKey {
        key(self.members)
    }

    /// The group's records; the one that names it comes first.
    pub fn members(&self) -> impl Iterator<Item = Member<'i>> + use<'i> {
        let file = self.file;
        members(self.members).map(move |(record, claims)| Member { file, record, claims })
    }

    /// The group as one advisory.
    ///
    /// # Errors
    /// [`Damage`] of a block that had to be read.
    pub fn advisory(&self) -> Result<Advisory, Damage> {
        let bytes = self.members().map(|member| member.bytes());
        let bytes = bytes.collect::<Result<Vec<_>, _>>()?;
        let mut records = Vec::with_capacity(bytes.len());
        let mut rating: Option<Rating<&str>> = None;
        for (member, bytes) in self.members().zip(&bytes) {
            let record = bytes.view()?;
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
        let (known_exploited, epss) = exploited(self.file, &id, &aliases)?;
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
fn exploited(file: &IndexFile, id: &str, aliases: &[String]) -> Result<(bool, Option<f64>), Damage> {
    let mut known = false;
    let mut highest = None;
    for cve in std::iter::once(id)
        .chain(aliases.iter().map(String::as_str))
        .filter_map(Cve::parse)
    {
        if let Some(exploit) = exploits::find(file, cve)? {
            known |= exploit.known;
            highest = highest.max(exploit.probability);
        }
    }
    let units = f64::from(Exploit::UNITS);
    Ok((known, highest.map(|probability| f64::from(probability) / units)))
}

impl<'i> Member<'i> {
    /// The record's id.
    ///
    /// # Errors
    /// [`Damage`] of the block that holds it.
    pub fn id(&self) -> Result<String, Damage> {
        Ok(self.bytes()?.view()?.id().to_owned())
    }

    fn bytes(&self) -> Result<RecordBytes<'i>, Damage> {
        RecordBytes::at(self.file, self.record)
    }

    /// The address of the record.
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
        claims(self.claims)
    }
}
