"""Serving the console on this machine, until Ctrl-C."""

from __future__ import annotations

import signal
import socket
import threading
from contextlib import closing, suppress

import uvicorn
from starlette.types import ASGIApp

from tenprint import bootstrap
from tenprint.core.errors import StorageError
from tenprint.web.post_server import as_interrupt, door_socket

ADDRESS = "127.0.0.1"
MAX_CONNECTIONS = 64


def listening_socket(port: int) -> socket.socket:
    """Return a socket that listens on this machine only: on `port`, or on a free one when that is taken.

    Raises:
        StorageError: ``NO_PORT`` when no port is to be had.
    """
    try:
        return door_socket(ADDRESS, port)
    except StorageError:
        return door_socket(ADDRESS, 0)


def server_of(app: ASGIApp) -> uvicorn.Server:
    """Return a server of the console; ``run(sockets=[listener])`` serves until ``should_exit`` is set."""
    config = uvicorn.Config(
        app,
        log_level="warning",
        access_log=False,  # addresses hold case numbers
        server_header=False,
        proxy_headers=False,
        lifespan="off",
        ws="none",
        limit_concurrency=MAX_CONNECTIONS,
        timeout_graceful_shutdown=10,
    )
    return uvicorn.Server(config)


def serve(app: ASGIApp, listener: socket.socket, *, compares: bool = True) -> None:
    """Serve until Ctrl-C or a termination signal; requests under way are finished first.

    Args:
        app: the console.
        listener: as `listening_socket` made it.
        compares: prints are compared on its pages.
    """
    if compares:
        # An examiner's first overlay would wait seconds for the kernels; the first pages do not need them.
        threading.Thread(target=bootstrap.warm_comparison, name="warm", daemon=True).start()
    signal.signal(signal.SIGTERM, as_interrupt)
    with closing(listener), suppress(KeyboardInterrupt):
        server_of(app).run(sockets=[listener])
