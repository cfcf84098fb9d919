//! What the machine that installs is known to have: a version of PHP and extensions.
//!
//! PHP is that of `config.platform`, else the lowest version that the project and every locked package take, for on one that is lower the
//! lockfile cannot be installed. An extension is there if the project or anything that is locked asks for it, if a locked package
//! provides it, or if PHP is never without it.

use std::cmp::Ordering;
use std::collections::{BTreeMap, BTreeSet};

use super::Project;
use crate::lockfile::composer_lock::locked::Link;
use crate::version::Scheme as _;
use crate::version::packagist::Packagist;
use crate::version::range::RangeSyntax as _;
use crate::version::range::packagist::{Packagist as Range, lowest};

/// What PHP is never without.
const ALWAYS: [&str; 11] = [
    "ext-core",
    "ext-date",
    "ext-hash",
    "ext-json",
    "ext-pcre",
    "ext-random",
    "ext-reflection",
    "ext-spl",
    "ext-standard",
    "ext-ctype",
    "ext-tokenizer",
];

/// What the machine has.
pub(super) struct Machine {
    /// The version of PHP; `None` where nothing says one.
    php: Option<String>,
    /// What is asked for already, in lower case.
    has: BTreeSet<String>,
    /// Versions of what Composer itself is.
    own: BTreeMap<&'static str, String>,
}

impl Machine {
    pub(super) fn of(project: &Project) -> Self {
        let asked = project.asked.links.require.iter().chain(&project.asked.dev);
        let locked = project.locked.packages.iter();
        let all: Vec<&Link> = asked
            .chain(locked.clone().flat_map(|one| &one.links.require))
            .filter(|link| link.is_platform())
            .collect();
        let mut php: Option<String> = None;
        for low in all
            .iter()
            .filter(|link| link.name == "php")
            .filter_map(|link| lowest(&link.range))
        {
            let is_later = |known: &String| Packagist.compare(known, &low) == Ok(Ordering::Less);
            if php.as_ref().is_none_or(is_later) {
                php = Some(low);
            }
        }
        let provided = locked
            .clone()
            .flat_map(|one| one.links.provide.iter().chain(&one.links.replace));
        let provided = provided.filter(|link| link.is_platform());
        let has = all.iter().copied().chain(provided).map(|link| link.name.clone());
        let api = project.locked.plugin_api.clone();
        Self {
            php: project.asked.php.clone().or(php),
            has: has
                .chain(project.asked.platform.iter().cloned())
                .chain(ALWAYS.map(str::to_owned))
                .collect(),
            own: BTreeMap::from([
                ("composer-plugin-api", api.clone()),
                ("composer-runtime-api", api),
            ]),
        }
    }

    /// What of `needs` the machine is not known to have.
    pub(super) fn lacks<'n>(&self, mut needs: impl Iterator<Item = (&'n str, &'n str)>) -> Option<String> {
        needs.find_map(|(name, range)| {
            let is_in = |version: &String| Range.contains(range, version).unwrap_or(true);
            let is_met = match (name, self.own.get(name)) {
                ("php" | "php-64bit", _) => self.php.as_ref().is_none_or(is_in),
                (_, Some(own)) => own.is_empty() || is_in(own),
                (name, None) => self.has.contains(name),
            };
            (!is_met).then(|| format!("{name} {range}"))
        })
    }
}
