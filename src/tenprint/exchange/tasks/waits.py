"""Waits between parties: what was asked, since when, how long it may take, and a breach that stands on the ledger.

Whoever asks sets a timer for the class of the answer (`policy/response_times.toml`). An answer cancels it. When it
fires, the asker writes down that the limit has passed: the case goes on waiting, and that is never a no. What a hop
took is measured by the asker's own clock, from asking until the answer came: clocks of parties differ, so a time that
one of them stated is never compared with a time of another.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from tenprint.core.clock import from_wire, to_wire
from tenprint.exchange.model.bodies import TimerFired
from tenprint.exchange.model.case import Case
from tenprint.exchange.model.envelope import Envelope, MessageKey
from tenprint.exchange.model.known import NO_ANSWER, PRIORITY, Wake, message_of
from tenprint.exchange.model.words import CaseState, Kind, Role
from tenprint.exchange.ports import Node, Services, Work
from tenprint.ledger.entry import Entry
from tenprint.ledger.vocabulary import COUNTERPART, KIND, MESSAGE, RECEIVED, TIME
from tenprint.policy.response_times import Limit, limit_of

OVERDUE = "overdue"
"""Kind of a ledger entry: a limit passed without an answer. Also the name in `Case.known`: hop -> when it was due."""
IDENT_CLASS, SLOWEST_CLASS = "ident_class", "state_department"
"""Setting of a criminal repository: its class at the immigration repository (cbp, ice, state_department)."""
ANSWER, ROUTINE = "booking_answer", 4
REQUEST_ANSWER = "request_answer"
ONE_MINUTE, ONE_HOUR = 60, 3_600


@dataclass(frozen=True)
class Hop:
    """One kind of wait.

    Args:
        name: of the class in `response_times.toml`.
        role: who asks and waits.
        questions, answers: kinds of messages.
        wake: purpose of the timer.
        waits_for: for people.
    """

    name: str
    role: Role
    questions: frozenset[Kind]
    answers: frozenset[Kind]
    wake: Wake
    waits_for: str


SUBMITTED = frozenset({Kind.CAR, Kind.CNA})
HOPS = (
    Hop(
        "acknowledgement", Role.AGENCY, SUBMITTED, frozenset({Kind.ACK, Kind.ERRT}), Wake.ACK_OVERDUE,
        "the state bureau's acknowledgement",
    ),
    Hop(
        ANSWER, Role.AGENCY, SUBMITTED, frozenset({Kind.SRE, Kind.ERRT}), Wake.ANSWER_OVERDUE,
        "the federal answer",
    ),
    Hop(
        ANSWER, Role.STATE_BUREAU, SUBMITTED, frozenset({Kind.SRE, Kind.ERRT}), Wake.ANSWER_OVERDUE,
        "the criminal repository's answer",
    ),
    Hop(
        "immigration_search", Role.CRIMINAL_REPOSITORY, frozenset({Kind.IDENT_SEARCH}), frozenset({Kind.IDR}),
        Wake.SEARCH_OVERDUE, "the immigration repository's answer",
    ),
    Hop(
        "status_answer", Role.CRIMINAL_REPOSITORY, frozenset({Kind.IAQ}), frozenset({Kind.IAR}), Wake.STATUS_OVERDUE,
        "the specialist's answer",
    ),
    Hop(
        REQUEST_ANSWER, Role.JURISDICTION, frozenset({Kind.REQUEST}), frozenset({Kind.REQUEST_ANSWER}),
        Wake.REQUEST_OVERDUE, "the answer to a request",
    ),
)  # fmt: skip
WAKES = frozenset(hop.wake for hop in HOPS)


@dataclass(frozen=True)
class Wait:
    """One question of a party, and its answer as far as it has come.

    Args:
        party: who asked. hop: which kind of wait. waits_for: for people. counterpart: who was asked.
        asked_at, answered_at: when it was sent, and when the answer came, both by this party's clock; None while there
            is no answer.
        ended_at: when the party stopped waiting without one (withdrawn), or None.
        limit: the class in force when it was asked.
        message: id of the question.
    """

    party: str
    hop: str
    waits_for: str
    counterpart: str
    asked_at: datetime
    answered_at: datetime | None
    limit: Limit
    message: str
    is_given_up: bool = False

    @property
    def due_at(self) -> datetime:
        """Return when an answer is late."""
        return self.asked_at + timedelta(seconds=self.limit.seconds)

    @property
    def is_open(self) -> bool:
        """Tell whether the party still waits."""
        return self.answered_at is None and not self.is_given_up

    def is_breach(self, now: datetime) -> bool:
        """Tell whether the answer came after the limit, or has not come though the limit has passed."""
        return (self.answered_at or (self.due_at if self.is_given_up else now)) > self.due_at

    def verdict(self, now: datetime) -> str:
        """Return ``in time``, ``late``, ``overdue``, ``waiting`` or ``given up``."""
        if self.is_open:
            return OVERDUE if self.is_breach(now) else "waiting"
        if self.is_given_up:
            return "given up"
        return "late" if self.is_breach(now) else "in time"


def begin(work: Work, question: Envelope, *, priority: int = ROUTINE, but: Iterable[str] = ()) -> None:
    """Set the timers of the waits that a question just sent begins.

    Args:
        work: the transaction at hand.
        question: as sent.
        priority: of the booking.
        but: hops for which no answer is expected.
    """
    for hop in HOPS:
        if hop.role == work.services.party.role and question.kind in hop.questions and hop.name not in but:
            limit = _limit(work.services, hop, question.sent_at, priority)
            work.set_timer(hop.wake, question.sent_at + timedelta(seconds=limit.seconds), about=question.id)


def end(work: Work, *more: Wake) -> None:
    """Cancel the timers of the waits that the message at hand ends, and `more`."""
    for hop in HOPS:
        if hop.role == work.services.party.role and work.message.kind in hop.answers:
            work.tx.cancel_timers(work.message.case_id, hop.wake)
    for wake in more:
        work.tx.cancel_timers(work.message.case_id, wake)


def note_overdue(work: Work) -> bool:
    """Write down that a limit has passed, when that is what the timer at hand is for; tell whether it is."""
    timer = TimerFired.from_bytes(work.message.body)
    if timer.purpose not in WAKES:
        return False
    case = work.case()
    hop = next(hop for hop in HOPS if hop.role == work.services.party.role and hop.wake == timer.purpose)
    said = (
        f"{hop.waits_for} was due at {to_wire(timer.due_at)[:16].replace('T', ' ')} UTC and has not come; that is no no"
    )
    work.log(OVERDUE, note=said)
    work.tx.save_case(case.moved(**{OVERDUE: case.known.get(OVERDUE, {}) | {hop.name: to_wire(timer.due_at)}}))
    return True


def on_overdue(work: Work, _: None) -> None:
    """Note a limit that has passed: the TIMER handler of a party that has no other clock."""
    note_overdue(work)


def waits_of(node: Node, case_id: str) -> list[Wait]:
    """Return the waits of a party in a case, in the order in which they began; empty when it does not know the case."""
    with node.store.transaction() as tx:
        case, headings, entries = tx.case(case_id), tx.headings(case_id), tx.case_entries(case_id)
    if case is None:
        return []
    came = _arrivals(entries)
    return [wait for hop in HOPS if hop.role == node.party.role for wait in _waits(node, case, headings, came, hop)]


def breaches(node: Node) -> int:
    """Return how many limits have passed at a party while it waited, over all of its cases."""
    with node.store.transaction() as tx:
        return sum(len(case.known.get(OVERDUE, {})) for case in tx.cases())


def span(seconds: int) -> str:
    """Return a number of seconds for people: ``15 min``."""
    if seconds >= ONE_HOUR and not seconds % ONE_HOUR:
        return f"{seconds // ONE_HOUR} h"
    return f"{seconds // ONE_MINUTE} min" if seconds >= ONE_MINUTE and not seconds % ONE_MINUTE else f"{seconds} s"


def _arrivals(entries: Iterable[Entry]) -> dict[MessageKey, datetime]:
    """Return when each message of a case was taken in, by this party's clock, as its ledger says."""
    taken = (entry.fields for entry in entries if entry.fields.get(KIND) == RECEIVED)
    return {MessageKey(str(one[COUNTERPART]), str(one[MESSAGE])): from_wire(str(one[TIME])) for one in taken}


def _waits(
    node: Node, case: Case, headings: Sequence[Envelope], came: Mapping[MessageKey, datetime], hop: Hop
) -> Iterable[Wait]:
    """Pair each question with its first answer: the one in reply to it.

    An answer that was passed on replies to a message of somebody else: it belongs to the last question that this party
    wrote before the answer came.
    """
    me = node.party.id
    asked = {m.id: place for place, m in enumerate(headings) if m.sender == me and m.kind in hop.questions}
    final = message_of(case, Kind.IDR) if hop.answers == {Kind.IDR} else ""
    answers: dict[str, list[datetime]] = {question: [] for question in asked}
    for place, m in enumerate(headings):
        if m.recipient == me and m.kind in hop.answers and (m.kind != Kind.IDR or m.id == final):
            before = [question for question, written in asked.items() if written < place]
            question = m.in_reply_to if m.in_reply_to in asked else next(iter((*before[-1:], *asked)), "")
            if question and headings[asked[question]].recipient == m.sender:
                answers[question].append(came.get(m.key, m.sent_at))
    is_over, last = case.state == CaseState.WITHDRAWN, next(reversed(asked), "")
    for question, mine in answers.items():
        if not mine and hop.name == ANSWER and NO_ANSWER in case.known:
            continue  # no answer was ever to come: a CNA, or a booking that the state keeps
        sent = headings[asked[question]]
        limit = _limit(node.services, hop, sent.sent_at, int(case.known.get(PRIORITY, ROUTINE)))
        yield Wait(
            me,
            hop.name,
            hop.waits_for,
            sent.recipient,
            sent.sent_at,
            min(mine, default=None),
            limit,
            question,
            is_given_up=not mine and (is_over or question != last),
        )


def _limit(services: Services, hop: Hop, asked_at: datetime, priority: int) -> Limit:
    customer = str(services.party.settings.get(IDENT_CLASS, SLOWEST_CLASS)) if hop.name == "immigration_search" else ""
    return limit_of(hop.name, asked_at.date(), priority=priority, customer=customer)
