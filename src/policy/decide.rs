//! The walk of one finding through the rules.
//!
//! They are asked in this order, and the first that matches decides: one's own packages; malicious packages; exceptions; the policy's
//! rules; the fail-on list, or the built-in rules. Then grace and the base may turn a failure into a warning.

use std::borrow::Cow;

use jiff::SignedDuration;
use jiff::civil::Date;

use super::exception::{Exception, ExceptionEffect, ExceptionMatch};
use super::subject::{DecisionContext, Subject, day};
use super::{FailOn, Policy};
use crate::model::explanation::{Matched, Ruling};
use crate::model::finding::{Change, Excepted, State};
use crate::model::{Class, Decision, Ecosystem, Finding};

/// What the policy makes of one finding.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ruled {
    /// The decision.
    pub decision: Decision,
    /// The name of the rule that decided.
    pub rule: String,
    /// The day in UTC from which the rule fails what it only warns of now; `None` where there is no grace.
    pub fails_from: Option<Date>,
    /// Affected, or excepted.
    pub state: State,
    /// What a person should know beside it, as a lowercase fragment.
    pub note: Option<String>,
    /// The exceptions that have an id of the finding, with what became of each; [`Policy::unused`] wants all of a run.
    pub met: Vec<ExceptionMatch>,
}

/// One rule, asked about one finding.
struct AskedRule<'p> {
    rule: Cow<'p, str>,
    matched: Matched,
    /// Why it matches or not, as a lowercase fragment; empty unless it is wanted.
    why: String,
    decision: Decision,
    after: Option<SignedDuration>,
    excepted: Option<Excepted>,
}

/// Asks rules, with their reasons only where they are wanted: for most findings they are not.
#[derive(Clone, Copy)]
struct Asking {
    wants_why: bool,
}

/// What grace and the base make of a decision.
struct LenientDecision {
    decision: Decision,
    fails_from: Option<Date>,
    why: Option<String>,
}

impl Policy {
    /// What the first rule that matches makes of `finding`.
    #[must_use]
    pub fn decide(&self, finding: &Finding, context: &DecisionContext<'_>) -> Ruled {
        let subject = Subject::new(finding, context);
        let met = self.exceptions.met(&subject, self.allowed(finding).is_some());
        let asking = Asking { wants_why: false };
        // The last rule matches everything.
        let asked = self
            .asked(asking, &subject, &met)
            .find(|asked| asked.matched == Matched::Yes)
            .unwrap_or_else(|| asking.asked(Decision::Fail, "built-in", Matched::Yes, String::new));
        let lenient_decision = lenient(&asked, &subject);
        let lost = met
            .iter()
            .filter(|_| asked.excepted.is_none())
            .filter_map(|met| self.lost(met));
        let notes: Vec<String> = lost.chain(lenient_decision.why).collect();
        Ruled {
            decision: lenient_decision.decision,
            rule: asked.rule.into_owned(),
            fails_from: lenient_decision.fails_from,
            state: match (asked.excepted, &finding.state) {
                (Some(excepted), _) => State::Excepted(Box::new(excepted)),
                (None, State::NotAffected) => State::NotAffected,
                (None, State::Affected | State::Excepted(_)) => State::Affected,
            },
            note: (!notes.is_empty()).then(|| notes.join("; ")),
            met,
        }
    }

    /// What each rule decides about `finding`, in the order in which they are asked. Of the exceptions only those are asked that
    /// have an id of the finding.
    #[must_use]
    pub fn rulings(&self, finding: &Finding, context: &DecisionContext<'_>) -> Vec<Ruling> {
        let subject = Subject::new(finding, context);
        let met = self.exceptions.met(&subject, self.allowed(finding).is_some());
        let mut decided = false;
        let asking = Asking { wants_why: true };
        let rulings = self.asked(asking, &subject, &met).map(|asked| {
            let lenient_decision = lenient(&asked, &subject);
            let mut ruling = Ruling {
                rule: asked.rule.into_owned(),
                matched: asked.matched,
                why: asked.why,
            };
            match (decided, ruling.matched, lenient_decision.why) {
                (true, Matched::Yes, _) => {
                    ruling.matched = Matched::No;
                    ruling.why = "an earlier rule has decided".into();
                }
                (false, Matched::Yes, Some(why)) => ruling.why = format!("{}; {why}", ruling.why),
                (_, _, _) => {}
            }
            decided |= ruling.matched == Matched::Yes;
            ruling
        });
        rulings.collect()
    }

    /// Every rule, asked one after the other.
    fn asked<'p, 'a>(
        &'p self,
        asking: Asking,
        subject: &'a Subject<'a>,
        met: &'a [ExceptionMatch],
    ) -> impl Iterator<Item = AskedRule<'p>> + use<'p, 'a>
    where
        'p: 'a,
    {
        let finding = subject.finding();
        let class = finding.advisory.class;
        let allowed = self.allowed(finding).filter(|_| class == Class::Malicious);
        let own = (finding.state == State::NotAffected).then(|| {
            let why = || "the package is one's own, and the advisory is about the public registry's".into();
            asking.asked(Decision::Note, "supply-chain: internal", Matched::Yes, why)
        });
        let malicious = std::iter::once_with(move || {
            let is_hard = class == Class::Malicious && allowed.is_none();
            asking.asked(
                Decision::Fail,
                "built-in: malicious",
                matched(is_hard),
                || match allowed {
                    Some(entry) => format!("`allow-malicious` names {}", entry.spelling),
                    None => format!("the class is {class}"),
                },
            )
        });
        let malicious = own.into_iter().chain(malicious);
        let allowing = allowed.map(move |entry| {
            let file = self.file.as_deref().unwrap_or("policy");
            let name = format!("allow-malicious ({file}:{})", entry.place.line);
            asking.asked(Decision::Warn, name, Matched::Yes, || {
                format!("it names {}", entry.spelling)
            })
        });
        let exceptions = met.iter().filter_map(move |met| {
            let exception = self.exceptions.list().get(met.exception)?;
            Some(self.excepted(asking, exception, met.how))
        });
        let rules = self.rules.iter().map(move |rule| {
            let unmet = rule.unmet(subject);
            let met = matched(unmet.is_none());
            let mut asked = asking.asked(rule.then, rule.name.as_str(), met, || {
                unmet.unwrap_or_else(|| "the finding is all that it asks for".into())
            });
            asked.after = rule.after;
            asked
        });
        let list = self
            .fail_on
            .iter()
            .flat_map(move |list| listed(asking, list, finding));
        let built_in = self
            .fail_on
            .is_none()
            .then(|| built_in(asking, finding))
            .into_iter()
            .flatten();
        malicious
            .chain(exceptions)
            .chain(rules)
            .chain(allowing)
            .chain(list)
            .chain(built_in)
    }

    fn excepted<'p>(&self, asking: Asking, exception: &Exception, how: ExceptionEffect) -> AskedRule<'p> {
        let name = format!("exception: {} ({})", exception.id, self.place(exception));
        let why = || match how {
            ExceptionEffect::Covers => format!(
                "accepted until {}: {}",
                exception.expires,
                exception.reason.trim()
            ),
            ExceptionEffect::Expired => format!("it expired on {}", exception.expires),
            ExceptionEffect::Fixed => {
                "a fixed version is known, and the exception counts only until then".into()
            }
            ExceptionEffect::Malicious => "no exception accepts a malicious package".into(),
            ExceptionEffect::OtherPackage => "its `package` is a different one".into(),
            ExceptionEffect::OtherPath => "its `path` does not match the file".into(),
            ExceptionEffect::OtherRef => "its `ref` does not match".into(),
        };
        let mut asked = asking.asked(Decision::Note, name, matched(how == ExceptionEffect::Covers), why);
        asked.excepted = Some(exception.excepted());
        asked
    }

    /// What a person should know of an exception that would have covered the finding.
    fn lost(&self, met: &ExceptionMatch) -> Option<String> {
        let exception = self.exceptions.list().get(met.exception)?;
        let place = self.place(exception);
        match met.how {
            ExceptionEffect::Expired => Some(format!(
                "the exception in {place} expired on {}",
                exception.expires
            )),
            ExceptionEffect::Fixed => Some(format!(
                "the exception in {place} no longer counts: a fixed version is known"
            )),
            ExceptionEffect::Malicious => Some(format!(
                "the exception in {place} does not count: the package is malicious"
            )),
            ExceptionEffect::Covers
            | ExceptionEffect::OtherPackage
            | ExceptionEffect::OtherPath
            | ExceptionEffect::OtherRef => None,
        }
    }

    /// `lockkeeper.yml:12`.
    pub(super) fn place(&self, exception: &Exception) -> String {
        if exception.of_run {
            return "--ignore".into();
        }
        let file = self.file.as_deref().unwrap_or("policy");
        format!("{file}:{}", exception.place.line)
    }
}

impl Asking {
    fn asked<'p>(
        self,
        decision: Decision,
        rule: impl Into<Cow<'p, str>>,
        matched: Matched,
        why: impl FnOnce() -> String,
    ) -> AskedRule<'p> {
        AskedRule {
            rule: rule.into(),
            matched,
            why: if self.wants_why { why() } else { String::new() },
            decision,
            after: None,
            excepted: None,
        }
    }
}

fn matched(matches: bool) -> Matched {
    match matches {
        true => Matched::Yes,
        false => Matched::No,
    }
}

/// A go directive only says what the toolchain must be at least, whatever else decides.
fn minimum<'p>(asking: Asking, finding: &Finding) -> AskedRule<'p> {
    asking.asked(
        Decision::Warn,
        GO_DIRECTIVE,
        matched(is_standard_library(finding)),
        || "the toolchain that builds decides the version of the standard library".into(),
    )
}

/// The rule by which what `--fail-on` leaves out warns.
pub const NOT_IN_FAIL_ON: &str = "fail-on: not in the list";

/// The fail-on list and what it leaves out.
fn listed<'p>(asking: Asking, list: &FailOn, finding: &Finding) -> [AskedRule<'p>; 3] {
    let first = match list.matches(finding) {
        Some(word) => asking.asked(Decision::Fail, format!("fail-on: {word}"), Matched::Yes, || {
            format!("`{word}` matches")
        }),
        None => asking.asked(Decision::Fail, "fail-on", Matched::No, || {
            format!("nothing in `{list}` matches")
        }),
    };
    let rest = asking.asked(Decision::Warn, NOT_IN_FAIL_ON, Matched::Yes, || {
        "everything that the list leaves out warns".into()
    });
    [minimum(asking, finding), first, rest]
}

/// The built-in rule by which the standard library of a `go` directive only warns.
pub const GO_DIRECTIVE: &str = "built-in: a go directive is a minimum";

fn built_in<'p>(asking: Asking, finding: &Finding) -> impl Iterator<Item = AskedRule<'p>> + use<'p> {
    let class = finding.advisory.class;
    let the_class = move || format!("the class is {class}");
    let vulnerability = asking.asked(
        Decision::Fail,
        "built-in: vulnerability",
        matched(class == Class::Vulnerability),
        the_class,
    );
    let rest = match class {
        Class::Vulnerability => None,
        Class::Confusion => {
            Some(asking.asked(Decision::Fail, "built-in: confusion", Matched::Yes, the_class))
        }
        Class::Malicious | Class::Unsound | Class::Unmaintained | Class::Yanked | Class::Notice => {
            let rule = format!("built-in: {class}");
            let why = || "every other class warns".into();
            Some(asking.asked(Decision::Warn, rule, Matched::Yes, why))
        }
    };
    [minimum(asking, finding), vulnerability].into_iter().chain(rest)
}

/// With a base only what a change introduces or makes worse fails, and a rule may wait; but what is malicious fails at once.
fn lenient(asked: &AskedRule<'_>, subject: &Subject<'_>) -> LenientDecision {
    let hard = LenientDecision {
        decision: asked.decision,
        fails_from: None,
        why: None,
    };
    let finding = subject.finding();
    match (asked.decision, finding.advisory.class) {
        (Decision::Note | Decision::Warn, _) | (_, Class::Malicious) => return hard,
        (Decision::Fail, _) => {}
    }
    let warns = |why: String, fails_from| LenientDecision {
        decision: Decision::Warn,
        fails_from,
        why: Some(why),
    };
    match finding.change {
        Some(Change::PreExisting) => return warns("present at the base as well".into(), None),
        Some(Change::Moved) => {
            let why = "the base has this advisory for this package too, at another version or location";
            return warns(why.into(), None);
        }
        Some(Change::PublishedSince) => {
            let why = "present at the base as well; the advisory was published later";
            return warns(why.into(), None);
        }
        Some(Change::Unknown) => {
            let why =
                "the clone lacks what the base had here, so it is not known whether the change introduces it";
            return warns(why.into(), None);
        }
        Some(Change::Introduced | Change::Escalated) | None => {}
    }
    let (Some(after), Some(published)) = (asked.after, finding.advisory.published) else {
        return hard;
    };
    // A grace that ends after the last moment there is ends with it.
    let until = published.checked_add(after).unwrap_or(jiff::Timestamp::MAX);
    if subject.context().now >= until {
        return hard;
    }
    let fails_from = day(until);
    warns(
        format!("warns until then: fails from {fails_from}"),
        Some(fails_from),
    )
}

fn is_standard_library(finding: &Finding) -> bool {
    finding.ecosystem == Ecosystem::GO && finding.name == "stdlib"
}
