"""One huge file on two cores against one, and that both give the same recovery point content."""
from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import alone
import measure
from engines import Mars, Tools
from suite import PROBES_HELP, PROBE_TRIES, rotated
from trees import Tree

HUGE_TREE = 768 / 1024      # GiB at scale 1
WAYS = {"one": ("1", 1), "one worker, two cores": ("1", 2), "two": ("2", 2)}


def command(engine: Mars, item: str, way: str, tree: Tree) -> list[str]:
    """Workers, and the cores they and the rest of the program may use."""
    workers, cores = WAYS[way]
    these = ",".join(str(core) for core in measure.cores()[:cores])
    return ["taskset", "-c", these, str(engine.tools.bench / "backup"),
            str(engine.scratch / "config"), item, workers, "check", str(tree.path)]


def one_round(tools: Tools, place: Path, tree: Tree, number: int,
              probes: int) -> list[dict[str, Any]]:
    size = measure.tree_memory(tree.path)
    factor, tried, good = measure.probe(probes)
    print(f"round {number + 1}: two cores do {factor:.2f} of one"
          f"{'' if good else ': THE MACHINE IS BUSY'}", file=sys.stderr, flush=True)
    records = []
    for way in rotated(list(WAYS), number):
        with alone.vault(tools, place) as engine:
            measure.touch_memory(place, size)
            sample = measure.run(command(engine, "files", way, tree))
        records.append({"round": number, "way": way, "factor": factor, "tried": tried,
                        **sample._asdict()})
    return records


def same_bytes(engine: Mars, item: str, file: Path) -> bool:
    """Does the newest point of the item give back the file?"""
    cat = subprocess.Popen(engine.mars("cat", "latest", str(file), "--item", item),
                           stdout=subprocess.PIPE)
    same = subprocess.run(["cmp", "-", str(file)], stdin=cat.stdout, check=False).returncode == 0
    cat.stdout.close()
    return cat.wait() == 0 and same


def check_same(tools: Tools, place: Path, tree: Tree) -> None:
    """What two workers cut is what one cut: a second backup has nothing new, and both are whole."""
    file = tree.path / "file.dat"
    out = place / "result"
    with alone.vault(tools, place) as engine:
        measure.run(command(engine, "one", "one", tree))
        measure.run(command(engine, "two", "two", tree), out=out)
        new = json.loads(out.read_text(encoding="utf-8"))["bytes_new"]
        if new != 0:
            raise measure.Failed(f"two workers cut otherwise than one: {new} new bytes")
        for item in ("one", "two"):
            if not same_bytes(engine, item, file):
                raise measure.Failed(f"item {item}: its point does not hold the file")


def main(tools: Tools, argv: list[str]) -> int:
    p = alone.options("huge", "One huge file on one core and on two.", 3)
    p.add_argument("--gib", type=float, default=8, help="size of the file (8)")
    p.add_argument("--probes", type=int, default=PROBE_TRIES, help=PROBES_HELP)
    o = p.parse_args(argv)
    records: list[dict[str, Any]] = []
    with alone.scratch(o.dir) as place, \
            alone.tree(tools, "huge", o.gib * o.scale / HUGE_TREE, place) as tree:
        size = measure.tree_bytes(tree.path)
        for number in range(o.rounds):
            records += one_round(tools, place, tree, number, o.probes)
        check_same(tools, place, tree)
    wall = {way: measure.spread([r["wall"] for r in records if r["way"] == way]) for way in WAYS}
    factor = measure.spread([r["factor"] for r in records]).median
    checks = alone.Checks()
    for way in WAYS:
        checks.note(f"{way}: MB/s", size / wall[way].median / 1e6)
        checks.note(f"{way}: seconds", wall[way].median)
    checks.note("the probe's scaling", factor)
    checks.least("scaling / the probe's", wall["one"].median / wall["two"].median / factor, 0.9)
    checks.most("peak memory, MiB", max(r["peak"] for r in records) / measure.MIB, 96)
    print("both points hold the file, and the second backup had no new bytes")
    return checks.end({"records": records}, o.json)
