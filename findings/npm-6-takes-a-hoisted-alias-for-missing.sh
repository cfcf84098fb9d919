#!/usr/bin/env bash
# npm 8.19.4 and npm 6.14.18, seen with @isaacs/cliui 8.0.2.
#
# A dependency may be an alias: @isaacs/cliui asks for `string-width-cjs: npm:string-width@^4.2.0`. npm 8 can write a lockfile
# of version 1 (`--lockfile-version 1`), the one that npm 6 reads, and puts the alias into the root's `node_modules`, as any
# other package. npm 6 accepts that file (`npm ci`), but does not see there what @isaacs/cliui asks for: `npm install --package-lock-only` moves each
# alias below the package that asks for it, with what the alias needs, though the tree was complete.
#
# Seen: three aliases at the top of npm 8's file and none below; none at the top after npm 6, and three below. Fails if that changes.
set -euo pipefail

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
npm install --silent --no-audit --no-fund --prefix eight npm@8.19.4
npm install --silent --no-audit --no-fund --prefix six npm@6.14.18
mkdir project
cd project
echo '{"name": "shop", "version": "1.0.0", "dependencies": {"@isaacs/cliui": "8.0.2"}}' >package.json

aliases() { # how many at the top, how many below
    node -e '
        const count = (table) => Object.keys(table || {}).filter((name) => name.endsWith("-cjs")).length;
        const { dependencies } = JSON.parse(require("fs").readFileSync("package-lock.json"));
        console.log(count(dependencies), count(dependencies["@isaacs/cliui"].dependencies));'
}
expect() { # WHAT SEEN NOW
    echo "$1: $3"
    [ "$2" = "$3" ] || { echo "this was $2" >&2; exit 1; }
}

../eight/node_modules/.bin/npm install --silent --package-lock-only --lockfile-version 1 --no-audit --no-fund
expect 'aliases at the top and below, of npm 8' '3 0' "$(aliases)"
cp -r . ../copy
(cd ../copy && ../six/node_modules/.bin/npm ci --silent --ignore-scripts --no-audit >/dev/null)
../six/node_modules/.bin/npm install --silent --package-lock-only --ignore-scripts --no-audit >/dev/null
expect 'aliases at the top and below, after npm 6' '0 3' "$(aliases)"
