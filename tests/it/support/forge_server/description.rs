//! A forge's published description, and what it says of a request and of an answer.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex};

use jsonschema::{Draft, Validator};
use serde_json::{Map, Value, json};

use super::http::{Answer, Request, decoded};

/// A description, cut to what is used (`tests/forge/describe`).
pub(crate) struct Description {
    whole: Value,
    validators: Mutex<BTreeMap<String, Arc<Validator>>>,
}

/// The operation that a request asks for.
#[derive(Debug, Clone)]
pub(crate) struct Matched {
    pub(crate) method: String,
    /// The path with names in braces, as the description has it.
    pub(crate) route: String,
    /// Decoded values of those names.
    pub(crate) parameters: BTreeMap<String, String>,
}

impl Description {
    /// Reads `tests/forge/{name}.json`.
    pub(crate) fn read(name: &str) -> Self {
        let path = format!("{}/tests/forge/{name}.json", env!("CARGO_MANIFEST_DIR"));
        let text = std::fs::read(&path).unwrap_or_else(|error| panic!("{path}: {error}"));
        let mut whole = serde_json::from_slice(&text).expect("JSON");
        allow_null(&mut whole);
        Self {
            whole,
            validators: Mutex::default(),
        }
    }

    /// The operation for a path (without the base of the API), or why there is none.
    pub(crate) fn matched(&self, method: &str, path: &str) -> Result<Matched, String> {
        let mut methods = BTreeSet::new();
        let method = method.to_lowercase();
        let mut best: Option<Matched> = None;
        for (route, operations) in self.whole["paths"].as_object().expect("paths") {
            let multiple = |name: &str| {
                operations
                    .as_object()
                    .into_iter()
                    .flatten()
                    .any(|(_, operation)| {
                        self.parameters(operation)
                            .iter()
                            .any(|one| one["name"] == name && one["x-multi-segment"] == true)
                    })
            };
            let Some(parameters) = fits(route, path, multiple) else {
                continue;
            };
            methods.extend(operations.as_object().expect("operations").keys().cloned());
            // Words before names: `issues/comments/1` is no issue called `comments`.
            let names = |route: &str| route.matches('{').count();
            let better = best.as_ref().is_none_or(|best| names(route) < names(&best.route));
            if better && !operations[&method].is_null() {
                best = Some(Matched {
                    method: method.clone(),
                    route: route.clone(),
                    parameters,
                });
            }
        }
        best.ok_or_else(|| {
            format!(
                "no such operation: {} {path} (the description knows {methods:?} there)",
                method.to_uppercase()
            )
        })
    }

    /// The page that describes the operation; GitHub names it when it refuses.
    pub(crate) fn page(&self, matched: &Matched) -> Option<&str> {
        self.operation(matched)["x-page"].as_str()
    }

    /// What is wrong with a request.
    pub(crate) fn faults(&self, matched: &Matched, request: &Request) -> Vec<String> {
        let operation = self.operation(matched);
        let mut faults = Vec::new();
        let parameters = self.parameters(operation);
        for (name, _) in &request.query {
            if !parameters
                .iter()
                .any(|one| one["in"] == "query" && one["name"] == **name)
            {
                faults.push(format!("query parameter {name:?} is unknown"));
            }
        }
        for parameter in parameters {
            let name = parameter["name"].as_str().expect("a name");
            let given: Vec<&str> = match parameter["in"].as_str() {
                Some("query") => request
                    .query
                    .iter()
                    .filter(|(key, _)| key == name)
                    .map(|(_, value)| value.as_str())
                    .collect(),
                Some("path") => matched
                    .parameters
                    .get(name)
                    .map(String::as_str)
                    .into_iter()
                    .collect(),
                Some("header") => request.header(&name.to_lowercase()).into_iter().collect(),
                other => panic!("a parameter in {other:?}"),
            };
            match given.as_slice() {
                [] if parameter["required"] == true => faults.push(format!("parameter {name:?} is missing")),
                [] => {}
                given => {
                    let typed = self.typed(&parameter["schema"], given);
                    faults.extend(
                        self.judge(&parameter["schema"], &typed)
                            .into_iter()
                            .map(|fault| format!("parameter {name:?}: {fault}")),
                    );
                }
            }
        }
        faults.extend(self.body_faults(operation, request));
        faults
    }

    fn body_faults(&self, operation: &Value, request: &Request) -> Vec<String> {
        let body = self.resolve(&operation["requestBody"]);
        if body.is_null() {
            return match request.body.is_empty() {
                true => Vec::new(),
                false => vec!["a body where none is taken".to_owned()],
            };
        }
        if request.body.is_empty() {
            return match body["required"] == true {
                true => vec!["the body is missing".to_owned()],
                false => Vec::new(),
            };
        }
        let mut faults = Vec::new();
        let kind = request.header("content-type").unwrap_or_default();
        let kind = kind.split(';').next().unwrap_or_default().trim();
        if kind != "application/json" {
            faults.push(format!("the body is {kind:?}, not application/json"));
        }
        let schema = &body["content"]["application/json"]["schema"];
        match serde_json::from_slice::<Value>(&request.body) {
            Err(error) => faults.push(format!("the body is no JSON: {error}")),
            Ok(value) => {
                faults.extend(
                    self.judge(schema, &value)
                        .into_iter()
                        .map(|fault| format!("body: {fault}")),
                );
                self.unknown_keys(schema, &value, "body", &mut faults);
            }
        }
        faults
    }

    /// What is wrong with an own answer.
    pub(crate) fn answer_faults(&self, matched: &Matched, answer: &Answer) -> Vec<String> {
        let operation = self.operation(matched);
        let response = self.resolve(&operation["responses"][answer.status.to_string()]);
        if response.is_null() {
            return match answer.status {
                // What any operation may say is described once for all of them.
                401 | 403 | 404 | 409 | 410 | 422 | 429 => self.schema_faults("basic-error", &answer.body),
                status => vec![format!("status {status} is not described")],
            };
        }
        match response["content"]["application/json"]["schema"] {
            Value::Null if answer.body.is_null() || answer.status >= 400 => Vec::new(),
            Value::Null => vec![format!("status {} has no body", answer.status)],
            ref schema => self.judge(schema, &answer.body),
        }
    }

    fn schema_faults(&self, name: &str, value: &Value) -> Vec<String> {
        match &self.whole["components"]["schemas"][name] {
            Value::Null => Vec::new(),
            schema => self.judge(schema, value),
        }
    }

    /// The answer with all that its schema demands and nobody said.
    pub(crate) fn fill(&self, matched: &Matched, answer: &mut Answer) {
        let operation = self.operation(matched);
        let response = self.resolve(&operation["responses"][answer.status.to_string()]);
        let schema = response["content"]["application/json"]["schema"].clone();
        if !schema.is_null() && !answer.body.is_null() {
            self.fill_value(&schema, &mut answer.body);
        }
    }

    fn fill_value(&self, schema: &Value, value: &mut Value) {
        let schema = self.resolve(schema);
        for part in schema["allOf"].as_array().into_iter().flatten() {
            self.fill_value(part, value);
        }
        for several in ["anyOf", "oneOf"] {
            let parts = schema[several].as_array().into_iter().flatten();
            let mut parts = parts.filter(|part| self.is_of_kind(part, value));
            if let Some(part) = parts.next() {
                self.fill_value(part, value);
            }
        }
        match value {
            Value::Object(fields) => {
                let properties = &schema["properties"];
                for name in schema["required"].as_array().into_iter().flatten() {
                    let name = name.as_str().expect("a name");
                    if !fields.contains_key(name) {
                        fields.insert(name.to_owned(), self.sample(&properties[name]));
                    }
                }
                for (name, value) in fields.iter_mut() {
                    if !properties[name].is_null() {
                        self.fill_value(&properties[name], value);
                    }
                }
            }
            Value::Array(items) => {
                for item in items {
                    self.fill_value(&schema["items"], item);
                }
            }
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
        }
    }

    fn is_of_kind(&self, schema: &Value, value: &Value) -> bool {
        let schema = self.resolve(schema);
        let kind = match value {
            Value::Null => "null",
            Value::Bool(_) => "boolean",
            Value::Number(_) => "number",
            Value::String(_) => "string",
            Value::Array(_) => "array",
            Value::Object(_) => "object",
        };
        match schema["type"].as_str() {
            Some("integer") => kind == "number",
            Some(one) => one == kind,
            None if schema["properties"].is_object() => kind == "object",
            None => ["allOf", "anyOf", "oneOf"].iter().any(|several| {
                schema[several]
                    .as_array()
                    .is_some_and(|parts| parts.iter().any(|part| self.is_of_kind(part, value)))
            }),
        }
    }

    /// Some value that a schema takes.
    fn sample(&self, schema: &Value) -> Value {
        let schema = self.resolve(schema);
        if let Some(first) = schema["enum"].as_array().and_then(|values| values.first()) {
            return first.clone();
        }
        for several in ["anyOf", "oneOf"] {
            if let Some(parts) = schema[several].as_array() {
                // Nothing rather than something made up.
                let null = parts.iter().find(|part| part["type"] == "null");
                return self.sample(null.or(parts.first()).unwrap_or(&Value::Null));
            }
        }
        match schema["type"].as_str() {
            Some("string") => json!(match schema["format"].as_str() {
                Some("uri") => "https://forge.example/",
                Some("date-time") => "2026-01-01T00:00:00Z",
                Some("date") => "2026-01-01",
                Some("email") => "someone@forge.example",
                _ => "",
            }),
            Some("integer" | "number") => schema
                .get("minimum")
                .or(schema.get("default"))
                .cloned()
                .unwrap_or(json!(0)),
            Some("boolean") => json!(false),
            Some("array") => json!([]),
            Some("null") => Value::Null,
            _ => {
                let mut value = Value::Object(Map::new());
                self.fill_value(schema, &mut value);
                value
            }
        }
    }

    /// Keys that no alternative of the schema names: they would be ignored without a word.
    fn unknown_keys(&self, schema: &Value, value: &Value, at: &str, faults: &mut Vec<String>) {
        match value {
            Value::Array(items) => {
                let mut kinds = Vec::new();
                self.alternatives(schema, &mut kinds);
                for kind in kinds.iter().filter(|kind| kind["items"].is_object()) {
                    for item in items {
                        self.unknown_keys(&kind["items"], item, &format!("{at}[]"), faults);
                    }
                }
            }
            Value::Object(fields) => {
                let mut kinds = Vec::new();
                self.alternatives(schema, &mut kinds);
                kinds
                    .retain(|kind| kind["properties"].is_object() || !kind["additionalProperties"].is_null());
                let open = kinds.iter().any(|kind| {
                    kind["additionalProperties"] == true || kind["additionalProperties"].is_object()
                });
                if open || kinds.is_empty() {
                    return;
                }
                for (name, value) in fields {
                    match kinds
                        .iter()
                        .map(|kind| &kind["properties"][name])
                        .find(|one| !one.is_null())
                    {
                        Some(schema) => self.unknown_keys(schema, value, &format!("{at}.{name}"), faults),
                        None => faults.push(format!("{at}: the key {name:?} is unknown")),
                    }
                }
            }
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
        }
    }

    fn alternatives<'a>(&'a self, schema: &'a Value, into: &mut Vec<&'a Value>) {
        let schema = self.resolve(schema);
        into.push(schema);
        for several in ["allOf", "anyOf", "oneOf"] {
            for part in schema[several].as_array().into_iter().flatten() {
                self.alternatives(part, into);
            }
        }
    }

    fn typed(&self, schema: &Value, given: &[&str]) -> Value {
        let schema = self.resolve(schema);
        let one = |kind: &Value, text: &str| match kind["type"].as_str() {
            Some("integer" | "number") => text.parse::<i64>().map_or(json!(text), |number| json!(number)),
            Some("boolean") => text.parse::<bool>().map_or(json!(text), |flag| json!(flag)),
            _ => json!(text),
        };
        match (schema["type"].as_str(), schema["oneOf"].as_array()) {
            (Some("array"), _) => {
                let items = self.resolve(&schema["items"]);
                given.iter().map(|text| one(items, text)).collect()
            }
            // Either text or a number: what it looks like.
            (None, Some(_)) => given[0]
                .parse::<i64>()
                .map_or(json!(given[0]), |number| json!(number)),
            _ if given.len() > 1 => json!(given),
            _ => one(schema, given[0]),
        }
    }

    fn judge(&self, schema: &Value, value: &Value) -> Vec<String> {
        let key = schema.to_string();
        let validator = Arc::clone(self.validators.lock().unwrap().entry(key).or_insert_with(|| {
            let whole = json!({"allOf": [schema], "components": self.whole["components"]});
            Arc::new(
                // OpenAPI 3.0 is a dialect of the drafts before `const` and numeric `exclusiveMinimum`.
                jsonschema::options()
                    .with_draft(Draft::Draft4)
                    .should_validate_formats(true)
                    .build(&whole)
                    .unwrap_or_else(|error| panic!("{error}")),
            )
        }));
        validator
            .iter_errors(value)
            .map(|error| {
                let mut words = error.to_string();
                if words.len() > 300 {
                    words = format!("{}…", words.chars().take(300).collect::<String>());
                }
                format!("{words} at {:?}", error.instance_path().to_string())
            })
            .collect()
    }

    fn operation(&self, matched: &Matched) -> &Value {
        &self.whole["paths"][&matched.route][&matched.method]
    }

    fn parameters<'a>(&'a self, operation: &'a Value) -> Vec<&'a Value> {
        let all = operation["parameters"].as_array().into_iter().flatten();
        all.map(|one| self.resolve(one)).collect()
    }

    fn resolve<'a>(&'a self, value: &'a Value) -> &'a Value {
        match value["$ref"].as_str() {
            Some(reference) => {
                let target = self.whole.pointer(reference.trim_start_matches('#'));
                self.resolve(target.unwrap_or_else(|| panic!("{reference} leads nowhere")))
            }
            None => value,
        }
    }
}

/// OpenAPI's `nullable`, said in JSON Schema's words.
fn allow_null(value: &mut Value) {
    match value {
        Value::Object(fields) => {
            fields.values_mut().for_each(allow_null);
            if fields.remove("nullable") == Some(Value::Bool(true)) {
                let rest = std::mem::take(fields);
                fields.insert("anyOf".to_owned(), json!([rest, {"type": "null"}]));
            }
        }
        Value::Array(items) => items.iter_mut().for_each(allow_null),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

/// The values of the names in `route`, if `path` fits it. Only names that may have several segments take a slash that
/// is not encoded.
fn fits(route: &str, path: &str, multiple: impl Fn(&str) -> bool) -> Option<BTreeMap<String, String>> {
    let mut parameters = BTreeMap::new();
    let mut given = path.split('/').peekable();
    for segment in route.split('/') {
        let value = given.next()?;
        let Some(name) = segment
            .strip_prefix('{')
            .and_then(|segment| segment.strip_suffix('}'))
        else {
            if segment != value {
                return None;
            }
            continue;
        };
        let mut value = value.to_owned();
        if multiple(name) {
            for more in given.by_ref() {
                value = format!("{value}/{more}");
            }
        }
        if value.is_empty() {
            return None;
        }
        parameters.insert(name.to_owned(), decoded(&value));
    }
    given.next().is_none().then_some(parameters)
}
