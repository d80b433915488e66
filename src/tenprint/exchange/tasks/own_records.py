"""What an answer about somebody's own record proves: each disclosure that it names stands in the discloser's ledger.

The answer carries the audit trail of these disclosures (`ledger.trail`): each entry's opened fields with its inclusion
proof under a checkpoint that the discloser, and its witnesses, signed. Whoever asked checks it with the discloser's
public key and nothing else, also years later; a line without its proof is said to have none.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from tenprint.core.clock import to_wire
from tenprint.core.errors import RecordError, SenderError
from tenprint.exchange.model.directory import Party
from tenprint.exchange.model.requests import Request, RequestAnswer, RequestTopic
from tenprint.exchange.ports import Work
from tenprint.exchange.tasks.audit import checkpoint_of
from tenprint.exchange.tasks.looked_up import disclosure_line, record_entries
from tenprint.ledger.checkpoint import ledger_origin
from tenprint.ledger.entry import FieldValue
from tenprint.ledger.trail import CaseTrail, TrailLine, read_trail, trail_of
from tenprint.ledger.vocabulary import COUNTERPART, KIND, MESSAGE_KIND, SENT, SEQUENCE, TIME

PROVED: Final = "proved"
NOT_COVERED: Final = "not covered by a checkpoint yet"
UNPROVED: Final = "NO PROOF"
BROKEN: Final = "BROKEN"
_NAMED = frozenset({TIME, MESSAGE_KIND, COUNTERPART, SEQUENCE})
_ENTRY = re.compile(r"\(entry ([0-9]+) of the ledger of [^ ()]+\)")


@dataclass(frozen=True)
class Proof:
    """What came of checking an answer about somebody's own record.

    Args:
        states: for each line that names a disclosure `PROVED`, `NOT_COVERED`, `UNPROVED` or `BROKEN`.
        size, signed_at: of the checkpoint; 0 and None when there is none that holds.
        problem: why nothing can be said, or what the proofs show besides; ``""`` when nothing is wrong.
    """

    states: dict[str, str]
    size: int = 0
    signed_at: datetime | None = None
    problem: str = ""

    @property
    def is_good(self) -> bool:
        """Tell whether nothing contradicts the answer: what is not covered yet may be asked for again."""
        return not self.problem and set(self.states.values()) <= {PROVED, NOT_COVERED}

    @property
    def proved(self) -> int:
        """Return how many disclosures are proved."""
        return sum(state == PROVED for state in self.states.values())

    def as_json(self) -> dict[str, Any]:
        """Return it as JSON values."""
        return {
            "verifies": self.is_good,
            "disclosures": [{"line": line, "state": state} for line, state in self.states.items()],
            "checkpoint": {"size": self.size, "signed": to_wire(self.signed_at)} if self.signed_at else None,
            "problem": self.problem,
        }


def trail_for(work: Work, asked: Request, about: Party, found: Iterable[str]) -> str:
    """Return the trail of the disclosures that lines name, as text; ``""`` when there is nothing to prove, or no proof.

    Args:
        work: at hand; the message is the answer.
        asked, about: the request.
        found: the lines, as the person who answers saw them.
    """
    if asked.topic != RequestTopic.OWN_RECORD:
        return ""
    lines, party = set(found), work.services.party.id
    entries = [one for one in record_entries(work, asked, about) if disclosure_line(one.fields, party) in lines]
    try:
        note = checkpoint_of(work.tx, 0)
    except SenderError:
        return ""  # nothing has been signed here yet: the lines stand, and say that they have no proof
    return trail_of(entries, work.tx.leaf_hashes(), note).to_bytes().decode() if entries else ""


def check(answer: RequestAnswer, answerer: Party) -> Proof | None:
    """Return what an answer proves, or None when it names no disclosure. Nobody is asked, nothing is written.

    Args:
        answer: as it came.
        answerer: who answered: its public key is all that is needed.
    """
    named = {line: int(place[1]) for line in answer.found.values() if (place := _ENTRY.search(line))}
    if not named:
        return None
    if not answer.trail:
        return Proof(dict.fromkeys(named, UNPROVED), problem="the answer carries no proof")
    try:
        trail = CaseTrail.from_bytes(answer.trail.encode())
        stated, proofs = read_trail(trail, answerer.verifier, ledger_origin(answerer.id))
    except RecordError as refusal:
        return Proof(dict.fromkeys(named, BROKEN), problem=f"{refusal.code}: {refusal.message}")
    shown = [(_line_of(one, answerer.id), one.is_proved) for one in proofs]
    states = {line: _state(line, place, shown, stated.size) for line, place in named.items()}
    besides = sum(line not in named for line, _ in shown)
    problem = f"{besides} proofs belong to no line of the answer" if besides else ""
    return Proof(states, stated.size, stated.time, problem)


def trail_as_json(answer: RequestAnswer) -> Any:
    """Return the trail of an answer as JSON values, for whoever checks it with other tools; None without one."""
    try:
        return json.loads(answer.trail) if answer.trail else None
    except ValueError:
        return answer.trail


def _state(line: str, place: int, shown: Iterable[tuple[str, bool]], size: int) -> str:
    found = [is_proved for other, is_proved in shown if other == line]
    if found:
        return PROVED if all(found) else BROKEN
    return NOT_COVERED if place >= size else UNPROVED


def _line_of(proof: TrailLine, party: str) -> str:
    """Return the line that a proof stands for, or ``""`` when its fields are not those of a disclosure."""
    fields: dict[str, FieldValue] = proof.fields
    return disclosure_line(fields, party) if fields.get(KIND) == SENT and fields.keys() >= _NAMED else ""
