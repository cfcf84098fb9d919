//! Rules that can never decide are mistakes; rules that may are none. What a hostile policy costs is bounded.

use lockkeeper::policy::glob::{MAX_GLOBS, MAX_WILDCARDS};
use lockkeeper::policy::{Globs, read};

/// The messages about `rules`, each with its line.
fn mistakes(rules: &str) -> Vec<String> {
    let told = |mistakes: Vec<lockkeeper::policy::Mistake>| {
        let each = mistakes.into_iter();
        each.map(|each| format!("{}: {}", each.position.line, each.message))
            .collect()
    };
    read("lockkeeper.yml", rules.as_bytes())
        .err()
        .map(told)
        .unwrap_or_default()
}

fn rules(rules: &[&str]) -> String {
    let each: String = rules.iter().map(|rule| format!("  - {{{rule}}}\n")).collect();
    format!("rules:\n{each}")
}

#[test]
fn a_rule_that_never_decides_is_a_mistake() {
    for (first, second) in [
        ("then: note", "when: {severity: high}, then: fail"),
        (
            "when: {}, then: fail, after: 7d",
            "when: {class: malicious}, then: fail",
        ),
        (
            "when: {class: vulnerability}, then: warn",
            "when: {severity: high}, then: fail",
        ),
        (
            "when: {severity: none}, then: warn",
            "when: {class: vulnerability, direct: true}, then: fail",
        ),
        (
            "when: {severity: medium}, then: warn",
            "when: {severity: high, fix: none}, then: fail",
        ),
        (
            "when: {epss: 0.1}, then: fail",
            "when: {epss: 0.5, severity: critical}, then: warn",
        ),
        (
            "when: {path: 'apps/**'}, then: fail",
            "when: {path: 'apps/**', ref: main}, then: note",
        ),
        ("when: {scope: dev}, then: fail", "when: {scope: dev}, then: note"),
        (
            "when: {scope: dev}, then: warn",
            "when: {scope: dev, known-exploited: true}, then: note",
        ),
        (
            "when: {class: notice}, then: note",
            "when: {class: notice}, then: note",
        ),
    ] {
        let text = rules(&[
            "name: other, when: {class: yanked, direct: false, path: x}, then: note",
            first,
            second,
        ]);
        let found = mistakes(&text);
        assert_eq!(found.len(), 1, "{text}{found:?}");
        assert!(
            found[0].starts_with("4: this rule can never decide: the rule \"rule 2\" matches everything"),
            "{found:?}"
        );
        // Without the first one it may.
        assert_eq!(mistakes(&rules(&[second])), [""; 0], "{second}");
    }
    for then in ["warn", "note", "fail, after: 7d"] {
        let text = rules(&[&format!("when: {{class: malicious, direct: true}}, then: {then}")]);
        assert_eq!(
            mistakes(&text),
            ["2: this rule can never decide: malicious packages fail before any rule is asked"]
        );
        let allowed = format!("{text}supply-chain: {{allow-malicious: [MAL-2026-1]}}\n");
        assert_eq!(mistakes(&allowed), [""; 0]);
    }
}

#[test]
fn a_rule_that_may_decide_is_none() {
    for (first, second) in [
        (
            "when: {class: malicious}, then: fail",
            "when: {class: vulnerability}, then: fail",
        ),
        // A severity alone speaks of vulnerabilities.
        (
            "when: {severity: none}, then: warn",
            "when: {class: unsound}, then: fail",
        ),
        ("when: {severity: none}, then: warn", "then: fail"),
        (
            "when: {severity: high}, then: fail",
            "when: {severity: medium}, then: warn",
        ),
        (
            "when: {severity: critical, epss: 0.1}, then: fail",
            "when: {severity: high, epss: 0.5}, then: warn",
        ),
        // An advisory without an EPSS never matches.
        ("when: {epss: 0}, then: fail", "when: {direct: true}, then: warn"),
        ("when: {epss: 0.5}, then: fail", "when: {epss: 0.1}, then: warn"),
        // What lets pass does not speak of what ships as well.
        ("when: {scope: dev}, then: warn", "when: {scope: dev}, then: fail"),
        (
            "when: {scope: optional}, then: note",
            "when: {scope: optional, severity: high}, then: fail",
        ),
        (
            "when: {scope: runtime}, then: warn",
            "when: {scope: dev}, then: fail",
        ),
        (
            "when: {fix: none}, then: warn",
            "when: {fix: available}, then: fail",
        ),
        (
            "when: {path: 'apps/*'}, then: warn",
            "when: {path: 'apps/**'}, then: fail",
        ),
        ("when: {path: main}, then: warn", "when: {ref: main}, then: fail"),
        (
            "when: {known-exploited: true}, then: fail",
            "when: {known-exploited: false}, then: fail",
        ),
        (
            "when: {direct: true, severity: high}, then: fail",
            "when: {severity: high}, then: warn",
        ),
    ] {
        assert_eq!(mistakes(&rules(&[first, second])), [""; 0], "{first} / {second}");
    }
    // Of a rule that is not read as it is meant nothing is said.
    let damaged = rules(&["when: {severty: high}, then: warn", "then: fail"]);
    assert_eq!(mistakes(&damaged).len(), 1);
    assert_eq!(
        mistakes(&rules(&["when: {class: malicious}, then: wran"])).len(),
        1
    );
}

/// The length of a policy is bounded, and so is what is done for each of its rules.
#[test]
fn many_rules_take_no_longer_each() {
    let long: Vec<String> = (0..2_000)
        .map(|number| {
            format!(
                "then: warn, when: {{class: notice, fix: none, scope: dev, direct: true, ref: r, path: p{number}, epss: 0.{number}}}"
            )
        })
        .collect();
    let short: Vec<String> = (0..6_000)
        .map(|number| format!("then: note, when: {{path: p{number}}}"))
        .collect();
    for many in [long, short] {
        let text = rules(&many.iter().map(String::as_str).collect::<Vec<_>>());
        assert!(text.len() <= 256 << 10, "{}", text.len());
        assert_eq!(mistakes(&text), [""; 0]);
    }
}

/// As many globs as there may be, each as wild as it may be, on a long path.
#[test]
fn the_wildest_list_of_globs_takes_a_bounded_time() {
    for wild in ["[!b]*", "*a", "**/", "{a,aa}"] {
        let wildcards = wild.matches(['[', '{']).count() + usize::from(wild.contains('*'));
        let globs =
            (0..MAX_GLOBS).map(|number| format!("{}{number}", wild.repeat(MAX_WILDCARDS / wildcards)));
        // The list may be too large all the same, which is told.
        let Ok(globs) = Globs::new(globs.collect()) else {
            continue;
        };
        assert!(!globs.match_any(&"a".repeat(4_096)), "{wild}");
    }
}
