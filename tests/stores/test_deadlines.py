"""How long a request may take: trickling, with all its attempts, and what a limit adds."""
import subprocess
import time
import unittest

import storekit  # where the others are found
from kit import BUILD, Box
from servers import Nginx, free_port

KIB = 1024


class Deadlines(Box):
    """nginx sends files no faster than it is told: one second of its rate after the other."""

    def setUp(self) -> None:
        super().setUp()
        for size in (8, 16):
            (self.path / f"{size}k").write_bytes(bytes(size * KIB))
        (self.path).chmod(0o755)
        self.nginx = Nginx(f"listen 127.0.0.1:PORT; root {self.path};"
                           "location /trickle/ { alias ROOT/; limit_rate 64; }"
                           "location /slow/ { alias ROOT/; limit_rate 1k; }"
                           "location /busy { return 503; }"
                           .replace("ROOT", str(self.path)), main="user root;")
        self.addCleanup(self.nginx.stop)

    def get(self, path: str, size: int, stall: int, whole: int, kbps: int = 0, at_once: int = 1):
        """Of the last: status, bytes, attempts; and the seconds that all took."""
        began = time.monotonic()
        done = subprocess.run([BUILD / "tests" / "stores" / "deadline",
                               f"http://127.0.0.1:{self.nginx.port}/{path}", str(size), str(stall),
                               str(whole), str(kbps), str(at_once)],
                              capture_output=True, text=True, timeout=120)
        self.assertEqual(done.returncode, 0, done.stderr)
        results = [line.split() for line in done.stdout.splitlines()]
        self.assertEqual(len({status for status, _, _ in results}), 1, results)
        return results[-1][0], int(results[-1][1]), int(results[-1][2]), time.monotonic() - began

    def test_a_trickle_stands_still(self) -> None:
        status, _, attempts, took = self.get("trickle/16k", 16 * KIB, 1000, 4000)
        self.assertEqual(status, "MARS_ERR_NETWORK")
        self.assertGreater(attempts, 3, "each was cut after a second")
        self.assertLess(took, 4 + 4 + 2)

    def test_the_whole_is_over_though_bytes_come(self) -> None:
        status, got, attempts, took = self.get("slow/16k", 16 * KIB, 60000, 2000)
        self.assertEqual((status, attempts), ("MARS_ERR_NETWORK", 1))
        self.assertGreater(got, 4 * KIB, "bytes came all the time")
        self.assertGreater(took, 2 + 4)
        self.assertLess(took, 2 + 4 + 2)

    def test_what_is_slow_but_in_time_comes(self) -> None:
        self.assertEqual(self.get("slow/8k", 8 * KIB, 8000, 10000)[:3], ("MARS_OK", 8 * KIB, 1))

    def test_a_limit_takes_no_time_away(self) -> None:
        status, got, attempts, took = self.get("16k", 16 * KIB, 1000, 1, kbps=64, at_once=6)
        self.assertEqual((status, got, attempts), ("MARS_OK", 16 * KIB, 1))
        self.assertGreater(took, 8, "longer than the 4 seconds that each had")

    def test_nobody_reached_is_told_after_eight_attempts(self) -> None:
        self.nginx.port = free_port()
        status, _, attempts, took = self.get("16k", 16 * KIB, 1000, 600_000)
        self.assertEqual((status, attempts), ("MARS_ERR_NETWORK", 8))
        self.assertLess(took, 40)


if __name__ == "__main__":
    unittest.main()
