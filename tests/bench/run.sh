#!/bin/sh
# The benchmarks, from a clean checkout: install what they need, build, run. See README.md.
# usage: sh tests/bench/run.sh [options]
#        sh tests/bench/run.sh huge|metadata|flat|growth|index|link|micro|points|readat|streams [options]
set -eu
here=$(cd "$(dirname "$0")" && pwd)
top=$(cd "$here/../.." && pwd)
build=${BUILD:-$top/build/bench}
sh "$top/tests/packages.sh" bench
[ -f "$build/build.ninja" ] || meson setup "$build" "$top" -Dtests=true >/dev/null
ninja -C "$build" --quiet examples/mars bench
exec /usr/bin/python3 "$here/bench.py" "$build" "$@"
