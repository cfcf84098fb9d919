//! The manual, one page per command: the help of the command line, and what no help holds: how a command ends, what it
//! reads of the environment, examples.

use std::io::Write as _;

use clap::{Command, CommandFactory as _};
use clap_mangen::Man;
use clap_mangen::roff::{Roff, bold, roman};

use super::arguments::Arguments;
use crate::model::Failure;
use crate::model::verdict::ExitCode;
use crate::policy::nearest::{meant, nearest};

/// What a page holds besides the help.
struct Page {
    /// The words after `lockkeeper`.
    command: &'static str,
    codes: &'static [ExitCode],
    variables: &'static [Variable],
    /// What is typed, and what it does.
    examples: &'static [(&'static str, &'static str)],
}

/// What the environment can set.
#[derive(Clone, Copy)]
enum Variable {
    Database,
    Cache,
    Keys,
    SecretKey,
    Ci,
    Colour,
    Network,
    Inputs,
}

use ExitCode::{Blocked, Bug, Incomplete, Interrupted, NothingToScan, Pass, Remote, Usage};
use Variable::{Cache, Ci, Colour, Database, Inputs, Keys, Network, SecretKey};

const JUDGES: &[ExitCode] = &[
    Pass,
    Blocked,
    Usage,
    Incomplete,
    NothingToScan,
    Remote,
    Bug,
    Interrupted,
];
const SHOWS: &[ExitCode] = &[Pass, Usage, Incomplete, NothingToScan, Bug, Interrupted];
const SIMPLE: &[ExitCode] = &[Pass, Usage, Bug, Interrupted];
const READS: &[ExitCode] = &[Pass, Usage, Incomplete, Bug, Interrupted];
const FETCHES: &[ExitCode] = &[Pass, Usage, Remote, Bug, Interrupted];

const PAGES: &[Page] = &[
    Page {
        command: "",
        codes: JUDGES,
        variables: &[Database, Cache, Keys, SecretKey, Ci, Colour, Network],
        examples: &[
            (
                "lockkeeper demo",
                "Show the main job on an embedded sample, without a network.",
            ),
            (
                "lockkeeper scan",
                "Scan the repository around the working directory.",
            ),
            (
                "lockkeeper status",
                "Show every advisory on every live release line.",
            ),
        ],
    },
    Page {
        command: "scan",
        codes: JUDGES,
        variables: &[Database, Cache, Keys, Ci, Colour, Network],
        examples: &[
            (
                "lockkeeper scan web api/Cargo.lock",
                "Scan a folder and a lockfile, with one verdict.",
            ),
            (
                "lockkeeper scan --base main",
                "Fail only on what the change since main brings in.",
            ),
            (
                "lockkeeper scan --fail-on high,known-exploited",
                "Fail only on vulnerabilities of severity high or critical and on exploited ones; malicious packages always fail.",
            ),
            (
                "lockkeeper scan --format sarif --output out.sarif --format json --output out.json",
                "Write two reports.",
            ),
            (
                "lockkeeper scan --refs 'main,release/*'",
                "Scan branches without checking them out.",
            ),
        ],
    },
    Page {
        command: "packages",
        codes: SHOWS,
        variables: &[Colour],
        examples: &[
            ("lockkeeper packages", "List what is locked here."),
            (
                "lockkeeper packages --format json | jq -r '.files[].packages[].purl'",
                "List the package URLs.",
            ),
        ],
    },
    Page {
        command: "status",
        codes: &[Pass, Usage, Incomplete, NothingToScan, Remote, Bug, Interrupted],
        variables: &[Database, Cache, Keys, Ci, Colour, Network],
        examples: &[
            ("lockkeeper status", "Show the grid of the live release lines."),
            (
                "lockkeeper status --refs 'main,release/*' --format html --output grid.html",
                "Write the grid of some branches as a page.",
            ),
            (
                "lockkeeper status --history",
                "Also list which commit brought each vulnerable package in, which took it out, and the tags between.",
            ),
        ],
    },
    Page {
        command: "refs",
        codes: READS,
        variables: &[Ci, Colour],
        examples: &[(
            "lockkeeper refs",
            "List the release lines, and why each is live or not.",
        )],
    },
    Page {
        command: "gate",
        codes: JUDGES,
        variables: &[Database, Cache, Keys, Ci, Colour, Network],
        examples: &[(
            "lockkeeper gate --release v1.4.2",
            "Ask whether this tag may be released, and what to do if not.",
        )],
    },
    Page {
        command: "init",
        codes: SIMPLE,
        variables: &[],
        examples: &[(
            "lockkeeper init --yes",
            "Write a workflow and a policy without asking.",
        )],
    },
    Page {
        command: "config",
        codes: SIMPLE,
        variables: &[],
        examples: &[],
    },
    Page {
        command: "config show",
        codes: READS,
        variables: &[],
        examples: &[("lockkeeper config show", "Print the policy that decides here.")],
    },
    Page {
        command: "config schema",
        codes: SIMPLE,
        variables: &[],
        examples: &[(
            "lockkeeper config schema > policy.schema.json",
            "Write the schema to a file, for an editor.",
        )],
    },
    Page {
        command: "db",
        codes: &[Pass, Usage, Incomplete, NothingToScan, Remote, Bug, Interrupted],
        variables: &[Database, Cache, Keys, SecretKey, Network],
        examples: &[(
            "lockkeeper db update",
            "Fetch what changed since the last update.",
        )],
    },
    Page {
        command: "db build",
        codes: FETCHES,
        variables: &[Database, Cache],
        examples: &[(
            "lockkeeper db build all.zip advisory-db known_exploited_vulnerabilities.json --db my.lkdb",
            "Compile an OSV export, a RustSec checkout and the list of CISA, without a network.",
        )],
    },
    Page {
        command: "db update",
        codes: FETCHES,
        variables: &[Database, Cache, Keys, Network],
        examples: &[
            (
                "lockkeeper db update",
                "Fetch what changed, from the public sources.",
            ),
            (
                "lockkeeper db update --from https://mirror.example/index/lockkeeper-index.json --key KEY",
                "Take a published database, signed with this key.",
            ),
            (
                "lockkeeper db update --from /mnt/usb/index --offline",
                "Take it from a folder, without a network.",
            ),
        ],
    },
    Page {
        command: "db publish",
        codes: READS,
        variables: &[Database, Cache, SecretKey],
        examples: &[(
            "lockkeeper db publish /srv/www/index --key secret",
            "Make a folder that a web server can serve.",
        )],
    },
    Page {
        command: "db key",
        codes: SIMPLE,
        variables: &[],
        examples: &[(
            "lockkeeper db key secret",
            "Write a secret key to a new file, print the public key.",
        )],
    },
    Page {
        command: "db status",
        codes: READS,
        variables: &[Database, Cache],
        examples: &[(
            "lockkeeper db status --format json",
            "Print size, age and sources as JSON.",
        )],
    },
    Page {
        command: "db verify",
        codes: READS,
        variables: &[Database, Cache],
        examples: &[(
            "lockkeeper db verify --db my.lkdb",
            "Check every byte of this file.",
        )],
    },
    Page {
        command: "db show",
        codes: SHOWS,
        variables: &[Database, Cache],
        examples: &[(
            "lockkeeper db show CVE-2021-44228",
            "Print the records of an advisory.",
        )],
    },
    Page {
        command: "db search",
        codes: SHOWS,
        variables: &[Database, Cache],
        examples: &[(
            "lockkeeper db search pkg:npm/event-stream",
            "List the advisories of a package.",
        )],
    },
    Page {
        command: "db diff",
        codes: READS,
        variables: &[],
        examples: &[(
            "lockkeeper db diff old.lkdb new.lkdb",
            "List what was added, removed and changed.",
        )],
    },
    Page {
        command: "version",
        codes: READS,
        variables: &[],
        examples: &[(
            "lockkeeper version npm 1.0.0-rc.1 1.0.0",
            "Print `<`: the release candidate comes before the release.",
        )],
    },
    Page {
        command: "explain",
        codes: READS,
        variables: &[Database, Cache, Keys, Ci, Colour, Network],
        examples: &[
            ("lockkeeper explain CVE-2021-44228", "Explain one advisory."),
            (
                "lockkeeper explain pkg:npm/lodash",
                "Explain every advisory of a package.",
            ),
        ],
    },
    Page {
        command: "demo",
        codes: SIMPLE,
        variables: &[Colour],
        examples: &[(
            "lockkeeper demo --keep shop",
            "Also keep the sample repository, in a new folder.",
        )],
    },
    Page {
        command: "cache",
        codes: SIMPLE,
        variables: &[Cache],
        examples: &[],
    },
    Page {
        command: "cache status",
        codes: SIMPLE,
        variables: &[Cache],
        examples: &[("lockkeeper cache status", "List what the folder holds.")],
    },
    Page {
        command: "cache clean",
        codes: SIMPLE,
        variables: &[Cache],
        examples: &[("lockkeeper cache clean", "Remove what lockkeeper put there.")],
    },
    Page {
        command: "completions",
        codes: SIMPLE,
        variables: &[],
        examples: &[(
            "lockkeeper completions bash > /etc/bash_completion.d/lockkeeper",
            "Install the completions of bash.",
        )],
    },
    Page {
        command: "man",
        codes: SIMPLE,
        variables: &[],
        examples: &[(
            "lockkeeper man db update | man -l -",
            "Read the page of a command.",
        )],
    },
    Page {
        command: "action",
        codes: JUDGES,
        variables: &[Inputs, Database, Cache, Keys, Network],
        examples: &[(
            "INPUT_MODE=status lockkeeper action",
            "Do what the step does with `mode: status`.",
        )],
    },
];

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
