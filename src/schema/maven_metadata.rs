//! `maven-metadata.xml` of an artifact: the versions that a repository has (Maven Repository Metadata Model 1.1).

use crate::text::xml;

/// What the file says of an artifact.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ArtifactMetadata {
    /// Empty where it is not said.
    pub group: String,
    /// Empty where it is not said.
    pub artifact: String,
    /// As written, in the order of the file.
    pub versions: Vec<String>,
}

/// Reads `text`.
///
/// # Errors
/// Why it is no such file, as a lowercase fragment.
pub fn read(text: &str) -> Result<ArtifactMetadata, String> {
    let document = xml::read(text);
    let Some(root) = document.root().child("metadata") else {
        return Err("the outermost element is not `metadata`".to_owned());
    };
    if let Some(problem) = document.problems.first() {
        return Err(format!("damaged: {}", problem.message));
    }
    let text = |name: &str| root.child(name).map(|element| element.text().into_owned());
    let versioning = root.child("versioning");
    let list = versioning.and_then(|versioning| versioning.child("versions"));
    let listed = list.into_iter().flat_map(|list| list.children());
    Ok(ArtifactMetadata {
        group: text("groupId").unwrap_or_default(),
        artifact: text("artifactId").unwrap_or_default(),
        versions: listed
            .filter(|element| element.name() == "version")
            .map(|element| element.text().into_owned())
            .filter(|version| !version.is_empty())
            .collect(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_stand_in_their_list() {
        let read = read(
            "<?xml version='1.0'?><metadata modelVersion='1.1.0'><groupId>g.example</groupId><artifactId>a</artifactId>
            <version>no</version><versioning><latest>2</latest><release>2</release><versions>
            <version> 1.0 </version><!-- <version>no</version> --><version>2</version><version/></versions>
            <lastUpdated>20200101000000</lastUpdated></versioning></metadata>",
        );
        let read = read.unwrap();
        assert_eq!((read.group.as_str(), read.artifact.as_str()), ("g.example", "a"));
        assert_eq!(read.versions, ["1.0", "2"]);
    }

    #[test]
    fn what_is_none_is_refused() {
        for text in [
            "",
            "<html><body>Not here</body></html>",
            "<metadata>",
            "<metadata>&x;</metadata>",
            "{}",
        ] {
            assert!(read(text).is_err(), "{text}");
        }
        assert_eq!(read("<metadata/>").unwrap(), ArtifactMetadata::default());
    }
}
