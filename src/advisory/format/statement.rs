//! Which versions of a package a record calls affected, and how severe that is for this package alone: one byte of flags,
//! then what they announce.

use super::bytes::{Cursor, List, put_text, put_texts, put_varint};
use super::rating;
use crate::advisory::record::{Affected, End, Interval, Rating, Statement, Undecided};

/// The source listed versions.
const LISTED: u8 = 1;
/// A range is undecided, since no order is known.
const NO_SCHEME: u8 = 1 << 1;
/// A range is undecided; the reason follows.
const UNDECIDED: u8 = 1 << 2;
/// A rating follows.
const RATED: u8 = 1 << 3;
/// Fixed versions that end no interval follow.
const FURTHER_FIXED: u8 = 1 << 4;
/// Versions follow.
const VERSIONS: u8 = 1 << 5;
/// The only interval has every version, and is not written.
const EVERYTHING: u8 = 1 << 6;

/// Writes what a record says of one package, but not its name.
pub fn write(bytes: &mut Vec<u8>, affected: &Affected) {
    let Statement {
        intervals,
        further_fixed,
        versions,
        listed,
        undecided,
    } = &affected.statement;
    let everything = matches!(intervals.as_slice(), [only] if only.is_everything());
    let flag = |set: bool, flag: u8| if set { flag } else { 0 };
    bytes.push(
        flag(*listed, LISTED)
            | match undecided {
                None => 0,
                Some(Undecided::NoScheme) => NO_SCHEME,
                Some(Undecided::Event(_)) => UNDECIDED,
            }
            | flag(affected.rating.is_some(), RATED)
            | flag(!further_fixed.is_empty(), FURTHER_FIXED)
            | flag(!versions.is_empty(), VERSIONS)
            | flag(everything, EVERYTHING),
    );
    if let Some(Undecided::Event(reason)) = undecided {
        put_text(bytes, reason);
    }
    if affected.rating.is_some()
        && let Some(vector) = rating::write(bytes, affected.rating.as_ref())
    {
        put_text(bytes, vector);
    }
    if !everything {
        put_varint(bytes, intervals.len() as u64);
        for interval in intervals {
            write_interval(bytes, interval);
        }
    }
    for list in [further_fixed, versions] {
        if !list.is_empty() {
            put_texts(bytes, list);
        }
    }
}

/// What one `affected` entry of a record says.
#[derive(Debug, Clone, Copy)]
pub struct Claim<'i> {
    /// Why a range could not be evaluated, if one could not.
    pub undecided: Option<Undecided<&'i str>>,
    /// The source listed versions, even if [`Claim::versions`] gives none: those were inside the intervals.
    pub listed: bool,
    /// The severity of this package alone.
    pub rating: Option<Rating<&'i str>>,
    everything: bool,
    intervals: List<'i>,
    further_fixed: List<'i>,
    versions: List<'i>,
}

impl<'i> Claim<'i> {
    /// Reads what [`write`] wrote.
    pub(in crate::advisory) fn read(cursor: &mut Cursor<'i>) -> Option<Self> {
        let flags = cursor.u8()?;
        let set = |flag: u8| flags & flag != 0;
        let undecided = match (set(NO_SCHEME), set(UNDECIDED)) {
            (false, false) => None,
            (false, true) => Some(Undecided::Event(cursor.text()?)),
            (true, _) => Some(Undecided::NoScheme),
        };
        let rating = match set(RATED) {
            true => rating::read(cursor, Cursor::text)?,
            false => None,
        };
        let everything = set(EVERYTHING);
        let intervals = match everything {
            true => List::default(),
            false => List::read(cursor, |cursor| read_interval(cursor).map(drop))?,
        };
        let mut texts = |flag: u8| match set(flag) {
            true => List::of_texts(cursor),
            false => Some(List::default()),
        };
        Some(Self {
            undecided,
            listed: set(LISTED),
            rating,
            everything,
            intervals,
            further_fixed: texts(FURTHER_FIXED)?,
            versions: texts(VERSIONS)?,
        })
    }

    /// Affected intervals.
    pub fn intervals(&self) -> impl Iterator<Item = Interval<&'i str>> + use<'i> {
        let everything = self.everything.then_some(Interval::EVERYTHING);
        everything.into_iter().chain(self.intervals.items(read_interval))
    }

    /// Single affected versions, sorted as texts.
    pub fn versions(&self) -> impl Iterator<Item = &'i str> + use<'i> {
        self.versions.texts()
    }

    /// Fixed versions that end no interval.
    pub fn further_fixed(&self) -> impl Iterator<Item = &'i str> + use<'i> {
        self.further_fixed.texts()
    }

    /// Every version that the source calls fixed.
    pub fn fixed(&self) -> impl Iterator<Item = &'i str> + use<'i> {
        let ends = self.intervals().filter_map(|interval| match interval.until {
            End::Fixed(version) => Some(version),
            End::Never | End::LastAffected(_) | End::Limit(_) => None,
        });
        ends.chain(self.further_fixed())
    }

    /// The same, owned.
    #[must_use]
    pub fn to_statement(self) -> Statement {
        let owned = |texts: List<'i>| texts.texts().map(str::to_owned).collect();
        let mut intervals: Vec<Interval> = self
            .intervals()
            .map(|interval| interval.map(str::to_owned))
            .collect();
        intervals.shrink_to_fit();
        Statement {
            intervals,
            further_fixed: owned(self.further_fixed),
            versions: owned(self.versions),
            listed: self.listed,
            undecided: self.undecided.map(|undecided| match undecided {
                Undecided::NoScheme => Undecided::NoScheme,
                Undecided::Event(reason) => Undecided::Event(reason.to_owned()),
            }),
        }
    }
}

/// One byte for the kind of end and whether there is a start, then those versions.
fn write_interval(bytes: &mut Vec<u8>, interval: &Interval) {
    let (kind, end) = match &interval.until {
        End::Never => (0, None),
        End::Fixed(version) => (1, Some(version)),
        End::LastAffected(version) => (2, Some(version)),
        End::Limit(version) => (3, Some(version)),
    };
    bytes.push(kind << 1 | u8::from(interval.from.is_some()));
    for version in interval.from.iter().chain(end) {
        put_text(bytes, version);
    }
}

fn read_interval<'b>(cursor: &mut Cursor<'b>) -> Option<Interval<&'b str>> {
    let kind = cursor.u8()?;
    let from = if kind & 1 == 0 { None } else { Some(cursor.text()?) };
    let until = match kind >> 1 {
        0 => End::Never,
        1 => End::Fixed(cursor.text()?),
        2 => End::LastAffected(cursor.text()?),
        3 => End::Limit(cursor.text()?),
        _ => return None,
    };
    Some(Interval { from, until })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::advisory::record::VectorKind;
    use crate::model::Ecosystem;

    fn text(text: &str) -> String {
        text.to_owned()
    }

    fn statements() -> Vec<Statement> {
        let ends = [
            End::Never,
            End::Fixed(text("2")),
            End::LastAffected(text("3")),
            End::Limit(text("4")),
        ];
        let intervals = |from: Option<&str>| -> Vec<Interval> {
            let interval = |until: &End| Interval {
                from: from.map(str::to_owned),
                until: until.clone(),
            };
            ends.iter().map(interval).collect()
        };
        let everything = Statement {
            intervals: vec![Interval {
                from: None,
                until: End::Never,
            }],
            ..Statement::default()
        };
        vec![
            Statement::default(),
            everything.clone(),
            Statement {
                intervals: intervals(None),
                listed: true,
                ..Statement::default()
            },
            Statement {
                intervals: intervals(Some("1")),
                further_fixed: vec![text("5")],
                ..Statement::default()
            },
            Statement {
                versions: vec![text("6"), text("7")],
                undecided: Some(Undecided::NoScheme),
                ..everything
            },
            Statement {
                undecided: Some(Undecided::Event(text("fixed \"x\""))),
                ..Statement::default()
            },
        ]
    }

    #[test]
    fn statements_survive_and_none_that_is_cut_is_read() {
        let vector = Rating::Vector {
            kind: VectorKind::V3,
            tenths: 98,
            vector: text("CVSS:3.1/AV:N"),
        };
        for statement in statements() {
            for rating in [None, Some(vector.clone())] {
                let affected = Affected {
                    ecosystem: Ecosystem::NPM,
                    name: text("left"),
                    rating: rating.clone(),
                    statement: statement.clone(),
                };
                let mut bytes = Vec::new();
                write(&mut bytes, &affected);
                let mut cursor = Cursor::new(&bytes);
                let claim = Claim::read(&mut cursor).unwrap();
                assert!(cursor.rest().is_empty());
                assert_eq!(claim.to_statement(), statement);
                assert_eq!(claim.rating.map(|rating| rating.map(str::to_owned)), rating);
                for end in 0..bytes.len() {
                    assert!(Claim::read(&mut Cursor::new(&bytes[..end])).is_none(), "{end}");
                }
            }
        }
    }
}
