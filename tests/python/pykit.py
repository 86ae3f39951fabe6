"""What the Python tests share: the package, built as the README says against an installed library,
and a scratch place with a vault, machines, and the command line to compare with."""
from __future__ import annotations

import os
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


def rss() -> int:
    """Bytes of memory that this process has."""
    status = Path("/proc/self/status").read_text(encoding="utf-8")
    return int(status.split("VmRSS:")[1].split()[0]) << 10
