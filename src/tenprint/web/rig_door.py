"""The rig's HTTPS door: submissions in, answers out, acknowledgements in, and a page for the people who watch.

Every refusal is JSON: ``{"code", "message", "hint", "field"}``. Nothing of a submission is said back but its number.
"""

from __future__ import annotations

import asyncio
import base64
import hmac
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import suppress
from pathlib import Path

import jinja2
from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request
from starlette.responses import HTMLResponse, JSONResponse, PlainTextResponse, Response, StreamingResponse
from starlette.routing import Mount, Route
from starlette.staticfiles import StaticFiles
from starlette.types import ASGIApp

from tenprint.core.clock import Clock
from tenprint.core.errors import RecordError, SenderError, StorageError, TenprintError
from tenprint.studies.rig_answers import TAKEN, Answer
from tenprint.studies.rig_report import report_of
from tenprint.studies.rig_session import MAX_BYTES, Rig

HERE = Path(__file__).parent
CONTENT_TYPES = ("application/octet-stream", "application/vnd.tenprint.ebts")
HOSTS = frozenset({"127.0.0.1", "localhost"})
STATUS = {
    "RIG_TOKEN": 401, "RIG_HOST": 403, "RIG_NO_ANSWER": 404, "RIG_NO_PAGE": 404, "RIG_METHOD": 405, "RIG_TOO_SLOW": 408,
    "RIG_ACKNOWLEDGED": 409, "RIG_TOO_LARGE": 413, "RIG_CONTENT_TYPE": 415, "RIG_BUSY": 503,
}  # fmt: skip
BODY_SECONDS = 120.0
"""How long a body may take; the largest one comes at 550 kB/s then."""
STALL_SECONDS = 10.0
MAX_AT_ONCE = 4
"""Bodies that are in memory at once."""
LONGEST_WAIT_SECONDS, POLL_SECONDS, PIECE_SECONDS = 20.0, 0.1, 0.1
DRAIN_BYTES, DRAIN_SECONDS = 8 * 1024 * 1024, 2.0
SECURITY = {
    "Content-Security-Policy": "default-src 'none'; style-src 'self'; img-src 'self'; base-uri 'none'; "
    "form-action 'none'; frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "no-store",
}
Handler = Callable[[Request], Awaitable[Response]]


class RigDoor:
    """The web application of a rig.

    Args:
        rig: that is played. token: what a client must say. clock: what tells the time.
        body_seconds, stall_seconds: instead of the usual ones, for tests.
    """

    def __init__(
        self,
        rig: Rig,
        token: str,
        clock: Clock,
        *,
        body_seconds: float = BODY_SECONDS,
        stall_seconds: float = STALL_SECONDS,
    ) -> None:
        self._rig, self._clock = rig, clock
        self._token = f"Bearer {token}".encode()
        self._body_seconds, self._stall_seconds = body_seconds, stall_seconds
        self._bodies = 0
        self.is_ending = False
        loader = jinja2.FileSystemLoader(HERE / "templates")
        self._pages = jinja2.Environment(loader=loader, autoescape=True, undefined=jinja2.StrictUndefined)

    def app(self) -> ASGIApp:
        """Return the application."""
        routes: list[Route | Mount] = [
            Route("/", self._open(self._page), methods=["GET"]),
            Route("/submissions", self._closed(self._submit), methods=["POST"]),
            Route("/answers", self._closed(self._waiting), methods=["GET"]),
            Route("/answers/{id}", self._closed(self._answer), methods=["GET"]),
            Route("/answers/{id}", self._closed(self._taken), methods=["DELETE"]),
            Route("/answers/{id}/taken", self._closed(self._taken), methods=["POST"]),
            Route("/report", self._closed(self._report), methods=["GET"]),
            Mount("/static", StaticFiles(directory=HERE / "static")),
        ]
        app = Starlette(routes=routes)
        app.add_exception_handler(HTTPException, self._lost)
        return app

    def _closed(self, handler: Handler) -> Handler:
        """Let in who knows the token."""

        async def guarded(request: Request) -> Response:
            said = request.headers.get("authorization", "").encode("latin-1", "replace")
            if not hmac.compare_digest(said, self._token):
                hint = "send the header Authorization: Bearer TOKEN; the rig printed its token when it began"
                raise SenderError("RIG_TOKEN", "the client's token is missing or another one", hint=hint)
            return await handler(request)

        return self._open(guarded)

    def _open(self, handler: Handler) -> Handler:
        async def answered(request: Request) -> Response:
            try:
                return await handler(request)
            except ClientDisconnect:
                return Response(status_code=400)
            except TenprintError as problem:
                await self._note(problem)
                await _drain(request)
                return refusal(problem)

        return answered

    async def _note(self, problem: TenprintError) -> None:
        with suppress(StorageError):
            await run_in_threadpool(self._rig.note_refusal, problem.code, self._clock.now())

    async def _lost(self, request: Request, problem: Exception) -> Response:
        del request
        if isinstance(problem, HTTPException) and problem.status_code == 405:
            return refusal(SenderError("RIG_METHOD", "this address does not take that method"))
        hint = "there are /submissions, /answers, /answers/ID, /answers/ID/taken and /report"
        return refusal(SenderError("RIG_NO_PAGE", "there is nothing at this address", hint=hint))

    async def _submit(self, request: Request) -> Response:
        kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
        if kind not in CONTENT_TYPES:
            message = "a submission is sent as the bytes of one EBTS file"
            raise SenderError("RIG_CONTENT_TYPE", message, hint="Content-Type: " + " or ".join(CONTENT_TYPES))
        length = request.headers.get("content-length", "")
        if length.isdecimal() and int(length[:20]) > MAX_BYTES:
            raise _too_large()
        if self._bodies >= MAX_AT_ONCE:
            raise StorageError("RIG_BUSY", "too many submissions are on their way", hint="try again in a second")
        self._bodies += 1
        try:
            data = await self._body(request)
            receipt = await run_in_threadpool(self._rig.receive, data, self._clock.now(), "https")
        finally:
            self._bodies -= 1
        return JSONResponse({"id": f"s{receipt.number:04d}", "repeat": receipt.is_repeat}, 202)

    async def _body(self, request: Request) -> bytes:
        """Return the body; one that is too long or too slow is given up as soon as this shows."""
        parts: list[bytes] = []
        size = 0
        try:
            async with asyncio.timeout(self._body_seconds):
                stream = aiter(request.stream())
                while True:
                    async with asyncio.timeout(self._stall_seconds):
                        part = await anext(stream, None)
                    if part is None:
                        return b"".join(parts)
                    size += len(part)
                    if size > MAX_BYTES:
                        raise _too_large()
                    parts.append(part)
        except TimeoutError as problem:
            raise SenderError("RIG_TOO_SLOW", "the submission came too slowly") from problem

    async def _waiting(self, request: Request) -> Response:
        loop, wait = asyncio.get_running_loop(), _seconds(request.query_params.get("wait", "0"))
        until = loop.time() + wait
        while True:
            answers = await run_in_threadpool(self._rig.waiting, self._clock.now())
            if answers or loop.time() >= until or self.is_ending or await request.is_disconnected():
                break
            await asyncio.sleep(POLL_SECONDS)
        if "text/plain" in request.headers.get("accept", ""):
            lines = ("\t".join((a.id, a.digest, a.tcn, a.tcr or "-", a.tot)) + "\n" for a in answers)
            return PlainTextResponse("".join(lines))
        return JSONResponse({"answers": [_listed(a) for a in answers]})

    async def _answer(self, request: Request) -> Response:
        answer = await run_in_threadpool(self._rig.fetch, request.path_params["id"], self._clock.now())
        headers = {
            "Repr-Digest": f"sha-256=:{base64.b64encode(bytes.fromhex(answer.digest)).decode()}:",
            "Content-Length": str(len(answer.data)),
            **SECURITY,
        }
        return StreamingResponse(self._sent(answer), headers=headers, media_type=answer.content_type)

    async def _sent(self, answer: Answer) -> AsyncIterator[bytes]:
        """Yield the answer's bytes; it counts as fetched when only the last piece is left to send."""
        step = -(-len(answer.data) // answer.pieces)
        for place in range(0, len(answer.data), step):
            if place + step >= len(answer.data):
                await run_in_threadpool(self._rig.note_fetched, answer, self._clock.now())
            yield answer.data[place : place + step]
            if answer.pieces > 1:
                await asyncio.sleep(PIECE_SECONDS)

    async def _taken(self, request: Request) -> Response:
        answer_id, outcome = request.path_params["id"], request.query_params.get("as", TAKEN)
        await run_in_threadpool(self._rig.acknowledge, answer_id, outcome, self._clock.now())
        return JSONResponse({"id": answer_id, "as": outcome})

    async def _report(self, request: Request) -> Response:
        del request
        return JSONResponse(await run_in_threadpool(report_of, self._rig, self._clock.now()))

    async def _page(self, request: Request) -> Response:
        if request.headers.get("host", "").rpartition(":")[0] not in HOSTS:
            raise SenderError(
                "RIG_HOST", "the page is for this machine only", hint="open https://127.0.0.1 and the port"
            )
        report = await run_in_threadpool(report_of, self._rig, self._clock.now())
        return HTMLResponse(self._pages.get_template("rig.html").render(report=report), headers=SECURITY)


def refusal(problem: TenprintError) -> Response:
    """Return what a client is told that is refused."""
    usual = 400 if isinstance(problem, (SenderError, RecordError)) else 503
    status = STATUS.get(problem.code, usual)
    told = {"code": problem.code, "message": problem.message, "hint": problem.hint, "field": problem.field}
    more: Mapping[str, str] = {401: {"WWW-Authenticate": "Bearer"}, 503: {"Retry-After": "1"}}.get(status, {})
    return JSONResponse(told, status, {**SECURITY, **more})


async def _drain(request: Request) -> None:
    """Take some of a refused body off the line: a client that is cut off while it sends never reads why."""
    left = DRAIN_BYTES
    with suppress(Exception):
        async with asyncio.timeout(DRAIN_SECONDS):
            async for part in request.stream():
                left -= len(part)
                if left < 0:
                    return


def _listed(answer: Answer) -> dict[str, str]:
    names = ("id", "tot", "tcn", "tcr", "content_type")
    return {name: getattr(answer, name) for name in names} | {"sha256": answer.digest}


def _seconds(text: str) -> float:
    if not (text.isascii() and text.isdecimal() and len(text) <= 4):
        raise SenderError("RIG_WAIT", "wait is a number of seconds", hint="such as /answers?wait=20", field="wait")
    return min(float(text), LONGEST_WAIT_SECONDS)


def _too_large() -> SenderError:
    return SenderError("RIG_TOO_LARGE", f"a submission has at most {MAX_BYTES} bytes")
