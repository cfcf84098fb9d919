//! `cpanfile.snapshot`, version 1.0, as Carton and Carmel write it (Perl).
//!
//! Source of the rules: Carton's own reader and writer of the file (`Carton::Snapshot::Parser` and `::Emitter`).
//!
//! - A distribution of CPAN has its version in its name: `Module-Build-0.4229`, `IO-Tty-v1.2.3`. OSV has no ecosystem for CPAN.
//! - `requirements` name modules; the distribution that `provides` one is what is needed. What no distribution provides comes with Perl.
//! - The file does not say what was asked for: direct is what no other distribution needs.
//! - Carton refuses a line that it does not know, and that is blind here. One that ends without a line break is a gap.

use foldhash::{HashMap, HashMapExt as _};

use super::{File, Format, Parsed, Upgrade, UpgradeCommand};
use crate::model::{Ecosystem, FileSpan, NodeId, Package, Spans, Tree};
use crate::text::Span;

/// The lockfile of Carton.
#[derive(Debug, Clone, Copy)]
pub struct CpanfileSnapshot;

const CPAN: Ecosystem = Ecosystem::constant("CPAN");

const DAMAGED: &str = "Restore the file from its last good commit, or run `carton install`.";

/// How a snapshot begins; the version follows.
const HEADER: &str = "# carton snapshot format: version ";

impl Format for CpanfileSnapshot {
    fn name(&self) -> &'static str {
        "cpanfile.snapshot"
    }

    fn ecosystem(&self) -> Ecosystem {
        CPAN
    }

    fn file_names(&self) -> &'static [&'static str] {
        &["cpanfile.snapshot"]
    }

    /// `carton update` takes modules, and the newest version that the cpanfile allows.
    fn upgrade_command(&self, _: &Upgrade<'_>) -> UpgradeCommand {
        UpgradeCommand::ByHand(
            "Let the cpanfile ask for that version, and run `carton update` with the name of a module of the distribution."
                .into(),
        )
    }

    fn read(&self, file: &File<'_>, _: &dyn Tree) -> Parsed {
        let mut parsed = Parsed::default();
        parsed.ends_with_line_break(file, DAMAGED);
        let mut reader = Reader {
            parsed,
            entries: Vec::new(),
            section: Section::None,
        };
        match file
            .text
            .strip_prefix(HEADER)
            .and_then(|rest| rest.lines().next())
        {
            Some(version) if version.trim() == "1.0" => {}
            Some(_) | None => reader.parsed.blind(
                Span::at(0),
                "no snapshot of Carton that is known here: version 1.0 is",
                DAMAGED,
            ),
        }
        let mut start = 0_usize;
        // A lone CR ends a line too.
        for line in file.text.split_inclusive(['\n', '\r']) {
            reader.line(line.trim_end(), start);
            start = start.saturating_add(line.len());
        }
        reader.finish(file)
    }
}

/// Which lines come.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Section {
    None,
    Distributions,
    Fields,
    Provides,
    Requirements,
}

/// A distribution.
struct Entry<'t> {
    node: Option<NodeId>,
    label: Span,
    has_path: bool,
    provides: Vec<&'t str>,
    needs: Vec<(&'t str, Span)>,
}

struct Reader<'t> {
    parsed: Parsed,
    entries: Vec<Entry<'t>>,
    section: Section,
}

impl<'t> Reader<'t> {
    fn line(&mut self, line: &'t str, start: usize) {
        let text = line.trim_start();
        if text.is_empty() || text.starts_with('#') {
            return;
        }
        let depth = line.len().saturating_sub(text.len());
        let start = start.saturating_add(depth);
        let span = Span::new(start, start.saturating_add(text.len()));
        let (word, rest) = text.split_once(' ').unwrap_or((text, ""));
        let is_below = self.section != Section::None;
        let has_entry = is_below && !self.entries.is_empty();
        match (depth, word) {
            (0, "DISTRIBUTIONS") if rest.is_empty() => self.section = Section::Distributions,
            (2, _) if is_below && rest.is_empty() => self.distribution(text, span),
            (4, "pathname:") if has_entry && !rest.is_empty() => {
                self.section = Section::Fields;
                let at = Span::new(span.start as usize + word.len() + 1, span.end as usize);
                self.path(at);
            }
            (4, "provides:") if has_entry && rest.is_empty() => self.section = Section::Provides,
            (4, "requirements:") if has_entry && rest.is_empty() => self.section = Section::Requirements,
            (6, _) if has_entry && !rest.is_empty() => {
                // Carmel writes a colon behind the name.
                let module = word.strip_suffix(':').unwrap_or(word);
                let Some(entry) = self.entries.last_mut() else {
                    return;
                };
                match self.section {
                    Section::Provides => entry.provides.push(module),
                    Section::Requirements => entry.needs.push((module, span)),
                    Section::None | Section::Distributions | Section::Fields => {
                        self.parsed.blind(span, "this line belongs to nothing", DAMAGED);
                    }
                }
            }
            _ => self.parsed.blind(span, "this is no line of a snapshot", DAMAGED),
        }
    }

    /// `Module-Build-0.4229`
    fn distribution(&mut self, text: &'t str, span: Span) {
        self.section = Section::Distributions;
        let begins = |version: &str| {
            let digits = version.strip_prefix('v').unwrap_or(version);
            digits.starts_with(|first: char| first.is_ascii_digit())
        };
        // Of a trial release the version has a dash: `Foo-1.0-TRIAL`.
        let dash = text
            .rmatch_indices('-')
            .map(|(at, _)| at)
            .find(|at| text.get(at.saturating_add(1)..).is_some_and(begins));
        let cut = dash.and_then(|at| Some((text.get(..at)?, text.get(at.saturating_add(1)..)?)));
        let node = match cut {
            Some((name, version)) if !name.is_empty() => {
                let end = span.end as usize;
                let place = Span::new(end.saturating_sub(version.len()), end);
                let mut package = Package::new(CPAN, name, version, FileSpan::here(place));
                package.spans = Spans {
                    entry: Some(span),
                    ..Spans::default()
                };
                Some(self.parsed.graph.add_package(package))
            }
            _ => {
                let hint = "Ask for a release of it that has a version.";
                self.parsed
                    .partial(span, format!("{text} has no exact version"), hint);
                None
            }
        };
        self.entries.push(Entry {
            node,
            label: span,
            has_path: false,
            provides: Vec::new(),
            needs: Vec::new(),
        });
    }

    fn path(&mut self, at: Span) {
        let Some(entry) = self.entries.last_mut() else {
            return;
        };
        entry.has_path = true;
        if let Some(package) = entry.node.and_then(|node| self.parsed.graph.package_mut(node)) {
            package.spans.source = Some(at);
        }
    }

    fn finish(mut self, file: &File<'_>) -> Parsed {
        if self.section == Section::None {
            let end = Span::at(file.text.len());
            self.parsed
                .blind(end, "no whole snapshot: it has no line `DISTRIBUTIONS`", DAMAGED);
        }
        let mut modules: HashMap<&str, NodeId> = HashMap::new();
        for entry in &self.entries {
            if !entry.has_path {
                self.parsed
                    .blind(entry.label, "a distribution without a `pathname`", DAMAGED);
            }
            if let Some(node) = entry.node {
                modules.extend(entry.provides.iter().map(|module| (*module, node)));
            }
        }
        for entry in &self.entries {
            for (module, span) in &entry.needs {
                if let (Some(from), Some(to)) = (entry.node, modules.get(module)) {
                    self.parsed.graph.add_edge(from, *to, *span);
                }
            }
        }
        if !self.entries.is_empty() {
            self.parsed.ask_for_unneeded("");
        }
        self.parsed
    }
}
