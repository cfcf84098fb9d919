//! What a `mix.exs` asks for, where its list of dependencies is literal.
//!
//! It is a program in Elixir, and is not run. Its dependencies are known where the project says `deps: deps()` once, one function
//! `deps` is nothing but a list, and each of its tuples begins with a name; an option that is computed
//! (`runtime: Mix.env() == :dev`) says nothing. Projects of an umbrella (`apps_path`) have their dependencies in other files:
//! nothing is known then.
//!
//! `only: :dev` and `only: [:dev, :test]` are dev; everything else is runtime.

use crate::lockfile::grammar::terms::{Kind, Language, Term, Terms};
use crate::model::{Scope, Tree, TreePath};
use crate::text::decode;

/// The environments that nobody needs to run the product.
const DEV: [&str; 2] = ["dev", "test"];

/// What the project asks for.
#[derive(Debug, Default)]
pub struct Project {
    /// The name of its application; empty if it is not literal.
    pub name: String,
    /// Its dependencies.
    pub dependencies: Vec<Asked>,
}

/// A dependency of the project.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Asked {
    /// The name of its application.
    pub app: String,
    /// What versions it allows; empty for any.
    pub requirement: String,
    /// What it is used for.
    pub scope: Scope,
    /// It is a folder or another application of the umbrella, and is not locked.
    pub is_folder: bool,
}

/// The project in `folder`; `None` where there is none that can be understood.
#[must_use]
pub fn beside(folder: &TreePath, tree: &dyn Tree) -> Option<Project> {
    let bytes = tree.read(&folder.join("mix.exs")?).ok()?;
    let decoded = decode::decode(&bytes);
    match decoded.problem {
        None => read(&decoded.text),
        Some(_) => None,
    }
}

/// What `text`, a `mix.exs`, asks for; `None` where that cannot be understood.
#[must_use]
pub fn read(text: &str) -> Option<Project> {
    let mut uses = keys(text, "deps:");
    let value = uses.next()?.trim_start();
    let behind = value.strip_prefix("deps")?;
    let behind = behind
        .strip_prefix("()")
        .unwrap_or(behind)
        .trim_start_matches([' ', '\t']);
    if uses.next().is_some() || !behind.starts_with([',', '\n', '\r', ']']) || text.contains("apps_path") {
        return None;
    }
    let name = keys(text, "app:").next().and_then(|value| {
        let name = value.trim_start().strip_prefix(':')?;
        let end = name.find(|next: char| !next.is_ascii_alphanumeric() && next != '_');
        name.get(..end.unwrap_or(name.len()))
    });
    let body = body(text)?;
    let terms = Terms::read(body, Language::Elixir);
    let is_tolerable = |problem: &crate::text::Problem| is_computed_option(problem.span.of(body));
    let mut roots = terms.roots();
    let list = roots
        .next()
        .filter(|list| list.kind() == Kind::List && list.is_whole())?;
    if roots.next().is_some() || !terms.is_ended || !terms.problems.iter().all(is_tolerable) {
        return None;
    }
    let dependencies = list.entries().map(|(key, tuple)| match key {
        None => asked(tuple),
        // `[ecto: "~> 3.0"]`.
        Some(app) => Some(Asked {
            app: app.text()?.into_owned(),
            requirement: tuple.text()?.into_owned(),
            scope: Scope::Runtime,
            is_folder: false,
        }),
    });
    Some(Project {
        name: name.unwrap_or_default().to_owned(),
        dependencies: dependencies.collect::<Option<_>>()?,
    })
}

/// What stands behind each `key` of `text` that is no part of a longer word, comments left out.
fn keys<'t>(text: &'t str, key: &'t str) -> impl Iterator<Item = &'t str> {
    text.match_indices(key).filter_map(move |(at, _)| {
        let before = text.get(..at)?;
        let line = before.rsplit('\n').next().unwrap_or_default();
        let is_word =
            before.ends_with(|last: char| last.is_alphanumeric() || matches!(last, '_' | ':' | '"' | '@'));
        if is_word || line.trim_start().starts_with('#') {
            return None;
        }
        text.get(at.saturating_add(key.len())..)
    })
}

/// What the one function `deps` does.
fn body(text: &str) -> Option<&str> {
    let mut start = None;
    let mut at = 0_usize;
    let mut found = None;
    for line in text.split_inclusive('\n') {
        let code = line.trim_end();
        let indent = code.len().saturating_sub(code.trim_start().len());
        match (start, code.trim_start()) {
            (None, "def deps do" | "defp deps do" | "def deps() do" | "defp deps() do") => {
                start = Some((at.saturating_add(line.len()), indent));
            }
            (None, other) if other.starts_with("def deps") || other.starts_with("defp deps") => {
                let is_other = |next: char| next.is_alphanumeric() || next == '_';
                let behind = other
                    .trim_start_matches("defp deps")
                    .trim_start_matches("def deps");
                if !behind.starts_with(is_other) {
                    return None;
                }
            }
            (Some((start_of_body, own)), "end") if indent == own => {
                if found.is_some() {
                    return None;
                }
                found = text.get(start_of_body..at);
                start = None;
            }
            _ => {}
        }
        at = at.saturating_add(line.len());
    }
    found
}

/// The end of a tuple with an option that is computed, up to the end of its line.
fn is_computed_option(rest: &str) -> bool {
    let is_plain = |letter: char| letter.is_ascii_alphanumeric() || "_.():=! ,&|~<>-\"'".contains(letter);
    let rest = rest.trim_end();
    let rest = rest.strip_suffix(',').unwrap_or(rest);
    rest.strip_suffix('}')
        .is_some_and(|rest| rest.chars().all(is_plain))
}

/// `{:name, "~> 1.0", only: :dev}`.
fn asked(tuple: Term<'_>) -> Option<Asked> {
    let mut items = tuple.items();
    let app = items
        .next()
        .filter(|app| tuple.kind() == Kind::Tuple && app.kind() == Kind::Atom)?;
    let second = items.next();
    let options = |name: &str| {
        let listed = tuple
            .items()
            .filter(|item| item.kind() == Kind::List)
            .find_map(|list| list.get(name));
        tuple.get(name).or(listed)
    };
    let environments: Option<Vec<String>> = options("only").map(|only| match only.kind() {
        Kind::Atom => only.text().into_iter().map(|name| name.into_owned()).collect(),
        // One that is no name makes the whole list none.
        _ => only
            .items()
            .map(|item| item.text().map(|name| name.into_owned()))
            .collect::<Option<Vec<_>>>()
            .unwrap_or_default(),
    });
    let is_dev = tuple.is_whole()
        && environments
            .is_some_and(|names| !names.is_empty() && names.iter().all(|name| DEV.contains(&name.as_str())));
    let requirement = second
        .filter(|second| second.kind() == Kind::Text)
        .and_then(Term::text);
    Some(Asked {
        app: app.text()?.into_owned(),
        requirement: requirement.unwrap_or_default().into_owned(),
        scope: if is_dev { Scope::Dev } else { Scope::Runtime },
        is_folder: options("path").is_some() || options("in_umbrella").is_some(),
    })
}
