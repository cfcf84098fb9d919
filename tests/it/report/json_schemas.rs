//! Every JSON document against its published schema (`docs/schema`), and docs/json.md against the schemas.

use std::collections::{BTreeMap, BTreeSet};

use lockkeeper::model::Failure;
use lockkeeper::report::{Length, json};
use serde_json::Value;

use crate::architecture::{read, root};
use crate::database::published;
use crate::report::grid as report_grid;
use crate::support::program::{Sandbox, cargo_lock, record};
use crate::support::{grids, outcomes};

/// The schemas by the name of their document: `scan`, `db-status`.
fn schemas() -> BTreeMap<String, Value> {
    let entries = std::fs::read_dir(root().join("docs/schema")).expect("a folder");
    let names = entries.map(|entry| {
        entry
            .expect("an entry")
            .file_name()
            .into_string()
            .expect("a name")
    });
    let schemas = names.map(|name| {
        let schema = serde_json::from_str(&read(&format!("docs/schema/{name}"))).expect("JSON");
        let name = name.strip_suffix(".schema.json").expect("the ending of a schema");
        (name.to_owned(), schema)
    });
    schemas.collect()
}

/// A published schema allows fields that later versions add; here it must know every field.
fn close(schema: &mut Value) {
    match schema {
        Value::Object(object) => {
            if object.contains_key("properties") {
                object.insert("additionalProperties".into(), false.into());
            }
            object.values_mut().for_each(close);
        }
        Value::Array(items) => items.iter_mut().for_each(close),
        _ => {}
    }
}

/// Holds documents against the schemas, and keeps in mind which were used.
struct Judge {
    validators: BTreeMap<String, jsonschema::Validator>,
    used: BTreeSet<String>,
}

impl Judge {
    fn new() -> Self {
        let validators = schemas().into_iter().map(|(name, mut schema)| {
            assert!(jsonschema::draft202012::meta::is_valid(&schema), "{name}");
            close(&mut schema);
            let options = jsonschema::draft202012::options().should_validate_formats(true);
            (name, options.build(&schema).expect("a schema"))
        });
        Self {
            validators: validators.collect(),
            used: BTreeSet::new(),
        }
    }

    fn check(&mut self, what: &str, document: &str) {
        let document: Value =
            serde_json::from_str(document).unwrap_or_else(|error| panic!("{what}: {error}\n{document}"));
        let name = document["schema"].as_str().expect("a schema");
        let name = name
            .strip_prefix("lockkeeper.")
            .and_then(|name| name.strip_suffix("/1"));
        let name = name.expect("lockkeeper.<name>/1");
        let validator = self
            .validators
            .get(name)
            .unwrap_or_else(|| panic!("no schema of {name}"));
        let errors = validator.iter_errors(&document);
        let errors: Vec<String> = errors
            .map(|error| format!("{}: {error}", error.instance_path()))
            .collect();
        assert!(
            errors.is_empty(),
            "{what}: lockkeeper.{name}/1: {}",
            errors.join("; ")
        );
        self.used.insert(name.to_owned());
    }
}

#[test]
fn every_document_fits_its_schema() {
    let mut judge = Judge::new();
    for (name, outcome) in outcomes::all() {
        judge.check(name, &outcomes::written("json", &outcome, 80, Length::Normal));
    }
    // The hostile grid has commits that no git names.
    for (name, grid) in grids::all().into_iter().filter(|(name, _)| *name != "hostile") {
        judge.check(name, &report_grid::written("json", &grid, 80, Length::Normal));
    }
    for (name, gate) in grids::gates() {
        judge.check(name, &report_grid::of_gate("json", &gate, 80, Length::Normal));
    }
    let mut text = Vec::new();
    json::explain(&outcomes::explanation(), &mut text).expect("a Vec takes everything");
    judge.check("explanation", &String::from_utf8(text).expect("UTF-8"));
    let failure =
        Failure::usage("one", "Mend it.").with_others(vec![Failure::usage("two", "Mend that too.")]);
    let mut text = Vec::new();
    json::error(&failure, &mut text).expect("a Vec takes everything");
    judge.check("failure", &String::from_utf8(text).expect("UTF-8"));

    by_the_program(&mut judge);
    let known: BTreeSet<String> = judge.validators.keys().cloned().collect();
    assert_eq!(judge.used, known, "a schema that no document was held against");
}

/// The documents of each command.
fn by_the_program(judge: &mut Judge) {
    let sandbox = Sandbox::new();
    sandbox.write("Cargo.lock", cargo_lock(&[("left", "1.0.0"), ("right", "2.0.0")]));
    sandbox.git(&["init", "--quiet", "."]);
    sandbox.git(&["add", "--all"]);
    sandbox.git(&["commit", "--quiet", "--message", "One"]);
    sandbox.git(&["tag", "v1"]);
    let records = [
        record("GHSA-aaaa-aaaa-aaaa", "crates.io", "left", "0", Some("1.5.0")),
        record("GHSA-bbbb-bbbb-bbbb", "crates.io", "right", "0", None),
    ];
    let db = sandbox.index("x.lkdb", &records, "2030-01-01");
    let osv = sandbox.path("x.lkdb-osv").to_str().expect("a path").to_owned();
    let other = sandbox.path("y.lkdb").to_str().expect("a path").to_owned();
    let source = sandbox.path("source.lkdb");
    published::compile(&source, 1);
    let source = source.to_str().expect("a path").to_owned();
    let mut key = String::new();
    for command in [
        "scan . --now 2030-01-02",
        "scan --refs main --now 2030-01-02",
        "scan --base v1 --now 2030-01-02",
        "scan --offline --db missing.lkdb",
        "status --history --metrics --now 2030-01-02",
        "refs --now 2030-01-02",
        "gate --release v1 --now 2030-01-02",
        "plan --now 2030-01-02",
        "fix --dry-run --now 2030-01-02",
        "backport --now 2030-01-02",
        "backport --commit HEAD --now 2030-01-02",
        "packages",
        "explain GHSA-aaaa-aaaa-aaaa --now 2030-01-02",
        "explain pkg:cargo/other --now 2030-01-02",
        "db build OSV --db OTHER",
        "db status --now 2030-01-02",
        "db verify",
        "db show GHSA-aaaa-aaaa-aaaa",
        "db search left",
        "db search lefd",
        "db diff DB OTHER",
        "db key secret",
        "db publish site --db SOURCE --key secret",
        "db update --from site --key KEY --offline --db fresh.lkdb",
        "db update --from SOURCE --ecosystem npm --offline --db whole.lkdb",
    ] {
        let words = command.split(' ').map(|word| match word {
            "OSV" => &osv,
            "DB" => &db,
            "OTHER" => &other,
            "SOURCE" => &source,
            "KEY" => &key,
            word => word,
        });
        let mut words: Vec<&str> = words.collect();
        words.extend(["--format", "json"]);
        let ran = sandbox.run_with(&words, &[("LOCKKEEPER_DB", &db)]);
        assert!(!ran.out.is_empty(), "{command}: {}", ran.err);
        judge.check(command, &ran.out);
        if command == "db key secret" {
            key = ran.json()["key"].as_str().expect("a key").to_owned();
        }
    }
    let manifest = std::fs::read_to_string(sandbox.work().join("site/lockkeeper-index.json"));
    judge.check("the manifest", &manifest.expect("a manifest"));
    let ran = sandbox.run(&["scan", "nowhere", "--errors", "json"]);
    judge.check("an error", &ran.err);
}

/// Parts of one name are one part, in whatever schema they stand.
#[test]
fn parts_are_the_same_in_every_schema() {
    let mut parts: BTreeMap<String, Value> = BTreeMap::new();
    for (name, schema) in schemas() {
        assert_eq!(schema["title"], format!("lockkeeper.{name}/1"));
        assert_eq!(schema["properties"]["schema"]["const"], schema["title"]);
        for (part, definition) in schema["$defs"].as_object().into_iter().flatten() {
            let known = parts.entry(part.clone()).or_insert_with(|| definition.clone());
            assert_eq!(known, definition, "{part} in {name}");
        }
    }
}

#[test]
fn the_page_of_json_names_every_field() {
    let page = read("docs/json.md");
    let mut expected: BTreeMap<String, Vec<(String, String)>> = BTreeMap::new();
    for (_, schema) in schemas() {
        let title = schema["title"].as_str().expect("a title").to_owned();
        expected.insert(title, fields(&schema, ""));
        for (part, definition) in schema["$defs"].as_object().into_iter().flatten() {
            expected.insert(part.clone(), fields(definition, ""));
        }
    }
    let mut told: BTreeMap<String, Vec<(String, String)>> = BTreeMap::new();
    for section in page.split("\n### ").skip(1) {
        let title = section.lines().next().unwrap_or_default().to_owned();
        let rows = section.lines().filter(|line| line.starts_with("| `"));
        let rows = rows.map(|row| {
            let cells: Vec<&str> = row.split(" | ").collect();
            let field = cells[0].trim_start_matches("| ").trim_matches('`').to_owned();
            (field, cells[2].trim_end_matches(" |").to_owned())
        });
        let mut rows: Vec<(String, String)> = rows.collect();
        rows.sort();
        told.insert(title, rows);
    }
    assert_eq!(told, expected, "docs/json.md and docs/schema");
}

/// The fields of an object and of the objects within it, with what they mean.
fn fields(object: &Value, prefix: &str) -> Vec<(String, String)> {
    let mut all = Vec::new();
    for (name, field) in object["properties"].as_object().into_iter().flatten() {
        let mut path = format!("{prefix}{name}");
        let meaning = field["description"].as_str().expect("a description").to_owned();
        all.push((path.clone(), meaning));
        let mut inner = field;
        while inner["items"].is_object() {
            inner = &inner["items"];
            path.push_str("[]");
        }
        all.extend(fields(inner, &format!("{path}.")));
    }
    // JSON of serde keeps no order of keys.
    all.sort();
    all
}
