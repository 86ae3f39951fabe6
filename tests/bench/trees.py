"""The trees that are backed up, made by maketree from a seed."""
from __future__ import annotations

import subprocess
from pathlib import Path

import measure

SEED = "1"
TREES = {
    "mixed": "3 GiB: small, medium and large files, a part incompressible, a part copies",
    "small": "60,000 small files, 180 MiB",
    "large": "8 files of about 96 MiB",
    "huge": "one file of 768 MiB",
    "incompressible": "512 MiB of noise",
    "duplicate": "1.2 GiB, ten times the same",
}


class Tree:
    """One of them in a place, in its first version."""

    def __init__(self, bench: Path, kind: str, scale: float, path: Path) -> None:
        self.arguments = [str(bench / "maketree"), kind, SEED, str(scale), str(path)]
        self.kind = kind
        self.path = path
        self.remove()
        subprocess.run(self.arguments, check=True)

    def change(self, version: int) -> None:
        """Have 1 % of it in another version; 0 is the first."""
        subprocess.run([*self.arguments, str(version)], check=True)

    def warm(self) -> None:
        measure.warm(self.path)

    def remove(self) -> None:
        subprocess.run(["rm", "-rf", "--", str(self.path)], check=True)
