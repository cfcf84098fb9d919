//! Properties of MSBuild: `$(Name)` where nothing but one plain value stands for it.

use std::borrow::Cow;
use std::collections::HashMap;

use super::CENTRAL;
use crate::model::{Tree, TreePath};
use crate::text::xml::{Document, Element};
use crate::text::{Span, decode, xml};

/// A text and where it stands.
#[derive(Debug, Clone)]
pub(super) struct Text<'d> {
    pub(super) says: Cow<'d, str>,
    pub(super) span: Span,
    /// It stands there as it is, without a reference to a character.
    pub(super) is_plain: bool,
}

/// A property that leads to another this many times is taken for a circle.
const MAX_STEPS: usize = 8;

/// The values of properties, by their names in small letters.
pub(super) struct Properties {
    values: HashMap<String, Value>,
}

/// What stands for a property.
enum Value {
    /// This text, and nothing else.
    One {
        file: Option<TreePath>,
        text: Text<'static>,
    },
    /// Several texts; which of them counts depends on more than the files.
    Several,
}

impl Properties {
    /// Those of the file, of the nearest `Directory.Build.props` and of the nearest central list.
    pub(super) fn of(path: &TreePath, document: &Document<'_>, tree: &dyn Tree) -> Self {
        let mut properties = Self {
            values: HashMap::new(),
        };
        properties.add(None, document);
        for name in ["Directory.Build.props", CENTRAL] {
            let nearest = path
                .above()
                .filter_map(|folder| folder.join(name))
                .filter(|shared| shared != path)
                .find_map(|shared| Some((tree.read(&shared).ok()?, shared)));
            if let Some((bytes, shared)) = nearest {
                let decoded = decode::decode(&bytes);
                properties.add(Some(&shared), &xml::read(&decoded.text));
            }
        }
        properties
    }

    fn add(&mut self, file: Option<&TreePath>, document: &Document<'_>) {
        let mut open: Vec<Element<'_>> = vec![document.root()];
        while let Some(element) = open.pop() {
            if !element.name().eq_ignore_ascii_case("PropertyGroup") {
                open.extend(element.children());
                continue;
            }
            for property in element.children() {
                let text = Text {
                    says: Cow::Owned(property.text().into_owned()),
                    span: property.text_span(),
                    is_plain: property.text().len() == property.text_span().len(),
                };
                let file = file.cloned();
                self.values
                    .entry(property.name().to_lowercase())
                    .and_modify(|value| *value = Value::Several)
                    .or_insert(Value::One { file, text });
            }
        }
    }

    /// `text` with the property that it is in its place, and the file of that if it is another one; `None` where that is not known.
    pub(super) fn expand<'d>(&self, text: Text<'d>) -> Option<(Option<TreePath>, Text<'d>)> {
        let (mut place, mut at) = (None, text);
        for _ in 0..MAX_STEPS {
            if !at.says.contains(['$', '%', '@']) {
                return Some((place, at));
            }
            let name = at.says.strip_prefix("$(")?.strip_suffix(')')?;
            match self.values.get(&name.to_lowercase())? {
                Value::One { file, text } => {
                    place.clone_from(file);
                    at = text.clone();
                }
                Value::Several => return None,
            }
        }
        None
    }
}
