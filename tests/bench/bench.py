#!/usr/bin/python3
"""The benchmark suite, and the measurements beside it: see README.md. Started by run.sh."""
from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path
from typing import Any, Callable, Optional

import bars
import growth
import huge
import index
import link
import measure
import metadata
import micro
import points
import readat
import streams
import table
from engines import ENGINES, PHASES, Tools
from suite import PROBES_HELP, PROBE_TRIES, Plan, Suite
from trees import TREES

HERE = Path(__file__).resolve().parent
RESTIC = HERE.parent.parent / "build" / "restic"
QUICK_SCALE = 0.004
ALONE = {"huge": huge.main, "metadata": metadata.metadata, "flat": metadata.flat,
         "growth": growth.main, "index": index.main, "link": link.main, "micro": micro.main,
         "points": points.main, "readat": readat.main, "streams": streams.main}
BESIDE_RESTIC = {"link"}


def words(known: tuple[str, ...]) -> Callable[[str], list[str]]:
    """An argument that is a list of these, with commas between."""
    def parse(text: str) -> list[str]:
        wrong = [word for word in text.split(",") if word not in known]
        if wrong:
            raise argparse.ArgumentTypeError(f"{', '.join(wrong)}: not one of {', '.join(known)}")
        return [name for name in known if name in text.split(",")]
    return parse


def options(argv: list[str]) -> argparse.Namespace:
    p = argparse.ArgumentParser(prog="run.sh", description="All engines side by side. Or: run.sh "
                                f"{'|'.join(ALONE)} [options], for mars alone.")
    p.add_argument("--trees", type=words(tuple(TREES)), help=f"of {','.join(TREES)}")
    p.add_argument("--engines", type=words(tuple(ENGINES)), default=list(ENGINES),
                   help=f"of {','.join(ENGINES)}")
    p.add_argument("--phases", type=words(PHASES), default=list(PHASES),
                   help=f"of {','.join(PHASES)}")
    p.add_argument("--rounds", type=int, default=5)
    p.add_argument("--scale", type=float, default=1.0, help="size of the trees; 1: as described")
    p.add_argument("--dir", type=Path, default=Path("/dev/shm"), help="scratch place, on a tmpfs")
    p.add_argument("--disk", type=Path, help="measure in this directory too, with a cold cache")
    p.add_argument("--probes", type=int, default=PROBE_TRIES, help=PROBES_HELP)
    p.add_argument("--quick", action="store_true", help="two tiny trees, one round: a trial")
    p.add_argument("--json", type=Path, metavar="FILE", help="write all figures here")
    o = p.parse_args(argv)
    if o.quick:
        o.rounds, o.scale, o.probes = 1, QUICK_SCALE, 1
    o.trees = o.trees or (["mixed", "small"] if o.quick else list(TREES))
    if o.disk and os.geteuid() != 0:
        p.error("--disk: a cold cache needs root")
    return o


def find_restic() -> Optional[Path]:
    done = subprocess.run(["sh", str(HERE / "restic.sh"), str(RESTIC)], stdout=subprocess.PIPE,
                          text=True, check=False)
    return Path(done.stdout.strip()) if done.returncode == 0 else None


def measure_all(o: argparse.Namespace, suite: Suite) -> None:
    for place, where, cold in (("memory", o.dir, False), ("disk", o.disk, True)):
        if where is None:
            continue
        with tempfile.TemporaryDirectory(prefix="mars-bench-", dir=where) as directory:
            suite.run(Plan(place, Path(directory).resolve(), cold, o.trees, o.engines, o.phases,
                           o.rounds, o.scale, o.probes))


def report(suite: Suite, o: argparse.Namespace) -> dict[str, Any]:
    lines = table.summed(suite.records)
    busy = sum(not p["good"] for p in suite.probes)
    print(measure.machine())
    print("; ".join(suite.tools.versions().values()))
    print(f"{sum(p['tried'] - 1 for p in suite.probes)} probes were repeated, {busy} of "
          f"{len(suite.probes)} rounds ran on a busy machine")
    for name, why in suite.absent.items():
        print(f"without {name}: {why}")
    for place in dict.fromkeys(line["place"] for line in lines):
        print(f"\n{place}: medians and least..most of {o.rounds} rounds; of peaks the most\n")
        print(table.table(lines, place))
    held = bars.held([line for line in lines if line["place"] == "memory"])
    print("\nthe bars, in memory\n")
    print(table.aligned(bars.rows(held), 2))
    return {"machine": measure.machine(), "versions": suite.tools.versions(),
            "rounds": o.rounds, "scale": o.scale, "absent": suite.absent, "probes": suite.probes,
            "records": suite.records, "bars": held,
            "medians": [{name: value._asdict() if isinstance(value, measure.Spread) else value
                         for name, value in line.items()} for line in lines]}


def side_by_side(build: Path, argv: list[str]) -> int:
    o = options(argv)
    suite = Suite(Tools(build, find_restic() if "restic" in o.engines else None))
    measure_all(o, suite)
    found = report(suite, o)
    if o.json:
        o.json.write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")
    return 0


def main() -> int:
    build, argv = Path(sys.argv[1]).resolve(), sys.argv[2:]
    try:
        if argv and argv[0] in ALONE:
            restic = find_restic() if argv[0] in BESIDE_RESTIC else None
            return ALONE[argv[0]](Tools(build, restic), argv[1:])
        return side_by_side(build, argv)
    except (measure.Failed, subprocess.CalledProcessError, unittest.SkipTest) as e:
        print(f"bench: {e}", file=sys.stderr)
        return 1


if __name__ == "__main__":
    sys.exit(main())
