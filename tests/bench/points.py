"""100,000 recovery points of 100 machines in one domain: listing them."""
from __future__ import annotations

import json
from typing import Any

import alone
import measure
from engines import Mars, Tools

MACHINES, ITEMS, POINTS = 100, 10, 100
MOST = 0.2


def program(tools: Tools, engine: Mars, *args: object) -> dict[str, Any]:
    return json.loads(measure.output([str(tools.bench / "points-scale"),
                                      str(engine.scratch / "config"), *map(str, args)]))


def main(tools: Tools, argv: list[str]) -> int:
    p = alone.options("points", "100 machines x 10 items x 100 points in one domain.", 11)
    o = p.parse_args(argv)
    machines = max(int(MACHINES * o.scale), 2)
    with alone.scratch(o.dir) as place, alone.vault(tools, place) as engine:
        (place / "tree").mkdir()
        (place / "tree" / "file").write_text("some bytes\n", encoding="ascii")
        engine.call(*engine.mars("backup", str(place / "tree")))
        program(tools, engine, "make", machines, ITEMS, POINTS)
        cold = {}
        for what in ("list", "list-all"):
            engine.call(*engine.mars("cache", "clear"))
            cold[what] = program(tools, engine, what)
        warm = {what: [program(tools, engine, what) for _ in range(o.rounds)]
                for what in ("list-all", "list")}
        table = sum(f.stat().st_size
                    for f in (engine.scratch / "config" / "cache").glob("*/points/*"))

    def median(what: str, figure: str) -> float:
        return measure.spread([run[figure] for run in warm[what]]).median

    checks = alone.Checks()
    checks.note("points", warm["list-all"][0]["points"])
    checks.note("all machines, cold cache: seconds", cold["list-all"]["seconds"])
    checks.most("all machines, warm cache: seconds", median("list-all", "seconds"), MOST)
    checks.note("opening the agent: seconds", median("list-all", "open_seconds"))
    checks.note("all machines, warm cache: MB of memory",
                (median("list-all", "peak") - median("list-all", "peak_before")) / 1e6)
    checks.note("one machine, cold cache: seconds", cold["list"]["seconds"])
    checks.note("one machine, warm cache: seconds", median("list", "seconds"))
    checks.note("one machine, warm cache: MB of memory",
                (median("list", "peak") - median("list", "peak_before")) / 1e6)
    checks.note("in the cache: bytes a point", table / warm["list-all"][0]["points"])
    return checks.end({"cold": cold, "warm": warm}, o.json)
