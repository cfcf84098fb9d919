//! Whether versions are in requirements, by the crate that Cargo reads both with; called by ../make.

use std::io::BufRead;

use semver::{Version, VersionReq};

fn plain(text: &str) -> String {
    let mut letters = text.chars();
    let mut plain = String::new();
    while let Some(letter) = letters.next() {
        plain.push(match letter {
            '\\' => match letters.next() {
                Some('t') => '\t',
                Some('n') => '\n',
                Some('r') => '\r',
                other => other.unwrap_or('\\'),
            },
            other => other,
        });
    }
    plain
}

fn main() {
    println!("# semver {}", std::env::args().nth(1).unwrap());
    for line in std::io::stdin().lock().lines() {
        let line = line.unwrap();
        let (range, version) = line.split_once('\t').unwrap();
        let answer = match (VersionReq::parse(&plain(range)), Version::parse(&plain(version))) {
            (Ok(range), Ok(version)) => u8::from(range.matches(&version)).to_string(),
            (Err(_), _) | (_, Err(_)) => "!".to_owned(),
        };
        println!("{range}\t{version}\t{answer}");
    }
}
