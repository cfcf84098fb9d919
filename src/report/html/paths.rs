//! Dependency paths drawn: roots on the left, the package on the right, what they share drawn once.

use super::page::fact;
use crate::model::{DependencyPath, Finding, Step};
use crate::report::phrases::{counted, left_out, short};
use crate::text::escape::html;

/// Steps at each end of a long path that are drawn.
const MAX_ENDS: usize = 5;

/// The shortest paths of a finding; empty where each is one step.
pub(super) fn tree(finding: &Finding) -> String {
    let paths: Vec<Vec<String>> = finding
        .paths
        .iter()
        .filter(|path| path.len() > 1)
        .map(steps)
        .collect();
    if paths.is_empty() {
        return String::new();
    }
    let mut nodes = vec![Node {
        step: String::new(),
        from: Vec::new(),
    }];
    for path in &paths {
        insert(&mut nodes, path);
    }
    let mut text =
        "<div class=\"tree\" role=\"group\" tabindex=\"0\" aria-label=\"Shortest dependency paths, from a root to the package\">"
            .to_owned();
    let top = nodes.first().map(|top| top.from.clone()).unwrap_or_default();
    for package in top {
        draw(&nodes, package, Place::Package, &mut text);
    }
    text.push_str("</div>\n");
    match finding.paths_total.saturating_sub(finding.paths.len()) {
        0 => {}
        more => text.push_str(&format!(
            "<p class=\"quiet\">and from {}</p>\n",
            counted(more, "more root", "more roots")
        )),
    }
    text
}

/// How a package without a path is required.
pub(super) fn direct(finding: &Finding) -> String {
    match finding.direct {
        true => fact("Required", "directly by a root"),
        false => String::new(),
    }
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

/// Where in the tree a node is.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Place {
    Package,
    Above,
}

/// No path has more than eleven steps, so that this goes no deeper.
fn draw(nodes: &[Node], at: usize, place: Place, text: &mut String) {
    let Some(node) = nodes.get(at) else {
        return;
    };
    text.push_str("<span class=\"node\">");
    if !node.from.is_empty() {
        text.push_str("<span class=\"from\">");
        for from in &node.from {
            draw(nodes, *from, Place::Above, text);
        }
        text.push_str("</span>");
    }
    let class = match place {
        Place::Package => "step held",
        Place::Above if node.step.starts_with('…') => "step left-out",
        Place::Above => "step",
    };
    let between = match place {
        Place::Package => "",
        Place::Above => "<span class=\"unseen\"> → </span>",
    };
    text.push_str(&format!(
        "<span class=\"{class}\">{}</span>{between}</span>",
        html(&node.step)
    ));
}
