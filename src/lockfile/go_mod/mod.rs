//! `go.mod`: the build list of a Go module, as `golang.org/x/mod/modfile` reads the file and as the `go`
//! command resolves it.
//!
//! With `go` 1.17 and later the file lists every module that takes part in the build ("module graph
//! pruning", Go Modules Reference), so that it is the list and `go.sum`, which remembers versions that
//! are not used, is never one. `replace` and `exclude` are honoured; the `go.work` that uses the module
//! comes before the module's own `replace`, `go` and `toolchain` lines, as it does for Go. The versions
//! that other members of a workspace ask for are left to their own files, and `vendor/modules.txt` is
//! not read, since it repeats this list.
//!
//! The file holds no edges: modules marked `// indirect` stand for themselves.

mod build_list;
mod directives;
mod syntax;
mod workspace;

use super::{File, Format, Parsed};
use crate::model::{Ecosystem, Tree, TreePath};
use crate::text::Problems;
use directives::{Directives, Kind};

/// Reads `go.mod`.
#[derive(Debug, Clone, Copy)]
pub struct GoMod;

impl Format for GoMod {
    fn name(&self) -> &'static str {
        "go.mod"
    }

    fn ecosystem(&self) -> Ecosystem {
        Ecosystem::GO
    }

    fn claims(&self, path: &TreePath) -> bool {
        path.file_name() == b"go.mod"
    }

    fn read(&self, file: &File<'_>, tree: &dyn Tree) -> Parsed {
        let mut parsed = Parsed::default();
        let mut problems = Problems::default();
        let module = Directives::read(file.text, Kind::Module, &mut problems);
        parsed.damaged(
            problems.into_vec(),
            "Correct the line; `go mod edit -json` tells what Go makes of the file.",
        );
        let workspace = workspace::find(file.path, tree, &mut parsed);
        build_list::resolve(&module, workspace.as_ref(), &mut parsed);
        parsed
    }
}
