#!/bin/sh
# Run all tests: install what they need, build, run. The last line is "N passed, N failed, N skipped".
set -eu
cd "$(dirname "$0")/.."
sh tests/packages.sh tests
build=${BUILD:-build/tests}
[ -f "$build/build.ninja" ] || meson setup "$build" -Dtests=true ${MESON_ARGS:-} >/dev/null
ninja -C "$build" --quiet
exec /usr/bin/python3 tests/run.py "$build" "$@"
