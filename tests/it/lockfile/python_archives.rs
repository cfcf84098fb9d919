//! Python packages that are named by the address of an archive: which of them are the registry's, and what their file names
//! say.

use lockkeeper::lockfile;
use lockkeeper::model::{Cost, Package, Source};

use crate::support::memory_tree::{MemoryTree, tree_path};

/// The packages of the one lockfile `name`, which lies at the top or in folders, as `name version source address`.
fn packages(name: &str, text: &str, others: &[(&str, &str)]) -> Vec<String> {
    let mut tree = MemoryTree::of([(name, text)]);
    for (path, text) in others {
        tree.insert(&tree_path(path), text.as_bytes());
    }
    let path = tree_path(name);
    let format = lockfile::format(name.rsplit('/').next().expect("a name")).expect("a format");
    let reading = lockfile::read(format, &path, text.as_bytes(), &tree);
    let blind = reading
        .parsed
        .problems
        .iter()
        .filter(|problem| problem.cost == Cost::Blind);
    assert_eq!(blind.count(), 0, "{:?}", reading.parsed.problems);
    let shown = |(_, package): (_, &Package)| {
        let address = match &package.source {
            Source::Registry(None) => "",
            Source::Registry(Some(address))
            | Source::OtherRegistry(address)
            | Source::Git(address)
            | Source::Path(address)
            | Source::Url(address) => address,
        };
        format!(
            "{} {} {} {address}",
            package.name,
            package.version,
            package.source.as_str()
        )
    };
    reading.parsed.graph.packages().map(shown).collect()
}

#[test]
fn requirements() {
    let text = "kiln @ https://wheels.example/whl/kiln-2.5.0%2Bcu121-cp311-cp311-linux_x86_64.whl\n\
         https://index.example/packages/ab/glaze-core-2.0.tar.gz#sha256=00\n\
         safe @ HTTPS://Index.Example:443/packages/other-1.0-py3-none-any.whl ; python_version > '3'\n\
         kept @ https://elsewhere.example/kept-1.0%2Bcpu-py3-none-any.whl\n\
         odd @ https://index.example/archive/main.zip\n\
         https://index.example/archive/odd-1-2.zip\n\
         https://token@registry.example/packages/x/Flat.File-3.0-py3-none-any.whl\n\
         clay @ https://registry.example/packages/x/clay-3.0-py3-none-any.whl\n\
         fork @ git+https://index.example/fork.git@1.0\n\
         ./wheels/local-1.0%2Bcpu-py3-none-any.whl\n\
         --index-url https://user:secret@index.example/team/simple\n\
         --extra-index-url=https://wheels.example/whl/cu121\n";
    assert_eq!(
        packages("requirements.txt", text, &[]),
        [
            "kiln 2.5.0+cu121 registry https://wheels.example/whl/kiln-2.5.0%2Bcu121-cp311-cp311-linux_x86_64.whl",
            "glaze-core 2.0 registry https://index.example/packages/ab/glaze-core-2.0.tar.gz",
            "other 1.0 registry HTTPS://Index.Example:443/packages/other-1.0-py3-none-any.whl",
            "kept 1.0+cpu url https://elsewhere.example/kept-1.0%2Bcpu-py3-none-any.whl",
            "odd  url https://index.example/archive/main.zip",
            // 2 of `odd-1`, or 1.post2 of `odd`: it stays what is written.
            "odd-1 2 url https://index.example/archive/odd-1-2.zip",
            "Flat.File 3.0 registry https://****@registry.example/packages/x/Flat.File-3.0-py3-none-any.whl",
            "clay 3.0 registry https://registry.example/packages/x/clay-3.0-py3-none-any.whl",
            "fork 1.0 git https://index.example/fork.git#1.0",
            "local 1.0%2Bcpu path ./wheels/local-1.0%2Bcpu-py3-none-any.whl",
        ]
    );
}

/// The indexes of an included file are those of the whole installation, and an address may stand in a constraint.
#[test]
fn requirements_in_several_files() {
    let text = "-r indexes.in\n-c pins.in\nkiln @ https://index.example/a/kiln-1.0.tar.gz\nglaze\n";
    let others = [
        ("indexes.in", "-i https://index.example/simple\n"),
        (
            "pins.in",
            "glaze @ https://index.example/a/glaze-2.0-py3-none-any.whl\n",
        ),
    ];
    assert_eq!(
        packages("requirements.txt", text, &others),
        [
            "kiln 1.0 registry https://index.example/a/kiln-1.0.tar.gz",
            "glaze 2.0 registry https://index.example/a/glaze-2.0-py3-none-any.whl"
        ]
    );
}

#[test]
fn uv() {
    let package = |name: &str, version: &str, source: &str, rest: &str| {
        format!("[[package]]\nname = \"{name}\"\nversion = \"{version}\"\nsource = {{ {source} }}\n{rest}\n")
    };
    let text = [
        "version = 1\nrequires-python = \">=3.10\"\n".to_owned(),
        package(
            "clay",
            "3.0",
            "url = \"https://registry.example/packages/x/Clay-3.0-py3-none-any.whl\"",
            "",
        ),
        package(
            "glaze",
            "2.0",
            "registry = \"https://index.example/simple\"",
            "wheels = [\n    { url = \"https://files.example/g/glaze-2.0-py3-none-any.whl\" },\n]\n",
        ),
        package(
            "hidden",
            "9.9",
            "url = \"https://files.example/h/kiln-1.0%2Bcpu-py3-none-any.whl\"",
            "",
        ),
        package(
            "kept",
            "1.0",
            "url = \"https://elsewhere.example/kept-1.0.tar.gz\"",
            "",
        ),
        package(
            "tile",
            "1.0",
            "url = \"https://index.example/tile-1.0.tar.gz\"",
            "",
        ),
        // uv tries `registry` before all others, and `url` before folders.
        package(
            "twofold",
            "1.0",
            "virtual = \".\", registry = \"https://index.example/simple\"",
            "",
        ),
        package(
            "twofold-too",
            "1.0",
            "path = \"x\", url = \"https://index.example/twofold_too-1.0.tar.gz\"",
            "",
        ),
    ]
    .join("\n");
    assert_eq!(
        packages("uv.lock", &text, &[]),
        [
            "clay 3.0 registry https://registry.example/packages/x/Clay-3.0-py3-none-any.whl",
            "glaze 2.0 registry https://index.example/simple",
            "kiln 1.0+cpu registry https://files.example/h/kiln-1.0%2Bcpu-py3-none-any.whl",
            "kept 1.0 url https://elsewhere.example/kept-1.0.tar.gz",
            "tile 1.0 registry https://index.example/tile-1.0.tar.gz",
            "twofold 1.0 registry https://index.example/simple",
            "twofold-too 1.0 registry https://index.example/twofold_too-1.0.tar.gz",
        ]
    );
}

#[test]
fn poetry() {
    let package = |name: &str, version: &str, kind: &str, url: &str| {
        format!(
            "[[package]]\nname = \"{name}\"\nversion = \"{version}\"\n\n[package.source]\ntype = \"{kind}\"\nurl = \"{url}\"\n\n"
        )
    };
    let text = [
        package(
            "clay",
            "3.0",
            "url",
            "https://registry.example/packages/x/clay-3.0.tar.gz",
        ),
        package("glaze", "2.0", "legacy", "https://index.example/simple"),
        package(
            "hidden",
            "9.9",
            "url",
            "https://index.example/h/kiln-1.0-py3-none-any.whl",
        ),
        package("kept", "1.0", "url", "https://elsewhere.example/kept-1.0.tar.gz"),
        package(
            "tile",
            "1.0",
            "url",
            "https://wheels.example/tile-1.0-py3-none-any.whl",
        ),
        package("local", "1.0", "file", "dist/local-1.0.tar.gz"),
        "[metadata]\nlock-version = \"2.1\"\n".to_owned(),
    ]
    .concat();
    let project = "[tool.poetry]\nname = \"desk\"\nversion = \"1\"\n[tool.poetry.dependencies]\nclay = \"*\"\n\
                   [[tool.poetry.source]]\nname = \"wheels\"\nurl = \"https://wheels.example/whl\"\n";
    assert_eq!(
        packages("poetry.lock", &text, &[("pyproject.toml", project)]),
        [
            "clay 3.0 registry https://registry.example/packages/x/clay-3.0.tar.gz",
            "glaze 2.0 registry https://index.example/simple",
            "kiln 1.0 registry https://index.example/h/kiln-1.0-py3-none-any.whl",
            "kept 1.0 url https://elsewhere.example/kept-1.0.tar.gz",
            "tile 1.0 registry https://wheels.example/tile-1.0-py3-none-any.whl",
            "local 1.0 path dist/local-1.0.tar.gz",
        ]
    );
}

#[test]
fn pipenv() {
    let text = r#"{
            "_meta": {"sources": [
                {"name": "one", "url": "https://index.example/simple"},
                {"name": "two", "url": "https://wheels.example:8443/whl"}
            ]},
            "default": {
                "clay": {"file": "https://registry.example/packages/x/clay-3.0.zip"},
                "hidden": {"file": "https://index.example/h/kiln-1.0%2Bcpu-py3-none-any.whl", "version": "==9.9"},
                "kept": {"file": "https://elsewhere.example/kept-1.0.tar.gz"},
                "tile": {"file": "https://wheels.example:8443/tile-1.0-py3-none-any.whl"}
            }
        }"#;
    assert_eq!(
        packages("Pipfile.lock", text, &[]),
        [
            "clay 3.0 registry https://registry.example/packages/x/clay-3.0.zip",
            "kiln 1.0+cpu registry https://index.example/h/kiln-1.0%2Bcpu-py3-none-any.whl",
            "kept  url https://elsewhere.example/kept-1.0.tar.gz",
            "tile 1.0 registry https://wheels.example:8443/tile-1.0-py3-none-any.whl",
        ]
    );
}

/// Indexes that settings beside a lockfile or above it name. Which of them a tool reads was tried with uv 0.13.9 and pip 26.3.
#[test]
fn settings_in_the_tree_name_indexes() {
    let named = [
        ("uv.toml", "index-url = \"https://wheels.example/simple\"\n"),
        (
            "uv.toml",
            "extra-index-url = [\"https://other.example/x\", \"https://wheels.example/simple\"]\n",
        ),
        (
            "uv.toml",
            "[pip]\nextra-index-url = [\"https://wheels.example/simple\"]\n",
        ),
        (
            "uv.toml",
            "[[index]]\nname = \"wheels\"\nurl = \"https://wheels.example/simple\"\nexplicit = true\n",
        ),
        (
            "pyproject.toml",
            "[[tool.uv.index]]\nurl = \"https://wheels.example/simple\"\n",
        ),
        (
            "pyproject.toml",
            "[tool.uv]\nindex-url = \"https://u:p@wheels.example/simple\"\n",
        ),
        (
            "pyproject.toml",
            "[tool.uv.pip]\nindex-url = \"https://wheels.example/simple\"\n",
        ),
        (
            "pyproject.toml",
            "[[tool.poetry.source]]\nname = \"a\"\nurl = \"https://wheels.example/simple\"\n",
        ),
        (
            "pyproject.toml",
            "[[tool.pdm.source]]\nname = \"a\"\nurl = \"https://wheels.example/simple\"\n",
        ),
        (
            "Pipfile",
            "[[source]]\nname = \"a\"\nurl = \"https://wheels.example/simple\"\n[packages]\n",
        ),
        (
            "pip.conf",
            "[global]\nindex-url = https://wheels.example/simple\n",
        ),
        (
            "pip.conf",
            "[install]\n# c\nExtra_Index_URL:\n    https://other.example/x\n\n    ; c\n    https://wheels.example/simple\n",
        ),
        (
            ".pip/pip.conf",
            "[global]\r\n--index-url=https://wheels.example/simple\r\n",
        ),
        (
            "pip.ini",
            "[global]\nindex-url = https://other.example/x\n[wheel]\nindex_url = https://wheels.example/simple\n",
        ),
    ];
    let unnamed = [
        ("uv.toml", "find-links = [\"https://wheels.example/simple\"]\n"),
        (
            "uv.toml",
            "[tool.uv]\nindex-url = \"https://wheels.example/simple\"\n",
        ),
        (
            "pyproject.toml",
            "[tool.other]\nindex-url = \"https://wheels.example/simple\"\n",
        ),
        (
            "pyproject.toml",
            "[tool.uv.sources]\nkiln = { url = \"https://wheels.example/a/kiln-1.0.tar.gz\" }\n",
        ),
        (
            "pip.conf",
            "[global]\n# index-url = https://wheels.example/simple\ntrusted-host = wheels.example\n",
        ),
        (
            "pip.conf",
            "[global]\nindex-url = https://other.example/x\nproxy =\n    https://wheels.example/simple\n",
        ),
        (
            "deeper/uv.toml",
            "index-url = \"https://wheels.example/simple\"\n",
        ),
        ("pip.txt", "[global]\nindex-url = https://wheels.example/simple\n"),
    ];
    let address = "https://wheels.example/a/kiln-1.0.tar.gz";
    let uv = format!(
        "version = 1\n[[package]]\nname = \"kiln\"\nversion = \"1.0\"\nsource = {{ url = \"{address}\" }}\n"
    );
    let poetry = format!(
        "[[package]]\nname = \"kiln\"\nversion = \"1.0\"\n[package.source]\ntype = \"url\"\nurl = \"{address}\"\n[metadata]\nlock-version = \"2.1\"\n"
    );
    let requirements = format!("kiln @ {address}\n");
    let all = named.map(|row| (row, "registry")).into_iter();
    for ((file, settings), source) in all.chain(unnamed.map(|row| (row, "url"))) {
        for (lock, text) in [
            ("uv.lock", &uv),
            ("poetry.lock", &poetry),
            ("requirements.txt", &requirements),
        ] {
            for (folder, below) in [("", ""), ("a/b/", "a/b/"), ("a/b/", "")] {
                let found = packages(
                    &format!("{folder}{lock}"),
                    text,
                    &[(&format!("{below}{file}"), settings)],
                );
                assert_eq!(
                    found,
                    [format!("kiln 1.0 {source} {address}")],
                    "{lock} {file} {settings}"
                );
            }
        }
    }
    // Settings do not say which index serves what is asked for by name: pip reads those of a tree nowhere by itself.
    let private = [(
        "pip.conf",
        "[global]\nindex-url = https://wheels.example/simple\n",
    )];
    assert_eq!(
        packages("requirements.txt", "kiln==1.0\n", &private),
        ["kiln 1.0 registry "]
    );
}
