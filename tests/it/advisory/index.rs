//! The index from records to answers: groups, ranges, severity, damage.

use jiff::Timestamp;
use lockkeeper::advisory::import::Imported;
use lockkeeper::advisory::{Added, Authority, Compiler, Index, OpenError};
use lockkeeper::ecosystem;
use lockkeeper::matching;
use lockkeeper::model::{Advisory, Class, Ecosystem, Level};
use serde_json::{Value, json};

const BUILT: &str = "2026-11-20T08:00:00Z";

fn built() -> Timestamp {
    BUILT.parse().unwrap()
}

/// Compiles OSV records that come in this order from one export.
fn bytes_of(records: &[Value]) -> Vec<u8> {
    let mut compiler = Compiler::new();
    let source = compiler.source("osv/test", Authority::Export);
    for record in records {
        compiler.add_osv_json(source, record.to_string().as_bytes(), "test.json");
    }
    compiler.finish(built()).unwrap().into_bytes()
}

fn index_of(records: &[Value]) -> Index {
    Index::open(bytes_of(records)).unwrap()
}

fn record(id: &str, aliases: &[&str], published: &str, events: Value) -> Value {
    json!({"id": id, "aliases": aliases, "published": published, "modified": published,
           "affected": [{"package": {"ecosystem": "npm", "name": "left"},
                         "ranges": [{"type": "SEMVER", "events": events}]}]})
}

/// An assessment, its texts taken out of the index.
#[derive(Debug, PartialEq)]
enum Assessed {
    Affected { fixed: Vec<String>, reason: String },
    Fixed,
    NotAffected,
    Undecided { reason: String },
}

impl Assessed {
    fn of(judged: matching::Assessment<'_>, advisory: &Advisory) -> Self {
        match judged {
            matching::Assessment::Affected { fixed, because, .. } => Self::Affected {
                fixed: fixed.into_iter().map(str::to_owned).collect(),
                reason: {
                    let record = because.record(&advisory.id).unwrap();
                    because.reason(record.as_deref().unwrap_or(&advisory.id))
                },
            },
            matching::Assessment::Fixed => Self::Fixed,
            matching::Assessment::NotAffected => Self::NotAffected,
            matching::Assessment::Undecided { reason } => Self::Undecided { reason },
        }
    }
}

fn judge(index: &Index, ecosystem: &str, name: &str, version: &str) -> Vec<(Advisory, Assessed)> {
    let ecosystem = Ecosystem::named(ecosystem);
    let scheme = ecosystem::scheme(&ecosystem);
    let candidates = index.candidates(&ecosystem, name).unwrap();
    candidates
        .groups()
        .map(|group| {
            let advisory = group.advisory().unwrap();
            let assessed = Assessed::of(matching::assess(version, scheme, &group).unwrap(), &advisory);
            (advisory, assessed)
        })
        .collect()
}

/// The single group's judgement.
fn only(index: &Index, version: &str) -> Assessed {
    let mut judged = judge(index, "npm", "left", version);
    assert_eq!(judged.len(), 1);
    judged.remove(0).1
}

fn affected(fixed: &[&str], reason: &str) -> Assessed {
    Assessed::Affected {
        fixed: fixed.iter().map(ToString::to_string).collect(),
        reason: reason.to_owned(),
    }
}

#[test]
fn a_group_is_one_advisory_with_all_names() {
    let index = index_of(&[
        record(
            "GHSA-aaaa",
            &["CVE-2024-1"],
            "2024-02-01T00:00:00Z",
            json!([{"introduced": "0"}, {"fixed": "1.2.0"}]),
        ),
        record(
            "SNYK-1",
            &["CVE-2024-1"],
            "2024-01-01T00:00:00Z",
            json!([{"introduced": "1.0.0"}, {"fixed": "1.3.0"}]),
        ),
        record(
            "GHSA-bbbb",
            &[],
            "2023-01-01T00:00:00Z",
            json!([{"introduced": "3.0.0"}]),
        ),
    ]);
    let judged = judge(&index, "npm", "left", "1.1.0");
    let ids: Vec<&str> = judged.iter().map(|(advisory, _)| advisory.id.as_str()).collect();
    assert_eq!(ids, ["GHSA-bbbb", "SNYK-1"]);
    assert_eq!(judged[0].1, Assessed::NotAffected);
    let (advisory, judgement) = &judged[1];
    assert_eq!(advisory.aliases, ["CVE-2024-1", "GHSA-aaaa"]);
    assert_eq!(advisory.published, "2024-01-01T00:00:00Z".parse().ok());
    // 1.2.0 is still inside the other record's range.
    assert_eq!(
        *judgement,
        affected(&["1.3.0"], "SNYK-1 affects >= 1.0.0, < 1.3.0")
    );
    assert!(
        index
            .candidates(&Ecosystem::NPM, "right")
            .unwrap()
            .groups()
            .next()
            .is_none()
    );
    assert!(
        index
            .candidates(&Ecosystem::PYPI, "left")
            .unwrap()
            .groups()
            .next()
            .is_none()
    );
}

#[test]
fn a_late_alias_and_a_malicious_record() {
    let index = index_of(&[
        record(
            "GHSA-aaaa",
            &[],
            "2024-01-01T00:00:00Z",
            json!([{"introduced": "0"}]),
        ),
        record(
            "MAL-2024-7",
            &["GHSA-aaaa"],
            "2024-05-01T00:00:00Z",
            json!([{"introduced": "0"}]),
        ),
    ]);
    let (advisory, judgement) = judge(&index, "npm", "left", "not a version").remove(0);
    assert_eq!(
        (advisory.id.as_str(), advisory.class),
        ("MAL-2024-7", Class::Malicious)
    );
    // Every version is affected, those that cannot be ordered too.
    assert_eq!(judgement, affected(&[], "MAL-2024-7 affects every version"));
}

#[test]
fn the_edges_of_ranges() {
    let index = index_of(&[record(
        "A",
        &[],
        "2024-01-01T00:00:00Z",
        json!([{"fixed": "2.0.5"}, {"introduced": "2.0.0"}, {"introduced": "0"}, {"last_affected": "1.4.0"},
               {"introduced": "3.0.0-0"}, {"fixed": "3.0.0"}]),
    )]);
    for (version, answer) in [
        ("1.4.0", affected(&["2.0.5", "3.0.0"], "A affects <= 1.4.0")),
        ("0.0.0-alpha", affected(&["2.0.5", "3.0.0"], "A affects <= 1.4.0")),
        ("1.4.1", Assessed::NotAffected),
        ("2.0.0-rc.1", Assessed::NotAffected),
        (
            "2.0.0",
            affected(&["2.0.5", "3.0.0"], "A affects >= 2.0.0, < 2.0.5"),
        ),
        (
            "2.0.5-beta",
            affected(&["2.0.5", "3.0.0"], "A affects >= 2.0.0, < 2.0.5"),
        ),
        ("2.0.5", Assessed::Fixed),
        (
            "3.0.0-beta.1",
            affected(&["3.0.0"], "A affects >= 3.0.0-0, < 3.0.0"),
        ),
        ("3.0.0", Assessed::Fixed),
    ] {
        assert_eq!(only(&index, version), answer, "{version}");
    }
    assert!(
        matches!(only(&index, "nonsense"), Assessed::Undecided { reason } if reason.contains("nonsense"))
    );
}

#[test]
fn listed_versions_decide_where_ranges_cannot() {
    let odd = |versions: Value| {
        json!({"id": "A", "modified": "2024-01-01T00:00:00Z", "affected": [{"package": {"ecosystem": "npm", "name": "left"},
               "versions": versions,
               "ranges": [{"type": "GIT", "events": [{"introduced": "0"}]},
                          {"type": "ECOSYSTEM", "events": [{"introduced": "0"}, {"fixed": "next tuesday"}]}]}]})
    };
    let index = index_of(&[odd(json!(["1.0.0", "odd"]))]);
    assert_eq!(only(&index, "1.0.0"), affected(&[], "A affects 1.0.0"));
    assert_eq!(only(&index, "v1.0.0"), affected(&[], "A affects 1.0.0"));
    assert_eq!(only(&index, "odd"), affected(&[], "A affects odd"));
    assert_eq!(only(&index, "1.0.1"), Assessed::NotAffected);
    let index = index_of(&[odd(json!([]))]);
    assert!(
        matches!(only(&index, "1.0.0"), Assessed::Undecided { reason } if reason.contains("next tuesday"))
    );
    // Another record that says "affected" decides.
    let index = index_of(&[
        odd(json!([])),
        record(
            "B",
            &["A"],
            "2024-01-01T00:00:00Z",
            json!([{"introduced": "0"}, {"fixed": "2.0.0"}]),
        ),
    ]);
    assert_eq!(only(&index, "1.0.0"), affected(&["2.0.0"], "B affects < 2.0.0"));
}

#[test]
fn unknown_ecosystems_are_kept_by_name() {
    let index = index_of(&[
        json!({"id": "D", "modified": "2024-01-01T00:00:00Z", "affected": [
        {"package": {"ecosystem": "Nowhere:12", "name": "openssl"}, "versions": ["3.0.1-1"],
         "ranges": [{"type": "ECOSYSTEM", "events": [{"introduced": "0"}, {"fixed": "3.0.2-1"}]}]},
        {"package": {"ecosystem": "Nowhere", "name": "all"},
         "ranges": [{"type": "ECOSYSTEM", "events": [{"introduced": "0"}]}]},
        {"package": {"ecosystem": "Nowhere", "name": "some"},
         "ranges": [{"type": "ECOSYSTEM", "events": [{"introduced": "1"}]}]}]}),
    ]);
    assert_eq!(
        judge(&index, "Nowhere:12", "openssl", "3.0.1-1")[0].1,
        affected(&[], "D affects 3.0.1-1")
    );
    assert_eq!(
        judge(&index, "Nowhere:12", "openssl", "3.0.1-2")[0].1,
        Assessed::NotAffected
    );
    assert!(judge(&index, "Nowhere:11", "openssl", "3.0.1-1").is_empty());
    assert_eq!(
        judge(&index, "Nowhere", "all", "?")[0].1,
        affected(&[], "D affects every version")
    );
    assert!(matches!(
        judge(&index, "Nowhere", "some", "1")[0].1,
        Assessed::Undecided { .. }
    ));
}

#[test]
fn names_are_normalised_and_go_itself_is_read() {
    let index = index_of(&[
        json!({"id": "P", "modified": "2024-01-01T00:00:00Z", "affected": [
        {"package": {"ecosystem": "PyPI", "name": "Foo.Bar"},
         "ranges": [{"type": "ECOSYSTEM", "events": [{"introduced": "0"}, {"fixed": "1.2"}]}]},
        {"package": {"ecosystem": "Go", "name": "stdlib"},
         "ranges": [{"type": "SEMVER", "events": [{"introduced": "1.21.0-0"}, {"fixed": "1.21.3"}]}]}]}),
    ]);
    assert_eq!(judge(&index, "PyPI", "foo_bar", "1.2.0")[0].1, Assessed::Fixed);
    assert_eq!(
        judge(&index, "PyPI", "foo_bar", "1.2rc1")[0].1,
        affected(&["1.2"], "P affects < 1.2")
    );
    for version in ["go1.21.2", "1.21", "1.21rc2"] {
        assert!(
            matches!(
                judge(&index, "Go", "stdlib", version)[0].1,
                Assessed::Affected { .. }
            ),
            "{version}"
        );
    }
    assert_eq!(judge(&index, "Go", "stdlib", "go1.21.3")[0].1, Assessed::Fixed);
}

#[test]
fn the_highest_valid_severity_counts() {
    let mut records = vec![
        record("A", &["X"], "2024-01-01T00:00:00Z", json!([{"introduced": "0"}])),
        record("B", &["X"], "2024-01-02T00:00:00Z", json!([{"introduced": "0"}])),
    ];
    let severity = |records: &[Value]| {
        judge(&index_of(records), "npm", "left", "1.0.0")
            .remove(0)
            .0
            .severity
    };
    let said = severity(&records);
    assert_eq!((said.level, said.source.as_str()), (Level::High, "assumed"));
    records[0]["database_specific"] = json!({"severity": "MODERATE"});
    let said = severity(&records);
    assert_eq!(
        (said.level, said.score, said.source.as_str()),
        (Level::Medium, None, "database_specific")
    );
    // A word does not outdo a score, and a broken vector lowers nothing.
    records[1]["database_specific"] = json!({"severity": "CRITICAL"});
    records[1]["severity"] = json!([
        {"type": "CVSS_V3", "score": "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H"},
        {"type": "CVSS_V2", "score": "AV:N/AC:L/Au:N/C:P/I:P/A:P"},
        {"type": "Ubuntu", "score": "low"}]);
    let said = severity(&records);
    assert_eq!(
        (said.level, said.score, said.source.as_str()),
        (Level::High, Some(7.5), "CVSS_V2")
    );
    // The severity of this package alone.
    records[0]["affected"][0]["severity"] =
        json!([{"type": "CVSS_V3", "score": "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H"}]);
    let said = severity(&records);
    assert_eq!(
        (said.level, said.score, said.source.as_str()),
        (Level::Critical, Some(9.8), "CVSS_V3")
    );
    assert_eq!(
        said.vector.as_deref(),
        Some("CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H")
    );
}

#[test]
fn classes_come_from_the_id_and_from_rustsec() {
    let informational = |word: Value| {
        json!({"id": "RUSTSEC-2024-1", "modified": "2024-01-01T00:00:00Z", "affected": [
            {"package": {"ecosystem": "crates.io", "name": "left"}, "database_specific": {"informational": word},
             "ranges": [{"type": "SEMVER", "events": [{"introduced": "0.0.0-0"}]}]}]})
    };
    for (word, class) in [
        (json!("unmaintained"), Class::Unmaintained),
        (json!("unsound"), Class::Unsound),
        (json!("notice"), Class::Notice),
        (Value::Null, Class::Vulnerability),
    ] {
        let index = index_of(&[informational(word)]);
        assert_eq!(judge(&index, "crates.io", "left", "1.0.0")[0].0.class, class);
    }
}

#[test]
fn the_newest_of_one_id_counts_and_withdrawn_ones_go() {
    let mut compiler = Compiler::new();
    let export = compiler.source("osv/npm", Authority::Export);
    let origin = compiler.source("rustsec", Authority::Origin);
    let dated = |id: &str, modified: &str, fixed: &str| {
        let mut record = record(id, &[], modified, json!([{"introduced": "0"}, {"fixed": fixed}]));
        record["summary"] = json!(fixed);
        record
    };
    let mut add =
        |source, record: Value| compiler.add_osv_json(source, record.to_string().as_bytes(), "x.json");
    assert_eq!(
        add(export, dated("A", "2024-01-02T00:00:00Z", "1.0.0")),
        Added::Record
    );
    assert_eq!(
        add(export, dated("A", "2024-01-01T00:00:00Z", "9.0.0")),
        Added::Superseded
    );
    assert_eq!(
        add(export, dated("A", "2024-01-03T00:00:00Z", "2.0.0")),
        Added::Record
    );
    let mut withdrawn = dated("B", "2024-01-05T00:00:00Z", "1.0.0");
    withdrawn["withdrawn"] = json!("2024-01-05T00:00:00Z");
    assert_eq!(add(export, withdrawn.clone()), Added::Withdrawn);
    assert_eq!(
        add(export, dated("B", "2024-01-04T00:00:00Z", "1.0.0")),
        Added::Superseded
    );
    assert_eq!(
        add(export, dated("C", "2024-01-04T00:00:00Z", "1.0.0")),
        Added::Record
    );
    withdrawn["id"] = json!("C");
    assert_eq!(add(export, withdrawn), Added::Withdrawn);
    assert_eq!(
        add(export, dated("D", "2025-01-01T00:00:00Z", "1.0.0")),
        Added::Record
    );
    assert_eq!(
        add(origin, dated("D", "2020-01-01T00:00:00Z", "1.5.0")),
        Added::Record
    );
    assert_eq!(
        add(export, dated("D", "2026-01-01T00:00:00Z", "1.0.0")),
        Added::Superseded
    );
    assert!(matches!(add(export, json!({"id": 7})), Added::Rejected(_)));
    let gone = Imported::Withdrawn {
        id: "E".to_owned(),
        modified: None,
    };
    assert_eq!(compiler.add(origin, gone), Added::Withdrawn);
    let index = Index::open(compiler.finish(built()).unwrap().into_bytes()).unwrap();
    let judged = judge(&index, "npm", "left", "0.1.0");
    let told: Vec<(String, String)> = judged
        .into_iter()
        .map(|(told, _)| (told.id, told.summary))
        .collect();
    assert_eq!(
        told,
        [
            ("A".to_owned(), "2.0.0".to_owned()),
            ("D".to_owned(), "1.5.0".to_owned())
        ]
    );
    let sources = index.bookkeeping().unwrap().sources;
    let counts = sources[0].counts;
    assert_eq!(
        (
            counts.records,
            counts.withdrawn,
            counts.rejected,
            counts.superseded
        ),
        (1, 2, 1, 6)
    );
    assert_eq!(sources[1].counts.records, 1);

    // What the origin took back stays out of an update as well.
    let mut compiler = Compiler::from_index(&index).unwrap();
    let export = compiler.source("osv/npm", Authority::Export);
    let again = dated("E", "2026-01-01T00:00:00Z", "1.0.0").to_string();
    assert_eq!(
        compiler.add_osv_json(export, again.as_bytes(), "E.json"),
        Added::Superseded
    );
}

/// Records that touch everything the layout holds.
fn varied() -> Vec<Value> {
    let mut records = Vec::new();
    for number in 0..300 {
        let name = format!("package-{}", number % 70);
        records.push(json!({"id": format!("MAL-2025-{number}"), "modified": "2025-01-01T00:00:00.5Z",
            "published": "2025-01-01T00:00:00Z", "aliases": [format!("CVE-2025-{}", number / 2)],
            "summary": format!("Malicious code in {name} (npm)"), "details": format!("details of {number} ").repeat(40),
            "references": [{"type": "WEB", "url": format!("https://example.org/{number}")}],
            "severity": [{"type": "CVSS_V3", "score": "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:N/A:N"}],
            "affected": [{"package": {"ecosystem": "npm", "name": name}, "versions": ["7.0.0", "odd"],
                          "ranges": [{"type": "SEMVER", "events": [{"introduced": "1.0.0"}, {"fixed": "1.2.0"}, {"fixed": "2.0.0"}]}]},
                         {"package": {"ecosystem": "Debian:12", "name": format!("{name}\u{1}")}, "versions": ["1"]}]}));
    }
    records
}

#[test]
fn an_index_compiled_from_itself_is_the_same() {
    let bytes = bytes_of(&varied());
    let index = Index::open(bytes.clone()).unwrap();
    index.verify().unwrap();
    let again = Compiler::from_index(&index)
        .unwrap()
        .finish(built())
        .unwrap()
        .into_bytes();
    assert!(bytes == again);
    assert_eq!(index.records().unwrap().len(), 300);
    let view = index.find("MAL-2025-123").unwrap().unwrap();
    assert_eq!(view.aliases().collect::<Vec<_>>(), ["CVE-2025-61"]);
    assert_eq!(index.affected_by(&view).unwrap().len(), 2);
    assert!(index.find("MAL-2025-1234").unwrap().is_none());
    let texts = index.texts(view.text_key().unwrap()).unwrap();
    assert!(texts.details.starts_with("details of 123 "));
    assert_eq!(
        texts.references,
        [("WEB".to_owned(), "https://example.org/123".to_owned())]
    );
}

#[test]
fn an_update_costs_what_changed_and_forgets_what_went() {
    let records = varied();
    let mut compiler = Compiler::from_index(&Index::open(bytes_of(&records)).unwrap()).unwrap();
    let source = compiler.source("osv/test", Authority::Export);
    for number in 0..290 {
        assert!(compiler.remove(&format!("MAL-2025-{number}")));
    }
    assert!(!compiler.remove("MAL-2025-1"));
    compiler.add_osv_json(source, records[3].to_string().as_bytes(), "3.json");
    compiler.set_note("state", "17");
    let updated = Index::open(compiler.finish(built()).unwrap().into_bytes()).unwrap();
    updated.verify().unwrap();
    // The same as if only these had been there; the order of the texts may differ.
    let mut left = records[290..].to_vec();
    left.push(records[3].clone());
    let fresh = index_of(&left);
    let told = |index: &Index| {
        let records = index.records().unwrap();
        records
            .into_iter()
            .map(|kept| {
                let key = index.find(&kept.record.id).unwrap().unwrap().text_key().unwrap();
                (kept.record, index.texts(key).unwrap())
            })
            .collect::<Vec<_>>()
    };
    assert_eq!(told(&updated), told(&fresh));
    assert_eq!(updated.bookkeeping().unwrap().notes["state"], "17");
    let (updated, fresh) = (updated.header().length, fresh.header().length);
    assert!(updated < fresh + 200, "{updated} bytes, {fresh} afresh");
}

#[test]
fn exploitation_is_told_by_the_worst_name() {
    let mut compiler = Compiler::new();
    let source = compiler.source("osv/npm", Authority::Export);
    for record in [
        record(
            "A",
            &["CVE-2024-1", "CVE-2024-2"],
            "2024-01-01T00:00:00Z",
            json!([{"introduced": "0"}]),
        ),
        record(
            "B",
            &["CVE-2024-3"],
            "2024-01-01T00:00:00Z",
            json!([{"introduced": "0"}]),
        ),
    ] {
        compiler.add_osv_json(source, record.to_string().as_bytes(), "x.json");
    }
    let kev = compiler.source("kev", Authority::Origin);
    let catalogue = json!({"dateReleased": "2026-11-01T00:00:00Z", "vulnerabilities": [{"cveID": "CVE-2024-2"}, {"cveID": "x"}]});
    let exploited = lockkeeper::advisory::import::kev::read(catalogue.to_string().as_bytes()).unwrap();
    compiler.set_exploited(kev, &exploited);
    let epss = compiler.source("epss", Authority::Origin);
    let mut csv = String::from("#model_version:v4,score_date:2026-11-19T00:00:00Z\ncve,epss,percentile\n");
    for number in 1..5000 {
        csv.push_str(&format!("CVE-2023-{number},0.00{number:04},0.5\n"));
    }
    csv.push_str("CVE-2024-1,0.97,1\nCVE-2024-2,0.12345,1\n");
    let scores = lockkeeper::advisory::import::epss::read(csv.as_bytes()).unwrap();
    compiler.set_scores(epss, &scores);
    let index = Index::open(compiler.finish(built()).unwrap().into_bytes()).unwrap();
    index.verify().unwrap();
    let judged = judge(&index, "npm", "left", "1.0.0");
    assert_eq!(
        (judged[0].0.known_exploited, judged[0].0.epss),
        (true, Some(0.97))
    );
    assert_eq!((judged[1].0.known_exploited, judged[1].0.epss), (false, None));
    let sources = index.bookkeeping().unwrap().sources;
    assert_eq!((sources[1].counts.records, sources[1].counts.rejected), (1, 1));
    assert_eq!(sources[2].counts.records, 5001);
    assert_eq!(sources[2].newest, "2026-11-19T00:00:00Z".parse().ok());
}

#[test]
fn same_records_same_bytes_and_the_digest_names_them() {
    let bytes = bytes_of(&varied());
    assert!(bytes == bytes_of(&varied()));
    let index = Index::open(bytes.clone()).unwrap();
    assert_eq!(index.built(), built());
    use sha2::Digest as _;
    let hash = sha2::Sha256::digest(&bytes[..4096]);
    let hexadecimal: String = hash.iter().map(|byte| format!("{byte:02x}")).collect();
    assert_eq!(index.digest(), format!("sha256:{hexadecimal}"));
}

#[test]
fn no_flipped_byte_gets_through() {
    let good = bytes_of(&varied());
    assert!(good.len() > 40_000);
    let answers = |index: &Index| -> Result<usize, lockkeeper::advisory::Damage> {
        let mut affected = 0;
        for number in 0..70 {
            let candidates = index.candidates(&Ecosystem::NPM, &format!("package-{number}"))?;
            for group in candidates.groups() {
                group.advisory()?;
                let scheme = ecosystem::scheme(&Ecosystem::NPM);
                if matches!(
                    matching::assess("1.1.0", scheme, &group)?,
                    matching::Assessment::Affected { .. }
                ) {
                    affected += 1;
                }
            }
        }
        Ok(affected)
    };
    let expected = answers(&Index::open(good.clone()).unwrap()).unwrap();
    assert!(expected >= 70);
    for place in (0..good.len())
        .step_by(97)
        .chain(0..300)
        .chain(good.len() - 10..good.len())
    {
        let mut bytes = good.clone();
        bytes[place] ^= 1 << (place % 8);
        let Ok(index) = Index::open(bytes) else { continue };
        index.verify().expect_err(&format!("byte {place}"));
        // A byte that the questions do not touch may go unseen; a wrong answer may not.
        if let Ok(told) = answers(&index) {
            assert_eq!(told, expected, "byte {place}");
        }
    }
}

#[test]
fn what_is_no_index_is_refused_by_name() {
    let good = bytes_of(&varied());
    let open = |bytes: &[u8]| Index::open(bytes.to_vec()).unwrap_err();
    for foreign in [&b""[..], b"PK\x03\x04", &[0; 10_000], b"LOCKKEE"] {
        assert_eq!(open(foreign), OpenError::NotAnIndex);
    }
    for length in [8, 4095, 4096, 5000, good.len() - 1] {
        assert!(
            matches!(open(&good[..length]), OpenError::CutShort { .. }),
            "{length}"
        );
    }
    let mut longer = good.clone();
    longer.push(0);
    assert!(matches!(open(&longer), OpenError::Damaged { .. }));
    let mut newer = good.clone();
    newer[12] = 3;
    assert_eq!(open(&newer), OpenError::Newer { version: 3 });
}
