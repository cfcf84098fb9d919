//! When pull requests of lockkeeper were opened, for the metrics of a grid.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;

use super::forge::{Connection, JobForge};
use super::inputs::Inputs;
use crate::forge::Forge;
use crate::model::Grid;
use crate::model::metrics::{Metrics, Requests};
use crate::policy::FixSettings;
use crate::propose;

/// Puts to the metrics of `grid` when a pull request of each row was opened; without a token nothing is asked, and why a forge
/// does not say it is the reason of the row.
pub fn put(grid: &mut Grid, looks: &FixSettings, inputs: &Inputs, job: &JobForge, now: Timestamp) {
    let Some(metrics) = grid.metrics.as_mut().filter(|_| job.has_forge()) else {
        return;
    };
    let of_lines = packages(metrics);
    let said = match job.connection(inputs) {
        Ok(Connection { forge, runtime }) => {
            let said = runtime.block_on(ask(forge.as_ref(), looks, of_lines));
            runtime.shutdown_background();
            said
        }
        Err(error) => {
            let reason = error.to_string();
            of_lines
                .into_keys()
                .map(|line| (line, Err(reason.clone())))
                .collect()
        }
    };
    metrics.propose(&said, now);
}

/// The packages of the rows of each line.
fn packages(metrics: &Metrics) -> BTreeMap<String, BTreeSet<String>> {
    let mut of_lines: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for row in &metrics.rows {
        let of_line = of_lines.entry(row.ref_name.clone()).or_default();
        of_line.extend(row.packages.iter().map(|package| package.package().to_owned()));
    }
    of_lines
}

async fn ask(
    forge: &dyn Forge,
    looks: &FixSettings,
    of_lines: BTreeMap<String, BTreeSet<String>>,
) -> BTreeMap<String, Requests> {
    let mut said = BTreeMap::new();
    let (open, mut refused) = match forge.open_pulls().await {
        Ok(open) => (open, None),
        Err(error) => (Vec::new(), Some(propose::in_words(&error))),
    };
    for (line, packages) in of_lines {
        let requests = match (&refused, line.strip_prefix("refs/heads/")) {
            (Some(reason), _) => Err(reason.clone()),
            (None, None) => Ok(Vec::new()),
            (None, Some(base)) => propose::past_requests(forge, looks, base, &packages, &open)
                .await
                .map_err(|error| propose::in_words(&error)),
        };
        if let Err(reason) = &requests {
            refused.get_or_insert_with(|| reason.clone());
        }
        said.insert(line, requests);
    }
    said
}
