//! The grid, the refs and the gate: read back by readers that are not ours, and what a person sees.

use std::collections::BTreeMap;

use lockkeeper::model::grid::{CellState, Standing};
use lockkeeper::model::{Decision, Gate, Grid};
use lockkeeper::report::grid::markdown::SUMMARY;
use lockkeeper::report::grid::{markdown, refs};
use lockkeeper::report::markdown::ISSUE;
use lockkeeper::report::{Colour, Form, Length, Style, gate, grid};
use lockkeeper::text::escape::is_hidden;
use serde_json::Value;
use unicode_width::UnicodeWidthStr;

use super::markdown::acts_nowhere;
use crate::support::{grids, outcomes};

#[test]
fn forms_are_in_order_and_named_after_their_files() {
    let names = |forms: Vec<&'static str>, folder: &str| {
        assert!(forms.is_sorted());
        for name in forms {
            let own = format!("{}/src/report/{folder}/{name}.rs", env!("CARGO_MANIFEST_DIR"));
            let other = format!("{}/src/report/{name}/{folder}.rs", env!("CARGO_MANIFEST_DIR"));
            assert!(
                [own, other]
                    .iter()
                    .any(|file| std::fs::exists(file).expect("a folder that can be read")),
                "{name}"
            );
        }
    };
    names(grid::FORMS.iter().map(|form| form.name).collect(), "grid");
    names(gate::FORMS.iter().map(|form| form.name).collect(), "gate");
}

#[test]
fn no_line_is_wider_than_the_terminal_and_every_id_is_whole() {
    for (name, grid) in grids::all() {
        for width in [40, 60, 80, 100, 160] {
            for length in [Length::Verdict, Length::Normal, Length::Full] {
                let text = written("terminal", &grid, width, length);
                fits(&text, width, name);
                if length == Length::Verdict || width < 60 {
                    continue;
                }
                let words: Vec<&str> = text.split_whitespace().collect();
                for row in grid.rows.iter().take(10).filter(|_| name != "hostile") {
                    assert!(
                        words.contains(&row.advisory.id.as_str()),
                        "{name} at {width}: {} in\n{text}",
                        row.advisory.id
                    );
                }
            }
        }
    }
    // An id of any length is there, over as many lines as it takes.
    let text = written("terminal", &grids::hostile(), 80, Length::Full);
    let joined: String = text.split_whitespace().collect();
    for id in ["X-3<script>alert(1)</script><img", "X-9%0A::error::owned"] {
        let id: String = id.split_whitespace().collect();
        assert!(joined.contains(&id), "{id} in\n{text}");
    }
}

/// Reads the blocks as a person would: a column begins where its head does.
#[test]
fn every_cell_stands_below_its_line_in_every_block() {
    for width in [80, 160] {
        for (name, grid) in [("small", grids::small()), ("huge", grids::huge(12, 60))] {
            let text = written("terminal", &grid, width, Length::Normal);
            let mut seen: BTreeMap<(String, String), char> = BTreeMap::new();
            let mut heads: Vec<(usize, String)> = Vec::new();
            for line in text.lines() {
                let characters: Vec<char> = line.chars().collect();
                let first = line.split_whitespace().next().unwrap_or_default();
                let short = |target: &lockkeeper::model::Target| {
                    let full = target.ref_name.as_deref().expect("a ref");
                    full.strip_prefix("refs/heads/")
                        .or_else(|| full.strip_prefix("refs/"))
                        .expect("a ref")
                        .to_owned()
                };
                let names: Vec<String> = grid.outcome.targets.iter().map(short).collect();
                if line.starts_with("    ") && names.iter().any(|name| name == first) {
                    heads.clear();
                    let mut place = 0;
                    while let Some(start) = (place..characters.len()).find(|at| characters[*at] != ' ') {
                        let end = (start..characters.len())
                            .find(|at| characters[*at] == ' ')
                            .unwrap_or(characters.len());
                        heads.push((start, characters[start..end].iter().collect()));
                        place = end;
                    }
                    continue;
                }
                let id = line
                    .split_whitespace()
                    .take(3)
                    .find(|word| grid.rows.iter().any(|row| row.advisory.id == *word));
                if let Some(id) = id.filter(|_| !heads.is_empty() && !line.contains(" · ")) {
                    for (start, head) in &heads {
                        if let Some(mark) = characters.get(*start) {
                            seen.insert((id.to_owned(), head.clone()), *mark);
                        }
                    }
                }
                if line.starts_with("Advisories") {
                    break;
                }
            }
            for row in grid.rows.iter().take(10) {
                for (target, cell) in grid.outcome.targets.iter().zip(&row.cells) {
                    let full = target.ref_name.as_deref().expect("a ref");
                    let head = full
                        .strip_prefix("refs/heads/")
                        .or_else(|| full.strip_prefix("refs/"))
                        .expect("a ref");
                    let mark = seen.get(&(row.advisory.id.clone(), head.to_owned()));
                    let expected = match cell.state {
                        CellState::Affected if cell.decision == Some(Decision::Warn) => '!',
                        CellState::Affected => '✗',
                        CellState::Unknown => '?',
                        CellState::Excepted => '~',
                        CellState::Fixed => '✓',
                        CellState::NotAffected => '-',
                        CellState::Absent => '.',
                    };
                    assert_eq!(
                        mark,
                        Some(&expected),
                        "{name} at {width}: {} on {head} in\n{text}",
                        row.advisory.id
                    );
                }
            }
        }
    }
}

#[test]
fn long_lists_say_how_much_more_there_is() {
    let grid = grids::huge(500, 60);
    let text = written("terminal", &grid, 80, Length::Normal);
    assert!(text.lines().count() < 450, "{}", text.lines().count());
    assert!(text.contains("490 more rows (-v shows more)"), "{text}");
    for width in [80, 160] {
        let full = written("terminal", &grid, width, Length::Full);
        let lines = full.lines().count();
        assert!((350..1_500).contains(&lines), "{lines} at {width}");
        assert!(full.contains("more rows (`--format json` lists all)"), "{full}");
    }
}

#[test]
fn every_row_shows_package_and_severity_and_what_only_warns_looks_different() {
    let grid = grids::small();
    for width in [60, 80, 120, 160] {
        let text = written("terminal", &grid, width, Length::Normal);
        let (table, _) = text.split_once("Advisories\n").expect("what follows the table");
        for (id, package, severity) in [
            ("MAL-2030-7", "left-pod", "malicious"),
            ("RUSTSEC-2030-0001", "examplelib", "critical 9.1"),
            ("GHSA-1111-2222-3333", "examplelib-sys", "medium 5.3"),
            ("RUSTSEC-2030-0100", "oldcrate", "unmaintained"),
        ] {
            let row = table
                .split(id)
                .nth(1)
                .unwrap_or_else(|| panic!("no {id} in\n{text}"));
            let row: String = row.lines().take(2).collect::<Vec<_>>().join(" ");
            let words: Vec<&str> = row.split_whitespace().collect();
            assert!(words.contains(&package), "{width}: {package} in {row}");
            assert!(row.contains(severity), "{width}: {severity} in {row}");
        }
        assert!(table.contains("✗ 0.10.30") && table.contains("! 0.1.9"), "{text}");
        assert!(
            table.contains("✗ blocks (5)") && table.contains("! warns (3)"),
            "{text}"
        );
    }
    let page = written("html", &grid, 80, Length::Normal);
    assert!(page.contains("<td class=\"warns\"") && page.contains("<i>warns </i>0.1.9"));
    let text = written("markdown", &grid, 80, Length::Normal);
    assert!(
        text.contains("| \\! `0.1.9` |") && text.contains("\\! warns (3)"),
        "{text}"
    );
}

#[test]
fn names_that_are_the_same_when_short_are_told_in_full() {
    let text = written("terminal", &grids::hostile(), 160, Length::Normal);
    assert!(text.contains("refs/tags/1"), "{text}");
    assert!(text.contains("refs/heads/tags/1"), "{text}");
}

#[test]
fn the_status_says_what_the_grid_holds() {
    for (name, grid) in grids::all() {
        let text = written("json", &grid, 80, Length::Normal);
        assert!(
            !text.contains(|character| character != '\n' && is_hidden(character)),
            "{name}"
        );
        let document: Value = serde_json::from_str(&text).expect(name);
        assert_eq!(document["schema"], "lockkeeper.status/1", "{name}");
        assert_eq!(document["verdict"], grid.outcome.verdict.as_str(), "{name}");
        assert_eq!(document["exit_code"], grid.outcome.exit_code.number(), "{name}");
        assert_eq!(document["tool"]["version"], "0.1.0");
        assert_eq!(document["policy"]["digest"], grid.outcome.policy.digest);
        assert_eq!(
            document["database"]["digest"].as_str(),
            grid.outcome.database.digest.as_deref()
        );
        assert_eq!(
            document["coverage"]["complete"],
            grid.outcome.coverage.is_complete(),
            "{name}"
        );
        assert_eq!(list(&document["targets"]).len(), grid.outcome.targets.len());
        let rows = list(&document["rows"]);
        assert_eq!(rows.len(), grid.rows.len(), "{name}");
        for (told, row) in rows.iter().zip(&grid.rows) {
            assert_eq!(told["id"], row.advisory.id);
            assert_eq!(told["aliases"], serde_json::json!(row.advisory.aliases));
            assert_eq!(told["related"], serde_json::json!(row.related));
            assert_eq!(
                told["packages"],
                serde_json::json!(
                    row.packages
                        .iter()
                        .map(|package| package.as_str())
                        .collect::<Vec<_>>()
                )
            );
            assert_eq!(told["severity"]["level"], row.advisory.severity.level.as_str());
            let cells = told["cells"].as_object().expect("cells");
            assert_eq!(cells.len(), row.cells.len(), "{name}");
            for (target, cell) in grid.outcome.targets.iter().zip(&row.cells) {
                let told = &cells[target.ref_name.as_deref().expect("a ref")];
                assert_eq!(told["state"], cell.state.as_str());
                assert_eq!(told["reason"], cell.reason);
                assert_eq!(told["version"].as_str(), cell.version.as_deref());
                assert_eq!(told["fixed"], serde_json::json!(cell.fixed));
                assert_eq!(told["pull_request"], Value::Null);
                let occurrences = list(&told["occurrences"]);
                assert_eq!(occurrences.len(), cell.occurrences.len());
                for (told, occurrence) in occurrences.iter().zip(&cell.occurrences) {
                    assert_eq!(told["file"], *occurrence.file.display());
                    assert_eq!(told["line"], occurrence.line);
                    assert_eq!(told["package"], occurrence.package.as_str());
                    assert_eq!(told["version"], occurrence.version);
                    assert_eq!(told["fixed"], serde_json::json!(occurrence.fixed));
                }
            }
        }
        match &grid.history {
            None => assert!(document.get("history").is_none(), "{name}"),
            Some(history) => {
                let told = list(&document["history"]);
                assert_eq!(told.len(), history.len());
                for (told, held) in told.iter().zip(history) {
                    assert_eq!(told["ids"], serde_json::json!(held.ids));
                    assert_eq!(told["package"], held.package.as_str());
                    assert_eq!(told["ref"], held.ref_name);
                    assert_eq!(told["introduced_by"], held.introduced_by);
                    assert_eq!(told["removed_by"].as_str(), held.removed_by.as_deref());
                    assert_eq!(told["tags"], serde_json::json!(held.tags));
                }
            }
        }
    }
}

#[test]
fn refs_say_which_lines_are_live() {
    for (name, grid) in grids::all() {
        let mut bytes = Vec::new();
        refs::json(&grid.lines, &grid.warnings, &mut bytes).expect("a Vec takes everything");
        let document: Value = serde_json::from_slice(&bytes).expect(name);
        assert_eq!(document["schema"], "lockkeeper.refs/1");
        assert_eq!(document["warnings"], serde_json::json!(grid.warnings));
        let told = list(&document["refs"]);
        assert_eq!(told.len(), grid.lines.len());
        for (told, line) in told.iter().zip(&grid.lines) {
            assert_eq!(told["ref"], line.ref_name);
            assert_eq!(told["commit"], line.commit);
            assert_eq!(told["live"], line.standing == Standing::Live);
            assert_eq!(told["reason"], line.reason);
            assert_eq!(told["committed"], line.committed.to_string());
        }
        for width in [40, 80, 160] {
            for length in [Length::Verdict, Length::Normal, Length::Full] {
                let text = said(
                    |style, out| refs::terminal(&grid.lines, &grid.warnings, style, out),
                    width,
                    length,
                );
                fits(&text, width, name);
            }
        }
    }
    let grid = grids::small();
    let text = said(
        |style, out| refs::terminal(&grid.lines, &grid.warnings, style, out),
        80,
        Length::Normal,
    );
    insta::assert_snapshot!("refs", text);
}

#[test]
fn the_gate_says_what_stands_in_the_way() {
    for (name, gate) in grids::gates() {
        let document: Value = serde_json::from_str(&of_gate("json", &gate, 80, Length::Normal)).expect(name);
        assert_eq!(document["schema"], "lockkeeper.gate/1");
        assert_eq!(document["release"], gate.release);
        assert_eq!(document["verdict"], gate.outcome.verdict.as_str());
        assert_eq!(document["exit_code"], gate.outcome.exit_code.number());
        let told = list(&document["blocking"]);
        assert_eq!(told.len(), gate.blocking.len());
        for (told, blocking) in told.iter().zip(&gate.blocking) {
            assert_eq!(told["id"], blocking.id);
            assert_eq!(told["package"], blocking.purl.as_str());
            assert_eq!(told["file"], *blocking.file.display());
            assert_eq!(told["line"], blocking.line);
            assert_eq!(told["reason"], blocking.reason);
            assert_eq!(told["unblock"], serde_json::json!(blocking.unblock));
        }
        for width in [40, 80, 160] {
            for length in [Length::Verdict, Length::Normal, Length::Full] {
                let text = of_gate("terminal", &gate, width, length);
                fits(&text, width, name);
            }
        }
        let text = of_gate("markdown", &gate, 80, Length::Normal);
        acts_nowhere(&text);
        if name != "hostile" {
            insta::assert_snapshot!(
                format!("gate_{name}_80"),
                of_gate("terminal", &gate, 80, Length::Normal)
            );
            insta::assert_snapshot!(format!("gate_{name}_markdown"), text);
        }
    }
}

#[test]
fn the_table_stays_within_its_limit_and_says_what_it_left_out() {
    for (name, grid) in grids::all() {
        for limit in [SUMMARY, ISSUE, 20_000] {
            let text = markdown::within(&grid, limit);
            assert!(text.len() < limit, "{name}: {} of {limit}", text.len());
            assert!(text.ends_with("</details>\n"), "{name}");
            inert_markdown(&text, name);
        }
    }
    let huge = grids::huge(500, 60);
    let text = markdown::within(&huge, ISSUE);
    let is_row = |line: &&str| line.starts_with('|') && line.contains("`GHSA-");
    let told = text.lines().filter(is_row).count();
    assert!((10..500).contains(&told), "{told}");
    assert!(
        text.contains(&format!("… and {} rows more", 500 - told)),
        "{told} told"
    );
    let worst = text.find("GHSA-0000-abcd-efgh").expect("the worst row");
    assert!(worst < text.find("GHSA-0001-abcd-efgh").expect("the next"));
    let text = written("markdown", &huge, 80, Length::Normal);
    assert!(text.len() < SUMMARY, "{} bytes", text.len());
    assert_eq!(markdown::within(&huge, 900_000), text);
    // The verdicts come first, then the packages.
    let place = |words: &str| text.find(words).unwrap_or_else(|| panic!("no {words} in {text}"));
    assert!(place("| `release/9.0` | **✗&nbsp;BLOCKED** |") < place("| Package | Advisory |"));
}

#[test]
fn equal_grids_give_equal_bytes() {
    for form in grid::FORMS {
        for name in ["small", "hostile"] {
            let of = || {
                let grid = grids::all().into_iter().find(|(other, _)| *other == name);
                written(form.name, &grid.expect("a grid").1, 80, Length::Normal)
            };
            assert_eq!(of(), of(), "{name} as {}", form.name);
        }
    }
}

#[test]
fn looks() {
    for (name, grid) in grids::all() {
        if name == "huge" {
            continue;
        }
        for width in [80, 160] {
            let text = written("terminal", &grid, width, Length::Normal);
            insta::assert_snapshot!(format!("grid_{name}_{width}"), text);
        }
    }
    let few = grids::huge(12, 60);
    insta::assert_snapshot!(
        "grid_many_lines_80",
        written("terminal", &few, 80, Length::Normal)
    );
    insta::assert_snapshot!(
        "grid_small_full_80",
        written("terminal", &grids::small(), 80, Length::Full)
    );
    insta::assert_snapshot!(
        "grid_small_markdown",
        written("markdown", &grids::small(), 80, Length::Normal)
    );
}

/// Writes what a terminal shows into the folder that `LOCKKEEPER_PAGES` names, for people to look at.
#[test]
fn terminals_can_be_looked_at() {
    let Some(folder) = std::env::var_os("LOCKKEEPER_PAGES") else {
        println!("skipped: LOCKKEEPER_PAGES names no folder");
        return;
    };
    let folder = std::path::PathBuf::from(folder);
    std::fs::create_dir_all(&folder).expect("a folder");
    let texts = outcomes::texts();
    let terminal = grid::FORMS
        .iter()
        .find(|form| form.name == "terminal")
        .expect("a form");
    for (name, grid) in grids::all() {
        for width in [80, 160] {
            let style = Style {
                width,
                colour: Colour::Ansi,
                length: Length::Normal,
                texts: &texts,
                is_dated: true,
            };
            let mut bytes = Vec::new();
            (terminal.write)(&grid, &style, &mut bytes).expect("a Vec takes everything");
            std::fs::write(folder.join(format!("grid-{name}-{width}.ansi")), bytes).expect("a file");
        }
    }
}

/// Colour changes no word of the grid and of the gate.
#[test]
fn colour_changes_no_word() {
    let texts = outcomes::texts();
    let style = Style {
        width: 80,
        colour: Colour::Ansi,
        length: Length::Full,
        texts: &texts,
        is_dated: true,
    };
    for (name, grid) in grids::all() {
        let terminal = grid::FORMS
            .iter()
            .find(|form| form.name == "terminal")
            .expect("a form");
        let mut bytes = Vec::new();
        (terminal.write)(&grid, &style, &mut bytes).expect("a Vec takes everything");
        let coloured = String::from_utf8(bytes).expect("UTF-8");
        let mut plain = String::new();
        for (number, part) in coloured.split("\u{1b}[").enumerate() {
            plain.push_str(if number == 0 {
                part
            } else {
                part.split_once('m').expect("SGR").1
            });
        }
        assert!(
            coloured.contains("\u{1b}[") && !plain.contains('\u{1b}'),
            "{name}"
        );
        // A blank at the end of a colour shows nothing.
        let plain: Vec<&str> = plain.lines().map(str::trim_end).collect();
        let uncoloured = written("terminal", &grid, 80, Length::Full);
        assert!(plain == uncoloured.lines().collect::<Vec<_>>(), "{name}");
    }
}

/// No line is wider than the terminal, nothing acts.
fn fits(text: &str, width: usize, name: &str) {
    for line in text.lines() {
        assert!(
            line.width() <= width,
            "{name} at {width}: {} in {line:?}",
            line.width()
        );
        assert!(!line.contains(is_hidden), "{name}: {line:?}");
        assert!(!line.trim_start().starts_with("::"), "{name}: {line:?}");
        assert!(!line.contains("##["), "{name}: {line:?}");
        assert!(!line.ends_with(' '), "{name}: {line:?}");
    }
}

/// The text without the links that ids have to their pages.
fn without_links_of_ids(text: &str) -> String {
    let mut parts = text.split("](https://osv.dev/vulnerability/");
    let mut rest = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let (id, behind) = part.split_once(')').expect("an end of the link");
        let is_plain = |each: char| each.is_ascii_alphanumeric() || "-_.:".contains(each);
        assert!(id.chars().all(is_plain), "{id}");
        rest.push_str(behind);
    }
    rest
}

/// All tags are ours and closed, every row has as many cells as its table, no text acts.
fn inert_markdown(text: &str, name: &str) {
    let text = &without_links_of_ids(text);
    assert!(
        !text.contains(|character| character != '\n' && is_hidden(character)),
        "{name}: {text:?}"
    );
    for live in [
        "<script", "<img", "<!--", "@acme", "@evil", "](", "https://", "#1 ", "#2", "**bold", "[^1]", "##[",
    ] {
        assert!(!text.contains(live), "{name}: {live} in {text}");
    }
    // Between backticks these are no links.
    let outside: String = text.replace("\\`", "").split('`').step_by(2).collect();
    for live in ["www.evil", "GH-3"] {
        assert!(!outside.contains(live), "{name}: {live} in {outside}");
    }
    let mut cells = None;
    for line in text.lines() {
        assert!(!line.trim_start().starts_with("::"), "{name}: {line}");
        if !line.starts_with('|') {
            cells = None;
            continue;
        }
        let found = bars(line);
        assert_eq!(*cells.get_or_insert(found), found, "{name}: {line}");
    }
    let mut open = Vec::new();
    for tag in text.split('<').skip(1) {
        let tag = tag.split('>').next().unwrap_or_default();
        if ["br", "wbr"].contains(&tag) {
            continue;
        }
        match tag.strip_prefix('/') {
            Some(tag) => assert_eq!(open.pop(), Some(tag), "{name}"),
            None => {
                assert!(
                    ["details", "summary", "code", "span"].contains(&tag),
                    "{name}: {tag}"
                );
                open.push(tag);
            }
        }
    }
    assert!(open.is_empty(), "{name}: {open:?}");
}

/// Bars that divide cells (GitHub Flavored Markdown, section 4.10).
fn bars(line: &str) -> usize {
    let mut escaped = false;
    let mut bars = 0;
    for character in line.chars() {
        match character {
            '\\' => escaped = !escaped,
            '|' if !escaped => bars += 1,
            _ => escaped = false,
        }
    }
    bars
}

pub(crate) fn written(form: &str, grid: &Grid, width: usize, length: Length) -> String {
    in_form(grid::FORMS, form, grid, width, length)
}

pub(crate) fn of_gate(form: &str, gate: &Gate, width: usize, length: Length) -> String {
    in_form(gate::FORMS, form, gate, width, length)
}

fn in_form<T>(forms: &[Form<T>], name: &str, value: &T, width: usize, length: Length) -> String {
    let form = forms.iter().find(|form| form.name == name).expect("a form");
    said(|style, out| (form.write)(value, style, out), width, length)
}

fn said(
    write: impl FnOnce(&Style<'_>, &mut dyn std::io::Write) -> std::io::Result<()>,
    width: usize,
    length: Length,
) -> String {
    let texts = outcomes::texts();
    let style = Style {
        width,
        colour: Colour::Plain,
        length,
        texts: &texts,
        is_dated: true,
    };
    let mut bytes = Vec::new();
    write(&style, &mut bytes).expect("a Vec takes everything");
    String::from_utf8(bytes).expect("UTF-8")
}

fn list(value: &Value) -> &[Value] {
    value.as_array().expect("a list")
}
