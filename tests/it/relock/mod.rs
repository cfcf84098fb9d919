//! Edits of lockfiles.

mod there_and_back;
mod there_and_back_bun;
mod there_and_back_composer;
mod there_and_back_gems;
mod there_and_back_pnpm;
mod there_and_back_python;
mod there_and_back_yarn;
