//! Use case: commits on the release lines. [`carry`] shows what would become of them; [`Session::carry`] plans what they do to
//! lockfiles anew for each line, and gives the commits to be made.

use jiff::Timestamp;

use super::backport::Carriage;
use super::series::{self, LineSeries, Work};
use super::{Edits, FixLimits, FixRequest, Input, PolicyRequest, Session, Verify, trees};
use crate::carry::{self, Line, Settings, locked, request, selection::Selection, summary};
use crate::config::policy::{self, Effective};
use crate::forge::{Forge, ForgeError};
use crate::git::merge::Workspace;
use crate::git::{GitError, ObjectId, Repository};
use crate::model::Failure;
use crate::model::carried::{CarriedLine, CarriedLines, CarryState, NamedCommit, SourceRequest, There};
use crate::model::grid::{ReleaseLine, Standing};
use crate::model::lines::Choice;
use crate::plan::lines::{LinePlan, LinePlans};
use crate::policy::FixSettings;
use crate::scan::columns::{are_there, broken, lines};
use crate::scan::discover::DiscoveredTree;
use crate::scan::lines::{Chosen, unmatched};

/// Which commits are to be carried, and to which lines.
#[derive(Debug, Clone, Default)]
pub struct CarryRequest {
    /// The repository.
    pub input: Input,
    /// Comma-separated globs on short names; else the policy chooses.
    pub refs: Option<String>,
    /// Its `lines` and `fix` count.
    pub policy: PolicyRequest,
    /// Lines that somebody asked for, as globs, in place of both: one that is not there is blocked and stops no other.
    pub names: Option<Vec<String>>,
    /// What is carried.
    pub source: CarrySource,
    /// Who signs off what is made; `None` where nobody does.
    pub signer: Option<String>,
}

/// What is carried.
#[derive(Debug, Clone)]
pub enum CarrySource {
    /// Revisions, in the order in which they are carried.
    Commits(Vec<String>),
    /// A pull request that was merged.
    Merged(MergedPull),
}

impl Default for CarrySource {
    fn default() -> Self {
        Self::Commits(Vec::new())
    }
}

/// A pull request that was merged, as a forge knows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MergedPull {
    /// Its number.
    pub number: u64,
    /// Its title.
    pub title: String,
    /// Its page.
    pub page: String,
    /// The commit with which it was merged.
    pub merge: String,
    /// The ids of its own commits, in order.
    pub own: Vec<String>,
}

/// Commits on release lines, ready to be proposed.
pub struct Carrying {
    /// How every line stands.
    pub lines: CarriedLines,
    /// What is to be put on each of them, in their order; `None` where nothing is.
    pub series: Vec<Option<LineSeries>>,
    /// How pull requests look, by the policy.
    pub settings: FixSettings,
}

/// A file with more bytes is not merged line by line.
const MAX_BYTES: u64 = 16 * 1024 * 1024;

/// A pull request and its commits; a sentence where it is not merged.
///
/// # Errors
/// The forge's.
pub async fn merged(forge: &dyn Forge, number: u64) -> Result<Result<MergedPull, String>, ForgeError> {
    let details = forge.pull(number).await?;
    let Some(merge) = details.merge else {
        return Ok(Err(format!("#{number} is not merged: nothing is carried.")));
    };
    Ok(Ok(MergedPull {
        number,
        title: details.pull.title,
        page: details.pull.page,
        merge,
        own: forge.pull_commits(number).await?,
    }))
}

/// Carries commits to every live branch, in memory. Nothing is written.
///
/// # Errors
/// A [`Failure`] of usage outside of git, for a commit that is not there, and for globs that match nothing.
pub fn carry(request: &CarryRequest, now: Timestamp) -> Result<CarriedLines, Failure> {
    let begun = Begun::new(request, now)?;
    let lines = begun.of_lines()?.into_iter().map(|(line, _)| line).collect();
    Ok(begun.listed(lines))
}

impl Session<'_> {
    /// Carries commits to every live branch, and plans anew what they do to lockfiles. Nothing is written.
    ///
    /// # Errors
    /// As [`carry`], and a [`Failure`] of an advisory database that is missing where something is to be planned.
    pub fn carry(&self, request: &CarryRequest) -> Result<Carrying, Failure> {
        self.observer.working("carrying commits");
        let carrying = self.carrying(request);
        self.observer.finished();
        carrying
    }

    fn carrying(&self, request: &CarryRequest) -> Result<Carrying, Failure> {
        let found = trees::one(&request.input)?;
        self.reach(&found);
        let begun = Begun::of(request, found, self.now)?;
        let mut made = begun.of_lines()?;
        let mut plans = self.plans(request, &begun, &made)?;
        let mut all = Vec::new();
        for (line, work) in &mut made {
            let plan = plans.as_mut().and_then(|plans| take(plans, &line.ref_name));
            let series = match work {
                Some(work) => series::of(line, work, plan, request.signer.as_deref()),
                None => Ok(None),
            };
            all.push(series.unwrap_or_else(|error| {
                line.state = CarryState::Unknown;
                line.reason = format!("not carried: {error}; {}", error.hint());
                None
            }));
        }
        Ok(Carrying {
            settings: begun.effective.policy.fix.clone(),
            lines: begun.listed(made.into_iter().map(|(line, _)| line).collect()),
            series: all,
        })
    }

    /// Plans for the packages of which the commits lock other versions, on the lines that do not have them; `None` where there are
    /// none.
    fn plans(
        &self,
        request: &CarryRequest,
        begun: &Begun,
        made: &[(CarriedLine, Option<Work>)],
    ) -> Result<Option<LinePlans>, Failure> {
        let repository = begun.repository()?;
        let workspace = Workspace::new(repository, MAX_BYTES);
        let mut only = Vec::new();
        for commit in &begun.ids {
            only.extend(locked::packages(repository, &workspace, *commit).map_err(Failure::from)?);
        }
        let mut carried = Carriage::new();
        let mut names = Vec::new();
        for (line, work) in made {
            let is_asked = match line.state {
                CarryState::Planned | CarryState::Draft | CarryState::Nothing => true,
                CarryState::Proposed | CarryState::Blocked | CarryState::Unknown | CarryState::Fixed => false,
            };
            let (Some(work), true) = (work, is_asked) else {
                continue;
            };
            names.push(work.name.clone());
            let edits = series::edits(work, &begun.found.prefix).map_err(Failure::from)?;
            carried.insert(line.ref_name.clone(), edits);
        }
        if only.is_empty() || names.is_empty() {
            return Ok(None);
        }
        let request = FixRequest {
            input: request.input.clone(),
            policy: request.policy.clone(),
            resolve: false,
            limits: FixLimits {
                only,
                for_pull_request: true,
                is_only_derived: true,
                ..FixLimits::default()
            },
            verify: Verify::Here,
            edits: Edits::Show,
        };
        let choice = Choice::Names(names);
        self.line_plans(&request, &choice, (&begun.found, &begun.effective), &carried)
            .map(Some)
            .map_err(|failed| failed.failure)
    }
}

/// Takes the plan for a line out of all.
fn take(plans: &mut LinePlans, ref_name: &str) -> Option<LinePlan> {
    let is_of_line = |plan: &LinePlan| {
        let target = plan.proposal.before.targets.first();
        target.and_then(|target| target.ref_name.as_deref()) == Some(ref_name)
    };
    let at = plans.plans.iter().position(is_of_line)?;
    Some(plans.plans.swap_remove(at))
}

/// What was found out before any line is looked at.
struct Begun {
    found: DiscoveredTree,
    effective: Effective,
    chosen: Chosen,
    unread: Vec<ReleaseLine>,
    /// What was asked for and is not there.
    absent: Vec<String>,
    source: Option<SourceRequest>,
    /// Every commit that is carried.
    ids: Vec<ObjectId>,
    /// Those of them that are no upgrades of this program's own.
    sources: Vec<ObjectId>,
    commits: Vec<NamedCommit>,
    /// Why nothing can be carried to any line.
    blocked: Option<String>,
    /// What a merge brought, where that is carried as one commit.
    brought: Option<Brought>,
    settings: Settings,
}

/// What a merge brought: its own message says little of it.
struct Brought {
    /// The title of the pull request and its number.
    title: String,
    /// Who wrote it, but the author of the merge: `NAME <ADDRESS>`.
    authors: Vec<String>,
}

impl Brought {
    /// The message with title and authors, where it lacks them.
    fn say(&self, message: &[u8]) -> Vec<u8> {
        let text = String::from_utf8_lossy(message);
        let mut said = match text.contains(&self.title) {
            true => text.clone().into_owned(),
            false => format!("{}\n\n{text}", self.title),
        };
        for author in &self.authors {
            let line = format!("Co-authored-by: {author}\n");
            if !said.contains(&line) {
                said.push_str(&line);
            }
        }
        said.into_bytes()
    }
}

impl Begun {
    fn new(request: &CarryRequest, now: Timestamp) -> Result<Self, Failure> {
        Self::of(request, trees::one(&request.input)?, now)
    }

    fn of(request: &CarryRequest, found: DiscoveredTree, now: Timestamp) -> Result<Self, Failure> {
        let effective = policy::effective(&found, &request.policy, None)?;
        let names = &request.names;
        let choice = match names {
            Some(names) => Choice::Names(names.clone()),
            None => trees::choice(request.refs.as_deref(), &effective.policy),
        };
        let (chosen, refs) = lines(&found, &choice, trees::prefer(), now)?;
        let unread = broken(&refs, &choice, now)?;
        let mut absent = Vec::new();
        if names.is_some() {
            let all = chosen.lines.iter().chain(&unread);
            let all: Vec<&str> = all.map(|line| line.ref_name.as_str()).collect();
            absent = unmatched(&choice, &all)
                .map_err(|bad| Failure::usage(bad.to_string(), "Correct the glob."))?;
        } else if request.refs.is_some() {
            are_there(&chosen, &unread, &refs, &choice)?;
        }
        let mut begun = Self {
            settings: Settings {
                signer: request.signer.clone(),
                signs_off: effective.policy.fix.sign_off,
            },
            found,
            effective,
            chosen,
            unread,
            absent,
            source: None,
            ids: Vec::new(),
            sources: Vec::new(),
            commits: Vec::new(),
            blocked: None,
            brought: None,
        };
        match &request.source {
            CarrySource::Commits(revisions) => {
                begun.ids = named(begun.repository()?, revisions)?;
            }
            CarrySource::Merged(merged) => begun.select(merged)?,
        }
        for commit in begun.ids.clone() {
            let repository = begun.repository()?;
            let workspace = Workspace::new(repository, MAX_BYTES);
            let is_own = locked::is_own(repository, &workspace, commit).map_err(Failure::from)?;
            let named = summary::named(repository, commit).map_err(Failure::from)?;
            begun.commits.push(named);
            if !is_own {
                begun.sources.push(commit);
            }
        }
        Ok(begun)
    }

    fn repository(&self) -> Result<&Repository, Failure> {
        self.found
            .repository
            .as_deref()
            .ok_or_else(|| Failure::usage("commits are carried in a git repository", "Give a folder of one."))
    }

    /// Finds the commits of a pull request on the branch.
    fn select(&mut self, merged: &MergedPull) -> Result<(), Failure> {
        let number = merged.number;
        let repository = self.repository()?;
        let merge = repository.resolve(&merged.merge).map_err(|error| {
            Failure::incomplete(
                format!("#{number} was merged with {}, which is not in this clone", merged.merge),
                "Fetch the branch that it was merged into (`git fetch origin`, `fetch-depth: 0` where a workflow checks out).",
            )
            .caused_by(&error)
        })?;
        let is_one = merged.own.len() < 2 || repository.parents(merge).map_err(Failure::from)?.ids.len() > 1;
        let own: Vec<ObjectId> = match is_one {
            // Its own commits, which the clone may lack, are not needed.
            true => merged
                .own
                .iter()
                .filter_map(|id| repository.resolve(id).ok())
                .collect(),
            false => {
                let own = merged.own.iter().map(|id| repository.resolve(id));
                own.collect::<Result<_, _>>().map_err(|error| {
                    Failure::incomplete(
                        format!("this clone lacks commits of #{number}, so that it is not known which ones of the branch are its own"),
                        format!("Run `git fetch origin refs/pull/{number}/head` first."),
                    )
                    .caused_by(&error)
                })?
            }
        };
        let mut workspace = Workspace::new(repository, MAX_BYTES);
        let selected = request::commits(repository, &mut workspace, merge, &own).map_err(Failure::from)?;
        let brought = match selected.selection {
            Selection::Merge => Some(Brought {
                title: format!("{} (#{number})", merged.title),
                authors: authors(repository, merge).map_err(Failure::from)?,
            }),
            Selection::Range(_) | Selection::Squash | Selection::Unclear(_) => None,
        };
        let found = match selected.selection {
            Selection::Range(1) | Selection::Squash => "one commit of the branch has all of it".to_owned(),
            Selection::Range(count) if own.contains(&merge) => {
                format!("its own commits are on the branch: {count}")
            }
            Selection::Range(count) => format!("it was rebased: {count} commits of the branch are its own"),
            Selection::Merge => "what its merge brought to the branch".to_owned(),
            Selection::Unclear(unclear) => {
                self.blocked = Some(format!("{unclear}; name the commits with `--commit`"));
                unclear.to_string()
            }
        };
        self.brought = brought;
        self.ids = selected.commits;
        self.source = Some(SourceRequest {
            number,
            title: merged.title.clone(),
            page: merged.page.clone(),
            found,
        });
        Ok(())
    }

    /// What becomes of each line that can be looked at, and of each that cannot.
    fn of_lines(&self) -> Result<Vec<(CarriedLine, Option<Work>)>, Failure> {
        let repository = self.repository()?;
        let live = self.chosen.live().map(|line| self.of_line(repository, line));
        let unread = self.unread.iter().map(|line| {
            let reason = line.reason.clone();
            (
                CarriedLine::unread(&line.ref_name, "", CarryState::Unknown, reason),
                None,
            )
        });
        let absent = self.absent.iter().map(|name| {
            let why = "there is no such branch".to_owned();
            let name = format!("refs/heads/{name}");
            (CarriedLine::unread(&name, "", CarryState::Blocked, why), None)
        });
        Ok(live.chain(unread).chain(absent).collect())
    }

    fn of_line(&self, repository: &Repository, line: &ReleaseLine) -> (CarriedLine, Option<Work>) {
        let without = |state: CarryState, why: String| {
            (
                CarriedLine::unread(&line.ref_name, &line.commit, state, why),
                None,
            )
        };
        let Some(name) = line.ref_name.strip_prefix("refs/heads/") else {
            let why = "a tag stays as it is: commits are carried to branches";
            return without(CarryState::Blocked, why.to_owned());
        };
        if let Some(why) = &self.blocked {
            return without(CarryState::Blocked, why.clone());
        }
        let answer = || -> Result<_, GitError> {
            let mut workspace = Workspace::new(repository, MAX_BYTES);
            let tip = repository.resolve(&line.commit)?;
            if self.sources.is_empty() {
                let listed = self.upgrades_alone(repository, line, tip)?;
                let work = Work {
                    name: name.to_owned(),
                    carried: None,
                    tip,
                    workspace,
                };
                return Ok((listed, Some(work)));
            }
            let to = Line {
                name: name.to_owned(),
                tip,
            };
            let mut carried = carry::carry(repository, &mut workspace, &self.sources, &to, &self.settings)?;
            if let Some(brought) = &self.brought {
                for commit in &mut carried.commits {
                    commit.message = brought.say(&commit.message);
                }
            }
            let listed = summary::line(repository, &line.ref_name, &carried)?;
            let work = Work {
                name: name.to_owned(),
                carried: Some(carried),
                tip,
                workspace,
            };
            Ok((listed, Some(work)))
        };
        answer().unwrap_or_else(|error| {
            let why = format!("not carried: {error}; {}", error.hint());
            without(CarryState::Unknown, why)
        })
    }

    /// A line where all commits are upgrades of this program's own.
    fn upgrades_alone(
        &self,
        repository: &Repository,
        line: &ReleaseLine,
        tip: ObjectId,
    ) -> Result<CarriedLine, GitError> {
        let mut there = Vec::new();
        for commit in &self.ids {
            if repository.is_ancestor(*commit, tip)? {
                there.push(There {
                    commit: commit.to_string(),
                    by: commit.to_string(),
                });
            }
        }
        let (state, why) = match there.len() == self.ids.len() {
            true => (CarryState::Fixed, "the upgrades are on it"),
            false => (
                CarryState::Nothing,
                "the commits are upgrades of lockkeeper's own, which are planned anew for each line",
            ),
        };
        Ok(CarriedLine {
            there,
            ..CarriedLine::unread(&line.ref_name, &line.commit, state, why.to_owned())
        })
    }

    fn listed(&self, lines: Vec<CarriedLine>) -> CarriedLines {
        let left_out = self.chosen.lines.iter();
        CarriedLines {
            source: self.source.clone(),
            commits: self.commits.clone(),
            lines,
            left_out: left_out
                .filter(|line| line.standing == Standing::LeftOut)
                .cloned()
                .collect(),
            warnings: self.chosen.warnings.clone(),
        }
    }
}

/// Who wrote the commits that a merge brought, but the author of the merge.
fn authors(repository: &Repository, merge: ObjectId) -> Result<Vec<String>, GitError> {
    const MAX_COMMITS: usize = 200;
    let own = summary::author(&repository.commit_text(merge)?.author);
    let mut authors = Vec::new();
    if let Some(parent) = repository.parents(merge)?.ids.first() {
        let beyond = repository.beyond(&[*parent], merge, MAX_COMMITS)?.commits;
        for commit in beyond.iter().rev() {
            let author = summary::author(&repository.commit_text(*commit)?.author);
            if author != own && !authors.contains(&author) {
                authors.push(author);
            }
        }
    }
    Ok(authors)
}

/// The commits that revisions name.
fn named(repository: &Repository, revisions: &[String]) -> Result<Vec<ObjectId>, Failure> {
    let commits = revisions.iter().map(|revision| repository.resolve(revision));
    commits.collect::<Result<_, _>>().map_err(|error: GitError| {
        let hint = "Give the id of a commit, or fetch the branch that has it.";
        Failure::usage(error.to_string(), hint)
    })
}
