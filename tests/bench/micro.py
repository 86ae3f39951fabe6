"""The library's own parts on one core."""
from __future__ import annotations

import json

import alone
import measure
from engines import Tools

CHUNKER = 2e9


def main(tools: Tools, argv: list[str]) -> int:
    p = alone.options("micro", "The chunker on one core.", 3)
    o = p.parse_args(argv)
    runs = [json.loads(measure.output([str(tools.bench / "micro"), str(o.scale)]))
            for _ in range(o.rounds)]
    checks = alone.Checks()
    for name in runs[0]:
        speed = measure.spread([run[name]["bytes_per_second"] for run in runs]).median
        checks.least(f"{name}: bytes a second", speed, CHUNKER)
    return checks.end({"runs": runs}, o.json)
