#!/bin/sh
# Build Debian packages of this tree, on and for Debian 12 or 13: libmars0 (the shared library), libmars-dev, mars (the
# command line). The same commit gives the same bytes, on machines with the same packages.
# usage: sh examples/deb.sh [DIRECTORY]      (default: build/deb)      then: apt install DIRECTORY/*.deb
# Builds in build/deb-objects; nothing else in DIRECTORY is touched.
set -eu
umask 022
export LC_ALL=C TZ=UTC
top=$(cd "$(dirname "$0")/.." && pwd)
sh "$top/tests/packages.sh" deb
mkdir -p "${1:-$top/build/deb}"
out=$(cd "${1:-$top/build/deb}" && pwd)
objects=$top/build/deb-objects
work=$(mktemp -d "${TMPDIR:-/tmp}/mars-deb.XXXXXX")
trap 'rm -rf "$work"' EXIT
# Outside of git: the date that the files came with.
commit=$(git -c safe.directory="$top" -C "$top" log -1 --format=%ct:%h:'%an <%ae>') ||
    commit=$(date -r "$top/meson.build" '+%s:unknown:unknown <unknown@example.org>')
SOURCE_DATE_EPOCH=${SOURCE_DATE_EPOCH:-${commit%%:*}}
export SOURCE_DATE_EPOCH
version=$(sed -n "s/^ *version: '\(.*\)',$/\1/p" "$top/meson.build")
arch=$(dpkg --print-architecture)
multiarch=$(dpkg-architecture -qDEB_HOST_MULTIARCH)
maintainer="${DEBFULLNAME:-} <${DEBEMAIL:-}>"
[ -n "${DEBEMAIL:-}" ] || maintainer=${commit#*:*:}
lib=usr/lib/$multiarch

# Debian's flags harden; how fast it is to be, the build type says.
if [ ! -f "$objects/build.ninja" ]; then
    export DEB_BUILD_MAINT_OPTIONS=hardening=+all DEB_CFLAGS_MAINT_STRIP="-g -O2"
    (cd "$top" && eval "$(dpkg-buildflags --export=sh)" && meson setup "$objects" --prefix=/usr \
        --libdir="lib/$multiarch" --buildtype=release -Dcrypto=openssl -Dzstd=enabled >/dev/null)
fi
ninja -C "$objects" --quiet
DESTDIR=$work/all meson install -C "$objects" --no-rebuild --quiet

# Move what was installed to its package: PACKAGE PATH…
put() {
    for path in "$@"; do
        [ "$path" != "$1" ] || continue
        mkdir -p "$work/$1/$(dirname "$path")"
        mv "$work"/all/$path "$work/$1/$(dirname "$path")"
    done
}
mkdir -p "$work/all/usr/share/zsh/vendor-completions"
mv "$work/all/usr/share/zsh/site-functions/_mars" "$work/all/usr/share/zsh/vendor-completions"
rmdir "$work/all/usr/share/zsh/site-functions"
strip --strip-unneeded --remove-section=.comment --remove-section=.note "$work/all/$lib"/libmars.so.*.* \
    "$work/all/usr/bin/mars"
chmod 644 "$work/all/$lib"/libmars.so.*.*
gzip -9n "$work"/all/usr/share/man/man1/mars.1
mkdir -p "$work/libmars-dev/usr/share/doc/libmars-dev/examples"
cp "$top"/examples/*.c "$work/libmars-dev/usr/share/doc/libmars-dev/examples"
cp "$top/README.md" "$work/libmars-dev/usr/share/doc/libmars-dev"
put libmars0 "$lib/libmars.so.*"
put libmars-dev usr/include "$lib/libmars.so" "$lib/libmars.a" "$lib/pkgconfig" "$lib/cmake"
put mars usr/bin usr/share
forgotten=$(find "$work/all" -type f -o -type l)
[ -z "$forgotten" ] || { echo "in no package: $forgotten" >&2; exit 1; }

# Dependencies: of programs and the library by the symbols that they use, of libmars-dev by the packages that own the
# files that libmars.pc asks for.
mkdir -p "$work/debian" "$work/libmars0/DEBIAN" "$work/libmars-dev/DEBIAN" "$work/mars/DEBIAN"
printf 'Source: libmars\n\nPackage: libmars0\nArchitecture: any\n' > "$work/debian/control"
echo "libmars 0 libmars0 (>= $version)" > "$work/libmars0/DEBIAN/shlibs"
echo 'activate-noawait ldconfig' > "$work/libmars0/DEBIAN/triggers"
(cd "$work" && dpkg-gensymbols -q -plibmars0 -Plibmars0 -v"$version" -Olibmars0/DEBIAN/symbols)
needs() { # FILE
    (cd "$work" && dpkg-shlibdeps -Slibmars0 -O "$1" 2>/dev/null) | sed -n 's/^shlibs:Depends=//p'
}
owners() {
    PKG_CONFIG_PATH=$work/libmars-dev/$lib/pkgconfig pkg-config --print-requires-private libmars | cut -d' ' -f1 |
        while read -r module; do
            echo "$(realpath "$(pkg-config --variable=pcfiledir "$module")")/$module.pc"
        done | xargs dpkg -S | cut -d: -f1 | sort -u | paste -s -d, | sed 's/,/, /g'
}

# PACKAGE SECTION MULTIARCH DEPENDS, its description on standard input
pack() {
    root=$work/$1 doc=$work/$1/usr/share/doc/$1
    mkdir -p "$doc"
    printf 'libmars (%s) unstable; urgency=medium\n\n  * Commit %s.\n\n -- %s  %s\n' "$version" \
        "$(echo "$commit" | cut -d: -f2)" "$maintainer" "$(date -R -d "@$SOURCE_DATE_EPOCH")" |
        gzip -9n > "$doc/changelog.gz"
    cat > "$doc/copyright" <<EOF
Format: https://www.debian.org/doc/packaging-manuals/copyright-format/1.0/
Upstream-Name: libmars

Files: *
Copyright: $(date -d "@$SOURCE_DATE_EPOCH" +%Y) the authors of libmars
License: Apache-2.0
 On Debian systems, the text of the Apache License 2.0 is in /usr/share/common-licenses/Apache-2.0.
EOF
    (cd "$root" && find usr -type f -print0 | sort -z | xargs -0 md5sum) > "$root/DEBIAN/md5sums"
    cat > "$root/DEBIAN/control" <<EOF
Package: $1
Source: libmars
Version: $version
Architecture: $arch
Multi-Arch: $3
Maintainer: $maintainer
Installed-Size: $(find "$root/usr" -printf '%y %s\n' | awk '{ n += $1 == "f" ? int(($2 + 1023) / 1024) : 1 } END { print n }')
Depends: $4
Section: $2
Priority: optional
$(cat)
EOF
    chmod -R u=rwX,go=rX "$root"
    find "$root" -exec touch --no-dereference --date="@$SOURCE_DATE_EPOCH" {} +
    dpkg-deb --root-owner-group -Zxz --build "$root" "$out/$1_${version}_$arch.deb"
}

pack libmars0 libs same "$(needs "$(echo "$work/libmars0/$lib"/libmars.so.*.*)")" <<'EOF'
Description: engine for encrypted, deduplicated backup - shared library
 libmars backs up files, folders and streams of many machines into a vault: a
 directory, a container of Azure Blob Storage, or a bucket of S3. What a vault
 holds is encrypted on the machine; data that it already has is not stored
 again.
EOF
pack libmars-dev libdevel same "libmars0 (= $version), $(owners)" <<'EOF'
Description: engine for encrypted, deduplicated backup - development files
 Headers, the static library, and what pkg-config and CMake read, for programs
 that use libmars to back up files, folders and streams into a vault.
EOF
pack mars utils foreign "$(needs "$work/mars/usr/bin/mars")" <<'EOF'
Description: encrypted, deduplicated backup into a vault
 The command line of libmars: registers a machine with a vault, backs up,
 restores, and verifies that what is in the vault can be restored. A vault is a
 directory, a container of Azure Blob Storage, or a bucket of S3.
EOF
