//! FIRST's scores: how probable it is that a flaw will be exploited within 30 days.

use std::io::{BufRead, BufReader, Read};

use jiff::Timestamp;
use jiff::civil::Date;

use crate::advisory::record::Cve;
use crate::wire;

/// What one day's file says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Scores {
    /// Each flaw's probability in units of 10⁻⁹, in the order of the file.
    pub flaws: Vec<(Cve, u32)>,
    /// Lines that are none.
    pub rejected: u64,
    /// The day of the scores.
    pub scored: Option<Timestamp>,
}

/// Units of a stored probability.
pub const UNITS: u32 = 1_000_000_000;

/// Reads the CSV.
///
/// # Errors
/// What the reader says.
pub fn read(csv: impl Read) -> Result<Scores, std::io::Error> {
    let mut csv = BufReader::new(csv);
    let mut first = Vec::new();
    (&mut csv).take(1024).read_until(b'\n', &mut first)?;
    let scored = std::str::from_utf8(&first)
        .ok()
        .and_then(wire::epss::score_date)
        .and_then(day);
    let mut scores = Scores {
        flaws: Vec::new(),
        rejected: 0,
        scored,
    };
    for row in wire::epss::rows(first.as_slice().chain(csv)) {
        let read = match row {
            Ok(row) => Cve::parse(&row.cve).zip(units(&row.score)),
            Err(error) => match error.into_kind() {
                csv::ErrorKind::Io(error) => return Err(error),
                _ => None,
            },
        };
        match read {
            Some(flaw) => scores.flaws.push(flaw),
            None => scores.rejected = scores.rejected.saturating_add(1),
        }
    }
    Ok(scores)
}

fn day(text: &str) -> Option<Timestamp> {
    let whole = text.parse::<Timestamp>().ok();
    whole.or_else(|| {
        let date: Date = text.get(..10)?.parse().ok()?;
        date.to_zoned(jiff::tz::TimeZone::UTC)
            .ok()
            .map(|day| day.timestamp())
    })
}

fn units(score: &str) -> Option<u32> {
    let score: f64 = score.trim().parse().ok()?;
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "from 0 to 10⁹"
    )]
    (0.0..=1.0)
        .contains(&score)
        .then(|| (score * f64::from(UNITS)).round() as u32)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scores_survive_their_units() {
        let csv = "#model_version:v1,score_date:2026-11-20T00:00:00+0000\ncve,epss,percentile\n\
                   CVE-2021-44228,0.94358,0.99962\nCVE-2020-1,1.5,0\nnothing,0.1,0\nCVE-2020-2,0.00043,0.1\n";
        let scores = read(csv.as_bytes()).unwrap();
        assert_eq!(scores.rejected, 2);
        let back: Vec<f64> = scores
            .flaws
            .iter()
            .map(|(_, units)| f64::from(*units) / f64::from(UNITS))
            .collect();
        assert_eq!(back, [0.94358, 0.00043]);
        assert_eq!(
            scores.scored.map(|day| day.to_string()).as_deref(),
            Some("2026-11-20T00:00:00Z")
        );
    }
}
