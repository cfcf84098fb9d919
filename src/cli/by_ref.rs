//! Reports that go to one file for each ref.

use std::collections::BTreeSet;

use super::output::Sink;
use crate::model::lines::short_name;
use crate::model::{Failure, Outcome};

/// What stands in `--output` for the name of a ref.
pub const REF: &str = "{ref}";

/// A file of this format is about one ref: code scanning takes the findings of one at a time, and what two of them lock is in no
/// release together.
#[must_use]
pub fn is_of_one_ref(format: &str) -> bool {
    matches!(format, "cyclonedx" | "openvex" | "sarif" | "spdx")
}

/// What a format is called that is about one ref.
#[must_use]
pub fn title(format: &str) -> &'static str {
    match format {
        "cyclonedx" => "CycloneDX",
        "openvex" => "OpenVEX",
        "spdx" => "SPDX",
        _ => "SARIF",
    }
}

/// One outcome a ref, each with a place of its own, for a file of `format`.
///
/// # Errors
/// A [`Failure`] of usage for several refs and one file for all of them.
pub fn by_ref(outcome: &Outcome, format: &str, sink: &Sink) -> Result<Vec<(Outcome, Sink)>, Failure> {
    let pattern = match sink {
        Sink::Standard => None,
        Sink::File(path) => path.to_str().filter(|path| path.contains(REF)),
    };
    let Some(pattern) = pattern else {
        return match outcome.targets.len() {
            0 | 1 => Ok(vec![(outcome.clone(), sink.clone())]),
            refs => Err(Failure::usage(
                format!(
                    "one {} file is for one ref, and --refs names {refs}",
                    title(format)
                ),
                match format {
                    "cyclonedx" => {
                        "Write one file each: `--format cyclonedx --output 'sbom/{ref}.cdx.json'`."
                    }
                    "openvex" => "Write one file each: `--format openvex --output 'vex/{ref}.openvex.json'`.",
                    "spdx" => "Write one file each: `--format spdx --output 'sbom/{ref}.spdx.json'`.",
                    _ => "Write one file each: `--format sarif --output 'sarif/{ref}.sarif'`.",
                },
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
