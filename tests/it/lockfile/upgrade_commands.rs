//! Upgrade commands of formats, each as the tool takes it. `tests/native/commands` runs them.

use serde_json::Value;

use lockkeeper::lockfile::{self, Upgrade, UpgradeCommand};
use lockkeeper::model::{Asker, UpgradeBy};

use crate::support::program::{Sandbox, record};

#[test]
fn bun_upgrades_a_member_in_its_folder() {
    let format = lockfile::format("bun.lock").expect("the format");
    let askers = ["", "packages/one"].map(|folder| Asker::Manifest(folder.into()));
    let by = UpgradeBy::Askers(askers.into());
    let command = format.upgrade_command(&Upgrade {
        name: "left",
        from: "1.0.0",
        to: "1.0.1",
        direct: true,
        file_name: "bun.lock",
        by: Some(&by),
    });
    // A relative `--cwd` is taken twice by Bun 1.3.14.
    let both = "bun update left@1.0.1 && (cd packages/one && bun update left@1.0.1)";
    assert_eq!(command, UpgradeCommand::Run(both.to_owned()));
}

/// The upgrades that a scan of `files` lists.
fn upgrades(files: &[(&str, &str)], records: &[Value]) -> Vec<Value> {
    let sandbox = Sandbox::new();
    let index = sandbox.index("index.lkdb", records, "2026-02-01T00:00:00Z");
    for (name, text) in files {
        sandbox.write(name, *text);
    }
    let now = "2026-02-01T00:00:00Z";
    let ran = sandbox.run(&["scan", ".", "--db", &index, "--format", "json", "--now", now]);
    let document: Value = serde_json::from_str(&ran.out).expect("a document");
    document["upgrades"].as_array().expect("upgrades").clone()
}

/// The only upgrade has this command, or says to do by hand what begins so.
#[track_caller]
fn assert_way(files: &[(&str, &str)], (ecosystem, name, fixed): (&str, &str, &str), way: Result<&str, &str>) {
    let found = upgrades(files, &[record("A-1", ecosystem, name, "0", Some(fixed))]);
    assert_eq!(found.len(), 1, "{found:?}");
    let (command, by_hand) = (found[0]["command"].as_str(), found[0]["by_hand"].as_str());
    match way {
        Ok(expected) => assert_eq!((command, by_hand), (Some(expected), None)),
        Err(start) => {
            assert_eq!(command, None);
            let by_hand = by_hand.expect("what to do by hand");
            assert!(by_hand.starts_with(start), "{by_hand}");
        }
    }
}

const LEFT: (&str, &str, &str) = ("npm", "left", "1.0.1");

#[test]
fn npm_is_given_the_name_that_a_manifest_asks_by() {
    let lock = |root: &str, more: &str| {
        format!(
            r#"{{"lockfileVersion": 3, "packages": {{"": {{"name": "r", "workspaces": ["one"], {root}}},
                "node_modules/four": {{"name": "left", "version": "1.0.0"}}{more}}}}}"#
        )
    };
    let text = lock(r#""devDependencies": {"four": "npm:left@1.0.0"}"#, "");
    assert_way(
        &[("package-lock.json", &text)],
        LEFT,
        Ok("npm install four@npm:left@1.0.1"),
    );
    let one = r#", "node_modules/one": {"resolved": "one", "link": true}, "one": {"version": "1.0.0", "dependencies": {"four": "npm:left@1.0.0"}}"#;
    assert_way(
        &[("package-lock.json", &lock(r#""license": "MIT""#, one))],
        LEFT,
        Ok("(cd one && npm install four@npm:left@1.0.1)"),
    );
    let both = lock(
        r#""dependencies": {"four": "npm:left@1.0.0", "left": "1.0.0"}"#,
        r#", "node_modules/left": {"version": "1.0.0"}"#,
    );
    assert_way(
        &[("package-lock.json", &both)],
        LEFT,
        Ok("npm install left@1.0.1 && npm install four@npm:left@1.0.1"),
    );
    let old = r#"{"lockfileVersion": 1, "dependencies": {"four": {"version": "npm:left@1.0.0"}}}"#;
    let manifest = r#"{"dependencies": {"four": "npm:left@1.0.0"}}"#;
    assert_way(
        &[("package-lock.json", old), ("package.json", manifest)],
        LEFT,
        Ok("npm install four@npm:left@1.0.1"),
    );
}

#[test]
fn npm_overrides_are_changed_by_hand_where_they_keep_the_version_out() {
    let lock = r#"{"lockfileVersion": 3, "packages": {"": {"name": "r", "dependencies": {"right": "1.0.0"}},
        "node_modules/right": {"version": "1.0.0", "dependencies": {"left": "^1.0.0"}},
        "node_modules/left": {"version": "1.0.0"}}}"#;
    let by_hand = Err("`overrides` in package.json say its version");
    for (overrides, way) in [
        (r#"{"left": "1.0.0"}"#, by_hand),
        (r#"{"left@1": "1.0.0"}"#, by_hand),
        (r#"{"right": {"left": "1.0.0"}}"#, by_hand),
        (r#"{"right": {".": "1.0.0", "left": {".": "1.0.0"}}}"#, by_hand),
        // It allows the version.
        (r#"{"left": "^1.0.0"}"#, Ok("npm update left")),
        // Those of another instance, and of what the root asks for itself.
        (r#"{"other": {"left": "0.9.0"}}"#, Ok("npm update left")),
        (r#"{"left": "$left"}"#, Ok("npm update left")),
        (r#"{"right": "1.0.0"}"#, Ok("npm update left")),
    ] {
        let manifest = format!(r#"{{"dependencies": {{"right": "1.0.0"}}, "overrides": {overrides}}}"#);
        assert_way(
            &[("package-lock.json", lock), ("package.json", &manifest)],
            LEFT,
            way,
        );
    }
}

#[test]
fn pnpm_keeps_overrides_catalogs_folders_and_aliases_apart() {
    let lock = |top: &str, specifier: &str, name: &str, version: &str| {
        format!(
            "lockfileVersion: '9.0'\n\n{top}importers:\n\n  .:\n    dependencies:\n      {name}:\n        specifier: {specifier}\n        version: {version}\n\n\
             packages:\n\n  left@1.0.0:\n    resolution: {{integrity: sha512-AA==}}\n\n  own@file:own:\n    resolution: {{directory: own, type: directory}}\n\n\
             snapshots:\n\n  left@1.0.0: {{}}\n\n  own@file:own:\n    dependencies:\n      left: 1.0.0\n"
        )
    };
    let way = |text: &str, way| assert_way(&[("pnpm-lock.yaml", text)], LEFT, way);
    way(
        &lock("", "npm:left@1.0.0", "four", "left@1.0.0")
            .replace("    dependencies:\n      left: 1.0.0\n", ""),
        Ok("pnpm add four@npm:left@1.0.1"),
    );
    way(
        &lock("", "file:own", "own", "file:own"),
        Err("A folder that is no project of the workspace asks for it"),
    );
    way(
        &lock("overrides:\n  left: 1.0.0\n\n", "file:own", "own", "file:own"),
        Err("An override or a catalog says its version"),
    );
    way(
        &lock("", "'catalog:'", "left", "1.0.0").replace("    dependencies:\n      left: 1.0.0\n", ""),
        Err("An override or a catalog says its version"),
    );
}

#[test]
fn pnpm_says_what_to_do_where_a_caret_would_keep_the_version_out() {
    let lock = "lockfileVersion: '9.0'\n\nimporters:\n\n  .:\n    dependencies:\n      right:\n        specifier: 1.0.0\n        version: 1.0.0\n\n\
        packages:\n\n  right@1.0.0:\n    resolution: {integrity: sha512-AA==}\n\n  left@0.0.8:\n    resolution: {integrity: sha512-AA==}\n\n\
        snapshots:\n\n  right@1.0.0:\n    dependencies:\n      left: 0.0.8\n\n  left@0.0.8: {}\n";
    let far = ("npm", "left", "0.2.4");
    assert_way(
        &[("pnpm-lock.yaml", lock)],
        far,
        Err("Run `pnpm update left`. If the version stays"),
    );
    let near = ("npm", "left", "0.0.9");
    assert_way(
        &[("pnpm-lock.yaml", lock)],
        near,
        Err("Run `pnpm update left`. If the version stays"),
    );
    let lock = lock.replace("0.0.8", "1.0.0");
    assert_way(&[("pnpm-lock.yaml", &lock)], LEFT, Ok("pnpm update left"));
}

#[test]
fn bun_is_given_the_name_that_a_manifest_asks_by() {
    let lock = r#"{"lockfileVersion": 1, "workspaces": {"": {"name": "r", "dependencies": {"four": "npm:left@1.0.0"}}},
        "packages": {"four": ["left@1.0.0", "", {}, "sha512-AA=="]}}"#;
    assert_way(&[("bun.lock", lock)], LEFT, Ok("bun add four@npm:left@1.0.1"));
    let overridden = lock.replace(r#""packages""#, r#""overrides": {"left": "1.0.0"}, "packages""#);
    assert_way(
        &[("bun.lock", &overridden)],
        LEFT,
        Err("An override or a catalog says its version"),
    );
}

#[test]
fn yarn_1_says_what_keeps_the_old_version() {
    let head = "# yarn lockfile v1\n\n\n";
    let left = "  version \"1.0.0\"\n  resolved \"https://registry.example/left/-/left-1.0.0.tgz#00\"\n  integrity sha512-AA==\n\n";
    let right = "right@1.0.0:\n  version \"1.0.0\"\n  resolved \"https://registry.example/right/-/right-1.0.0.tgz#00\"\n  integrity sha512-AA==\n  dependencies:\n    left \"^1.0.0\"\n";
    let both = format!("{head}left@1.0.0, left@^1.0.0:\n{left}{right}");
    let asks = r#"{"dependencies": {"left": "1.0.0", "right": "1.0.0"}}"#;
    assert_way(
        &[("yarn.lock", &both), ("package.json", asks)],
        LEFT,
        Err("Run `yarn upgrade left@1.0.1`. Packages ask for it too"),
    );
    let resolved = r#"{"dependencies": {"right": "1.0.0"}, "resolutions": {"**/left": "1.0.0"}}"#;
    assert_way(
        &[("yarn.lock", &both), ("package.json", resolved)],
        LEFT,
        Err("`resolutions` in package.json"),
    );
    let alias = format!("{head}\"four@npm:left@1.0.0\":\n  name left\n{left}");
    let asks = r#"{"dependencies": {"four": "npm:left@1.0.0"}}"#;
    assert_way(
        &[("yarn.lock", &alias), ("package.json", asks)],
        LEFT,
        Ok("yarn add four@npm:left@1.0.1"),
    );
}

#[test]
fn later_yarns_follow_resolutions_catalogs_and_aliases() {
    let lock = |name: &str, range: &str| {
        format!(
            "__metadata:\n  version: 8\n  cacheKey: 10c0\n\n\"{name}@npm:{range}\":\n  version: 1.0.0\n  resolution: \"left@npm:1.0.0\"\n  checksum: 10c0/00\n  languageName: node\n  linkType: hard\n\n\
             \"r@workspace:.\":\n  version: 0.0.0-use.local\n  resolution: \"r@workspace:.\"\n  dependencies:\n    {name}: \"npm:{range}\"\n  languageName: unknown\n  linkType: soft\n"
        )
    };
    let alias = lock("four", "left@1.0.0");
    let asks = r#"{"name": "r", "dependencies": {"four": "npm:left@1.0.0"}}"#;
    assert_way(
        &[("yarn.lock", &alias), ("package.json", asks)],
        LEFT,
        Ok("yarn add four@npm:left@1.0.1"),
    );
    let plain = lock("left", "1.0.0");
    let asks = r#"{"name": "r", "dependencies": {"left": "1.0.0"}}"#;
    assert_way(
        &[("yarn.lock", &plain), ("package.json", asks)],
        LEFT,
        Ok("yarn up left@1.0.1"),
    );
    let resolved = r#"{"name": "r", "dependencies": {"left": "1.0.0"}, "resolutions": {"left": "1.0.0"}}"#;
    assert_way(
        &[("yarn.lock", &plain), ("package.json", resolved)],
        LEFT,
        Err("`resolutions` in package.json"),
    );
}

#[test]
fn a_vendored_module_is_copied_anew() {
    let module = "module a\n\ngo 1.22\n\nrequire example.com/left v1.0.0\n";
    let copies = "# example.com/left v1.0.0\n## explicit; go 1.22\nexample.com/left\n";
    let left = ("Go", "example.com/left", "1.0.1");
    assert_way(&[("go.mod", module)], left, Ok("go get example.com/left@v1.0.1"));
    let vendored = [("go.mod", module), ("vendor/modules.txt", copies)];
    assert_way(
        &vendored,
        left,
        Ok("go get example.com/left@v1.0.1 && go mod vendor"),
    );
    // The standard library is never copied.
    assert_way(&vendored, ("Go", "stdlib", "1.22.9"), Ok("go get go@1.22.9"));
    let work = [
        ("go.work", "go 1.22\n\nuse ./one\n"),
        ("one/go.mod", module),
        ("vendor/modules.txt", &format!("## workspace\n{copies}")),
    ];
    assert_way(
        &work,
        left,
        Ok("(cd one && go get example.com/left@v1.0.1 && go work vendor)"),
    );
}

#[test]
fn composer_is_asked_for_another_constraint_where_that_keeps_the_version_out() {
    let lock = r#"{"packages": [
        {"name": "acme/right", "version": "1.0.0", "require": {"acme/left": "^1.0"}},
        {"name": "acme/left", "version": "1.0.0"}], "packages-dev": []}"#;
    let left = ("Packagist", "acme/left", "1.0.1");
    let update = Ok("composer update acme/left:1.0.1 --with-all-dependencies");
    for (requires, way) in [
        (r#"{"acme/right": "*"}"#, update),
        (r#"{"acme/left": "~1.0.0"}"#, update),
        (
            r#"{"acme/left": "1.0.0"}"#,
            Err(
                "What asks for it does not allow that version: run `composer require acme/left:1.0.1 --with-all-dependencies`",
            ),
        ),
    ] {
        let manifest = format!(r#"{{"require": {requires}}}"#);
        assert_way(
            &[("composer.lock", lock), ("composer.json", &manifest)],
            left,
            way,
        );
    }
    let pinned = lock.replace("^1.0", "1.0.0");
    assert_way(
        &[
            ("composer.lock", &pinned),
            ("composer.json", r#"{"require": {"acme/right": "*"}}"#),
        ],
        left,
        Err("What asks for it does not allow that version: upgrade the package"),
    );
}

#[test]
fn uv_overrides_and_constraints_are_changed_by_hand() {
    let lock = |manifest: &str| {
        format!(
            "version = 1\nrequires-python = \">=3.12\"\n\n[manifest]\n{manifest}\n\n[[package]]\nname = \"left\"\nversion = \"1.0.0\"\n\
             source = {{ registry = \"https://registry.example/simple\" }}\n\n[[package]]\nname = \"r\"\nversion = \"0.1.0\"\nsource = {{ virtual = \".\" }}\n\
             dependencies = [{{ name = \"left\" }}]\n\n[package.metadata]\nrequires-dist = [{{ name = \"left\" }}]\n"
        )
    };
    let left = ("PyPI", "left", "1.0.1");
    for (manifest, way) in [
        ("", Ok("uv lock --upgrade-package left==1.0.1")),
        (
            "overrides = [{ name = \"left\", specifier = \"==1.0.0\" }]",
            Err("`override-dependencies` in pyproject.toml"),
        ),
        (
            "overrides = [{ name = \"left\", specifier = \">=1.0.0\" }]",
            Ok("uv lock --upgrade-package left==1.0.1"),
        ),
        (
            "constraints = [{ name = \"left\", specifier = \"==1.0.0\" }]",
            Err("What asks for it does not allow that version"),
        ),
    ] {
        assert_way(&[("uv.lock", &lock(manifest))], left, way);
    }
}

#[test]
fn pipenv_says_what_to_do_where_another_major_version_may_be_kept_out() {
    let lock = r#"{"_meta": {"hash": {"sha256": "00"}, "pipfile-spec": 6}, "default": {
        "right": {"index": "pypi", "version": "==1.0.0"}, "left": {"version": "==1.0.0"}}, "develop": {}}"#;
    let pipfile = "[packages]\nright = \"*\"\n";
    let files = [("Pipfile.lock", lock), ("Pipfile", pipfile)];
    assert_way(
        &files,
        ("PyPI", "left", "1.0.1"),
        Ok("pipenv upgrade --lock-only left"),
    );
    assert_way(
        &files,
        ("PyPI", "left", "2.0"),
        Err("Run `pipenv upgrade --lock-only left`. If the version stays"),
    );
    assert_way(
        &files,
        ("PyPI", "right", "2.0"),
        Ok("pipenv upgrade --lock-only right"),
    );
}

#[test]
fn a_property_of_a_profile_is_changed_by_hand() {
    let dependency = "<dependencies><dependency><groupId>org.acme</groupId><artifactId>core</artifactId><version>${core}</version></dependency></dependencies>";
    let pom = format!(
        "<project><modelVersion>4.0.0</modelVersion><groupId>a</groupId><artifactId>b</artifactId><version>1</version>\
         <profiles><profile><id>extra</id><properties><core>1.0.0</core></properties>{dependency}</profile></profiles></project>"
    );
    let core = ("Maven", "org.acme:core", "1.0.1");
    assert_way(&[("pom.xml", &pom)], core, Err("Change the version in the file"));
}

#[test]
fn a_pin_of_pip_names_the_flag_of_the_tools_that_write_it() {
    let left = ("PyPI", "left", "1.0.1");
    let found = upgrades(
        &[("requirements.txt", "left==1.0.0\n")],
        &[record("A-1", left.0, left.1, "0", Some(left.2))],
    );
    let by_hand = found[0]["by_hand"].as_str().expect("what to do by hand");
    assert!(
        by_hand.ends_with("compile it again with `--upgrade-package left==1.0.1`."),
        "{by_hand}"
    );
}
