//! Where Bun puts packages: the keys of a lockfile, from who needs whom.
//!
//! Found with Bun 1.2.0 to 1.4.5, whose lockfiles of real projects this gives key by key. From the root on, one level after the other, each
//! dependency goes as far up as no other package has its name. Those that are for development come first, then optional ones, then
//! the others, then peers. A peer is content with what is there in its range, or with what the root asks for. A package is the same
//! wherever it is, and so is what it needs.

use std::collections::{BTreeMap, HashMap, VecDeque};

use crate::lockfile::bun_lock::locked::{Entry, Locked, Need, What};
use crate::model::RequirementKind;
use crate::version::range::RangeSyntax as _;
use crate::version::range::npm::Npm;

/// Folders inside of folders are followed so deep.
const MAX_DEPTH: usize = 96;

/// A key, and the number of the entry that has what is there.
pub(super) type Placed = (String, usize);

/// The keys that Bun gives to what `locked` locks, in its order, each with an entry of `locked` that is the same package.
///
/// # Errors
/// Why that is not known, as a sentence.
pub(super) fn lay_out(locked: &Locked) -> Result<Vec<Placed>, String> {
    let mut hoister = Hoister {
        packages: packages(locked)?,
        trees: Vec::new(),
        waiting: HashMap::new(),
        open: VecDeque::new(),
        placed: 0,
        most: locked.entries.len() * 2 + 100,
    };
    hoister.fill(None, "", 0, 0)?;
    while let Some(next) = hoister.open.pop_front() {
        let need = hoister.need(next.need);
        if let Some(package) = need.to {
            hoister.fill(Some(next.tree), &need.name, package, next.root)?;
        }
    }
    hoister.keys()
}

/// A package, wherever it is.
struct Package<'l> {
    /// The version, of one of a registry.
    version: Option<&'l str>,
    is_folder: bool,
    /// An entry with it; none for a project.
    entry: usize,
    needs: Vec<Edge>,
}

#[derive(Clone)]
struct Edge {
    name: String,
    range: String,
    kind: Kind,
    is_bundled: bool,
    to: Option<usize>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    /// A project of the root.
    Project,
    Of(RequirementKind),
}

impl Edge {
    fn of(need: &Need) -> Self {
        Self {
            name: need.name.clone(),
            range: need.meant.clone(),
            kind: Kind::Of(need.kind),
            is_bundled: false,
            to: None,
        }
    }

    fn is_dev(&self) -> bool {
        self.kind == Kind::Of(RequirementKind::Dev)
    }

    fn is_peer(&self) -> bool {
        matches!(
            self.kind,
            Kind::Of(RequirementKind::Peer | RequirementKind::OptionalPeer)
        )
    }

    /// What comes first.
    fn rank(&self) -> u8 {
        match self.kind {
            Kind::Project => 0,
            Kind::Of(RequirementKind::Dev) => 1,
            Kind::Of(RequirementKind::OptionalPeer) => 2,
            Kind::Of(RequirementKind::Optional) => 3,
            Kind::Of(RequirementKind::Runtime | RequirementKind::Bundled) => 4,
            Kind::Of(RequirementKind::Peer) => 5,
        }
    }
}

/// The packages, the root first and then the other projects; what each needs is found from where it is.
fn packages(locked: &Locked) -> Result<Vec<Package<'_>>, String> {
    let own = |needs: &[Need]| needs.iter().map(Edge::of).collect::<Vec<Edge>>();
    let mut packages: Vec<Package<'_>> = locked
        .members
        .iter()
        .map(|member| Package {
            version: None,
            is_folder: false,
            entry: usize::MAX,
            needs: own(&member.needs),
        })
        .collect();
    if let Some(root) = packages.first_mut() {
        root.needs
            .extend(locked.members.iter().skip(1).map(|member| Edge {
                name: member.name.clone(),
                range: String::new(),
                kind: Kind::Project,
                is_bundled: false,
                to: None,
            }));
    }
    let members: HashMap<&str, usize> = locked
        .members
        .iter()
        .enumerate()
        .map(|(number, member)| (member.folder.as_str(), number))
        .collect();
    let mut numbers: HashMap<&str, usize> = HashMap::new();
    let mut at: HashMap<&str, usize> = HashMap::new();
    let keys: HashMap<&str, &Entry> = locked
        .entries
        .iter()
        .map(|entry| (entry.key.as_str(), entry))
        .collect();
    for (number, entry) in locked.entries.iter().enumerate() {
        let package = match &entry.what {
            What::Project(folder) => members.get(folder.as_str()).copied(),
            What::Registered | What::Folder | What::Other => numbers.get(entry.said.as_str()).copied(),
        };
        let package = package.unwrap_or_else(|| {
            let is_bundled = |name: &str| {
                let key = format!("{}/{name}", entry.key);
                keys.get(key.as_str()).is_some_and(|inner| inner.is_bundled)
            };
            let mut needs = own(&entry.needs);
            for need in &mut needs {
                need.is_bundled = is_bundled(&need.name);
            }
            packages.push(Package {
                version: (entry.what == What::Registered).then_some(entry.version.as_str()),
                is_folder: entry.what == What::Folder,
                entry: number,
                needs,
            });
            numbers.insert(&entry.said, packages.len() - 1);
            packages.len() - 1
        });
        if let (What::Project(_), Some(package)) = (&entry.what, packages.get_mut(package)) {
            package.entry = number;
        }
        at.insert(&entry.key, package);
    }
    let mut found: Vec<(usize, usize, Option<usize>)> = Vec::new();
    let mut ask = |package: usize, key: &str, packages: &[Package<'_>]| {
        let needs = packages.get(package).map(|package| &package.needs);
        for (number, need) in needs.into_iter().flatten().enumerate() {
            found.push((package, number, find(&at, key, &need.name)));
        }
    };
    for (number, member) in locked.members.iter().enumerate() {
        let key = match number {
            0 => "",
            _ => member.name.as_str(),
        };
        ask(number, key, &packages);
    }
    for entry in &locked.entries {
        if let (false, Some(package)) = (matches!(entry.what, What::Project(_)), at.get(entry.key.as_str())) {
            ask(*package, &entry.key, &packages);
        }
    }
    let mut known: HashMap<(usize, usize), Option<usize>> = HashMap::new();
    for (package, number, to) in found {
        let before = known.insert((package, number), to);
        let need = packages
            .get_mut(package)
            .and_then(|package| package.needs.get_mut(number));
        let Some(need) = need else { continue };
        if before.is_some_and(|before| before != to) {
            return Err(format!(
                "One package would find two versions of {}, for it is at two places.",
                need.name
            ));
        }
        need.to = to;
    }
    Ok(packages)
}

/// What `name` means at `key`.
fn find(at: &HashMap<&str, usize>, key: &str, name: &str) -> Option<usize> {
    let mut above = key;
    loop {
        let candidate = match above {
            "" => name.to_owned(),
            above => format!("{above}/{name}"),
        };
        if let Some(found) = at.get(candidate.as_str()) {
            return Some(*found);
        }
        if above.is_empty() {
            return None;
        }
        above = parent(above);
    }
}

/// The key above: a scope and its name are one step.
fn parent(key: &str) -> &str {
    let Some((above, _)) = key.rsplit_once('/') else {
        return "";
    };
    let last = above.rsplit_once('/').map_or(above, |(_, last)| last);
    match last.starts_with('@') {
        true => above.rsplit_once('/').map_or("", |(above, _)| above),
        false => above,
    }
}

/// A need of a package: both by their numbers.
type NeedId = (usize, usize);

/// The `node_modules` of a package at a place.
struct Tree {
    above: Option<usize>,
    name: String,
    depth: usize,
    inside: BTreeMap<String, NeedId>,
}

/// A package whose needs have to find their places.
struct Open {
    tree: usize,
    need: NeedId,
    root: usize,
}

/// Where a need goes.
enum Goes {
    /// It finds it there.
    Nowhere,
    /// Another is there.
    Taken,
    /// It takes what is there.
    Takes(Option<usize>),
    /// It fills the place of an optional peer that found nothing so far.
    Fills(usize, NeedId),
    /// It waits with another one for what may come.
    Waits,
    Into(usize, bool),
}

struct Hoister<'l> {
    packages: Vec<Package<'l>>,
    trees: Vec<Tree>,
    /// Optional peers that found nothing so far, by their names.
    waiting: HashMap<String, Vec<NeedId>>,
    open: VecDeque<Open>,
    placed: usize,
    most: usize,
}

impl Hoister<'_> {
    fn need(&self, (package, number): NeedId) -> Edge {
        let package = self.packages.get(package);
        let need = package.and_then(|package| package.needs.get(number));
        need.cloned().unwrap_or(Edge {
            name: String::new(),
            range: String::new(),
            kind: Kind::Project,
            is_bundled: false,
            to: None,
        })
    }

    fn lead(&mut self, (package, number): NeedId, to: Option<usize>) {
        let package = self.packages.get_mut(package);
        if let Some(need) = package.and_then(|package| package.needs.get_mut(number)) {
            need.to = to;
        }
    }

    /// Those that wait for `name` have found it.
    fn wake(&mut self, name: &str, to: Option<usize>) {
        for waiting in self.waiting.remove(name).unwrap_or_default() {
            self.lead(waiting, to);
        }
    }

    fn has_needs(&self, package: Option<usize>) -> bool {
        let package = package.and_then(|package| self.packages.get(package));
        package.is_some_and(|package| !package.needs.is_empty())
    }

    /// Finds places for what `package` needs, which is called `name` in the tree `above`.
    fn fill(&mut self, above: Option<usize>, name: &str, package: usize, root: usize) -> Result<(), String> {
        if !self.has_needs(Some(package)) {
            return Ok(());
        }
        let depth = above
            .and_then(|above| self.trees.get(above))
            .map_or(0, |above| above.depth + 1);
        if depth > MAX_DEPTH {
            return Err("Its folders are too deep inside of each other.".to_owned());
        }
        let own = self.trees.len();
        self.trees.push(Tree {
            above,
            name: name.to_owned(),
            depth,
            inside: BTreeMap::new(),
        });
        let needs = self.packages.get(package).map(|package| &package.needs);
        let mut order: Vec<(u8, String, usize)> = needs
            .into_iter()
            .flatten()
            .enumerate()
            .map(|(number, need)| (need.rank(), need.name.clone(), number))
            .collect();
        order.sort();
        for (_, _, number) in order {
            self.put((package, number), own, root)?;
        }
        if self.trees.last().is_some_and(|tree| tree.inside.is_empty()) {
            self.trees.pop();
        }
        Ok(())
    }

    /// Finds a place for one need of the package whose `node_modules` is `own`.
    fn put(&mut self, id: NeedId, own: usize, root: usize) -> Result<(), String> {
        let need = self.need(id);
        let is_folder = need
            .to
            .and_then(|to| self.packages.get(to))
            .is_some_and(|to| to.is_folder);
        let goes = if need.is_bundled {
            Goes::Into(own, true)
        } else if need.to.is_none() && need.kind != Kind::Of(RequirementKind::OptionalPeer) {
            return Ok(());
        } else if is_folder {
            Goes::Into(own, false)
        } else {
            self.search(&need, own, root)?
        };
        match goes {
            Goes::Nowhere | Goes::Taken => {}
            Goes::Takes(to) => {
                self.lead(id, to);
                self.wake(&need.name, to);
            }
            Goes::Waits => self.waiting.entry(need.name).or_default().push(id),
            Goes::Fills(tree, other) => {
                self.lead(other, need.to);
                self.wake(&need.name, need.to);
                self.place(tree, id, &need, root)?;
            }
            Goes::Into(tree, is_root) => {
                let root = match is_root {
                    true => tree,
                    false => root,
                };
                self.place(tree, id, &need, root)?;
            }
        }
        Ok(())
    }

    fn place(&mut self, tree: usize, id: NeedId, need: &Edge, root: usize) -> Result<(), String> {
        self.placed += 1;
        if self.placed > self.most {
            return Err("Bun would put packages at more places than the file has.".to_owned());
        }
        if let Some(tree) = self.trees.get_mut(tree) {
            tree.inside.insert(need.name.clone(), id);
        }
        if self.has_needs(need.to) {
            self.open.push_back(Open { tree, need: id, root });
        }
        Ok(())
    }

    /// Where a need of the package whose `node_modules` is `own` goes: not above `root`.
    fn search(&self, need: &Edge, own: usize, root: usize) -> Result<Goes, String> {
        let mut at = own;
        while let Some(tree) = self.trees.get(at) {
            if let Some(other) = tree.inside.get(&need.name) {
                return Ok(match self.meets(need, (at, *other), at == own)? {
                    // It stays with who needs it, also where there is room in between.
                    Goes::Taken if at != own => Goes::Into(own, false),
                    goes => goes,
                });
            }
            match tree.above {
                Some(above) if at != root => at = above,
                _ => break,
            }
        }
        Ok(Goes::Into(at, false))
    }

    /// What becomes of a need where another one has its place in the tree `at`.
    fn meets(&self, need: &Edge, (at, other_id): (usize, NeedId), is_own: bool) -> Result<Goes, String> {
        let other = self.need(other_id);
        Ok(match (other.to, need.to) {
            (None, None) => Goes::Waits,
            (None, Some(_)) => Goes::Fills(at, other_id),
            (Some(_), None) => Goes::Takes(other.to),
            (Some(there), Some(wished)) if there == wished => Goes::Nowhere,
            (Some(_), Some(_)) if is_own && other.is_dev() != need.is_dev() => Goes::Nowhere,
            (Some(there), Some(_)) => {
                let version = self.packages.get(there).and_then(|package| package.version);
                let is_in = |version: &str| Npm.contains(&need.range, version).unwrap_or(false);
                let is_content = need.is_peer() && (version.is_some_and(is_in) || other_id.0 == 0);
                match (is_content, is_own && !other.is_peer()) {
                    (true, _) => Goes::Nowhere,
                    (false, true) => {
                        return Err(format!("One package would need two versions of {}.", need.name));
                    }
                    (false, false) => Goes::Taken,
                }
            }
        })
    }

    /// The keys, in the order of the file.
    fn keys(&self) -> Result<Vec<Placed>, String> {
        let path = |tree: &Tree| {
            let mut names = Vec::new();
            let mut at = Some(tree);
            while let Some(tree) = at {
                let above = tree.above.and_then(|above| self.trees.get(above));
                if above.is_some() {
                    names.push(tree.name.as_str());
                }
                at = above;
            }
            names.reverse();
            names.join("/")
        };
        let mut trees: Vec<(usize, String, &Tree)> = self
            .trees
            .iter()
            .map(|tree| (tree.depth, path(tree), tree))
            .collect();
        trees.sort_by(|left, right| (left.0, &left.1).cmp(&(right.0, &right.1)));
        let mut keys = Vec::new();
        for (_, path, tree) in trees {
            for (name, id) in &tree.inside {
                let Some(package) = self.need(*id).to.and_then(|to| self.packages.get(to)) else {
                    continue;
                };
                let key = match path.as_str() {
                    "" => name.clone(),
                    path => format!("{path}/{name}"),
                };
                keys.push((key, package.entry));
            }
        }
        Ok(keys)
    }
}
