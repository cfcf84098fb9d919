"""Versions in their order, near enough to choose which ones are kept."""
import re


def key(version):
    """Sorts `1.10.0` behind `1.9.0`, and a pre-release in front of its release."""
    version = version.removeprefix("v").split("+")[0]
    release, _, rest = re.match(r"([\d.]*)(-?)(.*)", version).groups()
    numbers = [int(part) for part in release.split(".") if part]
    while numbers and numbers[-1] == 0:
        numbers.pop()
    return (numbers, rest == "", [int(part) if part.isdigit() else -1 for part in re.split(r"[.\-]", rest)], rest)


def near(versions, wanted, count):
    """Of `versions` those in `wanted`, `count` behind and, if there are any, one in front of each of these, and the `count` highest."""
    ordered = sorted(versions, key=key)
    kept = set(wanted) & set(ordered)
    for one in list(kept):
        at = ordered.index(one)
        kept.update(ordered[max(at - min(count, 1), 0) : at + 1 + count])
    kept.update(ordered[len(ordered) - count :])
    return kept
