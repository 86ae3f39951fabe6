"""Who may use a C handle, and when it is closed."""
from __future__ import annotations

import atexit
import os
import threading
from contextlib import contextmanager
from types import TracebackType
from typing import Any, Callable, Iterator, Optional, TypeVar

from ._errors import state_error

Answer = TypeVar("Answer")


class _Thread(threading.local):
    """What is known of this thread."""

    def __init__(self) -> None:
        self.known = False  # it calls the library, so it is none of the library's own
        self.calls: list[object] = []  # of C that it is in: their owners. Python is a callback then
        self.interrupted = False  # by Ctrl-C in the log, whose functions can raise nothing


_here = _Thread()
_left: set[Handle] = set()
LOG = object()  # owner of the calls that are the log's, which come from anywhere in C


def inside(owner: object, function: Callable[..., Answer], *args: Any) -> Answer:
    """Call a function of C, or in its log one of Python."""
    try:
        _here.calls.append(owner)
        return function(*args)
    finally:
        _here.calls.pop()


def interrupt() -> None:
    """Ctrl-C, where it cannot be raised."""
    _here.interrupted = True


def raise_interrupt() -> None:
    """Where it can."""
    if _here.interrupted:
        _here.interrupted = False
        raise KeyboardInterrupt


def close_left() -> None:
    """Close what was left because of where it was dropped. Where a thread calls the library."""
    if LOG not in _here.calls:
        _here.known = True
        for handle in _left.copy():
            _left.discard(handle)
            handle._settle()


close_left()
atexit.register(close_left)


class Handle:
    """A C handle, which a call will put into `out`. It is closed once: when close() was called, or
    the object is collected, and neither a running call nor a handle that needs it uses it any more.
    So threads may close what others use, and the collector may take handles in any order.

    As a context it gives the pointer for one call. `alone`: one thread at a time, the others wait.
    A callback cannot use the handle that its call uses, nor one of the same owner, and the log
    cannot use any: StateError.

    The collector may run in a callback, where C may hold what closing waits for; also on a thread
    of the library, and there before the callback's first line. So what is collected in a callback,
    or on a thread that has called nothing yet, is left for the next call of any thread.

    No lock guards the members: each step is one operation of a set or a list, and the pointer is
    taken by whoever pops it. The collector may run between any two steps.
    """

    def __init__(self, name: str, out: Any, close: Callable[[Any], None],
                 *parents: Optional[Handle], owner: object = None, alone: bool = False) -> None:
        self._name = name
        self.out = out
        self._close = close
        self._process = os.getpid()
        self._closed = False
        self._users: set[object] = set()  # threads, and tokens of children: never their objects
        self._token = object()
        self._owner = owner or self._token
        self._parents: list[Handle] = []
        self._lock = threading.Lock() if alone else None
        self._pointer = [out]
        for parent in parents:
            if parent is not None:
                self._parents.append(parent)
                parent._users.add(self._token)

    def check(self) -> None:
        """StateError: this is a callback that cannot use it."""
        if threading.get_ident() in self._users or self._is_within():
            raise state_error(f"{self._name}: in use by the call that runs this function")

    def __enter__(self) -> Any:
        self.check()
        if self._lock is not None:
            self._lock.acquire()
        self._users.add(threading.get_ident())
        try:
            if not self._closed:
                return self._pointer[0][0]
        except IndexError:
            pass
        self.__exit__(None, None, None)
        raise state_error(f"{self._name}: is closed")

    def __exit__(self, kind: Optional[type[BaseException]], value: Optional[BaseException],
                 traceback: Optional[TracebackType]) -> None:
        self._users.discard(threading.get_ident())
        if self._lock is not None:
            self._lock.release()
        self._settle()

    @contextmanager
    def shared(self) -> Iterator[Any]:
        """The pointer for one call, of a handle for one thread at a time that other threads may use
        meanwhile: all but take it."""
        pointer = self.__enter__()
        assert self._lock is not None
        self._lock.release()
        try:
            yield pointer
        finally:
            self._users.discard(threading.get_ident())
            self._settle()

    @property
    def closed(self) -> bool:
        return self._closed or not self._pointer

    def close(self) -> None:
        self._closed = True
        self._settle()
        close_left()

    def __del__(self) -> None:
        self._closed = True
        if _here.known and not _here.calls:
            self._settle()
        else:
            _left.add(self)

    def take(self) -> Any:
        """The pointer, for a call that frees it. Inside the context of a handle for one thread at a
        time. StateError: it is shared just now."""
        if len(self._users) > 1:
            raise state_error(f"{self._name}: in use by a call of another thread")
        return self._pointer.pop()[0]

    def give_back(self) -> None:
        """It was not freed after all."""
        self._pointer.append(self.out)

    def freed(self) -> None:
        """What was taken is gone."""
        self._closed = True
        self._leave()

    def _is_within(self) -> bool:
        return self._owner in _here.calls or LOG in _here.calls

    def _settle(self) -> None:
        if not self._closed or self._users:
            return
        if self._is_within():
            _left.add(self)
            return
        try:
            pointer = self._pointer.pop()[0]
        except IndexError:
            return
        try:
            # A forked child has the pointers and not the threads.
            if os.getpid() == self._process:
                inside(self._owner, self._close, pointer)
        finally:
            self._leave()

    def _leave(self) -> None:
        while self._parents:
            parent = self._parents.pop()
            parent._users.discard(self._token)
            parent._settle()
