"""Images: what changed is read, and the rest is there all the same."""
import threading
import unittest
from typing import Any, Callable

from pykit import PythonBox, libmars, pseudo_random

BLOCK = 256 << 10


class Mine(Exception):
    pass


class Disk:
    """Bytes as an image, and which of them were asked for."""

    def __init__(self, data: bytes) -> None:
        self.data = bytearray(data)
        self.read_at: list[int] = []
        self.changes: list[tuple[int, int]] = []
        self.since: set[str] = set()
        self.known = True

    def read(self, offset: int, length: int) -> memoryview:
        self.read_at.append(offset)
        return memoryview(self.data)[offset:offset + length]

    def changed(self, since: str, offset: int) -> Any:
        self.since.add(since)
        if not self.known:
            return libmars.Since.UNKNOWN
        return next((extent for extent in self.changes if extent[1] > offset), None)

    def change(self, start: int, end: int) -> None:
        self.data[start:end] = pseudo_random(end - start, start)
        self.changes.append((start, end))


def failing(*_: object) -> Any:
    raise Mine


class Images(PythonBox):
    def setUp(self) -> None:
        super().setUp()
        self.one = self.agent()

    def back_up(self, **image: Any) -> libmars.BackupResult:
        with self.one.session(item="disks") as session:
            session.add_image("disk", **image)
        return session.result

    def back(self, name: str = "disk") -> bytes:
        with self.one.open_point(item="disks") as point, point.open(name) as file:
            return file.read()

    def test_only_what_changed_is_read(self) -> None:
        disk = Disk(pseudo_random(20 * BLOCK + 1234))
        image = {"size": len(disk.data), "read": disk.read, "changed": disk.changed}
        first = self.back_up(**image)
        self.assertEqual((first.bytes_read, disk.since), (len(disk.data), set()))
        disk.change(3 * BLOCK + 5, 3 * BLOCK + 6)
        disk.change(7 * BLOCK - 1, 7 * BLOCK + 1)
        disk.change(20 * BLOCK + 1230, 20 * BLOCK + 1234)
        disk.read_at.clear()
        second = self.back_up(**image)
        self.assertEqual(disk.read_at, [n * BLOCK for n in (3, 6, 7, 20)])
        self.assertEqual((second.bytes_read, disk.since), (3 * BLOCK + 1234, {first.point}))
        self.assertEqual(self.back(), disk.data)
        disk.known = False
        self.assertEqual(self.back_up(**image).bytes_read, len(disk.data))
        self.assertIn(second.point, disk.since)

    def test_zeros_are_not_read(self) -> None:
        disk = Disk(bytes(100 * BLOCK))
        disk.change(50 * BLOCK, 52 * BLOCK)

        def data(offset: int) -> Any:
            return disk.changed("", offset)
        self.back_up(size=len(disk.data), read=disk.read, data=data)
        self.assertEqual(disk.read_at, [50 * BLOCK, 51 * BLOCK])
        self.assertEqual(self.back(), disk.data)

    def test_a_file_by_its_path(self) -> None:
        disk = Disk(bytes(40 * BLOCK) + pseudo_random(3 * BLOCK + 17))
        file = self.path / "raw"
        with open(file, "wb") as f:
            f.seek(40 * BLOCK)
            f.write(disk.data[40 * BLOCK:])
        self.assertLess(self.back_up(path=file, changed=disk.changed).bytes_read, 5 * BLOCK)
        disk.change(10 * BLOCK, 11 * BLOCK)
        file.write_bytes(disk.data)
        # The part of a block at the end always is.
        self.assertEqual(self.back_up(path=file, changed=disk.changed).bytes_read, BLOCK + 17)
        self.assertEqual(self.back(), disk.data)

    def test_a_file_that_grows(self) -> None:
        """None is the end that the image has: that of the file when it was opened."""
        file = self.write("raw", bytes(700_000))

        def data(offset: int) -> Any:
            if offset > 0:
                return None
            with open(file, "ab") as f:
                f.write(b"more")
            return (0, 1000)
        self.back_up(path=file, data=data)
        self.assertEqual(self.back(), bytes(700_000))

    def refused(self, kind: type[BaseException], **image: Any) -> BaseException:
        """The image ends with this, and the session holds the others."""
        with self.one.session(item="disks") as session:
            with self.assertRaises(kind) as caught:
                session.add_image("disk", **image)
            session.add_image("other", size=4, read=lambda *_: b"else")
        self.assertEqual(session.result.files, 1)
        self.assertEqual(self.back("other"), b"else")
        return caught.exception

    def test_functions_that_raise(self) -> None:
        image = {"size": BLOCK, "read": lambda offset, length: bytes(length)}
        self.back_up(**image)
        for key in ("read", "data", "changed"):
            if key == "changed":
                self.back_up(**image)
            self.refused(Mine, **(image | {key: failing}))

        def interrupted(*_: object) -> bytes:
            raise KeyboardInterrupt
        self.refused(KeyboardInterrupt, size=BLOCK, read=interrupted)

    def test_answers_that_are_wrong(self) -> None:
        def answer(what: object) -> Callable[..., Any]:
            return lambda *_: what
        for data in (b"", bytes(99), bytes(101)):
            error = self.refused(ValueError, size=100, read=answer(data))
            self.assertEqual(str(error), f"read() gave {len(data)} bytes and not 100")
        self.refused(TypeError, size=100, read=answer(None))
        image = {"size": 100, "read": answer(bytes(100))}
        self.refused(libmars.CorruptError, **image, data=answer((0, 101)))
        self.refused(OverflowError, **image, data=answer((-1, 100)))
        self.refused(TypeError, **image, data=answer(7))

    def test_arguments_that_are_wrong(self) -> None:
        self.refused(libmars.NotFoundError, path=self.path / "nothing", changed=failing)
        self.refused(libmars.InvalidArgumentError, size=100)
        self.refused(libmars.InvalidArgumentError, path=self.write("raw", b"x"), size=1)
        with self.one.session(item="disks") as session:
            session.open_stream("disk").close()
            with self.assertRaises(libmars.ExistsError):
                session.add_image("disk", size=1, read=lambda *_: b"x")

    def test_a_function_may_not_use_its_session(self) -> None:
        def read(offset: int, length: int) -> bytes:
            session.commit()
            return bytes(length)
        session = self.one.session(item="disks")
        with session, self.assertRaisesRegex(libmars.StateError, "in use by the call that runs"):
            session.add_image("disk", size=100, read=read)

    def in_thread(self, session: libmars.Session, size: int) -> tuple[Any, Any, list[Any]]:
        """An image that is being added: its thread, what lets it go on, and what was raised."""
        started, go_on, raised = threading.Event(), threading.Event(), []

        def read(offset: int, length: int) -> bytes:
            started.set()
            go_on.wait(30)
            return bytes(length)

        def add() -> None:
            try:
                session.add_image("slow", size=size, read=read)
            except libmars.Error as e:
                raised.append(type(e))
        thread = threading.Thread(target=add, daemon=True)
        thread.start()
        self.assertTrue(started.wait(30))
        return thread, go_on, raised

    def test_beside_an_image(self) -> None:
        with self.one.session(item="disks") as session:
            thread, go_on, raised = self.in_thread(session, 100)
            with self.assertRaisesRegex(libmars.StateError, "another thread"):
                session.commit()
            session.add_image("disk", size=4, read=lambda *_: b"disk")
            with session.open_stream("stream") as stream:
                stream.write(b"stream")
            go_on.set()
            thread.join(30)
        self.assertEqual((session.result.files, raised), (3, []))

    def test_abandoned_beside_an_image(self) -> None:
        session = self.one.session(item="disks")
        thread, go_on, raised = self.in_thread(session, 1 << 50)
        session.abandon()
        go_on.set()
        thread.join(30)
        self.assertFalse(thread.is_alive())
        self.assertEqual(raised, [libmars.CancelledError])
        self.assertEqual(self.one.points(), [])
        with self.one.session(item="disks"):
            pass


if __name__ == "__main__":
    unittest.main()
