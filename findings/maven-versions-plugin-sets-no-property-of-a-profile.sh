#!/usr/bin/env bash
# versions-maven-plugin 2.18.0 and 2.21.0 (org.codehaus.mojo) with the mvn in the path.
#
# `versions:set-property` writes the value of a property into the pom. Where the property stands in a profile alone, both say
# BUILD SUCCESS, print no warning and leave the file, unless the profile is active (`-P`). The help of both has `-DprofileId` to name
# the profile to change: 2.21.0 goes by it, 2.18.0 leaves the file with it, too, and still says BUILD SUCCESS.
#
# Seen: the lines at the end. Fails if that changes.
set -euo pipefail

command -v mvn >/dev/null || { echo 'mvn is needed' >&2; exit 2; }
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"

set_property() { # VERSION [OPTION]
    cat >pom.xml <<'POM'
<project>
  <modelVersion>4.0.0</modelVersion>
  <groupId>org.example</groupId>
  <artifactId>shop</artifactId>
  <version>1</version>
  <packaging>pom</packaging>
  <profiles>
    <profile>
      <id>login</id>
      <properties><shiro.version>1.8.0</shiro.version></properties>
      <dependencies>
        <dependency>
          <groupId>org.apache.shiro</groupId>
          <artifactId>shiro-core</artifactId>
          <version>${shiro.version}</version>
        </dependency>
      </dependencies>
    </profile>
  </profiles>
</project>
POM
    mvn -B -Dstyle.color=never -Dmaven.repo.local="$folder/repository" "org.codehaus.mojo:versions-maven-plugin:$1:set-property" \
        -Dproperty=shiro.version -DnewVersion=1.13.0 -DgenerateBackupPoms=false "${@:2}" >said 2>&1
    if grep -E '^\[(WARNING|ERROR)\]' said >&2; then exit 1; fi
    echo "$*: $(grep -o 'BUILD .*' said), $(sed -n 's/.*<shiro.version>\([^<]*\)<.*/\1/p' pom.xml)"
}

seen=$(
    set -e
    for version in 2.18.0 2.21.0; do
        set_property "$version"
        set_property "$version" -DprofileId=login
        set_property "$version" -Plogin
    done
)
expected='2.18.0: BUILD SUCCESS, 1.8.0
2.18.0 -DprofileId=login: BUILD SUCCESS, 1.8.0
2.18.0 -Plogin: BUILD SUCCESS, 1.13.0
2.21.0: BUILD SUCCESS, 1.8.0
2.21.0 -DprofileId=login: BUILD SUCCESS, 1.13.0
2.21.0 -Plogin: BUILD SUCCESS, 1.13.0'
echo "$seen"
[ "$seen" = "$expected" ] || { printf 'this was\n%s\n' "$expected" >&2; exit 1; }
