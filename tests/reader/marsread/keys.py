"""From a secret over slots, roots and rings to the keys of a domain."""
from __future__ import annotations

import hashlib
import hmac
from dataclasses import dataclass
from typing import Any, Optional

from argon2.low_level import Type, hash_secret_raw

from . import records
from .objects import (DATA, DOMAIN, FENCE, INDEX, LEASE, LEDGER, MACHINE, META, POINT, RING, SLOTS,
                      Header, Name, Store, aead_open, hkdf, open_plain, open_sealed, peek_plain)
from .wire import Cursor, Damage, FormatError, read_fields, require

CHUNK_ID = 1
SINGLE = (1, 2)
KEY_TYPES = {DATA: 3, META: 3, INDEX: 4, POINT: 5,
             LEDGER: 6, LEASE: 6, FENCE: 6, DOMAIN: 6, MACHINE: 6}
PASSPHRASE, RAW_KEY, UNWRAPPED = 1, 2, 3


@dataclass(frozen=True)
class Secret:
    """A passphrase, a raw key, or what a caller unwraps from a blob. A line feed at its end may be
    the file's, not the passphrase's."""

    kind: int
    value: bytes

    def candidates(self) -> list[bytes]:
        if self.kind == PASSPHRASE and self.value.endswith(b"\n"):
            return [self.value[:-1], self.value]
        return [self.value]


def slot_binding(domain: bytes, slot: dict[str, Any], root_id: bytes) -> bytes:
    costs = (slot["passes"], slot["memory"], slot["lanes"])
    require(max(costs) < 1 << 32, "slot has an impossible cost")
    return (domain + slot["slot_id"] + bytes([slot["kind"]])
            + b"".join(cost.to_bytes(4, "little") for cost in costs) + root_id
            + (hashlib.sha256(slot["blob"]).digest() if slot["kind"] == UNWRAPPED else b""))


def stretch(slot: dict[str, Any], secret: bytes) -> bytes:
    passes, memory, lanes = slot["passes"], slot["memory"], slot["lanes"]
    if slot["kind"] != PASSPHRASE:
        require(not (passes or memory or lanes), "slot without a passphrase has costs")
        require(len(secret) == 32, "key is not of 32 bytes")
        return secret
    require(2 <= passes <= 16 and 32_768 <= memory <= 1_048_576 and 1 <= lanes <= 16,
            "slot has costs outside the limits")
    return hash_secret_raw(secret, slot["salt"], passes, memory, lanes, 32, Type.ID, 0x13)


def open_slot(domain: bytes, slot: dict[str, Any], root_id: bytes,
              secret: Secret) -> Optional[bytes]:
    """The root inside a slot, or none where the secret is not the slot's."""
    if slot["kind"] != secret.kind:
        return None
    info = b"mars slot v1" + slot_binding(domain, slot, root_id)
    for candidate in secret.candidates():
        out = hkdf(stretch(slot, candidate), slot["salt"], info, 64)
        if hmac.compare_digest(out[32:], slot["commitment"]):
            root = aead_open(out[:32], 0, info, slot["wrapped"])
            require(root_id_of(root) == root_id, "slot holds another root")
            return root
    return None


def root_id_of(root: bytes) -> bytes:
    return hkdf(root, b"", b"mars root id v1", 16)


@dataclass(frozen=True)
class Key:
    type: int
    epoch: int
    key_id: bytes
    key: bytes


class Domain:
    """A domain whose keys are open."""

    def __init__(self, store: Store, hex_id: str, secret: Secret) -> None:
        self.store, self.hex_id, self.id = store, hex_id, bytes.fromhex(hex_id)
        self.roots: dict[bytes, tuple[int, bytes]] = {}
        self.keys: dict[bytes, Key] = {}
        self._open_slots(secret)
        self._open_rings()
        self._check_domain_id()
        self.chunk_id_key = self._single(CHUNK_ID)

    def key_for(self, kind: int, header: Header) -> bytes:
        """The key that a header's key id names, of the type that the kind wants."""
        if kind in (SLOTS, RING):
            require(header.key_id in self.roots, f"root {header.key_id.hex()} is not known")
            root = self.roots[header.key_id][1]
            return root if kind == RING else hkdf(root, b"", b"mars slot mac v1", 32)
        key = self.keys.get(header.key_id)
        if key is None:
            raise Damage(f"key {header.key_id.hex()} is not known")
        require(key.type == KEY_TYPES[kind], f"key of type {key.type} for kind {kind}")
        return key.key

    def _open_slots(self, secret: Secret) -> None:
        """The highest slot set that is valid counts; which is only known with the root it binds."""
        higher: list[Name] = []
        for name in reversed(self.store.select(SLOTS, domain=self.hex_id)):
            try:
                if self._open_slot_set(name, secret):
                    break
            except FormatError:
                pass
            higher.append(name)
        require(self.roots, f"no slot of domain {self.hex_id} opens")
        for name in higher:
            require(not self._authenticates(name), f"the secret is not in {name.full} any more")

    def _open_slot_set(self, name: Name, secret: Secret) -> bool:
        data = self.store.read(name)
        fields = read_fields(Cursor(peek_plain(data, name).payload), records.SLOT_SET)
        records.check_slot_set(fields)
        for slot in fields["slots"]:
            root = open_slot(self.id, slot, fields["root_id"], secret)
            if root is not None:
                self.roots = {fields["root_id"]: (fields["root_number"], root)}
                if self._authenticates(name):
                    return True
                self.roots = {}
        return False

    def _authenticates(self, name: Name) -> bool:
        try:
            open_plain(self.store.read(name), name, self.key_for)
            return True
        except FormatError:
            return False

    def _open_rings(self) -> None:
        """Every ring of a known root adds its keys and the root before it."""
        waiting = self.store.select(RING, domain=self.hex_id)
        progress = True
        while progress:
            progress = False
            for name in list(waiting):
                try:
                    header, fields = self.read_ring(name)
                except FormatError:
                    continue
                waiting.remove(name)
                self._merge_ring(header, fields)
                progress = True

    def read_ring(self, name: Name) -> tuple[Header, dict[str, Any]]:
        self.store.check_digest(name)
        opened = open_sealed(self.store.read(name), name, self.key_for)
        fields = read_fields(Cursor(opened.payload), records.RING_FIELDS)
        records.check_ring(fields)
        number = self.roots[opened.header.key_id][0]
        require(fields["root_number"] == number, "ring and slot set number the root differently")
        return opened.header, fields

    def _merge_ring(self, header: Header, fields: dict[str, Any]) -> None:
        for row in fields["keys"]:
            key = Key(row["type"], row["epoch"], row["key_id"], row["key"])
            for other in self.keys.values():
                same = (key.type, key.epoch) == (other.type, other.epoch) or key.type in SINGLE \
                    and key.type == other.type or key.key_id == other.key_id
                require(not same or key == other, "rings disagree about a key")
            self.keys[key.key_id] = key
        before = fields["previous"]
        if before:
            require(root_id_of(before["root"]) == before["root_id"], "previous root has another id")
            self.roots.setdefault(before["root_id"], (before["number"], before["root"]))

    def _check_domain_id(self) -> None:
        for number, root in self.roots.values():
            if number == 1:
                require(hkdf(root, b"", b"mars domain id v1", 16) == self.id,
                        "the first root belongs to another domain")

    def _single(self, kind: int) -> bytes:
        found = [key.key for key in self.keys.values() if key.type == kind]
        require(found, f"no key ring with a key of type {kind} opens")
        return found[0]
