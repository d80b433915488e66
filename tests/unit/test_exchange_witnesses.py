"""Witnesses in a network: a rewritten past and a second history are found by parties that hold none of the data."""

from __future__ import annotations

from dataclasses import replace

import pytest
import sqlalchemy as sa
from exchange_rig import Rig, card

from tenprint.adapters import tables
from tenprint.adapters.database import WRITE
from tenprint.core.chance import SeededRandomSource
from tenprint.core.errors import SenderError, StorageError
from tenprint.exchange import dispatch
from tenprint.exchange.model.words import Role
from tenprint.ledger.checkpoint import ledger_origin, parse_checkpoint, verify_checkpoint, witnessed_at
from tenprint.ledger.entry import seal
from tenprint.ledger.keys import PublicKey
from tenprint.ledger.verify import verify_log
from tenprint.ledger.witness import contradictions

LOG, COURT, JAIL = Role.STATE_BUREAU, Role.SUPPORT_CENTER, Role.JAIL
"""Whose ledger is witnessed, and by which two."""


@pytest.fixture
def rig(rig: Rig) -> Rig:
    """Let two parties witness the state bureau's ledger."""
    directory = rig.nodes[LOG].services.directory
    parties = tuple(replace(p, witnesses=(COURT, JAIL)) if p.role == LOG else p for p in directory.parties)
    directory = replace(directory, parties=parties)
    for role, node in rig.nodes.items():
        services = replace(node.services, directory=directory, party=directory.party(node.party.id))
        rig.nodes[role] = replace(node, services=services)
    rig.post.connect(rig.all)
    return rig


def sign(rig: Rig) -> bytes:
    return rig.nodes[LOG].store.sign_checkpoint(ledger_origin(LOG), rig.keys[LOG], rig.clock.now())


def sought(rig: Rig) -> dict[str, str]:
    sign(rig)
    return {one.witness: one.problem for one in dispatch.seek_cosignatures(rig.nodes[LOG])}


def rewrite_past(rig: Rig, *, forget: int | None = None) -> None:
    """Change what the state bureau wrote down, as somebody with its key and its database could: all fits again.

    Args:
        rig: the network.
        forget: leave out this entry; by default the first message's counterpart is changed.
    """
    store, random = rig.nodes[LOG].store, SeededRandomSource("forger")
    rows = [dict(entry.fields) for entry in store.entries()]
    if forget is None:
        rows[0]["counterpart"] = "nobody"
    else:
        del rows[forget]
    with store._sessions.begun(WRITE) as connection:
        for table in (tables.ledger_entries, tables.ledger_state, tables.cosignatures, tables.checkpoints):
            connection.execute(sa.delete(table))
    with store.transaction() as tx:
        for number, row in enumerate(rows):
            tx.append_entry(seal(row | {"sequence": number}, random))


def refusals(rig: Rig, role: Role) -> list[dict]:
    return rig.entries(role, "log_contradicted")


def test_the_newest_checkpoint_is_cosigned_by_both_witnesses_and_by_nobody_twice(rig: Rig) -> None:
    rig.book(card("P1"))
    assert sought(rig) == {COURT: "", JAIL: ""}
    note = rig.nodes[LOG].store.newest_checkpoint()
    for role in (COURT, JAIL):
        key = PublicKey(rig.nodes[role].party.public_key)
        assert witnessed_at(parse_checkpoint(note), ledger_origin(role), key) == rig.clock.now()
    assert dispatch.seek_cosignatures(rig.nodes[LOG]) == ()
    assert verify_checkpoint(note, rig.keys[LOG].public, ledger_origin(LOG)).size == len(rig.entries(LOG))


def test_a_log_that_goes_on_is_cosigned_again_from_where_the_witness_stood(rig: Rig) -> None:
    for person in ("P1", "P2", "P3"):
        rig.book(card(person, tcn=f"TCN-2010-000000{person[1]}"))
        assert sought(rig) == {COURT: "", JAIL: ""}
    assert len(rig.nodes[COURT].store.witnessed_notes()) == 3
    assert all(one.is_cosigned for one in rig.nodes[COURT].store.witnessed_notes())


def test_witnessing_writes_nothing_on_the_ledgers_of_honest_parties(rig: Rig) -> None:
    rig.book(card("P1"))
    before = {role: len(rig.entries(role)) for role in (LOG, COURT, JAIL)}
    sought(rig)
    assert {role: len(rig.entries(role)) for role in (LOG, COURT, JAIL)} == before


def test_a_witness_that_cannot_be_reached_is_asked_again_later(rig: Rig) -> None:
    rig.book(card("P1"))
    del rig.post._nodes[JAIL]
    assert sought(rig) == {COURT: "", JAIL: "PARTY_UNREACHABLE"}
    rig.post.connect(rig.all)
    assert sought(rig) == {JAIL: ""}


def test_a_changed_past_is_refused_by_both_kept_as_evidence_and_written_down_once(rig: Rig) -> None:
    rig.book(card("P1"))
    sought(rig)
    rewrite_past(rig)
    entries = rig.nodes[LOG].store.entries()
    assert verify_log(entries, sign(rig), rig.keys[LOG].public, ledger_origin(LOG)) == ()  # alone it looks whole
    for _ in range(2):
        assert sought(rig) == {COURT: "WITNESS_CONTRADICTED", JAIL: "WITNESS_CONTRADICTED"}
    for role in (COURT, JAIL):
        (row,) = refusals(rig, role)
        assert (row["counterpart"], row["count"]) == (LOG, len(entries))
        notes = [one.note for one in rig.nodes[role].store.witnessed_notes()]
        (found,) = contradictions(notes, rig.keys[LOG].public, ledger_origin(LOG))
        assert found.size == len(entries)


def test_a_past_changed_before_new_entries_came_is_refused_too(rig: Rig) -> None:
    rig.book(card("P1"))
    sought(rig)
    rewrite_past(rig)
    rig.book(card("P2", tcn="TCN-2010-0000002"))
    assert sought(rig) == {COURT: "WITNESS_CONTRADICTED", JAIL: "WITNESS_CONTRADICTED"}


def test_an_entry_left_out_is_found_although_the_database_says_nothing(rig: Rig) -> None:
    rig.book(card("P1"))
    sought(rig)
    rewrite_past(rig, forget=2)
    assert sought(rig) == {COURT: "LEDGER_SHRUNK", JAIL: "LEDGER_SHRUNK"}


def test_two_histories_shown_to_two_witnesses_are_found_by_comparing_their_notes(rig: Rig) -> None:
    rig.book(card("P1"))
    del rig.post._nodes[JAIL]
    assert sought(rig)[COURT] == ""
    rewrite_past(rig)
    rig.post.connect(rig.all)
    del rig.post._nodes[COURT]
    assert sought(rig)[JAIL] == ""  # each alone is content
    kept = [one.note for role in (COURT, JAIL) for one in rig.nodes[role].store.witnessed_notes()]
    (found,) = contradictions(kept, rig.keys[LOG].public, ledger_origin(LOG))
    assert found.origin == ledger_origin(LOG)


def test_only_the_parties_named_as_witnesses_cosign(rig: Rig) -> None:
    rig.book(card("P1"))
    note = sign(rig)
    with pytest.raises(SenderError, match="NOT_WITNESSED"):
        rig.post.cosign(b"old 0\n\n" + note, Role.AGENCY)
    with pytest.raises(SenderError, match="WITNESS_REQUEST_FORM"):
        rig.post.cosign(b"something else", JAIL)
    with pytest.raises(StorageError, match="PARTY_UNREACHABLE"):
        rig.post.cosign(b"old 0\n\n" + note, "nobody")


def test_a_false_line_of_a_witness_is_not_kept(rig: Rig) -> None:
    rig.book(card("P1"))

    class Liar(type(rig.post)):
        def cosign(self, request: bytes, witness: str) -> bytes:
            return super().cosign(request, JAIL)

    node = rig.nodes[LOG]
    lying = Liar()
    lying.connect(rig.all)
    rig.nodes[LOG] = replace(node, post=lying)
    assert sought(rig) == {COURT: "COSIGNATURE_INVALID", JAIL: ""}
    assert rig.nodes[LOG].store.cosigned_sizes() == {JAIL: len(rig.entries(LOG))}
