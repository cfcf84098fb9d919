//! What a commit says, byte for byte, and which commits one history has beyond another.

use std::collections::{BinaryHeap, HashMap};

use encoding_rs::Encoding;
use gix::objs::Kind;

use super::commit_reader::CommitReader;
use super::entry::ObjectId;
use super::error::GitError;
use super::repository::Repository;

/// Author and message of a commit, as its bytes have them; in UTF-8 where the commit names another encoding that is known.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CommitText {
    /// Name, address and time: `Ann <ann@example.org> 1700000000 +0100`.
    pub author: Vec<u8>,
    /// The message, with its first line.
    pub message: Vec<u8>,
}

/// Commits of a walk.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Beyond {
    /// The newest first.
    pub commits: Vec<ObjectId>,
    /// There are more than were asked for, or the clone is cut there.
    pub is_cut: bool,
}

impl Repository {
    /// Author and message of a commit.
    ///
    /// # Errors
    /// [`GitError`] if the clone lacks it, or if it is no commit.
    pub fn commit_text(&self, commit: ObjectId) -> Result<CommitText, GitError> {
        let reader = CommitReader::new(self)?;
        let mut buffer = Vec::new();
        let object = reader.odb.load(commit.0, &mut buffer)?;
        if object.kind != Kind::Commit {
            return Err(GitError::Broken(format!("{commit} is no commit")));
        }
        Ok(parse(object.data))
    }

    /// The ancestors of `tip`, with itself, that are none of `known`; at most `limit` of them.
    ///
    /// # Errors
    /// [`GitError`] if the clone lacks one that it should have.
    pub fn beyond(&self, known: &[ObjectId], tip: ObjectId, limit: usize) -> Result<Beyond, GitError> {
        let mut walk = Walk {
            reader: CommitReader::new(self)?,
            queue: BinaryHeap::new(),
            is_known: HashMap::new(),
            open: 0,
        };
        walk.add(tip.0, false)?;
        for known in known {
            walk.add(known.0, true)?;
        }
        let mut beyond = Beyond {
            commits: Vec::new(),
            is_cut: false,
        };
        // Known commits are walked while one of those that were found may be their ancestor.
        let mut oldest = i64::MAX;
        while let Some((seconds, id)) = walk.queue.pop() {
            if walk.open == 0 && seconds.saturating_add(CLOCKS_DIFFER) < oldest {
                break;
            }
            let is_known = walk.is_known.get(&id).copied().unwrap_or(true);
            if !is_known {
                walk.open -= 1;
                if beyond.commits.len() >= limit {
                    beyond.is_cut = true;
                    break;
                }
                beyond.commits.push(ObjectId(id));
                oldest = oldest.min(seconds);
            }
            if walk.reader.is_cut(id) {
                beyond.is_cut |= !is_known;
                continue;
            }
            for parent in walk.reader.read(id)?.parents {
                walk.add(parent, is_known)?;
            }
        }
        // One that was seen before a younger known commit led to it.
        beyond
            .commits
            .retain(|id| walk.is_known.get(&id.0) == Some(&false));
        Ok(beyond)
    }
}

/// A commit may be so many seconds older than its parent: one day.
const CLOCKS_DIFFER: i64 = 86_400;

struct Walk {
    reader: CommitReader,
    /// By time, the newest first.
    queue: BinaryHeap<(i64, gix::ObjectId)>,
    is_known: HashMap<gix::ObjectId, bool>,
    /// How many of the queue are not known.
    open: usize,
}

impl Walk {
    fn add(&mut self, id: gix::ObjectId, is_known: bool) -> Result<(), GitError> {
        match self.is_known.get(&id).copied() {
            None => {
                let seconds = self.reader.read(id)?.seconds;
                self.is_known.insert(id, is_known);
                self.queue.push((seconds, id));
                self.open += usize::from(!is_known);
            }
            Some(false) if is_known => {
                self.is_known.insert(id, true);
                if self.queue.iter().any(|(_, waiting)| *waiting == id) {
                    self.open -= 1;
                } else {
                    let seconds = self.reader.read(id)?.seconds;
                    self.queue.push((seconds, id));
                }
            }
            Some(_) => {}
        }
        Ok(())
    }
}

fn parse(data: &[u8]) -> CommitText {
    let end = data.windows(2).position(|pair| pair == b"\n\n");
    let (head, message) = match end {
        Some(end) => (data.get(..end), data.get(end + 2..)),
        None => (Some(data), None),
    };
    let head = head.unwrap_or_default();
    let field = |name: &[u8]| {
        let mut lines = head.split(|byte| *byte == b'\n');
        lines.find_map(|line| line.strip_prefix(name)).map(<[u8]>::to_vec)
    };
    let encoding = field(b"encoding ").and_then(|label| Encoding::for_label(&label));
    let decoded = |bytes: &[u8]| match encoding {
        Some(encoding) => encoding
            .decode_without_bom_handling(bytes)
            .0
            .into_owned()
            .into_bytes(),
        None => bytes.to_vec(),
    };
    CommitText {
        author: decoded(&field(b"author ").unwrap_or_default()),
        message: decoded(message.unwrap_or_default()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_message_is_what_follows_the_first_empty_line() {
        let text = parse(
            b"tree 1\nauthor \xe4 <a> 1 +0000\ncommitter B <b> 2 +0000\nencoding latin1\n\nT\n\nauthor \xd6\n",
        );
        assert_eq!(text.author, "ä <a> 1 +0000".as_bytes());
        assert_eq!(text.message, "T\n\nauthor Ö\n".as_bytes());
        // Bytes of no known encoding stay.
        let unknown = parse(b"tree 1\nencoding x-none\n\n\xe4\n");
        assert_eq!(unknown.message, b"\xe4\n");
        assert!(parse(b"tree 1\n").message.is_empty());
    }
}
