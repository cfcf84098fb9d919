//! Edits of the fields of a JSON object, each on lines of its own: some are exchanged, some leave, some come in.

use std::cmp::Ordering;
use std::collections::BTreeMap;

use super::npm_json::{Style, quoted};
use super::splice::Splice;
use crate::text::tree::Value;

/// What becomes of a field.
pub(super) enum Change {
    /// It gets this value.
    Replace(String),
    /// It leaves, with its comma.
    Remove,
}

/// What makes `changes` in an object whose keys stand at `depth`, and puts the fields `new` where `order` has them. One of the
/// fields that are there has to stay, or one has to come in. Values that are strings cannot be exchanged.
pub(super) fn splices(
    style: Style<'_>,
    depth: usize,
    fields: &[(String, Value<'_>)],
    changes: &BTreeMap<usize, Change>,
    mut new: Vec<(String, String)>,
    order: fn(&str, &str) -> Ordering,
) -> Vec<Splice> {
    let start = |number: usize| {
        let key = fields.get(number).map(|(_, value)| value.key_span());
        key.map_or(0, |key| (key.start as usize).saturating_sub(1))
    };
    let end = |number: usize| {
        fields
            .get(number)
            .map_or(0, |(_, value)| value.span().end as usize)
    };
    let leaves = |number: &usize| matches!(changes.get(number), Some(Change::Remove));
    let kept: Vec<usize> = (0..fields.len()).filter(|number| !leaves(number)).collect();
    new.sort_by(|(left, _), (right, _)| order(left, right));
    let written = |(key, text): &(String, String)| format!("{}{}{text}", quoted(key), style.colon());
    let line = style.line(depth);
    let mut splices = Vec::new();
    let Some(first) = kept.first() else {
        let all: Vec<String> = new.iter().map(written).collect();
        splices.push(Splice {
            at: start(0)..end(fields.len().saturating_sub(1)),
            text: all.join(&format!(",{line}")),
        });
        return splices;
    };
    // What leaves goes with the comma before it, and what precedes all that stays with the one behind it.
    if *first > 0 {
        splices.push(Splice {
            at: start(0)..start(*first),
            text: String::new(),
        });
    }
    let next = kept.iter().skip(1).copied().chain([fields.len()]);
    for (number, next) in kept.iter().zip(next) {
        if next > number + 1 {
            splices.push(Splice {
                at: end(*number)..end(next - 1),
                text: String::new(),
            });
        }
    }
    for (number, change) in changes {
        if let (Change::Replace(text), Some((_, value))) = (change, fields.get(*number)) {
            splices.push(Splice {
                at: value.span().start as usize..value.span().end as usize,
                text: text.clone(),
            });
        }
    }
    for one in &new {
        let before = kept.iter().rev().find(|number| {
            let known = fields.get(**number);
            known.is_some_and(|(known, _)| order(known, &one.0) == Ordering::Less)
        });
        splices.push(match before {
            Some(before) => Splice {
                at: end(*before)..end(*before),
                text: format!(",{line}{}", written(one)),
            },
            None => Splice {
                at: start(*first)..start(*first),
                text: format!("{},{line}", written(one)),
            },
        });
    }
    splices
}
