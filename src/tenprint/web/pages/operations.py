"""Operations: how each party's work stands, what was given up, and the button that tries it again."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from http import HTTPStatus

from fastapi import Request
from fastapi.responses import JSONResponse
from starlette.responses import Response

from tenprint.core.errors import TenprintError
from tenprint.exchange import dispatch
from tenprint.policy.access import Action
from tenprint.web.console import Console, Route, go, taking_form
from tenprint.web.desk import Refusal
from tenprint.web.looking import not_at_hand
from tenprint.web.operations_view import Letter, PartyView, view_of
from tenprint.web.sessions import Session

METRICS_CONTENT = "text/plain; version=0.0.4; charset=utf-8"
NOT_GIVEN_UP = "This was not given up, or somebody tried it again before you. Nothing was changed."
AGAIN = "Tried again, and given up again at once: "
DONE = "Tried again. It is not given up any more: it was done, or waits for its next try."


class OperationsPage:
    """The work of those parties that a person may watch.

    Args:
        console: what pages are made with.
    """

    def __init__(self, console: Console) -> None:
        self._console = console

    def show(self, request: Request) -> Response:
        """Show how the parties' work stands, and what was given up, with a button for each."""
        seat = self._console.seat_of(request)
        views, fault = self._views(seat)
        tried = _tried(request.query_params.get("tried", ""), views)
        listed = sum(len(view.letters) for view in views)
        return self._console.page("operations", seat, views=views, fault=fault, tried=tried, listed=listed)

    def now(self, request: Request) -> Response:
        """Return the part of the page that renews itself; it holds nothing that can have the focus."""
        views, fault = self._views(self._console.seat_of(request))
        listed = request.query_params.get("listed", "")
        count = int(listed) if listed.isdecimal() and len(listed) < 9 else 0
        return self._console.page("operations_now", None, views=views, fault=fault, listed=count)

    def twin(self, request: Request) -> Response:
        """Return the figures as JSON."""
        views, _ = self._views(self._console.seat_of(request))
        return JSONResponse({view.party: view.as_json() for view in views})

    def again(self, request: Request, form: Mapping[str, str]) -> Response:
        """Make one given-up row due again, under the person's name, and do what is due."""
        seat = self._console.bound(self._console.seat_of(request), form)
        party, queue, row = (form.get(name, "") for name in ("party", "queue", "row"))
        desk = self._console.desk
        if party not in dict(desk.parties()):
            raise not_at_hand(desk, party)
        verdict = desk.require(seat, Action.TRY_AGAIN, party)
        with desk.reading(party) as node:
            letters = [each for each in node.store.dead_letters() if (each.queue, str(each.row)) == (queue, row)]
            if not dispatch.revive(node, letters, person=seat.person, **verdict.basis):
                raise Refusal(HTTPStatus.CONFLICT, NOT_GIVEN_UP)
        self._caught_up()
        return go(f"/operations?tried={party}.{queue}.{row}")

    def sees_operations(self, seat: Session) -> bool:
        """Tell whether this person may see how the own party's work stands."""
        return self._console.desk.verdict(seat, Action.READ_OPERATIONS, seat.party).allowed

    def _views(self, seat: Session) -> tuple[list[PartyView], str]:
        desk = self._console.desk
        desk.require(seat, Action.READ_OPERATIONS, seat.party)
        fault, views = self._caught_up(), []
        for party, _ in desk.parties():
            if desk.verdict(seat, Action.READ_OPERATIONS, party).allowed:
                with desk.reading(party) as node:
                    views.append(view_of(node, is_stopped=desk.is_stopped(party)))
        return views, fault

    def _caught_up(self) -> str:
        """Do what is due; return the code of what hinders it, or ``""``: the page must be readable just then."""
        try:
            with self._console.desk.at_work():
                return ""
        except TenprintError as problem:
            return problem.code


def metrics_route(metrics: Callable[[], bytes]) -> Route:
    """Return the address at which Prometheus reads; anybody at this machine may, and it tells of no person."""

    def scraped(request: Request) -> Response:
        del request
        return Response(metrics(), media_type=METRICS_CONTENT)

    return Route("/metrics", scraped)


def _tried(name: str, views: list[PartyView]) -> str:
    """Return what became of the row that was tried again a moment ago, or ``""``."""
    if not name:
        return ""
    letters: dict[str, Letter] = {
        f"{view.party}.{letter.queue}.{letter.row}": letter for view in views for letter in view.letters
    }
    return f"{AGAIN}{letters[name].why} {letters[name].advice}" if name in letters else DONE


def routes(console: Console) -> list[Route]:
    """Return the addresses of this group; templates learn `sees_operations`."""
    page = OperationsPage(console)
    console.globals["sees_operations"] = page.sees_operations
    return [
        Route("/operations", page.show),
        Route("/operations/now", page.now),
        Route("/operations.json", page.twin),
        Route("/operations/again", taking_form(page.again), "POST"),
    ]
