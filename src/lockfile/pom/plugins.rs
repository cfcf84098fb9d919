//! Plugins and build extensions: what runs when the module is built.

use std::collections::hash_map::Entry;
use std::sync::Arc;

use foldhash::{HashMap, HashSet, HashSetExt as _};

use super::interpolation::Environment;
use super::model::{DEFAULT_GROUP, Dependency, Inheritance, Plugin, Pom, Section, Value};
use super::packages::{Gap, Module, Wanted, Weight};
use crate::model::{Cost, Scope, Scopes};

/// Plugins that Maven's own lifecycles bring in whatever the packaging.
const ALWAYS: &[&str] = &[
    "maven-clean-plugin",
    "maven-deploy-plugin",
    "maven-install-plugin",
    "maven-site-plugin",
];

/// Plugins that each packaging with code brings in ("Introduction to the Build Lifecycle", default bindings).
const WITH_CODE: &[&str] = &[
    "maven-compiler-plugin",
    "maven-resources-plugin",
    "maven-surefire-plugin",
];

/// The plugin that makes the artifact.
const PACKAGERS: &[(&str, &str)] = &[
    ("ear", "maven-ear-plugin"),
    ("ejb", "maven-ejb-plugin"),
    ("jar", "maven-jar-plugin"),
    ("maven-plugin", "maven-plugin-plugin"),
    ("rar", "maven-rar-plugin"),
    ("war", "maven-war-plugin"),
];

/// Adds the plugins and extensions of one environment.
pub(super) fn read(module: &mut Module<'_, '_>, environment: &Environment<'_>) {
    let managed = Declarations::of(environment, |section| &section.managed_plugins);
    let build = Declarations::of(environment, |section| &section.plugins);
    let site = Declarations::of(environment, |section| &section.reports);
    for list in [&build, &site] {
        for key in &list.order {
            add(module, environment, key, list.get(key), managed.get(key));
        }
    }
    for artifact in implied(environment) {
        let key = format!("{DEFAULT_GROUP}:{artifact}");
        let has_version = |(_, plugin): &(&Pom, &Plugin)| plugin.coordinates.version.is_some();
        if build.get(&key).is_empty() && managed.get(&key).iter().any(has_version) {
            add(module, environment, &key, managed.get(&key), &[]);
        }
    }
    for (pom, section) in &environment.sections {
        for extension in &section.extensions {
            add_artifact(module, environment, pom, extension);
        }
    }
}

/// The plugins of one list by name.
#[derive(Default)]
struct Declarations<'p> {
    order: Vec<Arc<str>>,
    by_key: HashMap<Arc<str>, Declared<'p>>,
}

/// What is said of one plugin, the nearest declaration first, and what the nearest says of inheritance.
struct Declared<'p> {
    list: Vec<(&'p Pom, &'p Plugin)>,
    inheritance: Inheritance,
}

impl<'p> Declarations<'p> {
    /// Merges from the topmost parent downwards, since each pom decides what its children see of a plugin.
    fn of(environment: &Environment<'p>, list: fn(&Section) -> &[Plugin]) -> Self {
        let mut merged = Self::default();
        let layers = environment
            .sections
            .chunk_by(|(pom, _), (next, _)| std::ptr::eq(*pom, *next));
        for layer in layers.rev() {
            let inherited = std::mem::take(&mut merged);
            for (pom, section) in layer {
                // Of several declarations in one list Maven merges the later ones over the earlier.
                let known = merged.order.len();
                for plugin in list(section).iter().rev() {
                    let declared = Declared {
                        list: vec![(pom, plugin)],
                        inheritance: plugin.inheritance,
                    };
                    merged.push(key(environment, pom, plugin), declared);
                }
                let mut new = merged.order.split_off(known);
                new.reverse();
                merged.order.append(&mut new);
            }
            let Self { order, mut by_key } = inherited;
            for key in order {
                if let Some(declared) = by_key
                    .remove(&key)
                    .filter(|declared| declared.inheritance != Inheritance::Off)
                {
                    merged.push(key, declared);
                }
            }
        }
        merged
    }

    /// Adds what is said farther away.
    fn push(&mut self, key: Arc<str>, mut declared: Declared<'p>) {
        match self.by_key.entry(key) {
            Entry::Occupied(mut known) => {
                let known = known.get_mut();
                known.list.append(&mut declared.list);
                if known.inheritance == Inheritance::Unsaid {
                    known.inheritance = declared.inheritance;
                }
            }
            Entry::Vacant(new) => {
                self.order.push(new.key().clone());
                new.insert(declared);
            }
        }
    }

    fn get(&self, key: &str) -> &[(&'p Pom, &'p Plugin)] {
        self.by_key
            .get(key)
            .map_or(&[], |declared| declared.list.as_slice())
    }
}

/// Adds a plugin and what it depends on. The nearest declaration that says something decides, and what is
/// managed comes last.
fn add(
    module: &mut Module<'_, '_>,
    environment: &Environment<'_>,
    key: &str,
    declared: &[(&Pom, &Plugin)],
    managed: &[(&Pom, &Plugin)],
) {
    let (Some((group, artifact)), Some((pom, plugin))) = (key.split_once(':'), declared.first()) else {
        return;
    };
    let coordinates = &plugin.coordinates;
    let names = [&coordinates.group, &coordinates.artifact].into_iter().flatten();
    if let Some(unresolved) = names
        .filter_map(|name| environment.expand(&pom.path, name).err())
        .next()
    {
        let gap = Gap {
            cost: unresolved.cost(),
            span: coordinates.place(),
            message: format!("the name of a plugin is {}", unresolved.describe(environment)),
            hint: "Define the property in a pom of this tree.",
            weight: unresolved.weight(environment),
        };
        module.gap(pom, coordinates, gap);
        return;
    }
    if plugin.coordinates.artifact.is_none() {
        let gap = Gap {
            cost: Cost::Blind,
            span: plugin.coordinates.place(),
            message: "a plugin without an artifactId".into(),
            hint: "Correct the plugin; `mvn validate` shows what Maven makes of it.",
            weight: Weight::Always,
        };
        return module.gap(pom, &plugin.coordinates, gap);
    }
    let all = || declared.iter().chain(managed);
    let version = all()
        .find_map(|(pom, plugin)| Some((pom, plugin.coordinates.version.as_ref()?)))
        .map(|(pom, version)| environment.expand(&pom.path, version));
    // BOMs manage no plugins.
    let outside: Vec<String> = environment
        .project
        .outside
        .iter()
        .map(|parent| format!("parent {parent}"))
        .collect();
    let wanted = Wanted {
        pom,
        declaration: &plugin.coordinates,
        group: group.to_owned(),
        artifact: artifact.to_owned(),
        scopes: Scopes::only(Scope::Build),
        system_path: None,
    };
    module.add(environment, &outside, &wanted, version);
    let mut seen = HashSet::new();
    for (pom, plugin) in all() {
        for dependency in &plugin.dependencies {
            if seen.insert(super::management::key(environment, pom, dependency)) {
                add_artifact(module, environment, pom, dependency);
            }
        }
    }
}

/// Adds an extension or a plugin's dependency, whose version no `dependencyManagement` gives.
fn add_artifact(
    module: &mut Module<'_, '_>,
    environment: &Environment<'_>,
    pom: &Pom,
    artifact: &Dependency,
) {
    if let Some(wanted) = module.wanted(environment, pom, artifact) {
        let version = artifact
            .version
            .as_ref()
            .map(|version| environment.expand(&pom.path, version));
        let wanted = Wanted {
            scopes: Scopes::only(Scope::Build),
            ..wanted
        };
        module.add(environment, &[], &wanted, version);
    }
}

/// `groupId:artifactId`.
fn key(environment: &Environment<'_>, pom: &Pom, plugin: &Plugin) -> Arc<str> {
    if let Some(key) = &plugin.key {
        return Arc::clone(key);
    }
    let text = |value: &Option<Value>| environment.text(&pom.path, value.as_ref());
    let group = text(&plugin.coordinates.group);
    let artifact = text(&plugin.coordinates.artifact).unwrap_or_default();
    format!("{}:{artifact}", group.as_deref().unwrap_or(DEFAULT_GROUP)).into()
}

/// The plugins that the packaging brings in.
fn implied(environment: &Environment<'_>) -> Vec<&'static str> {
    let pom = environment.project.poms.first();
    let packaging = pom
        .and_then(|pom| environment.text(&pom.path, pom.packaging.as_ref()))
        .unwrap_or_else(|| "jar".into());
    let packager = PACKAGERS.iter().find(|(name, _)| *name == packaging);
    let mut plugins = ALWAYS.to_vec();
    if let Some((_, plugin)) = packager {
        plugins.extend(WITH_CODE);
        plugins.push(plugin);
    }
    plugins
}
