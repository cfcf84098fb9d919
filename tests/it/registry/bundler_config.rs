//! What Bundler is set to: where gems come from, and which login goes where.

use std::collections::BTreeMap;

use lockkeeper::registry::bundler_config::{BundlerConfig, Sources};
use lockkeeper::registry::{ConfigFile, Configuration as _};
use lockkeeper::sys::web::Address;

const CANARY: &str = "canary-37ac";
const REMOTE: &str = "https://registry.example/";

/// A home folder with a file of settings, the environment, and a file of the project.
fn config(user: &str, variables: &[(&str, &str)], project: &str) -> BundlerConfig {
    let home = tempfile::tempdir().unwrap();
    std::fs::create_dir(home.path().join(".bundle")).unwrap();
    std::fs::write(home.path().join(".bundle/config"), user).unwrap();
    let variables = variables
        .iter()
        .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
    let variables: BTreeMap<String, String> = variables.collect();
    let project = [ConfigFile {
        place: "project/.bundle/config".to_owned(),
        text: project.to_owned(),
    }];
    BundlerConfig::of(&Sources::of(variables, Some(home.path().to_owned()), &project))
}

fn base(config: &BundlerConfig, locked: Option<&str>) -> String {
    match config.endpoints("a", locked, &["https://policy.example/"]) {
        Ok(endpoints) => endpoints[0].base.to_string(),
        Err(error) => format!("{error}. {}", error.hint()),
    }
}

/// Whether a login goes to the registry of `locked`.
fn is_sent(config: &BundlerConfig, locked: &str) -> bool {
    let endpoints = config.endpoints("a", Some(locked), &[]).unwrap();
    let shown = format!("{endpoints:?}");
    assert!(!shown.contains(CANARY), "{shown}");
    let credential = endpoints[0].credential.as_ref();
    credential.is_some_and(|credential| credential.belongs_to(&endpoints[0].base))
}

#[test]
fn a_mirror_stands_in_the_place_of_a_registry() {
    let by_address = "---\nBUNDLE_MIRROR__HTTPS://REGISTRY__EXAMPLE/: \"https://mirror.example/gems\"\n";
    let by_host = "---\nBUNDLE_MIRROR__REGISTRY__EXAMPLE: https://host.example/\n";
    let all = "---\nBUNDLE_MIRROR__ALL: 'https://all.example/'\n";
    for (user, project, expected) in [
        ("", "", REMOTE),
        (by_address, "", "https://mirror.example/gems"),
        (by_host, "", "https://host.example/"),
        (all, by_host, "https://all.example/"),
        (by_host, by_address, "https://mirror.example/gems"),
    ] {
        assert_eq!(base(&config(user, &[], project), Some(REMOTE)), expected);
        let without_slash = base(&config(user, &[], project), Some("https://registry.example"));
        assert_eq!(without_slash, expected);
    }
    let variable = [("MIRROR__ALL", "https://variable.example/")];
    assert_eq!(
        base(&config(all, &variable, ""), Some(REMOTE)),
        "https://variable.example/"
    );
    assert_eq!(
        base(&config(by_host, &[], ""), Some("https://other.example/")),
        "https://other.example/"
    );
    assert_eq!(base(&config("", &[], ""), None), "https://policy.example/");
    assert_eq!(base(&config(all, &[], ""), None), "https://all.example/");
    let ignored = [("IGNORE_CONFIG", "true")];
    assert_eq!(base(&config(all, &ignored, by_host), Some(REMOTE)), REMOTE);
}

#[test]
fn a_login_goes_to_its_host_alone() {
    let of_host = format!("---\nBUNDLE_REGISTRY__EXAMPLE: \"me:{CANARY}\"\n");
    let of_address = format!("---\nBUNDLE_HTTPS://REGISTRY__EXAMPLE/: \"{CANARY}\"\n");
    for user in [&of_host, &of_address] {
        let config = config(user, &[], "");
        assert!(is_sent(&config, REMOTE));
        assert!(!is_sent(&config, "https://registry.example.evil.example/"));
        assert!(!is_sent(&config, "http://registry.example/"));
        assert!(!is_sent(&config, "https://other.example/"));
    }
    // A mirror that the repository sets gets no login of another host.
    let mirror = "BUNDLE_MIRROR__ALL: https://evil.example/\n";
    assert!(!is_sent(&config(&of_host, &[], mirror), REMOTE));
    let variable = [("REGISTRY__EXAMPLE", CANARY)];
    assert!(is_sent(&config("", &variable, ""), REMOTE));
    let inside = format!("https://me:{CANARY}@registry.example/");
    assert!(is_sent(&config("", &[], ""), &inside));
    let address = Address::parse(REMOTE).unwrap();
    assert_eq!(address.host(), Some("registry.example"));
}

#[test]
fn what_is_no_address_says_so() {
    let config = config("BUNDLE_MIRROR__ALL: nowhere\n", &[], "");
    assert!(base(&config, Some(REMOTE)).contains("the registry is "));
    let nothing = BundlerConfig::default();
    let error = nothing.endpoints("a", None, &[]).unwrap_err();
    assert!(error.hint().contains("mirror.all"), "{}", error.hint());
}
