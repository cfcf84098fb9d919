//! `.pre-commit-config.yaml` of pre-commit, and `prek.toml` and `.pre-commit-config.yml` of prek: the repositories of hooks, and what hooks
//! are installed with.
//!
//! Source of the rules: pre-commit's own reader (`clientlib.py`, `languages/*.py`, `commands/autoupdate.py`), and prek's documentation of
//! its configuration and what `prek validate-config` accepts.
//!
//! - `prek.toml` has the same keys in TOML. One in a folder `prek` that has no `repos` is a user's settings.
//! - A repository is the package at its address, locked by `rev` (`sha` until pre-commit 1). It has no advisories. A `rev` without a dot
//!   that is no hexadecimal number may move: pre-commit warns of it by that rule. Of a commit, the version is what the comment
//!   `# frozen: v1.2.3` says, which `pre-commit autoupdate --freeze` writes. `local`, `meta` and, of prek, `builtin` are
//!   no repositories.
//! - `additional_dependencies` are packages of the hook's language: `name==1.0` of Python, `name@1.0.0` of Node, `path@v1.0.0` of Go,
//!   `name:1.0` of Ruby and Dart, `group:artifact:1.0` of coursier, `cli:name:1.0` of Rust (`name:1.0` is a range there). What language a
//!   hook of a repository has, its manifest there says: where the file does not, the form says which one it is.
//! - Nothing is locked that these need in turn. Whatever has no exact version is a partial gap.
//! - Everything is direct and for development.
//! - A file that ends in a version, without a line end, may be cut there, and says so.

use std::collections::HashSet;

use super::grammar::pep508;
use super::grammar::rfc3986::without_secrets;
use super::{File, Format, Parsed, Upgrade, UpgradeCommand, Writer};
use crate::ecosystem::swift::location;
use crate::model::{Ecosystem, FileSpan, Package, Scope, Scopes, Source, Spans, Tree};
use crate::text::tree::{Kind, Value};
use crate::text::yaml::{self, Bounds};
use crate::text::{Span, toml};

/// The configuration of pre-commit and of prek.
#[derive(Debug, Clone, Copy)]
pub struct PreCommitConfig;

/// More than anybody writes.
const BOUNDS: Bounds = Bounds {
    bytes: 4 << 20,
    depth: 64,
    aliases: 1000,
};

/// Repositories of hooks.
const ECOSYSTEM: Ecosystem = Ecosystem::constant("pre-commit");

const DAMAGED: &str = "Repair the file: `pre-commit validate-config` says what is wrong with it.";
const DAMAGED_OF_PREK: &str = "Repair the file: `prek validate-config` says what is wrong with it.";
const MOVES: &str =
    "Run `pre-commit autoupdate`: pre-commit installs it once, and never again when it moves.";
const MOVES_OF_PREK: &str = "Run `prek update`: prek installs it once, and never again when it moves.";
const PIN: &str = "Ask for one exact version.";

impl Format for PreCommitConfig {
    fn name(&self) -> &'static str {
        ".pre-commit-config.yaml"
    }

    fn ecosystem(&self) -> Ecosystem {
        Ecosystem::ANY
    }

    fn file_names(&self) -> &'static [&'static str] {
        &[".pre-commit-config.yaml", ".pre-commit-config.yml", "prek.toml"]
    }

    fn upgrade_command(&self, upgrade: &Upgrade<'_>) -> UpgradeCommand {
        UpgradeCommand::ByHand(format!("Change {} to {} in its line.", upgrade.from, upgrade.to).into())
    }

    fn writer(&self) -> Writer {
        Writer::Person
    }

    fn read(&self, file: &File<'_>, _: &dyn Tree) -> Parsed {
        let is_of_prek = super::is_named(file.path, "prek.toml");
        let (mut document, damaged, moves) = match is_of_prek {
            true => (toml::read(file.text), DAMAGED_OF_PREK, MOVES_OF_PREK),
            false => (yaml::read(file.text, BOUNDS), DAMAGED, MOVES),
        };
        let mut parsed = Parsed::default();
        parsed.damaged(std::mem::take(&mut document.problems), damaged);
        let root = document.root();
        let list = root.get("repos");
        if is_of_prek && list.is_none() && super::is_named(&file.path.parent(), "prek") {
            return parsed;
        }
        // Until pre-commit 1 the file was the list.
        let repositories = Some(list.unwrap_or(root));
        let Some(repositories) = repositories.filter(|list| list.kind() == Kind::Array) else {
            parsed.blind(root.span(), "the file has no list of `repos`", damaged);
            return parsed;
        };
        let mut reader = Reader {
            text: file.text,
            damaged,
            moves,
            seen: HashSet::new(),
            parsed,
        };
        for repository in repositories.items() {
            reader.repository(repository);
        }
        reader.parsed
    }
}

struct Reader<'t> {
    text: &'t str,
    /// What to do about damage.
    damaged: &'static str,
    /// What to do about what may move.
    moves: &'static str,
    /// Aliases of YAML repeat what stands in one place.
    seen: HashSet<Span>,
    parsed: Parsed,
}

impl Reader<'_> {
    fn repository(&mut self, repository: Value<'_>) {
        let Some(address) = repository.str("repo").filter(|text| !text.is_empty()) else {
            self.parsed
                .blind(repository.span(), "a repository has no `repo`", self.damaged);
            return;
        };
        let Some(hooks) = repository
            .get("hooks")
            .filter(|hooks| hooks.kind() == Kind::Array)
        else {
            self.parsed.blind(
                repository.span(),
                format!("{} has no list of `hooks`", without_secrets(&address)),
                self.damaged,
            );
            return;
        };
        if !matches!(&*address, "local" | "meta" | "builtin") {
            match repository.get("rev").or_else(|| repository.get("sha")) {
                Some(rev) if !rev.raw().is_empty() && !matches!(rev.kind(), Kind::Array | Kind::Object) => {
                    self.locked(&address, rev, repository);
                }
                Some(_) | None => {
                    let message = format!("{} has no `rev`", without_secrets(&address));
                    self.parsed.blind(repository.span(), message, self.damaged);
                }
            }
        }
        for hook in hooks.items() {
            if !hook.is_object() {
                self.parsed.blind(hook.span(), "a hook has no `id`", self.damaged);
            }
            let language = hook.str("language");
            for dependency in hook
                .get("additional_dependencies")
                .into_iter()
                .flat_map(Value::items)
            {
                match dependency.as_str() {
                    Some(text) => self.dependency(&text, language.as_deref(), dependency),
                    None => self
                        .parsed
                        .blind(dependency.span(), "a dependency is no text", self.damaged),
                }
            }
        }
    }

    /// Adds a repository of hooks.
    fn locked(&mut self, address: &str, rev: Value<'_>, repository: Value<'_>) {
        let shown = without_secrets(address);
        let own = rev.text_span();
        let text = rev.as_str().unwrap_or_else(|| rev.raw().into());
        let frozen = frozen(self.text, rev);
        let is_commit = text.bytes().all(|byte| byte.is_ascii_hexdigit());
        if !text.contains('.') && !is_commit {
            self.parsed.partial(
                own,
                format!("{shown} is locked to `{text}`, which may move"),
                self.moves,
            );
        }
        let place = frozen.unwrap_or(own);
        let version = frozen.map_or(text, |span| span.of(self.text).into());
        let name = match location(address) {
            name if name.is_empty() => shown.clone(),
            name => name,
        };
        let mut package = Package::new(ECOSYSTEM, name, version, FileSpan::here(place));
        let is_remote =
            address.contains("://") && !address.starts_with("file:") || address.starts_with("git@");
        package.source = match is_remote {
            true => Source::Git(format!("{shown}#{}", own.of(self.text))),
            false => Source::Path(shown.into_owned()),
        };
        package.spans = Spans {
            entry: Some(repository.span()),
            source: repository.get("repo").map(Value::text_span),
            checksums: frozen.map(|_| own).into_iter().collect(),
            edges: None,
        };
        self.add(package);
    }

    /// Adds what a hook is installed with.
    fn dependency(&mut self, text: &str, language: Option<&str>, value: Value<'_>) {
        let text = text.trim();
        // Of the repository itself.
        if text.starts_with(['.', '/']) || text.is_empty() {
            return;
        }
        let Some(found) = exact(text, language) else {
            let message = format!("{} has no exact version", without_secrets(text));
            self.parsed.partial(value.text_span(), message, PIN);
            return;
        };
        if found.is_guess {
            let message = format!("{text} is taken for a part of the module {}", found.name);
            self.parsed.partial(
                value.text_span(),
                message,
                "Compare with `go list -m` of that module.",
            );
        }
        let raw = value.raw();
        let lead = raw
            .len()
            .saturating_sub(raw.trim_start().len())
            .saturating_add(found.at);
        let place = match raw.trim() == text {
            true => value.span_of(lead..lead.saturating_add(found.version.len())),
            false => value.text_span(),
        };
        let mut package = Package::new(found.ecosystem, found.name, found.version, FileSpan::here(place));
        package.spans = Spans {
            entry: Some(value.text_span()),
            ..Spans::default()
        };
        self.add(package);
    }

    fn add(&mut self, mut package: Package) {
        let span = package.place().span;
        if !self.seen.insert(span) {
            return;
        }
        // Nothing ends a plain text but the end of its line.
        if span.end as usize == self.text.len() {
            let message = "the file ends inside of this version, which may be cut";
            self.parsed
                .partial(span, message, "End the file with a line end.");
        }
        package.direct = true;
        package.scopes = Scopes::only(Scope::Dev);
        self.parsed.graph.add_package(package);
    }
}

/// A dependency with an exact version, which stands `at` in its text.
struct Exact<'t> {
    ecosystem: Ecosystem,
    name: &'t str,
    version: &'t str,
    at: usize,
    /// The name is not sure.
    is_guess: bool,
}

/// What `text` locks for a hook in `language`; `None` for what is no exact version, or of a language whose packages are not known here.
fn exact<'t>(text: &'t str, language: Option<&str>) -> Option<Exact<'t>> {
    let behind = |front: &str, sign: char| {
        let (name, version) = text.get(front.len()..)?.rsplit_once(sign)?;
        let at = text.len().checked_sub(version.len())?;
        (!name.is_empty() && !version.is_empty()).then_some((name, version, at))
    };
    let of = |ecosystem: Ecosystem, (name, version, at): (&'t str, &'t str, usize)| Exact {
        ecosystem,
        name,
        version,
        at,
        is_guess: false,
    };
    let language = language.or_else(|| guessed(text))?;
    match language {
        "python" => {
            let requirement = pep508::read(text).ok()?;
            let version = requirement.exact(text)?;
            let name = requirement.name.of(text);
            Some(of(
                Ecosystem::PYPI,
                (name, version.of(text), version.start as usize),
            ))
        }
        "node" => {
            let is_name = |name: &str| {
                let scoped = name.strip_prefix('@').map(|name| name.split_once('/'));
                scoped.is_none_or(|parts| {
                    parts.is_some_and(|(scope, name)| !scope.is_empty() && !name.is_empty())
                })
            };
            let found = behind("", '@').filter(|(name, version, _)| is_whole(version) && is_name(name))?;
            Some(of(Ecosystem::NPM, found))
        }
        "golang" => {
            let is_one = |version: &str| version.strip_prefix('v').is_some_and(is_whole);
            let (path, version, at) =
                behind("", '@').filter(|(path, version, _)| is_one(version) && !path.ends_with('/'))?;
            // `go install` takes the path of a package, of which the module is a part.
            let module = module(path);
            Some(Exact {
                is_guess: module.len() != path.len(),
                ..of(Ecosystem::GO, (module, version, at))
            })
        }
        "rust" => {
            let found = text.strip_prefix("cli:").and_then(|_| behind("cli:", ':'));
            Some(of(
                Ecosystem::CRATES_IO,
                found.filter(|(_, version, _)| is_whole(version))?,
            ))
        }
        "ruby" => {
            let found = behind("", ':').filter(|(_, version, _)| starts_with_digit(version))?;
            Some(of(Ecosystem::RUBYGEMS, found))
        }
        "dart" => Some(of(
            Ecosystem::PUB,
            behind("", ':').filter(|(_, version, _)| is_whole(version))?,
        )),
        "coursier" => {
            let found = behind("", ':').filter(|(name, version, _)| {
                starts_with_digit(version) && name.matches(':').count() == 1 && !version.ends_with('+')
            })?;
            Some(of(Ecosystem::MAVEN, found))
        }
        _ => None,
    }
}

/// The module that the package at `path` is taken for a part of: its repository, where that is at a host that has owners and repositories.
fn module(path: &str) -> &str {
    if !path.starts_with("github.com/")
        && !path.starts_with("gitlab.com/")
        && !path.starts_with("bitbucket.org/")
    {
        return path;
    }
    let mut slashes = path.match_indices('/').map(|(at, _)| at).skip(2);
    let Some(repository) = slashes.next() else {
        return path;
    };
    let end = slashes.next().unwrap_or(path.len());
    let next = path.get(repository.saturating_add(1)..end).unwrap_or_default();
    let is_major = next
        .strip_prefix('v')
        .is_some_and(|number| !number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit()));
    path.get(..if is_major { end } else { repository })
        .unwrap_or(path)
}

/// The language whose packages are written as `text` is.
fn guessed(text: &str) -> Option<&'static str> {
    let has_host = || {
        let (host, path) = text.split_once('/')?;
        let is_one = host.contains('.') && !host.starts_with('@');
        is_one.then(|| path.split_once('@'))?
    };
    if text.starts_with("cli:") {
        return Some("rust");
    }
    if text.contains("==") {
        return Some("python");
    }
    if has_host().is_some_and(|(_, version)| version.starts_with('v')) {
        return Some("golang");
    }
    text.get(1..)?.contains('@').then_some("node")
}

/// Three numbers and what may be behind them, as SemVer has it.
fn is_whole(version: &str) -> bool {
    let core = version.split(['-', '+']).next().unwrap_or_default();
    let mut count = 0_usize;
    core.split('.').all(|number| {
        count = count.saturating_add(1);
        !number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit())
    }) && count == 3
}

fn starts_with_digit(version: &str) -> bool {
    version.starts_with(|first: char| first.is_ascii_digit())
}

/// The version that the comment behind a `rev` names: `# frozen: v1.2.3`.
fn frozen(text: &str, rev: Value<'_>) -> Option<Span> {
    let end = rev.text_span().end as usize;
    let line = text.get(end..)?.lines().next()?;
    let (before, comment) = line.split_once('#')?;
    if !before
        .chars()
        .all(|character| matches!(character, ' ' | '\t' | '"' | '\''))
    {
        return None;
    }
    let version = comment.trim_start().strip_prefix("frozen:")?.trim_start();
    let at = end.checked_add(line.len().checked_sub(version.len())?)?;
    let version = version
        .split([' ', '\t', '\r'])
        .next()
        .filter(|version| !version.is_empty())?;
    Some(Span::new(at, at.saturating_add(version.len())))
}
