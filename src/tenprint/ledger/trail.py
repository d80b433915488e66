"""The audit trail of one case at one party: to whom it sent what and when, each line with its proof.

It answers what a biometric audit trail query answers (EBTS 10, BATQ and BATR: per disclosure the receiving agency, the
date, the kind of transaction), and unlike that answer it can be checked: every line is an opened ledger entry under a
checkpoint that the log, and its witnesses, signed. Which prints a message carried (BATR's biometric set and kind of
image) stands in no ledger: it is the discloser's own word, read from the message while it keeps that. As canonical
JSON::

    {"type": "tenprint.case_trail", "v": 1, "checkpoint": note, "beyond": 0, "disclosures": [disclosure, …],
     "carried": {message: text, …}}  where anything is said of that
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from tenprint.core.canonical import canonical_json
from tenprint.core.errors import RecordError
from tenprint.ledger.checkpoint import Checkpoint, parse_checkpoint, verify_checkpoint
from tenprint.ledger.disclosure import Disclosure, disclose, verify_disclosure
from tenprint.ledger.entry import Entry, FieldValue
from tenprint.ledger.keys import PublicKey
from tenprint.ledger.tree import MerkleTree
from tenprint.ledger.vocabulary import CASE, COUNTERPART, KIND, MESSAGE, MESSAGE_KIND, SENT, SEQUENCE, TIME

TRAIL_TYPE: Final = "tenprint.case_trail"
TRAIL_VERSION: Final = 1
MAX_TRAIL_BYTES: Final = 8 * 1024 * 1024
MAX_CARRIED: Final = 200
OPENED: Final = (SEQUENCE, TIME, KIND, CASE, MESSAGE, MESSAGE_KIND, COUNTERPART)


@dataclass(frozen=True)
class CaseTrail:
    """What one party's ledger says it disclosed in one case.

    Args:
        note: the signed checkpoint.
        disclosures: one per message sent, in the order of the ledger.
        beyond: how many further ones no checkpoint covers yet: ask again later.
        carried: by message id, which prints it carried, as the discloser says; not proved.
    """

    note: bytes
    disclosures: tuple[Disclosure, ...]
    beyond: int = 0
    carried: Mapping[str, str] = field(default_factory=dict)

    def to_bytes(self) -> bytes:
        """Return the form in this module's docstring."""
        lines = [json.loads(one.to_bytes()) for one in self.disclosures]
        note = self.note.decode()
        said = {"type": TRAIL_TYPE, "v": TRAIL_VERSION, "checkpoint": note, "beyond": self.beyond, "disclosures": lines}
        return canonical_json(said | ({"carried": dict(self.carried)} if self.carried else {}))

    @classmethod
    def from_bytes(cls, data: bytes) -> CaseTrail:
        """Return the trail that `to_bytes` wrote. Nothing of it is verified yet.

        Raises:
            RecordError: ``LEDGER_TRAIL_FORM`` when the bytes are something else.
        """
        if len(data) > MAX_TRAIL_BYTES:
            raise _malformed("it is too long")
        try:
            parsed = json.loads(data)
            lines = tuple(Disclosure.from_bytes(canonical_json(one)) for one in parsed["disclosures"])
            carried = {str(message): str(text) for message, text in parsed.get("carried", {}).items()}
            trail = cls(parsed["checkpoint"].encode(), lines, parsed["beyond"], carried)
            is_same = trail.to_bytes() == data and all(len(text) <= MAX_CARRIED for text in carried.values())
        except (ValueError, KeyError, TypeError, AttributeError, RecursionError, RecordError) as problem:
            raise _malformed("it cannot be read") from problem
        if not is_same or type(trail.beyond) is not int or trail.beyond < 0:
            raise _malformed("it is not written in the one form it has")
        return trail


def trail_of(
    entries: Iterable[Entry],
    leaf_hashes: Sequence[bytes],
    note: bytes,
    apart_from: Iterable[str] = (),
    carried: Callable[[str], str] | None = None,
) -> CaseTrail:
    """Return the trail of a case.

    Args:
        entries: the ledger's entries of that case.
        leaf_hashes: of the whole ledger.
        note: the checkpoint to prove against.
        apart_from: kinds of messages that disclose nothing, such as the questions of an audit themselves.
        carried: tells which prints the message of an id carried; without it nothing is said of that.
    """
    size, passed_over = parse_checkpoint(note).checkpoint.size, frozenset(apart_from)
    sent = [
        entry
        for entry in entries
        if entry.fields.get(KIND) == SENT and entry.fields.get(MESSAGE_KIND) not in passed_over
    ]
    covered = [entry for entry in sent if int(entry.fields[SEQUENCE]) < size]
    tree = MerkleTree(leaf_hashes[:size])
    lines = tuple(
        disclose(entry, (name for name in OPENED if name in entry.fields), tree, int(entry.fields[SEQUENCE]))
        for entry in covered
    )
    ids = (str(entry.fields[MESSAGE]) for entry in covered if MESSAGE in entry.fields)
    said = {message: carried(message) for message in ids} if carried is not None else {}
    return CaseTrail(note, lines, len(sent) - len(covered), said)


@dataclass(frozen=True)
class TrailLine:
    """One disclosure as shown, and whether its proof holds."""

    fields: dict[str, FieldValue]
    is_proved: bool


def read_trail(trail: CaseTrail, public_key: PublicKey, origin: str) -> tuple[Checkpoint, tuple[TrailLine, ...]]:
    """Return the checkpoint of a trail and its lines, each checked against it.

    Raises:
        RecordError: ``CHECKPOINT_…`` when the log's key did not sign the note: then nothing can be said.
    """
    stated = verify_checkpoint(trail.note, public_key, origin)
    lines = (
        TrailLine({opened.name: opened.value for opened in one.opened}, verify_disclosure(one, stated))
        for one in trail.disclosures
    )
    return stated, tuple(lines)


def _malformed(why: str) -> RecordError:
    return RecordError("LEDGER_TRAIL_FORM", f"this is no audit trail: {why}")
