"""The criminal repository: searches the criminal file, cascades to the immigration repository, answers once or twice.

The first SRE (TCR = the submission's TCN) goes out when the immigration repository has answered, or when the time of
the booking's priority is up: then it says that this answer is pending. The second SRE (TCR = the first one's TCN)
brings what was missing: a late no-match, or the specialist's finding after a match. Where the setting `delivery` says
``combined``, the first SRE waits within that time for the specialist's finding, and nothing follows it. A CNA is
handled like any booking, and no SRE goes back. A late hit opens a case again.

Rules may wait for a court: then the first SRE says so, each disposition is a reason to ask them again, and the search
that follows a conviction is answered in a second SRE. A search that was made is not made again, and not unmade.

A person who is in the file already is not enrolled a second time; the master record keeps its prints.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

from tenprint.core.errors import SenderError, StorageError
from tenprint.exchange.model.bodies import TimerFired
from tenprint.exchange.model.case import Case
from tenprint.exchange.model.corrections import is_to_be_forgotten
from tenprint.exchange.model.envelope import EBTS_CONTENT, NLETS_CONTENT, Envelope, MessageKey
from tenprint.exchange.model.known import (
    EMPTY_REPOSITORY,
    NO_ANSWER,
    Repository,
    Wake,
    advanced,
    empty_file,
    is_file_empty,
    message_of,
    reopened,
    repository_state,
    with_message,
    with_nobody_on_file,
    with_repository,
)
from tenprint.exchange.model.numbers import control_number, short_number
from tenprint.exchange.model.withdrawal import was_withdrawn
from tenprint.exchange.model.words import CaseState, Kind, RepositoryState, Role
from tenprint.exchange.ports import FailureHandler, Handler, Preparer, Work
from tenprint.exchange.tasks import questions, requests, waits
from tenprint.exchange.tasks.cases import asked_case, keep
from tenprint.exchange.tasks.convictions import disposed
from tenprint.exchange.tasks.forgetting import without_forgotten
from tenprint.exchange.tasks.news import SUBMITTER
from tenprint.exchange.tasks.plain import plain_text
from tenprint.exchange.tasks.prints import ReadCard, booking_of, prepare_card, threshold_of, verified_by_rule
from tenprint.exchange.tasks.results import (
    CASCADE,
    CASCADE_FACTS,
    advice,
    cascade_reason,
    end_of,
    noted_late_hit,
    reason_by_disposition,
)
from tenprint.exchange.tasks.spread import take_disposition
from tenprint.exchange.tasks.submissions import (
    SUBJECT,
    SUBMISSION,
    answer_again,
    answers_if_asked,
    booked_on,
    first_copy,
    keep_prints,
    opened_case,
    refuse_known_case,
    reject,
    reject_given_up,
    searched,
    too_few_fingers,
    wants_answer,
)
from tenprint.exchange.tasks.withdrawals import on_withdrawal, unless_withdrawn
from tenprint.policy.evaluate import Decision
from tenprint.records import read
from tenprint.records.ident import IdentDataResponse
from tenprint.records.itl import ebts
from tenprint.records.nlets.iaq import GENERIC_OFFENSE, Iaq
from tenprint.records.nlets.iar import Iar
from tenprint.records.nlets.offences import code_and_words
from tenprint.records.words import ExaminerFinding, MatchConfirmation
from tenprint.records.words import RepositoryState as RecordState

NDR_CRIMINAL, NDR_IMMIGRATION = "1", "9"
UCN_CHARACTERS = 9
INTERIM = "IDR:pending"
"""Purpose under which an interim answer of the immigration repository is kept."""
ANSWERED = frozenset({RepositoryState.MATCH, RepositoryState.NO_MATCH})
DESK, DESK_PHONE = "INTEROPERABILITY DESK", "3045550100"
"""Attention and telephone of an IAQ unless the party's settings name others; the number is a fictitious one."""


def on_submission(work: Work, card: ReadCard) -> None:
    """Search the criminal file; ask the immigration repository when the programme says so, else answer at once."""
    card = without_forgotten(work, card)
    earlier = first_copy(work, card)
    if earlier is not None:
        answer_again(work, card, earlier, (Kind.SRE, Kind.LATE_HIT, Kind.SECOND_SRE, Kind.ERRT))
        return
    refuse_known_case(work, card)
    findings = card.findings or too_few_fingers(work, card)
    if findings:
        reject(work, card, findings)
        return
    case = answers_if_asked(work, opened_case(work, card, CaseState.SEARCHING), card)
    threshold = threshold_of(work.services.party)
    result, matched = verified_by_rule(work.decide, Repository.CRIMINAL, card.search, threshold)
    case = searched(work, case, Repository.CRIMINAL, result, card, candidates=int(result == RepositoryState.MATCH))
    case = keep_prints(work, case, card, Repository.CRIMINAL, matched)
    keep(work, _cascaded(work, case, card))


def on_data_response(work: Work, _: None) -> None:
    """Take the immigration repository's answer: answer first or second, and ask for the status after a match."""
    answer = IdentDataResponse.from_bytes(work.message.body)
    case = asked_case(work, Kind.IDENT_SEARCH)
    if message_of(case, Kind.IDR):
        work.log("repeat", note="the immigration repository had answered already")
        return
    result = RepositoryState(answer.result)
    if result == RepositoryState.PENDING:
        # An interim answer ends nothing: the final one may still come within the time of the priority.
        work.log("pending", repository=Repository.IMMIGRATION, result=result, note=plain_text(answer.text, 200))
        keep(work, with_message(case, INTERIM, work.message.id, answer.tcn))
        return
    waits.end(work)
    if message_of(case, Kind.LATE_HIT):
        work.log("overtaken", note="a late hit came before the answer that it corrects, so this changes nothing")
        keep(work, with_message(case, Kind.IDR, work.message.id, answer.tcn))
        return
    case = with_message(with_repository(case, Repository.IMMIGRATION, result), Kind.IDR, work.message.id, answer.tcn)
    case = case.moved(finding=str(answer.finding))
    if result == RepositoryState.NO_MATCH and answer.text.startswith(EMPTY_REPOSITORY):
        case = with_nobody_on_file(case, Repository.IMMIGRATION)
    asks_status = questions.iaq_on_match(work.decide, result).outcome == questions.SEND
    if not (asks_status and not message_of(case, Kind.SRE) and _is_combined(work, case)):
        work.tx.cancel_timers(case.case_id, Wake.ANSWER_DUE)
        case = _answered_once_more(work, case, asks_status=asks_status)
    if asks_status:
        case = _send_query(work, case, answer)
    keep(work, advanced(case, CaseState.AWAITING_STATUS if asks_status else end_of(case, result, answer.finding)))


def on_late_hit(work: Work, _: None) -> None:
    """Open a case again: a record that came later fits the booking. Tell who asked, and ask the support center."""
    answer = IdentDataResponse.from_bytes(work.message.body)
    case = asked_case(work, Kind.IDENT_SEARCH)
    if repository_state(case, Repository.IMMIGRATION) == RepositoryState.MATCH:
        work.log("repeat", note="the immigration repository had answered with a match already")
        return
    if answer.result != RecordState.MATCH:
        raise SenderError("LATE_HIT_WITHOUT_MATCH", "a late hit is a match, confirmed by an examiner")
    case = noted_late_hit(work, case).moved(finding=str(answer.finding))
    if NO_ANSWER not in case.known:
        case = _send_later(work, case, Kind.LATE_HIT, iar="")
    if questions.iaq_on_match(work.decide, RepositoryState.MATCH).outcome == questions.SEND:
        case = _send_query(work, case, answer)
    keep(work, case, why="a late hit")


def on_disposition(work: Work, _: None) -> None:
    """Note how a charge ended; where the rules wait for that, ask them again whether the prints are searched.

    Raises:
        RecordError, SenderError, StorageError: as `take_disposition`.
        StorageError: ``MESSAGE_MISSING`` when the booking is not among this party's messages.
    """
    taken = take_disposition(work)
    if taken is None or not questions.cascade_hangs_on_disposition(work.services):
        return
    case = taken[0]
    if message_of(case, Kind.IDENT_SEARCH) or CASCADE not in case.known:
        return  # searched before: the news went there; or rejected: there is nothing to search
    if was_withdrawn(case) or is_to_be_forgotten(case):
        work.log(
            "not_searched", note="the booking was withdrawn, expunged or sealed; nobody is asked about it any more"
        )
        return
    booked = work.tx.message(MessageKey(case.known[SUBMITTER], message_of(case, SUBMISSION)))
    if booked is None:
        raise StorageError("MESSAGE_MISSING", "the booking is not among this party's messages")
    case, decision = _cascade_decided(work, case, booking_of(case), booked.sent_at)
    if decision.outcome == questions.SEARCH:
        case = _search(work, reopened(case, CaseState.SEARCHING), booked)
    keep(work, case, why=str(case.known[CASCADE]).lower())


def on_status_answer(work: Work, _: None) -> None:
    """Pass the specialist's answer on: in the second SRE, or in a first one that waited for it."""
    answer = Iar.from_bytes(work.message.body)
    case = asked_case(work, Kind.IAQ)
    if message_of(case, Kind.IAR):
        work.log("repeat", note="the support center had answered already")
        return
    waits.end(work, Wake.ANSWER_DUE)
    case = with_message(case, Kind.IAR, work.message.id)
    if NO_ANSWER in case.known:
        work.log("no_answer", note=str(case.known[NO_ANSWER]))
    elif message_of(case, Kind.SRE):
        case = _send_later(work, case, Kind.SECOND_SRE, iar=answer.to_text())
    else:
        case = _send_first(work, case, iar=answer.to_text())
    keep(work, advanced(case, CaseState.ANSWERED))


def on_timer(work: Work, _: None) -> None:
    """Answer when the time of the priority is up: the immigration result is pending, never a no."""
    timer = TimerFired.from_bytes(work.message.body)
    case = work.case()
    if timer.purpose == Wake.ANSWER_DUE and not message_of(case, Kind.SRE):
        result = repository_state(case, Repository.IMMIGRATION)
        work.log("answer_due", repository=Repository.IMMIGRATION, result=result)
        keep(work, _send_first(work, case))


def _answered_once_more(work: Work, case: Case, *, asks_status: bool) -> Case:
    """Send the first answer, or the second one when nothing follows it any more; none where none is asked for."""
    if NO_ANSWER in case.known:
        work.log("no_answer", note=str(case.known[NO_ANSWER]))
        return case
    if not message_of(case, Kind.SRE):
        return _send_first(work, case)
    return case if asks_status else _send_later(work, case, Kind.SECOND_SRE, iar="")


def _is_combined(work: Work, case: Case) -> bool:
    """Ask whether the first answer waits for the specialist's words, as far as the time of the priority goes."""
    if NO_ANSWER in case.known:
        return False
    booking, directory = booking_of(case), work.services.directory
    state, agency = directory.party(case.known[SUBMITTER]), directory.with_ori(booking.ori)
    decision = questions.delivery(work.decide, work.services.party, state, agency, booked_on(booking, case.opened_at))
    return decision.outcome == questions.COMBINED


def _cascaded(work: Work, case: Case, card: ReadCard) -> Case:
    case, decision = _cascade_decided(work, case, card.booking, work.now)
    if decision.outcome != questions.SEARCH:
        return advanced(_answered_once_more(work, case, asks_status=False), CaseState.ANSWERED)
    case = _search(work, case, work.message)
    if wants_answer(card):
        within = questions.answer_within_seconds(work.decide, ebts.priority_of(card.received))
        work.set_timer(Wake.ANSWER_DUE, work.now + timedelta(seconds=int(within.outcome)))
    return case


def _cascade_decided(work: Work, case: Case, booking: ebts.Booking, taken_up: datetime) -> tuple[Case, Decision]:
    """Ask whether the immigration repository is searched; return the case with the reason, and the decision."""
    # 1.008, which the state bureau has compared with who sent the booking; 2.073 is only the sender's word.
    day, directory = booked_on(booking, taken_up), work.services.directory
    is_activated = directory.is_activated(booking.ori, day)
    ended = disposed(case)
    decision = questions.cascade_to_immigration(work.decide, is_activated, booking.ndr, str(ended.standing))
    searches, since = decision.outcome == questions.SEARCH, directory.activated_since.get(booking.ori, "")
    why = cascade_reason(booking.ndr, searches=searches, is_activated=is_activated, since=since)
    if not questions.cascade_hangs_on_disposition(work.services):
        return case.moved(cascade=why), decision
    if is_activated or not questions.IMMIGRATION_NDR.isdisjoint(booking.ndr):
        waiting = decision.outcome == questions.WAIT
        why = reason_by_disposition(
            searches=searches, waits=waiting, standing=str(ended.standing), decided_on=ended.decided_on
        )
    asked = case.known.get(CASCADE_FACTS, {}) | {work.message.id: str(ended.standing)}
    return case.moved(**{CASCADE: why, CASCADE_FACTS: asked}), decision


def _search(work: Work, case: Case, booked: Envelope) -> Case:
    """Send a booking's bytes to the immigration repository, in reply to the booking whenever that is."""
    sent = work.send(
        Kind.IDENT_SEARCH,
        work.peer(Role.IMMIGRATION_REPOSITORY),
        booked.body,
        content_type=booked.content_type,
        tcn=booked.tcn,
        in_reply_to=booked.id,
    )
    waits.begin(work, sent)
    case = with_message(case, Kind.IDENT_SEARCH, sent.id, sent.tcn)
    return with_repository(case, Repository.IMMIGRATION, RepositoryState.PENDING)


def _send_first(work: Work, case: Case, *, iar: str = "") -> Case:
    """Send the first SRE as the case stands (Table 3-1, and note 8 of Appendix D: see `records.itl.answers`)."""
    booking = booking_of(case)
    tcn = control_number(work.services.party.id, case.case_id, Kind.SRE)
    criminal = repository_state(case, Repository.CRIMINAL)
    is_ident = criminal == RepositoryState.MATCH
    plain = ebts.answer_to(
        booking,
        tcn=tcn,
        dat=work.now.strftime("%Y%m%d"),
        srf=ebts.IDENT if is_ident else ebts.NON_IDENT,
        text=_response(case, iar=iar),
    )
    subject = case.known.get(SUBJECT, "")
    number = short_number("", UCN_CHARACTERS, subject) if subject else ""
    result = replace(
        plain,
        ori=work.services.party.ori,
        fbi=number if is_ident else "",
        ucn=number if booking.ret == "Y" else "",
        ndr=_answered(case),
        acn=_advice(case),
    )
    return _send_answer(work, case, Kind.SRE, result)


def _send_later(work: Work, case: Case, kind: Kind, *, iar: str) -> Case:
    """Send an answer after the first one: a second SRE, or a late hit; its TCR is the TCN of the first one."""
    first = work.tx.message(MessageKey(work.services.party.id, message_of(case, Kind.SRE)))
    if first is None:
        raise StorageError("MESSAGE_MISSING", "the first answer is not among this party's messages")
    # After a late hit a second SRE may be one more: each has a number of its own.
    more = [message_of(case, kind)] if message_of(case, kind) else []
    tcn = control_number(work.services.party.id, case.case_id, kind, *more)
    second = ebts.second_answer_to(
        ebts.read_result(read(first.body)),
        tcn=tcn,
        dat=work.now.strftime("%Y%m%d"),
        text=_response(case, iar=iar),
    )
    return _send_answer(work, case, kind, replace(second, ndr=_answered(case), acn=_advice(case)))


def _send_answer(work: Work, case: Case, kind: Kind, answer: ebts.SubmissionResult) -> Case:
    sent = work.send(
        kind, case.known[SUBMITTER], ebts.build_sre(answer), content_type=EBTS_CONTENT, tcn=answer.tcn, tcr=answer.tcr
    )
    return with_message(case, kind, sent.id, answer.tcn)


def _response(case: Case, *, iar: str) -> ebts.ResponseText:
    immigration = repository_state(case, Repository.IMMIGRATION)
    pending = (NDR_IMMIGRATION,) if immigration == RepositoryState.PENDING else ()
    # That a candidate was excluded concerns nobody else; that one could not be is why this is no "no match".
    told = case.known.get("finding") == ExaminerFinding.INCONCLUSIVE
    finding = ExaminerFinding.INCONCLUSIVE if told else ExaminerFinding.NONE
    why = str(case.known.get(CASCADE, ""))
    return ebts.ResponseText(
        immigration=RecordState(immigration), pending=pending, iar=iar, finding=finding, cascade=why
    )


def _advice(case: Case) -> str:
    """Return what keeps the answer from being read as more of a no than it is (2.071)."""
    own, asked = Repository.CRIMINAL, Repository.IMMIGRATION
    criminal = advice(own, repository_state(case, own), is_empty=is_file_empty(case, own))
    immigration = empty_file(asked) if is_file_empty(case, asked) else ""
    return "; ".join(text for text in (criminal, immigration) if text)


def _answered(case: Case) -> tuple[str, ...]:
    """Return the NDR numbers of repositories that have answered."""
    numbers = ((Repository.CRIMINAL, NDR_CRIMINAL), (Repository.IMMIGRATION, NDR_IMMIGRATION))
    return tuple(number for repository, number in numbers if repository_state(case, repository) in ANSWERED)


def _send_query(work: Work, case: Case, answer: IdentDataResponse) -> Case:
    """Ask the support center by name, as the booking states it, with the number of the confirmed record."""
    booking = booking_of(case)
    settings = work.services.party.settings
    query = Iaq(
        ori=work.services.party.ori,
        ref=booking.tcn,
        atn=str(settings.get("desk", DESK)),
        phn=str(settings.get("phone", DESK_PHONE)),
        nam=booking.nam.upper(),
        dob=booking.dob,
        sex=booking.sex.upper(),
        pob=booking.pob.upper(),
        off=_first_offence(booking),
        arn=answer.a_number,
        fin=answer.fin,
        confirmed_by=MatchConfirmation.RULE if answer.finding == ExaminerFinding.NONE else MatchConfirmation.EXAMINER,
    )
    sent = work.send(
        Kind.IAQ, work.peer(Role.SUPPORT_CENTER), query.to_bytes(), content_type=NLETS_CONTENT, tcn=booking.tcn
    )
    waits.begin(work, sent)
    return with_message(case, Kind.IAQ, sent.id)


def _first_offence(booking: ebts.Booking) -> str:
    """Return the first NCIC code that a charge names; a charge is free text, and mostly names none (domain.md 3.3)."""
    codes = (code_and_words(literal)[0] for _, literal in booking.charges)
    return next(filter(None, codes), GENERIC_OFFENSE)


HANDLERS: dict[Kind, Handler] = {
    Kind.CAR: on_submission,
    Kind.CNA: on_submission,
    Kind.IDR: unless_withdrawn(on_data_response),
    Kind.IAR: unless_withdrawn(on_status_answer),
    Kind.LATE_HIT: unless_withdrawn(on_late_hit),
    Kind.WITHDRAWAL: on_withdrawal,
    Kind.TIMER: waits.overdue_or(unless_withdrawn(on_timer)),
    Kind.DISPOSITION: on_disposition,
    Kind.TASK_ANSWER: requests.on_answer,
}
PREPARERS: dict[Kind, Preparer] = {Kind.CAR: prepare_card, Kind.CNA: prepare_card}
FAILED: dict[Kind, FailureHandler] = {Kind.CAR: reject_given_up, Kind.CNA: reject_given_up}
