//! What the manual says of each command beyond its help: exit codes, environment, examples.

use crate::model::verdict::ExitCode;

use ExitCode::{Blocked, Bug, Incomplete, Interrupted, NothingToScan, Pass, Remote, Usage};
use Variable::{Cache, Ci, Colour, Database, Forge, Inputs, Keys, Network, SecretKey};

/// What a page holds besides the help.
pub(super) struct Page {
    /// The words after `lockkeeper`.
    pub(super) command: &'static str,
    pub(super) codes: &'static [ExitCode],
    pub(super) variables: &'static [Variable],
    /// What is typed, and what it does.
    pub(super) examples: &'static [(&'static str, &'static str)],
}

/// What the environment can set.
#[derive(Clone, Copy)]
pub(super) enum Variable {
    Database,
    Cache,
    Keys,
    Forge,
    SecretKey,
    Ci,
    Colour,
    Network,
    Inputs,
}

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
const FIXES: &[ExitCode] = &[
    Pass,
    Blocked,
    Usage,
    Incomplete,
    NothingToScan,
    Remote,
    ExitCode::Some,
    Bug,
    Interrupted,
];
const SHOWS: &[ExitCode] = &[Pass, Usage, Incomplete, NothingToScan, Bug, Interrupted];
const SIMPLE: &[ExitCode] = &[Pass, Usage, Bug, Interrupted];
const READS: &[ExitCode] = &[Pass, Usage, Incomplete, Bug, Interrupted];
const FETCHES: &[ExitCode] = &[Pass, Usage, Remote, Bug, Interrupted];

pub(super) const PAGES: &[Page] = &[
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
            (
                "lockkeeper status --metrics --format csv --output metrics.csv",
                "Write how long each advisory took on each release line.",
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
        command: "plan",
        codes: FIXES,
        variables: &[Database, Cache, Keys, Ci, Colour, Network],
        examples: &[
            (
                "lockkeeper plan --diff",
                "Show which upgrades fix the findings, and the edits that they are.",
            ),
            (
                "lockkeeper plan --level major --only CVE-2023-26136",
                "Show what fixes one advisory, even if a direct dependency goes to another major version.",
            ),
        ],
    },
    Page {
        command: "fix",
        codes: FIXES,
        variables: &[Database, Cache, Keys, Ci, Colour, Network],
        examples: &[
            ("lockkeeper fix", "Write the upgrades that fix the findings."),
            (
                "lockkeeper fix --keep-manifests",
                "Change lockfiles alone, inside of the ranges that manifests ask for.",
            ),
            (
                "lockkeeper fix --verify native",
                "Write only what the package manager accepts, too.",
            ),
        ],
    },
    Page {
        command: "backport",
        codes: FIXES,
        variables: &[Database, Cache, Keys, Forge, Ci, Colour, Network],
        examples: &[
            (
                "lockkeeper backport",
                "Show, for each live release line, which upgrades fix it, or why there are none.",
            ),
            (
                "lockkeeper backport --refs 'release/*' --only CVE-2023-26136",
                "Show what fixes one advisory on these branches.",
            ),
            (
                "lockkeeper backport --commit 1a2b3c4",
                "Show which release lines have the change of a commit, which can take it, and which files conflict.",
            ),
            (
                "LOCKKEEPER_FORGE=https://forge.example/api/v1 lockkeeper backport --pull-request 7",
                "The same for the commits of a merged pull request.",
            ),
        ],
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
