#!/usr/bin/env bash
# Yarn 4.18.1 (npm package @yarnpkg/cli-dist), seen with ms.
#
# A catalog in .yarnrc.yml is there to have the version of a dependency in one place. `yarn up NAME`, with a version or without, ends with
# 0 and writes a range over `catalog:` in every package.json that has it; the catalog keeps the old range, for the next package that
# uses it. `yarn up NAME@catalog:` is an error, and `yarn up -R NAME` stays in the range that the catalog has.
#
# Seen: the lines at the end. Fails if that changes.
set -euo pipefail

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
export HOME=$folder YARN_ENABLE_TELEMETRY=0 YARN_ENABLE_IMMUTABLE_INSTALLS=0 YARN_ENABLE_COLORS=0
cd "$folder"
npm install --silent --no-audit --no-fund --prefix tool @yarnpkg/cli-dist@4.18.1
yarn() { node ../tool/node_modules/@yarnpkg/cli-dist/bin/yarn.js "$@" --mode=update-lockfile >said 2>&1; }
mkdir -p project/parts/one project/parts/two
cd project

fresh() {
    printf 'nodeLinker: node-modules\ncatalog:\n  ms: 2.1.2\n' >.yarnrc.yml
    echo '{"name": "shop", "version": "1.0.0", "private": true, "workspaces": ["parts/*"]}' >package.json
    for part in one two; do
        echo "{\"name\": \"$part\", \"version\": \"1.0.0\", \"dependencies\": {\"ms\": \"catalog:\"}}" >"parts/$part/package.json"
    done
    : >yarn.lock
    yarn install
}
state() { # the catalog, both parts, the lockfile
    echo "$(sed -n 's/^  ms: //p' .yarnrc.yml)," "$(sed -n 's/.*"ms": "\([^"]*\)".*/\1/p' parts/*/package.json | xargs)," \
        "$(grep -A1 '^"ms@' yarn.lock | sed -n 's/^  version: //p')"
}
seen=$(
    set -e
    fresh
    echo "before: $(state)"
    yarn up ms@2.1.3
    echo "up ms@2.1.3: $(state)"
    fresh
    yarn up ms
    echo "up ms: $(grep -c catalog: .yarnrc.yml) catalog, used by $(cat parts/*/package.json | grep -c catalog: || true)"
    fresh
    yarn up -R ms
    echo "up -R ms: $(state)"
    if yarn up ms@catalog:; then exit 1; fi
    echo "up ms@catalog: $(grep -o 'ms@catalog: .*resolver$' said)"
)
expected='before: 2.1.2, catalog: catalog:, 2.1.2
up ms@2.1.3: 2.1.2, 2.1.3 2.1.3, 2.1.3
up ms: 1 catalog, used by 0
up -R ms: 2.1.2, catalog: catalog:, 2.1.2
up ms@catalog: ms@catalog: isn'\''t supported by any available resolver'
echo "$seen"
[ "$seen" = "$expected" ] || { printf 'this was\n%s\n' "$expected" >&2; exit 1; }
