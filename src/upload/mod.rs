//! Use case: findings are uploaded to a forge. SARIF goes to code scanning, one comment to a pull request, one issue is kept
//! open while something is.
//!
//! It comes after the verdict and changes nothing of it. What was not uploaded is reported in one notice, which names the
//! permission or the setting that is missing; everything together takes at most [`Budget::total`].

mod comment;
mod issue;
mod sarif;

use std::time::Duration;

use tokio::time::timeout;

use crate::forge::{ApiError, Forge, ForgeError, SarifUpload};
use crate::sys::clock::Stopwatch;
use crate::sys::web::Timer;

pub use comment::StickyComment;
pub use issue::{TrackingIssue, TrackingState};

/// What is to be uploaded.
#[derive(Debug, Default)]
pub struct Uploads {
    /// SARIF, one document a ref.
    pub sarif: Vec<SarifUpload>,
    /// The comment on a pull request.
    pub comment: Option<StickyComment>,
    /// The issue of the repository.
    pub issue: Option<TrackingIssue>,
}

impl Uploads {
    /// Whether there is nothing to upload.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.sarif.is_empty() && self.comment.is_none() && self.issue.is_none()
    }
}

/// How long it may take.
#[derive(Debug, Clone, Copy)]
pub struct Budget {
    /// Everything together.
    pub total: Duration,
    /// Waiting for the forge to take uploads in, within the total.
    pub processing: Duration,
}

impl Default for Budget {
    fn default() -> Self {
        Self {
            total: Duration::from_secs(50),
            processing: Duration::from_secs(20),
        }
    }
}

/// What was uploaded.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub struct Uploaded {
    /// What was done, each a sentence.
    pub done: Vec<String>,
    /// What was not done, each with its reason and what to do.
    pub missed: Vec<String>,
}

impl Uploaded {
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

/// Uploads all of `work` to `forge`.
pub async fn upload(forge: &dyn Forge, work: &Uploads, budget: Budget, timer: &dyn Timer) -> Uploaded {
    let begun = Stopwatch::start();
    let mut uploaded = Uploaded::default();
    let jobs: [(&'static str, Job<'_>); 3] = [
        (
            "uploading SARIF",
            Box::pin(sarif::upload(forge, &work.sarif, budget.processing, timer)),
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
        match timeout(budget.total.saturating_sub(begun.elapsed()), job).await {
            Ok(Ok(done)) => uploaded.done.extend(done),
            Ok(Err(error)) => {
                uploaded.miss(&error);
                // A forge that does not respond once is not tried three times.
                if matches!(error.error, ApiError::Http(_)) {
                    break;
                }
            }
            Err(_) => {
                uploaded.missed.push(format!(
                    "It took more than {} s ({doing}). Look at the forge's status page, and run the step again later.",
                    budget.total.as_secs()
                ));
                break;
            }
        }
    }
    uploaded
}

/// One upload, which returns what was done.
type Job<'j> = std::pin::Pin<Box<dyn Future<Output = Result<Vec<String>, ForgeError>> + Send + 'j>>;
