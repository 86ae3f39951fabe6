"""The library's log, in the standard library's logging: logger "libmars", a child for each part."""
from __future__ import annotations

import logging
import traceback
from types import TracebackType
from typing import Any, Optional

from ._handle import LOG, inside, interrupt
from ._native import ffi, lib
from ._options import Struct

LOGGER = logging.getLogger("libmars")
LOGGER.addHandler(logging.NullHandler())  # a program that has set up nothing is told nothing
UNITS = ("agent", "register", "http", "token", "store", "cache", "domain", "index", "session",
         "backup", "restore", "verify")
LEVELS = {lib.MARS_LEVEL_DEBUG: logging.DEBUG, lib.MARS_LEVEL_INFO: logging.INFO,
          lib.MARS_LEVEL_WARNING: logging.WARNING, lib.MARS_LEVEL_ERROR: logging.ERROR}

# For ever, as loggers are: an agent lives as long as its last point.
_handles: dict[str, Any] = {}


def set_log(options: Struct, logger: Optional[logging.Logger] = None) -> None:
    """As much as the logger or one of its children wants now: that costs nothing where it is
    nothing."""
    to = logger or LOGGER
    for level, name in LEVELS.items():
        if to.isEnabledFor(name) or any(to.getChild(u).isEnabledFor(name) for u in UNITS):
            user = _handles.setdefault(to.name, ffi.new_handle(to))
            options.set("log", lib.mars_py_log)
            options.set("log_user", user)
            options.set("log_level", level)
            break


def _lost(kind: type[BaseException], raised: BaseException, where: TracebackType) -> None:
    """Nothing goes through C. Ctrl-C comes with the next progress, or behind the call."""
    if issubclass(kind, KeyboardInterrupt):
        interrupt()
    elif logging.raiseExceptions:
        traceback.print_exception(kind, raised, where)


@ffi.def_extern(onerror=_lost)  # type: ignore[misc]
def mars_py_log(user: Any, level: int, unit: Any, text: Any) -> None:
    """From any thread."""
    inside(LOG, _tell, user, level, unit, text)


def _tell(user: Any, level: int, unit: Any, text: Any) -> None:
    to = ffi.from_handle(user).getChild(ffi.string(unit).decode())
    to.log(LEVELS.get(level, logging.DEBUG), "%s", ffi.string(text).decode(errors="replace"))
