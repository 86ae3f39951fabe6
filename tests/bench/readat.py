"""Reading a file of a recovery point at any place."""
from __future__ import annotations

import json
import subprocess

import alone
import measure
from engines import Mars, Tools

SIZE = 10 << 30
SECONDS = 5.0
READS = 2000


def back_up(tools: Tools, engine: Mars, size: int) -> None:
    """An image that is never on a disk."""
    subprocess.run([str(tools.bench / "readat"), str(engine.scratch / "config"), str(size)],
                   check=True)


def main(tools: Tools, argv: list[str]) -> int:
    p = alone.options("readat", "4 KiB at random and 64 KiB in order of an image of 10 GiB.", 3)
    o = p.parse_args(argv)
    with alone.scratch(o.dir) as place, alone.vault(tools, place) as engine:
        back_up(tools, engine, int(SIZE * o.scale))
        runs = [json.loads(measure.output([str(tools.bench / "readat"),
                                           str(engine.scratch / "config"), "latest", "/image",
                                           str(SECONDS * min(o.scale, 1))]))
                for _ in range(o.rounds)]

    def median(part: str, figure: str) -> float:
        return measure.spread([run[part][figure] for run in runs]).median

    checks = alone.Checks()
    checks.least("4 KiB at random: reads a second", median("random", "reads_per_second"), READS)
    checks.note("4 KiB at random: reads a second of a processor",
                median("random", "reads_per_cpu_second"))
    checks.note("in order: MB a second",
                median("in_order", "reads_per_second") * runs[0]["in_order"]["bytes_a_read"] / 1e6)
    checks.note("opening the point: seconds",
                measure.spread([run["open_seconds"] for run in runs]).median)
    return checks.end({"runs": runs}, o.json)
