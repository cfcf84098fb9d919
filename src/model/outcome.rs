//! Everything that a report may show of a run.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;

use super::lines::short_name;
use super::verdict::ExitCode;
use super::{Assessed, Bill, Coverage, Ecosystem, Finding, Gap, TreePath, Verdict};

/// The result of a scan. A report sees this and opens nothing.
#[derive(Debug, Clone)]
pub struct Outcome {
    /// The program's version.
    pub tool_version: &'static str,
    /// The moment that ages are counted from.
    pub now: Timestamp,
    /// The index that was used.
    pub database: Database,
    /// The policy that decided.
    pub policy: Policy,
    /// The answer.
    pub verdict: Verdict,
    /// How the program will end.
    pub exit_code: ExitCode,
    /// All targets' coverage together; files are named with their target's root in front where there are several.
    pub coverage: Coverage,
    /// What a person should know of the policy, its exceptions, the refs and the base, each at its place from the top of the
    /// repository. They are among the coverage's problems too, and cost nothing.
    pub remarks: Vec<Gap>,
    /// What was scanned: one for each PATH.
    pub targets: Vec<Target>,
    /// What the person calls this scan at code scanning; `None` where what was scanned names it.
    pub category: Option<Category>,
    /// Bills of materials list the findings, too.
    pub vex: bool,
}

/// A name that distinguishes the results of one scan in code scanning.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Category(String);

impl Category {
    /// A longer name is refused.
    pub const MAX_CHARACTERS: usize = 200;

    /// `text` without slashes around it. `None` for one that is empty or longer than [`Self::MAX_CHARACTERS`], or that has
    /// a control or format character.
    #[must_use]
    pub fn new(text: &str) -> Option<Self> {
        let text = text.trim().trim_matches('/').trim();
        let fits = !text.is_empty() && text.chars().count() <= Self::MAX_CHARACTERS;
        (fits && !text.contains(crate::text::escape::is_hidden)).then(|| Self(text.to_owned()))
    }

    /// The name.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl Target {
    /// The short name of the ref that its files are named with; `None` where the root is enough.
    #[must_use]
    pub fn told_ref(&self) -> Option<&str> {
        let ref_name = self.ref_name.as_deref().filter(|_| self.is_one_of_several_refs);
        ref_name.map(short_name)
    }
}

impl Outcome {
    /// The run has not reached its end, and of the index nothing is known either.
    #[must_use]
    pub fn is_unfinished(&self) -> bool {
        self.verdict == Verdict::Failed && self.exit_code == ExitCode::Bug
    }

    /// What is known of `target` alone.
    #[must_use]
    pub fn alone(&self, target: &Target) -> Outcome {
        // What is no target's stands behind what is one's, and holds for each.
        let of_targets = self
            .targets
            .iter()
            .map(|target| target.coverage.blind.len())
            .sum();
        let mut coverage = target.coverage.clone();
        coverage
            .blind
            .extend(self.coverage.blind.iter().skip(of_targets).cloned());
        Outcome {
            tool_version: self.tool_version,
            now: self.now,
            database: self.database.clone(),
            policy: self.policy.clone(),
            verdict: target.verdict,
            exit_code: self.exit_code,
            coverage,
            remarks: self.remarks.clone(),
            targets: vec![target.clone()],
            category: self.category.clone(),
            vex: self.vex,
        }
    }

    /// Every finding with its target, in the order of the targets.
    pub fn findings(&self) -> impl Iterator<Item = (&Target, &Finding)> {
        self.targets
            .iter()
            .flat_map(|target| target.findings.iter().map(move |finding| (target, finding)))
    }
}

/// The index, as far as it is known.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Database {
    /// `sha256:…`; `None` if there is no readable index.
    pub digest: Option<String>,
    /// When it was built.
    pub built: Option<Timestamp>,
    /// What it was built from.
    pub sources: Vec<DatabaseSource>,
    /// Records in it, after withdrawn ones were dropped.
    pub records: u64,
    /// Why it cannot be used, and what to do; `None` if it can.
    pub trouble: Option<(String, String)>,
    /// What is at its path and is no file, such as `a folder`.
    pub instead: Option<&'static str>,
    /// The file, where the command line names it.
    pub named: Option<String>,
}

/// One source of an index.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DatabaseSource {
    /// What it is called: `osv/npm`, `rustsec`, `kev`, `epss`.
    pub name: String,
    /// Records taken from it.
    pub records: u64,
    /// Its newest record's modification.
    pub newest: Option<Timestamp>,
}

/// Sources about vulnerabilities, and not about packages.
const LISTS: [&str; 2] = ["kev", "epss"];

impl DatabaseSource {
    /// It gives advisories, and is no list of vulnerabilities.
    #[must_use]
    pub fn has_advisories(&self) -> bool {
        let name = self.name.rsplit('/').next();
        !name.is_some_and(|name| LISTS.contains(&name))
    }
}

impl Database {
    /// How new its data is: the day of the newest record of all that are about packages, and never after it was built.
    /// `None` if neither is known.
    #[must_use]
    pub fn data_of(&self) -> Option<Timestamp> {
        let sources = self.sources.iter().filter(|source| source.has_advisories());
        let newest = sources.filter_map(|source| source.newest).max();
        match (newest, self.built) {
            (Some(newest), Some(built)) => Some(newest.min(built)),
            (newest, built) => newest.or(built),
        }
    }
}

/// The policy that decided.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Policy {
    /// `sha256:…` of the effective rules.
    pub digest: String,
    /// The file it came from; `None` for the built-in rules.
    pub file: Option<String>,
}

/// One tree that was scanned.
#[derive(Debug, Clone)]
pub struct Target {
    /// The PATH as given, `/`-separated.
    pub root: String,
    /// Where the root is in its git repository; the empty path at its top and outside git.
    pub prefix: TreePath,
    /// The file that was asked for, relative to the root; `None` where all of a folder was.
    pub only: Option<TreePath>,
    /// Its lockfiles that are symbolic links, with the file that each leads to, from the top of the repository.
    pub links: BTreeMap<TreePath, TreePath>,
    /// What the repository is called: `owner/name` of its origin, else its folder; `None` outside git.
    pub repository: Option<String>,
    /// The full name of the ref; `None` outside git and on a detached head.
    pub ref_name: Option<String>,
    /// The full commit id; `None` outside git and before the first commit.
    pub commit: Option<String>,
    /// Lockfiles differ from the commit.
    pub dirty: bool,
    /// Its files are those that lie on disk, and not those of another commit, which places in files do not fit.
    pub is_checked_out: bool,
    /// Other targets have the same root, at other refs: a file is named with its ref.
    pub is_one_of_several_refs: bool,
    /// What this target's findings rest on.
    pub coverage: Coverage,
    /// The answer for this target alone, as a gate of it gives it.
    pub verdict: Verdict,
    /// Its lockfiles, by path.
    pub files: Vec<ScannedFile>,
    /// Its findings, in the order of [`Finding`]'s file, place and id.
    pub findings: Vec<Finding>,
    /// Its packages that advisories name, affected or not; kept only where a grid is made of them.
    pub assessed: Vec<Assessed>,
    /// Its own modules, by ecosystem and name; kept only where a grid is made of them.
    pub own: BTreeSet<(Ecosystem, String)>,
    /// All that its lockfiles lock; kept only where a report asks for it.
    pub bill: Option<Bill>,
}

/// A lockfile that was found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ScannedFile {
    /// Relative to the target's root.
    pub path: TreePath,
    /// The format's name; the file's own for an unsupported one.
    pub format: String,
    /// Packages read from it.
    pub packages: usize,
    /// How far it could be read.
    pub state: FileState,
}

/// How far a lockfile could be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum FileState {
    /// In whole.
    Read,
    /// In whole, with packages that are not pinned.
    Partial,
    /// Not, or not in whole.
    Blind,
}

impl FileState {
    /// `read`, `partial`, `blind`.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Read => "read",
            Self::Partial => "partial",
            Self::Blind => "blind",
        }
    }
}
