"""Orders pairs of versions with PyPI's `packaging`; called by ../make."""

import importlib.metadata
import platform
import re
import sys

from packaging.version import InvalidVersion, Version

ESCAPES = {"\\\\": "\\", "\\t": "\t", "\\n": "\n", "\\r": "\r"}


def plain(text):
    return re.sub(r"\\[\\tnr]", lambda escape: ESCAPES[escape[0]], text)


def order(left, right):
    try:
        left, right = Version(plain(left)), Version(plain(right))
    except InvalidVersion:
        return "!"
    return "<" if left < right else ">" if left > right else "="


sys.stdin.reconfigure(encoding="utf-8", newline="\n")
sys.stdout.reconfigure(encoding="utf-8", newline="\n")
print(f"# packaging {importlib.metadata.version('packaging')}, Python {platform.python_version()}")
for line in sys.stdin:
    left, right = line.removesuffix("\n").split("\t")
    print(left, order(left, right), right, sep="\t")
