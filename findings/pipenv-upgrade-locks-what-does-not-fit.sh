#!/usr/bin/env bash
# pipenv 2026.10.3, with httpx 0.23.3, httpcore 0.16.3 and h11, on Python 3.11.
#
# `pipenv upgrade --lock-only h11` looks at what h11 itself needs and at the Pipfile, not at what the lockfile has beside it: h11 goes
# from 0.14.0 to 0.16.0, although httpcore 0.16.3 stays, which asks for `h11>=0.13,<0.15`. It says "Success!" and ends with 0, and so does
# `pipenv verify`, which compares the hash of the Pipfile alone. pip refuses to install the two together.
#
# Seen: `h11==0.16.0 httpcore==0.16.3` in the lockfile, exit 0 of both, and pip's ResolutionImpossible. Fails if that changes.
set -euo pipefail

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
export HOME=$folder WORKON_HOME=$folder/environments PIPENV_CACHE_DIR=$folder/cache PIPENV_NOSPIN=1 PIPENV_YES=1 PIPENV_IGNORE_VIRTUALENVS=1
cd "$folder"
python3 -m venv tool
tool/bin/pip install --quiet --disable-pip-version-check pipenv==2026.10.3
mkdir project
cd project

locked() { ../tool/bin/python -c "
import json
packages = json.load(open('Pipfile.lock'))['default']
print(*(name + packages[name]['version'] for name in ('h11', 'httpcore')))"; }
expect() { # WHAT SEEN NOW
    echo "$1: $3"
    [ "$2" = "$3" ] || { echo "this was $2" >&2; exit 1; }
}

printf '[packages]\nhttpx = "==0.23.3"\nh11 = "*"\n' >Pipfile
../tool/bin/pipenv lock >/dev/null 2>&1
expect 'locked' 'h11==0.14.0 httpcore==0.16.3' "$(locked)"
printf '[packages]\nhttpx = "*"\nh11 = "*"\n' >Pipfile
code=0
../tool/bin/pipenv upgrade --lock-only h11 >/dev/null 2>&1 || code=$?
expect 'pipenv upgrade ends with' 0 "$code"
expect 'locked' 'h11==0.16.0 httpcore==0.16.3' "$(locked)"
code=0
../tool/bin/pipenv verify >/dev/null 2>&1 || code=$?
expect 'pipenv verify ends with' 0 "$code"
code=0
# shellcheck disable=SC2046
../tool/bin/pip install --dry-run --disable-pip-version-check $(locked) >../pip.out 2>&1 || code=$?
expect 'pip ends with' 1 "$code"
grep -q ResolutionImpossible ../pip.out
