//! What a Go source file imports, read as `go mod tidy` reads it (`cmd/go/internal/imports`, Go 1.26): for every system and with
//! every build tag but `ignore`.

/// The head of a source file.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Head {
    /// The name behind `package`.
    pub package: String,
    /// The paths that it imports, as often as they stand there.
    pub imports: Vec<String>,
}

/// Parentheses of a build constraint nested deeper than this are not read.
const MAX_NESTED: usize = 100;

/// The head of the file `text`; `None` if no build takes the file.
#[must_use]
pub fn head(text: &str) -> Option<Head> {
    if !is_built(text) {
        return None;
    }
    let mut tokens = Tokens {
        rest: text.strip_prefix('\u{feff}').unwrap_or(text),
    };
    let mut head = Head::default();
    match (tokens.next(), tokens.next()) {
        (Some(Token::Word("package")), Some(Token::Word(name))) => head.package = name.to_owned(),
        _ => return Some(head),
    }
    loop {
        match tokens.next() {
            Some(Token::Sign(';')) => {}
            Some(Token::Word("import")) => match tokens.next() {
                Some(Token::Sign('(')) => loop {
                    match tokens.next() {
                        Some(Token::Text(path)) => head.imports.extend(path),
                        // A name in front of a path, or `.`.
                        Some(Token::Word(_) | Token::Sign('.' | ';')) => {}
                        Some(Token::Sign(')')) => break,
                        Some(Token::Sign(_)) | None => return Some(head),
                    }
                },
                Some(Token::Text(path)) => head.imports.extend(path),
                Some(Token::Word(_) | Token::Sign('.')) => match tokens.next() {
                    Some(Token::Text(path)) => head.imports.extend(path),
                    Some(Token::Word(_) | Token::Sign(_)) | None => return Some(head),
                },
                Some(Token::Sign(_)) | None => return Some(head),
            },
            Some(Token::Word(_) | Token::Text(_) | Token::Sign(_)) | None => return Some(head),
        }
    }
}

enum Token<'t> {
    Word(&'t str),
    /// A string; `None` for one with an escape, which no import path has.
    Text(Option<String>),
    Sign(char),
}

struct Tokens<'t> {
    rest: &'t str,
}

impl<'t> Tokens<'t> {
    fn next(&mut self) -> Option<Token<'t>> {
        loop {
            self.rest = self.rest.trim_start();
            let after = if let Some(comment) = self.rest.strip_prefix("//") {
                comment.find('\n').and_then(|end| comment.get(end..))
            } else if let Some(comment) = self.rest.strip_prefix("/*") {
                comment.split_once("*/").map(|(_, after)| after)
            } else {
                break;
            };
            self.rest = after?;
        }
        let first = self.rest.chars().next()?;
        match first {
            '"' | '`' => {
                let inside = self.rest.get(1..)?;
                let (text, after) = inside.split_once(first)?;
                if text.contains('\n') && first == '"' {
                    return None;
                }
                self.rest = after;
                let is_plain = first == '`' || !text.contains('\\');
                Some(Token::Text(is_plain.then(|| text.to_owned())))
            }
            _ if first == '_' || first.is_alphanumeric() => {
                let end = self
                    .rest
                    .find(|letter: char| letter != '_' && !letter.is_alphanumeric())
                    .unwrap_or(self.rest.len());
                let (word, after) = self.rest.split_at_checked(end)?;
                self.rest = after;
                Some(Token::Word(word))
            }
            _ => {
                self.rest = self.rest.get(first.len_utf8()..)?;
                Some(Token::Sign(first))
            }
        }
    }
}

/// Some build takes the file, by the constraints in front of its `package` line.
fn is_built(text: &str) -> bool {
    let mut old = Vec::new();
    // Lines that a blank line follows are read for `+build`.
    let mut waiting = Vec::new();
    let mut constraint: Option<&str> = None;
    let (mut is_inside, mut has_ended) = (false, false);
    'lines: for line in text.split('\n') {
        let mut line = line.trim();
        if line.is_empty() && !has_ended {
            old.append(&mut waiting);
            continue;
        }
        has_ended |= !line.starts_with("//");
        if !is_inside && let Some(condition) = condition(line) {
            if constraint.is_some() {
                return false;
            }
            constraint = Some(condition);
        }
        if !has_ended {
            waiting.push(line);
        }
        while !line.is_empty() {
            if is_inside {
                let Some((_, after)) = line.split_once("*/") else {
                    continue 'lines;
                };
                is_inside = false;
                line = after.trim();
            } else if line.starts_with("//") {
                continue 'lines;
            } else if let Some(inside) = line.strip_prefix("/*") {
                is_inside = true;
                line = inside.trim();
            } else {
                break 'lines;
            }
        }
    }
    match constraint {
        Some(constraint) => holds(constraint),
        None => old.iter().all(|line| holds_old(line)),
    }
}

/// What stands behind `//go:build`.
fn condition(line: &str) -> Option<&str> {
    let rest = line.strip_prefix("//go:build")?;
    (rest.is_empty() || rest.starts_with([' ', '\t'])).then_some(rest)
}

/// A tag counts as set and as not set, but for `ignore`, which is not set.
fn holds(constraint: &str) -> bool {
    let mut condition = Condition {
        rest: constraint,
        depth: 0,
    };
    let value = condition.either();
    value.is_some_and(|value| value) && condition.rest.trim().is_empty()
}

struct Condition<'t> {
    rest: &'t str,
    depth: usize,
}

impl Condition<'_> {
    fn takes(&mut self, sign: &str) -> bool {
        let rest = self.rest.trim_start();
        match rest.strip_prefix(sign) {
            Some(after) => {
                self.rest = after;
                true
            }
            None => false,
        }
    }

    fn either(&mut self) -> Option<bool> {
        let mut value = self.all()?;
        while self.takes("||") {
            let next = self.all()?;
            value |= next;
        }
        Some(value)
    }

    fn all(&mut self) -> Option<bool> {
        let mut value = self.one()?;
        while self.takes("&&") {
            let next = self.one()?;
            value &= next;
        }
        Some(value)
    }

    fn one(&mut self) -> Option<bool> {
        if self.takes("!") {
            // `!ignore` holds, and so does `!linux`.
            if self.rest.trim_start().starts_with('(') {
                return self.one().map(|_| true);
            }
            return self.tag().map(|_| true);
        }
        if self.takes("(") {
            self.depth = self.depth.saturating_add(1);
            if self.depth > MAX_NESTED {
                return None;
            }
            let value = self.either()?;
            return self.takes(")").then_some(value);
        }
        self.tag().map(|tag| tag != "ignore")
    }

    fn tag(&mut self) -> Option<String> {
        let rest = self.rest.trim_start();
        let end = rest
            .find(|letter: char| letter != '_' && letter != '.' && !letter.is_alphanumeric())
            .unwrap_or(rest.len());
        let (tag, after) = rest.split_at_checked(end).filter(|(tag, _)| !tag.is_empty())?;
        let tag = tag.to_owned();
        self.rest = after;
        Some(tag)
    }
}

/// `// +build a,b c`: one of the words, all of its parts.
fn holds_old(line: &str) -> bool {
    let words = line.trim_start_matches('/').trim_start().strip_prefix("+build");
    let Some(words) = words.filter(|words| words.is_empty() || words.starts_with([' ', '\t'])) else {
        return true;
    };
    let mut words = words.split_ascii_whitespace();
    words.any(|word| word.split(',').all(|tag| tag != "ignore"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn imports(text: &str) -> Vec<String> {
        head(text).map(|head| head.imports).unwrap_or_default()
    }

    #[test]
    fn imports_in_every_form() {
        let text = "// Copyright\n\n/* a */ package x // b\nimport \"a\"\nimport ( // c\n\tb \"b.example/b\"; . \"c\"\n\t_ `d`\n)\nimport e \"e\"\nvar x = \"no\"\n";
        assert_eq!(imports(text), ["a", "b.example/b", "c", "d", "e"]);
        assert_eq!(head("\u{feff}package main\n").unwrap().package, "main");
        assert_eq!(
            imports("package x; import \"a\"; import \"b\"\nfunc f() {}"),
            ["a", "b"]
        );
    }

    #[test]
    fn damage_ends_the_list() {
        for text in [
            "",
            "package",
            "package x\nimport",
            "package x\nimport (\"a",
            "package x\nimport \"a\nb\"",
            "/*",
        ] {
            assert_eq!(imports(text), Vec::<String>::new(), "{text}");
        }
        assert_eq!(imports("package x\nimport (\"a\"\n}"), ["a"]);
    }

    #[test]
    fn only_ignore_keeps_a_file_out() {
        for (constraint, taken) in [
            ("//go:build linux && !cgo", true),
            ("//go:build ignore", false),
            ("//go:build !ignore", true),
            ("//go:build ignore || linux", true),
            ("//go:build (ignore && linux)", false),
            ("//go:build !(ignore)", true),
            ("//go:build linux &&", false),
            ("//go:build a\n//go:build b", false),
            ("// +build ignore\n", false),
            ("// +build ignore linux\n", true),
            ("// +build linux,ignore\n", false),
            ("// +build !ignore\n", true),
            // Without a blank line behind it, it is a comment.
            ("// +build ignore", true),
            ("/* x */\n// +build ignore\n", true),
        ] {
            let text = format!("{constraint}\npackage x\n");
            assert_eq!(head(&text).is_some(), taken, "{constraint}");
        }
        assert!(head(&format!("//go:build {}a\npackage x\n", "(".repeat(1000))).is_none());
        assert!(head("package x\n//go:build ignore\n").is_some());
    }
}
