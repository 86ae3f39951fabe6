#!/usr/bin/python3
"""Short functions and files in lib/ and examples/: functions.py [ROOT]

A function is counted from its brace in column 0 to the one that closes it. It may be longer where the
comment directly above says why, with the words "long because"; a file may not.
"""
from __future__ import annotations

import re
import sys
from typing import Iterator

from csource import Offence, Source, files, read, run

FUNCTION_LINES = 60
FILE_LINES = 500
LONG = re.compile(r"\blong\s+(?:\*\s+)?because\b")
HIDDEN_BRACE = re.compile(r"^[A-Za-z_][^=;]*\)\s*\{\s*$")
# Ends what belongs to the function: another's end, a directive, a declaration, an empty line.
END_ABOVE = re.compile(r"^\s*$|^[}#]|;\s*$")


def above(code: list[str], text: list[str], brace: int) -> str:
    """The signature of the function whose brace is in this line, and the comment above it."""
    first = brace
    while first > 0 and not (END_ABOVE.match(code[first - 1]) and END_ABOVE.search(text[first - 1])):
        first -= 1
    return "\n".join(text[first:brace])
