#!/usr/bin/env bash
# Apache Maven 3.8.9, 3.9.12 and 4.0.0-rc-6 (org.apache.maven:apache-maven, bin), Java 17.
#
# A project version that names a property by another one, `${v${n}}` with n = 1 and v1 = 7, has three answers: 3.8.9 builds
# it under the text as it is written, 3.9.12 refuses it, 4.0.0-rc-6 expands both and builds version 7. So one pom has a
# version, none, or another one, by the Maven that reads it.
#
# Seen: `Building thread ${v${n}}`, then `must be a constant version`, then `Building thread 7`. Fails if that changes.
set -euo pipefail

command -v mvn >/dev/null || { echo 'mvn is needed to fetch the versions' >&2; exit 2; }
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
mkdir fetch project

install() { # VERSION
    (cd fetch && mvn -B -q -Dmaven.repo.local="$folder/repository" \
        org.apache.maven.plugins:maven-dependency-plugin:3.8.1:unpack \
        -Dartifact="org.apache.maven:apache-maven:$1:zip:bin" -DoutputDirectory="$folder" -Dproject.basedir="$folder/fetch")
    chmod +x "$folder/apache-maven-$1/bin/mvn"
}

cat >project/pom.xml <<'POM'
<project>
  <modelVersion>4.0.0</modelVersion>
  <groupId>org.example</groupId>
  <artifactId>thread</artifactId>
  <version>${v${n}}</version>
  <packaging>pom</packaging>
  <properties><n>1</n><v1>7</v1></properties>
</project>
POM

answer() { # VERSION
    (cd project && "$folder/apache-maven-$1/bin/mvn" -B -N -Dstyle.color=never \
        -Dmaven.repo.local="$folder/repository" validate 2>&1 || true) |
        grep -oE -m1 'Building thread [^ ]+|must be a constant version' | head -1
}
expect() { # VERSION SEEN
    install "$1"
    now=$(answer "$1" || true)
    echo "$1: $now"
    [ "$2" = "$now" ] || { echo "this was $2" >&2; exit 1; }
}

expect 3.8.9 'Building thread ${v${n}}'
expect 3.9.12 'must be a constant version'
expect 4.0.0-rc-6 'Building thread 7'
