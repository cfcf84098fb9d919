//! What people read is in the field's words, without those of a private language.

use clap::CommandFactory as _;
use lockkeeper::cli::arguments::Arguments;

use crate::architecture;
use crate::project::readme::documents;

/// Words that no text for people has.
const AVOIDED: &[&str] = &[
    "flaw",
    "flaws",
    "judged",
    "judge",
    "judges",
    "mend",
    "mended",
    "mends",
    "softened",
    "stranger",
    "strangers",
    "whoever",
    "nobody",
    "somebody",
    "told",
    "tell",
    "tells",
    "holding",
    "holdings",
];

/// The same of several words.
const AVOIDED_PHRASES: &[&str] = &[
    "do first",
    "nothing has to",
    "blind spot",
    "way out",
    "speaks of",
    "in the way",
    "lies in",
    "live line",
    "moves end",
    "move ends",
];

/// The words of a text that are avoided.
fn avoided(text: &str) -> Vec<&'static str> {
    let lower = text.to_lowercase();
    let words: Vec<&str> = lower
        .split(|character: char| !character.is_alphanumeric())
        .filter(|word| !word.is_empty())
        .collect();
    let spaced = format!(" {} ", words.join(" "));
    let is_there = |phrase: &&&str| spaced.contains(&format!(" {phrase} "));
    AVOIDED
        .iter()
        .chain(AVOIDED_PHRASES)
        .filter(is_there)
        .copied()
        .collect()
}

#[test]
fn avoided_words_are_found() {
    assert_eq!(avoided("2 Flaws, judged"), ["flaws", "judged"]);
    assert_eq!(avoided("it has the\nway  out"), ["way out"]);
    assert!(avoided("flawless, foretold").is_empty());
}

#[test]
fn texts_of_the_sources() {
    let mut found = Vec::new();
    for source in architecture::sources() {
        // One word alone is a key or a name.
        for (line, string) in source.strings.iter().filter(|(_, string)| string.contains(' ')) {
            for word in avoided(string) {
                found.push(format!("src/{}:{line}: {word:?} in {string:?}", source.path));
            }
        }
    }
    assert!(found.is_empty(), "\n{}", found.join("\n"));
}

#[test]
fn help_of_every_command() {
    let mut found = Vec::new();
    help(Arguments::command(), &mut found);
    assert!(found.is_empty(), "\n{}", found.join("\n"));
}

fn help(mut command: clap::Command, found: &mut Vec<String>) {
    let text = command.render_long_help().to_string();
    for word in avoided(&text) {
        found.push(format!("{word:?} in the help of `{}`", command.get_name()));
    }
    for inner in command.get_subcommands() {
        help(inner.clone(), found);
    }
}

/// What stands in code marks is a name or a message.
#[test]
fn pages_of_the_documentation() {
    let mut found = Vec::new();
    for document in documents() {
        let text = architecture::read(&document);
        let prose: Vec<&str> = text.split("```").step_by(2).collect();
        for (number, paragraph) in prose.join("\n\n").split("\n\n").enumerate() {
            let prose: Vec<&str> = paragraph.split('`').step_by(2).collect();
            for word in avoided(&prose.join(" x ")) {
                found.push(format!("{document}: {word:?} in paragraph {number}: {paragraph}"));
            }
        }
    }
    assert!(found.is_empty(), "\n{}", found.join("\n"));
}

#[test]
fn reports_of_every_kind() {
    let folder = architecture::root().join("tests/it/report/snapshots");
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).expect("a folder") {
        let path = entry.expect("an entry").path();
        let text = std::fs::read_to_string(&path).expect("a snapshot");
        let (_, report) = text.split_once("\n---\n").expect("a header");
        for word in avoided(report) {
            found.push(format!("{word:?} in {}", path.display()));
        }
    }
    assert!(found.is_empty(), "\n{}", found.join("\n"));
}
