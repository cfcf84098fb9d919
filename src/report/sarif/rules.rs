//! Rules: one an advisory, with all that a reader needs on one page.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use jiff::Timestamp;
use serde_json::json;
use serde_sarif::sarif::{
    MultiformatMessageString, PropertyBag, ReportingConfiguration, ReportingDescriptor, ResultLevel,
};

use super::plain;
use super::results::{Group, level};
use crate::model::advisory::{TextKey, Texts};
use crate::model::{Advisory, Class, Decision, Finding, Level, Outcome, Severity};
use crate::report::exceptions::exception;
use crate::report::phrases::{self, remedy, short, thousands};
use crate::text::escape::{markdown, markdown_code};

/// What to do about a malicious package: no exception accepts it.
const REMOVE: &str = "Remove the package, and treat every machine that installed it as compromised. No exception accepts it. \
    If it is your own, name it in the policy: `supply-chain.internal`, with the registry that it comes from.";

/// GitHub's limit for descriptions, in characters.
const MAX_DESCRIPTION: usize = 1_024;
/// GitHub shows ten tags and takes twenty.
const MAX_TAGS: usize = 10;
/// Packages that a rule lists.
const MAX_ROWS: usize = 10;
/// References that a rule names.
const MAX_REFERENCES: usize = 10;
/// Characters of details for a rule at most, and for all rules together.
const MAX_DETAILS: usize = 4_000;
const ALL_DETAILS: usize = 2_000_000;

/// The rules of all groups in the order of their first result, and the index of each id.
pub(super) fn rules<'o>(
    outcome: &Outcome,
    groups: &[Group<'o>],
    texts: &HashMap<TextKey, Texts>,
) -> (Vec<ReportingDescriptor>, HashMap<&'o str, usize>) {
    let mut indices: HashMap<&str, usize> = HashMap::new();
    let mut of_rules: Vec<Vec<&Group<'o>>> = Vec::new();
    for group in groups {
        let index = *indices.entry(group.id()).or_insert_with(|| {
            of_rules.push(Vec::new());
            of_rules.len() - 1
        });
        if let Some(of_rule) = of_rules.get_mut(index) {
            of_rule.push(group);
        }
    }
    let details = MAX_DETAILS.min(ALL_DETAILS / of_rules.len().max(1));
    let rules = of_rules
        .iter()
        .filter_map(|groups| {
            let first = groups.first()?.first()?;
            let texts = first.advisory.text.and_then(|key| texts.get(&key));
            let help = Help {
                first,
                groups,
                texts,
                details,
                now: outcome.now,
            };
            Some(help.rule())
        })
        .collect();
    (rules, indices)
}

/// All that is known of one rule.
struct Help<'p, 'o> {
    first: &'o Finding,
    groups: &'p [&'p Group<'o>],
    texts: Option<&'p Texts>,
    details: usize,
    now: Timestamp,
}

impl Help<'_, '_> {
    fn rule(&self) -> ReportingDescriptor {
        let advisory = &*self.first.advisory;
        let id = short(&advisory.id, 200);
        let summary = match advisory.summary.trim() {
            "" => format!("{} in {}", advisory.class, short(&self.first.name, 200)),
            summary => summary.to_owned(),
        };
        let brief = format!("{id}: {summary}");
        let full = format!("{summary} ({}). {}", self.ids().join(", "), remedy(self.first));
        let mut rule = ReportingDescriptor::builder()
            .id(advisory.id.as_str())
            .name(short(&plain(&id), 255))
            .short_description(described(&brief))
            .full_description(described(&full))
            .help(
                MultiformatMessageString::builder()
                    .text(self.text(&summary))
                    .markdown(self.markdown(&summary))
                    .build(),
            )
            .default_configuration(
                ReportingConfiguration::builder()
                    .level(json!(self.level()))
                    .build(),
            )
            .properties(self.properties())
            .build();
        rule.help_uri = self
            .references()
            .into_iter()
            .find(|(kind, _)| *kind == "ADVISORY")
            .or_else(|| self.references().into_iter().next())
            .map(|(_, address)| address.to_owned());
        rule
    }

    /// That of its worst result.
    fn level(&self) -> ResultLevel {
        let decisions = self.groups.iter().map(|group| group.decision());
        level(decisions.max().unwrap_or(Decision::Note))
    }

    fn properties(&self) -> PropertyBag {
        let advisory = &*self.first.advisory;
        let ecosystems: BTreeSet<&str> = self
            .groups
            .iter()
            .filter_map(|group| Some(group.first()?.ecosystem.as_str()))
            .collect();
        let mut tags = vec!["security".to_owned(), advisory.class.to_string()];
        if advisory.known_exploited {
            tags.push("known-exploited".to_owned());
        }
        tags.extend(
            ecosystems
                .into_iter()
                .map(|ecosystem| short(ecosystem, 50).into_owned()),
        );
        tags.extend(
            advisory
                .aliases
                .iter()
                .map(|alias| short(&plain(alias), 100).into_owned()),
        );
        tags.truncate(MAX_TAGS);
        let mut properties = BTreeMap::from([
            ("precision".to_owned(), json!("very-high")),
            (
                "severity-source".to_owned(),
                json!(short(&advisory.severity.source, 50)),
            ),
        ]);
        if let Some(score) = security_severity(advisory) {
            properties.insert("security-severity".to_owned(), json!(score));
        }
        if let Some(vector) = &advisory.severity.vector {
            properties.insert("severity-vector".to_owned(), json!(short(vector, 200)));
        }
        if let Some(epss) = advisory.epss {
            properties.insert("epss".to_owned(), json!(epss));
        }
        PropertyBag::builder()
            .tags(tags)
            .additional_properties(properties)
            .build()
    }

    /// The page without markup.
    fn text(&self, summary: &str) -> String {
        let mut lines = vec![
            plain(&short(summary, MAX_DESCRIPTION)),
            plain(&self.ids().join(", ")),
        ];
        lines.push(self.severity());
        for row in self.rows() {
            let fixed = plain(&remedy(row.finding));
            lines.push(format!(
                "{} in {}. {fixed}",
                plain(&row.package),
                plain(&row.file)
            ));
            if let Some(path) = row.path {
                lines.push(format!("Path: {}", plain(&path)));
            }
        }
        lines.extend(self.more());
        if let Some(details) = self.details() {
            lines.push(String::new());
            lines.extend(details.lines().map(plain));
        }
        for (_, address) in self.references() {
            lines.push(address.to_owned());
        }
        lines.push(String::new());
        match self.first.advisory.class {
            Class::Malicious => lines.push(REMOVE.to_owned()),
            Class::Confusion
            | Class::Notice
            | Class::Yanked
            | Class::Unmaintained
            | Class::Unsound
            | Class::Vulnerability => {
                lines.push("To accept the risk until a date, add to the policy:".to_owned());
                lines.push(self.exception());
            }
        }
        lines.join("\n")
    }

    /// The page in Markdown. Nothing in it is as its source wrote it: details are shown, not rendered.
    fn markdown(&self, summary: &str) -> String {
        let mut text = format!("**{}**\n\n", markdown(&short(summary, MAX_DESCRIPTION)));
        let ids: Vec<String> = self.ids().iter().map(|id| markdown_code(id)).collect();
        text.push_str(&format!(
            "{}\n\n{}\n\n",
            ids.join(" · "),
            markdown(&self.severity())
        ));
        text.push_str("| Affected | Fixed in | File | Shortest path |\n|---|---|---|---|\n");
        for row in self.rows() {
            let fixed = match (row.finding.advisory.class, row.finding.fixed.is_empty()) {
                (Class::Malicious, _) => "remove it".to_owned(),
                (Class::Confusion, _) => "take it from your own registry".to_owned(),
                (_, true) => "none yet".to_owned(),
                (_, false) => markdown_code(&short(&row.finding.fixed.join(", "), 200)),
            };
            let path = row.path.map(|path| markdown(&path)).unwrap_or_default();
            let package = markdown_code(&row.package);
            text.push_str(&format!(
                "| {package} | {fixed} | {} | {path} |\n",
                markdown_code(&row.file)
            ));
        }
        if let Some(more) = self.more() {
            text.push_str(&format!("\n{}\n", markdown(&more)));
        }
        if let Some(details) = self.details() {
            text.push('\n');
            for line in details.lines() {
                text.push_str(&format!("> {}\n", markdown(line)));
            }
        }
        let references = self.references();
        if !references.is_empty() {
            text.push('\n');
            for (_, address) in references {
                text.push_str(&format!("- <{address}>\n"));
            }
        }
        match self.first.advisory.class {
            Class::Malicious => text.push_str(&format!("\n{REMOVE}\n")),
            Class::Confusion
            | Class::Notice
            | Class::Yanked
            | Class::Unmaintained
            | Class::Unsound
            | Class::Vulnerability => {
                text.push_str(
                    "\nTo accept the risk until a date, add this to `lockkeeper.yml`:\n\n```yaml\n",
                );
                text.push_str(&self.exception());
                text.push_str("\n```\n");
            }
        }
        text
    }

    fn ids(&self) -> Vec<String> {
        const MAX_IDS: usize = 20;
        let advisory = &self.first.advisory;
        std::iter::once(&advisory.id)
            .chain(&advisory.aliases)
            .take(MAX_IDS)
            .map(|id| short(id, 100).into_owned())
            .collect()
    }

    /// One sentence on how severe it is and by whose rating.
    fn severity(&self) -> String {
        let advisory = &self.first.advisory;
        let mut text = match advisory.severity.source.as_str() {
            // What is no vulnerability has no severity: what stands there is what it is.
            "assumed" if advisory.class != Class::Vulnerability => {
                format!("{}.", phrases::severity(advisory))
            }
            "assumed" => format!(
                "{}: it has no published rating, so high is assumed.",
                phrases::severity(advisory)
            ),
            _ => format!(
                "{}, rated {}.",
                phrases::severity(advisory),
                plain(&phrases::rated(&advisory.severity))
            ),
        };
        if advisory.known_exploited {
            text.push_str(" Known to be exploited.");
        }
        if let Some(epss) = advisory.epss {
            text.push_str(&format!(
                " Probability of exploitation within 30 days: {:.1}%.",
                epss * 100.0
            ));
        }
        text
    }

    fn rows(&self) -> impl Iterator<Item = AffectedRow<'_>> {
        self.groups
            .iter()
            .flat_map(|group| group.findings().iter().map(move |finding| (group, *finding)))
            .take(MAX_ROWS)
            .map(|(group, finding)| AffectedRow {
                finding,
                package: format!("{} {}", short(&finding.name, 200), short(&finding.version, 100)),
                file: format!(
                    "{}:{}",
                    short(&String::from_utf8_lossy(group.file()), 300),
                    finding.place().line
                ),
                path: finding
                    .paths
                    .first()
                    .filter(|path| path.len() > 1)
                    .map(|path| short(&phrases::path(path), 400).into_owned()),
            })
    }

    fn more(&self) -> Option<String> {
        let all: usize = self.groups.iter().map(|group| group.findings().len()).sum();
        match all.saturating_sub(MAX_ROWS) {
            0 => None,
            more => Some(format!(
                "And {} more; the JSON report lists all.",
                thousands(more as u64)
            )),
        }
    }

    fn details(&self) -> Option<String> {
        let details = self.texts?.details.trim();
        (!details.is_empty() && self.details > 0).then(|| short(details, self.details).into_owned())
    }

    /// Addresses that a link may lead to.
    fn references(&self) -> Vec<(&str, &str)> {
        let plain = |address: &str| {
            let harmless = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~:/?#@!$&+,;=%".contains(&byte);
            address.len() < 500
                && (address.starts_with("https://") || address.starts_with("http://"))
                && address.bytes().all(harmless)
                && !address.contains("%%")
        };
        self.texts
            .map(|texts| texts.references.as_slice())
            .unwrap_or_default()
            .iter()
            .filter(|(_, address)| plain(address))
            .take(MAX_REFERENCES)
            .map(|(kind, address)| (kind.as_str(), address.as_str()))
            .collect()
    }

    /// The exception that accepts it: for the package alone, if there is but one.
    fn exception(&self) -> String {
        let package = self.first.purl.package();
        let only = |group: &&Group<'_>| group.first().is_some_and(|first| first.purl.package() == package);
        let package = self.groups.iter().all(only).then_some(package);
        exception(&self.first.advisory.id, package, self.now)
    }
}

/// One affected version in one file.
struct AffectedRow<'f> {
    finding: &'f Finding,
    package: String,
    file: String,
    path: Option<String>,
}

/// The number that GitHub sorts by; none where no source rated the advisory. A score is one; where a word decides it is the
/// middle of the word's range. What is malicious is 10.0; what is no vulnerability and has no score is rated by its class.
fn security_severity(advisory: &Advisory) -> Option<String> {
    let severity = &advisory.severity;
    if severity.source == Severity::assumed().source {
        return None;
    }
    let score = match (advisory.class, severity.score) {
        (Class::Malicious | Class::Confusion, _) => 10.0,
        (_, Some(score)) if score > 0.0 => score.clamp(0.1, 10.0),
        (Class::Unsound, _) => 5.5,
        (Class::Unmaintained | Class::Yanked | Class::Notice, _) => 1.0,
        (Class::Vulnerability, _) => match severity.level {
            Level::Critical => 9.5,
            Level::High => 8.0,
            Level::Medium => 5.5,
            Level::Low => 2.0,
            Level::None => 0.1,
        },
    };
    Some(format!("{score:.1}"))
}

fn described(text: &str) -> MultiformatMessageString {
    MultiformatMessageString::builder()
        .text(short(&plain(text), MAX_DESCRIPTION))
        .build()
}
