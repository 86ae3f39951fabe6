"""What the user's functions raise comes out of the call, and the agent is as usable as before."""
import gc
import os
import threading
import time
import traceback
import unittest
import weakref

from pykit import PythonBox, libmars, live


class Mine(Exception):
    pass


def failing(*_: object) -> None:
    raise Mine("from the function")


class Callbacks(PythonBox):
    def setUp(self) -> None:
        super().setUp()
        self.home = self.tree()
        self.one = self.agent()

    def still_usable(self) -> None:
        self.assertEqual(self.one.backup(self.home).files_skipped, 0)
        self.assertEqual(self.one.verify().objects_damaged, 0)

    def test_progress(self) -> None:
        seen: list[libmars.Progress] = []
        self.one.backup(self.home, progress=seen.append)
        self.assertEqual([p.phase for p in seen], sorted(p.phase for p in seen))
        self.assertEqual((seen[0].phase, seen[-1].phase),
                         (libmars.Phase.START, libmars.Phase.COMMIT))
        self.assertEqual(seen[-1].files_done, 6)

    def test_progress_that_raises(self) -> None:
        for call in (lambda: self.one.backup(self.home, progress=failing),
                     lambda: self.one.verify(progress=failing),
                     lambda: libmars.benchmark(progress=failing)):
            with self.assertRaises(Mine):
                call()
        self.still_usable()
        with self.assertRaises(Mine):
            self.one.restore(self.path / "out", progress=failing)

    def test_an_event_that_raises(self) -> None:
        events = 0

        def fail_once(event: libmars.Event) -> None:
            nonlocal events
            events += 1
            raise Mine(event.path)
        with self.assertRaises(Mine):
            self.one.backup(self.home, report_files=True, on_event=fail_once)
        self.assertEqual(events, 1)
        self.still_usable()

    def test_an_error_behind_the_point(self) -> None:
        """It tells of the point all the same."""
        other = libmars.Agent(self.path / "config-one")
        self.addCleanup(other.close)

        def late(progress: libmars.Progress) -> None:
            if other.points():
                raise Mine
        with self.assertRaises(Mine) as caught:
            self.one.backup(self.home, progress=late)
        self.assertEqual([p.id for p in self.one.points()], [caught.exception.result.point])
        with self.assertRaises(Mine) as caught:
            self.one.backup(self.home, progress=failing)
        self.assertFalse(hasattr(caught.exception, "result"))

    def test_the_first_exception_counts(self) -> None:
        def fail(progress: libmars.Progress) -> None:
            raise KeyError(int(progress.phase))
        try:
            self.one.backup(self.home, progress=fail, report_files=True, on_event=failing)
        except KeyError as e:
            self.assertEqual(e.args, (libmars.Phase.START,))
            self.assertIn("fail", [f.name for f in traceback.extract_tb(e.__traceback__)])
        else:
            self.fail("nothing was raised")

    def test_what_was_raised_is_not_kept(self) -> None:
        class Noticed(Exception):
            pass

        def fail(progress: libmars.Progress) -> None:
            raise Noticed
        try:
            self.one.backup(self.home, progress=fail)
        except Noticed as e:
            kept = weakref.ref(e)
        gc.collect()
        self.assertIsNone(kept())

    def test_a_callback_may_not_use_its_agent(self) -> None:
        def use(progress: libmars.Progress) -> None:
            self.one.points()
        with self.assertRaisesRegex(libmars.StateError, "in use by the call"):
            self.one.backup(self.home, progress=use)
        self.still_usable()

    def test_cancelled_before_and_from_another_thread(self) -> None:
        cancel = libmars.Cancel()
        cancel.set()
        with self.assertRaises(libmars.CancelledError) as caught:
            self.one.backup(self.home, cancel=cancel)
        self.assertEqual(caught.exception.status_name, "MARS_ERR_CANCELLED")
        later = libmars.Cancel()
        threading.Timer(0.5, later.set).start()
        start = time.monotonic()
        with self.assertRaises(libmars.CancelledError):
            libmars.benchmark(figure_ms=10_000, cancel=later)
        self.assertLess(time.monotonic() - start, 5)
        self.still_usable()

    def test_a_thousand_cancelled_backups_leak_nothing(self) -> None:
        def cancelled(moment: int) -> None:
            def fail(progress: libmars.Progress) -> None:
                time.sleep(moment % 40 / 10_000)
                raise Mine
            try:
                self.one.backup(self.home, progress=fail)
            except Mine:
                pass
        for moment in range(50):
            cancelled(moment)
        files, (memory, blocks) = len(os.listdir("/proc/self/fd")), live()
        for moment in range(1000):
            cancelled(moment)
        after, blocks_after = live()
        self.assertEqual(len(os.listdir("/proc/self/fd")), files)
        self.assertLess(after - memory, 64 << 10)
        self.assertLess(blocks_after - blocks, 100)
        self.still_usable()


if __name__ == "__main__":
    unittest.main()
