#!/usr/bin/env bash
# pip 26.2, seen with six 1.16.0 and iniconfig 2.0.0 on Python 3.11.
#
# A constraints file (`-c`) only limits versions, its documentation says: nothing is installed because of it. But a
# line `-r FILE` in a constraints file makes requirements of what FILE names: they are installed. The report marks them
# as not requested (`requested: false`), as if something depended on them. The same names written into the
# constraints file itself are not installed.
#
# Seen: `iniconfig` with the name in the constraints file, `iniconfig six` with `-r` there. Fails if that changes.
set -euo pipefail

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv venv
venv/bin/python -m pip install --quiet --disable-pip-version-check pip==26.2

echo 'six==1.16.0' >named.txt
echo '-r named.txt' >including.txt

installed() { # CONSTRAINTS
    venv/bin/python -m pip install --quiet --dry-run --ignore-installed --disable-pip-version-check \
        --report report.json --constraint "$1" iniconfig==2.0.0
    python3 -c 'import json; print(*sorted(item["metadata"]["name"] for item in json.load(open("report.json"))["install"]))'
}
expect() { # WHAT SEEN NOW
    echo "$1: $3"
    [ "$2" = "$3" ] || { echo "this was $2" >&2; exit 1; }
}

expect 'named in the constraints file' 'iniconfig' "$(installed named.txt)"
expect 'with -r in the constraints file' 'iniconfig six' "$(installed including.txt)"
