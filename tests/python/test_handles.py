"""Handles are closed once, whatever the order, and never under a call that uses them."""
import gc
import os
import subprocess
import sys
import threading
import unittest
import weakref
from typing import Any, Callable
from unittest import mock

from pykit import PythonBox, libmars


class Interrupted:
    """The library, where Ctrl-C is noticed as soon as one of its functions has returned."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.closed: list[str] = []

    def __getattr__(self, name: str) -> Any:
        found = getattr(libmars._native.lib, name)

        def interrupted(*args: Any) -> int:
            found(*args)
            raise KeyboardInterrupt

        def closing(pointer: Any) -> None:
            self.closed.append(name)
            found(pointer)
        if name == self.name:
            return interrupted
        return closing if name.endswith(("_close", "_abandon")) else found


class Handles(PythonBox):
    def setUp(self) -> None:
        super().setUp()
        self.home = self.tree()
        self.one = self.agent()

    def test_closing_twice_and_using_after(self) -> None:
        self.one.backup(self.home)
        point = self.one.open_point()
        file = point.open(self.home / "notes.txt")
        for thing in (file, point, self.one):
            thing.close()
            thing.close()
        for use in (self.one.points, lambda: self.one.info, point.listdir, self.one.session):
            with self.assertRaisesRegex(libmars.StateError, "is closed"):
                use()
        self.assertRaises(ValueError, file.read)

    def test_points_and_files_outlive_what_they_come_from(self) -> None:
        self.one.backup(self.home)
        point = self.one.open_point()
        first, second = (point.open(self.home / "notes.txt") for _ in range(2))
        self.one.close()
        self.assertEqual(len(point.listdir()), 1)
        self.assertEqual(first.read(), b"remember the milk")
        point.close()
        self.assertEqual(second.read(), b"remember the milk")

    def test_an_agent_closed_under_its_session(self) -> None:
        session = self.one.session(item="streams")
        stream = session.open_stream("a")
        self.one.close()
        stream.write(b"whole")
        stream.close()
        self.assertEqual(session.commit().bytes, 5)

    def test_a_session_abandoned_under_its_streams(self) -> None:
        session = self.one.session(item="streams")
        stream, other = session.open_stream("a"), session.open_stream("b")
        stream.write(b"some")
        session.abandon()
        self.one.close()
        with self.assertRaises(libmars.CancelledError):
            stream.write(b"more")
        with self.assertRaises(libmars.CancelledError):
            stream.close()
        stream.close()
        other.abandon()

    def test_interrupted_when_it_is_closed(self) -> None:
        """What it needs is let go all the same."""
        agent = libmars.Agent(self.path / "config-one")
        session = agent.session(item="streams")
        close = session._handle._close

        def interrupted(pointer: Any) -> None:
            close(pointer)
            raise KeyboardInterrupt
        session._handle._close = interrupted
        with self.assertRaises(KeyboardInterrupt):
            session.abandon()
        agent.close()
        self.assertEqual(agent._handle._pointer, [])

    def test_interrupted_when_it_is_opened(self) -> None:
        """It is there then, and nobody has it: it is closed."""
        self.one.backup(self.home)
        point = self.one.open_point()
        session = self.one.session(item="streams")
        opening: list[tuple[str, str, Callable[[], Any]]] = [
            ("_agent", "mars_point_open", self.one.open_point),
            ("_point", "mars_file_open", lambda: point.open(self.home / "notes.txt")),
            ("_session", "mars_stream_open", lambda: session.open_stream("a")),
            ("_session", "mars_session_begin", lambda: self.one.session(item="another")),
            ("_agent", "mars_agent_open", lambda: libmars.Agent(self.path / "config-one"))]
        for module, function, call in opening:
            lib = Interrupted(function)
            with mock.patch.object(getattr(libmars, module), "lib", lib):
                with self.assertRaises(KeyboardInterrupt):
                    call()
                gc.collect()
            self.assertEqual(len(lib.closed), 1, function)
        self.assertEqual(session.commit().files, 0)
        self.one.session(item="another").abandon()

    def test_the_collector_takes_them_in_any_order(self) -> None:
        self.one.backup(self.home)

        class Holder:
            pass
        for order in (("agent", "cancel", "session", "stream", "point", "file"),
                      ("file", "stream", "point", "session", "cancel", "agent")):
            made = {"agent": libmars.Agent(self.path / "config-one"), "cancel": libmars.Cancel()}
            made["session"] = made["agent"].session(item="streams", cancel=made["cancel"])
            made["stream"] = made["session"].open_stream("a")
            made["stream"].write(bytes(100_000))
            made["point"] = made["agent"].open_point(item="files")
            made["file"] = made["point"].open(self.home / "notes.txt")
            holder = Holder()
            for name in order:
                setattr(holder, name, made[name])
            holder.itself = holder
            gone = weakref.ref(holder)
            del holder, made
            gc.collect()
            self.assertIsNone(gone())
        # The session is over: the item is free, and nothing of it is visible.
        self.assertEqual(self.one.points("streams"), [])
        self.one.session(item="streams").abandon()

    def test_dropped_by_a_thread_that_has_called_nothing(self) -> None:
        """It could be the library's. The next call closes what was dropped, before anything."""
        held = [self.one.session(item="streams")]
        pointer = held[0]._handle._pointer
        thread = threading.Thread(target=held.clear)
        thread.start()
        thread.join()
        self.assertEqual(len(pointer), 1)
        self.one.session(item="streams").abandon()
        self.assertEqual(len(pointer), 0)

    def test_closed_while_another_thread_uses_it(self) -> None:
        agent = libmars.Agent(self.path / "config-one")
        begun = threading.Event()
        results: list[object] = []

        def back_up() -> None:
            results.append(agent.backup(self.home, progress=lambda p: begun.set()))
        thread = threading.Thread(target=back_up)
        thread.start()
        begun.wait(10)
        agent.close()
        self.assertRaises(libmars.StateError, agent.points)
        thread.join(20)
        self.assertEqual(results[0].files, 6)

    def test_many_threads_share_an_agent(self) -> None:
        results: list[object] = []

        def work(n: int) -> None:
            self.write(f"t{n}/f", b"%d" % n * 10_000)
            results.append(self.one.backup(self.path / f"t{n}", item=f"item{n}").files)
            with self.one.open_point(item=f"item{n}") as point:
                results.append(point.stat(self.path / f"t{n}/f").size // 10_000)
        threads = [threading.Thread(target=work, args=(n,)) for n in range(6)]
        for t in threads:
            t.start()
        for t in threads:
            t.join(60)
        self.assertEqual(results, [1] * 12)

    def test_a_forked_child_leaves_the_parents_handles_alone(self) -> None:
        session = self.one.session(item="streams")
        stream = session.open_stream("a")
        stream.write(b"of the parent")
        child = os.fork()
        if child == 0:
            code = 1
            try:
                self.one.points()
            except libmars.StateError:
                self.one.close()
                session.abandon()
                stream.abandon()
                code = 0
            finally:
                os._exit(code)
        self.assertEqual(os.waitpid(child, 0)[1], 0)
        stream.close()
        self.assertEqual(session.commit().files, 1)

    def test_what_is_open_at_the_end_of_the_program(self) -> None:
        code = (f"import sys; sys.path[:0] = {sys.path[:3]!r}\n"
                f"import libmars\nagent = libmars.Agent({str(self.path / 'config-one')!r})\n"
                f"session = agent.session(item='x')\nstream = session.open_stream('a')\n"
                f"stream.write(bytes(1 << 20))\n")
        done = subprocess.run([sys.executable, "-X", "dev", "-c", code], capture_output=True,
                              text=True, check=False, timeout=60)
        self.assertEqual((done.returncode, done.stderr), (0, ""))

    def test_names_with_a_nul(self) -> None:
        with self.assertRaises(ValueError):
            self.one.open_point("la\0test")
        with self.assertRaises(libmars.Error):
            self.one.backup(str(self.home) + "\0x")

    def test_errors_travel_between_processes(self) -> None:
        import pickle
        with self.assertRaises(libmars.NotFoundError) as caught:
            self.one.backup(self.path / "nowhere")
        again = pickle.loads(pickle.dumps(caught.exception))
        self.assertEqual((type(again), str(again), again.status, again.errno),
                         (libmars.NotFoundError, str(caught.exception), caught.exception.status,
                          caught.exception.errno))


if __name__ == "__main__":
    unittest.main()
