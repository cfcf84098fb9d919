#!/usr/bin/env bash
# pnpm 10.34.9 and 12.21.0.
#
# Both write lockfileVersion 9.0, and each accepts the other's file in frozen mode. They do not agree what belongs in it: an optional
# peer (`supports-color` of debug) that the project does not ask for, and that some other package brings, stands in no key of pnpm 10, and
# in the key of everything that leads to debug of pnpm 12. A project whose CI runs `pnpm dedupe --check` fails with the day that its
# pnpm changes, though no manifest did, and every line with such a key differs.
#
# Seen: pnpm 12 wants debug@4.3.4(supports-color@7.2.0) where pnpm 10 wrote debug@4.3.4. Fails if they agree.
set -euo pipefail

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
npm install --silent --no-audit --no-fund --prefix ten pnpm@10.34.9
npm install --silent --no-audit --no-fund --prefix twelve pnpm@12.21.0
ten() { node ../ten/node_modules/pnpm/bin/pnpm.cjs "$@"; }
twelve() { node ../twelve/node_modules/pnpm/bin/pnpm.mjs "$@"; }
mkdir project
cd project
echo '{"name": "shop", "version": "1.0.0", "private": true, "dependencies": {"chalk": "4.1.2", "debug": "4.3.4"}}' >package.json
ten install --lockfile-only --reporter=silent
grep -E "^(lockfileVersion|  debug@)" pnpm-lock.yaml
ten dedupe --check --reporter=silent
twelve install --frozen-lockfile --lockfile-only --reporter=silent
if twelve dedupe --check >said 2>&1; then exit 1; fi
grep -F '+ debug@4.3.4(supports-color@7.2.0)' said
rm pnpm-lock.yaml
twelve install --lockfile-only --reporter=silent
grep -E "^(lockfileVersion|  debug@.*\()" pnpm-lock.yaml
ten install --frozen-lockfile --lockfile-only --reporter=silent
