"""Run the compiled tests and the Python ones, and add them up.

usage: run.py BUILD_DIR [SUITE…]    SUITE: unit fuzz api, or the name of a folder of Python tests
"""
import json
import os
import re
import subprocess
import sys
import time
import unittest
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

TESTS = Path(__file__).resolve().parent
# Two rows run beside each other, as long as each other: much of what is in the second waits for
# servers, and what builds the bindings is in one row.
ROWS = [["lint", "abi", "install", "reader", "tools", "cli", "large"],
        ["stores", "python", "csharp", "embedding", "bench"]]


def compiled(build: Path, suites: list[str]) -> tuple[int, int, int]:
    """Run meson's tests; cmocka prints a TAP line for each case."""
    if not suites:
        return 0, 0, 0
    args = ["meson", "test", "-C", str(build), "--no-rebuild", "--quiet"]
    for suite in suites:
        args += ["--suite", suite]
    subprocess.run(args, env=os.environ | {"CMOCKA_MESSAGE_OUTPUT": "TAP"}, check=False)
    passed = failed = skipped = 0
    with open(build / "meson-logs" / "testlog.json", encoding="utf-8") as log:
        for line in log:
            test = json.loads(line)
            ok, bad, skip = cases(test)
            passed, failed, skipped = passed + ok, failed + bad, skipped + skip
            if bad:
                print(f"FAILED {test['name']}\n{test.get('stdout', '')}{test.get('stderr', '')}")
    return passed, failed, skipped


def cases(test: dict) -> tuple[int, int, int]:
    """Passed, failed and skipped cases of one executable."""
    lines = test.get("stdout", "").splitlines()
    skips = [line for line in lines if "# SKIP" in line]
    ok = sum(line.startswith("ok ") for line in lines if line not in skips)
    bad = sum(line.startswith("not ok ") for line in lines if line not in skips)
    for line in skips:
        print(f"skipped {test['name']}: {line}")
    if test["result"] == "SKIP":
        print(f"skipped {test['name']}")
        return ok, bad, len(skips) or 1
    if test["result"] != "OK" and bad == 0:
        bad = 1
    return ok or (1 if test["result"] == "OK" and not skips else 0), bad, len(skips)


class Counted(unittest.TextTestResult):
    """A class that is skipped or fails as a whole runs no test, so what passed is counted."""
    passed = 0

    def addSuccess(self, test: unittest.TestCase) -> None:
        super().addSuccess(test)
        self.passed += 1


def python(folder: str) -> tuple[int, int, int]:
    """Run one folder's unittest files in this process."""
    sys.path.insert(0, str(TESTS / folder))
    suite = unittest.TestLoader().discover(str(TESTS / folder), pattern="test_*.py",
                                           top_level_dir=str(TESTS / folder))
    result = unittest.TextTestRunner(verbosity=1, resultclass=Counted).run(suite)
    sys.path.pop(0)
    for test, why in result.skipped:
        print(f"skipped {test}: {why}")
    failed = len(result.failures) + len(result.errors) + len(result.unexpectedSuccesses)
    return result.passed, failed, len(result.skipped)


def apart(build: Path, folder: str) -> tuple[int, int, int]:
    """Run one folder in a process of its own, and show what it said."""
    began = time.monotonic()
    done = subprocess.run([sys.executable, __file__, str(build), folder], text=True, check=False,
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT, errors="replace")
    lines = done.stdout.splitlines()
    print("\n".join([f"== {folder}: {time.monotonic() - began:.0f} s", *lines[:-1]]), flush=True)
    sums = re.fullmatch(r"(\d+) passed, (\d+) failed, (\d+) skipped", lines[-1] if lines else "")
    return (int(sums[1]), int(sums[2]), int(sums[3])) if sums else (0, 1, 0)


def rows(build: Path, wanted: list[str]) -> list[tuple[int, int, int]]:
    def one_by_one(row: list[str]) -> list[tuple[int, int, int]]:
        return [apart(build, folder) for folder in row if not wanted or folder in wanted]

    with ThreadPoolExecutor(len(ROWS)) as pool:
        return [total for totals in pool.map(one_by_one, ROWS) for total in totals]


def main() -> int:
    build = Path(sys.argv[1]).resolve()
    wanted = sys.argv[2:]
    os.environ["MARS"] = str(build / "examples" / "mars")
    os.environ["MARS_BUILD"] = str(build)
    suites = [s for s in ("unit", "fuzz", "api") if not wanted or s in wanted]
    totals = [compiled(build, suites)]
    if len(wanted) == 1 and any(wanted[0] in row for row in ROWS):
        totals.append(python(wanted[0]))
    else:
        totals += rows(build, wanted)
    passed, failed, skipped = (sum(t[i] for t in totals) for i in range(3))
    print(f"{passed} passed, {failed} failed, {skipped} skipped")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
