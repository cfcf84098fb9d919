//! The formats that can be planned and edited.

use lockkeeper::lockfile::FORMATS;
use lockkeeper::relock::RELOCKS;
use lockkeeper::remediate::FIXERS;

#[test]
fn whatever_is_planned_is_edited() {
    let planned: Vec<_> = FIXERS.iter().map(|fixer| fixer.format()).collect();
    let edited: Vec<_> = RELOCKS.iter().map(|relock| relock.format()).collect();
    assert_eq!(planned, edited);
    assert!(planned.is_sorted_by_key(|name| name.to_lowercase()));
    for name in planned {
        assert!(
            FORMATS.iter().any(|format| format.name() == name),
            "{name} is no format"
        );
    }
}
