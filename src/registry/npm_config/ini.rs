//! Lines of a `.npmrc`, as npm's `ini` reads them: `key = value`, `;` and `#` for comments, quotes, sections. What is in a
//! section is no setting.

/// Keys and values in the order of the file; a key without a value has `true`.
pub(super) fn read(text: &str) -> Vec<(String, String)> {
    let mut settings: Vec<(String, String)> = Vec::new();
    for line in text.split(['\r', '\n']) {
        let start = line.trim();
        if start.is_empty() || start.starts_with([';', '#']) {
            continue;
        }
        if line.starts_with('[') && start.ends_with(']') {
            break;
        }
        let (key, value) = match line.split_once('=') {
            Some(("", _)) => continue,
            Some((key, value)) => (plain(key), plain(value).trim().to_owned()),
            None => (plain(line), "true".to_owned()),
        };
        // The last of several counts.
        settings.retain(|(known, _)| *known != key);
        settings.push((key, value));
    }
    settings
}

fn plain(text: &str) -> String {
    let text = text.trim();
    let quoted = |quote: char| text.len() > 1 && text.starts_with(quote) && text.ends_with(quote);
    if quoted('"') {
        return serde_json::from_str(text).unwrap_or_else(|_| text.to_owned());
    }
    if quoted('\'') {
        let inner = text.get(1..text.len() - 1).unwrap_or_default();
        return serde_json::from_str(inner).unwrap_or_else(|_| inner.to_owned());
    }
    let mut plain = String::with_capacity(text.len());
    let mut escapes = false;
    for letter in text.chars() {
        match (escapes, letter) {
            (true, '\\' | ';' | '#') => plain.push(letter),
            (true, _) => plain.extend(['\\', letter]),
            (false, ';' | '#') => break,
            (false, '\\') => {}
            (false, _) => plain.push(letter),
        }
        escapes = !escapes && letter == '\\';
    }
    if escapes {
        plain.push('\\');
    }
    plain.trim().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_read_as_npm_reads_them() {
        let text = "; comment\n# comment\n\nregistry = https://a.example/ ; behind\r\n\"@s:registry\"='https://b.example'\n\
            //c.example/:_authToken=\"a=b\"\nbare\nescaped=a\\;b\\\\c\\d\\\nregistry=https://d.example/\n=x\n[section]\nregistry=no\n";
        let expected = [
            ("@s:registry", "https://b.example"),
            ("//c.example/:_authToken", "a=b"),
            ("bare", "true"),
            ("escaped", "a;b\\c\\d\\"),
            ("registry", "https://d.example/"),
        ];
        let expected = expected.map(|(key, value)| (key.to_owned(), value.to_owned()));
        assert_eq!(read(text), expected);
    }
}
