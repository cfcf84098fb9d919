"""pip-compile, uv and pip: requirements files and uv.lock."""
import json
import os
import re
import subprocess
import sys

from .client import Client, Refused, must, run
from .names import near

HEADERS = ("metadata-version", "name", "version", "requires-dist", "requires-python", "provides-extra", "dynamic")


class Index(Client):
    """What the clients of an index of Python packages have in common."""

    ecosystem = "PyPI"

    def registry(self):
        """The index that pip is set to, or its own."""
        ask = "from pip._internal.models.index import PyPI; print(PyPI.simple_url)"
        own = subprocess.run([sys.executable, "-c", ask], capture_output=True, text=True, check=True).stdout.strip()
        return (os.environ.get("PIP_INDEX_URL") or own).rstrip("/") + "/"

    def environment(self, base):
        return {"PIP_INDEX_URL": base.rstrip("/")}, {}

    def addresses(self, text, kept):
        return re.sub(r'("url":\s*")(https?:[^"]+)"', lambda found: f'{found[1]}{kept(found[2])}"', text)

    def is_archive(self, path):
        return path.endswith((".whl", ".tar.gz"))

    def archive(self, path, body, kept):
        name, version = of_file(path)
        for text in kept:
            fields = dict(re.findall(r"(?m)^(Name|Version): *(.*?)\r?$", text))
            if normal(fields.get("Name", "")) == name and fields.get("Version") == version:
                return text
        return None

    def package(self, path):
        if path.endswith((".metadata", ".whl", ".tar.gz")):
            return of_file(path.removesuffix(".metadata"))
        return path.rstrip("/").rsplit("/", 1)[-1], None

    def cut(self, path, text, wanted, count):
        if path.endswith((".metadata", ".whl", ".tar.gz")):
            return headers(text)
        whole = json.loads(text)
        own = wanted.get(whole["name"], set())
        files = [(of_file(file["filename"])[1], file) for file in whole["files"]]
        kept = {version for version, _ in files if version}
        if count is not None:
            kept = near(kept, own, count)
        found, seen = [], set()
        for version, file in files:
            if version not in kept:
                continue
            kind = (version, file["filename"].endswith(".whl"))
            # Of a version that is locked nowhere, a wheel and a source distribution say the same as all of them.
            if version not in own and kind in seen:
                continue
            seen.add(kind)
            one = {"filename": file["filename"], "url": file["url"], "hashes": {"sha256": file["hashes"]["sha256"]}}
            for field in ("requires-python", "size", "upload-time"):
                if file.get(field) is not None:
                    one[field] = file[field]
            one["yanked"] = file.get("yanked", False) is not False
            # Its hash is that of the whole metadata.
            for field in ("core-metadata", "dist-info-metadata"):
                if field in file:
                    one[field] = bool(file[field])
            found.append(one)
        return json.dumps({"name": whole["name"], "files": found})


class Requirements(Index):
    folder = "requirements"

    def tool(self):
        pip_compile = must(["pip-compile", "--version"], "/").stdout.strip().replace(", version", "")
        return f"{pip_compile}, {must(['uv', '--version'], '/').stdout.split(' (')[0]}"

    def words(self, form, *further):
        uv = ["uv", "pip", "compile", "--python-version", "3.11", *further, "requirements.in", "-o", "requirements.txt"]
        pip_compile = ["pip-compile", "--quiet", "--output-file=requirements.txt", *further, "requirements.in"]
        return {
            "universal": [*uv[:3], "--universal", "--generate-hashes", *uv[3:]],
            "uv": uv,
            "pip-compile": [pip_compile[0], "--generate-hashes", *pip_compile[1:]],
            "line": [pip_compile[0], "--annotation-style=line", *pip_compile[1:]],
        }[form]

    def lock(self, project, folder):
        self.form = project["form"]
        if self.form == "hand":
            return
        when = f"{project['before']}T00:00:00Z"
        lock = folder / "requirements.txt"
        must(self.words("uv"), folder, UV_EXCLUDE_NEWER=when)
        if self.form == "universal":
            lock.unlink()
        if self.form != "uv":
            must(self.words(self.form), folder, UV_EXCLUDE_NEWER=when)
        for name, text in project.get("later", {}).items():
            (folder / name).write_text(text)

    def sources(self, files):
        return re.findall(r"^(?:--index-url|-i)[ =](\S+)", files["requirements.txt"], re.M)

    def is_lockfile(self, name):
        return name.endswith(".txt")

    def packages(self, files):
        found = set()
        for name, text in files.items():
            if name.endswith(".txt"):
                pins = re.findall(r"^([A-Za-z0-9._-]+)(?:\[[^\]]*\])? *== *(\S+?)(?=[\s;]|$)", text, re.M)
                found |= {(normal(name), version) for name, version in pins}
        return found

    def judged(self, folder, before):
        lock = folder / "requirements.txt"
        after, said = lock.read_text(), {}
        if self.form in ("universal", "pip-compile"):
            words = ["pip", "install", "--dry-run", "--ignore-installed", "--no-deps", "--only-binary", ":all:", "--require-hashes", "--quiet"]
            done = run([*words, "-r", "requirements.txt"], folder)
            said["pip install --require-hashes"] = "accepts"
            if done.returncode:
                lock.write_text(before["requirements.txt"])
                if not run([*words, "-r", "requirements.txt"], folder).returncode:
                    raise Refused("pip install --require-hashes: " + done.stderr[-800:])
                lock.write_text(after)
                said["pip install --require-hashes"] = "refuses the file before, too"
        if self.form == "hand":
            must(["pip", "install", "--dry-run", "--ignore-installed", "--quiet", "-r", "requirements.txt"], folder)
            return {"pip install --dry-run": "accepts"}
        words = self.words(self.form)
        must(words, folder)
        compiled = lock.read_text()
        name = " ".join(words)
        said[name] = "same bytes"
        if compiled != after:
            for file, text in before.items():
                (folder / file).write_text(text)
            must(words, folder)
            if lock.read_text() == before["requirements.txt"]:
                raise Refused(f"{words[0]} rewrites the file")
            said[name] = "rewrites the file that it wrote itself, too"
        return said

    def natively(self, folder, target):
        if self.form == "hand":
            return None
        flag = "--upgrade-package"
        further = [word for one in target["moves"] if one["to"] for word in (flag, f"{one['name']}=={one['to']}")]
        words = self.words(self.form, *further)
        must(words, folder)
        return [" ".join(words)]


class UvLock(Index):
    folder = "uv_lock"

    def tool(self):
        return must(["uv", "--version"], "/").stdout.split(" (")[0]

    def lock(self, project, folder):
        must(["uv", "lock"], folder, UV_EXCLUDE_NEWER=f"{project['before']}T00:00:00Z")
        lock = folder / "uv.lock"
        # The day is in the file, and would keep later versions out.
        lock.write_text(re.sub(r"^\[options\]\nexclude-newer = .*\n\n", "", lock.read_text(), flags=re.M))
        for name, text in project.get("later", {}).items():
            (folder / name).write_text(text)

    def sources(self, files):
        return re.findall(r'(?:registry|url) = "(http[^"]+)"', files["uv.lock"])

    def is_lockfile(self, name):
        return name == "uv.lock"

    def packages(self, files):
        return set(re.findall(r'^\[\[package\]\]\nname = "(.*)"\nversion = "(.*)"\nsource = \{ registry', files["uv.lock"], re.M))

    def judged(self, folder, before):
        lock = folder / "uv.lock"
        after = lock.read_text()
        must(["uv", "lock", "--check"], folder)
        must(["uv", "lock"], folder)
        result = "same bytes"
        if lock.read_text() != after:
            raise Refused("uv lock rewrites the file")
        return {"uv lock --check": "accepts", "uv lock": result}

    def natively(self, folder, target):
        to = [f"{one['name']}=={one['to']}" for one in target["moves"] if one["to"]]
        words = ["uv", "lock", *(word for one in to for word in ("-P", one))]
        must(words, folder)
        return [" ".join(words)]


def normal(name):
    return re.sub(r"[-_.]+", "-", name).lower()


def of_file(path):
    """The package and the version that the name of a file says."""
    name = path.rsplit("/", 1)[-1]
    if name.endswith(".whl"):
        package, version = name.split("-")[:2]
    else:
        stem = re.sub(r"\.(tar\.gz|zip|tar\.bz2|tgz|egg|exe|msi|rpm|tar\.xz|dmg|deb)$", "", name)
        package, _, version = stem.rpartition("-")
    return normal(package), version


def headers(text):
    """The headers of metadata that say what a release is and needs."""
    found = []
    keeps = False
    for line in text.splitlines():
        if not line:
            break
        if not line.startswith((" ", "\t")):
            keeps = line.split(":")[0].lower() in HEADERS
        if keeps:
            found.append(line + "\n")
    return "".join(found) + "\n"
