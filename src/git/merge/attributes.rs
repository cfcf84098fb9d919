//! Which files are merged otherwise than line by line: `merge` and `conflict-marker-size` in `.gitattributes`, of the branch
//! that takes the change.

use std::collections::BTreeMap;

use gix::bstr::{BStr, BString, ByteSlice as _};

use super::super::error::GitError;
use super::objects::{Objects, Sort};
use super::renames::folder_of;

/// How a file is merged.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Driver {
    /// Line by line.
    Text,
    /// Both sides are taken where they conflict.
    Union,
    /// Not at all: a conflict where both sides changed it. Also where a program is named, since none is started.
    Binary,
}

/// What attributes say of a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Merge {
    pub(super) driver: Driver,
    /// How long markers are.
    pub(super) marker: Option<usize>,
}

/// The lines of every `.gitattributes`, by the folder that it is in.
#[derive(Default)]
pub(super) struct Attributes {
    lines: BTreeMap<BString, Vec<Line>>,
    /// What a word of a line stands for (`[attr]word …`), which only the file of the root says.
    macros: BTreeMap<BString, Vec<Setting>>,
}

/// A pattern and what it sets, in the order in which it does.
struct Line {
    pattern: BString,
    /// The pattern is held against the whole path, not the last part.
    is_anchored: bool,
    settings: Vec<Setting>,
}

enum Setting {
    Driver(Option<Driver>),
    Marker(usize),
    /// A word that may be a macro.
    Word(BString),
}

/// What was found so far, of the line that counts most.
#[derive(Default)]
struct Found {
    driver: Option<Option<Driver>>,
    marker: Option<usize>,
    /// Macros that were looked at: each counts once.
    words: Vec<BString>,
}

/// At most so many bytes of a file of attributes are read, as git reads them.
const MAX_BYTES: usize = 100 * 1024 * 1024;

impl Attributes {
    /// Those that hold for `paths` in a tree.
    pub(super) fn read<'p>(
        objects: &Objects,
        tree: gix::ObjectId,
        paths: impl Iterator<Item = &'p BString>,
    ) -> Result<Self, GitError> {
        let mut read = Self::default();
        for path in paths {
            let mut folder = folder_of(path.as_bstr());
            while !read.lines.contains_key(folder) {
                let mut file = folder.to_owned();
                if !file.is_empty() {
                    file.push(b'/');
                }
                file.extend_from_slice(b".gitattributes");
                let found = objects.at(tree, file.as_bstr())?;
                let blob = match found.filter(|found| found.sort() == Sort::File) {
                    Some(found) => objects.blob(found.id)?,
                    None => None,
                };
                let bytes = blob.filter(|blob| blob.len() <= MAX_BYTES);
                read.add(folder, &bytes.unwrap_or_default());
                if folder.is_empty() {
                    break;
                }
                folder = folder_of(folder);
            }
        }
        read.lines.retain(|_, lines| !lines.is_empty());
        Ok(read)
    }

    /// The file of `folder`.
    fn add(&mut self, folder: &BStr, bytes: &[u8]) {
        let lines = bytes.lines().filter_map(line).collect();
        self.lines.insert(folder.to_owned(), lines);
        if folder.is_empty() {
            // Of several macros of one name the last one counts.
            self.macros = bytes.lines().filter_map(macro_line).collect();
        }
    }

    /// What they say of `path`: of several lines the last one counts, and folders below count before those above.
    pub(super) fn of(&self, path: &BStr) -> Merge {
        let mut found = Found::default();
        let mut folder = folder_of(path);
        loop {
            let start = if folder.is_empty() { 0 } else { folder.len() + 1 };
            let inside = path.get(start..).unwrap_or_default().as_bstr();
            for line in self.lines.get(folder).into_iter().flatten().rev() {
                if line.holds_for(inside) {
                    self.take(&line.settings, &mut found);
                }
            }
            if folder.is_empty() {
                break;
            }
            folder = folder_of(folder);
        }
        Merge {
            driver: found.driver.flatten().unwrap_or(Driver::Text),
            marker: found.marker,
        }
    }

    /// Takes from `settings` what is not found yet, the last first; a macro's settings stand where it does.
    fn take(&self, settings: &[Setting], found: &mut Found) {
        for setting in settings.iter().rev() {
            match setting {
                Setting::Driver(driver) if found.driver.is_none() => found.driver = Some(driver.clone()),
                Setting::Marker(size) if found.marker.is_none() => found.marker = Some(*size),
                Setting::Driver(_) | Setting::Marker(_) => {}
                Setting::Word(word) => {
                    if let Some(settings) = self.macros.get(word).filter(|_| !found.words.contains(word)) {
                        found.words.push(word.clone());
                        self.take(settings, found);
                    }
                }
            }
        }
    }
}

impl Line {
    fn holds_for(&self, path: &BStr) -> bool {
        use gix::glob::wildmatch::Mode;
        let name = path
            .rsplit(|byte| *byte == b'/')
            .next()
            .unwrap_or_default()
            .as_bstr();
        let (text, mode) = match self.is_anchored {
            true => (path, Mode::NO_MATCH_SLASH_LITERAL),
            false => (name, Mode::empty()),
        };
        gix::glob::wildmatch(self.pattern.as_bstr(), text, mode)
    }
}

/// How git calls the way in which `path` is merged where `bytes` are the root's `.gitattributes`: `text`, `union` or `binary`.
#[must_use]
pub fn driver_name(bytes: &[u8], path: &[u8]) -> &'static str {
    let mut attributes = Attributes::default();
    attributes.add(b"".as_bstr(), bytes);
    match attributes.of(path.as_bstr()).driver {
        Driver::Text => "text",
        Driver::Union => "union",
        Driver::Binary => "binary",
    }
}

/// One line; `None` where it sets nothing that is used here.
fn line(bytes: &[u8]) -> Option<Line> {
    let text = bytes.trim_start();
    if text.is_empty() || text.starts_with(b"#") || text.starts_with(b"[attr]") || bytes.len() > 2048 {
        return None;
    }
    let (pattern, rest) = match text.first() {
        // A name in quotes has escapes, as in the output of git.
        Some(b'"') => {
            let (pattern, length) = gix::quote::ansi_c::undo(text.as_bstr()).ok()?;
            (pattern, text.get(length..)?)
        }
        _ => {
            let end = text.find_byteset(b" \t\r").unwrap_or(text.len());
            (text.get(..end)?.as_bstr().into(), text.get(end..)?)
        }
    };
    if pattern.starts_with(b"!") || pattern.ends_with(b"/") {
        return None;
    }
    let settings: Vec<Setting> = rest.fields().filter_map(setting).collect();
    let is_anchored = pattern.contains(&b'/');
    let pattern = pattern.strip_prefix(b"/").unwrap_or(&pattern);
    (!settings.is_empty()).then(|| Line {
        pattern: pattern.into(),
        is_anchored,
        settings,
    })
}

/// The name of a macro and what it sets.
fn macro_line(bytes: &[u8]) -> Option<(BString, Vec<Setting>)> {
    let mut words = bytes.trim_start().strip_prefix(b"[attr]")?.fields();
    let name = words.next()?;
    (bytes.len() <= 2048).then(|| (name.into(), words.filter_map(setting).collect()))
}

/// What one word sets.
fn setting(word: &[u8]) -> Option<Setting> {
    let driver = |driver| Some(Setting::Driver(driver));
    match word {
        b"merge" => driver(Some(Driver::Text)),
        b"-merge" | b"binary" => driver(Some(Driver::Binary)),
        b"!merge" => driver(None),
        b"merge=text" => driver(Some(Driver::Text)),
        b"merge=union" => driver(Some(Driver::Union)),
        _ if word.starts_with(b"merge=") => driver(Some(Driver::Binary)),
        _ => match word.strip_prefix(b"conflict-marker-size=") {
            Some(size) => {
                let size: usize = size.to_str().ok()?.parse().ok()?;
                (1..=1000).contains(&size).then_some(Setting::Marker(size))
            }
            None => (!word.contains(&b'=') && !word.starts_with_str("-") && !word.starts_with_str("!"))
                .then(|| Setting::Word(word.into())),
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_nearest_and_last_line_counts() {
        let mut attributes = Attributes::default();
        attributes.add(
            b"".as_bstr(),
            b"# all\n*.lock -merge\n/docs/*.md merge=union conflict-marker-size=9\n*.x merge=ours\n",
        );
        attributes.add(
            b"a".as_bstr(),
            b"*.lock merge\n\"odd name\" binary\n\"say \\\"x\\\"\" -merge\n",
        );
        let driver = |path: &str| attributes.of(path.into()).driver;
        assert_eq!(driver("Cargo.lock"), Driver::Binary);
        assert_eq!(driver("b/Cargo.lock"), Driver::Binary);
        assert_eq!(driver("a/Cargo.lock"), Driver::Text);
        assert_eq!(driver("a/odd name"), Driver::Binary);
        assert_eq!(driver("a/say \"x\""), Driver::Binary);
        assert_eq!(driver("docs/a.md"), Driver::Union);
        assert_eq!(driver("docs/b/a.md"), Driver::Text);
        assert_eq!(driver("a.x"), Driver::Binary);
        assert_eq!(attributes.of("docs/a.md".into()).marker, Some(9));
    }
    /// As `git check-attr merge` of 2.39.5 answers.
    #[test]
    fn macros_stand_for_what_they_set() {
        let root = b"[attr]locked -merge\n[attr]kept locked conflict-marker-size=9\n[attr]round round merge=union\n\
            *.lock locked\n*.deep kept\n*.late locked merge\n*.early merge locked\n*.not -locked\n*.round round\n";
        let names = ["a.lock", "a.deep", "a.late", "a.early", "a.not", "a.round"];
        let drivers = names.map(|name| driver_name(root, name.as_bytes()));
        assert_eq!(drivers, ["binary", "binary", "text", "binary", "text", "union"]);
        let mut below = Attributes::default();
        below.add(b"a".as_bstr(), b"[attr]locked -merge\n*.lock locked\n");
        assert_eq!(below.of("a/b.lock".into()).driver, Driver::Text);
    }
}
