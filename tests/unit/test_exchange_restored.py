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
from exchange_rig import GROUND, PERMITTED, START, Rig, card, reopened, run_through_retries

from tenprint.adapters.backup_database import looking_into, note_restored
from tenprint.adapters.backup_database import contents as contents_of
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
    note_restored(sqlite_url(path), found.size, found.root, START, rig.clock.now(), SeededRandomSource("restore"))
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
        again, back = again + len([given]) * given.again, back + restoring.take_back(rig.nodes[role], given.returned)
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
