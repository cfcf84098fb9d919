//! The text of a `Cargo.lock`: where its entries stand, and how Cargo writes them.

use std::cmp::Ordering;
use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;

use semver::Version;

use super::splice::Splice;
use crate::lockfile::cargo_lock::locked::{CrateId, LockedCrate};
use crate::text::Span;
use crate::text::toml;
use crate::text::tree::{Kind, Value};

/// An entry as it is to be.
#[derive(Debug, Clone)]
pub(super) struct New {
    pub(super) id: CrateId,
    pub(super) checksum: Option<String>,
    pub(super) needs: BTreeSet<CrateId>,
}

/// An entry as it stands.
struct Entry {
    id: CrateId,
    /// From its header to the end of its last line.
    at: Range<usize>,
    version: Span,
    checksum: Option<Span>,
    dependencies: Option<List>,
}

/// The list of dependencies.
struct List {
    /// From the start of the line of its key to behind its bracket.
    at: Range<usize>,
    /// The items with their quotes.
    items: Vec<(Range<usize>, String)>,
}

/// The lockfile.
pub(super) struct LockText<'t> {
    text: &'t str,
    line_end: &'static str,
    entries: Vec<Entry>,
}

impl<'t> LockText<'t> {
    /// `crates` are what the file says, in its order.
    pub(super) fn of(text: &'t str, crates: &[LockedCrate]) -> Result<Self, String> {
        let document = toml::read(text);
        let packages = document.root().get("package");
        let tables: Vec<Value<'_>> = packages.into_iter().flat_map(Value::items).collect();
        if tables.len() != crates.len() {
            return Err("The lockfile is damaged.".to_owned());
        }
        let mut entries = Vec::with_capacity(tables.len());
        for (table, one) in tables.into_iter().zip(crates) {
            entries.push(entry(text, table, one)?);
        }
        let first = text.find('\n').and_then(|end| text.get(..end));
        Ok(Self {
            text,
            line_end: match first.is_some_and(|line| line.ends_with('\r')) {
                true => "\r\n",
                false => "\n",
            },
            entries,
        })
    }

    /// What makes the file have `kept`, an entry for each that stands there and `None` for one that leaves, and `arriving`.
    pub(super) fn splices(
        &self,
        mut kept: Vec<Option<New>>,
        mut arriving: Vec<New>,
    ) -> Result<Vec<Splice>, String> {
        self.leave_the_order(&mut kept, &mut arriving);
        arriving.sort_by(|left, right| order(&left.id, &right.id));
        let spelling = Spelling::of(kept.iter().flatten().chain(&arriving).map(|new| &new.id));
        let mut splices = self.removals(&kept);
        for (entry, new) in self.entries.iter().zip(&kept) {
            if let Some(new) = new {
                self.change(entry, new, &spelling, &mut splices)?;
            }
        }
        for new in &arriving {
            splices.push(self.insertion(new, &kept, &spelling));
        }
        Ok(splices)
    }

    /// What does not belong any more where it stands leaves there and arrives elsewhere.
    fn leave_the_order(&self, kept: &mut [Option<New>], arriving: &mut Vec<New>) {
        for number in 0..kept.len() {
            let Some(Some(new)) = kept.get(number) else {
                continue;
            };
            if self.entries.get(number).is_none_or(|entry| entry.id == new.id) {
                continue;
            }
            let stays = |other: &&Option<New>| other.is_some();
            let before = kept.iter().take(number).rev().find(stays);
            let after = kept.iter().skip(number + 1).find(stays);
            let is_in_order = |left: Option<&Option<New>>, right: Option<&Option<New>>| match (
                left.and_then(Option::as_ref),
                right.and_then(Option::as_ref),
            ) {
                (Some(left), Some(right)) => order(&left.id, &right.id) != Ordering::Greater,
                (_, _) => true,
            };
            let own = kept.get(number);
            if !is_in_order(before, own) || !is_in_order(own, after) {
                arriving.extend(kept.get_mut(number).and_then(Option::take));
            }
        }
    }

    /// Takes out the entries that leave, each with the empty line behind it; the last ones with that before them.
    fn removals(&self, kept: &[Option<New>]) -> Vec<Splice> {
        let last_kept = kept.iter().rposition(Option::is_some);
        let mut splices = Vec::new();
        for (number, entry) in self.entries.iter().enumerate() {
            let is_kept = kept.get(number).is_some_and(Option::is_some);
            if is_kept || last_kept.is_none_or(|last| number > last) {
                continue;
            }
            let next = self.entries.get(number + 1);
            splices.push(Splice {
                at: entry.at.start..next.map_or(entry.at.end, |next| next.at.start),
                text: String::new(),
            });
        }
        let tail = last_kept.and_then(|last| self.entries.get(last));
        if let (Some(tail), Some(end)) = (tail, self.entries.last())
            && tail.at.end < end.at.end
        {
            splices.push(Splice {
                at: tail.at.end..end.at.end,
                text: String::new(),
            });
        }
        splices
    }

    fn change(
        &self,
        entry: &Entry,
        new: &New,
        spelling: &Spelling<'_>,
        splices: &mut Vec<Splice>,
    ) -> Result<(), String> {
        let mut exchange = |span: Span, text: &str| {
            if span.of(self.text) != text {
                splices.push(Splice {
                    at: span.start as usize..span.end as usize,
                    text: text.to_owned(),
                });
            }
        };
        exchange(entry.version, &new.id.version);
        match (entry.checksum, &new.checksum) {
            (Some(span), Some(checksum)) => exchange(span, checksum),
            (None, None) => {}
            (Some(_), None) | (None, Some(_)) => {
                return Err(format!("The lockfile has {} without a checksum.", entry.id));
            }
        }
        let needs = spelling.list(&new.needs);
        splices.extend(match (&entry.dependencies, needs.is_empty()) {
            (None, true) => None,
            (None, false) => Some(Splice {
                at: entry.at.end..entry.at.end,
                text: format!("{}{}", self.line_end, self.list(&needs)),
            }),
            (Some(list), true) => Some(Splice {
                at: self.end_of_line_before(list.at.start)..list.at.end,
                text: String::new(),
            }),
            (Some(list), false) => self.exchanged(list, &needs),
        });
        Ok(())
    }

    /// Exchanges the items that differ.
    fn exchanged(&self, list: &List, needs: &[String]) -> Option<Splice> {
        let items = &list.items;
        let same = |(item, need): &(&(Range<usize>, String), &String)| item.1 == **need;
        let start = items.iter().zip(needs).take_while(same).count();
        let rest = items.len().min(needs.len()) - start;
        let end = items
            .iter()
            .rev()
            .zip(needs.iter().rev())
            .take(rest)
            .take_while(same)
            .count();
        let old = items.get(start..items.len() - end)?;
        let new: Vec<String> = needs
            .get(start..needs.len() - end)?
            .iter()
            .map(|need| format!("\"{need}\""))
            .collect();
        let between = format!(",{} ", self.line_end);
        let text = new.join(&between);
        let next = items.get(items.len() - end);
        let previous = start.checked_sub(1).and_then(|number| items.get(number));
        let at = |range: Range<usize>, text: String| Some(Splice { at: range, text });
        match (old.first(), old.last(), new.is_empty()) {
            (None, _, true) | (_, None, true) => None,
            (Some((first, _)), Some((last, _)), false) => at(first.start..last.end, text),
            (Some((first, _)), Some((last, _)), true) => match (next, previous) {
                (Some((next, _)), _) => at(first.start..next.start, String::new()),
                (None, Some((previous, _))) => at(previous.end..last.end, String::new()),
                (None, None) => None,
            },
            (None, _, false) | (_, None, false) => match (next, previous) {
                (Some((next, _)), _) => at(next.start..next.start, format!("{text}{between}")),
                (None, Some((previous, _))) => at(previous.end..previous.end, format!("{between}{text}")),
                // An empty list is written anew.
                (None, None) => at(list.at.clone(), self.list(needs)),
            },
        }
    }

    fn list(&self, needs: &[String]) -> String {
        let items: Vec<String> = needs
            .iter()
            .map(|need| format!(" \"{need}\",{}", self.line_end))
            .collect();
        format!("dependencies = [{}{}]", self.line_end, items.concat())
    }

    fn insertion(&self, new: &New, kept: &[Option<New>], spelling: &Spelling<'_>) -> Splice {
        let mut lines = vec![
            "[[package]]".to_owned(),
            format!("name = \"{}\"", new.id.name),
            format!("version = \"{}\"", new.id.version),
        ];
        lines.extend(
            new.id
                .source
                .iter()
                .map(|source| format!("source = \"{source}\"")),
        );
        lines.extend(
            new.checksum
                .iter()
                .map(|checksum| format!("checksum = \"{checksum}\"")),
        );
        let needs = spelling.list(&new.needs);
        if !needs.is_empty() {
            lines.push(self.list(&needs));
        }
        let text = lines.join(self.line_end);
        let standing = || self.entries.iter().zip(kept).filter(|(_, kept)| kept.is_some());
        let is_behind = |(_, kept): &(&Entry, &Option<New>)| {
            kept.as_ref()
                .is_some_and(|kept| order(&kept.id, &new.id) == Ordering::Greater)
        };
        let gap = self.line_end.repeat(2);
        match (standing().find(is_behind), standing().next_back()) {
            (Some((next, _)), _) => Splice {
                at: next.at.start..next.at.start,
                text: format!("{text}{gap}"),
            },
            (None, last) => {
                let end = last.map_or(self.text.len(), |(last, _)| last.at.end);
                Splice {
                    at: end..end,
                    text: format!("{gap}{text}"),
                }
            }
        }
    }

    /// The end of the line before the one that begins at `start`.
    fn end_of_line_before(&self, start: usize) -> usize {
        let before = self.text.get(..start).unwrap_or_default();
        before
            .strip_suffix('\n')
            .map_or(start, |line| line.strip_suffix('\r').unwrap_or(line).len())
    }
}

fn entry(text: &str, table: Value<'_>, one: &LockedCrate) -> Result<Entry, String> {
    let unusual = || format!("The lockfile writes {} in a way that Cargo does not.", one.id);
    let plain = |key: &str| match table.get(key) {
        None => Ok(None),
        Some(value) if value.kind() == Kind::PlainString => Ok(Some(value.text_span())),
        Some(_) => Err(unusual()),
    };
    let dependencies = match table.get("dependencies") {
        None => None,
        Some(list) => {
            let key = list.key_span().start as usize;
            let before = text.get(..key).unwrap_or_default();
            let mut items = Vec::new();
            for item in list.items() {
                if item.kind() != Kind::PlainString {
                    return Err(unusual());
                }
                let span = item.text_span();
                let at = (span.start as usize).saturating_sub(1)..span.end as usize + 1;
                items.push((at, span.of(text).to_owned()));
            }
            Some(List {
                at: before.rfind('\n').map_or(0, |end| end + 1)..list.span().end as usize,
                items,
            })
        }
    };
    let start = table.span().start as usize;
    Ok(Entry {
        id: one.id.clone(),
        at: start..end_of_line(text, table.span().end as usize),
        version: plain("version")?.ok_or_else(unusual)?,
        checksum: plain("checksum")?,
        dependencies,
    })
}

/// The end of the line in which the byte at `from` stands.
fn end_of_line(text: &str, from: usize) -> usize {
    let rest = text.get(from..).unwrap_or_default();
    let line = rest.split('\n').next().unwrap_or_default();
    from + line.strip_suffix('\r').unwrap_or(line).len()
}

/// Cargo's order of packages.
pub(super) fn order(left: &CrateId, right: &CrateId) -> Ordering {
    let version = |id: &CrateId| Version::parse(&id.version).ok();
    left.name
        .cmp(&right.name)
        .then_with(|| version(left).cmp(&version(right)))
        .then_with(|| left.source.cmp(&right.source))
}

/// How dependencies are written: as short as there are few packages of the name.
struct Spelling<'i> {
    /// How many packages there are, by name and version.
    counts: BTreeMap<&'i str, BTreeMap<&'i str, usize>>,
}

impl<'i> Spelling<'i> {
    fn of(ids: impl Iterator<Item = &'i CrateId>) -> Self {
        let mut counts: BTreeMap<&str, BTreeMap<&str, usize>> = BTreeMap::new();
        for id in ids {
            let versions = counts.entry(&id.name).or_default();
            *versions.entry(&id.version).or_default() += 1;
        }
        Self { counts }
    }

    fn list(&self, needs: &BTreeSet<CrateId>) -> Vec<String> {
        // Cargo compares the parts of what it writes as texts.
        let mut parts: Vec<(&str, Option<&str>, Option<&str>)> = needs
            .iter()
            .map(|id| {
                let versions = self.counts.get(&*id.name);
                let is_of_several = versions.is_some_and(|versions| versions.len() > 1);
                let is_doubled = versions.and_then(|versions| versions.get(&*id.version)) > Some(&1);
                let source = id.source.as_deref().filter(|_| is_doubled);
                (
                    &*id.name,
                    (is_of_several || is_doubled).then_some(&*id.version),
                    source.map(|source| source.split('#').next().unwrap_or_default()),
                )
            })
            .collect();
        parts.sort_unstable();
        parts
            .into_iter()
            .map(|part| match part {
                (name, None, _) => name.to_owned(),
                (name, Some(version), None) => format!("{name} {version}"),
                (name, Some(version), Some(source)) => format!("{name} {version} ({source})"),
            })
            .collect()
    }
}
