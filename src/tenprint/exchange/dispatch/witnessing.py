"""Witnesses: a party has its ledger's newest checkpoint cosigned by others, and cosigns theirs.

Neither is a message: nothing of it concerns a case, and an entry for every cosignature would make a new checkpoint,
which wants cosigning. What a witness refuses because it contradicts what it signed before is kept, and stands on its
ledger.
"""

from __future__ import annotations

from dataclasses import dataclass

from tenprint.core.errors import SenderError, TenprintError
from tenprint.exchange.model.directory import Party
from tenprint.exchange.ports import Node, write_down
from tenprint.ledger.checkpoint import (
    cosignature_line,
    ledger_origin,
    parse_checkpoint,
    verify_checkpoint,
    with_cosignature,
    witnessed_at,
)
from tenprint.ledger.keys import PublicKey
from tenprint.ledger.tree import MerkleTree
from tenprint.ledger.witness import CONTRADICTED, WitnessRequest, examine, request_for, seen_size_of

LOG_CONTRADICTED = "log_contradicted"


@dataclass(frozen=True)
class Sought:
    """What came of asking one witness: `problem` is the code of a refusal or of what hindered it, or ``""``."""

    witness: str
    size: int
    problem: str = ""


def cosign(node: Node, data: bytes) -> bytes:
    """Cosign another party's checkpoint when all that was cosigned before is its beginning; return the line.

    Raises:
        RecordError: ``WITNESS_REQUEST_FORM`` or ``CHECKPOINT_…`` when the bytes are no request of that log.
        SenderError: ``NOT_WITNESSED`` when this party is no witness of that log; ``WITNESS_BEHIND`` with the size that
            was cosigned last as field; ``WITNESS_CONTRADICTED``, which is kept as evidence.
        StorageError: it could not be kept; nothing was signed.
    """
    request = WitnessRequest.from_bytes(data)
    owner = _owner(node, parse_checkpoint(request.note).checkpoint.origin)
    key, origin, now = owner.verifier, ledger_origin(owner.id), node.services.clock.now()
    with node.store.transaction() as tx:
        seen = tx.witnessed(origin)
        try:
            stated = examine(request, seen, key, origin)
            refusal = None
        except SenderError as problem:
            if problem.code != CONTRADICTED:
                raise
            stated, refusal = verify_checkpoint(request.note, key, origin), problem
        if tx.keep_witnessed(stated, request.note, now, is_cosigned=refusal is None) and refusal is not None:
            note = f"{refusal.message}; the checkpoint is kept"
            write_down(tx, node.services, LOG_CONTRADICTED, now, counterpart=owner.id, count=stated.size, note=note)
    if refusal is not None:
        raise refusal
    own = node.party
    return cosignature_line(
        request.note, ledger_origin(own.id), PublicKey(own.public_key), node.services.signer.sign, now
    )


def seek_cosignatures(node: Node) -> tuple[Sought, ...]:
    """Show the newest checkpoint to each witness that has not cosigned it; keep the lines that they return.

    A witness that cannot be reached is asked again the next time. Nothing of this party's work waits for it.
    """
    note = node.store.newest_checkpoint() if node.party.witnesses else None
    if note is None:
        return ()
    missing = [party for party in node.party.witnesses if not _has_line(node, party, note)]
    if not missing:
        return ()
    asking = _Asking(MerkleTree(node.store.leaf_hashes()), note, parse_checkpoint(note).checkpoint.size)
    known = node.store.cosigned_sizes()
    return tuple(_ask(node, witness, asking, known.get(witness, 0)) for witness in missing)


@dataclass(frozen=True)
class _Asking:
    """A checkpoint to be cosigned, and the tree that its proofs come from."""

    tree: MerkleTree
    note: bytes
    size: int

    def since(self, old_size: int) -> bytes:
        """Return the request for a witness that cosigned `old_size` entries last."""
        return request_for(self.tree, self.note, self.size, old_size).to_bytes()


def _ask(node: Node, witness: str, asking: _Asking, known: int) -> Sought:
    try:
        line = _line_of(node, witness, asking, known)
        with_cosignature(asking.note, line, ledger_origin(witness), _key(node, witness))
        with node.store.transaction() as tx:
            tx.keep_cosignature(asking.size, witness, line, node.services.clock.now())
    except TenprintError as problem:
        return Sought(witness, asking.size, problem.code)
    return Sought(witness, asking.size)


def _line_of(node: Node, witness: str, asking: _Asking, known: int) -> bytes:
    """Ask, and once more from the size that the witness names when it cosigned another one last than was known."""
    try:
        return node.post.cosign(asking.since(known), witness)
    except SenderError as problem:
        seen = seen_size_of(problem)
        if seen is None:
            raise
        if seen > asking.size:
            said = f"{witness} has cosigned {seen} entries of this ledger, of which {asking.size} are there"
            raise SenderError(
                "LEDGER_SHRUNK",
                said,
                hint="restore its newest backup; if that was done: tenprint ledger accept-restored",
            ) from problem
        return node.post.cosign(asking.since(seen), witness)


def _owner(node: Node, origin: str) -> Party:
    for party in node.services.directory.parties:
        if ledger_origin(party.id) == origin and node.party.id in party.witnesses:
            return party
    raise SenderError("NOT_WITNESSED", f"{node.party.id} is no witness of this log")


def _has_line(node: Node, witness: str, note: bytes) -> bool:
    return witnessed_at(parse_checkpoint(note), ledger_origin(witness), _key(node, witness)) is not None


def _key(node: Node, party: str) -> PublicKey:
    return node.services.directory.party(party).verifier
