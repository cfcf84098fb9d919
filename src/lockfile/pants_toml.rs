//! `pants.toml` of Pants, where it names lockfiles that nothing else leads to: their names are whatever stands there. Pants' documentation
//! decides (`[python].resolves`, `[jvm].resolves`).
//!
//! - A file with any such name is read by itself where its name or content says what it is (see `pex_lock` and `pants_jvm`). Then nothing is
//!   left to say here, and `pants.toml` is no lockfile.
//! - One that is there and is not read so is blind, and one that is not there is partial.
//! - `%(buildroot)s` is the folder of the file.

use super::pants_jvm::PantsJvm;
use super::pex_lock::PexLock;
use super::{Claim, File, Format, Parsed, Writer, claim, file_names};
use crate::model::{Ecosystem, Tree, TreePath};
use crate::text::tree::{Document, Value};
use crate::text::{decode, toml};

/// The settings of Pants.
#[derive(Debug, Clone, Copy)]
pub struct PantsToml;

const DAMAGED: &str = "Repair the file: Pants does not read it.";
const NAMES: [&str; 2] = ["pants.toml", "pants.*.toml"];

/// Sections that name lockfiles.
const SECTIONS: [&str; 2] = ["python", "jvm"];

/// More resolves than this are not looked at.
const MAX_RESOLVES: usize = 1000;

impl Format for PantsToml {
    fn name(&self) -> &'static str {
        "pants.toml"
    }

    fn ecosystem(&self) -> Ecosystem {
        Ecosystem::ANY
    }

    /// None: most lead to nothing that is not read by itself.
    fn file_names(&self) -> &'static [&'static str] {
        &[]
    }

    fn starts(&self, path: &TreePath, tree: &dyn Tree) -> bool {
        let is_named = NAMES.iter().any(|name| file_names::fits(name, path));
        let Some(Ok(bytes)) = is_named.then(|| tree.read(path)) else {
            return false;
        };
        let text = decode::decode(&bytes).text;
        let document = toml::read(&text);
        resolves(&document).any(|(_, value)| Named::by(value, path, tree).is_some())
    }

    fn companions(&self) -> &'static [&'static str] {
        &NAMES
    }

    fn writer(&self) -> Writer {
        Writer::Person
    }

    fn read(&self, file: &File<'_>, tree: &dyn Tree) -> Parsed {
        let (document, mut parsed) = Parsed::of_toml(file, DAMAGED);
        for (name, value) in resolves(&document) {
            let shown = value.as_str().unwrap_or_default();
            match Named::by(value, file.path, tree) {
                None => {}
                Some(Named::Unread) => parsed.blind(
                    value.text_span(),
                    format!("{shown}, the lockfile of the resolve {name}, is not read: its name says nothing of its format"),
                    "Call it `*.lock`.",
                ),
                Some(Named::Absent) => parsed.partial(
                    value.text_span(),
                    format!("{shown}, the lockfile of the resolve {name}, is not there"),
                    "Run `pants generate-lockfiles` and commit the file.",
                ),
            }
        }
        parsed
    }
}

/// Resolves and their lockfiles.
fn resolves<'d>(document: &'d Document<'d>) -> impl Iterator<Item = (std::borrow::Cow<'d, str>, Value<'d>)> {
    let root = document.root();
    let sections = SECTIONS.iter().filter_map(move |section| root.get(section));
    let is_on = |section: &Value<'_>| section.get("enable_resolves").and_then(Value::as_bool) != Some(false);
    sections
        .filter(is_on)
        .filter_map(|section| section.get("resolves"))
        .flat_map(Value::entries)
        .take(MAX_RESOLVES)
}

/// A lockfile that is not read by itself.
enum Named {
    Absent,
    Unread,
}

impl Named {
    /// The one that `value` of the file at `path` names; `None` where it is read by itself, or where it is none of a tree.
    fn by(value: Value<'_>, path: &TreePath, tree: &dyn Tree) -> Option<Self> {
        let text = value.as_str()?;
        let text = text.strip_prefix("%(buildroot)s/").unwrap_or(&text);
        // What the client brings along.
        if text.is_empty() || text.starts_with('<') {
            return None;
        }
        let Some(target) = path.parent().join(text.as_bytes()) else {
            return Some(Self::Absent);
        };
        if !tree.holds(&target) {
            return Some(Self::Absent);
        }
        let is_claimed = !matches!(claim(&target), Claim::Nothing);
        let is_read = is_claimed || PexLock.starts(&target, tree) || PantsJvm.starts(&target, tree);
        (!is_read).then_some(Self::Unread)
    }
}
