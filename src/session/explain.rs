//! Use case: why an advisory or package is here, why this verdict, what would change it.

use std::collections::BTreeSet;

use jiff::civil::Date;
use jiff::tz::TimeZone;
use jiff::{Span, Timestamp};

use super::trees::{Taken, Trees};
use super::{Input, PolicyRequest, Session, database};
use crate::advisory::{Damage, Index};
use crate::database::query::{self, Query};
use crate::model::advisory::{Advisory, Texts};
use crate::model::explanation::Explanation;
use crate::model::finding::Finding;
use crate::model::verdict::ExitCode;
use crate::model::{Class, Failure, Gap, Outcome, PackageUrl, Target};
use crate::policy::nearest::{is_near, meant, nearest};
use crate::policy::{DecisionContext, Policy};
use crate::report::exceptions::DAYS;
use crate::report::phrases::counted;
use crate::scan::discover::DiscoveredTree;
use crate::scan::{ExitOptions, Keep, Request, scan, what_to_do};
use crate::text::escape;

/// What to explain.
#[derive(Debug, Clone, Default)]
pub struct ExplainRequest {
    /// An advisory's id or alias, a package URL, or the name of a package in any ecosystem.
    pub subject: String,
    /// What is read.
    pub input: Input,
    /// Which policy decides.
    pub policy: PolicyRequest,
}

/// The explanations, and how the command ends after it has printed them.
pub struct Explained {
    /// One for each advisory that is meant; never empty.
    pub explanations: Vec<Explanation>,
    /// Of a package that something here is affected by: its other advisories.
    pub others: Vec<Advisory>,
    /// A package was asked for, and no advisory.
    pub is_package: bool,
    /// The exit code, or why not everything could be checked.
    pub end: Result<ExitCode, Failure>,
}

impl Session<'_> {
    /// Explains an advisory or a package.
    ///
    /// # Errors
    /// A [`Failure`] of usage if neither the tree nor the index knows the subject, of incompleteness without an index.
    pub fn explain(&self, request: &ExplainRequest) -> Result<Explained, Failure> {
        self.observer.working("reading lockfiles");
        let explained = self.explained(request);
        self.observer.finished();
        explained
    }

    fn explained(&self, request: &ExplainRequest) -> Result<Explained, Failure> {
        let trees = Trees::find(&request.input, Taken::Work, None, &request.policy, None)?;
        let found: Vec<&DiscoveredTree> = trees.found().collect();
        let opened = database::open(self, &found, &trees.policy())?;
        let scanned = Request {
            judge: opened.judge(),
            remarks: Vec::new(),
            now: self.now,
            exit: ExitOptions::default(),
            keep: Keep::Findings,
        };
        let outcome = scan(&scanned, &trees.scan_trees());
        if let Some(failure) = &opened.unfetched {
            return Err(database::none_fetched(&outcome.coverage, failure));
        }
        let index = opened.require()?;
        let Explanations {
            list,
            others,
            is_package,
        } = explain(&request.subject, &outcome, index, &trees.policy()).map_err(|failure| {
            let is_damage = failure.code == ExitCode::Incomplete;
            match is_damage {
                true => Failure::incomplete(
                    format!("{}: {failure}", self.location.path.display()),
                    crate::database::again(&self.location.flag()),
                ),
                false => failure,
            }
        })?;
        let end = match (outcome.coverage.is_complete(), &opened.database.trouble) {
            (true, _) => Ok(ExitCode::Pass),
            (false, None) => Ok(ExitCode::Incomplete),
            (false, Some((message, hint))) => Err(Failure::incomplete(message.clone(), hint.clone())),
        };
        Ok(Explained {
            explanations: list,
            others,
            is_package,
            end,
        })
    }
}

/// What a subject means.
pub struct Explanations {
    /// One for each advisory that is meant; never empty.
    pub list: Vec<Explanation>,
    /// Of a package that something here is affected by: its other advisories.
    pub others: Vec<Advisory>,
    /// It is a package, and no advisory.
    pub is_package: bool,
}

/// One explanation for each advisory that `subject` means: an id gives one, a package all that affect it here, else all of its
/// own.
///
/// # Errors
/// A [`Failure`] of usage if nobody knows the subject, of incompleteness if the index is damaged.
pub fn explain(
    subject: &str,
    outcome: &Outcome,
    index: &Index,
    policy: &Policy,
) -> Result<Explanations, Failure> {
    let subject = Subject::read(subject, outcome, index)?;
    let mut findings: Vec<(&Target, &Finding)> = outcome
        .findings()
        .filter(|(_, finding)| subject.is_meant(finding))
        .collect();
    findings.sort_by(|(_, left), (_, right)| left.advisory.id.cmp(&right.advisory.id));
    let unjudged = &outcome.coverage.blind;
    if findings.is_empty() {
        return Ok(Explanations {
            list: unheld(&subject, index, unjudged)?,
            others: Vec::new(),
            is_package: subject.is_package(),
        });
    }
    let explanations = findings
        .chunk_by(|(_, left), (_, right)| left.advisory.id == right.advisory.id)
        .map(|group| {
            let advisory = group.first().map(|(_, finding)| (*finding.advisory).clone());
            let of_group: Vec<&Finding> = group.iter().map(|(_, finding)| *finding).collect();
            Explanation {
                texts: texts(index, advisory.as_ref()),
                advisory,
                findings: of_group.iter().map(|finding| (*finding).clone()).collect(),
                unjudged: unjudged.clone(),
                decisions: group
                    .first()
                    .map(|(target, finding)| {
                        let context = DecisionContext {
                            now: outcome.now,
                            ref_name: target.ref_name.as_deref(),
                            prefix: &target.prefix,
                        };
                        policy.rulings(finding, &context)
                    })
                    .unwrap_or_default(),
                would_change: what_to_do::about(&of_group, outcome.policy.file.as_deref()),
                exception: exception(&of_group, outcome.now),
            }
        });
    let list: Vec<Explanation> = explanations.collect();
    let mut others = subject.advisories(index)?;
    others.retain(|other| {
        let is_listed = |advisory: &Advisory| advisory.id == other.id;
        !list.iter().filter_map(|one| one.advisory.as_ref()).any(is_listed)
    });
    Ok(Explanations {
        list,
        others,
        is_package: subject.is_package(),
    })
}

/// The part of a policy that accepts these findings of one advisory for a while, in YAML; empty where no exception would help.
fn exception(findings: &[&Finding], now: Timestamp) -> String {
    let affected = || findings.iter().filter(|finding| finding.is_affected());
    let Some(first) = affected()
        .next()
        .filter(|first| first.advisory.class != Class::Malicious)
    else {
        return String::new();
    };
    let today = now.to_zoned(TimeZone::UTC).date();
    let expires = today.checked_add(Span::new().days(DAYS)).unwrap_or(Date::MAX);
    let packages: BTreeSet<String> = affected()
        .map(|finding| finding.purl.without_version().to_string())
        .collect();
    let entry = |package: &String| {
        format!(
            "  - id: {}\n    reason: {}\n    owner: {}\n    expires: {expires}\n    package: {}\n",
            escape::yaml(&first.advisory.id),
            escape::yaml("why this is no danger here"),
            escape::yaml("@your-team"),
            escape::yaml(package),
        )
    };
    format!("exceptions:\n{}", packages.iter().map(entry).collect::<String>())
}

/// What is to be explained.
enum Subject {
    Package(PackageUrl),
    /// The name of packages, in any ecosystem.
    Name(String),
    /// The id or an alias of an advisory.
    Id(String),
}

impl Subject {
    /// A package URL is a package; another text an id, if something has it, else a name.
    fn read(text: &str, outcome: &Outcome, index: &Index) -> Result<Self, Failure> {
        if let Some(package) = super::package_url(text)? {
            return Ok(Self::Package(package));
        }
        let id = Self::Id(text.to_owned());
        let is_id =
            outcome.findings().any(|(_, finding)| id.is_meant(finding)) || advisory(text, index)?.is_some();
        if is_id {
            return Ok(id);
        }
        let searched = query::search(index, Query::Name(text)).map_err(damaged)?;
        let name = Self::Name(text.to_owned());
        if !searched.packages.is_empty() || outcome.findings().any(|(_, finding)| name.is_meant(finding)) {
            return Ok(name);
        }
        let near: Vec<String> = searched
            .near
            .iter()
            .take(3)
            .map(|(ecosystem, name)| format!("{name} ({ecosystem})"))
            .collect();
        let similar = match near.as_slice() {
            [] => String::new(),
            near => format!(" Similar names: {}.", near.join(", ")),
        };
        let ids = outcome.findings().flat_map(|(_, finding)| {
            let advisory = &finding.advisory;
            std::iter::once(&advisory.id).chain(&advisory.aliases)
        });
        let near_id = match nearest(text, ids.map(String::as_str)) {
            Some(id) => Some(id.to_owned()),
            None => query::nearest_id(index, text).map_err(damaged)?,
        };
        let near_name = searched.near.first().filter(|(_, name)| is_near(text, name));
        let near = near_id.or_else(|| near_name.map(|(_, name)| name.clone()));
        Err(Failure::usage(
            format!(
                "neither the advisory database nor a finding here has an id or a package {text:?}{}",
                meant(near.as_deref())
            ),
            format!(
                "Give an id or alias as `lockkeeper scan` prints it, a package's name, or a package URL (`pkg:npm/example`).{similar}"
            ),
        ))
    }

    fn is_package(&self) -> bool {
        match self {
            Self::Package(_) | Self::Name(_) => true,
            Self::Id(_) => false,
        }
    }

    /// All advisories of the package, whatever its version; none of an id.
    fn advisories(&self, index: &Index) -> Result<Vec<Advisory>, Failure> {
        let wanted = match self {
            Self::Package(package) => Query::Package(package),
            Self::Name(name) => Query::Name(name),
            Self::Id(_) => return Ok(Vec::new()),
        };
        let searched = query::search(index, wanted).map_err(damaged)?;
        Ok(searched
            .packages
            .into_iter()
            .flat_map(|package| package.advisories)
            .collect())
    }

    fn is_meant(&self, finding: &Finding) -> bool {
        let ids = || std::iter::once(&finding.advisory.id).chain(&finding.advisory.aliases);
        match self {
            Self::Package(package) => package.names(&finding.purl),
            Self::Name(name) => finding.name.eq_ignore_ascii_case(name),
            Self::Id(subject) => ids().any(|id| id.eq_ignore_ascii_case(subject)),
        }
    }
}

/// Advisories of the index that no finding of the tree has: that of an id, or all of a package.
fn unheld(subject: &Subject, index: &Index, unjudged: &[Gap]) -> Result<Vec<Explanation>, Failure> {
    let known = match subject {
        Subject::Package(_) | Subject::Name(_) => subject.advisories(index)?,
        Subject::Id(id) => advisory(id, index)?.into_iter().collect(),
    };
    let way = match (unjudged.len(), known.is_empty()) {
        (0, false) => "Nothing to do: no package that is locked here is affected.".to_owned(),
        (0, true) => "Nothing to do: the advisory database has no advisory for this package.".to_owned(),
        (gaps, _) => format!(
            "Unknown: not everything was checked ({}). Resolve what is listed as not checked, and run it again.",
            counted(gaps, "gap", "gaps")
        ),
    };
    let explanation = |advisory: Option<Advisory>| Explanation {
        texts: texts(index, advisory.as_ref()),
        advisory,
        findings: Vec::new(),
        unjudged: unjudged.to_vec(),
        decisions: Vec::new(),
        would_change: vec![way.clone()],
        exception: String::new(),
    };
    if known.is_empty() {
        return Ok(vec![explanation(None)]);
    }
    Ok(known
        .into_iter()
        .map(|advisory| explanation(Some(advisory)))
        .collect())
}

fn damaged(error: Damage) -> Failure {
    Failure::incomplete(
        error.to_string(),
        "Build the advisory database again with `lockkeeper db build` or `lockkeeper db update`.",
    )
}

/// The group that the index holds under an id or alias: that of the first package that it speaks of.
fn advisory(id: &str, index: &Index) -> Result<Option<Advisory>, Failure> {
    for shown in query::show(index, id).map_err(damaged)? {
        for affected in &shown.record.affected {
            let candidates = index
                .candidates(&affected.ecosystem, &affected.name)
                .map_err(damaged)?;
            for group in candidates.groups() {
                let advisory = group.advisory().map_err(damaged)?;
                if advisory.id == shown.record.id || advisory.aliases.contains(&shown.record.id) {
                    return Ok(Some(advisory));
                }
            }
        }
    }
    Ok(None)
}

fn texts(index: &Index, advisory: Option<&Advisory>) -> Texts {
    advisory
        .and_then(|advisory| index.texts(advisory.text?).ok())
        .unwrap_or_default()
}
