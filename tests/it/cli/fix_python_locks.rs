//! `plan` and `fix` on lockfiles of Poetry, PDM and pipenv, against an index on this machine.

use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

use crate::support::program::{Sandbox, record};
use crate::support::server::Server;

const NOW: &str = "2026-02-01T00:00:00Z";

fn digest(text: &str) -> String {
    hex::encode(Sha256::digest(text))
}

fn wheel(name: &str, version: &str) -> String {
    format!("{name}-{version}-py3-none-any.whl")
}

/// An index with two versions of `kiln` and two of `clay`, which it needs.
fn index(server: &Server) {
    let releases: [(&str, &[(&str, &str)]); 2] = [
        ("kiln", &[("1.0", "clay<2"), ("1.1", "clay>=2")]),
        ("clay", &[("1.0", ""), ("2.0", "")]),
    ];
    for (name, versions) in releases {
        let files: Vec<Value> = versions
            .iter()
            .map(|(version, need)| {
                let wheel = wheel(name, version);
                let need = match need.is_empty() {
                    true => String::new(),
                    false => format!("Requires-Dist: {need}\n"),
                };
                let metadata = format!(
                    "Metadata-Version: 2.1\nName: {name}\nVersion: {version}\nSummary: Bakes \"{name}\"\nRequires-Python: >=3.8\n{need}\n"
                );
                server.put(&format!("/files/{wheel}.metadata"), metadata);
                json!({
                    "filename": wheel, "url": format!("/files/{wheel}"), "core-metadata": true, "requires-python": ">=3.8",
                    "hashes": {"sha256": digest(&wheel)}, "upload-time": "2026-01-30T00:00:00Z",
                })
            })
            .collect();
        let list = json!({"name": name, "files": files}).to_string();
        server.put(&format!("/simple/{name}/"), list);
    }
}

/// Scans, plans and fixes the project, whose lockfile and manifest are `(name, before, after)`.
fn fixes(server: &Server, files: [(&str, String, String); 2]) {
    index(server);
    let sandbox = Sandbox::new();
    for (name, before, _) in &files {
        sandbox.write(name, before.clone());
    }
    sandbox.git(&["init", "-q"]);
    sandbox.git(&["add", "."]);
    sandbox.git(&["commit", "-q", "-m", "first"]);
    let records = [record("GHSA-bad", "PyPI", "kiln", "0", Some("1.1"))];
    let database = sandbox.index("x.lkdb", &records, NOW);
    let run = |words: &[&str]| {
        let further = ["--db", &database, "--now", NOW];
        let line: Vec<&str> = words.iter().copied().chain(further).collect();
        sandbox.run(&line)
    };
    assert_eq!(run(&["scan", "-q"]).code, 1);
    let plan = run(&["plan"]);
    assert_eq!(plan.code, 0, "{}{}", plan.out, plan.err);
    for line in ["kiln 1.0 → 1.1", "==1.1 instead of ==1.0", "also clay 1.0 → 2.0"] {
        assert!(plan.out.contains(line), "{}", plan.out);
    }
    let fix = run(&["fix", "--format", "json"]);
    assert_eq!(fix.code, 0, "{}{}", fix.out, fix.err);
    for (name, _, after) in &files {
        let text = std::fs::read_to_string(sandbox.work().join(name)).expect("a file");
        assert_eq!(text, *after, "{name}");
    }
    assert_eq!(run(&["scan", "-q"]).code, 0);
    let again = run(&["fix"]);
    assert_eq!(again.code, 0, "{}{}", again.out, again.err);
}

#[test]
fn a_lockfile_of_pdm_is_fixed_with_its_manifest_and_hash() {
    let server = Server::start();
    let address = server.address("/simple");
    let package = |name: &str, version: &str, needs: &str| {
        format!(
            "\n[[package]]\nname = \"{name}\"\nversion = \"{version}\"\nrequires_python = \">=3.8\"\nsummary = \"Bakes \\\"{name}\\\"\"\ngroups = [\"default\"]\n{needs}files = [\n    {{file = \"{0}\", hash = \"sha256:{1}\"}},\n]\n",
            wheel(name, version),
            digest(&wheel(name, version))
        )
    };
    let lock = |kiln: &str, range: &str, clay: &str| {
        let json = format!(
            "{{\"dependencies\": [\"Kiln=={kiln}\"], \"dev-dependencies\": {{}}, \"optional-dependencies\": {{}}, \"requires-python\": \">=3.9\", \"resolution\": {{}}, \"sources\": [{{\"name\": \"pypi\", \"url\": \"{address}\"}}]}}"
        );
        format!(
            "[metadata]\ngroups = [\"default\"]\nstrategy = [\"inherit_metadata\"]\nlock_version = \"4.5.1\"\ncontent_hash = \"sha256:{}\"\n\n[[metadata.targets]]\nrequires_python = \">=3.9\"\n{}{}",
            digest(&json),
            package("clay", clay, ""),
            package(
                "kiln",
                kiln,
                &format!("dependencies = [\n    \"clay{range}\",\n]\n")
            ),
        )
    };
    let manifest = |kiln: &str| {
        format!(
            "[project]\nname = \"shop\"\nrequires-python = \">=3.9\"\ndependencies = [\"Kiln=={kiln}\"] # exactly\n\n[[tool.pdm.source]]\nname = \"pypi\"\nurl = \"{address}\"\n"
        )
    };
    fixes(
        &server,
        [
            ("pdm.lock", lock("1.0", "<2", "1.0"), lock("1.1", ">=2", "2.0")),
            ("pyproject.toml", manifest("1.0"), manifest("1.1")),
        ],
    );
}

#[test]
fn a_lockfile_of_poetry_is_fixed_with_its_manifest_and_hash() {
    let server = Server::start();
    let address = server.address("/simple");
    let package = |name: &str, version: &str, needs: &str| {
        format!(
            "[[package]]\nname = \"{name}\"\nversion = \"{version}\"\ndescription = \"Bakes \\\"{name}\\\"\"\noptional = false\npython-versions = \">=3.8\"\ngroups = [\"main\"]\nfiles = [\n    {{file = \"{0}\", hash = \"sha256:{1}\"}},\n]\n{needs}\n[package.source]\ntype = \"legacy\"\nurl = \"{address}\"\nreference = \"own\"\n\n",
            wheel(name, version),
            digest(&wheel(name, version)),
        )
    };
    let lock = |clay: &str, kiln: &str, range: &str| {
        let hash = digest(&format!(
            "{{\"dependencies\": {{\"kiln\": \"=={kiln}\", \"python\": \"^3.8\"}}, \"dev-dependencies\": null, \"extras\": null, \"source\": [{{\"name\": \"own\", \"url\": \"{address}\"}}]}}"
        ));
        format!(
            "# This file is automatically @generated by Poetry 2.5.1 and should not be changed by hand.\n\n{}{}[metadata]\nlock-version = \"2.1\"\npython-versions = \"^3.8\"\ncontent-hash = \"{hash}\"\n",
            package("clay", clay, ""),
            package(
                "kiln",
                kiln,
                &format!("\n[package.dependencies]\nclay = \"{range}\"\n")
            ),
        )
    };
    let manifest = |version: &str| {
        format!(
            "[tool.poetry.dependencies]\npython = \"^3.8\"\nkiln = \"=={version}\" # ours\n\n[[tool.poetry.source]]\nname = \"own\"\nurl = \"{address}\"\n"
        )
    };
    fixes(
        &server,
        [
            ("poetry.lock", lock("1.0", "1.0", "<2"), lock("2.0", "1.1", ">=2")),
            ("pyproject.toml", manifest("1.0"), manifest("1.1")),
        ],
    );
}

#[test]
fn a_lockfile_of_pipenv_is_fixed_with_its_manifest_and_hash() {
    let server = Server::start();
    let address = server.address("/simple");
    let package = |name: &str, version: &str, index: &str| {
        format!(
            "        \"{name}\": {{\n            \"hashes\": [\n                \"sha256:{}\"\n            ],\n{index}            \"markers\": \"python_version >= '3.8'\",\n            \"version\": \"=={version}\"\n        }}",
            digest(&wheel(name, version))
        )
    };
    let lock = |clay: &str, kiln: &str| {
        let hash = digest(&format!(
            "{{\"_meta\":{{\"requires\":{{\"python_version\":\"3.11\"}},\"sources\":[{{\"name\":\"own\",\"url\":\"{address}\",\"verify_ssl\":true}}]}},\"default\":{{\"kiln\":\"=={kiln}\"}},\"develop\":{{}}}}"
        ));
        format!(
            "{{\n    \"_meta\": {{\n        \"hash\": {{\n            \"sha256\": \"{hash}\"\n        }},\n        \"pipfile-spec\": 6,\n        \"requires\": {{\n            \"python_version\": \"3.11\"\n        }},\n        \"sources\": [\n            {{\n                \"name\": \"own\",\n                \"url\": \"{address}\",\n                \"verify_ssl\": true\n            }}\n        ]\n    }},\n    \"default\": {{\n{},\n{}\n    }},\n    \"develop\": {{}}\n}}\n",
            package("clay", clay, ""),
            package("kiln", kiln, "            \"index\": \"own\",\n"),
        )
    };
    let manifest = |version: &str| {
        format!(
            "[[source]]\nurl = \"{address}\"\nverify_ssl = true\nname = \"own\"\n\n[packages]\nkiln = \"=={version}\"\n\n[dev-packages]\n\n[requires]\npython_version = \"3.11\"\n"
        )
    };
    fixes(
        &server,
        [
            ("Pipfile.lock", lock("1.0", "1.0"), lock("2.0", "1.1")),
            ("Pipfile", manifest("1.0"), manifest("1.1")),
        ],
    );
}
