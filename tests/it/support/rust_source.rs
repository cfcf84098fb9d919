//! Rust source as the architecture test sees it: code without comments, without what strings hold and without
//! tests; the strings apart; the modules that the code names.
//!
//! This is no parser. It knows comments, strings, characters and brackets, which is enough for text that the
//! compiler accepts.

use std::collections::BTreeMap;

/// A source file.
pub(crate) struct Source {
    /// Its path under `src`, with `/`.
    pub(crate) path: String,
    /// The text, with comments, tests and the insides of strings masked; lines stand where they stood.
    pub(crate) code: String,
    /// The insides of the strings that stand outside of tests, as written, with their lines.
    pub(crate) strings: Vec<(usize, String)>,
    /// The text as it is.
    pub(crate) text: String,
}

impl Source {
    pub(crate) fn new(path: &str, text: &str) -> Self {
        let (mut code, strings) = mask(text);
        let tests = if path.ends_with("/tests.rs") {
            vec![(0, code.len())]
        } else {
            tests(&code)
        };
        for (start, end) in &tests {
            blank(&mut code, *start, *end);
        }
        let code = String::from_utf8(code).expect("only ASCII is put in the place of whole characters");
        let strings = strings
            .into_iter()
            .filter(|(at, _)| !tests.iter().any(|(start, end)| (start..end).contains(&at)))
            .map(|(at, string)| (line(text, at), string))
            .collect();
        Self {
            path: path.to_owned(),
            code,
            strings,
            text: text.to_owned(),
        }
    }

    /// The module at the top that the file belongs to; nothing for `lib.rs` and `main.rs`.
    pub(crate) fn module(&self) -> Option<&str> {
        match self.path.split_once('/') {
            Some((folder, _)) => Some(folder),
            None => match self.path.trim_end_matches(".rs") {
                "lib" | "main" => None,
                name => Some(name),
            },
        }
    }

    /// Lines that hold code, tests and comments apart.
    pub(crate) fn length(&self) -> usize {
        self.code.lines().filter(|line| !line.trim().is_empty()).count()
    }

    /// Every module at the top that the code names through `crate` or `super`, with the line. What names none
    /// (`crate::*`, `use crate as x`) comes as it stands.
    pub(crate) fn uses(&self) -> Vec<(usize, String)> {
        let mut uses = Vec::new();
        for at in words(&self.code, "crate") {
            let rest = self.code[at + "crate".len()..].trim_start();
            let named = match rest.strip_prefix("::") {
                Some(path) => heads(path),
                None if rest.starts_with("as ") => vec!["crate as".to_owned()],
                None => Vec::new(),
            };
            uses.extend(named.into_iter().map(|module| (line(&self.code, at), module)));
        }
        for at in words(&self.code, "super") {
            // Only the first of a chain counts; `super` behind another was counted with it.
            if self.code[..at].trim_end().ends_with("::") {
                continue;
            }
            let mut rest = &self.code[at..];
            let mut up = 0;
            while let Some(path) = rest.strip_prefix("super") {
                up += 1;
                rest = path.trim_start().trim_start_matches("::").trim_start();
            }
            if up >= self.depth() {
                uses.extend(
                    heads(rest)
                        .into_iter()
                        .map(|module| (line(&self.code, at), module)),
                );
            }
        }
        uses
    }

    /// Its path as a module: the names from the crate's root.
    pub(crate) fn module_path(&self) -> Vec<String> {
        let path = self.path.trim_end_matches(".rs");
        let path = path.strip_suffix("/mod").unwrap_or(path);
        path.split('/')
            .filter(|name| !matches!(*name, "lib" | "main"))
            .map(str::to_owned)
            .collect()
    }

    /// Every path that the code names, from the crate's root and with the groups of `use` taken apart, if it starts at
    /// `crate`, `self`, `super`, a child of the module or a name that a `use` brings in.
    pub(crate) fn paths(&self, is_module: impl Fn(&[String]) -> bool) -> Vec<Vec<String>> {
        let home = self.module_path();
        let child = |name: &str| {
            let child = [home.as_slice(), &[name.to_owned()]].concat();
            is_module(&child).then_some(child)
        };
        let whole = |path: &[String], known: &BTreeMap<String, Vec<String>>| {
            let (first, rest) = path.split_first()?;
            let mut start = match first.as_str() {
                "crate" => Vec::new(),
                "self" => home.clone(),
                "super" => home.split_last()?.1.to_vec(),
                name => known.get(name).cloned().or_else(|| child(name))?,
            };
            let ups = rest.iter().take_while(|name| *name == "super").count();
            start.truncate(start.len().checked_sub(ups)?);
            Some([&start, &rest[ups..]].concat())
        };
        let mut known = BTreeMap::new();
        let mut paths = Vec::new();
        for at in words(&self.code, "use") {
            let mut named = Vec::new();
            spell_out(&self.code[at + "use".len()..], &[], &mut named);
            for (path, name) in named {
                if let Some(path) = whole(&path, &BTreeMap::new()) {
                    known.insert(name, path.clone());
                    paths.push(path);
                }
            }
        }
        for (at, _) in self.code.match_indices("::") {
            let before = self.code[..at].trim_end();
            let inside = |character: char| character.is_alphanumeric() || character == '_';
            let first = before.trim_end_matches(inside);
            if !first.trim_end().ends_with("::") {
                let mut path = Vec::new();
                for part in self.code[first.len()..].split("::") {
                    path.extend(one_name(part));
                    // Where more than a name stands the path ends.
                    if one_name(part).as_deref() != Some(part.trim()) {
                        break;
                    }
                }
                paths.extend(whole(&path, &known));
            }
        }
        paths.retain(|path| !path.is_empty());
        paths
    }

    /// Lines of the code in which `text` stands.
    pub(crate) fn lines_with(&self, text: &str) -> Vec<usize> {
        self.code
            .match_indices(text)
            .map(|(at, _)| line(&self.code, at))
            .collect()
    }

    /// Lines with a call of `method` with one argument, as `Option::expect` has.
    pub(crate) fn calls_with_one_argument(&self, method: &str) -> Vec<usize> {
        let one = |arguments: &str| {
            let mut depth = 0_usize;
            for character in arguments.chars() {
                match character {
                    '(' | '[' | '{' => depth += 1,
                    ')' | ']' | '}' if depth == 0 => return true,
                    ')' | ']' | '}' => depth -= 1,
                    ',' if depth == 0 => return false,
                    _ => {}
                }
            }
            true
        };
        let call = format!(".{method}(");
        self.code
            .match_indices(&call)
            .filter(|(at, _)| one(&self.code[at + call.len()..]))
            .map(|(at, _)| line(&self.code, at))
            .collect()
    }

    /// Lines with `value[…]`: a bracket right behind a name, a bracket or a question mark. `value[..]` is whole.
    pub(crate) fn indexings(&self) -> Vec<usize> {
        let bytes = self.code.as_bytes();
        let indexes = |at: usize| {
            at > 0
                && (bytes[at - 1].is_ascii_alphanumeric()
                    || matches!(bytes[at - 1], b'_' | b')' | b']' | b'?'))
                && !bytes[at..].starts_with(b"[..]")
        };
        self.code
            .match_indices('[')
            .filter(|(at, _)| indexes(*at))
            .map(|(at, _)| line(&self.code, at))
            .collect()
    }

    /// How many modules the file lies below the crate's root.
    fn depth(&self) -> usize {
        match self.path.strip_suffix("/mod.rs") {
            Some(folder) => folder.split('/').count(),
            None => self.path.split('/').count(),
        }
    }
}

/// The first names of a path or of each part of a group.
fn heads(path: &str) -> Vec<String> {
    let path = path.trim_start();
    let Some(group) = path.strip_prefix('{') else {
        return Vec::from_iter(head(path));
    };
    let mut found = Vec::from_iter(head(group));
    let mut depth = 0_usize;
    for (at, character) in group.char_indices() {
        match character {
            '{' => depth += 1,
            '}' if depth == 0 => break,
            '}' => depth -= 1,
            ',' if depth == 0 => found.extend(head(&group[at + 1..])),
            _ => {}
        }
    }
    found
}

fn head(path: &str) -> Option<String> {
    let path = path.trim_start().trim_start_matches("r#");
    let name: String = path
        .chars()
        .take_while(|character| character.is_alphanumeric() || matches!(character, '_' | '*'))
        .collect();
    (!name.is_empty() && name != "self").then_some(name)
}

/// The paths of a `use`, each with the name that it brings in; gives what follows them.
fn spell_out<'c>(code: &'c str, before: &[String], named: &mut Vec<(Vec<String>, String)>) -> &'c str {
    let code = code.trim_start();
    if let Some(mut rest) = code.strip_prefix('{') {
        while !rest.trim_start().starts_with('}') {
            let length = rest.len();
            rest = spell_out(rest, before, named)
                .trim_start()
                .trim_start_matches(',');
            if rest.len() == length {
                break;
            }
        }
        return rest.trim_start().trim_start_matches('}');
    }
    let Some(name) = head(code).or_else(|| code.starts_with("self").then(|| "self".to_owned())) else {
        return code;
    };
    let rest = code.trim_start_matches("r#")[name.len()..].trim_start();
    let path = match name.as_str() {
        "self" if !before.is_empty() => before.to_vec(),
        _ => [before, &[name]].concat(),
    };
    if let Some(rest) = rest.strip_prefix("::") {
        return spell_out(rest, &path, named);
    }
    let alias = rest.strip_prefix("as ").and_then(head);
    let name = alias.clone().or_else(|| path.last().cloned());
    named.push((path, name.unwrap_or_default()));
    match alias {
        Some(alias) => rest["as ".len()..].trim_start()[alias.len()..].trim_start(),
        None => rest,
    }
}

/// The name that a part of a path begins with.
fn one_name(part: &str) -> Option<String> {
    head(part).or_else(|| part.trim_start().starts_with("self").then(|| "self".to_owned()))
}

/// Where `word` stands as a word of its own.
fn words<'c>(code: &'c str, word: &'c str) -> impl Iterator<Item = usize> + 'c {
    let inside = |byte: Option<&u8>| byte.is_some_and(|byte| byte.is_ascii_alphanumeric() || *byte == b'_');
    code.match_indices(word).map(|(at, _)| at).filter(move |at| {
        let bytes = code.as_bytes();
        !inside(at.checked_sub(1).and_then(|before| bytes.get(before))) && !inside(bytes.get(at + word.len()))
    })
}

/// The 1-based line of the byte at `at`.
fn line(text: &str, at: usize) -> usize {
    text.as_bytes()[..at]
        .iter()
        .filter(|byte| **byte == b'\n')
        .count()
        + 1
}

/// Spaces for all but line ends.
fn blank(code: &mut [u8], start: usize, end: usize) {
    for byte in &mut code[start..end] {
        if *byte != b'\n' {
            *byte = b' ';
        }
    }
}

/// The items behind `#[cfg(test)]`, attribute and all.
fn tests(code: &[u8]) -> Vec<(usize, usize)> {
    const ATTRIBUTE: &[u8] = b"#[cfg(test)]";
    let mut found = Vec::new();
    let mut at = 0;
    while let Some(start) = find(code, ATTRIBUTE, at) {
        let mut depth = 0_usize;
        let mut end = code.len();
        for (offset, byte) in code.iter().enumerate().skip(start + ATTRIBUTE.len()) {
            match byte {
                b'(' | b'[' | b'{' => depth += 1,
                b')' | b']' => depth = depth.saturating_sub(1),
                b'}' => {
                    depth = depth.saturating_sub(1);
                    if depth == 0 {
                        end = offset + 1;
                        break;
                    }
                }
                b';' if depth == 0 => {
                    end = offset + 1;
                    break;
                }
                _ => {}
            }
        }
        found.push((start, end));
        at = end;
    }
    found
}

fn find(code: &[u8], what: &[u8], from: usize) -> Option<usize> {
    let rest = &code[from..];
    rest.windows(what.len())
        .position(|window| window == what)
        .map(|at| from + at)
}

/// The text with comments as spaces and the insides of strings and characters as letters, and the strings
/// with the places where they open.
fn mask(text: &str) -> (Vec<u8>, Vec<(usize, String)>) {
    let bytes = text.as_bytes();
    let mut code = bytes.to_vec();
    let mut strings = Vec::new();
    let mut at = 0;
    while at < bytes.len() {
        let rest = &bytes[at..];
        if rest.starts_with(b"//") {
            let end = find(bytes, b"\n", at).unwrap_or(bytes.len());
            blank(&mut code, at, end);
            at = end;
        } else if rest.starts_with(b"/*") {
            let end = end_of_comment(bytes, at);
            blank(&mut code, at, end);
            at = end;
        } else if let Some((open, close, end)) = string(bytes, at) {
            strings.push((at, text[open..close].to_owned()));
            fill(&mut code, open, close);
            at = end;
        } else if let Some(end) = character(text, at) {
            fill(&mut code, at + 1, end - 1);
            at = end;
        } else if bytes[at].is_ascii_alphabetic() || bytes[at] == b'_' {
            // A whole word, so that the `r` at the end of one starts no raw string.
            while at < bytes.len() && (bytes[at].is_ascii_alphanumeric() || bytes[at] == b'_') {
                at += 1;
            }
        } else {
            at += 1;
        }
    }
    (code, strings)
}

fn fill(code: &mut [u8], start: usize, end: usize) {
    for byte in &mut code[start..end] {
        if !byte.is_ascii_whitespace() {
            *byte = b's';
        }
    }
}

fn end_of_comment(bytes: &[u8], start: usize) -> usize {
    let mut depth = 0_usize;
    let mut at = start;
    while at < bytes.len() {
        if bytes[at..].starts_with(b"/*") {
            depth += 1;
            at += 2;
        } else if bytes[at..].starts_with(b"*/") {
            depth -= 1;
            at += 2;
            if depth == 0 {
                return at;
            }
        } else {
            at += 1;
        }
    }
    bytes.len()
}

/// The string that starts at `start`: where its inside starts and ends, and where the string ends.
fn string(bytes: &[u8], start: usize) -> Option<(usize, usize, usize)> {
    let mut at = start;
    if matches!(bytes.get(at), Some(b'b' | b'c')) {
        at += 1;
    }
    if bytes.get(at) == Some(&b'r') {
        let hashes = bytes[at + 1..].iter().take_while(|byte| **byte == b'#').count();
        let open = at + 1 + hashes;
        if bytes.get(open) != Some(&b'"') {
            return None;
        }
        let close = [b"\"".as_slice(), &b"#".repeat(hashes)].concat();
        let end = find(bytes, &close, open + 1)?;
        return Some((open + 1, end, end + close.len()));
    }
    if bytes.get(at) != Some(&b'"') {
        return None;
    }
    let open = at + 1;
    at = open;
    while at < bytes.len() && bytes[at] != b'"' {
        at += if bytes[at] == b'\\' { 2 } else { 1 };
    }
    Some((open, at.min(bytes.len()), (at + 1).min(bytes.len())))
}

/// Where the character literal at `start` ends; a lifetime is none.
fn character(text: &str, start: usize) -> Option<usize> {
    let rest = text.get(start..)?.strip_prefix('\'')?;
    let first = rest.chars().next()?;
    let inside = if first == '\\' {
        // What is escaped may be a quote.
        1 + rest.get(1..)?.chars().next()?.len_utf8()
    } else {
        first.len_utf8()
    };
    let close = match (first, rest[inside..].find('\'')) {
        ('\\', Some(close)) => inside + close,
        (_, Some(0)) => inside,
        (_, Some(_) | None) => return None,
    };
    Some(start + 1 + close + 1)
}

#[test]
fn comments_strings_and_tests_are_no_code() {
    let source = Source::new(
        "a/b.rs",
        "//! crate::one\nfn f<'a>(x: &'a str) -> char { /* crate::two /* nested */ */ \
         let s = \"crate::three \\\" crate::four\"; let r = r#\"crate::\"five\"\"#; '\\'' }\n\
         #[cfg(test)]\nmod tests {\n    use crate::six;\n    const S: &str = \"hidden\";\n}\n\
         fn g() { crate::seven::h() }\n",
    );
    assert_eq!(source.uses(), [(8, "seven".to_owned())]);
    let strings: Vec<&str> = source.strings.iter().map(|(_, string)| string.as_str()).collect();
    assert_eq!(strings, ["crate::three \\\" crate::four", "crate::\"five\""]);
    assert_eq!(source.length(), 2);
}

#[test]
fn groups_and_chains_name_their_modules() {
    let source = Source::new(
        "a/b/c.rs",
        "use crate::{one::{x, y}, two, self, r#three::{z}};\nuse super::near;\n\
         use super::super::super::four;\npub(crate) fn f() { crate :: five::g(); }\nuse crate::*;\n",
    );
    let names: Vec<String> = source.uses().into_iter().map(|(_, name)| name).collect();
    assert_eq!(names, ["one", "two", "three", "five", "*", "four"]);
}

#[test]
fn paths_start_at_the_root_of_the_crate() {
    let source = Source::new(
        "a/b.rs",
        "use crate::{one::{self, X}, two::y as z};\nuse super::{near, self};\nuse std::fmt;\n\
         fn f() -> fmt::Result { z::Z::new(); near::g::<one::T>(child::K); self::h(); super::super::c::D }\n",
    );
    let is_module = |path: &[String]| path == ["a", "b", "child"];
    let paths: Vec<String> = source
        .paths(is_module)
        .iter()
        .map(|path| path.join("::"))
        .collect();
    assert_eq!(
        paths,
        [
            "one",
            "one::X",
            "two::y",
            "a::near",
            "a",
            "one",
            "a",
            "two::y::Z::new",
            "a::near::g",
            "one::T",
            "a::b::child::K",
            "a::b::h",
            "c::D",
        ]
    );
}
