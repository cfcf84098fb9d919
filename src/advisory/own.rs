//! A record of a problem in the repository's own package: an OSV record, an advisory as GitHub's API gives it, or one of the
//! database; with the commits that it names.

use serde_json::{Map, Value, json};

use super::record::Record;
use super::tag_ranges::Event;
use crate::model::Ecosystem;

/// What a record says of its own repository.
#[derive(Debug, Clone, Default)]
pub struct OwnRecord {
    /// Its id.
    pub id: String,
    /// The packages that it names, with OSV's name of the ecosystem.
    pub packages: Vec<(Ecosystem, String)>,
    /// Commits that brought the problem in; none where it was always there.
    pub introduced: Vec<String>,
    /// Commits that fix it.
    pub fixed: Vec<String>,
    /// The repository that it names, as it stands there.
    pub repository: Option<String>,
    /// The record as an OSV document, without what is affected.
    pub document: Map<String, Value>,
}

/// What an advisory means for its own repository.
#[derive(Debug, Clone)]
pub struct OwnAdvisory {
    /// Its id.
    pub id: String,
    /// Every live release line.
    pub lines: Vec<OwnLine>,
    /// Affected versions, by tags.
    pub packages: Vec<OwnPackage>,
    /// The commits behind them.
    pub commits: OwnCommits,
    /// The record as an OSV document, without what is affected.
    pub document: Map<String, Value>,
    /// What is not known or odd, each a sentence.
    pub notes: Vec<String>,
    /// How every line and every tag stands is known.
    pub is_complete: bool,
}

/// A live release line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OwnLine {
    /// Its short name.
    pub name: String,
    /// How it stands.
    pub standing: OwnStanding,
}

/// How a release line or a tag stands towards an advisory of its own repository.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum OwnStanding {
    /// It contains a fix, or a commit that changes the same.
    Fixed {
        /// The full id of that commit.
        by: String,
    },
    /// It lacks what brought the problem in.
    NotAffected,
    /// It has the problem.
    Affected,
    /// The clone lacks a part of its history.
    Unknown,
}

/// Affected versions of one package.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OwnPackage {
    /// The ecosystem.
    pub ecosystem: Ecosystem,
    /// The name.
    pub name: String,
    /// What changed at which version.
    pub events: Vec<Event>,
    /// Every affected version that was tagged, lowest first.
    pub affected: Vec<String>,
}

/// The commits of an advisory, as full ids.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct OwnCommits {
    /// The address of the repository; `None` where none is known.
    pub repository: Option<String>,
    /// Those that brought the problem in; none where it was always there.
    pub introduced: Vec<String>,
    /// Those that fix it, and those on other branches that change the same.
    pub fixed: Vec<String>,
    /// Those that are carried to a line that lacks the fix.
    pub carried: Vec<String>,
}

/// GitHub's names of ecosystems, and OSV's.
const GITHUB_ECOSYSTEMS: [(&str, &str); 12] = [
    ("actions", "GitHub Actions"),
    ("composer", "Packagist"),
    ("erlang", "Hex"),
    ("go", "Go"),
    ("maven", "Maven"),
    ("npm", "npm"),
    ("nuget", "NuGet"),
    ("pip", "PyPI"),
    ("pub", "Pub"),
    ("rubygems", "RubyGems"),
    ("rust", "crates.io"),
    ("swift", "SwiftURL"),
];

impl OwnRecord {
    /// Reads a document: an OSV record, or a security advisory of GitHub's API. `Err` says why it is neither.
    ///
    /// # Errors
    /// A lowercase fragment.
    pub fn read(bytes: &[u8]) -> Result<Self, String> {
        let document: Value =
            serde_json::from_slice(bytes).map_err(|error| format!("it is no JSON: {error}"))?;
        let Value::Object(document) = document else {
            return Err("it is no JSON object".to_owned());
        };
        match (text(document.get("id")), text(document.get("ghsa_id"))) {
            (_, Some(id)) => Ok(Self::of_github(id, &document)),
            (Some(id), None) => Ok(Self::of_osv(id.to_owned(), document)),
            (None, None) => {
                Err("it has no `id` and no `ghsa_id`, as records of OSV and GitHub have".to_owned())
            }
        }
    }

    /// A record of the database: it has no commits but those of its references.
    #[must_use]
    pub fn of_record(record: &Record) -> Self {
        let references: Vec<Value> = record
            .texts
            .references
            .iter()
            .map(|(kind, url)| json!({"type": kind, "url": url}))
            .collect();
        let mut document = Map::new();
        let time = |time: Option<jiff::Timestamp>| time.map(|time| Value::from(time.to_string()));
        for (name, value) in [
            ("id", Some(Value::from(record.id.clone()))),
            ("published", time(record.published)),
            ("modified", time(record.modified)),
            ("aliases", Some(Value::from(record.aliases.clone()))),
            ("summary", Some(Value::from(record.summary.clone()))),
            ("details", Some(Value::from(record.texts.details.clone()))),
            ("references", Some(Value::from(references))),
        ] {
            document.extend(value.map(|value| (name.to_owned(), value)));
        }
        let mut own = Self::of_osv(record.id.clone(), document);
        for affected in &record.affected {
            own.package(affected.ecosystem.clone(), affected.name.clone());
        }
        own
    }

    fn of_osv(id: String, mut document: Map<String, Value>) -> Self {
        let mut own = Self {
            id,
            ..Self::default()
        };
        let affected = document.remove("affected");
        for affected in list(affected.as_ref()) {
            let package = affected.get("package");
            let of_package = |name: &str| text(package.and_then(|package| package.get(name)));
            if let (Some(ecosystem), Some(name)) = (of_package("ecosystem"), of_package("name")) {
                own.package(Ecosystem::named(ecosystem), name.to_owned());
            }
            let ranges = list(affected.get("ranges"));
            for range in ranges.filter(|range| text(range.get("type")) == Some("GIT")) {
                if let Some(repository) = text(range.get("repo")) {
                    own.repository.get_or_insert_with(|| repository.to_owned());
                }
                for event in list(range.get("events")) {
                    let introduced = text(event.get("introduced")).filter(|commit| *commit != "0");
                    own.introduced.extend(introduced.map(str::to_owned));
                    own.fixed.extend(text(event.get("fixed")).map(str::to_owned));
                }
            }
        }
        let references = || {
            list(document.get("references")).map(|reference| {
                let of = |name: &str| text(reference.get(name)).unwrap_or_default();
                (of("type"), of("url"))
            })
        };
        own.fixed.extend(fixes(references, own.fixed.is_empty()));
        own.document = document;
        own.tidy()
    }

    fn of_github(id: &str, advisory: &Map<String, Value>) -> Self {
        let mut own = Self {
            id: id.to_owned(),
            ..Self::default()
        };
        for vulnerability in list(advisory.get("vulnerabilities")) {
            let package = vulnerability.get("package");
            let of_package = |name: &str| text(package.and_then(|package| package.get(name)));
            if let (Some(ecosystem), Some(name)) = (of_package("ecosystem"), of_package("name")) {
                let known = GITHUB_ECOSYSTEMS.iter().find(|(github, _)| *github == ecosystem);
                let ecosystem = known.map_or(ecosystem, |(_, osv)| osv);
                own.package(Ecosystem::named(ecosystem), name.to_owned());
            }
        }
        let mut references = Vec::new();
        for url in list(advisory.get("references")).filter_map(|reference| text(Some(reference))) {
            let commit = commit_of(url);
            let kind = if commit.is_some() { "FIX" } else { "WEB" };
            references.push(json!({"type": kind, "url": url}));
            own.fixed.extend(commit);
        }
        // A repository's advisory has no references, but what its text says.
        if own.fixed.is_empty() {
            let description = text(advisory.get("description")).unwrap_or_default();
            for (url, commit) in named_as_fix(description) {
                references.push(json!({"type": "FIX", "url": url}));
                own.fixed.push(commit);
            }
        }
        let mut document = Map::new();
        let mut put =
            |name: &str, value: Option<Value>| document.extend(value.map(|value| (name.to_owned(), value)));
        let field = |name: &str| text(advisory.get(name)).map(Value::from);
        put("id", Some(Value::from(id)));
        put("published", field("published_at"));
        put("modified", field("updated_at"));
        put("summary", field("summary"));
        put("details", field("description"));
        put("aliases", text(advisory.get("cve_id")).map(|id| json!([id])));
        put("references", Some(Value::from(references)));
        own.document = document;
        own.tidy()
    }

    /// The commits that brought the problem in, as full ids: those that were found, and those that are full here.
    #[must_use]
    pub fn introduced_commits(&self, found: &[String]) -> Vec<String> {
        let is_full = |id: &&String| matches!(id.len(), 40 | 64) && !found.contains(id);
        let others = self.introduced.iter().filter(is_full);
        found.iter().chain(others).cloned().collect()
    }

    fn package(&mut self, ecosystem: Ecosystem, name: String) {
        let package = (ecosystem, name);
        if !self.packages.contains(&package) {
            self.packages.push(package);
        }
    }

    /// The same with each commit once.
    fn tidy(mut self) -> Self {
        for commits in [&mut self.introduced, &mut self.fixed] {
            let mut known: Vec<String> = Vec::new();
            commits.retain(|commit| {
                let is_new = is_id(commit) && !known.contains(commit);
                known.push(commit.clone());
                is_new
            });
        }
        self
    }
}

/// The commits that references, each with its type and its address, name as the fix. Where none is of type FIX, and nothing else
/// names a commit, those of type WEB count: GitHub's and RustSec's exports call every reference so.
pub fn fixes<'r, R: Iterator<Item = (&'r str, &'r str)>>(
    references: impl Fn() -> R,
    is_all_there_is: bool,
) -> Vec<String> {
    let of = |wanted: &str| -> Vec<String> {
        let fitting = references().filter(|(kind, _)| *kind == wanted);
        fitting.filter_map(|(_, url)| commit_of(url)).collect()
    };
    let fixes = of("FIX");
    match fixes.is_empty() && is_all_there_is {
        true => of("WEB"),
        false => fixes,
    }
}

/// The addresses of commits that `description`, a Markdown text, names as the fix, each with its commit: those below a heading like
/// "Patches", as GitHub's template has it, and on lines with the word fix or patch. A line about what brought the problem in names none.
fn named_as_fix(description: &str) -> Vec<(&str, String)> {
    let says = |line: &str, words: &[&str]| {
        let line = line.to_ascii_lowercase();
        words.iter().any(|word| line.contains(word))
    };
    let mut is_below = false;
    let mut named = Vec::new();
    for line in description.lines() {
        if line.starts_with('#') {
            is_below = says(line, &FIX_WORDS);
        }
        if !(is_below || says(line, &FIX_WORDS)) || says(line, &CAUSE_WORDS) {
            continue;
        }
        let is_around = |character: char| character.is_whitespace() || "()<>[]\"'`,;".contains(character);
        let words = line.split(is_around);
        named.extend(words.filter_map(|word| Some((word, commit_of(word)?))));
    }
    named
}

/// Words of a line or heading about a fix, in lower case.
const FIX_WORDS: [&str; 2] = ["fix", "patch"];
/// Words of a line about what brought a problem in.
const CAUSE_WORDS: [&str; 4] = ["introduc", "caus", "regress", "since"];

/// The commit whose page `url` is: `…/commit/ID`, at any forge.
fn commit_of(url: &str) -> Option<String> {
    let (_, rest) = url
        .split_once("/commit/")
        .or_else(|| url.split_once("/commits/"))?;
    let end = rest.find(|character: char| !character.is_ascii_hexdigit());
    let (id, behind) = rest.split_at_checked(end.unwrap_or(rest.len()))?;
    let is_end = matches!(behind.chars().next(), None | Some('/' | '?' | '#' | '.'));
    (is_end && is_id(id)).then(|| id.to_ascii_lowercase())
}

/// An id of a commit, or a beginning that is long enough to mean one.
fn is_id(text: &str) -> bool {
    (7..=64).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_hexdigit())
}

fn text(value: Option<&Value>) -> Option<&str> {
    value?.as_str()
}

fn list(value: Option<&Value>) -> impl Iterator<Item = &Value> {
    value.and_then(Value::as_array).into_iter().flatten()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn commits_are_taken_from_ranges_and_from_addresses_of_fixes() {
        let own = OwnRecord::read(
            br#"{"id": "X-1", "references": [
                {"type": "FIX", "url": "https://forge.example/a/b/commit/ABCDEF0123"},
                {"type": "FIX", "url": "https://forge.example/a/b/pull/7"},
                {"type": "FIX", "url": "https://forge.example/a/b/commit/abc"},
                {"type": "WEB", "url": "https://forge.example/a/b/commit/1111111111"}],
              "affected": [{"package": {"ecosystem": "npm", "name": "b"}, "ranges": [
                {"type": "SEMVER", "events": [{"introduced": "0"}]},
                {"type": "GIT", "repo": "https://forge.example/a/b", "events": [
                  {"introduced": "0"}, {"fixed": "abcdef0123"}, {"introduced": "2222222"}]}]}]}"#,
        )
        .expect("a record");
        assert_eq!(own.fixed, ["abcdef0123"]);
        assert_eq!(own.introduced, ["2222222"]);
        assert_eq!(own.packages, [(Ecosystem::NPM, "b".to_owned())]);
        assert_eq!(own.repository.as_deref(), Some("https://forge.example/a/b"));
        assert!(own.document.contains_key("references") && !own.document.contains_key("affected"));
    }

    #[test]
    fn a_repositorys_advisory_names_its_fix_in_its_text() {
        let read = |description: &str| {
            let advisory = json!({"ghsa_id": "GHSA-2222-3333-4444", "description": description});
            OwnRecord::read(advisory.to_string().as_bytes()).map(|own| own.fixed)
        };
        let page = |id: &str| format!("https://forge.example/acme/shop/commit/{id}");
        let (bad, good) = (page("aaaaaaaaaa"), page("bbbbbbbbbb"));
        for text in [
            format!("Introduced in {bad}.\n\nIt is fixed by [bbbbbbb]({good})."),
            format!("### Impact\nSee {bad}\n### Patches\n- 1.2.0, <{good}>\n### References\n{bad}\n"),
            format!("The fix of what {bad} introduced.\nPatched in {good}, and by 1.2.0"),
        ] {
            assert_eq!(read(&text), Ok(vec!["bbbbbbbbbb".to_owned()]), "{text}");
        }
        assert_eq!(read(&format!("See {bad}")), Ok(Vec::new()));
    }

    #[test]
    fn commits_of_other_references_count_where_nothing_else_names_one() {
        let read = |references: &str| {
            let record = format!("{{\"id\": \"X-1\", \"references\": [{references}]}}");
            OwnRecord::read(record.as_bytes()).expect("a record").fixed
        };
        let web = r#"{"type": "WEB", "url": "https://forge.example/a/b/commit/1111111111"}"#;
        let fix = r#"{"type": "FIX", "url": "https://forge.example/a/b/commit/2222222222"}"#;
        let report = r#"{"type": "REPORT", "url": "https://forge.example/a/b/commit/3333333333"}"#;
        assert_eq!(read(web), ["1111111111"]);
        assert_eq!(read(&format!("{web}, {fix}")), ["2222222222"]);
        assert!(read(report).is_empty());
    }

    #[test]
    fn an_advisory_of_githubs_api_is_read_too() {
        let own = OwnRecord::read(
            br#"{"ghsa_id": "GHSA-1", "cve_id": "CVE-1", "summary": "s", "references": [
                "https://forge.example/a/b/commit/abcdef0", "https://blog.example/"],
              "vulnerabilities": [{"package": {"ecosystem": "pip", "name": "b"}}]}"#,
        )
        .expect("an advisory");
        assert_eq!((own.id.as_str(), own.fixed.len()), ("GHSA-1", 1));
        assert_eq!(own.packages, [(Ecosystem::PYPI, "b".to_owned())]);
        assert_eq!(own.document.get("aliases"), Some(&json!(["CVE-1"])));
        for bad in ["", "[]", "{}", "{\"id\": 1}"] {
            assert!(OwnRecord::read(bad.as_bytes()).is_err(), "{bad}");
        }
    }
}
