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
    /// The lockfiles that it changes.
    pub restored: Restored,
}

/// Lockfiles that are to be as the line has them.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Restored {
    /// Those that it has.
    pub had: BTreeSet<Vec<u8>>,
    /// Those that it lacks.
    pub lacked: BTreeSet<Vec<u8>>,
}

/// The commands for a line and its commit, in the repository's top folder, one a line of a POSIX shell. Each commit leaves lockfiles as
/// the line has them, until the package manager locks them again.
#[must_use]
pub fn of((line, tip): (&str, &str), picks: &[Pick], is_signed: bool) -> Vec<String> {
    let branch = format!("backport-{}", line.replace('/', "-"));
    let folder = format!("../{branch}");
    let folder = shell(&folder);
    let mut commands = vec![format!(
        "git worktree add -b {} {folder} {}",
        shell(&branch),
        shell(tip)
    )];
    let words = |paths: &BTreeSet<Vec<u8>>| {
        let words = paths
            .iter()
            .map(|path| shell(&String::from_utf8_lossy(path)).into_owned());
        words.collect::<Vec<String>>().join(" ")
    };
    let sign = if is_signed { " -s" } else { "" };
    for pick in picks {
        let mainline = if pick.is_merge { " -m 1" } else { "" };
        let Restored { had, lacked } = &pick.restored;
        commands.push(format!(
            "git -C {folder} cherry-pick -x{sign}{mainline} {}",
            pick.commit
        ));
        if !had.is_empty() {
            commands.push(format!(
                "git{} -C {folder} checkout {} -- {}",
                literal(had),
                shell(tip),
                words(had)
            ));
        }
        if !lacked.is_empty() {
            commands.push(format!(
                "git{} -C {folder} rm -q -f --ignore-unmatch -- {}",
                literal(lacked),
                words(lacked)
            ));
        }
        if !had.is_empty() || !lacked.is_empty() {
            commands.push(format!("git -C {folder} {AMEND}"));
        }
    }
    commands
}

/// What has git take paths as they are, where it would read one of them as a pattern: `apps/[slug]/package-lock.json`.
fn literal(paths: &BTreeSet<Vec<u8>>) -> &'static str {
    let is_pattern =
        |path: &Vec<u8>| path.starts_with(b":") || path.iter().any(|byte| b"*?[\\".contains(byte));
    match paths.iter().any(is_pattern) {
        true => " --literal-pathspecs",
        false => "",
    }
}

/// What puts lockfiles of the line into the commit that was just picked.
const AMEND: &str = "commit -q --amend --no-edit";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn commands_name_the_line_and_the_commits() {
        let restored = Restored {
            had: BTreeSet::from([b"a b/Cargo.lock".to_vec()]),
            lacked: BTreeSet::from([b"new/[id]/Cargo.lock".to_vec()]),
        };
        let picks = [("1234", true, restored), ("5678", false, Restored::default())];
        let picks = picks.map(|(commit, is_merge, restored)| Pick {
            commit: commit.to_owned(),
            is_merge,
            restored,
        });
        assert_eq!(
            of(("release/1.4", "9abc"), &picks, true),
            [
                "git worktree add -b backport-release-1.4 ../backport-release-1.4 9abc",
                "git -C ../backport-release-1.4 cherry-pick -x -s -m 1 1234",
                "git -C ../backport-release-1.4 checkout 9abc -- 'a b/Cargo.lock'",
                "git --literal-pathspecs -C ../backport-release-1.4 rm -q -f --ignore-unmatch -- 'new/[id]/Cargo.lock'",
                "git -C ../backport-release-1.4 commit -q --amend --no-edit",
                "git -C ../backport-release-1.4 cherry-pick -x -s 5678",
            ]
        );
    }
}
