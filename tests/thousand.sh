#!/bin/sh
# Back up, verify and restore 1,000 files under a tool that watches memory.
# usage: thousand.sh MARS TOOL [ARGUMENT…]
set -eu
mars=$1
shift
work=$(mktemp -d "${TMPDIR:-/tmp}/mars-1000.XXXXXX")
trap 'rm -rf "$work"' EXIT
export MARS_CONFIG_DIR="$work/config"
for i in $(seq 1000); do
    mkdir -p "$work/source/d$((i % 20))"
    head -c "$((i * 37))" /dev/urandom > "$work/source/d$((i % 20))/f$i"
done
echo "a passphrase for this test" > "$work/passphrase"
run() { "$@" || { echo "failed: $*" >&2; exit 1; }; }
run "$mars" vault create "file://$work/vault"
run "$mars" vault credentials "file://$work/vault" --out "$work/credentials"
run "$@" "$mars" -q register --credentials "$work/credentials" --passphrase-file "$work/passphrase"
run "$@" "$mars" -q backup "$work/source"
run "$@" "$mars" -q backup "$work/source"
run "$@" "$mars" -q verify --read-data
run "$@" "$mars" -q restore latest --to "$work/out"
run diff -r "$work/source" "$work/out$work/source"
