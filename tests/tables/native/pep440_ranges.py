"""Whether specifiers of PyPI's `packaging` contain versions; called by ../make.

Three characters each: with pre-releases, without, and whether the specifiers ask for them; `!` where one of the two
cannot be read.
"""

import re
import sys

import packaging
from packaging.specifiers import InvalidSpecifier, SpecifierSet
from packaging.version import InvalidVersion, Version

ESCAPES = {"\\\\": "\\", "\\t": "\t", "\\n": "\n", "\\r": "\r"}


def plain(text):
    return re.sub(r"\\[\\tnr]", lambda escape: ESCAPES[escape[0]], text)


def answer(range, version):
    try:
        specifiers = SpecifierSet(range)
    except InvalidSpecifier:
        return "!"
    try:
        Version(version)
    except InvalidVersion:
        # Text alone can be compared without a version.
        if not len(specifiers) or any(specifier.operator != "===" for specifier in specifiers):
            return "!"
    answers = (specifiers.contains(version, prereleases=taken) for taken in (True, False))
    return "".join(str(int(bool(answer))) for answer in (*answers, specifiers.prereleases))


sys.stdin.reconfigure(encoding="utf-8", newline="\n")
sys.stdout.reconfigure(encoding="utf-8", newline="\n")
print(f"# packaging {packaging.__version__}")
for line in sys.stdin:
    range, version = line.removesuffix("\n").split("\t")
    print(range, version, answer(plain(range), plain(version)), sep="\t")
