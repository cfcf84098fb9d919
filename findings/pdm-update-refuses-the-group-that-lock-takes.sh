#!/usr/bin/env bash
# PDM 2.29.4.
#
# `--group` of `pdm lock`, `pdm install` and `pdm update` takes `:all` for every group, the help of each says. `pdm lock -G :all`,
# `pdm install -G :all` and `pdm update -G :all` do. With the name of a package `pdm update` looks for a group of the name ":all" in the
# lockfile: to update one package in all groups, every group has to be named, or none.
#
# Seen: "[ProjectError]: Requested group not in lockfile: :all", exit 1. Fails if PDM takes it.
set -euo pipefail

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv tool
# With hishel 2.0.0 this release resolves nothing.
tool/bin/pip install --quiet --disable-pip-version-check pdm==2.29.4 'hishel[httpx2]==1.4.0'
mkdir project
cd project
cat >pyproject.toml <<'TOML'
[project]
name = "shop"
version = "1.0.0"
requires-python = ">=3.9"
dependencies = ["idna==3.6"]

[dependency-groups]
test = ["iniconfig==2.0.0"]

[tool.pdm]
distribution = false
TOML
export PDM_CHECK_UPDATE=0
pdm=../tool/bin/pdm
"$pdm" update --help | grep -o '":all" to include all'
"$pdm" lock --quiet -G :all
"$pdm" lock --check -G :all
"$pdm" install --dry-run --quiet -G :all
"$pdm" update --no-sync --quiet -G :all
"$pdm" update --no-sync --quiet idna
if "$pdm" update --no-sync -G :all idna 2>error; then exit 1; fi
grep -F 'Requested group not in lockfile: :all' error
