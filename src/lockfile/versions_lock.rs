//! `versions.lock` of gradle-consistent-versions: the versions that all projects of a build use.
//!
//! Source of the rules: `ConflictSafeLockFile` of gradle-consistent-versions.
//!
//! - A line is `group:artifact:version (3 constraints: 1d0fb186)`; behind the line `[Test dependencies]` stands what only tests use. A line
//!   with `#` in front is a comment, and the first line is one that the plugin writes.
//! - A line that does not fit ends Gradle with an error, and is blind.
//! - Other tools call files so. One of which no line is of this form, and whose first one is not the plugin's comment, is theirs and locks nothing here.
//! - There are no edges, and the file does not say what the projects ask for: every package counts as direct.
//! - Nothing marks the end: a file that was cut behind a line looks whole. One that does not end with a line end is cut.

use super::{File, Format, Parsed, Upgrade, UpgradeCommand};
use crate::model::{Ecosystem, FileSpan, Package, Scope, Scopes, Spans, Tree};
use crate::text::Span;

/// The lockfile of gradle-consistent-versions.
#[derive(Debug, Clone, Copy)]
pub struct VersionsLock;

const DAMAGED: &str = "Restore the file from its last good commit, or run Gradle with `--write-locks` (newer releases: its task `writeVersionsLocks`).";

/// How the first line begins, in all releases.
const HEADER: &str = "# Run ./gradlew";

const TESTS: &str = "[Test dependencies]";

impl Format for VersionsLock {
    fn name(&self) -> &'static str {
        "versions.lock"
    }

    fn ecosystem(&self) -> Ecosystem {
        Ecosystem::MAVEN
    }

    fn file_names(&self) -> &'static [&'static str] {
        &["versions.lock"]
    }

    fn upgrade_command(&self, upgrade: &Upgrade<'_>) -> UpgradeCommand {
        let Upgrade { name, to, .. } = upgrade;
        UpgradeCommand::ByHand(
            format!("Set `{name} = {to}` in versions.props, and run Gradle with `--write-locks` (newer releases: its task `writeVersionsLocks`).")
                .into(),
        )
    }

    fn read(&self, file: &File<'_>, _: &dyn Tree) -> Parsed {
        let mut parsed = Parsed::default();
        let mut start = 0_usize;
        let (mut scope, mut is_own, mut wrong) = (Scope::Runtime, false, Vec::new());
        for (number, whole) in file.text.split_inclusive('\n').enumerate() {
            let line = whole.trim_end();
            let span = Span::new(start, start.saturating_add(line.len()));
            start = start.saturating_add(whole.len());
            if line.trim_start().starts_with('#') {
                is_own |= number == 0 && line.starts_with(HEADER);
            } else if line == TESTS {
                is_own = true;
                scope = Scope::Dev;
            } else if let Some(mut package) = package(line, span) {
                is_own = true;
                package.scopes = Scopes::only(scope);
                parsed.graph.add_package(package);
            } else if !line.is_empty() {
                wrong.push(span);
            }
        }
        let end = Span::at(file.text.trim_end().len());
        is_own |= file.text.contains(" constraints: ");
        let text = file.text.trim_start_matches('\u{feff}');
        if text.trim().is_empty() {
            parsed.blind(Span::at(0), "the file is empty", DAMAGED);
        } else if !is_own && !HEADER.starts_with(text) {
            parsed.remark(
                Span::at(0),
                "this is no lockfile of gradle-consistent-versions: another tool's file of that name locks nothing here",
                "Check by hand what it locks.",
            );
            return parsed;
        } else if !text.ends_with('\n') {
            parsed.blind(end, "the file ends within a line: it is cut", DAMAGED);
        }
        for span in wrong {
            parsed.blind(span, "this is no line of gradle-consistent-versions", DAMAGED);
        }
        parsed
    }
}

/// What a line locks, which stands at `span`.
fn package(line: &str, span: Span) -> Option<Package> {
    let (module, constraints) = line.split_once(char::is_whitespace)?;
    let (count, hash) = constraints
        .trim_start()
        .strip_prefix('(')?
        .strip_suffix(')')?
        .split_once(" constraints: ")?;
    let is_count = !count.is_empty() && count.bytes().all(|byte| byte.is_ascii_digit());
    let is_hash = !hash.is_empty()
        && hash
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || byte == b'_');
    let (name, version) = module.rsplit_once(':')?;
    let (group, artifact) = name.split_once(':')?;
    let is_whole =
        ![group, artifact, version].contains(&"") && !artifact.contains(':') && !module.contains('(');
    if !is_count || !is_hash || !is_whole {
        return None;
    }
    let at = name.len().saturating_add(1);
    let place = span.inside(at..at.saturating_add(version.len()));
    let mut package = Package::new(Ecosystem::MAVEN, name, version, FileSpan::here(place));
    package.direct = true;
    package.spans = Spans {
        entry: Some(span),
        ..Spans::default()
    };
    Some(package)
}
