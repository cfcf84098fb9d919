//! One comment on a pull request, kept up to date: found by a hidden marker among our own, edited in place, folded away
//! when there is nothing to say any more.

use crate::forge::{Forge, ForgeError, Shown};

/// The comment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sticky {
    /// The number of the pull request.
    pub number: u64,
    /// What tells it from the comments of other steps: hexadecimal digits.
    pub key: String,
    /// Its text, in the forge's Markdown.
    pub text: String,
    /// Whether it has something to say. What has not is not said unless it was before.
    pub shown: Shown,
}

impl Sticky {
    /// The comment's first line, which nobody sees.
    fn marker(&self) -> String {
        format!("<!-- lockkeeper:comment:{} -->", self.key)
    }
}

/// Adds, edits, folds away or shows the comment.
///
/// # Errors
/// The first [`ForgeError`].
pub(super) async fn keep(forge: &dyn Forge, sticky: Option<&Sticky>) -> Result<Vec<String>, ForgeError> {
    let Some(sticky) = sticky else {
        return Ok(Vec::new());
    };
    let marker = sticky.marker();
    let body = format!("{marker}\n{}", sticky.text);
    let held = forge.find_comment(sticky.number, &marker).await?;
    match (held, sticky.shown) {
        (None, Shown::Minimised) => Ok(Vec::new()),
        (None, Shown::Whole) => {
            forge.add_comment(sticky.number, &body).await?;
            Ok(vec![format!("Commented on #{}.", sticky.number)])
        }
        // Forges end lines as they like.
        (Some(held), _) if held.body.replace("\r\n", "\n").trim_end() == body.trim_end() => {
            Ok(vec![format!("The comment on #{} is up to date.", sticky.number)])
        }
        (Some(held), shown) => {
            // In this order, so that a comment with the right text is also shown or folded as it should be.
            forge.show_comment(&held, shown).await?;
            forge.edit_comment(&held, &body).await?;
            let folded = match shown {
                Shown::Whole => "",
                Shown::Minimised => " and folded away",
            };
            Ok(vec![format!(
                "The comment on #{} was brought up to date{folded}.",
                sticky.number
            )])
        }
    }
}
