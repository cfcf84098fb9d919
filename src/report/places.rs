//! The paths of files, relative to what each reader of a report expects.

use std::borrow::Cow;

use super::phrases::{counted, sentence, short};
use crate::model::{Coverage, Finding, Gap, Location, Outcome, Target, TreePath};
use crate::text::Position;

/// The finding's file from the top of the repository, as annotations and SARIF want it: at the end of a symbolic link, since
/// nothing can be shown at the link itself. From the target's root outside git.
#[must_use]
pub fn in_repository<'f>(target: &Target, finding: &'f Finding) -> Cow<'f, str> {
    match (target.links.get(&finding.file), target.prefix.as_bytes()) {
        (Some(end), _) => Cow::Owned(end.to_string()),
        (None, []) => finding.file.display(),
        (None, _) => Cow::Owned(format!("{}/{}", target.prefix, finding.file)),
    }
}

/// A file of `target` from where the command was started, so that an editor can open it.
#[must_use]
pub fn from_here<'f>(target: &Target, file: &'f TreePath) -> Cow<'f, str> {
    if file.is_outside() {
        return file.display();
    }
    match target.root.trim_end_matches('/') {
        "" if target.root.is_empty() => file.display(),
        "." => file.display(),
        root => Cow::Owned(format!("{root}/{file}")),
    }
}

/// A file of `target` for people: from where the command was started, and behind its ref (as git writes it,
/// `release/1.4:Cargo.lock`) where the same root is there at several refs.
#[must_use]
pub fn with_ref<'f>(target: &Target, file: &'f TreePath) -> Cow<'f, str> {
    match target.told_ref() {
        Some(_) if file.is_outside() => file.display(),
        None => from_here(target, file),
        Some(name) => Cow::Owned(format!("{name}:{}", from_here(target, file))),
    }
}

/// A list of gaps, named alike in every report.
#[derive(Debug, Clone, Copy)]
pub(super) struct GapList {
    name: &'static str,
    pub(super) one: &'static str,
    pub(super) many: &'static str,
}

/// The blind ones.
pub(super) const NOT_CHECKED: GapList = GapList {
    name: "not checked",
    one: "gap",
    many: "gaps",
};

/// The partial ones.
pub(super) const IN_PART: GapList = GapList {
    name: "not checked in full",
    one: "entry",
    many: "entries",
};

/// Those that cost nothing.
pub(super) const REMARKS: GapList = GapList {
    name: "remarks",
    one: "remark",
    many: "remarks",
};

impl GapList {
    /// `Not checked: 3 gaps`; `Remarks`, which are called nothing else.
    pub(super) fn heading(&self, count: usize) -> String {
        if self.name == self.many {
            return sentence(self.name);
        }
        format!("{}: {}", sentence(self.name), counted(count, self.one, self.many))
    }

    /// `3 gaps not checked`.
    pub(super) fn phrase(&self, count: usize) -> String {
        format!("{} {}", counted(count, self.one, self.many), self.name)
    }
}

/// A gap of any target.
#[derive(Debug)]
pub struct GapHere<'o> {
    /// The file from where the command was started, and where in it unless it is no text; `None` where no file is to blame.
    pub location: Option<(Cow<'o, str>, Option<Position>)>,
    /// The same with the file from the top of the repository.
    pub in_repository: Option<(Vec<u8>, Position)>,
    /// Why, as a lowercase fragment.
    pub reason: &'o str,
    /// What to do, as a full instruction.
    pub hint: &'o str,
}

impl GapHere<'_> {
    /// `file:line`, the file in at most `most` characters.
    #[must_use]
    pub fn place(&self, most: usize) -> Option<String> {
        let (file, position) = self.location.as_ref()?;
        Some(named(file, *position, most))
    }
}

/// [`GapHere::place`] of a gap, its file as it is.
#[must_use]
pub fn place(gap: &Gap, most: usize) -> Option<String> {
    let Location { file, position } = gap.location.as_ref()?;
    Some(named(&file.display(), line_of(file, *position), most))
}

/// `file:line`, or the file alone.
fn named(file: &str, position: Option<Position>, most: usize) -> String {
    let file = short(file, most);
    match position {
        Some(position) => format!("{file}:{}", position.line),
        None => file.into_owned(),
    }
}

/// What is in no tree is the advisory database, which has no lines, or a policy, whose first one names it as well.
fn line_of(file: &TreePath, position: Position) -> Option<Position> {
    (!file.is_outside()).then_some(position)
}

/// The gaps of one list of the coverage, of all targets.
#[must_use]
pub fn gaps<'o>(outcome: &'o Outcome, list: impl Fn(&'o Coverage) -> &'o [Gap]) -> Vec<GapHere<'o>> {
    let of_targets: Vec<GapHere<'o>> = outcome
        .targets
        .iter()
        .flat_map(|target| list(&target.coverage).iter().map(move |gap| (target, gap)))
        .map(|(target, gap)| {
            let file = |file| with_ref(target, file);
            here(gap, file, |file| bytes_in_repository(target, file))
        })
        .collect();
    let whole = list(&outcome.coverage);
    // A gap that is no target's is only in the whole run's coverage.
    match of_targets.len() < whole.len() {
        true => whole.iter().map(as_named_by_it).collect(),
        false => of_targets,
    }
}

/// Remarks on the policy, the base and the refs.
#[must_use]
pub fn remarks(outcome: &Outcome) -> Vec<GapHere<'_>> {
    outcome.remarks.iter().map(as_named_by_it).collect()
}

fn as_named_by_it(gap: &Gap) -> GapHere<'_> {
    here(gap, TreePath::display, |file| in_no_tree(file).to_vec())
}

fn here<'o>(
    gap: &'o Gap,
    file: impl Fn(&'o TreePath) -> Cow<'o, str>,
    in_repository: impl Fn(&'o TreePath) -> Vec<u8>,
) -> GapHere<'o> {
    let location = gap.location.as_ref();
    GapHere {
        location: location.map(|location| {
            let position = line_of(&location.file, location.position);
            (file(&location.file), position)
        }),
        in_repository: location.map(|location| (in_repository(&location.file), location.position)),
        reason: &gap.reason,
        hint: &gap.hint,
    }
}

/// The bytes of a file's path from the top of the repository, at the end of a symbolic link; from the target's root outside git.
#[must_use]
pub fn bytes_in_repository(target: &Target, file: &TreePath) -> Vec<u8> {
    match target.links.get(file) {
        Some(end) => end.as_bytes().to_vec(),
        None => as_named(target, file),
    }
}

/// The same with the link itself.
#[must_use]
pub fn as_named(target: &Target, file: &TreePath) -> Vec<u8> {
    match target.prefix.as_bytes() {
        _ if file.is_outside() => in_no_tree(file).to_vec(),
        [] => file.as_bytes().to_vec(),
        prefix => [prefix, b"/", file.as_bytes()].concat(),
    }
}

/// The bytes of a path that is in no tree, as a relative reference takes them: without the slash at its start.
fn in_no_tree(file: &TreePath) -> &[u8] {
    let bytes = file.as_bytes();
    bytes.strip_prefix(b"/").unwrap_or(bytes)
}

/// A relative reference (RFC 3986, section 4.2): every byte that is not plainly harmless in a path is
/// percent-encoded, the colon too, which would make a scheme of what precedes it.
#[must_use]
pub fn uri(file: &[u8]) -> String {
    let mut uri = String::with_capacity(file.len());
    for byte in file {
        match byte {
            b'a'..=b'z'
            | b'A'..=b'Z'
            | b'0'..=b'9'
            | b'-'
            | b'.'
            | b'_'
            | b'~'
            | b'/'
            | b'@'
            | b'+'
            | b','
            | b'=' => {
                uri.push(char::from(*byte));
            }
            _ => uri.push_str(&format!("%{byte:02X}")),
        }
    }
    uri
}
