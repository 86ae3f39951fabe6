"""The examples in examples/python do what they say."""
import socket
import subprocess
import sys
import unittest

from pykit import SITE, TOP, PythonBox


class Scripts(PythonBox):
    def script(self, name: str, *args: object, code: int = 0) -> str:
        done = subprocess.run([sys.executable, "-X", "utf8", TOP / "examples/python" / name,
                               *map(str, args)], capture_output=True, check=False, timeout=60,
                              env={"PYTHONPATH": str(SITE), "PATH": "/usr/bin:/bin",
                                   "MPLCONFIGDIR": str(self.path)})
        told = done.stdout.decode(errors="surrogateescape")
        self.assertEqual(done.returncode, code, done.stderr.decode() + told)
        return told + done.stderr.decode()

    def setUp(self) -> None:
        super().setUp()
        self.home = self.tree()
        self.agent().close()
        self.config = self.path / "config-one"

    def test_nightly(self) -> None:
        told = self.script("nightly.py", self.config, self.home, "--exclude", "*.bin", "--dump",
                           "greeting=echo hello", "--sample", "100")
        self.assertIn("5 files, 3,300,0", told)
        self.assertIn("1 dumps, 6 bytes", told)
        self.assertRegex(told, "2 points, ([1-9]) of \\1 packs read, no damage")
        told = self.script("nightly.py", self.config, self.home, "--dump", "none=exit 7", code=1)
        self.assertIn("exit code 7", told)
        self.assertEqual(len(self.command_line().points("--item", "dumps")), 1)
        self.assertIn("No such file", self.script("nightly.py", self.config, "/none", code=1))

    def test_nightly_with_something_skipped(self) -> None:
        with socket.socket(socket.AF_UNIX) as s:
            s.bind(str(self.home / "socket"))
            told = self.script("nightly.py", self.config, self.home, code=3)
        self.assertIn(f"skipped: {self.home}/socket", told)

    def test_browse(self) -> None:
        cli = self.command_line()
        first = cli.backup(self.home)["point"]
        (self.home / "notes.txt").write_bytes(b"and bread")
        second = cli.backup(self.home)["point"]
        self.assertEqual(len(self.script("browse.py", self.config, "points").splitlines()), 2)
        told = self.script("browse.py", self.config, "ls", "latest", self.home)
        self.assertEqual(len(told.splitlines()), 5)
        self.assertRegex(told, f"(?m)^l.* {self.home}/link -> notes.txt$")
        self.assertIn("na\udcefve\udcff.bin", told)
        self.assertEqual(self.script("browse.py", self.config, "cat", first,
                                     self.home / "notes.txt"), "remember the milk")
        self.assertIn("/deep/large", self.script("browse.py", self.config, "find", second, "lar*"))
        self.assertIn(f"content   {self.home}/notes.txt\n",
                      self.script("browse.py", self.config, "diff", first, second))
        self.script("browse.py", self.config, "ls", "abcdef", code=1)

    def test_report(self) -> None:
        cli = self.command_line()
        for n in range(3):
            self.write(f"home/more{n}", b"%d" % n * 100_000)
            cli.backup(self.home)
        out = self.path / "history.png"
        self.script("report.py", self.config, "files", out)
        image = out.read_bytes()
        self.assertEqual(image[:8], b"\x89PNG\r\n\x1a\n")
        self.assertGreater(len(image), 20_000)
        self.assertIn("no recovery point", self.script("report.py", self.config, "x", out, code=1))


if __name__ == "__main__":
    unittest.main()
