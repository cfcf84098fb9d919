#!/usr/bin/env bash
# Apache Maven 3.9.12 and 4.0.0-rc-6 (org.apache.maven:apache-maven, bin), Java 17.
#
# `-f b.xml` in `.mvn/maven.config` is a setting of the whole tree, and names a file of the folder in which Maven is started:
# the same line builds `b.xml` at the top and `sub/b.xml` from within `sub`, which the reactor does not have. So a tree alone
# does not tell which project its configuration builds.
#
# Seen: `Building top` at the top, `Building below` in `sub`, in both versions. Fails if that changes.
set -euo pipefail

command -v mvn >/dev/null || { echo 'mvn is needed to fetch the versions' >&2; exit 2; }
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
mkdir -p fetch project/.mvn project/sub

install() { # VERSION
    (cd fetch && mvn -B -q -Dmaven.repo.local="$folder/repository" \
        org.apache.maven.plugins:maven-dependency-plugin:3.8.1:unpack \
        -Dartifact="org.apache.maven:apache-maven:$1:zip:bin" -DoutputDirectory="$folder" -Dproject.basedir="$folder/fetch")
    chmod +x "$folder/apache-maven-$1/bin/mvn"
}

pom() { # NAME
    printf '<project>\n  <modelVersion>4.0.0</modelVersion>\n  <groupId>org.example</groupId>\n  <artifactId>%s</artifactId>\n' "$1"
    printf '  <version>1</version>\n  <packaging>pom</packaging>\n</project>\n'
}
printf -- '-f\nb.xml\n' >project/.mvn/maven.config
pom top >project/b.xml
pom below >project/sub/b.xml

expect() { # VERSION FOLDER SEEN
    now=$( (cd "$2" && "$folder/apache-maven-$1/bin/mvn" -B -Dstyle.color=never -Dmaven.repo.local="$folder/repository" \
        validate 2>&1 || true) | grep -oE -m1 'Building [a-z]+' || true)
    echo "$1 in $2: $now"
    [ "$3" = "$now" ] || { echo "this was $3" >&2; exit 1; }
}

for version in 3.9.12 4.0.0-rc-6; do
    install "$version"
    expect "$version" project 'Building top'
    expect "$version" project/sub 'Building below'
done
