//! Versions in `go.mod` and `go.work`: of modules, of Go and of its toolchain.

use std::cmp::Ordering;

use super::directives::{Directives, is_number};
use crate::text::Span;
use crate::version::{Scheme, go};

/// The first version of Go whose `go.mod` lists every module of the build.
const PRUNED: &str = "1.17.0";

/// A module with this `go` line lists every module of its build.
pub(super) fn is_pruned(version: &str) -> bool {
    go::Go
        .compare(&go::toolchain(version), PRUNED)
        .is_ok_and(Ordering::is_ge)
}

/// A version of Go comes after another.
pub(super) fn is_newer_go(version: &str, than: &str) -> bool {
    go::Go.compare(&go::toolchain(version), &go::toolchain(than)) == Ok(Ordering::Greater)
}

/// A version of Go and where it stands.
#[derive(Debug, Clone)]
pub(super) struct Toolchain {
    pub(super) text: String,
    pub(super) span: Span,
    /// The directive `toolchain` says it.
    pub(super) is_named: bool,
}

/// The version that Go switches to: that of `toolchain`, unless `go` is newer or the toolchain names none.
pub(super) fn toolchain(directives: &Directives<'_>) -> Option<Toolchain> {
    let go = directives.go.as_ref().map(|word| Toolchain {
        text: word.text.to_string(),
        span: word.span,
        is_named: false,
    });
    let named = directives.toolchain.as_ref().and_then(|word| {
        let version = word.text.strip_prefix("go")?;
        // A suffix names a vendor's build.
        let version = version.split_once('-').map_or(version, |(version, _)| version);
        Some(Toolchain {
            text: version.to_owned(),
            span: word.span.inside(2..version.len().saturating_add(2)),
            is_named: true,
        })
    });
    match (go, named) {
        (Some(go), Some(named)) => {
            match go::Go.compare(&go::toolchain(&go.text), &go::toolchain(&named.text)) {
                Ok(Ordering::Greater) => Some(go),
                Ok(Ordering::Less | Ordering::Equal) | Err(_) => Some(named),
            }
        }
        (go, named) => named.or(go),
    }
}

/// `vMAJOR.MINOR.PATCH` with or without what follows `-` or `+`: one version, and no question to a proxy.
pub(super) fn is_exact(version: &str) -> bool {
    let Some(numbers) = version.strip_prefix('v') else {
        return false;
    };
    let (numbers, suffix) = numbers.split_at(numbers.find(['-', '+']).unwrap_or(numbers.len()));
    let mut parts = numbers.split('.');
    let three = [parts.next(), parts.next(), parts.next()]
        .into_iter()
        .all(|part| part.is_some_and(is_number));
    three
        && parts.next().is_none()
        && suffix.len() != 1
        && suffix
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'+' | b'.'))
}
