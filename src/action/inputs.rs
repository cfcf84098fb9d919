//! `INPUT_*` as values: flat names, empty ones not given, unknown ones refused with the nearest known one.

use std::path::PathBuf;

use secrecy::SecretString;

use crate::model::Failure;

/// What the workflow step asks for.
#[derive(Debug, Clone, Default)]
pub struct Inputs {
    /// What to do.
    pub mode: Mode,
    /// Folders, lockfiles or repositories; none for the workspace.
    pub paths: Vec<PathBuf>,
    /// Globs of release lines; in mode gate, the release.
    pub refs: Option<String>,
    /// The policy's file.
    pub policy: Option<PathBuf>,
    /// What fails, instead of the built-in rules.
    pub fail_on: Option<String>,
    /// Commits that are carried to release lines.
    pub commits: Vec<String>,
    /// The number of a merged pull request that is carried to release lines.
    pub pull_request: Option<u64>,
    /// An advisory of the repository itself whose fix is carried to release lines.
    pub advisory: Option<String>,
    /// The revision to compare with.
    pub base: Option<String>,
    /// Parents and BOMs that the tree lacks are asked for.
    pub resolve: bool,
    /// The name of the scan at code scanning.
    pub category: Option<String>,
    /// Nothing to scan is no failure.
    pub allow_empty: bool,
    /// What blocks is no failure.
    pub exit_zero: bool,
    /// Words of `args`.
    pub args: Vec<String>,
    /// Where the SARIF file goes.
    pub sarif_file: Option<String>,
    /// Where the second report goes; its ending is the format.
    pub report_file: Option<String>,
    /// The advisory database: a file or an address.
    pub database: Option<String>,
    /// The folder of fetched indexes.
    pub cache_folder: Option<String>,
    /// Whether SARIF goes to code scanning.
    pub upload: Upload,
    /// Whether a pull request has a comment that is kept up to date.
    pub comment: bool,
    /// Whether the repository has an issue that is kept up to date.
    pub tracking_issue: bool,
    /// For what asks or writes at the forge.
    pub token: Option<SecretString>,
}

/// Whether SARIF goes to code scanning.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Upload {
    /// Where the forge takes it and everything was checked.
    #[default]
    Auto,
    /// Also where not everything was checked; a failed upload is reported.
    Always,
    /// No.
    Never,
}

/// What the step does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Mode {
    /// Judges trees.
    #[default]
    Scan,
    /// Judges one release.
    Gate,
    /// Shows the grid.
    Status,
    /// Opens pull requests with upgrades.
    Fix,
    /// Opens pull requests with upgrades into release lines.
    Backport,
}

impl Mode {
    const ALL: [Self; 5] = [Self::Scan, Self::Gate, Self::Status, Self::Fix, Self::Backport];

    /// The command that it is, which is also the input's word for it.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Scan => "scan",
            Self::Gate => "gate",
            Self::Status => "status",
            Self::Fix => "fix",
            Self::Backport => "backport",
        }
    }
}

/// Inputs that only some modes understand.
const OF_MODES: &[(&str, &[Mode])] = &[
    ("advisory", &[Mode::Backport]),
    ("base", &[Mode::Scan]),
    ("category", &[Mode::Scan]),
    ("commit", &[Mode::Backport]),
    ("pull-request", &[Mode::Backport]),
    ("resolve", &[Mode::Scan, Mode::Fix]),
    ("sarif-file", &[Mode::Scan]),
    ("upload-sarif", &[Mode::Scan]),
    ("allow-empty", &[Mode::Scan, Mode::Gate]),
    (
        "refs",
        &[Mode::Scan, Mode::Gate, Mode::Status, Mode::Fix, Mode::Backport],
    ),
    ("comment", &[Mode::Scan, Mode::Gate, Mode::Status]),
    (
        "tracking-issue",
        &[Mode::Scan, Mode::Gate, Mode::Status, Mode::Backport],
    ),
    ("exit-zero", &[Mode::Scan, Mode::Gate, Mode::Status]),
];

/// The value of a name of a file is shorter, in bytes.
const MAX_BYTES: usize = 1_000;

/// Every input of `action.yml`.
pub const NAMES: [&str; 22] = [
    "mode",
    "path",
    "policy",
    "fail-on",
    "database",
    "refs",
    "commit",
    "pull-request",
    "advisory",
    "base",
    "category",
    "resolve",
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

/// The name of the input that a variable (without `INPUT_`) is of.
pub(super) fn spelled(variable: &str) -> String {
    variable.to_ascii_lowercase().replace(['_', ' '], "-")
}

/// Reads the inputs from pairs of variable name (without `INPUT_`) and value.
///
/// # Errors
/// A [`Failure`] of usage for an unknown input, a value that is none of its kind, an input that the mode does not
/// understand.
pub fn read(variables: impl IntoIterator<Item = (String, String)>) -> Result<Inputs, Failure> {
    let mut inputs = Inputs::default();
    let mut given: Vec<&'static str> = Vec::new();
    let mut variables: Vec<(String, String)> = variables.into_iter().collect();
    variables.sort();
    for (variable, value) in variables {
        // Runners upper-case names and keep their hyphens; some shells cannot, so that both spellings count.
        let name = spelled(&variable);
        let Some(name) = NAMES.iter().copied().find(|known| *known == name) else {
            return Err(unknown(&name));
        };
        let value = value.trim();
        if value.is_empty() {
            continue;
        }
        match name {
            "mode" => inputs.mode = mode(value)?,
            "path" => inputs.paths.extend(
                value
                    .lines()
                    .map(str::trim)
                    .filter(|line| !line.is_empty())
                    .map(PathBuf::from),
            ),
            "policy" => inputs.policy = Some(value.into()),
            "fail-on" => inputs.fail_on = Some(value.to_owned()),
            "base" => inputs.base = Some(value.to_owned()),
            "category" => inputs.category = Some(value.to_owned()),
            "refs" => inputs.refs = Some(value.to_owned()),
            "commit" => inputs.commits.extend(
                value
                    .split([',', ' ', '\t', '\r', '\n'])
                    .filter(|word| !word.is_empty())
                    .map(str::to_owned),
            ),
            "pull-request" => inputs.pull_request = Some(number(name, value)?),
            "advisory" => inputs.advisory = Some(file(name, value)?),
            "database" => inputs.database = Some(value.to_owned()),
            "sarif-file" => inputs.sarif_file = Some(file(name, value)?),
            "report-file" => inputs.report_file = Some(file(name, value)?),
            "cache-dir" => inputs.cache_folder = Some(value.to_owned()),
            "allow-empty" if !truth(name, value)? => continue,
            "allow-empty" => inputs.allow_empty = true,
            "args" => inputs.args = words(value)?,
            "upload-sarif" => {
                inputs.upload = upload(value)?;
                if inputs.upload == Upload::Never {
                    // Nothing is uploaded in the other modes anyway.
                    continue;
                }
            }
            "comment" | "tracking-issue" | "exit-zero" | "resolve" if !truth(name, value)? => continue,
            "resolve" => inputs.resolve = true,
            "comment" => inputs.comment = true,
            "tracking-issue" => inputs.tracking_issue = true,
            "exit-zero" => inputs.exit_zero = true,
            "token" => inputs.token = Some(SecretString::from(value)),
            _ => return Err(unknown(name)),
        }
        given.push(name);
    }
    inputs.fit(&given)?;
    Ok(inputs)
}

impl Inputs {
    /// The inputs that were `given` have a meaning in the mode.
    fn fit(&self, given: &[&'static str]) -> Result<(), Failure> {
        let mode = self.mode;
        let odd = OF_MODES
            .iter()
            .find(|(name, modes)| given.contains(name) && !modes.contains(&mode));
        if let Some((name, modes)) = odd {
            let modes: Vec<&str> = modes.iter().map(|mode| mode.as_str()).collect();
            return Err(Failure::usage(
                format!("the input `{name}` has no meaning in mode {}", mode.as_str()),
                format!("Leave `{name}` out, or set `mode` to {}.", modes.join(" or ")),
            ));
        }
        match mode {
            Mode::Gate | Mode::Status | Mode::Backport if self.paths.len() > 1 => Err(Failure::usage(
                format!("mode {} takes one path, and `path` has several", mode.as_str()),
                "Give one folder of one repository, and run the step once for each.",
            )),
            Mode::Scan | Mode::Gate | Mode::Status | Mode::Fix | Mode::Backport => Ok(()),
        }
    }
}

fn mode(value: &str) -> Result<Mode, Failure> {
    if let Some(mode) = Mode::ALL.into_iter().find(|mode| mode.as_str() == value) {
        return Ok(mode);
    }
    let words = Mode::ALL.map(Mode::as_str);
    let known = words.join(", ");
    let shown: String = value.chars().take(60).collect();
    Err(Failure::usage(
        format!(
            "there is no mode {shown:?}; the nearest is `{}`",
            nearest(&words, value)
        ),
        format!("Set `mode` to one of: {known}."),
    ))
}

/// A file's name that fits into an output.
fn file(name: &str, value: &str) -> Result<String, Failure> {
    if value.len() >= MAX_BYTES || value.contains(char::is_control) {
        return Err(Failure::usage(
            format!("the input `{name}` is no name of a file"),
            format!("Give `{name}` one line of fewer than {MAX_BYTES} bytes."),
        ));
    }
    Ok(value.to_owned())
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

fn number(name: &str, value: &str) -> Result<u64, Failure> {
    value.trim_start_matches('#').parse().map_err(|_| {
        Failure::usage(
            format!("the input `{name}` is {value:?}"),
            format!("Give `{name}` the number of a pull request."),
        )
    })
}

fn upload(value: &str) -> Result<Upload, Failure> {
    match value.to_ascii_lowercase().as_str() {
        "auto" => Ok(Upload::Auto),
        "true" => Ok(Upload::Always),
        "false" => Ok(Upload::Never),
        _ => Err(Failure::usage(
            format!("the input `upload-sarif` is {value:?}"),
            "Set `upload-sarif` to auto, true or false.",
        )),
    }
}

fn unknown(name: &str) -> Failure {
    let shown: String = name.chars().take(60).collect();
    Failure::usage(
        format!(
            "there is no input `{shown}`; the nearest is `{}`",
            nearest(&NAMES, name)
        ),
        format!("Correct or remove it. The inputs are: {}.", NAMES.join(", ")),
    )
}

/// The word of `known` that is nearest to `word`, however far.
fn nearest<'k>(known: &[&'k str], word: &str) -> &'k str {
    let word: String = word.chars().take(60).collect();
    let nearest = known.iter().min_by_key(|known| strsim::levenshtein(known, &word));
    nearest.copied().unwrap_or_default()
}

/// Words as a shell would split them, with quotes and without any expansion.
pub(super) fn words(text: &str) -> Result<Vec<String>, Failure> {
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
    fn mistakes_are_named() {
        let error = from(&[("SARIF_FLIE", "x")]).expect_err("a typo");
        assert!(
            error.to_string().contains("sarif-flie") && error.to_string().contains("`sarif-file`"),
            "{error}"
        );
        let error = from(&[("MODE", "stauts")]).expect_err("a typo");
        assert!(error.to_string().contains("`status`"), "{error}");
        for wrong in [
            [("EXIT-ZERO", "yes"), ("MODE", "")],
            [("ARGS", "'x"), ("MODE", "")],
            [("SARIF-FILE", "a\nb=c"), ("MODE", "")],
            [("BASE", "main"), ("MODE", "gate")],
            [("SARIF-FILE", "x"), ("MODE", "status")],
            [("ALLOW-EMPTY", "true"), ("MODE", "status")],
            [("PATH", "a\nb"), ("MODE", "gate")],
        ] {
            assert!(from(&wrong).is_err(), "{wrong:?}");
        }
    }
}
