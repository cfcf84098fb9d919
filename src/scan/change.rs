//! How each finding came about since a base: CONTRACT's introduced, published since, moved, pre-existing.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use jiff::Timestamp;

use crate::model::finding::Change;
use crate::model::{Ecosystem, Finding, TreePath};

/// What a tree holds, of which another is compared.
#[derive(Debug, Clone, Copy)]
pub struct Side<'a> {
    /// Its findings, whatever the gate makes of them.
    pub findings: &'a [Finding],
    /// Its lockfiles, those without findings and those that could not be read among them.
    pub files: &'a BTreeSet<TreePath>,
}

/// The change of each of `head`'s findings, in their order, since a base whose commit was made at `committed`.
///
/// An occurrence is one flaw of one package at one version in one file. What the base holds of a flaw in a file is
/// used up by what the tree holds of it there, the same version first, so that a version that comes beside a flawed
/// one is introduced and one that comes in its place has moved. The same goes for a file that is gone and one that
/// came in its place.
#[must_use]
pub fn changes(head: Side<'_>, base: Side<'_>, committed: Timestamp) -> Vec<Change> {
    let mut held: HashMap<Flaw<'_>, Vec<Held<'_>>> = HashMap::new();
    for finding in base.findings {
        held.entry(Flaw::of(finding)).or_default().push(Held {
            file: &finding.file,
            version: &finding.version,
            is_used: false,
        });
    }
    let renamed = renamed(head, base);
    let mut changes: Vec<Option<Change>> = vec![None; head.findings.len()];
    let steps: [(Change, &Fits<'_>); 4] = [
        (Change::PreExisting, &|finding, held| {
            *held.file == finding.file && held.version == finding.version
        }),
        (Change::Moved, &|finding, held| *held.file == finding.file),
        (Change::Moved, &|finding, held| {
            renamed.get(&finding.file) == Some(&held.file) && held.version == finding.version
        }),
        (Change::Moved, &|finding, held| {
            renamed.get(&finding.file) == Some(&held.file)
        }),
    ];
    for (change, fits) in steps {
        for (finding, slot) in head.findings.iter().zip(&mut changes) {
            if slot.is_some() {
                continue;
            }
            let unused = held
                .get_mut(&Flaw::of(finding))
                .and_then(|held| held.iter_mut().find(|held| !held.is_used && fits(finding, held)));
            if let Some(held) = unused {
                held.is_used = true;
                *slot = Some(change);
            }
        }
    }
    let since = |finding: &Finding, change: Option<Change>| match change {
        None => Change::Introduced,
        Some(_) if finding.advisory.published > Some(committed) => Change::PublishedSince,
        Some(change) => change,
    };
    head.findings
        .iter()
        .zip(changes)
        .map(|(finding, change)| since(finding, change))
        .collect()
}

/// Whether a finding is the occurrence that the base held.
type Fits<'f> = dyn Fn(&Finding, &Held<'_>) -> bool + 'f;

/// One flaw of one package, wherever it is held.
#[derive(PartialEq, Eq, Hash)]
struct Flaw<'a> {
    id: &'a str,
    ecosystem: &'a Ecosystem,
    name: &'a str,
}

impl<'a> Flaw<'a> {
    fn of(finding: &'a Finding) -> Self {
        Self {
            id: &finding.advisory.id,
            ecosystem: &finding.ecosystem,
            name: &finding.name,
        }
    }
}

/// An occurrence at the base.
struct Held<'a> {
    file: &'a TreePath,
    version: &'a str,
    is_used: bool,
}

/// For each lockfile that came, the one that is gone and held most of the same flaws; no file twice.
fn renamed<'a>(head: Side<'a>, base: Side<'a>) -> BTreeMap<&'a TreePath, &'a TreePath> {
    let came: BTreeSet<&TreePath> = head.files.difference(base.files).collect();
    let gone: BTreeSet<&TreePath> = base.files.difference(head.files).collect();
    if came.is_empty() || gone.is_empty() {
        return BTreeMap::new();
    }
    let mut gone_by_flaw: HashMap<Flaw<'a>, BTreeMap<&TreePath, usize>> = HashMap::new();
    for finding in base
        .findings
        .iter()
        .filter(|finding| gone.contains(&finding.file))
    {
        let files = gone_by_flaw.entry(Flaw::of(finding)).or_default();
        *files.entry(&finding.file).or_default() += 1;
    }
    let mut shared: HashMap<(&TreePath, &TreePath), usize> = HashMap::new();
    for finding in head
        .findings
        .iter()
        .filter(|finding| came.contains(&finding.file))
    {
        for (file, count) in gone_by_flaw.get(&Flaw::of(finding)).into_iter().flatten() {
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
    use crate::model::finding::Match;
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
            ecosystem: Ecosystem::NPM,
            name: name.into(),
            version: version.into(),
            purl: "".into(),
            fixed: Arc::default(),
            reason: "".into(),
        };
        Finding::new(
            Arc::new(matched),
            TreePath::new(file).expect("a path"),
            Position::START,
        )
    }

    fn changed(head: &[&str], base: &[&str]) -> Vec<&'static str> {
        let (head, base) = (findings(head), findings(base));
        let files = |findings: &[Finding]| findings.iter().map(|finding| finding.file.clone()).collect();
        let (head_files, base_files) = (files(&head), files(&base));
        changes(
            Side {
                findings: &head,
                files: &head_files,
            },
            Side {
                findings: &base,
                files: &base_files,
            },
            BASE.parse().expect("a time"),
        )
        .into_iter()
        .map(Change::word)
        .collect()
    }

    #[test]
    fn g6_what_the_base_holds_is_not_introduced() {
        assert_eq!(changed(&["a p 1 f"], &["a p 1 f"]), ["pre_existing"]);
        assert_eq!(changed(&["a p 1 f"], &[]), ["introduced"]);
        assert_eq!(changed(&["a p 1 f"], &["b p 1 f"]), ["introduced"]);
        assert_eq!(changed(&["new p 1 f"], &["new p 1 f"]), ["published_since"]);
        assert_eq!(changed(&["new p 1 f"], &[]), ["introduced"]);
    }

    #[test]
    fn g6_a_bump_that_keeps_the_flaw_has_moved() {
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
    fn g6_a_further_lockfile_is_introduced_and_a_renamed_one_is_not() {
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
