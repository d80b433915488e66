"""Proofs of ledger entries, checked here as anybody could check them elsewhere.

A log only grows, so its tree is kept from one request to the next and extended to the newest checkpoint. An entry that
was changed since does not fit the tree, and a tree that was changed does not fit the checkpoint: both are said.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from tenprint.core.errors import RecordError, SenderError, StorageError, TenprintError
from tenprint.exchange.ports import Node
from tenprint.ledger.checkpoint import Checkpoint, ledger_origin, verify_checkpoint
from tenprint.ledger.disclosure import Disclosure, disclose, verify_disclosure
from tenprint.ledger.entry import Entry, OpenedField, verify_opened
from tenprint.ledger.keys import PublicKey
from tenprint.ledger.tree import MerkleTree, leaf_hash
from tenprint.ledger.verify import verify_log

MAX_CHECKED = 1_000
"""A page checks a log of at most so many entries in full, of a longer one the newest entries and the root."""
PROVED, UNCOVERED, BROKEN = "proved", "uncovered", "broken"


@dataclass(frozen=True)
class Proof:
    """An entry's proof, and what checking it gave.

    Args:
        party: whose ledger.
        index: the entry, from 0.
        entry: as it lies in the database.
        leaf: hash of the entry's leaf, 32 bytes.
        note: the signed checkpoint, or None when none was signed over this entry.
        disclosure: what a checker needs besides the checkpoint; None without one.
        state: ``proved``, ``uncovered`` (no checkpoint covers it yet) or ``broken``.
        sentence: what that means.
    """

    party: str
    index: int
    entry: Entry
    leaf: bytes
    note: bytes | None
    disclosure: Disclosure | None
    state: str
    sentence: str

    @property
    def is_good(self) -> bool:
        """Tell whether nothing contradicts the entry."""
        return self.state != BROKEN


@dataclass(frozen=True)
class LogState:
    """How a party's log stands: its size, newest checkpoint, and what a bounded check of it found.

    Args:
        party, size, root: of the log as it lies there.
        note, checkpoint: the newest signed checkpoint; None before the first one, or when it does not verify.
        faults: what is wrong, in sentences; empty when nothing was found.
        checked: what was looked at, in words.
    """

    party: str
    size: int
    root: bytes
    note: bytes | None
    checkpoint: Checkpoint | None
    faults: tuple[str, ...]
    checked: str


class Logs:
    """The trees of all logs of the network, kept between requests. Call it while the network is held."""

    def __init__(self) -> None:
        self._trees: dict[str, MerkleTree] = {}
        self._lock = threading.Lock()

    def tree(self, node: Node, size: int) -> MerkleTree:
        """Return a log's tree over at least `size` entries, or over all there are."""
        with self._lock:
            tree = self._trees.setdefault(node.party.id, MerkleTree())
            if not len(tree):
                for leaf in node.store.leaf_hashes():
                    tree.append(leaf)
            elif len(tree) < size:
                for leaf in _leaves(node, len(tree), size):
                    tree.append(leaf)
            return tree

    def entry(self, node: Node, index: int) -> Entry | None:
        """Return the entry at a place of a party's log, or None."""
        return next(iter(node.store.entries(index, index + 1)), None)

    def proof(self, node: Node, index: int, entry: Entry) -> Proof:
        """Return an entry's proof against the newest checkpoint, checked."""
        note = node.store.newest_checkpoint()
        state, sentence, disclosure = self._checked(node, index, entry, note)
        leaf = leaf_hash(entry.leaf())
        return Proof(node.party.id, index, entry, leaf, note if disclosure else None, disclosure, state, sentence)

    def state(self, node: Node) -> LogState:
        """Return how a party's log stands, after a check of at most `MAX_CHECKED` entries."""
        party, key = node.party.id, node.party.verifier
        note = node.store.newest_checkpoint()  # first: another process may add entries and sign them meanwhile
        with node.store.transaction() as tx:
            size = tx.ledger_size()
        tree = self.tree(node, size)
        root = tree.root(min(size, len(tree)))
        try:
            checkpoint = verify_checkpoint(note, key, ledger_origin(party)) if note is not None else None
        except RecordError as problem:
            said = f"the newest checkpoint does not verify: {problem.message}"
            return LogState(party, size, root, note, None, (said,), "the newest checkpoint")
        faults, checked = _checked_log(node, tree, size, note, key)
        return LogState(party, size, root, note, checkpoint, faults, checked)

    def _checked(self, node: Node, index: int, entry: Entry, note: bytes | None) -> tuple[str, str, Disclosure | None]:
        changed = _changed_fields(entry)
        if changed or entry.fields.get("sequence", index) != index:
            what = ", ".join(changed) or "sequence"
            return BROKEN, f"This entry does not verify: {what} is not what the entry committed to.", None
        if note is None:
            said = "No checkpoint has been signed over this log yet, so nothing proves this entry."
            return UNCOVERED, said, None
        try:
            checkpoint = verify_checkpoint(note, node.party.verifier, ledger_origin(node.party.id))
        except RecordError as problem:
            return BROKEN, f"The newest checkpoint does not verify: {problem.message}.", None
        if index >= checkpoint.size:
            said = f"The newest checkpoint covers {checkpoint.size} entries; this one is newer and is not proved yet."
            return UNCOVERED, said, None
        return self._against(node, index, entry, checkpoint)

    def _against(
        self, node: Node, index: int, entry: Entry, checkpoint: Checkpoint
    ) -> tuple[str, str, Disclosure | None]:
        try:
            tree = self.tree(node, checkpoint.size)
            disclosure = disclose(entry, entry.fields, tree, index, checkpoint.size)
        except SenderError:
            said = "This entry does not verify: the log is shorter than its signed checkpoint says."
            return BROKEN, said, None
        if not verify_disclosure(disclosure, checkpoint):
            said = "This entry does not verify: it is not the one that the signed checkpoint covers at this place."
            return BROKEN, said, disclosure
        said = f"This entry verifies: it stands at place {index} of the {checkpoint.size} that the checkpoint covers."
        return PROVED, said, disclosure


def _checked_log(
    node: Node, tree: MerkleTree, size: int, note: bytes | None, key: PublicKey
) -> tuple[tuple[str, ...], str]:
    """Return what is wrong with a log, and what was looked at."""
    start = max(0, size - MAX_CHECKED)
    try:
        entries = node.store.entries(start, size)
    except TenprintError as problem:
        return (problem.message,), "the newest entries"
    origin = ledger_origin(node.party.id)
    if start == 0 and note is not None:
        found = verify_log(entries, note, key, origin)
        return tuple(finding.sentence for finding in found if finding.is_fault), "every entry and the root"
    faults = [
        f"entry {start + number}: {', '.join(changed)} is not what the entry committed to"
        for number, entry in enumerate(entries)
        if (changed := _changed_fields(entry))
    ]
    if note is not None:
        checkpoint = verify_checkpoint(note, key, origin)
        if checkpoint.size > len(tree) or tree.root(checkpoint.size) != checkpoint.root:
            faults.append("the root over the entries is not the one that was signed")
    return tuple(faults), f"the newest {len(entries)} entries" + (" and the root" if note is not None else "")


def _leaves(node: Node, start: int, end: int) -> list[bytes]:
    """Return the hashes of leaves, from the entries; as kept beside them where one cannot be read."""
    try:
        return [leaf_hash(entry.leaf()) for entry in node.store.entries(start, end)]
    except StorageError:
        return node.store.leaf_hashes()[start:end]


def _changed_fields(entry: Entry) -> list[str]:
    opened = (OpenedField(name, value, entry.salts[name]) for name, value in entry.fields.items())
    return sorted(one.name for one in opened if not verify_opened(entry.commitments, one))


def proof_file(proof: Proof, node: Node) -> dict[str, Any]:
    """Return a proof as JSON values: all that is needed to check the entry elsewhere, and how."""
    disclosure = json.loads(proof.disclosure.to_bytes()) if proof.disclosure else None
    return {
        "what": "an entry of a party's ledger, with its proof",
        "party": proof.party,
        "index": proof.index,
        "entry": json.loads(proof.entry.to_bytes()),
        "leaf_hash": proof.leaf.hex(),
        "disclosure": disclosure,
        "checkpoint": proof.note.decode() if proof.note else None,
        "public_key": PublicKey(node.party.public_key).to_text(),
        "verifier_key": PublicKey(node.party.public_key).to_verifier_line(ledger_origin(proof.party)),
        "checked_here": {"state": proof.state, "sentence": proof.sentence},
        "how_to_check": list(HOW_TO_CHECK),
    }


HOW_TO_CHECK: Sequence[str] = (
    "Each field: SHA-256 over salt (16 bytes), name, a zero byte, value as text, is the commitment of that name.",
    'The leaf: SHA-256 over a zero byte and the canonical JSON (RFC 8785) of {"v": 1, "c": commitments}.',
    "The path leads from the leaf to the root by RFC 9162, section 2.1.3.2.",
    "The checkpoint (C2SP tlog-checkpoint) holds that root, and the party's Ed25519 key signed it.",
    "Get the party's key and checkpoint from the public page of the network, or from somebody else who kept them.",
)
