#!/usr/bin/env bash
# Bun 1.1.39, 1.3.14 and 1.4.5 (npm package bun), seen with ms 2.1.3.
#
# Bun 1.1.39 writes bun.lock with lockfileVersion 0. A later `bun install`, with nothing to install, says "(no changes)" and still
# writes the file: lockfileVersion 1, and a line `"configVersion": 0` is added. With --frozen-lockfile it takes the file and leaves it,
# so a check passes before and after, and the change goes into whatever is committed next.
#
# Seen: `0` after --frozen-lockfile, then `no changes` and `1`, in 1.3.14 and 1.4.5. Fails if that changes.
set -euo pipefail

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
export HOME=$folder BUN_INSTALL_CACHE_DIR=$folder/cache
cd "$folder"
for version in 1.1.39 1.3.14 1.4.5; do
    npm install --silent --no-audit --no-fund --prefix "bun-$version" "bun@$version"
done
mkdir project
cd project
echo '{"name": "shop", "version": "1.0.0", "dependencies": {"ms": "2.1.3"}}' >package.json

number() { sed -n 's/.*"lockfileVersion": \([0-9]*\),/\1/p' bun.lock; }
expect() { # WHAT SEEN NOW
    echo "$1: $3"
    [ "$2" = "$3" ] || { echo "this was $2" >&2; exit 1; }
}

../bun-1.1.39/node_modules/.bin/bun install --save-text-lockfile --silent
expect 1.1.39 0 "$(number)"
cp bun.lock before.lock
for version in 1.3.14 1.4.5; do
    bun=../bun-$version/node_modules/.bin/bun
    cp before.lock bun.lock
    "$bun" install --frozen-lockfile --silent
    cmp before.lock bun.lock
    expect "$version with --frozen-lockfile" 0 "$(number)"
    "$bun" install >said 2>&1
    expect "$version says" 'no changes' "$(grep -o 'no changes' said)"
    expect "$version" 1 "$(number)"
    # Those two lines are all that differs.
    cmp <(sed 's/"lockfileVersion": 0/"lockfileVersion": 1/' before.lock) <(grep -v '"configVersion": 0' bun.lock)
done
