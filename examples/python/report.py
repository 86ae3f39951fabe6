#!/usr/bin/env python3
"""Draw the history of an item's recovery points: their size, what was new, what deduplication and
compression saved, and how long each backup took.

    report.py CONFIG_DIR ITEM OUT.png

Needs matplotlib (Debian: python3-matplotlib) and no display.
"""
from __future__ import annotations

import sys
from datetime import datetime, timezone

import matplotlib  # type: ignore[import]

matplotlib.use("Agg")
import matplotlib.pyplot as plt  # type: ignore[import]  # noqa: E402
from matplotlib.ticker import FuncFormatter  # type: ignore[import]  # noqa: E402

import libmars  # noqa: E402

UNITS = ("B", "KiB", "MiB", "GiB", "TiB", "PiB")


def size(count: float, _: object = None) -> str:
    unit = 0
    while abs(count) >= 1024 and unit + 1 < len(UNITS):
        count, unit = count / 1024, unit + 1
    return f"{count:.3g} {UNITS[unit]}"


def saved(points: list[libmars.PointInfo]) -> list[float]:
    """Percent of all bytes protected so far that the vault did not need to store."""
    protected = stored = 0
    shares = []
    for point in points:
        protected += point.bytes
        stored += point.bytes_added
        shares.append(100 * max(0.0, 1 - stored / protected) if protected else 0.0)
    return shares


def draw(points: list[libmars.PointInfo], stats: libmars.Stats, out: str) -> None:
    times = [datetime.fromtimestamp(point.started, timezone.utc) for point in points]
    figure, axes = plt.subplots(4, 1, figsize=(9, 11), sharex=True, layout="constrained")
    figure.suptitle(f"{points[-1].machine}: {points[-1].item}, {len(points)} recovery points\n"
                    f"the domain: {size(stats.bytes)} protected in {size(stats.object_bytes)}")
    panels = [("protected", [point.bytes for point in points]),
              ("added to the vault", [point.bytes_added for point in points]),
              ("saved so far, %", saved(points)),
              ("duration, s", [point.finished - point.started for point in points])]
    for axis, (title, values) in zip(axes, panels):
        axis.plot(times, values, marker="o", markersize=3)
        axis.set_ylabel(title)
        axis.set_ylim(bottom=0)
        axis.grid(alpha=0.3)
    for axis in axes[:2]:
        axis.yaxis.set_major_formatter(FuncFormatter(size))
    figure.autofmt_xdate()
    figure.savefig(out, dpi=120)


def main() -> int:
    if len(sys.argv) != 4:
        print(__doc__, file=sys.stderr)
        return 2
    config_dir, item, out = sys.argv[1:]
    try:
        with libmars.Agent(config_dir) as agent:
            points = agent.points(item)
            if not points:
                print(f"report: no recovery point of {item}", file=sys.stderr)
                return 1
            draw(points, agent.stats(), out)
    except libmars.Error as e:
        print(f"report: {e}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
