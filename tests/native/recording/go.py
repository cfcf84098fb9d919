"""Go: go.mod and go.sum."""
import base64
import hashlib
import io
import json
import os
import re
import zipfile

from .client import Client, Refused, must, run
from .names import near

OWN = {"GOWORK": "off", "GOTOOLCHAIN": "local"}


class Go(Client):
    folder = "go_mod"
    ecosystem = "Go"

    def registry(self):
        proxies = must(["go", "env", "GOPROXY"], "/").stdout.strip()
        return re.split(r"[,|]", proxies)[0].rstrip("/") + "/"

    def database(self):
        return must(["go", "env", "GOSUMDB"], "/").stdout.split()[0].split("+")[0]

    def tool(self):
        return must(["go", "version"], "/").stdout.split()[2]

    def lock(self, project, folder):
        # Once is not enough: what only tests of dependencies lack comes in, and leaves at the next run.
        for _ in range(3):
            must(["go", "mod", "tidy"], folder, **OWN)

    def is_lockfile(self, name):
        return name.endswith(("go.mod", "go.sum"))

    def environment(self, base):
        return {"GOPROXY": base, "GOSUMDB": "sums.example", "GOENV": "off"}, {}

    def path(self, path):
        return path.replace("sumdb/sums.example/", f"sumdb/{self.database()}/", 1)

    def is_archive(self, path):
        return path.endswith(".zip")

    def archive(self, path, body, kept):
        digest = hash_of(body)
        return next((text for text in kept if json.loads(text).get("hash") == digest), None)

    def package(self, path):
        if path.startswith("sumdb/"):
            name, version = path.split("/lookup/")[1].rsplit("@", 1)
        else:
            name, file = path.split("/@v/")
            version = None if file == "list" else file.rsplit(".", 1)[0]
        return unescaped(name), version and unescaped(version)

    def cut(self, path, text, wanted, count):
        name, version = self.package(path)
        if path.startswith("sumdb/"):
            return "".join(line + "\n" for line in text.splitlines()[:3])
        if path.endswith(".info"):
            whole = json.loads(text)
            return json.dumps({key: whole[key] for key in ("Version", "Time") if key in whole})
        if path.endswith("/list"):
            versions = text.split()
            kept = set(versions) if count is None else near(versions, wanted.get(name, set()), count)
            return "".join(one + "\n" for one in versions if one in kept)
        if self.is_archive(path):
            # The standard library's packages are no module's: their names have no dot.
            whole = json.loads(text)
            for package in whole["packages"].values():
                for key in ("imports", "tests"):
                    if key in package:
                        package[key] = [one for one in package[key] if "." in one.split("/")[0]]
            return json.dumps(whole)
        # Of a go.mod the hash counts: it stays as it is.
        return text

    def packages(self, files):
        found = set()
        for name, text in files.items():
            if name.endswith("go.mod"):
                found |= set(re.findall(r"^(?:require)?\s+(\S+\.\S+) (v\S+)", text, re.M))
        return found

    def judged(self, folder, before):
        roots = sorted(file.parent for file in folder.rglob("go.mod") if not (file.parent / "unread").exists())
        texts = {file: file.read_text() for root in roots for file in (root / "go.mod", root / "go.sum") if file.exists()}
        for words in (["mod", "tidy", "-diff"], ["list", "-m", "-mod=readonly", "all"], ["vet", "-mod=readonly", "./..."]):
            must(["go", *words], folder, **OWN)
        if texts != {file: file.read_text() for file in texts}:
            raise Refused("go changes the files")
        return {"go mod tidy -diff": "no difference", "go list -m all": "accepts", "go vet ./...": "accepts"}

    def natively(self, folder, target):
        raised = [f"{one['name']}@{one['to']}" for one in target["moves"] if one["to"]]
        commands = [["go", "get", *raised], ["go", "mod", "tidy"]]
        for words in commands:
            must(words, folder, **OWN)
        return [" ".join(words) for words in commands]


def unescaped(path):
    return re.sub(r"!([a-z])", lambda found: found[1].upper(), path)


def hash_of(body):
    """The `h1:` of an archive."""
    with zipfile.ZipFile(io.BytesIO(body)) as archive:
        files = sorted((name, hashlib.sha256(archive.read(name)).hexdigest()) for name in archive.namelist())
    listed = "".join(f"{digest}  {name}\n" for name, digest in files)
    return "h1:" + base64.b64encode(hashlib.sha256(listed.encode()).digest()).decode()
