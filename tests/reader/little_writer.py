"""A minimal writer of vaults for the reader's own tests. It shares no code with the reader."""
from __future__ import annotations

import hashlib
import hmac
import os
from typing import Optional, Union

import lz4.block
import zstandard
from argon2.low_level import Type, hash_secret_raw
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

Value = Union[bytes, int]


def varint(value: int) -> bytes:
    out = bytearray()
    while value > 127:
        out.append(value & 127 | 128)
        value >>= 7
    return bytes(out + bytes([value]))


def zigzag(value: int) -> bytes:
    return varint((value << 1 ^ value >> 63) & (1 << 64) - 1)


def time(seconds: int, nanoseconds: int = 0) -> bytes:
    return zigzag(seconds) + varint(nanoseconds)


def counted(data: bytes) -> bytes:
    return varint(len(data)) + data


def fields(*rows: tuple[int, Value], critical: int = 1) -> bytes:
    return b"".join(varint(number << 1 | critical)
                    + counted(varint(value) if isinstance(value, int) else value)
                    for number, value in rows)


def packed(*values: int) -> bytes:
    """The packed form of a column of integers below 256."""
    return bytes([1, 0, 8]) + bytes(values)


def kdf(key: bytes, salt: Optional[bytes], info: bytes, size: int) -> bytes:
    return HKDF(hashes.SHA256(), size, salt, info).derive(key)


def seal(key: bytes, counter: int, aad: bytes, data: bytes) -> bytes:
    return AESGCM(key).encrypt(counter.to_bytes(8, "little") + bytes(4), data, aad)


def pack(codec: int, data: bytes) -> bytes:
    if codec == 2:
        return zstandard.ZstdCompressor(write_content_size=False).compress(data)
    return lz4.block.compress(data, store_size=False) if codec else data


def padded(length: int) -> int:
    """PADMÉ, by counting."""
    e = 0
    while 2 << e <= length:
        e += 1
    s = 0
    while 2 << s <= e:
        s += 1
    step = 2 ** (e - s - 1)
    return -(-length // step) * step


class Writer:
    """Writes a vault of one machine and one domain."""

    PASSPHRASE = b"correct horse"
    MACHINE, SESSION, TIME = b"M" * 16, b"S" * 16, 1_700_000_000

    def __init__(self, directory: str) -> None:
        self.base, self.root, self.number = directory, b"R" * 32, 1
        self.domain = kdf(self.root, None, b"mars domain id v1", 16)
        self.root_id = kdf(self.root, None, b"mars root id v1", 16)
        self.prefix = f"domains/{self.domain.hex()}/"
        self.keys = {kind: (bytes([kind]) * 16, os.urandom(32)) for kind in range(1, 7)}
        self.rows: list[bytes] = []
        self.item = self.mac(b"\x80" + self.MACHINE + b"home")[:16]

    def mac(self, data: bytes) -> bytes:
        return hmac.new(self.keys[1][1], data, hashlib.sha256).digest()

    def chunk_id(self, cls: int, data: bytes) -> bytes:
        return self.mac(bytes([cls]) + data)

    def put(self, name: str, data: bytes) -> str:
        path = os.path.join(self.base, name)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, "wb") as file:
            file.write(data)
        return name

    def header(self, kind: int, body: int, key_id: bytes, key: Optional[bytes],
               mode: int = 1) -> tuple[bytes, bytes]:
        """The header and the object key."""
        head = (b"\x89MARS\r\n\x1a" + bytes([kind, 1, 1, mode]) + bytes(20) + key_id + self.SESSION
                + os.urandom(32) + body.to_bytes(8, "little") + bytes(8))
        out = kdf(key, head[64:96], b"mars object v1" + head, 64) if key else bytes(64)
        return head + out[32:], out[:32]

    def sealed(self, kind: int, key: tuple[bytes, bytes], context: str, payload: bytes,
               fill: Optional[bytes] = None) -> bytes:
        size = 144 + 4 + len(payload) + 16
        fill = bytes(padded(size) - size) if fill is None else fill
        head, object_key = self.header(kind, size + len(fill) - 144, *key)
        plain = len(payload).to_bytes(4, "little") + payload + fill
        return head + seal(object_key, 0, head + context.encode(), plain)

    def put_sealed(self, kind: int, key: int, relative: str, payload: bytes) -> str:
        data = self.sealed(kind, self.keys[key], relative, payload)
        log = "log/" if relative.startswith(("ledger/", "fence/")) else ""
        return self.put(self.prefix + log + relative, data)

    def plain(self, kind: int, key: Optional[tuple[bytes, bytes]], relative: str,
              payload: bytes) -> bytes:
        key_id, secret = key or (bytes(16), None)
        head, object_key = self.header(kind, len(payload) + 32, key_id, secret, 0)
        message = head + relative.encode() + payload
        check = hmac.new(object_key, message, hashlib.sha256).digest() if secret else \
            hashlib.sha256(message).digest()
        return head + payload + check

    def slot(self) -> bytes:
        slot_id, salt, costs = os.urandom(8), os.urandom(16), (2, 32_768, 1)
        numbers = b"".join(cost.to_bytes(4, "little") for cost in costs)
        binding = self.domain + slot_id + b"\x01" + numbers + self.root_id
        a = hash_secret_raw(self.PASSPHRASE, salt, *costs, 32, Type.ID, 0x13)
        out = kdf(a, salt, b"mars slot v1" + binding, 64)
        wrapped = seal(out[:32], 0, b"mars slot v1" + binding, self.root)
        return fields((1, slot_id), (2, 1), (3, b"first"), (4, time(self.TIME)), (5, salt),
                      (6, costs[0]), (7, costs[1]), (8, costs[2]), (9, out[32:]), (10, wrapped))

    def callers_slot(self, secret: bytes, blob: bytes) -> bytes:
        slot_id, salt = os.urandom(8), os.urandom(16)
        binding = (self.domain + slot_id + b"\x03" + bytes(12) + self.root_id
                   + hashlib.sha256(blob).digest())
        out = kdf(secret, salt, b"mars slot v1" + binding, 64)
        wrapped = seal(out[:32], 0, b"mars slot v1" + binding, self.root)
        return fields((1, slot_id), (2, 3), (3, b"hsm"), (4, time(self.TIME)), (5, salt),
                      (9, out[32:]), (10, wrapped), (11, blob))

    def put_slots(self, number: int, *slots: bytes) -> str:
        relative = f"keys/slots/{number:016x}"
        key = (self.root_id, kdf(self.root, None, b"mars slot mac v1", 32))
        payload = fields((1, self.number), (2, self.root_id), *((3, slot) for slot in slots))
        return self.put(self.prefix + relative, self.plain(4, key, relative, payload))

    def rotate(self) -> None:
        """A new root, a new epoch of the key of points, and a ring that leads to the old root."""
        before = fields((1, self.number), (2, self.root_id), (3, self.root))
        self.root, self.number = os.urandom(32), self.number + 1
        self.root_id = kdf(self.root, None, b"mars root id v1", 16)
        old, self.keys[5] = self.keys[5], (os.urandom(16), os.urandom(32))
        self.put_ring((2, fields((1, 5), (2, 2), (3, self.keys[5][0]), (4, self.keys[5][1]))),
                      (3, before), but={5: old})

    def put_ring(self, *more: tuple[int, Value],
                 but: Optional[dict[int, tuple[bytes, bytes]]] = None) -> str:
        rows = [(2, fields((1, kind), (2, 1), (3, key_id), (4, key)))
                for kind, (key_id, key) in {**self.keys, **(but or {})}.items()]
        data = self.sealed(5, (self.root_id, self.root), "", fields((1, self.number), *rows, *more))
        name = f"{self.prefix}keys/rings/{hashlib.sha256(data).hexdigest()}"
        self.put(name + ".b", data)
        return self.put(name + ".a", data)

    def put_records(self) -> None:
        now = time(self.TIME)
        name = "vault/" + f"{1:016x}"
        self.put(name, self.plain(1, None, name, fields(
            (1, b"V" * 16), (2, bytes(32)), (3, now), (4, b"none"), (5, 30))))
        name = f"machines/{self.MACHINE.hex()}/{1:016x}"
        self.put(name, self.plain(2, self.keys[6], name, fields(
            (1, self.MACHINE), (2, b"box"), (3, self.domain), (4, now))))
        name = f"record/{1:016x}"
        self.put(f"{self.prefix}log/{name}", self.plain(3, self.keys[6], name, fields(
            (1, self.domain), (2, b"boxes"), (3, now))))

    def put_pack(self, meta: bool, chunks: list[tuple[int, int, bytes]],
                 repeat: bool = False, padding: bytes = b"\0") -> str:
        """Chunks are class, codec, bytes. Slot 1 is left out; with repeat all take slot 0."""
        kind = 7 if meta else 6
        head, key = self.header(kind, 0, *self.keys[3])
        blobs, directory, index = b"", b"", b""
        for i, (cls, codec, data) in enumerate(chunks):
            slot = 0 if repeat else i + (i > 0)
            row = bytes([cls, codec]), slot.to_bytes(4, "little"), len(data).to_bytes(4, "little")
            name = self.chunk_id(cls, data)
            content = pack(codec, data)
            blob = seal(key, slot, head + b"".join(row) + name, content)
            blobs += blob
            size = len(blob).to_bytes(4, "little")
            directory += row[0] + bytes(2) + row[1] + size + row[2] + name
            index += row[0] + varint(slot) + varint(len(blob)) + varint(len(data)) + name
        length = len(directory) + 16
        size = 144 + len(blobs) + length + 32
        fill = padded(size) - size
        footer = (b"MARSPACK" + length.to_bytes(4, "little") + len(chunks).to_bytes(4, "little")
                  + len(blobs).to_bytes(8, "little") + fill.to_bytes(8, "little"))
        data = head + blobs + padding * fill + seal(key, 1 << 32, head + footer, directory) + footer
        digest = hashlib.sha256(data).digest()
        self.rows.append(digest + bytes([kind]) + varint(len(data)) + varint(len(chunks)) + index)
        room = "meta" if meta else "data"
        return self.put(f"{self.prefix}packs/{room}/{digest.hex()[:2]}/{digest.hex()}", data)

    def put_index(self) -> str:
        data = self.sealed(8, self.keys[4], "", fields(*((2, row) for row in self.rows)))
        return self.put(f"{self.prefix}log/index/{hashlib.sha256(data).hexdigest()}", data)

    def put_ledger(self) -> list[str]:
        first = self.put_sealed(10, 6, f"ledger/{1:016x}", fields(
            (1, 1), (3, time(self.TIME)), (4, varint(1))))
        with open(os.path.join(self.base, first), "rb") as file:
            before = hashlib.sha256(file.read()).digest()
        second = self.put_sealed(10, 6, f"ledger/{2:016x}", fields(
            (1, 2), (2, before), (3, time(self.TIME + 1)), (4, varint(5) + bytes(32)),
            (4, varint(8) + self.item + self.SESSION)))
        return [first, second]

    def put_lease(self) -> str:
        relative = f"lease/{self.SESSION.hex()}/{0:016x}"
        return self.put_sealed(11, 6, relative, fields(
            (1, self.SESSION), (2, self.MACHINE), (3, self.item), (4, 1), (5, 0),
            (6, time(self.TIME))))

    def put_point(self, root: bytes, session: bytes = SESSION, *roots: bytes) -> str:
        relative = f"points/{self.item.hex()}/{session.hex()}"
        skipped = counted(b"/home/sock") + varint(3) + varint(0) + counted(b"")
        return self.put_sealed(9, 5, relative, fields(
            (1, session), (2, self.item), (3, b"home"), (4, self.MACHINE), (5, b"box"),
            (6, time(self.TIME)), (7, time(self.TIME + 5)), (11, root),
            *((11, other) for other in roots),
            (12, varint(1) + varint(len(skipped)) + b"\x01" + skipped),
            (13, varint(6) + varint(0) + varint(0))))
