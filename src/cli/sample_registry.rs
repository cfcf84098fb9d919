//! The registries of the demo: answers that are embedded, read as those of the network are.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::model::{Ecosystem, Part, Query};
use crate::registry::{self, Answer};
use crate::remediate::{Question, Registries};

/// What is known of each package: its ecosystem, its name, and the document that a registry of that kind gives.
const DOCUMENTS: &[(Ecosystem, &str, &str)] = &[
    (
        Ecosystem::CRATES_IO,
        "ansi_term",
        include_str!("../../data/demo/registry/crates.io/ansi_term"),
    ),
    (
        Ecosystem::CRATES_IO,
        "openssl-src",
        include_str!("../../data/demo/registry/crates.io/openssl-src"),
    ),
    (
        Ecosystem::CRATES_IO,
        "openssl-sys",
        include_str!("../../data/demo/registry/crates.io/openssl-sys"),
    ),
    (
        Ecosystem::CRATES_IO,
        "smallvec",
        include_str!("../../data/demo/registry/crates.io/smallvec"),
    ),
    (
        Ecosystem::MAVEN,
        "org.apache.logging.log4j:log4j-core",
        include_str!("../../data/demo/registry/maven/log4j-core.xml"),
    ),
    (
        Ecosystem::NPM,
        "event-stream",
        include_str!("../../data/demo/registry/npm/event-stream.json"),
    ),
    (
        Ecosystem::NPM,
        "flatmap-stream",
        include_str!("../../data/demo/registry/npm/flatmap-stream.json"),
    ),
    (
        Ecosystem::NPM,
        "through",
        include_str!("../../data/demo/registry/npm/through.json"),
    ),
    (
        Ecosystem::NPM,
        "ua-parser-js",
        include_str!("../../data/demo/registry/npm/ua-parser-js.json"),
    ),
];

/// The poms among them, each with its version.
const POMS: &[(&str, &str, &str)] = &[(
    "org.apache.logging.log4j:log4j-core",
    "2.17.1",
    include_str!("../../data/demo/registry/maven/log4j-core-2.17.1.pom"),
)];

/// Answers from the sample alone: it starts no connection.
#[derive(Debug, Clone, Copy)]
pub struct SampleRegistries;

impl Registries for SampleRegistries {
    fn ask(&self, question: &Question<'_>) -> BTreeMap<Query, Result<Arc<Answer>, String>> {
        let queries = question.queries.iter();
        queries
            .map(|query| (query.clone(), answer(question.ecosystem, query).map(Arc::new)))
            .collect()
    }
}

fn answer(ecosystem: &Ecosystem, query: &Query) -> Result<Answer, String> {
    let package = &*query.package;
    let document = DOCUMENTS
        .iter()
        .find(|(of, name, _)| of == ecosystem && *name == package);
    match (registry::registry(ecosystem), document, &query.part) {
        (Some(registry), Some((_, _, document)), Part::Versions) => {
            registry.read(package, document.as_bytes())
        }
        (Some(registry), Some(_), Part::Metadata(version)) => {
            let pom = POMS
                .iter()
                .find(|(name, of, _)| *name == package && **of == **version);
            let (_, _, pom) =
                pom.ok_or_else(|| format!("the sample of this demo has no {package} {version}"))?;
            Ok(Answer {
                releases: vec![registry.read_part(package, &query.part, None, pom.as_bytes())?],
                ..Answer::default()
            })
        }
        _ => Err(format!(
            "the demo asks no network, and its sample has no answer about {package}"
        )),
    }
}
