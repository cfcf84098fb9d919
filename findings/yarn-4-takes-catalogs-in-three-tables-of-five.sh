#!/usr/bin/env bash
# Yarn 4.18.1 (npm package @yarnpkg/cli-dist), seen with ms.
#
# `catalog:` stands for the range that the catalog of .yarnrc.yml has. It does in dependencies, devDependencies and
# optionalDependencies. In resolutions Yarn ends with an error that no resolver takes it. In peerDependencies it warns of an invalid
# range, ends with 0, and locks the peer as `*`, which any version fits.
#
# Seen: `2.1.3` three times, then the error, then the warning and `*`. Fails if that changes.
set -euo pipefail

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
export HOME=$folder YARN_ENABLE_TELEMETRY=0 YARN_ENABLE_IMMUTABLE_INSTALLS=0 YARN_ENABLE_COLORS=0
cd "$folder"
npm install --silent --no-audit --no-fund --prefix tool @yarnpkg/cli-dist@4.18.1
mkdir project
cd project
printf 'nodeLinker: node-modules\ncatalog:\n  ms: 2.1.3\n' >.yarnrc.yml

install_with() { # TABLES
    echo "{\"name\": \"shop\", \"version\": \"1.0.0\", $1}" >package.json
    : >yarn.lock
    node ../tool/node_modules/@yarnpkg/cli-dist/bin/yarn.js install --mode=update-lockfile >said 2>&1
}
expect() { # WHAT SEEN NOW
    echo "$1: $3"
    [ "$2" = "$3" ] || { echo "this was $2" >&2; exit 1; }
}

for table in dependencies devDependencies optionalDependencies; do
    install_with "\"$table\": {\"ms\": \"catalog:\"}"
    expect "$table" 2.1.3 "$(sed -n 's/^"ms@npm:\(.*\)":$/\1/p' yarn.lock)"
done

# debug asks for ms. A range in the same place is taken.
install_with '"dependencies": {"debug": "4.3.4"}, "resolutions": {"ms": "2.1.3"}'
expect 'resolutions, with a range' 2.1.3 "$(sed -n 's/^"ms@npm:\(.*\)":$/\1/p' yarn.lock)"
if install_with '"dependencies": {"debug": "4.3.4"}, "resolutions": {"ms": "catalog:"}'; then
    echo 'resolutions were refused' >&2
    exit 1
fi
expect resolutions "ms@catalog: isn't supported by any available resolver" "$(grep -o 'ms@catalog: .*resolver$' said)"

install_with '"peerDependencies": {"ms": "^2.1.0"}'
peer() { sed -n '/peerDependencies/,/language/ s/^    ms: \(.*\)$/\1/p' yarn.lock; }
expect 'peerDependencies, with a range' '^2.1.0' "$(peer)"
install_with '"peerDependencies": {"ms": "catalog:"}'
grep -oF "Invalid dependency range for 'ms'" said
expect peerDependencies '"*"' "$(peer)"
