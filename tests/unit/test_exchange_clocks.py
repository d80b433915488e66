"""Parties whose clocks differ: what is erased, what is waited for, and what is late hang on no other party's clock."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta

import pytest
from exchange_rig import DriftingClock, Rig, card

from tenprint.exchange import dispatch
from tenprint.exchange.model.envelope import ErasedHeading
from tenprint.exchange.model.words import CaseState, Kind, Role, TaskKind
from tenprint.exchange.tasks import waits

AGENCY, STATE, FBI, IDENT = (
    Role.AGENCY, Role.STATE_BUREAU, Role.CRIMINAL_REPOSITORY, Role.IMMIGRATION_REPOSITORY,
)  # fmt: skip
SECONDS, MINUTE = timedelta(seconds=2), timedelta(minutes=1)


class Apart:
    """A clock that another one is ahead of."""

    def __init__(self, clock: DriftingClock, behind: timedelta) -> None:
        self.clock, self.behind = clock, behind

    def now(self) -> datetime:
        return self.clock.now() - self.behind


def set_back(rig: Rig, role: Role, behind: timedelta) -> None:
    node = rig.nodes[role]
    rig.nodes[role] = replace(node, services=replace(node.services, clock=Apart(rig.clock, behind)))
    rig.post.connect(rig.all)


def left(rig: Rig, role: Role, case_id: str) -> list[str]:
    with rig.nodes[role].store.transaction() as tx:
        kept = [m for m in tx.headings(case_id) if m.kind != Kind.TIMER and not isinstance(m, ErasedHeading)]
    return [str(m.kind) for m in kept]


def verdicts(rig: Rig, case_id: str) -> set[str]:
    now = rig.clock.now() + timedelta(days=1)
    return {w.verdict(now) for role in rig.nodes for w in waits.waits_of(rig.nodes[role], case_id)}


@pytest.mark.parametrize("role", [STATE, FBI])
def test_an_expunged_booking_is_erased_everywhere_though_a_partys_clock_is_behind(
    make: Callable[..., Rig], role: Role
) -> None:
    rig = make(court=True)
    set_back(rig, role, SECONDS)
    case_id = rig.until_status()
    rig.decide(Role.FIELD_OFFICE, TaskKind.DECIDE, case_id, "no_action")
    dispatch.correct(rig.nodes[STATE], case_id, kind="expunged", what="an order", reason="mistake", by="CLERK GAVEL")
    rig.run()
    rig.wait(MINUTE)
    assert verdicts(rig, case_id) == {"in time"}
    rig.wait(timedelta(days=1))
    rig.wait(timedelta(days=31))
    assert {str(role): left(rig, role, case_id) for role in rig.nodes if left(rig, role, case_id)} == {}
    assert all(not rig.entries(role, "erasure_postponed") for role in rig.nodes)


@pytest.mark.parametrize("behind", [SECONDS, -SECONDS, 3 * timedelta(hours=1)])
def test_no_answer_that_came_is_called_overdue_or_late_because_a_clock_differs(
    make: Callable[..., Rig], behind: timedelta
) -> None:
    rig = make()
    for role in (STATE, IDENT):
        set_back(rig, role, behind)
    case_id = rig.book(card("P1"))
    found = [w for role in rig.nodes for w in waits.waits_of(rig.nodes[role], case_id)]
    assert len(found) == len(("acknowledgement", "answer", "answer at the state", "search"))
    assert all(w.answered_at >= w.asked_at for w in found)
    assert verdicts(rig, case_id) == {"in time"}


def test_each_attempt_of_a_booking_has_its_own_answers_though_the_states_clock_is_behind(
    make: Callable[..., Rig],
) -> None:
    rig = make()
    set_back(rig, STATE, 10 * MINUTE)
    first = rig.book(card("P1", bad=range(1, 15)))
    assert rig.case(AGENCY, first).state == CaseState.REJECTED
    errt = rig.received(AGENCY, first, Kind.ERRT).tcn
    rig.wait(MINUTE)
    assert rig.book(card("P1", tcn="TCN-2010-0000009", tcr=errt)) == first
    found = [w for w in waits.waits_of(rig.nodes[AGENCY], first) if w.hop == "booking_answer"]
    assert [w.verdict(rig.clock.now()) for w in found] == ["in time", "in time"]
    assert found[1].answered_at - found[0].answered_at >= MINUTE
