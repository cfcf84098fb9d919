#!/usr/bin/env bash
# The crate ignore 0.4.34 with globset 0.4.22, and git 2.39.5.
#
# git knows no alternatives in braces: the line `web{a,b}` of .gitignore is the name of one file. The crate, which says that it reads
# .gitignore, takes it for `weba` and `webb`. A program that walks a tree with the crate passes over what git tracks, and
# walks what git leaves out.
#
# Seen: git ignores `web{a,b}` alone, the crate ignores `weba` alone. Fails if they agree.
set -euo pipefail

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
export CARGO_TARGET_DIR=$folder/target
export GIT_CONFIG_GLOBAL=/dev/null GIT_CONFIG_NOSYSTEM=1
cd "$folder"
mkdir -p ask/src tree

cat >ask/Cargo.toml <<'TOML'
[package]
name = "ask"
version = "1.0.0"
edition = "2021"

[dependencies]
ignore = "=0.4.34"
globset = "=0.4.22"

[workspace]
TOML
cat >ask/src/main.rs <<'RUST'
use ignore::gitignore::Gitignore;

fn main() {
    let (rules, problem) = Gitignore::new(".gitignore");
    assert!(problem.is_none());
    for name in std::env::args().skip(1) {
        if rules.matched(&name, false).is_ignore() {
            println!("{name}");
        }
    }
}
RUST
cargo build --quiet --manifest-path ask/Cargo.toml

cd tree
git init --quiet
echo 'web{a,b}' >.gitignore
expect() { # WHO SEEN NOW
    echo "$1 ignores: $3"
    [ "$2" = "$3" ] || { echo "this was $2" >&2; exit 1; }
}
expect git 'web{a,b}' "$(git check-ignore 'weba' 'web{a,b}')"
expect 'the crate' weba "$("$CARGO_TARGET_DIR/debug/ask" 'weba' 'web{a,b}')"
