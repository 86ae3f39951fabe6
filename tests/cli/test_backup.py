"""What goes into a recovery point, and what is left out."""
import fcntl
import os
import signal
import subprocess
import termios
import threading
import time
import unittest
from pathlib import Path

from kit import MIB, Box, Run, heed_interrupts, needs_root, pseudo_random


class Backup(Box):
    def setUp(self) -> None:
        super().setUp()
        self.m = self.machine()
        self.source = self.path / "source"
        self.source.mkdir()

    def names(self, point: str = "latest", below: str = "") -> set[str]:
        """Paths in the point, relative to the source."""
        self.m.restore(point, self.path / "out")
        top = self.path / "out" / str(self.source)[1:] / below
        found = {str(p.relative_to(top)) for p in top.rglob("*")}
        subprocess.run(["rm", "-rf", self.path / "out"], check=True)
        return found

    def test_patterns_are_those_of_gitignore(self) -> None:
        for name in ("a.o", "d/a.o", "d/keep.o", "d/a.c", "x/y/z/deep", "build/out",
                     "sub/build/out", "logs/a.log", "logs/b/c.log"):
            self.write(f"source/{name}")
        rules = self.write("rules", b"# comment\n*.o\n!keep.o\n/build/\nx/**/deep\n")
        self.m.backup(self.source, "--exclude-file", rules, "--exclude", "logs/**/*.log")
        self.assertEqual(self.names(), {"d", "d/keep.o", "d/a.c", "x", "x/y", "x/y/z", "sub",
                                        "sub/build", "sub/build/out", "logs", "logs/b"})

    def test_caches_are_left_out_but_for_their_tag(self) -> None:
        self.write("source/cache/CACHEDIR.TAG", b"Signature: 8a477f597d28d172789f06886806bc55\n")
        self.write("source/cache/data")
        self.write("source/other/CACHEDIR.TAG", b"Signature: none\n")
        self.write("source/other/data")
        self.m.backup(self.source, "--exclude-caches")
        self.assertEqual(self.names(), {"cache", "cache/CACHEDIR.TAG", "other",
                                        "other/CACHEDIR.TAG", "other/data"})
        self.m.backup(self.source)
        self.assertIn("cache/data", self.names())

    @needs_root
    def test_other_file_systems_are_left_out_when_asked(self) -> None:
        self.write("source/here")
        mounted = self.source / "mounted"
        mounted.mkdir()
        subprocess.run(["mount", "-t", "tmpfs", "tmpfs", mounted], check=True)
        self.addCleanup(subprocess.run, ["umount", str(mounted)], check=True)
        self.write("source/mounted/there")
        self.m.backup(self.source, "--one-file-system")
        self.assertEqual(self.names(), {"here", "mounted"})
        self.m.backup(self.source)
        self.assertEqual(self.names(), {"here", "mounted", "mounted/there"})

    def test_links_are_not_followed_out_of_the_source(self) -> None:
        self.write("outside/secret")
        os.symlink(self.path / "outside", self.source / "link")
        os.symlink(self.path / "outside" / "secret", self.source / "file-link")
        self.m.backup(self.source)
        self.m.restore("latest", self.path / "out")
        self.assertFalse((self.path / "out" / str(self.path / "outside")[1:]).exists())
        self.assert_same(self.source, self.path / "out" / str(self.source)[1:])

    def test_standard_input_is_a_file(self) -> None:
        data = pseudo_random(20 * MIB + 12345)
        m = self.m
        done = m.run("backup", "--stdin", "dump.sql", "--item", "database", input=data)
        self.assertEqual(done.summary["bytes"], len(data))
        listed = m.run("ls", "latest", "--item", "database").of("entry")
        self.assertEqual([e["path"] for e in listed], ["/dump.sql"])
        read = subprocess.run([m.mars, "--config", str(m.config), "cat", "latest", "dump.sql",
                               "--item", "database"], capture_output=True, check=True).stdout
        self.assertEqual(read, data)
        before = self.vault_bytes()
        m.run("backup", "--stdin", "dump.sql", "--item", "database", input=data)
        self.assertLess(self.vault_bytes() - before, 65536)
        m.restore("latest", self.path / "out", "--item", "database")
        self.assertEqual((self.path / "out" / "dump.sql").read_bytes(), data)

    def test_an_interrupt_ends_what_waits_for_standard_input(self) -> None:
        run = subprocess.Popen(self.m.command("backup", "--stdin", "slow"), stdin=subprocess.PIPE,
                               stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                               preexec_fn=heed_interrupts)
        assert run.stdin is not None
        run.stdin.write(bytes(MIB))
        run.stdin.flush()
        in_pipe = b"\1"
        while any(in_pipe):                     # until all is read, and more is waited for
            in_pipe = fcntl.ioctl(run.stdin, termios.FIONREAD, bytes(4))
        time.sleep(0.3)
        run.send_signal(signal.SIGINT)
        _, error = run.communicate(timeout=30)
        self.assertEqual(run.returncode, 130)
        self.assertIn("interrupted", error.decode())
        self.assertEqual(self.m.points(), [])

    def test_what_cannot_be_read_is_named_and_the_rest_goes_on(self) -> None:
        self.write("source/good")
        bad = self.write("source/bad")
        closed = self.source / "closed"
        closed.mkdir()
        self.write("source/closed/inside")
        if os.geteuid() == 0:
            subprocess.run(["chmod", "755", self.path], check=True)
            command = ["setpriv", "--reuid", "12345", "--clear-groups"]
            subprocess.run(["chown", "-R", "12345", self.m.config, self.vault], check=True)
        else:
            command = []
        bad.chmod(0)
        closed.chmod(0)
        done = subprocess.run(command + self.m.command("backup", self.source), check=False,
                              capture_output=True, cwd="/")
        run = Run(done)
        self.assertEqual(run.code, 3, run.error)
        self.assertEqual(run.summary["files_skipped"], 2)
        self.assertEqual({(e["reason"], e["path"]) for e in run.events("skipped")},
                         {("unreadable", str(bad)), ("unreadable", str(closed))})
        subprocess.run(["chown", "-R", "0", self.m.config, self.vault], check=False)
        self.assertEqual(self.m.points()[-1]["files_skipped"], 2)
        self.assertEqual(self.names(), {"good", "closed"} & self.names() | {"good"})

    def test_a_socket_is_skipped_with_its_reason(self) -> None:
        import socket  # pylint: disable=C0415
        with socket.socket(socket.AF_UNIX) as s:
            s.bind(str(self.source / "sock"))
            run = self.m.run("backup", self.source, code=3)
        self.assertEqual([e["reason"] for e in run.events("skipped")], ["socket"])

    def test_a_file_that_changes_meanwhile_is_named_and_in_the_point(self) -> None:
        path = self.write("source/log", pseudo_random(64 * MIB))
        stop = threading.Event()

        def append() -> None:
            while not stop.is_set():
                with open(path, "ab") as f:
                    f.write(b"line\n")
                time.sleep(0.001)

        thread = threading.Thread(target=append)
        thread.start()
        try:
            run = self.m.run("backup", self.source, code=3)
        finally:
            stop.set()
            thread.join()
        self.assertEqual([(e["reason"], e["path"]) for e in run.events("skipped")],
                         [("changed", str(path))])
        entry = self.m.run("ls", "latest", path).one("entry")
        self.assertTrue(entry["changed"])
        self.m.restore("latest", self.path / "out")
        back = (self.path / "out" / str(path)[1:]).read_bytes()
        self.assertTrue(path.read_bytes().startswith(back[:64 * MIB]))

    def test_a_dry_run_writes_nothing(self) -> None:
        self.write("source/file", pseudo_random(100_000))
        before = self.objects()
        done = self.m.backup(self.source, "--dry-run")
        self.assertEqual((done["files"], done["bytes_new"] > 90_000), (1, True))
        self.assertEqual(self.objects(), before)

    def test_paths_of_an_item_may_change(self) -> None:
        a, b = self.write("source/a/f"), self.write("source/b/f")
        self.m.backup(a.parent)
        self.m.backup(b.parent, a.parent)
        self.m.backup(b.parent)
        self.assertEqual([p["roots"] for p in self.m.points()],
                         [[str(a.parent)], [str(a.parent), str(b.parent)], [str(b.parent)]])

    def test_paths_within_others_are_taken_once(self) -> None:
        self.write("source/a/f")
        done = self.m.backup(self.source, self.source / "a", self.source)
        self.assertEqual(done["files"], 1)
        self.assertEqual(self.m.points()[-1]["roots"], [str(self.source)])

    def test_a_kind_that_changes_between_backups(self) -> None:
        p = self.write("source/thing", b"file")
        self.m.backup(self.source)
        p.unlink()
        p.mkdir()
        self.write("source/thing/inside", b"now a directory")
        self.m.backup(self.source)
        self.assertEqual(self.names(), {"thing", "thing/inside"})
        subprocess.run(["rm", "-r", p], check=True)
        p.symlink_to("nowhere")
        self.m.backup(self.source)
        self.assertEqual(self.names(), {"thing"})

    def test_compression_can_be_left_out(self) -> None:
        self.write("source/zeros", b"abc" * 100_000)
        self.m.backup(self.source, "--compression", "none")
        self.assertGreater(self.vault_bytes(), 300_000)
        self.m.verify("--read-data")

    def test_every_compression_comes_back(self) -> None:
        text = b" ".join(b"%d" % (n * n) for n in range(100_000))
        added = {}
        for name in ("none", "lz4", "lz4hc", "zstd", "zstd:1", "zstd:12", "zstd:19"):
            self.write("source/text", name.encode() + text)
            added[name] = self.m.backup(self.source, "--compression", name)["bytes_added"]
            self.m.restore("latest", self.path / "out", "--conflict", "overwrite")
            self.assert_same(self.source, self.path / "out" / str(self.source)[1:])
        self.assertGreater(added["none"], added["lz4"])
        self.assertGreater(added["lz4"], added["lz4hc"])
        self.assertGreater(added["lz4hc"], added["zstd"])
        self.assertGreater(added["zstd"], added["zstd:19"])
        self.m.verify("--read-data")
        stream = self.m.backup("--stdin", "numbers", "--compression", "zstd", input=text)
        self.assertLess(stream["bytes_added"], added["lz4hc"])


if __name__ == "__main__":
    unittest.main()
