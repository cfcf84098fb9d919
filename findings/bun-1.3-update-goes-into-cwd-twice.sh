#!/usr/bin/env bash
# Bun 1.3.14 and 1.4.5 (npm package bun), seen with ms.
#
# `bun update --cwd shop` of 1.3.14 goes into `shop`, and from there into `shop` once more. Mostly no such folder is there, and it ends
# with an error. Where one is (a folder with a part of the same name), it ends with 0, upgrades the inner project, and leaves
# the one that was asked for. `bun add --cwd shop` goes there once, and so does `bun update` with an absolute path.
#
# Seen: ENOENT, then 2.1.2 in `shop` and 2.1.3 in `shop/shop`, then the other way round with add, an absolute path, and 1.4.5. Fails if
# that changes.
set -euo pipefail

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
export HOME=$folder BUN_INSTALL_CACHE_DIR=$folder/cache
cd "$folder"
for version in 1.3.14 1.4.5; do
    npm install --silent --no-audit --no-fund --prefix "bun-$version" "bun@$version"
done
older() { ../bun-1.3.14/node_modules/.bin/bun "$@"; }
newer() { ../bun-1.4.5/node_modules/.bin/bun "$@"; }
mkdir project
cd project

fresh() { # FOLDER...
    rm -rf shop
    for part in "$@"; do
        mkdir -p "$part"
        echo '{"name": "shop", "version": "1.0.0", "dependencies": {"ms": "2.1.2"}}' >"$part/package.json"
    done
}
asked() { # what the manifests ask for, the outer one first
    echo "$(sed -n 's/.*"ms": "\([^"]*\)".*/\1/p' shop/package.json)" "$(sed -n 's/.*"ms": "\([^"]*\)".*/\1/p' shop/shop/package.json)"
}
expect() { # WHAT SEEN NOW
    echo "$1: $3"
    [ "$2" = "$3" ] || { echo "this was $2" >&2; exit 1; }
}

fresh shop
if older update --cwd shop --silent ms@2.1.3 >said 2>&1; then echo '1.3.14 refused it' >&2; exit 1; fi
expect '1.3.14, update, one folder' ENOENT "$(grep -o ENOENT said)"

fresh shop shop/shop
older update --cwd shop --silent ms@2.1.3
expect '1.3.14, update' '2.1.2 2.1.3' "$(asked)"
fresh shop shop/shop
older update --cwd "$PWD/shop" --silent ms@2.1.3
expect '1.3.14, update with an absolute path' '2.1.3 2.1.2' "$(asked)"
fresh shop shop/shop
older add --cwd shop --silent ms@2.1.3
expect '1.3.14, add' '2.1.3 2.1.2' "$(asked)"
fresh shop shop/shop
newer update --cwd shop --silent ms@2.1.3
expect '1.4.5, update' '2.1.3 2.1.2' "$(asked)"
