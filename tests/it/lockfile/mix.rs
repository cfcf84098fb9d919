//! `mix.lock`: what no prefix may hide, and what of a `mix.exs` is understood.

use std::path::Path;

use lockkeeper::lockfile::mix_lock::project;
use lockkeeper::lockfile::{self, Upgrade, UpgradeCommand};
use lockkeeper::model::{Cost, Scope};

use crate::support::memory_tree::{MemoryTree, tree_path};

#[test]
fn a_cut_mix_lock_is_blind() {
    let fixtures = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/lockfile/mix_lock");
    let format = lockfile::format("mix.lock").expect("the format");
    for case in ["project", "old-list", "old-tuples", "crlf", "empty"] {
        let tree = MemoryTree::from_folder(&fixtures.join(case));
        let text = std::fs::read_to_string(fixtures.join(case).join("mix.lock")).expect("a lockfile");
        let is_blind = |text: &str| {
            let reading = lockfile::read(format, &tree_path("mix.lock"), text.as_bytes(), &tree);
            reading
                .parsed
                .problems
                .iter()
                .any(|problem| problem.cost == Cost::Blind)
        };
        assert!(!is_blind(&text), "{case}");
        for cut in 0..text.trim_end().len() {
            assert!(is_blind(&text[..cut]), "{case}: cut at {cut}");
        }
    }
}

#[test]
fn a_literal_list_of_dependencies_is_understood() {
    let file = |deps: &str, body: &str| {
        format!(
            "defmodule A do\n  def project do\n    [\n      app: :a,\n      deps: {deps}\n    ]\n  end\n\n  defp deps do\n{body}\n  end\nend\n"
        )
    };
    let shown = |text: &str| {
        let project = project::read(text)?;
        let dependencies = project.dependencies.iter().map(|asked| {
            let scope = match asked.scope {
                Scope::Dev => " dev",
                Scope::Runtime | Scope::Build | Scope::Optional => "",
            };
            let folder = if asked.is_folder { " folder" } else { "" };
            format!("{} {}{scope}{folder}", asked.app, asked.requirement)
        });
        Some(dependencies.collect::<Vec<_>>().join(", "))
    };
    for (body, expected) in [
        ("    [{:a, \"~> 1.0\"}]", Some("a ~> 1.0")),
        ("    []", Some("")),
        (
            "    [\n      # {:z, \"1\"},\n      {:a, \"~> 1.0\", only: :test},\n      {:b, [path: \"../b\"]},\n      {:c, \">= 0.0.0\", [only: [:dev, :test]]}\n    ]",
            Some("a ~> 1.0 dev, b  folder, c >= 0.0.0 dev"),
        ),
        (
            "    [\n      {:a, \"~> 1.0\", runtime: Mix.env() == :dev},\n      {:b, \"~> 1.0\", only: env()},\n      {:c, \"1.0.0\", only: [:dev, :staging]}\n    ]",
            Some("a ~> 1.0, b ~> 1.0, c 1.0.0"),
        ),
        ("    [a: \"~> 1.0\"]", Some("a ~> 1.0")),
        // What is computed may ask for anything.
        ("    [{:a, \"~> 1.0\", only: :test}] ++ more()", None),
        ("    more([{:a, \"~> 1.0\", only: :test}])", None),
        ("    list = [{:a, \"~> 1.0\", only: :test}]\n    list", None),
        (
            "    [\n      {:a, \"~> 1.0\", runtime: Mix.env() == :dev}, {:b, \"1.0.0\"},\n    ]",
            None,
        ),
        (
            "    [\n      more(),\n      {:b, \"1.0.0\", only: :test}\n    ]",
            None,
        ),
        ("    [\n      {name(), \"1.0.0\"}\n    ]", None),
    ] {
        assert_eq!(shown(&file("deps()", body)).as_deref(), expected, "{body}");
    }
    let body = "    [{:a, \"~> 1.0\", only: :test}]";
    assert_eq!(shown(&file("deps", body)).as_deref(), Some("a ~> 1.0 dev"));
    for deps in ["deps() ++ more()", "deps(:prod)", "more()", "[]"] {
        assert_eq!(shown(&file(deps, body)), None, "{deps}");
    }
    let umbrella = file("deps()", body).replace("app: :a", "apps_path: \"apps\"");
    assert_eq!(shown(&umbrella), None);
    let two = file("deps()", body).replace("app: :a", "deps: deps()");
    assert_eq!(shown(&two), None);
    let clauses = file("deps()", body).replace("  defp deps do", "  defp deps(_), do: []\n  defp deps do");
    assert_eq!(shown(&clauses), None);
}

#[test]
fn the_command_is_that_of_mix() {
    let format = lockfile::format("mix.lock").expect("the format");
    let upgrade = Upgrade {
        name: "plug",
        from: "1.15.2",
        to: "1.15.3",
        direct: true,
        file_name: "mix.lock",
        by: None,
    };
    let command = UpgradeCommand::Run("mix deps.update plug".to_owned());
    assert_eq!(format.upgrade_command(&upgrade), command);
}
