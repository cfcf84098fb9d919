//! What a version needs as edges of a lockfile: one for each package, and for each extra of its own.

use std::collections::{BTreeMap, BTreeSet};

use super::environments::Set;
use super::planner::Planner;
use super::{Edge, Need};
use crate::lockfile::grammar::marker::Marker;

/// The edges of a version that is meant in `environments` with `extras`, by name; `before` is what the version before needs.
pub(super) fn edges(
    planner: &Planner<'_>,
    needs: &[Need],
    before: &[Need],
    environments: &Set,
    extras: &BTreeSet<String>,
) -> Vec<Edge> {
    let mut all = Vec::new();
    let groups = std::iter::once(None).chain(extras.iter().map(|extra| Some(extra.as_str())));
    for extra in groups {
        for ((name, asked), needs) in grouped(planner, needs, environments, extra) {
            let sets = needs.iter().map(|need| meant(planner, need, extra));
            let set = sets.fold(planner.environments.none(), |all, set| all.or(&set));
            let mut old = grouped(planner, before, environments, extra);
            let markers = |needs: &[&Need]| {
                needs
                    .iter()
                    .map(|need| need.marker.clone())
                    .collect::<BTreeSet<String>>()
            };
            let old = old.remove(&(name.clone(), asked.clone()));
            all.push(Edge {
                extra: extra.map(str::to_owned),
                is_as_before: old.is_some_and(|old| markers(&old) == markers(&needs)),
                marker: match set.covers(environments) {
                    true => String::new(),
                    false => shown(planner, &needs, environments),
                },
                name,
                extras: asked,
            });
        }
    }
    all
}

/// The needs that count without an extra, or with this one alone, by the package and the extras that they ask for.
fn grouped<'n>(
    planner: &Planner<'_>,
    needs: &'n [Need],
    environments: &Set,
    extra: Option<&str>,
) -> BTreeMap<(String, BTreeSet<String>), Vec<&'n Need>> {
    let mut groups: BTreeMap<(String, BTreeSet<String>), Vec<&Need>> = BTreeMap::new();
    for need in needs {
        let counts = |extra: Option<&str>| meant(planner, need, extra).meets(environments);
        let is_here = counts(extra) && (extra.is_none() || !counts(None));
        if is_here {
            groups
                .entry((need.name.clone(), need.extras.clone()))
                .or_default()
                .push(need);
        }
    }
    groups
}

fn meant(planner: &Planner<'_>, need: &Need, extra: Option<&str>) -> Set {
    planner.environments.of_marker(&need.marker, extra)
}

/// The marker of an edge, as uv writes simple ones: without extras and what holds everywhere, `python_full_version` for
/// `python_version`, the parts of an "and" in order.
fn shown(planner: &Planner<'_>, needs: &[&Need], environments: &Set) -> String {
    let markers: Vec<Marker> = needs
        .iter()
        .filter_map(|need| Marker::read(&need.marker).ok()?.without_extras())
        .map(|marker| simple(planner, marker, environments))
        .collect();
    match markers.as_slice() {
        [] => String::new(),
        [one] => one.to_string(),
        many => Marker::Any(many.to_vec()).to_string(),
    }
}

fn simple(planner: &Planner<'_>, marker: Marker, environments: &Set) -> Marker {
    let holds = |part: &Marker| {
        planner
            .environments
            .of_marker(&part.to_string(), None)
            .covers(environments)
    };
    match marker {
        Marker::All(parts) => {
            let mut rest: Vec<Marker> = Vec::new();
            for part in parts {
                match simple(planner, part, environments) {
                    Marker::All(inner) => rest.extend(inner),
                    part if holds(&part) => {}
                    part => rest.push(part),
                }
            }
            rest.sort_by_key(ToString::to_string);
            match rest.len() {
                1 => rest.swap_remove(0),
                _ => Marker::All(rest),
            }
        }
        Marker::Any(parts) => {
            let parts = parts.into_iter().map(|part| simple(planner, part, environments));
            let mut parts: Vec<Marker> = parts.collect();
            parts.sort_by_key(ToString::to_string);
            Marker::Any(parts)
        }
        Marker::Comparison(comparison) => Marker::Comparison(comparison.with_full_version()),
    }
}
