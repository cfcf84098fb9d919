//! `maven_install.json` of rules_jvm_external (Bazel), and `<name>_maven_install.json`: versions 1 (written as `0.1.0`), 2 and 3 of its lock file.
//!
//! Source of the rules: `v1_lock_file.bzl`, `v3_lock_file.bzl` (which reads 2 too) and `coordinates.bzl` of rules_jvm_external.
//!
//! - Version 1 lists coordinates, `group:artifact[:packaging[:classifier]]:version`, under `dependency_tree`, one for each file: a version
//!   may stand at several places. Edges are `directDependencies`.
//! - Later versions have `artifacts` by `group:artifact[:packaging]`, with the version and the checksums of each classifier, and
//!   `dependencies` by such keys, to which `:classifier` is added for what is no `jar`. The repository of an artifact is the first that lists it.
//! - Version 3 keeps a hash for each artifact that the project asks for, by its key: those are direct. In older files direct is what nothing
//!   else needs.
//! - What a package is used for the file does not say. `conflict_resolution` says what was asked for and not taken, and locks nothing.
//! - `version` is the last key of version 2 and 3. A newer one is read where it has `artifacts`, with a remark.

use foldhash::{HashMap, HashSet};

use super::grammar::rfc3986::without_secrets;
use super::{File, Format, Parsed, Upgrade, UpgradeCommand};
use crate::model::{Ecosystem, FileSpan, NodeId, Package, Source, Spans, Tree};
use crate::text::tree::{Kind, Value};
use crate::text::{Span, json};

/// The lock file of rules_jvm_external.
#[derive(Debug, Clone, Copy)]
pub struct MavenInstall;

const DAMAGED: &str = "Restore the file from its last good commit, or run `REPIN=1 bazel run @maven//:pin` with the name of its repository.";

impl Format for MavenInstall {
    fn name(&self) -> &'static str {
        "maven_install.json"
    }

    fn ecosystem(&self) -> Ecosystem {
        Ecosystem::MAVEN
    }

    fn file_names(&self) -> &'static [&'static str] {
        &["maven_install.json", "*_maven_install.json"]
    }

    fn upgrade_command(&self, upgrade: &Upgrade<'_>) -> UpgradeCommand {
        let Upgrade { name, to, .. } = upgrade;
        UpgradeCommand::ByHand(
            format!("Ask for {name}:{to} among the artifacts of MODULE.bazel or WORKSPACE, then run `REPIN=1 bazel run @maven//:pin` with the name of the repository.")
                .into(),
        )
    }

    fn read(&self, file: &File<'_>, _: &dyn Tree) -> Parsed {
        let mut document = json::read(file.text);
        let mut parsed = Parsed::default();
        parsed.damaged(std::mem::take(&mut document.problems), DAMAGED);
        let root = document.root();
        let mut locked = Locked::default();
        let asked = match root.get("dependency_tree") {
            Some(tree) => {
                locked.read_coordinates(tree, &mut parsed);
                None
            }
            None => locked.read_keys(root, &mut parsed),
        };
        locked.connect(asked, &mut parsed);
        parsed
    }
}

/// What the file locks, by key or coordinates.
#[derive(Default)]
struct Locked<'d> {
    nodes: HashMap<String, Vec<NodeId>>,
    /// A key or coordinates, and the list of what it needs.
    needs: Vec<(String, Value<'d>)>,
}

impl<'d> Locked<'d> {
    /// Version 1.
    fn read_coordinates(&mut self, tree: Value<'d>, parsed: &mut Parsed) {
        match tree.str("version").as_deref() {
            Some("0.1.0") => {}
            Some(other) if other.starts_with(|first: char| first.is_ascii_digit()) => {
                newer(tree, other, "0.1.0", parsed)
            }
            Some(_) | None => parsed.blind(
                tree.span(),
                "`dependency_tree` has no version that is known",
                DAMAGED,
            ),
        }
        let Some(list) = tree.get("dependencies").filter(|list| list.kind() == Kind::Array) else {
            parsed.blind(
                tree.span(),
                "`dependency_tree` has no list of dependencies",
                DAMAGED,
            );
            return;
        };
        for entry in list.items() {
            let coordinates = entry
                .get("coord")
                .and_then(|coord| Some((coord.as_str()?, coord)));
            let Some((text, coord)) = coordinates else {
                parsed.blind(entry.span(), "a dependency has no coordinates", DAMAGED);
                continue;
            };
            let parts: Vec<&str> = text.split(':').collect();
            let (Some(group), Some(artifact), Some(version)) = (
                filled(parts.first()),
                filled(parts.get(1)),
                filled(parts.get(2..).and_then(<[_]>::last)),
            ) else {
                parsed.blind(
                    coord.text_span(),
                    "these are no coordinates with a version",
                    DAMAGED,
                );
                continue;
            };
            let place = coord.span_of(text.len().saturating_sub(version.len())..text.len());
            let name = format!("{group}:{artifact}");
            let mut package = Package::new(Ecosystem::MAVEN, name.as_str(), version, FileSpan::here(place));
            let url = entry.get("url").and_then(|url| Some((url.as_str()?, url)));
            if let Some((url, _)) = &url {
                package.source = Source::Registry(Some(without_secrets(url).into_owned()));
            }
            package.spans = Spans {
                entry: Some(entry.span()),
                source: url.map(|(_, url)| url.text_span()),
                checksums: entry.get("sha256").map(Value::text_span).into_iter().collect(),
                edges: entry.get("directDependencies").map(Value::span),
            };
            let id = parsed.graph.add_package(package);
            // Sources and the like are files of the same artifact.
            let base = format!("{name}:{version}");
            if base != *text {
                self.nodes.entry(base).or_default().push(id);
            }
            self.nodes.entry(text.clone().into_owned()).or_default().push(id);
            let needs = entry
                .get("directDependencies")
                .or_else(|| entry.get("dependencies"));
            self.needs.extend(needs.map(|needs| (text.into_owned(), needs)));
        }
    }

    /// Version 2 and 3. Gives the keys that the project asks for, where the file has them.
    fn read_keys(&mut self, root: Value<'d>, parsed: &mut Parsed) -> Option<HashSet<String>> {
        let artifacts = root.get("artifacts").filter(|artifacts| artifacts.is_object());
        match root.str("version").as_deref() {
            Some("2" | "3") => {}
            Some(other) if artifacts.is_some() && other.parse::<u32>().is_ok_and(|other| other > 3) => {
                newer(root, other, "3", parsed);
            }
            Some(_) | None => parsed.blind(
                root.span(),
                "no lock file of rules_jvm_external: it has no `version` that is known",
                DAMAGED,
            ),
        }
        let Some(artifacts) = artifacts else {
            parsed.blind(
                root.span(),
                "no lock file of rules_jvm_external: it has no `artifacts`",
                DAMAGED,
            );
            return None;
        };
        let mut repositories: HashMap<String, Value<'_>> = HashMap::default();
        for (_, list) in root.get("repositories").into_iter().flat_map(Value::entries) {
            for key in list.items().filter_map(Value::as_str) {
                repositories.entry(key.into_owned()).or_insert(list);
            }
        }
        for (key, entry) in artifacts.entries() {
            let mut parts = key.split(':');
            let (Some(group), Some(artifact)) =
                (filled(parts.next().as_ref()), filled(parts.next().as_ref()))
            else {
                parsed.blind(entry.key_span(), "this is no key of an artifact", DAMAGED);
                continue;
            };
            let name = format!("{group}:{artifact}");
            let version = entry
                .get("version")
                .and_then(|version| Some((version.as_str()?, version)));
            let Some((version, at)) = version.filter(|(version, _)| !version.is_empty()) else {
                parsed.partial(entry.span(), format!("{name} has no exact version"), DAMAGED);
                continue;
            };
            let mut package = Package::new(Ecosystem::MAVEN, name, version, FileSpan::here(at.text_span()));
            let repository = repositories.get(&*key);
            if let Some(address) = repository {
                package.source = Source::Registry(Some(without_secrets(&address.key()).into_owned()));
            }
            let checksums = entry.get("shasums").into_iter().flat_map(Value::entries);
            package.spans = Spans {
                entry: Some(entry.key_span().join(entry.span())),
                source: None,
                checksums: checksums.map(|(_, sum)| sum.text_span()).collect(),
                edges: None,
            };
            let id = parsed.graph.add_package(package);
            self.nodes.entry(key.into_owned()).or_default().push(id);
        }
        match root.get("dependencies") {
            Some(dependencies) if dependencies.is_object() => {
                let needs = dependencies.entries().filter(|(key, _)| !is_extra(key));
                self.needs
                    .extend(needs.map(|(key, list)| (key.into_owned(), list)));
            }
            Some(_) | None => parsed.blind(root.span(), "the file has no `dependencies`", DAMAGED),
        }
        let inputs = root
            .get("__INPUT_ARTIFACTS_HASH")
            .filter(|inputs| inputs.is_object())?;
        Some(inputs.entries().map(|(key, _)| key.into_owned()).collect())
    }

    /// Those that `key` stands for.
    fn of(&self, key: &str) -> Option<&[NodeId]> {
        let known = |key: &str| self.nodes.get(key).map(Vec::as_slice);
        known(key).or_else(|| {
            // `group:artifact:jar:classifier` is a file of `group:artifact`, and `group:artifact:packaging:classifier` one of that packaging.
            let (front, _) = key.rsplit_once(':')?;
            known(front).or_else(|| known(front.strip_suffix(":jar")?))
        })
    }

    /// Adds roots and edges.
    fn connect(self, asked: Option<HashSet<String>>, parsed: &mut Parsed) {
        let mut needed: HashSet<NodeId> = HashSet::default();
        let mut missing = Vec::new();
        for (from, list) in &self.needs {
            let Some(from) = self.of(from).and_then(<[_]>::first) else {
                missing.push((from.clone(), list.key_span()));
                continue;
            };
            for item in list.items() {
                let key = item.as_str().unwrap_or_else(|| item.raw().into());
                match self.of(&key) {
                    Some(nodes) => {
                        for to in nodes.iter().take(1) {
                            parsed.graph.add_edge(*from, *to, item.text_span());
                        }
                        needed.extend(nodes.iter().filter(|to| *to != from));
                    }
                    None => missing.push((key.into_owned(), item.text_span())),
                }
            }
        }
        for (key, at) in missing {
            parsed.partial(
                at,
                format!("{key} is needed, and the file does not lock it"),
                DAMAGED,
            );
        }
        let mut direct: Vec<NodeId> = match &asked {
            Some(asked) => asked
                .iter()
                .filter_map(|key| self.of(key))
                .flatten()
                .copied()
                .collect(),
            None => {
                let ids = parsed.graph.packages().map(|(id, _)| id);
                ids.filter(|id| !needed.contains(id)).collect()
            }
        };
        direct.sort_unstable();
        direct.dedup();
        let root = parsed.graph.add_root("", "");
        for id in direct {
            parsed.graph.add_edge(root, id, Span::default());
        }
        parsed.graph.mark_direct();
    }
}

/// Sources and documentation need those of what their artifact needs.
fn is_extra(key: &str) -> bool {
    key.ends_with(":sources") || key.ends_with(":javadoc")
}

fn newer(root: Value<'_>, version: &str, newest: &str, parsed: &mut Parsed) {
    let at = root.get("version").map_or(root.span(), Value::span);
    parsed.remark(
        at,
        format!("version {version} is newer than {newest} and is read as that"),
        "Update lockkeeper.",
    );
}

fn filled<'t>(part: Option<&&'t str>) -> Option<&'t str> {
    part.copied().filter(|part| !part.is_empty())
}
