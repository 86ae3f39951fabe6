#!/bin/sh
# The main job, for real: build libmars, then back up a directory into a vault of its own, verify, restore, compare.
# usage: sh examples/try.sh [DIRECTORY]      (default: /etc)
set -eu
top=$(cd "$(dirname "$0")/.." && pwd)
what=$(cd "${1:-/etc}" && pwd)
sh "$top/tests/packages.sh"
[ -f "$top/build/release/build.ninja" ] || meson setup "$top/build/release" "$top" >/dev/null
ninja -C "$top/build/release" --quiet
mars=$top/build/release/examples/mars
work=$(mktemp -d "${TMPDIR:-/tmp}/mars-try.XXXXXX")
trap 'rm -rf "$work"' EXIT
export MARS_CONFIG_DIR="$work/config"
vault=file://$work/vault
head -c 24 /dev/urandom | od -An -tx1 | tr -d ' \n' > "$work/passphrase"
run() { printf '\n$ mars %s\n' "$*"; "$mars" "$@"; }
# Files that cannot be read, and sockets, are named and end with 3: that is no failure here.
may_warn() { run "$@" || [ $? = 3 ]; }

run vault create "$vault"
run vault credentials "$vault" --out "$work/try.vaultCredentials"
run register --credentials "$work/try.vaultCredentials" --passphrase-file "$work/passphrase"
may_warn backup "$what"
may_warn backup "$what"
run points
run verify --read-data
may_warn restore latest --to "$work/restored"
printf '\n$ diff -r --no-dereference %s RESTORED%s\n' "$what" "$what"
if diff -r --no-dereference "$what" "$work/restored$what" >"$work/diff" 2>&1; then
    echo "every file is the same"
else
    cat "$work/diff"
    echo "(files that changed or could not be read meanwhile are listed above)"
fi
