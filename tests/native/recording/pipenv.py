"""pipenv: Pipfile.lock."""
import json
import pathlib
import re
import tempfile

import python_index

from .client import Refused, must, run, write
from .python import Index, normal

# The address of an index is a part of the hash that the lockfile has of its Pipfile: a variable stands for it in both.
VARIABLE = "INDEX_URL"


class PipfileLock(Index):
    folder = "pipfile_lock"

    def __init__(self):
        self.server = None

    def tool(self):
        return "pipenv " + re.search(r"\d[\d.]*", must(["pipenv", "--version"], "/").stdout)[0]

    def pipenv(self, folder, *words, day="now"):
        if self.server is None:
            kept = pathlib.Path(tempfile.gettempdir()) / "lockkeeper-index"
            _, self.server = python_index.serve(self.registry(), kept, 0)
            self.home = tempfile.mkdtemp()
        return must(["pipenv", *words], folder, **self.variables(day))

    def variables(self, day):
        return {
            VARIABLE: f"{self.server}/{day}/simple",
            "PIPENV_CACHE_DIR": f"{self.home}/cache",
            "WORKON_HOME": f"{self.home}/environments",
            "PIPENV_CUSTOM_VENV_NAME": "recorded",
            "PIPENV_IGNORE_VIRTUALENVS": "1",
            "PIPENV_NOSPIN": "1",
            "PIPENV_YES": "1",
        }

    def lock(self, project, folder):
        self.pipenv(folder, "lock", day=project["before"])

    def is_lockfile(self, name):
        return name == "Pipfile.lock"

    def entries(self, files):
        lock = json.loads(files["Pipfile.lock"])
        categories = [(name, entries) for name, entries in lock.items() if name != "_meta"]
        return {(category, name, entry["version"][2:]) for category, entries in categories for name, entry in entries.items() if "version" in entry}

    def packages(self, files):
        return {(normal(name), version) for _, name, version in self.entries(files)}

    def judged(self, folder, before):
        self.pipenv(folder, "verify")
        said = {"pipenv verify": "accepts", "pip install --require-hashes": "accepts"}
        done = self.installed(folder)
        if done.returncode:
            write(folder, before)
            if not self.installed(folder).returncode:
                raise Refused("pip install --require-hashes: " + done.stderr[-800:])
            said["pip install --require-hashes"] = "refuses the file before, too"
        return said

    def installed(self, folder):
        """What pip says of everything with its hashes."""
        listed = self.pipenv(folder, "requirements", "--dev", "--hash").stdout
        (folder / "all.txt").write_text("".join(f"{line}\n" for line in listed.splitlines() if not line.startswith("Loading")))
        words = ["pip", "install", "--dry-run", "--ignore-installed", "--no-deps", "--only-binary", ":all:", "--require-hashes", "--quiet"]
        return run([*words, "-r", "all.txt"], folder, **self.variables("now"))

    def natively(self, folder, target):
        names = sorted({one["name"] for one in target["moves"] if one["to"]})
        self.pipenv(folder, "upgrade", "--lock-only", *names)
        return [" ".join(["pipenv upgrade --lock-only", *names])]
