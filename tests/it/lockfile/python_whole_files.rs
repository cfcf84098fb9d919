//! Lockfiles of Python's tools that are not whole, or none at all: what is cut, left out or refused by the tool is blind and
//! never a shorter list of packages.

use std::path::Path;

use lockkeeper::lockfile::{self, Reading};
use lockkeeper::model::{Cost, Package, Source};
use rayon::prelude::*;

use crate::support::memory_tree::{MemoryTree, tree_path};

/// Bytes read for the prefixes of one fixture; of a file that would need more, some are read.
const BUDGET: usize = 12 << 20;

fn read<'b>(name: &str, bytes: &'b [u8], tree: &MemoryTree) -> Reading<'b> {
    let path = tree_path(name);
    let lockfile::Claim::Read(format) = lockfile::claim(&path) else {
        panic!("{name} is no lockfile")
    };
    lockfile::read(format, &path, bytes, tree)
}

fn is_blind(reading: &Reading<'_>) -> bool {
    reading
        .parsed
        .problems
        .iter()
        .any(|problem| problem.cost == Cost::Blind)
}

fn blind(name: &str, text: &str) -> Vec<String> {
    let tree = MemoryTree::of([(name, text)]);
    let reading = read(name, text.as_bytes(), &tree);
    let problems = reading.parsed.problems.into_iter();
    let blind = problems.filter(|problem| problem.cost == Cost::Blind);
    blind.map(|problem| problem.message).collect()
}

fn packages<'r>(reading: &'r Reading<'_>) -> Vec<&'r Package> {
    reading
        .parsed
        .graph
        .packages()
        .map(|(_, package)| package)
        .collect()
}

/// What must hold of a prefix that is not blind.
type Holds = fn(whole: &[&Package], prefix: &[&Package], text: &str) -> Result<(), String>;

/// Reads prefixes of every fixture of `module`; returns how many were read and how many of them passed for whole.
fn prefixes(module: &str, holds: Holds) -> (usize, usize) {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("tests/fixtures/lockfile")
        .join(module);
    let mut counts = (0, 0);
    for case in std::fs::read_dir(folder).expect("cases") {
        let case = case.expect("a case").path();
        let tree = MemoryTree::from_folder(&case);
        for (path, bytes) in tree.files() {
            let lockfile::Claim::Read(format) = lockfile::claim(path) else {
                continue;
            };
            let whole = lockfile::read(format, path, bytes, &tree);
            // A damaged one is blind whatever of it is left out, or not damaged yet.
            let whole_packages = packages(&whole);
            let text = std::str::from_utf8(bytes);
            let Ok(text) = text else { continue };
            let step = (text.len() * text.len() / 2).div_ceil(BUDGET).max(1);
            let ends: Vec<usize> = (0..text.len())
                .filter(|end| text.is_char_boundary(*end))
                .filter(|end| end % step == 0 || text.len() - end < 300 || text[..*end].ends_with('\n'))
                .collect();
            let passed = ends.par_iter().filter(|end| {
                let prefix = &text[..**end];
                let reading = lockfile::read(format, path, prefix.as_bytes(), &tree);
                if is_blind(&reading) {
                    return false;
                }
                if let Err(wrong) = holds(&whole_packages, &packages(&reading), prefix) {
                    panic!("{}: {path} cut at {end}: {wrong}", case.display());
                }
                true
            });
            counts.1 += passed.count();
            counts.0 += ends.len();
        }
    }
    counts
}

fn same(left: &Package, right: &Package) -> bool {
    left.name == right.name && left.version == right.version && left.place() == right.place()
}

/// Nothing but the end of the document makes the file whole.
fn all(whole: &[&Package], prefix: &[&Package], _: &str) -> Result<(), String> {
    let is_all =
        whole.len() == prefix.len() && whole.iter().zip(prefix).all(|(left, right)| same(left, right));
    is_all
        .then_some(())
        .ok_or_else(|| format!("{} of {} packages", prefix.len(), whole.len()))
}

#[test]
fn a_pipfile_lock_that_is_cut_is_blind() {
    let (read, passed) = prefixes("pipfile_lock", all);
    assert!(read > 1_000 && passed < 10, "{passed} of {read}");
}

#[test]
fn a_poetry_lock_that_is_cut_is_blind_or_has_all_packages() {
    let (read, passed) = prefixes("poetry_lock", all);
    assert!(read > 5_000 && passed < read / 2, "{passed} of {read}");
}

/// Only the last line can be another one than in the whole file, and then what is left of it is all that is wrong.
#[test]
fn a_requirements_file_that_is_cut_differs_in_its_last_line() {
    let (read, passed) = prefixes("requirements", |whole, prefix, text| {
        let last_line = text.rfind('\n').map_or(0, |at| at + 1);
        let is_of_last_line = |package: &Package| {
            let place = package.place();
            place.file.is_none()
                && place.span.end as usize > last_line
                && place.span.end as usize <= text.len()
        };
        for (left, right) in prefix.iter().zip(whole) {
            if !same(left, right) && (!is_of_last_line(left) || text.ends_with('\n')) {
                return Err(format!("{} {}", left.name, left.version));
            }
        }
        Ok(())
    });
    assert!(read > 3_000 && passed < read, "{passed} of {read}");
}

/// Where every requirement has a hash, what is cut shows it: nothing but a part of the list passes for the list.
#[test]
fn a_hashed_requirements_file_shows_where_it_is_cut() {
    let hash = "0".repeat(64);
    let text = format!(
        "kiln==2.5.1 \\\n    --hash=sha256:{hash} \\\n    --hash=sha256:{hash}\n    # via desk\nglaze==1.0.2 \\\n    --hash=sha256:{hash}\n"
    );
    let tree = MemoryTree::default();
    let first = text.find("glaze").expect("the second");
    for end in first..text.len() {
        let reading = read("requirements.txt", &text.as_bytes()[..end], &tree);
        let found: Vec<String> = packages(&reading)
            .iter()
            .map(|package| format!("{} {}", package.name, package.version))
            .collect();
        let is_whole = found == ["kiln 2.5.1", "glaze 1.0.2"] && end + 1 == text.len();
        assert!(
            is_blind(&reading) || is_whole || end == first && found == ["kiln 2.5.1"],
            "cut at {end}: {found:?}"
        );
    }
}

#[test]
fn the_end_of_a_requirements_file() {
    for (text, message) in [
        ("kiln==1.0 \\", Some("the file ends behind a `\\`")),
        ("kiln==1.0 \\\n", Some("the file ends behind a `\\`")),
        ("kiln==1.0 \\\n\n  \n", Some("the file ends behind a `\\`")),
        ("kiln==1.0\n-", Some("pip has no such option")),
        ("kiln==1.0\n--requ", Some("pip has no such option")),
        ("kiln==1.0\n-r", Some("this option's value is missing")),
        (
            "kiln==1.0\n-r\nglaze==1.0\n",
            Some("this option's value is missing"),
        ),
        ("kiln==1.0 --hash=sha256:00", Some("the file ends inside a hash")),
        ("kiln==1.0 # \\", None),
        ("kiln==1.0\n# \\\n", None),
        ("kiln==1.0\n--pre", None),
        ("kiln==1.0", None),
        (
            "kiln==1.0\n--gone-option\nglaze==1.0\n",
            Some("pip has no such option"),
        ),
    ] {
        let found = blind("requirements.txt", text);
        assert_eq!(found.first().map(String::as_str), message, "{text:?}: {found:?}");
    }
}

#[test]
fn what_uv_refuses_is_blind() {
    let root = "[[package]]\nname = \"desk\"\nversion = \"1\"\nsource = { virtual = \".\" }\ndependencies = [\n    { name = \"kiln\" },\n]\n";
    let kiln = "[[package]]\nname = \"kiln\"\nversion = \"1.0\"\nsource = { registry = \"https://index.example/simple\" }\n";
    let head = "version = 1\nrequires-python = \">=3.10\"\n\n";
    let wheels =
        |file: &str| format!("{head}{root}{kiln}wheels = [{{ url = \"https://files.example/{file}\" }}]\n");
    for (text, message) in [
        (
            "foo = 1\n".to_owned(),
            Some("no lockfile of uv: it has no `version`"),
        ),
        (
            "# written by hand\n".to_owned(),
            Some("no lockfile of uv: it has no `version`"),
        ),
        (
            format!("{head}{}", kiln.replace("[[package]]", "[[packages]]")),
            Some("`packages` is no list of uv's, whose packages are `package`"),
        ),
        (head.to_owned(), None),
        (kiln.to_owned(), Some("no lockfile of uv: it has no `version`")),
        (
            "version = 2\n".to_owned(),
            Some("version 2 of the format is newer than 1, the newest one known here"),
        ),
        (
            format!("{head}{root}"),
            Some("this dependency names no package of the file"),
        ),
        (
            format!("{head}[[package]]\nname = \"kiln\"\nversion = \"1.0\"\n"),
            Some("kiln has no source"),
        ),
        (
            format!("{head}[[package]]\nname = \"kiln\"\nversion = \"1.0\"\nsource = {{ disk = \"x\" }}\n"),
            Some("kiln has no source"),
        ),
        (
            wheels("glaze-1.0-py3-none-any.whl"),
            Some("this wheel is none of kiln 1.0"),
        ),
        (
            wheels("kiln-1.1-py3-none-any.whl"),
            Some("this wheel is none of kiln 1.0"),
        ),
        (
            wheels("kiln/glaze-1.0.tar.gz"),
            Some("this wheel is none of kiln 1.0"),
        ),
        (
            wheels("glaze-1.0-py3-none-any.whl")
                .replace("{ url = \"https://files.example/", "{ filename = \""),
            Some("this wheel is none of kiln 1.0"),
        ),
        (wheels("Kiln-1.0.0%2Bcpu-py3-none-any.whl"), None),
        (format!("{head}revision = 99\n{root}{kiln}"), None),
        (format!("{head}{root}{kiln}"), None),
    ] {
        let found = blind("uv.lock", &text);
        assert_eq!(found.first().map(String::as_str), message, "{text}: {found:?}");
    }
}

#[test]
fn what_poetry_refuses_is_blind() {
    let kiln = "[[package]]\nname = \"kiln\"\nversion = \"1.0\"\n\n";
    let version = |version: &str| format!("{kiln}[metadata]\nlock-version = {version}\n");
    let cut = Some("no whole lockfile of Poetry: it has no `[metadata]`");
    let other = Some("no lockfile of Poetry: it has no list `package`");
    for (text, message) in [
        (
            "lock-version = \"2.1\"\n\n[[packages]]\nname = \"kiln\"\nversion = \"1.0\"\n".to_owned(),
            other,
        ),
        ("# written by hand\n".to_owned(), other),
        (version("\"2.1\"").replace("[[package]]", "[[packages]]"), other),
        (
            "package = []\n\n[metadata]\nlock-version = \"2.1\"\n".to_owned(),
            None,
        ),
        (kiln.to_owned(), cut),
        (
            version("\"3.0\""),
            Some("lock version 3.0 is not known here; the newest one is 2.1"),
        ),
        (
            version("2.1"),
            Some("lock version  is not known here; the newest one is 2.1"),
        ),
        (version("\"2.2\""), None),
        (version("\"2.1\""), None),
        (version("\"1.1\""), None),
    ] {
        let found = blind("poetry.lock", &text);
        assert_eq!(found.first().map(String::as_str), message, "{text}: {found:?}");
    }
    let tree = MemoryTree::default();
    let text = version("\"2.2\"");
    let reading = read("poetry.lock", text.as_bytes(), &tree);
    let remark = &reading.parsed.problems[0];
    assert_eq!(
        (remark.cost, remark.message.as_str()),
        (
            Cost::Nothing,
            "lock version 2.2 is newer than 2.1 and is read as that"
        )
    );
}

#[test]
fn what_is_no_pipfile_lock_is_blind() {
    let message = "no lockfile of pipenv: it has neither `_meta` nor `default` nor `develop`";
    for (text, message) in [
        ("{}", Some(message)),
        (
            "{\"packages\": {\"kiln\": {\"version\": \"==1.0\"}}}",
            Some(message),
        ),
        ("{\"_meta\": {}, \"default\": {}, \"develop\": {}}", None),
    ] {
        assert_eq!(
            blind("Pipfile.lock", text).first().map(String::as_str),
            message,
            "{text}"
        );
    }
}

/// More entries of one name than are looked at for a dependency.
#[test]
fn very_many_packages_of_one_name() {
    let entries = |source: &str| -> String {
        let entry = |number| format!("[[package]]\nname = \"kiln\"\nversion = \"{number}.0\"\n{source}\n");
        (0..65).map(entry).collect()
    };
    let message = "more than 64 packages are called kiln: which of them is needed is not followed";
    let uv = format!(
        "version = 1\n{}",
        entries("source = { registry = \"https://index.example/simple\" }")
    );
    assert_eq!(blind("uv.lock", &uv), [message]);
    let poetry = format!("{}[metadata]\nlock-version = \"2.1\"\n", entries(""));
    assert_eq!(blind("poetry.lock", &poetry), [message]);
}

#[test]
fn no_pin_of_a_constraint_is_cut() {
    let mut pins: String = (0..500)
        .map(|number| format!("kiln=={number}.1; python_version < \"0.1\"\n"))
        .collect();
    let text = "-c pins.in\nkiln\nkiln\n";
    let read_with = |pins: &str| {
        let tree = MemoryTree::of([("pins.in", pins)]);
        let reading = read("requirements.txt", text.as_bytes(), &tree);
        let messages: Vec<String> = reading
            .parsed
            .problems
            .iter()
            .map(|problem| problem.message.clone())
            .collect();
        let versions: Vec<String> = packages(&reading)
            .iter()
            .map(|package| package.version.to_string())
            .collect();
        (versions, messages)
    };
    let (versions, messages) = read_with(&pins);
    assert_eq!(versions.len(), 500);
    let open = "kiln has no exact pin where no marker of a constraint holds";
    assert_eq!(messages, [open, open]);
    pins.push_str("kiln==2.0\n");
    let (versions, messages) = read_with(&pins);
    assert_eq!(
        (versions.len(), versions.last().map(String::as_str)),
        (501, Some("2.0"))
    );
    assert_eq!(messages, Vec::<String>::new());
}

#[test]
fn a_path_that_is_cut_is_told() {
    let mut text: String = (0..70)
        .map(|number| format!("kiln=={number}.0 ; sys_platform == 'p{number}'\n"))
        .collect();
    text.push_str("glaze==1.0\n    # via kiln\n");
    let tree = MemoryTree::default();
    let reading = read("requirements.txt", text.as_bytes(), &tree);
    assert_eq!(packages(&reading).len(), 71);
    assert!(
        packages(&reading)
            .iter()
            .all(|package| matches!(package.source, Source::Registry(_)))
    );
    let messages: Vec<&str> = reading
        .parsed
        .problems
        .iter()
        .map(|problem| problem.message.as_str())
        .collect();
    assert_eq!(
        messages,
        ["kiln is pinned more than 64 times; from here on no path leads through it"]
    );
}

/// A file of uv that is cut between two packages, or two parts of one, is a file of uv.
#[test]
fn a_uv_lock_that_is_cut_is_blind_or_has_its_packages_up_to_there() {
    let (read, passed) = prefixes("uv_lock", |whole, prefix, text| {
        let known = prefix.iter().zip(whole).all(|(left, right)| same(left, right));
        let ends = [
            '\n', '"', ']', '}', '0', '1', '2', '3', '4', '5', '6', '7', '8', '9',
        ];
        let is_line = text.is_empty() || text.ends_with(ends) || text.ends_with("true");
        match (known, is_line) {
            (true, true) => Ok(()),
            _ => Err(format!(
                "{:?}",
                prefix.last().map(|package| (&package.name, &package.version))
            )),
        }
    });
    assert!(read > 3_000 && passed < read / 3, "{passed} of {read}");
}

/// A key that is written twice is an error of TOML: uv and Poetry refuse the file.
#[test]
fn keys_that_are_written_twice_are_blind() {
    let twice = "[[package]]\nname = \"kiln\"\nversion = \"1.0\"\nversion = \"2.0\"\n";
    let uv = format!("version = 1\n\n{twice}source = {{ registry = \"https://index.example/simple\" }}\n");
    assert!(!blind("uv.lock", &uv).is_empty());
    assert!(
        !blind(
            "poetry.lock",
            &format!("{twice}\n[metadata]\nlock-version = \"2.1\"\n")
        )
        .is_empty()
    );
}
