//! The names of lockfiles as data: `Cargo.lock`, `*.py.lock`, `requirements/*.txt`.
//!
//! A `*` stands for one character or more of the file's name; a name has at most two. What stands before a `/` is the name
//! of the folder. Case does not matter: where file names ignore it (macOS, Windows), the tools read what is called so.

use crate::model::TreePath;

/// The file at `path` is called `pattern`.
pub(super) fn fits(pattern: &str, path: &TreePath) -> bool {
    fits_in_some_folder(pattern, path.file_name())
        && pattern
            .split_once('/')
            .is_none_or(|(folder, _)| super::is_named(&path.parent(), folder))
}

/// A file called `name` is called `pattern` in some folder.
pub(super) fn fits_in_some_folder(pattern: &str, name: &[u8]) -> bool {
    // Every file of a tree is asked about, and nearly all end otherwise.
    let last = |text: &[u8]| text.last().map(u8::to_ascii_lowercase);
    if last(name) != last(pattern.as_bytes()) {
        return false;
    }
    let pattern = pattern.rsplit('/').next().unwrap_or_default().as_bytes();
    let mut parts = pattern.split(|byte| *byte == b'*');
    let (Some(start), Some(end)) = (parts.next(), parts.next_back()) else {
        return name.eq_ignore_ascii_case(pattern);
    };
    let Some(inside) = inside(name, start, end) else {
        return false;
    };
    match (parts.next(), inside) {
        (None, inside) => !inside.is_empty(),
        (Some(middle), [_, inside @ .., _]) => inside
            .windows(middle.len())
            .any(|window| window.eq_ignore_ascii_case(middle)),
        (Some(_), _) => false,
    }
}

/// What stands between `start` and `end` in `name`.
fn inside<'n>(name: &'n [u8], start: &[u8], end: &[u8]) -> Option<&'n [u8]> {
    let (before, rest) = name.split_at_checked(start.len())?;
    let (inside, after) = rest.split_at_checked(rest.len().checked_sub(end.len())?)?;
    (before.eq_ignore_ascii_case(start) && after.eq_ignore_ascii_case(end)).then_some(inside)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_and_patterns() {
        for (pattern, path, expected) in [
            ("Cargo.lock", "a/cargo.LOCK", true),
            ("Cargo.lock", "xCargo.lock", false),
            ("*.py.lock", "x.py.lock", true),
            ("*.py.lock", ".py.lock", false),
            ("r/*.txt", "a/R/b.TXT", true),
            ("r/*.txt", "r/a/b.txt", false),
            ("*r*.txt", "arb.txt", true),
            ("*r*.txt", "rb.txt", false),
            ("*r*.txt", "ar.txt", false),
            ("*r*.txt", "r.txt", false),
            ("*r*.txt", ".txt", false),
            ("ab*ba", "aba", false),
        ] {
            let path = TreePath::new(path).expect("a path");
            assert_eq!(fits(pattern, &path), expected, "{pattern} {path}");
        }
    }
}
