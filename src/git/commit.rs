//! A commit object: what its lines above the message say.

use jiff::Timestamp;

use super::error::GitError;

/// What a commit says of itself.
#[derive(Debug, Clone)]
pub(super) struct Commit {
    /// Its tree.
    pub(super) tree: gix::ObjectId,
    /// Its parents, in the order in which it names them.
    pub(super) parents: Vec<gix::ObjectId>,
    /// When it was committed, in seconds since 1970.
    pub(super) seconds: i64,
}

/// Reads the lines above the message of a commit as leniently as git does: a commit without a readable time has the time 0.
pub(super) fn parse(id: gix::ObjectId, data: &[u8]) -> Result<Commit, GitError> {
    let broken = || GitError::Broken(format!("the commit {id} cannot be read"));
    let hex = |hex: &[u8]| gix::ObjectId::from_hex(hex).map_err(|_| broken());
    let mut lines = data.split(|byte| *byte == b'\n').peekable();
    let tree = lines
        .next()
        .and_then(|line| line.strip_prefix(b"tree "))
        .ok_or_else(broken)?;
    let tree = hex(tree)?;
    let mut parents = Vec::new();
    while let Some(parent) = lines.peek().and_then(|line| line.strip_prefix(b"parent ")) {
        parents.push(hex(parent)?);
        lines.next();
    }
    let seconds = lines
        .take_while(|line| !line.is_empty())
        .find_map(|line| line.strip_prefix(b"committer "))
        .and_then(seconds)
        .unwrap_or_default();
    Ok(Commit {
        tree,
        parents,
        seconds,
    })
}

/// When the object of a tag says that it was made, in seconds since 1970.
pub(super) fn tagged(data: &[u8]) -> Option<i64> {
    data.split(|byte| *byte == b'\n')
        .take_while(|line| !line.is_empty())
        .find_map(|line| line.strip_prefix(b"tagger "))
        .and_then(seconds)
}

/// The time behind a name and an address: `A <a@example.org> 1700000000 +0100`.
fn seconds(line: &[u8]) -> Option<i64> {
    let end = line.iter().rposition(|byte| *byte == b'>')?;
    let behind = std::str::from_utf8(line.get(end..)?.strip_prefix(b">")?).ok()?;
    behind.split_ascii_whitespace().next()?.parse().ok()
}

/// A time of a commit, within the calendar.
pub(super) fn timestamp(seconds: i64) -> Timestamp {
    let seconds = seconds.clamp(Timestamp::MIN.as_second(), Timestamp::MAX.as_second());
    Timestamp::from_second(seconds).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<Commit, GitError> {
        let id = gix::ObjectId::empty_tree(gix::hash::Kind::Sha1);
        parse(id, text.replace("ID", &id.to_string()).as_bytes())
    }

    #[test]
    fn a_commit_is_read_as_leniently_as_git_reads_it() {
        let commit = read(
            "tree ID\nparent ID\nparent ID\nauthor A <a> 1 +0000\ncommitter B <b>> 1700000000 +0100\n\n\
             tree 0\ncommitter C <c> 9 +0000\n",
        )
        .expect("a commit");
        assert_eq!((commit.parents.len(), commit.seconds), (2, 1_700_000_000));
        for odd in [
            "",
            "committer B <b> late +0100\n",
            "committer B 12\n",
            "committer B <b>\n",
            "\ncommitter B <b> 12 +0000\n",
            "committer B <b> 99999999999999999999 +0000\n",
        ] {
            assert_eq!(read(&format!("tree ID\n{odd}")).expect(odd).seconds, 0, "{odd:?}");
        }
        for bad in ["", "tree 12\n", "parent ID\ntree ID\n", "tree ID\nparent x\n"] {
            assert!(read(bad).is_err(), "{bad:?}");
        }
    }
}
