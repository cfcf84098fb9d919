//! What is left of a lockfile never passes for the whole: every prefix of real lockfiles and of the fixtures, and other damage
//! that files suffer, ends in a blind spot or in the packages of the whole file as far as they were complete.
//!
//! `LOCKKEEPER_EVERY_PREFIX=N cargo test --release --test it every_prefix -- --nocapture` reads up to N MiB a file: all prefixes
//! where that is enough, else those of the first and last bytes and those around the ends of words at evenly spread places.
//! Without the variable each file gets a quarter MiB and only the fixtures are read.

use std::collections::{BTreeSet, HashSet};
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};

use lockkeeper::lockfile::{self, Claim, Format};
use lockkeeper::model::{Cost, TreePath};
use rayon::prelude::*;

use crate::scan::real_data;
use crate::support::memory_tree::{MemoryTree, tree_path};

/// A package where it stands.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Row {
    start: usize,
    end: usize,
    name: String,
    version: String,
    /// Where its entry lies, if the reader knows it; else the version.
    entry: (usize, usize),
}

struct Read {
    rows: BTreeSet<Row>,
    blind: bool,
    gaps: usize,
}

/// One lockfile of a tree.
struct Subject {
    label: String,
    path: TreePath,
    text: String,
    tree: MemoryTree,
    format: &'static dyn Format,
}

impl Subject {
    fn read(&self, bytes: &[u8]) -> Read {
        let reading = lockfile::read(self.format, &self.path, bytes, &self.tree);
        let mut read = Read {
            rows: BTreeSet::new(),
            blind: false,
            gaps: 0,
        };
        for problem in &reading.parsed.problems {
            // That of a go.mod without a last line end.
            let is_end = problem.message.contains("may be cut");
            read.blind |= problem.cost == Cost::Blind || is_end;
            read.gaps += usize::from(problem.cost != Cost::Nothing);
        }
        for (_, package) in reading.parsed.graph.packages() {
            if package.place().file.is_some() {
                continue;
            }
            let span = package.place().span;
            let (start, end) = (span.start as usize, span.end as usize);
            let entry = package.spans.entry.unwrap_or(span);
            read.rows.insert(Row {
                start,
                end,
                name: package.name.to_string(),
                version: package.version.to_string(),
                entry: (entry.start as usize, entry.end as usize),
            });
        }
        read
    }

    /// What is wrong with the answer for the first `cut` bytes.
    fn judge_prefix(&self, whole: &Read, cut: usize, counts: &Counts) -> Option<String> {
        let read = self.read(self.text.get(..cut)?.as_bytes());
        if read.blind || read.gaps > whole.gaps {
            counts.blind.fetch_add(1, Ordering::Relaxed);
            return None;
        }
        counts.read.fetch_add(1, Ordering::Relaxed);
        let held: HashSet<(usize, &str)> = read
            .rows
            .iter()
            .map(|row| (row.start, row.version.as_str()))
            .collect();
        // Later lines of a go.mod exclude and replace versions: there another version of the module is no loss.
        let names: HashSet<&str> = match self.format.name() {
            "go.mod" => read.rows.iter().map(|row| row.name.as_str()).collect(),
            _ => HashSet::new(),
        };
        // Rows stand in the order of the file.
        for row in whole.rows.iter().take_while(|row| row.end <= cut) {
            let complete = || {
                let line = self.text[row.end..]
                    .find('\n')
                    .map_or(self.text.len(), |end| row.end + end);
                row.entry.1.max(line) <= cut
            };
            let is_held =
                held.contains(&(row.start, row.version.as_str())) || names.contains(row.name.as_str());
            // A replacement is a package from where the module is required on.
            let entry = self.text.get(row.entry.0..row.entry.1).unwrap_or_default();
            let is_replacement = self.format.name() == "go.mod" && entry.contains("=>");
            if !is_held && !is_replacement && complete() {
                return Some(format!("{}: cut at {cut}: {row:?} is lost", self.label));
            }
        }
        for row in &read.rows {
            // A word that goes on behind the cut was another word.
            let goes_on =
                |next: char| next.is_alphanumeric() || matches!(next, '.' | '-' | '+' | '_' | '!' | '*');
            let is_cut = row.end >= cut.saturating_sub(1) && self.text[row.end..].starts_with(goes_on);
            if is_cut || self.text.get(row.start..row.end).is_none() {
                // Nothing ends a line of a requirements file but its end: the documentation of the reader says so.
                if self.format.name() == "requirements.txt" && row.end == cut {
                    counts.undecidable.fetch_add(1, Ordering::Relaxed);
                    continue;
                }
                return Some(format!("{}: cut at {cut}: {row:?} is invented", self.label));
            }
        }
        None
    }

    /// What is wrong with the answer for a text that is damaged within `from..to`, where the whole text has an entry or not.
    fn judge_damage(&self, whole: &Read, what: &str, bytes: &[u8], lost: Range<usize>) -> Option<String> {
        let read = self.read(bytes);
        if read.blind || read.gaps > whole.gaps {
            return None;
        }
        let left: BTreeSet<&str> = read.rows.iter().map(|row| row.name.as_str()).collect();
        let touches = |start: usize, end: usize| lost.start < end && start < lost.end;
        let missing: Vec<&Row> = whole
            .rows
            .iter()
            .filter(|row| !touches(row.start, row.end) && !touches(row.entry.0, row.entry.1))
            .filter(|row| !left.contains(row.name.as_str()))
            .take(3)
            .collect();
        (!missing.is_empty()).then(|| format!("{}: {what}: {missing:?} are lost", self.label))
    }

    /// The places to cut at, so that about `budget` bytes are read.
    fn cuts(&self, budget: usize) -> (Vec<usize>, bool) {
        let length = self.text.len();
        let boundary = |cut: &usize| self.text.is_char_boundary(*cut);
        if length.saturating_mul(length) / 2 <= budget {
            return ((0..=length).filter(boundary).collect(), true);
        }
        let first = (budget / 2).isqrt();
        let last = budget / 4 / length;
        let words: Vec<usize> = self
            .text
            .as_bytes()
            .windows(2)
            .enumerate()
            .filter(|(_, pair)| pair[0].is_ascii_alphanumeric() != pair[1].is_ascii_alphanumeric())
            .map(|(at, _)| at + 1)
            .collect();
        let step = (words.len() / (budget / 2 / length / 3).max(1)).max(1);
        let mut cuts: BTreeSet<usize> = (0..first.min(length))
            .chain(length.saturating_sub(last)..=length)
            .collect();
        for word in words.iter().step_by(step) {
            cuts.extend([word.saturating_sub(1), *word, word + 1]);
        }
        (cuts.into_iter().filter(boundary).collect(), false)
    }
}

#[derive(Default)]
struct Counts {
    files: AtomicUsize,
    whole: AtomicUsize,
    blind: AtomicUsize,
    read: AtomicUsize,
    undecidable: AtomicUsize,
    damage: AtomicUsize,
}

/// Every lockfile below `top`, each with the tree of the folder `levels` below `top` that it lies in.
fn subjects(top: &Path, levels: usize) -> Vec<Subject> {
    let mut trees: Vec<(PathBuf, usize)> = vec![(top.to_owned(), levels)];
    let mut found = Vec::new();
    while let Some((folder, levels)) = trees.pop() {
        if levels > 0 {
            for entry in std::fs::read_dir(&folder).expect("a folder") {
                let path = entry.expect("an entry").path();
                if path.is_dir() {
                    trees.push((path, levels - 1));
                }
            }
            continue;
        }
        let tree = MemoryTree::from_folder(&folder);
        for (path, bytes) in tree.files() {
            let Claim::Read(format) = lockfile::claim(path) else {
                continue;
            };
            // Workflows are written by hand: nothing tells one that was cut from a whole one.
            if format.name() == ".github/workflows" {
                continue;
            }
            let Ok(text) = std::str::from_utf8(bytes) else {
                continue;
            };
            found.push(Subject {
                label: folder
                    .join(path.to_string())
                    .strip_prefix(top)
                    .expect("inside")
                    .display()
                    .to_string(),
                path: path.clone(),
                text: text.to_owned(),
                // The other poms of a reactor are read again for each cut, and none is damaged here.
                tree: match format.name() {
                    "pom.xml" => MemoryTree::of([]),
                    _ => tree.clone(),
                },
                format,
            });
        }
    }
    found.sort_by(|left, right| left.label.cmp(&right.label));
    found
}

fn hunt(subjects: &[Subject], budget: usize) {
    let counts = Counts::default();
    let wrong: Vec<String> = subjects
        .par_iter()
        .flat_map(|subject| {
            let whole = subject.read(subject.text.as_bytes());
            counts.files.fetch_add(1, Ordering::Relaxed);
            let (cuts, all) = subject.cuts(budget);
            counts.whole.fetch_add(usize::from(all), Ordering::Relaxed);
            let mut wrong: Vec<String> = match whole.blind {
                true => Vec::new(),
                false => cuts
                    .par_iter()
                    .filter_map(|cut| subject.judge_prefix(&whole, *cut, &counts))
                    .collect(),
            };
            // A line of a go.mod decides about other lines (`replace`, `exclude`), and each line is legal alone. The version of a
            // dependency of a pom may stand in a property far from it.
            let lines = !matches!(subject.format.name(), "go.mod" | "pom.xml");
            let damage = damage(&subject.text, lines, budget / subject.text.len().max(1) / 4);
            counts.damage.fetch_add(damage.len(), Ordering::Relaxed);
            wrong.extend(
                damage
                    .par_iter()
                    .filter_map(|(what, bytes, lost)| subject.judge_damage(&whole, what, bytes, lost.clone()))
                    .collect::<Vec<String>>(),
            );
            wrong.truncate(20);
            wrong
        })
        .collect();
    println!("{counts}");
    assert!(
        wrong.is_empty(),
        "{}\n{}",
        wrong.len(),
        wrong.iter().take(60).cloned().collect::<Vec<_>>().join("\n")
    );
}

impl std::fmt::Display for Counts {
    fn fmt(&self, to: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let of = |count: &AtomicUsize| count.load(Ordering::Relaxed);
        write!(
            to,
            "{} files, {} of them cut at every byte; prefixes: {} with a gap, {} with the packages so far, {} end inside of a pin of \
             requirements; {} other damages",
            of(&self.files),
            of(&self.whole),
            of(&self.blind),
            of(&self.read),
            of(&self.undecidable),
            of(&self.damage)
        )
    }
}

/// What, the damaged bytes, and the range of the text that is not there as it was.
type Damage = (String, Vec<u8>, Range<usize>);

/// Damage of the whole text and, at up to `places` evenly spread places, of a byte and of a line.
fn damage(text: &str, lines: bool, places: usize) -> Vec<Damage> {
    let bytes = text.as_bytes();
    let mut damage = vec![
        (
            "CRLF".to_owned(),
            text.replace("\r\n", "\n").replace('\n', "\r\n").into_bytes(),
            0..0,
        ),
        (
            "CR".to_owned(),
            text.replace("\r\n", "\n").replace('\n', "\r").into_bytes(),
            0..0,
        ),
        ("BOM".to_owned(), [b"\xef\xbb\xbf", bytes].concat(), 0..0),
        ("UTF-16".to_owned(), utf16(text), 0..0),
        ("twice".to_owned(), [bytes, bytes].concat(), 0..0),
        (
            "twice with a line end".to_owned(),
            [bytes, b"\n", bytes].concat(),
            0..0,
        ),
    ];
    for garbage in [
        "}",
        "]",
        "\0",
        "\u{1a}",
        "[[",
        "<<<<<<< HEAD\n",
        "\"",
        "<a>",
        "\u{feff}",
    ] {
        damage.push((
            format!("{garbage:?} behind the end"),
            [bytes, garbage.as_bytes()].concat(),
            0..0,
        ));
    }
    let step = (bytes.len() / places.clamp(1, 4_000)).max(1);
    for at in (0..bytes.len()).step_by(step) {
        let mut other = bytes.to_vec();
        other[at] = 0;
        damage.push((format!("NUL at {at}"), other, at..at + 1));
        if !lines {
            continue;
        }
        let start = text.as_bytes()[..at]
            .iter()
            .rposition(|byte| *byte == b'\n')
            .map_or(0, |start| start + 1);
        let line_end = |at: usize| {
            bytes[at..]
                .iter()
                .position(|byte| *byte == b'\n')
                .map_or(bytes.len(), |end| at + end + 1)
        };
        let end = line_end(at);
        damage.push((
            format!("without line at {at}"),
            [&bytes[..start], &bytes[end..]].concat(),
            start..end,
        ));
        // What is left of the line becomes one with the next line.
        damage.push((
            format!("cut out from {at}"),
            [&bytes[..at], &bytes[end..]].concat(),
            start..line_end(end),
        ));
    }
    damage
}

fn utf16(text: &str) -> Vec<u8> {
    std::iter::once(0xfeff)
        .chain(text.encode_utf16())
        .flat_map(u16::to_le_bytes)
        .collect()
}

#[test]
fn every_prefix_of_the_fixtures() {
    let fixtures = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/lockfile");
    hunt(&subjects(&fixtures, 2), budget().unwrap_or(1 << 17));
}

#[test]
fn every_prefix_of_the_corpus() {
    let (Some(data), Some(budget)) = (real_data::data("every_prefix_of_the_corpus"), budget()) else {
        println!("every_prefix_of_the_corpus: skipped, LOCKKEEPER_EVERY_PREFIX is not set");
        return;
    };
    hunt(&subjects(&data.join("corpus"), 2), budget);
}

/// How many bytes of prefixes are read a file.
fn budget() -> Option<usize> {
    let mebibytes: usize = std::env::var("LOCKKEEPER_EVERY_PREFIX").ok()?.parse().ok()?;
    Some(mebibytes << 20)
}

#[test]
fn a_cut_is_found() {
    let text = "kiln==1.0\nglaze==2.10\n";
    let subject = Subject {
        label: "requirements.txt".into(),
        path: tree_path("requirements.txt"),
        text: text.into(),
        tree: MemoryTree::of([]),
        format: lockfile::format("requirements.txt").expect("the format"),
    };
    let whole = subject.read(text.as_bytes());
    let counts = Counts::default();
    let (cuts, all) = subject.cuts(1 << 20);
    assert!(all && cuts.len() == text.len() + 1);
    assert!(
        cuts.iter()
            .all(|cut| subject.judge_prefix(&whole, *cut, &counts).is_none())
    );
    assert_eq!(counts.undecidable.load(Ordering::Relaxed), 5);
    // A reader that loses a package is told.
    let mut more = subject.read(text.as_bytes());
    more.rows.insert(Row {
        start: 2,
        end: 3,
        name: "lost".into(),
        version: "1".into(),
        entry: (2, 3),
    });
    assert!(subject.judge_prefix(&more, text.len(), &counts).is_some());
    assert!(
        subject
            .judge_damage(&more, "BOM", text.as_bytes(), 0..0)
            .is_some()
    );
}
