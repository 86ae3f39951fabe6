"""What ten times and a hundred times the work costs, by the file and by the byte."""
from __future__ import annotations

from typing import Any

import alone
import measure
import table
from engines import Tools
from suite import WRITING

TIMES = (1, 10, 100)
PHASES = ("first", "unchanged", "restore", "verify")
FLAT = 1.15
FIGURES = (("wall", "time, us", 1e6), ("peak", "peak memory, bytes", 1))
# Of a tree at scale 1: the unit, how many, and which part of it is one time the work.
WORK = {"small": ("file", 60_000, 1 / 12), "huge": ("MB", 768 * 1.048576, 1 / 24)}


def measured(tools: Tools, o: Any) -> list[dict[str, Any]]:
    records = []
    with alone.scratch(o.dir) as place:
        for kind, (_, units, part) in WORK.items():
            for times in TIMES:
                scale = part * times * o.scale
                with alone.tree(tools, kind, scale, place) as tree:
                    size = measure.tree_memory(tree.path)
                    for _ in range(o.rounds):
                        with alone.vault(tools, place) as engine:
                            for phase in PHASES:
                                if phase in WRITING:
                                    measure.touch_memory(place, size)
                                records.append({"tree": kind, "times": times, "phase": phase,
                                                "units": units * scale,
                                                **engine.run(phase, tree.path)._asdict()})
    return records


def unit_cost(records: list[dict[str, Any]], tree: str, phase: str, what: str) -> list[float]:
    """The median of `what` for one file or one MB, at each size of the work."""
    costs = []
    for times in TIMES:
        these = [r for r in records if (r["tree"], r["phase"], r["times"]) == (tree, phase, times)]
        costs.append(measure.spread([r[what] / r["units"] for r in these]).median)
    return costs


def growth(costs: list[float]) -> float:
    """The most that a unit costs at more work, against what it cost at less."""
    return max(more / less for i, less in enumerate(costs) for more in costs[i + 1:])


def main(tools: Tools, argv: list[str]) -> int:
    p = alone.options("growth", "Cost by the file and by the byte, at 1, 10 and 100 times.", 3)
    o = p.parse_args(argv)
    records = measured(tools, o)
    rows = [("", "cost of a unit", *(f"x{times}" for times in TIMES), "grows by")]
    checks = alone.Checks()
    for tree, (unit, _, _) in WORK.items():
        for phase in PHASES:
            for what, name, factor in FIGURES:
                costs = unit_cost(records, tree, phase, what)
                rows.append((phase, f"{name} a {unit}", *(f"{c * factor:,.1f}" for c in costs),
                             f"{growth(costs):.2f}"))
                checks.most(f"{phase}: {name.split(',')[0]} a {unit}, growth", growth(costs), FLAT)
    print(table.aligned(rows, 2) + "\n")
    return checks.end({"records": records}, o.json)
