"""Witnesses: a log that only adds is signed on, one whose past was changed is not, and two histories are found."""

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tenprint.core.errors import RecordError, SenderError
from tenprint.ledger.checkpoint import Checkpoint, sign_checkpoint
from tenprint.ledger.keys import PrivateKey
from tenprint.ledger.tree import MerkleTree, leaf_hash
from tenprint.ledger.witness import (
    BEHIND,
    CONTRADICTED,
    NOTHING_SEEN,
    Seen,
    WitnessRequest,
    contradictions,
    examine,
    inconsistent_with,
    request_for,
    seen_size_of,
)

KEY, OTHER = PrivateKey(bytes(32)), PrivateKey(bytes([1]) * 32)
ORIGIN = "tenprint/state_bureau"
AT = datetime(2010, 10, 4, 8, tzinfo=UTC)


def log(*words: str) -> MerkleTree:
    return MerkleTree(leaf_hash(word.encode()) for word in words)


def note_of(tree: MerkleTree, size: int, key: PrivateKey = KEY) -> bytes:
    return sign_checkpoint(Checkpoint(ORIGIN, size, tree.root(size), AT), key)


def asked(tree: MerkleTree, size: int, old: int) -> WitnessRequest:
    return request_for(tree, note_of(tree, size), size, old)


@given(st.lists(st.text(max_size=3), max_size=40), st.lists(st.integers(0, 40), max_size=6))
def test_a_log_that_only_adds_is_always_signed(words, sizes):
    tree, seen = log(*words), NOTHING_SEEN
    for size in sorted(min(size, len(tree)) for size in sizes):
        request = WitnessRequest.from_bytes(asked(tree, size, seen.size).to_bytes())
        stated = examine(request, seen, KEY.public, ORIGIN)
        seen = Seen(stated.size, stated.root)
    assert seen.root == tree.root(seen.size)


@given(
    st.lists(st.text(max_size=3), min_size=1, max_size=20),
    st.integers(0, 19),
    st.lists(st.text(max_size=3), max_size=20),
)
def test_a_log_whose_past_was_changed_is_never_signed(words, changed, more):
    first = log(*words)
    past = [*words]
    past[changed % len(words)] += "!"
    second = log(*past, *more)
    seen = Seen(len(words), first.root())
    with pytest.raises(SenderError, match=CONTRADICTED):
        examine(asked(second, len(second), len(words)), seen, KEY.public, ORIGIN)


def test_a_log_that_does_not_know_what_was_signed_is_told():
    tree = log(*"abcdef")
    with pytest.raises(SenderError, match=BEHIND) as refused:
        examine(asked(tree, 6, 2), Seen(4, tree.root(4)), KEY.public, ORIGIN)
    assert seen_size_of(refused.value) == 4
    assert examine(asked(tree, 6, 4), Seen(4, tree.root(4)), KEY.public, ORIGIN).size == 6


def test_a_log_that_lost_entries_cannot_even_ask():
    with pytest.raises(SenderError, match="LEDGER_RANGE"):
        request_for(log(*"abc"), note_of(log(*"abc"), 3), 3, 5)


def test_a_log_that_lost_entries_and_hides_it_is_told_how_many_were_signed():
    whole, shorter = log(*"abcde"), log(*"abc")
    with pytest.raises(SenderError, match=BEHIND):
        examine(asked(shorter, 3, 3), Seen(5, whole.root()), KEY.public, ORIGIN)


def test_a_checkpoint_that_the_log_did_not_sign_says_nothing_about_it():
    tree = log(*"abc")
    forged = request_for(tree, note_of(tree, 3, OTHER), 3, 0)
    with pytest.raises(RecordError, match="CHECKPOINT_SIGNATURE"):
        examine(forged, NOTHING_SEEN, KEY.public, ORIGIN)


def test_a_proof_of_something_else_is_refused():
    tree = log(*"abcdefg")
    request = asked(tree, 7, 3)
    spoiled = WitnessRequest(3, (bytes(32), *request.proof[1:]), request.note)
    with pytest.raises(SenderError, match=CONTRADICTED):
        examine(spoiled, Seen(3, tree.root(3)), KEY.public, ORIGIN)


GOOD = asked(log(*"abcdefg"), 7, 3).to_bytes()
MALFORMED = {
    "empty": b"",
    "no empty line": GOOD.replace(b"\n\n", b"\n"),
    "old size with leading zero": GOOD.replace(b"old 3", b"old 03"),
    "old size missing": GOOD.partition(b"\n")[2],
    "a negative size": GOOD.replace(b"old 3", b"old -3"),
    "no base64": GOOD.replace(b"old 3\n", b"old 3\n***\n"),
    "a short hash": GOOD.replace(b"old 3\n", b"old 3\nAAAA\n"),
    "too many hashes": GOOD.replace(b"old 3\n", b"old 3\n" + b"A" * 43 + b"=\n" * 1 + (b"A" * 43 + b"=\n") * 63),
    "other signs": b"\xff" + GOOD,
    "too long": GOOD + b"x" * 100_000,
}


@pytest.mark.parametrize("data", MALFORMED.values(), ids=MALFORMED.keys())
def test_a_malformed_request_is_refused_by_its_form(data):
    with pytest.raises(RecordError, match="WITNESS_REQUEST_FORM"):
        WitnessRequest.from_bytes(data)


def test_two_histories_of_one_log_are_found_by_comparing_what_witnesses_keep():
    to_one, to_another = log(*"abc"), log(*"abX")
    kept = [note_of(to_one, 2), note_of(to_one, 3), note_of(to_another, 3), note_of(to_another, 3)]
    (found,) = contradictions(kept, KEY.public, ORIGIN)
    assert (found.size, found.first, found.second) == (3, kept[1], kept[2])


def test_notes_that_agree_or_that_another_key_signed_contradict_nothing():
    tree, forged = log(*"abc"), log(*"abX")
    assert contradictions([note_of(tree, 3), note_of(tree, 2)], KEY.public, ORIGIN) == ()
    assert contradictions([note_of(tree, 3), note_of(forged, 3, OTHER), b"no note"], KEY.public, ORIGIN) == ()


def test_checkpoints_of_any_size_are_compared_with_the_leaves_there_are():
    signed = [note_of(log(*"abc"), 2), note_of(log(*"abcde"), 5), note_of(log(*"aX"), 2)]
    leaves = [leaf_hash(word.encode()) for word in "abcd"]
    assert [one.size for one in inconsistent_with(leaves, signed, KEY.public, ORIGIN)] == [5, 2]
