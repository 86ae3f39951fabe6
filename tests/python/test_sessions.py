"""What a session's functions raise."""
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


if __name__ == "__main__":
    unittest.main()
