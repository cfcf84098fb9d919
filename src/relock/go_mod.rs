//! Edits of `go.mod` and of the `go.sum` beside it.
//!
//! Lines change, come in and leave as `golang.org/x/mod/modfile` writes them: a new module joins the last block that has
//! indirect ones alone, in the order of paths; a block that is left with one line becomes a line, an empty one goes.

use std::collections::HashMap;

use super::go_check::{self, Pair};
use super::splice::{Splice, apply};
use super::{Refused, Relock};
use crate::lockfile::go_mod::file::{GoModFile, RequireLine};
use crate::lockfile::go_mod::sum::{self, SumLine};
use crate::model::TreePath;
use crate::plan::go::GoEdit;
use crate::plan::{Edited, EntryChange, EntryEdit, OwnEdit, Plan};
use crate::version::Scheme as _;
use crate::version::go::Go;

/// Edits Go modules.
pub struct GoMod;

impl Relock for GoMod {
    fn format(&self) -> &'static str {
        "go.mod"
    }

    fn edit(
        &self,
        path: &TreePath,
        text: &str,
        plan: &Plan,
        read: &dyn Fn(&TreePath) -> Option<String>,
    ) -> Result<Vec<Edited>, Refused> {
        let of = |place: &'static str| plan.entries.iter().filter(move |change| change.place == place);
        let after = module_with(text, &of("go.mod").collect::<Vec<_>>())?;
        let sum_path = path
            .parent()
            .join("go.sum")
            .filter(|_| of("go.sum").next().is_some());
        let sums = sum_path.map(|path| {
            let before = read(&path).ok_or_else(|| refused("go.sum is missing: run `go mod tidy`."))?;
            let after = sums_with(&before, &of("go.sum").collect::<Vec<_>>())?;
            Ok(Edited { path, before, after })
        });
        let sums = sums.transpose()?;
        let own = Edited {
            path: path.clone(),
            before: text.to_owned(),
            after,
        };
        let pair = |edited: &Edited| Pair {
            before: edited.before.clone(),
            after: edited.after.clone(),
        };
        let (file, sum_file) = (pair(&own), sums.as_ref().map(pair).unwrap_or_default());
        go_check::check(&file, &sum_file, plan).map_err(Refused)?;
        Ok([own].into_iter().chain(sums).collect())
    }
}

fn refused(reason: impl Into<String>) -> Refused {
    Refused(reason.into())
}

/// The end of the text's lines.
fn line_end(text: &str) -> &'static str {
    match text.find('\n') {
        Some(at) if text.get(..at).is_some_and(|line| line.ends_with('\r')) => "\r\n",
        Some(_) | None => "\n",
    }
}

/// A `require` line or block.
#[derive(Debug)]
struct Statement {
    /// Its first and its last line.
    first: usize,
    last: usize,
    /// It is a block.
    is_block: bool,
    /// The numbers of the lines with a requirement.
    entries: Vec<usize>,
    /// A comment stands in front of it.
    is_commented: bool,
}

/// The text in lines, of which some change.
struct ModText<'t> {
    lines: Vec<&'t str>,
    /// What stands there instead; empty where the line goes.
    changed: Vec<Option<String>>,
    end: &'static str,
    requires: Vec<(usize, &'t RequireLine)>,
    statements: Vec<Statement>,
    /// What comes in: modules and versions.
    added: Vec<(String, String)>,
}

fn module_with(text: &str, changes: &[&EntryChange]) -> Result<String, Refused> {
    let file = GoModFile::read(text).map_err(|reason| refused(format!("go.mod is damaged: {reason}.")))?;
    let mut lines = ModText::of(text, &file);
    for change in changes {
        match &change.edit {
            EntryEdit::Own(OwnEdit::Go(GoEdit::Require { version, .. })) => {
                lines.require(text, &change.name, version)?
            }
            EntryEdit::Own(OwnEdit::Go(GoEdit::Version(version))) => {
                let line = file
                    .go
                    .as_ref()
                    .ok_or_else(|| refused("go.mod has no go line."))?;
                lines.exchange(text, line.span.start as usize..line.span.end as usize, version);
            }
            EntryEdit::Drop if change.name == "toolchain" => {
                let line = file.toolchain.as_ref();
                let line = line.ok_or_else(|| refused("go.mod has no toolchain line."))?;
                let number = line_of(text, line.span.start as usize);
                lines.remove_with_gap(number, number);
            }
            EntryEdit::Drop => lines.drop(&change.name)?,
            EntryEdit::Lock(..) | EntryEdit::Flags(_) | EntryEdit::Own(_) => {
                return Err(refused(format!("go.mod has no such line of {}.", change.name)));
            }
        }
    }
    let added = std::mem::take(&mut lines.added);
    lines.add(added);
    lines.tidy();
    Ok(lines.text())
}

/// The number of the line that the byte `at` stands in.
fn line_of(text: &str, at: usize) -> usize {
    let before = text.get(..at).unwrap_or_default();
    before.bytes().filter(|byte| *byte == b'\n').count()
}

/// What stands in front of a comment.
fn plain(line: &str) -> &str {
    line.split_once("//").map_or(line, |(plain, _)| plain).trim()
}

fn is_comment(line: &str) -> bool {
    line.trim_start().starts_with("//")
}

impl<'t> ModText<'t> {
    fn of(text: &'t str, file: &'t GoModFile) -> Self {
        let lines: Vec<&str> = text.split_inclusive('\n').collect();
        let mut starts = Vec::with_capacity(lines.len());
        let mut start = 0;
        for line in &lines {
            starts.push(start);
            start += line.len();
        }
        let number = |at: usize| starts.partition_point(|start| *start <= at).saturating_sub(1);
        // In the order of the file.
        let requires: Vec<(usize, &RequireLine)> = file
            .requires
            .iter()
            .map(|line| (number(line.span.start as usize), line))
            .collect();
        let is_require = |number: usize| requires.binary_search_by_key(&number, |(at, _)| *at).is_ok();
        let mut statements: Vec<Statement> = Vec::new();
        let mut open: Option<Statement> = None;
        for (number, line) in lines.iter().enumerate() {
            let words = plain(line);
            let is_commented = number
                .checked_sub(1)
                .is_some_and(|above| is_comment(lines[above]));
            match &mut open {
                Some(block) if words.starts_with(')') => {
                    block.last = number;
                    statements.extend(open.take());
                }
                Some(block) if is_require(number) => block.entries.push(number),
                Some(_) => {}
                None if words.starts_with("require") && words.ends_with('(') => {
                    open = Some(Statement {
                        first: number,
                        last: number,
                        is_block: true,
                        entries: Vec::new(),
                        is_commented,
                    });
                }
                None if is_require(number) => statements.push(Statement {
                    first: number,
                    last: number,
                    is_block: false,
                    entries: vec![number],
                    is_commented,
                }),
                None => {}
            }
        }
        Self {
            changed: vec![None; lines.len()],
            end: line_end(text),
            lines,
            requires,
            statements,
            added: Vec::new(),
        }
    }

    /// The requirement in a line.
    fn require_at(&self, number: usize) -> Option<&'t RequireLine> {
        let at = self.requires.binary_search_by_key(&number, |(at, _)| *at).ok()?;
        self.requires.get(at).map(|(_, line)| *line)
    }

    fn now(&self, number: usize) -> &str {
        self.changed[number].as_deref().unwrap_or(self.lines[number])
    }

    /// Exchanges a part of a line.
    fn exchange(&mut self, text: &str, at: std::ops::Range<usize>, with: &str) {
        let number = line_of(text, at.start);
        let start: usize = self.lines[..number].iter().map(|line| line.len()).sum();
        let line = self.lines[number];
        let spliced = apply(
            line,
            vec![Splice {
                at: at.start - start..at.end - start,
                text: with.to_owned(),
            }],
        );
        self.changed[number] = spliced;
    }

    fn require(&mut self, text: &str, path: &str, version: &str) -> Result<(), Refused> {
        let mut known = self.requires.iter().filter(|(_, line)| line.path == path);
        match (known.next(), known.next()) {
            (Some((_, line)), None) => {
                let span = line.version.span;
                self.exchange(text, span.start as usize..span.end as usize, version);
                Ok(())
            }
            (Some(_), Some(_)) => Err(refused(format!(
                "go.mod requires {path} twice: run `go mod tidy`."
            ))),
            (None, _) => {
                self.added.push((path.to_owned(), version.to_owned()));
                Ok(())
            }
        }
    }

    /// A comment besides Go's mark belongs to the line.
    fn has_comment(&self, number: usize, line: &RequireLine) -> bool {
        let above = number
            .checked_sub(1)
            .is_some_and(|above| is_comment(self.lines[above]));
        let behind = self.lines[number]
            .split_once("//")
            .map(|(_, comment)| comment.trim());
        above || behind.is_some_and(|comment| !(line.indirect && comment == "indirect"))
    }

    /// All lines of the statement are indirect, or none is, and nothing else is written there.
    fn is_all(&self, statement: &Statement, indirect: bool) -> bool {
        let of = |number: &usize| self.require_at(*number);
        !statement.is_commented
            && !statement.entries.is_empty()
            && statement.entries.iter().all(|number| {
                of(number).is_some_and(|line| line.indirect == indirect && !self.has_comment(*number, line))
            })
    }

    /// Adds indirect requirements, `PATH VERSION` each.
    fn add(&mut self, mut added: Vec<(String, String)>) {
        if added.is_empty() {
            return;
        }
        added.sort();
        let entry = |(path, version): &(String, String)| format!("{path} {version} // indirect{}", self.end);
        let is_there = |statement: &&Statement| statement.is_block || !self.now(statement.first).is_empty();
        let indirect = self
            .statements
            .iter()
            .filter(is_there)
            .rfind(|statement| self.is_all(statement, true));
        let path_at = |number: &usize| -> &str {
            let known = self.require_at(*number);
            known.map_or("", |line| line.path.as_str())
        };
        match indirect {
            Some(block) if block.is_block => {
                let behind = |path: &str| {
                    let before = block.entries.iter().rfind(|number| path_at(number) < path);
                    before.copied().unwrap_or(block.first)
                };
                let lines: Vec<(usize, String)> = added
                    .iter()
                    .map(|one| (behind(&one.0), format!("\t{}", entry(one))))
                    .collect();
                for (number, line) in lines {
                    self.put_behind(number, line);
                }
            }
            // The line becomes a block.
            Some(line) => {
                let number = line.first;
                let own = self.now(number).trim_start();
                let own = own
                    .strip_prefix("require")
                    .unwrap_or_default()
                    .trim_start()
                    .to_owned();
                let mut lines: Vec<(String, String)> =
                    added.iter().map(|one| (one.0.clone(), entry(one))).collect();
                lines.push((path_at(&number).to_owned(), own));
                self.changed[number] = Some(self.block(lines));
            }
            None => {
                let mut direct = self.statements.iter().filter(is_there);
                let last = direct
                    .clone()
                    .rfind(|statement| self.is_all(statement, false))
                    .or(direct.next_back());
                let last = last.map_or(self.lines.len().saturating_sub(1), |statement| statement.last);
                let lines: Vec<(String, String)> =
                    added.iter().map(|one| (one.0.clone(), entry(one))).collect();
                let text = format!("{}{}", self.end, self.block(lines));
                self.put_behind(last, text);
            }
        }
    }

    /// Lines, each with its path, as a statement.
    fn block(&self, mut lines: Vec<(String, String)>) -> String {
        lines.sort();
        match lines.as_slice() {
            [(_, line)] => format!("require {line}"),
            lines => {
                let lines: String = lines.iter().map(|(_, line)| format!("\t{line}")).collect();
                format!("require ({}{lines}){}", self.end, self.end)
            }
        }
    }

    /// Puts whole lines behind a line, in front of what was put there before if they come before it.
    fn put_behind(&mut self, number: usize, text: String) {
        let mut now = self.now(number).to_owned();
        if !now.is_empty() && !now.ends_with('\n') {
            now.push_str(self.end);
        }
        now.push_str(&text);
        self.changed[number] = Some(now);
    }

    fn drop(&mut self, path: &str) -> Result<(), Refused> {
        let numbers: Vec<usize> = self
            .requires
            .iter()
            .filter(|(_, line)| line.path == path)
            .map(|(number, _)| *number)
            .collect();
        if numbers.is_empty() {
            return Err(refused(format!("go.mod does not require {path}.")));
        }
        for number in numbers {
            let is_single = self
                .statements
                .iter()
                .any(|statement| !statement.is_block && statement.first == number);
            match is_single {
                true => self.remove_with_gap(number, number),
                false => self.remove_with_comments(number),
            }
        }
        Ok(())
    }

    /// Takes a line out, with the comments right above it.
    fn remove_with_comments(&mut self, number: usize) {
        // What was put behind it stays.
        let own = self.lines[number].len();
        let behind = self.changed[number]
            .as_ref()
            .and_then(|text| text.get(own..))
            .unwrap_or_default();
        self.changed[number] = Some(behind.to_owned());
        let mut above = number;
        while above > 0 && is_comment(self.lines[above - 1]) {
            above -= 1;
            self.changed[above] = Some(String::new());
        }
    }

    /// Takes a whole statement out, and the blank line in front of it or behind it.
    fn remove_with_gap(&mut self, first: usize, last: usize) {
        for number in first + 1..=last {
            self.changed[number] = Some(String::new());
        }
        self.remove_with_comments(first);
        let is_blank = |number: usize| self.lines.get(number).is_some_and(|line| line.trim().is_empty());
        if is_blank(last + 1) {
            self.changed[last + 1] = Some(String::new());
        } else if first > 0 && is_blank(first - 1) {
            self.changed[first - 1] = Some(String::new());
        }
    }

    /// A block with one line left becomes a line, and an empty one goes.
    fn tidy(&mut self) {
        let blocks: Vec<(usize, usize)> = self
            .statements
            .iter()
            .filter(|statement| statement.is_block)
            .map(|statement| (statement.first, statement.last))
            .collect();
        for (first, last) in blocks {
            let has_changed = (first..=last).any(|number| self.changed[number].is_some());
            let inner: String = (first + 1..last).map(|number| self.now(number)).collect();
            // What was put behind the first line is inside.
            let own = self.lines[first].len();
            let behind = self.now(first).get(own..).unwrap_or_default().to_owned();
            let inside = format!("{behind}{inner}");
            let entries: Vec<&str> = inside.lines().filter(|line| !line.trim().is_empty()).collect();
            let count = entries.iter().filter(|line| !is_comment(line)).count();
            let ends_in_comment = entries.last().is_some_and(|line| is_comment(line));
            if !has_changed || count > 1 || ends_in_comment {
                continue;
            }
            if count == 0 {
                self.changed[first] = None;
                self.remove_with_gap(first, last);
                continue;
            }
            let mut lines: Vec<String> = Vec::new();
            for entry in entries {
                lines.push(match is_comment(entry) {
                    true => format!("{}{}", entry.trim(), self.end),
                    false => format!("require {}{}", entry.trim(), self.end),
                });
            }
            for number in first + 1..=last {
                let own = self.lines[number].len();
                let is_last = number == last;
                let behind = self
                    .now(number)
                    .get(own..)
                    .filter(|_| is_last)
                    .unwrap_or_default()
                    .to_owned();
                self.changed[number] = Some(behind);
            }
            self.changed[first] = Some(lines.concat());
        }
    }

    fn text(&self) -> String {
        (0..self.lines.len()).map(|number| self.now(number)).collect()
    }
}

fn sums_with(text: &str, changes: &[&EntryChange]) -> Result<String, Refused> {
    let lines = sum::lines(text).map_err(|line| refused(format!("go.sum is damaged in line {line}.")))?;
    let end = line_end(text);
    let mut splices = Vec::new();
    let mut added: Vec<(&str, &str, &str)> = Vec::new();
    let mut known: HashMap<(&str, &str), Vec<&SumLine>> = HashMap::new();
    for line in &lines {
        known.entry((&line.path, &line.version)).or_default().push(line);
    }
    for change in changes {
        let Some((path, version)) = change.name.split_once(' ') else {
            return Err(refused(format!("{} is no line of go.sum.", change.name)));
        };
        let known = known.get(&(path, version)).into_iter().flatten();
        match &change.edit {
            EntryEdit::Own(OwnEdit::Go(GoEdit::Sum(hash))) => added.push((path, version, hash)),
            EntryEdit::Drop => splices.extend(known.map(|line| Splice {
                at: line.span.start as usize..line.span.end as usize,
                text: String::new(),
            })),
            EntryEdit::Lock(..) | EntryEdit::Flags(_) | EntryEdit::Own(_) => {
                return Err(refused(format!("go.sum has no such line of {}.", change.name)));
            }
        }
    }
    added.sort_by(|left, right| order((left.0, left.1), (right.0, right.1)));
    // Both are in order: each stands in front of the first line that comes after it.
    let mut rest = lines.iter().peekable();
    for (path, version, hash) in added {
        let is_behind = |line: &SumLine| order((path, version), (&line.path, &line.version)).is_lt();
        while rest.next_if(|line| !is_behind(line)).is_some() {}
        let at = rest.peek().map_or(text.len(), |line| line.span.start as usize);
        let is_open = at == text.len() && !text.is_empty() && !text.ends_with('\n');
        let gap = if is_open { end } else { "" };
        splices.push(Splice {
            at: at..at,
            text: format!("{gap}{path} {version} {hash}{end}"),
        });
    }
    apply(text, splices).ok_or_else(|| refused("Two edits of go.sum meet at one place."))
}

/// The order of lines of `go.sum` (`module.Sort`).
fn order(left: (&str, &str), right: (&str, &str)) -> std::cmp::Ordering {
    fn parts(version: &str) -> (&str, &str) {
        version.split_at(version.find('/').unwrap_or(version.len()))
    }
    let ((left_version, left_file), (right_version, right_file)) = (parts(left.1), parts(right.1));
    left.0
        .cmp(right.0)
        .then_with(|| {
            Go.compare(left_version, right_version)
                .unwrap_or(std::cmp::Ordering::Equal)
        })
        .then_with(|| left_version.cmp(right_version))
        .then_with(|| left_file.cmp(right_file))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn change(name: &str, edit: EntryEdit) -> EntryChange {
        EntryChange {
            place: "go.mod".to_owned(),
            name: name.to_owned(),
            edit,
        }
    }

    /// `a v1.0.1` requires, `-a` drops, `go 1.2` raises.
    fn edited(text: &str, changes: &[&str]) -> String {
        let changes: Vec<EntryChange> = changes
            .iter()
            .map(|words| match (words.strip_prefix('-'), words.split_once(' ')) {
                (Some(path), _) => change(path, EntryEdit::Drop),
                (None, Some(("go", version))) => change(
                    "go",
                    EntryEdit::Own(OwnEdit::Go(GoEdit::Version(version.to_owned()))),
                ),
                (None, Some((path, version))) => change(
                    path,
                    EntryEdit::Own(OwnEdit::Go(GoEdit::Require {
                        version: version.to_owned(),
                        file: None,
                    })),
                ),
                (None, None) => panic!("{words}"),
            })
            .collect();
        module_with(text, &changes.iter().collect::<Vec<_>>()).unwrap()
    }

    const FILE: &str = "// The shop.\nmodule m.example // m\n\ngo 1.21\n\ntoolchain go1.21.3\n\nrequire (\n\ta.example v1.0.0\n\t// Pinned.\n\tb.example v1.0.0 // why\n)\n\n\
        require (\n\tc.example v1.0.0 // indirect\n\t\"e.example\" v1.0.0 // indirect\n)\n\nreplace z.example => ./z\n";

    #[test]
    fn a_version_changes_in_its_place_and_back() {
        for (path, old, new) in [
            ("a.example", "a.example v1.0.0", "a.example v1.10.0"),
            ("b.example", "b.example v1.0.0 // why", "b.example v1.10.0 // why"),
            ("e.example", "\"e.example\" v1.0.0", "\"e.example\" v1.10.0"),
        ] {
            for text in [FILE.to_owned(), FILE.replace('\n', "\r\n")] {
                let after = edited(&text, &[&format!("{path} v1.10.0")]);
                assert_eq!(after, text.replace(old, new));
                assert_eq!(edited(&after, &[&format!("{path} v1.0.0")]), text);
            }
        }
    }

    #[test]
    fn what_comes_in_stands_among_the_indirect_ones_in_order_and_leaves_again() {
        for (path, before) in [
            ("b2.example", "\tc.example"),
            ("d.example", "\t\"e.example\""),
            ("f.example", ")\n\nreplace"),
        ] {
            for end in ["\n", "\r\n"] {
                let text = FILE.replace('\n', end);
                let before = before.replace('\n', end);
                let after = edited(&text, &[&format!("{path} v0.1.0")]);
                let line = format!("\t{path} v0.1.0 // indirect{end}{before}");
                assert_eq!(after, text.replacen(&before, &line, 1));
                assert_eq!(edited(&after, &[&format!("-{path}")]), text);
            }
        }
        let both = edited(FILE, &["d2.example v0.1.0", "d1.example v0.1.0"]);
        assert!(both.contains("\tc.example v1.0.0 // indirect\n\td1.example v0.1.0 // indirect\n\td2.example v0.1.0 // indirect\n\t\"e"), "{both}");
    }

    #[test]
    fn blocks_come_and_go_as_go_writes_them() {
        let alone = "module m.example\n\ngo 1.21\n\nrequire a.example v1.0.0\n";
        let one = format!("{alone}\nrequire b.example v1.0.0 // indirect\n");
        let two = format!(
            "{alone}\nrequire (\n\tb.example v1.0.0 // indirect\n\tc.example v1.0.0 // indirect\n)\n"
        );
        assert_eq!(edited(alone, &["b.example v1.0.0"]), one);
        assert_eq!(edited(alone, &["c.example v1.0.0", "b.example v1.0.0"]), two);
        assert_eq!(edited(&one, &["c.example v1.0.0"]), two);
        assert_eq!(edited(&two, &["-c.example"]), one);
        assert_eq!(edited(&one, &["-b.example"]), alone);
        assert_eq!(edited(&two, &["-c.example", "-b.example"]), alone);
        let other = one.replace("b.example", "d.example");
        assert_eq!(edited(&one, &["-b.example", "d.example v1.0.0"]), other);
        assert_eq!(
            edited(&two, &["-c.example", "-b.example", "d.example v1.0.0"]),
            other
        );
        // The first requirement of all.
        let own = "module m.example\n\ngo 1.21\n";
        assert_eq!(
            edited(own, &["b.example v1.0.0"]),
            format!("{own}\nrequire b.example v1.0.0 // indirect\n")
        );
        // A comment stays with its line, and leaves with it.
        let after = edited(FILE, &["-a.example"]);
        assert!(
            after.contains("\n// Pinned.\nrequire b.example v1.0.0 // why\n\n"),
            "{after}"
        );
        let after = edited(FILE, &["-b.example"]);
        assert!(
            after.contains("\nrequire a.example v1.0.0\n\nrequire ("),
            "{after}"
        );
    }

    #[test]
    fn the_go_line_rises_and_a_toolchain_line_leaves() {
        let after = edited(FILE, &["go 1.22.1", "-toolchain"]);
        assert_eq!(
            after,
            FILE.replace("go 1.21\n\ntoolchain go1.21.3\n", "go 1.22.1\n")
        );
    }

    #[test]
    fn sums_stand_in_the_order_of_go() {
        let line = |name: &str, hash: Option<&str>| EntryChange {
            place: "go.sum".to_owned(),
            name: name.to_owned(),
            edit: match hash {
                Some(hash) => EntryEdit::Own(OwnEdit::Go(GoEdit::Sum(hash.to_owned()))),
                None => EntryEdit::Drop,
            },
        };
        let text = "a.example v1.9.0 h1:a=\na.example v1.9.0/go.mod h1:b=\nb.example v1.0.0 h1:c=\n";
        let changes = [
            line("a.example v1.10.0", Some("h1:d=")),
            line("a.example v1.10.0/go.mod", Some("h1:e=")),
            line("a.example v1.2.0/go.mod", Some("h1:f=")),
            line("a.example v1.9.0", None),
            line("c.example v1.0.0", Some("h1:g=")),
        ];
        let expected = "a.example v1.2.0/go.mod h1:f=\na.example v1.9.0/go.mod h1:b=\na.example v1.10.0 h1:d=\n\
            a.example v1.10.0/go.mod h1:e=\nb.example v1.0.0 h1:c=\nc.example v1.0.0 h1:g=\n";
        let all: Vec<&EntryChange> = changes.iter().collect();
        assert_eq!(sums_with(text, &all).unwrap(), expected);
        let crlf = |text: &str| text.replace('\n', "\r\n");
        assert_eq!(sums_with(&crlf(text), &all).unwrap(), crlf(expected));
        assert!(sums_with("a b\n", &all).is_err());
    }
}
