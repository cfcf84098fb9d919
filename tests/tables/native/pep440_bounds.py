"""Writes what PyPI's `packaging` says of a version and the bound of a specifier, for `make pep440_bounds`.

A row is `version<TAB>bound<TAB>answers`: one character each for `<=`, `==`, `<` and `>=`, `1` where the specifier contains
the version, `0` where not, and `-` where it cannot be asked: only `==` takes a bound with a local version, and `<` leaves
out the pre-releases of its own bound, which advisories do not.
"""

import packaging
from packaging.specifiers import InvalidSpecifier, SpecifierSet
from packaging.version import Version

RELEASES = ["1", "1.0", "1.0.0", "1.0.1", "1.1", "2.5.1", "2.5.2", "1!1.0", "v2.5.1"]
SUFFIXES = ["", ".dev1", "a1", "rc1", "rc1.post2", ".post1", "-2", ".post1.dev3"]
LOCALS = ["", "+cu121", "+cu.121", "+CU-121", "+cpu", "+1", "+10", "+1.a"]


def answer(operator, version, bound):
    try:
        specifiers = SpecifierSet(operator + bound)
    except InvalidSpecifier:
        return "-"
    held, named = Version(version), Version(bound)
    leaves_out = held.is_prerelease and not named.is_prerelease and Version(held.base_version) == Version(named.base_version)
    if operator == "<" and leaves_out:
        return "-"
    return str(int(specifiers.contains(version, prereleases=True)))


print(f"# packaging {packaging.__version__}")
releases = [release + suffix for release in RELEASES for suffix in SUFFIXES]
for number, release in enumerate(releases):
    # The other suffixes of the release, its own builds, and some of all.
    own = number - number % len(SUFFIXES)
    bounds = releases[own : own + len(SUFFIXES)] + [release + local for local in LOCALS[1:]] + releases[number % 7 :: 7]
    for version in (release + local for local in LOCALS):
        for bound in bounds:
            print(version, bound, "".join(answer(operator, version, bound) for operator in ("<=", "==", "<", ">=")), sep="\t")
