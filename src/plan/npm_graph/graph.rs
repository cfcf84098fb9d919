//! What is locked as a graph: descriptors, resolutions, and which descriptor leads to which resolution.

use std::cell::RefCell;
use std::collections::{BTreeMap, HashMap};
use std::hash::{Hash as _, Hasher as _};
use std::rc::Rc;

use foldhash::fast::RandomState;

use super::{Described, Locked, Need};
use crate::lockfile::package_lock::installed::requirement;
use crate::model::{Release, Requirement, RequirementKind};
use crate::plan::{Constraint, Descriptor};

/// The number of a descriptor.
pub(super) type Wanted = u32;
/// The number of a resolution.
pub(super) type Found = u32;

/// A package in a version.
#[derive(Debug)]
pub(super) struct Resolution {
    pub(super) name: String,
    pub(super) version: String,
    pub(super) needs: Vec<Wanted>,
    /// What it expects beside itself.
    pub(super) peers: Vec<Requirement>,
    /// Why it cannot be exchanged.
    pub(super) is_fixed: Option<&'static str>,
    /// What it was taken from, if the plan brought it.
    pub(super) release: Option<Rc<Release>>,
    /// Its place in the lockfile.
    pub(super) place: Option<String>,
}

impl Resolution {
    /// `NAME@VERSION`.
    pub(super) fn id(&self) -> String {
        format!("{}@{}", self.name, self.version)
    }
}

/// A descriptor, and what it means.
#[derive(Debug)]
pub(super) struct Asked {
    pub(super) descriptor: Descriptor,
    /// The package and the range in it.
    pub(super) means: Requirement,
}

/// Everything that has a number. It only grows, so that numbers stay what they are.
#[derive(Debug, Default)]
pub(super) struct Table {
    wanted: RefCell<Numbered<Asked>>,
    numbers: RefCell<HashMap<Descriptor, Wanted, RandomState>>,
    found: RefCell<Numbered<Resolution>>,
    versions: RefCell<HashMap<(String, String), Found, RandomState>>,
    names: RefCell<HashMap<String, Vec<Found>, RandomState>>,
}

/// Things by their numbers.
type Numbered<T> = Vec<Rc<T>>;

fn add<T>(all: &RefCell<Numbered<T>>, one: T) -> u32 {
    let mut all = all.borrow_mut();
    all.push(Rc::new(one));
    (all.len() - 1) as u32
}

impl Table {
    pub(super) fn wanted(&self, descriptor: &Descriptor) -> Wanted {
        if let Some(known) = self.numbers.borrow().get(descriptor) {
            return *known;
        }
        let means = requirement(&descriptor.name, &descriptor.range, RequirementKind::Runtime);
        let asked = Asked {
            descriptor: descriptor.clone(),
            means,
        };
        let number = add(&self.wanted, asked);
        self.numbers.borrow_mut().insert(descriptor.clone(), number);
        number
    }

    /// Every descriptor of `name`.
    fn of_name(&self, name: &str) -> Vec<Wanted> {
        let wanted = self.wanted.borrow();
        let all = wanted.iter().enumerate();
        let of_name = all.filter(|(_, asked)| *asked.descriptor.name == *name);
        of_name.map(|(number, _)| number as Wanted).collect()
    }

    pub(super) fn asked(&self, wanted: Wanted) -> Rc<Asked> {
        self.wanted.borrow()[wanted as usize].clone()
    }

    pub(super) fn resolution(&self, found: Found) -> Rc<Resolution> {
        self.found.borrow()[found as usize].clone()
    }

    /// Every resolution of the package `name`.
    pub(super) fn called(&self, name: &str) -> Vec<Found> {
        self.names.borrow().get(name).cloned().unwrap_or_default()
    }

    fn add(&self, resolution: Resolution) -> Found {
        let name = resolution.name.clone();
        let number = add(&self.found, resolution);
        self.names.borrow_mut().entry(name).or_default().push(number);
        number
    }

    fn locked(&self, locked: &Locked, needs: Vec<Wanted>) -> Found {
        let number = self.add(Resolution {
            name: locked.name.clone(),
            version: locked.version.clone(),
            needs,
            peers: locked.peers.clone(),
            is_fixed: locked.is_fixed,
            release: None,
            place: Some(locked.place.clone()),
        });
        if locked.is_fixed.is_none() {
            let key = (locked.name.clone(), locked.version.clone());
            self.versions.borrow_mut().entry(key).or_insert(number);
        }
        number
    }

    /// The resolution of `release` of the package `name`: that of the lockfile, where it has it.
    pub(super) fn released(
        &self,
        name: &str,
        release: &Release,
        needs: impl FnOnce() -> Vec<Wanted>,
    ) -> Found {
        let key = (name.to_owned(), release.version.to_string());
        if let Some(known) = self.versions.borrow().get(&key) {
            return *known;
        }
        let is_peer =
            |kind: RequirementKind| matches!(kind, RequirementKind::Peer | RequirementKind::OptionalPeer);
        let peers = release.dependencies.iter().filter(|one| is_peer(one.kind));
        let number = self.add(Resolution {
            name: key.0.clone(),
            version: key.1.clone(),
            needs: needs(),
            peers: peers.cloned().collect(),
            is_fixed: None,
            release: Some(Rc::new(release.clone())),
            place: None,
        });
        self.versions.borrow_mut().insert(key, number);
        number
    }
}

/// What a plan has changed so far.
#[derive(Debug, Clone, Default)]
pub(super) struct State {
    /// What each descriptor leads to.
    to: Vec<Option<Found>>,
    /// What each manifest of one's own asks for.
    pub(super) own: Vec<Rc<Vec<Wanted>>>,
    /// Ranges of one's own manifests, by folder and name: the old and the new one.
    pub(super) ranges: BTreeMap<(String, String), (String, String)>,
    /// What the root's manifest says from now on in the place of what is asked for, by name.
    pub(super) overrides: BTreeMap<String, (String, Found)>,
}

/// What is in use.
#[derive(Debug, Clone, Default)]
pub(super) struct Live {
    wanted: Vec<bool>,
    found: Vec<bool>,
    /// In the order in which they were found.
    pub(super) all: Vec<Found>,
}

fn mark(marks: &mut Vec<bool>, number: u32) -> bool {
    let number = number as usize;
    if marks.len() <= number {
        marks.resize(number + 1, false);
    }
    !std::mem::replace(&mut marks[number], true)
}

impl Live {
    pub(super) fn wants(&self, wanted: Wanted) -> bool {
        self.wanted.get(wanted as usize).copied().unwrap_or_default()
    }

    pub(super) fn has(&self, found: Found) -> bool {
        self.found.get(found as usize).copied().unwrap_or_default()
    }
}

/// What asks for something.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Dependent {
    /// The manifest of one's own with this number.
    Own(usize),
    Package(Found),
}

impl State {
    pub(super) fn of(described: &Described, table: &Table) -> Self {
        let mut state = Self::default();
        let wanted = |needs: &[Need]| -> Vec<Wanted> {
            needs.iter().map(|need| table.wanted(&need.descriptor)).collect()
        };
        for locked in &described.entries {
            let found = table.locked(locked, wanted(&locked.needs));
            for descriptor in &locked.descriptors {
                state.lead(table.wanted(descriptor), found);
            }
        }
        let own = described.modules.iter();
        state.own = own.map(|module| Rc::new(wanted(&module.needs))).collect();
        state.rule(described, table);
        state
    }

    /// Leads what the root's manifest decides about to where its rules lead.
    fn rule(&mut self, described: &Described, table: &Table) {
        for (name, range) in &described.rules.all {
            let rule = Descriptor::new(name.as_str(), range.as_str());
            let Some(found) = self.to(table.wanted(&rule)) else {
                continue;
            };
            for wanted in table.of_name(name) {
                if self.to(wanted).is_none() {
                    self.lead(wanted, found);
                }
            }
        }
    }

    pub(super) fn lead(&mut self, wanted: Wanted, found: Found) {
        let wanted = wanted as usize;
        if self.to.len() <= wanted {
            self.to.resize(wanted + 1, None);
        }
        self.to[wanted] = Some(found);
    }

    pub(super) fn to(&self, wanted: Wanted) -> Option<Found> {
        self.to.get(wanted as usize).copied().flatten()
    }

    /// Some descriptor leads to `found`.
    pub(super) fn leads(&self, found: Found) -> bool {
        self.to.contains(&Some(found))
    }

    /// Every descriptor that leads somewhere.
    pub(super) fn leading(&self) -> impl Iterator<Item = (Wanted, Found)> {
        let all = self.to.iter().enumerate();
        all.filter_map(|(wanted, found)| Some((wanted as Wanted, (*found)?)))
    }

    /// Equal for states with the same changes.
    pub(super) fn fingerprint(&self) -> u64 {
        let mut hasher = std::hash::DefaultHasher::new();
        self.to.hash(&mut hasher);
        self.own.hash(&mut hasher);
        self.overrides.hash(&mut hasher);
        hasher.finish()
    }

    /// What one's own manifests lead to.
    pub(super) fn live(&self, table: &Table) -> Live {
        let mut live = Live::default();
        let mut open: Vec<Wanted> = Vec::new();
        for needs in &self.own {
            open.extend(needs.iter());
        }
        while let Some(wanted) = open.pop() {
            if !mark(&mut live.wanted, wanted) {
                continue;
            }
            if let Some(found) = self.to(wanted)
                && mark(&mut live.found, found)
            {
                live.all.push(found);
                open.extend(table.resolution(found).needs.iter());
            }
        }
        live
    }

    /// Everything in use that asks for `wanted`: one's own manifests first.
    pub(super) fn dependents(&self, table: &Table, live: &Live, wanted: Wanted) -> Vec<Dependent> {
        let own = self.own.iter().enumerate();
        let own = own.filter(|(_, needs)| needs.contains(&wanted));
        let mut all: Vec<Dependent> = own.map(|(number, _)| Dependent::Own(number)).collect();
        let mut packages: Vec<Found> = live
            .all
            .iter()
            .copied()
            .filter(|found| table.resolution(*found).needs.contains(&wanted))
            .collect();
        packages.sort_unstable();
        all.extend(packages.into_iter().map(Dependent::Package));
        all
    }

    /// The descriptors in use that lead to `found`.
    pub(super) fn leading_to(&self, live: &Live, found: Found) -> Vec<Wanted> {
        let leading = self.leading().filter(|(_, to)| *to == found);
        leading
            .map(|(wanted, _)| wanted)
            .filter(|wanted| live.wants(*wanted))
            .collect()
    }
}

/// What `dependent` asks for, as a person reads it.
pub(super) fn constraint(
    described: &Described,
    table: &Table,
    dependent: Dependent,
    asked: &Asked,
) -> Constraint {
    Constraint {
        dependent: label(described, table, dependent),
        name: asked.descriptor.name.to_string(),
        range: asked.means.range.to_string(),
    }
}

/// `NAME VERSION`, or the manifest of one's own.
pub(super) fn label(described: &Described, table: &Table, dependent: Dependent) -> String {
    match dependent {
        Dependent::Package(found) => {
            let resolution = table.resolution(found);
            format!("{} {}", resolution.name, resolution.version)
        }
        Dependent::Own(number) => match described.modules.get(number).map(|module| module.folder.as_str()) {
            None | Some("") => "package.json".to_owned(),
            Some(folder) => format!("{folder}/package.json"),
        },
    }
}
