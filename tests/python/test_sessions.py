"""What a session's functions raise, and what they may not do."""
import time
import unittest

from pykit import PythonBox, libmars

# Its progress calls `within`, once there is one.
SESSION = """
within = []
def progress(p):
    if within:
        within.pop()(p)
session = agent.session(item="streams", progress=progress)
"""


class Mine(Exception):
    pass


class Raising(PythonBox):
    def test_a_state_error_out_of_the_commit(self) -> None:
        """It says nothing about the session: that is gone."""
        self.agent()
        told = self.program(SESSION + """
def fail(p):
    raise libmars.StateError("mine")
with session.open_stream("a") as stream:
    stream.write(bytes(100_000))
within.append(fail)
try:
    session.commit()
except libmars.StateError as e:
    print(e)
session.abandon()
agent.session(item="streams").abandon()
""")
        self.assertEqual(told, "mine\n")

    def test_another_error_out_of_a_commit_that_was_none(self) -> None:
        """It says nothing about the session: that is alive, and wants to be abandoned."""
        agent = self.agent()
        fail = False

        def progress(p: libmars.Progress) -> None:
            if fail:
                raise Mine
        with self.assertRaises(Mine):
            with agent.session(item="streams", progress=progress) as session:
                forgotten = session.open_stream("a")
                fail = True
                time.sleep(0.3)  # progress is due
        forgotten.abandon()
        agent.session(item="streams").abandon()

    def test_an_error_behind_the_commit(self) -> None:
        agent = self.agent()
        fail = False

        def progress(p: libmars.Progress) -> None:
            if fail and agent.points():
                raise Mine
        with self.assertRaises(Mine):
            with agent.session(item="streams", progress=progress) as session:
                session.open_stream("a").close()
                fail = True
        self.assertIsNotNone(session.result)
        self.assertEqual([p.id for p in agent.points()], [session.result.point])


class CallingBack(PythonBox):
    def setUp(self) -> None:
        super().setUp()
        self.one = self.agent()

    def test_a_function_may_not_use_its_session(self) -> None:
        told = self.program(SESSION + """
stream, other = session.open_stream("a"), session.open_stream("b")
other.write(b"before")
def enter(what):
    with what:
        pass
for use in (session.abandon, session.commit, lambda: session.open_stream("c"),
            lambda: session.add_image("c", size=1, read=lambda *_: b"x"), lambda: enter(session),
            lambda: other.write(b"x"), other.close, other.abandon, lambda: enter(other),
            lambda: stream.write(b"x"), stream.close, stream.abandon):
    def attempt(p):
        try:
            use()
        except libmars.StateError as e:
            print(str(e).split(": ")[1])
    within.append(attempt)
    while within:
        stream.write(bytes(1000))
stream.close()
other.close()
print(session.commit().files)
""")
        self.assertEqual(told, "in use by the call that runs this function\n" * 12 + "2\n")

    def test_nor_may_a_function_of_an_image(self) -> None:
        session = self.one.session(item="streams")
        stream = session.open_stream("a")

        def read(offset: int, length: int) -> bytes:
            for use in (session.abandon, lambda: stream.write(b"x"), stream.close, stream.abandon):
                with self.assertRaisesRegex(libmars.StateError, "in use by the call that runs"):
                    use()
            return bytes(length)
        session.add_image("b", size=100, read=read)
        stream.close()
        self.assertEqual(session.commit().files, 2)

    def test_a_stream_dropped_in_a_function(self) -> None:
        """Also while another thread, which abandons the session, waits for the call."""
        told = self.program(SESSION + """
import threading, time
streams = [session.open_stream("a"), session.open_stream("b")]
def drop(p):
    abandoning.start()
    time.sleep(0.5)
    streams.pop()
    print("dropped")
abandoning = threading.Thread(target=session.abandon)
within.append(drop)
try:
    while True:
        streams[0].write(bytes(1000))
except libmars.CancelledError:
    print("abandoned")
abandoning.join()
streams.pop().abandon()
agent.session(item="streams").abandon()
""")
        self.assertEqual(told, "dropped\nabandoned\n")

    def test_other_handles_in_a_function(self) -> None:
        """They are closed at once, or where they are only dropped with the next call."""
        self.one.backup(self.tree())
        point = self.one.open_point()

        def progress(p: libmars.Progress) -> None:
            opened = [point.open(self.path / "home/notes.txt") for _ in range(3)]
            opened[0].close()
            handles = [file._handle._pointer for file in opened]
            del opened
            left.append([len(handle) for handle in handles])
            point.info
            left.append([len(handle) for handle in handles])
            raise Mine
        left: list[list[int]] = []
        with self.assertRaises(Mine):
            self.one.session(progress=progress)
        self.assertEqual(left, [[0, 1, 1], [0, 0, 0]])


if __name__ == "__main__":
    unittest.main()
