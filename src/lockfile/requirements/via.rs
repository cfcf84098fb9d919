//! The comments of pip-compile and uv that say why a package is there: `# via`, on the line of the requirement,
//! on the next one, or as a list on those after it.

/// Who asks for a package.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Via {
    /// A file of requirements or a project of our own, by its name.
    Own(String),
    /// A package of the same file, by its name.
    Package(String),
}

/// Where a run of comments stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Comments {
    /// Behind a requirement, no `# via` seen.
    Before,
    /// In the list that `# via` opened.
    Listing,
}

impl Comments {
    /// Reads a comment without its `#` and adds to `list` whom it names.
    pub(super) fn read(&mut self, comment: &str, list: &mut Vec<Via>) {
        let comment = comment.trim();
        let items = match comment.strip_prefix("via") {
            Some(rest) if rest.is_empty() || rest.starts_with(char::is_whitespace) => {
                *self = Self::Listing;
                rest
            }
            Some(_) | None => match self {
                Self::Before => return,
                Self::Listing => comment,
            },
        };
        list.extend(items.split(',').filter_map(item));
    }
}

/// One name of a list; `None` for constraints and overrides, which ask for nothing, and for prose.
fn item(text: &str) -> Option<Via> {
    let text = text.trim();
    let (text, bracket) = match text.rsplit_once(" (") {
        Some((text, bracket)) if bracket.ends_with(')') => (text.trim_end(), Some(bracket)),
        Some(_) | None => (text, None),
    };
    for option in ["-r ", "--requirement "] {
        if let Some(file) = text.strip_prefix(option) {
            return Some(Via::Own(file.trim().to_owned()));
        }
    }
    let name = text.split_once('[').map_or(text, |(name, _)| name);
    let is_name = name.starts_with(|character: char| character.is_ascii_alphanumeric())
        && name
            .chars()
            .all(|character| character.is_ascii_alphanumeric() || matches!(character, '.' | '-' | '_' | ':'));
    match bracket {
        _ if !is_name => None,
        Some(_) => Some(Via::Own(name.to_owned())),
        None => Some(Via::Package(name.to_owned())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(comments: &[&str]) -> Vec<Via> {
        let mut list = Vec::new();
        let mut state = Comments::Before;
        for comment in comments {
            state.read(comment, &mut list);
        }
        list
    }

    #[test]
    fn every_style() {
        let own = |name: &str| Via::Own(name.to_owned());
        let package = |name: &str| Via::Package(name.to_owned());
        assert_eq!(
            read(&[" via", "   -r dev.in", "   a[x]"]),
            [own("dev.in"), package("a")]
        );
        assert_eq!(
            read(&[" via b, -r requirements.in (line 3)"]),
            [package("b"), own("requirements.in")]
        );
        assert_eq!(
            read(&[" via app (pyproject.toml)", " -c constraints.txt"]),
            [own("app")]
        );
        assert_eq!(read(&[" viable", " via the office", " via --override o.txt"]), []);
        assert_eq!(read(&[" a", " via b", " c"]), [package("b"), package("c")]);
    }
}
