"""Why a rule decided as it did: a page for every decision on a ledger."""

from __future__ import annotations

from dataclasses import replace
from http import HTTPStatus

from fastapi import Request
from fastapi.responses import JSONResponse
from starlette.responses import Response

from tenprint.policy.access import Action
from tenprint.web import case_words, rule_words
from tenprint.web.console import Console, Route
from tenprint.web.desk import Refusal
from tenprint.web.looking import look, party_at_hand, refuse_missing
from tenprint.web.masking import masked_values
from tenprint.web.pages.ledgers import entry_at, place_of
from tenprint.web.why_view import twin, view_of

DECISION = "decision"


class WhyPage:
    """The reasons of a decision.

    Args:
        console: what pages are made with.
    """

    def __init__(self, console: Console) -> None:
        self._console = console

    def show(self, request: Request, party: str, sequence: str) -> Response:
        """Show why a rule decided as it did; the same as JSON under its address with ``.json``."""
        seat, desk = self._console.seat_of(request), self._console.desk
        index, is_twin = place_of(sequence)
        with party_at_hand(self._console, seat, Action.READ_WHY, party) as (house, node):
            entry = entry_at(self._console, seat, Action.READ_WHY, node, index)
            if entry.fields.get("kind") != DECISION:
                missing = Refusal(HTTPStatus.NOT_FOUND, "This entry of the ledger is no decision of a rule.")
                refuse_missing(self._console, seat, Action.READ_WHY, party, missing)
            look(self._console, house, seat, str(entry.fields.get("case", "")), action=Action.READ_WHY, party=party)
            view = view_of(node, entry, desk.seen_by(seat, Action.READ_LEDGER), seat.party)
            if not desk.verdict(seat, Action.READ_MESSAGE, party).allowed:
                view = replace(view, message_href="")
        named = [(fact.name, fact.value) for fact in view.facts]
        values, visible = masked_values(named, lambda fields: desk.visible(seat, fields))
        facts = tuple(replace(fact, value=value) for fact, value in zip(view.facts, values, strict=True))
        view = replace(view, facts=facts)
        if is_twin:
            return JSONResponse(twin(view))
        return self._console.page("why", seat, view=view, visible=visible, case_words=case_words, say=rule_words)


def routes(console: Console) -> list[Route]:
    """Return the addresses of this group."""
    return [Route("/why/{party}/{sequence}", WhyPage(console).show)]
