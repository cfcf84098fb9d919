//! How fast each reader is: `cargo bench --bench readers [-- NAME…]`. For every lockfile format the largest file that it claims, of
//! the fixtures and of the real ones in `$LOCKKEEPER_DATA/corpus` where that is set, is read again and again on one core. Each row
//! has the median of the runs, in megabytes (10⁶ bytes) a second of the file itself: files that a reader opens beside it are read
//! as well and not counted.
//!
//! Where a row is below the goal of 150 MB/s, docs/lockfiles.md ("Speed") has the reason.

#![expect(
    clippy::disallowed_methods,
    clippy::print_stdout,
    reason = "it measures, reads the fixtures and prints"
)]

#[expect(dead_code, reason = "tests use the rest of it")]
#[path = "../tests/it/support/memory_tree.rs"]
mod memory_tree;

use std::collections::BTreeMap;
use std::hint::black_box;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use lockkeeper::lockfile::{self, Claim, FORMATS};
use lockkeeper::model::TreePath;
use memory_tree::MemoryTree;

/// What is read for a format.
struct Sample {
    tree: MemoryTree,
    path: TreePath,
    bytes: Vec<u8>,
    of: &'static str,
}

/// So long each row is measured, at least.
const WHILE: Duration = Duration::from_millis(400);

fn main() {
    let names: Vec<String> = std::env::args()
        .skip(1)
        .filter(|word| !word.starts_with('-'))
        .collect();
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut best: BTreeMap<&str, Sample> = BTreeMap::new();
    for folder in cases(&here.join("tests/fixtures/lockfile")) {
        look(&folder, "fixture", &mut best);
    }
    if let Some(data) = std::env::var_os("LOCKKEEPER_DATA") {
        for folder in folders(&Path::new(&data).join("corpus")) {
            look(&folder, "corpus", &mut best);
        }
    }
    println!(
        "{:<32} {:>9} {:>9} {:>8} {:>9}  file",
        "format", "bytes", "packages", "µs", "MB/s"
    );
    for format in FORMATS {
        let name = format.name();
        if !names.is_empty() && !names.iter().any(|wanted| wanted == name) {
            continue;
        }
        let Some(sample) = best.get(name) else {
            println!("{name:<32} nothing to read");
            continue;
        };
        let (packages, took) = measure(*format, sample);
        let micros = took.as_secs_f64() * 1e6;
        let megabytes = sample.bytes.len() as f64 / micros;
        println!(
            "{name:<32} {:>9} {packages:>9} {micros:>8.0} {megabytes:>9.0}  {} ({})",
            sample.bytes.len(),
            sample.path.display(),
            sample.of
        );
    }
}

/// The number of packages, and the median time of a run.
fn measure(format: &dyn lockfile::Format, sample: &Sample) -> (usize, Duration) {
    let read = || lockfile::read(format, &sample.path, black_box(&sample.bytes), &sample.tree);
    let packages = read().parsed.graph.packages().count();
    let mut runs = Vec::new();
    let begun = Instant::now();
    while runs.len() < 15 || begun.elapsed() < WHILE {
        let run = Instant::now();
        let reading = black_box(read());
        runs.push(run.elapsed());
        drop(reading);
    }
    runs.sort();
    (packages, runs[runs.len() / 2])
}

/// Keeps what is larger than what is known.
fn look(folder: &Path, of: &'static str, best: &mut BTreeMap<&'static str, Sample>) {
    let tree = MemoryTree::from_folder(folder);
    for (path, bytes) in tree.files() {
        let Claim::Read(format) = lockfile::claim(path) else {
            continue;
        };
        let known = best.get(format.name()).map_or(0, |sample| sample.bytes.len());
        if bytes.len() > known && !is_unreadable(format, path, bytes, &tree) {
            let sample = Sample {
                tree: tree.clone(),
                path: path.clone(),
                bytes: bytes.to_vec(),
                of,
            };
            best.insert(format.name(), sample);
        }
    }
}

/// Damaged files say nothing about speed.
fn is_unreadable(format: &dyn lockfile::Format, path: &TreePath, bytes: &[u8], tree: &MemoryTree) -> bool {
    let reading = lockfile::read(format, path, bytes, tree);
    reading.parsed.graph.packages().next().is_none()
}

/// The folders of all fixtures.
fn cases(fixtures: &Path) -> Vec<PathBuf> {
    folders(fixtures)
        .iter()
        .flat_map(|format| folders(format))
        .collect()
}

/// The folders in `folder`, sorted.
fn folders(folder: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(folder).into_iter().flatten().flatten();
    let mut folders: Vec<PathBuf> = entries
        .map(|entry| entry.path())
        .filter(|path| path.is_dir())
        .collect();
    folders.sort();
    folders
}
