"""The booking agency: sends bookings, keeps the answers.

It learns what the state bureau passes on: acknowledgement, state result, one or two federal answers, or a rejection.
Of another agency's booking it gets copies of the answers, when that booking says so (`tasks.copies`).
"""

from __future__ import annotations

from tenprint.exchange.model.bodies import Acknowledgement, body_type
from tenprint.exchange.model.case import Case
from tenprint.exchange.model.corrections import CorrectionDone
from tenprint.exchange.model.known import NO_ANSWER, Repository, Wake, advanced, with_message, with_repository
from tenprint.exchange.model.words import CaseState, Kind, Role
from tenprint.exchange.ports import FailureHandler, Handler, Preparer, Work
from tenprint.exchange.tasks import audit, copies, questions, waits
from tenprint.exchange.tasks.cases import asked_case, is_repeat, keep
from tenprint.exchange.tasks.charges import tell_court
from tenprint.exchange.tasks.corrections import on_correction_done
from tenprint.exchange.tasks.results import (
    FIRST_ANSWERS,
    KEPT_BY_STATE,
    noted_answer,
    noted_late_hit,
    own_result,
    result_of,
)
from tenprint.exchange.tasks.submissions import SUBMISSION
from tenprint.exchange.tasks.withdrawals import on_withdrawal, unless_withdrawn
from tenprint.policy.evaluate import Decision
from tenprint.records import read
from tenprint.records.itl.ebts import read_error


def on_acknowledgement(work: Work, _: None) -> None:
    """Note what was done about a correction, also of a booking that has ended by it, or that one was taken in."""
    if body_type(work.message.body) == CorrectionDone.TYPE:
        on_correction_done(work, None)
    else:
        unless_withdrawn(_taken_in)(work, None)


def _taken_in(work: Work, _: None) -> None:
    """Note that the state bureau has taken the booking in, and which images it could not use."""
    said, case = Acknowledgement.from_bytes(work.message.body), asked_case(work, SUBMISSION)
    if is_repeat(work, case, Kind.ACK):
        return
    case = with_message(case, Kind.ACK, work.message.id)
    waits.end(work)
    # A CNA asks for no answer: the acknowledgement is all that comes.
    state = CaseState.ANSWERED if NO_ANSWER in case.known else CaseState.SEARCHING
    case = tell_court(work, advanced(case.moved(failures=said.failures), state))
    keep(work, case, why=str(case.known.get(NO_ANSWER, "")))


def on_state_result(work: Work, _: None) -> None:
    """Note the state's own result; when the state keeps the booking, no further answer follows."""
    answer, case = result_of(work.message), asked_case(work, SUBMISSION)
    if is_repeat(work, case, Kind.STATE_SRE):
        return
    case = with_repository(case, Repository.STATE, own_result(Repository.STATE, answer))
    case = with_message(case, Kind.STATE_SRE, work.message.id, answer.tcn)
    if KEPT_BY_STATE not in answer.acn:
        keep(work, advanced(case, CaseState.SEARCHING))
        return
    waits.end(work, Wake.ANSWER_OVERDUE)
    why = answer.acn[answer.acn.index(KEPT_BY_STATE) :]
    keep(work, advanced(case.moved(no_answer=why), CaseState.ANSWERED), why=why)


def on_answer(work: Work, _: None) -> None:
    """Note a first or second federal answer."""
    case = asked_case(work, SUBMISSION)
    if is_repeat(work, case, *FIRST_ANSWERS[work.message.kind]):
        return
    waits.end(work, case=case)
    case = noted_answer(case, work.message)
    hears = _who_hears(work, case)
    if waits.says_pending(work, case) and _hears_more(hears):
        case = waits.begin_for_second(work, case)
    _keep_as_heard(work, case, hears)


def _who_hears(work: Work, case: Case) -> Decision:
    """Ask who is told a specialist's words."""
    ask, state = questions.quietly(work.services), work.services.directory.party(work.message.sender)
    return questions.who_receives_iar(ask, state, work.services.party, case.opened_at.date())


def _hears_more(hears: Decision) -> bool:
    """Tell whether a specialist's words reach this agency at all; where they do not, it waits for none."""
    return Role.AGENCY in str(hears.outcome).split()


def _keep_as_heard(work: Work, case: Case, hears: Decision) -> None:
    """Save the case; where the words of the specialist who is asked never come here, it is done here, and says so."""
    is_done = case.state == CaseState.AWAITING_STATUS and not _hears_more(hears)
    keep(work, case.moved(CaseState.ANSWERED) if is_done else case, why=hears.sentence if is_done else "")


def on_late_hit(work: Work, _: None) -> None:
    """Open the case again: a record that came later fits the booking, and a specialist is asked."""
    case = asked_case(work, SUBMISSION)
    if not is_repeat(work, case, Kind.LATE_HIT):
        _keep_as_heard(work, noted_late_hit(work, case), _who_hears(work, case))


def on_rejection(work: Work, _: None) -> None:
    """Note the rejection; the booking has to be sent anew, mended."""
    error, case = read_error(read(work.message.body)), asked_case(work, SUBMISSION)
    if is_repeat(work, case, *FIRST_ANSWERS[Kind.ERRT]):
        return
    codes = [message.code for message in error.messages]
    case = with_message(case, Kind.ERRT, work.message.id, error.tcn).moved(errors=codes)
    waits.end(work)
    keep(work, advanced(case, CaseState.REJECTED), why=" ".join(dict.fromkeys(codes))[:200])


HANDLERS: dict[Kind, Handler] = {
    Kind.ACK: on_acknowledgement,
    Kind.STATE_SRE: unless_withdrawn(on_state_result),
    Kind.SRE: unless_withdrawn(on_answer),
    Kind.SECOND_SRE: unless_withdrawn(on_answer),
    Kind.ERRT: unless_withdrawn(on_rejection),
    Kind.LATE_HIT: unless_withdrawn(on_late_hit),
    Kind.COPY: copies.on_copy,
    Kind.WITHDRAWAL: on_withdrawal,  # of a booking that it has copies of: its own case has no informant
    Kind.AUDIT_ANSWER: audit.on_answer,
}
PREPARERS: dict[Kind, Preparer] = {}
FAILED: dict[Kind, FailureHandler] = {}
