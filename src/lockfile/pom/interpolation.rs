//! Properties: `${name}` in a text becomes what the name stands for, with the place where that is written.
//!
//! The order of the sources is that of Maven's model interpolation: the model itself behind `project.` and
//! `pom.`, the command line, properties from the pom upwards through its parents (profiles before the pom
//! that they belong to), those of the Java machine, the model without a prefix.

use std::cell::Cell;
use std::sync::Arc;

use foldhash::HashMap;

use super::lineage::{Poms, Project};
use super::model::{Activation, Pom, Profile, Section, Value};
use super::source::Part;
use crate::model::TreePath;
use crate::text::Span;

/// A property whose text leads to another this many times is taken for a circle.
const MAX_STEPS: usize = 32;

/// A text that needs this many references in all, one inside the other, is taken for one without end.
const MAX_REFERENCES: u32 = 1_000;

/// Texts that grow longer are no names and no versions.
const MAX_LENGTH: usize = 4_096;

/// An expanded text and where its literal stands.
#[derive(Debug, Clone)]
pub(super) struct Located {
    pub(super) text: String,
    pub(super) path: Arc<TreePath>,
    pub(super) span: Span,
    pub(super) written: Written,
    /// Where an expression and nothing else stands for it.
    pub(super) asked: Option<(Arc<TreePath>, Value)>,
}

/// How a text is written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Written {
    /// Where it counts.
    Here,
    /// As the value of a property with this name.
    Property(String),
    /// Put together, or as another part of the model.
    Otherwise,
}

/// A text that could not be expanded.
#[derive(Debug, Clone)]
pub(super) struct Unresolved {
    /// The property at which it ended.
    pub(super) name: String,
    pub(super) why: Why,
}

/// What is wrong with a property.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Why {
    /// It stands for nothing that is known.
    Undefined,
    /// It leads to itself, or grows beyond every name and version.
    Endless,
    /// It is not followed here: a part of the model such as `project.dependencies[0].version`, or one expression in
    /// another.
    OfTheModel,
}

/// A project under one choice of profiles.
pub(super) struct Environment<'p> {
    pub(super) project: &'p Project,
    /// Each section that counts, the pom's own before its parents', profiles before the pom that holds them.
    pub(super) sections: Vec<(&'p Pom, &'p Section)>,
    pub(super) poms: &'p Poms<'p>,
    /// Properties that some profile of the lineage defines, and how often they were looked up.
    in_profiles: HashMap<&'p str, Cell<u32>>,
}

impl<'p> Environment<'p> {
    /// The environment in which the profiles called `chosen` are asked for; poms that have none of those names fall
    /// back to those that are active by default. Profiles called one of `off` never count.
    pub(super) fn new(project: &'p Project, poms: &'p Poms<'p>, chosen: &[&str], off: &[String]) -> Self {
        let is_chosen = |profile: &Profile| chosen.contains(&profile.id.as_str());
        let mut sections: Vec<(&Pom, &Section)> = Vec::with_capacity(project.poms.len());
        for pom in &project.poms {
            let asked_for = pom
                .profiles
                .iter()
                .any(|profile| is_chosen(profile) && !off.contains(&profile.id));
            let counts = pom.profiles.iter().rev().filter(|profile| {
                let counts = match asked_for {
                    true => is_chosen(profile),
                    false => profile.activation == Activation::ByDefault,
                };
                counts && !off.contains(&profile.id)
            });
            sections.extend(counts.map(|profile| (pom.as_ref(), &profile.section)));
            sections.push((pom.as_ref(), &pom.main));
        }
        let in_profiles = project
            .poms
            .iter()
            .flat_map(|pom| &pom.profiles)
            .flat_map(|profile| profile.section.properties.keys())
            .map(|name| (name.as_str(), Cell::new(0)))
            .collect();
        Self {
            project,
            sections,
            poms,
            in_profiles,
        }
    }

    /// A profile of the lineage defines this property.
    pub(super) fn is_of_profile(&self, name: &str) -> bool {
        self.in_profiles.contains_key(name)
    }

    /// What was read in this environment could be otherwise under the profile called `id`: it holds more than
    /// properties, one of its properties was looked up, or it takes the place of one that is active by default.
    pub(super) fn depends_on(&self, id: &str) -> bool {
        let asked_for = |pom: &&Arc<Pom>| pom.profiles.iter().any(|profile| profile.id == id);
        self.project.poms.iter().filter(asked_for).any(|pom| {
            pom.profiles.iter().any(|profile| {
                let differs = profile.id == id || profile.activation == Activation::ByDefault;
                differs
                    && (profile.section.declares()
                        || profile.section.properties.keys().any(|name| {
                            self.in_profiles
                                .get(name.as_str())
                                .is_some_and(|looked_up| looked_up.get() > 0)
                        }))
            })
        })
    }

    /// What was read in this environment, under the profile called `chosen`, could be otherwise if the one called
    /// `id` counted as well: unlike in the environment `plain`, one of its properties was looked up, or it manages
    /// a version that `chosen` leaves open.
    pub(super) fn adds_to(&self, chosen: &str, id: &str, plain: &Self) -> bool {
        let of = |wanted: &'p str| {
            let profiles = self.project.poms.iter().flat_map(|pom| &pom.profiles);
            profiles.filter(move |profile| profile.id == wanted)
        };
        let (Some(chosen), Some(id)) = (self.named(chosen), self.named(id)) else {
            return false;
        };
        let manages = of(id)
            .any(|managing| of(chosen).any(|declaring| managing.section.manages_for(&declaring.section)));
        let count = |environment: &Self, name: &str| environment.in_profiles.get(name).map(Cell::get);
        manages
            || of(id)
                .flat_map(|profile| profile.section.properties.keys())
                .any(|name| count(self, name) != count(plain, name))
    }

    /// The id of the profile called `id`, for as long as the project lives.
    fn named(&self, id: &str) -> Option<&'p str> {
        let mut profiles = self.project.poms.iter().flat_map(|pom| &pom.profiles);
        profiles
            .find(|profile| profile.id == id)
            .map(|profile| profile.id.as_str())
    }

    /// What `value` of the pom at `path` says.
    pub(super) fn expand(&self, path: &Arc<TreePath>, value: &Value) -> Result<Located, Unresolved> {
        self.follow(path, value, 0, &Cell::new(MAX_REFERENCES))
    }

    /// What `value` says, without its place; the text as it is written where it could not be expanded.
    pub(super) fn text(&self, path: &Arc<TreePath>, value: Option<&Value>) -> Option<String> {
        let value = value?;
        if !value.text.contains("${") {
            return Some(value.text.clone());
        }
        Some(
            self.expand(path, value)
                .map_or_else(|_| value.text.clone(), |located| located.text),
        )
    }

    fn follow(
        &self,
        path: &Arc<TreePath>,
        value: &Value,
        steps: usize,
        left: &Cell<u32>,
    ) -> Result<Located, Unresolved> {
        let mut rest = value.text.as_str();
        let Some((before, _)) = rest.split_once("${") else {
            return Ok(Located {
                text: value.text.clone(),
                path: Arc::clone(path),
                span: value.span,
                written: Written::Here,
                asked: None,
            });
        };
        let whole = before
            .is_empty()
            .then(|| rest.strip_prefix("${")?.strip_suffix('}'))
            .flatten()
            .filter(|name| !name.contains(['}', '{']));
        if let Some(name) = whole {
            let (property, found) = self.look_up(name, steps, left)?;
            let mut located = self.follow(property, found, steps.saturating_add(1), left)?;
            located.asked = Some((Arc::clone(path), value.clone()));
            if located.written == Written::Here {
                let has = |(_, section): &(&Pom, &Section)| section.properties.contains_key(name);
                located.written = match self.sections.iter().any(has) {
                    true => Written::Property(name.to_owned()),
                    false => Written::Otherwise,
                };
            }
            return Ok(located);
        }
        // A text that is put together stands nowhere but where it is put together.
        let mut text = String::new();
        while let Some((before, after)) = rest.split_once("${") {
            text.push_str(before);
            let Some((name, after)) = after.split_once('}') else {
                return Err(unresolved(after, Why::Undefined));
            };
            let (path, value) = self.look_up(name, steps, left)?;
            text.push_str(&self.follow(path, value, steps.saturating_add(1), left)?.text);
            if text.len() > MAX_LENGTH {
                return Err(unresolved(name, Why::Endless));
            }
            rest = after;
        }
        text.push_str(rest);
        Ok(Located {
            text,
            path: Arc::clone(path),
            span: value.span,
            written: Written::Otherwise,
            asked: None,
        })
    }

    fn look_up(
        &self,
        name: &str,
        steps: usize,
        left: &Cell<u32>,
    ) -> Result<(&Arc<TreePath>, &Value), Unresolved> {
        left.set(left.get().saturating_sub(1));
        if steps >= MAX_STEPS || left.get() == 0 || !self.poms.may_go_on(self.sections.len()) {
            return Err(unresolved(name, Why::Endless));
        }
        if let Some(looked_up) = self.in_profiles.get(name) {
            looked_up.set(looked_up.get().saturating_add(1));
        }
        let of_model = |name: &str| {
            let pom = self.project.poms.first()?;
            let parent = pom.parent.as_ref();
            let value = match name {
                "groupId" => pom.own_group(),
                "artifactId" => pom.artifact.as_ref(),
                "version" => pom.own_version(),
                "packaging" => pom.packaging.as_ref(),
                "parent.groupId" => parent?.group.as_ref(),
                "parent.artifactId" => parent?.artifact.as_ref(),
                "parent.version" => parent?.version.as_ref(),
                _ => None,
            };
            Some((&pom.path, value?))
        };
        // Maven 4 takes the property, older ones the model.
        let is_of_model = name.starts_with("project.") || name.starts_with("pom.");
        if is_of_model
            && self
                .sections
                .iter()
                .any(|(_, section)| section.properties.contains_key(name))
        {
            return Err(unresolved(name, Why::OfTheModel));
        }
        let prefixed = name
            .strip_prefix("project.")
            .or_else(|| name.strip_prefix("pom."))
            .and_then(of_model);
        prefixed
            .or_else(|| {
                self.project
                    .line
                    .defined
                    .get(name)
                    .map(|(path, value)| (path, value))
            })
            .or_else(|| {
                let has = |(pom, section): &(&'p Pom, &'p Section)| {
                    let value = section.properties.get(name)?;
                    if std::ptr::eq(*section, &pom.main) {
                        self.poms.uses(&pom.path, &Part::Property(name), value);
                    }
                    Some((&pom.path, value))
                };
                self.sections.iter().find_map(has)
            })
            .or_else(|| {
                self.project
                    .line
                    .system
                    .get(name)
                    .map(|(path, value)| (path, value))
            })
            .or_else(|| of_model(name))
            .ok_or_else(|| match is_of_model || name.contains("${") {
                true => unresolved(name, Why::OfTheModel),
                false => unresolved(name, Why::Undefined),
            })
    }
}

fn unresolved(name: &str, why: Why) -> Unresolved {
    Unresolved {
        name: name.chars().take(100).collect(),
        why,
    }
}
