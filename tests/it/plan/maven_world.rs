//! A small repository of Maven, and poms of a build as a folder has them.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};

use lockkeeper::lockfile::pom::declared;
use lockkeeper::model::{Part, Query, Release, TreePath};
use lockkeeper::plan::{Bounds, Edited, Known, Manifests, Plan, Releases, Step, Wish};
use lockkeeper::relock::{Refused, Relock as _, pom::Pom};
use lockkeeper::remediate::{ProjectFiles, fixer};
use lockkeeper::version::Distance;

use crate::support::memory_tree::{MemoryTree, tree_path};

/// Artifacts with their versions and poms.
#[derive(Debug, Clone, Default)]
pub(super) struct World {
    versions: BTreeMap<String, Vec<Release>>,
    poms: BTreeMap<(String, String), Release>,
}

impl World {
    /// Adds a version of `name` with what stands in its pom beside its coordinates.
    pub(super) fn add(&mut self, name: &str, version: &str, inside: &str) {
        let (group, artifact) = name.split_once(':').expect("a name");
        let text = format!(
            "<project><groupId>{group}</groupId><artifactId>{artifact}</artifactId><version>{version}</version>{inside}</project>"
        );
        let release = |document: &str| Release {
            version: version.into(),
            document: document.into(),
            ..Release::default()
        };
        self.versions
            .entry(name.to_owned())
            .or_default()
            .push(release(""));
        self.poms
            .insert((name.to_owned(), version.to_owned()), release(&text));
    }

    /// Adds a version of `name` that needs these.
    pub(super) fn needing(&mut self, name: &str, version: &str, needs: &[(&str, &str)]) {
        let needs: String = needs
            .iter()
            .map(|(name, version)| dependency(name, version))
            .collect();
        self.add(name, version, &format!("<dependencies>{needs}</dependencies>"));
    }

    pub(super) fn versions_of(&self, name: &str) -> Vec<String> {
        let releases = self.versions.get(name).into_iter().flatten();
        releases.map(|release| release.version.to_string()).collect()
    }
}

/// A dependency as a pom has it; without a version where that is empty.
pub(super) fn dependency(name: &str, version: &str) -> String {
    let (group, artifact) = name.split_once(':').expect("a name");
    let version = match version {
        "" => String::new(),
        version => format!("<version>{version}</version>"),
    };
    format!(
        "<dependency><groupId>{group}</groupId><artifactId>{artifact}</artifactId>{version}</dependency>\n"
    )
}

/// What was asked, and the answers to it.
struct Answers<'w> {
    world: &'w World,
    asked: &'w RefCell<BTreeSet<Query>>,
}

impl Answers<'_> {
    fn is_asked(&self, query: &Query) -> bool {
        self.asked.borrow().contains(query)
    }
}

impl Releases for Answers<'_> {
    fn versions(&self, name: &str) -> Known<'_, [Release]> {
        match (
            self.is_asked(&Query::versions(name)),
            self.world.versions.get(name),
        ) {
            (false, _) => Known::NotAsked,
            (true, Some(releases)) => Known::Answer(releases),
            (true, None) => Known::Failed("the registry does not have it"),
        }
    }

    fn metadata(&self, name: &str, version: &str) -> Known<'_, Release> {
        let key = (name.to_owned(), version.to_owned());
        match (
            self.is_asked(&Query::metadata(name, version)),
            self.world.poms.get(&key),
        ) {
            (false, _) => Known::NotAsked,
            (true, Some(release)) => Known::Answer(release),
            (true, None) => Known::Failed("the registry does not have it"),
        }
    }

    fn archive(&self, name: &str, version: &str) -> Known<'_, Release> {
        panic!("no archive of {name} {version} is needed")
    }
}

/// What is to be fixed, and how far.
pub(super) struct Asked<'a> {
    /// The pom.
    pub(super) file: &'a str,
    /// Versions with an advisory: the artifact, the locked version, and the first that has none.
    pub(super) flaws: &'a [(&'a str, &'a str, &'a str)],
    /// Further versions with an advisory.
    pub(super) worse: &'a [(&'a str, &'a str)],
    pub(super) level: Distance,
    pub(super) published_before: Option<&'a str>,
}

impl<'a> Asked<'a> {
    pub(super) fn of(flaws: &'a [(&'a str, &'a str, &'a str)]) -> Self {
        Self {
            file: "pom.xml",
            flaws,
            worse: &[],
            level: Distance::Minor,
            published_before: None,
        }
    }

    /// The plan, and what was asked for it.
    pub(super) fn plan(&self, world: &World, tree: &MemoryTree) -> (Plan, BTreeSet<Query>) {
        let path = tree_path(self.file);
        let text = text_of(tree, &path).expect("a pom");
        let files = ProjectFiles {
            path: &path,
            text: &text,
            root: "t",
            origin: None,
            read: &|path| text_of(tree, path),
            list: &|_| None,
        };
        let project = fixer("pom.xml")
            .expect("a fixer")
            .open(&files)
            .expect("a project");
        let wishes: Vec<Wish> = self
            .flaws
            .iter()
            .map(|(name, version, _)| Wish {
                name: (*name).to_owned(),
                version: (*version).to_owned(),
                to: None,
                fixes: vec!["GHSA-1".to_owned()],
                without: Vec::new(),
            })
            .collect();
        let is_affected = |name: &str, version: &str| {
            let is_worse = self.worse.contains(&(name, version));
            let order = |left: &str, right: &str| {
                use lockkeeper::version::Scheme as _;
                lockkeeper::version::maven::Maven
                    .compare(left, right)
                    .expect("an order")
            };
            let mut flaws = self.flaws.iter().filter(|(flawed, ..)| *flawed == name);
            is_worse || flaws.any(|(_, _, fixed)| order(version, fixed).is_lt())
        };
        let bounds = Bounds {
            is_affected: &is_affected,
            published_before: self.published_before.map(|time| time.parse().expect("a time")),
            toolchain: &[],
            level: self.level,
            manifests: Manifests::Keep,
            all_or_nothing: false,
        };
        let asked = RefCell::new(BTreeSet::new());
        for _ in 0..40 {
            let answers = Answers { world, asked: &asked };
            match project.plan(&wishes, &answers, &bounds) {
                Step::Done(plan) => return (plan, asked.into_inner()),
                Step::Ask(queries) => {
                    let is_new = queries.iter().any(|query| !asked.borrow().contains(query));
                    assert!(is_new, "it asks again for {queries:?}");
                    assert!(
                        queries
                            .iter()
                            .all(|query| matches!(query.part, Part::Versions | Part::Metadata(_)))
                    );
                    asked.borrow_mut().extend(queries);
                }
            }
        }
        panic!("it asks and asks")
    }

    pub(super) fn edit(&self, tree: &MemoryTree, plan: &Plan) -> Result<Vec<Edited>, Refused> {
        let path = tree_path(self.file);
        let text = text_of(tree, &path).expect("a pom");
        Pom.edit(&path, &text, plan, &|path| text_of(tree, path))
    }

    /// Plans and edits: what is planned, the tree afterwards, and the lines that differ.
    pub(super) fn fix(&self, world: &World, tree: &MemoryTree) -> (Vec<String>, MemoryTree, Vec<String>) {
        let (plan, _) = self.plan(world, tree);
        let told = told(&plan);
        let mut after = tree.clone();
        let mut lines = Vec::new();
        for edited in self
            .edit(tree, &plan)
            .expect("the check accepts what the planner made")
        {
            assert_eq!(
                text_of(tree, &edited.path).as_deref(),
                Some(edited.before.as_str())
            );
            after.insert(&edited.path, edited.after.as_bytes());
            let (before, now) = (edited.before.split('\n'), edited.after.split('\n'));
            assert_eq!(before.clone().count(), now.clone().count());
            let differing = before.zip(now).filter(|(before, now)| before != now);
            lines.extend(differing.map(|(_, now)| format!("{}: {}", edited.path, now.trim())));
        }
        (told, after, lines)
    }
}

/// What a plan says, line by line.
pub(super) fn told(plan: &Plan) -> Vec<String> {
    let moves = plan.moves.iter().map(|one| {
        let to = one.to.as_deref().unwrap_or("nothing");
        format!("{} {} → {to}", one.name, one.from)
    });
    let collateral = plan.collateral.iter().map(|one| match (&one.from, &one.to) {
        (Some(from), Some(to)) => format!("also {} {from} → {to}", one.name),
        (None, Some(to)) => format!("+ {} {to}", one.name),
        (Some(from), None) => format!("- {} {from}", one.name),
        (None, None) => panic!("a change of nothing"),
    });
    let blocked = plan
        .blocked
        .iter()
        .map(|one| format!("{} {} stays: {}", one.name, one.version, one.reason));
    moves.chain(collateral).chain(blocked).collect()
}

pub(super) fn text_of(tree: &MemoryTree, path: &TreePath) -> Option<String> {
    use lockkeeper::model::Tree as _;
    let bytes = tree.read(path).ok()?;
    String::from_utf8(bytes.to_vec()).ok()
}

/// `module artifact version` of everything that the modules at `poms` ask for.
pub(super) fn versions(tree: &MemoryTree, poms: &[&str]) -> Vec<String> {
    let mut all = Vec::new();
    for pom in poms {
        let resolved = declared::read(&tree_path(pom), tree);
        let own = resolved.declarations.iter();
        all.extend(own.map(|one| format!("{pom} {} {}", one.name, one.version)));
    }
    all.sort();
    all
}
