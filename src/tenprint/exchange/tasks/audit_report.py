"""What an audit found: each ledger checked against its signed checkpoint, and what only one of two sides recorded."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from tenprint.core.clock import to_wire
from tenprint.core.errors import RecordError, SenderError
from tenprint.exchange.model.audit import TRAIL_CONTENT, AuditRefusal
from tenprint.exchange.model.directory import Directory
from tenprint.exchange.model.envelope import Envelope
from tenprint.exchange.ports import Node
from tenprint.exchange.tasks.audit import ASKED, AUDIT, NO_CHECKPOINT, UNKNOWN, answers_in, is_refusal, views_of
from tenprint.ledger.checkpoint import ledger_origin, parse_checkpoint, witnessed_at
from tenprint.ledger.entry import Entry
from tenprint.ledger.reconcile import Discrepancy, reconcile
from tenprint.ledger.trail import CaseTrail, TrailLine, read_trail
from tenprint.ledger.verify import Finding
from tenprint.ledger.view import LogView, assemble, verify_view
from tenprint.ledger.vocabulary import MESSAGE

UNANSWERED, REFUSED, NOT_READY = "AUDIT_UNANSWERED", "AUDIT_REFUSED", "AUDIT_NOT_READY"
NOT_YET = frozenset({UNANSWERED, NOT_READY})
"""Findings of somebody who has not answered, or cannot yet: they put no ledger in doubt."""


class Verdict(StrEnum):
    """What an audit says."""

    CLEAN = "clean"
    DIFFERING = "differing"
    INCOMPLETE = "incomplete"


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
    def is_seen(self) -> bool:
        """Tell whether the ledger was shown to its end, under a checkpoint of its own key."""
        return self.signed_at is not None and not self.is_awaited

    @property
    def is_awaited(self) -> bool:
        """Tell whether the party has still to answer: nothing is said about its ledger meanwhile."""
        return any(finding.code in NOT_YET for finding in self.findings)

    @property
    def is_verified(self) -> bool:
        """Tell whether all of it was shown and fits the signed checkpoint."""
        return self.is_seen and not any(finding.is_fault for finding in self.findings)


@dataclass(frozen=True)
class AuditReport:
    """What came of comparing two ledgers.

    Args:
        audit_id: of which audit.
        ledgers: as they were shown.
        discrepancies: what they disagree on; empty until both were shown.
        under_way: messages of which it cannot be told yet; what that does not prove says `ledger.reconcile`.
        auditor: who asked.
    """

    audit_id: str
    ledgers: tuple[SeenLedger, SeenLedger]
    discrepancies: tuple[Discrepancy, ...]
    under_way: tuple[Discrepancy, ...] = ()
    auditor: str = ""

    @property
    def verdict(self) -> Verdict:
        """Return ``differing`` when anything is wrong, else ``incomplete`` while one is awaited, else ``clean``."""
        if self.discrepancies or any(not (one.is_verified or one.is_awaited) for one in self.ledgers):
            return Verdict.DIFFERING
        return Verdict.INCOMPLETE if self.awaited or self.under_way else Verdict.CLEAN

    @property
    def is_clean(self) -> bool:
        """Tell whether both ledgers were seen, verify and agree, and nothing is under way between them."""
        return self.verdict == Verdict.CLEAN

    @property
    def awaited(self) -> tuple[str, ...]:
        """Return the parties that have not answered, or not in full."""
        return tuple(ledger.party for ledger in self.ledgers if ledger.is_awaited)

    @property
    def next_step(self) -> str:
        """Return what to do about an incomplete audit, or ``""``."""
        if self.verdict != Verdict.INCOMPLETE:
            return ""
        if not self.awaited:
            return "ask anew when what is under way has had time to arrive: tenprint ledger audit"
        look = f"tenprint ledger audit --id {self.audit_id} --by {self.auditor}"
        if UNANSWERED in self._codes:
            return (
                f"see that {' and '.join(self.awaited)} runs (tenprint network status), then read the answers: {look}"
            )
        return f"{' and '.join(self.awaited)} has to sign a checkpoint first; then ask anew: tenprint ledger audit"

    @property
    def _codes(self) -> frozenset[str]:
        return frozenset(finding.code for ledger in self.ledgers for finding in ledger.findings)

    def as_json(self) -> dict[str, object]:
        """Return the report as JSON values."""
        return {
            "audit": self.audit_id,
            "verdict": str(self.verdict),
            "clean": self.is_clean,
            "awaited": list(self.awaited),
            "next": self.next_step,
            "ledgers": [_ledger_json(ledger) for ledger in self.ledgers],
            "discrepancies": [_discrepancy_json(one) for one in self.discrepancies],
            "under_way": [_discrepancy_json(one) for one in self.under_way],
        }


def report_of(node: Node, audit_id: str) -> AuditReport:
    """Return what an audit has found so far, from the answers that this auditor keeps and from nothing else.

    The ledgers are compared once both were shown: whoever has not answered yet is accused of nothing.

    Raises:
        SenderError: ``UNKNOWN_AUDIT``.
    """
    with node.store.transaction() as tx:
        case = tx.case(audit_id)
        if case is None or AUDIT not in case.known:
            raise SenderError("UNKNOWN_AUDIT", f"{node.party.id} has no audit {audit_id!r}")
        messages = answers_in(tx, case)
        a, b = (_seen(node, party, views_of(tx, case, party), messages) for party in case.known[AUDIT])
    both = a.is_seen and b.is_seen
    found = reconcile(a.party, a.entries, b.party, b.entries) if both else ()
    under_way = tuple(one for one in found if one.is_pending)
    return AuditReport(
        audit_id, (a, b), tuple(one for one in found if not one.is_pending), under_way, auditor=node.party.id
    )


@dataclass(frozen=True)
class PartyTrail:
    """What one party's ledger says it disclosed in a case, or why it did not say."""

    party: str
    lines: tuple[TrailLine, ...] = ()
    beyond: int = 0
    problem: str = ""
    carried: Mapping[str, str] = field(default_factory=dict)

    def prints_of(self, line: TrailLine) -> str:
        """Return which prints a line's message carried, as its party says: the ledger does not prove it."""
        return self.carried.get(str(line.fields.get(MESSAGE, "")), UNKNOWN)


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
    note = max((page.note for page in pages), key=len)  # with all cosignatures that were there by then
    try:
        entries = assemble(pages)
        stated, findings = verify_view(entries, note, key, ledger_origin(party))
    except RecordError as problem:
        return SeenLedger(party, findings=(Finding(problem.code, None, problem.message),))
    if len(entries) < stated.size and max(pages, key=lambda page: page.start).entries:  # the next page was asked for
        findings = (_why_no_more(party, messages, f"{len(entries)} of {stated.size} entries"),)
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
        if message.sender == party and is_refusal(message):
            refusal = AuditRefusal.from_bytes(message.body)
            code = NOT_READY if refusal.code == NO_CHECKPOINT else REFUSED
            said = "cannot show its ledger yet" if code == NOT_READY else "refused"
            sentence = f"{party} {said}: {refusal.code}: {refusal.sentence}"
            return Finding(code, None, sentence, is_fault=code not in NOT_YET)
    return Finding(UNANSWERED, None, f"{party} has not answered yet", is_fault=False)


def _why_no_more(party: str, messages: Sequence[Envelope], shown: str) -> Finding:
    refusals = [AuditRefusal.from_bytes(one.body) for one in messages if one.sender == party and is_refusal(one)]
    if refusals:
        return Finding(REFUSED, None, f"{party} showed {shown} and refused the rest: {refusals[-1].code}")
    said = f"{party} has shown {shown} and has not answered about the rest yet"
    return Finding(UNANSWERED, None, said, is_fault=False)


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
    return PartyTrail(party, lines, trail.beyond, carried=trail.carried)


def _discrepancy_json(one: Discrepancy) -> dict[str, object]:
    said = {name: value for name, value in vars(one).items() if name != "since"}
    return said | ({"since": one.since or None} if one.is_pending else {})


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
