#!/usr/bin/env bash
# The crate globset 0.4.22 (the one that ignore 0.4.34 gets).
#
# Its documentation says that `?` matches any single character, and `[ab]` one of two characters. Both match single bytes: a
# character beyond ASCII, two bytes and more, matches no class in which it stands, and `?` neither. Two classes in a row do match it. No
# error tells so when the glob is built.
#
# Seen: the lines at the end. Fails if that changes.
set -euo pipefail

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
export CARGO_TARGET_DIR=$folder/target
cd "$folder"
mkdir -p ask/src

cat >ask/Cargo.toml <<'TOML'
[package]
name = "ask"
version = "1.0.0"
edition = "2021"

[dependencies]
globset = "=0.4.22"

[workspace]
TOML
cat >ask/src/main.rs <<'RUST'
use globset::Glob;

fn main() {
    for (glob, name) in [("[a]", "a"), ("ä", "ä"), ("[ä]", "ä"), ("?", "ä"), ("[ä][ä]", "ä")] {
        println!("{glob} and {name}: {}", Glob::new(glob).unwrap().compile_matcher().is_match(name));
    }
}
RUST
expected='[a] and a: true
ä and ä: true
[ä] and ä: false
? and ä: false
[ä][ä] and ä: true'
seen=$(cargo run --quiet --manifest-path ask/Cargo.toml)
echo "$seen"
[ "$seen" = "$expected" ] || { printf 'this was\n%s\n' "$expected" >&2; exit 1; }
