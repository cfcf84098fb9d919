//! Properties of MSBuild: `$(Name)` where nothing but one plain value stands for it, what MSBuild says itself about a file's place,
//! and the functions that look for a file in the folders above.

use std::cell::Cell;
use std::collections::HashMap;
use std::ops::Range;

use super::project_name;
use super::text::Text;
use crate::model::{FileSpan, Tree, TreePath};
use crate::text::xml::{Document, Element};

/// A property that leads to another this many times is taken for a circle.
const MAX_STEPS: usize = 8;

/// Properties that are looked up for one text.
const MAX_LOOKUPS: usize = 64;

/// A longer value stands for nothing that is looked for here.
const MAX_VALUE: usize = 1024;

/// Nor does a longer text in which properties stand.
const MAX_EXPANDED: usize = 4096;

/// Folders that functions look into for one file.
const MAX_FOLDERS: usize = 10_000;

/// The values of properties, by their names in small letters.
pub(super) struct Properties<'r> {
    values: HashMap<String, Value>,
    /// The file that is read.
    own: &'r TreePath,
    tree: &'r dyn Tree,
    /// Folders that functions may still look into.
    folders: Cell<usize>,
}

/// What stands for a property.
enum Value {
    /// This text, and nothing else.
    One { file: TreePath, text: Text<'static> },
    /// Several texts; which of them counts depends on more than the files.
    Several,
}

/// What is not known of a text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Unknown {
    /// No file that is read gives this property a value.
    Unset(String),
    /// This one has a value that the files alone do not say.
    Open(String),
}

/// A text with what its properties stand for, in pieces that stand in one place each.
#[derive(Debug, Default)]
pub(super) struct Expanded {
    pub(super) says: String,
    pieces: Vec<Piece>,
}

#[derive(Debug)]
struct Piece {
    range: Range<usize>,
    file: TreePath,
    text: Text<'static>,
}

impl Expanded {
    /// Where the bytes `range` stand, if that is one place.
    pub(super) fn place(&self, range: &Range<usize>, own: &TreePath) -> Option<FileSpan> {
        let piece = self
            .pieces
            .iter()
            .find(|piece| piece.range.start <= range.start && range.end <= piece.range.end)?;
        let start = range.start.checked_sub(piece.range.start)?;
        let span = piece.text.span_of(start..start.checked_add(range.len())?);
        Some(FileSpan {
            file: (piece.file != *own).then(|| piece.file.clone()),
            span,
        })
    }

    fn push(&mut self, file: &TreePath, text: Text<'_>) {
        let start = self.says.len();
        self.says.push_str(&text.says);
        self.pieces.push(Piece {
            range: start..self.says.len(),
            file: file.clone(),
            text: text.into_owned(),
        });
    }
}

/// Steps and look-ups that are left for a text.
#[derive(Clone, Copy)]
struct Left {
    steps: usize,
    lookups: usize,
}

impl<'r> Properties<'r> {
    pub(super) fn new(own: &'r TreePath, tree: &'r dyn Tree) -> Self {
        Self {
            values: HashMap::new(),
            own,
            tree,
            folders: Cell::new(MAX_FOLDERS),
        }
    }

    pub(super) fn len(&self) -> usize {
        self.values.len()
    }

    /// Adds the properties of the document in `file`.
    pub(super) fn add(&mut self, file: &TreePath, document: &Document<'_>) {
        let mut open: Vec<Element<'_>> = vec![document.root()];
        while let Some(element) = open.pop() {
            if !element.name().eq_ignore_ascii_case("PropertyGroup") {
                open.extend(element.children());
                continue;
            }
            for property in element.children() {
                let text = Text::of_element(property).into_owned();
                let file = file.clone();
                self.values
                    .entry(property.name().to_lowercase())
                    .and_modify(|value| *value = Value::Several)
                    .or_insert(Value::One { file, text });
            }
        }
    }

    /// `text`, which stands in `file`, with the values of its properties.
    pub(super) fn expand(&self, text: Text<'_>, file: &TreePath) -> Result<Expanded, Unknown> {
        let mut expanded = Expanded::default();
        let mut left = Left {
            steps: MAX_STEPS,
            lookups: MAX_LOOKUPS,
        };
        self.expand_into(&mut expanded, text, file, &mut left)?;
        Ok(expanded)
    }

    fn expand_into(
        &self,
        to: &mut Expanded,
        text: Text<'_>,
        file: &TreePath,
        left: &mut Left,
    ) -> Result<(), Unknown> {
        let mut at = 0_usize;
        while let Some((before, behind)) = text.says.get(at..).and_then(|rest| rest.split_once("$(")) {
            if !before.is_empty() {
                to.push(file, text.part(at..at.saturating_add(before.len())));
            }
            let open = |name: &str| Unknown::Open(name.chars().take(100).collect());
            let Some(name) = inside_of_parentheses(behind) else {
                return Err(open(behind));
            };
            at = at
                .saturating_add(before.len())
                .saturating_add(name.len())
                .saturating_add("$()".len());
            left.lookups = left.lookups.saturating_sub(1);
            if left.lookups == 0 || left.steps == 0 || to.says.len() > MAX_EXPANDED {
                return Err(open(name));
            }
            left.steps = left.steps.saturating_sub(1);
            self.property(to, name.trim(), file, left)?;
            left.steps = left.steps.saturating_add(1);
        }
        if at < text.says.len() {
            to.push(file, text.part(at..text.says.len()));
        }
        Ok(())
    }

    fn property(
        &self,
        to: &mut Expanded,
        name: &str,
        file: &TreePath,
        left: &mut Left,
    ) -> Result<(), Unknown> {
        if let Some(said) = self.reserved(name, file) {
            to.says.push_str(&said);
            return Ok(());
        }
        let is_name = |name: &str| {
            name.bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-'))
        };
        if let Some(call) = name.strip_prefix("[MSBuild]::") {
            let said = self.call(call, file, left)?;
            to.says.push_str(&said);
            return Ok(());
        }
        match self.values.get(&name.to_lowercase()) {
            Some(Value::One { file, text }) if text.says.len() <= MAX_VALUE => {
                self.expand_into(to, text.clone(), file, left)
            }
            None if is_name(name) => Err(Unknown::Unset(name.to_owned())),
            Some(_) | None => Err(Unknown::Open(name.chars().take(100).collect())),
        }
    }

    /// What MSBuild says of the file `file`, and of the project: paths begin at the top of the tree.
    fn reserved(&self, name: &str, file: &TreePath) -> Option<String> {
        let folder = |path: &TreePath| match path.parent() {
            top if top == TreePath::root() => "/".to_owned(),
            folder => format!("/{}/", String::from_utf8_lossy(folder.as_bytes())),
        };
        let file_name = |path: &TreePath| String::from_utf8_lossy(path.file_name()).into_owned();
        let stem = |name: String| match name.rsplit_once('.') {
            Some((stem, _)) => stem.to_owned(),
            None => name,
        };
        let name = name.to_ascii_lowercase();
        let project = || project_name(&file_name(self.own)).map(|_| self.own);
        match &*name {
            "msbuildthisfiledirectory" => Some(folder(file)),
            "msbuildthisfile" => Some(file_name(file)),
            "msbuildthisfilename" => Some(stem(file_name(file))),
            "msbuildprojectdirectory" => Some(folder(project()?)),
            "msbuildprojectfile" => Some(file_name(project()?)),
            "msbuildprojectname" => Some(stem(file_name(project()?))),
            _ => None,
        }
    }

    /// The functions that find files: `GetPathOfFileAbove('x.props', $(MSBuildThisFileDirectory))` and others.
    fn call(&self, call: &str, file: &TreePath, left: &mut Left) -> Result<String, Unknown> {
        let open = || Unknown::Open(call.chars().take(100).collect());
        let (function, arguments) = call.split_once('(').ok_or_else(open)?;
        let arguments = arguments.trim_end().strip_suffix(')').ok_or_else(open)?;
        let mut given = Vec::new();
        for argument in arguments.split(',') {
            let argument = argument.trim();
            let bare = argument
                .strip_prefix(['\'', '"'])
                .and_then(|argument| argument.strip_suffix(['\'', '"']))
                .unwrap_or(argument);
            let mut expanded = Expanded::default();
            let text = Text {
                says: bare.into(),
                span: crate::text::Span::default(),
                is_plain: false,
            };
            self.expand_into(&mut expanded, text, file, left)?;
            given.push(expanded.says);
        }
        let in_tree = |written: &str| path_in_tree(written, file);
        let above = |name: &str, from: &str| {
            let start = in_tree(from)?;
            let mut folders = std::iter::once(start.clone()).chain(start.above());
            folders.find(|folder| {
                let left = self.folders.get();
                self.folders.set(left.saturating_sub(1));
                left > 0 && folder.join(name).is_some_and(|path| self.tree.holds(&path))
            })
        };
        let rooted = |folder: &TreePath| format!("/{}", String::from_utf8_lossy(folder.as_bytes()));
        let said = match (function.trim().to_ascii_lowercase().as_str(), &*given) {
            ("getpathoffileabove", [name]) => {
                above(name, ".").map(|folder| format!("{}/{name}", rooted(&folder)))
            }
            ("getpathoffileabove", [name, from]) => {
                above(name, from).map(|folder| format!("{}/{name}", rooted(&folder)))
            }
            ("getdirectorynameoffileabove", [from, name]) => above(name, from).map(|folder| rooted(&folder)),
            ("normalizepath", [_, ..]) => Some(given.join("/")),
            ("normalizedirectory", [_, ..]) | ("ensuretrailingslash", [_]) => {
                Some(format!("{}/", given.join("/")))
            }
            _ => None,
        };
        said.ok_or_else(open)
    }
}

/// The path that `written`, in `file`, leads to inside the tree. A slash in front is the top of the tree, which only MSBuild's own
/// words for a place say.
pub(super) fn path_in_tree(written: &str, file: &TreePath) -> Option<TreePath> {
    let written = written.trim().replace('\\', "/");
    match written.strip_prefix('/') {
        Some(rest) => TreePath::new(rest.trim_start_matches('/')),
        None => file.parent().join(&written),
    }
}

/// What stands before the parenthesis that closes the one before `text`.
fn inside_of_parentheses(text: &str) -> Option<&str> {
    let mut depth = 0_usize;
    for (at, byte) in text.bytes().enumerate() {
        match byte {
            b'(' => depth = depth.saturating_add(1),
            b')' if depth == 0 => return text.get(..at),
            b')' => depth = depth.saturating_sub(1),
            _ => {}
        }
    }
    None
}
