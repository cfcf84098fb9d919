"""Orders pairs of versions as `VersionNumber` of Julia does, by the rules of its manual and of base/version.jl; called by ../make.

    python3 julia.py ordered < pairs

`ordered` holds what npm's `compareBuild` says of the same pairs: where both read a pair, they have to agree, or this fails. What only Julia
reads is answered by these rules alone. JULIA=julia in ../make asks Julia itself.
"""

import re
import sys

ESCAPES = {"\\\\": "\\", "\\t": "\t", "\\n": "\n", "\\r": "\r"}
WORD = "[0-9A-Za-z-]+"
NUMBERS = re.compile(r"[vV]?([0-9]+)(?:\.([0-9]+))?(?:\.([0-9]+))?")
BEHIND = re.compile(rf"(?:-|(-{WORD}(?:\.{WORD})*|[A-Za-z][0-9A-Za-z-]*(?:\.{WORD})*)?(\+(?:{WORD}(?:\.{WORD})*)?)?)\n?\Z")


def plain(text):
    return re.sub(r"\\[\\tnr]", lambda escape: ESCAPES[escape[0]], text)


def identifiers(text):
    keys = []
    for part in text.split("."):
        if part.isdigit():
            if int(part) >= 2**64:
                raise ValueError(text)
            keys.append((1, int(part), ""))
        else:
            keys.append((2 if part else 0, 0, part))
    return keys


def key(text):
    """A key whose order is that of `isless`; ValueError for what is refused."""
    numbers = NUMBERS.match(text)
    behind = BEHIND.fullmatch(text, numbers.end()) if numbers else None
    if not behind:
        raise ValueError(text)
    release = [int(number or 0) for number in numbers.groups()]
    if max(release) >= 2**32:
        raise ValueError(text)
    pre, build = behind.groups()
    if pre is None and build is None and behind[0].startswith("-"):
        pre = "-"
    before = [identifiers(pre[1:] if pre.startswith("-") else pre)] if pre else []
    after = identifiers(build[1:]) if build else []
    return (release, not before, before, build == "+", after)


def order(left, right):
    try:
        left, right = key(plain(left)), key(plain(right))
    except ValueError:
        return "!"
    return "<" if left < right else ">" if left > right else "="


def main():
    sys.stdin.reconfigure(encoding="utf-8", newline="\n")
    sys.stdout.reconfigure(encoding="utf-8", newline="\n")
    with open(sys.argv[1], encoding="utf-8", newline="\n") as file:
        tool, *theirs = file.read().split("\n")[:-1]
    print(f"# VersionNumber of Julia by its rules, held against {tool[2:]}")
    agreed = 0
    for line, other in zip(sys.stdin, theirs, strict=True):
        left, right = line.removesuffix("\n").split("\t")
        ours, said = order(left, right), other.split("\t")[1]
        if said != "!" and ours != "!":
            agreed += 1
            assert ours == said, (left, ours, said, right)
        print(left, ours, right, sep="\t")
    print(f"{agreed} pairs as npm orders them", file=sys.stderr)


main()
