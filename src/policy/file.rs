//! A policy out of the bytes of its file.
//!
//! Every mistake is reported, not only the first: in a pipeline each correction takes a run.

use std::collections::HashMap;

use super::database::{Database, Update};
use super::exception::{Exception, Exceptions};
use super::keys::{DATABASE, EXCEPTION, FIX, LINES, RULE, SCHEMA, SUPPLY_CHAIN, TOP, WHEN};
use super::lines::{Lines, Support};
use super::mistake::Mistake;
use super::reader::{About, Field, Fields, Reader};
use super::rule::{Fix, Rule, When};
use super::{Policy, Strictness, fix, shadow, supply_chain};
use crate::ecosystem::purl;
use crate::model::{Class, Decision, Level, PackageUrl, Scope};
use crate::text::Position;
use crate::text::decode::decode;
use crate::text::tree::{Kind, Value};
use crate::text::yaml::{self, Bounds};

/// Reads the policy of `bytes`. `name` is what its file is called in the names of rules and in messages:
/// `lockkeeper.yml`.
///
/// # Errors
/// Every mistake, by place; never an empty list.
pub fn read(name: &str, bytes: &[u8]) -> Result<Policy, Vec<Mistake>> {
    if bytes.len() > Bounds::UNTRUSTED.bytes {
        return Err(vec![Mistake {
            position: Position::START,
            key: String::new(),
            message: format!("larger than the limit of {} bytes", Bounds::UNTRUSTED.bytes),
            hint: "Write fewer rules and exceptions: globs cover many files.".into(),
        }]);
    }
    let decoded = decode(bytes);
    let document = yaml::read(&decoded.text, Bounds::UNTRUSTED);
    let mut reader = Reader::new(&decoded.text, &document);
    if let Some(problem) = decoded.problem {
        reader.mistake(problem.span, "", problem.message, "Save the file as UTF-8.");
    }
    let policy = policy(name, document.root(), &mut reader);
    match reader.into_mistakes() {
        mistakes if mistakes.is_empty() => Ok(policy),
        mistakes => Err(mistakes),
    }
}

fn policy<'d>(name: &str, root: Value<'d>, reader: &mut Reader<'d>) -> Policy {
    let mut policy = Policy {
        file: Some(name.to_owned()),
        ..Policy::default()
    };
    // A file of comments is an empty policy.
    if root.kind() == Kind::Null {
        return policy;
    }
    let root = Field {
        value: root,
        path: String::new(),
    };
    let Some(fields) = reader.fields(root, &TOP) else {
        return policy;
    };
    if let Some(field) = fields.get("schema") {
        schema(&field, reader);
    }
    // A section whose items are all commented out is empty.
    let section = |key| fields.get(key).filter(|field| field.value.kind() != Kind::Null);
    if let Some(field) = section("registries") {
        policy.registries = supply_chain::registries(&field, reader);
    }
    if let Some(fields) = section("supply-chain").and_then(|field| reader.fields(field, &SUPPLY_CHAIN)) {
        policy.supply_chain = supply_chain::read(&fields, &policy.registries, reader);
    }
    if let Some(field) = section("rules") {
        let allows_malicious = !policy.supply_chain.allow_malicious.is_empty();
        policy.rules = rules(&field, allows_malicious, reader);
    }
    if let Some(field) = section("exceptions") {
        let list = reader.items(&field);
        let list = list
            .into_iter()
            .filter_map(|item| exception(item, reader))
            .collect();
        policy.exceptions = Exceptions::new(list);
    }
    if let Some(fields) = section("lines").and_then(|field| reader.fields(field, &LINES)) {
        policy.lines = lines(&fields, reader);
    }
    if let Some(field) = section("exclude") {
        policy.exclude = reader.globs(&field, About::Paths).unwrap_or_default();
    }
    if let Some(field) = fields.get("coverage") {
        let strict = reader.word(&field, &[("strict", Strictness::Strict)]);
        policy.coverage = strict.unwrap_or_default();
    }
    if let Some(fields) = section("database").and_then(|field| reader.fields(field, &DATABASE)) {
        policy.database = database(&fields, reader);
    }
    if let Some(fields) = section("fix").and_then(|field| reader.fields(field, &FIX)) {
        policy.fix = fix::read(&fields, reader);
    }
    policy
}

fn schema<'d>(field: &Field<'d>, reader: &mut Reader<'d>) {
    if let Some(text) = reader.text(field).filter(|text| text != SCHEMA) {
        let shown: String = text.chars().take(80).collect();
        reader.mistake(
            field.value.span(),
            &field.path,
            format!("{shown:?} is no schema of this version, which reads `{SCHEMA}`"),
            format!("Write {SCHEMA}, or leave the key out."),
        );
    }
}

fn rules<'d>(field: &Field<'d>, allows_malicious: bool, reader: &mut Reader<'d>) -> Vec<Rule> {
    let mut rules = Vec::new();
    let mut wholes = Vec::new();
    let mut names: HashMap<String, u32> = HashMap::new();
    for (number, item) in reader.items(field).into_iter().enumerate() {
        let Some(fields) = reader.fields(item, &RULE) else {
            continue;
        };
        let name = fields.get("name").and_then(|field| {
            let name = one_line(&reader.text(&field)?);
            let line = reader.line(field.value.span());
            match names.get(&name) {
                None => {
                    names.insert(name.clone(), line);
                }
                Some(first) => reader.mistake(
                    field.value.span(),
                    &field.path,
                    format!("the rule at line {first} has the same name"),
                    "Give every rule its own name: findings name the rule that decided.",
                ),
            }
            Some(name)
        });
        let when = match fields.get("when") {
            None => Some(When::default()),
            Some(field) if field.value.kind() == Kind::Null => Some(When::default()),
            Some(field) => reader.fields(field, &WHEN).map(|fields| when(&fields, reader)),
        };
        let decisions = [Decision::Fail, Decision::Warn, Decision::Note].map(|each| (each.as_str(), each));
        let then = match fields.get("then") {
            Some(field) => reader.word(&field, &decisions),
            None => {
                reader.missing(
                    &fields,
                    "then",
                    "Write what the rule decides: fail, warn or note.",
                );
                None
            }
        };
        let after = fields.get("after").and_then(|field| {
            if matches!(then, Some(Decision::Warn | Decision::Note)) {
                let hint = "Take `after` out, or let the rule fail.";
                reader.mistake(
                    field.value.key_span(),
                    &field.path,
                    "only a rule with `then: fail` can wait",
                    hint,
                );
            }
            reader.duration(&field)
        });
        if let (Some(when), Some(then)) = (when, then) {
            rules.push(Rule {
                name: name.unwrap_or_else(|| format!("rule {}", number.saturating_add(1))),
                when,
                then,
                after,
            });
            wholes.push(fields.whole);
        }
    }
    // A rule with mistakes is not examined any further.
    if reader.is_clean() {
        for (number, why) in shadow::idle(&rules, allows_malicious) {
            if let Some(whole) = wholes.get(number) {
                let message = format!("this rule can never decide: {why}");
                reader.mistake(whole.value.span(), &whole.path, message, shadow::HINT);
            }
        }
    }
    rules
}

fn when<'d>(fields: &Fields<'d>, reader: &mut Reader<'d>) -> When {
    let class = Class::ALL.map(|class| (class.as_str(), class));
    let level = Level::ALL.map(|level| (level.as_str(), level));
    let scope = Scope::ALL.map(|scope| (scope.as_str(), scope));
    let fix = Fix::ALL.map(|fix| (fix.as_str(), fix));
    When {
        class: fields.get("class").and_then(|field| reader.word(&field, &class)),
        severity: fields
            .get("severity")
            .and_then(|field| reader.word(&field, &level)),
        fix: fields.get("fix").and_then(|field| reader.word(&field, &fix)),
        known_exploited: fields
            .get("known-exploited")
            .and_then(|field| reader.truth(&field)),
        epss: fields.get("epss").and_then(|field| reader.probability(&field)),
        scope: fields.get("scope").and_then(|field| reader.word(&field, &scope)),
        direct: fields.get("direct").and_then(|field| reader.truth(&field)),
        package: fields
            .get("package")
            .and_then(|field| package(&field, "a rule", reader)),
        path: fields
            .get("path")
            .and_then(|field| reader.glob(field, About::Paths)),
        ref_name: fields
            .get("ref")
            .and_then(|field| reader.glob(field, About::Refs)),
    }
}

fn exception<'d>(item: Field<'d>, reader: &mut Reader<'d>) -> Option<Exception> {
    let fields = reader.fields(item, &EXCEPTION)?;
    let id = match fields.get("id") {
        Some(field) => id(&field, reader),
        None => {
            let hint = "Name the advisory: any of its ids.";
            reader.missing(&fields, "id", hint);
            None
        }
    };
    let reason = match fields.get("reason") {
        Some(field) => reader.text(&field).map(|text| one_line(&text)),
        None => {
            let hint = "Write why the risk is acceptable: `reason: …`.";
            reader.missing(&fields, "reason", hint);
            None
        }
    };
    let expires = match fields.get("expires") {
        Some(field) => reader.date(&field),
        None => {
            let hint = "Give the last day on which the exception counts: `expires: 2026-12-31`.";
            reader.missing(&fields, "expires", hint);
            None
        }
    };
    let owner = fields
        .get("owner")
        .and_then(|field| reader.text(&field))
        .map(|text| one_line(&text));
    let package = fields
        .get("package")
        .and_then(|field| package(&field, "an exception", reader));
    let path = fields
        .get("path")
        .and_then(|field| reader.glob(field, About::Paths));
    let ref_name = fields
        .get("ref")
        .and_then(|field| reader.glob(field, About::Refs));
    let until_fixed = fields
        .get("until-fixed")
        .and_then(|field| reader.truth(&field))
        .unwrap_or_default();
    Some(Exception {
        id: id?,
        reason: reason?,
        owner,
        expires: expires?,
        package,
        path,
        ref_name,
        until_fixed,
        place: reader.position(fields.whole.value.span()),
        of_run: false,
    })
}

/// One whole id.
fn id<'d>(field: &Field<'d>, reader: &mut Reader<'d>) -> Option<String> {
    const HINT: &str = "Write one whole id, such as CVE-2024-12345; write an exception for each advisory.";
    let odd = |character: char| {
        character.is_whitespace() || matches!(character, '*' | '?' | '[' | ']' | '{' | '}' | '!' | ',')
    };
    let at = field.value.span();
    match field.value.as_str() {
        Some(text) if text.is_empty() || text.contains(odd) => {
            let message = "an exception names one advisory: this is no id";
            reader.mistake(at, &field.path, message, HINT);
            None
        }
        Some(_) | None => reader.text(field),
    }
}

/// The package that `what` is about.
fn package<'d>(field: &Field<'d>, what: &str, reader: &mut Reader<'d>) -> Option<PackageUrl> {
    let text = reader.text(field)?;
    let (message, hint) = match purl::parse(&text) {
        Ok(package) if !package.is_qualified() => {
            return supply_chain::is_known(&package, field, reader).then_some(package);
        }
        Ok(_) => (
            format!("{what} is about a package, not about one of its files"),
            "Leave out what follows `?` or `#`.",
        ),
        Err(bad) => (
            format!("this is no package URL: {bad}"),
            "Write one package, such as pkg:npm/example or pkg:npm/example@1.2.3.",
        ),
    };
    reader.mistake(field.value.span(), &field.path, message, hint);
    None
}

fn lines<'d>(fields: &Fields<'d>, reader: &mut Reader<'d>) -> Lines {
    let usual = Lines::default();
    Lines {
        include: fields
            .get("include")
            .and_then(|field| reader.globs(&field, About::Refs)),
        exclude: fields
            .get("exclude")
            .and_then(|field| reader.globs(&field, About::Refs))
            .unwrap_or_default(),
        newest: fields
            .get("newest")
            .and_then(|field| reader.count(&field))
            .unwrap_or(usual.newest),
        active_within: fields
            .get("active-within")
            .and_then(|field| reader.duration(&field))
            .unwrap_or(usual.active_within),
        end_of_support: fields
            .get("end-of-support")
            .map(|field| support(&field, reader))
            .unwrap_or_default(),
        scanned_within: fields
            .get("scanned-within")
            .and_then(|field| reader.duration(&field)),
    }
}

/// Names or globs of refs with the last days of their support.
fn support<'d>(field: &Field<'d>, reader: &mut Reader<'d>) -> Support {
    let mut days = Vec::new();
    for (name, item) in reader.by_glob(field, About::Refs) {
        if let Some(day) = reader.date(&item) {
            days.push((name, day));
        }
    }
    days.sort();
    let (names, days): (Vec<_>, Vec<_>) = days.into_iter().unzip();
    match reader.joined(field, names) {
        Some(globs) => Support::new(globs, days),
        None => Support::default(),
    }
}

fn database<'d>(fields: &Fields<'d>, reader: &mut Reader<'d>) -> Database {
    let usual = Database::default();
    let update = Update::ALL.map(|update| (update.as_str(), update));
    let sources = match fields.get("sources") {
        None => Vec::new(),
        Some(field) => {
            let items = reader.items(&field);
            items.iter().filter_map(|item| reader.text(item)).collect()
        }
    };
    Database {
        max_age: fields
            .get("max-age")
            .and_then(|field| reader.duration(&field))
            .unwrap_or(usual.max_age),
        refuse_age: fields
            .get("refuse-age")
            .and_then(|field| reader.duration(&field))
            .unwrap_or(usual.refuse_age),
        digest: fields.get("digest").and_then(|field| digest(&field, reader)),
        sources,
        update: fields
            .get("update")
            .and_then(|field| reader.word(&field, &update))
            .unwrap_or(usual.update),
    }
}

fn digest<'d>(field: &Field<'d>, reader: &mut Reader<'d>) -> Option<String> {
    let text = reader.text(field)?;
    let lower = |byte: u8| byte.is_ascii_digit() || matches!(byte, b'a'..=b'f');
    let fits = text
        .strip_prefix("sha256:")
        .is_some_and(|hex| hex.len() == 64 && hex.bytes().all(lower));
    if !fits {
        reader.mistake(
            field.value.span(),
            &field.path,
            "this is no digest of an advisory database",
            "Write `sha256:` and 64 digits, as `lockkeeper db status` prints them.",
        );
    }
    fits.then_some(text)
}

/// What a person wrote over several lines, as one line for reports.
fn one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}
