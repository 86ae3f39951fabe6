"""What calls give back. Sizes are bytes, dates seconds since 1970 UTC, and paths are text as
os.fsdecode() gives it: os.fsencode() gives the bytes again, whatever they are."""
from __future__ import annotations

import enum
import os
from dataclasses import dataclass, field
from typing import Any, Optional, TypeVar

from ._native import ffi, lib

_T = TypeVar("_T")


class Number(enum.IntEnum):
    """A number of the library with its name. One of a later version has only the number."""

    @classmethod
    def _missing_(cls, value: object) -> Any:
        if not isinstance(value, int):
            return None
        made = int.__new__(cls, value)
        made._name_, made._value_ = f"UNKNOWN_{value}", value
        return made


class Compression(Number):
    """How new data is compressed. What was compressed otherwise stays as it is."""
    DEFAULT = lib.MARS_COMPRESSION_DEFAULT
    """LZ4; for a vault over the network zstd, where there is it."""
    LZ4 = lib.MARS_COMPRESSION_LZ4
    NONE = lib.MARS_COMPRESSION_NONE
    LZ4HC = lib.MARS_COMPRESSION_LZ4HC
    ZSTD = lib.MARS_COMPRESSION_ZSTD


class Conflict(Number):
    """What to do with a file that is in the way of a restore."""
    COPY = lib.MARS_CONFLICT_COPY
    """Restore beside it, under a dated name."""
    OVERWRITE = lib.MARS_CONFLICT_OVERWRITE
    SKIP = lib.MARS_CONFLICT_SKIP


class Phase(Number):
    START = lib.MARS_PHASE_START
    DATA = lib.MARS_PHASE_DATA
    COMMIT = lib.MARS_PHASE_COMMIT
    CHECK = lib.MARS_PHASE_CHECK


class EventKind(Number):
    SKIPPED = lib.MARS_EVENT_SKIPPED
    """Backup: a file is not, or not wholly, in the point."""
    WARNING = lib.MARS_EVENT_WARNING
    DAMAGED = lib.MARS_EVENT_DAMAGED
    """Verify: an object of the vault is damaged or missing."""
    FILE_LOST = lib.MARS_EVENT_FILE_LOST
    """Verify: the path can no longer be restored from the point."""
    DIFFERENT = lib.MARS_EVENT_DIFFERENT
    NOT_RESTORED = lib.MARS_EVENT_NOT_RESTORED
    FILE = lib.MARS_EVENT_FILE
    """With report_files: a file was backed up or restored."""


class SkipReason(Number):
    NONE = 0
    UNREADABLE = lib.MARS_SKIP_UNREADABLE
    VANISHED = lib.MARS_SKIP_VANISHED
    SOCKET = lib.MARS_SKIP_SOCKET
    CHANGED = lib.MARS_SKIP_CHANGED
    """It changed while it was read; it is in the point."""
    PARTIAL = lib.MARS_SKIP_PARTIAL
    """Part of it could not be read; it is in the point, flagged."""
    KIND = lib.MARS_SKIP_KIND


class EntryType(Number):
    FILE = lib.MARS_ENTRY_FILE
    DIRECTORY = lib.MARS_ENTRY_DIRECTORY
    SYMLINK = lib.MARS_ENTRY_SYMLINK
    FIFO = lib.MARS_ENTRY_FIFO
    CHARDEV = lib.MARS_ENTRY_CHARDEV
    BLOCKDEV = lib.MARS_ENTRY_BLOCKDEV


class Change(Number):
    ADDED = lib.MARS_DIFF_ADDED
    REMOVED = lib.MARS_DIFF_REMOVED
    CONTENT = lib.MARS_DIFF_CONTENT
    METADATA = lib.MARS_DIFF_METADATA
    TYPE = lib.MARS_DIFF_TYPE


class KeyKind(Number):
    PASSPHRASE = 1
    RAW = 2
    WRAPPER = 3


class CacheState(Number):
    READY = lib.MARS_CACHE_READY
    UNUSABLE = lib.MARS_CACHE_UNUSABLE
    """See the problem: backups fail, restores go without."""


class BenchmarkWork(Number):
    CHUNK = lib.MARS_BENCHMARK_CHUNK
    HASH = lib.MARS_BENCHMARK_HASH
    PACK = lib.MARS_BENCHMARK_PACK
    UNPACK = lib.MARS_BENCHMARK_UNPACK
    SEAL = lib.MARS_BENCHMARK_SEAL
    OPEN = lib.MARS_BENCHMARK_OPEN


def _text(c: Any) -> str:
    """A NUL-terminated string; NULL is empty."""
    return os.fsdecode(ffi.string(c)) if c else ""


def _path(c: Any, length: int) -> Optional[str]:
    return os.fsdecode(bytes(ffi.buffer(c, length))) if c else None


def _plain(cls: type[_T], c: Any, **known: Any) -> _T:
    """The members of a C struct, by name."""
    for name in cls.__dataclass_fields__:  # type: ignore[attr-defined]
        if name not in known:
            value = getattr(c, name)
            known[name] = _text(value) if isinstance(value, ffi.CData) else value
    return cls(**known)


@dataclass(frozen=True)
class Progress:
    """What a call is doing now. Numbers only grow within a phase."""
    phase: Phase
    files_done: int
    files_total: int
    """0 while it is not known."""
    bytes_done: int
    bytes_total: int
    """0 while it is not known."""
    bytes_stored: int
    elapsed_ns: int
    warnings: int

    @classmethod
    def _of(cls, c: Any) -> Progress:
        return _plain(cls, c, phase=Phase(c.phase))


@dataclass(frozen=True)
class Event:
    """One thing that happened."""
    kind: EventKind
    status: int
    os_code: int
    reason: SkipReason
    path: Optional[str]
    object: Optional[str]
    """An object's name in the vault."""
    point: Optional[str]
    message: str

    @classmethod
    def _of(cls, c: Any) -> Event:
        return _plain(cls, c, kind=EventKind(c.kind), reason=SkipReason(c.reason),
                      path=_path(c.path, c.path_len), object=_text(c.object) or None,
                      point=_text(c.point) or None)


@dataclass(frozen=True)
class MachineInfo:
    id: str
    name: str
    domain: str
    os: str
    created: int

    @classmethod
    def _of(cls, c: Any) -> MachineInfo:
        return _plain(cls, c)


@dataclass(frozen=True)
class VaultInfo:
    id: str
    redundancy: str
    created: int
    soft_delete_days: int
    put_if_absent: bool
    """The store was seen to refuse overwriting when the vault was made."""
    machines: tuple[MachineInfo, ...]

    @classmethod
    def _of(cls, c: Any, machines: tuple[MachineInfo, ...]) -> VaultInfo:
        return _plain(cls, c, machines=machines, put_if_absent=bool(c.put_if_absent))


@dataclass(frozen=True)
class AgentInfo:
    """Who this is."""
    machine_id: str
    machine_name: str
    domain_id: str
    vault_url: str
    cache_dir: str
    """Empty if there is none."""
    read_only: bool
    """From recover()."""

    @classmethod
    def _of(cls, c: Any) -> AgentInfo:
        return _plain(cls, c, read_only=bool(c.read_only))


@dataclass(frozen=True)
class BackupResult:
    point: str
    """The new recovery point's id; empty after a dry run."""
    files: int
    """Everything but directories."""
    directories: int
    files_unchanged: int
    """Taken over without being read."""
    files_skipped: int
    """See the events; also in the point."""
    bytes: int
    bytes_read: int
    bytes_new: int
    """Plaintext that the vault did not have."""
    bytes_added: int
    """To the vault, before the point itself."""
    elapsed_ns: int

    @classmethod
    def _of(cls, c: Any) -> BackupResult:
        return _plain(cls, c)


@dataclass(frozen=True)
class RestoreResult:
    files_restored: int
    directories: int
    files_present: int
    """There already with the point's content."""
    files_skipped: int
    files_failed: int
    warnings: int
    bytes_written: int
    bytes_fetched: int
    elapsed_ns: int

    @classmethod
    def _of(cls, c: Any) -> RestoreResult:
        return _plain(cls, c)


@dataclass(frozen=True)
class VerifyResult:
    points: int
    objects: int
    bytes_read: int
    objects_damaged: int
    files_lost: int
    """Names in points that cannot be restored."""
    differences: int
    """Against the disk."""
    elapsed_ns: int
    packs: int
    pack_bytes: int
    packs_read: int
    pack_bytes_read: int

    @classmethod
    def _of(cls, c: Any) -> VerifyResult:
        return _plain(cls, c)


@dataclass(frozen=True)
class PointInfo:
    """One recovery point."""
    id: str
    item: str
    machine: str
    machine_id: str
    started: int
    finished: int
    entries: int
    bytes: int
    files_skipped: int
    bytes_added: int
    roots: tuple[str, ...]
    is_head: bool
    """No other point of the item was made after seeing it."""

    @classmethod
    def _of(cls, c: Any) -> PointInfo:
        roots = tuple(_path(c.roots[i], c.root_lens[i]) or "" for i in range(c.n_roots))
        return _plain(cls, c, roots=roots, is_head=bool(c.is_head))


@dataclass(frozen=True)
class Entry:
    """One name in a recovery point."""
    path: str
    """Absolute, as backed up."""
    type: EntryType
    size: int
    mode: int
    """The bits of 0o7777."""
    mtime_ns: int
    """Nanoseconds since 1970 UTC, as in os.stat_result.st_mtime_ns."""
    uid: int
    gid: int
    user: str
    group: str
    target: Optional[str]
    """Of a symbolic link."""
    device_major: int
    device_minor: int
    incomplete: bool
    """Part of it could not be read."""
    changed: bool
    """It changed while it was read."""

    @property
    def name(self) -> str:
        return self.path.rpartition("/")[2]

    def is_dir(self) -> bool:
        return self.type == EntryType.DIRECTORY

    def is_file(self) -> bool:
        return self.type == EntryType.FILE

    def is_symlink(self) -> bool:
        return self.type == EntryType.SYMLINK

    @classmethod
    def _of(cls, c: Any) -> Entry:
        return _plain(cls, c, type=EntryType(c.type), path=_path(c.path, c.path_len),
                      target=_path(c.target, c.target_len),
                      mtime_ns=c.mtime * 1_000_000_000 + c.mtime_ns,
                      incomplete=bool(c.flags & lib.MARS_ENTRY_INCOMPLETE),
                      changed=bool(c.flags & lib.MARS_ENTRY_CHANGED))


@dataclass(frozen=True)
class Difference:
    """A name that is not the same in two recovery points."""
    change: Change
    before: Optional[Entry]
    """None: it was added."""
    after: Optional[Entry]
    """None: it was removed."""

    @property
    def path(self) -> str:
        entry = self.after or self.before
        return entry.path if entry else ""

    @classmethod
    def _of(cls, c: Any) -> Difference:
        before, after = (Entry._of(e) if e else None for e in (c.before, c.after))
        return cls(Change(c.change), before, after)


@dataclass(frozen=True)
class Stats:
    """What a domain holds: bytes / chunk_bytes tells what deduplication saves, chunk_bytes /
    pack_bytes what compression does."""
    points: int
    items: int
    entries: int
    """Names in the points, each point counted in full."""
    bytes: int
    """Of their files, each point counted in full."""
    chunks: int
    chunk_bytes: int
    """Plaintext of the chunks, each once."""
    packs: int
    pack_bytes: int
    objects: int
    object_bytes: int
    """The room that the domain takes in the store."""
    index_objects: int
    index_bytes: int

    @classmethod
    def _of(cls, c: Any) -> Stats:
        return _plain(cls, c)


@dataclass(frozen=True)
class KeyInfo:
    """One slot that opens the domain."""
    id: str
    kind: KeyKind
    label: str
    created: int
    passes: int
    memory_kib: int
    lanes: int

    @classmethod
    def _of(cls, c: Any) -> KeyInfo:
        return _plain(cls, c, kind=KeyKind(c.kind))


@dataclass(frozen=True)
class CacheInfo:
    """Where the cache is and what is in it."""
    state: CacheState
    path: str
    problem: str
    files: int
    bytes: int
    bytes_copies: int
    bytes_trees: int
    bytes_runs: int
    bytes_journals: int
    bytes_unfinished: int
    bytes_free: int
    quota: int
    warn_permille: int
    refuse_permille: int
    old_places: int

    @classmethod
    def _of(cls, c: Any) -> CacheInfo:
        return _plain(cls, c, state=CacheState(c.state))


@dataclass(frozen=True)
class BenchmarkFigure:
    """One speed of this machine, in bytes of plaintext a second."""
    work: BenchmarkWork
    codec: str
    """Its name for PACK and UNPACK, else empty."""
    one_core: int
    all_cores: int

    @classmethod
    def _of(cls, c: Any) -> BenchmarkFigure:
        return _plain(cls, c, work=BenchmarkWork(c.work))


@dataclass(frozen=True)
class StoreOptions:
    """How a vault over the network is reached, and with what right; `include/mars/store.h` tells
    about each. Nothing is read from the environment.

    >>> StoreOptions(region="eu-central-1", key_id="AK1", secret_key="hidden").region
    'eu-central-1'
    """
    allow_http: bool = False
    endpoint: Optional[str] = None
    region: Optional[str] = None
    addressing: Optional[str] = None
    tier: Optional[str] = None
    account_key: Optional[str] = field(default=None, repr=False)
    sas: Optional[str] = field(default=None, repr=False)
    key_id: Optional[str] = None
    secret_key: Optional[str] = field(default=None, repr=False)
    session_token: Optional[str] = field(default=None, repr=False)
    tenant: Optional[str] = None
    client_id: Optional[str] = None
    client_secret: Optional[str] = field(default=None, repr=False)
    authority: Optional[str] = None
    identity: Optional[str] = None
    identity_endpoint: Optional[str] = None
    identity_header: Optional[str] = field(default=None, repr=False)
    ca_file: Optional[str] = None
    pin: Optional[str] = None
    proxy: Optional[str] = None
    proxy_user: Optional[str] = None
    proxy_password: Optional[str] = field(default=None, repr=False)
    no_proxy: Optional[str] = None
    timeout_s: int = 0
    requests_limit: int = 0
    work_kbps: int = 0
    other_kbps: int = 0
    work_days: int = 0
    work_from: int = 0
    work_to: int = 0
