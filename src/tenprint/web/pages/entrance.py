"""The way in: what this is, signing in, signing out."""

from __future__ import annotations

from collections.abc import Mapping
from http import HTTPStatus

from fastapi import Request
from fastapi.responses import HTMLResponse
from starlette.responses import Response

from tenprint.core.errors import SenderError, TenprintError
from tenprint.exchange.tasks.answers import official_name
from tenprint.web.console import COOKIE, Console, Route, go, taking_form
from tenprint.web.desk import Refusal
from tenprint.web.sessions import Session

MAX_NAME = 80


class Entrance:
    """Start page and sign-in.

    Args:
        console: what pages are made with.
    """

    def __init__(self, console: Console) -> None:
        self._console = console

    def start(self, request: Request) -> Response:
        """Say what this is and who is signed in."""
        return self._console.page("start", self._console.session_of(request))

    def sign_in_form(self, request: Request) -> Response:
        """Show the sign-in form; a browser without a session gets one, to which the form is bound."""
        session = self._console.session_of(request) or self._console.sessions.start()
        return self._console.with_cookie(self._sign_in_page(session), session)

    def sign_in(self, request: Request, form: Mapping[str, str]) -> Response:
        """Let a person take a role in a demo, under a new token."""
        if not self._console.is_demo:
            raise Refusal(HTTPStatus.FORBIDDEN, "Accounts are not built yet: nobody can sign in.")
        session = self._console.bound(self._console.session_of(request), form)
        party, name = form.get("party", ""), form.get("name", "")
        try:
            name = self._admitted(party, name)
        except SenderError as problem:
            return self._sign_in_page(session, problem, HTTPStatus.UNPROCESSABLE_ENTITY)
        self._console.sessions.end(session)
        return self._console.with_cookie(go("/queue"), self._console.sessions.start(party, name))

    def sign_out(self, request: Request, form: Mapping[str, str]) -> Response:
        """End the session here, not only in the browser."""
        self._console.sessions.end(self._console.bound(self._console.session_of(request), form))
        answer = go("/")
        answer.delete_cookie(COOKIE, path="/", httponly=True, samesite="strict")
        return answer

    def _admitted(self, party: str, name: str) -> str:
        if party not in dict(self._console.desk.parties()):
            raise SenderError("ROLE_MISSING", "choose one of the roles")
        if len(name) > MAX_NAME:
            raise SenderError("NAME_TOO_LONG", f"a name has at most {MAX_NAME} characters")
        return official_name(name)

    def _sign_in_page(
        self, session: Session, problem: TenprintError | None = None, status: int = HTTPStatus.OK
    ) -> HTMLResponse:
        return self._console.page("sign_in", session, status, parties=self._console.desk.parties(), problem=problem)


def routes(console: Console) -> list[Route]:
    """Return the addresses of this group."""
    pages = Entrance(console)
    return [
        Route("/", pages.start),
        Route("/sign-in", pages.sign_in_form),
        Route("/sign-in", taking_form(pages.sign_in), "POST"),
        Route("/sign-out", taking_form(pages.sign_out), "POST"),
    ]
