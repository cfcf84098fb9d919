#!/usr/bin/env bash
# RubyGems 3.3.15 with Bundler 2.3.15 (Debian 12), seen with gems made here. RubyGems 3.3.26 (JRuby 9.4.8.0) keeps the name.
#
# Gems are published for x86_64-linux-gnu beside x86_64-linux-musl. This RubyGems takes the first for x86_64-linux. From a
# lockfile with both, `bundle lock` ends with 0 and writes x86_64-linux for the platform and for the gem: another name than
# the lockfile had, with nothing asked to be changed.
#
# Seen: `x86_64-linux` where `x86_64-linux-gnu` was, and x86_64-linux-musl as it was. Fails if that changes.
set -euo pipefail

[ "$(gem --version)" = 3.3.15 ] || { echo "this was seen with 3.3.15, here is $(gem --version)" >&2; exit 2; }
[ "$(bundle --version)" = 'Bundler version 2.3.15' ] || { echo "this was seen with 2.3.15, here is $(bundle --version)" >&2; exit 2; }
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
export HOME=$folder
unset BUNDLE_GEMFILE RUBYOPT
cd "$folder"
mkdir -p index/gems project

for platform in ruby x86_64-linux-gnu x86_64-linux-musl; do
    printf "Gem::Specification.new { |s| s.name = 'frame'; s.version = '1.0.0'; s.platform = '%s'; s.summary = 'x'; s.authors = ['x'] }\n" \
        "$platform" >frame.gemspec
    gem build --silent --output "index/gems/frame-$platform.gem" frame.gemspec >/dev/null 2>&1
done
gem generate_index --directory index >/dev/null 2>&1

cd project
printf 'source "file://%s/index"\ngem "frame", "~> 1.0"\n' "$folder" >Gemfile
cat >Gemfile.lock <<LOCK
GEM
  remote: file://$folder/index/
  specs:
    frame (1.0.0-x86_64-linux-gnu)
    frame (1.0.0-x86_64-linux-musl)

PLATFORMS
  x86_64-linux-gnu
  x86_64-linux-musl

DEPENDENCIES
  frame (~> 1.0)

BUNDLED WITH
   2.3.15
LOCK

expect() { # WHAT SEEN NOW
    echo "$1: $3"
    [ "$2" = "$3" ] || { echo "this was $2" >&2; exit 1; }
}
expect 'Gem::Platform' 'x86_64-linux x86_64-linux-musl' \
    "$(ruby -e 'puts %w[x86_64-linux-gnu x86_64-linux-musl].map { |name| Gem::Platform.new(name).to_s }.join(" ")')"
bundle lock >/dev/null 2>&1
expect 'locked gems' '1.0.0-x86_64-linux 1.0.0-x86_64-linux-musl' "$(sed -n 's/^    frame (\(.*\))$/\1/p' Gemfile.lock | xargs)"
expect 'locked platforms' 'x86_64-linux x86_64-linux-musl' "$(sed -n '/^PLATFORMS/,/^$/ s/^  //p' Gemfile.lock | xargs)"
