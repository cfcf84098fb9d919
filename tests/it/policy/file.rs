//! Policies as files: what is read, what is refused and where, the schema, and what is written.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use lockkeeper::policy::keys::{SECTIONS, Section};
use lockkeeper::policy::{JSON_SCHEMA, Mistake, Policy, STARTER, Strictness, read};
use lockkeeper::report::Length;
use lockkeeper::text::tree::{Kind, Value};
use lockkeeper::text::yaml::{self, Bounds, MAX_COPIED};
use proptest::prelude::*;
use serde_json::{Value as Json, json};

use crate::support::outcomes;

/// A policy with every key.
const FULL: &str = include_str!("../../fixtures/policy/full.yml");

/// Policies with one mistake each, which the schema refuses too: the place, the key, and how the message begins.
const REFUSED: [(&str, &str); 83] = [
    ("- a\n", "1:1: expected a mapping, found a list"),
    ("a\n", "1:1: expected a mapping, found a text"),
    (
        "rule: []\n",
        "1:1: rule: \"rule\" is no key here; did you mean `rules`?",
    ),
    (
        "Rules: []\n",
        "1:1: Rules: \"Rules\" is no key here; did you mean `rules`?",
    ),
    (
        "schema: lockkeeper.policy/2\n",
        "1:9: schema: \"lockkeeper.policy/2\" is no schema of this version",
    ),
    ("schema: 1\n", "1:9: schema: expected a text, found a number"),
    (
        "supply-chain: {typosquat: warn}\n",
        "1:16: supply-chain.typosquat: `typosquat` comes with a later version",
    ),
    (
        "supply-chain: {min-release-age: soon}\n",
        "1:33: supply-chain.min-release-age: \"soon\" is no length of time",
    ),
    (
        "fix: {level: huge}\n",
        "1:14: fix.level: \"huge\" is not allowed here",
    ),
    (
        "fix: {allow: [manifests]}\n",
        "1:15: fix.allow[0]: \"manifests\" is not allowed here; did you mean `manifest`?",
    ),
    (
        "fix: {max-open: 0}\n",
        "1:17: fix.max-open: a whole number from 1 to 1000000 belongs here",
    ),
    (
        "fix: {labels: [aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa]}\n",
        "1:16: fix.labels[0]: a name is one line of at most 100 characters",
    ),
    (
        "fix: {branch-prefix: \"a b\"}\n",
        "1:23: fix.branch-prefix: no name of a branch can begin so",
    ),
    (
        "fix: {branch-prefix: \"a//b\"}\n",
        "1:23: fix.branch-prefix: no name of a branch can begin so",
    ),
    (
        "fix: {branch-prefix: \"-a\"}\n",
        "1:23: fix.branch-prefix: no name of a branch can begin so",
    ),
    (
        "fix: {branch-prefix: \"refs/heads/a\"}\n",
        "1:23: fix.branch-prefix: no name of a branch can begin so",
    ),
    (
        "fix: {branch-prefix: \"a.lock/\"}\n",
        "1:23: fix.branch-prefix: no name of a branch can begin so",
    ),
    (
        "fix: {title: \"{titel}\"}\n",
        "1:15: fix.title: {titel} stands for nothing here; did you mean `title`?",
    ),
    (
        "fix: {body: \"{body} {title}\"}\n",
        "1:14: fix.body: {title} stands for nothing here",
    ),
    (
        "fix: {sign-off: please}\n",
        "1:17: fix.sign-off: expected `true` or `false`, found a text",
    ),
    (
        "fix: {group: one}\n",
        "1:14: fix.group: \"one\" is not allowed here",
    ),
    (
        "registries: {npm: []}\n",
        "1:19: registries.npm: no registry is named",
    ),
    (
        "registries: {npm: 'https://registry.example/a b'}\n",
        "1:20: registries.npm: this is no address of a registry",
    ),
    (
        "supply-chain: {registries: {Npm: https://registry.example/}}\n",
        "1:29: supply-chain.registries.Npm: \"Npm\" is no ecosystem whose lockfiles are read; did you mean `npm`?",
    ),
    ("rules: {}\n", "1:8: rules: expected a list, found a mapping"),
    (
        "rules:\n  - fail\n",
        "2:5: rules[0]: expected a mapping, found a text",
    ),
    (
        "rules:\n  - name: a\n    when: {}\n",
        "2:5: rules[0].then: `then` is missing",
    ),
    (
        "rules:\n  - {then: fial}\n",
        "2:12: rules[0].then: \"fial\" is not allowed here; did you mean `fail`?",
    ),
    (
        "rules:\n  - {then: fail, name: ''}\n",
        "2:25: rules[0].name: the text is empty",
    ),
    (
        "rules:\n  - {then: fail, name: 5}\n",
        "2:24: rules[0].name: expected a text, found a number",
    ),
    (
        "rules:\n  - {then: fail, after: 7}\n",
        "2:25: rules[0].after: 7 is no length of time",
    ),
    (
        "rules:\n  - {then: fail, after: 7days}\n",
        "2:25: rules[0].after: \"7days\" is no length of time",
    ),
    (
        "rules:\n  - {then: warn, after: 7d}\n",
        "2:18: rules[0].after: only a rule with `then: fail` can wait",
    ),
    (
        "rules:\n  - {then: fail, afterwards: 7d}\n",
        "2:18: rules[0].afterwards: \"afterwards\" is no key here",
    ),
    (
        "rules:\n  - {then: fail, when: []}\n",
        "2:24: rules[0].when: expected a mapping, found a list",
    ),
    (
        "rules:\n  - {then: fail, when: {severty: high}}\n",
        "2:25: rules[0].when.severty: \"severty\" is no key here; did you mean `severity`?",
    ),
    (
        "rules:\n  - {then: fail, when: {severity: hihg}}\n",
        "2:35: rules[0].when.severity: \"hihg\" is not allowed here; did you mean `high`?",
    ),
    (
        "rules:\n  - {then: fail, when: {class: malware}}\n",
        "2:32: rules[0].when.class: \"malware\" is not allowed here",
    ),
    (
        "rules:\n  - {then: fail, when: {fix: true}}\n",
        "2:30: rules[0].when.fix: expected a text, found a truth value",
    ),
    (
        "rules:\n  - {then: fail, when: {scope: development}}\n",
        "2:32: rules[0].when.scope: \"development\" is not allowed here",
    ),
    (
        "rules:\n  - {then: fail, when: {known_exploited: true}}\n",
        "2:25: rules[0].when.known_exploited: \"known_exploited\" is no key here; did you mean `known-exploited`?",
    ),
    (
        "rules:\n  - {then: fail, when: {known-exploited: yes}}\n",
        "2:42: rules[0].when.known-exploited: expected `true` or `false`, found a text",
    ),
    (
        "rules:\n  - {then: fail, when: {direct: 1}}\n",
        "2:33: rules[0].when.direct: expected `true` or `false`, found a number",
    ),
    (
        "rules:\n  - {then: fail, when: {epss: 1.5}}\n",
        "2:31: rules[0].when.epss: a number from 0 to 1 belongs here",
    ),
    (
        "rules:\n  - {then: fail, when: {epss: -0.1}}\n",
        "2:31: rules[0].when.epss: a number from 0 to 1 belongs here",
    ),
    (
        "rules:\n  - {then: fail, when: {epss: '0.1'}}\n",
        "2:32: rules[0].when.epss: a number from 0 to 1 belongs here",
    ),
    (
        "rules:\n  - {then: fail, when: {path: /apps}}\n",
        "2:31: rules[0].when.path: the glob begins with `/`",
    ),
    (
        "rules:\n  - {then: fail, when: {path: apps/}}\n",
        "2:31: rules[0].when.path: the glob ends with `/`",
    ),
    (
        "rules:\n  - {then: fail, when: {path: [apps]}}\n",
        "2:31: rules[0].when.path: expected a text, found a list",
    ),
    (
        "rules:\n  - {then: fail, when: {ref: refs/heads/main}}\n",
        "2:30: rules[0].when.ref: the glob begins with `refs/`",
    ),
    (
        "rules:\n  - {then: fail, when: {ecosystem: npm}}\n",
        "2:25: rules[0].when.ecosystem: \"ecosystem\" is no key here",
    ),
    (
        "exceptions: {}\n",
        "1:13: exceptions: expected a list, found a mapping",
    ),
    (
        "exceptions:\n  - {reason: a, expires: 2026-12-31}\n",
        "2:5: exceptions[0].id: `id` is missing",
    ),
    (
        "exceptions:\n  - id: CVE-1\n    expires: 2026-12-31\n",
        "2:5: exceptions[0].reason: `reason` is missing",
    ),
    (
        "exceptions:\n  - id: CVE-1\n    reason: a\n",
        "2:5: exceptions[0].expires: `expires` is missing",
    ),
    (
        "exceptions:\n  - {id: CVE-1, reason: a, expires: 2026-13-01}\n",
        "2:37: exceptions[0].expires: \"2026-13-01\" is no date",
    ),
    (
        "exceptions:\n  - {id: CVE-1, reason: a, expires: 20261231}\n",
        "2:37: exceptions[0].expires: 20261231 is no date",
    ),
    (
        "exceptions:\n  - {id: CVE-1, reason: a, expires: never}\n",
        "2:37: exceptions[0].expires: \"never\" is no date",
    ),
    (
        "exceptions:\n  - {id: 'CVE-*', reason: a, expires: 2026-12-31}\n",
        "2:11: exceptions[0].id: an exception names one advisory",
    ),
    (
        "exceptions:\n  - {id: '', reason: a, expires: 2026-12-31}\n",
        "2:11: exceptions[0].id: an exception names one advisory",
    ),
    (
        "exceptions:\n  - {id: 'CVE-1, CVE-2', reason: a, expires: 2026-12-31}\n",
        "2:11: exceptions[0].id: an exception names one advisory",
    ),
    (
        "exceptions:\n  - {id: [CVE-1], reason: a, expires: 2026-12-31}\n",
        "2:10: exceptions[0].id: expected a text, found a list",
    ),
    (
        "exceptions:\n  - {id: CVE-1, reason: ' ', expires: 2026-12-31}\n",
        "2:26: exceptions[0].reason: the text is empty",
    ),
    (
        "exceptions:\n  - {id: CVE-1, reason:, expires: 2026-12-31}\n",
        "2:23: exceptions[0].reason: expected a text, found nothing",
    ),
    (
        "exceptions:\n  - {id: CVE-1, reason: a, expires: 2026-12-31, expiers: 2026-12-31}\n",
        "2:49: exceptions[0].expiers: \"expiers\" is no key here; did you mean `expires`?",
    ),
    (
        "exceptions:\n  - {id: CVE-1, reason: a, expires: 2026-12-31, package: example}\n",
        "2:58: exceptions[0].package: this is no package URL",
    ),
    (
        "exceptions:\n  - {id: CVE-1, reason: a, expires: 2026-12-31, package: 'pkg:npm/'}\n",
        "2:59: exceptions[0].package: this is no package URL",
    ),
    (
        "exceptions:\n  - {id: CVE-1, reason: a, expires: 2026-12-31, owner: 7}\n",
        "2:56: exceptions[0].owner: expected a text, found a number",
    ),
    (
        "exceptions:\n  - {id: CVE-1, reason: a, expires: 2026-12-31, until-fixed: 'true'}\n",
        "2:63: exceptions[0].until-fixed: expected `true` or `false`, found a text",
    ),
    ("lines: []\n", "1:8: lines: expected a mapping, found a list"),
    (
        "lines: {newest: 0}\n",
        "1:17: lines.newest: a whole number from 1 to 1000000 belongs here",
    ),
    (
        "lines: {newest: '5'}\n",
        "1:18: lines.newest: a whole number from 1 to 1000000 belongs here",
    ),
    (
        "lines: {active-within: 1y}\n",
        "1:24: lines.active-within: \"1y\" is no length of time",
    ),
    (
        "lines: {include: [1.0]}\n",
        "1:19: lines.include[0]: expected a text, found a number",
    ),
    (
        "lines: {include: main}\n",
        "1:18: lines.include: expected a list, found a text",
    ),
    (
        "lines: {end-of-support: {a: soon}}\n",
        "1:29: lines.end-of-support.a: \"soon\" is no date",
    ),
    (
        "lines: {end-of-support: {refs/heads/a: 2026-01-01}}\n",
        "1:26: lines.end-of-support.refs/heads/a: the glob begins with `refs/`",
    ),
    (
        "exclude: fixtures\n",
        "1:10: exclude: expected a list, found a text",
    ),
    (
        "coverage: strickt\n",
        "1:11: coverage: \"strickt\" is not allowed here; did you mean `strict`?",
    ),
    (
        "database: {max-age: 2}\n",
        "1:21: database.max-age: 2 is no length of time",
    ),
    (
        "database: {digest: 'sha256:12'}\n",
        "1:21: database.digest: this is no digest",
    ),
    (
        "database: {sources: [1]}\n",
        "1:22: database.sources[0]: expected a text, found a number",
    ),
    (
        "database: {update: always}\n",
        "1:20: database.update: \"always\" is not allowed here",
    ),
];

static SCHEMA: LazyLock<jsonschema::Validator> = LazyLock::new(|| {
    let schema: Json = serde_json::from_str(JSON_SCHEMA).expect("JSON");
    assert!(jsonschema::draft202012::meta::is_valid(&schema));
    jsonschema::draft202012::new(&schema).expect("a schema")
});

fn policy(text: &str) -> Policy {
    match read("lockkeeper.yml", text.as_bytes()) {
        Ok(policy) => policy,
        Err(mistakes) => panic!("{}\n{text}", told(&mistakes).join("\n")),
    }
}

fn mistakes(text: &str) -> Vec<Mistake> {
    read("lockkeeper.yml", text.as_bytes()).err().unwrap_or_default()
}

fn told(mistakes: &[Mistake]) -> Vec<String> {
    mistakes.iter().map(Mistake::to_string).collect()
}

/// The text as JSON, as a reader of the schema sees it.
fn as_json(text: &str) -> Json {
    fn of(value: Value<'_>) -> Json {
        match value.kind() {
            Kind::Null => Json::Null,
            Kind::Bool => json!(value.as_bool()),
            Kind::Number => serde_json::from_str(value.raw()).expect("a number of JSON"),
            Kind::Array => value.items().map(of).collect(),
            Kind::Object => Json::Object(
                value
                    .entries()
                    .map(|(key, value)| (key.into_owned(), of(value)))
                    .collect(),
            ),
            Kind::PlainString | Kind::JsonString | Kind::TomlString | Kind::YamlString | Kind::Datetime => {
                json!(value.as_str())
            }
        }
    }
    let document = yaml::read(text, Bounds::UNTRUSTED);
    assert_eq!(document.problems, [], "{text}");
    of(document.root())
}

#[test]
fn every_mistake_is_told_at_once_with_its_place_and_its_key() {
    let text = "schema: lockkeeper.policy/9\n\
                rules:\n\
                \x20 - name: one\n\
                \x20   when: {severity: hihg, epss: 2, path: \"[\"}\n\
                \x20   than: fail\n\
                \x20 - name: one\n\
                \x20   then: fail\n\
                exceptions:\n\
                \x20 - id: CVE-2024-12345\n\
                \x20   owner: me\n\
                \x20 - {id: \"*\", reason: why, expires: 2026-02-30}\n\
                linse: {newest: 5}\n\
                database: {max-age: two}\n";
    assert_eq!(
        told(&mistakes(text)),
        [
            "1:9: schema: \"lockkeeper.policy/9\" is no schema of this version, which reads `lockkeeper.policy/1`",
            "3:5: rules[0].then: `then` is missing",
            "4:22: rules[0].when.severity: \"hihg\" is not allowed here; did you mean `high`?",
            "4:34: rules[0].when.epss: a number from 0 to 1 belongs here",
            "4:44: rules[0].when.path: the glob is broken: unclosed character class; missing ']'",
            "5:5: rules[0].than: \"than\" is no key here; did you mean `then`?",
            "6:11: rules[1].name: the rule at line 3 has the same name",
            "9:5: exceptions[0].reason: `reason` is missing",
            "9:5: exceptions[0].expires: `expires` is missing",
            "11:11: exceptions[1].id: an exception names one advisory: this is no id",
            "11:37: exceptions[1].expires: \"2026-02-30\" is no date",
            "12:1: linse: \"linse\" is no key here; did you mean `lines`?",
            "13:21: database.max-age: \"two\" is no length of time",
        ]
    );
    for mistake in mistakes(text) {
        assert!(
            mistake.hint.ends_with('.') && mistake.hint.len() > 15,
            "{mistake:?}"
        );
    }
}

#[test]
fn each_mistake_is_told_and_the_schema_refuses_it_too() {
    for (text, expected) in REFUSED {
        let found = told(&mistakes(text));
        assert_eq!(found.len(), 1, "{text}{found:?}");
        assert!(
            found.iter().all(|found| found.starts_with(expected)),
            "{text}{found:?}\nexpected {expected}"
        );
        assert!(!SCHEMA.is_valid(&as_json(text)), "the schema takes {text}");
    }
}

#[test]
fn the_reader_and_the_schema_take_what_is_right() {
    for text in [
        FULL,
        STARTER,
        "",
        "# only words\n",
        "---\n...\n",
        "{}\n",
        "rules:\nexceptions:\nlines:\nexclude:\ndatabase:\n",
        "rules:\n  - {then: fail, when: {direct: true}, after: 0d}\n  - {then: note, when: }\n",
        "lines: {newest: 1, active-within: 12h, end-of-support: {}}\n",
        "fix:\n",
        "fix: {allow: [], milestone: null, title: null, body: \"{body} {} {A} {a b\", branch-prefix: a-, reviewers: []}\n",
        "fix: {branch-prefix: \"bot/security-\", title: \"[{ref}] {title}\"}\n",
        "exceptions:\n  - {id: RHSA-2024:1234, reason: a, expires: 2024-02-29, until-fixed: false, package: 'pkg:npm/@a/b@1'}\n",
    ] {
        policy(text);
        let errors: Vec<String> = SCHEMA
            .iter_errors(&as_json(text))
            .map(|error| error.to_string())
            .collect();
        assert_eq!(errors, Vec::<String>::new(), "{text}");
    }
    // What the starter shows in comments is right as well.
    let shown: String = STARTER
        .lines()
        .map(|line| match line.strip_prefix('#') {
            Some(rest) if !rest.starts_with(' ') || rest.starts_with("  ") => format!("{rest}\n"),
            Some(_) | None => format!("{line}\n"),
        })
        .collect();
    let shown_policy = policy(&shown);
    assert!(SCHEMA.is_valid(&as_json(&shown)));
    assert_eq!((policy(STARTER).rules.len(), shown_policy.rules.len()), (3, 5));
    assert_eq!(shown_policy.exceptions.list().len(), 1);
    assert_eq!(shown_policy.coverage, Strictness::Strict);
    assert_eq!(shown_policy.exclude.patterns(), ["fixtures/**"]);
    assert_eq!(shown_policy.lines.end_of_support.entries().count(), 1);
}

#[test]
fn the_schema_has_the_keys_of_the_reader() {
    let schema: Json = serde_json::from_str(JSON_SCHEMA).expect("JSON");
    let mut found: BTreeMap<String, Vec<String>> = BTreeMap::new();
    let mut open = vec![(String::new(), schema.clone())];
    while let Some((path, part)) = open.pop() {
        let part = match part["$ref"].as_str().and_then(|target| target.strip_prefix('#')) {
            Some(pointer) => schema.pointer(pointer).expect("a definition").clone(),
            None => part,
        };
        if let Some(properties) = part["properties"].as_object() {
            assert_eq!(part["additionalProperties"], false, "{path}");
            found.insert(path.clone(), properties.keys().cloned().collect());
            for (key, value) in properties {
                let below = if path.is_empty() {
                    key.clone()
                } else {
                    format!("{path}.{key}")
                };
                open.push((below, value.clone()));
            }
        }
        if part["items"].is_object() {
            open.push((format!("{path}[]"), part["items"].clone()));
        }
    }
    let known: BTreeMap<String, Vec<String>> = SECTIONS
        .iter()
        .map(|Section { path, keys, .. }| {
            let mut keys: Vec<String> = keys.iter().map(|key| (*key).to_owned()).collect();
            keys.sort();
            ((*path).to_owned(), keys)
        })
        .collect();
    for keys in found.values_mut() {
        keys.sort();
    }
    assert_eq!(found, known);
    // The example has all of them, and each does something: without it the policy is another one.
    let full = policy(FULL).digest();
    let whole = as_json(FULL);
    for Section { path, keys, .. } in SECTIONS {
        for key in *keys {
            let pointers: Vec<String> = match *path {
                "" => vec![String::new()],
                path => (0..3)
                    .map(|number| format!("/{}", path.replace('.', "/").replace("[]", &format!("/{number}"))))
                    .collect(),
            };
            let Some(pointer) = pointers.iter().find(|pointer| {
                !whole
                    .pointer(&format!("{pointer}/{key}"))
                    .unwrap_or(&Json::Null)
                    .is_null()
            }) else {
                panic!("the example has no {path}.{key}");
            };
            let mut without = whole.clone();
            let removed = without
                .pointer_mut(pointer)
                .and_then(Json::as_object_mut)
                .and_then(|map| map.remove(*key));
            assert!(removed.is_some(), "{path}.{key}");
            match read("lockkeeper.yml", without.to_string().as_bytes()) {
                Ok(_) if (*path, *key) == ("", "schema") => {}
                Ok(other) => assert_ne!(other.digest(), full, "{path}.{key} does nothing"),
                // Without what it asks for, a rule leaves nothing to those behind it.
                Err(mistakes) if ["when", "known-exploited"].contains(key) => {
                    assert!(
                        told(&mistakes)
                            .iter()
                            .all(|told| told.contains("can never decide"))
                    );
                }
                Err(mistakes) => assert!(
                    ["id", "reason", "expires", "then"].contains(key),
                    "{}",
                    told(&mistakes).join("\n")
                ),
            }
        }
    }
}

#[test]
fn the_whole_policy_is_read() {
    let policy = policy(FULL);
    assert_eq!(policy.file.as_deref(), Some("lockkeeper.yml"));
    let names: Vec<&str> = policy.rules.iter().map(|rule| rule.name.as_str()).collect();
    assert_eq!(names, ["exploited-now", "high-with-a-patch", "rule 3"]);
    assert_eq!(policy.lines.newest, 4);
    assert_eq!(
        policy.lines.include.as_ref().map(|globs| globs.patterns().len()),
        Some(2)
    );
    let support = policy.lines.end_of_support.entries();
    let ends: Vec<String> = support.map(|(name, day)| format!("{name} {day}")).collect();
    assert!(ends.contains(&"release/1.0 2026-01-01".to_owned()), "{ends:?}");
    assert_eq!(policy.database.max_age.as_hours(), 36);
    assert_eq!(policy.database.sources, ["https://index.example/advisories"]);
    let place = policy.exceptions.list()[0].place;
    assert_eq!(
        FULL.lines().nth(place.line as usize - 1).map(str::trim),
        Some("- id: CVE-2024-12345")
    );
    let usual = Policy::built_in();
    assert_eq!(
        (usual.lines.newest, usual.lines.active_within.as_hours()),
        (5, 365 * 24)
    );
    assert_eq!(
        (
            usual.database.max_age.as_hours(),
            usual.database.refuse_age.as_hours()
        ),
        (48, 14 * 24)
    );
    assert_eq!(usual.database.update.as_str(), "stale");
    assert_eq!(usual.coverage, Strictness::Usual);
}

#[test]
fn a_policy_is_bounded() {
    let edge = |bytes: usize| format!("#{}\n", "x".repeat(bytes - 2));
    assert_eq!(mistakes(&edge(256 << 10)), []);
    assert_eq!(
        told(&mistakes(&edge((256 << 10) + 1))),
        ["1:1: larger than the limit of 262144 bytes"]
    );
    let deep = format!("rules: {}{}\n", "[".repeat(31), "]".repeat(31));
    assert!(
        told(&mistakes(&deep))
            .iter()
            .all(|told| !told.contains("nested deeper"))
    );
    let deep = format!("rules: {}{}\n", "[".repeat(32), "]".repeat(32));
    assert!(told(&mistakes(&deep)).contains(&"1:39: nested deeper than 32 levels".to_owned()));
    let aliases = |number: usize| {
        let exceptions = "  - {id: CVE-1, reason: a, expires: *e}\n".repeat(number);
        format!("exceptions:\n  - {{id: CVE-1, reason: a, expires: &e 2026-12-31}}\n{exceptions}")
    };
    assert_eq!(policy(&aliases(100)).exceptions.list().len(), 101);
    assert_eq!(told(&mistakes(&aliases(101))), ["103:37: more than 100 aliases"]);
    assert_eq!(
        told(&mistakes("coverage: strict\nrules: []\ncoverage: strict\n")),
        ["3:1: the key \"coverage\" is written twice"]
    );
    assert_eq!(
        told(&mistakes("rules: []\n---\nrules: []\n")),
        ["2:1: a second document begins here: only one is read"]
    );
    // So many mistakes are told, and that there are more.
    let many = mistakes(&format!("rules:\n{}", "  - {then: fial}\n".repeat(5_000)));
    assert_eq!(many.len(), 101);
    assert!(
        many.last()
            .is_some_and(|last| last.message.starts_with("more mistakes follow"))
    );
}

#[test]
fn damage_hides_no_other_mistake_and_makes_none_up() {
    let text = "linse: 1\nexceptions:\n  - id: CVE-1\n    reason: \"not closed\n";
    let found = told(&mistakes(text));
    assert_eq!(found.len(), 2, "{found:?}");
    assert!(found[0].starts_with("1:1: linse: "), "{found:?}");
    assert!(found[1].starts_with("4:13: "), "{found:?}");
    let not_utf8 = read("lockkeeper.yml", b"# \xff\nlinse: 1\n").expect_err("two mistakes");
    assert_eq!(told(&not_utf8)[0], "1:3: a byte sequence is not UTF-8");
    assert_eq!(not_utf8.len(), 2);
    // What could be read to its end lacks what it lacks.
    let twice = "rules: []\nexceptions:\n  - id: CVE-1\n    reason: a\nrules: []\n";
    assert_eq!(
        told(&mistakes(twice)),
        [
            "3:5: exceptions[0].expires: `expires` is missing",
            "5:1: the key \"rules\" is written twice",
        ]
    );
    // An alias repeats no mistake.
    let repeated = "rules:\n  - {then: note, when: &w {direct: 1}}\n  - {then: note, when: *w}\n";
    assert_eq!(mistakes(repeated).len(), 1);
    assert!(read("lockkeeper.yml", b"\xff\xfer\0u\0l\0e\0s\0:\0").is_ok());
}

#[test]
fn the_digest_is_of_what_counts() {
    let full = policy(FULL).digest();
    assert!(full.starts_with("sha256:") && full.len() == 71);
    let turned = "rules: [{then: fail, when: {direct: true, class: notice}, name: a}]\ndatabase: {update: stale, max-age: 48h}\n";
    let plain =
        "# words\nrules:\n  - name: a\n    when:\n      class: notice\n      direct: true\n    then: fail\n";
    assert_eq!(policy(turned).digest(), policy(plain).digest());
    assert_eq!(policy("").digest(), Policy::built_in().digest());
    assert_eq!(
        policy("schema: lockkeeper.policy/1\n").digest(),
        Policy::built_in().digest()
    );
    let supports = ["{a: 2026-01-01, b: 2026-01-02}", "{b: 2026-01-02, a: 2026-01-01}"]
        .map(|map| policy(&format!("lines: {{end-of-support: {map}}}\n")).digest());
    assert_eq!(supports[0], supports[1]);
    let list = |words: &str| {
        policy(plain)
            .with_fail_on(words.parse().expect("a list"))
            .digest()
    };
    assert_ne!(list("high"), policy(plain).digest());
    assert_eq!(list("high,malicious"), list("malicious, high"));
    assert_ne!(list("high"), list("low"));
}

#[test]
fn what_is_written_is_read_back_equal() {
    for text in [FULL, STARTER, "", "coverage: strict\n"] {
        let policy = policy(text);
        let written = policy.to_yaml().expect("YAML");
        let again = self::policy(&written);
        assert_eq!(again.digest(), policy.digest(), "{written}");
        assert_eq!(again.to_yaml().expect("YAML"), written);
        assert_eq!(
            (&again.rules, &again.lines, &again.database),
            (&policy.rules, &policy.lines, &policy.database)
        );
        assert!(SCHEMA.is_valid(&as_json(&written)), "{written}");
    }
    let written = policy(FULL).to_yaml().expect("YAML");
    let keys: Vec<&str> = written
        .lines()
        .filter(|line| !line.starts_with([' ', '-']))
        .filter_map(|line| line.split(':').next())
        .collect();
    assert_eq!(keys, SECTIONS[0].keys);
    assert!(
        Policy::built_in()
            .to_yaml()
            .expect("YAML")
            .contains("max-age: 2d\n")
    );
}

#[test]
fn hidden_characters_are_written_escaped() {
    let text = "exceptions:\n  - {id: CVE-1, reason: \"a\\u202eb\\x1b[31m \\\\U0000202e text-1- \\\"\", expires: 2026-12-31}\n\
                \x20 - {id: CVE-2, reason: \"text\\0\", expires: 2026-12-31}\n";
    let policy = policy(text);
    let written = policy.to_yaml().expect("YAML");
    let hidden = |character: char| character != '\n' && lockkeeper::text::escape::is_hidden(character);
    assert!(!written.contains(hidden), "{written}");
    assert_eq!(self::policy(&written).digest(), policy.digest(), "{written}");
}

/// Pieces of YAML and of policies, which random letters would never make.
fn pieces() -> impl Strategy<Value = String> {
    let piece = prop_oneof![
        Just("\n"),
        Just("\n  "),
        Just("\n    "),
        Just(": "),
        Just(":"),
        Just("- "),
        Just("["),
        Just("]"),
        Just("{"),
        Just("}"),
        Just(", "),
        Just("? "),
        Just("&a "),
        Just("*a"),
        Just("!!str "),
        Just("!x "),
        Just("'"),
        Just("\""),
        Just("\\"),
        Just("|"),
        Just(">-"),
        Just("|2+"),
        Just("# "),
        Just("---\n"),
        Just("...\n"),
        Just("%YAML 1.2\n"),
        Just("\t"),
        Just("\r\n"),
        Just("\u{feff}"),
        Just("\u{85}"),
        Just("é→"),
        Just("\0"),
        Just("rules"),
        Just("exceptions"),
        Just("id"),
        Just("when"),
        Just("2026-12-31"),
        Just("7d"),
        Just("<<"),
        Just("%TAG ! tag:x,2000:\n"),
        Just("\\x41"),
        Just("\\u12"),
        Just("@"),
        Just("`"),
        Just("~"),
        Just("0x1"),
        Just("a b"),
    ];
    prop::collection::vec(piece, 0..60).prop_map(|pieces| pieces.concat())
}

/// Reads, and holds what must hold of any text.
fn nothing_breaks(text: &str) {
    let document = yaml::read(text, Bounds::UNTRUSTED);
    for problem in &document.problems {
        let span = problem.span;
        assert!(
            text.get(span.start as usize..span.end as usize).is_some(),
            "{problem:?}"
        );
    }
    let mut values = 0;
    let mut open = vec![(document.root(), 0)];
    while let Some((value, depth)) = open.pop() {
        values += 1;
        assert!(depth <= Bounds::UNTRUSTED.depth);
        for span in [value.span(), value.text_span(), value.key_span()] {
            assert!(
                text.get(span.start as usize..span.end as usize).is_some(),
                "{span:?}"
            );
        }
        if value.kind() == Kind::PlainString {
            assert_eq!(value.as_str().as_deref(), Some(value.raw()));
        }
        assert_eq!(
            value.kind() == Kind::YamlString,
            value.as_str().is_some() && value.kind() != Kind::PlainString
        );
        let _ = (value.as_bool(), value.as_u64(), value.key());
        open.extend(value.items().map(|value| (value, depth + 1)));
        open.extend(value.entries().map(|(_, value)| (value, depth + 1)));
    }
    assert!(values <= text.len() + 1 + MAX_COPIED);
    match read("lockkeeper.yml", text.as_bytes()) {
        Ok(policy) => {
            let written = policy.to_yaml().expect("YAML");
            assert_eq!(
                self::policy(&written).digest(),
                policy.digest(),
                "{text:?}\n{written}"
            );
        }
        Err(mistakes) => {
            assert!(!mistakes.is_empty());
            assert!(
                mistakes
                    .iter()
                    .all(|mistake| !mistake.message.is_empty() && !mistake.hint.is_empty())
            );
        }
    }
}

#[test]
fn the_example_cut_and_altered_at_every_byte_breaks_nothing() {
    for text in [FULL, STARTER] {
        for (at, _) in text.char_indices() {
            nothing_breaks(&text[..at]);
            for piece in ["", "\"", ":", "\n", "[", "\t", "é", "- "] {
                nothing_breaks(&format!(
                    "{}{piece}{}",
                    &text[..at],
                    text[at..].get(1..).unwrap_or_default()
                ));
            }
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn no_text_breaks_the_reader(text in "\\PC{0,80}|[ -~\\n\\t]{0,200}") {
        nothing_breaks(&text);
    }

    #[test]
    fn no_yaml_breaks_the_reader(text in pieces()) {
        nothing_breaks(&text);
        nothing_breaks(&format!("{FULL}{text}"));
    }

    #[test]
    fn any_bytes_are_read_or_refused(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        let _ = read("lockkeeper.yml", &bytes);
    }

    /// What another implementation writes is read as what it was.
    #[test]
    fn yaml_of_another_writer_is_read(
        value in prop_oneof![
            "(?s).{0,12}".prop_map(Json::from),
            "(true|null|~|1e3|0x1F|-|: |#|1\\.0|yes|[&*!|>%@`].)".prop_map(Json::from),
            any::<i64>().prop_map(Json::from),
            any::<bool>().prop_map(Json::from),
            Just(Json::Null),
        ]
        .prop_recursive(4, 40, 5, |inner| prop_oneof![
            prop::collection::vec(inner.clone(), 0..5).prop_map(Json::from),
            prop::collection::btree_map("(?s).{0,8}", inner, 0..5).prop_map(|map| map.into_iter().collect()),
        ]),
    ) {
        let written = serde_yaml::to_string(&value).expect("YAML");
        prop_assert_eq!(as_json(&written), value, "{}", written);
    }

    #[test]
    fn any_reason_and_glob_is_written_and_read_back(
        reason in "(?s).{0,60}",
        owner in "[ -~]{1,30}",
        path in "[a-z*./ \\-'\"#:&!?@%|>{},]{1,20}",
    ) {
        let quoted = lockkeeper::text::escape::yaml;
        let text = format!(
            "exceptions:\n  - {{id: CVE-1, expires: 2026-12-31, reason: {}, owner: {}, path: {}}}\n",
            quoted(&reason), quoted(&owner), quoted(&path)
        );
        if let Ok(policy) = read("lockkeeper.yml", text.as_bytes()) {
            let written = policy.to_yaml().expect("YAML");
            let again = self::policy(&written);
            // What stands over several lines is told in one.
            let one_line = |text: &str| text.split_whitespace().collect::<Vec<_>>().join(" ");
            prop_assert_eq!(&again.exceptions.list()[0].reason, &one_line(&reason));
            prop_assert_eq!(again.exceptions.list()[0].owner.clone(), Some(one_line(&owner)));
            prop_assert_eq!(again.digest(), policy.digest());
        }
    }
}

#[test]
fn an_exception_from_a_report_can_be_pasted() {
    let mut pasted = 0;
    for (name, outcome) in outcomes::all() {
        let text = outcomes::written("sarif", &outcome, 80, Length::Normal);
        let log: Json = serde_json::from_str(&text).expect("JSON");
        let rules = log["runs"][0]["tool"]["driver"]["rules"]
            .as_array()
            .cloned()
            .unwrap_or_default();
        for rule in rules {
            let help = rule["help"]["text"].as_str().unwrap_or_default();
            let Some((_, exception)) = help.split_once("add to the policy:\n") else {
                continue;
            };
            match read("lockkeeper.yml", exception.as_bytes()) {
                Ok(policy) => {
                    let list = policy.exceptions.list();
                    assert_eq!(list.len(), 1, "{exception}");
                    assert_eq!(Some(list[0].id.as_str()), rule["id"].as_str(), "{exception}");
                    pasted += 1;
                }
                // Ids that no advisory has are refused.
                Err(mistakes) => assert_eq!(name, "hostile", "{mistakes:?}\n{exception}"),
            }
        }
    }
    assert!(pasted > 5, "{pasted}");
}
