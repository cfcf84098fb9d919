"""Orders pairs of versions with PyPI's `semver`, for `make`. With a table of another implementation as its argument it writes
the rows of it that both order alike: what is left is SemVer 2.0.0 by two implementations."""

import platform
import re
import sys

import semver

# SwiftPM takes such an identifier for a negative number.
NEGATIVE = re.compile(r"[.-]-\d+(?![0-9A-Za-z-])")
ESCAPES = {"\\\\": "\\", "\\t": "\t", "\\n": "\n", "\\r": "\r"}


def plain(text):
    return re.sub(r"\\[\\tnr]", lambda escape: ESCAPES[escape[0]], text)


def order(left, right):
    try:
        order = semver.Version.parse(plain(left)).compare(semver.Version.parse(plain(right)))
    except ValueError:
        return "!"
    return "=><"[order]


sys.stdin.reconfigure(encoding="utf-8", newline="\n")
sys.stdout.reconfigure(encoding="utf-8", newline="\n")
with open(sys.argv[1], encoding="utf-8", newline="\n") as table:
    print(f"{next(table).rstrip()}; semver {semver.__version__}, Python {platform.python_version()}")
    for line in table:
        left, ordered, right = line.removesuffix("\n").split("\t")
        if ordered != "!" and not NEGATIVE.search(line) and order(left, right) == ordered:
            print(left, ordered, right, sep="\t")
