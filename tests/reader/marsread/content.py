"""Streams: where their bytes are, holes included, and the small things stored as streams."""
from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Callable, Iterator

from .packs import Chunks
from .wire import Cursor, require

LIST, SKIPPED = 3, 6
INLINE, LIST_LEVELS, NODE_LIMIT = 512, 8, 65_536
Pieces = Iterator[tuple[int, bytes]]  # the length of a hole and no bytes, or 0 and the bytes


@dataclass
class Content:
    """Where a stream's bytes are."""

    kind: int
    size: int
    inline: bytes = b""
    chunk: bytes = b""
    offset: int = 0
    level: int = 0


def read_content(cursor: Cursor, kind: int, size: int, inline: int = INLINE) -> Content:
    out = Content(kind, size)
    if kind == 0:
        require(size == 0, "stream without content has a size")
    elif kind == 1:
        require(size <= inline, "inline content is too long")
        out.inline = cursor.take(size)
    elif kind == 2:
        out.chunk, out.offset = cursor.take(32), cursor.varint()
    else:
        require(kind == 3, f"content of kind {kind}")
        out.chunk, out.level = cursor.take(32), cursor.varint()
        require(out.level < LIST_LEVELS, "content list has too many levels")
    return out


def read_many(cursor: Cursor, read: Callable[[], Any]) -> list[Any]:
    count = cursor.varint()
    require(count <= NODE_LIMIT, "node with too many parts")
    return [read() for _ in range(count)]


def stream(chunks: Chunks, content: Content, cls: int) -> Pieces:
    """A stream's bytes with its holes."""
    if content.kind == 1:
        yield 0, content.inline
    elif content.kind == 2:
        yield 0, chunks.part(cls, content.chunk, content.offset, content.size)
    elif content.kind == 3:
        yield from list_node(chunks, cls, content.chunk, content.level, content.size)


def list_node(chunks: Chunks, cls: int, chunk: bytes, level: int, size: int) -> Pieces:
    cursor = Cursor(chunks.chunk(LIST, chunk))
    require(cursor.u8() == level, "content-list node has another level")
    if level == 0:
        yield from list_leaf(chunks, cls, cursor, size)
        return
    children = read_many(cursor, lambda: (cursor.take(32), cursor.varint()))
    cursor.end()
    require(sum(part for _, part in children) == size, "sizes of a content list do not add up")
    for child, part in children:
        yield from list_node(chunks, cls, child, level - 1, part)


def list_leaf(chunks: Chunks, cls: int, cursor: Cursor, size: int) -> Pieces:
    refs = read_many(cursor, lambda: (cursor.take(32), cursor.varint(), cursor.varint()))
    extents = read_many(cursor, lambda: (cursor.varint(), cursor.varint()))
    cursor.end()
    total = sum(length for _, _, length in refs)
    extents = extents or [(0, total)]
    require(sum(data for _, data in extents) == total, "extents do not hold the references")
    require(sum(hole + data for hole, data in extents) == size, "extents do not add up to the size")
    yield from fill(extents, (chunks.part(cls, *ref) for ref in refs))


def fill(extents: list[tuple[int, int]], pieces: Iterator[bytes]) -> Pieces:
    rest = memoryview(b"")
    for hole, data in extents:
        if hole:
            yield hole, b""
        while data:
            rest = rest if len(rest) else memoryview(next(pieces))
            part, rest = rest[:data], rest[data:]
            data -= len(part)
            if part:
                yield 0, bytes(part)


def whole(chunks: Chunks, content: Content, cls: int) -> bytes:
    require(content.size <= 16 << 20, "more than 16 MiB")
    return b"".join(data or bytes(hole) for hole, data in stream(chunks, content, cls))


def read_attributes(data: bytes) -> list[tuple[bytes, bytes]]:
    cursor = Cursor(data)
    rows = [(cursor.bytes(), cursor.bytes()) for _ in range(cursor.varint())]
    cursor.end()
    require(all(a[0] < b[0] for a, b in zip(rows, rows[1:])), "attributes do not ascend")
    return rows


def read_skipped(chunks: Chunks, value: bytes) -> list[dict[str, Any]]:
    cursor = Cursor(value)
    count, size = cursor.varint(), cursor.varint()
    content = read_content(cursor, cursor.varint(), size)
    cursor.end()
    rows, cursor = [], Cursor(whole(chunks, content, SKIPPED))
    while cursor.left():
        rows.append({"path": cursor.bytes(), "reason": cursor.varint(), "code": cursor.varint(),
                     "message": cursor.bytes()})
    require(len(rows) == count, "skipped list has another length")
    return rows
