//! What README, docs, CONTRIBUTING and `action.yml` name exists: paths, sections, commands, flags, exit codes, variables,
//! inputs; and docs/usage.md lists every address and every variable.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::process::Command;

use lockkeeper::config::policy::PLACES;
use lockkeeper::model::verdict::ExitCode;

use crate::architecture::{read, root, sources};

/// What people read: the pages at the top, and those of `docs`.
pub(crate) fn documents() -> Vec<String> {
    let mut documents = ["README.md", "CONTRIBUTING.md", "SECURITY.md"]
        .map(str::to_owned)
        .to_vec();
    let pages = std::fs::read_dir(root().join("docs")).expect("a folder");
    let pages = pages.map(|page| page.expect("an entry").file_name().into_string().expect("a name"));
    documents.extend(
        pages
            .filter(|page| page.ends_with(".md"))
            .map(|page| format!("docs/{page}")),
    );
    documents.sort();
    documents
}

#[test]
fn paths_exist() {
    let mut missing = Vec::new();
    for document in &documents() {
        let text = read(document);
        let folder = Path::new(document).parent().expect("a folder");
        let links = text
            .split("](")
            .skip(1)
            .filter_map(|rest| rest.split(')').next())
            .filter(|target| !target.starts_with("http") && !target.starts_with('#'))
            .map(|target| folder.join(target.split('#').next().unwrap_or_default()));
        let spans = code_spans(&text);
        let folders = [
            "src/",
            "tests/",
            "benches/",
            "fuzz/",
            "docs/",
            "data/",
            ".ci/",
            ".github/",
            "examples/",
            "setup/",
        ];
        let spans = spans
            .iter()
            .filter_map(|span| span.split_whitespace().next())
            .filter(|word| folders.iter().any(|folder| word.starts_with(folder)))
            // Where a user's own policy lies.
            .filter(|word| !made_up(word) && !PLACES.contains(word))
            // Where a user's own workflows lie.
            .filter(|word| !word.starts_with(".github/workflows"))
            .map(|word| Path::new(word).to_owned());
        missing.extend(
            links
                .chain(spans)
                .filter(|path| !root().join(path).exists())
                .map(|path| format!("{document}: {}", path.display())),
        );
    }
    assert!(missing.is_empty(), "not there:\n{}", missing.join("\n"));
}

/// A link to a section of a page leads to a heading of it.
#[test]
fn sections_exist() {
    let mut missing = Vec::new();
    for document in &documents() {
        let folder = Path::new(document).parent().expect("a folder");
        let text = read(document);
        let links = text.split("](").skip(1).filter_map(|rest| rest.split(')').next());
        for link in links.filter(|link| !link.starts_with("http")) {
            let Some((page, section)) = link.split_once('#') else {
                continue;
            };
            let page = match page {
                "" => document.clone(),
                page => folder.join(page).to_str().expect("UTF-8").to_owned(),
            };
            if !headings(&read(&page)).contains(section) {
                missing.push(format!("{document}: {link}"));
            }
        }
    }
    assert!(missing.is_empty(), "no such section:\n{}", missing.join("\n"));
}

/// What GitHub calls the headings of a page.
fn headings(text: &str) -> BTreeSet<String> {
    let headings = text.lines().filter(|line| line.starts_with('#'));
    let named = headings.map(|heading| {
        let heading = heading
            .trim_start_matches('#')
            .trim()
            .to_lowercase()
            .replace(' ', "-");
        heading
            .chars()
            .filter(|character| character.is_alphanumeric() || matches!(character, '-' | '_'))
            .collect()
    });
    named.collect()
}

#[test]
fn commands_and_flags_exist() {
    let mut helps = Helps::default();
    let mut wrong = Vec::new();
    let mut count = 0_usize;
    for document in &documents() {
        let text = read(document);
        let now = text.split("\n## Not yet").next().unwrap_or_default();
        for command in commands(now) {
            count += 1;
            if let Err(what) = helps.check(&command) {
                wrong.push(format!("{document}: `lockkeeper {}`: {what}", command.join(" ")));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert!(count >= 10, "only {count} commands were found in the documents");
    let every = ["scan", "--db", "x", "--no-such-flag"].map(str::to_owned);
    assert!(helps.check(&every).is_err());
    assert!(helps.check(&["no-such-command".to_owned()]).is_err());
    assert!(
        helps
            .check(&["db".to_owned(), "no-such-command".to_owned()])
            .is_err()
    );
}

#[test]
fn messages_that_are_explained_are_said() {
    let said: Vec<String> = sources()
        .iter()
        .flat_map(|source| source.strings.iter())
        .map(|(_, string)| {
            string
                .split_whitespace()
                .collect::<Vec<_>>()
                .join(" ")
                .replace("\\ ", "")
        })
        .collect();
    let page = read("docs/troubleshooting.md");
    let mut explained = 0_usize;
    for row in page.lines().filter(|line| line.starts_with("| `")) {
        let cell = row
            .trim_start_matches("| ")
            .split(" | ")
            .next()
            .unwrap_or_default();
        // A message that itself shows code stands between the outer ones.
        for message in cell.split(" … ") {
            let message = message.trim_matches('`');
            explained += 1;
            assert!(
                said.iter().any(|said| said.contains(message)),
                "nobody says {message:?}"
            );
        }
    }
    assert!(explained > 25, "{explained}");
}

#[test]
fn the_demo_says_what_the_readme_shows() {
    let readme = read("README.md");
    let shown = readme
        .split("```text\n")
        .nth(1)
        .and_then(|rest| rest.split("```").next());
    let output = Command::new(env!("CARGO_BIN_EXE_lockkeeper"))
        .args(["demo", "--color", "never"])
        .env("COLUMNS", "80")
        .output()
        .expect("the program runs");
    assert_eq!(output.status.code(), Some(0));
    let said = String::from_utf8(output.stdout).expect("UTF-8");
    let lines: Vec<&str> = shown.expect("a block").lines().collect();
    assert!(lines.len() > 10);
    for line in lines.iter().filter(|line| line.trim() != "…") {
        assert!(
            said.lines().any(|said| said == *line),
            "the demo does not say {line:?}:\n{said}"
        );
    }
}

#[test]
fn exit_codes_are_told() {
    let codes = |text: &str| -> BTreeSet<u8> {
        text.lines()
            .map(|line| line.trim_start_matches("//! "))
            .skip_while(|line| !line.to_lowercase().starts_with("| code"))
            .skip(2)
            .take_while(|line| line.starts_with('|'))
            .map(|line| {
                line.split('|')
                    .nth(1)
                    .unwrap_or_default()
                    .trim()
                    .trim_matches('`')
                    .to_owned()
            })
            .map(|code| code.parse().unwrap_or_else(|_| panic!("no exit code: {code}")))
            .collect()
    };
    let all: BTreeSet<u8> = ExitCode::ALL.iter().map(|code| code.number()).collect();
    assert_eq!(codes(&read("docs/usage.md")), all, "docs/usage.md");
    assert_eq!(codes(&read("src/lib.rs")), all, "src/lib.rs");
}

#[test]
fn every_variable_is_told() {
    let page = variables(&read("docs/usage.md"));
    let mut code = BTreeSet::new();
    for source in sources() {
        for (_, string) in &source.strings {
            code.extend(variables(string));
        }
    }
    assert_eq!(page, code, "docs/usage.md and the strings of src");
}

#[test]
fn every_address_is_told() {
    let page = read("docs/usage.md");
    let mut known = 0_usize;
    for source in sources() {
        // Others only write addresses into reports, for people to follow.
        let contacts = [
            "feed", "sys", "database", "config", "scan", "cli", "action", "git", "registry",
        ];
        if !source.module().is_some_and(|module| contacts.contains(&module)) {
            continue;
        }
        for (line, string) in &source.strings {
            let hosts = string
                .split("://")
                .skip(1)
                .filter_map(|rest| rest.split(['/', ' ', '"', ')']).next());
            for host in
                hosts.filter(|host| host.contains('.') && !host.contains('{') && !host.ends_with(".example"))
            {
                known += 1;
                assert!(
                    page.contains(host),
                    "src/{}:{line}: docs/usage.md does not list {host}",
                    source.path
                );
            }
        }
    }
    assert!(
        known >= 3,
        "the addresses of OSV, KEV and EPSS were not found in src"
    );
}

#[test]
fn inputs_are_those_of_the_action() {
    let action = read("action.yml");
    let inputs: Vec<&str> = action
        .lines()
        .skip_while(|line| *line != "inputs:")
        .skip(1)
        .take_while(|line| line.is_empty() || line.starts_with(' '))
        .filter_map(|line| line.strip_prefix("  ")?.strip_suffix(':'))
        .filter(|name| !name.starts_with(' '))
        .collect();
    let source = read("src/action/inputs.rs");
    let names = source
        .split("pub const NAMES")
        .nth(1)
        .and_then(|rest| rest.split("];").next());
    let names: Vec<&str> = names.unwrap_or_default().split('"').skip(1).step_by(2).collect();
    assert_eq!(inputs, names, "action.yml and src/action/inputs.rs");
    let defaults: Vec<&str> = action
        .lines()
        .filter(|line| line.trim().starts_with("default:"))
        .collect();
    assert_eq!(defaults, ["    default: ${{ github.token }}"]);
    // GitHub gives every input, empty ones too.
    let folder = std::env::temp_dir().join(format!("lockkeeper-inputs-{}", std::process::id()));
    std::fs::create_dir_all(&folder).expect("a folder");
    let run = |inputs: &[(String, &str)]| {
        let inputs = inputs.iter().map(|(name, value)| (name.as_str(), *value));
        let mut command = Command::new(env!("CARGO_BIN_EXE_lockkeeper"));
        command
            .arg("action")
            .current_dir(&folder)
            .env_clear()
            .envs(inputs);
        command
            .env("LOCKKEEPER_CACHE", &folder)
            .output()
            .expect("it runs")
            .status
            .code()
    };
    let mut given: Vec<(String, &str)> = inputs
        .iter()
        .map(|name| (format!("INPUT_{}", name.to_uppercase()), ""))
        .collect();
    assert_eq!(run(&given), Some(4), "an empty folder with every input empty");
    given.push(("INPUT_SARIF-FLIE".to_owned(), "x"));
    assert_eq!(run(&given), Some(2), "an unknown input");
    let _ = std::fs::remove_dir_all(&folder);
}

/// The help of each command, asked for once.
#[derive(Default)]
struct Helps(BTreeMap<Vec<String>, String>);

impl Helps {
    /// The words after `lockkeeper` begin with a command, and its flags are its own.
    fn check(&mut self, words: &[String]) -> Result<(), String> {
        let mut path = Vec::new();
        let mut words = words.iter().peekable();
        while let Some(word) = words.peek() {
            let known = subcommands(self.of(&path));
            if known.is_empty() || word.starts_with('-') {
                break;
            }
            if !known.contains(*word) {
                return Err(format!("no command {word}"));
            }
            path.push((*word).clone());
            words.next();
        }
        let help = self.of(&path);
        for word in words.filter(|word| word.starts_with("--") && word.len() > 2) {
            let flag = word.split('=').next().unwrap_or_default();
            let known = help
                .split(|character: char| {
                    character.is_whitespace() || matches!(character, ',' | '[' | ']' | '=')
                })
                .any(|known| known == flag);
            if !known {
                return Err(format!("no flag {flag}"));
            }
        }
        Ok(())
    }

    fn of(&mut self, path: &[String]) -> &str {
        self.0.entry(path.to_vec()).or_insert_with(|| {
            let output = Command::new(env!("CARGO_BIN_EXE_lockkeeper"))
                .args(path)
                .arg("--help")
                .output()
                .expect("the program runs");
            assert!(output.status.success(), "lockkeeper {} --help", path.join(" "));
            String::from_utf8(output.stdout).expect("UTF-8")
        })
    }
}

/// The names under `Commands:`.
fn subcommands(help: &str) -> BTreeSet<String> {
    help.lines()
        .skip_while(|line| *line != "Commands:")
        .skip(1)
        .take_while(|line| !line.is_empty())
        .filter_map(|line| line.strip_prefix("  ")?.split_whitespace().next())
        .map(str::to_owned)
        .collect()
}

/// The words after `lockkeeper` of each command that a document shows.
fn commands(text: &str) -> Vec<Vec<String>> {
    let mut lines: Vec<String> = code_spans(text);
    let mut fenced = false;
    for line in text.lines() {
        if line.trim_start().starts_with("```") {
            fenced = !fenced;
        } else if fenced || line.starts_with("    ") {
            lines.push(line.trim().trim_start_matches("$ ").to_owned());
        }
    }
    let mut commands = Vec::new();
    for line in lines {
        let line = line.replace("cargo run --release -- ", "lockkeeper ");
        let Some(rest) = line.strip_prefix("lockkeeper ") else {
            continue;
        };
        // What follows is the shell's, a comment, or another command.
        let words = rest.split_whitespace();
        let words =
            words.take_while(|word| !matches!(*word, "|" | ">" | "<" | "&&" | "||" | "#" | "·" | "…"));
        let words: Vec<String> = words
            .map(|word| word.trim_matches(['"', '\'', '[', ']']).to_owned())
            .collect();
        // Upper case is to be put in by the reader.
        commands.push(words);
    }
    commands
}

/// What stands between single backquotes, outside of fences.
fn code_spans(text: &str) -> Vec<String> {
    let mut fenced = false;
    let mut prose = String::new();
    for line in text.lines() {
        if line.trim_start().starts_with("```") {
            fenced = !fenced;
        } else if !fenced {
            prose.push_str(line);
            prose.push(' ');
        }
    }
    prose.split('`').skip(1).step_by(2).map(str::to_owned).collect()
}

/// The path stands for one that the reader makes: its name is `x`, or a part of it is to be put in.
fn made_up(path: &str) -> bool {
    path.contains('<')
        || Path::new(path).components().any(|part| {
            let part = part.as_os_str().to_str().unwrap_or_default();
            let stem = part.split('.').next().unwrap_or_default();
            stem == "x" || stem.ends_with("_x")
        })
}

fn variables(text: &str) -> BTreeSet<String> {
    text.match_indices("LOCKKEEPER_")
        .map(|(at, _)| {
            text[at..]
                .chars()
                .take_while(|character| character.is_ascii_uppercase() || *character == '_')
                .collect()
        })
        .collect()
}
