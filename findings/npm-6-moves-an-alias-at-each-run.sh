#!/usr/bin/env bash
# npm 6.14.18, seen with @isaacs/cliui 8.0.2.
#
# A dependency may be an alias: @isaacs/cliui asks for `string-width-cjs: npm:string-width@^4.2.0`. npm 6 takes such a lockfile
# (`npm ci`), but `npm install --package-lock-only` never leaves it as it is: aliases at the top of the tree go below the package
# that asks for them, and the next run moves them up again. Nothing else of the project has changed in between.
#
# Seen: three aliases at the top and none below, or the other way round, in turn. Fails if two runs give the same file.
set -euo pipefail

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
npm install --silent --no-audit --no-fund --prefix six npm@6.14.18
mkdir project
cd project
echo '{"name": "shop", "version": "1.0.0", "dependencies": {"@isaacs/cliui": "8.0.2"}}' >package.json

lock() {
    ../six/node_modules/.bin/npm install --silent --package-lock-only --ignore-scripts --no-audit >/dev/null
}
aliases() { # how many at the top, how many below
    node -e '
        const count = (table) => Object.keys(table || {}).filter((name) => name.endsWith("-cjs")).length;
        const { dependencies } = JSON.parse(require("fs").readFileSync("package-lock.json"));
        console.log(count(dependencies), count(dependencies["@isaacs/cliui"].dependencies));'
}

lock
before=$(aliases)
for run in second third fourth; do
    lock
    now=$(aliases)
    echo "aliases at the top and below: $before, and after the $run run $now"
    case "$before, $now" in
    '3 0, 0 3' | '0 3, 3 0') ;;
    *) exit 1 ;;
    esac
    before=$now
done
