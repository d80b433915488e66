"""Checking a whole log: every leaf, every opened field, the sequence, the root, and all checkpoints ever signed."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from tenprint.core.errors import RecordError
from tenprint.ledger.checkpoint import Checkpoint, verify_checkpoint
from tenprint.ledger.entry import Entry, OpenedField, verify_opened
from tenprint.ledger.keys import PublicKey
from tenprint.ledger.tree import MerkleTree, leaf_hash
from tenprint.ledger.vocabulary import SEQUENCE, TIME

FIELD_CHANGED: Final = "LEDGER_FIELD_CHANGED"
SEQUENCE_BROKEN: Final = "LEDGER_SEQUENCE_BROKEN"
ROOT_DIFFERS: Final = "LEDGER_ROOT_DIFFERS"
ENTRIES_MISSING: Final = "LEDGER_ENTRIES_MISSING"
NOT_COVERED: Final = "LEDGER_NOT_COVERED"
TIME_BACKWARDS: Final = "LEDGER_TIME_BACKWARDS"


@dataclass(frozen=True)
class Finding:
    """Something that a check of a log found.

    Args:
        code: stable; one of this module's constants, or the ``CHECKPOINT_…`` code of an unacceptable checkpoint.
        index: the entry, counted from 0, or None when it concerns the whole log.
        sentence: for the person who reads it; names fields, never their values.
        is_fault: False for a notice that does not put the log in doubt.
    """

    code: str
    index: int | None
    sentence: str
    is_fault: bool = True


def verify_log(
    entries: Sequence[Entry],
    checkpoint: bytes,
    public_key: PublicKey,
    origin: str,
    earlier: Iterable[bytes] = (),
) -> tuple[Finding, ...]:
    """Return everything that is wrong with a log; an empty answer means that all of it verifies.

    Args:
        entries: the log's entries in order, as stored; erased fields are no fault.
        checkpoint: the latest signed checkpoint (a note).
        public_key, origin: the key and the name of the log.
        earlier: older checkpoints, by whomever they were kept: each must be of a beginning of this log.
    """
    tree = MerkleTree(leaf_hash(entry.leaf()) for entry in entries)
    findings = [finding for index, entry in enumerate(entries) for finding in check_entry(index, entry)]
    findings += _check_times(entries)
    findings += _check_checkpoint(tree, checkpoint, public_key, origin, must_cover=True)
    for note in earlier:
        findings += _check_checkpoint(tree, note, public_key, origin, must_cover=False)
    return tuple(findings)


def check_entry(index: int, entry: Entry) -> Iterator[Finding]:
    """Yield what is wrong with one entry: an open field that differs from its commitment, a wrong sequence number."""
    for name, value in entry.fields.items():
        if not verify_opened(entry.commitments, OpenedField(name, value, entry.salts[name])):
            yield Finding(FIELD_CHANGED, index, f"field {name} is not what entry {index} committed to")
    if SEQUENCE not in entry.commitments:
        yield Finding(SEQUENCE_BROKEN, index, f"entry {index} has no sequence number")
    elif entry.fields.get(SEQUENCE, index) != index:
        yield Finding(SEQUENCE_BROKEN, index, f"entry {index} carries another sequence number")


def _check_times(entries: Sequence[Entry]) -> Iterator[Finding]:
    latest = ""
    for index, entry in enumerate(entries):
        time = str(entry.fields.get(TIME, latest))  # times of one width: their order is that of their text
        if time < latest:
            yield Finding(TIME_BACKWARDS, index, f"entry {index} is dated before an earlier one", is_fault=False)
        latest = max(latest, time)


def _check_checkpoint(
    tree: MerkleTree, note: bytes, public_key: PublicKey, origin: str, *, must_cover: bool
) -> Iterator[Finding]:
    try:
        stated = verify_checkpoint(note, public_key, origin)
    except RecordError as problem:
        yield Finding(problem.code, None, problem.message)
        return
    yield from _compare(tree, stated)
    if must_cover and stated.size < len(tree):
        beyond = len(tree) - stated.size
        yield Finding(
            NOT_COVERED, stated.size, f"the last {beyond} entries have no signed checkpoint yet", is_fault=False
        )


def _compare(tree: MerkleTree, stated: Checkpoint) -> Iterator[Finding]:
    if stated.size > len(tree):
        yield Finding(
            ENTRIES_MISSING, None, f"a checkpoint was signed over {stated.size} entries, only {len(tree)} are there"
        )
    elif tree.root(stated.size) != stated.root:
        yield Finding(ROOT_DIFFERS, None, f"the first {stated.size} entries are not those whose root was signed")
