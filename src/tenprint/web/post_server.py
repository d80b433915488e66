"""The server under a party's door: HTTPS with limits on how many may come at once and how slow they may be."""

from __future__ import annotations

import asyncio
import json
import resource
import socket
import ssl
from collections.abc import Callable
from types import FrameType
from typing import Any

import uvicorn
from starlette.types import ASGIApp
from uvicorn.protocols.http.h11_impl import H11Protocol

from tenprint.core.errors import StorageError

MAX_CONNECTIONS = 1_000
REFUSED_ON_TOP = 1_000
"""So many more are told that the door is full; beyond them a connection is closed without a word."""
HEADER_SECONDS = 10.0
"""How long a connection may take to say what it wants, TLS included."""
IDLE_SECONDS = 60
"""How long a connection is kept open after an answer, for the next message."""
LEAVE_SECONDS = 1.0
MAX_HEADERS_BYTES = 16_384
FILES_PER_CONNECTION = 2
OTHER_FILES = 256
_TOLD = {"code": "DOOR_FULL", "message": "too many connections", "hint": "try again later", "field": ""}
_FULL = json.dumps(_TOLD).encode()
FULL_ANSWER = (
    b"HTTP/1.1 503 Service Unavailable\r\ncontent-type: application/json\r\nretry-after: 1\r\nconnection: close\r\n"
    b"content-length: " + str(len(_FULL)).encode() + b"\r\n\r\n" + _FULL
)


class PatientProtocol(H11Protocol):
    """HTTP/1.1 as uvicorn speaks it, which by itself would wait for headers for ever and take any number of guests."""

    max_connections = MAX_CONNECTIONS
    header_seconds = HEADER_SECONDS
    _is_refused = False
    _header_timer: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Greet a guest, or say that the house is full."""
        super().connection_made(transport)
        guests = len(self.connections)
        if guests <= self.max_connections:
            self._wait_for_headers()
            return
        self._is_refused = True
        if guests > self.max_connections + REFUSED_ON_TOP:
            transport.abort()
            return
        transport.write(FULL_ANSWER)
        # Closing at once with unread bytes would reset the connection and take the answer away.
        self.loop.call_later(LEAVE_SECONDS, transport.close)

    def data_received(self, data: bytes) -> None:
        """Read on, unless refused; between requests the time for the next one's headers runs from its first byte."""
        if self._is_refused:
            return
        super().data_received(data)
        if self.cycle is not None and not self.cycle.response_complete:
            self._headers_are_there()
        elif self._header_timer is None:
            self._wait_for_headers()

    def connection_lost(self, exc: Exception | None) -> None:
        """Forget the timer."""
        self._headers_are_there()
        super().connection_lost(exc)

    def _wait_for_headers(self) -> None:
        self._header_timer = self.loop.call_later(self.header_seconds, self._too_slow)

    def _headers_are_there(self) -> None:
        if self._header_timer is not None:
            self._header_timer.cancel()
            self._header_timer = None

    def _too_slow(self) -> None:
        self._header_timer = None
        if self.cycle is None or self.cycle.response_complete:
            self.transport.abort()


class DoorServer(uvicorn.Server):
    """A server that says when it listens."""

    def __init__(self, config: uvicorn.Config, on_ready: Callable[[], None]) -> None:
        super().__init__(config)
        self._on_ready = on_ready

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Begin to listen, and say so."""
        await super().startup(sockets)
        if self.started:
            self._on_ready()


class HastyLoop(asyncio.SelectorEventLoop):
    """An event loop whose servers give a TLS handshake no more time than headers: uvicorn has no setting for it."""

    async def create_server(self, *arguments: Any, **options: Any) -> Any:
        """Listen."""
        if options.get("ssl") is not None:
            options |= {"ssl_handshake_timeout": HEADER_SECONDS, "ssl_shutdown_timeout": LEAVE_SECONDS}
        return await super().create_server(*arguments, **options)


def door_server(
    app: ASGIApp,
    context: ssl.SSLContext | None,
    on_ready: Callable[[], None],
    protocol: type[PatientProtocol] = PatientProtocol,
) -> DoorServer:
    """Return a server of a party's door; ``run(sockets=[listener])`` serves until ``should_exit`` is set."""
    config = uvicorn.Config(
        app,
        http=protocol,
        loop=f"{HastyLoop.__module__}:{HastyLoop.__name__}",
        log_level="critical",
        access_log=False,
        server_header=False,
        proxy_headers=False,
        lifespan="off",
        ws="none",
        backlog=MAX_CONNECTIONS,
        timeout_keep_alive=IDLE_SECONDS,
        timeout_graceful_shutdown=10,
        h11_max_incomplete_event_size=MAX_HEADERS_BYTES,
    )
    config.load()
    config.ssl = context
    allow_connections(protocol.max_connections)
    return DoorServer(config, on_ready)


def door_socket(host: str, port: int) -> socket.socket:
    """Return a socket that listens at a party's address.

    Raises:
        StorageError: ``NO_PORT`` when another program has it.
    """
    # The protocol is named, or asyncio leaves Nagle's algorithm on, and each answer waits 40 ms for an acknowledgement.
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((host, port))
    except OSError as problem:
        listener.close()
        raise StorageError(
            "NO_PORT",
            f"port {port} of {host} cannot be listened on: {problem.strerror}",
            hint="end the program that has it, or give the party another url in network.toml",
        ) from problem
    return listener


def allow_connections(count: int) -> None:
    """Raise this process's limit of open files as far as the connections need and the system allows."""
    needed = (count + REFUSED_ON_TOP) * FILES_PER_CONNECTION + OTHER_FILES
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft != resource.RLIM_INFINITY and soft < needed:
        most = needed if hard == resource.RLIM_INFINITY else min(needed, hard)
        resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, most), hard))


def as_interrupt(number: int, frame: FrameType | None) -> None:  # noqa: ARG001 - as the system calls it
    """Take a termination signal as Ctrl-C: what is open is closed, what is under way is finished."""
    raise KeyboardInterrupt
