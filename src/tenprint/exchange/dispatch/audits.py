"""The doors of an audit: reconcile two parties from their ledgers alone, or follow to whom a case was disclosed."""

from __future__ import annotations

from tenprint.core.chance import content_id, new_id
from tenprint.core.errors import SenderError
from tenprint.exchange.model.audit import AuditQuery, AuditTopic
from tenprint.exchange.model.case import Case
from tenprint.exchange.model.envelope import Envelope
from tenprint.exchange.model.words import CaseState, Kind, Role
from tenprint.exchange.ports import Node, Work
from tenprint.exchange.tasks import audit
from tenprint.exchange.tasks.cases import keep


def ask_for_ledgers(node: Node, a: str, b: str) -> str:
    """Ask two parties for their ledgers, to reconcile what they say they told each other; return the audit's id.

    Raises:
        SenderError: ``NOT_AN_AUDITOR``, ``UNKNOWN_PARTY``, or ``AUDIT_OF_ONE`` when both are the same.
    """
    if node.party.role != Role.AUDITOR:
        raise SenderError("NOT_AN_AUDITOR", f"{node.party.id} is no auditor", hint="see: tenprint network status")
    pair = [node.services.directory.party(party).id for party in (a, b)]
    if a == b or node.party.id in pair:
        raise SenderError("AUDIT_OF_ONE", "two parties other than the auditor are compared with each other")
    audit_id = new_id("audit", node.services.random)
    with node.store.transaction() as tx:
        work = Work(tx, node.services, _as_message(node, audit_id))
        case = Case(audit_id, work.now, CaseState.SEARCHING).moved(audit=pair)
        for party, about in (pair, reversed(pair)):
            case = audit.ask(work, case, party, AuditQuery(str(AuditTopic.LOG), about))
        keep(work, case)
    return audit_id


def ask_for_trail(node: Node, case_id: str, first: str = "") -> tuple[str, ...]:
    """Ask to whom a case was disclosed, beginning at `first` and going on wherever the trail leads.

    Args:
        node: the agency that booked it, or an auditor.
        case_id: the case.
        first: whom to ask first; an agency's state bureau by default.

    Returns:
        those who are asked now, and not before.

    Raises:
        SenderError: ``UNKNOWN_CASE`` at an agency, ``NO_PEER`` or ``UNKNOWN_PARTY``, ``NOT_AN_AUDITOR`` elsewhere.
    """
    if node.party.role not in (Role.AGENCY, Role.AUDITOR):
        raise SenderError("NOT_AN_AUDITOR", f"{node.party.id} is neither the agency that booked nor an auditor")
    with node.store.transaction() as tx:
        work = Work(tx, node.services, _as_message(node, case_id))
        case = tx.case(case_id)
        if case is None and node.party.role == Role.AGENCY:
            raise SenderError(
                "UNKNOWN_CASE", f"{node.party.id} has no case {case_id!r}", hint="see: tenprint case list"
            )
        case = case or Case(case_id, work.now, CaseState.SEARCHING)
        party = node.services.directory.party(first or work.peer(Role.STATE_BUREAU)).id
        if party in case.known.get(audit.ASKED, ()):
            return ()
        keep(work, audit.ask(work, case, party, AuditQuery(str(AuditTopic.CASE))))
    return (party,)


def _as_message(node: Node, case_id: str) -> Envelope:
    """Return what a question is in reply to: nobody's message, only the wish of whoever asks."""
    return Envelope(
        id=content_id("asked", node.party.id, case_id),
        kind=Kind.AUDIT_QUERY,
        sender=node.party.id,
        recipient=node.party.id,
        case_id=case_id,
        sent_at=node.services.clock.now(),
    )
