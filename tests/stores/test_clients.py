"""What libmars puts, the vendor's own client reads, and the other way round."""
import hashlib
import unittest

from storekit import AzuriteBox, CephBox
from servers import client
from kit import MIB, Machine, pseudo_random


class Clients:
    script = ""

    def theirs(self, verb: str, *args: str, input: bytes = b"") -> bytes:
        return client(self.script, verb, self.container, *args, input=input,
                      env=self.server.env() | {"ENDPOINT": self.server.endpoint})

    def names(self) -> list[str]:
        return [line.split(" ")[0] for line in self.theirs("list").decode().splitlines()]

    def test_they_read_what_we_put(self) -> None:
        source = self.write("source/file", pseudo_random(3 * MIB, 1))
        self.machine().backup(source.parent)
        packs = [n for n in self.names() if "/packs/data/" in n]
        self.assertEqual(len(packs), 1)
        self.assertTrue(packs[0].startswith("some/place/domains/"))
        data = self.theirs("get", packs[0])
        self.assertEqual(hashlib.sha256(data).hexdigest(), packs[0].rsplit("/", 1)[1])

    def test_we_read_what_they_put(self) -> None:
        """They copy a whole vault under another prefix, and add what is none of ours."""
        source = self.path / "source"
        self.write("source/file", pseudo_random(3 * MIB, 2))
        m = self.machine()
        m.backup(source)
        for name in self.names():
            self.theirs("put", name.replace("some/place/", "copy/", 1),
                        input=self.theirs("get", name))
        self.theirs("put", "copy/Not One Of Ours/ä", input=b"?")
        shown = m.run("vault", "show", self.url.replace("some/place", "copy"), *self.place)
        self.assertEqual([x["name"] for x in shown.of("machine")], ["one"])
        text = (m.config / "agent.yaml").read_text()
        (m.config / "agent.yaml").write_text(text.replace("/some/place", "/copy"))
        m.verify("--read-data")
        m.restore("latest", self.path / "out")
        self.assert_same(source, self.path / "out" / str(source)[1:])


class AzureClient(Clients, AzuriteBox):
    script = "azure.mjs"

    def test_data_goes_to_the_tier_that_was_asked_for(self) -> None:
        source = self.write("source/file", pseudo_random(3 * MIB, 3)).parent
        self.place = [*self.place, "--tier", "Cool"]
        self.machine().backup(source)
        tiers = {n.split("/packs/")[1].split("/")[0] if "/packs/" in n else "":
                 self.theirs("tier", n).decode().strip() for n in self.names()}
        self.assertEqual((tiers["data"], tiers["meta"], tiers[""]), ("Cool", "Hot", "Hot"))


class S3Client(Clients, CephBox):
    script = "s3.mjs"

    def test_a_bucket_that_overwrites_is_told(self) -> None:
        """Ceph ignores the condition of a put where it keeps versions."""
        self.theirs("version")
        self.machine(register=False)
        shown = Machine(self, "x").run("vault", "show", self.url, *self.place).one("vault")
        self.assertFalse(shown["put_if_absent"])


if __name__ == "__main__":
    unittest.main()
