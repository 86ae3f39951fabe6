"""A limit is kept, and follows the hours of work while a transfer runs."""
import os
import subprocess
import time
import unittest

from storekit import AzuriteBox
from faultproxy import Proxy
from kit import MIB, pseudo_random

MBIT = 1_000_000 / 8


class Limits(AzuriteBox):
    def setUp(self) -> None:
        super().setUp()
        self.proxy = Proxy("127.0.0.1", self.server.port)
        self.proxy.__enter__()
        self.addCleanup(self.proxy.__exit__)
        self.machine(register=False)
        self.reach(self.endpoint_through(self.proxy.port))

    def source_of(self, size: int):
        return self.write("source/f", pseudo_random(size, 7)).parent

    def test_the_average_is_the_limit(self) -> None:
        """8 Mbit/s over 30 seconds, within 5 %, both ways.

        Only the line is measured: beginning, ending and the disk take as long as they take.
        """
        m = self.machine(register=False)
        m.register("--limit", "8000")
        source = self.source_of(36 * MIB)
        backup = self.begun(m.command("backup", source))
        while self.proxy.up.total < MIB and backup.poll() is None:
            time.sleep(0.01)
        self.assertAlmostEqual(self.rate(30), 8, delta=0.4)
        self.assertIsNone(backup.poll(), "it ended before it was measured")
        self.assertEqual(backup.wait(60), 0)
        before, began = self.proxy.down.total, time.monotonic()
        m.run("cat", "latest", source / "f")
        rate = (self.proxy.down.total - before) / (time.monotonic() - began) / MBIT
        self.assertAlmostEqual(rate, 8, delta=0.4)
        print(f"\nlimit of 8 Mbit/s: read at {rate:.2f}", end=" ")

    def test_it_follows_the_hours(self) -> None:
        """From 8 to 2 Mbit/s at the turn of a minute: 2 seconds later it is so."""
        if time.localtime().tm_sec > 40:
            time.sleep(61 - time.localtime().tm_sec)
        at = time.localtime(time.time() + 60)
        turn = time.time() + 60 - time.localtime().tm_sec
        m = self.machine(register=False)
        end = (at.tm_hour + 1) % 24
        m.register("--limit", "8000", "--work-limit", "2000", "--work-hours",
                   f"mo-su {at.tm_hour:02}:{at.tm_min:02}-{end:02}:{at.tm_min:02}")
        source = self.source_of(75 * MIB)
        self.begun(m.command("backup", source))
        time.sleep(max(0.0, turn - 8 - time.time()))
        self.assertAlmostEqual(self.rate(turn - 1 - time.time()), 8, delta=0.8)
        time.sleep(max(0.0, turn + 2 - time.time()))
        self.assertAlmostEqual(self.rate(8), 2, delta=0.2)

    def begun(self, command: list[str]) -> subprocess.Popen[bytes]:
        run = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
                               cwd=self.path, env=os.environ | self.env)
        self.addCleanup(run.wait)
        self.addCleanup(run.kill)
        return run

    def rate(self, seconds: float) -> float:
        before, began = self.proxy.up.total, time.monotonic()
        time.sleep(seconds)
        return (self.proxy.up.total - before) / (time.monotonic() - began) / MBIT

    def test_what_is_no_limit_is_refused(self) -> None:
        m = self.machine(register=False)
        run = m.run("register", "--credentials", self.credentials(), "--passphrase-file", "-",
                    "--limit", "63", input=b"correct horse battery staple", code=2)
        self.assertEqual(run.one("error")["status"], "MARS_ERR_INVALID_ARG")
        for hours in ("mo-fr", "mo-xx 08:00-18:00", "mo-fr 08:00-18:60", "mo-fr 8-18"):
            m.run("register", "--credentials", self.credentials(), "--passphrase-file", "-",
                  "--work-limit", "64", "--work-hours", hours, code=2)


if __name__ == "__main__":
    unittest.main()
