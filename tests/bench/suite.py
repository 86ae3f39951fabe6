"""The rounds: every engine through every phase on every tree, in turn."""
from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any, Callable, NamedTuple

import measure
from engines import ENGINES, Engine, Tools
from trees import Tree

PROBE_TRIES = 10
WRITING = ("first", "restore", "changed")  # phases that fill much memory where that is the disk
PROBES_HELP = f"how often a busy machine is probed anew ({PROBE_TRIES})"


class Plan(NamedTuple):
    """What is wanted of a run in one place."""
    place: str          # its name in the table
    directory: Path
    cold: bool          # forget what is cached before each phase
    trees: list[str]
    engines: list[str]
    phases: list[str]
    rounds: int
    scale: float
    probes: int         # how often a busy machine is probed


class Suite:
    """Runs plans and keeps a record of each measurement."""

    def __init__(self, tools: Tools) -> None:
        self.tools = tools
        self.records: list[dict[str, Any]] = []
        self.probes: list[dict[str, Any]] = []
        self.absent: dict[str, str] = {}

    def run(self, plan: Plan) -> None:
        engines = self.present(plan)
        for kind in plan.trees:
            self.say(f"{plan.place}: making the tree {kind}")
            tree = Tree(self.tools.bench, kind, plan.scale, plan.directory / kind)
            try:
                for number in range(plan.rounds):
                    self.round(plan, tree, number, rotated(engines, number))
            finally:
                tree.remove()

    def present(self, plan: Plan) -> list[Engine]:
        engines = []
        for name in plan.engines:
            engine = ENGINES[name](self.tools, plan.directory / name.replace(" ", ""))
            why = engine.missing()
            if why:
                self.absent[name] = why
                self.say(f"without {name}: {why}")
            else:
                engines.append(engine)
        return engines

    def round(self, plan: Plan, tree: Tree, number: int, engines: list[Engine]) -> None:
        factor, tried, good = measure.probe(plan.probes)
        self.probes.append({"place": plan.place, "tree": tree.kind, "round": number,
                            "factor": factor, "tried": tried, "good": good})
        self.say(f"{plan.place}: {tree.kind}, round {number + 1} of {plan.rounds}: two cores do "
                 f"{factor:.2f} of one{'' if tried == 1 else f', at try {tried}'}"
                 f"{'' if good else ': THE MACHINE IS BUSY'}")
        if not plan.cold:
            tree.warm()
        size = measure.tree_memory(tree.path)
        for engine in engines:
            try:
                self.play(plan, tree, size, number, engine)
            finally:
                engine.remove()

    def play(self, plan: Plan, tree: Tree, size: int, number: int, engine: Engine) -> None:
        """One engine's phases. The first is run in any case: the others build on it."""
        engine.setup()
        for phase in engine.phases:
            if phase not in plan.phases and phase != "first":
                continue
            if phase == "changed":
                tree.change(1)
            if plan.cold:
                measure.cool()
            elif phase in WRITING:
                measure.touch_memory(plan.directory, size)
            before = vault_bytes(engine)
            sample = engine.run(phase, tree.path)
            self.records.append({
                "place": plan.place, "tree": tree.kind, "round": number, "engine": engine.name,
                "phase": phase, **sample._asdict(), "vault": vault_bytes(engine),
                "added": vault_bytes(engine) - before})
            if phase == "restore":
                if number == 0:
                    compare(tree.path, engine.restored(tree.path))
                subprocess.run(["rm", "-rf", "--", str(engine.out)], check=True)
            if phase == "changed":
                tree.change(0)

    @staticmethod
    def say(text: str) -> None:
        print(text, file=sys.stderr, flush=True)


def rotated(engines: list[Engine], by: int) -> list[Engine]:
    by %= max(1, len(engines))
    return engines[by:] + engines[:by]


def vault_bytes(engine: Engine) -> int:
    if engine.vault.is_file():
        return engine.vault.stat().st_size
    return measure.tree_bytes(engine.vault) if engine.vault.is_dir() else 0


def compare(tree: Path, restored: Path) -> None:
    done = subprocess.run(["diff", "-r", "--no-dereference", str(tree), str(restored)],
                          capture_output=True, text=True, errors="replace", check=False)
    if done.returncode != 0:
        raise measure.Failed(f"what was restored differs: {done.stdout[:1000]}{done.stderr[:1000]}")


def values(records: list[dict[str, Any]], key: Callable[[dict[str, Any]], float],
           **wanted: str) -> list[float]:
    """One figure of all the records that fit."""
    return [key(r) for r in records if all(r[name] == value for name, value in wanted.items())]
