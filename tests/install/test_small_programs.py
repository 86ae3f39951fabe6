"""The small programs in examples/ do what they say, on a vault of their own."""
from __future__ import annotations

import os
import signal
import subprocess
import tempfile
import threading
import time
import unittest
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent
EXAMPLES = Path(os.environ.get("MARS_BUILD", ROOT / "build" / "tests")) / "examples"


class Examples(unittest.TestCase):
    def setUp(self) -> None:
        scratch = tempfile.TemporaryDirectory(prefix="mars-test-")
        self.addCleanup(scratch.cleanup)
        self.place = Path(scratch.name)
        self.source = self.place / "source"
        self.source.mkdir()
        (self.source / "letter").write_bytes(b"dear reader\n")
        (self.source / "other").write_bytes(bytes(range(256)) * 1000)
        told = self.run_it("backup_dir", f"file://{self.place}/vault", "config", self.source)
        self.assertRegex(told, r"^point [0-9a-f]{32}: 2 files, 256012 bytes, 0 skipped\n$")

    def try_(self, name: str, *args: str | Path) -> subprocess.CompletedProcess:
        return subprocess.run([EXAMPLES / name, *args], cwd=self.place, capture_output=True,
                              text=True, check=False, timeout=60)

    def run_it(self, name: str, *args: str | Path, code: int = 0) -> str:
        done = self.try_(name, *args)
        self.assertEqual(done.returncode, code, done.stdout + done.stderr)
        return done.stdout

    def start(self) -> subprocess.Popen:
        return subprocess.Popen([EXAMPLES / "progress_cancel", "config", self.source],
                                cwd=self.place, stdout=subprocess.PIPE, stderr=subprocess.PIPE)

    def test_wrong_usage(self) -> None:
        for name in ("backup_dir", "restore_one", "progress_cancel", "stream_backup",
                     "custom_store"):
            self.run_it(name, code=2)

    def test_restore_one(self) -> None:
        letter = self.source / "letter"
        told = self.run_it("restore_one", "config", letter, "target")
        self.assertEqual(told, "1 files restored, 0 there already, 0 not restored\n")
        files = [p for p in (self.place / "target").rglob("*") if p.is_file()]
        self.assertEqual(files, [self.place / "target" / str(letter).lstrip("/")])
        self.assertEqual(files[0].read_bytes(), b"dear reader\n")
        told = self.run_it("restore_one", "config", letter, "target")
        self.assertEqual(told, "0 files restored, 1 there already, 0 not restored\n")
        self.run_it("restore_one", "config", self.source / "nothing", "target", code=1)
        self.run_it("restore_one", "elsewhere", letter, "target", code=1)

    def test_custom_store(self) -> None:
        told = self.run_it("custom_store", "other", self.source, "target")
        self.assertEqual(told, "2 files restored\n")
        restored = self.place / "target" / str(self.source).lstrip("/")
        for name in ("letter", "other"):
            self.assertEqual((restored / name).read_bytes(), (self.source / name).read_bytes())
        told = self.run_it("custom_store", "third", self.place / "nothing", "target", code=1)
        self.assertEqual(told, "")

    def points(self) -> int:
        """Of the streams."""
        return self.run_it("mars", "--json", "--config", "config", "points", "--item", "dumps"
                           ).count('"type":"point"')

    def inputs(self) -> list[str]:
        (self.place / "large").write_bytes(bytes(range(256)) * (1 << 15))
        (self.place / "empty").touch()
        return ["a=large", "b=empty"]

    def test_streams(self) -> None:
        """One of them is a pipe that is filled while it is read."""
        os.mkfifo(self.place / "pipe")
        writer = threading.Thread(target=(self.place / "pipe").write_bytes, args=(b"piped\n" * 9,))
        writer.start()
        told = self.run_it("stream_backup", "config", "dumps", *self.inputs(), "c.sql=pipe")
        writer.join()
        self.assertRegex(told, r"^point [0-9a-f]{32}: 3 streams, 8388662 bytes\n$")
        self.assertEqual(self.points(), 1)
        self.run_it("mars", "--config", "config", "restore", "latest", "--item", "dumps", "--to",
                    "out")
        self.assertEqual({p.name: p.read_bytes() for p in (self.place / "out").iterdir()}, {
            "a": (self.place / "large").read_bytes(), "b": b"", "c.sql": b"piped\n" * 9})

    def test_a_stream_that_fails(self) -> None:
        """Whatever it fails by, there is no point, and the others end."""
        for wrong, why in (("d=nothing", "a file that cannot be opened"),
                           ("d=source", "its file cannot be read"), ("nothing", "not NAME=FILE"),
                           ("=empty", "not NAME=FILE"), ("a=empty", "a="),
                           ("x/y=empty", "x/y=empty: ")):
            done = self.try_("stream_backup", "config", "dumps", *self.inputs(), wrong)
            self.assertEqual((done.returncode, done.stdout), (1, ""))
            self.assertIn(why, done.stderr)
            self.assertIn("dumps: no point: ", done.stderr)
        self.assertEqual(self.points(), 0)

    def test_progress(self) -> None:
        with self.start() as running:
            told, shown = running.communicate(timeout=60)
        self.assertEqual(running.returncode, 0)
        self.assertRegex(told, rb"^point [0-9a-f]{32}: 2 files\n$")
        self.assertIn(b"\r2 files, ", shown)
        self.run_it("progress_cancel", "elsewhere", self.source, code=1)

    def test_interrupted(self) -> None:
        with open(self.source / "large", "wb") as large:
            for _ in range(256):
                large.write(bytes(1 << 20))
        with self.start() as running:
            self.assertEqual(running.stderr.read(1), b"\r")
            running.send_signal(signal.SIGINT)
            began = time.monotonic()
            told, shown = running.communicate(timeout=60)
        self.assertEqual((running.returncode, told), (130, b""))
        self.assertIn(b"cancelled", shown)
        self.assertLess(time.monotonic() - began, 30)
        (self.source / "large").unlink()
        self.test_progress()


if __name__ == "__main__":
    unittest.main()
