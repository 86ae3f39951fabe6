"""Who may use a C handle, and when it is closed."""
from __future__ import annotations

import os
import threading
from contextlib import contextmanager
from types import TracebackType
from typing import Any, Callable, Iterator, Optional

from ._errors import state_error


class Handle:
    """A C handle, which a call will put into `out`. It is closed once: when close() was called, or
    the object is collected, and neither a running call nor a handle that needs it uses it any more.
    So threads may close what others use, and the collector may take handles in any order.

    As a context it gives the pointer for one call. `alone`: one thread at a time, the others wait.
    A callback cannot use the handle that its call uses: StateError.

    No lock guards the members: each step is one operation of a set or a list, and the pointer is
    taken by whoever pops it. The collector may run between any two steps.
    """

    def __init__(self, name: str, out: Any, close: Callable[[Any], None],
                 *parents: Optional[Handle], alone: bool = False) -> None:
        self._name = name
        self.out = out
        self._close = close
        self._process = os.getpid()
        self._closed = False
        self._users: set[object] = set()  # threads, and tokens of children: never their objects
        self._token = object()
        self._parents: list[Handle] = []
        self._lock = threading.Lock() if alone else None
        self._pointer = [out]
        for parent in parents:
            if parent is not None:
                self._parents.append(parent)
                parent._users.add(self._token)

    def __enter__(self) -> Any:
        me = threading.get_ident()
        if me in self._users:
            raise state_error(f"{self._name}: in use by the call that runs this function")
        if self._lock is not None:
            self._lock.acquire()
        self._users.add(me)
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

    def _settle(self) -> None:
        if not self._closed or self._users:
            return
        try:
            pointer = self._pointer.pop()[0]
        except IndexError:
            return
        try:
            # A forked child has the pointers and not the threads.
            if os.getpid() == self._process:
                self._close(pointer)
        finally:
            self._leave()

    def _leave(self) -> None:
        while self._parents:
            parent = self._parents.pop()
            parent._users.discard(self._token)
            parent._settle()

    __del__ = close
