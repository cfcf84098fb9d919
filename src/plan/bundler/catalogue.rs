//! The versions of gems: which variants of one would be locked, what they need, and whether it may be taken.

use std::cell::RefCell;
use std::collections::{BTreeSet, HashMap};
use std::rc::Rc;

use super::{Bundle, Gem};
use crate::lockfile::gemfile_lock::platform::{Platform, best};
use crate::model::{Query, Release};
use crate::plan::failure::{Failure, versions};
use crate::plan::{Bounds, Known, Releases, Wish};
use crate::schema::compact_index::{Need, Variant, variants};
use crate::version::Scheme as _;
use crate::version::range::RangeSyntax as _;
use crate::version::range::rubygems::Rubygems as Range;
use crate::version::rubygems::Rubygems;

/// The toolchain that gems ask for.
const RUBY: &str = "ruby";

/// What was found out of releases, for the next plan of the same lockfile with more answers.
#[derive(Debug, Default)]
pub(super) struct Learnt {
    /// The numbers of a gem's releases, lowest first.
    sorted: RefCell<HashMap<String, Rc<Vec<usize>>>>,
    chosen: RefCell<HashMap<(String, String), Rc<Chosen>>>,
    /// Answers about ranges and versions.
    in_range: RefCell<HashMap<String, HashMap<String, bool>>>,
}

/// What of a version would be locked.
#[derive(Debug, Default)]
pub(super) struct Chosen {
    /// The variants.
    pub(super) variants: Vec<Variant>,
    /// What they need.
    pub(super) needs: Vec<Need>,
    /// There is one for every platform that has to have one.
    pub(super) is_whole: bool,
}

/// Who knows the releases of gems, and what a plan may take of them.
pub(super) struct Catalogue<'p> {
    pub(super) bundle: &'p Bundle,
    pub(super) releases: &'p dyn Releases,
    pub(super) bounds: &'p Bounds<'p>,
    pub(super) learnt: &'p Learnt,
}

impl<'p> Catalogue<'p> {
    /// The versions of a gem, lowest first.
    pub(super) fn releases(&self, name: &str) -> Result<Vec<&'p Release>, Failure> {
        let releases = versions(self.releases, name)?;
        let known = self.learnt.sorted.borrow().get(name).cloned();
        let sorted = known.unwrap_or_else(|| {
            let mut all: Vec<usize> = (0..releases.len()).collect();
            all.sort_by(|left, right| match (releases.get(*left), releases.get(*right)) {
                (Some(left), Some(right)) => {
                    let order = Rubygems.compare(&left.version, &right.version);
                    order.unwrap_or(std::cmp::Ordering::Equal)
                }
                (_, _) => std::cmp::Ordering::Equal,
            });
            let all = Rc::new(all);
            let mut known = self.learnt.sorted.borrow_mut();
            known.insert(name.to_owned(), Rc::clone(&all));
            all
        });
        Ok(sorted.iter().filter_map(|number| releases.get(*number)).collect())
    }

    /// Whether something is known of these gems, all of which are asked for at once.
    pub(super) fn know<'n>(&self, names: impl Iterator<Item = &'n str>) -> Result<(), Failure> {
        let unknown = names.filter(|name| matches!(self.releases.versions(name), Known::NotAsked));
        let queries: BTreeSet<Query> = unknown.map(Query::versions).collect();
        match queries.is_empty() {
            true => Ok(()),
            false => Err(Failure::Ask(queries)),
        }
    }

    /// What of a version would be locked.
    pub(super) fn chosen(&self, name: &str, release: &Release) -> Result<Rc<Chosen>, Failure> {
        let key = (name.to_owned(), release.version.to_string());
        if let Some(known) = self.learnt.chosen.borrow().get(&key) {
            return Ok(Rc::clone(known));
        }
        let all = variants(&release.document);
        let chosen = match self.bundle.gems.get(name) {
            Some(gem) => {
                let releases = self.releases(name)?;
                let before = releases.iter().find(|known| *known.version == *gem.version);
                let before = before.map(|before| variants(&before.document));
                self.as_before(gem, before.as_deref(), &all)
            }
            None => self.anew(&all),
        };
        let chosen = Rc::new(chosen);
        let mut known = self.learnt.chosen.borrow_mut();
        known.insert(key, Rc::clone(&chosen));
        Ok(chosen)
    }

    /// The variants of a gem that is locked: by the rule that chose those of the version before, else for the same platforms.
    fn as_before(&self, gem: &Gem, before: Option<&[Variant]>, all: &[Variant]) -> Chosen {
        let platforms = self.bundle.platforms.iter();
        let used: Vec<&Platform> = platforms
            .filter(|user| gem.variants.iter().any(|own| own.is_usable_on(user)))
            .collect();
        let by_rule = |of: &[Variant], users: &[&Platform]| {
            let each: Vec<Vec<Variant>> = users.iter().map(|user| nearest(of, user)).collect();
            let used = users.iter().zip(&each).filter(|(user, _)| used.contains(user));
            let is_whole = used.clone().count() > 0 && used.clone().all(|(_, variants)| !variants.is_empty());
            chosen(each.into_iter().flatten(), is_whole)
        };
        // All platforms that it is there for; else those that it was locked for.
        let all_platforms: Vec<&Platform> = self.bundle.platforms.iter().collect();
        for users in [&all_platforms, &used] {
            let is_by_rule =
                before.is_none_or(|before| platforms_of(&by_rule(before, users)) == gem.variants);
            if is_by_rule {
                return by_rule(all, users);
            }
        }
        let same = all
            .iter()
            .filter(|variant| gem.variants.contains(&platform(variant)));
        let same = chosen(same.cloned(), true);
        Chosen {
            is_whole: platforms_of(&same) == gem.variants,
            ..same
        }
    }

    /// The variants of a gem that comes in: some platform has to have one.
    fn anew(&self, all: &[Variant]) -> Chosen {
        let each = self.bundle.platforms.iter().map(|user| nearest(all, user));
        let found: Vec<Variant> = each.flatten().collect();
        let is_whole = !found.is_empty();
        chosen(found.into_iter(), is_whole)
    }

    /// `version` is in `range`; what is no requirement takes no version.
    pub(super) fn in_range(&self, range: &str, version: &str) -> bool {
        let mut known = self.learnt.in_range.borrow_mut();
        if let Some(is_in) = known.get(range).and_then(|of_range| of_range.get(version)) {
            return *is_in;
        }
        let is_in = Range.contains(range, version).unwrap_or(false);
        known
            .entry(range.to_owned())
            .or_default()
            .insert(version.to_owned(), is_in);
        is_in
    }

    /// The versions of Ruby that the release needs, where the project has another.
    pub(super) fn needed_ruby(&self, chosen: &Chosen) -> Option<String> {
        let tools = self.bounds.toolchain.iter();
        let mut here = tools.filter(|(tool, _)| tool == RUBY);
        let (_, ruby) = here.next()?;
        let mut ranges = chosen.variants.iter().filter_map(|variant| variant.ruby.as_ref());
        ranges.find(|range| !self.in_range(range, ruby)).cloned()
    }

    /// The release may be taken to fix the gem itself, however new it is.
    pub(super) fn is_clean(&self, name: &str, release: &Release) -> Result<bool, Failure> {
        Ok(!(self.bounds.is_affected)(name, &release.version) && self.is_installable(name, release)?)
    }

    fn is_installable(&self, name: &str, release: &Release) -> Result<bool, Failure> {
        let chosen = self.chosen(name, release)?;
        Ok(release.retired.is_none() && chosen.is_whole && self.needed_ruby(&chosen).is_none())
    }

    /// The release may be taken because of another gem.
    pub(super) fn is_good(&self, name: &str, release: &Release) -> Result<bool, Failure> {
        Ok(self.is_clean(name, release)? && self.is_old_enough(name, release)?)
    }

    /// The release ends what is wished.
    pub(super) fn fixes(&self, wish: &Wish, release: &Release) -> Result<bool, Failure> {
        let is_named = wish.to.as_deref() == Some(&*release.version);
        Ok(self.is_clean(&wish.name, release)? || (is_named && self.is_installable(&wish.name, release)?))
    }

    /// It was published long enough ago; where the index does not say when, the registry is asked.
    fn is_old_enough(&self, name: &str, release: &Release) -> Result<bool, Failure> {
        if self.bounds.published_before.is_none() {
            return Ok(true);
        }
        Ok(self.bounds.is_old_enough(&self.dated(name, release)?))
    }

    /// The release with the time of its publication, as far as the registry says it.
    pub(super) fn dated(&self, name: &str, release: &Release) -> Result<Release, Failure> {
        let mut dated = release.clone();
        if dated.published.is_none() && self.bounds.published_before.is_some() {
            match self.releases.time(name, &release.version) {
                Known::Answer(said) => dated.published = said.published,
                Known::NotAsked => {
                    let query = Query::time(name, release.version.clone());
                    return Err(Failure::Ask(BTreeSet::from([query])));
                }
                Known::Failed(_) => {}
            }
        }
        Ok(dated)
    }
}

/// `version` is later than `than`.
pub(super) fn is_later(version: &str, than: &str) -> bool {
    Rubygems
        .compare(version, than)
        .is_ok_and(std::cmp::Ordering::is_gt)
}

fn platform(variant: &Variant) -> Platform {
    Platform::of(&variant.platform)
}

fn nearest(all: &[Variant], user: &Platform) -> Vec<Variant> {
    let is_alike = |left: &Variant, right: &Variant| left.ruby == right.ruby && left.needs == right.needs;
    best(all, user, platform, is_alike).into_iter().cloned().collect()
}

fn platforms_of(chosen: &Chosen) -> BTreeSet<Platform> {
    chosen.variants.iter().map(platform).collect()
}

fn chosen(variants: impl Iterator<Item = Variant>, is_whole: bool) -> Chosen {
    let mut chosen = Chosen {
        is_whole,
        ..Chosen::default()
    };
    let mut needs = BTreeSet::new();
    for variant in variants {
        if chosen.variants.contains(&variant) {
            continue;
        }
        needs.extend(variant.needs.iter().cloned());
        chosen.variants.push(variant);
    }
    chosen.needs = needs.into_iter().collect();
    chosen
}
