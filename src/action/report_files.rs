//! Which report files the step writes.

use std::path::{Path, PathBuf};

use super::answer;
use super::inputs::{Inputs, Mode};
use crate::cli::arguments::Reports;
use crate::cli::by_ref;
use crate::cli::output::{self, Sink};
use crate::model::Failure;

/// Where the SARIF file goes if no input says so.
pub const SARIF_FILE: &str = "lockkeeper.sarif";

/// Which files are written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReportFiles {
    /// The SARIF file; `None` where the mode has none.
    sarif: Option<String>,
    /// Refs are scanned, of which each has a SARIF file of its own.
    refs: bool,
    /// The file of `report-file`, and its format.
    report: Option<(&'static str, String)>,
    /// Reports that `args` asks for.
    others: Vec<(&'static str, Sink)>,
}

impl ReportFiles {
    /// What the inputs and the flags among them ask for.
    ///
    /// # Errors
    /// A [`Failure`] of usage for a format that the mode does not have, or a report that goes to standard output.
    pub fn of(inputs: &Inputs, reports: &Reports) -> Result<Self, Failure> {
        let known = answer::formats(inputs.mode);
        let report = match &inputs.report_file {
            None => None,
            Some(file) => Some((format_of(file, inputs.mode, &known)?, file.clone())),
        };
        let others = match (reports.format.as_slice(), reports.output.as_slice()) {
            ([], []) => Vec::new(),
            (_, _) => output::pair(reports, &known)?,
        };
        if others.iter().any(|(_, sink)| *sink == Sink::Standard) {
            return Err(Failure::usage(
                "`args` asks for a report on standard output, which is the job's log",
                "Give an `--output` for each `--format`, or use the input `report-file`.",
            ));
        }
        if let (Some(sarif), Some(report)) = (&inputs.sarif_file, &inputs.report_file)
            && sarif == report
        {
            return Err(Failure::usage(
                format!("`sarif-file` and `report-file` are both {sarif:?}"),
                "Give each a name of its own.",
            ));
        }
        let sarif = match inputs.mode {
            Mode::Scan => Some(inputs.sarif_file.clone().unwrap_or_else(|| SARIF_FILE.to_owned())),
            Mode::Gate | Mode::Status | Mode::Fix | Mode::Backport => None,
        };
        Ok(Self {
            sarif,
            refs: false,
            report,
            others,
        })
    }

    /// The files that inputs name, of a step that failed.
    #[must_use]
    pub fn asked_for(self, inputs: &Inputs) -> Self {
        let sarif = self.sarif.filter(|_| inputs.sarif_file.is_some());
        Self { sarif, ..self }
    }

    /// Every report: the output that names it, its format, its place.
    pub(super) fn reports(&self) -> Vec<(Option<&'static str>, &'static str, Sink)> {
        let as_file = |file: &String| Sink::File(PathBuf::from(file));
        let sarif = self
            .sarif
            .iter()
            .map(|file| (Some("sarif-file"), "sarif", as_file(file)));
        let report = self
            .report
            .iter()
            .map(|(format, file)| (Some("report-file"), *format, as_file(file)));
        let others = self
            .others
            .iter()
            .map(|(format, sink)| (None, *format, sink.clone()));
        sarif.chain(report).chain(others).collect()
    }

    /// Every report: its format, its place, and whether an input names it.
    pub(super) fn places(&self, is_sarif_named: bool) -> Vec<(&'static str, Sink, bool)> {
        let reports = self.reports().into_iter();
        reports
            .map(|(name, format, sink)| (format, sink, name != Some("sarif-file") || is_sarif_named))
            .collect()
    }

    /// A report in this format at this place is about one of the refs that are scanned.
    pub(super) fn is_of_one_ref(&self, format: &str, sink: &Sink) -> bool {
        let is_named = matches!(sink, Sink::File(path) if path.to_string_lossy().contains(by_ref::REF));
        by_ref::is_of_one_ref(format) && (self.refs || is_named)
    }

    /// Whether refs were scanned.
    #[must_use]
    pub fn of_refs(&self) -> bool {
        self.refs
    }

    /// The same for a scan of refs.
    #[must_use]
    pub fn for_refs(self, refs: bool) -> Self {
        Self { refs, ..self }
    }
}

/// The format of a file's ending; JSON for an unknown one.
fn format_of(file: &str, mode: Mode, known: &[&'static str]) -> Result<&'static str, Failure> {
    let name = Path::new(file).file_name().unwrap_or_default().to_string_lossy();
    if let Some(format) = output::of_bill(&name).filter(|format| known.contains(format)) {
        return Ok(format);
    }
    let format = match Path::new(file).extension().and_then(|ending| ending.to_str()) {
        Some("md") => "markdown",
        Some("sarif") => "sarif",
        Some("txt") => "terminal",
        Some("html" | "htm") => "html",
        Some(_) | None => "json",
    };
    if known.contains(&format) {
        return Ok(format);
    }
    Err(Failure::usage(
        format!(
            "the ending of `report-file` asks for {format}, which mode {} does not have",
            mode.as_str()
        ),
        format!("Choose an ending for one of: {}.", known.join(", ")),
    ))
}
