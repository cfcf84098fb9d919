#!/usr/bin/env bash
# versions-maven-plugin 2.18.0 (org.codehaus.mojo) with the mvn in the path.
#
# `versions:use-dep-version` writes the version of a dependency into the pom. Where a comment stands in the same element,
# `<version>1.8.0<!-- why --></version>`, it ends with 0, says nothing with `-q`, and leaves the file: Maven itself builds with
# 1.8.0 from that pom, so the element is valid. A pipeline that upgrades by it passes with the old version.
#
# Seen: exit 0 and 1.13.0 without the comment, exit 0 and 1.8.0 with it. Fails if that changes.
set -euo pipefail

command -v mvn >/dev/null || { echo 'mvn is needed' >&2; exit 2; }
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"

upgraded() { # COMMENT
    cat >pom.xml <<POM
<project>
  <modelVersion>4.0.0</modelVersion>
  <groupId>org.example</groupId>
  <artifactId>shop</artifactId>
  <version>1</version>
  <dependencies>
    <dependency>
      <groupId>org.apache.shiro</groupId>
      <artifactId>shiro-core</artifactId>
      <version>1.8.0$1</version>
    </dependency>
  </dependencies>
</project>
POM
    mvn -B -q -Dmaven.repo.local="$folder/repository" org.apache.maven.plugins:maven-dependency-plugin:3.7.0:list \
        -DoutputFile=before.txt
    grep -q 'shiro-core:jar:1.8.0' before.txt
    mvn -B -q -Dmaven.repo.local="$folder/repository" org.codehaus.mojo:versions-maven-plugin:2.18.0:use-dep-version \
        -Dincludes=org.apache.shiro:shiro-core -DdepVersion=1.13.0 -DforceVersion=true -DgenerateBackupPoms=false
    now=$(grep -A1 'shiro-core' pom.xml | grep -oE '1\.[0-9.]+')
    echo "exit 0, ${1:-no comment}: $now"
    [ "$now" = "$2" ] || { echo "this was $2" >&2; exit 1; }
}

upgraded '' 1.13.0
upgraded '<!-- why -->' 1.8.0
