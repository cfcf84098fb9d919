"""Orders pairs of versions with Conan's own Version; called by ../make."""

import importlib.metadata
import platform
import re
import sys

from conan.internal.model.version import Version

# What `validate_ref` lets a reference hold; a single character, which it refuses, is a version all the same (`introduced: 0`).
REFERENCE = re.compile(r"[a-zA-Z0-9_+.-]+\Z")
ESCAPES = {"\\\\": "\\", "\\t": "\t", "\\n": "\n", "\\r": "\r"}


def plain(text):
    return re.sub(r"\\[\\tnr]", lambda escape: ESCAPES[escape[0]], text)


def order(left, right):
    left, right = plain(left), plain(right)
    if not REFERENCE.match(left) or not REFERENCE.match(right):
        return "!"
    left, right = Version(left), Version(right)
    return "<" if left < right else "=" if left == right else ">"


sys.stdin.reconfigure(encoding="utf-8", newline="\n")
sys.stdout.reconfigure(encoding="utf-8", newline="\n")
print(f"# Version of Conan {importlib.metadata.version('conan')}, Python {platform.python_version()}")
for line in sys.stdin:
    left, right = line.removesuffix("\n").split("\t")
    print(left, order(left, right), right, sep="\t")
