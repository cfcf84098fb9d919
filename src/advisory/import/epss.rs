//! FIRST's scores: how probable it is that a vulnerability will be exploited within 30 days.

use std::io::{BufRead, BufReader, Read};

use jiff::Timestamp;
use jiff::civil::Date;

use crate::advisory::record::{Cve, Exploit};
use crate::schema;

/// What one day's file says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Scores {
    /// The probability of each vulnerability in [`Exploit::UNITS`], in the order of the file.
    pub scores: Vec<(Cve, u32)>,
    /// Lines that are none.
    pub rejected: u64,
    /// The day of the scores.
    pub scored: Option<Timestamp>,
}

/// A longer line is no score, in bytes.
const MAX_LINE: usize = 4 << 10;

/// A larger table is refused, in bytes after unpacking. The real one has some 20 MB.
const MAX_TABLE: u64 = 256 << 20;

/// Reads the CSV.
///
/// # Errors
/// What the reader says; [`std::io::ErrorKind::InvalidData`] for a line or a table that is too long.
pub fn read(csv: impl Read) -> Result<Scores, std::io::Error> {
    let mut csv = BufReader::new(Lines {
        csv,
        line: 0,
        total: 0,
    });
    let mut first = Vec::new();
    (&mut csv).take(1024).read_until(b'\n', &mut first)?;
    let scored = std::str::from_utf8(&first)
        .ok()
        .and_then(schema::epss::score_date)
        .and_then(day);
    let mut scores = Scores {
        scores: Vec::new(),
        rejected: 0,
        scored,
    };
    for row in schema::epss::rows(first.as_slice().chain(csv)) {
        let read = match row {
            Ok(row) => Cve::parse(&row.cve).zip(units(&row.score)),
            Err(error) => match error.into_kind() {
                csv::ErrorKind::Io(error) => return Err(error),
                _ => None,
            },
        };
        match read {
            Some(score) => scores.scores.push(score),
            None => scores.rejected = scores.rejected.saturating_add(1),
        }
    }
    Ok(scores)
}

/// A table whose lines have a limit: a line without an end is an error, and not read for ever.
struct Lines<R> {
    csv: R,
    /// Bytes since the last end of a line.
    line: usize,
    total: u64,
}

impl<R: Read> Read for Lines<R> {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        let read = self.csv.read(buffer)?;
        let bytes = buffer.get(..read).unwrap_or_default();
        for piece in bytes.split_inclusive(|byte| *byte == b'\n') {
            self.line = self.line.saturating_add(piece.len());
            if self.line > MAX_LINE {
                return Err(too_long(format!("a line is longer than {MAX_LINE} bytes")));
            }
            if piece.ends_with(b"\n") {
                self.line = 0;
            }
        }
        self.total = self.total.saturating_add(read as u64);
        match self.total > MAX_TABLE {
            true => Err(too_long(format!("it is larger than {MAX_TABLE} bytes"))),
            false => Ok(read),
        }
    }
}

fn too_long(reason: String) -> std::io::Error {
    std::io::Error::new(std::io::ErrorKind::InvalidData, reason)
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
        .then(|| (score * f64::from(Exploit::UNITS)).round() as u32)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_and_a_table_end() {
        let head = "#model_version:v1,score_date:2026-11-20T00:00:00Z\ncve,epss,percentile\n";
        for endless in ["9", "\"", ","] {
            let csv = head.as_bytes().chain(std::io::repeat(endless.as_bytes()[0]));
            let error = read(csv).unwrap_err();
            assert!(error.to_string().contains("a line is longer"), "{error}");
        }
        // A quote that never ends takes no further line with it.
        let open = format!("{head}\"CVE-2021-1,0.5\nCVE-2021-2,0.5,0\n");
        let scores = read(open.as_bytes()).unwrap();
        assert_eq!((scores.scores.len(), scores.rejected), (1, 1));
        struct Rows;
        impl Read for Rows {
            fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
                buffer.fill(b'\n');
                Ok(buffer.len())
            }
        }
        let error = read(Rows).unwrap_err();
        assert!(error.to_string().contains("it is larger than"), "{error}");
    }

    #[test]
    fn scores_survive_their_units() {
        let csv = "#model_version:v1,score_date:2026-11-20T00:00:00+0000\ncve,epss,percentile\n\
                   CVE-2021-44228,0.94358,0.99962\nCVE-2020-1,1.5,0\nnothing,0.1,0\nCVE-2020-2,0.00043,0.1\n";
        let scores = read(csv.as_bytes()).unwrap();
        assert_eq!(scores.rejected, 2);
        let back: Vec<f64> = scores
            .scores
            .iter()
            .map(|(_, units)| f64::from(*units) / f64::from(Exploit::UNITS))
            .collect();
        assert_eq!(back, [0.94358, 0.00043]);
        assert_eq!(
            scores.scored.map(|day| day.to_string()).as_deref(),
            Some("2026-11-20T00:00:00Z")
        );
    }
}
