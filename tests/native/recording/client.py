"""What the recorder has to know of a package manager."""
import difflib
import os
import pathlib
import shutil
import subprocess
import tempfile


class Refused(Exception):
    """The package manager does not take what was written, or cannot lock the project."""


class Client:
    """A package manager and the lockfile that it writes."""

    # The folder of the fixtures.
    folder = ""
    # OSV's name.
    ecosystem = ""
    # How far direct dependencies may go.
    level = "major"

    def registry(self):
        """The address of the registry that the machine's own client asks, with a slash at the end."""
        raise NotImplementedError

    def tool(self):
        """Name and version of the package manager."""
        raise NotImplementedError

    def lock(self, project, folder):
        """Writes the project to `folder` and has the package manager lock it at old versions."""
        raise NotImplementedError

    def files(self, folder):
        """The texts that belong to a project, by their paths."""
        found = {}
        for path in sorted(folder.rglob("*")):
            name = path.relative_to(folder).as_posix()
            if path.is_file() and not any(part in (".git", ".venv", "node_modules", "target") for part in path.parts):
                found[name] = path.read_text()
        return found

    def clean(self, files):
        """The files without what names people."""
        return files

    def strip(self, files):
        """The same for what the package manager puts back: it is taken out after it has seen the result."""
        return files

    def environment(self, base):
        """Variables and files of the home folder that send a client to `base`."""
        raise NotImplementedError

    def path(self, path):
        """What is asked at the registry for what was asked here."""
        return path

    def addresses(self, text, kept):
        """An answer with its addresses as they are kept."""
        return text

    def sources(self, files):
        """The addresses in lockfiles from which packages are taken."""
        return []

    def is_lockfile(self, name):
        """A file that the package manager writes by itself."""
        raise NotImplementedError

    def is_archive(self, path):
        return False

    def archive(self, path, body, kept):
        """Of what the program kept of archives, what it kept of this one."""
        return None

    def package(self, path):
        """The package that is asked for, with its version for a part of one."""
        raise NotImplementedError

    def cut(self, path, text, wanted, count):
        """An answer with the fields that are needed, and of the versions those in `wanted` and `count` beside each; all if that is `None`."""
        raise NotImplementedError

    def packages(self, files):
        """What is locked: place or name, and version."""
        raise NotImplementedError

    def names(self, files):
        return {name for name, _ in self.packages(files)}

    def versions(self, files):
        """The locked versions by name."""
        found = {}
        for name, version in self.packages(files):
            found.setdefault(name, set()).add(version)
        return found

    def judged(self, folder, before):
        """What the package manager says of the files in `folder`: commands and results. `before` are the files that it wrote itself.

        Raises `Refused` if it does not take them.
        """
        raise NotImplementedError

    def natively(self, folder, target):
        """Does the same upgrades with the package manager in `folder`, where the manifests are ours; gives the commands."""
        raise NotImplementedError


def run(words, folder, **environment):
    """Runs a tool with nothing of this repository's own build in its environment."""
    own = {name: value for name, value in os.environ.items() if name not in ("PIP_FIND_LINKS", "GOFLAGS") and not name.startswith("RUST")}
    return subprocess.run(
        [str(word) for word in words], cwd=folder, capture_output=True, text=True, check=False, env={**own, **environment}
    )


def must(words, folder, **environment):
    """The same, of what has to succeed."""
    done = run(words, folder, **environment)
    if done.returncode:
        raise Refused(f"{' '.join(map(str, words[:6]))}: {(done.stdout.strip() if '-diff' in words else done.stderr.strip() or done.stdout.strip())[-1500:]}")
    return done


def write(folder, files):
    for name, text in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)


class Scratch:
    """A folder with files in it, for as long as it is needed."""

    def __init__(self, files):
        self.files = files

    def __enter__(self):
        self.path = pathlib.Path(tempfile.mkdtemp())
        folder = self.path / "project"
        folder.mkdir()
        write(folder, self.files)
        return folder

    def __exit__(self, *_):
        # Go's own cache is read-only.
        shutil.rmtree(self.path, ignore_errors=True)


def moved(before, after):
    """How many packages changed, came or left."""
    return max(len(before - after), len(after - before))


def lines(before, after):
    """How many lines were taken out and put in."""
    count = 0
    for name in sorted({*before, *after}):
        old, new = before.get(name, "").splitlines(), after.get(name, "").splitlines()
        for line in difflib.unified_diff(old, new, lineterm="", n=0):
            count += line[0] in "+-" and not line.startswith(("+++", "---"))
    return count
