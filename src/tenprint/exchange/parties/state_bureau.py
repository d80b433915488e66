"""The state bureau: searches its own gallery, forwards bookings byte for byte, relays federal answers both ways."""

from __future__ import annotations

from dataclasses import replace

from tenprint.core.errors import TenprintError
from tenprint.exchange.model.bodies import Acknowledgement
from tenprint.exchange.model.case import Case
from tenprint.exchange.model.directory import Party
from tenprint.exchange.model.envelope import EBTS_CONTENT
from tenprint.exchange.model.known import NO_ANSWER, Repository, advanced, is_file_empty, message_of, with_message
from tenprint.exchange.model.numbers import control_number
from tenprint.exchange.model.words import CaseState, Kind, RepositoryState, Role
from tenprint.exchange.ports import FailureHandler, Handler, Preparer, Work
from tenprint.exchange.tasks import copies, questions, requests, waits
from tenprint.exchange.tasks.cases import asked_case, is_repeat, keep
from tenprint.exchange.tasks.forgetting import without_forgotten
from tenprint.exchange.tasks.news import SUBMITTER
from tenprint.exchange.tasks.plain import plain_text
from tenprint.exchange.tasks.prints import (
    ReadCard,
    booking_of,
    failures_as_json,
    prepare_card,
    threshold_of,
    verified_by_rule,
)
from tenprint.exchange.tasks.results import (
    FIRST_ANSWERS,
    KEPT_BY_STATE,
    advice,
    noted_answer,
    noted_late_hit,
    result_of,
)
from tenprint.exchange.tasks.submissions import (
    answer_again,
    answers_if_asked,
    booked_on,
    first_copy,
    foreign_agency,
    foreign_rejection,
    forward,
    impossible_dates,
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
from tenprint.records import read
from tenprint.records.itl.ebts import IDENT, NON_IDENT, answer_to, build_sre, priority_of, read_booking, read_error

OWN_ANSWERS = (Kind.ACK, Kind.STATE_SRE, Kind.SRE, Kind.LATE_HIT, Kind.SECOND_SRE, Kind.ERRT)
MAX_ADVICE = 300
"""Characters of 2.071."""


def on_submission(work: Work, card: ReadCard) -> None:
    """Reject the booking, or acknowledge it, answer from the own gallery, keep the prints, and forward the bytes."""
    card = without_forgotten(work, card)
    foreign = foreign_agency(work, card)
    if foreign:
        # Not under the control number that it quotes: that is the other agency's to use.
        refuse_known_case(work, card)
        reject(work, card, foreign, key=("", work.message.id))
        return
    earlier = first_copy(work, card)
    if earlier is not None:
        answer_again(work, card, earlier, OWN_ANSWERS)
        return
    refuse_known_case(work, card)
    findings = card.findings or foreign_rejection(work, card) or impossible_dates(work, card)
    findings = findings or too_few_fingers(work, card)
    if findings:
        copies.copy_rejection(work, reject(work, card, findings), card.booking)
        return
    case = copies.with_receivers(work, opened_case(work, card, CaseState.SEARCHING), card.booking)
    case = _acknowledge(work, case, card)
    result, matched = verified_by_rule(work.decide, Repository.STATE, card.search, threshold_of(work.services.party))
    case = searched(work, case, Repository.STATE, result, card, candidates=int(result == RepositoryState.MATCH))
    day = booked_on(card.booking, work.now)
    charges = [literal for _, literal in card.booking.charges]
    decision = questions.forward_to_criminal(work.decide, result, work.services.party, charges, day)
    forwards = decision.outcome == questions.FORWARD
    case = answers_if_asked(work, case, card)
    if not forwards:
        case = case.moved(no_answer=f"{KEPT_BY_STATE}: {decision.sentence}")
    if wants_answer(card):
        case = _answer_from_own_gallery(work, case, card, result, kept="" if forwards else decision.sentence)
    case = keep_prints(work, case, card, Repository.STATE, matched)
    if forwards:
        sent = forward(work, work.message, work.peer(Role.CRIMINAL_REPOSITORY))
        case = with_message(case, Kind.CAR, sent.id, sent.tcn)
        waits.begin(work, sent, priority=priority_of(card.received), but=() if wants_answer(card) else (waits.ANSWER,))
    is_done = not forwards or not wants_answer(card)
    case = keep(work, case.moved(CaseState.ANSWERED) if is_done else case, why=str(case.known.get(NO_ANSWER, "")))
    copies.copy_sent(work, case, Kind.STATE_SRE)


def on_federal_answer(work: Work, _: None) -> None:
    """Note a federal answer and relay its bytes to the booking agency, unless a rule says otherwise, and as copies."""
    case = asked_case(work, Kind.CAR)
    if is_repeat(work, case, *FIRST_ANSWERS[work.message.kind]):
        return
    waits.end(work, case=case)
    case = noted_answer(case, work.message)
    case = keep(work, waits.begin_for_second(work, case) if waits.says_pending(work, case) else case)
    agency, answer = work.services.directory.party(case.known[SUBMITTER]), work.message
    if not result_of(answer).response.iar or _agency_receives(work, agency, case):
        answer = forward(work, answer, agency.id)
        # What was sent on is what a second copy of the booking is answered with, but for one that was out of date.
        if message_of(case, answer.kind) == work.message.id:
            case = with_message(case, answer.kind, answer.id, answer.tcn)
            work.tx.save_case(case)
    copies.copy(work, case, answer)


def on_late_hit(work: Work, _: None) -> None:
    """Open the case again and tell the booking agency: a record that came later fits the booking."""
    case = asked_case(work, Kind.CAR)
    if is_repeat(work, case, Kind.LATE_HIT):
        return
    case = keep(work, noted_late_hit(work, case))
    sent = forward(work, work.message, case.known[SUBMITTER])
    case = with_message(case, sent.kind, sent.id, sent.tcn)
    work.tx.save_case(case)
    copies.copy(work, case, sent)


def on_federal_rejection(work: Work, _: None) -> None:
    """Relay the criminal repository's rejection to the booking agency."""
    case = asked_case(work, Kind.CAR)
    if is_repeat(work, case, *FIRST_ANSWERS[Kind.ERRT]):
        return
    waits.end(work)
    sent = forward(work, work.message, case.known[SUBMITTER])
    codes = list(dict.fromkeys(m.code for m in read_error(read(work.message.body)).messages))
    case = with_message(case, Kind.ERRT, sent.id, sent.tcn).moved(errors=codes)
    # A booking that asks for no answer was done for this bureau; a rejection is told all the same.
    ended = case.moved(CaseState.REJECTED) if case.state == CaseState.ANSWERED else advanced(case, CaseState.REJECTED)
    copies.copy(work, keep(work, ended, why=" ".join(codes)[:200]), sent)


def on_given_up(work: Work, problem: TenprintError) -> None:
    """Answer a submission that became a dead letter, and copy that answer if the booking could be read that far."""
    is_new = work.tx.case(work.message.case_id) is None
    reject_given_up(work, problem)
    case, received = work.tx.case(work.message.case_id), read(work.message.body)
    card = ReadCard(received, read_booking(received), ())
    if is_new and case is not None and not foreign_agency(work, card):
        copies.copy_rejection(work, case, card.booking)


def _acknowledge(work: Work, case: Case, card: ReadCard) -> Case:
    body = Acknowledgement(card.booking.tcn, len(card.templates), failures_as_json(card.failures))
    sent = work.send(Kind.ACK, work.message.sender, body.to_bytes(), tcr=card.booking.tcn)
    return with_message(case, Kind.ACK, sent.id)


def _answer_from_own_gallery(work: Work, case: Case, card: ReadCard, result: RepositoryState, *, kept: str) -> Case:
    """Send the state's result: an SRE of the state's own, which answers for its gallery and no other.

    `kept` is the rule's sentence when the booking is not forwarded, else ``""``.
    """
    tcn = control_number(work.services.party.id, case.case_id, Kind.STATE_SRE)
    srf = IDENT if result == RepositoryState.MATCH else NON_IDENT
    plain = answer_to(card.booking, tcn=tcn, dat=work.now.strftime("%Y%m%d"), srf=srf)
    stays = f"{KEPT_BY_STATE}: {kept}" if kept else ""
    own = advice(Repository.STATE, result, is_empty=is_file_empty(case, Repository.STATE))
    told = "; ".join(text for text in (own, stays) if text)
    body = build_sre(replace(plain, ori=work.services.party.ori, acn=plain_text(told, MAX_ADVICE)))
    sent = work.send(
        Kind.STATE_SRE, work.message.sender, body, content_type=EBTS_CONTENT, tcn=tcn, tcr=card.booking.tcn
    )
    return with_message(case, Kind.STATE_SRE, sent.id, tcn)


def _agency_receives(work: Work, agency: Party, case: Case) -> bool:
    day = booked_on(booking_of(case), case.opened_at)
    decision = questions.who_receives_iar(work.decide, work.services.party, agency, day)
    return Role.AGENCY in str(decision.outcome).split()


HANDLERS: dict[Kind, Handler] = {
    Kind.CAR: on_submission,
    Kind.CNA: on_submission,
    Kind.SRE: unless_withdrawn(on_federal_answer),
    Kind.SECOND_SRE: unless_withdrawn(on_federal_answer),
    Kind.ERRT: unless_withdrawn(on_federal_rejection),
    Kind.LATE_HIT: unless_withdrawn(on_late_hit),
    Kind.WITHDRAWAL: on_withdrawal,
    Kind.TASK_ANSWER: requests.on_answer,
}
PREPARERS: dict[Kind, Preparer] = {Kind.CAR: prepare_card, Kind.CNA: prepare_card}
FAILED: dict[Kind, FailureHandler] = {Kind.CAR: on_given_up, Kind.CNA: on_given_up}
