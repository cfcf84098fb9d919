//! SARIF for code scanning: uploaded, then polled until it is processed.

use std::time::Duration;

use crate::forge::{ApiError, Forge, ForgeError, Processing, SarifUpload};
use crate::sys::web::Timer;

/// Between two polls; the last pause repeats.
const PAUSES: [Duration; 4] = [
    Duration::from_secs(1),
    Duration::from_secs(2),
    Duration::from_secs(3),
    Duration::from_secs(5),
];

/// At most this many reasons of a refusal are reported …
const MAX_REASONS: usize = 5;

/// … each with at most this many characters.
const MAX_LETTERS: usize = 300;

/// Uploads each document, and waits until the forge has processed them.
///
/// # Errors
/// The first [`ForgeError`] of an upload. A failed poll is no error: the upload was accepted.
pub(super) async fn upload(
    forge: &dyn Forge,
    uploads: &[SarifUpload],
    max_wait: Duration,
    timer: &dyn Timer,
) -> Result<Vec<String>, ForgeError> {
    let mut receipts = Vec::with_capacity(uploads.len());
    for upload in uploads {
        receipts.push((upload, forge.upload_sarif(upload).await?));
    }
    let mut left = max_wait;
    let mut pending = 0;
    let mut refused: Vec<String> = Vec::new();
    for (upload, receipt) in &receipts {
        match processed(forge, receipt, &mut left, timer).await {
            Processing::Complete => {}
            Processing::Pending => pending += 1,
            Processing::Failed(reasons) => {
                let reasons: Vec<String> = reasons
                    .iter()
                    .take(MAX_REASONS)
                    .map(|reason| reason.chars().take(MAX_LETTERS).collect())
                    .collect();
                refused.push(format!("{}: {}", upload.ref_name, reasons.join("; ")));
            }
        }
    }
    refused.truncate(MAX_REASONS);
    if !refused.is_empty() {
        return Err(ForgeError {
            doing: "uploading SARIF",
            needs: None,
            error: ApiError::Invalid {
                code: 202,
                message: refused.join("; "),
            },
        });
    }
    let what = match uploads {
        [one] => format!("SARIF for {} was uploaded to code scanning", one.ref_name),
        many => format!("SARIF for {} refs was uploaded to code scanning", many.len()),
    };
    Ok(vec![match pending {
        0 => format!("{what} and taken in."),
        _ => format!("{what}, which is still taking it in."),
    }])
}

/// The state of one upload once it is processed or `left` is used up.
async fn processed(forge: &dyn Forge, receipt: &str, left: &mut Duration, timer: &dyn Timer) -> Processing {
    for number in 0.. {
        match forge.processing(receipt).await {
            Ok(Processing::Pending) => {}
            Ok(state) => return state,
            Err(_) => return Processing::Pending,
        }
        let last = PAUSES.len() - 1;
        let pause = PAUSES.get(number.min(last)).copied().unwrap_or_default();
        match left.checked_sub(pause) {
            Some(rest) => *left = rest,
            None => break,
        }
        timer.wait(pause).await;
    }
    Processing::Pending
}
