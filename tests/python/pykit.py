"""What the Python tests share: the package, built as the README says against an installed library,
and a scratch place with a vault, machines, and the command line to compare with."""
from __future__ import annotations

import hashlib
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

TESTS = Path(__file__).resolve().parent.parent
for folder in ("cli", "servers", "stores"):
    sys.path.insert(0, str(TESTS / folder))

from kit import BUILD, PASSPHRASE, Box, Machine, pseudo_random  # noqa: E402
from storekit import AzuriteBox  # noqa: E402

TOP = TESTS.parent
PACKAGE = TOP / "bindings" / "python"
PLACE = BUILD / "python"
VENV = PLACE / "venv"
SITE = VENV / "lib" / f"python3.{sys.version_info.minor}" / "site-packages"


def run(*command: Any, **more: Any) -> str:
    done = subprocess.run([str(c) for c in command], capture_output=True, text=True, check=False,
                          stdin=subprocess.DEVNULL, **more)
    if done.returncode != 0:
        raise RuntimeError(f"{command}: {done.stdout}{done.stderr}")
    return done.stdout


def install_library() -> Path:
    """Install what was built below a directory of the tests; gives that of its libmars.pc."""
    root = PLACE / "root"
    run("meson", "install", "-C", BUILD, "--no-rebuild", "--destdir", root)
    found = next(root.rglob("libmars.pc"))
    lines = found.read_text(encoding="utf-8").splitlines(keepends=True)
    prefix = lines[0].removeprefix("prefix=").strip()
    found.write_text("".join([f"prefix={root}{prefix}\n", *lines[1:]]), encoding="utf-8")
    return found.parent


def install_package() -> None:
    """Once, until the library or the package changes."""
    files = [BUILD / "lib" / "libmars.so", *sorted(p for p in PACKAGE.rglob("*") if p.is_file()
                                                  and p.suffix != ".pyc")]
    state = hashlib.sha256(b"".join(p.read_bytes() for p in files)).hexdigest()
    stamp = PLACE / "installed"
    if not stamp.exists() or stamp.read_text(encoding="utf-8") != state:
        env = os.environ | {"PKG_CONFIG_PATH": str(install_library())}
        run("/usr/bin/python3", "-m", "venv", "--clear", "--system-site-packages", VENV)
        run(VENV / "bin" / "pip", "install", "--no-build-isolation", PACKAGE, env=env)
        stamp.write_text(state, encoding="utf-8")
    sys.path.insert(0, str(SITE))


install_package()

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
