//! All that a lockfile locks, for a bill of materials.

use super::read::Opened;
use crate::ecosystem::purl;
use crate::lockfile::grammar::rfc3986::without_secrets;
use crate::lockfile::{self, Digests};
use crate::model::bill::{BillFile, BillNode, BillPackage, Digest};
use crate::model::graph::Node;
use crate::model::{NodeId, Package, Source};

/// What `opened` locks, and who needs whom.
pub(super) fn file(opened: &Opened<'_>) -> BillFile {
    let graph = &opened.parsed.graph;
    let digests = lockfile::format(opened.format).map_or(Digests::Unknown, |format| format.digests());
    let nodes = graph.nodes().map(|(id, node)| match node {
        Node::Package(found) => BillNode::Package(package(opened, found, digests)),
        Node::Own { name, version } => BillNode::Own {
            name: name.clone(),
            version: version.clone(),
            is_root: graph.roots().binary_search(&id).is_ok(),
        },
    });
    let number = |id: NodeId| id.number();
    let edges = graph.edges().iter();
    BillFile {
        path: opened.path.clone(),
        nodes: nodes.collect(),
        edges: edges.map(|edge| (number(edge.from), number(edge.to))).collect(),
    }
}

fn package(opened: &Opened<'_>, package: &Package, digests: Digests) -> BillPackage {
    let (file, place) = opened.position(package.place());
    let source = shown(&package.source);
    BillPackage {
        ecosystem: package.ecosystem.clone(),
        name: package.name.to_string(),
        version: package.version.to_string(),
        purl: purl::of_source(&package.ecosystem, &package.name, &package.version, &source),
        scopes: package.scopes,
        direct: package.direct,
        file,
        place,
        digests: match package.source {
            // What a tool packs of a repository is no archive that anybody serves.
            Source::Git(_) => Vec::new(),
            Source::Registry(_) | Source::OtherRegistry(_) | Source::Path(_) | Source::Url(_) => {
                read_digests(opened, package, digests)
            }
        },
        source,
    }
}

fn read_digests(opened: &Opened<'_>, package: &Package, digests: Digests) -> Vec<Digest> {
    let spans = package.spans.checksums.iter();
    let texts = spans.map(|span| opened.text(package.place(), *span));
    let mut read: Vec<Digest> = texts.flat_map(|text| digests.read(text)).collect();
    read.sort();
    read.dedup();
    read
}

/// `source` without secrets.
fn shown(source: &Source) -> Source {
    let shown = |address: &str| without_secrets(address).into_owned();
    match source {
        Source::Registry(address) => Source::Registry(address.as_deref().map(shown)),
        Source::OtherRegistry(address) => Source::OtherRegistry(shown(address)),
        Source::Git(address) => Source::Git(shown(address)),
        Source::Path(path) => Source::Path(path.clone()),
        Source::Url(address) => Source::Url(shown(address)),
    }
}
