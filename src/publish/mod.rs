//! Use case: what was found is said at a forge. SARIF goes to code scanning, one comment to a pull request, one issue is
//! kept while something is open.
//!
//! It comes after the verdict and changes nothing of it. What was not published is told in one notice, which names the
//! permission or the setting that was missing; everything together takes no longer than [`Budget::whole`], whatever the
//! forge does.

mod comment;
mod issue;
mod sarif;

use std::time::Duration;

use tokio::time::timeout;

use crate::forge::{Forge, ForgeError, SarifUpload, Trouble};
use crate::sys::clock::Stopwatch;
use crate::sys::web::Waiting;

pub use comment::Sticky;
pub use issue::{Found, Tracking};

/// What is to be said.
#[derive(Debug, Default)]
pub struct Work {
    /// SARIF, one document a ref.
    pub sarif: Vec<SarifUpload>,
    /// The comment on a pull request.
    pub comment: Option<Sticky>,
    /// The issue of the repository.
    pub issue: Option<Tracking>,
}

impl Work {
    /// Whether nothing is to be said.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.sarif.is_empty() && self.comment.is_none() && self.issue.is_none()
    }
}

/// How long it may take.
#[derive(Debug, Clone, Copy)]
pub struct Budget {
    /// Everything together.
    pub whole: Duration,
    /// Waiting for the forge to take uploads in, within the whole.
    pub processing: Duration,
}

impl Default for Budget {
    fn default() -> Self {
        Self {
            whole: Duration::from_secs(50),
            processing: Duration::from_secs(20),
        }
    }
}

/// What became of it.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub struct Published {
    /// What was done, each a sentence.
    pub done: Vec<String>,
    /// What was not done, each with its reason and the way out.
    pub missed: Vec<String>,
}

impl Published {
    /// Everything that was not done, in one notice; `None` if nothing is missing.
    #[must_use]
    pub fn notice(&self) -> Option<String> {
        if self.missed.is_empty() {
            return None;
        }
        Some(format!(
            "The verdict stands; not everything was published. {}",
            self.missed.join(" ")
        ))
    }

    fn miss(&mut self, error: &ForgeError) {
        let sentence = sentence(error);
        if !self.missed.contains(&sentence) {
            self.missed.push(sentence);
        }
    }
}

fn sentence(error: &ForgeError) -> String {
    let text = error.to_string();
    let mut characters = text.chars();
    let first = characters.next().map(|first| first.to_uppercase().to_string());
    format!(
        "{}{}. {}",
        first.unwrap_or_default(),
        characters.as_str().trim_end_matches('.'),
        error.hint()
    )
}

/// Says all of `work` at `forge`.
pub async fn publish(forge: &dyn Forge, work: &Work, budget: Budget, waiting: &dyn Waiting) -> Published {
    let begun = Stopwatch::start();
    let mut published = Published::default();
    let jobs: [(&'static str, Job<'_>); 3] = [
        (
            "uploading SARIF",
            Box::pin(sarif::upload(forge, &work.sarif, budget.processing, waiting)),
        ),
        (
            "commenting",
            Box::pin(comment::keep(forge, work.comment.as_ref())),
        ),
        (
            "keeping the issue",
            Box::pin(issue::keep(forge, work.issue.as_ref())),
        ),
    ];
    let wanted = [
        !work.sarif.is_empty(),
        work.comment.is_some(),
        work.issue.is_some(),
    ];
    for ((doing, job), _) in jobs.into_iter().zip(wanted).filter(|(_, wanted)| *wanted) {
        match timeout(budget.whole.saturating_sub(begun.elapsed()), job).await {
            Ok(Ok(done)) => published.done.extend(done),
            Ok(Err(error)) => {
                published.miss(&error);
                // Whoever does not answer once is not asked three times.
                if matches!(error.trouble, Trouble::Web(_)) {
                    break;
                }
            }
            Err(_) => {
                published.missed.push(format!(
                    "It took more than {} s ({doing}). Look at the forge's status page, and run the step again later.",
                    budget.whole.as_secs()
                ));
                break;
            }
        }
    }
    published
}

/// One of the things that are said; it gives what was done.
type Job<'j> = std::pin::Pin<Box<dyn Future<Output = Result<Vec<String>, ForgeError>> + Send + 'j>>;
