//! Version orders against the ecosystems' own tools, and against the rules that they publish.
//!
//! The tables are made by `tests/tables/make`; a further one is checked when `LOCKKEEPER_ORDER_TABLE` is
//! `SCHEME=FILE`, the file being such a table, compressed or not.

#![expect(
    clippy::disallowed_methods,
    clippy::print_stdout,
    reason = "a test reads its tables, its clock and its settings itself and says what it skips"
)]

use std::cmp::Ordering;
use std::collections::BTreeSet;
use std::fs;
use std::io::Read;
use std::path::Path;

use lockkeeper::version::{SCHEMES, Scheme, github_actions, go, scheme};
use proptest::prelude::*;

const ROOT: &str = env!("CARGO_MANIFEST_DIR");

#[test]
fn schemes_are_exactly_the_files_and_the_fixtures() {
    let names: Vec<_> = SCHEMES.iter().map(|scheme| scheme.name().to_owned()).collect();
    assert!(names.is_sorted(), "SCHEMES are in alphabetical order");
    let names: BTreeSet<_> = names.into_iter().collect();
    assert_eq!(stems("src/version", "rs"), names, "src/version");
    assert_eq!(
        stems("tests/fixtures/version", "txt"),
        names,
        "tests/fixtures/version"
    );
    for name in &names {
        assert_eq!(scheme(name).map(Scheme::name), Some(name.as_str()));
    }
}

#[test]
fn fixtures_hold() {
    for scheme in SCHEMES {
        let name = format!("tests/fixtures/version/{}.txt", scheme.name());
        let text = fs::read_to_string(Path::new(ROOT).join(&name)).unwrap();
        let mut read = 0;
        for (number, line) in text.lines().enumerate() {
            if line.is_empty() || line.starts_with('#') {
                continue;
            }
            let parts: Vec<_> = line.split_whitespace().collect();
            let [left, order, right] = parts[..] else {
                panic!("{name}:{}: not `A op B`", number + 1)
            };
            let row = Row {
                left: left.to_owned(),
                order: order.to_owned(),
                right: right.to_owned(),
            };
            if let Some(difference) = row.difference(*scheme, str::to_owned) {
                panic!("{name}:{}: {difference}", number + 1);
            }
            read += 1;
        }
        assert!(read >= 20, "{name} has {read} rows");
    }
}

/// Two implementations of SemVer, where they agree.
#[test]
fn github_actions_agrees_with_semver() {
    agrees(
        &table("tests/tables/github_actions.tsv.gz"),
        scheme("github_actions").unwrap(),
    );
}

#[test]
fn alpine_agrees_with_its_own_tool() {
    agrees(&table("tests/tables/alpine.tsv.gz"), scheme("alpine").unwrap());
}

#[test]
fn debian_agrees_with_its_own_tool() {
    agrees(&table("tests/tables/debian.tsv.gz"), scheme("debian").unwrap());
}

#[test]
fn rpm_agrees_with_its_own_tool() {
    agrees(&table("tests/tables/rpm.tsv.gz"), scheme("rpm").unwrap());
}

#[test]
fn conan_agrees_with_its_own_tool() {
    agrees(&table("tests/tables/conan.tsv.gz"), scheme("conan").unwrap());
}

#[test]
fn cran_agrees_with_its_own_tool() {
    agrees(&table("tests/tables/cran.tsv.gz"), scheme("cran").unwrap());
}

#[test]
fn hackage_agrees_with_its_own_tool() {
    agrees(&table("tests/tables/hackage.tsv.gz"), scheme("hackage").unwrap());
}

/// By the rules of Julia's own library, held against two implementations of SemVer that order builds as Julia does: that of npm, and the
/// crate `semver` below.
#[test]
fn julia_agrees_with_its_rules() {
    let rows = table("tests/tables/julia.tsv.gz");
    let ours = scheme("julia").unwrap();
    agrees(&rows, ours);
    let mut read = 0;
    for Row { left, order, right } in &rows {
        // Zeros in front of a build's number say something to the crate.
        let has_zeros = |text: &str| {
            let parts = text.split(['.', '+', '-']);
            parts.into_iter().any(|part| {
                part.len() > 1 && part.starts_with('0') && part.bytes().all(|byte| byte.is_ascii_digit())
            })
        };
        let parsed = |text: &str| ::semver::Version::parse(text).ok().filter(|_| !has_zeros(text));
        if let (Some(one), Some(other), Ok(order_of_ours)) =
            (parsed(left), parsed(right), ours.compare(left, right))
        {
            assert_eq!(order_of_ours, one.cmp(&other), "{left} {order} {right}");
            read += 1;
        }
    }
    assert!(read > 5_000, "{read} read by both");
}

#[test]
fn opam_agrees_with_its_own_tool() {
    agrees(&table("tests/tables/opam.tsv.gz"), scheme("opam").unwrap());
}

#[test]
fn npm_agrees_with_its_own_tool() {
    agrees(&table("tests/tables/npm.tsv.gz"), scheme("npm").unwrap());
}

#[test]
fn nuget_agrees_with_its_own_tool() {
    agrees(&table("tests/tables/nuget.tsv.gz"), scheme("nuget").unwrap());
}

/// By the two implementations of SemVer that order builds as pub does: that of npm here, and the crate `semver` below.
#[test]
fn pub_agrees_with_semver() {
    agrees(&table("tests/tables/pub.tsv.gz"), scheme("pub").unwrap());
    let ours = scheme("pub").unwrap();
    for Row { left, order, right } in table("tests/tables/pub.tsv.gz") {
        let read = |text: &str| ::semver::Version::parse(text).ok();
        // What the crate refuses, such as numbers above 64 bits, it says nothing of.
        if let (Some(one), Some(other)) = (read(&left), read(&right)) {
            assert_eq!(
                ours.compare(&left, &right),
                Ok(one.cmp(&other)),
                "{left} {order} {right}"
            );
        }
    }
}

/// By two implementations of SemVer 2.0.0, since SwiftPM runs where few others do.
#[test]
fn swift_agrees_with_semver() {
    agrees(&table("tests/tables/swift.tsv.gz"), scheme("swift").unwrap());
}

#[test]
fn packagist_agrees_with_its_own_tool() {
    agrees(
        &table("tests/tables/packagist.tsv.gz"),
        scheme("packagist").unwrap(),
    );
}

#[test]
fn pep440_agrees_with_its_own_tool() {
    agrees(&table("tests/tables/pep440.tsv.gz"), scheme("pep440").unwrap());
}

/// Each row: a version, a bound, and whether `<=`, `==`, `<` and `>=` of that bound contain the version (`1`, `0`, or `-` for
/// what a specifier cannot be asked).
#[test]
fn bounds_of_pypi_hold_what_its_specifiers_contain() {
    let pep440 = scheme("pep440").unwrap();
    let (mut asked, mut builds, mut wrong) = (0, 0, Vec::new());
    for Row {
        left,
        order: bound,
        right,
    } in table("tests/tables/pep440_bounds.tsv.gz")
    {
        let order = pep440.compare_with_bound(&left, &bound).unwrap();
        let ours = [order.is_le(), order.is_eq(), order.is_lt(), order.is_ge()];
        builds += usize::from(pep440.compare(&left, &bound) != Ok(order));
        for (ours, theirs) in ours.into_iter().zip(right.chars()) {
            match theirs {
                '-' => continue,
                '0' | '1' => asked += 1,
                _ => panic!("{right:?}"),
            }
            if ours != (theirs == '1') {
                wrong.push(format!("{left} {bound}: {order:?}, {right}"));
            }
        }
    }
    assert!(
        asked > 40_000 && builds > 1_000 && wrong.is_empty(),
        "{asked} answers, {builds} builds, {wrong:#?}"
    );
}

/// Each row: a version, a bound, and whether Composer's constraints `<=`, `==`, `<` and `>=` of that bound allow the version (`1`,
/// `0`), or `!` where it refuses one of the two.
#[test]
fn bounds_of_packagist_hold_what_its_constraints_allow() {
    let packagist = scheme("packagist").unwrap();
    let (mut rows, mut pre_releases, mut wrong) = (0, 0, Vec::new());
    for Row {
        left,
        order: bound,
        right,
    } in table("tests/tables/packagist_bounds.tsv.gz")
    {
        rows += 1;
        let order = packagist.compare_with_bound(&left, &bound);
        pre_releases += usize::from(order.is_ok() && packagist.compare(&left, &bound) != order);
        let is = |holds: fn(Ordering) -> bool| u8::from(order.as_ref().is_ok_and(|order| holds(*order)));
        let same = u8::from(packagist.is_same(&left, &bound));
        let ours = format!(
            "{}{same}{}{}",
            is(Ordering::is_le),
            is(Ordering::is_lt),
            is(Ordering::is_ge)
        );
        let agrees = match right.as_str() {
            "!" => order.is_err() && same == 0,
            theirs => ours == theirs,
        };
        if !agrees {
            wrong.push(format!("{left:?} {bound:?}: {order:?}, {ours}, {right}"));
        }
    }
    wrong.truncate(20);
    assert!(
        rows > 20_000 && pre_releases > 500 && wrong.is_empty(),
        "{rows} rows, {pre_releases} pre-releases, {wrong:#?}"
    );
}

/// What the other schemes call a build is no part of their order, or a release of its own.
#[test]
fn few_order_otherwise_beside_a_bound() {
    let others =
        |scheme: &&&dyn Scheme| !matches!(scheme.name(), "alpine" | "julia" | "pep440" | "packagist" | "rpm");
    for scheme in SCHEMES.iter().filter(others) {
        let published = published(scheme.name());
        let mut random = Random(17);
        for _ in 0..20_000 {
            let (left, right) = (random.version(&published), random.version(&published));
            let orders = [
                scheme.compare_with_bound(&left, &right),
                scheme.compare(&left, &right),
            ];
            // A tag that moves lies among the releases that it may mean.
            let moves = scheme.name() == "github_actions" && !github_actions::is_exact(&left);
            if !moves || orders[0].is_ok() {
                assert_eq!(orders[0], orders[1], "{} {left:?} {right:?}", scheme.name());
            }
        }
    }
    for (name, version, bound, order) in [
        ("go", "v2.0.0+incompatible", "2.0.0", Ordering::Equal),
        ("npm", "1.2.3+build.5", "1.2.3", Ordering::Equal),
        ("nuget", "1.2.3+build.5", "1.2.3", Ordering::Equal),
        ("semver", "0.4.55+curl-7.83.1", "0.4.55", Ordering::Equal),
        ("alpine", "1.0-r3", "1.0", Ordering::Equal),
        ("alpine", "1.0_rc1-r3", "1.0", Ordering::Less),
        ("alpine", "1.0-r3", "1.0-r4", Ordering::Less),
        ("alpine", "1.0", "1.0-r0", Ordering::Less),
        ("debian", "1.0-1", "1.0", Ordering::Greater),
        ("rpm", "1.0-3.el9", "1.0", Ordering::Equal),
        ("rpm", "1:1.0-3.el9", "1.0", Ordering::Greater),
        ("rpm", "1.0-3.el9", "0:1.0-4.el9", Ordering::Less),
        ("rpm", "1.0", "1.0-1", Ordering::Less),
        ("julia", "1.0.7+1", "1.0.7", Ordering::Equal),
        ("julia", "1.0.7+1", "1.0.7+0", Ordering::Greater),
        ("julia", "1.0.7", "1.0.7+0", Ordering::Less),
        ("julia", "1.0.7-rc1+1", "1.0.7", Ordering::Less),
        ("conan", "1.0+1", "1.0", Ordering::Greater),
        ("hackage", "1.0-foo", "1.0", Ordering::Equal),
        ("maven", "33.0.0-jre", "33.0.0", Ordering::Greater),
        ("maven", "5.3.39-SNAPSHOT", "5.3.39", Ordering::Less),
    ] {
        let scheme = scheme(name).unwrap();
        assert_eq!(
            scheme.compare_with_bound(version, bound),
            Ok(order),
            "{name} {version}"
        );
    }
}

#[test]
fn go_agrees_with_its_own_tool() {
    agrees(&table("tests/tables/go.tsv.gz"), scheme("go").unwrap());
}

#[test]
fn maven_agrees_with_its_own_tool() {
    agrees(&table("tests/tables/maven.tsv.gz"), scheme("maven").unwrap());
}

#[test]
fn hex_agrees_with_its_own_tool() {
    agrees(&table("tests/tables/hex.tsv.gz"), scheme("hex").unwrap());
}

#[test]
fn rubygems_agrees_with_its_own_tool() {
    agrees(
        &table("tests/tables/rubygems.tsv.gz"),
        scheme("rubygems").unwrap(),
    );
}

/// `toolchain` leaves alone what is no version of Go; those rows (`!`) say nothing about the order.
#[test]
fn versions_of_go_itself_agree_with_its_own_tool() {
    let rows = table("tests/tables/toolchain.tsv.gz");
    let known: Vec<_> = rows.into_iter().filter(|row| row.order != "!").collect();
    let go = scheme("go").unwrap();
    let wrong = differences(&known, go, |text| go::toolchain(text).into_owned());
    assert!(
        known.len() > 15_000 && wrong.is_empty(),
        "{} rows, {wrong:#?}",
        known.len()
    );
}

#[test]
fn a_further_table_agrees() {
    let Ok(given) = std::env::var("LOCKKEEPER_ORDER_TABLE") else {
        println!("skipped: LOCKKEEPER_ORDER_TABLE is not set");
        return;
    };
    let (name, file) = given.split_once('=').expect("SCHEME=FILE");
    let rows = table(file);
    println!("{} rows of {file}", rows.len());
    if name == "toolchain" {
        let known: Vec<_> = rows.into_iter().filter(|row| row.order != "!").collect();
        let wrong = differences(&known, scheme("go").unwrap(), |text| {
            go::toolchain(text).into_owned()
        });
        assert!(wrong.is_empty(), "{wrong:#?}");
    } else {
        agrees(&rows, scheme(name).expect("a scheme"));
    }
}

/// The `semver` crate is what cargo reads versions with.
#[test]
fn semver_agrees_with_cargo() {
    let ours = scheme("semver").unwrap();
    let published = published("semver");
    let mut random = Random(7);
    let (mut ordered, mut refused) = (0, 0);
    for _ in 0..60_000 {
        let left = random.version(&published);
        let right = match random.below(3) {
            0 => random.version(&published),
            1 => random.changed(&left),
            _ => left.split(['-', '+']).next().unwrap().to_owned() + &random.suffix(),
        };
        let theirs = ::semver::Version::parse(&left)
            .and_then(|left| ::semver::Version::parse(&right).map(|right| left.cmp_precedence(&right)));
        assert_eq!(
            ours.compare(&left, &right).ok(),
            theirs.ok(),
            "{left:?} {right:?}"
        );
        match ours.compare(&left, &right) {
            Ok(_) => ordered += 1,
            Err(_) => refused += 1,
        }
    }
    assert!(
        ordered > 20_000 && refused > 2_000,
        "{ordered} ordered, {refused} refused"
    );
}

#[test]
fn published_versions_are_in_a_total_order() {
    // Conan's order has circles among them.
    for scheme in SCHEMES.iter().filter(|scheme| scheme.name() != "conan") {
        let published = published(scheme.name());
        let mut random = Random(11);
        for _ in 0..100_000 {
            let mut pick = || published[random.below(published.len())].as_str();
            assert_transitive(*scheme, pick(), pick(), pick());
        }
    }
}

#[test]
fn made_up_versions_are_in_a_total_order() {
    // Conan, npm, Maven and R are not transitive on everything that their tools read; see their files.
    for name in [
        "alpine",
        "debian",
        "github_actions",
        "go",
        "hackage",
        "hex",
        "julia",
        "nuget",
        "opam",
        "packagist",
        "pep440",
        "pub",
        "rpm",
        "rubygems",
        "semver",
    ] {
        let rows = table(&format!(
            "tests/tables/{}.tsv.gz",
            if name == "semver" { "npm" } else { name }
        ));
        let scheme = scheme(name).unwrap();
        let texts: Vec<_> = rows.iter().map(|row| row.left.as_str()).collect();
        let mut random = Random(13);
        for _ in 0..200_000 {
            let mut pick = || texts[random.below(texts.len())];
            assert_transitive(scheme, pick(), pick(), pick());
        }
    }
}

/// Advisories of npm, crates.io and Go are written with what people type.
#[test]
fn events_are_read_leniently() {
    for name in [
        "github_actions",
        "go",
        "hex",
        "npm",
        "nuget",
        "pub",
        "semver",
        "swift",
    ] {
        let scheme = scheme(name).unwrap();
        for (event, version) in [
            ("1.2", "1.2.0"),
            ("1", "1.0.0"),
            ("v1.2.3", "1.2.3"),
            ("01.2.3", "1.2.3"),
            ("0", "0.0.0"),
        ] {
            let order = scheme.compare(&scheme.event(event), version);
            assert_eq!(order, Ok(Ordering::Equal), "{name} {event}");
        }
        assert!(
            scheme.compare(&scheme.event("2.0.x"), "2.0.0").is_err(),
            "{name}: a range is no event"
        );
    }
    // Zero comes before every release of them.
    for (name, first) in [
        ("alpine", "0-r0"),
        ("debian", "0-1"),
        ("rpm", "0-1"),
        ("conan", "0.0.1"),
        ("cran", "0.0-1"),
        ("hackage", "0.0"),
        ("julia", "0.0.1"),
        ("opam", "0.0.1"),
    ] {
        let scheme = scheme(name).unwrap();
        assert_eq!(
            scheme.compare(&scheme.event("0"), first),
            Ok(Ordering::Less),
            "{name}"
        );
    }
    for name in [
        "cran",
        "conan",
        "julia",
        "maven",
        "packagist",
        "pep440",
        "rubygems",
    ] {
        let scheme = scheme(name).unwrap();
        assert_eq!(
            scheme.compare(&scheme.event("0"), "0.0"),
            Ok(Ordering::Equal),
            "{name}"
        );
    }
}

#[test]
fn long_versions_take_linear_time() {
    // With quadratic work this test would not end.
    let length = 50_000;
    let texts = [
        "1".repeat(length),
        "1.".repeat(length / 2) + "1",
        "1-".repeat(length / 2) + "1",
        "1.0-0".repeat(length / 5),
        "a1".repeat(length / 2),
        "0.".repeat(length / 2),
        "0.".repeat(length / 2) + "1",
        "0-".repeat(length / 2),
        "1.0.0-".to_owned() + &"a.".repeat(length / 2) + "1",
        "1.0.0-".to_owned() + &"0.".repeat(length / 2) + "0",
        "1+".to_owned() + &"a.".repeat(length / 2) + "a",
        "٠".repeat(length / 2),
        "-".repeat(length),
    ];
    for scheme in SCHEMES {
        for left in &texts {
            for right in &texts {
                assert_antisymmetric(*scheme, left, right);
            }
            let _ = scheme.event(left);
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2_000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_text_gives_an_answer(left in any::<String>(), right in any::<String>()) {
        for scheme in SCHEMES {
            assert_antisymmetric(*scheme, &left, &right);
            let _ = scheme.event(&left);
        }
        let _ = go::toolchain(&left);
    }

    #[test]
    fn anything_like_a_version_gives_an_answer(
        left in "[v!]?[0-9a-z.!+_-]{0,12}[٠-٩é0-9A-Z. -]{0,6}",
        right in "(go)?[0-9]{1,3}[.][0-9a-z.+-]{0,16}",
    ) {
        for scheme in SCHEMES {
            assert_antisymmetric(*scheme, &left, &right);
            let event = scheme.event(&left);
            if scheme.compare(&left, &left).is_ok() {
                prop_assert_eq!(scheme.compare(&event, &left).ok(), Some(Ordering::Equal));
            }
        }
        let _ = go::toolchain(&right);
    }
}

/// A line of a table or a fixture.
#[derive(Debug)]
pub(super) struct Row {
    pub(super) left: String,
    pub(super) order: String,
    pub(super) right: String,
}

impl Row {
    /// What is wrong about the row, in either direction.
    fn difference(&self, scheme: &dyn Scheme, spelling: impl Fn(&str) -> String) -> Option<String> {
        let wanted = match self.order.as_str() {
            "<" => Some(Ordering::Less),
            "=" => Some(Ordering::Equal),
            ">" => Some(Ordering::Greater),
            "!" => None,
            other => panic!("no order: {other:?}"),
        };
        let (left, right) = (spelling(&self.left), spelling(&self.right));
        let there = scheme.compare(&left, &right).ok();
        let back = scheme.compare(&right, &left).ok();
        let right_way = there == wanted && back == wanted.map(Ordering::reverse);
        (!right_way).then(|| format!("{self:?}: we say {there:?}, backwards {back:?}"))
    }
}

fn agrees(rows: &[Row], scheme: &dyn Scheme) {
    let wrong = differences(rows, scheme, str::to_owned);
    assert!(rows.len() >= 20_000, "{} rows", rows.len());
    assert!(wrong.is_empty(), "{wrong:#?}");
}

/// The first differences of a table.
fn differences(rows: &[Row], scheme: &dyn Scheme, spelling: impl Fn(&str) -> String) -> Vec<String> {
    rows.iter()
        .filter_map(|row| row.difference(scheme, &spelling))
        .take(20)
        .collect()
}

pub(super) fn table(file: &str) -> Vec<Row> {
    let bytes = fs::read(Path::new(ROOT).join(file)).unwrap();
    let mut text = String::new();
    if bytes.starts_with(&[0x1f, 0x8b]) {
        flate2::read::GzDecoder::new(&bytes[..])
            .read_to_string(&mut text)
            .unwrap();
    } else {
        text = String::from_utf8(bytes).unwrap();
    }
    let mut lines = text.split_terminator('\n');
    assert!(lines.next().unwrap().starts_with("# "), "{file} names its tool");
    lines
        .map(|line| {
            let parts: Vec<_> = line.split('\t').collect();
            let [left, order, right] = parts[..] else {
                panic!("{file}: {line:?}")
            };
            Row {
                left: plain(left),
                order: order.to_owned(),
                right: plain(right),
            }
        })
        .collect()
}

pub(super) fn plain(escaped: &str) -> String {
    let mut letters = escaped.chars();
    let mut plain = String::new();
    while let Some(letter) = letters.next() {
        plain.push(match letter {
            '\\' => match letters.next() {
                Some('t') => '\t',
                Some('n') => '\n',
                Some('r') => '\r',
                Some('\\') => '\\',
                other => panic!("no escape: {other:?}"),
            },
            other => other,
        });
    }
    plain
}

fn published(scheme: &str) -> Vec<String> {
    let text =
        fs::read_to_string(Path::new(ROOT).join(format!("tests/tables/published/{scheme}.txt"))).unwrap();
    text.split_terminator('\n').map(str::to_owned).collect()
}

fn stems(folder: &str, extension: &str) -> BTreeSet<String> {
    fs::read_dir(Path::new(ROOT).join(folder))
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_some_and(|found| found == extension))
        .map(|path| path.file_stem().unwrap().to_str().unwrap().to_owned())
        .filter(|stem| stem != "mod")
        .collect()
}

fn assert_antisymmetric(scheme: &dyn Scheme, left: &str, right: &str) {
    let there = scheme.compare(left, right).ok();
    let back = scheme.compare(right, left).ok();
    assert_eq!(
        there.map(Ordering::reverse),
        back,
        "{} {left:?} {right:?}",
        scheme.name()
    );
    if let Ok(order) = scheme.compare(left, left) {
        assert_eq!(order, Ordering::Equal, "{} {left:?}", scheme.name());
    }
}

fn assert_transitive(scheme: &dyn Scheme, a: &str, b: &str, c: &str) {
    let orders = (scheme.compare(a, b), scheme.compare(b, c), scheme.compare(a, c));
    let (Ok(ab), Ok(bc), Ok(ac)) = orders else { return };
    let implied = match (ab, bc) {
        (Ordering::Equal, order) | (order, Ordering::Equal) => order,
        (one, other) if one == other => one,
        _opposed => return,
    };
    assert_eq!(ac, implied, "{} {a:?} {b:?} {c:?}", scheme.name());
}

/// A small generator with a fixed seed (xorshift), so that every run checks the same pairs.
struct Random(u64);

impl Random {
    fn below(&mut self, end: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 >> 16).unwrap() % end
    }

    fn pick<'a>(&mut self, from: &[&'a str]) -> &'a str {
        from[self.below(from.len())]
    }

    fn version(&mut self, published: &[String]) -> String {
        if self.below(2) == 0 {
            return published[self.below(published.len())].clone();
        }
        let numbers = [
            "0",
            "1",
            "2",
            "10",
            "11",
            "01",
            "18446744073709551615",
            "18446744073709551616",
            "99",
        ];
        let few = ["0", "1", "2"];
        let mut core = Vec::new();
        for _ in 0..3 {
            core.push(if self.below(9) == 0 {
                self.pick(&numbers)
            } else {
                self.pick(&few)
            });
        }
        core.join(".") + &self.suffix()
    }

    fn suffix(&mut self) -> String {
        let parts = [
            "0",
            "1",
            "2",
            "10",
            "rc",
            "alpha",
            "a",
            "A",
            "-",
            "--",
            "0a",
            "rc1",
            "01",
            "18446744073709551616",
        ];
        let mut suffix = String::new();
        for (mark, chance) in [("-", 2), ("+", 4)] {
            if self.below(chance) == 0 {
                suffix.push_str(mark);
                suffix.push_str(self.pick(&parts));
                for _ in 0..self.below(3) {
                    suffix.push('.');
                    suffix.push_str(self.pick(&parts));
                }
            }
        }
        suffix
    }

    fn changed(&mut self, text: &str) -> String {
        let letters = ["0", "1", "9", ".", "-", "+", "a", "Z", "é", " ", "v", ""];
        let mut parts: Vec<_> = text.chars().map(String::from).collect();
        let at = self.below(parts.len() + 1);
        let letter = self.pick(&letters).to_owned();
        match parts.get_mut(at) {
            Some(part) if self.below(2) == 0 => *part = letter,
            Some(_) | None => parts.insert(at, letter),
        }
        parts.concat()
    }
}
