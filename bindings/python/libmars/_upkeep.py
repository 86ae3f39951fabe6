"""An agent's cache and keys."""
from __future__ import annotations

from typing import Optional

from ._call import Callbacks, Cancel, EventFn, run
from ._handle import Handle
from ._native import ffi, lib
from ._options import Key, Path, Struct, key_struct, path, text
from ._types import CacheInfo, KeyInfo


class Upkeep:
    """The part of an Agent that looks after its cache and its domain's keys."""
    _handle: Handle

    def cache_status(self) -> CacheInfo:
        """Where the cache is and what is in it. Goes through its files.

        >>> Agent(config).cache_status().state.name
        'READY'
        """
        info = Struct("mars_cache_info")
        with self._handle as agent:
            run(lib.mars_cache_status, agent, info.c)
            return CacheInfo._of(info.c)

    def cache_set(self, *, warn_permille: int = 0, refuse_permille: int = 0,
                  quota: int = 0) -> None:
        """What is asked of the cache's disk before a backup, in thousandths of the protected data,
        and how large the cache may become. 0: 50, 1, and no quota.

        >>> Agent(config).cache_set(quota=1 << 30)
        """
        settings = Struct("mars_cache_settings", warn_permille=warn_permille,
                          refuse_permille=refuse_permille, quota=quota)
        with self._handle as agent:
            run(lib.mars_cache_set, agent, settings.c)

    def cache_clear(self) -> None:
        """Delete what is in the cache and can be fetched again."""
        with self._handle as agent:
            run(lib.mars_cache_clear, agent)

    def cache_rebuild(self, *, on_event: Optional[EventFn] = None,
                      cancel: Optional[Cancel] = None) -> None:
        """Clear the cache, and fetch anew what it has before a backup. This call reports no
        progress, so Ctrl-C comes out of it at its end; a Cancel stops it.

        CorruptError: something could not be read, see the events; the rest is there.
        """
        callbacks = Callbacks(event=on_event)
        user = ffi.new_handle(callbacks)
        with self._handle as agent:
            run(lib.mars_cache_rebuild, agent, lib.mars_py_event if on_event else ffi.NULL, user,
                cancel.pointer if cancel else ffi.NULL, callbacks=callbacks)

    def cache_move(self, directory: Path) -> None:
        """Move the cache to another directory, which is made if needed, but not what is above it.
        The old place keeps what it has until the next good backup.

        LockedError: a backup is running. QuotaError: no space there.
        """
        with self._handle as agent:
            run(lib.mars_cache_move, agent, *path(directory))

    def key_list(self) -> list[KeyInfo]:
        """The slots that open the domain.

        >>> [key.kind.name for key in Agent(config).key_list()]
        ['PASSPHRASE']
        """
        keys: list[KeyInfo] = []
        callbacks = Callbacks(each=keys.append)
        user = ffi.new_handle(callbacks)
        with self._handle as agent:
            run(lib.mars_key_list, agent, lib.mars_py_key, user, callbacks=callbacks)
        return keys

    def key_add(self, present: Key, added: Key, label: Optional[str] = None) -> str:
        """Add a slot with another passphrase or a wrapper; gives its id. No data is touched.
        `present` is one that opens the domain now.

        >>> agent = Agent(config)
        >>> slot = agent.key_add(passphrase, "another one of many", label="safe")
        >>> agent.key_remove(passphrase, slot)
        """
        slot, callbacks = ffi.new("char[17]"), Callbacks()
        old, new = key_struct(present, callbacks), key_struct(added, callbacks)
        with self._handle as agent:
            run(lib.mars_key_add, agent, old.c, new.c, text(label), slot, callbacks=callbacks)
        return str(ffi.string(slot).decode())

    def key_change(self, present: Key, fresh: Key) -> None:
        """Replace the slot that `present` opens. Who kept the old slot and its key can still open
        the domain.

        KeyRefusedError: it opens no slot.
        """
        callbacks = Callbacks()
        old, new = key_struct(present, callbacks), key_struct(fresh, callbacks)
        with self._handle as agent:
            run(lib.mars_key_change, agent, old.c, new.c, callbacks=callbacks)

    def key_remove(self, present: Key, slot: str) -> None:
        """Remove a slot. StateError: it is the last one."""
        callbacks = Callbacks()
        key = key_struct(present, callbacks)
        with self._handle as agent:
            run(lib.mars_key_remove, agent, key.c, text(slot), callbacks=callbacks)
