//! Go's `go.mod`, with the `go.sum` beside it and the `go.mod` files of folders that replace modules.

use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;

use super::project::{Fixer, Project, ProjectFiles};
use crate::lockfile::go_mod::archive::GoArchive;
use crate::lockfile::go_mod::file::{GoModFile, uses};
use crate::lockfile::go_mod::sum;
use crate::model::TreePath;
use crate::plan::go::GoProject;
use crate::plan::{Bounds, Releases, Step, Wish, go};
use crate::registry::ConfigFile;

/// Of a module with more Go files than this, the imports are not read.
const MAX_SOURCES: usize = 50_000;

/// Plans Go modules.
pub struct GoMod;

impl Fixer for GoMod {
    fn format(&self) -> &'static str {
        "go.mod"
    }

    fn open(&self, files: &ProjectFiles<'_>) -> Result<Box<dyn Project>, String> {
        let file = GoModFile::read(files.text).map_err(|reason| format!("go.mod is damaged: {reason}."))?;
        if !file.is_complete() {
            return Err(
                "With a go line below 1.17 go.mod does not list what is built: run `go mod tidy -go=1.17` first, or upgrade with `go get`."
                    .to_owned(),
            );
        }
        if files.beside("vendor/modules.txt").is_some() {
            return Err(
                "vendor/ holds the sources that are built: upgrade with `go get`, then run `go mod vendor`."
                    .to_owned(),
            );
        }
        if let Some(work) = workspace(files) {
            return Err(format!(
                "{work} builds it together with other modules, which is not planned yet: upgrade with `go get`, then run `go work sync`."
            ));
        }
        let sums = files.beside("go.sum").unwrap_or_default();
        let sums = sum::lines(&sums).map_err(|line| format!("go.sum is damaged in line {line}."))?;
        let mut folders = BTreeMap::new();
        let mut folder_archives = BTreeMap::new();
        let home = files.path.parent();
        for line in file.replaces.iter().filter(|line| line.new_version.is_none()) {
            let Some(folder) = home.join(&*line.new) else {
                continue;
            };
            let text = folder.join("go.mod").and_then(|path| (files.read)(&path));
            if let Some(archive) = sources(files, &folder) {
                folder_archives.insert(line.new.clone(), Rc::new(archive));
            }
            if let Some(read) = text.and_then(|text| GoModFile::read_foreign(&text).ok()) {
                folders.insert(line.new.clone(), Rc::new(read));
            }
        }
        Ok(Box::new(GoModule {
            project: GoProject {
                imports: sources(files, &home).and_then(|own| imports(&own, &file)),
                file,
                sums,
                folders,
                folder_archives,
            },
            memory: go::Memory::default(),
        }))
    }
}

/// The packages in `folder`, which is that of a module; `None` where they are not known, or are too many.
fn sources(files: &ProjectFiles<'_>, folder: &TreePath) -> Option<GoArchive> {
    let mut archive = GoArchive::default();
    let mut open = vec![folder.clone()];
    let mut count = 0;
    while let Some(at) = open.pop() {
        let contents = (files.list)(&at)?;
        let is_module = contents.files.iter().any(|file| file.file_name() == b"go.mod");
        if is_module && at != *folder {
            continue;
        }
        for file in contents
            .files
            .iter()
            .filter(|file| file.file_name().ends_with(b".go"))
        {
            count += 1;
            if count > MAX_SOURCES {
                return None;
            }
            // A file that is no text is none of Go either.
            let text = (files.read)(file).unwrap_or_default();
            let path = file.display();
            let inside = path.strip_prefix(&*folder.display()).unwrap_or(&path);
            archive.add(inside.trim_start_matches('/'), text.as_bytes());
        }
        let is_left_out = |folder: &&TreePath| {
            let name = folder.file_name();
            matches!(name, b"testdata" | b"vendor") || name.starts_with(b".") || name.starts_with(b"_")
        };
        open.extend(
            contents
                .folders
                .iter()
                .filter(|folder| !is_left_out(folder))
                .cloned(),
        );
    }
    Some(archive)
}

/// What the module imports itself; `None` where sources are missing, for something is listed as imported and is not.
fn imports(own: &GoArchive, file: &GoModFile) -> Option<BTreeSet<String>> {
    let packages = own.packages.values();
    let imports = packages.flat_map(|package| package.imports.iter().chain(&package.tests));
    let imports: BTreeSet<String> = imports.chain(&file.tools).cloned().collect();
    let is_imported = |path: &str| {
        let inside = format!("{path}/");
        let mut below = imports.range(inside.clone()..);
        imports.contains(path) || below.next().is_some_and(|import| import.starts_with(&inside))
    };
    let mut direct = file.requires.iter().filter(|line| !line.indirect);
    direct.all(|line| is_imported(&line.path)).then_some(imports)
}

/// The nearest `go.work`, if it uses the module or cannot be read.
fn workspace(files: &ProjectFiles<'_>) -> Option<String> {
    let home = files.path.parent();
    let folders = std::iter::once(home.clone()).chain(home.above());
    let (path, folder, text) = folders
        .filter_map(|folder| Some((folder.join("go.work")?, folder)))
        .find_map(|(path, folder)| Some(((files.read)(&path)?, path, folder)))
        .map(|(text, path, folder)| (path, folder, text))?;
    uses(&text, &folder)
        .is_none_or(|used| used.contains(&home))
        .then(|| path.to_string())
}

struct GoModule {
    project: GoProject,
    memory: go::Memory,
}

impl Project for GoModule {
    fn configuration(&self) -> &[ConfigFile] {
        // Go reads no setting from a repository.
        &[]
    }

    fn locked_address(&self, _package: &str) -> Option<String> {
        None
    }

    fn likely_address(&self, _package: &str) -> Option<String> {
        None
    }

    fn toolchain(&self) -> &[(String, String)] {
        &[]
    }

    fn plan(&self, wishes: &[Wish], releases: &dyn Releases, bounds: &Bounds<'_>) -> Step {
        go::plan(&self.project, wishes, releases, bounds, &self.memory)
    }
}
