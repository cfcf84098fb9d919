#!/usr/bin/env python3
"""What the go command selects in each workspace of tests/tables/go_workspaces.

    tests/crosscheck/go_workspaces.py [NAME]...

Each table is an archive of files, in the format of Go's own tests (txtar): a comment, then a line
`-- PATH --` before each file. The script lays the files out in a temporary folder, asks `go list -m all`
there and writes the answer into the section `list`, or Go's complaint into the section `refused`. It needs
Go and its module proxy; the test that reads the tables needs neither. A comment with the word `vendor` or
`build` on its last line has `go work vendor` or `go build` run first, and what that writes is kept.
`root: FOLDER` names the folder that is the repository.
"""

import json
import os
import re
import subprocess
import sys
import tempfile
from pathlib import Path

TABLES = Path(__file__).resolve().parent.parent / "tables" / "go_workspaces"
ANSWERS = ("list", "refused")
KEPT = {"vendor": "vendor/modules.txt", "build": "go.work.sum"}


def split(text):
    """The comment and the files of an archive."""
    parts = re.split(r"(?m)^-- (.+) --\n", text)
    return parts[0], dict(zip(parts[1::2], parts[2::2]))


def go(folder, *words):
    environment = dict(os.environ, GOWORK="", GOFLAGS="-modcacherw", GOTOOLCHAIN="local", GO111MODULE="")
    return subprocess.run(["go", *words], cwd=folder, env=environment, capture_output=True, text=True)


def row(module):
    """`path version`, `path version => path version`, `path version => folder`, or `path main`."""
    if module.get("Main"):
        return f"{module['Path']} main"
    text = f"{module['Path']} {module['Version']}"
    new = module.get("Replace")
    if new:
        text += f" => {new['Path']} {new.get('Version', '')}".rstrip()
    return text


def record(table):
    comment, files = split(table.read_text())
    for answer in ANSWERS:
        files.pop(answer, None)
    root = re.search(r"(?m)^root: (.+)$", comment)
    first = comment.split("\n")[-2]
    with tempfile.TemporaryDirectory() as folder:
        for path, text in files.items():
            target = Path(folder, path)
            target.parent.mkdir(parents=True, exist_ok=True)
            if path not in KEPT.values():
                target.write_text(text)
        home = Path(folder, root.group(1)) if root else Path(folder)
        if first in KEPT:
            made = go(home, *(["work", "vendor"] if first == "vendor" else ["build", "./api", "./web"]))
            assert made.returncode == 0, made.stderr
            kept = KEPT[first]
            files[kept] = Path(home, kept).read_text()
            # The whole list is asked of the graph; a vendored workspace tells only what it holds.
            listed = go(home, "list", "-mod=readonly", "-m", "-json", "all")
        else:
            listed = go(home, "list", "-m", "-json", "all")
        if listed.returncode:
            files["refused"] = listed.stderr.replace(folder + os.sep, "").replace(folder, ".").strip() + "\n"
        else:
            decoder, at, rows = json.JSONDecoder(), 0, []
            text = listed.stdout.strip()
            while at < len(text):
                module, end = decoder.raw_decode(text, at)
                rows.append(row(module))
                at = end + len(text[end:]) - len(text[end:].lstrip())
            files["list"] = "\n".join(sorted(rows)) + "\n"
    archive = comment + "".join(f"-- {path} --\n{text}" for path, text in files.items())
    changed = archive != table.read_text()
    table.write_text(archive)
    answer = "refused" if "refused" in files else f"{len(files['list'].splitlines())} modules"
    print(f"{table.stem}: {answer}{', changed' if changed else ''}")


def main():
    print(subprocess.run(["go", "version"], capture_output=True, text=True, check=True).stdout.strip())
    names = sys.argv[1:] or sorted(table.stem for table in TABLES.glob("*.txtar"))
    for name in names:
        record(TABLES / f"{name}.txtar")


if __name__ == "__main__":
    main()
