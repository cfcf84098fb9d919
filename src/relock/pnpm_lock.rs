//! Edits of `pnpm-lock.yaml`, version 9, and of the `package.json` files of the workspace.
//!
//! Entries that change are written as pnpm writes them, in their place by their keys; where the file has the old ones in another form, nothing is edited.
//! Every other byte stays.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::ops::Range;

use super::npm_fields::archive_path;
use super::npm_ranges::{MANIFEST, manifests};
use super::pnpm_build::{Builder, Changes, place_of};
use super::pnpm_check;
use super::pnpm_graph::{Graph, Node, Origin, To, around};
use super::pnpm_names::Names;
use super::pnpm_overrides;
use super::pnpm_text::{self, Body};
use super::splice::{Splice, apply};
use super::{Refused, Relock};
use crate::lockfile::pnpm_lock::locked::{Locked, locked};
use crate::model::{Release, TreePath};
use crate::plan::{Edited, NewOverride, Plan};
use crate::text::json;

/// Edits lockfiles of pnpm.
pub struct PnpmLock;

impl Relock for PnpmLock {
    fn format(&self) -> &'static str {
        "pnpm-lock.yaml"
    }

    fn edit(
        &self,
        path: &TreePath,
        text: &str,
        plan: &Plan,
        read: &dyn Fn(&TreePath) -> Option<String>,
    ) -> Result<Vec<Edited>, Refused> {
        let lines = text.matches('\n').count();
        let after = match text.matches("\r\n").count() {
            0 => lockfile(text, plan)?,
            windows if windows == lines => lockfile(&text.replace("\r\n", "\n"), plan)?.replace('\n', "\r\n"),
            _ => return Err(Refused("The lockfile has line ends of both kinds.".to_owned())),
        };
        let mut edited = vec![Edited {
            path: path.clone(),
            before: text.to_owned(),
            after,
        }];
        edited.extend(manifests(path, plan, &["pnpm", "overrides"], read)?);
        edited.extend(workspace(path, plan, read)?);
        pnpm_check::check(&edited, plan).map_err(Refused)?;
        Ok(edited)
    }
}

/// The settings of the workspace, where entries of the plan go into them.
fn workspace(
    path: &TreePath,
    plan: &Plan,
    read: &dyn Fn(&TreePath) -> Option<String>,
) -> Result<Option<Edited>, Refused> {
    let overrides = plan.overrides.iter().filter(|one| one.manifest != MANIFEST);
    let overrides: Vec<&NewOverride> = overrides.collect();
    let Some(first) = overrides.first() else {
        return Ok(None);
    };
    let path = path.parent().join(&first.manifest);
    let path = path.ok_or_else(|| Refused(format!("{} is outside of the repository.", first.manifest)))?;
    let before = read(&path).ok_or_else(|| Refused(format!("{path} cannot be read.")))?;
    let after = pnpm_overrides::in_workspace(&before, &overrides)?;
    Ok(Some(Edited { path, before, after }))
}

/// The lockfile with the plan carried out.
fn lockfile(text: &str, plan: &Plan) -> Result<String, Refused> {
    let locked = locked(text).map_err(Refused)?;
    let changes = Changes::of(plan)?;
    let old = Graph::of(&locked);
    if let Some(lost) = old.reached(&locked, false).iter().position(|reached| !reached) {
        return Err(Refused(format!(
            "Nothing needs {}: have pnpm write the lockfile anew first.",
            locked.snapshots[lost].key
        )));
    }
    let names = Names::of(&locked, &old);
    let new = Builder::build(&locked, &old, &names, &changes)?;
    let keys = names.keys(&old, &new)?;
    let edit = Edit {
        text,
        locked: &locked,
        old: &old,
        new: &new,
        names: &names,
        keys: &keys,
    };
    let mut splices = edit.importers(plan)?;
    splices.extend(edit.catalogs()?);
    if !plan.overrides.is_empty() {
        splices.push(pnpm_overrides::in_lockfile(text, &plan.overrides)?);
    }
    let snapshots = edit.snapshots()?;
    let packages = edit.packages(&changes)?;
    let old_packages = locked.packages.iter().map(|package| package.at.clone());
    splices.push(section(text, &old_packages.collect::<Vec<_>>(), &packages)?);
    let old_snapshots = locked.snapshots.iter().map(|snapshot| snapshot.at.clone());
    splices.push(section(text, &old_snapshots.collect::<Vec<_>>(), &snapshots)?);
    apply(text, splices).ok_or_else(|| Refused("Two edits overlap.".to_owned()))
}

/// Entries of a section, by key.
type Entries = BTreeMap<Vec<u16>, String>;

fn order(key: &str) -> Vec<u16> {
    key.encode_utf16().collect()
}

/// Exchanges the entries of a section, which stand at `old`.
fn section(text: &str, old: &[Range<usize>], new: &Entries) -> Result<Splice, Refused> {
    let (Some(first), Some(last)) = (old.first(), old.last()) else {
        return Err(Refused("The lockfile locks nothing.".to_owned()));
    };
    let at = first.start..last.end;
    let blocks: Vec<&str> = old.iter().filter_map(|at| text.get(at.clone())).collect();
    if text.get(at.clone()) != Some(blocks.join(BETWEEN).as_str()) {
        return Err(Refused(
            "The lockfile is not written as pnpm writes it: run `pnpm install --lockfile-only` first."
                .to_owned(),
        ));
    }
    let entries: Vec<&str> = new.values().map(String::as_str).collect();
    Ok(Splice {
        at,
        text: entries.join(BETWEEN),
    })
}

const BETWEEN: &str = "\n\n";

struct Edit<'e> {
    text: &'e str,
    locked: &'e Locked,
    old: &'e Graph,
    new: &'e Graph,
    names: &'e Names<'e>,
    keys: &'e [String],
}

impl Edit<'_> {
    /// What a dependent says of the node under `name`.
    fn reference(&self, name: &str, to: &To) -> String {
        match to {
            To::Outside(said) => said.clone(),
            To::Node(to) => {
                let key = &self.keys[*to];
                let behind = key.strip_prefix(name).and_then(|rest| rest.strip_prefix('@'));
                match behind {
                    Some(version) if self.new.nodes[*to].name == name => version.to_owned(),
                    Some(_) | None => key.clone(),
                }
            }
        }
    }

    fn body(&self, node: &Node, transitive: BTreeSet<String>, is_optional: bool) -> Body {
        let mut body = Body {
            transitive,
            is_optional,
            ..Body::default()
        };
        for (name, need) in node.all() {
            let table = match need.is_optional {
                true => &mut body.optional,
                false => &mut body.needs,
            };
            table.insert(name.clone(), self.reference(name, &need.to));
        }
        body
    }

    /// The snapshots as they are to be.
    fn snapshots(&self) -> Result<Entries, Refused> {
        let around = around(self.new);
        let required = (
            self.old.reached(self.locked, true),
            self.new.reached(self.locked, true),
        );
        let mut bodies: HashMap<&str, Body> = HashMap::new();
        let mut entries = Entries::new();
        let mut required_keys: BTreeSet<&str> = BTreeSet::new();
        for (number, key) in self.keys.iter().enumerate() {
            if required.1[number] {
                required_keys.insert(key);
            }
        }
        let mut known: HashMap<&str, usize> = HashMap::new();
        for (number, snapshot) in self.locked.snapshots.iter().enumerate() {
            known.insert(&snapshot.key, number);
        }
        for (number, node) in self.new.nodes.iter().enumerate() {
            let key = &self.keys[number];
            let (transitive, mut is_optional) = match node.origin {
                Origin::New(_) => (
                    around[number].transitive.clone(),
                    !required_keys.contains(key.as_str()),
                ),
                Origin::Kept(old) | Origin::Instead(old) => {
                    let was = &self.locked.snapshots[old];
                    let computed = &self.names.around[old].transitive;
                    let transitive = match (
                        *computed == was.transitive,
                        *computed == around[number].transitive,
                    ) {
                        (true, _) => around[number].transitive.clone(),
                        (false, true) => was.transitive.clone(),
                        (false, false) => {
                            return Err(Refused(format!(
                                "Which peers are missing around {key} is said in a way that only pnpm can change."
                            )));
                        }
                    };
                    let is_as_computed = was.is_optional != required.0[old];
                    let is_optional = match is_as_computed {
                        true => !required_keys.contains(key.as_str()),
                        false => was.is_optional,
                    };
                    (transitive, is_optional)
                }
            };
            // One that is there already says it.
            if let Some(same) = known.get(key.as_str()).map(|same| &self.locked.snapshots[*same])
                && same.is_optional == required.0[known[key.as_str()]]
            {
                is_optional = same.is_optional;
            }
            let body = self.body(node, transitive, is_optional);
            match bodies.get(key.as_str()) {
                Some(other) if *other == body => continue,
                Some(_) => return Err(Refused(format!("There would be two forms of {key}."))),
                None => {}
            }
            let written = pnpm_text::snapshot(key, &body)?;
            let text = match known.get(key.as_str()) {
                Some(same) => {
                    let was = self
                        .text
                        .get(self.locked.snapshots[*same].at.clone())
                        .unwrap_or_default();
                    match was == written || body == self.said(*same) {
                        true => was.to_owned(),
                        false => {
                            self.is_as_written(*same)?;
                            written
                        }
                    }
                }
                None => {
                    if let Origin::Kept(old) | Origin::Instead(old) = node.origin {
                        self.is_as_written(old)?;
                    }
                    written
                }
            };
            bodies.insert(key, body);
            entries.insert(order(key), text);
        }
        Ok(entries)
    }

    /// What the file says of a snapshot.
    fn said(&self, number: usize) -> Body {
        let snapshot = &self.locked.snapshots[number];
        let mut body = Body {
            transitive: snapshot.transitive.clone(),
            is_optional: snapshot.is_optional,
            ..Body::default()
        };
        for need in &snapshot.needs {
            let table = match need.is_optional {
                true => &mut body.optional,
                false => &mut body.needs,
            };
            table.insert(need.name.clone(), need.version.clone());
        }
        body
    }

    /// The snapshot stands in the file as pnpm writes it.
    fn is_as_written(&self, number: usize) -> Result<(), Refused> {
        let snapshot = &self.locked.snapshots[number];
        let text = self.text.get(snapshot.at.clone());
        match text == Some(pnpm_text::snapshot(&snapshot.key, &self.said(number))?.as_str()) {
            true => Ok(()),
            false => Err(Refused(format!(
                "The snapshot {} is not written as pnpm writes it: run `pnpm install --lockfile-only` first.",
                snapshot.key
            ))),
        }
    }

    /// The packages as they are to be.
    fn packages(&self, changes: &Changes<'_>) -> Result<Entries, Refused> {
        let used: BTreeSet<String> = self.new.nodes.iter().map(Node::id).collect();
        let mut entries = Entries::new();
        let mut known: BTreeSet<&str> = BTreeSet::new();
        for package in &self.locked.packages {
            known.insert(&package.id);
            if used.contains(&package.id) {
                let text = self.text.get(package.at.clone()).unwrap_or_default();
                entries.insert(order(&package.id), text.to_owned());
            }
        }
        for node in &self.new.nodes {
            let id = node.id();
            if known.contains(id.as_str()) || entries.contains_key(&order(&id)) {
                continue;
            }
            let release = changes
                .release(&id)
                .ok_or_else(|| Refused(format!("The plan does not say what {id} is.")))?;
            let has_address = self.has_address(&node.name, release)?;
            entries.insert(order(&id), pnpm_text::package(&id, release, has_address)?);
        }
        Ok(entries)
    }

    /// The file says where the archive of a release is.
    fn has_address(&self, name: &str, release: &Release) -> Result<bool, Refused> {
        let registered = self
            .locked
            .packages
            .iter()
            .filter(|package| package.is_of_registry);
        let own = registered.clone().filter(|package| package.name == name);
        let (mut with, mut without) = (false, false);
        let of_name: Vec<bool> = own.map(|package| package.tarball.is_some()).collect();
        let others = registered.map(|package| package.tarball.is_some());
        let all = if of_name.is_empty() {
            others.collect()
        } else {
            of_name
        };
        for has in all {
            with |= has;
            without |= !has;
        }
        let document = json::read(&release.document);
        let dist = document.root().get("dist");
        let address = dist.and_then(|dist| dist.str("tarball")).unwrap_or_default();
        let is_usual = address
            .replace("%2f", "/")
            .ends_with(&archive_path(name, &release.version));
        match (with, without && is_usual) {
            (true, false) => Ok(true),
            (false, true) => Ok(false),
            (_, _) => Err(Refused(format!(
                "Whether the lockfile would say where the archive of {name} {} is, is for pnpm to say.",
                release.version
            ))),
        }
    }

    /// What projects ask for, and what that leads to.
    fn importers(&self, plan: &Plan) -> Result<Vec<Splice>, Refused> {
        let mut splices = Vec::new();
        let mut done = 0;
        for (importer, own) in self.locked.importers.iter().zip(&self.new.own) {
            for (wish, to) in importer.needs.iter().zip(own) {
                let folder = place_of(&importer.folder);
                let mut overrides = plan.overrides.iter().filter(|_| to.is_some());
                if let Some(one) = overrides.find(|one| one.name == wish.name) {
                    splices.push(Splice {
                        at: wish.specifier.at.clone(),
                        text: pnpm_text::scalar(&one.to, false)?,
                    });
                }
                let mut ranges = plan.ranges.iter();
                if let Some(range) = ranges.find(|range| range.folder == folder && range.name == wish.name) {
                    let start = wish
                        .specifier
                        .text
                        .strip_suffix(range.from.as_str())
                        .ok_or_else(|| {
                            Refused(format!(
                                "The lockfile does not have what {} asks for.",
                                range.manifest()
                            ))
                        })?;
                    done += 1;
                    splices.push(Splice {
                        at: wish.specifier.at.clone(),
                        text: pnpm_text::scalar(&format!("{start}{}", range.to), false)?,
                    });
                }
                let Some(to) = to else { continue };
                let said = self.reference(&wish.name, &To::Node(*to));
                if said != wish.version.text {
                    splices.push(Splice {
                        at: wish.version.at.clone(),
                        text: pnpm_text::scalar(&said, false)?,
                    });
                }
            }
        }
        match done < plan.ranges.len() {
            true => Err(Refused(
                "The lockfile does not have everything that a manifest asks for.".to_owned(),
            )),
            false => Ok(splices),
        }
    }

    /// What entries of catalogs lead to.
    fn catalogs(&self) -> Result<Vec<Splice>, Refused> {
        let mut led: BTreeMap<usize, BTreeSet<&str>> = BTreeMap::new();
        for (importer, own) in self.locked.importers.iter().zip(&self.new.own) {
            for (wish, to) in importer.needs.iter().zip(own) {
                let entry = self.locked.cataloged(&wish.specifier.text, &wish.name);
                if let (Some(entry), Some(to)) = (entry, to) {
                    let number = self
                        .locked
                        .catalogs
                        .iter()
                        .position(|other| std::ptr::eq(other, entry));
                    let version = self.new.nodes[*to].version.as_str();
                    led.entry(number.unwrap_or_default()).or_default().insert(version);
                }
            }
        }
        let mut splices = Vec::new();
        for (number, versions) in led {
            let entry = &self.locked.catalogs[number];
            let versions: Vec<&str> = versions.into_iter().collect();
            match versions.as_slice() {
                [version] if *version == entry.version.text => {}
                [version] => splices.push(Splice {
                    at: entry.version.at.clone(),
                    text: pnpm_text::scalar(version, false)?,
                }),
                several if several.contains(&entry.version.text.as_str()) => {
                    return Err(Refused(format!(
                        "A catalog's {} would be locked in several versions.",
                        entry.name
                    )));
                }
                _ => {
                    return Err(Refused(format!(
                        "It is not clear which version a catalog's {} has.",
                        entry.name
                    )));
                }
            }
        }
        Ok(splices)
    }
}
