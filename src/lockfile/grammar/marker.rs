//! Environment markers of Python packages (PEP 508, "Environment Markers"), as `packaging` evaluates them.
//!
//! What hangs on the release or build of an operating system (`platform_release`, `platform_version`) is not known here:
//! such a comparison counts as one that may hold. Since markers have no "not", a marker that does not hold by this holds nowhere.

use std::borrow::Cow;
use std::fmt;

use crate::ecosystem::normalise;
use crate::model::Ecosystem;
use crate::version::range::pep440::{self, Prereleases};

/// A marker.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Marker {
    /// All of them hold; one without any always holds.
    All(Vec<Marker>),
    /// One of them holds.
    Any(Vec<Marker>),
    /// A variable of the environment beside a text.
    Comparison(Comparison),
}

/// `python_version < "3.8"`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Comparison {
    pub(super) variable: Variable,
    pub(super) operator: Operator,
    pub(super) value: String,
}

/// What a marker asks of an environment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Variable {
    PythonVersion,
    PythonFullVersion,
    ImplementationVersion,
    OsName,
    SysPlatform,
    PlatformSystem,
    PlatformMachine,
    PlatformPythonImplementation,
    ImplementationName,
    Extra,
    /// The extras of the project that are asked for (PEP 751).
    Extras,
    /// Its groups that are (PEP 751).
    DependencyGroups,
    /// Nothing is known of it.
    Unknown,
}

/// How a variable stands to a text, which is behind it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Operator {
    /// One of PEP 440's, as written.
    Version(&'static str),
    /// The variable is a part of the text.
    In,
    /// It is none.
    NotIn,
    /// The text is a part of the variable.
    Holds,
    /// It is none.
    HoldsNot,
}

/// Where packages are installed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Environment {
    /// `3.11.4`
    pub python_full_version: String,
    /// `posix`
    pub os_name: &'static str,
    /// `linux`
    pub sys_platform: &'static str,
    /// `Linux`
    pub platform_system: &'static str,
    /// `x86_64`
    pub platform_machine: &'static str,
    /// `CPython`
    pub platform_python_implementation: &'static str,
    /// `cpython`
    pub implementation_name: &'static str,
}

impl Environment {
    /// Major and minor number: `3.11`.
    #[must_use]
    pub fn python_version(&self) -> &str {
        let full = &self.python_full_version;
        match full.match_indices('.').nth(1) {
            Some((second, _)) => full.get(..second).unwrap_or_default(),
            None => full,
        }
    }
}

/// Parentheses may be this deep.
const MAX_DEPTH: usize = 32;

impl Marker {
    /// The marker that always holds.
    #[must_use]
    pub fn always() -> Self {
        Self::All(Vec::new())
    }

    /// Reads a marker; an empty text always holds.
    ///
    /// # Errors
    /// Why it is none, as a lowercase fragment.
    pub fn read(text: &str) -> Result<Self, &'static str> {
        let mut words = Words { rest: text };
        if words.peek().is_empty() {
            return Ok(Self::always());
        }
        let marker = any(&mut words, 0)?;
        match words.peek() {
            "" => Ok(marker),
            _ => Err("a marker goes on where it should end"),
        }
    }

    /// Whether it may hold in `environment` where `extra` is asked for; an empty one for none.
    #[must_use]
    pub fn holds(&self, environment: &Environment, extra: &str) -> bool {
        match self {
            Self::All(parts) => parts.iter().all(|part| part.holds(environment, extra)),
            Self::Any(parts) => parts.iter().any(|part| part.holds(environment, extra)),
            Self::Comparison(comparison) => comparison.holds(environment, extra),
        }
    }

    /// Versions of Python that it names.
    pub fn pythons(&self) -> Vec<&str> {
        match self {
            Self::All(parts) | Self::Any(parts) => parts.iter().flat_map(Self::pythons).collect(),
            Self::Comparison(Comparison {
                variable: Variable::PythonVersion | Variable::PythonFullVersion,
                value,
                ..
            }) => vec![value.as_str()],
            Self::Comparison(_) => Vec::new(),
        }
    }

    /// The rest of it where the extras that it asks for are asked for; `None` if nothing is left.
    #[must_use]
    pub fn without_extras(&self) -> Option<Self> {
        match self {
            Self::All(parts) => {
                let rest: Vec<Self> = parts.iter().filter_map(Self::without_extras).collect();
                (!rest.is_empty()).then(|| one_or(rest, Self::All))
            }
            Self::Any(parts) => {
                let rest: Option<Vec<Self>> = parts.iter().map(Self::without_extras).collect();
                rest.map(|rest| one_or(rest, Self::Any))
            }
            Self::Comparison(comparison) => (comparison.variable != Variable::Extra).then(|| self.clone()),
        }
    }

    /// The extras that it names, as written.
    #[must_use]
    pub fn extras(&self) -> Vec<&str> {
        match self {
            Self::All(parts) | Self::Any(parts) => parts.iter().flat_map(Self::extras).collect(),
            Self::Comparison(Comparison {
                variable: Variable::Extra,
                value,
                ..
            }) => vec![value.as_str()],
            Self::Comparison(_) => Vec::new(),
        }
    }

    /// It asks for extras.
    #[must_use]
    pub fn asks_for_extras(&self) -> bool {
        match self {
            Self::All(parts) | Self::Any(parts) => parts.iter().any(Self::asks_for_extras),
            Self::Comparison(comparison) => comparison.variable == Variable::Extra,
        }
    }
}

impl Comparison {
    /// The same of `python_full_version`, where it is one of `python_version` that has such a form.
    #[must_use]
    pub fn with_full_version(self) -> Self {
        let next = || {
            let (major, minor) = self.value.split_once('.')?;
            let minor: u32 = minor.parse().ok()?;
            Some(format!("{major}.{}", minor.checked_add(1)?))
        };
        let is_minor = self.variable == Variable::PythonVersion
            && self.value.split('.').count() == 2
            && self
                .value
                .bytes()
                .all(|byte| byte.is_ascii_digit() || byte == b'.');
        let found = match (is_minor, self.operator) {
            (true, Operator::Version(sign @ ("<" | ">="))) => Some((sign, self.value.clone())),
            (true, Operator::Version("<=")) => next().map(|next| ("<", next)),
            (true, Operator::Version(">")) => next().map(|next| (">=", next)),
            (true, Operator::Version(sign @ ("==" | "!="))) => Some((sign, format!("{}.*", self.value))),
            (true | false, _) => None,
        };
        match found {
            Some((sign, value)) => Self {
                variable: Variable::PythonFullVersion,
                operator: Operator::Version(sign),
                value,
            },
            None => self,
        }
    }

    fn holds(&self, environment: &Environment, extra: &str) -> bool {
        let held = match self.variable {
            Variable::PythonVersion => Cow::Borrowed(environment.python_version()),
            Variable::PythonFullVersion | Variable::ImplementationVersion => {
                Cow::Borrowed(environment.python_full_version.as_str())
            }
            Variable::OsName => Cow::Borrowed(environment.os_name),
            Variable::SysPlatform => Cow::Borrowed(environment.sys_platform),
            Variable::PlatformSystem => Cow::Borrowed(environment.platform_system),
            Variable::PlatformMachine => Cow::Borrowed(environment.platform_machine),
            Variable::PlatformPythonImplementation => {
                Cow::Borrowed(environment.platform_python_implementation)
            }
            Variable::ImplementationName => Cow::Borrowed(environment.implementation_name),
            Variable::Extra => normalise(&Ecosystem::PYPI, extra),
            Variable::Extras | Variable::DependencyGroups | Variable::Unknown => return true,
        };
        let value = match self.variable == Variable::Extra {
            true => normalise(&Ecosystem::PYPI, &self.value),
            false => Cow::Borrowed(self.value.as_str()),
        };
        match self.operator {
            Operator::In => value.contains(&*held),
            Operator::NotIn => !value.contains(&*held),
            Operator::Holds => held.contains(&*value),
            Operator::HoldsNot => !held.contains(&*value),
            Operator::Version(operator) => {
                let versions = || {
                    let range = format!("{operator}{value}");
                    pep440::contains(&range, &held, Prereleases::Taken).ok()
                };
                let is_version = matches!(
                    self.variable,
                    Variable::PythonVersion | Variable::PythonFullVersion | Variable::ImplementationVersion
                );
                let compared = is_version.then(versions).flatten();
                compared.unwrap_or_else(|| as_texts(&held, operator, &value))
            }
        }
    }
}

fn as_texts(held: &str, operator: &str, value: &str) -> bool {
    match operator {
        "==" | "===" => held == value,
        "!=" => held != value,
        "<" => held < value,
        "<=" => held <= value,
        ">" => held > value,
        ">=" => held >= value,
        // `~=` of texts is an error; it may mean anything.
        _ => true,
    }
}

impl fmt::Display for Marker {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let shown = |parts: &[Self], word: &str| {
            let parts: Vec<String> = parts
                .iter()
                .map(|part| match part {
                    Self::Any(_) | Self::All(_) => format!("({part})"),
                    Self::Comparison(_) => part.to_string(),
                })
                .collect();
            parts.join(word)
        };
        match self {
            Self::All(parts) => formatter.write_str(&shown(parts, " and ")),
            Self::Any(parts) => formatter.write_str(&shown(parts, " or ")),
            Self::Comparison(comparison) => {
                let Comparison {
                    variable,
                    operator,
                    value,
                } = comparison;
                let quote = if value.contains('\'') { '"' } else { '\'' };
                let variable = variable.as_str();
                match operator {
                    Operator::Version(sign) => write!(formatter, "{variable} {sign} {quote}{value}{quote}"),
                    Operator::In => write!(formatter, "{variable} in {quote}{value}{quote}"),
                    Operator::NotIn => write!(formatter, "{variable} not in {quote}{value}{quote}"),
                    Operator::Holds => write!(formatter, "{quote}{value}{quote} in {variable}"),
                    Operator::HoldsNot => write!(formatter, "{quote}{value}{quote} not in {variable}"),
                }
            }
        }
    }
}

impl Variable {
    fn as_str(self) -> &'static str {
        match self {
            Self::PythonVersion => "python_version",
            Self::PythonFullVersion => "python_full_version",
            Self::ImplementationVersion => "implementation_version",
            Self::OsName => "os_name",
            Self::SysPlatform => "sys_platform",
            Self::PlatformSystem => "platform_system",
            Self::PlatformMachine => "platform_machine",
            Self::PlatformPythonImplementation => "platform_python_implementation",
            Self::ImplementationName => "implementation_name",
            Self::Extra => "extra",
            Self::Extras => "extras",
            Self::DependencyGroups => "dependency_groups",
            Self::Unknown => "platform_release",
        }
    }
}

/// A marker that holds where one of `markers` does, whatever extras are asked for; empty for everywhere.
#[must_use]
pub fn either(markers: &[String]) -> String {
    let mut parts: Vec<String> = Vec::new();
    for marker in markers {
        let rest = Marker::read(marker)
            .ok()
            .and_then(|marker| marker.without_extras());
        let rest = rest.map(|rest| rest.to_string());
        let Some(rest) = rest.filter(|rest| !rest.is_empty()) else {
            return String::new();
        };
        if !parts.contains(&rest) {
            parts.push(rest);
        }
    }
    match parts.as_slice() {
        [one] => one.clone(),
        many => {
            let many = many.iter().map(|part| format!("({part})"));
            many.collect::<Vec<String>>().join(" or ")
        }
    }
}

/// Words, signs and quoted texts, one after the other.
struct Words<'t> {
    rest: &'t str,
}

impl<'t> Words<'t> {
    /// The next word; empty at the end.
    fn peek(&mut self) -> &'t str {
        self.rest = self.rest.trim_start();
        let rest = self.rest;
        let Some(first) = rest.chars().next() else {
            return "";
        };
        let end = match first {
            '(' | ')' => 1,
            '\'' | '"' => {
                let inner = rest.get(1..).unwrap_or_default();
                inner.find(first).map_or(rest.len(), |end| end.saturating_add(2))
            }
            '<' | '>' | '=' | '!' | '~' => rest
                .find(|sign| !matches!(sign, '<' | '>' | '=' | '!' | '~'))
                .unwrap_or(rest.len()),
            _ => rest
                .find(|letter: char| !(letter.is_alphanumeric() || matches!(letter, '_' | '.')))
                .unwrap_or(rest.len())
                .max(first.len_utf8()),
        };
        rest.get(..end).unwrap_or(rest)
    }

    fn take(&mut self) -> &'t str {
        let word = self.peek();
        self.rest = self.rest.get(word.len()..).unwrap_or_default();
        word
    }
}

fn any(words: &mut Words<'_>, depth: usize) -> Result<Marker, &'static str> {
    let mut parts = vec![all(words, depth)?];
    while words.peek() == "or" {
        words.take();
        parts.push(all(words, depth)?);
    }
    Ok(one_or(parts, Marker::Any))
}

fn all(words: &mut Words<'_>, depth: usize) -> Result<Marker, &'static str> {
    let mut parts = vec![one(words, depth)?];
    while words.peek() == "and" {
        words.take();
        parts.push(one(words, depth)?);
    }
    Ok(one_or(parts, Marker::All))
}

fn one_or(mut parts: Vec<Marker>, several: impl FnOnce(Vec<Marker>) -> Marker) -> Marker {
    match (parts.len(), parts.pop()) {
        (1, Some(part)) => part,
        (_, last) => {
            parts.extend(last);
            several(parts)
        }
    }
}

fn one(words: &mut Words<'_>, depth: usize) -> Result<Marker, &'static str> {
    if words.peek() == "(" {
        words.take();
        if depth >= MAX_DEPTH {
            return Err("a marker has too many parentheses");
        }
        let inner = any(words, depth.saturating_add(1))?;
        return match words.take() {
            ")" => Ok(inner),
            _ => Err("a parenthesis is not closed in a marker"),
        };
    }
    let left = side(words)?;
    let sign = match words.take() {
        "not" => match words.take() {
            "in" => "not in",
            _ => return Err("`not` without `in` in a marker"),
        },
        other => other,
    };
    let right = side(words)?;
    let (variable, value, is_turned) = match (left, right) {
        (Side::Variable(variable), Side::Text(text)) => (variable, text, false),
        (Side::Text(text), Side::Variable(variable)) => (variable, text, true),
        (Side::Variable(_), Side::Variable(_)) => (Variable::Unknown, String::new(), false),
        (Side::Text(_), Side::Text(_)) => return Err("a marker compares two texts"),
    };
    let operator = match (sign, is_turned) {
        ("in", false) => Operator::In,
        ("not in", false) => Operator::NotIn,
        ("in", true) => Operator::Holds,
        ("not in", true) => Operator::HoldsNot,
        ("==", _) => Operator::Version("=="),
        ("===", _) => Operator::Version("==="),
        ("!=", _) => Operator::Version("!="),
        ("~=", _) => Operator::Version("~="),
        ("<", false) | (">", true) => Operator::Version("<"),
        (">", false) | ("<", true) => Operator::Version(">"),
        ("<=", false) | (">=", true) => Operator::Version("<="),
        (">=", false) | ("<=", true) => Operator::Version(">="),
        _ => return Err("an operator is missing in a marker"),
    };
    Ok(Marker::Comparison(Comparison {
        variable,
        operator,
        value,
    }))
}

enum Side {
    Variable(Variable),
    Text(String),
}

fn side(words: &mut Words<'_>) -> Result<Side, &'static str> {
    let word = words.take();
    for quote in ['\'', '"'] {
        if let Some(inner) = word.strip_prefix(quote) {
            let inner = inner.strip_suffix(quote);
            let inner = inner.ok_or("a quote is not closed in a marker")?;
            return Ok(Side::Text(inner.to_owned()));
        }
    }
    Ok(Side::Variable(match word {
        "python_version" => Variable::PythonVersion,
        "python_full_version" => Variable::PythonFullVersion,
        "implementation_version" => Variable::ImplementationVersion,
        "os_name" | "os.name" => Variable::OsName,
        "sys_platform" | "sys.platform" => Variable::SysPlatform,
        "platform_system" => Variable::PlatformSystem,
        "platform_machine" | "platform.machine" => Variable::PlatformMachine,
        "platform_python_implementation" | "platform.python_implementation" | "python_implementation" => {
            Variable::PlatformPythonImplementation
        }
        "implementation_name" => Variable::ImplementationName,
        "extras" => Variable::Extras,
        "dependency_groups" => Variable::DependencyGroups,
        "extra" => Variable::Extra,
        "platform_release" | "platform_version" | "platform.version" => Variable::Unknown,
        _ => return Err("a marker asks for something that no environment has"),
    }))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn holds(marker: &str, extra: &str) -> bool {
        let environment = Environment {
            python_full_version: "3.11.4".to_owned(),
            os_name: "posix",
            sys_platform: "linux",
            platform_system: "Linux",
            platform_machine: "x86_64",
            platform_python_implementation: "CPython",
            implementation_name: "cpython",
        };
        let marker = Marker::read(marker).unwrap_or_else(|error| panic!("{marker}: {error}"));
        marker.holds(&environment, extra)
    }

    /// As `packaging` 26 evaluates them there.
    #[test]
    fn markers_hold_as_packaging_says() {
        for (marker, expected) in [
            ("", true),
            ("python_version >= '3.8'", true),
            ("python_version < \"3.10\"", false),
            ("python_version == '3.*'", true),
            ("'3.11' <= python_version", true),
            ("python_full_version < '3.11.4'", false),
            ("python_full_version ~= '3.11.2'", true),
            ("python_version in '3.10 3.11'", true),
            ("python_version not in '3.10,3.11'", false),
            ("sys_platform == 'win32' or os_name == 'posix'", true),
            (
                "sys_platform == 'win32' and (os_name == 'posix' or python_version > '3')",
                false,
            ),
            (
                "sys_platform == 'win32' and os_name == 'posix' or python_version > '3'",
                true,
            ),
            ("'linux' in sys_platform", true),
            ("'win' not in sys.platform", true),
            ("platform_machine != 'aarch64'", true),
            ("platform_python_implementation == 'CPython'", true),
            ("implementation_name == 'pypy'", false),
            ("platform_release >= '5'", true),
            ("extra == 'socks'", false),
        ] {
            assert_eq!(holds(marker, ""), expected, "{marker}");
        }
        assert!(holds("extra == 'Use_Chardet-on.py3'", "use-chardet-on-py3"));
        assert!(!holds("extra == 'a' and python_version < '3'", "a"));
    }

    #[test]
    fn what_is_no_marker() {
        for text in [
            "python_version",
            "python_version >",
            "python_version > 3",
            "(python_version > '3'",
            "python_version > '3' and",
            "python_version > '3' os_name == 'a'",
            "'a' == 'b'",
            "nonsense == 'a'",
            "python_version not '3'",
            "python_version > '3",
        ] {
            assert!(Marker::read(text).is_err(), "{text}");
        }
        let deep = format!("{}python_version > '3'{}", "(".repeat(5000), ")".repeat(5000));
        assert!(Marker::read(&deep).is_err());
    }
}
