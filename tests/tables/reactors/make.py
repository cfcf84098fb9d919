#!/usr/bin/env python3
"""Small Maven builds, and what Maven itself makes of each of them.

    tests/tables/reactors/make.py MVN...

writes `builds.txt` (every file of every build) and `answers-VERSION.tsv` (what `dependency:list` of each Maven says)
beside this script. MVN is the program of a Maven (3.8, 3.9 and 4.0 were asked). The dependencies are artifacts without
content in a repository of the script's own (`target/reactors-repository`, or where REACTORS_REPOSITORY points). Maven
runs offline, so that repository must hold the plugin and what it needs before: run the plugin once in an empty build, online
and with `-Dmaven.repo.local` set to it. Only direct dependencies are listed, since a pom names no others.

A line of the answers: build, then `artifactId g:a:version scope` for each dependency, or `refused`.
"""

import os
import pathlib
import re
import subprocess
import sys
import tempfile
import zipfile

PLUGIN = "org.apache.maven.plugins:maven-dependency-plugin:3.6.1:list"
HERE = pathlib.Path(__file__).parent


def element(name, *parts):
    return f"<{name}>{''.join(parts)}</{name}>"


def dependency(artifact, version=None, *more):
    version = element("version", version) if version else ""
    name = element("groupId", "org.lib") + element("artifactId", artifact)
    return element("dependency", name, version, *more)


def dependencies(*entries):
    return element("dependencies", *entries)


def managed(*entries):
    return element("dependencyManagement", dependencies(*entries))


def bom(artifact, version="1", group="com.acme"):
    name = element("groupId", group) + element("artifactId", artifact) + element("version", version)
    return element("dependency", name, element("type", "pom"), element("scope", "import"))


def properties(**values):
    return element("properties", *(element(name, value) for name, value in values.items()))


def modules(*names):
    return element("modules", *(element("module", name) for name in names))


def profile(name, *parts):
    return element("profile", element("id", name), *parts)


def profiles(*entries):
    return element("profiles", *entries)


def activation(*parts):
    return element("activation", *parts)


def parent(artifact, path=None, version="1"):
    path = "" if path is None else element("relativePath", path) if path else "<relativePath/>"
    name = element("groupId", "com.acme") + element("artifactId", artifact) + element("version", version)
    return element("parent", name, path)


def pom(artifact, *parts, version="1", packaging="", group="com.acme", model="4.0.0", namespace=""):
    head = element("modelVersion", model) if model else ""
    head += element("groupId", group) if group else ""
    head += element("artifactId", artifact)
    head += element("version", version) if version else ""
    head += element("packaging", packaging) if packaging else ""
    text = f"<project{namespace}>{head}{''.join(parts)}</project>\n"
    return re.sub(r"(</?(?:dependency|dependencies|properties|profile|profiles|modules|parent)>)", r"\1\n", text)


def child(artifact, above, *parts):
    return pom(artifact, above, *parts, group=None, version=None)


USES_V = dependencies(dependency("a", "${v}"))
PLAIN = pom("root", properties(v="1"), USES_V)
OTHER = pom("other", dependencies(dependency("a", "2")))
BY_PROFILE = pom("root", properties(v="1"), USES_V, profiles(profile("p", properties(v="2")), profile("q", properties(v="3"))))
BY_DEFAULT = pom(
    "root",
    properties(v="1"),
    USES_V,
    profiles(
        profile("p", activation("<activeByDefault>true</activeByDefault>"), properties(v="2")),
        profile("q", properties(v="3")),
    ),
)


def config(text, **files):
    return {".mvn/maven.config": text, "pom.xml": PLAIN} | {name.replace("_", "."): text for name, text in files.items()}


def builds():
    """(name, files, further runs with other arguments)."""
    yield "plain", {"pom.xml": PLAIN}, []
    # Command lines in a file.
    for name, text in {
        "joined": "-Dv=2\n",
        "two-lines": "-D\nv=2\n",
        "one-line": "-D v=2\n",
        "define-two-lines": "--define\nv=2\n",
        "define-one-line": "--define v=2\n",
        "define-equals": "--define=v=2\n",
        "define-one-dash": "-define=v=2\n",
        "define-cut-short": "--def=v=2\n",
        "define-joined": "--definev=2\n",
        "short-equals": "-D=v=2\n",
        "short-two-dashes": "--D=v=2\n",
        "quoted-whole": '"-Dv=2"\n',
        "quoted-argument": '-D "v=2"\n',
        "quoted-value": '-Dv="2"\n',
        "quoted-apart": '-D\n"v=2"\n',
        "apostrophes": "'-Dv=2'\n",
        "comment": "# -Dv=3\n-Dv=2\n",
        "comment-after": "-Dv=2 # -Dv=3\n",
        "indented": "  -Dv=2\n",
        "trailing-space": "-Dv=2 \n",
        "carriage-returns": "-T1\r\n-Dv=2\r\n",
        "no-newline": "-q\n-Dv=2",
        "two-in-a-line": "-T1 -Dv=2\n",
        "twice": "-Dv=3\n-Dv=2\n",
        "no-value": "-Dv\n",
        "spaces-around": "-Dv = 2\n",
        "after-two-dashes": "--\n-Dv=2\n",
        "goal": "validate\n-Dv=2\n",
        "taken-as-argument": "-l\n-Dv=2\n",
        "argument-of-another": "-T\n-Dv=2\n",
        "unknown-option": "--no-such-thing\n-Dv=2\n",
        "bom": "\ufeff-Dv=2\n",
        "tab": "-D\tv=2\n",
        "no-break-space": "-Dv=2\u00a0\n",
        "form-feed": "-T1\x0c-Dv=2\n",
    }.items():
        yield f"config-{name}", config(text), []
    for name, text in {
        "joined": "-fother.xml\n",
        "two-lines": "-f\nother.xml\n",
        "one-line": "-f other.xml\n",
        "long": "--file\nother.xml\n",
        "long-equals": "--file=other.xml\n",
        "long-cut-short": "--fil=other.xml\n",
        "equals": "-f=other.xml\n",
        "quoted": '"-fother.xml"\n',
        "twice": "-f\nother.xml\n-f\npom.xml\n",
        "missing": "-f\nmissing.xml\n",
    }.items():
        yield f"config-file-{name}", config(text, other_xml=OTHER), []
    yield "config-file-folder", config("-f\nsub\n") | {"sub/pom.xml": OTHER}, []
    for name, text in {
        "joined": "-Pp\n",
        "two-lines": "-P\np\n",
        "long": "--activate-profiles\np\n",
        "long-equals": "--activate-profiles=p\n",
        "list": "-Pq,p\n",
        "twice": "-Pp\n-Pq\n",
    }.items():
        yield f"config-profile-{name}", config(text, pom_xml=BY_PROFILE), []
    yield "config-profile-off", config("-P!p\n", pom_xml=BY_DEFAULT), []
    yield "config-profile-off-dash", config("-P-p\n", pom_xml=BY_DEFAULT), []
    yield "jvm-config", {".mvn/jvm.config": "-Dw=2 -Xmx200m\n", "pom.xml": pom("root", dependencies(dependency("a", "${w}")))}, []
    yield "jvm-config-after-the-pom", {".mvn/jvm.config": "-Dv=2\n", "pom.xml": PLAIN}, []
    yield "jvm-config-lines", {".mvn/jvm.config": "-Xmx200m\n-Dw=2\n", "pom.xml": pom("root", dependencies(dependency("a", "${w}")))}, []

    # Modules and parents.
    above = parent("root")
    yield "modules", {
        "pom.xml": pom("root", modules("one", "two/"), properties(v="1"), packaging="pom"),
        "one/pom.xml": child("one", above, USES_V),
        "two/pom.xml": child("two", above, dependencies(dependency("b", "2"))),
    }, []
    yield "module-with-another-name", {
        "pom.xml": pom("root", modules("app/other.xml"), packaging="pom"),
        "app/other.xml": child("app", parent("root", "../pom.xml"), dependencies(dependency("a", "2"))),
    }, []
    yield "module-without-an-ending", {
        "pom.xml": pom("root", modules("app/build"), packaging="pom"),
        "app/build": child("app", parent("root", "../pom.xml"), dependencies(dependency("a", "2"))),
    }, []
    yield "module-in-a-folder-called-xml", {
        "pom.xml": pom("root", modules("app.xml"), packaging="pom"),
        "app.xml/pom.xml": child("app", parent("root", "../pom.xml"), dependencies(dependency("a", "2"))),
    }, []
    yield "module-of-a-module-with-another-name", {
        "pom.xml": pom("root", modules("app/group.xml"), packaging="pom"),
        "app/group.xml": child("group", parent("root", "../pom.xml"), modules("leaf.xml")).replace("<parent>", "<packaging>pom</packaging><parent>"),
        "app/leaf.xml": child("leaf", parent("group", "group.xml"), dependencies(dependency("a", "2"))),
    }, []
    yield "module-beside", {
        "pom.xml": pom("root", modules("build/all.xml"), packaging="pom"),
        "build/all.xml": pom("all", modules("../x"), packaging="pom"),
        "x/pom.xml": pom("x", dependencies(dependency("a", "2"))),
    }, []
    yield "module-backslash", {
        "pom.xml": pom("root", modules("app\\other.xml"), packaging="pom"),
        "app/other.xml": pom("app", dependencies(dependency("a", "2"))),
    }, []
    yield "module-by-property", {
        "pom.xml": pom("root", properties(m="app/other.xml"), modules("${m}"), packaging="pom"),
        "app/other.xml": pom("app", dependencies(dependency("a", "2"))),
    }, []
    yield "module-in-a-profile", {
        "pom.xml": pom("root", profiles(profile("p", modules("app/other.xml"))), packaging="pom"),
        "app/other.xml": pom("app", dependencies(dependency("a", "2"))),
    }, ["-Pp"]
    yield "module-missing", {"pom.xml": pom("root", modules("none"), packaging="pom")}, []
    yield "module-of-a-jar", {
        "pom.xml": pom("root", modules("app")),
        "app/pom.xml": pom("app", dependencies(dependency("a", "2"))),
    }, []
    yield "parent-with-another-name", {
        "pom.xml": child("root", parent("up", "parent.xml"), USES_V),
        "parent.xml": pom("up", properties(v="2"), packaging="pom"),
    }, []
    yield "parent-by-folder", {
        "pom.xml": child("root", parent("up", "up"), USES_V),
        "up/pom.xml": pom("up", properties(v="2"), packaging="pom"),
    }, []
    yield "parent-without-an-ending", {
        "pom.xml": child("root", parent("up", "up/build"), USES_V),
        "up/build": pom("up", properties(v="2"), packaging="pom"),
    }, []
    yield "revision", {
        "pom.xml": pom("root", properties(revision="1"), modules("one"), version="${revision}", packaging="pom"),
        "one/pom.xml": child("one", parent("root", version="${revision}"), dependencies(dependency("a", "${project.version}"), dependency("b", "${revision}"))),
    }, []
    yield "revision-of-the-command-line", {
        ".mvn/maven.config": "-Drevision=2\n",
        "pom.xml": pom("root", properties(revision="1"), modules("one"), version="${revision}", packaging="pom"),
        "one/pom.xml": child("one", parent("root", version="${revision}"), dependencies(dependency("a", "${project.version}"))),
    }, []
    yield "version-that-is-not-defined", {"pom.xml": pom("root", dependencies(dependency("a", "${w}")))}, []
    yield "module-version-that-is-not-defined", {"pom.xml": pom("root", dependencies(dependency("a", "1")), version="${w}")}, []

    # What is written twice.
    twice = managed(dependency("a", "1"), dependency("a", "2"))
    uses = dependencies(dependency("a"))
    yield "managed-twice", {"pom.xml": pom("root", twice, uses)}, []
    yield "managed-twice-in-the-parent", {
        "pom.xml": child("root", parent("up", "up"), uses),
        "up/pom.xml": pom("up", twice, packaging="pom"),
    }, []
    yield "managed-twice-below-another", {
        "pom.xml": child("root", parent("up", "up"), twice, uses),
        "up/pom.xml": pom("up", managed(dependency("b", "3")), packaging="pom"),
    }, []
    yield "managed-twice-above-another", {
        "pom.xml": child("root", parent("up", "up"), managed(dependency("b", "3")), uses),
        "up/pom.xml": pom("up", twice, packaging="pom"),
    }, []
    yield "managed-twice-between", {
        "pom.xml": child("root", parent("up", "up"), uses),
        "up/pom.xml": child("up", parent("top", "../top"), twice).replace("<parent>", "<packaging>pom</packaging><parent>"),
        "top/pom.xml": pom("top", managed(dependency("b", "3")), packaging="pom"),
    }, []
    yield "managed-twice-with-an-import", {
        "pom.xml": pom("root", managed(dependency("a", "1"), dependency("a", "2"), bom("bom")), modules("bom"), uses, packaging="pom"),
        "bom/pom.xml": pom("bom", managed(dependency("b", "3")), packaging="pom"),
    }, []
    yield "managed-twice-in-the-parent-with-an-import", {
        "pom.xml": child("root", parent("up", "up"), modules("bom"), managed(bom("bom")), uses).replace("<parent>", "<packaging>pom</packaging><parent>"),
        "up/pom.xml": pom("up", twice, packaging="pom"),
        "bom/pom.xml": pom("bom", managed(dependency("b", "3")), packaging="pom"),
    }, []
    yield "managed-twice-with-a-profile", {
        "pom.xml": pom("root", twice, uses, profiles(profile("p", activation("<activeByDefault>true</activeByDefault>"), managed(dependency("b", "3"))))),
    }, []
    yield "managed-twice-in-a-profile", {
        "pom.xml": pom("root", uses, profiles(profile("p", activation("<activeByDefault>true</activeByDefault>"), twice))),
    }, []
    yield "managed-twice-by-a-bom", {
        "pom.xml": pom("root", managed(bom("bom")), modules("bom"), uses, packaging="pom"),
        "bom/pom.xml": pom("bom", twice, packaging="pom"),
    }, []
    yield "two-boms", {
        "pom.xml": pom("root", managed(bom("one"), bom("two")), modules("one", "two"), uses, packaging="pom"),
        "one/pom.xml": pom("one", managed(dependency("a", "1")), packaging="pom"),
        "two/pom.xml": pom("two", managed(dependency("a", "2")), packaging="pom"),
    }, []
    yield "a-bom-of-the-parent", {
        "pom.xml": child("root", parent("up", "up"), managed(bom("one")), modules("one", "two"), uses).replace("<parent>", "<packaging>pom</packaging><parent>"),
        "up/pom.xml": pom("up", managed(bom("two")), packaging="pom"),
        "one/pom.xml": pom("one", managed(dependency("a", "1")), packaging="pom"),
        "two/pom.xml": pom("two", managed(dependency("a", "2")), packaging="pom"),
    }, []
    yield "a-bom-below-an-entry", {
        "pom.xml": pom("root", managed(bom("one"), dependency("a", "2")), modules("one"), uses, packaging="pom"),
        "one/pom.xml": pom("one", managed(dependency("a", "1")), packaging="pom"),
    }, []
    yield "a-bom-in-two-versions", {
        "pom.xml": pom("root", managed(bom("one"), bom("one", "2")), modules("one", "two"), uses, packaging="pom"),
        "one/pom.xml": pom("one", managed(dependency("b", "1")), packaging="pom"),
        "two/pom.xml": pom("one", managed(dependency("a", "2")), version="2", packaging="pom"),
    }, []
    yield "dependency-twice", {"pom.xml": pom("root", dependencies(dependency("a", "1"), dependency("a", "2")))}, []
    yield "dependency-twice-with-a-parent", {
        "pom.xml": child("root", parent("up", "up"), dependencies(dependency("a", "1"), dependency("a", "2"))),
        "up/pom.xml": pom("up", dependencies(dependency("a", "3"), dependency("b", "1")), packaging="pom"),
    }, []
    yield "property-twice", {"pom.xml": pom("root", "<properties><v>1</v><v>2</v></properties>", USES_V)}, []
    yield "properties-twice", {"pom.xml": pom("root", properties(v="1"), properties(v="2"), USES_V)}, []
    yield "version-twice", {"pom.xml": pom("root", dependencies(dependency("a", "1", "<version>2</version>")))}, []
    yield "dependencies-twice", {"pom.xml": pom("root", dependencies(dependency("a", "1")), dependencies(dependency("b", "1")))}, []
    yield "profile-twice", {
        "pom.xml": pom("root", properties(v="1"), USES_V, profiles(profile("p", properties(v="2")), profile("p", properties(v="3")))),
    }, ["-Pp"]

    # Properties.
    yield "circle", {"pom.xml": pom("root", properties(v="${w}", w="${v}"), USES_V)}, []
    yield "chain", {"pom.xml": pom("root", properties(v="${w}", w="${x}", x="2"), USES_V)}, []
    yield "nested-expression", {"pom.xml": pom("root", properties(v="1", n="v"), dependencies(dependency("a", "${${n}}")))}, []
    yield "property-of-the-model", {"pom.xml": pom("root", dependencies(dependency("a", "${version}"), dependency("b", "${pom.version}"), dependency("c", "${project.version}")))}, []
    yield "properties-of-the-project", {"pom.xml": pom("root", properties(v="2"), dependencies(dependency("a", "${project.properties.v}")))}, []
    yield "version-of-a-dependency", {"pom.xml": pom("root", dependencies(dependency("a", "2"), dependency("b", "${project.dependencies[0].version}")))}, []
    yield "property-called-project-version", {"pom.xml": pom("root", "<properties><project.version>2</project.version></properties>", dependencies(dependency("a", "${project.version}")))}, []
    yield "property-from-the-child", {
        "pom.xml": child("root", parent("up", "up"), properties(v="2")),
        "up/pom.xml": pom("up", properties(v="1"), USES_V, packaging="pom"),
    }, []

    # Profiles.
    for name, how in {
        "jdk": "<jdk>[1.8,)</jdk>",
        "os": "<os><family>unix</family></os>",
        "file": "<file><exists>pom.xml</exists></file>",
        "no-file": "<file><missing>none.xml</missing></file>",
        "no-property": "<property><name>!none</name></property>",
    }.items():
        yield f"profile-by-{name}", {
            "pom.xml": pom("root", properties(v="1"), USES_V, profiles(profile("p", activation(how), properties(v="2")))),
        }, ["-P!p"]
    yield "profile-by-property-of-the-command-line", {
        ".mvn/maven.config": "-Don\n",
        "pom.xml": pom("root", properties(v="1"), USES_V, profiles(profile("p", activation("<property><name>on</name></property>"), properties(v="2")))),
    }, ["-P!p"]
    always = activation("<jdk>[1.8,)</jdk>")
    yield "two-profiles-property-and-use", {
        "pom.xml": pom("root", properties(v="1"), profiles(profile("p", always, properties(v="2")), profile("q", always, USES_V))),
    }, ["-P!p"]
    yield "two-profiles-management-and-use", {
        "pom.xml": pom("root", managed(dependency("a", "1")), profiles(profile("p", always, managed(dependency("a", "2"))), profile("q", always, uses))),
    }, ["-P!p"]
    yield "three-profiles", {
        "pom.xml": pom("root", properties(v="1", w="1"), profiles(profile("p", always, properties(v="${w}")), profile("q", always, USES_V), profile("r", always, properties(w="2")))),
    }, ["-P!p,!r", "-P!p", "-P!r"]
    yield "profile-of-the-parent-and-of-the-child", {
        "pom.xml": child("root", parent("up", "up"), profiles(profile("q", always, USES_V))),
        "up/pom.xml": pom("up", properties(v="1"), profiles(profile("p", always, properties(v="2"))), packaging="pom"),
    }, ["-P!p"]

    # The text.
    for name, (old, new) in {
        "comment-in-a-version": ("${v}", "<!-- 1 -->2"),
        "comment-inside-a-version": ("${v}", "<!-- -->2<!-- -->"),
        "instruction-in-a-version": ("${v}", "<?x y?>2"),
        "cdata": ("${v}", "<![CDATA[2]]>"),
        "number": ("${v}", "&#50;"),
        "white-space": ("${v}", "\n  2\n  "),
        "element-in-a-version": ("${v}", "2<b/>"),
        "unknown-entity": ("${v}", "&two;"),
        "unknown-element": ("<version>${v}</version>", "<version>2</version><verison>3</verison>"),
        "unknown-element-above": ("<properties>", "<foo/><properties>"),
        "text-among-elements": ("<version>${v}</version>", "2<version>2</version>"),
        "version-in-capitals": ("<version>${v}</version>", "<Version>2</Version>"),
        "prefix": ("<version>${v}</version>", "<m:version xmlns:m='urn:m'>2</m:version>"),
        "attribute": ("<version>${v}</version>", "<version x='y'>2</version>"),
        "space-attribute": ("<version>${v}</version>", "<version xml:space='preserve'>2</version>"),
        "no-end": ("</project>", ""),
        "two-projects": ("</project>", "</project><project/>"),
        "text-behind": ("</project>", "</project>x"),
        "text-before": ("<project>", "x<project>"),
        "another-root": ("project>", "prject>"),
        "doctype": ("<project>", "<!DOCTYPE project><project>"),
        "doctype-with-an-entity": ("<project>", "<!DOCTYPE project [<!ENTITY two '2'>]><project>"),
        "no-model-version": ("<modelVersion>4.0.0</modelVersion>", ""),
        "another-model-version": (">4.0.0<", ">4.9.9<"),
        "encoding-of-latin": ("<project>", "<?xml version='1.0' encoding='ISO-8859-1'?><project>"),
        "encoding-that-is-unknown": ("<project>", "<?xml version='1.0' encoding='x-none'?><project>"),
        "empty-version": ("${v}", ""),
        "version-of-a-list": ("${v}", "2,3"),
    }.items():
        yield f"text-{name}", {"pom.xml": PLAIN.replace(old, new)}, []
    yield "text-entity-of-the-doctype", {
        "pom.xml": PLAIN.replace("<project>", "<!DOCTYPE project [<!ENTITY two '2'>]><project>").replace("${v}", "&two;"),
    }, []
    yield "text-prefix-everywhere", {
        "pom.xml": re.sub(r"<(/?)(\w)", r"<\1m:\2", PLAIN).replace("<m:project>", "<m:project xmlns:m='http://maven.apache.org/POM/4.0.0'>"),
    }, []
    yield "subprojects", {
        "pom.xml": pom("root", "<subprojects><subproject>app/other.xml</subproject></subprojects>", packaging="pom", model="4.1.0", namespace=' xmlns="http://maven.apache.org/POM/4.1.0"'),
        "app/other.xml": pom("app", dependencies(dependency("a", "2"))),
    }, []


def repository(folder):
    """Empty artifacts, as if they had been installed."""
    for artifact in "abcd":
        for version in ["1", "2", "3", "2 ", "true"]:
            place = folder / "org/lib" / artifact / version
            place.mkdir(parents=True, exist_ok=True)
            text = pom(artifact, version=version, group="org.lib")
            (place / f"{artifact}-{version}.pom").write_text(text)
            with zipfile.ZipFile(place / f"{artifact}-{version}.jar", "w") as jar:
                jar.writestr("META-INF/MANIFEST.MF", "Manifest-Version: 1.0\n")


def answer(mvn, folder, arguments, local):
    command = [mvn, "-B", "-o", f"-Dmaven.repo.local={local}", PLUGIN, "-DexcludeTransitive=true", *arguments]
    environment = {name: value for name, value in os.environ.items() if name != "MAVEN_ARGS"}
    environment["MAVEN_OPTS"] = "-XX:TieredStopAtLevel=1 -XX:+UseSerialGC"
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, env=environment, timeout=300)
    lines, module = set(), None
    logs = [done.stdout] + [path.read_text(errors="replace") for path in folder.glob("*") if path.is_file() and b"BUILD" in path.read_bytes()]
    for line in "\n".join(logs).splitlines():
        if at := re.search(r"--- .*:list \(default-cli\) @ (\S+) ---", line):
            module = at[1]
        elif at := re.match(r"\[INFO\]\s+(\S+):(\S+):jar:(.+?):(compile|test|provided|runtime|system)\b", line):
            lines.add(f"{module} {at[1]}:{at[2]}:{at[3]} {at[4]}")
    if done.returncode:
        errors = [line for line in (done.stdout + done.stderr).splitlines() if "ERROR" in line or "Unable" in line]
        print("   ", arguments, (errors or ["?"])[0][:150], file=sys.stderr)
        return None
    return lines


def main():
    local = pathlib.Path(os.environ.get("REACTORS_REPOSITORY", HERE.parents[2] / "target/reactors-repository"))
    repository(local)
    texts = []
    for name, files, _ in builds():
        texts.append(f"=== {name}")
        for path, text in files.items():
            texts.append(f"--- {path}")
            texts.append(text.encode("unicode_escape").decode().replace("\\n", "\n") + "\\")
    (HERE / "builds.txt").write_text("\n".join(texts) + "\n")
    only = os.environ.get("ONLY", "")
    for mvn in sys.argv[1:]:
        shown = subprocess.run([mvn, "-version"], capture_output=True, text=True, cwd="/").stdout
        version = re.search(r"Apache Maven ([\w.-]+)", shown)[1]
        with (HERE / f"answers-{version}.tsv").open("a" if only else "w") as answers:
            for name, files, runs in builds():
                if not re.search(only, name):
                    continue
                said = []
                for run in ["", *runs]:
                    with tempfile.TemporaryDirectory() as folder:
                        folder = pathlib.Path(folder)
                        for path, text in files.items():
                            place = folder / path
                            place.parent.mkdir(parents=True, exist_ok=True)
                            place.write_bytes(text.encode())
                        said.append(answer(mvn, folder, run.split(), local))
                whole = {line for lines in said if lines is not None for line in lines}
                result = sorted(whole) if any(lines is not None for lines in said) else ["refused"]
                print(name, *result, sep="\t", file=answers, flush=True)


main()
