//! A small registry of npm and a project that locks some of it.

use std::collections::{BTreeMap, BTreeSet};

use lockkeeper::lockfile::package_lock::installed::{Described, described, requirement};
use lockkeeper::model::{Release, RequirementKind, TreePath};
use lockkeeper::plan::npm::{self, Overrides};
use lockkeeper::plan::{Bounds, Known, Manifests, Plan, Releases, Step, Wish};
use lockkeeper::relock::package_lock::PackageLock;
use lockkeeper::relock::{Refused, Relock as _};
use lockkeeper::version::Distance;
use serde_json::{Map, Value, json};

/// Packages with their releases.
#[derive(Debug, Clone, Default)]
pub(crate) struct World {
    pub(crate) releases: BTreeMap<String, Vec<Release>>,
}

impl World {
    /// Reads lines such as `a 1.0.0: b ^1.0.0, optional c 2.x, peer d >=1, peer? e *`.
    pub(crate) fn of(text: &str) -> Self {
        let mut world = Self::default();
        for line in text.lines().map(str::trim).filter(|line| !line.is_empty()) {
            let (head, needs) = line.split_once(':').unwrap_or((line, ""));
            let mut words = head.split_whitespace();
            let name = words.next().expect("a name");
            let version = words.next().expect("a version");
            let is_retired = words.next() == Some("retired");
            world.add(name, version, needs, is_retired);
        }
        world
    }

    fn add(&mut self, name: &str, version: &str, needs: &str, is_retired: bool) {
        let mut tables: BTreeMap<&str, Map<String, Value>> = BTreeMap::new();
        let mut dependencies = Vec::new();
        for need in needs.split(',').map(str::trim).filter(|need| !need.is_empty()) {
            let (kind, rest) = match need.split_once(' ') {
                Some(("optional", rest)) => (RequirementKind::Optional, rest),
                Some(("peer", rest)) => (RequirementKind::Peer, rest),
                Some(("peer?", rest)) => (RequirementKind::OptionalPeer, rest),
                _ => (RequirementKind::Runtime, need),
            };
            let (name, range) = rest.split_once(' ').unwrap_or((rest, "*"));
            let table = match kind {
                RequirementKind::Optional => "optionalDependencies",
                RequirementKind::Peer | RequirementKind::OptionalPeer => "peerDependencies",
                _ => "dependencies",
            };
            tables.entry(table).or_default().insert(name.into(), range.into());
            if kind == RequirementKind::OptionalPeer {
                let meta = tables.entry("peerDependenciesMeta").or_default();
                meta.insert(name.into(), json!({"optional": true}));
            }
            dependencies.push(requirement(name, range, kind));
        }
        let mut document = json!({
            "name": name, "version": version,
            "dist": {
                "integrity": format!("sha512-{name}-{version}"),
                "tarball": format!("https://registry.example/{name}/-/{name}-{version}.tgz"),
            },
        });
        for (table, content) in tables {
            document[table] = Value::Object(content);
        }
        self.releases.entry(name.to_owned()).or_default().push(Release {
            version: version.into(),
            published: None,
            retired: is_retired.then(|| "".into()),
            dependencies,
            toolchain: Vec::new(),
            document: document.to_string().into(),
        });
    }

    pub(crate) fn release(&self, name: &str, version: &str) -> &Release {
        let releases = self.releases.get(name).expect("a package");
        let found = releases.iter().find(|release| *release.version == *version);
        found.unwrap_or_else(|| panic!("no {name} {version}"))
    }
}

impl Releases for World {
    fn versions(&self, name: &str) -> Known<'_, [Release]> {
        match self.releases.get(name) {
            Some(releases) => Known::Answer(releases),
            None => Known::Failed("the registry does not have it"),
        }
    }

    fn metadata(&self, _name: &str, _version: &str) -> Known<'_, Release> {
        Known::Failed("the list of versions says everything")
    }

    fn archive(&self, _name: &str, _version: &str) -> Known<'_, Release> {
        Known::Failed("the list of versions says everything")
    }
}

/// A registry that is asked as a client asks it: what nobody asked for is not known.
pub(crate) struct Client<'w> {
    world: &'w World,
    pub(crate) asked: BTreeSet<String>,
}

impl<'w> Client<'w> {
    /// One that has asked for nothing.
    pub(crate) fn of(world: &'w World) -> Self {
        Self {
            world,
            asked: BTreeSet::new(),
        }
    }
}

impl Releases for Client<'_> {
    fn versions(&self, name: &str) -> Known<'_, [Release]> {
        match self.asked.contains(name) {
            true => self.world.versions(name),
            false => Known::NotAsked,
        }
    }

    fn metadata(&self, name: &str, version: &str) -> Known<'_, Release> {
        self.world.metadata(name, version)
    }

    fn archive(&self, name: &str, version: &str) -> Known<'_, Release> {
        self.world.archive(name, version)
    }
}

/// The lockfile of a project that asks for `needs` (`a ^1.0.0, dev b 2.x`) and has `folders`
/// (`a@1.0.0, a/b@2.0.0`: b below a).
pub(crate) fn lock(world: &World, needs: &str, folders: &str) -> String {
    let mut own: BTreeMap<&str, Map<String, Value>> = BTreeMap::new();
    for need in needs.split(',').map(str::trim).filter(|need| !need.is_empty()) {
        let (table, rest) = match need.split_once(' ') {
            Some(("dev", rest)) => ("devDependencies", rest),
            Some(("optional", rest)) => ("optionalDependencies", rest),
            _ => ("dependencies", need),
        };
        let (name, range) = rest.split_once(' ').expect("a range");
        own.entry(table).or_default().insert(name.into(), range.into());
    }
    let mut root = json!({"name": "project", "version": "1.0.0"});
    for (table, content) in own {
        root[table] = Value::Object(content);
    }
    let mut packages: BTreeMap<String, Value> = BTreeMap::from([(String::new(), root)]);
    for folder in folders
        .split(',')
        .map(str::trim)
        .filter(|folder| !folder.is_empty())
    {
        let (path, version) = folder.rsplit_once('@').expect("a version");
        let name = path.rsplit('/').next().expect("a name");
        let place: Vec<String> = path
            .split('/')
            .map(|name| format!("node_modules/{name}"))
            .collect();
        let document: Value = serde_json::from_str(&world.release(name, version).document).expect("JSON");
        let mut entry = json!({
            "version": version,
            "resolved": document["dist"]["tarball"],
            "integrity": document["dist"]["integrity"],
        });
        for table in [
            "dependencies",
            "optionalDependencies",
            "peerDependencies",
            "peerDependenciesMeta",
        ] {
            if !document[table].is_null() {
                entry[table] = document[table].clone();
            }
        }
        packages.insert(place.join("/"), entry);
    }
    let lock = json!({
        "name": "project", "version": "1.0.0", "lockfileVersion": 3, "requires": true, "packages": packages,
    });
    let mut text = serde_json::to_string_pretty(&lock).expect("JSON");
    text.push('\n');
    text
}

/// What is asked of a plan.
pub(crate) struct Asked<'a> {
    /// `NAME < VERSION` affects a version.
    pub(crate) flaws: &'a [(&'a str, &'a str)],
    pub(crate) level: Distance,
    pub(crate) manifests: Manifests,
}

impl Asked<'_> {
    pub(crate) fn is_affected(&self, name: &str, version: &str) -> bool {
        let number = |text: &str| -> Vec<u64> {
            let plain = text.split('-').next().unwrap_or_default();
            plain
                .split('.')
                .map(|part| part.parse().expect("a number"))
                .collect()
        };
        let flaw = |(flawed, fixed): &(&str, &str)| *flawed == name && number(version) < number(fixed);
        self.flaws.iter().any(flaw)
    }

    /// Everything locked that is affected.
    pub(crate) fn wishes(&self, text: &str) -> Vec<Wish> {
        self.wishes_of(&described(text, None).expect("a lockfile"))
    }

    pub(crate) fn wishes_of(&self, described: &Described) -> Vec<Wish> {
        let affected = described
            .folders
            .iter()
            .filter(|folder| !folder.is_own && self.is_affected(&folder.name, &folder.version));
        let wishes: BTreeSet<Wish> = affected
            .map(|folder| Wish {
                name: folder.name.clone(),
                version: folder.version.clone(),
                to: None,
                fixes: vec![format!("X-{}", folder.name)],
                without: Vec::new(),
            })
            .collect();
        wishes.into_iter().collect()
    }

    /// The plan, and how many packages were asked for.
    pub(crate) fn plan(&self, world: &World, text: &str) -> (Plan, usize) {
        self.plan_beside(world, text, None)
    }

    /// The same for a lockfile beside a manifest.
    pub(crate) fn plan_beside(&self, world: &World, text: &str, manifest: Option<&str>) -> (Plan, usize) {
        let described = described(text, manifest).expect("a lockfile");
        let wishes = self.wishes_of(&described);
        let is_affected = |name: &str, version: &str| self.is_affected(name, version);
        let bounds = Bounds {
            is_affected: &is_affected,
            published_before: None,
            toolchain: &[],
            level: self.level,
            manifests: self.manifests,
            all_or_nothing: false,
        };
        let mut client = Client::of(world);
        let memory = npm::Memory::default();
        for _ in 0..100 {
            match npm::plan(
                &described,
                &Overrides::default(),
                &wishes,
                &client,
                &bounds,
                &memory,
            ) {
                Step::Done(plan) => return (plan, client.asked.len()),
                Step::Ask(queries) => {
                    let before = client.asked.len();
                    client
                        .asked
                        .extend(queries.iter().map(|query| query.package.to_string()));
                    assert!(client.asked.len() > before, "it asks for what it knows");
                }
            }
        }
        panic!("it asks for ever");
    }
}

/// The lockfile with the plan carried out.
pub(crate) fn edited(text: &str, plan: &Plan) -> Result<String, Refused> {
    edited_beside(text, &manifest_of(text), plan)
}

/// The same for a lockfile beside a manifest.
pub(crate) fn edited_beside(text: &str, manifest: &str, plan: &Plan) -> Result<String, Refused> {
    let path = TreePath::new("package-lock.json").expect("a path");
    let files = PackageLock.edit(&path, text, plan, &|_| Some(manifest.to_owned()))?;
    Ok(files[0].after.clone())
}

/// The manifest of which a lockfile, version 2 or 3, repeats what it asks for.
pub(crate) fn manifest_of(text: &str) -> String {
    let root: Value = serde_json::from_str(text).expect("JSON");
    serde_json::to_string_pretty(&root["packages"][""]).expect("JSON")
}

/// What npm writes of a lockfile, version 3, in version 1 or 2.
pub(crate) fn in_version(text: &str, version: u64) -> String {
    let mut lock: Value = serde_json::from_str(text).expect("JSON");
    let packages = lock["packages"].as_object().expect("packages").clone();
    let mut tree = json!({});
    for (place, entry) in packages.iter().filter(|(place, _)| !place.is_empty()) {
        let mut at = &mut tree;
        for name in place.split("node_modules/").filter(|name| !name.is_empty()) {
            at = &mut at["dependencies"][name.trim_end_matches('/')];
        }
        for key in [
            "version",
            "resolved",
            "integrity",
            "dev",
            "optional",
            "peer",
            "devOptional",
        ] {
            if !entry[key].is_null() && (version == 2 || !["peer", "devOptional"].contains(&key)) {
                at[key] = entry[key].clone();
            }
        }
        if let Some(name) = entry["name"].as_str() {
            at["version"] = format!("npm:{name}@{}", entry["version"].as_str().expect("a version")).into();
        }
        let mut needs = Map::new();
        for table in ["dependencies", "optionalDependencies"] {
            needs.extend(entry[table].as_object().cloned().unwrap_or_default());
        }
        if !needs.is_empty() || (version == 2 && !entry["peerDependencies"].is_null()) {
            at["requires"] = Value::Object(needs);
        }
    }
    lock["lockfileVersion"] = version.into();
    lock["dependencies"] = match &tree["dependencies"] {
        Value::Null => json!({}),
        table => table.clone(),
    };
    if version == 1 {
        lock.as_object_mut().expect("an object").remove("packages");
    }
    serde_json::to_string_pretty(&lock).expect("JSON") + "\n"
}

/// `a 1.0.0 → 1.1.0`, `+ b 1.0.0`, `- c 1.0.0`, `stays d 1.0.0`.
pub(crate) fn told(plan: &Plan) -> Vec<String> {
    let moves = plan.moves.iter().map(|one| match &one.to {
        Some(to) => format!("{} {} → {to} ({})", one.name, one.from, one.strategy.as_str()),
        None => format!("{} {} leaves ({})", one.name, one.from, one.strategy.as_str()),
    });
    let beside = plan.collateral.iter().map(|one| match (&one.from, &one.to) {
        (Some(from), Some(to)) => format!("~ {} {from} → {to}", one.name),
        (None, Some(to)) => format!("+ {} {to}", one.name),
        (Some(from), None) => format!("- {} {from}", one.name),
        (None, None) => String::new(),
    });
    let ranges = plan
        .ranges
        .iter()
        .map(|range| format!("asks {} {} → {}", range.name, range.from, range.to));
    let stays = plan
        .blocked
        .iter()
        .map(|blocked| format!("stays {} {}", blocked.name, blocked.version));
    moves.chain(beside).chain(ranges).chain(stays).collect()
}
