"""Ctrl-C ends a long call soon, with KeyboardInterrupt and nothing half done."""
import os
import signal
import subprocess
import sys
import time
import unittest

from pykit import PASSPHRASE, SITE, AzurePythonBox, PythonBox, libmars, pseudo_random

BEGIN = """
import sys, time
sys.path.insert(0, sys.argv[1])
import libmars
agent = libmars.Agent(sys.argv[2])
def catch(call):
    print("ready", flush=True)
    try:
        call()
    except KeyboardInterrupt:
        print("interrupted", flush=True)
    else:
        print("went on", flush=True)
"""


class Interrupting:
    def interrupt(self, code: str, *args: object, seconds: float = 3) -> str:
        """Run it, send the signal when it is in its long call; what it printed after that."""
        command = [sys.executable, "-c", BEGIN + code, SITE, self.path / "config-one", *args]
        with subprocess.Popen([str(c) for c in command], stdout=subprocess.PIPE, text=True,
                              stderr=subprocess.STDOUT) as child:
            self.addCleanup(child.kill)
            assert child.stdout is not None
            while (line := child.stdout.readline()) != "ready\n":
                self.assertNotEqual(line, "", "it ended")
            time.sleep(0.5)
            os.kill(child.pid, signal.SIGINT)
            start = time.monotonic()
            told = child.stdout.read()
            child.wait(30)
            self.assertLess(time.monotonic() - start, seconds)
            return told


class Interrupted(Interrupting, PythonBox):
    def test_a_benchmark(self) -> None:
        self.agent()
        self.assertEqual(self.interrupt("catch(lambda: libmars.benchmark(figure_ms=60_000))"),
                         "interrupted\n")

    def test_a_session(self) -> None:
        self.agent()
        told = self.interrupt(
            "def write():\n"
            "    with agent.session(item='s') as session, session.open_stream('a') as stream:\n"
            "        while True:\n"
            "            stream.write(bytes(16 << 20))\n"
            "catch(write)\n"
            "print(len(agent.points()))")
        self.assertEqual(told, "interrupted\n0\n")


class InterruptedOverTheNetwork(Interrupting, AzurePythonBox):
    def slow_agent(self) -> None:
        """At 64 kbit a second."""
        self.agent()
        libmars.register(self.path / "config-one", credentials=self.path / "one.vaultCredentials",
                         name="one", passphrase=PASSPHRASE,
                         store=libmars.StoreOptions(endpoint=self.server.endpoint,
                                                    other_kbps=64)).close()

    def test_a_backup_that_waits_for_the_network(self) -> None:
        self.write("home/large", pseudo_random(40 << 20))
        self.slow_agent()
        told = self.interrupt("catch(lambda: agent.backup(sys.argv[3]))", self.path / "home")
        self.assertEqual(told, "interrupted\n")

    def test_a_stream_that_waits_for_the_network(self) -> None:
        self.slow_agent()
        told = self.interrupt(
            "import os\n"
            "def write():\n"
            "    with agent.session(item='s') as session, session.open_stream('a') as stream:\n"
            "        while True:\n"
            "            stream.write(os.urandom(16 << 20))\n"
            "catch(write)")
        self.assertEqual(told, "interrupted\n")


if __name__ == "__main__":
    unittest.main()
