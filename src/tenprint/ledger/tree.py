"""The Merkle tree of RFC 9162, section 2.1: roots, inclusion proofs, consistency proofs and their verification.

    hash of no leaves = SHA-256()      leaf = SHA-256(0x00 || data)      node = SHA-256(0x01 || left || right)

A tree over n leaves splits at the largest power of two smaller than n. Hashes are 32 bytes. `Frontier` appends in
O(log n) and is what a log keeps; `MerkleTree` holds all complete subtrees and gives every proof in O(log n);
`verify_*` need neither.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from tenprint.core.errors import SenderError, StorageError

HASH_BYTES: Final = 32
EMPTY_ROOT: Final = hashlib.sha256(b"").digest()
FRONTIER_MAGIC: Final = b"TLF1"
MAX_SIZE: Final = 2**63 - 1


def leaf_hash(data: bytes) -> bytes:
    """Return the hash of a leaf (RFC 9162, 2.1.1), 32 bytes."""
    return hashlib.sha256(b"\x00" + data).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    """Return the hash of an inner node (RFC 9162, 2.1.1), 32 bytes."""
    return hashlib.sha256(b"\x01" + left + right).digest()


@dataclass(frozen=True)
class Frontier:
    """The roots of the complete subtrees of a log (a compact range): all that appending needs.

    Layout of `to_bytes`: ``TLF1``, size as u64 big-endian, then 32 bytes for each one-bit of the size, largest first.

    Args:
        size: number of leaves.
        roots: one hash for each one-bit of `size`, the largest subtree first.

    Raises:
        StorageError: ``LEDGER_FRONTIER`` when number or length of the hashes do not fit the size.
    """

    size: int = 0
    roots: tuple[bytes, ...] = ()

    def __post_init__(self) -> None:
        fits = 0 <= self.size <= MAX_SIZE and len(self.roots) == self.size.bit_count()
        if not fits or any(len(root) != HASH_BYTES for root in self.roots):
            raise StorageError("LEDGER_FRONTIER", "the stored frontier of a log does not fit its size")

    def append(self, leaf: bytes) -> Frontier:
        """Return the frontier with one more leaf hash (32 bytes)."""
        roots, rest = list(self.roots), self.size
        while rest & 1:  # each one-bit from below is a subtree as large as what we carry
            leaf = node_hash(roots.pop(), leaf)
            rest >>= 1
        return Frontier(self.size + 1, (*roots, leaf))

    def root(self) -> bytes:
        """Return the root of the whole log, 32 bytes."""
        return _fold(self.roots)

    def to_bytes(self) -> bytes:
        """Return the layout in this class's docstring."""
        return FRONTIER_MAGIC + self.size.to_bytes(8, "big") + b"".join(self.roots)

    @classmethod
    def from_bytes(cls, data: bytes) -> Frontier:
        """Return the frontier that `to_bytes` wrote.

        Raises:
            StorageError: ``LEDGER_FRONTIER`` when the bytes are something else.
        """
        if data[:4] != FRONTIER_MAGIC or len(data) < 12 or (len(data) - 12) % HASH_BYTES:
            raise StorageError("LEDGER_FRONTIER", "the stored frontier of a log cannot be read")
        roots = tuple(data[start : start + HASH_BYTES] for start in range(12, len(data), HASH_BYTES))
        return cls(int.from_bytes(data[4:12], "big"), roots)


class MerkleTree:
    """All complete subtrees of a log in memory (64 bytes a leaf): roots and proofs of every size up to its own.

    Args:
        leaf_hashes: 32 bytes each, in order.
    """

    def __init__(self, leaf_hashes: Iterable[bytes] = ()) -> None:
        self._levels: list[list[bytes]] = [[]]  # _levels[k][i] is the root of leaves i * 2**k up to (i + 1) * 2**k
        for leaf in leaf_hashes:
            self.append(leaf)

    def __len__(self) -> int:
        return len(self._levels[0])

    def append(self, leaf: bytes) -> int:
        """Add one leaf hash (32 bytes) and return its index."""
        level, carried = 0, leaf
        self._levels[0].append(carried)
        while len(self._levels[level]) % 2 == 0:
            carried = node_hash(*self._levels[level][-2:])
            level += 1
            if level == len(self._levels):
                self._levels.append([])
            self._levels[level].append(carried)
        return len(self) - 1

    def root(self, size: int | None = None) -> bytes:
        """Return the root over the first `size` leaves, by default all.

        Raises:
            SenderError: ``LEDGER_RANGE`` when the tree is smaller than that.
        """
        return self._range_root(0, self._checked_size(size))

    def inclusion_proof(self, index: int, size: int | None = None) -> tuple[bytes, ...]:
        """Return the audit path of leaf `index` in the tree of the first `size` leaves (RFC 9162, 2.1.3.1).

        Raises:
            SenderError: ``LEDGER_RANGE`` when there is no such leaf or tree.
        """
        start, end = 0, self._checked_size(size)
        if not 0 <= index < end:
            raise SenderError("LEDGER_RANGE", f"there is no entry {index} among {end}")
        path: list[bytes] = []
        while end - start > 1:
            middle = start + _split(end - start)
            if index < middle:
                path.append(self._range_root(middle, end))
                end = middle
            else:
                path.append(self._range_root(start, middle))
                start = middle
        return tuple(reversed(path))

    def consistency_proof(self, old_size: int, new_size: int | None = None) -> tuple[bytes, ...]:
        """Return the proof that the first `old_size` leaves are the beginning of `new_size` (RFC 9162, 2.1.4.1).

        Empty for an old size of 0 and for equal sizes, where there is nothing to prove.

        Raises:
            SenderError: ``LEDGER_RANGE`` when the sizes are not in order or the tree is smaller.
        """
        start, end = 0, self._checked_size(new_size)
        if not 0 <= old_size <= end:
            raise SenderError("LEDGER_RANGE", f"a log of {end} entries never had {old_size}")
        if old_size in (0, end):
            return ()
        path: list[bytes] = []
        while end != old_size:
            middle = start + _split(end - start)
            if old_size <= middle:
                path.append(self._range_root(middle, end))
                end = middle
            else:
                path.append(self._range_root(start, middle))
                start = middle
        if start:  # else the old tree is a complete subtree whose root the verifier already holds
            path.append(self._range_root(start, end))
        return tuple(reversed(path))

    def _checked_size(self, size: int | None) -> int:
        size = len(self) if size is None else size
        if not 0 <= size <= len(self):
            raise SenderError("LEDGER_RANGE", f"the log has {len(self)} entries, not {size}")
        return size

    def _range_root(self, start: int, end: int) -> bytes:
        """Return the root over leaves `start` up to `end`; start is a multiple of the largest power inside."""
        roots: list[bytes] = []
        while start < end:
            level = (end - start).bit_length() - 1
            roots.append(self._levels[level][start >> level])
            start += 1 << level
        return _fold(roots)


def root(leaf_hashes: Iterable[bytes]) -> bytes:
    """Return the root over leaf hashes (32 bytes each)."""
    frontier = Frontier()
    for leaf in leaf_hashes:
        frontier = frontier.append(leaf)
    return frontier.root()


def inclusion_proof(leaf_hashes: Iterable[bytes], index: int) -> tuple[bytes, ...]:
    """Return the audit path of one leaf; see `MerkleTree.inclusion_proof`. O(n): keep a tree for many proofs."""
    return MerkleTree(leaf_hashes).inclusion_proof(index)


def consistency_proof(leaf_hashes: Iterable[bytes], old_size: int) -> tuple[bytes, ...]:
    """Return the proof from an older size to this one; see `MerkleTree.consistency_proof`. O(n)."""
    return MerkleTree(leaf_hashes).consistency_proof(old_size)


def verify_inclusion(index: int, size: int, leaf: bytes, proof: Sequence[bytes], expected_root: bytes) -> bool:
    """Tell whether `leaf` (a leaf hash) is entry `index` of the log of `size` with that root (RFC 9162, 2.1.3.2)."""
    if not 0 <= index < size or not _are_hashes((leaf, *proof)):
        return False
    position, last, carried = index, size - 1, leaf
    for sibling in proof:
        if last == 0:
            return False
        if position & 1 or position == last:
            carried = node_hash(sibling, carried)
            while position and not position & 1:
                position, last = position >> 1, last >> 1
        else:
            carried = node_hash(carried, sibling)
        position, last = position >> 1, last >> 1
    return last == 0 and carried == expected_root


def verify_consistency(old_size: int, new_size: int, old_root: bytes, new_root: bytes, proof: Sequence[bytes]) -> bool:
    """Tell whether the log with `new_root` only added to the log with `old_root` (RFC 9162, 2.1.4.2)."""
    if not 0 <= old_size <= new_size or not _are_hashes((old_root, new_root, *proof)):
        return False
    if old_size == 0:
        return not proof and old_root == EMPTY_ROOT
    if old_size == new_size:
        return not proof and old_root == new_root
    path = list(proof) if old_size.bit_count() > 1 else [old_root, *proof]
    if not path:
        return False
    position, last = old_size - 1, new_size - 1
    while position & 1:
        position, last = position >> 1, last >> 1
    old_carried = new_carried = path[0]
    for sibling in path[1:]:
        if last == 0:
            return False
        if position & 1 or position == last:
            old_carried = node_hash(sibling, old_carried)
            new_carried = node_hash(sibling, new_carried)
            while position and not position & 1:
                position, last = position >> 1, last >> 1
        else:
            new_carried = node_hash(new_carried, sibling)
        position, last = position >> 1, last >> 1
    return last == 0 and old_carried == old_root and new_carried == new_root


def _split(size: int) -> int:
    """Return the largest power of two smaller than `size`, which is at least 2."""
    return 1 << ((size - 1).bit_length() - 1)


def _fold(roots: Sequence[bytes]) -> bytes:
    """Return the root over complete subtrees, given from large to small."""
    if not roots:
        return EMPTY_ROOT
    carried = roots[-1]
    for left in reversed(roots[:-1]):
        carried = node_hash(left, carried)
    return carried


def _are_hashes(values: Sequence[bytes]) -> bool:
    return all(len(value) == HASH_BYTES for value in values)
