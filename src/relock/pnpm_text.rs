//! Entries of `pnpm-lock.yaml` as pnpm writes them (`js-yaml`, without folding, flow style for short fields).

use std::collections::{BTreeMap, BTreeSet};

use super::Refused;
use crate::model::Release;
use crate::text::json;
use crate::text::tree::{Kind, Value};

/// A longer key stands in another form.
const MAX_KEY: usize = 1_000;

/// A text as a value, or as a key where it is short. In a list in brackets fewer stand without quotes.
pub(super) fn scalar(text: &str, in_brackets: bool) -> Result<String, Refused> {
    if text.chars().any(char::is_control) || text.contains('\u{feff}') {
        return Err(Refused(format!("{text:?} cannot be written as pnpm does.")));
    }
    Ok(match is_plain(text, in_brackets) {
        true => text.to_owned(),
        false => format!("'{}'", text.replace('\'', "''")),
    })
}

fn is_plain(text: &str, in_brackets: bool) -> bool {
    let (Some(first), Some(last)) = (text.chars().next(), text.chars().last()) else {
        return false;
    };
    if first.is_whitespace() || "-?:,[]{}#&*!|=>'\"%@`".contains(first) || last.is_whitespace() || last == ':'
    {
        return false;
    }
    let mut before = first;
    for letter in text.chars().skip(1) {
        let is_safe = match letter {
            '#' => !before.is_whitespace(),
            ',' | '[' | ']' | '{' | '}' if in_brackets => false,
            _ => before != ':' || !letter.is_whitespace(),
        };
        if !is_safe {
            return false;
        }
        before = letter;
    }
    !is_ambiguous(text)
}

/// It would be read as something else than a text.
fn is_ambiguous(text: &str) -> bool {
    if matches!(
        text,
        "~" | "null" | "Null" | "NULL" | "true" | "True" | "TRUE" | "false" | "False" | "FALSE" | "<<"
    ) {
        return true;
    }
    let plain = text.strip_prefix(['-', '+']).unwrap_or(text);
    if matches!(plain, ".inf" | ".Inf" | ".INF" | ".nan" | ".NaN" | ".NAN") {
        return true;
    }
    for (prefix, digits) in [
        ("0b", "01_"),
        ("0o", "01234567_"),
        ("0x", "0123456789abcdefABCDEF_"),
    ] {
        if plain
            .strip_prefix(prefix)
            .is_some_and(|rest| !rest.is_empty() && rest.chars().all(|digit| digits.contains(digit)))
        {
            return true;
        }
    }
    is_number(plain) || is_date(text)
}

fn is_number(text: &str) -> bool {
    let is_digits = |part: &str| part.bytes().all(|byte| byte.is_ascii_digit() || byte == b'_');
    let (mantissa, exponent) = match text.split_once(['e', 'E']) {
        Some((mantissa, exponent)) => (mantissa, Some(exponent)),
        None => (text, None),
    };
    let exponent = exponent.map(|exponent| exponent.strip_prefix(['-', '+']).unwrap_or(exponent));
    if exponent
        .is_some_and(|exponent| exponent.is_empty() || !exponent.bytes().all(|byte| byte.is_ascii_digit()))
    {
        return false;
    }
    match mantissa.split_once('.') {
        None => mantissa.starts_with(|first: char| first.is_ascii_digit()) && is_digits(mantissa),
        Some(("", after)) => !after.is_empty() && is_digits(after),
        Some((before, after)) => {
            before.starts_with(|first: char| first.is_ascii_digit()) && is_digits(before) && is_digits(after)
        }
    }
}

/// `2001-12-14`, and times.
fn is_date(text: &str) -> bool {
    let mut parts = text.split(['-', 'T', 't', ' ', ':']);
    let mut digits = |from: usize, to: usize| {
        parts.next().is_some_and(|part| {
            (from..=to).contains(&part.len()) && part.bytes().all(|byte| byte.is_ascii_digit())
        })
    };
    digits(4, 4) && digits(1, 2) && digits(1, 2)
}

fn key(text: &str) -> Result<String, Refused> {
    match text.len() > MAX_KEY {
        true => Err(Refused(format!(
            "The key of {} is too long.",
            text.split('(').next().unwrap_or_default()
        ))),
        false => scalar(text, false),
    }
}

/// What a snapshot says.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Body {
    pub(super) needs: BTreeMap<String, String>,
    pub(super) optional: BTreeMap<String, String>,
    pub(super) transitive: BTreeSet<String>,
    pub(super) is_optional: bool,
}

/// The snapshot under `name`.
pub(super) fn snapshot(name: &str, body: &Body) -> Result<String, Refused> {
    let mut text = format!("  {}:", key(name)?);
    if *body == Body::default() {
        text.push_str(" {}");
        return Ok(text);
    }
    for (field, table) in [
        ("dependencies", &body.needs),
        ("optionalDependencies", &body.optional),
    ] {
        if table.is_empty() {
            continue;
        }
        text.push_str(&format!("\n    {field}:"));
        for (name, version) in sorted(table) {
            text.push_str(&format!("\n      {}: {}", key(name)?, scalar(version, false)?));
        }
    }
    if !body.transitive.is_empty() {
        text.push_str("\n    transitivePeerDependencies:");
        let mut names: Vec<&String> = body.transitive.iter().collect();
        names.sort_by(|left, right| left.encode_utf16().cmp(right.encode_utf16()));
        for name in names {
            text.push_str(&format!("\n      - {}", scalar(name, false)?));
        }
    }
    if body.is_optional {
        text.push_str("\n    optional: true");
    }
    Ok(text)
}

fn sorted(table: &BTreeMap<String, String>) -> Vec<(&String, &String)> {
    let mut all: Vec<(&String, &String)> = table.iter().collect();
    all.sort_by(|(left, _), (right, _)| left.encode_utf16().cmp(right.encode_utf16()));
    all
}

/// The entry under `id` of a release; with the address of its archive where `has_address`.
pub(super) fn package(id: &str, release: &Release, has_address: bool) -> Result<String, Refused> {
    let document = json::read(&release.document);
    let root = document.root();
    let dist = root.get("dist");
    let of_dist = |field: &str| Some(dist?.get(field)?.as_str()?.into_owned());
    let integrity = of_dist("integrity").ok_or_else(|| {
        Refused(format!(
            "The registry has no hash of {id} that a lockfile could have."
        ))
    })?;
    let mut text = format!(
        "  {}:\n    resolution: {{integrity: {}",
        key(id)?,
        scalar(&integrity, true)?
    );
    if has_address {
        let address = of_dist("tarball").unwrap_or_default();
        text.push_str(&format!(", tarball: {}", scalar(&address, true)?));
    }
    text.push('}');
    let engines = table(root, "engines");
    let engines: BTreeMap<String, String> = engines.into_iter().filter(|(_, range)| range != "*").collect();
    if !engines.is_empty() {
        let mut pairs = Vec::new();
        for (name, range) in sorted(&engines) {
            pairs.push(format!("{}: {}", scalar(name, true)?, scalar(range, true)?));
        }
        text.push_str(&format!("\n    engines: {{{}}}", pairs.join(", ")));
    }
    for field in ["cpu", "os", "libc"] {
        let mut items = Vec::new();
        for item in texts(root.get(field)) {
            items.push(scalar(&item, true)?);
        }
        if !items.is_empty() {
            text.push_str(&format!("\n    {field}: [{}]", items.join(", ")));
        }
    }
    if let Some(reason) = root.str("deprecated").filter(|reason| !reason.is_empty()) {
        text.push_str(&format!("\n    deprecated: {}", scalar(&reason, false)?));
    }
    if has_bin(root) {
        text.push_str("\n    hasBin: true");
    }
    let peers = peers(root);
    if !peers.is_empty() {
        text.push_str("\n    peerDependencies:");
        let ranges: BTreeMap<String, String> = peers
            .iter()
            .map(|(name, (range, _))| (name.clone(), range.clone()))
            .collect();
        for (name, range) in sorted(&ranges) {
            text.push_str(&format!("\n      {}: {}", key(name)?, scalar(range, false)?));
        }
    }
    if peers.values().any(|(_, is_optional)| *is_optional) {
        text.push_str("\n    peerDependenciesMeta:");
        let optional = peers.iter().filter(|(_, (_, is_optional))| *is_optional);
        let optional: BTreeMap<String, String> =
            optional.map(|(name, _)| (name.clone(), String::new())).collect();
        for (name, _) in sorted(&optional) {
            text.push_str(&format!("\n      {}:\n        optional: true", key(name)?));
        }
    }
    let bundled = root
        .get("bundledDependencies")
        .or_else(|| root.get("bundleDependencies"));
    match bundled.map(|bundled| (bundled.kind(), texts(Some(bundled)))) {
        Some((Kind::Array, names)) => {
            text.push_str(if names.is_empty() {
                "\n    bundledDependencies: []"
            } else {
                "\n    bundledDependencies:"
            });
            for name in names {
                text.push_str(&format!("\n      - {}", scalar(&name, false)?));
            }
        }
        Some((Kind::Bool, _)) if bundled.and_then(Value::as_bool) == Some(true) => {
            text.push_str("\n    bundledDependencies: true");
        }
        Some(_) | None => {}
    }
    Ok(text)
}

/// The peers of a document of the registry: ranges, and whether they may be absent.
pub(super) fn peers(root: Value<'_>) -> BTreeMap<String, (String, bool)> {
    let mut peers: BTreeMap<String, (String, bool)> = table(root, "peerDependencies")
        .into_iter()
        .map(|(name, range)| (name, (range, false)))
        .collect();
    for (name, meta) in root
        .get("peerDependenciesMeta")
        .into_iter()
        .flat_map(Value::entries)
    {
        if meta.get("optional").and_then(Value::as_bool) == Some(true) {
            let peer = peers.entry(name.into_owned());
            peer.or_insert_with(|| ("*".to_owned(), true)).1 = true;
        }
    }
    peers
}

pub(super) fn has_bin(root: Value<'_>) -> bool {
    let is_there = |value: Value<'_>| match value.kind() {
        Kind::Object => value.count() > 0,
        _ => value.as_str().is_some_and(|text| !text.is_empty()),
    };
    root.get("bin").is_some_and(is_there)
        || root
            .get("directories")
            .and_then(|folders| folders.get("bin"))
            .is_some_and(is_there)
}

/// The texts of an object.
pub(super) fn table(root: Value<'_>, field: &str) -> BTreeMap<String, String> {
    let entries = root.get(field).into_iter().flat_map(Value::entries);
    entries
        .filter_map(|(name, value)| Some((name.into_owned(), value.as_str()?.into_owned())))
        .collect()
}

/// The texts of a list, or one alone.
pub(super) fn texts(value: Option<Value<'_>>) -> Vec<String> {
    let Some(value) = value else { return Vec::new() };
    match value.as_str() {
        Some(text) => vec![text.into_owned()],
        None => value
            .items()
            .filter_map(|item| Some(item.as_str()?.into_owned()))
            .collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::scalar;

    #[test]
    fn quotes_stand_where_pnpm_puts_them() {
        for (text, written) in [
            ("a", "a"),
            ("@s/a", "'@s/a'"),
            ("1.0.0", "1.0.0"),
            ("18.2.0(react@18.2.0)", "18.2.0(react@18.2.0)"),
            ("18", "'18'"),
            ("1.5", "'1.5'"),
            ("1.", "'1.'"),
            ("1e3", "'1e3'"),
            ("1.x", "1.x"),
            (">=4", "'>=4'"),
            ("^1 || ^2", "^1 || ^2"),
            ("*", "'*'"),
            ("", "''"),
            ("2020-01-01", "'2020-01-01'"),
            ("0x1f", "'0x1f'"),
            ("null", "'null'"),
            ("it's", "it's"),
            ("a: b", "'a: b'"),
            ("a #b", "'a #b'"),
            ("!a'b", "'!a''b'"),
            ("a, b", "a, b"),
            ("https://registry.example/a", "https://registry.example/a"),
        ] {
            assert_eq!(scalar(text, false).expect("a line"), written, "{text}");
        }
        assert_eq!(scalar("a, b", true).expect("a line"), "'a, b'");
        assert!(scalar("a\nb", false).is_err());
    }
}
