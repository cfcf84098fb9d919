#!/usr/bin/env python3
"""Writes pairs of versions, `A<TAB>B` a line, for the native tools to order.

    python3 tests/tables/pairs.py SCHEME [SEED] [COUNT]

The same seed gives the same pairs. A third are versions as published, a third are made up from a scheme's
awkward parts, a third are a version and the same one with a character or two changed. Backslash, tab, line
feed and carriage return inside a version are written `\\\\`, `\\t`, `\\n` and `\\r`.
"""

import pathlib
import random
import sys

NUMBERS = ["0", "0", "1", "1", "2", "3", "9", "10", "11", "99", "00", "01", "007", "010", "20240102", "2147483647",
           "2147483648", "999999999", "1000000000", "999999999999999999", "1000000000000000000", "9007199254740990",
           "9007199254740991", "9007199254740992", "9007199254740993", "18446744073709551615",
           "18446744073709551616", "9" * 25, "0" * 10, "0" * 20, "0" * 8 + "12", "1" + "0" * 30]
SMALL = ["0", "0", "1", "1", "2", "3", "10", "11"]
WORDS = {
    "semver": ["alpha", "beta", "rc", "pre", "a", "b", "x", "-", "--", "0a", "a0", "1-1", "RC", "Alpha", "dev", "0-0",
               "00", "01", "canary", "next", "z", "Z"],
    "pep440": ["a", "b", "c", "rc", "alpha", "beta", "pre", "preview", "post", "rev", "r", "dev", "A", "RC", "Post",
               "DEV", "Alpha", "final", "x", "po\u017ft", "previe", "p", "de", "\u212a"],
    "maven": ["alpha", "beta", "milestone", "rc", "cr", "snapshot", "ga", "final", "release", "sp", "a", "b", "m", "x",
              "jre", "android", "v", "RC", "Final", "GA", "SP", "SNAPSHOT", "Alpha", "M", "B", "z", "xyz", "redhat",
              "\u00e9", "\u00c9", "\u0130", "\u212a", "\U0001d7d8", "\uff5a", "\U0001f600", "_",
              "+", "\u0661", "\u0660", "\u0660" * 11, "\uff11", "~", "r", "release1", "alph"],
    "packagist": ["alpha", "beta", "RC", "patch", "dev", "a", "b", "p", "pl", "rc", "stable", "Alpha", "BETA", "Stable", "DEV",
                  "Patch", "foo", "al", "x", "devel", "m", "r\u00e9"],
}
WORDS["rubygems"] = ["a", "b", "rc", "pre", "alpha", "beta", "dev", "rc1", "RC", "A", "Z", "x0", "0a", "00b", "p1", "java", "a1b2"]
SPACES = ["", "", "", "", "", "", "", "", "", "", "", "", " ", "\t", "\n", "\r", "\f", "\v", "\u00a0", "\ufeff", "\u0085",
          "\u2028", "\x1c", "\u180e", "\u200b", "\u3000"]
LETTERS = {
    "nuget": "0123456789...---++abxzAZ-. v_\u00e9\u0661\u00a0",
    "semver": "0123456789..--++abxzAZv=_ ~\u00e9\u0661",
    "pep440": "0123456789...---+_!abcrdevpostv* \u00e9\u0661\u017f",
    "maven": "0123456789.....-----_+abcmrxzAM \u00e9\u0661\u0660\U0001f600",
    "rubygems": "0000123459......--abrcpeAZ _+\u00e9\u0661",
    "packagist": "0123456789....---__:+@abdevprcxX*v #\u00e9\u0661",
    "cran": "0123456789....---0a_+ v\u00e9\u0661",
    "hackage": "0123456789.....--0aZ_+ v\u00e9\u0661",
    "julia": "0123456789...---+++abrcvVzZ_ \u00e9\u0661",
    "opam": "0123456789...--~~++__abrcvZ: ^\u00e9\u0661",
    "conan": "0123456789...--++__abrcwvZ~:\u00e9\u0661",
    "debian": "0123456789...--~~++::abrcZ_^ /\u00e9\u0661",
    "rpm": "0123456789...--~~^^+_:abrcZ %\u00e9\u0661",
    "alpine": "0123456789...__--~~rabpcfgZ+ \u00e9\u0661",
}


def family(scheme):
    return "semver" if scheme in ("semver", "hex", "npm", "go", "toolchain", "github_actions", "swift", "pub") else scheme


def odd_semver(rng, scheme):
    easy = rng.random() < 0.75
    numbers = SMALL if easy else NUMBERS
    text = ".".join(rng.choice(numbers) for _ in range(3 if rng.random() < 0.9 else rng.randint(0, 5)))
    words = [word for word in WORDS["semver"] if not easy or word not in ("00", "01")]
    for mark, chance in (("-", 0.6), ("+", 0.2)):
        if rng.random() < chance:
            parts = rng.choices(words + numbers + numbers, k=rng.randint(1, 4))
            text += mark + ".".join(parts if easy or rng.random() < 0.9 else parts + [""])
    if scheme == "go" and rng.random() < 0.3:
        day = f"2024010{rng.randint(1, 9)}0{rng.randint(1, 9)}0000-{rng.getrandbits(48):012x}"
        core = text.split("-")[0].split("+")[0]
        text = core + rng.choice([f"-{day}", f"-0.{day}", f"-rc.1.0.{day}"]) + rng.choice(["", "", "+incompatible"])
    if scheme == "hex":
        long = rng.choice(["9" * 13, "9" * 14, "1" + "0" * 13, "1" + "0" * 14, "9" * 15, "20240102030405"])
        return text.replace("1", long, 1) if rng.random() < 0.1 else text
    prefix = rng.choice(["", "", "v"] if easy else ["", "v", "vv", "V", "=", "v "])
    if scheme == "npm":
        if not easy and rng.random() < 0.1:
            text += "-" * rng.choice([1, 0]) + "a" * rng.randint(240 - len(text), 260 - len(text)) if len(text) < 200 else ""
        return (rng.choice(SPACES) if rng.random() < 0.2 else "") + prefix + text + rng.choice(SPACES)
    return prefix + text


def odd_exact(rng, _scheme):
    """SemVer 2.0.0 with numbers that each implementation holds exactly."""
    numbers = SMALL + [number for number in NUMBERS if len(number) < 17 and (number == "0" or number[0] != "0")]
    numbers = SMALL if rng.random() < 0.75 else numbers
    words = [word for word in WORDS["semver"] if word not in ("00", "01", "0-0")]
    text = ".".join(rng.choice(numbers) for _ in range(3))
    for mark, chance in (("-", 0.7), ("+", 0.3)):
        if rng.random() < chance:
            text += mark + ".".join(rng.choices(words + numbers, k=rng.randint(1, 4)))
    return text


def odd_pep440(rng, _scheme):
    numbers = SMALL if rng.random() < 0.7 else NUMBERS
    words, separators = WORDS["pep440"], ["", "", ".", "-", "_"]
    known = words[:12] if rng.random() < 0.85 else words
    text = rng.choice(["", "", "", "v", "V"]) + (rng.choice(numbers) + "!" if rng.random() < 0.15 else "")
    text += ".".join(rng.choice(numbers) for _ in range(rng.randint(1, 5)))
    if rng.random() < 0.5:
        for kind in (["a", "b", "c", "rc", "alpha", "beta", "pre", "preview", "RC"], ["post", "rev", "r", "Post", ""], ["dev", "DEV"]):
            if rng.random() < 0.45:
                word = rng.choice(kind)
                mark = rng.choice(separators) if word else "-"
                end = rng.choice(separators) if word else ""
                text += mark + word + end + rng.choice(numbers + ["", ""])
    else:
        for _ in range(rng.choice([0, 0, 1, 1, 1, 2, 3])):
            text += rng.choice(separators) + rng.choice(known) + rng.choice(separators) + rng.choice(numbers + [""])
    if rng.random() < 0.25:
        parts = rng.choices(["ubuntu", "a", "B", "b", "1a", "a1", "deb"] + numbers, k=rng.randint(1, 4))
        text += "+" + "".join(part + rng.choice(".-_") for part in parts)[:-1 if rng.random() < 0.95 else None]
    return rng.choice(SPACES) + text + rng.choice(SPACES)


def odd_maven(rng, _scheme):
    numbers = SMALL if rng.random() < 0.7 else NUMBERS
    words = WORDS["maven"][:27] if rng.random() < 0.8 else WORDS["maven"]
    marks = [".", ".", "-", "-", ""] if rng.random() < 0.8 else [".", "-", "", "..", "--", ".-", "-."]
    text = ""
    for place in range(rng.randint(1, 7)):
        text += (rng.choice(marks) if place or rng.random() < 0.05 else "")
        text += rng.choice(words if rng.random() < 0.4 else numbers)
    return text + (rng.choice(marks) if rng.random() < 0.1 else "")


def odd_nuget(rng, _scheme):
    easy = rng.random() < 0.75
    numbers = SMALL if easy else NUMBERS
    dots = [".", ".", ".", " .", ". ", ".\t", ".\u00a0"] if rng.random() < 0.1 else ["."]
    text = rng.choice(numbers)
    for _ in range(rng.choice([0, 1, 2, 2, 2, 2, 3, 3, 3, 4] if easy else [0, 1, 2, 3, 4, 5])):
        text += rng.choice(dots) + rng.choice(numbers)
    words = [word for word in WORDS["semver"] if not easy or word not in ("00", "01")]
    words += ["-1", "-0", "-01", "-2147483648", "-2147483649", "Beta", "beta", "BETA", "preview1", "Preview1", "20240102030405"]
    for mark, chance in (("-", 0.7), ("+", 0.15)):
        if rng.random() < chance:
            parts = rng.choices(words + (SMALL if rng.random() < 0.6 else NUMBERS), k=rng.choice([1, 1, 2, 2, 3]))
            text += mark + ".".join(parts if easy or rng.random() < 0.9 else parts + [""])
    front = rng.choice(["", "", "", "v", " "]) if not easy else ""
    return front + text + (rng.choice(SPACES) if rng.random() < 0.1 else "")


def odd_github_actions(rng, _scheme):
    numbers = SMALL if rng.random() < 0.85 else NUMBERS
    text = rng.choice(["", "v", "v", "v", "V"])
    text += ".".join(rng.choice(numbers) for _ in range(rng.choice([1, 1, 2, 3, 3, 3, 4])))
    if rng.random() < 0.35:
        text += "-" + ".".join(rng.choices(["alpha", "beta", "rc", "pre", "rc1", "a", "x"] + SMALL, k=rng.randint(1, 3)))
    return text + ("+b.1" if rng.random() < 0.05 else "")


def odd_rubygems(rng, _scheme):
    numbers = SMALL if rng.random() < 0.7 else NUMBERS
    few = rng.random() < 0.5
    text = rng.choice(numbers)
    for _ in range(rng.randint(0, 5)):
        part = rng.choice(["0", "0", "1", "a", "b"]) if few else rng.choice(WORDS["rubygems"] if rng.random() < 0.35 else numbers)
        mark = "." if rng.random() < 0.9 else rng.choice(["-", "-", "", "..", "--", ".-"])
        text += mark + part
    return (rng.choice(SPACES) if rng.random() < 0.05 else "") + text + (rng.choice(SPACES) if rng.random() < 0.1 else "")


def odd_packagist(rng, _scheme):
    numbers = SMALL if rng.random() < 0.8 else NUMBERS + ["99999", "100000", "12345", "123456"]
    prefix = rng.choice(["", "", "", "", "v", "V", " ", "=", "dev-", "vv"] if rng.random() < 0.5 else ["", "v"])
    kind = rng.random()
    if kind < 0.05:
        return rng.choice(["dev-main", "dev-master", "DEV-main", "dev-feature/x", "dev-1.0", "master", "trunk", "default", "main",
                           "dev-", "dev-main#abc", "dev-main as 1.0", "dev-main@dev", "dev-1.x-dev", "9999999-dev"])
    if kind < 0.15:
        return prefix + ".".join(rng.choice(numbers + ["x", "*", "X"]) if place else rng.choice(numbers)
                                 for place in range(rng.randint(1, 5))) + rng.choice(["-dev", "-dev", ".dev", "dev", ".x-dev", "-x-dev"])
    if kind < 0.3:
        parts = [rng.choice(["2010", "2024", "1999", "201"])]
        parts += [f"{rng.randint(0, 31):02d}" for _ in range(rng.randint(0, 6))]
        parts += [str(rng.choice([1, 12, 123, 1234, 0])) for _ in range(rng.choice([0, 0, 0, 1, 2, 3]))]
        marks = [rng.choice(["", "-", ".", ":"])] if rng.random() < 0.7 else ["", "-", ".", ":", "_", "--"]
        text = parts[0] + "".join(rng.choice(marks) + part for part in parts[1:])
    else:
        text = ".".join(rng.choice(numbers) for _ in range(rng.choice([1, 2, 3, 3, 3, 3, 4, 4, 5])))
    for _ in range(rng.choice([0, 0, 0, 1, 1, 1, 1, 2])):
        known = WORDS["packagist"][:10] if rng.random() < 0.85 else WORDS["packagist"]
        text += rng.choice(["-", "-", "", ".", "_", "--"]) + rng.choice(known)
        for _ in range(rng.choice([0, 1, 1, 1, 2, 3])):
            text += rng.choice(["", "", ".", "-", "_"]) + rng.choice(numbers)
    text += rng.choice(["", "", "", "", "", "-dev", ".dev", "-", "@dev", "@RC", "@stable", "+build.1", "+b+c", "#abc", " as 1.0",
                        "  as  2.0"] if rng.random() < 0.4 else [""])
    return prefix + text + (rng.choice(SPACES) if rng.random() < 0.1 else "")


def odd_toolchain(rng, _scheme):
    text = rng.choice(["1"] * 12 + ["2", "2", "01", "0"])
    text += rng.choice(["", ".0", ".5", ".9", ".18", ".20", ".20", ".21", ".21", ".21", ".22", ".22", ".100"] * 2 + [".021", "."])
    text += rng.choice(["", "", ".0", ".1", ".3", ".10", "rc1", "rc2", "rc10", "rc", "beta1",
                        "beta2", "alpha1"] * 3 + ["rc01", ".3rc1", "-rc.1", "Rc1"])
    return "go" + text + rng.choice(["", "", "", "", "", "-acme", "-acme-2"])


def odd_cran(rng, _scheme):
    numbers = SMALL if rng.random() < 0.75 else NUMBERS
    text = rng.choice(numbers)
    for _ in range(rng.choice([0, 1, 1, 2, 2, 2, 3, 3, 4, 6])):
        text += rng.choice("...--") + rng.choice(numbers)
    return text if rng.random() < 0.9 else rng.choice(["v", "", " ", "-", "."]) + text + rng.choice(["", ".", "-", "a", "-rc1", " ", "..1", "\n"])


def odd_hackage(rng, _scheme):
    numbers = SMALL if rng.random() < 0.75 else NUMBERS + ["999999999", "100000000"]
    text = ".".join(rng.choice(numbers) for _ in range(rng.choice([1, 2, 3, 3, 4, 4, 4, 5])))
    for _ in range(rng.choice([0, 0, 0, 0, 1, 2])):
        text += "-" + rng.choice(["foo", "a", "1", "rc1", "Z", "0a", "\u00e9"] if rng.random() < 0.9 else ["", "_", "a.b", " "])
    return rng.choice(["", "v", " "] if rng.random() < 0.1 else [""]) + text + rng.choice(["", "", "", "", "", "", "", "", "", " ", "."])


def odd_julia(rng, scheme):
    if rng.random() < 0.4:
        return odd_exact(rng, scheme)
    numbers = SMALL if rng.random() < 0.8 else NUMBERS
    text = rng.choice(["", "", "", "v", "V"]) + ".".join(rng.choice(numbers) for _ in range(rng.choice([1, 2, 3, 3, 3, 3, 4])))
    words = WORDS["semver"] + numbers + numbers

    def identifiers():
        return ".".join(rng.choices(words, k=rng.choice([1, 1, 2, 2, 3])))
    text += rng.choice(["", "", "", "-", "-" + identifiers(), "-" + identifiers(), rng.choice(["rc", "a", "Z", "beta-"]) + identifiers()])
    return text + rng.choice(["", "", "", "+", "+" + identifiers(), "+" + identifiers(), "+" + rng.choice(SMALL)])


def odd_parts(rng, marks, words, most=6):
    """Numbers, marks and words in any order, mostly a number first."""
    numbers = SMALL if rng.random() < 0.75 else NUMBERS
    text = rng.choice(numbers) if rng.random() < 0.9 else ""
    for _ in range(rng.randint(0, most)):
        text += rng.choice([rng.choice(marks), rng.choice(marks) + rng.choice(numbers), rng.choice(numbers), rng.choice(words)])
    return text


DEB_WORDS = ["a", "b", "rc", "beta", "alpha", "dfsg", "git", "Z", "A", "x", "v", "p", "deb", "ubuntu", "nmu"]


def odd_opam(rng, _scheme):
    return odd_parts(rng, [".", ".", ".", "-", "-", "~", "~~", "+", "_", "--", "-0"], DEB_WORDS) or rng.choice(["~", "0", "dev", "trunk"])


def odd_debian(rng, _scheme):
    text = rng.choice(["", "", "", "", "0:", "1:", "2:", "10:", "00:"] if rng.random() < 0.97 else [":", "a:", "-1:", " 1:", "2147483647:", "2147483648:", "1 :", "+1:"])
    text += odd_parts(rng, [".", ".", ".", "~", "~~", "+", "-", "."], DEB_WORDS, 5)
    if rng.random() < 0.7:
        text += "-" + odd_parts(rng, [".", "+", "~", "."], ["ubuntu", "deb", "nmu", "b", "build", "+b", "bpo", "a"], 3)
    return text + rng.choice([""] * 30 + ["-", ":", "_1", " ", " 1", ":1"])


def odd_rpm(rng, _scheme):
    words = ["a", "b", "rc", "beta", "alpha", "git", "Z", "A", "el", "fc", "x", "p", "post"]
    marks = [".", ".", ".", "~", "^", "+", "_", "..", "~~", "^^", "%", "^~", "~^"]
    text = rng.choice(["", "", "", "", "0:", "1:", "2:", "10:", "00:"] if rng.random() < 0.97 else [":", "a:", "4294967295:", "4294967296:", "1:2:"])
    text += odd_parts(rng, marks, words, 5)
    if rng.random() < 0.7:
        text += "-" + odd_parts(rng, marks, words, 3) + rng.choice(["", "", ".el9", ".el8_10", ".fc42", ".module_el8+1", ".1"])
    return text + rng.choice([""] * 30 + ["-", ":", "-1", " ", "\u00e9"])


def odd_alpine(rng, _scheme):
    numbers = SMALL if rng.random() < 0.75 else NUMBERS
    text = ".".join(rng.choice(numbers) for _ in range(rng.choice([1, 2, 2, 3, 3, 3, 4])))
    text += rng.choice(["", "", "", "a", "b", "z", "A", "ab"])
    for _ in range(rng.choice([0, 0, 1, 1, 2])):
        text += "_" + rng.choice(["alpha", "beta", "pre", "rc", "cvs", "svn", "git", "hg", "p"] * 5 + ["foo", "", "P", "prex"]) + rng.choice(numbers + ["", "", ""])
    text += rng.choice(["", "", "", "", "~abc", "~0", "~deadbeef", "~", "~xyz", "~abc123"])
    text += rng.choice(["", "", "-r" + rng.choice(numbers), "-r" + rng.choice(numbers), "-r0", "-r1", "-r10"])
    return text + rng.choice([""] * 30 + ["-r", "-1", ".", "_", "-r1-r2", "_p1", " ", "a"])


def odd_conan(rng, _scheme):
    numbers = SMALL if rng.random() < 0.8 else NUMBERS
    words = ["a", "b", "rc1", "rc10", "rc9", "w", "1w", "2u", "10a", "cci", "system", "x", "Z", "1_0", "0_", "_1", "", "-1", "--2", "01a"]

    def items(most):
        return ".".join(rng.choice(words if rng.random() < 0.3 else numbers) for _ in range(rng.randint(1, most)))
    text = items(5)
    for mark, chance in (("-", 0.4), ("+", 0.25), ("+", 0.03)):
        if rng.random() < chance:
            text += mark + items(3)
    return text + rng.choice([""] * 30 + [":", "~", "-", "+", "@", " "])


ODD = {"github_actions": odd_github_actions, "semver": odd_semver, "hex": odd_semver, "npm": odd_semver, "go": odd_semver, "toolchain": odd_toolchain, "pep440": odd_pep440,
       "maven": odd_maven, "nuget": odd_nuget, "rubygems": odd_rubygems, "packagist": odd_packagist, "pub": odd_exact, "swift": odd_exact,
       "cran": odd_cran, "hackage": odd_hackage, "julia": odd_julia, "opam": odd_opam, "debian": odd_debian, "rpm": odd_rpm,
       "alpine": odd_alpine, "conan": odd_conan}


def changed(rng, text, letters):
    for _ in range(rng.choice([1, 1, 1, 2])):
        place = rng.randint(0, len(text))
        letter = rng.choice(letters if rng.random() < 0.5 else "0123456789ab")
        text = rng.choice([
            text[:place] + letter + text[place:],
            text[:place] + letter + text[place + 1:],
            text[:place] + text[place + 1:],
            text[:place] + text[place:place + 1] * 2 + text[place + 1:],
            text[:place] + text[place:place + 2][::-1] + text[place + 2:],
            text[:place],
        ])
    return text


def crossed(rng, left, right):
    """The front of one version and the back of the other, so that their difference comes late."""
    def cuts(text):
        return [at for at, letter in enumerate(text) if letter in ".-+!"] + [len(text)]
    return left[:rng.choice(cuts(left))] + right[rng.choice(cuts(right)):]


def escaped(text):
    return text.replace("\\", "\\\\").replace("\t", "\\t").replace("\n", "\\n").replace("\r", "\\r")


def main():
    scheme = sys.argv[1]
    rng = random.Random(f"{scheme} {sys.argv[2] if len(sys.argv) > 2 else 1}")
    count = int(sys.argv[3]) if len(sys.argv) > 3 else 40000
    letters = LETTERS[family(scheme)] if scheme != "toolchain" else "0123456789.rcbeta-go"
    source = pathlib.Path(__file__).parent / "published" / f"{scheme}.txt"
    published = source.read_text("utf-8").split("\n")[:-1] if source.exists() else []
    sys.stdout.reconfigure(encoding="utf-8", newline="\n")

    def one():
        return rng.choice(published) if published and rng.random() < 0.5 else ODD[scheme](rng, scheme)

    for place in range(count):
        if place % 3 == 0 and published:
            at = rng.randrange(len(published))
            near = rng.randrange(max(0, at - 20), min(len(published), at + 20))
            left, right = published[at], rng.choice([published[near], rng.choice(published)])
        elif place % 3 == 1:
            left, right = ODD[scheme](rng, scheme), one()
            if rng.random() < 0.6:
                right = crossed(rng, left, right)
        else:
            left = one()
            right = changed(rng, left, letters)
        if scheme == "packagist" and rng.random() < 0.15:
            # Two stabilities of one release.
            core = ".".join(rng.choice(SMALL) for _ in range(3))
            left, right = (core + rng.choice(["", "", "-dev", "-alpha1", "beta2", "-RC1", "-rc1-dev", "-beta1-dev", ".b1", "-p1", ".0"])
                           for _ in range(2))
        if rng.random() < 0.5:
            left, right = right, left
        sys.stdout.write(f"{escaped(left)}\t{escaped(right)}\n")


main()
