"""The public page of the network: nobody signs in for it, and it tells of nobody."""

from __future__ import annotations

import threading
import time
from http import HTTPStatus

from fastapi import Request
from fastapi.responses import JSONResponse, PlainTextResponse
from starlette.responses import Response

from tenprint.core.errors import TenprintError
from tenprint.policy.access import Action
from tenprint.web import public_view
from tenprint.web.console import Console, Route
from tenprint.web.desk import Refusal
from tenprint.web.looking import not_at_hand
from tenprint.web.public_view import NetworkView, Published, period_of, twin, view_of
from tenprint.web.sessions import Session

FRESH_SECONDS = 10
"""For so long nobody's visit asks the network anything, so that many visitors cost no more than one."""
UNPUBLISHED = "No checkpoint of this party is published yet: its ledger is short, or none was signed."


class PublicPages:
    """The network's page and its checkpoints.

    Args:
        console: what pages are made with.
    """

    def __init__(self, console: Console) -> None:
        self._console = console
        self._lock = threading.Lock()
        self._view: NetworkView | None = None
        self._asked_at = 0.0
        self._published = Published()

    def network(self, request: Request) -> Response:
        """Show who takes part, under which rules, how much happens, and how to check it."""
        session = self._console.visitor(request)
        answer = self._console.page("network", session, view=self._fresh(session), rules=public_view)
        # The page's head says who is signed in, so only what is told to nobody in particular may be kept by others.
        answer.headers["Cache-Control"] = f"private, max-age={FRESH_SECONDS}"
        return answer

    def as_json(self, request: Request) -> Response:
        """Give the same as JSON."""
        del request
        return JSONResponse(twin(self._fresh(None)), headers=_public())

    def checkpoint(self, request: Request, party: str) -> Response:
        """Give a party's published checkpoint as the signed note that it is."""
        del request
        found = next((member for member in self._fresh(None).members if member.party.id == party), None)
        if found is None or not found.is_at_hand:
            raise not_at_hand(self._console.desk, party)
        if not found.note:
            raise Refusal(HTTPStatus.NOT_FOUND, UNPUBLISHED)
        return PlainTextResponse(found.note, headers=_public())

    def _fresh(self, seat: Session | None) -> NetworkView:
        for party, _ in self._console.desk.parties():
            self._console.desk.require(seat, Action.READ_NETWORK, party)
        with self._lock:
            if self._view is None or time.monotonic() - self._asked_at > FRESH_SECONDS:
                self._view = self._of_this_period(self._view)
                self._asked_at = time.monotonic()
            return self._view

    def _of_this_period(self, view: NetworkView | None) -> NetworkView:
        """Return what is published: what was counted at the first look of this period, whatever came since."""
        try:
            with self._console.desk.at_work() as house:
                is_due = view is None or period_of(house.clock.now()) > period_of(view.now)
                return view_of(house, self._published) if is_due or view is None else view
        except TenprintError:
            if view is None:
                raise
            return view  # with the day on which it was counted


def _public() -> dict[str, str]:
    return {"Cache-Control": f"public, max-age={FRESH_SECONDS}"}


def routes(console: Console) -> list[Route]:
    """Return the addresses of this group."""
    pages = PublicPages(console)
    return [
        Route("/network", pages.network),
        Route("/network.json", pages.as_json),
        Route("/network/checkpoints/{party}", pages.checkpoint),
    ]
