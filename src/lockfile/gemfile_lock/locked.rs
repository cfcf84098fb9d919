//! What a lockfile of Bundler locks, with the places of its lines, for those who plan and make changes.

use std::collections::BTreeMap;
use std::ops::Range;

use super::sections::Lock;
use crate::lockfile::Parsed;
use crate::model::Cost;
use crate::schema::compact_index::Need;
use crate::version::Scheme as _;
use crate::version::range::rubygems::clauses;
use crate::version::rubygems::Rubygems;

/// A lockfile.
#[derive(Debug, Default)]
pub struct Locked {
    /// The sections with gems, in the order of the file.
    pub sections: Vec<Section>,
    /// The gems, in the order of the file.
    pub gems: Vec<LockedGem>,
    /// PLATFORMS.
    pub platforms: Vec<String>,
    /// DEPENDENCIES.
    pub dependencies: Vec<Dependency>,
    /// CHECKSUMS, where the file has that section.
    pub checksums: Option<Vec<Checksum>>,
    /// Where a further line of CHECKSUMS would stand.
    pub checksums_end: usize,
    /// RUBY VERSION: the number alone.
    pub ruby: Option<String>,
}

/// Where gems come from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Section {
    /// `GEM`, `GIT`, `PATH`, `PLUGIN SOURCE`.
    pub kind: String,
    /// Its addresses or folders.
    pub remotes: Vec<String>,
    /// Where a further gem would stand behind all others.
    pub end: usize,
}

impl Section {
    /// Its gems come from a registry, whose address it names.
    #[must_use]
    pub fn registry(&self) -> Option<&str> {
        match self.remotes.as_slice() {
            [remote] if self.kind == "GEM" => Some(remote),
            _ => None,
        }
    }
}

/// A gem of one platform.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LockedGem {
    /// Its name.
    pub name: String,
    /// Its version.
    pub version: String,
    /// Its platform as written; empty for any.
    pub platform: String,
    /// The number of its section.
    pub section: usize,
    /// Its lines, with the ends of these.
    pub at: Range<usize>,
    /// What it needs.
    pub needs: Vec<Need>,
}

/// What the project asks for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Dependency {
    /// The gem.
    pub name: String,
    /// The versions that it takes; empty for any.
    pub range: String,
    /// Its line, with the end of it.
    pub at: Range<usize>,
    /// It has a source of its own.
    pub is_pinned: bool,
}

/// A line of CHECKSUMS.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Checksum {
    /// `name (version-platform)`.
    pub gem: String,
    /// `sha256=…`; empty where none is known.
    pub sums: String,
    /// Its line, with the end of it.
    pub at: Range<usize>,
}

/// How the file names a gem: `name (version-platform)`.
#[must_use]
pub fn lock_name(name: &str, version: &str, platform: &str) -> String {
    match platform {
        "" | "ruby" => format!("{name} ({version})"),
        platform => format!("{name} ({version}-{platform})"),
    }
}

/// How the file writes what is needed: with its clauses in the order of Bundler, and without those that take any version.
#[must_use]
pub fn written(need: &Need) -> String {
    let range = in_order(&need.range);
    match range.as_str() {
        "" => need.name.clone(),
        range => format!("{} ({range})", need.name),
    }
}

/// The clauses of a requirement as Bundler writes them: each once, the last in the order of their texts first; empty for any version.
#[must_use]
pub fn in_order(range: &str) -> String {
    let clauses = clauses(range).unwrap_or_default();
    if let [only] = clauses.as_slice()
        && only.operator == ">="
        && Rubygems
            .compare(only.version, "0")
            .is_ok_and(std::cmp::Ordering::is_eq)
    {
        return String::new();
    }
    let mut texts: Vec<String> = clauses
        .iter()
        .map(|clause| format!("{} {}", clause.operator, clause.version))
        .collect();
    texts.sort_unstable();
    texts.dedup();
    texts.reverse();
    texts.join(", ")
}

/// Reads a lockfile.
///
/// # Errors
/// Why it is not understood, as a sentence.
pub fn locked(text: &str) -> Result<Locked, String> {
    let mut parsed = Parsed::default();
    let _lock = Lock::read(text, &mut parsed);
    if let Some(problem) = parsed.problems.iter().find(|problem| problem.cost == Cost::Blind) {
        return Err(format!("The lockfile is damaged: {}.", problem.message));
    }
    let mut locked = Locked::default();
    let mut part = Part::Other;
    for (at, line) in lines(text) {
        let trimmed = line.trim_start_matches(' ');
        let indent = line.len().saturating_sub(trimmed.len());
        match (indent, part) {
            _ if trimmed.is_empty() => {}
            (0, _) => part = locked.begin(trimmed, at.end),
            (2, Part::Source) => match trimmed.split_once(": ") {
                Some(("remote", remote)) => {
                    if let Some(section) = locked.sections.last_mut() {
                        section.remotes.push(remote.to_owned());
                    }
                }
                _ => locked.stretch(at.end),
            },
            (4, Part::Source) => locked.gem(trimmed, at),
            (6, Part::Source) => locked.need(trimmed, at),
            (_, Part::Platforms) => locked.platforms.push(trimmed.to_owned()),
            (_, Part::Dependencies) => locked.dependencies.push(dependency(trimmed, at)),
            (_, Part::Checksums) => {
                locked.checksums_end = at.end;
                let end = trimmed
                    .find(')')
                    .map_or(trimmed.len(), |end| end.saturating_add(1));
                let (gem, sums) = trimmed.split_at_checked(end).unwrap_or((trimmed, ""));
                locked.checksums.get_or_insert_default().push(Checksum {
                    gem: gem.to_owned(),
                    sums: sums.trim().to_owned(),
                    at,
                });
            }
            (_, Part::Ruby) => locked.ruby = ruby(trimmed),
            (_, Part::Source | Part::Other) => {}
        }
    }
    Ok(locked)
}

/// What a line belongs to.
#[derive(Clone, Copy)]
enum Part {
    Source,
    Platforms,
    Dependencies,
    Checksums,
    Ruby,
    Other,
}

impl Locked {
    fn begin(&mut self, title: &str, end: usize) -> Part {
        match title {
            "GEM" | "GIT" | "PATH" | "PLUGIN SOURCE" => {
                self.sections.push(Section {
                    kind: title.to_owned(),
                    remotes: Vec::new(),
                    end,
                });
                Part::Source
            }
            "PLATFORMS" => Part::Platforms,
            "DEPENDENCIES" => Part::Dependencies,
            "CHECKSUMS" => {
                self.checksums.get_or_insert_default();
                self.checksums_end = end;
                Part::Checksums
            }
            "RUBY VERSION" => Part::Ruby,
            _ => Part::Other,
        }
    }

    /// The section goes on up to `end`.
    fn stretch(&mut self, end: usize) {
        if let Some(section) = self.sections.last_mut() {
            section.end = end;
        }
    }

    fn gem(&mut self, text: &str, at: Range<usize>) {
        self.stretch(at.end);
        let (name, inside) = inside(text);
        let (version, platform) = inside.split_once('-').unwrap_or((inside, ""));
        self.gems.push(LockedGem {
            name: name.to_owned(),
            version: version.to_owned(),
            platform: platform.to_owned(),
            section: self.sections.len().saturating_sub(1),
            at,
            needs: Vec::new(),
        });
    }

    fn need(&mut self, text: &str, at: Range<usize>) {
        self.stretch(at.end);
        let (name, range) = inside(text);
        if let Some(gem) = self.gems.last_mut() {
            gem.at.end = at.end;
            gem.needs.push(Need {
                name: name.to_owned(),
                range: range.to_owned(),
            });
        }
    }

    /// The variants of each gem, by its name, as numbers of [`Locked::gems`].
    #[must_use]
    pub fn by_name(&self) -> BTreeMap<&str, Vec<usize>> {
        let mut by_name: BTreeMap<&str, Vec<usize>> = BTreeMap::new();
        for (number, gem) in self.gems.iter().enumerate() {
            by_name.entry(&gem.name).or_default().push(number);
        }
        by_name
    }
}

fn dependency(text: &str, at: Range<usize>) -> Dependency {
    let (plain, is_pinned) = match text.strip_suffix('!') {
        Some(plain) => (plain, true),
        None => (text, false),
    };
    let (name, range) = inside(plain);
    Dependency {
        name: name.to_owned(),
        range: range.to_owned(),
        at,
        is_pinned,
    }
}

/// `name (inside)`; nothing inside without parentheses.
fn inside(text: &str) -> (&str, &str) {
    match text.split_once(" (") {
        Some((name, rest)) => (name, rest.rsplit_once(')').map_or(rest, |(inside, _)| inside)),
        None => (text, ""),
    }
}

/// `ruby 3.1.2p20`; `None` for another engine, which has a version of Ruby of its own.
fn ruby(text: &str) -> Option<String> {
    let version = text.strip_prefix("ruby ")?;
    let end = version.find(|character: char| !character.is_ascii_alphanumeric() && character != '.');
    // Another engine stands in parentheses behind it.
    let version = version.get(..end.unwrap_or(version.len()))?;
    let plain = match version.rsplit_once('p') {
        Some((plain, patch)) if patch.bytes().all(|byte| byte.is_ascii_digit()) => plain,
        _ => version,
    };
    Rubygems.compare(plain, plain).is_ok().then(|| plain.to_owned())
}

/// The lines, without their ends, each with where it stands with its end.
fn lines(text: &str) -> impl Iterator<Item = (Range<usize>, &str)> {
    let mut start = 0_usize;
    text.split_inclusive('\n').map(move |whole| {
        let at = start..start.saturating_add(whole.len());
        start = at.end;
        let line = whole.strip_suffix('\n').unwrap_or(whole);
        (at, line.strip_suffix('\r').unwrap_or(line))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const LOCK: &str = "GEM\n  remote: https://registry.example/\n  specs:\n    a (1.0-java)\n    a (1.0)\n      b (>= 1.6, < 2)\n    b (1.7)\n\nPLATFORMS\n  java\n  ruby\n\nDEPENDENCIES\n  a (~> 1.0)!\n\nCHECKSUMS\n  a (1.0)\n  b (1.7) sha256=ab\n\nRUBY VERSION\n   ruby 3.1.2p20\n\nBUNDLED WITH\n   2.6.9\n";

    #[test]
    fn every_line_has_its_place() {
        let locked = locked(LOCK).unwrap();
        let at = |range: &Range<usize>| LOCK.get(range.clone()).unwrap();
        assert_eq!(locked.sections[0].registry(), Some("https://registry.example/"));
        assert_eq!(
            &LOCK[..locked.sections[0].end].lines().last(),
            &Some("    b (1.7)")
        );
        assert_eq!(at(&locked.gems[1].at), "    a (1.0)\n      b (>= 1.6, < 2)\n");
        assert_eq!(locked.gems[0].platform, "java");
        assert_eq!(locked.gems[1].needs[0].range, ">= 1.6, < 2");
        assert_eq!(locked.platforms, ["java", "ruby"]);
        assert!(locked.dependencies[0].is_pinned);
        assert_eq!(locked.dependencies[0].range, "~> 1.0");
        let sums = locked.checksums.as_ref().unwrap();
        assert_eq!((&*sums[1].gem, &*sums[1].sums), ("b (1.7)", "sha256=ab"));
        assert_eq!(
            &LOCK[..locked.checksums_end].lines().last(),
            &Some("  b (1.7) sha256=ab")
        );
        assert_eq!(locked.ruby.as_deref(), Some("3.1.2"));
    }

    #[test]
    fn requirements_are_written_as_bundler_writes_them() {
        for (range, expected) in [
            (">= 0", ""),
            (">= 0.0", ""),
            ("", ""),
            ("< 2, >= 1.6", ">= 1.6, < 2"),
            ("1.0", "= 1.0"),
            ("~> 2.0, >= 2.0.5", "~> 2.0, >= 2.0.5"),
            (">= 0, < 3", ">= 0, < 3"),
        ] {
            assert_eq!(in_order(range), expected, "{range}");
        }
    }
}
