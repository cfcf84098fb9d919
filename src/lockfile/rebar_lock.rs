//! `rebar.lock`, of every version of rebar3.
//!
//! The rules are those of rebar3's own reader and writer (`rebar_config.erl`): a list of what is locked, since version 1.1.0 with
//! the version of the format in front and checksums behind.
//!
//! - `{Application, {pkg, Package, Version}, Level}` is a package of Hex, by its own name; which repository it is from is not
//!   recorded. `{git, Address, {ref, Commit}}`, `{git_subdir, …}` and `{hg, …}` are repositories, and the commit is the version.
//! - Direct is what stands at level 0. The file holds no edges and no scopes.
//! - A newer version is read with a remark, as rebar3 reads it with a warning. A term ends with a full stop.

use std::borrow::Cow;

use foldhash::{HashMap, HashMapExt as _};

use super::grammar::rfc3986::without_secrets;
use super::grammar::terms::{Kind, Language, Term, Terms};
use super::{File, Format, Parsed, Upgrade, UpgradeCommand};
use crate::model::{Ecosystem, FileSpan, Package, Source, Spans, Tree};
use crate::text::Span;

/// The lockfile of rebar3.
#[derive(Debug, Clone, Copy)]
pub struct RebarLock;

/// The versions of the format that are known here; older files have none.
const KNOWN: [&str; 2] = ["1.1.0", "1.2.0"];

const DAMAGED: &str = "Restore the file from its last good commit, or run `rebar3 lock`.";

impl Format for RebarLock {
    fn name(&self) -> &'static str {
        "rebar.lock"
    }

    fn ecosystem(&self) -> Ecosystem {
        Ecosystem::HEX
    }

    fn file_names(&self) -> &'static [&'static str] {
        &["rebar.lock"]
    }

    fn upgrade_command(&self, upgrade: &Upgrade<'_>) -> UpgradeCommand {
        match upgrade.direct {
            true => UpgradeCommand::Run(format!("rebar3 upgrade {}", upgrade.name)),
            // It refuses that.
            false => UpgradeCommand::ByHand(
                "rebar3 upgrades only what rebar.config asks for: name the package there, or upgrade what brings it.".into(),
            ),
        }
    }

    fn read(&self, file: &File<'_>, _: &dyn Tree) -> Parsed {
        let mut parsed = Parsed::default();
        let mut terms = Terms::read(file.text, Language::Erlang);
        parsed.damaged(std::mem::take(&mut terms.problems), DAMAGED);
        if file.text.trim().is_empty() {
            parsed.blind(Span::at(0), "the file is empty", DAMAGED);
        } else if !terms.is_ended {
            parsed.blind(
                Span::at(file.text.len()),
                "the file does not end with a full stop",
                DAMAGED,
            );
        }
        let mut roots = terms.roots();
        let locks = roots.next().and_then(|first| locks(first, &mut parsed));
        let checksums = checksums(roots);
        let mut direct = Vec::new();
        for entry in locks.into_iter().flat_map(Term::items) {
            let Some(locked) = locked(entry) else {
                if entry.is_whole() {
                    parsed.blind(
                        entry.span(),
                        "this entry is of a kind that is not known here",
                        DAMAGED,
                    );
                }
                continue;
            };
            let node = parsed.graph.add_package(locked.package(&checksums));
            if locked.is_direct {
                direct.push((node, locked.app_span));
            }
        }
        if parsed.graph.packages().next().is_some() {
            let root = parsed.graph.add_root("", "");
            for (node, span) in direct {
                parsed.graph.add_edge(root, node, span);
            }
        }
        parsed.graph.mark_direct();
        parsed
    }
}

/// The list of what is locked.
fn locks<'d>(first: Term<'d>, parsed: &mut Parsed) -> Option<Term<'d>> {
    if first.kind() == Kind::List {
        return Some(first);
    }
    let mut parts = first.items();
    let version = parts.next().filter(|_| first.kind() == Kind::Tuple);
    let list = parts.next().filter(|list| list.kind() == Kind::List);
    match (version.and_then(Term::text), version, list) {
        (Some(text), Some(version), Some(list)) => {
            if !KNOWN.contains(&text.as_ref()) {
                parsed.remark(
                    version.span(),
                    format!(
                        "version {text} of the format is not known here, and is read as the newest that is"
                    ),
                    "Update lockkeeper.",
                );
            }
            Some(list)
        }
        _ => {
            parsed.blind(
                first.span(),
                "no lockfile of rebar3: it has no list of what is locked",
                DAMAGED,
            );
            None
        }
    }
}

/// The places of the checksums, by the name of the application.
fn checksums<'d>(attributes: impl Iterator<Item = Term<'d>>) -> HashMap<Cow<'d, str>, Vec<Span>> {
    let mut checksums: HashMap<Cow<'d, str>, Vec<Span>> = HashMap::new();
    for attribute in attributes.flat_map(Term::items) {
        let mut parts = attribute.items();
        let is_hash = parts
            .next()
            .is_some_and(|name| name.is_atom("pkg_hash") || name.is_atom("pkg_hash_ext"));
        let list = parts.next().filter(|_| is_hash);
        for pair in list.into_iter().flat_map(Term::items) {
            let mut parts = pair.items();
            if let (Some(name), Some(hash)) = (parts.next().and_then(Term::text), parts.next()) {
                checksums.entry(name).or_default().push(hash.text_span());
            }
        }
    }
    checksums
}

/// An entry of the list.
struct Locked<'d> {
    app: Cow<'d, str>,
    app_span: Span,
    name: Cow<'d, str>,
    version: Cow<'d, str>,
    place: Span,
    entry: Span,
    source: Source,
    source_span: Option<Span>,
    is_direct: bool,
}

impl Locked<'_> {
    fn package(&self, checksums: &HashMap<Cow<'_, str>, Vec<Span>>) -> Package {
        let place = FileSpan::here(self.place);
        let mut package = Package::new(Ecosystem::HEX, &*self.name, &*self.version, place);
        package.source = self.source.clone();
        package.spans = Spans {
            entry: Some(self.entry),
            source: self.source_span,
            checksums: checksums.get(&self.app).into_iter().flatten().copied().collect(),
            edges: None,
        };
        package
    }
}

fn locked(entry: Term<'_>) -> Option<Locked<'_>> {
    let parts: Vec<Term<'_>> = entry.items().take(4).collect();
    let [app, source, level] = parts.as_slice() else {
        return None;
    };
    let text = |term: Term<'_>| term.text().filter(|text| !text.is_empty()).map(Cow::into_owned);
    let of_source: Vec<Term<'_>> = source.items().take(4).collect();
    let (kind, second, third) = match of_source.as_slice() {
        [kind, second, third, ..] => (*kind, *second, *third),
        _ => return None,
    };
    if !entry.is_whole() || entry.kind() != Kind::Tuple || level.kind() != Kind::Number {
        return None;
    }
    let mut locked = Locked {
        app: app.text()?,
        app_span: app.text_span(),
        name: app.text().filter(|app| !app.is_empty())?,
        version: Cow::Borrowed(""),
        place: Span::default(),
        entry: entry.span(),
        source: Source::Registry(None),
        source_span: None,
        is_direct: level.raw() == "0",
    };
    match kind.text()?.as_ref() {
        "pkg" => {
            locked.name = Cow::Owned(text(second)?);
            locked.version = Cow::Owned(text(third)?);
            locked.place = third.text_span();
        }
        "git" | "git_subdir" | "hg" => {
            // `{ref, Commit}`, or the commit alone.
            let commit = match third.kind() {
                Kind::Tuple => third.items().nth(1)?,
                _ => third,
            };
            locked.version = Cow::Owned(text(commit)?);
            locked.place = commit.text_span();
            locked.source_span = Some(second.text_span());
            let address = second.text()?;
            locked.source = Source::Git(format!("{}#{}", without_secrets(&address), locked.version));
        }
        _ => return None,
    }
    Some(locked)
}
