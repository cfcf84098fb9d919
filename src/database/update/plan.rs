//! What an update has to fetch: the list of changes against what is held. Nothing here touches the world.

use std::collections::{HashMap, HashSet};

use jiff::{SignedDuration, Timestamp};

use super::state::State;
use crate::feed::osv_export::{Listing, ListingRow, Reach};

/// Times of change are the home databases' own, and a record may be exported days after it was changed there; so
/// the list is read this much further back than what was seen last.
const OVERLAP: SignedDuration = SignedDuration::from_hours(48);

/// How often everything is compared, so that what was deleted goes.
const COMPARE_EVERY: SignedDuration = SignedDuration::from_hours(7 * 24);

/// A list whose newest change is this much older than one seen before is an old copy.
const BEHIND: SignedDuration = SignedDuration::from_hours(24);

/// With more changed records than this the archive is fetched: each record costs a request.
const MAX_RECORDS: usize = 5_000;

/// With a larger share of changed records than one in this many, the archive costs less …
const MAX_SHARE: usize = 10;

/// … unless they are as few as this.
const ALWAYS_FEW: usize = 64;

/// What the index holds of an ecosystem, by id.
pub(super) type KnownRecords = HashMap<String, KnownRecord>;

/// A record that is held.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct KnownRecord {
    /// When it was last changed, in whole seconds.
    pub(super) modified: Option<Timestamp>,
    /// The other ecosystems in whose folders it is.
    pub(super) elsewhere: Vec<String>,
    /// It came from the export, which may withdraw it; else from another source.
    pub(super) ours: bool,
}

/// One ecosystem as the index has it.
pub(super) struct Followed {
    pub(super) name: String,
    pub(super) state: Option<State>,
    pub(super) held: KnownRecords,
}

/// What to do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Plan {
    /// Fetch these records; drop those ids.
    Records {
        /// New or changed, newest first.
        fetch: Vec<ListingRow>,
        /// No longer listed, sorted. Empty unless everything was compared.
        gone: Vec<String>,
    },
    /// Fetch the archive.
    Archive,
    /// The list is older than what is held; the time is that of its newest change.
    Behind(Option<Timestamp>),
}

/// What to make of a list that is older than what is held.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Backward {
    /// Another address may have a newer one.
    Refused,
    /// There is no other.
    Accepted,
}

/// How far the list of changes is read at `now`.
pub(super) fn reach(state: &State, now: Timestamp) -> Reach {
    let age = now.duration_since(state.compared);
    match age.is_negative() || age >= COMPARE_EVERY {
        true => Reach::Everything,
        false => Reach::Since(state.newest.saturating_sub(OVERLAP).unwrap_or(Timestamp::MIN)),
    }
}

/// What to fetch, given the list as it was read.
pub(super) fn plan(
    listing: &Listing,
    reach: Reach,
    state: &State,
    held: &KnownRecords,
    backward: Backward,
) -> Plan {
    let newest = listing.rows.iter().map(|row| row.modified).max();
    let behind = newest.is_none_or(|newest| state.newest.duration_since(newest) > BEHIND);
    if behind && !(held.is_empty() && listing.rows.is_empty()) && backward == Backward::Refused {
        return Plan::Behind(newest);
    }
    let since = match reach {
        Reach::Everything => Timestamp::MIN,
        Reach::Since(time) => time,
    };
    let mut seen = HashSet::new();
    let fetch: Vec<ListingRow> = listing
        .rows
        .iter()
        .filter(|row| row.modified >= since && !state.ignored.holds(row) && is_newer(row, held))
        .filter(|row| seen.insert(row.id.as_str()))
        .cloned()
        .collect();
    if fetch.len() > MAX_RECORDS || fetch.len() > ALWAYS_FEW.max(held.len() / MAX_SHARE) {
        return Plan::Archive;
    }
    let mut gone = Vec::new();
    if reach == Reach::Everything && listing.complete {
        let listed: HashSet<&str> = listing.rows.iter().map(|row| row.id.as_str()).collect();
        // Of what is newer than the list, the list says nothing.
        let judged = |modified: Option<Timestamp>| newest.is_some() && modified <= newest;
        gone = held
            .iter()
            .filter(|(id, known)| known.ours && !listed.contains(id.as_str()) && judged(known.modified))
            .map(|(id, _)| id.clone())
            .collect();
        gone.sort();
        // A cut list would look just so; the archive has the last word.
        if gone.len() > ALWAYS_FEW.max(held.len() / MAX_SHARE) {
            return Plan::Archive;
        }
    }
    Plan::Records { fetch, gone }
}

/// The index keeps seconds.
fn is_newer(row: &ListingRow, held: &KnownRecords) -> bool {
    let modified = held.get(&row.id).and_then(|known| known.modified);
    modified.is_none_or(|modified| row.modified.as_second() > modified.as_second())
}

#[cfg(test)]
mod tests {
    use super::super::state::Ignored;
    use super::*;

    fn time(hours: i64) -> Timestamp {
        "2026-11-01T00:00:00Z".parse::<Timestamp>().unwrap() + SignedDuration::from_hours(hours)
    }

    fn listing(rows: &[(&str, i64)]) -> Listing {
        Listing {
            rows: rows
                .iter()
                .map(|(id, hours)| ListingRow {
                    id: (*id).to_owned(),
                    modified: time(*hours),
                })
                .collect(),
            complete: true,
            validator: None,
        }
    }

    fn held(rows: &[(&str, i64)]) -> KnownRecords {
        let known = |hours| KnownRecord {
            modified: Some(time(hours)),
            elsewhere: Vec::new(),
            ours: true,
        };
        rows.iter()
            .map(|(id, hours)| ((*id).to_owned(), known(*hours)))
            .collect()
    }

    fn state(newest: i64) -> State {
        State {
            newest: time(newest),
            compared: time(newest),
            listing: None,
            ignored: Ignored::default(),
        }
    }

    fn ids(plan: Plan) -> (Vec<String>, Vec<String>) {
        match plan {
            Plan::Records { fetch, gone } => (fetch.into_iter().map(|row| row.id).collect(), gone),
            Plan::Archive | Plan::Behind(_) => panic!("{plan:?}"),
        }
    }

    #[test]
    fn changed_new_and_late_records_are_fetched() {
        let mut state = state(100);
        state.ignored.insert("withdrawn", Some(time(90)));
        let held = held(&[("a", 100), ("b", 50), ("c", 20)]);
        let listing = listing(&[
            ("b", 110),
            ("new", 105),
            ("a", 100),
            ("late", 95),
            ("withdrawn", 90),
            ("old", 10),
        ]);
        let reach = reach(&state, time(101));
        assert_eq!(reach, Reach::Since(time(52)));
        let (fetch, gone) = ids(plan(&listing, reach, &state, &held, Backward::Refused));
        assert_eq!(
            (fetch, gone),
            (vec!["b".into(), "new".into(), "late".into()], vec![])
        );
    }

    #[test]
    fn once_a_week_what_was_deleted_goes() {
        let state = state(100);
        assert!(matches!(reach(&state, time(100 + 167)), Reach::Since(_)));
        assert_eq!(reach(&state, time(100 + 168)), Reach::Everything);
        assert_eq!(reach(&state, time(99)), Reach::Everything);
        let held = held(&[("a", 100), ("gone", 50), ("newer", 120)]);
        let listing = listing(&[("x", 110), ("a", 100), ("very-old", 1)]);
        let (fetch, gone) = ids(plan(
            &listing,
            Reach::Everything,
            &state,
            &held,
            Backward::Refused,
        ));
        assert_eq!(
            (fetch, gone),
            (vec!["x".into(), "very-old".into()], vec!["gone".into()])
        );
    }

    #[test]
    fn old_copies_and_empty_lists_are_behind() {
        let held = held(&[("a", 100)]);
        let of = |rows: &[(&str, i64)], backward| {
            plan(&listing(rows), Reach::Everything, &state(100), &held, backward)
        };
        assert_eq!(of(&[("a", 75)], Backward::Refused), Plan::Behind(Some(time(75))));
        assert_eq!(of(&[], Backward::Refused), Plan::Behind(None));
        assert_eq!(ids(of(&[("a", 76)], Backward::Refused)), (vec![], vec![]));
        // Even then nothing that is newer than the list is dropped.
        assert_eq!(
            ids(of(&[("b", 75)], Backward::Accepted)),
            (vec!["b".into()], vec![])
        );
    }

    #[test]
    fn too_much_change_means_the_archive() {
        let names: Vec<String> = (0..2_000).map(|n| format!("id-{n}")).collect();
        let all: Vec<(&str, i64)> = names.iter().map(|name| (name.as_str(), 100)).collect();
        let state = state(100);
        let of = |rows: &[(&str, i64)], held: &KnownRecords| {
            plan(&listing(rows), Reach::Everything, &state, held, Backward::Refused)
        };
        assert_eq!(of(&all[..65], &held(&[])), Plan::Archive);
        assert_eq!(ids(of(&all[..64], &held(&[]))).0.len(), 64);
        assert_eq!(of(&all, &held(&all[..1_700])), Plan::Archive);
        assert_eq!(ids(of(&all, &held(&all[..1_900]))).0.len(), 100);
        assert_eq!(of(&all[..1_700], &held(&all)), Plan::Archive);
        assert_eq!(ids(of(&all[..1_900], &held(&all))).1.len(), 100);
    }
}
