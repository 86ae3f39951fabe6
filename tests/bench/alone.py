"""What the measurements of mars alone share: a vault, a tree, a verdict, options."""
from __future__ import annotations

import argparse
import contextlib
import json
import tempfile
from pathlib import Path
from typing import Any, Iterator, Optional

import measure
import table
from bars import verdict
from engines import Mars, Tools
from trees import Tree


def options(name: str, about: str, rounds: int) -> argparse.ArgumentParser:
    p = argparse.ArgumentParser(prog=f"run.sh {name}", description=about)
    p.add_argument("--rounds", type=int, default=rounds)
    p.add_argument("--scale", type=float, default=1.0, help="size of the work; 1: as described")
    p.add_argument("--dir", type=Path, default=Path("/dev/shm"), help="scratch place, on a tmpfs")
    p.add_argument("--json", type=Path, metavar="FILE", help="write all figures here")
    return p


@contextlib.contextmanager
def scratch(where: Path) -> Iterator[Path]:
    with tempfile.TemporaryDirectory(prefix="mars-bench-", dir=where) as directory:
        yield Path(directory).resolve()


@contextlib.contextmanager
def tree(tools: Tools, kind: str, scale: float, place: Path) -> Iterator[Tree]:
    made = Tree(tools.bench, kind, scale, place / kind)
    try:
        yield made
    finally:
        made.remove()


@contextlib.contextmanager
def vault(tools: Tools, place: Path) -> Iterator[Mars]:
    """A machine that is registered with an empty vault."""
    engine = Mars(tools, place / "mars")
    engine.setup()
    try:
        yield engine
    finally:
        engine.remove()


class Checks:
    """Figures that are held against a bar, printed and kept."""

    def __init__(self) -> None:
        self.found: list[dict[str, Any]] = []

    def most(self, what: str, value: float, bar: float) -> None:
        self.found.append({"what": what, "value": value, "most": bar,
                           "verdict": verdict(value, bar)})

    def least(self, what: str, value: float, bar: float) -> None:
        short = 100 * (1 - value / bar)
        self.found.append({"what": what, "value": value, "least": bar,
                           "verdict": "PASS" if value >= bar else f"UNDER by {short:.0f} %"})

    def note(self, what: str, value: float) -> None:
        self.found.append({"what": what, "value": value, "verdict": ""})

    def end(self, more: dict[str, Any], file: Optional[Path]) -> int:
        """Print all, write all."""
        rows = [("measure", "is", "bar", "")]
        for f in self.found:
            bar = (f"<= {number(f['most'])}" if "most" in f else
                   f">= {number(f['least'])}" if "least" in f else "")
            rows.append((f["what"], number(f["value"]), bar, f["verdict"]))
        print(measure.machine() + "\n")
        print(table.aligned(rows, 1))
        if file:
            file.write_text(json.dumps({"machine": measure.machine(), "bars": self.found, **more},
                                       indent=1) + "\n", encoding="utf-8")
        return 0


def number(value: float) -> str:
    return f"{value:,.0f}" if value >= 1000 else f"{value:.2f}"
