"""At every request in turn the server resets, stalls, breaks off, refuses, or answers nonsense."""
import signal
import subprocess
import threading
import time
import unittest
from typing import Optional

from storekit import AzuriteBox, CephBox
from faultproxy import Fault, Proxy, Request
from kit import MIB, Run, pseudo_random

DEADLINE = 60.0  # of one run, its retries included


class Faults:
    def setUp(self) -> None:
        super().setUp()
        self.plan: Optional[tuple[int, Fault]] = None
        self.before = 0
        self.stall_at = ""
        self.stalls = threading.Event()
        self.proxy = Proxy("127.0.0.1", self.server.port, self.disturb)
        self.proxy.__enter__()
        self.addCleanup(self.proxy.__exit__)
        self.source = self.path / "source"
        for i in range(40):
            self.write(f"source/d{i % 3}/f{i}", pseudo_random(2000, i))
        self.write("source/large", pseudo_random(2 * MIB, 99))
        self.reach(self.endpoint_through(self.proxy.port))
        self.m = self.machine(register=False)
        self.m.register("--timeout", "1")

    def disturb(self, request: Request) -> Optional[Fault]:
        if self.plan is not None and request.number == self.before + self.plan[0]:
            return self.plan[1]
        if self.stall_at and self.stall_at in request.target:
            self.stalls.set()
            return Fault("stall")
        return None

    def run_with(self, n: int, fault: Fault, *verb) -> tuple[Run, int]:
        """A run whose n-th request fails; and how many requests it made."""
        self.before = len(self.proxy.requests)
        self.plan = (n, fault)
        began = time.monotonic()
        run = self.m.try_(*verb)
        self.plan = None
        self.assertLess(time.monotonic() - began, DEADLINE, f"{verb[0]} {n} {fault}")
        if run.code != 0:
            self.assertEqual(len(run.of("error")), 1, f"{verb[0]} {n} {fault}: {run.error}")
            self.assertNotEqual(run.one("error")["message"], "")
        return run, len(self.proxy.requests) - self.before

    def backups(self, kind: str) -> None:
        fault = Fault(kind, retry_after="1" if kind == "429" else None)
        n, count = 0, 0
        while n <= count:  # 0: nothing happens
            self.write("source/changing", pseudo_random(100_000, hash((kind, n)) & 0xffff))
            run, made = self.run_with(n, fault, "backup", self.source)
            count = max(count, made)
            if run.code != 0:
                self.m.backup(self.source)
            n += 1
        self.m.verify("--read-data")
        self.m.restore("latest", self.path / f"out-{kind}")
        self.assert_same(self.source, self.path / f"out-{kind}" / str(self.source)[1:])

    def restores(self, kind: str) -> None:
        self.m.backup(self.source)
        fault = Fault(kind, retry_after="1" if kind == "429" else None)
        n, count = 0, 0
        while n <= count:
            out = self.path / f"out-{kind}-{n}"
            run, made = self.run_with(n, fault, "restore", "latest", "--to", out)
            count = max(count, made)
            if run.code != 0:
                self.m.restore("latest", out)
            self.assert_same(self.source, out / str(self.source)[1:])
            n += 1

    def test_an_interrupt_ends_what_stalls(self) -> None:
        self.m.backup(self.source)
        self.m.run("register", "--renew", "--credentials", self.credentials(), "--timeout", "600")
        for verb in (["backup", self.source], ["restore", "latest", "--to", self.path / "out"],
                     ["backup", "--stdin", "noise"]):
            self.write("source/changing", pseudo_random(100_000, len(self.proxy.requests)))
            self.stalls.clear()
            self.stall_at = "/packs/data/"
            # Without an end: its writer waits for the vault.
            run = subprocess.Popen(self.m.command(*verb), stdin=open("/dev/urandom", "rb"),
                                   stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
            self.assertTrue(self.stalls.wait(30), "no data went or came")
            time.sleep(3 if "--stdin" in verb else 0.3)
            run.send_signal(signal.SIGINT)
            began = time.monotonic()
            run.communicate(timeout=30)
            self.assertEqual(run.returncode, 130)
            self.assertLess(time.monotonic() - began, 3)

    def test_reset(self) -> None:
        self.backups("reset")
        self.restores("reset")

    def test_answer_lost(self) -> None:
        self.backups("reset-late")

    def test_stall(self) -> None:
        self.backups("stall")
        self.restores("stall")
        self.backups("trickle")

    def test_truncated(self) -> None:
        self.backups("truncate")
        self.restores("truncate")

    def test_too_many_requests(self) -> None:
        self.backups("429")

    def test_server_errors(self) -> None:
        self.backups("500")
        self.restores("503")

    def test_garbage(self) -> None:
        self.backups("garbage")
        self.restores("garbage")
        self.backups("noise")


class FaultsOnAzurite(Faults, AzuriteBox):
    def test_an_outage_is_lasted_through(self) -> None:
        over: list[float] = []

        def outage(request: Request) -> Optional[Fault]:
            if not over and "/packs/data/" in request.target:
                over.append(time.monotonic() + 45)
            return Fault("reset") if over and time.monotonic() < over[0] else None

        self.proxy.fault = outage
        self.m.backup(self.source)
        self.assertGreater(time.monotonic(), over[0])


class FaultsOnCeph(Faults, CephBox):
    """What the services answer differently; the rest is the same code."""
    test_stall = test_truncated = test_too_many_requests = test_server_errors = None

    def test_a_name_that_is_busy_is_put_again(self) -> None:
        busy = Fault("409", body="<Error><Code>ConditionalRequestConflict</Code></Error>")
        seen: set[str] = set()

        def first_time(request: Request) -> Optional[Fault]:
            if request.method != "PUT" or request.target in seen:
                return None
            seen.add(request.target)
            return busy

        self.proxy.fault = first_time
        self.m.backup(self.source)
        self.assertGreater(len(seen), 3)
        self.m.verify("--read-data")


if __name__ == "__main__":
    unittest.main()
