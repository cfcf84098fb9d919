//! `go.mod`: the build list of a Go module, as `golang.org/x/mod/modfile` reads the file and as the `go`
//! command resolves it.
//!
//! With `go` 1.17 and later the file lists every module that takes part in the build ("module graph
//! pruning", Go Modules Reference), so that it is the list and `go.sum`, which remembers versions that
//! are not used, is never one. `replace` and `exclude` are honoured.
//!
//! # Which build
//!
//! A module that the nearest `go.work` uses is reported as the build of that workspace takes it, which is what
//! `go build` does in its folder, and not as it is built with `GOWORK=off`: its list is that of its own `go.mod`, at the
//! highest version that any module of the workspace requires, and what `go.work` or any of its modules replaces is
//! replaced. `go` and `toolchain` are those of the `go.work`. A version stands where it is written, so that one that
//! another module asks for stands in the `go.mod` of that module.
//!
//! What modules outside of the tree require may raise a version further. `selection.rs` says when that is ruled out;
//! where it is not, the workspace has a gap. `vendor/modules.txt` of a workspace rules it out and is read; that of a
//! module repeats its `go.mod` and is not.
//!
//! What a `replace` line takes from a folder with a `go.mod` of the same scan is a further module of the repository, where that folder holds the module that is read, or the
//! name begins as that of one that does, or as the own, up to host, owner and repository. All other folders are copies of modules: advisories may speak of what is in them.
//!
//! # The end of a file
//!
//! A file that ends inside a block, a string or a directive is damaged. One that ends behind a version, without a line
//! break, is valid, and may be cut within that version: a gap, since the `go` command writes a line break.
//!
//! The file holds no edges: modules marked `// indirect` stand for themselves.

pub mod archive;
mod build_list;
mod directives;
pub mod file;
mod member;
mod replace;
mod selection;
mod source;
pub mod sum;
mod syntax;
mod vendor;
mod versions;
mod workspace;

use super::{File, Format, Parsed, Writer};
use crate::model::{Ecosystem, NodeId, Tree, TreePath, UpgradeBy};
use crate::text::Problems;
use directives::{DAMAGED, Directives, Kind, UNENDED};

/// The file of a workspace.
const WORKSPACE: &str = "go.work";

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

    fn file_names(&self) -> &'static [&'static str] {
        &["go.mod"]
    }

    fn keeps_versions_in(&self, path: &TreePath) -> bool {
        path.file_name() == WORKSPACE.as_bytes()
    }

    fn upgrade_command(&self, upgrade: &super::Upgrade<'_>) -> super::UpgradeCommand {
        let super::Upgrade {
            name, to, file_name, ..
        } = upgrade;
        if *file_name == WORKSPACE {
            return match (*name, upgrade.by) {
                ("stdlib", Some(UpgradeBy::Property(_))) => {
                    super::UpgradeCommand::Run(format!("go work edit -toolchain=go{to}"))
                }
                ("stdlib", _) => super::UpgradeCommand::Run(format!("go work edit -go={to}")),
                _ => super::UpgradeCommand::ByHand(
                    "Change the version in the `replace` line of `go.work`, then run `go work sync`.".into(),
                ),
            };
        }
        if let Some(UpgradeBy::Vendored { command, by }) = upgrade.by {
            let plain = super::Upgrade {
                by: by.as_deref(),
                ..*upgrade
            };
            return match self.upgrade_command(&plain) {
                super::UpgradeCommand::Run(first) => {
                    super::UpgradeCommand::Run(format!("{first} && {command}"))
                }
                super::UpgradeCommand::ByHand(first) => {
                    super::UpgradeCommand::ByHand(format!("{first} Then run `{command}`.").into())
                }
                super::UpgradeCommand::None => super::UpgradeCommand::None,
            };
        }
        // `go get` would add a requirement, and the line would go on to replace it.
        match upgrade.by {
            Some(UpgradeBy::Replace(old)) => {
                let command = format!("go mod edit -replace={old}={name}@{to} && go mod tidy");
                return super::UpgradeCommand::Run(command);
            }
            Some(UpgradeBy::Hand) => {
                return super::UpgradeCommand::ByHand("Change the version in the `replace` line.".into());
            }
            Some(UpgradeBy::Property(_)) => {
                return super::UpgradeCommand::Run(format!("go get toolchain@go{to}"));
            }
            Some(
                UpgradeBy::Askers(_)
                | UpgradeBy::Managed(_)
                | UpgradeBy::Overridden(_)
                | UpgradeBy::Vendored { .. }
                | UpgradeBy::Within(_),
            )
            | None => {}
        }
        super::UpgradeCommand::Run(match *name {
            "stdlib" => format!("go get go@{to}"),
            name => format!("go get {name}@{to}"),
        })
    }

    fn writer(&self) -> Writer {
        Writer::Person
    }

    fn read(&self, file: &File<'_>, tree: &dyn Tree) -> Parsed {
        let mut parsed = Parsed::default();
        let mut problems = Problems::default();
        let module = Directives::read(file.text, Kind::Module, &mut problems);
        parsed.damaged(problems.into_vec(), DAMAGED);
        if let Some(span) = module.unended {
            parsed.partial(
                span,
                UNENDED,
                "Run `go mod edit -fmt`, which ends the file with a line break, if nothing is missing.",
            );
        }
        let workspace = workspace::find(file.path, tree, &mut parsed);
        build_list::resolve(file.path, &module, workspace.as_deref(), tree, &mut parsed);
        let copies = file.path.parent().join("vendor/modules.txt");
        let is_vendored = || copies.is_some_and(|path| tree.read(&path).is_ok());
        let command = match workspace.as_deref() {
            Some(workspace) => workspace.selection.is_vendored.then_some("go work vendor"),
            None => is_vendored().then_some("go mod vendor"),
        };
        if let Some(command) = command {
            note_copies(&mut parsed, command);
        }
        parsed
    }
}

/// Notes on each module that `command` copies it into the folder `vendor`.
fn note_copies(parsed: &mut Parsed, command: &'static str) {
    let all: Vec<NodeId> = parsed.graph.packages().map(|(node, _)| node).collect();
    for node in all {
        if let Some(package) = parsed.graph.package_mut(node)
            && *package.name != *"stdlib"
        {
            let by = package.upgrade_by.take();
            package.upgrade_by = Some(Box::new(UpgradeBy::Vendored { command, by }));
        }
    }
}
