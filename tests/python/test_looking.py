"""Looking into points: the same as the command line shows, and as files that Python reads."""
import base64
import io
import os
import shutil
import threading
import unittest

from pykit import AzurePythonBox, PythonBox, libmars, pseudo_random

NAIVE = os.fsdecode(b"na\xefve\xff.bin")


class Looking:
    def setUp(self) -> None:
        super().setUp()
        self.home = self.tree()
        self.one = self.agent()
        self.one.backup(self.home)

    def test_files(self) -> None:
        data = (self.home / "deep/large").read_bytes()
        with self.one.open_point() as point, point.open(self.home / "deep/large") as file:
            self.assertEqual((file.size, file.seekable(), file.readable(), file.writable()),
                             (len(data), True, True, False))
            self.assertEqual(file.read(), data)
            self.assertEqual(file.read(10), b"")
            for at, n in ((0, 1), (1_234_567, 500_001), (len(data) - 5, 50), (len(data) + 9, 1)):
                self.assertEqual(file.seek(at), at)
                self.assertEqual(file.read(n), data[at:at + n])
            self.assertEqual(file.seek(-7, io.SEEK_END), len(data) - 7)
            self.assertEqual((file.tell(), file.readall()), (len(data) - 7, data[-7:]))
            self.assertRaises(ValueError, file.seek, -1)
            file.seek(0)
            buffered = io.BufferedReader(file, 1 << 16)
            self.assertEqual(buffered.peek(4)[:4], data[:4])
            out = io.BytesIO()
            shutil.copyfileobj(buffered, out, 99_999)
            self.assertEqual(out.getvalue(), data)
            part = bytearray(1000)
            with point.open(self.home / "deep/large") as again:
                self.assertEqual(again.readinto(memoryview(part)[100:200]), 100)
            self.assertEqual(part, bytes(100) + data[:100] + bytes(800))
            self.assertRaises(ValueError, again.read, 1)

    def test_entries(self) -> None:
        cli = self.command_line()
        printed = {e["path"]: e for e in cli.run("ls", "latest", self.home).of("entry")}
        with self.one.open_point() as point:
            entries = point.listdir(self.home)
            self.assertEqual(len(entries), 5)
            for entry in entries:
                self.assertEqual(point.stat(entry.path), entry)
                shown = printed[os.fsencode(entry.path).decode(errors="replace")]
                for name in ("size", "mode", "uid", "gid", "user", "group", "incomplete",
                             "changed"):
                    self.assertEqual(getattr(entry, name), shown[name])
                self.assertEqual(divmod(entry.mtime_ns, 10 ** 9),
                                 (shown["mtime"], shown["mtime_ns"]))
                self.assertEqual(entry.mtime_ns, os.lstat(entry.path).st_mtime_ns)
                self.assertEqual(entry.target, shown.get("target"))
                self.assertEqual(entry.type.name.lower(), shown["kind"])
            self.assertEqual([e.path for e in point.listdir()], [str(self.home)])
            self.assertEqual(point.info.roots, (str(self.home),))
            self.assertEqual(point.info, self.one.points()[0])
            self.assertEqual(self.one.points(all_machines=True), self.one.points())
            self.assertEqual(point.info.machine_id, self.one.info.machine_id)

    def test_read_to(self) -> None:
        data = (self.home / "deep/large").read_bytes()
        with self.one.open_point() as point:
            out = io.BytesIO()
            point.read_to(self.home / "deep/large", out)
            self.assertEqual(out.getvalue(), data)
            cancel = libmars.Cancel()
            cancel.set()
            with self.assertRaises(libmars.CancelledError):
                point.read_to(self.home / "deep/large", out, cancel=cancel)

    def test_the_domain_in_figures(self) -> None:
        self.one.backup(self.home)
        stats = self.one.stats()
        self.assertEqual((stats.points, stats.items), (2, 1))
        self.assertEqual(stats.bytes, sum(p.bytes for p in self.one.points()))
        self.assertLess(stats.chunk_bytes, stats.bytes)


class OnFiles(Looking, PythonBox):
    def test_names_of_any_bytes(self) -> None:
        raw = os.fsencode(self.home) + b"/na\xefve\xff.bin"
        with self.one.open_point() as point:
            for path in (raw, os.fsdecode(raw), self.home / NAIVE):
                with point.open(path) as file:
                    self.assertEqual(file.read(), b"bytes")
            self.assertEqual([os.fsencode(e.path) for e in point.find("*.bin")], [raw])

    def test_walking(self) -> None:
        shutil.rmtree(self.home / "deep")
        (self.home / "deep/a/b").mkdir(parents=True)
        (self.home / "deep/a/f").write_bytes(b"")
        self.one.backup(self.home)

        def names(point: libmars.Point, without: str = "") -> list:
            got = []
            for top, directories, files in point.walk(self.home):
                directories[:] = [d for d in directories if d.name != without]
                got.append((top, {d.name for d in directories}, {f.name for f in files}))
            return got
        with self.one.open_point() as point:
            expected = [(top, set(directories), set(files))
                        for top, directories, files in os.walk(self.home)]
            self.assertEqual(sorted(names(point)), sorted(expected))
            self.assertEqual(len(names(point, without="a")), 2)
            tops = [top for top, _, _ in point.walk()]
            self.assertEqual(tops[:2], ["", str(self.home)])

    def test_what_is_not_there(self) -> None:
        with self.one.open_point() as point:
            for look in (point.listdir, point.stat, point.open):
                self.assertRaises(FileNotFoundError, look, self.home / "nothing")
            self.assertRaises(libmars.Error, point.open, self.home)
        self.assertRaises(libmars.NotFoundError, self.one.open_point, "abcdef")

    def test_differences(self) -> None:
        (self.home / "notes.txt").write_bytes(b"and bread")
        (self.home / "deep/er/zeros").unlink()
        (self.home / "link").unlink()
        (self.home / "link").mkdir()
        (self.home / "deep/large").chmod(0o600)
        (self.home / "new").write_bytes(b"new")
        self.one.backup(self.home)
        before, after = (self.one.open_point(p.id) for p in self.one.points())
        found = {(d.change.name, os.path.relpath(d.path, self.home)) for d in before.diff(after)}
        self.assertLessEqual({("CONTENT", "notes.txt"), ("REMOVED", "deep/er/zeros"),
                              ("TYPE", "link"), ("METADATA", "deep/large"), ("ADDED", "new")},
                             found)
        for d in before.diff(after, self.home / "new"):
            self.assertEqual((d.before, d.after.size), (None, 3))
        self.assertEqual(before.diff(before), [])
        self.assertEqual({d.change.name for d in after.diff(before, self.home / "new")},
                         {"REMOVED"})

    def test_functions_that_raise(self) -> None:
        class Mine(Exception):
            pass

        class Full(io.RawIOBase):
            def write(self, data: object) -> int:
                raise Mine

        def fail(entry: libmars.Entry) -> None:
            raise Mine
        with self.one.open_point() as point:
            with self.assertRaises(Mine):
                point.browse(fail, recurse=True)
            with self.assertRaises(Mine):
                point.read_to(self.home / "deep/large", Full())
            with self.assertRaisesRegex(libmars.StateError, "in use by the call"):
                point.browse(lambda entry: point.stat(entry.path))
            names: list[libmars.Entry] = []
            point.browse(names.append, self.home, recurse=True)
            self.assertEqual(len(names), 8)

    def test_read_to_what_takes_little_at_a_time(self) -> None:
        class Little(io.RawIOBase):
            got = b""

            def write(self, data: memoryview) -> int:
                self.got += bytes(data[:70_000])
                return min(len(data), 70_000)
        little = Little()
        with self.one.open_point() as point:
            point.read_to(self.home / "deep/er/zeros", little)
        self.assertEqual(little.got, bytes(300_000))

    def test_files_on_several_threads(self) -> None:
        for n in range(4):
            self.write(f"home/f{n}", pseudo_random(800_000, n))
        self.one.backup(self.home)
        results: list[bool] = []
        with self.one.open_point() as point:
            def read(n: int) -> None:
                for _ in range(5):
                    with point.open(self.home / f"f{n}") as file:
                        results.append(file.read() == pseudo_random(800_000, n))
                    point.listdir(self.home)
            threads = [threading.Thread(target=read, args=(n,)) for n in range(4)]
            for t in threads:
                t.start()
            for t in threads:
                t.join(60)
        self.assertEqual(results, [True] * 20)

    def test_a_file_as_the_command_line_prints_it(self) -> None:
        printed = self.command_line().run("cat", "latest", self.home / "notes.txt").of("data")
        with self.one.open_point() as point, point.open(self.home / "notes.txt") as file:
            self.assertEqual(b"".join(base64.b64decode(x["data_b64"]) for x in printed),
                             file.read())


class OnAzurite(Looking, AzurePythonBox):
    pass


if __name__ == "__main__":
    unittest.main()
