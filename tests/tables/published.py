#!/usr/bin/env python3
"""Collects versions as people publish them, for pairs.py to draw from.

    python3 tests/tables/published.py DATA SCHEME > tests/tables/published/SCHEME.txt

DATA is a folder with `osv/<ecosystem>/all.zip` (the OSV export) and, if there is one, `corpus/` (lockfiles). For alpine, conan,
cran, debian, hackage, opam and rpm it is an index of Debian's packages instead (`apt-cache dumpavail > FILE`), whose versions hold
those of the projects: where a scheme wants a revision of its own, it gets one. Prints at most 6,000 distinct versions and events, sorted, spread evenly over all that were found.
"""

import json
import pathlib
import re
import sys
import zipfile

ECOSYSTEMS = {"semver": "crates.io", "npm": "npm", "pep440": "PyPI", "go": "Go", "maven": "Maven", "nuget": "NuGet",
              "rubygems": "RubyGems", "packagist": "Packagist",
              # Versions of Swift and Dart are of SemVer too, and few of them are in these data.
              "pub": "crates.io", "swift": "crates.io", "hex": "Hex", "julia": "Julia"}
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
# Names of Debian's packages whose projects' versions are those of a scheme.
PACKAGES = {"cran": r"r-(cran|bioc)-", "hackage": r"libghc-.*-dev$", "opam": r"lib.*-ocaml", "conan": r"lib.*-dev$",
            "debian": "", "rpm": "", "alpine": ""}


def projects_version(version):
    """The version of a project in that of its Debian package."""
    version = version.split(":", 1)[-1].rsplit("-", 1)[0]
    return re.sub(r"[+~.-](dfsg|ds|repack|really|deb|nmu|debian).*$", "", version)


def of_debian(index, scheme):
    name = re.compile(PACKAGES[scheme])
    for paragraph in index.read_text("utf-8").split("\n\n"):
        fields = dict(re.findall(r"^(Package|Version): (.*)$", paragraph, re.MULTILINE))
        if not fields or not name.match(fields["Package"]):
            continue
        version, own = fields["Version"], projects_version(fields["Version"])
        revision = len(fields["Package"]) % 9
        if scheme == "debian":
            yield version
        elif scheme == "rpm":
            dist = [".el9_4", ".el8", ".fc42", "", ".oe2403", ".el7"][revision % 6]
            own = own.replace("-", "~" if "rc" in own else "^")
            yield ("1:" if ":" in version else "") + f"{own}-{revision}{dist}"
            yield f"{own}-{revision + 1}.{len(own)}.1"
        elif scheme == "alpine":
            own = re.sub(r"[~.-]?(alpha|beta|pre|rc|git|svn)[.-]?", r"_\1", own.replace("+", "_").lower())
            if re.fullmatch(r"[0-9]+(\.[0-9]+)*[a-z]?(_(alpha|beta|pre|rc|git|svn|p)[0-9]*)*", own):
                yield f"{own}-r{revision}"
        elif scheme == "conan":
            yield re.sub("[^A-Za-z0-9_+.-]", "-", own)
            yield from [f"cci.{own}"] if re.fullmatch("20[0-9]{6}", own) else []
        elif scheme == "cran":
            yield own if len(fields["Package"]) % 2 else own.replace("-", ".")
        else:
            yield own


def main() -> None:
    data, scheme = pathlib.Path(sys.argv[1]), sys.argv[2]
    found = set()
    if scheme in PACKAGES:
        found.update(of_debian(data, scheme))
    else:
        found.update(of_advisories(data, scheme))
    found = sorted(text for text in found if text and "\n" not in text and "\r" not in text)
    step = max(1, -(-len(found) // MOST))
    sys.stdout.write("".join(f"{text}\n" for text in found[::step]))


def of_advisories(data, scheme):
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
    pattern, line = LOCKFILES.get(scheme, (" ", ""))
    for path in (data / "corpus").rglob(pattern):
        if scheme == "pep440" and path.name == "Cargo.lock":
            continue
        for match in re.finditer(line, path.read_text("utf-8", "replace"), re.MULTILINE):
            found.add(match[match.lastindex])
    return found


main()
