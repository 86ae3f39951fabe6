"""The fields of every record and sealed object but packs."""
from __future__ import annotations

from typing import Any

from .objects import (DOMAIN, FENCE, INDEX, LEASE, LEDGER, MACHINE, POINT, RING, SLOTS, VAULT,
                      Name, mac)
from .wire import Cursor, Field, Schema, label, need, nested, raw, read_fields, require

_ID, _DIGEST = raw(16), raw(32)

SLOT: Schema = {
    1: Field("slot_id", raw(8)), 2: Field("kind", Cursor.varint, 0),
    3: Field("label", Cursor.text, ""), 4: Field("created", Cursor.time),
    5: Field("salt", _ID), 6: Field("passes", Cursor.varint, 0),
    7: Field("memory", Cursor.varint, 0), 8: Field("lanes", Cursor.varint, 0),
    9: Field("commitment", _DIGEST), 10: Field("wrapped", raw(48)),
    11: Field("blob", Cursor.rest),
}
SLOT_SET: Schema = {
    1: Field("root_number", Cursor.varint, 0), 2: Field("root_id", _ID),
    3: Field("slots", nested(SLOT), many=True),
}
KEY: Schema = {
    1: Field("type", Cursor.varint, 0), 2: Field("epoch", Cursor.varint, 0),
    3: Field("key_id", _ID), 4: Field("key", _DIGEST),
}
PREVIOUS: Schema = {
    1: Field("number", Cursor.varint, 0), 2: Field("root_id", _ID), 3: Field("root", _DIGEST),
}
RING_FIELDS: Schema = {
    1: Field("root_number", Cursor.varint, 0), 2: Field("keys", nested(KEY), many=True),
    3: Field("previous", nested(PREVIOUS)),
}


def read_blob(cursor: Cursor) -> dict[str, Any]:
    return {"class": cursor.u8(), "codec": cursor.u8(), "slot": cursor.varint(),
            "sealed": cursor.varint(), "raw": cursor.varint(), "chunk": cursor.take(32)}


def read_pack_row(cursor: Cursor) -> dict[str, Any]:
    row: dict[str, Any] = {"pack": cursor.take(32), "kind": cursor.u8(), "size": cursor.varint()}
    count = cursor.varint()
    require(row["kind"] in (6, 7), "index names a pack of an unknown kind")
    require(count <= 1_048_576, "index names a pack of too many blobs")
    row["blobs"] = [read_blob(cursor) for _ in range(count)]
    return row


def read_seen(cursor: Cursor) -> tuple[int, bytes]:
    return cursor.varint(), cursor.take(32)


def read_pair(cursor: Cursor) -> tuple[bytes, bytes]:
    return cursor.take(16), cursor.take(16)


def read_counts(cursor: Cursor) -> tuple[int, int, int]:
    return cursor.varint(), cursor.varint(), cursor.varint()


_OPERATIONS = {1: "begin", 2: "tombstone", 3: "tombstone taken back", 4: "pack goes",
               5: "index superseded", 6: "point deleted", 7: "point undeleted", 8: "point pinned",
               9: "point purged", 10: "rotated"}


def read_operation(cursor: Cursor) -> dict[str, Any]:
    """An unknown operation only stops writing and collecting, so its bytes are handed on."""
    number = cursor.varint()
    out: dict[str, Any] = {"operation": number, "means": _OPERATIONS.get(number, "unknown")}
    if 2 <= number <= 5:
        out["object"] = cursor.take(32)
    elif 6 <= number <= 9:
        out["item"], out["session"] = read_pair(cursor)
        if number == 6:
            out["until"] = cursor.time()
    elif number == 10:
        out["root_number"] = cursor.varint()
    elif number != 1:
        out["rest"] = cursor.rest()
    return out


_SCHEMAS: dict[int, Schema] = {
    VAULT: {
        1: Field("vault_id", _ID), 2: Field("issuing_key", _DIGEST),
        3: Field("created", Cursor.time), 4: Field("redundancy", Cursor.text, ""),
        5: Field("soft_delete_days", Cursor.varint, 0), 6: Field("put_if_absent", Cursor.varint, 0),
    },
    MACHINE: {
        1: Field("machine_id", _ID), 2: Field("name", label, ""), 3: Field("domain_id", _ID),
        4: Field("created", Cursor.time), 5: Field("system", Cursor.text, ""),
    },
    DOMAIN: {
        1: Field("domain_id", _ID), 2: Field("name", label, ""), 3: Field("created", Cursor.time),
    },
    SLOTS: SLOT_SET,
    RING: RING_FIELDS,
    INDEX: {
        1: Field("supersedes", _DIGEST, many=True), 2: Field("packs", read_pack_row, many=True),
    },
    POINT: {
        1: Field("session", _ID), 2: Field("item", _ID), 3: Field("item_name", label, ""),
        4: Field("machine", _ID), 5: Field("machine_name", Cursor.text, ""),
        6: Field("started", Cursor.time), 7: Field("finished", Cursor.time),
        8: Field("ledger_seen", read_seen), 9: Field("heads", _ID, many=True),
        10: Field("other_heads", read_pair, many=True), 11: Field("roots", Cursor.rest, many=True),
        12: Field("skipped", Cursor.rest), 13: Field("totals", read_counts, (0, 0, 0)),
        14: Field("indexes", _DIGEST, many=True), 15: Field("added", Cursor.varint, 0),
        16: Field("software", Cursor.text, ""),
    },
    LEDGER: {
        1: Field("number", Cursor.varint, 0), 2: Field("before", _DIGEST),
        3: Field("time", Cursor.time), 4: Field("operations", read_operation, many=True),
    },
    LEASE: {
        1: Field("session", _ID), 2: Field("machine", _ID), 3: Field("item", _ID),
        4: Field("generation", Cursor.varint, 0), 5: Field("number", Cursor.varint, 0),
        6: Field("time", Cursor.time),
    },
    FENCE: {
        1: Field("session", _ID), 2: Field("machine", _ID), 3: Field("time", Cursor.time),
        4: Field("closed", Cursor.varint, 0),
    },
}


def check_slot_set(fields: dict[str, Any]) -> None:
    need(fields, "root_id")
    require(fields["root_number"] >= 1, "slot set of no root")
    require(len(fields["slots"]) <= 64, "more than 64 slots")
    for slot in fields["slots"]:
        need(slot, "slot_id", "salt", "commitment", "wrapped")
        require(1 <= slot["kind"] <= 3, f"slot of kind {slot['kind']}")
        require((slot["kind"] == 3) == (slot["blob"] is not None), "slot and blob do not suit")
        require(slot["blob"] is None or 1 <= len(slot["blob"]) <= 4096, "blob of a wrong size")


def check_ring(fields: dict[str, Any]) -> None:
    require(fields["root_number"] >= 1, "ring of no root")
    require((fields["previous"] is None) == (fields["root_number"] == 1),
            "ring and its previous root do not suit each other")
    for key in fields["keys"]:
        need(key, "key_id", "key")
        require(key["type"] >= 1 and key["epoch"] >= 1, "key without a type or an epoch")
    if fields["previous"]:
        need(fields["previous"], "root_id", "root")
        require(fields["previous"]["number"] == fields["root_number"] - 1,
                "previous root is not the one before")


def check_ledger(fields: dict[str, Any]) -> None:
    first = fields["number"] == 1
    require((fields["before"] is None) == first, "ledger record does not suit its place")
    begins = any(operation["operation"] == 1 for operation in fields["operations"])
    require(first or not begins, "ledger begins twice")


def check_names(name: Name, fields: dict[str, Any]) -> None:
    """What a record says of itself is what its name says."""
    for part, field in (("machine", "machine_id"), ("domain", "domain_id"),
                        ("session", "session"), ("item", "item")):
        if name.parts.get(part) and field in fields and (part, name.kind) != ("domain", MACHINE):
            require(fields[field] == name.id(part), f"{field} is not the one of the name")
    if name.kind in (LEDGER, LEASE):
        require(fields["number"] == name.number, "number is not the one of the name")
    if name.kind == FENCE:
        require(fields["closed"] == (name.parts["closed"] is not None), "fence has another name")


def read_record(name: Name, payload: bytes) -> dict[str, Any]:
    fields = read_fields(Cursor(payload), _SCHEMAS[name.kind])
    if name.kind in (VAULT, MACHINE, DOMAIN, SLOTS, LEDGER):
        require(name.number >= 1, "object with the number 0")
    if name.kind == MACHINE:
        need(fields, "machine_id", "domain_id")
    if name.kind == POINT:
        need(fields, "session", "item", "machine")
        require(len(fields["roots"]) <= 4096, "point with more than 4,096 roots")
    if name.kind == SLOTS:
        check_slot_set(fields)
    if name.kind == RING:
        check_ring(fields)
    if name.kind == LEDGER:
        check_ledger(fields)
    check_names(name, fields)
    return fields


def item_id(chunk_id_key: bytes, machine: bytes, item_name: bytes) -> bytes:
    return mac(chunk_id_key, b"\x80" + machine + item_name)[:16]
