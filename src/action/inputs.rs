//! `INPUT_*` to arguments: flat names, empty ones not given, unknown ones refused with the nearest known one.

use std::ffi::OsString;

use crate::scan::Failure;

/// What the workflow step asks for.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Inputs {
    /// Arguments of `lockkeeper scan`, without reports.
    pub arguments: Vec<OsString>,
    /// Where the SARIF file goes.
    pub sarif_file: Option<String>,
    /// Where the further report goes; its ending tells the format.
    pub report_file: Option<String>,
    /// The index: a file or an address.
    pub database: Option<String>,
    /// The folder of fetched indexes.
    pub cache_folder: Option<String>,
    /// Inputs that were given and that this version does not act on.
    pub later: Vec<&'static str>,
}

/// Every input of `action.yml`.
pub const NAMES: [&str; 17] = [
    "mode",
    "path",
    "policy",
    "fail-on",
    "database",
    "refs",
    "base",
    "sarif-file",
    "report-file",
    "upload-sarif",
    "comment",
    "tracking-issue",
    "token",
    "allow-empty",
    "exit-zero",
    "cache-dir",
    "args",
];

/// Reads the inputs from pairs of variable name (without `INPUT_`) and value.
///
/// # Errors
/// A [`Failure`] of usage for an unknown input, a value that is none of its kind, or a mode of a later version.
pub fn read(variables: impl IntoIterator<Item = (String, String)>) -> Result<Inputs, Failure> {
    let mut inputs = Inputs {
        arguments: vec!["lockkeeper".into(), "scan".into()],
        ..Inputs::default()
    };
    let mut paths = Vec::new();
    let mut further = Vec::new();
    let mut variables: Vec<(String, String)> = variables.into_iter().collect();
    variables.sort();
    for (variable, value) in variables {
        // Runners upper-case names and keep their hyphens; some shells cannot, so that both spellings count.
        let name = variable.to_ascii_lowercase().replace(['_', ' '], "-");
        let Some(name) = NAMES.iter().copied().find(|known| *known == name) else {
            return Err(unknown(&name));
        };
        let value = value.trim();
        if value.is_empty() {
            continue;
        }
        match name {
            "mode" if value == "scan" => {}
            "mode" => {
                return Err(Failure::usage(
                    format!("mode {value:?} is not known yet"),
                    "Set `mode: scan`, or leave it out.",
                ));
            }
            "path" => paths.extend(
                value
                    .lines()
                    .map(str::trim)
                    .filter(|line| !line.is_empty())
                    .map(OsString::from),
            ),
            "fail-on" => inputs.arguments.extend(["--fail-on".into(), value.into()]),
            "database" => inputs.database = Some(value.to_owned()),
            "sarif-file" => inputs.sarif_file = Some(value.to_owned()),
            "report-file" => inputs.report_file = Some(value.to_owned()),
            "cache-dir" => inputs.cache_folder = Some(value.to_owned()),
            "allow-empty" | "exit-zero" => {
                if truth(name, value)? {
                    inputs.arguments.push(format!("--{name}").into());
                }
            }
            "args" => further = words(value)?,
            "upload-sarif" if value == "auto" => {}
            "upload-sarif" | "comment" | "tracking-issue" => {
                if truth(name, value)? {
                    inputs.later.push(name);
                }
            }
            "token" => {}
            "policy" | "refs" | "base" => {
                return Err(Failure::usage(
                    format!("the input `{name}` is not acted on by this version"),
                    format!("Leave `{name}` out."),
                ));
            }
            _ => return Err(unknown(name)),
        }
    }
    inputs.arguments.extend(further.into_iter().map(OsString::from));
    if !paths.is_empty() {
        inputs.arguments.push("--".into());
        inputs.arguments.extend(paths);
    }
    Ok(inputs)
}

fn truth(name: &str, value: &str) -> Result<bool, Failure> {
    match value.to_ascii_lowercase().as_str() {
        "true" => Ok(true),
        "false" => Ok(false),
        _ => Err(Failure::usage(
            format!("the input `{name}` is {value:?}"),
            format!("Set `{name}` to true or false."),
        )),
    }
}

fn unknown(name: &str) -> Failure {
    let nearest = NAMES
        .iter()
        .min_by_key(|known| distance(known, name))
        .copied()
        .unwrap_or("path");
    let shown: String = name.chars().take(60).collect();
    Failure::usage(
        format!("there is no input `{shown}`; the nearest is `{nearest}`"),
        format!("Correct or remove it. The inputs are: {}.", NAMES.join(", ")),
    )
}

/// Levenshtein's distance; the second word counts up to 60 bytes.
fn distance(known: &str, word: &str) -> usize {
    let word: Vec<u8> = word.bytes().take(60).collect();
    let mut row: Vec<usize> = (0..=word.len()).collect();
    for (line, left) in known.bytes().enumerate() {
        let mut corner = line;
        if let Some(first) = row.first_mut() {
            *first = line + 1;
        }
        for (column, right) in word.iter().enumerate() {
            let above = row[column + 1];
            let cost = corner + usize::from(left != *right);
            row[column + 1] = cost.min(above + 1).min(row[column] + 1);
            corner = above;
        }
    }
    row.last().copied().unwrap_or_default()
}

/// Words as a shell would split them, with quotes and without any expansion.
fn words(text: &str) -> Result<Vec<String>, Failure> {
    let mut words = Vec::new();
    let mut word: Option<String> = None;
    let mut quote: Option<char> = None;
    for character in text.chars() {
        match (quote, character) {
            (Some(open), _) if character == open => quote = None,
            (Some(_), _) => word.get_or_insert_default().push(character),
            (None, '"' | '\'') => {
                quote = Some(character);
                word.get_or_insert_default();
            }
            (None, _) if character.is_whitespace() => words.extend(word.take()),
            (None, _) => word.get_or_insert_default().push(character),
        }
    }
    if quote.is_some() {
        return Err(Failure::usage(
            "the input `args` ends inside a quote",
            "Close the quote.",
        ));
    }
    words.extend(word);
    Ok(words)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn from(pairs: &[(&str, &str)]) -> Result<Inputs, Failure> {
        read(
            pairs
                .iter()
                .map(|(name, value)| ((*name).to_owned(), (*value).to_owned())),
        )
    }

    #[test]
    fn inputs_become_arguments() {
        let inputs = from(&[
            ("PATH", "a b\nc"),
            ("FAIL-ON", "high"),
            ("EXIT-ZERO", "true"),
            ("ALLOW-EMPTY", ""),
            ("ARGS", "--as 'x y' -v"),
            ("UPLOAD-SARIF", "auto"),
        ])
        .expect("inputs");
        let arguments: Vec<_> = inputs.arguments.iter().filter_map(|word| word.to_str()).collect();
        assert_eq!(
            arguments,
            [
                "lockkeeper",
                "scan",
                "--exit-zero",
                "--fail-on",
                "high",
                "--as",
                "x y",
                "-v",
                "--",
                "a b",
                "c"
            ]
        );
    }

    #[test]
    fn mistakes_are_named() {
        let error = from(&[("SARIF_FLIE", "x")]).expect_err("a typo");
        assert!(
            error.message.contains("sarif-flie") && error.message.contains("`sarif-file`"),
            "{error}"
        );
        assert!(from(&[("EXIT-ZERO", "yes")]).is_err());
        assert!(from(&[("ARGS", "'x")]).is_err());
        assert!(from(&[("MODE", "fix")]).is_err());
    }
}
