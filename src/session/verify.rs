//! `--verify native`: the ecosystem's own tool judges each edited lockfile in its frozen mode.
//!
//! It runs on a copy of the files that it reads, in a temporary folder, and never because a repository asks for it. What it refuses
//! is not written.

use std::path::{Path, PathBuf};
use std::time::Duration;

use crate::model::{Tree, TreePath};
use crate::plan::{Blocked, LockfilePlan, Plan};
use crate::remediate::format_of;
use crate::remediate::native::{Native, native};
use crate::remediate::pinned::{pinned, version_in};
use crate::sys::file;
use crate::sys::interrupt::Temporary;
use crate::sys::program::{self, ProgramError, Run};

/// Who proves an edit beside the check and the scan.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Verify {
    /// Only the check of lockkeeper itself.
    #[default]
    Here,
    /// The ecosystem's own tool, too.
    Native,
}

/// How a tool may be asked.
#[derive(Clone, Copy)]
pub(super) struct Asking<'a> {
    /// The folders of the trees, in which no program is looked for.
    pub(super) roots: &'a [PathBuf],
    /// Nothing may be asked over the network.
    pub(super) is_offline: bool,
}

/// A command may take so long.
const AT_MOST: Duration = Duration::from_secs(300);

/// So much of what a tool says is a reason: lines, and characters of each.
const MAX_LINES: usize = 4;
const MAX_CHARACTERS: usize = 200;

/// Has the tool of `plan`'s format judge the lockfile in `tree`, which has the edits.
///
/// # Errors
/// Why the edit is not proven, as a sentence.
pub(super) fn verify(plan: &LockfilePlan, tree: &dyn Tree, asking: Asking<'_>) -> Result<String, String> {
    let Some(format) = format_of(&plan.file) else {
        return Err("The file has no name of a lockfile.".to_owned());
    };
    let Some(native) = native(format.name()) else {
        return Err(format!(
            "`--verify native` knows no command for {} that runs no code of the project.",
            format.name()
        ));
    };
    let name = native.tool.as_str();
    let program = program::find(native.tool, asking.roots)
        .ok_or_else(|| format!("`--verify native` needs {name}, which is not in a folder of PATH."))?;
    let failed = |error: &dyn std::fmt::Display| format!("{name} could not be asked: {error}.");
    let home = file::temporary_folder().map_err(|error| failed(&error))?;
    let _guard = Temporary::new(home.path());
    let (copy, streams) = (home.path().join("tree"), home.path().join("streams"));
    for folder in [&copy, &streams] {
        file::make_folder(folder).map_err(|error| failed(&error))?;
    }
    for (path, bytes) in native.files(tree)? {
        let Some(path) = file::inside(&copy, &path) else {
            continue;
        };
        file::replace(&path, |writer| std::io::Write::write_all(writer, &bytes))
            .map_err(|error| failed(&error))?;
    }
    let folder = below(&copy, &native.folder(&plan.file, tree))
        .ok_or_else(|| failed(&"its folder has no name here"))?;
    let pinned = pinned(native.tool, &native.folder(&plan.file, tree), &|path| {
        let bytes = tree.read(path).ok()?;
        String::from_utf8(bytes.to_vec()).ok()
    });
    let by = match pinned {
        None => String::new(),
        Some(pinned) => {
            let version = version(native, &program, &streams).map_err(|error| failed(&error))?;
            if !pinned.allows(&version) {
                return Err(format!(
                    "`--verify native` needs {name} {}, which {} pins: that in PATH {}.",
                    pinned.release,
                    pinned.place,
                    match version.as_str() {
                        "" => "does not say its version".to_owned(),
                        version => format!("is {version}"),
                    }
                ));
            }
            format!("{name} {version}: ")
        }
    };
    for command in native.commands {
        let offline = native.offline.iter().filter(|_| asking.is_offline);
        let arguments: Vec<&str> = command.iter().chain(offline).copied().collect();
        let environment = environment(native, asking.is_offline);
        let ran = program::run(&Run {
            tool: native.tool,
            program: &program,
            arguments: &arguments,
            folder: &folder,
            streams: &streams,
            environment: &environment,
            at_most: AT_MOST,
        });
        let asked = format!("{name} {}", command.join(" "));
        match ran {
            Ok(ran) if ran.is_good => {}
            Ok(ran) => {
                return Err(format!(
                    "`{asked}` refuses the result: {}",
                    shown(&ran.text, home.path())
                ));
            }
            Err(error) => return Err(format!("`{asked}`: {error}.")),
        }
    }
    let asked: Vec<String> = native
        .commands
        .iter()
        .map(|command| format!("{name} {}", command.join(" ")))
        .collect();
    Ok(format!("{by}{}", asked.join("; ")))
}

/// The version of the tool, which is asked outside of the project: some start the release that it pins.
fn version(native: &Native, program: &Path, streams: &Path) -> Result<String, ProgramError> {
    let ran = program::run(&Run {
        tool: native.tool,
        program,
        arguments: &["--version"],
        folder: streams,
        streams,
        environment: native.environment,
        at_most: AT_MOST,
    })?;
    Ok(version_in(&ran.output).unwrap_or_default().to_owned())
}

fn environment(native: &Native, is_offline: bool) -> Vec<(&'static str, &'static str)> {
    let mut environment = native.environment.to_vec();
    if is_offline && native.tool == program::Tool::Go {
        environment.push(("GOPROXY", "off"));
    }
    environment
}

fn below(root: &Path, folder: &TreePath) -> Option<PathBuf> {
    match *folder == TreePath::default() {
        true => Some(root.to_owned()),
        false => file::inside(root, folder),
    }
}

/// The first lines of what a tool wrote, without the folder in which it ran.
fn shown(text: &str, home: &Path) -> String {
    let home = home.to_string_lossy();
    let lines = text.lines().map(str::trim).filter(|line| !line.is_empty());
    let lines: Vec<String> = lines
        .take(MAX_LINES)
        .map(|line| line.replace(&*home, "").chars().take(MAX_CHARACTERS).collect())
        .collect();
    match lines.is_empty() {
        true => "it says nothing.".to_owned(),
        false => lines.join(" / "),
    }
}

/// Takes the edits of `plan` back, for `reason`.
pub(super) fn take_back(plan: &mut LockfilePlan, reason: &str) {
    let made = std::mem::take(&mut plan.plan);
    plan.edited.clear();
    plan.verified = None;
    let mut blocked = made.blocked;
    blocked.extend(made.moves.into_iter().map(|one| Blocked {
        name: one.name,
        version: one.from,
        fixes: one.fixes,
        by: Vec::new(),
        reason: reason.to_owned(),
    }));
    blocked.sort_by(|left, right| (&left.name, &left.version).cmp(&(&right.name, &right.version)));
    plan.plan = Plan {
        blocked,
        ..Plan::default()
    };
}
