//! Reports: an [`Outcome`] becomes bytes. A report opens nothing; what it shows was read before.
//!
//! To add a report: write `report/x.rs` (a folder `report/x/` if one file is not enough) with a unit
//! struct that implements [`Report`], add it to [`REPORTS`], and add its outcomes to `tests/it/report/x.rs`.
//! The files here that are no report are a subject that several reports share.

pub mod bill;
pub mod carried;
pub mod cyclonedx;
pub mod exceptions;
pub mod gate;
pub mod grid;
pub mod headline;
pub mod html;
pub mod job;
pub mod json;
pub mod lines;
pub mod links;
pub mod markdown;
pub mod openvex;
pub mod osv;
pub mod ours;
pub mod phrases;
pub mod places;
pub mod plan;
pub mod sarif;
pub mod spdx;
pub mod terminal;
pub mod workflow_commands;

use std::collections::HashMap;
use std::io;

use crate::model::Outcome;
use crate::model::advisory::{TextKey, Texts};

/// A format of what a scan found.
///
/// Equal outcomes and styles give equal bytes. All text of an outcome is hostile: a report shows it and
/// never lets it act, whatever reads the report.
pub trait Report: Sync {
    /// The name that `--format` knows it by; also the name of its file.
    fn name(&self) -> &'static str;

    /// It lists all that is locked: [`crate::model::Target::bill`] is asked for.
    fn needs_bill(&self) -> bool {
        false
    }

    /// Writes the report.
    ///
    /// # Errors
    /// Only those of `out`.
    fn write(&self, outcome: &Outcome, style: &Style<'_>, out: &mut dyn io::Write) -> io::Result<()>;
}

/// Every report, in alphabetical order.
pub static REPORTS: &[&dyn Report] = &[
    &cyclonedx::CycloneDx,
    &html::Html,
    &json::Json,
    &markdown::Markdown,
    &openvex::OpenVex,
    &sarif::SarifReport,
    &spdx::Spdx,
    &terminal::Terminal,
];

/// The report called `name`.
#[must_use]
pub fn report(name: &str) -> Option<&'static dyn Report> {
    REPORTS.iter().copied().find(|report| report.name() == name)
}

/// A format of something that is no scan: a grid, a gate.
#[derive(Debug)]
pub struct Form<T> {
    /// The name that `--format` knows it by.
    pub name: &'static str,
    /// Writes it; the only errors are those of the writer. Equal values and styles give equal bytes.
    pub write: fn(&T, &Style<'_>, &mut dyn io::Write) -> io::Result<()>,
}

/// How a report is to look. Only the terminal's report heeds width, colour and length.
#[derive(Debug, Clone, Copy)]
pub struct Style<'t> {
    /// Columns of the terminal; no line is wider. Less than [`MIN_WIDTH`] is taken for that.
    pub width: usize,
    /// Whether escape sequences for colour may be written.
    pub colour: Colour,
    /// How much is shown.
    pub length: Length,
    /// The long texts of the advisories that are shown, as far as the index has them.
    pub texts: &'t HashMap<TextKey, Texts>,
    /// The time of the run was given, and is no clock's: a page may show it, and stays the same for the same input.
    pub is_dated: bool,
}

/// A narrower terminal is written to as if it had this many columns.
pub const MIN_WIDTH: usize = 40;

/// Colour or none.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Colour {
    /// Nothing but text.
    Plain,
    /// With SGR escape sequences (ECMA-48, section 8.3.117).
    Ansi,
    /// And with hyperlinks (OSC 8).
    AnsiAndLinks,
}

/// How much the terminal's report shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Length {
    /// The verdict alone (`-q`).
    Verdict,
    /// What to do, and of each list as much as a person reads.
    Normal,
    /// Every list in full (`-v`).
    Full,
}
