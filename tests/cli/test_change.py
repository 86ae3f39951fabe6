"""What did not change is not read and not stored again; what did is."""
import os
import re
import subprocess
import unittest
from pathlib import Path

from kit import KIB, TRACED, Box, pseudo_random

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
                              check=False, env=TRACED)
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


if __name__ == "__main__":
    unittest.main()
