"""Copies of answers for agencies that a booking names (EBTS 2.007, SCO): to whom they go, and what a receiver does.

The state bureau sends each of these agencies the same bytes of each answer that it gives the booking agency (EBTS
8.001, 3.1 and Appendix C), under the case of the booking and, as TCR of the envelope, the booking's control number.
An agency of another state gets its copies from the state that took the booking in as well: nobody else knows of the
booking, and every party's key and address are in the directory; a way over its own state would tell one party more.

The receiver books nobody by this: it opens a small case that says whose answers these are, asks nobody, and answers
nothing. News about the booking reaches it from the same state bureau (`news`).
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from tenprint.core.errors import RecordError, SenderError
from tenprint.exchange.model.case import Case
from tenprint.exchange.model.directory import Party
from tenprint.exchange.model.envelope import EBTS_CONTENT, Envelope, MessageKey
from tenprint.exchange.model.known import COPIED_BY, COPIES, Repository, message_of, with_repository
from tenprint.exchange.model.words import CaseState, Kind, RepositoryState, Role
from tenprint.exchange.ports import Work
from tenprint.exchange.tasks import questions
from tenprint.exchange.tasks.cases import keep
from tenprint.exchange.tasks.news import NEWS, SUBMITTER, pass_on
from tenprint.exchange.tasks.prints import booking_of
from tenprint.exchange.tasks.results import own_result, result_of
from tenprint.exchange.tasks.submissions import booked_on
from tenprint.records import read
from tenprint.records.itl.ebts import Booking

COPY_TO = "copy_to"
"""In `Case.known` of a state bureau: the parties to which the booking's answers are copied."""
NOT_SENT = "copy_not_sent"
"""Kind of a ledger entry: why an agency that the booking names gets no copy."""
MOST_RECEIVERS = 9
"""Occurrences of 2.007 in EBTS 8.001."""
ORI_CHARACTERS = 9
"""What follows in an entry of 2.007 is for routing within the agency; it travels with the answer's own bytes."""
RESULT, REJECTION = "SRE", "ERRT"
"""Types of transaction (1.004) of an answer."""
OF_ANOTHERS_BOOKING = "copies of the answers to another agency's booking"
_ORI = re.compile(r"[A-Za-z0-9]{9}")


# --- the state bureau ---
def with_receivers(work: Work, case: Case, booking: Booking) -> Case:
    """Return the case with the agencies that its booking names, each once; put down why others get no copy."""
    if not booking.sco and COPY_TO not in case.known:
        return case
    receivers = []
    for ori in dict.fromkeys(entry[:ORI_CHARACTERS] for entry in booking.sco[:MOST_RECEIVERS]):
        agency = next((party for party in work.services.directory.with_role(Role.AGENCY) if party.ori == ori), None)
        if agency is None:
            # What does not look like an ORI is not repeated: it may be anything, also somebody's name.
            is_one = _ORI.fullmatch(ori) and any(sign.isdigit() for sign in ori)
            named = ori if is_one else "what stands in 2.007"
            work.log(NOT_SENT, note=f"{named} is no agency of this network")
        elif agency.id == case.known[SUBMITTER]:
            work.log(NOT_SENT, note=f"{ori} is the booking agency, which gets the answers themselves")
        else:
            receivers.append(agency.id)
    return case.moved(copy_to=receivers)


def copy_rejection(work: Work, case: Case, booking: Booking) -> None:
    """Copy the rejection with which the state bureau has just answered a submission, as far as it could be read."""
    case = with_receivers(work, case, booking)
    if COPY_TO in case.known:
        work.tx.save_case(case)
    copy_sent(work, case, Kind.ERRT)


def copy_sent(work: Work, case: Case, kind: Kind) -> None:
    """Copy the answer of this kind that the state bureau has just sent to the booking agency, if it has sent one."""
    sent = work.tx.message(MessageKey(work.services.party.id, message_of(case, kind)))
    if sent is not None:
        copy(work, case, sent)


def copy(work: Work, case: Case, answer: Envelope) -> None:
    """Send an answer's bytes to each agency that the booking names, where the rules in force say so.

    Args:
        work, case: at hand; the case as it has been saved.
        answer: as it went to the booking agency; as it came here, when a rule keeps it from that agency.
    """
    has_status = answer.kind != Kind.ERRT and bool(result_of(answer).response.iar)
    receivers = list(_receivers(work, case))
    for receiver in receivers:
        if not _is_copied(work, case, answer, receiver, has_status=has_status):
            continue
        work.send(
            Kind.COPY,
            receiver.id,
            answer.body,
            content_type=answer.content_type,
            tcn=answer.tcn,
            tcr=case.tcn if case.ori else "",  # without an ORI it is the file's hash or a message's id, no number
            in_reply_to=answer.id,
        )
    if receivers and case.known.get(NEWS):
        # Whoever hears of the booking only now hears its news as well.
        work.tx.save_case(pass_on(work, case))


def _receivers(work: Work, case: Case) -> Iterator[Party]:
    agencies = {party.id: party for party in work.services.directory.with_role(Role.AGENCY)}
    for name in case.known.get(COPY_TO, ()):
        if name in agencies:
            yield agencies[name]
        else:
            work.log(NOT_SENT, note=f"{name} is no agency of this network any more")


def _is_copied(work: Work, case: Case, answer: Envelope, receiver: Party, *, has_status: bool) -> bool:
    state, agency = work.services.party, work.services.directory.party(case.known[SUBMITTER])
    day = booked_on(booking_of(case), case.opened_at) if "booking" in case.known else case.opened_at.date()
    said = questions.copy_answer(
        work.decide, answer.kind, has_status=has_status, state=state, agency=agency, receiver=receiver, on=day
    )
    return said.outcome == questions.COPY


# --- the agency that gets copies ---
def on_copy(work: Work, _: None) -> None:
    """Keep a copy of an answer to another agency's booking, in a case of its own kind; nobody is asked.

    Raises:
        RecordError: ``BODY_INVALID``: it is no answer.
        SenderError: ``CASE_TAKEN``: the case is one of this agency's own, or another state's; ``OTHER_BOOKING``: the
            booking is this agency's own.
    """
    message, me = work.message, work.services.party
    answer = read(message.body)
    is_answer = answer.tot in (RESULT, REJECTION) and message.content_type == EBTS_CONTENT
    if not is_answer or not answer.tcn or answer.tcn != message.tcn:
        raise RecordError("BODY_INVALID", "this is no copy of an answer to a booking")
    case = work.tx.case(message.case_id)
    if case is not None and case.known.get(COPIED_BY) != message.sender:
        raise SenderError("CASE_TAKEN", "another case has this id here; a copy changes none but its own")
    if answer.dai == me.ori:  # 1.007 of an answer is the agency that booked
        raise SenderError("OTHER_BOOKING", "a booking of this agency is answered to it, and not by copy")
    if case is not None and case.state == CaseState.WITHDRAWN:
        work.log("after_withdrawal", note="the booking was withdrawn, so this changes nothing")
        return
    if case is None:
        ori = answer.dai if _ORI.fullmatch(answer.dai) else ""
        case = Case(message.case_id, work.now, CaseState.REJECTED, ori=ori, tcn=message.tcr)
        case = case.moved(copied_by=message.sender, copies={})
    known = case.known.get(COPIES, {})
    if answer.tcn in known:
        work.log("repeat", note="a copy of this answer came before, and the first one holds")
        return
    case = _noted(work, case, answer.tot == RESULT)
    kept = {"message": message.id, "tot": answer.tot, "tcr": answer.tcr}
    case = case.moved(copies=known | {answer.tcn: kept})
    # A booking that is rejected may come again, mended: then its answers are what is kept.
    has_result = any(one["tot"] == RESULT for one in case.known[COPIES].values())
    keep(work, case.moved(CaseState.ANSWERED if has_result else CaseState.REJECTED), why=OF_ANOTHERS_BOOKING)


def _noted(work: Work, case: Case, is_result: bool) -> Case:
    """Return the case with what a result says of repositories; one that came late takes nothing back."""
    if not is_result:
        return case
    answer = result_of(work.message)
    if answer.ori == work.services.directory.party(work.message.sender).ori:
        return with_repository(case, Repository.STATE, own_result(Repository.STATE, answer))
    if any(one["tcr"] == answer.tcn for one in case.known[COPIES].values()):
        return case  # a later answer quotes this one, and is here already
    case = with_repository(case, Repository.CRIMINAL, own_result(Repository.CRIMINAL, answer))
    return with_repository(case, Repository.IMMIGRATION, RepositoryState(answer.response.immigration))
