"""A party that is away: nothing for it is given up however long it takes, it is seen, and all of it follows then."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import timedelta

import pytest
from exchange_rig import START, Rig, card

from tenprint.core.errors import SenderError, StorageError
from tenprint.exchange import dispatch
from tenprint.exchange.dispatch import relay, retry
from tenprint.exchange.model import failures
from tenprint.exchange.model.envelope import ErasedHeading
from tenprint.exchange.model.health import Condition, Health
from tenprint.exchange.model.stored import Queue
from tenprint.exchange.model.words import CaseState, Kind, Role, TaskKind

AGENCY, STATE, FBI, IDENT, ERO = (
    Role.AGENCY, Role.STATE_BUREAU, Role.CRIMINAL_REPOSITORY, Role.IMMIGRATION_REPOSITORY, Role.FIELD_OFFICE,
)  # fmt: skip
HALF_AN_HOUR = timedelta(minutes=30)


class Road:
    """The way to one party: open for so many messages; the bookings that were tried on it, in order."""

    def __init__(self, rig: Rig, party: str, code: str = "PARTY_UNREACHABLE") -> None:
        self.open_for = 0
        self.tried: list[str] = []
        self._party, self._code, self._deliver = party, code, rig.post.deliver
        rig.post.deliver = self.deliver  # type: ignore[method-assign]

    def deliver(self, wire: bytes, recipient: str) -> bytes:
        if recipient == self._party:
            head = json.loads(wire.split(b"\n", 1)[0])
            self.tried += [head["id"]] if head["sender"] == AGENCY else []
            if self.open_for <= 0:
                raise StorageError(self._code, "away")
            self.open_for -= 1
        return self._deliver(wire, recipient)


def health(rig: Rig, role: Role = AGENCY) -> Health:
    return rig.nodes[role].store.health(rig.clock.now())


def submitted(rig: Rig, count: int) -> list[str]:
    """Submit bookings without delivering them; return the cases."""
    return [dispatch.submit(rig.nodes[AGENCY], card("P1", tcn=f"TCN-2010-{n:07}")).case_id for n in range(count)]


@pytest.mark.parametrize("code", ["PARTY_UNREACHABLE", "DOOR_FULL", "STORE_FULL"])
def test_an_outage_of_two_hours_needs_nobody_once_it_is_over(rig: Rig, code: str) -> None:
    road = Road(rig, "state_bureau", code)
    cases = submitted(rig, 3)
    for _ in range(120):
        rig.wait(timedelta(minutes=1))
    assert [rig.case(AGENCY, case).state for case in cases] == [CaseState.SUBMITTED] * 3
    assert rig.nodes[AGENCY].store.dead_letters() == []
    assert {again.attempts for again in health(rig).retries} <= set(range(12, 20))
    road.open_for = 1000
    rig.wait(HALF_AN_HOUR)
    assert {rig.case(AGENCY, case).state for case in cases} == {CaseState.NO_MATCH}
    assert rig.nodes[AGENCY].store.dead_letters() == []
    assert health(rig).condition == Condition.OK


@pytest.mark.parametrize("code", failures.UNREACHED)
def test_what_did_not_reach_its_receiver_is_tried_for_ever_and_at_least_every_half_hour(code: str) -> None:
    away = StorageError(code, "away")
    tries = [retry.next_try(away, Queue.OUTBOX, "m-1", n, START) for n in range(1, 3000)]
    delays = [again - START for again in tries if again is not None]
    assert len(delays) == len(tries)
    assert timedelta(seconds=1) <= min(delays) and timedelta(minutes=20) < max(delays) <= HALF_AN_HOUR
    assert retry.next_try(SenderError(code, "no"), Queue.OUTBOX, "m-1", 1, START) is None
    assert retry.next_try(away, Queue.INBOX, "m-1", retry.MAX_ATTEMPTS, START) is None


@pytest.mark.parametrize("code", ["RECEIPT_INVALID", "NO_ADDRESS", "PROGRAM_FAULT"])
def test_what_does_not_mend_itself_is_given_up_after_half_an_hour_as_before(code: str) -> None:
    problem = StorageError(code, "x")
    assert retry.next_try(problem, Queue.OUTBOX, "m-1", retry.MAX_ATTEMPTS, START) is None


def test_one_delivery_brings_on_what_waits_for_the_same_party_at_once_and_in_order(rig: Rig) -> None:
    road = Road(rig, "state_bureau")
    submitted(rig, 70)
    for _ in range(60):
        rig.wait(timedelta(minutes=1))
    first = list(dict.fromkeys(road.tried))
    assert len(first) == 70
    road.tried.clear()
    road.open_for = 1000
    dispatch.submit(rig.nodes[AGENCY], card("P1", tcn="TCN-2010-0000099"))
    rig.run()
    assert len(road.tried) == 71
    assert road.tried[1:] == first
    assert health(rig).queues["outbox"].waiting == 0


def test_a_party_that_is_gone_again_costs_no_more_tries_than_one_portion(rig: Rig) -> None:
    road = Road(rig, "state_bureau")
    submitted(rig, 3 * relay.HASTENED)
    for _ in range(60):
        rig.wait(timedelta(minutes=1))
    road.tried.clear()
    road.open_for = 1
    dispatch.submit(rig.nodes[AGENCY], card("P1", tcn="TCN-2010-0000999"))
    rig.run()
    assert len(road.tried) == 1 + relay.HASTENED
    assert health(rig).queues["outbox"].waiting == 3 * relay.HASTENED


def test_what_waits_for_another_party_or_for_another_reason_is_not_brought_on(rig: Rig) -> None:
    case_id = rig.until_examined()
    lost = {"immigration_repository": "PARTY_UNREACHABLE", "state_bureau": "RECEIPT_INVALID"}
    deliver = rig.post.deliver

    def failing(wire: bytes, recipient: str) -> bytes:
        if recipient in lost:
            raise StorageError(lost[recipient], "no")
        return deliver(wire, recipient)

    rig.post.deliver = failing  # type: ignore[method-assign]
    rig.decide(Role.SUPPORT_CENTER, TaskKind.STATUS, case_id, "citizen")
    waiting = health(rig, FBI)
    assert [again.code for again in waiting.retries] == ["RECEIPT_INVALID"]
    with rig.nodes[FBI].store.transaction() as tx:
        for recipient in ("immigration_repository", "state_bureau", "support_center"):
            tx.hasten(recipient, rig.clock.now(), 10)
    assert health(rig, FBI).queues["outbox"] == waiting.queues["outbox"]


def test_a_receiver_that_is_away_for_more_than_a_minute_makes_a_party_behind(rig: Rig) -> None:
    road = Road(rig, "state_bureau")
    submitted(rig, 2)
    rig.run()
    assert health(rig).condition == Condition.WAITING
    rig.wait(timedelta(seconds=61))
    found = health(rig)
    outbox = found.queues["outbox"]
    assert (outbox.due, outbox.unreached, outbox.unreached_since) == (0, 2, START)
    assert found.condition == Condition.BEHIND
    road.open_for = 10
    rig.wait(timedelta(minutes=2))
    assert (health(rig).queues["outbox"].unreached, health(rig).condition) == (0, Condition.OK)


def test_an_erasure_by_order_waits_for_who_is_away_and_is_done_everywhere_when_he_is_back(
    make: Callable[..., Rig],
) -> None:
    rig = make(court=True)
    case_id = rig.until_status()
    rig.decide(ERO, TaskKind.DECIDE, case_id, "no_action")
    road = Road(rig, "immigration_repository")
    dispatch.correct(rig.nodes[STATE], case_id, kind="expunged", what="an order", reason="mistake", by="CLERK GAVEL")
    rig.run()
    for _ in range(120):
        rig.wait(timedelta(minutes=1))
    rig.wait(timedelta(days=5))
    assert rig.entries(FBI, "erasure_postponed") != []
    road.open_for = 1000
    for _ in range(5):
        rig.wait(timedelta(days=30))
    for role in (STATE, FBI, IDENT):
        with rig.nodes[role].store.transaction() as tx:
            left = {m.kind for m in tx.headings(case_id) if not isinstance(m, ErasedHeading)}
        assert left <= {Kind.TIMER}, role
        assert rig.nodes[role].store.dead_letters() == []
