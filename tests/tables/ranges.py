#!/usr/bin/env python3
"""Writes pairs of a range and a version, `RANGE<TAB>VERSION` a line, for the native tools to decide.

    python3 tests/tables/ranges.py SYNTAX [SEED] [COUNT]

The same seed gives the same pairs. A third of the ranges are asked for by real manifests (asked/), a third are made up, a
third are one of those with a character or two changed; versions lie close to a number of the range, or are published.
Escapes are those of pairs.py.
"""

import pathlib
import random
import re
import sys

SMALL = ["0", "0", "0", "1", "1", "2", "3", "10"]
NUMBERS = SMALL * 30 + ["00", "01", "9007199254740990", "9007199254740991", "9007199254740992", "18446744073709551615",
                       "18446744073709551616", "9" * 25]
OPERATORS = {
    "npm": ["", "", "", "^", "^", "^", "~", "~", "~>", ">", ">=", ">=", "<", "<", "<=", "=", "==", "=>", "v", "=v", ">=v", "^v", "~="],
    "cargo": ["", "", "", "^", "^", "~", ">", ">=", ">=", "<", "<", "<=", "=", "==", "~>", "v"],
    "pep440": ["==", "==", "!=", "!=", "~=", "~=", ">", ">", ">=", "<", "<", "<=", "===", "=", "", "^", "=== "],
    "packagist": ["", "", "", "^", "^", "^", "~", "~", ">", ">=", ">=", "<", "<", "<=", "=", "==", "!=", "<>", "~>", "=>"],
    "rubygems": ["~>", "~>", "~>", ">=", ">=", ">=", ">", "<", "<", "<=", "=", "", "", "!=", "^", "==", "=>", "~"],
}
SEMVER_PRE = ["", "", "", "", "-0", "-1", "-rc.1", "-rc.2", "-alpha", "-beta.10", "-a.b.c", "-", "--", "-01", "beta", "rc1", "-x", "-v"]
PEP440_PRE = ["", "", "", "", "a1", "a2", "b1", "rc1", "rc2", ".dev0", ".dev1", ".post0", ".post1", "-1", "a1.post1", "rc1.dev2",
              ".post1.dev2", "alpha", ".RC1", "c1", "-post2", "a0", "b"]
LOCALS = ["", "", "", "+l", "+1", "+l.1", "+L", "+l-1", "+10"]
CARGO_PRE = ["", "", "", "", "", "", "-0", "-1", "-rc.1", "-rc.2", "-alpha", "-beta.10", "-a.b.c", "--", "-01", "-x"]
RUBYGEMS_PRE = ["", "", "", "", "", "", ".rc1", ".rc2", ".a", ".pre", ".pre.1", ".beta.10", "-1", "-java", "rc1", "b", ".0", ".0.0", ".1.a"]
BUILDS = ["", "", "", "", "", "+b", "+b.1", "+", "+a..b"]
PACKAGIST_PRE = ["", "", "", "", "", "-dev", "-alpha1", "-beta", "-beta.2", "-RC1", "RC2", "-rc1", "a1", "b2", "-p1", "-pl2", "-patch3",
                 ".x-dev", "-stable", "-RC1-dev", "-", "_beta1", "+b", "-dev+b"]
FLAGS = ["@dev", "@beta", "@stable", "@RC", "@alpha", "#4f1c", " as 1.0", " as 1.2.x-dev"]
LETTERS = {
    "packagist": "012..--+,,|xX*=~^<>@ devbet",
    "npm": "0123..--++abxXv=~^<>*|| \t",
    "cargo": "0123..--+,,abxX=~^<>* \t",
    "pep440": "012..--+,,!!=~<>*abcrdevpost \t;)",
    "rubygems": "012..--,,!=~<>abrc \t",
}


def number(rng):
    return rng.choice(NUMBERS)


def semver_version(rng, syntax):
    return ".".join(number(rng) for _ in range(3)) + semver_end(rng, syntax)


def semver_end(rng, syntax):
    builds = BUILDS if syntax == "npm" or rng.random() < 0.2 else BUILDS[:-2]
    return rng.choice(CARGO_PRE if syntax == "cargo" else SEMVER_PRE) + rng.choice(builds)


def pep440_version(rng):
    text = rng.choice(["", "", "", "", "", "v", "1!", "0!"]) + ".".join(number(rng) for _ in range(rng.choice([1, 2, 2, 3, 3, 4])))
    return text + rng.choice(PEP440_PRE) + rng.choice(LOCALS)


def packagist_version(rng):
    if rng.random() < 0.08:
        return rng.choice(["dev-main", "dev-master", "dev-feature/x", "dev-1.0", "1.x-dev", "1.2.x-dev", "dev-1.x"])
    numbers = [rng.choice(SMALL) for _ in range(rng.choice([1, 2, 3, 3, 3, 4]))]
    return rng.choice(["", "", "v"]) + ".".join(numbers) + rng.choice(PACKAGIST_PRE)


def rubygems_version(rng):
    return ".".join(number(rng) for _ in range(rng.choice([1, 2, 2, 3, 3, 3, 4]))) + rng.choice(RUBYGEMS_PRE)


def version(rng, syntax):
    if syntax == "packagist":
        return packagist_version(rng)
    if syntax == "rubygems":
        return rubygems_version(rng)
    return pep440_version(rng) if syntax == "pep440" else semver_version(rng, syntax)


def partial(rng, syntax):
    if syntax == "packagist":
        text = packagist_version(rng)
        if rng.random() < 0.15:
            text = ".".join(rng.choice(SMALL) for _ in range(rng.choice([1, 2, 3]))) + rng.choice([".*", ".x", ".*.*", ".X"])
        return text + (rng.choice(FLAGS) if rng.random() < 0.08 else "")
    if syntax == "rubygems":
        return rubygems_version(rng)
    parts = [number(rng) for _ in range(rng.choice([1, 2, 3, 3, 3]))]
    if syntax != "pep440" and rng.random() < 0.2:
        parts[-1 if rng.random() < 0.7 else rng.randrange(len(parts))] = rng.choice("xX**")
    text = ".".join(parts)
    if syntax == "pep440":
        if rng.random() < 0.25:
            return text + ".*"
        return rng.choice(["", "", "", "1!"]) + text + rng.choice(PEP440_PRE) + (rng.choice(LOCALS) if rng.random() < 0.3 else "")
    return text + (semver_end(rng, syntax) if len(parts) == 3 or rng.random() < 0.05 else "")


def bound(rng, syntax):
    text = rng.choice(OPERATORS[syntax]) + rng.choice(["", "", "", " ", "  "]) + partial(rng, syntax)
    if syntax == "npm" and rng.random() < 0.12:
        return rng.choice(["*", "x", "", "latest", "foo", ">=0.0.0", "<*", "^", "~", ">", "=", "v", "~>", "1.2.3*", "^*", "~x", "-"])
    if syntax == "packagist" and rng.random() < 0.05:
        return rng.choice(["*", "x", "*.*", "v*", "", "main", "main-dev", "dev-main", "@dev", "@stable", "self.version", "foo", "*@dev"])
    if syntax == "cargo" and rng.random() < 0.06:
        return rng.choice(["*", "x", "", "foo", "*.*"])
    return text


def made_up(rng, syntax):
    count = rng.choice([1, 1, 1, 2, 2, 3])
    if syntax == "npm":
        sets = []
        for _ in range(rng.choice([1, 1, 1, 2, 3])):
            if rng.random() < 0.15:
                front = rng.choice(["", "", "", "v", "= ", "v "])
                sets.append(front + partial(rng, syntax) + rng.choice([" - ", " - ", "  -  ", "- ", " -"]) + partial(rng, syntax))
            else:
                sets.append(rng.choice([" ", " ", "  "]).join(bound(rng, syntax) for _ in range(count)))
        return rng.choice(["||", " || ", "|| "]).join(sets)
    if syntax == "packagist":
        groups = []
        for _ in range(rng.choice([1, 1, 1, 2, 3])):
            if rng.random() < 0.12:
                groups.append(partial(rng, syntax) + rng.choice([" - ", " - ", "  -  ", "- ", " -"]) + partial(rng, syntax))
            else:
                groups.append(rng.choice([",", ", ", " ", " ", "  ", " , "]).join(bound(rng, syntax) for _ in range(count)))
        return rng.choice(["||", " || ", "|", " | ", "|| "]).join(groups)
    mark = rng.choice([",", ", ", " , "]) if rng.random() < 0.95 else " "
    return mark.join(bound(rng, syntax) for _ in range(count)) + ("," if rng.random() < 0.03 else "")


def changed(rng, text, letters):
    for _ in range(rng.choice([1, 1, 2])):
        place = rng.randint(0, len(text))
        letter = rng.choice(letters)
        text = rng.choice([text[:place] + letter + text[place:], text[:place] + letter + text[place + 1:], text[:place] + text[place + 1:]])
    return text


def near(rng, text, syntax):
    """A version close to one that the range names."""
    named = re.findall(r"\d+(?:\.\d+)*", text)
    if not named:
        return version(rng, syntax)
    parts = rng.choice(named).split(".")[:3]
    parts += ["0"] * (3 - len(parts) if syntax != "pep440" or rng.random() < 0.5 else 0)
    if rng.random() < 0.65:
        place = rng.randrange(len(parts))
        parts[place] = str(max(0, int(parts[place][:18]) + rng.choice([-1, 1, 1, 2, 5])))
        if place + 1 < len(parts) and rng.random() < 0.4:
            parts[place + 1:] = ["0"] * len(parts[place + 1:])
    marks = {"packagist": PACKAGIST_PRE, "pep440": PEP440_PRE + LOCALS, "npm": SEMVER_PRE, "cargo": CARGO_PRE, "rubygems": RUBYGEMS_PRE}[syntax]
    if syntax == "packagist" and rng.random() < 0.08:
        return rng.choice(re.findall(r"dev-[\w/.]+|\d[\w.]*-dev", text) or [packagist_version(rng)])
    if syntax == "rubygems" and rng.random() < 0.3:
        del parts[-1]
    own = re.findall(r"\d(-[\w.-]+|(?:a|b|rc|\.dev|\.post)\d+)", text)
    mark = rng.choice(own) if own and rng.random() < 0.4 else rng.choice(marks) if rng.random() < 0.5 else ""
    return ("1!" if syntax == "pep440" and "!" in text and rng.random() < 0.4 else "") + ".".join(parts) + mark


def escaped(text):
    return text.replace("\\", "\\\\").replace("\t", "\\t").replace("\n", "\\n").replace("\r", "\\r")


def main():
    syntax = sys.argv[1]
    rng = random.Random(f"{syntax} ranges {sys.argv[2] if len(sys.argv) > 2 else 1}")
    count = int(sys.argv[3]) if len(sys.argv) > 3 else 24000
    here = pathlib.Path(__file__).parent
    lines = lambda path: (here / path).read_text("utf-8").split("\n")[:-1]
    asked = lines(f"asked/{syntax}.txt")
    published = lines(f"published/{'semver' if syntax == 'cargo' else syntax}.txt")
    sys.stdout.reconfigure(encoding="utf-8", newline="\n")
    for place in range(count):
        text = rng.choice(asked) if place % 3 == 0 or rng.random() < 0.3 else made_up(rng, syntax)
        if place % 3 == 2:
            text = changed(rng, text, LETTERS[syntax])
        if rng.random() < 0.02:
            text = rng.choice([" ", "\t", "\u00a0", "\n"]) + text + rng.choice(["", " ", "\ufeff"])
        held = rng.choice(published) if rng.random() < 0.1 else near(rng, text, syntax) if rng.random() < 0.93 else version(rng, syntax)
        sys.stdout.write(f"{escaped(text)}\t{escaped(held)}\n")


main()
