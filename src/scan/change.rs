//! How each finding came about since a base (docs/semantics.md, "Changes").

use std::collections::{BTreeMap, BTreeSet, HashMap};

use jiff::Timestamp;

use crate::model::finding::Change;
use crate::model::{Ecosystem, Finding, TreePath};

/// What a tree holds, of which another is compared.
#[derive(Debug, Clone, Copy)]
pub struct Side<'a> {
    /// Its findings, whatever the gate makes of them.
    pub findings: &'a [Finding],
    /// What the policy makes of each by itself, as if nothing were compared; in their order.
    pub decided: &'a [Decided],
    /// Its lockfiles, those without findings and those that could not be read among them.
    pub files: &'a BTreeSet<TreePath>,
}

/// What the policy makes of a finding by itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Decided {
    /// It fails now.
    pub fails: bool,
    /// It fails when the rule's grace is over, if not now.
    pub will_fail: bool,
}

impl Decided {
    /// It fails where `base` does not, now or when grace is over. What time alone changes is the same on both sides.
    fn is_worse_than(self, base: Self) -> bool {
        (self.fails && !base.fails) || (self.will_fail && !base.will_fail)
    }
}

/// How one finding came about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Changed {
    /// The change.
    pub change: Change,
    /// The number of the base's finding that it was; `None` if it was none.
    pub was: Option<usize>,
}

/// The change of each of `head`'s findings, in their order, since a base whose commit was made at `committed`.
///
/// An occurrence is one flaw of one package at one version in one file. What the base holds of a flaw in a file is
/// used up by what the tree holds of it there, the same version first, so that a version that comes beside a flawed
/// one is introduced and one that comes in its place has moved. The same goes for a file that is gone and one that
/// came in its place. What fails uses up what failed, so that one is escalated only where more fails than did.
#[must_use]
pub fn changes(head: Side<'_>, base: Side<'_>, committed: Timestamp) -> Vec<Changed> {
    let mut held = BaseFindings::of(base);
    let renamed = renamed(head, base);
    let mut was: Vec<Option<(Change, usize)>> = vec![None; head.findings.len()];
    let decided = |number: usize| head.decided.get(number).copied().unwrap_or_default();
    let mut order: Vec<usize> = (0..head.findings.len()).collect();
    order.sort_by_key(|number| {
        let decided = decided(*number);
        (!decided.fails, !decided.will_fail)
    });
    for step in [Step::Same, Step::SameFile, Step::Renamed, Step::RenamedFile] {
        for number in &order {
            let (Some(finding), Some(slot)) = (head.findings.get(*number), was.get_mut(*number)) else {
                continue;
            };
            if slot.is_some() {
                continue;
            }
            let gone = renamed.get(&finding.file).copied();
            let found = match step {
                Step::Same => held.exact(finding, &finding.file),
                Step::SameFile => held.any(finding, &finding.file, decided(*number)),
                Step::Renamed => gone.and_then(|file| held.exact(finding, file)),
                Step::RenamedFile => gone.and_then(|file| held.any(finding, file, decided(*number))),
            };
            *slot = found.map(|found| (step.change(), found));
        }
    }
    let changed = was.into_iter().enumerate().map(|(number, was)| {
        let Some((change, was)) = was else {
            return Changed {
                change: Change::Introduced,
                was: None,
            };
        };
        let before = base.decided.get(was).copied().unwrap_or_default();
        let published = head
            .findings
            .get(number)
            .and_then(|finding| finding.advisory.published);
        let change = if decided(number).is_worse_than(before) {
            Change::Escalated
        } else if published > Some(committed) {
            Change::PublishedSince
        } else {
            change
        };
        Changed {
            change,
            was: Some(was),
        }
    });
    changed.collect()
}

/// How near what the base holds must be to be the same occurrence, the nearest first.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Step {
    Same,
    SameFile,
    Renamed,
    RenamedFile,
}

impl Step {
    fn change(self) -> Change {
        match self {
            Self::Same => Change::PreExisting,
            Self::SameFile | Self::Renamed | Self::RenamedFile => Change::Moved,
        }
    }
}

/// One flaw of one package, wherever it is held.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
struct AdvisoryOfPackage<'a> {
    id: &'a str,
    ecosystem: &'a Ecosystem,
    name: &'a str,
}

impl<'a> AdvisoryOfPackage<'a> {
    fn of(finding: &'a Finding) -> Self {
        Self {
            id: &finding.advisory.id,
            ecosystem: &finding.ecosystem,
            name: &finding.name,
        }
    }
}

/// The occurrences at the base, each to be used up once.
struct BaseFindings<'a> {
    exact: HashMap<(AdvisoryOfPackage<'a>, &'a TreePath, &'a str), usize>,
    /// Those of a flaw in a file, the next one last: those that fail there, and the others.
    by_file: HashMap<(AdvisoryOfPackage<'a>, &'a TreePath), [Vec<usize>; 2]>,
    used: Vec<bool>,
}

impl<'a> BaseFindings<'a> {
    fn of(base: Side<'a>) -> Self {
        let mut held = Self {
            exact: HashMap::with_capacity(base.findings.len()),
            by_file: HashMap::new(),
            used: vec![false; base.findings.len()],
        };
        for (number, finding) in base.findings.iter().enumerate().rev() {
            let flaw = AdvisoryOfPackage::of(finding);
            held.exact.insert((flaw, &finding.file, &finding.version), number);
            let decided = base.decided.get(number).copied().unwrap_or_default();
            let [failing, others] = held.by_file.entry((flaw, &finding.file)).or_default();
            if decided.fails || decided.will_fail {
                failing.push(number);
            } else {
                others.push(number);
            }
        }
        held
    }

    fn exact(&mut self, finding: &'a Finding, file: &'a TreePath) -> Option<usize> {
        let number = *self
            .exact
            .get(&(AdvisoryOfPackage::of(finding), file, finding.version.as_str()))?;
        self.take(number)
    }

    /// Any version of the flaw in `file`: one that is decided alike before another.
    fn any(&mut self, finding: &'a Finding, file: &'a TreePath, decided: Decided) -> Option<usize> {
        let [failing, others] = self.by_file.get_mut(&(AdvisoryOfPackage::of(finding), file))?;
        let lists = match decided.fails || decided.will_fail {
            true => [failing, others],
            false => [others, failing],
        };
        for list in lists {
            while let Some(number) = list.pop() {
                if let Some(used) = self.used.get_mut(number).filter(|used| !**used) {
                    *used = true;
                    return Some(number);
                }
            }
        }
        None
    }

    fn take(&mut self, number: usize) -> Option<usize> {
        let used = self.used.get_mut(number)?;
        (!std::mem::replace(used, true)).then_some(number)
    }
}

/// For each lockfile that came, the one that is gone and held most of the same flaws; no file twice.
fn renamed<'a>(head: Side<'a>, base: Side<'a>) -> BTreeMap<&'a TreePath, &'a TreePath> {
    let came: BTreeSet<&TreePath> = head.files.difference(base.files).collect();
    let gone: BTreeSet<&TreePath> = base.files.difference(head.files).collect();
    if came.is_empty() || gone.is_empty() {
        return BTreeMap::new();
    }
    let mut gone_by_flaw: HashMap<AdvisoryOfPackage<'a>, BTreeMap<&TreePath, usize>> = HashMap::new();
    for finding in base
        .findings
        .iter()
        .filter(|finding| gone.contains(&finding.file))
    {
        let files = gone_by_flaw.entry(AdvisoryOfPackage::of(finding)).or_default();
        *files.entry(&finding.file).or_default() += 1;
    }
    let mut shared: HashMap<(&TreePath, &TreePath), usize> = HashMap::new();
    for finding in head
        .findings
        .iter()
        .filter(|finding| came.contains(&finding.file))
    {
        for (file, count) in gone_by_flaw
            .get(&AdvisoryOfPackage::of(finding))
            .into_iter()
            .flatten()
        {
            *shared.entry((&finding.file, *file)).or_default() += count;
        }
    }
    let mut pairs: Vec<((&TreePath, &TreePath), usize)> = shared.into_iter().collect();
    // Most in common first; then the same file name, which a moved folder leaves as it is.
    pairs.sort_by_key(|((came, gone), count)| {
        let other_name = came.file_name() != gone.file_name();
        (std::cmp::Reverse(*count), other_name, *came, *gone)
    });
    let mut renamed = BTreeMap::new();
    let mut used = BTreeSet::new();
    for ((came, gone), _) in pairs {
        if !renamed.contains_key(came) && used.insert(gone) {
            renamed.insert(came, gone);
        }
    }
    renamed
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::model::finding::{Match, Occurrence};
    use crate::model::{Advisory, Class, Severity};
    use crate::text::Position;

    const BASE: &str = "2026-06-01T00:00:00Z";

    /// `id package version file`; an id that begins with `new` was published after the base.
    fn findings(lines: &[&str]) -> Vec<Finding> {
        lines.iter().map(|line| finding(line)).collect()
    }

    fn finding(line: &str) -> Finding {
        let [id, name, version, file] = line.split(' ').collect::<Vec<_>>()[..] else {
            panic!("four words: {line}");
        };
        let published = if id.starts_with("new") {
            "2026-07-01T00:00:00Z"
        } else {
            "2026-01-01T00:00:00Z"
        };
        let advisory = Advisory {
            id: id.to_owned(),
            aliases: Vec::new(),
            summary: String::new(),
            class: Class::Vulnerability,
            severity: Severity::assumed(),
            published: Some(published.parse().expect("a time")),
            known_exploited: false,
            epss: None,
            text: None,
        };
        let matched = Match {
            advisory: Arc::new(advisory),
            group: None,
            record: None,
            package: Arc::new(Occurrence::new(
                Ecosystem::NPM,
                name.into(),
                version.into(),
                crate::ecosystem::purl::of(&Ecosystem::NPM, name, version),
                TreePath::new(file).expect("a path"),
                Position::START,
            )),
            fixed: Arc::default(),
            ends: false,
            upgrade: None,
            reason: "".into(),
        };
        Finding::new(Arc::new(matched))
    }

    fn changed(head: &[&str], base: &[&str]) -> Vec<&'static str> {
        let (head, base) = (findings(head), findings(base));
        let files = |findings: &[Finding]| findings.iter().map(|finding| finding.file.clone()).collect();
        let (head_files, base_files) = (files(&head), files(&base));
        let (head_decided, base_decided) = (decided(&head), decided(&base));
        changes(
            Side {
                findings: &head,
                decided: &head_decided,
                files: &head_files,
            },
            Side {
                findings: &base,
                decided: &base_decided,
                files: &base_files,
            },
            BASE.parse().expect("a time"),
        )
        .into_iter()
        .map(|changed| changed.change.as_str())
        .collect()
    }

    /// What lies in `dev` is let pass, what lies in `soon` fails when grace is over.
    fn decided(findings: &[Finding]) -> Vec<Decided> {
        let decided = findings.iter().map(|finding| Decided {
            fails: !finding.file.display().contains("dev") && !finding.file.display().contains("soon"),
            will_fail: !finding.file.display().contains("dev"),
        });
        decided.collect()
    }

    #[test]
    fn what_the_base_let_pass_and_fails_here_is_escalated() {
        assert_eq!(changed(&["a p 1 run/f"], &["a p 1 dev/f"]), ["escalated"]);
        assert_eq!(changed(&["a p 2 run/f"], &["a p 1 dev/f"]), ["escalated"]);
        assert_eq!(changed(&["new p 1 run/f"], &["new p 1 dev/f"]), ["escalated"]);
        assert_eq!(changed(&["a p 1 dev/f"], &["a p 1 run/f"]), ["moved"]);
        assert_eq!(changed(&["a p 1 dev/f"], &["a p 1 dev/f"]), ["pre_existing"]);
        // Grace that runs on both sides is no change; grace that begins here is one.
        assert_eq!(changed(&["a p 1 soon/f"], &["a p 1 soon/f"]), ["pre_existing"]);
        assert_eq!(changed(&["a p 1 soon/f"], &["a p 1 dev/f"]), ["escalated"]);
        assert_eq!(changed(&["a p 1 run/f"], &["a p 1 soon/f"]), ["escalated"]);
        assert_eq!(changed(&["a p 1 soon/f"], &["a p 1 run/f"]), ["moved"]);
    }

    #[test]
    fn what_the_base_holds_is_not_introduced() {
        assert_eq!(changed(&["a p 1 f"], &["a p 1 f"]), ["pre_existing"]);
        assert_eq!(changed(&["a p 1 f"], &[]), ["introduced"]);
        assert_eq!(changed(&["a p 1 f"], &["b p 1 f"]), ["introduced"]);
        assert_eq!(changed(&["new p 1 f"], &["new p 1 f"]), ["published_since"]);
        assert_eq!(changed(&["new p 1 f"], &[]), ["introduced"]);
    }

    #[test]
    fn a_bump_that_keeps_the_flaw_has_moved() {
        assert_eq!(changed(&["a p 2 f"], &["a p 1 f"]), ["moved"]);
        assert_eq!(changed(&["new p 2 f"], &["new p 1 f"]), ["published_since"]);
        // A second version beside the first one is introduced, whichever comes first.
        assert_eq!(
            changed(&["a p 0 f", "a p 1 f"], &["a p 1 f"]),
            ["introduced", "pre_existing"]
        );
        assert_eq!(
            changed(&["a p 1 f", "a p 2 f"], &["a p 0 f"]),
            ["moved", "introduced"]
        );
    }

    #[test]
    fn a_further_lockfile_is_introduced_and_a_renamed_one_is_not() {
        assert_eq!(
            changed(&["a p 1 f", "a p 1 g"], &["a p 1 f"]),
            ["pre_existing", "introduced"]
        );
        assert_eq!(changed(&["a p 1 g"], &["a p 1 f"]), ["moved"]);
        assert_eq!(changed(&["a p 2 g"], &["a p 1 f"]), ["moved"]);
        // The copy that shares more is the renamed one, the other is new.
        assert_eq!(
            changed(&["a p 1 g", "a p 1 h", "b q 1 h"], &["a p 1 f", "b q 1 f"]),
            ["introduced", "moved", "moved"]
        );
        assert_eq!(
            changed(&["a p 1 y/lock", "a p 1 z"], &["a p 1 x/lock"]),
            ["moved", "introduced"]
        );
    }
}
