#!/usr/bin/python3
"""Makes a directory tree that is hard to back up and restore.

    hostile_tree.py DIR [--seed N] [--scale small|full]

DIR must not exist or be empty. The same seed gives the same tree. Root makes everything; others
make what they can. What could not be made is said, one line `left out: what: why` each.
"""
from __future__ import annotations

import argparse
import errno
import os
import random
import stat
import struct
import subprocess
import sys
import zlib
from typing import Callable, Container, Iterable, NamedTuple, Union

KIB, MIB, GIB = 1 << 10, 1 << 20, 1 << 30
SECOND = 10 ** 9
DIRECTORY = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
CREATE = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC

SIZES = [0, 1, 511, 512, 513, 4095, 4096, 4097, 65535, 65536, 65537, 524287, 524288, 524289,
         MIB - 1, MIB, MIB + 1, 8 * MIB - 1, 8 * MIB, 8 * MIB + 1, 20 * MIB]

NAMES = [b"n" * 255, "ä".encode() * 127 + b"x", b"\xff\xfe\x80", b"half \xc3", b"\xed\xa0\x80",
         b"new\nline", b"\n", b"-rf", b"--", b" ", b" leading", b"trailing ", b"...", b"..x", b".x",
         b"back\\slash", b"\\", b"\x01\x02\x1b[31m\x7f", b"tab\there", b"quote'\"`$(x)",
         b"*?[a]{b}", b"#hash", b"!bang", b"~", b"CON", b"aux.txt", b"a:stream", b"trailing.dot.",
         b"Case", b"case",
         "\u00e9".encode(), "e\u0301".encode(), "\u202etxt".encode(), "\U0001f980".encode()]

TARGETS = {b"relative": b"regular", b"dangling": b"no/such/file", b"to-root": b"/", b"up": b"../..",
           b"self": b"self", b"bytes": b"\xff\xfe\n\x01\\", b"blank": b" ",
           b"trailing": b"empty-dir/", b"odd-path": b"a//./../b/", b"to-null": b"/dev/null",
           b"longest": b"t/" * 2047 + b"t"}

# Seconds before 1970 are negative; the nanoseconds always count forward.
TIMES = {b"year-1955": -470_000_000 * SECOND + 123_456_789,
         b"year-1902": -2_140_000_000 * SECOND + 1, b"before-1970": -1, b"year-1970": 0,
         b"one-ns": 1,
         b"last-ns": 10 ** 18 + 999_999_999, b"after-2038": (1 << 31) * SECOND + 1,
         b"year-2200": 7_258_118_400 * SECOND + 987_654_321}

MODES = {b"suid": 0o4755, b"sgid": 0o2755, b"suid-sgid": 0o6711, b"sticky": 0o1644, b"all": 0o7777,
         b"execute-only": 0o111, b"write-only": 0o222, b"nothing": 0}
DIRECTORY_MODES = {b"sticky-dir": 0o1777, b"sgid-dir": 0o2775, b"no-write-dir": 0o555,
                   b"nothing-dir": 0}
OWNERS = {b"uid-12345": (12345, 12345), b"uid-largest": (4294967294, 4294967294),
          b"group-only": (0, 54321)}

CAPABILITY = struct.pack("<5I", 0x02000001, 1 << 10, 0, 0, 0)   # cap_net_bind_service+ep

Name = Union[bytes, str]


class Scale(NamedTuple):
    linked_names: int
    entries: int
    islands: int             # size of the file with a few islands of data
    alternations: int
    all_large: bool          # both kinds of content at each size


SCALES = {"small": Scale(200, 500, GIB, 64, False),
          "full": Scale(100_000, 20_000, 20 * GIB, 4096, True)}


class Folder:
    """An open directory to make things in."""

    def __init__(self, fd: int) -> None:
        self.fd = fd

    def __enter__(self) -> Folder:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        os.close(self.fd)

    def make_folder(self, name: Name) -> None:
        os.mkdir(name, 0o755, dir_fd=self.fd)

    def folder(self, name: Name) -> Folder:
        """The folder of this name, made if it is not there."""
        try:
            self.make_folder(name)
        except FileExistsError:
            pass
        return Folder(os.open(name, DIRECTORY, dir_fd=self.fd))

    def file(self, name: Name, data: bytes = b"", mode: int = 0o644) -> None:
        self.sparse(name, [(0, data)], len(data), mode)

    def sparse(self, name: Name, islands: Iterable[tuple[int, bytes]], size: int,
               mode: int = 0o644) -> None:
        fd = os.open(name, CREATE, mode, dir_fd=self.fd)
        try:
            for offset, data in islands:
                while data:
                    done = os.pwrite(fd, data, offset)
                    data, offset = data[done:], offset + done
            os.ftruncate(fd, size)
        finally:
            os.close(fd)

    def node(self, name: Name, kind: int, major: int = 0, minor: int = 0) -> None:
        os.mknod(name, kind | 0o640, os.makedev(major, minor), dir_fd=self.fd)

    def symlink(self, name: Name, target: bytes) -> None:
        os.symlink(target, name, dir_fd=self.fd)

    def link(self, name: Name, to: Folder, new: Name) -> None:
        os.link(name, new, src_dir_fd=self.fd, dst_dir_fd=to.fd, follow_symlinks=False)

    def chmod(self, name: Name, mode: int) -> None:
        os.chmod(name, mode, dir_fd=self.fd)

    def chown(self, name: Name, uid: int, gid: int) -> None:
        os.chown(name, uid, gid, dir_fd=self.fd, follow_symlinks=False)

    def attribute(self, name: Name, key: bytes, value: bytes) -> None:
        path = b"/proc/self/fd/%d/%s" % (self.fd, os.fsencode(name))
        os.setxattr(path, key, value, follow_symlinks=False)


class Maker:
    def __init__(self, top: Folder, seed: int, scale: Scale) -> None:
        self.top = top
        self.seed = seed
        self.scale = scale
        self.random = random.Random()
        self.root = os.geteuid() == 0
        self.left_out: list[str] = []
        self.times: dict[bytes, int] = {}     # of those paths that have one of their own

    def leave_out(self, what: str, why: str) -> None:
        self.left_out.append(f"{what}: {why}")

    def attempt(self, what: str, make: Callable, *args: object) -> bool:
        """Make something that the system may refuse."""
        try:
            make(*args)
        except OSError as e:
            self.leave_out(what, e.strerror)
            return False
        return True

    def noise(self, size: int) -> bytes:
        return self.random.randbytes(size)

    def prose(self, size: int) -> bytes:
        """Compressible, and never the same twice."""
        line = b"%016x the quick brown fox jumps over the lazy dog, and again\n"
        start = self.random.getrandbits(60)
        return b"".join(line % (start + i) for i in range(size // 70 + 1))[:size]

    def kinds(self, d: Folder) -> None:
        d.file(b"regular", self.prose(1000))
        d.file(b"empty")
        d.make_folder(b"empty-dir")
        for name, target in TARGETS.items():
            self.attempt(f"symlink {name.decode()}", d.symlink, name, target)
        self.attempt("fifo", d.node, b"fifo", stat.S_IFIFO)
        self.attempt("socket", d.node, b"socket", stat.S_IFSOCK)
        for name, kind, major, minor in ((b"char-null", stat.S_IFCHR, 1, 3),
                                         (b"char-large", stat.S_IFCHR, 4095, 1048575),
                                         (b"char-zero", stat.S_IFCHR, 0, 0),
                                         (b"block-loop", stat.S_IFBLK, 7, 0),
                                         (b"block-large", stat.S_IFBLK, 259, 70000)):
            self.attempt(f"device {name.decode()}", d.node, name, kind, major, minor)

    def names(self, d: Folder) -> None:
        for name in NAMES:
            self.attempt(f"name {name!r}", d.file, name, name)
        for name in (b"\xff dir \n", b"- dir", b"d" * 255):
            if self.attempt(f"directory name {name!r}", d.make_folder, name):
                with d.folder(name) as inner:
                    inner.file(b"inside\xff", name)

    def long_paths(self, d: Folder) -> None:
        """Two paths of more than 5,000 bytes with the same beginning."""
        here = d.folder(b"0" * 250)
        for level in range(1, 21):
            below = here.folder(b"%d" % (level % 10) * 250)
            here.close()
            here = below
        with here:
            here.file(b"bottom", self.noise(5000))
            here.file(b"bottom twin", self.prose(300))
            here.symlink(b"link", b"bottom")
            here.link(b"bottom", d, b"bottom-from-above")

    def deep(self, d: Folder) -> None:
        here = d.folder(b"d")
        for level in range(2, 201):
            below = here.folder(b"d")
            if level % 50 == 0:
                here.file(b"f", b"level %d" % level)
            here.close()
            here = below
        with here:
            here.file(b"bottom", b"200 levels")

    def links(self, d: Folder) -> None:
        count = self.scale.linked_names // 2
        width = max(count // 200, 5)
        folders = [d.folder(b"dir%03d" % i) for i in range(width)]
        for i in range(count):
            first, second = folders[i % width], folders[(i * (i % 3) + i) % width]
            first.file(b"%06d-a" % i, b"%d" % i if i % 2 else b"the same for all")
            first.link(b"%06d-a" % i, second, b"%06d-b" % i)
        folders[0].file(b"three", self.noise(70_000))
        folders[0].link(b"three", folders[1], b"three")
        folders[1].link(b"three", d, b"three")
        d.symlink(b"symlink-a", b"target")
        d.node(b"fifo-a", stat.S_IFIFO)
        self.attempt("hard link of a symlink", d.link, b"symlink-a", d, b"symlink-b")
        self.attempt("hard link of a fifo", d.link, b"fifo-a", d, b"fifo-b")
        for folder in folders:
            folder.close()

    def holes(self, d: Folder) -> None:
        d.sparse(b"hole-first", [(MIB, self.noise(64 * KIB))], MIB + 64 * KIB)
        d.sparse(b"hole-last", [(0, self.noise(64 * KIB))], 3 * MIB + 5)
        d.sparse(b"hole-middle", [(0, self.prose(8 * KIB)), (2 * MIB, self.prose(8 * KIB))],
                 2 * MIB + 8 * KIB)
        d.sparse(b"all-hole", [], 8 * MIB)
        d.sparse(b"all-hole-odd", [], 12_345_677)
        d.sparse(b"unaligned", [(1_000_003, self.noise(100))], 2_000_001)
        d.file(b"zeros-no-hole", bytes(MIB))
        for name, first in ((b"alternating-data-first", 0), (b"alternating-hole-first", 4096)):
            d.sparse(name, [(first + 8192 * i, self.noise(4096))
                            for i in range(self.scale.alternations)],
                     8192 * self.scale.alternations)
        size = self.scale.islands
        d.sparse(b"islands", [(0, self.noise(10_000)), (size // 20 + 3, self.noise(300_000)),
                              (size // 2 - 4096, self.prose(8192)), (size - 1, b"!")], size)

    def contents(self, d: Folder) -> None:
        for size in SIZES:
            both = self.scale.all_large or size < 8 * MIB
            if both or size != 8 * MIB:
                d.file(b"%08d-noise" % size, self.noise(size))
            if both or size == 8 * MIB:
                d.file(b"%08d-prose" % size, self.prose(size))

    def identical(self, d: Folder) -> None:
        data = self.noise(MIB + 3)
        with d.folder(b"other") as other:
            for folder, name in ((d, b"one"), (d, b"two"), (other, b"one")):
                folder.file(name, data)
        for name in (b"one", b"two", b"other/one"):
            self.times[b"identical/" + name] = 1_500_000_000 * SECOND + 42
        d.file(b"shifted", b"x" + data)
        d.file(b"half", data[:len(data) // 2])

    def many(self, d: Folder) -> None:
        for i in range(self.scale.entries):
            name = b"%x" % (i * 2654435761 % (1 << 32)) if i % 2 else b"entry %07d" % i
            d.file(name, b"" if i % 10 == 0 else b"%d\n" % i)

    def modes(self, d: Folder) -> None:
        for name, mode in MODES.items():
            if not self.root and not mode & stat.S_IRUSR:
                self.leave_out(f"file of mode {mode:04o}", "only root can read it")
                continue
            d.file(name, name)
            self.attempt(f"mode {mode:04o}", d.chmod, name, mode)
        for name, mode in DIRECTORY_MODES.items():
            if not self.root and mode & stat.S_IRWXU != stat.S_IRWXU:
                self.leave_out(f"directory of mode {mode:04o}", "only root can work in it")
                continue
            with d.folder(name) as inner:
                inner.file(b"inside", name)
            self.attempt(f"mode {mode:04o}", d.chmod, name, mode)

    def owners(self, d: Folder) -> None:
        for name, (uid, gid) in OWNERS.items():
            if not self.root:
                self.leave_out(f"owner {uid}:{gid}", "needs root")
                continue
            d.file(name, name)
            d.make_folder(name + b"-dir")
            d.symlink(name + b"-link", name)
            d.file(name + b"-suid", name)
            for made in (name, name + b"-dir", name + b"-link", name + b"-suid"):
                self.attempt(f"owner {uid}:{gid}", d.chown, made, uid, gid)
            d.chmod(name + b"-suid", 0o4755)       # after the owner: chown takes the bit away

    def large_attribute(self, d: Folder, name: bytes, key: bytes) -> None:
        """As large as the file system takes it."""
        for size in (65536, 32768, 16000, 8000, 4000, 3900, 3500, 3000, 2000, 1000):
            try:
                d.attribute(name, key, self.noise(size))
                return
            except OSError as e:
                if e.errno not in (errno.ENOSPC, errno.E2BIG, errno.ERANGE, errno.EDQUOT):
                    self.leave_out(f"large {key.decode()}", e.strerror)
                    return
        self.leave_out(f"large {key.decode()}", "refused at every size")

    def user_attributes(self, d: Folder) -> None:
        d.file(b"plain", b"x")
        for key, value in ((b"user.text", b"value"), (b"user.empty", b""),
                           (b"user.binary", bytes(range(256))), (b"user.\xff\xfe", b"odd name"),
                           (b"user." + b"k" * 250, b"long name"), (b"user.new\nline", b"\n")):
            self.attempt(f"attribute {key[:20]!r}", d.attribute, b"plain", key, value)
        d.file(b"many", b"x")
        for i in range(40):
            self.attempt(f"attribute user.n{i}", d.attribute, b"many", b"user.n%d" % i, b"%d" % i)
        for name in (b"large", b"large twin"):
            d.file(name, b"x")
            self.large_attribute(d, name, b"user.large")
        with d.folder(b"dir") as inner:
            inner.file(b"inside", b"x")
        self.attempt("attribute of a directory", d.attribute, b"dir", b"user.dir", b"directory")
        self.large_attribute(d, b"dir", b"user.large")
        d.file(b"linked", b"x")
        self.attempt("attribute of a linked file", d.attribute, b"linked", b"user.l", b"linked")
        d.link(b"linked", d, b"linked twin")

    def attributes(self, d: Folder) -> None:
        self.user_attributes(d)
        d.file(b"capable", b"#!/bin/true\n", 0o755)
        d.file(b"trusted", b"x")
        d.symlink(b"symlink", b"trusted")
        d.node(b"fifo", stat.S_IFIFO)
        d.make_folder(b"trusted-dir")
        wanted = [(b"capable", b"security.capability", CAPABILITY),
                  (b"capable", b"security.custom", b"value"), (b"trusted", b"trusted.empty", b""),
                  (b"trusted", b"user.beside", b"trusted")]
        wanted += [(name, b"trusted.custom", b"\0\xff" + name)
                   for name in (b"trusted", b"symlink", b"fifo", b"trusted-dir", b"capable")]
        for name, key, value in wanted:
            self.attempt(f"attribute {key.decode()} of {name.decode()}", d.attribute, name, key,
                         value)

    def setfacl(self, d: Folder, name: bytes, *args: str) -> None:
        path = b"/proc/self/fd/%d/%s" % (d.fd, name)
        what = f"ACL {' '.join(args)}"
        try:
            subprocess.run(["setfacl", *args, "--", path], pass_fds=[d.fd], check=True,
                           capture_output=True)
        except FileNotFoundError:
            self.leave_out(what, "there is no setfacl")
        except subprocess.CalledProcessError as e:
            self.leave_out(what, e.stderr.decode(errors="replace").strip().rpartition(": ")[2])

    def acls(self, d: Folder) -> None:
        d.file(b"user", b"x")
        self.setfacl(d, b"user", "-m", "u:12345:rw,u:4294967294:r,m::rw")
        d.file(b"group", b"x", 0o600)
        self.setfacl(d, b"group", "-m", "g:54321:rwx,g:12345:-,m::r")
        d.file(b"many", b"x")
        self.setfacl(d, b"many", "-m", ",".join(f"u:{20000 + i}:r" for i in range(50)))
        d.make_folder(b"default")
        self.setfacl(d, b"default", "-d", "-m", "u:12345:rwx,g:54321:rx,o::-")
        with d.folder(b"default") as inner:
            inner.file(b"inherits", b"x", 0o666)
            inner.make_folder(b"inherits-too")
        d.make_folder(b"both")
        self.setfacl(d, b"both", "-m", "u:12345:rx")
        self.setfacl(d, b"both", "-d", "-m", "u:12345:rwx")

    def special_times(self, d: Folder) -> None:
        for name, ns in TIMES.items():
            d.file(name, name)
            d.symlink(name + b"-link", name)
            with d.folder(name + b"-dir") as inner:
                inner.file(b"inside", name)
            for made in (name, name + b"-link", name + b"-dir"):
                self.times[b"times/" + made] = ns

    def time_of(self, path: bytes) -> int:
        """A time from 1990 to 2024, any nanosecond, that depends on path and seed only."""
        draw = random.Random(zlib.crc32(path) ^ self.seed << 32)
        return self.times.get(path, draw.randrange(631_152_000, 1_704_067_200) * SECOND
                              + draw.randrange(SECOND))

    def set_times(self) -> None:
        """From the bottom up: making an entry had changed its directory's time."""
        def stamp(name: Name, path: bytes, fd: int) -> None:
            ns = self.time_of(path)
            os.utime(name, ns=(ns, ns), dir_fd=fd, follow_symlinks=False)

        for path, dirs, files, fd in os.fwalk(b".", topdown=False, dir_fd=self.top.fd):
            for name in sorted(dirs + files):
                stamp(name, os.path.join(path, name)[2:], fd)
        stamp(b".", b".", self.top.fd)

    def make(self, without: Container[str]) -> None:
        for name, fill in (("kinds", self.kinds), ("names", self.names), ("long", self.long_paths),
                           ("deep", self.deep), ("links", self.links), ("holes", self.holes),
                           ("contents", self.contents), ("identical", self.identical),
                           ("many", self.many), ("modes", self.modes), ("owners", self.owners),
                           ("attributes", self.attributes), ("acls", self.acls),
                           ("times", self.special_times)):
            if name in without:
                continue
            self.random.seed(f"{name} {self.seed}")
            with self.top.folder(name) as d:
                fill(d)
        self.set_times()


def make(path: Name, seed: int = 1, scale: str = "small",
         without: Container[str] = ()) -> list[str]:
    """Make the tree but for some of its folders; what was left out, and why."""
    where = os.fsencode(path)
    os.makedirs(where, exist_ok=True)
    if os.listdir(where):
        raise FileExistsError(errno.ENOTEMPTY, "not empty", os.fsdecode(where))
    umask = os.umask(0o022)
    try:
        with Folder(os.open(where, DIRECTORY)) as top:
            os.fchmod(top.fd, 0o755)
            maker = Maker(top, seed, SCALES[scale])
            maker.make(without)
    finally:
        os.umask(umask)
    return maker.left_out


def main() -> int:
    parser = argparse.ArgumentParser(description="Make a tree that is hard to back up.")
    parser.add_argument("dir")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--scale", choices=sorted(SCALES), default="small")
    args = parser.parse_args()
    try:
        left_out = make(args.dir, args.seed, args.scale)
    except OSError as e:
        print(f"hostile_tree: {e}", file=sys.stderr)
        return 1
    for line in left_out:
        print(f"left out: {line}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
