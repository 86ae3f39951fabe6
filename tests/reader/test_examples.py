"""The worked examples of FORMAT.md, read by the independent reader."""
from __future__ import annotations

import re
import unittest
from pathlib import Path

from marsread import records
from marsread.keys import PASSPHRASE, UNWRAPPED, Secret, open_slot, slot_binding
from marsread.objects import open_plain, open_sealed, parse_name
from marsread.packs import unpack
from marsread.tree import read_leaf, read_root, read_stat_leaf
from marsread.wire import Cursor

PAGE = Path(__file__).resolve().parent.parent.parent / "lib" / "format" / "FORMAT.md"


def examples() -> dict[str, str]:
    found: dict[str, str] = {}
    line = re.compile(r"^(\S[^=\n]*?) =((?:\n?  ?\S[^\n]*)+)", re.MULTILINE)
    for match in line.finditer(PAGE.read_text(encoding="utf-8")):
        found[match[1]] = "".join(line.strip() for line in match[2].splitlines())
    return found


class Examples(unittest.TestCase):
    def setUp(self) -> None:
        self.text = examples()

    def of(self, name: str) -> bytes:
        return bytes.fromhex(self.text[name])

    def test_the_lease_opens(self) -> None:
        name = parse_name(f"domains/{'0' * 32}/{self.text['lease.name']}")
        opened = open_sealed(self.of("lease.object"), name,
                             lambda kind, header: self.of("lease.key"))
        self.assertEqual(opened.payload, self.of("lease.payload"))
        fields = records.read_record(name, opened.payload)
        self.assertEqual((fields["generation"], fields["item"]), (1, b"\x17" * 16))

    def test_the_vault_record_checks(self) -> None:
        name = parse_name(self.text["vault.name"])
        opened = open_plain(self.of("vault.object"), name, lambda kind, header: b"")
        self.assertEqual(records.read_record(name, opened.payload)["soft_delete_days"], 14)

    def test_the_packed_bytes_unpack(self) -> None:
        plain = b"the quick brown fox " * 5 + b"jumps over the lazy dog " * 5
        self.assertEqual(unpack(1, self.of("codec.lz4"), len(plain)), plain)
        self.assertEqual(unpack(2, self.of("codec.zstd"), len(plain)), plain)

    def test_the_slot_opens(self) -> None:
        slot = {"slot_id": b"\x51" * 8, "kind": 1, "salt": bytes(range(0x50, 0x60)), "passes": 2,
                "memory": 32768, "lanes": 1, "commitment": self.of("slot.commitment"),
                "wrapped": self.of("slot.wrapped")}
        root = open_slot(self.of("slot.domain_id"), slot, self.of("slot.root_id"),
                         Secret(PASSPHRASE, b"correct horse battery staple"))
        self.assertEqual(root, self.of("slot.root"))

    def test_the_callers_slot_opens(self) -> None:
        slot = {"slot_id": b"\x52" * 8, "kind": 3, "salt": bytes(range(0x50, 0x60)), "passes": 0,
                "memory": 0, "lanes": 0, "commitment": self.of("caller.commitment"),
                "wrapped": self.of("caller.wrapped"), "blob": b"a wrapped secret"}
        domain, root_id = self.of("slot.domain_id"), self.of("slot.root_id")
        secret = Secret(UNWRAPPED, self.of("caller.secret"))
        self.assertEqual(slot_binding(domain, slot, root_id), self.of("caller.binding"))
        self.assertEqual(open_slot(domain, slot, root_id, secret), self.of("slot.root"))
        slot["blob"] += b"!"
        self.assertIsNone(open_slot(domain, slot, root_id, secret))

    def test_the_directory_reads(self) -> None:
        entries = read_leaf(Cursor(self.of("tree.leaf")[1:]), True)
        self.assertEqual([e.name for e in entries], [b"greeting", b"link"])
        stats = read_stat_leaf(Cursor(self.of("tree.stat")[1:]), [e.type for e in entries])
        self.assertEqual([s.inode for s in stats], [42, 43])

    def test_the_point_reads(self) -> None:
        session, item = "5e" * 16, "17" * 16
        name = parse_name(f"domains/{'0' * 32}/points/{item}/{session}")
        point = records.read_record(name, self.of("point.payload"))
        self.assertEqual(read_root(point["roots"][0]).path, b"/home/greeting")


if __name__ == "__main__":
    unittest.main()
