//! The tables of a `deno.lock`, wherever its version has them.

use std::borrow::Cow;

use foldhash::HashSet;

use super::{DAMAGED, NEWEST};
use crate::lockfile::Parsed;
use crate::text::tree::{Kind, Value};

/// The tables of the file, wherever its version has them.
pub(super) struct Tables<'d> {
    pub(super) version: u64,
    pub(super) specifiers: Option<Value<'d>>,
    pub(super) npm: Option<Value<'d>>,
    pub(super) jsr: Option<Value<'d>>,
    pub(super) remote: Option<Value<'d>>,
    pub(super) workspace: Option<Value<'d>>,
}

impl<'d> Tables<'d> {
    pub(super) fn of(root: Value<'d>, parsed: &mut Parsed) -> Self {
        let mut parts = Self {
            version: 0,
            specifiers: None,
            npm: None,
            jsr: None,
            remote: None,
            workspace: None,
        };
        let mut version = None;
        let mut seen: HashSet<Cow<'d, str>> = HashSet::default();
        for (key, value) in root.entries() {
            match key.as_ref() {
                "version" => version = Some(value),
                "specifiers" => parts.specifiers = Some(value),
                "npm" => parts.npm = Some(value),
                "jsr" => parts.jsr = Some(value),
                "remote" => parts.remote = Some(value),
                "workspace" => parts.workspace = Some(value),
                // Version 3 has these tables in one of their own.
                "packages" => {
                    for (key, value) in value.entries() {
                        match key.as_ref() {
                            "specifiers" => parts.specifiers = Some(value),
                            "npm" => parts.npm = Some(value),
                            "jsr" => parts.jsr = Some(value),
                            _ => {}
                        }
                    }
                }
                _ => {}
            }
            if !seen.insert(key.clone()) {
                parsed.blind(value.key_span(), format!("`{key}` is written twice"), DAMAGED);
            }
        }
        match version.map(|value| {
            (
                value.as_str().and_then(|text| text.parse::<u64>().ok()),
                value.span(),
            )
        }) {
            Some((Some(version), span)) => {
                parts.version = version;
                if version > NEWEST {
                    let message = format!(
                        "version {version} of the lockfile is newer than {NEWEST}, the newest one known here, and is read as that"
                    );
                    parsed.remark(span, message, "Update lockkeeper.");
                }
            }
            Some((None, span)) => parsed.blind(span, "`version` is no number", DAMAGED),
            // Version 1 is a table of addresses alone, and has no number.
            None if is_version_1(root) => {
                parts.version = 1;
                parts.remote = Some(root);
            }
            None => parsed.blind(root.span(), "no lockfile of Deno: it has no `version`", DAMAGED),
        }
        // Version 2 has `specifiers` and `packages` below `npm`.
        if parts.version == 2
            && let Some(npm) = parts.npm.take()
        {
            parts.specifiers = npm.get("specifiers");
            parts.npm = npm.get("packages");
        }
        for (name, value) in [
            ("npm", parts.npm),
            ("specifiers", parts.specifiers),
            ("jsr", parts.jsr),
            ("remote", parts.remote),
            ("workspace", parts.workspace),
        ] {
            if let Some(value) = value.filter(|value| value.kind() != Kind::Object) {
                parsed.blind(value.span(), format!("`{name}` is no object"), DAMAGED);
            }
        }
        parts
    }
}

fn is_version_1(root: Value<'_>) -> bool {
    let mut entries = root.entries().peekable();
    entries.peek().is_some() && entries.all(|(key, value)| key.contains("://") && value.as_str().is_some())
}

/// A name with its scope, and what follows the `@` behind it.
pub(super) fn split(text: &str) -> (&str, &str) {
    let from = usize::from(text.starts_with('@'));
    let rest = text.get(from..).unwrap_or_default();
    match rest.find('@').map(|at| at.saturating_add(from)) {
        Some(at) => (
            text.get(..at).unwrap_or_default(),
            text.get(at.saturating_add(1)..).unwrap_or_default(),
        ),
        None => (text, ""),
    }
}
