"""What programs that link libmars rely on: names, layouts, and that each function is documented."""
from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

from dump import ROOT, build, dump

ABI = Path(__file__).resolve().parent
BUILD = Path(os.environ.get("MARS_BUILD", ROOT / "build" / "tests"))
HEADERS = sorted((ROOT / "include" / "mars").glob("*.h"))
RENEW = "if this is meant: /usr/bin/python3 tests/abi/dump.py tests/abi/libmars.abi"
# Frozen, and without a size: it lives on stacks, and its 256 bytes will do.
FROZEN = {"mars_error", "mars_attr"}
LAYOUT = """#include <stdio.h>
#include <mars/mars.h>
#define TELL(t) printf("%s %zu %zu %zu\\n", #t, sizeof(t), offsetof(t, struct_size), \\
                       sizeof(((t *)0)->struct_size))
int main(void)
{
"""


class Scratch(unittest.TestCase):
    def setUp(self) -> None:
        scratch = tempfile.TemporaryDirectory(prefix="mars-abi-")
        self.addCleanup(scratch.cleanup)
        self.place = Path(scratch.name)


class Names(unittest.TestCase):
    def test_the_same_functions_everywhere(self) -> None:
        done = subprocess.run([sys.executable, ABI / "exports.py", BUILD / "lib" / "libmars.so"],
                              capture_output=True, text=True, check=False)
        self.assertEqual((done.returncode, done.stdout + done.stderr), (0, ""))


class Documentation(unittest.TestCase):
    def test_every_function_has_a_comment_that_says_since_when(self) -> None:
        found = 0
        for path in HEADERS:
            text = path.read_text(encoding="utf-8")
            for m in re.finditer(r"^MARS_API\b[^;]*?\b(mars_\w+)\(", text, re.MULTILINE):
                found += 1
                above = text[:m.start()].rstrip().rsplit("\n\n", 1)[-1]
                self.assertRegex(above, r"(?s)^/\*\*(?:(?!\*/).)*@since \d+\.\d+\s*\*/$",
                                 f"{path.name}: {m[1]}")
        self.assertGreater(found, 30)


class Layout(Scratch):
    def test_structs_begin_with_their_size_and_have_no_loose_ends(self) -> None:
        names = [name for path in HEADERS
                 for name in re.findall(r"^typedef struct (mars_\w+) \{",
                                        path.read_text(encoding="utf-8"), re.MULTILINE)
                 if name not in FROZEN]
        self.assertGreater(len(names), 20)
        source, program = self.place / "layout.c", self.place / "layout"
        source.write_text(LAYOUT + "".join(f"    TELL({name});\n" for name in names) + "}\n",
                          encoding="utf-8")
        subprocess.run(["gcc", f"-I{ROOT}/include", source, "-o", program], check=True)
        told = subprocess.run([program], capture_output=True, text=True, check=True).stdout
        for line in told.splitlines():
            name, size, offset, width = line.split()
            self.assertEqual((int(size) % 8, offset, width), (0, "0", "4"), name)
        self.assertEqual(len(told.splitlines()), len(names))


class Compatibility(Scratch):
    def difference(self, include: Path = ROOT / "include") -> subprocess.CompletedProcess:
        library, now = self.place / "libmars.so", self.place / "now.abi"
        build(library, include)
        dump(library, now)
        return subprocess.run(["abidiff", "--no-architecture", ABI / "libmars.abi", now],
                              capture_output=True, text=True, check=False)

    def test_the_abi_is_the_one_that_was_written_down(self) -> None:
        done = self.difference()
        self.assertEqual(done.returncode, 0, f"{done.stdout}{done.stderr}\n{RENEW}")

    def test_a_member_that_moved_would_be_seen(self) -> None:
        shutil.copytree(ROOT / "include", self.place / "include")
        header = self.place / "include" / "mars" / "restore.h"
        text = header.read_text(encoding="utf-8")
        moved = re.sub(r"(uint64_t bytes_written;)(.*?)(uint64_t bytes_fetched;)", r"\3\2\1", text,
                       flags=re.DOTALL)
        self.assertNotEqual(moved, text)
        header.write_text(moved, encoding="utf-8")
        done = self.difference(self.place / "include")
        self.assertNotEqual(done.returncode & 4, 0)
        self.assertIn("bytes_written", done.stdout)


if __name__ == "__main__":
    unittest.main()
