//! Packages of distributions in bills of materials: each is matched in its release, by the name of its source package.

use serde_json::{Value, json};

use crate::support::program::{Sandbox, record};

const NOW: &str = "2026-02-01T00:00:00Z";

fn bill(purls: &[&str]) -> String {
    let components: Vec<Value> = purls
        .iter()
        .map(|purl| json!({"type": "library", "name": "built", "purl": purl}))
        .collect();
    json!({"bomFormat": "CycloneDX", "specVersion": "1.6", "components": components}).to_string()
}

/// The exit code of a scan of a bill of `purls`, the packages that are affected, and what was not checked.
fn scan(purls: &[&str]) -> (i32, Vec<String>, Vec<String>) {
    let sandbox = Sandbox::new();
    let records = [
        record("DEBIAN-1", "Debian:12", "openssl", "0", Some("3.0.11-1~deb12u3")),
        record("DEBIAN-2", "Debian:11", "openssl", "0", Some("1.1.1w-0+deb11u2")),
        record("ALPINE-1", "Alpine:v3.19", "openssl", "0", Some("3.1.4-r6")),
        record(
            "RLSA-1",
            "Rocky Linux:9",
            "openssl-libs",
            "0",
            Some("1:3.0.7-25.el9"),
        ),
    ];
    let index = sandbox.index("i.lkdb", &records, NOW);
    sandbox.write("bom.json", bill(purls));
    let ran = sandbox.run(&["scan", "--db", &index, "--now", NOW, "--format", "json"]);
    let report = ran.json();
    let findings = report["targets"][0]["findings"]
        .as_array()
        .expect("a list")
        .iter();
    let findings = findings.map(|finding| {
        let text = |field: &str| finding["package"][field].as_str().unwrap_or_default().to_owned();
        format!("{} {} {}", text("ecosystem"), text("name"), text("version"))
    });
    let blind = report["coverage"]["blind"].as_array().expect("a list").iter();
    let blind = blind.map(|gap| gap["reason"].as_str().unwrap_or_default().to_owned());
    (ran.code, findings.collect(), blind.collect())
}

#[test]
fn the_release_and_the_source_package_decide() {
    for (purl, finding) in [
        (
            "pkg:deb/debian/libssl3@3.0.11-1~deb12u2?distro=debian-12&upstream=openssl",
            Some("Debian:12 openssl 3.0.11-1~deb12u2"),
        ),
        (
            "pkg:deb/debian/libssl3@3.0.11-1~deb12u3?distro=debian-12&upstream=openssl",
            None,
        ),
        (
            "pkg:deb/debian/libssl1.1@1.1.1w-0%2Bdeb11u1?distro=debian-11&upstream=openssl",
            Some("Debian:11 openssl 1.1.1w-0+deb11u1"),
        ),
        (
            "pkg:apk/alpine/libssl3@3.1.4-r5?distro=alpine-3.19.1&upstream=openssl",
            Some("Alpine:v3.19 openssl 3.1.4-r5"),
        ),
        (
            "pkg:apk/alpine/libssl3@3.1.4-r10?distro=alpine-3.19.1&upstream=openssl",
            None,
        ),
        (
            "pkg:rpm/rocky/openssl-libs@3.0.7-24.el9?distro=rocky-9.3&epoch=1",
            Some("Rocky Linux:9 openssl-libs 1:3.0.7-24.el9"),
        ),
        (
            "pkg:rpm/rocky/openssl-libs@3.0.7-25.el9_4?distro=rocky-9.4&epoch=1",
            None,
        ),
    ] {
        let (code, findings, blind) = scan(&[purl]);
        assert_eq!(code, i32::from(finding.is_some()), "{purl} {blind:?}");
        assert_eq!(findings, Vec::from_iter(finding), "{purl}");
        assert!(blind.is_empty(), "{purl} {blind:?}");
    }
}

#[test]
fn a_release_without_advisories_was_not_checked() {
    for (purl, reason) in [
        (
            "pkg:deb/debian/libssl3@3.5.1-1?distro=debian-13&upstream=openssl",
            "the advisory database has nothing for Debian:13",
        ),
        (
            "pkg:deb/debian/libssl3@3.5.1-1?upstream=openssl",
            "1 package of Debian was not checked",
        ),
        (
            "pkg:apk/wolfi/openssl@3.2.0-r0?upstream=openssl",
            "the advisory database has nothing for Wolfi",
        ),
        (
            "pkg:rpm/redhat/openssl@3.2.0-1.el9?distro=rhel-9.3",
            "1 package of Red Hat was not checked",
        ),
    ] {
        let (code, _, blind) = scan(&[purl]);
        assert_eq!(code, 3, "{purl}");
        assert!(blind.iter().any(|gap| gap.contains(reason)), "{purl} {blind:?}");
    }
}
