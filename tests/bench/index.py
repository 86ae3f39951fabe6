"""The chunk index at 100,000,000 chunks: memory and lookups."""
from __future__ import annotations

import re
import subprocess
from pathlib import Path

import alone
import measure
from engines import Tools

CHUNKS, ABSENT, PRESENT = 100_000_000, 10_000_000, 1_000_000
LINE = re.compile(r"(make|build|open|look|absent|present) +([\d.]+) (?:s|lookups/s)"
                  r"(?: +peak +([\d.]+) MB)?")


def parts(text: str) -> dict[str, dict[str, float]]:
    """What each line of index-scale tells: seconds and peak, or a speed."""
    found = {}
    for name, value, peak in LINE.findall(text):
        found[name] = ({"lookups_per_second": float(value)} if name in ("absent", "present") else
                       {"seconds": float(value), "peak": float(peak) * 1e6 if peak else 0.0})
    return found


def one_round(tools: Tools, place: Path, numbers: list[int]) -> dict[str, dict[str, float]]:
    """The vault is kept from round to round, the cache is not."""
    subprocess.run(["rm", "-rf", "--", str(place / "index" / "cache")], check=True)
    return parts(measure.output([str(tools.bench / "index-scale"), str(place / "index"),
                                 *map(str, numbers)]))


def main(tools: Tools, argv: list[str]) -> int:
    p = alone.options("index", "The chunk index at 100,000,000 chunks.", 1)
    p.set_defaults(dir=tools.build)
    o = p.parse_args(argv)
    numbers = [int(n * o.scale) for n in (CHUNKS, ABSENT, PRESENT)]
    chunks = numbers[0]
    with alone.scratch(o.dir) as place:
        runs = [one_round(tools, place, numbers) for _ in range(o.rounds)]
    checks = alone.Checks()
    for part in ("build", "open", "look"):
        checks.note(f"{part}: seconds", measure.spread([r[part]["seconds"] for r in runs]).median)
    checks.note("build: peak bytes a chunk", max(r["build"]["peak"] for r in runs) / chunks)
    checks.most("look: peak bytes a chunk", max(r["look"]["peak"] for r in runs) / chunks, 3)
    for what, bar in (("absent", 1_000_000), ("present", None)):
        speed = measure.spread([r[what]["lookups_per_second"] for r in runs]).median
        if bar:
            checks.least(f"{what}: lookups a second", speed, bar)
        else:
            checks.note(f"{what}: lookups a second", speed)
    return checks.end({"chunks": chunks, "runs": runs}, o.json)
