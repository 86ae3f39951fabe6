"""The manual page and the completions say what --help says."""
from __future__ import annotations

import re
import subprocess
import tempfile
import unittest
from pathlib import Path

from kit import BUILD, MARS, TESTS

PAGES = BUILD / "examples"
SOURCES = TESTS.parent / "examples" / "mars"
BASH = """compopt() { :; }
source "$1"
shift
COMP_WORDS=("$@")
COMP_CWORD=$(($# - 1))
_mars
((${#COMPREPLY[@]} == 0)) || printf '%s\\n' "${COMPREPLY[@]}"
"""
# What zsh's own functions would be told.
ZSH = """compadd() { [[ $1 == -a ]] && print -rl -- ${(P)2} || print -rl -- "$@"; }
_describe() { print -rl -- ${(P)@[-1]}; }
_files() { print -r -- files $*; }
_message() { print -r -- message $*; }
compset() { PREFIX=${PREFIX#*=}; }
words=("${@[2,-1]}"); CURRENT=$#words; PREFIX=$words[-1]
source $1
"""


def output(*command: str | Path, cwd: Path | None = None) -> str:
    done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=cwd)
    assert done.returncode == 0 and done.stderr == "", f"{command}: {done}"
    return done.stdout


def help_of(*verb: str) -> dict[str, str]:
    """Each long option that --help shows, and what it says of it."""
    text = output(MARS, *verb, "--help")
    return dict(re.findall(r"^  (?:-\w, |    )(--[\w-]+)(?: \S+)? +(.*)$", text, re.MULTILINE))


def verbs() -> dict[str, str]:
    """Each verb with its arguments, and what it does."""
    listed = output(MARS, "--help").split("verbs:\n")[1].split("\n\n")[0]
    return dict(re.findall(r"^  (\S.*?)  +(\S.*)$", listed, re.MULTILINE))


def name_of(verb: str) -> str:
    """The words of it that are no arguments."""
    return " ".join(w for w in verb.split() if w.islower())


NAMES = sorted(name_of(v) for v in verbs())


def may_follow_recover(verb: str) -> bool:
    return subprocess.run([MARS, "recover", *verb.split(), "--help"], check=False,
                          capture_output=True).returncode == 0


def plain(roff: str) -> str:
    """What a reader sees, in one line."""
    text = re.sub(r"\\f.|\\&", "", roff)
    for escaped, char in ((r"\-", "-"), (r"\(aq", "'"), (r"\(ti", "~"), (r"\(ha", "^"),
                          (r"\(ga", "`"), (r"\e", "\\")):
        text = text.replace(escaped, char)
    return " ".join(text.split())


class Manual(unittest.TestCase):
    page = (PAGES / "mars.1").read_text(encoding="utf-8")

    def section(self, start: str) -> str:
        self.assertIn(start + "\n", self.page)
        return re.split(r"^\.S[SH] ", self.page.split(start + "\n", 1)[1], flags=re.MULTILINE)[0]

    def test_every_verb_is_there_with_every_option(self) -> None:
        everywhere = help_of()
        self.assertGreater(len(NAMES), 20)
        for verb, what in verbs().items():
            text = plain(self.section(f".SS {name_of(verb)}"))
            self.assertIn(what, text)
            for option, does in help_of(*name_of(verb).split()).items():
                if option not in everywhere:
                    self.assertRegex(text, rf"{option} .*{re.escape(does)}")
        text = plain(self.section(".SH OPTIONS"))
        for option, does in everywhere.items():
            self.assertRegex(text, rf"{option} .*{re.escape(does)}")

    def test_sections(self) -> None:
        self.assertEqual(re.findall(r"^\.SH (.*)$", self.page, re.MULTILINE),
                         ["NAME", "SYNOPSIS", "DESCRIPTION", "OPTIONS", "VERBS", "EXIT STATUS",
                          "ENVIRONMENT", "FILES", "EXAMPLES", "SEE ALSO"])
        for code in (0, 1, 2, 3, 130):
            self.assertIn(f".TP\n\\fB{code}\\fR\n", self.section(".SH EXIT STATUS"))
        self.assertNotRegex(self.page, r"@[A-Z_]+@")

    def test_every_variable_that_is_read_is_named(self) -> None:
        read = set()
        for path in SOURCES.glob("*.c"):
            text = path.read_text(encoding="utf-8")
            read |= set(re.findall(r'(?:getenv|reach_variable)\([^")]*"(\w+)"', text))
            read |= set(re.findall(r'"(AWS_\w+)"', text))
        self.assertGreater(len(read), 30)
        named = set(re.findall(r"\w+", self.section(".SH ENVIRONMENT")))
        self.assertEqual(read - named, set())

    def test_nothing_in_it_is_warned_about(self) -> None:
        page = PAGES / "mars.1"
        self.assertEqual(output("mandoc", "-T", "lint", "-W", "warning", page), "")
        for device in ("utf8", "ascii"):
            self.assertEqual(output("groff", "-man", "-ww", "-z", f"-T{device}", page), "")


class Completion:
    """What each shell's completion offers; `words` are typed, the last one is to be completed."""

    def setUp(self) -> None:
        scratch = tempfile.TemporaryDirectory(prefix="mars-test-")
        self.addCleanup(scratch.cleanup)
        self.place = Path(scratch.name)
        (self.place / "pat terns").touch()
        (self.place / "papers").mkdir()

    def offers(self, *words: str) -> set[str]:
        raise NotImplementedError

    def test_verbs(self) -> None:
        self.assertEqual(self.offers(""), {n.split()[0] for n in NAMES})
        for group in ("vault", "key", "cache"):
            self.assertEqual(self.offers(group, ""),
                             {n.split()[1] for n in NAMES if n.startswith(group + " ")})
        self.assertEqual(self.offers("--config", "key", "-q", "vault", ""),
                         {"create", "show", "credentials"})

    def test_options_of_each_verb(self) -> None:
        for name in NAMES:
            with self.subTest(name):
                offered = {o for o in self.offers(*name.split(), "--") if o.startswith("--")}
                self.assertEqual(offered, set(help_of(*name.split())))
        self.assertIn("--conflict", self.offers("restore", "latest", "--to", "x", "--c"))

    def test_recover(self) -> None:
        before = ["recover", "--credentials", "points"]
        follow = {n.split()[0] for n in NAMES if may_follow_recover(n)}
        self.assertLess({"points", "restore"}, follow)
        self.assertEqual(self.offers(*before, ""), follow)
        offered = {o for o in self.offers(*before, "verify", "--") if o.startswith("--")}
        self.assertEqual(offered, set(help_of("recover", "verify")))

    def test_choices(self) -> None:
        conflict = {"copy", "overwrite", "skip"}
        self.assertEqual(self.offers("restore", "--conflict", ""), conflict)
        self.assertEqual(self.offers("backup", "--compression", ""),
                         {"lz4", "lz4hc", "zstd", "none"})
        self.assertEqual(self.offers("verify", ""), {"latest"})


class Bash(Completion, unittest.TestCase):
    def offers(self, *words: str) -> set[str]:
        return set(output("bash", "-c", BASH, "bash", PAGES / "mars.bash", "mars", *words,
                          cwd=self.place).splitlines())

    def test_beginnings(self) -> None:
        self.assertEqual(self.offers("ba"), {"backup"})
        self.assertEqual(self.offers("backup", "--exclude-c"), {"--exclude-caches"})
        self.assertEqual(self.offers("restore", "--conflict", "=", "o"), {"overwrite"})
        self.assertEqual(self.offers("restore", "--conflict", "="), {"copy", "overwrite", "skip"})
        self.assertEqual(self.offers("nonsense", ""), set())
        self.assertEqual(self.offers("points", ""), set())
        self.assertEqual(self.offers("backup", "--", "--"), set())

    def test_files_and_directories(self) -> None:
        both, directories = {"pat terns", "papers"}, {"papers"}
        self.assertEqual(self.offers("backup", "--exclude-file", "pa"), both)
        self.assertEqual(self.offers("backup", "--exclude-file", "=", "pa"), both)
        self.assertEqual(self.offers("backup", "a", "pa"), both)
        self.assertEqual(self.offers("restore", "latest", "pa"), both)
        self.assertEqual(self.offers("restore", "--to", "pa"), directories)
        self.assertEqual(self.offers("--config", "pa"), directories)
        self.assertEqual(self.offers("cache", "move", "pa"), directories)
        self.assertEqual(self.offers("backup", "--item", "pa"), set())

    def test_bash_itself_loads_it(self) -> None:
        shown = output("bash", "-c", 'source "$1"; complete -p mars', "bash", PAGES / "mars.bash")
        self.assertEqual(shown, "complete -F _mars mars\n")


class Zsh(Completion, unittest.TestCase):
    def lines(self, *words: str) -> list[str]:
        script = self.place / "script"
        script.write_text(ZSH, encoding="utf-8")
        return output("zsh", "-f", script, PAGES / "_mars", "mars", *words).splitlines()

    def offers(self, *words: str) -> set[str]:
        return {line.split(":")[0] for line in self.lines(*words)}

    def test_each_with_its_help(self) -> None:
        everything = self.lines("") + self.lines("backup", "-")
        for word, does in ({"backup": verbs()["backup PATH..."]} | help_of("backup")).items():
            self.assertIn(f"{word}:{does}", everything)

    def test_files_and_directories(self) -> None:
        self.assertEqual(self.lines("backup", "--exclude-file", ""), ["files"])
        self.assertEqual(self.lines("backup", "--exclude-file="), ["files"])
        self.assertEqual(self.lines("restore", "latest", ""), ["files"])
        self.assertEqual(self.lines("restore", "--to", ""), ["files -/"])
        self.assertEqual(self.lines("backup", "--item", ""), ["message NAME"])


class Fish(Completion, unittest.TestCase):
    def offers(self, *words: str) -> set[str]:
        line = "mars " + " ".join(words)
        script = f'source "{PAGES}/mars.fish"; complete -C"{line}"'
        shown = output("fish", "--no-config", "-c", script, cwd=self.place)
        return {offer.split("\t")[0] for offer in shown.splitlines()}

    def test_files_and_directories(self) -> None:
        both, directories = {"pat terns", "papers/"}, {"papers/"}
        self.assertEqual(self.offers("backup", "--exclude-file", "pa"), both)
        self.assertEqual(self.offers("backup", "pa"), both)
        self.assertEqual(self.offers("restore", "--to", "pa"), directories)
        self.assertEqual(self.offers("points", "pa"), set())


if __name__ == "__main__":
    unittest.main()
