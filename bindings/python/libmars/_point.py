"""An open recovery point: browse it, compare it, read its files."""
from __future__ import annotations

import io
import os
from types import TracebackType
from typing import TYPE_CHECKING, Any, Callable, Iterator, Optional, Protocol

from ._call import Callbacks, Cancel, opened, run
from ._handle import Handle
from ._native import ffi, lib
from ._options import Path, Struct, path, terminated
from ._types import Difference, Entry, PointInfo

if TYPE_CHECKING:
    from _typeshed import WriteableBuffer

EntryFn = Callable[[Entry], object]


class Writable(Protocol):
    def write(self, data: memoryview, /) -> Optional[int]:
        ...


class Point:
    """A recovery point, open. One thread uses it at a time, the others wait; files of it are on
    their own. Agent and points may be closed in any order.

    >>> with Agent(config).open_point("latest", item="files") as point:
    ...     [entry.name for entry in point.listdir(home)]
    ...     point.stat(f"{home}/notes.txt").size
    ...     with point.open(f"{home}/notes.txt") as file:
    ...         file.read()
    ['bin', 'notes.txt']
    17
    b'remember the milk'

    Paths are absolute as backed up. NotFoundError, which is a FileNotFoundError: no such path.
    """

    def __init__(self, handle: Handle) -> None:
        self._handle = handle

    def close(self) -> None:
        self._handle.close()

    def __enter__(self) -> Point:
        return self

    def __exit__(self, kind: Optional[type[BaseException]], value: Optional[BaseException],
                 traceback: Optional[TracebackType]) -> None:
        self.close()

    @property
    def info(self) -> PointInfo:
        info = Struct("mars_point_info")
        with self._handle as point:
            run(lib.mars_point_get_info, point, info.c)
            return PointInfo._of(info.c)

    def browse(self, on_entry: EntryFn, directory: Optional[Path] = None, *,
               recurse: bool = False) -> None:
        """Call on_entry with each entry of a directory, or with a file itself; without a path with
        the roots, what was backed up. Nothing is kept: it is for points of many names. on_entry
        must not use the point; what it raises ends the call and comes out of it.

        >>> names = []
        >>> Agent(config).open_point(item="files").browse(lambda e: names.append(e.name), home,
        ...                                               recurse=True)
        >>> names
        ['bin', 'tool.py', 'notes.txt']
        """
        callbacks = Callbacks(each=on_entry)
        user = ffi.new_handle(callbacks)
        with self._handle as point:
            run(lib.mars_point_browse, point, *path(directory),
                lib.MARS_BROWSE_RECURSE if recurse else 0, lib.mars_py_entry, user,
                callbacks=callbacks)

    def listdir(self, directory: Optional[Path] = None) -> list[Entry]:
        """The entries of a directory; without one the roots, what was backed up."""
        entries: list[Entry] = []
        self.browse(entries.append, directory)
        return entries

    def walk(self, top: Optional[Path] = None) -> Iterator[tuple[str, list[Entry], list[Entry]]]:
        """Each directory below top with its directories and the rest, as os.walk() does: what is
        taken out of the first list is not entered. Without top the roots come first, below "".

        >>> for directory, directories, files in Agent(config).open_point(item="files").walk(home):
        ...     [entry.name for entry in directories], [entry.name for entry in files]
        (['bin'], ['notes.txt'])
        ([], ['tool.py'])
        """
        directories: list[Entry] = []
        files: list[Entry] = []
        for entry in self.listdir(top):
            (directories if entry.is_dir() else files).append(entry)
        yield "" if top is None else os.fsdecode(top), directories, files
        for entry in directories:
            yield from self.walk(entry.path)

    def stat(self, name: Path) -> Entry:
        """One name."""
        entry = Struct("mars_entry")
        with self._handle as point:
            run(lib.mars_point_stat, point, *path(name), entry.c)
            return Entry._of(entry.c)

    def find(self, *patterns: Path) -> list[Entry]:
        """All names that fit one of the patterns, as in .gitignore, anchored at each root.

        >>> [entry.name for entry in Agent(config).open_point(item="files").find("*.py")]
        ['tool.py']
        """
        entries: list[Entry] = []
        callbacks = Callbacks(each=entries.append)
        user = ffi.new_handle(callbacks)
        keep = [terminated(os.fsencode(pattern)) for pattern in patterns]
        with self._handle as point:
            run(lib.mars_point_find, point, ffi.new("char *[]", keep), len(keep),
                lib.mars_py_entry, user, callbacks=callbacks)
        return entries

    def diff(self, after: Point, directory: Optional[Path] = None) -> list[Difference]:
        """What is not the same in this point and in a later one. Equal parts cost nothing.

        >>> agent = Agent(config)
        >>> with open(f"{home}/notes.txt", "a") as notes:
        ...     _ = notes.write(", and bread")
        >>> point = agent.backup([home], exclude=["*.tmp"]).point
        >>> before, after = (agent.open_point(p.id) for p in agent.points("files")[-2:])
        >>> [(d.change.name, d.after.name, d.after.size) for d in before.diff(after)]
        [('CONTENT', 'notes.txt', 28)]
        """
        differences: list[Difference] = []
        callbacks = Callbacks(each=differences.append)
        user = ffi.new_handle(callbacks)
        if after is self:
            return differences
        # Always in one order: another thread may compare the same two.
        ours, theirs = sorted((self._handle, after._handle), key=id)
        with ours as one, theirs as other:
            pair = (one, other) if ours is self._handle else (other, one)
            run(lib.mars_point_diff, *pair, *path(directory), lib.mars_py_diff, user,
                callbacks=callbacks)
        return differences

    def read_to(self, name: Path, out: Writable, *, cancel: Optional[Cancel] = None) -> None:
        """Write a file's bytes to `out` in order, holes as zeros.

        >>> import io
        >>> out = io.BytesIO()
        >>> Agent(config).open_point(item="files").read_to(f"{home}/bin/tool.py", out)
        >>> out.getvalue()
        b'print()'
        """
        def write(data: bytes) -> None:
            view = memoryview(data)
            while view:
                done = out.write(view)
                view = view[done:] if done is not None else view[:0]

        callbacks = Callbacks(each=write)
        user = ffi.new_handle(callbacks)
        with self._handle as point:
            run(lib.mars_point_read, point, *path(name), lib.mars_py_data, user,
                cancel.pointer if cancel else ffi.NULL, callbacks=callbacks)

    def open(self, name: Path) -> File:
        """A file of the point, for random reads. Each read goes to the vault's data: for many small
        ones put an io.BufferedReader around it."""
        name_text = os.fsdecode(name)
        handle = Handle(f"file {name_text}", ffi.new("mars_file **"), lib.mars_file_close,
                        alone=True)
        with self._handle as point:
            opened(handle, lib.mars_file_open, point, *path(name))
        return File(name_text, handle)


class File(io.RawIOBase):
    """A file of a recovery point. One thread uses it at a time; several files of a point are read
    on several threads. It may be closed before or after its point."""

    def __init__(self, name: str, handle: Handle) -> None:
        super().__init__()
        self.name = name
        self._at = 0
        self._handle = handle

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    @property
    def size(self) -> int:
        self._check()
        with self._handle as file:
            return int(lib.mars_file_size(file))

    def tell(self) -> int:
        self._check()
        return self._at

    def seek(self, offset: int, whence: int = io.SEEK_SET, /) -> int:
        base = {io.SEEK_SET: 0, io.SEEK_CUR: self._at, io.SEEK_END: self.size}[whence]
        if base + offset < 0:
            raise ValueError(f"negative seek position {base + offset}")
        self._at = base + offset
        return self._at

    def readinto(self, buffer: WriteableBuffer, /) -> int:
        self._check()
        view = ffi.from_buffer(buffer, require_writable=True)
        got = ffi.new("uint64_t *")
        with self._handle as file:
            run(lib.mars_file_read_at, file, self._at, view, len(view), got)
            self._at += got[0]
        return int(got[0])

    def readall(self) -> bytes:
        buffer = bytearray(max(self.size - self._at, 0))
        got = self.readinto(buffer)
        return bytes(buffer[:got])

    def close(self) -> None:
        self._handle.close()
        super().close()

    def __del__(self) -> None:
        """Its handle knows better when to close it than RawIOBase does."""

    def _check(self) -> None:
        if self.closed:
            raise ValueError("I/O operation on closed file")
