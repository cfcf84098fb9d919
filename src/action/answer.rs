//! What a command returned, and the formats that it can be written in.

use std::collections::HashMap;
use std::io;

use super::backported::Backported;
use super::carries::Carries;
use super::inputs::Mode;
use crate::cli::arguments::OutputOptions;
use crate::cli::output::{self, Sink};
use crate::model::advisory::{TextKey, Texts};
use crate::model::finding::Change;
use crate::model::verdict::ExitCode;
use crate::model::{Failure, Finding, Gate, Grid, Outcome};
use crate::plan::Proposal;
use crate::propose::Proposed;
use crate::report::job::JobPages;
use crate::report::markdown::{COMMENT, ISSUE, SUMMARY};
use crate::report::{self, Form, REPORTS, Style};
use crate::session::Scanned;

/// What a command returned.
pub enum Answer {
    /// A scan.
    Scan(Box<Scanned>),
    /// The answer for one release.
    Gate(Gate),
    /// The grid.
    Status(Grid),
    /// Upgrades, and what became of their pull requests.
    Fix(Box<Fixed>),
    /// The same for release lines.
    Backport(Box<Backported>),
    /// Commits carried to release lines.
    Carry(Box<Carries>),
}

/// Upgrades, and what became of their pull requests.
pub struct Fixed {
    /// What all upgrades together do.
    pub proposal: Proposal,
    /// What became of the pull requests.
    pub proposed: Proposed,
    /// Whether workflows run on them, as a sentence.
    pub runs: Option<&'static str>,
}

impl Fixed {
    /// How the step ends: as the scan of the result, but where the forge failed.
    fn exit_code(&self) -> ExitCode {
        match (self.proposed.failed.is_empty(), self.proposed.done.is_empty()) {
            (true, _) => self.proposal.exit_code(),
            (false, true) => ExitCode::Remote,
            (false, false) => ExitCode::Some,
        }
    }
}

impl From<Outcome> for Answer {
    /// A scan that no index judged.
    fn from(outcome: Outcome) -> Self {
        Self::Scan(Box::new(outcome.into()))
    }
}

/// Counts of findings.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Counts {
    /// Those that affect what was judged; accepted ones do not count.
    pub affected: usize,
    /// Those of them that the gate fails.
    pub blocking: usize,
    /// Those of them that the base does not have; none where nothing was compared.
    pub introduced: usize,
    /// Those of them that the base's policy let pass and that fail here; none where nothing was compared.
    pub escalated: usize,
}

/// The names of the formats that `mode` has.
#[must_use]
pub fn formats(mode: Mode) -> Vec<&'static str> {
    match mode {
        Mode::Scan => REPORTS.iter().map(|report| report.name()).collect(),
        Mode::Gate => names(report::gate::FORMS),
        Mode::Status => names(report::grid::FORMS),
        Mode::Fix => names(report::plan::FORMS),
        Mode::Backport => names(report::lines::FORMS),
    }
}

fn names<T>(forms: &[Form<T>]) -> Vec<&'static str> {
    forms.iter().map(|form| form.name).collect()
}

impl Answer {
    /// The scan behind it.
    #[must_use]
    pub fn outcome(&self) -> &Outcome {
        match self {
            Self::Scan(scanned) => &scanned.outcome,
            Self::Gate(gate) => &gate.outcome,
            Self::Status(grid) => &grid.outcome,
            Self::Fix(fixed) => &fixed.proposal.after,
            Self::Backport(backported) => &backported.plans.after,
            Self::Carry(carries) => &carries.outcome,
        }
    }

    /// How the step ends.
    #[must_use]
    pub fn exit_code(&self) -> ExitCode {
        match self {
            Self::Scan(_) | Self::Gate(_) | Self::Status(_) => self.outcome().exit_code,
            Self::Fix(fixed) => fixed.exit_code(),
            Self::Backport(backported) => backported.exit_code(),
            Self::Carry(carries) => carries.exit_code(),
        }
    }

    /// The long texts of its advisories, where its formats have them.
    #[must_use]
    pub fn texts(&self) -> HashMap<TextKey, Texts> {
        match self {
            Self::Scan(scanned) => scanned.texts(),
            Self::Gate(_) | Self::Status(_) | Self::Fix(_) | Self::Backport(_) | Self::Carry(_) => {
                HashMap::new()
            }
        }
    }

    /// Writes the form called `format`; nothing if there is none.
    ///
    /// # Errors
    /// Only those of `out`.
    pub fn write(&self, format: &str, style: &Style<'_>, out: &mut dyn io::Write) -> io::Result<()> {
        match self {
            Self::Scan(_) => match report::report(format) {
                Some(report) => report.write(self.outcome(), style, out),
                None => Ok(()),
            },
            Self::Gate(gate) => in_form(gate, report::gate::FORMS, format, style, out),
            Self::Status(grid) => in_form(grid, report::grid::FORMS, format, style, out),
            Self::Fix(fixed) => in_form(&fixed.proposal, report::plan::FORMS, format, style, out),
            Self::Backport(backported) => {
                in_form(&backported.plans, report::lines::FORMS, format, style, out)
            }
            Self::Carry(carries) => in_form(&carries.lines, report::carried::FORMS, format, style, out),
        }
    }

    /// Writes the form called `format` to `sink`.
    ///
    /// # Errors
    /// A [`Failure`] if the sink cannot be written.
    pub fn write_to(
        &self,
        options: &OutputOptions,
        format: &str,
        sink: &Sink,
        texts: &HashMap<TextKey, Texts>,
    ) -> Result<(), Failure> {
        let style = output::style(options, sink, texts);
        output::write(sink, |out| self.write(format, &style, out))
    }

    /// The answer in Markdown, within `limit` bytes.
    #[must_use]
    pub fn markdown(&self, pages: &JobPages, limit: usize) -> String {
        match self {
            Self::Scan(_) => report::markdown::within(self.outcome(), pages, limit),
            Self::Gate(gate) => report::gate::markdown::within(gate, pages, limit),
            Self::Status(grid) => report::grid::markdown::within(grid, limit),
            Self::Fix(fixed) => report::plan::markdown::within(&fixed.proposal, limit),
            Self::Backport(backported) => report::lines::markdown::within(&backported.plans, limit),
            Self::Carry(carries) => report::carried::markdown::within(&carries.lines, limit),
        }
    }

    /// The same as the summary of a run.
    #[must_use]
    pub fn summary(&self, pages: &JobPages) -> String {
        let limit = match self {
            Self::Scan(_) | Self::Gate(_) | Self::Fix(_) | Self::Backport(_) | Self::Carry(_) => SUMMARY,
            Self::Status(_) => report::grid::markdown::SUMMARY,
        };
        self.markdown(pages, limit)
    }

    /// The same as a comment; `room` bytes of its limit are for others.
    #[must_use]
    pub fn comment(&self, pages: &JobPages, room: usize) -> String {
        match self {
            Self::Scan(_) => report::markdown::comment(self.outcome(), pages, COMMENT.saturating_sub(room)),
            Self::Gate(_) | Self::Status(_) | Self::Fix(_) | Self::Backport(_) | Self::Carry(_) => {
                self.markdown(pages, ISSUE.saturating_sub(room))
            }
        }
    }

    /// The counts of the outputs.
    #[must_use]
    pub fn counts(&self) -> Counts {
        let count = |counts: fn(&Finding) -> bool| {
            self.outcome()
                .findings()
                .filter(|(_, finding)| finding.is_affected() && counts(finding))
                .count()
        };
        Counts {
            affected: count(|_| true),
            blocking: count(Finding::blocks),
            introduced: count(|finding| finding.change == Some(Change::Introduced)),
            escalated: count(|finding| finding.change == Some(Change::Escalated)),
        }
    }
}

fn in_form<T>(
    what: &T,
    forms: &[Form<T>],
    format: &str,
    style: &Style<'_>,
    out: &mut dyn io::Write,
) -> io::Result<()> {
    match forms.iter().find(|form| form.name == format) {
        Some(form) => (form.write)(what, style, out),
        None => Ok(()),
    }
}
