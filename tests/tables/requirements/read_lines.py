#!/usr/bin/env python3
"""What pip makes of each line of lines.txt, as lines.tsv: `python read_lines.py > lines.tsv` (written with pip 26.3).

A row is the number of the first line, what stands there, the name, and the version if exactly one can pass:

    pinned, open        a requirement by name
    git, hg, url, file  a requirement by address or path
    option              options alone
    refused             pip gives the file up
"""

import os
import pathlib
import sys
import tempfile

from pip._internal.exceptions import PipError
from pip._internal.req import constructors
from pip._internal.req.req_file import OptionParsingError, ParsedLine, get_line_parser, preprocess

HERE = pathlib.Path(__file__).resolve().parent


def exact(requirement):
    pins = {
        pin.version
        for pin in requirement.specifier
        if pin.operator == "===" or pin.operator == "==" and not pin.version.endswith(".*")
    }
    return pins.pop() if len(pins) == 1 else None


def row(line):
    if line.requirement is None:
        return ("option", "", "")
    if line.is_editable and not line.args:
        read = constructors.install_req_from_editable(line.requirement)
    else:
        read = constructors.install_req_from_line(line.requirement)
    name = read.req.name if read.req else ""
    if read.link:
        scheme = read.link.scheme.split("+")[0]
        return ({"https": "url", "http": "url"}.get(scheme, scheme), name, "")
    version = exact(read.req)
    return ("pinned", name, version) if version else ("open", name, "")


def main():
    text = (HERE / "lines.txt").read_text(encoding="utf-8")
    parse = get_line_parser(None)
    with tempfile.TemporaryDirectory() as folder:
        os.chdir(folder)
        for project in ["project", "libs/ours"]:
            pathlib.Path(project).mkdir(parents=True)
            pathlib.Path(project, "pyproject.toml").write_text("")
        pathlib.Path("libs/wheel-1.0-py3-none-any.whl").write_text("")
        for number, code in preprocess(text):
            try:
                arguments, options = parse(code)
                found = row(ParsedLine("lines.txt", number, arguments, options, False))
            except (PipError, OptionParsingError):
                found = ("refused", "", "")
            print(number, *found, sep="\t")


if __name__ == "__main__":
    sys.exit(main())
