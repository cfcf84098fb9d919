//! The body of the target `event`, which tests run too.

use lockkeeper::action::events::{self, Given};

const NAMES: [&str; 6] = [
    "pull_request",
    "pull_request_target",
    "merge_group",
    "push",
    "schedule",
    "workflow_dispatch",
];

/// The payload of a workflow's event: no panic, and an event that is no pull request has no base by itself.
pub fn run(bytes: &[u8]) {
    for name in NAMES {
        let read = events::read(&Given {
            name,
            payload: Some(bytes),
            ref_name: "refs/heads/main",
            sha: "0123456789012345678901234567890123456789",
            base_ref: "main",
        });
        match read {
            Ok(event) => {
                assert_ne!(name, "pull_request_target");
                let is_compared = matches!(name, "pull_request" | "merge_group");
                assert!(is_compared || event.change.is_none(), "{name}: {event:?}");
                if let Some(change) = &event.change {
                    let _ = change.bases("head", &["parent".to_owned()]);
                }
            }
            Err(_) => assert_eq!(name, "pull_request_target"),
        }
    }
}
