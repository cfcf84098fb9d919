//! Every spelling of a package URL means the same package to each command and to the policy.

use crate::support::program::{Sandbox, cargo_lock, record};

const NOW: &str = "2026-02-01T00:00:00Z";

/// OSV's ecosystem, the name in its records, the locked version, and spellings of the package without a version.
const PACKAGES: &[(&str, &str, &str, &[&str])] = &[
    (
        "crates.io",
        "left_pad",
        "1.0.0",
        &[
            "pkg:cargo/left_pad",
            "PKG:Cargo/left%5Fpad",
            "pkg://cargo//left_pad/",
        ],
    ),
    (
        "npm",
        "@acme/left",
        "1.0.0",
        &[
            "pkg:npm/%40acme/left",
            "pkg:npm/@acme/left",
            "pkg:npm/%40acme%2Fleft",
            "pkg:npm/@acme%2fleft",
        ],
    ),
    (
        "PyPI",
        "foo-bar",
        "1.0.0",
        &[
            "pkg:pypi/foo-bar",
            "pkg:pypi/Foo_Bar",
            "pkg:pypi/foo.bar",
            "pkg:PyPI/FOO--BAR",
        ],
    ),
    (
        "Go",
        "example.org/A/left",
        "v1.0.0",
        &[
            "pkg:golang/example.org/A/left",
            "pkg:golang/example.org%2FA%2Fleft",
        ],
    ),
    (
        "Maven",
        "org.acme:left",
        "1.0.0",
        &[
            "pkg:maven/org.acme/left",
            "pkg:maven/org.acme:left",
            "pkg:maven/org%2Eacme/left",
        ],
    ),
];

/// A tree that locks one version of each of [`PACKAGES`], under other spellings of the name where the ecosystem has them.
fn tree() -> (Sandbox, String) {
    let sandbox = Sandbox::new();
    sandbox.write("Cargo.lock", cargo_lock(&[("left_pad", "1.0.0")]));
    sandbox.write(
        "package-lock.json",
        r#"{"name": "app", "lockfileVersion": 3, "packages": {"": {"name": "app", "dependencies": {"@acme/left": "1"}},
            "node_modules/@acme/left": {"version": "1.0.0"}}}"#,
    );
    sandbox.write("requirements.txt", "Foo_Bar==1.0.0\n");
    sandbox.write(
        "go.mod",
        "module example.org/app\n\ngo 1.26.0\n\nrequire example.org/A/left v1.0.0\n",
    );
    sandbox.write(
        "pom.xml",
        "<project><modelVersion>4.0.0</modelVersion><groupId>a</groupId><artifactId>b</artifactId><version>1</version>\
         <dependencies><dependency><groupId>org.acme</groupId><artifactId>left</artifactId><version>1.0.0</version>\
         </dependency></dependencies></project>",
    );
    let records: Vec<serde_json::Value> = PACKAGES
        .iter()
        .enumerate()
        .map(|(number, (ecosystem, name, ..))| {
            record(&format!("GHSA-{number}"), ecosystem, name, "0", Some("1.0.1"))
        })
        .collect();
    let index = sandbox.index("index.lkdb", &records, NOW);
    (sandbox, index)
}

#[test]
fn explain_and_search_know_every_spelling() {
    let (sandbox, index) = tree();
    for (number, (_, name, version, spellings)) in PACKAGES.iter().enumerate() {
        let id = format!("GHSA-{number}");
        for spelling in *spellings {
            for subject in [
                (*spelling).to_owned(),
                format!("{}@{version}", spelling.trim_end_matches('/')),
                format!("{}?x=y", spelling.trim_end_matches('/')),
            ] {
                let explained = sandbox
                    .run(&[
                        "explain", &subject, "--db", &index, "--now", NOW, "--format", "json",
                    ])
                    .json();
                assert_eq!(explained["advisory"]["id"], id.as_str(), "{subject}");
                assert_eq!(
                    explained["findings"].as_array().map(Vec::len),
                    Some(1),
                    "{subject}: {explained}"
                );
            }
            let other = format!("{}@9.9.9", spelling.trim_end_matches('/'));
            let explained = sandbox
                .run(&[
                    "explain", &other, "--db", &index, "--now", NOW, "--format", "json",
                ])
                .json();
            assert_eq!(explained["findings"], serde_json::json!([]), "{other}");
            let searched = sandbox.run(&["db", "search", spelling, "--db", &index, "--format", "json"]);
            assert_eq!(searched.code, 0, "{spelling}: {}", searched.err);
            assert_eq!(searched.json()["packages"][0]["name"], *name, "{spelling}");
        }
    }
}

#[test]
fn exceptions_cover_every_spelling() {
    let (sandbox, index) = tree();
    for (number, (.., spellings)) in PACKAGES.iter().enumerate() {
        let id = format!("GHSA-{number}");
        for spelling in *spellings {
            sandbox.write(
                "lockkeeper.yml",
                format!(
                    "exceptions:\n  - {{id: {id}, package: '{spelling}', reason: known, expires: 2026-03-01}}\n"
                ),
            );
            let ran = sandbox.run(&["scan", "--db", &index, "--now", NOW, "--format", "json"]);
            let report = ran.json();
            let findings = report["targets"][0]["findings"].as_array().expect("findings");
            assert_eq!(findings.len(), PACKAGES.len(), "{}", ran.err);
            for finding in findings {
                let is_excepted = finding["state"] == "excepted";
                assert_eq!(is_excepted, finding["id"] == id.as_str(), "{spelling}: {finding}");
            }
        }
    }
}

#[test]
fn what_is_no_package_url_is_a_mistake_with_a_way_out() {
    let (sandbox, index) = tree();
    for arguments in [
        &["explain", "pkg:nmp/left", "--db", &index][..],
        &["db", "search", "pkg:nmp/left", "--db", &index],
    ] {
        let ran = sandbox.run(arguments);
        assert_eq!(ran.code, 2, "{arguments:?}: {}{}", ran.out, ran.err);
        assert!(
            ran.err.contains("the package type \"nmp\" is unknown"),
            "{}",
            ran.err
        );
        for kind in lockkeeper::ecosystem::purl::types() {
            assert!(ran.err.contains(kind), "{kind}: {}", ran.err);
        }
    }
    for (subject, message) in [
        ("pkg:npm", "the package URL has no name"),
        ("pkg:npm/left@", "the version after `@` is missing"),
        ("pkg:npm/left pad", "must be percent-encoded"),
        ("pkg:1/left", "is followed by a type"),
    ] {
        for arguments in [
            &["explain", subject, "--db", &index][..],
            &["db", "search", subject, "--db", &index],
        ] {
            let ran = sandbox.run(arguments);
            assert_eq!(ran.code, 2, "{arguments:?}: {}{}", ran.out, ran.err);
            assert!(ran.err.contains(message), "{arguments:?}: {}", ran.err);
            assert!(ran.err.contains("pkg:npm/example@1.2.3"), "{}", ran.err);
        }
    }
}
