//! A project that Composer locked from a small repository.

use std::collections::{BTreeMap, BTreeSet};

use lockkeeper::model::{Query, Release, TreePath};
use lockkeeper::plan::{Bounds, Known, Manifests, Plan, Releases, Step, Wish};
use lockkeeper::registry::Registry as _;
use lockkeeper::registry::packagist::Packagist;
use lockkeeper::relock::{Refused, relock};
use lockkeeper::remediate::{ProjectFiles, fixer};
use lockkeeper::version::Distance;

/// Names and ranges.
pub(super) type Table = BTreeMap<String, String>;

/// What a version says.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Said {
    pub(super) require: Table,
    pub(super) conflict: Table,
    pub(super) replace: Table,
}

/// What is locked, by name; with whether it is for development alone.
pub(super) type Held = BTreeMap<String, (String, bool)>;

/// Versions by name.
#[derive(Debug, Clone, Default)]
pub(super) struct World {
    pub(super) said: BTreeMap<String, BTreeMap<String, Said>>,
    pub(super) releases: BTreeMap<String, Vec<Release>>,
}

/// The words behind a mark: `! a/b ^1`.
fn table(text: &str) -> Table {
    let all = text.split(',').filter_map(|one| one.trim().split_once(' '));
    all.map(|(name, range)| (name.to_owned(), range.trim().to_owned()))
        .collect()
}

impl World {
    /// Reads lines such as `a/a 1.0.0: a/b ^1.0, php >=8 ! a/c <2 = a/d *`.
    pub(super) fn of(text: &str) -> Self {
        let mut world = Self::default();
        for line in text.lines().map(str::trim).filter(|line| !line.is_empty()) {
            let (head, rest) = line.split_once(':').unwrap_or((line, ""));
            let (name, version) = head.trim().split_once(' ').expect("a version");
            let (rest, replace) = rest.split_once(" = ").unwrap_or((rest, ""));
            let (require, conflict) = rest.split_once(" ! ").unwrap_or((rest, ""));
            let said = Said {
                require: table(require),
                conflict: table(conflict),
                replace: table(replace),
            };
            world.add(name, version, said);
        }
        world
    }

    pub(super) fn add(&mut self, name: &str, version: &str, said: Said) {
        let of_name = self.said.entry(name.to_owned()).or_default();
        of_name.insert(version.to_owned(), said);
        let versions: Vec<String> = of_name.keys().cloned().collect();
        let entries: Vec<String> = versions
            .iter()
            .map(|version| self.entry(name, version, 0))
            .collect();
        let document = format!("{{\"packages\":{{\"{name}\":[{}]}}}}", entries.join(","));
        let answer = Packagist.read(name, document.as_bytes()).expect("a document");
        assert!(answer.notes.is_empty(), "{:?}", answer.notes);
        self.releases.insert(name.to_owned(), answer.releases);
    }

    /// The entry of a package as Composer writes it, at a depth.
    pub(super) fn entry(&self, name: &str, version: &str, depth: usize) -> String {
        let said = &self.said[name][version];
        let line = |more: usize| format!("\n{}", "    ".repeat(depth + more));
        let mut fields = vec![
            format!("\"name\": \"{name}\""),
            format!("\"version\": \"{version}\""),
            format!(
                "\"dist\": {{{}\"type\": \"zip\",{}\"url\": \"https://files.example/{name}/{version}.zip\",{}\"reference\": \"{version}\",{}\"shasum\": \"\"{}}}",
                line(2),
                line(2),
                line(2),
                line(2),
                line(1)
            ),
        ];
        let tables = [
            ("require", &said.require),
            ("conflict", &said.conflict),
            ("replace", &said.replace),
        ];
        for (key, table) in tables.into_iter().filter(|(_, table)| !table.is_empty()) {
            let links: Vec<String> = table
                .iter()
                .map(|(name, range)| format!("{}\"{name}\": \"{range}\"", line(2)))
                .collect();
            fields.push(format!("\"{key}\": {{{}{}}}", links.join(","), line(1)));
        }
        fields.push("\"type\": \"library\"".to_owned());
        fields.push("\"time\": \"2020-01-01T00:00:00+00:00\"".to_owned());
        let fields: Vec<String> = fields.iter().map(|field| format!("{}{field}", line(1))).collect();
        format!("{{{}{}}}", fields.join(","), line(0))
    }

    /// The lockfile, as Composer writes it.
    pub(super) fn lock(&self, held: &Held) -> String {
        let list = |is_dev: bool| {
            let own = held.iter().filter(|(_, (_, dev))| *dev == is_dev);
            let entries: Vec<String> = own
                .map(|(name, (version, _))| format!("\n        {}", self.entry(name, version, 2)))
                .collect();
            match entries.is_empty() {
                true => "[]".to_owned(),
                false => format!("[{}\n    ]", entries.join(",")),
            }
        };
        format!(
            "{{\n    \"content-hash\": \"d751713988987e9331980363e24189ce\",\n    \"packages\": {},\n    \"packages-dev\": {},\n    \"minimum-stability\": \"stable\",\n    \"plugin-api-version\": \"2.6.0\"\n}}\n",
            list(false),
            list(true)
        )
    }

    /// The name and the version of everything that a lockfile locks, read without a reader of ours.
    pub(super) fn held(text: &str) -> Held {
        let document: serde_json::Value = serde_json::from_str(text).expect("JSON");
        let mut held = Held::new();
        for (key, is_dev) in [("packages", false), ("packages-dev", true)] {
            for entry in document[key].as_array().expect("a list") {
                let text = |key: &str| entry[key].as_str().expect("a text").to_owned();
                assert_eq!(held.insert(text("name"), (text("version"), is_dev)), None);
            }
        }
        held
    }
}

/// A `composer.json`, and the lockfile beside it.
#[derive(Debug, Clone)]
pub(super) struct Files {
    pub(super) manifest: String,
    pub(super) lock: String,
}

/// What is asked of a plan.
pub(super) struct Wanted<'w> {
    /// `NAME < VERSION` affects a version.
    pub(super) flaws: &'w [(&'w str, &'w str)],
    pub(super) manifests: Manifests,
    pub(super) level: Distance,
}

struct Client<'w> {
    world: &'w World,
    asked: BTreeSet<String>,
}

impl Releases for Client<'_> {
    fn versions(&self, name: &str) -> Known<'_, [Release]> {
        match (self.asked.contains(name), self.world.releases.get(name)) {
            (false, _) => Known::NotAsked,
            (true, Some(releases)) => Known::Answer(releases),
            (true, None) => Known::Failed("the registry does not have it"),
        }
    }

    fn metadata(&self, _: &str, _: &str) -> Known<'_, Release> {
        Known::Failed("there is none")
    }

    fn archive(&self, _: &str, _: &str) -> Known<'_, Release> {
        Known::Failed("there is none")
    }
}

impl Wanted<'_> {
    pub(super) fn is_affected(&self, name: &str, version: &str) -> bool {
        let flaw = |(flawed, fixed): &(&str, &str)| *flawed == name && version < *fixed;
        self.flaws.iter().any(flaw)
    }

    pub(super) fn wishes(&self, held: &Held) -> Vec<Wish> {
        let affected = held
            .iter()
            .filter(|(name, (version, _))| self.is_affected(name, version));
        let wishes = affected.map(|(name, (version, _))| Wish {
            name: name.clone(),
            version: version.clone(),
            to: None,
            fixes: vec![format!("X-{name}")],
            without: Vec::new(),
        });
        wishes.collect()
    }

    /// The plan for everything that is affected.
    pub(super) fn plan(&self, world: &World, files: &Files) -> Plan {
        self.plan_of(world, files, &self.wishes(&World::held(&files.lock)))
    }

    pub(super) fn plan_of(&self, world: &World, files: &Files, wishes: &[Wish]) -> Plan {
        let path = TreePath::new("composer.lock").expect("a path");
        let project = fixer("composer.lock").expect("a planner").open(&ProjectFiles {
            path: &path,
            text: &files.lock,
            root: ".",
            read: &|path| text_of(files, path),
            list: &|_| None,
            origin: None,
        });
        let project = project.unwrap_or_else(|reason| panic!("{reason}"));
        let is_affected = |name: &str, version: &str| self.is_affected(name, version);
        let bounds = Bounds {
            is_affected: &is_affected,
            published_before: None,
            toolchain: &[],
            level: self.level,
            manifests: self.manifests,
            all_or_nothing: false,
        };
        let mut client = Client {
            world,
            asked: BTreeSet::new(),
        };
        for _ in 0..100 {
            match project.plan(wishes, &client, &bounds) {
                Step::Done(plan) => return plan,
                Step::Ask(queries) => {
                    let before = client.asked.len();
                    let names = queries.iter().map(|query: &Query| query.package.to_string());
                    client.asked.extend(names);
                    assert!(client.asked.len() > before, "it asks for what it knows");
                }
            }
        }
        panic!("it asks for ever");
    }
}

fn text_of(files: &Files, path: &TreePath) -> Option<String> {
    match path.to_string().as_str() {
        "composer.json" => Some(files.manifest.clone()),
        "composer.lock" => Some(files.lock.clone()),
        _ => None,
    }
}

/// The files with the plan carried out.
pub(super) fn edited(files: &Files, plan: &Plan) -> Result<Files, Refused> {
    if plan.entries.is_empty() {
        return Ok(files.clone());
    }
    let path = TreePath::new("composer.lock").expect("a path");
    let relock = relock("composer.lock").expect("an editor");
    let edited = relock.edit(&path, &files.lock, plan, &|path| text_of(files, path))?;
    let mut after = files.clone();
    for one in edited {
        match one.path.to_string().as_str() {
            "composer.lock" => after.lock = one.after,
            _ => after.manifest = one.after,
        }
    }
    Ok(after)
}

/// A project that requires `require` and, for development, `dev`, as `a/a ^1.0, a/b *`.
pub(super) fn project(world: &World, require: &str, dev: &str, held: &[(&str, &str, bool)]) -> Files {
    let shown = |text: &str| serde_json::to_string(&table(text)).expect("a table");
    let held: Held = held
        .iter()
        .map(|(name, version, dev)| ((*name).to_owned(), ((*version).to_owned(), *dev)))
        .collect();
    Files {
        manifest: format!(
            "{{\n    \"require\": {},\n    \"require-dev\": {}\n}}\n",
            shown(require),
            shown(dev)
        ),
        lock: world.lock(&held),
    }
}
