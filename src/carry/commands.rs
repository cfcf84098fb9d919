//! The commands of a person who carries commits by hand: the same as the program does, in a work tree of its own.

use std::collections::BTreeSet;

use crate::text::escape::shell;

/// A commit that is picked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pick {
    /// Its id.
    pub commit: String,
    /// It has several parents: what it changes is the difference to the first.
    pub is_merge: bool,
}

/// Lockfiles that are to be as the line has them.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Restored {
    /// Those that it has.
    pub had: BTreeSet<Vec<u8>>,
    /// Those that it lacks.
    pub lacked: BTreeSet<Vec<u8>>,
}

/// The commands for a line and its commit, in the repository's top folder, one a line of a POSIX shell. Lockfiles stay as the line has
/// them, until the package manager locks them again.
#[must_use]
pub fn of((line, tip): (&str, &str), picks: &[Pick], lockfiles: &Restored, is_signed: bool) -> Vec<String> {
    let branch = format!("backport-{}", line.replace('/', "-"));
    let folder = format!("../{branch}");
    let folder = shell(&folder);
    let mut commands = vec![format!(
        "git worktree add -b {} {folder} {}",
        shell(&branch),
        shell(tip)
    )];
    let sign = if is_signed { " -s" } else { "" };
    for pick in picks {
        let mainline = if pick.is_merge { " -m 1" } else { "" };
        commands.push(format!(
            "git -C {folder} cherry-pick -x{sign}{mainline} {}",
            pick.commit
        ));
    }
    let words = |paths: &BTreeSet<Vec<u8>>| {
        let words = paths
            .iter()
            .map(|path| shell(&String::from_utf8_lossy(path)).into_owned());
        words.collect::<Vec<String>>().join(" ")
    };
    if !lockfiles.had.is_empty() {
        let paths = words(&lockfiles.had);
        commands.push(format!("git -C {folder} checkout {} -- {paths}", shell(tip)));
    }
    if !lockfiles.lacked.is_empty() {
        let paths = words(&lockfiles.lacked);
        commands.push(format!("git -C {folder} rm -q -f --ignore-unmatch -- {paths}"));
    }
    commands
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
        let lockfiles = Restored {
            had: BTreeSet::from([b"a b/Cargo.lock".to_vec()]),
            lacked: BTreeSet::from([b"new/Cargo.lock".to_vec()]),
        };
        assert_eq!(
            of(("release/1.4", "9abc"), &picks, &lockfiles, true),
            [
                "git worktree add -b backport-release-1.4 ../backport-release-1.4 9abc",
                "git -C ../backport-release-1.4 cherry-pick -x -s -m 1 1234",
                "git -C ../backport-release-1.4 cherry-pick -x -s 5678",
                "git -C ../backport-release-1.4 checkout 9abc -- 'a b/Cargo.lock'",
                "git -C ../backport-release-1.4 rm -q -f --ignore-unmatch -- new/Cargo.lock",
            ]
        );
    }
}
