//! Project files of .NET and MSBuild (`*.csproj`, `*.fsproj`, `*.vbproj`, `*.proj`, …) and what they share: `Directory.Packages.props`, the central list of
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
//!   `Directory.Build.props`, in the nearest central list, or in what these import. Conditions are not evaluated: what stands under
//!   one counts.
//! - A version in a central list is a package where some project refers to its name, or where that is not known (see `asked_for`).
//! - What is shared is found in any case, as on Windows and macOS; on Linux MSBuild takes the exact name alone, and another one is a
//!   partial gap.
//! - Items stand in an `ItemGroup`: a property that is called as one (`<PackageVersion>`) is none.
//! - What a file imports from the tree is read with it, unless the scan reads it by itself (see `imports`).
//! - What a build loads (`GlobalPackageReference`, `PackageDownload`, tools, SDKs with a version) is of the build. Of references the
//!   files do not say what for.

mod asked_for;
mod imports;
mod properties;
mod text;
mod version;
mod wildcards;

use std::collections::HashSet;

use self::asked_for::asked_for;
use self::imports::{Imported, Sources, called};
use self::properties::Properties;
use self::text::Text;
use super::{File, Format, Parsed, Problem, Upgrade, UpgradeCommand, Writer, is_named};
use crate::ecosystem::normalise;
use crate::model::{
    Cost, Ecosystem, FileSpan, NodeId, Package, Scope, Scopes, Spans, Tree, TreePath, UpgradeBy,
};
use crate::text::xml::{Attribute, Document, Element};
use crate::text::{Span, decode, xml};

/// Project files of .NET.
#[derive(Debug, Clone, Copy)]
pub struct Csproj;

const CENTRAL: &str = "Directory.Packages.props";
/// What every project takes from the folders above.
const SHARED: [&str; 3] = [CENTRAL, "Directory.Build.props", "Directory.Build.targets"];
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
            "*.proj",
            "*.sqlproj",
            "*.vcxproj",
            "*.wixproj",
            CENTRAL,
            "Directory.Build.props",
            "Directory.Build.targets",
        ]
    }

    fn upgrade_command(&self, upgrade: &Upgrade<'_>) -> UpgradeCommand {
        let Upgrade {
            name,
            to,
            file_name,
            by,
            ..
        } = upgrade;
        let is_of_sdk = [".csproj", ".fsproj", ".vbproj"]
            .iter()
            .any(|end| file_name.to_ascii_lowercase().ends_with(end));
        if is_of_sdk && by.is_none() {
            return UpgradeCommand::Run(format!("dotnet add {file_name} package {name} --version {to}"));
        }
        UpgradeCommand::ByHand("Change the version where it is written, and run `dotnet restore`.".into())
    }

    fn writer(&self) -> Writer {
        Writer::Person
    }

    fn read(&self, file: &File<'_>, tree: &dyn Tree) -> Parsed {
        let mut parsed = Parsed::default();
        let file_name = String::from_utf8_lossy(file.path.file_name()).into_owned();
        if is_of_another_tool(&file_name, file.text) {
            return parsed;
        }
        let mut document = xml::read(file.text);
        parsed.damaged(std::mem::take(&mut document.problems), DAMAGED);
        let shared = SHARED.iter().find(|name| is_named(file.path, name));
        if let Some(name) = shared.filter(|name| **name != file_name) {
            let message = format!("MSBuild finds this file on Linux only where it is called {name}");
            parsed.partial(Span::at(0), message, "Rename the file.");
        }
        let root = project_name(&file_name).map(|name| parsed.graph.add_root(name, ""));
        let Some(project) = child(document.root(), "Project") else {
            parsed.blind(Span::at(0), "the file has no element `Project`", DAMAGED);
            return parsed;
        };
        let sources = Sources::of(file.path, &document, tree);
        let is_locked = root.is_some() && is_locked(file.path, &file_name, tree);
        let mut reader = Reader {
            properties: sources.properties,
            own: (file.path, &document),
            imported: &sources.imported,
            at: file.path,
            central: None,
            asked_for: None,
            is_locked,
            root,
            parsed: &mut parsed,
            tree,
        };
        reader.sdks(project);
        reader.elements(project);
        for imported in &sources.imported {
            let document = xml::read(&imported.text);
            reader.at = &imported.path;
            reader.elements(document.root());
        }
        // What is imported for C++ asks for packages where the project does.
        let is_native = file_name.to_ascii_lowercase().ends_with(".vcxproj");
        let asks = parsed.graph.packages().next().is_some() || !parsed.problems.is_empty();
        // The lockfile has what is imported, too.
        if !is_locked && (asks || !is_native) {
            parsed.problems.extend(sources.gaps);
        }
        parsed
    }
}

/// A `*.proj` of another tool is no XML.
fn is_of_another_tool(file_name: &str, text: &str) -> bool {
    let text = text.trim_start_matches('\u{feff}').trim_start();
    file_name.to_ascii_lowercase().ends_with(".proj") && !text.is_empty() && !text.starts_with('<')
}

/// The name of the project that a file of this name is; `None` for what projects share.
fn project_name(file_name: &str) -> Option<&str> {
    let (name, end) = file_name.rsplit_once('.')?;
    let is_project = [
        "csproj", "fsproj", "vbproj", "proj", "sqlproj", "vcxproj", "wixproj",
    ]
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
    properties: Properties<'r>,
    own: (&'r TreePath, &'r Document<'d>),
    /// What it imports.
    imported: &'r [Imported],
    /// The file that is looked at: its own or one that it imports.
    at: &'r TreePath,
    /// Names in the central lists, in small letters; read when one is asked for.
    central: Option<HashSet<String>>,
    /// What the projects of the tree refer to, if that is known; asked for where a list of versions stands.
    asked_for: Option<Option<HashSet<String>>>,
    is_locked: bool,
    root: Option<NodeId>,
    parsed: &'r mut Parsed,
    tree: &'r dyn Tree,
}

/// What stands in there is no item: values, defaults, tasks and what is for other programs.
const NO_ITEMS: [&str; 5] = [
    "PropertyGroup",
    "ItemDefinitionGroup",
    "ProjectExtensions",
    "UsingTask",
    "Output",
];

impl Reader<'_, '_> {
    /// Reads the items of a file, of which `top` is an outer element.
    fn elements(&mut self, top: Element<'_>) {
        let is = |element: Element<'_>, name: &str| element.name().eq_ignore_ascii_case(name);
        let mut open: Vec<(Element<'_>, bool)> = vec![(top, false)];
        while let Some((element, is_item)) = open.pop() {
            if !is_item && NO_ITEMS.iter().any(|name| is(element, name)) {
                continue;
            }
            self.element(element, is_item);
            if is_item {
                continue;
            }
            let holds_items = is(element, "ItemGroup");
            let from = open.len();
            open.extend(element.children().map(|child| (child, holds_items)));
            open.get_mut(from..).unwrap_or_default().reverse();
        }
    }

    fn element(&mut self, element: Element<'_>, is_item: bool) {
        let name = element.name();
        if !is_item && (name.eq_ignore_ascii_case("Sdk") || name.eq_ignore_ascii_case("Import")) {
            let sdk = attribute(element, "Name").or_else(|| attribute(element, "Sdk"));
            if let (Some(sdk), Some(version)) = (sdk, attribute(element, "Version")) {
                let version = Text::of_attribute(version);
                self.package(&sdk.value, version, Scopes::only(Scope::Build), element.span());
            }
            return;
        }
        let Some(kind) = Kind::of(name) else { return };
        if !is_item {
            let message = format!("MSBuild takes no {name} outside of an ItemGroup");
            return self.problem(Cost::Blind, element.span(), message, DAMAGED);
        }
        if let Some(damaged) = element.damaged_tag() {
            self.problem(Cost::Blind, damaged, "this tag is no XML".into(), DAMAGED);
        }
        if kind == Kind::Reference && self.is_locked {
            return;
        }
        let include = attribute(element, "Include").or_else(|| attribute(element, "Update"));
        let Some(include) = include.filter(|include| !include.value.trim().is_empty()) else {
            // What it takes away is in another element.
            if attribute(element, "Remove").is_none() {
                let message = format!("this {name} names no package");
                self.problem(Cost::Blind, element.span(), message, DAMAGED);
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
            // What Paket's own file asks for, paket.lock has.
            if name.starts_with("%(Paket") && is_named(self.at, "Paket.Restore.targets") {
                continue;
            }
            if name.contains(['$', '@', '%', '*', '?']) {
                let message = format!("which package {name} is, is not known");
                let hint = "Write the names of packages as they are.";
                self.problem(Cost::Partial, include.span, message, hint);
                continue;
            }
            if kind == Kind::Central && self.is_unused(name) {
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
        let (own, _) = self.own;
        let written = version.span;
        let found = self.properties.expand(version, self.at).ok();
        let exact = found.and_then(|found| Some((version::lowest(&found.says)?, found)));
        let Some((range, found)) = exact.filter(|_| !name.is_empty()) else {
            return self.not_exact(name, entry);
        };
        let here = (self.at != own).then(|| self.at.clone());
        // What is put together from several stands nowhere as it is.
        let place = found.place(&range, own);
        let is_one = place.is_some();
        let place = place.unwrap_or_else(|| FileSpan {
            file: here.clone(),
            span: written,
        });
        let is_here = place.file == here;
        let version = found.says.get(range).unwrap_or_default();
        let mut package = Package::new(Ecosystem::NUGET, name, version, place);
        package.direct = true;
        package.scopes = scopes;
        if is_here {
            package.spans = Spans {
                entry: Some(entry),
                ..Spans::default()
            };
        }
        if !is_one {
            package.asked_by(UpgradeBy::Hand);
        }
        let node = self.parsed.graph.add_package(package);
        if let Some(root) = self.root {
            self.parsed.graph.add_edge(root, node, Span::default());
        }
    }

    fn not_exact(&mut self, name: &str, entry: Span) {
        let message = format!("{name} has no exact version");
        self.problem(Cost::Partial, entry, message, NOT_EXACT);
    }

    fn problem(&mut self, cost: Cost, span: Span, message: String, hint: &str) {
        let mut problem = Problem::elsewhere(cost, self.at.clone(), span, message, hint);
        if self.at == self.own.0 {
            problem.file = None;
        }
        self.parsed.problems.push(problem);
    }

    /// No project of the tree refers to `name`: its entry in a list of versions is no package.
    fn is_unused(&mut self, name: &str) -> bool {
        let ((path, _), tree) = (self.own, self.tree);
        let names = self.asked_for.get_or_insert_with(|| asked_for(path, tree));
        names
            .as_ref()
            .is_some_and(|names| !names.contains(normalise(&Ecosystem::NUGET, name).as_ref()))
    }

    /// A central list in the folder of the file, or above, has `name`.
    fn is_central(&mut self, name: &str) -> bool {
        let ((path, document), imported, tree) = (self.own, self.imported, self.tree);
        let central = self.central.get_or_insert_with(|| {
            let mut names = HashSet::new();
            add_central(document, &mut names);
            for file in imported {
                add_central(&xml::read(&file.text), &mut names);
            }
            let lists = path.above().filter_map(|folder| called(&folder, CENTRAL, tree));
            for list in lists.filter(|list| list != path) {
                let Ok(bytes) = tree.read(&list) else { continue };
                let decoded = decode::decode(&bytes);
                let document = xml::read(&decoded.text);
                add_central(&document, &mut names);
                for file in Sources::of(&list, &document, tree).imported {
                    add_central(&xml::read(&file.text), &mut names);
                }
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
