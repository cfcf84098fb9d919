//! Which packages are one's own, from which registry they come, and which records of malware are none here.

use jiff::SignedDuration;

use super::Policy;
use super::glob::Globs;
use super::nearest::{meant, nearest};
use super::reader::{About, Field, Fields, Reader};
use super::registry::{Registries, Registry};
use crate::ecosystem::{self, purl};
use crate::model::{Ecosystem, Finding, PackageUrl};
use crate::text::Position;
use crate::text::tree::Kind;

/// Where packages may come from, by the policy.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct SupplyChain {
    /// Names of one's own packages.
    pub internal: Globs,
    /// The same, as the index spells PyPI's names.
    internal_pypi: Globs,
    /// The registries that those come from.
    pub registries: Registries,
    /// Malicious packages that are not failed whatever the rules are.
    pub allow_malicious: Vec<Allowed>,
    /// Upgrades take no version that was published more recently than this long ago, but to fix a finding in the package itself.
    pub min_release_age: Option<SignedDuration>,
}

/// An entry of `allow-malicious`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Allowed {
    /// As written: an id, or a package URL.
    pub spelling: String,
    package: Option<PackageUrl>,
    /// Where it is in the file.
    pub place: Position,
}

/// Where a package with an internal name comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Origin<'p> {
    /// From a registry that the policy names for it.
    Own(&'p Registry),
    /// From somewhere else, or nothing is recorded; with the registry that it should come from.
    Foreign(&'p Registry),
}

impl Policy {
    /// The registries that internal packages of `ecosystem` come from.
    #[must_use]
    pub fn own_registries(&self, ecosystem: &Ecosystem) -> &[Registry] {
        match self.supply_chain.registries.of(ecosystem) {
            [] => self.registries.of(ecosystem),
            own => own,
        }
    }

    /// Where the package `name` comes from, if its name is internal and the policy names a registry for its ecosystem.
    /// `address` is what the lockfile records; without one the package is foreign.
    #[must_use]
    pub fn origin(&self, ecosystem: &Ecosystem, name: &str, address: Option<&str>) -> Option<Origin<'_>> {
        let registries = self.own_registries(ecosystem);
        let first = registries.first()?;
        self.supply_chain.is_internal(ecosystem, name).then(|| {
            let own = registries
                .iter()
                .find(|registry| address.is_some_and(|address| registry.holds(address)));
            own.map_or(Origin::Foreign(first), Origin::Own)
        })
    }

    /// The registry of internal packages that `address` lies in, though the package `name` is not internal: it gives public
    /// packages too.
    #[must_use]
    pub fn shared(&self, ecosystem: &Ecosystem, name: &str, address: &str) -> Option<&Registry> {
        let mut registries = self.own_registries(ecosystem).iter();
        registries.find(|registry| !self.supply_chain.is_internal(ecosystem, name) && registry.holds(address))
    }

    /// The entry of `allow-malicious` that names `finding`.
    pub(super) fn allowed(&self, finding: &Finding) -> Option<&Allowed> {
        let allowed = |entry: &&Allowed| match &entry.package {
            Some(package) => package.names(&finding.purl),
            None => {
                let ids = std::iter::once(&finding.advisory.id).chain(&finding.advisory.aliases);
                ids.into_iter().any(|id| id.eq_ignore_ascii_case(&entry.spelling))
            }
        };
        self.supply_chain.allow_malicious.iter().find(allowed)
    }
}

impl SupplyChain {
    /// The name is one's own.
    #[must_use]
    pub fn is_internal(&self, ecosystem: &Ecosystem, name: &str) -> bool {
        if self.internal.is_empty() {
            return false;
        }
        let normal = || ecosystem::normalise(ecosystem, name);
        self.internal.match_any(name)
            || (*ecosystem == Ecosystem::PYPI && self.internal_pypi.match_any(&normal()))
    }

    /// It is empty.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.internal.is_empty()
            && self.registries.is_empty()
            && self.allow_malicious.is_empty()
            && self.min_release_age.is_none()
    }
}

/// Reads the section; `outer` are the policy's own `registries`.
pub(super) fn read<'d>(fields: &Fields<'d>, outer: &Registries, reader: &mut Reader<'d>) -> SupplyChain {
    let internal = fields
        .get("internal")
        .and_then(|field| reader.globs(&field, About::Names))
        .unwrap_or_default();
    let named = fields.get("registries").map(|field| registries(&field, reader));
    if let Some(field) = fields.get("internal")
        && !internal.is_empty()
        && fields.get("registries").is_none()
        && outer.is_empty()
    {
        reader.mistake(
            field.value.key_span(),
            &field.path,
            "no registry is named that the internal packages come from",
            "Name it for each ecosystem: `registries: {npm: \"https://registry.example/\"}`.",
        );
    }
    let allow_malicious = match fields.get("allow-malicious") {
        None => Vec::new(),
        Some(field) => {
            let items = reader.items(&field);
            items.iter().filter_map(|item| allowed(item, reader)).collect()
        }
    };
    // The index writes one `-` for each run of separators.
    let spelled = internal
        .patterns()
        .iter()
        .map(|pattern| separated(&pattern.to_lowercase()));
    let internal_pypi = Globs::new(spelled.collect()).unwrap_or_default();
    SupplyChain {
        internal,
        internal_pypi,
        registries: named.unwrap_or_default(),
        allow_malicious,
        min_release_age: fields
            .get("min-release-age")
            .and_then(|field| reader.duration(&field)),
    }
}

/// `pattern` with each run of `-`, `_` and `.` as one `-` (PEP 503).
fn separated(pattern: &str) -> String {
    let mut text = String::with_capacity(pattern.len());
    for each in pattern.chars() {
        match each {
            '-' | '_' | '.' if text.ends_with('-') => {}
            '-' | '_' | '.' => text.push('-'),
            each => text.push(each),
        }
    }
    text
}

/// An address, or a list of them, for each ecosystem.
pub(super) fn registries<'d>(field: &Field<'d>, reader: &mut Reader<'d>) -> Registries {
    let mut list = Vec::new();
    for (name, field) in reader.entries(field) {
        let Some(ecosystem) = ecosystem::with_a_scheme().find(|known| known.as_str() == name) else {
            unknown(&field, &name, reader);
            continue;
        };
        let items = match field.value.as_str() {
            Some(_) => vec![Field {
                value: field.value,
                path: field.path.clone(),
            }],
            None => reader.items(&field),
        };
        if items.is_empty() && field.value.kind() == Kind::Array {
            let hint = "Name one, or leave the ecosystem out.";
            reader.mistake(field.value.span(), &field.path, "no registry is named", hint);
        }
        let registries = items.iter().filter_map(|item| registry(item, reader)).collect();
        list.push((ecosystem.clone(), registries));
    }
    Registries::new(list)
}

fn unknown<'d>(field: &Field<'d>, name: &str, reader: &mut Reader<'d>) {
    let known = || ecosystem::with_a_scheme().map(Ecosystem::as_str);
    let shown: String = name.chars().take(80).collect();
    let near = meant(nearest(name, known()));
    let known: Vec<&str> = known().collect();
    reader.mistake(
        field.value.key_span(),
        &field.path,
        format!("{shown:?} is no ecosystem whose lockfiles are read{near}"),
        format!("The ecosystems are {}.", known.join(", ")),
    );
}

fn registry<'d>(field: &Field<'d>, reader: &mut Reader<'d>) -> Option<Registry> {
    let text = reader.text(field)?;
    let registry = Registry::read(&text);
    if registry.is_none() {
        reader.mistake(
            field.value.span(),
            &field.path,
            "this is no address of a registry",
            "Write scheme, host and path, without a name or password: https://registry.example/npm/.",
        );
    }
    registry
}

/// Packages of the type of `package` are locked somewhere; else it is a mistake, since nothing would ever be covered.
pub(super) fn is_known<'d>(package: &PackageUrl, field: &Field<'d>, reader: &mut Reader<'d>) -> bool {
    if purl::package(package).is_some() {
        return true;
    }
    let kind: String = package.kind().chars().take(80).collect();
    let near = meant(nearest(&kind, purl::types()));
    let types: Vec<&str> = purl::types().collect();
    reader.mistake(
        field.value.span(),
        &field.path,
        format!("no package that is locked has the type {kind:?}{near}"),
        format!("The types are {}.", types.join(", ")),
    );
    false
}

fn allowed<'d>(field: &Field<'d>, reader: &mut Reader<'d>) -> Option<Allowed> {
    let spelling = reader.text(field)?;
    let package = purl::parse(&spelling)
        .ok()
        .filter(|package| !package.is_qualified());
    if let Some(package) = &package
        && !is_known(package, field, reader)
    {
        return None;
    }
    let odd = |each: char| each.is_whitespace() || matches!(each, '*' | '?' | ',' | '/');
    if package.is_none() && spelling.contains(odd) {
        reader.mistake(
            field.value.span(),
            &field.path,
            "this is neither an id nor a package URL",
            "Write one whole id, such as MAL-2026-1234, or one package, such as pkg:npm/example.",
        );
        return None;
    }
    Some(Allowed {
        spelling,
        package,
        place: reader.position(field.value.span()),
    })
}
