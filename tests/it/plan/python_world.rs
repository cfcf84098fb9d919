//! A small index of Python packages and a project that locks some of it.

use std::collections::{BTreeMap, BTreeSet};

use lockkeeper::model::{Part, Query, Release, TreePath};
use lockkeeper::plan::{Bounds, Edited, Known, Manifests, Plan, Releases, Step, Wish};
use lockkeeper::relock::{Refused, relock};
use lockkeeper::remediate::{ProjectFiles, fixer};
use lockkeeper::version::Distance;
use serde_json::json;

/// Releases with their metadata, by name and version.
#[derive(Debug, Clone, Default)]
pub(super) struct World {
    pub(super) versions: BTreeMap<String, Vec<Release>>,
    metadata: BTreeMap<(String, String), Release>,
}

impl World {
    /// Reads lines such as `a 1.0 yanked python>=3.8: b>=1,<2 ; python_version < '3.8' | c[x]`.
    pub(super) fn of(text: &str) -> Self {
        let mut world = Self::default();
        for line in text.lines().map(str::trim).filter(|line| !line.is_empty()) {
            let (head, needs) = line.split_once(':').unwrap_or((line, ""));
            let mut words = head.split_whitespace();
            let (name, version) = (words.next().expect("a name"), words.next().expect("a version"));
            let words: Vec<&str> = words.collect();
            let python = words.iter().find_map(|word| word.strip_prefix("python"));
            let needs: Vec<&str> = needs
                .split('|')
                .map(str::trim)
                .filter(|need| !need.is_empty())
                .collect();
            world.add(name, version, python, words.contains(&"yanked"), &needs);
        }
        world
    }

    fn add(&mut self, name: &str, version: &str, python: Option<&str>, is_yanked: bool, needs: &[&str]) {
        let file = |name: &str, algorithm: &str| json!({"filename": name, "url": format!("https://files.example/{name}"), "hashes": {algorithm: digest(name)}});
        let files = json!([
            file(&format!("{name}-{version}-py3-none-any.whl"), "sha256"),
            file(&format!("{name}-{version}.tar.gz"), "sha256"),
        ]);
        let toolchain: Vec<_> = python
            .map(|range| ("python".into(), range.into()))
            .into_iter()
            .collect();
        let release = Release {
            version: version.into(),
            retired: is_yanked.then(|| "".into()),
            toolchain: toolchain.clone(),
            document: files.to_string().into(),
            ..Release::default()
        };
        let mut headers = format!("Metadata-Version: 2.1\nName: {name}\nVersion: {version}");
        if let Some(python) = python {
            headers.push_str(&format!("\nRequires-Python: {python}"));
        }
        for need in needs {
            headers.push_str(&format!("\nRequires-Dist: {need}"));
            if let Some((_, extra)) = need.split_once("extra == '") {
                headers.push_str(&format!("\nProvides-Extra: {}", extra.trim_end_matches('\'')));
            }
        }
        self.metadata.insert(
            (name.to_owned(), version.to_owned()),
            Release {
                document: headers.into(),
                ..release.clone()
            },
        );
        self.versions.entry(name.to_owned()).or_default().push(release);
    }

    pub(super) fn needs(&self, name: &str, version: &str) -> Vec<String> {
        let headers = &self.metadata[&(name.to_owned(), version.to_owned())].document;
        let needs = headers
            .lines()
            .filter_map(|line| line.strip_prefix("Requires-Dist: "));
        needs.map(str::to_owned).collect()
    }
}

/// The hash of the file called `name`.
pub(super) fn digest(name: &str) -> String {
    use sha2::{Digest as _, Sha256};
    hex::encode(&Sha256::digest(name)[..4])
}

/// The hashes of a release, as a requirements file of pip-compile has them.
pub(super) fn hashes(name: &str, version: &str) -> String {
    let mut all = [
        digest(&format!("{name}-{version}-py3-none-any.whl")),
        digest(&format!("{name}-{version}.tar.gz")),
    ];
    all.sort();
    all.iter()
        .map(|hash| format!(" \\\n    --hash=sha256:{hash}"))
        .collect()
}

/// The table of a package in a lockfile of uv, with an empty line in front.
pub(super) fn uv_package(name: &str, version: &str, needs: &[String]) -> String {
    let file = |name: &str| {
        format!(
            "{{ url = \"https://files.example/{name}\", hash = \"sha256:{}\" }}",
            digest(name)
        )
    };
    let edges: String = needs
        .iter()
        .map(|name| format!("    {{ name = \"{name}\" }},\n"))
        .collect();
    let edges = match edges.is_empty() {
        true => edges,
        false => format!("dependencies = [\n{edges}]\n"),
    };
    format!(
        "\n[[package]]\nname = \"{name}\"\nversion = \"{version}\"\nsource = {{ registry = \"https://registry.example/simple\" }}\n{edges}sdist = {}\nwheels = [\n    {},\n]\n",
        file(&format!("{name}-{version}.tar.gz")),
        file(&format!("{name}-{version}-py3-none-any.whl")),
    )
}

/// The table of a package in a lockfile of Poetry, with an empty line in front. `head` stands behind the Pythons, `needs` and `extras` are
/// lines of their tables.
pub(super) fn poetry_package(
    (name, version): (&str, &str),
    pythons: &str,
    head: &str,
    needs: &[&str],
    extras: &[&str],
) -> String {
    let file = |name: &str| format!("    {{file = \"{name}\", hash = \"sha256:{}\"}},\n", digest(name));
    let table = |title: &str, lines: &[&str]| match lines.is_empty() {
        true => String::new(),
        false => format!("\n[package.{title}]\n{}\n", lines.join("\n")),
    };
    format!(
        "\n[[package]]\nname = \"{name}\"\nversion = \"{version}\"\ndescription = \"\"\noptional = false\npython-versions = \"{pythons}\"\n{head}files = [\n{}{}]\n{}{}",
        file(&format!("{name}-{version}-py3-none-any.whl")),
        file(&format!("{name}-{version}.tar.gz")),
        table("dependencies", needs),
        table("extras", extras),
    )
}

/// The table of a package in a lockfile of PDM, with an empty line in front. `head` stands behind the summary, `extras` behind the version.
pub(super) fn pdm_package((name, version): (&str, &str), extras: &str, head: &str, needs: &[&str]) -> String {
    let file = |name: &str| format!("    {{file = \"{name}\", hash = \"sha256:{}\"}},\n", digest(name));
    let needs: String = needs.iter().map(|need| format!("    \"{need}\",\n")).collect();
    let needs = match needs.is_empty() {
        true => needs,
        false => format!("dependencies = [\n{needs}]\n"),
    };
    format!(
        "\n[[package]]\nname = \"{name}\"\nversion = \"{version}\"\n{extras}summary = \"\"\n{head}{needs}files = [\n{}{}]\n",
        file(&format!("{name}-{version}-py3-none-any.whl")),
        file(&format!("{name}-{version}.tar.gz")),
    )
}

/// A lockfile of pipenv: for each category its packages, by name, version and what stands between the hashes and the version.
pub(super) fn pipfile_lock(
    hash: &str,
    default: &[(&str, &str, &str)],
    develop: &[(&str, &str, &str)],
) -> String {
    let category = |packages: &[(&str, &str, &str)]| {
        let packages = packages.iter().map(|(name, version, middle)| {
            let mut hashes = [
                digest(&format!("{name}-{version}-py3-none-any.whl")),
                digest(&format!("{name}-{version}.tar.gz")),
            ];
            hashes.sort();
            format!(
                "        \"{name}\": {{\n            \"hashes\": [\n                \"sha256:{}\",\n                \"sha256:{}\"\n            ],\n{middle}            \"version\": \"=={version}\"\n        }}",
                hashes[0], hashes[1]
            )
        });
        match packages.collect::<Vec<String>>().join(",\n") {
            packages if packages.is_empty() => "{}".to_owned(),
            packages => format!("{{\n{packages}\n    }}"),
        }
    };
    format!(
        "{{\n    \"_meta\": {{\n        \"hash\": {{\n            \"sha256\": \"{hash}\"\n        }},\n        \"pipfile-spec\": 6,\n        \"requires\": {{\n            \"python_version\": \"3.11\"\n        }},\n        \"sources\": [\n            {{\n                \"name\": \"own\",\n                \"url\": \"https://registry.example/simple\",\n                \"verify_ssl\": true\n            }}\n        ]\n    }},\n    \"default\": {},\n    \"develop\": {}\n}}\n",
        category(default),
        category(develop),
    )
}

/// An index that is asked as a client asks it: what nobody asked for is not known.
struct Client<'w> {
    world: &'w World,
    asked: BTreeSet<Query>,
}

impl Releases for Client<'_> {
    fn versions(&self, name: &str) -> Known<'_, [Release]> {
        match (
            self.asked.contains(&Query::versions(name)),
            self.world.versions.get(name),
        ) {
            (false, _) => Known::NotAsked,
            (true, Some(releases)) => Known::Answer(releases),
            (true, None) => Known::Failed("the registry does not have it"),
        }
    }

    fn metadata(&self, name: &str, version: &str) -> Known<'_, Release> {
        match self.asked.contains(&Query::metadata(name, version)) {
            false => Known::NotAsked,
            true => match self.world.metadata.get(&(name.to_owned(), version.to_owned())) {
                Some(release) => Known::Answer(release),
                None => Known::Failed("it has no wheel"),
            },
        }
    }

    fn archive(&self, name: &str, version: &str) -> Known<'_, Release> {
        match self.asked.contains(&Query::archive(name, version)) {
            false => Known::NotAsked,
            true => Known::Failed("it has no wheel"),
        }
    }
}

/// What is asked of a plan.
pub(super) struct Asked<'a> {
    /// `NAME < VERSION` affects a version.
    pub(super) flaws: &'a [(&'a str, &'a str)],
    pub(super) level: Distance,
    pub(super) manifests: Manifests,
}

impl Default for Asked<'_> {
    fn default() -> Self {
        Self {
            flaws: &[],
            level: Distance::Major,
            manifests: Manifests::Change,
        }
    }
}

impl Asked<'_> {
    pub(super) fn is_affected(&self, name: &str, version: &str) -> bool {
        let number = |text: &str| -> Vec<u64> {
            text.split(|letter: char| !letter.is_ascii_digit())
                .map(|part| part.parse().unwrap_or(0))
                .collect()
        };
        let flaw = |(flawed, fixed): &(&str, &str)| *flawed == name && number(version) < number(fixed);
        self.flaws.iter().any(flaw)
    }
}

/// A project: its files, of which the first is the lockfile.
#[derive(Debug, Clone)]
pub(super) struct Files(pub(super) Vec<(String, String)>);

/// What came of a plan.
pub(super) struct Planned {
    pub(super) plan: Plan,
    pub(super) asked: BTreeSet<Query>,
    pub(super) edited: Result<Vec<Edited>, Refused>,
}

impl Planned {
    /// The text of a file afterwards.
    pub(super) fn text(&self, files: &Files, name: &str) -> String {
        let edited = self.edited.as_ref().expect("an edit");
        let edited = edited.iter().find(|edited| edited.path.to_string() == name);
        edited.map_or_else(
            || files.text(name).expect("a file"),
            |edited| edited.after.clone(),
        )
    }
}

impl Files {
    pub(super) fn of(files: &[(&str, &str)]) -> Self {
        let files = files.iter();
        Self(
            files
                .map(|(name, text)| ((*name).to_owned(), (*text).to_owned()))
                .collect(),
        )
    }

    pub(super) fn text(&self, name: &str) -> Option<String> {
        self.0
            .iter()
            .find(|(known, _)| known == name)
            .map(|(_, text)| text.clone())
    }

    /// Plans that every `(name, version)` of `locked` which is affected leaves the lockfile, and carries it out.
    pub(super) fn plan(
        &self,
        format: &str,
        world: &World,
        asked: &Asked<'_>,
        locked: &[(&str, &str)],
    ) -> Planned {
        let (path, text) = &self.0[0];
        let path = TreePath::new(path).expect("a path");
        let read = |path: &TreePath| self.text(&path.to_string());
        let files = ProjectFiles {
            path: &path,
            text,
            root: ".",
            origin: None,
            read: &read,
            list: &|_| None,
        };
        let project = fixer(format)
            .expect("a fixer")
            .open(&files)
            .unwrap_or_else(|error| panic!("{error}"));
        let wishes: Vec<Wish> = locked
            .iter()
            .filter(|(name, version)| asked.is_affected(name, version))
            .map(|(name, version)| Wish {
                name: (*name).to_owned(),
                version: (*version).to_owned(),
                to: None,
                fixes: vec![format!("X-{name}")],
                without: Vec::new(),
            })
            .collect();
        let is_affected = |name: &str, version: &str| asked.is_affected(name, version);
        let bounds = Bounds {
            is_affected: &is_affected,
            published_before: None,
            toolchain: project.toolchain(),
            level: asked.level,
            manifests: asked.manifests,
            all_or_nothing: false,
        };
        let mut client = Client {
            world,
            asked: BTreeSet::new(),
        };
        for _ in 0..100 {
            match project.plan(&wishes, &client, &bounds) {
                Step::Done(plan) => {
                    let edited = match plan.entries.is_empty() {
                        true => Ok(Vec::new()),
                        false => relock(format).expect("an editor").edit(&path, text, &plan, &read),
                    };
                    return Planned {
                        plan,
                        asked: client.asked,
                        edited,
                    };
                }
                Step::Ask(queries) => {
                    let before = client.asked.len();
                    assert!(
                        queries
                            .iter()
                            .all(|query| query.part != Part::Versions || !query.package.is_empty())
                    );
                    client.asked.extend(queries);
                    assert!(client.asked.len() > before, "it asks for what it knows");
                }
            }
        }
        panic!("it asks for ever");
    }
}

/// `a 1.0 → 1.1 (in_range)`, `~ b 1.0 → 2.0`, `+ c 1.0`, `- d 1.0`, `asks e ==1 → ==2`, `stays f 1.0: why`.
pub(super) fn told(plan: &Plan) -> Vec<String> {
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
    let ranges = plan.ranges.iter().map(|range| {
        format!(
            "{} asks {} {} → {}",
            range.manifest(),
            range.name,
            range.from,
            range.to
        )
    });
    let stays = plan.blocked.iter().map(|blocked| {
        let by: Vec<String> = blocked.by.iter().map(ToString::to_string).collect();
        format!(
            "stays {} {}: {} [{}]",
            blocked.name,
            blocked.version,
            blocked.reason,
            by.join(", ")
        )
    });
    moves.chain(beside).chain(ranges).chain(stays).collect()
}
