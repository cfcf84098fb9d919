//! `name@range` and `name@reference`, which Yarn calls descriptors and locators.

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_decode_str, utf8_percent_encode};

/// The name, with its scope, and what follows the `@`; without one, nothing.
pub(super) fn split(text: &str) -> (&str, &str) {
    let from = usize::from(text.starts_with('@'));
    let at = text
        .get(from..)
        .and_then(|rest| rest.find('@'))
        .map(|at| at.saturating_add(from));
    match at {
        Some(at) => (
            text.get(..at).unwrap_or_default(),
            text.get(at.saturating_add(1)..).unwrap_or_default(),
        ),
        None => (text, ""),
    }
}

/// A range without the protocol that stands for no other: `npm:^1` and `^1` are one.
pub(super) fn range(text: &str) -> &str {
    text.strip_prefix("npm:").unwrap_or(text)
}

/// It is asked for by an address or a path, and not from a registry.
pub(super) fn is_exotic(range: &str) -> bool {
    range.contains([':', '/'])
}

/// What JavaScript's `encodeURIComponent` leaves as it is.
const COMPONENT: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'_')
    .remove(b'.')
    .remove(b'!')
    .remove(b'~')
    .remove(b'*')
    .remove(b'\'')
    .remove(b'(')
    .remove(b')');

/// A range that means another thing for each dependent (`link:./x`), as Yarn binds it to one.
pub(super) fn bound(range: &str, locator: &str) -> String {
    format!("{range}::locator={}", utf8_percent_encode(locator, COMPONENT))
}

/// What a locator says is installed.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Reference {
    /// The package of a registry, and the address of its archive where that is not the usual one.
    Npm {
        version: String,
        archive: Option<String>,
    },
    /// A module of our own, in this folder.
    Workspace(String),
    /// A folder or an archive beside the project.
    Path(String),
    Git(String),
    Address(String),
    /// A registry that is no npm registry.
    Other(String),
}

/// Patches of patches are followed so deep.
const MAX_PATCHES: usize = 8;

/// The name and the reference of a `resolution`. A patch is what it patches.
pub(super) fn locator(text: &str) -> (String, Reference) {
    let mut text = text.to_owned();
    for _ in 0..MAX_PATCHES {
        let (name, reference) = split(&text);
        // Instances with other peers: `virtual:HASH#REFERENCE`.
        let reference = match reference.strip_prefix("virtual:") {
            Some(rest) => rest.split_once('#').map_or("", |(_, reference)| reference),
            None => reference,
        };
        let Some(patch) = reference.strip_prefix("patch:") else {
            return (name.to_owned(), of_reference(reference));
        };
        let inner = patch.split('#').next().unwrap_or_default();
        text = percent_decode_str(inner).decode_utf8_lossy().into_owned();
    }
    let (name, reference) = split(&text);
    (name.to_owned(), Reference::Other(reference.to_owned()))
}

/// The descriptor that a patch patches.
pub(super) fn patched(range: &str) -> Option<(String, String)> {
    let inner = range.strip_prefix("patch:")?.split('#').next()?;
    let inner = percent_decode_str(inner).decode_utf8_lossy();
    let (name, range) = split(&inner);
    Some((name.to_owned(), self::range(range).to_owned()))
}

fn of_reference(reference: &str) -> Reference {
    let (main, bindings) = reference.split_once("::").unwrap_or((reference, ""));
    let decoded = |text: &str| percent_decode_str(text).decode_utf8_lossy().into_owned();
    if let Some(version) = main.strip_prefix("npm:") {
        let archive = bindings
            .split('&')
            .find_map(|binding| binding.strip_prefix("__archiveUrl="));
        return Reference::Npm {
            version: version.to_owned(),
            archive: archive.map(decoded),
        };
    }
    if let Some(folder) = main.strip_prefix("workspace:") {
        return Reference::Workspace(folder.to_owned());
    }
    for protocol in ["portal:", "link:", "file:", "exec:"] {
        if let Some(path) = main.strip_prefix(protocol) {
            // `file:` repeats the path behind a `#`.
            return Reference::Path(path.split('#').next().unwrap_or_default().to_owned());
        }
    }
    if main.starts_with("jsr:") {
        return Reference::Other(main.to_owned());
    }
    let (address, fragment) = main.split_once('#').unwrap_or((main, ""));
    let commit = fragment.split('&').find_map(|part| part.strip_prefix("commit="));
    match commit {
        Some(commit) => {
            let address = address.strip_prefix("git+").unwrap_or(address);
            Reference::Git(format!("{address}#{commit}"))
        }
        None => Reference::Address(main.to_owned()),
    }
}

/// An entry of `resolutions`: in place of what a package, or anything, asks for.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Resolution {
    /// The dependent: its name, and its version or reference if that is given.
    pub(super) from: Option<(String, Option<String>)>,
    pub(super) name: String,
    /// The range that is replaced; all of them without one.
    pub(super) range: Option<String>,
    /// What is taken.
    pub(super) reference: String,
}

impl Resolution {
    /// `a`, `a@npm:1`, `a/b`, `@s/a@npm:1/@s/b@npm:^2`; `**/a` is Yarn 1's form of `a`.
    pub(super) fn of(pattern: &str, reference: &str) -> Option<Self> {
        let pattern = pattern.trim_start_matches("**/").trim_start_matches("*/");
        let (first, rest) = descriptor(pattern)?;
        let (from, (name, range)) = match rest {
            "" => (None, first),
            rest => {
                let (second, after) = descriptor(rest.strip_prefix('/')?)?;
                if !after.is_empty() {
                    return None;
                }
                (Some(first), second)
            }
        };
        let owned = |range: Option<&str>| range.map(|range| self::range(range).to_owned());
        Some(Self {
            from: from.map(|(name, range)| (name.to_owned(), owned(range))),
            name: name.to_owned(),
            range: owned(range),
            reference: self::range(reference).to_owned(),
        })
    }
}

/// A name with its scope and, behind `@`, a range without `/`; and what follows.
fn descriptor(text: &str) -> Option<((&str, Option<&str>), &str)> {
    let scope = match text.starts_with('@') {
        true => text.find('/')?.saturating_add(1),
        false => 0,
    };
    let behind = text.get(scope..)?;
    let end = behind.find(['@', '/']).unwrap_or(behind.len());
    let (name, rest) = text.split_at_checked(scope.saturating_add(end))?;
    if end == 0 {
        return None;
    }
    let Some(range) = rest.strip_prefix('@') else {
        return Some(((name, None), rest));
    };
    // What ends a range is the `/` before another name; the range of a patch or path holds more of them.
    let end = match range.contains(':') && !range.starts_with("npm:") {
        true => range.len(),
        false => range.find('/').unwrap_or(range.len()),
    };
    let (range, rest) = range.split_at_checked(end)?;
    Some(((name, Some(range)), rest))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn locators_say_what_is_installed() {
        let npm = |version: &str, archive: Option<&str>| Reference::Npm {
            version: version.into(),
            archive: archive.map(str::to_owned),
        };
        for (text, name, expected) in [
            ("a@npm:1.2.3", "a", npm("1.2.3", None)),
            ("@s/a@npm:1.2.3", "@s/a", npm("1.2.3", None)),
            ("a@virtual:0123abc#npm:1.2.3", "a", npm("1.2.3", None)),
            (
                "a@npm:1.2.3::__archiveUrl=https%3A%2F%2Fregistry.example%2Fa-1.2.3.tgz",
                "a",
                npm("1.2.3", Some("https://registry.example/a-1.2.3.tgz")),
            ),
            (
                "a@patch:a@npm%3A1.2.3#./x.patch::version=1.2.3&hash=1&locator=b%40workspace%3A.",
                "a",
                npm("1.2.3", None),
            ),
            (
                "a@patch:a@patch%3Aa@npm%253A1.2.3%23./x.patch%3A%3Aversion=1#optional!builtin<compat/a>::version=1.2.3",
                "a",
                npm("1.2.3", None),
            ),
            (
                "a@workspace:packages/a",
                "a",
                Reference::Workspace("packages/a".into()),
            ),
            (
                "a@file:./v/a#./v/a::hash=1&locator=b%40workspace%3A.",
                "a",
                Reference::Path("./v/a".into()),
            ),
            ("a@link:../a::locator=b", "a", Reference::Path("../a".into())),
            (
                "a@https://git.example/a.git#commit=0123",
                "a",
                Reference::Git("https://git.example/a.git#0123".into()),
            ),
            (
                "a@git+ssh://git@git.example/a.git#workspace=x&commit=0123",
                "a",
                Reference::Git("ssh://git@git.example/a.git#0123".into()),
            ),
            (
                "a@https://files.example/a.tgz",
                "a",
                Reference::Address("https://files.example/a.tgz".into()),
            ),
        ] {
            assert_eq!(locator(text), (name.to_owned(), expected), "{text}");
        }
        assert!(matches!(
            locator(&format!("a@{}", "patch:a@".repeat(20))).1,
            Reference::Other(_)
        ));
        assert_eq!(
            patched("patch:a@npm%3A^1#~builtin<compat/a>"),
            Some(("a".into(), "^1".into()))
        );
        assert_eq!(patched("npm:1"), None);
        assert_eq!(
            bound("link:./x", "@s/a@workspace:."),
            "link:./x::locator=%40s%2Fa%40workspace%3A."
        );
    }

    #[test]
    fn resolutions_name_a_dependency_and_maybe_a_dependent() {
        let said = |pattern: &str| {
            let it = Resolution::of(pattern, "npm:1.0.0")?;
            assert_eq!(it.reference, "1.0.0");
            let from = it
                .from
                .map(|(name, range)| format!("{name} {range:?} > "))
                .unwrap_or_default();
            Some(format!("{from}{} {:?}", it.name, it.range))
        };
        for (pattern, expected) in [
            ("a", Some("a None")),
            ("**/a", Some("a None")),
            ("@s/a", Some("@s/a None")),
            ("a/b", Some("a None > b None")),
            ("@s/a/@t/b", Some("@s/a None > @t/b None")),
            ("a@npm:1.0.0/b@^2", Some("a Some(\"1.0.0\") > b Some(\"^2\")")),
            ("a@^1", Some("a Some(\"^1\")")),
            (
                "a@patch:a@npm%3A1#./x/y.patch",
                Some("a Some(\"patch:a@npm%3A1#./x/y.patch\")"),
            ),
            ("", None),
            ("@s", None),
            ("a/b/c", None),
        ] {
            assert_eq!(said(pattern).as_deref(), expected, "{pattern}");
        }
    }
}
