//! What Composer repositories say of packages, and which of them is asked.

use lockkeeper::registry::packagist::Packagist;
use lockkeeper::registry::packagist_config::{PackagistConfig, Sources};
use lockkeeper::registry::{ConfigFile, Configuration as _, Place, Registry as _};
use lockkeeper::sys::web::Address;
use serde_json::{Value, json};

fn address(text: &str) -> Address {
    Address::parse(text).unwrap()
}

#[test]
fn the_index_says_where_a_package_is() {
    let base = address("https://registry.example/php/");
    assert_eq!(
        Packagist.index(&base).unwrap().to_string(),
        "https://registry.example/php/packages.json"
    );
    let place = |index: Value, package: &str| Packagist.place(&base, index.to_string().as_bytes(), package);
    let at = |text: &str| Ok(Place::At(address(text)));
    let index = json!({"packages": [], "metadata-url": "/p2/%package%.json"});
    assert_eq!(
        place(index.clone(), "Acme/A"),
        at("https://registry.example/p2/acme/a.json")
    );
    assert_eq!(place(index, "../../a"), Ok(Place::Nowhere));
    let other = json!({"metadata-url": "https://files.example/%package%.json", "available-packages": ["acme/a"],
        "available-package-patterns": ["own/*"]});
    assert_eq!(
        place(other.clone(), "acme/a"),
        at("https://files.example/acme/a.json")
    );
    assert_eq!(
        place(other.clone(), "own/b"),
        at("https://files.example/own/b.json")
    );
    assert_eq!(place(other, "acme/b"), Ok(Place::Nowhere));
    let inside = json!({"packages": {"acme/a": {"1.0.0": {}}}});
    assert_eq!(place(inside.clone(), "acme/a"), Ok(Place::Inside));
    assert_eq!(place(inside, "acme/b"), Ok(Place::Nowhere));
    let old = json!({"packages": [], "providers-url": "/p/%package%$%hash%.json", "provider-includes": {}});
    assert!(place(old, "acme/a").unwrap_err().contains("version 1"));
    let mirrored = json!({"metadata-url": "/p2/%package%.json", "mirrors": [{"dist-url": "/d/%package%"}]});
    assert!(place(mirrored, "acme/a").unwrap_err().contains("mirrors"));
}

#[test]
fn what_is_minified_is_spread_again() {
    let document = json!({"minified": "composer/2.0", "packages": {"acme/a": [
        {"name": "acme/a", "version": "2.0.0", "time": "2024-05-01T00:00:00+00:00", "require": {"php": ">=8", "Acme/B": "^1"},
         "extra": {"z": 1, "a": 2}},
        {"version": "1.1.0", "time": "2023-05-01T00:00:00+00:00", "require": "__unset"},
        {"version": "1.0.x-dev"},
        {"version": "1.0.0", "extra": "__unset", "require": {"acme/c": "*"}},
        {"version": "odd version"},
    ]}});
    let index = json!({"notify-batch": "https://registry.example/downloads/"}).to_string();
    let answer = Packagist
        .read_by(index.as_bytes(), "acme/A", document.to_string().as_bytes())
        .unwrap();
    let shown: Vec<String> = answer
        .releases
        .iter()
        .map(|release| {
            let needs = release.dependencies.iter();
            let needs: Vec<String> = needs.map(|one| format!("{} {}", one.name, one.range)).collect();
            format!(
                "{}: {} {:?}",
                release.version,
                needs.join(", "),
                release.toolchain.len()
            )
        })
        .collect();
    assert_eq!(shown, ["1.0.0: acme/c * 0", "1.1.0:  0", "2.0.0: acme/b ^1 1"]);
    assert_eq!(
        answer.releases[1].published.unwrap().to_string(),
        "2023-05-01T00:00:00Z"
    );
    let text = &answer.releases[1].document;
    let one: Value = serde_json::from_str(text).unwrap();
    assert_eq!(one["notification-url"], "https://registry.example/downloads/");
    assert!(text.contains(r#""extra":{"a":2,"z":1}"#) || text.contains(r#""extra":{"z":1,"a":2}"#));
    assert_eq!(answer.notes.len(), 1, "{:?}", answer.notes);
    assert!(Packagist.read("acme/b", document.to_string().as_bytes()).is_err());
    assert!(Packagist.read("acme/a", b"<html>").is_err());
}

fn file(name: &str, value: Value) -> Option<ConfigFile> {
    Some(ConfigFile {
        place: name.to_owned(),
        text: value.to_string(),
    })
}

#[test]
fn repositories_are_asked_in_their_order() {
    let told = Some("https://told.example/downloads/");
    let asked = |config: &PackagistConfig, package: &str, named: &[&str]| -> Vec<String> {
        let endpoints = config.endpoints(package, told, named);
        let endpoints = endpoints.into_iter().flatten();
        endpoints.map(|endpoint| endpoint.base.to_string()).collect()
    };
    let repositories = json!([
        {"type": "composer", "url": "https://own.example", "only": ["own/*"]},
        {"type": "vcs", "url": "https://git.example/own/a"},
        {"type": "composer", "url": "https://satis.example/", "exclude": ["own/b"]},
    ]);
    let mut sources = Sources {
        manifest: file("composer.json", json!({"repositories": repositories})),
        ..Sources::default()
    };
    let config = PackagistConfig::of(&sources);
    let all = [
        "https://own.example/",
        "https://satis.example/",
        "https://told.example/",
    ];
    assert_eq!(asked(&config, "Own/A", &[]), all);
    assert_eq!(asked(&config, "own/b", &[]), [all[0], all[2]]);
    assert_eq!(asked(&config, "acme/a", &["https://policy.example/"]), all[1..]);
    let nothing = PackagistConfig::default().endpoints("acme/a", None, &["https://policy.example/"]);
    assert_eq!(nothing.unwrap()[0].base.to_string(), "https://policy.example/");
    assert!(PackagistConfig::default().endpoints("acme/a", None, &[]).is_err());
    // The user's own settings come behind, and name another default.
    sources.user = file(
        "config.json",
        json!({"repositories": {"packagist": {"type": "composer", "url": "https://mirror.example/"}}}),
    );
    assert_eq!(
        asked(&PackagistConfig::of(&sources), "acme/a", &[]),
        ["https://satis.example/", "https://mirror.example/"]
    );
    sources.user = file("config.json", json!({"repositories": [{"packagist": false}]}));
    assert_eq!(
        asked(&PackagistConfig::of(&sources), "acme/a", &[]),
        ["https://satis.example/"]
    );
}

#[test]
fn a_credential_belongs_to_its_host() {
    let sources = Sources {
        user_auth: file(
            "auth.json",
            json!({"http-basic": {"told.example": {"username": "me", "password": "canary"}}}),
        ),
        project_auth: file(
            "auth.json",
            json!({"bearer": {"other.example": "canary-2"}, "custom-headers": {"x.example": []}}),
        ),
        ..Sources::default()
    };
    let config = PackagistConfig::of(&sources);
    let credential = |told: &str| {
        let endpoints = config.endpoints("acme/a", Some(told), &[]).unwrap();
        endpoints[0].credential.clone()
    };
    let own = credential("https://told.example/downloads/").unwrap();
    assert!(own.belongs_to(&address("https://told.example/p2/acme/a.json")));
    assert!(!own.belongs_to(&address("https://other.example/p2/acme/a.json")));
    assert!(credential("https://other.example/downloads/").is_some());
    assert!(credential("https://third.example/downloads/").is_none());
    assert_eq!(
        config.notes(),
        ["auth.json: `custom-headers` of x.example is not used"]
    );
    assert!(!format!("{config:?}").contains("canary"));
}
