//! What becomes of a project of pnpm, one rule after the other.

use lockkeeper::plan::{Manifests, Plan, Wish};
use lockkeeper::version::Distance;
use serde_json::json;

use super::npm_world::{Asked, World, told};
use super::yarn_world::{Files, edited_in};

const FILE: &str = "pnpm-lock.yaml";

const KEEP: Asked<'_> = Asked {
    flaws: &[("b", "1.0.2")],
    level: Distance::Major,
    manifests: Manifests::Keep,
};

/// A lockfile with these sections, in which packages without another entry have a hash alone.
fn lock(importers: &str, packages: &str, snapshots: &str) -> String {
    let mut ids: Vec<String> = Vec::new();
    for line in snapshots
        .lines()
        .filter(|line| line.starts_with("  ") && !line.starts_with("   "))
    {
        let key = line.trim().trim_end_matches("{}").trim().trim_end_matches(':');
        let id = key.split('(').next().expect("a package").to_owned();
        if !ids.contains(&id) {
            ids.push(id);
        }
    }
    let entries = ids.iter().map(|id| {
        let hash = id.replacen('@', "-", 1);
        let more = packages
            .split("\n\n")
            .find(|entry| entry.starts_with(&format!("{id}\n")));
        let more = more.map_or("", |entry| &entry[id.len()..]);
        format!("  {id}:\n    resolution: {{integrity: sha512-{hash}}}{more}")
    });
    let entries: Vec<String> = entries.collect();
    format!(
        "lockfileVersion: '9.0'\n\nsettings:\n  autoInstallPeers: true\n  excludeLinksFromLockfile: false\n\nimporters:\n\n{importers}\npackages:\n\n{}\n\nsnapshots:\n\n{snapshots}",
        entries.join("\n\n")
    )
}

fn files(dependencies: serde_json::Value, lock: String) -> Files {
    let manifest = json!({"name": "project", "version": "1.0.0", "dependencies": dependencies});
    let manifest = serde_json::to_string_pretty(&manifest).expect("JSON");
    Files::from([("package.json".to_owned(), manifest), (FILE.to_owned(), lock)])
}

fn wish(name: &str, version: &str) -> Wish {
    Wish {
        name: name.to_owned(),
        version: version.to_owned(),
        to: None,
        fixes: vec![format!("X-{name}")],
        without: Vec::new(),
    }
}

fn plan(asked: Asked<'_>, world: &World, files: &Files, wishes: &[Wish]) -> Plan {
    asked.plan_in(world, files, FILE, wishes)
}

const A_AND_B: &str = "  .:\n    dependencies:\n      a:\n        specifier: ^1.0.0\n        version: 1.0.0\n      b:\n        specifier: ^1.0.0\n        version: 1.0.0\n";

#[test]
fn every_need_gets_the_lowest_fixed_version_of_its_range() {
    let world =
        World::of("a 1.0.0: b ~1.0.0\nb 1.0.0\nb 1.0.1\nb 1.0.2: c ^1.0.0\nb 1.1.0\nc 1.0.0\nc 1.3.0");
    let before = files(
        json!({"a": "^1.0.0", "b": "^1.0.0"}),
        lock(
            A_AND_B,
            "",
            "  a@1.0.0:\n    dependencies:\n      b: 1.0.0\n\n  b@1.0.0: {}\n",
        ),
    );
    let plan = plan(KEEP, &world, &before, &[wish("b", "1.0.0")]);
    assert_eq!(told(&plan), ["b 1.0.0 → 1.0.2 (in_range)", "+ c 1.3.0"]);
    let after = edited_in(&before, FILE, &plan).expect("an edit");
    let importers = A_AND_B.replace(
        "b:\n        specifier: ^1.0.0\n        version: 1.0.0",
        "b:\n        specifier: ^1.0.0\n        version: 1.0.2",
    );
    assert_eq!(
        after[FILE],
        lock(
            &importers,
            "",
            "  a@1.0.0:\n    dependencies:\n      b: 1.0.2\n\n  b@1.0.2:\n    dependencies:\n      c: 1.3.0\n\n  c@1.3.0: {}\n"
        )
    );
}

#[test]
fn keys_with_a_peer_follow_it() {
    let world =
        World::of("a 1.0.0: d ^1.0.0, peer b ^1.0.0\nb 1.0.0\nb 1.0.2\nd 1.0.0: peer b *, peer? e *\n");
    let peers = "a@1.0.0\n    peerDependencies:\n      b: ^1.0.0\n\nd@1.0.0\n    peerDependencies:\n      b: '*'\n      e: '*'\n    peerDependenciesMeta:\n      e:\n        optional: true";
    let of = |version: &str| {
        let importers = format!(
            "  .:\n    dependencies:\n      a:\n        specifier: ^1.0.0\n        version: 1.0.0(b@{version})\n      b:\n        specifier: ^1.0.0\n        version: {version}\n"
        );
        let snapshots = format!(
            "  a@1.0.0(b@{version}):\n    dependencies:\n      b: {version}\n      d: 1.0.0(b@{version})\n    transitivePeerDependencies:\n      - e\n\n  b@{version}: {{}}\n\n  d@1.0.0(b@{version}):\n    dependencies:\n      b: {version}\n"
        );
        lock(&importers, peers, &snapshots)
    };
    let before = files(json!({"a": "^1.0.0", "b": "^1.0.0"}), of("1.0.0"));
    let plan = plan(KEEP, &world, &before, &[wish("b", "1.0.0")]);
    assert_eq!(told(&plan), ["b 1.0.0 → 1.0.2 (in_range)"]);
    let after = edited_in(&before, FILE, &plan).expect("an edit");
    assert_eq!(after[FILE], of("1.0.2"));
}

#[test]
fn a_parent_moves_only_where_it_has_to_and_its_dependents_are_asked_about() {
    let world = World::of("top 1.0.0: a ^1.0.0\na 1.0.0: b 1.0.0\na 1.1.0: b ^1.0.2\nb 1.0.0\nb 1.0.2");
    let importers =
        "  .:\n    dependencies:\n      top:\n        specifier: ^1.0.0\n        version: 1.0.0\n";
    let before = files(
        json!({"top": "^1.0.0"}),
        lock(
            importers,
            "",
            "  a@1.0.0:\n    dependencies:\n      b: 1.0.0\n\n  b@1.0.0: {}\n\n  top@1.0.0:\n    dependencies:\n      a: 1.0.0\n",
        ),
    );
    let plan = plan(KEEP, &world, &before, &[wish("b", "1.0.0")]);
    assert_eq!(told(&plan), ["b 1.0.0 → 1.0.2 (parent)", "~ a 1.0.0 → 1.1.0"]);
    let after = edited_in(&before, FILE, &plan).expect("an edit");
    assert_eq!(
        after[FILE],
        lock(
            importers,
            "",
            "  a@1.1.0:\n    dependencies:\n      b: 1.0.2\n\n  b@1.0.2: {}\n\n  top@1.0.0:\n    dependencies:\n      a: 1.1.0\n"
        )
    );
}

#[test]
fn a_manifest_changes_only_where_it_may() {
    let world = World::of("b 1.0.0\nb 1.0.2\nb 1.0.3");
    let of = |version: &str| {
        let importers = format!(
            "  .:\n    dependencies:\n      b:\n        specifier: {version}\n        version: {version}\n"
        );
        lock(&importers, "", &format!("  b@{version}: {{}}\n"))
    };
    let before = files(json!({"b": "1.0.0"}), of("1.0.0"));
    let kept = plan(KEEP, &world, &before, &[wish("b", "1.0.0")]);
    assert_eq!(told(&kept), ["stays b 1.0.0"]);
    let change = Asked {
        manifests: Manifests::Change,
        ..KEEP
    };
    let plan = plan(change, &world, &before, &[wish("b", "1.0.0")]);
    assert_eq!(
        told(&plan),
        ["b 1.0.0 → 1.0.2 (manifest)", "asks b 1.0.0 → 1.0.2"]
    );
    let after = edited_in(&before, FILE, &plan).expect("an edit");
    assert_eq!(after[FILE], of("1.0.2"));
    assert!(after["package.json"].contains("\"b\": \"1.0.2\""));
}

#[test]
fn other_forms_are_left_alone_with_a_reason() {
    let world = World::of("b 1.0.0\nb 1.0.2");
    let whole = lock(
        "  .:\n    dependencies:\n      b:\n        specifier: ^1.0.0\n        version: 1.0.0\n",
        "",
        "  b@1.0.0: {}\n",
    );
    for (from, to, reason) in [
        ("'9.0'", "'13.0'", "which pnpm calls an experiment"),
        ("'9.0'", "'6.0'", "only those of version 9.0"),
        (
            "importers:",
            "pnpmfileChecksum: abc\n\nimporters:",
            "which only pnpm can run",
        ),
    ] {
        let before = files(json!({"b": "^1.0.0"}), whole.replacen(from, to, 1));
        let refused = KEEP.refused_in(&world, &before, FILE);
        assert!(refused.contains(reason), "{refused}");
    }
    let before = files(
        json!({"b": "^1.0.0"}),
        whole.replacen("importers:", "overrides:\n  b: 1.0.0\n\nimporters:", 1),
    );
    let plan = plan(KEEP, &world, &before, &[wish("b", "1.0.0")]);
    assert_eq!(
        plan.blocked[0].reason,
        "`overrides` of pnpm decide about b: change them there."
    );
    // What pnpm copies into another project's folder has to change with the project.
    let injected = lock(
        "  .:\n    dependencies:\n      b:\n        specifier: ^1.0.0\n        version: 1.0.0\n      c:\n        specifier: 'workspace:*'\n        version: file:c\n\n  c:\n    dependencies:\n      b:\n        specifier: ^1.0.0\n        version: 1.0.0\n",
        "  c@file:c:\n    resolution: {directory: c, type: directory}\n",
        "  b@1.0.0: {}\n\n  c@file:c:\n    dependencies:\n      b: 1.0.0\n",
    );
    let before = files(json!({"b": "^1.0.0", "c": "workspace:*"}), injected);
    let refused = KEEP.refused_in(&world, &before, FILE);
    assert!(
        refused.contains("a copy of the workspace's project in `c`"),
        "{refused}"
    );
}

#[test]
fn what_is_new_takes_the_locked_version_that_overrides_allow() {
    let world =
        World::of("b 1.0.0: c ^1.0.0\nb 1.0.2: c ^1.1.0, d ^1.0.0\nc 1.0.0\nc 1.2.0\nc 1.9.0\nd 1.0.0");
    let importers = "  .:\n    dependencies:\n      b:\n        specifier: ^1.0.0\n        version: 1.0.0\n";
    let of = |overrides: &str, b: &str, more: &str, end: &str| {
        let text = lock(
            &importers.replace("version: 1.0.0", &format!("version: {b}")),
            "",
            &format!("  b@{b}:\n    dependencies:\n      c: 1.2.0\n{more}\n  c@1.2.0: {{}}\n{end}"),
        );
        let text = text.replacen("importers:", &format!("overrides:\n{overrides}\nimporters:"), 1);
        files(json!({"b": "^1.0.0"}), text)
    };
    for overrides in [
        "  c: 1.2.0\n",
        "  c@<1.2.0: '>=1.2.0'\n",
        "  c: 1.2.0\n  c@<1.1.0: ^1.1.0\n",
    ] {
        let before = of(overrides, "1.0.0", "", "");
        let plan = plan(KEEP, &world, &before, &[wish("b", "1.0.0")]);
        assert_eq!(
            told(&plan),
            ["b 1.0.0 → 1.0.2 (in_range)", "+ d 1.0.0"],
            "{overrides}"
        );
        let after = edited_in(&before, FILE, &plan).expect("an edit");
        let expected = of(overrides, "1.0.2", "      d: 1.0.0\n", "\n  d@1.0.0: {}\n");
        assert_eq!(after[FILE], expected[FILE]);
    }
    // What these make of it is not known.
    for overrides in [
        "  c: '-'\n",
        "  c: npm:e@1.2.0\n",
        "  b>c: 1.3.0\n",
        "  c: 1.2.0\n  c@<1.1.0: ^2.0.0\n",
    ] {
        let before = of(overrides, "1.0.0", "", "");
        let plan = plan(KEEP, &world, &before, &[wish("b", "1.0.0")]);
        assert_eq!(told(&plan), ["stays b 1.0.0"], "{overrides}");
    }
}

const OVERRIDE: Asked<'_> = Asked {
    manifests: Manifests::Override,
    flaws: &[("b", "1.1.0")],
    level: Distance::Major,
};

/// `a` asks for an old `b`, and the project for either; the files with `manifest` and `settings`, and the lockfile with `overrides`.
fn held(manifest: serde_json::Value, settings: Option<&str>, overrides: &str, b: &str) -> Files {
    let importers = "  .:\n    dependencies:\n      a:\n        specifier: ^1.0.0\n        version: 1.0.0\n      b:\n        specifier: ^1.0.0\n        version: 1.0.0\n";
    let asked = match overrides.contains("\n  b: ") {
        true => format!("b:\n        specifier: ^1.0.2\n        version: {b}"),
        false => format!("b:\n        specifier: ^1.0.0\n        version: {b}"),
    };
    let importers = importers.replace("b:\n        specifier: ^1.0.0\n        version: 1.0.0", &asked);
    let snapshots = format!("  a@1.0.0:\n    dependencies:\n      b: {b}\n\n  b@{b}: {{}}\n");
    let text = lock(&importers, "", &snapshots);
    let mut files = files(
        json!({}),
        text.replacen("importers:", &format!("{overrides}importers:"), 1),
    );
    let manifest = serde_json::to_string_pretty(&manifest).expect("JSON");
    files.insert("package.json".to_owned(), manifest);
    if let Some(settings) = settings {
        files.insert("pnpm-workspace.yaml".to_owned(), settings.to_owned());
    }
    files
}

#[test]
fn overrides_go_where_the_pnpm_of_the_project_reads_them_and_into_the_lockfile() {
    let world = World::of("a 1.0.0: b ~1.0.0\nb 1.0.0\nb 1.0.2\nb 1.1.0");
    let own = json!({"a": "^1.0.0", "b": "^1.0.0"});
    let pinned = |pnpm: &str| json!({"name": "p", "packageManager": pnpm, "dependencies": own.clone()});
    let with = |pnpm: serde_json::Value| json!({"name": "p", "pnpm": pnpm, "dependencies": own.clone()});
    let engine = |version: &str| {
        let pnpm = json!({"name": "pnpm", "version": version});
        json!({"name": "p", "devEngines": {"packageManager": pnpm}, "dependencies": own.clone()})
    };
    let by_c = "overrides:\n  c: 1.0.0\n\n";
    let new = "overrides:\n  b: ^1.1.0\n";
    let in_manifest = Some("\"overrides\": {\n      \"b\": \"^1.1.0\"\n    }");
    let further = Some("\"c\": \"1.0.0\",\n      \"b\": \"^1.1.0\"");
    // The manifest, settings of the workspace, overrides of the lockfile; what the manifest has then, or what the settings are then.
    let cases = [
        (pinned("pnpm@9.15.9"), None, "", in_manifest, None),
        (
            pinned("pnpm@10.34.9+sha512.abc"),
            Some("packages: []\n"),
            "",
            in_manifest,
            None,
        ),
        (engine("^10.0.0"), None, "", in_manifest, None),
        (pinned("pnpm@11.28.11"), Some(""), "", None, Some(new)),
        (
            pinned("pnpm@12.23.0"),
            Some("packages: []\n"),
            "",
            None,
            Some("packages: []\n\noverrides:\n  b: ^1.1.0\n"),
        ),
        (
            with(json!({"overrides": {"c": "1.0.0"}})),
            None,
            by_c,
            further,
            None,
        ),
        (with(json!({})), None, "", in_manifest, None),
        (
            pinned("pnpm@10.34.9"),
            Some("overrides:\n  c: 1.0.0\n"),
            by_c,
            None,
            Some("overrides:\n  c: 1.0.0\n  b: ^1.1.0\n"),
        ),
        (
            json!({"name": "p", "dependencies": own.clone()}),
            Some("ignoreScripts: true\n"),
            "",
            None,
            Some("ignoreScripts: true\n\noverrides:\n  b: ^1.1.0\n"),
        ),
    ];
    for (manifest, settings, overrides, has, becomes) in cases {
        let before = held(manifest, settings, overrides, "1.0.0");
        let plan = plan(OVERRIDE, &world, &before, &[wish("b", "1.0.0")]);
        let place = if becomes.is_some() {
            "pnpm-workspace.yaml"
        } else {
            "package.json"
        };
        assert_eq!(told(&plan), ["b 1.0.0 → 1.1.0 (override)"], "{before:?}");
        assert_eq!(
            plan.overrides[0].to_string(),
            format!("{place} overrides b with ^1.1.0")
        );
        let after = edited_in(&before, FILE, &plan).expect("an edit");
        let section = match overrides.is_empty() {
            true => "overrides:\n  b: ^1.1.0\n\n".to_owned(),
            false => "overrides:\n  c: 1.0.0\n  b: ^1.1.0\n\n".to_owned(),
        };
        let expected = held(json!({}), None, &section, "1.1.0");
        // The project asks for what the override says.
        assert_eq!(after[FILE], expected[FILE].replace("^1.0.2", "^1.1.0"));
        assert!(
            has.is_none_or(|has| after["package.json"].contains(has)),
            "{}",
            after["package.json"]
        );
        assert_eq!(
            after.get("pnpm-workspace.yaml").map(String::as_str),
            becomes.or(settings)
        );
        if becomes.is_some() {
            assert_eq!(after["package.json"], before["package.json"]);
        }
        // Without leave it is named.
        let without = Asked {
            manifests: Manifests::Keep,
            ..OVERRIDE
        };
        let kept = self::plan(without, &world, &before, &[wish("b", "1.0.0")]);
        let field = if becomes.is_some() {
            "overrides"
        } else {
            "pnpm.overrides"
        };
        let hint = format!("`{field}` in {place} would decide about it.");
        assert!(
            kept.blocked[0].reason.ends_with(&hint),
            "{}",
            kept.blocked[0].reason
        );
    }
}

#[test]
fn an_override_is_not_written_where_it_would_not_count_or_change_more() {
    let world = World::of("a 1.0.0: b ~1.0.0\nb 1.0.0\nb 1.0.2\nb 1.1.0");
    let own = json!({"a": "^1.0.0", "b": "^1.0.0"});
    let pinned = |pnpm: &str| json!({"name": "p", "packageManager": pnpm, "dependencies": own.clone()});
    let stale = "overrides:\n  c: 1.0.0\n\n";
    for (manifest, settings, overrides, reason) in [
        (
            json!({"name": "p", "dependencies": own.clone()}),
            None,
            "",
            "add `packageManager` to package.json",
        ),
        (
            json!({"name": "p", "pnpm": {"overrides": {"c": "1.0.0"}}, "dependencies": own.clone()}),
            Some("overrides:\n  c: 1.0.0\n"),
            stale,
            "add `packageManager` to package.json",
        ),
        (pinned("pnpm@11.0.0"), None, "", "which is not there: add it"),
        (pinned("pnpm@10.0.0"), None, stale, "are not those of the project"),
        (
            pinned("pnpm@10.0.0"),
            Some("overrides:\n  d: 1.0.0\n"),
            "",
            "are not those of the project",
        ),
        (
            json!({"name": "b", "packageManager": "pnpm@10.0.0", "dependencies": own.clone()}),
            None,
            "",
            "A project of the workspace is called b too",
        ),
    ] {
        let before = held(manifest, settings, overrides, "1.0.0");
        let plan = plan(OVERRIDE, &world, &before, &[wish("b", "1.0.0")]);
        let said = &plan.blocked[0].reason;
        assert!(said.contains(reason), "{said}");
        assert!(plan.overrides.is_empty());
    }
    // pnpm writes an override into what packages expect beside them.
    let world = World::of("a 1.0.0: b ~1.0.0, e ^1.0.0\nb 1.0.0\nb 1.1.0\ne 1.0.0: peer b 1.0.0 || 1.1.0");
    let importers = "  .:\n    dependencies:\n      a:\n        specifier: ^1.0.0\n        version: 1.0.0\n";
    let text = lock(
        importers,
        "e@1.0.0\n    peerDependencies:\n      b: 1.0.0 || 1.1.0",
        "  a@1.0.0:\n    dependencies:\n      b: 1.0.0\n      e: 1.0.0(b@1.0.0)\n\n  b@1.0.0: {}\n\n  e@1.0.0(b@1.0.0):\n    dependencies:\n      b: 1.0.0\n",
    );
    let mut before = files(json!({"a": "^1.0.0"}), text);
    before.insert(
        "package.json".to_owned(),
        json!({"packageManager": "pnpm@10.0.0", "dependencies": {"a": "^1.0.0"}}).to_string(),
    );
    let plan = plan(OVERRIDE, &world, &before, &[wish("b", "1.0.0")]);
    let said = &plan.blocked[0].reason;
    assert!(said.contains("e@1.0.0 expects it beside itself"), "{said}");
}
