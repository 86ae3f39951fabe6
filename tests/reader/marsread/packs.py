"""Packs, their blobs, and where the chunks of a domain lie."""
from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass
from typing import Any, Iterator

import lz4.block
import zstandard

from . import records
from .keys import Domain
from .objects import (DATA, HEADER, INDEX, PACKS, Header, Name, aead_open, mac, object_key,
                      open_sealed, parse_header, parse_name)
from .wire import Cursor, Damage, FormatError, Missing, Unsupported, padme, require

FOOTER = 32
PACK_LIMIT = 4 << 30
BLOB_LIMIT = 1 << 20
CHUNK_LIMIT = 16 << 20
TAG = 16
DIRECTORY_COUNTER = 1 << 32
ZSTD_BEGINNING = bytes.fromhex("28b52ffd00")
ZSTD_WINDOW = 104


@dataclass(frozen=True)
class Blob:
    """A row of a pack's directory or of the index, and where the blob begins."""

    cls: int
    codec: int
    slot: int
    sealed: int
    raw: int
    chunk: bytes
    offset: int


@dataclass(frozen=True)
class Pack:
    name: Name
    header: Header
    key: bytes
    footer: bytes
    blobs: list[Blob]
    padding: int


def blob_rows(rows: list[dict[str, Any]]) -> list[Blob]:
    """Blobs stand without gaps from the end of the header, each slot once."""
    blobs: list[Blob] = []
    offset, slots = HEADER, set()
    for row in rows:
        require(1 <= row["class"] <= 6, f"chunk of class {row['class']}")
        require(row["slot"] < DIRECTORY_COUNTER and row["slot"] not in slots, "slot is used twice")
        require(row["sealed"] >= TAG, "blob is shorter than its tag")
        require(row["raw"] <= CHUNK_LIMIT, "chunk is larger than 16 MiB")
        slots.add(row["slot"])
        blobs.append(Blob(row["class"], row["codec"], row["slot"], row["sealed"], row["raw"],
                          row["chunk"], offset))
        offset += row["sealed"]
    require(offset <= PACK_LIMIT, "blobs pass the end of any pack")
    return blobs


def pack_header(domain: Domain, name: Name) -> tuple[Header, bytes]:
    header = parse_header(domain.store.read(name, 0, HEADER), name.kind)
    require(header.body == 0 and header.trailer == 0, "pack with lengths in its header")
    return header, object_key(domain.key_for(name.kind, header), header)


def open_pack(domain: Domain, name: Name) -> Pack:
    """A pack's directory and footer, checked."""
    store, size = domain.store, domain.store.size(name)
    require(size >= HEADER + FOOTER + TAG, "pack is too short")
    header, key = pack_header(domain, name)
    footer = store.read(name, size - FOOTER, FOOTER)
    cursor = Cursor(footer)
    require(cursor.take(8) == b"MARSPACK", "pack has no footer")
    length, count, blobs_size, padding = cursor.u32(), cursor.u32(), cursor.u64(), cursor.u64()
    require(count <= BLOB_LIMIT, "pack with too many blobs")
    require(length == 48 * count + TAG, "directory does not suit the number of blobs")
    require(HEADER + blobs_size + padding + length + FOOTER == size, "parts are not the whole pack")
    check_padded(size, padding)
    sealed = store.read(name, size - FOOTER - length, length)
    plain = aead_open(key, DIRECTORY_COUNTER, header.bytes + footer, sealed)
    blobs = blob_rows(directory_rows(Cursor(plain)))
    require(sum(blob.sealed for blob in blobs) == blobs_size, "blobs do not add up to the pack")
    return Pack(name, header, key, footer, blobs, padding)


def check_padded(size: int, padding: int) -> None:
    wanted = padme(size - padding)
    require(size == wanted or (padding == 0 and wanted > PACK_LIMIT), "pack has no padded size")


def directory_rows(cursor: Cursor) -> list[dict[str, Any]]:
    rows = []
    while cursor.left():
        row: dict[str, Any] = {"class": cursor.u8(), "codec": cursor.u8()}
        require(cursor.u16() == 0, "reserved bytes are not zero")
        row.update(slot=cursor.u32(), sealed=cursor.u32(), raw=cursor.u32(), chunk=cursor.take(32))
        rows.append(row)
    return rows


def unpack(codec: int, packed: bytes, size: int) -> bytes:
    if codec == 0:
        require(len(packed) == size, "stored chunk has another length")
        return packed
    if codec == 1:
        plain = unpack_lz4(packed, size)
    elif codec == 2:
        plain = unpack_zstd(packed, size)
    else:
        raise Unsupported(f"codec {codec}")
    require(len(plain) == size, "chunk decompresses to another length")
    return plain


def unpack_lz4(packed: bytes, size: int) -> bytes:
    try:
        return lz4.block.decompress(packed, uncompressed_size=size)
    except (lz4.block.LZ4BlockError, ValueError):
        raise Damage("chunk does not decompress") from None


def unpack_zstd(packed: bytes, size: int) -> bytes:
    require(packed.startswith(ZSTD_BEGINNING), "zstd frame of another form")
    require(packed[5:6] <= bytes([ZSTD_WINDOW]), "zstd frame with too large a window")
    frame = zstandard.ZstdDecompressor().decompressobj()
    try:
        plain = frame.decompress(packed)
    except zstandard.ZstdError:
        raise Damage("chunk does not decompress") from None
    require(frame.eof and not frame.unused_data, "zstd frame is cut short, or has more behind it")
    return plain


def open_blob(domain: Domain, name: Name, header: Header, key: bytes, blob: Blob) -> bytes:
    aad = (header.bytes + bytes([blob.cls, blob.codec]) + blob.slot.to_bytes(4, "little")
           + blob.raw.to_bytes(4, "little") + blob.chunk)
    sealed = domain.store.read(name, blob.offset, blob.sealed)
    plain = unpack(blob.codec, aead_open(key, blob.slot, aad, sealed), blob.raw)
    require(mac(domain.chunk_id_key, bytes([blob.cls]) + plain) == blob.chunk,
            "chunk is not the one of its id")
    return plain


def verify_pack(domain: Domain, name: Name) -> Pack:
    """Reads a whole pack: its digest, every blob, its padding."""
    domain.store.check_digest(name)
    pack = open_pack(domain, name)
    for blob in pack.blobs:
        open_blob(domain, name, pack.header, pack.key, blob)
    at = HEADER + sum(blob.sealed for blob in pack.blobs)
    require(not any(domain.store.read(name, at, pack.padding)), "padding is not zero")
    return pack


def read_index(domain: Domain, name: Name) -> dict[str, Any]:
    domain.store.check_digest(name)
    opened = open_sealed(domain.store.read(name), name, domain.key_for)
    fields = records.read_record(name, opened.payload)
    place_blobs(fields)
    return fields


def place_blobs(index: dict[str, Any]) -> None:
    """An index tells where blobs begin by their order only."""
    for row in index["packs"]:
        row["blobs"] = blob_rows(row["blobs"])


class Chunks:
    """Finds and opens chunks: by the index, and by the directories of packs it does not name."""

    CACHED = 8

    def __init__(self, domain: Domain) -> None:
        self.domain = domain
        self.places: dict[tuple[int, bytes], list[tuple[Name, Blob]]] = {}
        self.packs: dict[str, tuple[Header, bytes]] = {}
        self.cache: OrderedDict[tuple[int, bytes], bytes] = OrderedDict()
        self.present = {name.full for name in domain.store.names if name.kind in PACKS}
        self.indexed: set[str] = set()
        self.searched = False
        for fields in live_indexes(domain):
            for row in fields["packs"]:
                self._add(self._pack_name(row), row["blobs"])

    def _pack_name(self, row: dict[str, Any]) -> Name:
        digest = row["pack"].hex()
        room = "data" if row["kind"] == DATA else "meta"
        name = parse_name(f"domains/{self.domain.hex_id}/packs/{room}/{digest[:2]}/{digest}")
        assert name
        return name

    def _add(self, name: Name, blobs: list[Blob]) -> None:
        self.indexed.add(name.full)
        if name.full in self.present:
            for blob in blobs:
                self.places.setdefault((blob.cls, blob.chunk), []).append((name, blob))

    def _search_packs(self) -> None:
        self.searched = True
        for name in self.domain.store.names:
            mine = name.kind in PACKS and name.domain == self.domain.hex_id
            if mine and name.full not in self.indexed:
                try:
                    pack = open_pack(self.domain, name)
                except FormatError:
                    continue
                self._add(name, pack.blobs)

    def locate(self, cls: int, chunk: bytes) -> list[tuple[Name, Blob]]:
        if (cls, chunk) not in self.places and not self.searched:
            self._search_packs()
        found = self.places.get((cls, chunk))
        if not found:
            raise Missing(f"chunk {chunk.hex()} of class {cls} is in no pack")
        return found

    def chunk(self, cls: int, chunk: bytes) -> bytes:
        if (cls, chunk) not in self.cache:
            self.cache[cls, chunk] = self._load(cls, chunk)
            if len(self.cache) > self.CACHED:
                self.cache.popitem(last=False)
        self.cache.move_to_end((cls, chunk))
        return self.cache[cls, chunk]

    def _load(self, cls: int, chunk: bytes) -> bytes:
        reason = ""
        for name, blob in self.locate(cls, chunk):
            try:
                if name.full not in self.packs:
                    self.packs[name.full] = pack_header(self.domain, name)
                return open_blob(self.domain, name, *self.packs[name.full], blob)
            except FormatError as error:
                reason = f"{name.full}: {error}"
        raise Damage(f"chunk {chunk.hex()}: {reason}")

    def part(self, cls: int, chunk: bytes, offset: int, length: int) -> bytes:
        data = self.chunk(cls, chunk)
        require(offset + length <= len(data), "reference passes the end of its chunk")
        return data[offset:offset + length]


class ChunkSizes(Chunks):
    """Serves file data as zeros of the right length, for walks behind a check of every pack."""

    def part(self, cls: int, chunk: bytes, offset: int, length: int) -> bytes:
        if cls != 1:
            return super().part(cls, chunk, offset, length)
        size = self.locate(cls, chunk)[0][1].raw
        require(offset + length <= size, "reference passes the end of its chunk")
        return bytes(length)


def live_indexes(domain: Domain) -> Iterator[dict[str, Any]]:
    """Index objects that open and that no other one supersedes."""
    opened: dict[bytes, dict[str, Any]] = {}
    for name in domain.store.select(INDEX, domain=domain.hex_id):
        try:
            opened[name.id("digest")] = read_index(domain, name)
        except FormatError:
            continue
    gone = {digest for fields in opened.values() for digest in fields["supersedes"]}
    return (fields for digest, fields in opened.items() if digest not in gone)


