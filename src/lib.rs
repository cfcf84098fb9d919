//! lockkeeper reads every lockfile of a repository, matches it against advisories and answers whether the release may
//! go out. Only the program is an interface: the modules are public for its own tests and fuzz targets, and change freely.
//!
//! This page says what is true of the code. `tests/it/architecture.rs` reads the table of layers below and fails
//! where the sources differ from what stands here.
//!
//! # The picture
//!
//! ```text
//! work tree ─► discover ─► read ───────► match ───────► judge ─────► report ─► terminal · json
//! or commits,  lockfiles   packages      packages ×     findings +   outcome   · sarif · markdown
//! read from                places        advisory       policy →     or grid   · html · annotations
//! git objects              edges         index          verdict      → bytes
//!                                           ▲
//! sources ──► import ──► group by aliases ──┴── compile
//! (OSV, RustSec, KEV, EPSS)                     (one file, ready when it is opened)
//! ```
//!
//! What holds it together is a grid, advisory × (repository @ ref): a scan of a tree fills one column, `status` fills
//! those of every live release line, a base shows what one column has that another had not, and a gate reads one.
//! Every cell has a state and a reason; "could not look" is a state and never clean.
//!
//! # Layers
//!
//! A module uses only modules on lines above its own; neighbours on a line never use each other.
//!
//! | # | modules | what they are | touch the world | errors |
//! |--:|---|---|---|---|
//! | 0 | `text` | spans, lines, escaping; positioned readers of JSON, TOML and XML that go on after damage, and a bounded one of YAML | no | problems with a span |
//! | 1 | `model` | the words: package, package URL, graph, advisory, finding, verdict, outcome, grid, lines, failure; the trait [`model::Tree`] | no | constructors that refuse |
//! | 2 | `version` · `schema` | version orders and ranges, one file a scheme · foreign documents as they are | no | `Unorderable` · problems |
//! | 3 | `ecosystem` | one row each: OSV's name, purl type, name rule, version scheme | no | unknown ones are kept by name |
//! | 4 | `lockfile` · `advisory` | readers, one file a format · import, groups, the compiled index over bytes | no | problems, never an error · typed |
//! | 5 | `matching` | package × advisory → assessment: affected, fixed, not affected, undecided; the version to upgrade to | no | total functions |
//! | 6 | `policy` · `remediation` · `plan` | bytes → policy, or every mistake in it; finding → decision · findings → what to do about them · what registries answered → the fewest packages that have to move | no | what a person wrote wrong, at its place · total functions · total functions |
//! | 7 | `report` · `relock` | an outcome, a grid, a gate, a plan → bytes, one file a report · plan + text → the edited lockfile, one file a format | no | those of the writer · why an edit would not be right |
//! | 8 | `sys` | files, the network, the clock, the environment, interrupts, package managers | **only here** | typed, with a hint |
//! | 9 | `git` · `feed` · `forge` · `registry` | refs, history, trees and blobs, read in process · where advisories come from · where a repository is, and where findings are uploaded to · what registries say of packages | through `sys` | typed, with a hint |
//! | 10 | `database` · `remote` | use case: the index on disk is built, brought up to date and opened · use case: a shallow clone and its forge as one repository | | typed · why something is not given |
//! | 11 | `carry` · `propose` · `scan` · `upload` | use case: commits of one branch → commits for a release line · use case: upgrades → pull requests at a forge · use case: paths, commits and lines → outcome, changes since a base, grid, history · use case: findings → SARIF, comment, issue at a forge | | what was held back, and what failed · `Failure` · none, what was missed |
//! | 12 | `remediate` | use case: findings → plan → edit → what a scan of the result says | | what was not fixed, and why |
//! | 13 | `config` | flag, then environment, then default: which index, whose policy | | what a person set wrong |
//! | 14 | `session` | use cases as requests: plain data → an answer, or a failure with the report that says so | | `Failure` |
//! | 15 | `cli` | the command line: flags → request → answer → bytes, and the exit codes | | words, a hint, a code |
//! | 16 | `action` | the step of a workflow: `INPUT_*` and the event → request → answer → outputs | | the same |
//!
//! Layers 0 to 7 are ordinary functions of their arguments. Only what talks to the network is async, and only
//! the command that needs it builds a runtime: a scan never starts one.
//!
//! # The walk of one package
//!
//! ```text
//! bytes ─ lockfile::read ─► Reading { text, packages with places, edges, roots, problems }
//!       ─ model::Graph ───► shortest paths from the roots
//! (ecosystem, name) ─ advisory::Index ─► candidates: ranges and versions, each block verified when first touched
//!       ─ matching ─► Assessment, once for each package × advisory: affected (by which record), fixed, not affected, undecided
//! affected assessments + places + paths ─ scan::judge ─► Finding { advisory, package, fixed, the version to upgrade to }
//! findings of a tree and of its base ─ scan::change ─► introduced, escalated, published since, moved, pre-existing
//! findings + coverage ─ policy ─► Verdict, with a decision and its rule for each finding
//! findings ─ remediation ─► what to do: one upgrade, removal or change of registry for each version of a package
//! upgrades + answers of registries ─ plan ─► moves ─ relock ─► edited lockfiles ─ scan ─► what is left
//! Outcome { targets, findings, coverage, verdict, digests } ─ report ─► bytes
//! assessments of several release lines, grouped by advisory ─ scan::grid ─► Grid { rows, cells } ─ report ─► bytes
//! ```
//!
//! One direction, no way back: a report opens nothing, the policy sees no file, matching sees no policy, and
//! the index knows no lockfile. A reader asks its tree for further files, and which ones it asked for is noted: a file of a
//! commit is read once for all commits in which it and those are the same.
//!
//! # Extension points: one file each
//!
//! | kind | trait | a new one is | what fails when a step is missed |
//! |---|---|---|---|
//! | lockfile format | [`lockfile::Format`] | `lockfile/x.rs`, a line in `FORMATS`, `tests/fixtures/lockfile/x/` | folder = list = fixtures = README = the hook of pre-commit; every reader over every fixture, cut and altered at every byte |
//! | version scheme | [`version::Scheme`] | `version/x.rs`, a line in `SCHEMES`, `tests/fixtures/version/x.txt` | truth tables, answers of the native tool, the order is total |
//! | report | [`report::Report`] | `report/x.rs`, a line in `REPORTS` | every report over every outcome |
//! | form of a grid or gate | [`report::Form`] | `report/grid/x.rs` or `report/gate/x.rs`, a line in `FORMS` | every form over every grid, held against the JSON |
//! | forge | [`forge::Forge`] | `forge/x.rs`, a line in `FORGES` | the same contract suite over each |
//! | registry | [`registry::Registry`] | `registry/x.rs`, a line in `REGISTRIES` | the same contract suite over each |
//! | language of ranges | [`version::range::RangeSyntax`] | `version/range/x.rs`, a line in `RANGES`, `tests/tables/ranges/x.tsv.gz` | answers of the native tool |
//! | advisory source | `advisory/import` and `feed` | a file each: what the bytes mean, where they come from | golden import, the update suite |
//! | lockfile plan | [`remediate::Fixer`] | `remediate/x.rs`, a line in `FIXERS`; rules of the resolver in `plan/x/` | whoever is planned is edited, and the other way round; random worlds |
//! | lockfile edit | [`relock::Relock`] | `relock/x.rs`, a line in `RELOCKS` | a check that is not the planner reads every edit; random worlds |
//! | ecosystem | [`ecosystem::EcosystemRow`] | one row | every row has a scheme and a purl type |
//!
//! `mod.rs` in each folder holds the contract: trait, list and documentation. What several formats share is a
//! grammar named after its standard (`lockfile/grammar/`), and no format.
//!
//! # Invariants
//!
//! 1. Nothing but `sys` reads a file, a clock, an environment variable or the network (clippy's
//!    `disallowed-methods`). One file, `sys/program.rs`, starts programs: the package managers in its list, from outside of the
//!    tree, in a temporary folder, and only where a person asks for that (`--verify native`).
//! 2. A reader never fails and never panics: it gives what it understood and the problems. Should one panic all
//!    the same, that file is *blind* and the scan goes on. `lockfile`, `version`, `advisory`, `schema` and `text` hold
//!    no index, slice, `unwrap` or `expect`.
//! 3. Every package has a span in its file and every finding a place: there is no constructor without.
//! 4. Unknown is not clean: a file that could not be read, a missing or old index, a version that cannot be
//!    ordered give their own exit code and never 0.
//! 5. `now` is an argument.
//! 6. Same input, same bytes out.
//! 7. Types of `model` are not serializable; each output version owns its structs.
//! 8. Text of lockfiles and advisories is hostile: `text::escape` escapes it for each medium, and only
//!    `report/workflow_commands.rs` writes workflow commands; only `action` knows `GITHUB_*`.
//! 9. Use cases do not print: `cli` and `action` own the streams.
//! 10. What is registered is exactly what lies in the folder.
//! 11. A source file has at most 500 lines of code, tests apart, and says first what it is.
//! 12. No files of a module import each other in a circle. A module may name what it declares, for its lists.
//!
//! # Exit codes
//!
//! | code | means |
//! |--:|---|
//! | 0 | pass |
//! | 1 | the gate says no; if the report is also incomplete, more may be hidden |
//! | 2 | usage: a flag, a setting, a path that is not there |
//! | 3 | not everything could be judged: a blind spot, or the index is missing, damaged, too old or newer |
//! | 4 | nothing to scan |
//! | 5 | a server failed |
//! | 6 | some of what blocks was fixed, and some was not |
//! | 70 | a bug here |
//! | 130 | interrupted |
//!
//! [`model::verdict::ExitCode`] is the list, and one exhaustive match chooses from it. 1 never means anything
//! but the gate.

pub mod action;
pub mod advisory;
pub mod carry;
pub mod cli;
pub mod config;
pub mod database;
pub mod ecosystem;
pub mod feed;
pub mod forge;
pub mod git;
pub mod lockfile;
pub mod matching;
pub mod model;
pub mod plan;
pub mod policy;
pub mod propose;
pub mod registry;
pub mod relock;
pub mod remediate;
pub mod remediation;
pub mod remote;
pub mod report;
pub mod scan;
pub mod schema;
pub mod session;
pub mod sys;
pub mod text;
pub mod upload;
pub mod version;
