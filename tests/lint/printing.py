#!/usr/bin/python3
"""What a library leaves to the program: lib/ prints nothing, never ends the process and touches
neither its environment nor its signals nor its locale.

    printing.py [ROOT]
"""
from __future__ import annotations

import re
import sys
from typing import Iterator

from csource import Offence, Source, files, line_of, read, run

NAMES = """
printf fprintf vprintf vfprintf dprintf vdprintf sprintf vsprintf puts fputs putchar putc fputc
perror psignal syslog scanf getchar gets
exit _exit _Exit quick_exit abort atexit at_quick_exit raise kill system
getenv secure_getenv setenv unsetenv putenv clearenv
signal sigaction setlocale uselocale umask chdir fchdir
"""
# A member of this name, as in store->abort(...), is another thing.
CALL = re.compile(r"(?<![.\w])(?<!->)(" + "|".join(NAMES.split()) + r")\s*\(")
STREAM = re.compile(r"(?<![.\w])(?<!->)(stdin|stdout|stderr|environ)\b")


def lint(root: str) -> Iterator[Offence]:
    for path in files(root, ("lib",), (".c", ".h")):
        code = Source(read(f"{root}/{path}")).code
        hits = [*CALL.finditer(code), *STREAM.finditer(code)]
        for m in sorted(hits, key=lambda m: m.start()):
            yield Offence(path, line_of(code, m.start()), f"{m[1]}: not in a library")


if __name__ == "__main__":
    sys.exit(run(lint))
