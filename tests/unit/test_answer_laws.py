"""A law of answers: how a case ends hangs on what was said of it, not on the order in which that comes."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import timedelta
from itertools import permutations
from typing import Any

import pytest
from exchange_rig import GROUND, Rig, card, fingers_of, rigs
from hypothesis import example, given, settings
from hypothesis import strategies as st

from tenprint.core.errors import StorageError
from tenprint.exchange import dispatch
from tenprint.exchange.model.case import Case
from tenprint.exchange.model.envelope import Envelope, MessageKey
from tenprint.exchange.model.known import REPOSITORIES, Repository, message_of, repository_state
from tenprint.exchange.model.words import CaseState, Kind, RepositoryState, Role, TaskKind
from tenprint.exchange.tasks.results import CASCADE

pytestmark = pytest.mark.slow
AGENCY, STATE, FBI = Role.AGENCY, Role.STATE_BUREAU, Role.CRIMINAL_REPOSITORY
IDENT, LESC = Role.IMMIGRATION_REPOSITORY, Role.SUPPORT_CENTER
ANSWERS = (Kind.STATE_SRE, Kind.SRE, Kind.LATE_HIT, Kind.SECOND_SRE)
STEPS = (
    (IDENT, TaskKind.EXAMINE, "identification", {}),
    (LESC, TaskKind.STATUS, "removable", {"legal_ground": GROUND}),
    (Role.FIELD_OFFICE, TaskKind.DECIDE, "no_action", {}),
)
PENDING_FIRST = (Kind.SRE, Kind.SECOND_SRE, Kind.LATE_HIT, Kind.SECOND_SRE)
"""What a state hears when the first answer was given before the immigration repository's no match came."""


class Held:
    """Keeps messages of some kinds from a party, until they are given out in another order."""

    def __init__(self, rig: Rig, recipient: Role, kinds: Sequence[Kind]) -> None:
        self.rig, self.recipient, self.kinds, self.wires = rig, recipient, frozenset(kinds), dict[MessageKey, bytes]()
        self.deliver, rig.post.deliver = rig.post.deliver, self

    def __call__(self, wire: bytes, recipient: str) -> bytes:
        message = Envelope.from_bytes(wire)
        if recipient == str(self.recipient) and message.kind in self.kinds:
            self.wires[message.key] = wire
            raise StorageError("POST_UNREACHABLE", "not now")
        return self.deliver(wire, recipient)

    def release(self, order: Sequence[int] | None = None) -> None:
        """Give out what was kept, in an order of its places; later tries give out copies, which change nothing."""
        kept = list(self.wires.values())
        self.rig.post.deliver = self.deliver
        for place in order or range(len(kept)):
            dispatch.accept(self.rig.nodes[self.recipient], kept[place])
            self.rig.run()
        self.rig.wait(timedelta(minutes=5))


def hit_later(rig: Rig, case_id: str) -> None:
    dispatch.enrol(rig.nodes[IDENT], "FIN-P7", card("P7", tcn="TCN-ENROL-00001"))
    rig.run()
    task = next(t for t in rig.tasks(IDENT, open_only=True) if t.case_id == case_id)
    said = {"answer": "identification", "reason": "as seen", "by": "OFFICIAL EXAMINER"}
    dispatch.decide_task(rig.nodes[IDENT], task.id, **said, details={})
    rig.run()


def answered(make: Callable[..., Rig], recipient: Role, order: Sequence[int], *, is_pending: bool = False) -> Case:
    """Return a party's case after a late hit and its second answer, what it was told having come in this order."""
    rig = make(settings={IDENT: {"keeps_searches": True}})
    held = Held(rig, recipient, ANSWERS)
    if is_pending:
        rig.matcher(IDENT).enroll("FIN-P7-BEFORE", fingers_of("P7"))
    case_id = rig.book(card("P7"))
    if is_pending:
        rig.wait(timedelta(days=1))
        rig.decide(IDENT, TaskKind.EXAMINE, case_id, "exclusion")
    hit_later(rig, case_id)
    rig.decide(LESC, TaskKind.STATUS, case_id, "removable", legal_ground=GROUND)
    assert [Envelope.from_bytes(w).kind for w in held.wires.values()] == list(expected(recipient, is_pending))
    held.release(order)
    assert all(not rig.failures(role) for role in rig.nodes)
    return rig.case(recipient, case_id)


def expected(recipient: Role, is_pending: bool) -> Sequence[Kind]:
    if is_pending:
        return PENDING_FIRST
    return ANSWERS if recipient == AGENCY else ANSWERS[1:]


def known_of(case: Case) -> dict[str, Any]:
    kept = {kind: message_of(case, kind) != "" for kind in ANSWERS}
    return {"state": case.state, CASCADE: case.known[CASCADE], REPOSITORIES: case.known[REPOSITORIES], **kept}


@pytest.mark.parametrize("recipient", [AGENCY, STATE])
def test_every_order_of_answers_and_a_late_hit_ends_in_the_same_case(make: Callable[..., Rig], recipient: Role) -> None:
    places = range(len(expected(recipient, is_pending=False)))
    plain = known_of(answered(make, recipient, places))
    assert plain["state"] == CaseState.ANSWERED
    assert plain[REPOSITORIES][Repository.IMMIGRATION] == RepositoryState.MATCH
    for order in permutations(places):
        assert known_of(answered(make, recipient, order)) == plain, order


def test_a_late_no_match_that_comes_after_the_late_hit_takes_nothing_back(make: Callable[..., Rig]) -> None:
    places = range(len(PENDING_FIRST))
    plain = known_of(answered(make, STATE, places, is_pending=True))
    assert plain["state"] == CaseState.ANSWERED
    for order in permutations(places):
        assert known_of(answered(make, STATE, order, is_pending=True)) == plain, order


def test_a_copy_of_a_booking_is_answered_with_the_second_answer_that_stands(make: Callable[..., Rig]) -> None:
    """The second answer with the match, then the one before it: the state answers a copy with the former."""
    case = answered(make, STATE, (0, 3, 2, 1), is_pending=True)
    plain = answered(make, STATE, (0, 1, 2, 3), is_pending=True)
    assert message_of(case, Kind.SECOND_SRE) == message_of(plain, Kind.SECOND_SRE)


def test_an_immigration_answer_that_comes_after_its_own_late_hit_changes_nothing(make: Callable[..., Rig]) -> None:
    rig = make(settings={IDENT: {"keeps_searches": True}})
    held = Held(rig, FBI, [Kind.IDR])
    case_id = rig.book(card("P7"))
    rig.wait(timedelta(days=1))
    assert repository_state(rig.case(FBI, case_id), Repository.IMMIGRATION) == RepositoryState.PENDING
    hit_later(rig, case_id)
    held.release()
    for role in (AGENCY, STATE, FBI):
        assert rig.case(role, case_id).state == CaseState.AWAITING_STATUS
        assert repository_state(rig.case(role, case_id), Repository.IMMIGRATION) == RepositoryState.MATCH
    rig.decide(LESC, TaskKind.STATUS, case_id, "removable", legal_ground=GROUND)
    assert {rig.case(role, case_id).state for role in (AGENCY, STATE, FBI)} == {CaseState.ANSWERED}


def ends(delays: Sequence[bool]) -> dict[str, dict[str, Any]]:
    """Return how a case with a late hit ended at each party; `delays` says which deliveries fail at first."""
    with rigs() as make:
        rig = make(settings={IDENT: {"keeps_searches": True}})
        rig.fails_at_first(delays)
        case_id = dispatch.submit(rig.nodes[AGENCY], card("P7")).case_id
        while rig.case(IDENT, case_id) is None:
            assert rig.moved_on()
        dispatch.enrol(rig.nodes[IDENT], "FIN-P7", card("P7", tcn="TCN-ENROL-00001"))
        for role, kind, answer, details in STEPS:
            while not any(task.kind == kind for task in rig.tasks(role, open_only=True)):
                assert rig.moved_on()
            task = rig.task(role, kind, case_id)
            said = {"answer": answer, "reason": "as seen", "by": f"OFFICIAL {kind}"}
            dispatch.decide_task(rig.nodes[role], task.id, **said, details=details)
        while rig.moved_on():
            pass
        assert all(not rig.failures(role) for role in rig.nodes)
        cases = {str(role): rig.case(role, case_id) for role in rig.nodes}
        return {
            party: {"state": case.state, REPOSITORIES: case.known.get(REPOSITORIES)}
            for party, case in cases.items()
            if case
        }


@settings(max_examples=10, deadline=None)
@given(st.lists(st.booleans(), max_size=40))
@example([False] * 8 + [True] * 20)
@example([True, False] * 20)
def test_how_a_case_with_a_late_hit_ends_everywhere_hangs_on_no_delivery(delays: Sequence[bool]) -> None:
    plain = ends(())
    assert plain[AGENCY]["state"] == plain[STATE]["state"] == CaseState.ANSWERED
    assert ends(delays) == plain
