//! What policies decide: rules, exceptions, grace, the base, and which exceptions a run did not need.

use jiff::Timestamp;
use lockkeeper::model::explanation::Matched;
use lockkeeper::model::finding::{Change, State};
use lockkeeper::model::{
    Advisory, Class, Decision, Ecosystem, Finding, Level, Scope, Scopes, Severity, TreePath,
};
use lockkeeper::policy::exception::ExceptionEffect;
use lockkeeper::policy::{DecisionContext, ExceptionMatch, Policy, Ruled, read};

use crate::support::memory_tree::tree_path;
use crate::support::outcomes;

const NOW: &str = "2030-06-15T12:00:00Z";

fn at(now: &str) -> Timestamp {
    now.parse().expect("a time")
}

fn policy(text: &str) -> Policy {
    read("lockkeeper.yml", text.as_bytes()).unwrap_or_else(|mistakes| panic!("{mistakes:?}\n{text}"))
}

fn advisory() -> Advisory {
    Advisory {
        aliases: vec!["CVE-2030-1".into(), "GHSA-aaaa-bbbb-cccc".into()],
        ..outcomes::advisory("RUSTSEC-2030-0001", "a flaw", 7.5)
    }
}

fn of(advisory: Advisory) -> Finding {
    let mut finding = outcomes::finding(&advisory, "example", "1.0.0", "web/Cargo.lock", 7);
    finding.scopes = Scopes::default();
    finding
}

fn with(change: impl FnOnce(&mut Advisory)) -> Finding {
    let mut advisory = advisory();
    change(&mut advisory);
    of(advisory)
}

/// The decision at [`NOW`], on the branch `release/1.0`, in the folder `apps` of a repository.
fn decide(policy: &Policy, finding: &Finding) -> Ruled {
    decide_at(policy, finding, NOW, Some("refs/heads/release/1.0"))
}

fn decide_at(policy: &Policy, finding: &Finding, now: &str, ref_name: Option<&str>) -> Ruled {
    let prefix = tree_path("apps");
    let context = DecisionContext {
        now: at(now),
        ref_name,
        prefix: &prefix,
    };
    let ruled = policy.decide(finding, &context);
    // What is explained is what decides.
    let rulings = policy.rulings(finding, &context);
    let yes: Vec<&str> = rulings
        .iter()
        .filter(|ruling| ruling.matched == Matched::Yes)
        .map(|ruling| ruling.rule.as_str())
        .collect();
    assert_eq!(yes, [ruled.rule.as_str()], "{rulings:?}");
    assert!(rulings.iter().all(|ruling| !ruling.why.is_empty()), "{rulings:?}");
    ruled
}

/// The rule whose `when` is `when` decides of `finding`.
fn meets(when: &str, finding: &Finding) -> bool {
    let text = format!("rules:\n  - {{name: asked, when: {when}, then: note}}\n");
    decide(&policy(&text), finding).rule == "asked"
}

fn silencing_policy() -> Policy {
    policy(
        "rules:\n  - {name: silence, when: {}, then: note}\nexceptions:\n  - {id: MAL-2030-1, reason: a, expires: 2099-01-01}\n",
    )
}

#[test]
fn the_default_gate() {
    let built_in = Policy::built_in();
    for class in Class::ALL {
        for level in Level::ALL {
            for scope in Scope::ALL {
                let mut finding = with(|advisory| {
                    advisory.class = class;
                    advisory.severity.level = level;
                });
                finding.scopes = Scopes::only(scope);
                let expected = match class {
                    Class::Malicious | Class::Confusion | Class::Vulnerability => Decision::Fail,
                    Class::Unsound | Class::Unmaintained | Class::Yanked | Class::Notice => Decision::Warn,
                };
                let ruled = decide(&built_in, &finding);
                assert_eq!(ruled.decision, expected, "{class} {level}");
                assert!(ruled.rule.starts_with("built-in: "), "{}", ruled.rule);
                assert_eq!(
                    (ruled.state, ruled.note, ruled.fails_from),
                    (State::Affected, None, None)
                );
            }
        }
    }
    let mut stdlib = of(advisory());
    stdlib.ecosystem = Ecosystem::GO;
    stdlib.name = "stdlib".into();
    assert_eq!(
        decide(&built_in, &stdlib).rule,
        "built-in: a go directive is a minimum"
    );
    assert_eq!(decide(&built_in, &stdlib).decision, Decision::Warn);
}

#[test]
fn conditions_are_met_or_not() {
    let plain = of(advisory());
    assert!(meets("{}", &plain));
    for class in Class::ALL.into_iter().filter(|class| *class != Class::Malicious) {
        let finding = with(|advisory| advisory.class = class);
        for asked in Class::ALL.into_iter().filter(|asked| *asked != Class::Malicious) {
            assert_eq!(meets(&format!("{{class: {asked}}}"), &finding), asked == class);
        }
    }
    for held in Level::ALL {
        let finding = with(|advisory| advisory.severity.level = held);
        for asked in Level::ALL {
            assert_eq!(
                meets(&format!("{{severity: {asked}}}"), &finding),
                held >= asked,
                "{held} {asked}"
            );
        }
    }
    // Severity speaks of vulnerabilities, or of the class that the rule names.
    let unsound = with(|advisory| advisory.class = Class::Unsound);
    assert!(!meets("{severity: low}", &unsound));
    assert!(meets("{severity: low, class: unsound}", &unsound));
    assert!(!meets("{severity: critical, class: unsound}", &unsound));
    assert!(meets(
        "{severity: high}",
        &with(|advisory| advisory.severity = Severity::assumed())
    ));

    let mut fixed = plain.clone();
    fixed.fixed = vec!["1.0.1".into()].into();
    for (when, of_fixed) in [("{fix: available}", true), ("{fix: none}", false)] {
        assert_eq!(meets(when, &fixed), of_fixed);
        assert_eq!(meets(when, &plain), !of_fixed);
    }
    let exploited = with(|advisory| advisory.known_exploited = true);
    for (when, of_exploited) in [
        ("{known-exploited: true}", true),
        ("{known-exploited: false}", false),
    ] {
        assert_eq!(meets(when, &exploited), of_exploited);
        assert_eq!(meets(when, &plain), !of_exploited);
    }
    for (epss, expected) in [
        (None, false),
        (Some(0.09), false),
        (Some(0.1), true),
        (Some(1.0), true),
    ] {
        let finding = with(|advisory| advisory.epss = epss);
        assert_eq!(meets("{epss: 0.1}", &finding), expected, "{epss:?}");
        assert_eq!(meets("{epss: 0}", &finding), epss.is_some());
    }
    let mut direct = plain.clone();
    direct.direct = true;
    for (when, of_direct) in [("{direct: true}", true), ("{direct: false}", false)] {
        assert_eq!(meets(when, &direct), of_direct);
        assert_eq!(meets(when, &plain), !of_direct);
    }
    // All must be met.
    assert!(meets(
        "{class: vulnerability, severity: high, fix: none, direct: false}",
        &plain
    ));
    assert!(!meets(
        "{class: vulnerability, severity: high, fix: available, direct: false}",
        &plain
    ));
}

#[test]
fn scope_path_and_ref() {
    let mut finding = of(advisory());
    assert!(
        meets("{scope: runtime}", &finding),
        "a format that tells no scopes counts as runtime"
    );
    assert!(!meets("{scope: dev}", &finding));
    finding.scopes = Scopes::only(Scope::Dev).with(Scopes::only(Scope::Build));
    assert!(!meets("{scope: runtime}", &finding));
    assert!(meets("{scope: dev}", &finding) && meets("{scope: build}", &finding));

    // Globs are about the path from the top of the repository.
    for (glob, expected) in [
        ("apps/web/Cargo.lock", true),
        ("apps/**", true),
        ("**/Cargo.lock", true),
        ("apps/*/Cargo.lock", true),
        ("apps/*", false),
        ("web/**", false),
        ("Cargo.lock", false),
    ] {
        assert_eq!(
            meets(&format!("{{path: '{glob}'}}"), &finding),
            expected,
            "{glob}"
        );
    }
    let asked = |glob: &str, ref_name: Option<&str>| {
        let text = format!("rules:\n  - {{name: asked, when: {{ref: '{glob}'}}, then: note}}\n");
        decide_at(&policy(&text), &finding, NOW, ref_name).rule == "asked"
    };
    assert!(asked("release/*", Some("refs/heads/release/1.0")));
    assert!(asked("release/*", Some("refs/remotes/origin/release/1.0")));
    assert!(!asked("release/*", Some("refs/heads/main")));
    assert!(!asked("*", Some("refs/heads/release/1.0")));
    assert!(asked("tags/v*", Some("refs/tags/v1.0")));
    assert!(!asked("v*", Some("refs/tags/v1.0")));
    assert!(!asked("**", None), "without a ref it never matches");
}

#[test]
fn the_first_rule_decides_and_is_named() {
    let rules = policy(
        "rules:\n  - {name: exploited, when: {known-exploited: true}, then: fail}\n  - {when: {severity: high}, then: note}\n  - {name: last, then: warn}\n",
    );
    let exploited = with(|advisory| advisory.known_exploited = true);
    assert_eq!(decide(&rules, &exploited).rule, "exploited");
    let ruled = decide(&rules, &of(advisory()));
    assert_eq!((ruled.rule.as_str(), ruled.decision), ("rule 2", Decision::Note));
    let low = with(|advisory| advisory.severity.level = Level::Low);
    assert_eq!(decide(&rules, &low).rule, "last");

    // A fail-on list stands in the place of the built-in rules, behind the policy's own.
    let first = policy("rules:\n  - {name: exploited, when: {known-exploited: true}, then: note}\n");
    assert_eq!(decide(&first, &of(advisory())).rule, "built-in: vulnerability");
    let listed = first.with_fail_on("low,known-exploited".parse().expect("a list"));
    assert_eq!(decide(&listed, &exploited).rule, "exploited");
    let ruled = decide(&listed, &of(advisory()));
    assert_eq!(
        (ruled.rule.as_str(), ruled.decision),
        ("fail-on: low", Decision::Fail)
    );
    let notice = with(|advisory| advisory.class = Class::Notice);
    let ruled = decide(&listed, &notice);
    assert_eq!(
        (ruled.rule.as_str(), ruled.decision),
        ("fail-on: not in the list", Decision::Warn)
    );
}

#[test]
fn grace_ends_on_a_day() {
    let rules = policy("rules:\n  - {name: week, when: {class: vulnerability}, then: fail, after: 7d}\n");
    // Published 2030-01-02T03:04:05Z.
    let finding = of(advisory());
    for now in [
        "2030-01-01T00:00:00Z",
        "2030-01-02T03:04:05Z",
        "2030-01-09T03:04:04Z",
    ] {
        let ruled = decide_at(&rules, &finding, now, None);
        assert_eq!(
            (ruled.decision, ruled.rule.as_str()),
            (Decision::Warn, "week"),
            "{now}"
        );
        assert_eq!(
            ruled.fails_from.map(|day| day.to_string()).as_deref(),
            Some("2030-01-09")
        );
        assert_eq!(
            ruled.note.as_deref(),
            Some("warns until then: fails from 2030-01-09")
        );
    }
    let ruled = decide_at(&rules, &finding, "2030-01-09T03:04:05Z", None);
    assert_eq!(
        (ruled.decision, ruled.fails_from, ruled.note),
        (Decision::Fail, None, None)
    );
    let undated = with(|advisory| advisory.published = None);
    assert_eq!(
        decide_at(&rules, &undated, "2030-01-03T00:00:00Z", None).decision,
        Decision::Fail
    );
    let far = with(|advisory| advisory.published = Some(Timestamp::MAX));
    assert_eq!(decide(&rules, &far).decision, Decision::Warn);
}

#[test]
fn with_a_base_only_what_is_introduced_fails() {
    let rules = policy(
        "rules:\n  - {name: all, when: {class: vulnerability}, then: fail}\n  - {name: rest, then: note}\n",
    );
    for (change, expected, note) in [
        (Change::Introduced, Decision::Fail, None),
        (Change::Escalated, Decision::Fail, None),
        (
            Change::Unknown,
            Decision::Warn,
            Some(
                "the clone lacks what the base had here, so it is not known whether the change introduces it",
            ),
        ),
        (
            Change::PreExisting,
            Decision::Warn,
            Some("present at the base as well"),
        ),
        (
            Change::PublishedSince,
            Decision::Warn,
            Some("present at the base as well; the advisory was published later"),
        ),
        (
            Change::Moved,
            Decision::Warn,
            Some("the base has this advisory for this package too, at another version or location"),
        ),
    ] {
        let mut finding = of(advisory());
        finding.change = Some(change);
        let ruled = decide(&rules, &finding);
        assert_eq!(
            (ruled.decision, ruled.rule.as_str()),
            (expected, "all"),
            "{change:?}"
        );
        assert_eq!(ruled.note.as_deref(), note);
        let mut notice = with(|advisory| advisory.class = Class::Notice);
        notice.change = Some(change);
        assert_eq!(decide(&rules, &notice).decision, Decision::Note);
        let mut malicious = with(|advisory| advisory.class = Class::Malicious);
        malicious.change = Some(change);
        assert_eq!(decide(&rules, &malicious).decision, Decision::Fail);
    }
}

#[test]
fn malicious_is_always_fatal() {
    let mut finding = with(|advisory| {
        advisory.id = "MAL-2030-1".into();
        advisory.class = Class::Malicious;
        advisory.severity.level = Level::None;
        advisory.published = Some(at(NOW));
    });
    finding.change = Some(Change::PreExisting);
    finding.scopes = Scopes::only(Scope::Dev);
    let silenced = silencing_policy();
    for policy in [
        Policy::built_in(),
        silenced.clone(),
        silenced.clone().with_fail_on("none".parse().expect("a list")),
        policy("rules:\n  - {name: wait, then: fail, after: 9999w}\n"),
        policy("rules:\n  - {name: fail, when: {class: malicious}, then: fail}\n"),
    ] {
        let ruled = decide(&policy, &finding);
        assert_eq!(
            (ruled.decision, ruled.rule.as_str()),
            (Decision::Fail, "built-in: malicious")
        );
        assert_eq!((ruled.state, ruled.fails_from), (State::Affected, None));
    }
    let ruled = decide(&silenced, &finding);
    assert_eq!(
        ruled.note.as_deref(),
        Some("the exception in lockkeeper.yml:4 does not count: the package is malicious")
    );
    let remarks = silenced.unused(&ruled.met, at(NOW));
    assert_eq!(remarks.len(), 1);
    assert!(remarks[0].message.contains("MAL-2030-1"), "{remarks:?}");
}

/// A policy with one exception of these further keys.
fn excepting(id: &str, keys: &str) -> Policy {
    policy(&format!(
        "# one\nexceptions:\n  - {{id: {id}, reason: the parser is fed by us, owner: '@acme/security', expires: 2030-06-15{keys}}}\n"
    ))
}

#[test]
fn any_alias_covers_the_group() {
    let finding = of(advisory());
    for id in [
        "RUSTSEC-2030-0001",
        "CVE-2030-1",
        "cve-2030-1",
        "ghsa-AAAA-bbbb-cccc",
    ] {
        let policy = excepting(id, "");
        let ruled = decide(&policy, &finding);
        assert_eq!(ruled.decision, Decision::Note);
        assert_eq!(ruled.rule, format!("exception: {id} (lockkeeper.yml:3)"));
        let State::Excepted(excepted) = &ruled.state else {
            panic!("{ruled:?}")
        };
        assert_eq!(excepted.reason, "the parser is fed by us");
        assert_eq!(excepted.owner.as_deref(), Some("@acme/security"));
        assert_eq!(excepted.expires.to_string(), "2030-06-15");
        assert_eq!(
            ruled.met,
            [ExceptionMatch {
                exception: 0,
                how: ExceptionEffect::Covers
            }]
        );
        assert_eq!(policy.unused(&ruled.met, at(NOW)), []);
    }
    let ruled = decide(&excepting("CVE-2030-10", ""), &finding);
    assert_eq!(
        (ruled.decision, ruled.state, ruled.met),
        (Decision::Fail, State::Affected, Vec::new())
    );
    // An exception is asked before the rules.
    let policy = policy(
        "rules:\n  - {then: fail}\nexceptions:\n  - {id: CVE-2030-1, reason: a, expires: 2030-06-15}\n",
    );
    assert_eq!(decide(&policy, &finding).decision, Decision::Note);
}

#[test]
fn the_day_of_expires_is_the_last() {
    let finding = of(advisory());
    let policy = excepting("CVE-2030-1", "");
    for (now, expected) in [
        ("2030-06-15T00:00:00Z", Decision::Note),
        ("2030-06-15T23:59:59.999Z", Decision::Note),
        ("2030-06-15T23:00:00-02:00", Decision::Fail),
        ("2030-06-16T00:00:00Z", Decision::Fail),
    ] {
        let ruled = decide_at(&policy, &finding, now, None);
        assert_eq!(ruled.decision, expected, "{now}");
    }
    let ruled = decide_at(&policy, &finding, "2030-06-16T00:00:00Z", None);
    assert_eq!(
        (ruled.state, ruled.rule.as_str()),
        (State::Affected, "built-in: vulnerability")
    );
    assert_eq!(
        ruled.note.as_deref(),
        Some("the exception in lockkeeper.yml:3 expired on 2030-06-15")
    );
    let remarks = policy.unused(&ruled.met, at("2030-06-16T00:00:00Z"));
    assert_eq!(
        remarks
            .iter()
            .map(|remark| remark.message.as_str())
            .collect::<Vec<_>>(),
        ["the exception for CVE-2030-1 expired on 2030-06-15: what it covered counts again"]
    );
    assert_eq!(remarks[0].position.map(|at| (at.line, at.column)), Some((3, 5)));
    // An older one beside a good one says nothing.
    let both = self::policy(
        "exceptions:\n  - {id: CVE-2030-1, reason: a, expires: 2030-01-01}\n  - {id: GHSA-aaaa-bbbb-cccc, reason: b, expires: 2031-01-01}\n",
    );
    let ruled = decide(&both, &finding);
    assert_eq!((ruled.decision, ruled.note), (Decision::Note, None));
    assert_eq!(ruled.rule, "exception: GHSA-aaaa-bbbb-cccc (lockkeeper.yml:3)");
}

#[test]
fn package_path_ref_and_until_fixed_narrow_it_down() {
    let mut finding = of(advisory());
    finding.purl = outcomes::purl("pkg:npm/%40a/example@1.0.0");
    for (keys, how) in [
        (", package: 'pkg:npm/@a/example'", ExceptionEffect::Covers),
        (", package: 'pkg:npm/%40a/example@1.0.0'", ExceptionEffect::Covers),
        (
            ", package: 'pkg:npm/@a/example@1.0.1'",
            ExceptionEffect::OtherPackage,
        ),
        (", package: pkg:npm/example", ExceptionEffect::OtherPackage),
        (", path: 'apps/**'", ExceptionEffect::Covers),
        (", path: 'web/**'", ExceptionEffect::OtherPath),
        (", ref: 'release/*'", ExceptionEffect::Covers),
        (", ref: main", ExceptionEffect::OtherRef),
        (", until-fixed: true", ExceptionEffect::Covers),
    ] {
        let policy = excepting("CVE-2030-1", keys);
        let ruled = decide(&policy, &finding);
        assert_eq!(ruled.met, [ExceptionMatch { exception: 0, how }], "{keys}");
        let expected = if how == ExceptionEffect::Covers {
            Decision::Note
        } else {
            Decision::Fail
        };
        assert_eq!((ruled.decision, ruled.note), (expected, None), "{keys}");
        let remarks = policy.unused(&ruled.met, at(NOW));
        let key = match how {
            ExceptionEffect::OtherPackage => "`package`",
            ExceptionEffect::OtherPath => "`path`",
            ExceptionEffect::OtherRef => "`ref`",
            ExceptionEffect::Covers
            | ExceptionEffect::Expired
            | ExceptionEffect::Fixed
            | ExceptionEffect::Malicious => {
                assert_eq!(remarks, []);
                continue;
            }
        };
        assert_eq!(
            remarks[0].message,
            format!(
                "the exception for CVE-2030-1 is unused: findings have this id, but its {key} does not match them"
            )
        );
    }
    let ruled = decide_at(&excepting("CVE-2030-1", ", ref: '**'"), &finding, NOW, None);
    assert_eq!(
        ruled.met,
        [ExceptionMatch {
            exception: 0,
            how: ExceptionEffect::OtherRef
        }]
    );
    finding.fixed = vec!["1.0.1".into()].into();
    let policy = excepting("CVE-2030-1", ", until-fixed: true");
    let ruled = decide(&policy, &finding);
    assert_eq!(ruled.decision, Decision::Fail);
    assert_eq!(
        ruled.note.as_deref(),
        Some("the exception in lockkeeper.yml:3 no longer counts: a fixed version is known")
    );
    assert!(
        policy.unused(&ruled.met, at(NOW))[0]
            .message
            .contains("a fixed version is known")
    );
    assert_eq!(
        decide(&excepting("CVE-2030-1", ", until-fixed: false"), &finding).decision,
        Decision::Note
    );
}

#[test]
fn unused_exceptions_are_told_of_all_targets_together() {
    let policy = policy(
        "exceptions:\n\
         \x20 - {id: CVE-2030-1, reason: a, expires: 2031-01-01}\n\
         \x20 - {id: GHSA-aaaa-bbbb-cccc, reason: a, expires: 2031-01-01, path: 'apps/**'}\n\
         \x20 - {id: CVE-2030-2, reason: a, expires: 2031-01-01}\n\
         \x20 - {id: RUSTSEC-2030-0001, reason: a, expires: 2031-01-01, path: 'x/**', package: pkg:cargo/other}\n\
         \x20 - {id: CVE-2030-3, reason: a, expires: 2030-01-01}\n",
    );
    let finding = of(advisory());
    let elsewhere = TreePath::root();
    let context = DecisionContext {
        now: at(NOW),
        ref_name: None,
        prefix: &elsewhere,
    };
    // The second covers the finding in the one target and not in the other; both ids count as used.
    let mut met = decide(&policy, &finding).met;
    met.extend(policy.decide(&finding, &context).met);
    let messages: Vec<(u32, String)> = policy
        .unused(&met, at(NOW))
        .into_iter()
        .map(|remark| (remark.position.map_or(0, |at| at.line), remark.message))
        .collect();
    assert_eq!(
        messages,
        [
            (4, "the exception for CVE-2030-2 is unused: no finding has this id".to_owned()),
            (
                5,
                "the exception for RUSTSEC-2030-0001 is unused: findings have this id, but its `package` does not match them".to_owned()
            ),
            (6, "the exception for CVE-2030-3 expired on 2030-01-01, and nothing here needs it".to_owned()),
        ]
    );
    assert_eq!(policy.unused([], at(NOW)).len(), 5);
}

#[test]
fn rulings_tell_why_and_why_not() {
    let policy = policy(
        "rules:\n  - {name: critical, when: {severity: critical}, then: fail}\n  - {name: week, when: {severity: high}, then: fail, after: 9999d}\n\
         exceptions:\n  - {id: CVE-2030-1, reason: a, expires: 2030-01-01}\n  - {id: CVE-9, reason: a, expires: 2031-01-01}\n",
    );
    let prefix = TreePath::root();
    let context = DecisionContext {
        now: at(NOW),
        ref_name: None,
        prefix: &prefix,
    };
    let finding = of(advisory());
    let rulings: Vec<String> = policy
        .rulings(&finding, &context)
        .into_iter()
        .map(|ruling| format!("{:?} {}: {}", ruling.matched, ruling.rule, ruling.why))
        .collect();
    assert_eq!(
        rulings,
        [
            "No built-in: malicious: the class is vulnerability",
            "No exception: CVE-2030-1 (lockkeeper.yml:5): it expired on 2030-01-01",
            "No critical: the severity is high, below critical",
            "Yes week: the finding is all that it asks for; warns until then: fails from 2057-05-19",
            "No built-in: a go directive is a minimum: the toolchain that builds decides the version of the standard library",
            "No built-in: vulnerability: an earlier rule has decided",
        ]
    );
}
