//! The manual pages: one per command, kept in `docs/man`, and held against the program.

use std::collections::BTreeMap;
use std::path::Path;
use std::process::Command;

use clap::CommandFactory as _;
use lockkeeper::cli::arguments::Arguments;

use crate::architecture::root;
use crate::support::program::Sandbox;

/// The pages by the names of their files: the program's own, and one per command.
fn pages() -> BTreeMap<String, String> {
    let mut pages = BTreeMap::new();
    add(&Arguments::command(), &[], &Sandbox::new(), &mut pages);
    pages
}

fn add(command: &clap::Command, words: &[&str], sandbox: &Sandbox, pages: &mut BTreeMap<String, String>) {
    let page = sandbox.run(&[&["man"], words].concat());
    assert_eq!(page.code, 0, "{words:?}: {}", page.err);
    let name = [&["lockkeeper"], words].concat().join("-");
    pages.insert(format!("{name}.1"), page.out);
    for inner in command.get_subcommands() {
        add(inner, &[words, &[inner.get_name()]].concat(), sandbox, pages);
    }
}

#[test]
fn kept_pages_are_those_of_the_program() {
    let folder = root().join("docs/man");
    let pages = pages();
    if std::env::var_os("LOCKKEEPER_BLESS").is_some() {
        let _ = std::fs::remove_dir_all(&folder);
        std::fs::create_dir_all(&folder).expect("a folder");
        for (name, page) in &pages {
            std::fs::write(folder.join(name), page).expect("a file");
        }
    }
    let entries = std::fs::read_dir(&folder).expect("docs/man");
    let kept = entries.map(|entry| {
        let path = entry.expect("an entry").path();
        let name = path
            .file_name()
            .and_then(|name| name.to_str())
            .expect("a name")
            .to_owned();
        (name, std::fs::read_to_string(&path).expect("a page"))
    });
    let kept: BTreeMap<String, String> = kept.collect();
    assert!(
        kept.keys().eq(pages.keys()),
        "docs/man has other pages: write them with LOCKKEEPER_BLESS=1"
    );
    for (name, page) in pages {
        assert_eq!(kept[&name], page, "{name}: write it with LOCKKEEPER_BLESS=1");
    }
}

#[test]
fn every_page_says_how_the_command_ends() {
    let pages = pages();
    assert!(pages.len() > 20);
    for (name, page) in &pages {
        assert!(page.is_ascii(), "{name}");
        for section in ["NAME", "SYNOPSIS", "DESCRIPTION", "OPTIONS", "\"EXIT STATUS\""] {
            assert!(page.contains(&format!(".SH {section}\n")), "{name}: no {section}");
        }
        // A group of commands has none of its own.
        let has_examples = page.contains(".SH EXAMPLES\n");
        assert!(
            has_examples || page.contains(".SH SUBCOMMANDS\n"),
            "{name}: no examples"
        );
    }
    for (command, section) in [("scan", "ENVIRONMENT"), ("db-update", "ENVIRONMENT")] {
        let page = &pages[&format!("lockkeeper-{command}.1")];
        assert!(page.contains(&format!(".SH {section}\n")), "{command}");
    }
    let unknown = Sandbox::new().run(&["man", "db", "no-such-command"]);
    assert_eq!(unknown.code, 2, "{}", unknown.out);
}

/// groff and mandoc, where they are installed, have no warning.
#[test]
fn readers_of_roff_do_not_complain() {
    let sandbox = Sandbox::new();
    let said = |program: &str, arguments: &[&str], path: &Path| {
        let output = Command::new(program).args(arguments).arg(path).output().ok()?;
        Some(String::from_utf8_lossy(&[output.stdout, output.stderr].concat()).into_owned())
    };
    let mut read = 0_usize;
    for (name, page) in pages() {
        let path = sandbox.write(&name, page);
        if let Some(said) = said("groff", &["-man", "-z", "-ww", "-Tutf8"], &path) {
            assert_eq!(said, "", "groff: {name}");
            read += 1;
        }
        if let Some(said) = said("mandoc", &["-Tlint", "-Wwarning"], &path) {
            // The same program makes the same page on every day.
            let said: Vec<&str> = said
                .lines()
                .filter(|line| !line.contains("missing date"))
                .collect();
            assert!(said.is_empty(), "mandoc: {said:?}");
            read += 1;
        }
    }
    if read == 0 {
        println!("skipped: neither groff nor mandoc is installed");
    }
}
