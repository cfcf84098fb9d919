//! The result of a step: its answer, and what it came from.

use super::answer::Answer;
use super::events::{Event, Revision};
use super::forge::JobForge;
use super::inputs::Inputs;
use super::report_files::ReportFiles;
use crate::cli::arguments::OutputOptions;

/// A step that has its answer.
pub struct StepResult<'a> {
    /// What the workflow asks for.
    pub inputs: &'a Inputs,
    /// What started the job.
    pub event: &'a Event,
    /// What the step compared with by itself.
    pub base: Option<&'a Revision>,
    /// Verbosity and colors.
    pub options: &'a OutputOptions,
    /// Which files are written.
    pub files: &'a ReportFiles,
    /// What the command returned.
    pub answer: &'a Answer,
    /// The forge of the job.
    pub forge: &'a JobForge,
}
