"""Waits between parties: what was asked, since when, how long it may take, and a breach that stands on the ledger.

Whoever asks sets a timer for the class of the answer (`policy/response_times.toml`). An answer cancels it. When it
fires, the asker writes down that the limit has passed: the case goes on waiting, and that is never a no. What a hop
took is measured by the asker's own clock, from asking until the answer came: clocks of parties differ, so a time that
one of them stated is never compared with a time of another.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from tenprint.core.clock import from_wire, to_wire
from tenprint.exchange.model.bodies import WOULD_BE_RELEASED, TimerFired
from tenprint.exchange.model.case import Case
from tenprint.exchange.model.envelope import Envelope, Heading, MessageKey
from tenprint.exchange.model.known import (
    NO_ANSWER,
    PRIORITY,
    Repository,
    Wake,
    message_of,
    repository_state,
    with_message,
)
from tenprint.exchange.model.words import CaseState, Kind, RepositoryState, Role
from tenprint.exchange.ports import Handler, Node, Services, Work
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
        role: who asks and waits; None for any party.
        questions, answers: kinds of messages.
        wake: purpose of the timer.
        waits_for: for people.
        begun_by: purpose under which the case keeps the one received message that begins this wait; without it, what
            the party itself has sent begins it.
        final: of answers of this kind only the one counts that the case keeps under its name.
        is_by_reply: an answer names the question, so that several may be open at once, to several parties.
        outlives: it goes on when the booking is withdrawn.
    """

    name: str
    role: Role | None
    questions: frozenset[Kind]
    answers: frozenset[Kind]
    wake: Wake
    waits_for: str
    begun_by: str = ""
    final: Kind | None = None
    is_by_reply: bool = False
    outlives: bool = False

    def is_of(self, role: Role) -> bool:
        """Tell whether a party of this role waits so."""
        return self.role in (None, role)


FIRST_PENDING, HOLD_BEGUN = f"{Kind.SRE}:pending", f"{Kind.CUSTODY}:{WOULD_BE_RELEASED}"
"""Purposes of messages in a case: a first answer after which a second one is to come; the report that a hold began."""
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
        Wake.SEARCH_OVERDUE, "the immigration repository's answer", final=Kind.IDR,
    ),
    Hop(
        "status_answer", Role.CRIMINAL_REPOSITORY, frozenset({Kind.IAQ}), frozenset({Kind.IAR}), Wake.STATUS_OVERDUE,
        "the specialist's answer",
    ),
    Hop(
        REQUEST_ANSWER, Role.JURISDICTION, frozenset({Kind.REQUEST}), frozenset({Kind.REQUEST_ANSWER}),
        Wake.REQUEST_OVERDUE, "the answer to a request",
    ),
    *(
        Hop(
            "second_answer", role, frozenset({Kind.SRE}), frozenset({Kind.SECOND_SRE}), Wake.SECOND_OVERDUE,
            "the second answer, for the first one said pending", begun_by=FIRST_PENDING,
        )
        for role in (Role.AGENCY, Role.STATE_BUREAU)
    ),
    Hop(
        "detainer_answer", Role.FIELD_OFFICE, frozenset({Kind.DETAINER}),
        frozenset({Kind.DETAINER_ANSWER, Kind.CUSTODY}), Wake.DETAINER_OVERDUE,
        "the jail's answer to the request to hold", is_by_reply=True,
    ),
    Hop(
        "hold_end", Role.FIELD_OFFICE, frozenset({Kind.CUSTODY}), frozenset({Kind.CUSTODY}), Wake.HOLD_OVERDUE,
        "the jail's report of how the hold ended", begun_by=HOLD_BEGUN, final=Kind.CUSTODY,
    ),
    Hop(
        "correction_acknowledgement", None, frozenset({Kind.CORRECTION}), frozenset({Kind.ACK}),
        Wake.CORRECTION_OVERDUE, "the acknowledgement of a correction", is_by_reply=True, outlives=True,
    ),
    Hop(
        "audit_answer", None, frozenset({Kind.AUDIT_QUERY}), frozenset({Kind.AUDIT_ANSWER}), Wake.AUDIT_OVERDUE,
        "the answer to an audit", is_by_reply=True, outlives=True,
    ),
)  # fmt: skip
WAKES = frozenset(hop.wake for hop in HOPS)
OUTLIVING = frozenset(hop.wake for hop in HOPS if hop.outlives)


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


def begin(work: Work, question: Envelope, *, priority: int = ROUTINE, but: Iterable[str] = (), about: str = "") -> None:
    """Set the timers of the waits that a question begins.

    Args:
        work: the transaction at hand.
        question: as sent, or as received where that begins a wait.
        priority: of the booking.
        but: hops for which no answer is expected.
        about: what several questions have in common, so that one timer does for all; else each has its own.
    """
    for hop in HOPS:
        if hop.is_of(work.services.party.role) and question.kind in hop.questions and hop.name not in but:
            begins = work.now if hop.begun_by else question.sent_at  # what another party's clock says is not compared
            limit = _limit(work.services, hop, begins, priority)
            work.set_timer(hop.wake, begins + timedelta(seconds=limit.seconds), about=about or question.id)


def says_pending(work: Work, case: Case) -> bool:
    """Tell whether the answer at hand, noted in the case, is a first one after which a second one is to come."""
    is_first = work.message.kind == Kind.SRE and not message_of(case, Kind.SECOND_SRE)
    return is_first and repository_state(case, Repository.IMMIGRATION) == RepositoryState.PENDING


def begin_for_second(work: Work, case: Case) -> Case:
    """Begin the wait for a second answer, for the one at hand says pending; return the case with that noted."""
    begin(work, work.message)
    return with_message(case, FIRST_PENDING, work.message.id)


def end_if_all_answered(work: Work, case: Case, wake: Wake) -> None:
    """Cancel a timer that several questions have in common once each of them is answered; set it while one is not."""
    found = [wait for hop in _hops(work.services, wake) for wait in _waits_for(work, case, hop)]
    if not any(wait.is_open for wait in found):
        work.tx.cancel_timers(case.case_id, wake)


def end(work: Work, *more: Wake, case: Case | None = None) -> None:
    """Cancel the timers of the waits that the message at hand ends, and `more`.

    A wait that a received message began is ended where the `case` keeps that message.
    """
    for hop in HOPS:
        is_ended = hop.is_of(work.services.party.role) and work.message.kind in hop.answers and not hop.outlives
        if is_ended and (not hop.begun_by or (case is not None and message_of(case, hop.begun_by))):
            work.tx.cancel_timers(work.message.case_id, hop.wake)
    for wake in more:
        work.tx.cancel_timers(work.message.case_id, wake)


def note_overdue(work: Work) -> bool:
    """Write down that a limit has passed, when that is what the timer at hand is for; tell whether it is."""
    timer = TimerFired.from_bytes(work.message.body)
    if timer.purpose not in WAKES:
        return False
    case = work.case()
    hop = _hops(work.services, timer.purpose)[0]
    late = [wait for wait in _waits_for(work, case, hop) if wait.is_open and wait.due_at <= timer.due_at]
    if not late:
        return True  # the answer came while the timer was on its way
    whose = ", ".join(sorted({wait.counterpart for wait in late}))
    due = to_wire(timer.due_at)[:16].replace("T", " ")
    of_whom = f" ({whose[:200]})" if hop.is_by_reply else ""
    work.log(OVERDUE, note=f"{hop.waits_for}{of_whom} was due at {due} UTC and has not come; that is no no")
    work.tx.save_case(case.moved(**{OVERDUE: case.known.get(OVERDUE, {}) | {hop.name: to_wire(timer.due_at)}}))
    return True


def on_overdue(work: Work, _: None) -> None:
    """Note a limit that has passed: the TIMER handler of a party that has no other clock."""
    note_overdue(work)


def overdue_or(handler: Handler) -> Handler:
    """Return the TIMER handler of a party with other clocks: it notes a limit that has passed, else does `handler`."""

    def handle(work: Work, prepared: object) -> None:
        if not note_overdue(work):
            handler(work, prepared)

    return handle


def waits_of(node: Node, case_id: str) -> list[Wait]:
    """Return the waits of a party in a case, in the order in which they began; empty when it does not know the case."""
    with node.store.transaction() as tx:
        case, headings, entries = tx.case(case_id), tx.headings(case_id), tx.case_entries(case_id)
    if case is None:
        return []
    came = _arrivals(entries)
    found = (_waits(node.services, case, headings, came, hop) for hop in HOPS if hop.is_of(node.party.role))
    return [wait for waits in found for wait in waits]


def breaches(node: Node) -> int:
    """Return how many limits have passed at a party while it waited, over all of its cases."""
    with node.store.transaction() as tx:
        return sum(len(case.known.get(OVERDUE, {})) for case in tx.cases())


def span(seconds: int) -> str:
    """Return a number of seconds for people: ``15 min``."""
    if seconds >= ONE_HOUR and not seconds % ONE_HOUR:
        return f"{seconds // ONE_HOUR} h"
    return f"{seconds // ONE_MINUTE} min" if seconds >= ONE_MINUTE and not seconds % ONE_MINUTE else f"{seconds} s"


def _hops(services: Services, wake: str) -> list[Hop]:
    return [hop for hop in HOPS if hop.is_of(services.party.role) and hop.wake == wake]


def _waits_for(work: Work, case: Case, hop: Hop) -> list[Wait]:
    headings, came = work.tx.headings(case.case_id), _arrivals(work.tx.case_entries(case.case_id))
    return list(_waits(work.services, case, headings, came, hop))


def _arrivals(entries: Iterable[Entry]) -> dict[MessageKey, datetime]:
    """Return when each message of a case was taken in, by this party's clock, as its ledger says."""
    taken = (entry.fields for entry in entries if entry.fields.get(KIND) == RECEIVED)
    return {MessageKey(str(one[COUNTERPART]), str(one[MESSAGE])): from_wire(str(one[TIME])) for one in taken}


def _waits(
    services: Services, case: Case, headings: Sequence[Heading], came: Mapping[MessageKey, datetime], hop: Hop
) -> Iterator[Wait]:
    """Pair each question with its first answer; all times are by this party's own clock."""
    asked = _asked(services, case, headings, hop)
    answers: dict[str, list[datetime]] = {question: [] for question in asked}
    for place, message in enumerate(headings):
        if question := _question_of(services, case, headings, asked, place=place, hop=hop):
            answers[question].append(came.get(message.key, message.sent_at))
    is_over, last = case.state == CaseState.WITHDRAWN and not hop.outlives, next(reversed(asked), "")
    for question, mine in answers.items():
        if not mine and hop.name == ANSWER and NO_ANSWER in case.known:
            continue  # no answer was ever to come: a CNA, or a booking that the state keeps
        sent = headings[asked[question]]
        asked_at, is_former = came.get(sent.key, sent.sent_at), question != last and not hop.is_by_reply
        yield Wait(
            services.party.id,
            hop.name,
            hop.waits_for,
            _other(hop, sent),
            asked_at,
            min(mine, default=None),
            _limit(services, hop, asked_at, int(case.known.get(PRIORITY, ROUTINE))),
            question,
            is_given_up=not mine and (is_over or is_former),
        )


def _asked(services: Services, case: Case, headings: Sequence[Heading], hop: Hop) -> dict[str, int]:
    """Return the questions of a kind of wait: the id of each, and its place among the headings."""
    me = services.party.id
    if hop.begun_by:
        begun = message_of(case, hop.begun_by)
        return {m.id: place for place, m in enumerate(headings) if begun and m.recipient == me and m.id == begun}
    return {m.id: place for place, m in enumerate(headings) if m.sender == me and m.kind in hop.questions}


def _question_of(
    services: Services, case: Case, headings: Sequence[Heading], asked: Mapping[str, int], *, place: int, hop: Hop
) -> str:
    """Return the id of the question that the message at a place answers, or ``""``.

    An answer that was passed on replies to a message of somebody else: it belongs to the last question that stood here
    before the answer came.
    """
    message = headings[place]
    if message.recipient != services.party.id or message.kind not in hop.answers or message.id in asked:
        return ""
    if message.kind == hop.final and message.id != message_of(case, hop.final):
        return ""
    before = [question for question, written in asked.items() if written < place]
    passed_on = "" if hop.is_by_reply else next(iter((*before[-1:], *asked)), "")
    question = message.in_reply_to if message.in_reply_to in asked else passed_on
    return question if question and _other(hop, headings[asked[question]]) == message.sender else ""


def _other(hop: Hop, question: Heading) -> str:
    return question.sender if hop.begun_by else question.recipient


def _limit(services: Services, hop: Hop, asked_at: datetime, priority: int) -> Limit:
    customer = str(services.party.settings.get(IDENT_CLASS, SLOWEST_CLASS)) if hop.name == "immigration_search" else ""
    return limit_of(hop.name, asked_at.date(), priority=priority, customer=customer)
