//! A pom as it was read from its file, with what Maven refuses in it: made once for all files that lead to it.

use std::sync::{Arc, OnceLock};

use super::model::{Activation, Dependency, Inheritance, Plugin, Pom, Section, Value};
use super::{MAX_PROFILES, strict};
use crate::model::{Derivation, Derived, TreePath};
use crate::text::{Problem, Span, decode, xml};

/// What a file that should be a pom is.
#[derive(Debug)]
pub(super) struct Source {
    /// The decoded text.
    pub(super) text: String,
    /// What is wrong with its bytes.
    pub(super) decoding: Option<Problem>,
    /// The pom; `None` if it is none.
    pub(super) pom: Option<Arc<Pom>>,
    path: TreePath,
    problems: Vec<(Span, String, &'static str)>,
    /// All but the parts of the main section that have names, without places.
    rest: OnceLock<Vec<u8>>,
}

/// Reads poms.
#[derive(Debug)]
pub(super) struct Parsing;

impl Derivation for Parsing {
    fn name(&self) -> &'static str {
        "pom"
    }

    fn derive(&self, path: &TreePath, bytes: &[u8]) -> Derived {
        let decoded = decode::decode(bytes);
        let mut source = Source::read(path, decoded.text.into_owned());
        source.decoding = decoded.problem;
        Arc::new(source)
    }

    fn part(&self, derived: &Derived, part: &[u8], to: &mut dyn FnMut(&[u8])) {
        let Some(source) = derived.downcast_ref::<Source>() else {
            return;
        };
        if part.is_empty() {
            to(source.rest.get_or_init(|| source.write_rest()));
            return;
        }
        let main = source.pom.as_ref().map(|pom| &pom.main);
        let value = Part::of(part).and_then(|part| match part {
            Part::Property(name) => main?.properties.get(name),
            Part::Managed(number) => main?.managed.get(number)?.version.as_ref(),
        });
        if let Some(value) = value {
            to(value.text.as_bytes());
        }
    }
}

/// What readers of other poms use of the main section one by one; the rest of a pom is one part.
pub(super) enum Part<'p> {
    /// The text of the property of this name.
    Property(&'p str),
    /// The version of the managed dependency at this place of the list.
    Managed(usize),
}

impl<'p> Part<'p> {
    /// Its name among the parts of a pom.
    pub(super) fn name(&self) -> Vec<u8> {
        match self {
            Self::Property(name) => [b"p", name.as_bytes()].concat(),
            Self::Managed(number) => format!("m{number}").into_bytes(),
        }
    }

    fn of(name: &'p [u8]) -> Option<Self> {
        let (kind, rest) = name.split_first()?;
        let rest = std::str::from_utf8(rest).ok()?;
        match kind {
            b'p' => Some(Self::Property(rest)),
            b'm' => rest.parse().ok().map(Self::Managed),
            _ => None,
        }
    }
}

impl Source {
    /// Reads the pom at `path`.
    pub(super) fn read(path: &TreePath, text: String) -> Self {
        let document = xml::read(&text);
        let mut pom = Pom::read(Arc::new(path.clone()), &document);
        let mut problems = Vec::new();
        if pom.is_none() && document.problems.is_empty() {
            let hint = "Correct the pom, or exclude this file if it is none.";
            problems.push((
                Span::at(0),
                "the outermost element is not `project`".to_owned(),
                hint,
            ));
        }
        let refused = document.problems.iter().cloned().chain(strict::head(&text));
        let refused = refused.map(|problem| (problem.span, problem.message));
        let hint = "Correct the pom; `mvn validate` shows what Maven makes of it.";
        problems.extend(
            refused
                .chain(strict::refusals(&document))
                .map(|(span, message)| (span, message, hint)),
        );
        if let Some(pom) = pom.as_mut().filter(|pom| pom.profiles.len() > MAX_PROFILES) {
            let message = format!("more than {MAX_PROFILES} profiles; the rest is not read");
            problems.push((Span::at(0), message, "Split the build, or exclude this file."));
            pom.profiles.truncate(MAX_PROFILES);
        }
        drop(document);
        Self {
            text,
            decoding: None,
            pom: pom.map(Arc::new),
            path: path.clone(),
            problems,
            rest: OnceLock::new(),
        }
    }

    fn write_rest(&self) -> Vec<u8> {
        let mut rest = Plain::default();
        rest.number(self.problems.len());
        for (_, message, _) in &self.problems {
            rest.text(message);
        }
        rest.number(usize::from(self.decoding.is_some()));
        rest.list(self.pom.as_slice(), |rest, pom| {
            rest.list(pom.parent.as_slice(), |rest, parent| {
                rest.value(parent.group.as_ref());
                rest.value(parent.artifact.as_ref());
                rest.value(parent.version.as_ref());
                rest.list(parent.relative_path.as_slice(), |rest, path| rest.text(path));
            });
            rest.value(pom.group.as_ref());
            rest.value(pom.artifact.as_ref());
            rest.value(pom.version.as_ref());
            rest.value(pom.packaging.as_ref());
            rest.number(usize::from(pom.infers));
            rest.section(&pom.main, false);
            rest.list(&pom.profiles, |rest, profile| {
                rest.text(&profile.id);
                rest.number(usize::from(profile.activation == Activation::ByDefault));
                rest.section(&profile.section, true);
            });
        });
        blake3::hash(&rest.0).as_bytes().to_vec()
    }

    /// What is wrong with the file, each with a hint; all of it is blind.
    pub(super) fn problems(&self) -> impl Iterator<Item = (&TreePath, Span, String, &'static str)> {
        let problems = self.problems.iter();
        problems.map(|(span, message, hint)| (&self.path, *span, message.clone(), *hint))
    }
}

/// A pom as bytes, without places: equal bytes are equal poms.
#[derive(Default)]
struct Plain(Vec<u8>);

impl Plain {
    fn number(&mut self, number: usize) {
        self.0.extend_from_slice(&(number as u64).to_le_bytes());
    }

    fn text(&mut self, text: &str) {
        self.number(text.len());
        self.0.extend_from_slice(text.as_bytes());
    }

    fn value(&mut self, value: Option<&Value>) {
        self.number(usize::from(value.is_some()));
        if let Some(value) = value {
            self.text(&value.text);
        }
    }

    fn list<T>(&mut self, list: &[T], each: impl Fn(&mut Self, &T)) {
        self.number(list.len());
        for entry in list {
            each(self, entry);
        }
    }

    fn section(&mut self, section: &Section, with_parts: bool) {
        let mut properties: Vec<(&String, &Value)> = section.properties.iter().collect();
        properties.sort_by_key(|(name, _)| *name);
        self.list(&properties, |plain, (name, value)| {
            plain.text(name);
            plain.value(Some(*value).filter(|_| with_parts));
        });
        self.list(&section.dependencies, |plain, entry| {
            plain.dependency(entry, true)
        });
        self.list(&section.managed, |plain, entry| {
            let scope = entry.scope.as_ref().map_or("", |scope| &scope.text);
            let may_import = scope == "import" || scope.contains("${");
            plain.dependency(entry, with_parts || may_import);
        });
        for plugins in [&section.plugins, &section.managed_plugins, &section.reports] {
            self.list(plugins, Self::plugin);
        }
        self.list(&section.extensions, |plain, entry| plain.dependency(entry, true));
        self.list(&section.modules, |plain, module| plain.value(Some(module)));
    }

    fn plugin(&mut self, plugin: &Plugin) {
        self.dependency(&plugin.coordinates, true);
        self.number(match plugin.inheritance {
            Inheritance::Unsaid => 0,
            Inheritance::Inherited => 1,
            Inheritance::Off => 2,
        });
        self.list(&plugin.dependencies, |plain, entry| plain.dependency(entry, true));
    }

    fn dependency(&mut self, entry: &Dependency, with_version: bool) {
        self.number(usize::from(entry.version.is_some()));
        if with_version {
            self.value(entry.version.as_ref());
        }
        for value in [
            &entry.group,
            &entry.artifact,
            &entry.kind,
            &entry.classifier,
            &entry.scope,
            &entry.optional,
            &entry.system_path,
        ] {
            self.value(value.as_ref());
        }
    }
}
