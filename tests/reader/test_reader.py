"""Tests of the reader: its decoders on bytes made by hand, and whole vaults by a little writer."""
from __future__ import annotations

import base64
import contextlib
import io
import json
import os
import shutil
import subprocess
import sys
import tempfile
import unittest

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))

import mars_reader
from little_writer import Writer, counted, fields, packed, padded, varint, zigzag
from marsread.content import fill
from marsread.objects import parse_name
from marsread.tree import read_leaf, read_root
from marsread.wire import (Cursor, Damage, Field, Unsupported, padme, read_fields, read_ints,
                           read_names, read_strings)


class Integers(unittest.TestCase):
    def test_a_varint_takes_seven_bits_a_byte(self) -> None:
        for data, value in (("00", 0), ("7f", 127), ("8001", 128), ("ac02", 300),
                            ("ffffffffffffffffff01", (1 << 64) - 1)):
            self.assertEqual(Cursor(bytes.fromhex(data)).varint(), value)

    def test_other_forms_of_a_varint_are_damage(self) -> None:
        for data in ("8000", "80", "", "ffffffffffffffffff02", "8080808080808080808001", "ff00"):
            with self.assertRaises(Damage, msg=data):
                Cursor(bytes.fromhex(data)).varint()

    def test_zigzag_alternates_around_zero(self) -> None:
        for data, value in (("00", 0), ("01", -1), ("02", 1), ("03", -2),
                            ("ffffffffffffffffff01", -(1 << 63))):
            self.assertEqual(Cursor(bytes.fromhex(data)).zigzag(), value)

    def test_a_second_has_a_thousand_million_nanoseconds(self) -> None:
        self.assertEqual(Cursor(zigzag(-5) + varint(999_999_999)).time(), (-5, 999_999_999))
        with self.assertRaises(Damage):
            Cursor(zigzag(0) + varint(1_000_000_000)).time()

    def test_sizes_are_padded_as_padme_says(self) -> None:
        for length, size in ((8, 8), (9, 10), (10, 10), (100, 104), (164, 176), (1000, 1024),
                             (1025, 1088), (10_000, 10_240), (1 << 20, 1 << 20),
                             ((1 << 20) + 1, (1 << 20) + 32_768), ((1 << 32) - 1, 1 << 32)):
            self.assertEqual(padme(length), size, length)
            self.assertEqual(padme(size), size)


class Fields(unittest.TestCase):
    SCHEMA = {1: Field("a", Cursor.varint, 0), 2: Field("b", Cursor.rest, many=True)}

    def read(self, data: str) -> dict:
        return read_fields(Cursor(bytes.fromhex(data)), self.SCHEMA)

    def test_missing_fields_are_zero_and_repeated_ones_keep_their_order(self) -> None:
        self.assertEqual(self.read(""), {"a": 0, "b": []})
        self.assertEqual(self.read("0301070501780501" + "61"), {"a": 7, "b": [b"x", b"a"]})

    def test_an_unknown_field_only_stops_the_reader_when_it_is_critical(self) -> None:
        self.assertEqual(self.read("0301070c0178"), {"a": 7, "b": []})
        with self.assertRaises(Unsupported):
            self.read("0301070d0178")

    def test_fields_that_descend_repeat_or_have_a_rest_are_damage(self) -> None:
        for data in ("050178030107", "030107030107", "03020707", "0305"):
            with self.assertRaises(Damage, msg=data):
                self.read(data)


class Columns(unittest.TestCase):
    def ints(self, data: str, count: int, signed: bool = False) -> list[int]:
        cursor = Cursor(bytes.fromhex(data))
        values = read_ints(cursor, count, signed)
        cursor.end()
        return values

    def test_a_constant_stands_for_all(self) -> None:
        self.assertEqual(self.ints("00ac02", 3), [300] * 3)
        self.assertEqual(self.ints("0001", 2, signed=True), [-1, -1])

    def test_packed_values_begin_at_the_lowest_bit(self) -> None:
        # 5 + (1, 2, 7) in 3 bits each: 001, 010, 111 from the low end = 0b1_11_010_001
        self.assertEqual(self.ints("010503d101", 3), [6, 7, 12])

    def test_packed_values_may_take_64_bits_and_wrap(self) -> None:
        ones = "ff" * 8
        self.assertEqual(self.ints("010040" + ones, 1), [(1 << 64) - 1])
        self.assertEqual(self.ints("010240" + ones, 1, signed=True), [0])

    def test_sparse_values_stand_at_their_places(self) -> None:
        # default 9, 2 places: 1 and 1 + 1 + 2 = 4; least 20, 1 bit each: 0, 1
        self.assertEqual(self.ints("0209020102140102", 5), [9, 20, 9, 9, 21])
        self.assertEqual(self.ints("020901000700", 2), [7, 9])

    def test_impossible_columns_are_damage(self) -> None:
        for data, count in (("0300", 1), ("010000", 1), ("010041" + "00" * 9, 1), ("010502", 1),
                            ("0105030f02", 3), ("02090000", 2), ("0209030000000000", 2),
                            ("0209010207", 2)):
            with self.assertRaises(Damage, msg=data):
                self.ints(data, count)

    def test_strings_stand_behind_their_lengths(self) -> None:
        self.assertEqual(read_strings(Cursor(packed(1, 0, 2) + b"abc"), 3), [b"a", b"", b"bc"])

    def test_names_share_their_beginnings(self) -> None:
        data = packed(0, 2, 0) + packed(3, 1, 1) + b"\0" + b"abc" + b"d" + b"b"
        self.assertEqual(read_names(Cursor(data), 3), [b"abc", b"abd", b"b"])

    def test_names_of_few_letters_are_indices_into_them(self) -> None:
        # letters a, b, c in 2 bits each: "ab", then 1 shared and "c" = 0, 1, 2
        data = packed(0, 1) + packed(2, 1) + bytes([1, 3]) + b"abc" + bytes([0b10_01_00])
        self.assertEqual(read_names(Cursor(data), 2), [b"ab", b"ac"])

    def test_names_of_one_letter_take_no_bits(self) -> None:
        data = packed(0, 1) + packed(1, 1) + bytes([1, 1]) + b"z"
        self.assertEqual(read_names(Cursor(data), 2), [b"z", b"zz"])

    def test_impossible_names_are_damage(self) -> None:
        for data in (packed(0, 0) + packed(1, 1) + b"\0ba", packed(0, 0) + packed(1, 1) + b"\0aa",
                     packed(0, 2) + packed(1, 1) + b"\0ab", packed(1, 0) + packed(1, 1) + b"\0ab",
                     packed(0, 0) + packed(0, 1) + b"\0a", packed(0, 0) + packed(1, 1) + b"\2ab",
                     packed(0, 0) + packed(1, 1) + b"\1\3abc\x0c",
                     packed(0, 0) + packed(1, 1) + b"\1\2ba\2",
                     packed(0, 0) + packed(1, 1) + b"\1\0",
                     packed(0, 0) + packed(1, 1) + b"\1\2ab\6"):
            with self.assertRaises(Damage, msg=data):
                read_names(Cursor(data), 2)


class Shapes(unittest.TestCase):
    def test_only_names_of_the_format_are_objects(self) -> None:
        ab, rest = "ab", "ab" + "0" * 62
        domain = "domains/" + "1" * 32
        self.assertEqual(parse_name(f"{domain}/packs/data/{ab}/{rest}").kind, 6)
        record = parse_name(f"{domain}/log/record/{1:016x}")
        self.assertEqual(record.relative, b"record/" + b"0" * 15 + b"1")
        for name in (f"{domain}/packs/data/cd/{rest}", "vault/1", "tmp/x", f"vault/{1:016X}x",
                     "vault/000000000000000A", f"{domain}/jobs/x",
                     f"{domain}/record/{1:016x}", f"{domain}/log/jobs/x"):
            self.assertIsNone(parse_name(name), name)

    def test_extents_are_filled_across_pieces(self) -> None:
        rows = list(fill([(3, 2), (0, 2), (4, 0)], iter([b"a", b"", b"bcd"])))
        self.assertEqual(rows, [(3, b""), (0, b"a"), (0, b"b"), (0, b"cd"), (4, b"")])

    def leaf(self, *columns: tuple[int, bytes]) -> Cursor:
        return Cursor(b"\x01" + fields(*columns))

    def name(self, text: bytes) -> tuple[int, bytes]:
        return 1, b"\0\0" + b"\0" + varint(len(text)) + b"\0" + text

    def test_missing_columns_are_zero(self) -> None:
        entry, = read_leaf(self.leaf(self.name(b"x"), (2, b"\0\1")), True)
        found = (entry.name, entry.mode, entry.content.size, entry.birth)
        self.assertEqual(found, (b"x", 0, 0, None))

    def test_impossible_entries_are_damage(self) -> None:
        name, file = self.name(b"x"), (2, b"\0\1")
        for columns in ([self.name(b".."), file], [self.name(b"a/b"), file],
                        [self.name(b"/"), file], [name], [name, (2, b"\0\7")],
                        [name, file, (9, b"\0" + varint(10 ** 9))],
                        [name, file, (15, b"\0\3abc")], [name, file, (16, b"\0\1")],
                        [name, file, (19, b"\0\1")], [name, file, (21, b"x")], [file],
                        [name, file, (19, b"\0" + varint(513)), (20, b"\0\1"), (21, b"x" * 513)]):
            with self.assertRaises(Damage, msg=columns):
                read_leaf(self.leaf(*columns), True)

    def test_only_a_root_is_called_slash(self) -> None:
        leaf = b"\0\1" + fields(self.name(b"/"), (2, b"\0\2"), (23, b"\0"))
        self.assertEqual(read_root(fields((1, 1), (2, 1), (7, leaf))).path, b"/")
        with self.assertRaises(Damage):
            read_root(fields((1, 1), (2, 1), (3, b"a"), (7, leaf)))
        with self.assertRaises(Unsupported):
            read_root(fields((1, 6), (2, 1), (7, leaf)))


BIG = b"0123456789" * 100
SPARSE_SIZE = 8192 + 500 + 4096


def read(directory: bytes, name: bytes) -> bytes:
    with open(os.path.join(directory, name), "rb") as file:
        return file.read()


class WholeVault(unittest.TestCase):
    """One vault with a file of each content kind, an inner node, attributes and a stat table."""

    def setUp(self) -> None:
        self.base = tempfile.mkdtemp()
        self.addCleanup(shutil.rmtree, self.base)
        self.secret = os.path.join(self.base, "secret")
        self.vault = os.path.join(self.base, "vault")
        self.writer = Writer(self.vault)
        with open(self.secret, "wb") as file:
            file.write(Writer.PASSPHRASE + b"\n")
        self.fill_vault()

    def fill_vault(self) -> None:
        writer = self.writer
        slot = writer.slot()
        self.slots = [writer.put_slots(1, slot), writer.put_slots(2, slot)]
        self.ring = writer.put_ring()
        writer.put_records()
        self.data = writer.put_pack(False, [(1, 1, BIG), (1, 2, b"tail"), (1, 1, b"")])
        self.meta = writer.put_pack(True, self.nodes())
        self.index = writer.put_index()
        self.ledger = writer.put_ledger()
        self.lease = writer.put_lease()
        self.point = writer.put_point(self.root())

    def nodes(self) -> list[tuple[int, int, bytes]]:
        sparse = b"\0" + varint(1) + self.file_chunk(BIG) + varint(100) + varint(500) \
            + varint(2) + varint(8192) + varint(500) + varint(4096) + varint(0)
        top = b"\1" + varint(1) + self.writer.chunk_id(3, sparse) + varint(SPARSE_SIZE)
        small = self.leaf([b"a"], (2, b"\0\1"), (19, b"\0\2"), (20, b"\0\1"), (21, b"hi"))
        last = self.last_leaf(self.writer.chunk_id(3, top))
        counts = b"\5" + varint(SPARSE_SIZE + 34) + b"\1"
        self.inner = b"\1" + varint(2) + counted(b"a") + self.writer.chunk_id(2, small) \
            + b"\1\2\0" + counted(b"sub") + self.writer.chunk_id(2, last) + counts
        stat = b"\0\1" + fields((64, b"\0" + zigzag(-7)), (66, b"\0\x2a"), critical=0)
        self.stat = b"\1" + varint(2) + self.writer.chunk_id(4, stat) + bytes(32)
        return [(3, 0, sparse), (3, 0, top), (2, 0, small), (2, 1, last), (2, 0, self.inner),
                (4, 0, stat), (4, 0, self.stat)]

    def file_chunk(self, data: bytes) -> bytes:
        return self.writer.chunk_id(1, data)

    def leaf(self, names: list[bytes], *columns: tuple[int, bytes]) -> bytes:
        sizes = packed(*map(len, names))
        column = packed(*[0] * len(names)) + sizes + b"\0" + b"".join(names)
        return b"\0" + varint(len(names)) + fields((1, column), *columns)

    def last_leaf(self, top: bytes) -> bytes:
        """A part of a chunk, a sparse file, a link, and a directory with a leaf inside."""
        inside = self.leaf([b"tail"], (2, b"\0\1"), (19, b"\0\4"), (20, b"\0\2"),
                           (21, self.file_chunk(b"tail") + b"\0"))
        attributes = varint(1) + counted(b"user.x") + counted(b"\xff")
        sizes = b"\1\0\x10" + b"".join(n.to_bytes(2, "little") for n in (30, 0, SPARSE_SIZE, 0))
        return self.leaf(
            [b"b\xff", b"link", b"sparse", b"sub"], (2, packed(1, 3, 1, 2)),
            (4, b"\0\x05"), (6, b"\x05" + counted(b"five")), (8, b"\0" + zigzag(-3)),
            (14, packed(0, 4, 0, 0) + b"b/.."), (15, packed(16, 0, 0, 0) + b"G" * 16),
            (16, packed(1, 0, 0, 0)),
            (17, varint(len(attributes)) + b"\1" + attributes), (18, packed(0, 0, 1, 0)),
            (19, sizes), (20, packed(2, 0, 3, 0)),
            (21, self.file_chunk(BIG) + varint(10) + top + b"\1"),
            (23, b"\1" + b"\1\4\0" + counted(inside)))

    def root(self) -> bytes:
        counts = b"\6" + varint(SPARSE_SIZE + 36) + b"\1"
        inside = b"\2" + counts + self.writer.chunk_id(2, self.inner) + b"\1"
        entry = self.leaf([b"me"], (2, b"\0\2"), (3, b"\0" + varint(0o755)), (23, inside))
        stat = b"\0\1" + fields((68, b"\2" + self.writer.chunk_id(4, self.stat)), critical=0)
        return fields((1, 1), (2, 1), (3, b"home"), (4, b"ext4"), (7, entry), (8, stat))

    def run_reader(self, *arguments: str,
                   option: str = "--passphrase-file") -> tuple[int, list[dict], str]:
        out, error = io.StringIO(), io.StringIO()
        with contextlib.redirect_stdout(out), contextlib.redirect_stderr(error):
            status = mars_reader.main([self.vault, option, self.secret, *arguments])
        return status, [json.loads(line) for line in out.getvalue().splitlines()], error.getvalue()

    def faults(self) -> set[str]:
        status, rows, _ = self.run_reader("check")
        names = {row["name"] for row in rows if "fault" in row}
        self.assertEqual(status, 1 if names else 0)
        return names

    def damage(self, name: str, at: int) -> None:
        with open(os.path.join(self.vault, name), "r+b") as file:
            file.seek(at, os.SEEK_SET if at >= 0 else os.SEEK_END)
            byte = file.read(1)
            file.seek(-1, os.SEEK_CUR)
            file.write(bytes([byte[0] ^ 4]))

    def test_a_sound_vault_has_no_faults(self) -> None:
        status, rows, error = self.run_reader("check")
        self.assertEqual((status, error), (0, ""))
        self.assertEqual(rows, [{"objects": 14, "authentic": 14, "not_open": 0, "faults": 0}])

    def test_points_are_listed(self) -> None:
        status, rows, _ = self.run_reader("--machine", "box", "list")
        self.assertEqual(status, 0)
        self.assertEqual(rows[0]["session"], Writer.SESSION.hex())
        self.assertEqual((rows[0]["item_name"], rows[0]["roots"]), ("home", ["/home/me"]))
        self.assertEqual((rows[0]["started"], rows[0]["state"]), ([Writer.TIME, 0], "present"))
        self.assertTrue(rows[0]["head"])

    def test_an_unknown_machine_or_passphrase_opens_nothing(self) -> None:
        self.assertEqual(self.run_reader("--machine", "other", "list")[0], 1)
        with open(self.secret, "wb") as file:
            file.write(b"wrong")
        self.assertEqual(self.run_reader("list")[0], 1)

    def test_a_point_is_extracted_whole(self) -> None:
        out = os.path.join(self.base, "out")
        self.assertEqual(self.run_reader("extract", "53", out)[0], 0)
        me = os.path.join(os.fsencode(out), b"home", b"me")
        self.assertEqual(sorted(os.listdir(me)), [b"a", b"b\xff", b"link", b"sparse", b"sub"])
        self.assertEqual((read(me, b"a"), read(me, b"b\xff")), (b"hi", BIG[10:40]))
        self.assertEqual(read(me, b"sub/tail"), b"tail")
        self.assertEqual(os.readlink(os.path.join(me, b"link")), b"b/..")
        self.assertEqual(read(me, b"sparse"), bytes(8192) + BIG[100:600] + bytes(4096))
        self.assertLess(os.stat(os.path.join(me, b"sparse")).st_blocks * 512, SPARSE_SIZE)

    def test_the_listing_tells_all_metadata(self) -> None:
        out = os.path.join(self.base, "out")
        self.run_reader("extract", "latest", out)
        with open(os.path.join(out, ".listing.jsonl"), encoding="ascii") as file:
            rows = {row["path"]: row for row in map(json.loads, file)}
        self.assertEqual(len(rows), 7)
        self.assertEqual(rows["/home/me"]["mode"], 0o755)
        self.assertEqual((rows["/home/me/a"]["inode"], rows["/home/me/a"]["ctime"]), (42, [-7, 0]))
        row = rows["/home/me/b\\xff"]
        self.assertEqual(base64.b64decode(row["name_b64"]), b"b\xff")
        self.assertEqual((row["link_group"], row["uid"], row["mtime"]), ("47" * 16, 5, [-3, 0]))
        self.assertEqual(base64.b64decode(row["owner_b64"]), b"five")
        self.assertEqual(row["attributes"], [{"name_b64": "dXNlci54", "value_b64": "/w=="}])
        self.assertTrue(rows["/home/me/sparse"]["incomplete"])
        self.assertIsNone(rows["/home/me/sub/tail"]["ctime"])

    def test_every_object_is_dumped_without_secrets(self) -> None:
        status, rows, _ = self.run_reader("dump")
        self.assertEqual((status, len(rows)), (0, 14))
        point, = (row for row in rows if row["kind"] == 9)
        self.assertEqual(point["fields"]["skipped"][0]["path"], "/home/sock")
        text = json.dumps(rows)
        for _, key in self.writer.keys.values():
            self.assertNotIn(key.hex(), text)

    def test_damage_anywhere_names_the_object(self) -> None:
        sound = os.path.join(self.base, "sound")
        shutil.copytree(self.vault, sound)
        for name in (self.data, self.meta, self.index, self.point, self.ring, *self.ledger,
                     self.slots[1], self.slots[0], f"vault/{1:016x}"):
            for at in (40, 70, 113, 150, -1):
                shutil.rmtree(self.vault)
                shutil.copytree(sound, self.vault)
                self.damage(name, at)
                self.assertIn(name, self.faults(), at)

    def test_an_object_under_anothers_name_is_damage(self) -> None:
        other = self.point[:-32] + "ab" * 16
        shutil.copy(os.path.join(self.vault, self.point), os.path.join(self.vault, other))
        self.assertEqual(self.faults(), {other})

    def test_a_lease_of_an_ended_session_may_be_damaged(self) -> None:
        self.damage(self.lease, 150)
        self.assertEqual(self.faults(), set())
        os.remove(os.path.join(self.vault, self.point))
        self.assertEqual(self.faults(), {self.lease})

    def test_a_damaged_ring_leaves_its_copy(self) -> None:
        self.damage(self.ring, 150)
        self.assertEqual(self.run_reader("list")[0], 0)

    def test_without_the_index_the_packs_tell(self) -> None:
        os.remove(os.path.join(self.vault, self.index))
        self.assertEqual(self.run_reader("extract", "latest", os.path.join(self.base, "out"))[0], 0)

    def test_a_missing_ledger_record_breaks_the_chain(self) -> None:
        os.remove(os.path.join(self.vault, self.ledger[0]))
        self.assertEqual(self.faults(), {self.ledger[1]})

    def test_a_missing_pack_is_a_fault_of_who_needs_it(self) -> None:
        os.remove(os.path.join(self.vault, self.data))
        self.assertEqual(self.faults(), {self.index, self.point})

    def test_padding_is_zero_and_as_long_as_padme_says(self) -> None:
        relative = f"lease/{'77' * 16}/{0:016x}"
        payload = fields((1, b"w" * 16), (2, b"w" * 16), (3, b"w" * 16), (5, 0))
        right = padded(164 + len(payload)) - 164 - len(payload)
        self.assertGreater(right, 1)
        for fill_bytes, faulty in ((bytes(right), False), (bytes(right - 1) + b"\1", True),
                                   (b"", True), (bytes(right - 1), True),
                                   (bytes(right + 16), True)):
            data = self.writer.sealed(11, self.writer.keys[6], relative, payload, fill_bytes)
            name = self.writer.put(self.writer.prefix + relative, data)
            self.assertEqual(self.faults(), {name} if faulty else set())

    def test_a_keyless_machine_record_is_refused(self) -> None:
        name = f"machines/{Writer.MACHINE.hex()}/{2:016x}"
        payload = fields((1, Writer.MACHINE), (2, b"box"), (3, self.writer.domain))
        self.writer.put(name, self.writer.plain(2, None, name, payload))
        self.assertEqual(self.faults(), {name})

    def test_a_packs_padding_is_zero(self) -> None:
        pack = self.writer.put_pack(False, [(1, 0, b"x" * 1000)], padding=b"\1")
        self.assertEqual(self.faults(), {pack})

    def test_an_index_that_describes_a_pack_wrongly_is_a_fault(self) -> None:
        self.writer.rows[0] = self.writer.rows[0].replace(varint(len(BIG)) + self.file_chunk(BIG),
                                                          varint(7) + self.file_chunk(BIG))
        index = self.writer.put_index()
        self.assertIn(index, self.faults())

    def test_a_new_root_opens_what_the_old_one_sealed(self) -> None:
        self.writer.rotate()
        self.writer.put_slots(3, self.writer.slot())
        self.writer.put_point(self.root(), b"T" * 16)
        self.assertEqual(self.faults(), set())
        rows = self.run_reader("list")[1]
        self.assertEqual([row["session"][:2] for row in rows], ["53", "54"])
        self.assertEqual(self.run_reader("nonces")[0], 0)

    def test_directories_may_be_deeper_than_a_path_is_long(self) -> None:
        depth, nodes, inside, entries = 1500, [], b"\0", 0
        for _ in range(depth):
            nodes.append((2, 1, self.leaf([b"deep"], (2, b"\0\2"), (23, inside))))
            entries += 1
            chunk = self.writer.chunk_id(2, nodes[-1][2])
            inside = b"\2" + varint(entries) + b"\0\0" + chunk + b"\0"
        self.writer.put_pack(True, nodes)
        top = self.leaf([b"/"], (2, b"\0\2"), (23, inside))
        point = self.writer.put_point(fields((1, 1), (7, top)), b"T" * 16)
        self.assertEqual(self.faults(), set())
        out = os.path.join(self.base, "out")
        self.addCleanup(subprocess.run, ["rm", "-rf", out], check=True)
        self.assertEqual(self.run_reader("extract", point[-32:], out)[0], 0)
        with open(os.path.join(out, ".listing.jsonl"), encoding="ascii") as file:
            rows = [json.loads(line) for line in file]
        self.assertEqual((rows[0]["path"], rows[-1]["path"]), ("/", "/deep" * depth))

    def test_a_root_below_a_link_is_not_followed(self) -> None:
        link = self.leaf([b"a"], (2, b"\0\3"), (14, b"\0\4" + b"/tmp"))
        file = self.leaf([b"b"], (2, b"\0\1"))
        below = fields((1, 1), (3, b"a"), (7, file))
        self.writer.put_point(fields((1, 1), (7, link)), b"T" * 16, below)
        out = os.path.join(self.base, "out")
        self.assertEqual(self.run_reader("extract", "54", out)[0], 1)
        self.assertFalse(os.path.exists("/tmp/b"))

    def test_a_passphrase_that_was_removed_does_not_open(self) -> None:
        self.writer.put_slots(3)
        self.assertEqual(self.run_reader("list")[0], 1)

    def test_a_callers_slot_opens_with_what_it_unwraps(self) -> None:
        secret = bytes(range(32))
        self.writer.put_slots(3, self.writer.slot(), self.writer.callers_slot(secret, b"wrapped"))
        self.assertEqual(self.run_reader("list")[0], 0)
        for value, status in ((secret, 0), (secret[::-1], 1), (secret[:31], 1)):
            with open(self.secret, "wb") as file:
                file.write(value)
            self.assertEqual(self.run_reader("list", option="--unwrapped-file")[0], status)

    def test_every_use_of_a_key_is_printed_once(self) -> None:
        status, rows, _ = self.run_reader("nonces")
        self.assertEqual(status, 0)
        # 3 + 7 blobs, 2 directories, ring, index, point, 2 ledger records, lease, 1 slot
        self.assertEqual(len(rows), 19)
        self.assertEqual(len({(row["key"], row["counter"]) for row in rows}), 19)
        self.assertIn(1 << 32, {row["counter"] for row in rows})

    def test_a_repeated_nonce_fails(self) -> None:
        slot = self.writer.put_pack(False, [(1, 0, b"x"), (1, 0, b"y")], repeat=True)
        status, _, error = self.run_reader("nonces")
        self.assertEqual(status, 1)
        self.assertIn(slot, error)


if __name__ == "__main__":
    unittest.main()
