"""The smallest pieces of the format: integers, fields, columns, padded sizes."""
from __future__ import annotations

from typing import Any, Callable, Mapping, NamedTuple

U64 = 1 << 64
NAME_LIMIT = 65_535
NAMES_LIMIT = 16 << 20  # of one leaf's names, expanded; keeps a small hostile leaf small in memory


class FormatError(Exception):
    """Something that this reader refuses to read."""


class Damage(FormatError):
    """Bytes that no writer of the format can have meant."""


class Missing(Damage):
    """A chunk that stands in no pack of the vault."""


class Unsupported(FormatError):
    """A part of the format that version 1 does not know."""


def require(condition: object, message: str) -> None:
    if not condition:
        raise Damage(message)


class Cursor:
    """Takes values from the front of some bytes and never passes their end."""

    def __init__(self, data: bytes) -> None:
        self.data = data
        self.at = 0

    def left(self) -> int:
        return len(self.data) - self.at

    def take(self, size: int) -> bytes:
        require(size <= self.left(), "cut short")
        self.at += size
        return self.data[self.at - size:self.at]

    def rest(self) -> bytes:
        return self.take(self.left())

    def end(self) -> None:
        require(not self.left(), "bytes after the end")

    def number(self, size: int) -> int:
        return int.from_bytes(self.take(size), "little")

    def u8(self) -> int:
        return self.number(1)

    def u16(self) -> int:
        return self.number(2)

    def u32(self) -> int:
        return self.number(4)

    def u64(self) -> int:
        return self.number(8)

    def varint(self) -> int:
        value = 0
        for place in range(10):
            byte = self.u8()
            value |= (byte & 127) << (7 * place)
            if byte < 128:
                require(byte or not place, "varint is not in its shortest form")
                require(value < U64, "varint passes 64 bits")
                return value
        raise Damage("varint is longer than 10 bytes")

    def zigzag(self) -> int:
        value = self.varint()
        return (value >> 1) ^ -(value & 1)

    def bytes(self) -> bytes:
        return self.take(self.varint())

    def text(self) -> str:
        return utf8(self.rest())

    def time(self) -> tuple[int, int]:
        seconds, nanoseconds = self.zigzag(), self.varint()
        require(nanoseconds < 1_000_000_000, "nanoseconds pass a second")
        return seconds, nanoseconds


def utf8(data: bytes) -> str:
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError:
        raise Damage("text is not UTF-8") from None


def label(cursor: Cursor) -> str:
    require(cursor.left() <= 255, "name is longer than 255 bytes")
    return cursor.text()


def padme(length: int) -> int:
    if length < 2:
        return length
    exponent = length.bit_length() - 1
    mask = (1 << (exponent - exponent.bit_length())) - 1
    return (length + mask) & ~mask


class Field(NamedTuple):
    """What a field is called, how its value is read, and what it is when it is missing."""

    name: str
    read: Callable[[Cursor], Any]
    default: Any = None
    many: bool = False


Schema = Mapping[int, Field]


def raw(size: int) -> Callable[[Cursor], bytes]:
    return lambda cursor: cursor.take(size)


def read_fields(cursor: Cursor, schema: Schema) -> dict[str, Any]:
    """Reads fields up to the end of the cursor."""
    out = {field.name: [] if field.many else field.default for field in schema.values()}
    last = -1
    while cursor.left():
        tag = cursor.varint()
        number, value = tag >> 1, Cursor(cursor.bytes())
        field = schema.get(number)
        require(number >= last, f"field {number} stands behind field {last}")
        if field is None:
            if tag & 1:
                raise Unsupported(f"critical field {number} is not known")
        elif field.many:
            out[field.name].append(field.read(value))
            value.end()
        else:
            require(number > last, f"field {number} stands twice")
            out[field.name] = field.read(value)
            value.end()
        last = number
    return out


def nested(schema: Schema) -> Callable[[Cursor], dict[str, Any]]:
    return lambda cursor: read_fields(cursor, schema)


def need(fields: Mapping[str, Any], *names: str) -> None:
    for name in names:
        require(fields[name] is not None, f"{name} is missing")


def read_bits(cursor: Cursor, count: int, width: int) -> list[int]:
    """Values of so many bits each, least significant first, ended with zero bits."""
    total = count * width
    data = cursor.take((total + 7) // 8)
    require(not total % 8 or not data[-1] >> (total % 8), "bits behind the last value are not zero")
    mask = (1 << width) - 1
    return [int.from_bytes(data[bit >> 3:(bit >> 3) + 9], "little") >> (bit & 7) & mask
            for bit in range(0, total, width)] if width else [0] * count


def signed64(value: int) -> int:
    value %= U64
    return value - U64 if value >> 63 else value


def read_ints(cursor: Cursor, count: int, signed: bool = False) -> list[int]:
    one = cursor.zigzag if signed else cursor.varint
    wrap = signed64 if signed else lambda value: value % U64
    encoding = cursor.u8()
    if encoding == 0:
        return [one()] * count
    if encoding == 1:
        least, width = one(), cursor.u8()
        require(1 <= width <= 64, "packed integers have an impossible width")
        return [wrap(least + value) for value in read_bits(cursor, count, width)]
    require(encoding == 2, f"integers have the encoding {encoding}")
    out = [one()] * count
    places = sparse_places(cursor, count)
    least, width = one(), cursor.u8()
    require(width <= 64, "sparse integers have an impossible width")
    for place, value in zip(places, read_bits(cursor, len(places), width)):
        out[place] = wrap(least + value)
    return out


def sparse_places(cursor: Cursor, count: int) -> list[int]:
    k = cursor.varint()
    require(1 <= k <= count, "sparse integers have an impossible number of places")
    places: list[int] = []
    place = -1
    for _ in range(k):
        place += cursor.varint() + 1
        require(place < count, "sparse integers pass the last entry")
        places.append(place)
    return places


def read_strings(cursor: Cursor, count: int) -> list[bytes]:
    return [cursor.take(size) for size in read_ints(cursor, count)]


def read_names(cursor: Cursor, count: int) -> list[bytes]:
    """Names that share their beginnings, strictly ascending."""
    shared, sizes = read_ints(cursor, count), read_ints(cursor, count)
    lengths = [a + b for a, b in zip(shared, sizes)]
    require(max(lengths) <= NAME_LIMIT, "name is longer than 65,535 bytes")
    require(sum(lengths) <= NAMES_LIMIT, "names of a leaf are too long together")
    tails = Cursor(read_tails(cursor, sum(sizes)))
    names: list[bytes] = []
    before = b""
    for common, size in zip(shared, sizes):
        require(common <= len(before), "name shares more than the name before has")
        name = before[:common] + tails.take(size)
        require(name, "name is empty")
        require(name > before, "names do not ascend")
        names.append(name)
        before = name
    return names


def read_tails(cursor: Cursor, total: int) -> bytes:
    coding = cursor.u8()
    if coding == 0:
        return cursor.take(total)
    require(coding == 1, f"names have the coding {coding}")
    k = cursor.u8()
    require(1 <= k <= 16, "names have an impossible alphabet")
    letters = cursor.take(k)
    require(all(a < b for a, b in zip(letters, letters[1:])), "alphabet does not ascend")
    places = read_bits(cursor, total, (k - 1).bit_length())
    require(max(places, default=0) < k, "name leaves its alphabet")
    return bytes(letters[place] for place in places)
