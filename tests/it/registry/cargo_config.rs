//! Cargo's configuration: where crates come from, and which token goes where.

use std::collections::BTreeMap;

use lockkeeper::registry::cargo_config::{CargoConfig, Sources};
use lockkeeper::registry::{ConfigFile, Configuration as _};

const CANARY: &str = "canary-91c0";
const PUBLIC: &str = "registry+https://github.com/rust-lang/crates.io-index";

fn file(place: &str, text: &str) -> ConfigFile {
    ConfigFile {
        place: place.to_owned(),
        text: text.to_owned(),
    }
}

fn config(project: &str, user: &str, environment: &[(&str, &str)]) -> CargoConfig {
    let variables = environment
        .iter()
        .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
    CargoConfig::of(&Sources {
        project: vec![file("app/.cargo/config.toml", project)],
        user: Some(file("~/.cargo/config.toml", user)),
        environment: variables.collect::<BTreeMap<_, _>>(),
        ..Sources::default()
    })
}

/// The address that a crate of `source` is asked at, and whether a token goes along.
fn asked(config: &CargoConfig, source: &str) -> (String, bool) {
    match config.endpoints("a", Some(source), &["sparse+https://policy.example/index/"]) {
        Ok(endpoints) => (endpoints[0].base.to_string(), endpoints[0].credential.is_some()),
        Err(error) => (error.to_string(), false),
    }
}

#[test]
fn a_source_is_what_replaces_it_else_what_the_policy_names() {
    let replaced = "[source.crates-io]\nreplace-with = \"own\"\n[source.own]\nregistry = \"sparse+https://own.example/index/\"\n";
    for (project, user, environment, source, expected) in [
        ("", "", &[][..], PUBLIC, "https://policy.example/index/"),
        (replaced, "", &[], PUBLIC, "https://own.example/index/"),
        ("", replaced, &[], PUBLIC, "https://own.example/index/"),
        // The repository's file comes first.
        (
            replaced,
            "[source.own]\nregistry = \"sparse+https://other.example/\"\n",
            &[],
            PUBLIC,
            "https://own.example/index/",
        ),
        (
            "",
            "",
            &[],
            "sparse+https://own.example/index/",
            "https://own.example/index/",
        ),
        (
            "[source.crates-io]\nreplace-with = \"gone\"\n",
            "",
            &[],
            PUBLIC,
            "a source is replaced by `gone`, which is not there",
        ),
        (
            "[source.crates-io]\nreplace-with = \"a\"\n[source.a]\nregistry = \"sparse+https://a.example/\"\nreplace-with = \"a\"\n",
            "",
            &[],
            PUBLIC,
            "sources replace each other without end",
        ),
        (
            "[source.crates-io]\nreplace-with = \"kept\"\n[source.kept]\ndirectory = \"vendor\"\n",
            "",
            &[],
            PUBLIC,
            "Cargo takes its crates from \"vendor\" instead of a registry",
        ),
    ] {
        assert_eq!(
            asked(&config(project, user, environment), source).0,
            expected,
            "{project}{user}"
        );
    }
    // A repository of git cannot be asked.
    let error = config("", "", &[]).endpoints("a", Some("registry+https://git.example/index"), &[]);
    assert!(error.expect_err("nowhere").hint().contains(".cargo/config.toml"));
}

#[test]
fn a_token_goes_to_the_index_that_the_user_has_for_its_name() {
    let own = "sparse+https://own.example/index/";
    let index = format!("[registries.own]\nindex = \"{own}\"\n");
    let token = format!("[registries.own]\ntoken = \"{CANARY}\"\n");
    let both = format!("[registries.own]\nindex = \"{own}\"\ntoken = \"{CANARY}\"\n");
    let variables = [("REGISTRIES_OWN_TOKEN", CANARY)];
    let full = [("REGISTRIES_OWN_TOKEN", CANARY), ("REGISTRIES_OWN_INDEX", own)];
    for (project, user, environment, goes) in [
        ("", both.as_str(), &[][..], true),
        ("", "", &full[..], true),
        // Only the repository says which index the name means.
        (index.as_str(), token.as_str(), &[], false),
        (&index, "", &variables, false),
        // The repository's own token is not used.
        (&both, "", &[], false),
    ] {
        let config = config(project, user, environment);
        assert_eq!(
            asked(&config, own),
            ("https://own.example/index/".to_owned(), goes),
            "{project}{user}"
        );
        // Never to another place.
        assert!(!asked(&config, "sparse+https://other.example/index/").1);
        assert!(!asked(&config, PUBLIC).1);
        let notes = config.notes().join("\n");
        assert!(!notes.contains(CANARY), "{notes}");
        assert_eq!(notes.is_empty(), goes, "{notes}");
        assert!(!format!("{config:?}").contains(CANARY));
    }
}

#[test]
fn a_damaged_file_is_a_note() {
    let config = config("[source.crates-io\nreplace-with = ", "", &[]);
    assert!(
        config.notes()[0].contains("app/.cargo/config.toml"),
        "{:?}",
        config.notes()
    );
}
