//! What a line of a requirements file is: pip takes everything up to the first word that starts with `-` for the
//! requirement, and splits the rest as a shell and reads it as command-line options.

use std::ops::Range;

use crate::model::Cost;

/// A line, split; ranges count in its code.
#[derive(Debug)]
pub(super) struct Words {
    /// The requirement; empty for a line of options.
    pub(super) requirement: Range<usize>,
    /// The options, in the order of the line.
    pub(super) options: Vec<Given>,
    /// An option that pip does not know, or one without its value, and what that costs.
    pub(super) problem: Option<(Range<usize>, &'static str, Cost)>,
}

/// An option with its value.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Given {
    /// Which one.
    pub(super) option: Opt,
    /// The value without its quotes.
    pub(super) value: String,
    /// Where the value stands.
    pub(super) range: Range<usize>,
}

/// The options that matter here.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Opt {
    /// `-r`, `--requirement`
    Requirement,
    /// `-c`, `--constraint`
    Constraint,
    /// `-e`, `--editable`
    Editable,
    /// `-i`, `--index-url`
    Index,
    /// `--extra-index-url`
    ExtraIndex,
    /// `-f`, `--find-links`
    FindLinks,
    /// `--no-index`
    NoIndex,
    /// `--hash`
    Hash,
    /// Any other.
    Other,
}

impl Words {
    /// Splits `code`.
    pub(super) fn of(code: &str) -> Self {
        let blank = |character| matches!(character, ' ' | '\t');
        let mut at = 0;
        for word in code.split_inclusive(blank) {
            if word.starts_with('-') {
                break;
            }
            at += word.len();
        }
        let (requirement, rest) = code.split_at_checked(at).unwrap_or((code, ""));
        let start = requirement.len().saturating_sub(requirement.trim_start().len());
        let mut words = Self {
            requirement: start..requirement.trim_end().len().max(start),
            options: Vec::new(),
            problem: None,
        };
        words.read(rest, at);
        words
    }

    /// The first value of `option`.
    pub(super) fn first(&self, option: Opt) -> Option<&Given> {
        self.options.iter().find(|given| given.option == option)
    }

    /// What shows that this line is no whole one, if it is the last one of a file and has no line end. `hashed`: lines before
    /// have hashes, and pip wants them of all or of none.
    pub(super) fn end(&self, hashed: bool) -> Option<&'static str> {
        if self.problem.is_some() {
            return Some("the file ends inside an option");
        }
        match self.options.last() {
            Some(given) if given.option == Opt::Hash && !is_hash(&given.value) => {
                Some("the file ends inside a hash")
            }
            Some(given) if given.option == Opt::Hash => None,
            Some(_) | None if hashed && !self.requirement.is_empty() => {
                Some("the file ends with a requirement without a hash, and those before have one")
            }
            Some(_) | None => None,
        }
    }

    fn read(&mut self, text: &str, start: usize) {
        let words = shell_words(text, start);
        self.problem = words
            .iter()
            .find(|word| word.is_open)
            .map(|word| (word.range.clone(), "a quote is not closed", Cost::Blind));
        let mut words = words.into_iter();
        while let Some(word) = words.next() {
            let (name, attached) = word.split();
            let Some(known) = known(name) else {
                // A word that belongs to no option: pip leaves it aside too. An option that it does not know ends it, and what
                // another release of pip reads there is not known.
                if name.starts_with('-') {
                    self.problem
                        .get_or_insert((word.range, "pip has no such option", Cost::Blind));
                }
                continue;
            };
            if known.value == Value::None {
                self.add(known.option, String::new(), word.range);
            } else if let Some((value, range)) = attached {
                self.add(known.option, value, range);
            } else if let Some(value) = words.next() {
                self.add(known.option, value.value, value.range);
            } else {
                let cost = match known.option {
                    // Whatever stood there is not read.
                    Opt::Requirement | Opt::Constraint | Opt::Editable => Cost::Blind,
                    Opt::Index | Opt::ExtraIndex | Opt::FindLinks | Opt::NoIndex | Opt::Hash | Opt::Other => {
                        Cost::Nothing
                    }
                };
                self.problem
                    .get_or_insert((word.range, "this option's value is missing", cost));
            }
        }
    }

    fn add(&mut self, option: Opt, value: String, range: Range<usize>) {
        self.options.push(Given { option, value, range });
    }
}

#[derive(Clone, Copy)]
struct Known {
    long: &'static str,
    short: Option<&'static str>,
    value: Value,
    option: Opt,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Value {
    None,
    One,
}

const fn known_as(long: &'static str, short: Option<&'static str>, value: Value, option: Opt) -> Known {
    Known {
        long,
        short,
        value,
        option,
    }
}

/// pip's options in requirements files, those of versions long gone among them.
const KNOWN: [Known; 29] = [
    known_as("requirement", Some("-r"), Value::One, Opt::Requirement),
    known_as("constraint", Some("-c"), Value::One, Opt::Constraint),
    known_as("editable", Some("-e"), Value::One, Opt::Editable),
    known_as("index-url", Some("-i"), Value::One, Opt::Index),
    known_as("pypi-url", None, Value::One, Opt::Index),
    known_as("extra-index-url", None, Value::One, Opt::ExtraIndex),
    known_as("no-index", None, Value::None, Opt::NoIndex),
    known_as("hash", None, Value::One, Opt::Hash),
    known_as("find-links", Some("-f"), Value::One, Opt::FindLinks),
    known_as("no-binary", None, Value::One, Opt::Other),
    known_as("only-binary", None, Value::One, Opt::Other),
    known_as("prefer-binary", None, Value::None, Opt::Other),
    known_as("require-hashes", None, Value::None, Opt::Other),
    known_as("no-require-hashes", None, Value::None, Opt::Other),
    known_as("pre", None, Value::None, Opt::Other),
    known_as("all-releases", None, Value::One, Opt::Other),
    known_as("only-final", None, Value::One, Opt::Other),
    known_as("trusted-host", None, Value::One, Opt::Other),
    known_as("use-feature", None, Value::One, Opt::Other),
    known_as("config-settings", Some("-C"), Value::One, Opt::Other),
    known_as("global-option", None, Value::One, Opt::Other),
    known_as("install-option", None, Value::One, Opt::Other),
    known_as("build-constraint", None, Value::One, Opt::Other),
    known_as("process-dependency-links", None, Value::None, Opt::Other),
    known_as("use-wheel", None, Value::None, Opt::Other),
    known_as("no-use-wheel", None, Value::None, Opt::Other),
    known_as("allow-all-external", None, Value::None, Opt::Other),
    known_as("allow-external", None, Value::One, Opt::Other),
    known_as("allow-unverified", None, Value::One, Opt::Other),
];

/// The option called `name`; a long one may be cut short as long as it stays the only one that starts so.
fn known(name: &str) -> Option<Known> {
    let Some(long) = name.strip_prefix("--") else {
        return KNOWN.into_iter().find(|known| known.short == Some(name));
    };
    let mut found = KNOWN.into_iter().filter(|known| known.long.starts_with(long));
    let first = found.next().filter(|_| !long.is_empty())?;
    if first.long == long {
        return Some(first);
    }
    match found.next() {
        None => Some(first),
        Some(_) => KNOWN.into_iter().find(|known| known.long == long),
    }
}

/// A whole hash of one of the algorithms that pip takes, in hexadecimal digits.
fn is_hash(value: &str) -> bool {
    let (algorithm, digest) = value.split_once(':').unwrap_or_default();
    let length = match algorithm {
        "sha256" => 64,
        "sha384" => 96,
        "sha512" => 128,
        _ => return false,
    };
    digest.len() == length && digest.bytes().all(|byte| byte.is_ascii_hexdigit())
}

/// One word of a shell's command line.
struct Word {
    value: String,
    range: Range<usize>,
    /// A quote in it is not closed.
    is_open: bool,
}

impl Word {
    /// The option's name and the value that is attached to it (`--name=value`, `-nvalue`).
    fn split(&self) -> (&str, Option<(String, Range<usize>)>) {
        let at = if self.value.starts_with("--") {
            self.value.find('=')
        } else if self.value.starts_with('-') {
            self.value.char_indices().nth(2).map(|(at, _)| at)
        } else {
            None
        };
        let Some((name, value)) = at.and_then(|at| self.value.split_at_checked(at)) else {
            return (&self.value, None);
        };
        let value = if name.starts_with("--") {
            value.strip_prefix('=').unwrap_or(value)
        } else {
            value
        };
        // Without quotes the end of the word is the value; with them the whole word is near enough.
        let plain = self.range.len() == self.value.len();
        let range = if plain {
            self.range.end.saturating_sub(value.len())..self.range.end
        } else {
            self.range.clone()
        };
        (name, Some((value.to_owned(), range)))
    }
}

/// Splits `text`, whose first byte is byte `start` of the code, as a POSIX shell does.
fn shell_words(text: &str, start: usize) -> Vec<Word> {
    let mut words: Vec<Word> = Vec::new();
    let mut word: Option<Word> = None;
    let mut quote: Option<char> = None;
    let mut characters = text.char_indices();
    while let Some((at, character)) = characters.next() {
        let at = start.saturating_add(at);
        if quote.is_none() && character.is_whitespace() {
            words.extend(word.take());
            continue;
        }
        let word = word.get_or_insert_with(|| Word {
            value: String::new(),
            range: at..at,
            is_open: false,
        });
        let mut end = at.saturating_add(character.len_utf8());
        match (quote, character) {
            (None, '\'' | '"') => quote = Some(character),
            (Some(open), _) if open == character => quote = None,
            (None | Some('"'), '\\') => {
                if let Some((next, escaped)) = characters.next() {
                    end = start.saturating_add(next).saturating_add(escaped.len_utf8());
                    if quote.is_some() && !matches!(escaped, '"' | '\\') {
                        word.value.push('\\');
                    }
                    word.value.push(escaped);
                }
            }
            _ => word.value.push(character),
        }
        word.range.end = end;
    }
    if let Some(mut word) = word {
        word.is_open = quote.is_some();
        words.push(word);
    }
    words
}

#[cfg(test)]
mod tests {
    use super::*;

    fn given(code: &str) -> Vec<(Opt, String, &str)> {
        Words::of(code)
            .options
            .into_iter()
            .map(|given| (given.option, given.value, code.get(given.range).expect("a range")))
            .collect()
    }

    #[test]
    fn requirement_and_options() {
        let code = " a[x] == 1 ; m - n  --hash=sha256:1 --hash sha256:2";
        let words = Words::of(code);
        assert_eq!(code.get(words.requirement), Some("a[x] == 1 ; m"));
        let code = "a==1 --hash=sha256:1\t--hash sha256:2";
        assert_eq!(
            given(code),
            [
                (Opt::Hash, "sha256:1".to_owned(), "sha256:1"),
                (Opt::Hash, "sha256:2".to_owned(), "sha256:2"),
            ]
        );
    }

    #[test]
    fn every_spelling_of_an_option() {
        for code in [
            "-rb.txt",
            "-r b.txt",
            "--requirement=b.txt",
            "--requirement b.txt",
            "--requirem 'b.txt'",
            "--requirem=b.txt",
        ] {
            let given = given(code);
            assert_eq!(given.len(), 1, "{code}");
            assert_eq!(
                (given[0].0, given[0].1.as_str()),
                (Opt::Requirement, "b.txt"),
                "{code}"
            );
        }
        assert_eq!(given("-e \"a b\"c")[0].1, "a bc");
        assert!(Words::of("--nothing x").problem.is_some());
        assert!(Words::of("--req x").problem.is_some());
        assert!(Words::of("-r").problem.is_some());
        assert!(Words::of("-r 'x").problem.is_some());
        assert_eq!(given("--pre --no-index")[1].0, Opt::NoIndex);
    }
}
