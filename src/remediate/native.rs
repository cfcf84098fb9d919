//! What a format's own tool can say of an edited lockfile: its frozen mode, run on a copy of the files that it reads.
//!
//! Copied are manifests, lockfiles and, where the tool reads imports, sources; nothing that can make the tool start another program:
//! no `.npmrc` but for its registries, no `.cargo/config.toml`, no `rust-toolchain.toml`. docs/relock.md says what each command does
//! not see.

use std::collections::BTreeMap;

use crate::model::{Tree, TreePath};
use crate::sys::program::Tool;
use crate::text::xml;

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
        format: "Pipfile.lock",
        tool: Tool::Pipenv,
        commands: &[&["verify"]],
        offline: &[],
        environment: &[
            ("PIPENV_DONT_LOAD_ENV", "1"),
            ("PIPENV_IGNORE_VIRTUALENVS", "1"),
            ("PIPENV_MAX_DEPTH", "1"),
            ("PIPENV_NOSPIN", "1"),
        ],
        files: &["/Pipfile", "/Pipfile.lock"],
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
        format: "poetry.lock",
        tool: Tool::Poetry,
        // A project may name plugins.
        commands: &[&["check", "--lock", "--no-plugins", "--no-interaction"]],
        offline: &[],
        environment: &[
            ("POETRY_VIRTUALENVS_CREATE", "false"),
            ("PYTHON_KEYRING_BACKEND", "keyring.backends.null.Keyring"),
        ],
        // It looks for the README that a project names.
        files: &[
            "/pyproject.toml",
            "/poetry.lock",
            ".md",
            ".rst",
            "/README",
            "/README.txt",
        ],
    },
    Native {
        format: "pom.xml",
        tool: Tool::Maven,
        commands: &[&[
            "--batch-mode",
            "--quiet",
            "--no-transfer-progress",
            "org.apache.maven.plugins:maven-dependency-plugin:3.7.0:tree",
        ]],
        offline: &["--offline"],
        environment: &[],
        files: &["/pom.xml"],
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
        if self.tool == Tool::Maven {
            extensions(&found)?;
        }
        Ok(found)
    }

    /// The folder in which the tool is asked about `file`: for Maven that of the whole build, else its own.
    #[must_use]
    pub fn folder(&self, file: &TreePath, tree: &dyn Tree) -> TreePath {
        let own = file.parent();
        if self.tool != Tool::Maven {
            return own;
        }
        let is_of_build = |folder: &TreePath| {
            let pom = folder.join("pom.xml");
            pom.is_some_and(|pom| {
                tree.contents(folder)
                    .is_some_and(|contents| contents.files.contains(&pom))
            })
        };
        let above = own.above();
        above.take_while(is_of_build).last().unwrap_or(own)
    }

    fn is_read(&self, path: &TreePath) -> bool {
        let name = format!("/{}", path.display());
        self.files.iter().any(|ending| name.ends_with(ending))
    }
}

/// Maven runs the code of extensions before it looks at anything: a build is not asked about that names one, or whose parent, which
/// may name one, comes from a repository.
///
/// # Errors
/// Which pom it is, as a sentence.
fn extensions(poms: &BTreeMap<TreePath, Vec<u8>>) -> Result<(), String> {
    for (path, bytes) in poms {
        let text = String::from_utf8_lossy(bytes);
        let document = xml::read(&text);
        let Some(project) = document
            .root()
            .child("project")
            .filter(|_| document.problems.is_empty())
        else {
            return Err(format!(
                "{path} cannot be read, so that it is not known what Maven would run."
            ));
        };
        if has_extensions(project) {
            return Err(format!(
                "{path} names extensions of the build, whose code Maven would run."
            ));
        }
        if let Some(parent) = project.child("parent")
            && !is_there(poms, path, parent)
        {
            return Err(format!(
                "The parent {} of {path} is not where it says, and one from a repository may name extensions, whose code Maven would run.",
                text_of(parent, "artifactId")
            ));
        }
    }
    Ok(())
}

/// An element called `extensions` is in it, at any depth, and not switched off.
fn has_extensions(element: xml::Element<'_>) -> bool {
    let is_one = element.name() == "extensions" && element.text() != "false";
    is_one || element.children().any(has_extensions)
}

/// The pom at the place where `parent` of the pom at `path` says that it is has its names and its version.
fn is_there(poms: &BTreeMap<TreePath, Vec<u8>>, path: &TreePath, parent: xml::Element<'_>) -> bool {
    let place = match parent.child("relativePath") {
        None => "../pom.xml".to_owned(),
        Some(place) => match place.text().trim_end_matches('/') {
            file if file.ends_with(".xml") => file.to_owned(),
            folder => format!("{folder}/pom.xml"),
        },
    };
    let found = path.parent().join(place).and_then(|place| poms.get(&place));
    let Some(text) = found.map(|bytes| String::from_utf8_lossy(bytes)) else {
        return false;
    };
    let document = xml::read(&text);
    let Some(project) = document.root().child("project") else {
        return false;
    };
    let own = |name: &str| match project
        .child(name)
        .or_else(|| project.child("parent")?.child(name))
    {
        Some(element) => element.text().into_owned(),
        None => String::new(),
    };
    ["groupId", "artifactId", "version"].into_iter().all(|name| {
        let wanted = text_of(parent, name);
        !wanted.is_empty() && wanted == own(name)
    })
}

fn text_of(element: xml::Element<'_>, name: &str) -> String {
    let child = element.child(name);
    child.map(|child| child.text().into_owned()).unwrap_or_default()
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

#[cfg(test)]
mod tests {
    use super::*;

    fn poms(files: &[(&str, &str)]) -> BTreeMap<TreePath, Vec<u8>> {
        let named = files.iter().map(|(path, text)| {
            let path = TreePath::root().join(path).expect("a path");
            (path, format!("<project>{text}</project>").into_bytes())
        });
        named.collect()
    }

    #[test]
    fn a_build_whose_poms_may_bring_extensions_is_not_given_to_maven() {
        let root = "<groupId>g</groupId><artifactId>root</artifactId><version>1</version>";
        let parent = |more: &str| {
            format!(
                "<parent><groupId>g</groupId><artifactId>root</artifactId><version>1</version>{more}</parent><artifactId>a</artifactId>"
            )
        };
        let of = |root: &str, module: &str| extensions(&poms(&[("pom.xml", root), ("a/pom.xml", module)]));
        assert_eq!(of(root, &parent("")), Ok(()));
        assert_eq!(of(root, &parent("<relativePath>..</relativePath>")), Ok(()));
        let off = "<build><plugins><plugin><extensions>false</extensions></plugin></plugins></build>";
        assert_eq!(of(&format!("{root}{off}"), &parent("")), Ok(()));
        for (root, module) in [
            (root.to_owned(), parent("<relativePath/>")),
            (root.to_owned(), parent("<relativePath>../other</relativePath>")),
            (root.replace(">1<", ">2<"), parent("")),
            (root.replace(">g<", ">h<"), parent("")),
            (format!("{root}{}", off.replace("false", "true")), parent("")),
            (format!("{root}{}", off.replace("false", "${x}")), parent("")),
            (
                root.to_owned(),
                format!(
                    "{}<profiles><profile><build><extensions><extension/></extensions></build></profile></profiles>",
                    parent("")
                ),
            ),
            (format!("{root}<"), parent("")),
        ] {
            assert!(of(&root, &module).is_err(), "{root} {module}");
        }
    }
}
