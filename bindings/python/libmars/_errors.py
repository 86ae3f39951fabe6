"""A status of the library as an exception: one class for each reaction of the caller."""
from __future__ import annotations

from typing import Any, Optional

from ._native import ffi, lib


class Error(Exception):
    """What went wrong in a call, in words for people. Base of all, and of statuses to come."""
    status: int
    """A MARS_ERR_* number of the C library."""
    os_code: int
    """errno; 0 if the operating system had no part in it."""
    http_status: int
    """Of the store's last answer; 0 if none was read."""
    result: Any
    """Of a restore or a verify: how far it came. Of a backup: what was done, if a function raised
    this when the point was made already. Else None."""

    def __init__(self, message: str, status: int = 0, os_code: int = 0,
                 http_status: int = 0) -> None:
        super().__init__(message)
        self.status = status
        self.os_code = os_code
        self.http_status = http_status
        self.result = None

    @property
    def status_name(self) -> str:
        """The status as C names it: "MARS_ERR_IO"."""
        return str(ffi.string(lib.mars_status_name(self.status)).decode())


class _SystemError(Error, OSError):
    """Base of those that are an OSError too."""

    @property
    def errno(self) -> Optional[int]:  # type: ignore[override]
        return self.os_code or None


class InternalError(Error):
    """A bug in libmars: please report it."""


class NoMemoryError(Error, MemoryError):
    """Out of memory."""


class InvalidArgumentError(Error, ValueError):
    """The call itself is wrong: correct it."""


class UnsupportedError(Error):
    """A format or an option is newer than this build: update libmars."""


class CorruptError(Error):
    """Stored bytes fail authentication or parsing."""


class IoError(_SystemError):
    """The operating system refused: errno says why."""


class CancelledError(Error):
    """By a Cancel that was set."""


class NotFoundError(_SystemError, FileNotFoundError):
    """No such object, point, path or machine."""


class ExistsError(_SystemError, FileExistsError):
    """The name is taken."""


class StateError(Error):
    """The object cannot do this now; it may be closed."""


class LockedError(Error):
    """Another process, or another call, holds it: try later."""


class NetworkError(Error):
    """Transport failed: try again."""


class AuthError(Error):
    """Credentials have expired, were edited, or were refused."""


class ForbiddenError(Error):
    """The vault's rules do not allow it."""


class QuotaError(Error):
    """No space left: disk, cache or vault."""


class KeyRefusedError(Error):
    """The passphrase or key does not open this."""


CLASSES: dict[int, type[Error]] = {
    lib.MARS_ERR_INTERNAL: InternalError,
    lib.MARS_ERR_NOMEM: NoMemoryError,
    lib.MARS_ERR_INVALID_ARG: InvalidArgumentError,
    lib.MARS_ERR_UNSUPPORTED: UnsupportedError,
    lib.MARS_ERR_CORRUPT: CorruptError,
    lib.MARS_ERR_IO: IoError,
    lib.MARS_ERR_CANCELLED: CancelledError,
    lib.MARS_ERR_NOT_FOUND: NotFoundError,
    lib.MARS_ERR_EXISTS: ExistsError,
    lib.MARS_ERR_STATE: StateError,
    lib.MARS_ERR_LOCKED: LockedError,
    lib.MARS_ERR_NETWORK: NetworkError,
    lib.MARS_ERR_AUTH: AuthError,
    lib.MARS_ERR_FORBIDDEN: ForbiddenError,
    lib.MARS_ERR_QUOTA: QuotaError,
    lib.MARS_ERR_KEY: KeyRefusedError,
}


def error(status: int, message: str, os_code: int = 0, http_status: int = 0) -> Error:
    """The exception for a status; one that this package does not know is an Error."""
    return CLASSES.get(status, Error)(message, status, os_code, http_status)


def state_error(message: str) -> Error:
    return error(lib.MARS_ERR_STATE, message)
