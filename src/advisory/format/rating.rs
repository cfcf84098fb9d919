//! A severity: one byte for its kind, then a score in tenths and a vector, or a level. The vector's text is left to the
//! caller, since some vectors are shared between records.

use super::bytes::Cursor;
use crate::advisory::record::{Rating, VectorKind};
use crate::model::Level;

/// Types of vectors by their code, from 1 on; 0 is no rating.
const KINDS: [VectorKind; 3] = [VectorKind::V2, VectorKind::V3, VectorKind::V4];

/// The code of a level without a vector.
const LEVEL: u8 = 4;

/// Levels by their code, from 0 on.
const LEVELS: [Level; 5] = [
    Level::None,
    Level::Low,
    Level::Medium,
    Level::High,
    Level::Critical,
];

/// Writes all but the vector, which the caller writes after it.
pub fn write<'r>(bytes: &mut Vec<u8>, rating: Option<&'r Rating>) -> Option<&'r str> {
    match rating {
        None => {
            bytes.push(0);
            None
        }
        Some(Rating::Vector { kind, tenths, vector }) => {
            bytes.extend([code(&KINDS, kind).saturating_add(1), *tenths]);
            Some(vector)
        }
        Some(Rating::Level(level)) => {
            bytes.extend([LEVEL, code(&LEVELS, level)]);
            None
        }
    }
}

fn code<T: PartialEq>(all: &[T], one: &T) -> u8 {
    (0..)
        .zip(all)
        .find(|(_, known)| *known == one)
        .map_or(u8::MAX, |(code, _)| code)
}

/// Reads a rating, whose vector `vector` reads. The outer `None` is one that cannot be read.
#[expect(clippy::option_option, reason = "unreadable and absent are different")]
pub fn read<'b, V>(
    cursor: &mut Cursor<'b>,
    vector: impl FnOnce(&mut Cursor<'b>) -> Option<V>,
) -> Option<Option<Rating<V>>> {
    let code = cursor.u8()?;
    let Some(kind) = code.checked_sub(1) else {
        return Some(None);
    };
    Some(Some(match code {
        LEVEL => Rating::Level(*LEVELS.get(usize::from(cursor.u8()?))?),
        _ => Rating::Vector {
            kind: *KINDS.get(usize::from(kind))?,
            tenths: cursor.u8()?,
            vector: vector(cursor)?,
        },
    }))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::advisory::format::bytes::put_text;

    #[test]
    fn ratings_survive() {
        let vectors = KINDS.map(|kind| Rating::Vector {
            kind,
            tenths: 97,
            vector: "CVSS:3.1/AV:N".to_owned(),
        });
        let ratings = vectors
            .into_iter()
            .chain(LEVELS.map(Rating::Level))
            .map(Some)
            .chain([None]);
        for rating in ratings {
            let mut bytes = Vec::new();
            if let Some(vector) = write(&mut bytes, rating.as_ref()) {
                put_text(&mut bytes, vector);
            }
            let read_back = read(&mut Cursor::new(&bytes), |cursor| {
                cursor.text().map(str::to_owned)
            });
            assert_eq!(read_back, Some(rating));
            bytes.pop();
            assert_eq!(read(&mut Cursor::new(&bytes), Cursor::text), None);
        }
        assert_eq!(read(&mut Cursor::new(&[5, 0, 0]), Cursor::text), None);
        assert_eq!(read(&mut Cursor::new(&[LEVEL, 5]), Cursor::text), None);
    }
}
