//! Dependency paths drawn: roots on the left, the package on the right, what they share drawn once.

use super::markup::{Markup, markup};
use super::page::fact;
use crate::model::{DependencyPath, Finding, Step};
use crate::report::phrases::{counted, left_out, short};

/// Steps at each end of a long path that are drawn.
const MAX_ENDS: usize = 5;

/// The shortest paths of a finding; empty where each is one step.
pub(super) fn tree(finding: &Finding) -> Markup {
    let paths: Vec<Vec<String>> = finding
        .paths
        .iter()
        .filter(|path| path.len() > 1)
        .map(steps)
        .collect();
    if paths.is_empty() {
        return Markup::default();
    }
    let mut nodes = vec![Node {
        step: String::new(),
        from: Vec::new(),
    }];
    for path in &paths {
        insert(&mut nodes, path);
    }
    let top = nodes.first().map(|top| top.from.as_slice()).unwrap_or_default();
    let packages = top.iter().map(|package| draw(&nodes, *package, Role::Package));
    let more = finding.paths_total.saturating_sub(finding.paths.len());
    let more = (more > 0)
        .then(|| markup!("<p class=\"quiet\">and from " (counted(more, "more root", "more roots")) "</p>\n"));
    markup!(
        "<div class=\"tree\" role=\"group\" tabindex=\"0\" aria-label=\"Shortest dependency paths, from a root to the package\">"
        (packages.collect::<Vec<_>>()) "</div>\n" (more)
    )
}

/// How a package without a path is required.
pub(super) fn direct(finding: &Finding) -> Markup {
    fact("Required", finding.direct.then_some("directly by a root"))
}

/// A step, and the nodes that lead to it.
struct Node {
    step: String,
    from: Vec<usize>,
}

/// A path's words, shortened in the middle, so that what is drawn is bounded.
fn steps(path: DependencyPath<'_>) -> Vec<String> {
    let word = |_, step: Step<'_>| {
        let name = match step.name {
            "" => "(root)".into(),
            name => short(name, 100),
        };
        match step.version {
            "" => name.into_owned(),
            version => format!("{name} {}", short(version, 50)),
        }
    };
    path.texts(MAX_ENDS, word, left_out)
}

/// Adds a path from its end: ends that are the same are one node.
fn insert(nodes: &mut Vec<Node>, path: &[String]) {
    let mut at = 0;
    for step in path.iter().rev() {
        let from = nodes.get(at).map(|node| node.from.clone()).unwrap_or_default();
        let known = from
            .into_iter()
            .find(|other| nodes.get(*other).is_some_and(|other| other.step == *step));
        at = match known {
            Some(known) => known,
            None => {
                let new = nodes.len();
                nodes.push(Node {
                    step: step.clone(),
                    from: Vec::new(),
                });
                if let Some(node) = nodes.get_mut(at) {
                    node.from.push(new);
                }
                new
            }
        };
    }
}

/// What a node of the tree is.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Role {
    Package,
    Dependent,
}

/// No path has more than eleven steps, so that this goes no deeper.
fn draw(nodes: &[Node], at: usize, role: Role) -> Markup {
    let Some(node) = nodes.get(at) else {
        return Markup::default();
    };
    let from: Vec<Markup> = node
        .from
        .iter()
        .map(|from| draw(nodes, *from, Role::Dependent))
        .collect();
    let from = (!from.is_empty()).then(|| markup!("<span class=\"from\">" (from) "</span>"));
    let class = match role {
        Role::Package => "step held",
        Role::Dependent if node.step.starts_with('…') => "step left-out",
        Role::Dependent => "step",
    };
    let arrow = (role == Role::Dependent).then(|| markup!("<span class=\"unseen\"> → </span>"));
    markup!(
        "<span class=\"node\">" (from) "<span class=\"" (class) "\">" (node.step) "</span>" (arrow) "</span>"
    )
}
