"""A message: who said what to whom, its fields and bytes, its signature, its receipts, its places in ledgers."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from http import HTTPStatus
from typing import NoReturn

from fastapi import Request
from fastapi.responses import JSONResponse
from starlette.responses import Response

from tenprint.exchange import story
from tenprint.exchange.model.envelope import Envelope, ErasedHeading, MessageKey
from tenprint.policy.access import Action
from tenprint.web import case_words, message_words, proofs
from tenprint.web.console import Console, Route
from tenprint.web.decoding import decoded
from tenprint.web.desk import House, Refusal
from tenprint.web.looking import look, party_at_hand, refuse_missing
from tenprint.web.message_view import SHOWN_BYTES, MessageView, message_at, twin, view_of
from tenprint.web.proofs import Logs
from tenprint.web.sessions import Session
from tenprint.web.sight import BYTES_KEPT_BACK, Sight, gives_bytes, seen_content

TWIN = ".json"
UNKNOWN = "This party holds no message with this number."
DAMAGED = "This message is not what was written and cannot be shown."


class MessagePages:
    """A message's page, its bytes, and the same as JSON.

    Args:
        console: what pages are made with.
        logs: the network's trees.
    """

    def __init__(self, console: Console, logs: Logs) -> None:
        self._console, self._logs = console, logs

    def show(self, request: Request, party: str, sender: str, message_id: str) -> Response:
        """Show a message as a party holds it; the same as JSON under its address with ``.json``."""
        seat = self._console.seat_of(request)
        view = self._view(request, party, MessageKey(sender, message_id))
        if view is not None:
            values = {
                "story": story,
                "shown_bytes": SHOWN_BYTES,
                "proofs": proofs,
                "case_words": case_words,
                "say": message_words,
            }
            return self._console.page("message", seat, view=view, message=view.message, **values)
        if message_id.endswith(TWIN):
            view = self._view(request, party, MessageKey(sender, message_id.removesuffix(TWIN)))
        if view is None:
            self._refuse_missing(seat, party, HTTPStatus.NOT_FOUND, UNKNOWN)
        return JSONResponse(twin(view) | {"masked": [mask.id for mask in view.seen.masks if view.seen.is_applied]})

    def body(self, request: Request, party: str, sender: str, message_id: str) -> Response:
        """Give the body's bytes as a file."""
        return self._download(request, party, MessageKey(sender, message_id), lambda message: message.body, "body")

    def envelope(self, request: Request, party: str, sender: str, message_id: str) -> Response:
        """Give the whole message as it went over the wire: header with signature, a line feed, body."""
        return self._download(request, party, MessageKey(sender, message_id), Envelope.to_bytes, "envelope")

    def _view(self, request: Request, party: str, key: MessageKey) -> MessageView | None:
        seat, desk = self._console.seat_of(request), self._console.desk
        with party_at_hand(self._console, seat, Action.READ_MESSAGE, party) as (house, node):
            message, why = message_at(node, key)
            if message is None:
                if why:
                    self._refuse_missing(seat, party, HTTPStatus.INTERNAL_SERVER_ERROR, f"{DAMAGED} {why}.")
                return None
            self._look(house, seat, party, message)
            view = view_of(
                node, message, why, desk.seen_by(seat, Action.READ_LEDGER), self._logs, see=Sight(desk, seat)
            )
            content, seen = seen_content(desk, seat, view.content)
            return replace(view, content=content, seen=seen)

    def _download(
        self, request: Request, party: str, key: MessageKey, bytes_of: Callable[[Envelope], bytes], what: str
    ) -> Response:
        seat, desk = self._console.seat_of(request), self._console.desk
        with party_at_hand(self._console, seat, Action.READ_MESSAGE, party) as (house, node):
            message, why = message_at(node, key)
            if message is not None and message.case_id:
                # Before anything else is said of it: whoever must not see it yet is not told how it is kept either.
                desk.require(seat, Action.READ_MESSAGE, party, case_id=message.case_id)
            if isinstance(message, ErasedHeading):
                self._refuse_missing(seat, party, HTTPStatus.GONE, f"{why[0].upper()}{why[1:]}.")
            if why:
                self._refuse_missing(seat, party, HTTPStatus.INTERNAL_SERVER_ERROR, f"{DAMAGED} {why}.")
            if message is None:
                self._refuse_missing(seat, party, HTTPStatus.NOT_FOUND, UNKNOWN)
            if not gives_bytes(*seen_content(desk, seat, decoded(message))):
                raise Refusal(HTTPStatus.FORBIDDEN, BYTES_KEPT_BACK, "BYTES_MASKED")
            self._look(house, seat, party, message)
        name = re.sub(r"[^A-Za-z0-9-]+", "-", f"{message.kind}-{message.id}-{what}")
        headers = {"Content-Disposition": f'attachment; filename="{name}.bin"'}
        return Response(bytes_of(message), media_type="application/octet-stream", headers=headers)

    def _refuse_missing(self, seat: Session, party: str, status: HTTPStatus, said: str) -> NoReturn:
        refuse_missing(self._console, seat, Action.READ_MESSAGE, party, Refusal(status, said))

    def _look(self, house: House, seat: Session, party: str, message: Envelope) -> None:
        look(
            self._console, house, seat, message.case_id, action=Action.READ_MESSAGE, party=party, message_id=message.id
        )


def routes(console: Console) -> list[Route]:
    """Return the addresses of this group."""
    pages = MessagePages(console, console.logs)
    place = "{party}/{sender}/{message_id:path}"
    return [
        Route(f"/messages/{place}", pages.show),
        Route(f"/bodies/{place}", pages.body),
        Route(f"/envelopes/{place}", pages.envelope),
    ]
