//! Every lockfile format over any bytes: no panic, no hang, every span inside its text.
//!
//! `LOCKKEEPER_FUZZ_FORMAT` names one format as its folder of fixtures does (`go_mod`); without it all formats
//! read each input. Whatever file a format asks its tree for holds the input too, or is absent: an include may
//! lead back to itself.

#![no_main]

use std::sync::{Arc, LazyLock};

use libfuzzer_sys::fuzz_target;
use lockkeeper::lockfile::{self, FORMATS, Format};
use lockkeeper::model::{Tree, TreePath, Unread};
use lockkeeper::text::{Lines, Span, decode};

static CHOSEN: LazyLock<Vec<(TreePath, &'static dyn Format)>> = LazyLock::new(|| {
    let chosen = std::env::var("LOCKKEEPER_FUZZ_FORMAT").unwrap_or_default();
    let spelled = |format: &&'static dyn Format| {
        let name = format.name().to_lowercase();
        name.replace(|character: char| !character.is_ascii_alphanumeric(), "_")
            .starts_with(&chosen)
    };
    let formats: Vec<_> = FORMATS
        .iter()
        .copied()
        .filter(spelled)
        .map(|format| (TreePath::new(&format!("a/{}", format.name())).expect("a path"), format))
        .collect();
    assert!(!formats.is_empty(), "no format is called {chosen}");
    formats
});

/// Half of all paths hold the input, the others nothing.
struct Mirror<'a>(&'a [u8]);

impl Tree for Mirror<'_> {
    fn read(&self, path: &TreePath) -> Result<Arc<[u8]>, Unread> {
        match path.as_bytes().iter().fold(0_u8, |sum, byte| sum ^ byte) & 1 {
            0 => Ok(self.0.into()),
            _ => Err(Unread::Absent),
        }
    }
}

fuzz_target!(|data: &[u8]| {
    let decoded = decode::decode(data).text;
    for (path, format) in CHOSEN.iter() {
        let reading = lockfile::read(*format, path, data, &Mirror(data));
        assert_eq!(reading.text, decoded);
        // Every file that a place can be in holds the same text.
        let lines = Lines::of(&decoded);
        let check = |span: Span, what: &str| {
            let text = decoded.get(span.start as usize..span.end as usize);
            assert!(text.is_some(), "{}: {what} at {span:?} of {}", format.name(), decoded.len());
            let _ = lines.position(span.start);
        };
        let graph = &reading.parsed.graph;
        for (_, package) in graph.packages() {
            assert!(!package.name.is_empty(), "{}: a package without a name", format.name());
            check(package.place().span, "a version");
            let spans = &package.spans;
            for span in [spans.entry, spans.source, spans.edges].into_iter().flatten() {
                check(span, "a part of a package");
            }
            for span in spans.checksums.iter() {
                check(*span, "a checksum");
            }
        }
        for edge in graph.edges() {
            check(edge.span, "an edge");
        }
        for problem in &reading.parsed.problems {
            check(problem.span, "a problem");
            assert!(!problem.message.is_empty() && !problem.hint.is_empty(), "{problem:?}");
        }
        let packages: Vec<_> = graph.packages().take(100).map(|(node, _)| node).collect();
        let targets: Vec<&[_]> = packages.iter().map(std::slice::from_ref).collect();
        let (_, ends) = graph.shortest_paths(&targets);
        assert_eq!(ends.len(), targets.len());
    }
});
