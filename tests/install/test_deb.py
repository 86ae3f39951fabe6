"""The Debian packages: built by one command, installed by dpkg, and working."""
from __future__ import annotations

import os
import re
import shutil
import subprocess
import tempfile
import time
import unittest
from pathlib import Path

from test_install import HERE, ROOT, Installed, output

PASSPHRASE = "correct horse battery staple\n"


def build(out: Path, **env: str) -> dict[str, Path]:
    """The packages by their names."""
    output("sh", ROOT / "examples" / "deb.sh", out, **env)
    return {path.name.split("_")[0]: path for path in out.glob(f"*_{Installed.version}_*.deb")}


def field(package: Path, name: str) -> str:
    return output("dpkg-deb", "-f", package, name).strip()


def depends(package: Path) -> dict[str, str]:
    """Each package that is needed, and in which version."""
    listed = field(package, "Depends")
    return dict(re.findall(r"([\w.+-]+)(?: \(([^)]*)\))?", listed))


class Packages(unittest.TestCase):
    @classmethod
    def setUpClass(cls) -> None:
        scratch = tempfile.TemporaryDirectory(prefix="mars-deb-")
        cls.addClassCleanup(scratch.cleanup)
        cls.out = Path(scratch.name)
        # Later than all files, as a commit is where what was built before it is packed.
        cls.date = str(int(time.time()) + 3600)
        cls.packages = build(cls.out, SOURCE_DATE_EPOCH=cls.date)
        cls.version = Installed.version
        cls.multiarch = output("dpkg-architecture", "-qDEB_HOST_MULTIARCH").strip()

    def setUp(self) -> None:
        scratch = tempfile.TemporaryDirectory(prefix="mars-deb-")
        self.addCleanup(scratch.cleanup)
        self.place = Path(scratch.name)

    def test_names_versions_and_dependencies(self) -> None:
        self.assertEqual(set(self.packages), {"libmars0", "libmars-dev", "mars"})
        for package in self.packages.values():
            self.assertEqual(field(package, "Version"), self.version)
        library = depends(self.packages["libmars0"])
        self.assertLessEqual({"libc6", "liblz4-1", "libzstd1", "libyaml-0-2"}, library.keys())
        self.assertEqual(depends(self.packages["mars"]).keys(), {"libc6", "libmars0"})
        development = depends(self.packages["libmars-dev"])
        self.assertEqual(development.pop("libmars0"), f"= {self.version}")
        self.assertEqual(development.keys(), {
            "libargon2-dev", "libcurl4-openssl-dev", "libexpat1-dev", "liblz4-dev", "libssl-dev",
            "libyaml-dev", "libzstd-dev"})

    def test_what_other_packages_are_told_of_the_library(self) -> None:
        control = self.place / "control"
        output("dpkg-deb", "-e", self.packages["libmars0"], control)
        self.assertEqual((control / "shlibs").read_text(),
                         f"libmars 0 libmars0 (>= {self.version})\n")
        listed = re.findall(r"^ (mars_\w+)@MARS_0 ", (control / "symbols").read_text(),
                            re.MULTILINE)
        public = re.findall(r"^ +(mars_\w+);$", (ROOT / "lib" / "mars.map").read_text(),
                            re.MULTILINE)
        self.assertEqual(sorted(listed), sorted(public))

    def test_lintian_finds_no_error(self) -> None:
        output("lintian", "--allow-root", "--fail-on", "error", *self.packages.values())

    def test_the_same_commit_gives_the_same_bytes(self) -> None:
        before = {name: path.read_bytes() for name, path in self.packages.items()}
        for name in ("mars", "mars.1", "_mars"):
            (ROOT / "build" / "deb-objects" / "examples" / name).touch()
        again = build(self.out, SOURCE_DATE_EPOCH=self.date, TZ="Asia/Tokyo", LC_ALL="C.UTF-8")
        self.assertEqual({name: path.read_bytes() for name, path in again.items()}, before)

    @unittest.skipUnless(os.geteuid() == 0, "needs root")
    def test_installed_used_and_removed(self) -> None:
        root = self.place / "root"
        admin = root / "var" / "lib" / "dpkg"
        for folder in ("info", "updates", "triggers"):
            (admin / folder).mkdir(parents=True)
        # This machine's list: dependencies have to be met by what is installed here.
        shutil.copy("/var/lib/dpkg/status", admin / "status")
        dpkg = ["dpkg", f"--root={root}", "--log=/dev/null"]
        output(*dpkg, "--install", *self.packages.values())
        state = output("dpkg-query", f"--admindir={admin}", "-W", "-f", "${db:Status-Status} ",
                       *self.packages)
        self.assertEqual(state.split(), ["installed"] * 3)
        self.use(root)
        output(*dpkg, "--purge", *self.packages)
        self.assertEqual([p for p in (root / "usr").rglob("*") if not p.is_dir()], [])

    def use(self, root: Path) -> None:
        """The main job; and a program against the headers and the library that were installed."""
        libdir = root / "usr" / "lib" / self.multiarch
        source, vault = self.place / "source", f"file://{self.place}/vault"
        source.mkdir()
        (source / "letter").write_text("dear reader\n")
        credentials, passphrase = self.place / "a.vaultCredentials", self.place / "passphrase"
        passphrase.write_text(PASSPHRASE)
        for args in (["vault", "create", vault],
                     ["vault", "credentials", vault, "--out", credentials],
                     ["register", "--credentials", credentials, "--passphrase-file", passphrase],
                     ["backup", source], ["verify", "--read-data"],
                     ["restore", "latest", "--to", self.place / "restored"]):
            output(root / "usr" / "bin" / "mars", "--config", self.place / "config", *args,
                   LD_LIBRARY_PATH=libdir)
        restored = self.place / "restored" / str(source).lstrip("/") / "letter"
        self.assertEqual(restored.read_text(), "dear reader\n")
        flags = output("pkg-config", f"--define-variable=prefix={root}/usr", "--cflags", "--libs",
                       "libmars", PKG_CONFIG_PATH=libdir / "pkgconfig").split()
        output("gcc", HERE / "program.c", "-o", self.place / "program", *flags)
        told = output(self.place / "program", vault + "2", LD_LIBRARY_PATH=libdir)
        self.assertEqual(told, f"libmars {self.version}: none\n")
        page = output("mandoc", root / "usr" / "share" / "man" / "man1" / "mars.1.gz")
        self.assertIn("MARS(1)", page)


if __name__ == "__main__":
    unittest.main()
