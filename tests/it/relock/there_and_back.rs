//! An edit of any single package, followed by the edit that takes it back, gives the original bytes: of every fixture, and of the real
//! lockfiles in `LOCKKEEPER_DATA`.
//!
//! What a registry would say is made from the lockfile itself: the package's own entry with another version and other
//! hashes. Of `go.mod` an edit back is refused.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use lockkeeper::lockfile::cargo_lock::locked::{CrateId, LockedCrate, LockedCrates, locked};
use lockkeeper::lockfile::package_lock::installed::{Installed, installed};
use lockkeeper::lockfile::pom::declared::{self, Form};
use lockkeeper::lockfile::requirements::project::{Role, gather};
use lockkeeper::lockfile::{self, Claim};
use lockkeeper::model::{Release, RequirementKind, TreePath};
use lockkeeper::plan::go::GoEdit;
use lockkeeper::plan::maven::PomEdit;
use lockkeeper::plan::python::{Edge, Need, PinChange};
use lockkeeper::plan::{CrateEdit, EntryChange, EntryEdit, OwnEdit, Plan};
use lockkeeper::relock::uv_entries::{self, Entry, List, extras_of, normal};
use lockkeeper::relock::{Refused, relock};
use serde_json::{Value, json};

use super::there_and_back_bun::bun;
use super::there_and_back_composer::packages;
use super::there_and_back_gems::gems;
use super::there_and_back_pnpm::pnpm;
use super::there_and_back_python::{pdm, pipenv, poetry};
use super::there_and_back_yarn::{plain, yarn};
use crate::support::memory_tree::{MemoryTree, tree_path};

/// Of a large file so many packages are edited, evenly spread.
const PACKAGES: usize = 12;

/// Every pom of a build is read for each edit of one: of larger builds none is edited.
const BUILD: usize = 40;

/// What became of a file's packages.
#[derive(Debug, Default)]
struct Counts {
    edited: usize,
    /// By the reason, with names and numbers left out.
    refused: BTreeMap<String, usize>,
}

/// A plan that moves one package, and the one that moves it back.
pub(super) type Pair = (Plan, Plan);

/// The plans for each package of a lockfile; nothing where no plan is made for it.
fn pairs(format: &str, path: &TreePath, text: &str, tree: &MemoryTree) -> Vec<(String, Pair)> {
    match format {
        "bun.lock" => bun(text),
        "Cargo.lock" => crates(text),
        "composer.lock" => packages(text),
        "Gemfile.lock" => gems(text),
        "package-lock.json" => folders(text),
        "pdm.lock" => pdm(text),
        "Pipfile.lock" => pipenv(text),
        "pnpm-lock.yaml" => pnpm(text),
        "poetry.lock" => poetry(text),
        "pom.xml" => versions(path, tree),
        "requirements.txt" => pins(path, text, tree),
        "uv.lock" => projects(text),
        "yarn.lock" => yarn(text),
        _ => Vec::new(),
    }
}

/// The version behind a version: its last number is one higher.
pub(super) fn next(version: &str) -> String {
    let (version, build) = version.split_once('+').unwrap_or((version, ""));
    let digits = version
        .trim_end_matches(|character: char| character.is_ascii_digit())
        .len();
    let number: u64 = version[digits..].parse().unwrap_or(0);
    let next = format!("{}{}", &version[..digits], number + 1);
    match build {
        "" => next,
        build => format!("{next}+{build}"),
    }
}

/// Each text of a pom that is a version, with everything that has its version from it.
fn versions(path: &TreePath, tree: &MemoryTree) -> Vec<(String, Pair)> {
    let family = declared::family(path, tree);
    if family.len() > BUILD {
        return Vec::new();
    }
    let mut texts: BTreeMap<u32, PomEdit> = BTreeMap::new();
    let mut others: BTreeSet<u32> = BTreeSet::new();
    for module in family {
        let resolved = declared::read(&module, tree);
        let all = resolved.declarations.iter().chain(&resolved.managed);
        for one in all.filter(|one| one.file == *path) {
            if one.form == Form::Other {
                others.insert(one.at.start);
            }
            let edit = texts.entry(one.at.start).or_insert_with(|| PomEdit {
                file: path.clone(),
                at: one.at.start as usize..one.at.end as usize,
                from: one.version.clone(),
                to: next(&one.version),
                uses: BTreeSet::new(),
                reference: None,
            });
            edit.uses.insert((module.clone(), one.name.clone()));
        }
    }
    texts.retain(|at, _| !others.contains(at));
    let plan = |edit: PomEdit| {
        of(vec![EntryChange {
            place: path.to_string(),
            name: String::new(),
            edit: EntryEdit::Own(OwnEdit::Pom(Box::new(edit))),
        }])
    };
    let pairs = texts.into_values().map(|there| {
        let back = PomEdit {
            at: there.at.start..there.at.start + there.to.len(),
            from: there.to.clone(),
            to: there.from.clone(),
            ..there.clone()
        };
        (format!("{}", there.at.start), (plan(there), plan(back)))
    });
    pairs.collect()
}

pub(super) fn of(entries: Vec<EntryChange>) -> Plan {
    Plan {
        entries,
        ..Plan::default()
    }
}

/// A hash that is another one for each text.
pub(super) fn digest(text: &str) -> String {
    let sum = text
        .bytes()
        .fold(5_381_u64, |sum, byte| sum.wrapping_mul(33) ^ u64::from(byte));
    format!("{sum:064x}")
}

fn folders(text: &str) -> Vec<(String, Pair)> {
    let (Ok(all), Ok(document)) = (installed(text), serde_json::from_str::<Value>(text)) else {
        return Vec::new();
    };
    let wanted = all
        .iter()
        .filter(|folder| folder.is_of_registry && !folder.is_bundled);
    wanted
        .filter_map(|folder| {
            let entry = &document["packages"][&folder.place];
            // A new version has a hash, also where the old one had none.
            let hash = entry["integrity"].as_str()?;
            let back = of_folder(folder, entry, &folder.version, hash);
            let there = of_folder(folder, entry, &next(&folder.version), "sha512-BBBB");
            Some((folder.place.clone(), (of(vec![there]), of(vec![back]))))
        })
        .collect()
}

/// The folder with `version`, of which a registry says what the entry says of the locked one.
fn of_folder(folder: &Installed, entry: &Value, version: &str, hash: &str) -> EntryChange {
    let mut document = entry.clone();
    let fields = document.as_object_mut().expect("an entry");
    for flag in [
        "dev",
        "optional",
        "devOptional",
        "peer",
        "resolved",
        "integrity",
        "name",
    ] {
        fields.remove(flag);
    }
    fields.insert("version".into(), json!(version));
    fields.insert(
        "dist".into(),
        json!({"integrity": hash, "tarball": entry["resolved"]}),
    );
    let shown = folder
        .requirements
        .iter()
        .filter(|one| !matches!(one.kind, RequirementKind::Dev | RequirementKind::Bundled));
    EntryChange {
        place: folder.place.clone(),
        name: folder.name.clone(),
        edit: EntryEdit::Lock(
            Box::new(Release {
                version: version.into(),
                dependencies: shown.cloned().collect(),
                document: document.to_string().into(),
                ..Release::default()
            }),
            None,
        ),
    }
}

fn crates(text: &str) -> Vec<(String, Pair)> {
    let Ok(all) = locked(text) else { return Vec::new() };
    // Cargo writes them in order; what moves in another file is put in its place.
    if !all.crates.is_sorted_by_key(|one| {
        (
            &one.id.name,
            semver::Version::parse(&one.id.version).ok(),
            &one.id.source,
        )
    }) {
        return Vec::new();
    }
    let wanted = all
        .crates
        .iter()
        .filter(|one| one.id.is_of_registry() && one.checksum.is_some());
    wanted
        .map(|one| {
            let to = CrateId {
                version: next(&one.id.version).into(),
                ..one.id.clone()
            };
            let sum = one.checksum.clone().expect("just asked");
            let new = digest(&one.id.place());
            let there = exchanged(&all, &one.id, &to, &new);
            let moved = all.crates.iter().map(|other| moved(other, (&one.id, &to), &new));
            let after = LockedCrates {
                crates: moved.collect(),
                unused: all.unused.clone(),
            };
            let back = exchanged(&after, &to, &one.id, &sum);
            (one.id.place(), (there, back))
        })
        .collect()
}

/// A crate as it is once `from` is `to`, with the checksum `sum`.
fn moved(one: &LockedCrate, (from, to): (&CrateId, &CrateId), sum: &str) -> LockedCrate {
    let exchange = |id: &CrateId| if id == from { to.clone() } else { id.clone() };
    LockedCrate {
        id: exchange(&one.id),
        checksum: match one.id == *from {
            true => Some(sum.to_owned()),
            false => one.checksum.clone(),
        },
        needs: one.needs.iter().map(exchange).collect(),
    }
}

/// The plan that exchanges a crate in what is locked, and what all who need it say then.
fn exchanged(all: &LockedCrates, from: &CrateId, to: &CrateId, sum: &str) -> Plan {
    let changed = all
        .crates
        .iter()
        .filter(|one| one.id == *from || one.needs.contains(from));
    let entries = changed.map(|one| {
        let after = moved(one, (from, to), sum);
        let release = after.id.is_of_registry().then(|| Release {
            version: after.id.version.clone(),
            document: line(&after).into(),
            ..Release::default()
        });
        EntryChange {
            place: one.id.place(),
            name: one.id.name.to_string(),
            edit: EntryEdit::Own(OwnEdit::Crate(Box::new(CrateEdit {
                id: after.id,
                needs: after.needs,
                release,
                folder: None,
            }))),
        }
    });
    of(entries.collect())
}

/// A line of an index that asks for exactly what is locked.
fn line(one: &LockedCrate) -> String {
    let needs: Vec<Value> = one
        .needs
        .iter()
        .map(|need| {
            json!({
                "name": need.name.as_str(), "req": format!("={}", need.version.as_str()), "features": [], "optional": false,
                "default_features": true, "target": null, "kind": "normal",
                "registry": need.source.as_deref().filter(|source| !source.contains("crates.io-index")),
            })
        })
        .collect();
    json!({
        "name": one.id.name.as_str(), "vers": one.id.version.as_str(), "deps": needs, "cksum": one.checksum, "features": {},
        "yanked": false,
    })
    .to_string()
}

fn pins(path: &TreePath, text: &str, tree: &MemoryTree) -> Vec<(String, Pair)> {
    let read = |path: &TreePath| read(tree, path);
    let files = gather(path, text, &read);
    let mut pairs = Vec::new();
    for loaded in files
        .iter()
        .filter(|loaded| loaded.role == Role::Requirements && loaded.path == *path)
    {
        for entry in &loaded.file.entries {
            let Some((version, _)) = entry.version.as_ref().filter(|_| !entry.is_located) else {
                continue;
            };
            let hashes: Vec<&str> = entry.hashes.iter().map(|(hash, _)| hash.as_str()).collect();
            // Both tools sort them, and write `=` between the option and its value.
            let block = loaded.text.get(entry.block.clone()).unwrap_or_default();
            if !hashes.is_sorted() || block.contains("--hash ") {
                continue;
            }
            let new: Vec<String> = hashes
                .iter()
                .map(|hash| format!("sha256:{}", digest(hash)))
                .collect();
            let new: Vec<&str> = new.iter().map(String::as_str).collect();
            let change = |version: &str, hashes: &[&str]| {
                of(vec![EntryChange {
                    place: loaded.place(entry),
                    name: normal(&entry.name),
                    edit: EntryEdit::Own(OwnEdit::Pin(Box::new(PinChange {
                        release: Some(release(&entry.name, version, hashes)),
                        ..PinChange::default()
                    }))),
                }])
            };
            pairs.push((
                entry.name.clone(),
                (change(&next(version), &new), change(version, &hashes)),
            ));
        }
    }
    pairs
}

/// A release with a file for each hash.
fn release(name: &str, version: &str, hashes: &[&str]) -> Release {
    let hashes = match hashes {
        [] => &["sha256:00"],
        hashes => hashes,
    };
    let files = hashes.iter().enumerate().map(|(number, hash)| {
        let (algorithm, digest) = hash.split_once(':').expect("a hash");
        let file = format!("{}-{version}-{number}-py3-none-any.whl", normal(name).replace('-', "_"));
        json!({"filename": file, "url": format!("https://registry.example/{file}"), "hashes": {algorithm: digest}})
    });
    Release {
        version: version.into(),
        document: json!(files.collect::<Vec<Value>>()).to_string().into(),
        ..Release::default()
    }
}

fn projects(text: &str) -> Vec<(String, Pair)> {
    let document = uv_entries::document(text);
    let Ok(entries) = uv_entries::entries(&document, text) else {
        return Vec::new();
    };
    let wanted = entries
        .iter()
        .enumerate()
        .filter(|(_, entry)| entry.registry.is_some());
    wanted
        .map(|(number, entry)| {
            let change = |version: &str, is_back: bool| {
                let files = files(entry, version, is_back);
                of(vec![EntryChange {
                    place: number.to_string(),
                    name: entry.name.clone(),
                    edit: EntryEdit::Own(OwnEdit::Pin(Box::new(PinChange {
                        release: Some(Release {
                            version: version.into(),
                            document: json!(files).to_string().into(),
                            ..Release::default()
                        }),
                        edges: edges(entry),
                        needs: needs(entry),
                        ..PinChange::default()
                    }))),
                }])
            };
            let pair = (change(&next(&entry.version), false), change(&entry.version, true));
            (entry.name.clone(), pair)
        })
        .collect()
}

/// The files of an entry as an index lists them: those that stand there, or the same of another version.
fn files(entry: &Entry<'_>, version: &str, is_back: bool) -> Vec<Value> {
    let wheels = entry
        .table
        .get("wheels")
        .into_iter()
        .flat_map(|wheels| wheels.items());
    let all = entry.table.get("sdist").into_iter().chain(wheels);
    all.map(|file| {
        let text = |key: &str| {
            file.get(key)
                .and_then(|value| value.as_str())
                .map(|text| text.into_owned())
        };
        let url = text("url").unwrap_or_default();
        let hash = text("hash").unwrap_or_default();
        let hash = hash.trim_start_matches("sha256:").to_owned();
        let (folder, name) = url.rsplit_once('/').unwrap_or(("", &url));
        let name = match is_back {
            true => name.to_owned(),
            false => name.replacen(&entry.version, version, 1),
        };
        json!({
            "filename": name, "url": format!("{folder}/{name}"),
            "hashes": {"sha256": if is_back { hash } else { digest(&hash) }},
            "size": file.get("size").and_then(|size| size.as_u64()), "upload-time": text("upload-time"),
        })
    })
    .collect()
}

/// What an entry needs, none of it new.
fn edges(entry: &Entry<'_>) -> Vec<Edge> {
    let mut edges: Vec<Edge> = Vec::new();
    for (list, item) in entry.edges() {
        let edge = Edge {
            extra: match list {
                List::Extra(extra) => Some(extra),
                List::Dependencies | List::Group(_) => None,
            },
            name: item
                .get("name")
                .and_then(|name| name.as_str())
                .unwrap_or_default()
                .into_owned(),
            extras: extras_of(item).into_iter().collect(),
            marker: String::new(),
            is_as_before: true,
        };
        if !edges.contains(&edge) {
            edges.push(edge);
        }
    }
    edges
}

/// The same without what belongs to an edge alone.
fn needs(entry: &Entry<'_>) -> Vec<Need> {
    let edges = edges(entry).into_iter();
    edges
        .map(|edge| Need {
            name: edge.name,
            extras: edge.extras,
            range: String::new(),
            marker: String::new(),
            is_located: false,
        })
        .collect()
}

fn read(tree: &MemoryTree, path: &TreePath) -> Option<String> {
    let (_, bytes) = tree.files().find(|(known, _)| *known == path)?;
    String::from_utf8(bytes.to_vec()).ok()
}

/// The file with the plan carried out.
fn edited(
    format: &str,
    path: &TreePath,
    text: &str,
    plan: &Plan,
    tree: &MemoryTree,
) -> Result<String, Refused> {
    let relock = relock(format).expect("a format that is edited");
    // The corpus has the lockfiles of Composer alone, and no edit of one is made without a manifest.
    let edits = relock.edit(path, text, plan, &|path| {
        let none = || (format == "composer.lock").then(|| "{}".to_owned());
        read(tree, path).or_else(none)
    })?;
    let own = edits.into_iter().find(|edited| edited.path == *path);
    Ok(own.map_or_else(|| text.to_owned(), |edited| edited.after))
}

/// A reason without what is different in each case.
fn kind(refused: &Refused) -> String {
    let words = refused.0.split_whitespace();
    let plain = words.filter(|word| {
        word.chars()
            .all(|character| character.is_ascii_alphabetic() || character == '.')
    });
    plain.take(6).collect::<Vec<_>>().join(" ")
}

/// Edits packages of every lockfile of `tree` there and back.
fn walk(label: &str, tree: &MemoryTree, counts: &mut BTreeMap<&'static str, Counts>) {
    for (path, bytes) in tree.files() {
        let (Claim::Read(format), Ok(text)) = (lockfile::claim(path), std::str::from_utf8(bytes)) else {
            continue;
        };
        let text = &*plain(format.name(), text);
        let pairs = pairs(format.name(), path, text, tree);
        let counts = counts.entry(format.name()).or_default();
        let step = pairs.len().div_ceil(PACKAGES).max(1);
        for (name, (there, back)) in pairs.into_iter().step_by(step) {
            match edited(format.name(), path, text, &there, tree) {
                Err(refused) => *counts.refused.entry(kind(&refused)).or_default() += 1,
                Ok(after) => {
                    assert_ne!(after, text, "{label}/{path}: {name} did not move");
                    let again = match edited(format.name(), path, &after, &back, tree) {
                        Ok(again) => again,
                        // What was out of a range before is not put there again.
                        Err(refused) if refused.0.contains(" and finds ") => {
                            *counts.refused.entry(kind(&refused)).or_default() += 1;
                            continue;
                        }
                        Err(refused) => panic!("{label}/{path}: {name}: {refused}\n{after}"),
                    };
                    if again != *text {
                        let line = again
                            .lines()
                            .zip(text.lines())
                            .find(|(now, before)| now != before);
                        panic!("{label}/{path}: {name}: {line:?}");
                    }
                    counts.edited += 1;
                }
            }
        }
    }
}

fn folders_in(folder: &Path) -> Vec<std::path::PathBuf> {
    let entries = std::fs::read_dir(folder).expect("a folder");
    let mut folders: Vec<_> = entries.map(|entry| entry.expect("an entry").path()).collect();
    folders.retain(|path| path.is_dir());
    folders.sort();
    folders
}

#[test]
fn an_edit_and_its_reverse_leave_every_byte_of_a_fixture() {
    let top = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/lockfile");
    let mut counts = BTreeMap::new();
    for of_format in folders_in(&top) {
        for folder in folders_in(&of_format) {
            walk(
                &folder.display().to_string(),
                &MemoryTree::from_folder(&folder),
                &mut counts,
            );
        }
    }
    // Those of Cargo there are not in Cargo's order: the one of this project is.
    let own = std::fs::read(Path::new(env!("CARGO_MANIFEST_DIR")).join("Cargo.lock")).expect("a lockfile");
    let mut tree = MemoryTree::default();
    tree.insert(&tree_path("Cargo.lock"), &own);
    walk("this project", &tree, &mut counts);
    for format in [
        "bun.lock",
        "Cargo.lock",
        "composer.lock",
        "package-lock.json",
        "pdm.lock",
        "Pipfile.lock",
        "poetry.lock",
        "pom.xml",
        "requirements.txt",
        "uv.lock",
        "yarn.lock",
    ] {
        assert!(counts[format].edited > 0, "{format}: {counts:?}");
    }
}

#[test]
fn an_edit_and_its_reverse_leave_every_byte_of_a_real_lockfile() {
    let Some(data) = std::env::var_os("LOCKKEEPER_DATA") else {
        println!("skipped: LOCKKEEPER_DATA is not set");
        return;
    };
    let mut counts = BTreeMap::new();
    for folder in folders_in(&Path::new(&data).join("corpus")) {
        walk(
            &folder.display().to_string(),
            &MemoryTree::from_folder(&folder),
            &mut counts,
        );
    }
    println!("{counts:#?}");
    // No lockfile of Poetry is among them.
    for format in [
        "Cargo.lock",
        "package-lock.json",
        "pdm.lock",
        "Pipfile.lock",
        "pom.xml",
        "requirements.txt",
        "uv.lock",
        "yarn.lock",
    ] {
        let of_format = &counts[format];
        let refused: usize = of_format.refused.values().sum();
        assert!(of_format.edited > refused, "{format}: {of_format:?}");
    }
}

/// Windows line ends stay, too.
#[test]
fn an_edit_and_its_reverse_keep_carriage_returns() {
    let text = "# by Cargo\r\nversion = 4\r\n\r\n[[package]]\r\nname = \"a\"\r\nversion = \"1.0.0\"\r\nsource = \"registry+https://registry.example/\"\r\nchecksum = \"00\"\r\n\r\n[[package]]\r\nname = \"own\"\r\nversion = \"0.1.0\"\r\ndependencies = [\r\n \"a\",\r\n]\r\n";
    let tree = MemoryTree::of([("Cargo.lock", text)]);
    let path = tree_path("Cargo.lock");
    let pairs = pairs("Cargo.lock", &path, text, &tree);
    let [(_, (there, back))] = pairs.as_slice() else {
        panic!("{pairs:?}")
    };
    let after = edited("Cargo.lock", &path, text, there, &tree).expect("an edit");
    assert_eq!(
        after,
        text.replace("1.0.0", "1.0.1")
            .replace("\"00\"", &format!("\"{}\"", digest(&pairs[0].0)))
    );
    assert_eq!(
        edited("Cargo.lock", &path, &after, back, &tree).expect("an edit"),
        text
    );
}

/// A requirement of Go is a minimum, and the check lets no plan lower one: with other modules it would not be what is built.
#[test]
fn a_requirement_of_go_goes_up_and_not_back() {
    let text = "module shop.example/shop\n\ngo 1.21\n\nrequire (\n\tone.example/a v1.2.0 // why\n\ttwo.example/b v1.0.0 // indirect\n)\n";
    let path = tree_path("go.mod");
    let plan = |version: &str| {
        of(vec![EntryChange {
            place: "go.mod".to_owned(),
            name: "one.example/a".to_owned(),
            edit: EntryEdit::Own(OwnEdit::Go(GoEdit::Require {
                version: version.to_owned(),
                file: Some("module one.example/a\n".into()),
            })),
        }])
    };
    let tree = MemoryTree::of([("go.mod", text)]);
    let after = edited("go.mod", &path, text, &plan("v1.2.1"), &tree).expect("an edit");
    assert_eq!(after, text.replace("v1.2.0", "v1.2.1"));
    let tree = MemoryTree::of([("go.mod", after.as_str())]);
    let back = edited("go.mod", &path, &after, &plan("v1.2.0"), &tree).expect_err("a refusal");
    assert_eq!(back.0, "one.example/a would go from v1.2.1 down to v1.2.0.");
}
