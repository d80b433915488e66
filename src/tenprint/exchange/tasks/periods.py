"""How long a case is kept after it has ended for this party, and the wake-up that ends its keeping.

The programme says how long, per party, kind of record and end of the case (question ``keep_days``). A period counts
from the last change of the case and ends with a day (00:00 UTC): what ends on one day is erased together.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from tenprint.core.chance import content_id
from tenprint.core.clock import from_wire, to_wire
from tenprint.exchange.model.case import Case, Timer
from tenprint.exchange.model.corrections import was_expunged
from tenprint.exchange.model.known import ERASED, Wake, is_erased, message_of
from tenprint.exchange.model.stored import Rule
from tenprint.exchange.model.words import FINAL_STATES, CaseState, Kind, Role
from tenprint.exchange.ports import Work
from tenprint.exchange.tasks import questions
from tenprint.exchange.tasks.questions import Ask
from tenprint.exchange.tasks.waits import OVERDUE
from tenprint.ledger.entry import Entry
from tenprint.ledger.vocabulary import KIND, TIME
from tenprint.policy.evaluate import Decision

ENDED = FINAL_STATES | {CaseState.ANSWERED}
"""States in which a period counts: the final ones, and that of a party which has given the case on."""
ERASED_ENTRY, POSTPONED_ENTRY, LATE_ENTRY = "erased", "erasure_postponed", "late"
NO_CHANGE = frozenset({"looked_at", OVERDUE, ERASED_ENTRY, POSTPONED_ENTRY, LATE_ENTRY})
"""Kinds of ledger entries from which a period does not count anew."""
SINCE = "since"
EXPUNGED = "expunged"
"""Why a case is erased before its period is over: an order that was told to this party."""


class Kept(StrEnum):
    """What is kept of a case, each for a period of its own.

    Images are those in messages of the case; they go with the messages unless a rule lets them go before.
    """

    PRINTS = "prints"
    IMAGES = "images"
    MESSAGES = "messages"
    TASKS = "tasks"


@dataclass(frozen=True)
class Period:
    """For how long something is kept.

    Args:
        kept: what.
        days: how many, from the last change.
        ends_at: when it is to be erased.
        rule: which rule says so.
        sentence: the same for a layperson.
    """

    kept: Kept
    days: int
    ends_at: datetime
    rule: Rule
    sentence: str


def periods_of(ask: Ask, keeper: Role, case: Case, since: datetime) -> tuple[Period, ...]:
    """Return the periods of what a case still has, the one that ends first in front.

    Args:
        ask: as in `questions`.
        keeper: the party's role.
        case: one that has ended.
        since: its last change.
    """
    found = [_period(ask, keeper, case, kept, since) for kept in still_kept(case)]
    messages = next((period for period in found if period.kept == Kept.MESSAGES), None)
    found = [period for period in found if period.kept != Kept.IMAGES or _ends_before(period, messages)]
    return tuple(sorted(found, key=lambda period: (period.ends_at, list(Kept).index(period.kept))))


def still_kept(case: Case) -> tuple[Kept, ...]:
    """Return what a case still has, as far as the case itself tells."""
    gone = case.known.get(ERASED, {})
    has = {Kept.PRINTS: bool(case.known.get("subject")), Kept.IMAGES: "booking" in case.known}
    return tuple(kept for kept in Kept if kept not in gone and has.get(kept, True))


def _period(ask: Ask, keeper: Role, case: Case, kept: Kept, since: datetime) -> Period:
    booking = case.known.get("booking")
    is_requested = None if booking is None else booking.get("ret") == "Y"
    said = questions.keep_days(ask, keeper, str(kept), case.state, is_requested=is_requested)
    days = int(said.outcome)
    return Period(kept, days, end_of_day(since + timedelta(days=days)), rule_of(said), said.sentence)


def _ends_before(images: Period, messages: Period | None) -> bool:
    return messages is not None and images.ends_at < messages.ends_at


def is_erased_by_order(ask: Ask, keeper: Role, case: Case) -> bool:
    """Ask whether an order that expunges a booking erases what a party keeps of the case, whatever its periods."""
    ended = case.state if case.state in ENDED else None
    is_hold_requested = bool(message_of(case, Kind.DETAINER))
    said = questions.erase_expunged(ask, keeper, ended, is_hold_requested=is_hold_requested)
    return said.outcome == questions.ERASE


def rule_of(decision: Decision) -> Rule:
    """Return which rule spoke, with its version."""
    return Rule(decision.rule, decision.version)


def end_of_day(moment: datetime) -> datetime:
    """Return the first midnight (UTC) after a moment."""
    return moment.replace(hour=0, minute=0, second=0, microsecond=0) + timedelta(days=1)


def watch(work: Work, before: Case | None, case: Case) -> None:
    """Set the wake-up of a case whose state is new: when it has ended, or ended otherwise; none when it goes on."""
    if before is not None and before.state in ENDED:
        work.tx.cancel_timers(case.case_id, Wake.RETENTION)
    if case.state in ENDED:
        wake_first(work, case, work.now)
        if was_expunged(case):
            wake_at(work, end_of_day(work.now), EXPUNGED)


def wake_first(work: Work, case: Case, since: datetime) -> None:
    """Set a wake-up for the period that ends first, if the case still has anything."""
    for period in periods_of(questions.quietly(work.services), work.services.party.role, case, since)[:1]:
        wake_at(work, period.ends_at)


def wake_at(work: Work, due_at: datetime, why: str = "") -> None:
    """Set a wake-up of this message's case that ends a period of keeping; one for each `why`."""
    case_id = work.message.case_id
    more = (why,) if why else ()
    timer_id = content_id("wake", work.services.party.id, case_id, Wake.RETENTION, to_wire(due_at), *more)
    work.tx.set_timer(Timer(timer_id, case_id, Wake.RETENTION, due_at))


def last_change(case: Case, entries: Iterable[Entry]) -> datetime:
    """Return when a case changed last: its newest ledger entry that is no look at it and no erasing."""
    stated = case.known.get(ERASED, {}).get(SINCE)
    if stated is not None and is_erased(case):  # its entries are found by the case no more
        return from_wire(stated)
    times = [str(entry.fields[TIME]) for entry in entries if entry.fields.get(KIND) not in NO_CHANGE]
    return from_wire(max(times)) if times else case.opened_at
