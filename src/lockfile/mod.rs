//! Lockfile formats: one file a format, each a reader with places that survives damage.
//!
//! To add a format: write `lockfile/x.rs` with a unit struct that implements [`Format`], add it to
//! [`FORMATS`], add `tests/fixtures/lockfile/x/`, a row in the README, and the names to
//! `.pre-commit-hooks.yaml` (see `CONTRIBUTING.md`). What several formats share is a grammar named after its standard, in
//! `lockfile/grammar/`.
#![cfg_attr(
    not(test),
    deny(
        clippy::expect_used,
        clippy::indexing_slicing,
        clippy::panic,
        clippy::string_slice,
        clippy::unreachable,
        clippy::unwrap_used
    )
)]

pub mod actions_lock;
pub mod bom;
pub mod bun_lock;
pub mod cabal_project;
pub mod cargo_auditable;
pub mod cargo_lock;
pub mod cartfile_resolved;
pub mod chart_lock;
pub mod composer_lock;
pub mod conan_lock;
pub mod conda_lock;
pub mod cpanfile_snapshot;
pub mod csproj;
pub mod deno_lock;
pub mod dotnet_tools;
mod file_names;
pub mod flake_lock;
pub mod gemfile_lock;
pub mod github_workflows;
pub mod gitmodules;
pub mod gleam_manifest;
pub mod global_json;
pub mod go_mod;
pub mod gradle_lockfile;
pub mod grammar;
pub mod julia_manifest;
pub mod libs_versions;
pub mod manifest;
pub mod maven_install;
pub mod mix_lock;
pub mod module_bazel_lock;
pub mod nimble_lock;
pub mod node_modules;
pub mod opam_locked;
pub mod package_lock;
pub mod package_resolved;
pub mod packages_config;
pub mod packages_lock;
pub mod paket_lock;
pub mod pants_jvm;
pub mod pants_toml;
pub mod pdm_lock;
pub mod pex_lock;
pub mod pipfile_lock;
pub mod pixi_lock;
pub mod pnpm_lock;
pub mod podfile_lock;
pub mod poetry_lock;
pub mod pom;
pub mod pre_commit_config;
pub mod project_assets;
pub mod pubspec_lock;
pub mod pylock;
pub mod rebar_lock;
pub mod renv_lock;
pub mod requirements;
pub mod sbom_spdx;
pub mod sbt_lock;
pub mod shard_lock;
pub mod stack_yaml;
pub mod terraform_lock;
pub mod unsupported;
pub mod uv_lock;
pub mod vcpkg_json;
pub mod vendor_modules;
pub mod verification_metadata;
pub mod versions_lock;
pub mod yarn_lock;

use std::borrow::Cow;

pub use self::grammar::digest::Digests;
use crate::model::{Cost, Derivation, Ecosystem, Graph, Tree, TreePath, UpgradeBy};
use crate::text::tree::Document;
use crate::text::{MAX_PROBLEMS, Span, decode, toml};

/// A lockfile format.
pub trait Format: Sync {
    /// The name in reports and of `--as`: that of its best-known file (`Cargo.lock`).
    fn name(&self) -> &'static str;

    /// The ecosystem of its packages; [`Ecosystem::ANY`] where each names its own.
    fn ecosystem(&self) -> Ecosystem;

    /// The names of its files; a `*` stands for one character or more, and a folder may stand in front.
    fn file_names(&self) -> &'static [&'static str];

    /// The file at `path` is of this format: one of its names, if not fewer. Two formats never claim one path.
    fn claims(&self, path: &TreePath) -> bool {
        self.file_names().iter().any(|name| file_names::fits(name, path))
    }

    /// Reads the file. Total: any text gives what could be understood and the problems, in linear time,
    /// without a panic. `tree` gives the files that this one refers to, and no others are asked for.
    fn read(&self, file: &File<'_>, tree: &dyn Tree) -> Parsed;

    /// What is read in the place of a file that is no text, and what its places count in; `None` for a file that is read itself.
    ///
    /// # Errors
    /// Why nothing can be read, as a lowercase fragment.
    fn unpack(&self, bytes: &[u8]) -> Option<Result<String, String>> {
        let _ = bytes;
        None
    }

    /// What readers of other files may ask about a file of this format without reading it as a whole; `None` if they
    /// never do.
    fn outline(&self) -> Option<&'static dyn Derivation> {
        None
    }

    /// The file at `path`, which no format claims, leads to files of this format that nothing else leads to.
    fn starts(&self, path: &TreePath, tree: &dyn Tree) -> bool {
        let _ = (path, tree);
        false
    }

    /// Versions of packages of its lockfiles stand in the file at `path`, which it does not claim.
    fn keeps_versions_in(&self, _path: &TreePath) -> bool {
        false
    }

    /// Who writes its files.
    fn writer(&self) -> Writer {
        Writer::Tool
    }

    /// The command that upgrades a package, for a shell in the folder of its lockfile. One that the tool refuses, or after
    /// which another manifest or nothing is changed, is none.
    fn upgrade_command(&self, upgrade: &Upgrade<'_>) -> UpgradeCommand {
        let _ = upgrade;
        UpgradeCommand::None
    }

    /// What the checksums of its entries are of, as far as that is something that a registry serves.
    fn digests(&self) -> Digests {
        match self.ecosystem() == Ecosystem::PYPI {
            true => Digests::OfFiles,
            false => Digests::Unknown,
        }
    }

    /// Names of files that the reader looks for beside or above a lockfile; a `*` stands for one character or more.
    fn companions(&self) -> &'static [&'static str] {
        &[]
    }
}

/// Who writes a file.
#[derive(Debug, Clone, Copy)]
pub enum Writer {
    /// A tool, of what other files ask for.
    Tool,
    /// A person.
    Person,
    /// A tool where its bytes say so, else a person.
    ToolIf(fn(&[u8]) -> bool),
}

/// A package that is to be upgraded. Its texts need no quotes in a command.
#[derive(Debug, Clone, Copy)]
pub struct Upgrade<'a> {
    /// The package's name.
    pub name: &'a str,
    /// The locked version.
    pub from: &'a str,
    /// The version to lock.
    pub to: &'a str,
    /// A manifest asks for it by name.
    pub direct: bool,
    /// The name of the file that locks it.
    pub file_name: &'a str,
    /// What another version takes, where the usual command does not do it.
    pub by: Option<&'a UpgradeBy>,
}

/// How the tool of a format upgrades a package.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum UpgradeCommand {
    /// It has no command for that.
    None,
    /// This one, in the folder of the file.
    Run(String),
    /// Its command would not do it: what to do instead, as a full sentence.
    ByHand(Cow<'static, str>),
}

/// A lockfile's text.
#[derive(Debug, Clone, Copy)]
pub struct File<'a> {
    /// Its path in the tree.
    pub path: &'a TreePath,
    /// The decoded text, which all spans count in.
    pub text: &'a str,
}

/// What a lockfile holds.
#[derive(Debug, Default)]
pub struct Parsed {
    /// Packages, own modules, edges.
    pub graph: Graph,
    /// What could not be read, or not exactly.
    pub problems: Vec<Problem>,
}

/// Something wrong with a lockfile, and what it costs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// What it costs the verdict.
    pub cost: Cost,
    /// The file, if it is not the one that is being read.
    pub file: Option<TreePath>,
    /// Where.
    pub span: Span,
    /// What is wrong, as a lowercase fragment.
    pub message: String,
    /// What to do about it, as a full instruction.
    pub hint: String,
}

impl Problem {
    /// A problem of `file`, which is not the one that is being read.
    fn elsewhere(cost: Cost, file: TreePath, span: Span, message: String, hint: &str) -> Self {
        Self {
            cost,
            file: Some(file),
            span,
            message,
            hint: hint.into(),
        }
    }
}

impl Parsed {
    /// The TOML document in `file`, with what is damaged in it: `hint` says what to do then. A file without text is damaged.
    fn of_toml<'f>(file: &File<'f>, hint: &str) -> (Document<'f>, Self) {
        let mut document = toml::read(file.text);
        let mut parsed = Self::default();
        parsed.damaged(std::mem::take(&mut document.problems), hint);
        if file.text.trim().is_empty() {
            parsed.blind(Span::at(0), "the file is empty", hint);
        }
        (document, parsed)
    }

    /// A file whose tool ends it with a line break, and that has none at its end, may be cut inside of a word.
    fn ends_with_line_break(&mut self, file: &File<'_>, hint: &str) {
        if !file.text.is_empty() && !file.text.ends_with(['\n', '\r']) {
            let end = Span::at(file.text.len());
            self.partial(
                end,
                "the file ends here without a line break and may be cut",
                hint,
            );
        }
    }

    /// Adds a root called `name`, and lets it lead to what no other package needs: what was asked for, where nothing says so.
    fn ask_for_unneeded(&mut self, name: &str) {
        let unneeded = self.graph.unneeded();
        let root = self.graph.add_root(name, "");
        for node in unneeded {
            self.graph.add_edge(root, node, Span::default());
            if let Some(package) = self.graph.package_mut(node) {
                package.direct = true;
            }
        }
    }

    /// Records that something could not be read.
    pub fn blind(&mut self, span: Span, message: impl Into<String>, hint: impl Into<String>) {
        self.problem(Cost::Blind, span, message, hint);
    }

    /// Records that something is not held exactly.
    pub fn partial(&mut self, span: Span, message: impl Into<String>, hint: impl Into<String>) {
        self.problem(Cost::Partial, span, message, hint);
    }

    /// Records something worth reporting that costs the verdict nothing.
    pub fn remark(&mut self, span: Span, message: impl Into<String>, hint: impl Into<String>) {
        self.problem(Cost::Nothing, span, message, hint);
    }

    /// Records what a positioned reader found damaged: each is a blind spot.
    pub fn damaged(&mut self, problems: Vec<crate::text::Problem>, hint: &str) {
        for problem in problems {
            self.blind(problem.span, problem.message, hint);
        }
    }

    fn problem(&mut self, cost: Cost, span: Span, message: impl Into<String>, hint: impl Into<String>) {
        self.problems.push(Problem {
            cost,
            file: None,
            span,
            message: message.into(),
            hint: hint.into(),
        });
    }
}

/// Every format, in alphabetical order of its file.
pub static FORMATS: &[&dyn Format] = &[
    &github_workflows::GithubWorkflows,
    &gitmodules::Gitmodules,
    &pre_commit_config::PreCommitConfig,
    &terraform_lock::TerraformLock,
    &actions_lock::ActionsLock,
    &bom::CycloneDx,
    &bun_lock::BunLock,
    &cabal_project::CabalProject,
    &cargo_auditable::CargoAuditable,
    &cargo_lock::CargoLock,
    &cartfile_resolved::CartfileResolved,
    &chart_lock::ChartLock,
    &composer_lock::ComposerLock,
    &conan_lock::ConanLock,
    &conda_lock::CondaLock,
    &cpanfile_snapshot::CpanfileSnapshot,
    &csproj::Csproj,
    &deno_lock::DenoLock,
    &dotnet_tools::DotnetTools,
    &flake_lock::FlakeLock,
    &gemfile_lock::GemfileLock,
    &gleam_manifest::GleamManifest,
    &global_json::GlobalJson,
    &go_mod::GoMod,
    &gradle_lockfile::GradleLockfile,
    &julia_manifest::JuliaManifest,
    &libs_versions::LibsVersions,
    &maven_install::MavenInstall,
    &mix_lock::MixLock,
    &module_bazel_lock::ModuleBazelLock,
    &nimble_lock::NimbleLock,
    &node_modules::NodeModules,
    &opam_locked::OpamLocked,
    &package_lock::PackageLock,
    &package_resolved::PackageResolved,
    &packages_config::PackagesConfig,
    &packages_lock::PackagesLock,
    &paket_lock::PaketLock,
    &pants_toml::PantsToml,
    &pants_jvm::PantsJvm,
    &pdm_lock::PdmLock,
    &pex_lock::PexLock,
    &pipfile_lock::PipfileLock,
    &pixi_lock::PixiLock,
    &pnpm_lock::PnpmLock,
    &podfile_lock::PodfileLock,
    &poetry_lock::PoetryLock,
    &pom::Pom,
    &project_assets::ProjectAssets,
    &pubspec_lock::PubspecLock,
    &pylock::Pylock,
    &rebar_lock::RebarLock,
    &renv_lock::RenvLock,
    &requirements::Requirements,
    &sbom_spdx::Spdx,
    &sbt_lock::SbtLock,
    &shard_lock::ShardLock,
    &stack_yaml::StackYaml,
    &uv_lock::UvLock,
    &vcpkg_json::VcpkgJson,
    &vendor_modules::VendorModules,
    &verification_metadata::VerificationMetadata,
    &versions_lock::VersionsLock,
    &yarn_lock::YarnLock,
];

/// Who reads a path.
pub enum Claim {
    /// A format of ours.
    Read(&'static dyn Format),
    /// A lockfile of a format that is not read: blind, not skipped in silence.
    Unsupported(&'static unsupported::UnsupportedFormat),
    /// No lockfile.
    Nothing,
}

/// The file at `path` is called `name`, in any case.
fn is_named(path: &TreePath, name: &str) -> bool {
    path.file_name().eq_ignore_ascii_case(name.as_bytes())
}

/// A file of this name may be a lockfile, in some folder.
#[must_use]
pub fn may_claim(name: &[u8]) -> bool {
    FORMATS
        .iter()
        .flat_map(|format| format.file_names().iter().copied())
        .chain(unsupported::file_names())
        .any(|pattern| file_names::fits_in_some_folder(pattern, name))
}

/// Who reads the file at `path`.
#[must_use]
pub fn claim(path: &TreePath) -> Claim {
    match FORMATS.iter().find(|format| format.claims(path)) {
        Some(format) => Claim::Read(*format),
        None => unsupported::row(path).map_or(Claim::Nothing, Claim::Unsupported),
    }
}

/// The format that says how to upgrade what the file at `path` locks: that which reads it, else that whose versions it holds.
#[must_use]
pub fn upgrades(path: &TreePath) -> Option<&'static dyn Format> {
    let mut formats = FORMATS.iter();
    let format = formats.find(|format| format.claims(path) || format.keeps_versions_in(path))?;
    Some(*format)
}

/// What readers may ask about the file at `path` without reading it as a whole, by its format.
#[must_use]
pub fn outline(path: &TreePath) -> Option<&'static dyn Derivation> {
    FORMATS.iter().find(|format| format.claims(path))?.outline()
}

/// The format that is to read the file at `path`, which none claims: the file leads to others that nothing else leads to.
#[must_use]
pub fn start(path: &TreePath, tree: &dyn Tree) -> Option<&'static dyn Format> {
    let format = FORMATS.iter().find(|format| format.starts(path, tree))?;
    Some(*format)
}

/// A file of this name is one that some reader looks for beside or above a lockfile.
#[must_use]
pub fn is_companion(name: &[u8]) -> bool {
    FORMATS
        .iter()
        .flat_map(|format| format.companions())
        .any(|companion| file_names::fits_in_some_folder(companion, name))
}

/// The format called `name`.
#[must_use]
pub fn format(name: &str) -> Option<&'static dyn Format> {
    FORMATS.iter().copied().find(|format| format.name() == name)
}

/// A lockfile read from bytes, with the text that its spans count in.
#[derive(Debug)]
pub struct Reading<'b> {
    /// The decoded text.
    pub text: Cow<'b, str>,
    /// What it holds.
    pub parsed: Parsed,
    /// Problems of [`Cost::Partial`] that are counted and not listed: there are too many.
    pub unlisted: Vec<Problem>,
}

impl<'b> Reading<'b> {
    /// Of what could not be read at all.
    fn of_nothing(text: Cow<'b, str>, reason: &str, hint: &str) -> Self {
        let mut parsed = Parsed::default();
        parsed.blind(Span::at(0), reason, hint);
        Self {
            text,
            parsed,
            unlisted: Vec::new(),
        }
    }
}

/// How the pointers of Git LFS begin; the version of their form follows.
pub const LFS_POINTERS: [&str; 2] = [
    "version https://git-lfs.github.com/spec/",
    "version https://hawser.github.com/spec/",
];

/// Reads `bytes` as `format`: decoding, Git LFS pointers and merge conflicts are the same for all formats.
#[must_use]
pub fn read<'b>(format: &dyn Format, path: &TreePath, bytes: &'b [u8], tree: &dyn Tree) -> Reading<'b> {
    let decoded = match format.unpack(bytes) {
        None => decode::decode(bytes),
        Some(Ok(text)) => decode::Decoded {
            text: Cow::Owned(text),
            encoding: decode::Encoding::Utf8,
            problem: None,
        },
        Some(Err(reason)) => {
            return Reading::of_nothing(Cow::Borrowed(""), &reason, "Give a whole file of this format.");
        }
    };
    if LFS_POINTERS.iter().any(|start| decoded.text.starts_with(start)) {
        let reason = "this is a pointer of Git LFS, not the lockfile";
        return Reading::of_nothing(decoded.text, reason, "Run `git lfs pull` before the scan.");
    }
    let mut parsed = format.read(
        &File {
            path,
            text: &decoded.text,
        },
        tree,
    );
    if let Some(span) = conflict(&decoded.text) {
        // The conflict explains the reader's own complaints about the same lines.
        parsed
            .problems
            .retain(|problem| problem.cost != Cost::Blind || problem.span.start < span.start);
        parsed.blind(
            span,
            "merge conflict markers",
            "Resolve the conflict and lock again.",
        );
    }
    if let Some(at) = memchr::memchr(0, decoded.text.as_bytes()) {
        parsed.blind(
            Span::new(at, at.saturating_add(1)),
            "a NUL byte: the file is damaged",
            "Restore the file from its last good commit.",
        );
    }
    if let Some(problem) = decoded.problem {
        parsed.blind(problem.span, problem.message, "Save the file as UTF-8.");
    }
    let unlisted = in_order(&mut parsed.problems);
    Reading {
        text: decoded.text,
        parsed,
        unlisted,
    }
}

/// One blind spot makes the verdict incomplete; this many are reported of a file that is nothing but damage.
pub const MAX_BLIND: usize = 20;

/// Sorts problems by place and cuts each cost's at [`MAX_PROBLEMS`], or [`MAX_BLIND`], so that a file that is
/// nothing but damage does not become a report of its own size. Gives those of [`Cost::Partial`] that were cut.
fn in_order(problems: &mut Vec<Problem>) -> Vec<Problem> {
    problems.sort_by(|one, other| {
        (&one.file, one.span.start, one.span.end).cmp(&(&other.file, other.span.start, other.span.end))
    });
    let mut unlisted = Vec::new();
    for cost in [Cost::Nothing, Cost::Partial, Cost::Blind] {
        let most = match cost {
            Cost::Nothing | Cost::Partial => MAX_PROBLEMS,
            Cost::Blind => MAX_BLIND,
        };
        let mut count = 0_usize;
        problems.retain_mut(|problem| {
            if problem.cost != cost {
                return true;
            }
            count = count.saturating_add(1);
            if count > most && cost == Cost::Partial {
                // Taken and not copied: of a large build there may be a million.
                unlisted.push(Problem {
                    cost,
                    file: problem.file.take(),
                    span: problem.span,
                    message: std::mem::take(&mut problem.message),
                    hint: std::mem::take(&mut problem.hint),
                });
            }
            if count == most {
                problem.message = "more problems like those before follow from here on".into();
            }
            count <= most
        });
    }
    unlisted
}

/// The first conflict marker of git at the start of a line.
fn conflict(text: &str) -> Option<Span> {
    memchr::memmem::find_iter(text.as_bytes(), b"<<<<<<< ")
        .find(|start| *start == 0 || text.as_bytes().get(start.wrapping_sub(1)) == Some(&b'\n'))
        .map(|start| Span::new(start, start.saturating_add(7)))
}
