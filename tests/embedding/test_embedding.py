"""One vault, three languages: what C, Python and C# write and see is the same.

Each language has a small program of the same arguments that prints a line of JSON for each verb.
Each registers a machine of its own in one domain, and backs up the same tree; then each recovers
the machines of all three with the credentials that it issued.
"""
from __future__ import annotations

import functools
import json
import os
import shutil
import sys
import unittest
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent
for folder in ("cli", "servers", "stores", "tools"):
    sys.path.insert(0, str(HERE.parent / folder))

import installed  # noqa: E402
from kit import PASSPHRASE, Box, pseudo_random  # noqa: E402
from storekit import AzuriteBox  # noqa: E402

SAME = ("files", "directories", "files_unchanged", "files_skipped", "bytes", "bytes_read")


@functools.cache
def programs() -> dict[str, list[str]]:
    """How each language's program is called; C#'s only where there is its SDK."""
    c = installed.BUILD / "embedding" / "driver"
    c.parent.mkdir(exist_ok=True)
    installed.c_program(HERE / "driver.c", c)
    installed.python_package()
    found = {"C": [str(c)], "Python": [str(installed.VENV / "bin" / "python"),
                                       str(HERE / "driver.py")]}
    try:
        installed.need_dotnet()
    except unittest.SkipTest:
        return found
    installed.dotnet_build("build", HERE / "csharp")
    return found | {"C#": [str(installed.CSHARP / "bin" / "Driver" / "release" / "Driver")]}


class Languages:
    """The test, on a store that the other base gives."""

    def setUp(self) -> None:
        super().setUp()
        self.home = self.path / "home"
        self.write("home/notes.txt", b"remember the milk")
        self.write("home/deep/er/zeros", bytes(300_000))
        self.write("home/deep/large", pseudo_random(3_000_000))
        self.write("home/deep/er/old.bin", b"gone in the second point")
        os.symlink("notes.txt", self.home / "link")
        os.link(self.home / "notes.txt", self.home / "deep" / "again")
        os.mkfifo(self.home / "fifo", 0o640)
        os.setxattr(self.home / "notes.txt", "user.colour", b"green\0blue")
        Path(os.fsdecode(os.fsencode(self.home) + b"/na\xefve\xff.bin")).write_bytes(b"bytes")
        os.utime(self.home / "deep" / "large", ns=(1, 981_173_106_123_456_700))

    def change(self) -> None:
        (self.home / "notes.txt").write_bytes(b"remember the milk and the bread")
        (self.home / "deep" / "er" / "old.bin").unlink()
        (self.home / "deep" / "er" / "zeros").chmod(0o600)
        self.write("home/new", pseudo_random(100_000, 2))

    def run_(self, language: str, *args: Any) -> dict[str, Any]:
        """What it tells, by verb."""
        told = installed.run(*programs()[language], *args, env=installed.environment(), timeout=60)
        lines = [json.loads(line) for line in told.splitlines()]
        return {line.pop("verb"): line for line in lines}

    def access(self) -> list[str]:
        """The store's endpoint and key."""
        return [self.server.endpoint, self.server.KEY] if self.server else ["", ""]

    def credentials(self, language: str) -> Path:
        return self.path / f"{language}.vaultCredentials"

    def register(self, language: str) -> dict[str, Any]:
        self.run_(language, "issue", self.url, *self.access(), self.credentials(language))
        return self.run_(language, "register", self.credentials(language),
                         self.path / f"config-{language}", language, PASSPHRASE)["register"]

    def all_back_up(self) -> list[dict[str, Any]]:
        """What they tell but for the points' names; only the first one has anything new."""
        told = [self.run_(language, "backup", self.path / f"config-{language}", self.home)["backup"]
                for language in programs()]
        self.assertGreater(told[0]["bytes_new"], 0)
        self.assertEqual([t["bytes_new"] for t in told[1:]], [0] * (len(told) - 1))
        return [{k: t[k] for k in SAME} for t in told]

    def look(self, language: str, machine: str) -> dict[str, Any]:
        """What it tells of a machine's points. What it restores is as it was backed up."""
        out = self.path / "out"
        told = self.run_(language, "look", self.credentials(language), machine, PASSPHRASE,
                         self.home, out)
        self.assert_same(self.home, out / self.home.relative_to("/"))
        shutil.rmtree(out)
        return told

    def assert_right(self, told: dict[str, Any], machine: str) -> None:
        """What they agree on is what is there."""
        self.assertEqual([(p["machine"], p["is_head"], bytes.fromhex(p["root"]))
                          for p in told["list"]["points"]],
                         [(machine, n, os.fsencode(self.home)) for n in (0, 1)])
        self.assertEqual({bytes.fromhex(e["path"]) for e in told["ls"]["entries"]},
                         {os.fsencode(p) for p in self.home.rglob("*")})
        for e in told["ls"]["entries"]:
            there = os.lstat(bytes.fromhex(e["path"]))
            self.assertEqual((e["mode"], e["uid"], e["mtime"]), (
                there.st_mode & 0o7777, there.st_uid, there.st_mtime_ns // 100))
        large = (self.home / "deep" / "large").read_bytes()
        pieces = {str(n): large[n:n + 40].hex() for n in (0, 1234567, 2999990, 3000000)}
        self.assertEqual(told["read_at"], {"size": len(large)} | pieces)
        names = [os.path.basename(bytes.fromhex(e["path"])) for e in told["find"]["entries"]]
        self.assertEqual(names, [b"er", b"na\xefve\xff.bin"])
        changes = {(os.path.basename(bytes.fromhex(d["sides"][0]["path"])), d["change"])
                   for d in told["diff"]["differences"]}
        self.assertLessEqual({(b"new", 1), (b"old.bin", 2), (b"notes.txt", 3), (b"zeros", 4)},
                             changes)
        self.assertEqual((told["verify"]["objects_damaged"], told["restore"]["files_failed"]),
                         (0, 0))

    def test_each_reads_what_each_wrote(self) -> None:
        self.run_(self.founder, "create", self.url, *self.access())
        registered = {language: self.register(language) for language in programs()}
        self.assertEqual([r.pop("machine") for r in registered.values()], [*registered])
        self.assertEqual(list(registered.values()), [registered["C"]] * len(registered))
        for change in (lambda: None, self.change):
            change()
            told = self.all_back_up()
            self.assertEqual(told, [told[0]] * len(told))
        for machine in programs():
            seen = {language: self.look(language, machine) for language in programs()}
            self.assert_right(seen["C"], machine)
            for language, told in seen.items():
                self.assertEqual(told, seen["C"], f"{language} and C on {machine}'s points")


class OnFiles(Languages, Box):
    server = None
    founder = "C"


class OnAzurite(Languages, AzuriteBox):
    founder = "Python"


class CSharpIsThere(unittest.TestCase):
    def test_csharp_is_one_of_the_three(self) -> None:
        """Where it is not, that is said."""
        installed.need_dotnet()
        self.assertIn("C#", programs())


if __name__ == "__main__":
    unittest.main()
