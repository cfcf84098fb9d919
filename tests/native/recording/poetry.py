"""Poetry: poetry.lock."""
import pathlib
import re
import shutil
import tempfile

import python_index

from .client import Refused, must
from .python import Index

# Poetry asks the index whose address is in its own code; this has it ask another one.
ELSEWHERE = """
import sys
from poetry.repositories.pypi_repository import PyPiRepository
address, own = sys.argv.pop(1), PyPiRepository.__init__
PyPiRepository.__init__ = lambda self, *given, **named: own(self, *given, **{**named, "url": address})
from poetry.console.application import main
sys.argv[0] = "poetry"
sys.exit(main())
"""


class PoetryLock(Index):
    folder = "poetry_lock"

    def __init__(self):
        self.server = None

    def tool(self):
        return "Poetry " + re.search(r"\d+\.\d+\.\d+", must(["poetry", "--version"], "/").stdout)[0]

    def poetry(self, folder, *words, day="now"):
        if self.server is None:
            kept = pathlib.Path(tempfile.gettempdir()) / "lockkeeper-index"
            _, self.server = python_index.serve(self.registry(), kept, 0)
            self.home = tempfile.mkdtemp()
        # The program's first line names the Python of its environment.
        python = pathlib.Path(shutil.which("poetry")).read_text().splitlines()[0].removeprefix("#!")
        line = [python, "-c", ELSEWHERE, f"{self.server}/{day}/", *words, "--no-interaction"]
        return must(line, folder, HOME=self.home, POETRY_VIRTUALENVS_CREATE="false", PYTHON_KEYRING_BACKEND="keyring.backends.null.Keyring")

    def lock(self, project, folder):
        self.poetry(folder, "lock", day=project["before"])

    def strip(self, files):
        """Descriptions are not kept."""
        text = re.sub(r'(?m)^description = ".*"$', 'description = ""', files["poetry.lock"])
        return {**files, "poetry.lock": text}

    def is_lockfile(self, name):
        return name == "poetry.lock"

    def packages(self, files):
        return set(re.findall(r'^\[\[package\]\]\nname = "(.*)"\nversion = "(.*)"', files["poetry.lock"], re.M))

    def judged(self, folder, before):
        lock = folder / "poetry.lock"
        after = lock.read_text()
        self.poetry(folder, "check", "--lock")
        self.poetry(folder, "lock")
        if lock.read_text() == after:
            return {"poetry check --lock": "accepts", "poetry lock": "same bytes"}
        for name, text in before.items():
            (folder / name).write_text(text)
        self.poetry(folder, "lock")
        if lock.read_text() == before["poetry.lock"]:
            raise Refused("poetry lock rewrites the file")
        return {"poetry check --lock": "accepts", "poetry lock": "rewrites the file that it wrote itself, too"}

    def natively(self, folder, target):
        commands = [["lock"]] if target["ranges"] else []
        names = {one["name"] for one in target["moves"]}
        if any(one["strategy"] == "parent" for one in target["moves"]):
            # What keeps it back has to move as well.
            names |= {one["name"] for one in target["collateral"] if one["from"] and one["to"]}
        commands.append(["update", "--lock", *sorted(names)])
        for words in commands:
            self.poetry(folder, *words)
        return [" ".join(["poetry", *words]) for words in commands]
