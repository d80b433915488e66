"""What a witness does: it signs a checkpoint only when all that it signed before is the beginning of it.

A request (C2SP tlog-witness, add-checkpoint) is the size that the witness signed last, the proof that the log only
added to it, and the checkpoint::

    old 20
    CsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=      consistency proof, a line a hash
    …
                                                      (empty line)
    tenprint/immigration_repository                   the signed checkpoint, as in `checkpoint`
    …

A log whose past was changed has no such proof, and a log that shows two histories needs two witnesses that never
compare: what a witness refused it keeps, and `contradictions` finds the two signed checkpoints that cannot both be
true. Such a pair is the log's own signature under its fault, and convinces anybody.
"""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from tenprint.core.errors import RecordError, SenderError
from tenprint.ledger.checkpoint import MAX_NOTE_BYTES, Checkpoint, verify_checkpoint
from tenprint.ledger.keys import PublicKey
from tenprint.ledger.tree import EMPTY_ROOT, HASH_BYTES, MerkleTree, verify_consistency

OLD_MARK: Final = "old "
MAX_PROOF_HASHES: Final = 63  # C2SP tlog-witness: a proof has no more for a log of any size
MAX_REQUEST_BYTES: Final = MAX_NOTE_BYTES + 64 + MAX_PROOF_HASHES * 45
BEHIND: Final = "WITNESS_BEHIND"
CONTRADICTED: Final = "WITNESS_CONTRADICTED"


@dataclass(frozen=True)
class WitnessRequest:
    """One request to cosign.

    Args:
        old_size: number of entries that the log believes the witness signed last; 0 before the first time.
        proof: consistency proof from there to the checkpoint, 32 bytes each.
        note: the checkpoint, signed by its log.
    """

    old_size: int
    proof: tuple[bytes, ...]
    note: bytes

    def to_bytes(self) -> bytes:
        """Return the form in this module's docstring."""
        lines = [f"{OLD_MARK}{self.old_size}", *(base64.b64encode(one).decode() for one in self.proof), "", ""]
        return "\n".join(lines).encode() + self.note

    @classmethod
    def from_bytes(cls, data: bytes) -> WitnessRequest:
        """Return the request that `to_bytes` wrote. Nothing of it is verified yet.

        Raises:
            RecordError: ``WITNESS_REQUEST_FORM`` when the bytes are something else.
        """
        head, gap, note = data.partition(b"\n\n")
        if len(data) > MAX_REQUEST_BYTES or not gap:
            raise _malformed("it is too long, or has no empty line before the checkpoint")
        try:
            first, *hashes = head.decode("ascii").split("\n")
            proof = tuple(base64.b64decode(one, validate=True) for one in hashes)
        except (UnicodeDecodeError, binascii.Error, ValueError) as problem:
            raise _malformed("its proof is no base64") from problem
        if re.fullmatch(rf"{OLD_MARK}(0|[1-9][0-9]{{0,18}})", first) is None:
            raise _malformed("its first line is not the old size")
        if len(proof) > MAX_PROOF_HASHES or any(len(one) != HASH_BYTES for one in proof):
            raise _malformed("its proof has too many hashes, or one of another length")
        request = cls(int(first.removeprefix(OLD_MARK)), proof, note)
        if request.to_bytes() != data:
            raise _malformed("it is not written in the one form it has")
        return request


@dataclass(frozen=True)
class Seen:
    """What a witness signed last of a log: size and root (32 bytes)."""

    size: int = 0
    root: bytes = EMPTY_ROOT


NOTHING_SEEN: Final = Seen()


def request_for(tree: MerkleTree, note: bytes, size: int, old_size: int) -> WitnessRequest:
    """Return the request for a checkpoint over the first `size` leaves of `tree`.

    Raises:
        SenderError: ``LEDGER_RANGE`` when `old_size` is larger: the witness has seen more of this log than there is.
    """
    return WitnessRequest(old_size, tree.consistency_proof(old_size, size), note)


def examine(request: WitnessRequest, seen: Seen, public_key: PublicKey, origin: str) -> Checkpoint:
    """Return the request's checkpoint when a witness may sign it.

    Args:
        request: as received.
        seen: what the witness signed last of this log.
        public_key, origin: key and name of the log.

    Raises:
        RecordError: ``CHECKPOINT_…`` when the log's own key did not sign it.
        SenderError: ``WITNESS_BEHIND`` when the log does not start from what was signed last (`seen_size_of` reads the
            size from the error), ``WITNESS_CONTRADICTED`` when it does, and what follows is not a continuation.
    """
    stated = verify_checkpoint(request.note, public_key, origin)
    if stated.size == seen.size and stated.root != seen.root:
        raise SenderError(CONTRADICTED, f"{origin} has shown another log of {seen.size} entries before", field="root")
    if request.old_size != seen.size:
        raise SenderError(
            BEHIND, f"the last checkpoint signed here is over {seen.size} entries of {origin}", field=str(seen.size)
        )
    if not verify_consistency(seen.size, stated.size, seen.root, stated.root, request.proof):
        raise SenderError(
            CONTRADICTED, f"{origin} does not continue the {seen.size} entries that were signed here", field="proof"
        )
    return stated


def seen_size_of(problem: SenderError) -> int | None:
    """Return the size that a ``WITNESS_BEHIND`` error names, or None for another error."""
    is_size = problem.code == BEHIND and problem.field.isascii() and problem.field.isdecimal()
    return int(problem.field) if is_size else None


@dataclass(frozen=True)
class Contradiction:
    """Two checkpoints of one size that the same log signed over different entries: it shows different histories."""

    origin: str
    size: int
    first: bytes
    second: bytes


def contradictions(notes: Iterable[bytes], public_key: PublicKey, origin: str) -> tuple[Contradiction, ...]:
    """Return every pair of a log's checkpoints, by whomever they were kept, that cannot both be true.

    Notes that the log's key did not sign prove nothing and are passed over. Checkpoints of different sizes are not
    compared here: that takes the entries (`inconsistent_with`).
    """
    by_size: dict[int, tuple[bytes, bytes]] = {}
    found: dict[tuple[int, bytes], Contradiction] = {}
    for note in notes:
        try:
            stated = verify_checkpoint(note, public_key, origin)
        except RecordError:
            continue
        root, first = by_size.setdefault(stated.size, (stated.root, note))
        if root != stated.root:
            found.setdefault((stated.size, stated.root), Contradiction(origin, stated.size, first, note))
    return tuple(found.values())


def inconsistent_with(
    leaf_hashes: Sequence[bytes], notes: Iterable[bytes], public_key: PublicKey, origin: str
) -> tuple[Checkpoint, ...]:
    """Return the checkpoints that a log signed and whose entries are not the beginning of the leaves it has now."""
    tree = MerkleTree(leaf_hashes)
    signed = []
    for note in notes:
        try:
            signed.append(verify_checkpoint(note, public_key, origin))
        except RecordError:
            continue
    return tuple(one for one in signed if one.size > len(tree) or tree.root(one.size) != one.root)


def _malformed(why: str) -> RecordError:
    return RecordError("WITNESS_REQUEST_FORM", f"this is no request to cosign a checkpoint: {why}")
