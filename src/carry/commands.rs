//! The commands of a person who carries commits by hand: the same as the program does, in a work tree of its own.

use std::collections::BTreeSet;

/// A commit that is picked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pick {
    /// Its id.
    pub commit: String,
    /// It has several parents: what it changes is the difference to the first.
    pub is_merge: bool,
}

/// The commands for a line and its commit, in the repository's top folder, one a line of a POSIX shell. Lockfiles stay as the line has
/// them, until the package manager locks them again.
#[must_use]
pub fn of(
    (line, tip): (&str, &str),
    picks: &[Pick],
    lockfiles: &BTreeSet<Vec<u8>>,
    is_signed: bool,
) -> Vec<String> {
    let branch = format!("backport-{}", line.replace('/', "-"));
    let folder = quoted(&format!("../{branch}"));
    let mut commands = vec![format!(
        "git worktree add -b {} {folder} {}",
        quoted(&branch),
        quoted(tip)
    )];
    let sign = if is_signed { " -s" } else { "" };
    for pick in picks {
        let mainline = if pick.is_merge { " -m 1" } else { "" };
        commands.push(format!(
            "git -C {folder} cherry-pick -x{sign}{mainline} {}",
            pick.commit
        ));
    }
    if !lockfiles.is_empty() {
        let paths: Vec<String> = lockfiles
            .iter()
            .map(|path| quoted(&String::from_utf8_lossy(path)))
            .collect();
        commands.push(format!(
            "git -C {folder} checkout {} -- {}",
            quoted(tip),
            paths.join(" ")
        ));
    }
    commands
}

/// A word for a POSIX shell.
fn quoted(word: &str) -> String {
    let is_plain = |character: char| character.is_ascii_alphanumeric() || "-_./@+:".contains(character);
    match !word.is_empty() && word.chars().all(is_plain) {
        true => word.to_owned(),
        false => format!("'{}'", word.replace('\'', "'\\''")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn commands_name_the_line_and_the_commits() {
        let picks = [("1234", true), ("5678", false)].map(|(commit, is_merge)| Pick {
            commit: commit.to_owned(),
            is_merge,
        });
        let lockfiles = BTreeSet::from([b"a b/Cargo.lock".to_vec()]);
        assert_eq!(
            of(("release/1.4", "9abc"), &picks, &lockfiles, true),
            [
                "git worktree add -b backport-release-1.4 ../backport-release-1.4 9abc",
                "git -C ../backport-release-1.4 cherry-pick -x -s -m 1 1234",
                "git -C ../backport-release-1.4 cherry-pick -x -s 5678",
                "git -C ../backport-release-1.4 checkout 9abc -- 'a b/Cargo.lock'",
            ]
        );
        assert_eq!(quoted("a'; rm"), "'a'\\''; rm'");
    }
}
