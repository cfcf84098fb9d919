//! npm's configuration: where packages come from, and which credential goes where.

use std::collections::BTreeMap;
use std::path::Path;
use std::process::Command;

use lockkeeper::registry::ConfigFile;
use lockkeeper::registry::RegistryError;
use lockkeeper::registry::npm_config::{NpmConfig, Sources};
use proptest::prelude::*;

const CANARY: &str = "canary-77aa";

fn file(place: &str, text: &str) -> ConfigFile {
    ConfigFile {
        place: place.to_owned(),
        text: text.to_owned(),
    }
}

fn sources(project: &str, user: &str) -> Sources {
    Sources {
        project: vec![file("app/.npmrc", project)],
        user: Some(file("~/.npmrc", user)),
        variables: BTreeMap::from([
            ("TOKEN".to_owned(), CANARY.to_owned()),
            ("HOST".to_owned(), "b.example".to_owned()),
        ]),
        ..Sources::default()
    }
}

fn base(config: &NpmConfig, package: &str, resolved: Option<&str>) -> String {
    match config.endpoint(package, resolved, ["https://policy.example/"]) {
        Ok(endpoint) => endpoint.base.to_string(),
        Err(error) => error.to_string(),
    }
}

/// The address that the credential for `package` is for.
fn credential(config: &NpmConfig, resolved: &str) -> Option<String> {
    let endpoint = config.endpoint("a", Some(resolved), []).unwrap();
    endpoint.credential.map(|credential| format!("{credential:?}"))
}

#[test]
fn the_lockfile_then_the_configuration_then_the_policy_says_where() {
    let config = NpmConfig::of(&sources(
        "@s:registry=https://s.example/npm",
        "registry=https://user.example",
    ));
    for (package, resolved, expected) in [
        ("a", None, "https://user.example/"),
        ("@s/a", None, "https://s.example/npm"),
        ("@t/a", None, "https://user.example/"),
        (
            "a",
            Some("https://locked.example/a/-/a-1.0.0.tgz"),
            "https://locked.example/",
        ),
        (
            "@s/a",
            Some("https://locked.example/x/@s/a/-/a-1.0.0.tgz"),
            "https://locked.example/x/",
        ),
        (
            "@s/a",
            Some("https://locked.example/@s%2fa/-/a-1.0.0.tgz"),
            "https://locked.example/",
        ),
        (
            "a",
            Some("https://locked.example/b/-/b-1.0.0.tgz"),
            "https://user.example/",
        ),
        (
            "a",
            Some("https://locked.example/archive.tgz"),
            "https://user.example/",
        ),
        ("a", Some("file:../a"), "https://user.example/"),
    ] {
        assert_eq!(
            base(&config, package, resolved),
            expected,
            "{package} {resolved:?}"
        );
    }
    let nothing = NpmConfig::of(&Sources::default());
    assert_eq!(base(&nothing, "a", None), "https://policy.example/");
    let error = nothing.endpoint("a", None, []).unwrap_err();
    assert!(error.hint().contains("npm_config_registry") && error.hint().contains("`registries`"));
    assert!(matches!(error, RegistryError::Nowhere { .. }));
}

#[test]
fn a_mirror_replaces_the_hosts_of_lockfiles_where_it_is_told_to() {
    let locked = Some("https://public.example/a/-/a-1.0.0.tgz");
    for (setting, expected) in [
        ("always", "https://mirror.example/"),
        ("public.example", "https://mirror.example/"),
        ("other.example", "https://public.example/"),
        ("never", "https://public.example/"),
    ] {
        let text = format!("registry=https://mirror.example\nreplace-registry-host={setting}");
        assert_eq!(
            base(&NpmConfig::of(&sources("", &text)), "a", locked),
            expected,
            "{setting}"
        );
    }
}

#[test]
fn the_first_that_sets_it_counts() {
    let mut sources = sources(
        "registry=https://project.example",
        "registry=https://user.example",
    );
    sources.project.push(file(
        ".npmrc",
        "registry=https://root.example\n@r:registry=https://r.example",
    ));
    sources.global = Some(file(
        "/etc/npmrc",
        "registry=https://global.example\n@g:registry=https://g.example",
    ));
    let config = NpmConfig::of(&sources);
    assert_eq!(base(&config, "a", None), "https://project.example/");
    assert_eq!(base(&config, "@r/a", None), "https://r.example/");
    assert_eq!(base(&config, "@g/a", None), "https://g.example/");
    sources.environment = BTreeMap::from([("registry".to_owned(), "https://environment.example".to_owned())]);
    assert_eq!(
        base(&NpmConfig::of(&sources), "a", None),
        "https://environment.example/"
    );
    sources.environment.clear();
    sources.project.clear();
    assert_eq!(base(&NpmConfig::of(&sources), "a", None), "https://user.example/");
}

#[test]
fn a_credential_is_that_of_the_longest_address() {
    let user = "//host.example/:_authToken=one\n//host.example/npm/:_authToken=two\n//host.example/npm/deep:_auth=dGhyZWU=\n\
        //login.example:8443/:username=me\n//login.example:8443/:_password=Y2FuYXJ5\n//half.example/:username=me\n//empty.example/:_authToken=";
    let config = NpmConfig::of(&sources("", user));
    for (resolved, expected) in [
        ("https://host.example/a/-/a-1.tgz", Some("//host.example/")),
        (
            "https://host.example/npm/a/-/a-1.tgz",
            Some("//host.example/npm/"),
        ),
        (
            "https://host.example/npm/deep/a/-/a-1.tgz",
            Some("//host.example/npm/deep"),
        ),
        (
            "https://host.example/npm/deeper/a/-/a-1.tgz",
            Some("//host.example/npm/"),
        ),
        ("https://host.example/other/a/-/a-1.tgz", Some("//host.example/")),
        ("https://host.example.evil.example/a/-/a-1.tgz", None),
        (
            "https://login.example:8443/a/-/a-1.tgz",
            Some("//login.example:8443/"),
        ),
        ("https://login.example/a/-/a-1.tgz", None),
        ("https://half.example/a/-/a-1.tgz", None),
        ("https://empty.example/a/-/a-1.tgz", None),
    ] {
        let expected = expected.map(|prefix| format!("Credential({prefix})"));
        assert_eq!(credential(&config, resolved), expected, "{resolved}");
    }
}

#[test]
fn variables_are_put_into_the_users_own_files() {
    let user = "//host.example/:_authToken=${TOKEN}\n@s:registry=https://${HOST}/x\n//${HOST}/:_authToken=${TOKEN}\n\
        //unset.example/:_authToken=${NOT_SET}\n//maybe.example/:_authToken=${NOT_SET?}\n@u:registry=https://${NOT_SET}/";
    let config = NpmConfig::of(&sources("", user));
    assert!(credential(&config, "https://host.example/a/-/a-1.tgz").is_some());
    assert!(credential(&config, "https://b.example/a/-/a-1.tgz").is_some());
    assert_eq!(credential(&config, "https://unset.example/a/-/a-1.tgz"), None);
    assert_eq!(credential(&config, "https://maybe.example/a/-/a-1.tgz"), None);
    assert_eq!(base(&config, "@s/a", None), "https://b.example/x");
    assert_eq!(
        base(&config, "@u/a", None),
        "~/.npmrc: `@u:registry` takes a variable that is not set"
    );
}

#[test]
fn a_file_of_the_repository_gets_no_variable() {
    let project = "//evil.example/:_authToken=${TOKEN}\n//evil.example/${TOKEN}/:_authToken=x\n@s:registry=https://evil.example/${TOKEN}/\n\
        //host.example/:_authToken=${TOKEN}\n//open.example/:_authToken=literal\nuserconfig=/etc/passwd";
    let config = NpmConfig::of(&sources(project, "//host.example/:_authToken=${TOKEN}"));
    assert_eq!(credential(&config, "https://evil.example/a/-/a-1.tgz"), None);
    assert_eq!(
        credential(&config, &format!("https://evil.example/{CANARY}/a/-/a-1.tgz")),
        None
    );
    // The user's own file has one for the same address.
    assert!(credential(&config, "https://host.example/a/-/a-1.tgz").is_some());
    assert!(credential(&config, "https://open.example/a/-/a-1.tgz").is_some());
    let error = config.endpoint("@s/a", None, []).unwrap_err();
    assert_eq!(
        error.to_string(),
        "app/.npmrc: `@s:registry` takes a variable of the environment, which no file of the repository gets"
    );
    assert!(!error.hint().is_empty());
    assert_eq!(
        config.notes(),
        [
            "app/.npmrc: `//evil.example/:_authToken` takes a variable of the environment, which no file of the repository gets",
            "app/.npmrc: `//host.example/:_authToken` takes a variable of the environment, which no file of the repository gets",
        ]
    );
    let shown = format!("{config:?}{error:?}{:?}", config.notes());
    assert!(!shown.contains(CANARY), "{shown}");
}

#[test]
fn what_cannot_be_used_is_said_without_the_secret() {
    let user = format!(
        "//a.example/:_authToken={CANARY} {CANARY}\n//b.example/:username=me\n//b.example/:_password=%{CANARY}\n//c.example/:certfile=/x\nregistry=ftp://{CANARY}@d.example"
    );
    let config = NpmConfig::of(&sources("", &user));
    assert_eq!(
        config.notes(),
        [
            "~/.npmrc: the credential for `//a.example/` is not used: it holds a character that no credential has",
            "~/.npmrc: the credential for `//b.example/` is not used: the password is not base64",
            "~/.npmrc: client certificates are not used (`//c.example/`)",
        ]
    );
    let error = config.endpoint("a", None, []).unwrap_err();
    let shown = format!("{config:?}{error}{error:?}");
    assert!(shown.contains("which is neither https nor http"), "{shown}");
    assert!(!shown.contains(CANARY), "{shown}");
}

/// `npm config get` of the same files and variables. What it puts into a project's file is not put in here.
#[test]
fn npm_itself_says_the_same() {
    if !Command::new("npm")
        .arg("--version")
        .output()
        .is_ok_and(|done| done.status.success())
    {
        println!("skipped: there is no npm");
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name);
    std::fs::create_dir_all(at("app")).unwrap();
    std::fs::write(at("app/package.json"), "{}").unwrap();
    let project = "@p:registry = \"https://p.example/x\"\n@both:registry=https://project.example/\n[section]\n@q:registry=https://no.example\n";
    let user = "@u:registry='https://${HOST}/u'\n@both:registry=https://user.example/\n@e:registry=https://user.example/\n@esc:registry=https://e.example/\\${HOST}\n\
        @miss:registry=https://m.example/${NOT_SET?}\n@twice:registry=https://1.example/\n@twice:registry=https://2.example/\nregistry=https://user.example/r/";
    let global = "@g:registry=https://g.example/\n@both:registry=https://global.example/\n";
    for (name, text) in [("app/.npmrc", project), ("user", user), ("global", global)] {
        std::fs::write(at(name), text).unwrap();
    }
    let environment = [
        ("npm_config_@e:registry", "https://environment.example/"),
        ("HOST", "host.example"),
    ];
    let mut sources = Sources {
        environment: BTreeMap::from([("@e:registry".to_owned(), environment[0].1.to_owned())]),
        project: vec![file("app/.npmrc", project)],
        user: Some(file("user", user)),
        global: Some(file("global", global)),
        ..Sources::default()
    };
    sources
        .variables
        .insert("HOST".to_owned(), "host.example".to_owned());
    let config = NpmConfig::of(&sources);
    for scope in ["@p", "@both", "@q", "@u", "@e", "@esc", "@miss", "@twice", "@g"] {
        let theirs = npm_gets(
            &at("app"),
            &at("user"),
            &at("global"),
            &environment,
            &format!("{scope}:registry"),
        );
        let ours = base(&config, &format!("{scope}/a"), None);
        let theirs = match theirs.as_str() {
            "undefined" => "https://user.example/r/".to_owned(),
            set => match lockkeeper::sys::web::Address::parse(set) {
                Ok(address) => address.to_string(),
                Err(error) => panic!("{scope}: {set:?}: {error}"),
            },
        };
        assert_eq!(ours, theirs, "{scope}");
    }
    let theirs = npm_gets(&at("app"), &at("user"), &at("global"), &environment, "registry");
    assert_eq!(base(&config, "a", None), theirs);
}

/// Which files are read on this machine, by npm and here.
#[test]
fn npm_itself_reads_the_same_files() {
    if !Command::new("npm")
        .arg("--version")
        .output()
        .is_ok_and(|done| done.status.success())
    {
        println!("skipped: there is no npm");
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name);
    let write = |name: &str, host: &str| {
        std::fs::create_dir_all(at(name).parent().unwrap()).unwrap();
        let text = format!("@a:registry=https://{host}.example/\n@{host}:registry=https://{host}.example/\n");
        std::fs::write(at(name), text).unwrap();
    };
    std::fs::create_dir_all(at("app")).unwrap();
    std::fs::write(at("app/package.json"), "{}").unwrap();
    write("home/.npmrc", "home");
    write("other", "other");
    write("global", "global");
    write("prefix/etc/npmrc", "prefix");
    let (home, other) = (
        at("home").display().to_string(),
        at("other").display().to_string(),
    );
    let (global, prefix) = (
        at("global").display().to_string(),
        at("prefix").display().to_string(),
    );
    for variables in [
        vec![("HOME", home.as_str())],
        vec![("HOME", &home), ("npm_config_userconfig", &other)],
        vec![("HOME", &home), ("NPM_CONFIG_USERCONFIG", "~/../other")],
        vec![("HOME", &home), ("npm_config_globalconfig", &global)],
        vec![("HOME", &home), ("npm_config_prefix", &prefix)],
        vec![("HOME", &home), ("PREFIX", &prefix)],
        vec![
            ("HOME", &home),
            ("NPM_CONFIG_@A:REGISTRY", "https://variable.example/"),
        ],
    ] {
        let ours = Command::new(std::env::current_exe().unwrap())
            .args([
                "--exact",
                "registry::npm_config::child_reads_files",
                "--ignored",
                "--nocapture",
            ])
            .current_dir(at("app"))
            .envs(variables.iter().copied())
            .output()
            .unwrap();
        let ours = String::from_utf8_lossy(&ours.stdout).into_owned();
        for scope in SCOPES {
            let theirs = Command::new("npm")
                .args(["config", "get", &format!("{scope}:registry")])
                .current_dir(at("app"))
                .env("npm_config_update_notifier", "false")
                .envs(variables.iter().copied())
                .output()
                .unwrap();
            let theirs = String::from_utf8(theirs.stdout).unwrap();
            let line = format!("{scope} {}", theirs.trim());
            assert!(
                ours.lines().any(|ours| ours == line),
                "{variables:?}: not {line:?}: {ours}"
            );
        }
    }
}

const SCOPES: [&str; 5] = ["@a", "@home", "@other", "@global", "@prefix"];

#[test]
#[ignore = "it runs in an environment of its own"]
fn child_reads_files() {
    let config = NpmConfig::of(&Sources::of_machine(Vec::new()));
    // The harness does not end its own line.
    println!();
    for scope in SCOPES {
        match config.endpoint(&format!("{scope}/a"), None, ["https://undefined.example"]) {
            Ok(endpoint) if endpoint.base.to_string() == "https://undefined.example/" => {
                println!("{scope} undefined")
            }
            Ok(endpoint) => println!("{scope} {}", endpoint.base),
            Err(error) => println!("{scope} {error}"),
        }
    }
}

proptest! {
    #[test]
    fn no_text_panics(text in "([@/:_a-z=\\\\\"'$\\{\\}?;#\\[\\]\n ]|\\$\\{TOKEN\\}|//h.example/:_authToken=|@s:registry=){0,20}") {
        let config = NpmConfig::of(&sources(&text, &text));
        let _endpoint = config.endpoint("@s/a", Some(&text), [text.as_str()]);
    }
}

fn npm_gets(folder: &Path, user: &Path, global: &Path, environment: &[(&str, &str)], key: &str) -> String {
    let output = Command::new("npm")
        .args(["config", "get", key])
        .current_dir(folder)
        .env("npm_config_userconfig", user)
        .env("npm_config_globalconfig", global)
        .env("npm_config_update_notifier", "false")
        .envs(environment.iter().copied())
        .output()
        .unwrap();
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    String::from_utf8(output.stdout).unwrap().trim().to_owned()
}
