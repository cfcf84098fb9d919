//! Versions as they are found: where each is in the tree, and how it is written.

use std::sync::Arc;

use super::interpolation::{Environment, Located, Written};
use super::model::Pom;
use super::recorded::{Declaration, Expression, Form};
use crate::model::{Scopes, TreePath};
use crate::text::Span;

/// The place in the tree for the version of what `pom` declares at `span`: where it is written, else where what a pom of a repository
/// says is asked for; and that pom, as `groupId:artifactId version`.
pub(super) fn in_tree(
    environment: &Environment<'_>,
    pom: &Pom,
    span: Span,
    located: Located,
) -> (Located, Option<String>) {
    let Some(manager) = published_name(&located.path) else {
        return (located, None);
    };
    let asked = match pom.path.is_outside() {
        false => Some((Arc::clone(&pom.path), span)),
        // Every module below that parent has it.
        true => {
            let mut own = environment.project.poms.iter();
            own.rfind(|pom| !pom.path.is_outside()).and_then(|pom| {
                let parent = pom.parent.as_ref()?;
                Some((Arc::clone(&pom.path), parent.place()))
            })
        }
    };
    let Some((path, span)) = asked else {
        return (located, Some(manager));
    };
    let located = Located {
        path,
        span,
        ..located
    };
    (located, Some(manager))
}

/// The artifact and the version whose pom is at `path`; `None` for a file of the tree.
fn published_name(path: &TreePath) -> Option<String> {
    let text = path.is_outside().then(|| path.to_string())?;
    let mut parts = text.trim_start_matches('/').split('/');
    let (group, artifact, version) = (parts.next()?, parts.next()?, parts.next()?);
    Some(format!("{group}:{artifact} {version}"))
}

/// How the version of `name` is written.
pub(super) fn declaration(name: &str, located: &Located, scopes: Scopes) -> Declaration {
    Declaration {
        name: name.to_owned(),
        version: located.text.clone(),
        scopes,
        file: (*located.path).clone(),
        at: located.span,
        form: match &located.written {
            Written::Here => Form::Literal,
            Written::Property(name) => Form::Property(name.clone()),
            Written::Otherwise => Form::Other,
        },
        asked: located.asked.as_ref().map(|(path, value)| Expression {
            file: (**path).clone(),
            at: value.span,
            text: value.text.clone(),
        }),
    }
}

/// The one version that a requirement allows ("Version Requirement Specification", POM Reference): a plain text
/// is taken as it is, `[1.0]` is 1.0; ranges, `LATEST` and `RELEASE` are not exact.
pub(super) fn exact(located: &Located) -> Option<Located> {
    let text = located.text.as_str();
    let version = match text.strip_prefix('[') {
        Some(inside) => inside.strip_suffix(']')?.trim(),
        None => text,
    };
    let start = text.find(version).unwrap_or_default();
    let span = match located.span.len() == text.len() {
        true => located.span.inside(start..start.saturating_add(version.len())),
        false => located.span,
    };
    is_version(version).then(|| Located {
        text: version.to_owned(),
        path: Arc::clone(&located.path),
        written: located.written.clone(),
        asked: located.asked.clone(),
        span,
    })
}

/// One version of an artifact that a repository may hold: no meta-version, and no character that Maven refuses
/// in a version.
pub(super) fn is_version(text: &str) -> bool {
    !matches!(text, "" | "LATEST" | "RELEASE")
        && !text.contains([
            '\\', '/', ':', '"', '<', '>', '|', '?', '*', '[', ']', '(', ')', '{', '}', ',', '&', ';', ' ',
            '\t', '\n',
        ])
}
