//! Plans and the edits that they make.

mod bundler;
mod bundler_world;
mod bundler_worlds;
mod cargo_world;
mod cargo_worlds;
mod go;
mod go_world;
mod go_worlds;
mod maven;
mod maven_world;
mod maven_worlds;
mod npm;
pub(crate) mod npm_world;
mod npm_worlds;
mod pnpm;
mod pnpm_worlds;
mod python;
mod python_pdm;
mod python_pipfile;
mod python_poetry;
mod python_uv;
mod python_world;
mod python_worlds;
mod registered;
mod yarn;
mod yarn_world;
mod yarn_worlds;

/// Random worlds that a test plans in: `few`, or so many as `LOCKKEEPER_WORLDS` says.
fn worlds(few: u32) -> proptest::test_runner::Config {
    let asked = std::env::var("LOCKKEEPER_WORLDS").ok();
    proptest::test_runner::Config {
        cases: asked.map_or(few, |number| number.parse().expect("a number of worlds")),
        max_global_rejects: 100_000_000,
        ..proptest::test_runner::Config::default()
    }
}
