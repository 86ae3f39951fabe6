#!/usr/bin/python3
"""Short functions and files in lib/ and examples/: functions.py [ROOT]

A function is counted from its brace in column 0 to the one that closes it. It may be longer where
the comment directly above says why, with the words "long because"; a file may not.
"""
from __future__ import annotations

import re
import sys
from typing import Iterator

from csource import Offence, Source, files, read, run

FUNCTION_LINES = 60
FILE_LINES = 500
LONG = re.compile(r"\blong\s+(?:\*\s+)?because\b")
HIDDEN_BRACE = re.compile(r"[A-Za-z_][^=;]*\)\s*\{\s*$")


def comment_above(code: list[str], comments: list[str], brace: int) -> str:
    """The comments in and directly above the signature of the function that begins here."""
    first = brace
    while (first > 0 and code[first - 1].strip() and code[first - 1][0] not in "}#"
           and not code[first - 1].rstrip().endswith(";")):
        first -= 1
    while first > 0 and comments[first - 1].strip() and not code[first - 1].strip():
        first -= 1
    return "\n".join(comments[first:brace])


def lint_functions(path: str, source: Source) -> Iterator[Offence]:
    code, comments = source.code.split("\n"), source.comments.split("\n")
    brace = None
    for at, line in enumerate(code):
        if HIDDEN_BRACE.match(line):
            yield Offence(path, at + 1, "the brace of a function stands on its own line")
        if line.rstrip() == "{" and brace is None:
            initialiser = at > 0 and code[at - 1].rstrip().endswith("=")
            brace = None if initialiser else at
        elif line.startswith("}") and brace is not None:
            size = at - brace + 1
            if size > FUNCTION_LINES and not LONG.search(comment_above(code, comments, brace)):
                yield Offence(path, brace + 1, f"function of {size} lines, {FUNCTION_LINES} are "
                                               'allowed without a "long because" above it')
            brace = None
    if brace is not None:
        yield Offence(path, brace + 1, "function without an end in column 0")


def lint(root: str) -> Iterator[Offence]:
    for path in files(root, ("lib", "examples"), (".c", ".h")):
        source = Source(read(f"{root}/{path}"))
        lines = source.text.count("\n")
        if lines > FILE_LINES:
            yield Offence(path, lines, f"file of {lines} lines, {FILE_LINES} are allowed")
        yield from lint_functions(path, source)


if __name__ == "__main__":
    sys.exit(run(lint))
