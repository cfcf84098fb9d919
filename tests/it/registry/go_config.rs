//! Go's configuration: which proxies are asked for a module, which never are, and which login goes where.

use std::collections::BTreeMap;

use lockkeeper::registry::go_config::{GoConfig, Sources};
use lockkeeper::registry::{Configuration as _, RegistryError};

const CANARY: &str = "canary-90d1";

fn config(environment: &[(&str, &str)], user: &str, installed: &str) -> GoConfig {
    let owned = environment
        .iter()
        .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
    GoConfig::of(&Sources {
        environment: owned.collect::<BTreeMap<_, _>>(),
        user: Some(user.to_owned()),
        installed: Some(installed.to_owned()),
        netrc: Some(format!(
            "machine b.example login me password {CANARY}\nmachine other.example login me password {CANARY}\n"
        )),
        notes: Vec::new(),
    })
}

const INSTALLED: &str = "# Defaults.\nGOPROXY=https://installed.example,direct\nGOSUMDB=sums.example\n";

fn bases(config: &GoConfig, module: &str, named: &[&str]) -> Vec<String> {
    match config.endpoints(module, None, named) {
        Ok(endpoints) => endpoints
            .iter()
            .map(|endpoint| endpoint.base.to_string())
            .collect(),
        Err(error) => vec![error.to_string()],
    }
}

#[test]
fn the_environment_then_the_users_file_then_the_installed_one() {
    for (environment, user, expected) in [
        (vec![], "", vec!["https://installed.example/"]),
        (vec![("GOPROXY", "")], "", vec!["https://installed.example/"]),
        (
            vec![],
            "GOPROXY=https://a.example/go|https://b.example\n",
            vec!["https://a.example/go", "https://b.example/"],
        ),
        (
            vec![(
                "GOPROXY",
                "proxy.example, https://b.example ,direct,https://late.example",
            )],
            "GOPROXY=https://a.example",
            vec!["https://proxy.example/", "https://b.example/"],
        ),
        (vec![("GOPROXY", "off")], "", vec!["GOPROXY is off"]),
        (
            vec![("GOPROXY", "https://a.example,off,https://b.example")],
            "",
            vec!["https://a.example/"],
        ),
        (
            vec![("GOPROXY", "direct")],
            "",
            vec!["GOPROXY is direct, and repositories are not asked"],
        ),
    ] {
        let config = config(&environment, user, INSTALLED);
        assert_eq!(
            bases(&config, "m.example", &["https://policy.example/"]),
            expected,
            "{environment:?} {user}"
        );
    }
    let nothing = config(&[], "", "");
    assert_eq!(
        bases(&nothing, "m.example", &["https://policy.example/go"]),
        ["https://policy.example/go"]
    );
    assert!(matches!(
        nothing.endpoints("m.example", None, &[]),
        Err(RegistryError::Nowhere { .. })
    ));
}

#[test]
fn private_modules_are_asked_for_nowhere() {
    let environment = [
        ("GOPRIVATE", "*.corp.example, git.example/own/*"),
        ("GOPROXY", "https://a.example"),
    ];
    let private = config(&environment, "", INSTALLED);
    for (module, is_private) in [
        ("x.corp.example/a/b", true),
        ("corp.example/a", false),
        ("y.x.corp.example", true),
        ("git.example/own/a/v2", true),
        ("git.example/own", false),
        ("git.example/owner/a", false),
    ] {
        let refused = private.endpoints(module, None, &[]).is_err();
        assert_eq!(
            (refused, private.proofs(module).is_err()),
            (is_private, is_private),
            "{module}"
        );
    }
    let error = private.endpoints("x.corp.example", None, &[]).unwrap_err();
    assert_eq!(
        error.to_string(),
        "GOPRIVATE says that no proxy has it, and its repository is not asked"
    );
    // GONOPROXY and GONOSUMDB each take the place of GOPRIVATE.
    let environment = [
        ("GOPRIVATE", "m.example"),
        ("GONOPROXY", "n.example"),
        ("GONOSUMDB", "o.example"),
    ];
    let split = config(&environment, "", INSTALLED);
    let (asked, proven) = (
        |module| split.endpoints(module, None, &[]).is_ok(),
        |module| split.proofs(module).is_ok(),
    );
    assert_eq!(
        ["m.example", "n.example", "o.example"].map(asked),
        [true, false, true]
    );
    assert_eq!(
        ["m.example", "n.example", "o.example"].map(proven),
        [true, true, false]
    );
}

#[test]
fn the_checksum_database_is_asked_through_proxies_first() {
    let proofs = |value: &str| -> Vec<String> {
        let config = config(&[("GOSUMDB", value), ("GOPROXY", "https://a.example/go")], "", "");
        match config.proofs("m.example") {
            Ok(endpoints) => endpoints
                .iter()
                .map(|endpoint| endpoint.base.to_string())
                .collect(),
            Err(error) => vec![error.to_string()],
        }
    };
    let by_name = ["https://a.example/go/sumdb/sums.example", "https://sums.example/"];
    assert_eq!(proofs("sums.example"), by_name);
    assert_eq!(proofs("sums.example+033de0ae+Ac4z"), by_name);
    assert_eq!(
        proofs("sums.example+033de0ae+Ac4z https://mirror.example/x"),
        [
            "https://a.example/go/sumdb/sums.example",
            "https://mirror.example/x"
        ]
    );
    assert_eq!(proofs("off"), ["GOSUMDB names no checksum database"]);
}

#[test]
fn logins_go_to_their_own_host() {
    let environment = [(
        "GOPROXY",
        "https://a.example,https://b.example:8443/go,https://me:canary-in-address@c.example/go",
    )];
    let config = config(&environment, "", "");
    let endpoints = config.endpoints("m.example", None, &[]).unwrap();
    let shown: Vec<String> = endpoints
        .iter()
        .map(|endpoint| format!("{} {:?}", endpoint.base, endpoint.credential))
        .collect();
    assert_eq!(
        shown,
        [
            "https://a.example/ None",
            "https://b.example:8443/go Some(Credential(//b.example:8443/))",
            "https://c.example/go Some(Credential(//c.example/))"
        ]
    );
    let text = format!("{config:?}");
    assert!(!text.contains("canary"), "{text}");
    let none = GoConfig::of(&Sources {
        environment: BTreeMap::from([
            ("GOPROXY".to_owned(), "https://b.example".to_owned()),
            ("GOAUTH".to_owned(), "off".to_owned()),
        ]),
        netrc: Some(format!("machine b.example login me password {CANARY}")),
        ..Sources::default()
    });
    assert!(
        none.endpoints("m.example", None, &[]).unwrap()[0]
            .credential
            .is_none()
    );
}

#[test]
fn what_cannot_be_used_is_said_without_the_secret() {
    let config = config(
        &[
            ("GOPROXY", "file:///srv/go,https://me:canary@/x,https://a.example"),
            ("GOAUTH", "git /srv/x"),
            ("GOSUMDB", "sums.example ://"),
        ],
        "",
        "",
    );
    assert_eq!(bases(&config, "m.example", &[]), ["https://a.example/"]);
    let notes = config.notes().join("\n");
    assert!(
        notes.contains("proxies at file: addresses are not read"),
        "{notes}"
    );
    assert!(notes.contains("GOAUTH"), "{notes}");
    assert!(notes.contains("GOSUMDB"), "{notes}");
    assert!(!notes.contains("canary"), "{notes}");
}
