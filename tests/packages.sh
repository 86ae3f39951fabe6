#!/bin/sh
# Install what libmars is built with on Debian 12 or 13, and, with the word "tests", what its tests need; with
# "bench", what the benchmarks do.
set -eu
sudo=
if [ "$(id -u)" != 0 ]; then
    command -v sudo >/dev/null || { echo "run this as root, or install sudo" >&2; exit 1; }
    sudo=sudo
fi
build="gcc libc6-dev meson ninja-build pkg-config libssl-dev libmbedtls-dev liblz4-dev libzstd-dev libargon2-dev libyaml-dev"
bench="libcmocka-dev python3 openssl borgbackup diffutils findutils"
tests="$bench python3-cryptography python3-argon2 python3-lz4 python3-zstandard acl attr rsync strace g++ mount util-linux"
ci="clang llvm libclang-rt-dev valgrind git debootstrap"
want=$build
[ "${1:-}" = bench ] && want="$build $bench"
[ "${1:-}" = tests ] && want="$build $tests"
[ "${1:-}" = ci ] && want="$build $tests $ci"
missing=
for p in $want; do
    dpkg-query -W -f '${Status}' "$p" 2>/dev/null | grep -q 'ok installed' || missing="$missing $p"
done
[ -z "$missing" ] && exit 0
echo "installing:$missing"
$sudo apt-get update -qq
# shellcheck disable=SC2086
DEBIAN_FRONTEND=noninteractive $sudo apt-get install -y -qq --no-install-recommends $missing >/dev/null
