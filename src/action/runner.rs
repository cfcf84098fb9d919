//! The files that the runner reads: outputs and job summary.
//!
//! A step first writes that it failed, so that the steps after it know where it is killed or aborts. A runner reads the file of
//! outputs from the top, so that the last line of a name counts.

use super::answer::Counts;
use super::backported::LineCounts;
use crate::model::verdict::{ExitCode, Verdict};
use crate::report::headline;
use crate::scan::unfinished::{HINT, REASON};
use crate::sys::{environment, file};

/// Writes to outputs and summary that the step failed, until something else is written.
pub fn begin() {
    // The end of the step reports what cannot be written.
    let _ = output_lines(&ended(Verdict::Failed, ExitCode::Bug));
    if let Some(path) = environment::path("GITHUB_STEP_SUMMARY") {
        let _ = file::append(&path, placeholder().as_bytes());
    }
}

/// Appends `text` to the summary, in place of what [`begin`] wrote.
///
/// # Errors
/// The system's.
pub fn summarize(text: &[u8]) -> Result<(), file::FileError> {
    match environment::path("GITHUB_STEP_SUMMARY") {
        None => Ok(()),
        Some(path) => file::append_over(&path, placeholder().as_bytes(), text),
    }
}

fn placeholder() -> String {
    format!(
        "## lockkeeper: {}\n\n{REASON}\n\n{HINT}\n",
        headline::symbol(Verdict::Failed)
    )
}

/// Writes to the outputs that the step broke.
pub fn broke() {
    let _ = output_lines(&ended(Verdict::Failed, ExitCode::Bug));
}

/// How the step ended, as lines of outputs.
pub(super) fn ended(verdict: Verdict, code: ExitCode) -> String {
    format!("verdict={verdict}\nexit-code={}\n", code.number())
}

/// One output. The name of a file can hold that of a ref, which is untrusted: what would begin another output is left out.
pub(super) fn output(name: &str, file: &str) -> String {
    match file.contains(char::is_control) {
        true => String::new(),
        false => format!("{name}={file}\n"),
    }
}

pub(super) fn output_lines(lines: &str) -> Result<(), file::FileError> {
    match environment::path("GITHUB_OUTPUT") {
        None => Ok(()),
        Some(path) => file::append(&path, lines.as_bytes()),
    }
}

/// `name=value` lines.
pub(super) fn outputs(counts: Counts, written: &[(&'static str, String)]) -> String {
    let Counts {
        affected,
        blocking,
        introduced,
        ..
    } = counts;
    let mut lines = format!("findings={affected}\nblocking={blocking}\nintroduced={introduced}\n");
    for (name, file) in written {
        lines.push_str(&output(name, file));
    }
    lines
}

/// The numbers of pull requests, with commas.
pub(super) fn pull_requests(numbers: &[u64]) -> String {
    let numbers: Vec<String> = numbers.iter().map(u64::to_string).collect();
    format!("pull-requests={}\n", numbers.join(","))
}

/// How many release lines there are, and how they stand.
pub(super) fn lines(counts: LineCounts) -> String {
    let LineCounts {
        all,
        open,
        blocked,
        clean,
        unknown,
    } = counts;
    format!(
        "lines={all}\nlines-open={open}\nlines-blocked={blocked}\nlines-clean={clean}\nlines-unknown={unknown}\n"
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_that_would_begin_another_output_is_none() {
        assert_eq!(
            output("sarif-file", "sarif/main.sarif"),
            "sarif-file=sarif/main.sarif\n"
        );
        for evil in [
            "a\nverdict=pass",
            "a\rverdict=pass",
            "a\u{85}b",
            "a\0",
            "a\u{1b}[2J",
        ] {
            assert_eq!(output("sarif-file", evil), "", "{evil:?}");
        }
    }
}
