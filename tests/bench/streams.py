"""Many streams at once in one process: their rate, their memory, and that they can be restored."""
from __future__ import annotations

import json
import subprocess
from typing import Any

import alone
import measure
from engines import Mars, Tools

MEMORY = 512


def one(tools: Tools, engine: Mars, n: int, mib: int, kind: str) -> dict[str, Any]:
    out = engine.scratch / "result"
    sample = measure.run([str(tools.bench / "streams"), str(engine.scratch / "config"), str(n),
                          str(mib), kind], out=out)
    result = json.loads(out.read_text(encoding="utf-8"))
    if result["files"] != n or result["bytes_read"] != n * mib * measure.MIB:
        raise measure.Failed(f"not all streams were written: {result}")
    return {"kind": kind, "bytes": result["bytes_read"], **sample._asdict()}


def main(tools: Tools, argv: list[str]) -> int:
    p = alone.options("streams", "64 streams at once, 16 GiB in all.", 1)
    p.add_argument("--streams", type=int, default=64, help="at once (64)")
    p.add_argument("--mib", type=int, default=256, help="in each (256)")
    o = p.parse_args(argv)
    records = []
    with alone.scratch(o.dir) as place, alone.vault(tools, place) as engine:
        for kind in ("mixed", "zeros") * o.rounds:
            records.append(one(tools, engine, o.streams, o.mib, kind))
        subprocess.run(engine.mars("verify", "--read-data"), check=True,
                       stdout=subprocess.DEVNULL)
    checks = alone.Checks()
    for kind in ("mixed", "zeros"):
        mine = [r for r in records if r["kind"] == kind]
        checks.note(f"{kind}: MB/s",
                    mine[0]["bytes"] / measure.spread([r["wall"] for r in mine]).median / 1e6)
        checks.most(f"{kind}: peak memory, MiB", max(r["peak"] for r in mine) / measure.MIB,
                    MEMORY)
    return checks.end({"records": records}, o.json)
