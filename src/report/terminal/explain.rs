//! Why a finding is there, why it was decided so and what would change it, for a person.

use std::cmp::Reverse;
use std::io;

use super::findings::{ids, path_line, severity};
use super::gaps::MAX_GAPS;
use super::page::{Line, Page, Shade, Word};
use super::{commands_line, is_plain};
use crate::model::explanation::{Explanation, Matched};
use crate::model::{Advisory, Finding};
use crate::report::Length;
use crate::report::phrases::{self, counted, remedy};
use crate::report::places::place;

/// Lines of an advisory's details, unless all are asked for.
const MAX_DETAILS: usize = 12;

pub(super) fn write(explanation: &Explanation, length: Length, page: &mut Page<'_>) -> io::Result<()> {
    match &explanation.advisory {
        Some(advisory) => head(advisory, page)?,
        None => page.text(Shade::Strong, 0, "no known advisory for this package", 1)?,
    }
    match explanation.findings.as_slice() {
        [] if explanation.unjudged.is_empty() => page.heading("Affected: nothing in this tree")?,
        [] => page.heading("Affected: nothing in what was checked")?,
        findings => {
            page.heading("Affected")?;
            for finding in findings {
                affected(finding, page)?;
            }
        }
    }
    if !explanation.unjudged.is_empty() {
        page.heading("Not checked: it may be affected too")?;
        for gap in explanation.unjudged.iter().take(MAX_GAPS) {
            let text = match place(gap, usize::MAX) {
                None => gap.reason.clone(),
                Some(place) => format!("{place}  {}", gap.reason),
            };
            page.text(Shade::Bad, 2, &text, 3)?;
        }
    }
    if !explanation.decisions.is_empty() {
        page.heading("Policy rules, in order")?;
        for ruling in &explanation.decisions {
            let (shade, mark) = match ruling.matched {
                Matched::Yes => (Shade::Strong, "→"),
                Matched::No => (Shade::Dim, " "),
            };
            let words = [(shade, format!("{}: {}", ruling.rule, ruling.why))];
            page.whole_words(Line::indented(2).with(shade, mark).padded_to(4, 1), 4, &words)?;
        }
    }
    if !explanation.would_change.is_empty() {
        page.heading("What would change the verdict")?;
        for change in &explanation.would_change {
            page.text(Shade::Plain, 2, change, 4)?;
        }
    }
    if !explanation.exception.is_empty() {
        page.heading("To accept it until a day, in the policy (with your own reason and owner)")?;
        for line in explanation.exception.lines() {
            page.line(&Line::indented(2).with(Shade::Plain, line))?;
        }
    }
    texts(explanation, length, page)
}

/// What affects a package, one line each, and how much else is known of it.
pub(super) fn package(
    explanations: &[Explanation],
    others: &[Advisory],
    same: &str,
    length: Length,
    page: &mut Page<'_>,
) -> io::Result<()> {
    let mut affecting: Vec<(&Advisory, &[Finding])> = explanations
        .iter()
        .filter(|explanation| !explanation.findings.is_empty())
        .filter_map(|explanation| Some((explanation.advisory.as_ref()?, explanation.findings.as_slice())))
        .collect();
    affecting.sort_by_key(|(advisory, findings)| {
        let decided = findings.iter().filter(|finding| finding.is_affected());
        (
            Reverse(decided.map(|finding| finding.decision).max()),
            Reverse(advisory.severity.level),
            &advisory.id,
        )
    });
    let rest = explanations
        .iter()
        .filter(|explanation| explanation.findings.is_empty())
        .filter_map(|explanation| explanation.advisory.as_ref());
    let rest: Vec<&Advisory> = rest.chain(others).collect();
    let heading = match affecting.len() {
        0 => "Affected: nothing in what was checked".to_owned(),
        some => format!("Affected by {}", counted(some, "advisory", "advisories")),
    };
    page.line(&Line::new().with(Shade::Strong, &heading))?;
    for (advisory, findings) in &affecting {
        let Some(finding) = findings.first() else { continue };
        let (shade, word) = severity(advisory);
        let more = match findings.len() {
            0 | 1 => String::new(),
            several => format!(" and {}", counted(several - 1, "more location", "more locations")),
        };
        let mut versions: Vec<&str> = Vec::new();
        for finding in *findings {
            if !versions.contains(&finding.version.as_str()) {
                versions.push(&finding.version);
            }
        }
        let place = format!("{}:{}{more}", finding.file, finding.place().line);
        let words: [Word; 6] = [
            (shade, word).into(),
            Word::id(Shade::Strong, &advisory.id),
            (Shade::Plain, format!("{} {}", finding.name, versions.join(", "))).into(),
            (Shade::Dim, place).into(),
            (Shade::Plain, phrases::decision(finding)).into(),
            (Shade::Plain, remedy(finding)).into(),
        ];
        page.whole_words(Line::indented(2), 4, &words)?;
    }
    let unjudged = explanations
        .iter()
        .flat_map(|explanation| &explanation.unjudged)
        .count();
    if unjudged > 0 {
        page.text(
            Shade::Bad,
            2,
            "Not everything was checked: it may be affected by more.",
            2,
        )?;
    }
    if !rest.is_empty() {
        let count = match affecting.is_empty() {
            true => counted(rest.len(), "advisory of it affects", "advisories of it affect"),
            false => counted(
                rest.len(),
                "more advisory of it affects",
                "more advisories of it affect",
            ),
        };
        if length != Length::Full {
            page.heading(&format!("{count} nothing here (-v lists all)"))?;
        } else {
            page.heading(&format!("{count} nothing here"))?;
            for advisory in rest {
                let (shade, word) = severity(advisory);
                let words: [Word; 3] = [
                    (shade, word).into(),
                    Word::id(Shade::Strong, &advisory.id),
                    (Shade::Plain, advisory.summary.clone()).into(),
                ];
                page.whole_words(Line::indented(2), 4, &words)?;
            }
        }
    }
    match affecting.first().filter(|(advisory, _)| is_plain(&advisory.id)) {
        Some((advisory, _)) => commands_line(vec![format!("lockkeeper explain {}{same}", advisory.id)], page),
        None => Ok(()),
    }
}

fn head(advisory: &Advisory, page: &mut Page<'_>) -> io::Result<()> {
    page.whole_words(Line::new(), 2, &ids(advisory))?;
    page.text(Shade::Plain, 2, &advisory.summary, 4)?;
    let (shade, word) = severity(advisory);
    let mut words = vec![(shade, word)];
    if advisory.severity.source != "assumed" {
        words.push((
            Shade::Dim,
            format!("rated {}", phrases::rated(&advisory.severity)),
        ));
    }
    if let Some(vector) = &advisory.severity.vector {
        words.push((Shade::Dim, vector.clone()));
    }
    if let Some(published) = advisory.published {
        words.push((
            Shade::Dim,
            format!("published {}", published.strftime("%Y-%m-%d")),
        ));
    }
    page.whole_words(Line::indented(2), 2, &words)
}

fn affected(finding: &Finding, page: &mut Page<'_>) -> io::Result<()> {
    let place = format!("{}:{}", finding.file, finding.place().line);
    let words = [
        (Shade::Strong, format!("{} {}", finding.name, finding.version)),
        (Shade::Plain, place),
    ];
    page.whole_words(Line::indented(2), 4, &words)?;
    page.text(Shade::Plain, 4, &finding.reason, 3)?;
    let decided = format!(
        "{} by the rule {}. {}",
        phrases::decision(finding),
        finding.rule,
        remedy(finding)
    );
    page.text(Shade::Plain, 4, &decided, 3)?;
    if let Some(excepted) = finding.exception() {
        page.text(
            Shade::Plain,
            4,
            &format!("accepted {}", phrases::exception(excepted)),
            4,
        )?;
    }
    if let Some(change) = finding.change {
        page.text(Shade::Plain, 4, phrases::change(change), 1)?;
    }
    let more = finding.paths_total.saturating_sub(finding.paths.len());
    for path in finding.paths.iter() {
        path_line(path, "", page)?;
    }
    match more {
        0 => Ok(()),
        more => page.text(
            Shade::Dim,
            4,
            &format!("and from {}", counted(more, "more root", "more roots")),
            1,
        ),
    }
}

fn texts(explanation: &Explanation, length: Length, page: &mut Page<'_>) -> io::Result<()> {
    let lines: Vec<&str> = explanation.texts.details.lines().map(str::trim_end).collect();
    if !lines.is_empty() {
        page.heading("Details")?;
        let shown = match length {
            Length::Verdict | Length::Normal => MAX_DETAILS,
            Length::Full => usize::MAX,
        };
        for line in lines.iter().take(shown) {
            match line.trim() {
                "" => page.gap()?,
                text => page.text(Shade::Plain, 2, text, usize::MAX)?,
            }
        }
        match lines.len().saturating_sub(shown) {
            0 => {}
            more => {
                let text = format!(
                    "… and {} (-v shows all)",
                    counted(more, "more line", "more lines")
                );
                page.text(Shade::Dim, 2, &text, 1)?;
            }
        }
    }
    if explanation.texts.references.is_empty() {
        return Ok(());
    }
    page.heading("References")?;
    for (_, address) in &explanation.texts.references {
        page.whole_words(Line::indented(2), 4, &[Word::address(Shade::Plain, address)])?;
    }
    Ok(())
}
