//! Plans and edits of pipenv's lockfiles.

use lockkeeper::plan::Manifests;
use sha2::{Digest as _, Sha256};

use super::python_world::{Asked, Files, Planned, World, pipfile_lock, told};

const WORLD: &str = "
    web 1.0 python>=3.7: form>=1,<2 | color ; sys_platform == 'win32' | fast ; extra == 'speed'
    web 1.1 python>=3.8: form>=1,<2 | color ; sys_platform == 'win32' | fast>=2 ; extra == 'speed'
    web 2.0 python>=3.8,!=3.9.*: form>=2 | color ; sys_platform == 'win32' | tiny ; python_version < '3.12' | fast ; extra == 'speed'
    form 1.0 python>=3.7: pad
    form 1.1 python>=3.7: pad
    form 2.0:
    pad 1.0:
    tiny 1.0 python>=3.6:
    fast 1.0:
    fast 2.0:
    test 1.0: form
    test 1.1: form>=1.1 | tiny
";

const SEVEN: &str = "            \"markers\": \"python_version >= '3.7'\",\n";
const WEB: [&str; 2] = [
    "            \"index\": \"own\",\n            \"markers\": \"python_version >= '3.7'\",\n",
    "            \"index\": \"own\",\n            \"markers\": \"python_version >= '3.8'\",\n",
];

const LOCKED: [(&str, &str); 5] = [
    ("fast", "1.0"),
    ("form", "1.0"),
    ("pad", "1.0"),
    ("test", "1.0"),
    ("web", "1.0"),
];

fn manifest(range: &str) -> String {
    format!(
        "[packages]\nWeb = {{version = \"{range}\", extras = [\"speed\"]}} # ours\n\n[dev-packages]\ntest = \"*\"\n"
    )
}

/// The hash of [`manifest`], names in their one spelling or as written.
fn hash(name: &str, range: &str) -> String {
    hex::encode(Sha256::digest(format!(
        "{{\"_meta\":{{\"requires\":{{}},\"sources\":{{}}}},\"default\":{{\"{name}\":{{\"extras\":[\"speed\"],\"version\":\"{range}\"}}}},\"develop\":{{\"test\":\"*\"}}}}"
    )))
}

fn before(hash: &str) -> String {
    let default = [
        ("fast", "1.0", ""),
        ("form", "1.0", SEVEN),
        ("pad", "1.0", ""),
        ("web", "1.0", WEB[0]),
    ];
    let develop = [("form", "1.0", SEVEN), ("pad", "1.0", ""), ("test", "1.0", "")];
    pipfile_lock(hash, &default, &develop)
}

fn plan(files: &Files, asked: &Asked<'_>) -> Planned {
    files.plan("Pipfile.lock", &World::of(WORLD), asked, &LOCKED)
}

fn flaws<'a>(flaws: &'a [(&'a str, &'a str)]) -> Asked<'a> {
    Asked {
        flaws,
        ..Asked::default()
    }
}

#[test]
fn a_package_moves_with_its_hashes_in_every_category() {
    let text = before("00");
    let files = Files::of(&[("Pipfile.lock", &text), ("Pipfile", &manifest("*"))]);
    let planned = plan(&files, &flaws(&[("form", "1.1")]));
    assert_eq!(told(&planned.plan), ["form 1.0 → 1.1 (in_range)"]);
    let default = [
        ("fast", "1.0", ""),
        ("form", "1.1", SEVEN),
        ("pad", "1.0", ""),
        ("web", "1.0", WEB[0]),
    ];
    let develop = [("form", "1.1", SEVEN), ("pad", "1.0", ""), ("test", "1.0", "")];
    let after = pipfile_lock("00", &default, &develop);
    assert_eq!(planned.text(&files, "Pipfile.lock"), after);
    let files = Files::of(&[
        ("Pipfile.lock", &text.replace('\n', "\r\n")),
        ("Pipfile", &manifest("*")),
    ]);
    let planned = plan(&files, &flaws(&[("form", "1.1")]));
    assert_eq!(planned.text(&files, "Pipfile.lock"), after.replace('\n', "\r\n"));
}

#[test]
fn markers_follow_the_pythons_and_extras_what_they_need() {
    let files = Files::of(&[("Pipfile.lock", &before("00")), ("Pipfile", &manifest("*"))]);
    let planned = plan(&files, &flaws(&[("web", "1.1")]));
    assert_eq!(
        told(&planned.plan),
        ["web 1.0 → 1.1 (in_range)", "~ fast 1.0 → 2.0"]
    );
    let default = [
        ("fast", "2.0", ""),
        ("form", "1.0", SEVEN),
        ("pad", "1.0", ""),
        ("web", "1.1", WEB[1]),
    ];
    let develop = [("form", "1.0", SEVEN), ("pad", "1.0", ""), ("test", "1.0", "")];
    assert_eq!(
        planned.text(&files, "Pipfile.lock"),
        pipfile_lock("00", &default, &develop)
    );
}

#[test]
fn what_comes_in_stands_where_it_is_needed_and_what_nothing_needs_leaves() {
    let files = Files::of(&[("Pipfile.lock", &before("00")), ("Pipfile", &manifest("*"))]);
    let planned = plan(&files, &flaws(&[("web", "2.0")]));
    assert_eq!(
        told(&planned.plan),
        [
            "web 1.0 → 2.0 (in_range)",
            "~ form 1.0 → 2.0",
            "- pad 1.0",
            "+ tiny 1.0"
        ]
    );
    let web = "            \"index\": \"own\",\n            \"markers\": \"python_version >= '3.8' and python_version != '3.9'\",\n";
    let tiny = "            \"markers\": \"python_version >= '3.6'\",\n";
    let default = [
        ("fast", "1.0", ""),
        ("form", "2.0", ""),
        ("tiny", "1.0", tiny),
        ("web", "2.0", web),
    ];
    let develop = [("form", "2.0", ""), ("test", "1.0", "")];
    assert_eq!(
        planned.text(&files, "Pipfile.lock"),
        pipfile_lock("00", &default, &develop)
    );
    // In the other category.
    let planned = plan(&files, &flaws(&[("test", "1.1")]));
    assert_eq!(
        told(&planned.plan),
        ["test 1.0 → 1.1 (in_range)", "~ form 1.0 → 1.1", "+ tiny 1.0"]
    );
    let default = [
        ("fast", "1.0", ""),
        ("form", "1.1", SEVEN),
        ("pad", "1.0", ""),
        ("web", "1.0", WEB[0]),
    ];
    let develop = [
        ("form", "1.1", SEVEN),
        ("pad", "1.0", ""),
        ("test", "1.1", ""),
        ("tiny", "1.0", tiny),
    ];
    assert_eq!(
        planned.text(&files, "Pipfile.lock"),
        pipfile_lock("00", &default, &develop)
    );
}

#[test]
fn a_range_moves_in_the_pipfile_with_the_hash() {
    for name in ["web", "Web"] {
        let text = before(&hash(name, "==1.0"));
        let files = Files::of(&[("Pipfile.lock", &text), ("Pipfile", &manifest("==1.0"))]);
        let asked = flaws(&[("web", "1.1")]);
        let planned = plan(&files, &asked);
        assert_eq!(
            told(&planned.plan),
            [
                "web 1.0 → 1.1 (manifest)",
                "~ fast 1.0 → 2.0",
                "Pipfile asks Web ==1.0 → ==1.1"
            ]
        );
        assert_eq!(planned.text(&files, "Pipfile"), manifest("==1.1"));
        let after = planned.text(&files, "Pipfile.lock");
        assert!(after.contains(&hash(name, "==1.1")), "{after}");
        let keep = Asked {
            manifests: Manifests::Keep,
            ..asked
        };
        assert!(plan(&files, &keep).plan.moves.is_empty());
    }
    let files = Files::of(&[("Pipfile.lock", &before("00")), ("Pipfile", &manifest("==1.0"))]);
    let refused = plan(&files, &flaws(&[("web", "1.1")]))
        .edited
        .expect_err("a refusal");
    assert!(
        refused
            .0
            .starts_with("The hash in the lockfile is not the one of the Pipfile"),
        "{refused}"
    );
}

#[test]
fn what_pipenv_would_not_write_is_refused() {
    let text = before("00").replace(
        "\"version\": \"==1.0\"\n        },\n        \"pad\"",
        "\"version\":  \"==1.0\"\n        },\n        \"pad\"",
    );
    let files = Files::of(&[("Pipfile.lock", &text), ("Pipfile", &manifest("*"))]);
    let refused = plan(&files, &flaws(&[("form", "1.1")]))
        .edited
        .expect_err("a refusal");
    assert_eq!(refused.0, "The entry of form is not as pipenv writes it.");
    // A package of a repository stays.
    let text = before("00").replace(
        "            \"markers\": \"python_version >= '3.7'\",\n            \"version\": \"==1.0\"\n        },\n        \"pad\"",
        "            \"git\": \"https://forge.example/form.git\",\n            \"ref\": \"0123\",\n            \"version\": \"==1.0\"\n        },\n        \"pad\"",
    );
    let files = Files::of(&[("Pipfile.lock", &text), ("Pipfile", &manifest("*"))]);
    assert_eq!(
        told(&plan(&files, &flaws(&[("form", "1.1")])).plan),
        ["stays form 1.0: form 1.0 stays: it does not come from an index. []"]
    );
}
