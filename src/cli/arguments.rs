//! The command line: commands, flags, and the help that comes from them.

use std::path::PathBuf;

use clap::builder::styling::{AnsiColor, Styles};
use clap::{Args, Parser, Subcommand, ValueEnum};

/// Says whether this release may go out: reads every lockfile and matches it against advisories.
#[derive(Debug, Parser)]
#[command(name = "lockkeeper", version, styles = STYLES, arg_required_else_help = true, max_term_width = 100)]
#[command(
    after_help = "Exit codes: 0 pass · 1 the gate says no · 2 usage · 3 not everything could be judged · \
    4 nothing to scan · 5 a server failed · 70 a bug here · 130 interrupted"
)]
pub struct Arguments {
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
    /// How to say it.
    #[command(flatten)]
    pub voice: Voice,
}

const STYLES: Styles = Styles::styled()
    .header(AnsiColor::Green.on_default().bold())
    .usage(AnsiColor::Green.on_default().bold());

/// Flags of every command.
#[derive(Debug, Args)]
pub struct Voice {
    /// Say only the verdict.
    #[arg(short, long, global = true, conflicts_with = "verbose")]
    pub quiet: bool,
    /// List everything; twice also logs what is done.
    #[arg(short, long, global = true, action = clap::ArgAction::Count)]
    pub verbose: u8,
    /// Use colour (`NO_COLOR` and `CLICOLOR_FORCE` are heeded).
    #[arg(long, global = true, value_enum, default_value_t = When::Auto, value_name = "WHEN")]
    pub color: When,
    /// How errors are written to standard error.
    #[arg(long, global = true, value_enum, default_value_t = ErrorForm::Text, value_name = "FORM")]
    pub errors: ErrorForm,
    /// Never use the network.
    #[arg(long, global = true)]
    pub offline: bool,
    /// Count ages from TIME (RFC 3339 or a date) instead of the clock.
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
    /// Judge the lockfiles of folders, files or repositories.
    Scan(Scan),
    /// List what is locked.
    Packages(Packages),
    /// Show the grid: every advisory on every live release line.
    Status(Status),
    /// List the release lines: which are live, and why each is in or out.
    Refs(Refs),
    /// Say whether a release line may be released now, and what would unblock it.
    Gate(Gate),
    /// Write a workflow and a policy to begin with; shows both first.
    Init(Init),
    /// Show the effective policy, or the schema of its file.
    #[command(subcommand)]
    Config(Config),
    /// Build, update and ask the advisory index.
    #[command(subcommand)]
    Db(Db),
    /// Order two versions: prints <, = or >.
    Version(Version),
    /// Say why an advisory or package is here, why this verdict, and what would change it.
    Explain(Explain),
    /// Show the main job on an embedded sample, offline.
    Demo(Demo),
    /// Look at or empty the folder of fetched indexes.
    #[command(subcommand)]
    Cache(Cache),
    /// Print the completion script of a shell.
    Completions {
        /// The shell.
        #[arg(value_enum)]
        shell: clap_complete::Shell,
    },
    /// Print the manual page.
    Man,
    /// The entry point of the GitHub Action: reads `INPUT_*`.
    Action,
}

/// Which index judges.
#[derive(Debug, Args)]
pub struct Source {
    /// The index; else `LOCKKEEPER_DB`, else the one in the user's cache folder.
    #[arg(long, value_name = "FILE")]
    pub db: Option<PathBuf>,
    /// The policy; else lockkeeper.yml or .github/lockkeeper.yml at the top of the repository.
    #[arg(long, value_name = "FILE")]
    pub policy: Option<PathBuf>,
}

/// The flags of [`Source`] where nothing is matched.
#[derive(Debug, Args)]
pub struct Unmatched {
    /// Taken as by every command that reads; nothing is matched here, so that no index is opened.
    #[arg(long, value_name = "FILE")]
    pub db: Option<PathBuf>,
    /// The policy; else lockkeeper.yml or .github/lockkeeper.yml at the top of the repository.
    #[arg(long, value_name = "FILE")]
    pub policy: Option<PathBuf>,
}

/// Where reports go.
#[derive(Debug, Args)]
pub struct Reports {
    /// terminal, json, sarif, markdown or html; may be given several times.
    #[arg(long, value_name = "FORMAT")]
    pub format: Vec<String>,
    /// A file, or `-` for standard output; the i-th belongs to the i-th --format.
    #[arg(long, value_name = "FILE")]
    pub output: Vec<PathBuf>,
}

/// What is scanned.
#[derive(Debug, Args)]
pub struct Input {
    /// Folders, lockfiles or git repositories (bare too); `.` if none is given.
    #[arg(value_name = "PATH")]
    pub paths: Vec<PathBuf>,
    /// Read one lockfile from standard input, taken for NAME.
    #[arg(long, value_name = "NAME", conflicts_with_all = ["paths", "as_format"])]
    pub stdin: Option<String>,
    /// Read FILE as FORMAT, whatever its name.
    #[arg(long = "as", value_names = ["FORMAT", "FILE"], num_args = 2, conflicts_with = "paths")]
    pub as_format: Vec<String>,
}

/// Arguments of `scan`.
#[derive(Debug, Args)]
pub struct Scan {
    /// What is scanned.
    #[command(flatten)]
    pub input: Input,
    /// Compare with the merge base of REF and the head: only what the change introduces fails, and what is malicious.
    #[arg(long, value_name = "REF", conflicts_with_all = ["stdin", "as_format", "refs"])]
    pub base: Option<String>,
    /// Scan what is staged in git, not the work tree.
    #[arg(long, conflicts_with_all = ["stdin", "as_format", "refs"])]
    pub staged: bool,
    /// Scan these branches and tags (`tags/…`) instead: comma-separated globs on short names.
    #[arg(long, value_name = "GLOBS", conflicts_with_all = ["stdin", "as_format"])]
    pub refs: Option<String>,
    /// What fails, instead of the built-in rules: classes, severities (at least; vulnerabilities only),
    /// known-exploited, fixable, none; comma-separated.
    #[arg(long, value_name = "LIST")]
    pub fail_on: Option<String>,
    /// End with 0 where the gate says no, or with 3 if not everything could be judged.
    #[arg(long)]
    pub exit_zero: bool,
    /// End with 0 where there is nothing to scan.
    #[arg(long)]
    pub allow_empty: bool,
    /// What this scan is called at code scanning, where another scan of the same commit would replace its results; else what
    /// is scanned names it.
    #[arg(long, value_name = "NAME")]
    pub category: Option<String>,
    /// Which index judges.
    #[command(flatten)]
    pub source: Source,
    /// Where reports go.
    #[command(flatten)]
    pub reports: Reports,
}

/// Arguments of `status`.
#[derive(Debug, Args)]
pub struct Status {
    /// A folder or lockfile of a git repository, or a bare one.
    pub path: Option<PathBuf>,
    /// These branches and tags (`tags/…`) instead of the live lines: comma-separated globs on short names.
    #[arg(long, value_name = "GLOBS")]
    pub refs: Option<String>,
    /// Also tell what each line ever held: since which commit, until which, and in which tags.
    #[arg(long)]
    pub history: bool,
    /// What fails, as for `scan`.
    #[arg(long, value_name = "LIST")]
    pub fail_on: Option<String>,
    /// Which index judges.
    #[command(flatten)]
    pub source: Source,
    /// Where reports go.
    #[command(flatten)]
    pub reports: Reports,
}

/// Arguments of `refs`.
#[derive(Debug, Args)]
pub struct Refs {
    /// A folder of a git repository, or a bare one.
    pub path: Option<PathBuf>,
    /// Choose by these comma-separated globs on short names instead.
    #[arg(long, value_name = "GLOBS")]
    pub refs: Option<String>,
    /// Which policy counts.
    #[command(flatten)]
    pub source: Unmatched,
    /// terminal or json.
    #[command(flatten)]
    pub reports: Reports,
}

/// Arguments of `gate`.
#[derive(Debug, Args)]
pub struct Gate {
    /// A folder or lockfile of a git repository, or a bare one.
    pub path: Option<PathBuf>,
    /// The release: a branch, a tag, or any revision of git.
    #[arg(long, value_name = "REF|TAG")]
    pub release: String,
    /// What fails, as for `scan`.
    #[arg(long, value_name = "LIST")]
    pub fail_on: Option<String>,
    /// End with 0 where the gate says no, or with 3 if not everything could be judged.
    #[arg(long)]
    pub exit_zero: bool,
    /// End with 0 where there is nothing to scan.
    #[arg(long)]
    pub allow_empty: bool,
    /// Which index judges.
    #[command(flatten)]
    pub source: Source,
    /// terminal, json or markdown.
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
    /// Print the policy that decides, whole and in its canonical spelling.
    Show {
        /// The folder or repository.
        path: Option<PathBuf>,
        /// Which policy counts.
        #[command(flatten)]
        source: Unmatched,
        /// Where it goes: terminal (YAML) or json.
        #[command(flatten)]
        reports: Reports,
    },
    /// Print the JSON Schema of a policy's file.
    Schema,
}

/// Arguments of `packages`.
#[derive(Debug, Args)]
pub struct Packages {
    /// What is listed.
    #[command(flatten)]
    pub input: Input,
    /// Which policy counts: its `exclude` does here too.
    #[command(flatten)]
    pub source: Unmatched,
    /// Where reports go: terminal or json.
    #[command(flatten)]
    pub reports: Reports,
}

/// Commands of `db`.
#[derive(Debug, Subcommand)]
pub enum Db {
    /// Compile an index from files, offline.
    Build(DbBuild),
    /// Fetch what changed since the last time.
    Update(DbUpdate),
    /// Make a folder of an index that any web server can serve, whole and per ecosystem, signed.
    Publish(DbPublish),
    /// Make a key to sign publications with; prints the public key.
    Key(DbKey),
    /// What the index holds, and how old it is.
    Status(DbRead),
    /// Check every byte of the index.
    Verify(DbRead),
    /// Print an advisory by any of its ids.
    Show {
        /// An id or alias.
        id: String,
        /// Which index.
        #[command(flatten)]
        read: DbRead,
    },
    /// List the advisories of a package.
    Search {
        /// A name, or a package URL.
        package: String,
        /// Which index.
        #[command(flatten)]
        read: DbRead,
    },
    /// What one index says and another does not.
    Diff {
        /// The older index.
        old: PathBuf,
        /// The newer index.
        new: PathBuf,
        /// Where reports go: terminal or json.
        #[command(flatten)]
        reports: Reports,
    },
}

/// Arguments of `db build`.
#[derive(Debug, Args)]
pub struct DbBuild {
    /// OSV zips, folders of OSV JSON or of <ecosystem>/all.zip, a RustSec checkout or its tar.gz, KEV JSON,
    /// EPSS CSV(.gz); told apart by content.
    #[arg(value_name = "SOURCE", required = true)]
    pub sources: Vec<PathBuf>,
    /// Where the index goes; else as for reading.
    #[arg(long, value_name = "FILE")]
    pub db: Option<PathBuf>,
    /// Date the index as of TIME (for an old export).
    #[arg(long, value_name = "TIME")]
    pub as_of: Option<String>,
    /// Take what can be read where more than one record in a hundred of an ecosystem cannot.
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
    /// with `#KEY` behind it signed by that key, with `unsigned+` before it by nobody), an index (`….lkdb`), an OSV
    /// export; a folder that holds one of them.
    #[arg(long, value_name = "ADDRESS")]
    pub from: Vec<String>,
    /// A public key that may sign publications, or a file of such keys; else `LOCKKEEPER_INDEX_KEY`, else those that the
    /// program holds. With it publications in folders must be signed too.
    #[arg(long, value_name = "KEY|FILE")]
    pub key: Vec<String>,
    /// Only these ecosystems (OSV's names); else those of the index, else those that the program can read.
    #[arg(long, value_name = "NAME", value_delimiter = ',')]
    pub ecosystem: Vec<String>,
    /// The index to update.
    #[arg(long, value_name = "FILE")]
    pub db: Option<PathBuf>,
    /// Take what can be read where more than one record in a hundred of an ecosystem cannot.
    #[arg(long)]
    pub allow_rejected: bool,
    /// terminal or json.
    #[arg(long, value_name = "FORMAT")]
    pub format: Option<String>,
}

/// Arguments of `db publish`.
#[derive(Debug, Args)]
pub struct DbPublish {
    /// The folder; what it publishes now stays readable until the new publication is whole.
    pub folder: PathBuf,
    /// The index; else `LOCKKEEPER_DB`, else the one in the user's cache folder.
    #[arg(long, value_name = "FILE")]
    pub db: Option<PathBuf>,
    /// The secret key that `db key` wrote; else the one in `LOCKKEEPER_INDEX_SECRET_KEY`.
    #[arg(long, value_name = "FILE")]
    pub key: Option<PathBuf>,
    /// Sign nothing: who takes the publication must trust the place where it lies.
    #[arg(long, conflicts_with = "key")]
    pub unsigned: bool,
    /// terminal or json.
    #[arg(long, value_name = "FORMAT")]
    pub format: Option<String>,
}

/// Arguments of `db key`.
#[derive(Debug, Args)]
pub struct DbKey {
    /// Where the secret key goes, for nobody else to read; a file that is there is left alone.
    pub file: PathBuf,
    /// terminal or json.
    #[arg(long, value_name = "FORMAT")]
    pub format: Option<String>,
}

/// Arguments of the commands that only read the index.
#[derive(Debug, Args)]
pub struct DbRead {
    /// The index; else `LOCKKEEPER_DB`, else the one in the user's cache folder.
    #[arg(long, value_name = "FILE")]
    pub db: Option<PathBuf>,
    /// The policy whose `database` says how old the index may be and which one it has to be; else the built-in rules.
    #[arg(long, value_name = "FILE")]
    pub policy: Option<PathBuf>,
    /// Where reports go: terminal or json.
    #[command(flatten)]
    pub reports: Reports,
}

/// Arguments of `version`.
#[derive(Debug, Args)]
pub struct Version {
    /// OSV's name of the ecosystem.
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
pub struct Explain {
    /// An advisory's id or alias, or a package URL with or without version.
    #[arg(value_name = "ID|PURL")]
    pub subject: String,
    /// The folder, lockfile or repository.
    pub path: Option<PathBuf>,
    /// What fails, as for `scan`.
    #[arg(long, value_name = "LIST")]
    pub fail_on: Option<String>,
    /// Which index judges.
    #[command(flatten)]
    pub source: Source,
    /// terminal or json.
    #[command(flatten)]
    pub reports: Reports,
}

/// Arguments of `demo`.
#[derive(Debug, Args)]
pub struct Demo {
    /// Keep the sample repository in this folder instead of a temporary one.
    #[arg(long, value_name = "FOLDER")]
    pub keep: Option<PathBuf>,
}

/// Commands of `cache`.
#[derive(Debug, Subcommand)]
pub enum Cache {
    /// What lies in the cache folder.
    Status,
    /// Remove what the program put there.
    Clean,
}
