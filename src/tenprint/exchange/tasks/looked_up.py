"""What a party's own cases and ledger say to a request, as lines for a person; nothing is written.

A state bureau and the criminal repository know a booking by its agency's ORI; a field office knows it by the jail that
it asked. Sent messages stay on the ledger when a case is erased, so that the counts stay what they were.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping

from tenprint.exchange.model.case import Case
from tenprint.exchange.model.directory import CONNECTED_BY, CONNECTED_SINCE, Party
from tenprint.exchange.model.known import erased_number, is_erased
from tenprint.exchange.model.notices import RULES, notices_among
from tenprint.exchange.model.requests import MAX_LINES, Request, RequestTopic
from tenprint.exchange.model.words import Kind, Role
from tenprint.exchange.ports import Work
from tenprint.exchange.tasks import questions
from tenprint.exchange.tasks.news import TELLING
from tenprint.ledger.entry import Entry, FieldValue
from tenprint.ledger.vocabulary import COUNTERPART, KIND, MESSAGE_KIND, SENT, SEQUENCE, TIME

REQUEST = "request"
"""In `Case.known`, at both ends: what was asked, for people. Its presence tells a request's case from a booking's."""
DISCLOSING = TELLING | {Kind.CANCELLATION, Kind.OUTCOME, Kind.CORRECTION, Kind.WITHDRAWAL}
"""Kinds of messages that tell somebody something of a booking."""


def lines(work: Work, asked: Request, about: Party) -> list[str]:
    """Return what this party holds about a request, one line each, at most `MAX_LINES` and one that says so."""
    found = list(_LOOK_UP[RequestTopic(asked.topic)](work, asked, about))
    if len(found) > MAX_LINES:
        return [*found[:MAX_LINES], f"and {len(found) - MAX_LINES} more lines, which do not fit in one answer"]
    return found


def _disclosed(work: Work, asked: Request, about: Party) -> Iterator[str]:
    bookings, counts = 0, Counter[tuple[str, str]]()
    for case in _cases(work, about):
        if not _is_within(case.opened_at.date().isoformat(), asked):
            continue
        bookings += 1
        for entry in _sent(work, case):
            counts[str(entry.fields[MESSAGE_KIND]), str(entry.fields[COUNTERPART])] += 1
    yield f"bookings of {about.id} known here: {bookings}"
    for (kind, party), count in sorted(counts.items()):
        yield f"{kind} sent to {party}: {count}"


def _activation(work: Work, _: Request, about: Party) -> Iterator[str]:
    directory, today = work.services.directory, work.now.date()
    since = str(about.settings.get(CONNECTED_SINCE, "")) or "a day that is not on record"
    yield f"{about.id} is connected since {since}, by {about.settings.get(CONNECTED_BY, '') or 'whom is not on record'}"
    if about.role == Role.AGENCY:
        is_on = directory.is_activated(about.ori, today)
        day = directory.activated_since.get(about.ori, "") or "a day that is not on record"
        yield f"ORI {about.ori} is activated since {day}" if is_on else f"ORI {about.ori} is not activated today"
        said = questions.cascade_to_immigration(questions.quietly(work.services), is_on, ())
        yield f"rule {said.rule}, version {said.version}: {said.sentence}"
    for _message, notice in notices_among(work.tx.messages(RULES)):
        if about.id in notice.binds.split():
            yield f"notice, from {notice.effective_from}: {notice.what} (decided by {notice.decided_by})"


def _own_record(work: Work, asked: Request, about: Party) -> Iterator[str]:
    cases = _record_cases(work, asked, about)
    if not cases:
        yield "no booking with this control number is known here"
    for case in cases:
        yield f"the booking is known here since {case.opened_at.date().isoformat()}, and stands as {case.state}"
        if is_erased(case):
            yield "its messages were erased when their period of keeping was over"
        for entry in _sent(work, case):
            yield disclosure_line(entry.fields, work.services.party.id)


def disclosure_line(fields: Mapping[str, FieldValue], party: str) -> str:
    """Return the line that names one disclosure of an own record, from the fields of its ledger entry."""
    return (
        f"{str(fields[TIME])[:10]}: {fields[MESSAGE_KIND]} sent to {fields[COUNTERPART]}"
        f" (entry {fields[SEQUENCE]} of the ledger of {party})"
    )


def record_entries(work: Work, asked: Request, about: Party) -> list[Entry]:
    """Return the ledger entries of what was disclosed of an own record."""
    return [entry for case in _record_cases(work, asked, about) for entry in _sent(work, case)]


def _record_cases(work: Work, asked: Request, about: Party) -> list[Case]:
    numbers = {asked.tcn, erased_number(about.ori, asked.tcn), erased_number("", asked.tcn)}
    return [case for case in _cases(work, about) if case.tcn in numbers]


def _cases(work: Work, about: Party) -> Iterator[Case]:
    """Return the cases of bookings of an agency, or those about which a jail was asked."""
    for case in work.tx.cases():
        if about.role == Role.AGENCY:
            is_its = case.ori == about.ori
        else:
            is_its = any(entry.fields[COUNTERPART] == about.id for entry in _sent(work, case))
        if is_its and REQUEST not in case.known:
            yield case


def _sent(work: Work, case: Case) -> Iterable[Entry]:
    for entry in work.tx.case_entries(case.case_id):
        if entry.fields[KIND] == SENT and entry.fields.get(MESSAGE_KIND) in DISCLOSING:
            yield entry


def _is_within(day: str, asked: Request) -> bool:
    return (not asked.since or asked.since <= day) and (not asked.until or day <= asked.until)


_LOOK_UP = {
    RequestTopic.DISCLOSED: _disclosed,
    RequestTopic.ACTIVATION: _activation,
    RequestTopic.LIMIT: _activation,
    RequestTopic.OWN_RECORD: _own_record,
}
