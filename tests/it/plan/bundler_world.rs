//! A bundle that is locked from a small registry of gems.

use std::collections::{BTreeMap, BTreeSet};

use lockkeeper::lockfile::gemfile_lock::platform::{Platform, best};
use lockkeeper::model::{Release, TreePath};
use lockkeeper::plan::{Bounds, Edited, Known, Manifests, Plan, Releases, Step, Wish};
use lockkeeper::registry::Registry as _;
use lockkeeper::registry::rubygems::Rubygems;
use lockkeeper::relock::{Refused, relock};
use lockkeeper::remediate::{ProjectFiles, fixer};
use lockkeeper::schema::compact_index::{Need, Variant, variants};
use lockkeeper::version::Distance;

/// Gems with their releases.
#[derive(Debug, Clone, Default)]
pub(crate) struct World {
    pub(crate) releases: BTreeMap<String, Vec<Release>>,
}

/// The versions that are locked, by name.
pub(crate) type Versions = BTreeMap<String, String>;

/// Files of a project, the lockfile among them.
pub(crate) type Files = BTreeMap<String, String>;

impl World {
    /// Reads lines such as `a 1.0-x86_64-linux: b ~> 1.0, c >= 1 & < 3 | >= 3.0`, with what Ruby is asked for at the end.
    pub(crate) fn of(text: &str) -> Self {
        let mut infos: BTreeMap<String, String> = BTreeMap::new();
        for line in text.lines().map(str::trim).filter(|line| !line.is_empty()) {
            let (head, rest) = line.split_once(':').unwrap_or((line, ""));
            let (needs, ruby) = rest.split_once('|').unwrap_or((rest, ""));
            let (name, version) = head.split_once(' ').expect("a version");
            let needs = needs.split(',').map(str::trim).filter(|need| !need.is_empty());
            let needs: Vec<String> = needs
                .map(|need| {
                    let (name, range) = need.split_once(' ').unwrap_or((need, ">= 0"));
                    format!("{name}:{}", range.replace(" & ", "&"))
                })
                .collect();
            let ruby = match ruby.trim() {
                "" => String::new(),
                ruby => format!(",ruby:{ruby}"),
            };
            let info = infos.entry(name.to_owned()).or_insert_with(|| "---\n".to_owned());
            info.push_str(&format!(
                "{version} {}|checksum:{}{ruby}\n",
                needs.join(","),
                sum(name, version)
            ));
        }
        let releases = infos.into_iter().map(|(name, info)| {
            let answer = Rubygems.read(&name, info.as_bytes()).expect("a compact index");
            assert!(answer.notes.is_empty(), "{:?}", answer.notes);
            (name, answer.releases)
        });
        Self {
            releases: releases.collect(),
        }
    }

    pub(crate) fn release(&self, name: &str, version: &str) -> Option<&Release> {
        let releases = self.releases.get(name)?;
        releases.iter().find(|release| *release.version == *version)
    }

    /// The variants of a version that a lockfile for `platforms` has.
    pub(crate) fn locked(&self, name: &str, version: &str, platforms: &[&str]) -> Vec<Variant> {
        let release = self.release(name, version).expect("a release");
        let all = variants(&release.document);
        let mut found: Vec<Variant> = Vec::new();
        for user in platforms {
            let nearest = best(
                &all,
                &Platform::of(user),
                |variant| Platform::of(&variant.platform),
                |left, right| left.needs == right.needs && left.ruby == right.ruby,
            );
            for variant in nearest {
                if !found.contains(variant) {
                    found.push(variant.clone());
                }
            }
        }
        found.sort_by(|left, right| left.platform.cmp(&right.platform));
        found
    }

    /// What the locked variants of a version need.
    pub(crate) fn needs(&self, name: &str, version: &str, platforms: &[&str]) -> BTreeSet<Need> {
        let variants = self.locked(name, version, platforms);
        variants.into_iter().flat_map(|variant| variant.needs).collect()
    }
}

/// A digest that stands for that of a gem.
fn sum(name: &str, version: &str) -> String {
    let text: String = format!("{name}{version}")
        .bytes()
        .map(|byte| format!("{byte:02x}"))
        .collect();
    format!("{text:0<64}").chars().take(64).collect()
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
struct Client<'w> {
    world: &'w World,
    asked: BTreeSet<String>,
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

/// A range as Bundler writes it.
fn written(range: &str) -> String {
    let mut clauses: Vec<&str> = range.split(", ").collect();
    clauses.sort_unstable();
    clauses.reverse();
    match clauses.as_slice() {
        [">= 0"] => String::new(),
        clauses => format!(" ({})", clauses.join(", ")),
    }
}

/// The lockfile with these versions, as Bundler writes it.
pub(crate) fn lock(
    world: &World,
    roots: &[(&str, &str)],
    versions: &Versions,
    platforms: &[&str],
    has_checksums: bool,
) -> String {
    let (mut gems, mut sums) = (Vec::new(), Vec::new());
    for (name, version) in versions {
        for variant in world.locked(name, version, platforms) {
            let behind = match variant.platform.as_str() {
                "" => String::new(),
                platform => format!("-{platform}"),
            };
            let mut block = format!("    {name} ({version}{behind})\n");
            for need in &variant.needs {
                block.push_str(&format!("      {}{}\n", need.name, written(&need.range)));
            }
            gems.push((format!("{name}-{version}{behind}"), block));
            let sum = variant.checksum.expect("a checksum");
            sums.push(format!("  {name} ({version}{behind}) sha256={sum}\n"));
        }
    }
    gems.sort();
    sums.sort();
    let gems: String = gems.into_iter().map(|(_, block)| block).collect();
    let platforms: String = platforms
        .iter()
        .map(|platform| format!("  {platform}\n"))
        .collect();
    let roots: String = roots
        .iter()
        .map(|(name, range)| format!("  {name}{}\n", written(range)))
        .collect();
    let sums = match has_checksums {
        true => format!("\nCHECKSUMS\n{}", sums.concat()),
        false => String::new(),
    };
    format!(
        "GEM\n  remote: https://registry.example/\n  specs:\n{gems}\nPLATFORMS\n{platforms}\nDEPENDENCIES\n{roots}{sums}\nBUNDLED WITH\n   2.6.9\n"
    )
}

/// What is locked, read from a lockfile without a reader of ours.
pub(crate) fn versions_of(text: &str) -> Versions {
    let mut versions = Versions::new();
    for line in text.lines().take_while(|line| *line != "PLATFORMS") {
        let Some(gem) = line.strip_prefix("    ").filter(|gem| !gem.starts_with(' ')) else {
            continue;
        };
        let (name, rest) = gem.split_once(" (").expect("a version");
        let version = rest.trim_end_matches(')').split('-').next().expect("a version");
        let known = versions.insert(name.to_owned(), version.to_owned());
        assert!(
            known.is_none_or(|known| known == version),
            "{name} has two versions in\n{text}"
        );
    }
    versions
}

/// A project with a manifest and a lockfile.
pub(crate) fn project(roots: &[(&str, &str)], lockfile: &str) -> Files {
    let mut gemfile = "source \"https://registry.example\"\n".to_owned();
    for (name, range) in roots {
        let ranges: String = match *range {
            ">= 0" => String::new(),
            range => range
                .split(", ")
                .map(|clause| format!(", \"{clause}\""))
                .collect(),
        };
        gemfile.push_str(&format!("gem \"{name}\"{ranges}\n"));
    }
    BTreeMap::from([
        ("Gemfile".to_owned(), gemfile),
        ("Gemfile.lock".to_owned(), lockfile.to_owned()),
    ])
}

fn text_of(files: &Files, path: &TreePath) -> Option<String> {
    files.get(&path.to_string()).cloned()
}

/// What a plan is asked for.
pub(crate) struct Asked<'a> {
    /// Names and versions that an advisory affects.
    pub(crate) flaws: &'a [(&'a str, &'a str)],
    pub(crate) level: Distance,
    pub(crate) manifests: Manifests,
}

impl Asked<'_> {
    pub(crate) fn is_affected(&self, name: &str, version: &str) -> bool {
        self.flaws.contains(&(name, version))
    }

    /// Everything locked that is affected.
    pub(crate) fn wishes(&self, versions: &Versions) -> Vec<Wish> {
        let affected = versions
            .iter()
            .filter(|(name, version)| self.is_affected(name, version));
        affected
            .map(|(name, version)| Wish {
                name: name.clone(),
                version: version.clone(),
                to: None,
                fixes: vec![format!("X-{name}")],
                without: Vec::new(),
            })
            .collect()
    }

    /// The plan for the project with these files.
    pub(crate) fn plan(&self, world: &World, files: &Files) -> Plan {
        self.plan_wishes(world, files, &self.wishes(&versions_of(&files["Gemfile.lock"])))
    }

    /// The same for some wishes.
    pub(crate) fn plan_wishes(&self, world: &World, files: &Files, wishes: &[Wish]) -> Plan {
        let path = TreePath::new("Gemfile.lock").expect("a path");
        let project = fixer("Gemfile.lock").expect("a planner").open(&ProjectFiles {
            path: &path,
            text: &files["Gemfile.lock"],
            root: ".",
            origin: None,
            read: &|path| text_of(files, path),
            list: &|_| None,
        });
        let project = project.expect("a project");
        let is_affected = |name: &str, version: &str| self.is_affected(name, version);
        let bounds = Bounds {
            is_affected: &is_affected,
            published_before: None,
            toolchain: project.toolchain(),
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

/// The files with the plan carried out.
pub(crate) fn edited(files: &Files, plan: &Plan) -> Result<Files, Refused> {
    let path = TreePath::new("Gemfile.lock").expect("a path");
    let relock = relock("Gemfile.lock").expect("an editor");
    let edited: Vec<Edited> =
        relock.edit(&path, &files["Gemfile.lock"], plan, &|path| text_of(files, path))?;
    let mut after = files.clone();
    for one in edited {
        after.insert(one.path.to_string(), one.after);
    }
    Ok(after)
}
