//! PyPI's lockfiles of the corpus, judged here and by a script that shares nothing with this program but the list of
//! packages: `tests/crosscheck/pypi.py`, through PyPI's `packaging`.

use std::collections::BTreeSet;
use std::io::Read as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use lockkeeper::advisory::{Authority, Compiler, Index};
use lockkeeper::ecosystem;
use lockkeeper::lockfile::{self, Claim};
use lockkeeper::matching::{self, Assessment};
use lockkeeper::model::Ecosystem;
use serde_json::{Value, json};

use crate::support::memory_tree::MemoryTree;

#[test]
fn findings_of_the_corpus_equal_those_of_packaging() {
    let Some(data) = data() else { return };
    let records = records(&data);
    agrees(&data, &records, &MemoryTree::from_folder(&data.join("corpus")));
}

/// Every version that an advisory names, and its neighbours, as lines of one requirements file.
#[test]
fn findings_at_every_edge_equal_those_of_packaging() {
    let Some(data) = data() else { return };
    let records = records(&data);
    let mut lines = BTreeSet::new();
    for (_, json) in &records {
        let record: Value = serde_json::from_slice(json).unwrap();
        for affected in record["affected"].as_array().unwrap() {
            let package = &affected["package"];
            if package["ecosystem"] != "PyPI" {
                continue;
            }
            let events = affected["ranges"].as_array().into_iter().flatten();
            let events = events.filter(|range| range["type"] != "GIT");
            let events = events.flat_map(|range| range["events"].as_array().unwrap());
            let bounds = events.flat_map(|event| event.as_object().unwrap().values());
            let listed = affected["versions"].as_array().into_iter().flatten();
            let name = package["name"].as_str().unwrap();
            for version in bounds.filter_map(Value::as_str) {
                for neighbour in ["", ".post1", ".dev1", "rc1", ".0", ".1", "+local"] {
                    lines.insert(format!("{name}=={version}{neighbour}\n"));
                }
            }
            for version in listed.filter_map(Value::as_str) {
                lines.insert(format!("{name}=={version}\n"));
            }
        }
    }
    assert!(lines.len() > 10_000, "only {} lines", lines.len());
    let text: String = lines.into_iter().collect();
    agrees(&data, &records, &MemoryTree::of([("requirements.txt", &text)]));
}

/// The data, if there is any and Python can judge it.
fn data() -> Option<PathBuf> {
    let Some(data) = std::env::var_os("LOCKKEEPER_DATA") else {
        println!("skipped: LOCKKEEPER_DATA is not set");
        return None;
    };
    let has_packaging = Command::new("python3")
        .args(["-c", "import packaging"])
        .stderr(Stdio::null())
        .status()
        .is_ok_and(|status| status.success());
    if !has_packaging {
        println!("skipped: there is no python3 with `packaging`");
        return None;
    }
    Some(data.into())
}

/// Both find the same in `tree`.
fn agrees(data: &Path, records: &[(String, Vec<u8>)], tree: &MemoryTree) {
    let (packages, scan) = judged(tree, &index(records));
    let folder = tempfile::tempdir().unwrap();
    let written = |name: &str, document: &Value| {
        let path = folder.path().join(name);
        std::fs::write(&path, document.to_string()).unwrap();
        path
    };
    let output = Command::new("python3")
        .arg(Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/crosscheck/pypi.py"))
        .arg("--packages")
        .arg(written("packages.json", &packages))
        .arg("--scan")
        .arg(written("scan.json", &scan))
        .arg("--data")
        .arg(data)
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&output.stdout);
    let complaint = String::from_utf8_lossy(&output.stderr);
    println!("{}", said.lines().take(50).collect::<Vec<_>>().join("\n"));
    assert!(output.status.success(), "{complaint}");
}

/// Name and text of each record of the export.
fn records(data: &Path) -> Vec<(String, Vec<u8>)> {
    let file = std::fs::File::open(data.join("osv/PyPI/all.zip")).unwrap();
    let mut archive = zip::ZipArchive::new(file).unwrap();
    (0..archive.len())
        .map(|number| {
            let mut entry = archive.by_index(number).unwrap();
            let mut bytes = Vec::new();
            entry.read_to_end(&mut bytes).unwrap();
            (entry.name().unwrap().into_owned(), bytes)
        })
        .collect()
}

fn index(records: &[(String, Vec<u8>)]) -> Index {
    let mut compiler = Compiler::new();
    let source = compiler.source("osv/PyPI", Authority::Export);
    for (name, json) in records {
        compiler.add_osv_json(source, json, name);
    }
    let built = "2026-11-22T00:00:00Z".parse().unwrap();
    Index::open(compiler.finish(built).unwrap().into_bytes()).unwrap()
}

/// The parts of `packages` and of `scan` that the script reads.
fn judged(corpus: &MemoryTree, index: &Index) -> (Value, Value) {
    let scheme = ecosystem::scheme(&Ecosystem::PYPI);
    let (mut files, mut findings) = (Vec::new(), Vec::new());
    for (path, bytes) in corpus.files() {
        let Claim::Read(format) = lockfile::claim(path) else {
            continue;
        };
        if format.ecosystem() != Ecosystem::PYPI {
            continue;
        }
        let reading = lockfile::read(format, path, bytes, corpus);
        let mut packages = Vec::new();
        for (_, package) in reading.parsed.graph.packages() {
            packages.push(json!({
                "ecosystem": package.ecosystem.as_str(),
                "name": package.name,
                "version": package.version,
                "source": package.source.as_str(),
            }));
            if !package.source.is_matched() {
                continue;
            }
            for group in index
                .candidates(&package.ecosystem, &package.name)
                .unwrap()
                .groups()
            {
                match matching::assess(&package.version, scheme, &group).unwrap() {
                    Assessment::Affected { .. } => {}
                    Assessment::Fixed | Assessment::NotAffected | Assessment::Undecided { .. } => continue,
                }
                let advisory = group.advisory().unwrap();
                findings.push(json!({
                    "id": advisory.id,
                    "aliases": advisory.aliases,
                    "package": {"ecosystem": "PyPI", "name": package.name, "version": package.version},
                    "file": path.to_string(),
                    "state": "affected",
                }));
            }
        }
        files.push(json!({"path": path.to_string(), "packages": packages}));
    }
    (
        json!({"files": files}),
        json!({"targets": [{"findings": findings}]}),
    )
}
