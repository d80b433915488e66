"""News about a booking (a disposition, a correction) goes on to everybody whom this party has told of it, and once.

Who was told is read from the party's own outbox: it learns of nobody beyond its own neighbours, and each neighbour
passes the news on by itself. Somebody who is told of the booking later gets the news with that, so that the order in
which messages come does not matter.
"""

from __future__ import annotations

from typing import Any

from tenprint.exchange.model.case import Case
from tenprint.exchange.model.corrections import CorrectionDone
from tenprint.exchange.model.envelope import Envelope, MessageKey
from tenprint.exchange.model.words import Kind
from tenprint.exchange.ports import Work

NEWS = "news"
"""In `Case.known`: what has to be passed on, by its own id: the message that brought it, from whom, who was told."""
TELLING = frozenset(
    {
        Kind.CAR,
        Kind.CNA,
        Kind.STATE_SRE,
        Kind.SRE,
        Kind.SECOND_SRE,
        Kind.IDENT_SEARCH,
        Kind.IDR,
        Kind.IAQ,
        Kind.IAR,
        Kind.LATE_HIT,
        Kind.DETAINER,
        Kind.NOTICE,
        Kind.DISPOSITION,
    }
)
"""Kinds that tell somebody of a booking. An acknowledgement or a rejection tells nothing that was not known."""
INFORMANTS = ("submitter", "asker", "requester", "agency", "told_by")
"""Entries of `Case.known` that name the party on whose word this one knows of the booking."""


def told_parties(work: Work, case_id: str) -> tuple[str, ...]:
    """Return the parties to whom this one has sent a message that told of the booking, the first one first."""
    own = work.services.party.id
    sent = (m for m in work.tx.headings(case_id) if m.sender == own and m.kind in TELLING)
    return tuple(dict.fromkeys(m.recipient for m in sent if m.recipient != own))


def is_neighbour(work: Work, case: Case, party: str) -> bool:
    """Tell whether this party told that one of the booking, or took the booking in on its word.

    That a message of the case came from somebody is not enough: it may have been refused.
    """
    return party in told_parties(work, case.case_id) or party in (case.known.get(name) for name in INFORMANTS)


def with_news(case: Case, news_id: str, message: Envelope, *, came_from: str, done: str = "") -> Case:
    """Return the case with something that has to be passed on.

    Args:
        case: as it is known.
        news_id: the same on every hop.
        message: whose body goes on, byte for byte.
        came_from: who told this party, or ``""`` when it is the party's own news.
        done: what this party did about a correction, in a word or two: it is acknowledged with that.
    """
    item = {
        "kind": str(message.kind),
        "sender": message.sender,
        "message": message.id,
        "from": came_from,
        "told": [],
        "done": done,
        "is_acknowledged": False,
    }
    return case.moved(**{NEWS: case.known.get(NEWS, {}) | {news_id: item}})


def with_told(case: Case, news_id: str, told: list[str]) -> Case:
    """Return the case with those noted who have been told a piece of news."""
    item = case.known[NEWS][news_id]
    return case.moved(**{NEWS: case.known[NEWS] | {news_id: item | {"told": [*item["told"], *told]}}})


def pass_on(work: Work, case: Case) -> Case:
    """Send all news of a case to whoever was told of the booking and has not got it; return the case with that noted.

    It never goes back to whom it came from.
    """
    news: dict[str, Any] = case.known.get(NEWS, {})
    if not news:
        return case
    told = told_parties(work, case.case_id)
    for news_id, item in news.items():
        due = [party for party in told if party not in item["told"] and party != item["from"]]
        message = work.tx.message(MessageKey(item["sender"], item["message"])) if due else None
        if message is not None:
            for party in due:
                work.send(message.kind, party, message.body, case_id=case.case_id, in_reply_to=message.id)
            case = with_told(case, news_id, due)
        if message is not None or not item["is_acknowledged"]:
            case = _acknowledged(work, case, news_id)
    return case


def _acknowledged(work: Work, case: Case, news_id: str) -> Case:
    """Say back what was done about a correction, and to whom it was passed on; again when it went to more parties."""
    item = case.known[NEWS][news_id]
    if item["kind"] == Kind.CORRECTION and item["from"]:
        told = " ".join(item["told"])
        said = CorrectionDone(news_id, work.services.party.id, item["done"], passed_on_to=told)
        work.send(Kind.ACK, item["from"], said.to_bytes(), case_id=case.case_id, in_reply_to=item["message"])
    return case.moved(**{NEWS: case.known[NEWS] | {news_id: item | {"is_acknowledged": True}}})
