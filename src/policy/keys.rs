//! The keys that a policy may have, section by section.

/// The value of `schema`.
pub const SCHEMA: &str = "lockkeeper.policy/1";

/// A mapping in a policy.
#[derive(Debug, PartialEq, Eq)]
pub struct Section {
    /// Where it is: the keys that lead to it, `[]` behind that of a list; empty for the whole.
    pub path: &'static str,
    /// Its keys, in the order in which a policy is written.
    pub keys: &'static [&'static str],
    /// Keys that a later version will know. To pass over them in silence would be a lie.
    pub later: &'static [&'static str],
}

/// The whole.
pub const TOP: Section = Section {
    path: "",
    keys: &[
        "schema",
        "rules",
        "exceptions",
        "lines",
        "exclude",
        "coverage",
        "database",
        "registries",
        "supply-chain",
        "fix",
    ],
    later: &["vex"],
};

/// One rule.
pub const RULE: Section = Section {
    path: "rules[]",
    keys: &["name", "when", "then", "after"],
    later: &[],
};

/// What a rule asks for.
pub const WHEN: Section = Section {
    path: "rules[].when",
    keys: &[
        "class",
        "severity",
        "fix",
        "known-exploited",
        "epss",
        "scope",
        "direct",
        "package",
        "path",
        "ref",
    ],
    later: &[],
};

/// One exception.
pub const EXCEPTION: Section = Section {
    path: "exceptions[]",
    keys: &[
        "id",
        "reason",
        "owner",
        "expires",
        "package",
        "path",
        "ref",
        "until-fixed",
    ],
    later: &[],
};

/// Which release lines live.
pub const LINES: Section = Section {
    path: "lines",
    keys: &[
        "include",
        "exclude",
        "newest",
        "active-within",
        "end-of-support",
        "scanned-within",
    ],
    later: &[],
};

/// What is asked of the index.
pub const DATABASE: Section = Section {
    path: "database",
    keys: &["max-age", "refuse-age", "digest", "sources", "update"],
    later: &[],
};

/// Where packages come from.
pub const SUPPLY_CHAIN: Section = Section {
    path: "supply-chain",
    keys: &["internal", "registries", "allow-malicious", "min-release-age"],
    later: &["typosquat"],
};

/// How findings are fixed.
pub const FIX: Section = Section {
    path: "fix",
    keys: &[
        "level",
        "group",
        "allow",
        "max-open",
        "labels",
        "reviewers",
        "assignees",
        "milestone",
        "sign-off",
        "branch-prefix",
        "backport-label",
        "title",
        "body",
    ],
    later: &[],
};

/// Every section.
pub const SECTIONS: [&Section; 8] = [
    &TOP,
    &RULE,
    &WHEN,
    &EXCEPTION,
    &LINES,
    &DATABASE,
    &SUPPLY_CHAIN,
    &FIX,
];
