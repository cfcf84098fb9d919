//! What a format's own tool can say of an edited lockfile: its frozen mode, run on a copy of the files that it reads.
//!
//! Copied are manifests, lockfiles and, where the tool reads imports, sources; nothing that can make the tool start another program:
//! no `.npmrc` but for its registries, no `.cargo/config.toml`, no `rust-toolchain.toml`. docs/relock.md says what each command does
//! not see.

use std::collections::BTreeMap;

use crate::model::{Tree, TreePath};
use crate::sys::program::Tool;

/// How a tool is asked.
#[derive(Debug, Clone, Copy)]
pub struct Native {
    /// The name of the format in [`crate::lockfile::FORMATS`].
    pub format: &'static str,
    /// Who is asked.
    pub tool: Tool,
    /// What it is asked, one command after the other; all have to end with 0.
    pub commands: &'static [&'static [&'static str]],
    /// What every command gets where nothing may be asked over the network.
    pub offline: &'static [&'static str],
    /// Variables that keep it from running or fetching anything else.
    pub environment: &'static [(&'static str, &'static str)],
    /// Endings of the names of the files that it reads.
    files: &'static [&'static str],
}

/// Each format whose tool can be asked without running code of the project or of a package.
pub static NATIVES: &[Native] = &[
    Native {
        format: "Cargo.lock",
        tool: Tool::Cargo,
        commands: &[&["update", "--workspace", "--locked", "--quiet"]],
        offline: &["--offline"],
        environment: &[],
        files: &["/Cargo.toml", "/Cargo.lock", ".rs"],
    },
    Native {
        format: "go.mod",
        tool: Tool::Go,
        commands: &[&["mod", "tidy", "-diff"], &["list", "-m", "all"]],
        offline: &[],
        environment: &[
            ("GOWORK", "off"),
            ("GOFLAGS", "-mod=mod"),
            ("GOTOOLCHAIN", "local"),
            ("GOVCS", "*:off"),
            ("CGO_ENABLED", "0"),
        ],
        files: &["/go.mod", "/go.sum", ".go"],
    },
    Native {
        format: "package-lock.json",
        tool: Tool::Npm,
        commands: &[&[
            "ci",
            "--dry-run",
            "--ignore-scripts",
            "--no-audit",
            "--no-fund",
            "--no-update-notifier",
        ]],
        offline: &["--offline"],
        environment: &[],
        files: &[
            "/package.json",
            "/package-lock.json",
            "/npm-shrinkwrap.json",
            "/.npmrc",
        ],
    },
    Native {
        format: "uv.lock",
        tool: Tool::Uv,
        commands: &[&[
            "lock",
            "--check",
            "--no-build",
            "--no-python-downloads",
            "--no-progress",
        ]],
        offline: &["--offline"],
        environment: &[("UV_NO_BUILD", "1"), ("UV_KEYRING_PROVIDER", "disabled")],
        files: &["/pyproject.toml", "/uv.lock", "/uv.toml"],
    },
];

/// How the tool of the format called `name` is asked.
#[must_use]
pub fn native(name: &str) -> Option<&'static Native> {
    NATIVES.iter().find(|native| native.format == name)
}

/// No more files are copied, and no larger ones.
const MAX_FILES: usize = 20_000;
const MAX_BYTES: usize = 64 << 20;

impl Native {
    /// The files of `tree` that the tool reads, with what it is to find in them.
    ///
    /// # Errors
    /// There are too many, as a sentence.
    pub fn files(&self, tree: &dyn Tree) -> Result<BTreeMap<TreePath, Vec<u8>>, String> {
        let mut found = BTreeMap::new();
        let mut size = 0;
        let mut open = vec![TreePath::default()];
        while let Some(folder) = open.pop() {
            let Some(contents) = tree.contents(&folder) else {
                continue;
            };
            for path in contents.files.iter().filter(|path| self.is_read(path)) {
                let Ok(bytes) = tree.read(path) else { continue };
                let bytes = match path.file_name() {
                    b".npmrc" => registries_alone(&bytes),
                    _ => bytes.to_vec(),
                };
                size += bytes.len();
                if found.len() >= MAX_FILES || size > MAX_BYTES {
                    return Err(format!(
                        "There are more than {MAX_FILES} files, or more than {} MiB, that {} reads.",
                        MAX_BYTES >> 20,
                        self.tool.as_str()
                    ));
                }
                found.insert(path.clone(), bytes);
            }
            let is_left_out = |folder: &&TreePath| {
                matches!(
                    folder.file_name(),
                    b".git" | b"node_modules" | b"target" | b".venv"
                )
            };
            open.extend(
                contents
                    .folders
                    .iter()
                    .filter(|folder| !is_left_out(folder))
                    .cloned(),
            );
        }
        Ok(found)
    }

    fn is_read(&self, path: &TreePath) -> bool {
        let name = format!("/{}", path.display());
        self.files.iter().any(|ending| name.ends_with(ending))
    }
}

/// The lines of an `.npmrc` that name registries: others may name programs, scripts or credentials.
fn registries_alone(text: &[u8]) -> Vec<u8> {
    let text = String::from_utf8_lossy(text);
    let is_registry = |line: &&str| {
        let (key, value) = line.split_once('=').unwrap_or((line, ""));
        let key = key.trim();
        let is_key = key == "registry" || (key.starts_with('@') && key.ends_with(":registry"));
        is_key && !value.contains('@') && !value.contains('$')
    };
    let lines: Vec<&str> = text.lines().filter(is_registry).collect();
    let mut text = lines.join("\n");
    text.push('\n');
    text.into_bytes()
}
