//! From a project to the packages of its module.

use std::sync::Arc;

use foldhash::{HashMap, HashMapExt as _, HashSet, HashSetExt as _};

use super::super::{Parsed, Problem};
use super::interpolation::{Environment, Located, Unresolved, Why, Written};
use super::lineage::{Poms, Project};
use super::located::{declaration, exact, in_tree};
use super::management::{Boms, Management, key, same_version};
use super::model::{Dependency, Pom, Value};
use crate::model::{Cost, Ecosystem, FileSpan, NodeId, Package, Scope, Scopes, Source, TreePath, UpgradeBy};
use crate::text::Span;

/// What to do about a version that is managed outside of the tree.
const OUTSIDE: &str = "`lockkeeper scan --resolve` asks Maven's repositories for it; or write the version in the pom, or where this tree manages it.";

/// The module as its packages are found.
pub(super) struct Module<'m, 'r> {
    parsed: &'m mut Parsed,
    poms: &'m Poms<'r>,
    root: NodeId,
    /// `groupId:artifactId` of the module.
    name: String,
    /// The pom that is read.
    home: Arc<TreePath>,
    /// By name, version and place.
    packages: HashMap<(String, String, Arc<TreePath>, Span), NodeId>,
    own: HashMap<String, NodeId>,
    /// Each declaration: what is missing of it, or that nothing is.
    declared: HashMap<(Arc<TreePath>, Span), Declared>,
    /// Declarations with a gap, in the order in which they were found.
    gaps: Vec<(Arc<TreePath>, Span)>,
}

enum Declared {
    Resolved,
    Gap(Gap),
}

/// Why a declaration is no package.
pub(super) struct Gap {
    pub(super) cost: Cost,
    pub(super) span: Span,
    pub(super) message: String,
    pub(super) hint: &'static str,
    pub(super) weight: Weight,
}

/// Whether a gap counts where a declaration is whole under another profile.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Weight {
    /// It does: there is a build that has a version which is not known.
    Always,
    /// It does not: all poms are known, so that nothing can be built without the profile.
    UnderEveryProfile,
}

/// Artifact coordinates before the version is known.
pub(super) struct Wanted<'w> {
    /// The pom that declares it.
    pub(super) pom: &'w Pom,
    pub(super) declaration: &'w Dependency,
    pub(super) group: String,
    pub(super) artifact: String,
    pub(super) scopes: Scopes,
    /// The path of the artifact, if Maven is not to look for it.
    pub(super) system_path: Option<String>,
}

impl<'m, 'r> Module<'m, 'r> {
    /// A module without packages, as a root of the graph.
    pub(super) fn new(
        project: &Project,
        plain: &Environment<'_>,
        home: Arc<TreePath>,
        poms: &'m Poms<'r>,
        parsed: &'m mut Parsed,
    ) -> Self {
        let (mut group, mut artifact) = project.display();
        let mut version = String::new();
        if let Some(first) = project.poms.first() {
            let text = |value| plain.text(&first.path, value);
            group = text(first.own_group()).unwrap_or(group);
            artifact = text(first.artifact.as_ref()).unwrap_or(artifact);
            let versions = project.poms.iter().map(|pom| (pom, pom.own_version()));
            version = versions
                .filter(|(_, written)| written.is_some())
                .find_map(|(pom, written)| plain.text(&pom.path, written))
                .unwrap_or_default();
        }
        let name = format!("{group}:{artifact}");
        Self {
            root: parsed.graph.add_root(name.clone(), version),
            name,
            home,
            poms,
            parsed,
            packages: HashMap::new(),
            own: HashMap::new(),
            declared: HashMap::new(),
            gaps: Vec::new(),
        }
    }

    /// Adds the dependencies of one environment.
    pub(super) fn read(&mut self, environment: &Environment<'_>, boms: &Boms<'_>) {
        let management = Management::of(environment, boms);
        self.poms.record(|resolved| {
            let jars = management.entries().filter_map(|(key, managed)| {
                let name = key.strip_suffix(":jar")?;
                let located = exact(&managed.version(environment)?.ok()?)?;
                Some(declaration(name, &located, Scopes::only(Scope::Runtime)))
            });
            resolved.managed.extend(jars);
        });
        let mut seen = HashSet::new();
        for (pom, section) in &environment.sections {
            // Of several declarations in one list Maven takes the last.
            let last: HashMap<Arc<str>, usize> = section
                .dependencies
                .iter()
                .enumerate()
                .map(|(number, dependency)| (key(environment, pom, dependency), number))
                .collect();
            for (number, dependency) in section.dependencies.iter().enumerate() {
                let key = key(environment, pom, dependency);
                if last.get(&key) == Some(&number) && seen.insert(key.clone()) {
                    let infers = pom.infers && std::ptr::eq(*section, &pom.main);
                    if !(infers && self.inferred(environment, pom, dependency)) {
                        self.dependency(environment, &management, pom, dependency, &key);
                    }
                }
            }
        }
    }

    /// Adds a dependency without a version that a module of the reactor is, with its group if there is none, and says whether one is.
    fn inferred(&mut self, environment: &Environment<'_>, pom: &Pom, dependency: &Dependency) -> bool {
        let text = |value: &Option<Value>| environment.text(&pom.path, value.as_ref());
        let (Some(artifact), None) = (text(&dependency.artifact), &dependency.version) else {
            return false;
        };
        let group = text(&dependency.group).unwrap_or_default();
        let module = self.poms.inferred(&environment.project.poms, &group, &artifact);
        let Some(module) = module.filter(|_| self.poms.may_go_on(1)) else {
            return false;
        };
        let name = format!("{}:{artifact}", module.group);
        let wanted = Wanted {
            pom,
            declaration: dependency,
            group: module.group,
            artifact,
            scopes: Scopes::default(),
            system_path: None,
        };
        let is_plain = !module.version.contains("${");
        self.add_own(&wanted, name, if is_plain { &module.version } else { "" });
        true
    }

    fn dependency(
        &mut self,
        environment: &Environment<'_>,
        management: &Management<'_>,
        pom: &Pom,
        dependency: &Dependency,
        key: &str,
    ) {
        let managed = management.get(key);
        let scope = environment
            .text(&pom.path, dependency.scope.as_ref())
            // Something outside may manage the scope instead; then the gravest one is taken.
            .or_else(|| managed.filter(|managed| managed.shadow.is_none())?.scope.clone());
        let mut scopes = Scopes::only(match scope.as_deref() {
            Some("test") => Scope::Dev,
            Some("provided") => Scope::Build,
            _ => Scope::Runtime,
        });
        if environment
            .text(&pom.path, dependency.optional.as_ref())
            .as_deref()
            == Some("true")
        {
            scopes.add(Scope::Optional);
        }
        let system_path = (scope.as_deref() == Some("system")).then(|| {
            environment
                .text(&pom.path, dependency.system_path.as_ref())
                .unwrap_or_default()
        });
        let Some(mut wanted) = self.wanted(environment, pom, dependency) else {
            return;
        };
        wanted.scopes = scopes;
        wanted.system_path = system_path;
        let version = match &dependency.version {
            Some(version) => Some(environment.expand(&pom.path, version)),
            None => managed.and_then(|managed| managed.version(environment)),
        };
        self.add(environment, &management.outside, &wanted, version);
        let shadow = managed.and_then(|managed| managed.shadow.as_ref());
        if let Some(shadow) = shadow.filter(|_| dependency.version.is_none()) {
            let message = format!(
                "the version of {}:{} is taken from a BOM of the tree, but is perhaps managed outside it, which would come first ({shadow})",
                wanted.group, wanted.artifact
            );
            self.gap(
                pom,
                dependency,
                Gap {
                    cost: Cost::Partial,
                    span: dependency.place(),
                    message,
                    hint: "Import the BOM of the tree before others, or write the version where it is used.",
                    weight: Weight::Always,
                },
            );
        }
    }

    /// The coordinates of a declaration; a gap if there are none.
    pub(super) fn wanted<'w>(
        &mut self,
        environment: &Environment<'_>,
        pom: &'w Pom,
        declaration: &'w Dependency,
    ) -> Option<Wanted<'w>> {
        let (Some(group), Some(artifact)) = (&declaration.group, &declaration.artifact) else {
            self.gap(
                pom,
                declaration,
                Gap {
                    cost: Cost::Blind,
                    span: declaration.place(),
                    message: "a dependency without a groupId or an artifactId".into(),
                    hint: "Correct the dependency; `mvn validate` shows what Maven makes of it.",
                    weight: Weight::Always,
                },
            );
            return None;
        };
        let name = |value: &Value| environment.expand(&pom.path, value);
        match (name(group), name(artifact)) {
            (Ok(group), Ok(artifact)) => Some(Wanted {
                pom,
                declaration,
                group: group.text,
                artifact: artifact.text,
                scopes: Scopes::default(),
                system_path: None,
            }),
            (Err(unresolved), _) | (_, Err(unresolved)) => {
                let message = format!("the name of a dependency is {}", unresolved.describe(environment));
                self.gap(
                    pom,
                    declaration,
                    Gap {
                        cost: unresolved.cost(),
                        span: declaration.place(),
                        message,
                        hint: "Define the property in a pom of this tree.",
                        weight: unresolved.weight(environment),
                    },
                );
                None
            }
        }
    }

    /// Adds the artifact that is wanted at `version`, or reports why its version is not known: what could define it
    /// is `outside` the tree.
    pub(super) fn add(
        &mut self,
        environment: &Environment<'_>,
        outside: &[String],
        wanted: &Wanted<'_>,
        version: Option<Result<Located, Unresolved>>,
    ) {
        if !self.poms.may_go_on(1) {
            return;
        }
        let name = format!("{}:{}", wanted.group, wanted.artifact);
        let text = match &version {
            Some(Ok(located)) => located.text.as_str(),
            Some(Err(_)) | None => "",
        };
        let module = self.poms.module(
            &environment.project.poms,
            &wanted.group,
            &wanted.artifact,
            |written, path| same_version(environment, self.poms, path, written, text),
        );
        if module.is_some() {
            self.add_own(wanted, name, text);
            return;
        }
        let cost = match &version {
            Some(Err(unresolved)) => unresolved.cost(),
            Some(Ok(_)) | None => Cost::Partial,
        };
        let gap = |message: String, weight: Weight| Gap {
            cost,
            span: wanted.declaration.place(),
            message,
            hint: "Write the version in the pom, or where this tree manages it.",
            weight,
        };
        let located = match version {
            Some(Ok(located)) => located,
            Some(Err(unresolved)) => {
                let message = format!("the version of {name} is {}", unresolved.describe(environment));
                self.gap(
                    wanted.pom,
                    wanted.declaration,
                    gap(message, unresolved.weight(environment)),
                );
                return;
            }
            None => {
                let message = match outside {
                    [] => format!("{name} has no version in the tree"),
                    [one] => format!("the version of {name} is managed outside the tree ({one})"),
                    [one, two] => {
                        format!("the version of {name} is managed outside the tree ({one} or {two})")
                    }
                    [one, two, rest @ ..] => format!(
                        "the version of {name} is managed outside the tree ({one}, {two} or {} more)",
                        rest.len()
                    ),
                };
                let weight = match outside.is_empty() {
                    true => Weight::UnderEveryProfile,
                    false => Weight::Always,
                };
                let gap = match outside.is_empty() {
                    true => gap(message, weight),
                    false => Gap {
                        hint: OUTSIDE,
                        ..gap(message, weight)
                    },
                };
                self.gap(wanted.pom, wanted.declaration, gap);
                return;
            }
        };
        match exact(&located) {
            Some(exact) => self.add_package(environment, wanted, name, exact),
            None => {
                let message = format!(
                    "{name} is asked for as {}, which is no exact version",
                    located.text
                );
                self.gap(wanted.pom, wanted.declaration, gap(message, Weight::Always));
            }
        }
    }

    fn add_package(
        &mut self,
        environment: &Environment<'_>,
        wanted: &Wanted<'_>,
        name: String,
        located: Located,
    ) {
        self.resolved(wanted);
        self.poms.record(|resolved| {
            resolved
                .declarations
                .push(declaration(&name, &located, wanted.scopes));
        });
        let span = wanted.declaration.place();
        let (located, manager) = in_tree(environment, wanted.pom, span, located);
        let here = located.path == self.home;
        let identity_written = located.written;
        let identity = (name, located.text, located.path, located.span);
        let known = self.packages.get(&identity).copied();
        if let Some(package) = known.and_then(|id| self.parsed.graph.package_mut(id)) {
            package.scopes = package.scopes.with(wanted.scopes);
            return;
        }
        let place = match here {
            true => FileSpan::here(identity.3),
            false => FileSpan::elsewhere((*identity.2).clone(), identity.3),
        };
        let mut package = Package::new(Ecosystem::MAVEN, identity.0.as_str(), identity.1.as_str(), place);
        package.scopes = wanted.scopes;
        package.direct = true;
        if !here {
            package.used_by = Some(self.name.as_str().into());
        }
        if let Some(path) = &wanted.system_path {
            package.source = Source::Path(path.clone());
        }
        let entry = wanted.declaration.span;
        let inside =
            wanted.pom.path == identity.2 && entry.start <= identity.3.start && identity.3.end <= entry.end;
        package.spans.entry = inside.then_some(entry);
        package.upgrade_by = match (manager, identity_written) {
            (Some(manager), _) => Some(Box::new(UpgradeBy::Managed(manager.into()))),
            // The goal that sets properties looks at those of profiles only where it is given each by name.
            (None, Written::Property(name)) if environment.is_of_profile(&name) => {
                Some(Box::new(UpgradeBy::Hand))
            }
            (None, Written::Property(name)) => Some(Box::new(UpgradeBy::Property(name.into()))),
            // Goals that change versions look at dependencies alone.
            (None, Written::Here) if wanted.scopes != Scopes::only(Scope::Build) => None,
            (None, Written::Here | Written::Otherwise) => Some(Box::new(UpgradeBy::Hand)),
        };
        let id = self.parsed.graph.add_package(package);
        self.add_edge(wanted, id);
        self.packages.insert(identity, id);
    }

    fn add_own(&mut self, wanted: &Wanted<'_>, name: String, version: &str) {
        self.resolved(wanted);
        if name == self.name || self.own.contains_key(&name) {
            return;
        }
        let id = self.parsed.graph.add_own(name.clone(), version);
        self.add_edge(wanted, id);
        self.own.insert(name, id);
    }

    fn add_edge(&mut self, wanted: &Wanted<'_>, to: NodeId) {
        let span = match wanted.pom.path == self.home {
            true => wanted.declaration.place(),
            false => Span::default(),
        };
        self.parsed.graph.add_edge(self.root, to, span);
    }

    fn resolved(&mut self, wanted: &Wanted<'_>) {
        let identity = (Arc::clone(&wanted.pom.path), wanted.declaration.span);
        let declared = self.declared.entry(identity).or_insert(Declared::Resolved);
        match declared {
            Declared::Gap(gap) if gap.weight == Weight::UnderEveryProfile => *declared = Declared::Resolved,
            Declared::Gap(_) | Declared::Resolved => {}
        }
    }

    /// Keeps a gap of a declaration, the heaviest one.
    pub(super) fn gap(&mut self, pom: &Pom, declaration: &Dependency, gap: Gap) {
        let identity = (Arc::clone(&pom.path), declaration.span);
        match self.declared.get_mut(&identity) {
            None => {
                self.gaps.push(identity.clone());
                self.declared.insert(identity, Declared::Gap(gap));
            }
            Some(Declared::Gap(known)) if known.weight == Weight::UnderEveryProfile => *known = gap,
            Some(Declared::Gap(_)) => {}
            Some(known @ Declared::Resolved) => {
                if gap.weight == Weight::Always {
                    self.gaps.push(identity);
                    *known = Declared::Gap(gap);
                }
            }
        }
    }

    /// Tells the gaps that are left when all was read.
    pub(super) fn report_gaps(mut self) {
        for identity in std::mem::take(&mut self.gaps) {
            if let Some(Declared::Gap(gap)) = self.declared.remove(&identity) {
                self.parsed.problems.push(Problem {
                    cost: gap.cost,
                    file: Some((*identity.0).clone()),
                    span: gap.span,
                    message: gap.message,
                    hint: gap.hint.to_owned(),
                });
            }
        }
    }
}

impl Unresolved {
    /// What is wrong, to follow "is".
    pub(super) fn describe(&self, environment: &Environment<'_>) -> String {
        let name = &self.name;
        match (self.why, &environment.project.outside) {
            (Why::Endless, _) => format!("the property {name}, which leads to itself or grows without end"),
            (Why::OfTheModel, _) => format!("the property {name}, which is not followed here"),
            (Why::Undefined, Some(parent)) => {
                format!("the property {name}, which is managed outside the tree (parent {parent})")
            }
            (Why::Undefined, None) => format!("the property {name}, which is not defined in the tree"),
        }
    }

    /// Maven refuses circles and knows its whole model: then nothing outside the tree decides.
    pub(super) fn cost(&self) -> Cost {
        match self.why {
            Why::Endless | Why::OfTheModel => Cost::Blind,
            Why::Undefined => Cost::Partial,
        }
    }

    pub(super) fn weight(&self, environment: &Environment<'_>) -> Weight {
        match (self.why, &environment.project.outside) {
            (Why::Endless | Why::OfTheModel, _) | (Why::Undefined, Some(_)) => Weight::Always,
            (Why::Undefined, None) => Weight::UnderEveryProfile,
        }
    }
}
