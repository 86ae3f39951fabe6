#!/usr/bin/python3
"""Write down the ABI of this tree's library: dump.py tests/abi/libmars.abi

That is how the copy in the tree is renewed on purpose, while there is no release. All that is
public is defined in lib/api, so that is all that is compiled.
"""
from __future__ import annotations

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent
# What is not in a public header is dropped: handles are opaque.
PUBLIC_ONLY = ["--headers-dir", "include/mars", "--drop-private-types",
               "--exported-interfaces-only"]
# What would differ from machine to machine.
STEADY = ["--no-corpus-path", "--no-comp-dir-path", "--no-show-locs", "--no-architecture",
          "--no-elf-needed"]


def build(out: Path, include: Path = ROOT / "include") -> None:
    sources = sorted(str(path.relative_to(ROOT)) for path in (ROOT / "lib" / "api").glob("*.c"))
    subprocess.run(["gcc", "-g", "-std=c11", "-shared", "-fPIC", "-fvisibility=hidden",
                    "-DMARS_BUILDING", '-DMARS_VERSION="0"', f"-I{include}", "-Ilib", *sources,
                    "-Wl,--version-script=lib/mars.map", "-Wl,-soname,libmars.so.0", "-o", out],
                   cwd=ROOT, check=True)


def dump(library: Path, out: Path) -> None:
    subprocess.run(["abidw", *PUBLIC_ONLY, *STEADY, "--out-file", out.resolve(), library],
                   cwd=ROOT, check=True)


def main() -> int:
    if len(sys.argv) != 2:
        print(f"usage: {sys.argv[0]} OUT", file=sys.stderr)
        return 2
    out = Path(sys.argv[1])
    library = out.with_suffix(".so")
    build(library.resolve())
    try:
        dump(library.resolve(), out)
    finally:
        library.unlink()
    return 0


if __name__ == "__main__":
    sys.exit(main())
