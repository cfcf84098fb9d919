#!/usr/bin/env python3
"""Collects versions as people publish them, for pairs.py to draw from.

    python3 tests/tables/published.py DATA SCHEME > tests/tables/published/SCHEME.txt

DATA is a folder with `osv/<ecosystem>/all.zip` (the OSV export) and, if there is one, `corpus/` (lockfiles).
Prints at most 6,000 distinct versions and events, sorted, spread evenly over all that were found.
"""

import json
import pathlib
import re
import sys
import zipfile

ECOSYSTEMS = {"semver": "crates.io", "npm": "npm", "pep440": "PyPI", "go": "Go", "maven": "Maven", "nuget": "NuGet",
              "rubygems": "RubyGems", "packagist": "Packagist",
              # Versions of Swift and Dart are of SemVer too, and few of them are in these data.
              "pub": "crates.io", "swift": "crates.io", "hex": "Hex"}
LOCKFILES = {
    "semver": ("Cargo.lock", r'^version = "([^"]+)"'),
    "npm": ("package-lock.json", r'"version": "([^"]+)"'),
    "pep440": ("*.lock", r'^version = "([^"]+)"'),
    "go": ("go.mod", r"^\s*(?:require )?[\w./~-]+\.[\w./~-]+ (v[^\s]+)"),
    "maven": ("pom.xml", r"<version>([^<$\s]+)</version>"),
    "nuget": ("packages.lock.json", r': "\[?([0-9]+\.[^]",/= ]*)["\],]'),
    "hex": ("mix.lock", r':hex, :"?\w+"?, "([^"]+)"'),
    "rubygems": ("Gemfile.lock", r"^    \S+ \(([^-)]+)"),
    "pub": ("Cargo.lock", r'^version = "([^"]+)"'),
    "swift": ("Cargo.lock", r'^version = "([^"]+)"'),
    "packagist": ("composer.lock", r'^            "version": "([^"]+)"'),
}
MOST = 6000


def main() -> None:
    data, scheme = pathlib.Path(sys.argv[1]), sys.argv[2]
    found = set()
    with zipfile.ZipFile(data / "osv" / ECOSYSTEMS[scheme] / "all.zip") as archive:
        for name in archive.namelist():
            for affected in json.loads(archive.read(name)).get("affected", []):
                if affected.get("package", {}).get("ecosystem") != ECOSYSTEMS[scheme]:
                    continue
                found.update(affected.get("versions", []))
                for span in affected.get("ranges", []):
                    if span["type"] != "GIT":
                        found.update(text for event in span["events"] for text in event.values())
    pattern, line = LOCKFILES[scheme]
    for path in (data / "corpus").rglob(pattern):
        if scheme == "pep440" and path.name == "Cargo.lock":
            continue
        for match in re.finditer(line, path.read_text("utf-8", "replace"), re.MULTILINE):
            found.add(match[match.lastindex])
    found = sorted(text for text in found if text and "\n" not in text and "\r" not in text)
    step = max(1, -(-len(found) // MOST))
    sys.stdout.write("".join(f"{text}\n" for text in found[::step]))


main()
