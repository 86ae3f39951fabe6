#!/bin/sh
# Install what libmars is built with on Debian 12 or 13, and, with the word "tests", what its tests need; with
# "bench", what the benchmarks do; with "deb", what makes packages; with "ci", everything, servers of storage services
# included.
set -eu
sudo=
if [ "$(id -u)" != 0 ]; then
    command -v sudo >/dev/null || { echo "run this as root, or install sudo" >&2; exit 1; }
    sudo=sudo
fi
build="gcc libc6-dev meson ninja-build pkg-config libssl-dev libmbedtls-dev liblz4-dev libzstd-dev libargon2-dev libyaml-dev libcurl4-openssl-dev libexpat1-dev"
bench="libcmocka-dev python3 openssl borgbackup diffutils findutils"
pages="mandoc groff-base zsh fish"
# What `pkg-config --static` asks for, down to what libcurl is linked with, is Debian's to name.
linking="abigail-tools cmake libbrotli-dev libidn2-dev libkrb5-dev libldap-dev libnghttp2-dev libpsl-dev librtmp-dev libssh2-1-dev zlib1g-dev"
deb="dpkg-dev git"
python="python3-dev python3-venv python3-cffi python3-mesonpy python3-matplotlib mypy"
tests="$bench $python python3-cryptography python3-argon2 python3-lz4 python3-zstandard acl attr rsync strace g++ mount util-linux $pages $linking $deb lintian"
servers="ceph-mon ceph-osd radosgw ceph-common curl nginx-light tinyproxy faketime postgresql"
ci="clang llvm libclang-rt-dev valgrind git debootstrap $servers"
want=$build
[ "${1:-}" = bench ] && want="$build $bench"
[ "${1:-}" = deb ] && want="$build $deb"
[ "${1:-}" = tests ] && want="$build $tests"
[ "${1:-}" = ci ] && want="$build $tests $ci"
missing=
# shellcheck disable=SC2086
there=$(dpkg-query -W -f '${db:Status-Status}:${Package} ' $want 2>/dev/null || true)
for p in $want; do
    case " $there" in *" installed:$p "*) ;; *) missing="$missing $p" ;; esac
done
if [ "${1:-}" = ci ] && ! command -v npm >/dev/null; then
    missing="$missing nodejs npm"
fi
# Servers are started by the tests, never by the system.
start_nothing=/usr/sbin/policy-rc.d
if [ -n "$missing" ]; then
    echo "installing:$missing"
    made=
    if [ "${1:-}" = ci ] && [ ! -e $start_nothing ]; then
        printf '#!/bin/sh\nexit 101\n' | $sudo tee $start_nothing >/dev/null
        $sudo chmod 755 $start_nothing
        made=1
    fi
    $sudo apt-get update -qq
    # shellcheck disable=SC2086
    DEBIAN_FRONTEND=noninteractive $sudo apt-get install -y -qq --no-install-recommends $missing >/dev/null
    [ -z "$made" ] || $sudo rm -f $start_nothing
fi
# The servers and clients that come from npm, in the versions of the lock file.
if [ "${1:-}" = ci ]; then
    here=$(cd "$(dirname "$0")" && pwd)
    modules=$here/../build/servers
    if ! cmp -s "$here/servers/package-lock.json" "$modules/package-lock.json"; then
        mkdir -p "$modules"
        cp "$here/servers/package.json" "$here/servers/package-lock.json" "$modules"
        npm --prefix "$modules" ci --no-audit --no-fund --loglevel=error || {
            rm -f "$modules/package-lock.json"
            exit 1
        }
    fi
fi
