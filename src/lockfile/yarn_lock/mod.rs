//! `yarn.lock`, of Yarn 1 and of those since (`__metadata`, versions 3 to 10).
//!
//! Source of the rules: Yarn's own sources (`lockfile/parse.js` and `stringify.js` of 1.22; `Project.ts` and `syml.ts` of 4), and what the tools
//! were seen to do.
//!
//! - An entry answers to descriptors, `name@range`; a dependency is the entry that answers to its name and range.
//! - Yarn 1 installs what `resolved` says: where the address is that of a registry's archive and names another package or version
//!   than the entry, the archive's count. `name` and `npm:` in a key say what an alias stands for.
//! - The file of Yarn 1 names neither the project nor its workspaces: what they ask for is read from the `package.json` beside it and those in the
//!   folders that its `workspaces` match. Without it what nothing else needs is direct, and no scope is known.
//! - What `catalog:` stands for is in `.yarnrc.yml` (`catalogs.rs`); where it is not, it is not known who asks for what, and what for.
//! - What a package is used for follows from who needs it ([`super::grammar::npm_scopes`]).
//! - What a manifest or an entry asks for and the file does not hold is blind: Yarn would take the newest version for it.
//! - Both syntaxes are read line by line (`lines.rs`), in one pass, without a tree in between: 150 MB/s and more on one core.

mod berry;
pub mod catalogs;
mod classic;
mod descriptor;
mod entries;
mod lines;
mod links;
pub mod locked;
mod manifests;
mod origin;
mod settings;
mod upgrades;

use self::lines::Syntax;
use super::{Digests, File, Format, Parsed};
use crate::model::{Ecosystem, Tree};
use crate::text::Span;

/// The lockfile of Yarn.
#[derive(Debug, Clone, Copy)]
pub struct YarnLock;

const DAMAGED: &str =
    "Restore the file from its last good commit, or run `yarn install` and look at the difference.";

impl Format for YarnLock {
    fn name(&self) -> &'static str {
        "yarn.lock"
    }

    fn ecosystem(&self) -> Ecosystem {
        Ecosystem::NPM
    }

    fn file_names(&self) -> &'static [&'static str] {
        &["yarn.lock"]
    }

    fn digests(&self) -> Digests {
        Digests::Integrity
    }

    fn upgrade_command(&self, upgrade: &super::Upgrade<'_>) -> super::UpgradeCommand {
        upgrades::command(upgrade)
    }

    fn companions(&self) -> &'static [&'static str] {
        &[".yarnrc.yml"]
    }

    fn read(&self, file: &File<'_>, tree: &dyn Tree) -> Parsed {
        let mut parsed = Parsed::default();
        let Some(syntax) = syntax(file.text) else {
            let is_empty = file.text.trim().is_empty();
            // Yarn takes an empty file for the mark of a project that was not installed yet.
            if let Some((manifests, _)) =
                manifests::of_project(&file.path.parent(), tree).filter(|_| is_empty)
            {
                if manifests.iter().any(|manifest| !manifest.asked.is_empty()) {
                    let message = "the file is empty, and locks nothing of what the project asks for";
                    parsed.blind(Span::at(0), message, "Run `yarn install`.");
                }
                return parsed;
            }
            let message = match is_empty {
                true => "the file is empty",
                false => "no lockfile of Yarn: it has neither `# yarn lockfile v1` nor `__metadata`",
            };
            parsed.blind(Span::at(0), message, DAMAGED);
            return parsed;
        };
        let mut entries = entries::read(file.text, syntax);
        parsed.damaged(std::mem::take(&mut entries.problems), DAMAGED);
        match syntax {
            Syntax::Classic => classic::read(file, &entries, parsed, tree),
            Syntax::Berry => berry::read(file, &entries, parsed, tree),
        }
    }
}

/// The comment of Yarn 1 that its number follows.
const CLASSIC: &str = "# yarn lockfile v";

/// What the comment of Yarn 1, or the key of the others, says that the file is.
fn syntax(text: &str) -> Option<Syntax> {
    if is_at_line_start(text, "__metadata:") {
        return Some(Syntax::Berry);
    }
    is_at_line_start(text, CLASSIC).then_some(Syntax::Classic)
}

fn is_at_line_start(text: &str, mark: &str) -> bool {
    let before = |at: usize| at.checked_sub(1).and_then(|at| text.as_bytes().get(at));
    memchr::memmem::find_iter(text.as_bytes(), mark).any(|at| before(at).is_none_or(|byte| *byte == b'\n'))
}
