//! A path inside a tree.

use std::borrow::Cow;
use std::fmt;
use std::sync::Arc;

/// A path relative to the root of a tree: components joined by `/`, no `.`, no `..`, no leading slash.
/// The root itself is the empty path. Bytes need not be UTF-8. A clone shares them.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct TreePath(Arc<[u8]>);

impl TreePath {
    /// The root of the tree.
    #[must_use]
    pub fn root() -> Self {
        Self::default()
    }

    /// Reads a path as written in a lockfile or an index. `.` and empty components vanish, `..` goes up.
    /// `None` if the path is absolute, leads out of the tree, or holds a NUL or (as Windows would read it)
    /// a drive or a backslash.
    #[must_use]
    pub fn new(path: impl AsRef<[u8]>) -> Option<Self> {
        Self::root().join(path)
    }

    /// A file of this machine that is in no tree, such as the advisory database: the whole path, if it begins at the root of
    /// the file system.
    #[must_use]
    pub fn outside(path: &str) -> Option<Self> {
        let inner = Self::new(path.trim_start_matches('/'))?;
        match path.starts_with('/') {
            true => Some(Self([b"/", inner.as_bytes()].concat().into())),
            false => Some(inner),
        }
    }

    /// It begins at the root of the file system ([`TreePath::outside`]).
    #[must_use]
    pub fn is_outside(&self) -> bool {
        self.0.first() == Some(&b'/')
    }

    /// This path followed by `relative`, under the rules of [`TreePath::new`].
    #[must_use]
    pub fn join(&self, relative: impl AsRef<[u8]>) -> Option<Self> {
        let relative = relative.as_ref();
        if relative.first() == Some(&b'/') || relative.contains(&0) {
            return None;
        }
        let mut components: Vec<&[u8]> = self.components().collect();
        for component in relative.split(|byte| *byte == b'/') {
            match component {
                b"" | b"." => {}
                b".." => {
                    components.pop()?;
                }
                _ => components.push(component),
            }
        }
        Some(Self(components.join(&b'/').into()))
    }

    /// The folder that holds this; the root holds itself.
    #[must_use]
    pub fn parent(&self) -> Self {
        let end = self.0.iter().rposition(|byte| *byte == b'/').unwrap_or(0);
        Self(self.0.get(..end).unwrap_or_default().into())
    }

    /// The folders above this, the nearest first; none above the root.
    pub fn above(&self) -> impl Iterator<Item = Self> {
        let mut at = self.clone();
        std::iter::from_fn(move || {
            if at.0.is_empty() {
                return None;
            }
            at = at.parent();
            Some(at.clone())
        })
    }

    /// It lies in `folder`, at any depth, or is it.
    #[must_use]
    pub fn is_in(&self, folder: &Self) -> bool {
        let rest = self.0.strip_prefix(&*folder.0);
        folder.0.is_empty() || rest.is_some_and(|rest| rest.is_empty() || rest.starts_with(b"/"))
    }

    /// The last component.
    #[must_use]
    pub fn file_name(&self) -> &[u8] {
        let start = memchr::memrchr(b'/', &self.0).map_or(0, |slash| slash.saturating_add(1));
        self.0.get(start..).unwrap_or_default()
    }

    /// The components, outermost first; none for the root.
    pub fn components(&self) -> impl Iterator<Item = &[u8]> {
        self.0
            .split(|byte| *byte == b'/')
            .filter(|component| !component.is_empty())
    }

    /// The bytes, with `/` between components.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }

    /// The path as reports write it: bytes that are not UTF-8 percent-encoded.
    #[must_use]
    pub fn display(&self) -> Cow<'_, str> {
        match std::str::from_utf8(&self.0) {
            Ok(text) => Cow::Borrowed(text),
            Err(_) => {
                let mut text = String::new();
                for chunk in self.0.utf8_chunks() {
                    text.push_str(chunk.valid());
                    for byte in chunk.invalid() {
                        text.push_str(&format!("%{byte:02X}"));
                    }
                }
                Cow::Owned(text)
            }
        }
    }
}

impl fmt::Display for TreePath {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.display())
    }
}

impl fmt::Debug for TreePath {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{:?}", self.display())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_never_lead_out() {
        let path = |text: &str| TreePath::new(text).map(|path| path.to_string());
        assert_eq!(path("a/./b//c").as_deref(), Some("a/b/c"));
        assert_eq!(path("a/../b").as_deref(), Some("b"));
        assert_eq!(path("../b"), None);
        assert_eq!(path("/b"), None);
        assert_eq!(
            TreePath::new("a/b")
                .expect("a path")
                .parent()
                .join("../c")
                .expect("c")
                .to_string(),
            "c"
        );
        assert_eq!(TreePath::new(b"a/\xFFb").expect("a path").display(), "a/%FFb");
    }
}
