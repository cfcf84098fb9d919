//! What a scan of the result still finds, with the reason why it stays.
//!
//! A plan says why a locked version stays. Where that version goes all the same, because another advisory about it is fixed or
//! another package needs a later one, an advisory may be true of the new version as well.

use std::collections::{BTreeMap, HashSet};

use super::{Limits, counts, reason_of, repeated};
use crate::model::{Finding, Outcome, Target, TreePath};
use crate::plan::{Blocked, Collateral, LockfilePlan, Move, Plan};

/// Has each of `plans` list as blocked what `after`, the scan of the result, has of its lockfile, and nothing else. A lockfile
/// that has something only now gets a plan without an upgrade.
pub fn settle(plans: &mut Vec<LockfilePlan>, after: &Outcome, limits: &Limits) {
    for (number, target) in after.targets.iter().enumerate() {
        let mut of_files: BTreeMap<&TreePath, Vec<&Finding>> = BTreeMap::new();
        let repeated = repeated(target);
        for finding in target.findings.iter().filter(|finding| counts(finding, limits)) {
            if !repeated.contains(&finding.file) {
                of_files.entry(&finding.file).or_default().push(finding);
            }
        }
        for plan in plans.iter_mut().filter(|plan| plan.target == number) {
            let findings = of_files.remove(&plan.file).unwrap_or_default();
            only_what_ends(&mut plan.plan, target, &plan.file);
            plan.plan.blocked = blocked(&plan.plan, &findings);
        }
        for (file, findings) in of_files {
            let Some(first) = findings.first() else { continue };
            plans.push(LockfilePlan {
                target: number,
                file: file.clone(),
                ecosystem: first.ecosystem.clone(),
                plan: Plan {
                    blocked: blocked(&Plan::default(), &findings),
                    ..Plan::default()
                },
                edited: Vec::new(),
                verified: None,
            });
        }
    }
    plans.sort_by(|left, right| (left.target, &left.file).cmp(&(right.target, &right.file)));
}

/// Has each upgrade of `plan` name what its new version ends in `file`, as the scan of the result says. One that ends nothing is what
/// moves beside others.
fn only_what_ends(plan: &mut Plan, after: &Target, file: &TreePath) {
    let of_file = |finding: &&Finding| finding.file == *file && finding.is_affected();
    let left: HashSet<(&str, &str, &str)> = after
        .findings
        .iter()
        .filter(of_file)
        .map(|finding| (&*finding.name, &*finding.version, &*finding.advisory.id))
        .collect();
    for one in &mut plan.moves {
        if let Some(to) = &one.to {
            one.fixes
                .retain(|id| !left.contains(&(one.name.as_str(), to.as_str(), id.as_str())));
        }
    }
    let (moves, beside): (Vec<Move>, Vec<Move>) = plan.moves.drain(..).partition(|one| !one.fixes.is_empty());
    plan.moves = moves;
    for Move { name, from, to, .. } in beside {
        let one = Collateral {
            name,
            from: Some(from),
            to,
        };
        if !plan.collateral.contains(&one) {
            plan.collateral.push(one);
        }
    }
}

/// A blocked entry for each of `findings`, those of one version that stay for the same reason together.
fn blocked(plan: &Plan, findings: &[&Finding]) -> Vec<Blocked> {
    let mut all: Vec<Blocked> = Vec::new();
    for finding in findings {
        let one = why(plan, finding);
        let is_same = |other: &&mut Blocked| {
            (&other.name, &other.version, &other.by, &other.reason)
                == (&one.name, &one.version, &one.by, &one.reason)
        };
        match all.iter_mut().find(is_same) {
            Some(known) => {
                let further = one.fixes.into_iter().filter(|id| !known.fixes.contains(id));
                known.fixes.extend(further.collect::<Vec<_>>());
            }
            None => all.push(one),
        }
    }
    all.sort_by(|left, right| (&left.name, &left.version).cmp(&(&right.name, &right.version)));
    all
}

/// Why the finding is there after what `plan` does.
fn why(plan: &Plan, finding: &Finding) -> Blocked {
    let (name, version, id) = (&*finding.name, &*finding.version, &finding.advisory.id);
    let about = plan.blocked.iter().filter(|one| one.name == name);
    let of_id: Vec<&Blocked> = about.filter(|one| one.fixes.contains(id)).collect();
    let is_here = |one: &&&Blocked| one.version == version;
    let known = of_id.iter().find(is_here).or_else(|| of_id.first());
    let (by, reason) = known.map_or((Vec::new(), None), |known| {
        (known.by.clone(), Some(known.reason.clone()))
    });
    let moves = plan
        .moves
        .iter()
        .map(|one| (&one.name, Some(&one.from), one.to.as_ref()));
    let beside = plan.collateral.iter();
    let beside = beside.map(|one| (&one.name, one.from.as_ref(), one.to.as_ref()));
    let mut changes = moves.chain(beside);
    let change = changes.find(|(other, _, to)| *other == name && to.is_some_and(|to| to == version));
    let brought = match change {
        _ if known.is_some_and(|known| known.version == version) => None,
        Some((_, Some(from), _)) => Some(format!(
            "The plan moves it from {from} to {version}, which the advisory affects, too."
        )),
        Some((_, None, _)) => Some(format!("The plan adds {version}, which the advisory affects.")),
        None => None,
    };
    let reason = reason.unwrap_or_else(|| reason_of(finding));
    Blocked {
        name: name.to_owned(),
        version: version.to_owned(),
        fixes: vec![id.clone()],
        by,
        reason: match brought {
            Some(brought) => format!("{reason} {brought}"),
            None => reason,
        },
    }
}
