#!/usr/bin/env bash
# Yarn 1.22.22 and 4.18.1 (npm packages yarn and @yarnpkg/cli-dist), seen with braces 3.0.2 and fill-range.
#
# Two entries of `resolutions` in package.json may fit one dependency: `fill-range` and `braces/fill-range`. The one that is written first
# counts, not the narrower one, and neither Yarn says that the other has no effect. So a program that sorts the keys of
# package.json, or one that adds a line at the end, decides which version is installed. Yarn 1 has the same for `fill-range` beside
# `**/fill-range`, and locks the version that nothing uses, too.
#
# Seen: the version of the first entry, each way round. Fails if that changes.
set -euo pipefail

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
export HOME=$folder YARN_ENABLE_TELEMETRY=0 YARN_ENABLE_IMMUTABLE_INSTALLS=0 YARN_ENABLE_COLORS=0
cd "$folder"
npm install --silent --no-audit --no-fund --prefix tool yarn@1.22.22 @yarnpkg/cli-dist@4.18.1
mkdir one four
echo 'nodeLinker: node-modules' >four/.yarnrc.yml

installed() { # FOLDER RESOLUTIONS
    cd "$1"
    rm -rf node_modules yarn.lock
    touch yarn.lock
    echo "{\"name\": \"shop\", \"version\": \"1.0.0\", \"license\": \"MIT\", \"dependencies\": {\"braces\": \"3.0.2\"}, \"resolutions\": {$2}}" >package.json
    case $1 in
    one) node ../tool/node_modules/yarn/bin/yarn.js install --non-interactive >said 2>&1 ;;
    four) node ../tool/node_modules/@yarnpkg/cli-dist/bin/yarn.js install >said 2>&1 ;;
    esac
    if grep -iE '^warning|fill-range.*resolution|resolution.*fill-range' said >&2; then exit 1; fi
    sed -n 's/.*"version": "\(.*\)".*/\1/p' node_modules/fill-range/package.json
}
expect() { # WHAT SEEN NOW
    echo "$1: $3"
    [ "$2" = "$3" ] || { echo "this was $2" >&2; exit 1; }
}

narrow='"braces/fill-range": "7.1.1"'
wide='"fill-range": "7.0.1"'
everywhere='"**/fill-range": "7.1.1"'
for yarn in one four; do
    expect "Yarn $yarn, $narrow, $wide" 7.1.1 "$(installed "$yarn" "$narrow, $wide")"
    expect "Yarn $yarn, $wide, $narrow" 7.0.1 "$(installed "$yarn" "$wide, $narrow")"
done
expect "Yarn one, $everywhere, $wide" 7.1.1 "$(installed one "$everywhere, $wide")"
expect "Yarn one, $wide, $everywhere" 7.0.1 "$(installed one "$wide, $everywhere")"
expect 'Yarn one, locked' '7.0.1 7.1.1' "$(grep -A1 '^fill-range@' one/yarn.lock | sed -n 's/^  version "\(.*\)"$/\1/p' | xargs)"
