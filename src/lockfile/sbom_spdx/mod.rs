//! Bills of materials in SPDX as JSON, versions 2.2, 2.3 and 3.0: `*.spdx.json`, the name that the specification recommends,
//! `*.spdx3.json`, and `*.spdx.jsonld`.
//!
//! - The roots are what the document describes (`documentDescribes`, `DESCRIBES`, `rootElement`).
//! - Relationships that say for what something is needed (`DEV_DEPENDENCY_OF`, `scope` in version 3) make scopes: what is
//!   reached in no other way is for that alone. Where no relationship says it, scopes stay open.
//! - What GitHub gives of a repository's dependency graph stands under `sbom`.
//! - Packages in other documents, which a document refers to, are a partial gap. Files, snippets and licences are not read.

mod version_2;
mod version_3;

use super::grammar::bill::DAMAGED;
use super::{File, Format, Parsed};
use crate::model::{Ecosystem, Tree};
use crate::text::json;

/// A bill of materials in SPDX.
#[derive(Debug, Clone, Copy)]
pub struct Spdx;

impl Format for Spdx {
    fn name(&self) -> &'static str {
        "sbom.spdx.json"
    }

    fn ecosystem(&self) -> Ecosystem {
        Ecosystem::ANY
    }

    fn file_names(&self) -> &'static [&'static str] {
        &["*.spdx.json", "*.spdx3.json", "*.spdx.jsonld"]
    }

    fn read(&self, file: &File<'_>, _: &dyn Tree) -> Parsed {
        let mut document = json::read(file.text);
        let mut parsed = Parsed::default();
        parsed.damaged(std::mem::take(&mut document.problems), DAMAGED);
        let outer = document.root();
        let root = outer
            .get("sbom")
            .filter(|sbom| sbom.get("spdxVersion").is_some())
            .unwrap_or(outer);
        if let Some(version) = root.get("spdxVersion") {
            let text = version.as_str().unwrap_or_default();
            if !text.starts_with("SPDX-2.") {
                parsed.blind(version.span(), format!("{text} is not known here"), NEWER);
            }
            version_2::read(root, &mut parsed);
        } else if root.get("@graph").is_some() {
            version_3::read(root, &mut parsed);
        } else {
            let message = "this is no SPDX: it has neither `spdxVersion` nor `@graph`";
            parsed.blind(root.span(), message, DAMAGED);
        }
        parsed
    }
}

const NEWER: &str = "Write the file in version 2.3 or 3.0, or update lockkeeper.";
