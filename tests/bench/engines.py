"""The engines, each at its defaults: how it is set up, and its command for a phase."""
from __future__ import annotations

import shutil
import subprocess
from pathlib import Path
from typing import Optional

import measure

PHASES = ("first", "unchanged", "restore", "verify", "changed")
PASSPHRASE = "correct horse battery staple"
LIMIT_THREADS = 64      # more it cannot do
METADATA = r"%p\0%y %m %U %G %s %T@ %C@ %i %n %D\n"


class Tools:
    """Where the programs are; None: this machine has none."""

    def __init__(self, build: Path, restic: Optional[Path]) -> None:
        self.build = build
        self.mars = build / "examples" / "mars"
        self.bench = build / "tests" / "bench"
        self.restic = restic
        borg = shutil.which("borg")
        self.borg = Path(borg) if borg else None

    def versions(self) -> dict[str, str]:
        found = {"mars": measure.output([str(self.mars), "--version"])}
        if self.restic:
            found["restic"] = measure.output([str(self.restic), "version"])
        if self.borg:
            found["borg"] = measure.output([str(self.borg), "--version"])
        return {name: text.strip() for name, text in found.items()}


class Engine:
    """A vault of one engine in a scratch folder. `missing` says why it cannot take part."""
    name = ""
    phases: tuple[str, ...] = PHASES

    def __init__(self, tools: Tools, scratch: Path) -> None:
        self.tools = tools
        self.scratch = scratch
        self.vault = scratch / "vault"
        self.out = scratch / "out"
        self.env: dict[str, str] = {}

    def missing(self) -> Optional[str]:
        return None

    def setup(self) -> None:
        self.remove()
        self.scratch.mkdir()

    def remove(self) -> None:
        subprocess.run(["rm", "-rf", "--", str(self.scratch)], check=True)

    def command(self, phase: str, tree: Path) -> list[str]:
        raise NotImplementedError

    def run(self, phase: str, tree: Path) -> measure.Sample:
        if phase == "restore":
            subprocess.run(["rm", "-rf", "--", str(self.out)], check=True)
            self.out.mkdir()
        return measure.run(self.command(phase, tree), self.env,
                           cwd=self.out if phase == "restore" else self.scratch)

    def call(self, *command: object) -> None:
        """A step that is not measured."""
        measure.run([str(word) for word in command], self.env, cwd=self.scratch)

    def restored(self, tree: Path) -> Path:
        return self.out / tree.relative_to("/")


class Limit(Engine):
    name = "limit"
    phases = ("first",)

    def missing(self) -> Optional[str]:
        return None if (self.tools.bench / "limit").exists() else "built without libcrypto"

    def command(self, phase: str, tree: Path) -> list[str]:
        threads = min(len(measure.cores()), LIMIT_THREADS)
        return [str(self.tools.bench / "limit"), str(tree), str(self.vault), str(threads)]


class Mars(Engine):
    name = "mars"
    more: tuple[str, ...] = ()

    def mars(self, *args: str) -> list[str]:
        return [str(self.tools.mars), "--config", str(self.scratch / "config"), *args]

    def setup(self) -> None:
        super().setup()
        credentials, secret = self.scratch / "credentials", self.scratch / "passphrase"
        secret.write_text(PASSPHRASE, encoding="ascii")
        self.call(self.tools.mars, "vault", "create", f"file://{self.vault}")
        self.call(self.tools.mars, "vault", "credentials", f"file://{self.vault}", "--out",
                  credentials)
        self.call(*self.mars("register", "--credentials", str(credentials), "--name", "bench",
                             "--passphrase-file", str(secret)))

    def command(self, phase: str, tree: Path) -> list[str]:
        if phase == "restore":
            return self.mars("restore", "latest", "--to", str(self.out))
        if phase == "verify":
            return self.mars("verify", "--read-data")
        return self.mars("backup", *self.more, str(tree))


class MarsUnchecked(Mars):
    """Without opening again what was sealed: what that check costs."""
    name = "mars-nocheck"
    phases = ("first",)

    def command(self, phase: str, tree: Path) -> list[str]:
        return [str(self.tools.bench / "backup"), str(self.scratch / "config"), "files", "0",
                "nocheck", str(tree)]


class MarsZstd(Mars):
    name = "mars-zstd"
    more = ("--compression", "zstd")

    def missing(self) -> Optional[str]:
        known = "zstd" in measure.output([str(self.tools.mars), "backup", "--help"])
        return None if known else "this mars knows no zstd"


class Restic(Engine):
    name = "restic"

    def missing(self) -> Optional[str]:
        return None if self.tools.restic else "it is not here"

    def setup(self) -> None:
        super().setup()
        self.env |= {"RESTIC_PASSWORD": PASSPHRASE, "RESTIC_REPOSITORY": str(self.vault),
                     "RESTIC_CACHE_DIR": str(self.scratch / "cache")}
        self.call(self.tools.restic, "init")

    def command(self, phase: str, tree: Path) -> list[str]:
        words = {"restore": ["restore", "latest", "--target", str(self.out)],
                 "verify": ["check", "--read-data"]}
        return [str(self.tools.restic), *words.get(phase, ["backup", str(tree)])]


class Borg(Engine):
    name = "borg"

    def missing(self) -> Optional[str]:
        return None if self.tools.borg else "it is not installed"

    def setup(self) -> None:
        super().setup()
        self.env = {"BORG_PASSPHRASE": PASSPHRASE, "BORG_REPO": str(self.vault),
                    "BORG_BASE_DIR": str(self.scratch / "base"), "LANG": "C.UTF-8"}
        self.call(self.tools.borg, "init", "--encryption", "repokey")

    def command(self, phase: str, tree: Path) -> list[str]:
        words = {"restore": ["extract", "::unchanged"], "verify": ["check", "--verify-data"]}
        return [str(self.tools.borg), *words.get(phase, ["create", f"::{phase}", str(tree)])]


class Copy(Engine):
    """What restore is held against."""
    name = "cp -a"
    phases = ("restore",)

    def command(self, phase: str, tree: Path) -> list[str]:
        self.restored(tree).parent.mkdir(parents=True)
        return ["cp", "-a", str(tree), str(self.restored(tree))]


class Find(Engine):
    """What the scan of an unchanged tree is held against."""
    name = "find"
    phases = ("unchanged",)

    def command(self, phase: str, tree: Path) -> list[str]:
        return ["find", str(tree), "-printf", METADATA]


ENGINES = {kind.name: kind for kind in (Limit, Mars, MarsUnchecked, MarsZstd, Restic, Borg, Copy,
                                        Find)}
