#!/usr/bin/env bash
# npm 11.6.2 and spdx-tools 0.8.5.
#
# `npm sbom --sbom-format=spdx` writes the time of creation with thousandths of a second (`2026-01-02T03:04:05.678Z`). SPDX 2.3 (section
# 6.9) allows whole seconds only, and spdx-tools, the reference implementation in Python, refuses the document for that. With the
# thousandths taken out it reads the same file.
#
# Seen: the parser raises an error that names the time; after the change it finds both packages. Fails if npm writes whole seconds,
# or spdx-tools takes the time as it is.
set -euo pipefail

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
npm install --silent --no-audit --no-fund --prefix tools npm@11.6.2
python3 -m venv tools/python
tools/python/bin/pip install --quiet spdx-tools==0.8.5
mkdir project
cd project
echo '{"name": "shop", "version": "1.0.0", "dependencies": {"ms": "2.1.3"}}' >package.json
../tools/node_modules/.bin/npm install --silent --package-lock-only --no-audit
../tools/node_modules/.bin/npm sbom --package-lock-only --sbom-format=spdx >../as-written.spdx.json
cd ..
sed -E 's/("created": "[^".]*)\.[0-9]+Z/\1Z/' as-written.spdx.json >whole-seconds.spdx.json
grep '"created"' as-written.spdx.json

read_it() {
    tools/python/bin/python - "$1" <<'PYTHON'
import sys
from spdx_tools.spdx.parser.error import SPDXParsingError
from spdx_tools.spdx.parser.parse_anything import parse_file
try:
    print(len(parse_file(sys.argv[1]).packages), "packages")
except SPDXParsingError as error:
    print("refused:", *error.get_messages())
PYTHON
}
before=$(read_it as-written.spdx.json)
after=$(read_it whole-seconds.spdx.json)
echo "as written: $before"
echo "in whole seconds: $after"
case "$before" in refused:*"time data"*) ;; *) exit 1 ;; esac
[ "$after" = "2 packages" ]
