#!/usr/bin/env python3
"""Look into recovery points.

    browse.py CONFIG_DIR points
    browse.py CONFIG_DIR ls   POINT [DIRECTORY]
    browse.py CONFIG_DIR find POINT PATTERN...
    browse.py CONFIG_DIR cat  POINT FILE
    browse.py CONFIG_DIR diff POINT POINT [DIRECTORY]
"""
from __future__ import annotations

import argparse
import io
import os
import shutil
import stat
import sys
import time

import libmars

KINDS = {
    libmars.EntryType.FILE: stat.S_IFREG, libmars.EntryType.DIRECTORY: stat.S_IFDIR,
    libmars.EntryType.SYMLINK: stat.S_IFLNK, libmars.EntryType.FIFO: stat.S_IFIFO,
    libmars.EntryType.CHARDEV: stat.S_IFCHR, libmars.EntryType.BLOCKDEV: stat.S_IFBLK,
}


def when(seconds: int) -> str:
    return time.strftime("%Y-%m-%d %H:%M", time.localtime(seconds))


def show(entry: libmars.Entry) -> None:
    mode = stat.filemode(KINDS.get(entry.type, 0) | entry.mode)
    target = f" -> {entry.target}" if entry.target is not None else ""
    print(f"{mode} {entry.user or entry.uid:8} {entry.group or entry.gid:8} {entry.size:12} "
          f"{when(entry.mtime_ns // 10 ** 9)} {entry.path}{target}")


def points(agent: libmars.Agent, args: list[str]) -> None:
    for point in agent.points():
        print(f"{point.id}  {when(point.started)}  {point.item}  {point.entries} names, "
              f"{point.bytes:,} bytes: {', '.join(point.roots)}")


def ls(agent: libmars.Agent, args: list[str]) -> None:
    with agent.open_point(args[0]) as point:
        point.browse(show, args[1] if len(args) > 1 else None)


def find(agent: libmars.Agent, args: list[str]) -> None:
    with agent.open_point(args[0]) as point:
        for entry in point.find(*args[1:]):
            show(entry)


def cat(agent: libmars.Agent, args: list[str]) -> None:
    with agent.open_point(args[0]) as point, point.open(args[1]) as file:
        shutil.copyfileobj(io.BufferedReader(file, 1 << 20), sys.stdout.buffer, 1 << 20)


def diff(agent: libmars.Agent, args: list[str]) -> None:
    with agent.open_point(args[0]) as before, agent.open_point(args[1]) as after:
        for difference in before.diff(after, args[2] if len(args) > 2 else None):
            print(f"{difference.change.name.lower():9} {difference.path}")


VERBS = {"points": points, "ls": ls, "find": find, "cat": cat, "diff": diff}


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("config_dir")
    parser.add_argument("verb", choices=VERBS)
    parser.add_argument("args", nargs="*")
    args = parser.parse_args()
    # Names are bytes, whatever the terminal thinks of them.
    assert isinstance(sys.stdout, io.TextIOWrapper)
    sys.stdout.reconfigure(errors="surrogateescape")
    try:
        with libmars.Agent(args.config_dir) as agent:
            VERBS[args.verb](agent, args.args)
    except IndexError:
        parser.error(f"{args.verb}: too few arguments")
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    except libmars.Error as e:
        print(f"browse: {e}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
