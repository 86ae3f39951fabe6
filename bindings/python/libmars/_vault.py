"""What needs no agent: vaults, credentials, this machine's speed."""
from __future__ import annotations

import os
from dataclasses import fields
from typing import Optional

from ._call import Callbacks, Cancel, ProgressFn, run
from ._log import set_log
from ._native import ffi, lib
from ._options import Path, Struct, counted, flags, terminated, text
from ._types import BenchmarkFigure, MachineInfo, StoreOptions, VaultInfo


def store_struct(store: Optional[StoreOptions]) -> Optional[Struct]:
    if store is None:
        return None
    made = Struct("mars_store_options", flags=flags(STORE_ALLOW_HTTP=store.allow_http))
    for f in fields(store):
        value = getattr(store, f.name)
        if f.name != "allow_http":
            made.set(f.name, text(value) if isinstance(value, str) else value)
    return made


def told_store(store: Optional[StoreOptions]) -> Struct:
    """For calls without an agent, whose log goes with it."""
    made = store_struct(store or StoreOptions())
    assert made is not None
    set_log(made)
    return made


def create_vault(url: str, *, store: Optional[StoreOptions] = None, soft_delete_days: int = 0,
                 redundancy: Optional[str] = None) -> None:
    """Make an empty vault at "file:///path", "azblob://ACCOUNT/CONTAINER[/PREFIX]" or
    "s3://BUCKET[/PREFIX]". A directory is made if needed, a container or bucket has to be there.

    >>> create_vault(f"file://{tmp}/other")
    >>> show_vault(f"file://{tmp}/other").machines
    ()

    ExistsError: there is a vault already; it is not touched.
    """
    options = Struct("mars_vault_options", soft_delete_days=soft_delete_days,
                     redundancy=counted(redundancy.encode()) if redundancy else None,
                     store=told_store(store))
    run(lib.mars_vault_create, text(url), options.c)


def show_vault(url: str, *, store: Optional[StoreOptions] = None) -> VaultInfo:
    """A vault's record and its machines. Needs no key, so what it tells is as trustworthy as the
    store.

    >>> [machine.name for machine in show_vault(url).machines]
    ['web1']
    """
    machines: list[MachineInfo] = []
    callbacks = Callbacks(each=machines.append)
    user = ffi.new_handle(callbacks)
    info, options = Struct("mars_vault_info"), told_store(store)
    run(lib.mars_vault_show, text(url), options.c, info.c, lib.mars_py_machine, user,
        callbacks=callbacks)
    return VaultInfo._of(info.c, tuple(machines))


def issue_credentials(url: str, path: Path, *, store: Optional[StoreOptions] = None,
                      valid_days: int = 0, access_days: int = 0) -> None:
    """Write a credentials file, with which machines register: a new file of mode 0600. It carries
    the right to use the store.

    >>> issue_credentials(url, f"{tmp}/second.vaultCredentials", valid_days=3)
    """
    options = Struct("mars_credentials_options", valid_days=valid_days, access_days=access_days,
                     store=told_store(store))
    run(lib.mars_vault_issue_credentials, text(url), terminated(os.fsencode(path)), options.c)


def benchmark(*, workers: int = 0, figure_ms: int = 0, progress: Optional[ProgressFn] = None,
              cancel: Optional[Cancel] = None) -> list[BenchmarkFigure]:
    """How fast this machine does the parts of a backup that need the processor.

    >>> {figure.work.name for figure in benchmark(figure_ms=1)} >= {"CHUNK", "HASH", "SEAL"}
    True
    """
    figures: list[BenchmarkFigure] = []
    callbacks = Callbacks(progress, each=figures.append)
    options = Struct("mars_benchmark_options", workers=workers, figure_ms=figure_ms)
    options.set_callbacks(callbacks, cancel)
    options.set("figure", lib.mars_py_figure)
    options.set("figure_user", options.c.progress_user)
    run(lib.mars_benchmark, options.c, ffi.NULL, callbacks=callbacks)
    return figures
