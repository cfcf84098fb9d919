//! What one pom says, as it is written (POM Reference, model version 4).

use std::borrow::Cow;
use std::sync::Arc;

use foldhash::HashMap;

use crate::model::TreePath;
use crate::text::Span;
use crate::text::xml::{Document, Element};

/// A text of the pom, with its place; expressions in it are not expanded.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Value {
    pub(super) text: String,
    pub(super) span: Span,
}

/// The group of plugins that name none.
pub(super) const DEFAULT_GROUP: &str = "org.apache.maven.plugins";

/// One pom.
#[derive(Debug)]
pub(super) struct Pom {
    /// Its path in the tree.
    pub(super) path: Arc<TreePath>,
    pub(super) parent: Option<Parent>,
    pub(super) group: Option<Value>,
    pub(super) artifact: Option<Value>,
    pub(super) version: Option<Value>,
    /// `jar` if it says nothing.
    pub(super) packaging: Option<Value>,
    /// What counts under every profile.
    pub(super) main: Section,
    pub(super) profiles: Vec<Profile>,
    /// Maven infers the coordinates that dependencies on modules of the reactor lack (since model version 4.1.0).
    pub(super) infers: bool,
}

/// The `parent` element.
#[derive(Debug, Default)]
pub(super) struct Parent {
    pub(super) group: Option<Value>,
    pub(super) artifact: Option<Value>,
    pub(super) version: Option<Value>,
    /// `None` if there is no such element, empty if it is empty.
    pub(super) relative_path: Option<String>,
}

/// What a pom and each of its profiles may hold.
#[derive(Debug, Default)]
pub(super) struct Section {
    pub(super) properties: HashMap<String, Value>,
    pub(super) dependencies: Vec<Dependency>,
    /// `dependencyManagement`, imports among it.
    pub(super) managed: Vec<Dependency>,
    pub(super) plugins: Vec<Plugin>,
    pub(super) managed_plugins: Vec<Plugin>,
    /// Plugins of the site.
    pub(super) reports: Vec<Plugin>,
    /// Build extensions.
    pub(super) extensions: Vec<Dependency>,
    /// Modules of the reactor, as folders or files.
    pub(super) modules: Vec<Value>,
}

/// A profile.
#[derive(Debug)]
pub(super) struct Profile {
    pub(super) id: String,
    pub(super) activation: Activation,
    pub(super) section: Section,
}

/// When a profile counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Activation {
    /// Wherever no other one of its pom does.
    ByDefault,
    /// When it is asked for, or the machine fits it.
    Otherwise,
}

/// A dependency, a managed one, an import, or an extension.
#[derive(Debug, Default)]
pub(super) struct Dependency {
    pub(super) group: Option<Value>,
    pub(super) artifact: Option<Value>,
    pub(super) version: Option<Value>,
    pub(super) kind: Option<Value>,
    pub(super) classifier: Option<Value>,
    pub(super) scope: Option<Value>,
    pub(super) optional: Option<Value>,
    pub(super) system_path: Option<Value>,
    /// The whole element.
    pub(super) span: Span,
    /// What Maven identifies it by, if no expression is part of that.
    pub(super) key: Option<Arc<str>>,
}

/// A plugin.
#[derive(Debug)]
pub(super) struct Plugin {
    pub(super) coordinates: Dependency,
    pub(super) inheritance: Inheritance,
    pub(super) dependencies: Vec<Dependency>,
    /// `groupId:artifactId`, if no expression is part of it.
    pub(super) key: Option<Arc<str>>,
}

/// Whether children get a plugin from their parent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Inheritance {
    /// They do, since nothing is said.
    Unsaid,
    /// `<inherited>true</inherited>`.
    Inherited,
    /// `<inherited>false</inherited>`.
    Off,
}

impl Pom {
    /// Reads the `project` element; `None` if there is none.
    pub(super) fn read(path: Arc<TreePath>, document: &Document<'_>) -> Option<Self> {
        let project = document.root().child("project")?;
        let mut pom = Self {
            path,
            parent: None,
            group: None,
            artifact: None,
            version: None,
            packaging: None,
            main: Section::read(project),
            profiles: Vec::new(),
            infers: infers(project),
        };
        for element in project.children() {
            match element.name() {
                "parent" => pom.parent = Some(Parent::read(element)),
                "groupId" => pom.group = value(element),
                "artifactId" => pom.artifact = value(element),
                "version" => pom.version = value(element),
                "packaging" => pom.packaging = value(element),
                "profiles" => pom.profiles.extend(element.children().map(Profile::read)),
                _ => {}
            }
        }
        Some(pom)
    }

    /// The group, which a child has from its parent.
    pub(super) fn own_group(&self) -> Option<&Value> {
        self.group
            .as_ref()
            .or_else(|| self.parent.as_ref()?.group.as_ref())
    }

    /// The version, which a child has from its parent.
    pub(super) fn own_version(&self) -> Option<&Value> {
        self.version
            .as_ref()
            .or_else(|| self.parent.as_ref()?.version.as_ref())
    }
}

impl Parent {
    fn read(element: Element<'_>) -> Self {
        let mut parent = Self::default();
        for field in element.children() {
            match field.name() {
                "groupId" => parent.group = value(field),
                "artifactId" => parent.artifact = value(field),
                "version" => parent.version = value(field),
                "relativePath" => parent.relative_path = Some(field.text().into_owned()),
                _ => {}
            }
        }
        parent
    }
}

impl Profile {
    fn read(element: Element<'_>) -> Self {
        let by_default = element
            .child("activation")
            .and_then(|activation| activation.child("activeByDefault"))
            .is_some_and(|flag| flag.text() == "true");
        Self {
            id: element
                .child("id")
                .map_or(Cow::Borrowed("default"), Element::text)
                .into_owned(),
            activation: match by_default {
                true => Activation::ByDefault,
                false => Activation::Otherwise,
            },
            section: Section::read(element),
        }
    }
}

impl Section {
    fn read(element: Element<'_>) -> Self {
        let mut section = Self::default();
        for part in element.children() {
            match part.name() {
                "properties" => {
                    for property in part.children() {
                        let value = Value {
                            text: property.text().into_owned(),
                            span: property.text_span(),
                        };
                        section.properties.insert(property.name().to_owned(), value);
                    }
                }
                "dependencies" => section.dependencies.extend(dependencies(part)),
                "dependencyManagement" => {
                    let lists = part.children().filter(|list| list.name() == "dependencies");
                    section.managed.extend(lists.flat_map(dependencies));
                }
                "build" => section.read_build(part),
                "modules" | "subprojects" => section.modules.extend(part.children().filter_map(value)),
                "reporting" => {
                    let lists = part.children().filter(|list| list.name() == "plugins");
                    section.reports.extend(lists.flat_map(plugins));
                }
                _ => {}
            }
        }
        section
    }

    /// Holds more than properties.
    pub(super) fn declares(&self) -> bool {
        !(self.dependencies.is_empty()
            && self.managed.is_empty()
            && self.plugins.is_empty()
            && self.managed_plugins.is_empty()
            && self.reports.is_empty()
            && self.extensions.is_empty())
    }

    /// Says the version, or imports what may say the version, of something that `other` declares without one.
    pub(super) fn manages_for(&self, other: &Self) -> bool {
        let imports = |entry: &Dependency| {
            let scope = entry.scope.as_ref();
            scope.is_some_and(|scope| scope.text == "import" || scope.text.contains("${"))
        };
        let says = |entry: &Dependency, wanted: &Dependency| {
            wanted.version.is_none() && (imports(entry) || (entry.version.is_some() && entry.may_be(wanted)))
        };
        let says_any = |wanted: &Dependency| self.managed.iter().any(|entry| says(entry, wanted));
        let says_plugin = |wanted: &Plugin| {
            let mut plugins = self.managed_plugins.iter().chain(&self.plugins);
            plugins.any(|entry| says(&entry.coordinates, &wanted.coordinates))
        };
        let mut plugins = other
            .plugins
            .iter()
            .chain(&other.managed_plugins)
            .chain(&other.reports);
        other.dependencies.iter().any(says_any) || plugins.any(says_plugin)
    }

    fn read_build(&mut self, build: Element<'_>) {
        for part in build.children() {
            match part.name() {
                "plugins" => self.plugins.extend(plugins(part)),
                "pluginManagement" => {
                    let lists = part.children().filter(|list| list.name() == "plugins");
                    self.managed_plugins.extend(lists.flat_map(plugins));
                }
                "extensions" => self.extensions.extend(part.children().map(Dependency::read)),
                _ => {}
            }
        }
    }
}

impl Dependency {
    /// The artifact can be that of `other`, as far as they are written out.
    fn may_be(&self, other: &Self) -> bool {
        fn text(value: &Option<Value>) -> &str {
            value.as_ref().map_or("", |value| value.text.as_str())
        }
        let (one, another) = (text(&self.artifact), text(&other.artifact));
        one == another || one.contains("${") || another.contains("${")
    }

    fn read(element: Element<'_>) -> Self {
        let mut dependency = Self {
            span: element.span(),
            ..Self::default()
        };
        for field in element.children() {
            let place = match field.name() {
                "groupId" => &mut dependency.group,
                "artifactId" => &mut dependency.artifact,
                "version" => &mut dependency.version,
                "type" => &mut dependency.kind,
                "classifier" => &mut dependency.classifier,
                "scope" => &mut dependency.scope,
                "optional" => &mut dependency.optional,
                "systemPath" => &mut dependency.system_path,
                _ => continue,
            };
            *place = value(field);
        }
        dependency.key = dependency.plain_key();
        dependency
    }

    fn plain_key(&self) -> Option<Arc<str>> {
        let parts = [&self.group, &self.artifact, &self.kind, &self.classifier];
        if parts.into_iter().flatten().any(|value| value.text.contains("${")) {
            return None;
        }
        let text = |value: &Option<Value>| value.as_ref().map_or(String::new(), |value| value.text.clone());
        let kind = self.kind.as_ref().map_or("jar", |kind| &kind.text);
        let mut key = format!("{}:{}:{kind}", text(&self.group), text(&self.artifact));
        if let Some(classifier) = &self.classifier {
            key.push(':');
            key.push_str(&classifier.text);
        }
        Some(key.into())
    }

    /// The place that a message about the dependency points at.
    pub(super) fn place(&self) -> Span {
        self.artifact
            .as_ref()
            .map_or(Span::at(self.span.start as usize), |artifact| artifact.span)
    }
}

fn dependencies(list: Element<'_>) -> impl Iterator<Item = Dependency> {
    list.children()
        .filter(|element| element.name() == "dependency")
        .map(Dependency::read)
}

fn plugins(list: Element<'_>) -> impl Iterator<Item = Plugin> {
    list.children()
        .filter(|element| element.name() == "plugin")
        .map(|element| (element, Dependency::read(element)))
        .map(|(element, coordinates)| Plugin {
            key: plugin_key(&coordinates),
            coordinates,
            inheritance: match element.child("inherited") {
                Some(flag) if flag.text() == "false" => Inheritance::Off,
                Some(_) => Inheritance::Inherited,
                None => Inheritance::Unsaid,
            },
            dependencies: element
                .children()
                .filter(|part| part.name() == "dependencies")
                .flat_map(dependencies)
                .collect(),
        })
}

fn plugin_key(coordinates: &Dependency) -> Option<Arc<str>> {
    let text = |value: &Option<Value>| value.as_ref().map(|value| value.text.clone());
    let group = text(&coordinates.group).unwrap_or_else(|| DEFAULT_GROUP.to_owned());
    let artifact = text(&coordinates.artifact).unwrap_or_default();
    let is_plain = !group.contains("${") && !artifact.contains("${");
    is_plain.then(|| format!("{group}:{artifact}").into())
}

/// The model version of a `project` is 4.1.0 or later; where it is not written, the namespace has it.
fn infers(project: Element<'_>) -> bool {
    const NAMESPACE: &str = "http://maven.apache.org/POM/";
    let written = project.child("modelVersion").map(Element::text);
    let namespace = project.attribute("xmlns");
    let version = match (&written, &namespace) {
        (Some(version), _) if !version.is_empty() => &**version,
        (_, Some(namespace)) => namespace.value.strip_prefix(NAMESPACE).unwrap_or_default(),
        _ => "",
    };
    let mut parts = version
        .split('.')
        .map(|part| part.parse::<u32>().unwrap_or_default());
    let (major, minor) = (parts.next().unwrap_or_default(), parts.next().unwrap_or_default());
    (major, minor) >= (4, 1)
}

/// The text of an element; `None` if it is empty, as if the element were not there.
fn value(element: Element<'_>) -> Option<Value> {
    let text = element.text();
    (!text.is_empty()).then(|| Value {
        text: text.into_owned(),
        span: element.text_span(),
    })
}
