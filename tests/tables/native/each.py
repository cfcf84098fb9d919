"""Orders pairs of versions by starting the native tool for each; called by ../make.

    python3 each.py TOOL < pairs

TOOL is alpine (apk), debian (dpkg) or opam. APK, DPKG and OPAM name other programs.
"""

import concurrent.futures
import os
import re
import subprocess
import sys

ESCAPES = {"\\\\": "\\", "\\t": "\t", "\\n": "\n", "\\r": "\r"}


def plain(text):
    return re.sub(r"\\[\\tnr]", lambda escape: ESCAPES[escape[0]], text)


def run(*command):
    return subprocess.run(command, capture_output=True, text=True, encoding="utf-8", check=False)


def debian(left, right):
    if not left.strip() or not right.strip():
        # To the command no version at all is "none installed".
        return "!"
    tool = os.environ.get("DPKG", "dpkg")
    for word, sign in (("lt", "<"), ("eq", "=")):
        # White space around it says nothing, and a hyphen behind it begins no flag.
        code = run(tool, "--compare-versions", f" {left}", word, f" {right}").returncode
        if code != 1:
            return sign if code == 0 else "!"
    return ">"


def alpine(left, right):
    tool = os.environ.get("APK", "apk")
    if run(tool, "version", "--check", "--", left, right).returncode:
        return "!"
    return run(tool, "version", "--test", "--", left, right).stdout.strip()


def opam(left, right):
    answer = run(os.environ.get("OPAM", "opam"), "admin", "compare-versions", "--", left, right)
    words = answer.stdout.split()
    return words[1] if answer.returncode == 0 and len(words) == 3 else "!"


VERSION = {"debian": (("DPKG", "dpkg"), "--version", r"version ([0-9.]+)"), "alpine": (("APK", "apk"), "--version", r"apk-tools ([^\s,]+)"),
           "opam": (("OPAM", "opam"), "--version", r"(.*)")}


def main():
    sys.stdin.reconfigure(encoding="utf-8", newline="\n")
    sys.stdout.reconfigure(encoding="utf-8", newline="\n")
    name = sys.argv[1]
    (variable, tool), flag, version = VERSION[name]
    print(f"# {tool} {re.search(version, run(os.environ.get(variable, tool), flag).stdout)[1]}")
    pairs = [line.removesuffix("\n").split("\t") for line in sys.stdin]
    order = {"debian": debian, "alpine": alpine, "opam": opam}[name]
    with concurrent.futures.ThreadPoolExecutor(2) as pool:
        answers = pool.map(lambda pair: order(plain(pair[0]), plain(pair[1])), pairs, chunksize=64)
        for (left, right), answer in zip(pairs, answers, strict=True):
            print(left, answer, right, sep="\t")


main()
