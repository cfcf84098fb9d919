//! Internal packages from a registry that gives public packages too: they may be the public ones.

use serde_json::{Value, json};

use crate::support::program::{Sandbox, record};

const NOW: &str = "2026-02-01T00:00:00Z";

fn prepared(policy: &str) -> (Sandbox, String) {
    let sandbox = Sandbox::new();
    let records = [
        record("MAL-2026-1", "npm", "@acme/parts", "0", None),
        record("GHSA-parts", "npm", "@acme/parts", "0", None),
        record("GHSA-crate", "crates.io", "acme-parts", "0", None),
        record("PYSEC-parts", "PyPI", "acme-parts", "0", None),
    ];
    let index = sandbox.index("index.lkdb", &records, NOW);
    sandbox.write("lockkeeper.yml", policy);
    (sandbox, index)
}

/// A lockfile of npm with `packages`, each with its address.
fn npm(packages: &[(&str, &str)]) -> String {
    let mut all = json!({"": {"name": "app", "version": "1.0.0"}});
    for (name, registry) in packages {
        let base = name.rsplit('/').next().expect("a name");
        all[""]["dependencies"][*name] = json!("1");
        all[format!("node_modules/{name}")] =
            json!({"version": "1.0.0", "resolved": format!("{registry}{name}/-/{base}-1.0.0.tgz")});
    }
    json!({"name": "app", "version": "1.0.0", "lockfileVersion": 3, "packages": all}).to_string()
}

/// Code, and of each finding its id, state and reason.
fn scanned(sandbox: &Sandbox, index: &str) -> (i32, Vec<(String, String, String)>) {
    let ran = sandbox.run(&["scan", "--db", index, "--now", NOW, "--format", "json"]);
    let report = ran.json();
    let text = |value: &Value| value.as_str().expect("text").to_owned();
    let findings = report["targets"][0]["findings"].as_array().expect("findings");
    let findings = findings
        .iter()
        .map(|each| (text(&each["id"]), text(&each["state"]), text(&each["reason"])));
    (ran.code, findings.collect())
}

const OWN: &str = "https://registry.example/own/";
const PUBLIC: &str = "https://registry.example/public/";

#[test]
fn a_registry_that_gives_public_packages_proves_nothing() {
    let policy = |registry: &str| {
        format!("supply-chain: {{internal: [\"@acme/*\"], registries: {{npm: \"{registry}\"}}}}\n")
    };
    // The policy's registry, where the internal package comes from, where another one comes from; and whether the advisories apply.
    for (named, own, other, applies) in [
        (OWN, OWN, PUBLIC, false),
        (OWN, OWN, OWN, true),
        (PUBLIC, PUBLIC, PUBLIC, true),
        ("https://registry.example/", OWN, PUBLIC, true),
        (OWN, PUBLIC, OWN, true),
    ] {
        let (sandbox, index) = prepared(&policy(named));
        sandbox.write("package-lock.json", npm(&[("@acme/parts", own), ("left", other)]));
        let (code, findings) = scanned(&sandbox, &index);
        let told = format!("{named} {own} {other}: {findings:?}");
        let advisories: Vec<_> = findings
            .iter()
            .filter(|(id, ..)| id != "dependency-confusion")
            .collect();
        assert_eq!(advisories.len(), 2, "{told}");
        let state = if applies { "affected" } else { "not_affected" };
        assert!(advisories.iter().all(|(_, found, _)| found == state), "{told}");
        assert_eq!(code, i32::from(applies), "{told}");
        if applies && named.starts_with(own) {
            let says = |reason: &str| reason.contains("public packages too (left)");
            assert!(advisories.iter().all(|(.., reason)| says(reason)), "{told}");
        }
    }
}

#[test]
fn another_file_of_the_tree_shows_it_as_well() {
    let policy = format!("supply-chain: {{internal: [\"@acme/*\"], registries: {{npm: \"{OWN}\"}}}}\n");
    let (sandbox, index) = prepared(&policy);
    sandbox.write("package-lock.json", npm(&[("@acme/parts", OWN)]));
    assert_eq!(scanned(&sandbox, &index).0, 0);
    sandbox.write("web/package-lock.json", npm(&[("left", OWN)]));
    assert_eq!(scanned(&sandbox, &index).0, 1);
    // What is internal itself shows nothing.
    sandbox.write("web/package-lock.json", npm(&[("@acme/other", OWN)]));
    assert_eq!(scanned(&sandbox, &index).0, 0);
    // Where the name is accepted nevertheless, the policy says so.
    sandbox.write("web/package-lock.json", npm(&[("left", OWN)]));
    sandbox.write(
        "lockkeeper.yml",
        policy.replace(
            "registries",
            "allow-malicious: [\"pkg:npm/%40acme/parts\"], registries",
        ),
    );
    let (_, findings) = scanned(&sandbox, &index);
    assert!(
        findings.iter().all(|(_, state, _)| state == "affected"),
        "{findings:?}"
    );
}

#[test]
fn a_package_of_crates_io_is_the_public_one_whatever_a_policy_calls_it() {
    let source = "registry+https://github.com/rust-lang/crates.io-index";
    for registry in ["https://github.com/rust-lang/crates.io-index", source] {
        let policy =
            format!("supply-chain: {{internal: [\"acme-*\"], registries: {{crates.io: \"{registry}\"}}}}\n");
        let (sandbox, index) = prepared(&policy);
        sandbox.write(
            "Cargo.lock",
            format!(
                "version = 4\n\n[[package]]\nname = \"app\"\nversion = \"1.0.0\"\ndependencies = [\n \"acme-parts\",\n]\n\n\
                 [[package]]\nname = \"acme-parts\"\nversion = \"1.0.0\"\nsource = \"{source}\"\n"
            ),
        );
        let (code, findings) = scanned(&sandbox, &index);
        assert_eq!((code, findings.len()), (1, 1), "{registry} {findings:?}");
        assert_eq!(findings[0].1, "affected", "{findings:?}");
    }
}

#[test]
fn indexes_of_python_are_held_to_the_same() {
    let (sandbox, index) = prepared(
        "supply-chain: {internal: [\"acme-*\"], registries: {PyPI: \"https://registry.example/simple/\"}}\n",
    );
    let package = |name: &str| {
        format!(
            "[[package]]\nname = \"{name}\"\nversion = \"1.0\"\n\
             source = {{ registry = \"https://registry.example/simple\" }}\n\n"
        )
    };
    let head = "version = 1\nrequires-python = \">=3.12\"\n\n";
    for (packages, code) in [
        (vec!["acme-parts"], 0),
        (vec!["acme-parts", "Acme_Other"], 0),
        (vec!["acme-parts", "left"], 1),
    ] {
        let text: String = packages.iter().map(|name| package(name)).collect();
        sandbox.write("uv.lock", format!("{head}{text}"));
        let (found, findings) = scanned(&sandbox, &index);
        assert_eq!(found, code, "{packages:?} {findings:?}");
    }
}

/// Where all packages are internal, nothing shows that their registry is not the public one: what the policy says decides,
/// and is reported as checked in part.
#[test]
fn a_policy_that_nothing_confirms_is_a_gap() {
    let policy = format!("supply-chain: {{internal: [\"@acme/*\"], registries: {{npm: \"{OWN}\"}}}}\n");
    let (sandbox, index) = prepared(&policy);
    let scan = || {
        let ran = sandbox.run(&["scan", "--db", &index, "--now", NOW, "--format", "json"]);
        let report = ran.json();
        let partial = report["coverage"]["partial"].as_array().expect("gaps").clone();
        (ran.code, partial)
    };
    for (packages, gaps) in [
        (&[("@acme/parts", OWN)][..], 1),
        // No advisory is left out.
        (&[("@acme/other", OWN)], 0),
        (&[("@acme/parts", OWN), ("@acme/other", OWN)], 1),
        // The public registry is another one.
        (&[("@acme/parts", OWN), ("left", PUBLIC)], 0),
    ] {
        sandbox.write("package-lock.json", npm(packages));
        let (code, partial) = scan();
        assert_eq!((code, partial.len()), (0, gaps), "{packages:?} {partial:?}");
        if gaps == 1 {
            let reason = partial[0]["reason"].as_str().expect("text");
            let words = "2 advisories about internal packages are left out because the policy says so";
            assert!(
                reason.starts_with(words) && reason.ends_with(": @acme/parts"),
                "{reason}"
            );
            assert_eq!(partial[0]["file"], "package-lock.json");
        }
    }
    // Another lockfile of the tree shows it too.
    sandbox.write("package-lock.json", npm(&[("@acme/parts", OWN)]));
    sandbox.write("other/package-lock.json", npm(&[("left", PUBLIC)]));
    assert_eq!(scan().1.len(), 0);
    std::fs::remove_dir_all(sandbox.work().join("other")).expect("a folder");
    sandbox.write("lockkeeper.yml", format!("{policy}coverage: strict\n"));
    assert_eq!(scan().0, 3);
}

/// A file of Poetry leaves the public registry out.
#[test]
fn a_public_package_without_an_address_shows_it_where_the_format_says_so() {
    let (sandbox, index) = prepared(
        "supply-chain: {internal: [\"acme-*\"], registries: {PyPI: \"https://registry.example/simple/\"}}\n",
    );
    let own = "[[package]]\nname = \"acme-parts\"\nversion = \"1.0\"\n\n[package.source]\ntype = \"legacy\"\n\
               url = \"https://registry.example/simple\"\nreference = \"own\"\n\n";
    let public = "[[package]]\nname = \"left\"\nversion = \"1.0\"\n\n";
    for (packages, gaps) in [(own.to_owned(), 1), (format!("{own}{public}"), 0)] {
        sandbox.write(
            "poetry.lock",
            format!("{packages}[metadata]\nlock-version = \"2.1\"\n"),
        );
        let report = sandbox.run(&["scan", "--db", &index, "--now", NOW, "--format", "json"]);
        let partial = report.json()["coverage"]["partial"].as_array().map(Vec::len);
        assert_eq!((report.code, partial), (0, Some(gaps)), "{}", report.out);
    }
}
