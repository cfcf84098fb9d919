//! Why an upgrade is not possible.

use super::catalogue::{Choice, is_later};
use super::root_links;
use super::search::Search;
use super::wider::wider;
use crate::model::Release;
use crate::plan::Constraint;
use crate::plan::failure::Failure;
use crate::version::range::RangeSyntax as _;
use crate::version::range::packagist::Packagist as Range;

impl Search<'_> {
    /// What needs the package, and whether that is the project.
    pub(super) fn for_each_dependent(&self, mut each: impl FnMut(Constraint, bool)) {
        let project = self.catalogue.project;
        let constraint = |dependent: &str, range: &str| Constraint {
            dependent: dependent.to_owned(),
            name: self.wish.name.clone(),
            range: range.to_owned(),
        };
        let root = root_links(project);
        for link in root.require.iter().filter(|link| link.name == self.name) {
            each(constraint(&project.manifest, &link.range), true);
        }
        for (own, held) in &self.base.held {
            for link in held.links.require.iter().filter(|link| link.name == self.name) {
                each(constraint(&format!("{own} {}", held.version), &link.range), false);
            }
        }
    }

    /// Why `lowest`, which would help, is not taken.
    pub(super) fn refused(&self, lowest: &Release) -> Failure {
        let mut by = Vec::new();
        let mut own = None;
        self.for_each_dependent(|constraint, is_own| {
            if !Range
                .contains(&constraint.range, &lowest.version)
                .unwrap_or(false)
            {
                if is_own {
                    own = Some(constraint.clone());
                }
                by.push(constraint);
            }
        });
        let (name, version) = (&self.wish.name, &lowest.version);
        let manifest = &self.catalogue.project.manifest;
        let reason = match (&own, self.asked.borrow().as_ref()) {
            (Some(_), _) if !self.catalogue.bounds.manifests.change_ranges() => {
                format!("{name} {version} would help, and {manifest} is not to be changed.")
            }
            (Some(own), _) if wider(&own.range, version).is_none() => format!(
                "{manifest} asks for {name} {}, which is no plain range that could be changed.",
                own.range
            ),
            (_, Some(reason)) => reason.clone(),
            (_, None) if by.is_empty() => {
                format!("What {name} {version} needs cannot be locked beside the rest.")
            }
            (_, None) => "No versions of what needs it that may be taken accept it.".to_owned(),
        };
        Failure::Blocked { by, reason }
    }

    /// What keeps the lowest version out that would help.
    pub(super) fn none_later(&self, version: &str, choices: &[Choice<'_>]) -> String {
        let name = &self.wish.name;
        let would_help = |one: &&Choice<'_>| {
            let later = &one.release.version;
            is_later(version, later)
                && self.catalogue.is_finished(self.name, later)
                && !(self.catalogue.bounds.is_affected)(self.name, later)
        };
        match choices.iter().find(would_help) {
            Some(Choice { release, .. }) => {
                let lacks = self.catalogue.lacks(release);
                let bounds = self.catalogue.bounds;
                bounds.kept_out(name, release, "withdrawn", lacks.as_deref())
            }
            None => format!("The repository has no later version of {name} that helps."),
        }
    }
}
