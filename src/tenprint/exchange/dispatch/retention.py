"""The end of keeping: what a case holds is erased when its period is over, and what was erased stays provable.

A wake-up (`tasks.periods`) becomes a TIMER message as any other does. Handling it is one transaction: bodies, tasks,
fields of the ledger and enrolments go, an entry ``erased`` says how many and under which rule, and a list says what is
to leave the disk. `remove_due` works that list off afterwards; a kill at any point repeats it and loses nothing.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from tenprint.core.clock import to_wire
from tenprint.core.errors import StorageError, TenprintError
from tenprint.exchange.dispatch.points import ERASE_AFTER_FILES, ERASE_AFTER_GALLERY, ERASE_BEFORE_MARK
from tenprint.exchange.model.bodies import TimerFired
from tenprint.exchange.model.case import Case
from tenprint.exchange.model.corrections import CORRECTIONS, was_expunged
from tenprint.exchange.model.envelope import Envelope, ErasedHeading, Heading
from tenprint.exchange.model.known import (
    ERASED,
    MESSAGES,
    REPOSITORIES,
    Wake,
    erased_number,
    is_erased,
    message_of,
    unsettled_of,
)
from tenprint.exchange.model.stored import Erasure, ErasureKind, Rule
from tenprint.exchange.model.words import Kind
from tenprint.exchange.ports import Handler, Node, Work
from tenprint.exchange.store import Transaction
from tenprint.exchange.tasks import periods, questions
from tenprint.exchange.tasks.corrections import take_correction_of_erased, without_words
from tenprint.exchange.tasks.news import INFORMANTS, NEWS
from tenprint.exchange.tasks.periods import ERASED_ENTRY, LATE_ENTRY, POSTPONED_ENTRY, SINCE, Kept, Period
from tenprint.exchange.tasks.prints import ReadCard
from tenprint.exchange.tasks.submissions import ENROLLED, SUBJECT, SUBMISSION, answer_erased
from tenprint.exchange.tasks.waits import WAKES
from tenprint.ledger.vocabulary import (
    CANDIDATES,
    CASE,
    GIVEN_BACK,
    IN_REPLY_TO,
    MESSAGE,
    MESSAGE_HASH,
    NOTE,
    REASON,
    REASON_HASH,
    RECEIPT,
    RECEIVED,
    RESENT,
    SCORE,
    SENT,
    SHOWN_HASH,
    TASK,
    TCN,
    TCR,
    UNDELIVERABLE,
)
from tenprint.records import read

SUBMISSIONS = frozenset({Kind.CAR, Kind.CNA})
WITH_IMAGES = SUBMISSIONS | {Kind.IDENT_SEARCH}
EXPUNGED_RULE = Rule(periods.EXPUNGED, "order")
"""Stands as the rule of what was erased because a court or a state had the record expunged."""
POSTPONED_FOR = timedelta(days=30)
"""After this time it is looked again whether what hindered an erasure is over."""
QUESTIONS: Mapping[Kind, frozenset[Kind]] = {
    Kind.CORRECTION: frozenset({Kind.ACK}),
    Kind.REQUEST: frozenset({Kind.REQUEST_ANSWER}),
    Kind.AUDIT_QUERY: frozenset({Kind.AUDIT_ANSWER}),
    Kind.DETAINER: frozenset({Kind.DETAINER_ANSWER, Kind.CUSTODY}),
}
"""Messages that wait for an answer, and its kinds: while one is open, the case is. A detainer that was cancelled before
the jail answered is answered by the jail's report that it has ended."""
MESSAGE_ENTRIES = frozenset({SENT, RECEIVED, RECEIPT, RESENT, GIVEN_BACK, UNDELIVERABLE})
ABOUT_ERASED = frozenset({Kind.AUDIT_ANSWER, Kind.CORRECTION, Kind.ACK})
"""What is heard about an erased case: answers to audits, corrections, and who has acknowledged one."""
OWN_ENTRIES = frozenset({ERASED_ENTRY, POSTPONED_ENTRY, LATE_ENTRY})
NUMBERS = frozenset({TCN, TCR, NOTE})
LINKS = NUMBERS | {
    CASE, MESSAGE, MESSAGE_HASH, IN_REPLY_TO, TASK, REASON, REASON_HASH, SHOWN_HASH, CANDIDATES, SCORE,
}  # fmt: skip
"""What leads from an entry to the case, or tells about the person; decision record 0012."""


@dataclass(frozen=True)
class Ending:
    """A case whose period ends.

    Args:
        case_id: which.
        due_at: when its wake-up is due.
        periods: what it still has, the one that ends first in front; empty when nothing but late messages is left.
        postponed: why nothing would be erased now, or ``""``.
    """

    case_id: str
    due_at: datetime
    periods: tuple[Period, ...]
    postponed: str


def in_charge_of(envelope: Envelope, handler: Handler | None) -> Handler | None:
    """Return what handles a message: the end of keeping for its wake-ups, else `handler`, unless the case was erased.

    A handler would look in vain for what it needs of an erased case. Audits are about ledgers: whom a booking was
    disclosed to can be asked after it was erased; the answers go like any message that came later.
    """
    if envelope.kind == Kind.TIMER and TimerFired.from_bytes(envelope.body).purpose == Wake.RETENTION:
        return on_wake
    if handler is None or envelope.kind == Kind.AUDIT_QUERY:
        return handler

    def handle(work: Work, prepared: Any) -> None:
        case = work.tx.case(work.message.case_id)
        if case is None or not is_erased(case):
            handler(work, prepared)
        elif envelope.kind in ABOUT_ERASED and (envelope.kind != Kind.ACK or CORRECTIONS in case.known):
            if envelope.kind == Kind.CORRECTION:
                take_correction_of_erased(work, case)
            else:
                handler(work, prepared)
            periods.wake_at(work, periods.end_of_day(work.now + POSTPONED_FOR))
        else:
            _take_late(work, case, prepared)

    return handle


def on_wake(work: Work, _: None) -> None:
    """Erase what of a case is due, or say why not yet; set the next wake-up."""
    case = work.tx.case(work.message.case_id)
    if case is None or is_erased(case):
        _erase_late_messages(work, case)
    if case is None or case.state not in periods.ENDED:
        return
    since = periods.last_change(case, work.tx.case_entries(case.case_id))
    ask, role = questions.quietly(work.services), work.services.party.role
    due = [period for period in periods.periods_of(ask, role, case, since) if period.ends_at <= work.now]
    if was_expunged(case) and periods.is_erased_by_order(ask, role, case):
        due = _all_at_once(case, work.now)
    why = hindrance(work.tx, case.case_id, work.message) if due else ""
    if why:
        work.log(POSTPONED_ENTRY, note=why)
        periods.wake_at(work, periods.end_of_day(work.now + POSTPONED_FOR))
        return
    for period in due:
        case = _noted(_STEPS[period.kept](work, case, period), period, work.now, since)
        work.tx.save_case(case)
    periods.wake_first(work, case, since)


def _all_at_once(case: Case, now: datetime) -> list[Period]:
    """Return the periods of what an expunged case still has, as over; images go with the messages."""
    found = [kept for kept in periods.still_kept(case) if kept != Kept.IMAGES]
    return [Period(kept, 0, now, EXPUNGED_RULE, "The record was expunged.") for kept in found]


def hindrance(tx: Transaction, case_id: str, at_hand: Envelope | None = None) -> str:
    """Return why a case must not be erased yet, or ``""``: something of it is open.

    Args:
        tx: the party's database.
        case_id: which case.
        at_hand: the wake-up that is being handled.
    """
    if tx.tasks(case_id, open_only=True):
        return "a task of the case waits for a person"
    # A limit for somebody's answer is no clock of the case: where an answer is missing, the question hinders below.
    if any(timer.purpose not in WAKES for timer in tx.waiting_timers(case_id)):
        return "a clock of the case is running"
    headings = tx.headings(case_id)
    if at_hand is not None and tx.is_under_way(case_id, at_hand.key):
        return "a message of the case is under way"
    for asked in headings:
        if asked.kind in QUESTIONS and not any(_answers(heading, asked) for heading in headings):
            return f"a {asked.kind} of the case has no answer yet"
    return ""


def endings(node: Node) -> list[Ending]:
    """Return the cases of a party whose period ends, the first one in front. Nothing is written."""
    found = []
    ask = questions.quietly(node.services)
    for timer in node.store.ends_of_keeping():
        with node.store.transaction() as tx:
            case = tx.case(timer.case_id)
            due: tuple[Period, ...] = ()
            if case is not None and case.state in periods.ENDED:
                since = periods.last_change(case, tx.case_entries(case.case_id))
                due = periods.periods_of(ask, node.party.role, case, since)
            found.append(Ending(timer.case_id, timer.due_at, due, hindrance(tx, timer.case_id)))
    return found


def remove_due(node: Node, limit: int) -> int:
    """Remove at most `limit` listed things from the disk; return how many are gone. What cannot be removed stays.

    Files go inside a transaction: while it is open nobody can begin to need one. The gallery is compacted once for all.
    The database's own pages come last, when nothing else is due to be erased: it is written anew once a day.
    """
    listed = node.store.erasures(limit)
    done = 0
    try:
        done += _remove_subjects(node, [one for one in listed if one.kind == ErasureKind.SUBJECT])
        done += _remove_files(node, [one for one in listed if one.kind in (ErasureKind.FILE, ErasureKind.TEMPLATE)])
        if listed == [Erasure(ErasureKind.PAGES)] and _is_quiet(node) and node.store.scrub():
            node.trigger(ERASE_BEFORE_MARK)
            done += _mark(node, listed)
    except TenprintError:
        return done  # the list is still there, and `tenprint network retention` counts it
    return done


def _erase_messages(work: Work, case: Case, period: Period) -> Case:
    _list_templates(work)
    for timer in work.tx.waiting_timers(case.case_id):  # limits of answers, for which nobody waits any more
        work.tx.cancel_timers(case.case_id, timer.purpose)
    bodies = work.tx.erase_bodies(case.case_id, work.now, period.rule, work.message.key)
    entries = work.tx.erase_entries(case.case_id, _names_of)
    _log_erased(work, period.rule, period, bodies, f"messages: {bodies} bodies, fields of {entries} ledger entries")
    return replace(case, tcn=erased_number(case.ori, case.tcn) if case.tcn else "", known=_reduced(case))


def _erase_images(work: Work, case: Case, period: Period) -> Case:
    """Erase the messages that hold prints, and no others: what was asked with them, and answered, stays on record."""
    _list_templates(work)
    found = [one for one in work.tx.headings(case.case_id) if one.kind in WITH_IMAGES]
    found = [one for one in found if not isinstance(one, ErasedHeading)]
    for heading in found:
        work.tx.erase_message(heading.key, work.now, period.rule)
    if found:
        _log_erased(work, period.rule, period, len(found), f"images: {len(found)} messages with prints")
    return case


def _erase_tasks(work: Work, case: Case, period: Period) -> Case:
    said = f"What was shown here was erased on {to_wire(work.now)[:10]} under {period.rule}."
    tasks = work.tx.tasks(case.case_id)
    for task in tasks:
        work.tx.save_task(replace(task, shown={ERASED: said}, reason=""))
    if tasks:
        _log_erased(work, period.rule, period, len(tasks), f"tasks: what {len(tasks)} tasks showed, and reasons")
    return case


def _erase_prints(work: Work, case: Case, period: Period) -> Case:
    """Remove the case's subject from the gallery, unless another case still keeps it or it came from no booking."""
    subject = case.known[SUBJECT]
    known_by = work.tx.cases_with(SUBJECT, subject)
    others = [one for one in known_by if one.case_id != case.case_id and Kept.PRINTS not in one.known.get(ERASED, {})]
    if others or not any(one.known.get(ENROLLED) for one in known_by):
        return case
    files = work.tx.exemplars(subject)
    for digest in files:
        _list_templates_of(work, lambda digest=digest: work.tx.file(digest))
        work.tx.put_erasure(Erasure(ErasureKind.FILE, digest))
    work.tx.forget_subject(subject)
    work.tx.put_erasure(Erasure(ErasureKind.SUBJECT, subject))
    for one in known_by:
        work.tx.save_case(_without_subject(one))
    _log_erased(work, period.rule, period, 1, f"prints: 1 subject of the gallery, {len(files)} files")
    return _without_subject(case)


_STEPS = {
    Kept.PRINTS: _erase_prints,
    Kept.IMAGES: _erase_images,
    Kept.MESSAGES: _erase_messages,
    Kept.TASKS: _erase_tasks,
}


def _take_late(work: Work, case: Case, prepared: Any) -> None:
    """Take a message of an erased case: nothing of it is kept; who sent a booking again is told to use a new number."""
    rule = _rule_of(case)
    work.log(LATE_ENTRY, note="the case was erased before; nothing of this message is kept")
    if work.message.kind in WITH_IMAGES:
        _list_templates_of(work, lambda: work.message.body)
    if work.message.kind in SUBMISSIONS and isinstance(prepared, ReadCard):
        answer_erased(work, prepared)
    work.tx.erase_message(work.message.key, work.now, rule)
    work.tx.put_erasure(Erasure(ErasureKind.PAGES))


def _erase_late_messages(work: Work, case: Case | None) -> None:
    """Erase what was said about a case after it was erased, or about a booking that was one's repeat."""
    rule = _rule_of(case)
    _list_templates(work)
    bodies = work.tx.erase_bodies(work.message.case_id, work.now, rule, work.message.key)
    if bodies:
        _log_erased(work, rule, None, bodies, f"messages: {bodies} bodies that came later")


def _rule_of(case: Case | None) -> Rule:
    stated = case.known[ERASED][Kept.MESSAGES] if case is not None else {"rule": "repeat-of-an-erased-case"}
    return Rule(stated["rule"], stated.get("version", "house"))


def _log_erased(work: Work, rule: Rule, period: Period | None, count: int, note: str) -> None:
    work.tx.put_erasure(Erasure(ErasureKind.PAGES))
    asked, days = ("keep_days", str(period.days)) if period else ("", "")
    work.log(ERASED_ENTRY, rule=rule.id, version=rule.version, question=asked, outcome=days, count=count, note=note)


def _noted(case: Case, period: Period, at: datetime, since: datetime) -> Case:
    """Return the case with what was erased of it; the rule and day are what pages and errors say."""
    said = {"at": to_wire(at), "rule": period.rule.id, "version": period.rule.version}
    return case.moved(erased={SINCE: to_wire(since), **case.known.get(ERASED, {}), str(period.kept): said})


def _reduced(case: Case) -> dict[str, Any]:
    """Return what stays known of an erased case: enough to know a repeat, and that an answer came too late."""
    kept = {name: case.known[name] for name in (*INFORMANTS, SUBJECT, ENROLLED, ERASED, NEWS) if name in case.known}
    if CORRECTIONS in case.known:
        kept[CORRECTIONS] = {name: without_words(one) for name, one in case.known[CORRECTIONS].items()}
    if message_of(case, SUBMISSION):
        kept[MESSAGES] = {SUBMISSION: message_of(case, SUBMISSION)}
    if unsettled := unsettled_of(case):
        kept[REPOSITORIES] = unsettled
    return kept


def _without_subject(case: Case) -> Case:
    return replace(case, known={n: value for n, value in case.known.items() if n not in (SUBJECT, ENROLLED)})


def _names_of(kind: str) -> frozenset[str]:
    """Return which fields of an entry go: of messages the control numbers, of the rest whatever leads to the case."""
    if kind in OWN_ENTRIES:
        return frozenset()
    return NUMBERS if kind in MESSAGE_ENTRIES else LINKS


def _answers(heading: Heading, asked: Heading) -> bool:
    """Tell whether a message answers another one; their times, by two parties' clocks, say nothing about that."""
    is_between = (heading.sender, heading.recipient) == (asked.recipient, asked.sender)
    return is_between and heading.kind in QUESTIONS[asked.kind] and heading.in_reply_to == asked.id


def _list_templates(work: Work) -> None:
    """List the remembered templates of all images that messages of the case carry."""
    for heading in work.tx.headings(work.message.case_id):
        if heading.kind in WITH_IMAGES and not isinstance(heading, ErasedHeading):
            _list_templates_of(work, lambda key=heading.key: message.body if (message := work.tx.message(key)) else b"")


def _list_templates_of(work: Work, body_of: Any) -> None:
    try:
        images = read(body_of()).images()
    except StorageError:
        return  # a file that is lost has no images to look for
    for image in images:
        work.tx.put_erasure(Erasure(ErasureKind.TEMPLATE, image.digest))


def _remove_subjects(node: Node, subjects: list[Erasure]) -> int:
    if not subjects:
        return 0
    for one in subjects:
        node.services.matcher.delete(one.name)
    # Also when none was there any more: a run before this one may have been killed before it came so far.
    node.services.matcher.compact()
    node.trigger(ERASE_AFTER_GALLERY)
    return _mark(node, subjects)


def _remove_files(node: Node, files: list[Erasure]) -> int:
    if not files:
        return 0
    with node.store.transaction() as tx:
        for one in files:
            if one.kind == ErasureKind.TEMPLATE:
                node.services.matcher.forget(one.name)
            elif not tx.is_file_needed(one.name):
                node.services.blobs.delete(one.name)
            tx.mark_removed(one)
        node.trigger(ERASE_AFTER_FILES)
    return len(files)


def _mark(node: Node, removed: list[Erasure]) -> int:
    with node.store.transaction() as tx:
        for one in removed:
            tx.mark_removed(one)
    return len(removed)


def _is_quiet(node: Node) -> bool:
    """Tell whether nothing more is due that could erase rows: the database is to be written anew once."""
    now = node.services.clock.now()
    return not node.store.due_timers(now, 1) and not node.store.due_inbox(now, 1)
