"""What every request passes before a page sees it, and what every answer carries.

The server is for this machine's browser only. A request under another host's name (DNS rebinding), a form of another
site and a body larger than any form of ours are refused here, before anything else runs.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import suppress
from http import HTTPStatus
from urllib.parse import urlsplit

from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from tenprint.web.log import note_refusal

MAX_BODY_BYTES = 64 * 1024
LARGE_BODY_BYTES = 16 * 1024 * 1024
"""Where a file may be sent: a card of fourteen uncompressed images has some 12 MB."""
MAX_LARGE_BODIES = 4
"""So many large bodies are in memory at once."""
PATIENCE_BYTES, PATIENCE_SECONDS = 64 * 1024 * 1024, 20.0
"""How much of a refused body is still taken off the line and thrown away, and for how long: a browser that is cut off
while it sends shows an error of its own, and nobody reads the sentence."""
READ_SECONDS = 20.0
"""How long a form may take to arrive: places for connections are few, and a form that never ends would keep one."""
HOSTS = frozenset({"127.0.0.1", "localhost"})
SAFE_METHODS = frozenset({"GET", "HEAD"})
CSP = (
    "default-src 'none'; script-src 'self'; connect-src 'self'; style-src 'self'; img-src 'self' data:; "
    "form-action 'self'; base-uri 'none'; "
    "frame-ancestors 'none'"
)
HEADERS = {
    "Content-Security-Policy": CSP,
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    # With `no-referrer` browsers would send `Origin: null` with our own forms.
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), microphone=(), geolocation=()",
}
Refuse = Callable[[HTTPStatus, str], Response]
"""Makes the page that says why."""


class Guard:
    """The outermost layer.

    Args:
        app: everything inside.
        refuse: makes the page of a refusal.
        large: addresses to which a file may be sent.
    """

    def __init__(self, app: ASGIApp, refuse: Refuse, large: frozenset[str] = frozenset()) -> None:
        self._app, self._refuse, self._large = app, refuse, large
        self._large_now = 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on, or answer it here."""
        if scope["type"] != "http":
            return
        headers = Headers(scope=scope)

        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                answer = MutableHeaders(scope=message)
                for name, value in HEADERS.items():
                    answer[name] = value
                answer.setdefault("Cache-Control", "no-store")
            await send(message)

        method = str(scope["method"])
        is_large = scope["path"] in self._large and method not in SAFE_METHODS
        body = _Body(receive, headers, LARGE_BODY_BYTES if is_large else MAX_BODY_BYTES)
        refusal = self._fault_of(method, headers)
        if refusal is None and is_large and self._large_now >= MAX_LARGE_BODIES:
            said = "Several files are arriving at this moment. Please try again in a few seconds."
            refusal = self._refuse(HTTPStatus.SERVICE_UNAVAILABLE, said)
        if refusal is None:
            self._large_now += is_large  # all of this runs in one thread, the event loop's
            try:
                refusal = await self._fault_of_body(body)
                if refusal is None and not body.is_cut_off:
                    await self._app(scope, _replayed(bytes(body.data), receive), send_with_headers)
            finally:
                self._large_now -= is_large
        # Whoever cut a form off is gone, and a part of a form is no form. A refused body keeps no place.
        if refusal is not None and not body.is_cut_off:
            note_refusal(refusal.status_code, "", "GET" if method in SAFE_METHODS else "POST")
            await body.throw_away()
            refusal.headers["Connection"] = "close"
            await refusal(scope, receive, send_with_headers)

    async def _fault_of_body(self, body: _Body) -> Response | None:
        try:
            async with asyncio.timeout(READ_SECONDS):
                is_taken = await body.read()
        except TimeoutError:
            body.is_given_up = True
            said = f"What was sent did not arrive within {READ_SECONDS:.0f} seconds. Nothing was changed."
            return self._refuse(HTTPStatus.REQUEST_TIMEOUT, said)
        said = f"What was sent is too large: at most {body.limit} bytes are taken."
        return None if is_taken else self._refuse(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, said)

    def _fault_of(self, method: str, headers: Headers) -> Response | None:
        host = headers.get("host", "")
        if (urlsplit(f"//{host}").hostname if _is_plain(host) else None) not in HOSTS:
            return self._refuse(HTTPStatus.BAD_REQUEST, "This server answers only under the name of this machine.")
        if method not in SAFE_METHODS and headers.get("origin") != f"http://{host}":
            return self._refuse(HTTPStatus.FORBIDDEN, "A form of another site, or of none, is not taken.")
        return None


def _is_plain(host: str) -> bool:
    name, _, port = host.partition(":")
    return name.replace(".", "").isalnum() and (port.isdecimal() or ":" not in host)


class _Body:
    """What is sent with a request.

    Args:
        receive: where it comes from.
        headers: of the request.
        limit: bytes that are taken at most.
    """

    def __init__(self, receive: Receive, headers: Headers, limit: int) -> None:
        self._receive, self.limit = receive, limit
        length = headers.get("content-length", "0")
        self._announced = int(length) if length.isdecimal() and len(length) <= 12 else PATIENCE_BYTES + 1
        self._is_complete = False
        self.is_cut_off = False
        """The connection ended before the body did."""
        self.is_given_up = False
        """It came too slowly; no more of it is waited for."""
        self.data = bytearray()

    async def read(self) -> bool:
        """Take it in; False when it is larger than allowed: no more than that is ever kept."""
        if self._announced > self.limit:
            return False
        while not self._is_complete:
            self.data += await self._next()
            if len(self.data) > self.limit:
                self.data = bytearray()
                return False
        return True

    async def throw_away(self) -> None:
        """Let what is left arrive without keeping it; what is larger than we have patience for is cut off."""
        left = PATIENCE_BYTES
        if self._announced > left or self.is_given_up:
            return
        with suppress(TimeoutError):
            async with asyncio.timeout(PATIENCE_SECONDS):
                while left > 0 and not self._is_complete:
                    left -= len(await self._next())

    async def _next(self) -> bytes:
        message = await self._receive()
        self.is_cut_off = message["type"] != "http.request"
        self._is_complete = self.is_cut_off or not message.get("more_body", False)
        part: bytes = message.get("body", b"")
        return part


def _replayed(body: bytes, receive: Receive) -> Receive:
    is_given = False

    async def replay() -> Message:
        nonlocal is_given
        if is_given:
            return await receive()
        is_given = True
        return {"type": "http.request", "body": body, "more_body": False}

    return replay
