"""A party's ledger: how it stands, its newest entries, and one entry with its proof."""

from __future__ import annotations

import re
from http import HTTPStatus
from typing import Any

from fastapi import Request
from fastapi.responses import JSONResponse
from starlette.responses import Response

from tenprint.core.errors import StorageError
from tenprint.exchange import story
from tenprint.exchange.ports import Node
from tenprint.exchange.story import StoryLine
from tenprint.ledger.entry import Entry
from tenprint.ledger.vocabulary import VOCABULARY
from tenprint.policy.access import Action
from tenprint.web import case_words, proofs, written
from tenprint.web.console import Console, Route
from tenprint.web.desk import Refusal
from tenprint.web.looking import look, party_at_hand, refuse_missing
from tenprint.web.proofs import LogState
from tenprint.web.sessions import Session
from tenprint.web.sight import Sight
from tenprint.web.written import Written

NEWEST = 50
"""A ledger's page shows so many entries; those of a case all."""
UNKNOWN = "This ledger has no such entry."
UNKNOWN_CASE = "This ledger has no entry of a case with this number."
TWIN = ".json"
_PLACE = re.compile(r"(0|[1-9][0-9]{0,14})(\.json)?")


class LedgerPages:
    """A ledger's page, and an entry's.

    Args:
        console: what pages are made with.
    """

    def __init__(self, console: Console) -> None:
        self._console = console

    def ledger(self, request: Request, party: str) -> Response:
        """Show how a ledger stands and its newest entries, or with ``?case=`` those of a case."""
        seat, desk = self._console.seat_of(request), self._console.desk
        name = party.removesuffix(TWIN)
        case_id = request.query_params.get("case", "")[:200]
        with party_at_hand(self._console, seat, Action.READ_LEDGER, name) as (house, node):
            if case_id:
                if not node.store.case_places(case_id):  # and nothing that somebody made up comes on a ledger
                    missing = Refusal(HTTPStatus.NOT_FOUND, UNKNOWN_CASE)
                    refuse_missing(self._console, seat, Action.READ_LEDGER, name, missing)
                look(self._console, house, seat, case_id, action=Action.READ_LEDGER, party=name)
            state = self._console.logs.state(node)
            read = written.of_case(node, case_id) if case_id else _newest(node, state.size)
            hidden = desk.kept_back(seat) & {_case_of(entry) for entry in read.entries}
            # Reasons are free text about a person: only where a case is asked for, and that look is written down.
            sight = Sight(desk, seat)
            with_reasons = bool(case_id) and desk.verdict(seat, Action.READ_MESSAGE, name).allowed
            lines: list[tuple[int, Entry | None, StoryLine | None]] = [
                (int(entry.fields["sequence"]), entry, story.line_of(node, entry, with_reason=with_reasons, see=sight))
                for entry in read.entries
                if _case_of(entry) not in hidden
            ]
        lines = sorted([*lines, *((place, None, None) for place in read.damaged)], key=lambda line: line[0])
        if not case_id:
            lines.reverse()
        if party.endswith(TWIN):
            return JSONResponse(_ledger_twin(state, [number for number, _, _ in lines]))
        values = {"lines": lines, "ledger_faults": () if read.damaged else read.faults, "case_words": case_words}
        return self._console.page(
            "ledger", seat, state=state, case_id=case_id, hidden=bool(hidden), visible=sight.visible, **values
        )

    def entry(self, request: Request, party: str, sequence: str) -> Response:
        """Show an entry with its proof; the same as JSON, to be checked elsewhere, under its address with ``.json``."""
        seat = self._console.seat_of(request)
        index, is_twin = place_of(sequence)
        with party_at_hand(self._console, seat, Action.READ_LEDGER, party) as (house, node):
            entry = entry_at(self._console, seat, Action.READ_LEDGER, node, index)
            look(self._console, house, seat, _case_of(entry), action=Action.READ_LEDGER, party=party)
            sight = Sight(self._console.desk, seat)
            proof = self._console.logs.proof(node, index, sight.entry(entry))
            with_reason = self._console.desk.verdict(seat, Action.READ_MESSAGE, party).allowed
            line = story.line_of(node, entry, with_reason=with_reason, see=sight)
            if is_twin:
                name = f"{re.sub('[^A-Za-z0-9]+', '-', party)}-{index}-proof.json"
                headers = {"Content-Disposition": f'attachment; filename="{name}"'}
                return JSONResponse(proofs.proof_file(proof, node), headers=headers)
        return self._console.page(
            "entry",
            seat,
            proof=proof,
            line=line,
            masked_here=sorted(entry.fields.keys() - proof.entry.fields.keys()),
            visible=sight.visible,
            case_id=_case_of(entry),
            vocabulary=VOCABULARY,
            how=proofs.HOW_TO_CHECK,
            case_words=case_words,
        )


def place_of(sequence: str) -> tuple[int, bool]:
    """Return an entry's place in an address, and whether its JSON is asked for.

    Raises:
        Refusal: 404 when it is no whole number.
    """
    match = _PLACE.fullmatch(sequence)
    if match is None:
        raise Refusal(HTTPStatus.NOT_FOUND, UNKNOWN)
    return int(match[1]), bool(match[2])


def entry_at(console: Console, seat: Session, action: Action, node: Node, index: int) -> Entry:
    """Return an entry of a party's ledger. Call it inside `party_at_hand`.

    Raises:
        Refusal: 404 when there is none, 500 when it is damaged; 403 instead of both while this person has a first
            finding to make, as for an entry that is kept back.
    """
    try:
        entry = console.logs.entry(node, index)
    except StorageError as problem:
        said = f"This entry is damaged and cannot be shown: {problem.message}."
        refuse_missing(
            console, seat, action, node.party.id, Refusal(HTTPStatus.INTERNAL_SERVER_ERROR, said, problem.code)
        )
    if entry is None:
        refuse_missing(console, seat, action, node.party.id, Refusal(HTTPStatus.NOT_FOUND, UNKNOWN))
    return entry


def _newest(node: Node, size: int) -> Written:
    return written.between(node, max(0, size - NEWEST), size)


def _case_of(entry: Entry) -> str:
    return str(entry.fields.get("case", ""))


def _ledger_twin(state: LogState, numbers: list[int]) -> dict[str, Any]:
    return {
        "party": state.party,
        "size": state.size,
        "root": state.root.hex(),
        "checkpoint": state.note.decode() if state.note else None,
        "faults": list(state.faults),
        "checked": state.checked,
        "entries": [f"{case_words.entry_path(state.party, number)}.json" for number in numbers],
    }


def routes(console: Console) -> list[Route]:
    """Return the addresses of this group."""
    pages = LedgerPages(console)
    return [Route("/ledger/{party}", pages.ledger), Route("/ledger/{party}/{sequence}", pages.entry)]
