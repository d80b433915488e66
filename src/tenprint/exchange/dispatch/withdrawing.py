"""The door through which a booking agency takes a booking back."""

from __future__ import annotations

from tenprint.core.errors import SenderError
from tenprint.exchange.model.case import Case
from tenprint.exchange.model.envelope import MessageKey
from tenprint.exchange.model.known import is_copy, message_of
from tenprint.exchange.model.withdrawal import Withdrawal
from tenprint.exchange.model.words import CaseState, Kind, Role
from tenprint.exchange.ports import Node, Work
from tenprint.exchange.tasks.answers import official_name, reason_line
from tenprint.exchange.tasks.results import CASCADE, WAITS_FOR_CONVICTION
from tenprint.exchange.tasks.submissions import SUBMISSION
from tenprint.exchange.tasks.withdrawals import take_back


def withdraw(node: Node, case_id: str, *, by: str, reason: str) -> Case:
    """Take a booking back at its agency while it is searched or waits for somebody; tell the state bureau.

    Returns:
        the case as the agency knows it now.

    Raises:
        SenderError: ``NOT_AN_AGENCY``, ``UNKNOWN_CASE``, ``OTHER_BOOKING`` for copies of another agency's answers,
            ``CASE_CLOSED`` when all answers have come, ``PERSON_MISSING``, ``REASON_MISSING``, ``TEXT_INVALID``.
            Nothing was written.
        StorageError: it could not be written.
    """
    if node.party.role != Role.AGENCY:
        raise SenderError("NOT_AN_AGENCY", f"{node.party.id} books nobody; withdraw at the booking agency")
    by, reason = official_name(by), reason_line(reason)
    with node.store.transaction() as tx:
        case = tx.case(case_id)
        if case is None:
            raise SenderError("UNKNOWN_CASE", f"this agency has no case {case_id!r}", hint="see: tenprint case list")
        if is_copy(case):
            raise SenderError("OTHER_BOOKING", "another agency has booked this, and it alone takes the booking back")
        waits = case.known.get(CASCADE) == WAITS_FOR_CONVICTION  # answered, and may be searched all the same
        if case.is_final or (case.state == CaseState.ANSWERED and not waits):
            raise SenderError(
                "CASE_CLOSED", f"the case is {case.state}: nothing is searched and nobody is asked any more"
            )
        asked = tx.heading(MessageKey(node.party.id, message_of(case, SUBMISSION)))
        if asked is None:
            raise SenderError("UNKNOWN_CASE", "the booking is not among this agency's messages")
        work = Work(tx, node.services, asked)
        said = Withdrawal(tcn=asked.tcn, reason=reason, by=by)
        work.send(Kind.WITHDRAWAL, asked.recipient, said.to_bytes(), tcn=asked.tcn)
        return take_back(work, case, said)
