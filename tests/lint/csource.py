"""What the lints share: C text taken apart, files found, offences printed."""
from __future__ import annotations

import os
import re
import sys
from typing import Callable, Iterator, NamedTuple

PROJECT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
TOKEN = re.compile(r'/\*.*?(?:\*/|\Z)|//(?:\\\n|[^\n])*'
                   r'|"(?:\\.|[^"\\\n])*"?'
                   r"|'(?:\\.|[^'\\\n])*'?", re.DOTALL)


class Offence(NamedTuple):
    file: str
    line: int
    text: str

    def __str__(self) -> str:
        return f"{self.file}:{self.line}: {self.text}"


class Source:
    """A C file. `code` has comments and the insides of literals blanked, `comments` has only the
    comments; both keep every line where it was."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.lines = text.splitlines()
        self.code = TOKEN.sub(lambda m: without_insides(m[0]), text)
        comments, end = [], 0
        for m in TOKEN.finditer(text):
            comments.append(blank(text[end:m.start()]))
            comments.append(m[0] if m[0].startswith("/") else blank(m[0]))
            end = m.end()
        self.comments = "".join(comments) + blank(text[end:])


def blank(text: str) -> str:
    """Spaces of the same shape."""
    return re.sub(r"[^\n]", " ", text)


def without_insides(token: str) -> str:
    """A blank comment, or a literal of which the quotes are left."""
    if token[0] == "/" or len(token) < 2:
        return blank(token)
    return token[0] + blank(token[1:-1]) + token[-1]


def line_of(text: str, offset: int) -> int:
    return text.count("\n", 0, offset) + 1


def read(path: str) -> str:
    with open(path, encoding="utf-8", errors="surrogateescape") as f:
        return f.read()


def files(root: str, folders: tuple[str, ...], endings: tuple[str, ...]) -> Iterator[str]:
    """Paths relative to root, sorted."""
    for folder in folders:
        for path, dirs, names in os.walk(os.path.join(root, folder)):
            dirs.sort()
            for name in sorted(names):
                if name.endswith(endings):
                    yield os.path.relpath(os.path.join(path, name), root)


def run(lint: Callable[[str], Iterator[Offence]]) -> int:
    """The main of a lint whose only argument is the project's root."""
    if len(sys.argv) > 2 or sys.argv[1:] and sys.argv[1].startswith("-"):
        print(f"usage: {sys.argv[0]} [ROOT]", file=sys.stderr)
        return 2
    root = sys.argv[1] if len(sys.argv) > 1 else PROJECT
    if not os.path.isdir(os.path.join(root, "lib")):
        print(f"{sys.argv[0]}: {root} holds no lib", file=sys.stderr)
        return 2
    return tell(lint(root))


def tell(offences: Iterator[Offence]) -> int:
    sys.stdout.reconfigure(errors="backslashreplace")
    found = 0
    for found, offence in enumerate(offences, 1):
        print(offence)
    return 1 if found else 0
