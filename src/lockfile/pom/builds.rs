//! Which poms are read for one file, under which command lines and profiles.

use std::collections::VecDeque;
use std::sync::Arc;

use foldhash::{HashSet, HashSetExt as _};

use super::super::Parsed;
use super::MAX_PROFILES;
use super::command_line::CommandLine;
use super::interpolation::Environment;
use super::lineage::{Poms, Project};
use super::management::Boms;
use super::model::Pom;
use super::packages::Module;
use super::plugins;
use super::reactor::Built;
use crate::model::{Cost, TreePath};

/// Puts the packages of `pom` into the graph, and those of poms that nothing but it leads to: modules with another
/// name than `pom.xml` or in an ignored folder, and what `.mvn/maven.config` builds in its place.
pub(super) fn resolve(pom: &Arc<Pom>, poms: &Poms<'_>, parsed: &mut Parsed) {
    let mut lines: Vec<Arc<CommandLine>> = Vec::new();
    let mut queue: VecDeque<(Arc<Pom>, Vec<Arc<CommandLine>>)> = VecDeque::new();
    for anchor in poms.command_lines(&pom.path) {
        for line in anchor.lines {
            let line = Arc::new(line);
            if let Some(other) = instead(&pom.path.parent(), poms, &anchor.folder, &line) {
                queue.push_back((other, vec![Arc::clone(&line)]));
            }
            lines.push(line);
        }
    }
    queue.push_front((Arc::clone(pom), lines));
    resolve_all(&pom.path, queue, poms, parsed);
}

/// The folder whose builds the file at `path` configures; `None` if it is no `.mvn/maven.config`.
pub(super) fn configured(path: &TreePath) -> Option<TreePath> {
    let folder = path.parent();
    (path.file_name() == b"maven.config" && folder.file_name() == b".mvn").then(|| folder.parent())
}

/// The file at `path` is a `.mvn/maven.config` that builds another pom than `pom.xml` in a folder that has none.
pub(super) fn start(path: &TreePath, poms: &Poms<'_>) -> bool {
    let Some(folder) = configured(path) else {
        return false;
    };
    if folder.join("pom.xml").is_none_or(|pom| poms.tree.holds(&pom)) {
        return false;
    }
    let lines = poms.anchor(&folder).unwrap_or_default();
    let files = lines.iter().filter_map(|line| line.file.as_ref());
    let mut built = files.map(|file| poms.built(&folder, &file.text));
    built.any(|built| match built {
        Built::Pom(path) => !is_read_elsewhere(&path, poms),
        Built::Missing | Built::Outside => true,
    })
}

/// Puts the packages of the poms into the graph that the `.mvn/maven.config` at `path` builds in its `folder`.
pub(super) fn resolve_configured(path: &TreePath, folder: &TreePath, poms: &Poms<'_>, parsed: &mut Parsed) {
    let lines = poms.anchor(folder).unwrap_or_default().into_iter().map(Arc::new);
    let queue = lines.filter_map(|line| {
        let pom = instead(folder, poms, folder, &line)?;
        Some((pom, vec![line]))
    });
    resolve_all(&Arc::new(path.clone()), queue.collect(), poms, parsed);
}

/// Adds what each pom of `queue` declares under its command lines, with the poms that they lead to.
fn resolve_all(
    home: &Arc<TreePath>,
    mut queue: VecDeque<(Arc<Pom>, Vec<Arc<CommandLine>>)>,
    poms: &Poms<'_>,
    parsed: &mut Parsed,
) {
    let mut seen: HashSet<TreePath> = HashSet::new();
    while let Some((next, lines)) = queue.pop_front() {
        if !seen.insert((*next.path).clone()) {
            continue;
        }
        poms.start(&next.path);
        let further = resolve_one(home, &next, &lines, poms, parsed);
        queue.extend(further.into_iter().map(|pom| (pom, lines.clone())));
    }
    poms.start(home);
}

/// The scan reads the pom by itself, or a person does not want it to. What `.gitignore` alone hides is built all the same.
fn is_read_elsewhere(path: &TreePath, poms: &Poms<'_>) -> bool {
    path.file_name() == b"pom.xml" && (poms.tree.is_scanned(path, "pom.xml") || poms.tree.is_left_out(path))
}

/// The pom that `-f` of the command line of `folder` builds `here`, unless it is one that is read by itself.
fn instead(here: &TreePath, poms: &Poms<'_>, folder: &TreePath, line: &CommandLine) -> Option<Arc<Pom>> {
    let file = line.file.as_ref()?;
    match poms.built(here, &file.text) {
        Built::Pom(path) if is_read_elsewhere(&path, poms) => None,
        Built::Pom(path) => poms.pom(&path),
        // Below the folder of `.mvn` nothing is built, where there is no such file.
        Built::Missing | Built::Outside if here != folder => None,
        Built::Missing | Built::Outside => {
            let config = folder.join(".mvn/maven.config")?;
            let message = "`-f` names a pom that is not in the tree".to_owned();
            poms.report(
                Cost::Blind,
                &config,
                file.span,
                message,
                "Add the pom, or take the option out.",
            );
            None
        }
    }
}

/// Adds what one pom declares under each of the command lines; gives the poms that only it leads to.
fn resolve_one(
    home: &Arc<TreePath>,
    pom: &Arc<Pom>,
    lines: &[Arc<CommandLine>],
    poms: &Poms<'_>,
    parsed: &mut Parsed,
) -> Vec<Arc<Pom>> {
    let mut further = Vec::new();
    let mut module: Option<Module<'_, '_>> = None;
    let mut parsed = Some(parsed);
    for line in lines {
        poms.start(&pom.path);
        let project = poms.project(Arc::clone(pom), Arc::clone(line));
        let plain = Environment::new(&project, poms, &[], &[]);
        if module.is_none()
            && let Some(parsed) = parsed.take()
        {
            module = Some(Module::new(&project, &plain, Arc::clone(home), poms, parsed));
        }
        if let Some(module) = &mut module {
            read_all(module, &Boms::new(poms, &pom.path), poms, &project, &plain);
        }
        further.extend(modules(&plain, pom, poms));
    }
    if let Some(module) = module {
        module.report_gaps();
    }
    further
}

/// The modules of `pom` that are not read by themselves.
fn modules(environment: &Environment<'_>, pom: &Arc<Pom>, poms: &Poms<'_>) -> Vec<Arc<Pom>> {
    let sections = pom.profiles.iter().map(|profile| &profile.section);
    let mut further = Vec::new();
    for module in std::iter::once(&pom.main)
        .chain(sections)
        .flat_map(|section| &section.modules)
    {
        if !poms.may_go_on(1) {
            break;
        }
        let text = match environment.expand(&pom.path, module) {
            Ok(located) => located.text,
            Err(unresolved) => {
                let message = format!("the name of a module is {}", unresolved.describe(environment));
                let hint = "Define the property in a pom of this tree.";
                poms.report(Cost::Blind, &pom.path, module.span, message, hint);
                continue;
            }
        };
        let message = match poms.built(&pom.path.parent(), &text) {
            Built::Pom(path) if is_read_elsewhere(&path, poms) => continue,
            Built::Pom(path) => {
                further.extend(poms.pom(&path));
                continue;
            }
            Built::Missing => format!("the module {text} is not in the tree"),
            Built::Outside => format!("the module {text} is outside the tree"),
        };
        let hint = "Scan the folder that holds all modules.";
        poms.report(Cost::Partial, &pom.path, module.span, message, hint);
    }
    further
}

/// Adds what the module holds under each choice of profiles that makes a difference.
fn read_all(
    module: &mut Module<'_, '_>,
    boms: &Boms<'_>,
    poms: &Poms<'_>,
    project: &Project,
    plain: &Environment<'_>,
) {
    let mut read = |environment: &Environment<'_>| {
        module.read(environment, boms);
        plugins::read(module, environment);
    };
    let mut profiles: Vec<&str> = Vec::new();
    // Of a pom of a repository counts what does by itself.
    let ids = project
        .poms
        .iter()
        .filter(|pom| !pom.path.is_outside())
        .flat_map(|pom| pom.profiles.iter().map(move |profile| (pom, profile.id.as_str())));
    for (pom, id) in ids {
        match profiles.contains(&id) {
            true => {}
            false if profiles.len() < MAX_PROFILES => profiles.push(id),
            false => {
                poms.limit(
                    &pom.path,
                    format!("more than {MAX_PROFILES} profiles; the rest is not read"),
                );
                break;
            }
        }
    }
    let under = |chosen: &[&str], off: &[String]| Environment::new(project, poms, chosen, off);
    read(plain);
    let line = &project.line;
    if !line.activated.is_empty() || !line.deactivated.is_empty() {
        let chosen: Vec<&str> = line.activated.iter().map(String::as_str).collect();
        read(&under(&chosen, &line.deactivated));
    }
    // One that alone changes nothing may change what another one uses.
    let mut pairs: HashSet<(&str, &str)> = HashSet::new();
    for chosen in profiles.iter().filter(|profile| plain.depends_on(profile)) {
        let alone = under(&[chosen], &[]);
        read(&alone);
        for other in profiles.iter().filter(|other| *other != chosen) {
            let pair = (*chosen.min(other), *chosen.max(other));
            if alone.adds_to(chosen, other, plain) && pairs.insert(pair) {
                read(&under(&[chosen, other], &[]));
            }
        }
    }
    // Where no two change each other, all of them together are what each is alone.
    if profiles.len() > 2 && !pairs.is_empty() {
        read(&under(&profiles, &[]));
    }
}
