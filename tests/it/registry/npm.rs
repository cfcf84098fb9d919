//! What npm's registry says of a package.

use lockkeeper::model::release::RequirementKind;
use lockkeeper::registry::{Answer, Detail, Registry as _, npm::Npm};
use lockkeeper::sys::web::Address;
use proptest::prelude::*;
use serde_json::{Value, json};

fn read(document: &Value) -> Answer {
    let name = document["name"].as_str().unwrap();
    Npm.read(name, document.to_string().as_bytes()).unwrap()
}

fn one(manifest: Value) -> Answer {
    let mut whole = json!({"name": "a", "version": "1.0.0", "dist": {"tarball": "https://registry.example/a/-/a-1.0.0.tgz"}});
    whole
        .as_object_mut()
        .unwrap()
        .extend(manifest.as_object().unwrap().clone());
    read(&json!({"name": "a", "versions": {"1.0.0": whole}}))
}

#[test]
fn a_scope_and_its_name_are_one_segment() {
    let base = Address::parse("https://registry.example/npm").unwrap();
    for (package, address) in [
        ("a", "https://registry.example/npm/a"),
        ("@s/a", "https://registry.example/npm/@s%2Fa"),
        (
            "../../evil?x#y",
            "https://registry.example/npm/..%2F..%2Fevil%3Fx%23y",
        ),
    ] {
        assert_eq!(Npm.address(&base, package).to_string(), address);
    }
    assert!(
        Npm.accept(Detail::Installing)
            .starts_with("application/vnd.npm.install-v1+json")
    );
    assert_eq!(Npm.accept(Detail::Times), "application/json");
}

#[test]
fn what_a_version_needs_is_told_by_kind() {
    let answer = one(json!({
        "dependencies": {"b": "^1", "c": "npm:real@^2", "d": "1", "e": "*", "both": "1"},
        "optionalDependencies": {"d": "1"},
        "peerDependencies": {"p": ">=1", "q": "1", "both": "2"},
        "peerDependenciesMeta": {"q": {"optional": true}, "other": {"optional": true}},
        "bundleDependencies": ["e", "not-there"],
        "engines": {"node": ">=18", "npm": 3},
        "os": ["linux"],
    }));
    let release = &answer.releases[0];
    let needs: Vec<_> = release
        .dependencies
        .iter()
        .map(|need| (need.name.as_str(), need.package(), need.range.as_str(), need.kind))
        .collect();
    use RequirementKind::{Bundled, Optional, OptionalPeer, Peer, Runtime};
    assert_eq!(
        needs,
        [
            ("b", "b", "^1", Runtime),
            ("both", "both", "1", Runtime),
            ("c", "real", "^2", Runtime),
            ("d", "d", "1", Optional),
            ("e", "e", "*", Bundled),
            ("p", "p", ">=1", Peer),
            ("q", "q", "1", OptionalPeer),
        ]
    );
    assert_eq!(release.toolchain, [("node".into(), ">=18".into())]);
    let document: Value = serde_json::from_str(&release.document).unwrap();
    assert_eq!(document["os"], json!(["linux"]));
    assert!(answer.notes.is_empty());
}

#[test]
fn everything_may_be_bundled() {
    let answer = one(json!({
        "dependencies": {"b": "1"},
        "peerDependencies": {"p": "1"},
        "bundledDependencies": true,
    }));
    let kinds: Vec<_> = answer.releases[0]
        .dependencies
        .iter()
        .map(|need| need.kind)
        .collect();
    assert_eq!(kinds, [RequirementKind::Bundled, RequirementKind::Peer]);
}

#[test]
fn a_version_says_when_it_came_and_whether_it_is_given_up() {
    let manifest = |version: &str, deprecated: Value| json!({"name": "a", "version": version, "deprecated": deprecated, "dist": {"tarball": "https://registry.example/a.tgz"}});
    let answer = read(&json!({
        "name": "a",
        "versions": {
            "1.0.0": manifest("1.0.0", json!("use b")),
            "1.0.1": manifest("1.0.1", json!("")),
            "1.0.2": manifest("1.0.2", json!(true)),
            "1.0.3": manifest("1.0.3", json!(false)),
        },
        "time": {"created": "2020-01-01T00:00:00.000Z", "1.0.0": "2021-02-03T04:05:06.789Z", "1.0.1": "soon", "1.0.2": 3, "unpublished": {}},
    }));
    let releases: Vec<_> = answer
        .releases
        .iter()
        .map(|release| {
            (
                release.published.map(|time| time.to_string()),
                release.retired.as_deref(),
            )
        })
        .collect();
    assert_eq!(
        releases,
        [
            (Some("2021-02-03T04:05:06.789Z".to_owned()), Some("use b")),
            (None, None),
            (None, Some("")),
            (None, None),
        ]
    );
}

#[test]
fn tags_name_versions() {
    let answer =
        read(&json!({"name": "a", "dist-tags": {"latest": "1.0.0", "next": "2.0.0-rc.1", "odd": 1}}));
    let tags: Vec<_> = answer
        .tags
        .iter()
        .map(|(name, version)| (name.as_str(), version.as_str()))
        .collect();
    assert_eq!(tags, [("latest", "1.0.0"), ("next", "2.0.0-rc.1")]);
}

#[test]
fn what_cannot_be_read_is_left_out_with_a_note() {
    let dist = json!({"tarball": "https://registry.example/a.tgz"});
    let answer = read(&json!({
        "name": "a",
        "versions": {
            "1.0.0": {"name": "a", "version": "1.0.0", "dist": dist},
            "1.0.1": {"name": "b", "version": "1.0.1", "dist": dist},
            "1.0.2": {"name": "a", "version": "1.0.3", "dist": dist},
            "1.0.4": {"name": "a", "version": "1.0.4", "dist": {}},
            "1.0.5": {"name": "a", "version": "1.0.5", "dist": dist, "dependencies": {"c": 1}},
            "1.0.6": "no",
            "1.0.7": {"name": "a", "version": "1.0.7", "dist": dist, "dependencies": ["c"], "engines": ["node"], "deprecated": 1},
        },
    }));
    let versions: Vec<_> = answer
        .releases
        .iter()
        .map(|release| release.version.as_str())
        .collect();
    assert_eq!(versions, ["1.0.0", "1.0.7"]);
    assert_eq!(
        answer.notes,
        [
            "version \"1.0.1\" of a was left out: it calls itself \"b\"",
            "version \"1.0.2\" of a was left out: it calls itself version \"1.0.3\"",
            "version \"1.0.4\" of a was left out: it does not say where its archive is",
            "version \"1.0.5\" of a was left out: its dependencies has no range for \"c\"",
            "version \"1.0.6\" of a was left out: it calls itself \"\"",
        ]
    );
    assert_eq!(
        read(&json!({"name": "a", "time": {"unpublished": {}}})),
        Answer::default()
    );
}

#[test]
fn what_is_no_answer_is_refused() {
    for (bytes, reason) in [
        ("", "not what npm's registry says of a package: EOF"),
        ("[]", "not what npm's registry says of a package: "),
        (
            "{\"error\":\"Not found\"}",
            "not what npm's registry says of a package: missing field `name`",
        ),
        ("{\"name\":\"b\",\"versions\":{}}", "it answers for \"b\""),
        (
            "{\"name\":\"a\",\"versions\":{\"1.0.0\":",
            "not what npm's registry says of a package: EOF",
        ),
    ] {
        let error = Npm.read("a", bytes.as_bytes()).unwrap_err();
        assert!(error.starts_with(reason), "{error}");
    }
    let deep = format!(
        "{{\"name\":\"a\",\"versions\":{{\"1.0.0\":{}{}}}}}",
        "[".repeat(100_000),
        "]".repeat(100_000)
    );
    let answer = Npm.read("a", deep.as_bytes()).unwrap();
    assert_eq!((answer.releases.len(), answer.notes.len()), (0, 1));
}

proptest! {
    #[test]
    fn no_bytes_panic(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
        let _answer = Npm.read("a", &bytes);
    }

    #[test]
    fn an_altered_answer_does_not_panic(at in 0_usize..300, byte in any::<u8>()) {
        let whole = one(json!({"dependencies": {"b": "npm:@c/d@1"}, "engines": {"node": "1"}})).releases[0].document.to_string();
        let mut bytes = format!("{{\"name\":\"a\",\"versions\":{{\"1.0.0\":{whole}}}}}").into_bytes();
        let at = at % bytes.len();
        bytes[at] = byte;
        let _answer = Npm.read("a", &bytes);
    }
}
