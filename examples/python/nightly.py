#!/usr/bin/env python3
"""Back up directories and dumps every night, then read a part of the vault to see that it is whole.

    nightly.py CONFIG_DIR PATH... [--exclude PATTERN]... [--dump NAME=COMMAND]... [--sample PERCENT]

Ends with 0, with 3 if something was skipped, with 1 after a failure: as `mars` does.
"""
from __future__ import annotations

import argparse
import subprocess
import sys

import libmars

READ_SIZE = 1 << 20
LEVELS = {libmars.EventKind.FILE: "", libmars.EventKind.WARNING: "warning: "}


def tell(event: libmars.Event) -> None:
    subject = event.path or event.object or "the vault"
    print(f"{LEVELS.get(event.kind, event.kind.name.lower() + ': ')}{subject}: {event.message}",
          file=sys.stderr)


def show(progress: libmars.Progress) -> None:
    """A line that is written again and again, on a terminal only."""
    if sys.stderr.isatty():
        done = f"{progress.bytes_done:,}"
        total = f" of {progress.bytes_total:,}" if progress.bytes_total else ""
        print(f"\r\033[K{progress.phase.name.lower()}: {done}{total} bytes", end="",
              file=sys.stderr, flush=True)


def dump(session: libmars.Session, name: str, command: str) -> None:
    """What a command prints becomes a stream; if it fails, nothing of this night is committed."""
    with subprocess.Popen(command, shell=True, stdout=subprocess.PIPE) as source, \
            session.open_stream(name) as stream:
        assert source.stdout is not None
        while data := source.stdout.read(READ_SIZE):
            stream.write(data)
        if source.wait() != 0:
            raise RuntimeError(f"{command}: exit code {source.returncode}")


def back_up(agent: libmars.Agent, args: argparse.Namespace) -> bool:
    """True if nothing was skipped."""
    done = agent.backup(args.paths, exclude=args.exclude, progress=show, on_event=tell)
    print(f"{done.files} files, {done.bytes:,} bytes; {done.bytes_new:,} new, "
          f"{done.bytes_added:,} added to the vault; point {done.point}")
    if args.dump:
        with agent.session(item="dumps", progress=show, on_event=tell) as session:
            for name, command in args.dump:
                dump(session, name, command)
        assert session.result is not None
        print(f"{session.result.files} dumps, {session.result.bytes:,} bytes")
    return done.files_skipped == 0


def check(agent: libmars.Agent, percent: int) -> None:
    found = agent.verify(sample_percent=percent, progress=show, on_event=tell)
    print(f"{found.points} points, {found.packs_read} of {found.packs} packs read, no damage")


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("config_dir")
    parser.add_argument("paths", nargs="+")
    parser.add_argument("--exclude", action="append", default=[])
    parser.add_argument("--dump", action="append", default=[], metavar="NAME=COMMAND",
                        type=lambda text: text.split("=", 1))
    parser.add_argument("--sample", type=int, default=5)
    args = parser.parse_args()
    try:
        with libmars.Agent(args.config_dir) as agent:
            whole = back_up(agent, args)
            check(agent, args.sample)
    except (libmars.Error, RuntimeError) as e:
        print(f"nightly: {e}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130
    return 0 if whole else 3


if __name__ == "__main__":
    sys.exit(main())
