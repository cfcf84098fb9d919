#!/usr/bin/env bash
# Yarn 1.22.22.
#
# `yarn install --frozen-lockfile` is said to fail "if an update is needed". It looks at what package.json asks for alone: an entry
# that only another package needs may be missing (the file was cut, a merge lost it), and Yarn then takes the newest version that is
# in range from the registry, which no review has seen. It exits with 0 and leaves the file as it is.
#
# Seen: is-number 6.0.0 is installed from a lockfile that does not name it. Fails if Yarn refuses the lockfile.
set -euo pipefail

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
npm install --silent --no-audit --no-fund --prefix tool yarn@1.22.22
yarn() {
    node ../tool/node_modules/yarn/bin/yarn.js "$@" --non-interactive --silent
}
mkdir project
cd project
echo '{"name": "shop", "version": "1.0.0", "dependencies": {"is-odd": "3.0.1"}}' >package.json
yarn install
# Only the entry of is-odd is left.
awk '/^is-number@/ { skip = 1 } /^$/ { skip = 0 } !skip' yarn.lock >cut.lock
rm -rf node_modules
cp cut.lock yarn.lock
yarn install --frozen-lockfile
cmp cut.lock yarn.lock
if grep -q 'is-number@' yarn.lock; then exit 1; fi
grep '"version"' node_modules/is-number/package.json
