//! `db build` and what is asked of its index, over files on disk.

use std::io::Write as _;
use std::path::{Path, PathBuf};

use jiff::Timestamp;
use lockkeeper::database::{self, DatabaseError, build, query, terminal};
use lockkeeper::model::IndexState;
use serde_json::json;

fn built() -> Timestamp {
    "2026-11-20T08:00:00Z".parse().unwrap()
}

fn osv(id: &str, name: &str, modified: &str) -> String {
    json!({"id": id, "modified": modified, "published": modified, "summary": format!("Out of bounds in {name}"),
           "details": "long text", "aliases": ["CVE-2024-1"],
           "affected": [{"package": {"ecosystem": "npm", "name": name},
                         "ranges": [{"type": "SEMVER", "events": [{"introduced": "0"}, {"fixed": "1.0.0"}]}]}]})
    .to_string()
}

const RUSTSEC: &str = "```toml\n[advisory]\nid = \"RUSTSEC-2024-0001\"\npackage = \"left\"\ndate = \"2024-02-03\"\n\
    aliases = [\"CVE-2024-1\"]\ninformational = \"unsound\"\n[versions]\npatched = [\">= 1.2.3\", \"^0.9.5\"]\n\
    unaffected = [\"< 0.5.0\"]\n```\n\n# Left is right\n\nText.\n";

fn zip(path: &Path, entries: &[(&str, &[u8])]) {
    let mut writer = zip::ZipWriter::new(std::fs::File::create(path).unwrap());
    for (name, bytes) in entries {
        writer
            .start_file(*name, zip::write::SimpleFileOptions::default())
            .unwrap();
        writer.write_all(bytes).unwrap();
    }
    writer.finish().unwrap();
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

fn tar_gz(entries: &[(&str, &str)]) -> Vec<u8> {
    let mut builder = tar::Builder::new(Vec::new());
    for (name, text) in entries {
        let mut header = tar::Header::new_ustar();
        header.set_size(text.len() as u64);
        builder.append_data(&mut header, name, text.as_bytes()).unwrap();
    }
    gzip(&builder.into_inner().unwrap())
}

fn build_of(folder: &Path, sources: &[&str]) -> Result<build::Built, build::BuildError> {
    let sources: Vec<PathBuf> = sources.iter().map(|source| folder.join(source)).collect();
    let mut steps = 0;
    build::build(
        &sources,
        built(),
        &folder.join("index"),
        build::Losses::Allowed,
        &mut |step| {
            assert!(step.done <= step.total);
            steps += 1;
        },
    )
}

/// One of each kind of source, all in one folder.
fn sources() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path();
    std::fs::create_dir_all(path.join("export/npm")).unwrap();
    let mut withdrawn: serde_json::Value =
        serde_json::from_str(&osv("GHSA-4", "gone", "2024-01-01T00:00:00Z")).unwrap();
    withdrawn["withdrawn"] = json!("2024-01-02T00:00:00Z");
    let entries: Vec<(String, String)> = vec![
        (
            "GHSA-1.json".into(),
            osv("GHSA-1", "left", "2024-01-01T00:00:00Z"),
        ),
        (
            "GHSA-2.json".into(),
            osv("GHSA-2", "left", "2024-01-02T00:00:00Z"),
        ),
        ("broken\u{1b}[31m.json".into(), "{\"id\": ".into()),
        ("GHSA-4.json".into(), withdrawn.to_string()),
        ("readme.txt".into(), "no record".into()),
        (
            "RUSTSEC-2024-0001.json".into(),
            osv("RUSTSEC-2024-0001", "left", "2026-01-01T00:00:00Z"),
        ),
    ];
    let entries: Vec<(&str, &[u8])> = entries
        .iter()
        .map(|(name, text)| (name.as_str(), text.as_bytes()))
        .collect();
    zip(&path.join("export/npm/all.zip"), &entries);
    std::fs::write(path.join("export/COUNTS.json"), "{}").unwrap();
    std::fs::create_dir_all(path.join("loose/deep")).unwrap();
    std::fs::write(
        path.join("loose/deep/GHSA-3.json"),
        osv("GHSA-3", "right", "2024-01-01T00:00:00Z"),
    )
    .unwrap();
    let withdrawn = RUSTSEC
        .replace("2024-0001", "2024-0002")
        .replace("[versions]", "withdrawn = \"2024-03-01\"\n[versions]");
    let rustsec = tar_gz(&[
        ("db-main/crates/left/RUSTSEC-2024-0001.md", RUSTSEC),
        ("db-main/crates/left/RUSTSEC-2024-0002.md", &withdrawn),
        ("db-main/crates/left/RUSTSEC-2024-0003.md", "no front matter"),
        ("db-main/rust/std/RUSTSEC-2024-0004.md", RUSTSEC),
        ("db-main/README.md", "no advisory"),
    ]);
    std::fs::write(path.join("rustsec.bin"), rustsec).unwrap();
    std::fs::create_dir_all(path.join("checkout/crates/left")).unwrap();
    std::fs::create_dir_all(path.join("checkout/rust/std")).unwrap();
    std::fs::write(path.join("checkout/crates/left/RUSTSEC-2024-0001.md"), RUSTSEC).unwrap();
    std::fs::write(path.join("checkout/rust/std/RUSTSEC-2024-0004.md"), RUSTSEC).unwrap();
    let kev = json!({"title": "t", "catalogVersion": "1", "dateReleased": "2026-11-01T00:00:00Z",
                     "vulnerabilities": [{"cveID": "CVE-2024-1"}]});
    std::fs::write(path.join("exploited"), kev.to_string()).unwrap();
    let epss =
        "#model_version:v1,score_date:2026-11-01T00:00:00Z\ncve,epss,percentile\nCVE-2024-1,0.25,0.9\n";
    std::fs::write(path.join("scores"), gzip(epss.as_bytes())).unwrap();
    folder
}

#[test]
fn sources_are_told_apart_and_counted() {
    let folder = sources();
    let all = ["export", "loose", "rustsec.bin", "exploited", "scores"];
    let built = build_of(folder.path(), &all).unwrap();
    let told: Vec<String> = built
        .facts
        .sources
        .iter()
        .map(|source| {
            let counts = source.counts;
            format!(
                "{}: {} records, {} withdrawn, {} rejected, {} skipped, {} superseded",
                source.name,
                counts.records,
                counts.withdrawn,
                counts.rejected,
                counts.skipped,
                counts.superseded
            )
        })
        .collect();
    assert_eq!(
        told,
        [
            "osv/npm: 2 records, 1 withdrawn, 1 rejected, 0 skipped, 1 superseded",
            "osv/loose: 1 records, 0 withdrawn, 0 rejected, 0 skipped, 0 superseded",
            "rustsec: 1 records, 1 withdrawn, 1 rejected, 1 skipped, 0 superseded",
            "kev: 1 records, 0 withdrawn, 0 rejected, 0 skipped, 0 superseded",
            "epss: 1 records, 0 withdrawn, 0 rejected, 0 skipped, 0 superseded",
        ]
    );
    assert_eq!(
        (
            built.facts.records,
            built.facts.packages,
            built.facts.merged_groups
        ),
        (4, 3, 1)
    );
    let words = terminal::built(&built);
    assert!(words.contains("rejected  osv/npm: broken"), "{words}");
    assert!(!words.contains('\u{1b}'), "{words}");

    let index = database::verify(&folder.path().join("index")).unwrap();
    assert_eq!(index.digest(), built.digest);
    let status = query::status(&index).unwrap();
    assert_eq!(status.ecosystems["npm"], 2);
    let words = terminal::status(&status, "2026-11-22T08:00:00Z".parse().unwrap());
    assert!(
        words.contains("(2 d old)") && words.contains("newest of 2024-02-03T12:00:00Z"),
        "{words}"
    );

    // The RustSec text counts, not the export's newer copy of it.
    let shown = query::show(&index, "RUSTSEC-2024-0001").unwrap();
    assert_eq!(
        (
            shown[0].source.as_str(),
            shown[0].record.affected[0].ecosystem.as_str()
        ),
        ("rustsec", "crates.io")
    );
    let words = terminal::shown(&shown, "RUSTSEC-2024-0001", None);
    assert!(
        words.contains("crates.io left: >= 0.5.0, < 0.9.5; >= 0.10.0-0, < 1.2.3"),
        "{words}"
    );
    assert_eq!(query::show(&index, "CVE-2024-1").unwrap().len(), 4);
    assert!(query::show(&index, "GHSA-4").unwrap().is_empty());

    let found = query::search(&index, query::Query::Name("left")).unwrap();
    let npm = found
        .packages
        .iter()
        .find(|package| package.ecosystem == "npm")
        .unwrap();
    assert_eq!(npm.advisories.len(), 1);
    assert_eq!(npm.advisories[0].id, "GHSA-1");
    assert_eq!(
        (npm.advisories[0].known_exploited, npm.advisories[0].epss),
        (true, Some(0.25))
    );
    assert_eq!(npm.advisories[0].summary, "Out of bounds in left");
    assert_eq!(
        query::search(
            &index,
            query::Query::Package(&crate::support::outcomes::purl("pkg:cargo/left@1"))
        )
        .unwrap()
        .packages
        .len(),
        1
    );
    let near = query::search(&index, query::Query::Name("ef")).unwrap();
    assert_eq!((near.packages.len(), near.near.len()), (0, 2));
    assert!(terminal::searched(&near, "ef").contains("similar: npm left"));
}

#[test]
fn a_checkout_is_as_good_as_its_tar() {
    let folder = sources();
    let from_tar = build_of(folder.path(), &["rustsec.bin"]).unwrap();
    let from_files = build_of(folder.path(), &["checkout"]).unwrap();
    assert_eq!(from_tar.facts.records, from_files.facts.records);
    let counts = from_files.facts.sources[0].counts;
    assert_eq!((counts.records, counts.skipped), (1, 1));
}

#[test]
fn same_sources_same_bytes_and_a_failed_build_leaves_the_old() {
    let folder = sources();
    let all = ["export", "loose", "rustsec.bin", "exploited", "scores"];
    let index = folder.path().join("index");
    build_of(folder.path(), &all).unwrap();
    let first = std::fs::read(&index).unwrap();
    build_of(folder.path(), &all).unwrap();
    assert!(first == std::fs::read(&index).unwrap());
    std::fs::write(folder.path().join("text"), "hello").unwrap();
    std::fs::write(folder.path().join("cut.zip"), b"PK\x03\x04 and nothing").unwrap();
    std::fs::create_dir(folder.path().join("empty")).unwrap();
    for (source, message) in [
        ("text", "no OSV zip"),
        ("cut.zip", "cut.zip: "),
        ("empty", "no OSV zip"),
        ("absent", "no such file"),
        ("exploited", "no advisory"),
    ] {
        let error = build_of(folder.path(), &[source]).unwrap_err().to_string();
        assert!(error.contains(message), "{source}: {error}");
    }
    assert!(first == std::fs::read(&index).unwrap());
    let left: Vec<_> = std::fs::read_dir(folder.path())
        .unwrap()
        .map(|entry| entry.unwrap().file_name())
        .collect();
    assert!(
        !left
            .iter()
            .any(|name| name.to_string_lossy().contains(".lockkeeper-")),
        "{left:?}"
    );
}

#[test]
fn what_cannot_be_opened_is_named() {
    let folder = sources();
    let index = folder.path().join("index");
    assert!(matches!(database::open(&index), Err(DatabaseError::Missing)));
    build_of(folder.path(), &["loose"]).unwrap();
    let good = std::fs::read(&index).unwrap();
    let state = |bytes: &[u8]| {
        std::fs::write(&index, bytes).unwrap();
        let unopened = database::verify(&index).unwrap_err();
        assert!(unopened.hint("").ends_with('.'));
        (unopened.state(), unopened.to_string())
    };
    let (cut, message) = state(&good[..good.len() - 1]);
    assert_eq!(cut, IndexState::Damaged);
    assert!(message.contains("cut short"), "{message}");
    let mut flipped = good.clone();
    let last = flipped.len() - 1;
    flipped[last] ^= 1;
    let (damaged, message) = state(&flipped);
    assert_eq!(damaged, IndexState::Damaged);
    assert!(message.contains("is not what was written"), "{message}");
    let mut newer = good;
    newer[12] = 9;
    assert_eq!(state(&newer).0, IndexState::Newer);
    assert!(matches!(
        database::open(folder.path()),
        Err(DatabaseError::Occupied(_))
    ));
}

#[test]
fn a_difference_names_ids() {
    let folder = sources();
    build_of(folder.path(), &["loose"]).unwrap();
    let old = database::open(&folder.path().join("index")).unwrap();
    let changed = osv("GHSA-3", "right", "2024-05-01T00:00:00Z");
    std::fs::write(folder.path().join("loose/deep/GHSA-3.json"), changed).unwrap();
    build_of(folder.path(), &["loose", "rustsec.bin"]).unwrap();
    let new = database::open(&folder.path().join("index")).unwrap();
    let difference = query::diff(&old, &new).unwrap();
    assert_eq!(
        difference.added,
        [("RUSTSEC-2024-0001".to_owned(), "Left is right".to_owned())]
    );
    assert_eq!(difference.changed.len(), 1);
    assert!(terminal::difference(&difference).ends_with("1 added, 0 removed, 1 changed\n"));
    assert_eq!(query::diff(&new, &old).unwrap().removed.len(), 1);
    assert_eq!(query::diff(&new, &new).unwrap(), query::Difference::default());
}

#[test]
fn the_real_export_is_built() {
    let Ok(data) = std::env::var("LOCKKEEPER_DATA") else {
        eprintln!("skipped: LOCKKEEPER_DATA is not set");
        return;
    };
    let folder = tempfile::tempdir().unwrap();
    let output = folder.path().join("index");
    let sources = [
        Path::new(&data).join("osv"),
        Path::new(&data).join("rustsec-advisory-db.tar.gz"),
    ];
    let built = build::build(&sources, built(), &output, build::Losses::Refused, &mut |_| {}).unwrap();
    let total = |count: fn(&lockkeeper::advisory::Counts) -> u64| -> u64 {
        built
            .facts
            .sources
            .iter()
            .map(|source| count(&source.counts))
            .sum()
    };
    eprintln!("{}", terminal::built(&built));
    assert_eq!(total(|counts| counts.rejected), 0);
    assert!(total(|counts| counts.withdrawn) >= 40);
    assert!(built.facts.merged_groups >= 40);
    let documents = total(|counts| {
        counts.records + counts.withdrawn + counts.rejected + counts.skipped + counts.superseded
    });
    assert!(documents >= 12_700 + 1_100, "{documents}");
    let index = database::verify(&output).unwrap();
    assert_eq!(index.header().records, built.facts.records);
    let found = query::search(
        &index,
        query::Query::Package(&crate::support::outcomes::purl("pkg:npm/next")),
    )
    .unwrap();
    assert!(!found.packages[0].advisories.is_empty());
}
