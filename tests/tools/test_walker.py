#!/usr/bin/python3
"""The walker sees each difference, and only it: on copies of a hostile tree that are altered in one
property each."""
from __future__ import annotations

import os
import resource
import shutil
import stat
import subprocess
import sys
import tempfile
import time
import unittest
from typing import Callable, Iterator, Optional

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))

import hostile_tree
import walker

WALKER = os.path.abspath(walker.__file__)
ROOT = os.geteuid() == 0
needs_root = unittest.skipUnless(ROOT, "needs root")


def remove(path: str) -> None:
    subprocess.run(["rm", "-rf", "--", path], check=True)    # rmtree gives up on deep trees


def copy(a: str, b: str) -> None:
    subprocess.run(["cp", "-a", "--", a, b], check=True)


def stamps(path: str) -> tuple[int, int]:
    st = os.lstat(path)
    return st.st_atime_ns, st.st_mtime_ns


class Kept:
    """Puts back the times of an entry, and of the directory it is in, after an alteration."""

    def __init__(self, path: str) -> None:
        self.times = [(p, stamps(p)) for p in (path, os.path.dirname(path))]

    def __enter__(self) -> None:
        pass

    def __exit__(self, *_: object) -> None:
        for path, ns in self.times:
            if os.path.lexists(path):
                os.utime(path, ns=ns, follow_symlinks=False)


class Scratch(unittest.TestCase):
    def setUp(self) -> None:
        self.dir = tempfile.mkdtemp(prefix="mars-walker-")
        self.addCleanup(remove, self.dir)
        self.a = os.path.join(self.dir, "a")
        self.b = os.path.join(self.dir, "b")

    def found(self, **options: bool) -> list[tuple[str, str]]:
        return [(os.fsdecode(d.path), d.what)
                for d in walker.differences(self.a, self.b, **options)]


class WholeTree(Scratch):
    def test_a_copy_is_equal(self) -> None:
        hostile_tree.make(self.a, without=["long"])          # cp ends at PATH_MAX
        copy(self.a, self.b)
        self.assertEqual(self.found(), [])

    def test_the_same_seed_gives_the_same_tree(self) -> None:
        left_out = hostile_tree.make(self.a, seed=7)
        self.assertEqual(hostile_tree.make(self.b, seed=7), left_out)
        self.assertEqual(self.found(), [])

    def test_another_seed_gives_another_tree(self) -> None:
        hostile_tree.make(self.a, seed=7, without=["contents"])
        hostile_tree.make(self.b, seed=8, without=["contents"])
        what = {w for _, w in self.found()}
        self.assertIn("mtime", what)
        self.assertTrue(any(w.startswith("byte ") for w in what))

    @needs_root
    def test_root_leaves_nothing_out_on_a_plain_file_system(self) -> None:
        left_out = hostile_tree.make(self.a)
        if left_out:
            self.skipTest(f"this file system or container refuses: {left_out}")

    def test_the_tree_holds_what_it_promises(self) -> None:
        hostile_tree.make(self.a)
        kinds, longest, links = set(), 0, 0
        for path, dirs, files, fd in os.fwalk(os.fsencode(self.a)):
            for name in dirs + files:
                st = os.stat(name, dir_fd=fd, follow_symlinks=False)
                kinds.add(stat.S_IFMT(st.st_mode))
                links += not stat.S_ISDIR(st.st_mode) and st.st_nlink > 1
                longest = max(longest, len(path) - len(self.a) + len(name))
        self.assertGreater(longest, 5000)
        self.assertGreaterEqual(links, 200)
        self.assertLessEqual({stat.S_IFREG, stat.S_IFDIR, stat.S_IFLNK, stat.S_IFIFO,
                              stat.S_IFSOCK}, kinds)
        self.assertEqual(len(os.listdir(self.a + "/many")), 500)
        islands = os.stat(self.a + "/holes/islands")
        self.assertLess(islands.st_blocks * 512, islands.st_size // 100)

    def test_it_is_not_made_over_something(self) -> None:
        os.mkdir(self.a)
        open(self.a + "/there", "w").close()
        with self.assertRaises(FileExistsError):
            hostile_tree.make(self.a)
        self.assertEqual(os.listdir(self.a), ["there"])


class OneAlteration(unittest.TestCase):
    """Each test alters one property of one entry in a copy of the tree."""

    @classmethod
    def setUpClass(cls) -> None:
        cls.dir = tempfile.mkdtemp(prefix="mars-walker-")
        cls.addClassCleanup(remove, cls.dir)
        cls.a = os.path.join(cls.dir, "a")
        hostile_tree.make(cls.a, without=["long", "many"])
        # Beside the large files, which only cost time here, all that cp can copy.
        for name in os.listdir(cls.a + "/contents"):
            if os.stat(f"{cls.a}/contents/{name}").st_size >= 8 << 20:
                os.unlink(f"{cls.a}/contents/{name}")

    def setUp(self) -> None:
        self.b = os.path.join(self.dir, "b")
        copy(self.a, self.b)
        self.addCleanup(remove, self.b)

    def differences(self, **options: bool) -> list[walker.Difference]:
        return list(walker.differences(self.a, self.b, **options))

    def expect(self, path: str, what: str, a: Optional[str] = None, b: Optional[str] = None,
               **options: bool) -> None:
        """This difference and no other."""
        found = self.differences(**options)
        self.assertEqual([(os.fsdecode(d.path), d.what) for d in found], [(path, what)])
        if a is not None:
            self.assertEqual((found[0].a, found[0].b), (a, b))

    def at(self, path: str) -> str:
        return os.path.join(self.b, path)

    def alter(self, path: str, change: Callable[..., object], *args: object) -> None:
        with Kept(self.at(path)):
            change(self.at(path), *args)

    def write(self, path: str, offset: int, data: bytes) -> None:
        def pwrite(name: str) -> None:
            fd = os.open(name, os.O_WRONLY)
            os.pwrite(fd, data, offset)
            os.close(fd)
        self.alter(path, pwrite)

    def replace(self, path: str, make: Callable[[str], object]) -> None:
        """Another inode under this name that has the old one's owner, mode and time."""
        old = os.lstat(self.at(path))
        with Kept(self.at(path)):
            os.unlink(self.at(path))
            make(self.at(path))
            os.chown(self.at(path), old.st_uid, old.st_gid, follow_symlinks=False)
            if not stat.S_ISLNK(os.lstat(self.at(path)).st_mode):
                os.chmod(self.at(path), stat.S_IMODE(old.st_mode))

    def test_nothing_altered(self) -> None:
        self.assertEqual(self.differences(), [])

    def test_mode_of_a_file(self) -> None:
        os.chmod(self.at("kinds/regular"), 0o600)
        self.expect("kinds/regular", "mode", "0644", "0600")

    def test_suid_bit(self) -> None:
        os.chmod(self.at("modes/suid"), 0o755)
        self.expect("modes/suid", "mode", "4755", "0755")

    def test_mode_of_a_directory(self) -> None:
        os.chmod(self.at("kinds/empty-dir"), 0o700)
        self.expect("kinds/empty-dir", "mode", "0755", "0700")

    @needs_root
    def test_uid(self) -> None:
        os.chown(self.at("owners/uid-12345"), 12346, -1)
        self.expect("owners/uid-12345", "uid", "12345", "12346")

    @needs_root
    def test_gid_of_a_symlink(self) -> None:
        os.chown(self.at("owners/uid-largest-link"), -1, 7, follow_symlinks=False)
        self.expect("owners/uid-largest-link", "gid", "4294967294", "7")

    def shift_time(self, path: str, ns: int) -> None:
        atime, mtime = stamps(self.at(path))
        os.utime(self.at(path), ns=(atime, mtime + ns), follow_symlinks=False)

    def test_mtime_by_one_ns(self) -> None:
        for path in ("kinds/regular", "kinds/fifo", "kinds/dangling", "kinds/empty-dir", "kinds",
                     "times/year-2200", "times/year-1955"):
            with self.subTest(path):
                self.shift_time(path, 1)
                self.expect(path, "mtime")
                self.shift_time(path, -1)

    def test_mtime_of_the_top(self) -> None:
        self.shift_time("", -1)
        self.expect(".", "mtime")

    def test_link_broken_apart(self) -> None:
        def part(path: str) -> None:
            shutil.copy2(path, path + ".new")
            os.rename(path + ".new", path)
        self.alter("links/dir000/000000-b", part)
        self.expect("links/dir000/000000-b", "hard link", "with links/dir000/000000-a",
                    "not with links/dir000/000000-a")

    def test_link_joined(self) -> None:
        def join(path: str) -> None:
            os.unlink(path)
            os.link(self.at("identical/one"), path)
        self.alter("identical/two", join)
        self.expect("identical/two", "hard link", "not with identical/one", "with identical/one")

    def test_link_moved_to_another_group(self) -> None:
        """Every file keeps its number of links; only who is linked with whom changes."""
        first, second = self.at("links/dir001/000006-b"), self.at("links/dir001/000036-b")
        for path in (first, second):
            other = path[:-1] + "a"
            self.assertEqual(os.stat(path).st_nlink, 2, path)
            self.assertTrue(os.path.samefile(path, other), path)
        for tree in (self.a, self.b):                        # alike in all but the links
            for name in ("000006-a", "000036-a"):
                os.utime(f"{tree}/links/dir001/{name}", ns=(5, 5))
        with Kept(first):
            os.rename(first, first + ".away")
            os.rename(second, first)
            os.rename(first + ".away", second)
        found = self.differences()
        self.assertEqual([(d.path, d.what) for d in found],
                         [(b"links/dir001/000006-b", "hard link"),
                          (b"links/dir001/000036-a", "hard link"),
                          (b"links/dir001/000036-b", "hard link")])

    def test_links_to_outside_do_not_count(self) -> None:
        os.link(self.at("kinds/regular"), self.dir + "/outside")
        self.addCleanup(os.unlink, self.dir + "/outside")
        self.assertEqual(self.differences(), [])

    def test_target(self) -> None:
        self.replace("kinds/dangling", lambda path: os.symlink("no/such/fils", path))
        self.expect("kinds/dangling", "target", '"no/such/file"', '"no/such/fils"')

    @needs_root
    def test_device_number(self) -> None:
        self.replace("kinds/char-large",
                     lambda path: os.mknod(path, stat.S_IFCHR, os.makedev(4095, 1048574)))
        self.expect("kinds/char-large", "device number", "4095:1048575", "4095:1048574")

    def test_xattr_value(self) -> None:
        os.setxattr(self.at("attributes/plain"), "user.text", b"Value")
        self.expect("attributes/plain", "xattr user.text", '"value"', '"Value"')

    def test_xattr_value_beyond_what_is_shown(self) -> None:
        value = os.getxattr(self.at("attributes/large"), "user.large")
        os.setxattr(self.at("attributes/large"), "user.large", value[:-1] + bytes([value[-1] ^ 1]))
        self.expect("attributes/large", f"xattr user.large from byte {len(value) - 1}")

    def test_xattr_removed(self) -> None:
        os.removexattr(self.at("attributes/plain"), "user.empty")
        self.expect("attributes/plain", "xattr user.empty", '""', "nothing")

    def test_xattr_added_to_a_directory(self) -> None:
        os.setxattr(self.at("attributes/dir"), "user.added", b"")
        self.expect("attributes/dir", "xattr user.added", "nothing", '""')

    @needs_root
    def test_xattr_of_a_symlink(self) -> None:
        os.setxattr(self.at("attributes/symlink"), "trusted.custom", b"x", follow_symlinks=False)
        self.expect("attributes/symlink", "xattr trusted.custom")

    @needs_root
    def test_xattr_of_a_fifo(self) -> None:
        os.removexattr(self.at("attributes/fifo"), "trusted.custom")
        self.expect("attributes/fifo", "xattr trusted.custom")

    @needs_root
    def test_capability(self) -> None:
        os.removexattr(self.at("attributes/capable"), "security.capability")
        self.expect("attributes/capable", "xattr security.capability")

    def setfacl(self, path: str, *args: str) -> None:
        if shutil.which("setfacl") is None:
            self.skipTest("there is no setfacl")
        subprocess.run(["setfacl", *args, "--", self.at(path)], check=True)

    def test_acl(self) -> None:
        self.setfacl("acls/user", "-n", "-m", "u:12345:r")
        self.expect("acls/user", "xattr system.posix_acl_access from byte 14")

    def test_default_acl(self) -> None:
        self.setfacl("acls/both", "-k")
        self.expect("acls/both", "xattr system.posix_acl_default")

    def test_size(self) -> None:
        size = os.stat(self.at("contents/00004095-noise")).st_size
        self.alter("contents/00004095-noise", os.truncate, size + 1)
        self.expect("contents/00004095-noise", "size", "4095", "4096")

    def test_one_byte(self) -> None:
        path = "contents/01048577-prose"
        with open(self.at(path), "rb") as f:
            data = f.read()
        for offset in (0, 262_143, 262_144, 1_048_576):
            with self.subTest(offset):
                self.write(path, offset, bytes([data[offset] ^ 1]))
                self.expect(path, f"byte {offset}", f"{data[offset]:#04x}",
                            f"{data[offset] ^ 1:#04x}")
                self.write(path, offset, data[offset:offset + 1])

    def test_one_byte_of_a_linked_file_is_told_once(self) -> None:
        self.write("links/three", 69_999, self.other_byte("links/three", 69_999))
        self.expect("links/dir000/three", "byte 69999")

    def other_byte(self, path: str, offset: int) -> bytes:
        with open(self.at(path), "rb") as f:
            f.seek(offset)
            return bytes([f.read(1)[0] ^ 0x80])

    def test_hole_filled(self) -> None:
        self.write("holes/hole-first", 4096, bytes(4096))
        self.expect("holes/hole-first", "holes", "data 1048576-1114112", "data 4096-8192")

    def test_last_hole_filled(self) -> None:
        self.write("holes/hole-last", (3 << 20) + 4, b"\0")
        self.expect("holes/hole-last", "holes", "no more data", "data 3145728-3149824")

    def test_byte_in_a_hole(self) -> None:
        self.write("holes/all-hole", 5 << 20, b"!")
        found = [(d.path, d.what) for d in self.differences()]
        self.assertEqual(found, [(b"holes/all-hole", f"byte {5 << 20}"),
                                 (b"holes/all-hole", "holes")])

    def punch(self, path: str) -> None:
        if shutil.which("fallocate") is None:
            self.skipTest("there is no fallocate")
        self.alter(path, lambda name: subprocess.run(
            ["fallocate", "--dig-holes", name], check=True))

    def test_hole_made(self) -> None:
        self.punch("holes/zeros-no-hole")
        self.expect("holes/zeros-no-hole", "holes", "data 0-1048576", "no more data")
        self.assertEqual(self.differences(more_holes=True), [])

    def test_fewer_holes_are_told_whatever_the_options(self) -> None:
        self.write("holes/alternating-hole-first", 8192, bytes(4096))
        self.expect("holes/alternating-hole-first", "holes", "data 4096-8192", "data 4096-16384",
                    more_holes=True)

    def test_missing_file(self) -> None:
        self.alter("kinds/regular", os.unlink)
        self.expect("kinds/regular", "missing", "file", "nothing")

    def test_missing_directory_is_told_once(self) -> None:
        self.alter("deep/d/d", remove)
        self.expect("deep/d/d", "missing", "directory", "nothing")

    def test_extra_name(self) -> None:
        with Kept(self.at("kinds/regular")):
            os.symlink("x", self.at("kinds/new\nline"))
        self.expect("kinds/new\nline", "extra", "nothing", "symlink")
        self.assertEqual(str(self.differences()[0]), "kinds/new\\nline: extra: nothing != symlink")

    def test_kind(self) -> None:
        self.replace("kinds/regular", os.mkfifo)
        self.expect("kinds/regular", "kind", "file", "fifo")

    def test_directory_that_became_a_link(self) -> None:
        with Kept(self.at("deep")):
            os.rename(self.at("deep"), self.dir + "/elsewhere")
            os.symlink(self.dir + "/elsewhere", self.at("deep"))
        self.addCleanup(remove, self.dir + "/elsewhere")
        self.expect("deep", "kind", "directory", "symlink")

    def test_socket(self) -> None:
        self.alter("kinds/socket", os.unlink)
        self.expect("kinds/socket", "missing", "socket", "nothing")
        self.assertEqual(self.differences(sockets=False), [])


class Extremes(Scratch):
    def both(self) -> Iterator[str]:
        for tree in (self.a, self.b):
            os.mkdir(tree)
            yield tree

    def test_twenty_sparse_gibibytes_are_quick(self) -> None:
        for tree in self.both():
            with open(tree + "/sparse", "wb") as f:
                f.truncate(20 << 30)
                f.seek(13 << 30)
                f.write(b"island")
            os.utime(tree + "/sparse", ns=(0, 0))
            os.utime(tree, ns=(0, 0))
        before = time.monotonic()
        self.assertEqual(self.found(), [])
        self.assertLess(time.monotonic() - before, 2)
        with open(self.b + "/sparse", "r+b") as f:
            f.seek((13 << 30) + 3)
            f.write(b"A")
        os.utime(self.b + "/sparse", ns=(0, 0))
        self.assertEqual(self.found(), [("sparse", f"byte {(13 << 30) + 3}")])

    def test_the_end_of_a_path_longer_than_path_max(self) -> None:
        for tree in (self.a, self.b):
            hostile_tree.make(tree, without=[
                "names", "contents", "holes", "identical", "many", "links", "deep"])
        fd = os.open(self.b + "/long", os.O_RDONLY)
        bottom = [str(i % 10) * 250 for i in range(21)]
        for name in bottom:
            below = os.open(name, os.O_RDONLY, dir_fd=fd)
            os.close(fd)
            fd = below
        os.utime("bottom twin", ns=(0, 0), dir_fd=fd)
        os.close(fd)
        self.assertEqual(self.found(), [("/".join(["long", *bottom, "bottom twin"]), "mtime")])

    def test_more_levels_than_descriptors(self) -> None:
        for tree in self.both():
            fds = [os.open(tree, os.O_RDONLY)]
            for _ in range(400):
                os.mkdir("d", dir_fd=fds[-1])
                fds.append(os.open("d", os.O_RDONLY, dir_fd=fds[-1]))
                os.mknod("z", 0o600 | stat.S_IFREG, dir_fd=fds[-1])
            os.unlink("z", dir_fd=fds[200 if tree == self.b else 300])
            for fd in reversed(fds):
                for name in os.listdir(fd):
                    os.utime(name, ns=(0, 0), dir_fd=fd)
                os.utime(fd, ns=(0, 0))
                os.close(fd)
        soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
        resource.setrlimit(resource.RLIMIT_NOFILE, (200, hard))
        try:
            found = self.found()
        finally:
            resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
        self.assertEqual(found, [("d/" * 300 + "z", "extra"), ("d/" * 200 + "z", "missing")])

    def test_no_descriptor_is_left_open(self) -> None:
        for tree in self.both():
            os.makedirs(tree + "/x/y/z")
        before = os.listdir("/proc/self/fd")
        self.found()
        walk = walker.differences(self.a, self.b)
        next(walk)                                           # some mtime
        walk.close()
        self.assertEqual(os.listdir("/proc/self/fd"), before)

    def test_two_files_and_a_file_against_a_directory(self) -> None:
        for path, text in ((self.a, "one"), (self.b, "two")):
            with open(path, "w") as f:
                f.write(text)
            os.utime(path, ns=(0, 0))
        self.assertEqual(self.found(), [(".", "byte 0")])
        os.unlink(self.b)
        os.mkdir(self.b)
        self.assertEqual(self.found(), [(".", "kind")])

    def command(self, *args: str) -> tuple[int, str]:
        done = subprocess.run([sys.executable, WALKER, *args], capture_output=True, text=True)
        return done.returncode, done.stdout

    def test_the_exit_status_tells(self) -> None:
        for tree in self.both():
            os.utime(tree, ns=(0, 0))
        self.assertEqual(self.command("compare", self.a, self.b), (0, ""))
        os.utime(self.b, ns=(1, 1))
        self.assertEqual(self.command("compare", self.a, self.b),
                         (1, ".: mtime: 0 ns != 1 ns\n"))
        self.assertEqual(self.command("compare", self.a, self.b + "/none"), (2, ""))
        self.assertEqual(self.command()[0], 2)


if __name__ == "__main__":
    unittest.main()
