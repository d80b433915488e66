"""The server under the rig's door: HTTPS, and no patience for a connection that never says what it wants."""

from __future__ import annotations

import asyncio
import socket
import ssl
import threading

import uvicorn
from starlette.types import ASGIApp
from uvicorn.protocols.http.h11_impl import H11Protocol

MAX_CONNECTIONS = 64
HEADER_SECONDS = 10.0
IDLE_SECONDS = 30
MAX_HEADERS_BYTES = 16_384


class RigProtocol(H11Protocol):
    """HTTP/1.1 as uvicorn speaks it, which by itself would wait for headers for ever."""

    _timer: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Greet a client, or send it away when too many are here."""
        super().connection_made(transport)
        if len(self.connections) > 2 * MAX_CONNECTIONS:
            transport.abort()
            return
        self._timer = self.loop.call_later(HEADER_SECONDS, self._too_slow)

    def data_received(self, data: bytes) -> None:
        """Read on; once a request has begun, its body's time is the door's to watch."""
        super().data_received(data)
        if self.cycle is not None:
            self._forget()

    def connection_lost(self, exc: Exception | None) -> None:
        """Forget the timer."""
        self._forget()
        super().connection_lost(exc)

    def _forget(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _too_slow(self) -> None:
        self._timer = None
        if self.cycle is None:
            self.transport.abort()


class RigServer(uvicorn.Server):
    """A server with TLS settings of its own making."""

    def __init__(self, app: ASGIApp, context: ssl.SSLContext | None) -> None:
        config = uvicorn.Config(
            app,
            http=RigProtocol,
            log_level="critical",
            access_log=False,
            server_header=False,
            proxy_headers=False,
            lifespan="off",
            ws="none",
            limit_concurrency=MAX_CONNECTIONS,
            timeout_keep_alive=IDLE_SECONDS,
            timeout_graceful_shutdown=5,
            h11_max_incomplete_event_size=MAX_HEADERS_BYTES,
        )
        self._listens = threading.Event()
        config.load()
        config.ssl = context
        super().__init__(config)

    def wait_until_listening(self, seconds: float) -> bool:
        """Wait until the server, run by another thread, takes connections; tell whether it does."""
        return self._listens.wait(seconds)

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Begin to listen."""
        await super().startup(sockets)
        if self.started:
            self._listens.set()
