"""One connection to one party's door: HTTP/1.1 over TLS, kept open between messages, opened anew when it was lost.

Only what the post needs of HTTP: a request is written in one piece, and its answer is read later, so that several
parties can work on their messages at the same time.
"""

from __future__ import annotations

import http.client
import io
import select
import socket
import ssl
import time
from collections.abc import Mapping
from contextlib import suppress
from typing import Any
from urllib.parse import urlsplit

CONNECT_SECONDS = 5.0
READ_SECONDS = 30.0
"""For the whole receipt: the receiver writes to its disk first."""
KEEP_ALIVE_SECONDS = 20.0
"""Below what `web.post_server` keeps an idle connection open for, so that the server rarely closes one that we take."""
HTTPS_PORT = 443
LOST = (OSError, http.client.HTTPException)
"""What a connection that is not there, or no longer, or no party's, comes to; `ssl.SSLError` is an `OSError`."""


class Line:
    """A connection to one address; one request at a time.

    Args:
        url: ``https://host:port``, perhaps with a path.
        context: whose certificate is trusted.
        seconds: how long each step of sending may take, and the whole answer, in however small pieces it comes.
    """

    def __init__(self, url: str, context: ssl.SSLContext, seconds: float = READ_SECONDS) -> None:
        split = urlsplit(url)
        self.authority = split.netloc
        self._address = (split.hostname or "", split.port or HTTPS_PORT)
        self._context, self._seconds = context, seconds
        self._socket: ssl.SSLSocket | None = None
        self._session: ssl.SSLSession | None = None
        self._used_at = 0.0
        self._written = (b"", "")
        self._is_old = False

    def write(self, method: str, path: str, headers: Mapping[str, str], body: bytes = b"") -> None:
        """Send a request; raises one of `LOST`."""
        named = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
        request = f"{method} {path} HTTP/1.1\r\nhost: {self.authority}\r\n{named}\r\n".encode("latin-1") + body
        self._written = (request, method)
        self._is_old = self._is_usable()
        try:
            self._send()
        except LOST:
            if not self._is_old:
                raise
            self._again()

    def read(self, most: int) -> tuple[int, bytes]:
        """Return status and body of the answer, at most `most` bytes and one; raises one of `LOST`.

        A connection that had served before may have been closed just when it was taken. Then the request is sent once
        more: whoever had it already answers as it did the first time (`dispatch.accept`).
        """
        try:
            return self._answer(most)
        except TimeoutError:
            self.close()
            raise
        except LOST:
            if not self._is_old:
                self.close()
                raise
        self._again()
        try:
            return self._answer(most)
        except LOST:
            self.close()
            raise

    def close(self) -> None:
        """Close the connection; the next request opens one, with the same TLS session where the door allows it."""
        if self._socket is not None:
            with suppress(OSError, ValueError):
                self._session = self._socket.session or self._session
            self._socket.close()
            self._socket = None

    def _is_usable(self) -> bool:
        if self._socket is None:
            return False
        # Nothing was asked: what can be read now is the other side's farewell.
        if time.monotonic() - self._used_at > KEEP_ALIVE_SECONDS or select.select([self._socket], [], [], 0)[0]:
            self.close()
        return self._socket is not None

    def _again(self) -> None:
        self.close()
        self._is_old = False
        self._send()

    def _send(self) -> None:
        sending = self._socket or self._connected()
        try:
            sending.sendall(self._written[0])
        except TimeoutError:
            self.close()
            raise
        except OSError:
            # A door that refuses a body before it has read it closes, and has said why.
            if self._is_old:
                raise

    def _connected(self) -> ssl.SSLSocket:
        plain = socket.create_connection(self._address, CONNECT_SECONDS)
        try:
            plain.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            self._socket = self._context.wrap_socket(plain, server_hostname=self._address[0], session=self._session)
        except BaseException:
            plain.close()
            raise
        self._socket.settimeout(self._seconds)
        return self._socket

    def _answer(self, most: int) -> tuple[int, bytes]:
        if self._socket is None:
            raise ConnectionError("the connection was closed")
        answering: Any = _Answering(self._socket, self._seconds)  # a response needs of a socket only what this has
        with http.client.HTTPResponse(answering, method=self._written[1]) as response:
            response.begin()
            body = response.read(most + 1)
            is_whole = len(body) <= most
            status, ends = response.status, response.will_close
        self._socket.settimeout(self._seconds)
        self._used_at, self._written = time.monotonic(), (b"", "")
        if ends or not is_whole:
            self.close()
        return status, body


class _Answering(io.RawIOBase):
    """What comes over a connection until a moment: whoever answers byte by byte keeps nobody waiting for longer.

    Args:
        connection: to be read.
        seconds: for everything that is read through this.
    """

    def __init__(self, connection: ssl.SSLSocket, seconds: float) -> None:
        self._connection, self._ends_at = connection, time.monotonic() + seconds

    def makefile(self, mode: str) -> io.BufferedReader:  # noqa: ARG002 - always "rb"
        """Return the bytes as a file, as a socket does."""
        return io.BufferedReader(self)

    def readable(self) -> bool:
        """Tell that it can be read."""
        return True

    def readinto(self, buffer: Any) -> int:
        """Read what there is; raises `TimeoutError` when the time is over."""
        left = self._ends_at - time.monotonic()
        if left <= 0:
            raise TimeoutError("the answer took too long")
        self._connection.settimeout(left)
        return self._connection.recv_into(buffer)
