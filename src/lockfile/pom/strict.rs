//! What Maven's reader of poms refuses, as far as packages hang on it: elements that are not known or stand twice,
//! text beside elements, elements inside a text (`MavenXpp3Reader` in its strict mode, which poms of a build get).
//!
//! Parts without a word about packages (licenses, configurations) are not looked into.

use foldhash::{HashSet, HashSetExt as _};

use crate::text::xml::{Document, Element};
use crate::text::{Problem, Span};

/// What an element may hold.
#[derive(Clone, Copy)]
enum Kind {
    /// Anything.
    Any,
    /// Text and no element.
    Text,
    /// These, each once.
    Fields(&'static [(&'static str, Kind)]),
    /// One kind of element, as often as wanted.
    List(&'static str, &'static Kind),
    /// Elements of any name with text.
    Properties,
}

use Kind::{Any, Fields, List, Properties, Text};

const DEPENDENCY: Kind = Fields(&[
    ("groupId", Text),
    ("artifactId", Text),
    ("version", Text),
    ("type", Text),
    ("classifier", Text),
    ("scope", Text),
    ("systemPath", Text),
    ("exclusions", Any),
    ("optional", Text),
]);

const DEPENDENCIES: Kind = List("dependency", &DEPENDENCY);

const MANAGEMENT: Kind = Fields(&[("dependencies", DEPENDENCIES)]);

const PLUGIN: Kind = Fields(&[
    ("groupId", Text),
    ("artifactId", Text),
    ("version", Text),
    ("extensions", Text),
    ("executions", Any),
    ("dependencies", DEPENDENCIES),
    ("goals", Any),
    ("inherited", Text),
    ("configuration", Any),
]);

const PLUGINS: Kind = List("plugin", &PLUGIN);

const EXTENSION: Kind = Fields(&[
    ("groupId", Text),
    ("artifactId", Text),
    ("version", Text),
    ("configuration", Any),
]);

const BUILD: Kind = Fields(&[
    ("sourceDirectory", Text),
    ("scriptSourceDirectory", Text),
    ("testSourceDirectory", Text),
    ("outputDirectory", Text),
    ("testOutputDirectory", Text),
    ("extensions", List("extension", &EXTENSION)),
    ("defaultGoal", Text),
    ("resources", Any),
    ("testResources", Any),
    ("directory", Text),
    ("finalName", Text),
    ("filters", Any),
    ("pluginManagement", Fields(&[("plugins", PLUGINS)])),
    ("plugins", PLUGINS),
    ("sources", Any),
]);

const REPORTING: Kind = Fields(&[
    ("excludeDefaults", Text),
    ("outputDirectory", Text),
    (
        "plugins",
        List(
            "plugin",
            &Fields(&[
                ("groupId", Text),
                ("artifactId", Text),
                ("version", Text),
                ("reportSets", Any),
                ("inherited", Text),
                ("configuration", Any),
            ]),
        ),
    ),
]);

const PROFILE: Kind = Fields(&[
    ("id", Text),
    ("activation", Any),
    ("build", BUILD),
    ("modules", List("module", &Text)),
    ("subprojects", List("subproject", &Text)),
    ("distributionManagement", Any),
    ("properties", Properties),
    ("dependencyManagement", MANAGEMENT),
    ("dependencies", DEPENDENCIES),
    ("repositories", Any),
    ("pluginRepositories", Any),
    ("reports", Any),
    ("reporting", REPORTING),
]);

const PARENT: Kind = Fields(&[
    ("groupId", Text),
    ("artifactId", Text),
    ("version", Text),
    ("relativePath", Text),
]);

const PROJECT: Kind = Fields(&[
    ("modelVersion", Text),
    ("parent", PARENT),
    ("mixins", Any),
    ("groupId", Text),
    ("artifactId", Text),
    ("version", Text),
    ("packaging", Text),
    ("name", Any),
    ("description", Any),
    ("url", Any),
    ("inceptionYear", Any),
    ("organization", Any),
    ("licenses", Any),
    ("developers", Any),
    ("contributors", Any),
    ("mailingLists", Any),
    ("prerequisites", Any),
    ("modules", List("module", &Text)),
    ("subprojects", List("subproject", &Text)),
    ("scm", Any),
    ("issueManagement", Any),
    ("ciManagement", Any),
    ("distributionManagement", Any),
    ("properties", Properties),
    ("dependencyManagement", MANAGEMENT),
    ("dependencies", DEPENDENCIES),
    ("repositories", Any),
    ("pluginRepositories", Any),
    ("build", BUILD),
    ("reports", Any),
    ("reporting", REPORTING),
    ("profiles", List("profile", &PROFILE)),
]);

/// Refusals beyond this many add nothing: each makes the file blind.
const MAX_REFUSALS: usize = 20;

/// What Maven refuses in the pom.
pub(super) fn refusals(document: &Document<'_>) -> Vec<(Span, String)> {
    let mut found = Vec::new();
    let mut open: Vec<(Element<'_>, Kind)> = document
        .root()
        .child("project")
        .map(|project| (project, PROJECT))
        .into_iter()
        .collect();
    if let Some(version) = open
        .first()
        .and_then(|(project, _)| project.child("modelVersion"))
        && !matches!(version.text().as_ref(), "" | "4.0.0" | "4.1.0")
    {
        let span = version.text_span();
        found.push((
            span,
            format!("the model version {} is not read", shown(&version.text())),
        ));
    }
    let mut ids = HashSet::new();
    let profiles = open.first().and_then(|(project, _)| project.child("profiles"));
    for id in profiles
        .into_iter()
        .flat_map(Element::children)
        .filter_map(|profile| profile.child("id"))
    {
        if !ids.insert(id.text()) {
            found.push((
                id.name_span(),
                format!("a second profile is called `{}`", shown(&id.text())),
            ));
        }
    }
    while let Some((element, kind)) = open.pop() {
        if found.len() >= MAX_REFUSALS {
            break;
        }
        let name = || shown(element.name());
        let text_beside = match kind {
            Any | Text => None,
            Fields(_) | List(..) | Properties => document.stray(element),
        };
        if let Some(span) = text_beside {
            let name = name();
            found.push((span, format!("text that stands in `{name}` beside its elements")));
        }
        // A bit for each field; no list above has as many as there are bits.
        let mut seen = 0_u64;
        for child in element.children() {
            let mut bit = 0_u64;
            let inside = match kind {
                Any => break,
                Text => None,
                Fields(fields) => {
                    let known = fields.iter().zip(0_u32..);
                    let field = known.into_iter().find(|((field, _), _)| *field == child.name());
                    field.map(|((_, kind), number)| {
                        bit = 1_u64.checked_shl(number).unwrap_or_default();
                        *kind
                    })
                }
                List(entry, kind) => (entry == child.name()).then_some(*kind),
                Properties => Some(Text),
            };
            match inside {
                None => found.push((
                    child.name_span(),
                    format!("Maven knows no element `{}` in `{}`", shown(child.name()), name()),
                )),
                Some(_) if seen & bit != 0 => {
                    let message = format!("`{}` stands twice in `{}`", shown(child.name()), name());
                    found.push((child.name_span(), message));
                }
                Some(Any) => {}
                Some(inside) => open.push((child, inside)),
            }
            seen |= bit;
            if found.len() >= MAX_REFUSALS {
                break;
            }
        }
    }
    found
}

/// What is wrong with the declaration at the start of `text`: an encoding that turns the bytes into another text than
/// the one that is read here.
pub(super) fn head(text: &str) -> Option<Problem> {
    let declaration = text.strip_prefix("<?xml")?;
    let (declaration, _) = declaration.split_once("?>")?;
    let (before, value) = declaration.split_once("encoding")?;
    let value = value.trim_start().strip_prefix('=')?.trim_start();
    let quote = value.chars().next().filter(|quote| matches!(quote, '"' | '\''))?;
    let (name, _) = value.get(1..)?.split_once(quote)?;
    let upper = name.to_ascii_uppercase();
    let known = ["UTF-8", "UTF8", "UTF-16", "US-ASCII", "ASCII", "LATIN1", "CP1252"];
    let fits = known.contains(&upper.as_str())
        || ["ISO-8859-", "ISO8859_", "ISO8859-", "WINDOWS-125", "UTF-16"]
            .iter()
            .any(|family| upper.starts_with(family));
    let start = "<?xml".len().saturating_add(before.len());
    (!fits).then(|| Problem {
        span: Span::new(start, start.saturating_add("encoding".len())),
        message: format!("the encoding {} is not read", shown(name)),
    })
}

fn shown(name: &str) -> String {
    name.chars().take(60).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::text::xml;

    fn refused(body: &str) -> Vec<String> {
        let text = format!("<project>{body}</project>");
        let document = xml::read(&text);
        assert_eq!(document.problems, [], "{body}");
        refusals(&document)
            .into_iter()
            .map(|(span, message)| {
                assert!(!span.is_empty() && span.end as usize <= text.len(), "{body}");
                message
            })
            .collect()
    }

    #[test]
    fn what_maven_refuses() {
        let dependency =
            |inside: &str| format!("<dependencies><dependency>{inside}</dependency></dependencies>");
        for (body, message) in [
            (
                "<version>1</version><version>2</version>",
                "`version` stands twice in `project`",
            ),
            (
                "<dependancies/>",
                "Maven knows no element `dependancies` in `project`",
            ),
            (
                "<version>1<b/></version>",
                "Maven knows no element `b` in `version`",
            ),
            (
                "<properties><v>1<b/></v></properties>",
                "Maven knows no element `b` in `v`",
            ),
            (
                "<properties>x<v>1</v></properties>",
                "text that stands in `properties` beside its elements",
            ),
            ("<build/>x", "text that stands in `project` beside its elements"),
            (
                &dependency("<version>1</version><version/>"),
                "`version` stands twice in `dependency`",
            ),
            (
                "<profiles><profile><name>x</name></profile></profiles>",
                "Maven knows no element `name` in `profile`",
            ),
        ] {
            assert_eq!(refused(body), [message], "{body}");
        }
    }

    #[test]
    fn what_maven_takes() {
        for body in [
            "<properties><v>1</v><v>2</v></properties>",
            "<name>a<b/>c</name><licenses>x<y/></licenses>",
            "<build><plugins><plugin><configuration><a>x<b/>y</a></configuration></plugin></plugins></build>",
            "<dependencies> <!-- x --> <dependency/>\n<dependency/></dependencies>",
            "",
        ] {
            assert_eq!(refused(body), Vec::<String>::new(), "{body}");
        }
    }
}
