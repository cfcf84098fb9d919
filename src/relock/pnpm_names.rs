//! The keys of snapshots: a package, and in brackets the peers that are beside it, sorted.

use std::collections::{BTreeMap, BTreeSet};

use super::Refused;
use super::pnpm_graph::{Around, Graph, Node, Origin, To, around};
use crate::lockfile::pnpm_lock::locked::Locked;

/// Longer lists of peers have a hash in their place.
const MAX_PEERS: usize = 1_000;
/// Peers of peers are followed so far.
const MAX_DEPTH: usize = 100;

/// The keys of a lockfile, and what is around its nodes.
pub(super) struct Names<'l> {
    locked: &'l Locked,
    pub(super) around: Vec<Around>,
    /// The key of each node by what is around it; `None` where that is another than the file's.
    computed: Vec<bool>,
}

impl<'l> Names<'l> {
    pub(super) fn of(locked: &'l Locked, graph: &Graph) -> Self {
        let around = around(graph);
        let mut names = Self {
            locked,
            around,
            computed: Vec::new(),
        };
        let mut known: Vec<Option<Option<String>>> = vec![None; graph.nodes.len()];
        let patches: Vec<&str> = locked
            .snapshots
            .iter()
            .map(|snapshot| patch(&snapshot.key))
            .collect();
        for number in 0..graph.nodes.len() {
            let key = computed(graph, &names.around, &patches, number, &mut known, 0);
            let is_same =
                key.as_deref() == locked.snapshots.get(number).map(|snapshot| snapshot.key.as_str());
            names.computed.push(is_same);
        }
        names
    }

    /// Neither it nor what it needs has peers.
    pub(super) fn is_alone(&self, number: usize) -> bool {
        let around = &self.around[number];
        around.beside.is_empty()
            && around.missing.is_empty()
            && !self.locked.snapshots[number].key.ends_with(')')
    }

    /// The keys of the nodes of `new`, which `old` has become.
    pub(super) fn keys(&self, old: &Graph, new: &Graph) -> Result<Vec<String>, Refused> {
        let all = around(new);
        let patches: Vec<&str> = new.nodes.iter().map(|node| self.patch_of(node)).collect();
        let versions = versions(old, new);
        let mut known: Vec<Option<Option<String>>> = vec![None; new.nodes.len()];
        let mut keys = Vec::with_capacity(new.nodes.len());
        for (number, node) in new.nodes.iter().enumerate() {
            let origin = match node.origin {
                Origin::Kept(old) | Origin::Instead(old) => Some(old),
                Origin::New(_) => None,
            };
            let key = match origin.filter(|old| !self.computed[*old]) {
                Some(before) => self.renamed((&all, &versions), before, (node, &all[number])),
                None => computed(new, &all, &patches, number, &mut known, 0),
            };
            let key = key.ok_or_else(|| {
                Refused(format!(
                    "Which peers are beside {} {} is said in a way that only pnpm can change.",
                    node.name, node.version
                ))
            })?;
            if key.len() - node.id().len() >= MAX_PEERS
                && origin.is_none_or(|old| self.locked.snapshots[old].key != key)
            {
                return Err(Refused(format!(
                    "{} {} has too many peers.",
                    node.name, node.version
                )));
            }
            keys.push(key);
        }
        Ok(keys)
    }

    /// What a patch adds to the key.
    fn patch_of(&self, node: &Node) -> &'l str {
        match node.origin {
            Origin::Kept(old) => patch(&self.locked.snapshots[old].key),
            Origin::Instead(_) | Origin::New(_) => "",
        }
    }

    /// The key of the file with other versions of what stands in it.
    fn renamed(
        &self,
        (all, versions): (&[Around], &Versions),
        before: usize,
        (node, now): (&Node, &Around),
    ) -> Option<String> {
        self.is_alike(all, &self.around[before], now)?;
        let (_, brackets) = split(&self.locked.snapshots[before].key);
        Some(format!("{}{}", node.id(), with(brackets, versions, 0)?))
    }

    /// The same peers are around a node as before, and around these, whatever their versions.
    fn is_alike(&self, all: &[Around], was: &Around, now: &Around) -> Option<()> {
        let mut open = vec![(was, now)];
        let mut seen: BTreeSet<(usize, usize)> = BTreeSet::new();
        while let Some((was, now)) = open.pop() {
            if !was.beside.keys().eq(now.beside.keys()) {
                return None;
            }
            for (before, after) in was.beside.values().zip(now.beside.values()) {
                match (before, after) {
                    (To::Node(before), To::Node(after)) if seen.insert((*before, *after)) => {
                        open.push((&self.around[*before], &all[*after]));
                    }
                    (To::Node(_), To::Node(_)) => {}
                    (To::Outside(_), To::Outside(_)) => {}
                    (_, _) => return None,
                }
            }
        }
        Some(())
    }
}

/// What is there in the place of each package; `None` where it is not one version.
type Versions = BTreeMap<String, Option<String>>;

fn versions(old: &Graph, new: &Graph) -> Versions {
    let mut versions = Versions::new();
    for node in &new.nodes {
        let (Origin::Kept(before) | Origin::Instead(before)) = node.origin else {
            continue;
        };
        let entry = versions.entry(old.nodes[before].id());
        let id = node.id();
        let known = entry.or_insert_with(|| Some(id.clone()));
        if known.as_ref().is_some_and(|known| *known != id) {
            *known = None;
        }
    }
    versions
}

/// The key of a node by what is around it; `None` where peers are around each other, or in folders.
fn computed(
    graph: &Graph,
    around: &[Around],
    patches: &[&str],
    number: usize,
    known: &mut Vec<Option<Option<String>>>,
    depth: usize,
) -> Option<String> {
    if let Some(known) = &known[number] {
        return known.clone();
    }
    if depth > MAX_DEPTH {
        return None;
    }
    // What asks for it on the way asks in a circle.
    known[number] = Some(None);
    let mut peers: Vec<String> = Vec::new();
    let mut is_whole = true;
    for to in around[number].beside.values() {
        let key = match to {
            To::Node(to) => computed(graph, around, patches, *to, known, depth + 1),
            To::Outside(_) => None,
        };
        match key {
            Some(key) => peers.push(key),
            None => is_whole = false,
        }
    }
    let key = is_whole.then(|| {
        peers.sort_by(|left, right| left.encode_utf16().cmp(right.encode_utf16()));
        peers.dedup();
        let mut key = graph.nodes[number].id();
        key.push_str(patches.get(number).copied().unwrap_or_default());
        for peer in peers {
            key.push('(');
            key.push_str(&peer);
            key.push(')');
        }
        key
    });
    known[number] = Some(key.clone());
    key
}

/// A key taken apart: the package, and the brackets.
pub(super) fn split(key: &str) -> (&str, &str) {
    let mut depth = 0_usize;
    let mut start = key.len();
    for (at, byte) in key.bytes().enumerate().rev() {
        match byte {
            b')' => depth += 1,
            b'(' if depth > 0 => {
                depth -= 1;
                if depth == 0 {
                    start = at;
                }
            }
            _ if depth == 0 => break,
            _ => {}
        }
    }
    key.split_at(start)
}

/// What stands in each of the outer brackets.
pub(super) fn items(brackets: &str) -> Vec<&str> {
    let mut items = Vec::new();
    let (mut depth, mut start) = (0_usize, 0);
    for (at, byte) in brackets.bytes().enumerate() {
        match byte {
            b'(' => {
                if depth == 0 {
                    start = at + 1;
                }
                depth += 1;
            }
            b')' => {
                depth = depth.saturating_sub(1);
                if depth == 0 {
                    items.extend(brackets.get(start..at));
                }
            }
            _ => {}
        }
    }
    items
}

/// `(patch_hash=…)` at the start of the brackets.
pub(super) fn patch(key: &str) -> &str {
    let (_, brackets) = split(key);
    match items(brackets)
        .first()
        .filter(|item| item.starts_with("patch_hash="))
    {
        Some(item) => brackets.get(..item.len() + 2).unwrap_or_default(),
        None => "",
    }
}

/// The brackets with other versions of what stands in them, sorted.
fn with(brackets: &str, versions: &Versions, depth: usize) -> Option<String> {
    if depth > MAX_DEPTH {
        return None;
    }
    let mut all: Vec<String> = Vec::new();
    for item in items(brackets) {
        let (id, inner) = split(item);
        // A hash in the place of a list says nothing.
        if !id.starts_with("patch_hash=") && !id.get(1..)?.contains('@') {
            return None;
        }
        let id = match versions.get(id) {
            Some(now) => now.as_deref()?,
            None => id,
        };
        all.push(format!("{id}{}", with(inner, versions, depth + 1)?));
    }
    let from = usize::from(all.first().is_some_and(|first| first.starts_with("patch_hash=")));
    all.get_mut(from..)?
        .sort_by(|left, right| left.encode_utf16().cmp(right.encode_utf16()));
    Some(all.into_iter().map(|item| format!("({item})")).collect())
}
