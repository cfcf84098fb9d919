//! What the keys of `packages` and `snapshots` say, and which key a dependent means.
//!
//! | lockfile version | key | a dependent says |
//! |---|---|---|
//! | 5 | `/name/1.0.0_peers`, `host/name/1.0.0` | `1.0.0_peers`, or the key |
//! | 6 | `/name@1.0.0(peer@1.0.0)` | `1.0.0(peer@1.0.0)`, or the key |
//! | 7, 9 | `name@1.0.0(peer@1.0.0)`, `name@https://…` | what is behind the name, or the key |
//!
//! What is behind the version says which peers are installed beside it, and by which patch it is changed
//! (`(patch_hash=…)`). Version 5 writes peers as `_react@18.0.0`, as a hash, or, since pnpm 7.10, in round brackets.

use std::ops::Range;

/// How keys are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Style {
    /// Lockfile version 5.
    Slash,
    /// Lockfile version 6.
    SlashAt,
    /// Lockfile version 7 and later.
    At,
}

/// A key taken apart.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Key {
    /// The package's name, where the key says it.
    pub(super) name: Option<Range<usize>>,
    /// What follows the name, without peers: a version, or an address. All of the key where it says no name.
    pub(super) version: Range<usize>,
    /// It is a version of a registry.
    pub(super) is_version: bool,
    /// The registry, where the key names one: its host, or the name that it is set up under.
    pub(super) registry: Option<Range<usize>>,
}

/// Takes `key` apart.
pub(super) fn parse(style: Style, key: &str) -> Key {
    let end = suffix(key);
    let whole = Key {
        name: None,
        version: 0..end,
        is_version: false,
        registry: None,
    };
    match style {
        Style::At => {
            let Some(at) = separator(key, 0, end) else {
                return whole;
            };
            let behind = at.saturating_add(1);
            let version = key.get(behind..end).unwrap_or_default();
            // `name@registry:1.0.0` is of the registry that is set up under that name.
            let start = match version.split_once(':') {
                Some((registry, version)) if is_version(version) && is_registry_name(registry) => {
                    behind.saturating_add(registry.len()).saturating_add(1)
                }
                Some(_) | None => behind,
            };
            Key {
                name: Some(0..at),
                version: start..end,
                is_version: is_version(key.get(start..end).unwrap_or_default()),
                registry: (start > behind).then(|| behind..start.saturating_sub(1)),
            }
        }
        Style::SlashAt | Style::Slash => old(style, key, end).unwrap_or(whole),
    }
}

/// A key of version 5 or 6 that names a version: behind the first slash, which a host may stand before.
fn old(style: Style, key: &str, end: usize) -> Option<Key> {
    if key.starts_with("file:") {
        return None;
    }
    let start = key.find('/')?.saturating_add(1);
    let separator = match style {
        Style::SlashAt => separator(key, start, end)?,
        Style::Slash | Style::At => {
            let name = key.get(start..end)?;
            let from = match name.starts_with('@') {
                true => name.find('/')?.saturating_add(1),
                false => 0,
            };
            let slash = name.get(from..)?.find('/')?;
            start.saturating_add(from).saturating_add(slash)
        }
    };
    let behind = separator.saturating_add(1);
    let version = key.get(behind..end)?;
    let end = match version.find('_') {
        Some(peers) if style == Style::Slash => behind.saturating_add(peers),
        Some(_) | None => end,
    };
    is_version(key.get(behind..end)?).then_some(Key {
        name: Some(start..separator),
        version: behind..end,
        is_version: true,
        registry: (start > 1).then(|| 0..start.saturating_sub(1)),
    })
}

/// The `@` between name and version; the scope begins with one, too.
fn separator(key: &str, start: usize, end: usize) -> Option<usize> {
    let rest = key.get(start..end)?;
    let at = rest.get(1..)?.find('@')?;
    Some(start.saturating_add(at).saturating_add(1))
}

/// Where the peers and the patch begin: the brackets at the end, which may lie in one another.
pub(super) fn suffix(key: &str) -> usize {
    if !key.ends_with(')') {
        return key.len();
    }
    let mut open = 0_usize;
    let mut start = key.len();
    for (at, byte) in key.bytes().enumerate().rev() {
        match byte {
            b')' => open = open.saturating_add(1),
            b'(' => {
                open = open.saturating_sub(1);
                if open == 0 {
                    start = at;
                }
            }
            _ if open == 0 => break,
            _ => {}
        }
    }
    start
}

/// The key that a dependent means by `reference` under `name`, put into `key`.
pub(super) fn meant<'k>(style: Style, name: &'k str, reference: &'k str, key: &'k mut String) -> &'k str {
    let before = reference.find('(').and_then(|bracket| reference.get(..bracket));
    let before = before.unwrap_or(reference);
    let is_key = match style {
        Style::At => match (before.find('@'), before.find(':')) {
            (None, _) => false,
            (Some(0), _) | (Some(_), None) => true,
            (Some(at), Some(colon)) => at < colon,
        },
        Style::SlashAt | Style::Slash => before.contains('/') || before.starts_with("file:"),
    };
    if is_key {
        return reference;
    }
    key.clear();
    let (start, separator) = match style {
        Style::Slash => ("/", "/"),
        Style::SlashAt => ("/", "@"),
        Style::At => ("", "@"),
    };
    for part in [start, name, separator, reference] {
        key.push_str(part);
    }
    key
}

/// It begins as a version does, and holds no character that no version has.
pub(super) fn is_version(text: &str) -> bool {
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-' | b'+');
    text.starts_with(|first: char| first.is_ascii_digit()) && text.bytes().all(is_plain)
}

fn is_registry_name(name: &str) -> bool {
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-' | b'_');
    !matches!(
        name,
        "" | "file" | "link" | "runtime" | "workspace" | "http" | "https"
    ) && name.bytes().all(is_plain)
}

/// The folder that `path`, from the folder `from`, leads to. `.` is the folder of the lockfile.
pub(super) fn folder(from: &str, path: &str) -> String {
    let mut folders: Vec<&str> = Vec::new();
    let path = path.split(['/', '\\']);
    for part in from.split('/').chain(path) {
        match part {
            "" | "." => {}
            ".." if folders.last().is_some_and(|last| *last != "..") => {
                folders.pop();
            }
            part => folders.push(part),
        }
    }
    match folders.is_empty() {
        true => ".".into(),
        false => folders.join("/"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_of_every_version() {
        use Style::{At, Slash, SlashAt};
        for (style, key, name, version, is_version) in [
            (Slash, "/is-odd/3.0.1", "is-odd", "3.0.1", true),
            (Slash, "/@types/node/18.0.0", "@types/node", "18.0.0", true),
            (
                Slash,
                "/react-dom/18.3.1_react@18.2.0",
                "react-dom",
                "18.3.1",
                true,
            ),
            (Slash, "/a/1.0.0-rc.1_b+c@1.0.0_x", "a", "1.0.0-rc.1", true),
            (Slash, "/a/1.0.0(b@1.0.0)(@c/d@2.0.0)", "a", "1.0.0", true),
            (Slash, "registry.example/a/1.0.0", "a", "1.0.0", true),
            (Slash, "registry.example/@s/a/1.0.0", "@s/a", "1.0.0", true),
            (
                Slash,
                "git.example/team/tool/0123abc",
                "",
                "git.example/team/tool/0123abc",
                false,
            ),
            (Slash, "file:libs/x.tgz", "", "file:libs/x.tgz", false),
            (SlashAt, "/is-odd@3.0.1", "is-odd", "3.0.1", true),
            (
                SlashAt,
                "/@s/a@1.0.0(b@1.0.0(c@2.0.0))(d@1.0.0)",
                "@s/a",
                "1.0.0",
                true,
            ),
            (SlashAt, "registry.example/a@1.0.0", "a", "1.0.0", true),
            (
                SlashAt,
                "@files.example/x/a.tgz",
                "",
                "@files.example/x/a.tgz",
                false,
            ),
            (SlashAt, "file:b(react@18.2.0)", "", "file:b", false),
            (At, "is-odd@3.0.1", "is-odd", "3.0.1", true),
            (At, "@s/a@1.0.0(patch_hash=abc)(b@1.0.0)", "@s/a", "1.0.0", true),
            (At, "a@work:1.0.0", "a", "1.0.0", true),
            (
                At,
                "a@https://files.example/a@1.tgz",
                "a",
                "https://files.example/a@1.tgz",
                false,
            ),
            (At, "a@file:x(b@1.0.0)", "a", "file:x", false),
            (At, "node@runtime:22.0.0", "node", "runtime:22.0.0", false),
            (At, "nothing", "", "nothing", false),
            (At, "a@)", "a", ")", false),
            (Slash, "/", "", "/", false),
        ] {
            let found = parse(style, key);
            let text = |range: Range<usize>| key.get(range).expect("a part");
            let of_name = found.name.clone().map_or("", text);
            assert_eq!(
                (of_name, text(found.version.clone()), found.is_version),
                (name, version, is_version),
                "{key}"
            );
        }
    }

    #[test]
    fn references_lead_to_keys() {
        use Style::{At, Slash, SlashAt};
        for (style, reference, expected) in [
            (Slash, "3.0.1", "/a/3.0.1"),
            (Slash, "18.3.1_react@18.2.0", "/a/18.3.1_react@18.2.0"),
            (Slash, "1.0.0(@c/d@2.0.0)", "/a/1.0.0(@c/d@2.0.0)"),
            (Slash, "/is-number/6.0.0", "/is-number/6.0.0"),
            (Slash, "file:x.tgz", "file:x.tgz"),
            (
                Slash,
                "git.example/team/tool/0123abc",
                "git.example/team/tool/0123abc",
            ),
            (SlashAt, "3.0.1(@c/d@2.0.0)", "/a@3.0.1(@c/d@2.0.0)"),
            (SlashAt, "/is-number@6.0.0", "/is-number@6.0.0"),
            (At, "3.0.1(@c/d@2.0.0)", "a@3.0.1(@c/d@2.0.0)"),
            (At, "is-number@6.0.0", "is-number@6.0.0"),
            (At, "@c/d@6.0.0", "@c/d@6.0.0"),
            (At, "file:x@1.tgz", "a@file:x@1.tgz"),
            (
                At,
                "https://files.example/a@1.tgz",
                "a@https://files.example/a@1.tgz",
            ),
            (
                At,
                "b@https://files.example/b.tgz",
                "b@https://files.example/b.tgz",
            ),
        ] {
            assert_eq!(
                meant(style, "a", reference, &mut String::new()),
                expected,
                "{reference}"
            );
        }
    }

    #[test]
    fn folders_from_folders() {
        for (from, path, expected) in [
            (".", "packages/a", "packages/a"),
            ("packages/a", "../b", "packages/b"),
            ("packages/a", "../..", "."),
            (".", "../x/./y", "../x/y"),
            ("../x", "../../y", "../../y"),
        ] {
            assert_eq!(folder(from, path), expected);
        }
    }
}
