//! Outcomes built by hand, for every report to be tried on.

use std::collections::HashMap;
use std::sync::Arc;

use lockkeeper::ecosystem::purl;
use lockkeeper::model::Location;
use lockkeeper::model::advisory::{TextKey, Texts};
use lockkeeper::model::coverage::Skipped;
use lockkeeper::model::explanation::{Explanation, Matched, Ruling};
use lockkeeper::model::finding::{Change, Excepted, Match, Occurrence, State};
use lockkeeper::model::inventory::{Inventory, InventoryFile, LockedPackage};
use lockkeeper::model::outcome::{Database, DatabaseSource, FileState, Policy};
use lockkeeper::model::verdict::ExitCode;
use lockkeeper::model::{
    Advisory, Class, Coverage, Decision, Ecosystem, Finding, Gap, IndexState, Level, Outcome, PackageUrl,
    ScannedFile, Scope, Scopes, Severity, Step, Target, TreePath, Verdict,
};
use lockkeeper::report::{Colour, Length, Report, Style, report};
use lockkeeper::text::Position;

/// Every outcome by name.
pub(crate) fn all() -> Vec<(&'static str, Outcome)> {
    vec![
        ("clean", clean()),
        ("blocked", blocked()),
        ("incomplete", incomplete()),
        ("blocked_incomplete", blocked_incomplete()),
        ("missing_index", missing_index()),
        ("nothing", nothing()),
        ("two_targets", two_targets()),
        ("warnings", warnings()),
        ("compared", compared()),
        ("hostile", hostile()),
    ]
}

/// The bytes of a report on a plain terminal of `width` columns.
pub(crate) fn written(name: &str, outcome: &Outcome, width: usize, length: Length) -> String {
    let texts = texts();
    let style = Style {
        width,
        colour: Colour::Plain,
        length,
        texts: &texts,
        is_dated: true,
    };
    let report: &dyn Report = report(name).expect("a report of that name");
    let mut bytes = Vec::new();
    report
        .write(outcome, &style, &mut bytes)
        .expect("a Vec takes everything");
    String::from_utf8(bytes).expect("UTF-8")
}

/// What the index knows at length of the first advisory.
pub(crate) fn texts() -> HashMap<TextKey, Texts> {
    HashMap::from([(
        TextKey(1),
        Texts {
            details: "### Details\n\nNames were read after they had been freed.".into(),
            references: vec![
                ("ADVISORY".into(), "https://advisories.example/1".into()),
                ("WEB".into(), "javascript:alert(1)".into()),
            ],
        },
    )])
}

pub(crate) fn clean() -> Outcome {
    let mut target = target(".");
    target
        .files
        .push(file("Cargo.lock", "cargo-lock", 880, FileState::Read));
    outcome(vec![target], Verdict::Pass, ExitCode::Pass)
}

pub(crate) fn blocked() -> Outcome {
    let mut target = target(".");
    target
        .files
        .push(file("Cargo.lock", "cargo-lock", 870, FileState::Read));
    target
        .files
        .push(file("web/package-lock.json", "package-lock", 10, FileState::Read));
    let overflow = Advisory {
        known_exploited: true,
        epss: Some(0.42),
        aliases: vec!["CVE-2030-10001".into(), "GHSA-aaaa-bbbb-cccc".into()],
        text: Some(TextKey(1)),
        ..advisory("RUSTSEC-2030-0001", "use after free in the parser of names", 9.1)
    };
    let mut first = finding(&overflow, "examplelib", "0.10.30", "Cargo.lock", 1204);
    first.fixed = vec!["0.10.48".into(), "0.11.2".into()].into();
    first.upgrade = Some("0.10.81".into());
    first.paths = lockkeeper::model::DependencyPaths::of(&[path(&[
        "app 1.0.0",
        "client 0.11.4",
        "tls-glue 0.2.8",
        "examplelib 0.10.30",
    ])]);
    first.paths_total = 1;
    let mut target_findings = vec![first.clone()];
    for (id, score, fixed) in [
        ("RUSTSEC-2030-0002", 7.5, "0.10.66"),
        ("RUSTSEC-2030-0003", 5.3, "0.10.81"),
        ("RUSTSEC-2030-0004", 3.1, "0.10.70"),
    ] {
        let mut further = first.clone();
        further.advisory = Arc::new(advisory(id, "reads past the end of a certificate", score));
        further.fixed = vec![fixed.into()].into();
        target_findings.push(further);
    }
    let stolen = Advisory {
        class: Class::Malicious,
        severity: Severity::assumed(),
        ..advisory("MAL-2030-7", "steals tokens when it is installed", 9.8)
    };
    let mut malicious = finding(&stolen, "left-pod", "1.3.1", "web/package-lock.json", 88);
    malicious.ecosystem = Ecosystem::NPM;
    malicious.purl = purl("pkg:npm/left-pod@1.3.1");
    malicious.direct = true;
    malicious.paths = lockkeeper::model::DependencyPaths::of(&[path(&["", "left-pod 1.3.1"])]);
    malicious.paths_total = 1;
    target_findings.push(malicious);
    let unfixed = advisory("GHSA-1111-2222-3333", "a crafted archive fills the disk", 6.5);
    let mut unfixed = finding(&unfixed, "unpacker", "4.0.0", "Cargo.lock", 2210);
    unfixed.also_at([Position {
        line: 2190,
        column: 12,
    }]);
    target_findings.push(unfixed);
    let idle = Advisory {
        class: Class::Unmaintained,
        severity: Severity {
            level: Level::None,
            score: None,
            vector: None,
            source: "database_specific".into(),
        },
        ..advisory("RUSTSEC-2030-0100", "oldcrate is unmaintained", 0.0)
    };
    let mut idle = finding(&idle, "oldcrate", "0.1.9", "Cargo.lock", 1800);
    idle.decision = Decision::Warn;
    idle.rule = "built-in: other classes".into();
    target_findings.push(idle);
    target.findings = target_findings;
    outcome(vec![target], Verdict::Blocked, ExitCode::Blocked)
}

pub(crate) fn incomplete() -> Outcome {
    let mut target = target(".");
    target
        .files
        .push(file("web/package-lock.json", "package-lock", 3, FileState::Blind));
    target
        .files
        .push(file("requirements.txt", "requirements", 14, FileState::Partial));
    let coverage = &mut target.coverage;
    coverage.add(
        lockkeeper::model::Cost::Blind,
        gap(
            "web/package-lock.json",
            88,
            "string is not closed",
            "Restore the file from git, then scan again.",
        ),
    );
    for line in 1..=12 {
        coverage.add(
            lockkeeper::model::Cost::Partial,
            gap(
                "requirements.txt",
                line,
                "requirement without an exact version",
                "Pin it with `==`.",
            ),
        );
    }
    coverage.skipped.push(Skipped {
        path: tree_path("fixtures/Cargo.lock"),
        reason: "excluded by the policy".into(),
    });
    outcome(vec![target], Verdict::Incomplete, ExitCode::Incomplete)
}

pub(crate) fn blocked_incomplete() -> Outcome {
    let mut outcome = blocked();
    let blind = incomplete().targets.remove(0);
    if let Some(target) = outcome.targets.first_mut() {
        target.coverage.blind = blind.coverage.blind;
        target.coverage.partial = blind.coverage.partial;
        target.coverage.problems = blind.coverage.problems;
        target.coverage.skipped = blind.coverage.skipped;
        let whole = &mut outcome.coverage;
        whole.blind = target.coverage.blind.clone();
        whole.partial = target.coverage.partial.clone();
        whole.problems = target.coverage.problems.clone();
        whole.skipped = target.coverage.skipped.clone();
    }
    outcome
}

pub(crate) fn missing_index() -> Outcome {
    let mut outcome = clean();
    outcome.database = Database::default();
    outcome.coverage.index = IndexState::Missing;
    outcome.coverage.index_age_days = None;
    for target in &mut outcome.targets {
        target.coverage.index = IndexState::Missing;
        target.coverage.index_age_days = None;
    }
    outcome.verdict = Verdict::Incomplete;
    outcome.exit_code = ExitCode::Incomplete;
    outcome
}

pub(crate) fn nothing() -> Outcome {
    outcome(vec![target(".")], Verdict::NothingToScan, ExitCode::NothingToScan)
}

pub(crate) fn two_targets() -> Outcome {
    let mut first = target("services/one");
    first.prefix = tree_path("services/one");
    first.files.push(file("go.mod", "go-mod", 40, FileState::Read));
    let mut found = finding(
        &advisory("GO-2030-0001", "headers grow without bound", 7.5),
        "golang.org/x/net",
        "v0.1.0",
        "go.mod",
        7,
    );
    found.ecosystem = Ecosystem::GO;
    found.fixed = vec!["0.2.0".into()].into();
    found.upgrade = Some("v0.2.0".into());
    let mut second = target("services/two");
    second.prefix = tree_path("services/two");
    second.files.push(file("go.mod", "go-mod", 41, FileState::Read));
    second.findings = vec![found.clone()];
    first.findings = vec![found];
    outcome(vec![first, second], Verdict::Blocked, ExitCode::Blocked)
}

pub(crate) fn warnings() -> Outcome {
    let mut outcome = clean();
    if let Some(target) = outcome.targets.first_mut() {
        for (number, class) in [Class::Unsound, Class::Unmaintained, Class::Yanked, Class::Notice]
            .into_iter()
            .enumerate()
        {
            let advisory = Advisory {
                class,
                ..advisory(&format!("RUSTSEC-2030-02{number:02}"), "worth knowing", 0.0)
            };
            let mut finding = finding(&advisory, "quiet", "2.0.0", "Cargo.lock", 10);
            finding.decision = Decision::Warn;
            target.findings.push(finding);
        }
    }
    outcome.coverage.index = IndexState::Stale;
    outcome.coverage.index_age_days = Some(5);
    outcome
}

/// Findings of every change since a base, some of them accepted, one in its days of grace.
pub(crate) fn compared() -> Outcome {
    let mut target = target(".");
    target
        .files
        .push(file("Cargo.lock", "cargo-lock", 880, FileState::Read));
    target
        .files
        .push(file("web/package-lock.json", "package-lock", 90, FileState::Read));
    let found = |number: u32, name: &str, score: f64, change: Change| {
        let id = format!("RUSTSEC-2030-03{number:02}");
        let mut finding = finding(
            &advisory(&id, "reads past the end of a buffer", score),
            name,
            "1.2.3",
            "Cargo.lock",
            100 * number,
        );
        finding.fixed = vec!["1.2.9".into()].into();
        finding.upgrade = Some("1.2.9".into());
        finding.change = Some(change);
        finding.decision = match change {
            Change::Introduced => Decision::Fail,
            Change::Escalated => Decision::Fail,
            Change::Unknown | Change::PublishedSince | Change::Moved | Change::PreExisting => Decision::Warn,
        };
        finding
    };
    let new = found(1, "newcomer", 7.5, Change::Introduced);
    let mut grace = found(2, "graceful", 8.8, Change::Introduced);
    grace.decision = Decision::Warn;
    grace.rule = "a-week-to-fix".into();
    grace.fails_from = Some("2030-03-01".parse().expect("a day"));
    let since = found(3, "sincere", 9.8, Change::PublishedSince);
    let moved = found(4, "mover", 5.5, Change::Moved);
    let old = found(5, "oldster", 9.1, Change::PreExisting);
    let stolen = Advisory {
        class: Class::Malicious,
        ..advisory("MAL-2030-9", "steals tokens when it is installed", 9.8)
    };
    let mut malicious = finding(&stolen, "left-pod", "1.3.1", "web/package-lock.json", 88);
    malicious.ecosystem = Ecosystem::NPM;
    malicious.purl = purl("pkg:npm/left-pod@1.3.1");
    malicious.change = Some(Change::PreExisting);
    let mut accepted = found(6, "parser", 9.8, Change::PreExisting);
    accepted.decision = Decision::Fail;
    accepted.state = State::Excepted(Box::new(Excepted {
        reason: "the parser only reads trusted input".into(),
        owner: Some("@acme/security".into()),
        expires: "2030-12-31".parse().expect("a day"),
    }));
    let mut alone = found(7, "newcomer", 6.5, Change::Introduced);
    alone.decision = Decision::Note;
    alone.state = State::Excepted(Box::new(Excepted {
        reason: "only the demo uses it".into(),
        owner: None,
        expires: "2030-02-28".parse().expect("a day"),
    }));
    target.findings = vec![new, grace, since, moved, old, malicious, accepted, alone];
    outcome(vec![target], Verdict::Blocked, ExitCode::Blocked)
}

/// Text that tries to act in each medium.
pub(crate) const HOSTILE: &[&str] = &[
    "\u{1b}[31mred\u{1b}]0;title\u{7}",
    "\u{202e}gnp.exe\u{202c}\u{200b}\u{feff}\u{e0041}",
    "a\n::error file=x::owned\r\n##[error]owned\n::add-mask::x",
    "<script>alert(1)</script><img src=x onerror=alert(1)><!-- -->",
    "@acme/team and #1 and acme/repo#2 and GH-3 https://evil.example www.evil.example mail@evil.example",
    "a | b `code` ``two`` **bold** [x](javascript:alert(1)) ![x](https://evil.example/x.png) ~~gone~~ $x$ [^1]",
    "Z\u{300}\u{301}\u{302}\u{303}\u{304}\u{305}\u{306}\u{307}\u{308}algo",
    "漢字漢字漢字漢字漢字漢字漢字漢字漢字漢字漢字漢字漢字漢字漢字漢字漢字漢字漢字漢字漢字漢字漢字",
    "\u{9b}31m\u{7f}\u{0}\u{85}\u{2028}",
    "%0A::error::owned",
];

pub(crate) fn hostile() -> Outcome {
    let mut target = target("dir\u{1b}[2J\n::error::owned");
    let long = "a".repeat(10_000);
    for (number, text) in HOSTILE.iter().copied().chain([long.as_str()]).enumerate() {
        let advisory = Advisory {
            aliases: vec![text.to_owned()],
            ..advisory(&format!("X-{number}{text}"), text, 7.0)
        };
        let name = text.replace('/', "\u{2044}");
        let file_name = name.replace('\0', "");
        let mut finding = finding(&advisory, text, text, &file_name, 1);
        finding.fixed = vec![text.to_owned()].into();
        finding.upgrade = Some(text.into());
        finding.paths = lockkeeper::model::DependencyPaths::of(&[path(&["app 1", text, text])]);
        finding.paths_total = 30;
        finding.reason = text.into();
        target.findings.push(finding);
        let mut warning = target.findings.last().expect("just pushed").clone();
        warning.decision = Decision::Warn;
        warning.advisory = Arc::new(Advisory {
            class: Class::Unmaintained,
            ..(*warning.advisory).clone()
        });
        target.findings.push(warning);
        target.files.push(file(&file_name, text, 1, FileState::Blind));
        target
            .coverage
            .add(lockkeeper::model::Cost::Blind, gap(&file_name, 1, text, text));
        target
            .coverage
            .add(lockkeeper::model::Cost::Partial, gap(&file_name, 2, text, text));
        target.coverage.skipped.push(Skipped {
            path: tree_path(&file_name),
            reason: text.to_owned(),
        });
    }
    for (number, text) in HOSTILE.iter().enumerate() {
        let mut accepted = target.findings[2 * number].clone();
        accepted.state = State::Excepted(Box::new(Excepted {
            reason: (*text).to_owned(),
            owner: Some((*text).to_owned()),
            expires: "2030-12-31".parse().expect("a day"),
        }));
        target.findings.push(accepted);
    }
    target.ref_name = Some("refs/heads/\u{1b}[2J::error::".into());
    outcome(vec![target], Verdict::Blocked, ExitCode::Blocked)
}

/// So many findings, each of a group, package and file of its own, in ten files.
pub(crate) fn huge(findings: usize) -> Outcome {
    let mut target = target(".");
    for number in 0..10 {
        target.files.push(file(
            &format!("m{number}/Cargo.lock"),
            "cargo-lock",
            findings / 10,
            FileState::Read,
        ));
    }
    target.findings = (0..findings)
        .map(|number| {
            let score = (number % 100) as f64 / 10.0;
            let advisory = Advisory {
                aliases: vec![format!("CVE-2030-{number}")],
                ..advisory(
                    &format!("GHSA-{number:04}"),
                    &format!("advisory number {number} of a long list of advisories of one day"),
                    score,
                )
            };
            let name = format!("package-{}", number / 4);
            let file = format!("m{}/Cargo.lock", number % 10);
            let mut finding = finding(&advisory, &name, "1.0.0", &file, number as u32 + 1);
            finding.fixed = vec![format!("1.{}.0", number % 7 + 1)].into();
            finding.upgrade = Some("1.7.0".into());
            finding.paths = lockkeeper::model::DependencyPaths::of(&[path(&[
                "app 1.0.0",
                "middle 2.0.0",
                &format!("{name} 1.0.0"),
            ])]);
            finding.paths_total = 1;
            finding
        })
        .collect();
    outcome(vec![target], Verdict::Blocked, ExitCode::Blocked)
}

/// What one lockfile holds.
pub(crate) fn inventory() -> Inventory {
    Inventory {
        files: vec![InventoryFile {
            root: ".".into(),
            path: tree_path("a/pom.xml"),
            format: "pom".into(),
            state: FileState::Partial,
            packages: vec![LockedPackage {
                ecosystem: Ecosystem::MAVEN,
                name: "org.example:parser".into(),
                version: "1.2".into(),
                purl: purl("pkg:maven/org.example/parser@1.2"),
                place: Position { line: 3, column: 9 },
                direct: true,
                scopes: Scopes::only(Scope::Runtime).with(Scopes::only(Scope::Dev)),
                source: "registry",
                version_from: None,
                used_by: vec!["org.example:app".into()],
            }],
            problems: vec![gap("a/pom.xml", 4, "managed outside the tree", "Add the parent.")],
        }],
    }
}

/// Why the first finding of [`blocked`] is there.
pub(crate) fn explanation() -> Explanation {
    let finding = blocked().targets[0].findings[0].clone();
    Explanation {
        advisory: Some((*finding.advisory).clone()),
        texts: texts().into_values().next().expect("texts"),
        findings: vec![finding.clone()],
        unjudged: vec![gap(
            "web/package-lock.json",
            88,
            "string is not closed",
            "Restore it.",
        )],
        decisions: vec![Ruling {
            rule: "built-in: vulnerabilities".into(),
            matched: Matched::Yes,
            why: "class is vulnerability".into(),
        }],
        exception: String::new(),
        would_change: vec!["Move examplelib to 0.10.48.".into()],
    }
}

pub(crate) fn advisory(id: &str, summary: &str, score: f64) -> Advisory {
    Advisory {
        id: id.into(),
        aliases: Vec::new(),
        summary: summary.into(),
        class: Class::Vulnerability,
        severity: Severity {
            level: Level::of(score),
            score: Some(score),
            vector: Some("CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H".into()),
            source: "CVSS_V3".into(),
        },
        published: Some("2030-01-02T03:04:05Z".parse().expect("a time")),
        known_exploited: false,
        epss: None,
        text: None,
    }
}

/// The package URL that `text` is, or that of the npm package of that name.
pub(crate) fn purl(text: &str) -> PackageUrl {
    purl::parse(text).unwrap_or_else(|_| purl::of(&Ecosystem::NPM, text, ""))
}

pub(crate) fn finding(advisory: &Advisory, name: &str, version: &str, file: &str, line: u32) -> Finding {
    finding_of(&Ecosystem::CRATES_IO, advisory, name, version, (file, line))
}

/// A finding in a `go.mod`.
pub(crate) fn go_finding(advisory: &Advisory, name: &str, version: &str, file: &str) -> Finding {
    finding_of(&Ecosystem::GO, advisory, name, version, (file, 3))
}

fn finding_of(
    ecosystem: &Ecosystem,
    advisory: &Advisory,
    name: &str,
    version: &str,
    (file, line): (&str, u32),
) -> Finding {
    let matched = Match {
        advisory: Arc::new(advisory.clone()),
        group: None,
        record: None,
        package: Arc::new(Occurrence::new(
            ecosystem.clone(),
            name.into(),
            version.into(),
            purl::of(ecosystem, name, version),
            tree_path(file),
            Position { line, column: 12 },
        )),
        fixed: Arc::default(),
        ends: false,
        upgrade: None,
        reason: format!("{}: >= 0", advisory.id).into(),
    };
    let mut finding = Finding::new(Arc::new(matched));
    finding.scopes = Scopes::only(Scope::Runtime);
    finding.decision = Decision::Fail;
    finding.rule = "built-in: vulnerabilities".into();
    finding
}

pub(crate) fn gap(file: &str, line: u32, reason: &str, hint: &str) -> Gap {
    Gap {
        location: Some(Location {
            file: tree_path(file),
            position: Position { line, column: 5 },
        }),
        reason: reason.into(),
        hint: hint.into(),
    }
}

pub(crate) fn tree_path(path: &str) -> TreePath {
    TreePath::new(path).expect("a path inside the tree")
}

/// `["app 1.0.0", …]`; an empty text is a root without a name.
pub(crate) fn path<'a>(steps: &[&'a str]) -> Vec<Step<'a>> {
    steps
        .iter()
        .map(|step| {
            let (name, version) = step.rsplit_once(' ').unwrap_or((step, ""));
            Step { name, version }
        })
        .collect()
}

pub(crate) fn target(root: &str) -> Target {
    Target {
        root: root.into(),
        prefix: TreePath::root(),
        only: None,
        links: std::collections::BTreeMap::new(),
        repository: Some("acme/shop".into()),
        ref_name: Some("refs/heads/main".into()),
        commit: Some("0123456789abcdef0123456789abcdef01234567".into()),
        dirty: false,
        is_checked_out: true,
        is_one_of_several_refs: false,
        coverage: Coverage::new(IndexState::Fresh, Some(1)),
        verdict: Verdict::Pass,
        files: Vec::new(),
        findings: Vec::new(),
        assessed: Vec::new(),
        own: std::collections::BTreeSet::new(),
        bill: None,
    }
}

pub(crate) fn file(path: &str, format: &str, packages: usize, state: FileState) -> ScannedFile {
    ScannedFile {
        path: tree_path(path),
        format: format.into(),
        packages,
        state,
    }
}

pub(crate) fn outcome(mut targets: Vec<Target>, verdict: Verdict, exit_code: ExitCode) -> Outcome {
    let mut coverage = Coverage::new(IndexState::Fresh, Some(1));
    for target in &mut targets {
        target.coverage.files_read = target.files.len();
        target.coverage.packages = target.files.iter().map(|file| file.packages).sum();
        target.verdict = match (
            target.findings.iter().any(Finding::blocks),
            target.coverage.is_complete(),
        ) {
            (true, _) => Verdict::Blocked,
            (false, true) => Verdict::Pass,
            (false, false) => Verdict::Incomplete,
        };
        coverage.files_read += target.coverage.files_read;
        coverage.packages += target.coverage.packages;
        coverage.blind.extend(target.coverage.blind.iter().cloned());
        coverage.partial.extend(target.coverage.partial.iter().cloned());
        coverage.problems.extend(target.coverage.problems.iter().cloned());
        coverage.skipped.extend(target.coverage.skipped.iter().cloned());
    }
    Outcome {
        tool_version: "0.1.0",
        now: "2030-02-01T00:00:00Z".parse().expect("a time"),
        database: Database {
            digest: Some(format!("sha256:{}", "ab".repeat(32))),
            built: Some("2030-01-31T00:00:00Z".parse().expect("a time")),
            sources: vec![DatabaseSource {
                name: "rustsec".into(),
                records: 412_310,
                newest: Some("2030-01-30T12:00:00Z".parse().expect("a time")),
            }],
            records: 412_310,
            ..Database::default()
        },
        policy: Policy {
            digest: format!("sha256:{}", "cd".repeat(32)),
            file: None,
        },
        verdict,
        exit_code,
        coverage,
        remarks: Vec::new(),
        targets,
        category: None,
        vex: false,
    }
}
