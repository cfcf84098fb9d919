//! From requirements to packages: versions from constraints, archives of the registry, edges from comments.

use std::collections::{HashMap, HashSet};

use super::via::Via;
use super::{Entry, Reader};
use crate::ecosystem::normalise;
use crate::lockfile::{Parsed, Problem};
use crate::model::{Cost, Ecosystem, NodeId, Package, Source};
use crate::text::Span;

/// Edges lead to a package from at most so many pins of one name, so that hostile files cost no more than their size.
const MAX_DEPENDENTS: usize = 64;

impl Reader<'_> {
    /// Packages in the order of the file, versions from constraints, edges from comments.
    pub(super) fn finish(mut self) -> Parsed {
        let mut parsed = Parsed::default();
        let registry = self.index.take().filter(|_| !self.has_further_index);
        let mut nodes: HashMap<String, Vec<NodeId>> = HashMap::new();
        let mut asked: Vec<(NodeId, Vec<Via>)> = Vec::new();
        // Further requirements that lean on the same pins add no package: each pin is one place all the same.
        let mut leant_on: HashSet<String> = HashSet::new();
        for name in std::mem::take(&mut self.modules) {
            parsed.graph.add_own(name, "");
        }
        for entry in std::mem::take(&mut self.entries) {
            let name = normalise(&Ecosystem::PYPI, &entry.name).into_owned();
            let pins = match &entry.version {
                Some(_) => std::slice::from_ref(&entry),
                None => {
                    let pins = self.constraints.get(&name).map_or(&[][..], Vec::as_slice);
                    let exact = || pins.iter().filter(|pin| pin.version.is_some());
                    if !exact().any(|pin| pin.marker.is_empty() || pin.marker == entry.marker) {
                        self.problems.push(open(&entry, exact().next().is_some()));
                    }
                    if !leant_on.insert(name.clone()) {
                        continue;
                    }
                    pins
                }
            };
            for pin in pins {
                let Some(mut package) = self.package(&entry, pin) else {
                    continue;
                };
                if let Source::Registry(address @ None) = &mut package.source {
                    address.clone_from(&registry);
                }
                let node = parsed.graph.add_package(package);
                nodes.entry(name.clone()).or_default().push(node);
                asked.push((node, entry.via.clone()));
            }
        }
        self.connect(&mut parsed, &nodes, asked);
        self.problems
            .sort_by(|left, right| (&left.file, left.span).cmp(&(&right.file, right.span)));
        parsed.problems = self.problems;
        parsed
    }

    /// What `entry` installs by `pin`, itself or that of a constraint; `None` if the pin leaves the version open.
    fn package(&self, entry: &Entry, pin: &Entry) -> Option<Package> {
        let version = pin.version.as_ref()?;
        let address = match &pin.source {
            Source::Url(address) => Some(address).filter(|address| self.indexes.serve(address)),
            Source::Registry(_) | Source::OtherRegistry(_) | Source::Git(_) | Source::Path(_) => None,
        };
        let mut package = match (&pin.archive, address) {
            (Some(archive), Some(address)) => {
                let place = archive.place.clone();
                let mut package = Package::new(Ecosystem::PYPI, &*archive.name, &*archive.version, place);
                package.source = Source::Registry(Some(address.clone()));
                package
            }
            (Some(_) | None, _) => {
                let mut package = Package::new(Ecosystem::PYPI, &*entry.name, &**version, pin.place.clone());
                package.source = pin.source.clone();
                package
            }
        };
        package.spans = pin.spans.clone();
        package.direct = entry.via.is_empty();
        Some(package)
    }

    /// Adds the edges that comments name. A name that is no package of the file is a project of our own.
    fn connect(
        &mut self,
        parsed: &mut Parsed,
        nodes: &HashMap<String, Vec<NodeId>>,
        asked: Vec<(NodeId, Vec<Via>)>,
    ) {
        let mut roots: HashMap<String, NodeId> = HashMap::new();
        let mut cut: HashSet<String> = HashSet::new();
        for (node, via) in asked {
            for via in via {
                let name = match via {
                    Via::Own(name) => name,
                    Via::Package(name) => {
                        let normal = normalise(&Ecosystem::PYPI, &name);
                        match nodes.get(normal.as_ref()) {
                            Some(dependents) => {
                                for dependent in dependents.iter().take(MAX_DEPENDENTS) {
                                    parsed.graph.add_edge(*dependent, node, Span::default());
                                }
                                if let Some(further) = dependents.get(MAX_DEPENDENTS)
                                    && cut.insert(normal.into_owned())
                                {
                                    self.problems.extend(cut_paths(parsed.graph.package(*further)));
                                }
                                continue;
                            }
                            None => name,
                        }
                    }
                };
                let root = match roots.get(&name) {
                    Some(root) => *root,
                    None => {
                        let root = parsed.graph.add_root(&name, "");
                        roots.insert(name, root);
                        root
                    }
                };
                parsed.graph.add_edge(root, node, Span::default());
            }
        }
        parsed.graph.mark_direct();
    }
}

/// The remark that paths through further pins of a name are not shown; no package is lost with them.
fn cut_paths(further: Option<&Package>) -> Option<Problem> {
    let package = further?;
    Some(Problem {
        cost: Cost::Nothing,
        file: package.place().file.clone(),
        span: package.place().span,
        message: format!(
            "{} is pinned more than {MAX_DEPENDENTS} times; from here on no path leads through it",
            package.name
        ),
        hint: "Pin each package once for each environment.".into(),
    })
}

/// The gap of a requirement whose version stays open, with or without pins that hang on markers.
fn open(entry: &Entry, is_pinned_by_markers: bool) -> Problem {
    let message = match is_pinned_by_markers {
        true => format!(
            "{} has no exact pin where no marker of a constraint holds",
            entry.name
        ),
        false => format!("{} has no exact pin", entry.name),
    };
    Problem {
        cost: Cost::Partial,
        file: entry.place.file.clone(),
        span: entry.place.span,
        message,
        hint: "Pin it with `==`, or compile the file with pip-compile or `uv pip compile`.".into(),
    }
}
