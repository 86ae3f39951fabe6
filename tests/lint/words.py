#!/usr/bin/python3
"""Words that this project does not use, in identifiers, comments and texts: words.py [ROOT]

lib/, include/ and examples/ say vault, domain and recovery point. A literal may hold any word: some
belong to a protocol.
"""
from __future__ import annotations

import re
import sys
from typing import Iterator

from csource import Offence, Source, files, line_of, read, run

FORBIDDEN = re.compile(r"repositor(?:y|ies)|snapshot|archiv(?:e|ing)", re.IGNORECASE)
GAP = r"[\s*/#-]+"           # also from line to line of a comment
FINE = re.compile("|".join((
    rf"file(?:-|_|{GAP})system(?:{GAP}|_|-)?snapshots?",
    rf"snapshot(?:{GAP}|_|-)providers?",
    rf"(?:static(?:{GAP}library)?|object|ar|\.a){GAP}archives?",
    rf"archive{GAP}(?:members?\b|of{GAP}objects|\S*\.a\b)",
    r"\w*FILE_ATTRIBUTE_ARCHIVE\b")), re.IGNORECASE)
PROSE = (".md", ".txt", ".build", ".map", ".py", ".sh", ".cs", ".yaml")


def forbidden(text: str) -> Iterator[tuple[int, str]]:
    """Offset and word of each forbidden word; where it is fine its place is blanked."""
    rest = FINE.sub(lambda m: re.sub(r"[^\n]", " ", m[0]), text)
    for m in FORBIDDEN.finditer(rest):
        yield m.start(), m[0]


def lint(root: str) -> Iterator[Offence]:
    for path in files(root, ("lib", "include", "examples"), (".c", ".h") + PROSE):
        text = read(f"{root}/{path}")
        source = Source(text)
        parts = [text] if path.endswith(PROSE) else [source.code, source.comments]
        found = sorted(hit for part in parts for hit in forbidden(part))
        for offset, word in found:
            line = line_of(text, offset)
            yield Offence(path, line, f"{word}: {text.splitlines()[line - 1].strip()}")


if __name__ == "__main__":
    sys.exit(run(lint))
