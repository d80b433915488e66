"""A party comes back from an older copy: what it lost comes again, nothing happens twice, the ledgers say what was."""

from __future__ import annotations

import itertools
import sqlite3
from collections.abc import Callable
from contextlib import closing
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from exchange_rig import GROUND, PERMITTED, START, Rig, card, reopened

from tenprint.adapters.backup_database import contents as contents_of
from tenprint.adapters.backup_database import looking_into, note_restored
from tenprint.adapters.database import sqlite_url
from tenprint.core.chance import SeededRandomSource
from tenprint.core.errors import RecordError, SenderError
from tenprint.exchange import dispatch
from tenprint.exchange.dispatch import restoring
from tenprint.exchange.model.words import CaseState, Role, TaskKind
from tenprint.ledger.checkpoint import ledger_origin
from tenprint.ledger.keys import PublicKey
from tenprint.ledger.reconcile import reconcile
from tenprint.ledger.verify import verify_log

ROLES = (
    Role.AGENCY, Role.STATE_BUREAU, Role.CRIMINAL_REPOSITORY, Role.IMMIGRATION_REPOSITORY, Role.SUPPORT_CENTER,
    Role.FIELD_OFFICE, Role.JAIL,
)  # fmt: skip
ANSWERS = {
    TaskKind.EXAMINE: ("identification", {}),
    TaskKind.STATUS: ("removable", {"legal_ground": GROUND}),
    TaskKind.DECIDE: ("detainer", PERMITTED),
    TaskKind.ANSWER_DETAINER: ("accept", {}),
}
SECOND = {"tcn": "TCN-2010-0000002", "nam": "SAMPLESON,OTHER QUINCE"}


def database(rig: Rig, role: Role) -> Path:
    return Path(rig.nodes[role].store._engine.url.database)


def copied(rig: Rig, role: Role) -> Path:
    """Copy a party's database beside it, while it is open."""
    target = database(rig, role).with_name("copy.db")
    with closing(sqlite3.connect(database(rig, role))) as connection:
        connection.execute("VACUUM INTO ?", (str(target),))
    return target


def rolled_back(rig: Rig, role: Role, copy: Path) -> int:
    """Put the copy in the database's place, as a restore does; return how many entries its ledger has."""
    with looking_into(copy) as connection:
        found = contents_of(connection)
    path = database(rig, role)
    rig.nodes[role].store.close()
    for name in (path, path.with_name(f"{path.name}-wal"), path.with_name(f"{path.name}-shm")):
        name.unlink(missing_ok=True)
    copy.replace(path)
    note_restored(
        sqlite_url(path), found.size, found.root, START, now=rig.clock.now(), random=SeededRandomSource("restore")
    )
    reopened(rig, role)
    return found.size


def recovered(rig: Rig, role: Role) -> tuple[int, int]:
    """Let all others do their part; return how many messages go again and how many came back."""
    again = back = 0
    for peer in rig.all:
        if peer.party.role == role:
            continue
        with rig.nodes[role].store.transaction() as tx:
            known = tx.held_keys()
        given = restoring.give_back(peer, str(role), known=known)
        again, back = again + given.again, back + restoring.take_back(rig.nodes[role], given.returned)
    return again, back


def answered(rig: Rig) -> int:
    """Answer what people are asked, always in the same way, until nobody is asked; return how often."""
    count = 0
    while asked := [
        (node, t) for node in rig.all for t in rig.tasks(node.party.role, open_only=True) if t.kind in ANSWERS
    ]:
        node, task = asked[0]
        answer, details = ANSWERS[task.kind]
        dispatch.decide_task(node, task.id, answer=answer, reason="as seen", by="OFFICIAL QUINCE", details=details)
        rig.run()
        count += 1
    return count


def picture(rig: Rig) -> dict[Role, list[tuple[str, str]]]:
    """Return the cases of each party and how they stand."""
    found = {}
    for role in ROLES:
        with rig.nodes[role].store.transaction() as tx:
            found[role] = sorted((case.case_id, str(case.state)) for case in tx.cases())
    return found


def spoken(rig: Rig) -> list[tuple[str, ...]]:
    """Return every message that was taken in anywhere from another party, once for each time it counts."""
    rows = []
    for role in ROLES:
        mine = str(role)
        with rig.nodes[role].store.transaction() as tx:
            for case in tx.cases():
                found = [m for m in tx.headings(case.case_id) if m.recipient == mine != m.sender]
                rows += [(m.sender, mine, str(m.kind), m.case_id, m.in_reply_to) for m in found]
    return sorted(rows)


def discrepancies(rig: Rig) -> list[str]:
    logs = {node.party.id: node.store.entries() for node in rig.all}
    return [one.sentence for a, b in itertools.combinations(logs, 2) for one in reconcile(a, logs[a], b, logs[b])]


def verified(rig: Rig, role: Role) -> bool:
    node = rig.nodes[role]
    note = node.store.sign_checkpoint(ledger_origin(node.party.id), rig.keys[role], rig.clock.now())
    return verify_log(node.store.entries(), note, PublicKey(node.party.public_key), ledger_origin(node.party.id)) == ()


def undisturbed(make: Callable[..., Rig]) -> Rig:
    rig = make()
    rig.until_detainer()
    rig.known_to_immigration("P8")
    rig.book(card("P8", **SECOND))
    answered(rig)
    return rig


@pytest.mark.slow
@pytest.mark.parametrize("role", ROLES)
def test_a_party_that_lost_a_whole_case_ends_as_if_nothing_had_happened(make: Callable[..., Rig], role: Role) -> None:
    expected, rig = undisturbed(make), make()
    rig.until_detainer()
    copy = copied(rig, role)
    rig.known_to_immigration("P8")
    rig.book(card("P8", **SECOND))
    answered(rig)
    size = rolled_back(rig, role, copy)
    assert picture(rig) != picture(expected)
    assert discrepancies(rig) != []
    rig.clock.advance(timedelta(days=1))
    again, back = recovered(rig, role)
    assert again + back > 0
    run_through_retries_but_timers(rig)
    answered(rig)
    assert picture(rig) == picture(expected)
    assert spoken(rig) == spoken(expected)
    assert discrepancies(rig) == []
    assert rig.failures(role) == []
    assert verified(rig, role)
    (entry,) = rig.entries(role, "restored")
    assert (entry["sequence"], entry["count"]) == (size, size)
    assert recovered(rig, role) == (0, 0)


def run_through_retries_but_timers(rig: Rig) -> None:
    """Run, and move the clock over the waits between tries only."""
    rig.run()
    for _ in range(20):
        rig.clock.advance(timedelta(seconds=2))
        rig.run()


@pytest.mark.slow
def test_witnesses_refuse_a_restored_ledger_until_a_person_accepts_it_and_keep_what_they_had_seen(
    make: Callable[..., Rig],
) -> None:
    log, witness = Role.STATE_BUREAU, Role.SUPPORT_CENTER
    rig = make()
    node = rig.nodes[log]
    party = replace(node.party, witnesses=(str(witness),))
    parties = tuple(party if one.id == party.id else one for one in node.services.directory.parties)
    directory = replace(node.services.directory, parties=parties)
    for role, each in rig.nodes.items():
        own = party if role == log else each.party
        rig.nodes[role] = replace(each, services=replace(each.services, party=own, directory=directory))
    rig.post.connect(rig.all)

    def asked() -> str:
        node = rig.nodes[log]
        node.store.sign_checkpoint(ledger_origin(str(log)), rig.keys[log], rig.clock.now())
        (sought,) = dispatch.seek_cosignatures(node) or (None,)
        return sought.problem if sought else ""

    rig.book(card("P1"))
    assert asked() == ""
    copy = copied(rig, log)
    rig.book(card("P2", **SECOND))
    assert asked() == ""
    size = rolled_back(rig, log, copy)
    assert asked() == "LEDGER_SHRUNK"
    seen = rig.nodes[witness].store.witnessed_notes()
    cosigned = [one.note for one in seen if one.is_cosigned]
    lost = restoring.note_entries_lost(rig.nodes[log], str(witness), cosigned, size)
    assert lost == max(one.size for one in seen) - size > 0
    (confessed,) = rig.entries(log, "entries_lost")
    assert (confessed["counterpart"], confessed["count"]) == (witness, lost)
    recovered(rig, log)
    run_through_retries_but_timers(rig)
    assert asked() == "WITNESS_CONTRADICTED"
    assert rig.entries(witness, "log_contradicted") != []
    with pytest.raises(SenderError, match="NOT_WITNESSED"):
        restoring.accept_restored(rig.nodes[Role.JAIL], str(log), size, person="WITNESS QUINCE")
    assert restoring.accept_restored(rig.nodes[witness], str(log), size, person="WITNESS QUINCE") == 1
    with pytest.raises(SenderError, match="NOTHING_TO_ACCEPT"):
        restoring.accept_restored(rig.nodes[witness], str(log), size, person="WITNESS QUINCE")
    assert asked() == ""
    (entry,) = rig.entries(witness, "restore_accepted")
    assert (entry["counterpart"], entry["count"], entry["person"]) == (log, size, "WITNESS QUINCE")
    kept = rig.nodes[witness].store.witnessed_notes()
    assert {one.note for one in seen} <= {one.note for one in kept}


def test_only_own_messages_with_a_receipt_of_their_receiver_come_back(make: Callable[..., Rig]) -> None:
    rig = make()
    copy = copied(rig, Role.STATE_BUREAU)
    rig.book(card("P1"))
    rolled_back(rig, Role.STATE_BUREAU, copy)
    node = rig.nodes[Role.STATE_BUREAU]
    (good, *_), other = (
        restoring.give_back(rig.nodes[peer], str(Role.STATE_BUREAU)).returned
        for peer in (Role.AGENCY, Role.CRIMINAL_REPOSITORY)
    )
    wire, receipt = good
    entries = len(node.store.entries())
    for bad in ((wire, other[0][1]), (wire.replace(b"state_bureau", b"agency", 1), receipt), (wire, receipt[:-9])):
        with pytest.raises(RecordError):
            restoring.take_back(node, [good, bad])
    with pytest.raises(RecordError, match="RETURNED_INVALID"):
        restoring.take_back(rig.nodes[Role.JAIL], [good])
    assert len(node.store.entries()) == entries
    assert restoring.take_back(node, [good]) == 1
    assert restoring.take_back(node, [good]) == 0


@pytest.mark.slow
def test_an_answer_to_what_a_person_has_yet_to_say_again_waits_for_days(make: Callable[..., Rig]) -> None:
    rig = make()
    rig.until_status()
    copy, role = copied(rig, Role.FIELD_OFFICE), Role.FIELD_OFFICE
    (case_id,) = [case_id for case_id, _ in picture(rig)[role]]
    rig.decide(role, TaskKind.DECIDE, case_id, "detainer", **PERMITTED)
    rig.decide(Role.JAIL, TaskKind.ANSWER_DETAINER, case_id, "accept")
    rolled_back(rig, role, copy)
    recovered(rig, role)
    rig.wait(timedelta(seconds=1))
    for _ in range(8):
        rig.wait(timedelta(minutes=1))
    with rig.nodes[role].store.reading() as reader:
        assert reader.next_queue_due() is None  # no clock jumps over and over to its next try
    rig.wait(timedelta(hours=30))
    assert rig.failures(role) == []
    assert rig.case(role, case_id).state == CaseState.AWAITING_DECISION
    rig.decide(role, TaskKind.DECIDE, case_id, "detainer", **PERMITTED)
    assert rig.case(role, case_id).state == CaseState.LODGED
    assert len([one for one in rig.messages(Role.JAIL, case_id) if one.kind == "DETAINER"]) == 1
