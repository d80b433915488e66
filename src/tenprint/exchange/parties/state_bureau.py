"""The state bureau: searches its own gallery, forwards bookings byte for byte, relays federal answers both ways."""

from __future__ import annotations

from dataclasses import replace

from tenprint.exchange.model.bodies import Acknowledgement
from tenprint.exchange.model.case import Case
from tenprint.exchange.model.directory import Party
from tenprint.exchange.model.envelope import EBTS_CONTENT
from tenprint.exchange.model.known import Repository, advanced, with_message
from tenprint.exchange.model.numbers import control_number
from tenprint.exchange.model.words import CaseState, Kind, RepositoryState, Role
from tenprint.exchange.ports import FailureHandler, Handler, Preparer, Work
from tenprint.exchange.tasks import questions
from tenprint.exchange.tasks.cases import asked_case, keep
from tenprint.exchange.tasks.forgetting import without_forgotten
from tenprint.exchange.tasks.prints import ReadCard, failures_as_json, prepare_card, threshold_of, verified_by_rule
from tenprint.exchange.tasks.results import KEPT_BY_STATE, advice, noted_answer, result_of
from tenprint.exchange.tasks.submissions import (
    SUBMITTER,
    answer_again,
    first_copy,
    foreign_agency,
    forward,
    keep_prints,
    opened_case,
    refuse_known_case,
    reject,
    reject_given_up,
    searched,
    too_few_fingers,
)
from tenprint.records import read
from tenprint.records.itl.ebts import IDENT, NON_IDENT, answer_to, build_sre, read_error

OWN_ANSWERS = (Kind.ACK, Kind.STATE_SRE, Kind.SRE, Kind.SECOND_SRE, Kind.ERRT)


def on_submission(work: Work, card: ReadCard) -> None:
    """Reject the booking, or acknowledge it, answer from the own gallery, keep the prints, and forward the bytes."""
    card = without_forgotten(work, card)
    foreign = foreign_agency(work, card)
    if foreign:
        # Not under the control number that it quotes: that is the other agency's to use.
        refuse_known_case(work)
        reject(work, card, foreign, key=("", work.message.id))
        return
    earlier = first_copy(work, card)
    if earlier is not None:
        answer_again(work, card, earlier, OWN_ANSWERS)
        return
    refuse_known_case(work)
    findings = card.findings or too_few_fingers(work, card)
    if findings:
        reject(work, card, findings)
        return
    case = _acknowledge(work, opened_case(work, card, CaseState.SEARCHING), card)
    result, matched = verified_by_rule(work.decide, Repository.STATE, card.search, threshold_of(work.services.party))
    case = searched(work, case, Repository.STATE, result, card, candidates=int(result == RepositoryState.MATCH))
    forwards = questions.forward_to_criminal(work.decide, result, work.services.party).outcome == questions.FORWARD
    case = _answer_from_own_gallery(work, case, card, result, forwards=forwards)
    case = keep_prints(work, case, card, Repository.STATE, matched)
    if forwards:
        sent = forward(work, work.message, work.peer(Role.CRIMINAL_REPOSITORY))
        case = with_message(case, Kind.CAR, sent.id, sent.tcn)
    keep(work, case if forwards else case.moved(CaseState.ANSWERED))


def on_federal_answer(work: Work, _: None) -> None:
    """Note a first or second federal answer and relay its bytes to the booking agency, unless a rule says otherwise."""
    case = keep(work, noted_answer(asked_case(work, Kind.CAR), work.message))
    agency = work.services.directory.party(case.known[SUBMITTER])
    if not result_of(work.message).response.iar or _agency_receives(work, agency):
        sent = forward(work, work.message, agency.id)
        # The copies sent on are what a second copy of the booking is answered with.
        work.tx.save_case(with_message(case, sent.kind, sent.id, sent.tcn))


def on_federal_rejection(work: Work, _: None) -> None:
    """Relay the criminal repository's rejection to the booking agency."""
    case = asked_case(work, Kind.CAR)
    sent = forward(work, work.message, case.known[SUBMITTER])
    codes = " ".join(dict.fromkeys(m.code for m in read_error(read(work.message.body)).messages))
    keep(work, advanced(with_message(case, Kind.ERRT, sent.id, sent.tcn), CaseState.REJECTED), why=codes[:200])


def _acknowledge(work: Work, case: Case, card: ReadCard) -> Case:
    body = Acknowledgement(card.booking.tcn, len(card.templates), failures_as_json(card.failures))
    sent = work.send(Kind.ACK, work.message.sender, body.to_bytes(), tcr=card.booking.tcn)
    return with_message(case, Kind.ACK, sent.id)


def _answer_from_own_gallery(
    work: Work, case: Case, card: ReadCard, result: RepositoryState, *, forwards: bool
) -> Case:
    """Send the state's result: an SRE of the state's own, which answers for its gallery and no other."""
    tcn = control_number(work.services.party.id, case.case_id, Kind.STATE_SRE)
    srf = IDENT if result == RepositoryState.MATCH else NON_IDENT
    plain = answer_to(card.booking, tcn=tcn, dat=work.now.strftime("%Y%m%d"), srf=srf)
    told = [text for text in (advice(Repository.STATE, result), "" if forwards else KEPT_BY_STATE) if text]
    body = build_sre(replace(plain, ori=work.services.party.ori, acn="; ".join(told)))
    sent = work.send(
        Kind.STATE_SRE, work.message.sender, body, content_type=EBTS_CONTENT, tcn=tcn, tcr=card.booking.tcn
    )
    return with_message(case, Kind.STATE_SRE, sent.id, tcn)


def _agency_receives(work: Work, agency: Party) -> bool:
    decision = questions.who_receives_iar(work.decide, work.services.party, agency)
    return Role.AGENCY in str(decision.outcome).split()


HANDLERS: dict[Kind, Handler] = {
    Kind.CAR: on_submission,
    Kind.SRE: on_federal_answer,
    Kind.SECOND_SRE: on_federal_answer,
    Kind.ERRT: on_federal_rejection,
}
PREPARERS: dict[Kind, Preparer] = {Kind.CAR: prepare_card}
FAILED: dict[Kind, FailureHandler] = {Kind.CAR: reject_given_up}
