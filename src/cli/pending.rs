//! Reports that were asked for and are not there yet. One of an earlier run is never left to be taken for one of this: a run
//! begins by putting a report in each place that says that it did not reach its end, and one that ends with 2, which writes
//! no reports, leaves none of ours.

use std::collections::BTreeSet;
use std::ffi::OsString;
use std::path::{Path, PathBuf};

use clap::CommandFactory as _;

use super::arguments::Arguments;
use super::by_ref::{REF, in_a_name};
use super::output::Sink;
use crate::policy::Globs;
use crate::report::ours;
use crate::sys::file::{self, FileKind};

/// Those of `pairs` that go to a file: what goes to a stream, a pipe or a device is written once.
#[must_use]
pub fn files(pairs: &[(&'static str, Sink)]) -> Vec<(&'static str, Sink)> {
    let is_file = |sink: &Sink| match sink {
        Sink::Standard => false,
        Sink::File(path) => !matches!(file::kind(path), Ok(FileKind::Other)),
    };
    pairs.iter().filter(|(_, sink)| is_file(sink)).cloned().collect()
}

/// Takes the reports of earlier runs away from the places of `pairs`; see [`withdraw`].
pub fn withdraw_all(pairs: &[(&'static str, Sink)], refs: Option<&str>) {
    for (_, sink) in pairs {
        if let Sink::File(path) = sink {
            withdraw(path, refs);
        }
    }
}

/// Takes the report of an earlier run away from `path`. Where the path holds `{ref}`, those of every ref whose short name `refs`
/// matches are taken: others are of other runs. What is no report of ours stays, and so does what cannot be removed.
pub fn withdraw(path: &Path, refs: Option<&str>) {
    let pattern = path.to_str().filter(|path| path.contains(REF));
    match (pattern, refs) {
        (Some(pattern), Some(refs)) => {
            for path in of_refs(pattern, refs) {
                remove(&path, ours::is_of_one_ref);
            }
        }
        (Some(_), None) | (None, _) => remove(path, ours::is_report),
    }
}

fn remove(path: &Path, is_ours: fn(&[u8]) -> bool) {
    let Some(head) = file::head(path, ours::HEAD).filter(|head| is_ours(head)) else {
        return;
    };
    drop(head);
    // A link stays, and leads to nothing.
    if let Ok(path) = file::resolve(path)
        && let Err(error) = file::remove(&path)
    {
        tracing::warn!("the report of an earlier run stays: {error}");
    }
}

/// The files that are there and that `pattern` names for refs that `refs` matches.
fn of_refs(pattern: &str, refs: &str) -> Vec<PathBuf> {
    let globs = refs.split(',').map(|glob| in_a_name(glob.trim()));
    let Ok(globs) = Globs::new(globs.collect()) else {
        return Vec::new();
    };
    // The first part of the path that holds the name of a ref is a name in the folder before it.
    let start = pattern.find(REF).unwrap_or_default();
    let (folder, rest) = match pattern.get(..start).and_then(|before| before.rfind('/')) {
        Some(slash) => pattern.split_at(slash + 1),
        None => ("", pattern),
    };
    let part = rest.split('/').next().unwrap_or_default();
    let (before, after) = part.split_once(REF).unwrap_or((part, ""));
    let folder = if folder.is_empty() { "." } else { folder };
    let names = file::entries(Path::new(folder)).unwrap_or_default();
    let found: BTreeSet<PathBuf> = names
        .iter()
        .filter_map(|entry| {
            let inner = entry.name.to_str()?.strip_prefix(before)?;
            let name = inner.strip_suffix(after)?;
            // `a-b~2` is that of another ref of the same spelling.
            let short = name.rsplit_once('~').map_or(name, |(short, _)| short);
            // A run that knew no ref wrote to the pattern itself.
            (globs.match_any(short) || name == REF).then(|| PathBuf::from(pattern.replace(REF, name)))
        })
        .collect();
    found.into_iter().collect()
}

/// Takes the reports of earlier runs away from where a command line that ended with 2 asks for reports, however little of it
/// could be understood.
pub fn withdraw_named(arguments: &[OsString]) {
    if !has_outputs(arguments) {
        return;
    }
    let refs = values(arguments, "--refs").into_iter().next_back();
    let refs = refs.as_deref().and_then(|refs| refs.to_str());
    for path in values(arguments, "--output") {
        withdraw(Path::new(&path), refs);
    }
}

/// The command that `arguments` name writes reports.
fn has_outputs(arguments: &[OsString]) -> bool {
    let mut command = &Arguments::command();
    for word in arguments.iter().skip(1).filter_map(|word| word.to_str()) {
        if let Some(inner) = command.find_subcommand(word) {
            command = inner;
        }
    }
    command
        .get_arguments()
        .any(|argument| argument.get_id() == "output")
}

/// The values of the flag `name`, in both spellings.
fn values(arguments: &[OsString], name: &str) -> Vec<OsString> {
    let mut values = Vec::new();
    let mut words = arguments.iter().take_while(|word| *word != "--");
    while let Some(word) = words.next() {
        if word == name {
            values.extend(words.next().cloned());
        } else if let Some(value) = word.to_str().and_then(|word| word.strip_prefix(name)) {
            values.extend(value.strip_prefix('=').map(OsString::from));
        }
    }
    values
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(line: &str) -> Vec<OsString> {
        line.split(' ').map(OsString::from).collect()
    }

    #[test]
    fn places_are_found_in_a_line_that_nobody_understands() {
        let line =
            words("lockkeeper scan --nonsense --output a.json --output=b.sarif --outputs=c -- --output d");
        assert!(has_outputs(&line));
        assert_eq!(values(&line, "--output"), ["a.json", "b.sarif"]);
        assert!(has_outputs(&words("lockkeeper --offline gate --release")));
    }

    #[test]
    fn a_command_without_reports_has_no_places() {
        for line in [
            "lockkeeper db build x --output advisories.lkdb",
            "lockkeeper",
            "lockkeeper init --output x",
        ] {
            assert!(!has_outputs(&words(line)), "{line}");
        }
    }
}
