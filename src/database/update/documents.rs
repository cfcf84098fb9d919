//! KEV and EPSS: what fails is told, and what the index has of it stays.

use std::io::Read;

use super::{Event, Job};
use crate::advisory::import::{self, epss};
use crate::advisory::{Authority, Compiler};
use crate::feed::document::{self, Document};
use crate::sys::web::{Address, Validator};

impl Job<'_> {
    /// CISA's list.
    pub(super) async fn exploited(&self, compiler: &mut Compiler, warnings: &mut Vec<String>) {
        let (document, address) = (document::KNOWN_EXPLOITED, &self.request.exploited);
        self.document(
            compiler,
            warnings,
            "kev",
            &document,
            address.as_ref(),
            |compiler, bytes| {
                let read = import::kev::read(bytes)?;
                if read.flaws.is_empty() {
                    return Err("it names no flaw".into());
                }
                let source = compiler.source("kev", Authority::Origin);
                compiler.set_exploited(source, &read);
                Ok(())
            },
        )
        .await;
    }

    /// FIRST's scores.
    pub(super) async fn scores(&self, compiler: &mut Compiler, warnings: &mut Vec<String>) {
        let (document, address) = (document::EXPLOIT_PREDICTION, &self.request.scores);
        self.document(
            compiler,
            warnings,
            "epss",
            &document,
            address.as_ref(),
            |compiler, bytes| {
                let read = scores(bytes)?;
                if read.flaws.len() as u64 <= read.rejected {
                    return Err("it holds no scores".into());
                }
                let source = compiler.source("epss", Authority::Origin);
                compiler.set_scores(source, &read);
                Ok(())
            },
        )
        .await;
    }

    /// Fetches a document unless it is as it was; if that fails, what the index has of it stays.
    async fn document(
        &self,
        compiler: &mut Compiler,
        warnings: &mut Vec<String>,
        note: &str,
        document: &Document,
        address: Option<&Address>,
        take_in: impl FnOnce(&mut Compiler, &[u8]) -> Result<(), String>,
    ) {
        let Some(address) = address else {
            return;
        };
        self.progress.hear(&Event::Document { name: document.name });
        let fingerprint = address.fingerprint();
        let known = compiler.note(note).and_then(|text| text.split_once(' '));
        let unless = known
            .filter(|(address, _)| *address == fingerprint)
            .and_then(|(_, validator)| Validator::parse(validator));
        let failed = match document.fetch(&self.web, address, unless).await {
            Ok(None) => return,
            Ok(Some(fetched)) => match take_in(compiler, &fetched.bytes) {
                Ok(()) => {
                    let validator = fetched.validator.map(|validator| validator.to_text());
                    compiler.set_note(note, &format!("{fingerprint} {}", validator.unwrap_or_default()));
                    return;
                }
                Err(reason) => format!("{address}: {reason}"),
            },
            Err(error) => error.to_string(),
        };
        warnings.push(format!("{} stays as it was: {failed}.", document.name));
    }
}

/// Reads EPSS, gzipped or not.
fn scores(bytes: &[u8]) -> Result<epss::Scores, String> {
    let reader: Box<dyn Read + '_> = match bytes.starts_with(&[0x1f, 0x8b]) {
        true => Box::new(flate2::read::MultiGzDecoder::new(bytes)),
        false => Box::new(bytes),
    };
    epss::read(reader).map_err(|error| error.to_string())
}
