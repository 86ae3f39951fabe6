"""The project keeps its own rules."""
import subprocess
import sys
import unittest
from pathlib import Path

LINT = Path(__file__).resolve().parent
ROOT = LINT.parent.parent


class Project(unittest.TestCase):
    def check(self, linter: str, *args: object) -> None:
        done = subprocess.run([sys.executable, LINT / f"{linter}.py", *map(str, args)],
                              capture_output=True, text=True, check=False)
        self.assertEqual((done.returncode, done.stdout + done.stderr), (0, ""))

    def test_rooms_include_only_what_they_may(self) -> None:
        self.check("layers", ROOT)

    def test_functions_and_files_are_short(self) -> None:
        self.check("functions", ROOT)

    def test_public_headers_stand_alone(self) -> None:
        self.check("headers", ROOT)

    def test_words_are_those_of_the_field(self) -> None:
        self.check("words", ROOT)

    def test_the_library_does_not_print(self) -> None:
        self.check("printing", ROOT)

    def test_the_readme_shows_the_example_as_it_is(self) -> None:
        self.assertIn((ROOT / "examples" / "backup_dir.c").read_text(encoding="utf-8"),
                      (ROOT / "README.md").read_text(encoding="utf-8"))

    def test_lines_have_at_most_100_columns(self) -> None:
        as_it_came = ROOT / "tests" / "bench" / "limit.c"
        long = [f"{path.relative_to(ROOT)}:{number}"
                for top in ("include", "lib", "examples", "bindings", "fuzz", "tests")
                for path in sorted((ROOT / top).rglob("*"))
                if path.suffix in (".c", ".h", ".py") and path != as_it_came
                for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1)
                if len(line) > 100]
        self.assertEqual(long, [])


if __name__ == "__main__":
    unittest.main()
