//! What a plan changes of a lockfile of Python, for the checks: by the number of the entry, and by name.

use std::collections::BTreeMap;

use crate::plan::python::PinChange;
use crate::plan::{EntryEdit, OwnEdit, Plan};

/// The changes of a plan.
#[derive(Default)]
pub(super) struct Changes<'p> {
    /// Entries that change their version, or leave.
    pub(super) by_number: BTreeMap<usize, Option<&'p PinChange>>,
    /// Names with the version that they are to have, what comes in among them.
    pub(super) planned: Vec<(&'p str, &'p PinChange)>,
}

impl<'p> Changes<'p> {
    /// # Errors
    /// The plan is not one of Python.
    pub(super) fn of(plan: &'p Plan) -> Result<Self, String> {
        let mut changes = Self::default();
        for change in &plan.entries {
            let number: Option<usize> = change.place.parse().ok();
            match (&change.edit, number) {
                (EntryEdit::Drop, Some(number)) => {
                    changes.by_number.insert(number, None);
                }
                (EntryEdit::Own(OwnEdit::Pin(pin)), number) if pin.release.is_some() => {
                    changes.planned.push((&change.name, pin));
                    changes
                        .by_number
                        .extend(number.map(|number| (number, Some(&**pin))));
                }
                (EntryEdit::Own(OwnEdit::Pin(_)), _) => {}
                (EntryEdit::Drop | EntryEdit::Lock(..) | EntryEdit::Flags(_) | EntryEdit::Own(_), _) => {
                    return Err("The plan is one of another ecosystem.".to_owned());
                }
            }
        }
        Ok(changes)
    }
}
