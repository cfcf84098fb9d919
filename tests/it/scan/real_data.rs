//! The real data of `LOCKKEEPER_DATA`: advisories, lockfiles of real repositories, RustSec's database.
//! Where the variable is unset, these tests say "skipped".

use std::cmp::Ordering;
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use lockkeeper::advisory::Candidates;
use lockkeeper::ecosystem;
use lockkeeper::matching::{self, Locked, upgrade::upgrade};
use lockkeeper::model::Ecosystem;
use lockkeeper::version::{self, Scheme};
use serde_json::Value;

use crate::support::program::Sandbox;

const NOW: &str = "2026-11-22T00:00:00Z";

/// The data folder; `None`, said once a test, where there is none.
pub fn data(test: &str) -> Option<PathBuf> {
    let folder = std::env::var_os("LOCKKEEPER_DATA")
        .map(PathBuf::from)
        .filter(|folder| folder.is_dir());
    if folder.is_none() {
        eprintln!("{test}: skipped, LOCKKEEPER_DATA names no folder");
    }
    folder
}

/// An index of everything, built once.
fn whole_index(data: &Path) -> &'static (Sandbox, String, String) {
    static INDEX: OnceLock<(Sandbox, String, String)> = OnceLock::new();
    INDEX.get_or_init(|| {
        let sandbox = Sandbox::new();
        let index = sandbox.path("whole.lkdb").to_str().expect("a path").to_owned();
        let osv = data.join("osv");
        let rustsec = data.join("rustsec-advisory-db.tar.gz");
        let built = sandbox.run(&[
            "db",
            "build",
            osv.to_str().expect("a path"),
            rustsec.to_str().expect("a path"),
            "--db",
            &index,
            "--as-of",
            NOW,
        ]);
        assert_eq!(built.code, 0, "{}{}", built.out, built.err);
        (sandbox, index, built.out + &built.err)
    })
}

fn scan(sandbox: &Sandbox, index: &str, path: &Path) -> Value {
    let ran = sandbox.run(&[
        "scan",
        path.to_str().expect("a path"),
        "--db",
        index,
        "--now",
        NOW,
        "--format",
        "json",
    ]);
    assert!(matches!(ran.code, 0 | 1 | 3), "{}: {}", ran.code, ran.err);
    ran.json()
}

#[test]
fn an_index_of_everything_is_built_and_verified() {
    let Some(data) = data("an_index_of_everything_is_built_and_verified") else {
        return;
    };
    let (sandbox, index, said) = whole_index(&data);
    for word in ["rustsec", "withdrawn", "merged"] {
        assert!(said.contains(word), "no {word:?} in {said}");
    }
    assert_eq!(sandbox.run(&["db", "verify", "--db", index]).code, 0);
    let status = sandbox.run(&["db", "status", "--db", index, "--now", NOW]);
    assert_eq!(status.code, 0, "{}", status.err);
    assert!(
        status.out.contains("osv/npm") && status.out.contains("rustsec"),
        "{}",
        status.out
    );
}

#[test]
fn every_finding_of_the_corpus_stands_at_its_version() {
    let Some(data) = data("every_finding_of_the_corpus_stands_at_its_version") else {
        return;
    };
    let (sandbox, index, _) = whole_index(&data);
    let corpus = data.join("corpus");
    let report = scan(sandbox, index, &corpus);
    let findings = report["targets"][0]["findings"].as_array().expect("findings");
    assert!(findings.len() > 500, "{}", findings.len());
    let mut texts: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for finding in findings {
        let file = finding["file"].as_str().expect("a file");
        let lines = texts.entry(file.to_owned()).or_insert_with(|| {
            let text = std::fs::read_to_string(corpus.join(file)).expect("a lockfile");
            text.lines().map(str::to_owned).collect()
        });
        let version = finding["package"]["version"].as_str().expect("a version");
        let places = finding["places"].as_array().expect("places");
        assert_eq!(
            (&places[0]["line"], &places[0]["column"]),
            (&finding["line"], &finding["column"])
        );
        for place in places {
            let line = &lines[place["line"].as_u64().expect("a line") as usize - 1];
            let column = place["column"].as_u64().expect("a column") as usize - 1;
            let rest: String = line.chars().skip(column).collect();
            assert!(
                rest.starts_with(version),
                "{file}:{}: {version} is not at {rest:?}",
                place["line"]
            );
        }
    }
    let coverage = &report["coverage"];
    for list in ["blind", "partial", "problems"] {
        for gap in coverage[list].as_array().expect("a list") {
            let has = |key: &str| gap[key].as_str().is_some_and(|text| !text.is_empty());
            assert!(
                has("file") && gap["line"].as_u64().is_some_and(|line| line > 0),
                "{gap}"
            );
            assert!(has("hint") && (has("reason") || has("message")), "{gap}");
        }
    }
    assert_eq!(coverage["complete"], false);
}

/// Every upgrade that the corpus needs: above the locked version, affected by nothing that it is said to end, and the same in
/// each report.
#[test]
fn every_upgrade_of_the_corpus_is_one_answer() {
    let Some(data) = data("every_upgrade_of_the_corpus_is_one_answer") else {
        return;
    };
    let (sandbox, path, _) = whole_index(&data);
    let corpus = data.join("corpus");
    let report = scan(sandbox, path, &corpus);
    let index = lockkeeper::database::open(Path::new(path)).expect("an index");
    let findings = report["targets"][0]["findings"].as_array().expect("findings");
    let text = |finding: &Value, key: &str| finding["package"][key].as_str().expect("a text").to_owned();
    let locked: BTreeSet<(String, String, String)> = findings
        .iter()
        .map(|finding| {
            (
                text(finding, "ecosystem"),
                text(finding, "name"),
                text(finding, "version"),
            )
        })
        .collect();
    let corpus = corpus.to_str().expect("a path");
    let common = ["--db", path, "--now", NOW, "--exit-zero"];
    let written = |command: &[&str]| {
        let mut arguments = command.to_vec();
        arguments.extend(common);
        let ran = sandbox.run(&arguments);
        ran.out + &ran.err
    };
    let page = written(&["scan", corpus, "--format", "html"]);
    let (mut upgrades, mut listed) = (0, 0);
    for (ecosystem, name, version) in &locked {
        let ecosystem = Ecosystem::named(ecosystem);
        let scheme = ecosystem::scheme(&ecosystem).expect("a scheme");
        let package = index.candidates(&ecosystem, name).expect("candidates");
        let Some(upgrade) = upgrade(
            &Locked::of(version, Some(scheme), package.ecosystem(), package.name()),
            &package,
        ) else {
            continue;
        };
        upgrades += 1;
        let target = ecosystem::spelled_like(&ecosystem, version, upgrade.version);
        let order = |left: &str, right: &str| scheme.compare(left, right).ok();
        let of_go = version::go::toolchain(version);
        assert_eq!(
            order(&of_go, upgrade.version),
            Some(Ordering::Less),
            "{name} {version} → {target}"
        );
        assert!(
            !scheme.is_prerelease(upgrade.version) || scheme.is_prerelease(&of_go),
            "{name} {version} → {target}"
        );
        for group in package.groups() {
            let judged = matching::assess(upgrade.version, Some(scheme), &group).expect("a judgement");
            assert_eq!(
                matches!(judged, matching::Assessment::Affected { .. }),
                upgrade.leaves.contains(&group.key()),
                "{name} {version} → {target}"
            );
        }
        if upgrade.leaves.is_empty() {
            assert_eq!(
                lowest(&of_go, scheme, &package),
                Some(upgrade.version),
                "{name} {version}"
            );
        }
        let head = format!("{name} {version} → ");
        // The page lists what blocks.
        for (at, _) in page.match_indices(&head) {
            assert_eq!(
                page[at + head.len()..].split('<').next(),
                Some(&*target),
                "{head}"
            );
            listed += 1;
        }
    }
    assert!(upgrades > 100 && listed > 100, "{upgrades} {listed}");
}

/// The lowest fixed version above `locked` that nothing affects, found by trying each; those of its major first.
fn lowest<'i>(locked: &str, scheme: &dyn Scheme, package: &Candidates<'i>) -> Option<&'i str> {
    let fixed = package
        .groups()
        .flat_map(|group| group.members().collect::<Vec<_>>())
        .flat_map(|member| member.claims().collect::<Vec<_>>())
        .flat_map(|claim| claim.fixed().collect::<Vec<_>>());
    let clean = fixed.filter(|fixed| {
        let is_affected = package.groups().any(|group| {
            let judged = matching::assess(fixed, Some(scheme), &group).expect("a judgement");
            matches!(judged, matching::Assessment::Affected { .. })
        });
        !is_affected
            && scheme.compare(locked, fixed) == Ok(Ordering::Less)
            && (scheme.is_prerelease(locked) || !scheme.is_prerelease(fixed))
    });
    let is_other_major = |version: &str| scheme.major(version) != scheme.major(locked);
    clean.min_by(|left, right| {
        is_other_major(left)
            .cmp(&is_other_major(right))
            .then_with(|| scheme.compare(left, right).expect("an order"))
            .then_with(|| left.cmp(right))
    })
}

/// The gaps of the corpus, one line each. `LOCKKEEPER_BLESS=1` writes them anew.
#[test]
fn the_gaps_of_the_corpus_are_known() {
    let Some(data) = data("the_gaps_of_the_corpus_are_known") else {
        return;
    };
    let (sandbox, index, _) = whole_index(&data);
    let report = scan(sandbox, index, &data.join("corpus"));
    let flag = format!(" --db {index}");
    let mut lines = Vec::new();
    for (list, cause) in [
        ("blind", "reason"),
        ("partial", "reason"),
        ("problems", "message"),
    ] {
        for gap in report["coverage"][list].as_array().expect("a list") {
            // The index lies elsewhere in each run.
            let text = |key: &str| gap[key].as_str().unwrap_or_default().replace(&flag, "");
            // How old the data is stands at it.
            if text("file").ends_with("whole.lkdb") {
                continue;
            }
            lines.push(format!(
                "{list} {}:{}:{} {} | {}",
                text("file"),
                gap["line"],
                gap["column"],
                text(cause),
                text("hint")
            ));
        }
    }
    let told = lines.join("\n") + "\n";
    let golden = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/corpus-gaps.txt");
    if std::env::var_os("LOCKKEEPER_BLESS").is_some() {
        std::fs::write(&golden, &told).expect("a golden file");
    }
    let known = std::fs::read_to_string(&golden).unwrap_or_default();
    for (number, (told, known)) in told.lines().zip(known.lines()).enumerate() {
        assert_eq!(told, known, "line {} of {}", number + 1, golden.display());
    }
    assert_eq!(told.lines().count(), known.lines().count());
}

/// From RustSec's database alone, every Cargo.lock gets the ids that the `rustsec` crate itself reports.
#[test]
fn rustsec_itself_says_the_same() {
    let Some(data) = data("rustsec_itself_says_the_same") else {
        return;
    };
    let tarball = data.join("rustsec-advisory-db.tar.gz");
    let sandbox = Sandbox::new();
    let index = sandbox.path("rustsec.lkdb").to_str().expect("a path").to_owned();
    let built = sandbox.run(&[
        "db",
        "build",
        tarball.to_str().expect("a path"),
        "--db",
        &index,
        "--as-of",
        NOW,
    ]);
    assert_eq!(built.code, 0, "{}", built.err);
    let checkout = sandbox.path("advisory-db");
    let archive = std::fs::File::open(&tarball).expect("the tarball");
    tar::Archive::new(flate2::read::GzDecoder::new(archive))
        .unpack(&checkout)
        .expect("unpacked");
    let root = std::fs::read_dir(&checkout)
        .expect("a folder")
        .map(|entry| entry.expect("an entry").path());
    let root = root
        .into_iter()
        .find(|path| path.join("crates").is_dir())
        .unwrap_or(checkout);
    let database = rustsec::Database::open(&root).expect("RustSec's database");

    let report = scan(&sandbox, &index, &data.join("corpus"));
    let mut ours: BTreeMap<String, BTreeSet<(String, String, String)>> = BTreeMap::new();
    for finding in report["targets"][0]["findings"].as_array().expect("findings") {
        let text = |value: &Value| value.as_str().expect("a text").to_owned();
        let package = &finding["package"];
        if package["ecosystem"] != "crates.io" {
            continue;
        }
        let ids = std::iter::once(&finding["id"]).chain(finding["aliases"].as_array().expect("aliases"));
        for id in ids.map(text).filter(|id| id.starts_with("RUSTSEC-")) {
            ours.entry(text(&finding["file"])).or_default().insert((
                id,
                text(&package["name"]),
                text(&package["version"]),
            ));
        }
    }
    let settings = rustsec::report::Settings {
        informational_warnings: vec![
            rustsec::advisory::Informational::Notice,
            rustsec::advisory::Informational::Unmaintained,
            rustsec::advisory::Informational::Unsound,
        ],
        ..rustsec::report::Settings::default()
    };
    let (mut files, mut pairs) = (0, 0);
    for file in report["targets"][0]["files"].as_array().expect("files") {
        if file["format"] != "Cargo.lock" {
            continue;
        }
        let path = file["path"].as_str().expect("a path");
        let lockfile = rustsec::Lockfile::load(data.join("corpus").join(path)).expect("a lockfile");
        let said = rustsec::Report::generate(&database, &lockfile, &settings);
        let name =
            |package: &rustsec::package::Package| (package.name.to_string(), package.version.to_string());
        let mut theirs = BTreeSet::new();
        for flaw in &said.vulnerabilities.list {
            let (package, version) = name(&flaw.package);
            theirs.insert((flaw.advisory.id.to_string(), package, version));
        }
        for warning in said.warnings.values().flatten() {
            let (package, version) = name(&warning.package);
            let advisory = warning.advisory.as_ref().expect("an advisory");
            theirs.insert((advisory.id.to_string(), package, version));
        }
        files += 1;
        pairs += theirs.len();
        assert_eq!(ours.remove(path).unwrap_or_default(), theirs, "{path}");
    }
    assert!(files >= 40 && pairs > 100, "{files} files, {pairs} pairs");
    assert!(ours.is_empty(), "{ours:?}");
}

/// A synthetic export whose expected counts its generator works out without reading any range.
#[test]
fn synthetic_counts_are_as_expected() {
    let Some(data) = data("synthetic_counts_are_as_expected") else {
        return;
    };
    let script = data.join("../tools/osv-scale.py");
    let sandbox = Sandbox::new();
    let folder = sandbox.path("scale");
    let generated = std::process::Command::new("python3")
        .arg(&script)
        .arg(&folder)
        .args(["--records", "20000", "--lockfiles", "4", "--packages", "800"])
        .output();
    match generated {
        Ok(output) if output.status.success() => {}
        _ => {
            eprintln!("synthetic_counts_are_as_expected: skipped, the generator does not run here");
            return;
        }
    }
    let index = sandbox.path("scale.lkdb").to_str().expect("a path").to_owned();
    let osv = folder.join("osv");
    let built = sandbox.run(&[
        "db",
        "build",
        osv.to_str().expect("a path"),
        "--db",
        &index,
        "--as-of",
        NOW,
    ]);
    assert_eq!(built.code, 0, "{}", built.err);
    let expected: Value =
        serde_json::from_slice(&std::fs::read(folder.join("EXPECTED.json")).expect("a file")).expect("JSON");
    let report = scan(&sandbox, &index, &folder.join("repos"));
    let mut counts: BTreeMap<String, u64> = BTreeMap::new();
    for finding in report["targets"][0]["findings"].as_array().expect("findings") {
        *counts
            .entry(finding["file"].as_str().expect("a file").to_owned())
            .or_default() += 1;
    }
    for (file, count) in expected["matches"].as_object().expect("matches") {
        assert_eq!(
            counts.remove(file).unwrap_or_default(),
            count.as_u64().expect("a count"),
            "{file}"
        );
    }
    assert!(counts.is_empty(), "{counts:?}");
}
