"""What driver.c does, from Python, and in the same form."""
from __future__ import annotations

import json
import os
import sys
from dataclasses import asdict
from typing import Any, Optional

import libmars


def tell(verb: str, **what: Any) -> None:
    print(json.dumps({"verb": verb} | what))


def plain(result: Any, *but: str) -> dict[str, Any]:
    return {k: v for k, v in asdict(result).items() if k not in ("elapsed_ns", *but)}


def name(path: Optional[str]) -> str:
    return os.fsencode(path or "").hex()


def entry(e: libmars.Entry) -> dict[str, Any]:
    return {"type": e.type, "mtime": e.mtime_ns // 100, "path": name(e.path), "size": e.size,
            "mode": e.mode, "uid": e.uid, "gid": e.gid, "user": e.user, "group": e.group,
            "target": name(e.target), "major": e.device_major, "minor": e.device_minor,
            "flags": e.incomplete + 2 * e.changed}


def point(p: libmars.PointInfo) -> dict[str, Any]:
    return plain(p, "roots") | {"is_head": int(p.is_head), "root": name(p.roots[0])}


def difference(d: libmars.Difference) -> dict[str, Any]:
    return {"change": d.change, "sides": [entry(e) for e in (d.before, d.after) if e]}


def browse(agent: libmars.Agent, first: str, directory: str) -> None:
    large = directory + "/deep/large"
    with agent.open_point() as latest, agent.open_point(first) as before:
        found: list[libmars.Entry] = []
        latest.browse(found.append, directory, recurse=True)
        tell("ls", entries=[entry(e) for e in found])
        tell("stat", entries=[entry(latest.stat(large))])
        tell("find", entries=[entry(e) for e in latest.find("*.bin", "deep/er/")])
        tell("diff", differences=[difference(d) for d in before.diff(latest)])
        with latest.open(large) as file:
            pieces = {}
            for place in (0, 1234567, 2999990, 3000000):
                file.seek(place)
                pieces[str(place)] = file.read(40).hex()
            tell("read_at", size=file.size, **pieces)


def look(credentials: str, machine: str, passphrase: str, directory: str, target: str) -> None:
    with libmars.recover(credentials=credentials, machine=machine, passphrase=passphrase) as agent:
        points = agent.points()
        tell("list", points=[point(p) for p in points])
        browse(agent, points[0].id, directory)
        tell("stats", **plain(agent.stats()))
        tell("verify", **plain(agent.verify(read_data=True)))
        tell("restore", **plain(agent.restore(target), "bytes_fetched"))


def backup(config: str, directory: str) -> None:
    with libmars.Agent(config) as agent:
        tell("backup", **plain(agent.backup(directory), "bytes_added"))


def register(credentials: str, config: str, machine: str, passphrase: str) -> None:
    with libmars.register(config, credentials=credentials, name=machine, passphrase=passphrase,
                          domain="shared") as agent:
        info = agent.info
        tell("register", machine=info.machine_name, domain=info.domain_id, url=info.vault_url,
             read_only=int(info.read_only))


def reached(endpoint: str, key: str) -> libmars.StoreOptions:
    return libmars.StoreOptions(endpoint=endpoint or None, account_key=key or None)


def create(url: str, endpoint: str, key: str) -> None:
    libmars.create_vault(url, store=reached(endpoint, key))


def issue(url: str, endpoint: str, key: str, credentials: str) -> None:
    libmars.issue_credentials(url, credentials, store=reached(endpoint, key))


if __name__ == "__main__":
    {"create": create, "issue": issue, "register": register, "backup": backup,
     "look": look}[sys.argv[1]](*sys.argv[2:])
