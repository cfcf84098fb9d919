"""npm: package-lock.json."""
import json
import re
import urllib.parse

from .client import Client, Refused, must, run, write
from .names import near

FLAGS = ["--ignore-scripts", "--no-audit", "--no-fund"]
FIELDS = [
    "name", "version", "license", "engines", "os", "cpu", "libc", "bin", "hasInstallScript", "_hasShrinkwrap", "dependencies",
    "optionalDependencies", "peerDependencies", "peerDependenciesMeta", "bundleDependencies", "bundledDependencies",
]


class Npm(Client):
    folder = "package_lock"
    ecosystem = "npm"

    def registry(self):
        return must(["npm", "config", "get", "registry"], "/").stdout.strip().rstrip("/") + "/"

    def tool(self):
        return "npm " + must(["npm", "--version"], "/").stdout.strip()

    def lock(self, project, folder):
        words = ["npm", "install", "--package-lock-only", *FLAGS]
        setting = "false" if project.get("resolved") else "true"
        must(words, folder, npm_config_omit_lockfile_registry_resolved=setting)
        write(folder, project["later"])
        must(words, folder, npm_config_omit_lockfile_registry_resolved=setting)

    def clean(self, files):
        """What a lockfile says of funding, and why a version is deprecated, names people; no run of npm puts it back."""
        document = json.loads(files["package-lock.json"])
        for entry in document["packages"].values():
            entry.pop("funding", None)
            entry.pop("deprecated", None)
        return {**files, "package-lock.json": json.dumps(document, indent=2, ensure_ascii=False) + "\n"}

    def sources(self, files):
        return re.findall(r'"resolved": "(http[^"]+)"', files["package-lock.json"])

    def is_lockfile(self, name):
        return name == "package-lock.json"

    def environment(self, base):
        return {"npm_config_registry": base}, {}

    def addresses(self, text, kept):
        return re.sub(r'("tarball":\s*")([^"]+)"', lambda found: f'{found[1]}{kept(found[2])}"', text)

    def package(self, path):
        return urllib.parse.unquote(path), None

    def cut(self, path, text, wanted, count):
        whole = json.loads(text)
        name = whole["name"]
        latest = whole.get("dist-tags", {}).get("latest")
        own = wanted.get(name, set())
        kept = set(whole["versions"])
        if count is not None:
            kept = near(kept, own | {latest}, count)
        versions = {}
        for version, manifest in whole["versions"].items():
            if version not in kept:
                continue
            one = {field: manifest[field] for field in FIELDS if field in manifest}
            if isinstance(one.get("license"), dict):
                one["license"] = {key: value for key, value in one["license"].items() if key == "type"}
            # Where a reason stands, it counts and is not repeated.
            if manifest.get("deprecated"):
                one["deprecated"] = True
            one["dist"] = {"tarball": manifest["dist"]["tarball"]}
            for field in ("integrity", "shasum"):
                if field in manifest["dist"] and version in own:
                    one["dist"][field] = manifest["dist"][field]
                    break
            versions[version] = one
        found = {"name": name, "dist-tags": {"latest": latest} if latest else {}, "versions": versions}
        times = {version: time for version, time in whole.get("time", {}).items() if version in versions}
        if times:
            found["time"] = times
        return json.dumps(found, ensure_ascii=False)

    def entries(self, files):
        for place, entry in json.loads(files["package-lock.json"])["packages"].items():
            if "node_modules/" in place and "version" in entry and not entry.get("link"):
                yield place, entry.get("name", place.rsplit("node_modules/", 1)[1]), entry["version"]

    def packages(self, files):
        return {(place, version) for place, _, version in self.entries(files)}

    def names(self, files):
        return {name for _, name, _ in self.entries(files)}

    def versions(self, files):
        found = {}
        for _, name, version in self.entries(files):
            found.setdefault(name, set()).add(version)
        return found

    def judged(self, folder, before):
        lock = folder / "package-lock.json"
        after = lock.read_text()
        must(["npm", "ci", "--dry-run", *FLAGS], folder)
        again = ["npm", "install", "--package-lock-only", *FLAGS]
        # The installed one says whether addresses are written; what is there stays.
        setting = "false" if '"resolved": "http' in after else "true"
        run(again, folder, npm_config_omit_lockfile_registry_resolved=setting)
        result = "same bytes"
        if lock.read_text() != after:
            lock.write_text(before["package-lock.json"])
            manifests = {name: (folder / name).read_text() for name in before if name.endswith("package.json")}
            for name in manifests:
                (folder / name).write_text(before[name])
            run(again, folder, npm_config_omit_lockfile_registry_resolved=setting)
            if lock.read_text() == before["package-lock.json"]:
                raise Refused("npm install rewrites the lockfile")
            result = "rewrites the lockfile that npm wrote itself, too"
        return {"npm ci --dry-run": "accepts", " ".join(again[:3]): result}

    def natively(self, folder, target):
        commands = []
        # Of what another folder asks for differently from now on, and of the rest.
        if target["ranges"]:
            commands.append(["npm", "install", "--package-lock-only", *FLAGS])
        # An alias is updated by its own name.
        moved = {(one["name"], one["from"]) for one in target["moves"] if one["to"]}
        texts = {"package-lock.json": (folder / "package-lock.json").read_text()}
        names = sorted({place.rsplit("node_modules/", 1)[1] for place, name, version in self.entries(texts) if (name, version) in moved})
        commands.append(["npm", "update", *names, "--package-lock-only", *FLAGS])
        resolved = '"resolved": "http' in (folder / "package-lock.json").read_text()
        for words in commands:
            must(words, folder, npm_config_omit_lockfile_registry_resolved="false" if resolved else "true")
        return [" ".join(word for word in words if word not in FLAGS) for words in commands]
