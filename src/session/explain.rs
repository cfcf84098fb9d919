//! Use case: why an advisory or package is here, why this verdict, what would change it.

use super::trees::{Taken, Trees};
use super::{Input, PolicyRequest, Session, database};
use crate::advisory::{Damage, Index};
use crate::database::query::{self, Query};
use crate::model::advisory::{Advisory, Texts};
use crate::model::explanation::Explanation;
use crate::model::finding::Finding;
use crate::model::verdict::ExitCode;
use crate::model::{Failure, Gap, Outcome, PackageUrl, Target};
use crate::policy::{DecisionContext, Policy};
use crate::report::phrases::counted;
use crate::scan::discover::Found;
use crate::scan::{ExitOptions, Keep, Request, scan, what_to_do};

/// What to explain.
#[derive(Debug, Clone, Default)]
pub struct ExplainRequest {
    /// An advisory's id or alias, or a package URL.
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
    /// The exit code, or why not everything could be checked.
    pub end: Result<ExitCode, Failure>,
}

impl Session<'_> {
    /// Explains an advisory or a package.
    ///
    /// # Errors
    /// A [`Failure`] of usage if neither the tree nor the index knows the subject, of incompleteness without an index.
    pub fn explain(&self, request: &ExplainRequest) -> Result<Explained, Failure> {
        let trees = Trees::find(&request.input, Taken::Work, None, &request.policy, None)?;
        let found: Vec<&Found> = trees.found().collect();
        let opened = database::open(self, &found, &trees.policy())?;
        let index = opened.require()?;
        let scanned = Request {
            judge: opened.judge(),
            remarks: Vec::new(),
            now: self.now,
            exit: ExitOptions::default(),
            keep: Keep::Findings,
        };
        let outcome = scan(&scanned, &trees.scan_trees());
        let explanations = explain(&request.subject, &outcome, index, &trees.policy())?;
        let end = match (outcome.coverage.is_complete(), &opened.trouble) {
            (true, _) => Ok(ExitCode::Pass),
            (false, None) => Ok(ExitCode::Incomplete),
            (false, Some((message, hint))) => Err(Failure::incomplete(message.clone(), hint.clone())),
        };
        Ok(Explained { explanations, end })
    }
}

/// One explanation for each advisory that `subject` means: an id gives one, a package all of its own.
///
/// # Errors
/// A [`Failure`] of usage if nobody knows the subject, of incompleteness if the index is damaged.
pub fn explain(
    subject: &str,
    outcome: &Outcome,
    index: &Index,
    policy: &Policy,
) -> Result<Vec<Explanation>, Failure> {
    let subject = Subject::read(subject)?;
    let mut findings: Vec<(&Target, &Finding)> = outcome
        .findings()
        .filter(|(_, finding)| subject.is_meant(finding))
        .collect();
    findings.sort_by(|(_, left), (_, right)| left.advisory.id.cmp(&right.advisory.id));
    let unjudged = &outcome.coverage.blind;
    if findings.is_empty() {
        return unheld(&subject, index, unjudged);
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
                would_change: what_to_do::about(&of_group),
            }
        });
    Ok(explanations.collect())
}

/// What is to be explained.
enum Subject {
    Package(PackageUrl),
    /// The id or an alias of an advisory.
    Id(String),
}

impl Subject {
    fn read(text: &str) -> Result<Self, Failure> {
        match super::package_url(text)? {
            Some(package) => Ok(Self::Package(package)),
            None => Ok(Self::Id(text.to_owned())),
        }
    }

    fn is_meant(&self, finding: &Finding) -> bool {
        let ids = || std::iter::once(&finding.advisory.id).chain(&finding.advisory.aliases);
        match self {
            Self::Package(package) => package.names(&finding.purl),
            Self::Id(subject) => ids().any(|id| id.eq_ignore_ascii_case(subject)),
        }
    }
}

/// Advisories of the index that no finding of the tree has: that of an id, or all of a package.
fn unheld(subject: &Subject, index: &Index, unjudged: &[Gap]) -> Result<Vec<Explanation>, Failure> {
    let known = match subject {
        Subject::Package(package) => of_package(package, index)?,
        Subject::Id(id) => {
            let advisory = advisory(id, index)?.ok_or_else(|| {
                Failure::usage(
                    format!("neither the advisory database nor a finding here has the id {id:?}"),
                    "Give an id or alias as `lockkeeper scan` prints it, or a package URL (`pkg:npm/example`).",
                )
            })?;
            vec![advisory]
        }
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
    };
    if known.is_empty() {
        return Ok(vec![explanation(None)]);
    }
    Ok(known
        .into_iter()
        .map(|advisory| explanation(Some(advisory)))
        .collect())
}

/// The advisories of the package that a package URL names, whatever its version.
fn of_package(package: &PackageUrl, index: &Index) -> Result<Vec<Advisory>, Failure> {
    let searched = query::search(index, Query::Package(package)).map_err(damaged)?;
    Ok(searched
        .packages
        .into_iter()
        .flat_map(|package| package.advisories)
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
