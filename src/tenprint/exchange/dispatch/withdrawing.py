"""The door through which a booking agency takes a booking back."""

from __future__ import annotations

from tenprint.core.errors import SenderError
from tenprint.exchange.model.case import Case
from tenprint.exchange.model.envelope import MessageKey
from tenprint.exchange.model.known import Repository, is_copy, is_erased, message_of, repository_state
from tenprint.exchange.model.withdrawal import Withdrawal
from tenprint.exchange.model.words import CaseState, Kind, RepositoryState, Role
from tenprint.exchange.ports import Node, Work
from tenprint.exchange.tasks.answers import official_name, reason_line
from tenprint.exchange.tasks.results import CASCADE, WAITS_FOR_CONVICTION
from tenprint.exchange.tasks.submissions import SUBMISSION
from tenprint.exchange.tasks.withdrawals import take_back


def withdraw(node: Node, case_id: str, *, by: str, reason: str) -> Case:
    """Take a booking back at its agency while it is searched or waits for somebody; tell state bureau and court.

    Nobody tells an agency what an officer decides: a booking whose person was found in the immigration repository can
    be taken back after the last answer too, and what an officer has decided by then stays.

    Returns:
        the case as the agency knows it now.

    Raises:
        SenderError: ``NOT_AN_AGENCY``, ``UNKNOWN_CASE``, ``OTHER_BOOKING`` for copies of another agency's answers,
            ``CASE_CLOSED`` when nobody can be asked any more, ``CASE_ERASED``, ``PERSON_MISSING``, ``REASON_MISSING``,
            ``TEXT_INVALID``. Nothing was written.
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
        if is_erased(case):
            raise SenderError("CASE_ERASED", "this agency keeps nothing of the booking any more")
        if case.is_final or (case.state == CaseState.ANSWERED and not _may_go_on(case)):
            what = "as far as this agency is told, nothing is searched and nobody is asked any more"
            raise SenderError("CASE_CLOSED", f"the case is {case.state}: {what}")
        asked = tx.heading(MessageKey(node.party.id, message_of(case, SUBMISSION)))
        if asked is None:
            raise SenderError("UNKNOWN_CASE", "the booking is not among this agency's messages")
        work = Work(tx, node.services, asked)
        said = Withdrawal(tcn=asked.tcn, reason=reason, by=by)
        work.send(Kind.WITHDRAWAL, asked.recipient, said.to_bytes(), tcn=asked.tcn)
        notice = tx.heading(MessageKey(node.party.id, message_of(case, Kind.NOTICE)))
        if notice is not None:
            work.send(Kind.WITHDRAWAL, notice.recipient, said.to_bytes(), tcn=asked.tcn)
        return take_back(work, case, said)


def _may_go_on(case: Case) -> bool:
    """Tell whether an answered booking may still be searched, or may lie before an officer."""
    waits = case.known.get(CASCADE) == WAITS_FOR_CONVICTION
    return waits or repository_state(case, Repository.IMMIGRATION) == RepositoryState.MATCH
