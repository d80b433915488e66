"""A city or county: is told of outcomes and of changed rules, and asks what was shared about its own people.

It has a right to look, and no other power here: it holds no prints, decides on nobody, and stops nothing by asking.
"""

from __future__ import annotations

from tenprint.core.errors import SenderError
from tenprint.exchange.model.aftermath import OutcomeReport, day_of
from tenprint.exchange.model.case import Case
from tenprint.exchange.model.words import CaseState, Kind
from tenprint.exchange.ports import FailureHandler, Handler, Preparer, Work
from tenprint.exchange.tasks.cases import keep
from tenprint.exchange.tasks.dated import refuse_impossible
from tenprint.exchange.tasks.outcomes import with_outcome
from tenprint.exchange.tasks.requests import on_request_answer

TOLD_BY = "told_by"


def on_outcome(work: Work, _: None) -> None:
    """Note what a field office reports of somebody whom it took over: by the case, without a name.

    Raises:
        RecordError: ``BODY_INVALID``.
        SenderError: ``OUTCOME_CHANGED``, ``TIME_IN_FUTURE``; ``NOT_ASKED`` from another office than the one that
            reported first; ``CASE_TAKEN``.
    """
    report = OutcomeReport.from_bytes(work.message.body)
    case = work.tx.case(work.message.case_id)
    if case is None:
        case = Case(work.message.case_id, work.now, CaseState.TRANSFERRED).moved(told_by=work.message.sender)
    elif TOLD_BY not in case.known:
        raise SenderError("CASE_TAKEN", "this id stands for a request of this jurisdiction's own")
    if case.known[TOLD_BY] != work.message.sender:
        raise SenderError("NOT_ASKED", f"{work.message.sender} did not take this person over")
    refuse_impossible(work, None, day_of(report.on))
    keep(work, with_outcome(case, report))


HANDLERS: dict[Kind, Handler] = {
    Kind.OUTCOME: on_outcome,
    Kind.REQUEST_ANSWER: on_request_answer,
}
PREPARERS: dict[Kind, Preparer] = {}
FAILED: dict[Kind, FailureHandler] = {}
