//! `lockkeeper explain`: why it is here, why this verdict, what would change it.

use std::collections::HashMap;

use jiff::Timestamp;

use super::arguments::{Explain, Input, Voice};
use super::{output, packages, scan};
use crate::advisory::{Damage, Index};
use crate::config::index;
use crate::database::ask;
use crate::ecosystem::purl;
use crate::model::advisory::{Advisory, Texts};
use crate::model::explanation::Explanation;
use crate::model::finding::Finding;
use crate::model::verdict::ExitCode;
use crate::model::{Class, Decision, Outcome};
use crate::policy::Policy;
use crate::report::{json, terminal};
use crate::scan::{Failure, Lenience, Request};

/// Runs the command.
///
/// # Errors
/// A [`Failure`] of usage if neither the tree nor the index knows the subject, of incompleteness without an index.
pub fn run(arguments: &Explain, voice: &Voice, now: Timestamp) -> Result<ExitCode, Failure> {
    let pairs = output::pair(&arguments.reports, &["terminal", "json"])?;
    let policy = scan::policy(arguments.source.policy.is_some(), arguments.fail_on.as_deref())?;
    let location = index::locate(arguments.source.db.as_deref())?;
    let input = Input {
        paths: arguments.path.iter().cloned().collect(),
        stdin: None,
        as_format: Vec::new(),
    };
    let found = packages::find(&input)?;
    let opened = scan::open(&location, &found, voice, now)?;
    let index = opened.require()?;
    let request = Request {
        judge: opened.judge(),
        policy: &policy,
        now,
        lenience: Lenience::default(),
    };
    let outcome = crate::scan::scan(&request, &found);
    let explanations = explain(&arguments.subject, &outcome, index, &policy)?;
    let none = HashMap::new();
    for (format, sink) in &pairs {
        let style = output::style(voice, sink, &none);
        output::write(sink, |out| {
            for (number, explanation) in explanations.iter().enumerate() {
                match *format {
                    "json" => json::explain(explanation, out)?,
                    _ => {
                        if number > 0 {
                            writeln!(out)?;
                        }
                        terminal::explain(explanation, &style, out)?;
                    }
                }
            }
            Ok(())
        })?;
    }
    Ok(ExitCode::Pass)
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
    let mut findings: Vec<&Finding> = outcome
        .findings()
        .map(|(_, finding)| finding)
        .filter(|finding| is_meant(subject, finding))
        .collect();
    findings.sort_by(|left, right| left.advisory.id.cmp(&right.advisory.id));
    if findings.is_empty() {
        return unheld(subject, index).map(|explanation| vec![explanation]);
    }
    let explanations = findings
        .chunk_by(|left, right| left.advisory.id == right.advisory.id)
        .map(|group| {
            let advisory = group.first().map(|finding| (*finding.advisory).clone());
            Explanation {
                texts: texts(index, advisory.as_ref()),
                advisory,
                findings: group.iter().map(|finding| (*finding).clone()).collect(),
                decisions: group
                    .first()
                    .map(|finding| policy.rulings(finding))
                    .unwrap_or_default(),
                would_change: would_change(group),
            }
        });
    Ok(explanations.collect())
}

fn is_meant(subject: &str, finding: &Finding) -> bool {
    let ids = std::iter::once(&finding.advisory.id).chain(&finding.advisory.aliases);
    if subject.starts_with("pkg:") {
        finding.purl == subject || purl::purl(&finding.ecosystem, &finding.name, "") == subject
    } else {
        ids.into_iter().any(|id| id.eq_ignore_ascii_case(subject))
    }
}

/// An advisory of the index that the tree does not hold.
fn unheld(subject: &str, index: &Index) -> Result<Explanation, Failure> {
    let known = if subject.starts_with("pkg:") {
        None
    } else {
        advisory(subject, index)?
    };
    let would_change = match &known {
        Some(_) => "Nothing has to: no package that is locked here is affected.",
        None if subject.starts_with("pkg:") => "Nothing has to: no advisory applies to this package here.",
        None => {
            return Err(Failure::usage(
                format!("neither the index nor a finding here has the id {subject:?}"),
                "Give an id or alias as `lockkeeper scan` prints it, or a package URL (`pkg:npm/example`).",
            ));
        }
    };
    Ok(Explanation {
        texts: texts(index, known.as_ref()),
        advisory: known,
        findings: Vec::new(),
        decisions: Vec::new(),
        would_change: vec![would_change.to_owned()],
    })
}

/// The group that the index holds under an id or alias: that of the first package that it speaks of.
fn advisory(id: &str, index: &Index) -> Result<Option<Advisory>, Failure> {
    let damaged = |error: Damage| {
        Failure::incomplete(
            error.to_string(),
            "Build the index again with `lockkeeper db build` or `lockkeeper db update`.",
        )
    };
    for shown in ask::show(index, id).map_err(damaged)? {
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

fn would_change(findings: &[&Finding]) -> Vec<String> {
    let mut ways = Vec::new();
    for finding in findings {
        let place = format!("{}:{}", finding.file, finding.place().line);
        let name = &finding.name;
        ways.push(match (finding.fixed.first(), finding.advisory.class) {
            (_, Class::Malicious) => {
                format!(
                    "Remove {name} {} ({place}) and take every machine that installed it as lost.",
                    finding.version
                )
            }
            (Some(fixed), _) => format!(
                "Move {name} from {} to {fixed} or later ({place}).",
                finding.version
            ),
            (None, _) => format!("Replace {name} ({place}): no version without this flaw is known."),
        });
    }
    if findings
        .iter()
        .any(|finding| finding.decision == Decision::Fail && finding.advisory.class != Class::Malicious)
    {
        ways.push("Give `--fail-on` a list that leaves this out, if you accept the risk.".into());
    }
    ways.dedup();
    ways
}
