//! What may be in `Cargo.lock`, by the lists of `deny.toml`: the names everywhere, the licences of what is built here.
//! `cargo deny check bans licenses sources` says the same, and the licences of other platforms too.

use std::process::Command;

use lockkeeper::text::toml;
use lockkeeper::text::tree::Value;
use serde::Deserialize;
use spdx::{Expression, ParseMode};

use crate::architecture::{read, root};

/// The part of `cargo metadata` that is read.
#[derive(Deserialize)]
struct Metadata {
    packages: Vec<Package>,
    resolve: Resolve,
}

#[derive(Deserialize)]
struct Package {
    id: String,
    name: String,
    license: Option<String>,
    source: Option<String>,
}

/// What is built on this platform.
#[derive(Deserialize)]
struct Resolve {
    nodes: Vec<Node>,
}

#[derive(Deserialize)]
struct Node {
    id: String,
}

/// Licences that are allowed to all, and crates with the further ones that each may have.
struct Licenses {
    allowed: Vec<String>,
    exceptions: Vec<(String, Vec<String>)>,
}

impl Licenses {
    fn read(rules: Value<'_>) -> Self {
        let rules = rules.get("licenses").expect("a table of licences");
        Self {
            allowed: texts(rules, "allow"),
            exceptions: (rules.get("exceptions").into_iter())
                .flat_map(Value::items)
                .map(|entry| {
                    (
                        entry.str("crate").expect("a crate").into_owned(),
                        texts(entry, "allow"),
                    )
                })
                .collect(),
        }
    }

    fn allow(&self, package: &Package) -> bool {
        let Some(license) = &package.license else {
            return false;
        };
        let expression = Expression::parse_mode(license, ParseMode::LAX).expect("an SPDX expression");
        expression.evaluate(|wanted| {
            let wanted = wanted.to_string();
            let own = self.exceptions.iter().filter(|(name, _)| *name == package.name);
            self.allowed.contains(&wanted) || own.flat_map(|(_, also)| also).any(|also| *also == wanted)
        })
    }
}

/// The texts in the list under `key`.
fn texts(table: Value<'_>, key: &str) -> Vec<String> {
    (table.get(key).into_iter())
        .flat_map(Value::items)
        .map(|item| item.as_str().expect("a text").into_owned())
        .collect()
}

fn host() -> String {
    let ran = Command::new("rustc").arg("-vV").output().expect("rustc");
    let text = String::from_utf8(ran.stdout).expect("text");
    let line = text.lines().find_map(|line| line.strip_prefix("host: "));
    line.expect("the line of the host").to_owned()
}

/// What is built here, as cargo says it without network.
fn built() -> Vec<Package> {
    let ran = Command::new("cargo")
        .args(["metadata", "--format-version=1", "--locked", "--offline"])
        .args(["--filter-platform", &host()])
        .current_dir(root())
        .output()
        .expect("cargo");
    assert!(ran.status.success(), "{}", String::from_utf8_lossy(&ran.stderr));
    let Metadata { packages, resolve } = serde_json::from_slice(&ran.stdout).expect("metadata");
    let is_built = |package: &Package| resolve.nodes.iter().any(|node| node.id == package.id);
    packages.into_iter().filter(is_built).collect()
}

#[test]
fn no_crate_is_one_that_we_ban() {
    let rules = read("deny.toml");
    let rules = toml::read(&rules);
    let bans = rules.root().get("bans").expect("a table of bans");
    let banned: Vec<_> = (bans.get("deny").into_iter())
        .flat_map(Value::items)
        .map(|entry| entry.str("crate").expect("a crate").into_owned())
        .collect();
    assert!(banned.len() > 5, "{banned:?}");
    let lock = read("Cargo.lock");
    let lock = toml::read(&lock);
    let packages = lock.root().get("package").expect("packages");
    let names: Vec<_> = packages
        .items()
        .filter_map(|package| package.str("name"))
        .collect();
    assert!(names.len() > 200, "{} packages", names.len());
    for name in &names {
        assert!(
            !banned.iter().any(|banned| banned == name),
            "{name} is banned by deny.toml"
        );
    }
}

#[test]
fn licenses_and_sources_of_what_is_built_are_those_that_we_allow() {
    let rules = read("deny.toml");
    let rules = toml::read(&rules);
    let licenses = Licenses::read(rules.root());
    let packages = built();
    assert!(packages.len() > 150, "{} packages", packages.len());
    let others = packages.iter().filter(|package| package.name != "lockkeeper");
    for Package { name, source, .. } in others {
        let source = source.as_deref().unwrap_or("a folder");
        assert!(source.starts_with("registry+"), "{name} comes from {source}");
    }
    let refused: Vec<_> = (packages.iter())
        .filter(|package| !licenses.allow(package))
        .map(|package| (&package.name, &package.license))
        .collect();
    assert!(refused.is_empty(), "deny.toml does not allow {refused:?}");
}

#[test]
fn a_license_is_allowed_by_its_expression() {
    let rules = r#"
        [licenses]
        allow = ["MIT", "Apache-2.0 WITH LLVM-exception"]
        exceptions = [{ crate = "kiln", allow = ["CDLA-Permissive-2.0"] }]
    "#;
    let rules = toml::read(rules);
    let licenses = Licenses::read(rules.root());
    for (name, license, is_allowed) in [
        ("other", "MIT", true),
        ("other", "MIT/Apache-2.0", true),
        ("other", "Apache-2.0 OR MIT", true),
        ("other", "Apache-2.0 AND MIT", false),
        ("other", "Apache-2.0 WITH LLVM-exception", true),
        ("other", "(Apache-2.0 OR GPL-3.0-only) AND MIT", false),
        ("other", "CDLA-Permissive-2.0", false),
        ("kiln", "CDLA-Permissive-2.0", true),
    ] {
        let package = Package {
            id: name.to_owned(),
            name: name.to_owned(),
            license: Some(license.to_owned()),
            source: None,
        };
        assert_eq!(licenses.allow(&package), is_allowed, "{name} {license}");
    }
}
