#!/usr/bin/env bash
# Bun 1.3.14 and 1.4.5 (npm package bun), seen with braces 3.0.2 and fill-range.
#
# `bun update fill-range@7.1.1`, where only braces needs fill-range: 1.4.5 moves the locked version and leaves package.json. 1.3.14
# ends with 0, adds fill-range to the dependencies of package.json, locks 7.1.1 for that, and leaves 7.0.1 locked for braces, though braces
# takes both. So the version that was to go stays, and the project has a dependency that it does not use.
#
# Seen: 7.1.1 asked for, 7.0.1 and 7.1.1 locked by 1.3.14; nothing asked for, 7.1.1 locked by 1.4.5. Fails if that changes.
set -euo pipefail

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
export HOME=$folder BUN_INSTALL_CACHE_DIR=$folder/cache
cd "$folder"

manifest() { # OVERRIDES
    echo "{\"name\": \"shop\", \"version\": \"1.0.0\", \"dependencies\": {\"braces\": \"3.0.2\"}, \"overrides\": {$1}}"
}
asked() { sed -n 's/.*"fill-range": "\([^"]*\)".*/\1/p' package.json; }
locked() { grep -oE '\["fill-range@[^"]*' bun.lock | sed 's/.*@//' | sort -u | xargs; }
expect() { # WHAT SEEN NOW
    echo "$1: $3"
    [ "$2" = "$3" ] || { echo "this was $2" >&2; exit 1; }
}

for version in 1.3.14 1.4.5; do
    npm install --silent --no-audit --no-fund --prefix "bun-$version" "bun@$version"
    bun() { "$folder/bun-$version/node_modules/.bin/bun" "$@" --lockfile-only --silent; }
    mkdir "project-$version"
    cd "project-$version"
    # The override only serves to lock a version that is not the newest.
    manifest '"fill-range": "7.0.1"' >package.json
    bun install
    manifest '' >package.json
    bun install
    expect "$version before" 7.0.1 "$(locked)"

    bun update fill-range@7.1.1
    case $version in
    1.3.14) was=('7.1.1' '7.0.1 7.1.1') ;;
    *) was=('' '7.1.1') ;;
    esac
    expect "$version, asked for by package.json" "${was[0]}" "$(asked)"
    expect "$version, locked" "${was[1]}" "$(locked)"
    cd ..
done
