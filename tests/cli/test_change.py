"""What did not change is not read and not stored again; what did is."""
import os
import random
import re
import subprocess
import unittest
from pathlib import Path

from kit import GIB, KIB, MIB, Box, pseudo_random

# Every way of opening a file by name.
OPENING = "open,openat,openat2,creat,open_by_handle_at"


def opened(trace: Path) -> list[str]:
    """Names in a trace that were opened for more than looking (O_PATH) and are no directories."""
    return [line for line in trace.read_text(errors="replace").splitlines()
            if re.search(r"open(at2?|_by_handle_at)?\(|creat\(", line)
            and "O_DIRECTORY" not in line and "O_PATH" not in line]


class Change(Box):
    def traced(self, machine, source: Path) -> tuple[dict, list[str]]:
        trace = self.path / "trace"
        done = subprocess.run(["strace", "-f", "-qq", "-e", f"trace={OPENING}", "-e",
                               "signal=none", "-s", "4096", "-o", trace,
                               *machine.command("backup", source)], capture_output=True,
                              check=False)
        self.assertEqual(done.returncode, 0, done.stderr)
        return done, opened(trace)

    def test_an_unchanged_tree_opens_no_file_and_adds_little(self) -> None:
        source = self.path / "source-tree"
        for i in range(300):
            self.write(f"source-tree/d{i % 20}/file-{i}", pseudo_random(1000 + 40 * i, i))
        m = self.machine()
        _, first = self.traced(m, source)
        self.assertGreaterEqual(sum("file-" in line for line in first), 300,
                                "the trace shows what is opened")
        before = self.vault_bytes()
        _, second = self.traced(m, source)
        self.assertEqual([line for line in second if "file-" in line], [])
        self.assertLess(self.vault_bytes() - before, 64 * KIB)

    def test_a_change_in_place_with_size_and_mtime_put_back_is_found(self) -> None:
        path = self.write("source/file", pseudo_random(100_000))
        m = self.machine()
        m.backup(path.parent)
        before = path.stat()
        with open(path, "r+b") as f:
            f.seek(50_000)
            f.write(b"changed")
        os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))
        self.assertEqual((path.stat().st_size, path.stat().st_mtime_ns),
                         (before.st_size, before.st_mtime_ns))
        self.assertEqual(m.backup(path.parent)["files_unchanged"], 0)
        m.restore("latest", self.path / "out")
        self.assertEqual((self.path / "out" / str(path)[1:]).read_bytes(), path.read_bytes())

    def test_a_byte_inserted_anywhere_adds_little(self) -> None:
        seed = random.randrange(1 << 32)
        rng = random.Random(seed)
        print(f"insertion test: seed {seed}", flush=True)
        path = self.write("source/large", b"")
        self.make_random(path, rng)
        m = self.machine()
        m.backup(path.parent)
        worst = 0
        for place in sorted(rng.randrange(GIB) for _ in range(20)):
            self.insert(path, place, rng)
            before = self.vault_bytes()
            m.backup(path.parent)
            worst = max(worst, self.vault_bytes() - before)
        print(f"insertion test: at most {worst / MIB:.1f} MiB added", flush=True)
        self.assertLess(worst, 20 * MIB)
        copy = path.with_name("copy")
        os.link(path, copy)
        path.unlink()
        before = self.vault_bytes()
        m.backup(path.parent)
        self.assertLess(self.vault_bytes() - before, 64 * KIB)

    def make_random(self, path: Path, rng: random.Random) -> None:
        """Fill with 1 GiB that no compressor and no deduplication makes smaller."""
        with open(path, "wb") as f:
            for _ in range(64):
                f.write(rng.randbytes(16 * MIB))

    def insert(self, path: Path, place: int, rng: random.Random) -> None:
        new = path.with_name("new")
        with open(path, "rb") as old, open(new, "wb") as f:
            left = place
            while left > 0:
                part = old.read(min(left, 16 * MIB))
                f.write(part)
                left -= len(part)
            f.write(rng.randbytes(1))
            while part := old.read(16 * MIB):
                f.write(part)
        os.replace(new, path)


if __name__ == "__main__":
    unittest.main()
