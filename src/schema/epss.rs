//! FIRST's exploit prediction scores, as the daily CSV is: a line `#model_version:…,score_date:…`, a line of
//! column names, then one vulnerability a line.

use std::io::Read;

/// One line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ScoreRow {
    /// `CVE-…`.
    pub cve: String,
    /// The probability as written, `0.00043`.
    pub score: String,
}

/// The date in the first line's `score_date:`, as written; `None` if `first_line` holds none.
#[must_use]
pub fn score_date(first_line: &str) -> Option<&str> {
    first_line
        .strip_prefix('#')?
        .trim_end()
        .split(',')
        .find_map(|part| part.strip_prefix("score_date:"))
}

/// The rows of `csv`, each an error of its own if it is none.
pub fn rows<R: Read>(csv: R) -> impl Iterator<Item = Result<ScoreRow, csv::Error>> {
    let reader = csv::ReaderBuilder::new()
        .comment(Some(b'#'))
        .flexible(true)
        .quoting(false)
        .from_reader(csv);
    reader.into_records().map(|record| {
        let record = record?;
        Ok(ScoreRow {
            cve: record.get(0).unwrap_or_default().to_owned(),
            score: record.get(1).unwrap_or_default().to_owned(),
        })
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn comment_and_header_are_no_rows() {
        let csv = "#model_version:v2026.03.14,score_date:2026-11-20T00:00:00Z\ncve,epss,percentile\nCVE-2021-44228,0.94358,0.99962\n";
        assert_eq!(
            score_date(csv.lines().next().unwrap()),
            Some("2026-11-20T00:00:00Z")
        );
        let rows: Vec<ScoreRow> = rows(csv.as_bytes()).map(Result::unwrap).collect();
        assert_eq!(rows.len(), 1);
        assert_eq!(rows[0].score, "0.94358");
    }
}
