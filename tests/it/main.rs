//! One binary for all integration tests; one module a subject.

#![expect(
    clippy::disallowed_methods,
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "tests read files, the clock and their settings themselves, start other programs, and say what they skip"
)]

mod action;
mod action_events;
mod action_forge;
mod advisory_database;
mod advisory_index;
mod advisory_severity;
mod architecture;
mod browser;
mod cargo_lock;
mod change;
mod change_base;
mod clean_verdicts;
mod common_flags;
mod confusion;
mod crosscheck_pypi;
mod every_prefix;
mod exit_codes;
mod forge;
mod forge_failures;
mod forge_server;
mod forge_server_itself;
mod git_history;
mod git_past;
mod git_refs;
mod git_repository;
mod go_native;
mod go_workspaces;
mod grid;
mod grid_undecided;
mod grids;
mod history_links;
mod history_random;
mod hostile_forge;
mod image;
mod knowledge;
mod lfs;
mod local_versions;
mod lockfile_ends;
mod lockfile_format;
mod many_places;
mod maven_builds;
mod maven_expressions;
mod maven_modules;
mod maven_native;
mod memory_tree;
mod mutated;
mod not_checked;
mod npm_native;
mod osv_export;
mod outcomes;
mod package_urls;
mod policy;
mod policy_decisions;
mod policy_shadow;
mod pre_commit;
mod program;
mod published;
mod published_program;
mod python_archives;
mod python_listings;
mod python_whole_files;
mod reactor_history;
mod readme;
mod real_data;
mod refs_named;
mod release;
mod release_lines;
mod remediation;
mod report_grid;
mod report_html;
mod report_json;
mod report_markdown;
mod report_registry;
mod report_sarif;
mod report_terminal;
mod requirements_includes;
mod requirements_table;
mod rust_source;
mod scan;
mod scan_places;
mod server;
mod setup;
mod tree_on_disk;
mod unfinished;
mod unread_records;
mod update;
mod version_order;
mod web;
mod workflows;
