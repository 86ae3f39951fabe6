#!/usr/bin/python3
"""Compares two directory trees, entry by entry and property by property.

    walker.py compare A B [--more-holes] [--no-sockets]

Prints a line `path: what: a != b` for each difference; the exit status is 0 when there is none, 1
when there is any, 2 when the trees cannot be opened. Compared are kind, mode, owner, group, mtime,
hard-link groups, symlink targets, device numbers, all extended attributes (ACLs and capabilities
among them), sizes, bytes and holes. What belongs to a file and not to its name is told once, at the
first of its names. Names that lie outside the trees do not count as links.

Everything goes through directory descriptors, so paths may be longer than PATH_MAX.
"""
from __future__ import annotations

import argparse
import errno
import heapq
import itertools
import os
import stat
import sys
from typing import Iterator, NamedTuple, Optional

KEEP_OPEN = 64           # directories of one tree that stay open while the walk is below them
PIECE = 1 << 18          # bytes read at a time
SHOWN = 40               # bytes of a long value that are shown
DIRECTORY = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
FILE = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_NOCTTY | os.O_CLOEXEC
KINDS = {stat.S_IFREG: "file", stat.S_IFDIR: "directory", stat.S_IFLNK: "symlink",
         stat.S_IFIFO: "fifo", stat.S_IFCHR: "character device", stat.S_IFBLK: "block device",
         stat.S_IFSOCK: "socket"}
NOTHING = "nothing"

Segment = tuple[int, int]


def show(data: bytes) -> str:
    """Bytes as one line of text; different bytes give different texts."""
    text = data.replace(b"\\", b"\\\\").decode("utf-8", "backslashreplace")
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in text)


def show_value(data: Optional[bytes]) -> str:
    if data is None:
        return NOTHING
    if len(data) <= SHOWN:
        return f'"{show(data)}"'
    return f'"{show(data[:SHOWN])}"... ({len(data)} bytes)'


class Difference(NamedTuple):
    path: bytes
    what: str
    a: str
    b: str

    def __str__(self) -> str:
        return f"{show(self.path)}: {self.what}: {self.a} != {self.b}"


class Entry:
    """A name in an open directory, and what it names."""
    __slots__ = ("parent", "name", "st")

    def __init__(self, parent: int, name: bytes) -> None:
        self.parent = parent
        self.name = name
        self.st = os.stat(name, dir_fd=parent, follow_symlinks=False)

    def kind(self) -> str:
        return KINDS.get(stat.S_IFMT(self.st.st_mode), "unknown kind")

    def attributes(self) -> dict[bytes, bytes]:
        """There are no calls for attributes below a descriptor, and what /proc shows serves for
        every kind: a device or fifo is better not opened."""
        path = b"/proc/self/fd/%d/%s" % (self.parent, self.name)
        try:
            names = os.listxattr(path, follow_symlinks=False)
        except OSError as e:
            if e.errno == errno.ENOTSUP:
                return {}
            raise
        return {os.fsencode(n): os.getxattr(path, n, follow_symlinks=False) for n in names}

    def target(self) -> bytes:
        return os.readlink(self.name, dir_fd=self.parent)

    def open(self) -> int:
        try:
            return os.open(self.name, FILE | os.O_NOATIME, dir_fd=self.parent)
        except PermissionError:
            return os.open(self.name, FILE, dir_fd=self.parent)


class Links:
    """Finds names that are links of each other in one tree and not in the other."""

    def __init__(self) -> None:
        # For each side: inode -> [names still to come, inode on the other side, first name].
        self.groups: tuple[dict[int, list], dict[int, list]] = ({}, {})

    def _see(self, side: int, st: os.stat_result, other: int, path: bytes) -> Optional[list]:
        if st.st_nlink == 1:
            return None
        inode = st.st_dev << 64 | st.st_ino
        group = self.groups[side].get(inode)
        if group is None:
            self.groups[side][inode] = [st.st_nlink - 1, other, path]
            return None
        group[0] -= 1
        if group[0] == 0:
            del self.groups[side][inode]
        return group

    def pair(self, a: os.stat_result, b: os.stat_result,
             path: bytes) -> tuple[bool, Optional[Difference]]:
        """Whether these two files were compared under another name, and what is wrong."""
        inode_a = a.st_dev << 64 | a.st_ino
        inode_b = b.st_dev << 64 | b.st_ino
        group_a = self._see(0, a, inode_b, path)
        group_b = self._see(1, b, inode_a, path)
        lost = group_a is not None and group_a[1] != inode_b
        won = group_b is not None and group_b[1] != inode_a
        if not lost and not won:
            return group_a is not None, None
        with_a = f"with {show(group_a[2])}" if lost else f"not with {show(group_b[2])}"
        with_b = f"with {show(group_b[2])}" if won else f"not with {show(group_a[2])}"
        return False, Difference(path, "hard link", with_a, with_b)


def data_segments(fd: int, size: int) -> Iterator[Segment]:
    """Where the first size bytes of a file are not holes."""
    end = 0
    while end < size:
        try:
            start = os.lseek(fd, end, os.SEEK_DATA)
        except OSError as e:
            if e.errno == errno.ENXIO:
                return
            if e.errno != errno.EINVAL:
                raise
            yield 0, size           # a file system that knows no holes
            return
        if start >= size:
            return
        end = min(os.lseek(fd, start, os.SEEK_HOLE), size)
        yield start, end


def joined(segments: Iterator[Segment]) -> Iterator[Segment]:
    """Sorted segments, with those made one that touch or overlap."""
    start = end = -1
    for s, e in segments:
        if s <= end:
            end = max(end, e)
            continue
        if end >= 0:
            yield start, end
        start, end = s, e
    if end >= 0:
        yield start, end


def in_blocks(segments: Iterator[Segment], block: int) -> Iterator[Segment]:
    return joined((s // block * block, -(-e // block) * block) for s, e in segments)


def read_at(fd: int, offset: int, size: int) -> bytes:
    piece = os.pread(fd, size, offset)
    while 0 < len(piece) < size:
        more = os.pread(fd, size - len(piece), offset + len(piece))
        if not more:
            break
        piece += more
    return piece


def first_unequal(a: bytes, b: bytes) -> int:
    low, high = 0, min(len(a), len(b))
    while low < high:
        middle = (low + high) // 2
        if a[low:middle + 1] == b[low:middle + 1]:
            low = middle + 1
        else:
            high = middle
    return low


def show_byte(data: bytes, at: int) -> str:
    return f"{data[at]:#04x}" if at < len(data) else "end of file"


def compare_bytes(a: int, b: int, size: int, path: bytes) -> Iterator[Difference]:
    """The first differing byte. Where both files have a hole nothing is read."""
    segments = joined(heapq.merge(data_segments(a, size), data_segments(b, size)))
    for start, end in segments:
        for offset in range(start, end, PIECE):
            piece = min(PIECE, end - offset)
            in_a, in_b = read_at(a, offset, piece), read_at(b, offset, piece)
            if in_a != in_b:
                at = first_unequal(in_a, in_b)
                yield Difference(path, f"byte {offset + at}", show_byte(in_a, at),
                                 show_byte(in_b, at))
                return


def show_segment(segment: Optional[Segment]) -> str:
    return "no more data" if segment is None else f"data {segment[0]}-{segment[1]}"


def compare_holes(a: Iterator[Segment], b: Iterator[Segment], path: bytes) -> Iterator[Difference]:
    for in_a, in_b in itertools.zip_longest(a, b):
        if in_a != in_b:
            yield Difference(path, "holes", show_segment(in_a), show_segment(in_b))
            return


def compare_fewer_holes(a: Iterator[Segment], b: Iterator[Segment],
                        path: bytes) -> Iterator[Difference]:
    """Is there data in b where a has a hole?"""
    in_a = next(a, None)
    for in_b in b:
        while in_a is not None and in_a[1] <= in_b[0]:
            in_a = next(a, None)
        if in_a is None or in_b[0] < in_a[0] or in_b[1] > in_a[1]:
            yield Difference(path, "holes", show_segment(in_a), show_segment(in_b))
            return


class Cursor:
    """Where the walk stands in one tree: the directories from the top down. Only the lowest ones
    are open, so that depth is not limited by the number of descriptors."""

    def __init__(self, fd: int) -> None:
        self.fds: list[int] = [fd]
        self.inodes: list[tuple[int, int]] = [(0, 0)]

    def fd(self) -> int:
        return self.fds[-1]

    def enter(self, name: bytes) -> None:
        fd = os.open(name, DIRECTORY, dir_fd=self.fds[-1])
        st = os.fstat(fd)
        self.fds.append(fd)
        self.inodes.append((st.st_dev, st.st_ino))
        far = len(self.fds) - KEEP_OPEN
        if far > 0 and self.fds[far] >= 0:
            os.close(self.fds[far])
            self.fds[far] = -1

    def leave(self) -> None:
        fd = self.fds.pop()
        self.inodes.pop()
        try:
            if self.fds[-1] < 0:
                self.fds[-1] = os.open("..", DIRECTORY, dir_fd=fd)
                st = os.fstat(self.fds[-1])
                if (st.st_dev, st.st_ino) != self.inodes[-1]:
                    raise RuntimeError("a directory was moved during the walk")
        finally:
            os.close(fd)

    def names(self) -> set[bytes]:
        return {os.fsencode(name) for name in os.listdir(self.fds[-1])}

    def close(self) -> None:
        for fd in self.fds:
            if fd >= 0:
                os.close(fd)


def open_top(path: bytes) -> tuple[Cursor, bytes]:
    """The directory that holds a tree, and the tree's name in it."""
    parent, name = os.path.split(os.path.realpath(path))
    os.stat(path)
    return Cursor(os.open(parent, DIRECTORY)), name or b"."


class Walk:
    def __init__(self, more_holes: bool, sockets: bool) -> None:
        self.more_holes = more_holes
        self.sockets = sockets
        self.links = Links()
        self.path: list[bytes] = []
        self.blocks: dict[int, int] = {}

    def here(self) -> bytes:
        return b"/".join(self.path) or b"."

    def difference(self, what: str, a: object, b: object) -> Difference:
        return Difference(self.here(), what, str(a), str(b))

    def block(self, fd: int, st: os.stat_result) -> int:
        if st.st_dev not in self.blocks:
            self.blocks[st.st_dev] = max(os.fstatvfs(fd).f_bsize, 1)
        return self.blocks[st.st_dev]

    def compare_stat(self, a: os.stat_result, b: os.stat_result) -> Iterator[Difference]:
        if stat.S_IMODE(a.st_mode) != stat.S_IMODE(b.st_mode):
            yield self.difference("mode", f"{stat.S_IMODE(a.st_mode):04o}",
                                  f"{stat.S_IMODE(b.st_mode):04o}")
        if a.st_uid != b.st_uid:
            yield self.difference("uid", a.st_uid, b.st_uid)
        if a.st_gid != b.st_gid:
            yield self.difference("gid", a.st_gid, b.st_gid)
        if a.st_mtime_ns != b.st_mtime_ns:
            yield self.difference("mtime", f"{a.st_mtime_ns} ns", f"{b.st_mtime_ns} ns")

    def compare_attributes(self, a: Entry, b: Entry) -> Iterator[Difference]:
        in_a, in_b = a.attributes(), b.attributes()
        for name in sorted(in_a.keys() | in_b.keys()):
            x, y = in_a.get(name), in_b.get(name)
            if x == y:
                continue
            what = f"xattr {show(name)}"
            if x is not None and y is not None and max(len(x), len(y)) > SHOWN:
                what += f" from byte {first_unequal(x, y)}"
            yield self.difference(what, show_value(x), show_value(y))

    def compare_content(self, a: Entry, b: Entry) -> Iterator[Difference]:
        size_a, size_b = a.st.st_size, b.st.st_size
        if size_a != size_b:
            yield self.difference("size", size_a, size_b)
        if min(size_a, size_b) == 0:
            return
        fd_a = a.open()
        try:
            fd_b = b.open()
            try:
                yield from compare_bytes(fd_a, fd_b, min(size_a, size_b), self.here())
                if size_a == size_b:
                    block = max(self.block(fd_a, a.st), self.block(fd_b, b.st))
                    compare = compare_fewer_holes if self.more_holes else compare_holes
                    yield from compare(in_blocks(data_segments(fd_a, size_a), block),
                                       in_blocks(data_segments(fd_b, size_b), block), self.here())
            finally:
                os.close(fd_b)
        finally:
            os.close(fd_a)

    def compare_entry(self, a: Entry, b: Entry) -> Iterator[Difference]:
        """All but what is inside a directory."""
        if a.kind() != b.kind():
            yield self.difference("kind", a.kind(), b.kind())
            return
        kind = stat.S_IFMT(a.st.st_mode)
        if kind != stat.S_IFDIR and max(a.st.st_nlink, b.st.st_nlink) > 1:
            known, wrong = self.links.pair(a.st, b.st, self.here())
            if wrong is not None:
                yield wrong
            if known:
                return
        yield from self.compare_stat(a.st, b.st)
        yield from self.compare_attributes(a, b)
        if kind == stat.S_IFREG:
            yield from self.compare_content(a, b)
        elif kind == stat.S_IFLNK and a.target() != b.target():
            yield self.difference("target", show_value(a.target()), show_value(b.target()))
        elif kind in (stat.S_IFCHR, stat.S_IFBLK) and a.st.st_rdev != b.st.st_rdev:
            numbers = [f"{os.major(e.st.st_rdev)}:{os.minor(e.st.st_rdev)}" for e in (a, b)]
            yield self.difference("device number", *numbers)

    def one_sided(self, a: Optional[Entry], b: Optional[Entry]) -> Iterator[Difference]:
        if a is not None and (self.sockets or not stat.S_ISSOCK(a.st.st_mode)):
            yield self.difference("missing", a.kind(), NOTHING)
        if b is not None:
            yield self.difference("extra", NOTHING, b.kind())

    def names(self, a: Cursor, b: Cursor) -> Iterator[tuple[bytes, bool, bool]]:
        """Sorted, each with whether a and b have it."""
        in_a, in_b = a.names(), b.names()
        for name in sorted(in_a | in_b):
            yield name, name in in_a, name in in_b

    def descend(self, a: Cursor, b: Cursor, name_a: bytes, name_b: bytes) -> Iterator[tuple]:
        a.enter(name_a)
        try:
            b.enter(name_b)
        except OSError:
            a.leave()
            raise
        return self.names(a, b)

    def run(self, a: Cursor, b: Cursor, name_a: bytes, name_b: bytes) -> Iterator[Difference]:
        top_a, top_b = Entry(a.fd(), name_a), Entry(b.fd(), name_b)
        yield from self.compare_entry(top_a, top_b)
        if not (stat.S_ISDIR(top_a.st.st_mode) and stat.S_ISDIR(top_b.st.st_mode)):
            return
        levels = [self.descend(a, b, name_a, name_b)]
        while levels:
            name, has_a, has_b = next(levels[-1], (b"", False, False))
            if name == b"":
                levels.pop()
                a.leave()
                b.leave()
                if self.path:
                    self.path.pop()
                continue
            self.path.append(name)
            below = None
            try:
                entry_a = Entry(a.fd(), name) if has_a else None
                entry_b = Entry(b.fd(), name) if has_b else None
                if entry_a is None or entry_b is None:
                    yield from self.one_sided(entry_a, entry_b)
                else:
                    yield from self.compare_entry(entry_a, entry_b)
                    if stat.S_ISDIR(entry_a.st.st_mode) and stat.S_ISDIR(entry_b.st.st_mode):
                        below = self.descend(a, b, name, name)
            except OSError as e:
                yield self.difference("cannot be compared", e.strerror, "equal")
            if below is not None:
                levels.append(below)
            else:
                self.path.pop()


def differences(a: bytes | str, b: bytes | str, more_holes: bool = False,
                sockets: bool = True) -> Iterator[Difference]:
    """Every difference between two trees. With more_holes b may have holes where a has data;
    without sockets those of a need not be in b."""
    cursors = []
    try:
        cursor_a, name_a = open_top(os.fsencode(a))
        cursors.append(cursor_a)
        cursor_b, name_b = open_top(os.fsencode(b))
        cursors.append(cursor_b)
        yield from Walk(more_holes, sockets).run(cursor_a, cursor_b, name_a, name_b)
    finally:
        for cursor in cursors:
            cursor.close()


def main() -> int:
    parser = argparse.ArgumentParser(description="Compare two directory trees.")
    compare = parser.add_subparsers(dest="verb", required=True).add_parser("compare")
    compare.add_argument("a")
    compare.add_argument("b")
    compare.add_argument("--more-holes", action="store_true",
                         help="B may have holes where A has data (zeros)")
    compare.add_argument("--no-sockets", action="store_true", help="B may lack the sockets of A")
    args = parser.parse_args()
    sys.stdout.reconfigure(errors="backslashreplace")
    found = 0
    try:
        for found, difference in enumerate(
                differences(args.a, args.b, args.more_holes, not args.no_sockets), 1):
            print(difference)
    except (OSError, RuntimeError) as e:
        print(f"walker: {e}", file=sys.stderr)
        return 2
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
