#!/usr/bin/env bash
# cmd/go 1.26.8, seen with golang.org/x/text v0.3.8 and v0.4.0.
#
# Two modules of a workspace that replace one module by different versions are refused: "conflicting
# replacements". One line in go.work that replaces a version of that module which nobody requires makes the
# refusal go away, without deciding anything: both replacements still count, and the one of the module that
# `use` names last wins for all. Turning the two `use` lines round changes what every module builds with.
#
# Seen: `refused`, then `v0.4.0` with `use ./a ./b`, then `v0.3.8` with `use ./b ./a`. Fails if that changes.
set -euo pipefail

[ "$(go env GOVERSION)" = go1.26.8 ] || { echo "this was seen with go1.26.8, here is $(go env GOVERSION)" >&2; exit 2; }
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
export GOMODCACHE=$folder/cache GOFLAGS=-modcacherw GOTOOLCHAIN=local GO111MODULE='' GOWORK=''
cd "$folder"

module() { # NAME REQUIRED REPLACEMENT
    mkdir -p "$1"
    printf 'module example.com/%s\n\ngo 1.24.0\n\nrequire golang.org/x/text %s\n\nreplace golang.org/x/text => golang.org/x/text %s\n' "$@" >"$1/go.mod"
}
module a v0.14.0 v0.3.8
module b v0.16.0 v0.4.0

selected() { go list -m -f '{{if .Replace}}{{.Replace.Version}}{{end}}' golang.org/x/text; }
expect() { # WHAT SEEN NOW
    echo "$1: $3"
    [ "$2" = "$3" ] || { echo "this was $2" >&2; exit 1; }
}

printf 'go 1.24.0\n\nuse ./a\nuse ./b\n' >go.work
if refusal=$(selected 2>&1); then now=$refusal; else
    case $refusal in *'conflicting replacements for golang.org/x/text'*) now=refused ;; *) now=$refusal ;; esac
fi
expect 'two replacements' refused "$now"

unused='replace golang.org/x/text v0.9.0 => golang.org/x/text v0.15.0'
printf 'go 1.24.0\n\nuse ./a\nuse ./b\n\n%s\n' "$unused" >go.work
expect 'with a line that matches nothing' v0.4.0 "$(selected)"

printf 'go 1.24.0\n\nuse ./b\nuse ./a\n\n%s\n' "$unused" >go.work
expect 'the same, used in the other order' v0.3.8 "$(selected)"
