"""What the witnesses of a network say of each ledger, and where two of a log's checkpoints cannot both be true."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from tenprint.core.clock import to_wire
from tenprint.exchange.ports import Node
from tenprint.ledger.checkpoint import ledger_origin, parse_checkpoint, witnessed_at
from tenprint.ledger.witness import contradictions


@dataclass(frozen=True)
class Standing:
    """Which of a log's witnesses cosigned its newest checkpoint, and when (None: not yet).

    Args:
        party: whose log.
        size: number of entries under that checkpoint; 0 before the first one.
        witnesses: by witness, the time of its cosignature.
    """

    party: str
    size: int
    witnesses: dict[str, datetime | None]

    def as_json(self) -> dict[str, object]:
        """Return it as JSON values."""
        times = {name: to_wire(at) if at else None for name, at in self.witnesses.items()}
        return {"party": self.party, "size": self.size, "witnesses": times}


@dataclass(frozen=True)
class Contradicted:
    """Two checkpoints of one size that a party signed over different entries, and which witnesses kept them."""

    party: str
    size: int
    kept_by: tuple[str, ...]
    notes: tuple[bytes, bytes]

    def as_json(self) -> dict[str, object]:
        """Return it as JSON values; the notes are the evidence."""
        notes = [note.decode() for note in self.notes]
        return {"party": self.party, "size": self.size, "kept_by": list(self.kept_by), "notes": notes}


def standing_of(node: Node) -> Standing:
    """Return who cosigned a party's newest checkpoint."""
    note, directory = node.store.newest_checkpoint(), node.services.directory
    if note is None:
        return Standing(node.party.id, 0, dict.fromkeys(node.party.witnesses))
    signed = parse_checkpoint(note)
    keys = {name: directory.party(name).verifier for name in node.party.witnesses}
    times = {name: witnessed_at(signed, ledger_origin(name), key) for name, key in keys.items()}
    return Standing(node.party.id, signed.checkpoint.size, times)


def contradicted(nodes: Mapping[str, Node]) -> tuple[Contradicted, ...]:
    """Return every pair of contradicting checkpoints among what all these parties signed and were shown."""
    found = []
    shown = {name: node.store.witnessed_notes() for name, node in nodes.items()}
    for party, node in nodes.items():
        origin, key = ledger_origin(party), node.party.verifier
        kept = {name: [one.note for one in notes if one.origin == origin] for name, notes in shown.items()}
        all_notes = [note for notes in (node.store.checkpoints(), *kept.values()) for note in notes]
        for pair in contradictions(all_notes, key, origin):
            sides = (parse_checkpoint(pair.first).checkpoint.root, parse_checkpoint(pair.second).checkpoint.root)
            keepers = tuple(
                name
                for name, notes in kept.items()
                if any(parse_checkpoint(note).checkpoint.root in sides for note in notes)
            )
            found.append(Contradicted(party, pair.size, keepers, (pair.first, pair.second)))
    return tuple(found)
