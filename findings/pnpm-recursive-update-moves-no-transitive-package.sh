#!/usr/bin/env bash
# pnpm 9.15.9 and 10.34.9, seen with braces 3.0.2 and fill-range.
#
# `pnpm update NAME` moves a package that only another package needs. `pnpm -r update NAME` does so in a workspace, too. In a project
# without pnpm-workspace.yaml it ends with 0, says "Done" and leaves the lockfile: there, -r moves only what package.json asks for. A
# script that always passes -r says that all went well, and moves no such package.
#
# Seen: 7.0.1 with -r, above it without -r, and above it with -r in a workspace of one, in both versions. Fails if that changes.
set -euo pipefail

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"

manifest() { # OVERRIDES
    echo "{\"name\": \"shop\", \"version\": \"1.0.0\", \"private\": true, \"dependencies\": {\"braces\": \"3.0.2\"}, \"pnpm\": {\"overrides\": {$1}}}"
}
locked() { sed -n 's/^  fill-range@\(.*\):$/\1/p' pnpm-lock.yaml | sort -u; }
expect() { # WHAT SEEN NOW
    echo "$1: $3"
    case "$2, $3" in
    '7.0.1, 7.0.1') ;;
    'above 7.0.1, 7.0.1') echo 'this was above 7.0.1' >&2; exit 1 ;;
    'above 7.0.1, 7.'*) ;;
    *) echo "this was $2" >&2; exit 1 ;;
    esac
}

for version in 9.15.9 10.34.9; do
    npm install --silent --no-audit --no-fund --prefix "tool-$version" "pnpm@$version"
    pnpm() { node "$folder/tool-$version/node_modules/pnpm/bin/pnpm.cjs" "$@" --lockfile-only --reporter=silent; }
    mkdir "project-$version"
    cd "project-$version"
    # The override only serves to lock a version that is not the newest.
    manifest '"fill-range": "7.0.1"' >package.json
    pnpm install
    manifest '' >package.json
    pnpm install --no-frozen-lockfile
    cp pnpm-lock.yaml before.yaml

    pnpm -r update fill-range
    expect "$version with -r" 7.0.1 "$(locked)"
    cmp before.yaml pnpm-lock.yaml
    pnpm update fill-range
    expect "$version without -r" 'above 7.0.1' "$(locked)"

    cp before.yaml pnpm-lock.yaml
    printf 'packages: ["."]\n' >pnpm-workspace.yaml
    pnpm -r update fill-range
    expect "$version with -r in a workspace" 'above 7.0.1' "$(locked)"
    cd ..
done
