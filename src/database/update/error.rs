//! Why an update was not made, or an address gave nothing.

use std::path::PathBuf;

use jiff::Timestamp;

use super::origin::Origin;
use crate::advisory::{Loss, OpenError, TooLarge};
use crate::database::archive::ArchiveError;
use crate::database::build;
use crate::feed::FeedError;
use crate::sys::file::FileError;
use crate::sys::web::{Address, WebError};

/// Why no update was made. The old index is still in place.
#[derive(Debug, thiserror::Error)]
pub enum UpdateError {
    /// Neither the caller nor the index names an ecosystem.
    #[error("no ecosystem to update")]
    NoEcosystem,
    /// There is a file that must not be replaced.
    #[error("{}: {reason}", path.display())]
    NotReplaceable {
        /// The index's path.
        path: PathBuf,
        /// It belongs to a newer program, or is no index.
        reason: OpenError,
    },
    /// No address gave what was needed.
    #[error("{}", list(.0))]
    NoOrigin(Vec<FailedOrigin>),
    /// Too much of a source or an ecosystem could not be read.
    #[error("{} could not be read{}", build::list(losses), rejected.as_ref().map_or_else(String::new, |first| format!(" ({first})")))]
    Lost {
        /// Of what, and how much.
        losses: Vec<Loss>,
        /// The first document that could not be read, with the reason.
        rejected: Option<String>,
    },
    /// A file could not be read or written.
    #[error(transparent)]
    File(#[from] FileError),
    /// An archive that was read once cannot be read again.
    #[error("{}: is no zip that can be read: {source}", path.display())]
    Archive {
        /// The archive.
        path: PathBuf,
        /// Why not.
        source: ArchiveError,
    },
    /// A file of a publication that was verified cannot be read again.
    #[error("{}: {source}", path.display())]
    Piece {
        /// The file.
        path: PathBuf,
        /// Why not.
        source: OpenError,
    },
    /// The new index would be too large.
    #[error(transparent)]
    TooLarge(#[from] TooLarge),
}

/// What an update that failed left.
pub const KEPT: &str = "The old advisory database, if there is one, is still in place.";

/// An address that gave nothing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FailedOrigin {
    /// The address, without secrets; the message may repeat it.
    pub from: String,
    /// What was wrong, a fragment.
    pub reason: String,
    /// What to do about it.
    pub hint: String,
}

impl UpdateError {
    /// What a person can do about it.
    #[must_use]
    pub fn hint(&self) -> String {
        match self {
            Self::NoEcosystem => "Name the ecosystems to fetch, for example npm or crates.io.".into(),
            Self::NotReplaceable { .. } => {
                "Name another file with --db, update lockkeeper, or remove the file.".into()
            }
            Self::NoOrigin(all) => match all.last() {
                Some(last) => format!("{} {KEPT}", last.hint),
                None => "Name an address with --from.".into(),
            },
            Self::File(error) if error.source.kind() == std::io::ErrorKind::TimedOut => {
                "Wait until the other one is done, or end it; then run this again.".into()
            }
            Self::File(_) => "Check that the folder can be written and has room.".into(),
            Self::Lost { .. } => {
                "Update lockkeeper, which may be too old for these records, or take what can be read with \
                `lockkeeper db update --allow-rejected`."
                    .into()
            }
            Self::Archive { .. } | Self::Piece { .. } => "Run it again.".into(),
            Self::TooLarge(_) => "Fetch fewer ecosystems.".into(),
        }
    }
}

fn list(all: &[FailedOrigin]) -> String {
    match all {
        [] => "no address to update from".to_owned(),
        all => all
            .iter()
            .map(|one| one.reason.as_str())
            .collect::<Vec<_>>()
            .join("; "),
    }
}

/// Why an address gave nothing.
pub(super) enum OriginError {
    /// It failed.
    Failed(FeedError),
    /// Its archive cannot be read.
    Archive(Address, ArchiveError),
    /// It has something that cannot be used.
    Unusable {
        /// A fragment.
        reason: String,
        /// What to do about it.
        hint: String,
    },
    /// What it has is older than what is held.
    Behind(Option<Timestamp>),
}

impl From<FeedError> for OriginError {
    fn from(error: FeedError) -> Self {
        Self::Failed(error)
    }
}

impl From<WebError> for OriginError {
    fn from(error: WebError) -> Self {
        Self::Failed(error.into())
    }
}

impl OriginError {
    /// The same for a person, of `origin`.
    pub(super) fn into_failed(self, origin: &Origin) -> FailedOrigin {
        let (reason, hint) = match self {
            Self::Failed(FeedError::Web(error)) if error.is_missing() => (
                error.to_string(),
                "Check the address, or name only the ecosystems that it has with `--ecosystem NAME`, once for each.".to_owned(),
            ),
            Self::Failed(error) => (error.to_string(), error.hint().to_owned()),
            Self::Archive(address, error) => (
                format!("{address}: is no zip that can be read: {error}"),
                "Run it again later, or name another address.".to_owned(),
            ),
            Self::Unusable { reason, hint } => (format!("{origin}: {reason}"), hint),
            Self::Behind(newest) => (
                match newest {
                    Some(newest) => {
                        format!("{origin}: its newest data is of {newest}, older than what is held")
                    }
                    None => format!("{origin}: it is empty"),
                },
                "Name another address, or wait until this one has caught up.".to_owned(),
            ),
        };
        FailedOrigin {
            from: origin.to_string(),
            reason,
            hint,
        }
    }
}
