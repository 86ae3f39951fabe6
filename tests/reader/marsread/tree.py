"""Directories, the stat table beside them, and the roots of a point."""
from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Iterator, NamedTuple, Optional

from . import records
from .content import NODE_LIMIT, Content, read_content, read_many
from .packs import Chunks
from .wire import (Cursor, Field, Missing, Schema, Unsupported, read_fields,
                   read_ints, read_names, read_strings, require)

NODE, STAT = 2, 4
FILE, DIRECTORY, SYMLINK, FIFO, CHARACTER, BLOCK = range(1, 7)
INLINE_SET, INSIDE_LIMIT, NODE_LEVELS = 2048, 4096, 8


class Counts(NamedTuple):
    entries: int = 0
    bytes: int = 0
    errors: int = 0


@dataclass
class Inside:
    """What is in a directory: nothing, a node, or a chunk that is a node."""

    counts: Counts = Counts()
    node: Optional[bytes] = None
    chunk: Optional[bytes] = None
    level: int = 0


@dataclass
class Stat:
    ctime: tuple[int, int]
    inode: int
    generation: int
    inside: Optional[Inside] = None


@dataclass
class Entry:
    name: bytes
    type: int
    mode: int
    uid: int
    gid: int
    owner: Optional[bytes]
    group: Optional[bytes]
    mtime: tuple[int, int]
    birth: Optional[tuple[int, int]]
    device: tuple[int, int]
    target: bytes
    link_group: Optional[bytes]
    attributes: Optional[Content]
    flags: int
    chunker: int
    content: Content
    inside: Inside = field(default_factory=Inside)
    stat: Optional[Stat] = None


def leaf_schema(n: int) -> Schema:
    def ints(name: str, signed: bool = False) -> Field:
        return Field(name, lambda cursor: read_ints(cursor, n, signed), [0] * n)

    def strings(name: str) -> Field:
        return Field(name, lambda cursor: read_strings(cursor, n), [b""] * n)

    def joined(name: str) -> Field:
        return Field(name, Cursor.rest, b"")

    return {
        1: Field("names", lambda cursor: read_names(cursor, n)), 2: ints("type"), 3: ints("mode"),
        4: ints("uid"), 5: ints("gid"), 6: joined("owners"), 7: joined("groups"),
        8: ints("mtime", True), 9: ints("mtime_ns"), 10: ints("birth", True), 11: ints("birth_ns"),
        12: ints("major"), 13: ints("minor"), 14: strings("target"), 15: strings("link_group"),
        16: ints("attributes"), 17: joined("sets"), 18: ints("flags"), 19: ints("size"),
        20: ints("kind"), 21: joined("content"), 22: ints("chunker"),
        23: Field("insides", Cursor.rest),
    }


def stat_schema(n: int) -> Schema:
    def ints(name: str, signed: bool = False) -> Field:
        return Field(name, lambda cursor: read_ints(cursor, n, signed), [0] * n)

    return {64: ints("ctime", True), 65: ints("ctime_ns"), 66: ints("inode"),
            67: ints("generation"), 68: Field("insides", Cursor.rest, b"")}


def read_id_names(data: bytes) -> dict[int, bytes]:
    cursor, out, last = Cursor(data), {}, -1
    while cursor.left():
        number = cursor.varint()
        require(number > last, "ids of names do not ascend")
        out[number], last = cursor.bytes(), number
    return out


def read_sets(data: bytes) -> list[Optional[Content]]:
    cursor, out = Cursor(data), [None]
    while cursor.left():
        size = cursor.varint()
        out.append(read_content(cursor, cursor.varint(), size, INLINE_SET))
    return out


def read_inside(cursor: Cursor) -> Inside:
    how = cursor.u8()
    if how == 0:
        return Inside()
    require(how in (1, 2), f"inside of a directory has the form {how}")
    inside = Inside(Counts(*records.read_counts(cursor)))
    if how == 1:
        inside.node = cursor.bytes()
        require(len(inside.node) < INSIDE_LIMIT, "node inside is not less than 4 KiB")
    else:
        inside.chunk, inside.level = cursor.take(32), cursor.varint()
        require(inside.level <= NODE_LEVELS, "directory has too many levels")
    return inside


def check_time(seconds: int, nanoseconds: int) -> tuple[int, int]:
    require(nanoseconds < 1_000_000_000, "nanoseconds pass a second")
    return seconds, nanoseconds


def check_name(name: bytes, posix: bool) -> None:
    require(not posix or name not in (b".", b"..") and b"/" not in name and b"\0" not in name,
            "name is not one of a POSIX directory")


def read_leaf(cursor: Cursor, posix: bool, root: bool = False) -> list[Entry]:
    """The entries of a directory leaf, behind its level."""
    n = cursor.varint()
    require(1 <= n <= NODE_LIMIT, "leaf with an impossible number of entries")
    columns = read_fields(cursor, leaf_schema(n))
    require(columns["names"], "leaf without names")
    content, insides = Cursor(columns["content"]), Cursor(columns["insides"] or b"")
    shared = {"owners": read_id_names(columns["owners"]),
              "groups": read_id_names(columns["groups"]), "sets": read_sets(columns["sets"])}
    entries = []
    for i in range(n):
        entry = read_entry(columns, i, shared, content)
        if not (root and posix and entry.name == b"/"):
            check_name(entry.name, posix)
        if entry.type == DIRECTORY and columns["insides"] is not None:
            entry.inside = read_inside(insides)
        entries.append(entry)
    content.end()
    insides.end()
    return entries


def read_entry(columns: dict[str, Any], i: int, shared: dict[str, Any], content: Cursor) -> Entry:
    at = {name: values[i] for name, values in columns.items()
          if name not in ("owners", "groups", "sets", "content", "insides")}
    require(FILE <= at["type"] <= BLOCK, f"entry of type {at['type']}")
    require(at["mode"] <= 0o7777, "mode passes the permission bits")
    require(len(at["link_group"]) in (0, 16), "hard-link group is not of 16 bytes")
    require(at["attributes"] < len(shared["sets"]), "attribute set is not there")
    require(at["kind"] == 0 or at["type"] == FILE, "content of something that is no file")
    birth = check_time(at["birth"], at["birth_ns"])
    return Entry(
        at["names"], at["type"], at["mode"], at["uid"], at["gid"],
        shared["owners"].get(at["uid"]), shared["groups"].get(at["gid"]),
        check_time(at["mtime"], at["mtime_ns"]), birth if any(birth) else None,
        (at["major"], at["minor"]), at["target"], at["link_group"] or None,
        shared["sets"][at["attributes"]], at["flags"], at["chunker"],
        read_content(content, at["kind"], at["size"]))


def count(entries: list[Entry]) -> Counts:
    """What a leaf's entries count for in the nodes above."""
    within = [entry.inside.counts for entry in entries]
    return Counts(
        len(entries) + sum(counts.entries for counts in within),
        sum(entry.content.size for entry in entries) + sum(counts.bytes for counts in within),
        sum(1 for entry in entries if entry.flags & 3) + sum(counts.errors for counts in within))


def read_stat_leaf(cursor: Cursor, types: list[int]) -> list[Stat]:
    n = cursor.varint()
    require(n == len(types), "stat leaf has another number of entries")
    columns = read_fields(cursor, stat_schema(n))
    insides = Cursor(columns["insides"])
    out = []
    for i, kind in enumerate(types):
        stat = Stat(check_time(columns["ctime"][i], columns["ctime_ns"][i]),
                    columns["inode"][i], columns["generation"][i])
        if kind == DIRECTORY and columns["insides"]:
            stat.inside = read_stat_inside(insides)
        out.append(stat)
    insides.end()
    return out


def read_stat_inside(cursor: Cursor) -> Optional[Inside]:
    how = cursor.u8()
    require(how <= 2, f"inside of a stat entry has the form {how}")
    if how == 0:
        return None
    return Inside(node=cursor.bytes()) if how == 1 else Inside(chunk=cursor.take(32))


class Child(NamedTuple):
    last: bytes
    chunk: bytes
    counts: Counts


class Tree:
    """Walks what is below a root's entry."""

    def __init__(self, chunks: Chunks, posix: bool) -> None:
        self.chunks, self.posix = chunks, posix

    def walk(self, root: Entry) -> Iterator[Optional[Entry]]:
        """Every entry, a directory before what is in it, and None where a directory ends."""
        stack: list[Iterator[Entry]] = [iter([root])]
        while stack:
            entry = next(stack[-1], None)
            if entry is None:
                stack.pop()
                if stack:
                    yield None
                continue
            yield entry
            if entry.type == DIRECTORY:
                stack.append(self._inside(entry))

    def _inside(self, entry: Entry) -> Iterator[Entry]:
        inside = entry.inside
        if inside.node is None and inside.chunk is None:
            return iter(())
        data = inside.node
        if data is None:
            assert inside.chunk is not None
            data = self.chunks.chunk(NODE, inside.chunk)
        stat = self._stat(entry.stat.inside if entry.stat else None)
        return self._node(data, inside.level, inside.counts, None, None, stat)

    def _stat(self, inside: Optional[Inside]) -> Optional[bytes]:
        """The stat table may be dropped; what is missing of it is no damage."""
        if inside is None or inside.chunk is None:
            return inside.node if inside else None
        try:
            return self.chunks.chunk(STAT, inside.chunk)
        except Missing:
            return None

    def _node(self, data: bytes, level: int, counts: Counts, above: Optional[bytes],
              last: Optional[bytes], stat: Optional[bytes]) -> Iterator[Entry]:
        cursor = Cursor(data)
        require(cursor.u8() == level, "directory node has another level")
        if level:
            yield from self._inner(cursor, level, counts, above, last, stat)
            return
        entries = read_leaf(cursor, self.posix)
        require(count(entries) == counts, "counts of a directory leaf are not those above it")
        require(above is None or entries[0].name > above, "leaves do not ascend")
        require(last is None or entries[-1].name == last, "leaf ends with another name")
        if stat is not None:
            rows = Cursor(stat)
            require(rows.u8() == 0, "stat node has another level")
            for entry, row in zip(entries, read_stat_leaf(rows, [entry.type for entry in entries])):
                entry.stat = row
        yield from entries

    def _inner(self, cursor: Cursor, level: int, counts: Counts, above: Optional[bytes],
               last: Optional[bytes], stat: Optional[bytes]) -> Iterator[Entry]:
        children = read_many(cursor, lambda: Child(
            cursor.bytes(), cursor.take(32), Counts(*records.read_counts(cursor))))
        cursor.end()
        require(children, "directory node without children")
        require(Counts(*map(sum, zip(*(child.counts for child in children)))) == counts,
                "counts of a directory node are not those above it")
        require(last is None or children[-1].last == last, "node ends with another name")
        stats = self._stat_children(stat, level, len(children))
        for child, below in zip(children, stats):
            require(above is None or child.last > above, "children do not ascend")
            yield from self._node(self.chunks.chunk(NODE, child.chunk), level - 1, child.counts,
                                  above, child.last, self._stat(below))
            above = child.last

    def _stat_children(self, stat: Optional[bytes], level: int, n: int) -> list[Optional[Inside]]:
        if stat is None:
            return [None] * n
        cursor = Cursor(stat)
        require(cursor.u8() == level, "stat node has another level")
        rows = read_many(cursor, lambda: Inside(chunk=cursor.take(32)))
        cursor.end()
        require(len(rows) == n, "stat node has another number of children")
        return rows


@dataclass
class Root:
    style: int
    encoding: int
    components: list[bytes]
    file_system: str
    case_rule: int
    consistency: int
    entry: Entry

    @property
    def path(self) -> bytes:
        if self.entry.name == b"/":
            return b"/"
        return b"".join(b"/" + part for part in self.components + [self.entry.name])


_ROOT: Schema = {
    1: Field("style", Cursor.varint, 0), 2: Field("encoding", Cursor.varint, 0),
    3: Field("components", Cursor.rest, many=True), 4: Field("file_system", Cursor.text, ""),
    5: Field("case_rule", Cursor.varint, 0), 6: Field("consistency", Cursor.varint, 0),
    7: Field("entry", Cursor.rest), 8: Field("stat", Cursor.rest),
}


def read_root(value: bytes) -> Root:
    fields = read_fields(Cursor(value), _ROOT)
    if not 1 <= fields["style"] <= 5:
        raise Unsupported(f"path style {fields['style']}")
    require(fields["entry"] is not None, "root without an entry")
    posix = fields["style"] == 1
    cursor = Cursor(fields["entry"])
    require(cursor.u8() == 0, "entry of a root is no leaf")
    entries = read_leaf(cursor, posix, root=True)
    require(len(entries) == 1, "root with more than one entry")
    root = Root(fields["style"], fields["encoding"], fields["components"], fields["file_system"],
                fields["case_rule"], fields["consistency"], entries[0])
    check_place(root, posix)
    if fields["stat"] is not None:
        cursor = Cursor(fields["stat"])
        require(cursor.u8() == 0, "stat of a root is no leaf")
        root.entry.stat = read_stat_leaf(cursor, [root.entry.type])[0]
    return root


def check_place(root: Root, posix: bool) -> None:
    for part in root.components:
        require(part, "component of a path is empty")
        check_name(part, posix)
    require(root.entry.name != b"/" or not root.components, "file-system root below a path")
    require(root.style != 5 or not root.components, "stream below a path")
