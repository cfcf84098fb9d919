#!/usr/bin/env bash
# R 4.6.0 (npm package webr 0.6.0, R as WebAssembly).
#
# `package_version` takes every part of a version that is above 2147483647 for NA, with a warning: a date with a time of day (14 digits) is
# such a part. Two versions with other times are equal, both are below the same version with a 0 there, and `max()` of a list with one of
# them is no version.
#
# Seen: the lines at the end. Fails if that changes.
set -euo pipefail

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
npm install --silent --no-save --ignore-scripts --prefix . webr@0.6.0 ws@8.23.0 xmlhttprequest-ssl@3.1.0 >/dev/null
cat >compare.mjs <<'EOF'
import { WebR } from "webr";
const webR = new WebR({ interactive: false });
await webR.init();
const shelter = await new webR.Shelter();
const answers = await shelter.evalR(`suppressWarnings({
  v <- package_version
  morning <- v("1.20240101080000"); evening <- v("1.20240101200000")
  c(R.version.string,
    paste("equal:", morning == evening),
    paste("below 1.0:", evening < v("1.0")),
    paste("highest with 1.5:", max(v(c("1.20240101080000", "1.5")))))
})`);
console.log((await answers.toArray()).join("\n"));
process.exit(0);
EOF
expected='R version 4.6.0 (2026-04-24)
equal: TRUE
below 1.0: TRUE
highest with 1.5: NA'
seen=$(node compare.mjs)
echo "$seen"
[ "$seen" = "$expected" ] || { printf 'this was\n%s\n' "$expected" >&2; exit 1; }
