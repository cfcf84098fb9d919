#!/usr/bin/env bash
# PDM 2.29.4 with hishel 2.0.0.
#
# PDM asks for `hishel[httpx2]>=1.4.0` without an upper bound. hishel 2.0.0 has no `SyncSqliteStorage` any more, so that a PDM
# that pip installs on 2026-11-30 starts, prints its version, and fails as soon as it has to ask an index. With hishel 1.4.0 it works.
#
# Seen: "[AttributeError]: module 'hishel' has no attribute 'SyncSqliteStorage'", exit 1. Fails if it locks.
set -euo pipefail

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
for hishel in 1.4.0 2.0.0; do
    python3 -m venv "with-$hishel"
    "with-$hishel/bin/pip" install --quiet --disable-pip-version-check pdm==2.29.4 "hishel[httpx2]==$hishel"
    "with-$hishel/bin/pip" check
done
mkdir project
cd project
cat >pyproject.toml <<'TOML'
[project]
name = "shop"
version = "1.0.0"
requires-python = ">=3.9"
dependencies = ["idna==3.6"]

[tool.pdm]
distribution = false
TOML
export PDM_CHECK_UPDATE=0
../with-2.0.0/bin/pdm --version
if ../with-2.0.0/bin/pdm lock 2>error; then exit 1; fi
grep -F "module 'hishel' has no attribute 'SyncSqliteStorage'" error
../with-1.4.0/bin/pdm lock --quiet
grep -A1 'name = "idna"' pdm.lock
