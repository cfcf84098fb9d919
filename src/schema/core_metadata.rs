//! `METADATA` of wheels and `PKG-INFO` of source distributions (core metadata specification): headers as of an e-mail, then the
//! description.

use std::borrow::Cow;

/// The headers that matter.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct CoreMetadata<'t> {
    /// `Metadata-Version`
    pub metadata_version: &'t str,
    /// `Name`
    pub name: &'t str,
    /// `Version`
    pub version: &'t str,
    /// `Summary`
    pub summary: Cow<'t, str>,
    /// `Requires-Python`
    pub requires_python: Option<Cow<'t, str>>,
    /// Each `Requires-Dist`, in their order.
    pub requires_dist: Vec<Cow<'t, str>>,
    /// Each `Provides-Extra`, in their order.
    pub provides_extra: Vec<&'t str>,
    /// Each `Dynamic`: a wheel that is built from this one may have another value there.
    pub dynamic: Vec<&'t str>,
}

/// Reads the headers of `text`; what follows an empty line is not looked at. Headers that are not known are passed over.
#[must_use]
pub fn read(text: &str) -> CoreMetadata<'_> {
    let mut metadata = CoreMetadata::default();
    let mut headers: Vec<(&str, Cow<'_, str>)> = Vec::new();
    for line in head(text).lines() {
        if line.starts_with([' ', '\t']) {
            if let Some((_, value)) = headers.last_mut() {
                let value = value.to_mut();
                value.push(' ');
                value.push_str(line.trim());
            }
            continue;
        }
        if let Some((name, value)) = line.split_once(':') {
            headers.push((name, Cow::Borrowed(value.trim())));
        }
    }
    for (name, value) in headers {
        let is = |header: &str| name.eq_ignore_ascii_case(header);
        if is("Requires-Dist") {
            metadata.requires_dist.push(value);
        } else if is("Requires-Python") {
            metadata.requires_python = Some(value);
        } else if is("Summary") {
            metadata.summary = value;
        } else if let Cow::Borrowed(value) = value {
            // The others are words, which are never folded.
            if is("Metadata-Version") {
                metadata.metadata_version = value;
            } else if is("Name") {
                metadata.name = value;
            } else if is("Version") {
                metadata.version = value;
            } else if is("Provides-Extra") {
                metadata.provides_extra.push(value);
            } else if is("Dynamic") {
                metadata.dynamic.push(value);
            }
        }
    }
    metadata
}

/// The headers of `text` alone, without the empty line behind them.
#[must_use]
pub fn head(text: &str) -> &str {
    let ends = ["\n\n", "\r\n\r\n", "\n\r\n"];
    let end = ends.into_iter().filter_map(|end| text.find(end)).min();
    text.get(..end.unwrap_or(text.len())).unwrap_or(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn headers_are_read_up_to_the_description() {
        let text = "Metadata-Version: 2.4\r\nname: Kiln\r\nVersion: 1.0\r\nSummary: bakes\r\n        clay\r\nRequires-Python: >=3.8\r\nRequires-Dist: clay >=1,\r\n\t<2\r\nProvides-Extra: glaze\r\nRequires-Dist: enamel; extra == 'glaze'\r\nDynamic: license\r\nAuthor\r\n\r\nRequires-Dist: no\r\n";
        let metadata = read(text);
        assert_eq!(
            (metadata.metadata_version, metadata.name, metadata.version),
            ("2.4", "Kiln", "1.0")
        );
        assert_eq!(metadata.summary, "bakes clay");
        assert_eq!(metadata.requires_python.as_deref(), Some(">=3.8"));
        assert_eq!(
            metadata.requires_dist,
            ["clay >=1, <2", "enamel; extra == 'glaze'"]
        );
        assert_eq!(metadata.provides_extra, ["glaze"]);
        assert_eq!(metadata.dynamic, ["license"]);
        assert_eq!(read(""), CoreMetadata::default());
    }
}
