"""The package as such: its types, its documentation, the library that it is used with."""
import contextlib
import doctest
import importlib
import io
import os
import pkgutil
import re
import shutil
import subprocess
import sys
import unittest

from pykit import PASSPHRASE, PLACE, SITE, TOP, PythonBox, libmars

MAP = "MARS_0 { global: mars_*; local: *; };\n"


class Package(PythonBox):
    def test_types_are_checked(self) -> None:
        if shutil.which("mypy") is None:
            self.skipTest("mypy is not installed")
        done = subprocess.run(
            ["mypy", "--strict", "--cache-dir", str(PLACE / "mypy"),
             TOP / "bindings/python/libmars", *sorted((TOP / "examples/python").glob("*.py"))],
            capture_output=True, text=True, check=False,
            env=os.environ | {"MYPYPATH": str(TOP / "bindings/python")})
        self.assertEqual((done.returncode, done.stdout[:9]), (0, "Success: "), done.stdout)

    def test_the_documentation_is_true(self) -> None:
        home = self.path / "home"
        self.write("home/notes.txt", b"remember the milk")
        self.write("home/bin/tool.py", b"print()")
        self.write("home/some.tmp")
        credentials = self.path / "web1.vaultCredentials"
        libmars.create_vault(self.url)
        libmars.issue_credentials(self.url, credentials)
        libmars.register(self.path / "config", credentials=credentials, name="web1",
                         passphrase=PASSPHRASE).close()
        known = vars(libmars) | {"tmp": str(self.path), "home": str(home), "url": self.url,
                                 "config": str(self.path / "config"), "passphrase": PASSPHRASE,
                                 "credentials": str(credentials)}
        tried = failed = 0
        # In this order they build on each other.
        for name in ("", "._types", "._call", "._agent", "._vault", "._upkeep", "._session",
                     "._point"):
            done = doctest.testmod(importlib.import_module("libmars" + name), extraglobs=known)
            tried, failed = tried + done.attempted, failed + done.failed
        self.assertEqual(failed, 0)
        self.assertGreater(tried, 40)

    def test_the_readme_is_true(self) -> None:
        home = self.write("home/fstab", b"# none").parent
        self.agent().close()
        readme = (TOP / "README.md").read_text(encoding="utf-8")
        shown = readme.split("## Python\n")[1].split("```python\n")[1].split("```")[0]
        shown = shown.replace("/var/lib/mars", str(self.path / "config-one"))
        shown = shown.replace('"/etc", "/home"', f'"{home}"').replace("/etc", str(home))
        with contextlib.redirect_stdout(io.StringIO()) as out:
            exec(shown, {})
        self.assertIn("['fstab']\n# none\n", out.getvalue())

    def test_every_function_of_c_is_used(self) -> None:
        source = "".join(p.read_text(encoding="utf-8")
                         for p in (TOP / "bindings/python/libmars").glob("*.py"))
        declared = re.findall(r"\b(mars_\w+)\(", (TOP / "bindings/python/libmars/_decl.h")
                              .read_text(encoding="utf-8"))
        self.assertEqual([name for name in declared if f"lib.{name}" not in source],
                         ["mars_crypto_provider"])

    def test_every_module_is_installed(self) -> None:
        there = {m.name for m in pkgutil.iter_modules([str(TOP / "bindings/python/libmars")])}
        installed = {m.name for m in pkgutil.iter_modules([str(SITE / "libmars")])}
        self.assertEqual(installed - {"_native"}, there - {"_build"})
        self.assertTrue((SITE / "libmars/py.typed").exists())

    def test_unknown_numbers(self) -> None:
        self.assertEqual((libmars.Phase(77), libmars.Phase(77).name), (77, "UNKNOWN_77"))
        error = libmars._errors.error(-99, "from the future")
        self.assertEqual((type(error), error.status_name), (libmars.Error, "MARS_ERR_UNKNOWN"))

    def test_secrets_are_not_shown(self) -> None:
        names = ("account_key", "sas", "secret_key", "session_token", "client_secret",
                 "proxy_password", "identity_header")
        shown = repr(libmars.StoreOptions(**{name: "hush" for name in names}))
        self.assertNotIn("hush", shown)


class OtherLibraries(PythonBox):
    def with_library(self, source: str) -> subprocess.CompletedProcess:
        """Import the package where the loader finds another libmars first."""
        (self.path / "map").write_text(MAP, encoding="utf-8")
        subprocess.run(["gcc", "-shared", "-fPIC", "-x", "c", "-", "-o", self.path / "libmars.so.0",
                        "-Wl,-soname,libmars.so.0", f"-Wl,--version-script={self.path}/map"],
                       input=source, text=True, check=True)
        return subprocess.run([sys.executable, "-c", "import libmars"], text=True, check=False,
                              capture_output=True, env=os.environ | {
                                  "LD_LIBRARY_PATH": str(self.path), "PYTHONPATH": str(SITE)})

    def library(self, version: str) -> str:
        exported = subprocess.run(["nm", "-D", "--defined-only", PLACE.parent / "lib/libmars.so"],
                                  capture_output=True, text=True, check=True).stdout
        names = {line.split()[2].split("@")[0] for line in exported.splitlines() if " T " in line}
        return "".join(f"void {name}(void) {{ }}\n" for name in names - {"mars_version"}) + \
            f'const char *mars_version(void) {{ return "{version}"; }}\n'

    def test_another_series(self) -> None:
        done = self.with_library(self.library("0.2.0"))
        self.assertEqual(done.returncode, 1)
        self.assertIn(f"built for the C library {libmars.__version__} and cannot use 0.2.0: "
                      "install the package again", done.stderr)

    def test_a_later_one_of_the_series(self) -> None:
        self.assertEqual(self.with_library(self.library("0.1.99")).returncode, 0)

    def test_one_that_lacks_functions(self) -> None:
        done = self.with_library('const char *mars_version(void) { return "0.0.9"; }\n')
        self.assertEqual(done.returncode, 1)
        self.assertRegex(done.stderr, "ImportError: libmars: the C library does not load, or is "
                                      "older than this package: .*undefined symbol")

    def test_what_fits(self) -> None:
        for built, found, fits in (((0, 1, 0), (0, 1, 0), True), ((0, 1, 2), (0, 1, 1), False),
                                   ((0, 1, 0), (0, 2, 0), False), ((1, 2, 0), (1, 3, 0), True),
                                   ((1, 2, 0), (1, 1, 9), False), ((1, 2, 0), (2, 0, 0), False)):
            self.assertEqual(libmars._fits(built, found), fits, (built, found))


if __name__ == "__main__":
    unittest.main()
