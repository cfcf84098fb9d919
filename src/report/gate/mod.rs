//! The answer for one release, for `lockkeeper gate`.
//!
//! To add a form of it: write `report/gate/x.rs` and add it to [`FORMS`].

pub mod json;
pub mod markdown;
pub mod terminal;

use super::Form;
use super::headline;
use super::phrases::counted;
use crate::model::{Gate, Verdict};

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

/// The reasons of the verdict, the most important first. The release is hostile text as any other.
fn words(gate: &Gate) -> Vec<String> {
    let outcome = &gate.outcome;
    let release = &gate.release;
    let mut words = vec![match outcome.verdict {
        Verdict::Blocked => {
            let verb = if gate.blocking.len() == 1 {
                "blocks"
            } else {
                "block"
            };
            let findings = counted(gate.blocking.len(), "finding", "findings");
            format!("{findings} {verb} the release of {release}")
        }
        Verdict::Pass => format!("nothing blocks the release of {release}"),
        Verdict::Incomplete => format!(
            "cannot decide whether {release} may be released: {}",
            headline::cause(outcome)
        ),
        Verdict::NothingToScan => headline::no_lockfile(outcome, &format!(" in {release}")),
        Verdict::Failed => "the run failed before it reached a verdict".to_owned(),
    }];
    words.extend(headline::caveats(outcome));
    words
}
