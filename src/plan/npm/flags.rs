//! What npm writes beside an entry about why it is installed.
//!
//! Rule of Arborist (`calc-dep-flags.js` of npm 11.11.1): a folder has a flag if every way to it has it.

use std::collections::HashMap;

use foldhash::fast::RandomState;

use super::tree::FolderTree;
use crate::model::RequirementKind;
use crate::plan::Flags;

const DEV: u8 = 1;
const OPTIONAL: u8 = 2;
const DEV_OPTIONAL: u8 = 4;
const PEER: u8 = 8;
const ALL: u8 = DEV | OPTIONAL | DEV_OPTIONAL | PEER;

/// The flags of every folder.
pub(super) fn flags(tree: &FolderTree) -> HashMap<&str, Flags, RandomState> {
    let mut bits: HashMap<&str, u8, RandomState> = tree.nodes().map(|(place, _)| (place, ALL)).collect();
    let mut open: Vec<&str> = Vec::new();
    for (place, node) in tree.nodes() {
        if node.is_own {
            bits.insert(place, 0);
            open.push(place);
        }
    }
    while let Some(place) = open.pop() {
        let own = bits.get(place).copied().unwrap_or(ALL);
        let Some(node) = tree.node(place) else { continue };
        for requirement in &node.requirements {
            let Some(to) = tree.resolve(place, &requirement.name) else {
                continue;
            };
            let edge = match requirement.kind {
                RequirementKind::Runtime | RequirementKind::Bundled => 0,
                RequirementKind::Optional => OPTIONAL,
                RequirementKind::Dev => DEV,
                RequirementKind::Peer => PEER,
                RequirementKind::OptionalPeer => PEER | OPTIONAL,
            };
            let either = own | edge;
            let mut kept = either & (DEV | OPTIONAL | PEER);
            if either & (DEV | OPTIONAL | DEV_OPTIONAL) != 0 {
                kept |= DEV_OPTIONAL;
            }
            if let Some(known) = bits.get_mut(to)
                && *known & kept != *known
            {
                *known &= kept;
                open.push(to);
            }
        }
    }
    let flags = |bits: u8| {
        let (dev, optional) = (bits & DEV != 0, bits & OPTIONAL != 0);
        Flags {
            dev,
            optional,
            dev_optional: bits & DEV_OPTIONAL != 0 && !dev && !optional,
            peer: bits & PEER != 0,
        }
    };
    bits.into_iter()
        .map(|(place, bits)| (place, flags(bits)))
        .collect()
}
