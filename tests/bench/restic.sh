#!/bin/sh
# Print the path of restic 0.18.0. It is Debian 13's package, fetched with apt and unpacked in DIR,
# never installed; the binary is static and runs on other releases too.
# usage: sh restic.sh DIR
set -eu
dir=$1
version=0.18.0
binary=$dir/$version/usr/bin/restic
if [ ! -x "$binary" ]; then
    mkdir -p "$dir/lists/partial" "$dir/cache" "$dir/parts"
    dir=$(cd "$dir" && pwd)
    echo "deb [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] http://deb.debian.org/debian trixie main" \
        > "$dir/sources.list"
    get() {
        (cd "$dir" && apt-get -qq -o Dir::Etc::SourceList="$dir/sources.list" -o Dir::Etc::SourceParts="$dir/parts" \
            -o Dir::State::Lists="$dir/lists" -o Dir::Cache="$dir/cache" -o Dir::Cache::Archives=. \
            -o APT::Sandbox::User="$(id -un)" -o Acquire::Languages=none "$@") >&2
    }
    get update && get download "restic=$version*" || { echo "restic $version cannot be fetched" >&2; exit 1; }
    dpkg-deb -x "$dir"/restic_"$version"-*.deb "$dir/$version"
fi
[ "$("$binary" version | cut -d' ' -f2)" = "$version" ]
echo "$binary"
