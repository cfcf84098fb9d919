//! Whether a file is a report of this program: one of an earlier run may be taken away, and what a person wrote may not.

use super::headline;
use crate::model::Verdict;

/// Bytes at the beginning that are enough.
pub const HEAD: u64 = 16 << 10;

/// The file that begins with `head` is a report of a verdict, a grid or a list, in any format that names its origin.
#[must_use]
pub fn is_report(head: &[u8]) -> bool {
    let text = String::from_utf8_lossy(head);
    let text = text.as_ref();
    is_of_one_ref(head)
        || is_json(text)
        || is_page(text)
        || text.starts_with("## lockkeeper: ")
        || has_symbol(text)
}

/// The file that begins with `head` is a report of this program in a format that is about one ref.
#[must_use]
pub fn is_of_one_ref(head: &[u8]) -> bool {
    let text = String::from_utf8_lossy(head);
    let text = text.as_ref();
    is_sarif(text) || is_cyclonedx(text) || is_spdx(text) || is_openvex(text)
}

fn is_sarif(text: &str) -> bool {
    text.starts_with("{\"$schema\":") && text.contains("\"automationDetails\":{\"id\":\"lockkeeper/")
}

/// Tools stand before what a tool writes.
fn is_cyclonedx(text: &str) -> bool {
    let head = text.split("\"components\": [").nth(1);
    text.starts_with("{\n  \"$schema\": \"http://cyclonedx.org/")
        && head.is_some_and(|tools| {
            tools
                .split('}')
                .next()
                .is_some_and(|tool| tool.contains("\"name\": \"lockkeeper\""))
        })
}

fn is_spdx(text: &str) -> bool {
    text.starts_with("{\n  \"spdxVersion\": ") && text.contains("\"Tool: lockkeeper-")
}

fn is_openvex(text: &str) -> bool {
    text.starts_with("{\n  \"@context\": \"https://openvex.dev/")
        && text.contains("\"tooling\": \"lockkeeper ")
}

fn is_json(text: &str) -> bool {
    let inner = text.strip_prefix('{').map(str::trim_start);
    let value = inner.and_then(|inner| inner.strip_prefix("\"schema\":"));
    value.is_some_and(|value| value.trim_start().starts_with("\"lockkeeper."))
}

fn is_page(text: &str) -> bool {
    text.starts_with("<!doctype html>") && text.contains("· lockkeeper</title>")
}

/// The terminal's report and Markdown begin with the verdict.
fn has_symbol(text: &str) -> bool {
    const VERDICTS: [Verdict; 5] = [
        Verdict::Pass,
        Verdict::Blocked,
        Verdict::Incomplete,
        Verdict::NothingToScan,
        Verdict::Failed,
    ];
    let first = text.lines().next().unwrap_or_default();
    // A colour (ECMA-48, SGR) may precede it.
    let colour = first
        .strip_prefix("\u{1b}[")
        .and_then(|rest| rest.split_once('m'));
    let plain = colour.map_or(first, |(_, rest)| rest);
    let answer = plain.strip_prefix("## ").unwrap_or(plain);
    VERDICTS
        .into_iter()
        .any(|verdict| answer.starts_with(headline::symbol(verdict)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_report_tells_by_its_beginning_that_it_is_one() {
        for ours in [
            "{\n  \"schema\": \"lockkeeper.scan/1\",",
            "{\"schema\":\"lockkeeper.gate/1\"",
            "{\"$schema\":\"x\",\"runs\":[{\"automationDetails\":{\"id\":\"lockkeeper/web\"}",
            "<!doctype html>\n<title>✓ PASS · lockkeeper</title>",
            "## lockkeeper: no known vulnerabilities\n",
            "## ✓ PASS\n\nNo known vulnerabilities.",
            "✓ PASS  no known vulnerabilities",
            "\u{1b}[1;32m✓ PASS\u{1b}[0m  no known vulnerabilities",
            "∅ NOTHING TO SCAN  there is no lockfile here",
            "{\n  \"$schema\": \"http://cyclonedx.org/schema/bom-1.6.schema.json\",\n  \"components\": [\n {\n \"name\": \"lockkeeper\",",
            "{\n  \"spdxVersion\": \"SPDX-2.3\",\n \"Tool: lockkeeper-0.1.0\"",
        ] {
            assert!(is_report(ours.as_bytes()), "{ours}");
        }
        for other in [
            "",
            "{",
            "{\"schema\": \"other/1\", \"name\": \"lockkeeper.scan/1\"}",
            "{\"$schema\":\"x\",\"runs\":[{\"automationDetails\":{\"id\":\"other/\"}",
            "# PASS\n✓ PASS",
            "{\n  \"$schema\": \"http://cyclonedx.org/schema/bom-1.6.schema.json\",\n  \"components\": [\n {\n \"name\": \"other\" }, {\n \"name\": \"lockkeeper\"",
            "{\n  \"spdxVersion\": \"SPDX-2.3\",\n \"Tool: other-0.1.0\"",
            "schema: lockkeeper.policy/1\n",
            "<!doctype html><title>lockkeeper</title>",
        ] {
            assert!(!is_report(other.as_bytes()), "{other}");
        }
        assert!(!is_report(b"\xFF\xFE\0") && !is_of_one_ref(b"## \xE2\x9C\x93 PASS"));
    }
}
