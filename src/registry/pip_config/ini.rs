//! `pip.conf`, as Python's `configparser` reads it: `key = value` or `key: value` in sections, a value goes on in lines that are
//! indented, comments have lines of their own. pip writes `-` for `_` in keys.

/// Keys and values of one section, in the order of the file.
pub(super) fn section(text: &str, wanted: &str) -> Vec<(String, String)> {
    let mut settings: Vec<(String, String)> = Vec::new();
    let mut is_wanted = false;
    for line in text.lines() {
        let trimmed = line.trim();
        if trimmed.is_empty() || trimmed.starts_with(['#', ';']) {
            continue;
        }
        let header = trimmed.strip_prefix('[').and_then(|rest| rest.strip_suffix(']'));
        if let Some(header) = header.filter(|_| !line.starts_with([' ', '\t'])) {
            is_wanted = header == wanted;
        } else if !is_wanted {
        } else if line.starts_with([' ', '\t']) {
            if let Some((_, value)) = settings.last_mut() {
                value.push('\n');
                value.push_str(trimmed);
            }
        } else if let Some((key, value)) = trimmed.split_once(['=', ':']) {
            let key = key.trim().to_ascii_lowercase().replace('_', "-");
            let key = key.trim_start_matches("--").to_owned();
            // The last of several counts.
            settings.retain(|(known, _)| *known != key);
            settings.push((key, value.trim().to_owned()));
        }
    }
    settings
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_read_as_configparser_reads_them() {
        let text = "index-url = https://no.example\n[global]\n; comment\nindex_url: https://a.example/simple\nextra-index-url =\n    https://b.example\n    # comment\n\thttps://c.example\n[install]\n--no-index = true\n[global]\ntimeout = 5\n";
        let global = section(text, "global");
        let expected = [
            ("index-url", "https://a.example/simple"),
            ("extra-index-url", "\nhttps://b.example\nhttps://c.example"),
            ("timeout", "5"),
        ];
        assert_eq!(
            global,
            expected.map(|(key, value)| (key.to_owned(), value.to_owned()))
        );
        assert_eq!(
            section(text, "install"),
            [("no-index".to_owned(), "true".to_owned())]
        );
    }
}
