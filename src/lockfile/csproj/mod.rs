//! Project files of .NET (`*.csproj`, `*.fsproj`, `*.vbproj`) and what they share: `Directory.Packages.props`, the central list of
//! versions, `Directory.Build.props` and `Directory.Build.targets`.
//!
//! NuGet's documentation decides ("PackageReference in project files", "Central Package Management", "Package versioning", "How NuGet
//! resolves package dependencies").
//!
//! - NuGet takes the lowest version that a reference allows, and what a project asks for itself wins over what its packages ask for. So
//!   `1.2.3`, `[1.2.3]` and `[1.2.3, 2.0.0)` are all 1.2.3: that is restored wherever the source has it. `1.*`, `(1.0, )` and no
//!   version are no exact one. What is transitive is in no project file.
//! - A project beside its lockfile (`packages.lock.json`, `packages.<project>.lock.json`) is judged by that: its references are not read.
//! - A reference without a version takes that of a central list in its folder or above, where it is read. `VersionOverride` comes
//!   before that list.
//! - `$(Name)` becomes the value of the property where nothing but one plain value stands for it: in the file, in the nearest
//!   `Directory.Build.props`, or in the nearest central list. Conditions are not evaluated: what stands under one counts.
//! - What a build loads (`GlobalPackageReference`, `PackageDownload`, tools, SDKs with a version) is of the build. Of references the
//!   files do not say what for.

mod properties;
mod version;

use std::borrow::Cow;
use std::collections::HashSet;

use self::properties::{Properties, Text};
use super::{File, Format, Parsed, Upgrade, UpgradeCommand};
use crate::ecosystem::normalise;
use crate::model::{Ecosystem, FileSpan, NodeId, Package, Scope, Scopes, Spans, Tree, TreePath};
use crate::text::xml::{Attribute, Document, Element};
use crate::text::{Span, decode, xml};

/// Project files of .NET.
#[derive(Debug, Clone, Copy)]
pub struct Csproj;

const CENTRAL: &str = "Directory.Packages.props";
const DAMAGED: &str = "Restore the file from its last good commit.";
const NOT_EXACT: &str = "Ask for an exact version, or keep a lockfile: set RestorePackagesWithLockFile, run `dotnet restore` and commit packages.lock.json.";

impl Format for Csproj {
    fn name(&self) -> &'static str {
        "csproj"
    }

    fn ecosystem(&self) -> Ecosystem {
        Ecosystem::NUGET
    }

    fn file_names(&self) -> &'static [&'static str] {
        &[
            "*.csproj",
            "*.fsproj",
            "*.vbproj",
            CENTRAL,
            "Directory.Build.props",
            "Directory.Build.targets",
        ]
    }

    fn upgrade_command(&self, upgrade: &Upgrade<'_>) -> UpgradeCommand {
        let Upgrade {
            name, to, file_name, ..
        } = upgrade;
        if project_name(file_name).is_some() {
            return UpgradeCommand::Run(format!("dotnet add {file_name} package {name} --version {to}"));
        }
        UpgradeCommand::ByHand("Change the version where it is written, and run `dotnet restore`.".into())
    }

    fn read(&self, file: &File<'_>, tree: &dyn Tree) -> Parsed {
        let mut document = xml::read(file.text);
        let mut parsed = Parsed::default();
        parsed.damaged(std::mem::take(&mut document.problems), DAMAGED);
        let file_name = String::from_utf8_lossy(file.path.file_name()).into_owned();
        let root = project_name(&file_name).map(|name| parsed.graph.add_root(name, ""));
        let Some(project) = child(document.root(), "Project") else {
            parsed.blind(Span::at(0), "the file has no element `Project`", DAMAGED);
            return parsed;
        };
        let mut reader = Reader {
            properties: Properties::of(file.path, &document, tree),
            central: None,
            is_locked: root.is_some() && is_locked(file.path, &file_name, tree),
            root,
            parsed: &mut parsed,
            file,
            tree,
        };
        reader.sdks(project);
        let mut open: Vec<Element<'_>> = vec![project];
        while let Some(element) = open.pop() {
            // What stands in there are defaults for items, and none itself.
            if element.name().eq_ignore_ascii_case("ItemDefinitionGroup") {
                continue;
            }
            reader.element(element);
            let from = open.len();
            open.extend(element.children());
            open.get_mut(from..).unwrap_or_default().reverse();
        }
        parsed
    }
}

/// The name of the project that a file of this name is; `None` for what projects share.
fn project_name(file_name: &str) -> Option<&str> {
    let (name, end) = file_name.rsplit_once('.')?;
    let is_project = ["csproj", "fsproj", "vbproj"]
        .into_iter()
        .any(|known| end.eq_ignore_ascii_case(known));
    is_project.then_some(name)
}

/// NuGet's lockfile lies beside the project.
fn is_locked(path: &TreePath, file_name: &str, tree: &dyn Tree) -> bool {
    let own = project_name(file_name).unwrap_or_default().replace(' ', "_");
    [
        "packages.lock.json".to_owned(),
        format!("packages.{own}.lock.json"),
    ]
    .into_iter()
    .filter_map(|name| path.parent().join(name))
    .any(|lockfile| tree.holds(&lockfile))
}

/// MSBuild compares the names of elements and attributes without regard to case.
fn child<'d>(element: Element<'d>, name: &str) -> Option<Element<'d>> {
    element
        .children()
        .find(|child| child.name().eq_ignore_ascii_case(name))
}

fn attribute<'d>(element: Element<'d>, name: &str) -> Option<Attribute<'d>> {
    element
        .attributes()
        .find(|attribute| attribute.name.eq_ignore_ascii_case(name))
}

/// The metadata of an item: an attribute or an element in it.
fn metadata<'d>(item: Element<'d>, name: &str) -> Option<Text<'d>> {
    attribute(item, name)
        .map(Text::of_attribute)
        .or_else(|| child(item, name).map(Text::of_element))
        .filter(|text| !text.says.is_empty())
}

/// What an item asks for.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Reference,
    Central,
    Global,
    Download,
    Tool,
}

impl Kind {
    fn of(name: &str) -> Option<Self> {
        let known = [
            ("PackageReference", Self::Reference),
            ("PackageVersion", Self::Central),
            ("GlobalPackageReference", Self::Global),
            ("PackageDownload", Self::Download),
            ("DotNetCliToolReference", Self::Tool),
        ];
        let row = known
            .into_iter()
            .find(|(known, _)| name.eq_ignore_ascii_case(known));
        row.map(|(_, kind)| kind)
    }

    fn scopes(self) -> Scopes {
        match self {
            Self::Reference | Self::Central => Scopes::default(),
            Self::Global | Self::Download | Self::Tool => Scopes::only(Scope::Build),
        }
    }
}

struct Reader<'r, 'd> {
    properties: Properties,
    /// Names in the central lists, in small letters; read when one is asked for.
    central: Option<HashSet<String>>,
    is_locked: bool,
    root: Option<NodeId>,
    parsed: &'r mut Parsed,
    file: &'r File<'d>,
    tree: &'r dyn Tree,
}

impl Reader<'_, '_> {
    fn element(&mut self, element: Element<'_>) {
        let name = element.name();
        if name.eq_ignore_ascii_case("Sdk") || name.eq_ignore_ascii_case("Import") {
            let sdk = attribute(element, "Name").or_else(|| attribute(element, "Sdk"));
            if let (Some(sdk), Some(version)) = (sdk, attribute(element, "Version")) {
                let version = Text::of_attribute(version);
                self.package(&sdk.value, version, Scopes::only(Scope::Build), element.span());
            }
            return;
        }
        let Some(kind) = Kind::of(name) else { return };
        if let Some(damaged) = element.damaged_tag() {
            self.parsed.blind(damaged, "this tag is no XML", DAMAGED);
        }
        if kind == Kind::Reference && self.is_locked {
            return;
        }
        let include = attribute(element, "Include").or_else(|| attribute(element, "Update"));
        let Some(include) = include.filter(|include| !include.value.trim().is_empty()) else {
            // What it takes away is in another element.
            if attribute(element, "Remove").is_none() {
                let message = format!("this {name} names no package");
                self.parsed.blind(element.span(), message, DAMAGED);
            }
            return;
        };
        let over = (kind == Kind::Reference)
            .then(|| metadata(element, "VersionOverride"))
            .flatten();
        let version = over.or_else(|| metadata(element, "Version"));
        for name in include
            .value
            .split(';')
            .map(str::trim)
            .filter(|name| !name.is_empty())
        {
            if name.contains(['$', '@', '%', '*', '?']) {
                let message = format!("which package {name} is, is not known");
                self.parsed
                    .partial(include.span, message, "Write the names of packages as they are.");
                continue;
            }
            match &version {
                Some(version) if kind == Kind::Download => self.downloads(name, version, element.span()),
                Some(version) => self.package(name, version.clone(), kind.scopes(), element.span()),
                // What it changes has its version elsewhere.
                None if attribute(element, "Include").is_none() => {}
                None if kind == Kind::Reference && self.is_central(name) => {}
                None => self.not_exact(name, element.span()),
            }
        }
    }

    /// `Sdk="Name/1.2.3;Other"` of the project.
    fn sdks(&mut self, project: Element<'_>) {
        let Some(sdks) = attribute(project, "Sdk") else {
            return;
        };
        let text = Text::of_attribute(sdks);
        let mut at = 0_usize;
        for part in text.says.split(';') {
            let start = at;
            at = at.saturating_add(part.len()).saturating_add(1);
            if let Some((name, version)) = part.split_once('/') {
                let from = start.saturating_add(name.len()).saturating_add(1);
                let version = text.part(from..from.saturating_add(version.len()));
                self.package(name.trim(), version, Scopes::only(Scope::Build), text.span);
            }
        }
    }

    /// `[1.2.3];[1.3.0]`
    fn downloads(&mut self, name: &str, versions: &Text<'_>, entry: Span) {
        let mut at = 0_usize;
        for part in versions.says.split(';') {
            let start = at;
            at = at.saturating_add(part.len()).saturating_add(1);
            if !part.trim().is_empty() {
                let version = versions.part(start..start.saturating_add(part.len()));
                self.package(name, version, Kind::Download.scopes(), entry);
            }
        }
    }

    fn package(&mut self, name: &str, version: Text<'_>, scopes: Scopes, entry: Span) {
        let found = self.properties.expand(version);
        let exact = found.and_then(|(file, text)| Some((file, version::lowest(&text.says)?, text)));
        let Some((file, range, text)) = exact.filter(|_| !name.is_empty()) else {
            return self.not_exact(name, entry);
        };
        let exact = text.part(range);
        let is_here = file.is_none();
        let place = FileSpan {
            file,
            span: exact.span,
        };
        let mut package = Package::new(Ecosystem::NUGET, name, &*exact.says, place);
        package.direct = true;
        package.scopes = scopes;
        if is_here {
            package.spans = Spans {
                entry: Some(entry),
                ..Spans::default()
            };
        }
        let node = self.parsed.graph.add_package(package);
        if let Some(root) = self.root {
            self.parsed.graph.add_edge(root, node, Span::default());
        }
    }

    fn not_exact(&mut self, name: &str, entry: Span) {
        self.parsed
            .partial(entry, format!("{name} has no exact version"), NOT_EXACT);
    }

    /// A central list in the folder of the file, or above, has `name`.
    fn is_central(&mut self, name: &str) -> bool {
        let (path, tree) = (self.file.path, self.tree);
        let central = self.central.get_or_insert_with(|| {
            let mut names = HashSet::new();
            let lists = path.above().filter_map(|folder| folder.join(CENTRAL));
            for list in lists.filter(|list| list != path) {
                let Ok(bytes) = tree.read(&list) else { continue };
                let decoded = decode::decode(&bytes);
                add_central(&xml::read(&decoded.text), &mut names);
            }
            names
        });
        central.contains(normalise(&Ecosystem::NUGET, name).as_ref())
    }
}

/// The names in a central list, in small letters.
fn add_central(document: &Document<'_>, names: &mut HashSet<String>) {
    let mut open: Vec<Element<'_>> = vec![document.root()];
    while let Some(element) = open.pop() {
        if Kind::of(element.name()) == Some(Kind::Central)
            && let Some(include) = attribute(element, "Include").or_else(|| attribute(element, "Update"))
        {
            for name in include.value.split(';') {
                names.insert(normalise(&Ecosystem::NUGET, name.trim()).into_owned());
            }
        }
        open.extend(element.children());
    }
}

impl<'d> Text<'d> {
    fn of_attribute(attribute: Attribute<'d>) -> Self {
        let is_plain = attribute.value.len() == attribute.span.len();
        Self {
            says: attribute.value,
            span: attribute.span,
            is_plain,
        }
        .trimmed()
    }

    fn of_element(element: Element<'d>) -> Self {
        let (says, span) = (element.text(), element.text_span());
        let is_plain = says.len() == span.len();
        Self { says, span, is_plain }
    }

    fn trimmed(self) -> Self {
        let start = self.says.len().saturating_sub(self.says.trim_start().len());
        let length = self.says.trim().len();
        self.part(start..start.saturating_add(length))
    }

    /// The bytes `range` of it.
    fn part(&self, range: std::ops::Range<usize>) -> Self {
        let says = match &self.says {
            Cow::Borrowed(text) => Cow::Borrowed(text.get(range.clone()).unwrap_or_default()),
            Cow::Owned(text) => Cow::Owned(text.get(range.clone()).unwrap_or_default().to_owned()),
        };
        // With a reference in it all of it is the place.
        let span = match self.is_plain {
            true => self.span.inside(range),
            false => self.span,
        };
        Self {
            says,
            span,
            is_plain: self.is_plain,
        }
    }
}
