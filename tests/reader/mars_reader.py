#!/usr/bin/python3
"""Reads libmars vaults without libmars: list, extract, dump, check, nonces.

Every command prints JSON lines. `extract` also writes OUTDIR/.listing.jsonl with one line an entry;
names, targets and attribute values are base64 there, times are [seconds, nanoseconds]. The exit
status is 0 when all is well, 1 when something is damaged, and 2 when the command line is wrong.
"""
from __future__ import annotations

import argparse
import base64
import dataclasses
import json
import os
import sys
from typing import Any, Optional, TextIO

from marsread.content import Content, read_attributes, read_skipped, stream, whole
from marsread.keys import PASSPHRASE, RAW_KEY, UNWRAPPED, Secret
from marsread.objects import POINT
from marsread.packs import Chunks
from marsread.tree import DIRECTORY, FILE, SYMLINK, Entry, Root, Stat, Tree
from marsread.vault import ATTRIBUTES, FILE_DATA, Audit, Vault, all_uses, key_of
from marsread.wire import FormatError, require

TYPES = {1: "file", 2: "directory", 3: "symlink", 4: "fifo", 5: "character", 6: "block"}
SECRET_FIELDS = ("key", "root")


def b64(data: bytes) -> str:
    return base64.b64encode(data).decode()


def readable(data: bytes) -> str:
    return data.decode("utf-8", "backslashreplace")


def plain(value: Any) -> Any:
    """A decoded value in the types of JSON, without the keys that a ring holds."""
    if isinstance(value, bytes):
        return value.hex()
    if isinstance(value, Root):
        return root_row(value)
    if isinstance(value, (list, tuple)):
        return [plain(item) for item in value]
    if dataclasses.is_dataclass(value):
        return {f.name: plain(getattr(value, f.name)) for f in dataclasses.fields(value)}
    if isinstance(value, dict):
        return {key: plain(item) for key, item in value.items() if key not in SECRET_FIELDS}
    return value


def emit(row: dict[str, Any], file: Optional[TextIO] = None) -> None:
    print(json.dumps(row), file=file or sys.stdout)


def root_row(root: Root) -> dict[str, Any]:
    return {"path": readable(root.path), "path_b64": b64(root.path), "style": root.style,
            "encoding": root.encoding, "components_b64": [b64(part) for part in root.components],
            "file_system": root.file_system, "case_rule": root.case_rule,
            "consistency": root.consistency, "entry": entry_row(root.entry)}


def content_row(content: Content) -> dict[str, Any]:
    row: dict[str, Any] = {"content_kind": content.kind}
    if content.kind == 2:
        row.update(chunk=content.chunk.hex(), chunk_offset=content.offset)
    if content.kind == 3:
        row.update(chunk=content.chunk.hex(), list_level=content.level)
    return row


def stat_row(stat: Optional[Stat]) -> dict[str, Any]:
    if stat is None:
        return {"ctime": None, "inode": None, "generation": None}
    return {"ctime": stat.ctime, "inode": stat.inode, "generation": stat.generation}


def entry_row(entry: Entry) -> dict[str, Any]:
    """Everything that an entry's columns say, but its attributes."""
    return {
        "name": readable(entry.name), "name_b64": b64(entry.name), "type": TYPES[entry.type],
        "mode": entry.mode, "uid": entry.uid, "gid": entry.gid,
        "owner_b64": None if entry.owner is None else b64(entry.owner),
        "group_b64": None if entry.group is None else b64(entry.group),
        "mtime": entry.mtime, "birth": entry.birth, "device": entry.device,
        "target_b64": b64(entry.target) if entry.type == SYMLINK else None,
        "link_group": entry.link_group.hex() if entry.link_group else None,
        "flags": entry.flags, "incomplete": bool(entry.flags & 1), "changed": bool(entry.flags & 2),
        "size": entry.content.size, "chunker": entry.chunker, **content_row(entry.content),
        "inside": entry.inside.counts._asdict() if entry.type == DIRECTORY else None,
        **stat_row(entry.stat),
    }


class Place:
    """The directory that is being written, held open, so that no link or long path misleads."""

    FLAGS = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW

    def __init__(self, directory: str) -> None:
        os.makedirs(directory, exist_ok=True)
        self.fd = os.open(directory, os.O_RDONLY | os.O_DIRECTORY)

    def _move(self, name: bytes) -> None:
        before, self.fd = self.fd, os.open(name, self.FLAGS, dir_fd=self.fd)
        os.close(before)

    def enter(self, name: bytes, top: bool = False) -> None:
        """Goes into a directory, made first; the root of a file system is the place itself."""
        if top:
            self._move(b".")
            return
        check_safe(name)
        try:
            os.mkdir(name, 0o700, dir_fd=self.fd)
        except FileExistsError:
            pass
        self._move(name)

    def leave(self) -> None:
        self._move(b"..")

    def symlink(self, name: bytes, target: bytes) -> None:
        check_safe(name)
        require(target and b"\0" not in target, "link without a possible target")
        os.symlink(target, name, dir_fd=self.fd)

    def file(self, name: bytes) -> int:
        check_safe(name)
        flags = os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW
        return os.open(name, flags, 0o600, dir_fd=self.fd)


def check_safe(name: bytes) -> None:
    require(name not in (b"", b".", b"..") and b"/" not in name and b"\0" not in name,
            "name cannot be written here")


class Extraction:
    """Writes a point's roots under a directory, and the listing of its entries."""

    def __init__(self, vault: Vault, outdir: str) -> None:
        self.chunks = Chunks(vault.domain)
        self.outdir, self.failed = outdir, False
        os.makedirs(outdir, exist_ok=True)

    def run(self, roots: list[Root]) -> bool:
        with open(os.path.join(self.outdir, ".listing.jsonl"), "w", encoding="ascii") as listing:
            for root in roots:
                self._root(root, listing)
        return not self.failed

    def _root(self, root: Root, listing: TextIO) -> None:
        place = Place(self.outdir)
        for part in root.components:
            place.enter(part)
        above = [b"".join(b"/" + part for part in root.components)]
        for entry in Tree(self.chunks, root.style == 1).walk(root.entry):
            if entry is None:
                above.pop()
                place.leave()
                continue
            top = entry.name == b"/"
            full = b"/" if top else above[-1] + b"/" + entry.name
            if entry.type == DIRECTORY:
                above.append(b"" if top else full)
                place.enter(entry.name, top)
            self._entry(place, entry, full, listing)
        os.close(place.fd)

    def _entry(self, place: Place, entry: Entry, full: bytes, listing: TextIO) -> None:
        row = {"path": readable(full), "path_b64": b64(full), **entry_row(entry)}
        try:
            if entry.type == SYMLINK:
                place.symlink(entry.name, entry.target)
            elif entry.type == FILE:
                self._write_file(place.file(entry.name), entry)
            row["attributes"] = self._attributes(entry)
        except (FormatError, FileExistsError) as error:
            row["error"], self.failed = str(error), True
            print(f"{readable(full)}: {error}", file=sys.stderr)
        emit(row, listing)

    def _attributes(self, entry: Entry) -> list[dict[str, str]]:
        if entry.attributes is None:
            return []
        rows = read_attributes(whole(self.chunks, entry.attributes, ATTRIBUTES))
        return [{"name_b64": b64(name), "value_b64": b64(value)} for name, value in rows]

    def _write_file(self, fd: int, entry: Entry) -> None:
        with os.fdopen(fd, "wb") as file:
            require(entry.content.size < 1 << 63, "size passes what a file can have")
            for hole, data in stream(self.chunks, entry.content, FILE_DATA):
                if hole:
                    file.seek(hole, os.SEEK_CUR)
                file.write(data)
            file.truncate(entry.content.size)


def run_list(vault: Vault, options: argparse.Namespace) -> bool:
    states, points = vault.states(), vault.points()
    named = {(name.parts["item"], head) for name, fields in points for head in fields["heads"]}
    for name, fields in points:
        totals = dict(zip(("entries", "bytes", "errors"), fields["totals"]))
        emit({"session": name.parts["session"], "item": name.parts["item"],
              "item_name": fields["item_name"], "machine": fields["machine_name"],
              "started": fields["started"], "finished": fields["finished"], "totals": totals,
              "roots": [readable(root.path) for root in fields["roots"]],
              "state": states.get(key_of(name), "present"),
              "head": (name.parts["item"], name.id("session")) not in named})
    return True


def run_extract(vault: Vault, options: argparse.Namespace) -> bool:
    _, fields = vault.find_point(options.point)
    return Extraction(vault, options.outdir).run(fields["roots"])


def run_dump(vault: Vault, options: argparse.Namespace) -> bool:
    audit, chunks = Audit(vault), Chunks(vault.domain)
    for name, seen, message in audit.objects():
        row: dict[str, Any] = {"name": name.full, "kind": name.kind}
        if seen is None:
            row["error"] = message
        else:
            header, fields = plain(seen.header), dict(seen.fields)
            del header["bytes"]
            if name.kind == POINT and name.domain == vault.domain.hex_id:
                fields["skipped"] = skipped_rows(chunks, fields["skipped"])
            row.update(header=header, fields=plain(fields))
        emit(row)
    audit.relations()
    return report(audit)


def skipped_rows(chunks: Chunks, value: Optional[bytes]) -> Any:
    try:
        rows = read_skipped(chunks, value) if value is not None else []
    except FormatError as error:
        return str(error)
    return [{**row, "path": readable(row["path"]), "path_b64": b64(row["path"]),
             "message": readable(row["message"])} for row in rows]


def run_check(vault: Vault, options: argparse.Namespace) -> bool:
    audit = Audit(vault)
    for _ in audit.objects():
        pass
    audit.relations()
    emit({"objects": len(audit.store.names), "authentic": len(audit.seen),
          "not_open": len(audit.closed), "faults": len(audit.faults)})
    return report(audit, sys.stdout)


def report(audit: Audit, file: Optional[TextIO] = None) -> bool:
    for name, message in audit.faults:
        emit({"name": name, "fault": message}, file or sys.stderr)
    return not audit.faults


def run_nonces(vault: Vault, options: argparse.Namespace) -> bool:
    audit = Audit(vault)
    used: dict[tuple[str, int], str] = {}
    repeats = []
    for use in all_uses(audit):
        emit({"name": use.name, "use": use.what, "key": use.key, "counter": use.counter})
        if (use.key, use.counter) in used:
            repeats.append((use.name, used[use.key, use.counter]))
        used[use.key, use.counter] = use.name
    for name, other in repeats:
        emit({"name": name, "fault": f"repeats a key and counter of {other}"}, sys.stderr)
    return report(audit) and not repeats


def parse_arguments(arguments: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="read a libmars vault without libmars")
    parser.add_argument("vault")
    secret = parser.add_mutually_exclusive_group(required=True)
    secret.add_argument("--passphrase-file")
    secret.add_argument("--key-file", help="a raw key of 32 bytes")
    secret.add_argument("--unwrapped-file", help="the 32 bytes that a caller's wrapper gives back")
    parser.add_argument("--machine")
    commands = parser.add_subparsers(dest="command", required=True)
    for name, run in (("list", run_list), ("dump", run_dump), ("check", run_check),
                      ("nonces", run_nonces)):
        commands.add_parser(name).set_defaults(run=run)
    extract = commands.add_parser("extract")
    extract.add_argument("point", help="a full id, the unique beginning of one, or latest")
    extract.add_argument("outdir")
    extract.set_defaults(run=run_extract)
    return parser.parse_args(arguments)


def read_secret(options: argparse.Namespace) -> Secret:
    files = {PASSPHRASE: options.passphrase_file, RAW_KEY: options.key_file,
             UNWRAPPED: options.unwrapped_file}
    kind, path = next((kind, path) for kind, path in files.items() if path)
    with open(path, "rb") as file:
        return Secret(kind, file.read())


def main(arguments: list[str]) -> int:
    options = parse_arguments(arguments)
    try:
        vault = Vault(options.vault, read_secret(options), options.machine)
        return 0 if options.run(vault, options) else 1
    except (FormatError, OSError) as error:
        print(f"mars_reader: {error}", file=sys.stderr)
        return 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
