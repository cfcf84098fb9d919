//! Which extras and dependency groups a marker asks for, as lockfiles of PEP 751 write it: `'cli' in extras`,
//! `'dev' in dependency_groups`.

use super::marker::{Comparison, Marker, Operator, Variable};
use crate::ecosystem::normalise;
use crate::model::{Ecosystem, Scope, Scopes};

/// Of a marker that names more extras and groups, the first ones are tried alone.
const MAX_NAMES: usize = 64;

impl Marker {
    /// What a package with this marker is installed for, if the `defaults` are the groups that are installed unless others are
    /// asked for. `None` if it asks for no extra and no group.
    #[must_use]
    pub fn scopes(&self, defaults: &[&str]) -> Option<Scopes> {
        let named = |variable| {
            let mut names = Vec::new();
            self.names(variable, &mut names);
            names
        };
        let (extras, mut groups) = (named(Variable::Extras), named(Variable::DependencyGroups));
        if extras.is_empty() && groups.is_empty() {
            return None;
        }
        let mut scopes = Scopes::default();
        if self.may_hold(&[], defaults) {
            scopes.add(Scope::Runtime);
        }
        let is_default = !scopes.is_empty();
        groups.retain(|group| !defaults.iter().any(|default| same(default, group)));
        let brings = |extras: &[&str], groups: &[&str]| {
            let with_defaults = || [groups, defaults].concat();
            self.may_hold(extras, groups) || !is_default && self.may_hold(extras, &with_defaults())
        };
        if extras.iter().take(MAX_NAMES).any(|extra| brings(&[extra], &[])) {
            scopes.add(Scope::Optional);
        }
        if groups.iter().take(MAX_NAMES).any(|group| brings(&[], &[group])) {
            scopes.add(Scope::Dev);
        }
        if scopes.is_empty() && brings(&extras, &groups) {
            for (names, scope) in [(extras, Scope::Optional), (groups, Scope::Dev)] {
                if !names.is_empty() {
                    scopes.add(scope);
                }
            }
        }
        Some(scopes)
    }

    /// It may hold on some machine where these extras and groups are asked for.
    fn may_hold(&self, extras: &[&str], groups: &[&str]) -> bool {
        match self {
            Self::All(parts) => parts.iter().all(|part| part.may_hold(extras, groups)),
            Self::Any(parts) => parts.iter().any(|part| part.may_hold(extras, groups)),
            Self::Comparison(Comparison {
                variable,
                operator,
                value,
            }) => {
                let asked = match variable {
                    Variable::Extras => extras,
                    Variable::DependencyGroups => groups,
                    _ => return true,
                };
                let is_asked = asked.iter().any(|name| same(name, value));
                match operator {
                    Operator::Holds => is_asked,
                    Operator::HoldsNot => !is_asked,
                    Operator::In | Operator::NotIn | Operator::Version(_) => true,
                }
            }
        }
    }

    /// The texts that are looked for in `variable`.
    fn names<'m>(&'m self, variable: Variable, names: &mut Vec<&'m str>) {
        match self {
            Self::All(parts) | Self::Any(parts) => parts.iter().for_each(|part| part.names(variable, names)),
            Self::Comparison(comparison) if comparison.variable == variable => names.push(&comparison.value),
            Self::Comparison(_) => {}
        }
    }
}

fn same(one: &str, other: &str) -> bool {
    normalise(&Ecosystem::PYPI, one) == normalise(&Ecosystem::PYPI, other)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_markers_ask_for() {
        for (marker, expected) in [
            ("", None),
            ("python_version < '3.9'", None),
            ("'default' in dependency_groups", Some("runtime")),
            ("'dev' in dependency_groups", Some("dev")),
            ("'Dev_x' in dependency_groups and os_name == 'nt'", Some("dev")),
            ("'cli' in extras", Some("optional")),
            (
                "'default' in dependency_groups or 'cli' in extras or 'dev' in dependency_groups",
                Some("runtime dev optional"),
            ),
            (
                "'cli' in extras and 'default' in dependency_groups",
                Some("optional"),
            ),
            (
                "'cli' in extras and 'dev' in dependency_groups",
                Some("dev optional"),
            ),
            ("'cpu' in extras and 'gpu' not in extras", Some("optional")),
            ("'gpu' not in extras", Some("runtime")),
            ("'a' in extras and 'a' not in extras", Some("")),
        ] {
            let found = Marker::read(marker).expect(marker).scopes(&["default"]);
            let found = found.map(|scopes| scopes.iter().map(Scope::as_str).collect::<Vec<_>>().join(" "));
            assert_eq!(found.as_deref(), expected, "{marker}");
        }
    }
}
