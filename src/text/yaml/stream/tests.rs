//! The reader of what programs write, shown by small texts.

use super::*;
use crate::text::tree::Value;

/// The document as JSON, more or less.
fn shown(value: Value<'_>) -> String {
    match value.kind() {
        Kind::Object => {
            let entries: Vec<String> = value
                .entries()
                .map(|(key, value)| format!("{key}={}", shown(value)))
                .collect();
            format!("{{{}}}", entries.join(", "))
        }
        Kind::Array => {
            let items: Vec<String> = value.items().map(shown).collect();
            format!("[{}]", items.join(", "))
        }
        Kind::Null => "~".into(),
        Kind::Bool | Kind::Number => value.raw().into(),
        Kind::PlainString | Kind::JsonString | Kind::TomlString | Kind::YamlString | Kind::Datetime => {
            format!("{:?}", value.as_str().expect("a string"))
        }
    }
}

fn read(text: &str) -> (String, Vec<String>) {
    let document = read_stream(text);
    let problems = document
        .problems
        .iter()
        .map(|problem| format!("{:?} {}", problem.span.of(text), problem.message));
    (shown(document.root()), problems.collect())
}

#[test]
fn what_programs_write() {
    for (text, expected) in [
        (
            "a: 1\nb:\n  c: d e\n  f: {g: [h, 'i']}\n",
            r#"[{a=1, b={c="d e", f={g=["h", "i"]}}}]"#,
        ),
        (
            "a:\n- 1\n- b: c\n  d: e\n-\n  - f\nz: true\n",
            r#"[{a=[1, {b="c", d="e"}, ["f"]], z=true}]"#,
        ),
        ("- - a\n  - b\n- c\n", r#"[[["a", "b"], "c"]]"#),
        (
            "a: 'it''s'\nb: \"x\\ty\"\n'c d': \n",
            "[{a=\"it's\", b=\"x\\ty\", c d=~}]",
        ),
        (
            "a:\n  b: >-\n    one\n    two\n\n    three\n  c: |\n    one\n      two\n",
            r#"[{a={b="one two\nthree", c="one\n  two\n"}}]"#,
        ),
        (
            "a: one\n  two\nb: 'one\n  two'\n",
            r#"[{a="one two", b="one two"}]"#,
        ),
        (
            "? a\n: 1\n? 'b c'\n:\n  d: e\n? f\n: g: h\n  i: j\n",
            r#"[{a=1, b c={d="e"}, f={g="h", i="j"}}]"#,
        ),
        ("---\na: 1\n---\nb: 2\n...\n", "[{a=1}, {b=2}]"),
        ("a: {}\r\nb: []\r\n# c\r\n\r\n", "[{a={}, b=[]}]"),
        (
            "a:\n  {\n    b: c,\n    'd': e, # f\n  }\ng: h\n",
            r#"[{a={b="c", d="e"}, g="h"}]"#,
        ),
        ("{\"a\": {\n\t\"b\":\"c\"\n}}\n", r#"[{a={b="c"}}]"#),
        (
            "a: https://x.example/y#z # c\n",
            r#"[{a="https://x.example/y#z"}]"#,
        ),
        (
            "a: link:../b\nb: 1.2.3\nc: 5.4\n",
            r#"[{a="link:../b", b="1.2.3", c=5.4}]"#,
        ),
    ] {
        assert_eq!(read(text), (expected.to_owned(), Vec::new()), "{text}");
    }
}

#[test]
fn damage_costs_what_is_below_it() {
    for (text, expected, problems) in [
        ("a: 1\nb\nc: 2\n", "[{a=1, c=2}]", 1),
        ("a: &x 1\nb: *x\nc: !!str 2\n", "[{a=~, b=~, c=~}]", 3),
        ("a: 'b\nc: d\n", r#"[{a=~, c="d"}]"#, 1),
        ("a: {b: c\nd: e\n", r#"[{a={b="c"}, d="e"}]"#, 1),
        ("a: {b: c}}\nd: e\n", r#"[{a={b="c"}, d="e"}]"#, 1),
        ("a:\n    b: 1\n  c: 2\nd: 3\n", "[{a={b=1}, d=3}]", 1),
        ("a: b: c\nd: e\n", r#"[{a=~, d="e"}]"#, 1),
        ("b: 1\na: 2\nb: 3\n", "[{b=1, a=2, b=3}]", 1),
        ("a: 1\n\tb: 2\n", "[{a=1}]", 1),
        ("a: 1\n}\n", "[{a=1}]", 1),
        ("a: 1\n\"\n", "[{a=1}]", 1),
        ("a: b\n  c: d\ne: f\n", r#"[{a=~, e="f"}]"#, 1),
        ("", "[]", 1),
    ] {
        let (found, told) = read(text);
        assert_eq!(
            (found.as_str(), told.len()),
            (expected, problems),
            "{text:?} {told:?}"
        );
    }
}

#[test]
fn places_are_those_of_the_text() {
    let text = "a:\n  'b c':\n    d: 1.2.3\n    e: [x, 'y']\n";
    let document = read_stream(text);
    let a = document
        .root()
        .items()
        .next()
        .and_then(|root| root.get("a"))
        .expect("a");
    let inner = a.get("b c").expect("b c");
    assert_eq!(inner.key_span().of(text), "b c");
    assert_eq!(inner.span().of(text), "d: 1.2.3\n    e: [x, 'y']");
    assert_eq!(inner.get("e").expect("e").span().of(text), "[x, 'y']");
    assert_eq!(a.span().of(text), text.get(5..text.len() - 1).expect("a part"));
}

#[test]
fn depth_is_bounded() {
    for text in ["[".repeat(100_000), "- ".repeat(100_000), "{a: ".repeat(100_000)] {
        let document = read_stream(&text);
        assert!(!document.problems.is_empty());
        assert!(document.nodes.len() <= 2 * MAX_DEPTH);
    }
    let stairs: String = (0..2_000)
        .map(|number| format!("{}a:\n", " ".repeat(number)))
        .collect();
    assert!(!read_stream(&stairs).problems.is_empty());
}
