//! The `go.work` that a module is built under, with the `go.mod` of every module that it uses.

use std::cell::RefCell;
use std::collections::{BTreeSet, HashSet};
use std::rc::Rc;
use std::sync::Arc;

use super::super::{Parsed, Problem, in_order};
use super::directives::{DAMAGED, Directives, Kind, UNENDED};
use super::member::Member;
use super::replace::Replacements;
use super::selection::{self, Selection};
use super::vendor;
use super::versions::{self, Toolchain};
use crate::model::{Cost, Tree, TreePath, Unread};
use crate::text::{Problems, Span, decode};

/// A workspace of more modules than this is not read, and blind.
pub(super) const MAX_MEMBERS: usize = 512;

/// The `go.mod` files of a workspace together hold at most this many bytes, or it is blind.
const MAX_BYTES: usize = 4 << 20;

/// A workspace as one build of all its modules.
#[derive(Debug)]
pub(super) struct Workspace {
    /// The path of the `go.work`.
    pub(super) path: TreePath,
    /// The folders that it uses, as far as they lie in the tree.
    folders: HashSet<TreePath>,
    /// It is damaged and may have lost the very line that uses a module.
    damaged: bool,
    /// It uses nothing, or ends where it may be cut.
    may_be_cut: bool,
    /// The version of Go that its `go` and `toolchain` lines name.
    pub(super) toolchain: Option<Toolchain>,
    /// What replaces what, in all of its modules.
    pub(super) replacements: Replacements,
    /// Versions and members.
    pub(super) selection: Selection,
    problems: Vec<Problem>,
}

impl Workspace {
    /// The workspace uses the module in `folder`, or may do so.
    fn uses(&self, folder: &TreePath) -> bool {
        self.damaged || self.folders.contains(folder)
    }
}

thread_local! {
    /// The last workspace and the files that it was read from: each of its modules asks for the same.
    static LAST: RefCell<Option<(Reads, Rc<Workspace>)>> = const { RefCell::new(None) };
}

/// What a tree answered, in the order of the questions.
type Reads = Vec<(TreePath, Result<Arc<[u8]>, Unread>)>;

/// A tree whose answers are noted.
struct Reader<'t> {
    tree: &'t dyn Tree,
    reads: Reads,
}

impl Reader<'_> {
    fn read(&mut self, path: &TreePath) -> Result<Arc<[u8]>, Unread> {
        let answer = self.tree.read(path);
        self.reads.push((path.clone(), answer.clone()));
        answer
    }

    /// The file `name` in the folder of the one at `path`, if there is one.
    fn beside(&mut self, path: &TreePath, name: &str) -> Option<(TreePath, Arc<[u8]>)> {
        let path = path.parent().join(name)?;
        let bytes = self.read(&path).ok()?;
        Some((path, bytes))
    }
}

/// The nearest `go.work` at or above the folder of `module`, if that uses the module: the `go` command looks no
/// further either.
pub(super) fn find(module: &TreePath, tree: &dyn Tree, parsed: &mut Parsed) -> Option<Rc<Workspace>> {
    let home = module.parent();
    let (path, bytes) = nearest(&home, tree, parsed)?;
    let known = LAST.with_borrow(|last| {
        let (reads, workspace) = last.as_ref()?;
        let (first, others) = reads.split_first()?;
        // A module that the workspace does not use asks for no further files.
        (first.0 == path
            && first.1.as_ref() == Ok(&bytes)
            && (!workspace.uses(&home) || others.iter().all(|(path, answer)| tree.read(path) == *answer)))
        .then(|| workspace.clone())
    });
    let workspace = match known {
        Some(workspace) => workspace,
        None => {
            let mut reader = Reader {
                tree,
                reads: vec![(path.clone(), Ok(bytes.clone()))],
            };
            let workspace = Rc::new(read(path, &bytes, &mut reader));
            LAST.set(Some((reader.reads, workspace.clone())));
            workspace
        }
    };
    // What may be cut may have lost the line too; then the module is read as if it stood alone.
    if !workspace.uses(&home) && !workspace.may_be_cut {
        return None;
    }
    for problem in &workspace.problems {
        let mut problem = problem.clone();
        if problem.file.as_ref() == Some(module) {
            // Its damage was reported when it was read itself.
            problem.file = None;
        }
        if !parsed.problems.contains(&problem) {
            parsed.problems.push(problem);
        }
    }
    workspace.uses(&home).then_some(workspace)
}

fn nearest(home: &TreePath, tree: &dyn Tree, parsed: &mut Parsed) -> Option<(TreePath, Arc<[u8]>)> {
    let mut folder = home.clone();
    loop {
        let path = folder.join("go.work")?;
        match tree.read(&path) {
            Ok(bytes) => return Some((path, bytes)),
            Err(Unread::Absent) => {}
            Err(unread @ (Unread::TooLarge { .. } | Unread::LinkLeadsOut | Unread::Unreadable(_))) => {
                parsed.problems.push(Problem::elsewhere(
                    Cost::Blind,
                    path,
                    Span::at(0),
                    format!("the workspace cannot be read: {unread}"),
                    "Make the file readable, or remove it.",
                ));
                return None;
            }
        }
        if folder.as_bytes().is_empty() {
            if tree.is_above(b"go.work") {
                parsed.partial(
                    Span::at(0),
                    "a go.work above the scanned folder decides versions and replacements, and is not read",
                    "Scan the folder of the go.work; if the module is never built with it, set GOWORK=off there and accept this gap.",
                );
            }
            return None;
        }
        folder = folder.parent();
    }
}

fn read(path: TreePath, bytes: &[u8], tree: &mut Reader<'_>) -> Workspace {
    let decoded = decode::decode(bytes);
    let mut damage = Problems::default();
    let directives = Directives::read(&decoded.text, Kind::Workspace, &mut damage);
    if let Some(problem) = decoded.problem {
        damage.add(problem.span, problem.message);
    }
    let hint = "Correct the line; `go work edit -json` shows what Go makes of the file.";
    let mut problems: Vec<Problem> = damage
        .into_vec()
        .into_iter()
        .map(|found| Problem::elsewhere(Cost::Blind, path.clone(), found.span, found.message, hint))
        .collect();
    let damaged = !problems.is_empty();
    if let Some(span) = directives.unended {
        problems.push(Problem::elsewhere(
            Cost::Partial,
            path.clone(),
            span,
            UNENDED.into(),
            "Run `go work edit -fmt`, which ends the file with a line break, if nothing is missing.",
        ));
    }
    if directives.uses.is_empty() && !damaged {
        problems.push(Problem::elsewhere(
            Cost::Partial,
            path.clone(),
            Span::at(0),
            "the workspace uses no module, and Go builds nothing below it".into(),
            "Run `go work use -r .`, or remove the file.",
        ));
    }
    let may_be_cut = directives.uses.is_empty() || directives.unended.is_some();
    let mut folders = HashSet::new();
    let mut found = Found {
        work: &path,
        tree,
        bytes: 0,
        members: Vec::new(),
        replacements: Replacements::new(path.clone(), &directives.replaces),
        problems: &mut problems,
    };
    for (number, used) in directives.uses.iter().enumerate() {
        let Some(folder) = path.parent().join(used.text.as_bytes()) else {
            found.problem(
                Cost::Partial,
                used.span,
                format!("the workspace uses {}, which is outside of the tree: what it requires and replaces is not known", used.text),
                "Scan the folder that holds all modules of the workspace.",
            );
            continue;
        };
        if !folders.insert(folder.clone()) {
            found.problem(
                Cost::Blind,
                used.span,
                format!("{} is used twice, which Go refuses", used.text),
                "Keep one of the use lines.",
            );
        } else if number < MAX_MEMBERS && found.bytes <= MAX_BYTES {
            found.member(&folder, used.span);
        }
    }
    if directives.uses.len() > MAX_MEMBERS || found.bytes > MAX_BYTES {
        let reason = format!(
            "the workspace is larger than {MAX_MEMBERS} modules or {} MiB, and not read in whole",
            MAX_BYTES >> 20
        );
        found.problem(
            Cost::Blind,
            Span::at(0),
            reason,
            "Split the workspace, or scan its modules one by one.",
        );
    }
    found.refused(&directives);
    let Found {
        members,
        mut replacements,
        bytes,
        ..
    } = found;
    replacements.settle(&mut problems);
    let mut bytes = bytes;
    let mut selection = selection::select(&members, &replacements, &mut |folder| {
        let path = folder.join("go.mod")?;
        let read = tree.read(&path).ok()?;
        bytes = bytes.saturating_add(read.len());
        (bytes <= MAX_BYTES).then(|| module(path, &read, &mut Vec::new(), None))
    });
    let chosen = selection.chosen.iter();
    problems.extend(chosen.filter_map(|(module, chosen)| replacements.clash(module, &chosen.version)));
    if directives.go.is_some()
        && let Some((path, bytes)) = tree.beside(&path, "vendor/modules.txt")
    {
        vendor::apply(&path, &bytes, &mut selection);
    }
    if !selection.is_vendored
        && let Some((path, bytes)) = tree.beside(&path, "go.work.sum")
    {
        selection.sums(&path, &bytes, &mut problems);
    }
    problems.extend(selection.gap(&path));
    in_order(&mut problems);
    Workspace {
        folders,
        damaged,
        may_be_cut,
        toolchain: versions::toolchain(&directives),
        replacements,
        selection,
        problems,
        path,
    }
}

/// The modules of a workspace as they are found.
struct Found<'f, 't> {
    work: &'f TreePath,
    tree: &'f mut Reader<'t>,
    bytes: usize,
    members: Vec<Member>,
    replacements: Replacements,
    problems: &'f mut Vec<Problem>,
}

impl Found<'_, '_> {
    fn problem(&mut self, cost: Cost, span: Span, message: String, hint: &str) {
        self.problems
            .push(Problem::elsewhere(cost, self.work.clone(), span, message, hint));
    }

    /// Reads the `go.mod` in `folder`, which the `use` line at `span` names.
    fn member(&mut self, folder: &TreePath, span: Span) {
        let Some(path) = folder.join("go.mod") else {
            return;
        };
        let bytes = match self.tree.read(&path) {
            Ok(bytes) => bytes,
            Err(Unread::Absent) => {
                return self.problem(
                    Cost::Partial,
                    span,
                    format!("{path} is not in the tree: what this module requires and replaces is not known"),
                    "Check the module out, or remove the use line; Go refuses the workspace without it.",
                );
            }
            Err(unread @ (Unread::TooLarge { .. } | Unread::LinkLeadsOut | Unread::Unreadable(_))) => {
                return self.problem(
                    Cost::Blind,
                    span,
                    format!("{path} cannot be read: {unread}"),
                    "Make the file readable, or remove the use line.",
                );
            }
        };
        self.bytes = self.bytes.saturating_add(bytes.len());
        if self.bytes > MAX_BYTES {
            return;
        }
        let member = module(path, &bytes, self.problems, Some(&mut self.replacements));
        self.members.push(member);
    }

    /// Says what Go refuses: two modules of one path, a module replaced, a `go` line below that of a module.
    fn refused(&mut self, directives: &Directives<'_>) {
        let mut names = BTreeSet::new();
        let twice: BTreeSet<&str> = self
            .members
            .iter()
            .map(|member| member.name.as_str())
            .filter(|name| !names.insert(*name))
            .collect();
        if let Some(name) = twice.first() {
            let reason = format!("the module {name} is here more than once, which Go refuses");
            self.problem(
                Cost::Blind,
                Span::at(0),
                reason,
                "Give each module of the workspace a path of its own.",
            );
        }
        let replaced = directives.replaces.iter().find(|replace| {
            replace.old_version.is_none() && self.members.iter().any(|member| member.name == replace.old.text)
        });
        if let Some(replace) = replaced {
            let reason = format!(
                "{} is a module of the workspace and replaced, which Go refuses",
                replace.old.text
            );
            self.problem(Cost::Blind, replace.span, reason, "Remove the replace line.");
        }
        let listed = directives.go.as_ref();
        let version = listed.map_or("1.18", |word| word.text.as_ref());
        let newer = self.members.iter().find(|member| {
            member
                .go
                .as_ref()
                .is_some_and(|go| versions::is_newer_go(go, version))
        });
        if let Some(member) = newer {
            let reason = format!(
                "{} asks for go {}, which is later than the workspace's {version}: Go refuses to build",
                member.path,
                member.go.as_deref().unwrap_or_default()
            );
            let span = listed.map_or(Span::at(0), |word| word.span);
            self.problem(
                Cost::Partial,
                span,
                reason,
                "Run `go work use`, which writes the version that the modules need.",
            );
        }
    }
}

/// Reads a `go.mod`: `problems` gets its damage, `replacements` its `replace` lines.
fn module(
    path: TreePath,
    bytes: &[u8],
    problems: &mut Vec<Problem>,
    replacements: Option<&mut Replacements>,
) -> Member {
    let decoded = decode::decode(bytes);
    let mut damage = Problems::default();
    let directives = Directives::read(&decoded.text, Kind::Module, &mut damage);
    if let Some(problem) = decoded.problem {
        damage.add(problem.span, problem.message);
    }
    let damage = damage.into_vec().into_iter();
    problems.extend(
        damage.map(|found| Problem::elsewhere(Cost::Blind, path.clone(), found.span, found.message, DAMAGED)),
    );
    if let Some(replacements) = replacements {
        replacements.add(path.clone(), &directives.replaces);
    }
    Member::new(path, &directives)
}
