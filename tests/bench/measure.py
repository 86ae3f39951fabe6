"""One command measured, the machine probed, figures summed up."""
from __future__ import annotations

import os
import re
import statistics
import subprocess
import time
from pathlib import Path
from typing import NamedTuple, Optional

PROBE_BAR = 1.9
MIB = 1 << 20


class Failed(Exception):
    """A command did not end with the code that was expected."""


class Sample(NamedTuple):
    """What one run took. The peak is at least that of this program, from which it was started."""
    wall: float
    user: float
    system: float
    peak: int           # bytes


class Spread(NamedTuple):
    median: float
    least: float
    most: float


def spread(values: list[float]) -> Spread:
    return Spread(statistics.median(values), min(values), max(values))


def run(command: list[str], env: Optional[dict[str, str]] = None, out: Optional[Path] = None,
        cwd: Optional[Path] = None) -> Sample:
    """Run to its end; what it prints goes to `out`, or nowhere."""
    with open(out or os.devnull, "wb") as stdout, open(os.devnull, "rb") as stdin, \
            ErrorFile() as stderr:
        start = time.monotonic()
        child = subprocess.Popen(command, env=os.environ | (env or {}), stdin=stdin, stdout=stdout,
                                 stderr=stderr.file, cwd=cwd)
        _, status, usage = os.wait4(child.pid, 0)
        wall = time.monotonic() - start
        child.returncode = os.waitstatus_to_exitcode(status)
        if child.returncode != 0:
            raise Failed(f"{' '.join(command)}: ended with {child.returncode}: {stderr.text()}")
    return Sample(wall, usage.ru_utime, usage.ru_stime, usage.ru_maxrss * 1024)


class ErrorFile:
    """Where a command writes its errors: in memory, so that no disk has a part in it."""

    def __enter__(self) -> "ErrorFile":
        self.file = os.memfd_create("errors")
        return self

    def __exit__(self, *_: object) -> None:
        os.close(self.file)

    def text(self) -> str:
        size = os.fstat(self.file).st_size
        return os.pread(self.file, 2000, max(0, size - 2000)).decode(errors="replace").strip()


def output(command: list[str], env: Optional[dict[str, str]] = None) -> str:
    return subprocess.run(command, env=os.environ | (env or {}), check=True, text=True,
                          capture_output=True).stdout


def speed(processes: int) -> float:
    """SHA-256 in thousands of bytes a second, on so many processes, for a second."""
    text = output(["openssl", "speed", "-seconds", "1", "-bytes", "16384", "-multi",
                   str(processes), "-evp", "sha256"])
    return float(re.findall(r"([\d.]+)k", text)[-1])


def probe(tries: int) -> tuple[float, int, bool]:
    """Does a second core add what it should? Tries until it does; gives the last factor, how often
    it was tried, and whether it did."""
    factor = 0.0
    for tried in range(1, tries + 1):
        factor = speed(2) / speed(1)
        if factor >= PROBE_BAR:
            return factor, tried, True
    return factor, tries, False


def tree_bytes(path: Path) -> int:
    """Sizes of all regular files below."""
    total = 0
    for entry in os.scandir(path):
        if entry.is_dir(follow_symlinks=False):
            total += tree_bytes(Path(entry.path))
        elif entry.is_file(follow_symlinks=False):
            total += entry.stat(follow_symlinks=False).st_size
    return total


def tree_memory(path: Path) -> int:
    """About what a copy of it takes on a tmpfs: whole pages, and what the kernel has of a name."""
    total = 0
    for entry in os.scandir(path):
        total += entry.stat(follow_symlinks=False).st_blocks * 512 + 4096
        if entry.is_dir(follow_symlinks=False):
            total += tree_memory(Path(entry.path))
    return total


def warm(path: Path) -> None:
    """Have names, metadata and bytes of a tree in the page cache."""
    run(["find", str(path), "-type", "f", "-exec", "cat", "{}", "+"])


def touch_memory(directory: Path, size: int) -> None:
    """Use this much memory and a quarter, and let go of it. Of a virtual machine's free memory the
    host takes back what lay idle for some seconds, and whoever is the first to write there again
    waits for the host: a matter of what ran before, not of the engine."""
    path = directory / "touched"
    block = bytes(MIB)
    with open(path, "wb", buffering=0) as file:
        for _ in range(size * 5 // 4 // MIB + 1):
            file.write(block)
    path.unlink()


def cool() -> None:
    """Write out what is dirty and forget what is cached. Needs root."""
    os.sync()
    Path("/proc/sys/vm/drop_caches").write_text("3\n", encoding="ascii")


def cores() -> list[int]:
    return sorted(os.sched_getaffinity(0))


def machine() -> str:
    """The processor, its cores and the memory, in a line."""
    cpu = re.search(r"model name\s*: (.*)", Path("/proc/cpuinfo").read_text(encoding="utf-8"))
    memory = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    return (f"{cpu[1] if cpu else os.uname().machine}, {len(cores())} cores, "
            f"{memory / (1 << 30):.0f} GiB, Linux {os.uname().release}")
