"""What all pages of the console share: templates, sessions, forms, refusals."""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable, Mapping
from functools import cache
from http import HTTPStatus
from pathlib import Path
from typing import Any, NamedTuple

import jinja2
from fastapi import Request
from fastapi.responses import HTMLResponse, RedirectResponse
from starlette.concurrency import run_in_threadpool
from starlette.responses import Response

from tenprint.core.errors import TenprintError
from tenprint.policy.access import Verdict
from tenprint.web import words
from tenprint.web.codec import LateCodec
from tenprint.web.desk import Desk, Refusal
from tenprint.web.door import Door
from tenprint.web.proofs import Logs
from tenprint.web.sessions import Session, Sessions

COOKIE = "tenprint_session"
"""Name of the cookie; the consoles of single parties, of which several may run on one machine, add the party's."""
FORM_CONTENT = "application/x-www-form-urlencoded"
MAX_FIELDS = 60
HERE = Path(__file__).parent
NOT_A_FORM = "What was sent is not a form of this console."


class Route(NamedTuple):
    """One address: its path with names in braces, what answers it, and its method."""

    path: str
    answer: Callable[..., Response] | Callable[..., Awaitable[Response]]
    method: str = "GET"


class Console:
    """What pages are made with.

    Args:
        desk: the network.
        sessions: who is signed in.
        is_demo: roles can be taken without an account.
        door: where people sign in with name and password, outside of a demo.
    """

    def __init__(self, desk: Desk, sessions: Sessions, *, is_demo: bool, door: Door | None = None) -> None:
        self.desk, self.sessions, self.is_demo, self.door = desk, sessions, is_demo, door
        own = re.sub(r"[^A-Za-z0-9_-]", "-", desk.only_party)
        self.cookie = f"{COOKIE}_{own}" if own else COOKIE
        self.codec = LateCodec()
        self.logs = Logs()
        """The trees of the ledgers, for proofs; used while the network is held."""
        self.globals: dict[str, Any] = {}
        """What every template knows besides, by name; a page module adds its own when its routes are made."""

    def page(
        self, name: str, seat: Session | None, answer_status: int = HTTPStatus.OK, /, **values: Any
    ) -> HTMLResponse:
        """Return a page; every template knows who is signed in."""
        served = {"only_party": self.desk.only_party}
        known = self.globals | served | {"seat": seat, "is_demo": self.is_demo, "words": words} | values
        return HTMLResponse(_templates().get_template(f"{name}.html").render(known), status_code=answer_status)

    def refusal(
        self,
        status: HTTPStatus,
        sentence: str,
        code: str = "",
        seat: Session | None = None,
        verdict: Verdict | None = None,
    ) -> HTMLResponse:
        """Return the page that says in a sentence why something was refused, and by which access rule if it was one."""
        return self.page("refusal", seat, status, status=status, sentence=sentence, code=code, verdict=verdict)

    def session_of(self, request: Request) -> Session | None:
        """Return the request's session, or None; one whose account or password was changed ends here."""
        session = self.sessions.find(request.cookies.get(self.cookie, ""))
        if session is None or not session.is_signed_in or self.is_demo:
            return session
        if self.door is None or not self.door.still_knows(session):
            self.sessions.end(session)
            return None
        return session

    def visitor(self, request: Request) -> Session | None:
        """Return the request's session for what anybody may read, a refusal too; None while accounts cannot be read.

        Such a page stays readable, and shows nobody as signed in. The session waits until its account can be asked.
        """
        try:
            return self.session_of(request)
        except TenprintError:
            return None

    def seat_of(self, request: Request) -> Session:
        """Return the session of somebody who is signed in.

        Raises:
            Refusal: 401.
        """
        session = self.session_of(request)
        if session is None or not session.is_signed_in:
            raise Refusal(HTTPStatus.UNAUTHORIZED, "Nobody is signed in, or the session has expired. Please sign in.")
        return session

    def bound(self, session: Session | None, form: Mapping[str, str]) -> Session:
        """Return the session to which a form belongs.

        Raises:
            Refusal: 401 without a session, 403 when the form is not one of this session.
        """
        if session is None:
            raise Refusal(HTTPStatus.UNAUTHORIZED, "The session has expired. Please sign in. Nothing was changed.")
        if not session.owns(form.get("csrf", "")):
            raise Refusal(HTTPStatus.FORBIDDEN, "This form does not belong to your session. Nothing was changed.")
        return session

    def with_cookie(self, answer: Response, session: Session) -> Response:
        """Return the answer with the session's cookie."""
        # No `secure`: the server speaks plain HTTP, to this machine only.
        answer.set_cookie(self.cookie, session.token, path="/", httponly=True, samesite="strict")
        return answer


def taking_form(page: Callable[..., Response]) -> Callable[..., Awaitable[Response]]:
    """Return an endpoint for `page(request, form)`, or `page(request, form, **path)` with the names of its path."""

    async def taking(request: Request) -> Response:
        return await run_in_threadpool(page, request, await _form_of(request), **request.path_params)

    return taking


def go(path: str) -> RedirectResponse:
    """Return the answer to a form that was taken: go on with this page."""
    return RedirectResponse(path, status_code=HTTPStatus.SEE_OTHER)


async def _form_of(request: Request) -> dict[str, str]:
    """Return a form's fields, each given once.

    Raises:
        Refusal: 415 for another kind of body, an upload among them; 400 for a field given twice.
    """
    if request.headers.get("content-type", "").partition(";")[0].strip() != FORM_CONTENT:
        raise Refusal(HTTPStatus.UNSUPPORTED_MEDIA_TYPE, "This console takes forms only, and no files.")
    async with request.form(max_fields=MAX_FIELDS, max_files=0) as form:
        fields = [(name, text) for name, text in form.multi_items() if isinstance(text, str)]
    if len(fields) > MAX_FIELDS or len(dict(fields)) < len(fields):
        raise Refusal(HTTPStatus.BAD_REQUEST, NOT_A_FORM)
    return dict(fields)


@cache
def _templates() -> jinja2.Environment:
    """Return the templates, compiled once for the process: a changed file shows after a restart."""
    loader = jinja2.FileSystemLoader(HERE / "templates")
    return jinja2.Environment(loader=loader, autoescape=True, auto_reload=False, undefined=jinja2.StrictUndefined)
