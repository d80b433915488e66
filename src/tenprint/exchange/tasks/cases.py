"""Saving a case: every change of its state goes on the ledger, and moves its period of keeping.

And finding the case of an answer that may be given.
"""

from __future__ import annotations

from tenprint.core.errors import SenderError
from tenprint.exchange.model.case import Case
from tenprint.exchange.model.envelope import MessageKey
from tenprint.exchange.model.known import message_of
from tenprint.exchange.ports import Work
from tenprint.exchange.tasks import periods
from tenprint.exchange.tasks.news import pass_on


def asked_case(work: Work, question: str) -> Case:
    """Return the case of the answer at hand, once its sender is the party to whom this one put the question.

    Args:
        work: the transaction at hand.
        question: purpose under which the question's message id is kept in the case.

    Raises:
        StorageError: ``UNKNOWN_CASE``.
        SenderError: ``NOT_ASKED``: a peer of the right role, but not the one who was asked in this case.
    """
    case = work.case()
    asked = work.tx.heading(MessageKey(work.services.party.id, message_of(case, question)))
    if asked is None or asked.recipient != work.message.sender:
        raise SenderError("NOT_ASKED", f"{work.message.sender} was not asked in this case")
    return case


def is_repeat(work: Work, case: Case, *purposes: str) -> bool:
    """Tell whether this case has an answer of one of these purposes already; then the one at hand is put down as such.

    Whoever answers twice, in the same words or in others, changes nothing: the first answer holds.
    """
    if not any(message_of(case, purpose) for purpose in purposes):
        return False
    work.log("repeat", note="this was answered before, and the first answer holds")
    return True


def keep(work: Work, case: Case, why: str = "") -> Case:
    """Save the case, log its state when that is new, and return it. Who was told of it gets what is new about it.

    Args:
        work: the transaction at hand.
        case: as it is to be kept.
        why: a remark for the ledger, without personal data, or ``""``.
    """
    before = work.tx.case(case.case_id)
    case = pass_on(work, case)
    work.tx.save_case(case)
    if before is None or before.state != case.state:
        work.log("state", state=str(case.state), note=why)
        periods.watch(work, before, case)
    return case
