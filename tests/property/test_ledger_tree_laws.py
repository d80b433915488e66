"""Laws of the tree, with the recursion of RFC 9162 as slow twin."""

import hashlib

from hypothesis import given, settings
from hypothesis import strategies as st

from tenprint.ledger.tree import (
    EMPTY_ROOT,
    Frontier,
    MerkleTree,
    consistency_proof,
    inclusion_proof,
    leaf_hash,
    root,
    verify_consistency,
    verify_inclusion,
)

LARGEST = 130
HASHES = [leaf_hash(number.to_bytes(4, "big")) for number in range(LARGEST)]


def slow_node(left, right):
    return hashlib.sha256(b"\x01" + left + right).digest()


def slow_split(size):
    power = 1
    while power * 2 < size:
        power *= 2
    return power


def slow_root(hashes):
    """RFC 9162, 2.1.1, word for word."""
    if not hashes:
        return hashlib.sha256(b"").digest()
    if len(hashes) == 1:
        return hashes[0]
    k = slow_split(len(hashes))
    return slow_node(slow_root(hashes[:k]), slow_root(hashes[k:]))


def slow_path(m, hashes):
    """RFC 9162, 2.1.3.1."""
    if len(hashes) == 1:
        return ()
    k = slow_split(len(hashes))
    if m < k:
        return (*slow_path(m, hashes[:k]), slow_root(hashes[k:]))
    return (*slow_path(m - k, hashes[k:]), slow_root(hashes[:k]))


def slow_subproof(m, hashes, is_complete):
    """RFC 9162, 2.1.4.1."""
    if m == len(hashes):
        return () if is_complete else (slow_root(hashes),)
    k = slow_split(len(hashes))
    if m <= k:
        return (*slow_subproof(m, hashes[:k], is_complete), slow_root(hashes[k:]))
    return (*slow_subproof(m - k, hashes[k:], False), slow_root(hashes[:k]))


def test_fast_and_slow_roots_agree_for_every_size():
    frontier, tree = Frontier(), MerkleTree()
    for size in range(LARGEST):
        expected = slow_root(HASHES[:size])
        assert frontier.root() == tree.root() == root(HASHES[:size]) == expected
        assert Frontier.from_bytes(frontier.to_bytes()) == frontier
        frontier = frontier.append(HASHES[size])
        assert tree.append(HASHES[size]) == size


def test_proofs_are_those_of_the_slow_twin_and_verify_for_every_size_up_to_forty():
    tree = MerkleTree(HASHES)
    for size in range(1, 41):
        whole = tree.root(size)
        for index in range(size):
            proof = tree.inclusion_proof(index, size)
            assert proof == slow_path(index, HASHES[:size])
            assert verify_inclusion(index, size, HASHES[index], proof, whole)
        for old in range(1, size + 1):
            proof = tree.consistency_proof(old, size)
            assert proof == slow_subproof(old, HASHES[:size], True)
            assert verify_consistency(old, size, tree.root(old), whole, proof)


@given(data=st.data())
@settings(max_examples=150, deadline=None)
def test_an_inclusion_proof_holds_for_its_leaf_index_size_and_root_only(data):
    size = data.draw(st.integers(2, LARGEST))
    index, other = data.draw(st.integers(0, size - 1)), data.draw(st.integers(0, size - 1))
    proof, whole = inclusion_proof(HASHES[:size], index), root(HASHES[:size])
    assert verify_inclusion(index, size, HASHES[index], proof, whole)
    assert verify_inclusion(other, size, HASHES[index], proof, whole) == (other == index)
    assert verify_inclusion(index, size, HASHES[other], proof, whole) == (other == index)
    place = data.draw(st.integers(0, len(proof) - 1))
    bent = list(proof)
    bent[place] = bytes([bent[place][0] ^ 1]) + bent[place][1:]
    assert not verify_inclusion(index, size, HASHES[index], bent, whole)
    assert not verify_inclusion(index, size, HASHES[index], proof, EMPTY_ROOT)


@given(data=st.data())
@settings(max_examples=150, deadline=None)
def test_no_consistency_proof_exists_for_a_log_whose_past_was_changed(data):
    size = data.draw(st.integers(2, LARGEST))
    old = data.draw(st.integers(1, size - 1))
    changed = data.draw(st.integers(0, old - 1))
    rewritten = [*HASHES[:changed], leaf_hash(b"another"), *HASHES[changed + 1 : size]]
    proof = consistency_proof(rewritten, old)
    assert verify_consistency(old, size, root(rewritten[:old]), root(rewritten), proof)
    assert not verify_consistency(old, size, root(HASHES[:old]), root(rewritten), proof)
    honest = consistency_proof(HASHES[:size], old)
    assert not verify_consistency(old, size, root(HASHES[:old]), root(rewritten), honest)


@given(
    size=st.integers(0, 2**40),
    index=st.integers(0, 2**40),
    proof=st.lists(st.binary(min_size=31, max_size=33), max_size=45),
)
@settings(max_examples=200, deadline=None)
def test_invented_proofs_are_refused_and_never_crash(size, index, proof):
    assert not verify_inclusion(index, size, HASHES[0], proof, HASHES[1])
    assert not verify_consistency(index, size, HASHES[0], HASHES[1], proof)
