//! Package URLs of a policy whose type nothing here has cover nothing: a mistake, and no silence.

use lockkeeper::policy::read;

use crate::support::program::{Sandbox, record};

fn mistakes(text: &str) -> Vec<String> {
    let read = read("lockkeeper.yml", text.as_bytes());
    let mistakes = read.err().unwrap_or_default();
    mistakes.iter().map(ToString::to_string).collect()
}

#[test]
fn a_type_without_an_ecosystem_is_a_mistake_at_its_place() {
    for (package, near) in [
        ("pkg:nmp/example", "did you mean `npm`?"),
        ("pkg:crate/example", ""),
        ("pkg:crago/example@1.0.0", "did you mean `cargo`?"),
        ("pkg:pip/example", ""),
        ("pkg:docker/library/example", ""),
    ] {
        for (text, place) in [
            (
                format!(
                    "exceptions:\n  - {{id: CVE-1, reason: a, expires: 2026-12-31, package: \"{package}\"}}\n"
                ),
                "2:59: exceptions[0].package: ",
            ),
            (
                format!("supply-chain: {{allow-malicious: [\"{package}\"]}}\n"),
                "1:35: supply-chain.allow-malicious[0]: ",
            ),
        ] {
            let found = mistakes(&text);
            assert_eq!(found.len(), 1, "{text}{found:?}");
            assert!(
                found[0].contains(place) && found[0].contains("has the type") && found[0].contains(near),
                "{found:?}"
            );
        }
    }
    for package in [
        "pkg:npm/%40a/b",
        "pkg:NPM/@a/b@1.0.0",
        "pkg:golang/example.com/a",
        "pkg:pypi/A_b",
    ] {
        let text = format!(
            "exceptions:\n  - {{id: CVE-1, reason: a, expires: 2026-12-31, package: \"{package}\"}}\n"
        );
        assert_eq!(mistakes(&text), [""; 0], "{package}");
    }
}

#[test]
fn the_command_ends_with_2_and_names_the_types() {
    let sandbox = Sandbox::new();
    let index = sandbox.index(
        "index.lkdb",
        &[record("GHSA-a", "npm", "a", "0", None)],
        "2026-02-01T00:00:00Z",
    );
    sandbox.write("Cargo.lock", "version = 4\n");
    sandbox.write(
        "lockkeeper.yml",
        "exceptions:\n  - {id: CVE-1, reason: a, expires: 2026-12-31, package: 'pkg:crats/example'}\n",
    );
    let ran = sandbox.run(&["scan", "--db", &index]);
    assert_eq!(ran.code, 2, "{}", ran.err);
    assert!(
        ran.err.contains("lockkeeper.yml:2:59") && ran.err.contains("cargo, "),
        "{}",
        ran.err
    );
}
