"""A case: where it stands, who has it, what is known by whom, what comes next, who decided what; the picture of it."""

from __future__ import annotations

from http import HTTPStatus
from typing import Any

from fastapi import Request
from fastapi.responses import JSONResponse
from starlette.responses import Response

from tenprint.core.clock import to_wire
from tenprint.exchange.ports import Node
from tenprint.exchange.tasks.looks import note_look
from tenprint.policy.access import Action
from tenprint.web import case_words, words
from tenprint.web.case_view import CaseView, Told, view_of
from tenprint.web.console import Console, Route
from tenprint.web.desk import Refusal
from tenprint.web.sessions import Session
from tenprint.web.sight import Sight

TWIN = ".json"


class CasePage:
    """A case's page.

    Args:
        console: what pages are made with.
    """

    def __init__(self, console: Console) -> None:
        self._console = console

    def show(self, request: Request, case_id: str) -> Response:
        """Show a case; the same as JSON under its address with ``.json``."""
        seat = self._console.seat_of(request)
        sight = Sight(self._console.desk, seat)
        view = self._view(seat, case_id, sight)
        if view is not None:
            return self._console.page("case", seat, view=view, visible=sight.visible, case_words=case_words)
        view = self._view(seat, case_id.removesuffix(TWIN), sight) if case_id.endswith(TWIN) else None
        if view is None:
            raise Refusal(HTTPStatus.NOT_FOUND, "Your party knows no case with this number.")
        return JSONResponse(twin(view))

    def _view(self, seat: Session, case_id: str, sight: Sight) -> CaseView | None:
        """Return the case, after the look at it was written to the own party's ledger."""
        desk = self._console.desk
        with desk.at_work() as house:
            verdict = desk.require(seat, Action.READ_CASE, seat.party)
            nodes = desk.seen_by(seat, Action.READ_CASE)
            if not any(_knows(node, case_id) for node in nodes):
                return None
            note_look(house.nodes[seat.party], person=seat.person, case_id=case_id, **verdict.basis)
            return view_of(
                nodes,
                case_id,
                own=seat.party,
                now=house.clock.now(),
                is_whole=len(nodes) == len(desk.directory.parties),
                is_kept_back=desk.keeps_back(seat, case_id),
                see=sight,
                see_person=lambda fields: desk.visible(seat, fields).fields,
            )


def twin(view: CaseView) -> dict[str, Any]:
    """Return what the page says as JSON values."""
    return {
        "case": view.case_id,
        "state": str(view.state),
        "sentence": view.sentence,
        "time": to_wire(view.now),
        "is_whole": view.is_whole,
        "is_kept_back": view.is_kept_back,
        "repositories": [_said(word) for word in view.repositories],
        "parties": [
            {
                "party": holder.party,
                "state": str(holder.case.state),
                "opened_at": to_wire(holder.case.opened_at),
                "repositories": [_said(word) for word in holder.repositories],
            }
            for holder in view.holders
        ],
        "next": [
            {"what": step.what, "party": step.party, "due_at": to_wire(step.due_at) if step.due_at else None}
            for step in view.steps
        ],
        "lookers": [
            {"person": one.person, "party": one.party, "times": one.times, "last": to_wire(one.last)}
            for one in view.lookers
        ],
        "ledger_faults": list(view.ledger_faults),
        "story": [_line(told) for told in view.lines],
    }


def _said(word: words.RepositoryWord) -> dict[str, str]:
    return {"repository": word.repository, "state": word.state, "word": word.word}


def _line(told: Told) -> dict[str, Any]:
    line = told.line
    return {
        "time": to_wire(line.time),
        "party": line.party,
        "kind": told.kind,
        "message_kind": line.message_kind,
        "counterpart": line.counterpart,
        "rule": line.rule,
        "person": line.person,
        "sentence": line.sentence,
        "page": told.href,
        "entry": told.entry_href,
    }


def _knows(node: Node, case_id: str) -> bool:
    with node.store.transaction() as tx:
        return tx.case(case_id) is not None


def routes(console: Console) -> list[Route]:
    """Return the addresses of this group."""
    return [Route("/cases/{case_id:path}", CasePage(console).show)]
