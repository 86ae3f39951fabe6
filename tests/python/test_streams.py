"""Streams: many in one point, from several threads, whole or not at all."""
import base64
import io
import tarfile
import threading
import unittest

from pykit import AzurePythonBox, PythonBox, libmars, pseudo_random


class Streams:
    def read(self, agent: libmars.Agent, name: str) -> bytes:
        with agent.open_point(item="streams") as point, point.open(name) as file:
            return file.read()

    def test_streams_from_several_threads(self) -> None:
        agent = self.agent()
        data = {f"disk{n}": pseudo_random(500_000 + 123_457 * n, n) for n in range(8)}
        failed: list[BaseException] = []

        def write(session: libmars.Session, name: str) -> None:
            try:
                with session.open_stream(name) as stream:
                    for at in range(0, len(data[name]), 70_001):
                        stream.write(data[name][at:at + 70_001])
            except BaseException as e:
                failed.append(e)
        with agent.session(item="streams") as session:
            threads = [threading.Thread(target=write, args=(session, name)) for name in data]
            for t in threads:
                t.start()
            for t in threads:
                t.join(60)
        self.assertEqual(failed, [])
        self.assertEqual((session.result.files, session.result.bytes),
                         (8, sum(map(len, data.values()))))
        self.assertEqual(agent.points()[0].id, session.result.point)
        for name in data:
            self.assertEqual(self.read(agent, name), data[name])

    def test_an_exception_leaves_nothing_visible(self) -> None:
        agent = self.agent()
        with self.assertRaises(ZeroDivisionError):
            with agent.session(item="streams") as session:
                with session.open_stream("a") as stream:
                    stream.write(pseudo_random(300_000) * (1 // 0))
        self.assertIsNone(session.result)
        self.assertEqual(agent.points(), [])


class OnFiles(Streams, PythonBox):
    def test_as_the_command_line_writes_one(self) -> None:
        agent = self.agent()
        with agent.session(item="streams") as session, session.open_stream("all.sql") as stream:
            stream.write(b"INSERT\n" * 100_000)
        cli = self.command_line()
        printed = cli.run("cat", "latest", "/all.sql", "--item", "streams").of("data")
        self.assertEqual(b"".join(base64.b64decode(line["data_b64"]) for line in printed),
                         b"INSERT\n" * 100_000)

    def test_everything_that_writes_to_files_writes_to_streams(self) -> None:
        home = self.tree()
        agent = self.agent()
        with agent.session(item="streams") as session:
            with session.open_stream("text") as raw:
                with io.TextIOWrapper(io.BufferedWriter(raw, 1 << 20), "utf-8") as text:
                    print("first line", "ä", file=text)
            with session.open_stream("all.tar") as raw, tarfile.open(fileobj=raw,
                                                                     mode="w|") as tar:
                tar.add(home / "deep", "deep")
            with session.open_stream("buffers") as raw:
                self.assertEqual(raw.write(memoryview(bytearray(b"abcd")).cast("H")), 4)
                self.assertEqual(raw.write(b""), 0)
                self.assertEqual((raw.name, raw.writable(), raw.readable()),
                                 ("buffers", True, False))
        self.assertEqual(self.read(agent, "text").decode(), "first line ä\n")
        self.assertEqual(self.read(agent, "buffers"), b"abcd")
        with agent.open_point() as point, point.open("all.tar") as file, \
                tarfile.open(fileobj=file) as tar:
            self.assertEqual(tar.extractfile("deep/large").read(),
                             (home / "deep/large").read_bytes())

    def test_streams_that_are_left_out(self) -> None:
        agent = self.agent()
        with agent.session(item="streams") as session:
            with self.assertRaises(ZeroDivisionError):
                with session.open_stream("broken") as stream:
                    stream.write(b"half" * (1 // 0))
            stream = session.open_stream("dropped")
            stream.write(b"half")
            del stream
            with session.open_stream("broken") as again:
                again.write(b"whole")
            with self.assertRaises(libmars.ExistsError):
                session.open_stream("broken")
        self.assertEqual(session.result.files, 1)
        self.assertEqual(self.read(agent, "broken"), b"whole")

    def test_a_commit_with_open_streams(self) -> None:
        agent = self.agent()
        session = agent.session(item="streams")
        stream = session.open_stream("a")
        with self.assertRaises(libmars.StateError):
            session.commit()
        stream.write(b"more")
        stream.close()
        self.assertRaises(ValueError, stream.write, b"too late")
        self.assertEqual(session.commit().bytes, 4)
        self.assertRaises(libmars.StateError, session.commit)
        self.assertRaises(libmars.StateError, session.open_stream, "b")
        with self.assertRaises(libmars.StateError):
            with agent.session(item="streams") as session:
                forgotten = session.open_stream("a")
        forgotten.abandon()
        self.assertEqual(len(agent.points()), 1)

    def test_names_of_streams(self) -> None:
        agent = self.agent()
        with agent.session(item="streams") as session:
            for name in ("a/b", "..", "x" * 256):
                self.assertRaises(libmars.InvalidArgumentError, session.open_stream, name)
            session.open_stream(b"na\xefve").close()
        with agent.open_point() as point:
            self.assertEqual([e.name for e in point.listdir()], ["na\udcefve"])

    def test_progress_that_raises_in_a_thread(self) -> None:
        """It comes out of the write of that thread; the session is over."""
        agent = self.agent()

        class Mine(Exception):
            pass
        fail = False

        def progress(p: libmars.Progress) -> None:
            if fail:
                raise Mine
        session = agent.session(item="streams", progress=progress)
        caught: list[BaseException] = []

        def write() -> None:
            try:
                with session.open_stream("a") as stream:
                    while True:
                        stream.write(bytes(1 << 20))
            except libmars.Error as e:
                caught.append(e)
            except Mine as e:
                caught.append(e)
        thread = threading.Thread(target=write)
        thread.start()
        fail = True
        thread.join(30)
        self.assertEqual([type(e) for e in caught], [Mine])
        with self.assertRaises(libmars.CancelledError):
            session.commit()
        self.assertEqual(agent.points(), [])
        self.assertEqual(agent.backup(self.tree()).files, 6)

    def test_one_session_an_item(self) -> None:
        agent = self.agent()
        with agent.session(item="streams"):
            with self.assertRaises(libmars.LockedError):
                agent.session(item="streams")


class OnAzurite(Streams, AzurePythonBox):
    pass


if __name__ == "__main__":
    unittest.main()
