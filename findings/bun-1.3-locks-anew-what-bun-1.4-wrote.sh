#!/usr/bin/env bash
# Bun 1.3.14 and 1.4.5 (npm package bun), seen with braces 3.0.2 and fill-range.
#
# Bun 1.4 writes lockfileVersion 2. Bun 1.3 does not know it: `bun install` prints an error and "Ignoring lockfile", then resolves all
# anew, writes over the file as version 1 and ends with 0. So one of a team with the older Bun moves versions that nobody asked to
# move. With the number set to 1 it takes the same file as it is. With --frozen-lockfile it stops.
#
# Seen: fill-range 7.0.1 in version 2, above it in version 1 after Bun 1.3.14; 7.0.1 where the number was 1. Fails if that changes.
set -euo pipefail

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
export HOME=$folder BUN_INSTALL_CACHE_DIR=$folder/cache
cd "$folder"
for version in 1.3.14 1.4.5; do
    npm install --silent --no-audit --no-fund --prefix "bun-$version" "bun@$version"
done
older() { ../bun-1.3.14/node_modules/.bin/bun install --lockfile-only "$@"; }
newer() { ../bun-1.4.5/node_modules/.bin/bun install --lockfile-only "$@"; }
mkdir project
cd project

manifest() { # OVERRIDES
    echo "{\"name\": \"shop\", \"version\": \"1.0.0\", \"dependencies\": {\"braces\": \"3.0.2\"}, \"overrides\": {$1}}"
}
locked() { # the number of the lockfile, the version of fill-range
    echo "$(sed -n 's/.*"lockfileVersion": \([0-9]*\),/\1/p' bun.lock)" "$(sed -n 's/.*\["fill-range@\([^"]*\)".*/\1/p' bun.lock)"
}
expect() { # WHAT SEEN NOW
    echo "$1: $3"
    [ "$2" = "$3" ] || { echo "this was $2" >&2; exit 1; }
}

# The override only serves to lock a version that is not the newest.
manifest '"fill-range": "7.0.1"' >package.json
newer --silent
manifest '' >package.json
newer --silent
expect 'Bun 1.4.5' '2 7.0.1' "$(locked)"
cp bun.lock before.lock

sed -i 's/"lockfileVersion": 2/"lockfileVersion": 1/' bun.lock
older --silent
expect 'Bun 1.3.14, where the number is 1' '1 7.0.1' "$(locked)"

cp before.lock bun.lock
if older --frozen-lockfile >said 2>&1; then echo '--frozen-lockfile was refused' >&2; exit 1; fi
cmp before.lock bun.lock
older >said 2>&1
grep -F 'Ignoring lockfile' said
now=$(locked)
echo "Bun 1.3.14, where it is 2: $now"
case $now in
'1 7.0.1') echo 'this was above 7.0.1' >&2; exit 1 ;;
'1 7.'*) ;;
*) echo 'this was version 1' >&2; exit 1 ;;
esac
