"""The tree against the test vectors that Certificate Transparency implementations share, and its refusals."""

import hashlib

import pytest

from tenprint.core.errors import SenderError, StorageError
from tenprint.ledger.tree import (
    EMPTY_ROOT,
    Frontier,
    MerkleTree,
    consistency_proof,
    inclusion_proof,
    leaf_hash,
    node_hash,
    root,
    verify_consistency,
    verify_inclusion,
)

# Leaves and roots of the reference tree of RFC 6962 / RFC 9162 implementations, sizes 1 to 8.
LEAVES = [
    bytes.fromhex(text)
    for text in (
        "",
        "00",
        "10",
        "2021",
        "3031",
        "40414243",
        "5051525354555657",
        "606162636465666768696a6b6c6d6e6f",
    )
]
ROOTS = [
    "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
    "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
    "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
    "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
    "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
    "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
]
HASHES = [leaf_hash(leaf) for leaf in LEAVES]


def test_the_root_of_no_leaves_is_the_hash_of_nothing():
    assert root([]) == EMPTY_ROOT == hashlib.sha256(b"").digest()
    assert Frontier().root() == MerkleTree().root() == EMPTY_ROOT


@pytest.mark.parametrize("size", range(1, 9))
def test_roots_are_those_of_the_reference_tree(size):
    assert root(HASHES[:size]).hex() == ROOTS[size - 1]
    assert MerkleTree(HASHES).root(size).hex() == ROOTS[size - 1]


def test_the_proofs_of_rfc_9162_example_have_the_nodes_it_names():
    # RFC 9162, 2.1.5: the tree over d0..d6 with nodes a..l.
    a, b, c, d, e, f, j = HASHES[:7]
    g, h, i = node_hash(a, b), node_hash(c, d), node_hash(e, f)
    k, later = node_hash(g, h), node_hash(i, j)
    seven = HASHES[:7]
    assert inclusion_proof(seven, 0) == (b, h, later)
    assert inclusion_proof(seven, 3) == (c, g, later)
    assert inclusion_proof(seven, 4) == (f, j, k)
    assert inclusion_proof(seven, 6) == (i, k)
    assert consistency_proof(seven, 3) == (c, d, g, later)
    assert consistency_proof(seven, 4) == (later,)
    assert consistency_proof(seven, 6) == (i, j, k)


def test_a_leaf_does_not_pass_for_a_node():
    assert leaf_hash(HASHES[0] + HASHES[1]) != node_hash(HASHES[0], HASHES[1])


def test_ranges_outside_the_tree_are_refused():
    tree = MerkleTree(HASHES)
    for ask in (
        lambda: tree.root(9),
        lambda: tree.root(-1),
        lambda: tree.inclusion_proof(8),
        lambda: tree.inclusion_proof(-1),
        lambda: tree.inclusion_proof(4, 4),
        lambda: tree.consistency_proof(9),
        lambda: tree.consistency_proof(5, 4),
    ):
        with pytest.raises(SenderError, match="LEDGER_RANGE"):
            ask()


def test_a_frontier_survives_storage_and_damage_is_found():
    frontier = Frontier()
    for leaf in HASHES[:7]:
        frontier = frontier.append(leaf)
    data = frontier.to_bytes()
    assert Frontier.from_bytes(data) == frontier
    assert len(data) == 12 + 3 * 32
    for damaged in (b"", data[:-1], data[:-32], b"XXXX" + data[4:], data + bytes(32), data[:11]):
        with pytest.raises(StorageError, match="LEDGER_FRONTIER"):
            Frontier.from_bytes(damaged)


def test_verification_refuses_what_is_out_of_range_or_no_hash():
    proof = inclusion_proof(HASHES, 2)
    whole = root(HASHES)
    assert verify_inclusion(2, 8, HASHES[2], proof, whole)
    assert not verify_inclusion(8, 8, HASHES[2], proof, whole)
    assert not verify_inclusion(-1, 8, HASHES[2], proof, whole)
    assert not verify_inclusion(2, 8, HASHES[2][:-1], proof, whole)
    assert not verify_inclusion(2, 8, HASHES[2], (*proof, HASHES[0]), whole)
    assert not verify_inclusion(2, 8, HASHES[2], proof[:-1], whole)
    assert not verify_inclusion(2, 8, HASHES[2], inclusion_proof(HASHES[:4], 2), root(HASHES[:4]))  # of a smaller log
    assert not verify_consistency(9, 8, whole, whole, ())
    assert not verify_consistency(0, 8, whole, whole, ())
    assert verify_consistency(0, 8, EMPTY_ROOT, whole, ())
    assert not verify_consistency(0, 8, EMPTY_ROOT, whole, (whole,))
    assert verify_consistency(8, 8, whole, whole, ())
    assert not verify_consistency(8, 8, whole, whole, (whole,))
    assert not verify_consistency(4, 8, root(HASHES[:4]), whole, ())
