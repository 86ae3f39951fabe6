"""Streams that the caller writes, many in one recovery point."""
from __future__ import annotations

import io
import os
from functools import partial
from types import TracebackType
from typing import TYPE_CHECKING, Any, Optional

from ._call import Callbacks, Cancel, opened, run
from ._handle import Handle
from ._image import ChangedFn, DataFn, Image, ReadFn
from ._native import ffi, lib
from ._options import Path, Struct, path
from ._types import BackupResult

if TYPE_CHECKING:
    from _typeshed import ReadableBuffer


def _abandon(options: Struct, callbacks: Callbacks, pointer: Any) -> None:
    """What the options point to is needed to the end. No function of the user runs any more."""
    callbacks.stop(None)
    lib.mars_session_abandon(pointer)


class Session:
    """A running backup of streams. As a context it commits at the end, and on an exception in it
    it abandons: nothing becomes visible then.

    >>> with Agent(config).session(item="dumps") as session:
    ...     with session.open_stream("all.sql") as stream:
    ...         stream.write(b"CREATE TABLE t (x int);")
    23
    >>> session.result.files
    1

    Any thread may open streams and add images; each stream belongs to one thread at a time,
    different streams and images to different threads at once. Functions given to Agent.session()
    run on the threads that call into the session or its streams, never two at once, and must not
    use either. Ctrl-C and a Cancel are noticed when a write begins, between blocks of an image, and
    in the commit; not by a write that waits for the vault.
    """
    result: Optional[BackupResult] = None
    """After the commit."""

    def __init__(self, agent: Handle, options: Struct, callbacks: Callbacks,
                 cancel: Optional[Cancel]) -> None:
        self._callbacks = callbacks
        self._parents = [agent, cancel.handle if cancel else None]
        with agent as pointer:
            handle = Handle("session", ffi.new("mars_session **"),
                            partial(_abandon, options, callbacks), *self._parents,
                            owner=callbacks.owner, alone=True)
            self._handle = opened(handle, lib.mars_session_begin, pointer, options.c,
                                  callbacks=callbacks)

    def open_stream(self, name: Path) -> Stream:
        """A stream of this file name, one component of at most 255 bytes, open for writing.

        ExistsError: the session has a stream of this name.
        """
        name_text = os.fsdecode(name)
        with self._handle as session:
            handle = Handle(f"stream {name_text}", ffi.new("mars_stream **"),
                            lib.mars_stream_abandon, *self._parents, owner=self._callbacks.owner,
                            alone=True)
            opened(handle, lib.mars_stream_open, session, *path(name), callbacks=self._callbacks)
            return Stream(name_text, handle, self)

    def add_image(self, name: Path, path: Optional[Path] = None, *, size: int = 0,
                  read: Optional[ReadFn] = None, data: Optional[DataFn] = None,
                  changed: Optional[ChangedFn] = None) -> None:
        """Back up a disk as one stream, in blocks of 256 KiB: a block device or file of this path,
        or `size` bytes that functions give. They run on this thread and must not use the session
        or its streams.

        read(offset, length): these bytes, exactly as many, as any bytes-like object.

        data(offset): the next bytes that hold data, at or behind the offset, as (start, end); None
        where there are none. The others are zeros and are not read. Without it the holes of a file
        are found, and functions are asked for all.

        changed(since, offset): the same of bytes that may have changed since the recovery point of
        that id, the item's newest. Only their blocks, and less than a block at the end, are read,
        the others taken from the image of the same name there. Since.UNKNOWN at offset 0: what
        changed is not known, and all is read. To keep what tells them, a change id for each point's
        id, is up to the caller.

        >>> disk = bytearray(1 << 20)
        >>> def read(offset, length):
        ...     return disk[offset:offset + length]
        >>> def changed(since, offset):
        ...     return (300_000, 300_100) if offset < 300_100 else None
        >>> for night in range(2):
        ...     with Agent(config).session(item="disks") as session:
        ...         session.add_image("sda", size=len(disk), read=read, changed=changed)
        ...     session.result.bytes_read
        1048576
        262144

        After a failure, also what a function raises, the image is left out and the session goes on.
        ExistsError: the session has a stream of this name. NotFoundError: no such path.
        ValueError: read() gave another number of bytes. CorruptError: an extent goes back or beyond
        the end; or the file became shorter. CancelledError: also by abandon() meanwhile.
        """
        image = Image(self._callbacks, path, size, read, data, changed)
        options = image.options(name)
        with self._handle.shared() as session:
            run(lib.mars_session_add_image, session, options.c, callbacks=image)

    def commit(self) -> BackupResult:
        """Commit the streams that were closed as one new recovery point. StateError: some are still
        open, or images not complete; nothing happened. What is raised when the point was made
        already, by `progress` or Ctrl-C, comes out of it as well: `result` tells then."""
        result, returned = Struct("mars_backup_result"), list[int]()
        with self._handle:
            session = self._handle.take()
            try:
                run(lib.mars_session_commit, session, result.c, callbacks=self._callbacks,
                    returned=returned)
            finally:
                # The exception may be a callback's: only the status says whether it is gone.
                if not returned or returned[0] == lib.MARS_ERR_STATE:
                    self._handle.give_back()
                else:
                    self._handle.freed()
                if returned == [lib.MARS_OK]:
                    self.result = BackupResult._of(result.c)
        assert self.result is not None
        return self.result

    def abandon(self) -> None:
        """Nothing becomes visible; what was sent is used by the item's next backup. Streams that
        are open answer CancelledError, and images that are being added end soon. After a commit:
        nothing happens."""
        self._handle.check()
        self._callbacks.stop(None)
        self._handle.close()

    def __enter__(self) -> Session:
        return self

    def __exit__(self, kind: Optional[type[BaseException]], value: Optional[BaseException],
                 traceback: Optional[TracebackType]) -> None:
        try:
            if kind is None and not self._handle.closed:
                self.commit()
        finally:
            self.abandon()


class Stream(io.RawIOBase):
    """A stream of a session, of any length. Closing it says that all is written; abandon(), an
    exception in its context, and being collected unclosed leave it out of the point. Beware: a
    BufferedWriter or TextIOWrapper around it closes it also after an exception; let that reach the
    session."""

    def __init__(self, name: str, handle: Handle, session: Session) -> None:
        super().__init__()
        self.name = name
        self._handle = handle
        self._session = session

    def writable(self) -> bool:
        return True

    def write(self, data: ReadableBuffer, /) -> int:
        """All of it; waits while the engine is busy. After a failure only abandon() is of use."""
        if self.closed:
            raise ValueError("I/O operation on closed file")
        view = ffi.from_buffer(data)
        with self._handle as stream:
            run(lib.mars_stream_write, stream, view, len(view),
                callbacks=self._session._callbacks)
        return len(view)

    def close(self) -> None:
        if not self._handle.closed:
            returned: list[int] = []
            with self._handle:
                stream = self._handle.take()
                try:
                    run(lib.mars_stream_finish, stream, callbacks=self._session._callbacks,
                        returned=returned)
                finally:
                    if returned:
                        self._handle.freed()
                        super().close()
                    else:
                        self._handle.give_back()
        super().close()

    def abandon(self) -> None:
        """Leave it out of the point; its name is free again."""
        self._handle.check()
        self._handle.close()
        super().close()

    def __exit__(self, kind: Optional[type[BaseException]], value: Optional[BaseException],
                 traceback: Optional[TracebackType]) -> None:
        if kind is None:
            self.close()
        else:
            self.abandon()

    def __del__(self) -> None:
        """Its handle leaves it out, where RawIOBase would close it."""
