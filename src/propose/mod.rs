//! Use case: upgrades as pull requests at a forge.
//!
//! For each [`Wanted`] one pull request, on a branch whose name follows from what it is for: made where there is none,
//! brought up to date where the plan or its base has changed, closed where nothing is left to do, and left alone as soon as
//! a person has committed to its branch. One that a person closed stays closed until other advisories are fixed.
//!
//! # What makes a run repeatable
//!
//! - A commit of ours says in its last line which files it puts where (`Lockkeeper-Plan`, [`branch`]); whether the branch
//!   still holds that and nothing else is seen from the trees, with any token.
//! - The branch starts at the tip of its base, so that nothing of another branch comes with it. A new commit is made on a
//!   branch beside it, which then takes its place, if that is still where it was.
//! - The text's first line says what the pull request is for ([`marker`]). What died halfway is found by both and finished.
//!
//! One that fails stops none of the others, unless the forge does not answer at all.

mod branch;
mod marker;
mod request;
mod series;

use std::collections::{BTreeMap, BTreeSet};

use crate::forge::{ApiError, Forge, ForgeError, IssueState, Pull};
use crate::model::grid::OpenRequest;
use crate::model::metrics::PastRequest;
use crate::policy::{FixSettings, Grouping};

pub use branch::branch_name;
use request::dressed;
pub use series::{WantedSeries, propose_series};

/// What a pull request says, and what is in it.
#[derive(Debug, Clone, Default)]
pub struct Wanted {
    /// Distinguishes it from others into the same branch: empty for all upgrades, else the package's URL.
    pub key: String,
    /// Its title.
    pub title: String,
    /// Its text.
    pub body: String,
    /// The first line of the commit's message.
    pub headline: String,
    /// The rest of it.
    pub message: String,
    /// The files, by their paths from the top of the repository; none where there is nothing to do.
    pub files: BTreeMap<String, NewText>,
    /// The ids of the advisories that it fixes.
    pub advisories: BTreeSet<String>,
    /// The ids of those that it could not fix.
    pub blocked: BTreeSet<String>,
    /// The pull request with the table of all release lines, which the text leads to; `None` where there is none.
    pub table: Option<u64>,
}

/// A file that changes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewText {
    /// What stands there.
    pub before: String,
    /// What is to stand there.
    pub after: String,
}

/// Everything that is to be proposed.
#[derive(Debug, Clone)]
pub struct Proposals<'p> {
    /// The branch that it is for.
    pub base: &'p str,
    /// How pull requests look.
    pub settings: &'p FixSettings,
    /// Each pull request.
    pub wanted: Vec<Wanted>,
    /// What the branch still has: a pull request is closed only where nothing of it is left to fix.
    pub found: StillAffected,
}

/// What a scan of the base found.
#[derive(Debug, Clone)]
pub enum StillAffected {
    /// Everything was checked: the ids of the advisories that affect it.
    All(BTreeSet<String>),
    /// Not everything could be checked, so that nothing is known to be gone.
    Part,
}

/// What became of it.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub struct Proposed {
    /// The numbers of the pull requests that are open now.
    pub open: Vec<u64>,
    /// Those of them that carry what is wanted: not those whose branch has a commit of another author.
    pub carriers: Vec<Carrier>,
    /// What was done or is as it should be, each a sentence.
    pub done: Vec<String>,
    /// What was not done though nothing failed, each with its reason.
    pub held: Vec<String>,
    /// What failed, each with its reason and what to do.
    pub failed: Vec<String>,
    /// The forge does not answer: what came behind was not tried.
    pub is_stopped: bool,
}

/// The pull requests of lockkeeper that are open, into whatever branch.
#[derive(Debug, Clone)]
pub struct OpenRequests {
    /// Those with upgrades.
    ours: Vec<Pull>,
    /// What those with carried commits are for.
    carried: Vec<OpenRequest>,
}

impl OpenRequests {
    /// Asks `forge` for them.
    ///
    /// # Errors
    /// The forge's.
    pub async fn of(forge: &dyn Forge, settings: &FixSettings) -> Result<Self, ForgeError> {
        let mut ours = forge.open_pulls().await?;
        let carried = ours
            .iter()
            .filter_map(|pull| series::open_request(pull, settings));
        let carried = carried.collect();
        ours.retain(|pull| {
            pull.branch.starts_with(&settings.branch_prefix) && marker::read(&pull.body).is_some()
        });
        Ok(Self { ours, carried })
    }

    /// Those into `base`.
    fn of_base<'o>(&'o self, base: &'o str) -> impl Iterator<Item = &'o Pull> {
        self.ours.iter().filter(move |pull| pull.base == base)
    }

    /// What each of them is for.
    pub fn list(&self) -> impl Iterator<Item = OpenRequest> {
        let ours = self.ours.iter().filter_map(|pull| {
            let marker = marker::read(&pull.body)?;
            Some(OpenRequest {
                number: pull.number,
                page: pull.page.clone(),
                ref_name: format!("refs/heads/{}", pull.base),
                is_draft: false,
                advisories: marker.advisories,
                blocked: marker.blocked,
            })
        });
        ours.chain(self.carried.iter().cloned())
    }

    /// There is one into `base`.
    #[must_use]
    pub fn has(&self, base: &str) -> bool {
        self.of_base(base).next().is_some()
    }
}

/// The longest text of a pull request, in bytes: forges take some more.
const LIMIT: usize = 60_000;

/// What is left of that for the text of a pull request about these advisories, beside its first line and what the policy puts around it.
#[must_use]
pub fn room(settings: &FixSettings, advisories: &BTreeSet<String>, blocked: &BTreeSet<String>) -> usize {
    let around = settings.body.as_deref().map_or(0, str::len);
    LIMIT
        .saturating_sub(marker::longest(advisories, blocked))
        .saturating_sub(around)
}

/// The pull request with all upgrades into `base` that is open, else the newest one that was merged and fixes one of `advisories`
/// or, where there are none, anything: there the table of all release lines is kept.
///
/// # Errors
/// The forge's.
pub async fn table_place(
    forge: &dyn Forge,
    settings: &FixSettings,
    base: &str,
    advisories: &BTreeSet<String>,
) -> Result<Option<u64>, ForgeError> {
    let pulls = forge.find_pulls(&branch_name(settings, base, ""), base).await?;
    let fits = |pull: &&Pull| match (pull.state, marker::read(&pull.body)) {
        (IssueState::Open, _) => true,
        (IssueState::Closed, Some(marker)) if pull.merged => {
            advisories.is_empty() || !marker.advisories.is_disjoint(advisories)
        }
        (IssueState::Closed, _) => false,
    };
    let open = pulls.iter().find(|pull| pull.state == IssueState::Open);
    Ok(open.or_else(|| pulls.iter().find(fits)).map(|pull| pull.number))
}

/// Every pull request of lockkeeper into `base`, open or not: those for all upgrades, where the policy wants one for each package those
/// for `packages`, which are URLs without version, and those of carried commits, as far as `open` and the forge have them. One
/// question for each of the first, and two for the carried ones that are closed.
///
/// # Errors
/// The forge's.
pub async fn past_requests(
    forge: &dyn Forge,
    settings: &FixSettings,
    base: &str,
    packages: &BTreeSet<String>,
    open: &[Pull],
) -> Result<Vec<PastRequest>, ForgeError> {
    let of_packages = packages.iter().filter(|_| match settings.group {
        Grouping::All => false,
        Grouping::Package => true,
    });
    let keys = std::iter::once("").chain(of_packages.map(String::as_str));
    let mut requests = Vec::new();
    for key in keys {
        let pulls = forge.find_pulls(&branch_name(settings, base, key), base).await?;
        requests.extend(pulls.into_iter().filter_map(|pull| {
            Some(PastRequest {
                advisories: marker::read(&pull.body)?.advisories,
                ref_name: format!("refs/heads/{base}"),
                page: pull.page,
                opened: pull.opened,
            })
        }));
    }
    let closed = forge.closed_pulls(base).await?;
    let of_base = open.iter().filter(|pull| pull.base == base).chain(&closed);
    requests.extend(of_base.filter_map(|pull| series::past_request(pull, settings)));
    Ok(requests)
}

/// What an error of the forge says, and what to do about it.
#[must_use]
pub fn in_words(error: &ForgeError) -> String {
    sentence(error)
}

/// An open pull request that carries what is wanted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Carrier {
    /// [`Wanted::key`].
    pub key: String,
    /// Its number.
    pub number: u64,
    /// Its branch.
    pub branch: String,
    /// Its title.
    pub title: String,
}

/// What is the same for all pull requests of a run.
struct Run<'r> {
    forge: &'r dyn Forge,
    base: &'r str,
    settings: &'r FixSettings,
    /// The commit at the tip of the base.
    tip: String,
    /// The files there: their objects by path.
    files: BTreeMap<String, String>,
    /// So many of ours into the base are open.
    open: u32,
    found: &'r StillAffected,
    /// The ids of the advisories that this run has upgrades for.
    planned: BTreeSet<&'r str>,
}

/// Makes every pull request as it should be.
pub async fn propose<'r>(forge: &'r dyn Forge, proposals: &'r Proposals<'r>) -> Proposed {
    match OpenRequests::of(forge, proposals.settings).await {
        Ok(open) => propose_beside(forge, proposals, &open).await,
        Err(error) => failed(&error),
    }
}

/// The same where it is known which of ours are open.
pub async fn propose_beside<'r>(
    forge: &'r dyn Forge,
    proposals: &'r Proposals<'r>,
    open: &OpenRequests,
) -> Proposed {
    let mut proposed = Proposed::default();
    let mut run = match begin(forge, proposals, open).await {
        Ok(begun) => begun,
        Err(error) => return failed(&error),
    };
    if run.is_own_branch() {
        proposed.held.push(format!(
            "{} is a branch that lockkeeper made: run mode fix on the branches that are merged into, as with `branches: [main]`.",
            run.base
        ));
        return proposed;
    }
    let mut branches = BTreeSet::new();
    for wanted in &proposals.wanted {
        branches.insert(run.branch_of(wanted));
        match run.settle(wanted, &mut proposed).await {
            Ok(()) => {}
            Err(error) => {
                proposed.failed.push(sentence(&error));
                if is_final(&error) {
                    proposed.is_stopped = true;
                    return proposed;
                }
            }
        }
    }
    // What an earlier run made for something that is no longer wanted by itself.
    let earlier = open.of_base(proposals.base);
    for pull in earlier.filter(|pull| !branches.contains(&pull.branch)) {
        if let Err(error) = run.close(pull, &mut proposed).await {
            proposed.failed.push(sentence(&error));
        }
    }
    proposed
}

fn failed(error: &ForgeError) -> Proposed {
    Proposed {
        failed: vec![sentence(error)],
        is_stopped: is_final(error),
        ..Proposed::default()
    }
}

/// Nothing else is tried at a forge that does not answer or does not know the token.
fn is_final(error: &ForgeError) -> bool {
    matches!(error.error, ApiError::Http(_) | ApiError::Unauthorized)
}

/// Looks at the base.
async fn begin<'r>(
    forge: &'r dyn Forge,
    proposals: &'r Proposals<'r>,
    open: &OpenRequests,
) -> Result<Run<'r>, ForgeError> {
    let wanted = proposals.wanted.iter();
    let planned = wanted.filter(|wanted| !wanted.files.is_empty());
    let mut run = Run {
        forge,
        base: proposals.base,
        settings: proposals.settings,
        tip: String::new(),
        files: BTreeMap::new(),
        open: u32::try_from(open.of_base(proposals.base).count()).unwrap_or(u32::MAX),
        found: &proposals.found,
        planned: planned
            .flat_map(|wanted| wanted.advisories.iter().map(String::as_str))
            .collect(),
    };
    if let Some(tip) = forge.branch(proposals.base).await? {
        let commit = forge.commit(&tip).await?;
        let entries = forge.tree(&commit.tree).await?.into_iter();
        run.files = entries.map(|entry| (entry.path, entry.id)).collect();
        run.tip = tip;
    }
    Ok(run)
}

impl Run<'_> {
    /// Makes one pull request as it should be.
    async fn settle(&mut self, wanted: &Wanted, proposed: &mut Proposed) -> Result<(), ForgeError> {
        let branch = self.branch_of(wanted);
        let pulls = self.forge.find_pulls(&branch, self.base).await?;
        let open = pulls.iter().find(|pull| pull.state == IssueState::Open);
        if wanted.files.is_empty() {
            return match open {
                Some(pull) => self.close(pull, proposed).await,
                None => Ok(()),
            };
        }
        if open.is_none() {
            if let Some(number) = closed_by_a_person(&pulls, wanted) {
                proposed.held.push(format!(
                    "#{number} was closed by a person and fixes the same: no other one is opened. To have it back, reopen it."
                ));
                return Ok(());
            }
            if self.open >= self.settings.max_open {
                proposed.held.push(format!(
                    "{}: not opened, since {} of ours into {} are open and the policy allows {} (`fix.max-open`).",
                    wanted.title, self.open, self.base, self.settings.max_open
                ));
                return Ok(());
            }
        }
        if let Some(path) = self.is_elsewhere(wanted) {
            proposed.held.push(format!(
                "{path} is not on {} as it was read here: the branch has moved on, or the checkout differs from it. The next run plans anew.",
                self.base
            ));
            return Ok(());
        }
        match self.put_on_branch(&branch, wanted).await? {
            branch::Put::Foreign => {
                if let Some(pull) = open {
                    proposed.open.push(pull.number);
                }
                let name = open.map_or(branch.clone(), |pull| format!("#{} ({branch})", pull.number));
                proposed.held.push(format!(
                    "{name} is left alone: it has a commit of another author."
                ));
                Ok(())
            }
            branch::Put::There | branch::Put::Made => self.describe(&branch, open, wanted, proposed).await,
        }
    }

    /// A file that is not on the base as it was planned with.
    fn is_elsewhere<'w>(&self, wanted: &'w Wanted) -> Option<&'w str> {
        let mut files = wanted.files.iter();
        let differs = |path: &String, text: &NewText| {
            let here = self.files.get(path);
            here.is_none_or(|id| branch::blob_like(id, text.before.as_bytes()).as_ref() != Some(id))
        };
        files
            .find(|(path, text)| differs(path, text))
            .map(|(path, _)| path.as_str())
    }
}

/// The number of the newest pull request, if a person closed it and it is for nothing less.
fn closed_by_a_person(pulls: &[Pull], wanted: &Wanted) -> Option<u64> {
    let newest = pulls.first().filter(|pull| !pull.merged)?;
    let marker = marker::read(&newest.body)?;
    let is_for_all = wanted.advisories.iter().all(|id| marker.advisories.contains(id));
    (!marker.is_moot && is_for_all).then_some(newest.number)
}

fn sentence(error: &ForgeError) -> String {
    let text = error.to_string();
    let mut characters = text.chars();
    let first = characters.next().map(|first| first.to_uppercase().to_string());
    format!(
        "{}{}. {}",
        first.unwrap_or_default(),
        characters.as_str().trim_end_matches('.'),
        error.hint()
    )
}
