"""The library's log, and that opening can be stopped."""
import logging
import socket
import threading
import time
import unittest

from pykit import AzurePythonBox, PythonBox, libmars, pseudo_random
from test_signals import Interrupting


class Kept(logging.Handler):
    def __init__(self) -> None:
        super().__init__()
        self.lines: list[tuple[str, str, str]] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.lines.append((record.name, record.levelname, record.getMessage()))


class Log(PythonBox):
    def logger(self, name: str, level: int) -> tuple[logging.Logger, Kept]:
        logger, kept = logging.getLogger(name), Kept()
        logger.setLevel(level)
        logger.addHandler(kept)
        logger.propagate = False
        self.addCleanup(logger.setLevel, logging.NOTSET)
        self.addCleanup(logger.removeHandler, kept)
        return logger, kept

    def test_it_goes_to_the_packages_logger(self) -> None:
        _, kept = self.logger("libmars", logging.INFO)
        point = self.agent().backup(self.tree()).point
        told = [(name, level) for name, level, text in kept.lines if point in text]
        self.assertIn(("libmars.session", "INFO"), told)
        self.assertIn(("libmars.backup", "INFO"), told)
        self.assertIn("libmars.register", {name for name, _, _ in kept.lines})

    def test_or_to_one_that_is_given(self) -> None:
        self.agent().close()
        logger, kept = self.logger("mine", logging.INFO)
        _, other = self.logger("libmars", logging.INFO)
        libmars.Agent(self.path / "config-one", logger=logger).close()
        self.assertEqual([name for name, _, _ in kept.lines], ["mine.agent"])
        self.assertEqual(other.lines, [])

    def test_a_handler_that_raises_stops_nothing(self) -> None:
        logger, _ = self.logger("broken", logging.INFO)

        def fail(record: logging.LogRecord) -> bool:
            raise RuntimeError("from the filter")
        logger.handlers[0].addFilter(fail)
        logging.raiseExceptions = False
        self.addCleanup(setattr, logging, "raiseExceptions", True)
        self.agent().close()
        with libmars.Agent(self.path / "config-one", logger=logger) as agent:
            self.assertEqual(agent.backup(self.tree()).files_skipped, 0)


    def test_a_handler_may_not_use_the_library(self) -> None:
        self.agent().close()
        logger, kept = self.logger("using", logging.INFO)
        raised: list[str] = []

        def use(record: logging.LogRecord) -> bool:
            try:
                other.info
            except libmars.StateError as e:
                raised.append(str(e))
            return True
        with libmars.Agent(self.path / "config-one") as other:
            logger.handlers[0].addFilter(use)
            with libmars.Agent(self.path / "config-one", logger=logger) as agent:
                agent.backup(self.tree())
        self.assertGreater(len(kept.lines), 1)
        self.assertEqual(set(raised), {"agent: in use by the call that runs this function"})
        self.assertEqual(len(raised), len(kept.lines))

    def test_ctrl_c_in_a_handler_ends_the_call(self) -> None:
        self.agent().close()
        home = self.tree()
        told = self.program("""
import logging, signal, threading
class Interrupted(logging.Handler):
    armed = False
    def emit(self, record):
        if self.armed and threading.current_thread() is threading.main_thread():
            self.armed = False
            signal.raise_signal(signal.SIGINT)
handler = Interrupted()
logging.getLogger("libmars").addHandler(handler)
logging.getLogger("libmars").setLevel(logging.DEBUG)
agent = libmars.Agent(sys.argv[2])
def stream():
    with agent.session(item="x") as session, session.open_stream("a") as out:
        out.write(b"x")
for call in (lambda: agent.backup([sys.argv[3]]), stream):
    handler.armed = True
    try:
        call()
    except KeyboardInterrupt:
        print("interrupted")
    print(handler.armed)
print(agent.verify().objects_damaged)
""", home)
        self.assertEqual(told, "interrupted\nFalse\n" * 2 + "0\n")

    def test_a_file_collected_in_the_log(self) -> None:
        """There, on a thread of the library, closing it would wait for that thread."""
        self.write("home/large", pseudo_random(24 << 20))
        self.agent().backup(self.path / "home")
        for pack in (self.path / "vault").rglob("*"):
            if pack.is_file() and (size := pack.stat().st_size) > 1 << 20:
                pack.chmod(0o600)
                with open(pack, "r+b") as f:
                    f.seek(size // 3)
                    f.write(pseudo_random(size // 2, 7))
        told = self.program("""
import gc, logging, threading
told, dropped, collected = (threading.Event() for _ in range(3))
class Collecting(logging.Handler):
    def emit(self, record):
        if threading.current_thread() is not threading.main_thread() and not told.is_set():
            told.set()
            dropped.wait(10)
            gc.collect()
            collected.set()
logging.getLogger("libmars").addHandler(Collecting())
agent = libmars.Agent(sys.argv[2])
point = agent.open_point()
class Cycle:
    pass
cycle = Cycle()
cycle.itself, cycle.file = cycle, point.open(sys.argv[3])
gc.disable()
try:
    while not told.wait(0.1):  # what it reads ahead is told of before it is wanted
        cycle.file.read(300_000)
except libmars.Error:
    pass
print(told.wait(10))
pointer = cycle.file._handle._pointer
del cycle
dropped.set()
print(collected.wait(10), len(pointer))
print(point.info.item)
print(len(pointer))
""", self.path / "home/large")
        self.assertEqual(told, "True\nTrue 1\nfiles\n0\n")


class Opening(Interrupting, AzurePythonBox):
    """Of a vault whose server accepts connections and says nothing."""

    def setUp(self) -> None:
        super().setUp()
        self.agent().close()
        self.silent = socket.create_server(("127.0.0.1", 0))
        self.addCleanup(self.silent.close)
        state = self.path / "config-one" / "agent.yaml"
        port = self.silent.getsockname()[1]
        state.write_text(state.read_text().replace(f":{self.server.port}/", f":{port}/"))

    def test_a_cancel_ends_it(self) -> None:
        for own in (False, True):
            cancel, raised = libmars.Cancel(), []

            def opened() -> None:
                try:
                    libmars.Agent(self.path / "config-one", cancel=cancel)
                except libmars.CancelledError as e:
                    raised.append(e)
            threading.Timer(0.5, cancel.set).start()
            began = time.monotonic()
            if own:
                thread = threading.Thread(target=opened)
                thread.start()
                thread.join()
            else:
                opened()
            self.assertEqual(len(raised), 1)
            self.assertLess(time.monotonic() - began, 4)

    def test_an_interrupt_ends_it(self) -> None:
        import test_signals
        begin = test_signals.BEGIN
        self.addCleanup(setattr, test_signals, "BEGIN", begin)
        test_signals.BEGIN = begin.replace("agent = libmars.Agent(sys.argv[2])\n", "")
        self.assertEqual(self.interrupt("catch(lambda: libmars.Agent(sys.argv[2]))"),
                         "interrupted\n")


if __name__ == "__main__":
    unittest.main()
