#!/usr/bin/python3
"""Each public header compiles alone, and twice, as C11 and as C++11 without a warning.

    headers.py [ROOT]

$CC and $CXX name the compilers; without them gcc and g++.
"""
from __future__ import annotations

import os
import posixpath
import re
import subprocess
import sys
from typing import Iterator

from csource import Offence, files, run

STRICT = ["-pedantic-errors", "-Wall", "-Wextra", "-Werror", "-fsyntax-only"]
MESSAGE = re.compile(r"(?P<file>[^\s:][^:\n]*):(?P<line>\d+):(?:\d+:)? (?:fatal )?error: "
                     r"(?P<text>.*)")


def compilers() -> Iterator[tuple[str, list[str]]]:
    cc, cxx = os.environ.get("CC", "gcc"), os.environ.get("CXX", "g++")
    yield "C11", [*cc.split(), "-x", "c", "-std=c11"]
    yield "C++11", [*cxx.split(), "-x", "c++", "-std=c++11"]


def compile_alone(root: str, header: str, language: str, compiler: list[str]) -> Iterator[Offence]:
    path = posixpath.join("include", header)
    include = os.path.join(os.path.abspath(root), "include")
    done = subprocess.run([*compiler, *STRICT, f"-I{include}", "-"], text=True, capture_output=True,
                          input=f"#include <{header}>\n#include <{header}>\n",
                          env={**os.environ, "LC_ALL": "C"})
    if done.returncode == 0:
        return
    for m in MESSAGE.finditer(done.stderr):
        inside = m["file"].startswith(include)
        file = os.path.relpath(m["file"], os.path.abspath(root)) if inside else path
        yield Offence(file, int(m["line"]) if inside else 1, f"as {language}: {m['text']}")
        return
    yield Offence(path, 1, f"as {language}: {done.stderr.strip() or 'does not compile'}")


def lint(root: str) -> Iterator[Offence]:
    for path in files(root, ("include/mars",), (".h",)):
        for language, compiler in compilers():
            yield from compile_alone(root, posixpath.relpath(path, "include"), language, compiler)


if __name__ == "__main__":
    sys.exit(run(lint))
