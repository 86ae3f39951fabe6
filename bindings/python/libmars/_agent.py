"""This machine's registration, and what it does: back up, restore, verify, list, browse."""
from __future__ import annotations

import logging
from functools import partial
from types import TracebackType
from typing import Any, Callable, Iterable, Optional, Union

from ._call import Callbacks, Cancel, EventFn, KeyWrapper, ProgressFn, opened, opening, run
from ._errors import Error
from ._handle import Handle
from ._log import set_log
from ._native import ffi, lib
from ._options import (Passphrase, Path, Struct, counted, flags, passphrase as secret, path, text,
                       wrapper_struct)
from ._point import Point
from ._session import Session
from ._types import (AgentInfo, BackupResult, Compression, Conflict, PointInfo, RestoreResult,
                     Stats, StoreOptions, VerifyResult)
from ._upkeep import Upkeep
from ._vault import store_struct

Paths = Union[Path, Iterable[Path]]


def register(config_dir: Path, *, credentials: Path, passphrase: Optional[Passphrase] = None,
             wrapper: Optional[KeyWrapper] = None,
             cache_dir: Optional[Path] = None, name: Optional[str] = None,
             domain: Optional[str] = None, cache_quota: int = 0,
             store: Optional[StoreOptions] = None, logger: Optional[logging.Logger] = None,
             cancel: Optional[Cancel] = None) -> Agent:
    """Register this machine with a vault; its state will lie in config_dir.

    The passphrase, of at least 16 characters, or the wrapper opens the machine's domain, or makes
    it; with both, a new domain gets a slot for each. A machine of this name that is in the vault
    already is taken over with all its points.

    KeyRefusedError: the key does not open the domain of this name. AuthError: the
    credentials have expired, were edited, or are another vault's.
    """
    callbacks = Callbacks()
    options = Struct("mars_register_options", config_dir=path(config_dir),
                     credentials=path(credentials), passphrase=secret(passphrase),
                     wrapper=wrapper_struct(wrapper, callbacks),
                     cache_dir=path(cache_dir), name=counted(name.encode()) if name else None,
                     domain=counted(domain.encode()) if domain else None, cache_quota=cache_quota,
                     store=store_struct(store))
    return opening(Agent._opener(lib.mars_register, options, logger, callbacks), cancel)


def renew(config_dir: Path, *, credentials: Path, store: Optional[StoreOptions] = None,
          logger: Optional[logging.Logger] = None, cancel: Optional[Cancel] = None) -> None:
    """Give a registered machine the right that newer credentials carry, in place of the one it has.
    No passphrase is needed.

    >>> issue_credentials(url, f"{tmp}/newer.vaultCredentials")
    >>> renew(config, credentials=f"{tmp}/newer.vaultCredentials")
    """
    options = Struct("mars_renew_options", config_dir=path(config_dir),
                     credentials=path(credentials), store=store_struct(store))
    set_log(options, logger)

    def renewed(stop: Cancel) -> None:
        options.set("cancel", stop.pointer)
        run(lib.mars_register_renew, options.c)
    opening(renewed, cancel)


def recover(*, credentials: Path, passphrase: Optional[Passphrase] = None,
            wrapper: Optional[KeyWrapper] = None, machine: Optional[str] = None,
            store: Optional[StoreOptions] = None, workers: int = 0, buffer_bytes: int = 0,
            logger: Optional[logging.Logger] = None, cancel: Optional[Cancel] = None) -> Agent:
    """Another machine's points, read-only: nothing is stored here and nothing changes in the vault.

    >>> with recover(credentials=credentials, passphrase=passphrase, machine="web1") as lost:
    ...     len(lost.points())
    1

    NotFoundError: no such machine; without a name: none, or several. KeyRefusedError: the
    key does not open its domain.
    """
    callbacks = Callbacks()
    options = Struct("mars_recover_options", workers=workers, buffer_bytes=buffer_bytes,
                     credentials=path(credentials), passphrase=secret(passphrase),
                     wrapper=wrapper_struct(wrapper, callbacks),
                     machine=counted(machine.encode()) if machine else None,
                     store=store_struct(store))
    return opening(Agent._opener(lib.mars_recover_open, options, logger, callbacks), cancel)


class Agent(Upkeep):
    """A registered machine. Any number of threads may use it at once; all its calls share one pool
    of workers.

    >>> with Agent(config) as agent:
    ...     agent.info.machine_name
    'web1'

    In every call `progress` and `on_event` run on the thread that made the call. What they raise
    ends the call and comes out of it; so does Ctrl-C. They must not use this agent. `cancel` may be
    set from any thread. After a failure the agent is as usable as before. What a call does before
    its first progress, looking at the vault, takes no notice of either.

    Opening one, registering and recovering end soon with Ctrl-C too, and with `cancel`, which
    Ctrl-C then sets.

    What an operator may want to know goes to `logger`, or "libmars" of the logging module, and its
    children "http", "cache", ...: as much as they want when the agent is opened. Lines come from
    any thread; who handles them must not use libmars.
    """

    def __init__(self, config_dir: Path, *, workers: int = 0, buffer_bytes: int = 0,
                 logger: Optional[logging.Logger] = None, cancel: Optional[Cancel] = None) -> None:
        options = Struct("mars_agent_options", workers=workers, buffer_bytes=buffer_bytes)
        where, length = path(config_dir)
        opener = self._opener(partial(lib.mars_agent_open, where, length), options, logger,
                              Callbacks())
        self._handle = opening(opener, cancel)._handle

    @classmethod
    def _opener(cls, function: Callable[..., int], options: Struct,
                logger: Optional[logging.Logger],
                callbacks: Callbacks) -> Callable[[Cancel], Agent]:
        """A function that opens one."""
        set_log(options, logger)

        def open_with(cancel: Cancel) -> Agent:
            handle = Handle("agent", ffi.new("mars_agent **"), lib.mars_agent_close)
            options.set("cancel", cancel.pointer)
            made = cls.__new__(cls)
            made._handle = opened(handle, function, options.c, callbacks=callbacks)
            return made
        return open_with

    def close(self) -> None:
        """When nothing runs any more: a call in another thread and an open session come first."""
        self._handle.close()

    def __enter__(self) -> Agent:
        return self

    def __exit__(self, kind: Optional[type[BaseException]], value: Optional[BaseException],
                 traceback: Optional[TracebackType]) -> None:
        self.close()

    @property
    def info(self) -> AgentInfo:
        info = Struct("mars_agent_info")
        with self._handle as agent:
            run(lib.mars_agent_get_info, agent, info.c)
            return AgentInfo._of(info.c)

    def backup(self, paths: Paths, *, item: Optional[str] = None, exclude: Paths = (),
               compression: Compression = Compression.DEFAULT, compression_level: int = 0,
               one_file_system: bool = False, exclude_caches: bool = False,
               skip_upload_check: bool = False, dry_run: bool = False, report_files: bool = False,
               progress: Optional[ProgressFn] = None, on_event: Optional[EventFn] = None,
               cancel: Optional[Cancel] = None) -> BackupResult:
        """Back up paths as a new recovery point of an item ("files").

        `exclude`: patterns as in .gitignore, anchored at each path. What cannot be read is named by
        events and in the point, and the rest goes on: see the result's files_skipped.

        >>> agent = Agent(config)
        >>> agent.backup([home], exclude=["*.tmp"]).files
        2
        >>> def stop(progress):
        ...     raise TimeoutError(f"phase {progress.phase.name}")
        >>> agent.backup([home], progress=stop)
        Traceback (most recent call last):
        TimeoutError: phase START

        NotFoundError: a path is not there; nothing was written. LockedError: this item is being
        backed up already on this machine. QuotaError: vault or cache is full. What is raised when
        the point was made already, by `progress` or Ctrl-C, has the BackupResult in its `result`.
        """
        callbacks = Callbacks(progress, on_event)
        options = Struct("mars_backup_options", compression=compression,
                         compression_level=compression_level,
                         item=counted(item.encode()) if item else None)
        options.c.flags = flags(BACKUP_ONE_FILE_SYSTEM=one_file_system,
                                BACKUP_EXCLUDE_CACHES=exclude_caches,
                                BACKUP_SKIP_UPLOAD_CHECK=skip_upload_check,
                                BACKUP_DRY_RUN=dry_run, BACKUP_REPORT_FILES=report_files)
        options.set_paths(paths)
        options.set_excludes(exclude)
        options.set_callbacks(callbacks, cancel)
        result, returned = Struct("mars_backup_result"), list[int]()
        try:
            with self._handle as agent:
                run(lib.mars_backup, agent, options.c, result.c, callbacks=callbacks,
                    returned=returned)
        except BaseException as e:
            if returned == [lib.MARS_OK]:
                setattr(e, "result", BackupResult._of(result.c))
            raise
        return BackupResult._of(result.c)

    def session(self, *, item: Optional[str] = None,
                compression: Compression = Compression.DEFAULT, compression_level: int = 0,
                skip_upload_check: bool = False, progress: Optional[ProgressFn] = None,
                on_event: Optional[EventFn] = None, cancel: Optional[Cancel] = None) -> Session:
        """Back up streams that the caller writes, many in one recovery point: see Session."""
        callbacks = Callbacks(progress, on_event)
        options = Struct("mars_backup_options", compression=compression,
                         compression_level=compression_level,
                         item=counted(item.encode()) if item else None,
                         flags=flags(BACKUP_SKIP_UPLOAD_CHECK=skip_upload_check))
        options.set_callbacks(callbacks, cancel)
        return Session(self._handle, options, callbacks, cancel)

    def restore(self, target: Path, point: str = "latest", *, item: Optional[str] = None,
                paths: Paths = (), conflict: Conflict = Conflict.COPY, no_acl: bool = False,
                no_owner: bool = False, dry_run: bool = False, report_files: bool = False,
                progress: Optional[ProgressFn] = None, on_event: Optional[EventFn] = None,
                cancel: Optional[Cancel] = None) -> RestoreResult:
        """Restore a recovery point, or paths of it, below a directory, each under its full path.
        `point` is a full id, a unique prefix of at least 6 digits, or "latest".

        >>> agent = Agent(config)
        >>> agent.restore(f"{tmp}/restored", paths=f"{home}/notes.txt").files_restored
        1
        >>> with open(f"{tmp}/restored{home}/notes.txt") as notes:
        ...     notes.read()
        'remember the milk'

        CorruptError: a file's data is damaged: an event names it, the rest was restored, and the
        exception's `result` is the RestoreResult. An interrupted restore can be run again.
        """
        callbacks = Callbacks(progress, on_event)
        options = Struct("mars_restore_options", point=text(point), item=text(item),
                         target=path(target), conflict=conflict)
        options.c.flags = flags(RESTORE_NO_ACL=no_acl, RESTORE_NO_OWNER=no_owner,
                                RESTORE_DRY_RUN=dry_run, RESTORE_REPORT_FILES=report_files)
        options.set_paths(paths)
        options.set_callbacks(callbacks, cancel)
        result = Struct("mars_restore_result")
        try:
            with self._handle as agent:
                run(lib.mars_restore, agent, options.c, result.c, callbacks=callbacks)
        except Error as e:
            e.result = RestoreResult._of(result.c)
            raise
        return RestoreResult._of(result.c)

    def verify(self, point: Optional[str] = None, *, item: Optional[str] = None,
               read_data: bool = False, against_disk: bool = False, sample_percent: int = 0,
               progress: Optional[ProgressFn] = None, on_event: Optional[EventFn] = None,
               cancel: Optional[Cancel] = None) -> VerifyResult:
        """Find out whether what is in the vault can be restored: the structure of a point, of all
        without one; with read_data every byte, with sample_percent the bytes of a random choice of
        packs; or how a point, else the latest, differs from the files as they are now.

        >>> Agent(config).verify(read_data=True).objects_damaged
        0

        CorruptError: something is damaged or missing; events name it, and the exception's `result`
        is the VerifyResult. Differences to the disk alone raise nothing.
        """
        callbacks = Callbacks(progress, on_event)
        options = Struct("mars_verify_options", point=text(point), item=text(item),
                         sample_percent=sample_percent)
        options.c.flags = flags(VERIFY_READ_DATA=read_data, VERIFY_AGAINST_DISK=against_disk)
        options.set_callbacks(callbacks, cancel)
        result = Struct("mars_verify_result")
        try:
            with self._handle as agent:
                run(lib.mars_verify, agent, options.c, result.c, callbacks=callbacks)
        except Error as e:
            e.result = VerifyResult._of(result.c)
            raise
        return VerifyResult._of(result.c)

    def points(self, item: Optional[str] = None, *, all_machines: bool = False,
               on_event: Optional[EventFn] = None) -> list[PointInfo]:
        """This machine's recovery points, oldest first, or those of all machines that share its
        domain. Points that cannot be read, and points that this machine saw and that are gone, are
        events.

        >>> [point.item for point in Agent(config).points()]
        ['files']
        """
        points: list[PointInfo] = []
        callbacks = Callbacks(event=on_event, each=points.append)
        user = ffi.new_handle(callbacks)
        with self._handle as agent:
            run(lib.mars_point_list, agent, text(item),
                lib.MARS_POINTS_ALL_MACHINES if all_machines else 0, lib.mars_py_point, user,
                lib.mars_py_event if on_event else ffi.NULL, user, callbacks=callbacks)
        return points

    def stats(self, *, on_event: Optional[EventFn] = None,
              cancel: Optional[Cancel] = None) -> Stats:
        """What the machine's domain holds. No pack is read. Objects that cannot be read are events,
        and are not counted. Reports no progress: Ctrl-C comes out of it at its end.

        >>> Agent(config).stats().items
        1
        """
        stats = Struct("mars_stats")
        callbacks = Callbacks(event=on_event)
        user = ffi.new_handle(callbacks)
        with self._handle as agent:
            run(lib.mars_stats_get, agent, cancel.pointer if cancel else ffi.NULL, stats.c,
                lib.mars_py_event if on_event else ffi.NULL, user, callbacks=callbacks)
        return Stats._of(stats.c)

    def open_point(self, point: str = "latest", *, item: Optional[str] = None) -> Point:
        """Open a recovery point to look into it. `point`: a full id, a unique prefix of at least 6
        digits, or "latest"; `item` narrows it.

        NotFoundError: no such point. InvalidArgumentError: the prefix fits several points, or
        "latest" several items.
        """
        handle = Handle("point", ffi.new("mars_point **"), lib.mars_point_close, alone=True)
        with self._handle as agent:
            opened(handle, lib.mars_point_open, agent, text(point), text(item))
        return Point(handle)
