//! One comment on a pull request, kept up to date: found by a hidden marker among our own, edited in place, minimized when
//! there is nothing left to report.

use crate::forge::{Forge, ForgeError, Visibility};

/// The comment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StickyComment {
    /// The number of the pull request.
    pub number: u64,
    /// Distinguishes it from the comments of other steps: hexadecimal digits.
    pub key: String,
    /// Its text, in the forge's Markdown.
    pub text: String,
    /// Whether it has something to report. A minimized comment is edited, and never added.
    pub visibility: Visibility,
}

impl StickyComment {
    /// The comment's first line, which is not rendered.
    fn marker(&self) -> String {
        format!("<!-- lockkeeper:comment:{} -->", self.key)
    }
}

/// Adds, edits, minimizes or shows the comment.
///
/// # Errors
/// The first [`ForgeError`].
pub(super) async fn keep(
    forge: &dyn Forge,
    sticky: Option<&StickyComment>,
) -> Result<Vec<String>, ForgeError> {
    let Some(sticky) = sticky else {
        return Ok(Vec::new());
    };
    let marker = sticky.marker();
    let body = format!("{marker}\n{}", sticky.text);
    let existing = forge.find_comment(sticky.number, &marker).await?;
    match (existing, sticky.visibility) {
        (None, Visibility::Minimized) => Ok(Vec::new()),
        (None, Visibility::Shown) => {
            forge.add_comment(sticky.number, &body).await?;
            Ok(vec![format!("Commented on #{}.", sticky.number)])
        }
        // Forges end lines as they like.
        (Some(existing), _) if existing.body.replace("\r\n", "\n").trim_end() == body.trim_end() => {
            Ok(vec![format!("The comment on #{} is up to date.", sticky.number)])
        }
        (Some(existing), shown) => {
            // In this order, so that a comment with the right text is also shown or minimized as it should be.
            forge.set_visibility(&existing, shown).await?;
            forge.edit_comment(&existing, &body).await?;
            let minimized = match shown {
                Visibility::Shown => "",
                Visibility::Minimized => " and minimized",
            };
            Ok(vec![format!(
                "The comment on #{} was brought up to date{minimized}.",
                sticky.number
            )])
        }
    }
}
