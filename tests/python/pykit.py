"""What the Python tests share: the package, built as the README says against an installed library,
and a scratch place with a vault, machines, and the command line to compare with."""
from __future__ import annotations

import ctypes
import gc
import os
import subprocess
import sys
from pathlib import Path

TESTS = Path(__file__).resolve().parent.parent
for folder in ("cli", "servers", "stores", "tools"):
    sys.path.insert(0, str(TESTS / folder))

from installed import PYTHON as PLACE, SITE, TOP, python_package  # noqa: E402
from kit import PASSPHRASE, Box, Machine, pseudo_random  # noqa: E402
from storekit import AzuriteBox  # noqa: E402

python_package()
sys.path.insert(0, str(SITE))

import libmars  # noqa: E402


class PythonBox(Box):
    """A test case with a vault, agents in it, and the command line on the same state."""

    def store(self) -> libmars.StoreOptions:
        return libmars.StoreOptions()

    def agent(self, name: str = "one") -> libmars.Agent:
        """A new machine; closed at the end of the test."""
        credentials = self.path / f"{name}.vaultCredentials"
        if not self.made:
            libmars.create_vault(self.url, store=self.store())
            self.made.add(self.url)
        libmars.issue_credentials(self.url, credentials, store=self.store())
        agent = libmars.register(self.path / f"config-{name}", credentials=credentials, name=name,
                                 passphrase=PASSPHRASE)
        self.addCleanup(agent.close)
        return agent

    def program(self, code: str, *args: object, seconds: float = 30) -> str:
        """What a program prints that has an agent open and ends by itself: for what could hang, or
        take the interpreter with it."""
        begin = ("import sys\nsys.path.insert(0, sys.argv[1])\nimport faulthandler, libmars\n"
                 f"faulthandler.dump_traceback_later({seconds}, exit=True)\n"
                 "agent = libmars.Agent(sys.argv[2])\n")
        done = subprocess.run([sys.executable, "-X", "faulthandler", "-c", begin + code, str(SITE),
                               str(self.path / "config-one"), *map(str, args)], text=True,
                              capture_output=True, check=False, timeout=2 * seconds)
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        return done.stdout

    def command_line(self, name: str = "one") -> Machine:
        """`mars` with the state of that agent."""
        return Machine(self, name)

    def tree(self, name: str = "home") -> Path:
        """A few files of each kind; one name is not UTF-8."""
        home = self.path / name
        self.write(f"{name}/notes.txt", b"remember the milk")
        self.write(f"{name}/deep/er/zeros", bytes(300_000))
        self.write(f"{name}/deep/large", pseudo_random(3_000_000))
        os.symlink("notes.txt", home / "link")
        os.mkfifo(home / "fifo")
        Path(os.fsdecode(os.fsencode(home) + b"/na\xefve\xff.bin")).write_bytes(b"bytes")
        return home


class AzurePythonBox(PythonBox, AzuriteBox):
    """The same on Azure's emulator."""

    def store(self) -> libmars.StoreOptions:
        return libmars.StoreOptions(endpoint=self.server.endpoint, account_key=self.server.KEY)


class Mallinfo2(ctypes.Structure):
    """glibc's struct of that name."""
    _fields_ = [(name, ctypes.c_size_t) for name in (
        "arena", "ordblks", "smblks", "hblks", "hblkhd",
        "usmblks", "fsmblks", "uordblks", "fordblks", "keepcost")]


def live() -> tuple[int, int]:
    """Bytes that malloc has given out and not got back, and blocks that Python has.

    What the process occupies says less: how much freed memory malloc keeps depends on which threads
    were busy at once.
    """
    gc.collect()
    mallinfo2 = ctypes.CDLL(None).mallinfo2
    mallinfo2.restype = Mallinfo2
    info = mallinfo2()
    return info.uordblks + info.hblkhd, sys.getallocatedblocks()
