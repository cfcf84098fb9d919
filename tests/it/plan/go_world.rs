//! A small proxy of Go modules, with sources, and what `go mod tidy` makes of a project that has all of them before it.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};

use lockkeeper::lockfile::go_mod::archive::GoArchive;
use lockkeeper::lockfile::go_mod::file::GoModFile;
use lockkeeper::lockfile::go_mod::sum;
use lockkeeper::model::{Part, Query, Release, TreePath};
use lockkeeper::plan::go::{GoProject, Memory, plan};
use lockkeeper::plan::{Bounds, Edited, Known, Manifests, Plan, Releases, Step, Wish};
use lockkeeper::relock::go_mod::GoMod;
use lockkeeper::relock::{Refused, Relock as _};
use lockkeeper::version::go::Go;
use lockkeeper::version::{Distance, Scheme as _};

/// Modules with their versions.
#[derive(Debug, Clone, Default)]
pub(super) struct World {
    files: BTreeMap<(String, String), Release>,
    archives: BTreeMap<(String, String), Release>,
    versions: BTreeMap<String, Vec<Release>>,
    /// When versions were published.
    times: BTreeMap<(String, String), Release>,
    /// Modules of which nothing can be learnt.
    pub(super) private: BTreeSet<String>,
}

fn release(version: &str, document: String) -> Release {
    Release {
        version: version.into(),
        document: document.into(),
        ..Release::default()
    }
}

impl World {
    /// Adds a version: the lines of its `go.mod` after that of its name, and its packages (`""` is its own folder) with what each
    /// imports; `test:` stands in front of what only its tests import.
    pub(super) fn add(&mut self, path: &str, version: &str, lines: &str, packages: &[(&str, &[&str])]) {
        let key = (path.to_owned(), version.to_owned());
        let file = format!("module {path}\n\n{lines}\n");
        let mut archive = GoArchive {
            hash: sum::hash(vec![(format!("{path}@{version}"), sum::digest(b"x"))]),
            ..GoArchive::default()
        };
        for (folder, imports) in packages {
            let of = |is_test: bool| -> String {
                let own = imports
                    .iter()
                    .filter(|import| import.starts_with("test:") == is_test);
                own.map(|import| format!("import {:?}\n", import.trim_start_matches("test:")))
                    .collect()
            };
            let at = |name: &str| match *folder {
                "" => name.to_owned(),
                folder => format!("{folder}/{name}"),
            };
            archive.add(&at("a.go"), format!("package a\n{}", of(false)).as_bytes());
            archive.add(&at("a_test.go"), format!("package a\n{}", of(true)).as_bytes());
        }
        self.files.insert(key.clone(), release(version, file));
        self.archives.insert(key, release(version, archive.to_text()));
        let versions = self.versions.entry(path.to_owned()).or_default();
        versions.push(release(version, String::new()));
    }

    pub(super) fn published(&mut self, path: &str, version: &str, time: &str) {
        let release = Release {
            published: Some(time.parse().expect("a time")),
            ..release(version, String::new())
        };
        self.times.insert((path.to_owned(), version.to_owned()), release);
    }

    pub(super) fn file(&self, path: &str, version: &str) -> GoModFile {
        let file = &self.files[&(path.to_owned(), version.to_owned())];
        GoModFile::read(&file.document).expect("a go.mod")
    }

    fn archive(&self, path: &str, version: &str) -> GoArchive {
        let archive = &self.archives[&(path.to_owned(), version.to_owned())];
        GoArchive::read(&archive.document).expect("an archive")
    }

    /// The lines of `go.sum` for a version.
    fn hash(&self, path: &str, version: &str, of_file: bool) -> String {
        let key = (path.to_owned(), version.to_owned());
        match of_file {
            true => format!(
                "{path} {version}/go.mod {}",
                sum::hash_of_mod(&self.files[&key].document)
            ),
            false => format!("{path} {version} {}", self.archive(path, version).hash),
        }
    }
}

/// A `go.mod` and a `go.sum`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Files {
    pub(super) file: String,
    pub(super) sums: String,
}

/// What `go mod tidy` writes for a module that imports `imports` and asks for `roots` at least, with every source before it. All
/// modules here are for Go 1.21 and later.
pub(super) fn tidy(world: &World, go: &str, imports: &[&str], roots: &BTreeMap<String, String>) -> Files {
    let mut roots = roots.clone();
    loop {
        let (selected, loaded) = selected(world, &roots);
        // As `go get` leaves the list: each at the version that is selected.
        let raised: BTreeMap<String, String> = roots
            .keys()
            .map(|path| (path.clone(), selected[path].clone()))
            .collect();
        if raised != roots {
            roots = raised;
            continue;
        }
        let provider = |import: &str, among: &BTreeMap<String, String>| -> Option<(String, String)> {
            let mut candidates: Vec<&String> = among
                .keys()
                .filter(|path| {
                    import == *path
                        || import
                            .strip_prefix(path.as_str())
                            .is_some_and(|rest| rest.starts_with('/'))
                })
                .collect();
            candidates.sort_by_key(|path| std::cmp::Reverse(path.len()));
            candidates.into_iter().find_map(|path| {
                let folder = import[path.len()..].trim_start_matches('/').to_owned();
                let archive = world.archive(path, &selected[path]);
                archive
                    .packages
                    .contains_key(&folder)
                    .then(|| (path.clone(), folder))
            })
        };
        // Packages of the build, and those that only their tests import.
        let mut build: BTreeSet<(String, String)> = BTreeSet::new();
        let mut tests: BTreeSet<(String, String)> = BTreeSet::new();
        let mut is_missing = false;
        let mut open: Vec<((String, String), bool)> = imports
            .iter()
            .map(|import| (provider(import, &selected).expect("a provider"), true))
            .collect();
        while let Some(((path, folder), is_build)) = open.pop() {
            let at = (path.clone(), folder.clone());
            let is_new = match is_build {
                true => build.insert(at.clone()),
                false => !build.contains(&at) && tests.insert(at.clone()),
            };
            if !is_new {
                continue;
            }
            let package = world.archive(&path, &selected[&path]).packages[&folder].clone();
            let found = package.imports.iter().map(|import| (import, is_build));
            let of_tests = package
                .tests
                .iter()
                .filter(|_| is_build)
                .map(|import| (import, false));
            for (import, is_build) in found.chain(of_tests) {
                match provider(import, &selected) {
                    Some(at) => open.push((at, is_build)),
                    None => is_missing |= is_build,
                }
            }
        }
        let listed: BTreeMap<String, String> = build
            .iter()
            .map(|(path, _)| (path.clone(), selected[path].clone()))
            .collect();
        if is_missing {
            // What was found so far is listed, so that its requirements count.
            let before = roots.clone();
            roots.extend(listed);
            assert_ne!(before, roots, "a package is nowhere");
            continue;
        }
        if listed != roots {
            roots = listed;
            continue;
        }
        let direct: BTreeSet<String> = imports
            .iter()
            .map(|import| provider(import, &selected).expect("a provider").0)
            .collect();
        let mut sums: BTreeSet<(String, String, bool)> = loaded
            .into_iter()
            .map(|(path, version)| (path, version, true))
            .collect();
        for (path, _) in build.iter().chain(&tests) {
            for of_file in [false, true] {
                sums.insert((path.clone(), selected[path].clone(), of_file));
            }
        }
        let sums = sums
            .iter()
            .map(|(path, version, of_file)| world.hash(path, version, *of_file) + "\n");
        return Files {
            file: written(go, &listed, &direct),
            sums: sums.collect(),
        };
    }
}

/// The version of each module, and those whose `go.mod` counts.
fn selected(
    world: &World,
    roots: &BTreeMap<String, String>,
) -> (BTreeMap<String, String>, BTreeSet<(String, String)>) {
    let mut selected = roots.clone();
    for (path, version) in roots {
        for line in world.file(path, version).requires {
            let known = selected
                .entry(line.path)
                .or_insert_with(|| line.version.text.clone());
            if Go.compare(&line.version.text, known).expect("versions").is_gt() {
                *known = line.version.text;
            }
        }
    }
    (selected, roots.clone().into_iter().collect())
}

fn written(go: &str, listed: &BTreeMap<String, String>, direct: &BTreeSet<String>) -> String {
    let block = |is_direct: bool| {
        let mark = if is_direct { "" } else { " // indirect" };
        let lines: Vec<String> = listed
            .iter()
            .filter(|(path, _)| direct.contains(*path) == is_direct)
            .map(|(path, version)| format!("{path} {version}{mark}\n"))
            .collect();
        match lines.as_slice() {
            [] => String::new(),
            [line] => format!("\nrequire {line}"),
            lines => format!("\nrequire (\n\t{})\n", lines.join("\t")),
        }
    };
    format!(
        "module project.example\n\ngo {go}\n{}{}",
        block(true),
        block(false)
    )
}

/// A proxy that is asked as a client asks it.
struct Client<'w> {
    world: &'w World,
    asked: RefCell<BTreeSet<Query>>,
}

impl<'w> Client<'w> {
    fn known<T: ?Sized>(&self, query: Query, answer: Option<&'w T>) -> Known<'w, T> {
        match (self.asked.borrow().contains(&query), answer) {
            (false, _) => Known::NotAsked,
            (true, Some(answer)) if !self.world.private.contains(&*query.package) => Known::Answer(answer),
            (true, _) => Known::Failed("GOPRIVATE keeps it"),
        }
    }
}

impl Releases for Client<'_> {
    fn versions(&self, name: &str) -> Known<'_, [Release]> {
        self.known(
            Query::versions(name),
            self.world.versions.get(name).map(Vec::as_slice),
        )
    }

    fn metadata(&self, name: &str, version: &str) -> Known<'_, Release> {
        let key = (name.to_owned(), version.to_owned());
        self.known(Query::metadata(name, version), self.world.files.get(&key))
    }

    fn archive(&self, name: &str, version: &str) -> Known<'_, Release> {
        let key = (name.to_owned(), version.to_owned());
        self.known(Query::archive(name, version), self.world.archives.get(&key))
    }

    fn time(&self, name: &str, version: &str) -> Known<'_, Release> {
        let key = (name.to_owned(), version.to_owned());
        self.known(Query::time(name, version), self.world.times.get(&key))
    }
}

/// What is asked of a plan.
pub(super) struct Asked<'a> {
    /// `NAME < VERSION` affects a version.
    pub(super) flaws: &'a [(&'a str, &'a str)],
    pub(super) level: Distance,
    pub(super) manifests: Manifests,
    /// What else comes in is older than this.
    pub(super) published_before: Option<&'a str>,
    /// What the project imports, where its sources are known.
    pub(super) imports: Option<&'a [&'a str]>,
}

impl Asked<'_> {
    pub(super) fn is_affected(&self, name: &str, version: &str) -> bool {
        let mut flaws = self.flaws.iter();
        flaws.any(|(flawed, fixed)| *flawed == name && Go.compare(version, fixed).expect("versions").is_lt())
    }

    /// The plan, and what was asked for.
    pub(super) fn plan(&self, world: &World, files: &Files) -> (Plan, BTreeSet<Query>) {
        let file = GoModFile::read(&files.file).expect("a go.mod");
        let wishes: Vec<Wish> = file
            .requires
            .iter()
            .filter(|line| self.is_affected(&line.path, &line.version.text))
            .map(|line| Wish {
                name: line.path.clone(),
                version: line.version.text.clone(),
                to: None,
                fixes: vec![format!("X-{}", line.path)],
                without: Vec::new(),
            })
            .collect();
        let project = GoProject {
            file,
            sums: sum::lines(&files.sums).expect("a go.sum"),
            imports: self
                .imports
                .map(|imports| imports.iter().map(|import| (*import).to_owned()).collect()),
            ..GoProject::default()
        };
        let is_affected = |name: &str, version: &str| self.is_affected(name, version);
        let bounds = Bounds {
            is_affected: &is_affected,
            published_before: self.published_before.map(|time| time.parse().expect("a time")),
            toolchain: &[],
            level: self.level,
            manifests: self.manifests,
            all_or_nothing: false,
        };
        let client = Client {
            world,
            asked: RefCell::default(),
        };
        let memory = Memory::default();
        for _ in 0..40 {
            match plan(&project, &wishes, &client, &bounds, &memory) {
                Step::Done(plan) => return (plan, client.asked.take()),
                Step::Ask(queries) => {
                    let before = client.asked.borrow().len();
                    client.asked.borrow_mut().extend(queries);
                    assert!(client.asked.borrow().len() > before, "it asks for what it knows");
                }
            }
        }
        panic!("it asks for ever");
    }
}

/// The files with the plan carried out.
pub(super) fn edited(files: &Files, plan: &Plan) -> Result<Files, Refused> {
    let path = TreePath::new("go.mod").expect("a path");
    let edits = GoMod.edit(&path, &files.file, plan, &|_| Some(files.sums.clone()))?;
    let text = |name: &str, before: &str| {
        let found = edits
            .iter()
            .find(|edited: &&Edited| edited.path.display() == name);
        found.map_or_else(|| before.to_owned(), |edited| edited.after.clone())
    };
    Ok(Files {
        file: text("go.mod", &files.file),
        sums: text("go.sum", &files.sums),
    })
}

/// `a v1.0.0 → v1.1.0`, `+ b v1.0.0`, `- c v1.0.0`, `stays d v1.0.0: why`.
pub(super) fn told(plan: &Plan) -> Vec<String> {
    let moves = plan
        .moves
        .iter()
        .map(|one| format!("{} {} → {}", one.name, one.from, one.to.as_deref().unwrap_or("-")));
    let beside = plan.collateral.iter().map(|one| match (&one.from, &one.to) {
        (Some(from), Some(to)) => format!("also {} {from} → {to}", one.name),
        (Some(from), None) => format!("- {} {from}", one.name),
        (None, to) => format!("+ {} {}", one.name, to.as_deref().unwrap_or_default()),
    });
    let blocked = plan.blocked.iter().map(|one| {
        let by: Vec<String> = one.by.iter().map(ToString::to_string).collect();
        format!(
            "stays {} {}: {} {}",
            one.name,
            one.version,
            one.reason,
            by.join(", ")
        )
        .trim_end()
        .to_owned()
    });
    moves.chain(beside).chain(blocked).collect()
}

/// How many archives were asked for.
pub(super) fn archives(asked: &BTreeSet<Query>) -> Vec<String> {
    let archives = asked.iter().filter_map(|query| match &query.part {
        Part::Archive(version) => Some(format!("{} {version}", query.package)),
        Part::Versions | Part::Metadata(_) | Part::Time(_) | Part::Proof(_) => None,
    });
    archives.collect()
}
