//! A command is shown only where what asks for the package allows the version: else the tool refuses, or does nothing and
//! says nothing.

use serde_json::Value;

use crate::support::program::{Sandbox, record};

const NOW: &str = "2026-02-01T00:00:00Z";

/// Files by name.
type Files<'f> = &'f [(&'f str, &'f str)];

/// What to do about `left 1.0.1`, which 1.0.9 fixes: the command, or else what to do by hand.
fn upgrade(ecosystem: &str, files: Files<'_>) -> Result<String, String> {
    let sandbox = Sandbox::new();
    let records = [record("A-1", ecosystem, "left", "0", Some("1.0.9"))];
    let index = sandbox.index("index.lkdb", &records, NOW);
    for (name, text) in files {
        sandbox.write(name, text);
    }
    let ran = sandbox.run(&["scan", "--db", &index, "--format", "json", "--now", NOW]);
    let document = ran.json();
    let upgrade = &document["upgrades"][0];
    let text = |value: &Value| value.as_str().map(str::to_owned);
    match text(&upgrade["command"]) {
        Some(command) => Ok(command),
        None => Err(text(&upgrade["by_hand"]).unwrap_or_else(|| panic!("nothing to do in {document}"))),
    }
}

/// For each wish, whether there is a command.
fn check(wishes: &[(&str, bool)], of: impl Fn(&str) -> Result<String, String>, command: &str, hint: &str) {
    for (wish, is_allowed) in wishes {
        match (of(wish), is_allowed) {
            (Ok(shown), true) => assert_eq!(shown, command, "{wish}"),
            (Err(shown), false) => assert!(shown.contains(hint), "{wish}: {shown}"),
            (other, _) => panic!("{wish}: {other:?}"),
        }
    }
}

#[test]
fn poetry_changes_nothing_that_pyproject_or_a_package_pins() {
    let lock = |needs: &str| {
        format!(
            "[[package]]\nname = \"left\"\nversion = \"1.0.1\"\ngroups = [\"main\"]\nfiles = []\n\n\
             [[package]]\nname = \"right\"\nversion = \"2.0\"\ngroups = [\"main\"]\nfiles = []\n\n\
             [package.dependencies]\nleft = \"{needs}\"\n\n\
             [metadata]\nlock-version = \"2.1\"\npython-versions = \">=3.9\"\ncontent-hash = \"x\"\n"
        )
    };
    let wishes = [
        ("==1.0.1", false),
        ("1.0.1", false),
        ("<1.0.5", false),
        ("^1.0", true),
        ("~1.0.0", true),
        ("*", true),
    ];
    let command = "poetry update --lock left";
    let own = |wish: &str| {
        let project =
            format!("[tool.poetry.dependencies]\npython = \"^3.9\"\nleft = \"{wish}\"\nright = \"*\"\n");
        upgrade(
            "PyPI",
            &[("pyproject.toml", &project), ("poetry.lock", &lock("*"))],
        )
    };
    check(&wishes, own, command, "pyproject.toml");
    let standard = |wish: &str| {
        let project = format!(
            "[project]\nname = \"a\"\nversion = \"1\"\ndependencies = [\"left {wish}\", \"right\"]\n"
        );
        upgrade(
            "PyPI",
            &[("pyproject.toml", &project), ("poetry.lock", &lock("*"))],
        )
    };
    check(
        &[("(==1.0.1)", false), (">=1.0,<2", true)],
        standard,
        command,
        "pyproject.toml",
    );
    let brought = |wish: &str| upgrade("PyPI", &[("poetry.lock", &lock(wish))]);
    check(&wishes, brought, command, "the package that brings it");
}

#[test]
fn pipenv_changes_nothing_that_the_pipfile_pins() {
    let lock = r#"{"_meta": {"pipfile-spec": 6, "sources": []}, "default": {"left": {"version": "==1.0.1"}}, "develop": {}}"#;
    let of = |wish: &str| {
        let pipfile = format!("[packages]\n{wish}\n");
        upgrade("PyPI", &[("Pipfile", &pipfile), ("Pipfile.lock", lock)])
    };
    let wishes = [
        ("left = \"==1.0.1\"", false),
        ("Left = {version = \"<1.0.9\", extras = [\"x\"]}", false),
        ("left = \"*\"", true),
        ("left = \"~=1.0\"", true),
        ("right = \"==1.0.1\"", true),
    ];
    check(&wishes, of, "pipenv upgrade --lock-only left", "Pipfile");
}

#[test]
fn uv_refuses_what_its_project_pins() {
    let lock = |source: &str, wish: &str| {
        format!(
            "version = 1\n\n[[package]]\nname = \"app\"\nversion = \"1\"\nsource = {{ {source} }}\n\
             dependencies = [{{ name = \"left\" }}]\n\n[package.metadata]\n\
             requires-dist = [{{ name = \"left\", specifier = \"{wish}\" }}]\n\n\
             [[package]]\nname = \"left\"\nversion = \"1.0.1\"\nsource = {{ registry = \"https://registry.example/simple\" }}\n"
        )
    };
    let wishes = [
        ("==1.0.1", false),
        (">=1,<1.0.9", false),
        (">=1", true),
        ("~=1.0", true),
    ];
    let of = |wish: &str| upgrade("PyPI", &[("uv.lock", &lock("editable = \".\"", wish))]);
    check(&wishes, of, "uv lock --upgrade-package left==1.0.9", "`uv lock`");
    let script = |wish: &str| {
        let text = format!(
            "version = 1\n\n[manifest]\nrequirements = [{{ name = \"left\", specifier = \"{wish}\" }}]\n\n\
             [[package]]\nname = \"left\"\nversion = \"1.0.1\"\nsource = {{ registry = \"https://registry.example/simple\" }}\n"
        );
        upgrade("PyPI", &[("job.py.lock", &text)])
    };
    check(
        &wishes,
        script,
        "uv lock --script job.py --upgrade-package left==1.0.9",
        "`uv lock`",
    );
}

#[test]
fn cargo_refuses_what_a_manifest_pins() {
    let lock = "version = 4\n\n[[package]]\nname = \"app\"\nversion = \"1.0.0\"\ndependencies = [\"left\"]\n\n\
                [[package]]\nname = \"left\"\nversion = \"1.0.1\"\n\
                source = \"registry+https://github.com/rust-lang/crates.io-index\"\nchecksum = \"00\"\n";
    let command = "cargo update -p left@1.0.1 --precise 1.0.9";
    let wishes = [
        ("left = \"=1.0.1\"", false),
        ("left = { version = \">=1, <1.0.5\" }", false),
        ("l = { package = \"left\", version = \"=1.0.1\" }", false),
        ("left = \"1\"", true),
        ("right = \"=1.0.1\"", true),
        // It is for another version of the same name.
        ("left = \"=0.9.0\"", true),
        ("left = { path = \"left\", version = \"=1.0.1\" }", true),
    ];
    for table in [
        "dependencies",
        "dev-dependencies",
        "target.'cfg(unix)'.build-dependencies",
        "workspace.dependencies",
    ] {
        let of = |wish: &str| {
            let manifest = format!("[package]\nname = \"app\"\n\n[{table}]\n{wish}\n");
            upgrade("crates.io", &[("Cargo.toml", &manifest), ("Cargo.lock", lock)])
        };
        check(&wishes, of, command, "Cargo.toml");
    }
    let member = |wish: &str| {
        let root = "[workspace]\nmembers = [\"app\", \"../outside\", \"crates/*\"]\n";
        let manifest = format!("[package]\nname = \"app\"\n\n[dependencies]\n{wish}\n");
        upgrade(
            "crates.io",
            &[
                ("Cargo.toml", root),
                ("app/Cargo.toml", &manifest),
                ("Cargo.lock", lock),
            ],
        )
    };
    check(&wishes, member, command, "Cargo.toml");
    let alone = upgrade("crates.io", &[("Cargo.lock", lock)]);
    assert_eq!(alone.as_deref(), Ok(command));
}

#[test]
fn npm_goes_as_far_as_what_brings_a_package_allows() {
    let of = |wish: &str| {
        let lock = format!(
            r#"{{"lockfileVersion": 3, "packages": {{
                "": {{"name": "r", "dependencies": {{"right": "1.0.0"}}}},
                "node_modules/right": {{"version": "1.0.0", "dependencies": {{"left": "{wish}"}}}},
                "node_modules/left": {{"version": "1.0.1"}}}}}}"#
        );
        upgrade("npm", &[("package-lock.json", &lock)])
    };
    let wishes = [
        ("1.0.1", false),
        ("=1.0.1", false),
        (">=1.0.0 <1.0.9", false),
        ("1.0.0 - 1.0.8", false),
        ("1.0.1 || ^2.0.0", false),
        ("npm:left@1.0.1", false),
        ("^1.0.0", true),
        ("~1.0.1", true),
        ("1.x", true),
        ("1.0.1 || ^1.0.5", true),
        ("*", true),
        ("latest", true),
    ];
    check(&wishes, of, "npm update left", "overrides");
}
