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
pub(super) struct Attributes(BTreeMap<BString, Vec<Line>>);

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
        let mut read: BTreeMap<BString, Vec<Line>> = BTreeMap::new();
        for path in paths {
            let mut folder = folder_of(path.as_bstr());
            while !read.contains_key(folder) {
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
                let lines = bytes.map_or_else(Vec::new, |bytes| lines(&bytes));
                read.insert(folder.to_owned(), lines);
                if folder.is_empty() {
                    break;
                }
                folder = folder_of(folder);
            }
        }
        read.retain(|_, lines| !lines.is_empty());
        Ok(Self(read))
    }

    /// What they say of `path`: of several lines the last one counts, and folders below count before those above.
    pub(super) fn of(&self, path: &BStr) -> Merge {
        let mut driver = None;
        let mut marker = None;
        let mut folder = folder_of(path);
        loop {
            let start = if folder.is_empty() { 0 } else { folder.len() + 1 };
            let inside = path.get(start..).unwrap_or_default().as_bstr();
            for line in self.0.get(folder).into_iter().flatten().rev() {
                if !line.holds_for(inside) {
                    continue;
                }
                for setting in line.settings.iter().rev() {
                    match setting {
                        Setting::Driver(set) if driver.is_none() => driver = Some(set.clone()),
                        Setting::Marker(size) if marker.is_none() => marker = Some(*size),
                        Setting::Driver(_) | Setting::Marker(_) => {}
                    }
                }
            }
            if folder.is_empty() {
                break;
            }
            folder = folder_of(folder);
        }
        Merge {
            driver: driver.flatten().unwrap_or(Driver::Text),
            marker,
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
    let attributes = Attributes(BTreeMap::from([(BString::default(), lines(bytes))]));
    match attributes.of(path.as_bstr()).driver {
        Driver::Text => "text",
        Driver::Union => "union",
        Driver::Binary => "binary",
    }
}

fn lines(bytes: &[u8]) -> Vec<Line> {
    bytes.lines().filter_map(line).collect()
}

/// One line; `None` where it sets nothing that is used here.
fn line(bytes: &[u8]) -> Option<Line> {
    let text = bytes.trim_start();
    if text.is_empty() || text.starts_with(b"#") || text.starts_with(b"[attr]") || bytes.len() > 2048 {
        return None;
    }
    let (pattern, rest) = match text.strip_prefix(b"\"") {
        Some(quoted) => {
            let end = quoted.find_byte(b'"')?;
            (quoted.get(..end)?, quoted.get(end + 1..)?)
        }
        None => {
            let end = text.find_byteset(b" \t\r").unwrap_or(text.len());
            (text.get(..end)?, text.get(end..)?)
        }
    };
    if pattern.starts_with(b"!") || pattern.ends_with(b"/") {
        return None;
    }
    let settings: Vec<Setting> = rest.fields().flat_map(settings).collect();
    let is_anchored = pattern.contains(&b'/');
    let pattern = pattern.strip_prefix(b"/").unwrap_or(pattern);
    (!settings.is_empty()).then(|| Line {
        pattern: pattern.into(),
        is_anchored,
        settings,
    })
}

/// What one word sets.
fn settings(word: &[u8]) -> Option<Setting> {
    let driver = |driver| Some(Setting::Driver(driver));
    match word {
        b"merge" => driver(Some(Driver::Text)),
        b"-merge" | b"binary" => driver(Some(Driver::Binary)),
        b"!merge" => driver(None),
        b"merge=text" => driver(Some(Driver::Text)),
        b"merge=union" => driver(Some(Driver::Union)),
        _ if word.starts_with(b"merge=") => driver(Some(Driver::Binary)),
        _ => {
            let size = word.strip_prefix(b"conflict-marker-size=")?;
            let size: usize = size.to_str().ok()?.parse().ok()?;
            (1..=1000).contains(&size).then_some(Setting::Marker(size))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_nearest_and_last_line_counts() {
        let attributes = Attributes(BTreeMap::from([
            (
                BString::default(),
                lines(
                    b"# all\n*.lock -merge\n/docs/*.md merge=union conflict-marker-size=9\n*.x merge=ours\n",
                ),
            ),
            (BString::from("a"), lines(b"*.lock merge\n\"odd name\" binary\n")),
        ]));
        let driver = |path: &str| attributes.of(path.into()).driver;
        assert_eq!(driver("Cargo.lock"), Driver::Binary);
        assert_eq!(driver("b/Cargo.lock"), Driver::Binary);
        assert_eq!(driver("a/Cargo.lock"), Driver::Text);
        assert_eq!(driver("a/odd name"), Driver::Binary);
        assert_eq!(driver("docs/a.md"), Driver::Union);
        assert_eq!(driver("docs/b/a.md"), Driver::Text);
        assert_eq!(driver("a.x"), Driver::Binary);
        assert_eq!(attributes.of("docs/a.md".into()).marker, Some(9));
    }
}
