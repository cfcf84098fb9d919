//! The command line: commands, flags, and the help that comes from them.

use std::path::PathBuf;

use clap::builder::styling::{AnsiColor, Styles};
use clap::{Args, Parser, Subcommand, ValueEnum};

use crate::session;

/// Checks every lockfile of a repository against security advisories, on every release line, and gates releases.
#[derive(Debug, Parser)]
#[command(name = "lockkeeper", version, styles = STYLES, arg_required_else_help = true, max_term_width = 100)]
#[command(
    after_help = "Exit codes: 0 pass · 1 blocked · 2 usage · 3 not everything was checked · \
    4 nothing to scan · 5 a server failed · 6 fixed in part · 70 a bug here · 130 interrupted"
)]
pub struct Arguments {
    /// The command.
    #[command(subcommand)]
    pub command: Command,
    /// Flags of every command.
    #[command(flatten)]
    pub options: OutputOptions,
}

const STYLES: Styles = Styles::styled()
    .header(AnsiColor::Green.on_default().bold())
    .usage(AnsiColor::Green.on_default().bold());

/// The help of `--format` where there is a text and a document.
const TWO_FORMATS: &str = "terminal or json; may be given several times";

/// Flags of every command.
#[derive(Debug, Args)]
pub struct OutputOptions {
    /// Print only the verdict.
    #[arg(short, long, global = true, conflicts_with = "verbose")]
    pub quiet: bool,
    /// List everything; twice also logs what is done.
    #[arg(short, long, global = true, action = clap::ArgAction::Count)]
    pub verbose: u8,
    /// Use colour; `auto` follows `NO_COLOR` and `CLICOLOR_FORCE`.
    #[arg(long, global = true, value_enum, default_value_t = When::Auto, value_name = "WHEN")]
    pub color: When,
    /// How errors are written to standard error.
    #[arg(long, global = true, value_enum, default_value_t = ErrorForm::Text, value_name = "FORM")]
    pub errors: ErrorForm,
    /// Never use the network.
    #[arg(long, global = true)]
    pub offline: bool,
    /// Use TIME (RFC 3339 or a date) as the current time.
    #[arg(long, global = true, value_name = "TIME")]
    pub now: Option<String>,
}

/// When to use colour.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum When {
    /// On a terminal.
    Auto,
    /// Always.
    Always,
    /// Never.
    Never,
}

/// How errors are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum ErrorForm {
    /// For people.
    Text,
    /// As a `lockkeeper.error/1` document.
    Json,
}

/// What to do.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Check the lockfiles of folders, files or repositories against advisories.
    Scan(Scan),
    /// List the locked packages.
    Packages(Packages),
    /// Show the grid: every advisory on every live release line.
    Status(Status),
    /// List the release lines: which are live, and why each is in or out.
    Refs(Refs),
    /// Decide whether a release may go out, and list what blocks it and what to do.
    Gate(Gate),
    /// Show which upgrades would fix the findings, and write nothing.
    Plan(Plan),
    /// Write the upgrades that fix the findings into the lockfiles, and nothing else.
    Fix(Fix),
    /// Show which upgrades would fix each live release line; as a step, open a pull request for each.
    Backport(Backport),
    /// Show, then write, a first workflow and policy.
    Init(Init),
    /// Show the effective policy, or the JSON Schema of the policy file.
    #[command(subcommand)]
    Config(Config),
    /// Build, update and query the advisory database.
    #[command(subcommand)]
    Db(Db),
    /// Compare two versions of an ecosystem: prints <, = or >.
    Version(Version),
    /// Explain a finding: why the package is here, which rule decided, and what would change the verdict.
    Explain(Explain),
    /// Show the main commands on an embedded sample, offline.
    Demo(Demo),
    /// Show or empty the cache of advisory databases.
    #[command(subcommand)]
    Cache(Cache),
    /// Print a shell completion script.
    Completions {
        /// The shell.
        #[arg(value_enum)]
        shell: clap_complete::Shell,
    },
    /// Print the manual page of the program or of a command.
    Man {
        /// The command: `scan`, `db update`.
        command: Vec<String>,
    },
    /// The entry point of the GitHub Action: reads `INPUT_*`.
    Action,
}

/// The advisory database and the policy.
#[derive(Debug, Clone, Args)]
pub struct Source {
    /// The advisory database; else `LOCKKEEPER_DB`, else the one in the user's cache folder.
    #[arg(long, value_name = "FILE")]
    pub db: Option<PathBuf>,
    /// The policy; else lockkeeper.yml or .github/lockkeeper.yml at the top of the repository.
    #[arg(long, value_name = "FILE")]
    pub policy: Option<PathBuf>,
}

/// The flags of [`Source`] where nothing is matched.
#[derive(Debug, Args)]
pub struct Unmatched {
    /// Accepted as by every command that reads; this command opens no advisory database.
    #[arg(long, value_name = "FILE")]
    pub db: Option<PathBuf>,
    /// The policy; else lockkeeper.yml or .github/lockkeeper.yml at the top of the repository.
    #[arg(long, value_name = "FILE")]
    pub policy: Option<PathBuf>,
}

/// The reports.
#[derive(Debug, Clone, Args)]
pub struct Reports {
    /// The format; may be given several times.
    #[arg(long, value_name = "FORMAT")]
    pub format: Vec<String>,
    /// A file, or `-` for standard output; the i-th --output belongs to the i-th --format. Without --format the ending of the
    /// file names it.
    #[arg(long, value_name = "FILE")]
    pub output: Vec<PathBuf>,
}

/// How far upgrades may go.
#[derive(Debug, Clone, Args)]
pub struct Upgrades {
    /// Fix only this: an advisory's id, a package's name or its URL; may be given several times.
    #[arg(long, value_name = "ID|PACKAGE")]
    pub only: Vec<String>,
    /// How far a direct dependency may go [default: `fix.level` of the policy, else minor]. How far another goes is up to the packages
    /// that ask for it.
    #[arg(long, value_enum, value_name = "LEVEL")]
    pub level: Option<Level>,
    /// Leave manifests as they are, and upgrade inside of their ranges only.
    #[arg(long)]
    pub keep_manifests: bool,
    /// Ask the repositories that Maven is set to for parents and BOMs which the tree lacks, so that what they manage has its version.
    #[arg(long)]
    pub resolve: bool,
    /// Have the package manager check the result, too: its frozen mode runs on a copy, without scripts. What it refuses is not
    /// written.
    #[arg(long, value_enum, value_name = "WHO")]
    pub verify: Option<Prover>,
}

/// Who checks a result beside lockkeeper.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum Prover {
    /// The package manager: cargo, go, mvn, npm, pipenv, poetry or uv, as it is in the path.
    Native,
}

/// The number of a version that an upgrade may change.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum Level {
    /// From 1.2.3 to 1.2.4.
    Patch,
    /// From 1.2.3 to 1.3.0, too.
    Minor,
    /// As far as it takes.
    Major,
}

/// Arguments of `plan`.
#[derive(Debug, Args)]
#[command(mut_arg("format", |format| format.help("terminal, json or markdown; may be given several times")))]
pub struct Plan {
    /// Folders or lockfiles; `.` if none is given.
    #[arg(value_name = "PATH")]
    pub paths: Vec<PathBuf>,
    /// Plan for these branches and tags (`tags/…`) instead of the work tree: comma-separated globs of short names.
    #[arg(long, value_name = "GLOBS", conflicts_with = "resolve")]
    pub refs: Option<String>,
    /// How far.
    #[command(flatten)]
    pub upgrades: Upgrades,
    /// Print the edits as a unified diff after the report.
    #[arg(long)]
    pub diff: bool,
    /// Where from.
    #[command(flatten)]
    pub source: Source,
    /// Where to.
    #[command(flatten)]
    pub reports: Reports,
}

/// Arguments of `fix`.
#[derive(Debug, Args)]
#[command(mut_arg("format", |format| format.help("terminal, json or markdown; may be given several times")))]
pub struct Fix {
    /// Folders or lockfiles; `.` if none is given.
    #[arg(value_name = "PATH")]
    pub paths: Vec<PathBuf>,
    /// Do what `backport` does for these branches: comma-separated globs of short names. Nothing is written to disk.
    #[arg(long, value_name = "GLOBS", conflicts_with_all = ["resolve", "allow_dirty"])]
    pub refs: Option<String>,
    /// How far.
    #[command(flatten)]
    pub upgrades: Upgrades,
    /// Show what would be written, and write nothing.
    #[arg(long)]
    pub dry_run: bool,
    /// Write over changes that are not committed.
    #[arg(long)]
    pub allow_dirty: bool,
    /// Where from.
    #[command(flatten)]
    pub source: Source,
    /// Where to.
    #[command(flatten)]
    pub reports: Reports,
}

/// Arguments of `backport`.
#[derive(Debug, Clone, Args)]
#[command(mut_arg("resolve", |resolve| resolve.hide(true)))]
#[command(mut_arg("format", |format| format.help("terminal, json or markdown; may be given several times")))]
pub struct Backport {
    /// A folder or lockfile of a git repository, or a bare one.
    pub path: Option<PathBuf>,
    /// These branches and tags (`tags/…`) instead of the live release lines: comma-separated globs of short names.
    #[arg(long, value_name = "GLOBS", conflicts_with = "resolve")]
    pub refs: Option<String>,
    /// Carry these commits instead: for each line, what `git cherry-pick -x` would make of them, without lockfiles.
    #[arg(long = "commit", value_name = "COMMIT", num_args = 1.., conflicts_with_all = ["resolve", "level", "keep_manifests", "verify"])]
    pub commits: Vec<String>,
    /// Carry the commits of this merged pull request instead; LOCKKEEPER_FORGE names the API of the forge.
    #[arg(long, value_name = "N", conflicts_with_all = ["commits", "resolve", "level", "keep_manifests", "verify"])]
    pub pull_request: Option<u64>,
    /// Carry the fix of this advisory of the repository itself instead: the id of one in the database, or a file with an OSV record
    /// or an advisory of GitHub's API. `--format osv` prints the record with the versions that are affected by the tags.
    #[arg(long, value_name = "ID|FILE", conflicts_with_all = ["commits", "pull_request", "resolve", "level", "keep_manifests", "verify"])]
    pub advisory: Option<String>,
    /// How far.
    #[command(flatten)]
    pub upgrades: Upgrades,
    /// Show what would be proposed; without a forge that is all there is.
    #[arg(long)]
    pub dry_run: bool,
    /// Where from.
    #[command(flatten)]
    pub source: Source,
    /// Where to.
    #[command(flatten)]
    pub reports: Reports,
}

/// The input.
#[derive(Debug, Args)]
pub struct Input {
    /// Folders, lockfiles or git repositories (bare too); `.` if none is given.
    #[arg(value_name = "PATH")]
    pub paths: Vec<PathBuf>,
    /// Read one lockfile from standard input, under the file name NAME.
    #[arg(long, value_name = "NAME", conflicts_with_all = ["paths", "as_format"])]
    pub stdin: Option<String>,
    /// Read FILE as FORMAT, whatever its name.
    #[arg(long = "as", value_names = ["FORMAT", "FILE"], num_args = 2, conflicts_with = "paths")]
    pub as_format: Vec<String>,
}

impl From<&Input> for session::Input {
    fn from(input: &Input) -> Self {
        Self {
            stdin: input.stdin.clone(),
            as_format: match input.as_format.as_slice() {
                [format, path] => Some((format.clone(), path.into())),
                _ => None,
            },
            ..Self::of(input.paths.iter().cloned())
        }
    }
}

/// Arguments of `scan`.
#[derive(Debug, Args)]
#[command(mut_arg("format", |format| format.help("terminal, json, sarif, markdown, html, cyclonedx, spdx or openvex; may be given several times")))]
pub struct Scan {
    /// The input.
    #[command(flatten)]
    pub input: Input,
    /// Compare with the merge base of REF and HEAD: only findings that the change introduces, and malicious packages, fail.
    #[arg(long, value_name = "REF", conflicts_with_all = ["stdin", "as_format", "refs"])]
    pub base: Option<String>,
    /// Scan what is staged in git, not the work tree.
    #[arg(long, conflicts_with_all = ["stdin", "as_format", "refs"])]
    pub staged: bool,
    /// Scan these branches and tags (`tags/…`) instead: comma-separated globs of short names.
    #[arg(long, value_name = "GLOBS", conflicts_with_all = ["stdin", "as_format"])]
    pub refs: Option<String>,
    /// Ask the repositories that Maven is set to for parents and BOMs which the tree lacks, so that what they manage has its version.
    #[arg(long, conflicts_with_all = ["stdin", "as_format", "refs"])]
    pub resolve: bool,
    /// What fails, instead of the built-in rules: a comma-separated list of classes, severities (that one or higher;
    /// vulnerabilities only), known-exploited, fixable, none. What a `go` directive names as a minimum still warns.
    #[arg(long, value_name = "LIST")]
    pub fail_on: Option<String>,
    /// Accept this advisory, by its id or an alias, in this run alone; may be given several times.
    #[arg(long, value_name = "ID")]
    pub ignore: Vec<String>,
    /// Exit with 0 instead of 1 when blocked; with 3 if not everything was checked.
    #[arg(long)]
    pub exit_zero: bool,
    /// Exit with 0 instead of 4 when there is nothing to scan.
    #[arg(long)]
    pub allow_empty: bool,
    /// The category of the results in code scanning, for several scans of one commit; by default named after the scanned
    /// folder or file.
    #[arg(long, value_name = "NAME")]
    pub category: Option<String>,
    /// List the findings in bills of materials (cyclonedx, spdx), too, with what the policy says of each.
    #[arg(long)]
    pub vex: bool,
    /// The advisory database and the policy.
    #[command(flatten)]
    pub source: Source,
    /// The reports.
    #[command(flatten)]
    pub reports: Reports,
}

/// Arguments of `status`.
#[derive(Debug, Args)]
#[command(mut_arg("format", |format| format.help("terminal, json, markdown or html; with --metrics also csv; may be given several times")))]
pub struct Status {
    /// A folder or lockfile of a git repository, or a bare one.
    pub path: Option<PathBuf>,
    /// These branches and tags (`tags/…`) instead of the live release lines: comma-separated globs of short names.
    #[arg(long, value_name = "GLOBS")]
    pub refs: Option<String>,
    /// Also list, for each finding, the commits that introduced and removed it and the tags that contain it.
    #[arg(long)]
    pub history: bool,
    /// Also show how long each advisory took on each release line, from its publication to a pull request, a fixed lockfile and a
    /// release.
    #[arg(long)]
    pub metrics: bool,
    /// What fails, as for `scan`.
    #[arg(long, value_name = "LIST")]
    pub fail_on: Option<String>,
    /// Accept this advisory, by its id or an alias, in this run alone; may be given several times.
    #[arg(long, value_name = "ID")]
    pub ignore: Vec<String>,
    /// The advisory database and the policy.
    #[command(flatten)]
    pub source: Source,
    /// The reports.
    #[command(flatten)]
    pub reports: Reports,
}

/// Arguments of `refs`.
#[derive(Debug, Args)]
#[command(mut_arg("format", |format| format.help(TWO_FORMATS)))]
pub struct Refs {
    /// A folder of a git repository, or a bare one.
    pub path: Option<PathBuf>,
    /// Choose by these comma-separated globs of short names instead.
    #[arg(long, value_name = "GLOBS")]
    pub refs: Option<String>,
    /// The policy.
    #[command(flatten)]
    pub source: Unmatched,
    /// The reports.
    #[command(flatten)]
    pub reports: Reports,
}

/// Arguments of `gate`.
#[derive(Debug, Args)]
#[command(mut_arg("format", |format| format.help("terminal, json or markdown; may be given several times")))]
pub struct Gate {
    /// A folder or lockfile of a git repository, or a bare one.
    pub path: Option<PathBuf>,
    /// The release: a branch, a tag, or any revision of git.
    #[arg(long, value_name = "REF|TAG", required = true)]
    pub release: Option<String>,
    /// What fails, as for `scan`.
    #[arg(long, value_name = "LIST")]
    pub fail_on: Option<String>,
    /// Accept this advisory, by its id or an alias, in this run alone; may be given several times.
    #[arg(long, value_name = "ID")]
    pub ignore: Vec<String>,
    /// Exit with 0 instead of 1 when blocked; with 3 if not everything was checked.
    #[arg(long)]
    pub exit_zero: bool,
    /// Exit with 0 instead of 4 when there is nothing to scan.
    #[arg(long)]
    pub allow_empty: bool,
    /// The advisory database and the policy.
    #[command(flatten)]
    pub source: Source,
    /// The reports.
    #[command(flatten)]
    pub reports: Reports,
}

/// Arguments of `init`.
#[derive(Debug, Args)]
pub struct Init {
    /// A folder of the repository.
    pub path: Option<PathBuf>,
    /// Write without asking.
    #[arg(long)]
    pub yes: bool,
}

/// Commands of `config`.
#[derive(Debug, Subcommand)]
pub enum Config {
    /// Print the effective policy in its canonical form.
    #[command(mut_arg("format", |format| format.help(TWO_FORMATS)))]
    Show {
        /// The folder or repository.
        path: Option<PathBuf>,
        /// The policy.
        #[command(flatten)]
        source: Unmatched,
        /// The reports.
        #[command(flatten)]
        reports: Reports,
    },
    /// Print the JSON Schema of the policy file.
    Schema,
}

/// Arguments of `packages`.
#[derive(Debug, Args)]
#[command(mut_arg("format", |format| format.help(TWO_FORMATS)))]
pub struct Packages {
    /// The input.
    #[command(flatten)]
    pub input: Input,
    /// Ask the repositories that Maven is set to for parents and BOMs which the tree lacks, so that what they manage has its version.
    #[arg(long, conflicts_with_all = ["stdin", "as_format"])]
    pub resolve: bool,
    /// The policy, for its `exclude`.
    #[command(flatten)]
    pub source: Unmatched,
    /// The reports.
    #[command(flatten)]
    pub reports: Reports,
}

/// Commands of `db`.
#[derive(Debug, Subcommand)]
pub enum Db {
    /// Build the advisory database from files, offline.
    Build(DbBuild),
    /// Fetch what changed since the last update.
    Update(DbUpdate),
    /// Write the database as a signed folder that any web server can serve, whole and by ecosystem.
    Publish(DbPublish),
    /// Create a key to sign publications with; prints the public key.
    Key(DbKey),
    /// Show the sources, counts and age of the database.
    Status(DbRead),
    /// Verify every checksum of the database.
    Verify(DbRead),
    /// Print an advisory by any of its ids.
    Show {
        /// An id or alias.
        id: String,
        /// The database.
        #[command(flatten)]
        read: DbRead,
    },
    /// List the advisories of a package.
    Search {
        /// A name, or a package URL.
        package: String,
        /// The database.
        #[command(flatten)]
        read: DbRead,
    },
    /// Compare two databases: added, removed and changed advisories.
    #[command(mut_arg("format", |format| format.help(TWO_FORMATS)))]
    Diff {
        /// The older database.
        old: PathBuf,
        /// The newer database.
        new: PathBuf,
        /// The reports.
        #[command(flatten)]
        reports: Reports,
    },
}

/// Arguments of `db build`.
#[derive(Debug, Args)]
pub struct DbBuild {
    /// OSV zips, folders of OSV JSON or of <ecosystem>/all.zip, a RustSec checkout or its tar.gz, KEV JSON,
    /// EPSS CSV(.gz); recognized by content.
    #[arg(value_name = "SOURCE", required = true)]
    pub sources: Vec<PathBuf>,
    /// The database file to write; by default the one that is read.
    #[arg(long, value_name = "FILE")]
    pub db: Option<PathBuf>,
    /// Date the database as of TIME, for an old export.
    #[arg(long, value_name = "TIME")]
    pub as_of: Option<String>,
    /// Go on where more than 1 % of an ecosystem's records cannot be read.
    #[arg(long)]
    pub allow_rejected: bool,
    /// terminal or json.
    #[arg(long, value_name = "FORMAT")]
    pub format: Option<String>,
}

/// Arguments of `db update`.
#[derive(Debug, Args)]
pub struct DbUpdate {
    /// Addresses or paths to try in order, instead of the public OSV export: a publication (`…/lockkeeper-index.json`,
    /// with `#KEY` behind it signed by that key, with `unsigned+` before it not signed), a database (`….lkdb`), an OSV
    /// export; a folder with one of them.
    #[arg(long, value_name = "ADDRESS")]
    pub from: Vec<String>,
    /// A public key that may sign publications, or a file of such keys; else `LOCKKEEPER_INDEX_KEY`, else the
    /// built-in ones. With it publications in folders must be signed too.
    #[arg(long, value_name = "KEY|FILE")]
    pub key: Vec<String>,
    /// Only these ecosystems (OSV's names); else those of the database, else those of programming languages but ConanCenter and opam.
    #[arg(long, value_name = "NAME", value_delimiter = ',')]
    pub ecosystem: Vec<String>,
    /// The database to update.
    #[arg(long, value_name = "FILE")]
    pub db: Option<PathBuf>,
    /// Go on where more than 1 % of an ecosystem's records cannot be read.
    #[arg(long)]
    pub allow_rejected: bool,
    /// terminal or json.
    #[arg(long, value_name = "FORMAT")]
    pub format: Option<String>,
}

/// Arguments of `db publish`.
#[derive(Debug, Args)]
pub struct DbPublish {
    /// The folder; the current publication stays readable until the new one is complete.
    pub folder: PathBuf,
    /// The advisory database; else `LOCKKEEPER_DB`, else the one in the user's cache folder.
    #[arg(long, value_name = "FILE")]
    pub db: Option<PathBuf>,
    /// The secret key that `db key` wrote; else the one in `LOCKKEEPER_INDEX_SECRET_KEY`.
    #[arg(long, value_name = "FILE")]
    pub key: Option<PathBuf>,
    /// Do not sign: users must trust the server that has the publication.
    #[arg(long, conflicts_with = "key")]
    pub unsigned: bool,
    /// terminal or json.
    #[arg(long, value_name = "FORMAT")]
    pub format: Option<String>,
}

/// Arguments of `db key`.
#[derive(Debug, Args)]
pub struct DbKey {
    /// The file for the secret key, readable only by its owner; an existing file is not replaced.
    pub file: PathBuf,
    /// terminal or json.
    #[arg(long, value_name = "FORMAT")]
    pub format: Option<String>,
}

/// Arguments of the commands that only read the database.
#[derive(Debug, Args)]
#[command(mut_arg("format", |format| format.help(TWO_FORMATS)))]
pub struct DbRead {
    /// The advisory database; else `LOCKKEEPER_DB`, else the one in the user's cache folder.
    #[arg(long, value_name = "FILE")]
    pub db: Option<PathBuf>,
    /// The policy whose `database` sets the maximum age and the digest of the database; else the built-in rules.
    #[arg(long, value_name = "FILE")]
    pub policy: Option<PathBuf>,
    /// The reports.
    #[command(flatten)]
    pub reports: Reports,
}

/// Arguments of `version`.
#[derive(Debug, Args)]
pub struct Version {
    /// The ecosystem, by OSV's name.
    pub ecosystem: String,
    /// A version; or `-` to read lines of `A<TAB>B` from standard input.
    #[arg(allow_hyphen_values = true)]
    pub left: String,
    /// The version to compare with.
    #[arg(allow_hyphen_values = true)]
    pub right: Option<String>,
}

/// Arguments of `explain`.
#[derive(Debug, Args)]
#[command(mut_arg("format", |format| format.help(TWO_FORMATS)))]
pub struct Explain {
    /// An advisory's id or alias, a package's name, or a package URL with or without version.
    #[arg(value_name = "ID|PACKAGE")]
    pub subject: String,
    /// The folder, lockfile or repository.
    pub path: Option<PathBuf>,
    /// What fails, as for `scan`.
    #[arg(long, value_name = "LIST")]
    pub fail_on: Option<String>,
    /// The advisory database and the policy.
    #[command(flatten)]
    pub source: Source,
    /// The reports.
    #[command(flatten)]
    pub reports: Reports,
}

/// Arguments of `demo`.
#[derive(Debug, Args)]
pub struct Demo {
    /// Keep the sample and its reports in this folder instead of a temporary one.
    #[arg(long, value_name = "FOLDER")]
    pub keep: Option<PathBuf>,
}

/// Commands of `cache`.
#[derive(Debug, Subcommand)]
pub enum Cache {
    /// List the files of the cache.
    Status,
    /// Remove the files of the cache.
    Clean,
}
