"""What whoever takes a submission in has to do with it: know it again, reject it, answer it again, keep its prints."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

from tenprint.core.chance import content_id
from tenprint.core.errors import SenderError, TenprintError
from tenprint.exchange.model.case import Case
from tenprint.exchange.model.envelope import EBTS_CONTENT, Envelope, MessageKey
from tenprint.exchange.model.known import (
    Repository,
    is_erased,
    message_of,
    with_message,
    with_nobody_on_file,
    with_repository,
)
from tenprint.exchange.model.numbers import control_number
from tenprint.exchange.model.words import CaseState, Kind, RepositoryState
from tenprint.exchange.ports import Work
from tenprint.exchange.tasks import questions
from tenprint.exchange.tasks.cases import keep
from tenprint.exchange.tasks.news import SUBMITTER
from tenprint.exchange.tasks.periods import end_of_day, wake_at
from tenprint.exchange.tasks.prints import ReadCard, booking_as_json, failures_as_json, subject_of
from tenprint.exchange.tasks.resubmissions import attempts_of, quotes_rejection, with_attempt
from tenprint.records import Transaction, read
from tenprint.records.itl.ebts import Booking, Finding, build_errt, priority_of, read_booking, refusal_of
from tenprint.records.itl.validation import ERROR, FOUND_CHARACTERS

SUBMISSION = "submission"
SUBJECT, ENROLLED = "subject", "enrolled"
"""In `Case.known`: id of the subject whose prints fit the booking, and whether those are the booking's own."""
ASKS_FOR_NONE = "the booking asks for no answer (CNA); it is searched, kept and passed on like any other"
ERASED_ANSWER_KEPT = timedelta(days=30)
"""For how long a repeat of an erased booking and what was answered to it are kept."""
_ORI = re.compile(r"[A-Za-z0-9]{9}")
_TCN = re.compile(r"[!-~][ -~]{8,38}[!-~]")


def submission_key(body: bytes) -> tuple[str, str]:
    """Return (ORI, TCN) by which a second copy of a submission is known.

    When the file's header does not give both in their form, the key is the content: ``("", "sha256-…")``.
    """
    return key_of(read(body), body)


def key_of(received: Transaction, body: bytes) -> tuple[str, str]:
    """Return `submission_key` of a submission that was read already."""
    if _ORI.fullmatch(received.ori) and _TCN.fullmatch(received.tcn):
        return received.ori, received.tcn
    return "", content_id("sha256", body)


def first_copy(work: Work, card: ReadCard) -> Case | None:
    """Return the case of the submission that arrived first with this ORI and TCN, under another message; else None."""
    case = work.tx.case_by_tcn(*key_of(card.received, work.message.body))
    if case is None or MessageKey(case.known[SUBMITTER], message_of(case, SUBMISSION)) == work.message.key:
        return None
    return case


def foreign_agency(work: Work, card: ReadCard) -> tuple[Finding, ...]:
    """Return why a booking is not its sender's: 1.008 names another agency, or 2.073 one that is in the network itself.

    Otherwise one agency could file, and have searched, under another's name and activation.
    """
    sender = work.services.directory.party(work.message.sender)
    booked_at = work.services.directory.with_ori(card.booking.cri[0]) if card.booking.cri else None
    if card.received.ori and card.received.ori != sender.ori:
        return (
            Finding("E0006", "1.008", card.received.ori, f"this is not the ORI of the sender, {sender.ori}", ERROR),
        )
    if booked_at is not None and booked_at != sender:
        said = "the first controlling agency is another agency of this network, not the sender"
        return (Finding("E0006", "2.073", card.booking.cri[0], said, ERROR),)
    return ()


def refuse_known_case(work: Work, card: ReadCard) -> None:
    """Refuse a submission that claims the case of another one: it would take that case's place.

    A resubmission, which quotes the rejection with which the case stands, goes on with its own case.

    Raises:
        SenderError: ``CASE_TAKEN``; the case is left as it is.
    """
    former = work.tx.case(work.message.case_id)
    if former is None:
        return
    if former.known.get(SUBMITTER) != work.message.sender or not quotes_rejection(former, card.received.tcr):
        raise SenderError("CASE_TAKEN", "another submission has this case id already")


def foreign_rejection(work: Work, card: ReadCard) -> tuple[Finding, ...]:
    """Return why a submission cannot quote the answer that it quotes (1.010): no rejection of this case has it."""
    if not card.received.tcr or work.tx.case(work.message.case_id) is not None:
        return ()
    said = "the answer quoted here is no rejection of a booking of the sender"
    return (Finding("E0006", "1.010", card.received.tcr[:FOUND_CHARACTERS], said, ERROR),)


def impossible_dates(work: Work, card: ReadCard) -> tuple[Finding, ...]:
    """Return which days lie in the future; a day is left for time zones. Other impossible days the standard finds."""
    latest = (work.now + timedelta(days=1)).strftime("%Y%m%d")
    days = (("2.045", "arrest", card.booking.doa), ("2.022", "birth", card.booking.dob))
    return tuple(
        Finding("E0003", tag, day, f"the date of {what} lies in the future", ERROR)
        for tag, what, day in days
        if re.fullmatch(r"[0-9]{8}", day) and day > latest
    )


def booked_on(booking: Booking, taken_up: datetime) -> date:
    """Return the day of the booking: the arrest's as stated, else the day on which it was taken up."""
    try:
        return datetime.strptime(booking.doa, "%Y%m%d").replace(tzinfo=UTC).date()
    except ValueError:
        return taken_up.date()


def opened_case(work: Work, card: ReadCard, state: CaseState, *, key: tuple[str, str] | None = None) -> Case:
    """Return the case of the submission at hand, not yet saved; `key` instead of `submission_key` when it is taken."""
    ori, tcn = key or key_of(card.received, work.message.body)
    former = work.tx.case(work.message.case_id)
    case = Case(case_id=work.message.case_id, opened_at=work.now, state=state, ori=ori, tcn=tcn)
    if former is not None:
        # A resubmission: the case goes on under the number by which copies of its first attempt are known.
        case = replace(former, state=state, known=former.known | with_attempt(former))
        work.log("resubmitted", note=f"attempt {len(attempts_of(case)) + 1} of this booking")
    case = case.moved(submitter=work.message.sender, failures=failures_as_json(card.failures))
    case = case.moved(priority=priority_of(card.received))
    if not card.findings:
        case = case.moved(booking=booking_as_json(card.booking))
    for finger, why in sorted(card.failures.items()):
        work.log("image_failed", note=f"finger {int(finger)}: {why}"[:200])
    return with_message(case, SUBMISSION, work.message.id, work.message.tcn)


def too_few_fingers(work: Work, card: ReadCard) -> tuple[Finding, ...]:
    """Ask the programme whether enough fingers can be used; return the finding to reject with, or nothing."""
    decision = questions.accept_submission(work.decide, card.templates, card.explained)
    if decision.outcome == questions.ACCEPT:
        return ()
    return (Finding(decision.code or "L0008", "", "", decision.sentence, ERROR),)


def reject(work: Work, card: ReadCard, findings: Iterable[Finding], *, key: tuple[str, str] | None = None) -> Case:
    """Answer the submission at hand with an ERRT that names codes and fields; the case ends there.

    Args:
        work, card: at hand.
        findings: why, at least one.
        key: as in `opened_case`.
    """
    findings = tuple(findings)
    sent = _send_rejection(work, card, findings)
    codes = " ".join(dict.fromkeys(f.code for f in findings))
    case = with_message(opened_case(work, card, CaseState.REJECTED, key=key), Kind.ERRT, sent.id, sent.tcn)
    return keep(work, case.moved(errors=codes.split()), why=codes)


def _send_rejection(work: Work, card: ReadCard, findings: tuple[Finding, ...]) -> Envelope:
    tcn = control_number(work.services.party.id, work.message.case_id, Kind.ERRT, work.message.sender, work.message.id)
    answer = refusal_of(
        card.received,
        findings,
        tcn=tcn,
        dat=work.now.strftime("%Y%m%d"),
        ori=work.services.party.ori,
        dai=work.services.directory.party(work.message.sender).ori,
    )
    return work.send(
        Kind.ERRT, work.message.sender, build_errt(answer), content_type=EBTS_CONTENT, tcn=tcn, tcr=answer.tcr
    )


def reject_given_up(work: Work, problem: TenprintError) -> None:
    """Answer a submission that became a dead letter with an ERRT: whoever waits for an answer gets one.

    A case that is there already is left as it is. The control number stays free, so that nothing of it is held
    against a later submission.
    """
    received = read(work.message.body)
    said = "this system could not handle the submission; send it again with a new control number"
    card = ReadCard(received, read_booking(received), (Finding(problem.code, "", "", said, ERROR),))
    if work.tx.case(work.message.case_id) is None:
        reject(work, card, card.findings, key=("", work.message.id))
    else:
        _send_rejection(work, card, card.findings)


def answer_again(work: Work, card: ReadCard, case: Case, kinds: Iterable[Kind]) -> None:
    """Send the answers that a submission has got so far once more, to its sender; open no case.

    Another sender that quotes the same ORI and TCN learns nothing about the first one's booking: it is rejected.
    """
    if is_erased(case):
        answer_erased(work, card)
        return
    if work.message.sender != case.known[SUBMITTER]:
        refuse_known_case(work, card)
        taken = Finding("E0006", "1.009", "", "another sender has used this control number for this agency", ERROR)
        reject(work, card, (taken,), key=("", work.message.id))
        return
    work.log("repeat", note="a second copy of a submission; the first answers are sent again")
    for kind in kinds:
        # What came here and was not passed on, a rule withheld: only what this party itself sent goes out again.
        answer = work.tx.message(MessageKey(work.services.party.id, message_of(case, kind)))
        if answer is not None:
            forward(work, answer, work.message.sender)


def wants_answer(card: ReadCard) -> bool:
    """Tell whether a booking asks for an answer: a CNA wants a protocol acknowledgement only (EBTS 8.001, 3.1.1.2)."""
    return card.booking.tot != Kind.CNA


def answers_if_asked(work: Work, case: Case, card: ReadCard) -> Case:
    """Return the case with the reason why no answer goes back, logged, when the booking asks for none."""
    if wants_answer(card):
        return case
    work.log("no_answer", note=ASKS_FOR_NONE)
    return case.moved(no_answer=ASKS_FOR_NONE)


def answer_erased(work: Work, card: ReadCard) -> None:
    """Tell who sends a booking again, whose case was erased, to use a new number; no case is opened for it.

    What is said about it here is erased after a while as well. A repository that answers in another form says nothing.
    """
    work.log("repeat", note="a second copy of a submission whose case was erased")
    if work.message.kind in (Kind.CAR, Kind.CNA):
        said = "what was booked under this control number has been erased here; book again under a new one"
        _send_rejection(work, card, (Finding("E0006", "1.009", "", said, ERROR),))
    wake_at(work, end_of_day(work.now + ERASED_ANSWER_KEPT))


def forward(work: Work, message: Envelope, recipient: str) -> Envelope:
    """Send a message's body on, byte for byte, with its control numbers."""
    return work.send(
        message.kind,
        recipient,
        message.body,
        content_type=message.content_type,
        tcn=message.tcn,
        tcr=message.tcr,
    )


def keep_prints(work: Work, case: Case, card: ReadCard, repository: Repository, matched: str) -> Case:
    """Note a repository's subject, and enrol the prints when the rules say so; return the case with the subject's id.

    Args:
        work, case, card: at hand.
        repository: whose gallery.
        matched: subject id of the match, or ``""``. Who is known already is not enrolled a second time.
    """
    keeps = bool(work.services.party.setting("keeps_searches", False, booked_on(card.booking, work.now)))
    decision = questions.retention(work.decide, repository, card.booking.ret == "Y", keeps_searches=keeps)
    if matched or decision.outcome != questions.KEEP:
        return case.moved(subject=matched)
    subject = subject_of(work.services.party.id, case.case_id)
    work.tx.put_enrolment(subject, card.templates, work.now)
    work.tx.keep_exemplar(subject, work.message.body_hash, work.now)
    work.log("enrolled", repository=str(repository), count=len(card.templates))
    return case.moved(subject=subject, enrolled=True)


def searched(
    work: Work, case: Case, repository: Repository, result: RepositoryState, card: ReadCard, *, candidates: int = 0
) -> Case:
    """Log a search with its result and return the case with the repository's answer."""
    count = card.search.subjects_searched if card.search else 0
    if result == RepositoryState.NO_MATCH and not count:
        case = with_nobody_on_file(case, repository)
    work.log("searched", repository=str(repository), result=str(result), candidates=candidates, count=count)
    return with_repository(case, repository, result)
