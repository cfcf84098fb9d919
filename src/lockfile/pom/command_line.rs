//! `.mvn/maven.config` and `.mvn/jvm.config`: arguments that every build of a folder and of those below it gets.
//!
//! `mvn` takes the nearest folder above the working directory that holds `.mvn`. Which folder a build is started in
//! is in no file, so each such folder above a pom counts: the module is resolved once for each.
//!
//! Maven 3.8 and older part the arguments at white space, 3.9 and newer at ends of lines, with comments; the grammar
//! is that of Commons CLI's `GnuParser`, from Maven 4 on that of its `DefaultParser`. Where these differ, each reading that Maven accepts counts; a file that all of them refuse is blind.

use std::sync::Arc;

use foldhash::{HashMap, HashMapExt as _};

use super::model::Value;
use super::store::Store;
use crate::model::{Cost, TreePath, Unread};
use crate::text::{Span, decode};

/// What the files of one `.mvn` say, read in one way.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub(super) struct CommandLine {
    /// `-D` of `maven.config`: they come before the properties of poms.
    pub(super) defined: HashMap<String, (Arc<TreePath>, Value)>,
    /// `-D` of `jvm.config`: they come after the properties of poms.
    pub(super) system: HashMap<String, (Arc<TreePath>, Value)>,
    /// Profiles that are asked for.
    pub(super) activated: Vec<String>,
    /// Profiles that are switched off.
    pub(super) deactivated: Vec<String>,
    /// `-f`: the pom that is built in place of `pom.xml`.
    pub(super) file: Option<Value>,
}

/// The command lines of one folder.
#[derive(Debug)]
pub(super) struct Anchor {
    /// The folder that holds `.mvn`.
    pub(super) folder: TreePath,
    pub(super) lines: Vec<CommandLine>,
}

/// Command lines that a pom is resolved under; folders nest as deep as a hostile tree wants.
const MAX_COMMAND_LINES: usize = 8;

/// What shows that a folder holds `.mvn`, of which a tree of files knows nothing by itself.
const MARKS: [&str; 3] = [
    ".mvn/extensions.xml",
    ".mvn/wrapper/maven-wrapper.properties",
    ".mvn/settings.xml",
];

/// The short name, the long name, and whether a value follows.
type CommandLineOption = (&'static str, &'static str, bool);

/// An option of Maven's: its short name, its long one, and whether an argument follows. Those of 3.8, 3.9 and 4.0.
const OPTIONS: &[CommandLineOption] = &[
    ("B", "batch-mode", false),
    ("C", "strict-checksums", false),
    ("D", "define", true),
    ("N", "non-recursive", false),
    ("P", "activate-profiles", true),
    ("T", "threads", true),
    ("U", "update-snapshots", false),
    ("V", "show-version", false),
    ("X", "verbose", false),
    ("X", "debug", false),
    ("am", "also-make", false),
    ("amd", "also-make-dependents", false),
    ("b", "builder", true),
    ("c", "lax-checksums", false),
    ("canf", "cache-artifact-not-found", true),
    ("color", "color", true),
    ("cpu", "check-plugin-updates", false),
    ("e", "errors", false),
    ("emp", "encrypt-master-password", true),
    ("enc", "enc", false),
    ("ep", "encrypt-password", true),
    ("f", "file", true),
    ("fae", "fail-at-end", false),
    ("ff", "fail-fast", false),
    ("fn", "fail-never", false),
    ("fos", "fail-on-severity", true),
    ("gs", "global-settings", true),
    ("gt", "global-toolchains", true),
    ("h", "help", false),
    ("is", "install-settings", true),
    ("it", "install-toolchains", true),
    ("itr", "ignore-transitive-repositories", false),
    ("l", "log-file", true),
    ("llr", "legacy-local-repository", false),
    ("npr", "no-plugin-registry", false),
    ("npu", "no-plugin-updates", false),
    ("nsu", "no-snapshot-updates", false),
    ("ntp", "no-transfer-progress", false),
    ("o", "offline", false),
    ("pl", "projects", true),
    ("ps", "project-settings", true),
    ("q", "quiet", false),
    ("r", "resume", false),
    ("rf", "resume-from", true),
    ("s", "settings", true),
    ("sadp", "strict-artifact-descriptor-policy", true),
    ("t", "toolchains", true),
    ("up", "update-plugins", false),
    ("v", "version", false),
    ("", "force-interactive", false),
    ("", "non-interactive", false),
    ("", "raw-streams", true),
    ("", "shell", false),
    ("", "yjp", false),
    ("", "debug", false),
];

/// A way in which some Maven reads `maven.config`.
#[derive(Clone, Copy)]
enum Reading {
    /// Up to 3.8: arguments end at white space.
    Words,
    /// From 3.9 on: each line is an argument.
    Lines,
    /// From 4.0 on: long options may be cut short, `-D` has no long name, and the name of a property keeps its spaces.
    Maven4,
}

impl Store<'_> {
    /// The command lines that the pom at `pom` is built under, the nearest folder's first; never empty.
    pub(super) fn command_lines(&self, pom: &TreePath) -> Vec<Anchor> {
        let mut anchors: Vec<Anchor> = Vec::new();
        let mut known: Vec<CommandLine> = Vec::new();
        let mut folder = pom.parent();
        loop {
            if let Some(lines) = self.anchor(&folder) {
                let new: Vec<CommandLine> = lines
                    .into_iter()
                    .filter(|line| line.file.is_some() || !known.contains(line))
                    .collect();
                if known.len().saturating_add(new.len()) > MAX_COMMAND_LINES {
                    self.limit(
                        pom,
                        format!("more than {MAX_COMMAND_LINES} command lines in the folders above; the rest is not read"),
                    );
                    break;
                }
                known.extend(new.iter().cloned());
                anchors.push(Anchor {
                    folder: folder.clone(),
                    lines: new,
                });
            }
            if folder.as_bytes().is_empty() {
                break;
            }
            folder = folder.parent();
        }
        let has_root = anchors
            .last()
            .is_some_and(|anchor| anchor.folder.as_bytes().is_empty());
        let mut above = [".mvn/maven.config", ".mvn/jvm.config"]
            .into_iter()
            .filter(|name| !has_root && self.tree.is_above(name.as_bytes()));
        if let Some(name) = above.next() {
            let message = format!(
                "{name} is above what is scanned: the arguments that Maven takes from there are not known"
            );
            let hint = "Scan the folder that holds `.mvn`.";
            self.report(Cost::Partial, pom, Span::new(0, 0), message, hint);
        }
        if known.is_empty() {
            anchors.push(Anchor {
                folder: TreePath::default(),
                lines: vec![CommandLine::default()],
            });
        }
        anchors
    }

    /// What `.mvn` of `folder` says; `None` if there is none.
    pub(super) fn anchor(&self, folder: &TreePath) -> Option<Vec<CommandLine>> {
        let config = self.text_of(folder, ".mvn/maven.config");
        let jvm = self.text_of(folder, ".mvn/jvm.config");
        let marked = || {
            let mut marks = MARKS.iter().filter_map(|mark| folder.join(mark));
            marks.any(|mark| self.tree.holds(&mark))
        };
        if config.is_none() && jvm.is_none() && !marked() {
            return None;
        }
        let mut lines: Vec<CommandLine> = Vec::new();
        if let Some((path, text)) = config {
            let mut refused = None;
            for reading in [Reading::Words, Reading::Lines, Reading::Maven4] {
                match read(&path, &text, reading) {
                    Ok(line) if !lines.contains(&line) => lines.push(line),
                    Ok(_) => {}
                    Err(refusal) => refused = Some(refusal),
                }
            }
            if let (true, Some((span, message))) = (lines.is_empty(), refused) {
                let hint = "Correct the file; `mvn -version` in its folder shows what Maven makes of it.";
                self.report(Cost::Blind, &path, span, message, hint);
            }
        }
        if let Some(file) = lines.iter().find_map(|line| line.file.as_ref())
            && let Some(path) = folder.join(".mvn/maven.config")
        {
            let message = format!(
                "`-f` counts from the folder that Maven is started in: a {} in a folder without a pom.xml is not read",
                file.text.chars().take(80).collect::<String>()
            );
            let hint = "Call such a pom pom.xml, or scan it with `--as pom.xml FILE`.";
            self.report(Cost::Partial, &path, file.span, message, hint);
        }
        if lines.is_empty() {
            lines.push(CommandLine::default());
        }
        if let Some((path, text)) = jvm {
            for line in &mut lines {
                line.system = system(&path, &text);
            }
        }
        Some(lines)
    }

    fn text_of(&self, folder: &TreePath, name: &str) -> Option<(Arc<TreePath>, String)> {
        let path = folder.join(name)?;
        match self.tree.read(&path) {
            Ok(bytes) => Some((Arc::new(path), decode::decode(&bytes).text.into_owned())),
            Err(Unread::Absent) => None,
            Err(why) => {
                self.unread(&path, &why);
                None
            }
        }
    }
}

/// An argument and where each byte of it stands.
#[derive(Debug, Clone)]
struct Argument {
    text: String,
    /// Where it starts; what was joined counts from there.
    at: usize,
}

/// The arguments of `text`, as `reading` parts them.
fn arguments(text: &str, reading: Reading) -> Vec<Argument> {
    let mut start = 0_usize;
    let mut found = Vec::new();
    // Java's `\s` knows the white space of ASCII alone.
    let space = |character: char| matches!(character, ' ' | '\t' | '\n' | '\x0b' | '\x0c' | '\r');
    let ends = |character: char| match reading {
        Reading::Words => space(character),
        Reading::Lines | Reading::Maven4 => matches!(character, '\n' | '\r'),
    };
    for piece in text.split(ends) {
        let comment = match reading {
            Reading::Words => false,
            Reading::Lines | Reading::Maven4 => piece.starts_with('#'),
        };
        if !piece.is_empty() && !comment {
            found.push(Argument {
                text: piece.to_owned(),
                at: start,
            });
        }
        start = start.saturating_add(piece.len()).saturating_add(1);
    }
    found
}

/// Joins arguments between quotes, as Maven's `CleanArgument` does before it parses.
fn joined(arguments: Vec<Argument>) -> Vec<Argument> {
    let mut clean: Vec<Argument> = Vec::new();
    let mut open: Option<Argument> = None;
    for mut argument in arguments {
        if let Some(rest) = argument.text.strip_prefix('"') {
            clean.extend(open.take());
            argument.at = argument.at.saturating_add(1);
            match rest.strip_suffix('"') {
                Some(inside) => {
                    argument.text = inside.to_owned();
                    clean.push(argument);
                }
                None => {
                    argument.text = rest.to_owned();
                    open = Some(argument);
                }
            }
        } else if let Some(quoted) = &mut open {
            // A quote at the end of a later argument closes nothing: 3.8.7 and 3.9.12 go on joining.
            quoted.text.push(' ');
            quoted.text.push_str(&argument.text);
        } else {
            clean.push(argument);
        }
    }
    clean.extend(open);
    clean
}

type Refusal = (Span, String);

fn read(path: &Arc<TreePath>, text: &str, reading: Reading) -> Result<CommandLine, Refusal> {
    let mut line = CommandLine::default();
    let mut rest = joined(arguments(text, reading)).into_iter().peekable();
    while let Some(argument) = rest.next() {
        let refuse = |what: &str| {
            let start = argument.at.min(text.len());
            let end = start.saturating_add(argument.text.len()).min(text.len());
            let shown: String = argument.text.chars().take(60).collect();
            Err((
                Span::new(start, end),
                format!("Maven refuses its arguments: `{shown}` {what}"),
            ))
        };
        let Some((option, inside)) = option(&argument.text, reading) else {
            return refuse("is no option");
        };
        let (short, _, takes) = option;
        if !takes {
            continue;
        }
        let value = match inside {
            Some(at) => Argument {
                text: argument.text.get(at..).unwrap_or_default().to_owned(),
                at: argument.at.saturating_add(at),
            },
            None => match rest.next_if(|next| !is_option(&next.text, reading)) {
                Some(value) => value,
                None => return refuse("lacks its value"),
            },
        };
        let value = unquoted(value);
        match *short {
            "D" => define(path, &value, reading, &mut line.defined),
            "P" => choose(&value.text, &mut line),
            // Of several the first counts.
            "f" if line.file.is_none() => {
                line.file = Some(Value {
                    span: Span::new(value.at, value.at.saturating_add(value.text.len())),
                    text: value.text,
                });
            }
            _ => {}
        }
    }
    Ok(line)
}

/// The option that an argument is or begins with, and where a value begins in it.
fn option(argument: &str, reading: Reading) -> Option<(&'static CommandLineOption, Option<usize>)> {
    let name = argument.strip_prefix('-')?;
    let name = name.strip_prefix('-').unwrap_or(name);
    let dashes = argument.len().saturating_sub(name.len());
    let find = |wanted: &str| {
        let exact = |(short, long, _): &&CommandLineOption| {
            let is_long = *long == wanted && (*short != "D" || !matches!(reading, Reading::Maven4));
            !wanted.is_empty() && (*short == wanted || is_long)
        };
        OPTIONS.iter().find(exact).or_else(|| match reading {
            Reading::Words | Reading::Lines => None,
            Reading::Maven4 => {
                let mut fitting = OPTIONS.iter().filter(|(_, long, _)| {
                    dashes == 2 && wanted.len() > 1 && long.starts_with(wanted) && *long != "define"
                });
                let first = fitting.next()?;
                fitting.next().is_none().then_some(first)
            }
        })
    };
    if let Some(option) = find(name) {
        return Some((option, None));
    }
    if let Some((before, _)) = name.split_once('=')
        && let Some(option) = find(before)
    {
        let value = dashes.saturating_add(before.len()).saturating_add(1);
        return Some((option, Some(value)));
    }
    // `-Dname=value`, with one dash and one letter.
    let letter = argument.get(1..2).filter(|letter| *letter != "-")?;
    let option = OPTIONS.iter().find(|(short, _, _)| *short == letter)?;
    option.2.then_some((option, Some(2)))
}

/// An argument that is no value of the option before it.
fn is_option(argument: &str, reading: Reading) -> bool {
    argument.starts_with('-') && option(argument, reading).is_some()
}

/// Commons CLI takes quotes off a value that has none inside.
fn unquoted(value: Argument) -> Argument {
    let inside = value
        .text
        .strip_prefix('"')
        .and_then(|rest| rest.strip_suffix('"'));
    match inside.filter(|inside| !inside.contains('"')) {
        Some(inside) => Argument {
            text: inside.to_owned(),
            at: value.at.saturating_add(1),
        },
        None => value,
    }
}

/// `name=value`, or a name that is `true`.
fn define(
    path: &Arc<TreePath>,
    definition: &Argument,
    reading: Reading,
    properties: &mut HashMap<String, (Arc<TreePath>, Value)>,
) {
    let (name, text, at) = match definition.text.split_once('=') {
        Some((name, text)) if !name.is_empty() => (name, text, name.len().saturating_add(1)),
        Some(_) | None => (definition.text.as_str(), "true", 0),
    };
    let start = definition.at.saturating_add(at);
    let end = definition.at.saturating_add(definition.text.len());
    let value = Value {
        text: text.to_owned(),
        span: Span::new(start, end),
    };
    let name = match reading {
        Reading::Words | Reading::Lines => name.trim(),
        Reading::Maven4 => name,
    };
    properties.insert(name.to_owned(), (Arc::clone(path), value));
}

/// `-P`: names apart by commas; `-` and `!` switch off, `+` on, `?` bears that there is none.
fn choose(list: &str, line: &mut CommandLine) {
    for entry in list.split(',') {
        let entry = entry.trim();
        let (off, name) = match entry.strip_prefix(['-', '!']) {
            Some(name) => (true, name),
            None => (false, entry.strip_prefix('+').unwrap_or(entry)),
        };
        let name = name.strip_prefix('?').unwrap_or(name);
        let names = match off {
            true => &mut line.deactivated,
            false => &mut line.activated,
        };
        if !name.is_empty() {
            names.push(name.to_owned());
        }
    }
}

/// `-D` of the Java machine's own arguments.
fn system(path: &Arc<TreePath>, text: &str) -> HashMap<String, (Arc<TreePath>, Value)> {
    let mut properties = HashMap::new();
    for argument in arguments(text, Reading::Words) {
        let quotes = argument
            .text
            .len()
            .saturating_sub(argument.text.trim_start_matches(['"', '\'']).len());
        let text = argument.text.trim_matches(['"', '\'']);
        if let Some(definition) = text.strip_prefix("-D") {
            let at = argument.at.saturating_add(quotes).saturating_add(2);
            let text = definition.to_owned();
            define(path, &Argument { text, at }, Reading::Words, &mut properties);
        }
    }
    properties
}

#[cfg(test)]
mod tests {
    use super::*;

    fn values(text: &str, reading: Reading) -> Option<Vec<(String, String)>> {
        let line = read(&Arc::new(TreePath::default()), text, reading).ok()?;
        let mut values: Vec<(String, String)> = Vec::new();
        for (name, (_, value)) in line.defined {
            if value.text != "true" {
                assert_eq!(value.span.of(text), value.text, "{text:?}");
            }
            values.push((name, value.text));
        }
        values.extend(line.file.map(|value| ("-f".to_owned(), value.text)));
        values.extend(line.activated.into_iter().map(|name| ("+".to_owned(), name)));
        values.extend(line.deactivated.into_iter().map(|name| ("-".to_owned(), name)));
        values.sort();
        Some(values)
    }

    #[test]
    fn words_and_lines() {
        use Reading::{Lines, Maven4, Words};
        // Read by Maven 3.8, 3.9 and 4.0; `!` is refused.
        for (text, words, lines, prefixes) in [
            ("-Da=1\n", "a=1", "a=1", "a=1"),
            ("-D a=1 -T 4\n", "a=1", "a=1 -T 4", " a=1 -T 4"),
            ("--define a=1", "a=1", "!", "!"),
            ("--define=a=1\n--file=b.xml", "-f=b.xml a=1", "-f=b.xml a=1", "!"),
            (
                "-fb.xml -f c.xml",
                "-f=b.xml",
                "-f=b.xml -f c.xml",
                "-f=b.xml -f c.xml",
            ),
            ("# x\n-Da", "!", "a=true", "a=true"),
            ("--def=a=1", "!", "!", "!"),
            ("--fil=b.xml", "!", "!", "-f=b.xml"),
            (
                "-P x,!y,-z,?u,+v",
                "+=u +=v +=x -=y -=z",
                "+=u +=v +=x -=y -=z",
                "+=u +=v +=x -=y -=z",
            ),
            ("-T\n-Da=1", "!", "!", "!"),
            ("\"-Da=1 2\"\n", "a=1 2\"", "a=1 2", "a=1 2"),
            ("package", "!", "!", "!"),
            ("-", "!", "!", "!"),
            ("--", "!", "!", "!"),
            ("", "", "", ""),
        ] {
            for (reading, expected) in [(Words, words), (Lines, lines), (Maven4, prefixes)] {
                let found = match values(text, reading) {
                    None => "!".to_owned(),
                    Some(values) => {
                        let values: Vec<String> = values
                            .iter()
                            .map(|(name, value)| format!("{name}={value}"))
                            .collect();
                        values.join(" ")
                    }
                };
                assert_eq!(found, expected, "{text:?}");
            }
        }
    }

    #[test]
    fn no_text_is_too_odd() {
        for text in [
            "-D", "-\"", "\"", "\"\"", "-Dé", "-é", "--=", "-=", "-D=", "-f", "-P,", "-P!",
        ] {
            for reading in [Reading::Words, Reading::Lines, Reading::Maven4] {
                let _ = read(&Arc::new(TreePath::default()), text, reading).is_ok();
            }
            let _ = system(&Arc::new(TreePath::default()), text);
        }
    }
}
