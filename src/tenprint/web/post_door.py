"""A party's door for the other parties' messages: POST /post takes a signed envelope in, GET /health says it is there.

POST /cosign shows a witness a checkpoint (`ledger.witness`).

In this order, so that a stranger costs as little as possible: the headers (form, size, whose signature, how fresh), the
envelope's own header with its signature, and only then the body, which goes to a file while it is hashed once it is
longer than what a database row holds. What comes in is `dispatch.accept`'s to judge; nothing here decides.
"""

from __future__ import annotations

import asyncio
import hashlib
import json
import logging
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from tempfile import NamedTemporaryFile
from typing import IO, Any, Protocol, TypeVar

import anyio
from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, Response
from starlette.types import Message, Receive, Scope, Send

from tenprint.core.errors import RecordError, SenderError, StorageError, TenprintError
from tenprint.exchange import dispatch
from tenprint.exchange.model import signed_request as signing
from tenprint.exchange.model.directory import EXPIRED, NOT_YET
from tenprint.exchange.model.envelope import MAX_HEADER_BYTES, Heading
from tenprint.exchange.ports import Node
from tenprint.ledger.witness import MAX_REQUEST_BYTES
from tenprint.web.log import as_fields

MAX_MESSAGE_BYTES = 64 * 1024 * 1024
HELD_BYTES = 65_536
"""Bodies up to this size are held in memory, a thousand of them if need be; longer ones go to a file as they come."""
STALL_SECONDS = 10.0
"""How long a body may stand still."""
SLOWEST_BYTES_PER_SECOND = 16_384
"""A body that comes more slowly over its whole length is refused: 64 MiB take about 70 minutes then."""
FIRST_SECONDS = 10.0
"""What every body may take, however short."""
WRITERS = 8
"""Messages that are taken in at the same time; the database has one writer, and a waiting one holds a connection."""
RETRY_SECONDS = 1
LINGER_SECONDS = 1.0
LINGER_BYTES = 4 * 1024 * 1024
"""How long, and how far, a body that is refused is read on."""
STATUS = {
    "MESSAGE_TOO_LARGE": 413, "LENGTH_MISSING": 411, "CONTENT_TYPE": 415, "BODY_TOO_SLOW": 408,
    "SIGNATURE_MISSING": 401, "SIGNATURE_FORM": 401, "SIGNATURE_COMPONENT": 401, "SIGNATURE_INVALID": 401,
    "UNKNOWN_SENDER": 401, EXPIRED: 401, NOT_YET: 401, signing.NOT_FRESH: 401,
    "KIND_NOT_ACCEPTED": 403, "WRONG_RECIPIENT": 404, "NOT_FOUND": 404, "METHOD": 405, "MESSAGE_ID_REUSED": 409,
}  # fmt: skip
"""HTTP status by code; other refusals are 400, and what the operator must mend is 503."""
_T = TypeVar("_T")
_log = logging.getLogger("tenprint.post")


class Shelf(Protocol):
    """Where long bodies go: the part of `adapters.blobs.FileBlobs` that a door needs."""

    def spool_folder(self) -> Path:
        """Return the folder for what is still arriving."""
        ...

    def adopt(self, spooled: Path, digest: str) -> None:
        """Keep a whole file durably under its hash."""
        ...


@dataclass
class PostDoor:
    """The ASGI application of one party's door.

    Args:
        node: whose door.
        shelf: its blobs.
        ring: called after a message was taken in, so that the worker need not look for it.
        is_well: tells whether the party's worker runs.
        stall_seconds, first_seconds: instead of the usual ones, for tests.
    """

    node: Node
    shelf: Shelf
    ring: Callable[[], None]
    is_well: Callable[[], bool] = lambda: True
    stall_seconds: float = STALL_SECONDS
    first_seconds: float = FIRST_SECONDS
    _writers: anyio.CapacityLimiter | None = field(default=None, init=False)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] != "http":
            return
        arrival = _Arrival()

        async def receive_noted() -> Message:
            message = await receive()
            arrival.is_read |= message["type"] == "http.request" and not message.get("more_body", False)
            return message

        request = Request(scope, receive_noted)
        try:
            response = await self._answer(request, arrival)
        except ClientDisconnect:
            return
        except TenprintError as problem:
            self._note(problem.code, arrival)
            response = refusal(problem)
        except Exception as problem:  # noqa: BLE001 - a fault of ours: said without what was sent, tried again later
            told = {"event": "post_failed", "party": self.node.party.id, "code": type(problem).__name__}
            _log.error("%s", json.dumps(told), extra=as_fields(told))
            response = refusal(StorageError("DOOR_FAILED", "this door has a fault; the message was not taken in"))
        if not arrival.is_read:
            response.headers["connection"] = "close"
            await _answer_before_the_end(response, receive, send)
            return
        await response(scope, receive, send)

    async def _answer(self, request: Request, arrival: _Arrival) -> Response:
        path, method = request.url.path, request.method
        if path == "/health" and method == "GET":
            arrival.is_read = True
            return self._health()
        if path not in ("/post", "/cosign"):
            raise SenderError("NOT_FOUND", "there is nothing at this address", hint="post to /post")
        if method != "POST":
            raise SenderError("METHOD", "messages come by POST")
        if path == "/cosign":
            return Response(await self._cosign(request, arrival), media_type="text/plain")
        receipt = await self._take(request, arrival)
        return Response(receipt, media_type="application/json")

    def _health(self) -> Response:
        party, well = self.node.party, self.is_well()
        told = {"party": party.id, "role": str(party.role), "ok": well}
        return JSONResponse(told, 200 if well else 503)

    async def _cosign(self, request: Request, arrival: _Arrival) -> bytes:
        """Show this party a checkpoint of the log that it witnesses; the answer is its signature line."""
        target, body = self._begun(request, arrival, signing.COSIGN_CONTENT, MAX_REQUEST_BYTES)
        data = b"".join([part async for part in body.rest()])
        if len(data) != arrival.size or hashlib.sha256(data).hexdigest() != signing.digest_of(target):
            raise digest_differs()
        return await self._in_thread(partial(dispatch.cosign, self.node, data))

    def _begun(self, request: Request, arrival: _Arrival, content: str, most: int) -> tuple[signing.Target, _Body]:
        """Judge a request by its headers alone: form, size, whose signature, how fresh; return it and its body."""
        target = target_of(request)
        arrival.size = size_of(target, content)
        if arrival.size > most:
            raise SenderError("MESSAGE_TOO_LARGE", f"at most {most} bytes are taken here")
        arrival.sender = self._verified_sender(target)
        return target, _Body(request, arrival.size, self.stall_seconds, self.first_seconds)

    async def _take(self, request: Request, arrival: _Arrival) -> bytes:
        target, body = self._begun(request, arrival, signing.ENVELOPE_CONTENT, MAX_MESSAGE_BYTES)
        head = await body.head()
        heading = Heading.of_head(head)
        if heading.sender != arrival.sender:
            raise SenderError("SENDER_DIFFERS", "who signed the request is not who sends the envelope")
        dispatch.verify_sender(self.node.services, heading)
        if len(head) + 1 + heading.body_size != arrival.size:
            raise RecordError("ENVELOPE_INVALID", "the body has not the size that its header names", field="body")
        digest = signing.digest_of(target)
        if heading.body_size <= HELD_BYTES:
            receipt = await self._take_short(body, head, digest)
        else:
            receipt = await self._take_long(body, head, heading, digest)
        self.ring()
        return receipt

    def _verified_sender(self, target: signing.Target) -> str:
        found = signing.read_signature(target.headers)
        signing.ensure_profile(found)
        try:
            sender = self.node.services.directory.party(found.key_id)
        except SenderError as problem:
            raise SenderError("UNKNOWN_SENDER", "the signature's keyid is no party of this network") from problem
        now = self.node.services.clock.now()
        sender.ensure_signed(signing.signature_base(target, found.components, found.parameters), found.signature, now)
        found.ensure_fresh(now)
        return found.key_id

    async def _take_short(self, body: _Body, head: bytes, digest: str) -> bytes:
        wire = head + b"\n" + b"".join([part async for part in body.rest()])
        if hashlib.sha256(wire).hexdigest() != digest:
            raise digest_differs()
        return await self._in_thread(partial(dispatch.accept, self.node, wire))

    async def _take_long(self, body: _Body, head: bytes, heading: Heading, digest: str) -> bytes:
        whole, alone = hashlib.sha256(head + b"\n"), hashlib.sha256()
        folder = await self._in_thread(self.shelf.spool_folder)
        file = await self._in_thread(partial(_spool_file, folder))
        path = Path(file.name)
        try:
            with file:
                async for part in body.rest():
                    whole.update(part)
                    alone.update(part)
                    await self._in_thread(partial(_write, file, part))
            if whole.hexdigest() != digest:
                raise digest_differs()
            if alone.hexdigest() != heading.body_sha256:
                raise RecordError("ENVELOPE_INVALID", "the body has not the hash that its header names", field="body")
            return await self._in_thread(partial(self._keep, path, heading, digest))
        finally:
            path.unlink(missing_ok=True)

    def _keep(self, path: Path, heading: Heading, digest: str) -> bytes:
        self.shelf.adopt(path, heading.body_sha256)
        return dispatch.accept_kept(self.node, heading.of_wire(digest))

    async def _in_thread(self, work: Callable[[], _T]) -> _T:
        if self._writers is None:
            self._writers = anyio.CapacityLimiter(WRITERS)
        return await anyio.to_thread.run_sync(work, limiter=self._writers)

    def _note(self, code: str, arrival: _Arrival) -> None:
        told: dict[str, Any] = {"event": "post_refused", "party": self.node.party.id, "code": code}
        told |= {"sender": arrival.sender, "bytes": arrival.size}
        _log.warning("%s", json.dumps(told), extra=as_fields(told))


@dataclass
class _Arrival:
    """What is known of a request so far: for the log, and for whether the connection can be used again."""

    sender: str = ""
    size: int = 0
    is_read: bool = False


class _Body:
    """A request's body, part by part, within its time: first the envelope's header, then the rest."""

    def __init__(self, request: Request, size: int, stall_seconds: float, first_seconds: float) -> None:
        self._parts = request.stream()
        self._begun = b""
        self._stall_seconds = stall_seconds
        self._ends_at = asyncio.get_running_loop().time() + first_seconds + size / SLOWEST_BYTES_PER_SECOND

    async def head(self) -> bytes:
        """Return the envelope's header, without its line feed."""
        while b"\n" not in self._begun:
            if len(self._begun) > MAX_HEADER_BYTES:
                break
            part = await self._next()
            if part is None:
                break
            self._begun += part
        head, found, self._begun = self._begun.partition(b"\n")
        if not found:
            raise RecordError("ENVELOPE_INVALID", "this is no message: its header has no end")
        return head

    async def rest(self) -> AsyncIterator[bytes]:
        """Yield what follows the header."""
        part: bytes | None = self._begun
        while part is not None:
            if part:
                yield part
            part = await self._next()

    async def _next(self) -> bytes | None:
        now = asyncio.get_running_loop().time()
        try:
            async with asyncio.timeout_at(min(now + self._stall_seconds, self._ends_at)):
                return await anext(self._parts, None)
        except TimeoutError as problem:
            raise SenderError("BODY_TOO_SLOW", "the body comes too slowly", hint="send it again, faster") from problem


def target_of(request: Request) -> signing.Target:
    """Return what a request says besides its body.

    Raises:
        SenderError: ``SIGNATURE_FORM`` when a header stands twice: which one was signed could not be told.
    """
    headers: dict[str, str] = {}
    for name, value in request.headers.items():
        if name in headers and name in {"host", "content-type", "content-digest", "signature", "signature-input"}:
            raise SenderError("SIGNATURE_FORM", "a header that the signature needs stands twice", field=name)
        headers[name] = value
    path = request.scope.get("raw_path", b"/").decode("ascii", "replace")
    return signing.Target(request.method, headers.get("host", ""), path, headers)


def size_of(target: signing.Target, content: str) -> int:
    """Return how long the body is to be, which is of the media type `content`.

    Raises:
        SenderError: ``CONTENT_TYPE`` or ``LENGTH_MISSING``.
    """
    if target.headers.get("content-type") != content:
        raise SenderError("CONTENT_TYPE", f"what comes here is posted as {content}", field="content-type")
    text = target.headers.get("content-length", "")
    if "transfer-encoding" in target.headers:  # beside a length: whoever stands between may read another one
        text = ""
    if not text.isascii() or not text.isdigit() or len(text) > 15:
        raise SenderError("LENGTH_MISSING", "a message is posted with its Content-Length", field="content-length")
    return int(text)


def refusal(problem: TenprintError) -> JSONResponse:
    """Return the answer that tells a sender what was wrong, and whose move it is."""
    status = STATUS.get(problem.code, 400)
    if isinstance(problem, StorageError):
        status = 503
    told: dict[str, Any] = {
        "code": problem.code,
        "message": problem.message,
        "hint": problem.hint,
        "field": problem.field,
    }
    # What the operator must mend is told to him (in the log), not to the other party, whose move it is not.
    if isinstance(problem, StorageError):
        told |= {"message": "this door cannot keep the message now", "hint": "send it again later"}
    return JSONResponse(told, status, headers={"retry-after": str(RETRY_SECONDS)} if status == 503 else None)


def digest_differs() -> SenderError:
    """Return the refusal of a body that is not the one that was announced."""
    sentence = "the body is not the one that Content-Digest announces"
    return SenderError("CONTENT_DIGEST", sentence, field="content-digest")


async def _answer_before_the_end(response: Response, receive: Receive, send: Send) -> None:
    """Send an answer while the body is still coming, and read on for a moment, so that the answer gets through.

    A connection that is closed with unread bytes is reset, and a reset takes the answer away from who would read it.
    """
    await send({"type": "http.response.start", "status": response.status_code, "headers": response.raw_headers})
    await send({"type": "http.response.body", "body": bytes(response.body), "more_body": True})
    try:
        async with asyncio.timeout(LINGER_SECONDS):
            more, read = True, 0
            while more and read < LINGER_BYTES:
                message = await receive()
                read += len(message.get("body", b""))
                more = message["type"] == "http.request" and message.get("more_body", False)
    except TimeoutError:
        pass
    await send({"type": "http.response.body", "body": b"", "more_body": False})


def _spool_file(folder: Path) -> IO[bytes]:
    return NamedTemporaryFile(dir=folder, prefix="post-", suffix=".part", delete=False)


def _write(file: IO[bytes], part: bytes) -> None:
    file.write(part)
