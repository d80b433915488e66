"""Two processes work on one party's queue: each message is handled exactly once, though one of them is killed."""

from __future__ import annotations

import os
import signal
from collections import Counter
from collections.abc import Callable
from contextlib import closing
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa
from exchange_rig import Rig

from postgres_rig import PostgresRig
from tenprint.adapters.blobs import FileBlobs
from tenprint.adapters.store import SqlStore
from tenprint.core.clock import SystemClock
from tenprint.exchange import dispatch
from tenprint.exchange.dispatch import handling
from tenprint.exchange.dispatch.points import HANDLE_BEFORE_COMMIT
from tenprint.exchange.model.bodies import Acknowledgement
from tenprint.exchange.model.case import Case
from tenprint.exchange.model.envelope import Envelope
from tenprint.exchange.model.words import CaseState, Kind, Role
from tenprint.exchange.ports import Node, Work

CASES, EACH = 100, 4
LEASE = timedelta(seconds=1)
AGENCY, STATE = Role.AGENCY, Role.STATE_BUREAU


def counted(work: Work, _: object) -> None:
    """Count a message in its case: read, then written, so that two at once would lose one."""
    case = work.case()
    work.tx.save_case(case.moved(n=case.known["n"] + 1))
    work.log("state", state=str(case.state))


def fill(node: Node, rig: Rig) -> None:
    """Take in several messages of each of many cases, mixed."""
    with node.store.transaction() as tx:
        for number in range(CASES):
            tx.save_case(Case(f"case-{number}", rig.clock.now(), CaseState.SUBMITTED, known={"n": 0}))
    wires = []
    for turn in range(EACH):
        for number in range(CASES):
            envelope = Envelope(
                id=f"ack-{number}-{turn}", kind=Kind.ACK, sender=str(STATE), recipient=str(AGENCY),
                case_id=f"case-{number}", sent_at=rig.clock.now(), body=Acknowledgement("T", 10, {}).to_bytes(),
            )  # fmt: skip
            wires.append(envelope.signed(rig.keys[STATE].sign(envelope.signed_bytes())).to_bytes())
    assert all(isinstance(receipt, bytes) for receipt in dispatch.accept_many(node, wires))


def opened(rig: Rig, url: sa.URL, folder: Path) -> Node:
    node = rig.nodes[AGENCY]
    blobs = FileBlobs(folder)
    services = replace(node.services, clock=SystemClock(), blobs=blobs)
    return replace(node, store=SqlStore(url, blobs, str(AGENCY), lease=LEASE), services=services)


def work_off(node: Node) -> None:
    handling.PARTIES[AGENCY].HANDLERS[Kind.ACK] = counted
    while node.store.next_due() is not None:
        if not dispatch.handle_due(node, 32):
            node.store.wait(0.1)
    node.store.close()


def killed_at(passes: int) -> Callable[[str], None]:
    count = Counter[str]()

    def trigger(point: str) -> None:
        count[point] += 1
        if point == HANDLE_BEFORE_COMMIT and count[point] == passes:
            os.kill(os.getpid(), signal.SIGKILL)

    return trigger


def in_process(work: Callable[[], None]) -> int:
    child = os.fork()
    if not child:
        status = 1
        try:
            work()
            status = 0
        finally:
            os._exit(status)
    return child


@pytest.mark.slow
@pytest.mark.crash
def test_two_workers_one_killed_half_way_handle_every_message_exactly_once(
    postgres: PostgresRig, rig: Rig, tmp_path: Path
) -> None:
    url = postgres.migrated()
    first = opened(rig, url, tmp_path)
    fill(first, rig)
    first.store.close()
    children = [
        in_process(lambda: work_off(replace(opened(rig, url, tmp_path), trigger=killed_at(3)))),
        in_process(lambda: work_off(opened(rig, url, tmp_path))),
    ]
    ended = [os.waitpid(child, 0)[1] for child in children]
    assert os.WIFSIGNALED(ended[0]) and os.WTERMSIG(ended[0]) == signal.SIGKILL
    assert os.waitstatus_to_exitcode(ended[1]) == 0
    with closing(SqlStore(url, FileBlobs(tmp_path))) as store, store.reading() as reader:
        assert {case.known["n"] for case in reader.cases()} == {EACH}
        handled = Counter(e.fields["message"] for e in reader.entries() if e.fields["kind"] == "state")
        assert len(handled) == CASES * EACH
        assert set(handled.values()) == {1}
        assert [e.fields["sequence"] for e in reader.entries()] == list(range(2 * CASES * EACH))
        assert reader.next_due() is None


@pytest.mark.slow
def test_who_takes_a_dead_workers_place_has_its_rows_at_once(postgres: PostgresRig, rig: Rig, tmp_path: Path) -> None:
    url, now = postgres.migrated(), rig.clock.now()
    node = opened(rig, url, tmp_path)
    fill(node, rig)
    taken = node.store.claim_inbox(now, 8)
    node.store.close()  # its worker is no more, and its claims are left
    with closing(SqlStore(url, FileBlobs(tmp_path))) as store:
        assert not set(taken) & set(store.claim_inbox(now, 2 * CASES * EACH))
        store.bring_forward(now)
        assert set(taken) <= set(store.claim_inbox(now, 2 * CASES * EACH))
