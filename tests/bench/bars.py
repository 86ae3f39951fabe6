"""What the figures are held against: a ratio of medians, and the most that it may be."""
from __future__ import annotations

from typing import Any, Callable, NamedTuple, Optional

from measure import MIB

Line = dict[str, Any]


class Bar(NamedTuple):
    what: str
    tree: str
    value: Callable[["Medians"], float]
    most: float


class Absent(Exception):
    """A figure that was not measured in this run."""


class Medians:
    """The medians of one tree."""

    def __init__(self, lines: list[Line], tree: str) -> None:
        self.lines = [line for line in lines if line["tree"] == tree]

    def of(self, engine: str, phase: str, what: str) -> float:
        for line in self.lines:
            if (line["engine"], line["phase"]) == (engine, phase):
                return line[what].median
        raise Absent(engine)

    def cpu(self, engine: str, phase: str) -> float:
        return self.of(engine, phase, "user") + self.of(engine, phase, "system")

    def peak(self) -> float:
        """The most that mars took at its defaults, in any phase."""
        peaks = [line["peak"].most for line in self.lines if line["engine"] == "mars"]
        if not peaks:
            raise Absent("mars")
        return max(peaks) / MIB


def ratio(engine: str, other: str, phase: str, what: str) -> Callable[[Medians], float]:
    def value(m: Medians) -> float:
        below = m.of(other, phase, what)
        if below == 0:
            raise Absent(other)
        return m.of(engine, phase, what) / below
    return value


BARS = [
    Bar("first backup: wall / restic", "mixed", ratio("mars", "restic", "first", "wall"), 0.5),
    Bar("first backup: user / restic", "mixed", ratio("mars", "restic", "first", "user"), 1 / 3),
    Bar("first backup: user / limit", "mixed", ratio("mars", "limit", "first", "user"), 1.6),
    Bar("first backup, unchecked: user / limit", "mixed",
        ratio("mars-nocheck", "limit", "first", "user"), 1.3),
    Bar("first backup, zstd: wall / restic", "mixed",
        ratio("mars-zstd", "restic", "first", "wall"), 0.65),
    Bar("first backup, zstd: vault / restic", "mixed",
        ratio("mars-zstd", "restic", "first", "vault"), 1.02),
    Bar("unchanged: wall / restic", "small", ratio("mars", "restic", "unchanged", "wall"), 1 / 8),
    Bar("unchanged: wall / find", "small",
        lambda m: m.of("mars", "unchanged", "wall") / m.of("find", "unchanged", "wall"), 2),
    Bar("restore: wall / restic", "mixed", ratio("mars", "restic", "restore", "wall"), 1),
    Bar("restore: user / restic", "mixed", ratio("mars", "restic", "restore", "user"), 0.5),
    Bar("restore: wall / cp -a", "mixed", ratio("mars", "cp -a", "restore", "wall"), 1.15),
    Bar("verify: processor time / restic", "mixed",
        lambda m: m.cpu("mars", "verify") / m.cpu("restic", "verify"), 0.75),
    Bar("peak memory of any phase, MiB", "mixed", Medians.peak, 96),
]


def verdict(value: Optional[float], most: float) -> str:
    if value is None:
        return "not measured"
    return "PASS" if value <= most else f"OVER by {100 * (value / most - 1):.0f} %"


def held(lines: list[Line]) -> list[dict[str, Any]]:
    """Each bar with its value in these lines, which are of one place."""
    found = []
    for bar in BARS:
        try:
            value: Optional[float] = bar.value(Medians(lines, bar.tree))
        except Absent:
            value = None
        found.append({"what": bar.what, "tree": bar.tree, "value": value, "most": bar.most,
                      "verdict": verdict(value, bar.most)})
    return found


def rows(found: list[dict[str, Any]]) -> list[tuple[str, ...]]:
    return [("measure", "tree", "is", "may be", "")] + [
        (b["what"], b["tree"], "" if b["value"] is None else f"{b['value']:.2f}",
         f"{b['most']:.2f}", b["verdict"]) for b in found]
