//! Lines of a terminal: none wider than the page, colour only where it is wanted.

use std::borrow::Cow;
use std::io;

use unicode_width::UnicodeWidthChar;

use crate::report::workflow_commands::inert;
use crate::report::{Colour, MIN_WIDTH, links};
use crate::text::escape;

/// How a part of a line looks. Each reads the same without colour.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::report) enum Shade {
    Plain,
    Strong,
    Dim,
    /// Worse than bad.
    Worst,
    Bad,
    Warn,
    Good,
}

impl Shade {
    /// The parameters of SGR (ECMA-48, section 8.3.117).
    fn sgr(self) -> &'static str {
        match self {
            Self::Plain => "",
            Self::Strong => "1",
            Self::Dim => "2",
            Self::Worst => "1;97;41",
            Self::Bad => "1;31",
            Self::Warn => "33",
            Self::Good => "1;32",
        }
    }
}

/// A text that is shown as one piece, and the address that it leads to.
#[derive(Debug, Clone)]
pub(in crate::report) struct Word {
    shade: Shade,
    text: String,
    /// Printable ASCII without a blank.
    link: Option<String>,
}

impl Word {
    /// The id of an advisory, with its page.
    pub(in crate::report) fn id(shade: Shade, id: &str) -> Self {
        Self {
            shade,
            text: id.to_owned(),
            link: links::advisory(id),
        }
    }

    /// An address that leads to itself, however many lines it takes.
    pub(in crate::report) fn address(shade: Shade, address: &str) -> Self {
        let is_plain = address.starts_with("https://") && address.bytes().all(|byte| byte.is_ascii_graphic());
        Self {
            shade,
            text: address.to_owned(),
            link: is_plain.then(|| address.to_owned()),
        }
    }
}

impl From<(Shade, String)> for Word {
    fn from((shade, text): (Shade, String)) -> Self {
        Self {
            shade,
            text,
            link: None,
        }
    }
}

/// A word of more lines than these is cut after all.
const WORD_LINES: usize = 4;

/// Where lines go.
pub(in crate::report) struct Page<'o> {
    out: &'o mut dyn io::Write,
    /// Columns that a line may fill.
    pub(in crate::report) width: usize,
    colour: Colour,
}

impl<'o> Page<'o> {
    pub(in crate::report) fn new(out: &'o mut dyn io::Write, width: usize, colour: Colour) -> Self {
        Self {
            out,
            // Some terminals wrap a line that fills its last column.
            width: width.max(MIN_WIDTH) - 1,
            colour,
        }
    }

    /// An empty line.
    pub(in crate::report) fn gap(&mut self) -> io::Result<()> {
        self.out.write_all(b"\n")
    }

    /// Writes one line; what does not fit is cut and marked with an ellipsis.
    pub(in crate::report) fn line(&mut self, line: &Line) -> io::Result<()> {
        let wide = line.columns > self.width;
        let mut room = if wide { self.width - 1 } else { self.width };
        let mut plain = String::new();
        let mut painted = String::new();
        for Word { shade, text, link } in &line.parts {
            let (shown, rest) = text.split_at(cut(text, room));
            room = room.saturating_sub(columns(shown));
            let shown = match rest {
                "" => Cow::Borrowed(shown),
                _ => Cow::Owned(format!("{}…", shown.trim_end())),
            };
            plain.push_str(&shown);
            let coloured = match (self.colour, shade) {
                (Colour::Plain, _) | (_, Shade::Plain) => shown,
                (Colour::Ansi | Colour::AnsiAndLinks, _) => {
                    Cow::Owned(format!("\u{1b}[{}m{shown}\u{1b}[0m", shade.sgr()))
                }
            };
            match (self.colour, link) {
                (Colour::AnsiAndLinks, Some(link)) => {
                    painted.push_str(&format!("\u{1b}]8;;{link}\u{1b}\\{coloured}\u{1b}]8;;\u{1b}\\"));
                }
                (Colour::Plain | Colour::Ansi | Colour::AnsiAndLinks, _) => painted.push_str(&coloured),
            }
            if !rest.is_empty() {
                break;
            }
        }
        let painted = match inert(&plain) {
            Cow::Borrowed(_) => Cow::Borrowed(painted.trim_end()),
            // It began with two colons: rather without colour than obeyed.
            Cow::Owned(safe) => Cow::Owned(fit(safe.trim_end(), self.width).into_owned()),
        };
        self.out.write_all(painted.as_bytes())?;
        self.out.write_all(b"\n")
    }

    /// Writes what people copy, in one line, however wide.
    pub(in crate::report) fn verbatim(&mut self, indent: usize, text: &str) -> io::Result<()> {
        self.out.write_all(" ".repeat(indent).as_bytes())?;
        self.out.write_all(inert(&clean(text)).as_bytes())?;
        self.out.write_all(b"\n")
    }

    /// A heading.
    pub(in crate::report) fn heading(&mut self, text: &str) -> io::Result<()> {
        self.gap()?;
        self.line(&Line::new().with(Shade::Strong, text))
    }

    /// Writes words that may not be cut, `indent` columns in, with ` · ` between them. A word that is wider
    /// than a line goes on in the next one; no honest id takes more than [`WORD_LINES`].
    pub(in crate::report) fn whole_words<W: Clone + Into<Word>>(
        &mut self,
        start: Line,
        indent: usize,
        words: &[W],
    ) -> io::Result<()> {
        let mut line = start;
        let mut first = true;
        for word in words {
            let Word { shade, text, link } = word.clone().into();
            let word = clean(&text);
            let word = fit(
                &word,
                self.width.saturating_sub(indent).saturating_mul(WORD_LINES),
            );
            let needs = columns(&word) + if first { 0 } else { 3 };
            if !first && line.columns + needs > self.width {
                self.line(&line)?;
                line = Line::indented(indent);
                first = true;
            }
            if !first {
                line = line.with(Shade::Dim, " · ");
            }
            first = false;
            let mut rest = word.as_ref();
            loop {
                let room = self.width.saturating_sub(line.columns);
                if columns(rest) <= room {
                    line.push_clean(shade, rest, link.as_deref());
                    break;
                }
                // A character wider than a fresh line's room goes there all the same.
                let end = match cut(rest, room) {
                    0 if line.columns <= indent => rest.chars().next().map_or(0, char::len_utf8),
                    end => between_words(rest.split_at(end).0),
                };
                let (head, tail) = rest.split_at(end);
                line.push_clean(shade, head, link.as_deref());
                rest = tail.trim_start();
                self.line(&line)?;
                line = Line::indented(indent);
            }
        }
        self.line(&line)
    }

    /// Writes running text `indent` columns in, broken between words, in at most `lines` lines.
    pub(in crate::report) fn text(
        &mut self,
        shade: Shade,
        indent: usize,
        text: &str,
        lines: usize,
    ) -> io::Result<()> {
        let text = clean(text);
        let room = self.width.saturating_sub(indent).max(1);
        let mut rest = text.trim();
        for number in 1..=lines {
            if rest.is_empty() {
                break;
            }
            if number == lines || columns(rest) <= room {
                self.line(&Line::indented(indent).with_clean(shade, &fit(rest, room)))?;
                break;
            }
            let end = between_words(rest.split_at(cut(rest, room)).0);
            let (head, tail) = rest.split_at(end);
            self.line(&Line::indented(indent).with_clean(shade, head.trim_end()))?;
            rest = tail.trim_start();
        }
        Ok(())
    }
}

/// A line that is being put together.
#[derive(Debug, Clone, Default)]
pub(in crate::report) struct Line {
    parts: Vec<Word>,
    pub(in crate::report) columns: usize,
}

impl Line {
    pub(in crate::report) fn new() -> Self {
        Self::default()
    }

    pub(in crate::report) fn indented(columns: usize) -> Self {
        Self::new().with_clean(Shade::Plain, &" ".repeat(columns))
    }

    /// Adds text of any kind.
    #[must_use]
    pub(in crate::report) fn with(self, shade: Shade, text: &str) -> Self {
        self.with_clean(shade, &clean(text))
    }

    /// Adds a word, with its link.
    #[must_use]
    pub(in crate::report) fn with_word(mut self, word: &Word) -> Self {
        self.push_clean(word.shade, &clean(&word.text), word.link.as_deref());
        self
    }

    /// Adds blanks up to `column`, at least `least`.
    #[must_use]
    pub(in crate::report) fn padded_to(self, column: usize, least: usize) -> Self {
        let blanks = column.saturating_sub(self.columns).max(least);
        self.with_clean(Shade::Plain, &" ".repeat(blanks))
    }

    #[must_use]
    fn with_clean(mut self, shade: Shade, text: &str) -> Self {
        self.push_clean(shade, text, None);
        self
    }

    fn push_clean(&mut self, shade: Shade, text: &str, link: Option<&str>) {
        self.columns += columns(text);
        self.parts.push(Word {
            shade,
            text: text.to_owned(),
            link: link.map(str::to_owned),
        });
    }
}

/// The text as it will be shown.
pub(in crate::report) fn clean(text: &str) -> Cow<'_, str> {
    if text.bytes().all(|byte| (0x20..0x7f).contains(&byte)) && !text.contains("##[") {
        return Cow::Borrowed(text);
    }
    Cow::Owned(escape::terminal(text))
}

/// The columns that a clean text takes: never fewer than a terminal needs.
pub(in crate::report) fn columns(text: &str) -> usize {
    text.chars().map(|character| character.width().unwrap_or(1)).sum()
}

/// A clean text cut to `room` columns, after a word or a part of a name where one ends in the second half; an ellipsis
/// stands for the rest.
pub(in crate::report) fn fit(text: &str, room: usize) -> Cow<'_, str> {
    if columns(text) <= room {
        return Cow::Borrowed(text);
    }
    if room == 0 {
        return Cow::Borrowed("");
    }
    let (head, rest) = text.split_at(cut(text, room - 1));
    let half = head.len() / 2;
    let kept = match (head.rfind(' '), head.rfind(MARKS)) {
        _ if rest.starts_with(' ') => head,
        (Some(blank), _) if blank > half => head.split_at(blank).0,
        (_, Some(mark)) if mark > half => head.split_at(mark + 1).0,
        _ => head,
    };
    Cow::Owned(format!("{}…", kept.trim_end()))
}

/// What parts of names end with.
const MARKS: [char; 4] = ['/', ':', '-', '.'];

/// Where a text goes on in the next line that fits up to the end of `head`: after a blank, else after a part of a name in the
/// second half, else there.
fn between_words(head: &str) -> usize {
    let blank = head.rfind(' ').filter(|blank| *blank > 0);
    let mark = head.rfind(MARKS).filter(|mark| *mark > head.len() / 2);
    blank.or(mark.map(|mark| mark + 1)).unwrap_or(head.len())
}

/// A clean text cut to `room` columns, the start replaced by an ellipsis.
pub(in crate::report) fn fit_end(text: &str, room: usize) -> Cow<'_, str> {
    if columns(text) <= room {
        return Cow::Borrowed(text);
    }
    let mut used = 1;
    let mut start = text.len();
    for (offset, character) in text.char_indices().rev() {
        used += character.width().unwrap_or(1);
        if used > room {
            break;
        }
        start = offset;
    }
    Cow::Owned(format!("…{}", text.split_at(start).1))
}

/// The byte at which `room` columns end.
fn cut(text: &str, room: usize) -> usize {
    let mut used = 0;
    for (offset, character) in text.char_indices() {
        used += character.width().unwrap_or(1);
        if used > room {
            return offset;
        }
    }
    text.len()
}
