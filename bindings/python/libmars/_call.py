"""Calls into C, and the functions that C calls back.

Nothing may unwind through C: what a callback raises is stored, the call is asked to stop, and when
it has returned the exception is raised again. onerror does it, not a try in the function itself: a
KeyboardInterrupt comes before the function's first line.
"""
from __future__ import annotations

import threading
from itertools import starmap
from types import TracebackType
from typing import Any, Callable, Optional, Protocol, TypeVar

from . import _types
from ._errors import KeyRefusedError, error
from ._handle import Handle, close_left, inside, raise_interrupt
from ._native import ffi, lib

ProgressFn = Callable[[_types.Progress], object]
EventFn = Callable[[_types.Event], object]


class KeyWrapper(Protocol):
    """A key that is kept elsewhere: in an HSM, a key management service. The library makes a secret
    of 32 bytes for each slot of such a key; what wrap() makes of it lies in the vault."""

    def wrap(self, secret: bytes) -> bytes:
        """At most 4096 bytes, from which unwrap() gives the secret back."""

    def unwrap(self, blob: bytes) -> bytes:
        """The secret. KeyRefusedError: the blob is another key's. What else is raised ends the call
        and comes out of it."""


class Callbacks:
    """The user's functions of one call, and what was raised in them. Their result counts for
    nothing: who wants to stop raises."""

    def __init__(self, progress: Optional[ProgressFn] = None, event: Optional[EventFn] = None,
                 each: Optional[Callable[[Any], object]] = None) -> None:
        self.progress = progress
        self.event = event
        self.each = each
        self.owner: object = self
        """Of the calls that use them: see Handle."""
        self.stopped = False
        self._raised: Optional[BaseException] = None
        self._thread = 0

    def stop(self, why: Optional[BaseException]) -> None:
        """Only the first exception counts: nothing is called after it."""
        if not self.stopped:
            self._raised, self._thread = why, threading.get_ident()
        self.stopped = True

    def reraise(self) -> None:
        """On the thread that it was raised on: several may use one session."""
        if self._raised is None or self._thread != threading.get_ident():
            return
        try:
            raise self._raised
        finally:
            self._raised = None


class Wrapping:
    """A wrapper in one call."""

    def __init__(self, wrapper: KeyWrapper, callbacks: Callbacks) -> None:
        self.wrapper = wrapper
        self.stop = callbacks.stop


def run(function: Callable[..., int], *args: Any, callbacks: Optional[Callbacks] = None,
        returned: Optional[list[int]] = None) -> None:
    """Call a function of the library; all that can fail take the error last.

    `returned`: gets what C returned, whatever is raised; it stays empty if C was not called.
    """
    err = ffi.new("mars_error *")
    status: list[int] = [] if returned is None else returned
    close_left()
    try:
        # Ctrl-C is raised as soon as C has returned, before its answer could be assigned.
        inside(callbacks and callbacks.owner, status.extend, starmap(function, [(*args, err)]))
    finally:
        close_left()
    if callbacks is not None:
        callbacks.reraise()
    raise_interrupt()
    if status[0] != lib.MARS_OK:
        message = ffi.string(err.message).decode(errors="replace")
        raise error(status[0], message, err.os_code, err.http_status)


def opened(handle: Handle, function: Callable[..., int], *args: Any,
           callbacks: Optional[Callbacks] = None) -> Handle:
    """Call a function that opens a handle. What it opened is closed if anything is raised: that may
    be Ctrl-C, or out of a callback, and C know nothing of it."""
    try:
        run(function, *args, handle.out, callbacks=callbacks)
    except BaseException:
        handle.close()
        raise
    return handle


class Cancel:
    """Asks running calls to stop; they end soon with CancelledError. Any number of calls may share
    one, and any thread may set it.

    >>> import threading
    >>> cancel = Cancel()
    >>> threading.Timer(0, cancel.set).start()
    >>> agent.backup([home], cancel=cancel)              # doctest: +SKIP
    Traceback (most recent call last):
    libmars.CancelledError: cancelled
    """

    def __init__(self) -> None:
        self.handle = opened(Handle("cancel", ffi.new("mars_cancel **"), lib.mars_cancel_free),
                             lib.mars_cancel_new)
        self.pointer = self.handle.out[0]

    def set(self) -> None:
        """Set it, for good."""
        lib.mars_cancel_set(self.pointer)


Opened = TypeVar("Opened")


def opening(call: Callable[[Cancel], Opened], cancel: Optional[Cancel]) -> Opened:
    """What waits for a server without a callback. C would not notice Ctrl-C, so the main thread
    waits in Python for another one, and stops that."""
    stop = cancel or Cancel()
    if threading.current_thread() is not threading.main_thread():
        return call(stop)
    done: list[Opened] = []
    raised: list[BaseException] = []

    def work() -> None:
        try:
            done.append(call(stop))
        except BaseException as e:
            raised.append(e)

    thread = threading.Thread(target=work, name="libmars opening")
    thread.start()
    try:
        thread.join()
    except BaseException:
        stop.set()
        thread.join()
        raise
    if raised:
        try:
            raise raised[0]
        finally:
            raised.clear()
    return done[0]


def _stop(kind: type[BaseException], raised: BaseException, traceback: TracebackType) -> None:
    callbacks = ffi.from_handle(traceback.tb_frame.f_locals["user"])
    callbacks.stop(raised.with_traceback(traceback))


@ffi.def_extern(error=1, onerror=_stop)  # type: ignore[misc]
def mars_py_progress(progress: Any, user: Any) -> int:
    callbacks = ffi.from_handle(user)
    raise_interrupt()
    if not callbacks.stopped and callbacks.progress is not None:
        callbacks.progress(_types.Progress._of(progress))
    return int(callbacks.stopped)


@ffi.def_extern(onerror=_stop)  # type: ignore[misc]
def mars_py_event(event: Any, user: Any) -> None:
    callbacks = ffi.from_handle(user)
    if not callbacks.stopped:
        callbacks.event(_types.Event._of(event))


@ffi.def_extern(onerror=_stop)  # type: ignore[misc]
def mars_py_machine(machine: Any, user: Any) -> None:
    ffi.from_handle(user).each(_types.MachineInfo._of(machine))


@ffi.def_extern(onerror=_stop)  # type: ignore[misc]
def mars_py_key(key: Any, user: Any) -> None:
    ffi.from_handle(user).each(_types.KeyInfo._of(key))


@ffi.def_extern(onerror=_stop)  # type: ignore[misc]
def mars_py_figure(figure: Any, user: Any) -> None:
    ffi.from_handle(user).each(_types.BenchmarkFigure._of(figure))


@ffi.def_extern(error=1, onerror=_stop)  # type: ignore[misc]
def mars_py_point(point: Any, user: Any) -> int:
    return _each(_types.PointInfo._of(point), user)


@ffi.def_extern(error=1, onerror=_stop)  # type: ignore[misc]
def mars_py_entry(entry: Any, user: Any) -> int:
    return _each(_types.Entry._of(entry), user)


@ffi.def_extern(error=1, onerror=_stop)  # type: ignore[misc]
def mars_py_diff(diff: Any, user: Any) -> int:
    return _each(_types.Difference._of(diff), user)


@ffi.def_extern(error=1, onerror=_stop)  # type: ignore[misc]
def mars_py_data(data: Any, length: int, user: Any) -> int:
    return _each(bytes(ffi.buffer(data, length)), user)


@ffi.def_extern(error=lib.MARS_ERR_CANCELLED, onerror=_stop)  # type: ignore[misc]
def mars_py_wrap(user: Any, secret: Any, blob: Any, blob_len: Any, err: Any) -> int:
    made = bytes(ffi.from_handle(user).wrapper.wrap(bytes(ffi.buffer(secret, 32))))
    if not 1 <= len(made) <= lib.MARS_KEY_BLOB_MAX:
        raise ValueError(f"wrap() gave {len(made)} bytes")
    ffi.memmove(blob, made, len(made))
    blob_len[0] = len(made)
    return int(lib.MARS_OK)


@ffi.def_extern(error=lib.MARS_ERR_CANCELLED, onerror=_stop)  # type: ignore[misc]
def mars_py_unwrap(user: Any, blob: Any, blob_len: int, secret: Any, err: Any) -> int:
    try:
        found = bytes(ffi.from_handle(user).wrapper.unwrap(bytes(ffi.buffer(blob, blob_len))))
    except KeyRefusedError:
        return int(lib.MARS_ERR_KEY)
    if len(found) != 32:
        raise ValueError(f"unwrap() gave {len(found)} bytes, not 32")
    ffi.memmove(secret, found, 32)
    return int(lib.MARS_OK)


@ffi.def_extern(error=lib.MARS_ERR_CANCELLED, onerror=_stop)  # type: ignore[misc]
def mars_py_image_read(offset: int, out: Any, length: int, user: Any) -> int:
    image = ffi.from_handle(user)
    return int(image.fill(out, length, image.read(offset, length)))


@ffi.def_extern(error=lib.MARS_ERR_CANCELLED, onerror=_stop)  # type: ignore[misc]
def mars_py_image_data(offset: int, start: Any, end: Any, user: Any) -> int:
    image = ffi.from_handle(user)
    return int(image.answer(start, end, image.data(offset)))


@ffi.def_extern(error=lib.MARS_ERR_CANCELLED, onerror=_stop)  # type: ignore[misc]
def mars_py_image_changed(since: Any, offset: int, start: Any, end: Any, user: Any) -> int:
    image = ffi.from_handle(user)
    return int(image.answer(start, end, image.changed(ffi.string(since).decode(), offset)))


def _each(value: Any, user: Any) -> int:
    callbacks = ffi.from_handle(user)
    if not callbacks.stopped:
        callbacks.each(value)
    return int(callbacks.stopped)
