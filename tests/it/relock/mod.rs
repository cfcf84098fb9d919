//! Edits of lockfiles.

mod there_and_back;
