"""The benchmarks run, on work so small that figures say nothing, and their tables are whole."""
import hashlib
import json
import os
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

HERE = Path(__file__).resolve().parent
BUILD = Path(os.environ.get("MARS_BUILD", HERE.parent.parent / "build" / "tests"))
sys.path.insert(0, str(HERE))

import bars
import measure
from engines import ENGINES, METADATA
from trees import TREES

KINDS = [*TREES, "metadata", "flat"]


class Scratch(unittest.TestCase):
    def setUp(self) -> None:
        place = tempfile.TemporaryDirectory(prefix="mars-bench-test-")
        self.addCleanup(place.cleanup)
        self.place = Path(place.name)

    def bench(self, *args: object) -> tuple[str, dict]:
        """What a run prints, and what it writes."""
        out = self.place / "out.json"
        done = subprocess.run(["sh", str(HERE / "run.sh"), *map(str, args), "--dir",
                               str(self.place), "--json", str(out)], capture_output=True,
                              text=True, check=False, env=os.environ | {"BUILD": str(BUILD)})
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        return done.stdout, json.loads(out.read_text(encoding="utf-8"))


class Suite(Scratch):
    def test_a_quick_run_has_every_row(self) -> None:
        text, found = self.bench("--quick")
        rows = [line.split() for line in text.replace("cp -a", "cp-a").splitlines()]
        here = [name for name in ENGINES if name not in found["absent"]]
        self.assertIn("mars", here)
        for tree in ("mixed", "small"):
            for engine in here:
                for phase in ENGINES[engine].phases:
                    row = [tree, engine.replace(" ", ""), phase]
                    self.assertEqual(sum(r[:3] == row for r in rows), 1, row)
        for bar in found["bars"]:
            self.assertIn(bar["what"], text)
            self.assertEqual(bar["value"] is None, bar["verdict"] == "not measured")
        self.assertEqual({r["round"] for r in found["records"]}, {0})

    def test_what_is_wanted_is_run(self) -> None:
        _, found = self.bench("--quick", "--trees", "huge", "--engines", "mars,find", "--phases",
                              "first,unchanged", "--rounds", "1")
        self.assertEqual({(r["tree"], r["engine"], r["phase"]) for r in found["records"]},
                         {("huge", "mars", "first"), ("huge", "mars", "unchanged"),
                          ("huge", "find", "unchanged")})


class Alone(Scratch):
    def check(self, *args: object) -> None:
        _, found = self.bench(*args, "--rounds", "1")
        self.assertTrue(found["bars"])
        for bar in found["bars"]:
            self.assertGreaterEqual(bar["value"], 0 if bar["verdict"] == "" else 1e-9, bar)

    def test_huge(self) -> None:
        self.check("huge", "--gib", "0.03", "--probes", "1")

    def test_streams(self) -> None:
        self.check("streams", "--streams", "5", "--mib", "3")

    def test_metadata(self) -> None:
        self.check("metadata", "--scale", "0.001")

    def test_flat(self) -> None:
        self.check("flat", "--scale", "0.0002", "--restore")

    def test_growth(self) -> None:
        self.check("growth", "--scale", "0.01")

    def test_index(self) -> None:
        self.check("index", "--scale", "0.001")

    def test_link(self) -> None:
        sys.path.insert(0, str(HERE.parent / "servers"))
        from servers import need
        need("ceph-osd", "radosgw")
        self.check("link", "--scale", "0.02")

    def test_micro(self) -> None:
        self.check("micro", "--scale", "0.05")

    def test_points(self) -> None:
        self.check("points", "--scale", "0.02")

    def test_readat(self) -> None:
        self.check("readat", "--scale", "0.01")


class Trees(Scratch):
    def make(self, kind: str, *more: str) -> None:
        subprocess.run([str(BUILD / "tests" / "bench" / "maketree"), kind, "7", "0.002",
                        str(self.place / kind), *more], check=True)

    def state(self, kind: str) -> dict[str, tuple[int, int, str]]:
        """Of each file its size, time and content."""
        top = self.place / kind
        return {str(p.relative_to(top)): (p.stat().st_size, p.stat().st_mtime_ns,
                                          hashlib.sha256(p.read_bytes()).hexdigest())
                for p in sorted(top.rglob("*")) if p.is_file()}

    def test_the_same_seed_makes_the_same_tree(self) -> None:
        for kind in KINDS:
            with self.subTest(kind):
                self.make(kind)
                once = self.state(kind)
                subprocess.run(["rm", "-rf", str(self.place / kind)], check=True)
                self.make(kind)
                self.assertEqual(self.state(kind), once)

    def test_a_change_changes_some_and_can_be_taken_back(self) -> None:
        for kind in TREES:
            with self.subTest(kind):
                self.make(kind)
                first = self.state(kind)
                self.make(kind, "1")
                second = self.state(kind)
                self.assertEqual(first.keys(), second.keys())
                changed = [name for name in first if first[name] != second[name]]
                self.assertTrue(changed)
                self.assertEqual([n for n in first if first[n][2] != second[n][2]], changed)
                self.assertEqual([n for n in first if first[n][0] != second[n][0]], [])
                self.make(kind, "0")
                self.assertEqual(self.state(kind), first)


class Bars(unittest.TestCase):
    def line(self, engine: str, phase: str, wall: float) -> dict:
        figures = {what: measure.spread([wall]) for what in ("wall", "user", "system", "vault")}
        return {"tree": "mixed", "engine": engine, "phase": phase,
                "peak": measure.spread([float(measure.MIB)]), **figures}

    def test_a_bar_is_kept_passed_or_not_measured(self) -> None:
        lines = [self.line("mars", "first", 6), self.line("restic", "first", 10),
                 self.line("mars", "restore", 4), self.line("restic", "restore", 10)]
        found = {b["what"]: b["verdict"] for b in bars.held(lines)}
        self.assertEqual(found["first backup: wall / restic"], "OVER by 20 %")
        self.assertEqual(found["restore: wall / restic"], "PASS")
        self.assertEqual(found["restore: wall / cp -a"], "not measured")
        self.assertEqual(found["peak memory of any phase, MiB"], "PASS")

    def test_find_prints_what_a_scan_looks_at(self) -> None:
        for directive in "pymUGsin":
            self.assertIn(f"%{directive}", METADATA)

    def test_a_failed_command_says_why(self) -> None:
        with self.assertRaisesRegex(measure.Failed, "ended with 2: .*no-such-file"):
            measure.run(["ls", "/no-such-file"])


if __name__ == "__main__":
    unittest.main()
