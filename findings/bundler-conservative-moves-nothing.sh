#!/usr/bin/env bash
# Bundler 2.3.15 (Debian 12), seen with gems made here. 2.6.9 and 4.0 move the gem.
#
# `bundle lock --update x --conservative` ends with 0, writes the file and moves nothing where x needs a part of
# itself in its own version (`= 1.0.0`, as Rails needs its parts): it keeps the part, so it keeps x. Without
# `--conservative` both move.
#
# Seen: `1.0.0` with `--conservative`, then `1.0.1` without. Fails if that changes.
set -euo pipefail

[ "$(bundle --version)" = 'Bundler version 2.3.15' ] || { echo "this was seen with 2.3.15, here is $(bundle --version)" >&2; exit 2; }
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
export HOME=$folder
unset BUNDLE_GEMFILE RUBYOPT
cd "$folder"

gem_of() { # NAME VERSION [DEPENDENCY REQUIREMENT]
    local need=${3:+"s.add_dependency '$3', '$4'"}
    printf "Gem::Specification.new { |s| s.name = '%s'; s.version = '%s'; s.summary = 'x'; s.authors = ['x']; %s }\n" "$1" "$2" "$need" >"$1.gemspec"
    gem build --silent --output "index/gems/$1-$2.gem" "$1.gemspec" >/dev/null 2>&1
}
mkdir -p index/gems project
for version in 1.0.0 1.0.1; do
    gem_of frame-part "$version"
    gem_of frame "$version" frame-part "= $version"
done
gem generate_index --directory index >/dev/null 2>&1

cd project
printf 'source "file://%s/index"\ngem "frame", "~> 1.0"\n' "$folder" >Gemfile
bundle lock >/dev/null 2>&1
sed -i 's/1\.0\.1/1.0.0/' Gemfile.lock
cp Gemfile.lock before

locked() { sed -n 's/^    frame (\(.*\))$/\1/p' Gemfile.lock; }
expect() { # WHAT SEEN NOW
    echo "$1: $3"
    [ "$2" = "$3" ] || { echo "this was $2" >&2; exit 1; }
}
bundle lock --update frame --conservative >/dev/null 2>&1
expect 'with --conservative' 1.0.0 "$(locked)"
cp before Gemfile.lock
bundle lock --update frame >/dev/null 2>&1
expect 'without' 1.0.1 "$(locked)"
