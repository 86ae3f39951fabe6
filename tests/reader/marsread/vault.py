"""A vault as a whole: its domains, its points, and the check of everything in it."""
from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import Any, Iterator, Optional

from . import records
from .content import read_attributes, read_skipped, stream, whole
from .keys import Domain, Secret
from .objects import (BY_DIGEST, DOMAIN, FENCE, INDEX, LEASE, LEDGER, MACHINE, PACKS, PLAIN, POINT,
                      RING, SLOTS, VAULT, Header, Name, Store, open_plain, open_sealed, peek_plain)
from .packs import DIRECTORY_COUNTER, ChunkSizes, live_indexes, place_blobs, verify_pack
from .tree import Entry, Tree, read_root
from .wire import Damage, FormatError, Unsupported, require

ATTRIBUTES, FILE_DATA = 5, 1


@dataclass(frozen=True)
class Seen:
    """An object that authenticated: what it says, and each use of an AEAD key in it."""

    header: Header
    fields: dict[str, Any]
    uses: list[tuple[str, str, int]]  # what, digest of the key, counter


@dataclass(frozen=True)
class Use:
    name: str
    what: str
    key: str
    counter: int


class Vault:
    """Opens the domain of one machine, and for checks every other one that the secret opens."""

    def __init__(self, directory: str, secret: Secret, machine: Optional[str]) -> None:
        self.store, self.secret = Store(directory), secret
        self._refuse_unknown_vault()
        self.domain = self._find_domain(machine)
        self.domains = {self.domain.hex_id: self.domain}

    def _refuse_unknown_vault(self) -> None:
        for name in reversed(self.store.select(VAULT)):
            try:
                open_plain(self.store.read(name), name, lambda kind, header: b"")
                return
            except Unsupported:
                raise
            except FormatError:
                continue

    def _find_domain(self, machine: Optional[str]) -> Domain:
        """The domain of the machine with this name, or of the only machine."""
        records_of = self._machine_records()
        names = {row[1]["name"] for rows in records_of.values() for row in rows}
        fitting = [rows for rows in records_of.values()
                   if machine is None or any(row[1]["name"] == machine for row in rows)]
        require(len(fitting) == 1, f"which machine is meant? There are: {', '.join(sorted(names))}")
        for name, fields in fitting[0]:
            domain = Domain(self.store, fields["domain_id"].hex(), self.secret)
            try:
                open_plain(self.store.read(name), name, domain.key_for)
            except FormatError:
                continue
            require(machine in (None, fields["name"]), f"the machine is now {fields['name']}")
            self._refuse_unknown_domain(domain)
            return domain
        raise Damage("no record of the machine authenticates")

    def _machine_records(self) -> dict[str, list[tuple[Name, dict[str, Any]]]]:
        """The records of each machine, not yet checked, the highest number first."""
        found: dict[str, list[tuple[Name, dict[str, Any]]]] = {}
        for name in reversed(self.store.select(MACHINE)):
            try:
                fields = records.read_record(name, peek_plain(self.store.read(name), name).payload)
            except FormatError:
                continue
            found.setdefault(name.parts["machine"] or "", []).append((name, fields))
        return found

    def _refuse_unknown_domain(self, domain: Domain) -> None:
        for name in reversed(self.store.select(DOMAIN, domain=domain.hex_id)):
            try:
                open_plain(self.store.read(name), name, domain.key_for)
                return
            except Unsupported:
                raise
            except FormatError:
                continue

    def open_other_domains(self) -> None:
        for hex_id in sorted({name.domain for name in self.store.names if name.domain}):
            if hex_id not in self.domains:
                try:
                    self.domains[hex_id] = Domain(self.store, hex_id, self.secret)
                except FormatError:
                    continue

    def domain_of(self, name: Name, data: bytes = b"") -> Optional[Domain]:
        """The open domain whose keys an object needs, or none where the secret does not open it."""
        if name.kind == MACHINE:
            fields = records.read_record(name, peek_plain(data, name).payload)
            return self.domains.get(fields["domain_id"].hex())
        return self.domains.get(name.domain or "")

    def see(self, name: Name) -> Optional[Seen]:
        """Authenticates an object and decodes it; none where its domain is not open."""
        if name.kind in PACKS:
            domain = self.domain_of(name)
            return self._see_pack(domain, name) if domain else None
        data = self.store.read(name)
        if name.kind in BY_DIGEST:
            found = hashlib.sha256(data).digest()
            require(found == name.id("digest"), "bytes do not match the name")
        if name.kind == VAULT:
            opened = open_plain(data, name, lambda kind, header: b"")
        else:
            domain = self.domain_of(name, data)
            if domain is None:
                return None
            opened = (open_plain if name.kind in PLAIN else open_sealed)(data, name, domain.key_for)
        fields = records.read_record(name, opened.payload)
        self._refine(name, fields)
        uses = slot_uses(fields) if name.kind == SLOTS else []
        if name.kind not in PLAIN:
            uses = [("body", digest(opened.key), 0)]
        return Seen(opened.header, fields, uses)

    def _see_pack(self, domain: Domain, name: Name) -> Seen:
        pack = verify_pack(domain, name)
        key = digest(pack.key)
        uses = [("slot", key, blob.slot) for blob in pack.blobs]
        fields = {"blobs": pack.blobs, "padding": pack.padding}
        return Seen(pack.header, fields, uses + [("directory", key, DIRECTORY_COUNTER)])

    def _refine(self, name: Name, fields: dict[str, Any]) -> None:
        """Decodes what an index or a point holds in the forms of packs and directories."""
        if name.kind == INDEX:
            place_blobs(fields)
        if name.kind == POINT:
            domain = self.domains[name.domain or ""]
            text = fields["item_name"].encode()
            require(fields["item"] == records.item_id(domain.chunk_id_key, fields["machine"], text),
                    "item id does not suit the machine and the item's name")
            fields["roots"] = [read_root(value) for value in fields["roots"]]

    def points(self) -> list[tuple[Name, dict[str, Any]]]:
        """The points of the machine's domain that authenticate, oldest first."""
        out = []
        for name in self.store.select(POINT, domain=self.domain.hex_id):
            try:
                seen = self.see(name)
            except FormatError:
                continue
            assert seen
            out.append((name, seen.fields))
        return sorted(out, key=lambda row: (row[1]["finished"] or (0, 0), row[0].full))

    def states(self) -> dict[tuple[bytes, bytes], str]:
        """What the ledger and the fences say of points."""
        out: dict[tuple[bytes, bytes], str] = {}
        words = {6: "deleted", 7: "present", 9: "purged"}
        for name in self.store.select(LEDGER, domain=self.domain.hex_id):
            try:
                seen = self.see(name)
            except FormatError:
                continue
            assert seen
            for operation in seen.fields["operations"]:
                if operation["operation"] in words:
                    out[operation["item"], operation["session"]] = words[operation["operation"]]
        closed = {name.id("session") for name in self.store.select(FENCE, domain=self.domain.hex_id)
                  if name.parts["closed"]}
        for name in self.store.select(POINT, domain=self.domain.hex_id):
            if name.id("session") in closed:
                out[name.id("item"), name.id("session")] = "void"
        return out

    def find_point(self, wanted: str) -> tuple[Name, dict[str, Any]]:
        states = self.states()
        points = [row for row in self.points()
                  if wanted != "latest" or states.get(key_of(row[0]), "present") == "present"]
        if wanted == "latest":
            require(points, "there is no point")
            return points[-1]
        fitting = [row for row in points if (row[0].parts["session"] or "").startswith(wanted)]
        require(len(fitting) == 1, f"{len(fitting)} points begin with {wanted}")
        return fitting[0]


def key_of(name: Name) -> tuple[bytes, bytes]:
    return name.id("item"), name.id("session")


def digest(key: bytes) -> str:
    return hashlib.sha256(key).hexdigest()


def slot_uses(fields: dict[str, Any]) -> list[tuple[str, str, int]]:
    """A slot's key is known to who has its secret; its commitment stands for it. Slots are copied
    from set to set as they are, so only other bytes under the same key are another use."""
    return [("wrapped root " + slot["wrapped"].hex(), slot["commitment"].hex(), 0)
            for slot in fields["slots"]]


class Audit:
    """Goes over every object of a vault once and then over what they say of each other."""

    def __init__(self, vault: Vault) -> None:
        self.vault, self.store = vault, vault.store
        self.faults: list[tuple[str, str]] = []
        self.seen: dict[str, Seen] = {}
        self.closed: list[str] = []  # of domains that the secret does not open

    def objects(self) -> Iterator[tuple[Name, Optional[Seen], str]]:
        """Each object with what it says, or with what is wrong."""
        self.vault.open_other_domains()
        for name in self.store.names:
            try:
                seen = self.vault.see(name)
            except (FormatError, OSError) as error:
                if not self._of_no_value(name):
                    self.fault(name, str(error))
                yield name, None, str(error)
                continue
            if seen is None:
                self.closed.append(name.full)
                yield name, None, "its domain is not open"
                continue
            self.seen[name.full] = seen
            self._limits(name, seen)
            yield name, seen, ""

    def fault(self, name: Name, message: str) -> None:
        self.faults.append((name.full, message))

    def _of_no_value(self, name: Name) -> bool:
        """A lease whose session has its point."""
        return name.kind == LEASE and bool(
            self.store.select(POINT, domain=name.domain or "", session=name.parts["session"] or ""))

    def _limits(self, name: Name, seen: Seen) -> None:
        if seen.header.trailer:
            self.fault(name, "has a trailer, which cannot be fully checked")
        if seen.header.bits[3]:
            self.fault(name, f"needs the unknown bits {seen.header.bits[3]:#x} to be verified")

    def relations(self) -> None:
        """What stands between objects: the ledger's chain, the index, the trees of points."""
        for domain in self.vault.domains.values():
            self._ledger(domain)
            self._index(domain)
            chunks = ChunkSizes(domain)
            for name in self.store.select(POINT, domain=domain.hex_id):
                if name.full in self.seen:
                    self._point(chunks, name)

    def _point(self, chunks: ChunkSizes, name: Name) -> None:
        fields = self.seen[name.full].fields
        try:
            for root in fields["roots"]:
                for entry in Tree(chunks, root.style == 1).walk(root.entry):
                    if entry:
                        check_entry(chunks, entry)
            if fields["skipped"] is not None:
                read_skipped(chunks, fields["skipped"])
        except FormatError as error:
            self.fault(name, f"its content: {error}")

    def _ledger(self, domain: Domain) -> None:
        names = self.store.select(LEDGER, domain=domain.hex_id)
        before: Optional[Name] = None
        for name in names:
            if name.number != (before.number if before else 0) + 1:
                self.fault(name, "the ledger record before it is missing")
            elif before and name.full in self.seen:
                wanted = self.seen[name.full].fields["before"]
                if self.store.digest(before) != wanted:
                    self.fault(name, "the ledger record before it is another one")
            before = name

    def _index(self, domain: Domain) -> None:
        gone = {row["object"] for name in self.store.select(LEDGER, domain=domain.hex_id)
                if name.full in self.seen for row in self.seen[name.full].fields["operations"]
                if row["operation"] == 4}
        live = {id_of for fields in live_indexes(domain) for id_of in map(pack_id, fields["packs"])}
        for name in self.store.select(INDEX, domain=domain.hex_id):
            for row in self.seen[name.full].fields["packs"] if name.full in self.seen else ():
                self._index_row(name, row, pack_id(row) in live and row["pack"] not in gone)

    def _index_row(self, name: Name, row: dict[str, Any], wanted: bool) -> None:
        packs = self.store.select(row["kind"], domain=name.domain or "", digest=row["pack"].hex())
        if not packs:
            if wanted:
                self.fault(name, f"names the missing pack {row['pack'].hex()}")
            return
        seen = self.seen.get(packs[0].full)
        if seen is None:
            return
        same = row["blobs"] == seen.fields["blobs"] and row["size"] == self.store.size(packs[0])
        if not same:
            self.fault(name, f"describes the pack {row['pack'].hex()} wrongly")


def pack_id(row: dict[str, Any]) -> tuple[int, bytes]:
    return row["kind"], row["pack"]


def check_entry(chunks: ChunkSizes, entry: Entry) -> None:
    for _ in stream(chunks, entry.content, FILE_DATA):
        pass
    if entry.attributes:
        read_attributes(whole(chunks, entry.attributes, ATTRIBUTES))


def all_uses(audit: Audit) -> Iterator[Use]:
    """Each use of an AEAD key. The two copies of a key ring are one use, as their bytes are the
    same; so are the copies of a slot in one slot set after another."""
    copies: set[tuple[str, str]] = set()
    for name, seen, _ in audit.objects():
        for what, key, counter in seen.uses if seen else ():
            copied = name.parts["digest"] if name.kind == RING else what
            if name.kind in (RING, SLOTS):
                if (copied or "", key) in copies:
                    continue
                copies.add((copied or "", key))
            yield Use(name.full, what.split(" ")[0], key, counter)
