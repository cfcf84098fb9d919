//! Plans and edits of uv's lockfiles.

use lockkeeper::plan::Manifests;

use super::python_world::{Asked, Files, Planned, World, told, uv_package};

const WORLD: &str = "
    web 1.0: form>=1,<2 | color ; sys_platform == 'win32' | old ; python_version < '3.8' | fast ; extra == 'speed'
    web 1.1: form>=1,<2 | color ; sys_platform == 'win32' | fast>=2 ; extra == 'speed'
    web 2.0: form>=2 | color ; sys_platform == 'win32' and python_version >= '3.8' | tiny ; python_version < '3.11' | fast ; extra == 'speed'
    form 1.0:
    form 1.1:
    form 2.0:
    color 1.0:
    tiny 1.0:
    tiny 1.1 python>=3.10:
    fast 1.0:
    fast 2.0:
    old 1.0:
";

const HEAD: &str = "version = 1\nrevision = 3\nrequires-python = \">=3.9\"\n";

fn own(edges: &str, asks: &str) -> String {
    format!(
        "\n[[package]]\nname = \"shop\"\nversion = \"1.0\"\nsource = {{ virtual = \".\" }}\ndependencies = [\n{edges}]\n\n[package.metadata]\nrequires-dist = [{asks}]\n"
    )
}

fn web(version: &str, edges: &str, fast: &str) -> String {
    let plain = uv_package("web", version, &["EDGES".to_owned()]);
    let plain = plain.replace("    { name = \"EDGES\" },\n", edges);
    format!("{plain}\n[package.optional-dependencies]\nspeed = [\n{fast}]\n")
}

const COLOR: &str = "    { name = \"color\", marker = \"sys_platform == 'win32'\" },\n";
const FORM: &str = "    { name = \"form\" },\n";
const FAST: &str = "    { name = \"fast\" },\n";
const WEB: &str = "    { name = \"web\", extra = [\"speed\"] },\n";

fn lock(color: &str, fast: &str, form: &str, tiny: Option<&str>, web: &str, range: &str) -> String {
    let package = |name: &str, version: &str| uv_package(name, version, &[]);
    let asks = format!("{{ name = \"web\", extras = [\"speed\"], specifier = \"{range}\" }}");
    [
        HEAD.to_owned(),
        package("color", color),
        package("fast", fast),
        package("form", form),
        own(WEB, &asks),
        tiny.map(|version| package("tiny", version)).unwrap_or_default(),
        web.to_owned(),
    ]
    .concat()
}

fn plan(files: &Files, asked: &Asked<'_>, locked: &[(&str, &str)]) -> Planned {
    files.plan("uv.lock", &World::of(WORLD), asked, locked)
}

const LOCKED: [(&str, &str); 4] = [("color", "1.0"), ("fast", "1.0"), ("form", "1.0"), ("web", "1.0")];

#[test]
fn a_package_moves_with_its_files_and_edges() {
    let before = lock(
        "1.0",
        "1.0",
        "1.0",
        None,
        &web("1.0", &format!("{COLOR}{FORM}"), FAST),
        ">=1",
    );
    let files = Files::of(&[("uv.lock", &before)]);
    let asked = Asked {
        flaws: &[("web", "1.1")],
        ..Asked::default()
    };
    let planned = plan(&files, &asked, &LOCKED);
    assert_eq!(
        told(&planned.plan),
        ["web 1.0 → 1.1 (in_range)", "~ fast 1.0 → 2.0"]
    );
    let after = lock(
        "1.0",
        "2.0",
        "1.0",
        None,
        &web("1.1", &format!("{COLOR}{FORM}"), FAST),
        ">=1",
    );
    assert_eq!(planned.text(&files, "uv.lock"), after);
    // The same with other line ends.
    let files = Files::of(&[("uv.lock", &before.replace('\n', "\r\n"))]);
    assert_eq!(
        plan(&files, &asked, &LOCKED).text(&files, "uv.lock"),
        after.replace('\n', "\r\n")
    );
}

#[test]
fn what_comes_in_has_the_marker_of_its_need() {
    let before = lock(
        "1.0",
        "1.0",
        "1.0",
        None,
        &web("1.0", &format!("{COLOR}{FORM}"), FAST),
        ">=1",
    );
    let files = Files::of(&[("uv.lock", &before)]);
    let asked = Asked {
        flaws: &[("web", "2.0")],
        ..Asked::default()
    };
    let planned = plan(&files, &asked, &LOCKED);
    // A Python of the project that needs it does not run the newest.
    assert_eq!(
        told(&planned.plan),
        ["web 1.0 → 2.0 (in_range)", "~ form 1.0 → 2.0", "+ tiny 1.0"]
    );
    let tiny = "    { name = \"tiny\", marker = \"python_full_version < '3.11'\" },\n";
    let after = lock(
        "1.0",
        "1.0",
        "2.0",
        Some("1.0"),
        &web("2.0", &format!("{COLOR}{FORM}{tiny}"), FAST),
        ">=1",
    );
    assert_eq!(planned.text(&files, "uv.lock"), after);
}

#[test]
fn a_range_moves_in_the_manifest_and_where_the_lockfile_repeats_it() {
    let manifest = "[project]\nname = \"shop\"\ndependencies = [\"web[speed] <1.1,>=1\"]\n";
    let before = lock(
        "1.0",
        "1.0",
        "1.0",
        None,
        &web("1.0", &format!("{COLOR}{FORM}"), FAST),
        ">=1,<1.1",
    );
    let files = Files::of(&[("uv.lock", &before), ("pyproject.toml", manifest)]);
    let asked = Asked {
        flaws: &[("web", "1.1")],
        ..Asked::default()
    };
    let planned = plan(&files, &asked, &LOCKED);
    assert_eq!(
        told(&planned.plan),
        [
            "web 1.0 → 1.1 (manifest)",
            "~ fast 1.0 → 2.0",
            "pyproject.toml asks web >=1,<1.1 → >=1,<1.2",
        ]
    );
    let after = lock(
        "1.0",
        "2.0",
        "1.0",
        None,
        &web("1.1", &format!("{COLOR}{FORM}"), FAST),
        ">=1,<1.2",
    );
    assert_eq!(planned.text(&files, "uv.lock"), after);
    assert_eq!(
        planned.text(&files, "pyproject.toml"),
        manifest.replace("<1.1", "<1.2")
    );
    let keep = Asked {
        manifests: Manifests::Keep,
        ..asked
    };
    assert!(plan(&files, &keep, &LOCKED).plan.moves.is_empty());
    // Another text in the manifest than the lockfile repeats.
    let files = Files::of(&[
        ("uv.lock", &before),
        ("pyproject.toml", &manifest.replace("<1.1", "<1.3")),
    ]);
    let refused = plan(&files, &asked, &LOCKED).edited.expect_err("a refusal");
    assert!(
        refused
            .0
            .starts_with("pyproject.toml does not ask for what the lockfile repeats"),
        "{refused}"
    );
}

#[test]
fn edges_to_forks_follow_them() {
    let world = World::of(
        "top 1.0: a\na 1.0 python>=3.8:\na 1.1 python>=3.8:\na 2.0 python>=3.10:\na 2.1 python>=3.10:",
    );
    let source = "source = { registry = \"https://registry.example/simple\" }";
    let fork = |version: &str, marker: &str| {
        let plain = uv_package("a", version, &[]);
        plain.replace(
            source,
            &format!("{source}\nresolution-markers = [\n    \"{marker}\",\n]"),
        )
    };
    let edge = |version: &str, marker: &str| {
        format!("    {{ name = \"a\", version = \"{version}\", {source}, marker = \"{marker}\" }},\n")
    };
    let (low, high) = ("python_full_version < '3.10'", "python_full_version >= '3.10'");
    let lock = |first: &str, second: &str| {
        let edges = format!("{}{}", edge(first, low), edge(second, high));
        let top =
            uv_package("top", "1.0", &["EDGES".to_owned()]).replace("    { name = \"EDGES\" },\n", &edges);
        [
            HEAD.to_owned(),
            fork(first, low),
            fork(second, high),
            own(
                &format!("{edges}    {{ name = \"top\" }},\n"),
                "{ name = \"a\" }, { name = \"top\" }",
            ),
            top,
        ]
        .concat()
    };
    let files = Files::of(&[("uv.lock", &lock("1.0", "2.0"))]);
    let asked = Asked {
        flaws: &[("a", "2.1")],
        ..Asked::default()
    };
    let planned = files.plan("uv.lock", &world, &asked, &[("a", "1.0"), ("a", "2.0")]);
    assert_eq!(
        told(&planned.plan),
        [
            "a 2.0 → 2.1 (in_range)",
            "stays a 1.0: a 2.1 would help, and needs Python >=3.10, more than the project asks for. []",
        ]
    );
    assert_eq!(planned.text(&files, "uv.lock"), lock("1.0", "2.1"));
}

#[test]
fn what_uv_would_not_write_is_refused() {
    let before = lock(
        "1.0",
        "1.0",
        "1.0",
        None,
        &web("1.0", &format!("{COLOR}{FORM}"), FAST),
        ">=1",
    );
    let asked = Asked {
        flaws: &[("form", "1.1")],
        ..Asked::default()
    };
    let comment = before.replace("name = \"form\"\nversion", "name = \"form\" # mine\nversion");
    let files = Files::of(&[("uv.lock", &comment)]);
    let refused = plan(&files, &asked, &LOCKED).edited.expect_err("a refusal");
    assert_eq!(refused.0, "The entry of form is not as uv writes it.");
    // A package from elsewhere stays.
    let git = before.replace(
        "name = \"form\"\nversion = \"1.0\"\nsource = { registry = \"https://registry.example/simple\" }",
        "name = \"form\"\nversion = \"1.0\"\nsource = { git = \"https://forge.example/form\" }",
    );
    let files = Files::of(&[("uv.lock", &git)]);
    assert_eq!(
        told(&plan(&files, &asked, &LOCKED).plan),
        ["stays form 1.0: form 1.0 stays: it does not come from an index. []"]
    );
    // So does what the settings override.
    let overridden = before.replacen(
        "\n\n[[package]]",
        "\n\n[manifest]\noverrides = [{ name = \"form\", specifier = \"==1.0\" }]\n\n[[package]]",
        1,
    );
    let files = Files::of(&[("uv.lock", &overridden)]);
    assert_eq!(
        told(&plan(&files, &asked, &LOCKED).plan),
        ["stays form 1.0: form 1.0 stays: `override-dependencies` decide about it. []"]
    );
}

#[test]
fn an_override_is_the_last_means_and_only_where_it_is_allowed() {
    let world = World::of("app 1.0: jar<1.1\njar 1.0:\njar 1.1:\njar 2.0:");
    let lock = |manifest: &str, jar: &str| {
        let needs = |names: &[&str]| {
            names
                .iter()
                .map(|name| (*name).to_owned())
                .collect::<Vec<String>>()
        };
        [
            HEAD.to_owned(),
            manifest.to_owned(),
            uv_package("app", "1.0", &needs(&["jar"])),
            uv_package("jar", jar, &[]),
            own("    { name = \"app\" },\n", "{ name = \"app\" }"),
        ]
        .concat()
    };
    let pyproject = "[project]\nname = \"shop\"\nversion = \"1.0\"\ndependencies = [\"app\"]\n";
    let before = lock("", "1.0");
    let files = Files::of(&[("uv.lock", &before), ("pyproject.toml", pyproject)]);
    let asked = |manifests| Asked {
        flaws: &[("jar", "1.1")],
        manifests,
        ..Asked::default()
    };
    let locked = [("app", "1.0"), ("jar", "1.0")];
    let kept = files.plan("uv.lock", &world, &asked(Manifests::Change), &locked);
    assert!(kept.plan.moves.is_empty());
    let reason = &kept.plan.blocked[0].reason;
    assert!(reason.contains("With `override` in `fix.allow`"), "{reason}");

    let planned = files.plan("uv.lock", &world, &asked(Manifests::Override), &locked);
    assert_eq!(told(&planned.plan), ["jar 1.0 → 1.1 (override)"]);
    let manifest = "\n[manifest]\noverrides = [{ name = \"jar\", specifier = \">=1.1,<2\" }]\n";
    assert_eq!(planned.text(&files, "uv.lock"), lock(manifest, "1.1"));
    assert_eq!(
        planned.text(&files, "pyproject.toml"),
        format!("{pyproject}\n[tool.uv]\noverride-dependencies = [\"jar>=1.1,<2\"]\n")
    );

    // uv would take the marker of the need away.
    let before = before.replace("name = \"app\"", "name = \"tool\"");
    let files = Files::of(&[("uv.lock", &before), ("pyproject.toml", pyproject)]);
    let world = World::of("tool 1.0: jar<1.1 ; python_version < '3.11'\njar 1.0:\njar 1.1:");
    let locked = [("tool", "1.0"), ("jar", "1.0")];
    let marked = files.plan("uv.lock", &world, &asked(Manifests::Override), &locked);
    let reason = &marked.plan.blocked[0].reason;
    assert!(reason.contains("tool needs it under a marker"), "{reason}");
}
