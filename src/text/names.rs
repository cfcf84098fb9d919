//! Lists of names in messages, short whatever a file holds.

/// A longer name is cut, in characters.
const MAX_NAME: usize = 80;

/// The first `most` of `names`, which are not written twice, and how many more there are: `a, b and 3 more`.
#[must_use]
pub fn listed(names: &[&str], most: usize) -> String {
    let shown: Vec<String> = names.iter().take(most).map(|name| cut(name)).collect();
    let shown = shown.join(", ");
    match names.len().saturating_sub(most) {
        0 => shown,
        more => format!("{shown} and {more} more"),
    }
}

fn cut(name: &str) -> String {
    match name.char_indices().nth(MAX_NAME) {
        None => name.to_owned(),
        Some((end, _)) => format!("{}…", name.get(..end).unwrap_or_default()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_lists_and_names_are_cut() {
        assert_eq!(listed(&["a"], 2), "a");
        assert_eq!(listed(&["a", "b", "c", "d"], 2), "a, b and 2 more");
        let long = "é".repeat(MAX_NAME + 1);
        assert_eq!(listed(&[&long], 2), format!("{}…", "é".repeat(MAX_NAME)));
    }
}
