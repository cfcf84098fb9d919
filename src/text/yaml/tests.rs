//! The reader on texts of every shape.

use std::cell::Cell;

use saphyr_parser::input::SkipTabs;

use super::scalar::core;
use super::*;
use crate::text::tree::Value;

fn whole(text: &str) -> Document<'_> {
    let document = read(text, Bounds::UNTRUSTED);
    assert_eq!(document.problems, [], "{text}");
    document
}

fn problems(text: &str) -> Vec<String> {
    let document = read(text, Bounds::UNTRUSTED);
    for problem in &document.problems {
        let span = problem.span;
        assert!(
            text.get(span.start as usize..span.end as usize).is_some(),
            "{problem:?}"
        );
    }
    document
        .problems
        .iter()
        .map(|problem| format!("{}: {}", problem.span.start, problem.message))
        .collect()
}

fn spanned<'t>(value: Option<Value<'_>>, text: &'t str) -> &'t str {
    value.expect("a value").span().of(text)
}

#[test]
fn scalars_keep_their_spelling() {
    let text = "a: 1.10\nb: true\nc: ~\nd:\ne: 'it''s' # x\nf: \"a\\tb\"  # y\ng: 0x1F\nh: yes\ni: 2026-12-31\nj: no way \n\
                k: \"plain\" \nl: one\n  two\nm: |\n  x\n  y\nn: >-\n  x\n  y\no: .inf\np: 1e3\nq: 1_000\nr: -.5\n";
    let document = whole(text);
    let root = document.root();
    let kinds: Vec<Kind> = root.entries().map(|(_, value)| value.kind()).collect();
    let [p, y, n, b, z] = [
        Kind::PlainString,
        Kind::YamlString,
        Kind::Number,
        Kind::Bool,
        Kind::Null,
    ];
    assert_eq!(kinds, [n, b, z, z, y, y, n, p, p, p, p, y, y, y, n, n, p, n]);
    assert_eq!(root.get("a").expect("a").raw(), "1.10");
    assert_eq!(root.str("e").as_deref(), Some("it's"));
    assert_eq!(spanned(root.get("e"), text), "it''s");
    assert_eq!(root.str("f").as_deref(), Some("a\tb"));
    assert_eq!(spanned(root.get("f"), text), "a\\tb");
    assert_eq!(root.str("i").as_deref(), Some("2026-12-31"));
    assert_eq!(spanned(root.get("j"), text), "no way");
    assert_eq!(spanned(root.get("k"), text), "plain");
    assert_eq!(root.str("l").as_deref(), Some("one two"));
    assert_eq!(root.str("m").as_deref(), Some("x\ny\n"));
    assert_eq!(spanned(root.get("m"), text), "x\n  y");
    assert_eq!(root.str("n").as_deref(), Some("x y"));
    assert_eq!(root.get("d").expect("d").key_span().of(text), "d");
}

#[test]
fn numbers_are_those_of_the_core_schema() {
    for number in [
        "0", "-1", "+1", "007", "0o17", "0xAf", "1.", ".5", "-1.5e-3", "1E+9", ".inf", "-.INF", ".nan",
    ] {
        assert_eq!(core(number), Kind::Number, "{number}");
    }
    for text in [
        "", "1.2.3", "1d", "0o8", "0x", "-", ".", "e3", "1e", "+.nan", "1_0", "1:2",
    ] {
        assert_ne!(core(text), Kind::Number, "{text}");
    }
}

#[test]
fn spans_count_bytes_behind_other_letters() {
    let umlauts = "ä→".repeat(200);
    let text = format!("# {umlauts}\nké: [ü, 'ö' ] # {umlauts}\nz: {{a: ß}}  \n");
    let document = whole(&text);
    let root = document.root();
    assert_eq!(spanned(root.get("ké"), &text), "[ü, 'ö' ]");
    let items: Vec<&str> = root
        .get("ké")
        .expect("a list")
        .items()
        .map(|item| item.span().of(&text))
        .collect();
    assert_eq!(items, ["ü", "ö"]);
    assert_eq!(spanned(root.get("z"), &text), "{a: ß}");
    assert_eq!(
        root.span().of(&text),
        text.get(text.find("ké").expect("ké")..).expect("rest").trim_end()
    );
}

#[test]
fn properties_are_no_part_of_a_value() {
    let text = "a: &x !!str 5 # c\nb: !!map\n  # c\n  {c: d}\ne: &y |\n  f\ng: &z\n  - !!int 1\nh: ! 'i'\nj: &k\nl: *y\nm: *z\n";
    let document = whole(text);
    let root = document.root();
    assert_eq!(root.get("a").expect("a").kind(), Kind::PlainString);
    assert_eq!(spanned(root.get("a"), text), "5");
    assert_eq!(spanned(root.get("b"), text), "{c: d}");
    assert_eq!(spanned(root.get("e"), text), "f");
    assert_eq!(spanned(root.get("g"), text), "- !!int 1");
    assert_eq!(spanned(root.get("h"), text), "i");
    assert_eq!(root.get("j").expect("j").kind(), Kind::Null);
    assert_eq!(root.str("l").as_deref(), Some("f\n"));
    assert_eq!(root.get("l").expect("l").key_span().of(text), "l");
    assert_eq!(root.get("m").expect("m").items().count(), 1);
}

#[test]
fn aliases_are_copies() {
    let text = "a: &a {x: [1, \"t\\n\"], \"y\\t\": 2}\nb: [*a, *a]\nc: &c [*a]\nd: *c\ne: 3\n";
    let document = whole(text);
    let root = document.root();
    for item in root.get("b").expect("b").items() {
        assert_eq!(item.key(), "");
        let list: Vec<Value<'_>> = item.get("x").expect("x").items().collect();
        assert_eq!(list.first().and_then(|one| one.as_u64()), Some(1));
        assert_eq!(list.get(1).and_then(|two| two.as_str()).as_deref(), Some("t\n"));
        assert_eq!(item.get("y\t").and_then(|two| two.as_u64()), Some(2));
    }
    assert_eq!(root.get("b").expect("b").items().count(), 2);
    let nested = root
        .get("d")
        .expect("d")
        .items()
        .next()
        .expect("a copy of a copy");
    assert_eq!(nested.get("y\t").and_then(|two| two.as_u64()), Some(2));
    assert_eq!(root.get("e").and_then(|three| three.as_u64()), Some(3));
    assert_eq!(spanned(root.get("b"), text), "[*a, *a]");
}

#[test]
fn what_is_refused_is_named_with_its_place() {
    for (text, expected) in [
        ("a: 1\nb: 2\n'a': 3\n", "11: the key \"a\" is written twice"),
        (
            "a: 1\n---\nb: 1\n",
            "5: a second document begins here: only one is read",
        ),
        ("[a]: 1\n", "0: a key is a list or a mapping; a key is one text"),
        ("a: !Ref b\n", "3: the tag \"!Ref\" does not fit this value"),
        (
            "a: !!int b\n",
            "3: the tag \"tag:yaml.org,2002:int\" does not fit this value",
        ),
        ("a: &a [*a]\n", "7: an alias stands inside of what it repeats"),
        ("&a a: *a\n", "6: an alias of a key: only values can be repeated"),
        ("a: &a 1\n*a : 2\n", "8: an alias stands in the place of a key"),
        ("a: *b\n", "3: while parsing node, found unknown anchor"),
        (
            "a: 'b\n",
            "3: while scanning a quoted scalar, found unexpected end of stream",
        ),
        ("a: [1, 2\nb: 3\n", "10: "),
        ("a:\n\t- b\n", "4: "),
        ("a: \0\n", "3: found unprintable character"),
    ] {
        let found = problems(text);
        assert_eq!(found.len(), 1, "{text:?}: {found:?}");
        assert!(
            found.iter().all(|found| found.starts_with(expected)),
            "{text:?}: {found:?}"
        );
    }
    // What stands before the damage is there.
    let document = read("a: 1\nb: [x,\n", Bounds::UNTRUSTED);
    assert!(!document.problems.is_empty());
    assert_eq!(document.root().get("a").and_then(|one| one.as_u64()), Some(1));
}

#[test]
fn bounds_hold_at_their_edge() {
    let deep = |levels: usize| format!("{}{}", "[".repeat(levels), "]".repeat(levels));
    assert_eq!(problems(&deep(32)), Vec::<String>::new());
    assert_eq!(problems(&deep(33)), ["32: nested deeper than 32 levels"]);
    assert_eq!(problems(&deep(300)), ["255: nested deeper than 32 levels"]);
    let aliases = |number: usize| format!("a: &a 1\nb:\n{}", "- *a\n".repeat(number));
    assert_eq!(problems(&aliases(100)), Vec::<String>::new());
    assert_eq!(problems(&aliases(101)), ["513: more than 100 aliases"]);
    let length = |bytes: usize| format!("a: {}", "x".repeat(bytes - 3));
    assert_eq!(problems(&length(256 << 10)), Vec::<String>::new());
    assert_eq!(
        problems(&length((256 << 10) + 1)),
        ["0: larger than the limit of 262144 bytes"]
    );
    // A copy counts at the depth at which it stands.
    let copied = |levels: usize| {
        format!(
            "a: &a {}\nb: {}*a{}\n",
            deep(20),
            "[".repeat(levels),
            "]".repeat(levels)
        )
    };
    assert_eq!(problems(&copied(11)), Vec::<String>::new());
    assert_eq!(problems(&copied(12)), ["62: nested deeper than 32 levels"]);
    // A billion laughs: each list repeats the one before it ten times.
    let mut laughs = String::from("a0: &a0 [1, 1, 1, 1, 1, 1, 1, 1, 1, 1]\n");
    for number in 1..10 {
        let again = vec![format!("*a{}", number - 1); 10].join(", ");
        laughs.push_str(&format!("a{number}: &a{number} [{again}]\n"));
    }
    let document = read(&laughs, Bounds::UNTRUSTED);
    assert!(document.nodes.len() < 20_000, "{}", document.nodes.len());
    assert_eq!(
        document.problems.last().map(|problem| problem.message.as_str()),
        Some("the aliases repeat more than 10000 values")
    );
}

#[test]
fn work_grows_with_the_text_and_stops_at_a_bound() {
    let long = |part: &str| part.repeat((256 << 10) / part.len());
    let half = |text: &str| text.get(..text.len() / 2).expect("ASCII").to_owned();
    for part in [
        "{a: [",
        "- ",
        "- - - - ",
        "[",
        "{",
        "? ",
        "? - ",
        "a: ",
        "&a ",
        "!a ",
        "*a ",
        "[]: ",
        "'",
        "\"\\",
        "#",
        " ",
        "\n",
        "a",
        "a\n",
        "a: b\n",
        "a: |\n",
        "- a\n",
        "- *a\n",
        "- &a b\n",
        "[a, ",
        "[a: b, ",
        "{a: b, c: ",
        "[[a]: ",
        "%a ",
        "--- ",
        "...\n",
        "? a\n: ",
        "- ? ",
        "\t",
        "a #",
        "x: [a, b]\n",
        "\"a\": ",
        "[\"a\": ",
        "|\n ",
        ">\n ",
        "\r",
        ",",
        "-",
        ":",
        "? |\n",
    ] {
        let text = long(part);
        let (steps, nodes) = counted(&text);
        let (before, _) = counted(&half(&text));
        // Looks and steps of the scanner, and values in the tree, for each byte.
        assert!(
            steps <= 60 * text.len(),
            "{part:?}: {steps} steps for {} bytes",
            text.len()
        );
        assert!(
            steps <= 3 * before + 10_000,
            "{part:?}: {before} steps for a half, {steps} for the whole"
        );
        assert!(nodes <= text.len(), "{part:?}: {nodes} values");
    }
    for part in ["{a: [", "- - - - ", "- ", "? ", "? - "] {
        let (steps, nodes) = counted(&long(part));
        assert!(nodes <= 40, "{part:?}: {nodes} values");
        assert!(steps <= 100_000, "{part:?}: {steps} steps");
    }
}

/// How often the scanner looked at or took a character of `text`, and how many values came of it.
fn counted(text: &str) -> (usize, usize) {
    let steps = Cell::new(0);
    let parser = Parser::new(Counting {
        input: StrInput::new(text),
        steps: &steps,
    });
    let document = build(text, Bounds::UNTRUSTED, parser);
    (steps.get(), document.nodes.len())
}

struct Counting<'t> {
    input: StrInput<'t>,
    steps: &'t Cell<usize>,
}

impl Counting<'_> {
    fn count(&self, steps: usize) {
        self.steps.set(self.steps.get() + steps);
    }
}

impl Input for Counting<'_> {
    fn lookahead(&mut self, count: usize) {
        self.input.lookahead(count);
    }

    fn buflen(&self) -> usize {
        self.input.buflen()
    }

    fn bufmaxlen(&self) -> usize {
        self.input.bufmaxlen()
    }

    fn raw_read_ch(&mut self) -> char {
        self.count(1);
        self.input.raw_read_ch()
    }

    fn raw_read_non_breakz_ch(&mut self) -> Option<char> {
        self.count(1);
        self.input.raw_read_non_breakz_ch()
    }

    fn skip(&mut self) {
        self.count(1);
        self.input.skip();
    }

    fn skip_n(&mut self, count: usize) {
        self.count(count);
        self.input.skip_n(count);
    }

    fn peek(&self) -> char {
        self.count(1);
        self.input.peek()
    }

    fn peek_nth(&self, number: usize) -> char {
        self.count(number + 1);
        self.input.peek_nth(number)
    }

    fn peek_opt(&self) -> Option<char> {
        self.count(1);
        self.input.peek_opt()
    }

    fn skip_ws_to_eol(&mut self, skip_tabs: SkipTabs) -> (usize, Result<SkipTabs, &'static str>) {
        let (count, result) = self.input.skip_ws_to_eol(skip_tabs);
        self.count(count + 1);
        (count, result)
    }
}
