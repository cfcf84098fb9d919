//! The graph of a `pnpm-lock.yaml` with a plan carried out.
//!
//! A package that stays is beside the same peers as before; one that comes in the place of another is beside those of that one. A peer that is
//! new to a package is what everything above it leads to: where that is not one thing, pnpm has to say it.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use super::Refused;
use super::pnpm_graph::{Graph, Need, Node, Origin, To};
use super::pnpm_names::Names;
use super::pnpm_text;
use crate::lockfile::pnpm_lock::locked::Locked;
use crate::model::{Release, RequirementKind};
use crate::plan::{EntryEdit, Lead, LeadEdit, OwnEdit, Plan};
use crate::text::json;

/// A graph has at most so many nodes that come in.
const MAX_NEW: usize = 20_000;

/// Packages by name and version.
type Id = (String, String);

/// What a plan says, by the package or project that it says it of.
pub(super) struct Changes<'p> {
    of: HashMap<&'p str, &'p LeadEdit>,
}

impl<'p> Changes<'p> {
    pub(super) fn of(plan: &'p Plan) -> Result<Self, Refused> {
        let mut of = HashMap::new();
        for change in &plan.entries {
            match &change.edit {
                EntryEdit::Own(OwnEdit::Lead(edit)) => of.insert(change.place.as_str(), &**edit),
                _ => return Err(Refused("The plan is one of another format.".to_owned())),
            };
        }
        Ok(Self { of })
    }

    pub(super) fn release(&self, id: &str) -> Option<&'p Release> {
        self.of.get(id).and_then(|edit| edit.release.as_ref())
    }

    fn leads(&self, place: &str) -> &'p [Lead] {
        self.of.get(place).map_or(&[], |edit| edit.leads.as_slice())
    }

    /// What `name` of the dependent at `place` leads to in the place of `from`.
    fn lead(&self, place: &str, name: &str, from: &str) -> Option<&'p Lead> {
        let mut leads = self.leads(place).iter();
        leads.find(|lead| lead.name == name && lead.from == from)
    }
}

/// The folder of an importer as plans call it.
pub(super) fn place_of(folder: &str) -> &str {
    if folder == "." { "" } else { folder }
}

pub(super) struct Builder<'a> {
    locked: &'a Locked,
    old: &'a Graph,
    names: &'a Names<'a>,
    changes: &'a Changes<'a>,
    /// A node of the lockfile for each package.
    examples: HashMap<Id, usize>,
    /// What leads to each node of the lockfile.
    dependents: Vec<Vec<usize>>,
    /// Which projects ask for it, and under which name.
    owners: Vec<Vec<usize>>,
    /// What is there from now on in the place of each package.
    moved: HashMap<Id, BTreeSet<Id>>,
    /// The same for what only peers lead to.
    moved_peers: HashMap<Id, BTreeSet<Id>>,
    /// The names of everything that is there, before or after.
    known: HashSet<String>,
    kept: HashMap<usize, usize>,
    instead: HashMap<(usize, String), usize>,
    graph: Graph,
    /// The node that each new one came in for.
    open: Vec<usize>,
}

impl<'a> Builder<'a> {
    pub(super) fn build(
        locked: &'a Locked,
        old: &'a Graph,
        names: &'a Names<'a>,
        changes: &'a Changes<'a>,
    ) -> Result<Graph, Refused> {
        let mut examples = HashMap::new();
        let mut dependents = vec![Vec::new(); old.nodes.len()];
        for (number, node) in old.nodes.iter().enumerate() {
            examples
                .entry((node.name.clone(), node.version.clone()))
                .or_insert(number);
            for need in node.needs.values() {
                if let To::Node(to) = need.to {
                    dependents[to].push(number);
                }
            }
        }
        let mut owners = vec![Vec::new(); old.nodes.len()];
        for (number, own) in old.own.iter().enumerate() {
            for to in own.iter().flatten() {
                owners[*to].push(number);
            }
        }
        let mut builder = Self {
            locked,
            old,
            names,
            changes,
            examples,
            dependents,
            owners,
            moved: HashMap::new(),
            moved_peers: HashMap::new(),
            known: HashSet::new(),
            kept: HashMap::new(),
            instead: HashMap::new(),
            graph: Graph::default(),
            open: Vec::new(),
        };
        builder.follow();
        builder.fill_all()?;
        Ok(builder.graph)
    }

    /// Finds out what is there in the place of each package.
    fn follow(&mut self) {
        let mut open: Vec<Id> = Vec::new();
        let mut steps: Vec<(Id, Id, bool)> = Vec::new();
        for (own, importer) in self.old.own.iter().zip(&self.locked.importers) {
            for (to, wish) in own.iter().zip(&importer.needs) {
                let Some(from) = to.map(|to| self.id(to)) else {
                    continue;
                };
                let lead = self.changes.lead(place_of(&importer.folder), &wish.name, &from.1);
                let to = lead.map_or_else(|| from.clone(), target);
                open.push(to.clone());
                steps.push((from, to, false));
            }
        }
        let mut of_package: HashMap<Id, Vec<usize>> = HashMap::new();
        for number in 0..self.old.nodes.len() {
            of_package.entry(self.id(number)).or_default().push(number);
        }
        let mut seen: HashSet<Id> = HashSet::new();
        while let Some(id) = open.pop() {
            if !seen.insert(id.clone()) {
                continue;
            }
            let place = format!("{}@{}", id.0, id.1);
            for number in of_package.get(&id).into_iter().flatten() {
                let node = &self.old.nodes[*number];
                for (name, need) in node.all() {
                    let To::Node(to) = need.to else { continue };
                    let from = self.id(to);
                    let lead = self.changes.lead(&place, name, &from.1);
                    let to = lead.map_or_else(|| from.clone(), target);
                    open.push(to.clone());
                    steps.push((from, to, node.peers.contains_key(name)));
                }
            }
            if self.changes.release(&place).is_some() {
                open.extend(self.changes.leads(&place).iter().map(target));
            }
        }
        // What a package leads to that is there in the place of another counts for what that led to.
        let pairs: Vec<(Id, Id)> = steps
            .iter()
            .filter(|(from, to, _)| from != to && from.0 == to.0)
            .map(|(from, to, _)| (from.clone(), to.clone()))
            .collect();
        for (from, to) in pairs {
            let (Some(old), place) = (self.examples.get(&from), format!("{}@{}", to.0, to.1)) else {
                continue;
            };
            for (name, need) in &self.old.nodes[*old].needs {
                let To::Node(old) = need.to else { continue };
                let mut leads = self.changes.leads(&place).iter();
                if self.changes.release(&place).is_some()
                    && let Some(lead) = leads.find(|lead| lead.name == *name)
                {
                    steps.push((self.id(old), target(lead), false));
                }
            }
        }
        self.known = seen.into_iter().map(|(name, _)| name).collect();
        for (from, to, is_peer) in steps {
            let moved = match is_peer {
                true => &mut self.moved_peers,
                false => &mut self.moved,
            };
            moved.entry(from).or_default().insert(to);
        }
    }

    fn id(&self, old: usize) -> Id {
        let node = &self.old.nodes[old];
        (node.name.clone(), node.version.clone())
    }

    fn fill_all(&mut self) -> Result<(), Refused> {
        for (own, importer) in self.old.own.iter().zip(&self.locked.importers) {
            let mut leads = Vec::new();
            for (to, wish) in own.iter().zip(&importer.needs) {
                let Some(to) = *to else {
                    leads.push(None);
                    continue;
                };
                let version = &self.old.nodes[to].version;
                let lead = self.changes.lead(place_of(&importer.folder), &wish.name, version);
                leads.push(Some(match lead {
                    None => self.keep(to),
                    Some(lead) => self.instead_of(to, lead)?,
                }));
            }
            self.graph.own.push(leads);
        }
        while let Some(number) = self.open.pop() {
            if self.graph.nodes.len() > self.old.nodes.len() + MAX_NEW {
                return Err(Refused("Too many packages would have to come in.".to_owned()));
            }
            self.fill(number)?;
        }
        Ok(())
    }

    fn add(&mut self, (name, version): Id, origin: Origin) -> usize {
        let number = self.graph.nodes.len();
        self.graph.nodes.push(Node {
            name,
            version,
            needs: BTreeMap::new(),
            peers: BTreeMap::new(),
            expects: BTreeSet::new(),
            origin,
        });
        self.open.push(number);
        number
    }

    /// The node that stays.
    fn keep(&mut self, old: usize) -> usize {
        if let Some(known) = self.kept.get(&old) {
            return *known;
        }
        let number = self.add(self.id(old), Origin::Kept(old));
        self.kept.insert(old, number);
        number
    }

    /// The node that is there in the place of `old`.
    fn instead_of(&mut self, old: usize, lead: &Lead) -> Result<usize, Refused> {
        let node = &self.old.nodes[old];
        if node.name != lead.package {
            return Err(Refused(format!(
                "{} would be in the place of {}, which is another package.",
                lead.package, node.name
            )));
        }
        if node.version == lead.to {
            return Ok(self.keep(old));
        }
        let key = (old, lead.to.clone());
        if let Some(known) = self.instead.get(&key) {
            return Ok(*known);
        }
        let number = self.add(target(lead), Origin::Instead(old));
        self.instead.insert(key, number);
        Ok(number)
    }

    /// Says what the node leads to.
    fn fill(&mut self, number: usize) -> Result<(), Refused> {
        let node = self.graph.nodes[number].clone();
        let place = node.id();
        let example = match node.origin {
            Origin::Kept(old) => Some(old),
            Origin::Instead(_) | Origin::New(_) => {
                let id = (node.name.clone(), node.version.clone());
                self.examples.get(&id).copied()
            }
        };
        // What it needs: the name, whether it can be left out, and where that leads to if it is none of the lockfile's own folders.
        let mut wanted: Vec<(String, bool, Result<Lead, To>)> = Vec::new();
        let (expects, optional_peers): (BTreeSet<String>, BTreeSet<String>) =
            match (example, self.changes.release(&place)) {
                (Some(example), _) => {
                    let of_package = example;
                    let example = &self.old.nodes[of_package];
                    for (name, need) in &example.needs {
                        let to = match &need.to {
                            To::Outside(_) => Err(need.to.clone()),
                            To::Node(to) => {
                                let old = &self.old.nodes[*to];
                                let known = self.changes.lead(&place, name, &old.version).cloned();
                                Ok(known.unwrap_or_else(|| Lead {
                                    name: name.clone(),
                                    from: old.version.clone(),
                                    package: old.name.clone(),
                                    to: old.version.clone(),
                                    range: String::new(),
                                }))
                            }
                        };
                        wanted.push((name.clone(), need.is_optional, to));
                    }
                    let package = self.locked.snapshots[of_package].package;
                    let optional = self.locked.packages[package].optional_peers.clone();
                    (example.expects.clone(), optional)
                }
                (None, Some(release)) => {
                    let peers = peers(release)?;
                    for lead in self.changes.leads(&place) {
                        if peers.0.contains(&lead.name) {
                            continue;
                        }
                        let mut asks = release.dependencies.iter();
                        let kind = asks.find(|asks| *asks.name == *lead.name).map(|asks| asks.kind);
                        wanted.push((
                            lead.name.clone(),
                            kind == Some(RequirementKind::Optional),
                            Ok(lead.clone()),
                        ));
                    }
                    peers
                }
                (None, None) => return Err(Refused(format!("The plan does not say what {place} is."))),
            };
        let old = match node.origin {
            Origin::Kept(old) | Origin::Instead(old) => Some(old),
            Origin::New(_) => None,
        };
        let mut needs: BTreeMap<String, Need> = BTreeMap::new();
        for (name, is_optional, to) in wanted {
            let to = match to {
                Err(outside) => outside,
                Ok(lead) => {
                    let before = old
                        .and_then(|old| self.old.nodes[old].needs.get(&name))
                        .map(|need| &need.to);
                    let before = match before {
                        Some(To::Node(before)) if self.old.nodes[*before].name == lead.package => {
                            Some(*before)
                        }
                        _ => None,
                    };
                    To::Node(match before {
                        Some(before) => self.instead_of(before, &lead)?,
                        None => self.bring(number, &lead),
                    })
                }
            };
            needs.insert(name, Need { to, is_optional });
        }
        self.graph.nodes[number].needs = needs;
        let mut beside: BTreeMap<String, Need> = BTreeMap::new();
        for name in &expects {
            let known = old.map(|old| &self.old.nodes[old]);
            let to = match known.and_then(|known| known.peers.get(name)) {
                Some(need) => Some(self.provided(&need.to)?),
                // It was missing before.
                None if known.is_some_and(|known| known.expects.contains(name)) => None,
                None => self.found(number, name, optional_peers.contains(name))?,
            };
            if let Some(to) = to {
                let is_optional = optional_peers.contains(name);
                beside.insert(name.clone(), Need { to, is_optional });
            }
        }
        let node = &mut self.graph.nodes[number];
        node.peers = beside;
        node.expects = expects;
        Ok(())
    }

    /// The node of what comes in for `parent`.
    fn bring(&mut self, parent: usize, lead: &Lead) -> usize {
        let id = target(lead);
        // One without peers is the same everywhere.
        if let Some(example) = self.examples.get(&id)
            && self.names.is_alone(*example)
        {
            return self.keep(*example);
        }
        let mut above = Some(parent);
        while let Some(number) = above {
            let node = &self.graph.nodes[number];
            if (&node.name, &node.version) == (&id.0, &id.1) {
                return number;
            }
            above = match node.origin {
                Origin::New(parent) => Some(parent),
                Origin::Kept(_) | Origin::Instead(_) => None,
            };
        }
        self.add(id, Origin::New(parent))
    }

    /// What is there from now on in the place of a peer.
    fn provided(&mut self, to: &To) -> Result<To, Refused> {
        let To::Node(old) = to else {
            return Ok(to.clone());
        };
        let id = self.id(*old);
        let moved = self.moved.get(&id).or_else(|| self.moved_peers.get(&id));
        let targets: Vec<Id> = moved.into_iter().flatten().cloned().collect();
        match targets.as_slice() {
            [] => Ok(To::Node(self.keep(*old))),
            [(package, version)] => {
                let lead = Lead {
                    name: package.clone(),
                    from: id.1,
                    package: package.clone(),
                    to: version.clone(),
                    range: String::new(),
                };
                Ok(To::Node(self.instead_of(*old, &lead)?))
            }
            several => {
                let versions: Vec<&str> = several.iter().map(|(_, version)| version.as_str()).collect();
                Err(Refused(format!(
                    "{} {} is a peer of other packages, and would be locked in the versions {}: which of them is beside which package is for pnpm to say.",
                    id.0,
                    id.1,
                    versions.join(" and ")
                )))
            }
        }
    }

    /// What is beside a node, by what is above it.
    fn found(&mut self, number: usize, name: &str, is_optional: bool) -> Result<Option<To>, Refused> {
        let mut at = number;
        loop {
            let node = &self.graph.nodes[at];
            if at != number {
                if let Some(need) = node.needs.get(name) {
                    return Ok(Some(need.to.clone()));
                }
                if node.name == name {
                    return Ok(Some(To::Node(at)));
                }
            }
            match node.origin {
                Origin::New(parent) => at = parent,
                Origin::Kept(old) | Origin::Instead(old) => {
                    return self.found_above(number, old, name, is_optional);
                }
            }
        }
    }

    fn found_above(
        &mut self,
        number: usize,
        old: usize,
        name: &str,
        is_optional: bool,
    ) -> Result<Option<To>, Refused> {
        let package = self.graph.nodes[number].id();
        if !self.known.contains(name) && !self.known_outside(name) {
            return match is_optional || !self.locked.installs_peers {
                true => Ok(None),
                false => Err(Refused(format!(
                    "{package} needs {name} beside it, which pnpm would install: add it to what the project asks for."
                ))),
            };
        }
        // What each way up leads to, and whether one ends with a project that has nothing.
        let mut targets: BTreeSet<Option<To>> = BTreeSet::new();
        let mut ends_without = false;
        let mut seen: HashSet<usize> = HashSet::new();
        let mut open = vec![old];
        while let Some(at) = open.pop() {
            if !seen.insert(at) {
                continue;
            }
            let node = &self.old.nodes[at];
            // What the first has itself is known already.
            let own = node.needs.get(name).map(|need| need.to.clone());
            let own = own.or_else(|| (node.name == name).then_some(To::Node(at)));
            let around = &self.names.around[at];
            let found = own
                .filter(|_| at != old)
                .or_else(|| around.beside.get(name).cloned());
            if found.is_some() || around.missing.contains(name) {
                targets.insert(found);
                continue;
            }
            for own in &self.owners[at] {
                let importer = &self.locked.importers[*own];
                let wish = importer.needs.iter().find(|wish| wish.name == name);
                ends_without |= wish.is_none();
                targets.insert(wish.map(|wish| match wish.to {
                    Some(to) => To::Node(to),
                    None => To::Outside(wish.version.text.clone()),
                }));
            }
            open.extend(&self.dependents[at]);
        }
        let targets: Vec<Option<To>> = targets.into_iter().collect();
        match targets.as_slice() {
            [Some(To::Node(to))] => {
                let to = To::Node(*to);
                self.provided(&to).map(Some)
            }
            [None] if !ends_without => Ok(None),
            _ => Err(Refused(format!(
                "{package} expects {name} beside it, other than before, and which version that is, is for pnpm to say."
            ))),
        }
    }

    fn known_outside(&self, name: &str) -> bool {
        let mut wishes = self.locked.importers.iter().flat_map(|importer| &importer.needs);
        wishes.any(|wish| wish.name == name)
    }
}

fn target(lead: &Lead) -> Id {
    (lead.package.clone(), lead.to.clone())
}

/// The peers that a release expects, and those of them that may be absent.
fn peers(release: &Release) -> Result<(BTreeSet<String>, BTreeSet<String>), Refused> {
    let document = json::read(&release.document);
    let root = document.root();
    let all = pnpm_text::peers(root);
    let own = [
        pnpm_text::table(root, "dependencies"),
        pnpm_text::table(root, "optionalDependencies"),
    ];
    let is_both = |name: &&String| own.iter().any(|own| own.contains_key(*name));
    if let Some(name) = all.keys().find(is_both) {
        return Err(Refused(format!(
            "{name} is both a dependency and a peer of a package that would come in: upgrade with pnpm."
        )));
    }
    let optional = all.iter().filter(|(_, (_, is_optional))| *is_optional);
    let optional = optional.map(|(name, _)| name.clone()).collect();
    Ok((all.into_keys().collect(), optional))
}
