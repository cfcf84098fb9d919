//! A rule: what it asks for and what it decides.

use jiff::SignedDuration;

use super::glob::Globs;
use super::subject::Subject;
use crate::model::{Class, Decision, Level, PackageUrl, Scope};

/// A rule of the policy. The first one whose conditions are all met decides.
#[derive(Debug, Clone, PartialEq)]
pub struct Rule {
    /// Its name, which every finding carries that it decides; of one without a name its number (`rule 2`).
    pub name: String,
    /// What it asks for.
    pub when: When,
    /// What it decides.
    pub then: Decision,
    /// Until so much time has passed since the advisory was published, a rule that fails only warns.
    pub after: Option<SignedDuration>,
}

impl Rule {
    /// Why the subject does not meet what the rule asks for, as a lowercase fragment; `None` if it does.
    ///
    /// A rule that lets pass what is for development, building or an option only does not cover what ships as well:
    /// one package can be used for several things.
    pub(super) fn unmet(&self, subject: &Subject<'_>) -> Option<String> {
        self.when.unmet(subject).or_else(|| {
            let ships_more: &[Scope] = match (self.then, self.when.scope?) {
                (Decision::Fail, _) | (_, Scope::Runtime) => &[],
                (_, Scope::Optional) => &[Scope::Runtime],
                (_, Scope::Dev | Scope::Build) => &[Scope::Runtime, Scope::Optional],
            };
            let held = |scope: &&Scope| subject.finding().scopes.holds(**scope);
            let more = ships_more.iter().find(held)?;
            Some(format!("its scope is {} as well", more.as_str()))
        })
    }
}

/// What a rule asks for: everything that is here. A rule that asks for nothing matches every finding.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct When {
    /// The advisory's class.
    pub class: Option<Class>,
    /// At least this severity. Like in a fail-on list it covers vulnerabilities only, since many advisories of other
    /// classes have no rating and count as high; with a [`When::class`] it covers that class.
    pub severity: Option<Level>,
    /// Whether a fixed version is known.
    pub fix: Option<Fix>,
    /// Whether it is on CISA's list of known exploited vulnerabilities.
    pub known_exploited: Option<bool>,
    /// At least this probability of exploitation; an advisory without one never matches.
    pub epss: Option<f64>,
    /// What the package is used for. Where a format does not record it, everything counts as used at runtime.
    pub scope: Option<Scope>,
    /// Whether a root asks for the package by name.
    pub direct: Option<bool>,
    /// The package, with or without a version.
    pub package: Option<PackageUrl>,
    /// The lockfile, from the top of the repository.
    pub path: Option<Globs>,
    /// The short name of the ref; without a ref it never matches.
    pub ref_name: Option<Globs>,
}

/// Whether a fixed version is known.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fix {
    /// It is.
    Available,
    /// There is none.
    None,
}

impl Fix {
    /// Both.
    pub const ALL: [Self; 2] = [Self::Available, Self::None];

    /// `available`, `none`.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Available => "available",
            Self::None => "none",
        }
    }
}

impl When {
    /// Why the subject does not meet it: the first condition that fails, as a lowercase fragment. `None` if it meets all.
    pub(super) fn unmet(&self, subject: &Subject<'_>) -> Option<String> {
        let finding = subject.finding();
        let advisory = &finding.advisory;
        if let Some(class) = self.class.filter(|class| *class != advisory.class) {
            return Some(format!("the class is {}, not {class}", advisory.class));
        }
        if let Some(level) = self.severity {
            if self.class.is_none() && advisory.class != Class::Vulnerability {
                return Some(format!(
                    "`severity` is about vulnerabilities; the class is {}",
                    advisory.class
                ));
            }
            if advisory.severity.level < level {
                return Some(format!(
                    "the severity is {}, below {level}",
                    advisory.severity.level
                ));
            }
        }
        match (self.fix, finding.fixed.first()) {
            (Some(Fix::Available), None) => return Some("no fixed version is known".into()),
            (Some(Fix::None), Some(fixed)) => return Some(format!("{fixed} fixes it")),
            (Some(Fix::Available), Some(_)) | (Some(Fix::None), None) | (None, _) => {}
        }
        match (self.known_exploited, advisory.known_exploited) {
            (Some(true), false) => return Some("it is not known to be exploited".into()),
            (Some(false), true) => return Some("it is known to be exploited".into()),
            (Some(true), true) | (Some(false), false) | (None, _) => {}
        }
        if let Some(least) = self.epss {
            match advisory.epss {
                None => return Some("its EPSS is not known".into()),
                Some(epss) if epss < least => return Some(format!("its EPSS is {epss}, below {least}")),
                Some(_) => {}
            }
        }
        if let Some(scope) = self.scope {
            let unknown = finding.scopes.is_empty() && scope == Scope::Runtime;
            if !unknown && !finding.scopes.holds(scope) {
                return Some(format!("its scope is not {}", scope.as_str()));
            }
        }
        match (self.direct, finding.direct) {
            (Some(true), false) => return Some("no root asks for it by name".into()),
            (Some(false), true) => return Some("a root asks for it by name".into()),
            (Some(true), true) | (Some(false), false) | (None, _) => {}
        }
        if let Some(package) = self
            .package
            .as_ref()
            .filter(|package| !package.names(&finding.purl))
        {
            return Some(format!("it is not {package}"));
        }
        if let Some(globs) = self.path.as_ref().filter(|globs| !subject.path_fits(globs)) {
            return Some(format!(
                "the file does not match {:?}",
                globs.patterns().join(",")
            ));
        }
        match (&self.ref_name, subject.short_ref()) {
            (Some(_), None) => Some("there is no ref".into()),
            (Some(globs), Some(name)) if !globs.match_any(name) => {
                Some(format!("{name} does not match {:?}", globs.patterns().join(",")))
            }
            (Some(_), Some(_)) | (None, _) => None,
        }
    }
}
