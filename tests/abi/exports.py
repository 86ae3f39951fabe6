#!/usr/bin/python3
"""The same functions everywhere: exports.py LIBRARY [ROOT]

The MARS_API prototypes of include/mars, the names in lib/mars.map, what `nm -D --defined-only`
shows of the library and what each binding declares are one set, and each name begins with mars_.
"""
from __future__ import annotations

import os
import re
import subprocess
import sys
from typing import Iterator, NamedTuple

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "lint"))
from csource import PROJECT, Offence, Source, files, line_of, read, tell  # noqa: E402

PROTOTYPE = re.compile(r"\bMARS_API\b([^;{]*)[;{]")
# What is called right after the return type; attributes are macros and have no parentheses.
FUNCTION = re.compile(r"\b(\w+)\s*\(")
DIRECTIVE = re.compile(r"^[ \t]*#(?:\\\n|[^\n])*", re.MULTILINE)
MAP = "lib/mars.map"


class Binding(NamedTuple):
    folder: str
    endings: tuple[str, ...]
    declares: str  # a function, its name as the group


# Compared where the folder is there. mars_py_ are Python's own functions, which the library calls.
BINDINGS = [
    Binding("bindings/python", (".h",), r"^[\w \t]+[ *](mars_(?!py_)\w+)\s*\("),
    Binding("bindings/csharp", (".cs",), r"^[^;=]*\bpartial\b[^;=]*\b(mars_\w+)\s*\("),
]


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


def mapped(root: str) -> dict[str, tuple[str, int]]:
    """Where each name stands in the version script; a pattern is a name that no function has."""
    text = re.sub(r"/\*.*?\*/", lambda m: re.sub(r"[^\n]", " ", m[0]), read(f"{root}/{MAP}"),
                  flags=re.DOTALL)
    names = {}
    for part in re.finditer(r"\bglobal:(.*?)(?:\blocal:|\})", text, re.DOTALL):
        for m in re.finditer(r"[^\s;]+(?=\s*;)", part[1]):
            names[m[0]] = (MAP, line_of(text, part.start(1) + m.start()))
    return names


def declared(root: str, binding: Binding) -> dict[str, tuple[str, int]]:
    names: dict[str, tuple[str, int]] = {}
    for path in files(root, (binding.folder,), binding.endings):
        text = read(f"{root}/{path}")
        for m in re.finditer(binding.declares, text, re.MULTILINE):
            names[m[1]] = (path, line_of(text, m.start(1)))
    return names


def compare(names: dict[str, tuple[str, int]], there: dict[str, tuple[str, int]],
            where: str) -> Iterator[Offence]:
    for name in sorted(names.keys() - there.keys()):
        yield Offence(*names[name], f"{name}: is not in {where}")
    for name in sorted(there.keys() - names.keys()):
        yield Offence(*there[name], f"{name}: is in no public header")


def lint(library: str, root: str) -> Iterator[Offence]:
    names, odd = promised(root)
    yield from odd
    for name, (path, line) in sorted(names.items(), key=lambda item: item[1]):
        if not name.startswith("mars_"):
            yield Offence(path, line, f"{name}: public names begin with mars_")
    yield from compare(names, mapped(root), MAP)
    yield from compare(names, {name: (library, 1) for name in exported(library)}, "the library")
    for binding in BINDINGS:
        if os.path.isdir(f"{root}/{binding.folder}"):
            yield from compare(names, declared(root, binding), binding.folder)


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
