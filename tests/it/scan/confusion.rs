//! Packages of one's own: from one's own registry, from another one, and as the public registry's malware.

use serde_json::{Value, json};

use crate::support::program::{Ran, Sandbox, record};

const NOW: &str = "2026-02-01T00:00:00Z";
const OWN: &str = "supply-chain: {internal: [\"@acme/*\", \"acme-*\"], registries: {npm: \"https://registry.example/own/\", \
    crates.io: \"https://registry.example/index\", PyPI: \"https://registry.example/simple/\"}}\n";

fn prepared(policy: &str) -> (Sandbox, String) {
    let sandbox = Sandbox::new();
    let records = [
        record("MAL-2026-1", "npm", "@acme/parts", "0", None),
        record("GHSA-parts", "crates.io", "acme-parts", "0", None),
        record("PYSEC-parts", "PyPI", "acme-parts", "0", None),
    ];
    let index = sandbox.index("index.lkdb", &records, NOW);
    sandbox.write("lockkeeper.yml", policy);
    (sandbox, index)
}

fn npm(resolved: Option<&str>) -> String {
    let mut entry = json!({"version": "1.0.0"});
    if let Some(resolved) = resolved {
        entry["resolved"] = json!(resolved);
    }
    json!({"name": "app", "version": "1.0.0", "lockfileVersion": 3, "packages": {
        "": {"name": "app", "version": "1.0.0", "dependencies": {"@acme/parts": "1"}},
        "node_modules/@acme/parts": entry,
    }})
    .to_string()
}

fn scan(sandbox: &Sandbox, index: &str, arguments: &[&str]) -> Ran {
    let mut all = vec!["scan", "--db", index, "--now", NOW];
    all.extend(arguments);
    sandbox.run(&all)
}

/// Code, and of each finding its class, state and decision.
fn decided(sandbox: &Sandbox, index: &str) -> (i32, Vec<String>) {
    let ran = scan(sandbox, index, &["--format", "json"]);
    let word = |finding: &Value, key: &str| finding[key].as_str().expect("a word").to_owned();
    let report = ran.json();
    let findings = report["targets"][0]["findings"].as_array().expect("findings");
    let mut told: Vec<String> = findings
        .iter()
        .map(|each| {
            format!(
                "{} {} {}",
                word(each, "class"),
                word(each, "state"),
                word(each, "decision")
            )
        })
        .collect();
    told.sort();
    (ran.code, told)
}

#[test]
fn an_own_package_is_not_the_public_one_of_its_name() {
    let (sandbox, index) = prepared(OWN);
    for resolved in [
        "https://registry.example/own/@acme/parts/-/parts-1.0.0.tgz",
        "https://token@REGISTRY.example:443/own/@acme/parts/-/parts-1.0.0.tgz",
    ] {
        sandbox.write("package-lock.json", npm(Some(resolved)));
        let expected = vec!["malicious not_affected note".to_owned()];
        assert_eq!(decided(&sandbox, &index), (0, expected), "{resolved}");
    }
    for format in ["terminal", "markdown", "html"] {
        let told = scan(&sandbox, &index, &["--format", format]).out;
        assert!(told.contains("1 not affected"), "{format}: {told}");
        assert!(told.contains("MAL-2026-1"), "{format}: {told}");
    }
    let sarif = scan(&sandbox, &index, &["--format", "sarif"]).json();
    assert_eq!(
        sarif["runs"][0]["results"][0]["suppressions"]
            .as_array()
            .map(Vec::len),
        Some(1)
    );
    let explained = sandbox.run(&["explain", "MAL-2026-1", "--db", &index, "--now", NOW]);
    assert!(
        explained.out.contains("supply-chain: internal"),
        "{}",
        explained.out
    );
}

#[test]
fn an_own_name_from_elsewhere_is_confusion_and_fails() {
    let (sandbox, index) = prepared(OWN);
    let expected = vec![
        "confusion affected fail".to_owned(),
        "malicious affected fail".to_owned(),
    ];
    for resolved in [
        Some("https://public.example/@acme/parts/-/parts-1.0.0.tgz"),
        Some("https://registry.example/own/../public/@acme/parts/-/parts-1.0.0.tgz"),
        Some("https://registry.example@public.example/own/@acme/parts/-/parts-1.0.0.tgz"),
        Some("http://registry.example/own/@acme/parts/-/parts-1.0.0.tgz"),
        Some("https://registry.example:8443/own/@acme/parts/-/parts-1.0.0.tgz"),
        Some("https://registry.example\\@public.example/own/@acme/parts/-/parts-1.0.0.tgz"),
        Some("https://registry.example/own/..%2fpublic/@acme/parts/-/parts-1.0.0.tgz"),
        Some("https://registry.example/own/%252e%252e/public/@acme/parts/-/parts-1.0.0.tgz"),
        Some("https://registry.example/own/..;/public/@acme/parts/-/parts-1.0.0.tgz"),
        Some("https://registry.example/own-public/@acme/parts/-/parts-1.0.0.tgz"),
        Some("https://registry.example./own/@acme/parts/-/parts-1.0.0.tgz"),
        Some(""),
        None,
    ] {
        sandbox.write("package-lock.json", npm(resolved));
        assert_eq!(decided(&sandbox, &index), (1, expected.clone()), "{resolved:?}");
    }
    let report = scan(&sandbox, &index, &["--format", "json"]).json();
    let findings = report["targets"][0]["findings"].as_array().expect("findings");
    let confusion = findings
        .iter()
        .find(|each| each["class"] == "confusion")
        .expect("one");
    assert_eq!(confusion["id"], "dependency-confusion");
    let reason = confusion["reason"].as_str().expect("a reason");
    assert!(
        reason.contains("records no registry") && reason.contains("https://registry.example/own/"),
        "{reason}"
    );
}

#[test]
fn cargo_and_uv_record_their_registries_and_pip_does_not() {
    let (sandbox, index) = prepared(OWN);
    let cargo = |source: &str| {
        format!(
            "version = 4\n\n[[package]]\nname = \"app\"\nversion = \"1.0.0\"\ndependencies = [\n \"acme-parts\",\n]\n\n\
             [[package]]\nname = \"acme-parts\"\nversion = \"1.0.0\"\nsource = \"{source}\"\n"
        )
    };
    sandbox.write("Cargo.lock", cargo("sparse+https://registry.example/index/"));
    assert_eq!(decided(&sandbox, &index), (0, Vec::new()));
    let report = scan(&sandbox, &index, &["--format", "json"]).json();
    assert_eq!(report["counts"]["unchecked"], 0, "one's own package is no gap");
    sandbox.write(
        "Cargo.lock",
        cargo("registry+https://github.com/rust-lang/crates.io-index"),
    );
    let (code, told) = decided(&sandbox, &index);
    assert_eq!((code, told.len()), (1, 2), "{told:?}");
    std::fs::remove_file(sandbox.work().join("Cargo.lock")).expect("removed");

    let uv = |registry: &str| {
        format!(
            "version = 1\nrequires-python = \">=3.12\"\n\n[[package]]\nname = \"acme-parts\"\nversion = \"1.0\"\n\
             source = {{ registry = \"{registry}\" }}\n"
        )
    };
    sandbox.write("uv.lock", uv("https://registry.example/simple"));
    assert_eq!(
        decided(&sandbox, &index),
        (0, vec!["vulnerability not_affected note".to_owned()])
    );
    sandbox.write("uv.lock", uv("https://public.example/simple"));
    let (code, told) = decided(&sandbox, &index);
    assert_eq!((code, told.len()), (1, 2), "{told:?}");
    std::fs::remove_file(sandbox.work().join("uv.lock")).expect("removed");

    // A requirements file need not name a registry: nothing is known, the advisory applies, and that is a gap.
    let open = "acme_parts==1.0\n";
    let own = "--index-url https://registry.example/simple\n";
    for (text, count) in [
        (open.to_owned(), 1),
        (format!("{own}{open}"), 0),
        (
            format!("{own}--extra-index-url https://public.example/simple\n{open}"),
            1,
        ),
        (format!("{own}--find-links https://public.example/\n{open}"), 1),
        (format!("--no-index\n{own}{open}"), 1),
        // One pin from one's own registry says nothing of another one of the same name.
        (
            format!(
                "acme_parts @ https://registry.example/simple/acme-parts/acme_parts-1.0-py3-none-any.whl\n{open}"
            ),
            1,
        ),
    ] {
        sandbox.write("requirements.txt", &text);
        let affected = match count {
            0 => (0, vec!["vulnerability not_affected note".to_owned()]),
            _ => (1, vec!["vulnerability affected fail".to_owned()]),
        };
        assert_eq!(decided(&sandbox, &index), affected, "{text}");
        let report = scan(&sandbox, &index, &["--format", "json"]).json();
        let gaps = report["coverage"]["partial"].as_array().expect("gaps");
        let reason = match count {
            0 => "no public package here comes from another registry",
            _ => "the file does not say from which registry 1 internal package comes",
        };
        let told = |gap: &&Value| gap["reason"].as_str().is_some_and(|text| text.contains(reason));
        assert_eq!(gaps.iter().filter(told).count(), 1, "{text}{gaps:?}");
    }
    // Another folder of the same host is another registry.
    sandbox.write(
        "requirements.txt",
        "--index-url https://registry.example/simple\nacme_parts @ https://registry.example/public/acme_parts-1.0-py3-none-any.whl\n",
    );
    let (code, told) = decided(&sandbox, &index);
    assert_eq!((code, told.len()), (1, 2), "{told:?}");
    std::fs::remove_file(sandbox.work().join("requirements.txt")).expect("removed");

    let pipenv = |entry: &str| {
        format!(
            r#"{{"_meta": {{"pipfile-spec": 6, "hash": {{"sha256": "00"}}, "requires": {{}}, "sources": [
                {{"name": "own", "url": "https://registry.example/simple", "verify_ssl": true}},
                {{"name": "public", "url": "https://public.example/simple", "verify_ssl": true}}]}},
                "default": {{"acme-parts": {{{entry}"version": "==1.0"}}}}, "develop": {{}}}}"#
        )
    };
    for (entry, count) in [
        ("", 1),
        (r#""index": "own", "#, 1),
        (r#""index": "public", "#, 2),
        (r#""index": "none", "#, 2),
    ] {
        sandbox.write("Pipfile.lock", pipenv(entry));
        assert_eq!(decided(&sandbox, &index).1.len(), count, "{entry}");
    }
}

#[test]
fn without_a_policy_the_words_name_the_registry_and_the_way_out() {
    let (sandbox, index) = prepared("");
    sandbox.write(
        "package-lock.json",
        npm(Some(
            "https://u:p@registry.example/own/@acme/parts/-/parts-1.0.0.tgz",
        )),
    );
    let ran = scan(&sandbox, &index, &["--fail-on", "none"]);
    assert_eq!(ran.code, 1, "{}", ran.out);
    assert!(ran.out.contains("https://registry.example/own/"), "{}", ran.out);
    assert!(ran.out.contains("supply-chain.internal"), "{}", ran.out);
    assert!(!ran.out.contains("u:p"), "{}", ran.out);
    for entry in ["MAL-2026-1", "pkg:npm/@acme/parts"] {
        sandbox.write(
            "lockkeeper.yml",
            format!("supply-chain: {{allow-malicious: [\"{entry}\"]}}\n"),
        );
        assert_eq!(
            decided(&sandbox, &index),
            (0, vec!["malicious affected warn".to_owned()]),
            "{entry}"
        );
    }
    sandbox.write(
        "lockkeeper.yml",
        "supply-chain: {allow-malicious: [MAL-2026-2]}\n",
    );
    assert_eq!(decided(&sandbox, &index).0, 1);
}

#[test]
fn mistakes_stand_at_their_place() {
    for (policy, expected) in [
        (
            "rules:\n  - {when: {class: malicious}, then: warn}\n",
            "lockkeeper.yml:2:5",
        ),
        (
            "rules:\n  - {name: all, then: warn}\n  - {then: fail}\n",
            "lockkeeper.yml:3:5",
        ),
        (
            "rules:\n  - {when: {class: vulnerability}, then: warn}\n  - {when: {severity: high}, then: fail}\n",
            "lockkeeper.yml:3:5",
        ),
        ("supply-chain: {internal: [\"@acme/*\"]}\n", "lockkeeper.yml:1:16"),
        (
            "registries: {NPM: \"https://registry.example/\"}\n",
            "lockkeeper.yml:1:14",
        ),
        ("registries: {npm: registry.example}\n", "lockkeeper.yml:1:19"),
        (
            "supply-chain: {allow-malicious: [\"*\"]}\n",
            "lockkeeper.yml:1:35",
        ),
    ] {
        let (sandbox, index) = prepared(policy);
        sandbox.write("package-lock.json", npm(None));
        let ran = scan(&sandbox, &index, &[]);
        assert_eq!(ran.code, 2, "{policy}{}", ran.err);
        assert!(ran.err.contains(expected), "{policy}{}", ran.err);
    }
}
