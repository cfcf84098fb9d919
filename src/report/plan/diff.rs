//! The edits of a plan as a unified diff, which `git apply` and `patch` take.

use super::path;
use crate::plan::Proposal;
use crate::text::escape::is_hidden;

/// Lines around each change.
const CONTEXT: usize = 3;

/// The edits of every file.
#[must_use]
pub fn diff(proposal: &Proposal) -> String {
    let mut files: Vec<(String, &str, &str)> = Vec::new();
    for file in &proposal.lockfiles {
        for edited in &file.edited {
            let name = path(proposal, file.target, &edited.path);
            match files.iter_mut().find(|(known, ..)| *known == name) {
                // Several lockfiles have an edit of it, one after the other.
                Some((_, _, after)) => *after = &edited.after,
                None => files.push((name, &edited.before, &edited.after)),
            }
        }
    }
    let mut text = String::new();
    for (name, before, after) in files {
        let difference = similar::TextDiff::from_lines(before, after);
        let mut unified = difference.unified_diff();
        let unified = unified
            .context_radius(CONTEXT)
            .header(&header("a", &name), &header("b", &name));
        text.push_str(&unified.to_string());
    }
    text
}

/// A name behind `---` or `+++`, as git writes it: in quotes where it has a tab, a quote or what is not seen, and with a tab behind
/// it where a blank could end it.
fn header(side: &str, name: &str) -> String {
    let is_odd =
        |character: char| matches!(character, '"' | '\\') || is_hidden(character) || character.is_control();
    if !name.contains(is_odd) {
        let end = if name.contains(' ') { "\t" } else { "" };
        return format!("{side}/{name}{end}");
    }
    let mut quoted = format!("\"{side}/");
    for character in name.chars() {
        match character {
            '\t' => quoted.push_str("\\t"),
            '\n' => quoted.push_str("\\n"),
            '"' | '\\' => quoted.extend(['\\', character]),
            plain if !is_odd(plain) => quoted.push(plain),
            hidden => {
                let mut bytes = [0; 4];
                for byte in hidden.encode_utf8(&mut bytes).bytes() {
                    quoted.push_str(&format!("\\{byte:03o}"));
                }
            }
        }
    }
    quoted.push('"');
    quoted
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_quoted_as_git_quotes_them() {
        for (name, expected) in [
            ("Cargo.lock", "a/Cargo.lock"),
            ("a b/Cargo.lock", "a/a b/Cargo.lock\t"),
            ("a\tb/Cargo.lock", "\"a/a\\tb/Cargo.lock\""),
            ("q\"u\\/x", "\"a/q\\\"u\\\\/x\""),
            ("\u{202e}x", "\"a/\\342\\200\\256x\""),
        ] {
            assert_eq!(header("a", name), expected);
        }
    }
}
