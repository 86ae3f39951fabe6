"""The cache: what is asked of it, what is done to it, and that no backup suffers by that."""
import os
import shutil
import subprocess
import time
import unittest
from pathlib import Path

from kit import KIB, MIB, TRACED, Box, Machine, needs_root, pseudo_random


class Cache(Box):
    def setUp(self) -> None:
        super().setUp()
        self.source = self.path / "source"
        for i in range(40):
            self.write(f"source/{i % 5}/file-{i}", pseudo_random(7000, i))
        self.m = self.machine()
        self.backups = 0

    def back_up(self, **how) -> dict:
        """Back up with something new in it."""
        self.backups += 1
        self.write("source/new", pseudo_random(3000, 1000 + self.backups))
        return self.m.backup(self.source, **how)

    def status(self, code: int = 0) -> dict:
        return self.m.run("cache", "status", code=code).one("cache")

    def place_of(self) -> Path:
        """The domain's part of the cache."""
        [root] = [p for p in Path(self.status()["path"]).iterdir() if len(p.name) == 32]
        return root

    def files(self) -> list[Path]:
        return sorted(p for p in self.place_of().rglob("*")
                      if p.is_file() and p.suffix != ".lock" and p.name != "lock")

    def assert_well(self) -> None:
        """Every point restores to what it was, and the next backup is good."""
        done = self.back_up()
        out = self.path / f"out-{self.backups}"
        self.m.restore("latest", out)
        self.assert_same(self.source, out / self.source.relative_to("/"))
        shutil.rmtree(out)
        self.assertGreaterEqual(len(self.m.run("ls", "latest", self.source).of("entry")), 6)
        self.assertEqual(self.m.points()[-1]["id"], done["point"])
        self.m.verify("--read-data")

    def interrupt(self) -> None:
        """A backup that is killed behind its first pack."""
        self.write("source/large", pseudo_random(40 * MIB, 77))
        trace = self.path / "trace"
        subprocess.run(["strace", "-f", "-qq", "-e", "trace=renameat2", "-e",
                        "inject=renameat2:signal=SIGKILL:when=2", "-o", trace,
                        *self.m.command("backup", self.source)], check=False,
                       capture_output=True, env=TRACED)
        self.assertIn("killed by SIGKILL", trace.read_text(errors="replace"))
        self.assertNotEqual(self.journals(), [])

    def journals(self) -> list[Path]:
        return [p for p in self.files() if p.parent.name == "journal"]

    def test_status_and_settings(self) -> None:
        self.back_up()
        now = self.status()
        self.assertEqual(now["path"], str(self.m.config / "cache"))
        self.assertTrue(now["usable"])
        self.assertEqual((now["quota"], now["warn_permille"], now["refuse_permille"]), (0, 50, 1))
        self.assertEqual(now["files"], len(self.files()))
        self.assertEqual(now["bytes"], sum(p.stat().st_size for p in self.files()))
        self.assertGreater(now["bytes_free"], 0)
        self.m.run("cache", "set", "--quota", "3M", "--warn", "10", "--refuse", "0.5")
        now = self.status()
        self.assertEqual((now["quota"], now["warn_permille"], now["refuse_permille"]),
                         (3 * MIB, 100, 5))
        self.m.run("cache", "set", "--quota", "0")
        now = self.status()
        self.assertEqual((now["quota"], now["warn_permille"], now["refuse_permille"]), (0, 100, 5))
        for wrong in (("--quota", "1K"), ("--quota", "-1"), ("--quota", "12X"), ("--warn", "101"),
                      ("--warn", "0"), ("--refuse", "0.15"), ("--refuse", "50"), ()):
            self.m.run("cache", "set", *wrong, code=2)
        text = subprocess.run([self.m.mars, "--config", self.m.config, "cache", "status"],
                              capture_output=True, text=True, check=True).stdout
        self.assertIn("no backup below 0.5 %", text)

    def test_register_with_a_quota_and_a_place(self) -> None:
        m = Machine(self, "two")
        m.register("--cache", self.path / "elsewhere", "--quota", "64M")
        now = m.run("cache", "status").one("cache")
        self.assertEqual((now["path"], now["quota"]), (str(self.path / "elsewhere"), 64 * MIB))
        again = m.register("--cache", self.path / "no" / "disk", code=1).one("error")
        self.assertIn(str(self.path / "no" / "disk"), again["message"])

    def test_free_space_is_looked_at(self) -> None:
        """A sparse file that is larger than the disk stands for much data."""
        free = self.status()["bytes_free"]
        with open(self.source / "sparse", "wb") as f:
            f.truncate(min(4 * free, 8 << 40))
        first = self.back_up()
        self.assertGreater(first["bytes"], free)
        run = self.m.run("backup", self.source)
        self.assertEqual(run.events("warning"), [], "5 % of it are free")
        self.m.run("cache", "set", "--warn", "100")
        [warning] = self.m.run("backup", self.source).events("warning")
        for part in (str(self.m.config / "cache"), str(first["bytes"]), "100.0 %", "free"):
            self.assertIn(part, warning["message"])
        before = self.m.points()
        self.m.run("cache", "set", "--refuse", "100")
        error = self.m.run("backup", self.source, code=1).one("error")
        self.assertEqual(error["status"], "MARS_ERR_QUOTA")
        self.assertIn("100.0 %", error["message"])
        self.assertEqual(self.m.points(), before)
        self.m.run("backup", self.source, "--dry-run")
        self.m.run("cache", "set", "--refuse", "0.1")
        self.back_up()

    def test_every_file_damaged(self) -> None:
        """Each file of the cache in turn: one bit flipped, cut short, swapped with another."""
        self.back_up()
        self.back_up()
        self.interrupt()
        for name in [p.relative_to(self.place_of()) for p in self.files()]:
            for change in (self.flip, self.cut, self.swap, lambda p: p.write_bytes(b"")):
                path = self.place_of() / name
                if path.exists():
                    change(path)
                    with self.subTest(file=str(name)):
                        self.assert_well()
        self.interrupt()
        for journal in self.journals():
            self.flip(journal)
        self.assert_well()

    def flip(self, path: Path) -> None:
        data = bytearray(path.read_bytes())
        if data:
            data[len(data) // 2] ^= 1
            path.write_bytes(data)

    def cut(self, path: Path) -> None:
        path.write_bytes(path.read_bytes()[:-1])

    def swap(self, path: Path) -> None:
        others = [p for p in self.files() if p != path and p.parent == path.parent]
        if others:
            path.write_bytes(others[0].read_bytes())

    def test_a_lost_cache_costs_no_data(self) -> None:
        self.back_up()
        shutil.rmtree(self.m.config / "cache")
        self.assert_well()
        done = self.m.backup(self.source)
        self.assertEqual(done["bytes_read"], 0, "nor is anything read again")
        self.interrupt()
        shutil.rmtree(self.m.config / "cache")
        self.assert_well()

    def test_clear_and_rebuild(self) -> None:
        self.back_up()
        before = self.m.points()
        self.m.run("cache", "clear")
        self.assertEqual(self.status()["bytes"], 0)
        self.assert_well()
        self.m.run("cache", "rebuild")
        self.assert_well()
        self.interrupt()
        self.m.run("cache", "clear")
        self.assertNotEqual(self.journals(), [], "an interrupted backup still goes on")
        self.m.run("cache", "rebuild")
        self.assert_well()
        self.assertEqual([p["id"] for p in self.m.points()][:len(before)],
                         [p["id"] for p in before])

    def test_move(self) -> None:
        new, old = self.path / "new", self.m.config / "cache"
        self.back_up()
        self.interrupt()
        names = {p.relative_to(old) for p in old.rglob("*") if p.is_file()}
        self.m.run("cache", "move", new)
        now = self.status()
        self.assertEqual((now["path"], now["old_places"]), (str(new), 1))
        self.assertEqual(names, {p.relative_to(old) for p in old.rglob("*") if p.is_file()})
        (old / "mine").write_text("not libmars's own")
        self.assert_well()
        self.assertEqual(list(old.iterdir()), [old / "mine"])
        self.assertEqual(self.status()["old_places"], 0)
        for bad, code in ((new, 2), (new / "in", 2), (self.path / "no" / "where", 1),
                          (self.source / "new", 1)):
            self.m.run("cache", "move", bad, code=code)
        os.symlink(new, self.path / "link")
        self.m.run("cache", "move", self.path / "link" / "in", code=2)
        self.assertEqual(self.status()["path"], str(new))
        self.m.run("cache", "move", old)
        self.assert_well()
        self.assertFalse(new.exists())

    def test_move_while_a_backup_runs(self) -> None:
        run = subprocess.Popen(self.m.command("backup", "--stdin", "slow"), stdin=subprocess.PIPE,
                               stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        for _ in range(500):
            if self.journals():
                break
            time.sleep(0.02)
        error = self.m.run("cache", "move", self.path / "new", code=1).one("error")
        self.assertEqual(error["status"], "MARS_ERR_LOCKED")
        self.assertFalse((self.path / "new").exists())
        for verb in ("clear", "rebuild", "status"):
            self.m.run("cache", verb)
        _, why = run.communicate(b"bytes" * 1000)
        self.assertEqual(run.returncode, 0, why)
        self.m.run("cache", "move", self.path / "new")
        self.assert_well()

    def test_move_killed_at_each_step(self) -> None:
        """Whatever system call is its last, the registration has a whole cache."""
        self.back_up()
        self.interrupt()
        shutil.copytree(self.m.config, self.path / "before")
        new, kills = self.path / "new", 0
        for call in ("mkdir", "openat", "write", "renameat2", "rename", "fsync", "unlink", "flock"):
            when, killed = 1, True
            while killed:
                shutil.rmtree(self.m.config)
                shutil.copytree(self.path / "before", self.m.config)
                shutil.rmtree(new, ignore_errors=True)
                trace = self.path / "trace"
                subprocess.run(["strace", "-f", "-qq", "-e", f"trace={call}", "-e",
                                f"inject={call}:signal=SIGKILL:when={when}", "-o", trace,
                                *self.m.command("cache", "move", new)], check=False,
                               capture_output=True, env=TRACED)
                killed = "killed by SIGKILL" in trace.read_text(errors="replace")
                with self.subTest(call=call, when=when):
                    now = self.status()
                    self.assertTrue(now["usable"])
                    self.assertIn(now["path"], (str(new), str(self.m.config / "cache")))
                    self.assertNotEqual(self.journals(), [])
                kills += killed
                when += 1 if when < 12 else 5
        self.assertGreater(kills, 20)
        self.assert_well()

    def test_two_processes(self) -> None:
        """Two items at once, the cache cleared and asked again and again meanwhile."""
        self.m.run("cache", "set", "--quota", "1M")
        for round_ in range(4):
            for name in ("a", "b"):
                self.write(f"{name}/file-{round_}", pseudo_random(3 * MIB, hash(name) + round_))
            runs = [subprocess.Popen(self.m.command("backup", "--item", name, self.path / name),
                                     stdout=subprocess.PIPE, stderr=subprocess.PIPE)
                    for name in ("a", "b")]
            while any(run.poll() is None for run in runs):
                self.m.run("cache", "clear")
                self.m.run("cache", "status")
            for run in runs:
                out, why = run.communicate()
                self.assertEqual(run.returncode, 0, (out, why))
        self.assertEqual(len(self.m.points()), 8)
        self.m.verify("--read-data")
        self.assertLessEqual(self.status()["bytes"], MIB)

    @needs_root
    def test_a_full_disk(self) -> None:
        """A cache on a disk without room: the backup fails and says where, nothing is lost."""
        self.back_up()
        disk = self.path / "disk"
        disk.mkdir()
        mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=64k", "tmpfs", disk],
                                 check=False, capture_output=True)
        if mounted.returncode != 0:
            self.skipTest("no tmpfs can be mounted")
        try:
            self.m.run("cache", "move", disk)
            self.back_up()
            try:
                with open(disk / "fill", "wb", buffering=0) as f:
                    while True:
                        f.write(bytes(4 * KIB))
            except OSError:
                pass
            before = self.m.points()
            failed = self.m.run("backup", self.source, code=1).one("error")
            self.assertIn(failed["status"], ("MARS_ERR_QUOTA", "MARS_ERR_IO"))
            self.assertIn(str(disk), failed["message"])
            self.assertEqual(self.m.points(), before)
            self.status(code=1)
            self.m.restore("latest", self.path / "out")
            self.m.run("cache", "move", self.path / "roomy")
        finally:
            subprocess.run(["umount", disk], check=True)
        self.assert_well()
        self.assertEqual(self.status()["path"], str(self.path / "roomy"))

    def test_a_cache_that_vanishes_while_a_backup_runs(self) -> None:
        """The journal's file is still written to where it was: the point is good."""
        self.write("large/file", pseudo_random(20 * MIB))
        run = subprocess.Popen(self.m.command("backup", "--stdin", "slow"), stdin=subprocess.PIPE,
                               stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        for _ in range(500):
            if self.journals():
                break
            time.sleep(0.02)
        shutil.rmtree(self.m.config / "cache")
        run.communicate(pseudo_random(40 * MIB))
        points = self.m.points()
        self.assertEqual(len(points), 1 if run.returncode == 0 else 0)
        self.m.verify("--read-data")
        self.assert_well()


if __name__ == "__main__":
    unittest.main()
