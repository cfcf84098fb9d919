//! `Cartfile.resolved` of Carthage.
//!
//! Source of the rules: Carthage's own reader and writer (`ResolvedCartfile`, `Dependency`) and its documentation ("Artifacts").
//!
//! - A line is `github "owner/repository" "1.2.3"`, with an address in the place of `owner/repository` for GitHub Enterprise, `git "address" "1.2.3"`, or
//!   `binary "address" "1.2.3"`, of which the address says what releases there are. A line with `#` in front is a comment.
//! - A repository is the package that advisories of SwiftPM know by its address. One that is locked to a commit has no version and is not matched; nor is what is
//!   binary, or comes from a folder.
//! - There are no edges, and the file does not say what the `Cartfile` asks for: every package counts as direct.
//! - Nothing marks the end: a file that was cut behind a line looks whole.

use super::grammar::rfc3986::without_secrets;
use super::{File, Format, Parsed, Upgrade, UpgradeCommand};
use crate::ecosystem::swift::location;
use crate::model::{Ecosystem, FileSpan, Package, Source, Spans, Tree};
use crate::text::Span;

/// The lockfile of Carthage.
#[derive(Debug, Clone, Copy)]
pub struct CartfileResolved;

const DAMAGED: &str = "Restore the file from its last good commit, or run `carthage update`.";

impl Format for CartfileResolved {
    fn name(&self) -> &'static str {
        "Cartfile.resolved"
    }

    fn ecosystem(&self) -> Ecosystem {
        Ecosystem::SWIFT_URL
    }

    fn file_names(&self) -> &'static [&'static str] {
        &["Cartfile.resolved"]
    }

    fn upgrade_command(&self, _: &Upgrade<'_>) -> UpgradeCommand {
        UpgradeCommand::ByHand(
            "Let the Cartfile allow that version, and run `carthage update` with the name of the repository."
                .into(),
        )
    }

    fn read(&self, file: &File<'_>, _: &dyn Tree) -> Parsed {
        let mut parsed = Parsed::default();
        let mut start = 0_usize;
        for whole in file.text.split_inclusive('\n') {
            let line = whole.trim_end();
            let span = Span::new(start, start.saturating_add(line.len()));
            start = start.saturating_add(whole.len());
            if line.trim_start().is_empty() || line.trim_start().starts_with('#') && !line.contains('\r') {
                continue;
            }
            match package(line, span) {
                Some(package) => {
                    parsed.graph.add_package(package);
                }
                None => parsed.blind(span, "this is no line of a Cartfile.resolved", DAMAGED),
            }
        }
        parsed
    }
}

/// What a line locks, which stands at `span`.
fn package(line: &str, span: Span) -> Option<Package> {
    let (kind, rest) = line.trim_start().split_once('"')?;
    let (address, rest) = rest.split_once('"')?;
    let (between, rest) = rest.split_once('"')?;
    let (version, behind) = rest.split_once('"')?;
    let is_comment = behind.trim().is_empty() || behind.trim_start().starts_with('#');
    if !between.trim().is_empty()
        || !is_comment
        || address.is_empty()
        || version.is_empty()
        || line.contains('\r')
    {
        return None;
    }
    let has_host = |address: &str| {
        let remote = address.split_once("://");
        match remote {
            Some((scheme, rest)) => !scheme.eq_ignore_ascii_case("file") && !rest.starts_with('/'),
            None => address
                .split_once(':')
                .is_some_and(|(host, path)| host.len() > 1 && !host.contains('/') && !path.is_empty()),
        }
    };
    let shown = without_secrets(address);
    let is_commit = matches!(version.len(), 40 | 64) && version.bytes().all(|byte| byte.is_ascii_hexdigit());
    let (name, source) = match kind.trim() {
        "github" => {
            let name = match address.contains("://") {
                true => location(address).into_owned(),
                false => format!("github.com/{}", location(address)),
            };
            let address = match address.contains("://") {
                true => shown.into_owned(),
                false => format!("https://{name}"),
            };
            (name, Source::Registry(Some(address)))
        }
        "git" if has_host(address) => (
            location(address).into_owned(),
            Source::Registry(Some(shown.into_owned())),
        ),
        "git" => (address.to_owned(), Source::Path(shown.into_owned())),
        "binary" => (shown.clone().into_owned(), Source::Url(shown.into_owned())),
        _ => return None,
    };
    let source = match source {
        Source::Registry(Some(address)) if is_commit => Source::Git(format!("{address}#{version}")),
        other => other,
    };
    if name.is_empty() {
        return None;
    }
    let end = line.len().saturating_sub(behind.len()).saturating_sub(1);
    let place = span.inside(end.saturating_sub(version.len())..end);
    let mut package = Package::new(Ecosystem::SWIFT_URL, name, version, FileSpan::here(place));
    package.source = source;
    package.direct = true;
    package.spans = Spans {
        entry: Some(span),
        ..Spans::default()
    };
    Some(package)
}
