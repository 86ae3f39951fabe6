"""The independent reader takes the files out of a vault that libmars wrote, and finds it sound."""
import json
import subprocess
import sys
import unittest

from kit import MIB, PASSPHRASE, TESTS, Box, pseudo_random  # first: it finds the tools

import hostile_tree


class Reader(Box):
    def setUp(self) -> None:
        super().setUp()
        self.source = self.path / "source"
        hostile_tree.make(str(self.source), seed=5, without=("long",))
        self.m = self.machine()
        self.m.backup(self.source, code=3)
        self.write("source/more", pseudo_random(10 * MIB) + b"to be shrunk" * MIB)
        self.m.backup(self.source, "--compression", "zstd", code=3)
        self.secret = self.write("secret", PASSPHRASE.encode())

    def read(self, *args) -> list[dict]:
        done = subprocess.run([sys.executable, TESTS / "reader" / "mars_reader.py",
                               "--passphrase-file", self.secret, self.vault, *args],
                              capture_output=True, check=False)
        self.assertEqual(done.returncode, 0, done.stderr.decode()[-2000:])
        return [json.loads(line) for line in done.stdout.splitlines()]

    def test_every_object_is_sound(self) -> None:
        result = self.read("check")[-1]
        self.assertEqual((result["faults"], result["authentic"]),
                         (0, len(self.objects())))

    def test_no_nonce_is_used_twice_under_a_key(self) -> None:
        uses = [(u["key"], u["counter"]) for u in self.read("nonces")]
        self.assertGreater(len(uses), 50)
        self.assertEqual(len(set(uses)), len(uses))

    def test_points_are_the_same(self) -> None:
        self.assertEqual([p["session"] for p in self.read("list")],
                         [p["id"] for p in self.m.points()])

    def test_files_come_out_the_same(self) -> None:
        out = self.path / "extracted"
        self.read("extract", self.m.points()[-1]["id"], out)
        top = next(p for p in out.rglob("kinds") if p.is_dir()).parent
        checked = 0
        for path in self.source.rglob("*"):
            other = top / path.relative_to(self.source)
            if path.is_symlink() or not path.is_file():
                continue
            if path.stat().st_size <= 32 * MIB:
                self.assertEqual(other.read_bytes(), path.read_bytes(), path)
                checked += 1
        self.assertGreater(checked, 500)


if __name__ == "__main__":
    unittest.main()
