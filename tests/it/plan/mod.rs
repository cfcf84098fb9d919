//! Plans and the edits that they make.

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
mod python;
mod python_pipfile;
mod python_poetry;
mod python_uv;
mod python_world;
mod python_worlds;
mod registered;
