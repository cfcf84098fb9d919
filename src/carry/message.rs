//! The message of a carried commit: that of the commit itself with the line of `git cherry-pick -x` and, where that is asked
//! for, a sign-off. Where they go follows from git's rules for trailers, and white space at the ends of lines and blank lines
//! beside blank lines go, as there.

/// The message with `(cherry picked from commit ID)`, and `Signed-off-by: SIGNER` behind it if there is one.
#[must_use]
pub fn carried(message: &[u8], id: &str, signer: Option<&str>) -> Vec<u8> {
    let start = message.iter().position(|byte| *byte != b'\n');
    let mut carried = start
        .and_then(|start| message.get(start..))
        .unwrap_or_default()
        .to_vec();
    end_line(&mut carried);
    if trailers(&carried).is_empty() {
        carried.push(b'\n');
    }
    carried.extend_from_slice(format!("(cherry picked from commit {id})\n").as_bytes());
    if let Some(signer) = signer {
        sign(&mut carried, signer);
    }
    cleaned(&carried)
}

/// Without white space at the ends of lines, blank lines at both ends, and blank lines beside blank lines
/// (`git stripspace`).
fn cleaned(message: &[u8]) -> Vec<u8> {
    let mut cleaned: Vec<u8> = Vec::new();
    let mut is_after_blank = false;
    for line in message.split(|byte| *byte == b'\n') {
        let length = line
            .iter()
            .rposition(|byte| !is_space(*byte))
            .map_or(0, |last| last + 1);
        let line = line.get(..length).unwrap_or_default();
        if line.is_empty() {
            is_after_blank = !cleaned.is_empty();
            continue;
        }
        if std::mem::take(&mut is_after_blank) {
            cleaned.push(b'\n');
        }
        cleaned.extend_from_slice(line);
        cleaned.push(b'\n');
    }
    cleaned
}

/// A line of the message is a sign-off of `author`, a header of git: checks of the Developer Certificate of Origin look for it on any
/// line, whatever its case.
#[must_use]
pub fn is_signed_by(message: &[u8], author: &[u8]) -> bool {
    let end = author.iter().rposition(|byte| *byte == b'>');
    let author = author.get(..end.map_or(0, |at| at + 1)).unwrap_or_default();
    let wanted = sign_off(&String::from_utf8_lossy(author));
    let mut lines = message.split(|byte| *byte == b'\n');
    lines.any(|line| line.trim_ascii().eq_ignore_ascii_case(wanted.as_bytes()))
}

fn sign_off(signer: &str) -> String {
    format!("Signed-off-by: {signer}")
}

/// Adds a sign-off to the last block of trailers, unless it is the last of them already.
fn sign(message: &mut Vec<u8>, signer: &str) {
    let line = sign_off(signer);
    let block = trailers(message);
    let is_last = block.last().is_some_and(|last| *last == line.as_bytes());
    if block.is_empty() && !message.ends_with(b"\n\n") {
        message.push(b'\n');
    }
    if !is_last {
        message.extend_from_slice(line.as_bytes());
        message.push(b'\n');
    }
}

fn end_line(message: &mut Vec<u8>) {
    if !message.is_empty() && !message.ends_with(b"\n") {
        message.push(b'\n');
    }
}

/// The lines of the last block of trailers, as `git interpret-trailers --no-divider` finds it: a last paragraph that is not
/// the first, of trailers alone, or with one that git writes and trailers in a quarter of its lines.
#[must_use]
pub fn trailers(message: &[u8]) -> Vec<&[u8]> {
    let lines: Vec<&[u8]> = message.split_inclusive(|byte| *byte == b'\n').collect();
    let Some(title) = lines.iter().position(|line| !is_comment(line) && is_blank(line)) else {
        return Vec::new();
    };
    let end = lines.len() - trailing(&lines);
    let mut count = Count::default();
    for at in (title..end).rev() {
        let Some(line) = lines.get(at) else { break };
        if is_comment(line) {
            count.other += std::mem::take(&mut count.continued);
        } else if is_blank(line) {
            if count.is_empty {
                continue;
            }
            count.other += count.continued;
            return match count.is_block() {
                true => lines
                    .get(at + 1..end)
                    .unwrap_or_default()
                    .iter()
                    .map(|line| bare(line))
                    .collect(),
                false => Vec::new(),
            };
        } else {
            count.add(line);
        }
    }
    Vec::new()
}

/// What a paragraph has, from its end on.
struct Count {
    trailers: usize,
    other: usize,
    /// Lines that go on with a trailer, if one stands above them.
    continued: usize,
    has_gits_own: bool,
    is_empty: bool,
}

impl Default for Count {
    fn default() -> Self {
        Self {
            trailers: 0,
            other: 0,
            continued: 0,
            has_gits_own: false,
            is_empty: true,
        }
    }
}

impl Count {
    fn add(&mut self, line: &[u8]) {
        self.is_empty = false;
        let is_gits_own =
            line.starts_with(b"Signed-off-by: ") || line.starts_with(b"(cherry picked from commit ");
        let is_indented = line.first().is_some_and(|byte| is_space(*byte));
        if is_gits_own || (!is_indented && has_key(line)) {
            self.trailers += 1;
            self.continued = 0;
            self.has_gits_own |= is_gits_own;
        } else if is_indented {
            self.continued += 1;
        } else {
            self.other += 1 + std::mem::take(&mut self.continued);
        }
    }

    fn is_block(&self) -> bool {
        (self.has_gits_own && self.trailers * 3 >= self.other) || (self.trailers > 0 && self.other == 0)
    }
}

/// `Key: value`: letters, digits and `-`, then maybe spaces, then a colon.
fn has_key(line: &[u8]) -> bool {
    let Some(colon) = line
        .iter()
        .position(|byte| *byte == b':')
        .filter(|colon| *colon > 0)
    else {
        return false;
    };
    let key = line.get(..colon).unwrap_or_default();
    let length = key
        .iter()
        .take_while(|byte| byte.is_ascii_alphanumeric() || **byte == b'-')
        .count();
    length > 0 && key.iter().skip(length).all(|byte| matches!(byte, b' ' | b'\t'))
}

/// How many lines at the end are comments, blank, or the old list of conflicts.
fn trailing(lines: &[&[u8]]) -> usize {
    let mut from = None;
    let mut is_in_conflicts = false;
    for (at, line) in lines.iter().enumerate() {
        if is_comment(line) || *line == b"\n" {
            from = from.or(Some(at));
        } else if *line == b"Conflicts:\n" {
            is_in_conflicts = true;
            from = from.or(Some(at));
        } else if !(is_in_conflicts && line.starts_with(b"\t")) {
            from = None;
            is_in_conflicts = false;
        }
    }
    from.map_or(0, |from| lines.len() - from)
}

fn is_comment(line: &[u8]) -> bool {
    line.starts_with(b"#")
}

fn is_blank(line: &[u8]) -> bool {
    line.iter().all(|byte| is_space(*byte))
}

fn is_space(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t' | b'\n' | b'\r')
}

/// A line without its end.
fn bare(line: &[u8]) -> &[u8] {
    line.strip_suffix(b"\n").unwrap_or(line)
}

#[cfg(test)]
mod tests {
    use super::*;

    const ID: &str = "0123456789012345678901234567890123456789";

    fn made(message: &str, signer: Option<&str>) -> String {
        String::from_utf8(carried(message.as_bytes(), ID, signer)).expect("text")
    }

    #[test]
    fn the_line_joins_the_last_trailers() {
        let line = format!("(cherry picked from commit {ID})\n");
        assert_eq!(made("Title", None), format!("Title\n\n{line}"));
        assert_eq!(
            made("Title\n\nBody.\n", None),
            format!("Title\n\nBody.\n\n{line}")
        );
        let with = "Title\n\nBody.\n\nSigned-off-by: Ann <a@example.org>\n\n---------\n\nCo-authored-by: Bo <b@example.org>\n";
        assert_eq!(made(with, None), format!("{with}{line}"));
        let signed = "Signed-off-by: bot <bot@example.org>\n";
        assert_eq!(
            made(with, Some("bot <bot@example.org>")),
            format!("{with}{line}{signed}")
        );
        assert_eq!(made("Title: a\n", None), format!("Title: a\n\n{line}"));
    }

    #[test]
    fn a_sign_off_is_found_on_any_line() {
        let message = "Title\n\nSigned-off-by: Ann <a@example.org>\n\n---------\n\nCo-authored-by: Bo <b@example.org>\n";
        assert!(is_signed_by(
            message.as_bytes(),
            b"Ann <a@example.org> 1767672428 +0200"
        ));
        assert!(is_signed_by(
            b"T\n\nsigned-off-by: ann <A@example.org> \n",
            b"Ann <a@example.org> 1767672428 +0200"
        ));
        assert!(!is_signed_by(message.as_bytes(), b"Bo <b@example.org> 0 +0000"));
        assert!(!is_signed_by(
            b"T\n\nSigned-off-by: Ann <other@example.org>\n",
            b"Ann <a@example.org> 1767672428 +0200"
        ));
    }

    #[test]
    fn a_paragraph_of_prose_is_no_block() {
        assert!(trailers(b"T\n\nSee: this\nand that\n").is_empty());
        assert_eq!(trailers(b"T\n\nprose\nA-b: c\nSigned-off-by: d\n").len(), 3);
        assert_eq!(trailers(b"T\n\nA: b\n  more\n\n# comment\n").len(), 2);
    }
}
