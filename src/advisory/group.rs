//! Which records of one package mean one vulnerability (docs/semantics.md, "Groups").

use std::collections::HashMap;

use jiff::Timestamp;

use crate::model::disjoint_sets::DisjointSets;

/// A record as far as grouping asks.
#[derive(Debug, Clone, Copy)]
pub(super) struct Named<'a> {
    /// Its id.
    pub(super) id: &'a str,
    /// Its aliases.
    pub(super) aliases: &'a [String],
    /// When it was published.
    pub(super) published: Option<Timestamp>,
}

/// The closure of shared ids over `records`, as numbers into it. In each group the record that names it comes
/// first: the `MAL-` record, else the earliest published one, of equals the one with the smallest id; the
/// others follow by id, as the groups do.
#[must_use]
pub(super) fn groups(records: &[Named<'_>]) -> Vec<Vec<usize>> {
    if records.len() == 1 {
        return vec![vec![0]];
    }
    let mut sets = DisjointSets::new(records.len());
    let mut holder: HashMap<&str, usize> = HashMap::new();
    for (number, record) in records.iter().enumerate() {
        for id in std::iter::once(record.id).chain(record.aliases.iter().map(String::as_str)) {
            sets.join(*holder.entry(id).or_insert(number), number);
        }
    }
    let mut members: HashMap<usize, Vec<usize>> = HashMap::new();
    for number in 0..records.len() {
        members.entry(sets.find(number)).or_default().push(number);
    }
    let id = |number: usize| records.get(number).map_or("", |record| record.id);
    let mut groups: Vec<Vec<usize>> = members.into_values().collect();
    for group in &mut groups {
        group.sort_unstable_by_key(|number| id(*number));
        let first = (0..group.len()).min_by_key(|place| {
            let record = group.get(*place).and_then(|number| records.get(*number));
            record.map(|record| {
                let published = record.published;
                (
                    !record.id.starts_with("MAL-"),
                    published.is_none(),
                    published,
                    record.id,
                )
            })
        });
        if let Some(named) = first.and_then(|place| group.get_mut(..=place)) {
            named.rotate_right(1);
        }
    }
    groups.sort_unstable_by_key(|group| group.first().map_or("", |number| id(*number)));
    groups
}

#[cfg(test)]
mod tests {
    use super::*;

    fn said(records: &[(&str, &[&str], Option<i64>)]) -> Vec<Vec<String>> {
        let aliases: Vec<Vec<String>> = records
            .iter()
            .map(|record| record.1.iter().map(ToString::to_string).collect())
            .collect();
        let named: Vec<Named<'_>> = records
            .iter()
            .zip(&aliases)
            .map(|(record, aliases)| Named {
                id: record.0,
                aliases,
                published: record.2.map(|second| Timestamp::from_second(second).unwrap()),
            })
            .collect();
        let name = |group: Vec<usize>| {
            group
                .into_iter()
                .map(|number| named[number].id.to_owned())
                .collect()
        };
        groups(&named).into_iter().map(name).collect()
    }

    #[test]
    fn aliases_are_closed_over() {
        let records: &[(&str, &[&str], Option<i64>)] = &[
            ("GHSA-1", &["CVE-1"], Some(50)),
            ("PYSEC-1", &["CVE-1"], Some(40)),
            ("OSV-1", &["PYSEC-1"], Some(60)),
            ("GHSA-2", &[], Some(10)),
        ];
        assert_eq!(
            said(records),
            [vec!["GHSA-2"], vec!["PYSEC-1", "GHSA-1", "OSV-1"]]
        );
    }

    #[test]
    fn malicious_names_the_group_and_ties_go_to_the_smallest() {
        let records: &[(&str, &[&str], Option<i64>)] = &[
            ("MAL-9", &["GHSA-1"], Some(90)),
            ("GHSA-1", &[], Some(1)),
            ("B", &["X"], None),
            ("A", &["X"], None),
            ("C", &["X"], Some(5)),
        ];
        assert_eq!(said(records), [vec!["C", "A", "B"], vec!["MAL-9", "GHSA-1"]]);
    }
}
