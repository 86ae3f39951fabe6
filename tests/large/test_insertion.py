"""One byte more in a large file costs little, wherever it is."""
import os
import random
import sys
import unittest
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "cli"))
from kit import GIB, KIB, MIB, Box


class Insertion(Box):
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
