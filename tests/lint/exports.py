#!/usr/bin/python3
"""The library exports what its headers promise, and no more: exports.py LIBRARY [ROOT]

The names that `nm -D --defined-only` shows are those of the MARS_API prototypes in include/mars,
and each begins with mars_.
"""
from __future__ import annotations

import os
import re
import subprocess
import sys
from typing import Iterator

from csource import PROJECT, Offence, Source, files, line_of, read, tell

PROTOTYPE = re.compile(r"\bMARS_API\b([^;{]*)[;{]")
# What is called right after the return type; attributes are macros and have no parentheses.
FUNCTION = re.compile(r"\b(\w+)\s*\(")
DIRECTIVE = re.compile(r"^[ \t]*#(?:\\\n|[^\n])*", re.MULTILINE)


def promised(root: str) -> tuple[dict[str, tuple[str, int]], list[Offence]]:
    """Where each function is declared, and the MARS_API of which no name can be told."""
    names: dict[str, tuple[str, int]] = {}
    odd = []
    for path in files(root, ("include/mars",), (".h",)):
        code = Source(read(f"{root}/{path}")).code
        code = DIRECTIVE.sub(lambda m: re.sub(r"[^\n]", " ", m[0]), code)
        for m in PROTOTYPE.finditer(code):
            function = FUNCTION.search(m[1])
            line = line_of(code, m.start())
            if function is None:
                odd.append(Offence(path, line, "MARS_API before something that is no function"))
            elif function[1] in names:
                odd.append(Offence(path, line, f"{function[1]} is declared twice"))
            else:
                names[function[1]] = (path, line)
    return names, odd


def exported(library: str) -> set[str]:
    """Version nodes are listed as absolute symbols and are no names of the library."""
    done = subprocess.run(["nm", "-D", "--defined-only", "--", library], text=True, check=True,
                          capture_output=True)
    names = set()
    for line in done.stdout.splitlines():
        fields = line.split()
        if len(fields) == 3 and fields[1] != "A":
            names.add(fields[2].split("@")[0])
    return names


def lint(library: str, root: str) -> Iterator[Offence]:
    names, odd = promised(root)
    there = exported(library)
    yield from odd
    for name, (path, line) in sorted(names.items(), key=lambda item: item[1]):
        if not name.startswith("mars_"):
            yield Offence(path, line, f"{name}: public names begin with mars_")
        if name not in there:
            yield Offence(path, line, f"{name}: is not exported by the library")
    for name in sorted(there - names.keys()):
        yield Offence(library, 1, f"{name}: is exported and in no public header"
                      + ("" if name.startswith("mars_") else ", and does not begin with mars_"))


def main() -> int:
    if not 2 <= len(sys.argv) <= 3:
        print(f"usage: {sys.argv[0]} LIBRARY [ROOT]", file=sys.stderr)
        return 2
    root = sys.argv[2] if len(sys.argv) == 3 else PROJECT
    try:
        return tell(lint(sys.argv[1], os.path.normpath(root)))
    except (OSError, subprocess.CalledProcessError) as e:
        print(f"exports: {getattr(e, 'stderr', None) or e}", file=sys.stderr)
        return 2


if __name__ == "__main__":
    sys.exit(main())
