"""Calls into C, and the functions that C calls back.

Nothing may unwind through C: what a callback raises is stored, the call is asked to stop, and when
it has returned the exception is raised again. onerror does it, not a try in the function itself: a
KeyboardInterrupt comes before the function's first line.
"""
from __future__ import annotations

import threading
from types import TracebackType
from typing import Any, Callable, Optional

from . import _types
from ._errors import error
from ._handle import Handle
from ._native import ffi, lib

ProgressFn = Callable[[_types.Progress], object]
EventFn = Callable[[_types.Event], object]


class Callbacks:
    """The user's functions of one call, and what was raised in them. Their result counts for
    nothing: who wants to stop raises."""

    def __init__(self, progress: Optional[ProgressFn] = None, event: Optional[EventFn] = None,
                 each: Optional[Callable[[Any], object]] = None) -> None:
        self.progress = progress
        self.event = event
        self.each = each
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


def run(function: Callable[..., int], *args: Any, callbacks: Optional[Callbacks] = None) -> None:
    """Call a function of the library; all that can fail take the error last."""
    err = ffi.new("mars_error *")
    status = function(*args, err)
    if callbacks is not None:
        callbacks.reraise()
    if status != lib.MARS_OK:
        message = ffi.string(err.message).decode(errors="replace")
        raise error(status, message, err.os_code, err.http_status)


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
        out = ffi.new("mars_cancel **")
        run(lib.mars_cancel_new, out)
        self.pointer = out[0]
        self.handle = Handle("cancel", self.pointer, lib.mars_cancel_free)

    def set(self) -> None:
        """Set it, for good."""
        lib.mars_cancel_set(self.pointer)


def _stop(kind: type[BaseException], raised: BaseException, traceback: TracebackType) -> None:
    callbacks = ffi.from_handle(traceback.tb_frame.f_locals["user"])
    callbacks.stop(raised.with_traceback(traceback))


@ffi.def_extern(error=1, onerror=_stop)  # type: ignore[misc]
def mars_py_progress(progress: Any, user: Any) -> int:
    callbacks = ffi.from_handle(user)
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
