//! The answer for one release, for `lockkeeper gate`.
//!
//! To add a form of it: write `report/gate/x.rs` and add it to [`FORMS`].

pub mod json;
pub mod markdown;
pub mod terminal;

use super::Form;
use super::headline;
use crate::model::{Gate, Verdict};
use crate::remediation::{Remediation, Summary};

/// Every form of a gate, in alphabetical order.
pub static FORMS: &[Form<Gate>] = &[
    Form {
        name: "json",
        write: json::write,
    },
    Form {
        name: "markdown",
        write: markdown::write,
    },
    Form {
        name: "terminal",
        write: terminal::write,
    },
];

/// The reasons of the verdict, the most important first. `failing` is what to do about what blocks. The release is hostile text as any other.
fn words(gate: &Gate, failing: &[Remediation<'_>]) -> Vec<String> {
    let outcome = &gate.outcome;
    let release = &gate.release;
    let mut words = vec![match outcome.verdict {
        Verdict::Blocked => {
            let summary = Summary::of(failing);
            let verb = match summary.advisories.len() {
                1 => "blocks",
                _ => "block",
            };
            format!(
                "{} {verb} the release of {release}; {}",
                headline::extent(outcome, &summary),
                headline::fixing(&summary)
            )
        }
        Verdict::Pass => format!("nothing blocks the release of {release}"),
        Verdict::Incomplete => format!(
            "cannot decide whether {release} may be released: {}",
            headline::cause(outcome, outcome.coverage.blind.len())
        ),
        Verdict::NothingToScan => headline::no_lockfile(outcome, &format!(" in {release}")),
        Verdict::Failed => "the run failed before it reached a verdict".to_owned(),
    }];
    words.extend(headline::caveats(outcome));
    words
}
