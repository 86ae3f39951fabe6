"""Images: what they are read from."""
from __future__ import annotations

import enum
from typing import TYPE_CHECKING, Any, Callable, Optional, Union

from ._call import Callbacks
from ._native import ffi, lib
from ._options import Path, Struct, path

if TYPE_CHECKING:
    from _typeshed import ReadableBuffer


class Since(enum.Enum):
    """What `changed` of Session.add_image() may answer in place of an extent."""
    UNKNOWN = enum.auto()
    """What changed since that point is not known: all is read."""


Extent = Optional[tuple[int, int]]
ReadFn = Callable[[int, int], "ReadableBuffer"]
DataFn = Callable[[int], Extent]
ChangedFn = Callable[[str, int], Union[Extent, Since]]


class Image(Callbacks):
    """An image's functions. What they raise ends the image and not the session, whose own functions
    run meanwhile."""

    def __init__(self, session: Callbacks, file: Optional[Path], size: int,
                 read: Optional[ReadFn], data: Optional[DataFn],
                 changed: Optional[ChangedFn]) -> None:
        super().__init__()
        self.read = read
        self.data = data
        self.changed = changed
        self._session = session
        self.owner = session.owner
        self._file = file
        self._size = size

    def options(self, name: Path) -> Struct:
        options = Struct("mars_image_options", name=path(name), path=path(self._file),
                         size=self._size, user=ffi.new_handle(self))
        for key in ("read", "data", "changed"):
            if getattr(self, key) is not None:
                options.set(key, getattr(lib, f"mars_py_image_{key}"))
        return options

    def reraise(self) -> None:
        """The session's first: after it the session is over."""
        self._session.reraise()
        super().reraise()

    def fill(self, out: Any, length: int, data: ReadableBuffer) -> int:
        view = memoryview(data)
        if view.nbytes != length:
            raise ValueError(f"read() gave {view.nbytes} bytes and not {length}")
        ffi.memmove(out, view, length)
        return int(lib.MARS_OK)

    def answer(self, start: Any, end: Any, extent: Union[Extent, Since]) -> int:
        """None: both are the image's end, and that is what they are already."""
        if isinstance(extent, Since):
            return int(lib.MARS_ERR_NOT_FOUND)
        if extent is not None:
            start[0], end[0] = extent
        return int(lib.MARS_OK)
