//! What a crate asks for: its dependencies and features, as a line of a registry's index or a manifest has them.
//!
//! Cargo's reference, "Index Format" and "Features"; what features switch on in a lockfile is decided by Cargo's resolver
//! (`core/resolver/dep_cache.rs`), which knows no targets and takes `name?/feature` for a wish for `name`.

use std::collections::{BTreeMap, BTreeSet};

use serde::Deserialize;

/// Dependencies and features of one version of a crate.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Declared {
    /// In the order in which they are written.
    pub dependencies: Vec<Dependency>,
    /// By name, those of optional dependencies among them.
    features: BTreeMap<String, Vec<String>>,
    /// The native library that no other crate of a build may link.
    pub links: Option<String>,
}

/// A dependency that a crate declares.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Dependency {
    /// What the crate calls it.
    pub name: String,
    /// The name of the package.
    pub package: String,
    /// The versions that it takes, as Cargo writes them.
    pub range: String,
    /// Features that it switches on.
    pub features: Vec<String>,
    /// The feature `default` is on as well.
    pub has_defaults: bool,
    /// Some feature has to ask for it.
    pub is_optional: bool,
    /// When it is needed.
    pub kind: DependencyKind,
    /// Where it comes from.
    pub origin: Origin,
    /// The folder of the manifest in which the range stands; `None` where a registry says it.
    pub folder: Option<String>,
}

/// When a dependency is needed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum DependencyKind {
    /// Always.
    Normal,
    /// By the build script.
    Build,
    /// Where the crate itself is developed.
    Dev,
}

/// Where a dependency comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Origin {
    /// The registry of the crate that asks for it; for a manifest the one that it names.
    Registry,
    /// The registry with this index.
    Index(String),
    /// A folder, or a repository of git.
    Elsewhere,
}

/// What some features of a crate do.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Switched {
    /// All features that are on by them.
    pub on: BTreeSet<String>,
    /// Optional dependencies that are wanted, as the crate calls them.
    pub wanted: BTreeSet<String>,
    /// Features that dependencies get, by what the crate calls these.
    pub passed: BTreeMap<String, BTreeSet<String>>,
    /// Features that the crate does not have.
    pub unknown: BTreeSet<String>,
}

impl Declared {
    /// With the features that are written down, and one for each optional dependency that no `dep:` names.
    #[must_use]
    pub fn new(
        dependencies: Vec<Dependency>,
        mut features: BTreeMap<String, Vec<String>>,
        links: Option<String>,
    ) -> Self {
        let named: BTreeSet<String> = features
            .values()
            .flatten()
            .filter_map(|value| value.strip_prefix("dep:"))
            .map(str::to_owned)
            .collect();
        for dependency in dependencies.iter().filter(|one| one.is_optional) {
            if !named.contains(&dependency.name) {
                features
                    .entry(dependency.name.clone())
                    .or_insert_with(|| vec![format!("dep:{}", dependency.name)]);
            }
        }
        Self {
            dependencies,
            features,
            links,
        }
    }

    /// The names of all features.
    pub fn features(&self) -> impl Iterator<Item = &str> {
        self.features.keys().map(String::as_str)
    }

    /// What is on by `features`. One that is not there is only noted.
    pub fn switched<'f>(&self, features: impl IntoIterator<Item = &'f str>) -> Switched {
        let mut switched = Switched::default();
        let mut open: Vec<String> = features.into_iter().map(str::to_owned).collect();
        while let Some(feature) = open.pop() {
            let Some(values) = self.features.get(&feature) else {
                switched.unknown.insert(feature);
                continue;
            };
            if !switched.on.insert(feature) {
                continue;
            }
            for value in values {
                if let Some(name) = value.strip_prefix("dep:") {
                    switched.wanted.insert(name.to_owned());
                } else if let Some((name, passed)) = value.split_once('/') {
                    let is_weak = name.ends_with('?');
                    let name = name.trim_end_matches('?');
                    switched.wanted.insert(name.to_owned());
                    let all = switched.passed.entry(name.to_owned()).or_default();
                    all.insert(passed.to_owned());
                    if !is_weak && self.features.contains_key(name) && self.is_optional(name) {
                        open.push(name.to_owned());
                    }
                } else {
                    open.push(value.clone());
                }
            }
        }
        switched
    }

    /// The features that lead to a dependency or to one of its features: the others change nothing in a lockfile.
    #[must_use]
    pub fn telling(&self) -> BTreeSet<&str> {
        // Backwards from those that name a dependency.
        let mut users: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
        let mut open: Vec<&str> = Vec::new();
        for (feature, values) in &self.features {
            for value in values {
                match value.starts_with("dep:") || value.contains('/') {
                    true => open.push(feature),
                    false => users.entry(value).or_default().push(feature),
                }
            }
        }
        let mut telling = BTreeSet::new();
        while let Some(feature) = open.pop() {
            if telling.insert(feature) {
                open.extend(users.get(feature).into_iter().flatten());
            }
        }
        telling
    }

    /// The features that are on only if `dependency` gets one of `features`.
    #[must_use]
    pub fn passing(&self, dependency: &str, features: &BTreeSet<&str>) -> BTreeSet<&str> {
        let passes = |value: &String| {
            let passed = value.split_once('/');
            passed.is_some_and(|(name, feature)| {
                name.trim_end_matches('?') == dependency && features.contains(feature)
            })
        };
        let all = self.features.iter();
        all.filter(|(_, values)| values.iter().any(passes))
            .map(|(name, _)| name.as_str())
            .collect()
    }

    /// The features that lead to one of `features`, themselves included.
    #[must_use]
    pub fn leading_to<'d>(&'d self, features: &BTreeSet<&str>) -> BTreeSet<&'d str> {
        let mut users: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
        let mut open: Vec<&str> = Vec::new();
        for (feature, values) in &self.features {
            if features.contains(feature.as_str()) {
                open.push(feature);
            }
            for value in values {
                let name = match value.split_once('/') {
                    // `name/feature` asks for a feature called `name` too.
                    Some((name, _)) if !name.ends_with('?') => name,
                    Some(_) => continue,
                    None => value,
                };
                users.entry(name).or_default().push(feature);
            }
        }
        let mut leading = BTreeSet::new();
        while let Some(feature) = open.pop() {
            if leading.insert(feature) {
                open.extend(users.get(feature).into_iter().flatten());
            }
        }
        leading
    }

    /// The features that want the optional dependency called `name`.
    #[must_use]
    pub fn wishing(&self, name: &str) -> BTreeSet<&str> {
        let wishes = |value: &String| {
            let wanted = value.strip_prefix("dep:");
            let wanted = wanted.or_else(|| value.split_once('/').map(|(name, _)| name));
            wanted.is_some_and(|wanted| wanted.trim_end_matches('?') == name)
        };
        let all = self.features.iter();
        all.filter(|(_, values)| values.iter().any(wishes))
            .map(|(name, _)| name.as_str())
            .collect()
    }

    /// The features that the dependency called `name` gets by `features` themselves, without what these switch on.
    #[must_use]
    pub fn passed_by<'f>(&self, features: impl IntoIterator<Item = &'f str>, name: &str) -> BTreeSet<String> {
        let values = features
            .into_iter()
            .filter_map(|feature| self.features.get(feature));
        let passed = values.flatten().filter_map(|value| value.split_once('/'));
        passed
            .filter(|(to, _)| to.trim_end_matches('?') == name)
            .map(|(_, feature)| feature.to_owned())
            .collect()
    }

    /// There is such a feature.
    #[must_use]
    pub fn has_feature(&self, name: &str) -> bool {
        self.features.contains_key(name)
    }

    fn is_optional(&self, name: &str) -> bool {
        let mut named = self.dependencies.iter().filter(|one| one.name == name);
        named.any(|one| one.is_optional)
    }
}

/// What a registry's index says of one version of a crate.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IndexLine {
    /// The crate's name.
    pub name: String,
    /// The version.
    pub version: String,
    /// SHA-256 of the archive, in hexadecimal digits.
    pub checksum: String,
    /// It is withdrawn.
    pub is_yanked: bool,
    /// The lowest release of Rust that builds it.
    pub rust_version: Option<String>,
    /// When it was published, as the index writes it.
    pub published: Option<String>,
    /// What it asks for.
    pub declared: Declared,
}

/// The newest version of the index's format that is known here.
const NEWEST: u64 = 2;

impl IndexLine {
    /// Reads a line.
    ///
    /// # Errors
    /// Why Cargo would not read it, as a lowercase fragment.
    pub fn read(text: &str) -> Result<Self, String> {
        let line: Line =
            serde_json::from_str(text).map_err(|error| format!("not a line of an index: {error}"))?;
        if let Some(newer) = line.v.filter(|version| *version > NEWEST) {
            return Err(format!(
                "version {newer} of the index's format is newer than {NEWEST}"
            ));
        }
        let dependencies = line.deps.into_iter().map(LineDependency::read).collect();
        let mut features = line.features;
        for (name, values) in line.features2.unwrap_or_default() {
            features.entry(name).or_default().extend(values);
        }
        Ok(Self {
            name: line.name,
            version: line.vers,
            checksum: line.cksum,
            is_yanked: line.yanked,
            rust_version: line.rust_version,
            published: line.pubtime,
            declared: Declared::new(dependencies, features, line.links),
        })
    }
}

#[derive(Deserialize)]
struct Line {
    name: String,
    vers: String,
    #[serde(default)]
    deps: Vec<LineDependency>,
    cksum: String,
    #[serde(default)]
    features: BTreeMap<String, Vec<String>>,
    features2: Option<BTreeMap<String, Vec<String>>>,
    #[serde(default)]
    yanked: bool,
    links: Option<String>,
    rust_version: Option<String>,
    v: Option<u64>,
    pubtime: Option<String>,
}

#[derive(Deserialize)]
struct LineDependency {
    name: String,
    req: String,
    #[serde(default)]
    features: Vec<String>,
    #[serde(default)]
    optional: bool,
    #[serde(default = "yes")]
    default_features: bool,
    kind: Option<String>,
    registry: Option<String>,
    package: Option<String>,
}

fn yes() -> bool {
    true
}

impl LineDependency {
    fn read(self) -> Dependency {
        Dependency {
            package: self.package.unwrap_or_else(|| self.name.clone()),
            name: self.name,
            range: self.req,
            features: self.features,
            has_defaults: self.default_features,
            is_optional: self.optional,
            kind: match self.kind.as_deref() {
                Some("dev") => DependencyKind::Dev,
                Some("build") => DependencyKind::Build,
                Some(_) | None => DependencyKind::Normal,
            },
            origin: self.registry.map_or(Origin::Registry, Origin::Index),
            folder: None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn declared() -> Declared {
        let line = IndexLine::read(
            r#"{"name":"a","vers":"1.0.0","cksum":"00","v":2,"links":"z","yanked":true,"rust_version":"1.70",
               "deps":[{"name":"b","req":"^1","optional":true},{"name":"c","package":"real-c","req":"^2","optional":true,"kind":"build"},
                       {"name":"d","req":"*","default_features":false,"features":["x"],"kind":"dev","registry":"https://index.example/"},
                       {"name":"e","req":"1","optional":true}],
               "features":{"default":["std"],"std":["b/std"],"plain":[]},
               "features2":{"cc":["dep:c"],"weak":["e?/y","plain"],"std":["plain"]}}"#,
        )
        .expect("a line");
        assert_eq!(
            (line.is_yanked, line.rust_version.as_deref()),
            (true, Some("1.70"))
        );
        line.declared
    }

    #[test]
    fn a_line_of_an_index_is_read_with_both_tables_of_features() {
        let declared = declared();
        assert_eq!(declared.links.as_deref(), Some("z"));
        // `c` has no feature of its own, for `dep:c` names it.
        let names: Vec<&str> = declared.features().collect();
        assert_eq!(names, ["b", "cc", "default", "e", "plain", "std", "weak"]);
        let [_, c, d, _] = declared.dependencies.as_slice() else {
            panic!()
        };
        assert_eq!((c.package.as_str(), c.kind), ("real-c", DependencyKind::Build));
        assert_eq!((d.kind, d.has_defaults), (DependencyKind::Dev, false));
        assert_eq!(d.origin, Origin::Index("https://index.example/".to_owned()));
        assert!(IndexLine::read(r#"{"name":"a","vers":"1.0.0","cksum":"00","v":3}"#).is_err());
        assert!(IndexLine::read("{}").is_err());
    }

    #[test]
    fn features_switch_dependencies_and_their_features_on() {
        let declared = declared();
        let switched = declared.switched(["default", "nothing"]);
        let text = |set: &BTreeSet<String>| set.iter().cloned().collect::<Vec<_>>().join(" ");
        assert_eq!(text(&switched.on), "b default plain std");
        assert_eq!(text(&switched.wanted), "b");
        assert_eq!(text(&switched.passed["b"]), "std");
        assert_eq!(text(&switched.unknown), "nothing");
        // A lockfile takes a weak wish for a wish, without the feature of the same name.
        let switched = declared.switched(["weak"]);
        assert_eq!(
            (text(&switched.on), text(&switched.wanted)),
            ("plain weak".into(), "e".into())
        );
        let telling: Vec<&str> = declared.telling().into_iter().collect();
        assert_eq!(telling, ["b", "cc", "default", "e", "std", "weak"]);
        assert_eq!(
            declared.passing("b", &BTreeSet::from(["std"])),
            BTreeSet::from(["std"])
        );
        assert_eq!(declared.passing("e", &BTreeSet::from(["std"])), BTreeSet::new());
    }
}
