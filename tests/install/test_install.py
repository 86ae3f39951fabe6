"""What `meson install` puts down is all that a program outside of the tree needs."""
from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import tempfile
import unittest
from pathlib import Path

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent.parent
BUILD = Path(os.environ.get("MARS_BUILD", ROOT / "build" / "tests"))


def output(*command: str | Path, cwd: Path | None = None, **env: str | Path) -> str:
    done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=cwd,
                          env=os.environ | {k: str(v) for k, v in env.items()})
    assert done.returncode == 0, f"{command}: {done.returncode}\n{done.stdout}{done.stderr}"
    return done.stdout


def setUpModule() -> None:
    """Install this build once. Where it goes is not its prefix, so nothing may need it to be there.
    """
    scratch = tempfile.TemporaryDirectory(prefix="mars-install-")
    unittest.addModuleCleanup(scratch.cleanup)
    told = json.loads(output("meson", "introspect", BUILD, "--buildoptions"))
    Installed.options = {o["name"]: o["value"] for o in told}
    Installed.place = Path(scratch.name)
    Installed.destination = Installed.place / "root"
    output("meson", "install", "-C", BUILD, "--no-rebuild", "--destdir", Installed.destination)
    Installed.prefix = Installed.destination / Installed.options["prefix"].lstrip("/")
    Installed.libdir = Installed.prefix / Installed.options["libdir"]


class Installed(unittest.TestCase):
    options: dict[str, str]
    place: Path
    destination: Path
    prefix: Path
    libdir: Path
    version = re.search(r"version: '([\d.]+)'",
                        (ROOT / "meson.build").read_text(encoding="utf-8"))[1]

    def needed(self, program: Path) -> set[str]:
        return set(re.findall(r"\(NEEDED\).*\[(.*)\]", output("readelf", "-d", program)))

    def runs(self, program: Path, shared: bool) -> None:
        """The program works, and has libmars in it or beside it, as it should."""
        self.assertEqual("libmars.so.0" in self.needed(program), shared)
        vault = Path(tempfile.mkdtemp(dir=self.place)) / "vault"
        told = output(program, f"file://{vault}",
                      **({"LD_LIBRARY_PATH": self.libdir} if shared else {}))
        self.assertEqual(told, f"libmars {self.version}: none\n")


class Files(Installed):
    def test_everything_is_there_and_nothing_else(self) -> None:
        share = self.options["datadir"]
        wanted = {f"include/mars/{p.name}" for p in (ROOT / "include" / "mars").glob("*.h")}
        wanted |= {f"{self.options['libdir']}/{name}" for name in (
            "libmars.a", "libmars.so", "libmars.so.0", f"libmars.so.{self.version}",
            "pkgconfig/libmars.pc", "pkgconfig/libmars-static.pc",
            "cmake/libmars/libmarsConfig.cmake", "cmake/libmars/libmarsConfigVersion.cmake")}
        wanted |= {"bin/mars", f"{self.options['mandir']}/man1/mars.1",
                   f"{share}/bash-completion/completions/mars.bash",
                   f"{share}/zsh/site-functions/_mars",
                   f"{share}/fish/vendor_completions.d/mars.fish"}
        there = {str(path.relative_to(self.prefix)) for path in self.destination.rglob("*")
                 if not path.is_dir()}
        self.assertEqual(there, wanted)

    def test_the_name_that_programs_look_for(self) -> None:
        library = self.libdir / f"libmars.so.{self.version}"
        self.assertIn("[libmars.so.0]", output("readelf", "-d", library))
        for name in ("libmars.so", "libmars.so.0"):
            self.assertEqual((self.libdir / name).resolve(), library.resolve())


class PkgConfig(Installed):
    def link(self, module: str, compiler: list[str], *more: str,
             prefix: Path | None = None) -> Path:
        prefix = prefix or self.prefix
        flags = output("pkg-config", f"--define-variable=prefix={prefix}", "--cflags", "--libs",
                       *more, module, PKG_CONFIG_PATH=self.libdir / "pkgconfig").split()
        program = Path(tempfile.mkdtemp(dir=self.place)) / "program"
        output(*compiler, "-Wall", "-Werror", HERE / "program.c", "-x", "none", "-o", program,
               *flags)
        return program

    def test_shared(self) -> None:
        self.runs(self.link("libmars", ["gcc"]), True)
        self.runs(self.link("libmars", ["g++", "-x", "c++"]), True)

    def test_libmars_inside_of_the_program(self) -> None:
        self.runs(self.link("libmars-static", ["gcc"]), False)
        self.runs(self.link("libmars-static", ["g++", "-x", "c++"]), False)

    def test_static_closes_over_everything(self) -> None:
        alone = self.place / "alone"
        shutil.copytree(self.prefix, alone, symlinks=True)
        for shared in (alone / self.options["libdir"]).glob("libmars.so*"):
            shared.unlink()
        self.runs(self.link("libmars", ["gcc"], "--static", prefix=alone), False)

    def test_version(self) -> None:
        for module in ("libmars", "libmars-static"):
            told = output("pkg-config", "--modversion", module,
                          PKG_CONFIG_PATH=self.libdir / "pkgconfig")
            self.assertEqual(told.strip(), self.version)


class CMake(Installed):
    def test_shared_and_static_in_c_and_cxx(self) -> None:
        build = self.place / "build"
        output("cmake", "-G", "Ninja", "-S", HERE, "-B", build,
               f"-DCMAKE_PREFIX_PATH={self.prefix}")
        output("cmake", "--build", build)
        for language in ("c", "cxx"):
            self.runs(build / f"{language}_libmars", True)
            self.runs(build / f"{language}_static", False)

    def configure(self, text: str, *defined: str) -> subprocess.CompletedProcess:
        project = Path(tempfile.mkdtemp(dir=self.place))
        (project / "CMakeLists.txt").write_text(
            f"cmake_minimum_required(VERSION 3.16)\nproject(x C)\n{text}", encoding="utf-8")
        return subprocess.run(["cmake", "-S", project, "-B", project / "build", *defined,
                               f"-DCMAKE_PREFIX_PATH={self.prefix}"], capture_output=True,
                              text=True, check=False)

    def test_versions_that_do_not_fit_are_not_found(self) -> None:
        asked = {"": "1", "0.1": "1", f"{self.version} EXACT": "1", "0.2": "0", "0.0.9": "0",
                 "1.0": "0"}
        done = self.configure("".join(
            f"find_package(libmars {version} QUIET)\nmessage(STATUS ${{libmars_FOUND}})\n"
            for version in asked))
        self.assertEqual(re.findall(r"^-- ([01])$", done.stdout, re.MULTILINE),
                         list(asked.values()))

    def test_what_is_missing_is_named(self) -> None:
        """Who links the shared library needs nothing else; who wants the static one is told."""
        done = self.configure("find_package(libmars 0.1 REQUIRED COMPONENTS libmars)\n"
                              "find_package(libmars 0.1 REQUIRED COMPONENTS static)\n",
                              "-DCMAKE_FIND_ROOT_PATH=/nowhere",
                              "-DCMAKE_FIND_ROOT_PATH_MODE_LIBRARY=ONLY")
        self.assertNotEqual(done.returncode, 0)
        self.assertEqual(done.stderr.count("no libmars::"), 1)
        self.assertIn("no libmars::static; missing: lz4", " ".join(done.stderr.split()))


if __name__ == "__main__":
    unittest.main()
