//! The `go.work` that a module is built under.

use std::collections::HashSet;
use std::sync::Arc;

use super::super::{Parsed, Problem};
use super::directives::{self, Directives, Kind};
use crate::model::{Cost, Tree, TreePath, Unread};
use crate::text::{Problems, Span, decode};

/// The names of this many members are known; requirements on further ones count as packages.
const MAX_MEMBERS: usize = 256;

/// A workspace that uses the module.
#[derive(Debug)]
pub(super) struct Workspace {
    /// Where the `go.work` lies.
    pub(super) path: TreePath,
    text: String,
    /// Module paths of the members.
    pub(super) members: HashSet<String>,
}

impl Workspace {
    /// What the `go.work` says. Damage was told when it was found.
    pub(super) fn directives(&self) -> Directives<'_> {
        Directives::read(&self.text, Kind::Workspace, &mut Problems::default())
    }
}

/// The nearest `go.work` at or above the folder of `module`, if that uses the module: the `go` command looks no
/// further either.
pub(super) fn find(module: &TreePath, tree: &dyn Tree, parsed: &mut Parsed) -> Option<Workspace> {
    let home = module.parent();
    let (path, bytes) = nearest(&home, tree, parsed)?;
    let decoded = decode::decode(&bytes);
    let text = decoded.text.into_owned();
    let mut problems = Problems::default();
    let directives = Directives::read(&text, Kind::Workspace, &mut problems);
    if let Some(problem) = decoded.problem {
        problems.add(problem.span, problem.message);
    }
    let folder = path.parent();
    let folders: Vec<TreePath> = directives
        .uses
        .iter()
        .filter_map(|used| folder.join(used.text.as_bytes()))
        .collect();
    let damage = problems.into_vec();
    // A damaged file may have lost the very line that uses the module.
    if damage.is_empty() && !folders.contains(&home) {
        return None;
    }
    parsed.problems.extend(damage.into_iter().map(|problem| Problem {
        cost: Cost::Blind,
        file: Some(path.clone()),
        span: problem.span,
        message: problem.message,
        hint: "Correct the line; `go work edit -json` tells what Go makes of the file.".into(),
    }));
    let members = folders
        .iter()
        .filter(|member| **member != home)
        .take(MAX_MEMBERS)
        .filter_map(|member| tree.read(&member.join("go.mod")?).ok())
        .filter_map(|bytes| directives::module_path(&decode::decode(&bytes).text))
        .collect();
    Some(Workspace { path, text, members })
}

fn nearest(home: &TreePath, tree: &dyn Tree, parsed: &mut Parsed) -> Option<(TreePath, Arc<[u8]>)> {
    let mut folder = home.clone();
    loop {
        let path = folder.join("go.work")?;
        match tree.read(&path) {
            Ok(bytes) => return Some((path, bytes)),
            Err(Unread::Absent) => {}
            Err(unread @ (Unread::TooLarge { .. } | Unread::LinkLeadsOut | Unread::Unreadable(_))) => {
                parsed.problems.push(Problem {
                    cost: Cost::Blind,
                    file: Some(path),
                    span: Span::at(0),
                    message: format!("the workspace cannot be read: {unread}"),
                    hint: "Make the file readable, or remove it.".into(),
                });
                return None;
            }
        }
        if folder.as_bytes().is_empty() {
            return None;
        }
        folder = folder.parent();
    }
}
