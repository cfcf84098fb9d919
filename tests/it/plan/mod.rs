//! Plans and the edits that they make.

mod bun;
mod bun_worlds;
mod bundler;
mod bundler_world;
mod bundler_worlds;
mod cargo_world;
mod cargo_worlds;
mod composer;
mod composer_world;
mod composer_worlds;
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

use proptest::test_runner::{Config, RngSeed};

/// Random worlds that a test plans in: the same `few` on every run, or as many as `LOCKKEEPER_WORLDS` says, others each time.
fn worlds(few: u32) -> Config {
    let asked = std::env::var("LOCKKEEPER_WORLDS").ok();
    Config {
        rng_seed: match asked {
            Some(_) => RngSeed::Random,
            None => RngSeed::Fixed(1),
        },
        cases: asked.map_or(few, |number| number.parse().expect("a number of worlds")),
        max_global_rejects: 100_000_000,
        ..Config::default()
    }
}
