"""A store that does not give out one object: that one is named, and all others are looked at."""
import unittest
from pathlib import Path
from typing import Optional

from storekit import AzuriteBox
from faultproxy import Fault, Proxy, Request
from kit import MIB, Machine, Run, pseudo_random
from servers import client

NO_KEY = ('<?xml version="1.0"?><Error><Code>KMS.DisabledException</Code>'
          '<Message>the key is disabled</Message></Error>')


class Refused(AzuriteBox):
    def theirs(self, verb: str, *args: str) -> bytes:
        return client("azure.mjs", verb, self.container, *args,
                      env=self.server.env() | {"ENDPOINT": self.server.endpoint})

    def two_packs(self) -> tuple[Machine, str]:
        """Two backups, each with data of its own; the name of the first one's pack."""
        m = self.machine()
        for seed in (1, 2):
            self.write(f"source/{seed}", pseudo_random(3 * MIB, seed))
            m.backup(self.path / "source")
            if seed == 1:
                first = self.packs()[0]
        self.assertEqual(len(self.packs()), 2)
        return m, first

    def packs(self) -> list[str]:
        names = [line.split(" ")[0] for line in self.theirs("list").decode().splitlines()]
        return [name for name in names if "/packs/data/" in name]

    def check(self, m: Machine, pack: str, why: str) -> None:
        found: Run = m.run("verify", "--read-data", code=1)
        damaged = [(e["object"], e["message"]) for e in found.events("damaged")]
        self.assertEqual([name for name, _ in damaged], [pack[pack.index("packs/"):]])
        self.assertIn(why, damaged[0][1])
        self.assertEqual(found.summary["packs_read"], found.summary["packs"])
        out = self.path / "out"
        restored: Run = m.run("restore", "latest", "--to", out, code=1)
        self.assertEqual(restored.summary["files_failed"], 1)
        there: Path = out / str(self.path)[1:] / "source"
        self.assertEqual([f.name for f in there.iterdir()], ["2"])
        self.assertEqual((there / "2").read_bytes(), pseudo_random(3 * MIB, 2))

    def test_one_that_was_put_away_into_an_archive(self) -> None:
        m, pack = self.two_packs()
        self.theirs("archive", pack)
        self.check(m, pack, "BlobArchived")

    def test_one_whose_key_was_disabled(self) -> None:
        refused: list[str] = []

        def answer(request: Request) -> Optional[Fault]:
            return Fault("400", body=NO_KEY) if any(p in request.target for p in refused) else None
        with Proxy("127.0.0.1", self.server.port, answer) as proxy:
            self.reach(self.endpoint_through(proxy.port))
            m, pack = self.two_packs()
            refused.append(pack.rsplit("/", 1)[1])
            self.check(m, pack, "KMS.DisabledException")


if __name__ == "__main__":
    unittest.main()
