"""What somebody entitled is handed: chosen fields of one entry, with all that is needed to check them alone.

    opened fields -> commitments -> leaf -> inclusion proof -> root in a signed checkpoint

Whoever holds a disclosure, the signed checkpoint and the log's public key needs nothing else, and nobody's word.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass

from tenprint.core.canonical import canonical_json
from tenprint.core.errors import RecordError
from tenprint.ledger.checkpoint import Checkpoint
from tenprint.ledger.entry import Entry, OpenedField, leaf_from_commitments, open_field, verify_opened
from tenprint.ledger.tree import MerkleTree, leaf_hash, verify_inclusion


@dataclass(frozen=True)
class Disclosure:
    """Fields of one entry, opened, with their proof.

    Args:
        index: the entry, from 0.
        size: number of entries of the log whose checkpoint it is checked against.
        commitments: hex commitment of every field of the entry, opened or not.
        opened: the fields that are shown.
        path: inclusion proof, 32 bytes each.
    """

    index: int
    size: int
    commitments: dict[str, str]
    opened: tuple[OpenedField, ...]
    path: tuple[bytes, ...]

    def to_bytes(self) -> bytes:
        """Return the disclosure as canonical JSON, hashes and salts in hex."""
        opened = [{"name": one.name, "value": one.value, "salt": one.salt.hex()} for one in self.opened]
        path = [one.hex() for one in self.path]
        return canonical_json(
            {
                "v": 1,
                "index": self.index,
                "size": self.size,
                "commitments": self.commitments,
                "opened": opened,
                "path": path,
            }
        )

    @classmethod
    def from_bytes(cls, data: bytes) -> Disclosure:
        """Return the disclosure that `to_bytes` wrote. It is not verified by being one.

        Raises:
            RecordError: ``DISCLOSURE_FORM`` when the bytes are something else, or written in another way.
        """
        try:
            parsed = json.loads(data)
            opened = (OpenedField(one["name"], one["value"], bytes.fromhex(one["salt"])) for one in parsed["opened"])
            path = tuple(bytes.fromhex(one) for one in parsed["path"])
            disclosure = cls(parsed["index"], parsed["size"], dict(parsed["commitments"]), tuple(opened), path)
            is_same = disclosure.to_bytes() == data
        except (ValueError, KeyError, TypeError, AttributeError, RecursionError, RecordError) as problem:
            raise RecordError("DISCLOSURE_FORM", "this is no disclosure: it cannot be read") from problem
        if not is_same or type(disclosure.index) is not int or type(disclosure.size) is not int:
            raise RecordError("DISCLOSURE_FORM", "this is no disclosure: it is not written in the one form it has")
        return disclosure


def disclose(entry: Entry, names: Iterable[str], tree: MerkleTree, index: int, size: int | None = None) -> Disclosure:
    """Return the fields `names` of an entry with their proof.

    Args:
        entry: the entry that stands at `index`.
        names: the fields to show; the others stay closed.
        tree: the log's tree.
        index, size: the entry, and the size of the checkpoint it shall be checked against (by default the tree's).

    Raises:
        SenderError: ``LEDGER_FIELD_ERASED`` or ``LEDGER_FIELD_ABSENT``; ``LEDGER_RANGE`` for an index out of range.
    """
    size = len(tree) if size is None else size
    opened = tuple(open_field(entry, name) for name in sorted(set(names)))
    return Disclosure(index, size, dict(entry.commitments), opened, tree.inclusion_proof(index, size))


def verify_disclosure(disclosure: Disclosure, checkpoint: Checkpoint) -> bool:
    """Tell whether every opened field stands in the log that `checkpoint` describes.

    The checkpoint must have been verified (`checkpoint.verify_checkpoint`); this function only compares with it.
    """
    if disclosure.size != checkpoint.size:
        return False
    if not all(verify_opened(disclosure.commitments, one) for one in disclosure.opened):
        return False
    try:
        leaf = leaf_hash(leaf_from_commitments(disclosure.commitments))
    except RecordError:
        return False
    return verify_inclusion(disclosure.index, disclosure.size, leaf, disclosure.path, checkpoint.root)
