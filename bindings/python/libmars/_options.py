"""Arguments as C wants them: structs, and the memory that these point to."""
from __future__ import annotations

import os
from typing import Any, Iterable, Optional, Union

from ._call import Callbacks, Cancel, KeyWrapper, Wrapping
from ._native import ffi, lib

Path = Union[str, bytes, "os.PathLike[str]", "os.PathLike[bytes]"]
Passphrase = Union[str, bytes, bytearray]
Key = Union[Passphrase, KeyWrapper]


def text(value: Optional[str]) -> Any:
    """NUL-terminated UTF-8, or NULL."""
    if value is None:
        return ffi.NULL
    return terminated(value.encode())


def terminated(value: bytes) -> Any:
    if b"\0" in value:
        raise ValueError("embedded NUL")
    return ffi.from_buffer(value + b"\0")


def counted(value: Union[bytes, bytearray]) -> tuple[Any, int]:
    """Pointer and length; 0 says that a NUL follows."""
    return ffi.from_buffer(value or b"\0"), len(value)


def path(value: Optional[Path]) -> tuple[Any, int]:
    return (ffi.NULL, 0) if value is None else counted(os.fsencode(value))


def passphrase(value: Optional[Passphrase]) -> Optional[tuple[Any, int]]:
    return None if value is None else counted(value.encode() if isinstance(value, str) else value)


def wrapper_struct(wrapper: Optional[KeyWrapper], callbacks: Callbacks) -> Optional[Struct]:
    """What its methods raise goes to callbacks."""
    if wrapper is None:
        return None
    return Struct("mars_key_wrapper", user=ffi.new_handle(Wrapping(wrapper, callbacks)),
                  wrap=lib.mars_py_wrap, unwrap=lib.mars_py_unwrap)


def key_struct(key: Key, callbacks: Callbacks) -> Struct:
    if isinstance(key, (str, bytes, bytearray)):
        return Struct("mars_key", passphrase=passphrase(key))
    return Struct("mars_key", wrapper=wrapper_struct(key, callbacks))


def several(paths: Union[Path, Iterable[Path]]) -> list[Path]:
    """One is a list of one."""
    return [paths] if isinstance(paths, (str, bytes, os.PathLike)) else list(paths)


class Struct:
    """A zeroed struct that may grow, and what its pointers point to."""

    def __init__(self, name: str, /, **values: Any) -> None:
        self.c = ffi.new(f"{name} *")
        self.c.struct_size = ffi.sizeof(name)
        self._keep: list[Any] = []
        for key, value in values.items():
            self.set(key, value)

    def set(self, key: str, value: Any) -> None:
        """None is the default. What has a length beside it comes as a pair."""
        if value is None:
            return
        if isinstance(value, Struct):
            self._keep.append(value)
            value = value.c
        elif isinstance(value, tuple):
            value, length = value
            setattr(self.c, key + "_len", length)
        if isinstance(value, ffi.CData):
            self._keep.append(value)
        setattr(self.c, key, value)

    def set_paths(self, paths: Union[Path, Iterable[Path]]) -> None:
        at = [path(p) for p in several(paths)]
        self.set("paths", ffi.new("char *[]", [p for p, _ in at]))
        self.set("path_lens", ffi.new("uint64_t[]", [n for _, n in at]))
        self.c.n_paths = len(at)
        self._keep.append(at)

    def set_excludes(self, patterns: Union[Path, Iterable[Path]]) -> None:
        at = [terminated(os.fsencode(p)) for p in several(patterns)]
        self.set("excludes", ffi.new("char *[]", at))
        self.c.n_excludes = len(at)
        self._keep.append(at)

    def set_callbacks(self, callbacks: Callbacks, cancel: Optional[Cancel]) -> None:
        """Progress is always asked for: it is what notices Ctrl-C."""
        user = ffi.new_handle(callbacks)
        self.set("progress", lib.mars_py_progress)
        self.set("progress_user", user)
        if callbacks.event is not None:
            self.set("event", lib.mars_py_event)
            self.set("event_user", user)
        if cancel is not None:
            self.set("cancel", cancel.pointer)
            self._keep.append(cancel)


def flags(**named: bool) -> int:
    """MARS_{NAME} of each that is wanted."""
    return sum(getattr(lib, f"MARS_{name}") for name, wanted in named.items() if wanted)
