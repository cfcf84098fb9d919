//! `.mvn/extensions.xml`: what Maven loads into itself before it reads the first pom ("Maven Configuration", core
//! extensions). They belong to the pom beside the folder `.mvn`.

use crate::lockfile::{Parsed, Problem};
use crate::model::{Cost, Ecosystem, FileSpan, Package, Scope, Scopes, Spans, Tree, TreePath, Unread};
use crate::text::{Span, decode, xml};

const FILE: &str = ".mvn/extensions.xml";

const CORRECT: &str =
    "Write groupId, artifactId and an exact version of each extension into .mvn/extensions.xml.";

/// Adds the extensions of the builds that start in `folder`.
pub(super) fn read(folder: &TreePath, tree: &dyn Tree, parsed: &mut Parsed) {
    let Some(path) = folder.join(FILE) else { return };
    let bytes = match tree.read(&path) {
        Ok(bytes) => bytes,
        Err(Unread::Absent) => return,
        Err(_) => {
            let message = "this file names extensions of Maven and could not be read";
            return problem(
                parsed,
                &path,
                Cost::Blind,
                Span::at(0),
                message,
                "Make the file readable.",
            );
        }
    };
    let decoded = decode::decode(&bytes);
    let document = xml::read(&decoded.text);
    for damage in &document.problems {
        problem(parsed, &path, Cost::Blind, damage.span, &damage.message, CORRECT);
    }
    if let Some(damage) = decoded.problem {
        problem(
            parsed,
            &path,
            Cost::Blind,
            damage.span,
            &damage.message,
            "Save the file as UTF-8.",
        );
    }
    let Some(extensions) = document.root().child("extensions") else {
        let message = "the file holds no element `extensions`";
        return problem(parsed, &path, Cost::Blind, Span::at(0), message, CORRECT);
    };
    let listed = extensions
        .children()
        .filter(|element| element.name() == "extension");
    for extension in listed {
        let text = |name: &str| {
            let element = extension.child(name)?;
            Some(element.text().trim().to_owned()).filter(|text| !text.is_empty())
        };
        let (Some(group), Some(artifact)) = (text("groupId"), text("artifactId")) else {
            let message = "an extension without a groupId or an artifactId";
            problem(parsed, &path, Cost::Blind, extension.span(), message, CORRECT);
            continue;
        };
        let name = format!("{group}:{artifact}");
        let version = text("version").filter(|version| super::located::is_version(version));
        let (Some(version), Some(element)) = (version, extension.child("version")) else {
            let message = format!("the extension {name} has no exact version");
            problem(parsed, &path, Cost::Partial, extension.span(), &message, CORRECT);
            continue;
        };
        let place = FileSpan::elsewhere(path.clone(), element.text_span());
        let mut package = Package::new(Ecosystem::MAVEN, name, version, place);
        package.scopes = Scopes::only(Scope::Build);
        package.direct = true;
        package.spans = Spans {
            entry: Some(extension.span()),
            ..Spans::default()
        };
        let node = parsed.graph.add_package(package);
        if let Some(root) = parsed.graph.roots().first().copied() {
            parsed.graph.add_edge(root, node, Span::default());
        }
    }
}

fn problem(parsed: &mut Parsed, path: &TreePath, cost: Cost, span: Span, message: &str, hint: &str) {
    parsed.problems.push(Problem {
        cost,
        file: Some(path.clone()),
        span,
        message: message.to_owned(),
        hint: hint.to_owned(),
    });
}
