"""Objects: their names, the store they lie in, the header, sealed bodies and plain records."""
from __future__ import annotations

import hashlib
import hmac
import os
import re
from dataclasses import dataclass
from typing import Callable, Iterator, Optional

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from .wire import Cursor, Damage, Unsupported, padme, require

HEADER = 144
MAGIC = bytes.fromhex("894d4152530d0a1a")
VAULT, MACHINE, DOMAIN, SLOTS, RING, DATA, META, INDEX, POINT, LEDGER, LEASE, FENCE = range(1, 13)
PLAIN = (VAULT, MACHINE, DOMAIN, SLOTS)
PACKS = (DATA, META)
BY_DIGEST = (RING, DATA, META, INDEX)
LIMITS = {kind: 64 << 20 for kind in (RING, INDEX, POINT, LEDGER, LEASE, FENCE)}
LIMITS.update({kind: 1 << 20 for kind in PLAIN})
LIMITS.update({kind: 4 << 30 for kind in PACKS})

_N, _ID, _D = "(?P<number>[0-9a-f]{16})", "[0-9a-f]{32}", "(?P<digest>[0-9a-f]{64})"
_AB = "(?P<ab>[0-9a-f]{2})/(?P<digest>(?P=ab)[0-9a-f]{62})"
_IN = f"domains/(?P<domain>{_ID})/"
_LOG = f"{_IN}log/"
_PATTERNS = {
    VAULT: f"vault/{_N}",
    MACHINE: f"machines/(?P<machine>{_ID})/{_N}",
    DOMAIN: f"{_LOG}record/{_N}",
    SLOTS: f"{_IN}keys/slots/{_N}",
    RING: f"{_IN}keys/rings/{_D}\\.[ab]",
    DATA: f"{_IN}packs/data/{_AB}",
    META: f"{_IN}packs/meta/{_AB}",
    INDEX: f"{_LOG}index/{_D}",
    POINT: f"{_IN}points/(?P<item>{_ID})/(?P<session>{_ID})",
    LEDGER: f"{_LOG}ledger/{_N}",
    LEASE: f"{_IN}lease/(?P<session>{_ID})/{_N}",
    FENCE: f"{_LOG}fence/(?P<session>{_ID})(?P<closed>\\.closed)?",
}
_COMPILED = {kind: re.compile(pattern) for kind, pattern in _PATTERNS.items()}


@dataclass(frozen=True)
class Name:
    """An object's name and what it says."""

    full: str
    kind: int
    parts: dict[str, Optional[str]]

    @property
    def domain(self) -> Optional[str]:
        return self.parts.get("domain")

    @property
    def number(self) -> int:
        return int(self.parts["number"] or "", 16)

    @property
    def relative(self) -> bytes:
        below = self.full.split("/", 2)[2] if self.domain else self.full
        return below.removeprefix("log/").encode()

    @property
    def context(self) -> bytes:
        return b"" if self.kind in BY_DIGEST else self.relative

    def id(self, part: str) -> bytes:
        return bytes.fromhex(self.parts[part] or "")


def parse_name(full: str) -> Optional[Name]:
    for kind, pattern in _COMPILED.items():
        match = pattern.fullmatch(full)
        if match:
            return Name(full, kind, match.groupdict())
    return None


class Store:
    """A vault in a directory: an object's name is its path in there."""

    def __init__(self, directory: str) -> None:
        self.base = os.path.abspath(directory)
        found = (parse_name(path) for path in self._paths())
        self.names = sorted((name for name in found if name), key=lambda name: name.full)

    def _paths(self) -> Iterator[str]:
        for folder, _, files in os.walk(self.base):
            for file in files:
                yield os.path.relpath(os.path.join(folder, file), self.base)

    def select(self, kind: int, **parts: str) -> list[Name]:
        """The objects of a kind whose names have these parts, in the order of their names."""
        return [name for name in self.names
                if name.kind == kind and all(name.parts[k] == v for k, v in parts.items())]

    def size(self, name: Name) -> int:
        size = os.path.getsize(os.path.join(self.base, name.full))
        require(HEADER <= size <= LIMITS[name.kind], f"object of {size} bytes")
        return size

    def read(self, name: Name, offset: int = 0, length: Optional[int] = None) -> bytes:
        wanted = self.size(name) - offset if length is None else length
        with open(os.path.join(self.base, name.full), "rb") as file:
            file.seek(offset)
            data = file.read(wanted)
        require(len(data) == wanted, "object is cut short")
        return data

    def digest(self, name: Name) -> bytes:
        state = hashlib.sha256()
        with open(os.path.join(self.base, name.full), "rb") as file:
            while block := file.read(1 << 20):
                state.update(block)
        return state.digest()

    def check_digest(self, name: Name) -> None:
        if name.kind in BY_DIGEST:
            require(self.digest(name) == name.id("digest"), "bytes do not match the name")


@dataclass(frozen=True)
class Header:
    """The first 144 bytes of an object."""

    bytes: bytes
    mode: int
    bits: tuple[int, int, int, int]
    key_id: bytes
    writer: bytes
    salt: bytes
    body: int
    trailer: int
    commitment: bytes


def parse_header(data: bytes, kind: int) -> Header:
    cursor = Cursor(data[:HEADER])
    require(cursor.take(8) == MAGIC, "not an object of a vault")
    found, version, suite, mode = cursor.take(4)
    bits = (cursor.u32(), cursor.u32(), cursor.u32(), cursor.u32())
    if version != 1 or suite != 1 or mode not in (0, 1):
        raise Unsupported(f"version {version}, suite {suite}, key mode {mode}")
    require(found == kind, f"object of kind {found} under the name of kind {kind}")
    require(mode == (0 if kind in PLAIN else 1), f"key mode {mode} for kind {kind}")
    require(cursor.u32() == 0, "reserved bytes are not zero")
    key_id, writer, salt = cursor.take(16), cursor.take(16), cursor.take(32)
    body, trailer = cursor.u64(), cursor.u32()
    require(cursor.u32() == 0, "reserved bytes are not zero")
    header = Header(data[:HEADER], mode, bits, key_id, writer, salt, body, trailer, cursor.take(32))
    check_key_id(header, kind)
    if bits[0]:
        raise Unsupported(f"needs the unknown bits {bits[0]:#x} to be read")
    return header


def check_key_id(header: Header, kind: int) -> None:
    """Only the vault record has no key: a keyless check would let anyone forge the others."""
    require((header.key_id == bytes(16)) == (kind == VAULT), "key id does not suit the kind")
    if kind == VAULT:
        require(header.commitment == bytes(32), "commitment without a key")


def hkdf(key: bytes, salt: bytes, info: bytes, size: int) -> bytes:
    return HKDF(hashes.SHA256(), size, salt or None, info).derive(key)


def mac(key: bytes, data: bytes) -> bytes:
    return hmac.new(key, data, hashlib.sha256).digest()


def aead_open(key: bytes, counter: int, aad: bytes, sealed: bytes) -> bytes:
    try:
        return AESGCM(key).decrypt(counter.to_bytes(8, "little") + bytes(4), sealed, aad)
    except (InvalidTag, ValueError):
        raise Damage("does not authenticate") from None


def object_key(key: bytes, header: Header) -> bytes:
    out = hkdf(key, header.salt, b"mars object v1" + header.bytes[:112], 64)
    require(hmac.compare_digest(out[32:], header.commitment), "key commitment does not match")
    return out[:32]


KeyFor = Callable[[int, Header], bytes]


@dataclass(frozen=True)
class Opened:
    """An object that authenticated, its payload, and the object key of what is sealed."""

    header: Header
    payload: bytes
    key: bytes


def split_body(data: bytes, header: Header) -> bytes:
    size = HEADER + header.body + header.trailer
    require(size == len(data), "lengths are not those of the object")
    trailer = Cursor(data[HEADER + header.body:])
    while trailer.left():
        trailer.u16()
        trailer.take(trailer.u16())
    return data[HEADER:HEADER + header.body]


def open_sealed(data: bytes, name: Name, key_for: KeyFor) -> Opened:
    header = parse_header(data, name.kind)
    body = split_body(data, header)
    key = object_key(key_for(name.kind, header), header)
    plaintext = Cursor(aead_open(key, 0, header.bytes + name.context, body))
    payload = plaintext.take(plaintext.u32())
    padding = plaintext.rest()
    require(not any(padding), "padding is not zero")
    require(padme(len(data) - len(padding)) == len(data), "object has no padded size")
    return Opened(header, payload, key)


def peek_plain(data: bytes, name: Name) -> Opened:
    """A plain record's payload before its check."""
    header = parse_header(data, name.kind)
    body = split_body(data, header)
    require(len(body) >= 32, "record is shorter than its check")
    return Opened(header, body[:-32], b"")


def open_plain(data: bytes, name: Name, key_for: KeyFor) -> Opened:
    peek = peek_plain(data, name)
    message = peek.header.bytes + name.relative + peek.payload
    if name.kind == VAULT:
        wanted = hashlib.sha256(message).digest()
    else:
        wanted = mac(object_key(key_for(name.kind, peek.header), peek.header), message)
    check = data[HEADER + len(peek.payload):][:32]
    require(hmac.compare_digest(wanted, check), "check does not match")
    return peek
