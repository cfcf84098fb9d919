//! The effective policy as YAML, and in the one spelling that its digest is made of.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use serde::Serialize;
use sha2::{Digest as _, Sha256};

use super::exception::Exception;
use super::keys::SCHEMA;
use super::registry::{Registries, Registry};
use super::rule::Rule;
use super::{FixSettings, Policy, Strictness, duration};
use crate::model::Ecosystem;
use crate::text::escape;

impl Policy {
    /// The policy as a file that reads back the same, with every default written out. The built-in rules and a fail-on list
    /// are no part of it.
    ///
    /// # Errors
    /// The error of the writer.
    pub fn to_yaml(&self) -> Result<String, serde_yaml::Error> {
        let mut hidden = Hidden::beside(&File::of(self, &mut str::to_owned))?;
        let yaml = serde_yaml::to_string(&File::of(self, &mut |text| hidden.take(text)))?;
        Ok(hidden.put_back(yaml))
    }

    /// The same as JSON, which is YAML too.
    #[must_use]
    pub fn to_json(&self) -> serde_json::Value {
        // Texts, numbers and lists of them always become JSON.
        serde_json::to_value(File::of(self, &mut str::to_owned)).unwrap_or_default()
    }

    /// `sha256:…` over the effective rules in their canonical spelling: comments, the order of keys and defaults that are
    /// written out change nothing.
    #[must_use]
    pub fn digest(&self) -> String {
        let mut rules = format!("{SCHEMA}\n");
        match &self.fail_on {
            None => rules.push_str("built-in\n"),
            Some(list) => {
                let _ = writeln!(rules, "fail-on: {list}");
            }
        }
        // Texts, numbers and lists of them always become JSON.
        rules.push_str(&serde_json::to_string(&File::of(self, &mut str::to_owned)).unwrap_or_default());
        format!("sha256:{}", hex::encode(Sha256::digest(rules.as_bytes())))
    }
}

/// Hands a text through, or something in its place.
type Through<'t> = &'t mut dyn FnMut(&str) -> String;

#[derive(Serialize)]
#[serde(rename_all = "kebab-case")]
struct File {
    schema: &'static str,
    rules: Vec<RuleEntry>,
    exceptions: Vec<ExceptionEntry>,
    lines: Lines,
    exclude: Vec<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    coverage: Option<&'static str>,
    database: Database,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    registries: BTreeMap<String, Vec<String>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    supply_chain: Option<SupplyChain>,
    #[serde(skip_serializing_if = "Option::is_none")]
    fix: Option<Fix>,
}

#[derive(Serialize)]
#[serde(rename_all = "kebab-case")]
struct RuleEntry {
    name: String,
    when: When,
    then: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    after: Option<String>,
}

#[derive(Serialize)]
#[serde(rename_all = "kebab-case")]
struct When {
    #[serde(skip_serializing_if = "Option::is_none")]
    class: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    severity: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    fix: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    known_exploited: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    epss: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    scope: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    direct: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    package: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    path: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none", rename = "ref")]
    ref_name: Option<String>,
}

#[derive(Serialize)]
#[serde(rename_all = "kebab-case")]
struct ExceptionEntry {
    id: String,
    reason: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    owner: Option<String>,
    expires: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    package: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    path: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none", rename = "ref")]
    ref_name: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    until_fixed: Option<bool>,
}

#[derive(Serialize)]
#[serde(rename_all = "kebab-case")]
struct Lines {
    #[serde(skip_serializing_if = "Option::is_none")]
    include: Option<Vec<String>>,
    exclude: Vec<String>,
    newest: u32,
    active_within: String,
    end_of_support: BTreeMap<String, String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    scanned_within: Option<String>,
}

#[derive(Serialize)]
#[serde(rename_all = "kebab-case")]
struct Database {
    max_age: String,
    refuse_age: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    digest: Option<String>,
    sources: Vec<String>,
    update: &'static str,
}

#[derive(Serialize)]
#[serde(rename_all = "kebab-case")]
struct SupplyChain {
    internal: Vec<String>,
    registries: BTreeMap<String, Vec<String>>,
    allow_malicious: Vec<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    min_release_age: Option<String>,
}

#[derive(Serialize)]
#[serde(rename_all = "kebab-case")]
struct Fix {
    level: &'static str,
    group: &'static str,
    allow: Vec<&'static str>,
    max_open: u32,
    labels: Vec<String>,
    reviewers: Vec<String>,
    assignees: Vec<String>,
    milestone: Option<String>,
    sign_off: bool,
    branch_prefix: String,
    backport_label: String,
    title: Option<String>,
    body: Option<String>,
}

impl Fix {
    /// `None` where everything is as usual.
    fn of(fix: &FixSettings, text: Through<'_>) -> Option<Self> {
        if *fix == FixSettings::default() {
            return None;
        }
        let mut all = |texts: &[String]| texts.iter().map(|one| text(one)).collect::<Vec<String>>();
        let (labels, reviewers, assignees) = (all(&fix.labels), all(&fix.reviewers), all(&fix.assignees));
        Some(Self {
            level: fix.level.as_str(),
            group: fix.group.as_str(),
            allow: fix.allow.iter().map(|means| means.as_str()).collect(),
            max_open: fix.max_open,
            labels,
            reviewers,
            assignees,
            milestone: fix.milestone.as_deref().map(&mut *text),
            sign_off: fix.sign_off,
            branch_prefix: text(&fix.branch_prefix),
            backport_label: text(&fix.backport_label),
            title: fix.title.as_deref().map(&mut *text),
            body: fix.body.as_deref().map(&mut *text),
        })
    }
}

impl SupplyChain {
    fn of(policy: &Policy, text: Through<'_>) -> Option<Self> {
        let own = &policy.supply_chain;
        (!own.is_empty()).then(|| Self {
            internal: own.internal.patterns().iter().map(|glob| text(glob)).collect(),
            registries: registries(&own.registries, text),
            allow_malicious: own
                .allow_malicious
                .iter()
                .map(|entry| text(&entry.spelling))
                .collect(),
            min_release_age: own.min_release_age.map(duration::written),
        })
    }
}

fn registries(registries: &Registries, text: Through<'_>) -> BTreeMap<String, Vec<String>> {
    let entry = |(ecosystem, list): (&Ecosystem, &[Registry])| {
        let list = list.iter().map(|registry| text(registry.as_str())).collect();
        (ecosystem.to_string(), list)
    };
    registries.entries().map(entry).collect()
}

impl File {
    fn of(policy: &Policy, text: Through<'_>) -> Self {
        let Policy { lines, database, .. } = policy;
        let mut all = |texts: &[String]| texts.iter().map(|one| text(one)).collect::<Vec<String>>();
        Self {
            schema: SCHEMA,
            lines: Lines {
                include: lines.include.as_ref().map(|globs| all(globs.patterns())),
                exclude: all(lines.exclude.patterns()),
                newest: lines.newest,
                active_within: duration::written(lines.active_within),
                end_of_support: lines
                    .end_of_support
                    .entries()
                    .map(|(name, day)| (all(&[name.to_owned()]).concat(), day.to_string()))
                    .collect(),
                scanned_within: lines.scanned_within.map(duration::written),
            },
            exclude: all(policy.exclude.patterns()),
            coverage: match policy.coverage {
                Strictness::Usual => None,
                Strictness::Strict => Some("strict"),
            },
            database: Database {
                max_age: duration::written(database.max_age),
                refuse_age: duration::written(database.refuse_age),
                digest: database.digest.clone(),
                sources: all(&database.sources),
                update: database.update.as_str(),
            },
            registries: registries(&policy.registries, text),
            supply_chain: SupplyChain::of(policy, text),
            fix: Fix::of(&policy.fix, text),
            rules: policy
                .rules
                .iter()
                .map(|rule| RuleEntry::of(rule, text))
                .collect(),
            exceptions: policy
                .exceptions
                .list()
                .iter()
                .map(|exception| ExceptionEntry::of(exception, text))
                .collect(),
        }
    }
}

impl RuleEntry {
    fn of(rule: &Rule, text: Through<'_>) -> Self {
        let when = &rule.when;
        Self {
            name: text(&rule.name),
            when: When {
                class: when.class.map(|class| class.as_str()),
                severity: when.severity.map(|level| level.as_str()),
                fix: when.fix.map(|fix| fix.as_str()),
                known_exploited: when.known_exploited,
                epss: when.epss,
                scope: when.scope.map(|scope| scope.as_str()),
                direct: when.direct,
                package: when.package.as_ref().map(|package| text(package.as_str())),
                path: when.path.as_ref().map(|globs| text(&globs.patterns().concat())),
                ref_name: when
                    .ref_name
                    .as_ref()
                    .map(|globs| text(&globs.patterns().concat())),
            },
            then: rule.then.as_str(),
            after: rule.after.map(duration::written),
        }
    }
}

impl ExceptionEntry {
    fn of(exception: &Exception, text: Through<'_>) -> Self {
        Self {
            id: text(&exception.id),
            reason: text(&exception.reason),
            owner: exception.owner.as_deref().map(&mut *text),
            expires: exception.expires.to_string(),
            package: exception.package.as_ref().map(|package| text(package.as_str())),
            path: exception
                .path
                .as_ref()
                .map(|globs| text(&globs.patterns().concat())),
            ref_name: exception
                .ref_name
                .as_ref()
                .map(|globs| text(&globs.patterns().concat())),
            until_fixed: exception.until_fixed.then_some(true),
        }
    }
}

/// Texts with invisible characters. The writer would write some of them as they are; they are put in afterwards,
/// escaped.
struct Hidden {
    /// A word that is nowhere in the policy.
    word: String,
    texts: Vec<String>,
}

impl Hidden {
    /// For texts beside those of `file`.
    fn beside(file: &File) -> Result<Self, serde_yaml::Error> {
        let whole = serde_yaml::to_string(file)?;
        let mut word = String::from("text");
        while whole.contains(&word) {
            word.push('t');
        }
        Ok(Self {
            word,
            texts: Vec::new(),
        })
    }

    fn take(&mut self, text: &str) -> String {
        let is_hidden = |character: char| character != '\n' && escape::is_hidden(character);
        if !text.contains(is_hidden) {
            return text.to_owned();
        }
        self.texts.push(text.to_owned());
        self.name(self.texts.len())
    }

    fn name(&self, number: usize) -> String {
        format!("{}-{number}-", self.word)
    }

    fn put_back(&self, mut yaml: String) -> String {
        for (before, text) in self.texts.iter().enumerate() {
            yaml = yaml.replace(&self.name(before.saturating_add(1)), &escape::yaml(text));
        }
        yaml
    }
}
