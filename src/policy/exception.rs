//! Exceptions: risks that the policy accepts until a day.

use std::collections::HashMap;

use jiff::civil::Date;

use super::glob::Globs;
use super::subject::Subject;
use crate::model::finding::Excepted;
use crate::model::{Class, PackageUrl};
use crate::text::Position;

/// A risk that the policy accepts until a day.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Exception {
    /// Any id of the advisory's group.
    pub id: String,
    /// Why it is accepted.
    pub reason: String,
    /// Who answers for it.
    pub owner: Option<String>,
    /// The last day on which it counts, in UTC.
    pub expires: Date,
    /// The package that it is about; `None` means every one.
    pub package: Option<PackageUrl>,
    /// The lockfiles that it is about, from the top of the repository; `None` means every one.
    pub path: Option<Globs>,
    /// The refs that it is about, by short name; `None` means every one.
    pub ref_name: Option<Globs>,
    /// It stops counting when a fixed version is known.
    pub until_fixed: bool,
    /// Where it is in its file.
    pub place: Position,
    /// It is of the command line, for one run, and in no file.
    pub of_run: bool,
}

/// The exceptions of a policy, in their order.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Exceptions {
    list: Vec<Exception>,
    /// Their numbers by id in lower case.
    by_id: HashMap<String, Vec<usize>>,
}

/// An exception that has the id of a finding, and what became of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct ExceptionMatch {
    /// The exception's number in the policy, from 0.
    pub exception: usize,
    /// What became of it.
    pub how: ExceptionEffect,
}

/// What became of an exception that has the id of a finding.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ExceptionEffect {
    /// It covers the finding.
    Covers,
    /// Its last day is over.
    Expired,
    /// A fixed version is known, and it counts only until then.
    Fixed,
    /// The package is malicious, which no exception accepts.
    Malicious,
    /// It is about another package or version.
    OtherPackage,
    /// It is about other files.
    OtherPath,
    /// It is about other refs.
    OtherRef,
}

impl Exceptions {
    /// The exceptions of `list`.
    #[must_use]
    pub fn new(list: Vec<Exception>) -> Self {
        let mut by_id: HashMap<String, Vec<usize>> = HashMap::with_capacity(list.len());
        for (number, exception) in list.iter().enumerate() {
            by_id
                .entry(exception.id.to_ascii_lowercase())
                .or_default()
                .push(number);
        }
        Self { list, by_id }
    }

    /// All of them, in the order of the file.
    #[must_use]
    pub fn list(&self) -> &[Exception] {
        &self.list
    }

    /// The exceptions that have an id of the subject's group, with what became of each, in their order.
    /// `is_allowed`: the finding is malicious, and the policy lets it be accepted.
    pub(super) fn met(&self, subject: &Subject<'_>, is_allowed: bool) -> Vec<ExceptionMatch> {
        if self.list.is_empty() {
            return Vec::new();
        }
        let advisory = &subject.finding().advisory;
        let mut numbers: Vec<usize> = std::iter::once(&advisory.id)
            .chain(&advisory.aliases)
            .filter_map(|id| self.by_id.get(&id.to_ascii_lowercase()))
            .flatten()
            .copied()
            .collect();
        numbers.sort_unstable();
        numbers.dedup();
        numbers
            .into_iter()
            .filter_map(|number| {
                let how = self.list.get(number)?.meet(subject, is_allowed);
                Some(ExceptionMatch {
                    exception: number,
                    how,
                })
            })
            .collect()
    }
}

impl Exception {
    /// Accepts the advisory `id` for a run on the day `today`, as the command line asks.
    #[must_use]
    pub fn of_run(id: String, today: Date) -> Self {
        Self {
            id,
            reason: "--ignore on the command line".into(),
            owner: None,
            expires: today,
            package: None,
            path: None,
            ref_name: None,
            until_fixed: false,
            place: Position::START,
            of_run: true,
        }
    }

    /// What becomes of it on a finding that has its id.
    fn meet(&self, subject: &Subject<'_>, is_allowed: bool) -> ExceptionEffect {
        let finding = subject.finding();
        let other = |globs: &Globs| !subject.short_ref().is_some_and(|name| globs.match_any(name));
        if self
            .package
            .as_ref()
            .is_some_and(|package| !package.names(&finding.purl))
        {
            ExceptionEffect::OtherPackage
        } else if self.path.as_ref().is_some_and(|globs| !subject.path_fits(globs)) {
            ExceptionEffect::OtherPath
        } else if self.ref_name.as_ref().is_some_and(other) {
            ExceptionEffect::OtherRef
        } else if finding.advisory.class == Class::Malicious && !is_allowed {
            ExceptionEffect::Malicious
        } else if self.is_over(subject.context().today()) {
            ExceptionEffect::Expired
        } else if self.until_fixed && !finding.fixed.is_empty() {
            ExceptionEffect::Fixed
        } else {
            ExceptionEffect::Covers
        }
    }

    /// It accepts what `other` accepts, for as long and for as much.
    #[must_use]
    pub fn covers_the_same(&self, other: &Self) -> bool {
        self.id.eq_ignore_ascii_case(&other.id)
            && self.expires >= other.expires
            && (&self.package, &self.path, &self.ref_name, self.until_fixed)
                == (&other.package, &other.path, &other.ref_name, other.until_fixed)
    }

    /// Its last day is before `today`.
    #[must_use]
    pub fn is_over(&self, today: Date) -> bool {
        today > self.expires
    }

    /// What a finding that it covers carries.
    pub(super) fn excepted(&self) -> Excepted {
        Excepted {
            reason: self.reason.clone(),
            owner: self.owner.clone(),
            expires: self.expires,
        }
    }
}
