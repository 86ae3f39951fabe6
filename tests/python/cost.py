#!/usr/bin/python3
"""What a first backup costs from Python and by the command line, in processor time: medians of
rounds that alternate, each with a vault and a machine of its own.

    cost.py MARS_BUILD [ROUNDS]

`mars` is measured as a process, from start to end; Python from opening the agent to the backup's
end, since starting an interpreter and importing are no part of a backup: they are told beside it.
"""
from __future__ import annotations

import os
import random
import resource
import shutil
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

PYTHON = """
import resource, sys
def spent():
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime
sys.path.insert(0, sys.argv[1])
import libmars
start = spent()
with libmars.Agent(sys.argv[2]) as agent:
    agent.backup(sys.argv[3], on_event=print)
print(start, spent() - start)
"""


def make_tree(at: Path, size: int = 1 << 30) -> None:
    """Files of all sizes; half of the bytes do not shrink."""
    source = random.Random(1)
    text = b" ".join(b"%x" % source.getrandbits(20) for _ in range(200_000))
    number = 0
    while size > 0:
        count = min(size, int(2 ** source.uniform(8, 25)))
        start = source.randrange(len(text) // 2)
        data = source.randbytes(count) if number % 2 else \
            (text[start:] * (count // (len(text) - start) + 1))[:count]
        place = at / f"d{number % 97}"
        place.mkdir(parents=True, exist_ok=True)
        (place / f"f{number}").write_bytes(data)
        size, number = size - count, number + 1


def spent_by(*command: object) -> tuple[float, str]:
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    out = subprocess.run([str(c) for c in command], check=True, capture_output=True, text=True)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return (after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime, out.stdout)


def main() -> int:
    os.environ["MARS_BUILD"] = sys.argv[1]
    rounds = int(sys.argv[2]) if len(sys.argv) > 2 else 5
    from pykit import PASSPHRASE, SITE, libmars
    mars = Path(sys.argv[1]) / "examples" / "mars"
    scratch = Path(tempfile.mkdtemp(prefix="mars-cost-", dir="/dev/shm"))
    took: dict[str, list[float]] = {"mars": [], "python": [], "import": []}
    try:
        make_tree(scratch / "tree")
        for n in range(2 * rounds):
            place = scratch / "run"
            place.mkdir()
            url, credentials = f"file://{place}/vault", place / "credentials"
            libmars.create_vault(url)
            libmars.issue_credentials(url, credentials)
            libmars.register(place / "config", credentials=credentials,
                             passphrase=PASSPHRASE).close()
            if n % 2:
                took["mars"].append(spent_by(mars, "--config", place / "config", "--json",
                                             "backup", scratch / "tree")[0])
            else:
                told = spent_by("/usr/bin/python3", "-c", PYTHON, SITE, place / "config",
                                scratch / "tree")[1].split()
                took["import"].append(float(told[0]))
                took["python"].append(float(told[1]))
            shutil.rmtree(place)
    finally:
        shutil.rmtree(scratch)
    for name, seconds in took.items():
        print(f"{name:7} median {statistics.median(seconds):.3f} s of "
              + " ".join(f"{s:.3f}" for s in seconds))
    ratio = statistics.median(took["python"]) / statistics.median(took["mars"])
    print(f"python / mars: {ratio:.4f}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
