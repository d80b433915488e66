"""What an audit found: each ledger checked against its signed checkpoint, and what only one of two sides recorded."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime

from tenprint.core.clock import to_wire
from tenprint.core.errors import RecordError, SenderError
from tenprint.exchange.model.audit import TRAIL_CONTENT, AuditRefusal
from tenprint.exchange.model.directory import Directory
from tenprint.exchange.model.envelope import JSON_CONTENT, Envelope
from tenprint.exchange.model.words import Kind
from tenprint.exchange.ports import Node
from tenprint.exchange.tasks.audit import ASKED, AUDIT, answers_in, views_of
from tenprint.ledger.checkpoint import ledger_origin, parse_checkpoint, witnessed_at
from tenprint.ledger.entry import Entry
from tenprint.ledger.reconcile import Discrepancy, reconcile
from tenprint.ledger.trail import CaseTrail, TrailLine, read_trail
from tenprint.ledger.verify import Finding
from tenprint.ledger.view import LogView, assemble, verify_view

UNANSWERED, REFUSED, UNSIGNED = "AUDIT_UNANSWERED", "AUDIT_REFUSED", "AUDIT_UNSIGNED"


@dataclass(frozen=True)
class SeenLedger:
    """One party's ledger as an auditor saw it.

    Args:
        party: whose.
        size, root, signed_at: of the checkpoint, root as hex; 0, ``""`` and None while there is none.
        witnesses: when each of the log's witnesses cosigned that checkpoint; None when it did not.
        findings: what keeps the view from being that log, whole; empty when it verifies.
        entries: as shown, to be compared.
    """

    party: str
    size: int = 0
    root: str = ""
    signed_at: datetime | None = None
    witnesses: dict[str, datetime | None] = field(default_factory=dict)
    findings: tuple[Finding, ...] = ()
    entries: tuple[Entry, ...] = field(default=(), repr=False)

    @property
    def is_verified(self) -> bool:
        """Tell whether all of it was shown and fits the signed checkpoint."""
        return self.signed_at is not None and not any(finding.is_fault for finding in self.findings)


@dataclass(frozen=True)
class AuditReport:
    """What came of comparing two ledgers."""

    audit_id: str
    ledgers: tuple[SeenLedger, SeenLedger]
    discrepancies: tuple[Discrepancy, ...]

    @property
    def is_clean(self) -> bool:
        """Tell whether both ledgers verify and agree."""
        return all(ledger.is_verified for ledger in self.ledgers) and not self.discrepancies

    def as_json(self) -> dict[str, object]:
        """Return the report as JSON values."""
        return {
            "audit": self.audit_id,
            "clean": self.is_clean,
            "ledgers": [_ledger_json(ledger) for ledger in self.ledgers],
            "discrepancies": [
                {"kind": one.kind, "message": one.message, "sender": one.sender, "recipient": one.recipient,
                 "recorded_by": one.recorded_by, "sentence": one.sentence}
                for one in self.discrepancies
            ],
        }  # fmt: skip


def report_of(node: Node, audit_id: str) -> AuditReport:
    """Return what an audit has found so far, from the answers that this auditor keeps and from nothing else.

    Raises:
        SenderError: ``UNKNOWN_AUDIT``.
    """
    with node.store.transaction() as tx:
        case = tx.case(audit_id)
        if case is None or AUDIT not in case.known:
            raise SenderError("UNKNOWN_AUDIT", f"{node.party.id} has no audit {audit_id!r}")
        messages = answers_in(tx, case)
        a, b = (_seen(node, party, views_of(tx, case, party), messages) for party in case.known[AUDIT])
    return AuditReport(audit_id, (a, b), reconcile(a.party, a.entries, b.party, b.entries))


@dataclass(frozen=True)
class PartyTrail:
    """What one party's ledger says it disclosed in a case, or why it did not say."""

    party: str
    lines: tuple[TrailLine, ...] = ()
    beyond: int = 0
    problem: str = ""


def trails_of(node: Node, case_id: str) -> tuple[PartyTrail, ...]:
    """Return the trails of a case that were asked for, in the order of the parties' ids; the newest of each."""
    with node.store.transaction() as tx:
        case = tx.case(case_id)
        if case is None:
            raise SenderError(
                "UNKNOWN_CASE", f"{node.party.id} has no case {case_id!r}", hint="see: tenprint case list"
            )
        answers = {message.sender: message for message in answers_in(tx, case)}
    return tuple(_trail(node.services.directory, party, answers.get(party)) for party in case.known.get(ASKED, ()))


def _seen(node: Node, party: str, pages: Sequence[LogView], messages: Sequence[Envelope]) -> SeenLedger:
    if not pages:
        return SeenLedger(party, findings=(_why_nothing(party, messages),))
    key = node.services.directory.party(party).verifier
    note = pages[0].note
    try:
        entries = assemble(pages)
        stated, findings = verify_view(entries, note, key, ledger_origin(party))
    except RecordError as problem:
        return SeenLedger(party, findings=(Finding(problem.code, None, problem.message),))
    return SeenLedger(
        party=party,
        size=stated.size,
        root=stated.root.hex(),
        signed_at=stated.time,
        witnesses=_witnesses(node.services.directory, party, note),
        findings=findings,
        entries=entries,
    )


def _witnesses(directory: Directory, party: str, note: bytes) -> dict[str, datetime | None]:
    signed = parse_checkpoint(note)
    keys = {witness: directory.party(witness).verifier for witness in directory.party(party).witnesses}
    return {witness: witnessed_at(signed, ledger_origin(witness), key) for witness, key in keys.items()}


def _why_nothing(party: str, messages: Sequence[Envelope]) -> Finding:
    for message in messages:
        if message.sender == party and message.kind == Kind.AUDIT_ANSWER and message.content_type == JSON_CONTENT:
            refusal = AuditRefusal.from_bytes(message.body)
            return Finding(REFUSED, None, f"{party} refused: {refusal.code}: {refusal.sentence}")
    return Finding(UNANSWERED, None, f"{party} has not answered yet")


def _trail(directory: Directory, party: str, answer: Envelope | None) -> PartyTrail:
    if answer is None:
        return PartyTrail(party, problem=f"{UNANSWERED}: {party} has not answered yet")
    if answer.content_type != TRAIL_CONTENT:
        refusal = AuditRefusal.from_bytes(answer.body)
        return PartyTrail(party, problem=f"{refusal.code}: {refusal.sentence}")
    try:
        trail = CaseTrail.from_bytes(answer.body)
        _, lines = read_trail(trail, directory.party(party).verifier, ledger_origin(party))
    except RecordError as problem:
        return PartyTrail(party, problem=f"{problem.code}: {problem.message}")
    return PartyTrail(party, lines, trail.beyond)


def _ledger_json(ledger: SeenLedger) -> dict[str, object]:
    return {
        "party": ledger.party,
        "verified": ledger.is_verified,
        "size": ledger.size,
        "root": ledger.root,
        "signed_at": to_wire(ledger.signed_at) if ledger.signed_at else None,
        "witnesses": {name: to_wire(at) if at else None for name, at in ledger.witnesses.items()},
        "findings": [{"code": one.code, "sentence": one.sentence, "fault": one.is_fault} for one in ledger.findings],
    }
