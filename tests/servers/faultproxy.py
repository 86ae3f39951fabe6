#!/usr/bin/python3
"""A proxy in front of a storage server that makes trouble, or a link that is slow.

It knows where a request of HTTP/1.1 begins and ends, numbers them from 1, and can do something else
than pass one on. It listens on loopback, in a thread of the test's own process.
"""
from __future__ import annotations

import asyncio
import ssl
import threading
import time
from dataclasses import dataclass, field
from typing import Callable, Optional

STEP = 16384
HEAD_MAX = 65536


@dataclass
class Request:
    number: int
    method: str
    target: str


@dataclass
class Fault:
    """What happens to a request: one of the kinds below."""
    kind: str
    retry_after: Optional[str] = None
    seconds: float = 3600.0
    body: str = ""

    KINDS = ("reset", "reset-late", "stall", "truncate", "429", "500", "503", "garbage", "noise",
             "trickle")


@dataclass
class Link:
    """One way of a line: bytes come so much later, and no faster than its rate, all together."""
    delay: float = 0.0
    rate: float = 0.0  # bytes a second; 0: no limit
    free_at: float = field(default=0.0, repr=False)
    total: int = 0     # bytes so far

    async def pass_on(self, n: int) -> float:
        """Wait until n bytes fit on the line; gives the time at which they arrive."""
        now = time.monotonic()
        self.total += n
        if self.rate > 0:
            self.free_at = max(self.free_at, now) + n / self.rate
            ahead = self.free_at - now
            if ahead > 0.005:
                await asyncio.sleep(ahead - 0.002)
            return self.free_at + self.delay
        return now + self.delay


class Proxy:
    """with Proxy(host, port) as proxy: ... proxy.port ... proxy.requests"""

    def __init__(self, host: str, port: int,
                 fault: Optional[Callable[[Request], Optional[Fault]]] = None,
                 delay: float = 0.0, rate: float = 0.0,
                 tls: Optional[ssl.SSLContext] = None) -> None:
        self.host, self.to_port, self.tls = host, port, tls
        self.fault = fault or (lambda request: None)
        self.up, self.down = Link(delay, rate), Link(delay, rate)
        self.requests: list[Request] = []
        self.port = 0
        self.loop = asyncio.new_event_loop()
        self.ready = threading.Event()
        self.thread = threading.Thread(target=self.run, daemon=True)

    def __enter__(self) -> "Proxy":
        self.thread.start()
        self.ready.wait(10)
        return self

    def __exit__(self, *what: object) -> None:
        self.loop.call_soon_threadsafe(self.loop.stop)
        self.thread.join(10)

    def run(self) -> None:
        asyncio.set_event_loop(self.loop)
        server = self.loop.run_until_complete(
            asyncio.start_server(self.relay if self.tls else self.serve, "127.0.0.1", 0,
                                 limit=4 * STEP, ssl=self.tls))
        self.port = server.sockets[0].getsockname()[1]
        self.ready.set()
        try:
            self.loop.run_forever()
        finally:
            server.close()
            for task in asyncio.all_tasks(self.loop):
                task.cancel()
            self.loop.run_until_complete(asyncio.sleep(0))
            self.loop.close()

    # With TLS only bytes are passed on, whatever they are.

    async def relay(self, reader, writer) -> None:
        server = await asyncio.open_connection(self.host, self.to_port)
        await asyncio.gather(pour(reader, server[1]), pour(server[0], writer))

    # One connection: requests one after the other, each with its answer.

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            server = await asyncio.open_connection(self.host, self.to_port, limit=4 * STEP)
        except OSError:
            writer.close()
            return
        try:
            while await self.exchange(reader, writer, *server):
                pass
        except (ConnectionError, asyncio.IncompleteReadError, asyncio.LimitOverrunError):
            pass
        finally:
            for w in (writer, server[1]):
                w.close()

    async def exchange(self, reader, writer, from_server, to_server) -> bool:
        head = await reader.readuntil(b"\r\n\r\n")
        method, target, _ = head.split(b"\r\n", 1)[0].decode("latin-1").split(" ", 2)
        request = Request(len(self.requests) + 1, method, target)
        self.requests.append(request)
        fault = self.fault(request)
        if fault is not None and fault.kind != "truncate":
            return await self.disturb(fault, head, reader, writer, from_server, to_server)
        await self.send(to_server, head, self.up)
        await self.copy(reader, to_server, length_of(head), self.up)
        return await self.answer(method, from_server, writer, fault)

    async def answer(self, method: str, from_server, writer, fault: Optional[Fault]) -> bool:
        head = await from_server.readuntil(b"\r\n\r\n")
        while status_of(head) == 100:
            head = await from_server.readuntil(b"\r\n\r\n")
        length = 0 if method == "HEAD" or status_of(head) in (204, 304) else length_of(head)
        if fault is not None:
            # The head tells a length that never comes.
            await self.send(writer, head, self.down)
            await self.copy(from_server, writer, length // 2 if length else 0, self.down)
            writer.transport.abort()
            return False
        await self.send(writer, head, self.down)
        if length is None:
            await self.copy_chunked(from_server, writer)
        else:
            await self.copy(from_server, writer, length, self.down)
        return b"connection: close" not in head.lower()

    async def disturb(self, fault: Fault, head: bytes, reader, writer, from_server,
                      to_server) -> bool:
        if fault.kind == "stall":
            await asyncio.sleep(fault.seconds)
            return False
        if fault.kind == "reset":
            writer.transport.abort()
            return False
        if fault.kind == "reset-late":
            # The server does it, and nobody hears of it.
            await self.send(to_server, head, self.up)
            await self.copy(reader, to_server, length_of(head), self.up)
            await from_server.readuntil(b"\r\n\r\n")
            writer.transport.abort()
            return False
        await self.copy(reader, None, length_of(head), self.up)
        if fault.kind == "trickle":
            for byte in b"HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\n\r\n" + bytes(1000000):
                writer.write(bytes([byte]))
                await writer.drain()
                await asyncio.sleep(0.02)
            return False
        if fault.kind == "noise":
            writer.write(bytes(range(256)))
            await writer.drain()
            return False
        if fault.kind == "garbage":
            body = bytes(range(256)) * 4
            writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % len(body))
            if not head.startswith(b"HEAD "):
                writer.write(body)
        else:
            after = f"Retry-After: {fault.retry_after}\r\n" if fault.retry_after else ""
            writer.write(f"HTTP/1.1 {fault.kind} Trouble\r\n{after}"
                         f"Content-Length: {len(fault.body)}\r\n\r\n{fault.body}".encode())
        await writer.drain()
        return True

    async def send(self, to, data: bytes, link: Link) -> None:
        arrives = await link.pass_on(len(data))
        if to is None:
            return
        if link.delay > 0:
            # The loop has the same clock, so what was sent first arrives first.
            self.loop.call_at(arrives, write_late, to, data)
        else:
            to.write(data)
            await to.drain()

    async def copy(self, reader, to, n: Optional[int], link: Link) -> None:
        left = n or 0
        while left > 0:
            data = await reader.read(min(left, STEP))
            if not data:
                raise ConnectionError
            left -= len(data)
            await self.send(to, data, link)

    async def copy_chunked(self, reader, to) -> None:
        while True:
            line = await reader.readuntil(b"\r\n")
            size = int(line.split(b";")[0], 16)
            await self.send(to, line, self.down)
            await self.copy(reader, to, size + 2, self.down)
            if size == 0:
                return


async def pour(reader, writer) -> None:
    try:
        while data := await reader.read(STEP):
            writer.write(data)
            await writer.drain()
    except (ConnectionError, ssl.SSLError):
        pass
    finally:
        writer.close()


def write_late(to, data: bytes) -> None:
    if not to.is_closing():
        to.write(data)


def status_of(head: bytes) -> int:
    return int(head.split(b" ", 2)[1][:3])


def length_of(head: bytes) -> Optional[int]:
    """Of the body; None: it comes in chunks."""
    lower = head.lower()
    if b"\r\ntransfer-encoding: chunked" in lower:
        return None
    at = lower.find(b"\r\ncontent-length:")
    return int(lower[at + 17:].split(b"\r\n", 1)[0]) if at >= 0 else 0
