"""The records as a table of medians, each with its least and most."""
from __future__ import annotations

from typing import Any

from engines import ENGINES, PHASES
from measure import MIB, Spread, spread

HEAD = ("tree", "engine", "phase", "wall s", "", "user s", "", "system s", "", "peak MiB",
        "vault MB", "added MB")


def summed(records: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """One line for each place, tree, phase and engine, in an order for people."""
    lines: dict[tuple[str, str, str, str], dict[str, Any]] = {}
    for r in records:
        key = (r["place"], r["tree"], r["phase"], r["engine"])
        line = lines.setdefault(key, {**dict(zip(("place", "tree", "phase", "engine"), key)),
                                      "all": []})
        line["all"].append(r)
    for line in lines.values():
        runs = line.pop("all")
        line["rounds"] = len(runs)
        for name in ("wall", "user", "system", "peak", "vault", "added"):
            line[name] = spread([float(run[name]) for run in runs])
    places, trees = (list(dict.fromkeys(r[name] for r in records)) for name in ("place", "tree"))
    names = list(ENGINES)
    return sorted(lines.values(), key=lambda x: (places.index(x["place"]), trees.index(x["tree"]),
                                                 PHASES.index(x["phase"]),
                                                 names.index(x["engine"])))


def seconds(s: Spread) -> tuple[str, str]:
    return f"{s.median:.2f}", f"{s.least:.2f}..{s.most:.2f}"


def cells(line: dict[str, Any]) -> tuple[str, ...]:
    stores = line["phase"] in ("first", "unchanged", "changed") and line["vault"].median > 0
    return (line["tree"], line["engine"], line["phase"], *seconds(line["wall"]),
            *seconds(line["user"]), *seconds(line["system"]), f"{line['peak'].most / MIB:.0f}",
            f"{line['vault'].median / 1e6:.1f}" if stores else "",
            f"{line['added'].median / 1e6:.2f}" if stores else "")


def aligned(rows: list[tuple[str, ...]], text_columns: int) -> str:
    widths = [max(len(row[i]) for row in rows) for i in range(len(rows[0]))]
    return "\n".join("  ".join(cell.ljust(w) if i < text_columns else cell.rjust(w)
                               for i, (cell, w) in enumerate(zip(row, widths))).rstrip()
                     for row in rows)


def table(lines: list[dict[str, Any]], place: str) -> str:
    return aligned([HEAD] + [cells(line) for line in lines if line["place"] == place], 3)
