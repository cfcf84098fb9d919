//! Edits of `Gemfile.lock` and `gems.locked`, and of the `Gemfile` beside them.
//!
//! A gem that moves gets its lines anew, one block for each variant: the version, and what it needs as Bundler writes it. Blocks stand in the order of
//! their full names, lines of CHECKSUMS in that of their texts, where they did before. PLATFORMS, RUBY VERSION, BUNDLED WITH and every other line stay.

use super::gemfile_text::{full_name, needs, own_name, platform_name};
use super::splice::{Splice, apply};
use super::{Refused, Relock, gemfile_check};
use crate::lockfile::gemfile_lock::gemfile::name_of;
use crate::lockfile::gemfile_lock::literal::exchanged;
use crate::lockfile::gemfile_lock::locked::{Locked, LockedGem, in_order, lock_name, locked};
use crate::model::{Release, TreePath};
use crate::plan::{Edited, EntryChange, EntryEdit, NewRange, Plan};
use crate::schema::compact_index::{Variant, variants};

/// Edits lockfiles of Bundler.
pub struct GemfileLock;

impl Relock for GemfileLock {
    fn format(&self) -> &'static str {
        "Gemfile.lock"
    }

    fn edit(
        &self,
        path: &TreePath,
        text: &str,
        plan: &Plan,
        read: &dyn Fn(&TreePath) -> Option<String>,
    ) -> Result<Vec<Edited>, Refused> {
        let after = lockfile(text, plan).map_err(Refused)?;
        let mut edited = vec![Edited {
            path: path.clone(),
            before: text.to_owned(),
            after,
        }];
        if !plan.ranges.is_empty() {
            edited.push(manifest(path, &plan.ranges, read).map_err(Refused)?);
        }
        gemfile_check::check(&edited, plan).map_err(Refused)?;
        Ok(edited)
    }
}

fn manifest(
    path: &TreePath,
    ranges: &[NewRange],
    read: &dyn Fn(&TreePath) -> Option<String>,
) -> Result<Edited, String> {
    let name = String::from_utf8_lossy(path.file_name()).into_owned();
    let manifest = path.parent().join(name_of(&name));
    let manifest = manifest.ok_or("The Gemfile is outside of the repository.")?;
    let before = read(&manifest).ok_or_else(|| format!("{manifest} cannot be read."))?;
    let mut splices = Vec::new();
    for range in ranges {
        let edits = exchanged(&before, &range.name, &range.from, &range.to);
        let edits =
            edits.ok_or_else(|| format!("{manifest} does not ask for {} as the plan says.", range.name))?;
        splices.extend(edits.into_iter().map(|(at, text)| Splice { at, text }));
    }
    let after = apply(&before, splices).ok_or("Two edits meet at one place.")?;
    Ok(Edited {
        path: manifest,
        before,
        after,
    })
}

/// The lockfile with the plan carried out.
fn lockfile(text: &str, plan: &Plan) -> Result<String, String> {
    let before = locked(text)?;
    let end = match text.lines().next().is_some_and(|_| text.contains("\r\n")) {
        true => "\r\n",
        false => "\n",
    };
    let mut splices = Vec::new();
    for change in &plan.entries {
        let old: Vec<&LockedGem> = before.gems.iter().filter(|gem| gem.name == change.name).collect();
        for gem in &old {
            splices.push(removed(gem.at.clone()));
            let name = lock_name(&gem.name, &gem.version, &gem.platform);
            let sums = before.checksums.iter().flatten().filter(|sum| sum.gem == name);
            splices.extend(sums.map(|sum| removed(sum.at.clone())));
        }
        match &change.edit {
            EntryEdit::Lock(release, None) => {
                let section = section_of(&before, &old, &change.name)?;
                splices.extend(arriving(&before, plan, (change, release), (section, &old), end)?);
            }
            EntryEdit::Drop if !old.is_empty() => {}
            EntryEdit::Drop => return Err(format!("The lockfile has no gem {}.", change.name)),
            EntryEdit::Lock(..) | EntryEdit::Flags(_) | EntryEdit::Own(_) => {
                return Err("The plan is one of another format.".to_owned());
            }
        }
    }
    for range in &plan.ranges {
        let line = before.dependencies.iter().find(|line| line.name == range.name);
        let line = line.ok_or_else(|| format!("DEPENDENCIES does not have {}.", range.name))?;
        let mark = if line.is_pinned { "!" } else { "" };
        splices.push(Splice {
            at: line.at.clone(),
            text: format!("  {} ({}){mark}{end}", range.name, in_order(&range.to)),
        });
    }
    apply(text, splices).ok_or_else(|| "Two edits meet at one place.".to_owned())
}

fn removed(at: std::ops::Range<usize>) -> Splice {
    Splice {
        at,
        text: String::new(),
    }
}

/// The section in which the gem stands, or the only one of a registry.
fn section_of(before: &Locked, old: &[&LockedGem], name: &str) -> Result<usize, String> {
    let mut own = old.iter().map(|gem| gem.section);
    let number = match own.next() {
        Some(first) if own.all(|other| other == first) => first,
        Some(_) => return Err(format!("{name} stands in several sections.")),
        None => {
            let sections = before.sections.iter().enumerate();
            let mut registries = sections.filter(|(_, section)| section.kind == "GEM");
            match (registries.next(), registries.next()) {
                (Some((number, _)), None) => number,
                (_, _) => return Err(format!("Which section would have {name} is for Bundler to say.")),
            }
        }
    };
    match before.sections.get(number).and_then(|section| section.registry()) {
        Some(_) => Ok(number),
        None => Err(format!("{name} does not come from one registry.")),
    }
}

/// The blocks and the lines of CHECKSUMS of a release, each where it is to stand.
fn arriving(
    before: &Locked,
    plan: &Plan,
    (change, release): (&EntryChange, &Release),
    (section, old): (usize, &[&LockedGem]),
    end: &str,
) -> Result<Vec<Splice>, String> {
    let name = &change.name;
    let mut new: Vec<(String, Variant)> = variants(&release.document)
        .into_iter()
        .map(|variant| (platform_name(&variant), variant))
        .collect();
    new.sort_by_key(|(platform, variant)| full_name(name, &variant.version, platform));
    if new.is_empty() {
        return Err(format!(
            "The registry says nothing of {name} {}.",
            release.version
        ));
    }
    let is_changed = |gem: &LockedGem| plan.entries.iter().any(|entry| entry.name == gem.name);
    let kept: Vec<&LockedGem> = before
        .gems
        .iter()
        .filter(|gem| gem.section == section && !is_changed(gem))
        .collect();
    let is_sorted = kept.is_sorted_by_key(|gem| own_name(gem));
    let bottom = before.sections.get(section).map_or(0, |section| section.end);
    let mut splices = Vec::new();
    for (platform, variant) in &new {
        let own = full_name(name, &variant.version, platform);
        let in_order = kept.iter().find(|gem| own_name(gem) > own);
        let place = match (is_sorted, old.first()) {
            // In a file in another order it stays where it was.
            (false, Some(gem)) => gem.at.start,
            (_, _) => in_order.map_or(bottom, |gem| gem.at.start),
        };
        splices.push(Splice {
            at: place..place,
            text: block(name, platform, variant, end),
        });
    }
    let Some(sums) = &before.checksums else {
        return Ok(splices);
    };
    let gone: Vec<String> = before
        .gems
        .iter()
        .filter(|gem| is_changed(gem))
        .map(|gem| lock_name(&gem.name, &gem.version, &gem.platform))
        .collect();
    for (platform, variant) in &new {
        let own = lock_name(name, &variant.version, platform);
        let Some(sum) = &variant.checksum else {
            return Err(format!(
                "The registry has no checksum of {own}, and the lockfile asks for one."
            ));
        };
        let line = format!("  {own} sha256={sum}{end}");
        let mut kept = sums.iter().filter(|sum| !gone.contains(&sum.gem));
        let next = kept.find(|sum| sum.gem > own);
        let place = next.map_or(before.checksums_end, |sum| sum.at.start);
        splices.push(Splice {
            at: place..place,
            text: line,
        });
    }
    Ok(splices)
}

/// The lines of a variant.
fn block(name: &str, platform: &str, variant: &Variant, end: &str) -> String {
    let mut text = format!("    {}{end}", lock_name(name, &variant.version, platform));
    for line in needs(variant) {
        text.push_str(&format!("      {line}{end}"));
    }
    text
}
