#!/usr/bin/env bash
# Deno 2.9.6 (npm package deno), seen with braces 3.0.2 and fill-range.
#
# An override that is added to package.json does nothing where deno.lock has a version already: `deno install` ends with 0, writes the
# override into the part of deno.lock that repeats the manifests, and leaves the package as it was. From then on the file looks as if
# it had been made with the override, and `deno install --frozen` passes. Without a deno.lock the override counts.
#
# Seen: 7.1.1 or above, with the override recorded, and 7.0.1 after deno.lock is gone. Fails if that changes.
set -euo pipefail

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
export HOME=$folder DENO_DIR=$folder/cache DENO_NO_UPDATE_CHECK=1 NO_COLOR=1
cd "$folder"
npm install --silent --no-audit --no-fund --prefix tool deno@2.9.6
deno() { ../tool/node_modules/.bin/deno "$@" --quiet; }
mkdir project
cd project

manifest() { # OVERRIDES
    echo "{\"name\": \"shop\", \"version\": \"1.0.0\", \"dependencies\": {\"braces\": \"3.0.2\"}, \"overrides\": {$1}}"
}
locked() { sed -n 's/^    "fill-range@\(.*\)": {$/\1/p' deno.lock; }
recorded() { grep -cF '"fill-range": "7.0.1"' deno.lock || true; }
expect() { # WHAT SEEN NOW
    echo "$1: $3"
    [ "$2" = "$3" ] || { echo "this was $2" >&2; exit 1; }
}

manifest '' >package.json
deno install
newest=$(locked)
[ "$newest" != 7.0.1 ]
expect 'overrides recorded at first' 0 "$(recorded)"

manifest '"fill-range": "7.0.1"' >package.json
deno install
expect 'overrides recorded' 1 "$(recorded)"
expect 'with deno.lock' "$newest" "$(locked)"
rm -rf node_modules
deno install --frozen
expect 'installed with --frozen' "$newest" "$(sed -n 's/.*"version": "\(.*\)".*/\1/p' node_modules/.deno/node_modules/fill-range/package.json)"

rm deno.lock
deno install
expect 'without deno.lock' 7.0.1 "$(locked)"
