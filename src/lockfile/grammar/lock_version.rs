//! The number of a lockfile's format where it has two parts: `4.5`, of which a later second part keeps the shape.

use crate::lockfile::{Parsed, Problem};
use crate::model::Cost;
use crate::text::tree::Value;

/// Reports a `version` that is not known: one that is newer in its second part is read as `newest`, any other cannot be read.
pub fn check(version: Value<'_>, newest: (u64, u64), parsed: &mut Parsed) {
    let text = version.as_str().unwrap_or_default();
    let mut numbers = text.split('.').map(|number| number.parse::<u64>().ok());
    let major = numbers.next().flatten();
    let minor = numbers.next().flatten().unwrap_or_default();
    let (newest_major, newest_minor) = newest;
    match major {
        Some(major) if (major, minor) <= newest => {}
        Some(major) if major == newest_major => parsed.problems.push(Problem {
            cost: Cost::Nothing,
            file: None,
            span: version.span(),
            message: format!(
                "lock version {text} is newer than {newest_major}.{newest_minor} and is read as that"
            ),
            hint: "Update lockkeeper.".into(),
        }),
        Some(_) | None => parsed.blind(
            version.span(),
            format!("lock version {text} is not known here; the newest one is {newest_major}.{newest_minor}"),
            "Update lockkeeper.",
        ),
    }
}
