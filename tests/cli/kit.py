"""What the command-line tests share: a scratch place with a vault and machines, and `mars` runs."""
from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path
from typing import Any, Optional

TESTS = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(TESTS / "tools"))
sys.path.insert(0, str(TESTS / "reader"))

MARS = os.environ.get("MARS", str(TESTS.parent / "build" / "tests" / "examples" / "mars"))
BUILD = Path(os.environ.get("MARS_BUILD", TESTS.parent / "build" / "tests"))
PASSPHRASE = "correct horse battery staple"
KIB, MIB, GIB = 1 << 10, 1 << 20, 1 << 30

# A leak checker cannot work in a traced process.
TRACED = os.environ | {"ASAN_OPTIONS": "detect_leaks=0"}
is_root = os.geteuid() == 0
needs_root = unittest.skipUnless(is_root, "needs root")


class Run:
    """One run of `mars`, with --json."""

    def __init__(self, done: subprocess.CompletedProcess) -> None:
        self.code = done.returncode
        self.error = done.stderr.decode(errors="replace")
        self.raw = done.stdout
        self.lines = [json.loads(line) for line in done.stdout.splitlines()
                      if line.startswith(b"{")]

    def of(self, kind: str) -> list[dict[str, Any]]:
        return [line for line in self.lines if line["type"] == kind]

    def one(self, kind: str) -> dict[str, Any]:
        found = self.of(kind)
        assert len(found) == 1, f"{len(found)} lines of type {kind}: {self.lines} {self.error}"
        return found[0]

    @property
    def summary(self) -> dict[str, Any]:
        return self.one("summary")

    def events(self, kind: Optional[str] = None) -> list[dict[str, Any]]:
        return [e for e in self.of("event") if kind in (None, e["kind"])]


class Machine:
    """A config directory, and what is run with it."""

    def __init__(self, box: "Box", name: str, mars: str = MARS) -> None:
        self.box = box
        self.name = name
        self.mars = mars
        self.config = box.path / f"config-{name}"

    def command(self, *args: Any) -> list[str]:
        return [self.mars, "--json", "--config", str(self.config),
                *(os.fsdecode(a) if isinstance(a, bytes) else str(a) for a in args)]

    def try_(self, *args: Any, input: Optional[bytes] = b"", **more: Any) -> Run:
        more.setdefault("timeout", 600)
        more["env"] = more.get("env", os.environ) | self.box.env
        return Run(subprocess.run(self.command(*args), input=input, capture_output=True,
                                  check=False, cwd=self.box.path, **more))

    def run(self, *args: Any, code: int = 0, **more: Any) -> Run:
        done = self.try_(*args, **more)
        assert done.code == code, (f"mars {args} ended with {done.code}, not {code}: "
                                   f"{done.error}\n{done.lines[-8:]}")
        return done

    def register(self, *args: Any, code: int = 0, passphrase: str = PASSPHRASE) -> Run:
        return self.run("register", "--credentials", self.box.credentials(), "--name", self.name,
                        "--passphrase-file", "-", *self.box.way, *args, code=code,
                        input=passphrase.encode() + b"\n")

    def backup(self, *args: Any, code: int = 0, **more: Any) -> dict[str, Any]:
        return self.run("backup", *args, code=code, **more).summary

    def points(self, *args: Any) -> list[dict[str, Any]]:
        return self.run("points", *args).of("point")

    def restore(self, point: str, to: Path, *args: Any, code: int = 0) -> Run:
        return self.run("restore", point, "--to", to, *args, code=code)

    def verify(self, *args: Any, code: int = 0) -> Run:
        return self.run("verify", *args, code=code)


class Box(unittest.TestCase):
    """A test case with a directory of its own, in it a vault, and machine "one" on request."""
    env: dict[str, str] = {}  # where the right to use the vault's store is
    place: list[str] = []     # options that say where the store is
    way: list[str] = []       # and how to get there

    def setUp(self) -> None:
        self.path = Path(tempfile.mkdtemp(prefix="mars-test-"))
        self.addCleanup(self.remove)
        self.vault = self.path / "vault"
        self.url = f"file://{self.vault}"
        self.made: set[str] = set()
        self.issued = 0

    def remove(self) -> None:
        if is_root:
            shutil.rmtree(self.path, ignore_errors=True)
        subprocess.run(["chmod", "-R", "u+rwx", self.path], check=False, capture_output=True)
        subprocess.run(["rm", "-rf", self.path], check=False)

    def machine(self, name: str = "one", register: bool = True, mars: str = MARS) -> Machine:
        m = Machine(self, name, mars)
        if not self.has_vault():
            m.run("vault", "create", self.url, *self.place, *self.way)
            self.made.add(self.url)
        if register:
            m.register()
        return m

    def has_vault(self) -> bool:
        return self.vault.exists()

    def credentials(self, *args: Any) -> Path:
        self.issued += 1
        out = self.path / f"{self.issued}.vaultCredentials"
        Machine(self, "issuer").run("vault", "credentials", self.url, "--out", out, *self.place,
                                    *self.way, *args)
        return out

    def there_and_back(self, source: Path, code: int = 0) -> Path:
        """Back up, verify, restore elsewhere; gives the place of the source there."""
        m = self.machine()
        m.backup(source, code=code)
        m.verify("--read-data")
        out = self.path / "out"
        m.restore("latest", out)
        return out / source.relative_to("/")

    def write(self, name: str, data: bytes = b"some bytes\n") -> Path:
        path = self.path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
        return path

    def objects(self, below: str = "") -> list[Path]:
        """Every object of the vault, or those with this part in their names."""
        return sorted(p for p in self.vault.rglob("*") if p.is_file() and below in str(p)
                      and p.relative_to(self.vault).parts[0] != "tmp")

    def vault_bytes(self) -> int:
        return sum(p.stat().st_size for p in self.objects())

    def assert_same(self, a: Path, b: Path, **how: Any) -> None:
        import walker
        found = [str(d) for _, d in zip(range(10), walker.differences(str(a), str(b), **how))]
        self.assertEqual(found, [])

    def assert_rsync_same(self, a: Path, b: Path) -> None:
        done = subprocess.run(["rsync", "-naicHAX", "--modify-window=-1", "--delete", f"{a}/",
                               f"{b}/"], capture_output=True, text=True, errors="replace",
                              check=False)
        self.assertEqual((done.returncode, done.stdout, done.stderr), (0, "", ""))


def heed_interrupts() -> None:
    """For a child: whoever runs in the background may have been told to ignore them."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)


def pseudo_random(size: int, seed: int = 1) -> bytes:
    """The same bytes for the same seed, quickly."""
    import random
    return random.Random(seed).randbytes(size)
