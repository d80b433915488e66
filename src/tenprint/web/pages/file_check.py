"""The validation desk: anybody drops a file, sees what is in it and what is wrong; nothing is kept."""

from __future__ import annotations

import threading
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from http import HTTPStatus
from typing import TYPE_CHECKING

from fastapi import Request
from python_multipart.multipart import parse_options_header
from starlette.concurrency import run_in_threadpool
from starlette.datastructures import Headers, UploadFile
from starlette.formparsers import MultiPartException, MultiPartParser
from starlette.responses import Response

from tenprint.core.errors import SenderError, TenprintError
from tenprint.records.itl.reader import read
from tenprint.records.itl.table_model import ANY, MANY, FieldRule, Table
from tenprint.studies.example_file import example_file
from tenprint.web import file_check
from tenprint.web.console import Console, Route
from tenprint.web.desk import Refusal
from tenprint.web.guard import LARGE_BODY_BYTES

if TYPE_CHECKING:
    from tenprint.records.images import CodecPool

ADDRESS = "/check"
UPLOAD = "multipart/form-data"
PLACES = 2
"""So many files are looked at at once; whoever comes on top of them is told to try again."""
FILE_TYPE = "application/octet-stream"
EXAMPLE_NAME, REDACTED_NAME = "example.an2", "redacted.an2"
MAX_FIELDS, MAX_TEXT = 4, 1_024
NOT_THE_FORM = "What was sent is not the desk's form, or only a part of it has arrived."


@dataclass(frozen=True)
class _Sent:
    """What somebody sent: the file, the profile's name, and what is to be done (``check`` or ``redact``)."""

    data: bytes
    profile: str
    wish: str


class CheckPages:
    """The desk.

    Args:
        console: what pages are made with.
    """

    def __init__(self, console: Console) -> None:
        self._console = console
        self._places = threading.BoundedSemaphore(PLACES)

    def show(self, request: Request) -> Response:
        """Say what the desk does, what its profiles cover and do not know, and ask for a file."""
        return self._page(request)

    def example(self, request: Request) -> Response:
        """Show the desk's own example, made up, with faults in it."""
        return self._checked(request, _Sent(example_file(), file_check.FIRST_PROFILE, "check"), is_example=True)

    def example_bytes(self, request: Request) -> Response:
        """Give the example's bytes."""
        del request
        return _download(example_file(), EXAMPLE_NAME)

    def rules(self, request: Request, profile: str) -> Response:
        """Show a profile: every field's rule and every relation, each with an address of its own."""
        table = self._table(profile, HTTPStatus.NOT_FOUND)
        session = self._console.visitor(request)
        return self._console.page("check_rules", session, table=table, allowed=allowed, occurs=occurs)

    def take(self, request: Request, sent: _Sent) -> Response:
        """Look at a file, or give it back without its persons."""
        if not sent.data:
            return self._page(request, SenderError("FILE_EMPTY", "no file was chosen, or it is empty"), sent)
        return self._redacted(request, sent) if sent.wish == "redact" else self._checked(request, sent)

    def _checked(self, request: Request, sent: _Sent, *, is_example: bool = False) -> Response:
        table = self._table(sent.profile, HTTPStatus.BAD_REQUEST)
        with self._place() as codec:
            view = file_check.check(sent.data, table, codec)
        return self._page(request, None, sent, view=view, is_example=is_example)

    def _redacted(self, request: Request, sent: _Sent) -> Response:
        from tenprint.records.redaction import redact  # noqa: PLC0415 - loads Pillow

        table = self._table(sent.profile, HTTPStatus.BAD_REQUEST)
        try:
            with self._place() as codec:
                done = redact(read(sent.data), codec, profile=table)
        except TenprintError as problem:
            return self._page(request, problem, sent)
        return _download(done.data, REDACTED_NAME)

    def _page(
        self,
        request: Request,
        problem: TenprintError | None = None,
        sent: _Sent | None = None,
        *,
        view: file_check.FileView | None = None,
        is_example: bool = False,
    ) -> Response:
        return self._console.page(
            "check",
            self._console.visitor(request),
            HTTPStatus.OK if problem is None else HTTPStatus.UNPROCESSABLE_ENTITY,
            profiles=file_check.profiles(),
            chosen=sent.profile if sent else file_check.FIRST_PROFILE,
            view=view,
            problem=problem,
            is_example=is_example,
            megabytes=LARGE_BODY_BYTES >> 20,
        )

    def _table(self, name: str, status: HTTPStatus) -> Table:
        try:
            return file_check.profile_named(name)
        except SenderError as problem:
            raise Refusal(status, f"There is no such profile; {problem.hint}.", problem.code) from problem

    @contextmanager
    def _place(self) -> Iterator[CodecPool]:
        """Take one of the few places, with the codec's processes."""
        if not self._places.acquire(blocking=False):
            said = "Several files are being looked at at this moment. Please try again in a few seconds."
            raise Refusal(HTTPStatus.SERVICE_UNAVAILABLE, said, "DESK_BUSY")
        try:
            yield self._console.codec.pool()
        finally:
            self._places.release()


def allowed(rule: FieldRule) -> str:
    """Return what a field may hold, in words."""
    longest = f"to {rule.longest}" if rule.longest < MANY else "or more"
    length = f"{rule.shortest} {longest} characters" if rule.shortest or rule.longest < MANY else ""
    if rule.shortest == rule.longest:
        length = f"{rule.longest} characters"
    day = {"date": "a day, YYYYMMDD", "zero": "a day, YYYYMMDD, or eight zeros"}.get(rule.date, "")
    codes = f"a code of table {rule.codes}" if rule.codes else ""
    items = "items " + ", ".join(item.mnemonic for item in rule.items) if rule.items else ""
    return "; ".join(part for part in (length, day, codes, items) if part) or "anything"


def occurs(rule: FieldRule) -> str:
    """Return how often a field occurs in which type of transaction."""
    return "; ".join(
        f"{'all others' if tot == ANY and len(rule.occurs) > 1 else 'all' if tot == ANY else tot}: {_span(*span)}"
        for tot, span in rule.occurs.items()
    )


def _span(fewest: int, most: int) -> str:
    if most == 0:
        return "not allowed"
    return f"{fewest} or more" if most >= MANY else str(most) if fewest == most else f"{fewest} to {most}"


def _download(data: bytes, name: str) -> Response:
    return Response(data, media_type=FILE_TYPE, headers={"Content-Disposition": f'attachment; filename="{name}"'})


def _taking_file(page: Callable[[Request, _Sent], Response]) -> Callable[[Request], Awaitable[Response]]:
    """Return an endpoint for `page(request, sent)`; the file is held in memory and never written to a disk."""

    async def taking(request: Request) -> Response:
        return await run_in_threadpool(page, request, await _sent_of(request))

    return taking


async def _sent_of(request: Request) -> _Sent:
    """Return what the desk's form holds.

    Raises:
        Refusal: 415 for another kind of body, 400 for one that is no such form.
    """
    kind, options = parse_options_header(request.headers.get("content-type", ""))
    if kind.lower() != UPLOAD.encode():
        raise Refusal(HTTPStatus.UNSUPPORTED_MEDIA_TYPE, "The desk takes the file of its own form.")
    boundary = options.get(b"boundary", b"")
    # Nothing else of that header goes on: whoever names a character set would choose what decodes the fields.
    headers = Headers({"content-type": f"{UPLOAD}; boundary={boundary.decode('latin-1')}"})
    whole = await request.body()
    if not boundary or not whole.rstrip(b"\r\n").endswith(b"--" + boundary + b"--"):
        raise Refusal(HTTPStatus.BAD_REQUEST, NOT_THE_FORM)
    parser = MultiPartParser(headers, request.stream(), max_files=1, max_fields=MAX_FIELDS, max_part_size=MAX_TEXT)
    parser.spool_max_size = LARGE_BODY_BYTES + 1  # larger than any body that comes so far: nothing goes to a disk
    try:
        form = await parser.parse()
    except (MultiPartException, UnicodeError) as problem:
        raise Refusal(HTTPStatus.BAD_REQUEST, NOT_THE_FORM) from problem
    try:
        file = form.get("file")
        data = await file.read() if isinstance(file, UploadFile) else b""
        texts = {name: text for name, text in form.items() if isinstance(text, str)}
    finally:
        await form.close()
    return _Sent(data, texts.get("profile", file_check.FIRST_PROFILE), texts.get("do", "check"))


def routes(console: Console) -> list[Route]:
    """Return the addresses of this group."""
    pages = CheckPages(console)
    return [
        Route(ADDRESS, pages.show),
        Route(ADDRESS, _taking_file(pages.take), "POST"),
        Route(f"{ADDRESS}/example", pages.example),
        Route(f"{ADDRESS}/{EXAMPLE_NAME}", pages.example_bytes),
        Route(f"{ADDRESS}/rules/{{profile}}", pages.rules),
    ]
