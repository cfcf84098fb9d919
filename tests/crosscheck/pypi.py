#!/usr/bin/env python3
"""Judges the PyPI packages of a tree without lockkeeper's index, its version order or its grouping, and compares.

    python tests/crosscheck/pypi.py --lockkeeper target/release/lockkeeper --data DATA
    python tests/crosscheck/pypi.py --packages packages.json --scan scan.json --data DATA

DATA holds `osv/PyPI/all.zip` (the export of OSV) and `corpus/` (lockfiles). The packages are those that
`lockkeeper packages` reads; everything behind that is evaluated anew: the records straight from the zip, versions by
PyPI's own `packaging`, ranges as the OSV schema says (1.6, "Evaluation"), groups as the closure of shared aliases among the
records of one package. The result must be the same set of (file, package, version, all ids of the group).

Exits 0 if both agree, 1 if not, 2 if something is missing.
"""

import argparse
import functools
import itertools
import json
import pathlib
import subprocess
import sys
import tempfile
import zipfile
from collections import defaultdict

try:
    from packaging.utils import canonicalize_name
    from packaging.version import InvalidVersion, Version
except ImportError:
    sys.exit("this needs PyPI's `packaging`: python -m pip install packaging")

# Exit codes of a scan that say that there is a verdict: pass, blocked, incomplete.
JUDGED = (0, 1, 3)


class Undecided(Exception):
    """Neither yes nor no: a version that `packaging` does not read."""


@functools.cache
def read(text):
    try:
        return Version(text)
    except InvalidVersion:
        return None


def version(text):
    found = read(text)
    if found is None:
        raise Undecided(text)
    return found


class Affected:
    """One entry of a record's `affected`."""

    def __init__(self, entry):
        self.texts = set(entry.get("versions", []))
        self.listed = {read(text) for text in self.texts}
        self.ranges = [one["events"] for one in entry.get("ranges", []) if one["type"] in ("ECOSYSTEM", "SEMVER")]

    def holds(self, text):
        """A version that cannot be asked counts only where nothing else decides."""
        if text in self.texts:
            return True
        held = version(text)
        if held in self.listed:
            return True
        undecided = None
        for events in self.ranges:
            try:
                if in_range(events, held):
                    return True
            except Undecided as error:
                undecided = error
        if undecided and not self.texts:
            raise undecided
        return False


def stretches(events):
    """A range as (start, end, end is affected); a missing bound is None, and a bound that nobody reads raises."""
    limits = [event["limit"] for event in events if "limit" in event]
    steps = [
        (None if (kind, text) == ("introduced", "0") else version(text), kind)
        for event in events
        for kind, text in event.items()
        if kind != "limit"
    ]
    steps.sort(key=lambda step: (step[0] is not None, step[0] or Version("0")))
    found, start, is_open = [], None, False
    for bound, together in itertools.groupby(steps, key=lambda step: step[0]):
        kinds = [kind for _, kind in together]
        if is_open:
            # What is open ends before the next one starts at the same version.
            kinds.sort(key=lambda kind: kind == "introduced")
        for kind in kinds:
            if kind == "introduced" and not is_open:
                start, is_open = bound, True
            elif kind != "introduced" and is_open:
                found.append((start, bound, kind == "last_affected"))
                is_open = False
    if is_open:
        found.append((start, None, False))
    if limits and "*" not in limits:
        highest = max(map(version, limits))
        found = [
            (start, highest if end is None or end >= highest else end, is_in and end is not None and end < highest)
            for start, end, is_in in found
        ]
    return found


class Affected:
    """One entry of a record's `affected`."""

    def __init__(self, entry):
        self.texts = set(entry.get("versions", []))
        self.listed = {read(text) for text in self.texts} - {None}
        self.stretches, self.undecided = [], False
        for one in entry.get("ranges", []):
            if one["type"] in ("ECOSYSTEM", "SEMVER"):
                try:
                    self.stretches += stretches(one["events"])
                except Undecided:
                    self.undecided = True

    def holds(self, text):
        """A version that cannot be asked counts only where nothing else decides."""
        held = read(text)
        if text in self.texts or held in self.listed:
            return True
        # PEP 440, "Version matching": a local version is ignored where the specifier has none.
        release = held and Version(held.public)
        if release in self.listed:
            return True
        for start, end, is_in in self.stretches:
            if start is None and end is None:
                return True
            if held is None:
                continue
            if (start is None or held >= start) and (end is None or held < end or is_in and end in (held, release)):
                return True
        if not self.texts and (self.undecided or held is None and self.stretches):
            raise Undecided(text)
        return False


def records(path):
    """Package name to its records, as pairs of all ids of a record and its entries for the package."""
    packages = defaultdict(list)
    with zipfile.ZipFile(path) as archive:
        for name in archive.namelist():
            if not name.endswith(".json"):
                continue
            record = json.loads(archive.read(name))
            if record.get("withdrawn"):
                continue
            entries = defaultdict(list)
            for affected in record.get("affected", []):
                package = affected.get("package", {})
                if package.get("ecosystem") == "PyPI":
                    entries[canonicalize_name(package["name"])].append(Affected(affected))
            ids = frozenset([record["id"], *record.get("aliases", [])])
            for package, affected in entries.items():
                packages[package].append((ids, affected))
    return packages


def groups(found):
    """The closure of shared ids: pairs of all ids of a group and its members' entries."""
    merged = []
    for ids, affected in found:
        ids, affected = set(ids), list(affected)
        apart = []
        for other_ids, other_affected in merged:
            if ids & other_ids:
                ids |= other_ids
                affected += other_affected
            else:
                apart.append((other_ids, other_affected))
        merged = [*apart, (ids, affected)]
    return merged


def expected(packages, by_name):
    """The findings of packages that stand in lockfiles, and the packages that nobody can judge."""
    findings, undecided = set(), set()
    groups_of = {}
    for file, name, text in packages:
        canonical = canonicalize_name(name)
        if canonical not in groups_of:
            groups_of[canonical] = groups(by_name.get(canonical, []))
        for ids, affected in groups_of[canonical]:
            answers = []
            for entry in affected:
                try:
                    answers.append(entry.holds(text))
                except Undecided:
                    answers.append(None)
            if any(answers):
                findings.add((file, canonical, text, frozenset(ids)))
            elif None in answers:
                undecided.add((file, canonical, text))
    return findings, undecided


def held(document):
    """(file, name, version) of what comes from a registry."""
    return {
        (file["path"], package["name"], package["version"])
        for file in document["files"]
        for package in file["packages"]
        if package["ecosystem"] == "PyPI" and package["source"] == "registry"
    }


def reported(document):
    return {
        (
            finding["file"],
            canonicalize_name(finding["package"]["name"]),
            finding["package"]["version"],
            frozenset([finding["id"], *finding["aliases"]]),
        )
        for target in document["targets"]
        for finding in target["findings"]
        if finding["package"]["ecosystem"] == "PyPI" and finding["state"] != "not_affected"
    }


def run(program, *arguments):
    finished = subprocess.run([program, *arguments], stdout=subprocess.PIPE, check=False)
    if finished.returncode not in JUDGED:
        sys.exit(f"{' '.join(map(str, [program, *arguments]))} exits {finished.returncode}")
    return finished.stdout


def documents(options):
    """What lockkeeper reads, and what it finds."""
    if options.packages and options.scan:
        return json.loads(options.packages.read_bytes()), json.loads(options.scan.read_bytes())
    if not options.lockkeeper:
        sys.exit("give --lockkeeper, or --packages and --scan")
    corpus = options.data / "corpus"
    with tempfile.TemporaryDirectory() as folder:
        index = pathlib.Path(folder) / "index"
        run(options.lockkeeper, "db", "build", "--db", index, options.data / "osv" / "PyPI" / "all.zip")
        packages = json.loads(run(options.lockkeeper, "packages", "--format", "json", corpus))
        scan = json.loads(run(options.lockkeeper, "scan", "--db", index, "--format", "json", corpus))
    return packages, scan


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--lockkeeper", type=pathlib.Path, help="the program")
    parser.add_argument("--packages", type=pathlib.Path, help="what `packages --format json` wrote")
    parser.add_argument("--scan", type=pathlib.Path, help="what `scan --format json` wrote")
    parser.add_argument("--data", type=pathlib.Path, required=True, help="the folder with osv/ and corpus/")
    options = parser.parse_args()

    packages, scan = documents(options)
    inventory = held(packages)
    if not inventory:
        sys.exit("there is no PyPI package to judge")
    wanted, undecided = expected(inventory, records(options.data / "osv" / "PyPI" / "all.zip"))
    found = reported(scan)
    files = {file for file, _, _ in inventory}
    print(
        f"{len(files)} files, {len(inventory)} packages, {len(wanted)} findings expected, {len(found)} reported,"
        f" {len(undecided)} undecided"
    )
    for word, rest in (("missing", wanted - found), ("unexpected", found - wanted)):
        for file, name, text, ids in sorted(rest, key=lambda finding: (*finding[:3], sorted(finding[3]))):
            print(f"{word}: {file}: {name} {text}: {' '.join(sorted(ids))}")
    return 0 if wanted == found else 1


if __name__ == "__main__":
    sys.exit(main())
