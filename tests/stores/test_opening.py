"""An interrupt ends the opening of a vault whose server accepts connections and says nothing."""
import signal
import subprocess
import threading
import time
import unittest
from typing import Optional

from storekit import AzuriteBox
from faultproxy import Fault, Proxy, Request
from kit import PASSPHRASE


class Silent(AzuriteBox):
    def setUp(self) -> None:
        super().setUp()
        self.silent = False
        self.asked = threading.Event()
        proxy = Proxy("127.0.0.1", self.server.port, self.answer)
        proxy.__enter__()
        self.addCleanup(proxy.__exit__)
        self.reach(self.endpoint_through(proxy.port))

    def answer(self, request: Request) -> Optional[Fault]:
        if not self.silent:
            return None
        self.asked.set()
        return Fault("stall")

    def interrupt(self, m, *verb: object) -> None:
        self.asked.clear()
        with subprocess.Popen(m.command(*verb), stdin=subprocess.PIPE, stdout=subprocess.DEVNULL,
                              stderr=subprocess.PIPE, cwd=self.path) as run:
            self.addCleanup(run.kill)
            run.stdin.write(PASSPHRASE.encode())
            run.stdin.close()
            self.assertTrue(self.asked.wait(30), "the server was not asked")
            time.sleep(0.3)
            began = time.monotonic()
            run.send_signal(signal.SIGINT)
            self.assertEqual(run.wait(30), 130)
            self.assertIn(b"interrupted", run.stderr.read())
            self.assertLess(time.monotonic() - began, 3)

    def test_each_way_to_open_it(self) -> None:
        m, key = self.machine(), ("--passphrase-file", "-")
        file = self.credentials()
        self.silent = True
        self.interrupt(m, "points")
        self.interrupt(m, "register", "--credentials", file, *key)
        self.interrupt(m, "register", "--renew", "--credentials", file)
        self.interrupt(m, "recover", "--credentials", file, *key, "points")


if __name__ == "__main__":
    unittest.main()
