#!/usr/bin/python3
"""What a backup costs more from C# than from C, in processor time: csharp.py PREFIX [ROUNDS]

PREFIX is where libmars is installed. A tree of 1 GiB, in memory, is backed up into an empty vault
by a C program (backup.c) and by a C# one in turn, and the medians are compared. Of C the whole
process is counted, of C# what comes after the start of the runtime. Other work on the machine
makes times longer, so the least of each are compared too.
"""
from __future__ import annotations

import os
import shutil
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

HERE = Path(__file__).resolve().parent
OVERHEAD = HERE.parent.parent / "build" / "csharp" / "bin" / "Overhead" / "release" / "Overhead"
PASSPHRASE = b"a passphrase of a measurement\n"


def run(*command: object, **more) -> None:
    subprocess.run([str(c) for c in command], check=True, stdout=subprocess.DEVNULL, **more)


def register(mars: Path, place: Path) -> Path:
    """A machine with a new vault."""
    shutil.rmtree(place, ignore_errors=True)
    place.mkdir()
    url, credentials, config = f"file://{place}/vault", place / "credentials", place / "config"
    run(mars, "vault", "create", url)
    run(mars, "vault", "credentials", url, "--out", credentials)
    run(mars, "--config", config, "register", "--credentials", credentials, "--passphrase-file",
        "-", input=PASSPHRASE)
    return config


def c_seconds(program: Path, config: Path, tree: Path) -> float:
    before = os.times()
    run(program, config, "files", "0", "check", tree)
    after = os.times()
    return (after.children_user + after.children_system
            - before.children_user - before.children_system)


def csharp_seconds(config: Path, tree: Path, empty: Path) -> float:
    done = subprocess.run([OVERHEAD, config, tree, empty], check=True, stdout=subprocess.PIPE)
    return float(done.stdout.split()[0])


def main() -> int:
    if not 2 <= len(sys.argv) <= 3:
        print(f"usage: {sys.argv[0]} PREFIX [ROUNDS]", file=sys.stderr)
        return 2
    prefix = Path(sys.argv[1]).resolve()
    rounds = int(sys.argv[2]) if len(sys.argv) == 3 else 5
    library = next(prefix.rglob("libmars.so.0")).parent
    os.environ["LD_LIBRARY_PATH"] = str(library)
    run("dotnet", "build", "-c", "Release", "--disable-build-servers", "-nodeReuse:false",
        HERE / "csharp")
    c, csharp = [], []
    with tempfile.TemporaryDirectory(dir="/dev/shm", prefix="mars-csharp-") as top:
        place, tree, empty, program = (Path(top, n) for n in ("place", "tree", "empty", "backup"))
        empty.mkdir()
        run("cc", "-O2", f"-I{prefix}/include", HERE / "backup.c", f"-L{library}", "-lmars", "-o",
            program)
        run("cc", "-O2", "-D_GNU_SOURCE", HERE / "maketree.c", HERE / "content.c", "-o",
            Path(top, "maketree"))
        run(Path(top, "maketree"), "mixed", "1", "0.333", tree)
        for _ in range(rounds):
            c.append(c_seconds(program, register(prefix / "bin" / "mars", place), tree))
            csharp.append(csharp_seconds(register(prefix / "bin" / "mars", place), tree, empty))
    for name, seconds in (("C", c), ("C#", csharp)):
        print(f"{name}: median {statistics.median(seconds):.2f} s of processor time; "
              + " ".join(f"{s:.2f}" for s in seconds))
    print(f"C# / C: medians {statistics.median(csharp) / statistics.median(c):.3f}, "
          f"least {min(csharp) / min(c):.3f}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
