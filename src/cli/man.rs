//! The manual, one page per command: the help of the command line, and what no help holds: how a command ends, what it
//! reads of the environment, examples.

use std::io::Write as _;

use clap::{Command, CommandFactory as _};
use clap_mangen::Man;
use clap_mangen::roff::{Roff, bold, roman};

use super::arguments::Arguments;
use super::man_pages::{PAGES, Page, Variable};
use crate::model::Failure;
use crate::model::verdict::ExitCode;

use crate::policy::nearest::{meant, nearest};
use ExitCode::{Blocked, Bug, Incomplete, Interrupted, NothingToScan, Pass, Remote, Usage};
use Variable::{Cache, Ci, Colour, Database, Forge, Inputs, Keys, Network, SecretKey};

/// The page of the command that `words` name, in roff.
///
/// # Errors
/// A [`Failure`] of usage if there is no such command.
pub fn page(words: &[String]) -> Result<Vec<u8>, Failure> {
    let mut root = Arguments::command().disable_help_subcommand(true);
    root.build();
    let mut command: &Command = &root;
    for word in words {
        command = command.find_subcommand(word).ok_or_else(|| {
            Failure::usage(
                format!(
                    "there is no command {:?}{}",
                    words.join(" "),
                    meant(nearest(word, command.get_subcommands().map(Command::get_name)))
                ),
                "Run `lockkeeper --help` for the commands.",
            )
        })?;
    }
    let words = words.join(" ");
    let further = PAGES.iter().find(|page| page.command == words);
    let mut text = Vec::new();
    render(command, further, &mut text)
        .map_err(|error| Failure::usage("the page cannot be made", "Report this.").caused_by(&error))?;
    Ok(tidy(&String::from_utf8_lossy(&text)))
}

/// What every reader of roff takes without a warning: ASCII, no white space at the end of a line, gaps as such.
fn tidy(text: &str) -> Vec<u8> {
    let mut tidy = String::with_capacity(text.len());
    for line in text.replace(".br\n\n.br\n", ".sp\n").lines() {
        for character in line.trim_end().chars() {
            match character {
                '\0'..='\x7f' => tidy.push(character),
                '…' => tidy.push_str("..."),
                _ => tidy.push_str(&format!("\\[u{:04X}]", u32::from(character))),
            }
        }
        tidy.push('\n');
    }
    tidy.into_bytes()
}

fn render(command: &Command, further: Option<&Page>, out: &mut Vec<u8>) -> std::io::Result<()> {
    let man = Man::new(command.clone());
    // Written here because the crate leaves out an empty date, and what follows then takes its place.
    let name = command.get_display_name().unwrap_or("lockkeeper").to_uppercase();
    writeln!(
        out,
        ".TH \"{name}\" 1 \"\" \"lockkeeper {}\" \"lockkeeper\"",
        env!("CARGO_PKG_VERSION")
    )?;
    man.render_name_section(out)?;
    man.render_synopsis_section(out)?;
    man.render_description_section(out)?;
    man.render_options_section(out)?;
    if command.has_subcommands() {
        man.render_subcommands_section(out)?;
    }
    let Some(page) = further else { return Ok(()) };
    let mut roff = Roff::new();
    roff.control("SH", ["EXIT STATUS"]);
    for code in page.codes {
        roff.control("TP", []);
        roff.text([bold(code.number().to_string())]);
        roff.text([roman(meaning(*code))]);
    }
    if !page.variables.is_empty() {
        roff.control("SH", ["ENVIRONMENT"]);
    }
    for (names, meaning) in page.variables.iter().flat_map(|variable| variable.rows()) {
        roff.control("TP", []);
        roff.text([bold(*names)]);
        roff.text([roman(*meaning)]);
    }
    if !page.examples.is_empty() {
        roff.control("SH", ["EXAMPLES"]);
    }
    for (typed, what) in page.examples {
        roff.control("TP", []);
        roff.text([bold(*typed)]);
        roff.text([roman(*what)]);
    }
    roff.to_writer(out)
}

fn meaning(code: ExitCode) -> &'static str {
    match code {
        Pass => "Pass: the command did what was asked, and nothing blocks.",
        Blocked => "The gate says no. Nothing else ever gives 1.",
        Usage => "A flag, an input, a path or the policy is wrong.",
        Incomplete => {
            "Not everything could be checked: a lockfile that could not be read, a version that cannot be ordered, or an \
             advisory database that is missing, damaged or too old."
        }
        NothingToScan => "There is nothing to scan, or nothing was found.",
        Remote => "A server failed.",
        ExitCode::Some => "Some targets are done, some are not.",
        Bug => "A bug in lockkeeper.",
        Interrupted => "Interrupted.",
    }
}

impl Variable {
    /// The names, and what they set.
    fn rows(self) -> &'static [(&'static str, &'static str)] {
        match self {
            Database => &[(
                "LOCKKEEPER_DB",
                "The advisory database, if --db does not name it.",
            )],
            Cache => &[(
                "LOCKKEEPER_CACHE",
                "The folder for fetched databases, and for when each release line was last scanned; else the user's own cache folder.",
            )],
            Keys => &[(
                "LOCKKEEPER_INDEX_KEY",
                "The public keys whose signature on a published database counts, if --key names none.",
            )],
            Forge => &[
                (
                    "LOCKKEEPER_FORGE",
                    "The API of the forge that is asked for a pull request, such as https://HOST/api/v3 or https://HOST/api/v1.",
                ),
                (
                    "LOCKKEEPER_REPOSITORY",
                    "OWNER/NAME there, if it does not follow from the address of origin.",
                ),
                (
                    "LOCKKEEPER_TOKEN",
                    "A token for it; a public repository is read without one.",
                ),
            ],
            SecretKey => &[(
                "LOCKKEEPER_INDEX_SECRET_KEY",
                "The secret key of `db publish`, if --key names no file.",
            )],
            Ci => &[(
                "CI",
                "If set, a branch of origin is preferred to a local branch of the same name.",
            )],
            Colour => &[(
                "NO_COLOR, CLICOLOR_FORCE",
                "No colour, or colour everywhere; --color wins over both.",
            )],
            Network => &[(
                "HTTPS_PROXY, HTTP_PROXY, NO_PROXY, SSL_CERT_FILE",
                "Proxies, and a file of certificate authorities to trust.",
            )],
            Inputs => &[(
                "INPUT_*",
                "The inputs of the step: INPUT_ and the name in capitals, with _ for -. The runner sets the rest.",
            )],
        }
    }
}
