//! Reports that go to one file for each ref.

use std::collections::BTreeSet;

use super::output::Sink;
use crate::model::lines::short_name;
use crate::model::{Failure, Outcome};

/// What stands in `--output` for the name of a ref.
pub const REF: &str = "{ref}";

/// One outcome a ref, each with a place of its own: code scanning takes the findings of one ref at a time.
///
/// # Errors
/// A [`Failure`] of usage for several refs and one file for all of them.
pub fn by_ref(outcome: &Outcome, sink: &Sink) -> Result<Vec<(Outcome, Sink)>, Failure> {
    let pattern = match sink {
        Sink::Standard => None,
        Sink::File(path) => path.to_str().filter(|path| path.contains(REF)),
    };
    let Some(pattern) = pattern else {
        return match outcome.targets.len() {
            0 | 1 => Ok(vec![(outcome.clone(), sink.clone())]),
            refs => Err(Failure::usage(
                format!("one SARIF file is for one ref, and --refs names {refs}"),
                "Write one file each: `--format sarif --output 'sarif/{ref}.sarif'`.",
            )),
        };
    };
    let mut taken = BTreeSet::new();
    let mut outcomes = Vec::with_capacity(outcome.targets.len());
    for target in &outcome.targets {
        let short = in_a_name(short_name(target.ref_name.as_deref().unwrap_or("HEAD")));
        let mut name = short.clone();
        // `a/b` and `a-b` are two refs.
        for number in 2.. {
            if taken.insert(name.clone()) {
                break;
            }
            name = format!("{short}~{number}");
        }
        outcomes.push((
            outcome.alone(target),
            Sink::File(pattern.replace(REF, &name).into()),
        ));
    }
    Ok(outcomes)
}

/// The short name of a ref as it stands in the name of a file.
#[must_use]
pub fn in_a_name(short: &str) -> String {
    short.replace('/', "-")
}
