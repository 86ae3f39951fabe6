"""The library as it is installed, and what is built against that: C programs, the Python package in
an environment of its own, .NET projects.

$MARS_PREFIX names an installation to take; without it the build that is tested is installed below
itself.
"""
from __future__ import annotations

import functools
import hashlib
import os
import re
import shutil
import subprocess
import sys
import unittest
from pathlib import Path
from typing import Any

TOP = Path(__file__).resolve().parent.parent.parent
BUILD = Path(os.environ.get("MARS_BUILD", TOP / "build" / "tests"))
PACKAGE = TOP / "bindings" / "python"
PYTHON = BUILD / "python"
VENV = PYTHON / "venv"
SITE = VENV / "lib" / f"python3.{sys.version_info.minor}" / "site-packages"
CSHARP = TOP / "build" / "csharp"
QUIET = {"DOTNET_CLI_TELEMETRY_OPTOUT": "1", "DOTNET_NOLOGO": "1", "MSBUILDDISABLENODEREUSE": "1"}


def run(*command: Any, env: dict[str, str] | None = None, **more: Any) -> str:
    """What it prints; with env beside the environment that is there."""
    done = subprocess.run([str(c) for c in command], capture_output=True, text=True, check=False,
                          stdin=subprocess.DEVNULL, env=os.environ | (env or {}), **more)
    if done.returncode != 0:
        raise RuntimeError(f"{command}: {done.stdout[-6000:]}{done.stderr[-6000:]}")
    return done.stdout


@functools.cache
def prefix() -> Path:
    """The installation's; what pkg-config reads there names the place where it is."""
    if "MARS_PREFIX" in os.environ:
        return Path(os.environ["MARS_PREFIX"])
    root = BUILD / "installed"
    shutil.rmtree(root, ignore_errors=True)
    run("meson", "install", "-C", BUILD, "--no-rebuild", "--quiet", "--destdir", root)
    found = next(root.rglob("libmars.pc"))
    lines = found.read_text(encoding="utf-8").splitlines(keepends=True)
    there = f"{root}{lines[0].removeprefix('prefix=').strip()}"
    found.write_text("".join([f"prefix={there}\n", *lines[1:]]), encoding="utf-8")
    return Path(there)


def library() -> Path:
    return next(prefix().rglob("libmars.so.0"))


def environment() -> dict[str, str]:
    """With which programs find the library, and compilers what belongs to it."""
    return {"LD_LIBRARY_PATH": str(library().parent), "MARS_PREFIX": str(prefix()),
            "PKG_CONFIG_PATH": str(next(prefix().rglob("libmars.pc")).parent)}


def c_program(source: Path, out: Path) -> None:
    """Compile as the README says."""
    flags = run("pkg-config", "--cflags", "--libs", "libmars", env=environment()).split()
    run(os.environ.get("CC", "cc"), "-std=c11", "-Wall", "-Wextra", "-Werror", source, "-o", out,
        *flags)


def python_package() -> None:
    """As the README says. Once, until the library or the package changes."""
    # What building leaves there is hidden, or compiled.
    files = [BUILD / "lib" / "libmars.so", *sorted(p for p in PACKAGE.rglob("[!.]*") if p.is_file()
                                                  and p.suffix != ".pyc")]
    state = hashlib.sha256(b"".join(p.read_bytes() for p in files)).hexdigest()
    stamp = PYTHON / "installed"
    if not stamp.exists() or stamp.read_text(encoding="utf-8") != state:
        run("/usr/bin/python3", "-m", "venv", "--clear", "--system-site-packages", VENV)
        run(VENV / "bin" / "pip", "install", "--no-build-isolation", PACKAGE, env=environment())
        stamp.write_text(state, encoding="utf-8")


def need_dotnet() -> None:
    sdks = run("dotnet", "--list-sdks", env=QUIET) if shutil.which("dotnet") else ""
    if not re.search(r"^[1-9][0-9]\.", sdks, re.MULTILINE):
        raise unittest.SkipTest("the .NET SDK 10 is not installed")


def dotnet(*args: Any, env: dict[str, str] | None = None) -> str:
    return run("dotnet", *args, env=QUIET | (env or {}), timeout=600)


def dotnet_build(*args: Any) -> None:
    """Leaves no server behind. What was built lies below CSHARP."""
    dotnet(*args, "-c", "Release", "--disable-build-servers", "-nodeReuse:false", "-m:1")
