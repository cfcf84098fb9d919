//! What the compact index of RubyGems says of a gem, a line a variant of a version:
//! `1.15.0-x86_64-linux racc:~> 1.4|checksum:…,ruby:>= 2.7&< 3.3.dev,created_at:2023-04-30T00:00:00Z`.

/// A gem of one version and platform.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Variant {
    /// The version.
    pub version: String,
    /// What it is built for, as the index spells it; empty for any.
    pub platform: String,
    /// What it needs.
    pub needs: Vec<Need>,
    /// The SHA-256 of the gem, in hexadecimal digits.
    pub checksum: Option<String>,
    /// The versions of Ruby that it is for.
    pub ruby: Option<String>,
    /// When it was published, RFC 3339.
    pub created_at: Option<String>,
}

/// What a gem needs.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Default)]
pub struct Need {
    /// The gem.
    pub name: String,
    /// The versions that it takes: clauses with `, ` between them.
    pub range: String,
}

/// What the lines of one or more variants say; those that say nothing are left out.
#[must_use]
pub fn variants(lines: &str) -> Vec<Variant> {
    lines.lines().filter_map(|line| variant(line).ok()).collect()
}

/// What a line says.
///
/// # Errors
/// Why it says nothing, as a lowercase fragment.
pub fn variant(line: &str) -> Result<Variant, String> {
    let (name, rest) = line.split_once(' ').unwrap_or((line, ""));
    let (version, platform) = name.split_once('-').unwrap_or((name, ""));
    if version.is_empty() {
        return Err("it has no version".to_owned());
    }
    let (needs, facts) = rest.split_once('|').unwrap_or((rest, ""));
    let mut variant = Variant {
        version: version.to_owned(),
        platform: if platform == "ruby" { "" } else { platform }.to_owned(),
        ..Variant::default()
    };
    for need in needs.split(',').filter(|need| !need.is_empty()) {
        let (name, range) = need
            .split_once(':')
            .ok_or_else(|| "what it needs has no versions".to_owned())?;
        variant.needs.push(Need {
            name: name.to_owned(),
            range: ranges(range),
        });
    }
    for fact in facts.split(',').filter(|fact| !fact.is_empty()) {
        let Some((key, value)) = fact.split_once(':') else {
            continue;
        };
        match key {
            "checksum" => {
                let is_digest = value.len() == 64 && value.bytes().all(|byte| byte.is_ascii_hexdigit());
                match is_digest {
                    true => variant.checksum = Some(value.to_ascii_lowercase()),
                    false => return Err("its checksum is no SHA-256".to_owned()),
                }
            }
            "ruby" => variant.ruby = Some(ranges(value)),
            "created_at" => variant.created_at = Some(value.to_owned()),
            _ => {}
        }
    }
    Ok(variant)
}

/// `>= 1&< 2` as `>= 1, < 2`.
fn ranges(text: &str) -> String {
    text.replace('&', ", ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_is_taken_apart() {
        let sum = "a".repeat(64);
        let line = format!(
            "1.15.0-x86_64-linux-gnu racc:>= 1.4&< 2,mini:= 2|checksum:{sum},ruby:>= 2.7&< 3.3.dev,rubygems:>= 3,created_at:2023-04-30T01:02:03Z"
        );
        let read = variant(&line).unwrap();
        assert_eq!((&*read.version, &*read.platform), ("1.15.0", "x86_64-linux-gnu"));
        assert_eq!(read.needs[0].range, ">= 1.4, < 2");
        assert_eq!(read.needs[1].name, "mini");
        assert_eq!(read.checksum, Some(sum));
        assert_eq!(read.ruby.as_deref(), Some(">= 2.7, < 3.3.dev"));
        assert_eq!(read.created_at.as_deref(), Some("2023-04-30T01:02:03Z"));
        assert_eq!(
            variant("1.0 |checksum:x").unwrap_err(),
            "its checksum is no SHA-256"
        );
        assert_eq!(variant("").unwrap_err(), "it has no version");
        assert!(variant("1.0 a").is_err());
        assert_eq!(variants("1.0 \n\n2.0 a:>= 0|").len(), 2);
    }
}
