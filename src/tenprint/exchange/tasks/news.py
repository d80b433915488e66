"""News about a booking (a disposition, a correction) goes on to everybody whom this party has told of it, and once.

Who was told is read from the party's own outbox: it learns of nobody beyond its own neighbours, and each neighbour
passes the news on by itself. Somebody who is told of the booking later gets the news with that; where the booking never
went (a state keeps it), the news does not go either. From whom a party hears news is a matter of its role and of the
news' origin (`way_of_news`), so that neither who gets what from whom nor what is acknowledged hangs on the order in
which messages come. An agency that knows of a booking by copies alone hears its news from the state that sent them.
"""

from __future__ import annotations

from typing import Any

from tenprint.exchange.model.case import Case
from tenprint.exchange.model.corrections import CorrectionDone
from tenprint.exchange.model.envelope import Envelope, MessageKey
from tenprint.exchange.model.known import COPIED_BY, is_erased
from tenprint.exchange.model.routes import way_of_news
from tenprint.exchange.model.words import Kind, Role
from tenprint.exchange.ports import Work
from tenprint.exchange.tasks import waits

NEWS = "news"
"""In `Case.known`: what has to be passed on, by its own id: the message that brought it, whose it is, who was told."""
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
        Kind.COPY,
        Kind.DETAINER,
        Kind.CUSTODY,
        Kind.OUTCOME,
        Kind.NOTICE,
    }
)
"""Kinds that tell somebody of a booking. An acknowledgement, a rejection and news tell it to nobody who does not know
of it."""
SUBMITTER = "submitter"
INFORMANTS = (SUBMITTER, "asker", "requester", "agency", "told_by", COPIED_BY)
"""Entries of `Case.known` that name the party on whose word this one knows of the booking."""


def told_parties(work: Work, case: Case) -> tuple[str, ...]:
    """Return the parties to whom this one has sent a message that told of the booking, the first one first.

    A court tells nobody of it: it speaks to the agency that told it, and to that agency's state bureau.
    """
    own, directory = work.services.party, work.services.directory
    if own.role == Role.COURT:
        agency = str(case.known["agency"])
        peers = own.peers | directory.party(agency).peers
        return (agency, peers[Role.STATE_BUREAU]) if Role.STATE_BUREAU in peers else (agency,)
    sent = (m for m in work.tx.headings(case.case_id) if m.sender == own.id and m.kind in TELLING)
    # A booking that asks for no answer gets none; what its state says of it is its agency's to know all the same.
    first = [str(case.known[SUBMITTER])] if own.role == Role.STATE_BUREAU and SUBMITTER in case.known else []
    return tuple(dict.fromkeys(party for party in (*first, *(m.recipient for m in sent)) if party != own.id))


def copied_parties(work: Work, case: Case) -> frozenset[str]:
    """Return the agencies that know of another agency's booking from this party's copies, and from nobody else.

    Whoever first says a piece of news, they hear it here: `way_of_news` speaks of the agency that booked. Who has left
    the network is none of them.
    """
    own, here = work.services.party, {party.id for party in work.services.directory.parties}
    if own.role != Role.STATE_BUREAU:
        return frozenset()
    sent = (m for m in work.tx.headings(case.case_id) if m.sender == own.id and m.kind == Kind.COPY)
    return frozenset(message.recipient for message in sent if message.recipient in here)


def is_neighbour(work: Work, case: Case, party: str) -> bool:
    """Tell whether news may come from that party: this one told it of the booking, or took the booking in on its word.

    Whoever has copies of answers only is told, and tells nobody anything.
    """
    told = frozenset(told_parties(work, case)) - copied_parties(work, case)
    return party in told or is_informant(case, party)


def is_informant(case: Case, party: str) -> bool:
    """Tell whether this party knows of the booking on that one's word.

    That a message of the case came from somebody is not enough: it may have been refused.
    """
    return party in (case.known.get(name) for name in INFORMANTS)


def with_news(case: Case, news_id: str, message: Envelope, *, origin: str, came_from: str, done: str = "") -> Case:
    """Return the case with something that has to be passed on.

    Args:
        case: as it is known.
        news_id: the same on every hop.
        message: whose body goes on, byte for byte.
        origin: party that first said it.
        came_from: who told this party, or ``""`` when it is the party's own news.
        done: what this party did about a correction, in a word or two: it is acknowledged with that.
    """
    item = {
        "kind": str(message.kind),
        "sender": message.sender,
        "message": message.id,
        "origin": origin,
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
    """Send all news of a case to whoever was told of the booking and hears it from here; return the case as it is then.

    Each gets it once. Who has told nobody yet does so later: this is called whenever the case is saved.
    """
    news: dict[str, Any] = case.known.get(NEWS, {})
    if not news:
        return case
    told, copied = told_parties(work, case), copied_parties(work, case)
    for news_id, item in news.items():
        new = [party for party in told if party not in item["told"]]
        due = [party for party in new if party in copied or _hears_it_here(work, party, item["origin"])]
        message = work.tx.message(MessageKey(item["sender"], item["message"])) if due else None
        due = due if message is not None else []
        if message is not None:
            for party in due:
                sent = work.send(message.kind, party, message.body, case_id=case.case_id, in_reply_to=message.id)
                if not is_erased(case):  # of one that was erased nothing is left to wait in
                    waits.begin(work, sent, about=news_id)
            case = with_told(case, news_id, due)
        case = _acknowledged(work, case, news_id, due)
    return case


def _hears_it_here(work: Work, party: str, origin: str) -> bool:
    roles = {known.id: known.role for known in work.services.directory.parties}
    if not {party, origin} <= roles.keys():
        return False  # it has left the network
    return way_of_news(roles[origin]).get(roles[party]) == work.services.party.role


def _acknowledged(work: Work, case: Case, news_id: str, told: list[str]) -> Case:
    """Say back what was done about a correction: once, and once more for each party that it was passed on to.

    Were several named together, the number of acknowledgements would hang on which of them was told first.
    """
    item = case.known[NEWS][news_id]
    if item["kind"] == Kind.CORRECTION and item["from"]:
        for party in told if item["is_acknowledged"] else ["", *told]:
            said = CorrectionDone(news_id, work.services.party.id, item["done"], passed_on_to=party)
            work.send(Kind.ACK, item["from"], said.to_bytes(), case_id=case.case_id, in_reply_to=item["message"])
    return case.moved(**{NEWS: case.known[NEWS] | {news_id: item | {"is_acknowledged": True}}})
