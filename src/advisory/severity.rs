//! Severity: vectors to scores, words to levels, and which of several counts (docs/semantics.md, "Groups").

use std::cmp::Ordering;

use super::record::{Rating, VectorKind};
use crate::model::{Level, Severity};

/// The rating of a vector of OSV's severity type `kind`; `None` for another type and for a vector that is
/// not valid, so that neither can lower anything.
///
/// The score is the base score for versions 2 and 3, which is what databases show, and the score of all
/// given metrics for version 4 (CVSS v4.0, section 8).
#[must_use]
pub fn of_vector(kind: &str, vector: &str) -> Option<Rating> {
    let vector = vector.trim();
    let (kind, score) = match kind {
        "CVSS_V2" => {
            let bare = vector.trim_start_matches('(').trim_end_matches(')');
            let read: cvss::v2::Vector = bare.parse().ok()?;
            (VectorKind::V2, read.score().value())
        }
        "CVSS_V3" | "CVSS_V4" => match vector.parse().ok()? {
            cvss::Cvss::CvssV30(read) | cvss::Cvss::CvssV31(read) => {
                (VectorKind::V3, complete_v3(&read)?.score().value())
            }
            cvss::Cvss::CvssV40(read) => (VectorKind::V4, read.score().value()),
            _ => return None,
        },
        _ => return None,
    };
    let tenths = (score * 10.0).round();
    // A NaN is in no range.
    (0.0..=100.0).contains(&tenths).then(|| Rating::Vector {
        kind,
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "from 0 to 100"
        )]
        tenths: tenths as u8,
        vector: vector.to_owned(),
    })
}

/// The rating of GitHub's and others' words, in any letter case.
#[must_use]
pub fn of_word(word: &str) -> Option<Rating> {
    let level = match word.trim().to_ascii_lowercase().as_str() {
        "low" => Level::Low,
        "moderate" | "medium" => Level::Medium,
        "high" | "important" => Level::High,
        "critical" => Level::Critical,
        "none" => Level::None,
        _ => return None,
    };
    Some(Rating::Level(level))
}

/// The one that counts of two: a score before a word, then the higher; of equal scores the newer standard.
#[must_use]
pub fn higher<V: Ord>(left: Option<Rating<V>>, right: Option<Rating<V>>) -> Option<Rating<V>> {
    match (left, right) {
        (None, only) | (only, None) => only,
        (Some(left), Some(right)) => Some(match compare(&left, &right) {
            Ordering::Less => right,
            Ordering::Equal | Ordering::Greater => left,
        }),
    }
}

/// The severity that a group's best rating gives.
#[must_use]
pub fn severity<V: AsRef<str>>(rating: Option<&Rating<V>>) -> Severity {
    match rating {
        None => Severity::assumed(),
        Some(Rating::Level(level)) => Severity {
            level: *level,
            score: None,
            vector: None,
            source: "database_specific".to_owned(),
        },
        Some(Rating::Vector { kind, tenths, vector }) => {
            let score = f64::from(*tenths) / 10.0;
            Severity {
                level: Level::of(score),
                score: Some(score),
                vector: Some(vector.as_ref().to_owned()),
                source: kind.as_str().to_owned(),
            }
        }
    }
}

fn compare<V: Ord>(left: &Rating<V>, right: &Rating<V>) -> Ordering {
    match (left, right) {
        (Rating::Vector { .. }, Rating::Level(_)) => Ordering::Greater,
        (Rating::Level(_), Rating::Vector { .. }) => Ordering::Less,
        (Rating::Level(left), Rating::Level(right)) => left.cmp(right),
        (
            Rating::Vector {
                kind: left_kind,
                tenths: left,
                vector: left_vector,
            },
            Rating::Vector {
                kind: right_kind,
                tenths: right,
                vector: right_vector,
            },
        ) => (left, left_kind)
            .cmp(&(right, right_kind))
            // Of equals the smaller text, so that the order of the sources does not matter.
            .then_with(|| right_vector.cmp(left_vector)),
    }
}

/// A version 3 vector without one of its eight base metrics is not valid (CVSS v3.1, section 6).
fn complete_v3(vector: &cvss::v3::Vector) -> Option<&cvss::v3::Vector> {
    let complete = vector.av.is_some()
        && vector.ac.is_some()
        && vector.pr.is_some()
        && vector.ui.is_some()
        && vector.s.is_some()
        && vector.c.is_some()
        && vector.i.is_some()
        && vector.a.is_some();
    complete.then_some(vector)
}
