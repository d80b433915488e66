"""What a party erased, when and under which rule: each line an entry of its ledger with the proof that it stands there.

A proof holds only while the entry is in the log whose root was signed (RFC 9162, 2.1.3), so nobody can claim afterwards
that something was erased earlier, or that nothing was.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from tenprint.exchange.ports import Node
from tenprint.exchange.tasks.periods import ERASED_ENTRY
from tenprint.ledger.checkpoint import Checkpoint, ledger_origin, verify_checkpoint
from tenprint.ledger.disclosure import Disclosure, disclose, verify_disclosure
from tenprint.ledger.entry import Entry
from tenprint.ledger.tree import MerkleTree
from tenprint.ledger.vocabulary import CASE, COUNT, KIND, NOTE, OUTCOME, QUESTION, RULE, SEQUENCE, TIME, VERSION

OPENED = (SEQUENCE, TIME, KIND, CASE, QUESTION, OUTCOME, RULE, VERSION, COUNT, NOTE)
PROVED, UNCOVERED, BROKEN = "proved", "not covered by a checkpoint yet", "BROKEN"


@dataclass(frozen=True)
class Erased:
    """One erasure.

    Args:
        party: who erased.
        fields: of the ledger entry that says so.
        proof: that the entry stands in the log; None while no checkpoint covers it.
        state: `PROVED`, `UNCOVERED` or `BROKEN`.
    """

    party: str
    fields: dict[str, str | int]
    proof: Disclosure | None
    state: str

    def as_json(self) -> dict[str, Any]:
        """Return it as JSON values, the proof in the form of `ledger.disclosure`."""
        proof = None if self.proof is None else json.loads(self.proof.to_bytes())
        return {"party": self.party, **self.fields, "state": self.state, "proof": proof}


def erased_by(node: Node) -> list[Erased]:
    """Return what a party erased, in the order of its ledger.

    Raises:
        RecordError: ``CHECKPOINT_…`` when the newest checkpoint is not the party's.
    """
    note, party = node.store.newest_checkpoint(), node.party
    stated: Checkpoint | None = None
    tree = MerkleTree()
    if note is not None:
        stated = verify_checkpoint(note, party.verifier, ledger_origin(party.id))
        tree = MerkleTree(node.store.leaf_hashes()[: stated.size])
    return [_line(party.id, entry, stated, tree) for entry in node.store.erased_entries()]


def _line(party: str, entry: Entry, stated: Checkpoint | None, tree: MerkleTree) -> Erased:
    fields, place = dict(entry.fields), int(entry.fields[SEQUENCE])
    if fields[KIND] != ERASED_ENTRY or stated is None or place >= stated.size:
        return Erased(party, fields, None, UNCOVERED)
    proof = disclose(entry, (name for name in OPENED if name in fields), tree, place)
    return Erased(party, fields, proof, PROVED if verify_disclosure(proof, stated) else BROKEN)
