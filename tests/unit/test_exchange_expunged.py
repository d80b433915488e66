"""An expunged booking is erased by everybody who was told, but for the record of what was decided about the person."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import timedelta
from itertools import combinations
from pathlib import Path

import pytest
from exchange_rig import BOOKING, GROUND, Rig, card

from tenprint.core.errors import SenderError
from tenprint.exchange import dispatch
from tenprint.exchange.model.envelope import ErasedHeading
from tenprint.exchange.model.withdrawal import Withdrawal
from tenprint.exchange.model.words import CaseState, Kind, Role, TaskKind
from tenprint.exchange.tasks.erased import erased_by
from tenprint.ledger.checkpoint import ledger_origin
from tenprint.ledger.reconcile import reconcile
from tenprint.ledger.verify import verify_log

pytestmark = pytest.mark.slow
AGENCY, STATE, CRIMINAL, IDENT = (
    Role.AGENCY, Role.STATE_BUREAU, Role.CRIMINAL_REPOSITORY, Role.IMMIGRATION_REPOSITORY,
)  # fmt: skip
LESC, ERO, JAIL, COURT = Role.SUPPORT_CENTER, Role.FIELD_OFFICE, Role.JAIL, Role.COURT
RECORDS = (AGENCY, STATE, CRIMINAL, IDENT, LESC, COURT)
ORDER = {"what": "an order (fictitious)", "reason": "arrested by mistake", "by": "CLERK GAVEL"}
DISMISSED = {"decided_on": "2010-10-04", "reference": "CR-2010-17 (fictitious)"}
NEEDLES = (b"SAMPLESON", BOOKING.tcn.encode(), b"DRIVING UNDER INFLUENCE", b"CR-2010-17", GROUND.encode(), b"as seen")
"""What leads to the person, or was said about them."""


@pytest.fixture
def court(make: Callable[..., Rig]) -> Rig:
    """Give a network of eight parties: seven and a court."""
    return make(court=True)


def expunge(rig: Rig, role: Role, case_id: str) -> dict[str, str]:
    """Have a booking expunged; return, by party, the last word of what it says it does about that."""
    dispatch.correct(rig.nodes[role], case_id, kind="expunged", **ORDER)
    rig.run()
    (one,) = dispatch.acknowledgements(rig.nodes[role], case_id)
    return {party: done.rpartition(" ")[2] for party, done in one.done.items()}


def signed(rig: Rig) -> None:
    for role, node in rig.nodes.items():
        node.store.sign_checkpoint(ledger_origin(role), rig.keys[role], rig.clock.now())


def faults(rig: Rig, role: Role) -> list[object]:
    node = rig.nodes[role]
    notes = node.store.checkpoints()
    found = verify_log(node.store.entries(), notes[-1], node.party.verifier, ledger_origin(node.party.id), notes[:-1])
    return [finding for finding in found if finding.is_fault]


def on_disk(rig: Rig, role: Role) -> bytes:
    folder = Path(rig.nodes[role].store._engine.url.database).parent
    return b"".join(path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file())


def assert_erased(rig: Rig, roles: Iterable[Role], case_id: str) -> None:
    for role in roles:
        with rig.nodes[role].store.transaction() as tx:
            left = [m for m in tx.headings(case_id) if m.kind != Kind.TIMER and not isinstance(m, ErasedHeading)]
            assert (role, left) == (role, [])
            assert all(task.shown.keys() == {"erased"} and not task.reason for task in tx.tasks(case_id))
        data = on_disk(rig, role)
        assert (role, [needle for needle in NEEDLES if needle in data]) == (role, [])


def until_decided(rig: Rig, decision: str) -> str:
    """Return a case in which a charge was dismissed, and an officer decided without asking for a hold."""
    case_id = rig.until_status()
    rig.decide(COURT, TaskKind.DISPOSE, case_id, "dismissed", **DISMISSED)
    rig.decide(ERO, TaskKind.DECIDE, case_id, decision)
    return case_id


def test_a_booking_that_led_to_nothing_is_erased_by_everybody_and_every_ledger_still_verifies(court: Rig) -> None:
    case_id = until_decided(court, "no_action")
    signed(court)
    assert GROUND.encode() in on_disk(court, LESC)
    assert b"CR-2010-17" in on_disk(court, COURT)
    said = expunge(court, COURT, case_id)
    told = {AGENCY, STATE, CRIMINAL, IDENT, LESC, ERO}
    assert said == {str(role): "to_be_erased" for role in told}
    court.wait(timedelta(days=1))
    assert_erased(court, {*told, COURT}, case_id)
    signed(court)
    for role in (*told, COURT):
        assert not faults(court, role)
        found = erased_by(court.nodes[role])
        assert {(one.state, one.fields["rule"]) for one in found} == {("proved", "expunged")}
    for a, b in combinations((*told, COURT), 2):
        entries = [court.nodes[role].store.entries() for role in (a, b)]
        assert not reconcile(str(a), entries[0], str(b), entries[1])
    assert all(not court.failures(role) for role in court.nodes)
    with pytest.raises(SenderError, match="CASE_ERASED"):
        dispatch.reopen_charges(court.nodes[COURT], case_id, by="CLERK GAVEL", reason="on appeal")


def test_who_was_asked_about_the_person_and_answered_stays_countable_without_the_person(court: Rig) -> None:
    case_id = until_decided(court, "no_action")
    expunge(court, STATE, case_id)
    court.wait(timedelta(days=1))
    task = court.task(LESC, TaskKind.STATUS, case_id)
    assert (task.answer, task.decided_by) == ("removable", "OFFICIAL status")


def test_a_decision_to_hold_stays_with_field_office_and_jail_and_they_say_so(court: Rig) -> None:
    case_id = court.until_held()
    said = expunge(court, COURT, case_id)
    assert {party for party, word in said.items() if word == "decision_kept"} == {"field_office", "jail"}
    assert {party for party, word in said.items() if word == "to_be_erased"} == {
        str(role) for role in RECORDS if role != COURT
    }
    for role in (ERO, JAIL):
        rules = [row["rule"] for row in court.entries(role, "decision") if row["question"] == "erase_expunged"]
        assert rules == ["expunged-hold-on-record"]
    court.decide(ERO, TaskKind.REVIEW, case_id, "cancel")
    court.wait(timedelta(days=3))
    assert_erased(court, RECORDS, case_id)
    for role in (ERO, JAIL):
        assert court.case(role, case_id).state == CaseState.CANCELLED
        assert court.entries(role, "erased") == []
        assert court.received(role, case_id, Kind.IAR if role == ERO else Kind.DETAINER).body
    court.wait(timedelta(days=3660))  # their own period is over
    assert_erased(court, (ERO, JAIL), case_id)
    assert {row["rule"] for row in court.entries(JAIL, "erased")} == {"keep-what-somebody-decided"}
    assert all(not court.failures(role) for role in court.nodes)


def test_a_request_that_was_taken_back_before_the_order_is_on_record_all_the_same(court: Rig) -> None:
    case_id = court.until_detainer()
    post = court.post.deliver

    def deliver(wire: bytes, recipient: str) -> bytes:
        if recipient == str(JAIL):
            raise SenderError("REFUSED", "this party does not answer")
        return post(wire, recipient)

    court.post.deliver = deliver
    dispatch.cancel_detainer(court.nodes[ERO], case_id, by="OFFICER FIXTURE", reason="no ground")
    court.run()
    assert expunge(court, STATE, case_id)["field_office"] == "decision_kept"


def test_an_interview_stays_with_the_field_office(court: Rig) -> None:
    case_id = until_decided(court, "interview")
    said = expunge(court, STATE, case_id)
    assert {party: word for party, word in said.items() if word != "to_be_erased"} == {"field_office": "decision_kept"}
    court.wait(timedelta(days=2))
    assert court.task(ERO, TaskKind.DECIDE, case_id).shown["name"]
    assert_erased(court, RECORDS, case_id)


def test_a_case_under_way_at_support_center_and_court_is_erased_too(court: Rig) -> None:
    case_id = court.until_examined()
    said = expunge(court, STATE, case_id)
    assert said == {str(role): "to_be_erased" for role in RECORDS if role != STATE}
    court.wait(timedelta(days=1))
    assert_erased(court, RECORDS, case_id)
    assert court.tasks(LESC, open_only=True) == [] == court.tasks(COURT, open_only=True)


def test_a_case_that_ends_otherwise_after_the_order_is_erased_at_the_end_of_that_day_all_the_same(court: Rig) -> None:
    case_id = court.book(card("P1", tot="CNA", ret="Y"))
    assert court.case(STATE, case_id).state == CaseState.ANSWERED
    expunge(court, STATE, case_id)
    back = Withdrawal(BOOKING.tcn, "booked twice", "SERGEANT FIXTURE")
    court.say(AGENCY, STATE, Kind.WITHDRAWAL, back.to_bytes(), case_id)
    assert court.case(STATE, case_id).state == CaseState.WITHDRAWN
    court.wait(timedelta(days=1))
    assert_erased(court, (AGENCY, STATE, CRIMINAL, IDENT), case_id)


def test_a_sealed_booking_stays_with_everybody(court: Rig) -> None:
    case_id = until_decided(court, "no_action")
    dispatch.correct(court.nodes[COURT], case_id, kind="sealed", **ORDER)
    court.run()
    court.wait(timedelta(days=2))
    assert all(court.entries(role, "erased") == [] for role in court.nodes)
