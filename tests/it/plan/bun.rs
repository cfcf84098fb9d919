//! What is particular to Bun: places that follow from who needs what, and what is not edited.

use lockkeeper::model::TreePath;
use lockkeeper::plan::Manifests;
use lockkeeper::relock::bun_lock::BunLock;
use lockkeeper::relock::{Refused, Relock as _};
use lockkeeper::version::Distance;

use super::bun_worlds::planned;
use super::npm_world::{Asked, World, told};

const WORLD: &str = "
    a 1.0.0: c ^1.0.0
    c 1.0.0
    c 1.0.1
    c 2.0.0
    c 2.1.0
    d 1.0.0: e ^1.0.0
    d 1.0.1
    e 1.0.0
";

fn line(key: &str, said: &str, needs: &str) -> String {
    let info = match needs {
        "" => "{}".to_owned(),
        needs => format!("{{ \"dependencies\": {{ {needs} }} }}"),
    };
    let hash = said.replace('@', "-");
    format!("    \"{key}\": [\"{said}\", \"\", {info}, \"sha512-{hash}\"],\n")
}

/// A lockfile: what the projects ask for, what stands behind that, and the entries.
fn lock(workspaces: &str, more: &str, entries: &[String]) -> String {
    format!(
        "{{\n  \"lockfileVersion\": 1,\n  \"workspaces\": {{\n{workspaces}  }},\n{more}  \"packages\": {{\n{}  }}\n}}\n",
        entries.join("\n")
    )
}

fn root(needs: &str) -> String {
    format!(
        "    \"\": {{\n      \"name\": \"project\",\n      \"dependencies\": {{\n        {needs},\n      }},\n    }},\n"
    )
}

/// What is planned for a flaw, and the lockfile after it.
fn fixed(
    text: &str,
    flaw: (&str, &str),
    manifest: &str,
) -> (Vec<String>, Vec<String>, Result<String, Refused>) {
    let world = World::of(WORLD);
    let asked = Asked {
        flaws: &[flaw],
        level: Distance::Major,
        manifests: Manifests::Change,
    };
    let plan = planned(&world, text, &asked);
    let path = TreePath::new("bun.lock").expect("a path");
    let edited = BunLock.edit(&path, text, &plan, &|_| Some(manifest.to_owned()));
    let reasons = plan.blocked.iter().map(|blocked| blocked.reason.clone());
    (
        told(&plan),
        reasons.collect(),
        edited.map(|files| files[0].after.clone()),
    )
}

#[test]
fn what_bun_would_write_otherwise_is_not_edited() {
    let needs = root("\"a\": \"^1.0.0\"");
    let text = lock(
        &needs,
        "",
        &[
            line("a", "a@1.0.0", "\"c\": \"^1.0.0\""),
            line("a/c", "c@1.0.0", ""),
        ],
    );
    let (told, _, after) = fixed(&text, ("c", "1.0.1"), "{}");
    assert_eq!(told, ["c 1.0.0 → 1.0.1 (in_range)"]);
    let reason = after.expect_err("it is at another place").0;
    assert!(reason.contains("bun install --lockfile-only"), "{reason}");
}

#[test]
fn a_patched_package_stays() {
    let text = lock(
        &root("\"c\": \"^1.0.0\""),
        "  \"patchedDependencies\": {\n    \"c@1.0.0\": \"patches/c.patch\",\n  },\n",
        &[line("c", "c@1.0.0", "")],
    );
    let (_, reasons, _) = fixed(&text, ("c", "1.0.1"), "{}");
    assert_eq!(reasons, ["c 1.0.0 stays: the project patches this version."]);
}

#[test]
fn versions_move_inside_of_the_range_of_a_catalog() {
    let text = lock(
        &root("\"c\": \"catalog:\""),
        "  \"catalog\": {\n    \"c\": \"^1.0.0\",\n  },\n",
        &[line("c", "c@1.0.0", "")],
    );
    let manifest = r#"{"dependencies": {"c": "catalog:"}}"#;
    let (_, _, after) = fixed(&text, ("c", "1.0.1"), manifest);
    assert_eq!(
        after.expect("an edit"),
        text.replace("c@1.0.0", "c@1.0.1").replace("c-1.0.0", "c-1.0.1")
    );
    let (_, _, after) = fixed(&text, ("c", "1.5.0"), manifest);
    let reason = after.expect_err("it is out of its range").0;
    assert_eq!(
        reason,
        "A catalog says the range of c: change it there, then run `bun install`."
    );
}

#[test]
fn a_workspace_has_a_place_of_its_own() {
    let workspaces = |range: &str| {
        let one = format!(
            "    \"packages/one\": {{\n      \"name\": \"one\",\n      \"dependencies\": {{\n        \"c\": \"{range}\",\n      }},\n    }},\n"
        );
        root("\"c\": \"^2.0.0\"") + &one
    };
    let entries = |version: &str| {
        [
            line("c", "c@2.1.0", ""),
            "    \"one\": [\"one@workspace:packages/one\"],\n".to_owned(),
            line("one/c", &format!("c@{version}"), ""),
        ]
    };
    let before = lock(&workspaces("^1.0.0"), "", &entries("1.0.0"));
    let (_, _, after) = fixed(&before, ("c", "1.0.1"), "{}");
    assert_eq!(
        after.expect("an edit"),
        lock(&workspaces("^1.0.0"), "", &entries("1.0.1"))
    );
    let (_, _, after) = fixed(&before, ("c", "1.5.0"), r#"{"dependencies": {"c": "^1.0.0"}}"#);
    let both = [
        line("c", "c@2.1.0", ""),
        "    \"one\": [\"one@workspace:packages/one\"],\n".to_owned(),
        line("one/c", "c@2.0.0", ""),
    ];
    assert_eq!(after.expect("an edit"), lock(&workspaces("^2.0.0"), "", &both));
}

#[test]
fn what_is_trusted_does_not_leave() {
    let text = lock(
        &root("\"d\": \"^1.0.0\""),
        "  \"trustedDependencies\": [\n    \"e\",\n  ],\n",
        &[
            line("d", "d@1.0.0", "\"e\": \"^1.0.0\""),
            line("e", "e@1.0.0", ""),
        ],
    );
    let (_, _, after) = fixed(&text, ("d", "1.0.1"), "{}");
    let reason = after.expect_err("e leaves").0;
    assert!(reason.starts_with("`trustedDependencies` name e"), "{reason}");
}
