"""Maven: pom.xml."""
import pathlib
import re
import shutil
import xml.etree.ElementTree as xml
import zipfile

from .client import Client, Refused, must, write
from .names import near

LIST = "org.apache.maven.plugins:maven-dependency-plugin:3.7.0:list"
VERSIONS = "org.codehaus.mojo:versions-maven-plugin:2.18.0"
NAMESPACE = "http://maven.apache.org/POM/4.0.0"
# What says which artifacts a pom needs; the rest is of people, places and builds.
KEPT = {
    "modelVersion", "parent", "groupId", "artifactId", "version", "packaging", "properties", "dependencies", "dependencyManagement",
    "distributionManagement", "profiles",
}


class Maven(Client):
    folder = "pom"
    ecosystem = "Maven"
    level = "minor"

    def registry(self):
        """Central, as the pom names it that the installed Maven gives every pom."""
        home = re.search(r"Maven home: (.+)", re.sub(r"\x1b\[[0-9;]*m", "", must(["mvn", "-v"], "/").stdout))[1].strip()
        (model,) = list((pathlib.Path(home) / "lib").glob("maven-model-builder*.jar"))[:1]
        with zipfile.ZipFile(model) as archive:
            text = archive.read("org/apache/maven/model/pom-4.0.0.xml").decode()
        return re.search(r"<url>(.+?)</url>", text)[1].rstrip("/") + "/"

    def tool(self):
        return re.search(r"Apache (Maven \S+)", re.sub(r"\x1b\[[0-9;]*m", "", must(["mvn", "-v"], "/").stdout))[1]

    def lock(self, project, folder):
        """A build has no lockfile: its poms say the versions."""

    def files(self, folder):
        return {path.relative_to(folder).as_posix(): path.read_bytes().decode() for path in sorted(folder.rglob("pom.xml"))}

    def is_lockfile(self, name):
        return True

    def environment(self, base):
        mirror = f"<mirror><id>recorded</id><mirrorOf>central</mirrorOf><url>{base}</url></mirror>"
        return {}, {".m2/settings.xml": f"<settings><mirrors>{mirror}</mirrors></settings>\n"}

    def package(self, path):
        parts = path.split("/")
        if parts[-1] == "maven-metadata.xml":
            return f"{'.'.join(parts[:-2])}:{parts[-2]}", None
        return f"{'.'.join(parts[:-3])}:{parts[-3]}", parts[-2]

    def cut(self, path, text, wanted, count):
        name, _ = self.package(path)
        if path.endswith("maven-metadata.xml"):
            group, artifact = name.split(":")
            versions = re.findall(r"<version>(.+?)</version>", text.split("<versions>")[-1])
            if count is not None:
                kept = near(versions, wanted.get(name, set()), count)
                versions = [one for one in versions if one in kept]
            listed = "".join(f"<version>{one}</version>" for one in versions)
            return f"<metadata><groupId>{group}</groupId><artifactId>{artifact}</artifactId><versioning><versions>{listed}</versions></versioning></metadata>"
        xml.register_namespace("", NAMESPACE)
        root = xml.fromstring(text)
        root.attrib.clear()
        for child in list(root):
            word = child.tag.rsplit("}", 1)[-1]
            if word not in KEPT:
                root.remove(child)
            elif word in ("distributionManagement", "profiles"):
                trimmed(child)
            elif word == "properties":
                without_addresses(child)
        return re.sub(r">\s+<", "><", xml.tostring(root, encoding="unicode"))

    def pairs(self, files):
        """Artifacts and their versions, those of properties put in."""
        text = "\n".join(re.sub(r"<!--.*?-->", "", one, flags=re.S) for one in files.values())
        values = dict(re.findall(r"<([A-Za-z][\w.-]*)>([^<>$]+)</\1>", text))
        for found in re.finditer(r"<groupId>([^<]+)</groupId>\s*<artifactId>([^<]+)</artifactId>\s*<version>([^<]+)</version>", text):
            group, artifact, version = (part.strip() for part in found.groups())
            version = re.sub(r"\$\{(.+?)\}", lambda named: values.get(named[1], named[0]), version)
            yield f"{group}:{artifact}", version.strip("[]")

    def packages(self, files):
        return set(self.pairs(files))

    def names(self, files):
        found = re.findall(r"<groupId>([^<]+)</groupId>\s*<artifactId>([^<]+)</artifactId>", "\n".join(files.values()))
        return {f"{group.strip()}:{artifact.strip()}" for group, artifact in found}

    def judged(self, folder, before):
        after = listed(folder)
        write(folder, before)
        was = listed(folder)
        if was == after:
            raise Refused("mvn dependency:list shows no new version")
        return {"mvn dependency:list": f"accepts; {len(was - after)} entries are others"}

    def natively(self, folder, target):
        commands = []
        for move in target["moves"]:
            name, to = move["name"], move["to"]
            literal = re.compile(rf"<artifactId>{re.escape(name.split(':')[1])}</artifactId>\s*<version>\$\{{([^}}]+)\}}")
            used = {match for pom in folder.rglob("pom.xml") for match in literal.findall(pom.read_text())}
            words = ["use-dep-version", f"-Dincludes={name}", f"-DdepVersion={to}", "-DforceVersion=true"]
            if used:
                words = ["set-property", f"-Dproperty={used.pop()}", f"-DnewVersion={to}"]
            must(["mvn", "-B", "-q", f"{VERSIONS}:{words[0]}", *words[1:], "-DgenerateBackupPoms=false"], folder)
            commands.append(f"mvn versions:{' '.join(words)}")
        return commands


def without_addresses(properties):
    """Without those that name a server: no version is one."""
    for child in list(properties):
        if "://" in (child.text or ""):
            properties.remove(child)


def trimmed(element):
    """Of profiles and distribution what says which artifacts are meant."""
    for child in list(element):
        word = child.tag.rsplit("}", 1)[-1]
        if word == "profile":
            for inner in list(child):
                if inner.tag.rsplit("}", 1)[-1] not in ("id", "activation", "properties", "dependencies", "dependencyManagement"):
                    child.remove(inner)
                elif inner.tag.rsplit("}", 1)[-1] == "properties":
                    without_addresses(inner)
        elif word != "relocation":
            element.remove(child)


def listed(folder):
    """Every module's artifacts with their versions, as Maven resolves the build."""
    must(["mvn", "-B", "-q", LIST, "-DoutputFile=target/deps.txt"], folder)
    found = set()
    for text in sorted(folder.rglob("target/deps.txt")):
        for line in text.read_text().splitlines():
            word = re.sub(r"\x1b\[[0-9;]*m", "", line).strip().split(" ")[0]
            if word.count(":") >= 4:
                found.add((str(text.relative_to(folder)), word))
        shutil.rmtree(text.parent)
    return found
