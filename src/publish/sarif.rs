//! SARIF for code scanning: handed in, then asked after until it is taken in.

use std::time::Duration;

use crate::forge::{Forge, ForgeError, Processing, SarifUpload, Trouble};
use crate::sys::web::Waiting;

/// Between two questions, the first times; then the last one again and again.
const PAUSES: [Duration; 4] = [
    Duration::from_secs(1),
    Duration::from_secs(2),
    Duration::from_secs(3),
    Duration::from_secs(5),
];

/// Of the reasons of a refusal so many are told …
const MOST_REASONS: usize = 5;

/// … each with so many characters.
const MOST_LETTERS: usize = 300;

/// Hands in each document, and waits for the forge to take them in.
///
/// # Errors
/// The first [`ForgeError`] of an upload. What cannot be asked after is no error: the upload was accepted.
pub(super) async fn upload(
    forge: &dyn Forge,
    uploads: &[SarifUpload],
    patience: Duration,
    waiting: &dyn Waiting,
) -> Result<Vec<String>, ForgeError> {
    let mut receipts = Vec::with_capacity(uploads.len());
    for upload in uploads {
        receipts.push((upload, forge.upload_sarif(upload).await?));
    }
    let mut left = patience;
    let mut pending = 0;
    let mut refused: Vec<String> = Vec::new();
    for (upload, receipt) in &receipts {
        match processed(forge, receipt, &mut left, waiting).await {
            Processing::Complete => {}
            Processing::Pending => pending += 1,
            Processing::Failed(reasons) => {
                let reasons: Vec<String> = reasons
                    .iter()
                    .take(MOST_REASONS)
                    .map(|reason| reason.chars().take(MOST_LETTERS).collect())
                    .collect();
                refused.push(format!("{}: {}", upload.ref_name, reasons.join("; ")));
            }
        }
    }
    refused.truncate(MOST_REASONS);
    if !refused.is_empty() {
        return Err(ForgeError {
            doing: "uploading SARIF",
            needs: None,
            trouble: Trouble::Invalid {
                code: 202,
                said: refused.join("; "),
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

/// What became of one upload by the time that `left` is used up.
async fn processed(
    forge: &dyn Forge,
    receipt: &str,
    left: &mut Duration,
    waiting: &dyn Waiting,
) -> Processing {
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
        waiting.wait(pause).await;
    }
    Processing::Pending
}
