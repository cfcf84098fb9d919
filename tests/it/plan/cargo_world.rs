//! A small index of crates, a project that takes some of them, and what Cargo locks for it.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};

use lockkeeper::lockfile::cargo_lock::locked::locked;
use lockkeeper::lockfile::cargo_lock::source_of_crates_io;
use lockkeeper::lockfile::cargo_lock::workspace::{Files, Workspace};
use lockkeeper::model::{Query, Release, TreePath};
use lockkeeper::plan::cargo::{Crates, Memory, plan};
use lockkeeper::plan::{Bounds, Known, Manifests, Plan, Releases, Step, Wish};
use lockkeeper::relock::cargo_lock::CargoLock;
use lockkeeper::relock::{Refused, Relock as _};
use lockkeeper::version::semver::Semver;
use lockkeeper::version::{Distance, Scheme as _};
use semver::{Version, VersionReq};
use serde_json::json;

/// The packages of an index. Within what is compatible only one version of each can be locked.
#[derive(Debug, Clone, Default)]
pub(super) struct World {
    releases: BTreeMap<String, Vec<Release>>,
    needs: BTreeMap<(String, String), Needs>,
}

/// Names and ranges.
pub(super) type Needs = Vec<(String, String)>;

/// A package in one of the ranges of versions that are compatible with each other: 1, 0.2, 0.0.3.
pub(super) type Slot = (String, [u64; 3]);

/// What is locked.
pub(super) type Locked = BTreeMap<Slot, String>;

/// Which version of each package a package needs, by its slot; `None` is the project.
pub(super) type Edges = BTreeMap<Option<Slot>, BTreeMap<String, String>>;

/// A checksum that is different for each version.
fn checksum(name: &str, version: &str) -> String {
    let sum = format!("{name} {version}")
        .bytes()
        .fold(5_381_u64, |sum, byte| sum.wrapping_mul(33) ^ u64::from(byte));
    format!("{sum:064x}")
}

/// The slot that a version of a package takes.
pub(super) fn slot(name: &str, version: &str) -> Slot {
    let version = Version::parse(version).expect("a version");
    let numbers = match (version.major, version.minor) {
        (0, 0) => [0, 0, version.patch],
        (0, minor) => [0, minor, 0],
        (major, _) => [major, 0, 0],
    };
    (name.to_owned(), numbers)
}

/// Whether `version` is in `range`.
pub(super) fn is_in(range: &str, version: &str) -> bool {
    let range = VersionReq::parse(range).expect("a range");
    range.matches(&Version::parse(version).expect("a version"))
}

impl World {
    pub(super) fn add(&mut self, name: &str, version: &str, needs: Needs) {
        let lines: Vec<_> = needs
            .iter()
            .map(|(name, range)| {
                json!({
                    "name": name, "req": range, "features": [], "optional": false, "default_features": true,
                    "target": null, "kind": "normal",
                })
            })
            .collect();
        let line = json!({
            "name": name, "vers": version, "deps": lines, "cksum": checksum(name, version), "features": {}, "yanked": false,
        });
        let releases = self.releases.entry(name.to_owned()).or_default();
        releases.push(Release {
            version: version.into(),
            document: line.to_string().into(),
            ..Release::default()
        });
        self.needs.insert((name.to_owned(), version.to_owned()), needs);
    }

    /// The versions of a package, in the order in which they were added.
    pub(super) fn versions(&self, name: &str) -> Vec<&str> {
        let releases = self.releases.get(name).into_iter().flatten();
        releases.map(|release| &*release.version).collect()
    }

    fn needs(&self, name: &str, version: &str) -> &Needs {
        &self.needs[&(name.to_owned(), version.to_owned())]
    }

    /// What fulfils a need: the highest locked version in range, as Cargo prefers it.
    fn found<'l>(locked: &'l Locked, name: &str, range: &str) -> Option<&'l str> {
        let of_name = locked.iter().filter(|((locked, _), _)| locked == name);
        let mut in_range: Vec<&str> = of_name
            .map(|(_, version)| version.as_str())
            .filter(|version| is_in(range, version))
            .collect();
        in_range.sort_by(|left, right| Semver.compare(left, right).expect("versions"));
        in_range.pop()
    }

    /// What each package needs where it takes the highest version in range; `None` where one finds nothing.
    pub(super) fn edges(&self, needs: &Needs, locked: &Locked) -> Option<Edges> {
        let list = |needs: &Needs| -> Option<BTreeMap<String, String>> {
            let mut needs = needs.iter();
            needs.try_fold(BTreeMap::new(), |mut list, (name, range)| {
                list.insert(name.clone(), Self::found(locked, name, range)?.to_owned());
                Some(list)
            })
        };
        let mut edges = Edges::from([(None, list(needs)?)]);
        for (own, version) in locked {
            edges.insert(Some(own.clone()), list(self.needs(&own.0, version))?);
        }
        Some(edges)
    }

    /// Every need has an edge into its range, and there is no other edge.
    pub(super) fn holds(&self, needs: &Needs, locked: &Locked, edges: &Edges) -> bool {
        let of = |own: &Option<Slot>| match own {
            None => needs,
            Some(own) => self.needs(&own.0, &locked[own]),
        };
        let is_right = |(own, list): (&Option<Slot>, &BTreeMap<String, String>)| {
            let needs = of(own);
            let is_met = |(name, range): &(String, String)| {
                list.get(name).is_some_and(|version| is_in(range, version))
            };
            needs.len() == list.len() && needs.iter().all(is_met)
        };
        edges.len() == locked.len() + 1 && edges.iter().all(is_right)
    }

    /// Locks what `needs` lead to, each in the lowest version that fits; `None` where that leads nowhere.
    pub(super) fn install(&self, needs: &Needs) -> Option<Locked> {
        let mut locked = Locked::new();
        let mut open: Vec<(String, String)> = needs.clone();
        while let Some((name, range)) = open.pop() {
            if Self::found(&locked, &name, &range).is_some() {
                continue;
            }
            let versions = self.versions(&name);
            let version = versions.into_iter().find(|version| is_in(&range, version))?;
            if locked.insert(slot(&name, version), version.to_owned()).is_some() {
                return None;
            }
            open.extend(self.needs(&name, version).iter().cloned());
        }
        Some(locked)
    }

    /// The `Cargo.lock` of a project, as Cargo writes it.
    pub(super) fn lock(&self, locked: &Locked, edges: &Edges) -> String {
        let reference = |(name, version): (&String, &String)| {
            let is_single = locked.keys().filter(|(locked, _)| locked == name).count() == 1;
            match is_single {
                true => format!(" {name:?},\n"),
                false => format!(" \"{name} {version}\",\n"),
            }
        };
        let list = |own: Option<Slot>| {
            let references: String = edges[&own].iter().map(reference).collect();
            match references.is_empty() {
                true => String::new(),
                false => format!("dependencies = [\n{references}]\n"),
            }
        };
        let mut entries: Vec<(String, Version, String)> = locked
            .iter()
            .map(|(own, version)| {
                let name = &own.0;
                let text = format!(
                    "\n[[package]]\nname = \"{name}\"\nversion = \"{version}\"\nsource = \"{}\"\nchecksum = \"{}\"\n{}",
                    source_of_crates_io(),
                    checksum(name, version),
                    list(Some(own.clone())),
                );
                (name.clone(), Version::parse(version).expect("a version"), text)
            })
            .collect();
        let own = format!(
            "\n[[package]]\nname = \"own\"\nversion = \"0.1.0\"\n{}",
            list(None)
        );
        entries.push(("own".to_owned(), Version::new(0, 1, 0), own));
        entries.sort();
        let entries: String = entries.into_iter().map(|(_, _, text)| text).collect();
        format!(
            "# This file is automatically @generated by Cargo.\n# It is not intended for manual editing.\nversion = 4\n{entries}"
        )
    }
}

/// What the project leads to.
pub(super) fn reached(edges: &Edges) -> BTreeSet<Slot> {
    let mut open: Vec<Option<Slot>> = vec![None];
    let mut reached = BTreeSet::new();
    while let Some(own) = open.pop() {
        for (name, version) in &edges[&own] {
            let next = slot(name, version);
            if reached.insert(next.clone()) {
                open.push(Some(next));
            }
        }
    }
    reached
}

/// What a lockfile locks, and what needs what in it.
pub(super) fn read(text: &str) -> (Locked, Edges) {
    let (mut versions, mut edges) = (Locked::new(), Edges::new());
    for one in locked(text).expect("a lockfile").crates {
        let own = one
            .id
            .source
            .is_some()
            .then(|| slot(&one.id.name, &one.id.version));
        let needs = one
            .needs
            .iter()
            .map(|need| (need.name.to_string(), need.version.to_string()));
        let before = edges.insert(own.clone(), needs.collect());
        assert_eq!(before, None, "{} is locked twice in what is compatible", one.id);
        versions.extend(own.map(|own| (own, one.id.version.to_string())));
    }
    (versions, edges)
}

fn manifest(needs: &Needs) -> String {
    let needs: String = needs
        .iter()
        .map(|(name, range)| format!("{name} = \"{range}\"\n"))
        .collect();
    format!("[package]\nname = \"own\"\nversion = \"0.1.0\"\nedition = \"2021\"\n\n[dependencies]\n{needs}")
}

/// An index that is asked as a client asks it.
struct Client<'w> {
    world: &'w World,
    asked: RefCell<BTreeSet<Query>>,
}

impl Releases for Client<'_> {
    fn versions(&self, name: &str) -> Known<'_, [Release]> {
        match self.asked.borrow().contains(&Query::versions(name)) {
            true => Known::Answer(self.world.releases.get(name).map_or(&[], Vec::as_slice)),
            false => Known::NotAsked,
        }
    }

    fn metadata(&self, _: &str, _: &str) -> Known<'_, Release> {
        Known::Failed("the index has one document for each crate")
    }

    fn archive(&self, _: &str, _: &str) -> Known<'_, Release> {
        Known::Failed("nothing is read from archives")
    }
}

/// What is asked of a plan.
pub(super) struct Asked<'a> {
    /// `NAME < VERSION` affects a version.
    pub(super) flaw: (&'a str, &'a str),
    pub(super) level: Distance,
    pub(super) manifests: Manifests,
}

impl Asked<'_> {
    pub(super) fn is_affected(&self, name: &str, version: &str) -> bool {
        let (flawed, fixed) = self.flaw;
        name == flawed && Semver.compare(version, fixed).expect("versions").is_lt()
    }

    /// What has to leave the lockfile.
    pub(super) fn wishes(&self, locked: &Locked) -> Vec<Wish> {
        let affected = locked
            .iter()
            .filter(|((name, _), version)| self.is_affected(name, version));
        affected
            .map(|((name, _), version)| Wish {
                name: name.clone(),
                version: version.clone(),
                to: None,
                fixes: vec![format!("X-{name}")],
                without: Vec::new(),
            })
            .collect()
    }

    /// The plan for the lockfile `text` of a project with these needs.
    pub(super) fn plan(&self, world: &World, needs: &Needs, text: &str) -> Plan {
        let manifest = manifest(needs);
        let workspace = Workspace::read(Files {
            folder: &TreePath::root(),
            read: &|path| (path.display() == "Cargo.toml").then(|| manifest.clone()),
            list: &|_| None,
        });
        let crates = Crates::new(locked(text).expect("a lockfile"), workspace.expect("a workspace"));
        let crates = crates.expect("a project");
        let is_affected = |name: &str, version: &str| self.is_affected(name, version);
        let bounds = Bounds {
            is_affected: &is_affected,
            published_before: None,
            toolchain: &[],
            level: self.level,
            manifests: self.manifests,
            all_or_nothing: false,
        };
        let client = Client {
            world,
            asked: RefCell::default(),
        };
        let (memory, wishes) = (Memory::default(), self.wishes(&read(text).0));
        loop {
            match plan(&crates, &wishes, &client, &bounds, &memory) {
                Step::Done(plan) => return plan,
                Step::Ask(queries) => {
                    let before = client.asked.borrow().len();
                    client.asked.borrow_mut().extend(queries);
                    assert!(client.asked.borrow().len() > before, "it asks for what it knows");
                }
            }
        }
    }
}

/// The lockfile and the needs of the project with the plan carried out.
pub(super) fn edited(needs: &Needs, text: &str, plan: &Plan) -> Result<(String, Needs), Refused> {
    let path = TreePath::new("Cargo.lock").expect("a path");
    let edits = CargoLock.edit(&path, text, plan, &|path| {
        (path.display() == "Cargo.toml").then(|| manifest(needs))
    })?;
    let mut needs = needs.clone();
    for range in &plan.ranges {
        let need = needs.iter_mut().find(|(name, _)| *name == range.name);
        need.expect("a need of the project").1.clone_from(&range.to);
    }
    let after = |name: &str| {
        let mut found = edits.iter().filter(|edited| edited.path.display() == name);
        found.next().map(|edited| edited.after.clone())
    };
    if let Some(written) = after("Cargo.toml") {
        assert_eq!(
            written,
            manifest(&needs),
            "the manifest has the ranges of the plan"
        );
    }
    Ok((after("Cargo.lock").unwrap_or_else(|| text.to_owned()), needs))
}
