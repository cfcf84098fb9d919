//! What bills of materials say, whatever their format: components, who needs whom, and what is missing.
//!
//! A package is one component, in however many lockfiles and places it is locked: its package URL names it. The subject is the
//! only root of the only lockfile, else the tree itself, which needs the roots of all lockfiles.

use std::borrow::Cow;
use std::collections::HashMap;
use std::io;

use jiff::Timestamp;
use serde::Serialize;
use sha2::{Digest as _, Sha256};

use super::json;
use crate::model::bill::{BillFile, BillNode, BillPackage, Digest, DigestOf};
use crate::model::lines::short_name;
use crate::model::{Ecosystem, Gap, Outcome, PackageUrl, Scope, Scopes, Source, Target, TreePath, Verdict};

/// A bill of materials.
pub struct Bill<'o> {
    /// The components, the subject first, the others by their references.
    pub components: Vec<Component<'o>>,
    /// Whether all is there.
    pub extent: Extent,
    /// What is missing, with the file from the root of the bill.
    pub gaps: Vec<MissingPart<'o>>,
    /// The components' numbers by their references.
    numbers: HashMap<String, usize>,
}

/// Whether a bill lists everything.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Extent {
    /// Every lockfile was read in whole, and each records who needs whom.
    Complete,
    /// Something could not be read, or has no exact version.
    Incomplete,
    /// Nothing is known to be missing; a lockfile records no edges, and so not whether it lists everything.
    Unknown,
}

/// A part that is missing.
pub struct MissingPart<'o> {
    /// `file:line: `; empty where no file is to blame.
    place: String,
    /// Why.
    gap: &'o Gap,
}

impl MissingPart<'_> {
    /// It, in a sentence.
    #[must_use]
    pub fn text(&self) -> String {
        format!("Incomplete: {}{}.", self.place, self.gap.reason)
    }
}

/// A package, or a module of our own.
pub struct Component<'o> {
    /// What names it in the bill: its package URL, if it has one.
    pub reference: String,
    /// What it is.
    pub kind: Kind<'o>,
    /// What stands before the name: an npm scope, a Maven group. Empty for none.
    pub group: &'o str,
    /// Its name.
    pub name: Cow<'o, str>,
    /// Its version; empty if it is not known.
    pub version: Cow<'o, str>,
    /// What it is used for; empty if that is not known of every place.
    pub scopes: Scopes,
    /// Where it stands.
    pub occurrences: Vec<Occurrence>,
    /// Digests of what a registry serves.
    pub digests: Vec<&'o Digest>,
    /// The numbers of the components that it needs; `None` where no lockfile says it.
    pub needs: Option<Vec<usize>>,
}

/// What a component is.
#[derive(Debug, Clone, Copy)]
pub enum Kind<'o> {
    /// A module of our own.
    Own,
    /// A locked package.
    Package {
        /// Its package URL; `None` if none names it.
        purl: Option<&'o PackageUrl>,
        /// Its ecosystem.
        ecosystem: &'o Ecosystem,
        /// Where it comes from.
        source: &'o Source,
    },
}

/// A place of a component.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Occurrence {
    /// The file, from the root of the bill.
    pub file: String,
    /// The line; 0 if it is not known.
    pub line: u32,
}

impl Component<'_> {
    /// The digests of its one archive.
    pub fn of_archive(&self) -> impl Iterator<Item = &Digest> {
        let digests = self.digests.iter().copied();
        digests.filter(|digest| digest.of == DigestOf::Archive)
    }

    /// The digests that are each of one of its archives.
    pub fn of_one_of_several(&self) -> impl Iterator<Item = &Digest> {
        let digests = self.digests.iter().copied();
        digests.filter(|digest| digest.of == DigestOf::OneOfSeveral)
    }

    /// The address of its archive at the registry, where the lockfile has it.
    #[must_use]
    pub fn archive(&self) -> Option<&str> {
        let Kind::Package {
            ecosystem, source, ..
        } = self.kind
        else {
            return None;
        };
        let address = match source {
            // Others name the registry and not the archive.
            Source::Registry(Some(address)) if *ecosystem == Ecosystem::NPM => {
                // A token may follow.
                address.split(['?', '#']).next().unwrap_or_default()
            }
            Source::Url(address) => address,
            Source::Registry(_) | Source::OtherRegistry(_) | Source::Git(_) | Source::Path(_) => return None,
        };
        is_plain(address).then_some(address)
    }

    /// The name as the ecosystem writes it, with its group.
    #[must_use]
    pub fn whole_name(&self) -> Cow<'_, str> {
        match self.kind {
            Kind::Package { ecosystem, .. } if !self.group.is_empty() => {
                let separator = separator(ecosystem);
                Cow::Owned(format!("{}{separator}{}", self.group, self.name))
            }
            Kind::Package { .. } | Kind::Own => Cow::Borrowed(&self.name),
        }
    }

    /// It is used for `scope` and for nothing else.
    #[must_use]
    pub fn is_only(&self, scope: Scope) -> bool {
        self.scopes == Scopes::only(scope)
    }
}

/// An address over HTTP that needs no escapes anywhere.
fn is_plain(address: &str) -> bool {
    let rest = address
        .strip_prefix("https://")
        .or_else(|| address.strip_prefix("http://"));
    let is_safe = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~:/?#@!$&'()*+,;=".contains(&byte);
    rest.is_some_and(|rest| {
        let host = rest.split(['/', '?', '#']).next().unwrap_or_default();
        !host.is_empty() && rest.bytes().all(is_safe) && rest.matches('#').count() < 2
    })
}

impl<'o> Bill<'o> {
    /// The bill of all that `outcome` looked at.
    #[must_use]
    pub fn of(outcome: &'o Outcome) -> Self {
        let several = outcome.targets.len() > 1;
        let mut bill = Self {
            components: Vec::new(),
            extent: Extent::Complete,
            gaps: Vec::new(),
            numbers: HashMap::new(),
        };
        let files: Vec<(&Target, &BillFile)> = outcome
            .targets
            .iter()
            .flat_map(|target| {
                let files = target.bill.iter().flat_map(|bill| &bill.files);
                files.map(move |file| (target, &**file))
            })
            .collect();
        let subject = match files.as_slice() {
            [(_, file)] => only_root(file),
            _ => None,
        };
        bill.add_subject(outcome, subject);
        for (target, file) in &files {
            bill.add_file(file, &prefix(target, several), subject);
        }
        bill.add_gaps(outcome, several);
        bill.extent = match (bill.gaps.is_empty(), is_whole(outcome, &files)) {
            (false, _) => Extent::Incomplete,
            (true, true) => Extent::Complete,
            (true, false) => Extent::Unknown,
        };
        bill.in_order();
        bill
    }

    /// The number of the component of `purl`.
    #[must_use]
    pub fn number(&self, purl: &PackageUrl) -> Option<usize> {
        self.numbers.get(purl.as_str()).copied()
    }

    fn add_subject(&mut self, outcome: &'o Outcome, root: Option<&'o BillNode>) {
        let (own_name, own_version) = match root {
            Some(BillNode::Own { name, version, .. }) => (name.as_str(), version.as_str()),
            Some(BillNode::Package(_)) | None => ("", ""),
        };
        let name = match own_name {
            "" => tree_name(outcome),
            name => Cow::Borrowed(name),
        };
        let version = match own_version {
            "" => tree_version(outcome).unwrap_or_default(),
            version => version,
        };
        self.components.push(Component {
            reference: format!("own:{name}"),
            kind: Kind::Own,
            group: "",
            name,
            version: Cow::Borrowed(version),
            scopes: Scopes::default(),
            occurrences: Vec::new(),
            digests: Vec::new(),
            needs: Some(Vec::new()),
        });
    }

    /// Adds what `file` locks; `subject` is its node that is the subject.
    fn add_file(&mut self, file: &'o BillFile, prefix: &str, subject: Option<&'o BillNode>) {
        let here = format!("{prefix}{}", file.path.display());
        let is_subject = |node: &BillNode| subject.is_some_and(|subject| std::ptr::eq(subject, node));
        let mut numbers: Vec<usize> = Vec::with_capacity(file.nodes.len());
        for node in &file.nodes {
            let number = match node {
                node if is_subject(node) => 0,
                BillNode::Own { name, version, .. } => self.add_own(name, version, &here),
                BillNode::Package(package) => self.add_package(package, prefix, &here),
            };
            numbers.push(number);
        }
        if let Some(subject) = self.components.first_mut() {
            let place = Occurrence { file: here, line: 0 };
            subject.occurrences.push(place);
        }
        let number = |node: usize| numbers.get(node).copied();
        for (from, to) in &file.edges {
            if let (Some(from), Some(to)) = (number(*from), number(*to)) {
                self.add_need(from, to);
            }
        }
        if !file.edges.is_empty() {
            for number in &numbers {
                if let Some(component) = self.components.get_mut(*number) {
                    component.needs.get_or_insert_default();
                }
            }
        }
        for top in tops(file) {
            if let Some(to) = number(top) {
                self.add_need(0, to);
            }
        }
    }

    fn add_own(&mut self, name: &'o str, version: &'o str, here: &str) -> usize {
        let shown = match name {
            "" => Cow::Owned(here.to_owned()),
            name => Cow::Borrowed(name),
        };
        let number = self.component(format!("own:{here}#{name}@{version}"), || Component {
            reference: String::new(),
            kind: Kind::Own,
            group: "",
            name: shown,
            version: Cow::Borrowed(version),
            scopes: Scopes::default(),
            occurrences: Vec::new(),
            digests: Vec::new(),
            needs: None,
        });
        self.stand(number, here.to_owned(), 0);
        number
    }

    fn add_package(&mut self, package: &'o BillPackage, prefix: &str, here: &str) -> usize {
        let reference = match &package.purl {
            Some(purl) => purl.as_str().to_owned(),
            None => format!(
                "{}:{here}#{}@{}",
                package.source.as_str(),
                package.name,
                package.version
            ),
        };
        let (group, name) = group(package);
        let before = self.components.len();
        let number = self.component(reference, || Component {
            reference: String::new(),
            kind: Kind::Package {
                purl: package.purl.as_ref(),
                ecosystem: &package.ecosystem,
                source: &package.source,
            },
            group,
            name: Cow::Borrowed(name),
            version: Cow::Borrowed(&package.version),
            scopes: package.scopes,
            occurrences: Vec::new(),
            digests: Vec::new(),
            needs: None,
        });
        if let Some(component) = self.components.get_mut(number) {
            component.digests.extend(&package.digests);
            // What is not known of one place may be anything.
            if number < before {
                component.scopes = match component.scopes.is_empty() || package.scopes.is_empty() {
                    true => Scopes::default(),
                    false => component.scopes.with(package.scopes),
                };
            }
        }
        let file = format!("{prefix}{}", package.file.display());
        self.stand(number, file, package.place.line);
        number
    }

    /// The number of the component that `reference` names; it is made if there is none.
    fn component(&mut self, reference: String, make: impl FnOnce() -> Component<'o>) -> usize {
        if let Some(number) = self.numbers.get(&reference) {
            return *number;
        }
        let number = self.components.len();
        self.components.push(Component {
            reference: reference.clone(),
            ..make()
        });
        self.numbers.insert(reference, number);
        number
    }

    fn stand(&mut self, number: usize, file: String, line: u32) {
        if let Some(component) = self.components.get_mut(number) {
            component.occurrences.push(Occurrence { file, line });
        }
    }

    fn add_need(&mut self, from: usize, to: usize) {
        if from != to
            && let Some(component) = self.components.get_mut(from)
        {
            component.needs.get_or_insert_default().push(to);
        }
    }

    fn add_gaps(&mut self, outcome: &'o Outcome, several: bool) {
        for target in &outcome.targets {
            let gaps = match &target.bill {
                Some(bill) => &bill.gaps,
                None => &target.coverage.blind,
            };
            let prefix = prefix(target, several);
            let gaps = gaps.iter().map(|gap| MissingPart {
                place: place(gap, &prefix),
                gap,
            });
            self.gaps.extend(gaps);
        }
        if outcome.targets.is_empty() || outcome.verdict == Verdict::Failed {
            let gaps = outcome.coverage.blind.iter().map(|gap| MissingPart {
                place: place(gap, ""),
                gap,
            });
            self.gaps.extend(gaps);
        }
    }

    /// Puts components, their needs and places in order, so that equal contents give equal bytes.
    fn in_order(&mut self) {
        let mut order: Vec<usize> = (1..self.components.len()).collect();
        let reference = |number: &usize| self.components.get(*number).map(|one| one.reference.as_str());
        order.sort_by(|left, right| reference(left).cmp(&reference(right)));
        let mut places = vec![0; self.components.len()];
        for (place, number) in order.iter().enumerate() {
            if let Some(known) = places.get_mut(*number) {
                *known = place + 1;
            }
        }
        let mut components = std::mem::take(&mut self.components);
        for component in &mut components {
            component.occurrences.sort();
            component.occurrences.dedup();
            component.digests.sort();
            component.digests.dedup();
            if let Some(needs) = &mut component.needs {
                for need in needs.iter_mut() {
                    *need = places.get(*need).copied().unwrap_or_default();
                }
                needs.sort_unstable();
                needs.dedup();
            }
        }
        for number in self.numbers.values_mut() {
            *number = places.get(*number).copied().unwrap_or_default();
        }
        let mut placed: Vec<(usize, Component<'o>)> = places.into_iter().zip(components).collect();
        placed.sort_by_key(|(place, _)| *place);
        self.components = placed.into_iter().map(|(_, component)| component).collect();
    }
}

/// The only root of `file`.
fn only_root(file: &BillFile) -> Option<&BillNode> {
    let mut roots = file
        .nodes
        .iter()
        .filter(|node| matches!(node, BillNode::Own { is_root: true, .. }));
    roots.next().filter(|_| roots.next().is_none())
}

/// The numbers of the nodes of `file` that the tree needs: its roots, else what is asked for by name, else what nothing needs.
fn tops(file: &BillFile) -> Vec<usize> {
    let those = |is_top: &dyn Fn(usize, &BillNode) -> bool| -> Vec<usize> {
        let nodes = file.nodes.iter().enumerate();
        let tops = nodes.filter(|(number, node)| is_top(*number, node));
        tops.map(|(number, _)| number).collect()
    };
    let roots = those(&|_, node| matches!(node, BillNode::Own { is_root: true, .. }));
    let owns: Vec<bool> = file
        .nodes
        .iter()
        .map(|node| matches!(node, BillNode::Own { .. }))
        .collect();
    let is_own = |number: usize| owns.get(number) == Some(&true);
    // A root that is known to need something says what is direct.
    if file.edges.iter().any(|(from, _)| is_own(*from)) {
        return roots;
    }
    let mut direct = those(&|_, node| matches!(node, BillNode::Package(package) if package.direct));
    if direct.is_empty() {
        let mut is_needed = vec![false; file.nodes.len()];
        for (_, to) in &file.edges {
            if let Some(needed) = is_needed.get_mut(*to) {
                *needed = true;
            }
        }
        direct = those(&|number, node| {
            matches!(node, BillNode::Package(_)) && is_needed.get(number) == Some(&false)
        });
    }
    direct.extend(roots);
    direct
}

/// Every lockfile records who needs whom, or lists nothing.
fn is_whole(outcome: &Outcome, files: &[(&Target, &BillFile)]) -> bool {
    outcome.targets.iter().any(|target| target.bill.is_some())
        && files.iter().all(|(_, file)| {
            let mut packages = file
                .nodes
                .iter()
                .filter(|node| matches!(node, BillNode::Package(_)));
            !file.edges.is_empty() || packages.next().is_none()
        })
}

/// Group and name of a package.
fn group(package: &BillPackage) -> (&str, &str) {
    let grouped = [Ecosystem::MAVEN, Ecosystem::NPM, Ecosystem::PACKAGIST];
    if !grouped.contains(&package.ecosystem) {
        return ("", &package.name);
    }
    let separator = separator(&package.ecosystem);
    package
        .name
        .rsplit_once(separator)
        .filter(|(group, name)| !group.is_empty() && !name.is_empty())
        .unwrap_or(("", &package.name))
}

/// What stands between group and name.
fn separator(ecosystem: &Ecosystem) -> char {
    if *ecosystem == Ecosystem::MAVEN { ':' } else { '/' }
}

/// What stands before a file of `target`.
fn prefix(target: &Target, several: bool) -> String {
    match several && target.root != "." {
        true => format!("{}/", target.root.trim_end_matches('/')),
        false => String::new(),
    }
}

fn place(gap: &Gap, prefix: &str) -> String {
    let Some(location) = &gap.location else {
        return String::new();
    };
    let file: &TreePath = &location.file;
    format!(
        "{prefix}{}:{}:{}: ",
        file.display(),
        location.position.line,
        location.position.column
    )
}

/// What the scanned tree is called.
fn tree_name(outcome: &Outcome) -> Cow<'_, str> {
    let [target] = outcome.targets.as_slice() else {
        return Cow::Borrowed("project");
    };
    let of_folder = || {
        let name = target.root.rsplit(['/', '\\']).find(|part| !part.is_empty());
        name.filter(|name| !matches!(*name, "." | ".."))
    };
    let repository = target.repository.as_deref().filter(|name| !name.is_empty());
    Cow::Borrowed(repository.or_else(of_folder).unwrap_or("project"))
}

/// The tag or commit of the scanned tree.
fn tree_version(outcome: &Outcome) -> Option<&str> {
    let [target] = outcome.targets.as_slice() else {
        return None;
    };
    let tag = target.ref_name.as_deref();
    let tag = tag.filter(|name| name.starts_with("refs/tags/")).map(short_name);
    let tag = tag.map(|tag| tag.strip_prefix("tags/").unwrap_or(tag));
    tag.or(target.commit.as_deref().filter(|_| !target.dirty))
}

/// The moment without fractions of a second, as both standards want it.
#[must_use]
pub fn whole_seconds(moment: Timestamp) -> String {
    moment.strftime("%Y-%m-%dT%H:%M:%SZ").to_string()
}

/// A name made of what `document` says (RFC 9562, section 5.8): equal contents give equal names.
///
/// # Errors
/// None of a document whose maps have strings as keys.
pub fn uuid(document: &impl Serialize) -> io::Result<String> {
    let mut digest = Digesting(Sha256::new());
    json::compact(document, &mut digest)?;
    let whole: [u8; 32] = digest.0.finalize().into();
    let number = whole
        .iter()
        .take(16)
        .fold(0, |number, byte| (number << 8) | u128::from(*byte));
    // Version 8, and the variant of the standard.
    let number = number & !(0xF << 76) & !(0b11 << 62) | (8 << 76) | (0b10 << 62);
    let digits = format!("{number:032x}");
    let lengths = [8, 4, 4, 4, 12];
    let mut rest = digits.as_str();
    let parts = lengths.map(|length| {
        let (part, behind) = rest.split_at_checked(length).unwrap_or((rest, ""));
        rest = behind;
        part
    });
    Ok(parts.join("-"))
}

/// Digests what is written.
struct Digesting(Sha256);

impl io::Write for Digesting {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.update(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
