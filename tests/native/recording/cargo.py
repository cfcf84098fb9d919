"""Cargo: Cargo.lock."""
import json
import os
import pathlib
import re
import shutil
import tempfile

from .client import Client, Refused, must, run
from .names import near
from .proxy import serving

FIELDS = ["name", "vers", "deps", "cksum", "features", "features2", "yanked", "links", "v", "rust_version", "pubtime"]


class Cargo(Client):
    folder = "cargo_lock"
    ecosystem = "crates.io"

    def __init__(self, upstream):
        self.upstream = upstream

    def registry(self):
        """The index that Cargo has asked on this machine, by the name of its folder."""
        home = pathlib.Path(os.environ.get("CARGO_HOME", pathlib.Path.home() / ".cargo"))
        hosts = {folder.name.rsplit("-", 1)[0] for folder in home.glob("registry/index/*.*-*")}
        if len(hosts) != 1:
            raise SystemExit("Cargo has to have asked one index: run `cargo search --limit 1 log` or lock a project first")
        return f"https://{hosts.pop()}/"

    def tool(self):
        return must(["cargo", "--version"], "/").stdout.split(" (")[0].strip()

    def lock(self, project, folder):
        """Cargo has no option for the versions of a day, so it gets an index without later ones."""
        index, day = self.registry(), project["before"]

        def answer(path, accept):
            status, body = self.upstream.get(index + path, accept)
            if path == "config.json":
                return status, body
            lines = [json.loads(line) for line in body.decode().splitlines()]
            # What was withdrawn later was there on that day.
            known = [json.dumps({**line, "yanked": False}) + "\n" for line in lines if line.get("pubtime", "") < day]
            return (status, "".join(known).encode()) if known else (404, b"")

        home = pathlib.Path(tempfile.mkdtemp())
        try:
            with serving(answer) as base:
                (home / "config.toml").write_text(config(base))
                must(["cargo", "generate-lockfile", "--quiet"], folder, CARGO_HOME=str(home))
        finally:
            shutil.rmtree(home)
        if project.get("version"):
            lock = folder / "Cargo.lock"
            lock.write_text(re.sub(r"(?m)^version = \d$", f"version = {project['version']}", lock.read_text(), count=1))
        for name, text in project.get("later", {}).items():
            (folder / name).write_text(text)

    def is_lockfile(self, name):
        return name == "Cargo.lock"

    def environment(self, base):
        return {}, {".cargo/config.toml": config(base)}

    def package(self, path):
        return path.rsplit("/", 1)[-1], None

    def cut(self, path, text, wanted, count):
        if path == "config.json":
            return json.dumps({"dl": "https://registry.example/dl"})
        lines = [json.loads(line) for line in text.splitlines() if line.strip()]
        own = wanted.get(lines[0]["name"], set())
        kept = {line["vers"] for line in lines}
        if count is not None:
            kept = near(kept, own, count)
        found = []
        for line in lines:
            if line["vers"] in kept:
                one = {field: line[field] for field in FIELDS if field in line}
                one["deps"] = [need for need in line["deps"] if need.get("kind") != "dev"]
                found.append(json.dumps(one) + "\n")
        return "".join(found)

    def packages(self, files):
        text = files["Cargo.lock"]
        return set(re.findall(r'\[\[package\]\]\r?\nname = "(.+)"\r?\nversion = "(.+)"\r?\nsource = "registry', text))

    def judged(self, folder, before):
        lock = folder / "Cargo.lock"
        after = lock.read_text()
        must(["cargo", "update", "--workspace", "--locked", "--quiet"], folder)
        run(["cargo", "update", "--workspace", "--quiet"], folder)
        if lock.read_text() != after:
            raise Refused("cargo update --workspace rewrites the lockfile")
        return {"cargo update --workspace --locked": "accepts", "cargo update --workspace": "same bytes"}

    def natively(self, folder, target):
        commands = []
        if target["ranges"]:
            must(["cargo", "update", "--workspace", "--quiet"], folder)
            commands.append(["cargo", "update", "--workspace"])
        upgrades = [one for one in target["moves"] if one["to"]]
        if len(upgrades) < len(target["moves"]):
            # What leaves does so because what needs it moves.
            upgrades += [one for one in target["collateral"] if one["from"] and one["to"]]
        for one in upgrades:
            words = ["cargo", "update", "-p", f"{one['name']}@{one['from']}", "--precise", one["to"]]
            done = run([*words, "--quiet"], folder)
            if done.returncode and one in target["moves"]:
                # What an upgrade before has moved already is there no more.
                if "did not match any packages" not in done.stderr:
                    raise Refused(f"{' '.join(words)}: {done.stderr.strip()[-600:]}")
            elif not done.returncode:
                commands.append(words)
        return [" ".join(words) for words in commands]


def config(base):
    return f'[source.crates-io]\nreplace-with = "recorded"\n\n[source.recorded]\nregistry = "sparse+{base}"\n'
