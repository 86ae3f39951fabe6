"""Many names and no bytes: what they take in the vault, in time and in memory."""
from __future__ import annotations

from typing import Any

import alone
import measure
from engines import Tools

ENTRIES = {"metadata": (1_010_000, 1_000_000), "flat": (5_000_000, 5_000_000)}
MEMORY = 128


def measured(tools: Tools, o: Any, kind: str, phases: list[str]) -> list[dict[str, Any]]:
    """The phases after the first backup `rounds` times each."""
    records = []
    with alone.scratch(o.dir) as place, alone.tree(tools, kind, o.scale, place) as tree, \
            alone.vault(tools, place) as engine:
        for phase in ["first"] + phases * o.rounds:
            sample = engine.run(phase, tree.path)
            records.append({"phase": phase, **sample._asdict(),
                            "vault": measure.tree_bytes(engine.vault)})
    return records


def of(records: list[dict[str, Any]], phase: str, what: str) -> measure.Spread:
    return measure.spread([r[what] for r in records if r["phase"] == phase])


def report(o: Any, kind: str, records: list[dict[str, Any]]) -> int:
    entries = ENTRIES[kind][0] * o.scale
    checks = alone.Checks()
    checks.note("entries", entries)
    for phase in dict.fromkeys(r["phase"] for r in records):
        rate = entries / of(records, phase, "wall").median
        if (kind, phase) == ("metadata", "unchanged"):
            checks.least("unchanged: entries a second", rate, 150_000)
        else:
            checks.note(f"{phase}: entries a second", rate)
    first = of(records, "first", "vault").median / measure.MIB
    if kind == "metadata":
        checks.most("in the vault, with the stat table, MiB", first, 20 * o.scale)
    else:
        checks.note("in the vault, MiB", first)
    for phase in dict.fromkeys(r["phase"] for r in records):
        checks.most(f"{phase}: peak memory, MiB", of(records, phase, "peak").most / measure.MIB,
                    MEMORY)
    return checks.end({"records": records}, o.json)


def metadata(tools: Tools, argv: list[str]) -> int:
    p = alone.options("metadata", "1,000,000 empty files in 10,000 directories.", 3)
    o = p.parse_args(argv)
    return report(o, "metadata", measured(tools, o, "metadata", ["unchanged", "verify"]))


def flat(tools: Tools, argv: list[str]) -> int:
    p = alone.options("flat", "One directory of 5,000,000 empty files.", 1)
    p.add_argument("--restore", action="store_true", help="restore it too")
    o = p.parse_args(argv)
    return report(o, "flat", measured(tools, o, "flat",
                                      ["unchanged"] + ["restore"] * o.restore))
