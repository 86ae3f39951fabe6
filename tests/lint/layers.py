#!/usr/bin/python3
"""The include law of lib/ and include/: layers.py [ROOT]

Each room includes itself, base and the rooms of its row, no edge is transitive; the headers of the
system stand in lib/platform/posix and windows, those of a library in the one room that wraps it.
"""
from __future__ import annotations

import posixpath
import re
import sys
from typing import Iterator, Optional

from csource import Offence, Source, files, line_of, read, run

ROOMS = {
    "base": "",
    "platform": "",
    "crypto": "platform",
    "chunk": "",
    "codec": "",
    "format": "",
    "policy": "",
    "config": "policy",
    "http": "platform policy",
    "store": "platform policy config http crypto",
    "cache": "platform format store crypto",
    "vault": "platform store format config crypto",
    "repo": "platform crypto codec chunk format store cache vault",
    "source": "platform policy format",
    "target": "platform format",
    "job": "platform repo source target policy chunk codec format cache",
    "agent": "platform crypto config http store vault repo cache",
    "api": "platform crypto chunk codec format policy config http store cache vault repo source "
           "target job agent",
}
ALLOWED = {room: {"base", room, *row.split()} for room, row in ROOMS.items()}

# Of ISO C, without what talks to the process: signals, the locale, long jumps, threads.
ISO_C = {name + ".h" for name in (
    "assert ctype errno float inttypes iso646 limits math stdalign stdarg stdatomic stdbool stddef "
    "stdint stdio stdlib stdnoreturn string time").split()}

LIBRARIES = [(re.compile(pattern), room) for pattern, room in (
    (r"yaml\.h$", "config"), (r"lz4\w*\.h$", "codec"), (r"zstd\w*\.h$", "codec"),
    (r"openssl/", "crypto"), (r"mbedtls/", "crypto"), (r"psa/", "crypto"),
    (r"argon2\.h$", "crypto"), (r"curl/", "http"), (r"expat\.h$", "store"))]

# The operator # may hide behind a comment or spaces; what is included keeps its quotes in `text`.
INCLUDE = re.compile(r"^[ \t]*#[ \t]*include\b[ \t]*([^\n]*)", re.MULTILINE)
NAME = re.compile(r'(?:<([^>\n]+)>|"([^"\n]+)")')


def includes(text: str) -> Iterator[tuple[int, str, str]]:
    """Line, `<` or `"` and name of each include; the name is empty where it is a macro."""
    source = Source(text)
    for m in INCLUDE.finditer(source.code):
        name = NAME.match(text, m.start(1))
        line = line_of(text, m.start(1))
        if name is None:
            yield line, "", ""
        elif name[1] is not None:
            yield line, "<", name[1]
        else:
            yield line, '"', name[2]


def wrong_room(folder: str, name: str) -> Optional[str]:
    """What is wrong with `#include "name"` in a file of this folder below lib/."""
    room, target = folder.split("/")[0], name.split("/")[0]
    if "/" not in name or posixpath.normpath(name) != name or name.startswith((".", "/")):
        return f'"{name}": write it "room/x.h"'
    if target not in ROOMS:
        return f'"{name}": there is no room {target}'
    if target not in ALLOWED[room]:
        return f'"{name}": {room} may not include {target}'
    inner = posixpath.dirname(name)
    if inner != target and inner != folder:
        return f'"{name}": is private to lib/{inner}'
    return None


def wrong_system(folder: str, name: str) -> Optional[str]:
    """What is wrong with `#include <name>` there."""
    if name.startswith("mars/"):
        return None
    room = folder.split("/")[0]
    for pattern, owner in LIBRARIES:
        if pattern.match(name):
            return None if room == owner else f"<{name}>: only in lib/{owner}"
    if name in ISO_C or room == "platform" and "/" in folder:
        return None
    return f"<{name}>: only in lib/platform/posix or windows"


def lint_library(root: str) -> Iterator[Offence]:
    for path in files(root, ("lib",), (".c", ".h")):
        folder = posixpath.dirname(path)[len("lib/"):]
        if folder.split("/")[0] not in ROOMS:
            yield Offence(path, 1, "lies in no room that is known")
            continue
        for line, quote, name in includes(read(f"{root}/{path}")):
            if quote == "":
                wrong = "include of a macro"
            else:
                wrong = (wrong_system if quote == "<" else wrong_room)(folder, name)
            if wrong is not None:
                yield Offence(path, line, wrong)


def lint_public(root: str) -> Iterator[Offence]:
    for path in files(root, ("include",), (".h",)):
        for line, quote, name in includes(read(f"{root}/{path}")):
            public = name in ("stddef.h", "stdint.h") or name.startswith("mars/")
            if quote != "<" or not public:
                yield Offence(path, line, f"public headers include <stddef.h>, <stdint.h> and "
                                          f"<mars/...>, not {name or 'a macro'}")


def lint(root: str) -> Iterator[Offence]:
    yield from lint_library(root)
    yield from lint_public(root)


if __name__ == "__main__":
    sys.exit(run(lint))
