"""libmars: encrypted, deduplicated backup into a vault.

>>> vault = f"file://{tmp}/shown"
>>> create_vault(vault)
>>> issue_credentials(vault, f"{tmp}/shown.vaultCredentials")
>>> with register(f"{tmp}/shown-config", credentials=f"{tmp}/shown.vaultCredentials",
...               passphrase="correct horse battery staple") as agent:
...     backup = agent.backup([home])
...     restore = agent.restore(f"{tmp}/shown-restored")
>>> backup.files == restore.files_restored
True

Paths are str, bytes or os.PathLike; names in results are text, as os.fsdecode() gives it. Every
failure is an Error, of the class that tells what to do about it.
"""
from __future__ import annotations


def _fits(built: tuple[int, ...], found: tuple[int, ...]) -> bool:
    """Does a library fit? One of the same series, not older; before 1.0 each 0.x is a series."""
    series = 1 if built[0] > 0 else 2
    return built[:series] == found[:series] and found >= built


def _load() -> str:
    """The library's version, if this package can use it."""
    try:
        from ._native import ffi, lib
    except ImportError as e:
        raise ImportError("libmars: the C library does not load, or is older than this package: "
                          f"{e}") from e
    built, found = (ffi.string(v).decode() for v in (lib.mars_py_built(), lib.mars_version()))
    if not _fits(*(tuple(map(int, v.split("."))) for v in (built, found))):
        raise ImportError(f"libmars: this package was built for the C library {built} and cannot "
                          f"use {found}: install the package again")
    return str(found)


__version__ = _load()
"""Of the C library that is in use."""

from ._agent import Agent, recover, register, renew  # noqa: E402
from ._call import Cancel, KeyWrapper  # noqa: E402
from ._errors import (  # noqa: E402
    CLASSES, AuthError, CancelledError, CorruptError, Error, ExistsError, ForbiddenError,
    InternalError, InvalidArgumentError, IoError, KeyRefusedError, LockedError, NetworkError,
    NoMemoryError, NotFoundError, QuotaError, StateError, UnsupportedError)
from ._image import Since  # noqa: E402
from ._point import File, Point  # noqa: E402
from ._session import Session, Stream  # noqa: E402
from ._types import (  # noqa: E402
    AgentInfo, BackupResult, BenchmarkFigure, BenchmarkWork, CacheInfo, CacheState, Change,
    Compression, Conflict, Difference, Entry, EntryType, Event, EventKind, KeyInfo, KeyKind,
    MachineInfo, Phase, PointInfo, Progress, RestoreResult, SkipReason, Stats, StoreOptions,
    VaultInfo, VerifyResult)
from ._vault import benchmark, create_vault, issue_credentials, show_vault  # noqa: E402

# Where users find them, and tracebacks name them.
for _class in (Error, *CLASSES.values()):
    _class.__module__ = __name__

__all__ = [
    "Agent", "AgentInfo", "AuthError", "BackupResult", "BenchmarkFigure", "BenchmarkWork",
    "CacheInfo", "CacheState", "Cancel", "CancelledError", "Change", "Compression", "Conflict",
    "CorruptError", "Difference", "Entry", "EntryType", "Error", "Event", "EventKind",
    "ExistsError", "File", "ForbiddenError", "InternalError", "InvalidArgumentError", "IoError",
    "KeyInfo", "KeyKind", "KeyRefusedError", "KeyWrapper", "LockedError", "MachineInfo",
    "NetworkError", "NoMemoryError", "NotFoundError", "Phase", "Point", "PointInfo", "Progress",
    "QuotaError", "RestoreResult", "Session", "Since", "SkipReason", "StateError", "Stats",
    "StoreOptions", "Stream", "UnsupportedError", "VaultInfo", "VerifyResult", "benchmark",
    "create_vault", "issue_credentials", "recover", "register", "renew", "show_vault",
]
