//! Grids and gates built by hand, for their reports to be tried on.

use std::sync::Arc;

use lockkeeper::model::finding::{Excepted, State};
use lockkeeper::model::gate::Blocking;
use lockkeeper::model::grid::{Cell, CellState, GridRow, HistoryEntry, Occurrence, ReleaseLine, Standing};
use lockkeeper::model::outcome::FileState;
use lockkeeper::model::verdict::ExitCode;
use lockkeeper::model::{Advisory, Class, Cost, Ecosystem, Finding, Gate, Grid, Severity, Target, Verdict};

use crate::support::outcomes::{self, HOSTILE, advisory, file, finding, gap, path, purl, tree_path};

/// Every grid by name.
pub(crate) fn all() -> Vec<(&'static str, Grid)> {
    vec![
        ("small", small()),
        ("clean", clean()),
        ("none", none()),
        ("hostile", hostile()),
        ("huge", huge(500, 60)),
    ]
}

/// Five lines, and among the rows every state of a cell.
pub(crate) fn small() -> Grid {
    let mut lines: Vec<Target> = [
        "refs/heads/main",
        "refs/heads/2.x",
        "refs/heads/release/1.4",
        "refs/heads/release/1.3",
        "refs/tags/v1.2",
    ]
    .into_iter()
    .enumerate()
    .map(|(number, name)| line(name, number))
    .collect();
    let [main, _, older, oldest, _] = lines.as_mut_slice() else {
        panic!("five lines");
    };

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

    let overflow = Advisory {
        known_exploited: true,
        epss: Some(0.42),
        aliases: vec!["CVE-2030-10001".into()],
        ..advisory("RUSTSEC-2030-0001", "use after free in the parser of names", 9.1)
    };
    let mut first = finding(&overflow, "examplelib", "0.10.30", "Cargo.lock", 1204);
    first.fixed = vec!["0.10.48".into(), "0.11.2".into()].into();
    first.upgrade = Some("0.10.48".into());
    first.paths = lockkeeper::model::DependencyPaths::of(&[
        path(&[
            "app 1.0.0",
            "client 0.11.4",
            "tls-glue 0.2.8",
            "examplelib 0.10.30",
        ]),
        path(&[
            "tool 1.0.0",
            "client 0.11.4",
            "tls-glue 0.2.8",
            "examplelib 0.10.30",
        ]),
    ]);
    first.paths_total = 2;
    let mut accepted = first.clone();
    accepted.state = State::Excepted(Box::new(Excepted {
        reason: "the parser only reads trusted input".into(),
        owner: Some("@acme/security".into()),
        expires: "2030-12-31".parse().expect("a day"),
    }));
    let mut low = finding(&overflow, "examplelib", "0.9.9", "Cargo.lock", 1100);
    low.fixed = vec!["0.10.48".into()].into();
    low.upgrade = Some("0.10.48".into());

    let slow = Advisory {
        aliases: vec!["CVE-2030-10001".into()],
        ..advisory("GHSA-1111-2222-3333", "a crafted name takes a day", 5.3)
    };
    let mut slowed = finding(&slow, "examplelib-sys", "0.10.30", "Cargo.lock", 1220);
    slowed.fixed = vec!["0.10.49".into()].into();
    slowed.upgrade = Some("0.10.49".into());

    let idle = Advisory {
        class: Class::Unmaintained,
        ..advisory("RUSTSEC-2030-0100", "oldcrate is unmaintained", 0.0)
    };
    let mut forgotten = finding(&idle, "oldcrate", "0.1.9", "Cargo.lock", 1800);
    forgotten.decision = lockkeeper::model::Decision::Warn;

    let mut rows = vec![
        row(&stolen, &["pkg:npm/left-pod"]),
        row(&overflow, &["pkg:cargo/examplelib"]),
        row(&slow, &["pkg:cargo/examplelib-sys"]),
        row(&idle, &["pkg:cargo/oldcrate"]),
    ];
    rows[1].related = vec!["GHSA-1111-2222-3333".into()];
    rows[2].related = vec!["RUSTSEC-2030-0001".into()];
    rows[0].cells = vec![
        held(&malicious, CellState::Affected, "MAL-2030-7: every version"),
        absent("pkg:npm/left-pod"),
        absent("pkg:npm/left-pod"),
        cell(
            CellState::Unknown,
            "web/package-lock.json could not be checked: string is not closed",
        ),
        absent("pkg:npm/left-pod"),
    ];
    rows[1].cells = vec![
        held(&first, CellState::Affected, "RUSTSEC-2030-0001: >= 0, < 0.10.48"),
        at(
            CellState::Fixed,
            "0.10.48 is at or above the fixed 0.10.48",
            "0.10.48",
        ),
        held(
            &accepted,
            CellState::Excepted,
            "accepted until 2030-12-31 by @acme/security: the parser only reads trusted input",
        ),
        held(&low, CellState::Affected, "RUSTSEC-2030-0001: >= 0, < 0.10.48"),
        at(
            CellState::NotAffected,
            "0.8.0 is below every affected version",
            "0.8.0",
        ),
    ];
    rows[2].cells = vec![
        held(&slowed, CellState::Affected, "GHSA-1111-2222-3333: < 0.10.49"),
        held(&slowed, CellState::Affected, "GHSA-1111-2222-3333: < 0.10.49"),
        absent("pkg:cargo/examplelib-sys"),
        absent("pkg:cargo/examplelib-sys"),
        absent("pkg:cargo/examplelib-sys"),
    ];
    rows[3].cells = vec![
        held(
            &forgotten,
            CellState::Affected,
            "RUSTSEC-2030-0100: every version",
        ),
        held(
            &forgotten,
            CellState::Affected,
            "RUSTSEC-2030-0100: every version",
        ),
        held(
            &forgotten,
            CellState::Affected,
            "RUSTSEC-2030-0100: every version",
        ),
        absent("pkg:cargo/oldcrate"),
        absent("pkg:cargo/oldcrate"),
    ];

    older.findings = vec![accepted, forgotten.clone()];
    oldest.findings = vec![low];
    oldest.coverage.add(
        Cost::Blind,
        gap(
            "web/package-lock.json",
            88,
            "string is not closed",
            "Restore the file from git, then scan again.",
        ),
    );
    main.findings = vec![first, slowed.clone(), forgotten.clone(), malicious];
    if let Some(second) = lines.get_mut(1) {
        second.findings = vec![slowed, forgotten];
    }

    let mut grid = grid(lines, rows, Verdict::Blocked, ExitCode::Blocked);
    for (name, reason) in [
        ("refs/heads/release/1.2", "older than the newest 5"),
        ("refs/heads/release/0.9", "no commit within 365 days"),
        ("refs/heads/wip", "no pattern matches"),
    ] {
        grid.lines.push(ReleaseLine {
            ref_name: name.into(),
            commit: "f".repeat(40),
            committed: "2028-05-06T07:08:09Z".parse().expect("a time"),
            last_scanned: None,
            standing: Standing::Out,
            reason: reason.into(),
        });
    }
    grid.warnings = vec!["release/1.5 is newer than every line that is in, and no pattern matches it".into()];
    grid.history = Some(vec![
        HistoryEntry {
            ids: vec!["MAL-2030-7".into()],
            package: purl("pkg:npm/left-pod@1.3.1"),
            ref_name: "refs/heads/main".into(),
            introduced_by: "a".repeat(40),
            removed_by: None,
            tags: vec!["v2.0.0".into(), "v2.0.1".into()],
        },
        HistoryEntry {
            ids: vec!["MAL-2030-7".into()],
            package: purl("pkg:npm/left-pod@1.3.1"),
            ref_name: "refs/heads/2.x".into(),
            introduced_by: "b".repeat(40),
            removed_by: Some("c".repeat(40)),
            tags: Vec::new(),
        },
    ]);
    grid
}

/// Two lines that hold nothing.
pub(crate) fn clean() -> Grid {
    let lines = vec![line("refs/heads/main", 0), line("refs/heads/1.x", 1)];
    grid(lines, Vec::new(), Verdict::Pass, ExitCode::Pass)
}

/// No line at all.
pub(crate) fn none() -> Grid {
    grid(
        Vec::new(),
        Vec::new(),
        Verdict::NothingToScan,
        ExitCode::NothingToScan,
    )
}

/// Text that tries to act, wherever a grid holds text.
pub(crate) fn hostile() -> Grid {
    let long = "a".repeat(5_000);
    let texts: Vec<&str> = HOSTILE.iter().copied().chain([long.as_str()]).collect();
    let mut lines: Vec<Target> = texts
        .iter()
        .enumerate()
        .map(|(number, text)| line(&format!("refs/heads/{text}"), number))
        .collect();
    // Two names that are one when they are short.
    lines.push(line("refs/tags/1", 90));
    lines.push(line("refs/heads/tags/1", 91));
    let mut rows = Vec::new();
    for (number, text) in texts.iter().enumerate() {
        let advisory = Advisory {
            aliases: vec![(*text).to_owned()],
            ..advisory(&format!("X-{number}{text}"), text, 7.0)
        };
        let name = text.replace('/', "\u{2044}").replace('\0', "");
        let mut found = finding(&advisory, text, text, &name, 1);
        found.fixed = vec![(*text).to_owned()].into();
        found.upgrade = Some((*text).into());
        found.paths = lockkeeper::model::DependencyPaths::of(&[path(&["app 1", text, text])]);
        found.paths_total = 30;
        found.reason = (*text).into();
        let mut row = row(&advisory, &[text]);
        row.related = vec![(*text).to_owned()];
        for (place, line) in lines.iter_mut().enumerate() {
            let state = CellState::ALL[(place + number) % CellState::ALL.len()];
            row.cells.push(held(&found, state, text));
            match state {
                CellState::Affected => line.findings.push(found.clone()),
                CellState::Excepted => {
                    let mut accepted = found.clone();
                    accepted.state = State::Excepted(Box::new(Excepted {
                        reason: (*text).to_owned(),
                        owner: Some((*text).to_owned()),
                        expires: "2030-12-31".parse().expect("a day"),
                    }));
                    line.findings.push(accepted);
                }
                CellState::Unknown => {
                    line.coverage.add(Cost::Blind, gap(&name, 1, text, text));
                    line.coverage.add(Cost::Partial, gap(&name, 2, text, text));
                }
                CellState::Fixed | CellState::NotAffected | CellState::Absent => {}
            }
        }
        rows.push(row);
    }
    let mut grid = grid(lines, rows, Verdict::Blocked, ExitCode::Blocked);
    grid.warnings = texts.iter().map(|text| (*text).to_owned()).collect();
    for text in &texts {
        grid.lines.push(ReleaseLine {
            ref_name: format!("refs/heads/out/{text}"),
            commit: (*text).to_owned(),
            committed: "2028-05-06T07:08:09Z".parse().expect("a time"),
            last_scanned: None,
            standing: Standing::Out,
            reason: (*text).to_owned(),
        });
    }
    grid.history = Some(
        texts
            .iter()
            .map(|text| HistoryEntry {
                ids: vec![(*text).to_owned()],
                package: lockkeeper::ecosystem::purl::of(&Ecosystem::NPM, text, ""),
                ref_name: format!("refs/heads/{text}"),
                introduced_by: (*text).to_owned(),
                removed_by: Some((*text).to_owned()),
                tags: vec![(*text).to_owned()],
            })
            .collect(),
    );
    grid
}

/// So many advisories on so many lines.
pub(crate) fn huge(advisories: usize, lines: usize) -> Grid {
    let mut lines: Vec<Target> = (0..lines)
        .map(|number| {
            line(
                &format!("refs/heads/release/{}.{}", 9 - number / 10, number % 10),
                number,
            )
        })
        .collect();
    let mut rows = Vec::new();
    for number in 0..advisories {
        let score = 10.0 - (number * 100 / advisories) as f64 / 10.0;
        let advisory = Advisory {
            aliases: vec![format!("CVE-2030-{number}")],
            ..advisory(
                &format!("GHSA-{number:04}-abcd-efgh"),
                &format!("advisory number {number} of a long list of advisories of one day"),
                score,
            )
        };
        let package = format!("package-{}", number / 4);
        let mut row = row(&advisory, &[&format!("pkg:cargo/{package}")]);
        for (place, line) in lines.iter_mut().enumerate() {
            let state = CellState::ALL[(place + number * 7) % CellState::ALL.len()];
            let version = format!("1.{place}.0");
            let mut found = finding(&advisory, &package, &version, "Cargo.lock", number as u32 + 1);
            found.fixed = vec![format!("1.{}.0", 60 + number % 7)].into();
            found.upgrade = Some(format!("1.{}.0", 60 + number % 7).into());
            found.paths = lockkeeper::model::DependencyPaths::of(&[path(&[
                "app 1.0.0",
                "middle 2.0.0",
                &format!("{package} {version}"),
            ])]);
            found.paths_total = 1;
            row.cells.push(match state {
                CellState::Affected | CellState::Excepted => {
                    held(&found, state, &format!("{}: < {}", advisory.id, found.fixed[0]))
                }
                CellState::Fixed => at(state, "at or above the fixed version", &version),
                CellState::NotAffected => at(state, "below every affected version", &version),
                CellState::Unknown => cell(state, "Cargo.lock could not be checked: it ends too early"),
                CellState::Absent => absent(&format!("pkg:cargo/{package}")),
            });
            match state {
                CellState::Affected => line.findings.push(found),
                CellState::Excepted => {
                    found.state = State::Excepted(Box::new(Excepted {
                        reason: "nothing calls it".into(),
                        owner: None,
                        expires: "2030-12-31".parse().expect("a day"),
                    }));
                    line.findings.push(found);
                }
                CellState::Unknown if line.coverage.blind.is_empty() => {
                    line.coverage.add(
                        Cost::Blind,
                        gap("Cargo.lock", 9000, "it ends too early", "Restore it from git."),
                    );
                }
                CellState::Unknown | CellState::Fixed | CellState::NotAffected | CellState::Absent => {}
            }
        }
        rows.push(row);
    }
    grid(lines, rows, Verdict::Blocked, ExitCode::Blocked)
}

/// Gates by name: one that says no, one that says yes, one with hostile text.
pub(crate) fn gates() -> Vec<(&'static str, Gate)> {
    let blocking = |id: &str, purl: &str, line: u32, unblock: &[&str]| Blocking {
        id: id.into(),
        purl: outcomes::purl(purl),
        file: tree_path("Cargo.lock"),
        line,
        reason: "the rule built-in: vulnerability fails it".into(),
        unblock: unblock.iter().map(|step| (*step).to_owned()).collect(),
    };
    let no = Gate {
        outcome: outcomes::blocked(),
        release: "release/1.4".into(),
        lines: Vec::new(),
        blocking: vec![
            blocking(
                "RUSTSEC-2030-0001",
                "pkg:cargo/examplelib@0.10.30",
                1204,
                &[
                    "Move examplelib to 0.10.48.",
                    "Add an exception with a reason and an expiry to the policy.",
                ],
            ),
            blocking("GHSA-1111-2222-3333", "pkg:cargo/unpacker@4.0.0", 2190, &[]),
        ],
    };
    let yes = Gate {
        outcome: outcomes::clean(),
        release: "v1.2".into(),
        lines: Vec::new(),
        blocking: Vec::new(),
    };
    let hostile = Gate {
        outcome: outcomes::hostile(),
        release: HOSTILE.join(" "),
        lines: Vec::new(),
        blocking: HOSTILE
            .iter()
            .map(|text| Blocking {
                id: (*text).to_owned(),
                purl: lockkeeper::ecosystem::purl::of(&Ecosystem::NPM, text, "1"),
                file: tree_path(&text.replace('/', "\u{2044}").replace('\0', "")),
                line: 1,
                reason: (*text).to_owned(),
                unblock: vec![(*text).to_owned()],
            })
            .collect(),
    };
    vec![("no", no), ("yes", yes), ("hostile", hostile)]
}

fn line(name: &str, number: usize) -> Target {
    let mut target = outcomes::target(".");
    target.ref_name = Some(name.to_owned());
    target.commit = Some(format!("{number:02x}").repeat(20));
    target
        .files
        .push(file("Cargo.lock", "cargo-lock", 870, FileState::Read));
    target
        .files
        .push(file("web/package-lock.json", "package-lock", 10, FileState::Read));
    target
}

fn row(advisory: &Advisory, packages: &[&str]) -> GridRow {
    GridRow {
        advisory: Arc::new(advisory.clone()),
        record: None,
        related: Vec::new(),
        packages: packages.iter().map(|package| purl(package)).collect(),
        cells: Vec::new(),
    }
}

fn cell(state: CellState, reason: &str) -> Cell {
    Cell {
        state,
        decision: None,
        reason: reason.into(),
        version: None,
        fixed: Vec::new(),
        upgrade: None,
        request: None,
        occurrences: Vec::new(),
    }
}

fn absent(package: &str) -> Cell {
    cell(
        CellState::Absent,
        &format!("no lockfile of the line holds {package}"),
    )
}

/// Held in a version that needs no fix.
fn at(state: CellState, reason: &str, version: &str) -> Cell {
    Cell {
        version: Some(version.into()),
        occurrences: vec![Occurrence {
            file: tree_path("Cargo.lock"),
            line: 1204,
            package: purl("pkg:cargo/examplelib"),
            version: version.into(),
            fixed: Vec::new(),
            upgrade: None,
        }],
        ..cell(state, reason)
    }
}

/// The cell of a finding.
fn held(finding: &Finding, state: CellState, reason: &str) -> Cell {
    Cell {
        state,
        decision: (state == CellState::Affected).then_some(finding.decision),
        reason: reason.into(),
        version: Some(finding.version.to_string()),
        fixed: finding.fixed.to_vec(),
        upgrade: finding.upgrade.clone(),
        request: None,
        occurrences: vec![Occurrence {
            file: finding.file.clone(),
            line: finding.place().line,
            package: finding.purl.without_version(),
            version: finding.version.to_string(),
            fixed: finding.fixed.to_vec(),
            upgrade: finding.upgrade.clone(),
        }],
    }
}

/// The grid of these lines; every one of them is live.
fn grid(lines: Vec<Target>, rows: Vec<GridRow>, verdict: Verdict, exit_code: ExitCode) -> Grid {
    let live = lines
        .iter()
        .map(|target| ReleaseLine {
            ref_name: target.ref_name.clone().expect("a ref"),
            commit: target.commit.clone().expect("a commit"),
            committed: "2030-01-29T10:00:00Z".parse().expect("a time"),
            last_scanned: None,
            standing: Standing::Live,
            reason: "matches a built-in pattern, one of the newest 5".into(),
        })
        .collect();
    Grid {
        outcome: outcomes::outcome(lines, verdict, exit_code),
        rows,
        joined: Vec::new(),
        lines: live,
        warnings: Vec::new(),
        history: None,
        metrics: None,
    }
}
