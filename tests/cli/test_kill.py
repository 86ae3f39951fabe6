"""A backup that is killed at any moment loses nothing, and the next one goes on where it was."""
import os
import random
import re
import shutil
import subprocess
import unittest

from kit import MIB, TRACED, Box

PLACES = ("before the first pack", "between packs", "in a pack's rename",
          "between packs and index", "between index and point", "after the point")
KILLS, EACH, AT_MOST = 50, 5, 300
# System calls of a backup, and about how often a thread makes them.
CALLS = {"write": 60, "renameat2": 7, "fsync": 26, "unlink": 2, "rename": 3, "pread64": 6}


class Kill(Box):
    def setUp(self) -> None:
        super().setUp()
        seed = int(os.environ.get("MARS_SEED", random.randrange(1 << 32)))
        print(f"kill test: seed {seed} (MARS_SEED sets it)", flush=True)
        self.random = random.Random(seed)
        self.m = self.machine()
        self.write("first/file", self.random.randbytes(100_000))
        self.m.backup(self.path / "first")
        self.source = self.path / "source"
        for i in range(4):
            self.write(f"source/large-{i}", self.random.randbytes(28 * MIB))
        for i in range(300):
            self.write(f"source/small-{i}", self.random.randbytes(self.random.randrange(3000)))
        # Only what this test makes new is to be killed: begin each time from the same vault.
        shutil.copytree(self.vault, self.path / "vault-before")
        shutil.copytree(self.m.config, self.path / "config-before")
        self.old = set(self.objects())
        self.m.backup(self.source)
        self.undisturbed = self.vault_bytes()
        self.data_packs = len(self.new("packs/data"))
        self.largest = max(p.stat().st_size for p in self.objects("packs/"))

    def new(self, below: str) -> list:
        return [p for p in self.objects(below) if p not in self.old]

    def put_back(self) -> None:
        for name, now in (("vault", self.vault), ("config", self.m.config)):
            shutil.rmtree(now)
            shutil.copytree(self.path / f"{name}-before", now)

    def kill_once(self, call: str, when: int) -> str:
        """Run until a thread has made a system call so many times; where was it killed?"""
        trace = self.path / "trace"
        subprocess.run(["strace", "-f", "-qq", "-e", f"trace={call},renameat2", "-e",
                        f"inject={call}:signal=SIGKILL:when={when}", "-s", "300", "-o", trace,
                        *self.m.command("backup", self.source)], check=False,
                       capture_output=True, env=TRACED)
        text = trace.read_text(errors="replace")
        if "killed by SIGKILL" not in text:
            return "not killed"
        renames = [line for line in text.splitlines() if "renameat2(" in line]
        torn = [line for line in renames if not re.search(r" = (0|-1)", line)]
        if any("/packs/" in line for line in torn):
            return "in a pack's rename"
        if self.new("points/"):
            return "after the point"
        if self.new("index/"):
            return "between index and point"
        if len(self.new("packs/data")) >= self.data_packs and self.new("packs/meta"):
            return "between packs and index"
        return "between packs" if self.new("packs/") else "before the first pack"

    def check(self) -> None:
        points = self.m.points()
        self.assertGreaterEqual(len(points), 1)
        for point in points:
            self.m.verify(point["id"], "--read-data")
        had = {p.name for p in self.new("packs/")}
        done = self.m.backup(self.source)
        self.assertEqual(had - {p.name for p in self.new("packs/")}, set(), "a pack was sent again")
        self.assertLessEqual(self.vault_bytes(), self.undisturbed + 2 * self.largest)
        self.assertEqual([p for p in (self.vault / "tmp").rglob("*") if p.is_file()], [])
        self.assertEqual([p.name for p in (self.m.config / "cache").rglob("*")
                          if "tmp" in p.name and p.is_file()], [])
        self.m.verify("--read-data")
        self.m.verify(done["point"], "--against-disk")

    def test_kills(self) -> None:
        hits = dict.fromkeys(PLACES, 0)
        runs = 0
        while sum(hits.values()) < KILLS or min(hits.values()) < EACH:
            runs += 1
            self.assertLess(runs, AT_MOST, hits)
            call = self.random.choice(list(CALLS))
            when = self.random.randint(1, CALLS[call])
            self.put_back()
            place = self.kill_once(call, when)
            if place == "not killed" or (hits[place] >= 3 * EACH and sum(hits.values()) > KILLS):
                continue
            hits[place] += 1
            with self.subTest(call=call, when=when, place=place):
                self.check()
        print(f"kill test: {hits} in {runs} runs", flush=True)


if __name__ == "__main__":
    unittest.main()
