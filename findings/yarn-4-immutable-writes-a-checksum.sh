#!/usr/bin/env bash
# Yarn 4.18.1 (npm package @yarnpkg/cli-dist), seen with its registry.
#
# `yarn install --immutable` ends with 0 where an entry of yarn.lock has no `checksum`, takes the archive as the registry gives it, and
# writes the checksum into the lockfile, which the flag says is not modified. Without one nothing is compared: a lockfile from which somebody
# took the lines pins versions and no contents.
#
# Seen: exit 0 and one line more. Fails if that changes. YARN is the path of yarn.js.
set -euo pipefail

[ "$(cd / && node "$YARN" --version)" = 4.18.1 ] || { echo "this was seen with 4.18.1" >&2; exit 2; }
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
export YARN_ENABLE_TELEMETRY=0 YARN_NODE_LINKER=node-modules YARN_GLOBAL_FOLDER=$folder/global
mkdir "$folder/project"
cd "$folder/project"
echo '{"name": "project", "dependencies": {"minimist": "1.2.0"}}' >package.json
: >yarn.lock
node "$YARN" install --mode=skip-build --no-immutable >/dev/null
sed -i '/^  checksum:/d' yarn.lock
cp yarn.lock before
node "$YARN" install --immutable --mode=skip-build >/dev/null
added=$(diff before yarn.lock | grep -c '^> *checksum:' || true)
echo "lines that --immutable wrote: $added"
[ "$added" = 1 ] || { echo "this was 1" >&2; exit 1; }
